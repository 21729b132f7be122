/** @file
 * Condition: waiting until something holds that plain data says, and saying that the data has changed.
 *
 *     EFF_AWAIT(eff_condition_wait_until(s->changed, has_room, eff_ptr(s)));
 *     s->n_guests++;                                         // there is room still
 *     ...
 *     EFF_AWAIT(eff_condition_notify_all(s->changed));       // by whoever leaves
 *
 * For what no queue, latch, countdown or semaphore says. Unlike those of POSIX and asyncio a condition has no lock, which
 * who waits would give up meanwhile: no fiber runs between two that wait for nothing, so what was looked at still holds
 * when the next callback acts on it. With data under a mutex, wait outside of the lock, and look again inside.
 *
 * A handle: the effects take NULL, and then die of "out of memory". It belongs to the runtime that first uses it; on
 * another, to use it is a defect.
 */
#ifndef EFFECT_CONDITION_H
#define EFFECT_CONDITION_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_condition_type; /**< of conditions as values */

/** Whether what is waited for holds. Called in the fiber that waits for it.
 *  @param env borrows; what was given with it @return whether it does */
typedef bool (*eff_holds_fn)(eff_value_t env);

/** A condition for which nobody waits. @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_condition_t *eff_condition_new(void);
/** One more reference. Any thread. @param c borrows; NULL is fine @return c, with a reference that is yours */
EFF_API eff_condition_t *eff_condition_incref(eff_condition_t *c);
/** Gives up one reference. Any thread. @param c consumes; NULL is fine */
EFF_API void eff_condition_decref(eff_condition_t *c);
/** A handle as a value. @param c consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_condition_value(eff_condition_t *c);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy, for which nobody waits */
EFF_API eff_condition_t *eff_as_condition(eff_value_t v);

/**
 * Waits until holds says so: looks at once, and again whenever it is notified.
 *
 * - Success: with unit. It holds still when the next callback of the fiber is called.
 * - Interruption: leaves the line; a notification that came just before goes to the next.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{c}
 * @param holds whether it may go on; called as often as it looks
 * @consumes{env}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_condition_wait_until_at(eff_site_t site, eff_condition_t *c, eff_holds_fn holds,
                                                        eff_value_t env);
/**
 * Waits for the next notification, whatever holds.
 *
 * - Success: with unit, in order of waiting.
 * - Interruption: as of eff_condition_wait_until.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{c}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_condition_wait_at(eff_site_t site, eff_condition_t *c);
/**
 * Lets the first n who wait go on, or look again; if one of them is interrupted before it does, the next in its place.
 *
 * For changes of which any n of them can make use. Who looks and finds that it does not hold waits again, behind the
 * others, and nobody is notified instead: where they wait for different things, notify all.
 * - Success: with how many they were (eff_int), at once.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{c}
 * @param n how many at most
 * @returns_new
 *
 * O(n).
 */
EFF_API EFF_MUST_USE eff_t *eff_condition_notify_at(eff_site_t site, eff_condition_t *c, size_t n);
/**
 * Lets all who wait now go on, or look again.
 *
 * - Success: with how many they were (eff_int), at once.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{c}
 * @returns_new
 *
 * O(waiters).
 */
EFF_API EFF_MUST_USE eff_t *eff_condition_notify_all_at(eff_site_t site, eff_condition_t *c);
/**
 * Notifies all from plain C: for callbacks that change the data. Those who wait go on later; no user code runs before it
 * returns. On a loop of the library's own, what waits for such a callback says so with eff_external, or it counts as a
 * deadlock.
 *
 * @borrows{c}
 * @return how many they were; 0 also for NULL, and on another thread, which is a mistake and reported
 */
EFF_API size_t eff_condition_notified(eff_condition_t *c);
/** How many fibers wait. Its runtime's thread. @borrows{c} @return 0 for NULL */
EFF_API size_t eff_condition_waiters(const eff_condition_t *c);

#define eff_condition_wait_until(c, ...) eff_condition_wait_until_at(EFF_SITE_OF(__VA_ARGS__), (c), __VA_ARGS__)
#define eff_condition_wait(...) eff_condition_wait_at(EFF_SITE, __VA_ARGS__)
#define eff_condition_notify(...) eff_condition_notify_at(EFF_SITE, __VA_ARGS__)
#define eff_condition_notify_all(...) eff_condition_notify_all_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
