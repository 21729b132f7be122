/** @file
 * More ways to race: by how one ends, not only by success, and with a say in what becomes of the loser. The races to
 * the first success are in parallel.h, timeouts in clock.h.
 *
 *     static eff_t *keep_trying(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
 *     {
 *         if (exit->ok) return eff_succeed(eff_value_incref(exit->value));     // the loser is interrupted
 *         return eff_fiber_join(loser);                                        // ends as the loser does
 *     }
 *     e = eff_race_with(fast_mirror(), slow_mirror(), keep_trying, keep_trying, eff_unit);
 *
 * | combinator     | the first to end                    | the others                                     |
 * | -------------- | ----------------------------------- | ---------------------------------------------- |
 * | race_first_all | is the result, whatever it is       | interrupted, awaited                           |
 * | race_with      | its handler's effect is the result  | that effect may join, await or interrupt it;   |
 * |                |                                     | interrupted, awaited when that effect has ended |
 *
 * Interrupting the caller interrupts and awaits all. Sides start as in parallel.h, and ties go left.
 */
#ifndef EFFECT_RACE_H
#define EFFECT_RACE_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** How a race goes on whose first side has ended. Under the caller's mask, on the caller's fiber.
 *  @param exit borrows until it returns: how that side ended
 *  @param loser borrows until it returns: the other side; running, not begun, or ended in the same turn
 *  @param env borrows until it returns
 *  @return new: what the race goes on with; NULL is a mistake, and a defect */
typedef eff_t *(*eff_race_fn)(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env);

/**
 * Runs n effects at once; the first to end wins, with a value or a cause.
 *
 * - Success, failure: of the first to end, once the others have been interrupted and awaited. Ties go left. An expected
 *   failure with which another ended by itself in the same turn is dropped; a defect, or a failure while it is
 *   interrupted, is reported as unobserved. No effects at all are a defect.
 * - Interruption: passed on to all, which are awaited.
 *
 * @param site where it is composed; the macro fills it in
 * @param n how many, at least 1
 * @param effects consumes the effects, borrows the list
 * @returns_new
 * @see eff_race_first, for two; eff_race_all, to the first success
 *
 * Standard name: Promise.race (ECMAScript); asyncio.wait(FIRST_COMPLETED).
 */
EFF_API EFF_MUST_USE eff_t *eff_race_first_all_at(eff_site_t site, size_t n, eff_t *const *effects);
/**
 * Runs both at once; the handler of the first to end decides how the race goes on.
 *
 * For hedged requests, and races of one's own: what is to be done with the loser is for the program to say. Both are
 * begun: when a ends at once, b is appended to the run queue, and does not begin if the handler's effect ends earlier.
 * - Success: with that of the handler's effect, once the loser has ended: left alone, it is interrupted then, and
 *   awaited.
 * - Failure: with that of the handler's effect. A failure of the first to end is the handler's to pass on. What the
 *   loser failed with, and nobody asked for, is reported as unobserved.
 * - Interruption: of the caller is passed on to those that run, which are awaited, before and after a handler was
 *   called.
 *
 * @param site where it is composed; the macro fills it in
 * @param a consumes; wins a tie
 * @param b consumes
 * @param on_a called when a was the first to end
 * @param on_b called when b was the first to end
 * @consumes{env}
 * @returns_new
 * @see eff_race_first, whose loser is always interrupted
 *
 * Standard name: raceWith (ZIO).
 */
EFF_API EFF_MUST_USE eff_t *eff_race_with_at(eff_site_t site, eff_t *a, eff_t *b, eff_race_fn on_a, eff_race_fn on_b,
                                             eff_value_t env);

/** eff_race_first_all(a, b, c): ends as the first of its arguments to end. @param ... effects, at least one */
#define eff_race_first_all(...) EFF_LISTED_(eff_race_first_all_at, eff_t *, __VA_ARGS__)
/** eff_race_first_all of a list made at run time: eff_race_first_all_list(n, list).
 *  @param ... how many, at least 1; the list, which is borrowed, of effects, which are consumed */
#define eff_race_first_all_list(...) eff_race_first_all_at(EFF_SITE, __VA_ARGS__)
#define eff_race_with(a, b, ...) eff_race_with_at(EFF_SITE_OF(__VA_ARGS__), (a), (b), __VA_ARGS__)

EFF_END_DECLS
#endif
