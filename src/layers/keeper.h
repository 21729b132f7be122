/* What the keepers of instances run: keeper.c for layers of one service, keeper_parts.c for those made of others. */
#ifndef EFF_LAYERS_KEEPER_H
#define EFF_LAYERS_KEEPER_H

#include "layers/memo.h"

/* An instance as the environment of its keeper's callbacks: borrowed, since it outlives its keeper. */
static inline struct eff__instance *eff__instance_in(eff_value_t env)
{
    return (struct eff__instance *)eff_as_ptr(env);
}
static inline eff_value_t eff__instance_env(struct eff__instance *inst)
{
    return eff_ptr(inst);
}

/* An effect that dies of what a callback of the layer did: "the open of layer db_live returned NULL". */
eff_t *eff__instance_mistake(const struct eff__instance *inst, const char *callback, const char *did);

/* Callbacks of flat_map, with an instance as environment. They go on with waiting until nobody uses the services: those of a
 * context; one, of the layer's tag. */
eff_t *eff__serve_built(eff_value_t services, eff_value_t env);
eff_t *eff__serve_one(eff_value_t service, eff_value_t env);

/* The same for a FLAT_MAP: layer_flat_map.c. */
eff_t *eff__open_chosen(struct eff__instance *inst);
/* What opens and serves a layer whose keeper builds others. */
eff_t *eff__open_parts(struct eff__instance *inst);

#endif
