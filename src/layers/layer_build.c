/* Building layers: the effect that builds what is mentioned, for the scope around it, and those that use it.
 *
 * What combines layers is built inline, by whoever asks: each level is an effect made by a callback, so that no nesting
 * costs C stack. What a layer is made of is asked for in parallel, by sides, which use the scope of their caller: so all
 * is held there, in the order in which it was asked for, and released in reverse.
 *
 *     merge(a, b)           build a and b at once, then put their services together
 *     provide(a, base)      build base, then a, given what is around and base's services
 *     named(a)              build a, knowing what it is called should it fail
 *     anything else         is an instance, shared by its identity: memo.c
 */
#include "core/build.h"
#include "core/context.h"
#include "layers/memo.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

/* ---- mentions, as values */

struct eff__mention eff__mention_copy(const struct eff__mention *m)
{
    (void)eff_layer_incref(m->layer);
    (void)eff_context_incref(m->given);
    (void)eff__anchor_incref(m->anchor);
    (void)eff__chain_incref(m->chain);
    return *m;
}
void eff__mention_clear(struct eff__mention *m)
{
    eff_layer_decref(m->layer);
    eff_context_decref(m->given);
    eff__anchor_decref(m->anchor);
    eff__chain_decref(m->chain);
}
EFF_STATIC_TYPE(mention, struct eff__mention, .drop = eff__mention_clear);

static eff_value_t mention_value_of(const struct eff__mention *m)
{
    return eff__context_is_oom(m->given) ? eff_oom_value() : mention_make(eff__mention_copy(m));
}

/* The same mention, of a part. */
static struct eff__mention part_of(const struct eff__mention *m, size_t i)
{
    struct eff__mention part = *m;
    part.layer = m->layer->parts[i];
    return part;
}

static int build_run(eff_fiber_t *f, eff_t *e, bool alone);
static const struct eff__prim build_prim = { "layer_build", build_run };

eff_t *eff__build(const struct eff__mention *m)
{
    return eff__prim_node_plain(m->site, &build_prim, mention_value_of(m));
}

/* ---- combinations. Callbacks get the mention as environment, with the services around it in `given`. */

static eff_t *succeed_with(eff_context_t *services)
{
    return eff_succeed_at(NULL, eff_context_value(services));
}

static const eff_context_t *context_at(const void *contexts, size_t i)
{
    return eff_as_context(eff_array_at(*(const eff_value_t *)contexts, i));
}
static eff_value_t merged(eff_value_t contexts, eff_value_t env)
{
    (void)env;
    return eff_context_value(eff__context_merge_all(eff_array_size(contexts), context_at, &contexts));
}

static eff_t *build_merge(const struct eff__mention *m)
{
    size_t n = m->layer->n_parts;
    if (n == 0) return succeed_with(eff_context_empty());
    eff_t **sides = (eff_t **)eff__alloc(n * sizeof *sides);
    if (!sides) return eff_out_of_memory();
    for (size_t i = 0; i < n; i++) {
        struct eff__mention part = part_of(m, i);
        sides[i] = eff__build(&part);
    }
    eff_t *all = eff_all_par_at(m->site, n, sides);
    eff__free(sides, n * sizeof *sides);
    return eff_map_at(m->site, all, merged, eff_unit);
}

static eff_value_t over_base(eff_value_t services, eff_value_t base)
{
    eff_context_t *under = eff_context_incref(eff_as_context(base));
    return eff_context_value(eff_context_merge(under, eff_context_incref(eff_as_context(services))));
}

/* The base is built: now what stands on it. */
static eff_t *build_upon(eff_value_t base, eff_value_t env)
{
    const struct eff__mention *m = mention_of(env);
    struct eff__mention upper = part_of(m, 0);
    eff_context_t *over = eff_context_incref(eff_as_context(base));
    upper.given = eff_context_merge(eff_context_incref(m->given), over);
    eff_t *e = eff__build(&upper);
    eff_context_decref(upper.given);
    if (m->layer->kind == EFF__LAYER_PROVIDE) return e;
    return eff_map_at(m->site, e, over_base, eff_value_incref(base));
}

