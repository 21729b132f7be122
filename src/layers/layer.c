/* Layers as values, and those of one service: nodes without parts. layer_combine.c makes those with parts, and
 * layer_name.c knows what they are called. */
#include "layers/layer_node.h"

#include "core/build.h"
#include "core/misuse.h"
#include "core/service.h"
#include "core/value.h"

const struct eff__layer_facts eff__layer_facts[] = {
#define X(kind, name, how, services) [EFF__LAYER_##kind] = { (name), EFF__BUILT_##how, EFF__SEEN_##services },
    EFF__LAYER_KINDS(X)
#undef X
};

static void layer_drop(void *payload)
{
    const eff_layer_t *layer = (const eff_layer_t *)payload;
    for (size_t i = 0; i < layer->n_parts; i++)
        eff_layer_decref(layer->parts[i]);
    eff_value_decref(layer->value);
}

static void layer_format(const void *payload, eff_buffer_t *out)
{
    eff_buffer_add(out, "layer(");
    eff__layer_name((const eff_layer_t *)payload, out);
    eff_buffer_add(out, ")");
}

const eff_type_t eff_layer_type = {
    .size = sizeof(eff_layer_t), .name = "layer", .drop = layer_drop, .format = layer_format, .flags = EFF_TYPE_COUNTED
};

/* ---- the immortal ones */

typedef EFF__STATIC_PAYLOAD(eff_layer_t) static_layer;

static static_layer empty_layer = { EFF__STATIC_HEADER(&eff_layer_type), { .kind = EFF__LAYER_EMPTY } };
static static_layer oom_layer = { EFF__STATIC_HEADER(&eff_layer_type), { .kind = EFF__LAYER_BROKEN } };

#define EMPTY (&empty_layer.payload)
#define OUT_OF_MEMORY (&oom_layer.payload)

eff_layer_t *eff__layer_oom(void)
{
    return OUT_OF_MEMORY;
}

bool eff__layer_is_oom(const eff_layer_t *layer)
{
    return layer == OUT_OF_MEMORY;
}

eff_layer_t *eff_layer_empty(void)
{
    return EMPTY;
}

/* ---- counts, values */

eff_layer_t *eff_layer_incref(eff_layer_t *layer)
{
    return layer ? (eff_layer_t *)eff__payload_retain(layer) : NULL;
}

void eff_layer_decref(eff_layer_t *layer)
{
    if (layer) eff_value_decref((eff_value_t){ .type = &eff_layer_type, .ptr = layer });
}

eff_value_t eff_layer_value(eff_layer_t *layer)
{
    if (layer == OUT_OF_MEMORY) return eff_oom_value();
    return (eff_value_t){ .type = layer ? &eff_layer_type : NULL, .ptr = layer };
}

eff_layer_t *eff_as_layer(eff_value_t v)
{
    if (v.type == &eff_layer_type) return (eff_layer_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_layer_type);
    return EMPTY;
}

/* ---- making nodes */

bool eff__tag_in(const eff_tag_t *tag, size_t n, const eff_tag_t *const *tags)
{
    for (size_t i = 0; i < n; i++)
        if (tags[i] == tag) return true;
    return false;
}

static size_t count_tags(const eff_tag_t *const *tags)
{
    size_t n = 0;
    while (tags && tags[n])
        n++;
    return n;
}

eff_layer_t *eff__layer_node(struct eff_layer init, size_t n_parts, size_t max_provides, size_t max_needs)
{
    size_t n_slots = n_parts + max_provides + max_needs;
    eff_layer_t *layer = (eff_layer_t *)eff__payload_alloc(&eff_layer_type, sizeof *layer + n_slots * sizeof(void *));
    if (!layer) return NULL;
    void **slots = (void **)(void *)(layer + 1);
    *layer = init;
    layer->n_parts = n_parts;
    layer->parts = (eff_layer_t *const *)(void *)slots;
    layer->provides = (const eff_tag_t *const *)(void *)(slots + n_parts);
    layer->needs = (const eff_tag_t *const *)(void *)(slots + n_parts + max_provides);
    return layer;
}

eff_layer_t *eff__layer_broken(eff_site_t site, eff_value_t message)
{
    eff_layer_t *layer = NULL;
    if (eff__value_usable(message))
        layer =
            eff__layer_node((struct eff_layer){ .kind = EFF__LAYER_BROKEN, .site = site, .value = message }, 0, 0, 0);
    if (layer) return layer;
    eff_value_decref(message);
    return OUT_OF_MEMORY;
}

eff_layer_t *eff__layer_missing(eff_site_t site, enum eff__layer_kind kind, const char *which)
{
    return eff__layer_broken(site, eff_printf("%s of %s is missing", which, eff__layer_facts[kind].name));
}

void eff__layer_set_tags(eff_layer_t *layer, struct eff__tag_set *provided, struct eff__tag_set *needed)
{
    layer->n_provides = provided->n;
    layer->n_needs = needed->n;
    eff__tag_set_done(provided);
    eff__tag_set_done(needed);
}

/* ---- layers of one service */

