/** @file
 * Fibers: effects that run beside their parent, on the same thread.
 *
 *     EFF_AWAIT(eff_fiber_into(eff_fork(work), &s->worker));
 *     ...
 *     EFF_AWAIT(eff_fiber_join(s->worker));
 *
 * A fiber lives in the region it was forked in (a gen, eff_scoped, eff_acquire_use_release, eff_provide, its parent)
 * and is interrupted and awaited when that region ends. A handle returned out of its region names an ended fiber.
 *
 * The effects take a NULL handle, and then die of "out of memory"; a fiber of another runtime is a defect, unless it
 * has ended. A fiber that fails, and whose exit nobody has asked for when the last handle or its region goes, is
 * reported to the runtime's on_unobserved; one that was only interrupted is not.
 */
#ifndef EFFECT_FIBER_H
#define EFFECT_FIBER_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_fiber_type; /**< of fiber handles as values */

/** Starts e on a new fiber, which gets its first turn after those already waiting for one. A parent that ends before
 *  that turn ends the fiber unrun: join it, or fork it into a longer scope.
 *  - Success: with the handle (eff_as_fiber), at once.
 *  - Interruption: of the parent ends the child with it. The child starts interruptible, also under a mask.
 *
 *  @consumes{e} @returns_new @see eff_fork_in, eff_fork_scoped, eff_fork_daemon; eff_zip_par and eff_race, which seldom
 *  leave a need for fibers of one's own */
EFF_API EFF_MUST_USE eff_t *eff_fork_at(eff_site_t site, eff_t *e);
/** As eff_fork, owned by the scope: ended when it closes. Into a scope that is closed: dies.
 *
 *  The fiber may outlive what its forker was provided with. So of what is provided, it has what was where the scope was
 *  opened, or the default: of the Clock and the Console, too. What the forker has set by eff_locally goes along.
 *
 *  @retains{scope} @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fork_in_at(eff_site_t site, eff_scope_t *scope, eff_t *e);
/** As eff_fork_in, with the scope around it: outlives a gen or bracket, but not eff_scoped, eff_provide or the fiber.
 *  The fiber has all that its forker has, which lives as long as that scope. @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fork_scoped_at(eff_site_t site, eff_t *e);
/** As eff_fork, owned by the runtime: ended at its shutdown. Starts with the runtime's root context, without what its
 *  forker was provided with or has set by eff_locally, and must own all that it uses. @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fork_daemon_at(eff_site_t site, eff_t *e);

/** Waits for the fiber's end, and ends the same way.
 *  - Success: with its value.
 *  - Failure: with its cause. An interruption of the fiber is an ordinary cause here, which can be caught.
 *  - Interruption: of the waiter does not touch the fiber.
 *
 *  @retains{fiber} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_join_at(eff_site_t site, eff_fiber_t *fiber);
/** Waits for the fiber's end and succeeds with its exit (eff_as_exit), whatever it is. @retains{fiber} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_await_at(eff_site_t site, eff_fiber_t *fiber);
/** Interrupts the fiber and waits, masked, until it has ended, finalizers included; succeeds with its exit
 *  (eff_as_exit). Does not wait for itself or an ancestor: then it succeeds with unit. On a fiber that has ended it
 *  changes nothing. @retains{fiber} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_interrupt_at(eff_site_t site, eff_fiber_t *fiber);
/** Interrupts the fiber and goes on at once. Succeeds with unit. @retains{fiber} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_interrupt_fork_at(eff_site_t site, eff_fiber_t *fiber);

#define eff_fork(...) eff_fork_at(EFF_SITE, __VA_ARGS__)
#define eff_fork_in(...) eff_fork_in_at(EFF_SITE, __VA_ARGS__)
#define eff_fork_scoped(...) eff_fork_scoped_at(EFF_SITE, __VA_ARGS__)
#define eff_fork_daemon(...) eff_fork_daemon_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_join(...) eff_fiber_join_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_await(...) eff_fiber_await_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_interrupt(...) eff_fiber_interrupt_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_interrupt_fork(...) eff_fiber_interrupt_fork_at(EFF_SITE, __VA_ARGS__)

/** One more reference. Any thread. @param fiber borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_fiber_t *eff_fiber_incref(eff_fiber_t *fiber);
/** Gives up one reference, which ends nothing. Any thread. @param fiber consumes; NULL is fine */
EFF_API void eff_fiber_decref(eff_fiber_t *fiber);
/** A handle as a value. @param fiber consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_fiber_value(eff_fiber_t *fiber);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy that has ended with unit */
EFF_API eff_fiber_t *eff_as_fiber(eff_value_t v);
/** Runs e, which succeeds with a handle, moves that to *slot and succeeds with unit: as NAME_into of type.h.
 *  @consumes{e}
 *  @param slot what was there is given up, NULL is fine; must outlive the effect
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_into_at(eff_site_t site, eff_t *e, eff_fiber_t **slot);
#define eff_fiber_into(...) eff_fiber_into_at(EFF_SITE, __VA_ARGS__)

/** Which fiber it is, as dumps and causes show it. Any thread. @borrows{fiber} @return unique in its runtime, from 1 */
EFF_API uint64_t eff_fiber_id(const eff_fiber_t *fiber);
/** The exit, without waiting. Counts as asking for it. Its runtime's thread. @borrows{fiber}
 *  @return borrowed from fiber, once it has ended; NULL while it runs */
EFF_API const eff_exit_t *eff_fiber_poll(eff_fiber_t *fiber);

EFF_END_DECLS
#endif
