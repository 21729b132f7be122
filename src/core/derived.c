/* What effects derived from other effects have in common: the closure that their callbacks get as environment, and
 * the callbacks shared by several builders or known to eff_describe.
 *
 * A user's callback called from here may return NULL: that is returned through, since the interpreter, which finds
 * it, knows the node by the user's site and reports the user's callback.
 */
#include "core/build.h"

#include "core/misuse.h"

/* ---- closures */

static void closure_drop(void *payload)
{
    struct eff__closure *c = payload;
    eff_decref(c->effect);
    eff_value_decref(c->env);
}

const eff_type_t eff__closure_type = {
    .size = sizeof(struct eff__closure), .name = "closure", .drop = closure_drop, .flags = EFF_TYPE_COUNTED
};

eff_value_t eff__closure_new(struct eff__closure init)
{
    bool absent = !init.env.type;
    struct eff__closure *c = NULL;
    if (init.effect != &eff__oom_node && eff__value_usable(init.env))
        c = eff__payload_alloc(&eff__closure_type, sizeof *c);
    if (!c) {
        closure_drop(&init);
        return absent ? init.env : eff_oom_value();
    }
    *c = init;
    return (eff_value_t){ .type = &eff__closure_type, .ptr = c };
}

/* ---- nodes over closures */

eff_t *eff__derived_bind(enum eff__op op, eff_t *e, eff_any_fn fn, struct eff__closure init)
{
    return eff__bind_node(op, 0, init.site, init.builder, e, fn, eff__closure_new(init));
}

eff_t *eff__derived_fold(uint8_t flags, eff_t *e, eff_any_fn bad, eff_bind_fn good, struct eff__closure init)
{
    return eff__fold_node(flags, init.site, init.builder, e, bad, good, eff__closure_new(init));
}

eff_t *eff__derived_pair(enum eff__op op, eff_site_t site, const char *builder, eff_t *first, eff_any_fn fn,
                         eff_t *second)
{
    if (!eff__effect_usable(first) || !eff__effect_usable(second)) return eff__refuse_two(site, builder, first, second);
    eff_value_t env = { .type = &eff_effect_type, .ptr = second };
    if (op == EFF__OP_FOLD) return eff__fold_node(0, site, builder, first, fn, NULL, env);
    return eff__bind_node(op, 0, site, builder, first, fn, env);
}

/* ---- shared callbacks */

eff_t *eff__run_env(eff_value_t v, eff_value_t env)
{
    (void)v;
    return eff_incref(env.ptr);
}

eff_value_t eff__return_env(eff_value_t v, eff_value_t env)
{
    (void)v;
    return eff_value_incref(env);
}

eff_value_t eff__return_some(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_some(eff_value_incref(v));
}

bool eff__condition_of(eff_value_t v, const char *builder)
{
    if (eff_value_is(v, &eff_bool_type)) return eff_as_bool(v);
    const char *found = eff_type_of(v)->name;
    eff__misuse("the condition of %s succeeded with %s %s, not with a boolean", builder, eff__article(found), found);
    return false;
}
