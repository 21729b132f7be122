/** @file
 * Fiber slots: a place for one background fiber, in which the next replaces the one before.
 *
 *     EFF_AWAIT(eff_fiber_slot_into(eff_fiber_slot_make(EFF_FIBERS_FAILURES), &s->search));
 *     ...
 *     e = eff_fiber_slot_fork(s->search, search(text));        // with each key pressed: only the latest search goes on
 *
 * In all else a fiber set (fiber_set.h): it belongs to the scope in which it was made, a member that ends is forgotten,
 * and failures are told in the same way. Effect calls it FiberHandle; here a handle is something else.
 *
 * A handle: the effects take NULL, and then die of "out of memory"; a slot of another runtime is a defect.
 */
#ifndef EFFECT_FIBER_SLOT_H
#define EFFECT_FIBER_SLOT_H

#include <effect/fiber_set.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_fiber_slot_type; /**< of fiber slots as values */

/**
 * Makes a slot in the scope around it, which closes it.
 *
 * - Success: with the handle (eff_as_fiber_slot).
 * - Failure: in a scope that is closed, dies.
 *
 * @param site where it is composed; the macro fills it in
 * @param mode which ends eff_fiber_slot_join fails with
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_fiber_slot_make_at(eff_site_t site, eff_fibers_mode_t mode);
/**
 * Forks e into the slot. A fiber that is there is interrupted and awaited first, masked, finalizers included.
 *
 * - Success: with the handle of the new fiber (eff_as_fiber). Of several that replace a fiber at once, the last stays.
 * - Interruption: while the old fiber ends, nothing is forked. A fiber that replaces itself is interrupted, and does not
 *   wait for itself. In a slot that has closed it ends as if interrupted.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{slot}
 * @consumes{e}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_fiber_slot_fork_at(eff_site_t site, eff_fiber_slot_t *slot, eff_t *e);
/**
 * Forks e into the slot if that is empty.
 *
 * - Success: with the handle of the fiber that is there now (eff_as_fiber), the new or the old one.
 * - Interruption: as eff_fiber_slot_fork.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{slot}
 * @consumes{e}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_fiber_slot_fork_if_empty_at(eff_site_t site, eff_fiber_slot_t *slot, eff_t *e);
/** Succeeds with some(handle) of the fiber that is there, or none.
 *  @param site where it is composed; the macro fills it in
 *  @retains{slot} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_slot_get_at(eff_site_t site, eff_fiber_slot_t *slot);
/** Interrupts the fiber that is there, and waits, masked, until it has ended, finalizers included. Succeeds with unit; in
 *  that fiber itself, at once.
 *  @param site where it is composed; the macro fills it in
 *  @retains{slot} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_slot_clear_at(eff_site_t site, eff_fiber_slot_t *slot);
/** As eff_fiber_set_join.
 *  @param site where it is composed; the macro fills it in
 *  @retains{slot} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_slot_join_at(eff_site_t site, eff_fiber_slot_t *slot);
/** As eff_fiber_set_await_empty.
 *  @param site where it is composed; the macro fills it in
 *  @retains{slot} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_slot_await_empty_at(eff_site_t site, eff_fiber_slot_t *slot);

/** One more reference. Any thread. @param slot borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_fiber_slot_t *eff_fiber_slot_incref(eff_fiber_slot_t *slot);
/** Gives up one reference, which ends nothing. Any thread. @param slot consumes; NULL is fine */
EFF_API void eff_fiber_slot_decref(eff_fiber_slot_t *slot);
/** A handle as a value. @param slot consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_fiber_slot_value(eff_fiber_slot_t *slot);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy that has closed */
EFF_API eff_fiber_slot_t *eff_as_fiber_slot(eff_value_t v);
/** Runs e, which succeeds with a handle, moves that to *slot and succeeds with unit: as NAME_into of type.h.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param slot what was there is given up, NULL is fine; must outlive the effect
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_slot_into_at(eff_site_t site, eff_t *e, eff_fiber_slot_t **slot);

#define eff_fiber_slot_make(...) eff_fiber_slot_make_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_slot_fork(...) eff_fiber_slot_fork_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_slot_fork_if_empty(...) eff_fiber_slot_fork_if_empty_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_slot_get(...) eff_fiber_slot_get_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_slot_clear(...) eff_fiber_slot_clear_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_slot_join(...) eff_fiber_slot_join_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_slot_await_empty(...) eff_fiber_slot_await_empty_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_slot_into(...) eff_fiber_slot_into_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
