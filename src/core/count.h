/* Reference counts: 32 bits, atomic, saturating.
 *
 * A count of EFF__IMMORTAL or more is never changed: static objects start there, and a count that ever climbs that
 * high stays, leaking one object instead of freeing it too early. A count read as 1 with acquire order belongs to the
 * reader alone, so it is given up without a read-modify-write. While the process has a single thread, plain loads and
 * stores suffice (the C library says so in __libc_single_threaded; the idea is libstdc++'s shared_ptr).
 */
#ifndef EFF_CORE_COUNT_H
#define EFF_CORE_COUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/single_threaded.h>

typedef _Atomic uint32_t eff__count_t;
#define EFF__IMMORTAL UINT32_C(0x80000000)

static inline void eff__count_inc(eff__count_t *c)
{
    uint32_t n = atomic_load_explicit(c, memory_order_relaxed);
    if (__builtin_expect(n >= EFF__IMMORTAL, 0)) return;
    if (__libc_single_threaded) atomic_store_explicit(c, n + 1, memory_order_relaxed);
    else atomic_fetch_add_explicit(c, 1, memory_order_relaxed);
}

/* Whether there are n references. */
static inline bool eff__count_is(eff__count_t *c, uint32_t n)
{
    return atomic_load_explicit(c, memory_order_acquire) == n;
}
/* Whether the caller's is the only reference. */
static inline bool eff__count_is_one(eff__count_t *c)
{
    return eff__count_is(c, 1);
}

/* Gives up one reference; true when it was the last, and the object is the caller's to free. */
static inline bool eff__count_dec(eff__count_t *c)
{
    uint32_t n = atomic_load_explicit(c, memory_order_acquire);
    if (__builtin_expect(n == 1, 1)) return true;
    if (__builtin_expect(n >= EFF__IMMORTAL, 0)) return false;
    if (__libc_single_threaded) {
        atomic_store_explicit(c, n - 1, memory_order_relaxed);
        return false;
    }
    return atomic_fetch_sub_explicit(c, 1, memory_order_acq_rel) == 1;
}

#endif
