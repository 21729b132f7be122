/* Prims: operations of the runtime that live in files of their own (queue.c, deferred.c, fiber.c ...), as one
 * instruction each.
 *
 * `run(f, e, alone)` gets the running fiber and the node, which it borrows. It answers with one of
 *     return eff__prim_value(f, v);         success
 *     return eff__prim_fail(f, v);          an expected failure
 *     return eff__prim_cause(f, cause);     any cause
 *     return eff__prim_effect(f, e);        go on with an effect
 *     return eff__suspend(f, &ops, object);
 * When it suspends, whoever wakes the fiber sets f->reg and f->status first. The node is released as the fiber
 * suspends, so a wait that needs the handle takes it along: eff__prim_take_handle.
 *
 * `direct(f, e)` of an eff__direct_prim is asked first, when nobody else holds the node. Either it does the instruction,
 * gives up the node and what that holds, and answers with
 *     return v;                             success
 *     return eff__direct_next(...);         as above, f->cur, or f->reg and f->status, being set
 * or it leaves everything alone, for `run` to do, and answers with eff__direct_decline(). It does not touch the frames;
 * the top one may be a flat_map whose source is the node that it gives up.
 */
#ifndef EFF_RUNTIME_PRIM_H
#define EFF_RUNTIME_PRIM_H

#include "runtime/runtime.h"

static inline int eff__prim_value(eff_fiber_t *f, eff_value_t v)
{
    f->reg = v;
    f->status = EFF__OK;
    return EFF__RETURN;
}
static inline int eff__prim_fail(eff_fiber_t *f, eff_value_t error)
{
    f->reg = error;
    f->status = EFF__FAILED;
    return EFF__RETURN;
}
static inline int eff__prim_cause(eff_fiber_t *f, eff_cause_t *cause)
{
    f->reg = eff_cause_value(cause);
    f->status = EFF__CAUSED;
    return EFF__RETURN;
}
static inline int eff__prim_effect(eff_fiber_t *f, eff_t *e)
{
    f->cur = (uintptr_t)e | 1;
    return EFF__EVAL;
}

/* The handle belongs to another runtime: dies of it. */
int eff__prim_foreign(eff_fiber_t *f, const char *what);

/* The value of the node: moved when it will not be needed again, counted otherwise. */
static inline eff_value_t eff__prim_take_value(eff_t *e, bool alone)
{
    eff_value_t v = e->prim.value;
    if (alone) e->prim.value = eff_unit;
    else v = eff_value_incref(v);
    return v;
}
/* A reference to the node's handle. */
static inline void *eff__prim_take_handle(eff_t *e, bool alone)
{
    void *h = e->prim.handle;
    if (alone) e->prim.handle = NULL;
    else eff__payload_retain(h);
    return h;
}

/* ---- for `direct` */

/* What it answers, see above: an absent value, with an enum eff__next or this. */
enum { EFF__DECLINED = -1 };
static inline eff_value_t eff__direct_next(int next)
{
    eff_value_t v = { .type = NULL, .integer = next };
    return v;
}
static inline eff_value_t eff__direct_decline(void)
{
    return eff__direct_next(EFF__DECLINED);
}

/* The value of the node, which is the caller's by this. */
static inline eff_value_t eff__direct_take_value(const eff_t *e)
{
    eff_value_t v;
    eff__copy_value(&v, &e->prim.value);
    return v;
}

/* The end, which gives up the node: its value is somebody else's by now, or needs no dropping. What cannot be done at once
 * is left to a function as the last act, so that nothing has to outlive a call. */
eff_value_t eff__direct_moved_slowly(eff_t *e, eff_value_t v);
eff_value_t eff__direct_done_slowly(eff_t *e, eff_value_t v, uint32_t n);
eff_value_t eff__direct_suspend_slowly(eff_t *e, eff_fiber_t *f);

/* The reference to the handle is somebody else's, too. Returns v. */
static EFF__INLINED eff_value_t eff__direct_moved(eff_t *e, eff_value_t v)
{
    return eff__free_at_once(e, EFF__NODE_SIZE(prim)) ? v : eff__direct_moved_slowly(e, v);
}
/* Gives up n references to the handle, the node's and others; user code may run. Returns v. */
static EFF__INLINED eff_value_t eff__direct_done_n(eff_t *e, eff_value_t v, uint32_t n)
{
    eff__count_t *count = &eff__header_of(e->prim.handle)->count;
    uint32_t all = atomic_load_explicit(count, memory_order_relaxed);
    bool others = all > n && all < EFF__IMMORTAL;
    if (__builtin_expect(!others || !__libc_single_threaded || !eff__free_at_once(e, EFF__NODE_SIZE(prim)), 0))
        return eff__direct_done_slowly(e, v, n);
    atomic_store_explicit(count, all - n, memory_order_relaxed);
    return v;
}
static EFF__INLINED eff_value_t eff__direct_done(eff_t *e, eff_value_t v)
{
    return eff__direct_done_n(e, v, 1);
}
/* As eff__suspend, for what the handle stands for, whose reference goes to the wait. */
static EFF__INLINED eff_value_t eff__direct_suspend(eff_fiber_t *f, eff_t *e, const struct eff__wait_ops *ops)
{
    if (!eff__suspend_at_once(f, ops, e->prim.handle) || !eff__free_at_once(e, EFF__NODE_SIZE(prim)))
        return eff__direct_suspend_slowly(e, f);
    return eff__direct_next(EFF__SUSPEND);
}

#endif
