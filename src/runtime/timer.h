/* The timer queue: an intrusive pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986) ordered by deadline, then by
 * sequence number, so that equal deadlines wake in the order of going to sleep. Adding is O(1), taking the first and
 * removing are O(log n) amortized.
 *
 * Of many timers, hardly any is in the processor's cache, and each comparison waits for memory. So when there are
 * thousands, the later ones stand in a hierarchical wheel (Varghese and Lauck 1987), in lists that nobody compares, until
 * their millisecond has come; the heap holds that one only. The first is in the heap in any case. The wheel is the one
 * thing that is allocated; without memory for it all stay in the heap. */
#ifndef EFF_RUNTIME_TIMER_H
#define EFF_RUNTIME_TIMER_H

#include "runtime/runtime.h"

void eff__timers_add(struct eff__timers *q, struct eff__timer *t, int64_t deadline);
void eff__timers_remove(struct eff__timers *q, struct eff__timer *t);
/* Takes out the first; the queue must not be empty. */
struct eff__timer *eff__timers_pop(struct eff__timers *q);
/* Gives back the memory of an empty queue. */
void eff__timers_done(struct eff__timers *q);

enum {
    EFF__TICK_BITS = 20, /* a tick is 2^20 ns, about a millisecond */
    EFF__WHEEL_BITS = 8,
    EFF__WHEEL_SLOTS = 1 << EFF__WHEEL_BITS,
    EFF__WHEEL_LEVELS = 6, /* digits of a 43-bit tick */
    EFF__WHEEL_LISTS = EFF__WHEEL_LEVELS * EFF__WHEEL_SLOTS
};
/* Its timers are due in ticks after `base`, and those of the heap no later than in it. A timer stands at the level of the
 * highest digit in which its tick differs from base, in the list of that digit's value; the lists of the lowest level come
 * first, so that the first one used has the earliest timers. The first member's prev is NULL. */
struct eff__wheel {
    int64_t base;
    size_t n;
    uint64_t used[EFF__WHEEL_LISTS / 64]; /* a bit for each list; one that has become empty may still have it */
    struct eff__timer *lists[EFF__WHEEL_LISTS];
};

static inline eff_fiber_t *eff__timer_fiber(struct eff__timer *t)
{
    return (eff_fiber_t *)(void *)((char *)t - offsetof(eff_fiber_t, wait.timer));
}
/* Has the fiber come from memory that will be woken next, meanwhile. */
static inline void eff__timers_fetch(const struct eff__timers *q)
{
    if (!q->root) return;
    const eff_fiber_t *f = eff__timer_fiber(q->root);
    __builtin_prefetch(f, 1);
    __builtin_prefetch(&f->fork_site, 1);
}

#endif
