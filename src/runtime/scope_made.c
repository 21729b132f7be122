/* Scopes made by hand. Each has a keeper: a fiber that waits, masked, until it is told to close the scope, by the scope
 * around it or by eff_scope_close.
 *
 *     scope --> keeper, whose own scope is the one that was made --> finalizers, fibers, keepers ...
 *
 * So who closes, who waits for that and what is interrupted are what they are of fibers: closing goes on however its
 * closers fare, any number of them await the keeper's end, and its exit, unit or what finalizers failed with, is theirs.
 * The exit that the scope is closed with is kept in the keeper's one frame above END.
 */
#include "core/build.h"
#include "core/context.h"
#include "runtime/frame.h"
#include "runtime/prim.h"
#include "runtime/region.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

enum { CLOSING_WORDS = 3 };

/* In the extra bits of a CLOSING frame, beside the exit's status. */
enum { STATUS = 3, UNDECIDED = 4, BEGUN = 8 };

/* ---- the keeper */

static bool keeper_leaves(eff_fiber_t *f)
{
    (void)f;
    return true;
}
static const struct eff__wait_ops keeper_wait = {
    .name = "for its scope to be closed", .leave = keeper_leaves, .patient = true, .idle = true
};

/* The head of a keeper's CLOSING frame. */
static uintptr_t *closing_head(const eff_fiber_t *keeper)
{
    return eff__frames_base(keeper) + CLOSING_WORDS;
}

/* Consumes what the exit holds. */
static void decide(eff_scope_t *scope, eff_value_t reg, enum eff__status status)
{
    uintptr_t *head = closing_head(scope->owner);
    head[-2] = (uintptr_t)reg.type;
    head[-1] = (uintptr_t)reg.integer;
    *head = eff__frame_head(EFF__F_CLOSING, 0, status);
    scope->state = EFF__SCOPE_CLOSING;
}

void eff__scope_begin_close(eff_scope_t *scope, const eff_exit_t *exit)
{
    if (scope->state != EFF__SCOPE_OPEN) return;
    eff_fiber_t *keeper = scope->owner;
    eff_exit_t kept = eff_exit_incref(exit);
    if (kept.ok) decide(scope, kept.value, EFF__OK);
    else decide(scope, eff_cause_value(kept.cause), EFF__CAUSED);
    if (keeper->state != EFF__SUSPENDED) return; /* it goes on already, failed by a deadlock */
    keeper->reg = eff_unit;
    keeper->status = EFF__OK;
    eff__wake(keeper);
}

eff_exit_t eff__closing_exit(const eff_fiber_t *keeper)
{
    const uintptr_t *head = closing_head(keeper);
    eff_exit_t exit;
    exit.ok = (eff__frame_extra(*head) & STATUS) == EFF__OK;
    if (exit.ok) exit.value = eff__frame_value(head);
    else exit.cause = (eff_cause_t *)head[-1];
    return exit;
}

int eff__return_closing(eff_fiber_t *f)
{
    unsigned extra = eff__frame_extra(f->top[-1]);
    eff_scope_t *scope = f->scope;
    if (extra & UNDECIDED) { /* nobody told it to: what it was failed with is the exit */
        if (f->status != EFF__OK) eff__materialize(f);
        decide(scope, f->reg, (enum eff__status)f->status);
        extra = f->status;
        f->reg = eff_unit;
        f->status = EFF__OK;
    }
    if (!(extra & BEGUN)) {
        eff_value_decref(f->reg);
        f->reg = eff_unit;
        f->status = EFF__OK;
        f->top[-1] = eff__frame_head(EFF__F_CLOSING, 0, extra | BEGUN);
        if (scope->parallel) {
            eff_exit_t exit = eff__closing_exit(f);
            eff__scope_close_at_once(f, scope, &exit);
        }
    }
    bool closed = false;
    int next = eff__scope_close_step(f, scope, &closed);
    if (!closed) return next;
    eff_value_decref(eff__frame_value(f->top - 1));
    f->top -= CLOSING_WORDS;
    f->scope = NULL;
    eff_scope_decref(scope);
    return EFF__RETURN;
}

/* Fills in a new keeper, with its scope; false when out of memory, or after a mistake in a fork policy. */
static bool furnish(eff_fiber_t *keeper, const eff_fiber_t *maker, eff_site_t site)
{
    if (!eff__locals_fork(keeper, maker)) return false;
    if (!eff__frames_reserve(keeper, CLOSING_WORDS + EFF__FRAME_SLACK)) return false;
    keeper->scope = eff__scope_new(keeper, site);
    if (keeper->scope) return true;
    eff__frames_free(keeper);
    return false;
}

