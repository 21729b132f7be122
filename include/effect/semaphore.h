/** @file
 * Semaphore: a number of permits, which fibers take, hold and give back; who wants more than are free waits.
 *
 *     eff_semaphore_t *connections = eff_semaphore_new(10);
 *     e = eff_with_permits(connections, 1, query(db));   // by any number of fibers: 10 of them query at once
 *
 * For a limit that many loops and fibers share; one loop has that of eff_for_each_par. With weights, n is what something
 * costs, and the permits are the sum that may be spent at once. For one permit, whose holder is known, see mutex.h. The
 * name is Dijkstra's; withPermits is that of ZIO and Effect.
 *
 * Strictly first come, first served: a request for many permits is not overtaken by those for few that come later,
 * although they would fit. So none starves, and while it waits some permits may be idle. Who waits is woken with its
 * permits; if it is interrupted before it runs they go to the next.
 *
 * A handle: the effects take NULL, and then die of "out of memory". It belongs to the runtime that first uses it; on
 * another, to use it is a defect. So is giving back more than is out, and asking for more than there ever were.
 */
#ifndef EFFECT_SEMAPHORE_H
#define EFFECT_SEMAPHORE_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_semaphore_type; /**< of semaphores as values */

/** A semaphore, all of whose permits are free.
 *  @param permits how many in all; 0: none, until it is resized; a negative number is a mistake, and counts as 0
 *  @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_semaphore_t *eff_semaphore_new(size_t permits);
/** One more reference. Any thread. @param s borrows; NULL is fine @return s, with a reference that is yours */
EFF_API eff_semaphore_t *eff_semaphore_incref(eff_semaphore_t *s);
/** Gives up one reference. Any thread. @param s consumes; NULL is fine */
EFF_API void eff_semaphore_decref(eff_semaphore_t *s);
/** A handle as a value. @param s consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_semaphore_value(eff_semaphore_t *s);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy, for which nobody waits */
EFF_API eff_semaphore_t *eff_as_semaphore(eff_value_t v);

/**
 * Runs e with n permits, waiting for them first.
 *
 * They are given back when e and the fibers forked in it have ended, however: e is a region, as the use of
 * eff_acquire_use_release is.
 * - Success, failure: as e.
 * - Interruption: while it waits, at once: e does not run, and no permit is lost. Afterwards it is e that is interrupted,
 *   and the permits are given back when that has ended.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{s}
 * @param n how many; 0: waits for nobody; more than there have ever been in all, or a negative number, is a defect
 * @consumes{e}
 * @returns_new
 *
 * O(1), and waiting allocates nothing.
 * @see eff_semaphore_acquire_scoped, for a gen
 */
EFF_API EFF_MUST_USE eff_t *eff_with_permits_at(eff_site_t site, eff_semaphore_t *s, size_t n, eff_t *e);
/**
 * Runs e with n permits if they are free, and nobody waits; else does not run it.
 *
 * - Success: with some (eff_is_some, eff_some_value) of e's value, or none.
 * - Failure, interruption: as eff_with_permits, which it is once it has them.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{s}
 * @param n how many; as for eff_with_permits
 * @consumes{e}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_with_permits_if_available_at(eff_site_t site, eff_semaphore_t *s, size_t n, eff_t *e);
/**
 * Takes n permits, waiting for them, and gives them back when the scope around it closes.
 *
 *     EFF_AWAIT(eff_semaphore_acquire_scoped(s->connections, 1));
 *
 * - Success: with unit.
 * - Interruption: while it waits, at once, and takes none.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{s}
 * @param n how many; as for eff_with_permits
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_semaphore_acquire_scoped_at(eff_site_t site, eff_semaphore_t *s, size_t n);
/**
 * Takes n permits, waiting for them: somebody else is to give them back.
 *
 * For permits that change hands, say from who fills a buffer to who empties it. Where one fiber takes and gives back,
 * eff_with_permits does not forget to.
 * - Success: with unit. Between that and what comes next in the fiber nothing is interrupted.
 * - Interruption: while it waits, at once, and takes none.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{s}
 * @param n how many; as for eff_with_permits
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_semaphore_acquire_at(eff_site_t site, eff_semaphore_t *s, size_t n);
/**
 * Gives n permits back, whoever took them, and so lets those go on who wait for them, in order.
 *
 * - Success: with unit, at once; those who waited have their permits from now on, and run later.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{s}
 * @param n how many; more than are out, or a negative number, is a defect, and gives back none
 * @returns_new
 *
 * O(waiters woken).
 */
EFF_API EFF_MUST_USE eff_t *eff_semaphore_release_at(eff_site_t site, eff_semaphore_t *s, size_t n);
/**
 * Changes how many permits there are in all.
 *
 * More: those who wait get them, in order. Fewer: who has some keeps them, and as many as are too many are not given out
 * again. Who waits for more than there now are waits until there are enough.
 * - Success: with unit, at once.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{s}
 * @param permits how many in all; a negative number is a defect
 * @returns_new
 *
 * O(waiters woken).
 */
EFF_API EFF_MUST_USE eff_t *eff_semaphore_resize_at(eff_site_t site, eff_semaphore_t *s, size_t permits);
/**
 * Takes n permits if they are free, and nobody waits. Plain C: for callbacks, and anything else on its runtime's thread.
 *
 * @borrows{s}
 * @param n how many
 * @return whether it did; false also for NULL, and for mistakes, which are reported: another thread, more than there have
 *         ever been in all
 */
EFF_API EFF_MUST_USE bool eff_semaphore_try_acquire(eff_semaphore_t *s, size_t n);
/**
 * Gives n permits back, as eff_semaphore_release. Plain C, as eff_semaphore_try_acquire: those who wait go on later, no
 * user code runs before it returns. On a loop of the library's own, what waits for such a callback says so with
 * eff_external, or it counts as a deadlock.
 *
 * @param s borrows; NULL: nothing happens
 * @param n how many; more than are out is a mistake, reported, and gives back none
 */
EFF_API void eff_semaphore_give_back(eff_semaphore_t *s, size_t n);
/** How many permits are free. Its runtime's thread. @borrows{s}
 *  @return 0 for NULL; negative while more are out than there are since it was resized */
EFF_API int64_t eff_semaphore_available(const eff_semaphore_t *s);
/** How many fibers wait. Its runtime's thread. @borrows{s} @return 0 for NULL */
EFF_API size_t eff_semaphore_waiters(const eff_semaphore_t *s);

#define eff_with_permits(...) eff_with_permits_at(EFF_SITE, __VA_ARGS__)
#define eff_with_permits_if_available(...) eff_with_permits_if_available_at(EFF_SITE, __VA_ARGS__)
#define eff_semaphore_acquire_scoped(...) eff_semaphore_acquire_scoped_at(EFF_SITE, __VA_ARGS__)
#define eff_semaphore_acquire(...) eff_semaphore_acquire_at(EFF_SITE, __VA_ARGS__)
#define eff_semaphore_release(...) eff_semaphore_release_at(EFF_SITE, __VA_ARGS__)
#define eff_semaphore_resize(...) eff_semaphore_resize_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
