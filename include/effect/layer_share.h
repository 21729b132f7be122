/** @file
 * Other lives for a layer than from the first who mentions it to the last: built for each mention, when it is asked for,
 * kept longer than it is used, or not any longer.
 *
 *     e = eff_provide(e, eff_layer_lazy(mail_live()));           // most runs send no mail
 *
 *     EFF_AWAIT(eff_layer_invalidate(pool_live()));              // the password has changed: next time, connect anew
 */
#ifndef EFFECT_LAYER_SHARE_H
#define EFFECT_LAYER_SHARE_H

#include <effect/layer.h>

EFF_BEGIN_DECLS

/**
 * The layer, built anew for each mention, and shared with nobody; so is all of which it is made.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_fresh_at(eff_site_t site, eff_layer_t *layer);
/**
 * The layer, whose services are built when they are first asked for (NAME_with), and not when it is provided; then
 * they live as long as if they had been.
 *
 * A build that fails fails the one who asks, and is tried again for the next. NAME_from and eff_context_get find such
 * a service only once it was built, and until then the default, if the tag has one: so a lazy Clock is of no use.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_lazy_at(eff_site_t site, eff_layer_t *layer);
/**
 * Succeeds with a layer (eff_as_layer) that is built when it is first provided, and then kept until the scope around
 * this closes, whoever else has ended by then.
 *
 * What it needs is taken from where this runs, so that it lasts as long. Afterwards, and on another runtime,
 * providing it is a mistake, and a defect. What eff_layer_fresh builds of it is nobody else's, and not kept.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_layer_memoize_at(eff_site_t site, eff_layer_t *layer);
/**
 * Makes the next mention of the layer build anew.
 *
 * Those who use what is built keep it. What it is made of, if it is made of other layers, stays as it is.
 *
 * - Success: with unit, once all of it that was built was released; at once when it was not built.
 * - Failure: none. Of a merge, provide or wire, a mistake, and a defect.
 * - Interruption: stops waiting.
 *
 * @param site where it is composed; the macro fills it in
 * @param layer consumes; no merge, provide or wire
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_layer_invalidate_at(eff_site_t site, eff_layer_t *layer);

#define eff_layer_fresh(...) eff_layer_fresh_at(EFF_SITE, __VA_ARGS__)
#define eff_layer_lazy(...) eff_layer_lazy_at(EFF_SITE, __VA_ARGS__)
#define eff_layer_memoize(...) eff_layer_memoize_at(EFF_SITE, __VA_ARGS__)
#define eff_layer_invalidate(...) eff_layer_invalidate_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
