/* Hotswaps. Each resource lives in a scope of its own, which is forked from that of the slot; a tenant stands for both. The
 * tenant that was replaced closes its scope when its last user has left.
 *
 *     slot --> tenant --> scope, and the value          user --> tenant, also one that was replaced
 */
#include <effect/hotswap.h>
#include <effect/interrupt.h>
#include <effect/transform.h>

#include "core/build.h"
#include "runtime/home.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

struct tenant {
    eff_scope_t *scope; /* owned */
    eff_value_t value;
    size_t n_users;
    bool left; /* the slot: whoever is its last user closes it */
};
static void tenant_clear(struct tenant *t)
{
    eff_scope_decref(t->scope);
    eff_value_decref(t->value);
}
EFF_STATIC_TYPE(tenant, struct tenant, .drop = tenant_clear);

struct eff_hotswap {
    struct eff__home home; /* first */
    eff_scope_t *scope;    /* it was made in; owned */
    eff_value_t tenant;    /* unit: none */
};

static void hotswap_drop(void *payload)
{
    eff_hotswap_t *h = (eff_hotswap_t *)payload;
    eff_value_decref(h->tenant);
    eff_scope_decref(h->scope);
    eff__home_leave(&h->home);
}

const eff_type_t eff_hotswap_type = { .size = sizeof(eff_hotswap_t),
                                      .name = "hotswap",
                                      .drop = hotswap_drop,
                                      .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE | EFF__TYPE_AT_HOME };

static int make_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)e, (void)alone;
    eff_scope_t *scope = eff__scope_ambient(f);
    if (scope && scope->state != EFF__SCOPE_OPEN)
        return eff__prim_cause(f, eff_cause_die(eff_literal("a hotswap was made in a scope that is closed")));
    eff_hotswap_t *h = scope ? (eff_hotswap_t *)eff__payload_alloc(&eff_hotswap_type, sizeof *h) : NULL;
    if (!h) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    *h = (eff_hotswap_t){ .scope = eff_scope_incref(scope), .tenant = eff_unit };
    eff__home_bind(&h->home, f->rt);
    return eff__prim_value(f, eff_hotswap_value(h));
}
static const struct eff__prim make_prim = { "hotswap_make", make_run };

eff_t *eff_hotswap_make_at(eff_site_t site)
{
    return eff__prim_node_plain(site, &make_prim, eff_unit);
}

/* What is in the slot; NULL when it is empty, or closed with the scope around it. */
static struct tenant *tenant_in(const eff_hotswap_t *h)
{
    struct tenant *t = h->tenant.type == &tenant_type ? tenant_of(h->tenant) : NULL;
    return t && t->scope->state == EFF__SCOPE_OPEN ? t : NULL;
}

/* ---- replacing */

/* The slot has `next` (consumed) from now on; who was in it leaves. Returns the scope that closes now, borrowed, or NULL. */
static eff_scope_t *replace(eff_hotswap_t *h, eff_value_t next)
{
    eff_value_t before = h->tenant;
    struct tenant *t = tenant_in(h);
    eff_scope_t *closes = t && t->n_users == 0 ? t->scope : NULL;
    eff_exit_t exit = eff_exit_succeed(eff_unit);
    h->tenant = next;
    if (t) t->left = true;
    if (closes) eff__scope_begin_close(closes, &exit);
    eff_value_decref(before); /* an open scope's keeper keeps that, too */
    return closes;
}

/* Waits until a scope has closed, or until that is interrupted. */
static int await_closed_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    eff_scope_t *scope = (eff_scope_t *)e->prim.handle;
    if (scope->state == EFF__SCOPE_CLOSED || eff__is_within(f, scope->owner)) return eff__prim_value(f, eff_unit);
    eff__observe(f, scope->owner, &eff__closed_wait);
    return EFF__SUSPEND;
}
static const struct eff__prim await_closed_prim = { "hotswap_await_closed", await_closed_run };

