/* The live clock, and the instructions that ask whatever clock is in effect.
 *
 * Live sleepers sit in the runtime's own queue, ordered by deadline and then by when they went to sleep, behind one
 * libevent timer. The time is read once per turn. A sleeper is due only when the clock says so, however early the loop
 * woke up.
 */
#include "runtime/clock.h"

#include <time.h>

#include <effect/transform.h>

#include "core/misuse.h"
#include "runtime/prim.h"
#include "runtime/region.h"
#include "runtime/timer.h"

/* ---- the live clock */

static bool leave_timer(eff_fiber_t *f)
{
    eff__timers_remove(&f->rt->timers, &f->timer);
    return true;
}
static int64_t now_of(const eff_fiber_t *f)
{
    (void)f;
    return eff__now_ns();
}
/* Of many that were woken at once, hardly any is still in the processor's cache: one comes while others have their turns. */
static void sleeper_resumed(eff_fiber_t *f, bool interrupted)
{
    (void)interrupted;
    eff__fiber_fetch(f->ahead);
}
static const struct eff__wait_ops sleep_ops = {
    .name = "for time to pass", .external = true, .leave = leave_timer, .resumed = sleeper_resumed, .now = now_of
};

static eff_instant_t live_face_now(eff_clock_t *clock)
{
    (void)clock;
    return (eff_instant_t){ eff__running ? eff__now(eff__running) : eff__now_ns() };
}

static eff_instant_t live_wall(eff_clock_t *clock)
{
    struct timespec t;
    (void)clock;
    clock_gettime(CLOCK_REALTIME, &t);
    return (eff_instant_t){ (int64_t)t.tv_sec * 1000000000 + t.tv_nsec };
}

static int64_t live_now(struct eff__clock *clock, eff_runtime_t *rt)
{
    (void)clock;
    return eff__now(rt);
}

static int live_sleep(struct eff__clock *clock, eff_fiber_t *f, int64_t deadline)
{
    (void)clock;
    eff__suspend(f, &sleep_ops, NULL);
    eff__timers_add(&f->rt->timers, &f->timer, deadline);
    return EFF__SUSPEND;
}

static bool live_arm(struct eff__clock *clock, eff_fiber_t *f, int64_t deadline, const struct eff__wait_ops *ops,
                     void *object)
{
    (void)clock;
    eff__suspend(f, ops, object);
    eff__timers_add(&f->rt->timers, &f->timer, deadline);
    return true;
}

static void live_disarm(struct eff__clock *clock, eff_fiber_t *f)
{
    (void)clock;
    eff__timers_remove(&f->rt->timers, &f->timer);
}

/* Not eff__native_sleep: a clock of somebody else's that has this function, be it a copy, is not taken for ours. */
static eff_t *live_face_sleep(eff_clock_t *clock, eff_duration_t d)
{
    (void)clock;
    return eff__native_sleep(&eff__live_clock.face, d);
}

struct eff__clock eff__live_clock = {
    .face = { .size = sizeof(eff_clock_t), .now = live_face_now, .wall = live_wall, .sleep = live_face_sleep },
    .now = live_now,
    .sleep = live_sleep,
    .arm = live_arm,
    .disarm = live_disarm,
};

eff_clock_t *eff_clock_system(void)
{
    return &eff__live_clock.face;
}

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
    if (!rt->timers.root && !rt->grace_ends && !rt->alarms) return;
    int64_t now = eff__now_ns();
    if (rt->alarms) eff__alarms_due(rt, now);
    if (rt->grace_ends && rt->grace_ends <= now) eff__grace_passed(rt);
    rt->now = now;
    rt->now_valid = true;
    enum { AHEAD = 16 };
    eff_fiber_t *earlier[AHEAD] = { NULL };
    for (size_t i = 0; rt->timers.root && rt->timers.root->deadline <= now; i = (i + 1) % AHEAD) {
        eff_fiber_t *f = eff__timer_fiber(eff__timers_pop(&rt->timers));
        if (earlier[i]) earlier[i]->ahead = f;
        earlier[i] = f;
        f->ahead = NULL;
        f->reg = eff_unit;
        f->status = EFF__OK;
        eff__wake(f);
    }
}

/* ---- the service */

EFF_DEFINE_DEFAULT_SERVICE(eff_clock, eff_clock_t, &eff__live_clock.face);

static bool is_whole(const eff_clock_t *clock)
{
    return clock->size >= sizeof(eff_clock_t) && clock->now && clock->wall && clock->sleep;
}

/* The fiber's reg is not looked at: what asks for the clock has nothing in it yet. */
static eff_clock_t *fail(eff_fiber_t *f, bool memory)
{
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (memory) eff__raise(f, eff_cause_incref(eff__cause_oom));
    else
        eff__raise_mistake(f, NULL,
                           "the Clock in effect does not say .size = sizeof(eff_clock_t), or lacks one of .now, .wall "
                           "and .sleep");
    return NULL;
}

