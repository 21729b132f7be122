/** @file
 * Finishing: what must happen however an effect ends. Finalizers run masked, in reverse order, each exactly once, all
 * of them even if some fail; a failing finalizer gives Then(body, finalizer).
 *
 *     eff_t *e = eff_acquire_use_release(open_file(path), count_lines, close_file, eff_unit);
 *
 * Acquire and release are uninterruptible, use is not (Marlow et al. 2001; the shape is ZIO's). A resource should be a
 * value whose drop releases it as well, since what is handed to fork, race or timeout may be dropped instead of used.
 */
#ifndef EFFECT_FINISH_H
#define EFFECT_FINISH_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** A finalizer as an effect. Borrows both; returns new. */
typedef eff_t *(*eff_finalizer_fn)(const eff_exit_t *exit, eff_value_t env);
/** A release in plain C: needs no memory and always completes. Borrows all. */
typedef void (*eff_release_fn)(eff_value_t resource, const eff_exit_t *exit, eff_value_t env);
/** A release as an effect, such as a polite goodbye. Borrows all; returns new. */
typedef eff_t *(*eff_release_effect_fn)(eff_value_t resource, const eff_exit_t *exit, eff_value_t env);

/** Runs finalizer when e has ended, however. Consumes both. */
EFF_API EFF_MUST_USE eff_t *eff_ensuring_at(eff_site_t site, eff_t *e, eff_t *finalizer);
/** Runs f's effect when e has ended, with its exit. Consumes e and env. */
EFF_API EFF_MUST_USE eff_t *eff_on_exit_at(eff_site_t site, eff_t *e, eff_finalizer_fn f, eff_value_t env);
/** Runs f's effect when e ended because this fiber was interrupted. */
EFF_API EFF_MUST_USE eff_t *eff_on_interrupt_at(eff_site_t site, eff_t *e, eff_finalizer_fn f, eff_value_t env);

/** Acquires, uses, releases. The resource and env live until use's effect has ended and release has run; children
 *  forked in acquire or use end before release. Succeeds with what use succeeds with. */
EFF_API EFF_MUST_USE eff_t *eff_acquire_use_release_at(eff_site_t site, eff_t *acquire, eff_bind_fn use,
                                                       eff_release_fn release, eff_value_t env);
/** As eff_acquire_use_release, with an effect to release. */
EFF_API EFF_MUST_USE eff_t *eff_acquire_use_release_effect_at(eff_site_t site, eff_t *acquire, eff_bind_fn use,
                                                              eff_release_effect_fn release, eff_value_t env);
/** Acquires, and has the enclosing scope (eff_scoped, a fiber, eff_provide) release when it closes. Succeeds with the
 *  resource. */
EFF_API EFF_MUST_USE eff_t *eff_acquire_release_at(eff_site_t site, eff_t *acquire, eff_release_fn release,
                                                   eff_value_t env);
/** As eff_acquire_release, with an effect to release. */
EFF_API EFF_MUST_USE eff_t *eff_acquire_release_effect_at(eff_site_t site, eff_t *acquire,
                                                          eff_release_effect_fn release, eff_value_t env);
/** Runs e in a scope of its own: what it acquires with eff_acquire_release is released, and the fibers it forks are
 *  ended, when e has ended. */
EFF_API EFF_MUST_USE eff_t *eff_scoped_at(eff_site_t site, eff_t *e);

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
#define eff_scoped(...) eff_scoped_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
