/** @file
 * Fiber maps: background fibers by key, at most one for each.
 *
 *     EFF_AWAIT(eff_fiber_map_into(eff_fiber_map_make(EFF_FIBERS_FAILURES), &s->sessions));
 *     ...
 *     e = eff_fiber_map_fork(s->sessions, eff_string(user), session(user));       // ends the user's session before
 *     e = eff_fiber_map_remove(s->sessions, eff_string(user));
 *
 * In all else a fiber set (fiber_set.h): it belongs to the scope in which it was made, members that end are forgotten,
 * and failures are told in the same way. A member has its key until it has ended, finalizers included.
 *
 * A handle: the effects take NULL, and then die of "out of memory"; a map of another runtime is a defect.
 */
#ifndef EFFECT_FIBER_MAP_H
#define EFFECT_FIBER_MAP_H

#include <effect/fiber_set.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_fiber_map_type; /**< of fiber maps as values */

/**
 * Makes a map in the scope around it, which closes it.
 *
 * - Success: with the handle (eff_as_fiber_map).
 * - Failure: in a scope that is closed, dies.
 *
 * @param site where it is composed; the macro fills it in
 * @param mode which ends eff_fiber_map_join fails with
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_fiber_map_make_at(eff_site_t site, eff_fibers_mode_t mode);
/**
 * Forks e under a key. A fiber that is there is interrupted and awaited first, masked, finalizers included.
 *
 * - Success: with the handle of the new fiber (eff_as_fiber). Of several that replace a fiber at once, the last stays.
 * - Interruption: while the old fiber ends, nothing is forked. A member that replaces itself is interrupted, and does not
 *   wait for itself. In a map that has closed it ends as if interrupted.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{map}
 * @param key consumes; found by eff_value_hash and eff_value_equal
 * @consumes{e}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_fiber_map_fork_at(eff_site_t site, eff_fiber_map_t *map, eff_value_t key, eff_t *e);
/**
 * Forks e under a key if there is no fiber, even one that is about to end.
 *
 * - Success: with the handle of the fiber that is there now (eff_as_fiber), the new or the old one.
 * - Interruption: as eff_fiber_map_fork.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{map}
 * @consumes{key}
 * @consumes{e}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_fiber_map_fork_if_absent_at(eff_site_t site, eff_fiber_map_t *map, eff_value_t key,
                                                            eff_t *e);
/** Looks for the fiber of a key: succeeds with some(handle), or none.
 *  @param site where it is composed; the macro fills it in
 *  @retains{map} @consumes{key} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_map_get_at(eff_site_t site, eff_fiber_map_t *map, eff_value_t key);
/**
 * Interrupts the fiber of a key and waits, masked, until it has ended, finalizers included.
 *
 * - Success: with true; with false when there is no fiber. In that fiber itself, at once.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{map}
 * @consumes{key}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_fiber_map_remove_at(eff_site_t site, eff_fiber_map_t *map, eff_value_t key);
/** As eff_fiber_set_join.
 *  @param site where it is composed; the macro fills it in
 *  @retains{map} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_map_join_at(eff_site_t site, eff_fiber_map_t *map);
/** As eff_fiber_set_await_empty.
 *  @param site where it is composed; the macro fills it in
 *  @retains{map} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_map_await_empty_at(eff_site_t site, eff_fiber_map_t *map);
/** As eff_fiber_set_clear.
 *  @param site where it is composed; the macro fills it in
 *  @retains{map} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_map_clear_at(eff_site_t site, eff_fiber_map_t *map);
/** How many members live. Its runtime's thread. @borrows{map} @return 0 for NULL */
EFF_API size_t eff_fiber_map_size(const eff_fiber_map_t *map);

/** One more reference. Any thread. @param map borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_fiber_map_t *eff_fiber_map_incref(eff_fiber_map_t *map);
/** Gives up one reference, which ends nothing. Any thread. @param map consumes; NULL is fine */
EFF_API void eff_fiber_map_decref(eff_fiber_map_t *map);
/** A handle as a value. @param map consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_fiber_map_value(eff_fiber_map_t *map);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy that has closed */
EFF_API eff_fiber_map_t *eff_as_fiber_map(eff_value_t v);
/** Runs e, which succeeds with a handle, moves that to *slot and succeeds with unit: as NAME_into of type.h.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param slot what was there is given up, NULL is fine; must outlive the effect
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_map_into_at(eff_site_t site, eff_t *e, eff_fiber_map_t **slot);

#define eff_fiber_map_make(...) eff_fiber_map_make_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_map_fork(...) eff_fiber_map_fork_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_map_fork_if_absent(...) eff_fiber_map_fork_if_absent_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_map_get(...) eff_fiber_map_get_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_map_remove(...) eff_fiber_map_remove_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_map_join(...) eff_fiber_map_join_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_map_await_empty(...) eff_fiber_map_await_empty_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_map_clear(...) eff_fiber_map_clear_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_map_into(...) eff_fiber_map_into_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
