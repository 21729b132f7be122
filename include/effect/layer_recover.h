/** @file
 * When building a layer fails, and when it is done: the layer again, another one, another error; an effect afterwards.
 *
 *     eff_schedule_t *thrice = eff_schedule_both(eff_schedule_spaced(eff_seconds(1)), eff_schedule_recurs(3));
 *     eff_layer_t *pool = eff_layer_retry(pool_live(), thrice);
 *     pool = eff_layer_or_else(pool, pool_in_memory());
 *     pool = eff_layer_tap(pool, migrate, eff_unit);
 *
 * Whatever an attempt has built is released before the next one begins. An attempt ends when the services are there: when
 * releasing them fails later on, nothing else is tried. A layer that is retried, say, is one more layer, with an identity
 * of its own; what it is made of is shared as ever.
 */
#ifndef EFFECT_LAYER_RECOVER_H
#define EFFECT_LAYER_RECOVER_H

#include <effect/layer.h>
#include <effect/schedule.h>

EFF_BEGIN_DECLS

/**
 * Builds again by the schedule when building fails with a Fail; what a try has built of it is released before the
 * next.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer, schedule}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_retry_at(eff_site_t site, eff_layer_t *layer, eff_schedule_t *schedule);
/**
 * Another layer when building fails with a Fail; what was built is released before.
 *
 * It has to provide the same services: eff_layer_check counts on it.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer}
 * @param handler called with the error; borrows it and env; returns new
 * @consumes{env}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_catch_all_at(eff_site_t site, eff_layer_t *layer,
                                                         eff_layer_t *(*handler)(eff_value_t error, eff_value_t env),
                                                         eff_value_t env);
/**
 * `other` when building fails with a Fail; what was built is released before.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer, other}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_or_else_at(eff_site_t site, eff_layer_t *layer, eff_layer_t *other);
/**
 * Another error in place of the one building fails with.
 *
 * Sharing is not touched.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer}
 * @param f borrows the error and env; returns new
 * @consumes{env}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_map_error_at(eff_site_t site, eff_layer_t *layer, eff_map_fn f,
                                                         eff_value_t env);
/**
 * A defect in place of the error building fails with.
 *
 * Sharing is not touched.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_or_die_at(eff_site_t site, eff_layer_t *layer);
/**
 * Runs an effect each time it was built, with its services; when that fails, so does building.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer}
 * @param f called with a context that has the services (NAME_from); borrows it and env; returns new; its value is
 *        dropped
 * @consumes{env}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_tap_at(eff_site_t site, eff_layer_t *layer,
                                                   eff_t *(*f)(const eff_context_t *services, eff_value_t env),
                                                   eff_value_t env);

#define eff_layer_retry(...) eff_layer_retry_at(EFF_SITE, __VA_ARGS__)
#define eff_layer_catch_all(layer, ...) eff_layer_catch_all_at(EFF_SITE_OF(__VA_ARGS__), (layer), __VA_ARGS__)
#define eff_layer_or_else(...) eff_layer_or_else_at(EFF_SITE, __VA_ARGS__)
#define eff_layer_map_error(layer, ...) eff_layer_map_error_at(EFF_SITE_OF(__VA_ARGS__), (layer), __VA_ARGS__)
#define eff_layer_or_die(...) eff_layer_or_die_at(EFF_SITE, __VA_ARGS__)
#define eff_layer_tap(layer, ...) eff_layer_tap_at(EFF_SITE_OF(__VA_ARGS__), (layer), __VA_ARGS__)

EFF_END_DECLS
#endif
