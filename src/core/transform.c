/* The builders of transform.h. map and flat_map are nodes; the others are those nodes with callbacks of the
 * library's. */
#include <effect/transform.h>

#include <stdio.h>
#include <string.h>

#include <effect/type.h>

#include "core/build.h"
#include "core/misuse.h"

eff_t *eff_map_at(eff_site_t site, eff_t *e, eff_map_fn f, eff_value_t env)
{
    static const struct eff__shape shape = { EFF__OP_MAP, 0, "eff_map" };
    eff_t *node = eff__bind_at_once(&shape, site, e, (eff_any_fn)f, env);
    return node ? node : eff__bind_shaped(site, e, (eff_any_fn)f, env, &shape);
}

eff_t *eff_flat_map_at(eff_site_t site, eff_t *e, eff_bind_fn f, eff_value_t env)
{
    static const struct eff__shape shape = { EFF__OP_FLAT_MAP, 0, "eff_flat_map" };
    eff_t *node = eff__bind_at_once(&shape, site, e, (eff_any_fn)f, env);
    return node ? node : eff__bind_shaped(site, e, (eff_any_fn)f, env, &shape);
}

eff_t *eff_map_to_at(eff_site_t site, eff_t *e, eff_value_t v)
{
    static const struct eff__shape shape = { EFF__OP_MAP, 0, "eff_map_to" };
    eff_t *node = eff__bind_at_once(&shape, site, e, (eff_any_fn)eff__return_env, v);
    return node ? node : eff__bind_shaped(site, e, (eff_any_fn)eff__return_env, v, &shape);
}

eff_t *eff_then_at(eff_site_t site, eff_t *first, eff_t *second)
{
    return eff__derived_pair(EFF__OP_FLAT_MAP, site, "eff_then", first, (eff_any_fn)eff__run_env, second);
}

/* ---- tap */

static eff_t *run_tap(eff_value_t v, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_t *e = ((eff_bind_fn)c->fn)(v, c->env);
    return e ? eff_map_to_at(c->site, e, eff_value_incref(v)) : NULL;
}

eff_t *eff_tap_at(eff_site_t site, eff_t *e, eff_bind_fn f, eff_value_t env)
{
    if (!f) return eff__refuse_bind(site, "eff_tap", e, false, env);
    return eff__derived_bind(EFF__OP_FLAT_MAP, e, (eff_any_fn)run_tap,
                             (struct eff__closure){
                                 .builder = "eff_tap", .site = site, .fn = (eff_any_fn)f, .env = env });
}

/* ---- zip */

static eff_value_t pair_with_env(eff_value_t second, eff_value_t first)
{
    return eff_pair(eff_value_incref(first), eff_value_incref(second));
}

static eff_t *zip_second(eff_value_t first, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return eff_map_at(c->site, eff_incref(c->effect), pair_with_env, eff_value_incref(first));
}

eff_t *eff_zip_at(eff_site_t site, eff_t *a, eff_t *b)
{
    if (!eff__effect_usable(a) || !eff__effect_usable(b)) return eff__refuse_two(site, "eff_zip", a, b);
    return eff__derived_bind(EFF__OP_FLAT_MAP, a, (eff_any_fn)zip_second,
                             (struct eff__closure){ .builder = "eff_zip", .site = site, .effect = b, .env = eff_unit });
}

/* ---- zip_with */

/* env: the pair of the first value and the closure. */
static eff_value_t combine(eff_value_t second, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(eff_second(env));
    return ((eff_zip_fn)c->fn)(eff_first(env), second, c->env);
}

static eff_t *zip_with_second(eff_value_t first, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_value_t first_and_closure = eff_pair(eff_value_incref(first), eff_value_incref(env));
    return eff_map_at(c->site, eff_incref(c->effect), combine, first_and_closure);
}

eff_t *eff_zip_with_at(eff_site_t site, eff_t *a, eff_t *b, eff_zip_fn f, eff_value_t env)
{
    if (!eff__effect_usable(a) || !eff__effect_usable(b) || !f)
        return eff__refuse(site, "eff_zip_with", 2, (eff_t *[]){ a, b }, f != NULL, env);
    return eff__derived_bind(
        EFF__OP_FLAT_MAP, a, (eff_any_fn)zip_with_second,
        (struct eff__closure){ .builder = "eff_zip_with", .site = site, .fn = (eff_any_fn)f, .effect = b, .env = env });
}

