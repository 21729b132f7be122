/* The limits of W3, W4, W7a and W8: forking, joining, yielding and racing state machines. */
#include "heap.h"
#include "limit.h"
#include "workloads.h"

struct limit_fifo limit_ready;
static long last, sum;

/* ---- W3 */

static void end_at_once(struct limit_fiber *f)
{
    f->value = f->i + 1;
    f->done = true;
    if (f->joiner) limit_wake(f->joiner);
}

static void fork_and_join(struct limit_fiber *f)
{
    struct limit_fiber *child = f->p;
    if (child) {
        sum += child->value;
        limit_fiber_free(child);
        f->p = NULL;
    }
    if (f->i == last) {
        f->done = true;
        return;
    }
    child = limit_fiber_new(end_at_once);
    child->i = f->i++;
    child->joiner = f;
    f->p = child;
    limit_wake(child);
}

void limit_fork_join(long n)
{
    struct limit_fiber *f = limit_fiber_new(fork_and_join);
    last = n;
    sum = 0;
    limit_wake(f);
    limit_run();
    CHECK(f->done && sum == n * (n + 1) / 2);
    limit_fiber_free(f);
}

void limit_fork_all(long n)
{
    struct limit_fiber **fibers = malloc((size_t)n * sizeof *fibers);
    CHECK(fibers);
    for (long i = 0; i < n; i++) {
        fibers[i] = limit_fiber_new(end_at_once);
        fibers[i]->i = i;
        limit_wake(fibers[i]);
    }
    limit_run();
    sum = 0;
    for (long i = 0; i < n; i++) {
        CHECK(fibers[i]->done);
        sum += fibers[i]->value;
        limit_fiber_free(fibers[i]);
    }
    CHECK(sum == n * (n + 1) / 2);
    free(fibers);
}

/* ---- W4 */

static void yield(struct limit_fiber *f)
{
    if (f->i == 0) {
        f->done = true;
        return;
    }
    f->i--;
    sum++;
    limit_wake(f);
}

static void yield_among(long n, long n_fibers)
{
    struct limit_fiber *fibers[1000];
    sum = 0;
    for (long i = 0; i < n_fibers; i++) {
        fibers[i] = limit_fiber_new(yield);
        fibers[i]->i = n / n_fibers;
        limit_wake(fibers[i]);
    }
    limit_run();
    for (long i = 0; i < n_fibers; i++) {
        CHECK(fibers[i]->done);
        limit_fiber_free(fibers[i]);
    }
    CHECK(sum == n / n_fibers * n_fibers);
}
void limit_yield_2(long n)
{
    yield_among(n, 2);
}
void limit_yield_1000(long n)
{
    yield_among(n, 1000);
}

/* ---- W7a: a fresh fiber for each item, at most 16 alive */

static long *results, next_item, n_alive;

static void start_item(void (*step)(struct limit_fiber *f))
{
    struct limit_fiber *f = limit_fiber_new(step);
    f->i = next_item++;
    limit_wake(f);
}

static void finish_item(struct limit_fiber *f)
{
    void (*step)(struct limit_fiber * f) = f->step;
    results[f->i] = f->i + 1;
    limit_fiber_free(f);
    if (next_item < last) start_item(step);
    else n_alive--;
}

static void item_done(struct limit_fiber *f)
{
    finish_item(f);
}

static void item_yields(struct limit_fiber *f)
{
    if (f->state++ == 0) limit_wake(f);
    else finish_item(f);
}

static void each_par(long n, void (*step)(struct limit_fiber *f))
{
    last = n;
    results = malloc((size_t)n * sizeof *results);
    CHECK(results);
    for (next_item = n_alive = 0; n_alive < 16 && next_item < n; n_alive++)
        start_item(step);
    limit_run();
    CHECK(n_alive == 0);
    for (long i = 0; i < n; i++)
        CHECK(results[i] == i + 1);
    free(results);
}
void limit_each_par(long n)
{
    each_par(n, item_done);
}
void limit_each_par_yield(long n)
{
    each_par(n, item_yields);
}

/* ---- W8: two fibers and a timer that is armed and taken out again. A timeout is a race to it. */

static struct heap timers;

struct race {
    struct limit_fiber *caller, *slow;
    struct timer timer;
};

static void yield_and_win(struct limit_fiber *f)
{
    if (f->state++ == 0) {
        limit_wake(f);
        return;
    }
    struct race *r = f->p;
    heap_remove(&timers, &r->timer);
    limit_fiber_free(r->slow);
    r->caller->value = f->i + 1;
    limit_wake(r->caller);
    pool_free(r, sizeof *r);
    limit_fiber_free(f);
}

static void sleep_a_second(struct limit_fiber *f)
{
    struct race *r = f->p;
    heap_add(&timers, &r->timer, f->i + 1000000000);
}

static void race(struct limit_fiber *f)
{
    if (f->state) f->i = f->value;
    f->state = 1;
    if (f->i == last) {
        f->done = true;
        return;
    }
    struct race *r = pool_alloc(sizeof *r);
    struct limit_fiber *fast = limit_fiber_new(yield_and_win), *slow = limit_fiber_new(sleep_a_second);
    *r = (struct race){ .caller = f, .slow = slow };
    fast->i = f->i;
    slow->i = bench_now();
    fast->p = slow->p = r;
    limit_wake(fast);
    limit_wake(slow);
}

void limit_race(long n)
{
    struct limit_fiber *f = limit_fiber_new(race);
    last = n;
    limit_wake(f);
    limit_run();
    CHECK(f->done && f->i == n);
    limit_fiber_free(f);
    heap_done(&timers);
}
