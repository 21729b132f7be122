/** @file
 * Parallel loops that go on when items fail, and those that hand out results while items still run. All others are in
 * parallel.h.
 *
 *     e = eff_for_each_par_tolerant(jobs, work, log_it, eff_unit, 8);            // a failure is told, and the loop goes on
 *     e = eff_for_each_par_exits(hosts, ping, eff_unit, 16);                     // one exit for each host, in order
 *     e = eff_as_completed(urls, fetch, show_each, eff_unit, 4);                 // the fastest first
 *
 * | combinator            | result                              | an item that fails                      |
 * | --------------------- | ----------------------------------- | --------------------------------------- |
 * | for_each_par_exits    | array of exits, in input order      | is an exit in its place                 |
 * | all_par_exits         | array of exits, in argument order   | same                                    |
 * | for_each_par_tolerant | unit, in constant memory            | is told to a handler                    |
 * | as_completed          | what `use` makes of the results     | interrupts use and the others           |
 * | as_completed_exits    | what `use` makes of the exits       | is one of the exits                     |
 *
 * An item fails with an expected failure, a defect, or by being interrupted by itself or another fiber. What ends the
 * whole is a failure of the source (a pull that fails, say), a deadlock, or the interruption of the caller, which is
 * passed on to the items that run, all of which are awaited.
 *
 * f's effect runs for each item on a fiber of its own, n of them at once. The item and env live until the item's effect
 * has ended.
 */
#ifndef EFFECT_EACH_PAR_H
#define EFFECT_EACH_PAR_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/**
 * Runs f's effect for every item to its end, and succeeds with the exits in place.
 *
 * For a report with a line for each item. n = 1 takes one item after another.
 * - Success: with the array of the items' exits (eff_as_exit), in input order; no items give the empty array.
 * - Failure: only of the source.
 * - Interruption: passed on to the items that run, which are awaited.
 *
 * @param site where it is composed; the macro fills it in
 * @param items consumes; as for eff_for_each
 * @param f called once for each item, as it starts; borrows the item and env; returns new
 * @consumes{env}
 * @param n how many items at once; 0: no limit
 * @returns_new
 * @see eff_partition_par, which separates errors and values; eff_validate_par, which fails with all errors
 *
 * Standard name: Promise.allSettled (ECMAScript); gather(return_exceptions=True) of asyncio.
 */
EFF_API EFF_MUST_USE eff_t *eff_for_each_par_exits_at(eff_site_t site, eff_value_t items, eff_bind_fn f,
                                                      eff_value_t env, size_t n);
/**
 * Runs n effects at once, each to its end, and succeeds with the exits in place. As eff_for_each_par_exits.
 *
 * @param site where it is composed; the macro fills it in
 * @param n how many
 * @param effects consumes the effects, borrows the list
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_all_par_exits_at(eff_site_t site, size_t n, eff_t *const *effects);
/**
 * Runs f's effect for every item; when one fails, runs on_failure's effect and goes on.
 *
 * For a source that does not end, or whose bad items are to be logged and left out. Memory does not grow with the number
 * of items. To stop after all, on_failure fails.
 * - Success: with unit, when every item and every on_failure has ended.
 * - Failure: of on_failure's effect, or of the source: no new item starts, what runs is interrupted and awaited.
 * - Interruption: passed on to what runs, which is awaited.
 *
 * @param site where it is composed; the macro fills it in
 * @param items consumes; as for eff_for_each
 * @param f called once for each item, as it starts; borrows the item and env; returns new
 * @param on_failure called for each item that failed, with its cause, which lives until the effect that it returns has
 *                   ended. That runs in the item's stead, as one of the n; its value is dropped
 * @consumes{env}
 * @param n how many items at once; 0: no limit
 * @returns_new
 * @see eff_for_each_par_discard, which stops
 */
EFF_API EFF_MUST_USE eff_t *eff_for_each_par_tolerant_at(eff_site_t site, eff_value_t items, eff_bind_fn f,
                                                         eff_cause_fn on_failure, eff_value_t env, size_t n);
/**
 * Runs f's effect for every item, and hands use the results in the order in which they are ready.
 *
 * For going on with what is there while the rest still runs. use runs beside the items, on a fiber of its own; the
 * results are items for eff_for_each and its kin, or a queue (eff_as_queue) to take them from one by one. An item that
 * is ready keeps its place among the n until use takes its result: no more than n + 1 results are in memory.
 * - Success: with that of use's effect; items that still run are interrupted and awaited first, and results that were
 *   not taken are dropped. After the last result comes the end, Closed to those who take.
 * - Failure: of use's effect, the same way. With that of an item or the source: use and the other items are interrupted
 *   and awaited. If use ends in that same turn, its end counts.
 * - Interruption: passed on to use and to the items that run, which are awaited.
 *
 * @param site where it is composed; the macro fills it in
 * @param items consumes; as for eff_for_each
 * @param f called once for each item, as it starts; borrows the item and env; returns new
 * @param use called once per run, before any item starts; borrows the results and env until the effect that it returns
 *            has ended; returns new
 * @consumes{env}
 * @param n how many items at once; 0: no limit
 * @returns_new
 * @see eff_merge_all, which merges the results in that order
 *
 * Standard name: as_completed (asyncio); mapAsyncUnordered of streams.
 */
EFF_API EFF_MUST_USE eff_t *eff_as_completed_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_bind_fn use,
                                                eff_value_t env, size_t n);
/**
 * As eff_as_completed, with the items' exits (eff_as_exit) as they end: no item's failure ends it.
 *
 * @param site where it is composed; the macro fills it in
 * @param items consumes; as for eff_for_each
 * @param f called once for each item, as it starts; borrows the item and env; returns new
 * @param use called once per run, before any item starts; borrows the exits and env until the effect that it returns has
 *            ended; returns new
 * @consumes{env}
 * @param n how many items at once; 0: no limit
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_as_completed_exits_at(eff_site_t site, eff_value_t items, eff_bind_fn f,
                                                      eff_bind_fn use, eff_value_t env, size_t n);

#define eff_for_each_par_exits(items, ...) eff_for_each_par_exits_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
/** eff_all_par_exits(a, b, c): the array of the exits of its arguments. @param ... effects, at least one */
#define eff_all_par_exits(...) EFF_LISTED_(eff_all_par_exits_at, eff_t *, __VA_ARGS__)
/** eff_all_par_exits of a list made at run time: eff_all_par_exits_list(n, list).
 *  @param ... how many; the list, which is borrowed, of effects, which are consumed */
#define eff_all_par_exits_list(...) eff_all_par_exits_at(EFF_SITE, __VA_ARGS__)
#define eff_for_each_par_tolerant(items, ...)                                                                          \
    eff_for_each_par_tolerant_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_as_completed(items, ...) eff_as_completed_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_as_completed_exits(items, ...) eff_as_completed_exits_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)

EFF_END_DECLS
#endif
