/** @file
 * Loops: over items, and by schedule.
 *
 *     e = eff_for_each(eff_range(0, 10), visit, eff_unit);
 *     e = eff_retry(e, eff_schedule_recurs(3));
 *
 * Items are one value, consumed: an array, a range, an iterator, a pull or a queue; items.h has them all. The item and
 * env of for_each live until the effect that the callback returned has ended.
 */
#ifndef EFFECT_LOOP_H
#define EFFECT_LOOP_H

#include <effect/construct.h>
#include <effect/schedule.h>

EFF_BEGIN_DECLS

/** Runs f's effect for each item in turn.
 *  - Success: with the array of the results; no items give the empty array.
 *  - Failure: with that of the first item to fail, which ends it.
 *  - Interruption: seen in an item's effect, and between items.
 *
 *  @param items consumes; what is no items is a defect
 *  @param f called once for each item; borrows the item and env until its effect has ended; returns new
 *  @consumes{env} @returns_new @see eff_for_each_par, eff_reduce
 *
 *  Standard name: traverse (McBride and Paterson 2008). O(items) memory, for the results. */
EFF_API EFF_MUST_USE eff_t *eff_for_each_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env);
/** As eff_for_each; succeeds with unit. Constant memory.
 *  @param items consumes; what is no items is a defect
 *  @param f called once for each item; borrows the item and env until its effect has ended; returns new
 *  @consumes{env} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_for_each_discard_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env);

/** The next value of eff_reduce. @borrows{acc, item, env} @param index of the item, from 0 @return new */
typedef eff_t *(*eff_reduce_fn)(eff_value_t acc, eff_value_t item, size_t index, eff_value_t env);
/**
 * Goes over the items with one value, which each item's effect replaces.
 *
 * - Success: with what f's last effect succeeded with; with initial when there are no items.
 * - Failure: the first ends it, with that failure. f returning NULL is a defect.
 * - Interruption: seen between the items.
 *
 * @param items consumes; as of eff_for_each
 * @consumes{initial}
 * @param f called for each item in turn; borrows acc, item and env until its effect has ended; returns new
 * @consumes{env}
 * @returns_new
 *
 * Memory does not grow with the number of items. Standard name: monadic left fold.
 * @see eff_iterate
 */
EFF_API EFF_MUST_USE eff_t *eff_reduce_at(eff_site_t site, eff_value_t items, eff_value_t initial, eff_reduce_fn f,
                                          eff_value_t env);
/**
 * Looks for the first item for which f's effect succeeds with true; later items are left alone.
 *
 * - Success: with some(item), or none when it holds for no item.
 * - Failure: the first ends it, with that failure. An effect of f's that succeeds with anything but a boolean is a
 *   defect, and so is f returning NULL.
 * - Interruption: seen between the items.
 *
 * @param items consumes; as of eff_for_each
 * @param f called for each item up to the one found; item and env live until the effect that it returned has ended;
 * returns new
 * @consumes{env}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_find_first_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env);
/**
 * Leaves out the items before the first for which f's effect succeeds with false.
 *
 * - Success: with the array of that item and all after it, for which f is not called.
 * - Failure: the first ends it, with that failure. An effect of f's that succeeds with anything but a boolean is a
 *   defect, and so is f returning NULL.
 * - Interruption: seen between the items.
 *
 * @param items consumes; as of eff_for_each
 * @param f called for each item up to the first that stays; item and env live until the effect that it returned has
 * ended; returns new
 * @consumes{env}
 * @returns_new
 *
 * O(items), in time and memory; over items without an end it does not end.
 */
EFF_API EFF_MUST_USE eff_t *eff_drop_while_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env);
/**
 * Runs e n times, one after another.
 *
 * - Success: with the array of the n values, which is empty when n is 0 or less.
 * - Failure: the first ends it, with that failure.
 * - Interruption: seen between the runs.
 *
 * @consumes{e}
 * @param n how many times
 * @returns_new
 * @see eff_repeat
 */
EFF_API EFF_MUST_USE eff_t *eff_replicate_at(eff_site_t site, eff_t *e, int64_t n);
/**
 * Goes from value to value while a condition holds: `v = initial; while (again(v)) v = step(v);`.
 *
 * - Success: with the first value for which again does not hold: with initial, step not being called, if that is it.
 * - Failure: the first failing step ends it. step returning NULL is a defect.
 * - Interruption: seen between the steps.
 *
 * @consumes{initial}
 * @param again the condition; borrows v and env
 * @param step called with each value for which again holds; borrows v and env; returns new: the effect that succeeds
 * with the next value
 * @consumes{env}
 * @returns_new
 *
 * Constant memory, however many steps.
 * @see eff_loop_while, eff_reduce
 */
