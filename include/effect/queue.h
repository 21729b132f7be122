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
 */
#ifndef EFFECT_QUEUE_H
#define EFFECT_QUEUE_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_queue_type; /**< of queues as values */

/** A new queue for `capacity` items (at least 1; 0 is a mistake); NULL when out of memory. O(capacity) memory. */
EFF_API EFF_MUST_USE eff_queue_t *eff_queue_bounded(size_t capacity);
EFF_API eff_queue_t *eff_queue_incref(eff_queue_t *q);            /**< one more reference; returns q */
EFF_API void eff_queue_decref(eff_queue_t *q);                    /**< gives up one; NULL is fine */
EFF_API EFF_MUST_USE eff_value_t eff_queue_value(eff_queue_t *q); /**< consumes the reference */
EFF_API eff_queue_t *eff_as_queue(eff_value_t v);                 /**< borrowed */

/** Adds v, waiting while the queue is full. Succeeds with unit. Consumes v; q is retained. O(1). */
EFF_API EFF_MUST_USE eff_t *eff_queue_offer_at(eff_site_t site, eff_queue_t *q, eff_value_t v);
/** Takes the oldest item, waiting while there is none. q is retained. O(1). */
EFF_API EFF_MUST_USE eff_t *eff_queue_take_at(eff_site_t site, eff_queue_t *q);
/** No more offers (those waiting fail with Closed); takers drain what is there. Succeeds with unit. */
EFF_API EFF_MUST_USE eff_t *eff_queue_end_at(eff_site_t site, eff_queue_t *q);
/** Drops what is there; everybody waiting, and every later operation, fails with Closed. Succeeds with unit. */
EFF_API EFF_MUST_USE eff_t *eff_queue_shutdown_at(eff_site_t site, eff_queue_t *q);
/** Items there, plus offers waiting, less takers waiting: negative when takers wait. */
EFF_API int64_t eff_queue_size(const eff_queue_t *q);

#define eff_queue_offer(...) eff_queue_offer_at(EFF_SITE, __VA_ARGS__)
#define eff_queue_take(...) eff_queue_take_at(EFF_SITE, __VA_ARGS__)
#define eff_queue_end(...) eff_queue_end_at(EFF_SITE, __VA_ARGS__)
#define eff_queue_shutdown(...) eff_queue_shutdown_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
