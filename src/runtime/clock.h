/* Clocks, as the SLEEP instruction sees them. */
#ifndef EFF_RUNTIME_CLOCK_H
#define EFF_RUNTIME_CLOCK_H

#include <effect/clock.h>
#include <effect/service.h>

#include "runtime/runtime.h"

struct eff_clock {
    /* The time, in ns since the clock's own start. */
    int64_t (*now)(eff_clock_t *clock, eff_runtime_t *rt);
    /* What a calendar shows, in ns since 1970-01-01 00:00 UTC: for people, since it may jump. */
    int64_t (*wall)(eff_clock_t *clock);
    /* Suspends f until `deadline`, which is in the future; returns EFF__SUSPEND, or fails the fiber: EFF__RETURN. */
    int (*sleep)(eff_clock_t *clock, eff_fiber_t *f, int64_t deadline);
};

/* The Clock service. Its default is the live clock. */
EFF_DECLARE_SERVICE(eff__clock, eff_clock_t);
/* The fiber's clock, borrowed; NULL when its context is the one that found no memory. */
eff_clock_t *eff__clock_of(const eff_fiber_t *f);

#endif
