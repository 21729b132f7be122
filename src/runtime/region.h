/* Regions: ending the children forked in one, and running finalizers so that they cannot disturb the result. */
#ifndef EFF_RUNTIME_REGION_H
#define EFF_RUNTIME_REGION_H

#include "runtime/frame.h"
#include "runtime/runtime.h"

/* Children forked at this depth or deeper are interrupted and awaited. EFF__RETURN when there are none (left), else
 * EFF__SUSPEND, with the result kept in a LEAVING frame and the top frame returned to afterwards. */
int eff__region_leave_children(eff_fiber_t *f, uint32_t depth);
static inline int eff__region_leave(eff_fiber_t *f, uint32_t depth)
{
    if (__builtin_expect(!f->children || eff__region_of(f->children) < depth, 1)) return EFF__RETURN;
    return eff__region_leave_children(f, depth);
}
/* Runs an effect (consumed; NULL is the mistake of `site`'s callback) as a finalizer: masked, in a region of its own,
 * with reg kept in a SAVED frame. Returns EFF__EVAL; needs the slack of the frame below. */
int eff__run_finalizer(eff_fiber_t *f, eff_t *finalizer, eff_site_t site);
/* The head of the SAVED frame of a finalizer that was begun just now. */
static inline uintptr_t *eff__finalizer_saved(const eff_fiber_t *f)
{
    return eff__frame_below(f->top) - 1;
}
/* A mask ends here: the fiber's attrs are what they are outside. With an interruption pending, a success is dropped and
 * a failure becomes Then(failure, Interrupt), once. */
void eff__mask_end_interrupted(eff_fiber_t *f);
static inline void eff__mask_end(eff_fiber_t *f)
{
    if (__builtin_expect(eff__interruptible_now(f), 0)) eff__mask_end_interrupted(f);
}
/* A callback returned this effect (consumed): the fiber goes on with it, or fails if the callback reported a mistake or
 * returned NULL. */
int eff__go_on_unless(eff_fiber_t *f, eff_t *body, eff_site_t site);
static inline int eff__go_on_with(eff_fiber_t *f, eff_t *body, eff_site_t site)
{
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (__builtin_expect(!body || f->rt->misuse, 0)) return eff__go_on_unless(f, body, site);
    f->cur = (uintptr_t)body | EFF__OWNED;
    return EFF__EVAL;
}
/* The same for a finalizer's effect: a mistake becomes an effect that dies of it. Consumes e, returns new. */
eff_t *eff__checked_finalizer(eff_fiber_t *f, eff_t *e, eff_site_t site);
/* A callback returned NULL. */
void eff__raise_null(eff_fiber_t *f, eff_site_t site);

/* How special frames go on when a result comes back to them; each returns an enum eff__next. The frame is the top one.*/
int eff__return_end(eff_fiber_t *f);
int eff__return_scoped(eff_fiber_t *f);
int eff__return_gen(eff_fiber_t *f);
int eff__return_bracket(eff_fiber_t *f);
int eff__return_permits(eff_fiber_t *f);
int eff__return_finalizer(eff_fiber_t *f);
int eff__return_saved(eff_fiber_t *f);
int eff__return_leaving(eff_fiber_t *f);
int eff__return_par(eff_fiber_t *f);
int eff__return_each(eff_fiber_t *f);
int eff__return_item(eff_fiber_t *f);
int eff__return_pull(eff_fiber_t *f);
int eff__return_extend(eff_fiber_t *f);
int eff__return_closing(eff_fiber_t *f);

/* How instructions that push special frames begin. e is borrowed if not owned, else consumed. */
int eff__eval_scoped(eff_fiber_t *f, eff_t *e, bool owned);
int eff__eval_provide(eff_fiber_t *f, eff_t *e, bool owned);
int eff__eval_gen(eff_fiber_t *f, eff_t *e, bool owned);
int eff__eval_bracket(eff_fiber_t *f, eff_t *e, bool owned);
int eff__eval_par(eff_fiber_t *f, eff_t *e, bool owned);
int eff__eval_each(eff_fiber_t *f, eff_t *e, bool owned);
int eff__begin_each_par(eff_fiber_t *f, eff_t *e, bool owned);
int eff__eval_service(eff_fiber_t *f, eff_t *e, bool owned);
int eff__eval_mask(eff_fiber_t *f, eff_t *e, bool owned);
int eff__eval_async(eff_fiber_t *f, eff_t *e, bool owned);
int eff__eval_sleep(eff_fiber_t *f, eff_t *e, bool owned);

/* The same, answering as a direct prim does (prim.h). */
eff_value_t eff__eval_fork(eff_fiber_t *f, eff_t *e, bool owned);

/* Moves the source out of a node that is owned and unshared, freeing nothing; else borrows it (the node must be kept by
 * a frame). Answers the word for fiber->cur. */
static inline uintptr_t eff__take_source(eff_t *e, eff_t **source, bool owned)
{
    eff_t *s = *source;
    if (owned && eff__count_is_one(&e->count)) {
        *source = NULL;
        return (uintptr_t)s | EFF__OWNED;
    }
    return (uintptr_t)s;
}
/* The same where the node itself will not be kept: a counted reference when it is shared; gives up the node. */
eff_t *eff__consume_source(eff_t *e, eff_t **source, bool owned);
/* The same for a node of this size that holds nothing but its source. */
static inline eff_t *eff__unwrap(eff_t *e, eff_t **source, bool owned, size_t size)
{
    if (__builtin_expect(!owned || !eff__count_is_one(&e->count), 0)) return eff__consume_source(e, source, owned);
    eff_t *s = *source;
    eff__free(e, size);
    return s;
}

#endif
