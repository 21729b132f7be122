/** @file
 * Testing with the library (libeffect-test): run an effect, or drive one from outside as a transcript.
 *
 *     eff_test_t *t = eff_test_new();
 *     eff_fiber_t *fiber = eff_test_fork(t, resilient_call());
 *     eff_test_adjust(t, eff_millis(299));
 *     assert(eff_fiber_poll(fiber) == NULL);
 *     eff_test_adjust(t, eff_millis(1));
 *     assert(eff_fiber_poll(fiber)->ok);
 *     assert(eff_test_free(t) == 0);             // how many fibers had to be ended
 *
 * Time is a TestClock's: nothing waits for real.
 */
#ifndef EFFECT_TEST_H
#define EFFECT_TEST_H

#include <effect/runtime.h>
#include <effect/test_clock.h>

EFF_BEGIN_DECLS

/** A runtime under a TestClock, driven from outside any fiber. */
typedef struct eff_test eff_test_t;

/** Runs e with a TestClock to its end: whenever everything is idle, time jumps to the next deadline. Consumes e. */
EFF_API EFF_MUST_USE eff_exit_t eff_test_run(eff_t *e);

EFF_API EFF_MUST_USE eff_test_t *eff_test_new(void); /**< at instant 0; NULL when out of memory */
/** Starts e; runs nothing yet. @return borrowed: the test owns it. NULL when out of memory. Consumes e. */
EFF_API eff_fiber_t *eff_test_fork(eff_test_t *t, eff_t *e);
/** Lets everything run until idle, moving time by d from deadline to deadline. */
EFF_API void eff_test_adjust(eff_test_t *t, eff_duration_t d);
/** Interrupts a fiber; it ends during the next adjust. */
EFF_API void eff_test_interrupt(eff_test_t *t, eff_fiber_t *fiber);
/** The time since the test began. */
EFF_API eff_duration_t eff_test_now(const eff_test_t *t);
EFF_API eff_runtime_t *eff_test_runtime(eff_test_t *t); /**< borrowed */
/** Interrupts what still runs, waits for it, and frees the test.
 *  @return how many fibers had to be ended (0 in a clean test) */
EFF_API size_t eff_test_free(eff_test_t *t);

EFF_END_DECLS
#endif