static int clear_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    eff_hotswap_t *h = (eff_hotswap_t *)e->prim.handle;
    if (!eff__home_claim(&h->home, f->rt)) return eff__prim_foreign(f, "hotswap");
    eff_scope_t *closes = replace(h, eff_unit);
    if (!closes) return eff__prim_value(f, eff_unit);
    return eff__prim_effect(f, eff__prim_node(e->site, &await_closed_prim, closes, eff_unit));
}
static const struct eff__prim clear_prim = { "hotswap_clear", clear_run };

eff_t *eff_hotswap_clear_at(eff_site_t site, eff_hotswap_t *h)
{
    return eff__prim_node(site, &clear_prim, h, eff_unit);
}

/* ---- swapping: masked, but for the resource's own effect and for the wait at the end */

/* What one run of eff_hotswap_swap has. */
struct move {
    eff_site_t site;
    eff_restore_t restore;
    eff_value_t hotswap, tenant;
};
static void move_clear(struct move *m)
{
    eff_value_decref(m->hotswap);
    eff_value_decref(m->tenant);
}
EFF_STATIC_TYPE(move, struct move, .drop = move_clear);

/* The resource is there: from here on the slot has it, whatever there is no memory for. */
static eff_t *move_in(eff_value_t v, eff_value_t env)
{
    const struct move *m = move_of(env);
    tenant_of(m->tenant)->value = eff_value_incref(v);
    eff_scope_t *closes = replace(eff_as_hotswap(m->hotswap), eff_value_incref(m->tenant));
    eff_t *e = eff_succeed_at(m->site, eff_value_incref(v));
    if (!closes) return e;
    eff_t *wait = eff__prim_node(m->site, &await_closed_prim, closes, eff_unit);
    return eff_then_at(m->site, eff_restore_at(m->site, m->restore, wait), e);
}

static eff_t *close_if_failed(const eff_exit_t *exit, eff_value_t env)
{
    if (exit->ok) return eff_noop();
    eff_scope_t *scope = tenant_of(move_of(env)->tenant)->scope;
    return eff_scope_close_at(move_of(env)->site, scope, eff_exit_incref(exit));
}

struct swap {
    eff_site_t site;
    eff_restore_t restore;
    eff_t *resource;
    eff_value_t hotswap;
};
static void swap_clear(struct swap *s)
{
    eff_decref(s->resource);
    eff_value_decref(s->hotswap);
}
EFF_STATIC_TYPE(swap, struct swap, .drop = swap_clear);

/* Of a scope into which nothing was acquired. */
static eff_t *close_empty(eff_scope_t *scope)
{
    return eff_scope_close_at(NULL, scope, eff_exit_succeed(eff_unit));
}

static eff_t *acquire_tenant(eff_value_t scope, eff_value_t env)
{
    const struct swap *s = swap_of(env);
    eff_scope_t *new_home = eff_as_scope(scope);
    eff_value_t tenant = tenant_make((struct tenant){ .scope = eff_scope_incref(new_home), .value = eff_unit });
    eff_value_t move = tenant;
    if (!eff_is_oom(tenant))
        move = move_make((struct move){ s->site, s->restore, eff_value_incref(s->hotswap), tenant });
    if (eff_is_oom(move)) return eff_then_at(s->site, close_empty(new_home), eff_out_of_memory());
    eff_t *e = eff_scope_extend_at(s->site, eff_incref(s->resource), new_home);
    e = eff_restore_at(s->site, s->restore, e);
    e = eff_on_exit_at(s->site, e, close_if_failed, eff_value_incref(move));
    return eff_flat_map_at(s->site, e, move_in, move);
}

static eff_t *swap_masked(eff_restore_t restore, eff_value_t env)
{
    const struct swap *s = swap_of(env);
    eff_hotswap_t *h = eff_as_hotswap(s->hotswap);
    eff_value_t run =
        swap_make((struct swap){ s->site, restore, eff_incref(s->resource), eff_value_incref(s->hotswap) });
    return eff_flat_map_at(s->site, eff_scope_fork_at(s->site, h->scope, EFF_SCOPE_SEQUENTIAL), acquire_tenant, run);
}

