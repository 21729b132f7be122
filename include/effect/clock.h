/** @file
 * Time: the Clock service, and the effects that use it.
 *
 *     e = eff_timeout_fail(e, eff_seconds(2), eff_error(&eff_timeout_error, 0, "no answer"));
 *
 * Clock is a default tag: without anybody providing one it is the monotonic clock of the runtime's loop, so eff_sleep
 * needs no layer. Providing another Clock, such as TestClock (test_clock.h), changes every timed operation below it.
 * Negative durations count as 0; sleeping 0 is a yield. Sleepers with equal deadlines wake in the order of going to
 * sleep.
 *
 * A Clock shows two times. The one that sleeps and timeouts go by, eff_clock_now, never goes back. The other one,
 * eff_clock_wall, is what a calendar shows: for people, and for nothing that has to be measured, since it may be set at
 * any moment.
 *
 * A timeout is a race of the effect, which is a fiber of its own, and time; under a Clock that the library does not know,
 * its sleep is a fiber too. A body that cannot be interrupted is waited for, however late. To leave such a body behind,
 * see eff_disconnect.
 */
#ifndef EFFECT_CLOCK_H
#define EFFECT_CLOCK_H

#include <effect/construct.h>
#include <effect/duration.h>
#include <effect/service.h>

EFF_BEGIN_DECLS

/**
 * The Clock service. To write one, put it in a struct with what it works on; see EFF_CONTAINER_OF. One that runs at twice
 * the speed of another:
 *
 *     struct fast { eff_clock_t clock, *under; };
 *     static eff_instant_t now(eff_clock_t *c)
 *     {
 *         eff_clock_t *under = EFF_CONTAINER_OF(c, struct fast, clock)->under;
 *         return (eff_instant_t){ under->now(under).ns * 2 };
 *     }
 *     static eff_t *sleep(eff_clock_t *c, eff_duration_t d)
 *     {
 *         eff_clock_t *under = EFF_CONTAINER_OF(c, struct fast, clock)->under;
 *         return under->sleep(under, eff_duration_scale(d, 0.5));
 *     }
 *     struct fast fast = { { sizeof(eff_clock_t), now, wall, sleep }, eff_clock_system() };
 *     e = eff_clock_provide(e, &fast.clock);
 *
 * The functions of another Clock are called with that one, as here. They are not for a copy of its struct: what they work
 * on stands behind it.
 */
struct eff_clock {
    size_t size; /**< sizeof(eff_clock_t): tells the library which operations there are */
    /** The time, since the clock's own start. It never goes back. @borrows{clock} @return by this clock */
    eff_instant_t (*now)(eff_clock_t *clock);
    /** What a calendar shows, since 1970-01-01 00:00 UTC: it may jump. @borrows{clock} @return by this clock */
    eff_instant_t (*wall)(eff_clock_t *clock);
    /**
     * Builds the effect that waits. It runs in the fiber that sleeps, and a sleep in it is one by the Clock in effect,
     * which is this one: sleep by another, with that one's `sleep`.
     * - Success: with any value, which is dropped, when d has passed by `now`; never earlier.
     * - Failure: becomes that of the sleeper.
     * - Interruption: ends the wait.
     *
     * @param clock borrowed until the effect has ended
     * @param d how long, by this clock; more than 0
     * @returns_new
     */
    eff_t *(*sleep)(eff_clock_t *clock, eff_duration_t d);
};

/** What service.h generates: eff_clock_tag, eff_clock_with, eff_clock_from, eff_clock_provide, eff_clock_provide_value,
 *  eff_clock_value; eff_clock__use is for these. */
EFF_DECLARE_API_SERVICE(EFF_API, eff_clock, eff_clock_t);
/** Runs what use makes of the Clock.
 *  @param ... use, an `eff_t *(*)(eff_clock_t *, eff_value_t env)`, and env, consumed: as NAME_with of service.h
 *  @returns_new */
#define eff_clock_with(...) eff_clock_with_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
/** Runs an effect with this Clock.
 *  @param ... the effect, consumed, and a `eff_clock_t *`, borrowed until it has ended @returns_new */
