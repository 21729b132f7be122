/** @file
 * Interruption: asking a fiber to end. It is seen at the fiber's next instruction outside a mask, at once if it is
 * suspended there; finalizers run; it stays pending until the fiber has ended and cannot be swallowed.
 *
 *     e = eff_uninterruptible(write_record(r));                     // seen afterwards
 *     e = eff_uninterruptible_mask(commit, eff_unit);               // commit gets a restore
 *
 * So outside a mask every instruction is a checkpoint, and a long computation in effects needs none of its own; in one,
 * eff_interruptible(eff_noop()) is one. eff_yield_now() lets others run, too.
 *
 * A mask belongs to one fiber and is lexical in it; children and sides of parallel combinators start interruptible. The
 * model is that of asynchronous exceptions in Haskell (Marlow et al. 2001), with cats-effect's poll as eff_restore.
 */
#ifndef EFFECT_INTERRUPT_H
#define EFFECT_INTERRUPT_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** Whether interruption was possible where a mask was entered. A plain value, usable any number of times. */
typedef struct eff_restore {
    bool interruptible; /**< as it was around the mask */
} eff_restore_t;
/** The body of a mask.
 *  @param restore for eff_restore: what the mask is to be lifted to
 *  @param env borrows until the effect that is returned has ended
 *  @return new; NULL is a mistake, and a defect */
typedef eff_t *(*eff_mask_fn)(eff_restore_t restore, eff_value_t env);

/** e can be interrupted, also inside a mask. A pending interruption is seen as e starts. For a wait inside a mask that
 *  may be given up; to keep what the caller had, use eff_restore.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_interruptible_at(eff_site_t site, eff_t *e);
/** e is not interrupted. An interruption that came meanwhile is seen as the mask ends: a success is dropped, a failure
 *  goes on as Then(failure, Interrupt).
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e} @returns_new @see eff_shield, whose caller does not wait */
EFF_API EFF_MUST_USE eff_t *eff_uninterruptible_at(eff_site_t site, eff_t *e);
/** As eff_uninterruptible, with parts of the body restored: see eff_restore.
 *  @param site where it is composed; the macro fills it in
 *  @param f called once per run, masked; borrows env, returns new
 *  @consumes{env} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_uninterruptible_mask_at(eff_site_t site, eff_mask_fn f, eff_value_t env);
/** Runs e as it was around the mask, in whatever fiber runs it: interruptible, unless that was masked too.
 *  @param site where it is composed; the macro fills it in
 *  @param restore what the mask's body was given
 *  @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_restore_at(eff_site_t site, eff_restore_t restore, eff_t *e);
/** Runs e on a fiber of its own, so that interrupting the caller does not wait for e: e goes on unwinding as a child of
 *  the nearest enclosing region (a gen, eff_scoped, eff_acquire_use_release, eff_provide, or the fiber), which awaits
 *  it. For a timeout over a body that may not be interruptible. Ends as e does.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e} @returns_new @see eff_shield, whose body is not interrupted */
EFF_API EFF_MUST_USE eff_t *eff_disconnect_at(eff_site_t site, eff_t *e);
/**
 * Runs e to its end, also when the caller is interrupted meanwhile: the caller unwinds at once, and e, which was begun
 * once, goes on.
 *
 * For what must not be left half done, and need not be waited for: a payment, a write that others see.
 * - Success, failure: with that of e.
 * - Interruption: of the caller is seen at once, and e goes on as a child of the nearest enclosing region that is more
 *   than a side (a gen, eff_scoped, eff_acquire_use_release, eff_provide, or the fiber), which awaits it before its own
 *   end. Its value is dropped then; a failure that is more than an interruption is reported as unobserved. An
 *   eff_interruptible inside e lifts the shield for its part.
 *
 * To keep the result for others, or to let it outlive the region: fork it (eff_fork_in, eff_fork_daemon) masked, and
 * eff_fiber_join it; interrupting who joins does not touch the fiber.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @returns_new
 * @see eff_uninterruptible, which makes the caller wait; eff_disconnect, which interrupts e, and does not wait
 *
 * Standard name: shield (asyncio). It is eff_disconnect over eff_uninterruptible, and is told of no
 * deadline around it (deadline.h).
 */
EFF_API EFF_MUST_USE eff_t *eff_shield_at(eff_site_t site, eff_t *e);
/** Interrupts the fiber that runs it. Under a mask the effect succeeds with unit, and the fiber ends when the mask
 *  does.
 *  @param site where it is composed; the macro fills it in
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_interrupt_self_at(eff_site_t site);

#define eff_interruptible(...) eff_interruptible_at(EFF_SITE, __VA_ARGS__)
#define eff_uninterruptible(...) eff_uninterruptible_at(EFF_SITE, __VA_ARGS__)
#define eff_uninterruptible_mask(...) eff_uninterruptible_mask_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
#define eff_restore(...) eff_restore_at(EFF_SITE, __VA_ARGS__)
#define eff_disconnect(...) eff_disconnect_at(EFF_SITE, __VA_ARGS__)
#define eff_shield(...) eff_shield_at(EFF_SITE, __VA_ARGS__)
#define eff_interrupt_self() eff_interrupt_self_at(EFF_SITE)

EFF_END_DECLS
#endif
