/* Combining layers: nodes with parts, with what they provide and need worked out. */
#include "layers/layer_node.h"

#include "core/value.h"

/* ---- what a node provides and needs */

/* Those of `more` that are (`kept`), or are not, in the other set. */
static void put_some(struct eff__tag_set *tags, size_t n, const eff_tag_t *const *more,
                     const struct eff__tag_set *other, bool kept)
{
    for (size_t i = 0; i < n; i++)
        if (eff__tag_set_has(other, more[i]) == kept) eff__tag_set_put(tags, more[i]);
}

/* Of a wiring: what a part provides itself, it makes of the one that is around. */
static void put_needs_of_wire(struct eff__tag_set *needed, const eff_layer_t *part, const struct eff__tag_set *provided)
{
    struct eff__tag_set own = eff__tag_set_of(part->n_provides, part->provides);
    put_some(needed, part->n_needs, part->needs, provided, false);
    put_some(needed, part->n_needs, part->needs, &own, true);
    eff__tag_set_done(&own);
}

/* Of what stands upon a base: what both need, but for what the upper one gets of the base. */
static void put_needs_upon(struct eff__tag_set *needed, const eff_layer_t *layer, const eff_layer_t *base)
{
    struct eff__tag_set below = eff__tag_set_of(base->n_provides, base->provides);
    eff__tag_set_put_all(needed, base->n_needs, base->needs);
    put_some(needed, layer->n_needs, layer->needs, &below, false);
    eff__tag_set_done(&below);
}

static void put_provided(struct eff__tag_set *provided, const eff_layer_t *layer)
{
    size_t n_seen = eff__facts_of(layer)->services == EFF__SEEN_OF_ALL ? layer->n_parts : 1;
    if (layer->tag) { /* it makes one service of its part */
        eff__tag_set_put(provided, layer->tag);
        return;
    }
    if (layer->kind == EFF__LAYER_PASSTHROUGH)
        eff__tag_set_put_all(provided, layer->parts[0]->n_needs, layer->parts[0]->needs);
    if (layer->kind == EFF__LAYER_PROVIDE_MERGE)
        eff__tag_set_put_all(provided, layer->parts[1]->n_provides, layer->parts[1]->provides);
    for (size_t i = 0; i < n_seen && i < layer->n_parts; i++)
        eff__tag_set_put_all(provided, layer->parts[i]->n_provides, layer->parts[i]->provides);
}

static void put_needed(struct eff__tag_set *needed, const eff_layer_t *layer, const struct eff__tag_set *provided)
{
    eff_layer_t *const *parts = layer->parts;
    if (eff__is_upon_base(layer)) {
        put_needs_upon(needed, parts[0], parts[1]);
        return;
    }
    for (size_t i = 0; i < layer->n_parts; i++)
        if (layer->kind == EFF__LAYER_WIRE) put_needs_of_wire(needed, parts[i], provided);
        else eff__tag_set_put_all(needed, parts[i]->n_needs, parts[i]->needs);
}

/* What the node provides and needs; its parts are there. There is room for so many. */
static void work_out(eff_layer_t *layer, size_t max_provides, size_t max_needs)
{
    struct eff__tag_set provided = eff__tag_set_in(layer->provides, max_provides);
    struct eff__tag_set needed = eff__tag_set_in(layer->needs, max_needs);
    put_provided(&provided, layer);
    put_needed(&needed, layer, &provided);
    eff__layer_set_tags(layer, &provided, &needed);
}

/* ---- nodes with parts */

/* Those of a node that is being made. */
static eff_layer_t **parts_of(const eff_layer_t *layer)
{
    return (eff_layer_t **)(uintptr_t)layer->parts;
}

/* Gives up the parts of what cannot be made, and says which of them stands for it: one that is broken. */
static eff_layer_t *give_up(eff_layer_t *instead, size_t n, eff_layer_t *const *parts)
{
    for (size_t i = 0; i < n; i++)
        if (parts[i] != instead) eff_layer_decref(parts[i]);
    return instead;
}

/* Whether all parts are good. If not, the one that is broken, or the mistake about one, stands for the whole. */
static bool are_good(const struct eff_layer *init, size_t n, eff_layer_t *const *parts, eff_layer_t **ret_instead)
{
    for (size_t i = 0; i < n; i++) {
        if (!parts[i] || parts[i]->kind != EFF__LAYER_BROKEN) continue;
        *ret_instead = parts[i];
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (parts[i]) continue;
        eff_value_t mistake = eff_printf("argument %zu of %s is NULL", i + 1, eff__layer_facts[init->kind].name);
        *ret_instead = eff__layer_broken(init->site, mistake);
        return false;
    }
    if (eff__value_usable(init->value)) return true;
    bool oom = eff_is_oom(init->value);
    *ret_instead = oom ? eff__layer_oom() : eff__layer_missing(init->site, init->kind, "a value");
    return false;
}

/* A node with parts. Consumes the parts and init.value. */
static eff_layer_t *combine(struct eff_layer init, size_t n, eff_layer_t *const *parts)
{
    eff_layer_t *layer = NULL, *instead = eff__layer_oom();
    size_t max_provides = 1, max_needs = 0;
    if (are_good(&init, n, parts, &instead)) {
        for (size_t i = 0; i < n; i++) {
            max_provides += parts[i]->n_provides + parts[i]->n_needs;
            max_needs += parts[i]->n_needs;
        }
        layer = eff__layer_node(init, n, max_provides, max_needs);
    }
    if (!layer) {
        eff_value_decref(init.value);
        return give_up(instead, n, parts);
    }
    for (size_t i = 0; i < n; i++) {
        parts_of(layer)[i] = parts[i];
        layer->opaque |= parts[i]->opaque;
    }
    work_out(layer, max_provides, max_needs);
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
    return eff__layer_missing(site, kind, which);
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

/* What it is a name of: a name that it has already is replaced. Consumes layer. */
static eff_layer_t *without_name(eff_layer_t *layer)
{
    if (!layer || layer->kind != EFF__LAYER_NAMED) return layer;
    eff_layer_t *inner = eff_layer_incref(layer->parts[0]);
    eff_layer_decref(layer);
    return inner;
}

eff_layer_t *eff_layer_named_at(eff_site_t site, eff_layer_t *layer, const char *name)
{
    if (!name) return refuse(site, EFF__LAYER_NAMED, "the name", layer, eff_unit);
    if (!*name) {
        eff_layer_decref(layer);
        return eff__layer_broken(site, eff_literal("the name of eff_layer_named is empty"));
    }
    return combine_one(NODE(NAMED, .value = eff_string(name)), without_name(layer));
}

eff_layer_t *eff__layer_named(eff_site_t site, eff_layer_t *layer, const char *name)
{
    return combine_one(NODE(NAMED, .value = eff_literal(name)), without_name(layer));
}

eff_layer_t *eff__layer_of_null(eff_site_t site, const char *builder, eff_layer_t *first, eff_layer_t *second)
{
    eff_layer_t *mistake = eff__layer_broken(site, eff_printf("argument %d of %s is NULL", first ? 2 : 1, builder));
    eff_layer_decref(first);
    eff_layer_decref(second);
    return mistake;
}

eff_layer_t *eff__layer_renamed(eff_layer_t *layer, const eff_tag_t *from, const eff_tag_t *to)
{
    eff_site_t site = layer ? layer->site : NULL;
    return combine_one(NODE(RENAME, .from = from, .tag = to, .value = eff_unit), layer);
}
