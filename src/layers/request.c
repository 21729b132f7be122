/* Requests for instances: finding or making one, and holding it. See memo.h.
 *
 * Out of memory: a request makes everything it needs (hold, entry, instance, keeper) before it links any of it.
 */
#include "core/build.h"
#include "core/context.h"
#include "layers/hold.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

/* ---- waiting for the end of one */

/* Of an heir, who waits for the end to build anew: wait.object is the instance, with a reference. */
static struct eff__instance *ending(const eff_fiber_t *f)
{
    return (struct eff__instance *)f->wait.object;
}
static bool leave_heirs(eff_fiber_t *f)
{
    eff__waiters_remove(&ending(f)->heirs, f);
    eff__instance_decref(ending(f));
    return true;
}
static void describe_ending(const eff_fiber_t *f, eff_buffer_t *out)
{
    eff__describe_release(ending(f), out);
}
static eff_fiber_t *ending_awaited(const eff_fiber_t *f)
{
    return ending(f)->keeper;
}
static const struct eff__wait_ops heir_ops = { .name = "for a layer to be released",
                                               .leave = leave_heirs,
                                               .describe = describe_ending,
                                               .awaited = ending_awaited,
                                               .patient = true };

static int end_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__instance *inst = (struct eff__instance *)e->prim.handle;
    (void)alone;
    if (inst->state == EFF__HAS_ENDED) return eff__prim_value(f, eff_unit);
    eff__waiters_add(&inst->heirs, f);
    eff__suspend(f, &heir_ops, eff__payload_retain(inst));
    return EFF__SUSPEND;
}
static const struct eff__prim end_prim = { "provide", end_run };

eff_t *eff__instance_ended(eff_site_t site, struct eff__instance *inst)
{
    return eff__prim_node(site, &end_prim, inst, eff_unit);
}

/* ---- requests */

static int out_of_memory(eff_fiber_t *f)
{
    return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
}

/* Waits until the instance has ended, then requests again. */
static int request_after(eff_fiber_t *f, eff_t *e, struct eff__instance *inst)
{
    eff_t *again = eff_incref(e);
    return eff__prim_effect(f, eff_then_at(e->site, eff__instance_ended(e->site, inst), again));
}

int eff__instance_request(eff_fiber_t *f, eff_t *e, const struct eff__mention *m, const eff_context_t *given)
{
    struct eff__memo *memo = eff__memo_of(f->rt);
    eff_scope_t *scope = m->anchor ? m->anchor->scope : eff__scope_ambient(f);
    if (!memo || !scope || eff__context_is_oom(given)) return out_of_memory(f);
    if (scope->rt != f->rt) return eff__prim_foreign(f, "layer");
    if (scope->state != EFF__SCOPE_OPEN)
        return eff__prim_cause(f, eff_cause_die(eff_literal("a layer was asked for in a scope that is closed")));
    struct eff__instance *inst = eff__instance_find(memo, m, given);
    if (inst && inst->state != EFF__IS_READY) {
        eff_cause_t *cause = eff__instance_circle(f, inst);
        if (cause) return eff__prim_cause(f, cause);
        if (inst->state == EFF__IS_CLOSING) return request_after(f, e, inst);
    } else if (!inst && m->fresh) {
        eff_cause_t *cause = eff__instance_spiral(f, m, given);
        if (cause) return eff__prim_cause(f, cause);
    }
    struct eff__hold *hold = eff__hold_new(m->site, m->chain);
    if (!hold) return out_of_memory(f);
    struct eff__entry *entry = eff__hold_add_entry(hold, scope, m->anchor, m->site);
    if (entry && !inst) inst = eff__instance_new(memo, m, given);
    if (!entry || !inst) {
        if (entry) eff__entry_free(entry);
        else eff__hold_decref(hold);
        return out_of_memory(f);
    }
    hold->entry = entry;
    hold->instance = (struct eff__instance *)eff__payload_retain(inst);
    if (inst->n_users++ == 0) inst->keeper->flags |= EFF__USED;
    if (inst->state == EFF__IS_READY) return eff__prim_value(f, eff_context_value(eff_context_incref(inst->services)));
    eff__await_ready(f, hold);
    return EFF__SUSPEND;
}

/* ---- for MEMOs */

int eff__request_memoized(eff_fiber_t *f, eff_t *e, const struct eff__mention *m)
{
    const struct eff__memoized *memoized = (const struct eff__memoized *)m->layer->value.ptr;
    if (memoized->rt != f->rt) return eff__prim_foreign(f, "memoized layer");
    if (!memoized->hold)
        return eff__prim_cause(f, eff_cause_die(eff_literal("the scope that the layer was memoized in is closed")));
    return eff__instance_request(f, e, m, memoized->given);
}

struct eff__hold *eff__hold_new_memoized(struct eff__memoized *memoized)
{
    struct eff__hold *hold = eff__hold_new(NULL, NULL);
    if (!hold) return NULL;
    hold->memoized = (struct eff__memoized *)eff__payload_retain(memoized);
    memoized->hold = hold;
    return hold;
}

bool eff__hold_memoized(eff_fiber_t *f, struct eff__memoized *memoized, eff_site_t site)
{
    eff_scope_t *scope = eff__scope_ambient(f);
    struct eff__hold *hold = scope && scope->state == EFF__SCOPE_OPEN ? eff__hold_new_memoized(memoized) : NULL;
    bool held = hold && eff__hold_add_entry(hold, scope, NULL, site);
    if (!held) eff__hold_decref(hold);
    return held;
}
