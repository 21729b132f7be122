/** @file
 * Finishing: what must happen however an effect ends. Finalizers run masked, in reverse order, each exactly once, all
 * of them even if some fail; a failing finalizer gives Then(body, finalizer).
 *
 *     eff_t *e = eff_acquire_use_release(open_file(path), count_lines, close_file, eff_unit);
 *
 * Acquire and release are uninterruptible, use is not (Marlow et al. 2001; the shape is ZIO's). A resource should be a
 * value whose drop releases it as well, since what is handed to fork, race or timeout may be dropped instead of used.
 *
 * A finalizer that fails after a success makes the exit a failure. To let the acquire of something slow be interrupted,
 * see eff_acquire_interruptible.
 */
#ifndef EFFECT_FINISH_H
#define EFFECT_FINISH_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** A finalizer as an effect. @borrows{exit, env} @return new; NULL is a mistake, and a defect */
typedef eff_t *(*eff_finalizer_fn)(const eff_exit_t *exit, eff_value_t env);
/** A release in plain C: needs no memory and always completes. @borrows{resource, exit, env} */
typedef void (*eff_release_fn)(eff_value_t resource, const eff_exit_t *exit, eff_value_t env);
/** A release as an effect, such as a polite goodbye. It cannot run where there is no memory left, nor when a runtime is
 *  freed with fibers alive. @borrows{resource, exit, env} @return new; NULL is a mistake, and a defect */
typedef eff_t *(*eff_release_effect_fn)(eff_value_t resource, const eff_exit_t *exit, eff_value_t env);

/** Runs finalizer when e has ended, however. @consumes{e, finalizer} @returns_new
 *  @see eff_on_exit, when the finalizer has to know how */
EFF_API EFF_MUST_USE eff_t *eff_ensuring_at(eff_site_t site, eff_t *e, eff_t *finalizer);
/** Runs f's effect when e has ended, however.
 *  - Success: with e's value.
 *  - Failure: with e's cause; if f's effect fails, with Then(e's, its), or with its alone after a success.
 *  - Interruption: f's effect is masked; what comes meanwhile is seen when it has ended.
 *
 *  @consumes{e, env}
 *  @param f called once per run of e; borrows exit and env, returns new
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_on_exit_at(eff_site_t site, eff_t *e, eff_finalizer_fn f, eff_value_t env);
/** As eff_on_exit, only when e ended because this fiber was interrupted.
 *  @consumes{e, env}
 *  @param f borrows exit and env, returns new
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_on_interrupt_at(eff_site_t site, eff_t *e, eff_finalizer_fn f, eff_value_t env);

/** Acquires, uses, releases. What is acquired is released, exactly once, whatever happens; room for that is made before
 *  acquire runs. The resource and env live until use's effect has ended and release has run; children forked in acquire
 *  or use end before release. When memory runs out within acquire, a bare pointer is safe from eff_sync and
 *  eff_attempt; from anything else use a value whose drop releases it (EFF_STATIC_BOX).
 *  - Success: with what use's effect succeeds with.
 *  - Failure: with acquire's, use and release not being called, or with that of use's effect.
 *  - Interruption: seen in use only; acquire and release are masked.
 *
 *  @param acquire consumes; succeeds with the resource
 *  @param use borrows resource and env until its effect has ended; returns new
 *  @param release called with the exit of use; borrows all
 *  @param env consumes
 *  @returns_new
 *
 *  Standard name: bracket (Marlow et al. 2001), acquireUseRelease (ZIO). @see eff_acquire_release */
EFF_API EFF_MUST_USE eff_t *eff_acquire_use_release_at(eff_site_t site, eff_t *acquire, eff_bind_fn use,
                                                       eff_release_fn release, eff_value_t env);
