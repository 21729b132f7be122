/** @file
 * A crew under a TestClock, with what it prints as text.
 */
#ifndef JOBD_TESTS_WORLD_H
#define JOBD_TESTS_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <effect/test.h>

#include "config.h"
#include "crew.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s: failed: %s\n", __FILE__, __LINE__, __func__, #condition);                      \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

struct world {
    eff_test_t *t;
    eff_console_t console;
    eff_buffer_t text;
    struct crew crew;
    eff_fiber_t *fiber;
    eff_supervisor_t supervisor;
    int n_fibers; /* that live, by what the supervisor is told */
    uint64_t mark;
};

/** Starts a crew. @param limit, jobs inserted into the JSON text */
void world_init(struct world *w, int limit, const char *jobs);
/** Frees it all; there must be no fiber left, and nothing else. */
void world_done(struct world *w);
void pass(struct world *w, int ms);
void order(struct world *w, const char *text);
/** Whether all has ended. */
bool ended(struct world *w);
/** Checks what was printed since the last time; the table in the end is not compared. */
void check_seen(struct world *w, const char *file, int line, const char *expected);
#define CHECK_SEEN(w, expected) check_seen(w, __FILE__, __LINE__, expected)
enum job_state state_of(struct world *w, const char *name);

#endif
