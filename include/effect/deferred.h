/** @file
 * Deferred: a value that arrives once, for any number of waiters (a promise; the name is Deferred in cats-effect and
 * Effect).
 *
 *     eff_deferred_t *d = eff_deferred_new();
 *     e = eff_zip_par(eff_deferred_await(d), eff_deferred_succeed(d, eff_int(1)));
 */
#ifndef EFFECT_DEFERRED_H
#define EFFECT_DEFERRED_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_deferred_type; /**< of deferreds as values */

/** A new, empty deferred; NULL when out of memory (the builders below take NULL and die of it). It belongs to the
 *  runtime that first waits on it. */
EFF_API EFF_MUST_USE eff_deferred_t *eff_deferred_new(void);
EFF_API eff_deferred_t *eff_deferred_incref(eff_deferred_t *d);         /**< one more reference; returns d */
EFF_API void eff_deferred_decref(eff_deferred_t *d);                    /**< gives up one; NULL is fine */
EFF_API EFF_MUST_USE eff_value_t eff_deferred_value(eff_deferred_t *d); /**< consumes the reference */
EFF_API eff_deferred_t *eff_as_deferred(eff_value_t v);                 /**< borrowed */

/** Waits until it is completed, and ends the same way. Waiters wake in order of waiting; leaving is O(1). */
EFF_API EFF_MUST_USE eff_t *eff_deferred_await_at(eff_site_t site, eff_deferred_t *d);
/** Completes it. Succeeds with true, or false if it was completed before (and v is dropped). Consumes v. */
EFF_API EFF_MUST_USE eff_t *eff_deferred_succeed_at(eff_site_t site, eff_deferred_t *d, eff_value_t v);
/** As eff_deferred_succeed, with an expected failure for everybody who waits. Consumes error. */
EFF_API EFF_MUST_USE eff_t *eff_deferred_fail_at(eff_site_t site, eff_deferred_t *d, eff_value_t error);
/** As eff_deferred_succeed, with a whole cause. Consumes cause. */
EFF_API EFF_MUST_USE eff_t *eff_deferred_fail_cause_at(eff_site_t site, eff_deferred_t *d, eff_cause_t *cause);
/** The exit, borrowed; NULL while it is empty. */
EFF_API const eff_exit_t *eff_deferred_poll(const eff_deferred_t *d);

#define eff_deferred_await(...) eff_deferred_await_at(EFF_SITE, __VA_ARGS__)
#define eff_deferred_succeed(...) eff_deferred_succeed_at(EFF_SITE, __VA_ARGS__)
#define eff_deferred_fail(...) eff_deferred_fail_at(EFF_SITE, __VA_ARGS__)
#define eff_deferred_fail_cause(...) eff_deferred_fail_cause_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
