/* What must not be cut off from what comes next: a test of something that others may change, from the callback that acts on
 * it. In between the fiber must not be at the end of its budget. Who was woken has a fresh one; who comes on its way
 * takes one, by a yield, if little is left (eff__budget_is_short), so that a loop does not hold the loop. Where budgets
 * themselves are smaller than that, it overdraws. */
#ifndef EFF_RUNTIME_BUDGET_H
#define EFF_RUNTIME_BUDGET_H

#include "runtime/runtime.h"

enum { EFF__BUDGET_ENOUGH = 64 }; /* instructions */

static inline int64_t eff__budget_missing(const eff_runtime_t *rt)
{
    return EFF__BUDGET_ENOUGH - rt->ops - rt->ops_left;
}

static inline bool eff__budget_is_short(const eff_runtime_t *rt)
{
    return eff__budget_missing(rt) > 0;
}

/* The running fiber has enough for what comes next. */
static inline void eff__budget_overdraw(eff_runtime_t *rt)
{
    int64_t more = eff__budget_missing(rt);
    if (__builtin_expect(more <= 0, 1)) return;
    rt->ops_left += more;
    rt->turn_ops -= more;
}

#endif
