/** @file
 * Testing with the library (libeffect-test): run an effect, or drive one from outside as a transcript.
 *
 *     eff_exit_t exit = eff_test_run(resilient_call());      // 300 ms of retries take no time at all
 *
 *     eff_test_t *t = eff_test_new();
 *     eff_fiber_t *fiber = eff_test_fork(t, resilient_call());
 *     eff_test_adjust(t, eff_millis(299));
 *     assert(eff_fiber_poll(fiber) == NULL);
 *     eff_test_adjust(t, eff_millis(1));
 *     assert(eff_fiber_poll(fiber)->ok);
 *     assert(eff_test_free(t) == 0);                         // how many fibers had to be ended
 *
 * Either way the fibers find a test's services: a TestClock (test_clock.h), so that nothing waits for real but for jobs of
 * eff_blocking; a Random with a seed, so that every run draws the same; and a TestConsole (console.h), which keeps what is
 * printed, and with it what the default Logger logs: to be looked at, and shown when the test fails. As a runtime, a test
 * belongs to the thread that made it; several threads may run tests at once.
 *
 * A run must leave nothing behind. Fibers that still run when the effect has ended, and what was made meanwhile and
 * that nobody holds any more nor gave up, make the exit a failure: a defect, whose notes name each, is added to it. So
 * a test that looks at the exit finds out, whatever it is written with; and for one that does not, a report is printed.
 * What the test itself holds in local or static variables counts as held, and what other threads make as theirs, but
 * for jobs of eff_blocking. Values that it has in memory of malloc do not, nor those in a queue, say, that it made
 * before the program's first run: then allow EFF_TEST_MEMORY, or call eff_test_leaks_mark first thing in main, so that
 * what is made from then on is known.
 *
 * Environment of the test program:
 *
 *     EFF_TEST_SEED=7                      the seed of all runs that do not say one
 *     EFF_TEST_SHUFFLE=1                   which of several runnable fibers is next is drawn by lot, in all runs; the seed
 *                                          too, if none is given
 *
 * See test_expect.h for what to look at in an exit, test_check.h for tests written with Check, test_journal.h for
 * transcripts.
 */
#ifndef EFFECT_TEST_H
#define EFFECT_TEST_H

#include <effect/console.h>
#include <effect/logger.h>
#include <effect/runtime.h>
#include <effect/test_clock.h>

EFF_BEGIN_DECLS

/** What a run may leave behind. */
typedef enum eff_test_leftovers {
    EFF_TEST_NOTHING = 0, /**< everything counts */
    EFF_TEST_FIBERS = 1,  /**< fibers may still run, such as daemons: they are interrupted and awaited */
    EFF_TEST_MEMORY = 2   /**< memory is not looked at, nor kept track of, which makes for faster runs */
} eff_test_leftovers_t;

/** Options of a test; zero means the default. With `size` set, what an older header did not have is not read. */
typedef struct eff_test_options {
    size_t size;                    /**< sizeof(eff_test_options_t), or 0 */
    eff_test_clock_options_t clock; /**< of its TestClock */
    uint64_t seed;                  /**< of its Random, and of the order if it is drawn; 0: EFF_TEST_SEED, or 1 */
    bool shuffle;                   /**< which of several runnable fibers is next is drawn by lot, from the seed on */
    unsigned allow;                 /**< what may be left behind: EFF_TEST_FIBERS | EFF_TEST_MEMORY */
    unsigned budget;                /**< instructions a fiber may run before others get their turn; 0: 2^20 */
    eff_duration_t limit;    /**< of eff_test_run: virtual time after which the effect is interrupted, and a defect
                                         is the result; 0: none */
    eff_duration_t patience; /**< real time after which stderr is told what a run waits for that comes from outside,
                                         and again after twice that, and so on; 0: 5 s; eff_duration_max: never */
    /** Keeps what is printed and logged, and has what is typed; borrowed, retained while the test lasts. NULL: one of its
     *  own. */
    eff_test_console_t *console;
    /** Keeps what is logged, which is then not on the console; borrowed, retained while the test lasts. NULL: the default
     *  Logger, whose lines are on the console. */
    eff_test_logger_t *logger;
    bool live;              /**< only the Clock is a test's: without `console`, output is the process's, and random
                                 numbers are the system's */
    eff_context_t *context; /**< services for all its fibers, daemons too, on top of the test's; consumed; NULL:
                                         none */
    eff_layer_t *layer;     /**< of eff_test_run: provided to the effect; consumed; NULL: none */
    /** Told what was left behind, once all of it is gone that could be: for a framework's way to fail. NULL: it is
     *  printed to stderr. It may leave by longjmp: what is lost then is the exit, and the report. */
    void (*on_left)(const char *report, void *arg);
    void *arg; /**< of on_left */
} eff_test_options_t;

