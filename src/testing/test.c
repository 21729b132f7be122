/* Driving fibers from outside, as a transcript. */
#include "testing/test.h"

#include <effect/dump.h>

#include "core/misuse.h"
#include "core/track.h"
#include "testing/environment.h"

struct eff_test {
    struct eff__test_env env;
    struct handle *handles; /* of the fibers that were forked: the test owns them */
};

struct handle {
    struct handle *next;
    eff_fiber_t *fiber;
};

/* ---- making one */

eff_test_t *eff_test_new_with(const eff_test_options_t *given)
{
    eff_test_options_t options = eff__test_options(given);
    if (options.layer) eff_layer_decref(options.layer);
    eff_test_t *t = eff__malloc(sizeof *t);
    if (!t) {
        eff_context_decref(options.context);
        return NULL;
    }
    *t = (eff_test_t){ 0 };
    if (!eff__test_env_open(&t->env, &options, false)) {
        eff__raw_free(t);
        return NULL;
    }
    t->env.rt->steered = true;
    return t;
}

eff_test_t *eff_test_new(void)
{
    return eff_test_new_with(NULL);
}

eff_fiber_t *eff_test_fork(eff_test_t *t, eff_t *e)
{
    struct handle *h = eff__malloc(sizeof *h);
    eff__track_withhold_older(); /* what it is built of too */
    if (!h) {
        eff_decref(e);
        return NULL;
    }
    if (eff_runtime_fork(t->env.rt, e, NULL, NULL, &h->fiber) < 0) {
        eff__raw_free(h);
        return NULL;
    }
    h->next = t->handles;
    t->handles = h;
    return h->fiber;
}

/* ---- letting it run */

/* Whether the caller stands outside of all fibers, as he must: anything else is reported. */
static bool may_drive(const eff_test_t *t, const char *function)
{
    if (!eff_runtime_current() && !t->env.rt->driving) return true;
    eff__misuse("%s was called from a callback of a fiber, or of a loop that runs: a test is driven from outside, and "
                "from a fiber time is moved by eff_test_clock_adjust",
                function);
    return false;
}

static void settle(eff_test_t *t)
{
    eff__test_env_watch(&t->env);
    eff__test_clock_settle(t->env.rt);
}

static void drive(eff_test_t *t, int64_t until)
{
    eff__test_env_watch(&t->env);
    eff__test_clock_drive(t->env.clock, until);
}

static int64_t after(const eff_test_t *t, eff_duration_t d)
{
    return eff_instant_add((eff_instant_t){ t->env.clock->now }, (eff_duration_t){ d.ns < 0 ? 0 : d.ns }).ns;
}

void eff_test_adjust(eff_test_t *t, eff_duration_t d)
{
    if (may_drive(t, "eff_test_adjust")) drive(t, after(t, d));
}

void eff_test_set(eff_test_t *t, eff_instant_t to)
{
    if (!may_drive(t, "eff_test_set")) return;
    if (to.ns < t->env.clock->now) eff__misuse("eff_test_set to an instant in the past");
    else drive(t, to.ns);
}

eff_duration_t eff_test_step(eff_test_t *t, eff_duration_t at_most)
{
    if (!may_drive(t, "eff_test_step")) return (eff_duration_t){ 0 };
    settle(t);
    int64_t from = t->env.clock->now, to = after(t, at_most);
    const struct eff__timer *next = t->env.clock->timers.root;
    if (next && next->deadline < to) to = next->deadline;
    drive(t, to);
    return (eff_duration_t){ t->env.clock->now - from };
}

const eff_exit_t *eff_test_poll(eff_test_t *t, eff_fiber_t *fiber)
{
    if (may_drive(t, "eff_test_poll")) settle(t);
    return eff_fiber_poll(fiber);
}

void eff_test_interrupt(eff_test_t *t, eff_fiber_t *fiber)
{
    eff_runtime_interrupt(t->env.rt, fiber);
}

void eff_test_set_wall(eff_test_t *t, eff_instant_t wall)
{
    eff__test_clock_set_wall(t->env.clock, wall);
}

/* ---- looking at it */

eff_duration_t eff_test_now(const eff_test_t *t)
{
    return (eff_duration_t){ t->env.clock->now };
}

bool eff_test_next(const eff_test_t *t, eff_duration_t *ret_left)
{
    const struct eff__timer *next = t->env.clock->timers.root;
    int64_t left = next ? next->deadline - t->env.clock->now : 0;
    if (ret_left) ret_left->ns = left > 0 ? left : 0;
    return next != NULL;
}

size_t eff_test_n_sleepers(const eff_test_t *t)
{
    return t->env.clock->timers.n;
}

bool eff_test_is_stuck(const eff_test_t *t)
{
    const eff_runtime_t *rt = t->env.rt;
    return rt->n_fibers > 0 && !rt->ready_first && rt->n_external == 0 && t->env.clock->timers.n == 0;
}

eff_test_console_t *eff_test_get_console(eff_test_t *t)
{
    return t->env.console;
}

eff_runtime_t *eff_test_runtime(eff_test_t *t)
{
    return t->env.rt;
}

/* ---- for our own tests */

void eff__test_auto(eff_test_t *t)
{
    eff__test_clock_auto(t->env.clock);
}

const struct eff__timers *eff__test_timers(const eff_test_t *t)
{
    return &t->env.clock->timers;
}

void eff__test_wake(eff_test_t *t, eff_fiber_t *sleeper)
{
    eff__test_clock_wake(t->env.clock, sleeper);
}

/* ---- ending it */

static void drop_handles(eff_test_t *t)
{
    while (t->handles) {
        struct handle *h = t->handles;
        t->handles = h->next;
        eff_fiber_decref(h->fiber);
        eff__raw_free(h);
    }
}

void eff__test_free_now(eff_test_t *t)
{
    drop_handles(t);
    eff__test_env_close(&t->env);
    eff__raw_free(t);
}

size_t eff_test_free(eff_test_t *t)
{
    if (!t || !may_drive(t, "eff_test_free")) return 0;
    size_t n = eff__test_env_end_fibers(&t->env, NULL);
    eff__test_free_now(t);
    return n;
}

size_t eff_test_end(eff_test_t *t, eff_buffer_t *out)
{
    if (!t || !may_drive(t, "eff_test_end")) return 0;
    eff_buffer_t own = EFF_BUFFER_INIT;
    struct eff__test_env env = t->env; /* what is asked for once it is gone */
    size_t n = eff__test_env_end_fibers(&t->env, out);
    if (env.options.allow & EFF_TEST_FIBERS) n = 0;
    eff__test_free_now(t);
    n += eff__test_env_leaks(&env, NULL, EFF__TEST_FRAME(), out ? out : &own);
    eff_buffer_done(&own);
    return n;
}
