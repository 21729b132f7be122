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

/* When something is wrong with the arguments, or the free list is empty. */
static EFF_NOINLINE eff_t *bracket(const struct eff__shape *shape, eff_site_t site, eff_t *acquire, eff_bind_fn use,
                                   eff_any_fn release, eff_value_t env)
{
    eff_t *e;
    if (!use) return eff__refuse_fn(site, shape->builder, 2, "use", acquire, 1, &env);
    if (!release) return eff__refuse_fn(site, shape->builder, 3, "release", acquire, 1, &env);
    if (!eff__effect_usable(acquire) || !eff__value_usable(env) ||
        !(e = eff__node_new(EFF__OP_BRACKET, EFF__NODE_SIZE(bracket), site)))
        return eff__refuse_bind(site, shape->builder, acquire, true, env);
    e->flags = shape->flags;
    e->bracket = (struct eff__arm_bracket){ acquire, use, release, env };
    return e;
}

static inline eff_t *bracket_at_once(const struct eff__shape *shape, eff_site_t site, eff_t *acquire, eff_bind_fn use,
                                     eff_any_fn release, eff_value_t env)
{
    eff_t *e;
    if (!eff__effect_usable(acquire) || !use || !release || !eff__value_usable(env) ||
        !(e = eff__node_at_once(shape, EFF__NODE_SIZE(bracket), site)))
        return bracket(shape, site, acquire, use, release, env);
    e->bracket.source = acquire;
    e->bracket.use = use;
    e->bracket.release = release;
    e->bracket.env = env;
    return e;
}

eff_t *eff_acquire_use_release_at(eff_site_t site, eff_t *acquire, eff_bind_fn use, eff_release_fn release,
                                  eff_value_t env)
{
    static const struct eff__shape shape = { EFF__OP_BRACKET, 0, "eff_acquire_use_release" };
    return bracket_at_once(&shape, site, acquire, use, (eff_any_fn)release, env);
}

eff_t *eff_acquire_use_release_effect_at(eff_site_t site, eff_t *acquire, eff_bind_fn use,
                                         eff_release_effect_fn release, eff_value_t env)
{
    static const struct eff__shape shape = { EFF__OP_BRACKET, EFF__EFFECTFUL, "eff_acquire_use_release_effect" };
    return bracket_at_once(&shape, site, acquire, use, (eff_any_fn)release, env);
}

eff_t *eff_acquire_interruptible_at(eff_site_t site, eff_t *e)
{
    return eff__mask_node(EFF__MASK_RESTORE, site, "eff_acquire_interruptible", e, NULL, eff_unit);
}

eff_t *eff_scoped_at(eff_site_t site, eff_t *e)
{
    return eff__wrap_node(EFF__OP_SCOPED, site, "eff_scoped", e);
}
