/* The current scope, and adding finalizers to one, of which some can be removed again: by a handle, which the entry tells
 * when it goes. */
#include "core/build.h"
#include "runtime/prim.h"
#include "runtime/region.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

static int current_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)e, (void)alone;
    eff_scope_t *scope = eff__scope_ambient(f);
    if (!scope) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    return eff__prim_value(f, eff_scope_value(eff_scope_incref(scope)));
}
static const struct eff__prim current_prim = { "scope", current_run };

eff_t *eff_scope_current(void)
{
    static eff_t node = { .count = EFF__IMMORTAL, .op = EFF__OP_PRIM, .prim = { .prim = &current_prim } };
    return &node;
}

/* ---- adding */

struct scope_finalizer {
    eff_finalizer_fn fn;
    eff_value_t env;
    bool removable;
};
static void scope_finalizer_clear(struct scope_finalizer *a)
{
    eff_value_decref(a->env);
}
EFF_STATIC_TYPE(scope_finalizer, struct scope_finalizer, .drop = scope_finalizer_clear);

struct eff_finalizer {
    struct eff__entry *entry; /* borrowed; NULL once that is gone */
    eff_runtime_t *rt;
};

const eff_type_t eff_finalizer_type = { .size = sizeof(eff_finalizer_t),
                                        .name = "finalizer",
                                        .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE };

void eff__finalizer_forget(eff_finalizer_t *handle)
{
    handle->entry = NULL;
    eff_finalizer_decref(handle);
}

/* A handle of no entry yet; NULL when out of memory. */
static eff_finalizer_t *handle_new(eff_runtime_t *rt)
{
    eff_finalizer_t *handle = (eff_finalizer_t *)eff__payload_alloc(&eff_finalizer_type, sizeof *handle);
    if (handle) *handle = (eff_finalizer_t){ .rt = rt };
    return handle;
}

/* The scope closes, or has closed: the finalizer runs here and now. Consumes result. */
static int run_now(eff_fiber_t *f, const eff_t *e, eff_value_t result)
{
    struct scope_finalizer *a = scope_finalizer_of(e->prim.value);
    eff_exit_t exit = eff_exit_succeed(eff_unit);
    eff_t *now = eff__checked_finalizer(f, a->fn(&exit, a->env), e->site);
    if (!now) now = eff__mistake(e->site, "callback %s returned NULL", e->site ? e->site : "of eff_scope_add");
    /* The inner map keeps env until the finalizer has ended. */
    now = eff_map_to_at(e->site, eff_uninterruptible(now), eff_value_incref(e->prim.value));
    return eff__prim_effect(f, eff_map_to_at(e->site, now, result));
}

static int add_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    eff_scope_t *scope = (eff_scope_t *)e->prim.handle;
    struct scope_finalizer *a = scope_finalizer_of(e->prim.value);
    if (scope->rt != f->rt) return eff__prim_foreign(f, "scope");
    eff_finalizer_t *handle = a->removable ? handle_new(f->rt) : NULL;
    if (a->removable && !handle) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    eff_value_t result = handle ? eff_finalizer_value(handle) : eff_unit;
    if (scope->state != EFF__SCOPE_OPEN) return run_now(f, e, result);
    struct eff__entry *entry = eff__scope_add_entry(scope, EFF__ENTRY_FINALIZER, e->site);
    if (!entry) {
        eff_value_decref(result);
        return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    }
    entry->fn = (eff_any_fn)a->fn;
    entry->env = eff_value_incref(a->env);
    if (handle) {
        handle->entry = entry;
        entry->handle = eff_finalizer_incref(handle);
    }
    return eff__prim_value(f, result);
}
static const struct eff__prim add_prim = { "scope_add", add_run };
static const struct eff__prim add_removable_prim = { "scope_add_removable", add_run };

static eff_t *add(eff_site_t site, const struct eff__prim *prim, eff_scope_t *scope, eff_finalizer_fn f,
                  eff_value_t env)
{
    if (!f || !eff__value_usable(env)) {
        char builder[64];
        snprintf(builder, sizeof builder, "eff_%s", prim->name);
        if (f) return eff__unusable(site, builder, NULL, env);
        eff_value_decref(env);
        return eff__mistake(site, "the finalizer of %s is NULL", builder);
    }
    eff_value_t v = scope_finalizer_make((struct scope_finalizer){ f, env, prim == &add_removable_prim });
    return eff__prim_node(site, prim, scope, v);
}

eff_t *eff_scope_add_at(eff_site_t site, eff_scope_t *scope, eff_finalizer_fn f, eff_value_t env)
{
    return add(site, &add_prim, scope, f, env);
}

eff_t *eff_scope_add_removable_at(eff_site_t site, eff_scope_t *scope, eff_finalizer_fn f, eff_value_t env)
{
    return add(site, &add_removable_prim, scope, f, env);
}

/* ---- removing */

static int remove_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    const eff_finalizer_t *handle = (const eff_finalizer_t *)e->prim.handle;
    if (handle->rt && handle->rt != f->rt) return eff__prim_foreign(f, "finalizer");
    if (!handle->entry || handle->entry->ran) return eff__prim_value(f, eff_bool(false));
    eff__entry_free(handle->entry);
    return eff__prim_value(f, eff_bool(true));
}
static const struct eff__prim remove_prim = { "scope_remove", remove_run };

eff_t *eff_scope_remove_at(eff_site_t site, eff_finalizer_t *finalizer)
{
    return eff__prim_node(site, &remove_prim, finalizer, eff_unit);
}

/* ---- handles */

static EFF__STATIC_PAYLOAD(eff_finalizer_t) gone_finalizer = { EFF__STATIC_HEADER(&eff_finalizer_type),
                                                               { NULL, NULL } };

eff_finalizer_t *eff_finalizer_incref(eff_finalizer_t *finalizer)
{
    return (eff_finalizer_t *)eff__payload_incref(finalizer);
}
void eff_finalizer_decref(eff_finalizer_t *finalizer)
{
    eff__payload_decref(&eff_finalizer_type, finalizer);
}

eff_value_t eff_finalizer_value(eff_finalizer_t *finalizer)
{
    eff_value_t v = { .type = &eff_finalizer_type, .ptr = finalizer };
    return finalizer ? v : eff_oom_value();
}

eff_finalizer_t *eff_as_finalizer(eff_value_t v)
{
    if (v.type == &eff_finalizer_type) return (eff_finalizer_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_finalizer_type);
    return &gone_finalizer.payload;
}

eff_t *eff_finalizer_into_at(eff_site_t site, eff_t *e, eff_finalizer_t **slot)
{
    return eff__into_at(site, e, &eff_finalizer_type, (void **)slot);
}
