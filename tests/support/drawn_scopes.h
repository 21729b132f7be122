/* What programs drawn by lot do with scopes that are made by hand: make, fork, close, extend and use them, add to them and
 * remove from them. Which scope is asked for when it is not there yet is done without. */
#ifndef TESTS_SUPPORT_DRAWN_SCOPES_H
#define TESTS_SUPPORT_DRAWN_SCOPES_H

#include "support/draw.h"
#include "support/fibers.h"

enum { N_SCOPES = 3 };

/* The handles of one run; every part of the program that asks for one keeps them. */
struct drawn_scopes {
    eff_scope_t *scopes[N_SCOPES];
    eff_finalizer_t *finalizers[N_SCOPES];
};
static inline void drawn_scopes_clear(struct drawn_scopes *s)
{
    for (int i = 0; i < N_SCOPES; i++) {
        eff_scope_decref(s->scopes[i]);
        eff_finalizer_decref(s->finalizers[i]);
    }
}
EFF_STATIC_TYPE(drawn_scopes, struct drawn_scopes, .drop = drawn_scopes_clear);

/* What is done to a scope, when that is there. */
struct on_scope {
    eff_value_t handles; /* a drawn_scopes */
    unsigned scope, kept;
    eff_t *(*f)(const struct on_scope *o, eff_scope_t *scope);
    eff_t *part;
    int64_t n;
};
static inline void on_scope_clear(struct on_scope *o)
{
    eff_value_decref(o->handles);
    eff_decref(o->part);
}
EFF_STATIC_TYPE(on_scope, struct on_scope, .drop = on_scope_clear);

static inline eff_t *part_of(const struct on_scope *o)
{
    return o->part ? eff_incref(o->part) : eff_yield_now();
}
static inline eff_t *with_scope(eff_value_t env)
{
    const struct on_scope *o = on_scope_of(env);
    eff_scope_t *scope = drawn_scopes_of(o->handles)->scopes[o->scope];
    return scope ? o->f(o, scope) : part_of(o);
}

/* Consumes part, which may be NULL. */
static inline eff_t *to_scope(eff_value_t handles, eff_t *(*f)(const struct on_scope *o, eff_scope_t *scope),
                              eff_t *part)
{
    struct on_scope o = { .handles = eff_value_incref(handles), .f = f, .part = part };
    o.scope = below(N_SCOPES);
    o.kept = below(N_SCOPES);
    o.n = below(4);
    return eff_suspend(with_scope, on_scope_make(o));
}

/* env: an on_scope, which says where to. */
static inline eff_t *keep_scope(eff_value_t v, eff_value_t env)
{
    const struct on_scope *o = on_scope_of(env);
    eff_scope_t **slot = &drawn_scopes_of(o->handles)->scopes[o->kept], *had = *slot;
    *slot = eff_scope_incref(eff_as_scope(v));
    eff_scope_decref(had);
    return eff_noop();
}
static inline eff_t *keep_finalizer(eff_value_t v, eff_value_t env)
{
    const struct on_scope *o = on_scope_of(env);
    eff_finalizer_t **slot = &drawn_scopes_of(o->handles)->finalizers[o->kept], *had = *slot;
    *slot = eff_finalizer_incref(eff_as_finalizer(v));
    eff_finalizer_decref(had);
    return eff_noop();
}
static inline eff_value_t keeping(const struct on_scope *o)
{
    return on_scope_make((struct on_scope){ .handles = eff_value_incref(o->handles), .kept = o->kept });
}

/* ---- what is done */

static inline eff_scope_mode_t mode_of(const struct on_scope *o)
{
    return o->n % 2 ? EFF_SCOPE_PARALLEL : EFF_SCOPE_SEQUENTIAL;
}
static inline eff_t *made_now(eff_value_t env)
{
    const struct on_scope *o = on_scope_of(env);
    return eff_flat_map(eff_scope_make(mode_of(o)), keep_scope, keeping(o));
}
static inline eff_t *fork_scope(const struct on_scope *o, eff_scope_t *scope)
{
    return eff_flat_map(eff_scope_fork(scope, mode_of(o)), keep_scope, keeping(o));
}
static inline eff_t *close_scope(const struct on_scope *o, eff_scope_t *scope)
{
    if (o->n == 0) return eff_scope_close(scope, eff_exit_fail_cause(eff_cause_fail(eff_int(8))));
    return eff_scope_close(scope, eff_exit_succeed(eff_unit));
}
static inline eff_t *extend_scope(const struct on_scope *o, eff_scope_t *scope)
{
    return eff_scope_extend(part_of(o), scope);
}
static inline eff_t *use_scope(const struct on_scope *o, eff_scope_t *scope)
{
    return eff_scope_use(part_of(o), scope);
}
/* Gives up the handle: a fiber that came to end with its own would keep itself. */
static inline eff_t *fork_in_scope(const struct on_scope *o, eff_scope_t *scope)
{
    return eff_then(eff_fork_in(scope, part_of(o)), eff_noop());
}
static inline eff_t *finish_part(const eff_exit_t *exit, eff_value_t env)
{
    return eff_incref(eff_as_effect(env));
}
static inline eff_t *add_to_scope(const struct on_scope *o, eff_scope_t *scope)
{
    return eff_scope_add(scope, finish_part, eff_effect_value(part_of(o)));
}
static inline eff_t *add_removable(const struct on_scope *o, eff_scope_t *scope)
{
    eff_t *e = eff_scope_add_removable(scope, finish_part, eff_effect_value(part_of(o)));
    return eff_flat_map(e, keep_finalizer, keeping(o));
}
static inline eff_t *remove_now(eff_value_t env)
{
    const struct on_scope *o = on_scope_of(env);
    eff_finalizer_t *finalizer = drawn_scopes_of(o->handles)->finalizers[o->kept];
    return finalizer ? eff_scope_remove(finalizer) : eff_yield_now();
}

/* ---- the grammar */

static inline eff_t *scope_leaf(eff_value_t handles)
{
    struct on_scope o = { .handles = eff_value_incref(handles) };
    unsigned what = below(7);
    if (what < 4) {
        o.kept = below(N_SCOPES);
        o.n = below(2);
        return eff_suspend(what < 3 ? made_now : remove_now, on_scope_make(o));
    }
    eff_value_decref(o.handles);
    return to_scope(handles, what < 6 ? close_scope : fork_scope, NULL);
}

/* Consumes e. */
static inline eff_t *scope_around(eff_value_t handles, eff_t *e)
{
    switch (below(10)) {
    case 0:
    case 1: return to_scope(handles, extend_scope, e);
    case 2: return to_scope(handles, use_scope, e);
    case 3: return to_scope(handles, fork_in_scope, e);
    case 4:
    case 5: return to_scope(handles, add_to_scope, e);
    case 6: return to_scope(handles, add_removable, e);
    case 7: return eff_scoped_par(e);
    case 8: return eff_then(scope_leaf(handles), e);
    default: return eff_ensuring(e, scope_leaf(handles));
    }
}

#endif
