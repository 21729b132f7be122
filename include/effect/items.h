/** @file
 * Items: what eff_for_each and its kin loop over, as one value.
 *
 *     static eff_value_t from(eff_value_t first) { return counter_make((struct counter){ eff_as_int(first) }); }
 *     static bool next(eff_value_t state, eff_value_t *ret_item)
 *     {
 *         struct counter *c = counter_of(state);
 *         if (c->at > 1000000) return false;
 *         *ret_item = eff_int(c->at++);
 *         return true;
 *     }
 *     e = eff_for_each_par_discard(eff_iterator(from, next, eff_int(1)), work, eff_unit, 4);   // at most 4 in memory
 *
 * | items             | made by              | the next item is got by           | the end               |
 * | ----------------- | -------------------- | --------------------------------- | --------------------- |
 * | an array, a range | eff_array, eff_range | counting                          | known before          |
 * | an iterator       | eff_iterator         | calling a C function              | it returns false      |
 * | a pull            | eff_pull             | running an effect                 | it succeeds with none |
 * | a queue           | eff_queue_value      | taking, waiting while it is empty | it is closed          |
 *
 * An item is got when there is a fiber to work on it, never earlier, by that very fiber, and by one at a time. In a
 * parallel loop a fiber whose item has ended gets the next at once; if another is getting one already, it ends instead.
 * Whoever got an item has one more fiber appended to the run queue, unless one is there already or as many as the limit
 * live; then it begins. At its turn that fiber gets the next item, or ends if another is getting one. So quick items
 * follow each other without the run queue, no more than n items are in memory, and a loop that waits for its source does
 * so with one fiber.
 * When a loop has failed, or was interrupted, no more items are got. One that arrives nevertheless goes back to the head
 * of its queue; that of a pull is dropped.
 */
#ifndef EFFECT_ITEMS_H
#define EFFECT_ITEMS_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_iterator_type; /**< of eff_iterator */
EFF_API extern const eff_type_t eff_pull_type;     /**< of eff_pull */

/** Gets the next item, in plain C; not called again once it has returned false.
 *  @param state borrows: what the iterator's start made for this run; it may be changed
 *  @param ret_item set to the item, which the loop consumes; left alone at the end
 *  @return whether there is one; false is the end */
typedef bool (*eff_next_fn)(eff_value_t state, eff_value_t *ret_item);

/**
 * The items that a C function comes up with, one after another, in constant memory.
 *
 * For sources that cannot fail and need not wait; others are an eff_pull. A description may be run many times, and at
 * the same time, so each run has state of its own: what start returns, dropped when the loop has ended.
 * An absent value, from start or as an item, is a defect of the loop.
 *
 * @param start called once per run; borrows env; returns new: the state
 * @param next called for each item, by one fiber at a time
 * @consumes{env}
 * @return new; items for eff_for_each and its kin. NULL callbacks are a mistake
 *
 * Standard name: unfold; as iterators, CLU (Liskov 1977).
 */
EFF_API EFF_MUST_USE eff_value_t eff_iterator(eff_sync_fn start, eff_next_fn next, eff_value_t env);

/**
 * The items that an effect succeeds with, run again for each: some(item), or none at the end.
 *
 *     e = eff_for_each_discard(eff_pull(read_record(file)), store, eff_unit);
 *
 * For sources that wait or may fail. State that must not be shared by two runs is made before the loop: by the effect
 * whose eff_flat_map builds it, or an eff_acquire_use_release that closes the source as well.
 * - Success: with an option; anything else is a defect of the loop.
 * - Failure: ends the loop, as an item's does; also where failures of items are collected.
 * - Interruption: as of any effect; an item that has come is dropped.
 *
 * @param next consumes; NULL is a mistake
 * @return new; items for eff_for_each and its kin
 *
 * Standard name: pull (of streams: ZIO's ZStream.repeatZIOOption). See also eff_queue_for_each.
 */
EFF_API EFF_MUST_USE eff_value_t eff_pull(eff_t *next);

EFF_END_DECLS
#endif
