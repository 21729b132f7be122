/** @file
 * Latch: a gate for fibers. While it is open everybody passes; while it is closed they wait.
 *
 *     eff_latch_t *ready = eff_latch_new(false);
 *     e = eff_zip_par(eff_latch_when_open(ready, serve), eff_then(warm_up, eff_latch_open(ready)));
 *     eff_latch_decref(ready);                       // the effects have references of their own
 *
 * For signals without a value that many wait for, once or again and again: "warmed up", "not paused". asyncio, trio and
 * Win32 call it an event; Effect calls it a latch. To wait for n things see countdown.h, for a value deferred.h.
 *
 * A handle: the effects take NULL, and then die of "out of memory". It belongs to the runtime that first uses it; on
 * another, to use it is a defect.
 */
#ifndef EFFECT_LATCH_H
#define EFFECT_LATCH_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_latch_type; /**< of latches as values */

/** A latch. @param open whether it begins open @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_latch_t *eff_latch_new(bool open);
/** One more reference. Any thread. @param l borrows; NULL is fine @return l, with a reference that is yours */
EFF_API eff_latch_t *eff_latch_incref(eff_latch_t *l);
/** Gives up one reference. Any thread. @param l consumes; NULL is fine */
EFF_API void eff_latch_decref(eff_latch_t *l);
/** A handle as a value. @param l consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_latch_value(eff_latch_t *l);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy that is open */
EFF_API eff_latch_t *eff_as_latch(eff_value_t v);

/**
 * Waits until it is open, or is released.
 *
 * - Success: with unit: at once when it is open, else in order of waiting. Who was let through goes on even if the latch
 *   closes before its turn.
 * - Interruption: leaves the line, in O(1), and touches nobody else.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{l}
 * @returns_new
 * @see eff_latch_when_open
 */
EFF_API EFF_MUST_USE eff_t *eff_latch_await_at(eff_site_t site, eff_latch_t *l);
/**
 * Waits until it is open, then runs e; in between there is no yield, but a fiber before it in line may have closed it.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{l}
 * @consumes{e}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_latch_when_open_at(eff_site_t site, eff_latch_t *l, eff_t *e);
/**
 * Opens it: all who wait go on, in order of waiting, and nobody waits until it is closed.
 *
 * - Success: with true; with false when it was open.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{l}
 * @returns_new
 *
 * O(waiters).
 */
EFF_API EFF_MUST_USE eff_t *eff_latch_open_at(eff_site_t site, eff_latch_t *l);
/**
 * Closes it: who comes from now on waits.
 *
 * - Success: with true; with false when it was closed.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{l}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_latch_close_at(eff_site_t site, eff_latch_t *l);
/**
 * Lets those through who wait now, and leaves it closed: for "something has changed, look again".
 *
 * - Success: with how many they were (eff_int).
 *
 * @param site where it is composed; the macro fills it in
 * @retains{l}
 * @returns_new
 *
 * O(waiters).
 */
EFF_API EFF_MUST_USE eff_t *eff_latch_release_at(eff_site_t site, eff_latch_t *l);
/**
 * Opens or closes it from plain C: for callbacks of the loop, and anything else on its runtime's thread. Those who wait
 * go on later; no user code runs before it returns. On a loop of the library's own, what waits for such a callback says
 * so with eff_external, or it counts as a deadlock.
 *
 * @borrows{l}
 * @param open what it is to be
 * @return whether that changed it; false also for NULL, and on another thread, which is a mistake and reported
 */
EFF_API bool eff_latch_set(eff_latch_t *l, bool open);
/** Whether it is open. Its runtime's thread. @borrows{l} @return false for NULL */
EFF_API bool eff_latch_is_open(const eff_latch_t *l);
/** How many fibers wait. Its runtime's thread. @borrows{l} @return 0 for NULL */
EFF_API size_t eff_latch_waiters(const eff_latch_t *l);

#define eff_latch_await(...) eff_latch_await_at(EFF_SITE, __VA_ARGS__)
#define eff_latch_when_open(...) eff_latch_when_open_at(EFF_SITE, __VA_ARGS__)
#define eff_latch_open(...) eff_latch_open_at(EFF_SITE, __VA_ARGS__)
#define eff_latch_close(...) eff_latch_close_at(EFF_SITE, __VA_ARGS__)
#define eff_latch_release(...) eff_latch_release_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
