/** @file
 * Hotswaps: a slot for one resource, which can be replaced by the next while others use it.
 *
 *     EFF_AWAIT(eff_hotswap_into(eff_hotswap_make(), &s->log));
 *     EFF_AWAIT(eff_hotswap_swap(s->log, open_file("today.log")));        // opens it, then closes the one before
 *     ...
 *     EFF_AWAIT(eff_hotswap_use(s->log, write_line, eff_string("hello")));  // in any fiber
 *
 * For a log file that is rotated, a connection that is made anew, a configuration that is read again. The slot belongs to
 * the scope in which it was made: that closes what is in it. However fibers are interrupted, what was opened is closed,
 * once. A handle: the effects take NULL, and then die of "out of memory"; a slot of another runtime is a defect.
 *
 * Standard name: Hotswap (cats-effect).
 */
#ifndef EFFECT_HOTSWAP_H
#define EFFECT_HOTSWAP_H

#include <effect/scope.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_hotswap_type; /**< of hotswaps as values */

/**
 * Makes an empty slot in the scope around it.
 *
 * - Success: with the handle (eff_as_hotswap).
 * - Failure: in a scope that is closed, dies.
 *
 * @param site where it is composed; the macro fills it in
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_hotswap_make_at(eff_site_t site);
/**
 * Runs a resource, an effect that acquires into the scope around it, puts its value into the slot, and releases the one
 * before. If somebody uses that (eff_hotswap_use), it is released when the last of them has ended, which is not waited
 * for; what it fails with then is part of how the scope of the slot ends.
 *
 * - Success: with the value. Of several swaps at once, each releases what it finds in the slot: the last stays.
 * - Failure: with the resource's, the slot being left as it was and what was half acquired released. When the one before
 *   cannot be released, with that: the new one is in its place. Once the scope of the slot has closed, dies.
 * - Interruption: seen in the resource where that allows it, the slot being left as it was; and while the one before is
 *   released, which goes on.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{hotswap}
 * @param resource consumes
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_hotswap_swap_at(eff_site_t site, eff_hotswap_t *hotswap, eff_t *resource);
/** Empties the slot, and releases what was in it, as eff_hotswap_swap does. Succeeds with unit.
 *  @param site where it is composed; the macro fills it in
 *  @retains{hotswap} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_hotswap_clear_at(eff_site_t site, eff_hotswap_t *hotswap);
/**
 * Runs use with what is in the slot, which is not released before use's effect has ended, whatever is swapped meanwhile.
 *
 * - Success: with what use's effect succeeds with.
 * - Failure: with that of use's effect.
 * - Interruption: seen in use's effect.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{hotswap}
 * @param use called once per run, with some(the resource) or none; borrows v and env until its effect has ended; returns
 *   new
 * @consumes{env}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_hotswap_use_at(eff_site_t site, eff_hotswap_t *hotswap, eff_bind_fn use,
                                               eff_value_t env);
/** Succeeds with some(what is in the slot), or none. It may be released at any time: see eff_hotswap_use.
 *  @param site where it is composed; the macro fills it in
 *  @retains{hotswap} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_hotswap_get_at(eff_site_t site, eff_hotswap_t *hotswap);

/** One more reference. Any thread. @param hotswap borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_hotswap_t *eff_hotswap_incref(eff_hotswap_t *hotswap);
/** Gives up one reference, which releases nothing. Any thread. @param hotswap consumes; NULL is fine */
EFF_API void eff_hotswap_decref(eff_hotswap_t *hotswap);
/** A handle as a value. @param hotswap consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_hotswap_value(eff_hotswap_t *hotswap);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type one that is empty and has closed */
EFF_API eff_hotswap_t *eff_as_hotswap(eff_value_t v);
/** Runs e, which succeeds with a handle, moves that to *slot and succeeds with unit: as NAME_into of type.h.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param slot what was there is given up, NULL is fine; must outlive the effect
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_hotswap_into_at(eff_site_t site, eff_t *e, eff_hotswap_t **slot);

#define eff_hotswap_make() eff_hotswap_make_at(EFF_SITE)
#define eff_hotswap_swap(...) eff_hotswap_swap_at(EFF_SITE, __VA_ARGS__)
#define eff_hotswap_clear(...) eff_hotswap_clear_at(EFF_SITE, __VA_ARGS__)
#define eff_hotswap_use(hotswap, ...) eff_hotswap_use_at(EFF_SITE_OF(__VA_ARGS__), (hotswap), __VA_ARGS__)
#define eff_hotswap_get(...) eff_hotswap_get_at(EFF_SITE, __VA_ARGS__)
#define eff_hotswap_into(...) eff_hotswap_into_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
