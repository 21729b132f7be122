/** @file
 * Scopes: lists of finalizers, run in reverse order when the scope closes.
 *
 *     EFF_AWAIT(eff_scoped(program));       // the usual way: finish.h
 *
 * Every fiber opens one, as do eff_scoped and eff_provide; sides of parallel combinators use their caller's. All
 * finalizers run, masked, each once, even if some fail. eff_scope_current() succeeds with the one around it, to be
 * handed to eff_fork_in:
 *
 *     EFF_AWAIT(eff_scope_into(eff_scope_current(), &s->outer));
 *     ...
 *     EFF_AWAIT(eff_fork_in(s->outer, watch));        // from a region inside: ends when the outer scope closes
 *
 * Such a fiber starts with the services that were there when the scope was opened: those live as long as the scope
 * does, and what was provided further in does not. A scope is a handle of one runtime: of another, a defect.
 *
 * One that is made by hand closes with the scope around it, or earlier, when somebody says so:
 *
 *     EFF_AWAIT(eff_scope_into(eff_scope_make(EFF_SCOPE_SEQUENTIAL), &s->session));
 *     EFF_AWAIT(eff_scope_extend(log_in(), s->session));       // what that acquires stays acquired ...
 *     ...
 *     EFF_AWAIT(eff_scope_close(s->session, eff_exit_succeed(eff_unit)));       // ... until here
 *
 * Its finalizers run on a fiber of its own, its keeper, which dumps show to wait for that; with the services that were
 * there when the scope was made. Standard name: Scope (ZIO, Effect).
 */
#ifndef EFFECT_SCOPE_H
#define EFFECT_SCOPE_H

#include <effect/finish.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_scope_type;     /**< of scope handles as values */
EFF_API extern const eff_type_t eff_finalizer_type; /**< of finalizers that can be removed, as values */

/** How a scope closes that is made by hand. */
typedef enum eff_scope_mode {
    EFF_SCOPE_SEQUENTIAL, /**< one thing after another, the last first; failures are combined by Then */
    /** All at once: finalizers that are effects each on a fiber of its own, other fibers and scopes beside them; releases
     *  in plain C are called first, the last first. Failures are combined by Both. What there is no memory for comes one
     *  after another. */
    EFF_SCOPE_PARALLEL
} eff_scope_mode_t;

