/* What the interpreter does at nearly every step, to be put inline into its loop: taking up a fiber again, and giving up
 * frames and values. */
#ifndef EFF_RUNTIME_STEP_H
#define EFF_RUNTIME_STEP_H

#include "runtime/frame.h"
#include "runtime/region.h"
#include "runtime/runtime.h"

/* A fiber gets the loop: its wait is over, if it has waited. */
static inline void eff__end_wait(eff_runtime_t *rt, eff_fiber_t *f, bool interrupted)
{
    const struct eff__wait_ops *wait = f->wait.ops;
    f->state = EFF__RUNNING;
    f->wait.ops = NULL;
    if (wait && wait->resumed) wait->resumed(f, interrupted);
    rt->trace.n_seen = 0;
    if (wait && f->status != EFF__OK) eff__trace_add(&rt->trace, f->wait.site);
}

/* Of a value that is not absent: whether somebody counts the references to it. */
static EFF__INLINED bool eff__is_counted(eff_value_t v)
{
    return v.type->flags & (EFF_TYPE_COUNTED | EFF_TYPE_EFFECT);
}

/* eff_value_decref of a value that is not absent. */
static EFF__INLINED void eff__drop_value(eff_value_t v)
{
    if (eff__is_counted(v)) eff__value_release(v);
}

/* eff__value_release, where the value's second word need not be loaded to call it (attend.c). */
void eff__env_release(const eff_value_t *env);

/* Gives up a frame's reference to a node of this size. */
static EFF__INLINED void eff__drop_frame(uintptr_t word, eff_t *e, const eff_value_t *env, size_t size)
{
    if (__builtin_expect((word & EFF__ALONE) != 0, 1)) {
        if (eff__is_counted(*env)) eff__env_release(env);
        eff__free(e, size);
    } else if (word & EFF__OWNED) {
        eff__node_release(e);
    }
}
static EFF__INLINED void eff__drop_bind(uintptr_t word, eff_t *e)
{
    eff__drop_frame(word, e, &e->bind.env, EFF__NODE_SIZE(bind));
}
static EFF__INLINED void eff__drop_fold(uintptr_t word, eff_t *e)
{
    eff__drop_frame(word, e, &e->fold.env, EFF__NODE_SIZE(fold));
}

/* The same for a prim that has run, and may have moved its parts out. */
static inline void eff__drop_prim(eff_t *e)
{
    if (__builtin_expect(!eff__count_is_one(&e->count), 0)) {
        eff__node_release(e);
        return;
    }
    if (e->prim.handle) eff__payload_release(e->prim.handle);
    eff_value_decref(e->prim.value);
    eff__free(e, EFF__NODE_SIZE(prim));
}

/* Whether this fold's failure handler applies to the failure in reg; *ret_error is the value for a typed one. */
static inline bool eff__fold_applies(eff_fiber_t *f, const eff_t *e, eff_value_t *ret_error)
{
    if (!e->fold.bad || eff__interruptible_now(f) || f->flags & EFF__DOOMED) return false;
    if (e->flags & EFF__CAUSE) return true;
    if (f->status == EFF__FAILED) {
        eff__copy_value(ret_error, &f->reg);
        return true;
    }
    const eff_cause_t *cause = eff_as_cause(f->reg);
    return !eff_cause_has_die(cause) && eff_cause_failure(cause, ret_error);
}

#endif
