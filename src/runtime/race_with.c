/* race_with: a race whose first end wakes the caller, which then goes on, above its frame, with what a handler returns. The
 * loser stays a side of the group, and its handle may be used; when the handler's effect has ended, the group ends as any
 * other: by interrupting and awaiting who is left.
 */
#include "core/build.h"
#include "runtime/group.h"
#include "runtime/region.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

bool eff__race_with_may_handle(eff_fiber_t *f, struct eff__group *g)
{
    if (g->saved || g->handled) return false;
    g->scope = eff__scope_ambient(f);
    if (!g->scope) {
        g->saved = eff_cause_incref(eff__cause_oom);
        return false;
    }
    if (g->n_started == 2) return true;
    /* The first ended at once: the loser that was kept from starting is to be had all the same, and begins at its turn. */
    eff_fiber_t *loser = eff__group_new_side(f, g);
    if (!loser) {
        g->saved = eff__why_no_fiber(f->rt);
        return false;
    }
    loser->flags &= ~(uint32_t)EFF__BEING_STARTED;
    eff__enqueue(loser);
    return true;
}

int eff__race_with_handle(eff_fiber_t *f, struct eff__group *g)
{
    const struct eff__closure *c = g->node->par.handlers;
    bool left = g->sides[0].fiber->state == EFF__DONE; /* ties go left */
    eff_fiber_t *winner = g->sides[left ? 0 : 1].fiber, *loser = g->sides[left ? 1 : 0].fiber;
    g->phase = EFF__GROUP_HANDLING;
    g->handled = true;
    loser->flags &= ~(uint32_t)EFF__OBSERVED; /* from now on, by who asks */
    eff_exit_t exit = eff__fiber_exit(winner);
    eff_t *body = ((eff_race_fn)(left ? c->fn : c->when))(&exit, loser, c->env);
    if (!body) body = eff__mistake(NULL, "the `%s` of eff_race_with returned NULL", left ? "on_a" : "on_b");
    return eff__go_on_with(f, body, g->node->site);
}

void eff__race_with_handled(eff_fiber_t *f, struct eff__group *g)
{
    if (f->status != EFF__OK) eff__materialize(f);
    g->array = f->reg;
    g->result = f->status;
    f->reg = eff_unit;
    f->status = EFF__OK;
    g->phase = EFF__GROUP_WAITING;
}

void eff__race_with_outcome(eff_fiber_t *f, struct eff__group *g)
{
    eff_cause_t *interrupted = g->saved; /* while the loser was awaited */
    g->saved = NULL;
    for (uint32_t i = 0; i < g->n_started; i++)
        eff__fiber_report_unobserved(g->sides[i].fiber);
    f->reg = g->array;
    f->status = g->result;
    f->rt->trace.n_seen = 0;
    g->array = eff_unit;
    if (interrupted && f->status == EFF__OK) {
        eff__raise(f, interrupted);
    } else if (interrupted && eff__cause_contains((eff_cause_t *)f->reg.ptr, interrupted)) {
        eff_cause_decref(interrupted);
    } else if (interrupted) {
        f->reg = eff_cause_value(eff__cause_then_or_keep((eff_cause_t *)f->reg.ptr, interrupted));
    }
    if (f->status != EFF__OK) eff__trace_add(&f->rt->trace, g->node->site);
}