/* ---- when, unless */

static eff_t *run_if(bool holds, const struct eff__closure *c)
{
    if (!holds) return eff_succeed_at(NULL, eff_none());
    return eff_map_at(c->site, eff_incref(c->effect), eff__return_some, eff_unit);
}

static eff_t *run_when(eff_value_t condition, eff_value_t env)
{
    return run_if(eff__condition_of(condition, "eff_when"), eff__closure_of(env));
}

static eff_t *run_unless(eff_value_t condition, eff_value_t env)
{
    return run_if(!eff__condition_of(condition, "eff_unless"), eff__closure_of(env));
}

static eff_t *conditional(eff_site_t site, const char *builder, eff_t *condition, eff_t *e, eff_bind_fn decide)
{
    if (!eff__effect_usable(condition) || !eff__effect_usable(e)) return eff__refuse_two(site, builder, condition, e);
    return eff__derived_bind(EFF__OP_FLAT_MAP, condition, (eff_any_fn)decide,
                             (struct eff__closure){ .builder = builder, .site = site, .effect = e, .env = eff_unit });
}

eff_t *eff_when_at(eff_site_t site, eff_t *condition, eff_t *e)
{
    return conditional(site, "eff_when", condition, e, run_when);
}

eff_t *eff_unless_at(eff_site_t site, eff_t *condition, eff_t *e)
{
    return conditional(site, "eff_unless", condition, e, run_unless);
}

/* ---- forever: each round is one node, made when the round before it has ended */

static eff_t *next_round(eff_value_t v, eff_value_t env)
{
    (void)v;
    const struct eff__closure *c = eff__closure_of(env);
    return eff_flat_map_at(c->site, eff_incref(c->effect), next_round, eff_value_incref(env));
}

static eff_t *first_round(eff_value_t env)
{
    return next_round(eff_unit, env);
}

eff_t *eff_forever_at(eff_site_t site, eff_t *e)
{
    if (!eff__effect_usable(e)) return eff__refuse_bind(site, "eff_forever", e, true, eff_unit);
    eff_value_t closure =
        eff__closure_new((struct eff__closure){ .builder = "eff_forever", .site = site, .effect = e, .env = eff_unit });
    return eff__call_node(EFF__OP_SUSPEND, site, "eff_forever", (eff_any_fn)first_round, closure);
}

/* ---- into */

eff_value_t eff__store(eff_value_t v, eff_value_t env)
{
    eff_value_t *slot = env.ptr, old = *slot;
    *slot = eff_value_incref(v);
    eff_value_decref(old);
    return eff_unit;
}

eff_t *eff_into_at(eff_site_t site, eff_t *e, eff_value_t *slot)
{
    if (!slot) return eff__refuse_null(site, "eff_into", 2, e, eff_unit);
    return eff__bind_node(EFF__OP_MAP, 0, site, "eff_into", e, (eff_any_fn)eff__store, eff_ptr(slot));
}

/* The slot is a `T **` of the user's, whatever T is; memcpy is how to get at it without pretending it is a `void
 * **`. */
static eff_value_t store_typed(eff_value_t v, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    const eff_type_t *type = c->key;
    if (v.type != type) {
        eff__misuse_of(v, "%s_into got a value of type %s", type->name, eff_type_of(v)->name);
        return eff_unit;
    }
    void *old, *payload = eff__payload_incref(v.ptr);
    memcpy(&old, c->env.ptr, sizeof old);
    memcpy(c->env.ptr, &payload, sizeof payload);
    eff__payload_decref(type, old);
    return eff_unit;
}

eff_t *eff__into_at(eff_site_t site, eff_t *effect, const eff_type_t *type, void **slot)
{
    if (!slot) {
        char builder[128];
        snprintf(builder, sizeof builder, "%s_into", type->name);
        return eff__refuse_null(site, builder, 2, effect, eff_unit);
    }
    return eff__derived_bind(EFF__OP_MAP, effect, (eff_any_fn)store_typed,
                             (struct eff__closure){
                                 .builder = "eff_into", .site = site, .key = type, .env = eff_ptr(slot) });
}
