/* What the parts of the harness tell each other: case.h is what tests see.
 *
 *     failing_allocator.c  counts blocks and fails on demand
 *     journal.c            the building blocks of programs
 *     shape.c              exits as text
 *     run.c                one run of a program, with one injection, and what must hold after it
 *     sweep.c              all the injections of a case
 *     case.c               the plain run against its expectation; main
 */
#ifndef TESTS_SUPPORT_HARNESS_H
#define TESTS_SUPPORT_HARNESS_H

#include "support/case.h"

/* ---- shape.c */

/* As shape_of, as a word of the journal: "fail:7", "then(die,interrupt)". Static buffer. */
const char *word_of(const eff_exit_t *exit);
/* The shape and the whole text. Static buffer. */
const char *full_text_of(const eff_exit_t *exit);
/* Whether the exit is as ck_assert_exit_ wants it. */
bool exit_is(const eff_exit_t *exit, const char *how, const char *text);

/* ---- run.c */

enum kind { PLAIN, STEPPED, INTERRUPT, OUT_OF_MEMORY, SHUFFLE };

/* What is done to one run. */
struct injection {
    enum kind kind;
    uint64_t victim; /* INTERRUPT: the id of the fiber */
    long at;       /* INTERRUPT: before which instruction, of all fibers together, from 1; OUT_OF_MEMORY: the request */
    bool sticky;   /* OUT_OF_MEMORY: all later requests fail too */
    uint64_t seed; /* SHUFFLE */
};

/* What a run was like. */
struct outcome {
    char shape[4096];
    char journal[4096];
    int64_t ms;     /* virtual */
    long steps;     /* instructions, of all fibers together; 0 in a plain run */
    long requests;  /* for memory */
    uint64_t n_ids; /* fibers there were, and so the ids: 1 to n_ids */
    long born[32];  /* the instruction before which fiber i was first there */
    bool hit;       /* the injection found its target */
};

/* Runs the program once. Whatever the injection, checks that nothing is left and the invariant holds; aborts the test
 * with the line that replays it otherwise. `plain`: what the plain run was like, with which the exit must agree as far as
 * the injection leaves it; NULL in the plain run itself, when `expected` is checked. */
void run_once(const char *name, eff_t *(*program)(struct world *w), const struct expectation *expected,
              const struct injection *injection, const struct outcome *plain, struct outcome *ret_outcome);

/* Drops the handles that a world holds, as is done after each run of a case. */
void drop_handles(struct world *w);
/* Prints the line that replays the run that goes on, if one does. */
void tell_replay(void);
/* Has that done when the process ends or crashes. */
void tell_replay_at_the_end(void);

/* ---- sweep.c */

/* All the injections of a case; or, with EFF_REPLAY naming this test, only that one. */
void sweep(const char *name, eff_t *(*program)(struct world *w), const struct expectation *expected);

#endif
