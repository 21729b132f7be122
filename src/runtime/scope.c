/* Scopes. Closing is a step at a time, driven by the frame of the region that owns the scope (region.c): each step takes
 * the latest entry out and runs it, so that whatever it does, the next step goes on with the one before it. An entry
 * that is taken out is never seen again, which makes every finalizer run exactly once. */
#include "runtime/scope.h"

#include "runtime/frame.h"
#include "runtime/group.h"
#include "runtime/prim.h"
#include "runtime/rare.h"
#include "runtime/region.h"
#include "runtime/runtime.h"

static void unlink_entry(struct eff__entry *entry)
{
    if (entry->next) entry->next->prev = entry->prev;
    else entry->scope->last = entry->prev;
    if (entry->prev) entry->prev->next = entry->next;
}

static void free_unlinked(struct eff__entry *entry)
{
    eff_value_decref(entry->resource);
    eff_value_decref(entry->env);
    eff__free(entry, sizeof *entry);
}

void eff__entry_free(struct eff__entry *entry)
{
    unlink_entry(entry);
    free_unlinked(entry);
}

static void scope_drop(void *payload)
{
    eff_scope_t *scope = (eff_scope_t *)payload;
    while (scope->last)
        eff__entry_free(scope->last);
    if (scope->context) eff_context_decref(scope->context);
}

const eff_type_t eff_scope_type = {
    .size = sizeof(eff_scope_t), .name = "scope", .drop = scope_drop, .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE
};

eff_scope_t *eff__scope_new(eff_fiber_t *f, eff_site_t site)
{
    eff_scope_t *scope = (eff_scope_t *)eff__payload_alloc(&eff_scope_type, sizeof *scope);
    if (!scope) return NULL;
    scope->rt = f->rt;
    scope->owner = f;
    scope->last = NULL;
    scope->state = EFF__SCOPE_OPEN;
    scope->site = site;
    scope->context = f->context ? eff_context_incref(f->context) : NULL;
    return scope;
}

eff_scope_t *eff__scope_ambient(eff_fiber_t *f)
{
    while (!f->scope && (f->flags & (EFF__SIDE | EFF__OWN_SCOPE)) == EFF__SIDE && f->parent) {
        eff_scope_t *scope = eff__group_of(f)->scope;
        if (__builtin_expect(scope != NULL, 0)) return scope;
        f = f->parent;
    }
    if (!f->scope) {
        if (!eff__frames_reserve(f, EFF__FRAME_SLACK)) return NULL;
        f->scope = eff__scope_new(f, f->fork_site);
    }
    return f->scope;
}

/* A new entry at the end of the scope; NULL when out of memory. Takes nothing but memory. */
static struct eff__entry *add_entry(eff_scope_t *scope, enum eff__entry_kind kind, eff_site_t site)
{
    struct eff__entry *entry = (struct eff__entry *)eff__alloc(sizeof *entry);
    if (!entry) return NULL;
    *entry = (struct eff__entry){
        .prev = scope->last, .scope = scope, .kind = kind, .site = site, .resource = eff_unit, .env = eff_unit
    };
    if (scope->last) scope->last->next = entry;
    scope->last = entry;
    return entry;
}

bool eff__scope_add_fiber(eff_scope_t *scope, eff_fiber_t *fiber, eff_site_t site)
{
    struct eff__entry *entry = add_entry(scope, EFF__ENTRY_FIBER, site);
    if (!entry) return false;
    entry->fiber = fiber;
    fiber->flags |= EFF__IN_SCOPE;
    eff__owner_of(fiber)->entry = entry;
    eff__fiber_adopt(&scope->rt->scoped, fiber);
    return true;
}

bool eff__is_within(const eff_fiber_t *f, const eff_fiber_t *outer)
{
    while (f && f != outer)
        f = eff__outer_of(f);
    return f != NULL;
}

/* ---- closing */

