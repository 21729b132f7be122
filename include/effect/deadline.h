/** @file
 * Deadlines that compose along a chain of calls: a limit holds for an effect and all that it calls.
 *
 *     static eff_t *handle(eff_value_t request, eff_value_t env)
 *     {
 *         eff_t *user = eff_within(load_user(request), eff_seconds(1));      // 1 s, or what is left of the 3 s
 *         return eff_flat_map(user, render, eff_unit);
 *     }
 *     e = eff_within(eff_flat_map(read_request(), handle, eff_unit), eff_seconds(3));
 *
 * Of nested limits the earliest counts; the error says where it was set. What talks to somebody who can be told how long
 * to try asks eff_deadline_left(). For a limit on one step alone, which nobody below needs to know of, see eff_timeout.
 *
 * A deadline holds for the fiber that runs the effect, and for whatever ends with it: sides of parallel combinators,
 * children forked in it, fibers of scopes opened in it. It does not hold for fibers that outlive it: those of eff_fork_in
 * and eff_fork_scoped in a scope around it, and daemons; nor for what eff_shield keeps, nor on another runtime.
 *
 * Finalizers are free of it: they run masked, as ever, and are told of no deadline around them, so that a polite goodbye
 * does not fail for want of time. They may set limits of their own. The grace of eff_graceful, once it has begun, is free
 * of it too.
 *
 * Time is that of the Clock in effect. Under another Clock provided further in, the deadline holds, but is not known.
 */
#ifndef EFFECT_DEADLINE_H
#define EFFECT_DEADLINE_H

#include <effect/construct.h>
#include <effect/duration.h>

EFF_BEGIN_DECLS

/**
 * Runs e, which has to be done within d, and within what is left of the deadlines around it.
 *
 * - Success: with e's value. Of an end at the very deadline, e's counts.
 * - Failure: with e's; with an error of kind eff_timeout_error that says which limit it was, when its time has passed, e
 *   having been interrupted and awaited first. With no time left, e is not started. What e fails with while it is being
 *   interrupted goes to the runtime's on_unobserved.
 * - Interruption: e is interrupted and awaited.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @param d how long, from when it runs; 0 or less is no time at all
 * @returns_new
 *
 * Standard name: deadline propagation (Go's context, gRPC). A limit that is not the earliest needs no timer. Finding the
 * deadlines around is O(fibers around), of which there are few.
 *
 * @see eff_deadline, eff_deadline_left, eff_timeout_fail
 */
EFF_API EFF_MUST_USE eff_t *eff_within_at(eff_site_t site, eff_t *e, eff_duration_t d);
/**
 * As eff_within, until a moment: for a deadline that was agreed upon, or one limit over several steps.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @param t an instant of the Clock in effect
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_deadline_at(eff_site_t site, eff_t *e, eff_instant_t t);
/**
 * Succeeds with how much time is left: some(eff_duration_t), never negative; none where no deadline is known.
 *
 * For clients that pass it on: a header of a request, the timeout of a blocking call.
 *
 * @param site where it is composed; the macro fills it in
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_deadline_left_at(eff_site_t site);
/**
 * Runs e as if there were no deadline around it: none is known in e, and limits in it count from nothing.
 *
 * For what is worth doing late: an entry in an audit log, giving back a lease. Finalizers are free of deadlines anyway.
 * It does not protect e: when the deadline passes, e is interrupted like everything around it, unless eff_uninterruptible
 * or a longer scope keeps it.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_without_deadline_at(eff_site_t site, eff_t *e);

#define eff_within(...) eff_within_at(EFF_SITE, __VA_ARGS__)
#define eff_deadline(...) eff_deadline_at(EFF_SITE, __VA_ARGS__)
#define eff_deadline_left() eff_deadline_left_at(EFF_SITE)
#define eff_without_deadline(...) eff_without_deadline_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
