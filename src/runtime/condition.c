/* Condition: a line that is let go, in part or as a whole, whenever somebody says so. Who was notified by itself, and is
 * interrupted before it runs, hands that on to the next: its reg says whether there is something to hand on. */
#include <effect/condition.h>

#include <effect/transform.h>

#include "core/build.h"
#include "core/misuse.h"
#include "runtime/budget.h"
#include "runtime/line.h"

struct eff_condition {
    struct eff__line line; /* first */
};

const eff_type_t eff_condition_type = { .size = sizeof(eff_condition_t),
                                        .name = "condition",
                                        .drop = eff__line_drop,
                                        .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE | EFF__TYPE_AT_HOME };

/* What eff_as_condition gives for a value of another type. Never changed: threads share it. */
static EFF__STATIC_PAYLOAD(eff_condition_t) dummy = { EFF__STATIC_HEADER(&eff_condition_type), { .line.n = 0 } };

eff_condition_t *eff_condition_new(void)
{
    eff_condition_t *c = (eff_condition_t *)eff__payload_alloc(&eff_condition_type, sizeof *c);
    if (c) *c = (eff_condition_t){ .line.n = 0 };
    return c;
}

/* Wakes up to n; returns how many. The caller has a reference. */
static size_t notify(eff_condition_t *c, size_t n, bool hand_on)
{
    size_t n_woken = 0;
    for (eff_fiber_t *f; n_woken < n && (f = eff__waiters_pop(&c->line.home.waiters)); n_woken++) {
        c->line.n--;
        f->reg = eff_bool(hand_on);
        f->status = EFF__OK;
        eff__wake(f);
    }
    return n_woken;
}

/* ---- the operations */

static void resumed(eff_fiber_t *f, bool interrupted)
{
    eff_condition_t *c = (eff_condition_t *)f->wait.object;
    if (interrupted && eff_as_bool(f->reg)) (void)notify(c, 1, true);
    f->reg = eff_unit;
    eff_condition_decref(c);
}
static const struct eff__wait_ops wait_ops = {
    .name = "for a condition", .leave = eff__line_leave, .resumed = resumed, .on_handle = true
};

static int wait_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_condition_t *c = (eff_condition_t *)e->prim.handle;
    if (c == &dummy.payload) return eff__prim_value(f, eff_unit);
    if (!eff__line_claim(&c->line, f)) return eff__prim_foreign(f, "condition");
    return eff__line_wait(f, e, alone, &wait_ops);
}

/* The value: how many; unit: all. */
static int notify_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_condition_t *c = (eff_condition_t *)e->prim.handle;
    bool all = e->prim.value.type == &eff_unit_type;
    (void)alone;
    if (!eff__line_claim(&c->line, f)) return eff__prim_foreign(f, "condition");
    size_t n = all ? c->line.n : (size_t)e->prim.value.integer;
    return eff__prim_value(f, eff_int((int64_t)notify(c, n, !all)));
}

static const struct eff__prim wait_prim = { "condition_wait", wait_run };
static const struct eff__prim notify_prim = { "condition_notify", notify_run };
static const struct eff__prim notify_all_prim = { "condition_notify_all", notify_run };

eff_t *eff_condition_wait_at(eff_site_t site, eff_condition_t *c)
{
    return eff__prim_node(site, &wait_prim, c, eff_unit);
}
eff_t *eff_condition_notify_at(eff_site_t site, eff_condition_t *c, size_t n)
{
    return eff__prim_node(site, &notify_prim, c, eff_int(n > INT64_MAX ? INT64_MAX : (int64_t)n));
}
eff_t *eff_condition_notify_all_at(eff_site_t site, eff_condition_t *c)
{
    return eff__prim_node(site, &notify_all_prim, c, eff_unit);
}

/* ---- waiting until: env is a closure, whose effect waits
 *
 * What holds is to hold still when the next callback is called, and what does not hold is to be waited for before anybody
 * notifies: budget.h. */

static eff_t *look(eff_value_t v, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    (void)v;
    eff__budget_overdraw(eff__running);
    if (((eff_holds_fn)c->fn)(c->env)) return eff_noop();
    if (c->effect->prim.handle == &dummy.payload) return eff_noop();
    return eff_flat_map_at(c->site, eff_incref(c->effect), look, eff_value_incref(env));
}

static eff_t *come(eff_value_t v, eff_value_t env)
{
    if (!eff__budget_is_short(eff__running)) return look(v, env);
    return eff_flat_map_at(eff__closure_of(env)->site, eff_yield_now(), look, eff_value_incref(env));
}

eff_t *eff_condition_wait_until_at(eff_site_t site, eff_condition_t *c, eff_holds_fn holds, eff_value_t env)
{
    static const char builder[] = "eff_condition_wait_until";
    if (!c) return eff__without_handle(site, builder, env);
    if (!holds || !eff__value_usable(env)) return eff__refuse_bind(site, builder, eff_noop(), holds != NULL, env);
    eff_t *wait = eff_condition_wait_at(site, c);
    if (!eff__effect_usable(wait)) return eff__refuse(site, builder, 1, &wait, true, env);
    return eff__derived_bind(
        EFF__OP_FLAT_MAP, eff_noop(), (eff_any_fn)come,
        (struct eff__closure){ .builder = builder, .site = site, .fn = (eff_any_fn)holds, .effect = wait, .env = env });
}

/* ---- from plain C */

size_t eff_condition_notified(eff_condition_t *c)
{
    if (!c || !eff__home_is_here(&c->line.home, "eff_condition_notified", "condition")) return 0;
    size_t n = notify(c, c->line.n, false);
    if (n) eff__woke_from_plain_c(eff__home_runtime(&c->line.home));
    return n;
}

size_t eff_condition_waiters(const eff_condition_t *c)
{
    return c ? c->line.n : 0;
}

/* ---- handles */

eff_condition_t *eff_condition_incref(eff_condition_t *c)
{
    return (eff_condition_t *)eff__payload_incref(c);
}
void eff_condition_decref(eff_condition_t *c)
{
    eff__payload_decref(&eff_condition_type, c);
}

eff_value_t eff_condition_value(eff_condition_t *c)
{
    eff_value_t v = { .type = &eff_condition_type, .ptr = c };
    return c ? v : eff_oom_value();
}

eff_condition_t *eff_as_condition(eff_value_t v)
{
    if (v.type == &eff_condition_type) return (eff_condition_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_condition_type);
    return &dummy.payload;
}
