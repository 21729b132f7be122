/* Fiber-local variables: a small array in the rare part of each fiber that has set one, or whose forker has. */
#include <effect/local.h>

#include "core/build.h"
#include "core/misuse.h"
#include "runtime/prim.h"
#include "runtime/rare.h"

struct binding {
    const eff_local_t *local;
    eff_value_t value;
};

struct eff__locals {
    size_t n, size;
    struct binding bindings[];
};

static const char *name_of(const eff_local_t *local)
{
    return local->name ? local->name : "";
}

static size_t bytes_of(size_t size)
{
    return sizeof(struct eff__locals) + size * sizeof(struct binding);
}

static struct eff__locals *locals_new(size_t size)
{
    struct eff__locals *l = eff__alloc(bytes_of(size));
    if (l) *l = (struct eff__locals){ .n = 0, .size = size };
    return l;
}

void eff__locals_free(struct eff__locals *l)
{
    for (size_t i = 0; i < l->n; i++)
        eff_value_decref(l->bindings[i].value);
    eff__free(l, bytes_of(l->size));
}

bool eff__locals_copy(eff_fiber_t *child, const eff_fiber_t *forker)
{
    const struct eff__locals *from = eff__locals_of(forker);
    struct eff__rare *rare = eff__rare_of(child);
    struct eff__locals *to = rare ? locals_new(from->n) : NULL;
    if (!to) return false;
    rare->locals = to;
    for (size_t i = 0; i < from->n; i++) {
        const eff_local_t *local = from->bindings[i].local;
        eff_value_t v = from->bindings[i].value;
        v = local->fork ? local->fork(v) : eff_value_incref(v);
        to->bindings[to->n++] = (struct binding){ local, v };
        if (!v.type) eff__misuse("`fork` of the local \"%s\" returned the absent value", name_of(local));
        if (!eff__value_usable(v)) return false;
    }
    return true;
}

eff_cause_t *eff__why_no_fiber(eff_runtime_t *rt)
{
    if (!rt->misuse) return eff_cause_incref(eff__cause_oom);
    eff_cause_t *cause = eff_cause_die(eff_string(rt->misuse));
    rt->misuse = NULL;
    return cause;
}

/* Where the variable is, or NULL where it was not set. */
static eff_value_t *find(const eff_fiber_t *f, const eff_local_t *local)
{
    struct eff__locals *l = eff__locals_of(f);
    for (size_t i = 0; l && i < l->n; i++)
        if (l->bindings[i].local == local) return &l->bindings[i].value;
    return NULL;
}

/* A place for one more; false when out of memory. */
static bool reserve(eff_fiber_t *f)
{
    struct eff__rare *rare = eff__rare_of(f);
    struct eff__locals *old = rare ? rare->locals : NULL;
    if (!rare || (old && old->n < old->size)) return rare;
    struct eff__locals *l = locals_new(old ? 2 * old->size + 1 : 2);
    if (!l) return false;
    for (; old && l->n < old->n; l->n++)
        l->bindings[l->n] = old->bindings[l->n];
    rare->locals = l;
    if (old) eff__free(old, bytes_of(old->size));
    return true;
}

/* Consumes v; false when out of memory. */
static bool set(eff_fiber_t *f, const eff_local_t *local, eff_value_t v)
{
    eff_value_t *at = find(f, local);
    if (at) {
        eff_value_t before = *at;
        *at = v;
        eff_value_decref(before);
        return true;
    }
    if (!reserve(f)) {
        eff_value_decref(v);
        return false;
    }
    struct eff__locals *l = f->rare->locals;
    l->bindings[l->n++] = (struct binding){ local, v };
    return true;
}

eff_value_t eff__local_peek(const eff_fiber_t *f, const eff_local_t *local)
{
    const eff_value_t *at = find(f, local);
    return at ? *at : eff_unit;
}

bool eff__local_put(eff_fiber_t *f, const eff_local_t *local, eff_value_t v)
{
    return set(f, local, v);
}

/* ---- the instructions: `value` of each is a call */

struct call {
    const eff_local_t *local;
    eff_value_t v; /* to set, or the env of f */
    eff_map_fn f;
    eff_t *body;
    eff_site_t site;
};
static void call_clear(struct call *c)
{
    eff_value_decref(c->v);
    eff_decref(c->body);
}
EFF_STATIC_TYPE(call, struct call, .drop = call_clear);

static int out_of_memory(eff_fiber_t *f)
{
    return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
}