eff_t *eff_hotswap_swap_at(eff_site_t site, eff_hotswap_t *h, eff_t *resource)
{
    static const char builder[] = "eff_hotswap_swap";
    if (!eff__effect_usable(resource)) return eff__refuse(site, builder, 1, &resource, true, eff_unit);
    if (!h) {
        eff_decref(resource);
        return eff__without_handle(site, builder, eff_unit);
    }
    eff_value_t env = swap_make((struct swap){ site, { 0 }, resource, eff_hotswap_value(eff_hotswap_incref(h)) });
    return eff_uninterruptible_mask_at(site, swap_masked, env);
}

/* ---- using what is there */

/* some(v) or none, and with it the tenant, or unit. */
static int enter_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    eff_hotswap_t *h = (eff_hotswap_t *)e->prim.handle;
    if (!eff__home_claim(&h->home, f->rt)) return eff__prim_foreign(f, "hotswap");
    struct tenant *t = tenant_in(h);
    eff_value_t there = t ? eff_some(eff_value_incref(t->value)) : eff_none();
    eff_value_t visit = eff_pair(there, t ? eff_value_incref(h->tenant) : eff_unit);
    if (eff_is_oom(visit)) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    if (t) t->n_users++;
    return eff__prim_value(f, visit);
}
static const struct eff__prim enter_prim = { "hotswap_use", enter_run };

static void leave(eff_value_t visit, const eff_exit_t *use, eff_value_t env)
{
    (void)use, (void)env;
    if (eff_second(visit).type != &tenant_type) return;
    struct tenant *t = tenant_of(eff_second(visit));
    eff_exit_t exit = eff_exit_succeed(eff_unit);
    if (--t->n_users == 0 && t->left) eff__scope_begin_close(t->scope, &exit);
}

static eff_t *use_there(eff_value_t visit, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return ((eff_bind_fn)c->fn)(eff_first(visit), c->env);
}

eff_t *eff_hotswap_use_at(eff_site_t site, eff_hotswap_t *h, eff_bind_fn use, eff_value_t env)
{
    static const char builder[] = "eff_hotswap_use";
    if (!use || !eff__value_usable(env)) return eff__refuse_call(site, builder, use != NULL, env);
    eff_value_t closure =
        eff__closure_new((struct eff__closure){ .builder = builder, .site = site, .fn = (eff_any_fn)use, .env = env });
    return eff_acquire_use_release_at(site, eff__prim_node(site, &enter_prim, h, eff_unit), use_there, leave, closure);
}

static int get_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    eff_hotswap_t *h = (eff_hotswap_t *)e->prim.handle;
    if (!eff__home_claim(&h->home, f->rt)) return eff__prim_foreign(f, "hotswap");
    struct tenant *t = tenant_in(h);
    eff_value_t there = t ? eff_some(eff_value_incref(t->value)) : eff_none();
    if (eff_is_oom(there)) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    return eff__prim_value(f, there);
}
static const struct eff__prim get_prim = { "hotswap_get", get_run };

eff_t *eff_hotswap_get_at(eff_site_t site, eff_hotswap_t *h)
{
    return eff__prim_node(site, &get_prim, h, eff_unit);
}

/* ---- handles */

static EFF__STATIC_PAYLOAD(eff_hotswap_t) closed_hotswap = { EFF__STATIC_HEADER(&eff_hotswap_type),
                                                             { .tenant = { 0 } } };

eff_hotswap_t *eff_hotswap_incref(eff_hotswap_t *h)
{
    return (eff_hotswap_t *)eff__payload_incref(h);
}
void eff_hotswap_decref(eff_hotswap_t *h)
{
    eff__payload_decref(&eff_hotswap_type, h);
}

eff_value_t eff_hotswap_value(eff_hotswap_t *h)
{
    eff_value_t v = { .type = &eff_hotswap_type, .ptr = h };
    return h ? v : eff_oom_value();
}

eff_hotswap_t *eff_as_hotswap(eff_value_t v)
{
    if (v.type == &eff_hotswap_type) return (eff_hotswap_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_hotswap_type);
    return &closed_hotswap.payload;
}

eff_t *eff_hotswap_into_at(eff_site_t site, eff_t *e, eff_hotswap_t **slot)
{
    return eff__into_at(site, e, &eff_hotswap_type, (void **)slot);
}
