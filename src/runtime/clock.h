/* Clocks, as the SLEEP instruction sees them. */
#ifndef EFF_RUNTIME_CLOCK_H
#define EFF_RUNTIME_CLOCK_H

#include <effect/clock.h>

#include "runtime/runtime.h"

/* A clock of the library's: the fiber is suspended in the very instruction, without an effect that would do it. The live
 * one is told from users' clocks by its address, others by face.sleep, which is eff__native_sleep. */
struct eff__clock {
    eff_clock_t face; /* first: what the service is */
    /* The time, in ns since the clock's own start. */
    int64_t (*now)(struct eff__clock *clock, eff_runtime_t *rt);
    /* Suspends f until `deadline`, which is in the future; returns EFF__SUSPEND, or fails the fiber: EFF__RETURN. */
    int (*sleep)(struct eff__clock *clock, eff_fiber_t *f, int64_t deadline);
    /* Suspends f until then or until something else wakes it, by ops and for the object of that wait. False, with nothing
     * done, when f cannot wait by this clock: sleep says why. */
    bool (*arm)(struct eff__clock *clock, eff_fiber_t *f, int64_t deadline, const struct eff__wait_ops *ops,
                void *object);
    /* Something else has come: f, which is still suspended, does not wait by this clock any more. */
    void (*disarm)(struct eff__clock *clock, eff_fiber_t *f);
};

/* The clock that eff_clock_system gives. */
extern struct eff__clock eff__live_clock;

/* `sleep` of the library's other clocks, for users' that are made of them. */
eff_t *eff__native_sleep(eff_clock_t *clock, eff_duration_t d);

static inline struct eff__clock *eff__native_clock(eff_clock_t *clock)
{
    bool native = clock == &eff__live_clock.face || clock->sleep == eff__native_sleep;
    return __builtin_expect(native, 1) ? (struct eff__clock *)clock : NULL;
}

/* The fiber's clock, borrowed. NULL with the fiber failed, EFF__RETURN being next: its context is the one that found no
 * memory, or the clock is a user's that lacks operations. */
eff_clock_t *eff__clock_of(eff_fiber_t *f);
/* The same, of the library's; NULL when it is another, or there is none. Never fails the fiber. */
struct eff__clock *eff__clock_native(const eff_fiber_t *f);
/* What it will show when d ns, of now and not of the turn's beginning, have passed. */
int64_t eff__clock_after(struct eff__clock *clock, eff_runtime_t *rt, int64_t d);
/* What it shows, in ns. */
int64_t eff__clock_now(eff_clock_t *clock, eff_runtime_t *rt);
/* What the calendar of the fiber's clock shows; that of the system's when it has none that could be asked. */
eff_instant_t eff__clock_wall(const eff_fiber_t *f);
/* What the fiber's clock shows, in ns; the live one when the fiber's could not be asked. Never fails the fiber. */
int64_t eff__clock_read(const eff_fiber_t *f);
/* Has the fiber sleep until `deadline`; returns how it goes on. */
int eff__clock_sleep(eff_clock_t *clock, eff_fiber_t *f, int64_t deadline);

#endif
