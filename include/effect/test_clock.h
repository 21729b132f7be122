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
 * Sleeps scheduled meanwhile count. eff_test_run and eff_test_new (test.h) provide one. The idea is that of ZIO's and
 * Effect's TestClock.
 *
 * Idle means that no fiber is runnable and no job of eff_blocking is under way: those are really waited for. A fiber
 * that gets its turn 100,000 times without time moving dies.
 */
#ifndef EFFECT_TEST_CLOCK_H
#define EFFECT_TEST_CLOCK_H

#include <effect/clock.h>
#include <effect/layer.h>

EFF_BEGIN_DECLS

/** A layer that provides a TestClock, at instant 0, as the Clock. @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_test_clock(void);
/** Moves the time by d. Dies when the Clock in effect is no TestClock.
 *  - Success: with unit, once everything is idle at the new time.
 *  - Interruption: time stays where it is.
 *
 *  @param d how far; negative counts as 0, which lets everything run until idle
 *  @returns_new
 *
 *  Of several at a time, each starts where the one before it ends. */
EFF_API EFF_MUST_USE eff_t *eff_test_clock_adjust_at(eff_site_t site, eff_duration_t d);
/** Moves the time to t, as eff_test_clock_adjust does. Dies when t is in the past.
 *  @param t since the clock's start, which is 0
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_test_clock_set_at(eff_site_t site, eff_instant_t t);
/** Succeeds with the array of the deadlines of those who sleep (eff_as_instant), in order. O(fibers). @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_test_clock_sleeps_at(eff_site_t site);
#define eff_test_clock_adjust(...) eff_test_clock_adjust_at(EFF_SITE, __VA_ARGS__)
#define eff_test_clock_set(...) eff_test_clock_set_at(EFF_SITE, __VA_ARGS__)
#define eff_test_clock_sleeps() eff_test_clock_sleeps_at(EFF_SITE)

EFF_END_DECLS
#endif
