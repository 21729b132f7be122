/** @file
 * Mutex: one fiber at a time.
 *
 *     eff_mutex_t *ledger = eff_mutex_new();
 *     e = eff_with_lock(ledger, transfer(from, to, amount));
 *
 * Callbacks need none: nothing else runs on the runtime's thread until they return. A mutex is for work that waits in the
 * middle, such as reading a row, asking somebody, and writing it back. For n at a time see semaphore.h.
 *
 * First come, first served; a lock that is free is taken without waiting. It is not re-entrant: locking what the same
 * fiber has locked is a defect, and a circle of fibers that wait for each other's locks ends as a deadlock that names who
 * has locked what, and where. Whoever is woken has the lock; if it is interrupted before it runs, the next gets it.
 *
 * A handle: the effects take NULL, and then die of "out of memory". It belongs to the runtime that first uses it; on
 * another, to use it is a defect.
 */
#ifndef EFFECT_MUTEX_H
#define EFFECT_MUTEX_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_mutex_type; /**< of mutexes as values */

/** A mutex that is free. @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_mutex_t *eff_mutex_new(void);
/** One more reference. Any thread. @param m borrows; NULL is fine @return m, with a reference that is yours */
EFF_API eff_mutex_t *eff_mutex_incref(eff_mutex_t *m);
/** Gives up one reference. Any thread. @param m consumes; NULL is fine */
EFF_API void eff_mutex_decref(eff_mutex_t *m);
/** A handle as a value. @param m consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_mutex_value(eff_mutex_t *m);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy, which is always free */
EFF_API eff_mutex_t *eff_as_mutex(eff_value_t v);

/**
 * Runs e under the lock, waiting for it first.
 *
 * It is unlocked when e and the fibers forked in it have ended, however: e is a region, as the use of
 * eff_acquire_use_release is.
 * - Success, failure: as e.
 * - Interruption: while it waits, at once, and e does not run. Afterwards it is e that is interrupted, and the lock is
 *   kept until that has ended.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{m}
 * @consumes{e}
 * @returns_new
 *
 * O(1), and waiting allocates nothing.
 */
EFF_API EFF_MUST_USE eff_t *eff_with_lock_at(eff_site_t site, eff_mutex_t *m, eff_t *e);
/**
 * Runs e under the lock if that is free; else does not run it.
 *
 * - Success: with some (eff_is_some, eff_some_value) of e's value, or none. None also when this very fiber has the lock.
 * - Failure, interruption: as e.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{m}
 * @consumes{e}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_with_lock_if_free_at(eff_site_t site, eff_mutex_t *m, eff_t *e);
/**
 * Locks it, waiting for that, until the scope around it closes. For gens:
 *
 *     EFF_AWAIT(eff_mutex_lock_scoped(s->ledger));
 *
 * The scope, not the fiber, has the lock then, for another fiber may close it. So locking it again in the same fiber is no
 * defect, but waits; a deadlock report tells who locked it, and looks for no circle through it.
 * - Success: with unit.
 * - Interruption: while it waits, at once, and does not lock it.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{m}
 * @returns_new
 * @see eff_scoped
 */
EFF_API EFF_MUST_USE eff_t *eff_mutex_lock_scoped_at(eff_site_t site, eff_mutex_t *m);
/** Whether somebody has the lock. Its runtime's thread. @borrows{m} @return false for NULL */
EFF_API bool eff_mutex_is_locked(const eff_mutex_t *m);
/** How many fibers wait. Its runtime's thread. @borrows{m} @return 0 for NULL */
EFF_API size_t eff_mutex_waiters(const eff_mutex_t *m);

#define eff_with_lock(...) eff_with_lock_at(EFF_SITE, __VA_ARGS__)
#define eff_with_lock_if_free(...) eff_with_lock_if_free_at(EFF_SITE, __VA_ARGS__)
#define eff_mutex_lock_scoped(...) eff_mutex_lock_scoped_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
