/** @file
 * Barrier: where n fibers wait for each other. When the last of them has come all go on, and it serves the next n.
 *
 *     eff_barrier_t *step = eff_barrier_new(4);
 *     EFF_AWAIT(compute(s->part));
 *     EFF_AWAIT(eff_barrier_await(step));            // all four parts are computed
 *
 * Cyclic: the same barrier serves round after round, and a fiber that is quick cannot slip into the round before. A
 * waiter that is interrupted leaves, and the others wait for somebody in its place. To wait without being counted, or
 * for things that are not fibers, see countdown.h.
 *
 * A handle: the effects take NULL, and then die of "out of memory". It belongs to the runtime that first uses it; on
 * another, to use it is a defect.
 */
#ifndef EFFECT_BARRIER_H
#define EFFECT_BARRIER_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_barrier_type; /**< of barriers as values */

/** A barrier.
 *  @param parties how many wait for each other, at least 1 (nobody waits); 0, or a negative number, is a mistake, and
 *         counts as 1
 *  @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_barrier_t *eff_barrier_new(size_t parties);
/** One more reference. Any thread. @param b borrows; NULL is fine @return b, with a reference that is yours */
EFF_API eff_barrier_t *eff_barrier_incref(eff_barrier_t *b);
/** Gives up one reference. Any thread. @param b consumes; NULL is fine */
EFF_API void eff_barrier_decref(eff_barrier_t *b);
/** A handle as a value. @param b consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_barrier_value(eff_barrier_t *b);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy of one party */
EFF_API eff_barrier_t *eff_as_barrier(eff_value_t v);

/**
 * Waits until all parties are there, this one among them.
 *
 * - Success: with the place in the order of coming (eff_int), 0 to parties - 1: one fiber of each round, say the last, can
 *   do what is to be done once. The last goes on at once, the others at their turns, in order.
 * - Interruption: while the round is not complete, leaves it, in O(1); its place is open again. Of a complete round, it
 *   changes nothing for the others.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{b}
 * @returns_new
 *
 * O(1); the last of a round O(parties).
 */
EFF_API EFF_MUST_USE eff_t *eff_barrier_await_at(eff_site_t site, eff_barrier_t *b);
/** How many wait for the round to be complete. Its runtime's thread. @borrows{b} @return 0 for NULL */
EFF_API size_t eff_barrier_waiters(const eff_barrier_t *b);

#define eff_barrier_await(...) eff_barrier_await_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
