/* Deadlock as a result: what happens to fibers that wait for each other when nothing else can happen.
 *
 * The fibers that wait are failed with one report, a Die with a note for each of them, masks or not, children before
 * their parents; who waits for its own children unwinds with the report once those have ended. From there only on_exit
 * handlers run (EFF__DOOMED), and what stalls again is failed again, so the run ends, structured.
 */
#include "runtime/frame.h"
#include "runtime/group.h"
#include "runtime/runtime.h"

static bool is_stuck(const eff_fiber_t *f)
{
    return f->state == EFF__SUSPENDED && !(f->flags & EFF__OUTSIDE);
}

struct deadlock {
    eff_cause_t *cause; /* the report: a Die with a note for each stuck fiber */
};

/* A stuck fiber that waits for its own sides or children, which nothing can make it leave: they are failed too, and once
 * they have ended it unwinds with the report instead of its result. */
static void doom_parent(eff_fiber_t *f, eff_cause_t *report)
{
    f->flags |= EFF__DOOMED;
    if (f->wait.ops == &eff__group_wait || f->wait.ops == &eff__group_end_wait) {
        struct eff__group *g = (struct eff__group *)f->wait.object;
        if (!g->saved) g->saved = eff_cause_incref(report);
    } else if (eff__frame_extra(f->top[-1]) == EFF__OK) { /* a LEAVING frame keeps the result */
        eff_value_decref(eff__frame_value(f->top - 1));
        f->top -= 3;
        eff__push_value(f, eff_cause_value(eff_cause_incref(report)));
        *f->top = eff__frame_head(EFF__F_LEAVING, eff__frame_attrs(*f->top), EFF__CAUSED);
        f->top++;
    }
}

static bool doom(eff_fiber_t *f, void *arg)
{
    struct deadlock *d = (struct deadlock *)arg;
    if (!is_stuck(f)) return true;
    if (!f->wait.ops->leave) {
        doom_parent(f, d->cause);
        return true;
    }
    (void)f->wait.ops->leave(f);
    f->flags |= EFF__DOOMED | EFF__AT_RETURN;
    f->wait.object = NULL;
    f->reg = eff_cause_value(eff_cause_incref(d->cause));
    f->status = EFF__CAUSED;
    eff__wake(f);
    f->wait.ops = NULL;
    return true;
}

static bool tell(eff_fiber_t *f, void *arg)
{
    struct deadlock *d = (struct deadlock *)arg;
    if (!is_stuck(f)) return true;
    eff_buffer_t line = EFF_BUFFER_INIT;
    eff__dump_fiber(f, &line);
    d->cause = eff_cause_note(d->cause, eff_string(eff_buffer_text(&line)), NULL);
    eff_buffer_done(&line);
    return true;
}

void eff__deadlock(eff_runtime_t *rt)
{
    struct deadlock d = { .cause = eff_cause_die(eff_literal(
                              "deadlock: these fibers wait, and nothing that could wake one of them will happen")) };
    eff__each_fiber(rt, tell, &d);
    eff__each_fiber(rt, doom, &d);
    eff_cause_decref(d.cause);
}
