/* Scopes: a list of finalizers, fibers and scopes, closed in reverse order by the fiber that owns it: of a region, the one
 * that leaves it; of a scope made by hand, its keeper (scope_made.c). */
#ifndef EFF_RUNTIME_SCOPE_H
#define EFF_RUNTIME_SCOPE_H

#include <effect/scope.h>

#include "runtime/rare.h"

enum eff__entry_kind {
    EFF__ENTRY_FINALIZER, /* eff_finalizer_fn(exit, env) */
    EFF__ENTRY_RELEASE,   /* eff_release_fn(resource, exit, env) */
    EFF__ENTRY_EFFECT,    /* eff_release_effect_fn(resource, exit, env) */
    EFF__ENTRY_HOLD, /* the same, and NULL is fine: nothing is to be waited for. Dropping the resource does it, too */
    /* these have `fiber` instead of `fn` */
    EFF__ENTRY_FIBER, /* interrupted and awaited */
    /* and these a reference to it: its failure is one of closing */
    EFF__ENTRY_SCOPE,    /* the keeper of a scope within this one: told to close that, and awaited */
    EFF__ENTRY_FINISHING /* runs a finalizer beside others; awaited */
};

/* One thing to be done as the scope closes. */
struct eff__entry {
    struct eff__entry *prev, *next; /* in order of adding */
    eff_scope_t *scope;             /* borrowed */
    uint8_t kind;                   /* enum eff__entry_kind */
    bool ran;                       /* its finalizer was begun */
    eff_site_t site;
    union {
        eff_any_fn fn;
        eff_fiber_t *fiber; /* it takes its entry with it when it is let go of */
    };
    eff_value_t resource; /* unit for finalizers and fibers */
    eff_value_t env;
    eff_finalizer_t *handle; /* of one that can be removed: owned, and told when this goes; NULL */
};

enum eff__scope_state { EFF__SCOPE_OPEN, EFF__SCOPE_CLOSING, EFF__SCOPE_CLOSED };

struct eff_scope {
    eff_runtime_t *rt;
    eff_fiber_t *owner; /* whose region it belongs to, or its keeper; borrowed: valid until it is closed */
    struct eff__entry *last;
    uint8_t state;          /* enum eff__scope_state */
    bool made;              /* by hand: it has a keeper */
    bool parallel;          /* made, and its finalizers run at once */
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

/* ---- scope.c */

/* A new open scope; NULL when out of memory. */
eff_scope_t *eff__scope_new(eff_fiber_t *f, eff_site_t site);
/* The scope around the fiber's current instruction, made if need be; borrowed; NULL when out of memory. */
eff_scope_t *eff__scope_ambient(eff_fiber_t *f);
/* The context for what the fiber puts into its ambient scope. Returns new; without memory, the context that says so. */
eff_context_t *eff__scope_context(const eff_scope_t *ambient, const eff_fiber_t *f);
/* A new entry at the end of the scope; NULL when out of memory. */
struct eff__entry *eff__scope_add_entry(eff_scope_t *scope, enum eff__entry_kind kind, eff_site_t site);
/* Puts an entry that was made beforehand at the end of the scope. */
void eff__scope_link(eff_scope_t *scope, struct eff__entry *entry);
/* Makes the scope own a fiber that nobody owns yet; false when out of memory. */
bool eff__scope_add_fiber(eff_scope_t *scope, eff_fiber_t *fiber, eff_site_t site);
/* Makes an entry, of a kind that has one, that of a fiber which nobody owns yet. */
void eff__entry_set_fiber(struct eff__entry *entry, eff_fiber_t *fiber);
/* The scope that the keeper in an entry keeps; borrowed. A finalizer that the keeper runs may be in one of its own. */
static inline eff_scope_t *eff__made_scope(const struct eff__entry *entry)
{
    return (eff_scope_t *)entry->resource.ptr;
}
/* Moves an entry before another one of its scope: it is done after that. */
void eff__entry_move_before(struct eff__entry *entry, struct eff__entry *other);
/* Takes an entry out and frees it. */
void eff__entry_free(struct eff__entry *entry);
/* Frees one that is in no scope. */
void eff__entry_free_unlinked(struct eff__entry *entry);

/* The effect of an entry's finalizer, told of `exit`, or NULL after a plain release ran (*ret_plain). A mistake in one
 * becomes its failure. The caller has masked f. */
eff_t *eff__entry_finalizer(eff_fiber_t *f, struct eff__entry *entry, const eff_exit_t *exit, bool *ret_plain);
/* A failure (consumed) of closing the scope: combined with what reg holds. */
void eff__scope_add_failure(eff_fiber_t *f, const eff_scope_t *scope, eff_cause_t *later);
/* The region's result is in reg and its children have ended: does the next thing that closing takes; of a made scope, in
 * its keeper. EFF__RETURN with *ret_closed set when it is closed, else how to go on; the caller's frame is returned to
 * when that is done. */
int eff__scope_close_step(eff_fiber_t *f, eff_scope_t *scope, bool *ret_closed);
/* Runs the plain releases of a scope and drops the rest, for a runtime that is freed. */
void eff__scope_unwind(eff_fiber_t *f, eff_scope_t *scope, const eff_exit_t *exit);

/* ---- acquire.c */

/* A fiber that lost the loop between an acquire and its scope, of a runtime that is freed: releases what it acquired. */
void eff__acquire_unwind(eff_fiber_t *f);

/* ---- scope_made.c */

/* A scope within `parent`, which is open, on behalf of f; borrows context, NULL being the empty one. Returns new, which
 * closes nothing when given up; NULL when out of memory, or after a mistake in a fork policy: see eff__why_no_fiber. */
eff_scope_t *eff__scope_make(eff_fiber_t *f, eff_scope_t *parent, eff_scope_mode_t mode, eff_context_t *context,
                             eff_site_t site);
/* Has the keeper of a made scope close it, with this exit (borrowed), unless it is closing already: the first counts.
 * Plain C, on the runtime's thread; needs no memory. */
void eff__scope_begin_close(eff_scope_t *scope, const eff_exit_t *exit);
/* What the keeper tells finalizers; borrowed from its frame, which is the top one. */
eff_exit_t eff__closing_exit(const eff_fiber_t *keeper);

/* The keeper's frame with this head goes, and its scope with it, of a runtime that is freed. */
void eff__closing_unwind(eff_fiber_t *f, const uintptr_t *head);

/* ---- scope_parallel.c */

/* Begins everything that a parallel scope has to do, plain releases being done. What needs memory and finds none stays to
 * be done one after another. */
void eff__scope_close_at_once(eff_fiber_t *keeper, eff_scope_t *scope, const eff_exit_t *exit);

/* ---- scope_add.c */

/* The entry goes: its handle forgets it. */
void eff__finalizer_forget(eff_finalizer_t *handle);

#endif
