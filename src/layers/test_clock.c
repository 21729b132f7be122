/* TestClock: virtual time, moved by adjust and set, by the test driver, or by itself.
 *
 * Sleepers stand in the clock's own queue. An adjust waits, as a fiber, in the clock's line of adjusters; the first of
 * them is served whenever the runtime has nothing else to run: each time, time moves to the next deadline and those
 * sleepers become ready, in the order of going to sleep, until the adjust's own target is reached. So everything that a
 * wake-up brings about happens before time moves on, and sleeps scheduled meanwhile count. Who waits for idleness is
 * served before time moves at all.
 *
 * The order of time, for sleepers at 1 s, 1 s and 3 s under adjust(2 s):
 *     idle -> now = 1 s, both wake -> they run until idle -> now = 2 s, the adjuster wakes
 *
 * With a rate, time flows as well, and an alarm of the runtime stands for the next deadline. Sleepers then count as waiting
 * for the outside, since they are no deadlock.
 */
#include "layers/test_clock.h"

#include "runtime/prim.h"
#include "runtime/timeout.h"
#include "runtime/timer.h"

enum {
    TEST_BUDGET = 1 << 20, /* so that the library's own instruction counts do not shape the order */
    MAX_TURNS = 100000,    /* per fiber, without time moving */
    TURNS_LIMIT = 1000000, /* as far as the runtime can count them */
    MAX_BUDGETS = 100
};

static int64_t plus(int64_t a, int64_t b)
{
    return eff_instant_add((eff_instant_t){ a }, (eff_duration_t){ b }).ns;
}

/* ---- as a Clock */

static int64_t test_now(struct eff__clock *clock, eff_runtime_t *rt)
{
    (void)rt;
    return ((eff__test_clock_t *)clock)->now;
}

static eff_instant_t test_face_now(eff_clock_t *clock)
{
    return (eff_instant_t){ ((eff__test_clock_t *)clock)->now };
}

static eff_instant_t test_wall(eff_clock_t *clock)
{
    const eff__test_clock_t *c = (eff__test_clock_t *)clock;
    return (eff_instant_t){ plus(c->now, c->wall_shift) };
}

void eff__test_clock_set_wall(eff__test_clock_t *c, eff_instant_t t)
{
    c->wall_shift = eff_instant_since(t, (eff_instant_t){ c->now }).ns;
}

static bool leave_sleepers(eff_fiber_t *f)
{
    eff__test_clock_t *c = (eff__test_clock_t *)f->wait.object;
    eff__timers_remove(&c->timers, &f->timer);
    return true;
}
static int64_t now_of(const eff_fiber_t *f)
{
    return ((const eff__test_clock_t *)f->wait.object)->now;
}
#define SLEEPING .name = "for virtual time to pass", .leave = leave_sleepers, .now = now_of
static const struct eff__wait_ops sleep_ops = { SLEEPING };
static const struct eff__wait_ops flowing_sleep_ops = { SLEEPING, .external = true };

bool eff__test_clock_is_sleeper(const eff__test_clock_t *c, const eff_fiber_t *f)
{
    if (eff__timeout_clock_of(f) == &c->clock) return true;
    return f->state == EFF__SUSPENDED && f->wait.ops && f->wait.ops->leave == leave_sleepers && f->wait.object == c;
}

/* Not even in an eff_external does virtual time come from outside. */
static void wait_inside(eff_fiber_t *f)
{
    if (!(f->flags & EFF__OUTSIDE)) return;
    f->flags &= ~(uint32_t)EFF__OUTSIDE;
    f->rt->n_external--;
}

static void set_alarm(eff__test_clock_t *c, int64_t at);

static bool test_arm(struct eff__clock *clock, eff_fiber_t *f, int64_t deadline, const struct eff__wait_ops *ops,
                     void *object)
{
    eff__test_clock_t *c = (eff__test_clock_t *)clock;
    bool flows = c->options.rate > 0;
    eff__test_clock_bind(c, f->rt);
    if (c->rt != f->rt) return false;
    eff__suspend(f, ops, object);
    if (!flows) wait_inside(f);
    eff__timers_add(&c->timers, &f->timer, deadline);
    if (flows && c->timers.root == &f->timer) set_alarm(c, deadline);
    return true;
}

