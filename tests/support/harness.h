/* What the parts of the harness tell each other: case.h is what tests see.
 *
 *     failing_allocator.c  counts blocks and fails on demand
 *     journal.c            the building blocks of programs
 *     shape.c              exits as text
 *     inject.c             what is done to a running program
 *     judge.c              what must hold meanwhile and afterwards
 *     invariants.c         the runtime's structures against each other
 *     replay.c             the line that does a run again
 *     run.c                one run of a program
 *     sweep.c              all the injections of a case
 *     case.c               the plain run against its expectation; main
 */
#ifndef TESTS_SUPPORT_HARNESS_H
#define TESTS_SUPPORT_HARNESS_H

#include "runtime/runtime.h"
#include "support/case.h"
#include "support/scale.h"

/* ---- shape.c */

/* As shape_of, as a word of the journal: "fail:7", "then(die,interrupt)". Static buffer. */
const char *word_of(const eff_exit_t *exit);
/* The shape and the whole text. Static buffer. */
const char *full_text_of(const eff_exit_t *exit);
/* Whether the exit is as ck_assert_exit_ wants it. */
bool exit_is(const eff_exit_t *exit, const char *how, const char *text);

/* ---- inject.c */

/* What is done to a running program. */
enum kind {
    INTERRUPT, /* of a fiber */
    TIMEOUT,   /* it is the body of an eff_timeout, whose time is up */
    SCOPE,     /* it was forked in a scope, which closes */
    REGION,    /* it was forked by a region, which ends */
    GRACE,     /* it runs in an eff_graceful, which is interrupted */
    QUEUE,     /* of its world, which is shut down */
    SHUTDOWN,  /* of the runtime */
    FREE       /* of the runtime, with its fibers alive */
};

struct action {
    enum kind kind;
    uint64_t victim; /* INTERRUPT: the id of the fiber */
    long at;         /* before which instruction, of all fibers together, from 1; 0: never. A moment in which everything
                        is idle counts as one */
};

/* What one run differs in from the plain one. */
struct injection {
    bool stepped; /* the hooks are there; so they are with actions */
    int n_actions;
    struct action actions[2];
    bool shuffled;
    uint64_t seed;   /* of the order */
    unsigned budget; /* instructions after which a fiber loses the loop; 0: so many that it does not */
    bool fails;      /* a request for memory does: */
    long request;    /* this one, from 0 */
    bool sticky;     /* and all later ones */
    enum kind kind;  /* TIMEOUT to GRACE: what the program is put into; INTERRUPT: nothing */
};

/* What a run was like. */
struct outcome {
    char shape[4096];
    char text[4096]; /* of the plain run: its whole exit */
    char journal[4096];
    int64_t ms;     /* virtual */
    long steps;     /* as in action.at; 0 without the hooks */
    long requests;  /* for memory */
    uint64_t n_ids; /* fibers there were, and so the ids: 1 to n_ids */
    long born[32];  /* the instruction before which fiber i was first there */
    bool queue;     /* there was one in its world */
    bool outside;   /* something waited for the outside, at a step: virtual time stands still meanwhile */
    bool hit;       /* the last action found its target; the request was made; there was a choice of order */
};

struct run {
    const char *name;
    const struct expectation *expected;
    const struct injection *injection;
    const struct outcome *plain;
    struct outcome *outcome;
    eff_runtime_t *rt;
    struct world w;
    long max_steps, next_check;
    uint64_t seed;
    struct eff__idle idler;
    eff_deferred_t *gate;    /* SCOPE, REGION: opened to end it */
    int n_shutdowns, n_done; /* of SHUTDOWN: begun, ended */
    bool stopped;            /* of FREE: the fibers do not go on */
    int n_skipped;           /* finalizers that did not run since the runtime was freed */
    int n_in_hand;           /* fibers that were between two steps, with a value that nobody owns yet, masked */
    bool freed_alive;        /* which was reported, as is right */
    char misuse[512];        /* the first mistake that was reported outside of fibers */
};

/* The program in what the injection puts it into; consumes it. */
eff_t *put_into(struct run *r, eff_t *program);
/* Has the runtime's hooks do what the injection says; and no more. */
void begin_injecting(struct run *r);
void end_injecting(struct run *r);

/* ---- judge.c: each aborts the test */

/* The exit is what the case expects; or, given an injection, as far as that leaves it. */
void judge_exit(struct run *r, const eff_exit_t *exit);
/* Nothing is left in the runtime. */
void judge_end(struct run *r);
/* The structures agree with each other, as far as they are looked at at this step. */
void judge_step(struct run *r, const eff_fiber_t *f);
void fail_run(struct run *r, const char *fmt, ...) EFF_PRINTF(2, 3);

/* ---- replay.c: the line that does a run again */

/* From now on, a crash or a failure prints the line of this run. NULL: the run has ended well. */
void note_replay(const char *name, const struct injection *injection);
/* The line, as it is printed. Static buffer. */
const char *replay_of(const char *name, const struct injection *injection);
/* What a line asks for, if it is about this test; false when it names another one. */
bool asked_for(const char *name, const char *line, struct injection *ret_injection);
/* Prints the line of the run that goes on, if one does. */
void tell_replay(void);
/* Has that done when the process ends or crashes, or as this signal comes, which then ends it. */
void tell_replay_at_the_end(void);
void tell_replay_on(int number);

/* ---- run.c */

/* Runs the program once. Whatever the injection, checks that nothing is left and the invariant holds; aborts the test
 * with the line that replays it otherwise. `plain`: what the run without it was like, with which the exit must agree as
 * far as the injection leaves it; NULL in the plain run itself, when `expected` is checked. */
void run_once(const char *name, eff_t *(*program)(struct world *w), const struct expectation *expected,
              const struct injection *injection, const struct outcome *plain, struct outcome *ret_outcome);

/* After the last run of a test: until then, one that takes too long ends the process. */
void end_watching_time(void);
/* Drops the handles that a world holds, as is done after each run of a case. */
void drop_handles(struct world *w);
/* ---- sweep.c */

/* All the injections of a case; or, with EFF_REPLAY naming this test, only that one. `sample`: the percentage of
 * the usual number of injections, where they are sampled. */
void sweep(const char *name, eff_t *(*program)(struct world *w), const struct expectation *expected, long sample);
/* EFF_TEST_BUDGET; 0: not asked for. */
unsigned test_budget(void);
/* Of all tests that are run from now on. */
void use_defaults(unsigned budget);
/* How a test runs with this budget. TestClock's limit of turns is out of its reach. */
eff_test_options_t options_with_budget(unsigned budget);

#endif
