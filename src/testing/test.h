/* What our own tests ask of a test driver beyond test.h. */
#ifndef EFF_TESTING_TEST_H
#define EFF_TESTING_TEST_H

#include <effect/test.h>

struct eff__timers;

/* As eff_test_run does: time jumps to the next deadline whenever everything is idle. For eff_runtime_run on its runtime. */
void eff__test_auto(eff_test_t *t);
/* Those who sleep on the test's clock. */
const struct eff__timers *eff__test_timers(const eff_test_t *t);
/* For one of them, its time has come; for the others it has not. */
void eff__test_wake(eff_test_t *t, eff_fiber_t *sleeper);
/* Frees the test and its runtime, though fibers may be alive. */
void eff__test_free_now(eff_test_t *t);

#endif
