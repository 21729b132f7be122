/* Layers that are chosen when they are built: the keeper runs an effect, whose value says which layer, builds that one,
 * which its own scope holds, and serves of its services those that were declared. What the layer declares is all that
 * others know of it, so each choice is held to it, also where what it lacks happens to be around: else a choice that is
 * rarely made would fail for the first time elsewhere.
 */
#include "core/build.h"
#include "core/context.h"
#include "layers/keeper.h"

/* A mistake of the chosen layer, which is named, and of the one that has chosen it. */
static eff_t *mistake(const struct eff__instance *inst, const eff_layer_t *chosen, const char *does,
                      const eff_tag_t *tag, const char *add_to)
{
    eff_buffer_t name = EFF_BUFFER_INIT, by = EFF_BUFFER_INIT;
    eff__layer_name(chosen, &name);
    eff__instance_name(inst, &by);
    eff_t *e = eff__mistake_at(inst->layer->site, "layer %s, which was chosen by %s, %s %s%s", eff_buffer_text(&name),
                               eff_buffer_text(&by), does, eff__tag_name(tag), add_to);
    eff_buffer_done(&name);
    eff_buffer_done(&by);
    return e;
}

/* What is not as it was declared; NULL: nothing. What the library passes through layers for itself is always there. */
static eff_t *mismatch(const struct eff__instance *inst, const eff_layer_t *chosen)
{
    const eff_layer_t *layer = inst->layer;
    if (chosen->kind == EFF__LAYER_BROKEN) return NULL; /* building it says why */
    for (size_t i = 0; i < chosen->n_needs; i++) {
        const eff_tag_t *tag = chosen->needs[i];
        if (eff__tag_in(tag, layer->n_needs, layer->needs) || !eff__tag_is_shown(tag)) continue;
        return mistake(inst, chosen, "needs", tag, ", which is not among the needs declared there: add it to them");
    }
    for (size_t i = 0; i < layer->n_provides && !chosen->opaque; i++)
        if (!eff__tag_in(layer->provides[i], chosen->n_provides, chosen->provides))
            return mistake(inst, chosen, "does not provide", layer->provides[i], ", which is declared there");
    return NULL;
}

/* The callbacks of the chosen layer get the instance and the layer. */
struct chosen {
    struct eff__instance *inst; /* borrowed: it outlives its keeper */
    eff_layer_t *layer;         /* owned */
};
static void chosen_clear(struct chosen *c)
{
    eff_layer_decref(c->layer);
}
EFF_STATIC_TYPE(chosen, struct chosen, .drop = chosen_clear);

/* What an opaque layer provides is known only now. */
static eff_t *serve(eff_value_t services, eff_value_t env)
{
    const struct chosen *c = chosen_of(env);
    const eff_layer_t *layer = c->inst->layer;
    struct eff__needs declared = { .n = layer->n_provides, .tags = layer->provides };
    for (size_t i = 0; i < layer->n_provides; i++)
        if (!eff__context_has(eff_as_context(services), layer->provides[i]))
            return mistake(c->inst, c->layer, "does not provide", layer->provides[i], ", which is declared there");
    eff_value_t seen = eff_context_value(eff__context_given(eff_as_context(services), &declared));
    if (eff_is_oom(seen)) return eff_out_of_memory();
    eff_t *e = eff__serve_built(seen, eff__instance_env(c->inst));
    eff_value_decref(seen);
    return e;
}

static eff_t *build(struct eff__instance *inst, eff_layer_t *chosen)
{
    eff_t *wrong = mismatch(inst, chosen);
    if (wrong) return wrong;
    struct eff__mention m = { .layer = chosen, .fresh = inst->fresh, .site = inst->layer->site };
    m.chain = eff__chain_new_as(EFF__CHAIN_CHOSEN, NULL, inst->named ? inst->named : inst->layer);
    if (!m.chain) return eff_out_of_memory();
    eff_t *e = eff__build(&m);
    eff__chain_decref(m.chain);
    eff_value_t env = chosen_make((struct chosen){ inst, eff_layer_incref(chosen) });
    return eff_flat_map_at(inst->layer->site, e, serve, env);
}

static eff_t *choose(eff_value_t v, eff_value_t env)
{
    struct eff__instance *inst = eff__instance_in(env);
    const struct eff__closure *c = eff__closure_of(inst->layer->value);
    eff_layer_t *chosen = ((eff_layer_t * (*)(eff_value_t, eff_value_t)) c->fn)(v, c->env);
    if (!chosen) return eff__instance_mistake(inst, "function", "returned NULL");
    eff_t *e = build(inst, chosen);
    eff_layer_decref(chosen);
    return e;
}

eff_t *eff__open_chosen(struct eff__instance *inst)
{
    eff_t *e = eff_incref(eff__closure_of(inst->layer->value)->effect);
    return eff_flat_map_at(inst->layer->site, e, choose, eff__instance_env(inst));
}
