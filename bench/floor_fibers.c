/* W3, W4, W7a and W8 on the model floor. */
#include "floor.h"
#include "workloads.h"

struct forks {
    long n, i, sum;
    long n_yields; /* of each fiber */
    void **fibers;
};

static long triangle(long n)
{
    return n * (n + 1) / 2;
}

static void *pointer(long v)
{
    return (void *)(intptr_t)v;
}

/* ---- W3a */

static struct floor_node *fork_next(long joined, void *env);

static struct floor_node *join_it(long fiber, void *env)
{
    return floor_flat_map(floor_join(pointer(fiber)), fork_next, env);
}

static struct floor_node *fork_next(long joined, void *env)
{
    struct forks *s = env;
    s->sum += joined;
    if (s->i == s->n) return floor_succeed(s->sum);
    return floor_flat_map(floor_fork(floor_succeed(++s->i)), join_it, s);
}

void floor_fork_join(long n)
{
    struct forks s = { .n = n };
    CHECK(floor_run(fork_next(0, &s)) == triangle(n));
}

/* ---- W3b */

static struct floor_node *join_all(long joined, void *env)
{
    struct forks *s = env;
    s->sum += joined;
    return s->i == 0 ? floor_succeed(s->sum) : floor_flat_map(floor_join(s->fibers[--s->i]), join_all, s);
}

static struct floor_node *fork_all(long fiber, void *env)
{
    struct forks *s = env;
    if (fiber) s->fibers[s->i++] = pointer(fiber);
    return s->i == s->n ? join_all(0, s) : floor_flat_map(floor_fork(floor_succeed(s->i + 1)), fork_all, s);
}

void floor_fork_all(long n)
{
    struct forks s = { .n = n, .fibers = malloc((size_t)n * sizeof(void *)) };
    CHECK(s.fibers && floor_run(fork_all(0, &s)) == triangle(n));
    free(s.fibers);
}

/* ---- W4: each fiber succeeds with 1 */

static struct floor_node *yield(long v, void *env)
{
    (void)v;
    intptr_t left = (intptr_t)env;
    return left ? floor_flat_map(&floor_yield, yield, (void *)(left - 1)) : floor_succeed(1);
}

static struct floor_node *fork_yielder(long fiber, void *env)
{
    struct forks *s = env;
    if (fiber) s->fibers[s->i++] = pointer(fiber);
    if (s->i == s->n) return join_all(0, s);
    return floor_flat_map(floor_fork(yield(0, pointer(s->n_yields))), fork_yielder, s);
}

static void yield_among(long n, long n_fibers)
{
    void *fibers[1000];
    struct forks s = { .n = n_fibers, .n_yields = n / n_fibers, .fibers = fibers };
    CHECK(floor_run(fork_yielder(0, &s)) == n_fibers);
}
void floor_yield_2(long n)
{
    yield_among(n, 2);
}
void floor_yield_1000(long n)
{
    yield_among(n, 1000);
}

/* ---- W7a */

static struct floor_node *item_done(long i, void *env)
{
    (void)env;
    return floor_succeed(i + 1);
}

static struct floor_node *succeed_with(long v, void *env)
{
    (void)v;
    return floor_succeed((long)(intptr_t)env);
}

static struct floor_node *item_yields(long i, void *env)
{
    (void)env;
    return floor_flat_map(&floor_yield, succeed_with, pointer(i + 1));
}

static void each_par(long n, floor_bind_fn body)
{
    long *results = pointer(floor_run(floor_for_each_par(n, body, NULL, 16)));
    for (long i = 0; i < n; i++)
        CHECK(results[i] == i + 1);
    free(results);
}
void floor_each_par(long n)
{
    each_par(n, item_done);
}
void floor_each_par_yield(long n)
{
    each_par(n, item_yields);
}

/* ---- W8 */

static long last;
enum { SECOND = 1000000000 };

static struct floor_node *yield_then(long i)
{
    return floor_flat_map(&floor_yield, succeed_with, pointer(i));
}

static struct floor_node *time_out(long i, void *env)
{
    (void)env;
    return i == last ? floor_succeed(i) : floor_flat_map(floor_timeout(yield_then(i + 1), SECOND), time_out, NULL);
}

void floor_time_out(long n)
{
    last = n;
    CHECK(floor_run(time_out(0, NULL)) == n);
}

static struct floor_node *race(long i, void *env)
{
    (void)env;
    return i == last ? floor_succeed(i)
                     : floor_flat_map(floor_race(yield_then(i + 1), floor_sleep(SECOND)), race, NULL);
}

void floor_race_sleep(long n)
{
    last = n;
    CHECK(floor_run(race(0, NULL)) == n);
}
