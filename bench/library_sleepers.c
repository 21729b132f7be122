/* W6 as a user of the library writes it: fork(sleep) in a loop, then join. */
#include <effect/test.h>

#include "library.h"
#include "sleepers.h"
#include "workloads.h"

struct sleepers {
    long n, i;
    struct delays delays;
    int64_t start;
    eff_fiber_t **fibers;
};

static eff_t *join_next(eff_value_t v, eff_value_t env)
{
    struct sleepers *s = eff_as_ptr(env);
    (void)v;
    if (s->i == s->n) return eff_succeed(eff_unit);
    eff_fiber_t *fiber = s->fibers[s->i++];
    eff_t *e = eff_flat_map(eff_fiber_join(fiber), join_next, env);
    eff_fiber_decref(fiber);
    return e;
}

static eff_t *fork_next(eff_value_t v, eff_value_t env);

static eff_t *keep_handle(eff_value_t fiber, eff_value_t env)
{
    struct sleepers *s = eff_as_ptr(env);
    s->fibers[s->i++] = eff_fiber_incref(eff_as_fiber(fiber));
    return fork_next(eff_unit, env);
}

static eff_t *fork_next(eff_value_t v, eff_value_t env)
{
    struct sleepers *s = eff_as_ptr(env);
    (void)v;
    if (s->i < s->n) {
        eff_t *sleeper = eff_sleep(eff_millis(delays_next_ms(&s->delays)));
        return eff_flat_map(eff_fork(sleeper), keep_handle, env);
    }
    CHECK(bench_now() - s->start <= s->delays.base_ms * 1000000 || s->n == 0);
    s->i = 0;
    return join_next(eff_unit, env);
}

void library_sleepers(long n, long base_ms)
{
    struct sleepers s = { .n = n, .delays = delays_start(base_ms), .start = bench_now() };
    s.fibers = malloc((size_t)(n + 1) * sizeof(eff_fiber_t *));
    CHECK(s.fibers);
    eff_value_decref(library_run(fork_next(eff_unit, eff_ptr(&s))));
    CHECK(s.i == n && bench_now() - s.start >= base_ms * 1000000);
    free(s.fibers);
}

/* The same in virtual time, which makes it the same each time: for counting instructions. */
void library_sleepers_virtual(long n)
{
    enum { LONG_ENOUGH_MS = 1000000 };
    struct sleepers s = { .n = n, .delays = delays_start(LONG_ENOUGH_MS), .start = bench_now() };
    eff_test_options_t options = { .allow = EFF_TEST_MEMORY };
    s.fibers = malloc((size_t)(n + 1) * sizeof(eff_fiber_t *));
    CHECK(s.fibers);
    eff_exit_t exit = eff_test_run_with(&options, fork_next(eff_unit, eff_ptr(&s)));
    CHECK(exit.ok && s.i == n);
    eff_value_decref(exit.value);
    free(s.fibers);
}
