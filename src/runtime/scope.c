/* Scopes. Closing is a step at a time, driven by the frame of the region that owns the scope (region.c), or of its keeper
 * (scope_made.c): each step takes the latest entry out and runs it, so that whatever it does, the next step goes on with
 * the one before it. An entry that is taken out is never seen again, which makes every finalizer run exactly once. */
#include "runtime/scope.h"

#include "core/context.h"
#include "runtime/frame.h"
#include "runtime/group.h"
#include "runtime/region.h"
#include "runtime/runtime.h"

static bool has_fiber(const struct eff__entry *entry)
{
    return entry->kind >= EFF__ENTRY_FIBER;
}

/* Whether the failure of its fiber is one of closing, for which the fiber is kept. */
static bool owns_fiber(const struct eff__entry *entry)
{
    return entry->kind > EFF__ENTRY_FIBER;
}

static void unlink_entry(struct eff__entry *entry)
{
    if (entry->next) entry->next->prev = entry->prev;
    else entry->scope->last = entry->prev;
    if (entry->prev) entry->prev->next = entry->next;
}

void eff__entry_free_unlinked(struct eff__entry *entry)
{
    if (entry->handle) eff__finalizer_forget(entry->handle);
    if (owns_fiber(entry)) eff_fiber_decref(entry->fiber);
    eff_value_decref(entry->resource);
    eff_value_decref(entry->env);
    eff__free(entry, sizeof *entry);
}

