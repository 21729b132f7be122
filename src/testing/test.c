/* Running effects under TestClock, and driving them from outside any fiber as a transcript. */
#include "testing/test.h"

#include "layers/test_clock.h"
#include "runtime/leaks.h"

struct eff_test {
    eff_runtime_t *rt;
    eff__test_clock_t *clock;
    struct handle *handles; /* of the fibers that were forked: the test owns them */
};

struct handle {
    struct handle *next;
    eff_fiber_t *fiber;
};

/* A runtime whose root context has a TestClock; false when out of memory. */
static bool open_runtime(eff_runtime_t **ret_rt, eff__test_clock_t **ret_clock)
{
    eff__test_clock_t *clock = eff__test_clock_new();
    if (!clock) return false;
    eff_context_t *context =
        eff_context_add(eff_context_empty(), eff__test_clock_tag(), eff__test_clock_service(clock));
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .context = context });
    if (!rt) {
        eff__test_clock_decref(clock);
        return false;
    }
    eff__test_clock_bind(clock, rt);
    *ret_rt = rt;
    *ret_clock = clock;
    return true;
}

static void close_runtime(eff_runtime_t *rt, eff__test_clock_t *clock)
{
    eff__test_clock_unbind(clock);
    eff_runtime_free(rt);
    eff__test_clock_decref(clock);
}

eff_exit_t eff_test_run(eff_t *e)
{
    eff_runtime_t *rt;
    eff__test_clock_t *clock;
    if (!open_runtime(&rt, &clock)) {
        eff_decref(e);
        return eff_exit_fail_cause(eff_cause_die(eff_oom_value()));
    }
    eff__test_clock_auto(clock, true);
    eff_exit_t exit = eff_runtime_run(rt, e);
    if (eff_runtime_n_fibers(rt) > 0) eff__run_shutdown(rt);
    close_runtime(rt, clock);
    return exit;
}

/* ---- the outside driver */

eff_test_t *eff_test_new(void)
{
    eff_test_t *t = eff__malloc(sizeof *t);
    if (!t) return NULL;
    *t = (eff_test_t){ 0 };
    if (!open_runtime(&t->rt, &t->clock)) {
        eff__raw_free(t);
        return NULL;
    }
    t->rt->steered = true;
    return t;
}

eff_fiber_t *eff_test_fork(eff_test_t *t, eff_t *e)
{
    struct handle *h = eff__malloc(sizeof *h);
    if (!h) {
        eff_decref(e);
        return NULL;
    }
    if (eff_runtime_fork(t->rt, e, NULL, NULL, &h->fiber) < 0) {
        eff__raw_free(h);
        return NULL;
    }
    h->next = t->handles;
    t->handles = h;
    return h->fiber;
}

void eff_test_adjust(eff_test_t *t, eff_duration_t d)
{
    int64_t now = eff__test_clock_time(t->clock), by = d.ns < 0 ? 0 : d.ns;
    int64_t until = by > INT64_MAX - now ? INT64_MAX : now + by;
    eff__test_clock_settle(t->rt);
    while (eff__test_clock_advance(t->clock, until))
        eff__test_clock_settle(t->rt);
}

void eff_test_interrupt(eff_test_t *t, eff_fiber_t *fiber)
{
    eff_runtime_interrupt(t->rt, fiber);
}

eff_duration_t eff_test_now(const eff_test_t *t)
{
    return (eff_duration_t){ eff__test_clock_time(t->clock) };
}

eff_runtime_t *eff_test_runtime(eff_test_t *t)
{
    return t->rt;
}

void eff__test_auto(eff_test_t *t)
{
    eff__test_clock_auto(t->clock, true);
}

const struct eff__timers *eff__test_timers(const eff_test_t *t)
{
    return eff__test_clock_timers(t->clock);
}

size_t eff__test_n_sleepers(const eff_test_t *t)
{
    return eff__test_timers(t)->n;
}

void eff__test_wake(eff_test_t *t, eff_fiber_t *sleeper)
{
    eff__test_clock_wake(t->clock, sleeper);
}

void eff__test_free_now(eff_test_t *t)
{
    while (t->handles) {
        struct handle *h = t->handles;
        t->handles = h->next;
        eff_fiber_decref(h->fiber);
        eff__raw_free(h);
    }
    close_runtime(t->rt, t->clock);
    eff__raw_free(t);
}

size_t eff_test_free(eff_test_t *t)
{
    if (!t) return 0;
    size_t n = eff_runtime_n_fibers(t->rt);
    eff__test_clock_auto(t->clock, true); /* finalizers may sleep */
    if (n > 0) eff__run_shutdown(t->rt);
    eff__test_free_now(t);
    return n;
}

/* ---- leaks */

uint64_t eff_test_leaks_mark(void)
{
    return eff__leaks_now();
}

size_t eff_test_leaks(uint64_t mark, eff_buffer_t *out)
{
    struct eff__sink s = { .buffer = out };
    return eff__leaks_tell(&s, "", mark, out->text);
}
