/* W6 on the model floor: fork(sleep), then join. */
#include "floor.h"
#include "sleepers.h"

struct sleepers {
    long n, i;
    struct delays delays;
    int64_t start;
    void **fibers;
};

static struct floor_node *join_all(long v, void *env)
{
    struct sleepers *s = env;
    (void)v;
    return s->i == s->n ? floor_succeed(0) : floor_flat_map(floor_join(s->fibers[s->i++]), join_all, s);
}

static struct floor_node *fork_all(long fiber, void *env)
{
    struct sleepers *s = env;
    if (fiber) s->fibers[s->i++] = (void *)(intptr_t)fiber;
    if (s->i < s->n) return floor_flat_map(floor_fork(floor_sleep(delays_next_ms(&s->delays) * 1000000)), fork_all, s);
    CHECK(bench_now() - s->start <= s->delays.base_ms * 1000000 || s->n == 0);
    s->i = 0;
    return join_all(0, s);
}

void floor_sleepers(long n, long base_ms)
{
    struct sleepers s = { .n = n, .delays = delays_start(base_ms), .start = bench_now() };
    s.fibers = malloc((size_t)(n + 1) * sizeof *s.fibers);
    CHECK(s.fibers);
    floor_run(fork_all(0, &s));
    CHECK(s.i == n && bench_now() - s.start >= base_ms * 1000000);
    free(s.fibers);
}
