/* Layers that cannot be built, and those for which fibers wait. */
#include <errno.h>
#include <string.h>

#include "messages/messages.h"

#line 1 "app.c"
typedef struct part {
    const char *name;
} part_t;
EFF_DECLARE_SERVICE(pool, part_t);
EFF_DEFINE_SERVICE(pool, part_t);
EFF_DECLARE_SERVICE(users, part_t);
EFF_DEFINE_SERVICE(users, part_t);
EFF_DECLARE_SERVICE(app, part_t);
EFF_DEFINE_SERVICE(app, part_t);
static part_t the_part = { "part" };

static eff_t *connect_pool(void)
{
    errno = ECONNREFUSED;
    return eff_fail_errno("connect to %s", "db.internal:5432");
}
static eff_t *open_users(void)
{
    return eff_succeed(users_value(&the_part));
}
static eff_t *open_app(void)
{
    return eff_succeed(app_value(&the_part));
}
eff_layer_t *pool_live(void);
EFF_DEFINE_LAYER(pool_live, pool, part_t, connect_pool, NULL, EFF_NO_NEEDS);
eff_layer_t *users_live(void);
EFF_DEFINE_LAYER(users_live, users, part_t, open_users, NULL, &pool_tag);
eff_layer_t *app_live(void);
EFF_DEFINE_LAYER(app_live, app, part_t, open_app, NULL, &users_tag);

#line 1 "build.c"
static eff_t *layer_fails(void)
{
    return eff_provide(eff_noop(), eff_layer_wire(app_live(), pool_live(), users_live()));
}

static eff_layer_t *layers[2];
static eff_layer_t *other_layer(eff_value_t i)
{
    return eff_layer_incref(layers[eff_as_int(i)]);
}
static eff_t *layers_in_a_circle(void)
{
    layers[0] = eff_layer_suspend(other_layer, eff_int(1));
    layers[1] = eff_layer_suspend(other_layer, eff_int(0));
    return eff_provide(eff_noop(), eff_layer_incref(layers[0]));
}

static eff_t *open_stuck(void)
{
    return eff_never();
}
eff_layer_t *pool_stuck(void);
EFF_DEFINE_LAYER(pool_stuck, pool, part_t, open_stuck, NULL, EFF_NO_NEEDS);
static eff_t *layer_stuck(void)
{
    return eff_provide(eff_noop(), eff_layer_provide(users_live(), pool_stuck()));
}

#line 1 "server.c"
/* A source of the configuration that cannot be read, in front of which others stand. */
static eff_t *library_layer_fails(void)
{
    eff_layer_t *sources =
        eff_config_or_else(eff_config_memory("host=here"), eff_config_json_text("app.json", "{ host }"));
    eff_t *open = eff_config_string("pool.url");
    eff_layer_t *pool = eff_layer_named(eff_layer_effect(&pool_tag, open, &eff_config_tag), "main pool");
    return eff_provide(eff_noop(), eff_layer_wire(users_live(), pool, sources));
}

static eff_layer_t *choose_pool(eff_value_t which, eff_value_t env)
{
    (void)env;
    return strcmp(eff_as_string(which), "live") == 0 ? pool_live() : pool_stuck();
}
static eff_layer_t *chosen_pool(void)
{
    return eff_layer_flat_map(eff_config_string("pool"), choose_pool, eff_unit, EFF_TAGS(&pool_tag), &eff_config_tag);
}
static eff_t *chosen_layer_fails(void)
{
    return eff_provide(eff_noop(), eff_layer_wire(users_live(), chosen_pool(), eff_config_memory("pool=live")));
}

static eff_layer_t *choose_users(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return users_live();
}
static eff_t *chosen_layer_needs(void)
{
    eff_layer_t *users = eff_layer_flat_map(eff_noop(), choose_users, eff_unit, EFF_TAGS(&users_tag), EFF_NO_NEEDS);
    return eff_provide(eff_noop(), users);
}

const struct message layer_messages[] = {
    { "layer_fails", .program = layer_fails },
    { "layers_in_a_circle", .program = layers_in_a_circle },
    { "layer_stuck", .program = layer_stuck },
    { "library_layer_fails", .program = library_layer_fails },
    { "chosen_layer_fails", .program = chosen_layer_fails },
    { "chosen_layer_needs", .program = chosen_layer_needs },
    { .name = NULL },
};
