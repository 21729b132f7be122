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
 */
#ifndef EFF_RUNTIME_PRIM_H
#define EFF_RUNTIME_PRIM_H

#include "runtime/fiber.h"

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

#endif
