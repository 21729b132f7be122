/** @file
 * Time: the Clock service, and the effects that use it.
 *
 *     e = eff_timeout_fail(e, eff_seconds(2), eff_error(&eff_timeout_error, 0, "no answer"));
 *
 * Clock has a default (the monotonic clock of the runtime's loop), so eff_sleep needs no layer; providing another
 * Clock, such as TestClock (test_clock.h), changes every timed operation below it. Negative durations count as 0;
 * sleeping 0 is a yield. Sleepers with equal deadlines wake in the order of going to sleep.
 */
#ifndef EFFECT_CLOCK_H
#define EFFECT_CLOCK_H

#include <effect/construct.h>
#include <effect/duration.h>

EFF_BEGIN_DECLS

/** Suspends the fiber for d. Succeeds with unit. */
EFF_API EFF_MUST_USE eff_t *eff_sleep_at(eff_site_t site, eff_duration_t d);
/** Sleeps for d, then runs e. Consumes e. */
EFF_API EFF_MUST_USE eff_t *eff_delay_at(eff_site_t site, eff_t *e, eff_duration_t d);
/** Succeeds with some(e's value), or none when d has passed: then e is interrupted and awaited first. */
EFF_API EFF_MUST_USE eff_t *eff_timeout_at(eff_site_t site, eff_t *e, eff_duration_t d);
/** As eff_timeout, failing with the given error when d has passed. Consumes e and error. */
EFF_API EFF_MUST_USE eff_t *eff_timeout_fail_at(eff_site_t site, eff_t *e, eff_duration_t d, eff_value_t error);
/** As eff_timeout, running other when d has passed and e has ended. Consumes both. */
EFF_API EFF_MUST_USE eff_t *eff_timeout_to_at(eff_site_t site, eff_t *e, eff_duration_t d, eff_t *other);
/** Succeeds with the pair of the time e took (eff_as_duration) and its value. */
EFF_API EFF_MUST_USE eff_t *eff_timed_at(eff_site_t site, eff_t *e);
/** Succeeds with the current instant of the Clock (eff_as_instant). */
EFF_API EFF_MUST_USE eff_t *eff_clock_now_at(eff_site_t site);
/** Fails with eff_timeout_error unless e ends before the instant t of the Clock. */
EFF_API EFF_MUST_USE eff_t *eff_deadline_at(eff_site_t site, eff_t *e, eff_instant_t t);

#define eff_sleep(...) eff_sleep_at(EFF_SITE, __VA_ARGS__)
#define eff_delay(...) eff_delay_at(EFF_SITE, __VA_ARGS__)
#define eff_timeout(...) eff_timeout_at(EFF_SITE, __VA_ARGS__)
#define eff_timeout_fail(...) eff_timeout_fail_at(EFF_SITE, __VA_ARGS__)
#define eff_timeout_to(...) eff_timeout_to_at(EFF_SITE, __VA_ARGS__)
#define eff_timed(...) eff_timed_at(EFF_SITE, __VA_ARGS__)
#define eff_clock_now() eff_clock_now_at(EFF_SITE)
#define eff_deadline(...) eff_deadline_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
