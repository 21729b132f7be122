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

/* Callbacks run on the runtime's thread. They borrow their arguments until they return; what they return is owned by
 * the runtime. To put v or env into what they return, take a reference: eff_succeed(eff_value_incref(v)). */

/** An effect from a value. @borrows{v, env} @return new; NULL is a mistake, and a defect */
typedef eff_t *(*eff_bind_fn)(eff_value_t v, eff_value_t env);
/** A value from a value. @borrows{v, env} @return new; the absent value is a mistake, and a defect, as below */
typedef eff_value_t (*eff_map_fn)(eff_value_t v, eff_value_t env);
/** A value from two. @borrows{a, b, env} @return new */
typedef eff_value_t (*eff_zip_fn)(eff_value_t a, eff_value_t b, eff_value_t env);
/** Plain C, run when the effect runs. @borrows{env} @return new */
typedef eff_value_t (*eff_sync_fn)(eff_value_t env);
/** Builds an effect when it is needed. @borrows{env} @return new */
typedef eff_t *(*eff_suspend_fn)(eff_value_t env);
/** Handles a whole cause. @borrows{cause, env} @return new */
typedef eff_t *(*eff_cause_fn)(const eff_cause_t *cause, eff_value_t env);

/** One more reference to e, for a caller who keeps one. Any thread. Never in the call expression that gives e away: C
 *  evaluates arguments in any order.
 *  @param e borrows; NULL is fine
 *  @return e, with a reference that is yours */
EFF_API eff_t *eff_incref(eff_t *e);
/** Gives up one reference. Frees any depth of nesting in constant C stack. Any thread.
 *  @param e consumes; NULL is fine */
EFF_API void eff_decref(eff_t *e);

/** Succeeds with v. @consumes{v} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_succeed_at(eff_site_t site, eff_value_t v);
/** Succeeds with unit. Allocates nothing. @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_noop(void);
/** Fails with an expected error: any value. Typed handlers (eff_catch_all ...) see it.
 *  @param error consumes; usually an eff_error
 *  @returns_new @see eff_error, eff_fail_errno, eff_die */
EFF_API EFF_MUST_USE eff_t *eff_fail_at(eff_site_t site, eff_value_t error);
/** Ends with this cause: to rethrow one, eff_fail_cause(eff_cause_incref(cause)). @consumes{cause} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fail_cause_at(eff_site_t site, eff_cause_t *cause);
/** Fails with eff_error_errno of the current errno, which is read here and now, not when the effect runs:
 *  eff_fail_errno("open %s", path). An errno of 0 is a failure, too, which says that nothing tells why.
 *  @param fmt what was tried, as of printf, with its arguments; copied
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fail_errno_at(eff_site_t site, const char *fmt, ...) EFF_PRINTF(2, 3);
/** Dies of a defect: a mistake that typed handlers do not see. @param defect consumes; any value @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_die_at(eff_site_t site, eff_value_t defect);
/** Runs plain C and succeeds with what it returns; for C that blocks see eff_blocking.
 *  @param fn called once per run; borrows env
 *  @consumes{env} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_sync_at(eff_site_t site, eff_sync_fn fn, eff_value_t env);
/** Builds an effect each time it is run, and runs it: for what must be new in each run, or is costly to build.
 *  @param fn called once per run; borrows env
 *  @consumes{env} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_suspend_at(eff_site_t site, eff_suspend_fn fn, eff_value_t env);

/** Plain C that may fail.
 *  @borrows{env}
 *  @param ret_value new, on success
 *  @param ret_error new, on failure; left alone: errno
 *  @return 0, or -1 on failure */
typedef int (*eff_attempt_fn)(eff_value_t env, eff_value_t *ret_value, eff_value_t *ret_error);
/** Runs plain C that may fail.
 *  - Success: with its *ret_value; leaving that absent is a defect.
 *  - Failure: with its *ret_error; leaving that absent fails with errno as an error, named after fn.
 *
 *  @param fn called once per run; borrows env
 *  @consumes{env} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_attempt_at(eff_site_t site, eff_attempt_fn fn, eff_value_t env);

/** Never ends; can be interrupted. As an internal wait it counts towards a deadlock. Allocates nothing. @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_never(void);
/** Gives every other runnable fiber its turn. Succeeds with unit. Allocates nothing. @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_yield_now(void);
/** The static effect that dies of "out of memory": for your own builders whose malloc failed. @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_out_of_memory(void);

/** Ends as the exit did: to go on with what EFF_AWAIT_EXIT or eff_to_exit gave.
 *  @param exit borrows: its value or cause is kept
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_done_at(eff_site_t site, const eff_exit_t *exit);

#define eff_done(...) eff_done_at(EFF_SITE, __VA_ARGS__)
#define eff_succeed(...) eff_succeed_at(EFF_SITE, __VA_ARGS__)
/** Runs the effect that a value is: an eff_bind_fn. For items that were prepared, and for effects that succeed with
 *  effects (flatten):
 *
 *      e = eff_for_each_par(EFF_EFFECTS(load_user(), load_orders(), load_news()), eff_run_effect, eff_unit, 2);
 *
 *  @param effect borrows; what is no effect is a defect
 *  @param env not looked at
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_run_effect(eff_value_t effect, eff_value_t env);

#define eff_fail(...) eff_fail_at(EFF_SITE, __VA_ARGS__)
#define eff_fail_cause(...) eff_fail_cause_at(EFF_SITE, __VA_ARGS__)
#define eff_fail_errno(...) eff_fail_errno_at(EFF_SITE, __VA_ARGS__)
#define eff_die(...) eff_die_at(EFF_SITE, __VA_ARGS__)
#define eff_sync(...) eff_sync_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
#define eff_suspend(...) eff_suspend_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
#define eff_attempt(...) eff_attempt_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)

EFF_END_DECLS
#endif
