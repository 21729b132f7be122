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
 * Time is a TestClock's: nothing waits for real, but for jobs of eff_blocking. As a runtime, a test belongs to the
 * thread that made it.
 */
#ifndef EFFECT_TEST_H
#define EFFECT_TEST_H

#include <effect/runtime.h>
#include <effect/test_clock.h>

EFF_BEGIN_DECLS

/** A runtime under a TestClock, driven from outside any fiber. */
typedef struct eff_test eff_test_t;

/** Runs e with a TestClock to its end: whenever everything is idle, time jumps to the next deadline. What e left
 *  running is interrupted and awaited. Not from inside a fiber.
 *  @consumes{e} @return new; a Die(out of memory) when there is no memory to start */
EFF_API EFF_MUST_USE eff_exit_t eff_test_run(eff_t *e);

/** A test, at instant 0. @return new, for eff_test_free; NULL when out of memory */
EFF_API EFF_MUST_USE eff_test_t *eff_test_new(void);
/** Starts e as a fiber of its own; it runs nothing before the next adjust.
 *  @borrows{t} @consumes{e} @return borrowed: the test owns it; NULL when out of memory */
EFF_API eff_fiber_t *eff_test_fork(eff_test_t *t, eff_t *e);
/** Lets everything run until idle, moving time by d from deadline to deadline. Not from inside a fiber: there,
 *  eff_test_clock_adjust. @borrows{t}
 *  @param d how far; negative counts as 0, which only lets everything run */
EFF_API void eff_test_adjust(eff_test_t *t, eff_duration_t d);
/** Interrupts a fiber; it ends during the next adjust. @borrows{t, fiber} */
EFF_API void eff_test_interrupt(eff_test_t *t, eff_fiber_t *fiber);
/** The time since the test began. @borrows{t} @return what the adjusts add up to */
EFF_API eff_duration_t eff_test_now(const eff_test_t *t);
/** The runtime of the test, to look at with eff_runtime_dump (dump.h). @borrows{t} @return borrowed; ends with the test */
EFF_API eff_runtime_t *eff_test_runtime(eff_test_t *t);
/** Interrupts what still runs, waits for it (time jumps), and frees the test.
 *  @param t consumes; NULL is fine
 *  @return how many fibers had to be ended, sides of races and timeouts included: 0 in a clean test */
EFF_API size_t eff_test_free(eff_test_t *t);

/** Begins to keep track of what is made, to look for leaks later: before any runtime is made that the test is about.
 *
 *      uint64_t mark = eff_test_leaks_mark();
 *      eff_exit_decref(eff_test_run(program()));
 *      eff_buffer_t leaks = EFF_BUFFER_INIT;
 *      if (eff_test_leaks(mark, &leaks) > 0) ck_abort_msg("%s", eff_buffer_text(&leaks));
 *
 *  The free lists of the calling thread are off from then on, and those of threads that begin later; what is on the lists
 *  of others is not kept track of. Everything is slower. It cannot be turned off.
 *  @return where to begin, for eff_test_leaks */
EFF_API uint64_t eff_test_leaks_mark(void);
/** Looks for what was made after a mark and lives: effects, values, scopes, handles of fibers, runtimes, buffers. What is
 *  held by something else that lives is not counted, and nothing is counted twice, however often this is called.
 *  @param mark of eff_test_leaks_mark
 *  @param out a line is added for each kind of leak, most frequent first, such as "2 effects built at probe (health.c:31)
 *             were never run, and never given up"; at most 30
 *  @return how many there are; 0 in a clean test. O(n log n) for n living blocks */
EFF_API size_t eff_test_leaks(uint64_t mark, eff_buffer_t *out);

EFF_END_DECLS
#endif
