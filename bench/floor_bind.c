/* W1, W1g, W2, W9 and W10 on the model floor. */
#include "floor.h"
#include "workloads.h"

static long last; /* the value at which the loops end */

/* ---- W1 */

static struct floor_node *count(long i, void *env)
{
    (void)env;
    return i == last ? floor_succeed(i) : floor_flat_map(floor_succeed(i + 1), count, NULL);
}

void floor_bind_right(long n)
{
    last = n;
    CHECK(floor_run(count(0, NULL)) == n);
}

/* ---- W1g */

struct counter {
    long i, n;
    bool awaiting;
};

static struct floor_node *count_step(void *frame, long *value)
{
    struct counter *s = frame;
    if (s->awaiting) s->i = *value;
    if (s->i == s->n) {
        *value = s->i;
        return NULL;
    }
    s->awaiting = true;
    return floor_succeed(s->i + 1);
}

void floor_gen_await(long n)
{
    struct counter counter = { .n = n };
    CHECK(floor_run(floor_gen(count_step, &counter, sizeof counter)) == n);
}

/* ---- W2 */

static struct floor_node *increment(long v, void *env)
{
    (void)env;
    return floor_succeed(v + 1);
}

static struct floor_node *nest_left(long n)
{
    struct floor_node *e = floor_succeed(0);
    for (long i = 0; i < n; i++)
        e = floor_flat_map(e, increment, NULL);
    return e;
}

void floor_left_build(long n)
{
    struct floor_node *e = nest_left(n);
    bench_stop();
    CHECK(floor_run(e) == n);
}

void floor_left_run(long n)
{
    struct floor_node *e = nest_left(n);
    bench_start();
    CHECK(floor_run(e) == n);
}

/* ---- W9 */

static struct floor_node *fail_and_recover(long i, void *env)
{
    (void)env;
    if (i == last) return floor_succeed(i);
    return floor_flat_map(floor_catch(floor_fail(i), increment, NULL), fail_and_recover, NULL);
}

void floor_catch_all(long n)
{
    last = n;
    CHECK(floor_run(fail_and_recover(0, NULL)) == n);
}

/* ---- W10 */

static void release(long resource, void *n_released)
{
    *(long *)n_released += resource >= 0;
}

static struct floor_node *acquire_and_release(long i, void *n_released)
{
    if (i == last) return floor_succeed(i);
    return floor_flat_map(floor_bracket(floor_succeed(i), increment, release, n_released), acquire_and_release,
                          n_released);
}

void floor_acquire_release(long n)
{
    long n_released = 0;
    last = n;
    CHECK(floor_run(acquire_and_release(0, &n_released)) == n && n_released == n);
}