eff_scope_t *eff__scope_make(eff_fiber_t *f, eff_scope_t *parent, eff_scope_mode_t mode, eff_context_t *context,
                             eff_site_t site)
{
    struct eff__entry *entry = eff__scope_add_entry(parent, EFF__ENTRY_SCOPE, site);
    eff_fiber_t *keeper = entry ? eff__fiber_new(f->rt, NULL, context, site) : NULL;
    if (keeper && !furnish(keeper, f, site)) {
        eff__fiber_discard(keeper);
        keeper = NULL;
    }
    if (!keeper) {
        if (entry) eff__entry_free(entry);
        return NULL;
    }
    eff__entry_set_fiber(entry, keeper);
    eff_scope_t *scope = keeper->scope;
    entry->resource = eff_scope_value(eff_scope_incref(scope));
    scope->made = true;
    scope->parallel = mode == EFF_SCOPE_PARALLEL;
    keeper->attrs = EFF__MASKED | EFF__UNBOUND;
    eff__push_value(keeper, eff_unit);
    *keeper->top++ = eff__frame_head(EFF__F_CLOSING, 0, UNDECIDED);
    keeper->wait.site = site;
    eff__suspend(keeper, &keeper_wait, NULL);
    return eff_scope_incref(scope);
}

void eff__closing_unwind(eff_fiber_t *f, const uintptr_t *head)
{
    eff_exit_t exit = eff__reg_exit(f);
    if (!(eff__frame_extra(*head) & UNDECIDED)) exit = eff__closing_exit(f);
    eff__scope_unwind(f, f->scope, &exit);
    eff_scope_decref(f->scope);
    f->scope = NULL;
    eff_value_decref(eff__frame_value(head));
}

/* ---- making one */

/* A scope within `parent`, new; NULL with f failed. Consumes the context. */
static eff_scope_t *make(eff_fiber_t *f, eff_scope_t *parent, eff_scope_mode_t mode, eff_context_t *context,
                         eff_site_t site)
{
    eff_scope_t *scope = NULL;
    bool has_memory = !context || !eff__context_is_oom(context);
    if (parent->state != EFF__SCOPE_OPEN) {
        (void)eff__prim_cause(f, eff_cause_die(eff_literal("a scope was made in one that is closed")));
    } else {
        if (has_memory) scope = eff__scope_make(f, parent, mode, context, site);
        if (!scope) (void)eff__prim_cause(f, has_memory ? eff__why_no_fiber(f->rt) : eff_cause_incref(eff__cause_oom));
    }
    eff_context_decref(context);
    return scope;
}

/* The same within the ambient scope. */
static eff_scope_t *make_here(eff_fiber_t *f, eff_scope_mode_t mode, eff_site_t site)
{
    eff_scope_t *parent = eff__scope_ambient(f);
    if (parent) return make(f, parent, mode, eff__scope_context(parent, f), site);
    (void)eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    return NULL;
}

static int make_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    eff_scope_t *scope = make_here(f, (eff_scope_mode_t)e->prim.value.integer, e->site);
    return scope ? eff__prim_value(f, eff_scope_value(scope)) : EFF__RETURN;
}

static int fork_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    eff_scope_t *parent = (eff_scope_t *)e->prim.handle;
    if (parent->rt != f->rt) return eff__prim_foreign(f, "scope");
    eff_context_t *context = eff__context_for_scope(parent->context, f->context);
    eff_scope_t *scope = make(f, parent, (eff_scope_mode_t)e->prim.value.integer, context, e->site);
    return scope ? eff__prim_value(f, eff_scope_value(scope)) : EFF__RETURN;
}
static const struct eff__prim make_prim = { "scope_make", make_run };
static const struct eff__prim fork_prim = { "scope_fork", fork_run };

eff_t *eff_scope_make_at(eff_site_t site, eff_scope_mode_t mode)
{
    return eff__prim_node_plain(site, &make_prim, eff_int((int64_t)mode));
}

eff_t *eff_scope_fork_at(eff_site_t site, eff_scope_t *parent, eff_scope_mode_t mode)
{
    return eff__prim_node(site, &fork_prim, parent, eff_int((int64_t)mode));
}

/* ---- closing one */

/* Of a scope that was not made by hand. */
static int not_made(eff_fiber_t *f, const eff_scope_t *scope, const char *builder)
{
    const char *site = scope->site;
    eff_value_t text = site
                           ? eff_printf("%s was given the scope of %s, which ends with that", builder, site)
                           : eff_printf("%s was given the scope of a region or a fiber, which ends with that", builder);
    return eff__prim_cause(
        f, eff_cause_note(eff_cause_die(text),
                          eff_literal("only what eff_scope_make or eff_scope_fork made is closed by hand"), NULL));
}

static int close_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    eff_scope_t *scope = (eff_scope_t *)e->prim.handle;
    if (scope->rt && scope->rt != f->rt) return eff__prim_foreign(f, "scope");
    if (scope->state == EFF__SCOPE_CLOSED) return eff__prim_value(f, eff_unit);
    if (!scope->made) return not_made(f, scope, "eff_scope_close");
    eff_fiber_t *keeper = scope->owner;
    eff__scope_begin_close(scope, eff_as_exit(e->prim.value));
    if (eff__is_within(f, keeper)) return eff__prim_value(f, eff_unit);
    eff__observe(f, keeper, &eff__closed_wait);
    return EFF__SUSPEND;
}
static const struct eff__prim close_prim = { "scope_close", close_run };

