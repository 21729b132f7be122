/* W3, W4, W7a and W8 as a user of the library writes them. */
#include "library.h"
#include "workloads.h"

struct forks {
    int64_t n, i, sum;
    int64_t n_yields; /* of each fiber */
    eff_fiber_t **fibers;
};

static int64_t triangle(int64_t n)
{
    return n * (n + 1) / 2;
}

/* ---- W3a */

static eff_t *join(eff_value_t fiber, eff_value_t env)
{
    (void)env;
    return eff_fiber_join(eff_as_fiber(fiber));
}

static eff_t *fork_next(eff_value_t joined, eff_value_t env)
{
    struct forks *s = eff_as_ptr(env);
    s->sum += eff_as_int(joined);
    if (s->i == s->n) return eff_succeed(eff_int(s->sum));
    eff_t *child = eff_fork(eff_succeed(eff_int(++s->i)));
    return eff_flat_map(eff_flat_map(child, join, eff_unit), fork_next, env);
}

void library_fork_join(long n)
{
    struct forks s = { .n = n };
    CHECK(library_run_int(fork_next(eff_int(0), eff_ptr(&s))) == triangle(n));
}

/* ---- W3b */

static eff_t *join_next(eff_value_t joined, eff_value_t env)
{
    struct forks *s = eff_as_ptr(env);
    s->sum += eff_as_int(joined);
    if (s->i == 0) return eff_succeed(eff_int(s->sum));
    eff_fiber_t *fiber = s->fibers[--s->i];
    eff_t *e = eff_flat_map(eff_fiber_join(fiber), join_next, env);
    eff_fiber_decref(fiber);
    return e;
}

static eff_t *fork_all(eff_value_t v, eff_value_t env);

static eff_t *keep_handle(eff_value_t fiber, eff_value_t env)
{
    struct forks *s = eff_as_ptr(env);
    s->fibers[s->i++] = eff_fiber_incref(eff_as_fiber(fiber));
    return s->i == s->n ? join_next(eff_int(0), env) : fork_all(eff_unit, env);
}

static eff_t *fork_all(eff_value_t v, eff_value_t env)
{
    struct forks *s = eff_as_ptr(env);
    (void)v;
    return eff_flat_map(eff_fork(eff_succeed(eff_int(s->i + 1))), keep_handle, env);
}

void library_fork_all(long n)
{
    struct forks s = { .n = n, .fibers = malloc((size_t)n * sizeof(eff_fiber_t *)) };
    CHECK(s.fibers && library_run_int(fork_all(eff_unit, eff_ptr(&s))) == triangle(n));
    free(s.fibers);
}

/* ---- W4 */

static eff_t *yield(eff_value_t v, eff_value_t left)
{
    (void)v;
    int64_t n = eff_as_int(left);
    return n ? eff_flat_map(eff_yield_now(), yield, eff_int(n - 1)) : eff_succeed(eff_int(1));
}

static eff_t *fork_yielder(eff_value_t v, eff_value_t env);

static eff_t *keep_yielder(eff_value_t fiber, eff_value_t env)
{
    struct forks *s = eff_as_ptr(env);
    s->fibers[s->i++] = eff_fiber_incref(eff_as_fiber(fiber));
    return s->i == s->n ? join_next(eff_int(0), env) : fork_yielder(eff_unit, env);
}

static eff_t *fork_yielder(eff_value_t v, eff_value_t env)
{
    struct forks *s = eff_as_ptr(env);
    (void)v;
    return eff_flat_map(eff_fork(yield(eff_unit, eff_int(s->n_yields))), keep_yielder, env);
}

static void yield_among(long n, long n_fibers)
{
    eff_fiber_t *fibers[1000];
    struct forks s = { .n = n_fibers, .n_yields = n / n_fibers, .fibers = fibers };
    CHECK(library_run_int(fork_yielder(eff_unit, eff_ptr(&s))) == n_fibers);
}
void library_yield_2(long n)
{
    yield_among(n, 2);
}
void library_yield_1000(long n)
{
    yield_among(n, 1000);
}

/* ---- W7a */

static eff_t *item_done(eff_value_t i, eff_value_t env)
{
    (void)env;
    return eff_succeed(eff_int(eff_as_int(i) + 1));
}

static eff_t *item_yields(eff_value_t i, eff_value_t env)
{
    (void)env;
    return eff_map_to(eff_yield_now(), eff_int(eff_as_int(i) + 1));
}

static void each_par(long n, eff_bind_fn body)
{
    eff_value_t results = library_run(eff_for_each_par(eff_range(0, n), body, eff_unit, 16));
    CHECK(eff_array_size(results) == (size_t)n);
    for (long i = 0; i < n; i++)
        CHECK(eff_as_int(eff_array_at(results, (size_t)i)) == i + 1);
    eff_value_decref(results);
}
void library_each_par(long n)
{
    each_par(n, item_done);
}
void library_each_par_yield(long n)
{
    each_par(n, item_yields);
}

/* ---- W8 */

static int64_t last;

static eff_t *yield_then(int64_t i)
{
    return eff_map_to(eff_yield_now(), eff_int(i));
}

static eff_t *time_out(eff_value_t in_time, eff_value_t env)
{
    (void)env;
    int64_t i = eff_as_int(eff_some_value(in_time));
    if (i == last) return eff_succeed(eff_int(i));
    return eff_flat_map(eff_timeout(yield_then(i + 1), eff_seconds(1)), time_out, eff_unit);
}

void library_time_out(long n)
{
    last = n;
    eff_t *first = eff_flat_map(eff_timeout(yield_then(0), eff_seconds(1)), time_out, eff_unit);
    CHECK(library_run_int(first) == n);
}

static eff_t *race(eff_value_t winner, eff_value_t env)
{
    (void)env;
    int64_t i = eff_as_int(winner);
    if (i == last) return eff_succeed(eff_int(i));
    return eff_flat_map(eff_race(yield_then(i + 1), eff_sleep(eff_seconds(1))), race, eff_unit);
}

void library_race(long n)
{
    last = n;
    CHECK(library_run_int(race(eff_int(0), eff_unit)) == n);
}
