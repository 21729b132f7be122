/* W1, W1g, W2, W9 and W10 as a user of the library writes them. */
#include "library.h"
#include "workloads.h"

static int64_t last; /* the value at which the loops end */

/* ---- W1 */

static eff_t *count(eff_value_t v, eff_value_t env)
{
    (void)env;
    int64_t i = eff_as_int(v);
    if (i == last) return eff_succeed(eff_int(i));
    return eff_flat_map(eff_succeed(eff_int(i + 1)), count, eff_unit);
}

void library_bind_right(long n)
{
    last = n;
    CHECK(library_run_int(count(eff_int(0), eff_unit)) == n);
}

/* ---- W1g */

struct counter {
    int64_t i, n;
};

static eff_t *counter_step(struct counter *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    while (s->i < s->n) {
        EFF_AWAIT(eff_succeed(eff_int(s->i + 1)));
        s->i = eff_as_int(EFF_GOT());
    }
    EFF_GEN_END(eff_int(s->i));
}
EFF_DEFINE_GEN(counter, struct counter, counter_step);

void library_gen_await(long n)
{
    CHECK(library_run_int(counter((struct counter){ .n = n })) == n);
}

/* ---- W2 */

static eff_t *increment(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_succeed(eff_int(eff_as_int(v) + 1));
}

static eff_t *nest_left(long n)
{
    eff_t *e = eff_succeed(eff_int(0));
    for (long i = 0; i < n; i++)
        e = eff_flat_map(e, increment, eff_unit);
    return e;
}

void library_left_build(long n)
{
    eff_t *e = nest_left(n);
    bench_stop();
    CHECK(library_run_int(e) == n);
}

void library_left_run(long n)
{
    eff_t *e = nest_left(n);
    bench_start();
    CHECK(library_run_int(e) == n);
}

/* ---- W9 */

static eff_t *fail_and_recover(eff_value_t v, eff_value_t env)
{
    (void)env;
    int64_t i = eff_as_int(v);
    if (i == last) return eff_succeed(eff_int(i));
    eff_t *recovered = eff_catch_all(eff_fail(eff_int(i)), increment, eff_unit);
    return eff_flat_map(recovered, fail_and_recover, eff_unit);
}

void library_catch(long n)
{
    last = n;
    CHECK(library_run_int(fail_and_recover(eff_int(0), eff_unit)) == n);
}

/* ---- W10 */

static void release(eff_value_t resource, const eff_exit_t *exit, eff_value_t n_released)
{
    (void)exit;
    *(long *)eff_as_ptr(n_released) += eff_as_int(resource) >= 0;
}

static eff_t *acquire_and_release(eff_value_t v, eff_value_t n_released)
{
    int64_t i = eff_as_int(v);
    if (i == last) return eff_succeed(eff_int(i));
    eff_t *used = eff_acquire_use_release(eff_succeed(eff_int(i)), increment, release, n_released);
    return eff_flat_map(used, acquire_and_release, n_released);
}

void library_bracket(long n)
{
    long n_released = 0;
    last = n;
    CHECK(library_run_int(acquire_and_release(eff_int(0), eff_ptr(&n_released))) == n && n_released == n);
}
