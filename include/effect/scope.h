/** @file
 * Scopes: lists of finalizers, run in reverse order when the scope closes.
 *
 *     EFF_AWAIT(eff_scoped(program));       // the usual way: finish.h
 *
 * Every fiber opens one, as do eff_scoped and eff_provide; sides of parallel combinators use their caller's. All
 * finalizers run, masked, each once, even if some fail. eff_scope_current() succeeds with the one around it, to be
 * handed to eff_fork_in:
 *
 *     EFF_AWAIT(eff_scope_current());
 *     s->outer = eff_scope_incref(eff_as_scope(EFF_GOT()));
 *     ...
 *     EFF_AWAIT(eff_fork_in(s->outer, watch));        // from a region inside: ends when the outer scope closes
 *
 * Such a fiber starts with the services that were there when the scope was opened: those live as long as the scope
 * does, and what was provided further in does not. A scope is a handle of one runtime: of another, a defect.
 */
#ifndef EFFECT_SCOPE_H
#define EFFECT_SCOPE_H

#include <effect/finish.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_scope_type; /**< of scope handles as values */

/** Succeeds with the scope around it (eff_as_scope). Building it allocates nothing. @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_scope_current(void);
/** Adds a finalizer to a scope. Succeeds with unit. On a scope that closes or has closed it runs at once, masked, told
 *  of a success of unit; the effect then ends as it does.
 *  @retains{scope}
 *  @param f called with the exit of the scope; borrows exit and env until its effect has ended; returns
 *  new @consumes{env} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_scope_add_at(eff_site_t site, eff_scope_t *scope, eff_finalizer_fn f, eff_value_t env);
#define eff_scope_add(scope, ...) eff_scope_add_at(EFF_SITE_OF(__VA_ARGS__), (scope), __VA_ARGS__)

/** One more reference. Any thread. @param scope borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_scope_t *eff_scope_incref(eff_scope_t *scope);
/** Gives up one reference, which closes nothing. Any thread. @param scope consumes; NULL is fine */
EFF_API void eff_scope_decref(eff_scope_t *scope);
/** A handle as a value. @param scope consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_scope_value(eff_scope_t *scope);
/** Reads a handle. @borrows{v} @return borrowed from v; a closed dummy on the wrong type */
EFF_API eff_scope_t *eff_as_scope(eff_value_t v);

EFF_END_DECLS
#endif
