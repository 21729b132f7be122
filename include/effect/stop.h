/** @file
 * Stopping: asking work to end by itself, before it is interrupted. A server asked to stop accepts no more clients, and
 * finishes those it has; interrupted, it ends wherever it is.
 *
 *     for (;;) {                                                      // in a gen: a server's rounds
 *         EFF_AWAIT(eff_unless_stopped(accept_client(s->listener)));
 *         if (!eff_is_some(EFF_GOT())) break;
 *         EFF_AWAIT(eff_task_group_fork(s->clients, serve(EFF_GOT())));
 *     }
 *     ...
 *     int main(void) { return eff_main(eff_graceful(server(), eff_seconds(10))); }
 *
 * Every effect runs under a *stop token*, which has been asked to stop or not; asked once, it stays so. eff_graceful and
 * task groups (task_group.h) give what they run a token of its own, below the one around them; the one above all is the
 * runtime's. Asking a token asks all below it. Forked fibers have the token of their forker, those of eff_fork_in that of
 * their scope, daemons the runtime's. When what a token was made for has ended, who still has it listens to the one
 * above.
 *
 * | asked by                                               | is                                             |
 * | ------------------------------------------------------ | ---------------------------------------------- |
 * | interrupting the caller of eff_graceful                | what it runs, which is interrupted after grace |
 * | eff_task_group_stop                                    | the group's body and tasks                     |
 * | SIGINT, SIGTERM under eff_main, eff_runtime_shutdown,  | everything on the runtime                      |
 * | eff_runtime_shutdown_within                            |                                                |
 *
 * A program under eff_main needs eff_graceful and nothing else: a signal interrupts the main fiber, and the graceful
 * part of it gets its time. A program on a loop of its own calls eff_runtime_shutdown_within where it hears the signal.
 *
 * Waiting to be asked counts as waiting for the outside under eff_main and on a loop of the caller's, from where it can
 * come. Elsewhere, in tests too, fibers that all wait to be asked are a deadlock.
 *
 * Known elsewhere as soft cancellation (trio's plans), stop_token (C++20), Context.Done (Go).
 */
#ifndef EFFECT_STOP_H
#define EFFECT_STOP_H

#include <effect/construct.h>
#include <effect/duration.h>

EFF_BEGIN_DECLS

/**
 * Whether it was asked to stop: for work that looks up between two steps.
 *
 * - Success: with true or false, at once.
 *
 * @param site where it is composed; the macro fills it in
 * @returns_new
 * @see eff_unless_stopped, for a step that waits
 */
EFF_API EFF_MUST_USE eff_t *eff_stop_requested_at(eff_site_t site);
/**
 * Waits until it is asked to stop.
 *
 * - Success: with unit: at once when it was asked before, else in order of waiting.
 * - Interruption: leaves the line, in O(1).
 *
 * @param site where it is composed; the macro fills it in
 * @returns_new
 * @see eff_unless_stopped
 */
EFF_API EFF_MUST_USE eff_t *eff_until_stop_at(eff_site_t site);
/**
 * Runs e, unless it is asked to stop first: one round of a loop that ends in good order.
 *
 * Asked before, e does not begin; meanwhile, e is interrupted, and awaited. What e has got by then is its own to give
 * back, as with eff_race_first; an e that ends in the same turn wins.
 * - Success: with some of e's value, or none.
 * - Failure: with e's.
 * - Interruption: passed on to e, which is awaited.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_unless_stopped_at(eff_site_t site, eff_t *e);
/**
 * Waits until the runtime is asked to stop as a whole, whatever token this runs under: a signal under eff_main, or its
 * shutdown. For daemons, and background work of services.
 *
 * - Success: with unit.
 *
 * @param site where it is composed; the macro fills it in
 * @returns_new
 * @see eff_until_stop, which is nearly always meant
 */
EFF_API EFF_MUST_USE eff_t *eff_until_shutdown_at(eff_site_t site);
/**
 * Runs e such that it may end in good order: it is asked to stop, and interrupted only when `grace` has passed.
 *
 * The time counts from the first time that e is asked: by an interruption of the caller, who stays meanwhile, or through
 * a token around it. An interruption after that changes nothing: it has been heard. What cuts the time short is the end
 * of an outer grace: of an eff_graceful around this one, or of eff_runtime_shutdown_within. So of nested ones, each asks
 * at its own time and the earliest end counts. Under a mask the caller's interruption is not seen, as ever.
 * - Success: with e's value, also when it was asked to stop.
 * - Failure: with e's. When e is interrupted because its grace has passed, and the caller is not: with that
 *   interruption, unless e ends otherwise.
 * - Interruption: e is asked, and awaited, interrupted after `grace`. Its value is then dropped; a failure goes first, as
 *   Then(failure, Interrupt).
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @param grace by the Clock; 0 or less: e is asked and interrupted at once, in this order
 * @returns_new
 * @see eff_task_group_within
 */
EFF_API EFF_MUST_USE eff_t *eff_graceful_at(eff_site_t site, eff_t *e, eff_duration_t grace);

#define eff_stop_requested() eff_stop_requested_at(EFF_SITE)
#define eff_until_stop() eff_until_stop_at(EFF_SITE)
#define eff_unless_stopped(...) eff_unless_stopped_at(EFF_SITE, __VA_ARGS__)
#define eff_until_shutdown() eff_until_shutdown_at(EFF_SITE)
#define eff_graceful(...) eff_graceful_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
