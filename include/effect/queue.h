/** @file
 * Queue: bounded, first in first out, with back-pressure: offering to a full queue waits.
 *
 *     eff_queue_t *q = eff_queue_bounded(64);
 *     e = eff_zip_par(producer(q), consumer(q));
 *
 * Waiters are served in order. Interrupting a waiter loses and duplicates nothing: an item handed to a taker that was
 * interrupted before it ran goes to the next taker, or back to the head of the queue. There are two ways to close:
 * eff_queue_end lets takers drain what is there, eff_queue_shutdown discards it; afterwards both operations fail with
 * an error of kind eff_closed_error.
 *
 * A handle: the effects take NULL, and then die of "out of memory". It belongs to the runtime that first uses it; on
 * another, to use it is a defect.
 */
#ifndef EFFECT_QUEUE_H
#define EFFECT_QUEUE_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_queue_type; /**< of queues as values */

/** A queue. O(capacity) memory.
 *  @param capacity items, at least 1; 0 is a mistake, and counts as 1
 *  @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_queue_t *eff_queue_bounded(size_t capacity);
/** One more reference. Any thread. @param q borrows; NULL is fine @return q, with a reference that is yours */
EFF_API eff_queue_t *eff_queue_incref(eff_queue_t *q);
/** Gives up one reference; with the last, what is in the queue is dropped. Any thread.
 *  @param q consumes; NULL is fine */
EFF_API void eff_queue_decref(eff_queue_t *q);
/** A handle as a value. @param q consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_queue_value(eff_queue_t *q);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy that is closed */
EFF_API eff_queue_t *eff_as_queue(eff_value_t v);

/** Adds v, waiting while the queue is full. O(1).
 *  - Success: with unit: v is in the queue, or with a taker.
 *  - Failure: with Closed, when the queue has ended or ends meanwhile; v is dropped.
 *  - Interruption: while it waits, v is dropped and not offered.
 *
 *  @retains{q} @consumes{v} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_queue_offer_at(eff_site_t site, eff_queue_t *q, eff_value_t v);
/** Takes the oldest item, waiting while there is none. O(1).
 *  - Success: with the item.
 *  - Failure: with Closed, when the queue has ended and is empty, or was shut down.
 *  - Interruption: takes nothing, or gives back what it was handed.
 *
 *  @retains{q} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_queue_take_at(eff_site_t site, eff_queue_t *q);
/** No more offers: those waiting fail with Closed; takers drain what is there, then fail with Closed. Succeeds with
 *  unit, the second time too. O(waiters). @retains{q} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_queue_end_at(eff_site_t site, eff_queue_t *q);
/** Drops what is there; everybody waiting, and every later offer and take, fails with Closed. Succeeds with unit, the
 *  second time too. O(items + waiters). @retains{q} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_queue_shutdown_at(eff_site_t site, eff_queue_t *q);
/**
 * Takes item after item and runs f's effect for each, until the queue is closed.
 *
 * The consumer of a queue: any number of them may share one, and none needs a sentinel to know the end. For several
 * items at once: eff_for_each_par_discard(eff_queue_value(eff_queue_incref(q)), f, env, n).
 * - Success: with unit, once the queue has ended and is empty, or was shut down.
 * - Failure: the first of an item ends it, with that failure; what was not taken stays in the queue.
 * - Interruption: while it waits nothing is taken; an item that is being worked on is its own, and dropped.
 *
 * @retains{q}
 * @param f called for each item; item and env live until the effect that it returned has ended; returns new
 * @consumes{env}
 * @returns_new
 * @see eff_iterator and eff_pull, for other sources of items
 */
EFF_API EFF_MUST_USE eff_t *eff_queue_for_each_at(eff_site_t site, eff_queue_t *q, eff_bind_fn f, eff_value_t env);
/**
 * Adds v if that needs no waiting. Plain C: for callbacks of the loop that feed fibers, and for producers that must not
 * be slowed down by their consumers. No user code runs before it returns.
 *
 * Fibers that wait for what such callbacks bring are no deadlock, which on a loop of the library's own has to be said:
 * eff_external. Its runtime's thread; from another one it is a mistake, reported.
 *
 * @borrows{q}
 * @consumes{v}
 * @return 0: v is in the queue, or with a taker. Else v is dropped: -EAGAIN when the queue is full, -EPIPE when it has
 *         ended or was shut down, -ENOMEM when there is no memory (or q is NULL), -EINVAL for a mistake
 */
EFF_API EFF_MUST_USE int eff_queue_try_offer(eff_queue_t *q, eff_value_t v);
/** Takes the oldest item if there is one. Plain C, as eff_queue_try_offer. An offer that waits for room gets it.
 *  @borrows{q} @param ret_item set to the item, which is yours; left alone when there is none
 *  @return whether there was one */
EFF_API EFF_MUST_USE bool eff_queue_try_take(eff_queue_t *q, eff_value_t *ret_item);
/** How full it is, for people and tests. Its runtime's thread. @borrows{q}
 *  @return items there, plus offers waiting, less takers waiting: negative when takers wait */
EFF_API int64_t eff_queue_size(const eff_queue_t *q);

#define eff_queue_offer(...) eff_queue_offer_at(EFF_SITE, __VA_ARGS__)
#define eff_queue_take(...) eff_queue_take_at(EFF_SITE, __VA_ARGS__)
#define eff_queue_for_each(q, ...) eff_queue_for_each_at(EFF_SITE_OF(__VA_ARGS__), (q), __VA_ARGS__)
#define eff_queue_end(...) eff_queue_end_at(EFF_SITE, __VA_ARGS__)
#define eff_queue_shutdown(...) eff_queue_shutdown_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
