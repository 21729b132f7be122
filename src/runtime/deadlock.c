/* Deadlock as a result: what happens to fibers that wait for each other when nothing else can happen.
 *
 * The fibers that wait are failed with one report, a Die with notes that name them, masks or not, children before
 * their parents; who waits for its own children unwinds with the report once those have ended. From there only on_exit
 * handlers run (EFF__DOOMED), and what stalls again is failed again, so the run ends, structured.
 */
#include "runtime/deadlock.h"

#include "runtime/frame.h"
#include "runtime/group.h"
#include "runtime/runtime.h"

/* Whether it waits for the end of what it started, which nothing can make it leave; or for a scope to be closed, whose
 * keeper fails with the report, unless that waits for this one. */
static bool must_stay(const eff_fiber_t *f)
{
    if (f->wait.ops == &eff__closed_wait) return !(f->flags & EFF__DOOMED);
    return !f->wait.ops->leave || f->wait.ops == &eff__closing_wait || f->wait.ops == &eff__group_end_wait;
}

/* A stuck fiber that must stay: those it waits for are failed too, and once they have ended it unwinds with the report
 * instead of its result. */
static void doom_parent(eff_fiber_t *f, eff_cause_t *report)
{
    f->flags |= EFF__DOOMED;
    if (f->wait.ops == &eff__group_end_wait) {
        struct eff__group *g = (struct eff__group *)f->wait.object;
        if (!g->saved) g->saved = eff_cause_incref(report);
    } else if (f->wait.ops != &eff__closed_wait &&
               eff__frame_extra(f->top[-1]) == EFF__OK) { /* a LEAVING frame keeps the result */
        eff_value_decref(eff__frame_value(f->top - 1));
        f->top -= 3;
        eff__push_value(f, eff_cause_value(eff_cause_incref(report)));
        *f->top = eff__frame_head(EFF__F_LEAVING, eff__frame_attrs(*f->top), EFF__CAUSED);
        f->top++;
    }
}

struct doom {
    eff_cause_t *report; /* borrowed */
    bool patient;        /* those are failed that may wait for others of which nobody could be failed */
    size_t n_first;      /* how many were failed for the first time: what only stalls again is no progress */
};

static bool doom(eff_fiber_t *f, void *arg)
{
    struct doom *d = (struct doom *)arg;
    eff_cause_t *report = d->report;
    if (!eff__is_stuck(f) || (f->wait.ops && f->wait.ops->patient) != d->patient) return true;
    if (!(f->flags & EFF__DOOMED)) d->n_first++;
    if (must_stay(f)) {
        doom_parent(f, report);
        return true;
    }
    (void)f->wait.ops->leave(f);
    f->flags |= EFF__DOOMED | EFF__AT_RETURN;
    f->wait.object = NULL;
    f->reg = eff_cause_value(eff_cause_incref(report));
    f->status = EFF__CAUSED;
    eff__wake(f);
    f->wait.ops = NULL;
    return true;
}

void eff__deadlock(eff_runtime_t *rt)
{
    eff_cause_t *cause = eff__deadlock_report(rt);
    struct doom d = { cause, false, 0 };
    eff__each_fiber(rt, doom, &d);
    d.patient = true;
    if (!rt->ready_first || d.n_first == 0) eff__each_fiber(rt, doom, &d);
    eff_cause_decref(cause);
}
