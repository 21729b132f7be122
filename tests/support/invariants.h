/* A check of the runtime's structures against each other. */
#ifndef TESTS_SUPPORT_INVARIANTS_H
#define TESTS_SUPPORT_INVARIANTS_H

#include "runtime/runtime.h"

/* Walks everything. Allowed between two instructions, and when no fiber runs. O(fibers and sleepers).
 * @return NULL when all is well, else what is wrong (a static string) */
const char *eff__debug_check(const eff_runtime_t *rt);
/* The same for one timer queue: a TestClock has one of its own. */
const char *eff__debug_check_timers(const struct eff__timers *q);

#endif
