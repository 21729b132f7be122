/* TestClock, as its effects (test_clock_ops.c) and the test driver (src/testing) use it. */
#ifndef EFF_LAYERS_TEST_CLOCK_H
#define EFF_LAYERS_TEST_CLOCK_H

#include <effect/test_clock.h>

#include "runtime/clock.h"

/* Who has asked for time to move, and how far. */
struct eff__move {
    const eff_fiber_t *by; /* the first adjuster; NULL: nobody is served */
    int64_t from, to;
};

typedef struct eff__test_clock {
    struct eff__clock clock; /* first: the service is a pointer to it */
    struct eff__idle idler;  /* in the runtime's list while bound */
    struct eff__alarm alarm; /* with a rate: in the runtime's list while bound */
    eff_runtime_t *rt;       /* NULL until first used */
    int64_t outer_budget;    /* of the runtime as it was before, and is again once unbound; so are the limits */
    uint32_t outer_max_turns, outer_max_budgets;
    eff_test_clock_options_t options; /* with the defaults filled in */
    int64_t now;
    int64_t real;       /* with a rate: the real time at which it was `now`; 0: not bound yet */
    int64_t wall_shift; /* what the calendar shows, less now */
    struct eff__timers timers;
    struct eff__waiters adjusters; /* reg: a duration to move by, an instant to move to, or an int to step by at most */
    struct eff__move move;         /* of the first of them */
    struct eff__waiters idlers;    /* who wait for idleness; reg: for how long, in ns */
    uint64_t quiet_turns;          /* how many turns there had been at quiet_since: since then, nothing has run */
    int64_t quiet_since;
    int64_t driven_to; /* by the test driver, as long as `driven` */
    bool driven;
} eff__test_clock_t;

/* The options as far as the caller's header knew them, with the defaults for what is 0. */
eff_test_clock_options_t eff__test_clock_options(const eff_test_clock_options_t *given);
/* A TestClock at instant 0; NULL when out of memory. Payload of a counted type. */
EFF_API eff__test_clock_t *eff__test_clock_new(const eff_test_clock_options_t *options);
EFF_API void eff__test_clock_decref(eff__test_clock_t *clock);
/* As a service value for eff_clock_tag; takes a reference of its own. */
EFF_API eff_value_t eff__test_clock_service(eff__test_clock_t *clock);
/* The fiber's clock, if it is one and belongs to its runtime, to which it is bound; NULL with the fiber failed, EFF__RETURN
 * being next. */
eff__test_clock_t *eff__test_clock_of(eff_fiber_t *f);
/* Ties the clock to a runtime, with TestClock's budget and limits. */
EFF_API void eff__test_clock_bind(eff__test_clock_t *clock, eff_runtime_t *rt);
EFF_API void eff__test_clock_unbind(eff__test_clock_t *clock);
/* From now on time jumps to the next deadline whenever everything is idle and nobody waits for the outside. */
EFF_API void eff__test_clock_auto(eff__test_clock_t *clock);
/* What the calendar shows from now on. */
EFF_API void eff__test_clock_set_wall(eff__test_clock_t *clock, eff_instant_t t);
/* Makes one sleeper ready, as if its deadline had come. */
EFF_API void eff__test_clock_wake(eff__test_clock_t *clock, eff_fiber_t *sleeper);
/* Whether the fiber sleeps on this clock. */
bool eff__test_clock_is_sleeper(const eff__test_clock_t *clock, const eff_fiber_t *f);

/* ---- for the driver, outside of any fiber */

/* Runs everything on a runtime until nothing can run without time moving; jobs on the blocking pool are waited for. */
EFF_API void eff__test_clock_settle(eff_runtime_t *rt);
/* Settles, moves time to `until` from deadline to deadline, settling at each, and at the end. */
EFF_API void eff__test_clock_drive(eff__test_clock_t *clock, int64_t until);

#endif
