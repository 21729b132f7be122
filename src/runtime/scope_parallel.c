/* Closing a parallel scope: everything is begun, in reverse order, and then awaited. Each effectful finalizer gets a fiber
 * of its own, which takes over its entry. Fibers are made before callbacks are called, so that one for which there is no
 * memory can still be run by the keeper, after the others.
 */
#include "runtime/frame.h"
#include "runtime/region.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

/* The fiber for a finalizer, without an effect; NULL when there is no memory, or its locals could not be copied. */
static eff_fiber_t *finisher_new(eff_fiber_t *keeper, eff_site_t site)
{
    eff_fiber_t *f = eff__fiber_new(keeper->rt, NULL, keeper->context, site);
    if (f && !eff__locals_fork(f, keeper)) {
        eff__fiber_discard(f);
        return NULL;
    }
    if (f) f->attrs = keeper->attrs;
    return f;
}

/* A plain release; a mistake that it makes is a failure of closing. */
static void release(eff_fiber_t *keeper, struct eff__entry *entry, const eff_exit_t *exit)
{
    bool plain;
    entry->ran = true;
    eff_t *mistake = eff__entry_finalizer(keeper, entry, exit, &plain);
    if (plain) return;
    eff__scope_add_failure(keeper, entry->scope, eff_cause_incref(eff_as_cause(mistake->value.value)));
    eff_decref(mistake);
}

/* Has a fiber of its own run a finalizer, if there is memory for one. */
static void finish(eff_fiber_t *keeper, struct eff__entry *entry, const eff_exit_t *exit)
{
    bool plain;
    eff_fiber_t *f = finisher_new(keeper, entry->site);
    if (!f) return;
    entry->ran = true;
    eff_t *e = eff__entry_finalizer(keeper, entry, exit, &plain);
    if (plain) {
        eff__fiber_discard(f);
        return;
    }
    if (!e) e = eff__mistake(entry->site, "callback %s returned NULL", entry->site ? entry->site : "of a finalizer");
    f->cur = (uintptr_t)e | EFF__OWNED;
    entry->kind = EFF__ENTRY_FINISHING;
    eff__entry_set_fiber(entry, f);
    eff__enqueue(f);
}

void eff__scope_close_at_once(eff_fiber_t *keeper, eff_scope_t *scope, const eff_exit_t *exit)
{
    eff_cause_t *interrupt = eff__interrupt_cause(keeper, EFF_INTERRUPT_REGION_ENDED, scope->site);
    /* The one before is asked for afterwards: user code that is called here may drop the last handle of a fiber that
     * has ended, which takes its entry along. Those of others stay. */
    for (struct eff__entry *entry = scope->last; entry; entry = entry->prev) {
        switch ((enum eff__entry_kind)entry->kind) {
        case EFF__ENTRY_FIBER: eff__fiber_interrupt(entry->fiber, interrupt); break;
        case EFF__ENTRY_SCOPE:
            if (entry->fiber->state != EFF__DONE) eff__scope_begin_close(eff__made_scope(entry), exit);
            break;
        case EFF__ENTRY_RELEASE: release(keeper, entry, exit); break;
        case EFF__ENTRY_FINALIZER:
        case EFF__ENTRY_EFFECT: finish(keeper, entry, exit); break;
        case EFF__ENTRY_HOLD: /* one after another: what is held may need one another */
        case EFF__ENTRY_FINISHING: break;
        }
    }
    eff_cause_decref(interrupt);
}