/* A leaf, which provides and needs those of the lists. Consumes init.value. */
static eff_layer_t *leaf_of(struct eff_layer init, const eff_tag_t *const *provides, const eff_tag_t *const *needs)
{
    if (!eff__value_usable(init.value)) {
        if (eff_is_oom(init.value)) return OUT_OF_MEMORY;
        return eff__layer_missing(init.site, init.kind, "a value");
    }
    size_t n_provides = count_tags(provides), n_needs = count_tags(needs);
    eff_layer_t *layer = eff__layer_node(init, 0, n_provides, n_needs);
    if (!layer) {
        eff_value_decref(init.value);
        return OUT_OF_MEMORY;
    }
    struct eff__tag_set provided = eff__tag_set_in(layer->provides, n_provides);
    struct eff__tag_set needed = eff__tag_set_in(layer->needs, n_needs);
    eff__tag_set_put_all(&provided, n_provides, provides);
    eff__tag_set_put_all(&needed, n_needs, needs);
    eff__layer_set_tags(layer, &provided, &needed);
    return layer;
}

/* One that provides its tag, if any. */
static eff_layer_t *leaf(struct eff_layer init, const eff_tag_t *const *needs)
{
    return leaf_of(init, (const eff_tag_t *const[]){ init.tag, NULL }, needs);
}

eff_layer_t *eff_layer_of(const eff_layer_def_t *def)
{
    if (!def) return eff__layer_missing(NULL, EFF__LAYER_DEF, "the descriptor");
    return leaf((struct eff_layer){ .kind = EFF__LAYER_DEF, .def = def, .tag = def->tag, .value = eff_unit },
                def->needs);
}

eff_layer_t *eff_layer_keyed(const eff_layer_def_t *def, eff_value_t key)
{
    if (def)
        return leaf((struct eff_layer){ .kind = EFF__LAYER_KEYED, .def = def, .tag = def->tag, .value = key },
                    def->needs);
    eff_value_decref(key);
    return eff__layer_missing(NULL, EFF__LAYER_KEYED, "the descriptor");
}

eff_layer_t *eff_layer_succeed(const eff_tag_t *tag, eff_value_t service)
{
    bool null = !service.type || eff__service_is_null(service);
    if (tag && !null) return leaf((struct eff_layer){ .kind = EFF__LAYER_SUCCEED, .tag = tag, .value = service }, NULL);
    eff_value_decref(service);
    return eff__layer_missing(NULL, EFF__LAYER_SUCCEED, tag ? "the service" : "the tag");
}

eff_layer_t *eff_layer_sync_at(eff_site_t site, const eff_tag_t *tag, eff_sync_fn make, eff_value_t env)
{
    if (tag && make)
        return leaf(
            (struct eff_layer){
                .kind = EFF__LAYER_SYNC, .site = site, .tag = tag, .fn = (eff_any_fn)make, .value = env },
            NULL);
    eff_value_decref(env);
    return eff__layer_missing(site, EFF__LAYER_SYNC, tag ? "the function" : "the tag");
}

static eff_layer_t *effect_leaf(eff_site_t site, enum eff__layer_kind kind, const eff_tag_t *tag, eff_t *e,
                                const eff_tag_t *const *needs)
{
    if (!e) return eff__layer_missing(site, kind, "the effect");
    return leaf((struct eff_layer){ .kind = kind, .site = site, .tag = tag, .value = eff_effect_value(e) }, needs);
}

eff_layer_t *eff_layer_effect_at(eff_site_t site, const eff_tag_t *tag, eff_t *open, const eff_tag_t *const *needs)
{
    if (tag) return effect_leaf(site, EFF__LAYER_EFFECT, tag, open, needs);
    eff_decref(open);
    return eff__layer_missing(site, EFF__LAYER_EFFECT, "the tag");
}

eff_layer_t *eff_layer_effect_discard_at(eff_site_t site, eff_t *e, const eff_tag_t *const *needs)
{
    return effect_leaf(site, EFF__LAYER_DISCARD, NULL, e, needs);
}

eff_layer_t *eff_layer_suspend_at(eff_site_t site, eff_layer_t *(*make)(eff_value_t env), eff_value_t env)
{
    if (make)
        return leaf(
            (struct eff_layer){
                .kind = EFF__LAYER_SUSPEND, .opaque = true, .site = site, .fn = (eff_any_fn)make, .value = env },
            NULL);
    eff_value_decref(env);
    return eff__layer_missing(site, EFF__LAYER_SUSPEND, "the function");
}

eff_layer_t *eff_layer_flat_map_at(eff_site_t site, eff_t *e, eff_layer_t *(*f)(eff_value_t v, eff_value_t env),
                                   eff_value_t env, const eff_tag_t *const *provides, const eff_tag_t *const *needs)
{
    if (!e || !f) {
        eff_decref(e);
        eff_value_decref(env);
        return eff__layer_missing(site, EFF__LAYER_FLAT_MAP, e ? "the function" : "the effect");
    }
    eff_value_t v = eff__closure_new((struct eff__closure){
        .builder = "eff_layer_flat_map", .site = site, .fn = (eff_any_fn)f, .effect = e, .env = env });
    const eff_tag_t *tag = provides ? provides[0] : NULL;
    return leaf_of((struct eff_layer){ .kind = EFF__LAYER_FLAT_MAP, .site = site, .tag = tag, .value = v }, provides,
                   needs);
}
