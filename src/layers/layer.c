/* Making and combining layers: nodes of a description, with what they provide and need worked out. */
#include "layers/layer.h"

#include <string.h>

#include "core/misuse.h"
#include "core/service.h"
#include "core/value.h"

const char *const eff__layer_kind_names[] = {
#define X(kind, name) [EFF__LAYER_##kind] = (name),
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

/* A list of tags that grows in place, each tag once. */
struct tags {
    const eff_tag_t **at;
    size_t n;
};

static void put_tag(struct tags *tags, const eff_tag_t *tag)
{
    if (!eff__tag_in(tag, tags->n, tags->at)) tags->at[tags->n++] = tag;
}

static void put_tags(struct tags *tags, size_t n, const eff_tag_t *const *more)
{
    for (size_t i = 0; i < n; i++)
        put_tag(tags, more[i]);
}

/* Those of `more` that are not among the n `without`. */
static void put_rest(struct tags *tags, size_t n_more, const eff_tag_t *const *more, size_t n,
                     const eff_tag_t *const *without)
{
    for (size_t i = 0; i < n_more; i++)
        if (!eff__tag_in(more[i], n, without)) put_tag(tags, more[i]);
}

/* Those of `more` that are among the n `with`. */
static void put_common(struct tags *tags, size_t n_more, const eff_tag_t *const *more, size_t n,
                       const eff_tag_t *const *with)
{
    for (size_t i = 0; i < n_more; i++)
        if (eff__tag_in(more[i], n, with)) put_tag(tags, more[i]);
}

static size_t count_tags(const eff_tag_t *const *tags)
{
    size_t n = 0;
    while (tags && tags[n])
        n++;
    return n;
}

/* A node with room for its lists behind it; the parts and tags are to be filled in. NULL when out of memory. Takes
 * nothing but memory. */
static eff_layer_t *node_new(struct eff_layer init, size_t n_parts, size_t max_provides, size_t max_needs)
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

/* The lists of a node that is being made. */
static eff_layer_t **parts_of(const eff_layer_t *layer)
{
    return (eff_layer_t **)(uintptr_t)layer->parts;
}
static struct tags provides_of(const eff_layer_t *layer)
{
    return (struct tags){ (const eff_tag_t **)(uintptr_t)layer->provides, 0 };
}
static struct tags needs_of(const eff_layer_t *layer)
{
    return (struct tags){ (const eff_tag_t **)(uintptr_t)layer->needs, 0 };
}

/* What a mistake in making a layer makes of it. Consumes message. */
static eff_layer_t *broken(eff_site_t site, eff_value_t message)
{
    eff_layer_t *layer = NULL;
    if (eff__value_usable(message))
        layer = node_new((struct eff_layer){ .kind = EFF__LAYER_BROKEN, .site = site, .value = message }, 0, 0, 0);
    if (layer) return layer;
    eff_value_decref(message);
    return OUT_OF_MEMORY;
}

static eff_layer_t *missing_argument(eff_site_t site, enum eff__layer_kind kind, const char *which)
{
    return broken(site, eff_printf("%s of %s is missing", which, eff__layer_kind_names[kind]));
}

/* ---- layers of one service */

/* A leaf, which provides its tag, if any, and needs those of the list. Consumes init.value. */
static eff_layer_t *leaf(struct eff_layer init, const eff_tag_t *const *needs)
{
    if (!eff__value_usable(init.value)) {
        if (eff_is_oom(init.value)) return OUT_OF_MEMORY;
        return missing_argument(init.site, init.kind, "a value");
    }
    size_t n_needs = count_tags(needs);
    eff_layer_t *layer = node_new(init, 0, 1, n_needs);
    if (!layer) {
        eff_value_decref(init.value);
        return OUT_OF_MEMORY;
    }
    struct tags provided = provides_of(layer), needed = needs_of(layer);
    if (init.tag) put_tag(&provided, init.tag);
    put_tags(&needed, n_needs, needs);
    layer->n_provides = provided.n;
    layer->n_needs = needed.n;
    return layer;
}

eff_layer_t *eff_layer_of(const eff_layer_def_t *def)
{
    if (!def) return missing_argument(NULL, EFF__LAYER_DEF, "the descriptor");
    return leaf((struct eff_layer){ .kind = EFF__LAYER_DEF, .def = def, .tag = def->tag, .value = eff_unit },
                def->needs);
}

eff_layer_t *eff_layer_keyed(const eff_layer_def_t *def, eff_value_t key)
{
    if (def)
        return leaf((struct eff_layer){ .kind = EFF__LAYER_KEYED, .def = def, .tag = def->tag, .value = key },
                    def->needs);
    eff_value_decref(key);
    return missing_argument(NULL, EFF__LAYER_KEYED, "the descriptor");
}

eff_layer_t *eff_layer_succeed(const eff_tag_t *tag, eff_value_t service)
{
    bool null = !service.type || eff__service_is_null(service);
    if (tag && !null) return leaf((struct eff_layer){ .kind = EFF__LAYER_SUCCEED, .tag = tag, .value = service }, NULL);
    eff_value_decref(service);
    return missing_argument(NULL, EFF__LAYER_SUCCEED, tag ? "the service" : "the tag");
}

eff_layer_t *eff_layer_sync_at(eff_site_t site, const eff_tag_t *tag, eff_sync_fn make, eff_value_t env)
{
    if (tag && make)
        return leaf(
            (struct eff_layer){
                .kind = EFF__LAYER_SYNC, .site = site, .tag = tag, .fn = (eff_any_fn)make, .value = env },
            NULL);
    eff_value_decref(env);
    return missing_argument(site, EFF__LAYER_SYNC, tag ? "the function" : "the tag");
}

static eff_layer_t *effect_leaf(eff_site_t site, enum eff__layer_kind kind, const eff_tag_t *tag, eff_t *e,
                                const eff_tag_t *const *needs)
{
    if (!e) return missing_argument(site, kind, "the effect");
    return leaf((struct eff_layer){ .kind = kind, .site = site, .tag = tag, .value = eff_effect_value(e) }, needs);
}

eff_layer_t *eff_layer_effect_at(eff_site_t site, const eff_tag_t *tag, eff_t *open, const eff_tag_t *const *needs)
{
    if (tag) return effect_leaf(site, EFF__LAYER_EFFECT, tag, open, needs);
    eff_decref(open);
    return missing_argument(site, EFF__LAYER_EFFECT, "the tag");
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
    return missing_argument(site, EFF__LAYER_SUSPEND, "the function");
}

/* ---- combining */

/* Gives up the parts of what cannot be made, and says which of them stands for it: one that is broken. */
static eff_layer_t *give_up(eff_layer_t *instead, size_t n, eff_layer_t *const *parts)
{
    for (size_t i = 0; i < n; i++)
        if (parts[i] != instead) eff_layer_decref(parts[i]);
    return instead;
}

/* Which part, or which mistake about a part, stands for the whole; NULL when all are good. */
static eff_layer_t *bad_part(eff_site_t site, enum eff__layer_kind kind, size_t n, eff_layer_t *const *parts)
{
    for (size_t i = 0; i < n; i++)
        if (parts[i] && parts[i]->kind == EFF__LAYER_BROKEN) return parts[i];
    for (size_t i = 0; i < n; i++)
        if (!parts[i])
            return broken(site, eff_printf("argument %zu of %s is NULL", i + 1, eff__layer_kind_names[kind]));
    return NULL;
}

/* What the node provides and needs, by its kind; its parts are there. */
static void work_out(eff_layer_t *layer)
{
    struct tags provided = provides_of(layer), needed = needs_of(layer);
    eff_layer_t *const *parts = layer->parts;
    size_t n = layer->n_parts;
    switch (layer->kind) {
    case EFF__LAYER_MERGE:
        for (size_t i = 0; i < n; i++) {
            put_tags(&provided, parts[i]->n_provides, parts[i]->provides);
            put_tags(&needed, parts[i]->n_needs, parts[i]->needs);
        }
        break;
    case EFF__LAYER_WIRE:
        for (size_t i = 0; i < n; i++)
            put_tags(&provided, parts[i]->n_provides, parts[i]->provides);
        for (size_t i = 0; i < n; i++) { /* what a part provides itself, it makes of the one that is around */
            put_rest(&needed, parts[i]->n_needs, parts[i]->needs, provided.n, provided.at);
            put_common(&needed, parts[i]->n_needs, parts[i]->needs, parts[i]->n_provides, parts[i]->provides);
        }
        break;
    case EFF__LAYER_PROVIDE:
    case EFF__LAYER_PROVIDE_MERGE:
        if (layer->kind == EFF__LAYER_PROVIDE_MERGE) put_tags(&provided, parts[1]->n_provides, parts[1]->provides);
        put_tags(&provided, parts[0]->n_provides, parts[0]->provides);
        put_tags(&needed, parts[1]->n_needs, parts[1]->needs);
        put_rest(&needed, parts[0]->n_needs, parts[0]->needs, parts[1]->n_provides, parts[1]->provides);
        break;
    case EFF__LAYER_PASSTHROUGH:
        put_tags(&needed, parts[0]->n_needs, parts[0]->needs);
        put_tags(&provided, parts[0]->n_needs, parts[0]->needs);
        put_tags(&provided, parts[0]->n_provides, parts[0]->provides);
        break;
    case EFF__LAYER_PROJECT:
        put_tag(&provided, layer->tag);
        put_tags(&needed, parts[0]->n_needs, parts[0]->needs);
        break;
    case EFF__LAYER_OR_ELSE:
        put_tags(&provided, parts[0]->n_provides, parts[0]->provides);
        put_tags(&needed, parts[0]->n_needs, parts[0]->needs);
        put_tags(&needed, parts[1]->n_needs, parts[1]->needs);
        break;
    case EFF__LAYER_FRESH:
    case EFF__LAYER_LAZY:
    case EFF__LAYER_RETRY:
    case EFF__LAYER_CATCH_ALL:
    case EFF__LAYER_MAP_ERROR:
    case EFF__LAYER_OR_DIE:
    case EFF__LAYER_TAP:
    case EFF__LAYER_MEMO:
        put_tags(&provided, parts[0]->n_provides, parts[0]->provides);
        put_tags(&needed, parts[0]->n_needs, parts[0]->needs);
        break;
    case EFF__LAYER_EMPTY:
    case EFF__LAYER_BROKEN:
    case EFF__LAYER_DEF:
    case EFF__LAYER_KEYED:
    case EFF__LAYER_SUCCEED:
    case EFF__LAYER_SYNC:
    case EFF__LAYER_EFFECT:
    case EFF__LAYER_DISCARD:
    case EFF__LAYER_SUSPEND: break; /* have no parts */
    }
    layer->n_provides = provided.n;
    layer->n_needs = needed.n;
}

/* A node with parts. Consumes the parts and init.value. */
static eff_layer_t *combine(struct eff_layer init, size_t n, eff_layer_t *const *parts)
{
    eff_layer_t *bad = bad_part(init.site, init.kind, n, parts);
    if (!bad && !eff__value_usable(init.value))
        bad = eff_is_oom(init.value) ? OUT_OF_MEMORY : missing_argument(init.site, init.kind, "a value");
    eff_layer_t *layer = NULL;
    if (!bad) {
        size_t max_provides = 1, max_needs = 0;
        for (size_t i = 0; i < n; i++) {
            max_provides += parts[i]->n_provides + parts[i]->n_needs;
            max_needs += parts[i]->n_needs;
        }
        layer = node_new(init, n, max_provides, max_needs);
    }
    if (!layer) {
        eff_value_decref(init.value);
        return give_up(bad ? bad : OUT_OF_MEMORY, n, parts);
    }
    for (size_t i = 0; i < n; i++) {
        parts_of(layer)[i] = parts[i];
        layer->opaque |= parts[i]->opaque;
    }
    work_out(layer);
    return layer;
}

static eff_layer_t *combine_one(struct eff_layer init, eff_layer_t *part)
{
    return combine(init, 1, &part);
}

static eff_layer_t *combine_two(struct eff_layer init, eff_layer_t *first, eff_layer_t *second)
{
    return combine(init, 2, (eff_layer_t *const[]){ first, second });
}

#define NODE(layer_kind, ...) ((struct eff_layer){ .kind = EFF__LAYER_##layer_kind, .site = site, __VA_ARGS__ })

eff_layer_t *eff_layer_merge_at(eff_site_t site, size_t n, eff_layer_t *const *layers)
{
    return combine(NODE(MERGE, .value = eff_unit), n, layers);
}

eff_layer_t *eff_layer_wire_at(eff_site_t site, size_t n, eff_layer_t *const *layers)
{
    return combine(NODE(WIRE, .value = eff_unit), n, layers);
}

eff_layer_t *eff_layer_provide_at(eff_site_t site, eff_layer_t *layer, eff_layer_t *base)
{
    return combine_two(NODE(PROVIDE, .value = eff_unit), layer, base);
}

eff_layer_t *eff_layer_provide_merge_at(eff_site_t site, eff_layer_t *layer, eff_layer_t *base)
{
    return combine_two(NODE(PROVIDE_MERGE, .value = eff_unit), layer, base);
}

eff_layer_t *eff_layer_fresh_at(eff_site_t site, eff_layer_t *layer)
{
    return combine_one(NODE(FRESH, .value = eff_unit), layer);
}

eff_layer_t *eff_layer_passthrough_at(eff_site_t site, eff_layer_t *layer)
{
    return combine_one(NODE(PASSTHROUGH, .value = eff_unit), layer);
}

/* The mistake of an argument that is no layer, for builders of one layer and an env. */
static eff_layer_t *refuse(eff_site_t site, enum eff__layer_kind kind, const char *which, eff_layer_t *layer,
                           eff_value_t env)
{
    eff_value_decref(env);
    if (layer && layer->kind == EFF__LAYER_BROKEN) return layer;
    eff_layer_decref(layer);
    return missing_argument(site, kind, which);
}

eff_layer_t *eff_layer_project_at(eff_site_t site, eff_layer_t *layer, const eff_tag_t *from, const eff_tag_t *to,
                                  eff_map_fn f, eff_value_t env)
{
    if (!from || !to || !f) return refuse(site, EFF__LAYER_PROJECT, f ? "a tag" : "the function", layer, env);
    return combine_one(NODE(PROJECT, .from = from, .tag = to, .fn = (eff_any_fn)f, .value = env), layer);
}

eff_layer_t *eff_layer_lazy_at(eff_site_t site, eff_layer_t *layer)
{
    return combine_one(NODE(LAZY, .value = eff_unit), layer);
}

eff_layer_t *eff_layer_retry_at(eff_site_t site, eff_layer_t *layer, eff_schedule_t *schedule)
{
    return combine_one(NODE(RETRY,
                            .value = (eff_value_t){ .type = schedule ? &eff_schedule_type : NULL, .ptr = schedule }),
                       layer);
}

eff_layer_t *eff_layer_catch_all_at(eff_site_t site, eff_layer_t *layer,
                                    eff_layer_t *(*handler)(eff_value_t error, eff_value_t env), eff_value_t env)
{
    if (!handler) return refuse(site, EFF__LAYER_CATCH_ALL, "the handler", layer, env);
    return combine_one(NODE(CATCH_ALL, .opaque = true, .fn = (eff_any_fn)handler, .value = env), layer);
}

eff_layer_t *eff_layer_or_else_at(eff_site_t site, eff_layer_t *layer, eff_layer_t *other)
{
    return combine_two(NODE(OR_ELSE, .value = eff_unit), layer, other);
}

eff_layer_t *eff_layer_map_error_at(eff_site_t site, eff_layer_t *layer, eff_map_fn f, eff_value_t env)
{
    if (!f) return refuse(site, EFF__LAYER_MAP_ERROR, "the function", layer, env);
    return combine_one(NODE(MAP_ERROR, .fn = (eff_any_fn)f, .value = env), layer);
}

eff_layer_t *eff_layer_or_die_at(eff_site_t site, eff_layer_t *layer)
{
    return combine_one(NODE(OR_DIE, .value = eff_unit), layer);
}

eff_layer_t *eff_layer_tap_at(eff_site_t site, eff_layer_t *layer,
                              eff_t *(*f)(const eff_context_t *services, eff_value_t env), eff_value_t env)
{
    if (!f) return refuse(site, EFF__LAYER_TAP, "the function", layer, env);
    return combine_one(NODE(TAP, .fn = (eff_any_fn)f, .value = env), layer);
}

eff_layer_t *eff__layer_memoized(eff_site_t site, eff_layer_t *layer, eff_value_t memoized)
{
    eff_layer_t *made = combine_one(NODE(MEMO, .opaque = true, .value = memoized), layer);
    if (made->kind == EFF__LAYER_MEMO) made->n_needs = 0; /* it has got them */
    return made;
}

/* ---- names */

void eff__layer_name(const eff_layer_t *layer, eff_buffer_t *out)
{
    if (layer->def) {
        eff_buffer_add(out, layer->def->name);
        return;
    }
    eff_buffer_add(out, eff__layer_kind_names[layer->kind]);
    if (layer->tag) eff_buffer_printf(out, " of %s", layer->tag->name);
    if (layer->site) eff_buffer_printf(out, " (%s)", layer->site);
}
