/* TestClock as the test driver uses it: time moved from outside any fiber. */
#ifndef EFF_LAYERS_TEST_CLOCK_H
#define EFF_LAYERS_TEST_CLOCK_H

#include <effect/test_clock.h>

#include "runtime/clock.h"

typedef struct eff__test_clock eff__test_clock_t;

/* A TestClock at instant 0; NULL when out of memory. Payload of a counted type. */
EFF_API eff__test_clock_t *eff__test_clock_new(void);
EFF_API void eff__test_clock_decref(eff__test_clock_t *clock);
/* As a service value for eff__clock_tag; takes a reference of its own. */
EFF_API eff_value_t eff__test_clock_service(eff__test_clock_t *clock);
EFF_API const eff_tag_t *eff__test_clock_tag(void);
/* Ties the clock to a runtime, with TestClock's budget and limit of turns. */
EFF_API void eff__test_clock_bind(eff__test_clock_t *clock, eff_runtime_t *rt);
EFF_API void eff__test_clock_unbind(eff__test_clock_t *clock);
/* With auto-advance, time jumps to the next deadline whenever everything is idle and nobody waits for the outside. */
EFF_API void eff__test_clock_auto(eff__test_clock_t *clock, bool on);
EFF_API int64_t eff__test_clock_time(const eff__test_clock_t *clock);
EFF_API const struct eff__timers *eff__test_clock_timers(const eff__test_clock_t *clock); /* of those who sleep */
/* If a sleeper is due no later than `until`: moves time to its deadline, makes all with that deadline ready, and returns
 * true. Else moves time to `until`. */
EFF_API bool eff__test_clock_advance(eff__test_clock_t *clock, int64_t until);
/* Makes one sleeper ready, as if its deadline had come. */
EFF_API void eff__test_clock_wake(eff__test_clock_t *clock, eff_fiber_t *sleeper);
/* Runs everything on a runtime until nothing can run without time moving; jobs on the blocking pool are waited for. */
EFF_API void eff__test_clock_settle(eff_runtime_t *rt);

#endif
