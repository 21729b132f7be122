/* The code that docs/layers.md shows and no example has, compiled and run. */
#include <errno.h>
#include <string.h>

#include "support/case.h"

typedef struct pool {
    const char *host;
} pool_t;
EFF_DECLARE_SERVICE(pool, pool_t);
EFF_DEFINE_SERVICE(pool, pool_t);

typedef struct cache {
    const char *kind;
} cache_t;
EFF_DECLARE_SERVICE(cache, cache_t);
EFF_DEFINE_SERVICE(cache, cache_t);

static struct world *world; /* of the run; layers are static, so they find it here */

/* ---- a layer for each key */

EFF_STATIC_TYPE(open_pool, pool_t);

static eff_t *connect_to(eff_value_t host)
{
    pool_t pool = { eff_as_string(host) }; /* the key lives as long as the layer's services */
    return eff_then(say(world, "+"), eff_succeed(open_pool_make(pool)));
}
static void disconnect(pool_t *pool)
{
    (void)pool;
    journal_add(world, "-");
}
eff_layer_t *pool_at(eff_value_t key);
EFF_DEFINE_KEYED_LAYER(pool_at, pool, pool_t, connect_to, disconnect, EFF_NO_NEEDS);

static eff_t *say_host(pool_t *pool, eff_value_t env)
{
    return say(eff_as_ptr(env), pool->host);
}
static eff_t *both_hosts(struct world *w)
{
    world = w;
    eff_t *first = eff_provide(pool_with(say_host, eff_ptr(w)), pool_at(eff_literal("db1")));
    eff_t *second = eff_provide(pool_with(say_host, eff_ptr(w)), pool_at(eff_literal("db2")));
    eff_t *third = eff_provide(pool_with(say_host, eff_ptr(w)), pool_at(eff_string("db1")));
    return eff_then(first, eff_then(second, third));
}
CASE(a_keyed_layer_has_a_service_for_each_key, both_hosts, .succeeds = "unit", .journal = "+ db1 - + db2 - + db1 -")

/* ---- when building fails */

static cache_t in_memory = { "memory" };
static eff_layer_t *memory_cache(void)
{
    return eff_layer_succeed(&cache_tag, cache_value(&in_memory));
}
static eff_t *connect_cache(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_then(say_time(w, "try"), eff_fail(eff_error_errno(ECONNREFUSED, "connect to the cache")));
}
static eff_layer_t *redis_cache(struct world *w)
{
    return eff_layer_effect(&cache_tag, eff_suspend(connect_cache, eff_ptr(w)), EFF_NO_NEEDS);
}
static eff_layer_t *patient_cache(struct world *w)
{
    eff_layer_t *redis = eff_layer_retry(redis_cache(w), eff_schedule_exponential(eff_millis(100), 2));
    return eff_layer_or_else(redis, memory_cache());
}
static eff_layer_t *patient_for_a_second(struct world *w)
{
    eff_schedule_t *schedule = eff_schedule_up_to(eff_schedule_spaced(eff_millis(400)), eff_seconds(1));
    return eff_layer_or_else(eff_layer_retry(redis_cache(w), schedule), memory_cache());
}
static eff_t *say_kind(cache_t *cache, eff_value_t env)
{
    return say(eff_as_ptr(env), cache->kind);
}
static eff_t *falls_back(struct world *w)
{
    return eff_provide(cache_with(say_kind, eff_ptr(w)), patient_for_a_second(w));
}
CASE(another_layer_takes_the_place_of_one_that_cannot_be_built, falls_back, .succeeds = "unit",
     .journal = "try@0 try@400 try@800 try@1200 memory")

static eff_t *is_patient(struct world *w)
{
    eff_t *e = eff_provide(cache_with(say_kind, eff_ptr(w)), patient_cache(w));
    return eff_timeout(e, eff_millis(1000));
}
CASE(a_layer_is_tried_with_growing_pauses, is_patient, .succeeds = "none", .journal = "try@0 try@100 try@300 try@700")

/* ---- longer than one expression */

static eff_t *serve_with(eff_value_t services, eff_value_t env)
{
    eff_t *one = eff_provide_context(pool_with(say_host, env), eff_context_incref(eff_as_context(services)));
    eff_t *two = eff_provide_context(pool_with(say_host, env), eff_context_incref(eff_as_context(services)));
    return eff_then(one, two);
}
static eff_t *built_once(struct world *w)
{
    world = w;
    eff_t *e = eff_flat_map(eff_layer_build(pool_at(eff_literal("db1"))), serve_with, eff_ptr(w));
    return eff_scoped(e); /* releases them as it closes */
}
CASE(what_is_built_into_a_scope_lives_as_long_as_that, built_once, .succeeds = "unit", .journal = "+ db1 db1 -")

TESTS(a_keyed_layer_has_a_service_for_each_key, another_layer_takes_the_place_of_one_that_cannot_be_built,
      a_layer_is_tried_with_growing_pauses, what_is_built_into_a_scope_lives_as_long_as_that)
