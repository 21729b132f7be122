/* Giving up fibers whose runtime is freed under them: children first, frame by frame, without running any effect. Plain
 * releases and drops run; effectful finalizers are skipped and named. */
#include <stdio.h>

#include "runtime/attend.h"
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
        if (e->op == EFF__OP_ON_EXIT && !(e->flags & EFF__QUIET)) eff__report_skipped(f, e->site);
        eff__drop_passed(word, e);
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
    case EFF__F_PERMITS:
        eff__permits_unwind(f->top);
        f->top -= 3;
        break;
    case EFF__F_SAVED:
    case EFF__F_LEAVING:
    case EFF__F_ITEM:
    case EFF__F_PULL:
        eff_value_decref(eff__frame_value(f->top));
        f->top -= 2;
        break;
    case EFF__F_EXTEND:
        eff_scope_decref(f->scope);
        f->scope = (eff_scope_t *)*--f->top;
        break;
    case EFF__F_CLOSING:
        eff__closing_unwind(f, f->top);
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
        f->cur = 0;
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

/* Whether it keeps services for others, or belongs to what does: those end first. */
static bool is_used(const eff_fiber_t *f)
{
    while (f && !(f->flags & EFF__KEEPER))
        f = eff__outer_of(f);
    return f && f->flags & EFF__USED;
}

struct search {
    eff_fiber_t *found;
    bool used; /* look for those that are used, as well */
};

static bool find_living(eff_fiber_t *f, void *arg)
{
    struct search *s = (struct search *)arg;
    if (f->state == EFF__DONE || (!s->used && is_used(f))) return true;
    s->found = f;
    return false;
}

/* The next to be given up: children come first; NULL: there is none. */
static eff_fiber_t *next_living(const eff_runtime_t *rt)
{
    struct search s = { NULL, rt->services == NULL };
    eff__each_fiber(rt, find_living, &s);
    if (s.found || s.used) return s.found;
    rt->services->let_go(rt->services);
    eff__each_fiber(rt, find_living, &s);
    s.used = true;
    if (!s.found) eff__each_fiber(rt, find_living, &s);
    return s.found;
}

void eff__unwind_all(eff_runtime_t *rt)
{
    eff_runtime_t *outer = eff__running;
    eff__running = rt;
    rt->draining = true;
    for (;;) {
        eff_fiber_t *f = next_living(rt);
        if (!f) break;
        while (f && f->state != EFF__DONE) { /* and what comes next below its parent, without a search from the top */
            eff_fiber_t *parent = f->parent;
            rt->ready_first = rt->ready_last = NULL; /* whoever is there does not run again, and may be gone by now */
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
