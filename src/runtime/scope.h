/* Scopes: a list of finalizers and fibers, closed in reverse order by the fiber that leaves the scope's region. */
#ifndef EFF_RUNTIME_SCOPE_H
#define EFF_RUNTIME_SCOPE_H

#include <effect/scope.h>

#include "runtime/rare.h"

enum eff__entry_kind {
    EFF__ENTRY_FINALIZER, /* eff_finalizer_fn(exit, env) */
    EFF__ENTRY_RELEASE,   /* eff_release_fn(resource, exit, env) */
    EFF__ENTRY_EFFECT,    /* eff_release_effect_fn(resource, exit, env) */
    EFF__ENTRY_FIBER      /* interrupted and awaited */
};

/* One thing to be done as the scope closes. */
struct eff__entry {
    struct eff__entry *prev, *next; /* in order of adding */
    eff_scope_t *scope;             /* borrowed */
    enum eff__entry_kind kind;
    eff_site_t site;
    eff_any_fn fn;
    eff_value_t resource; /* unit for finalizers and fibers */
    eff_value_t env;
    eff_fiber_t *fiber; /* borrowed: a fiber that is let go of takes its entry with it */
    bool ran;           /* its finalizer was begun */
};

enum eff__scope_state { EFF__SCOPE_OPEN, EFF__SCOPE_CLOSING, EFF__SCOPE_CLOSED };

struct eff_scope {
    eff_runtime_t *rt;
    eff_fiber_t *owner; /* whose region it belongs to; borrowed: valid until it is closed */
    struct eff__entry *last;
    enum eff__scope_state state;
    eff_context_t *context; /* in which it was opened; owned; NULL: empty */
    eff_site_t site;        /* where it was opened; a fiber's own: where that was forked */
};

/* Whom the fiber ends with: its parent, or the owner of the scope that it is in; NULL: the runtime. */
static inline eff_fiber_t *eff__outer_of(const eff_fiber_t *f)
{
    return f->flags & EFF__IN_SCOPE ? eff__entry_of(f)->scope->owner : f->parent;
}
/* Whether f is `outer`, or ends with it: waiting for that one would be waiting for oneself. O(nesting). */
bool eff__is_within(const eff_fiber_t *f, const eff_fiber_t *outer);

/* A new open scope; NULL when out of memory. */
eff_scope_t *eff__scope_new(eff_fiber_t *f, eff_site_t site);
/* The scope around the fiber's current instruction, made if need be; borrowed; NULL when out of memory. */
eff_scope_t *eff__scope_ambient(eff_fiber_t *f);
/* The region's result is in reg and its children have ended: does the next thing that closing takes. EFF__RETURN with
 * *ret_closed set when it is closed, else how to go on; the caller's frame is returned to when that is done. */
int eff__scope_close_step(eff_fiber_t *f, eff_scope_t *scope, bool *ret_closed);
/* Makes the scope own a fiber that nobody owns yet; false when out of memory. */
bool eff__scope_add_fiber(eff_scope_t *scope, eff_fiber_t *fiber, eff_site_t site);
/* Takes an entry out and frees it. */
void eff__entry_free(struct eff__entry *entry);
/* Runs the plain releases of a scope and drops the rest, for a runtime that is freed. */
void eff__scope_unwind(eff_fiber_t *f, eff_scope_t *scope, const eff_exit_t *exit);
/* A fiber that lost the loop between an acquire and its scope, of a runtime that is freed: releases what it acquired. */
void eff__acquire_unwind(eff_fiber_t *f);

#endif
