/** @file
 * Countdown: waits until n things have happened. It counts down from n, once; at zero everybody passes, for good.
 *
 *     eff_countdown_t *loaded = eff_countdown_new(3);
 *     e = eff_zip_par(eff_then(eff_countdown_await(loaded), serve), load_all(loaded));   // three arrivals
 *     eff_countdown_decref(loaded);                  // the effects have references of their own
 *
 * Java and cats-effect call it CountDownLatch, C++20 std::latch. For fibers that wait for each other, again and again,
 * see barrier.h; for a gate that can be closed again, latch.h.
 *
 * A handle: the effects take NULL, and then die of "out of memory". It belongs to the runtime that first uses it; on
 * another, to use it is a defect.
 */
#ifndef EFFECT_COUNTDOWN_H
#define EFFECT_COUNTDOWN_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_countdown_type; /**< of countdowns as values */

/** A countdown. @param n arrivals to wait for; 0: nobody waits @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_countdown_t *eff_countdown_new(size_t n);
/** One more reference. Any thread. @param c borrows; NULL is fine @return c, with a reference that is yours */
EFF_API eff_countdown_t *eff_countdown_incref(eff_countdown_t *c);
/** Gives up one reference. Any thread. @param c consumes; NULL is fine */
EFF_API void eff_countdown_decref(eff_countdown_t *c);
/** A handle as a value. @param c consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_countdown_value(eff_countdown_t *c);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy that is at zero */
EFF_API eff_countdown_t *eff_as_countdown(eff_value_t v);

/**
 * Waits until it is at zero.
 *
 * - Success: with unit: at once when it is there, else in order of waiting.
 * - Interruption: leaves the line, in O(1), and touches nobody else.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{c}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_countdown_await_at(eff_site_t site, eff_countdown_t *c);
/**
 * Counts one down; the last lets all go on who wait. At zero it changes nothing.
 *
 * A fiber that may fail before it arrives keeps the others waiting: put the arrival into eff_ensuring, or let the failure
 * end what waits.
 * - Success: with how many are still to come (eff_int).
 *
 * @param site where it is composed; the macro fills it in
 * @retains{c}
 * @returns_new
 *
 * O(1); the last one O(waiters).
 */
EFF_API EFF_MUST_USE eff_t *eff_countdown_arrive_at(eff_site_t site, eff_countdown_t *c);
/**
 * As eff_countdown_arrive, from plain C: for callbacks of the loop, and anything else on its runtime's thread. Those who
 * wait go on later; no user code runs before it returns. On a loop of the library's own, what waits for such a callback
 * says so with eff_external, or it counts as a deadlock.
 *
 * @borrows{c}
 * @return how many are still to come; on another thread, which is a mistake and reported, nothing is changed
 */
EFF_API size_t eff_countdown_arrived(eff_countdown_t *c);
/** How many are still to come. Its runtime's thread. @borrows{c} @return 0 for NULL */
EFF_API size_t eff_countdown_left(const eff_countdown_t *c);

#define eff_countdown_await(...) eff_countdown_await_at(EFF_SITE, __VA_ARGS__)
#define eff_countdown_arrive(...) eff_countdown_arrive_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
