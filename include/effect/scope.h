/** @file
 * Scopes: lists of finalizers, run in reverse order when the scope closes.
 *
 *     EFF_AWAIT(eff_scoped(program));       // the usual way: finish.h
 *
 * Every fiber opens one, as do eff_scoped and eff_provide. eff_scope_current() succeeds with the one around it, to be
 * handed to eff_fork_in.
 */
#ifndef EFFECT_SCOPE_H
#define EFFECT_SCOPE_H

#include <effect/finish.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_scope_type; /**< of scope handles as values */

/** Succeeds with the scope around it (eff_as_scope). */
EFF_API EFF_MUST_USE eff_t *eff_scope_current(void);
/** Adds a finalizer to a scope; on a closed one it runs at once. Succeeds with unit. Consumes env; retains scope. */
EFF_API EFF_MUST_USE eff_t *eff_scope_add_at(eff_site_t site, eff_scope_t *scope, eff_finalizer_fn f, eff_value_t env);
#define eff_scope_add(scope, ...) eff_scope_add_at(EFF_SITE_OF(__VA_ARGS__), (scope), __VA_ARGS__)

EFF_API eff_scope_t *eff_scope_incref(eff_scope_t *scope);            /**< one more reference; returns scope */
EFF_API void eff_scope_decref(eff_scope_t *scope);                    /**< gives up one; NULL is fine */
EFF_API EFF_MUST_USE eff_value_t eff_scope_value(eff_scope_t *scope); /**< consumes the reference */
EFF_API eff_scope_t *eff_as_scope(eff_value_t v);                     /**< borrowed; a closed dummy on the wrong type */

EFF_END_DECLS
#endif