/* A value from the variable's or the user's callback, which may be absent. */
static int returned(eff_fiber_t *f, const struct call *c, eff_value_t v, const char *what)
{
    if (v.type && v.type->flags & EFF_TYPE_OOM) return out_of_memory(f);
    if (v.type) return eff__prim_value(f, v);
    return eff__prim_cause(f, eff_cause_die(eff_printf("%s of the local \"%s\" returned the absent value", what,
                                                       name_of(c->local))));
}

static eff_value_t initial(const eff_local_t *local)
{
    return local->initial ? local->initial() : eff_unit;
}

static int get_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const struct call *c = call_of(e->prim.value);
    const eff_value_t *at = find(f, c->local);
    (void)alone;
    if (at) return eff__prim_value(f, eff_value_incref(*at));
    return returned(f, c, initial(c->local), "`initial`");
}
static const struct eff__prim get_prim = { "local_get", get_run };

static int set_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const struct call *c = call_of(e->prim.value);
    (void)alone;
    if (!set(f, c->local, eff_value_incref(c->v))) return out_of_memory(f);
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim set_prim = { "local_set", set_run };

static int update_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const struct call *c = call_of(e->prim.value);
    const eff_value_t *at = find(f, c->local);
    (void)alone;
    eff_value_t before = at ? eff_value_incref(*at) : initial(c->local);
    if (!eff__value_usable(before)) return returned(f, c, before, "`initial`");
    eff_value_t after = c->f(before, c->v);
    eff_value_decref(before);
    if (!eff__value_usable(after)) return returned(f, c, after, "`f` of an update");
    if (!set(f, c->local, eff_value_incref(after))) {
        eff_value_decref(after);
        return out_of_memory(f);
    }
    return eff__prim_value(f, after);
}
static const struct eff__prim update_prim = { "local_update", update_run };

/* ---- for an effect only: the value before comes back with a finalizer that needs no memory, as its place is there */

static int restore_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct call *c = call_of(e->prim.value);
    (void)alone;
    if (find(f, c->local)) (void)set(f, c->local, eff_value_incref(c->v));
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim restore_prim = { "local_with", restore_run };

static int with_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct call *c = call_of(e->prim.value);
    const eff_value_t *at = find(f, c->local);
    (void)alone;
    eff_value_t before = at ? eff_value_incref(*at) : initial(c->local);
    if (!eff__value_usable(before)) return returned(f, c, before, "`initial`");
    eff_t *restore = eff__prim_node_plain(c->site, &restore_prim,
                                          call_make((struct call){ .local = c->local, .v = before, .site = c->site }));
    eff_t *set = eff_local_set_at(c->site, c->local, eff_value_incref(c->v));
    eff_t *body = eff_then_at(c->site, set, eff_incref(c->body));
    return eff__prim_effect(f, eff_ensuring_at(c->site, body, restore));
}
static const struct eff__prim with_prim = { "local_with", with_run };

/* Consumes what c owns. The variable comes after n_effects arguments. */
static eff_t *node(const struct eff__prim *prim, const char *builder, size_t n_effects, struct call c)
{
    if ((n_effects && !eff__effect_usable(c.body)) || !eff__value_usable(c.v))
        return eff__refuse(c.site, builder, n_effects, &c.body, true, c.v);
    if (!c.local) return eff__refuse_null(c.site, builder, (int)n_effects + 1, c.body, c.v);
    return eff__prim_node_plain(c.site, prim, call_make(c));
}

eff_t *eff_local_get_at(eff_site_t site, const eff_local_t *local)
{
    return node(&get_prim, "eff_local_get", 0, (struct call){ .local = local, .v = eff_unit, .site = site });
}

eff_t *eff_local_set_at(eff_site_t site, const eff_local_t *local, eff_value_t v)
{
    return node(&set_prim, "eff_local_set", 0, (struct call){ .local = local, .v = v, .site = site });
}

eff_t *eff_local_update_at(eff_site_t site, const eff_local_t *local, eff_map_fn f, eff_value_t env)
{
    if (!f) return eff__refuse_fn(site, "eff_local_update", 2, "f", eff_noop(), 1, &env);
    return node(&update_prim, "eff_local_update", 0, (struct call){ .local = local, .v = env, .f = f, .site = site });
}

eff_t *eff_local_with_at(eff_site_t site, eff_t *e, const eff_local_t *local, eff_value_t v)
{
    return node(&with_prim, "eff_local_with", 1, (struct call){ .local = local, .v = v, .body = e, .site = site });
}
