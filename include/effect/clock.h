/** @file
 * Time: the Clock service, and the effects that use it.
 *
 *     e = eff_timeout_fail(e, eff_seconds(2), eff_error(&eff_timeout_error, 0, "no answer"));
 *
 * Clock has a default (the monotonic clock of the runtime's loop), so eff_sleep needs no layer; providing another
 * Clock, such as TestClock (test_clock.h), changes every timed operation below it. Negative durations count as 0;
 * sleeping 0 is a yield. Sleepers with equal deadlines wake in the order of going to sleep.
 *
 * A timeout is a race of the effect and the clock: both are fibers of their own, and a body that cannot be interrupted
 * is waited for, however late. To leave such a body behind, see eff_disconnect.
 */
#ifndef EFFECT_CLOCK_H
#define EFFECT_CLOCK_H

#include <effect/construct.h>
#include <effect/duration.h>

EFF_BEGIN_DECLS

/** Suspends the fiber for d, on the real clock rounded up to the millisecond; never for less.
 *  - Success: with unit.
 *  - Interruption: wakes the sleeper at once.
 *
 *  @param d how long, from when it runs
 *  @returns_new
 *
 *  Waiting allocates nothing; O(log sleepers). */
EFF_API EFF_MUST_USE eff_t *eff_sleep_at(eff_site_t site, eff_duration_t d);
/** Sleeps for d, then runs e. @consumes{e} @param d how long @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_delay_at(eff_site_t site, eff_t *e, eff_duration_t d);
/** Runs e for at most d.
 *  - Success: with some(e's value); with none when d has passed, e having been interrupted and awaited first. Of an end
 *    at the very deadline, e's counts.
 *  - Failure: with e's, if that came in time. What e fails with while it is being interrupted goes to the runtime's
 *    on_unobserved.
 *  - Interruption: e is interrupted and awaited.
 *
 *  @consumes{e}
 *  @param d how long, from when it runs
 *  @returns_new
 *  @see eff_timeout_fail, eff_timeout_to; eff_within (deadline.h), which what e calls knows of */
EFF_API EFF_MUST_USE eff_t *eff_timeout_at(eff_site_t site, eff_t *e, eff_duration_t d);
/** As eff_timeout, but succeeds with e's value itself, and fails with the given error when d has passed.
 *  @consumes{e}
 *  @param d how long
 *  @param error consumes; an eff_timeout_error, or any value
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_timeout_fail_at(eff_site_t site, eff_t *e, eff_duration_t d, eff_value_t error);
/** As eff_timeout, but succeeds with e's value itself, and runs other when d has passed and e has ended.
 *  @consumes{e}
 *  @param d how long
 *  @consumes{other} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_timeout_to_at(eff_site_t site, eff_t *e, eff_duration_t d, eff_t *other);
/** Succeeds with the pair of the time e took (eff_as_duration) and its value; fails as e does.
 *  @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_timed_at(eff_site_t site, eff_t *e);
/** Succeeds with the current instant of the Clock (eff_as_instant). On the real clock, the time of the loop's turn.
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_clock_now_at(eff_site_t site);

#define eff_sleep(...) eff_sleep_at(EFF_SITE, __VA_ARGS__)
#define eff_delay(...) eff_delay_at(EFF_SITE, __VA_ARGS__)
#define eff_timeout(...) eff_timeout_at(EFF_SITE, __VA_ARGS__)
#define eff_timeout_fail(...) eff_timeout_fail_at(EFF_SITE, __VA_ARGS__)
#define eff_timeout_to(...) eff_timeout_to_at(EFF_SITE, __VA_ARGS__)
#define eff_timed(...) eff_timed_at(EFF_SITE, __VA_ARGS__)
#define eff_clock_now() eff_clock_now_at(EFF_SITE)

EFF_END_DECLS
#endif
