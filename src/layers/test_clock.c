/* TestClock: virtual time, moved by adjust and set, or by the test driver.
 *
 * Sleepers stand in the clock's own queue. An adjust waits, as a fiber, in the clock's line of adjusters; the first of
 * them is served whenever the runtime has nothing else to run: each time, time moves to the next deadline and those
 * sleepers become ready, in the order of going to sleep, until the adjust's own target is reached. So everything that a
 * wake-up brings about happens before time moves on, and sleeps scheduled meanwhile count.
 *
 * The order of time, for sleepers at 1 s, 1 s and 3 s under adjust(2 s):
 *     idle -> now = 1 s, both wake -> they run until idle -> now = 2 s, the adjuster wakes
 */
#include "layers/test_clock.h"

#include "core/collection.h"
#include "runtime/prim.h"
#include "runtime/timer.h"

enum {
    TEST_BUDGET = 1 << 20, /* so that the library's own instruction counts do not shape the order */
    MAX_TURNS = 100000     /* per fiber, without time moving */
};

struct eff__test_clock {
    eff_clock_t clock;      /* first: the service is a pointer to it */
    struct eff__idle idler; /* in the runtime's list while bound */
    eff_runtime_t *rt;      /* NULL until first used */
    int64_t outer_budget;   /* of the runtime as it was before, and is again once unbound */
    uint32_t outer_max_turns;
    int64_t now;
    struct eff__timers timers;
    struct eff__waiters adjusters; /* the first is being served; its target is in its register */
    bool auto_advance;
};

static int64_t test_now(eff_clock_t *clock, eff_runtime_t *rt)
{
    (void)rt;
    return ((eff__test_clock_t *)clock)->now;
}

static int64_t test_wall(eff_clock_t *clock)
{
    return ((eff__test_clock_t *)clock)->now;
}

void eff__test_clock_unbind(eff__test_clock_t *c)
{
    if (!c->rt) return;
    eff__idle_remove(c->rt, &c->idler);
    c->rt->budget = c->outer_budget;
    c->rt->max_turns = c->outer_max_turns;
    if (c->rt->virtual_now == &c->now) eff__wait_time_follow(c->rt, NULL);
    c->rt = NULL;
}

static void clock_drop(void *payload)
{
    eff__test_clock_unbind((eff__test_clock_t *)payload);
}

static const eff_type_t test_clock_type = {
    .size = sizeof(eff__test_clock_t), .name = "test clock", .drop = clock_drop, .flags = EFF_TYPE_COUNTED
};

/* ---- sleeping */

static bool leave_sleepers(eff_fiber_t *f)
{
    eff__test_clock_t *c = (eff__test_clock_t *)f->wait.object;
    eff__timers_remove(&c->timers, &f->wait.timer);
    return true;
}
static int64_t now_of(const eff_fiber_t *f)
{
    return ((const eff__test_clock_t *)f->wait.object)->now;
}
static const struct eff__wait_ops sleep_ops = { .name = "for virtual time to pass",
                                                .leave = leave_sleepers,
                                                .now = now_of };

static int test_sleep(eff_clock_t *clock, eff_fiber_t *f, int64_t deadline)
{
    eff__test_clock_t *c = (eff__test_clock_t *)clock;
    eff__test_clock_bind(c, f->rt);
    if (c->rt != f->rt) return eff__prim_foreign(f, "test clock");
    eff__suspend(f, &sleep_ops, c);
    eff__timers_add(&c->timers, &f->wait.timer, deadline);
    return EFF__SUSPEND;
}

/* ---- moving time */

void eff__test_clock_wake(eff__test_clock_t *c, eff_fiber_t *sleeper)
{
    eff__timers_remove(&c->timers, &sleeper->wait.timer);
    sleeper->wait.object = NULL;
    sleeper->reg = eff_unit;
    sleeper->status = EFF__OK;
    eff__wake(sleeper);
}

bool eff__test_clock_advance(eff__test_clock_t *c, int64_t until)
{
    struct eff__timer *first = c->timers.root;
    bool due = first && first->deadline <= until;
    int64_t to = due ? first->deadline : until;
    if (to > c->now) {
        c->now = to;
        if (c->rt) c->rt->epoch++;
        if (c->rt) c->rt->wait_time = 0;
    }
    while (due && c->timers.root && c->timers.root->deadline <= to)
        eff__test_clock_wake(c, eff__timer_fiber(c->timers.root));
    return due;
}

