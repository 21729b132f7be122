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
    EFF__WHEEL_BITS = 11,
    EFF__WHEEL_SLOTS = 1 << EFF__WHEEL_BITS,
    EFF__WHEEL_WORDS = EFF__WHEEL_SLOTS / 64, /* 32 */
    EFF__WHEEL_LEVELS = 4,                    /* of 43-bit ticks: slots of 1 ms, 2.1 s, 73 min and 104 days */
    EFF__WHEEL_STRANDS = 4
};
_Static_assert(EFF__TICK_BITS + EFF__WHEEL_LEVELS * EFF__WHEEL_BITS >= 63, "the wheel reaches as far as time");
/* Several lists, since to walk one is to wait for memory at each step, and to walk several in turn is to wait once. */
struct eff__slot {
    struct eff__timer *strands[EFF__WHEEL_STRANDS];
};
/* Its timers are due in ticks after `base`, and those of the heap no later than in it. Each level goes round: its slots are
 * that of base and those after. A timer stands at the lowest level that reaches as far, so that few are moved twice; one
 * that stands at a higher level all the same, since base was earlier then, is moved when base comes to its slot. */
struct eff__wheel {
    int64_t base;
    size_t n;
    /* A bit for each slot, and for each word of these. A slot without it has undefined strands; one that has become empty
     * may still have it. */
    uint64_t used[EFF__WHEEL_LEVELS][EFF__WHEEL_WORDS];
    uint32_t used_words[EFF__WHEEL_LEVELS];
    struct eff__slot slots[EFF__WHEEL_LEVELS][EFF__WHEEL_SLOTS];
};

static inline eff_fiber_t *eff__timer_fiber(struct eff__timer *t)
{
    return (eff_fiber_t *)(void *)((char *)t - offsetof(eff_fiber_t, timer));
}
#endif
