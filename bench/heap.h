/* A 4-ary heap of (deadline, timer) pairs whose timers know their place, so that one can be taken out: the timer queue
 * of the floors and limits. 16 bytes a timer, plus its index. */
#ifndef BENCH_HEAP_H
#define BENCH_HEAP_H

#include "bench.h"

/* Embedded in what sleeps. */
struct timer {
    uint32_t index; /* where in the heap */
};

struct heap {
    struct heap_slot {
        int64_t deadline; /* ns of bench_now() */
        struct timer *timer;
    } * slots;
    uint32_t n, capacity;
};

void heap_add(struct heap *h, struct timer *t, int64_t deadline);
void heap_remove(struct heap *h, struct timer *t);
/* Removes and returns the first timer that is due; NULL when none is. */
struct timer *heap_pop_due(struct heap *h, int64_t now);
/* Sleeps until the first deadline, rounded up to a millisecond so that close deadlines share a wake-up. */
void heap_wait(const struct heap *h);
void heap_done(struct heap *h);

#endif
