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
 * Idle means that no fiber is runnable and no job of eff_blocking is under way: those are really waited for. What else
 * comes from outside is not: beside fibers that wait for a descriptor or an async handle, the loop is polled once before
 * time moves, and whether their answer is there by then is a matter of luck. So a test in which virtual time and real
 * input meet is inexact; give the program a service instead of the socket, or await the input before adjusting.
 *
 * A fiber that keeps running while time stands still would run for ever: one that gets its turn 100,000 times, or spends
 * its budget 100 times, dies of that, and the defect names it. When only fibers are left that sleep, and none that could
 * adjust, they are a deadlock, which the report says.
 */
#ifndef EFFECT_TEST_CLOCK_H
#define EFFECT_TEST_CLOCK_H

#include <effect/clock.h>
#include <effect/layer.h>

EFF_BEGIN_DECLS

/** Who moves the time of a TestClock. */
typedef enum eff_test_clock_advance {
    EFF_TEST_CLOCK_AS_USUAL, /**< by hand; under eff_test_run, by itself */
    EFF_TEST_CLOCK_BY_HAND,  /**< eff_test_clock_adjust and its kin, or the test driver */
    EFF_TEST_CLOCK_BY_ITSELF /**< whenever everything is idle it jumps to the next deadline too */
} eff_test_clock_advance_t;

/** Options of a TestClock; zero means the default. With `size` set, what an older header did not have is not read. */
typedef struct eff_test_clock_options {
    size_t size;                      /**< sizeof(eff_test_clock_options_t), or 0 */
    eff_test_clock_advance_t advance; /**< who moves the time */
    bool ignore_outside;              /**< it jumps by itself although fibers wait for descriptors or async handles; by
                                           default it waits for them, for as long as that takes */
    unsigned max_turns;               /**< that a fiber may get without time moving; 0: 100,000; at most 1,000,000 */
    unsigned max_budgets;             /**< that a fiber may spend without time moving; 0: 100 */
    eff_instant_t wall;               /**< what its calendar shows at the beginning; 0: 1970-01-01 00:00 UTC */
    double rate; /**< so many seconds pass by themselves in a real one, and sleepers really wait; it jumps when told,
                      but not by itself. 0: time stands */
} eff_test_clock_options_t;

/** A layer that provides a TestClock, at instant 0, as the Clock. @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_test_clock(void);
/** The same with options.
 *  @param options borrows: copied; NULL: all defaults
 *  @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_test_clock_with(const eff_test_clock_options_t *options);
/** A TestClock as a value, for eff_clock_provide_value and eff_context_add. It belongs to the runtime that uses it first.
 *  @param options borrows: copied; NULL: all defaults
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_test_clock_value(const eff_test_clock_options_t *options);

/* ---- moving it. Dies when the Clock in effect is no TestClock. Of several at a time, each begins where the one before it
 * ends. */

/** Moves the time by d.
 *  - Success: with unit, once everything is idle at the new time.
 *  - Interruption: time stays where it is.
 *
 *  @param site where it is composed; the macro fills it in
 *  @param d how far; negative counts as 0, which lets everything run until idle
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_test_clock_adjust_at(eff_site_t site, eff_duration_t d);
/** Moves the time to t, as eff_test_clock_adjust does. Dies when t is in the past.
 *  @param site where it is composed; the macro fills it in
 *  @param t since the clock's start, which is 0
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_test_clock_set_at(eff_site_t site, eff_instant_t t);
/** Moves the time to the next deadline, but no further than told: for a script that looks at each step.
 *  - Success: with how far it went (eff_as_duration): at_most, when no deadline comes earlier.
 *  - Interruption: time stays where it is.
 *
 *  @param site where it is composed; the macro fills it in
 *  @param at_most how far at the most; negative counts as 0
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_test_clock_step_at(eff_site_t site, eff_duration_t at_most);
/** Sets what the calendar shows, eff_clock_wall, forwards or back, as an administrator would. No sleeper wakes, and no
 *  timed operation takes longer or shorter for it. It goes on from there as time moves.
 *  @param site where it is composed; the macro fills it in
 *  @param t since 1970-01-01 00:00 UTC
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_test_clock_set_wall_at(eff_site_t site, eff_instant_t t);

/* ---- looking at it. Dies when the Clock in effect is no TestClock. */

/** Waits until everything else has been idle for a while: all other fibers sleep, wait, or have ended. It is served before
 *  time moves, and never keeps it from moving otherwise.
 *  - Success: with unit. Of several, all whose while is over, in the order of asking.
 *  - Interruption: ends the wait.
 *
 *  @param site where it is composed; the macro fills it in
 *  @param cushion for how long nothing may have run, in virtual time, which somebody else has to move, or moves by itself;
 *                 0: until all is idle now
 *  @returns_new
 *
 *  The idea is that of Trio's wait_all_tasks_blocked. */
EFF_API EFF_MUST_USE eff_t *eff_test_clock_idle_at(eff_site_t site, eff_duration_t cushion);
/** Succeeds with the array of the deadlines of those who sleep (eff_as_instant), in order. O(fibers).
 *  @param site where it is composed; the macro fills it in
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_test_clock_sleeps_at(eff_site_t site);
/** Succeeds with some(how long it is until the next sleeper is due) (eff_as_duration), or with none.
 *  @param site where it is composed; the macro fills it in
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_test_clock_next_at(eff_site_t site);

#define eff_test_clock_adjust(...) eff_test_clock_adjust_at(EFF_SITE, __VA_ARGS__)
#define eff_test_clock_set(...) eff_test_clock_set_at(EFF_SITE, __VA_ARGS__)
#define eff_test_clock_step(...) eff_test_clock_step_at(EFF_SITE, __VA_ARGS__)
#define eff_test_clock_set_wall(...) eff_test_clock_set_wall_at(EFF_SITE, __VA_ARGS__)
#define eff_test_clock_idle(...) eff_test_clock_idle_at(EFF_SITE, __VA_ARGS__)
#define eff_test_clock_sleeps() eff_test_clock_sleeps_at(EFF_SITE)
#define eff_test_clock_next() eff_test_clock_next_at(EFF_SITE)

EFF_END_DECLS
#endif
