/* The scheduler: a first-in, first-out run queue, and who gets its turn.
 *
 * A fiber loses the loop by yielding, suspending, ending, or spending its budget; every wake-up appends once. A turn of
 * the loop runs ready fibers until none is left or about TURN_OPS instructions were run, so that a busy program starves
 * neither timers nor I/O. Which ready fiber is next is decided in one place, pick(), where seeded and exhaustive
 * scheduling hook in.
 */
#include "runtime/group.h"
#include "runtime/runtime.h"

#include <stdio.h>
#include <string.h>

enum { TURN_OPS = 65536 /* instructions between two looks at the outside */ };

size_t eff__n_ready(const eff_runtime_t *rt)
{
    size_t n = 0;
    for (const eff_fiber_t *f = rt->ready_first; f; f = f->next_ready)
        n++;
    return n;
}

/* The only place that chooses the next fiber. */
static eff_fiber_t *pick(eff_runtime_t *rt)
{
    if (__builtin_expect(!rt->hooks.pick, 1) || !rt->ready_first->next_ready) return eff__take_ready(rt);
    size_t n = eff__n_ready(rt);
    size_t i = rt->hooks.pick(rt->hooks.arg, rt->ready_first, n);
    if (i == 0 || i >= n) return eff__take_ready(rt);
    eff_fiber_t *before = rt->ready_first;
    while (--i)
        before = before->next_ready;
    eff_fiber_t *f = before->next_ready;
    before->next_ready = f->next_ready;
    if (rt->ready_last == f) rt->ready_last = before;
    return f;
}

/* The loop over a source that nobody has counted whose item f is, or NULL. Each item begins to count anew, so those of
 * an endless source are counted together as well. */
static struct eff__pulls *loop_of(const eff_fiber_t *f)
{
    if (!(f->flags & EFF__SIDE)) return NULL;
    const struct eff__group *g = eff__group_of(f);
    if (g->each != EFF__PULLED_ITEMS || eff__items_counted(g->node->each.items)) return NULL;
    return g->pulls;
}

/* The count is kept together with the time it belongs to, so that moving time forgets it in every fiber at once. */
uint32_t eff__count_turns(eff_fiber_t *f, uint32_t n)
{
    struct eff__pulls *loop = loop_of(f);
    if (loop && loop->epoch != f->rt->epoch) loop->turns = 0;
    if (loop) loop->epoch = f->rt->epoch;
    if (loop && n <= UINT32_MAX - loop->turns) loop->turns += n;
    enum { USUAL_BITS = 17, MOST_BITS = 20 }; /* of the count; TestClock's usual limit fits, and its greatest */
    const uint32_t bits = f->rt->max_turns < (1u << USUAL_BITS) - 1 ? USUAL_BITS : MOST_BITS;
    const uint32_t mask = (1u << bits) - 1;
    uint32_t epoch = f->rt->epoch << bits;
    uint32_t turns = eff__turns_of(f), count = ((turns & ~mask) == epoch ? turns & mask : 0) + n;
    eff__set_turns(f, epoch | (count < mask ? count : mask));
    return count;
}

/* Under TestClock: a fiber that keeps running while time stands still would run for ever. */
static void limit_turns(eff_runtime_t *rt, eff_fiber_t *f)
{
    enum { MANY_ITEMS = 10 }; /* so many times the turns of one fiber, for all items of a loop together */
    rt->n_turns++;
    bool too_many = eff__count_turns(f, 1) > rt->max_turns;
    const struct eff__pulls *loop = loop_of(f);
    bool endless = !too_many && loop && loop->turns / MANY_ITEMS > rt->max_turns;
    if ((!too_many && !endless) || f->flags & EFF__DOOMED) return;
    f->flags |= EFF__DOOMED;
    if (f->wait.ops && f->wait.ops->resumed) f->wait.ops->resumed(f, true); /* what it was handed is given on */
    f->wait.ops = NULL;
    if (f->cur & 1) eff_decref((eff_t *)(f->cur & ~(uintptr_t)15));
    f->cur = 0;
    f->flags |= EFF__AT_RETURN;
    if (endless) {
        eff__raise_mistake(
            f, f->wait.site,
            "the items of a loop got %u turns without time moving under TestClock: their source seems to "
            "be endless",
            loop->turns);
        return;
    }
    eff_buffer_t name = EFF_BUFFER_INIT;
    struct eff__who who = eff__who_is(f);
    eff__sink_who(&(struct eff__sink){ .buffer = &name }, &who);
    if (rt->spender == f->id)
        eff__raise_mistake(f, f->wait.site,
                           "%s spent its budget of %lld instructions %u times without time moving under TestClock: it "
                           "seems to run for ever",
                           eff_buffer_text(&name), (long long)rt->budget, rt->max_budgets);
    else
        eff__raise_mistake(f, f->wait.site,
                           "%s got %u turns without time moving under TestClock: it waits for nothing that a test "
                           "could bring about",
                           eff_buffer_text(&name), rt->max_turns);
    eff_buffer_done(&name);
}