/** As eff_acquire_use_release, with an effect to release. A failure of it gives Then(use's cause, its).
 *  @param acquire consumes; succeeds with the resource
 *  @param use borrows resource and env until its effect has ended; returns new
 *  @param release called with the exit of use; borrows that until it returns, all else until its effect has ended;
 *  returns new
 *  @param env consumes
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_acquire_use_release_effect_at(eff_site_t site, eff_t *acquire, eff_bind_fn use,
                                                              eff_release_effect_fn release, eff_value_t env);
/** Acquires, and has the enclosing scope (eff_scoped, a fiber, eff_provide) release when it closes. For when what uses
 *  the resource is not in one place. As of eff_acquire_use_release, a bare pointer is safe from eff_sync and
 *  eff_attempt; from anything else use a value whose drop releases it (EFF_STATIC_BOX).
 *  - Success: with the resource.
 *  - Failure: with acquire's, release not being called. Into a scope that is closed: releases at once, and dies.
 *  - Interruption: acquire is masked.
 *
 *  @param acquire consumes; succeeds with the resource
 *  @param release called with the exit of the scope; borrows all
 *  @param env consumes
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_acquire_release_at(eff_site_t site, eff_t *acquire, eff_release_fn release,
                                                   eff_value_t env);
/** As eff_acquire_release, with an effect to release.
 *  @param acquire consumes; succeeds with the resource
 *  @param release called with the scope's exit; borrows that until it returns, all else until its effect has ended;
 *  returns new
 *  @param env consumes
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_acquire_release_effect_at(eff_site_t site, eff_t *acquire,
                                                          eff_release_effect_fn release, eff_value_t env);
/**
 * The acquire of a bracket, or a part of it, that may be interrupted: e runs masked only if what acquires was.
 *
 *     e = eff_acquire_use_release(eff_acquire_interruptible(connect()), talk, hang_up, eff_unit);
 *
 * For the acquire of eff_acquire_use_release, eff_acquire_release and their forms with an effect, when it takes long.
 * Elsewhere, and inside a mask of the acquire's own, it changes nothing.
 * - Success: with e's value, which reaches its release also when an interruption has come meanwhile.
 * - Failure: with e's.
 * - Interruption: seen within e, which then has to give up by itself what it has half acquired: nothing is released.
 *   When e is a mask in its turn, what that succeeds with counts as acquired.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @returns_new
 *
 * Standard name: the Poll of makeFull (cats-effect), acquireReleaseInterruptible (ZIO). O(nesting within the acquire).
 */
EFF_API EFF_MUST_USE eff_t *eff_acquire_interruptible_at(eff_site_t site, eff_t *e);
/** Runs e in a scope of its own: what it acquires with eff_acquire_release is released, and the fibers it forks are
 *  ended, when e has ended. @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_scoped_at(eff_site_t site, eff_t *e);
/**
 * As eff_scoped, with a scope that closes all at once (EFF_SCOPE_PARALLEL), for many slow goodbyes.
 *
 * - Success: with e's value.
 * - Failure: with e's cause; if finalizers fail, with Then(e's, Both of theirs), or with theirs alone after a success.
 * - Interruption: closing is masked.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_scoped_par_at(eff_site_t site, eff_t *e);

#define eff_ensuring(...) eff_ensuring_at(EFF_SITE, __VA_ARGS__)
#define eff_on_exit(e, ...) eff_on_exit_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_on_interrupt(e, ...) eff_on_interrupt_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_acquire_use_release(acquire, ...)                                                                          \
    eff_acquire_use_release_at(EFF_SITE_OF(__VA_ARGS__), (acquire), __VA_ARGS__)
#define eff_acquire_use_release_effect(acquire, ...)                                                                   \
    eff_acquire_use_release_effect_at(EFF_SITE_OF(__VA_ARGS__), (acquire), __VA_ARGS__)
#define eff_acquire_release(acquire, ...) eff_acquire_release_at(EFF_SITE_OF(__VA_ARGS__), (acquire), __VA_ARGS__)
#define eff_acquire_release_effect(acquire, ...)                                                                       \
    eff_acquire_release_effect_at(EFF_SITE_OF(__VA_ARGS__), (acquire), __VA_ARGS__)
#define eff_acquire_interruptible(...) eff_acquire_interruptible_at(EFF_SITE, __VA_ARGS__)
#define eff_scoped(...) eff_scoped_at(EFF_SITE, __VA_ARGS__)
#define eff_scoped_par(...) eff_scoped_par_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
