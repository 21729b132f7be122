#include "runtime/line.h"

#include "runtime/runtime.h"

int eff__line_wait(eff_fiber_t *f, eff_t *e, bool alone, const struct eff__wait_ops *ops)
{
    struct eff__line *line = (struct eff__line *)e->prim.handle;
    line->n++;
    eff__waiters_add(&line->home.waiters, f);
    return eff__suspend(f, ops, eff__prim_take_handle(e, alone));
}

bool eff__line_leave(eff_fiber_t *f)
{
    struct eff__line *line = (struct eff__line *)f->wait.object;
    eff__waiters_remove(&line->home.waiters, f);
    line->n--;
    eff__payload_release(line);
    return true;
}

size_t eff__line_release(struct eff__line *line)
{
    size_t n = 0;
    for (eff_fiber_t *f; (f = eff__line_pop(line)); n++)
        eff__wake(f);
    return n;
}

void eff__line_drop(void *line)
{
    eff__home_leave(&((struct eff__line *)line)->home);
}
