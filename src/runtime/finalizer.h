/* Finalizers that take long: with EFF_DEBUG=finalizers=5s, an option of the runtime, or once eff_main has got a signal,
 * those that run for longer are told of, after that time, twice that, four times and so on while they run, and once more
 * when they have ended. Once all is to end, so are fibers that keep it waiting because they are masked.
 *
 * A finalizer's frame keeps its site and when it began. The time is 0, and nothing else is done, without the aid. */
#ifndef EFF_RUNTIME_FINALIZER_H
#define EFF_RUNTIME_FINALIZER_H

#include "runtime/debug.h"

struct eff__finalizers {
    size_t n;      /* that run, and have a time in their frame */
    int64_t asked; /* ns of debug.now: when all fibers were asked to end; 0: never, or nobody wants to know */
    int64_t next;  /* the same: when to look at them; valid when there are any, or `asked` is set */
    int64_t last;  /* the same: when they were looked at before, whichever they were; 0: never */
};

static inline bool eff__finalizers_waited_for(const struct eff__finalizers *all)
{
    return all->n > 0 || all->asked;
}

/* A finalizer begins: what to keep in its frame. */
int64_t eff__finalizer_begins(eff_runtime_t *rt);
/* It has ended, `ended`, or was given up; `since` is not 0. */
void eff__finalizer_ends(eff_fiber_t *f, eff_site_t site, int64_t since, bool ended);
/* Turns the aid on, also for those that run already. */
void eff__finalizers_watch(eff_runtime_t *rt, int64_t period_ns);
/* From now on everything is to end: fibers that were interrupted and do not see it are told of as well. */
void eff__finalizers_asked(eff_runtime_t *rt);
/* Tells of those that run for too long, if it is time for that. */
void eff__finalizers_tell(eff_runtime_t *rt);

#endif