/** Succeeds with the scope around it (eff_as_scope). Building it allocates nothing. @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_scope_current(void);

/**
 * Makes a scope within the one around it.
 *
 * - Success: with the handle (eff_as_scope). Giving that up closes nothing.
 * - Failure: in a scope that is closed, dies.
 *
 * @param site where it is composed; the macro fills it in
 * @param mode how it closes
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_scope_make_at(eff_site_t site, eff_scope_mode_t mode);
/**
 * Makes a scope within another, which closes it, in its turn, with its own exit; what it fails with is part of how that
 * one ends.
 *
 * - Success: with the handle (eff_as_scope).
 * - Failure: in a scope that is closed, dies.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{parent}
 * @param mode how it closes
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_scope_fork_at(eff_site_t site, eff_scope_t *parent, eff_scope_mode_t mode);
/**
 * Closes a scope that was made by hand, and waits until that is done. Closing one that is closed already does nothing;
 * one that is closing is waited for, by any number of fibers. The first exit counts.
 *
 * - Success: with unit.
 * - Failure: with what finalizers failed with. The scope of a region or a fiber, unless it is closed, is a defect: that
 *   ends with its region.
 * - Interruption: masked; the closing goes on to its end in any case. A finalizer or a fiber of the scope, which would
 *   wait for itself, does not wait.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{scope}
 * @param exit consumes; what finalizers are told
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_scope_close_at(eff_site_t site, eff_scope_t *scope, eff_exit_t exit);
/**
 * Runs e with `scope` as the scope around it, which stays open: what e acquires, and forks with eff_fork_scoped, belongs
 * to that.
 *
 * Ends as e does. In a scope that is closed, what e acquires is released at once, and e dies of it.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @retains{scope}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_scope_extend_at(eff_site_t site, eff_t *e, eff_scope_t *scope);
/**
 * As eff_scope_extend, and closes the scope with e's exit. A region: what e forks ends before.
 *
 * - Success: with e's value.
 * - Failure: with e's cause; if finalizers fail, with Then(e's, theirs), or with theirs alone after a success.
 * - Interruption: closing is masked.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @retains{scope}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_scope_use_at(eff_site_t site, eff_t *e, eff_scope_t *scope);

/** Adds a finalizer to a scope. Succeeds with unit. On a scope that closes or has closed it runs at once, masked, told
 *  of a success of unit; the effect then ends as it does.
 *  @param site where it is composed; the macro fills it in
 *  @retains{scope}
 *  @param f called with the scope's exit; borrows that until it returns, env until its effect has ended; returns new
 *  @consumes{env} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_scope_add_at(eff_site_t site, eff_scope_t *scope, eff_finalizer_fn f, eff_value_t env);
/** As eff_scope_add, but succeeds with a handle (eff_as_finalizer), for eff_scope_remove. Giving that up removes nothing.
 *  @param site where it is composed; the macro fills it in
 *  @retains{scope}
 *  @param f called with the scope's exit; borrows that until it returns, env until its effect has ended; returns new
 *  @consumes{env} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_scope_add_removable_at(eff_site_t site, eff_scope_t *scope, eff_finalizer_fn f,
                                                       eff_value_t env);
/** Takes a finalizer out of its scope. Succeeds with whether it was still there: then it does not run. Once it has begun
 *  to run, this does nothing. O(1).
 *  @param site where it is composed; the macro fills it in
 *  @retains{finalizer} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_scope_remove_at(eff_site_t site, eff_finalizer_t *finalizer);

/** One more reference. Any thread. @param scope borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_scope_t *eff_scope_incref(eff_scope_t *scope);
/** Gives up one reference, which closes nothing. Any thread. @param scope consumes; NULL is fine */
EFF_API void eff_scope_decref(eff_scope_t *scope);
/** A handle as a value. @param scope consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_scope_value(eff_scope_t *scope);
/** Reads a handle. @borrows{v} @return borrowed from v; a closed dummy on the wrong type */
EFF_API eff_scope_t *eff_as_scope(eff_value_t v);
/** Runs e, which succeeds with a handle, moves that to *slot and succeeds with unit: as NAME_into of type.h.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param slot what was there is given up, NULL is fine; must outlive the effect
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_scope_into_at(eff_site_t site, eff_t *e, eff_scope_t **slot);

/** One more reference. Any thread. @param finalizer borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_finalizer_t *eff_finalizer_incref(eff_finalizer_t *finalizer);
/** Gives up one reference, which removes nothing. Any thread. @param finalizer consumes; NULL is fine */
EFF_API void eff_finalizer_decref(eff_finalizer_t *finalizer);
/** A handle as a value. @param finalizer consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_finalizer_value(eff_finalizer_t *finalizer);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type one that has run */
EFF_API eff_finalizer_t *eff_as_finalizer(eff_value_t v);
/** Runs e, which succeeds with a handle, moves that to *slot and succeeds with unit: as NAME_into of type.h.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param slot what was there is given up, NULL is fine; must outlive the effect
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_finalizer_into_at(eff_site_t site, eff_t *e, eff_finalizer_t **slot);

#define eff_scope_make(...) eff_scope_make_at(EFF_SITE, __VA_ARGS__)
#define eff_scope_fork(...) eff_scope_fork_at(EFF_SITE, __VA_ARGS__)
#define eff_scope_close(...) eff_scope_close_at(EFF_SITE, __VA_ARGS__)
#define eff_scope_extend(...) eff_scope_extend_at(EFF_SITE, __VA_ARGS__)
#define eff_scope_use(...) eff_scope_use_at(EFF_SITE, __VA_ARGS__)
#define eff_scope_add(scope, ...) eff_scope_add_at(EFF_SITE_OF(__VA_ARGS__), (scope), __VA_ARGS__)
#define eff_scope_add_removable(scope, ...) eff_scope_add_removable_at(EFF_SITE_OF(__VA_ARGS__), (scope), __VA_ARGS__)
#define eff_scope_remove(...) eff_scope_remove_at(EFF_SITE, __VA_ARGS__)
#define eff_scope_into(...) eff_scope_into_at(EFF_SITE, __VA_ARGS__)
#define eff_finalizer_into(...) eff_finalizer_into_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
