/* Latch: a line that is open or closed. Opening empties the line there and then, so that closing at once, or waiting
 * again, cannot be overtaken by a wake-up that is under way. */
#include <effect/latch.h>

#include <effect/transform.h>

#include "core/build.h"
#include "core/misuse.h"
#include "runtime/budget.h"
#include "runtime/line.h"

struct eff_latch {
    struct eff__line line; /* first; empty while it is open */
    bool open;
};

const eff_type_t eff_latch_type = { .size = sizeof(eff_latch_t),
                                    .name = "latch",
                                    .drop = eff__line_drop,
                                    .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE | EFF__TYPE_AT_HOME };

eff_latch_t *eff_latch_new(bool open)
{
    eff_latch_t *l = (eff_latch_t *)eff__payload_alloc(&eff_latch_type, sizeof *l);
    if (l) *l = (eff_latch_t){ .open = open };
    return l;
}

/* Returns whether that changed it. */
static bool set(eff_latch_t *l, bool open)
{
    bool changed = l->open != open;
    if (eff__home_is_dummy(&l->line.home)) return false;
    l->open = open;
    if (open) (void)eff__line_release(&l->line);
    return changed;
}

/* ---- the operations */

static const struct eff__wait_ops await_ops = { .name = "for a latch to open",
                                                .leave = eff__line_leave,
                                                .on_handle = true };

static int await_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_latch_t *l = (eff_latch_t *)e->prim.handle;
    if (l->open) return eff__prim_value(f, eff_unit);
    if (!eff__line_claim(&l->line, f)) return eff__prim_foreign(f, "latch");
    return eff__line_wait(f, e, alone, &await_ops);
}

static int set_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_latch_t *l = (eff_latch_t *)e->prim.handle;
    (void)alone;
    if (!eff__line_claim(&l->line, f)) return eff__prim_foreign(f, "latch");
    return eff__prim_value(f, eff_bool(set(l, eff_as_bool(e->prim.value))));
}

static int release_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_latch_t *l = (eff_latch_t *)e->prim.handle;
    (void)alone;
    if (!eff__line_claim(&l->line, f)) return eff__prim_foreign(f, "latch");
    return eff__prim_value(f, eff_int((int64_t)eff__line_release(&l->line)));
}

static const struct eff__prim await_prim = { "latch_await", await_run };
static const struct eff__prim open_prim = { "latch_open", set_run };
static const struct eff__prim close_prim = { "latch_close", set_run };
static const struct eff__prim release_prim = { "latch_release", release_run };

eff_t *eff_latch_await_at(eff_site_t site, eff_latch_t *l)
{
    return eff__prim_node(site, &await_prim, l, eff_unit);
}

/* env is a closure: of the effect, and of the one that waits. Nobody is to close it in between: budget.h. */
static eff_t *enter(eff_value_t v, eff_value_t env)
{
    eff__budget_overdraw(eff__running);
    return eff_incref(eff__closure_of(env)->effect);
}
static eff_t *look(eff_value_t v, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff__budget_overdraw(eff__running);
    return eff_flat_map_at(c->site, eff_incref(eff_as_effect(c->env)), enter, eff_value_incref(env));
}
static eff_t *come(eff_value_t v, eff_value_t env)
{
    if (!eff__budget_is_short(eff__running)) return look(v, env);
    return eff_flat_map_at(eff__closure_of(env)->site, eff_yield_now(), look, eff_value_incref(env));
}
eff_t *eff_latch_when_open_at(eff_site_t site, eff_latch_t *l, eff_t *e)
{
    static const char builder[] = "eff_latch_when_open";
    if (!e) return eff__refuse_null(site, builder, 2, eff_noop(), eff_unit);
    if (!eff__effect_usable(e)) return e;
    eff_t *await = eff_latch_await_at(site, l);
    if (!l) {
        eff_decref(e);
        return await;
    }
    return eff__derived_bind(EFF__OP_FLAT_MAP, eff_noop(), (eff_any_fn)come,
                             (struct eff__closure){
                                 .builder = builder, .site = site, .effect = e, .env = eff_effect_value(await) });
}
eff_t *eff_latch_open_at(eff_site_t site, eff_latch_t *l)
{
    return eff__prim_node(site, &open_prim, l, eff_bool(true));
}
eff_t *eff_latch_close_at(eff_site_t site, eff_latch_t *l)
{
    return eff__prim_node(site, &close_prim, l, eff_bool(false));
}
eff_t *eff_latch_release_at(eff_site_t site, eff_latch_t *l)
{
    return eff__prim_node(site, &release_prim, l, eff_unit);
}

/* ---- from plain C */

bool eff_latch_set(eff_latch_t *l, bool open)
{
    if (!l || !eff__home_is_here(&l->line.home, "eff_latch_set", "latch")) return false;
    bool waited_for = l->line.n > 0, changed = set(l, open);
    if (open && waited_for) eff__woke_from_plain_c(eff__home_runtime(&l->line.home));
    return changed;
}

bool eff_latch_is_open(const eff_latch_t *l)
{
    return l && l->open;
}

size_t eff_latch_waiters(const eff_latch_t *l)
{
    return l ? l->line.n : 0;
}

/* ---- handles */

static EFF__STATIC_PAYLOAD(eff_latch_t) open_latch = { EFF__STATIC_HEADER(&eff_latch_type), { .open = true } };

eff_latch_t *eff_latch_incref(eff_latch_t *l)
{
    return (eff_latch_t *)eff__payload_incref(l);
}
void eff_latch_decref(eff_latch_t *l)
{
    eff__payload_decref(&eff_latch_type, l);
}

eff_value_t eff_latch_value(eff_latch_t *l)
{
    eff_value_t v = { .type = &eff_latch_type, .ptr = l };
    return l ? v : eff_oom_value();
}

eff_latch_t *eff_as_latch(eff_value_t v)
{
    if (v.type == &eff_latch_type) return (eff_latch_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_latch_type);
    return &open_latch.payload;
}
