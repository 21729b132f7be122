/** @file
 * Fiber sets: background fibers that belong together, kept until they end or their scope does.
 *
 *     EFF_AWAIT(eff_fiber_set_into(eff_fiber_set_make(EFF_FIBERS_FAILURES), &s->requests));
 *     ...
 *     EFF_AWAIT(eff_map_to(eff_fiber_set_fork(s->requests, handle(request)), eff_unit));     // as often as it takes
 *     ...
 *     EFF_AWAIT(eff_fiber_set_await_empty(s->requests));                                     // all are done
 *
 * For work that is begun here and there, and has to be tracked, cancelled or awaited as a whole. The set belongs to the
 * scope in which it was made: as that closes all members are interrupted and then awaited. A member that has ended is
 * forgotten, so a set takes memory for those that live. For one fiber by key see fiber_map.h, for one at a time
 * fiber_slot.h; when the end of a block is to await the fibers, and a failure to end the block, see task_group.h.
 *
 * Members have the services of that scope, and what their forker has set by eff_locally, as with eff_fork_in. One that
 * fails while nobody joins the set is reported to the runtime's on_unobserved, once: the first when the set closes, if
 * nobody has joined by then, the others when they end.
 *
 * A handle: the effects take NULL, and then die of "out of memory"; a set of another runtime is a defect.
 */
#ifndef EFFECT_FIBER_SET_H
#define EFFECT_FIBER_SET_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_fiber_set_type; /**< of fiber sets as values */

/** Which ends of members eff_fiber_set_join, and its like for maps and slots, fails with. */
typedef enum eff_fibers_mode {
    EFF_FIBERS_FAILURES,         /**< failures, but not mere interruptions */
    EFF_FIBERS_INTERRUPTIONS_TOO /**< interruptions as well, unless by an operation of the set itself */
} eff_fibers_mode_t;

/**
 * Makes a set in the scope around it, which closes it.
 *
 * - Success: with the handle (eff_as_fiber_set).
 * - Failure: in a scope that is closed, dies.
 *
 * @param site where it is composed; the macro fills it in
 * @param mode which ends eff_fiber_set_join fails with
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_fiber_set_make_at(eff_site_t site, eff_fibers_mode_t mode);
/**
 * Forks e as a member of the set.
 *
 * - Success: with the handle of the fiber (eff_as_fiber), at once.
 * - Interruption: of the forker does not touch the member. Into a set that has closed nothing is forked: it ends as if
 *   interrupted, so that a loop which feeds the set ends with it.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{set}
 * @consumes{e}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_fiber_set_fork_at(eff_site_t site, eff_fiber_set_t *set, eff_t *e);
/**
 * Waits for the first failure of a member, or until the set closes.
 *
 * - Success: with unit, when the set has closed.
 * - Failure: with that of the first member that has failed, at once if one has already. The others go on.
 * - Interruption: of the waiter touches no member.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{set}
 * @returns_new
 * @see eff_fiber_set_await_empty
 */
EFF_API EFF_MUST_USE eff_t *eff_fiber_set_join_at(eff_site_t site, eff_fiber_set_t *set);
/**
 * Waits until there is no member.
 *
 * - Success: with unit, however the members have ended.
 * - Failure: in a member of the set, which would wait for itself, dies.
 * - Interruption: of the waiter touches no member.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{set}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_fiber_set_await_empty_at(eff_site_t site, eff_fiber_set_t *set);
/**
 * Interrupts all members, then waits, masked, until they have ended, finalizers included. Who is forked meanwhile stays.
 *
 * - Success: with unit. In a member of the set, at once: it does not wait for itself.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{set}
 * @returns_new
 *
 * O(members).
 */
EFF_API EFF_MUST_USE eff_t *eff_fiber_set_clear_at(eff_site_t site, eff_fiber_set_t *set);
/** How many members live. Its runtime's thread. @borrows{set} @return 0 for NULL */
EFF_API size_t eff_fiber_set_size(const eff_fiber_set_t *set);

/** One more reference. Any thread. @param set borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_fiber_set_t *eff_fiber_set_incref(eff_fiber_set_t *set);
/** Gives up one reference, which ends nothing. Any thread. @param set consumes; NULL is fine */
EFF_API void eff_fiber_set_decref(eff_fiber_set_t *set);
/** A handle as a value. @param set consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_fiber_set_value(eff_fiber_set_t *set);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy that has closed */
EFF_API eff_fiber_set_t *eff_as_fiber_set(eff_value_t v);
/** Runs e, which succeeds with a handle, moves that to *slot and succeeds with unit: as NAME_into of type.h.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param slot what was there is given up, NULL is fine; must outlive the effect
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_set_into_at(eff_site_t site, eff_t *e, eff_fiber_set_t **slot);

#define eff_fiber_set_make(...) eff_fiber_set_make_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_set_fork(...) eff_fiber_set_fork_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_set_join(...) eff_fiber_set_join_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_set_await_empty(...) eff_fiber_set_await_empty_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_set_clear(...) eff_fiber_set_clear_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_set_into(...) eff_fiber_set_into_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
