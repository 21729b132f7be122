/* The facts about fibers as programs get them, and traces: the frames of a fiber that does not run, as sites. */
#include <string.h>

#include "runtime/dump.h"
#include "runtime/frame.h"
#include "runtime/group.h"
#include "runtime/rare.h"
#include "runtime/scope.h"

/* ---- facts */

static eff_fiber_state_t state_of(const eff_fiber_t *f)
{
    switch ((enum eff__state)f->state) {
    case EFF__NEW: return EFF_FIBER_NEW;
    case EFF__READY: return EFF_FIBER_READY;
    case EFF__RUNNING: return EFF_FIBER_RUNNING;
    case EFF__SUSPENDED: return f->wait.ops ? EFF_FIBER_WAITING : EFF_FIBER_RUNNING; /* it starts its sides */
    case EFF__DONE: break;
    }
    return EFF_FIBER_ENDED;
}

const char *eff__waits_for_text(const eff_fiber_t *f, eff_buffer_t *room)
{
    const struct eff__wait_ops *ops = f->wait.ops;
    eff_buffer_clear(room);
    if (ops->describe) ops->describe(f, room);
    return room->size && !room->truncated ? eff_buffer_text(room) : ops->name;
}

static void set_wait(const eff_fiber_t *f, int64_t now, eff_buffer_t *room, eff_fiber_info_t *i)
{
    const struct eff__wait_ops *ops = f->wait.ops;
    i->waits_for = room ? eff__waits_for_text(f, room) : ops->name;
    i->waits_at = f->wait.site;
    i->from_outside = f->flags & EFF__OUTSIDE;
    i->has_timer = ops->now != NULL;
    if (eff__waits_for_fiber(f)) i->waits_for_id = ((const eff_fiber_t *)f->wait.object)->id;
    int64_t ns = i->has_timer ? f->timer.deadline - ops->now(f) : now - f->since;
    if (ns < 0) ns = 0;
    if (i->has_timer) i->due_in = (eff_duration_t){ ns };
    else i->waited = (eff_duration_t){ ns };
}

void eff__fiber_info(eff_fiber_t *f, size_t level, int64_t now, eff_buffer_t *room, eff_fiber_info_t *ret_info)
{
    eff_fiber_info_t *i = ret_info;
    memset(i, 0, sizeof *i);
    i->size = sizeof *i;
    i->fiber = f;
    i->id = f->id;
    const eff_fiber_t *parent = eff__outer_of(f);
    i->parent_id = parent ? parent->id : 0;
    i->level = level;
    i->name = eff__fiber_name(f);
    i->forked_at = f->fork_site;
    i->state = state_of(f);
    if (i->state == EFF_FIBER_WAITING) set_wait(f, now, room, i);
    i->daemon = f->flags & EFF__DAEMON;
    i->masked = f->attrs & EFF__MASKED;
    i->interrupted = f->interrupt != NULL;
    if (f->interrupt)
        (void)eff_cause_interruption(f->interrupt, &i->interrupted_by, &i->interrupt_reason, &i->interrupted_at);
}

size_t eff_runtime_each_fiber(const eff_runtime_t *rt, eff_fiber_visit_fn visit, void *arg)
{
    int64_t now = eff__wait_time_now(rt);
    size_t n = 0, level = 1;
    eff_buffer_t room = EFF_BUFFER_INIT;
    for (const eff_fiber_t *f = eff__first_fiber(rt); f; f = eff__next_fiber(rt, f, &level)) {
        eff_fiber_info_t info;
        eff__fiber_info((eff_fiber_t *)(uintptr_t)f, level, now, &room, &info);
        n++;
        if (!visit(&info, arg)) break;
    }
    eff_buffer_done(&room);
    return n;
}

eff_runtime_t *eff_runtime_current(void)
{
    return eff__running;
}

/* ---- traces */

/* A trace that is collected, and the site before it. */
struct collector {
    struct eff__trace *trace;
    eff_site_t last; /* the same again, as from several frames of one combinator, is left out */
};

static void collect(struct collector *c, eff_site_t site)
{
    if (!site || eff__same_site(c->last, site)) return;
    c->last = site;
    eff__trace_add(c->trace, site);
}

/* The frame whose head is *top, which is below the words it has: see frame.h. @return its lowest word */
static const uintptr_t *collect_frame(struct collector *c, const uintptr_t *top)
{
    uintptr_t word = *top;
    if (!(word & EFF__SPECIAL)) {
        collect(c, eff__frame_node(word)->site);
        return top;
    }
    switch (eff__frame_code(word)) {
    case EFF__F_END:
    case EFF__F_MASK: return top;
    case EFF__F_FINALIZER: collect(c, (eff_site_t)top[-2]); return top - 2;
    case EFF__F_LOCALLY:
    case EFF__F_EXTEND:
    case EFF__F_SCOPED: return top - 1;
    case EFF__F_PROVIDE:
    case EFF__F_SAVED:
    case EFF__F_LEAVING:
    case EFF__F_CLOSING:
    case EFF__F_ITEM:
    case EFF__F_PULL: return top - 2;
    case EFF__F_GEN: collect(c, ((const struct eff_gen *)top[-1])->site); return top - 1; /* a run begins with it */
    case EFF__F_BRACKET: collect(c, eff__frame_node(top[-1])->site); return top - 3;
    case EFF__F_PERMITS: collect(c, (eff_site_t)top[-3]); return top - 3;
    case EFF__F_PAR: collect(c, ((const struct eff__group *)top[-1])->node->site); return top - 1;
    case EFF__F_EACH: collect(c, eff__frame_node(top[-2])->site); return top - 2;
    }
    __builtin_unreachable();
}

void eff__fiber_trace(const eff_fiber_t *f, struct eff__trace *ret_trace)
{
    struct collector c = { ret_trace, f->state == EFF__SUSPENDED ? f->wait.site : NULL };
    ret_trace->n_seen = 0;
    if (f->state == EFF__DONE || f == f->rt->current || f->rt->freeing) return;
    if (f->state != EFF__SUSPENDED && f->cur) collect(&c, eff__frame_node(f->cur)->site);
    const uintptr_t *base = eff__frames_base(f);
    for (const uintptr_t *top = f->top; top > base;)
        top = collect_frame(&c, top - 1);
}
