/* Restarting: which ends lead to another run, after which pause, and when it is given up. */
#include "support/fibers.h"

static eff_duration_t never_healthy(void)
{
    return eff_seconds(0);
}

/* Out of memory is a defect, after which it is run again: for a sweep that never gives any memory back, it must end. */
static eff_schedule_t *a_few_times(void)
{
    return eff_schedule_both(eff_schedule_spaced(eff_millis(1)), eff_schedule_recurs(3));
}

/* Fails with the number of the run, until run n, which succeeds with it. */
struct until {
    struct world *w;
    int64_t n;
    bool dies;
};
EFF_STATIC_TYPE(until, struct until);

static eff_t *judge(eff_value_t v, eff_value_t env)
{
    const struct until *u = until_of(env);
    if (eff_as_int(v) >= u->n) return eff_succeed(v);
    return u->dies ? dying() : eff_fail(v);
}
static eff_t *succeeds_in_run(struct world *w, int64_t n, bool dies)
{
    return eff_flat_map(count(w, 0), judge, until_make((struct until){ w, n, dies }));
}

static eff_t *third_time(struct world *w)
{
    return eff_restart(succeeds_in_run(w, 3, false), EFF_RESTART_ON_FAILURE, eff_schedule_spaced(eff_millis(10)),
                       never_healthy());
}
CASE(a_failed_run_is_followed_by_another, third_time, .succeeds = "3", .ms = 20, .timed = true)

static eff_t *after_defects(struct world *w)
{
    return eff_restart(succeeds_in_run(w, 3, true), EFF_RESTART_ON_FAILURE, eff_schedule_forever(), never_healthy());
}
CASE(so_is_one_that_died, after_defects, .succeeds = "3")

static eff_t *always(struct world *w)
{
    return eff_restart(count(w, 0), EFF_RESTART_ALWAYS, eff_schedule_recurs(4), never_healthy());
}
CASE(always_restarts_after_a_success_too, always, .succeeds = "5")

static eff_t *gives_up(struct world *w)
{
    eff_t *run = eff_then(count(w, 0), failing(7));
    return eff_restart(run, EFF_RESTART_ON_FAILURE, eff_schedule_recurs(2), never_healthy());
}
static void check_note(struct world *w, const eff_exit_t *exit)
{
    ck_assert(!exit->ok);
    ck_assert_uint_eq(eff_cause_n_notes(exit->cause), 1);
    ck_assert_str_eq(eff_as_string(eff_cause_note_at(exit->cause, 0, NULL)), "gave up after 3 runs");
    ck_assert_int_eq(w->n[0], 3);
}
CASE(when_the_schedule_is_done_the_last_failure_is_the_result, gives_up, .check = check_note)

static eff_t *resources(struct world *w)
{
    eff_t *run = eff_then(eff_acquire_release(acquire(w, "a"), release, eff_ptr(w)), succeeds_in_run(w, 2, false));
    return eff_restart(run, EFF_RESTART_ON_FAILURE, a_few_times(), never_healthy());
}
CASE(each_run_releases_what_it_acquired_before_the_next_one, resources, .succeeds = "2", .journal = "a+ a- a+ a-")

static eff_t *forks(struct world *w)
{
    eff_t *child = when_interrupted(eff_never(), say(w, "child-ended"));
    eff_t *run = in_order(say(w, "run"), keep(w, 0, eff_fork(child)), eff_yield_now(), succeeds_in_run(w, 2, false));
    return eff_restart(run, EFF_RESTART_ON_FAILURE, a_few_times(), never_healthy());
}
CASE(each_run_ends_what_it_forked, forks, .succeeds = "2", .journal = "run child-ended run child-ended")