/* Nothing else can run: serves the first adjuster, or jumps ahead by itself. */
static bool idle(struct eff__idle *self)
{
    eff__test_clock_t *c = (eff__test_clock_t *)(void *)((char *)self - offsetof(eff__test_clock_t, idler));
    eff_fiber_t *adjuster = c->adjusters.first;
    if (adjuster) {
        if (eff__test_clock_advance(c, adjuster->reg.integer)) return true;
        eff__waiters_pop(&c->adjusters);
        adjuster->wait.object = NULL;
        adjuster->reg = eff_unit;
        eff__wake(adjuster);
        return true;
    }
    if (!c->auto_advance || !c->timers.root || c->rt->n_external > 0) return false;
    return eff__test_clock_advance(c, c->timers.root->deadline);
}

void eff__test_clock_bind(eff__test_clock_t *c, eff_runtime_t *rt)
{
    if (c->rt) return;
    c->rt = rt;
    eff__idle_add(rt, &c->idler);
    c->outer_budget = rt->budget;
    c->outer_max_turns = rt->max_turns;
    if (!rt->options.budget) rt->budget = TEST_BUDGET;
    rt->max_turns = MAX_TURNS;
    if (!rt->virtual_now) eff__wait_time_follow(rt, &c->now);
}

void eff__test_clock_settle(eff_runtime_t *rt)
{
    rt->driving = true;
    for (;;) {
        eff__drain(rt);
        if (rt->ready_first) continue;
        if (rt->n_external > 0) eff__loop_once(rt->loop, rt->n_blocking > 0);
        if (rt->ready_first || rt->n_blocking > 0) continue;
        if (!eff__idle(rt)) break;
    }
    rt->driving = false;
}

const eff_tag_t *eff__test_clock_tag(void)
{
    return &eff__clock_tag;
}

void eff__test_clock_auto(eff__test_clock_t *c, bool on)
{
    c->auto_advance = on;
}

int64_t eff__test_clock_time(const eff__test_clock_t *c)
{
    return c->now;
}

const struct eff__timers *eff__test_clock_timers(const eff__test_clock_t *c)
{
    return &c->timers;
}

/* ---- adjusting, from a fiber */

static bool leave_adjusters(eff_fiber_t *f)
{
    eff__test_clock_t *c = (eff__test_clock_t *)f->wait.object;
    eff__waiters_remove(&c->adjusters, f);
    return true;
}
static const struct eff__wait_ops adjust_ops = { .name = "to adjust the test clock", .leave = leave_adjusters };

/* The TestClock in effect; NULL with the fiber failed when there is none. */
static eff__test_clock_t *test_clock_of(eff_fiber_t *f, int *ret_next)
{
    eff_clock_t *clock = eff__clock_of(f);
    if (clock && clock->now == test_now) {
        eff__test_clock_t *c = (eff__test_clock_t *)clock;
        eff__test_clock_bind(c, f->rt);
        if (c->rt == f->rt) return c;
        *ret_next = eff__prim_foreign(f, "test clock");
    } else {
        *ret_next =
            eff__prim_cause(f, clock ? eff_cause_die(eff_literal(
                                           "the Clock in effect is no TestClock: run under eff_test_run, or provide "
                                           "the layer eff_test_clock()"))
                                     : eff_cause_incref(eff__cause_oom));
    }
    return NULL;
}

static int move_to(eff_fiber_t *f, eff__test_clock_t *c, int64_t target)
{
    f->reg = eff_int(target);
    f->status = EFF__OK;
    eff__waiters_add(&c->adjusters, f);
    eff__suspend(f, &adjust_ops, c);
    return EFF__SUSPEND;
}

static int adjust_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    int next = EFF__RETURN;
    eff__test_clock_t *c = test_clock_of(f, &next);
    (void)alone;
    if (!c) return next;
    int64_t d = e->prim.value.integer < 0 ? 0 : e->prim.value.integer;
    /* adjusts are served one after another: this one starts where the one before it ends */
    int64_t from = c->adjusters.last ? c->adjusters.last->reg.integer : c->now;
    return move_to(f, c, d > INT64_MAX - from ? INT64_MAX : from + d);
}

