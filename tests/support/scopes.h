/* For tests of scopes: a program as a function of one that was made by hand, and what is put into it. */
#ifndef TESTS_SUPPORT_SCOPES_H
#define TESTS_SUPPORT_SCOPES_H

#include "support/fibers.h"

/* `body` builds what is done with a scope that was made by hand; it borrows that, what it builds keeps it. */
typedef eff_t *(*scope_body_fn)(struct world *w, eff_scope_t *scope);

struct scope_body {
    struct world *w;
    scope_body_fn fn;
};
EFF_STATIC_TYPE(scope_body, struct scope_body);

static inline eff_t *call_scope_body(eff_value_t scope, eff_value_t env)
{
    const struct scope_body *body = scope_body_of(env);
    return body->fn(body->w, eff_as_scope(scope));
}
static inline eff_t *in_made(struct world *w, eff_t *make, scope_body_fn body)
{
    return eff_flat_map(make, call_scope_body, scope_body_make((struct scope_body){ w, body }));
}
static inline eff_t *with_made(struct world *w, eff_scope_mode_t mode, scope_body_fn body)
{
    return in_made(w, eff_scope_make(mode), body);
}

/* Acquires `name` into the scope. */
static inline eff_t *held(struct world *w, eff_scope_t *scope, const char *name)
{
    return eff_scope_extend(eff_acquire_release(acquire(w, name), release, eff_ptr(w)), scope);
}

/* env: pair(the world, the name): says "name:" and the exit. */
static inline eff_t *says_exit_of(const eff_exit_t *exit, eff_value_t env)
{
    char word[256];
    snprintf(word, sizeof word, "%s:%s", eff_as_string(eff_second(env)), word_of(exit));
    journal_add(eff_as_ptr(eff_first(env)), word);
    return eff_noop();
}
static inline eff_t *told(struct world *w, eff_scope_t *scope, const char *name)
{
    return eff_scope_add(scope, says_exit_of, eff_pair(eff_ptr(w), eff_literal(name)));
}

/* Adds an effect as a finalizer. */
static inline eff_t *finally(eff_scope_t *scope, eff_t *e)
{
    return eff_scope_add(scope, says_word, eff_effect_value(e));
}

static inline eff_t *close_ok(eff_scope_t *scope)
{
    return eff_scope_close(scope, eff_exit_succeed(eff_unit));
}
static inline eff_t *close_failing(eff_scope_t *scope, int64_t n)
{
    return eff_scope_close(scope, eff_exit_fail_cause(eff_cause_fail(eff_int(n))));
}

#endif
