/* An application of layers: settings, which a logger and a pool are made of, two services over the pool, and the shop
 * over both. One expression wires them, in any order. It is checked and drawn before anything is built; built twice, once
 * with wrong settings; and tested with doubles. With the argument --dot it prints the graph for Graphviz. */
#include <effect/effect.h>
#include <effect/test.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- the services; in a larger program, a header each */

typedef struct settings {
    const char *shop;
    const char *db_url;
} settings_t;
EFF_DECLARE_CONFIG(settings, settings_t); /* declares settings_live, too */
eff_layer_t *logger_live(void);

typedef struct pool pool_t;
struct pool {
    eff_t *(*query)(pool_t *pool, const char *table, int64_t id);
};
EFF_DECLARE_SERVICE(pool, pool_t);
eff_layer_t *pool_live(void);

typedef struct users users_t;
struct users {
    eff_t *(*name)(users_t *users, int64_t id);
};
EFF_DECLARE_SERVICE(users, users_t);
eff_layer_t *users_live(void);

typedef struct orders orders_t;
struct orders {
    eff_t *(*item)(orders_t *orders, int64_t id);
    eff_t *(*cancel)(orders_t *orders, int64_t id);
};
EFF_DECLARE_SERVICE(orders, orders_t);
eff_layer_t *orders_live(void);

typedef struct shop {
    users_t *users;
    orders_t *orders;
} shop_t;
EFF_DECLARE_SERVICE(shop, shop_t);
eff_layer_t *shop_live(void);

/* ---- settings: read from a Config, whatever that reads from */

static const eff_config_field_t fields[] = {
    EFF_CONFIG_STRING(settings_t, shop, "shop.name", .otherwise = "the shop"),
    EFF_CONFIG_STRING(settings_t, db_url, "db.url"),
};
EFF_DEFINE_CONFIG(settings, settings_t, fields);

/* ---- the logger: lines that begin with the shop's name */

struct shop_logger {
    eff_logger_t logger; /* first, so that the whole, as a value, is the service */
    const char *shop;    /* the settings live as long as the logger, which needs them */
};
EFF_STATIC_TYPE(shop_logger, struct shop_logger);

static eff_t *write_line(eff_logger_t *logger, const eff_log_record_t *record)
{
    struct shop_logger *self = EFF_CONTAINER_OF(logger, struct shop_logger, logger);
    return eff_print_line(eff_printf("[%s] %s", self->shop, eff_as_string(record->message)));
}
static eff_t *make_logger(settings_t *settings, eff_value_t env)
{
    (void)env;
    eff_logger_t logger = { .size = sizeof logger, .log = write_line };
    return eff_succeed(shop_logger_make((struct shop_logger){ logger, settings->shop }));
}
static eff_t *open_logger(void)
{
    return settings_with(make_logger, eff_unit);
}
EFF_DEFINE_LAYER(logger_live, eff_logger, eff_logger_t, open_logger, NULL, &settings_tag);

/* ---- the pool: connects when it is built, says goodbye when it is released */

struct live_pool {
    pool_t pool;
    const char *url;
};
EFF_STATIC_TYPE(live_pool, struct live_pool);
EFF_DEFINE_SERVICE(pool, pool_t);

static eff_t *query(pool_t *pool, const char *table, int64_t id)
{
    (void)pool;
    return eff_delay(eff_succeed(eff_printf("%s %" PRId64, table, id)), eff_millis(1));
}
static eff_t *connect_to(settings_t *settings, eff_value_t env)
{
    (void)env;
    if (strncmp(settings->db_url, "db://", 5) != 0)
        return eff_fail(eff_error(&eff_config_error, 0, "db.url is no database: %s", settings->db_url));
    eff_value_t pool = live_pool_make((struct live_pool){ { query }, settings->db_url });
    return eff_map_to(eff_log_info("connected to %s", settings->db_url), pool);
}
static eff_t *open_pool(void)
{
    return settings_with(connect_to, eff_unit);
}
static eff_t *say_goodbye(pool_t *pool)
{
    eff_t *e = eff_log_info("disconnecting from %s", EFF_CONTAINER_OF(pool, struct live_pool, pool)->url);
    return eff_timeout(e, eff_seconds(1)); /* however the database fares, the program ends */
}
EFF_DEFINE_POLITE_LAYER(pool_live, pool, pool_t, open_pool, say_goodbye, NULL, &settings_tag, &eff_logger_tag);

/* ---- two services over it */

struct live_users {
    users_t users;
    pool_t *pool;
};
EFF_STATIC_TYPE(live_users, struct live_users);
EFF_DEFINE_SERVICE(users, users_t);

static eff_t *find_name(users_t *users, int64_t id)
{
    pool_t *pool = EFF_CONTAINER_OF(users, struct live_users, users)->pool;
    return EFF_CALL(pool, query, pool, "user", id);
}
static eff_t *make_users(pool_t *pool, eff_value_t env)
{
    (void)env;
    return eff_succeed(live_users_make((struct live_users){ { find_name }, pool }));
}
static eff_t *open_users(void)
{
    return pool_with(make_users, eff_unit);
}
EFF_DEFINE_LAYER(users_live, users, users_t, open_users, NULL, &pool_tag);

struct live_orders {
    orders_t orders;
    pool_t *pool;
};
EFF_STATIC_TYPE(live_orders, struct live_orders);
EFF_DEFINE_SERVICE(orders, orders_t);

