/** @file
 * Fiber-local variables: values that belong to a fiber, and that its children get copies of.
 *
 *     static eff_value_t none(void) { return eff_literal("-"); }
 *     static const eff_local_t request_id = { .name = "request id", .initial = none };
 *     ...
 *     EFF_AWAIT(eff_local_set(&request_id, eff_string("42")));
 *     EFF_AWAIT(eff_fork(handle(s)));                              // sees 42; what it sets, nobody else sees
 *
 * A child, a side of a parallel combinator and an item of eff_for_each_par begin with what their forker has at that
 * moment, each as the variable's fork policy says. What they set never comes back: a join merges nothing. A daemon begins
 * with none. For what is the same in a whole region, rather than changing on the way, eff_locally is the better choice.
 *
 * A variable is a static object, known by its address. Reading and setting are O(variables set in the fiber).
 * Standard name: fiber-local, as Haskell's and OCaml's; without the merging of ZIO's FiberRef.
 */
#ifndef EFFECT_LOCAL_H
#define EFFECT_LOCAL_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** A variable. Its address is its identity: define it once, static const. */
typedef struct eff_local {
    const char *name;             /**< shown in messages */
    eff_value_t (*initial)(void); /**< what it is where nobody has set it; returns new; NULL: unit */
    /** The fork policy: what a child begins with. Borrows the forker's value; returns new. NULL: a copy. For a fresh
     *  start, return the initial value. */
    eff_value_t (*fork)(eff_value_t forkers);
} eff_local_t;

/** Succeeds with the fiber's value of the variable.
 *  @param site where it is composed; the macro fills it in
 *  @param local borrowed: static
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_local_get_at(eff_site_t site, const eff_local_t *local);
/** Sets the variable, for this fiber and those it forks from now on. Succeeds with unit.
 *  @param site where it is composed; the macro fills it in
 *  @param local borrowed: static
 *  @consumes{v} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_local_set_at(eff_site_t site, const eff_local_t *local, eff_value_t v);
/** Sets the variable to what f makes of it, and succeeds with that.
 *  @param site where it is composed; the macro fills it in
 *  @param local borrowed: static
 *  @param f borrows the value and env, returns new
 *  @consumes{env} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_local_update_at(eff_site_t site, const eff_local_t *local, eff_map_fn f,
                                                eff_value_t env);
/** Runs e with the variable set; when e has ended, however, it is again what it was. Ends as e does.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param local borrowed: static
 *  @consumes{v} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_local_with_at(eff_site_t site, eff_t *e, const eff_local_t *local, eff_value_t v);

#define eff_local_get(...) eff_local_get_at(EFF_SITE, __VA_ARGS__)
#define eff_local_set(...) eff_local_set_at(EFF_SITE, __VA_ARGS__)
#define eff_local_update(local, ...) eff_local_update_at(EFF_SITE_OF(__VA_ARGS__), (local), __VA_ARGS__)
#define eff_local_with(...) eff_local_with_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
