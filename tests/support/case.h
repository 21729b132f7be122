/* Behaviour cases: a program builder, what it must end with, and an invariant that holds however it ends. Written this
 * way, one case is checked plainly and then by every sweep (docs/testing.md): interrupted, timed out, closed
 * upon, shut down and freed at every instruction, every allocation failed, ready fibers shuffled.
 *
 *     static eff_t *program(struct world *w)
 *     {
 *         eff_t *e = eff_acquire_use_release(acquire(w, "a"), use, release, eff_ptr(w));
 *         return eff_ensuring(e, say(w, "end"));
 *     }
 *     CASE(FIN_006_release_runs_when_use_fails, program, .fails = "7", .journal = "a+ use a- end")
 *
 *     TESTS(FIN_006_release_runs_when_use_fails, ...)      // at the end of the file: defines main
 */
#ifndef TESTS_SUPPORT_CASE_H
#define TESTS_SUPPORT_CASE_H

#include <check.h>
#include <effect/effect.h>
#include <effect/test_check.h>

/* What a program works on and leaves behind. Made anew, zeroed, for every run. */
struct world {
    char journal[4096];     /* words separated by one space, in the order in which they were said */
    int acquired;           /* by acquire() */
    int released;           /* by release() */
    int64_t n[8];           /* counters for the program's own use */
    eff_fiber_t *fibers[8]; /* handles; dropped at the end of the run */
    eff_queue_t *queue;
    eff_deferred_t *deferreds[4];
    eff_test_t *test; /* the driver that runs it, for eff_test_now */
};

/* ---- building blocks; all take eff_literal-like static strings */

/* Adds a word to the journal when it runs; succeeds with unit. */
eff_t *say(struct world *w, const char *word);
/* Adds "word@<virtual time in ms>" when it runs. */
eff_t *say_time(struct world *w, const char *word);
/* n[i]++ when it runs; succeeds with the new count. */
eff_t *count(struct world *w, int i);
/* Says "name+" and counts w->acquired; succeeds with a value that release() takes. */
eff_t *acquire(struct world *w, const char *name);
/* An eff_release_fn with env eff_ptr(w): says "name-" and counts w->released. */
void release(eff_value_t resource, const eff_exit_t *exit, eff_value_t env);
/* Adds a word from plain C, in a callback. */
void journal_add(struct world *w, const char *word);
/* Stores a fiber handle that e succeeds with into w->fibers[i]; succeeds with unit. */
eff_t *keep(struct world *w, int i, eff_t *e);
/* The exit of e as a journal word: "ok:<value>", "fail:<value>", "die", "interrupt", "then(..)", "both(..)". */
eff_t *say_exit(struct world *w, eff_t *e);
/* Builds an effect from w->fibers[i] when it runs (join, await, interrupt ...). */
eff_t *with_fiber(struct world *w, int i, eff_t *(*f)(eff_fiber_t *fiber));

/* ---- cases */

enum sweeps {
    SWEEP_ALL = 0,
    NO_INTERRUPTS = 1,  /* nothing is done to the running program: say why beside it */
    NO_ALLOCATIONS = 2, /* allocations are not failed: say why */
    NO_SHUFFLES = 4,    /* the journal depends on the order of ready fibers */
    NO_AROUND = 8,      /* not put into a timeout, a scope or a region: it looks at its own id, trace or the sleepers */
    NO_QUEUE = 16,      /* its queue is not shut down: it counts the items */
    ANY_EXIT = 32,      /* how a run ends depends on what comes first */
    NO_BUDGETS = 128,   /* nobody else may have a turn in the middle of what happens at once here */
    NO_FREE = 64        /* its runtime is not freed under it: who owes an answer would not get to giving it */
};

/* How the plain run must end; exactly one of these, or `check`. Values are compared by their formatted text. */
struct expectation {
    const char *succeeds; /* the success value as text: "42", "[1, 2]", "unit" */
    const char *fails;    /* the leftmost Fail's value as text; the cause must have no Die */
    const char *dies;     /* a piece of the leftmost Die's text */
    bool interrupted;     /* the cause is interrupted only */
    const char *cause;    /* the shape: "fail(1)", "then(fail(1), die)", "both(fail(1), interrupt)" */
    const char *journal;  /* the whole journal; NULL: not looked at */
    int64_t ms;           /* virtual milliseconds the run took, when `timed` */
    bool timed;
    void (*check)(struct world *w, const eff_exit_t *exit); /* more, on the plain run */
    void (*invariant)(struct world *w);                     /* after every run, swept ones too */
    enum sweeps without;
};

/* Mind, in a case: what gives back an async handle must do so even if it is interrupted or has no memory, or the run waits
 * for the outside for ever; and while such a wait exists, virtual time does not move.
 *
 * Runs the program plainly (under TestClock, time jumping whenever idle) and checks the expectation; then the sweeps,
 * checking after every run: acquired == released, the invariant, no live fiber, timer or block, and an exit that is the
 * plain one or what was done may lead to. Any failure prints one line that replays it. */
void run_case(const char *name, eff_t *(*program)(struct world *w), const struct expectation *expected);

#define CASE(name, build, ...)                                                                                         \
    START_TEST(name)                                                                                                   \
    {                                                                                                                  \
        static const struct expectation expected = { __VA_ARGS__ };                                                    \
        run_case(#name, build, &expected);                                                                             \
    }                                                                                                                  \
    END_TEST

/* ---- assertions for tests that are no cases: those of test_check.h, and of what cases are made of */

#undef ck_assert_journal
#define ck_assert_journal(w, text) ck_assert_str_eq((w)->journal, text)
/* Consumes exit. */
void ck_assert_exit_(const char *file, int line, eff_exit_t exit, const char *how, const char *text);
/* The shape of a cause or exit as in `struct expectation`.cause; succeeding: "ok(value)". Static buffer. */
const char *shape_of(const eff_exit_t *exit);

/* ---- main: installs the counting allocator before anything else; each test's teardown asserts that no block is live */

int run_tests(const char *suite, const TTest *const *tests, size_t n);
/* At the end of the file: the tests in order. */
#define TESTS(...)                                                                                                     \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        const TTest *const tests[] = { __VA_ARGS__ };                                                                  \
        return run_tests(__FILE__, tests, sizeof tests / sizeof tests[0]);                                             \
    }
#endif
