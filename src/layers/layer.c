/* Layers: lists of services to be built one after the other, and the effect that builds, uses and releases them.
 *
 * A layer is a flat array of definitions in the order of building, each of them once, so there is nothing nested to
 * walk or to free. eff_provide of a and b around e comes down to, from the outside in:
 *
 *     look for a's needs,  scoped( bracket( open a,  provide a to ( the same for b around e ),  close a ) )
 *
 * The scope around the bracket is the one that open acquires and forks in: it closes after `close`, in reverse
 * order.
 */
#include <effect/layer.h>

#include <string.h>

#include "core/build.h"
#include "core/context.h"
#include "core/misuse.h"
#include "core/service.h"

struct eff_layer {
    size_t n;
    const eff_layer_def_t *defs[];
};

static const eff_type_t layer_type = { .size = sizeof(struct eff_layer), .name = "layer", .flags = EFF_TYPE_COUNTED };

/* The immortal ones, which have no definitions: "out of memory", and what a NULL makes of a layer. */
typedef EFF__STATIC_PAYLOAD(struct { size_t n; }) static_layer;

static static_layer oom_layer = { EFF__STATIC_HEADER(&layer_type), { 0 } };
static static_layer missing_layer = { EFF__STATIC_HEADER(&layer_type), { 0 } };

#define OUT_OF_MEMORY ((eff_layer_t *)(void *)&oom_layer.payload)
#define MISSING ((eff_layer_t *)(void *)&missing_layer.payload)

static eff_layer_t *layer_new(size_t n)
{
    eff_layer_t *layer = eff__payload_alloc(&layer_type, sizeof *layer + n * sizeof *layer->defs);
    return layer ? layer : OUT_OF_MEMORY;
}

eff_layer_t *eff_layer_of(const eff_layer_def_t *def)
{
    if (!def) return MISSING;
    eff_layer_t *layer = layer_new(1);
    if (layer == OUT_OF_MEMORY) return layer;
    layer->n = 1;
    layer->defs[0] = def;
    return layer;
}

static bool contains(const eff_layer_t *layer, const eff_layer_def_t *def)
{
    for (size_t i = 0; i < layer->n; i++)
        if (layer->defs[i] == def) return true;
    return false;
}

/* Which of two layers stands for both, because one of them is no layer; NULL when both are. */
static eff_layer_t *broken_one(eff_layer_t *base, eff_layer_t *next)
{
    if (base == OUT_OF_MEMORY || next == OUT_OF_MEMORY) return OUT_OF_MEMORY;
    return !base || !next || base == MISSING || next == MISSING ? MISSING : NULL;
}

eff_layer_t *eff_layer_and(eff_layer_t *base, eff_layer_t *next)
{
    eff_layer_t *both = broken_one(base, next);
    if (!both) both = layer_new(base->n + next->n);
    if (both != OUT_OF_MEMORY && both != MISSING) {
        both->n = base->n;
        memcpy(both->defs, base->defs, base->n * sizeof *base->defs);
        for (size_t i = 0; i < next->n; i++)
            if (!contains(both, next->defs[i])) both->defs[both->n++] = next->defs[i];
    }
    eff_layer_decref(base);
    eff_layer_decref(next);
    return both;
}

eff_layer_t *eff_layer_incref(eff_layer_t *layer)
{
    return layer ? eff__payload_retain(layer) : NULL;
}

void eff_layer_decref(eff_layer_t *layer)
{
    if (layer) eff_value_decref((eff_value_t){ .type = &layer_type, .ptr = layer });
}

/* ---- providing. The callbacks get a closure: its key is the definition, its effect what runs with the service. */

static eff_t *run_with_service(eff_value_t service, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    const eff_layer_def_t *def = c->key;
    if (eff__service_is_null(service))
        return eff__mistake_at(c->site, "the open of layer %s succeeded with NULL", def->name);
    return eff_provide_service_at(c->site, eff_incref(c->effect), def->tag, eff_value_incref(service));
}

static void close_service(eff_value_t service, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit;
    const eff_layer_def_t *def = eff__closure_of(env)->key;
    if (def->user_close && !eff__service_is_null(service)) def->close(def->user_close, eff__service_of(service));
}

/* As the message about a service that is asked for and not there. */
static eff_t *missing_need(eff_site_t site, const eff_layer_def_t *def, const eff_tag_t *need,
                           const eff_context_t *context)
{
    eff_t *e = eff__mistake_at(site, "layer %s needs the service %s, which is not provided", def->name, need->name);
    e = eff_annotate_at(NULL, e, eff__context_note(context));
    eff_value_t hint =
        eff_printf("to provide it: eff_layer_and(base, %s()), with a base that builds %s", def->name, need->name);
    return eff_annotate_at(NULL, e, hint);
}

static eff_t *build(eff_value_t context, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    const eff_layer_def_t *def = c->key;
    for (const eff_tag_t *const *need = def->needs; need && *need; need++) {
        eff_value_t found = eff_context_get(eff_as_context(context), *need);
        if (!found.type) return missing_need(c->site, def, *need, eff_as_context(context));
        if (!eff__value_usable(found)) return eff_out_of_memory();
    }
    eff_t *open = def->open();
    if (!open) return eff__mistake_at(c->site, "the open of layer %s returned NULL", def->name);
    return eff_scoped_at(c->site, eff_acquire_use_release_at(c->site, open, run_with_service, close_service,
                                                             eff_value_incref(env)));
}

static eff_t *provide_one(eff_site_t site, eff_t *e, const eff_layer_def_t *def)
{
    if (!eff__effect_usable(e)) return e;
    return eff__derived_bind(EFF__OP_FLAT_MAP, eff_context(), (eff_any_fn)build,
                             (struct eff__closure){
                                 .builder = "eff_provide", .site = site, .key = def, .effect = e, .env = eff_unit });
}

eff_t *eff_provide_at(eff_site_t site, eff_t *e, eff_layer_t *layer)
{
    if (!layer || layer == MISSING || !e) {
        eff_layer_decref(layer);
        return eff__refuse_null(site, "eff_provide", e ? 2 : 1, e, eff_unit);
    }
    if (layer == OUT_OF_MEMORY) {
        eff_decref(e);
        return eff_out_of_memory();
    }
    for (size_t i = layer->n; i-- > 0;)
        e = provide_one(site, e, layer->defs[i]);
    eff_layer_decref(layer);
    return e;
}
