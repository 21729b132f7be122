/* Mistakes that can be detected: reported as a defect of the running fiber, or to the misuse handler outside
 * one. */
#ifndef EFF_CORE_MISUSE_H
#define EFF_CORE_MISUSE_H

#include <effect/value.h>

/* Reports a mistake, printf style. In a callback of a fiber the fiber will die of it as the callback
 * returns. */
EFF_API void eff__misuse(const char *fmt, ...) EFF_PRINTF(1, 2);

/* The same about a value, borrowed: a glimpse of it is added. */
void eff__misuse_of(eff_value_t v, const char *fmt, ...) EFF_PRINTF(2, 3);

/* Set by the runtime: takes the message if a fiber is running on this thread. */
extern bool (*eff__misuse_in_fiber)(const char *message);

/* Set by the runtime: called when a value that stands for "out of memory" is read as something else, which
 * is no mistake of the reader. The running fiber should die of "out of memory" as its callback returns. */
extern void (*eff__oom_in_fiber)(void);

#endif
