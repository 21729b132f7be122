/* Judging what ran between two marks, and turns. */
#include "runtime/watch.h"

#include <inttypes.h>
#include <string.h>

#include "core/describe.h"
#include "core/track.h"
#include "runtime/frame.h"
#include "runtime/group.h"
#include "runtime/prim.h"
#include "runtime/rare.h"
#include "runtime/runtime.h"

/* ---- reports */

struct report {
    const struct eff__mark *mark;
    int64_t took;
    int64_t n_ops; /* of a turn */
};

static void write_callback(struct eff__sink *s, const void *arg)
{
    const struct report *r = (const struct report *)arg;
    const struct eff__mark *m = r->mark;
    switch (m->kind) {
    case EFF__MARK_CALLBACK: eff__sink_called(s, "callback", m->site); break;
    case EFF__MARK_FINALIZER: eff__sink_called(s, "finalizer", m->site); break;
    case EFF__MARK_RELEASE: eff__sink_release(s, m->site); break;
    case EFF__MARK_CANCELER:
        eff__sink_add(s, "the canceler of ");
        eff__sink_called(s, "callback", m->site);
        break;
    case EFF__MARK_OBSERVER: eff__sink_add(s, "an observer of its end"); break;
    case EFF__MARK_GEN:
        eff__sink_add(s, "gen ");
        eff__sink_add(s, m->name);
        if (!m->site) break;
        eff__sink_add(s, strchr(m->site, '(') ? ", begun at " : ", from ");
        eff__sink_add(s, m->site);
        eff__sink_add(s, strchr(m->site, '(') ? "," : " on,");
        break;
    case EFF__MARK_INSTRUCTION:
    case EFF__MARK_NONE:
        eff__sink_add(s, m->name ? m->name : "something");
        if (m->site) eff__sink_add(s, " at "), eff__sink_add(s, m->site);
        break;
    }
    eff__sink_add(s, " held the loop for ");
    eff__sink_duration(s, r->took);
    if (!m->who.id) return;
    eff__sink_add(s, m->kind == EFF__MARK_OBSERVER ? ", of " : ", in ");
    eff__sink_who(s, &m->who);
}

static void write_turn(struct eff__sink *s, const void *arg)
{
    const struct report *r = (const struct report *)arg;
    eff__sink_who(s, &r->mark->who);
    eff__sink_add(s, " held the loop for ");
    eff__sink_duration(s, r->took);
    eff__sink_printf(s, " with %" PRId64 " instructions, none of them slow by itself", r->n_ops);
    eff__sink_add(s, ": it wants to yield more often, or the runtime a smaller budget");
}

/* What ran since the mark has ended. */
static int64_t judge(eff_runtime_t *rt)
{
    struct eff__watch *w = &rt->watch;
    if (!rt->debug.slow_ns) return 0;
    int64_t now = rt->debug.now();
    struct report r = { .mark = &w->mark, .took = now - w->mark.since };
    if (w->mark.kind == EFF__MARK_NONE || r.took < rt->debug.slow_ns) return now;
    w->n_told++;
    eff_slow_t slow = { EFF_SLOW_CALLBACK, NULL, w->mark.site, { r.took }, w->mark.who.id };
    eff__tell_slow(rt, &slow, write_callback, &r);
    return rt->debug.now(); /* telling takes time too */
}

/* ---- marks */

static void mark(eff_runtime_t *rt, const eff_fiber_t *f, enum eff__mark_kind kind, const char *name, eff_site_t site)
{
    struct eff__mark *m = &rt->watch.mark;
    m->since = judge(rt);
    m->kind = kind;
    m->name = name;
    m->site = site;
    if (f && (m->who.id != f->id || m->named != eff__fiber_name(f))) {
        m->who = eff__who_is(f);
        m->named = eff__fiber_name(f);
    }
    eff__made_in = site;
}

void eff__watch_mark(eff_runtime_t *rt, const eff_fiber_t *f, enum eff__mark_kind kind, eff_site_t site)
{
    mark(rt, f, kind, NULL, site);
}

struct eff__mark eff__watch_enter(eff_runtime_t *rt, const eff_fiber_t *f, enum eff__mark_kind kind, eff_site_t site)
{
    struct eff__mark *m = &rt->watch.mark, outer = *m;
    int64_t now = rt->debug.slow_ns ? rt->debug.now() : 0;
    outer.since = now - outer.since; /* how long it has run */
    *m = (struct eff__mark){ .kind = kind, .site = site, .since = now };
    if (f) m->who = eff__who_is(f);
    eff__made_in = site;
    return outer;
}

void eff__watch_leave(eff_runtime_t *rt, const struct eff__mark *outer)
{
    int64_t now = judge(rt), ran = outer->since;
    rt->watch.mark = *outer;
    rt->watch.mark.since = now - ran;
    eff__made_in = outer->site;
}

/* The callback of e comes next, if `kind` is one of those; when it is not the user's, what the user called e is told. */
static void mark_call(eff_fiber_t *f, const eff_t *e, enum eff__mark_kind kind, const char *name)
{
    bool calls = kind == EFF__MARK_CALLBACK || kind == EFF__MARK_FINALIZER;
    if (calls && eff__describe_runs_no_callback(e)) {
        kind = EFF__MARK_INSTRUCTION;
        name = eff__describe_name(e);
    }
    mark(f->rt, f, kind, name, e->site);
}

