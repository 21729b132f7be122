/* Clocks, as the SLEEP instruction sees them. */
#ifndef EFF_RUNTIME_CLOCK_H
#define EFF_RUNTIME_CLOCK_H

#include <effect/clock.h>
#include <effect/context.h>

#include "runtime/runtime.h"

struct eff_clock {
    /* The time, in ns since the clock's own start. */
    int64_t (*now)(eff_clock_t *clock, eff_runtime_t *rt);
    /* Suspends f until `deadline`, which is in the future; returns EFF__SUSPEND, or fails the fiber: EFF__RETURN. */
    int (*sleep)(eff_clock_t *clock, eff_fiber_t *f, int64_t deadline);
};

/* The tag of the Clock service. Its default is the live clock. */
extern const eff_tag_t eff__clock_tag;
eff_clock_t *eff__clock_of(const eff_fiber_t *f);

#endif