eff_clock_t *eff__clock_of(eff_fiber_t *f)
{
    eff_clock_t *clock = f->context ? eff_clock_from(f->context) : &eff__live_clock.face;
    if (!clock) return fail(f, true);
    return eff__native_clock(clock) || is_whole(clock) ? clock : fail(f, false);
}

struct eff__clock *eff__clock_native(const eff_fiber_t *f)
{
    eff_clock_t *clock = f->context ? eff_clock_from(f->context) : &eff__live_clock.face;
    return clock ? eff__native_clock(clock) : NULL;
}

int64_t eff__clock_after(struct eff__clock *clock, eff_runtime_t *rt, int64_t d)
{
    rt->now_valid = false; /* callbacks of this turn may have taken long: no time is cut short by them */
    int64_t now = clock->now(clock, rt);
    return now > 0 && d > INT64_MAX - now ? INT64_MAX : now + d;
}

int64_t eff__clock_now(eff_clock_t *clock, eff_runtime_t *rt)
{
    struct eff__clock *native = eff__native_clock(clock);
    return native ? native->now(native, rt) : clock->now(clock).ns;
}

/* The live one when the fiber's could not be asked. */
static eff_clock_t *some_clock(const eff_fiber_t *f)
{
    eff_clock_t *clock = f->context ? eff_clock_from(f->context) : NULL;
    return clock && (eff__native_clock(clock) || is_whole(clock)) ? clock : &eff__live_clock.face;
}

eff_instant_t eff__clock_wall(const eff_fiber_t *f)
{
    eff_clock_t *clock = some_clock(f);
    return clock->wall(clock);
}

int64_t eff__clock_read(const eff_fiber_t *f)
{
    return eff__clock_now(some_clock(f), f->rt);
}

/* What a user's clock makes of it is an effect like any other. */
static EFF_NOINLINE int sleep_by_user(eff_clock_t *clock, eff_fiber_t *f, int64_t deadline)
{
    int64_t now = clock->now(clock).ns;
    if (deadline <= now) {
        f->reg = eff_unit;
        f->status = EFF__OK;
        return EFF__RETURN;
    }
    eff_t *e = clock->sleep(clock, eff_instant_since((eff_instant_t){ deadline }, (eff_instant_t){ now }));
    if (!e) e = eff__mistake(NULL, "the .sleep of the Clock in effect returned NULL");
    return eff__go_on_with(f, eff_map_to_at(NULL, e, eff_unit), f->wait.site);
}

int eff__clock_sleep(eff_clock_t *clock, eff_fiber_t *f, int64_t deadline)
{
    struct eff__clock *native = eff__native_clock(clock);
    return native ? native->sleep(native, f, deadline) : sleep_by_user(clock, f, deadline);
}

eff_t *eff__native_sleep(eff_clock_t *clock, eff_duration_t d)
{
    return eff_clock_provide_at(NULL, eff_sleep_at(NULL, d), clock);
}

int eff__eval_sleep(eff_fiber_t *f, eff_t *e, bool owned)
{
    int64_t d = e->sleep.duration.ns;
    f->wait.site = e->site;
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (owned && eff__count_is_one(&e->count)) eff__free(e, EFF__NODE_SIZE(sleep));
    else if (owned) eff__node_release(e);
    eff_clock_t *clock = eff__clock_of(f);
    if (!clock) return EFF__RETURN;
    if (d <= 0) {
        f->cur = 0;
        f->state = EFF__READY;
        eff__enqueue(f);
        return EFF__SUSPEND;
    }
    f->rt->now_valid = false; /* callbacks of this turn may have taken long: a sleep is never cut short by them */
    int64_t now = eff__clock_now(clock, f->rt);
    return eff__clock_sleep(clock, f, now > 0 && d > INT64_MAX - now ? INT64_MAX : now + d);
}

static int now_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)e, (void)alone;
    eff_clock_t *clock = eff__clock_of(f);
    if (!clock) return EFF__RETURN;
    return eff__prim_value(f, eff_instant_value((eff_instant_t){ eff__clock_now(clock, f->rt) }));
}
static const struct eff__prim now_prim = { "clock_now", now_run };

static int wall_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)e, (void)alone;
    eff_clock_t *clock = eff__clock_of(f);
    return clock ? eff__prim_value(f, eff_instant_value(clock->wall(clock))) : EFF__RETURN;
}
static const struct eff__prim wall_prim = { "clock_wall", wall_run };

eff_t *eff_clock_now_at(eff_site_t site)
{
    return eff__prim_node_plain(site, &now_prim, eff_unit);
}

eff_t *eff_clock_wall_at(eff_site_t site)
{
    return eff__prim_node_plain(site, &wall_prim, eff_unit);
}
