/* The timer queue: an intrusive pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986) ordered by deadline, then by
 * sequence number, so that equal deadlines wake in the order of going to sleep. Adding is O(1), taking the first and
 * removing are O(log n) amortized; nothing is allocated. */
#ifndef EFF_RUNTIME_TIMER_H
#define EFF_RUNTIME_TIMER_H

#include "runtime/runtime.h"

void eff__timers_add(struct eff__timers *q, struct eff__timer *t, int64_t deadline);
void eff__timers_remove(struct eff__timers *q, struct eff__timer *t);
/* Takes out the first; the queue must not be empty. */
struct eff__timer *eff__timers_pop(struct eff__timers *q);

static inline eff_fiber_t *eff__timer_fiber(struct eff__timer *t)
{
    return (eff_fiber_t *)(void *)((char *)t - offsetof(eff_fiber_t, wait.timer));
}

#endif
