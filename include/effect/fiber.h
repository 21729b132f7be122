/** @file
 * Fibers: effects that run beside their parent, on the same thread.
 *
 *     EFF_AWAIT(eff_fiber_into(eff_fork(work), &s->worker));
 *     ...
 *     EFF_AWAIT(eff_fiber_join(s->worker));
 *
 * A fiber lives in the region it was forked in (a gen, eff_scoped, eff_acquire_use_release, eff_provide, its parent)
 * and is interrupted and awaited when that region ends. A handle returned out of its region names an ended fiber.
 */
#ifndef EFFECT_FIBER_H
#define EFFECT_FIBER_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_fiber_type; /**< of fiber handles as values */

/** Starts e on a new fiber, which gets its first turn after those already waiting for one. Succeeds with the handle. A
 *  parent that ends before that turn ends the fiber unrun: join it, or fork it into a longer scope. */
EFF_API EFF_MUST_USE eff_t *eff_fork_at(eff_site_t site, eff_t *e);
/** As eff_fork, owned by the scope: ended when it closes. The fiber gets the services of the context in which the
 *  scope was opened. Consumes e; scope is retained. */
EFF_API EFF_MUST_USE eff_t *eff_fork_in_at(eff_site_t site, eff_scope_t *scope, eff_t *e);
/** As eff_fork_in, with the scope around it. */
EFF_API EFF_MUST_USE eff_t *eff_fork_scoped_at(eff_site_t site, eff_t *e);
/** As eff_fork, owned by the runtime: ended at its shutdown. Starts with the runtime's root context, and must own all
 *  that it uses. */
EFF_API EFF_MUST_USE eff_t *eff_fork_daemon_at(eff_site_t site, eff_t *e);

/** Waits for the fiber's end, and ends the same way: with its value or its cause. Interrupting the waiter does not
 *  touch the fiber. @param fiber retained */
EFF_API EFF_MUST_USE eff_t *eff_fiber_join_at(eff_site_t site, eff_fiber_t *fiber);
/** Waits for the fiber's end and succeeds with its exit (eff_as_exit). @param fiber retained */
EFF_API EFF_MUST_USE eff_t *eff_fiber_await_at(eff_site_t site, eff_fiber_t *fiber);
/** Interrupts the fiber and waits, masked, until it has ended, finalizers included; succeeds with its exit. Does not
 *  wait for itself or an ancestor: then it succeeds with unit. @param fiber retained */
EFF_API EFF_MUST_USE eff_t *eff_fiber_interrupt_at(eff_site_t site, eff_fiber_t *fiber);
/** Interrupts the fiber and goes on at once. Succeeds with unit. @param fiber retained */
EFF_API EFF_MUST_USE eff_t *eff_fiber_interrupt_fork_at(eff_site_t site, eff_fiber_t *fiber);

#define eff_fork(...) eff_fork_at(EFF_SITE, __VA_ARGS__)
#define eff_fork_in(...) eff_fork_in_at(EFF_SITE, __VA_ARGS__)
#define eff_fork_scoped(...) eff_fork_scoped_at(EFF_SITE, __VA_ARGS__)
#define eff_fork_daemon(...) eff_fork_daemon_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_join(...) eff_fiber_join_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_await(...) eff_fiber_await_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_interrupt(...) eff_fiber_interrupt_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_interrupt_fork(...) eff_fiber_interrupt_fork_at(EFF_SITE, __VA_ARGS__)

EFF_API eff_fiber_t *eff_fiber_incref(eff_fiber_t *fiber);            /**< one more reference; returns fiber */
EFF_API void eff_fiber_decref(eff_fiber_t *fiber);                    /**< gives up one; NULL is fine */
EFF_API EFF_MUST_USE eff_value_t eff_fiber_value(eff_fiber_t *fiber); /**< consumes the reference */
EFF_API eff_fiber_t *eff_as_fiber(eff_value_t v);                     /**< borrowed; an ended dummy on the wrong type */
EFF_API EFF_MUST_USE eff_t *eff_fiber_into(eff_t *e, eff_fiber_t **slot); /**< as NAME_into of type.h */

EFF_API uint64_t eff_fiber_id(const eff_fiber_t *fiber); /**< unique in its runtime, from 1 */
/** The exit once the fiber has ended, borrowed from it; NULL while it runs. Counts as observing it. */
EFF_API const eff_exit_t *eff_fiber_poll(eff_fiber_t *fiber);

EFF_END_DECLS
#endif