static void test_disarm(struct eff__clock *clock, eff_fiber_t *f)
{
    eff__timers_remove(&((eff__test_clock_t *)clock)->timers, &f->timer);
}

static int test_sleep(struct eff__clock *clock, eff_fiber_t *f, int64_t deadline)
{
    eff__test_clock_t *c = (eff__test_clock_t *)clock;
    const struct eff__wait_ops *ops = c->options.rate > 0 ? &flowing_sleep_ops : &sleep_ops;
    return test_arm(clock, f, deadline, ops, c) ? EFF__SUSPEND : eff__prim_foreign(f, "test clock");
}

eff__test_clock_t *eff__test_clock_of(eff_fiber_t *f)
{
    static const char no_test_clock[] = "the Clock in effect is no TestClock: run under eff_test_run, or provide the "
                                        "layer eff_test_clock()";
    eff_clock_t *clock = eff__clock_of(f);
    if (!clock) return NULL;
    if (clock->now != test_face_now) {
        (void)eff__prim_cause(f, eff_cause_die(eff_literal(no_test_clock)));
        return NULL;
    }
    eff__test_clock_t *c = (eff__test_clock_t *)clock;
    eff__test_clock_bind(c, f->rt);
    if (c->rt == f->rt) return c;
    (void)eff__prim_foreign(f, "test clock");
    return NULL;
}

/* ---- moving time */

static void move_to(eff__test_clock_t *c, int64_t to)
{
    if (to <= c->now) return;
    c->now = to;
    if (!c->rt) return;
    c->rt->epoch++;
    c->rt->wait_time = 0;
}

/* Lets a fiber go on with unit, or with what it has in reg. */
static void wake(eff_fiber_t *f, eff_value_t reg)
{
    f->wait.object = NULL;
    f->reg = reg;
    f->status = EFF__OK;
    eff__wake(f);
}

void eff__test_clock_wake(eff__test_clock_t *c, eff_fiber_t *sleeper)
{
    eff__timers_remove(&c->timers, &sleeper->timer);
    wake(sleeper, eff_unit);
}

static bool wake_due(eff__test_clock_t *c)
{
    bool any = false;
    for (; c->timers.root && c->timers.root->deadline <= c->now; any = true)
        eff__test_clock_wake(c, eff__timer_fiber(c->timers.root));
    return any;
}

/* ---- a rate: time that flows */

static void flow(eff__test_clock_t *c)
{
    if (c->options.rate <= 0) return;
    int64_t real = eff__now_ns();
    int64_t by = eff_duration_scale((eff_duration_t){ real - c->real }, c->options.rate).ns;
    if (by <= 0) return;
    move_to(c, plus(c->now, by));
    c->real = real;
}

static void set_alarm(eff__test_clock_t *c, int64_t at)
{
    int64_t left = at == INT64_MAX ? at : eff_instant_since((eff_instant_t){ at }, (eff_instant_t){ c->now }).ns;
    c->alarm.at = plus(c->real, eff_duration_scale((eff_duration_t){ left }, 1 / c->options.rate).ns);
    if (c->alarm.at < INT64_MAX) c->alarm.at++; /* rounding never wakes it too early for good */
}

static void alarm_rings(struct eff__alarm *alarm)
{
    eff__test_clock_t *c = EFF_CONTAINER_OF(alarm, eff__test_clock_t, alarm);
    flow(c);
    (void)wake_due(c);
    if (c->timers.root) set_alarm(c, c->timers.root->deadline);
}

/* ---- who waits for idleness */

/* When the first of them has waited long enough, if nothing runs until then; INT64_MAX: never. */
static int64_t quiet_enough(const eff__test_clock_t *c)
{
    int64_t at = INT64_MAX;
    for (const eff_fiber_t *f = c->idlers.first; f; f = f->links.next) {
        int64_t end = plus(c->quiet_since, f->reg.integer);
        if (end < at) at = end;
    }
    return at;
}

static bool wake_idlers(eff__test_clock_t *c)
{
    bool any = false;
    for (eff_fiber_t *f = c->idlers.first, *next; f; f = next) {
        next = f->links.next;
        if (plus(c->quiet_since, f->reg.integer) > c->now) continue;
        eff__waiters_remove(&c->idlers, f);
        wake(f, eff_unit);
        any = true;
    }
    return any;
}

