/** @file
 * Constructing effects. An effect is a value: a heap-allocated, immutable, counted description of work. Nothing
 * happens until it is run, and it may be run any number of times.
 *
 *     eff_t *e = eff_succeed(eff_int(20));
 *     e = eff_map(e, double_it, eff_unit);
 *     eff_exit_t exit = eff_run(e);
 *
 * Every builder consumes its effects and values, also when it fails. One that cannot allocate returns an effect that
 * dies of "out of memory" when run; a NULL effect or an absent value makes an effect that dies naming the mistake.
 */
#ifndef EFFECT_CONSTRUCT_H
#define EFFECT_CONSTRUCT_H

#include <effect/cause.h>
#include <effect/error.h>
#include <effect/exit.h>
#include <effect/value.h>

EFF_BEGIN_DECLS

/* Callbacks borrow their arguments until they return; what they return is owned by the runtime. */

/** An effect from a value. @param v, env borrowed @return new; NULL is a mistake */
typedef eff_t *(*eff_bind_fn)(eff_value_t v, eff_value_t env);
/** A value from a value. @return new */
typedef eff_value_t (*eff_map_fn)(eff_value_t v, eff_value_t env);
/** Plain C, run when the effect runs. @return new */
typedef eff_value_t (*eff_sync_fn)(eff_value_t env);
/** Builds an effect when it is needed. @return new */
typedef eff_t *(*eff_suspend_fn)(eff_value_t env);
/** Handles a whole cause. @return new */
typedef eff_t *(*eff_cause_fn)(const eff_cause_t *cause, eff_value_t env);

/** One more reference to e; returns e, for a caller who keeps one. NULL is fine. */
EFF_API eff_t *eff_incref(eff_t *e);
/** Gives up one reference; NULL is fine. Frees any depth of nesting in constant C stack. */
EFF_API void eff_decref(eff_t *e);

/** Succeeds with v. Consumes v. */
EFF_API EFF_MUST_USE eff_t *eff_succeed_at(eff_site_t site, eff_value_t v);
/** Succeeds with unit. Allocates nothing. */
EFF_API EFF_MUST_USE eff_t *eff_noop(void);
/** Fails with an expected error: any value. Typed handlers (eff_catch_all ...) see it. Consumes error. */
EFF_API EFF_MUST_USE eff_t *eff_fail_at(eff_site_t site, eff_value_t error);
/** Ends with this cause: to rethrow one, eff_fail_cause(eff_cause_incref(cause)). Consumes cause. */
EFF_API EFF_MUST_USE eff_t *eff_fail_cause_at(eff_site_t site, eff_cause_t *cause);
/** Fails with eff_error_errno of the current errno, read now: eff_fail_errno("open %s", path). */
EFF_API EFF_MUST_USE eff_t *eff_fail_errno_at(eff_site_t site, const char *fmt, ...) EFF_PRINTF(2, 3);
/** Dies of a defect: a mistake that typed handlers do not see. Consumes defect. */
EFF_API EFF_MUST_USE eff_t *eff_die_at(eff_site_t site, eff_value_t defect);
/** Runs plain C and succeeds with what it returns. Consumes env, which fn borrows. */
EFF_API EFF_MUST_USE eff_t *eff_sync_at(eff_site_t site, eff_sync_fn fn, eff_value_t env);
/** Builds an effect each time it is run, and runs it. Consumes env, which fn borrows. */
EFF_API EFF_MUST_USE eff_t *eff_suspend_at(eff_site_t site, eff_suspend_fn fn, eff_value_t env);

/** Plain C that may fail: @return 0 and *ret_value, or -1 and *ret_error (both new). */
typedef int (*eff_attempt_fn)(eff_value_t env, eff_value_t *ret_value, eff_value_t *ret_error);
/** Runs plain C that may fail. Fails with its *ret_error; leaving that absent fails with errno as an error. */
EFF_API EFF_MUST_USE eff_t *eff_attempt_at(eff_site_t site, eff_attempt_fn fn, eff_value_t env);

/** Never ends; can be interrupted. As an internal wait it counts towards a deadlock. */
EFF_API EFF_MUST_USE eff_t *eff_never(void);
/** Gives every other runnable fiber its turn. Succeeds with unit. */
EFF_API EFF_MUST_USE eff_t *eff_yield_now(void);
/** The static effect that dies of "out of memory": for your own builders whose malloc failed. */
EFF_API EFF_MUST_USE eff_t *eff_out_of_memory(void);

/** Ends as the exit did: to go on with what EFF_AWAIT_EXIT or eff_to_exit gave. Borrows exit. */
EFF_API EFF_MUST_USE eff_t *eff_done_at(eff_site_t site, const eff_exit_t *exit);

#define eff_done(...) eff_done_at(EFF_SITE, __VA_ARGS__)
#define eff_succeed(...) eff_succeed_at(EFF_SITE, __VA_ARGS__)
#define eff_fail(...) eff_fail_at(EFF_SITE, __VA_ARGS__)
#define eff_fail_cause(...) eff_fail_cause_at(EFF_SITE, __VA_ARGS__)
#define eff_fail_errno(...) eff_fail_errno_at(EFF_SITE, __VA_ARGS__)
#define eff_die(...) eff_die_at(EFF_SITE, __VA_ARGS__)
#define eff_sync(...) eff_sync_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
#define eff_suspend(...) eff_suspend_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
#define eff_attempt(...) eff_attempt_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)

EFF_END_DECLS
#endif
