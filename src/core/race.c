/* The builders of race.h: a group node each. The handlers of race_with are a closure of its node. */
#include <effect/race.h>

#include "core/build.h"

eff_t *eff_race_first_all_at(eff_site_t site, size_t n, eff_t *const *effects)
{
    if (n == 0) return eff__mistake_at(site, "eff_race_first_all was given no effect");
    if (!effects) return eff__mistake_at(site, "the list of eff_race_first_all is NULL");
    return eff__par_node(EFF__PAR_RACE_FIRST, EFF__PAR_MANY, site, "eff_race_first_all", n, effects);
}

eff_t *eff_race_with_at(eff_site_t site, eff_t *a, eff_t *b, eff_race_fn on_a, eff_race_fn on_b, eff_value_t env)
{
    static const char builder[] = "eff_race_with";
    eff_t *const sides[] = { a, b };
    if (!eff__effect_usable(a) || !eff__effect_usable(b) || !eff__value_usable(env))
        return eff__refuse(site, builder, 2, sides, true, env);
    if (!on_a || !on_b) {
        eff_decref(b);
        return eff__refuse_fn(site, builder, on_a ? 4 : 3, on_a ? "on_b" : "on_a", a, 1, &env);
    }
    eff_value_t handlers = eff__closure_new((struct eff__closure){
        .builder = builder, .site = site, .fn = (eff_any_fn)on_a, .when = (eff_any_fn)on_b, .env = env });
    if (!eff__value_usable(handlers)) return eff__refuse(site, builder, 2, sides, true, handlers);
    eff_t *e = eff__par_node(EFF__PAR_RACE_WITH, 0, site, builder, 2, sides);
    if (e->op == EFF__OP_PAR) e->par.handlers = handlers.ptr;
    else eff_value_decref(handlers);
    return e;
}
