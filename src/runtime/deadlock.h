/* Deadlocks: which fibers are stuck, in which circles they wait, and the report. */
#ifndef EFF_RUNTIME_DEADLOCK_H
#define EFF_RUNTIME_DEADLOCK_H

#include "runtime/runtime.h"
#include "runtime/stop.h"

/* Whether it waits for what only another fiber can bring about. Not so what measures a grace, for which nobody waits, nor
 * what keeps services for others. */
static inline bool eff__is_stuck(const eff_fiber_t *f)
{
    if (f->state != EFF__SUSPENDED || f->flags & EFF__OUTSIDE || f->wait.ops == &eff__grace_wait) return false;
    return !f->wait.ops || !f->wait.ops->keeps;
}

/* ---- circle.c */

enum { EFF__CIRCLE_SHOWN = 16 }; /* members of a circle that are kept: the first half, and the last */

/* Fibers each of which waits for the end of the next, and the last for that of the first. */
struct eff__circle {
    size_t n; /* members; those in between are not kept */
    eff_fiber_t *members[EFF__CIRCLE_SHOWN];
};

/* Finds up to n circles that have no fiber in common, and marks their fibers IN_CIRCLE, until eff__circles_done. Returns
 * how many there are. O(fibers); needs no memory. */
size_t eff__circles(const eff_runtime_t *rt, size_t n, struct eff__circle *ret_circles);
/* Takes the marks away. */
void eff__circles_done(const eff_runtime_t *rt);

#endif