/* ---- serving */

/* Begins to serve the first adjuster. False when it asks for what cannot be, and has been told so. */
static bool begin_move(eff__test_clock_t *c, eff_fiber_t *f)
{
    int64_t to = f->reg.integer;
    if (f->reg.type == &eff_duration_type) to = plus(c->now, to);
    if (f->reg.type == &eff_int_type) {
        to = plus(c->now, to);
        if (c->timers.root && c->timers.root->deadline < to) to = c->timers.root->deadline;
    }
    if (to < c->now) {
        eff__waiters_remove(&c->adjusters, f);
        f->wait.object = NULL;
        f->reg = eff_cause_value(eff_cause_die(eff_literal("eff_test_clock_set to an instant in the past")));
        f->status = EFF__CAUSED;
        eff__wake(f);
        return false;
    }
    c->move = (struct eff__move){ .by = f, .from = c->now, .to = to };
    return true;
}

static void end_move(eff__test_clock_t *c, eff_fiber_t *f)
{
    bool step = f->reg.type == &eff_int_type;
    eff__waiters_remove(&c->adjusters, f);
    wake(f, step ? eff_duration_value((eff_duration_t){ c->now - c->move.from }) : eff_unit);
    c->move.by = NULL;
}

/* Moves to the next thing that happens by `to`. False: nothing does, and it is `to` now. */
static bool move_on(eff__test_clock_t *c, int64_t to)
{
    int64_t quiet = quiet_enough(c), next = c->timers.root ? c->timers.root->deadline : INT64_MAX;
    if (c->idlers.first && quiet <= next && quiet <= to) {
        move_to(c, quiet);
        return wake_idlers(c);
    }
    bool due = c->timers.root && next <= to;
    move_to(c, due ? next : to);
    return wake_due(c);
}

static bool may_jump(const eff__test_clock_t *c)
{
    if (c->options.advance != EFF_TEST_CLOCK_BY_ITSELF || c->options.rate > 0) return false;
    return (c->timers.root || c->idlers.first) && (c->options.ignore_outside || c->rt->n_external == 0);
}