eff_t *eff_scope_close_at(eff_site_t site, eff_scope_t *scope, eff_exit_t exit)
{
    return eff_uninterruptible_at(site, eff__prim_node(site, &close_prim, scope, eff_exit_value(exit)));
}

/* ---- running an effect in one: a frame, which for eff_scope_use is a region */

enum { EXTEND, USE, USED };

/* Consumes the scope. */
static int begin_in(eff_fiber_t *f, eff_scope_t *scope, eff_t *e, bool alone, unsigned how)
{
    if (!eff__frames_reserve(f, 2 + EFF__FRAME_SLACK)) {
        eff_scope_decref(scope);
        return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    }
    eff_t *body = (eff_t *)eff__prim_take_value(e, alone).ptr;
    *f->top++ = (uintptr_t)f->scope;
    *f->top++ = eff__frame_head(EFF__F_EXTEND, f->attrs, how);
    f->scope = scope;
    if (how == USE) f->depth++;
    return eff__prim_effect(f, body);
}

static int extend_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    if (((eff_scope_t *)e->prim.handle)->rt != f->rt) return eff__prim_foreign(f, "scope");
    return begin_in(f, (eff_scope_t *)eff__prim_take_handle(e, alone), e, alone, EXTEND);
}

static int use_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const eff_scope_t *scope = (const eff_scope_t *)e->prim.handle;
    if (scope->rt != f->rt) return eff__prim_foreign(f, "scope");
    if (!scope->made) return not_made(f, scope, "eff_scope_use");
    return begin_in(f, (eff_scope_t *)eff__prim_take_handle(e, alone), e, alone, USE);
}

static int scoped_par_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_scope_t *scope = make_here(f, EFF_SCOPE_PARALLEL, e->site);
    return scope ? begin_in(f, scope, e, alone, USE) : EFF__RETURN;
}
static const struct eff__prim extend_prim = { "scope_extend", extend_run };
static const struct eff__prim use_prim = { "scope_use", use_run };
static const struct eff__prim scoped_par_prim = { "scoped_par", scoped_par_run };

/* Has the scope of a USE frame closed with what is in reg; EFF__RETURN when there is nothing to wait for. */
static int close_used(eff_fiber_t *f)
{
    eff_scope_t *scope = f->scope;
    eff_fiber_t *keeper = scope->owner;
    uint8_t attrs = f->attrs;
    f->top[-1] = eff__frame_head(EFF__F_EXTEND, attrs, USED);
    if (scope->state == EFF__SCOPE_CLOSED) return EFF__RETURN;
    eff_exit_t exit = eff__reg_exit(f);
    eff__scope_begin_close(scope, &exit);
    if (eff__is_within(f, keeper)) return EFF__RETURN;
    eff__push_value(f, f->reg);
    *f->top++ = eff__frame_head(EFF__F_SAVED, attrs, f->status);
    f->attrs |= EFF__MASKED;
    f->reg = eff_unit;
    f->status = EFF__OK;
    f->wait.site = scope->site;
    eff__observe(f, keeper, &eff__closed_wait);
    return EFF__SUSPEND;
}

int eff__return_extend(eff_fiber_t *f)
{
    uintptr_t head = f->top[-1];
    unsigned how = eff__frame_extra(head);
    if (how == USE) {
        int next = eff__region_leave(f, f->depth);
        if (next == EFF__RETURN) next = close_used(f);
        if (next != EFF__RETURN) return next;
    }
    eff_scope_t *scope = f->scope;
    f->scope = (eff_scope_t *)f->top[-2];
    f->top -= 2;
    eff_scope_decref(scope);
    if (how == EXTEND) return EFF__RETURN;
    f->depth--;
    eff__mask_end(f);
    return EFF__RETURN;
}

static eff_t *in_scope(eff_site_t site, const struct eff__prim *prim, eff_t *e, eff_scope_t *scope)
{
    char builder[64];
    snprintf(builder, sizeof builder, "eff_%s", prim->name);
    if (!eff__effect_usable(e)) return eff__refuse(site, builder, 1, &e, true, eff_unit);
    return eff__prim_node(site, prim, scope, eff_effect_value(e));
}

eff_t *eff_scope_extend_at(eff_site_t site, eff_t *e, eff_scope_t *scope)
{
    return in_scope(site, &extend_prim, e, scope);
}

eff_t *eff_scope_use_at(eff_site_t site, eff_t *e, eff_scope_t *scope)
{
    return in_scope(site, &use_prim, e, scope);
}

eff_t *eff_scoped_par_at(eff_site_t site, eff_t *e)
{
    if (!eff__effect_usable(e)) return eff__refuse(site, "eff_scoped_par", 1, &e, true, eff_unit);
    return eff__prim_node_plain(site, &scoped_par_prim, eff_effect_value(e));
}