/* The effect of an entry's finalizer, or NULL after a plain release ran. A mistake in one becomes its failure. */
static eff_t *finalizer_of(eff_fiber_t *f, struct eff__entry *entry, const eff_exit_t *exit, bool *ret_plain)
{
    eff_t *e = NULL;
    *ret_plain = entry->kind == EFF__ENTRY_RELEASE;
    if (__builtin_expect(f->rt->watch.on, 0)) eff__watch_mark(f->rt, f, EFF__MARK_FINALIZER, entry->site);
    if (entry->kind == EFF__ENTRY_RELEASE) ((eff_release_fn)entry->fn)(entry->resource, exit, entry->env);
    else if (entry->kind == EFF__ENTRY_EFFECT)
        e = ((eff_release_effect_fn)entry->fn)(entry->resource, exit, entry->env);
    else e = ((eff_finalizer_fn)entry->fn)(exit, entry->env);
    if (f->rt->misuse) *ret_plain = false;
    return eff__checked_finalizer(f, e, entry->site);
}

int eff__scope_close_step(eff_fiber_t *f, eff_scope_t *scope, bool *ret_closed)
{
    uint8_t attrs = f->attrs;
    scope->state = EFF__SCOPE_CLOSING;
    for (;;) {
        struct eff__entry *entry = scope->last;
        if (!entry) {
            scope->state = EFF__SCOPE_CLOSED;
            *ret_closed = true;
            return EFF__RETURN;
        }
        if (entry->kind == EFF__ENTRY_FIBER) {
            eff_fiber_t *child = entry->fiber;
            if (child->state == EFF__DONE) {
                eff__fiber_let_go(child);
                continue;
            }
            eff_cause_t *cause = eff__interrupt_cause(f, EFF_INTERRUPT_REGION_ENDED, entry->site);
            eff__fiber_interrupt(child, cause);
            eff_cause_decref(cause);
            /* the result waits in a LEAVING frame until the child is gone, then this is done again */
            if (f->status != EFF__OK) eff__materialize(f);
            eff__push_value(f, f->reg);
            *f->top++ = eff__frame_head(EFF__F_LEAVING, attrs, f->status);
            f->attrs |= EFF__MASKED;
            f->reg = eff_unit;
            f->status = EFF__OK;
            f->wait.site = NULL; /* of some instruction before */
            eff__observe(f, child, &eff__closing_wait);
            return EFF__SUSPEND;
        }
        if (entry->ran) {
            eff__entry_free(entry);
            continue;
        }
        /* The entry stays until its effect has ended, for its resource and env; then it is found to have run. */
        entry->ran = true;
        eff_exit_t exit = eff__reg_exit(f);
        bool plain;
        f->attrs |= EFF__MASKED;
        eff_t *e = finalizer_of(f, entry, &exit, &plain);
        f->attrs = attrs;
        if (!plain) return eff__run_finalizer(f, e, entry->site);
    }
}

void eff__scope_unwind(eff_fiber_t *f, eff_scope_t *scope, const eff_exit_t *exit)
{
    scope->state = EFF__SCOPE_CLOSED;
    while (scope->last) {
        struct eff__entry *entry = scope->last;
        if (entry->kind == EFF__ENTRY_FIBER) { /* it has ended: fibers of scopes are unwound first */
            eff__fiber_let_go(entry->fiber);
            continue;
        }
        if (entry->ran) {
            eff__entry_free(entry);
            continue;
        }
        entry->ran = true;
        if (entry->kind == EFF__ENTRY_RELEASE) ((eff_release_fn)entry->fn)(entry->resource, exit, entry->env);
        else eff__report_skipped(f, entry->site);
        eff__entry_free(entry);
    }
}

/* ---- acquire_release: masks the acquire, and has the entry before it runs */

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
    if (s->entry) free_unlinked(s->entry);
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
        entry->scope = scope;
        entry->prev = scope->last;
        entry->next = NULL;
        if (scope->last) scope->last->next = entry;
        scope->last = entry;
        return eff__prim_value(f, resource);
    }
    /* No scope to hand it to: it is released here and now. */
    eff_cause_t *why = scope
                           ? eff_cause_die(eff_literal("acquired into a scope that is closed: it was released at once"))
                           : eff_cause_incref(eff__cause_oom);
    eff_exit_t exit = eff_exit_fail_cause(why);
    bool plain;
    eff_value_decref(resource);
    eff_t *finalizer = finalizer_of(f, entry, &exit, &plain);
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
    *entry = (struct eff__entry){ .kind = a->kind, .site = a->site, .fn = a->release, .resource = eff_unit };
    entry->env = eff_value_incref(a->env);
    eff_t *add = eff__prim_node_plain(a->site, &add_prim, slot_make((struct slot){ entry }));
    eff_value_t env = add->op == EFF__OP_PRIM ? eff_effect_value(add) : eff_oom_value();
    return eff__prim_effect(f, eff_flat_map_at(a->site, eff_incref(a->acquire), add_acquired, env));
}
static const struct eff__prim acquire_prim = { "acquire_release", acquire_run };

