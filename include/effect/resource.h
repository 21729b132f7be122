/** @file
 * Resources: effects that acquire into the scope around them (eff_acquire_release), and what can be made of such effects.
 *
 *     static eff_t *connection(const char *host) { return eff_acquire_release(connect_to(host), hang_up, eff_unit); }
 *     ...
 *     eff_t *e = eff_race_scoped(connection("a.example"), connection("b.example"));     // one stays, the other is closed
 *     e = eff_scoped(eff_flat_map(e, talk, eff_unit));                                  // until here
 *
 * A resource is an effect like any other: eff_flat_map acquires one after another, eff_zip_par two at once, eff_or_else
 * another in its place. When it is released is up to the scope it is run in: eff_scoped, eff_using, scope.h; to swap one
 * for the next, hotswap.h.
 */
#ifndef EFFECT_RESOURCE_H
#define EFFECT_RESOURCE_H

#include <effect/scope.h>

EFF_BEGIN_DECLS

/**
 * Runs a resource in a scope of its own, and use with its value; releases it when use's effect has ended. What that
 * acquires belongs to the scope around.
 *
 * For a resource that is needed for a while only, in the midst of others that stay. A region: what use's effect forks ends
 * before the release.
 * - Success: with what use's effect succeeds with.
 * - Failure: with the resource's, or with that of use's effect; when releasing fails, with Then(that, it).
 * - Interruption: seen in the resource where that allows it, and in use; releasing is masked.
 *
 * @param site where it is composed; the macro fills it in
 * @param resource consumes
 * @param use called once per run; borrows v and env until its effect has ended; returns new
 * @consumes{env}
 * @returns_new
 *
 * Standard name: using (ZIO, Effect).
 */
EFF_API EFF_MUST_USE eff_t *eff_using_at(eff_site_t site, eff_t *resource, eff_bind_fn use, eff_value_t env);
/**
 * Runs a resource so that it can be released before the scope around it closes.
 *
 * - Success: with the pair of an effect (eff_as_effect), which releases it, and its value. Run more than once, that effect
 *   does nothing more; never run, the scope around does it. It fails with what the release fails with.
 * - Failure: with the resource's, and what it has half acquired is released at once.
 * - Interruption: as of the resource.
 *
 * @param site where it is composed; the macro fills it in
 * @param resource consumes
 * @returns_new
 *
 * Standard name: withEarlyRelease (ZIO), allocated (cats-effect).
 */
EFF_API EFF_MUST_USE eff_t *eff_with_early_release_at(eff_site_t site, eff_t *resource);
/**
 * Races n resources; the first to succeed wins and stays acquired, in the scope around. What the others have acquired is
 * released before it goes on. A plain race leaves that to the end of the scope.
 *
 * - Success: with the value of the winner. Ties go left.
 * - Failure: when all have failed, as eff_race_all. When a loser that was through cannot be released, with that.
 * - Interruption: passed on to all, which are awaited.
 *
 * @param site where it is composed; the macro fills it in
 * @param n how many, at least 1
 * @param resources consumes the effects, borrows the list
 * @returns_new
 * @see eff_race_all
 *
 * Standard name: Resource.race (cats-effect). Each is run in a scope of its own (eff_scope_make).
 */
EFF_API EFF_MUST_USE eff_t *eff_race_scoped_at(eff_site_t site, size_t n, eff_t *const *resources);

#define eff_using(resource, ...) eff_using_at(EFF_SITE_OF(__VA_ARGS__), (resource), __VA_ARGS__)
#define eff_with_early_release(...) eff_with_early_release_at(EFF_SITE, __VA_ARGS__)
/** eff_race_scoped(a, b, c): the first success of its arguments. @param ... effects, at least one */
#define eff_race_scoped(...) EFF_LISTED_(eff_race_scoped_at, eff_t *, __VA_ARGS__)
/** eff_race_scoped of a list made at run time: eff_race_scoped_list(n, list).
 *  @param ... how many, at least 1; the list, which is borrowed, of effects, which are consumed */
#define eff_race_scoped_list(...) eff_race_scoped_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
