/* Gens: the run of a stackless coroutine.
 *
 * A run is one block: the part the macros touch, bookkeeping, and the user's frame. It hangs on one GEN frame that stays
 * where it is while the gen awaits: an await costs the awaited effect and nothing else. `wait` says what the step
 * function's return meant:
 *
 *     RAW          an effect returned without a macro: its result is the gen's
 *     WAIT         an effect to be awaited: its success goes back in, its failure ends the gen
 *     WAIT_EXIT    an effect to be awaited: its exit goes back in
 *     RETURN       the gen's value is in g.value
 *     ENDING       the result is known; children, defers and the frame go, in that order
 */
#include <string.h>

#include "runtime/gen.h"
#include "runtime/prim.h"
#include "runtime/region.h"
#include "runtime/runtime.h"

static struct eff__gen_run *run_of(eff_fiber_t *f)
{
    return (struct eff__gen_run *)f->top[-2];
}

static void forget_results(struct eff__gen_run *r)
{
    eff_value_decref(r->g.value);
    r->g.value = (eff_value_t){ 0 };
    eff_exit_decref(r->g.exit);
    r->g.exit = (eff_exit_t){ .ok = true, .value = { 0 } };
}

static void run_free(struct eff__gen_run *r)
{
    forget_results(r);
    r->def->drop(eff__gen_frame(r));
    eff__free(r, EFF__GEN_FRAME_AT + r->def->size);
}

/* ---- ending */

/* The result is in reg: ends the children, then runs the defers, then drops the frame. */
static int end(eff_fiber_t *f, struct eff__gen_run *r)
{
    int next = eff__region_leave(f, f->depth);
    if (next != EFF__RETURN) return next;
    if (r->defers) {
        struct eff__defer *d = r->defers;
        eff_site_t site = d->site;
        eff_any_fn fn = d->fn;
        uint8_t attrs = f->attrs;
        r->defers = d->next;
        if (d != &r->spare) eff__free(d, sizeof *d);
        eff_exit_t exit = eff__reg_exit(f);
        f->attrs |= EFF__MASKED;
        if (__builtin_expect(f->rt->watch.on, 0)) eff__watch_mark(f->rt, f, EFF__MARK_FINALIZER, site);
        eff_t *finalizer = r->def->finalize(fn, eff__gen_frame(r), &exit);
        f->attrs = attrs;
        finalizer = eff__checked_finalizer(f, finalizer, site);
        return eff__run_finalizer(f, finalizer, site);
    }
    run_free(r);
    f->top -= 2;
    f->depth--;
    eff__mask_end(f);
    return EFF__RETURN;
}

/* ---- stepping */

int eff__gen_stepped(eff_fiber_t *f, struct eff__gen_run *r, eff_t *e)
{
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (__builtin_expect(f->rt->misuse != NULL, 0)) {
        eff_decref(e);
        (void)eff__take_misuse(f, r->g.site);
        r->g.wait = EFF__GEN_ENDING;
        return end(f, r);
    }
    if (__builtin_expect(!e, 0)) {
        eff__raise_mistake(f, r->g.site, "gen %s returned NULL after %s", r->def->name,
                           r->g.site ? r->g.site : "its start");
        r->g.wait = EFF__GEN_ENDING;
        return end(f, r);
    }
    if (r->g.wait == EFF__GEN_RETURN) {
        eff_decref(e);
        f->reg = r->g.value;
        r->g.value = (eff_value_t){ 0 };
        r->g.wait = EFF__GEN_ENDING;
        if (!eff__value_usable(f->reg)) {
            if (f->reg.type) eff__raise(f, eff_cause_incref(eff__cause_oom));
            else eff__raise_mistake(f, r->g.site, "gen %s ended with the absent value", r->def->name);
        }
        return end(f, r);
    }
    f->cur = (uintptr_t)e | EFF__OWNED;
    return EFF__EVAL;
}

/* Runs the step function to its next await or end. */
static int step(eff_fiber_t *f, struct eff__gen_run *r)
{
    r->g.wait = EFF__GEN_RAW;
    return eff__gen_stepped(f, r, r->def->step(eff__gen_frame(r), &r->g));
}

int eff__eval_gen(eff_fiber_t *f, eff_t *e, bool owned)
{
    const eff_gen_def_t *def = e->gen.def;
    struct eff__gen_run *r = NULL;
    if (eff__frames_reserve(f, 2 + EFF__FRAME_SLACK))
        r = (struct eff__gen_run *)eff__alloc(EFF__GEN_FRAME_AT + def->size);
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (!r) {
        if (owned) eff_decref(e);
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return EFF__RETURN;
    }
    memset(r, 0, sizeof *r);
    r->g.site = e->site;
    r->g.exit.ok = true;
    r->def = def;
    memcpy(eff__gen_frame(r), (char *)e + EFF__GEN_INIT, def->size);
    if (e->flags & EFF__OWNS_INIT) {
        if (owned && eff__count_is_one(&e->count)) e->flags &= (uint8_t)~EFF__OWNS_INIT; /* moved, not copied */
        else def->copy(eff__gen_frame(r));
    }
    if (owned) eff__node_release(e);
    *f->top++ = (uintptr_t)r;
    *f->top++ = eff__frame_head(EFF__F_GEN, f->attrs, 0);
    f->depth++;
    return step(f, r);
}