void eff__acquire_unwind(eff_fiber_t *f)
{
    eff_t *add = NULL;
    if (f->cur) {
        add = eff__frame_node(f->cur);
    } else if (f->flags & EFF__AT_RETURN && f->status == EFF__OK && !(f->top[-1] & EFF__SPECIAL)) {
        eff_t *e = eff__frame_node(f->top[-1]);
        if (e->op == EFF__OP_FLAT_MAP && e->bind.fn == (eff_any_fn)add_acquired) {
            add = eff_as_effect(e->bind.env);
            slot_of(add->prim.value)->entry->resource = eff_value_incref(f->reg);
        }
    }
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
    return eff_uninterruptible_at(site, eff__prim_node_plain(site, &acquire_prim, a));
}

eff_t *eff_acquire_release_at(eff_site_t site, eff_t *acquire, eff_release_fn release, eff_value_t env)
{
    return acquire_release(site, acquire, EFF__ENTRY_RELEASE, (eff_any_fn)release, env);
}

eff_t *eff_acquire_release_effect_at(eff_site_t site, eff_t *acquire, eff_release_effect_fn release, eff_value_t env)
{
    return acquire_release(site, acquire, EFF__ENTRY_EFFECT, (eff_any_fn)release, env);
}

/* ---- the current scope, and adding to one */

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

struct scope_finalizer {
    eff_finalizer_fn fn;
    eff_value_t env;
};
static void scope_finalizer_clear(struct scope_finalizer *a)
{
    eff_value_decref(a->env);
}
EFF_STATIC_TYPE(scope_finalizer, struct scope_finalizer, .drop = scope_finalizer_clear);

static int finalizer_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    eff_scope_t *scope = (eff_scope_t *)e->prim.handle;
    struct scope_finalizer *a = scope_finalizer_of(e->prim.value);
    if (scope->rt != f->rt) return eff__prim_foreign(f, "scope");
    if (scope->state != EFF__SCOPE_OPEN) {
        eff_exit_t exit = eff_exit_succeed(eff_unit);
        eff_t *now = a->fn(&exit, a->env);
        if (!now)
            return eff__prim_effect(f, eff__mistake(e->site, "callback %s returned NULL",
                                                    e->site ? e->site : "of eff_scope_add"));
        return eff__prim_effect(f, eff_uninterruptible(now));
    }
    struct eff__entry *entry = add_entry(scope, EFF__ENTRY_FINALIZER, e->site);
    if (!entry) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    entry->fn = (eff_any_fn)a->fn;
    entry->env = eff_value_incref(a->env);
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim finalizer_prim = { "scope_add", finalizer_run };

eff_t *eff_scope_add_at(eff_site_t site, eff_scope_t *scope, eff_finalizer_fn f, eff_value_t env)
{
    if (!f || !eff__value_usable(env)) {
        if (f) return eff__unusable(site, "eff_scope_add", NULL, env);
        eff_value_decref(env);
        return eff__mistake(site, "the finalizer of eff_scope_add is NULL");
    }
    return eff__prim_node(site, &finalizer_prim, scope, scope_finalizer_make((struct scope_finalizer){ f, env }));
}

/* ---- handles */

static EFF__STATIC_PAYLOAD(eff_scope_t) closed_scope = { EFF__STATIC_HEADER(&eff_scope_type),
                                                         { .state = EFF__SCOPE_CLOSED } };

eff_scope_t *eff_scope_incref(eff_scope_t *scope)
{
    return (eff_scope_t *)eff__payload_incref(scope);
}
void eff_scope_decref(eff_scope_t *scope)
{
    eff__payload_decref(&eff_scope_type, scope);
}

eff_value_t eff_scope_value(eff_scope_t *scope)
{
    eff_value_t v = { .type = &eff_scope_type, .ptr = scope };
    return scope ? v : eff_oom_value();
}

eff_scope_t *eff_as_scope(eff_value_t v)
{
    if (v.type == &eff_scope_type) return (eff_scope_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_scope_type);
    return &closed_scope.payload;
}
