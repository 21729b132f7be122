/* Chains: by whom a layer is needed and what it is a part of, in the users' words: told when it could not be built. A layer
 * is called what it was named, or what the innermost eff_layer_named around it is, when it has no name of its own. */
#include "layers/memo.h"

#include <string.h>

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

struct eff__chain *eff__chain_new_as(enum eff__chain_kind kind, struct eff__chain *outer, eff_layer_t *layer)
{
    struct eff__chain *chain = (struct eff__chain *)eff__payload_alloc(&chain_type, sizeof *chain);
    if (!chain) return NULL;
    chain->kind = kind;
    chain->outer = eff__chain_incref(outer);
    chain->layer = eff_layer_incref(layer);
    chain->named = kind == EFF__CHAIN_NAMED ? layer : outer ? outer->named : NULL;
    return chain;
}

/* ---- names */

static eff_layer_t *named_around(const struct eff__chain *chain)
{
    return chain ? chain->named : NULL;
}

eff_layer_t *eff__chain_named(const struct eff__chain *chain, const eff_layer_t *layer)
{
    eff_layer_t *named = named_around(chain);
    return named && eff__layer_speaks_for(named, layer) ? named : NULL;
}

void eff__chain_add_name(const eff_layer_t *layer, const eff_layer_t *named, eff_buffer_t *out)
{
    eff__layer_name(named && eff__layer_speaks_for(named, layer) ? named : layer, out);
}

/* ---- who needs what */

/* A layer, and the innermost NAMED that it was found in; NULL: none. */
struct found {
    const eff_layer_t *layer, *named;
};

/* The leaf of a layer that needs one of the tags; none: NULL. In constant stack: a layer may be nested as deep as users
 * like, so only so many parts are looked at. */
static struct found needer(struct found in, size_t n, const eff_tag_t *const *tags)
{
    enum { DEPTH = 64 };
    for (int depth = 0; depth < DEPTH; depth++) {
        const eff_layer_t *layer = in.layer, *inner = NULL;
        bool needs = false;
        for (size_t i = 0; i < n; i++)
            needs |= eff__tag_in(tags[i], layer->n_needs, layer->needs);
        if (!needs) return (struct found){ NULL, NULL };
        for (size_t k = 0; k < layer->n_parts && !inner; k++)
            for (size_t i = 0; i < n && !inner; i++)
                if (eff__tag_in(tags[i], layer->parts[k]->n_needs, layer->parts[k]->needs)) inner = layer->parts[k];
        if (!inner) break;
        in = (struct found){ inner, layer->kind == EFF__LAYER_NAMED ? layer : in.named };
    }
    return in;
}

/* The leaf of a wiring that needs what the layer provides. */
static struct found needer_beside(struct found wire, const eff_layer_t *layer)
{
    struct found found = { NULL, NULL };
    for (size_t i = 0; i < wire.layer->n_parts && !found.layer; i++)
        found = needer((struct found){ wire.layer->parts[i], wire.named }, layer->n_provides, layer->provides);
    return found;
}

/* ---- the text */

/* So many names are told, and then ", ...". */
enum { MOST_TOLD = 64 };

struct telling {
    eff_buffer_t *out;
    eff_buffer_t last; /* the name that was told last: it is not told twice in a row */
    const eff_layer_t *layer;
    size_t n_told;
};

static void tell(struct telling *t, const char *how, struct found next, const struct eff__chain *chain)
{
    eff_buffer_t name = EFF_BUFFER_INIT;
    const eff_layer_t *named = next.named ? next.named : named_around(chain->outer);
    eff__chain_add_name(next.layer, named, &name);
    bool again = strcmp(eff_buffer_text(&name), eff_buffer_text(&t->last)) == 0;
    if (!again && t->n_told++ < MOST_TOLD) eff_buffer_printf(t->out, ", %s %s", how, eff_buffer_text(&name));
    eff_buffer_done(&t->last);
    t->last = name;
    t->layer = next.layer;
}

void eff__chain_add_text(const struct eff__instance *inst, const struct eff__chain *chain, eff_buffer_t *out)
{
    struct telling t = { .out = out, .last = EFF_BUFFER_INIT, .layer = inst->layer };
    size_t n = 0; /* of a wiring: so many are told, at most as many as it has */
    eff__instance_name(inst, &t.last);
    while (chain && t.n_told <= MOST_TOLD) {
        struct found upper = { chain->layer, NULL };
        bool beside = false;
        if (chain->kind == EFF__CHAIN_NAMED) {
            tell(&t, "part of", upper, chain);
        } else if (chain->kind == EFF__CHAIN_CHOSEN) {
            tell(&t, "chosen by", upper, chain);
        } else {
            bool wire = chain->layer->kind == EFF__LAYER_WIRE;
            if (!wire) upper = needer(upper, t.layer->n_provides, t.layer->provides);
            else if (n++ < chain->layer->n_parts) upper = needer_beside(upper, t.layer);
            else upper.layer = NULL;
            beside = wire && upper.layer;
            if (upper.layer) tell(&t, "needed by", upper, chain);
        }
        if (beside) continue;
        chain = chain->outer;
        n = 0;
    }
    if (t.n_told > MOST_TOLD) eff_buffer_add(out, ", ...");
    eff_buffer_done(&t.last);
}
