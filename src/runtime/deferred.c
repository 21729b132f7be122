/* Deferred: an exit that arrives once, and the fibers that wait for it, first in, first out. */
#include <effect/deferred.h>

#include "core/misuse.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"

struct eff_deferred {
    eff_runtime_t *rt; /* of the first that waited; NULL before */
    bool completed;
    eff_exit_t exit; /* valid when completed */
    struct eff__waiters waiters;
};

static void deferred_drop(void *payload)
{
    eff_deferred_t *d = (eff_deferred_t *)payload;
    if (d->completed) eff_exit_decref(d->exit);
}

const eff_type_t eff_deferred_type = { .size = sizeof(eff_deferred_t),
                                       .name = "deferred",
                                       .drop = deferred_drop,
                                       .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE };

eff_deferred_t *eff_deferred_new(void)
{
    eff_deferred_t *d = (eff_deferred_t *)eff__payload_alloc(&eff_deferred_type, sizeof *d);
    if (d) *d = (eff_deferred_t){ 0 };
    return d;
}

/* ---- awaiting */

static bool leave(eff_fiber_t *f)
{
    eff_deferred_t *d = (eff_deferred_t *)f->wait.object;
    eff__waiters_remove(&d->waiters, f);
    eff_deferred_decref(d);
    return true;
}
static const struct eff__wait_ops await_ops = { .name = "for a deferred", .leave = leave };

static void take(eff_fiber_t *f, const eff_deferred_t *d)
{
    if (d->exit.ok) {
        f->reg = eff_value_incref(d->exit.value);
        f->status = EFF__OK;
    } else {
        f->reg = eff_cause_value(eff_cause_incref(d->exit.cause));
        f->status = EFF__CAUSED;
    }
}

static int await_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_deferred_t *d = (eff_deferred_t *)e->prim.handle;
    if (d->completed) {
        take(f, d);
        return EFF__RETURN;
    }
    if (d->rt && d->rt != f->rt) return eff__prim_foreign(f, "deferred");
    d->rt = f->rt;
    eff__waiters_add(&d->waiters, f);
    eff__suspend(f, &await_ops, eff__prim_take_handle(e, alone));
    return EFF__SUSPEND;
}
static const struct eff__prim await_prim = { "deferred_await", await_run };

/* ---- completing */

/* Completes with an exit (consumed); true if it was the first. */
static bool complete(eff_deferred_t *d, eff_exit_t exit)
{
    if (d->completed) {
        eff_exit_decref(exit);
        return false;
    }
    d->completed = true;
    d->exit = exit;
    eff_fiber_t *f;
    while ((f = eff__waiters_pop(&d->waiters))) {
        take(f, d);
        f->wait.object = NULL;
        eff__wake(f);
        eff_deferred_decref(d); /* the completer's own reference is still there */
    }
    return true;
}

bool eff_deferred_complete(eff_deferred_t *d, eff_exit_t exit)
{
    if (d && d->rt && !pthread_equal(d->rt->thread, pthread_self())) {
        eff__misuse("eff_deferred_complete was called on another thread than that of the deferred's runtime");
        d = NULL;
    }
    if (!d) {
        eff_exit_decref(exit);
        return false;
    }
    bool waited_for = d->waiters.first != NULL, first = complete(d, exit);
    if (first && waited_for) eff__woke_from_plain_c(d->rt);
    return first;
}

static int complete_with(eff_fiber_t *f, eff_t *e, eff_exit_t exit)
{
    eff_deferred_t *d = (eff_deferred_t *)e->prim.handle;
    if (d->rt && d->rt != f->rt) {
        eff_exit_decref(exit);
        return eff__prim_foreign(f, "deferred");
    }
    return eff__prim_value(f, eff_bool(complete(d, exit)));
}

static int succeed_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    return complete_with(f, e, eff_exit_succeed(eff__prim_take_value(e, alone)));
}
static int fail_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    return complete_with(f, e, eff_exit_fail_cause((eff_cause_t *)eff__prim_take_value(e, alone).ptr));
}
static const struct eff__prim succeed_prim = { "deferred_succeed", succeed_run };
static const struct eff__prim fail_prim = { "deferred_fail", fail_run };

eff_t *eff_deferred_await_at(eff_site_t site, eff_deferred_t *d)
{
    return eff__prim_node(site, &await_prim, d, eff_unit);
}
eff_t *eff_deferred_succeed_at(eff_site_t site, eff_deferred_t *d, eff_value_t v)
{
    return eff__prim_node(site, &succeed_prim, d, v);
}
eff_t *eff_deferred_fail_at(eff_site_t site, eff_deferred_t *d, eff_value_t error)
{
    return eff__prim_node(site, &fail_prim, d, eff_cause_value(eff_cause_fail(error)));
}
eff_t *eff_deferred_fail_cause_at(eff_site_t site, eff_deferred_t *d, eff_cause_t *cause)
{
    if (!cause) return eff__mistake(site, "the cause given to eff_deferred_fail_cause is NULL");
    return eff__prim_node(site, &fail_prim, d, eff_cause_value(cause));
}

/* ---- handles */

const eff_exit_t *eff_deferred_poll(const eff_deferred_t *d)
{
    return d && d->completed ? &d->exit : NULL;
}

static EFF__STATIC_PAYLOAD(eff_deferred_t) empty_deferred = {
    EFF__STATIC_HEADER(&eff_deferred_type),
    { .completed = true, .exit = { .ok = true, .value = { .type = &eff_unit_type, .integer = 0 } } }
};

eff_deferred_t *eff_deferred_incref(eff_deferred_t *d)
{
    return (eff_deferred_t *)eff__payload_incref(d);
}
void eff_deferred_decref(eff_deferred_t *d)
{
    eff__payload_decref(&eff_deferred_type, d);
}

eff_value_t eff_deferred_value(eff_deferred_t *d)
{
    eff_value_t v = { .type = &eff_deferred_type, .ptr = d };
    return d ? v : eff_oom_value();
}

/* The dummy is completed, so that nobody waits on it. */
eff_deferred_t *eff_as_deferred(eff_value_t v)
{
    if (v.type == &eff_deferred_type) return (eff_deferred_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_deferred_type);
    return &empty_deferred.payload;
}
