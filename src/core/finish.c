/* The builders of finish.h, but for acquire_release, which needs the runtime's scopes. */
#include <effect/finish.h>

#include "core/build.h"

eff_t *eff__run_env_finally(const eff_exit_t *exit, eff_value_t env)
{
    (void)exit;
    return eff_incref(env.ptr);
}

eff_t *eff_ensuring_at(eff_site_t site, eff_t *e, eff_t *finalizer)
{
    return eff__derived_pair(EFF__OP_ON_EXIT, site, "eff_ensuring", e, (eff_any_fn)eff__run_env_finally, finalizer);
}

eff_t *eff_on_exit_at(eff_site_t site, eff_t *e, eff_finalizer_fn f, eff_value_t env)
{
    return eff__bind_node(EFF__OP_ON_EXIT, 0, site, "eff_on_exit", e, (eff_any_fn)f, env);
}

eff_t *eff_on_interrupt_at(eff_site_t site, eff_t *e, eff_finalizer_fn f, eff_value_t env)
{
    return eff__bind_node(EFF__OP_ON_EXIT, EFF__ON_INTERRUPT, site, "eff_on_interrupt", e, (eff_any_fn)f, env);
}

static eff_t *bracket(uint8_t flags, eff_site_t site, const char *builder, eff_t *acquire, eff_bind_fn use,
                      eff_any_fn release, eff_value_t env)
{
    eff_t *e;
    if (!use) return eff__refuse_fn(site, builder, 2, "use", acquire, 1, &env);
    if (!release) return eff__refuse_fn(site, builder, 3, "release", acquire, 1, &env);
    if (!eff__effect_usable(acquire) || !eff__value_usable(env) ||
        !(e = eff__node_new(EFF__OP_BRACKET, EFF__NODE_SIZE(bracket), site)))
        return eff__refuse_bind(site, builder, acquire, true, env);
    e->flags = flags;
    e->bracket.source = acquire;
    e->bracket.use = use;
    e->bracket.release = release;
    e->bracket.env = env;
    return e;
}

eff_t *eff_acquire_use_release_at(eff_site_t site, eff_t *acquire, eff_bind_fn use, eff_release_fn release,
                                  eff_value_t env)
{
    return bracket(0, site, "eff_acquire_use_release", acquire, use, (eff_any_fn)release, env);
}

eff_t *eff_acquire_use_release_effect_at(eff_site_t site, eff_t *acquire, eff_bind_fn use,
                                         eff_release_effect_fn release, eff_value_t env)
{
    return bracket(EFF__EFFECTFUL, site, "eff_acquire_use_release_effect", acquire, use, (eff_any_fn)release, env);
}

eff_t *eff_acquire_interruptible_at(eff_site_t site, eff_t *e)
{
    return eff__mask_node(EFF__MASK_RESTORE, site, "eff_acquire_interruptible", e, NULL, eff_unit);
}

eff_t *eff_scoped_at(eff_site_t site, eff_t *e)
{
    return eff__wrap_node(EFF__OP_SCOPED, site, "eff_scoped", e);
}
