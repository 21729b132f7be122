#include "runtime/timeout.h"

#include "core/build.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"

/* ---- the wait */

static bool leave(eff_fiber_t *f)
{
    struct eff__group *g = (struct eff__group *)f->wait.object;
    g->caller_awaits = false;
    eff__timeout_disarm(g);
    return true;
}

static int64_t now_of(const eff_fiber_t *f)
{
    struct eff__clock *clock = ((const struct eff__group *)f->wait.object)->clock;
    return clock == &eff__live_clock ? eff__now_ns() : clock->now(clock, f->rt); /* outside of a turn too */
}

const struct eff__wait_ops eff__timeout_wait = {
    .name = "for its side, or a timeout", .external = true, .leave = leave, .now = now_of
};

const struct eff__clock *eff__timeout_clock_of(const eff_fiber_t *f)
{
    if (f->state != EFF__SUSPENDED || f->wait.ops != &eff__timeout_wait) return NULL;
    return ((const struct eff__group *)f->wait.object)->clock;
}

/* Gets another turn after all that are ready. */
static int stand_in_line(eff_fiber_t *f)
{
    f->cur = 0;
    f->state = EFF__READY;
    eff__enqueue(f);
    return EFF__SUSPEND;
}

bool eff__timeout_wait_for(eff_fiber_t *f, struct eff__group *g)
{
    const eff_t *node = g->node;
    struct eff__clock *clock = eff__clock_native(f);
    if (!clock) return false;
    int64_t at = node->par.time;
    if (!(node->flags & EFF__PAR_UNTIL) && at <= 0) { /* as a sleep of 0, which is a yield */
        (void)stand_in_line(f);
    } else {
        if (!(node->flags & EFF__PAR_UNTIL)) at = eff__clock_after(clock, f->rt, at);
        f->wait.site = node->site;
        g->clock = clock;
        if (!clock->arm(clock, f, at, &eff__timeout_wait, g)) return false;
        g->caller_awaits = true;
    }
    g->timer = EFF__TIMER_SET;
    g->phase = EFF__GROUP_WAITING;
    return true;
}

void eff__timeout_disarm(struct eff__group *g)
{
    g->clock->disarm(g->clock, g->caller);
}

int eff__timeout_is_up(eff_fiber_t *f, struct eff__group *g)
{
    g->timer = EFF__TIME_IS_UP;
    g->decided = true;
    return stand_in_line(f);
}

/* ---- by a clock that sets no timers */

static int sleep_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_clock_t *clock = eff__clock_of(f);
    (void)alone;
    return clock ? eff__clock_sleep(clock, f, e->prim.value.integer) : EFF__RETURN;
}
static const struct eff__prim sleep_prim = { "sleep_until", sleep_run };

eff_t *eff__timeout_clock_side(const eff_t *node)
{
    int64_t time = node->par.time;
    if (!(node->flags & EFF__PAR_UNTIL)) return eff_sleep_at(node->site, (eff_duration_t){ time });
    return eff__prim_node_plain(node->site, &sleep_prim, eff_instant_value((eff_instant_t){ time }));
}