/** For this thread: what zeros in the options of later tests stand for, and tests without options have; `allow` is
 *  added to theirs. Meant for the main of a test program.
 *  @param options borrows: copied, without console, logger, context and layer; NULL: as at the beginning */
EFF_API void eff_test_set_defaults(const eff_test_options_t *options);

/* ---- running an effect */

/** Runs e to its end in a test's environment: whenever everything is idle, time jumps to the next deadline. Not from
 *  inside a fiber.
 *  - Success: with e's value.
 *  - Failure: as e's. What is left behind is a defect (see the top): instead of a success, else after e's failure. A run
 *    that waits for what comes from outside does so in silence; for how long, see `patience`.
 *
 *  @consumes{e}
 *  @return new; a Die(out of memory) when there is no memory to start */
EFF_API EFF_MUST_USE eff_exit_t eff_test_run(eff_t *e);
/** The same with options.
 *  @param options borrows, but for its context and layer, which are consumed; NULL: all defaults
 *  @consumes{e}
 *  @return new */
EFF_API EFF_MUST_USE eff_exit_t eff_test_run_with(const eff_test_options_t *options, eff_t *e);
/**
 * Runs an effect many times, each time in another order of the runnable fibers, until one run does not succeed. The first
 * is in the usual order; each has a seed of its own, from which Random draws too.
 *
 *     static eff_t *transfers(void *arg) { ... }             // builds it anew; ends with a check of what must hold
 *     ck_assert_exit(eff_test_run_shuffled(200, transfers, &bank), "ok(unit)");
 *
 * When one does not succeed, a line on stderr, and a note of the cause, say with which EFF_TEST_SEED this order comes
 * again: with that in the environment, only this run is done. O(n) runs.
 *
 * @param n how many runs
 * @param make builds the effect, and puts what it works on as it was; returns new
 * @param arg passed to make
 * @return new: the exit of the first run that did not succeed, or else of the last
 */
EFF_API EFF_MUST_USE eff_exit_t eff_test_run_shuffled(unsigned n, eff_t *(*make)(void *arg), void *arg);
/** The same with options. @param options borrows; its context and layer must be NULL; NULL: all defaults
 *  @param n how many runs
 *  @param make builds the effect; returns new
 *  @param arg passed to make
 *  @return new */
EFF_API EFF_MUST_USE eff_exit_t eff_test_run_shuffled_with(const eff_test_options_t *options, unsigned n,
                                                           eff_t *(*make)(void *arg), void *arg);

/** What was printed and logged in this thread's latest eff_test_run, as a terminal shows it, and then what a `logger` has:
 *  for a framework's message that a test has failed. Those of test_expect.h have it.
 *  @return borrowed, until the next run; of a long text, the last 4,000 bytes or so */
EFF_API const char *eff_test_latest_screen(void);

/* ---- driving fibers from outside. Time moves by hand. From inside a fiber, or a callback of a loop that runs, adjust, set,
 * step, poll, free and end are misuse, and do nothing: a fiber moves time with eff_test_clock_adjust. */

/** A runtime in a test's environment, driven from outside any fiber. */
typedef struct eff_test eff_test_t;