int eff__return_gen(eff_fiber_t *f)
{
    struct eff__gen_run *r = run_of(f);
    if (f->status == EFF__OK) {
        switch ((enum eff__gen_wait)r->g.wait) {
        case EFF__GEN_WAIT: return eff__gen_stepped(f, r, eff__gen_go_on(r, f->reg));
        case EFF__GEN_WAIT_EXIT:
            forget_results(r);
            r->g.exit = eff_exit_succeed(f->reg);
            return step(f, r);
        case EFF__GEN_RAW:
        case EFF__GEN_RETURN: r->g.wait = EFF__GEN_ENDING; break;
        case EFF__GEN_ENDING: break;
        }
        return end(f, r);
    }
    if (r->g.wait == EFF__GEN_WAIT_EXIT && !eff__interruptible_now(f) && !(f->flags & EFF__DOOMED)) {
        eff__trace_add(&f->rt->trace, r->g.site);
        forget_results(r);
        r->g.exit = eff_exit_fail_cause(eff__materialize(f));
        return step(f, r);
    }
    if (r->g.wait != EFF__GEN_ENDING) {
        eff__trace_add(&f->rt->trace, r->g.site);
        r->g.wait = EFF__GEN_ENDING;
    }
    return end(f, r);
}

void eff__gen_is_at(const void *run, const char **ret_name, eff_site_t *ret_site)
{
    const struct eff__gen_run *r = (const struct eff__gen_run *)run;
    *ret_name = r->def->name;
    *ret_site = r->g.site;
}

void eff__gen_unwind(eff_fiber_t *f, void *run)
{
    struct eff__gen_run *r = (struct eff__gen_run *)run;
    while (r->defers) {
        struct eff__defer *d = r->defers;
        r->defers = d->next;
        eff__report_skipped(f, d->site);
        if (d != &r->spare) eff__free(d, sizeof *d);
    }
    run_free(r);
}

/* ---- what the macros call */

eff_t *eff__gen_wait(eff_gen_t *g, eff_site_t site, eff_t *e)
{
    g->site = site;
    g->wait = EFF__GEN_WAIT;
    return e;
}

eff_t *eff__gen_wait_exit(eff_gen_t *g, eff_site_t site, eff_t *e)
{
    g->site = site;
    g->wait = EFF__GEN_WAIT_EXIT;
    return e;
}

eff_t *eff__gen_return(eff_gen_t *g, eff_value_t v)
{
    eff_value_decref(g->value);
    g->value = v;
    g->wait = EFF__GEN_RETURN;
    return eff_noop();
}

eff_t *eff__gen_fail(eff_gen_t *g, eff_site_t site, eff_value_t error)
{
    g->site = site;
    g->wait = EFF__GEN_RAW;
    return eff_fail_at(site, error);
}

eff_t *eff__gen_lost(eff_gen_t *g)
{
    struct eff__gen_run *r = (struct eff__gen_run *)g;
    g->wait = EFF__GEN_RAW;
    return eff__mistake(
        g->site,
        "gen %s cannot be resumed: an await stands inside a switch of the step function, or its last line "
        "is not EFF_GEN_END",
        r->def->name);
}

eff_value_t eff__gen_take(eff_gen_t *g)
{
    eff_value_t v = g->value;
    g->value = eff_unit;
    return v;
}

/* Without memory for the entry it goes to the spare place, the macro has the gen end with out of memory, and it runs first
 * of all defers. */
bool eff__gen_defer(eff_gen_t *g, eff_site_t site, eff_any_fn fn)
{
    struct eff__gen_run *r = (struct eff__gen_run *)g;
    struct eff__defer *d = (struct eff__defer *)eff__alloc(sizeof *d);
    bool placed = d != NULL;
    if (!placed) d = &r->spare;
    *d = (struct eff__defer){ r->defers, site, fn };
    r->defers = d;
    return placed;
}

eff_t *eff_gen_at(eff_site_t site, const eff_gen_def_t *def, const void *init, bool owns)
{
    eff_t *e = eff__node_new(EFF__OP_GEN, EFF__GEN_INIT + def->size, site);
    if (!e) {
        if (owns) {
            /* init is const to us, but what it holds is ours to drop: a copy to drop it through */
            def->drop((void *)(uintptr_t)init);
        }
        return eff_out_of_memory();
    }
    e->gen.def = def;
    if (owns) e->flags |= EFF__OWNS_INIT;
    memcpy((char *)e + EFF__GEN_INIT, init, def->size);
    return e;
}