static int set_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    int next = EFF__RETURN;
    eff__test_clock_t *c = test_clock_of(f, &next);
    (void)alone;
    if (!c) return next;
    if (e->prim.value.integer < c->now)
        return eff__prim_cause(f, eff_cause_die(eff_literal("eff_test_clock_set to an instant in the past")));
    return move_to(f, c, e->prim.value.integer);
}

static bool count_sleeper(eff_fiber_t *f, void *arg)
{
    if (f->state == EFF__SUSPENDED && f->wait.ops == &sleep_ops) ++*(size_t *)arg;
    return true;
}
static bool note_sleeper(eff_fiber_t *f, void *arg)
{
    eff_value_t **next = (eff_value_t **)arg;
    if (f->state == EFF__SUSPENDED && f->wait.ops == &sleep_ops)
        *(*next)++ = eff_instant_value((eff_instant_t){ f->wait.timer.deadline });
    return true;
}

static int sleeps_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    int next = EFF__RETURN;
    eff__test_clock_t *c = test_clock_of(f, &next);
    eff_value_t *items, *end;
    size_t n = 0;
    (void)e, (void)alone;
    if (!c) return next;
    eff__each_fiber(f->rt, count_sleeper, &n);
    eff_value_t array = eff__array_new(n, &items);
    if (array.type->flags & EFF_TYPE_OOM) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    end = items;
    eff__each_fiber(f->rt, note_sleeper, &end);
    for (size_t i = 1; i < n; i++) /* into order: there are few */
        for (size_t j = i; j > 0 && items[j - 1].integer > items[j].integer; j--) {
            eff_value_t v = items[j];
            items[j] = items[j - 1];
            items[j - 1] = v;
        }
    return eff__prim_value(f, array);
}

static const struct eff__prim adjust_prim = { "test_clock_adjust", adjust_run };
static const struct eff__prim set_prim = { "test_clock_set", set_run };
static const struct eff__prim sleeps_prim = { "test_clock_sleeps", sleeps_run };

eff_t *eff_test_clock_adjust_at(eff_site_t site, eff_duration_t d)
{
    return eff__prim_node_plain(site, &adjust_prim, eff_int(d.ns));
}
eff_t *eff_test_clock_set_at(eff_site_t site, eff_instant_t t)
{
    return eff__prim_node_plain(site, &set_prim, eff_int(t.ns));
}
eff_t *eff_test_clock_sleeps_at(eff_site_t site)
{
    return eff__prim_node_plain(site, &sleeps_prim, eff_unit);
}

/* ---- making one */

eff__test_clock_t *eff__test_clock_new(void)
{
    eff__test_clock_t *c = (eff__test_clock_t *)eff__payload_alloc(&test_clock_type, sizeof *c);
    if (c) *c = (eff__test_clock_t){ .clock = { test_now, test_wall, test_sleep }, .idler = { .idle = idle } };
    return c;
}

void eff__test_clock_decref(eff__test_clock_t *clock)
{
    if (!clock) return;
    eff_value_decref((eff_value_t){ .type = &test_clock_type, .ptr = clock });
}

eff_value_t eff__test_clock_service(eff__test_clock_t *clock)
{
    return eff_value_incref((eff_value_t){ .type = &test_clock_type, .ptr = clock });
}

static eff_value_t new_clock(eff_value_t env)
{
    eff__test_clock_t *c = eff__test_clock_new();
    (void)env;
    return c ? (eff_value_t){ .type = &test_clock_type, .ptr = c } : eff_oom_value();
}

static eff_t *open_test_clock(void)
{
    return eff_sync_at("eff_test_clock", new_clock, eff_unit);
}

eff_layer_t *eff_test_clock(void)
{
    static const eff_tag_t *const needs[] = { NULL };
    static const eff_layer_def_t def = { sizeof def, "eff_test_clock", &eff__clock_tag, open_test_clock, NULL, NULL,
                                         needs };
    return eff_layer_of(&def);
}