/** A test, at instant 0. @return new, for eff_test_free or eff_test_end; NULL when out of memory */
EFF_API EFF_MUST_USE eff_test_t *eff_test_new(void);
/** The same with options.
 *  @param options borrows, but for its context, which is consumed; NULL: all defaults
 *  @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_test_t *eff_test_new_with(const eff_test_options_t *options);
/** Starts e as a fiber of its own; it runs nothing before the next adjust, step or poll.
 *  @borrows{t} @consumes{e} @return borrowed: the test owns it; NULL when out of memory */
EFF_API eff_fiber_t *eff_test_fork(eff_test_t *t, eff_t *e);
/** Lets everything run until idle, moving time by d from deadline to deadline. (From a fiber: eff_test_clock_adjust.)
 *  @borrows{t}
 *  @param d how far; negative counts as 0, which only lets everything run */
EFF_API void eff_test_adjust(eff_test_t *t, eff_duration_t d);
/** The same to a moment; one in the past is misuse, and moves nothing. @borrows{t} @param to since the test began */
EFF_API void eff_test_set(eff_test_t *t, eff_instant_t to);
/** Lets everything run until idle, moving time to the next deadline but no further than told.
 *  @borrows{t}
 *  @param at_most how far at the most; negative counts as 0
 *  @return how far it went: at_most, when no deadline comes earlier */
EFF_API eff_duration_t eff_test_step(eff_test_t *t, eff_duration_t at_most);
/** Lets everything run until idle, without moving time, and looks at a fiber.
 *  @borrows{t, fiber}
 *  @return borrowed from fiber: how it has ended; NULL while it has not. eff_fiber_poll looks without letting it run */
EFF_API const eff_exit_t *eff_test_poll(eff_test_t *t, eff_fiber_t *fiber);
/** Interrupts a fiber; it ends during the next adjust, step or poll. @borrows{t, fiber} */
EFF_API void eff_test_interrupt(eff_test_t *t, eff_fiber_t *fiber);
/** Sets what the calendar shows (eff_clock_wall), which wakes nobody. @borrows{t} @param wall since 1970-01-01 00:00 UTC */
EFF_API void eff_test_set_wall(eff_test_t *t, eff_instant_t wall);

/** The time since the test began. @borrows{t} @return what the adjusts add up to */
EFF_API eff_duration_t eff_test_now(const eff_test_t *t);
/** How long it is until the next sleeper is due.
 *  @borrows{t}
 *  @param ret_left how long; may be NULL
 *  @return false when nobody sleeps */
EFF_API bool eff_test_next(const eff_test_t *t, eff_duration_t *ret_left);
/** How many fibers sleep on the test's clock, those of timeouts included. @borrows{t} @return the number */
EFF_API size_t eff_test_n_sleepers(const eff_test_t *t);
/** Whether its fibers wait for each other only: none can run, none sleeps, none waits for the outside. In eff_run, that
 *  would be their death. @borrows{t} @return false too when there is none */
EFF_API bool eff_test_is_stuck(const eff_test_t *t);
/** The TestConsole of the test, to type on, and to look at what was printed and logged (console.h). @borrows{t}
 *  @return borrowed; NULL with `live`, unless one was given */
EFF_API eff_test_console_t *eff_test_get_console(eff_test_t *t);
/** The runtime of the test, to look at with eff_runtime_dump (dump.h). @borrows{t} @return borrowed; ends with the test */
EFF_API eff_runtime_t *eff_test_runtime(eff_test_t *t);

/** Interrupts what still runs, waits for it (time jumps), and frees the test.
 *  @param t consumes; NULL is fine
 *  @return how many fibers had to be ended, sides of races and timeouts included: 0 in a clean test */
EFF_API size_t eff_test_free(eff_test_t *t);
/** The same, and tells what was left behind, memory that was made since eff_test_new included. What the test itself holds
 *  in variables is not.
 *  @param t consumes; NULL is fine
 *  @param out a line is added for each thing; may be NULL
 *  @return how many things there were: 0 in a clean test */
EFF_API size_t eff_test_end(eff_test_t *t, eff_buffer_t *out);

/* ---- leaks */

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
