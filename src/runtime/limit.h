/* Limits, as the loops that run with them see them. */
#ifndef EFF_RUNTIME_LIMIT_H
#define EFF_RUNTIME_LIMIT_H

#include <effect/limit.h>

#include "runtime/group.h"

/* The loop is told of changes from now on, and has the limit of now. False when the limit is another runtime's: the
 * failure is in f's reg. */
bool eff__limit_enter(eff_limit_t *limit, eff_fiber_t *f, struct eff__pulls *p);
void eff__limit_leave(struct eff__pulls *p);

#endif