static eff_t *build_provide(const struct eff__mention *m)
{
    struct eff__mention base = part_of(m, 1);
    base.chain = eff__chain_new(m->chain, m->layer->parts[0]);
    if (!base.chain) return eff_out_of_memory();
    eff_t *e = eff__build(&base);
    eff__chain_decref(base.chain);
    return eff_flat_map_at(m->site, e, build_upon, mention_value_of(m));
}

/* With the services of the layer, those that it needs. */
static eff_t *build_passthrough(const struct eff__mention *m)
{
    struct eff__mention part = part_of(m, 0);
    struct eff__needs needs = { .n = part.layer->n_needs, .tags = part.layer->needs };
    eff_value_t under = eff_context_value(eff__context_given(m->given, &needs));
    return eff_map_at(m->site, eff__build(&part), over_base, under);
}

static eff_t *build_fresh(const eff_fiber_t *f, const struct eff__mention *m)
{
    struct eff__mention part = part_of(m, 0);
    part.fresh = eff__memo_fresh(f->rt);
    return part.fresh ? eff__build(&part) : eff_out_of_memory();
}

static eff_t *build_map_error(const struct eff__mention *m)
{
    struct eff__mention part = part_of(m, 0);
    return eff_map_error_at(m->layer->site, eff__build(&part), (eff_map_fn)m->layer->fn,
                            eff_value_incref(m->layer->value));
}

static eff_t *build_or_die(const struct eff__mention *m)
{
    struct eff__mention part = part_of(m, 0);
    return eff_or_die_at(m->layer->site, eff__build(&part));
}

/* The one service, under its other tag. */
static eff_t *rename_service(eff_value_t services, eff_value_t env)
{
    const struct eff__mention *m = mention_of(env);
    const eff_layer_t *layer = m->layer, *part = layer->parts[0];
    eff_context_t *one = eff__context_renamed(eff_as_context(services), layer->from, layer->tag);
    if (eff__context_is_oom(one) || eff__context_has(one, layer->tag)) return succeed_with(one);
    eff_buffer_t name = EFF_BUFFER_INIT;
    eff__chain_add_name(part, eff__chain_named(m->chain, part), &name);
    eff_t *e =
        eff__mistake_at(m->site, "layer %s is to provide %s, and does not, or provides it when it is asked for only",
                        eff_buffer_text(&name), eff__tag_name(layer->from));
    eff_buffer_done(&name);
    return e;
}

static eff_t *build_renamed(const struct eff__mention *m)
{
    struct eff__mention part = part_of(m, 0);
    return eff_flat_map_at(m->site, eff__build(&part), rename_service, mention_value_of(m));
}

/* ---- layers that are no combination */

static eff_t *build_succeed(const eff_layer_t *layer)
{
    return succeed_with(eff__context_built(layer->tag, eff_value_incref(layer->value), NULL, 0));
}

static eff_t *build_broken(const struct eff__mention *m)
{
    if (eff__layer_is_oom(m->layer)) return eff_out_of_memory();
    return eff__mistake_at(m->layer->site ? m->layer->site : m->site, "%s", eff_as_string(m->layer->value));
}

/* The innermost wiring that it is in; NULL: none. */
static const eff_layer_t *wire_around(const struct eff__mention *m)
{
    const struct eff__chain *c = m->chain;
    while (c && c->layer->kind != EFF__LAYER_WIRE)
        c = c->outer;
    return c ? c->layer : NULL;
}

