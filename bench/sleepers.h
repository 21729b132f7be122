/* W6: a million fibers asleep at once. Each variant forks n fibers that sleep base_ms and 0 to 999 ms more, joins them
 * all, and checks that all of them slept at the same time. The delays are the same in every variant and peer. */
#ifndef BENCH_SLEEPERS_H
#define BENCH_SLEEPERS_H

#include "bench.h"

struct delays {
    uint64_t x;
    long base_ms;
};

static inline struct delays delays_start(long base_ms)
{
    return (struct delays){ 1, base_ms };
}
static inline long delays_next_ms(struct delays *d)
{
    d->x = d->x * 16807 % 2147483647;
    return d->base_ms + (long)(d->x % 1000);
}

void limit_sleepers(long n, long base_ms);
void floor_sleepers(long n, long base_ms);
void library_sleepers(long n, long base_ms);

/* The workloads' measure functions: each variant runs in child processes of its own. */
bool sleepers_measure_bytes(const struct workload *w, const struct bench_options *o, struct bench_result *r);
bool sleepers_measure_cpu(const struct workload *w, const struct bench_options *o, struct bench_result *r);

#endif