static eff_t *interrupted_in_pause(struct world *w)
{
    eff_t *worker = eff_restart(failing(1), EFF_RESTART_ALWAYS, eff_schedule_spaced(eff_seconds(10)), never_healthy());
    return in_order(keep(w, 0, eff_fork(worker)), ms(5), say_interrupt(w, 0));
}
CASE(an_interruption_ends_it, interrupted_in_pause, .succeeds = "unit", .journal = "interrupt", .ms = 5, .timed = true)

/* Two quick failures, one after a long run, then two quick ones again: with recurs(2), only healthy runs let it live. */
static eff_t *run_of(eff_value_t v, eff_value_t env)
{
    return eff_as_int(v) == 3 ? after(1000, failing(3)) : eff_fail(v);
}
static eff_t *healthy(struct world *w)
{
    eff_t *run = eff_flat_map(count(w, 0), run_of, eff_unit);
    return eff_restart(run, EFF_RESTART_ON_FAILURE, eff_schedule_recurs(2), eff_seconds(1));
}
CASE(a_healthy_run_starts_the_schedule_anew, healthy, .fails = "5", .ms = 1000, .timed = true,
     .without = NO_ALLOCATIONS /* a run that had no memory counts, so the last one has another number */)

/* A supervisor that is left stops restarting. */
static eff_t *leaves_scope(struct world *w)
{
    eff_t *child = eff_restart(eff_then(count(w, 0), failing(1)), EFF_RESTART_ALWAYS,
                               eff_schedule_spaced(eff_millis(10)), never_healthy());
    return eff_scoped(in_order(keep(w, 0, eff_fork(child)), ms(25)));
}
static void check_three_runs(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[0], 3);
}
/* FORK-040 */
CASE(FORK_040_the_end_of_the_region_stops_restarting, leaves_scope, .check = check_three_runs, .ms = 25, .timed = true)

static eff_t *no_schedule(struct world *w)
{
    return eff_restart(eff_noop(), EFF_RESTART_ALWAYS, NULL, never_healthy());
}
CASE(no_schedule_is_a_mistake, no_schedule, .dies = "argument 3 of eff_restart is NULL")

/* ---- asked to stop */

static eff_t *obedient(struct world *w)
{
    return eff_then(eff_until_stop(), say_time(w, "ends"));
}
static eff_t *stopped_in_a_run(struct world *w)
{
    eff_schedule_t *pauses = eff_schedule_spaced(eff_millis(100));
    eff_t *worker = eff_restart(obedient(w), EFF_RESTART_ALWAYS, pauses, never_healthy());
    return in_order(keep(w, 0, eff_fork(eff_graceful(worker, eff_seconds(20)))), ms(5), say_interrupt(w, 0));
}
CASE(asked_to_stop_a_run_is_the_last_one, stopped_in_a_run, .succeeds = "unit", .journal = "ends@5 interrupt", .ms = 5,
     .timed = true)

static eff_t *stopped_in_a_pause(struct world *w)
{
    eff_schedule_t *pauses = eff_schedule_spaced(eff_seconds(10));
    eff_t *worker = eff_restart(failing(1), EFF_RESTART_ON_FAILURE, pauses, never_healthy());
    return in_order(keep(w, 0, eff_fork(eff_graceful(worker, eff_seconds(20)))), ms(5), say_interrupt(w, 0));
}
CASE(asked_to_stop_a_pause_ends_at_once, stopped_in_a_pause, .succeeds = "unit", .journal = "interrupt", .ms = 5,
     .timed = true)

TESTS(a_failed_run_is_followed_by_another, so_is_one_that_died, always_restarts_after_a_success_too,
      when_the_schedule_is_done_the_last_failure_is_the_result, each_run_releases_what_it_acquired_before_the_next_one,
      each_run_ends_what_it_forked, an_interruption_ends_it, a_healthy_run_starts_the_schedule_anew,
      FORK_040_the_end_of_the_region_stops_restarting, no_schedule_is_a_mistake, asked_to_stop_a_run_is_the_last_one,
      asked_to_stop_a_pause_ends_at_once)