void eff__entry_free(struct eff__entry *entry)
{
    unlink_entry(entry);
    eff__entry_free_unlinked(entry);
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
    scope->made = scope->parallel = false;
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

eff_context_t *eff__scope_context(const eff_scope_t *ambient, const eff_fiber_t *f)
{
    /* Whatever is provided opens a scope: to the scope around it, the fiber has nothing that ends earlier. One that was
     * made elsewhere, or that it was put into (eff_scope_extend), may last longer than what was provided since. */
    bool longer = ambient->made || eff__context_provides_more(f->context, ambient->context);
    return longer ? eff__context_for_scope(ambient->context, f->context) : eff_context_incref(f->context);
}

void eff__scope_link(eff_scope_t *scope, struct eff__entry *entry)
{
    entry->scope = scope;
    entry->prev = scope->last;
    entry->next = NULL;
    if (scope->last) scope->last->next = entry;
    scope->last = entry;
}

void eff__entry_move_before(struct eff__entry *entry, struct eff__entry *other)
{
    unlink_entry(entry);
    entry->prev = other->prev;
    entry->next = other;
    if (other->prev) other->prev->next = entry;
    other->prev = entry;
}

struct eff__entry *eff__scope_add_entry(eff_scope_t *scope, enum eff__entry_kind kind, eff_site_t site)
{
    struct eff__entry *entry = (struct eff__entry *)eff__alloc(sizeof *entry);
    if (!entry) return NULL;
    *entry = (struct eff__entry){ .kind = (uint8_t)kind, .site = site, .resource = eff_unit, .env = eff_unit };
    eff__scope_link(scope, entry);
    return entry;
}

void eff__entry_set_fiber(struct eff__entry *entry, eff_fiber_t *fiber)
{
    entry->fiber = owns_fiber(entry) ? eff_fiber_incref(fiber) : fiber;
    fiber->flags |= EFF__IN_SCOPE;
    eff__owner_of(fiber)->entry = entry;
    eff__fiber_adopt(&fiber->rt->scoped, fiber);
}

bool eff__scope_add_fiber(eff_scope_t *scope, eff_fiber_t *fiber, eff_site_t site)
{
    struct eff__entry *entry = eff__scope_add_entry(scope, EFF__ENTRY_FIBER, site);
    if (entry) eff__entry_set_fiber(entry, fiber);
    return entry != NULL;
}

bool eff__is_within(const eff_fiber_t *f, const eff_fiber_t *outer)
{
    while (f && f != outer)
        f = eff__outer_of(f);
    return f != NULL;
}

/* ---- closing */

eff_t *eff__entry_finalizer(eff_fiber_t *f, struct eff__entry *entry, const eff_exit_t *exit, bool *ret_plain)
{
    eff_t *e = NULL;
    *ret_plain = entry->kind == EFF__ENTRY_RELEASE;
    if (__builtin_expect(f->rt->watch.on, 0)) eff__watch_mark(f->rt, f, EFF__MARK_FINALIZER, entry->site);
    if (entry->kind == EFF__ENTRY_RELEASE) ((eff_release_fn)entry->fn)(entry->resource, exit, entry->env);
    else if (entry->kind == EFF__ENTRY_FINALIZER) e = ((eff_finalizer_fn)entry->fn)(exit, entry->env);
    else e = ((eff_release_effect_fn)entry->fn)(entry->resource, exit, entry->env);
    if (entry->kind == EFF__ENTRY_HOLD) *ret_plain = !e;
    if (f->rt->misuse) *ret_plain = false;
    return eff__checked_finalizer(f, e, entry->site);
}

/* Keeps the result in a frame, while f waits, masked, for the end of what an entry has; the step is done again then. */
static int await(eff_fiber_t *f, const struct eff__entry *entry)
{
    eff_fiber_t *child = entry->fiber;
    bool counts = owns_fiber(entry);
    uint8_t extra = f->status == EFF__OK ? EFF__OK : EFF__CAUSED;
    if (f->status != EFF__OK) eff__materialize(f);
    if (counts && entry->scope->parallel) extra |= EFF__SAVED_BOTH;
    eff__push_value(f, f->reg);
    *f->top++ = eff__frame_head(counts ? EFF__F_SAVED : EFF__F_LEAVING, f->attrs, extra);
    f->attrs |= EFF__MASKED;
    f->reg = eff_unit;
    f->status = EFF__OK;
    f->wait.site = NULL; /* of some instruction before */
    eff__observe(f, child, counts ? &eff__closed_wait : &eff__closing_wait);
    return EFF__SUSPEND;
}

void eff__scope_add_failure(eff_fiber_t *f, const eff_scope_t *scope, eff_cause_t *later)
{
    if (!scope->parallel || f->status == EFF__OK) {
        eff__reg_add_failure(f, later);
        return;
    }
    eff_cause_t *first = eff__materialize(f);
    f->reg = eff_cause_value(eff__cause_both_or_keep(first, later));
}

/* Lets go of a fiber that has ended; the failure of one that was part of closing is one of the scope. */
static void conclude(eff_fiber_t *f, const struct eff__entry *entry)
{
    eff_fiber_t *child = entry->fiber;
    if (owns_fiber(entry) && child->status != EFF__OK && !(child->flags & EFF__OBSERVED)) {
        eff_cause_t *cause = eff_cause_incref(eff__fiber_exit(child).cause);
        eff__scope_add_failure(f, entry->scope, cause);
    }
    eff__fiber_let_go(child);
}

/* Has a fiber end, and waits for that. */
static int end_fiber(eff_fiber_t *f, struct eff__entry *entry)
{
    if (entry->kind == EFF__ENTRY_FIBER) {
        eff_cause_t *cause = eff__interrupt_cause(f, EFF_INTERRUPT_REGION_ENDED, entry->site);
        eff__fiber_interrupt(entry->fiber, cause);
        eff_cause_decref(cause);
    } else if (entry->kind == EFF__ENTRY_SCOPE) {
        eff_exit_t exit = entry->scope->made ? eff__closing_exit(f) : eff__reg_exit(f);
        eff__scope_begin_close(eff__made_scope(entry), &exit);
    }
    return await(f, entry);
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
        if (has_fiber(entry)) {
            if (entry->fiber->state != EFF__DONE) return end_fiber(f, entry);
            conclude(f, entry);
            continue;
        }
        if (entry->ran) {
            eff__entry_free(entry);
            continue;
        }
        /* The entry stays until its effect has ended, for its resource and env; then it is found to have run. */
        entry->ran = true;
        eff_exit_t exit = scope->made ? eff__closing_exit(f) : eff__reg_exit(f);
        bool plain;
        f->attrs |= EFF__MASKED;
        eff_t *e = eff__entry_finalizer(f, entry, &exit, &plain);
        f->attrs = attrs;
        if (plain) continue;
        (void)eff__run_finalizer(f, e, entry->site);
        if (scope->parallel) *eff__finalizer_saved(f) |= (uintptr_t)EFF__SAVED_BOTH << EFF__FRAME_EXTRA_SHIFT;
        return EFF__EVAL;
    }
}

void eff__scope_unwind(eff_fiber_t *f, eff_scope_t *scope, const eff_exit_t *exit)
{
    scope->state = EFF__SCOPE_CLOSED;
    while (scope->last) {
        struct eff__entry *entry = scope->last;
        if (has_fiber(entry)) { /* it has ended: fibers of scopes are unwound first */
            eff__fiber_let_go(entry->fiber);
            continue;
        }
        if (entry->ran) {
            eff__entry_free(entry);
            continue;
        }
        entry->ran = true;
        if (entry->kind == EFF__ENTRY_RELEASE) ((eff_release_fn)entry->fn)(entry->resource, exit, entry->env);
        else if (entry->kind != EFF__ENTRY_HOLD) eff__report_skipped(f, entry->site);
        eff__entry_free(entry);
    }
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

eff_t *eff_scope_into_at(eff_site_t site, eff_t *e, eff_scope_t **slot)
{
    return eff__into_at(site, e, &eff_scope_type, (void **)slot);
}
