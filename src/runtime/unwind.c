/* Giving up fibers whose runtime is freed under them: children first, frame by frame, without running any effect. Plain
 * releases and drops run; effectful finalizers are skipped and named. */
#include <stdio.h>

#include "runtime/frame.h"
#include "runtime/group.h"
#include "runtime/region.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

static void report_skipped(const eff_fiber_t *f, const char *what, eff_site_t site)
{
    if (f->rt->hooks.skipped) {
        f->rt->hooks.skipped(f->rt->hooks.arg, f, site);
        return;
    }
    fprintf(stderr, "libeffect: fiber %llu was given up: %s %s did not run\n", (unsigned long long)f->id, what,
            site ? site : "(built without sites)");
}
void eff__report_skipped(const eff_fiber_t *f, eff_site_t site)
{
    report_skipped(f, "its finalizer", site);
}
void eff__report_skipped_release(const eff_fiber_t *f, eff_site_t site)
{
    report_skipped(f, "the release of", site);
}

/* Pops the top frame. */
static void unwind_frame(eff_fiber_t *f)
{
    uintptr_t word = *--f->top;
    eff_exit_t exit = eff__reg_exit(f);
    if (!(word & EFF__SPECIAL)) {
        eff_t *e = eff__frame_node(word);
        if (e->op == EFF__OP_ON_EXIT) eff__report_skipped(f, e->site);
        if (word & EFF__OWNED) eff__node_release(e);
        return;
    }
    switch (eff__frame_code(word)) {
    case EFF__F_END:
        if (f->scope) {
            eff__scope_unwind(f, f->scope, &exit);
            eff_scope_decref(f->scope);
            f->scope = NULL;
        }
        break;
    case EFF__F_MASK: break;
    case EFF__F_FINALIZER:
        f->top -= 2;
        if (f->top[1]) eff__finalizer_ends(f, (eff_site_t)f->top[0], (int64_t)f->top[1], false);
        break;
    case EFF__F_LOCALLY:
        eff_context_decref(f->context);
        f->context = (eff_context_t *)*--f->top;
        break;
    case EFF__F_SCOPED:
    case EFF__F_PROVIDE:
        eff__scope_unwind(f, f->scope, &exit);
        eff_scope_decref(f->scope);
        if (eff__frame_code(word) == EFF__F_PROVIDE) {
            eff_context_decref(f->context);
            f->context = (eff_context_t *)*--f->top;
        }
        f->scope = (eff_scope_t *)*--f->top;
        break;
    case EFF__F_GEN: eff__gen_unwind(f, (void *)*--f->top); break;
    case EFF__F_BRACKET:
        eff__bracket_unwind(f, f->top);
        f->top -= 3;
        break;
    case EFF__F_SAVED:
    case EFF__F_LEAVING:
    case EFF__F_ITEM:
    case EFF__F_PULL:
        eff_value_decref(eff__frame_value(f->top));
        f->top -= 2;
        break;
    case EFF__F_PAR: eff__group_unwind(f, (struct eff__group *)*--f->top); break;
    case EFF__F_EACH:
        eff__each_unwind((void *)*--f->top);
        word = *--f->top;
        if (word & EFF__OWNED) eff__node_release(eff__frame_node(word));
        break;
    }
}

void eff__fiber_unwind(eff_fiber_t *f)
{
    if (f->state == EFF__SUSPENDED) {
        /* One that wants to stay until it is answered is let go of when asked again. */
        const struct eff__wait_ops *ops = f->wait.ops;
        if (ops && ops->leave && !ops->leave(f)) (void)ops->leave(f);
        if (f->flags & EFF__OUTSIDE) f->rt->n_external--;
        f->reg = eff_unit;
        f->status = EFF__OK;
    } else if (f->state == EFF__READY && f->wait.ops && f->wait.ops->resumed) {
        f->wait.ops->resumed(f, true);
    }
    f->wait.ops = NULL;
    eff__acquire_unwind(f);
    uintptr_t cur = f->cur;
    f->cur = 0; /* first: what is dropped with it may look at the fibers */
    if (cur & EFF__OWNED) eff_decref(eff__frame_node(cur));
    eff__raise(f, eff_cause_incref(eff__cause_static_interrupt(EFF_INTERRUPT_SHUTDOWN)));
    while (f->top > eff__frames_base(f))
        unwind_frame(f);
    while (f->children)
        eff__fiber_let_go(f->children); /* those that live were unwound before */
    f->flags |= EFF__OBSERVED;
    bool owned_by_group = f->flags & EFF__SIDE;
    eff__fiber_publish(f);
    if (!owned_by_group) eff_fiber_decref(f);
}

static bool find_living(eff_fiber_t *f, void *arg)
{
    if (f->state == EFF__DONE) return true;
    *(eff_fiber_t **)arg = f;
    return false;
}

void eff__unwind_all(eff_runtime_t *rt)
{
    eff_runtime_t *outer = eff__running;
    eff__running = rt;
    rt->draining = true;
    for (;;) {
        eff_fiber_t *f = NULL;
        eff__each_fiber(rt, find_living, &f); /* children come first */
        if (!f) break;
        while (f && f->state != EFF__DONE) { /* and what comes next below its parent, without a search from the top */
            eff_fiber_t *parent = f->parent;
            rt->ready_first = rt->ready_last = NULL; /* whoever is there does not run again, and may be gone by now */
            rt->n_ready = 0;
            eff__fiber_unwind(f);
            for (f = parent; f && f->children;)
                f = f->children;
        }
    }
    rt->draining = false;
    eff__running = outer;
    eff_fiber_t *f;
    while ((f = rt->ended_first)) { /* on_exit is promised exactly once */
        rt->ended_first = f->next_ready;
        eff__fiber_tell_observers(f);
        eff_fiber_decref(f);
    }
    rt->ended_last = NULL;
    eff_fiber_t **const lists[] = { &rt->scoped, &rt->roots };
    for (int i = 0; i < 2; i++) {
        while (*lists[i])
            eff__fiber_let_go(*lists[i]);
    }
}
