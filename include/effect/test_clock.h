/** @file
 * TestClock: time that moves only when told.
 *
 *     static eff_t *script_step(struct script *s, eff_gen_t *g)
 *     {
 *         EFF_GEN_BEGIN(g);
 *         EFF_AWAIT(eff_fiber_into(eff_fork(eff_sleep(eff_hours(10))), &s->sleeper));
 *         EFF_AWAIT(eff_test_clock_adjust(eff_hours(11)));           // takes no real time
 *         ...
 *
 * Adjusting goes from deadline to deadline in order; before each, and at the end, everything runs until it is idle.
 * Sleeps scheduled meanwhile count. eff_test_run and eff_test_new (test.h) provide one.
 */
#ifndef EFFECT_TEST_CLOCK_H
#define EFFECT_TEST_CLOCK_H

#include <effect/clock.h>
#include <effect/layer.h>

EFF_BEGIN_DECLS

/** A layer that provides a TestClock, at instant 0, as the Clock. */
EFF_API EFF_MUST_USE eff_layer_t *eff_test_clock(void);
/** Moves the time by d. Dies when the Clock in effect is no TestClock. Concurrent adjusts are serialised. */
EFF_API EFF_MUST_USE eff_t *eff_test_clock_adjust_at(eff_site_t site, eff_duration_t d);
/** Moves the time to t; a mistake when t is in the past. */
EFF_API EFF_MUST_USE eff_t *eff_test_clock_set_at(eff_site_t site, eff_instant_t t);
/** Succeeds with the array of the deadlines of those who sleep, in order. */
EFF_API EFF_MUST_USE eff_t *eff_test_clock_sleeps_at(eff_site_t site);
#define eff_test_clock_adjust(...) eff_test_clock_adjust_at(EFF_SITE, __VA_ARGS__)
#define eff_test_clock_set(...) eff_test_clock_set_at(EFF_SITE, __VA_ARGS__)
#define eff_test_clock_sleeps() eff_test_clock_sleeps_at(EFF_SITE)

EFF_END_DECLS
#endif
