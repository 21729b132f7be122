/* For tests of layers: services whose building, use and release are seen in the journal, and layers of them.
 *
 * Each says "name+" when it is opened and "name-" when it is closed; to be used, or built upon, after that is an error of
 * the run, whatever was done to it. */
#ifndef TESTS_SUPPORT_LAYERS_H
#define TESTS_SUPPORT_LAYERS_H

#include "support/fibers.h"

/* Layers have static descriptors, and their opens no arguments: they find the world here. */
static struct world *world;

/* What all services are. */
typedef struct part {
    struct world *w;
    const char *name;
    bool closed;
} part_t;
EFF_STATIC_TYPE(part_box, part_t);

static inline void assert_open(const part_t *p)
{
    ck_assert_msg(!p->closed, "%s is used, and was released", p->name);
}

/* Checks that the cause, as people read it, has a piece. */
static inline void assert_told(const eff_exit_t *exit, const char *piece)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    ck_assert(!exit->ok);
    eff_cause_format(exit->cause, &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), piece), "no \"%s\" in:\n%s", piece, eff_buffer_text(&text));
    eff_buffer_done(&text);
}

/* ---- opening */

/* The part is made before it counts as acquired, so that it is not lost for lack of memory. */
static inline eff_t *acquire_part(eff_value_t name)
{
    eff_value_t part = part_box_make((part_t){ world, eff_as_string(name), false });
    return eff_map_to(acquire(world, eff_as_string(name)), part);
}
static inline eff_t *open_part(const char *name)
{
    return eff_suspend(acquire_part, eff_literal(name));
}
static inline eff_t *open_upon(part_t *base, eff_value_t name)
{
    assert_open(base);
    return open_part(eff_as_string(name));
}
static inline void close_part(part_t *p)
{
    assert_open(p);
    p->closed = true;
    release(eff_literal(p->name), NULL, eff_ptr(p->w));
}

/* ---- using */

static inline eff_t *use_part(part_t *p, eff_value_t env)
{
    (void)env;
    assert_open(p);
    return say(p->w, p->name);
}

/* ---- the services: `config`, `pool` upon it, `users` and `orders` upon that */

EFF_DECLARE_SERVICE(config, part_t);
EFF_DEFINE_SERVICE(config, part_t);
EFF_DECLARE_SERVICE(pool, part_t);
EFF_DEFINE_SERVICE(pool, part_t);
EFF_DECLARE_SERVICE(users, part_t);
EFF_DEFINE_SERVICE(users, part_t);
EFF_DECLARE_SERVICE(orders, part_t);
EFF_DEFINE_SERVICE(orders, part_t);

static inline eff_t *use_config(void)
{
    return config_with(use_part, eff_unit);
}
static inline eff_t *use_pool(void)
{
    return pool_with(use_part, eff_unit);
}
static inline eff_t *use_users(void)
{
    return users_with(use_part, eff_unit);
}
static inline eff_t *use_orders(void)
{
    return orders_with(use_part, eff_unit);
}

static inline eff_t *open_config(void)
{
    return open_part("config");
}
static inline eff_t *open_pool(void)
{
    return config_with(open_upon, eff_literal("pool"));
}
static inline eff_t *open_users(void)
{
    return pool_with(open_upon, eff_literal("users"));
}
static inline eff_t *open_orders(void)
{
    return pool_with(open_upon, eff_literal("orders"));
}
EFF_MAYBE_UNUSED static eff_layer_t *config_live(void);
EFF_MAYBE_UNUSED static eff_layer_t *pool_live(void);
EFF_MAYBE_UNUSED static eff_layer_t *users_live(void);
EFF_MAYBE_UNUSED static eff_layer_t *orders_live(void);
EFF_DEFINE_LAYER(config_live, config, part_t, open_config, close_part, EFF_NO_NEEDS);
EFF_DEFINE_LAYER(pool_live, pool, part_t, open_pool, close_part, &config_tag);
EFF_DEFINE_LAYER(users_live, users, part_t, open_users, close_part, &pool_tag);
EFF_DEFINE_LAYER(orders_live, orders, part_t, open_orders, close_part, &pool_tag);

/* One that takes a millisecond to open, and may be interrupted meanwhile. */
static inline eff_t *open_slow_config(void)
{
    return eff_then(eff_interruptible(ms(1)), open_config());
}
EFF_MAYBE_UNUSED static eff_layer_t *slow_config(void);
EFF_DEFINE_LAYER(slow_config, config, part_t, open_slow_config, close_part, EFF_NO_NEEDS);

/* One that fails. */
static inline eff_t *open_broken_pool(void)
{
    return failing(7);
}
EFF_MAYBE_UNUSED static eff_layer_t *broken_pool(void);
EFF_DEFINE_LAYER(broken_pool, pool, part_t, open_broken_pool, close_part, &config_tag);

#endif
