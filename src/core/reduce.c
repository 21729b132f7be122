/* Loops over items that are made of for_each: reduce, find_first, drop_while, replicate.
 *
 * What one run of reduce or drop_while has come to is kept in a counted state that its items share as their
 * environment; the description, which may be running several times, is not touched.
 */
#include <effect/loop.h>

#include <effect/transform.h>

#include "core/build.h"
#include "core/collection.h"

/* ---- one run */

struct run {
    eff_value_t plan; /* the builder's closure, owned: its env is pair(items, the user's), reduce's user's a pair too */
    eff_value_t v;    /* reduce: what it has come to, owned. drop_while: the item that f was asked about, borrowed */
    size_t n;         /* reduce: items begun. drop_while: items dropped */
    bool kept;        /* drop_while: an item was not dropped */
};

static void reduce_drop(void *payload)
{
    struct run *run = payload;
    eff_value_decref(run->plan);
    eff_value_decref(run->v);
}

static void dropping_drop(void *payload)
{
    eff_value_decref(((struct run *)payload)->plan);
}

static const eff_type_t reduce_type = {
    .size = sizeof(struct run), .name = "run", .drop = reduce_drop, .flags = EFF_TYPE_COUNTED
};
static const eff_type_t dropping_type = {
    .size = sizeof(struct run), .name = "run", .drop = dropping_drop, .flags = EFF_TYPE_COUNTED
};

/* A run of the closure `plan`, of which it takes a reference. Consumes v. */
static eff_value_t run_new(const eff_type_t *type, eff_value_t plan, eff_value_t v)
{
    struct run *run = eff__payload_alloc(type, sizeof *run);
    if (!run) {
        eff_value_decref(v);
        return eff_oom_value();
    }
    *run = (struct run){ .plan = eff_value_incref(plan), .v = v };
    return (eff_value_t){ .type = type, .ptr = run };
}

/* for_each over the items of the closure `plan`, every item's f being given the run; then finish. Consumes run. */
static eff_t *each_then(uint8_t flags, eff_value_t plan, eff_bind_fn f, eff_map_fn finish, eff_value_t run)
{
    const struct eff__closure *c = eff__closure_of(plan);
    eff_value_t run_again = eff_value_incref(run);
    eff_t *each = eff__each_node(flags, c->site, c->builder, eff_value_incref(eff_first(c->env)), f, run, 1);
    return eff_map_at(c->site, each, finish, run_again);
}

/* ---- reduce */

static eff_value_t keep_result(eff_value_t v, eff_value_t env)
{
    struct run *run = env.ptr;
    eff_value_t before = run->v;
    run->v = eff_value_incref(v);
    eff_value_decref(before);
    return eff_unit;
}

static eff_t *reduce_item(eff_value_t item, eff_value_t env)
{
    struct run *run = env.ptr;
    const struct eff__closure *c = eff__closure_of(run->plan);
    eff_value_t users = eff_second(eff_second(c->env));
    eff_t *e = ((eff_reduce_fn)c->fn)(run->v, item, run->n++, users);
    return e ? eff_map_at(c->site, e, keep_result, eff_value_incref(env)) : NULL;
}

static eff_value_t reduced(eff_value_t v, eff_value_t env)
{
    (void)v;
    return eff_value_incref(((struct run *)env.ptr)->v);
}

static eff_t *start_reduce(eff_value_t plan)
{
    eff_value_t initial = eff_first(eff_second(eff__closure_of(plan)->env));
    eff_value_t run = run_new(&reduce_type, plan, eff_value_incref(initial));
    return each_then(EFF__DISCARD, plan, reduce_item, reduced, run);
}