/* Nothing else can run. */
static bool idle(struct eff__idle *self)
{
    eff__test_clock_t *c = EFF_CONTAINER_OF(self, eff__test_clock_t, idler);
    flow(c);
    if (c->quiet_turns != c->rt->n_turns) c->quiet_since = c->now;
    c->quiet_turns = c->rt->n_turns;
    if (wake_idlers(c) || wake_due(c)) return true;

    eff_fiber_t *adjuster = c->adjusters.first;
    if (adjuster) {
        if (c->move.by != adjuster && !begin_move(c, adjuster)) return true;
        if (!move_on(c, c->move.to)) end_move(c, adjuster);
        return true;
    }
    if (c->driven) {
        if (move_on(c, c->driven_to)) return true;
        c->driven = false;
        return false;
    }
    if (may_jump(c)) return move_on(c, c->timers.root ? c->timers.root->deadline : quiet_enough(c));
    if (c->options.rate > 0 && (c->timers.root || c->idlers.first)) {
        int64_t quiet = quiet_enough(c), next = c->timers.root ? c->timers.root->deadline : INT64_MAX;
        set_alarm(c, quiet < next ? quiet : next);
    }
    return false;
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

void eff__test_clock_drive(eff__test_clock_t *c, int64_t until)
{
    eff__test_clock_settle(c->rt);
    c->driven = true;
    c->driven_to = until;
    eff__test_clock_settle(c->rt);
    c->driven = false;
}

/* ---- making one */

void eff__test_clock_bind(eff__test_clock_t *c, eff_runtime_t *rt)
{
    if (c->rt) return;
    c->rt = rt;
    eff__idle_add(rt, &c->idler);
    c->outer_budget = rt->budget;
    c->outer_max_turns = rt->max_turns;
    c->outer_max_budgets = rt->max_budgets;
    if (!rt->options.budget) rt->budget = TEST_BUDGET;
    rt->max_turns = c->options.max_turns;
    rt->max_budgets = c->options.max_budgets;
    rt->undisturbed = false;
    if (!rt->virtual_now) eff__wait_time_follow(rt, &c->now);
    if (c->options.rate <= 0) return;
    c->real = eff__now_ns();
    eff__alarm_add(rt, &c->alarm);
}

static eff__test_clock_t *clock_of_idler(struct eff__idle *i)
{
    return i->idle == idle ? EFF_CONTAINER_OF(i, eff__test_clock_t, idler) : NULL;
}

/* The one that was bound to the runtime next, after c, which is bound; NULL: c is the latest. */
static eff__test_clock_t *next_bound(const eff__test_clock_t *c)
{
    eff__test_clock_t *next = NULL;
    for (struct eff__idle *i = c->rt->idlers; i != &c->idler; i = i->next)
        if (clock_of_idler(i)) next = clock_of_idler(i);
    return next;
}
static const eff__test_clock_t *first_bound(const eff_runtime_t *rt)
{
    const eff__test_clock_t *first = NULL;
    for (struct eff__idle *i = rt->idlers; i; i = i->next)
        if (clock_of_idler(i)) first = clock_of_idler(i);
    return first;
}

/* Of several that a runtime has, in any order: what was before c is restored by the one that was bound next, if that is
 * bound still. */
void eff__test_clock_unbind(eff__test_clock_t *c)
{
    eff_runtime_t *rt = c->rt;
    if (!rt) return;
    eff__test_clock_t *next = next_bound(c);
    if (next) {
        next->outer_budget = c->outer_budget;
        next->outer_max_turns = c->outer_max_turns;
        next->outer_max_budgets = c->outer_max_budgets;
    } else {
        rt->budget = c->outer_budget;
        rt->max_turns = c->outer_max_turns;
        rt->max_budgets = c->outer_max_budgets;
    }
    eff__idle_remove(rt, &c->idler);
    eff__alarm_remove(rt, &c->alarm);
    c->rt = NULL;
    if (rt->virtual_now != &c->now) return;
    const eff__test_clock_t *first = first_bound(rt);
    eff__wait_time_follow(rt, first ? &first->now : NULL);
}

static void clock_drop(void *payload)
{
    eff__test_clock_t *c = (eff__test_clock_t *)payload;
    eff__test_clock_unbind(c);
    eff__timers_done(&c->timers);
}

static const eff_type_t test_clock_type = {
    .size = sizeof(eff__test_clock_t), .name = "test clock", .drop = clock_drop, .flags = EFF_TYPE_COUNTED
};

eff_test_clock_options_t eff__test_clock_options(const eff_test_clock_options_t *given)
{
    eff_test_clock_options_t o = { 0 };
    size_t size = given && given->size ? given->size : sizeof o;
    if (given) memcpy(&o, given, size < sizeof o ? size : sizeof o);
    if (!o.max_turns) o.max_turns = MAX_TURNS;
    if (o.max_turns > TURNS_LIMIT) o.max_turns = TURNS_LIMIT;
    if (!o.max_budgets) o.max_budgets = MAX_BUDGETS;
    if (!(o.rate > 0)) o.rate = 0; /* NaN too */
    return o;
}

eff__test_clock_t *eff__test_clock_new(const eff_test_clock_options_t *options)
{
    eff__test_clock_t *c = (eff__test_clock_t *)eff__payload_alloc(&test_clock_type, sizeof *c);
    if (!c) return NULL;
    *c = (eff__test_clock_t){
        .clock = { .face = { sizeof(eff_clock_t), test_face_now, test_wall, eff__native_sleep },
                   .now = test_now,
                   .sleep = test_sleep,
                   .arm = test_arm,
                   .disarm = test_disarm },
        .idler = { .idle = idle },
        .alarm = { .due = alarm_rings },
        .options = eff__test_clock_options(options),
    };
    c->wall_shift = c->options.wall.ns;
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

eff_value_t eff_test_clock_value(const eff_test_clock_options_t *options)
{
    eff__test_clock_t *c = eff__test_clock_new(options);
    return c ? (eff_value_t){ .type = &test_clock_type, .ptr = c } : eff_oom_value();
}

void eff__test_clock_auto(eff__test_clock_t *c)
{
    c->options.advance = EFF_TEST_CLOCK_BY_ITSELF;
}