/* ---- said by the interpreter */

void eff__watch_eval(eff_fiber_t *f, eff_t *e)
{
    enum eff__mark_kind kind = EFF__MARK_INSTRUCTION;
    const char *name = eff__op_names[e->op];
    /* Descriptions may be shared by threads: a store that changes nothing is left out, and the others are atomic. */
    if (!__atomic_load_n(&e->ran, __ATOMIC_RELAXED)) __atomic_store_n(&e->ran, 1, __ATOMIC_RELAXED);
    switch ((enum eff__op)e->op) {
    case EFF__OP_SUCCEED: /* nothing of the user's runs in these, so they count to what ran before */
    case EFF__OP_FAIL:
    case EFF__OP_MAP:
    case EFF__OP_FLAT_MAP:
    case EFF__OP_FOLD:
    case EFF__OP_ON_EXIT:
    case EFF__OP_YIELD:
    case EFF__OP_SCOPED:
    case EFF__OP_BRACKET: return;
    case EFF__OP_SYNC:
    case EFF__OP_SUSPEND:
    case EFF__OP_ASYNC:
    case EFF__OP_SERVICE: kind = EFF__MARK_CALLBACK; break;
    case EFF__OP_MASK:
        if (e->kind == EFF__MASK_FN) kind = EFF__MARK_CALLBACK;
        break;
    case EFF__OP_EACH:
        if (!(e->flags & EFF__PARALLEL)) kind = EFF__MARK_CALLBACK; /* of the first item */
        break;
    case EFF__OP_GEN:
        kind = EFF__MARK_GEN;
        name = e->gen.def->name;
        break;
    case EFF__OP_PRIM: name = e->prim.prim->name; break;
    case EFF__OP_SLEEP:
    case EFF__OP_PROVIDE:
    case EFF__OP_FORK:
    case EFF__OP_PAR:
    case EFF__N_OPS: break;
    }
    mark_call(f, e, kind, name);
}

void eff__watch_return(eff_fiber_t *f, const eff_t *e)
{
    bool finalizer = e->op == EFF__OP_ON_EXIT;
    mark_call(f, e, finalizer ? EFF__MARK_FINALIZER : EFF__MARK_CALLBACK, NULL);
}

void eff__watch_frame(eff_fiber_t *f)
{
    const uintptr_t *top = f->top;
    eff_site_t site = NULL;
    enum eff__mark_kind kind = EFF__MARK_INSTRUCTION;
    const char *name = "the end of an instruction";
    switch (eff__frame_code(top[-1])) {
    case EFF__F_GEN:
        kind = EFF__MARK_GEN;
        eff__gen_is_at((void *)top[-2], &name, &site);
        break;
    case EFF__F_BRACKET:
        site = eff__frame_node(top[-2])->site;
        kind = eff__bracket_acquires(top[-1]) ? EFF__MARK_CALLBACK : EFF__MARK_RELEASE;
        break;
    case EFF__F_PERMITS:
        site = (eff_site_t)top[-4];
        name = "the end of what ran with permits";
        break;
    case EFF__F_EACH:
        site = eff__frame_node(top[-3])->site;
        kind = EFF__MARK_CALLBACK;
        break;
    case EFF__F_ITEM:
    case EFF__F_PULL:
        site = eff__group_of(f)->node->site;
        kind = EFF__MARK_CALLBACK;
        break;
    case EFF__F_PAR:
        site = ((const struct eff__group *)top[-2])->node->site;
        name = "the end of a parallel combinator";
        break;
    case EFF__F_END: name = "the end of a fiber"; break;
    case EFF__F_SCOPED:
    case EFF__F_PROVIDE:
    case EFF__F_EXTEND:
    case EFF__F_CLOSING: name = "the end of a scope"; break;
    case EFF__F_MASK:
    case EFF__F_LOCALLY:
    case EFF__F_FINALIZER:
    case EFF__F_SAVED:
    case EFF__F_LEAVING:
    default: break; /* the interpreter's switch over the same codes is the one that is complete */
    }
    mark(f->rt, f, kind, name, site);
}

/* ---- turns */

void eff__watch_turn(eff_runtime_t *rt, eff_fiber_t *f)
{
    struct eff__watch *w = &rt->watch;
    struct eff__mark turn = { .who = eff__who_is(f) };
    if (rt->debug.slow_ns) turn.since = rt->debug.now();
    w->mark = turn;
    w->mark.kind = EFF__MARK_INSTRUCTION;
    w->mark.name = "a wake-up";
    w->n_told = 0;
    eff__interpret_watched(rt, f);
    int64_t now = judge(rt);
    w->mark = (struct eff__mark){ .kind = EFF__MARK_NONE };
    eff__made_in = NULL;
    struct report r = { &turn, now - turn.since, rt->budget - rt->ops - rt->ops_left };
    if (!rt->debug.slow_ns || w->n_told > 0 || r.took < rt->debug.slow_ns) return;
    eff_slow_t slow = { EFF_SLOW_TURN, NULL, NULL, { r.took }, turn.who.id };
    eff__tell_slow(rt, &slow, write_turn, &r);
}
