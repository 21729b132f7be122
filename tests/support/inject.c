/* What is done to a running program: through the hooks before each instruction and where a choice of fiber is made, and
 * as an idler, when nothing can run. */
#include <inttypes.h>

#include "support/harness.h"

#include "layers/test_clock.h"
#include "runtime/timeout.h"
#include "testing/test.h"

/* ---- what the program is put into */

static eff_t *until_gate_opens(eff_value_t fiber, eff_value_t env)
{
    struct run *r = eff_as_ptr(env);
    return eff_race_first(eff_deferred_await(r->gate), eff_fiber_join(eff_as_fiber(fiber)));
}

static eff_t *fork_until_gate_opens(eff_value_t program, eff_value_t env)
{
    return eff_flat_map(eff_fork(eff_incref(eff_as_effect(program))), until_gate_opens, env);
}

static void let_go(eff_value_t resource, const eff_exit_t *exit, eff_value_t env) {}

eff_t *put_into(struct run *r, eff_t *program)
{
    eff_t *e = program;
    switch (r->injection->kind) {
    case TIMEOUT: return eff_timeout_fail(e, eff_duration_max, eff_literal("time is up"));
    case SCOPE: return eff_scoped(eff_flat_map(eff_fork_scoped(e), until_gate_opens, eff_ptr(r)));
    case REGION:
        e = eff_succeed(eff_effect_value(e));
        return eff_acquire_use_release(e, fork_until_gate_opens, let_go, eff_ptr(r));
    case GRACE: return eff_graceful(e, eff_millis(5));
    case INTERRUPT:
    case QUEUE:
    case SHUTDOWN:
    case FREE: break;
    }
    return e;
}

/* ---- actions; each is told whether it found its target */

struct search {
    uint64_t id; /* of a fiber; 0: the one that waits in the timeout around the program */
    eff_fiber_t *found;
};

static bool is_timed_out(const eff_fiber_t *f)
{
    return f->id == 1 && eff__timeout_clock_of(f) && f->timer.deadline == eff_duration_max.ns;
}

static bool is_it(eff_fiber_t *f, void *arg)
{
    struct search *s = arg;
    if (s->id ? f->id == s->id && f->state != EFF__DONE : is_timed_out(f)) s->found = f;
    return !s->found;
}

static eff_fiber_t *find(struct run *r, uint64_t id)
{
    struct search s = { .id = id };
    eff__each_fiber(r->rt, is_it, &s);
    return s.found;
}

static void shutdown_ended(void *arg)
{
    struct run *r = arg;
    r->n_done++;
}

static bool act(struct run *r, const struct action *action)
{
    eff_fiber_t *f;
    switch (action->kind) {
    case INTERRUPT:
    case GRACE:
        f = find(r, action->kind == GRACE ? 1 : action->victim);
        if (f) eff_runtime_interrupt(r->rt, f);
        return f;
    case TIMEOUT:
        f = find(r, 0);
        if (f) eff__test_wake(r->w.test, f);
        return f;
    case SCOPE:
    case REGION: return eff_deferred_complete(r->gate, eff_exit_succeed(eff_unit));
    case QUEUE:
        if (!r->w.queue) return false;
        return eff_runtime_fork(r->rt, eff_queue_shutdown(r->w.queue), NULL, NULL, NULL) == 0;
    case SHUTDOWN:
        if (r->rt->shutting_down) return false;
        r->n_shutdowns++;
        if (action->at % 2) eff_runtime_shutdown(r->rt, shutdown_ended, r);
        else eff_runtime_shutdown_within(r->rt, eff_nanos(0), shutdown_ended, r);
        return true;
    case FREE: r->stopped = true; return true;
    }
    return false;
}

static void act_at_this_step(struct run *r)
{
    const struct injection *i = r->injection;
    for (int n = 0; n < i->n_actions; n++)
        if (i->actions[n].at == r->outcome->steps) r->outcome->hit = act(r, &i->actions[n]);
}

/* ---- hooks */

static void note_births(struct run *r)
{
    struct outcome *o = r->outcome;
    o->outside |= r->rt->n_external > 0;
    o->queue |= r->w.queue != NULL;
    while (o->n_ids < r->rt->next_id) {
        o->n_ids++;
        if (o->n_ids < sizeof o->born / sizeof o->born[0]) o->born[o->n_ids] = o->steps;
    }
}

static void step(void *arg, eff_fiber_t *f)
{
    struct run *r = arg;
    struct outcome *o = r->outcome;
    o->steps++;
    if (o->steps > r->max_steps)
        fail_run(r, "the run does not end: %ld instructions, the last by fiber %" PRIu64, o->steps, f->id);
    note_births(r);
    judge_step(r, f);
    act_at_this_step(r);
    if (!r->stopped) return;
    r->rt->ops_left = 0; /* its budget is spent, so it loses the loop, and that is left for the outside */
    if (!f->cur && f->attrs & EFF__MASKED) r->n_in_hand++;
}

/* Everything is idle: what comes now comes to suspended fibers only. */
static bool idle(struct eff__idle *self)
{
    struct run *r = EFF_CONTAINER_OF(self, struct run, idler);
    r->outcome->steps++;
    note_births(r);
    judge_step(r, NULL);
    act_at_this_step(r);
    return r->rt->ready_first || r->stopped;
}

static size_t pick(void *arg, eff_fiber_t *first, size_t n)
{
    struct run *r = arg;
    r->seed = r->seed * 6364136223846793005u + 1442695040888963407u;
    r->outcome->hit = true;
    return (size_t)(r->seed >> 33) % n;
}

static void skipped(void *arg, const eff_fiber_t *f, eff_site_t site)
{
    struct run *r = arg;
    r->n_skipped++;
}

void begin_injecting(struct run *r)
{
    const struct injection *i = r->injection;
    r->rt->hooks.arg = r;
    r->rt->hooks.skipped = skipped;
    if (i->shuffled) r->rt->hooks.pick = pick;
    if (!i->stepped && !i->n_actions) return;
    r->rt->hooks.step = step;
    r->idler.idle = idle;
    eff__idle_add(r->rt, &r->idler);
}

void end_injecting(struct run *r)
{
    r->rt->hooks = (struct eff__hooks){ .skipped = skipped, .arg = r };
    if (r->idler.idle) eff__idle_remove(r->rt, &r->idler);
    r->idler.idle = NULL;
}
