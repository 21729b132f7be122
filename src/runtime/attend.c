/* The interpreter's seldom ways: see attend.h. */
#include "runtime/attend.h"

#include <string.h>

#include "core/build.h"
#include "core/misuse.h"
#include "runtime/frame.h"
#include "runtime/rare.h"
#include "runtime/region.h"
#include "runtime/step.h"

void eff__resume(eff_runtime_t *rt, eff_fiber_t *f)
{
    uint32_t at_return = f->flags & EFF__AT_RETURN;
    f->flags &= ~(uint32_t)(EFF__AT_RETURN | EFF__STAY);
    bool interrupted = eff__interruptible_now(f) && !at_return;
    eff__end_wait(rt, f, interrupted);
    if (at_return && eff__interruptible_now(f)) eff__look_up(rt); /* it is seen at the next instruction */
    if (__builtin_expect(!interrupted, 1)) return;
    if (f->cur) {
        if (f->cur & EFF__OWNED) eff_decref(eff__frame_node(f->cur));
        f->cur = 0;
        f->reg = eff_unit;
        f->status = EFF__OK;
    }
    /* A failure that arrived together with the interruption was the wait's, and goes with it. */
    eff__raise(f, eff_cause_incref(f->interrupt));
}

eff_t *eff__call_and_drop(const eff_t *e, eff_value_t v)
{
    eff_t *n = ((eff_bind_fn)e->bind.fn)(v, e->bind.env);
    if (v.type->flags & EFF_TYPE_EFFECT) eff__effect_release(v.ptr);
    else eff__payload_release(v.ptr);
    return n;
}

void eff__env_release(const eff_value_t *env)
{
    eff__value_release(*env);
}

void eff__refused(eff_fiber_t *f, eff_t *n, eff_site_t site)
{
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (f->rt->misuse) {
        eff_decref(n);
        (void)eff__take_misuse(f, site);
    } else {
        eff__raise_null(f, site);
    }
}

bool eff__let_go(eff_value_t *v)
{
    void *payload = v->ptr;
    if (!(v->type->flags & EFF_TYPE_COUNTED) || eff__count_is_one(&eff__header_of(payload)->count)) return false;
    *v = eff__plain_unit();
    if (__builtin_expect(!eff__count_dec(&eff__header_of(payload)->count), 1)) return true;
    eff__payload_died(payload); /* another thread was quicker */
    return false;
}

bool eff__bound(eff_fiber_t *f, eff_t *e, eff_t *n, uintptr_t word)
{
    eff_site_t site = e->site;
    eff__drop_bind(word, e);
    if (__builtin_expect(n && !f->rt->misuse, 1)) return true;
    eff__refused(f, n, site);
    return false;
}

bool eff__ended_by_interrupt(const eff_fiber_t *f)
{
    if (!f->interrupt || !(f->attrs & EFF__MASKED)) return f->interrupt;
    return f->status == EFF__CAUSED && eff__cause_contains(eff_as_cause(f->reg), f->interrupt);
}

enum eff__verdict eff__attend(eff_fiber_t *f, bool at_instruction)
{
    eff_runtime_t *rt = f->rt;
    rt->ops = 0;
    if (rt->hooks.step) rt->hooks.step(rt->hooks.arg, f);
    if (at_instruction && eff__interruptible_now(f)) {
        if (f->cur & EFF__OWNED) eff_decref(eff__frame_node(f->cur));
        f->cur = 0;
        eff__raise(f, eff_cause_incref(f->interrupt));
        return EFF__RAISED;
    }
    if (rt->ops_left <= 0) return EFF__BUDGET_SPENT;
    rt->ops_left--;
    bool later = !at_instruction && eff__interruptible_now(f); /* it is seen at the next instruction */
    if (!rt->hooks.step && !later && !rt->misuse) {
        rt->ops = rt->ops_left;
        rt->ops_left = 0;
    }
    return EFF__GO_ON;
}

void eff__tell_misuse(eff_runtime_t *rt)
{
    rt->misuse = NULL;
    rt->current = NULL;
    eff__misuse("%s", rt->misuse_text);
}

/* What the user knows a map with this env by: derived ones have a closure there, alone or after another value. */
static const char *name_of_map(eff_value_t env)
{
    if (eff_value_is(env, &eff_pair_type)) env = eff_second(env);
    return env.type == &eff__closure_type ? eff__closure_of(env)->builder : "eff_map";
}

void eff__raise_bad_value(eff_fiber_t *f, eff_value_t v, const eff_t *e)
{
    f->reg = v;
    f->status = EFF__OK;
    if (f->rt->misuse) (void)eff__take_misuse(f, e->site);
    else if (v.type) eff__raise(f, eff_cause_incref(eff__cause_oom));
    else if (e->site) eff__raise_mistake(f, NULL, "callback %s returned the absent value", e->site);
    else
        eff__raise_mistake(f, NULL, "the callback of %s returned the absent value",
                           e->op == EFF__OP_SYNC ? "eff_sync" : name_of_map(e->bind.env));
}

/* One of two callbacks returned NULL, and not the one that the site names. */
static void raise_null_of_fold(eff_fiber_t *f, eff_site_t site)
{
    const char *place = site ? strrchr(site, '(') : NULL;
    eff__raise_mistake(f, NULL, "the `on_success` of eff_fold returned NULL%s%s", place ? " " : "", place ? place : "");
}

void eff__drop_passed(uintptr_t word, eff_t *e)
{
    if (e->op == EFF__OP_FOLD) eff__drop_fold(word, e);
    else if (e->op == EFF__OP_FLAT_MAP || e->op == EFF__OP_MAP) eff__drop_bind(word, e);
    else if (word & EFF__OWNED) eff__node_release(e);
}

void eff__fold_refused(eff_fiber_t *f, const eff_t *e, eff_t *n)
{
    bool succeeded = f->status == EFF__OK;
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (n || !succeeded || f->rt->misuse) eff__refused(f, n, e->site);
    else raise_null_of_fold(f, e->site);
}

int eff__call_on_exit(eff_fiber_t *f, const eff_t *e)
{
    eff_t *n;
    eff_exit_t exit = eff__reg_exit(f);
    uint8_t attrs = f->attrs;
    f->attrs |= EFF__MASKED;
    if (e->flags & EFF__ON_FAILURE) n = ((eff_cause_fn)e->bind.fn)(exit.cause, e->bind.env);
    else n = ((eff_finalizer_fn)e->bind.fn)(&exit, e->bind.env);
    f->attrs = attrs;
    return eff__run_finalizer(f, eff__checked_finalizer(f, n, e->site), e->site);
}

void eff__requeue(eff_fiber_t *f)
{
    /* TestClock: spending many budgets without time moving is a mistake, unless the user asked for small ones. */
    eff_runtime_t *rt = f->rt;
    if (rt->max_budgets && !rt->options.budget) {
        rt->spender = f->id;
        (void)eff__count_turns(f, (rt->max_turns + rt->max_budgets - 1) / rt->max_budgets);
    }
    for (;;) {
        eff_fiber_t *starter = f->flags & EFF__BEING_STARTED ? eff__starter_of(f) : NULL;
        f->flags &= ~(uint32_t)EFF__BEING_STARTED;
        f->state = EFF__READY;
        eff__enqueue(f);
        if (!starter) return;
        f = starter;
    }
}
