/* A bound on C recursion through the hooks of causes and exits.
 *
 * A cause holds values, and a value may be a cause: the hooks of the two call each other. Nothing sensible nests that
 * way more than once or twice, so the hooks stop at a fixed depth: beyond it, values are equal when identical, and shown
 * as an ellipsis. (The tree of one cause may be of any depth: its walk does not recurse.)
 */
#ifndef EFF_CORE_NESTING_H
#define EFF_CORE_NESTING_H

#include <stdbool.h>

enum { EFF__NESTING_MAX = 8 };

/* How many hooks of causes and exits are running on this thread, one inside the other. */
extern __thread unsigned eff__nesting;

/* Enters a hook; false when it is too deep to. Every true is followed by eff__nesting_leave. */
static inline bool eff__nesting_enter(void)
{
    if (eff__nesting >= EFF__NESTING_MAX) return false;
    eff__nesting++;
    return true;
}

static inline void eff__nesting_leave(void)
{
    eff__nesting--;
}

#define EFF__NESTING_ELLIPSIS "\xe2\x80\xa6"

#endif
