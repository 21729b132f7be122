/* What programs drawn by lot do with layers: provide, build, memoize and invalidate some of them, which are shared by
 * identity between all fibers of the program, fail, are tried again, and are asked for late. */
#ifndef TESTS_SUPPORT_DRAWN_LAYERS_H
#define TESTS_SUPPORT_DRAWN_LAYERS_H

#include "support/draw.h"
#include "support/layers.h"

/* ---- layers of what another one provides. They consume it. */

static inline eff_layer_t *the_layer(eff_value_t env)
{
    return eff_layer_incref(eff_as_layer(env));
}
static inline eff_layer_t *layer_after(eff_value_t error, eff_value_t env)
{
    (void)error;
    return the_layer(env);
}
static inline eff_t *yield_once(const eff_context_t *services, eff_value_t env)
{
    (void)services, (void)env;
    return eff_yield_now();
}
static inline eff_t *fail_once(const eff_context_t *services, eff_value_t env)
{
    (void)services, (void)env;
    return failing(6);
}
static inline eff_layer_t *changed(eff_layer_t *layer)
{
    eff_layer_t *other = layer;
    switch (below(12)) {
    case 0: return eff_layer_fresh(layer);
    case 1:
    case 2: return eff_layer_lazy(layer);
    case 3: return eff_layer_retry(layer, eff_schedule_recurs(2));
    case 4:
        return eff_layer_retry(layer, eff_schedule_both(eff_schedule_spaced(eff_millis(1)), eff_schedule_recurs(2)));
    case 5: other = eff_layer_incref(layer); return eff_layer_or_else(layer, other);
    case 6: return eff_layer_catch_all(layer, layer_after, eff_layer_value(config_live()));
    case 7: return eff_layer_suspend(the_layer, eff_layer_value(layer));
    case 8: return eff_layer_tap(layer, yield_once, eff_unit);
    case 9: return eff_layer_tap(layer, fail_once, eff_unit);
    case 10: return eff_layer_or_die(layer);
    default: return layer;
    }
}

/* ---- what stands upon each other */

static inline eff_layer_t *drawn_config(void)
{
    eff_layer_t *config = below(2) ? config_live() : slow_config();
    return below(2) ? changed(config) : config;
}
static inline eff_layer_t *drawn_upon(eff_layer_t *upper, eff_layer_t *base)
{
    eff_layer_t *layer = upper;
    switch (below(3)) {
    case 0: layer = eff_layer_provide(upper, base); break;
    case 1: layer = eff_layer_provide_merge(upper, base); break;
    default: layer = eff_layer_wire(upper, base); break;
    }
    return below(3) ? layer : changed(layer);
}
static inline eff_layer_t *drawn_pool(void)
{
    eff_layer_t *pool = below(4) ? pool_live() : broken_pool();
    if (below(2)) pool = changed(pool);
    return drawn_upon(pool, drawn_config());
}
static inline eff_layer_t *drawn_users(void)
{
    return drawn_upon(users_live(), drawn_pool());
}
/* Two that share what they stand on. */
static inline eff_layer_t *drawn_diamond(void)
{
    eff_layer_t *config = drawn_config();
    switch (below(3)) {
    case 0: return eff_layer_wire(orders_live(), users_live(), changed(pool_live()), config);
    case 1: return eff_layer_provide(eff_layer_merge(users_live(), orders_live()), drawn_upon(pool_live(), config));
    default: break;
    }
    eff_layer_t *one_pool = eff_layer_provide(pool_live(), config), *same = eff_layer_incref(one_pool);
    return eff_layer_merge(eff_layer_provide(users_live(), one_pool), eff_layer_provide(orders_live(), same));
}

/* ---- in a program */

static inline eff_t *provide_later(eff_value_t layer, eff_value_t env)
{
    return eff_provide(eff_incref(eff_as_effect(env)), the_layer(layer));
}
static inline eff_t *with_context(eff_value_t services, eff_value_t env)
{
    return eff_provide_context(eff_incref(eff_as_effect(env)), eff_context_incref(eff_as_context(services)));
}

/* What uses a service of the layer, and the layer. */
struct drawn_layer {
    eff_t *used;
    eff_layer_t *layer;
};
static inline struct drawn_layer draw_layer(void)
{
    switch (below(5)) {
    case 0: return (struct drawn_layer){ use_config(), drawn_config() };
    case 1: return (struct drawn_layer){ use_pool(), drawn_pool() };
    case 2: return (struct drawn_layer){ use_users(), drawn_users() };
    default: return (struct drawn_layer){ use_orders(), drawn_diamond() };
    }
}
static inline eff_layer_t *drawn_identity(void)
{
    switch (below(3)) {
    case 0: return config_live();
    case 1: return slow_config();
    default: return pool_live();
    }
}

/* Consumes e. The service is used before and after it; but not where the scope around holds it, which may be one that
 * the program closes meanwhile. */
static inline eff_t *layer_around(eff_t *e)
{
    struct drawn_layer d = draw_layer();
    bool used_before = below(2);
    unsigned how = below(9);
    if (how > 0) {
        eff_t *first = used_before ? eff_incref(d.used) : eff_yield_now();
        e = eff_then(first, eff_then(e, eff_incref(d.used)));
    }
    eff_decref(d.used);
    switch (how) {
    case 0: return eff_flat_map(eff_layer_build(d.layer), with_context, eff_effect_value(e));
    case 1: return eff_scoped(eff_flat_map(eff_layer_build(d.layer), with_context, eff_effect_value(e)));
    case 2: return eff_flat_map(eff_layer_memoize(d.layer), provide_later, eff_effect_value(e));
    case 3: return eff_timeout(eff_provide(e, d.layer), eff_millis(below(3)));
    case 4: return eff_provide(eff_then(eff_layer_invalidate(drawn_identity()), e), d.layer);
    case 5: return eff_race(eff_provide(e, d.layer), eff_layer_invalidate(drawn_identity()));
    default: return eff_provide(e, d.layer);
    }
}

#endif
