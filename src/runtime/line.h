/* Lines: fibers that wait, first in, first out, for what a handle stands for. A latch, a countdown, a barrier and a
 * deferred are a line each, and a few words more.
 *
 * The line stands first in the handle's payload, so that the wait.object of who waits is both. Each waiting fiber has a
 * reference to the handle; waiting and leaving allocate nothing, and are O(1). */
#ifndef EFF_RUNTIME_LINE_H
#define EFF_RUNTIME_LINE_H

#include "runtime/home.h"
#include "runtime/prim.h"

struct eff__line {
    struct eff__home home; /* first: of the runtime that used it first; and who waits */
    size_t n;              /* of waiters */
};

/* Binds the handle to the fiber's runtime; false when it is another's. */
static inline bool eff__line_claim(struct eff__line *line, const eff_fiber_t *f)
{
    return eff__home_claim(&line->home, f->rt);
}
/* Suspends f in the line of e's handle, with its reference to it. Returns EFF__SUSPEND. */
int eff__line_wait(eff_fiber_t *f, eff_t *e, bool alone, const struct eff__wait_ops *ops);
/* The same where it is frequent, of a node that nobody else holds, which is given up: see EFF__DIRECT. */
static inline eff_value_t eff__line_wait_directly(eff_fiber_t *f, eff_t *e, const struct eff__wait_ops *ops)
{
    struct eff__line *line = (struct eff__line *)e->prim.handle;
    line->n++;
    eff__waiters_add(&line->home.waiters, f);
    return eff__direct_suspend(f, e, ops);
}
/* The `leave` of those who wait in a line. */
bool eff__line_leave(eff_fiber_t *f);
/* Takes the first out of the line, whose reference is the caller's then; somebody waits. */
static inline eff_fiber_t *eff__line_take(struct eff__line *line)
{
    eff_fiber_t *f = eff__waiters_pop(&line->home.waiters);
    line->n--;
    f->wait.object = NULL;
    return f;
}
/* Takes the first out of the line, with unit in its register, and gives up its reference: the caller has one of his own,
 * and wakes it. NULL when nobody waits. */
static inline eff_fiber_t *eff__line_pop(struct eff__line *line)
{
    if (!line->home.waiters.first) return NULL;
    eff_fiber_t *f = eff__line_take(line);
    f->reg.type = &eff_unit_type;
    f->reg.integer = 0;
    f->status = EFF__OK;
    eff__payload_release(line);
    return f;
}
/* Wakes everybody who waits now, with unit. Returns how many. The caller has a reference to the handle. */
size_t eff__line_release(struct eff__line *line);
/* The drop hook of a handle that is a line, and holds nothing else. */
void eff__line_drop(void *line);

#endif
