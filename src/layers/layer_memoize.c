/* Memoized layers, which a scope keeps, and layers that are to be built anew. */
#include "core/build.h"
#include "core/context.h"
#include "layers/layer_wire.h"
#include "layers/memo.h"
#include "runtime/prim.h"
#include "runtime/scope.h"

/* ---- eff_layer_memoize: the layer that it succeeds with is one more, with an identity of its own. Its services come from
 * where it is made, since they have to last as long as the scope there. */

static void memoized_drop(void *payload)
{
    eff_context_decref(((struct eff__memoized *)payload)->given);
}

const eff_type_t eff__memoized_type = {
    .size = sizeof(struct eff__memoized), .name = "memoized layer", .drop = memoized_drop, .flags = EFF_TYPE_COUNTED
};

eff_value_t eff__memoized_make(eff_runtime_t *rt, eff_context_t *given)
{
    struct eff__memoized *memoized = NULL;
    if (!eff__context_is_oom(given))
        memoized = (struct eff__memoized *)eff__payload_alloc(&eff__memoized_type, sizeof *memoized);
    if (!memoized) {
        eff_context_decref(given);
        return eff_oom_value();
    }
    *memoized = (struct eff__memoized){ .rt = rt, .given = given };
    return (eff_value_t){ .type = &eff__memoized_type, .ptr = memoized };
}

/* The layer (consumed), held by the scope; NULL when out of memory. */
static eff_layer_t *memoize(eff_fiber_t *f, eff_scope_t *scope, eff_layer_t *layer, eff_site_t site)
{
    eff_context_t *given = f->context ? eff__scope_context(scope, f) : eff_context_empty();
    eff_value_t v = eff__memoized_make(f->rt, given);
    if (!eff_is_oom(v) && eff__hold_memoized(f, (struct eff__memoized *)v.ptr, site))
        return eff__layer_memoized(site, layer, v);
    eff_value_decref(v);
    eff_layer_decref(layer);
    return NULL;
}

static int memoize_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_scope_t *scope = eff__scope_ambient(f);
    (void)alone;
    if (scope && scope->state != EFF__SCOPE_OPEN)
        return eff__prim_cause(f, eff_cause_die(eff_literal("eff_layer_memoize in a scope that is closed")));
    eff_layer_t *layer = scope ? memoize(f, scope, eff_layer_incref(eff_as_layer(e->prim.value)), e->site) : NULL;
    if (!layer) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    return eff__prim_effect(f, eff_succeed_at(NULL, eff_layer_value(layer)));
}
static const struct eff__prim memoize_prim = { "layer_memoize", memoize_run };

eff_t *eff_layer_memoize_at(eff_site_t site, eff_layer_t *layer)
{
    if (!layer) return eff__refuse_null(site, "eff_layer_memoize", 1, eff_noop(), eff_unit);
    return eff__prim_node_plain(site, &memoize_prim, eff_layer_value(layer));
}

/* ---- eff_layer_invalidate: detaches what is there, then waits for one after another */

struct invalidation {
    eff_layer_t *layer; /* owned */
    uint64_t last;      /* the serial of the last instance that counts; 0: not begun */
};
static void invalidation_clear(struct invalidation *i)
{
    eff_layer_decref(i->layer);
}
EFF_STATIC_TYPE(invalidation, struct invalidation, .drop = invalidation_clear);

/* No request finds these any more, and no eff_layer_memoize keeps them. */
static void detach_all(struct eff__memo *memo, const eff_layer_t *layer)
{
    for (struct eff__instance *inst = memo->all, *next; inst; inst = next) {
        next = inst->next;
        if (!eff__layer_is_same(inst->layer, layer)) continue;
        eff__instance_detach(inst);
        if (layer->kind != EFF__LAYER_MEMO) continue;
        struct eff__hold *hold = ((const struct eff__memoized *)layer->value.ptr)->hold;
        if (hold && eff__held(hold) == inst) eff__hold_give_up(hold);
    }
}

static int invalidate_run(eff_fiber_t *f, eff_t *e, bool alone);
static const struct eff__prim invalidate_prim = { "layer_invalidate", invalidate_run };

static int invalidate_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const struct invalidation *i = invalidation_of(e->prim.value);
    struct eff__memo *memo = eff__memo_of(f->rt);
    (void)alone;
    if (!memo) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    uint64_t last = i->last ? i->last : memo->last_serial;
    if (!i->last) detach_all(memo, i->layer);
    struct eff__instance *inst = memo->all;
    while (inst && (inst->serial > last || !eff__layer_is_same(inst->layer, i->layer)))
        inst = inst->next;
    if (!inst) return eff__prim_value(f, eff_unit);
    eff_value_t rest = invalidation_make((struct invalidation){ eff_layer_incref(i->layer), last });
    eff_t *then = eff__prim_node_plain(e->site, &invalidate_prim, rest);
    return eff__prim_effect(f, eff_then_at(e->site, eff__instance_ended(e->site, inst), then));
}

/* What is built of a layer: inside what only changes how that is asked for. NULL: it is not one thing. */
static eff_layer_t *what_is_built(eff_layer_t *layer)
{
    while (eff__facts_of(layer)->how == EFF__BUILT_IN_PLACE)
        layer = layer->parts[0];
    return eff__facts_of(layer)->how == EFF__BUILT_SEVERAL ? NULL : layer;
}

eff_t *eff_layer_invalidate_at(eff_site_t site, eff_layer_t *layer)
{
    if (!layer) return eff__refuse_null(site, "eff_layer_invalidate", 1, eff_noop(), eff_unit);
    eff_layer_t *built = eff_layer_incref(what_is_built(layer));
    const char *kind = eff__facts_of(layer)->name;
    bool oom = eff__layer_is_oom(layer);
    eff_layer_decref(layer);
    if (oom) {
        eff_layer_decref(built);
        return eff_out_of_memory();
    }
    if (!built)
        return eff__mistake_at(site, "eff_layer_invalidate of an %s: of its parts, each is invalidated by itself",
                               kind);
    return eff__prim_node_plain(site, &invalidate_prim, invalidation_make((struct invalidation){ built, 0 }));
}
