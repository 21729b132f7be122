/** @file
 * Limit: how many items of a parallel loop run at once, as a number that may change while they run.
 *
 *     eff_limit_t *limit = eff_limit_new(8);
 *     e = eff_for_each_par_limited_discard(jobs, work, eff_unit, limit);
 *     ...
 *     e = eff_limit_set(limit, 2);                      // by another fiber: the service is slow
 *
 * | change  | items that run | items that do not run yet                                                         |
 * | ------- | -------------- | --------------------------------------------------------------------------------- |
 * | raised  | go on          | as many more as there is room for start, in order, when the loop gets its turn    |
 * | lowered | go on          | none starts until fewer than the limit run                                        |
 * | to 0    | go on          | all start: 0 is no limit                                                          |
 *
 * The number holds for each loop by itself: two loops with one limit of 8 run up to 16 items. So a loop inside an item of
 * another may have the same limit, and no loop waits for another's items. For a limit on their sum see semaphore.h.
 *
 * A handle: the effects take NULL, and then die of "out of memory". While loops run with it, it belongs to their runtime:
 * on another, a loop or an eff_limit_set dies of it.
 */
#ifndef EFFECT_LIMIT_H
#define EFFECT_LIMIT_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** How many items run at once. */
typedef struct eff_limit eff_limit_t;

EFF_API extern const eff_type_t eff_limit_type; /**< of limits as values */

/** A limit. @param n how many items at once; 0: no limit @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_limit_t *eff_limit_new(size_t n);
/** One more reference. Any thread. @param limit borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_limit_t *eff_limit_incref(eff_limit_t *limit);
/** Gives up one reference. Any thread. @param limit consumes; NULL is fine */
EFF_API void eff_limit_decref(eff_limit_t *limit);
/** A handle as a value. @param limit consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_limit_value(eff_limit_t *limit);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy of 1 that never changes */
EFF_API eff_limit_t *eff_as_limit(eff_value_t v);

/**
 * Changes the limit, for the loops that run with it and those still to come.
 *
 * A loop whose limit was raised is appended to the run queue, the one that began first before the others, and starts
 * items at its turn. Asks for no memory.
 * - Success: with unit, at once.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{limit}
 * @param n how many items at once; 0: no limit
 * @returns_new
 *
 * O(loops that run with it).
 */
EFF_API EFF_MUST_USE eff_t *eff_limit_set_at(eff_site_t site, eff_limit_t *limit, size_t n);
/** Changes the limit from plain C, as eff_limit_set does: for callbacks of the loop, and those of effects. No user code
 *  runs before it returns. On its runtime's thread, if it has one; on another it changes nothing, and is a mistake,
 *  reported.
 *  @param limit borrows; NULL: nothing happens
 *  @param n how many items at once; 0: no limit */
EFF_API void eff_limit_change(eff_limit_t *limit, size_t n);
/** What it is now. Its runtime's thread. @param limit borrows; NULL gives 0
 *  @return how many items at once; 0: no limit */
EFF_API size_t eff_limit_get(const eff_limit_t *limit);

/**
 * Runs f's effect for every item, with a limit that may change while it runs.
 *
 * For adapting to a service: fewer at once when it is slow or fails, more when it recovers. As eff_for_each_par
 * otherwise, whatever the limit is at the time.
 * - Success: with the array of the results, in input order; no items give the empty array.
 * - Failure: with that of the first item to fail: no new item starts, those that run are interrupted and awaited. Both
 *   of what failed together.
 * - Interruption: passed on to the items that run, which are awaited.
 *
 * If the limit is lowered while the next item is being got, and too many run when it has come, it goes back to the head
 * of its queue, or (of a pull) waits until it may start.
 *
 * @param site where it is composed; the macro fills it in
 * @param items consumes; as for eff_for_each
 * @param f called once for each item, as it starts; borrows the item and env until the effect that it returns has ended
 * @consumes{env}
 * @retains{limit}
 * @returns_new
 * @see eff_for_each_par, whose limit is a number; an eff_limit_t that nobody changes does the same
 */
EFF_API EFF_MUST_USE eff_t *eff_for_each_par_limited_at(eff_site_t site, eff_value_t items, eff_bind_fn f,
                                                        eff_value_t env, eff_limit_t *limit);
/**
 * As eff_for_each_par_limited; succeeds with unit. Memory does not grow with the number of items.
 *
 * @param site where it is composed; the macro fills it in
 * @param items consumes; as for eff_for_each
 * @param f called once for each item, as it starts; borrows the item and env until the effect that it returns has ended
 * @consumes{env}
 * @retains{limit}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_for_each_par_limited_discard_at(eff_site_t site, eff_value_t items, eff_bind_fn f,
                                                                eff_value_t env, eff_limit_t *limit);

#define eff_limit_set(...) eff_limit_set_at(EFF_SITE, __VA_ARGS__)
#define eff_for_each_par_limited(items, ...) eff_for_each_par_limited_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_for_each_par_limited_discard(items, ...)                                                                   \
    eff_for_each_par_limited_discard_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)

EFF_END_DECLS
#endif
