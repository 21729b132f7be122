/* Fiber sets: a crew without keys. */
#include "runtime/crew.h"

EFF__CREW_HANDLE(fiber_set, "fiber set");

static int fork_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__crew *crew = (struct eff__crew *)e->prim.handle;
    if (!eff__crew_claim(f, crew)) return EFF__RETURN;
    return eff__crew_fork(f, crew, NULL, (eff_t *)eff__prim_take_value(e, alone).ptr, e->site);
}
static const struct eff__prim fork_prim = { "fiber_set_fork", fork_run };

eff_t *eff_fiber_set_fork_at(eff_site_t site, eff_fiber_set_t *set, eff_t *e)
{
    if (!eff__effect_usable(e)) return eff__refuse_null(site, "eff_fiber_set_fork", 2, e, eff_unit);
    return eff__prim_node(site, &fork_prim, set, eff_effect_value(e));
}

eff_t *eff_fiber_set_join_at(eff_site_t site, eff_fiber_set_t *set)
{
    return eff__crew_join_at(site, set);
}
eff_t *eff_fiber_set_await_empty_at(eff_site_t site, eff_fiber_set_t *set)
{
    return eff__crew_await_empty_at(site, set);
}
eff_t *eff_fiber_set_clear_at(eff_site_t site, eff_fiber_set_t *set)
{
    return eff__crew_clear_at(site, set);
}

size_t eff_fiber_set_size(const eff_fiber_set_t *set)
{
    return set ? set->crew.n : 0;
}
