/* acquire_release: masks the acquire, and has the entry of what it acquires before it runs. acquire_use_release is a frame of
 * its own: bracket.c. */
#include "core/build.h"
#include "runtime/frame.h"
#include "runtime/prim.h"
#include "runtime/region.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

struct acquire {
    eff_t *acquire;
    eff_any_fn release;
    eff_value_t env;
    eff_site_t site;
    enum eff__entry_kind kind;
};
static void acquire_clear(struct acquire *a)
{
    eff_decref(a->acquire);
    eff_value_decref(a->env);
}
EFF_STATIC_TYPE(acquire, struct acquire, .drop = acquire_clear);

/* The scope, the entry and the instruction that adds it are made before the acquire runs, so that what was acquired
 * always finds its place: the entry rides in a value that frees it if the acquire fails. */
struct slot {
    struct eff__entry *entry;
};
static void slot_clear(struct slot *s)
{
    if (s->entry) eff__entry_free_unlinked(s->entry);
}
EFF_STATIC_TYPE(slot, struct slot, .drop = slot_clear);

static int add_run(eff_fiber_t *f, eff_t *e, bool alone);
static const struct eff__prim add_prim = { "acquire_release", add_run };

/* v: what was acquired; env: the add_prim with the slot. */
static eff_t *add_acquired(eff_value_t v, eff_value_t env)
{
    eff_t *add = eff_as_effect(env);
    slot_of(add->prim.value)->entry->resource = eff_value_incref(v);
    return eff_incref(add);
}

/* Puts the slot's entry into the ambient scope, and succeeds with the resource. */
static int add_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    struct slot *s = slot_of(e->prim.value);
    struct eff__entry *entry = s->entry;
    eff_scope_t *scope = eff__scope_ambient(f);
    eff_value_t resource = eff_value_incref(entry->resource);
    if (scope && scope->state == EFF__SCOPE_OPEN) {
        s->entry = NULL;
        eff__scope_link(scope, entry);
        return eff__prim_value(f, resource);
    }
    /* No scope to hand it to: it is released here and now. */
    eff_cause_t *why = scope
                           ? eff_cause_die(eff_literal("acquired into a scope that is closed: it was released at once"))
                           : eff_cause_incref(eff__cause_oom);
    eff_exit_t exit = eff_exit_fail_cause(why);
    bool plain;
    eff_value_decref(resource);
    eff_t *finalizer = eff__entry_finalizer(f, entry, &exit, &plain);
    if (plain) return eff__prim_cause(f, exit.cause);
    /* The map keeps the slot, and with it the resource and env, until the finalizer has ended. */
    if (!finalizer)
        finalizer = eff__mistake(e->site, "callback %s returned NULL", e->site ? e->site : "of a finalizer");
    finalizer = eff_map_to_at(e->site, finalizer, eff_value_incref(e->prim.value));
    return eff__prim_effect(f, eff_then(finalizer, eff_fail_cause(exit.cause)));
}

static int acquire_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    struct acquire *a = acquire_of(e->prim.value);
    struct eff__entry *entry = eff__scope_ambient(f) ? (struct eff__entry *)eff__alloc(sizeof *entry) : NULL;
    if (!entry) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    *entry = (struct eff__entry){ .kind = (uint8_t)a->kind, .site = a->site, .fn = a->release, .resource = eff_unit };
    entry->env = eff_value_incref(a->env);
    eff_t *add = eff__prim_node_plain(a->site, &add_prim, slot_make((struct slot){ entry }));
    eff_value_t env = add->op == EFF__OP_PRIM ? eff_effect_value(add) : eff_oom_value();
    return eff__prim_effect(f, eff_flat_map_at(a->site, eff_incref(a->acquire), add_acquired, env));
}
static const struct eff__prim acquire_prim = { "acquire_release", acquire_run };

void eff__acquire_unwind(eff_fiber_t *f)
{
    const eff_t *add = f->cur ? eff__frame_node(f->cur) : NULL;
    if (!add || add->op != EFF__OP_PRIM || add->prim.prim != &add_prim) return;
    const struct eff__entry *entry = slot_of(add->prim.value)->entry;
    eff_exit_t exit = eff_exit_fail_cause(eff__cause_static_interrupt(EFF_INTERRUPT_SHUTDOWN));
    if (entry->kind == EFF__ENTRY_RELEASE) ((eff_release_fn)entry->fn)(entry->resource, &exit, entry->env);
    else eff__report_skipped(f, entry->site);
}

static eff_t *acquire_release(eff_site_t site, eff_t *acquire, enum eff__entry_kind kind, eff_any_fn release,
                              eff_value_t env)
{
    if (!release) {
        eff_decref(acquire);
        eff_value_decref(env);
        return eff__mistake(site, "the release function of eff_acquire_release is NULL");
    }
    if (!acquire || !eff__value_usable(env)) return eff__unusable(site, "eff_acquire_release", acquire, env);
    eff_value_t a = acquire_make((struct acquire){ acquire, release, env, site, kind });
    eff_t *e = eff__prim_node_plain(site, &acquire_prim, a);
    return eff__mask_node(EFF__MASK_ACQUIRE, site, "eff_acquire_release", e, NULL, eff_unit);
}

eff_t *eff_acquire_release_at(eff_site_t site, eff_t *acquire, eff_release_fn release, eff_value_t env)
{
    return acquire_release(site, acquire, EFF__ENTRY_RELEASE, (eff_any_fn)release, env);
}

eff_t *eff_acquire_release_effect_at(eff_site_t site, eff_t *acquire, eff_release_effect_fn release, eff_value_t env)
{
    return acquire_release(site, acquire, EFF__ENTRY_EFFECT, (eff_any_fn)release, env);
}
