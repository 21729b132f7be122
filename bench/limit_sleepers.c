/* W6 at the limit: a callback and its argument in a 4-ary heap, behind one clock. */
#include "heap.h"
#include "pool.h"
#include "sleepers.h"

struct sleeper {
    struct timer timer;
    void (*wake)(void *arg);
    void *arg;
    long value;
};

static long n_woken;

static void wake(void *arg)
{
    struct sleeper *s = arg;
    s->value++;
    n_woken++;
}

void limit_sleepers(long n, long base_ms)
{
    struct heap sleepers = { 0 };
    struct delays delays = delays_start(base_ms);
    int64_t start = bench_now();
    for (long i = 0; i < n; i++) {
        struct sleeper *s = pool_alloc(sizeof *s);
        *s = (struct sleeper){ .wake = wake, .arg = s };
        heap_add(&sleepers, &s->timer, bench_now() + delays_next_ms(&delays) * 1000000);
    }
    CHECK(bench_now() - start <= base_ms * 1000000 || n == 0);
    while (sleepers.n > 0) {
        struct timer *t;
        heap_wait(&sleepers);
        int64_t now = bench_now();
        while ((t = heap_pop_due(&sleepers, now))) {
            struct sleeper *s = CONTAINER_OF(t, struct sleeper, timer);
            s->wake(s->arg);
            pool_free(s, sizeof *s);
        }
    }
    CHECK(n_woken == n);
    heap_done(&sleepers);
}