#define eff_clock_provide(...) eff_clock_provide_at(EFF_SITE, __VA_ARGS__)
/** Runs an effect with this Clock. @param ... the effect and the service as a value, both consumed @returns_new */
#define eff_clock_provide_value(...) eff_clock_provide_value_at(EFF_SITE, __VA_ARGS__)

/** The live Clock, which is the default: what a Clock of your own may be made of. @return borrowed: static */
EFF_API eff_clock_t *eff_clock_system(void);
/** A layer that provides the live Clock: for a part of a program that runs under another one, such as a test's real
 *  wait. @returns_new @see eff_test_clock */
EFF_API EFF_MUST_USE eff_layer_t *eff_clock_live(void);

/** Suspends the fiber for d, on the real clock rounded up to the millisecond; never for less.
 *  - Success: with unit.
 *  - Interruption: wakes the sleeper at once.
 *
 *  @param site where it is composed; the macro fills it in
 *  @param d how long, from when it runs
 *  @returns_new
 *
 *  Waiting allocates nothing; O(log sleepers). */
EFF_API EFF_MUST_USE eff_t *eff_sleep_at(eff_site_t site, eff_duration_t d);
/** Sleeps for d, then runs e.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param d how long
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_delay_at(eff_site_t site, eff_t *e, eff_duration_t d);
/** Runs e for at most d.
 *  - Success: with some(e's value); with none when d has passed, e having been interrupted and awaited first. Of an end
 *    at the very deadline, e's counts.
 *  - Failure: with e's, if that came in time. What e fails with while it is being interrupted goes to the runtime's
 *    on_unobserved.
 *  - Interruption: e is interrupted and awaited; also when its time is up already, and it has yet to end.
 *
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param d how long, from when it runs
 *  @returns_new
 *  @see eff_timeout_fail, eff_timeout_to; eff_within (deadline.h), which what e calls knows of */
EFF_API EFF_MUST_USE eff_t *eff_timeout_at(eff_site_t site, eff_t *e, eff_duration_t d);
/** As eff_timeout, but succeeds with e's value itself, and fails with the given error when d has passed.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param d how long
 *  @param error consumes; an eff_timeout_error, or any value
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_timeout_fail_at(eff_site_t site, eff_t *e, eff_duration_t d, eff_value_t error);
/** As eff_timeout, but succeeds with e's value itself, and runs other when d has passed and e has ended.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param d how long
 *  @consumes{other} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_timeout_to_at(eff_site_t site, eff_t *e, eff_duration_t d, eff_t *other);
/** Succeeds with the pair of the time e took (eff_as_duration) and its value; fails as e does. The time is that of
 *  eff_clock_now: setting the calendar changes nothing about it.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_timed_at(eff_site_t site, eff_t *e);
/** Succeeds with the current instant of the Clock (eff_as_instant). On the real clock, the time of the loop's turn.
 *  @param site where it is composed; the macro fills it in
 *  @returns_new @see eff_clock_wall */
EFF_API EFF_MUST_USE eff_t *eff_clock_now_at(eff_site_t site);
/** Succeeds with what the Clock's calendar shows (eff_as_instant), since 1970-01-01 00:00 UTC: for a date in a file or a
 *  message. It may jump, in either direction: to measure, use eff_clock_now.
 *  @param site where it is composed; the macro fills it in
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_clock_wall_at(eff_site_t site);

#define eff_sleep(...) eff_sleep_at(EFF_SITE, __VA_ARGS__)
#define eff_delay(...) eff_delay_at(EFF_SITE, __VA_ARGS__)
#define eff_timeout(...) eff_timeout_at(EFF_SITE, __VA_ARGS__)
#define eff_timeout_fail(...) eff_timeout_fail_at(EFF_SITE, __VA_ARGS__)
#define eff_timeout_to(...) eff_timeout_to_at(EFF_SITE, __VA_ARGS__)
#define eff_timed(...) eff_timed_at(EFF_SITE, __VA_ARGS__)
#define eff_clock_now() eff_clock_now_at(EFF_SITE)
#define eff_clock_wall() eff_clock_wall_at(EFF_SITE)

EFF_END_DECLS
#endif