static eff_t *find_item(orders_t *orders, int64_t id)
{
    pool_t *pool = EFF_CONTAINER_OF(orders, struct live_orders, orders)->pool;
    return EFF_CALL(pool, query, pool, "order", id);
}
static eff_t *make_orders(pool_t *pool, eff_value_t env)
{
    (void)env;
    return eff_succeed(live_orders_make((struct live_orders){ { .item = find_item }, pool }));
}
static eff_t *open_orders(void)
{
    return pool_with(make_orders, eff_unit);
}
EFF_DEFINE_LAYER(orders_live, orders, orders_t, open_orders, NULL, &pool_tag);

/* ---- the application */

EFF_STATIC_TYPE(live_shop, shop_t);
EFF_DEFINE_SERVICE(shop, shop_t);

static eff_t *make_shop(eff_value_t context, eff_value_t env)
{
    (void)env;
    eff_context_t *c = eff_as_context(context);
    return eff_succeed(live_shop_make((shop_t){ users_from(c), orders_from(c) }));
}
static eff_t *open_shop(void)
{
    return eff_flat_map(eff_context(), make_shop, eff_unit);
}
EFF_DEFINE_LAYER(shop_live, shop, shop_t, open_shop, NULL, &users_tag, &orders_tag);

static eff_value_t bill(eff_value_t user, eff_value_t order, eff_value_t env)
{
    (void)env;
    return eff_printf("%s pays for %s", eff_as_string(user), eff_as_string(order));
}
static eff_t *make_bill(shop_t *shop, eff_value_t id)
{
    eff_t *user = EFF_CALL(users, name, shop->users, eff_as_int(id));
    eff_t *order = EFF_CALL(orders, item, shop->orders, eff_as_int(id));
    return eff_zip_par_with(user, order, bill, eff_unit);
}
static eff_t *program(void)
{
    return eff_flat_map(shop_with(make_bill, eff_int(7)), eff_print_value, eff_unit);
}

/* All of it, in any order. */
static eff_layer_t *application(const char *json)
{
    return eff_layer_wire(shop_live(), users_live(), orders_live(), pool_live(), logger_live(), settings_live(),
                          eff_config_json_text("shop.json", json));
}

/* ---- doubles: the shop without a database */

static eff_t *ada(users_t *users, int64_t id)
{
    (void)users, (void)id;
    return eff_succeed(eff_literal("ada"));
}
static eff_t *tea(orders_t *orders, int64_t id)
{
    (void)orders, (void)id;
    return eff_succeed(eff_literal("tea"));
}
static bool test_program(void)
{
    users_t fake_users = { ada };
    orders_t fake_orders = { .item = tea }; /* nothing is cancelled in this test */
    eff_layer_t *doubles = eff_layer_merge(eff_layer_succeed(&users_tag, users_value(&fake_users)),
                                           eff_layer_succeed(&orders_tag, orders_value(&fake_orders)));
    eff_t *e = eff_provide(shop_with(make_bill, eff_int(1)), eff_layer_provide(shop_live(), doubles));
    eff_exit_t exit = eff_test_run(e);
    bool passed = exit.ok && strcmp(eff_as_string(exit.value), "ada pays for tea") == 0;
    printf("the test %s\n", passed ? "passed" : "failed");
    eff_exit_decref(exit);
    return passed;
}

/* ---- looking at it */

static size_t look(bool as_graph)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_layer_t *layer = application("{}"), *without = eff_layer_wire(shop_live(), users_live(), pool_live());
    size_t n_problems = eff_layer_check(layer, EFF_TAGS(&shop_tag), &text);
    if (as_graph) {
        eff_layer_to_dot(layer, &text);
    } else {
        eff_layer_describe(layer, &text);
        eff_buffer_add(&text, "without some:\n");
        (void)eff_layer_check(without, EFF_TAGS(&shop_tag), &text);
    }
    printf("%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_layer_decref(layer);
    eff_layer_decref(without);
    return n_problems;
}

static eff_t *print_cause(const eff_cause_t *cause, eff_value_t env)
{
    (void)env;
    return eff_print_line(eff_cause_value(eff_cause_incref(cause)));
}

int main(int argc, char **argv)
{
    bool as_graph = argc > 1 && strcmp(argv[1], "--dot") == 0;
    if (look(as_graph) > 0) return 1;
    if (as_graph) return 0;
    if (!test_program()) return 1;
    eff_t *wrong = eff_provide(program(), application("{ \"db\": { \"url\": \"http://localhost\" } }"));
    eff_t *right = eff_provide(program(), application("{ \"db\": { \"url\": \"db://localhost\" } }"));
    return eff_main(eff_then(eff_catch_cause(wrong, print_cause, eff_unit), right));
}

/* expected output:
wire (30_layers.c:...): provides shop, users, orders, pool, eff_logger, settings, eff_config
  shop_live: provides shop; needs users (by users_live), orders (by orders_live)
  users_live: provides users; needs pool (by pool_live)
  orders_live: provides orders; needs pool (by pool_live)
  pool_live: provides pool; needs settings (by settings_live), eff_logger (by logger_live)
  logger_live: provides eff_logger; needs settings (by settings_live)
  settings_live: provides settings; needs eff_config (by eff_config_json_text (30_layers.c:...))
  eff_config_json_text (30_layers.c:...): provides eff_config
without some:
nobody here provides orders, which shop_live needs; add a layer that does
nobody here provides settings, which pool_live needs; add a layer that does
the test passed
error: configuration: db.url is no database: http://localhost
  at 30_layers.c:...
  at settings_with (declared at 30_layers.c:...)
  at 30_layers.c:...
  at print_cause (30_layers.c:...)
  forked as "pool_live" at 30_layers.c:...
  note: layer pool_live could not be built, needed by users_live, needed by shop_live
[the shop] connected to db://localhost
user 7 pays for order 7
[the shop] disconnecting from db://localhost
*/