static void call_exits(eff_runtime_t *rt)
{
    eff_fiber_t *f;
    while ((f = rt->ended_first)) {
        rt->ended_first = f->next_ready;
        if (!rt->ended_first) rt->ended_last = NULL;
        eff__fiber_tell_observers(f);
        eff_fiber_decref(f);
    }
}

void eff__post_exit(eff_fiber_t *f)
{
    eff_runtime_t *rt = f->rt;
    eff_fiber_incref(f);
    f->next_ready = NULL;
    if (rt->ended_last) rt->ended_last->next_ready = f;
    else rt->ended_first = f;
    rt->ended_last = f;
    rt->undisturbed = false;
}

void eff__woke_from_plain_c(eff_runtime_t *rt)
{
    if (!rt->draining) eff__loop_kick(rt->loop);
}

void eff__drain(eff_runtime_t *rt)
{
    eff_runtime_t *outer = eff__running;
    eff__running = rt;
    rt->draining = true;
    rt->timers_polled = false;
    rt->now_valid = false;
    rt->wait_time = 0;
    rt->turn_ops = TURN_OPS;
    while (rt->ready_first && rt->turn_ops > 0) {
        eff_fiber_t *f = pick(rt);
        if (rt->hooks.step) {
            rt->ops = 0;
            rt->ops_left = rt->budget;
        } else {
            rt->ops = rt->budget;
            rt->ops_left = 0;
        }
        if (rt->max_turns) limit_turns(rt, f);
        /* Who has a say between this turn and the next: asked here, so that the interpreter need look at one thing. Who
         * comes during the turn clears it. */
        rt->undisturbed = !rt->hooks.pick && !rt->hooks.step && !rt->max_turns && !rt->watch.on;
        if (__builtin_expect(rt->watch.on, 0)) eff__watch_turn(rt, f);
        else eff__interpret(rt, f);
        rt->turn_ops -= eff__ops_used(rt);
        if (rt->ended_first) call_exits(rt);
    }
    rt->draining = false;
    eff__running = outer;
}

int eff__suspend(eff_fiber_t *f, const struct eff__wait_ops *ops, void *object)
{
    if (!eff__suspend_at_once(f, ops, object)) f->since = eff__wait_time(f->rt);
    return EFF__SUSPEND;
}

void eff__wake(eff_fiber_t *f)
{
    eff__wake_in_turn(f);
    if (!f->rt->draining) eff__loop_kick(f->rt->loop);
}

/* ---- idle */

bool eff__idle(eff_runtime_t *rt)
{
    for (struct eff__idle *i = rt->idlers; i; i = i->next)
        if (i->idle(i)) return true;
    return false;
}

void eff__idle_add(eff_runtime_t *rt, struct eff__idle *idler)
{
    idler->next = rt->idlers;
    rt->idlers = idler;
}

void eff__idle_remove(eff_runtime_t *rt, struct eff__idle *idler)
{
    for (struct eff__idle **p = &rt->idlers; *p; p = &(*p)->next) {
        if (*p != idler) continue;
        *p = idler->next;
        return;
    }
}

/* ---- alarms */

void eff__alarm_add(eff_runtime_t *rt, struct eff__alarm *alarm)
{
    alarm->next = rt->alarms;
    rt->alarms = alarm;
}

void eff__alarm_remove(eff_runtime_t *rt, struct eff__alarm *alarm)
{
    for (struct eff__alarm **p = &rt->alarms; *p; p = &(*p)->next) {
        if (*p != alarm) continue;
        *p = alarm->next;
        return;
    }
}

int64_t eff__alarms_next(const eff_runtime_t *rt)
{
    int64_t next = 0;
    for (const struct eff__alarm *a = rt->alarms; a; a = a->next)
        if (a->at && (!next || a->at < next)) next = a->at;
    return next;
}

void eff__alarms_due(eff_runtime_t *rt, int64_t now)
{
    for (struct eff__alarm *a = rt->alarms, *next; a; a = next) {
        next = a->next;
        if (!a->at || a->at > now) continue;
        a->at = 0;
        a->due(a);
    }
}

/* ---- unobserved failures */

void eff__report_unobserved(eff_runtime_t *rt, const eff_fiber_t *f, const eff_cause_t *cause)
{
    if (rt->options.on_unobserved) {
        rt->options.on_unobserved(f, cause, rt->options.arg);
        return;
    }
    struct eff__sink err = { .file = stderr };
    struct eff__who who = eff__who_is(f);
    eff__sink_add(&err, "libeffect: ");
    eff__sink_who(&err, &who);
    eff__sink_add(&err, " failed, and nobody asked for its exit:\n");
    eff_cause_print(cause, stderr);
}
