/* The live clock, and the instructions that ask whatever clock is in effect.
 *
 * Live sleepers sit in the runtime's own queue, ordered by deadline and then by when they went to sleep, behind one
 * libevent timer. The time is read once per turn. A sleeper is due only when the clock says so, however early the loop
 * woke up.
 */
#include "runtime/clock.h"

#include <time.h>

#include "runtime/prim.h"
#include "runtime/region.h"
#include "runtime/timer.h"

/* ---- the live clock */

static bool leave_timer(eff_fiber_t *f)
{
    eff__timers_remove(&f->rt->timers, &f->wait.timer);
    return true;
}
static int64_t now_of(const eff_fiber_t *f)
{
    (void)f;
    return eff__now_ns();
}
static const struct eff__wait_ops sleep_ops = {
    .name = "for time to pass", .external = true, .leave = leave_timer, .now = now_of
};

static int64_t live_now(eff_clock_t *clock, eff_runtime_t *rt)
{
    (void)clock;
    return eff__now(rt);
}

static int64_t live_wall(eff_clock_t *clock)
{
    struct timespec t;
    (void)clock;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int live_sleep(eff_clock_t *clock, eff_fiber_t *f, int64_t deadline)
{
    (void)clock;
    eff__suspend(f, &sleep_ops, NULL);
    eff__timers_add(&f->rt->timers, &f->wait.timer, deadline);
    return EFF__SUSPEND;
}

static eff_clock_t live_clock = { .now = live_now, .wall = live_wall, .sleep = live_sleep };

int64_t eff__now(eff_runtime_t *rt)
{
    if (!rt->now_valid) {
        rt->now = eff__now_ns();
        rt->now_valid = true;
    }
    return rt->now;
}

/* ---- the time that waiting is measured by */

int64_t eff__wait_time_now(const eff_runtime_t *rt)
{
    int64_t now = rt->virtual_now ? *rt->virtual_now : eff__now_ns(), shifted;
    return __builtin_add_overflow(rt->wait_shift, now, &shifted) ? INT64_MAX : shifted; /* a TestClock's is anything */
}

int64_t eff__wait_time(eff_runtime_t *rt)
{
    if (rt->wait_time) return rt->wait_time;
    /* Not by eff__now, which would have a later eff_clock_now of this turn show the time of this suspension. */
    if (rt->now_valid && !rt->virtual_now) rt->wait_time = rt->wait_shift + rt->now;
    else rt->wait_time = eff__wait_time_now(rt);
    return rt->wait_time;
}

void eff__wait_time_follow(eff_runtime_t *rt, const int64_t *virtual_now)
{
    int64_t before = eff__wait_time_now(rt);
    rt->virtual_now = virtual_now;
    rt->wait_shift += before - eff__wait_time_now(rt);
    rt->wait_time = 0;
}

void eff__timers_due(eff_runtime_t *rt)
{
    if (rt->timers_polled) return;
    rt->timers_polled = true;
    if (!rt->timers.root && !rt->grace_ends) return;
    int64_t now = eff__now_ns();
    if (rt->grace_ends && rt->grace_ends <= now) eff__grace_passed(rt);
    rt->now = now;
    rt->now_valid = true;
    while (rt->timers.root && rt->timers.root->deadline <= now) {
        eff_fiber_t *f = eff__timer_fiber(eff__timers_pop(&rt->timers));
        f->reg = eff_unit;
        f->status = EFF__OK;
        eff__wake(f);
    }
}

/* ---- the service */

EFF_DEFINE_DEFAULT_SERVICE_(eff__clock, "clock", eff_clock_t, &live_clock);

eff_clock_t *eff__clock_of(const eff_fiber_t *f)
{
    return f->context ? eff__clock_from(f->context) : &live_clock;
}

int eff__eval_sleep(eff_fiber_t *f, eff_t *e, bool owned)
{
    eff_clock_t *clock = eff__clock_of(f);
    int64_t d = e->sleep.duration.ns;
    f->wait.site = e->site;
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (owned) eff__node_release(e);
    if (!clock) { /* the context is one that found no memory */
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return EFF__RETURN;
    }
    if (d <= 0) {
        f->cur = 0;
        f->state = EFF__READY;
        eff__enqueue(f);
        return EFF__SUSPEND;
    }
    f->rt->now_valid = false; /* callbacks of this turn may have taken long: a sleep is never cut short by them */
    int64_t now = clock->now(clock, f->rt);
    return clock->sleep(clock, f, d > INT64_MAX - now ? INT64_MAX : now + d);
}

static int now_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)e, (void)alone;
    eff_clock_t *clock = eff__clock_of(f);
    if (!clock) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    return eff__prim_value(f, eff_instant_value((eff_instant_t){ clock->now(clock, f->rt) }));
}
static const struct eff__prim now_prim = { "clock_now", now_run };

eff_t *eff_clock_now_at(eff_site_t site)
{
    return eff__prim_node_plain(site, &now_prim, eff_unit);
}
