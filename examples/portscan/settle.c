/* Failures that are results: the handler stands inside a mask, where handlers always run, and the mask is lifted for
 * the effect itself, which is interrupted as ever. */
#include "settle.h"

typedef struct settling {
    eff_t *e;
    eff_bind_fn handle;
    eff_value_t env;
} settling_t;
static void settling_clear(settling_t *s)
{
    eff_decref(s->e);
    eff_value_decref(s->env);
}
EFF_STATIC_TYPE(settling, settling_t, .drop = settling_clear);

static eff_t *settle_masked(eff_restore_t restore, eff_value_t settling)
{
    const settling_t *s = settling_of(settling);
    eff_t *e = eff_restore(restore, eff_incref(s->e));
    return eff_catch_all(e, s->handle, eff_value_incref(s->env));
}

eff_t *settle(eff_t *e, eff_bind_fn handle, eff_value_t env)
{
    return eff_uninterruptible_mask(settle_masked, settling_make((settling_t){ .e = e, .handle = handle, .env = env }));
}
