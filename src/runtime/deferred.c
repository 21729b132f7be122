/* Deferred: an exit that arrives once, and the fibers that wait for it, first in, first out. Or an effect that arrives
 * once, which each of them runs. */
#include <effect/deferred.h>

#include "core/build.h"
#include "core/misuse.h"
#include "runtime/line.h"
#include "runtime/runtime.h"

enum holds { NOTHING, VALUE, CAUSE, EFFECT };

struct eff_deferred {
    struct eff__line line; /* first; bound to the runtime of the first that waited; empty once completed */
    enum holds holds;
    union { /* owned */
        eff_t *effect;
        eff_exit_t exit; /* with a value or a cause */
    };
};

static void deferred_drop(void *payload)
{
    eff_deferred_t *d = (eff_deferred_t *)payload;
    if (d->holds == EFFECT) eff_decref(d->effect);
    else if (d->holds) eff_exit_decref(d->exit);
    eff__line_drop(d);
}

static bool is_immediate(eff_value_t v)
{
    return !(v.type->flags & (EFF_TYPE_COUNTED | EFF_TYPE_EFFECT));
}

/* With its last reference gone, here where it is to be dropped: true if it held nothing to be dropped, and is gone. */
static inline bool dispose(eff_deferred_t *d)
{
    bool nothing = d->holds == NOTHING || (d->holds == VALUE && is_immediate(d->exit.value));
    if (!nothing) return false;
    eff__home_leave(&d->line.home);
    if (!eff__payload_free_at_once(d, sizeof *d)) eff__payload_dealloc(d);
    return true;
}

bool eff__deferred_dispose(eff_deferred_t *d)
{
    return dispose(d);
}

const eff_type_t eff_deferred_type = { .size = sizeof(eff_deferred_t),
                                       .name = "deferred",
                                       .drop = deferred_drop,
                                       .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE | EFF__TYPE_AT_HOME };

eff_deferred_t *eff_deferred_new(void)
{
    eff_deferred_t *d = (eff_deferred_t *)eff__payload_make(&eff_deferred_type, sizeof *d);
    if (d) *d = (eff_deferred_t){ 0 };
    return d;
}

/* ---- awaiting */

/* Whether the deferred is bound to another runtime: it is not completing that binds it. */
static bool is_foreign(const eff_deferred_t *d, const eff_fiber_t *f)
{
    return eff__home_is_foreign(&d->line.home, f->rt);
}

static const struct eff__wait_ops await_ops = { .name = "for a deferred", .leave = eff__line_leave, .on_handle = true };

/* Has f go on with what d was completed with. */
static int take(eff_fiber_t *f, const eff_deferred_t *d)
{
    if (d->holds == EFFECT) return eff__prim_effect(f, eff_incref(d->effect));
    if (d->holds == VALUE) return eff__prim_value(f, eff_value_incref(d->exit.value));
    return eff__prim_cause(f, eff_cause_incref(d->exit.cause));
}

static int await_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_deferred_t *d = (eff_deferred_t *)e->prim.handle;
    if (d->holds) return take(f, d);
    if (!eff__line_claim(&d->line, f)) return eff__prim_foreign(f, "deferred");
    return eff__line_wait(f, e, alone, &await_ops);
}

static EFF_NOINLINE eff_value_t taken_slowly(eff_deferred_t *d, eff_t *e, eff_value_t v)
{
    eff__payload_dealloc(d);
    return eff__direct_moved(e, v);
}
/* With the last reference, the value is taken along. */
static inline eff_value_t take_last(eff_deferred_t *d, eff_t *e)
{
    eff_value_t v = d->exit.value;
    if (!eff__home_leave_at_once(&d->line.home)) return eff__direct_decline();
    return eff__payload_free_at_once(d, sizeof *d) ? eff__direct_moved(e, v) : taken_slowly(d, e, v);
}

static eff_value_t await_direct(eff_fiber_t *f, eff_t *e)
{
    eff_deferred_t *d = (eff_deferred_t *)e->prim.handle;
    if (d->holds == NOTHING) {
        if (!eff__home_claim_at_once(&d->line.home, f->rt)) return eff__direct_decline();
        return eff__line_wait_directly(f, e, &await_ops);
    }
    if (d->holds != VALUE || !eff__home_is_near(&d->line.home, f->rt)) return eff__direct_decline();
    if (eff__count_is_one(&eff__header_of(d)->count)) return take_last(d, e);
    eff_value_t v = d->exit.value;
    return is_immediate(v) ? eff__direct_done(e, v) : eff__direct_decline();
}
static const struct eff__direct_prim await_prim = { { "deferred_await", await_run }, await_direct };

/* ---- completing */

/* Everybody who waits goes on: the exit or effect is there. In a turn, or plain C, which tells the loop. */
static EFF_NOINLINE void wake_all(eff_deferred_t *d)
{
    do {
        eff_fiber_t *f = eff__line_pop(&d->line);
        eff__wake_in_turn(f);
        (void)take(f, d);
    } while (d->line.n);
}
static inline void let_go_on(eff_deferred_t *d)
{
    if (d->line.n) wake_all(d); /* else the waiters are not looked at */
}

