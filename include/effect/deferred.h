/** @file
 * Deferred: a value that arrives once, for any number of waiters (a promise; the name is Deferred in cats-effect and
 * Effect).
 *
 *     eff_deferred_t *d = eff_deferred_new();
 *     e = eff_zip_par(eff_deferred_await(d), eff_deferred_succeed(d, eff_int(1)));
 *     eff_deferred_decref(d);                        // the effects have references of their own
 *
 * A handle: the effects take NULL, and then die of "out of memory". It belongs to the runtime that first waits on it;
 * on another, to wait or complete is a defect.
 */
#ifndef EFFECT_DEFERRED_H
#define EFFECT_DEFERRED_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_deferred_type; /**< of deferreds as values */

/** A deferred that is empty. @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_deferred_t *eff_deferred_new(void);
/** One more reference. Any thread. @param d borrows; NULL is fine @return d, with a reference that is yours */
EFF_API eff_deferred_t *eff_deferred_incref(eff_deferred_t *d);
/** Gives up one reference. Any thread. @param d consumes; NULL is fine */
EFF_API void eff_deferred_decref(eff_deferred_t *d);
/** A handle as a value. @param d consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_deferred_value(eff_deferred_t *d);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy, completed with unit */
EFF_API eff_deferred_t *eff_as_deferred(eff_value_t v);

/** Waits until it is completed, and ends the same way. Waiters wake in order of waiting.
 *  - Interruption: leaves the queue of waiters, in O(1), and touches nobody else.
 *
 *  @param site where it is composed; the macro fills it in
 *  @retains{d} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_deferred_await_at(eff_site_t site, eff_deferred_t *d);
/** Completes it, and wakes all who wait. Succeeds with true, or false if it was completed before: v is then dropped.
 *  O(waiters).
 *  @param site where it is composed; the macro fills it in
 *  @retains{d} @consumes{v} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_deferred_succeed_at(eff_site_t site, eff_deferred_t *d, eff_value_t v);
/** As eff_deferred_succeed, with an expected failure for everybody who waits. Itself, it does not fail.
 *  @param site where it is composed; the macro fills it in
 *  @retains{d} @consumes{error} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_deferred_fail_at(eff_site_t site, eff_deferred_t *d, eff_value_t error);
/** As eff_deferred_succeed, with a whole cause.
 *  @param site where it is composed; the macro fills it in
 *  @retains{d} @consumes{cause} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_deferred_fail_cause_at(eff_site_t site, eff_deferred_t *d, eff_cause_t *cause);
/**
 * Completes it with an effect: each who waits, or comes later, runs it, in its own fiber, and ends as it does.
 *
 * For a value that is to be fresh, or made in the waiter's own context; to compute a value once, run the effect and give
 * its value to eff_deferred_succeed.
 * - Success: with true, e not being run here; with false if it was completed before: e is then dropped.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{d}
 * @consumes{e}
 * @returns_new
 *
 * O(waiters).
 */
EFF_API EFF_MUST_USE eff_t *eff_deferred_complete_with_at(eff_site_t site, eff_deferred_t *d, eff_t *e);
/**
 * Completes it from plain C: for callbacks of the loop, and anything else that runs on its runtime's thread. Those who
 * wait go on later; no user code runs before it returns. On a loop of the library's own, what waits for such a callback
 * says so with eff_external, or it counts as a deadlock.
 *
 * @borrows{d}
 * @param exit consumes: eff_exit_succeed(v), or eff_exit_fail_cause(cause)
 * @return whether it was the first; false also for NULL, and on another thread, which is a mistake and reported
 */
EFF_API bool eff_deferred_complete(eff_deferred_t *d, eff_exit_t exit);
/** Looks at it without waiting. Its runtime's thread. @borrows{d}
 *  @return borrowed from d; NULL while it is empty, and when it was completed with an effect, which has no exit */
EFF_API const eff_exit_t *eff_deferred_poll(const eff_deferred_t *d);

#define eff_deferred_await(...) eff_deferred_await_at(EFF_SITE, __VA_ARGS__)
#define eff_deferred_succeed(...) eff_deferred_succeed_at(EFF_SITE, __VA_ARGS__)
#define eff_deferred_fail(...) eff_deferred_fail_at(EFF_SITE, __VA_ARGS__)
#define eff_deferred_fail_cause(...) eff_deferred_fail_cause_at(EFF_SITE, __VA_ARGS__)
#define eff_deferred_complete_with(...) eff_deferred_complete_with_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
