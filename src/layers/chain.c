/* Chains: by whom a layer is needed, told when it could not be built. */
#include "layers/memo.h"

static void chain_drop(void *payload)
{
    struct eff__chain *chain = (struct eff__chain *)payload;
    eff__chain_decref(chain->outer);
    eff_layer_decref(chain->layer);
}

static const eff_type_t chain_type = {
    .size = sizeof(struct eff__chain), .name = "layer chain", .drop = chain_drop, .flags = EFF_TYPE_COUNTED
};

struct eff__chain *eff__chain_incref(struct eff__chain *chain)
{
    return chain ? (struct eff__chain *)eff__payload_retain(chain) : NULL;
}

void eff__chain_decref(struct eff__chain *chain)
{
    if (chain) eff_value_decref((eff_value_t){ .type = &chain_type, .ptr = chain });
}

struct eff__chain *eff__chain_new(struct eff__chain *outer, eff_layer_t *layer)
{
    struct eff__chain *chain = (struct eff__chain *)eff__payload_alloc(&chain_type, sizeof *chain);
    if (!chain) return NULL;
    chain->outer = eff__chain_incref(outer);
    chain->layer = eff_layer_incref(layer);
    return chain;
}

/* The leaf of a layer that needs one of the tags; NULL when there is none. In constant stack: a layer may be nested as
 * deep as users like, so only so many parts are looked at. */
static const eff_layer_t *needer(const eff_layer_t *layer, size_t n, const eff_tag_t *const *tags)
{
    enum { DEPTH = 64 };
    for (int depth = 0; depth < DEPTH; depth++) {
        bool needs = false;
        for (size_t i = 0; i < n; i++)
            needs |= eff__tag_in(tags[i], layer->n_needs, layer->needs);
        if (!needs) return NULL;
        const eff_layer_t *inner = NULL;
        for (size_t k = 0; k < layer->n_parts && !inner; k++)
            for (size_t i = 0; i < n && !inner; i++)
                if (eff__tag_in(tags[i], layer->parts[k]->n_needs, layer->parts[k]->needs)) inner = layer->parts[k];
        if (!inner) return layer;
        layer = inner;
    }
    return layer;
}

/* The leaf of a wiring that needs what the layer provides. */
static const eff_layer_t *needer_beside(const eff_layer_t *wire, const eff_layer_t *layer)
{
    const eff_layer_t *found = NULL;
    for (size_t i = 0; i < wire->n_parts && !found; i++)
        found = needer(wire->parts[i], layer->n_provides, layer->provides);
    return found;
}

/* Adds who needs the layer, and who needs that one, outwards. */
void eff__chain_add_text(const eff_layer_t *layer, const struct eff__chain *chain, eff_buffer_t *out)
{
    size_t n = 0; /* of a wiring: so many are told, at most as many as it has */
    while (chain) {
        bool beside = chain->layer->kind == EFF__LAYER_WIRE;
        const eff_layer_t *upper = NULL;
        if (!beside) upper = needer(chain->layer, layer->n_provides, layer->provides);
        else if (n++ < chain->layer->n_parts) upper = needer_beside(chain->layer, layer);
        if (!upper || !beside) {
            chain = chain->outer;
            n = 0;
        }
        if (!upper) continue;
        eff_buffer_add(out, ", needed by ");
        eff__layer_name(upper, out);
        layer = upper;
    }
}