EFF_API EFF_MUST_USE eff_t *eff_iterate_at(eff_site_t site, eff_value_t initial, eff_predicate_fn again,
                                           eff_bind_fn step, eff_value_t env);
/**
 * Runs e, and again as long as the condition holds for its value.
 *
 * For polling without a pause; with pauses or a limit it is eff_repeat with eff_schedule_while.
 * - Success: with the first value for which again does not hold.
 * - Failure: the first ends it.
 * - Interruption: seen between the runs.
 *
 * @param e consumes; run at least once
 * @param again the condition; borrows the value and env
 * @consumes{env}
 * @returns_new
 *
 * Constant memory, however many rounds.
 */
EFF_API EFF_MUST_USE eff_t *eff_loop_while_at(eff_site_t site, eff_t *e, eff_predicate_fn again, eff_value_t env);
/** Runs e; on an expected failure runs it again as the schedule says (its input is the error).
 *  - Success: with e's value.
 *  - Failure: with the last failure, when the schedule ends. Defects are never retried.
 *  - Interruption: ends it, in e or in a pause, which waits on the Clock.
 *
 *  @consumes{e, schedule} @returns_new @see eff_schedule_while, to retry some errors only */
EFF_API EFF_MUST_USE eff_t *eff_retry_at(eff_site_t site, eff_t *e, eff_schedule_t *schedule);
/** Runs e; on success runs it again as the schedule says (its input is the value).
 *  - Success: with the last value, when the schedule ends.
 *  - Failure: the first ends it.
 *  - Interruption: ends it, in e or in a pause, which waits on the Clock.
 *
 *  @consumes{e, schedule} @returns_new @see eff_forever, eff_loop_while */
EFF_API EFF_MUST_USE eff_t *eff_repeat_at(eff_site_t site, eff_t *e, eff_schedule_t *schedule);

/** When eff_restart runs its effect again. Erlang's words for them are permanent and transient. */
typedef enum eff_restart_when {
    EFF_RESTART_ALWAYS,    /**< however it has ended: for a service that is to be there */
    EFF_RESTART_ON_FAILURE /**< when it did not succeed: for a job that is to be done */
} eff_restart_when_t;
/**
 * Keeps e running: when it ends it is run again, as the schedule says.
 *
 *      worker = eff_restart(eff_on_error(work, log_cause, eff_unit), EFF_RESTART_ALWAYS,
 *                           eff_schedule_both(eff_schedule_exponential(eff_millis(100), 2), eff_schedule_recurs(5)),
 *                           eff_seconds(30));
 *
 * For the workers of a daemon. Unlike eff_retry it restarts after a defect too, and each run has a scope of its own: what
 * it acquired is released, and what it forked is ended, before the next one. Failures that lead to a restart are told to
 * nobody: put an eff_on_error around e to log them. Workers that are to be restarted together are one task group
 * (task_group.h) in an eff_restart; one that may fail without the others has an eff_restart of its own.
 * Asked to stop (stop.h) it begins no other run: it ends as the run does that goes on then; in a pause at once, with
 * unit.
 * - Success: with e's value, when it is not to be restarted, or the schedule is done.
 * - Failure: with e's last one, when the schedule is done, with a note that says how often it ran.
 * - Interruption: ends it, in e or in a pause, which waits on the Clock. An interruption of another fiber, that e has by
 *   joining it, is a failure like any other.
 *
 * @consumes{e}
 * @param when after which ends e is run again
 * @param schedule consumes; its input is the run's exit (eff_as_exit)
 * @param healthy after a run that lasted at least so long the schedule begins anew; 0 or less: it never does
 * @returns_new
 *
 * Constant memory, however many runs. Source: the restart types of Erlang/OTP's supervisor.
 */
EFF_API EFF_MUST_USE eff_t *eff_restart_at(eff_site_t site, eff_t *e, eff_restart_when_t when, eff_schedule_t *schedule,
                                           eff_duration_t healthy);

#define eff_for_each(items, ...) eff_for_each_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_for_each_discard(items, ...) eff_for_each_discard_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_reduce(items, initial, ...) eff_reduce_at(EFF_SITE_OF(__VA_ARGS__), (items), (initial), __VA_ARGS__)
#define eff_find_first(items, ...) eff_find_first_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_drop_while(items, ...) eff_drop_while_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_replicate(...) eff_replicate_at(EFF_SITE, __VA_ARGS__)
#define eff_iterate(initial, again, ...) eff_iterate_at(EFF_SITE_OF(__VA_ARGS__), (initial), (again), __VA_ARGS__)
#define eff_loop_while(e, ...) eff_loop_while_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_retry(...) eff_retry_at(EFF_SITE, __VA_ARGS__)
#define eff_repeat(...) eff_repeat_at(EFF_SITE, __VA_ARGS__)
#define eff_restart(...) eff_restart_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
