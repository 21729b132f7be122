/* What is seldom at the end of a direct prim: the block of its node does not fit in the free list, the handle's count is
 * not to be changed just so, or the clock was not read in this turn. */
#include "runtime/prim.h"

eff_value_t eff__direct_moved_slowly(eff_t *e, eff_value_t v)
{
    eff__free(e, EFF__NODE_SIZE(prim));
    return v;
}

eff_value_t eff__direct_done_slowly(eff_t *e, eff_value_t v, uint32_t n)
{
    void *handle = e->prim.handle;
    eff__free(e, EFF__NODE_SIZE(prim));
    while (n-- > 0)
        eff__payload_release(handle);
    return v;
}

eff_value_t eff__direct_suspend_slowly(eff_t *e, eff_fiber_t *f)
{
    eff__free(e, EFF__NODE_SIZE(prim));
    if (!f->since) f->since = eff__wait_time(f->rt);
    return eff__direct_next(EFF__SUSPEND);
}