/* Completes with an exit (consumed); true if it was the first. */
static bool complete(eff_deferred_t *d, eff_exit_t exit)
{
    if (d->holds) {
        eff_exit_decref(exit);
        return false;
    }
    d->exit = exit;
    d->holds = exit.ok ? VALUE : CAUSE;
    let_go_on(d);
    return true;
}

bool eff_deferred_complete(eff_deferred_t *d, eff_exit_t exit)
{
    if (!d || !eff__home_is_here(&d->line.home, "eff_deferred_complete", "deferred")) {
        eff_exit_decref(exit);
        return false;
    }
    bool waited_for = d->line.n > 0, first = complete(d, exit);
    if (first && waited_for) eff__woke_from_plain_c(eff__home_runtime(&d->line.home));
    return first;
}

static int complete_run(eff_fiber_t *f, eff_t *e, eff_exit_t exit)
{
    eff_deferred_t *d = (eff_deferred_t *)e->prim.handle;
    if (is_foreign(d, f)) {
        eff_exit_decref(exit);
        return eff__prim_foreign(f, "deferred");
    }
    return eff__prim_value(f, eff_bool(complete(d, exit)));
}

static int succeed_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    return complete_run(f, e, eff_exit_succeed(eff__prim_take_value(e, alone)));
}

static EFF_NOINLINE eff_value_t wake_all_directly(eff_deferred_t *d, eff_t *e)
{
    wake_all(d);
    return eff__direct_done(e, eff_bool(true));
}
/* Of one that waits, and a value that nobody counts. */
static inline eff_value_t wake_one_directly(eff_deferred_t *d, eff_t *e)
{
    eff_fiber_t *f = eff__line_take(&d->line);
    f->reg = d->exit.value;
    f->status = EFF__OK;
    eff__wake_in_turn(f);
    return eff__direct_done_n(e, eff_bool(true), 2);
}
static eff_value_t succeed_direct(eff_fiber_t *f, eff_t *e)
{
    eff_deferred_t *d = (eff_deferred_t *)e->prim.handle;
    if (d->holds || !eff__home_is_near(&d->line.home, f->rt)) return eff__direct_decline();
    d->exit.ok = true;
    d->exit.value = eff__direct_take_value(e);
    d->holds = VALUE;
    if (!d->line.n) return eff__direct_done(e, eff_bool(true));
    return d->line.n == 1 && is_immediate(d->exit.value) ? wake_one_directly(d, e) : wake_all_directly(d, e);
}

static int fail_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    return complete_run(f, e, eff_exit_fail_cause((eff_cause_t *)eff__prim_take_value(e, alone).ptr));
}
static int with_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_deferred_t *d = (eff_deferred_t *)e->prim.handle;
    if (is_foreign(d, f)) return eff__prim_foreign(f, "deferred");
    if (d->holds) return eff__prim_value(f, eff_bool(false));
    d->effect = (eff_t *)eff__prim_take_value(e, alone).ptr;
    d->holds = EFFECT;
    let_go_on(d);
    return eff__prim_value(f, eff_bool(true));
}
static const struct eff__direct_prim succeed_prim = { { "deferred_succeed", succeed_run }, succeed_direct };
static const struct eff__prim fail_prim = { "deferred_fail", fail_run };
static const struct eff__prim with_prim = { "deferred_complete_with", with_run };

eff_t *eff_deferred_await_at(eff_site_t site, eff_deferred_t *d)
{
    eff_t *e = eff__direct_plain_at_once(site, &await_prim, d);
    return e ? e : eff__direct_node(site, &await_prim, d, eff_unit);
}
eff_t *eff_deferred_succeed_at(eff_site_t site, eff_deferred_t *d, eff_value_t v)
{
    eff_t *e = eff__direct_at_once(site, &succeed_prim, d, v);
    return e ? e : eff__direct_node(site, &succeed_prim, d, v);
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
eff_t *eff_deferred_complete_with_at(eff_site_t site, eff_deferred_t *d, eff_t *e)
{
    if (!eff__effect_usable(e)) return eff__refuse_null(site, "eff_deferred_complete_with", 2, e, eff_unit);
    return eff__prim_node(site, &with_prim, d, eff_effect_value(e));
}

/* ---- handles */

const eff_exit_t *eff_deferred_poll(const eff_deferred_t *d)
{
    return d && (d->holds == VALUE || d->holds == CAUSE) ? &d->exit : NULL;
}

static EFF__STATIC_PAYLOAD(eff_deferred_t) empty_deferred = {
    EFF__STATIC_HEADER(&eff_deferred_type),
    { .holds = VALUE, .exit = { .ok = true, .value = { .type = &eff_unit_type, .integer = 0 } } }
};

eff_deferred_t *eff_deferred_incref(eff_deferred_t *d)
{
    return (eff_deferred_t *)eff__payload_incref(d);
}
void eff_deferred_decref(eff_deferred_t *d)
{
    if (!d || !eff__count_dec(&eff__header_of(d)->count)) return;
    if (!eff__home_drops_here(&d->line.home) || !dispose(d)) eff__payload_died(d);
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