eff_t *eff_reduce_at(eff_site_t site, eff_value_t items, eff_value_t initial, eff_reduce_fn f, eff_value_t env)
{
    static const char builder[] = "eff_reduce";
    if (!f || !eff__value_usable(items) || !eff__value_usable(initial) || !eff__value_usable(env))
        return eff__refuse_values(site, builder, f != NULL, 3, (eff_value_t[]){ items, initial, env });
    eff_value_t closure = eff__closure_new((struct eff__closure){
        .builder = builder, .site = site, .fn = (eff_any_fn)f, .env = eff_pair(items, eff_pair(initial, env)) });
    return eff__call_node(EFF__OP_SUSPEND, site, builder, (eff_any_fn)start_reduce, closure);
}

/* ---- find_first: no state; the loop itself stops at the first some */

static eff_value_t some_if(eff_value_t matches, eff_value_t item)
{
    return eff__condition_of(matches, "eff_find_first") ? eff_some(eff_value_incref(item)) : eff_none();
}

static eff_t *find_item(eff_value_t item, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_t *e = ((eff_bind_fn)c->fn)(item, c->env);
    return e ? eff_map_at(c->site, e, some_if, eff_value_incref(item)) : NULL;
}

eff_t *eff_find_first_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env)
{
    static const char builder[] = "eff_find_first";
    uint8_t flags = EFF__DISCARD | EFF__FIRST;
    if (!f) return eff__each_node(flags, site, builder, items, NULL, env, 1);
    eff_value_t closure =
        eff__closure_new((struct eff__closure){ .builder = builder, .site = site, .fn = (eff_any_fn)f, .env = env });
    return eff__each_node(flags, site, builder, items, find_item, closure, 1);
}

/* ---- drop_while: for_each over all items, of whose results those of the dropped ones are left out in the end */

static eff_value_t drop_or_keep(eff_value_t drops, eff_value_t env)
{
    struct run *run = env.ptr;
    run->kept = !eff__condition_of(drops, "eff_drop_while");
    if (run->kept) return eff_value_incref(run->v);
    run->n++;
    return eff_unit;
}

static eff_t *ask_about(eff_value_t item, eff_value_t env)
{
    struct run *run = env.ptr;
    const struct eff__closure *c = eff__closure_of(run->plan);
    if (run->kept) return eff_succeed_at(NULL, eff_value_incref(item));
    run->v = item; /* the loop keeps it until its effect has ended */
    eff_t *e = ((eff_bind_fn)c->fn)(item, eff_second(c->env));
    return e ? eff_map_at(c->site, e, drop_or_keep, eff_value_incref(env)) : NULL;
}

static eff_value_t without_dropped(eff_value_t results, eff_value_t env)
{
    size_t n_dropped = ((const struct run *)env.ptr)->n, n = eff_array_size(results) - n_dropped;
    eff_value_t *items, rest = eff__array_new(n, &items);
    for (size_t i = 0; items && i < n; i++)
        items[i] = eff_value_incref(eff_array_at(results, n_dropped + i));
    return rest;
}

static eff_t *start_drop_while(eff_value_t plan)
{
    return each_then(0, plan, ask_about, without_dropped, run_new(&dropping_type, plan, eff_unit));
}

eff_t *eff_drop_while_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env)
{
    static const char builder[] = "eff_drop_while";
    if (!f || !eff__value_usable(items) || !eff__value_usable(env))
        return eff__refuse_values(site, builder, f != NULL, 2, (eff_value_t[]){ items, env });
    eff_value_t closure = eff__closure_new(
        (struct eff__closure){ .builder = builder, .site = site, .fn = (eff_any_fn)f, .env = eff_pair(items, env) });
    return eff__call_node(EFF__OP_SUSPEND, site, builder, (eff_any_fn)start_drop_while, closure);
}

/* ---- replicate */

eff_t *eff_replicate_at(eff_site_t site, eff_t *e, int64_t n)
{
    static const char builder[] = "eff_replicate";
    if (!eff__effect_usable(e)) return eff__refuse_bind(site, builder, e, true, eff_unit);
    eff_value_t env = { .type = &eff_effect_type, .ptr = e };
    return eff__each_node(0, site, builder, eff_range(0, n > 0 ? n : 0), eff__run_env, env, 1);
}
