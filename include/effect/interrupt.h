/** @file
 * Interruption: asking a fiber to end. It is seen at the fiber's next instruction outside a mask, at once if it is
 * suspended there; finalizers run; it stays pending until the fiber has ended and cannot be swallowed.
 *
 *     e = eff_uninterruptible(write_record(r));                     // seen afterwards
 *     e = eff_uninterruptible_mask(commit, eff_unit);               // commit gets a restore
 *
 * A mask belongs to one fiber and is lexical in it; children and sides of parallel combinators start interruptible.
 */
#ifndef EFFECT_INTERRUPT_H
#define EFFECT_INTERRUPT_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** Whether interruption was possible where a mask was entered. A plain value, usable any number of times. */
typedef struct eff_restore {
    bool interruptible; /**< as it was around the mask */
} eff_restore_t;
/** The body of a mask. Borrows env, which lives until the effect it returns has ended. */
typedef eff_t *(*eff_mask_fn)(eff_restore_t restore, eff_value_t env);

/** e can be interrupted, also inside a mask. A pending interruption is seen as e starts. */
EFF_API EFF_MUST_USE eff_t *eff_interruptible_at(eff_site_t site, eff_t *e);
/** e is not interrupted. An interruption that came meanwhile is seen as the mask ends: a success is dropped. */
EFF_API EFF_MUST_USE eff_t *eff_uninterruptible_at(eff_site_t site, eff_t *e);
/** As eff_uninterruptible, with parts of the body restored: see eff_restore. */
EFF_API EFF_MUST_USE eff_t *eff_uninterruptible_mask_at(eff_site_t site, eff_mask_fn f, eff_value_t env);
/** Runs e as it was around the mask, in whatever fiber runs it. Consumes e. */
EFF_API EFF_MUST_USE eff_t *eff_restore_at(eff_site_t site, eff_restore_t restore, eff_t *e);
/** Interrupting the caller does not wait for e: e goes on unwinding as a child of the nearest enclosing region (a
 *  gen, eff_scoped, eff_acquire_use_release, eff_provide, or the fiber), which awaits it. */
EFF_API EFF_MUST_USE eff_t *eff_disconnect_at(eff_site_t site, eff_t *e);
/** Interrupts the fiber that runs it. Under a mask the effect succeeds, and the fiber ends when the mask does. */
EFF_API EFF_MUST_USE eff_t *eff_interrupt_self_at(eff_site_t site);

#define eff_interruptible(...) eff_interruptible_at(EFF_SITE, __VA_ARGS__)
#define eff_uninterruptible(...) eff_uninterruptible_at(EFF_SITE, __VA_ARGS__)
#define eff_uninterruptible_mask(...) eff_uninterruptible_mask_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
#define eff_restore(...) eff_restore_at(EFF_SITE, __VA_ARGS__)
#define eff_disconnect(...) eff_disconnect_at(EFF_SITE, __VA_ARGS__)
#define eff_interrupt_self() eff_interrupt_self_at(EFF_SITE)

EFF_END_DECLS
#endif
