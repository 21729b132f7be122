/* What few fibers have, out of line: a name, observers, local variables. Made when it is needed first, and kept until the
 * fiber is freed, but for its local variables, which go as it ends.
 *
 * The pointer to it lies where the fiber keeps its group or its entry in a scope; the rare part takes that over.
 */
#ifndef EFF_RUNTIME_RARE_H
#define EFF_RUNTIME_RARE_H

#include "runtime/runtime.h"

/* Tells a part of the runtime of a fiber's end, as it is published; before then it may be unlinked. Embedded in what is
 * told. */
struct eff__end_hook {
    struct eff__end_hook *prev, *next;
    void (*ended)(struct eff__end_hook *hook, eff_fiber_t *f); /* unlinked already: may free the hook */
};

struct eff__locals;
struct eff_local;

struct eff__rare {
    union eff__owner owner;     /* what lay in the fiber */
    eff_value_t name;           /* a string; unit: none */
    struct eff__locals *locals; /* fiber-local variables: local.c; NULL: none was set */
    eff_fiber_observer_t *first_observer, *last_observer;
    eff_fiber_observer_t on_exit;            /* of eff_runtime_fork */
    struct eff__end_hook *hooks, *last_hook; /* in order of adding */
    eff_value_t limit;                       /* of the body of one: deadline.c; unit: none */
    eff_fiber_t *starter;                    /* who is starting this, with EFF__BEING_STARTED and no parent */
};

static inline union eff__owner *eff__owner_of(eff_fiber_t *f)
{
    return __builtin_expect(f->flags & EFF__HAS_RARE, 0) ? &f->rare->owner : &f->owner;
}
/* Of a side. */
static inline struct eff__group *eff__group_of(const eff_fiber_t *f)
{
    return __builtin_expect(f->flags & EFF__HAS_RARE, 0) ? f->rare->owner.group : f->owner.group;
}
/* Of a fiber in a scope. */
static inline struct eff__entry *eff__entry_of(const eff_fiber_t *f)
{
    return f->flags & EFF__HAS_RARE ? f->rare->owner.entry : f->owner.entry;
}
/* Who goes on when a fiber with EFF__BEING_STARTED loses the loop. */
static inline eff_fiber_t *eff__starter_of(const eff_fiber_t *f)
{
    return f->parent ? f->parent : f->rare->starter;
}

/* The rare part, made if need be; NULL when out of memory. */
struct eff__rare *eff__rare_of(eff_fiber_t *f);
void eff__rare_free(struct eff__rare *rare);

/* ---- its name */

/* NULL: none. */
static inline const char *eff__fiber_name(const eff_fiber_t *f)
{
    if (!(f->flags & EFF__HAS_RARE) || f->rare->name.type == &eff_unit_type) return NULL;
    return eff_as_string(f->rare->name);
}
/* Names it, or takes its name away (unit). Consumes the string; false when out of memory. */
bool eff__fiber_set_name(eff_fiber_t *f, eff_value_t name);

/* ---- who is told of its end */

/* Links a hook that is called as f, which has not ended, ends; false when out of memory. */
bool eff__fiber_hook(eff_fiber_t *f, struct eff__end_hook *hook);
/* Unlinks a hook that was not called yet. */
void eff__fiber_unhook(eff_fiber_t *f, struct eff__end_hook *hook);
/* Calls the hooks of a fiber that is DONE. */
void eff__fiber_call_hooks(eff_fiber_t *f);
/* Whether somebody outside the fibers asked to be told. */
static inline bool eff__has_observers(const eff_fiber_t *f)
{
    return f->flags & EFF__HAS_RARE && f->rare->first_observer;
}
/* Tells those, of a fiber that is DONE. */
void eff__fiber_tell_observers(eff_fiber_t *f);
/* Whether somebody could tell this fiber from another in its place: by a handle, its value among them, or by being told of
 * its end. */
static inline bool eff__fiber_is_known(const eff_fiber_t *f)
{
    if (__builtin_expect(!eff__count_is_one(&eff__header_of(f)->count), 0)) return true;
    if (__builtin_expect(!(f->flags & (EFF__HAS_RARE | EFF__OWN_EXIT)), 1)) return false;
    return f->flags & EFF__OWN_EXIT || f->rare->hooks || f->rare->first_observer;
}

/* ---- local variables (local.c) */

static inline struct eff__locals *eff__locals_of(const eff_fiber_t *f)
{
    return f->flags & EFF__HAS_RARE ? f->rare->locals : NULL;
}
/* Copies of the forker's, which has some, each as its fork policy says; false when that makes a mistake, which is reported
 * as any callback's, or when out of memory. */
bool eff__locals_copy(eff_fiber_t *child, const eff_fiber_t *forker);
void eff__locals_free(struct eff__locals *locals);
/* Its value of the variable, borrowed; unit where it has not set any. */
eff_value_t eff__local_peek(const eff_fiber_t *f, const struct eff_local *local);
/* Sets it. Consumes v; false when out of memory, which it cannot be where the fiber had set it before. */
bool eff__local_put(eff_fiber_t *f, const struct eff_local *local, eff_value_t v);
/* The fiber has ended: who keeps its handle does not keep them. */
static inline void eff__locals_end(eff_fiber_t *f)
{
    struct eff__locals *locals = eff__locals_of(f);
    if (__builtin_expect(!locals, 1)) return;
    f->rare->locals = NULL;
    eff__locals_free(locals);
}
static inline bool eff__locals_fork(eff_fiber_t *child, const eff_fiber_t *forker)
{
    return __builtin_expect(!eff__locals_of(forker), 1) || eff__locals_copy(child, forker);
}
/* Why a fiber could not be made: a fork policy's mistake, which nobody else hears of then, or no memory. Returns new. */
eff_cause_t *eff__why_no_fiber(eff_runtime_t *rt);

/* ---- supervisors (supervise.c) */

void eff__tell_start(eff_fiber_t *f, const eff_fiber_t *parent);
void eff__tell_end(eff_fiber_t *f);
/* A fiber has its owner, and begins to live; `parent` forked it, or is NULL. */
static inline void eff__fiber_begins(eff_fiber_t *f, const eff_fiber_t *parent)
{
    if (__builtin_expect(f->rt->supervised, 0)) eff__tell_start(f, parent);
}
/* It ends, with its exit in reg: the first call counts. */
static inline void eff__fiber_ends(eff_fiber_t *f)
{
    if (__builtin_expect(f->flags & EFF__BEGUN, 0)) eff__tell_end(f);
}

/* A fiber that has ended, and that nobody knows, becomes another, forked by `forker`: without a name, with copies of its
 * local variables. False when out of memory. */
bool eff__fiber_become(eff_fiber_t *f, const eff_fiber_t *forker);
static inline bool eff__fiber_renew(eff_fiber_t *f, const eff_fiber_t *forker)
{
    if (__builtin_expect(!((f->flags | forker->flags) & EFF__HAS_RARE) && !f->rt->supervised, 1)) return true;
    return eff__fiber_become(f, forker);
}

#endif