/* What to do about a need that nobody provides, for the layer of this name. */
static eff_value_t hint_for(const struct eff__mention *m, const char *name, const eff_tag_t *need)
{
    const eff_layer_t *wire = wire_around(m);
    if (wire)
        return eff_printf("to provide it: add a layer that builds %s to the eff_layer_wire%s%s", eff__tag_name(need),
                          wire->site ? " at " : "", wire->site ? wire->site : "");
    bool function = m->layer->kind == EFF__LAYER_DEF && !eff__chain_named(m->chain, m->layer);
    const char *call = function ? "()" : "";
    return eff_printf("to provide it: eff_layer_provide(%s%s, base), with a base that builds %s", name, call,
                      eff__tag_name(need));
}

/* As the message about a service that is asked for and not there. */
static eff_t *missing_need(const struct eff__mention *m, const eff_tag_t *need, const eff_context_t *given)
{
    eff_buffer_t name = EFF_BUFFER_INIT;
    eff__chain_add_name(m->layer, eff__chain_named(m->chain, m->layer), &name);
    eff_t *e = eff__mistake_at(m->site, "layer %s needs the service %s, which is not provided", eff_buffer_text(&name),
                               eff__tag_name(need));
    e = eff_annotate_at(NULL, e, eff__context_note(given));
    eff_value_t hint = hint_for(m, eff_buffer_text(&name), need);
    eff_buffer_done(&name);
    return eff_annotate_at(NULL, e, hint);
}

/* The first need that nobody provides; NULL: none. */
static const eff_tag_t *first_missing(const eff_layer_t *layer, const eff_context_t *given)
{
    for (size_t i = 0; i < layer->n_needs; i++)
        if (!eff__context_find(given, layer->needs[i]).type) return layer->needs[i];
    return NULL;
}

static int request_leaf(eff_fiber_t *f, eff_t *e, const struct eff__mention *m, const eff_context_t *given)
{
    const eff_tag_t *missing = first_missing(m->layer, given);
    if (missing) return eff__prim_effect(f, missing_need(m, missing, given));
    return eff__instance_request(f, e, m, given);
}

/* ---- by kind */

/* What a layer is given that is mentioned outside of any other: what is provided around it, as long as its scope lasts. */
static eff_context_t *context_for(eff_fiber_t *f)
{
    eff_scope_t *scope = eff__scope_ambient(f);
    if (scope && f->context) return eff__scope_context(scope, f);
    return f->context ? eff_context_incref(f->context) : eff_context_empty();
}

static int build_by_kind(eff_fiber_t *f, eff_t *e, const struct eff__mention *m, eff_context_t *around)
{
    struct eff__mention here = *m;
    here.given = around;
    switch (m->layer->kind) {
    case EFF__LAYER_EMPTY: return eff__prim_effect(f, succeed_with(eff_context_empty()));
    case EFF__LAYER_BROKEN: return eff__prim_effect(f, build_broken(m));
    case EFF__LAYER_SUCCEED: return eff__prim_effect(f, build_succeed(m->layer));
    case EFF__LAYER_DEF:
    case EFF__LAYER_KEYED:
    case EFF__LAYER_SYNC:
    case EFF__LAYER_EFFECT:
    case EFF__LAYER_DISCARD:
    case EFF__LAYER_FLAT_MAP: return request_leaf(f, e, m, around);
    case EFF__LAYER_MERGE: return eff__prim_effect(f, build_merge(&here));
    case EFF__LAYER_PROVIDE:
    case EFF__LAYER_PROVIDE_MERGE: return eff__prim_effect(f, build_provide(&here));
    case EFF__LAYER_SUSPEND:
    case EFF__LAYER_PROJECT:
    case EFF__LAYER_RETRY:
    case EFF__LAYER_CATCH_ALL:
    case EFF__LAYER_OR_ELSE:
    case EFF__LAYER_TAP: return eff__instance_request(f, e, m, around);
    case EFF__LAYER_MEMO: return eff__request_memoized(f, e, m);
    case EFF__LAYER_FRESH: return eff__prim_effect(f, build_fresh(f, &here));
    case EFF__LAYER_PASSTHROUGH: return eff__prim_effect(f, build_passthrough(&here));
    case EFF__LAYER_MAP_ERROR: return eff__prim_effect(f, build_map_error(&here));
    case EFF__LAYER_OR_DIE: return eff__prim_effect(f, build_or_die(&here));
    case EFF__LAYER_WIRE: return eff__prim_effect(f, eff__build_wire(&here));
    case EFF__LAYER_LAZY: return eff__prim_effect(f, eff__build_lazy(f, &here));
    case EFF__LAYER_NAMED: break; /* its part is built in its place */
    case EFF__LAYER_RENAME: return eff__prim_effect(f, build_renamed(&here));
    }
    __builtin_unreachable();
}

