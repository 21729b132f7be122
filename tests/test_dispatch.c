/* Work that is handed to fibers from elsewhere: a queue of effects, and a fiber that takes them, is all that a dispatcher
 * is. One after another: it awaits each. Beside each other: it does not. */
#include "support/fibers.h"

/* What w->queue holds: an effect, and where the handle of the fiber that runs it is to be kept. */
struct job {
    eff_t *effect;
    int place;
};
static void job_clear(struct job *j)
{
    eff_decref(j->effect);
}
EFF_STATIC_TYPE(job, struct job, .drop = job_clear);

static eff_t *submit(struct world *w, int place, eff_t *effect)
{
    if (!w->queue) w->queue = eff_queue_bounded(8);
    return eff_queue_offer(w->queue, job_make((struct job){ effect, place }));
}

static eff_t *start_job(eff_value_t item, eff_value_t env)
{
    const struct job *j = job_of(item);
    return keep(eff_as_ptr(env), j->place, eff_fork_scoped(eff_incref(j->effect)));
}
static eff_t *run_job(eff_value_t item, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_then(start_job(item, env), with_fiber(w, job_of(item)->place, await));
}

static eff_t *dispatch(struct world *w, bool one_after_another)
{
    eff_t *all = eff_queue_for_each(w->queue, one_after_another ? run_job : start_job, eff_ptr(w));
    return eff_fork(all);
}

static eff_t *two_steps(struct world *w, const char *first, const char *second)
{
    return in_order(say(w, first), eff_yield_now(), say(w, second));
}

static eff_t *sequential(struct world *w)
{
    eff_t *jobs = eff_then(submit(w, 0, two_steps(w, "a1", "a2")), submit(w, 1, two_steps(w, "b1", "b2")));
    return in_order(keep(w, 7, dispatch(w, true)), jobs, eff_queue_end(w->queue), with_fiber(w, 7, join));
}
/* FORK-066 */
CASE(FORK_066_jobs_that_yield_do_not_interleave, sequential, .succeeds = "unit", .journal = "a1 a2 b1 b2")

static eff_t *late_cancel(struct world *w)
{
    eff_t *second = in_order(say(w, "b1"), with_fiber(w, 0, interrupt), say(w, "b2"));
    eff_t *jobs = eff_then(submit(w, 0, say(w, "a")), submit(w, 1, second));
    return in_order(keep(w, 7, dispatch(w, true)), jobs, eff_queue_end(w->queue), with_fiber(w, 7, join),
                    say_await(w, 0), say_await(w, 1));
}
/* FORK-067 */
CASE(FORK_067_cancelling_a_finished_job_does_not_touch_the_next, late_cancel, .succeeds = "unit",
     .journal = "a b1 b2 ok:unit ok:unit")

static eff_t *blocked_finalizer(struct world *w)
{
    eff_t *stuck = when_interrupted(eff_never(), await_latch(w, 0));
    eff_t *jobs = eff_then(submit(w, 0, stuck), ms(1));
    jobs = in_order(jobs, with_fiber(w, 0, interrupt_fork), ms(1), submit(w, 1, say(w, "other")), ms(1));
    return in_order(keep(w, 7, dispatch(w, false)), jobs, open_latch(w, 0), eff_queue_end(w->queue),
                    with_fiber(w, 7, join), say_await(w, 0));
}
/* FORK-068 */
CASE(FORK_068_a_job_that_is_slow_to_end_does_not_hold_up_others, blocked_finalizer, .succeeds = "unit",
     .journal = "other interrupt",
     .without = NO_INTERRUPTS | NO_ALLOCATIONS /* without its dispatcher there is no job to be ended */)

TESTS(FORK_066_jobs_that_yield_do_not_interleave, FORK_067_cancelling_a_finished_job_does_not_touch_the_next,
      FORK_068_a_job_that_is_slow_to_end_does_not_hold_up_others)