static int build_around(eff_fiber_t *f, eff_t *e, const struct eff__mention *m)
{
    eff_context_t *around = m->given ? eff_context_incref(m->given) : context_for(f);
    int next = build_by_kind(f, e, m, around);
    eff_context_decref(around);
    return next;
}

/* Of a NAMED its part, which has another kind, with the name in the chain. */
static int build_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const struct eff__mention *m = mention_of(e->prim.value);
    (void)alone;
    if (m->layer->kind != EFF__LAYER_NAMED) return build_around(f, e, m);
    struct eff__mention part = part_of(m, 0);
    part.chain = eff__chain_new_as(EFF__CHAIN_NAMED, m->chain, m->layer);
    if (!part.chain) return eff__prim_effect(f, eff_out_of_memory());
    int next = build_around(f, e, &part);
    eff__chain_decref(part.chain);
    return next;
}

/* ---- using it */

/* The callbacks of eff_provide get its closure: its environment is the layer, its effect what runs with the services. */
static eff_t *run_with(eff_value_t services, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_t *e = eff_incref(c->effect);
    return eff_provide_context_at(c->site, e, eff_context_incref(eff_as_context(services)));
}

static eff_t *provide(eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_t *services = eff__build(&(struct eff__mention){ .layer = eff_as_layer(c->env), .site = c->site });
    return eff_scoped_at(c->site, eff_flat_map_at(c->site, services, run_with, eff_value_incref(env)));
}

eff_t *eff_provide_at(eff_site_t site, eff_t *e, eff_layer_t *layer)
{
    static const char builder[] = "eff_provide";
    eff_value_t v = eff_layer_value(layer);
    if (!layer || !e) return eff__refuse_null(site, builder, e ? 2 : 1, e, layer ? v : eff_unit);
    if (!eff__effect_usable(e) || !eff__value_usable(v)) return eff__refuse_bind(site, builder, e, true, v);
    if (layer->kind == EFF__LAYER_BROKEN) { /* told at once */
        eff_t *mistake = build_broken(&(struct eff__mention){ .layer = layer, .site = site });
        eff_decref(e);
        eff_value_decref(v);
        return mistake;
    }
    eff_value_t env =
        eff__closure_new((struct eff__closure){ .builder = builder, .site = site, .effect = e, .env = v });
    return eff__call_node(EFF__OP_SUSPEND, site, builder, (eff_any_fn)provide, env);
}

eff_t *eff_layer_build_at(eff_site_t site, eff_layer_t *layer)
{
    if (!layer) return eff__refuse_null(site, "eff_layer_build", 1, eff_noop(), eff_unit);
    const struct eff__mention m = { .layer = layer, .site = site };
    eff_t *e = layer->kind == EFF__LAYER_BROKEN ? build_broken(&m) : eff__build_whole(&m);
    eff_layer_decref(layer);
    return e;
}

static eff_t *keep_for_ever(eff_value_t services, eff_value_t env)
{
    (void)services, (void)env;
    return eff_external_at(NULL, eff_never());
}

eff_t *eff_layer_launch_at(eff_site_t site, eff_layer_t *layer)
{
    if (!layer) return eff__refuse_null(site, "eff_layer_launch", 1, eff_noop(), eff_unit);
    return eff_scoped_at(site, eff_flat_map_at(site, eff_layer_build_at(site, layer), keep_for_ever, eff_unit));
}
