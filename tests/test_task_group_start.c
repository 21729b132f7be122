/* Task groups: tasks that say when they have started. */
#include "support/task_group.h"

/* ---- tasks that say when they have started */

static eff_t *listens(eff_task_started_t *started, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(say_time(w, "binds"), ms(5), eff_task_started(started, eff_int(8080)), ms(5),
                    say_time(w, "serves"));
}
static eff_t *starts(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_map(eff_task_group_start(group, listens, eff_value_incref(env)), say_value, eff_ptr(w));
}
static eff_t *started_then_served(struct world *w)
{
    return eff_task_group(starts, eff_ptr(w));
}
CASE(starting_waits_until_the_task_says_so, started_then_served, .succeeds = "8080",
     .journal = "binds@0 8080 serves@10", .timed = true, .ms = 10)

static eff_t *says_twice(eff_task_started_t *started, eff_value_t env)
{
    return in_order(eff_task_started(started, eff_int(1)), ms(1), eff_task_started(started, eff_int(2)));
}
static eff_t *starts_twice(eff_task_group_t *group, eff_value_t env)
{
    return eff_task_group_start(group, says_twice, env);
}
static eff_t *twice(struct world *w)
{
    return eff_task_group(starts_twice, eff_unit);
}
/* FORK-048 */
CASE(FORK_048_saying_so_twice_is_the_tasks_defect, twice, .dies = "eff_task_started was called twice")

static eff_t *says_nothing(eff_task_started_t *started, eff_value_t env)
{
    return ms(5);
}
static eff_t *starts_silent(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(say_exit(w, eff_task_group_start(group, says_nothing, env)), say_time(w, "body"));
}
static eff_t *silent(struct world *w)
{
    return eff_task_group(starts_silent, eff_ptr(w));
}
/* FORK-048 */
CASE(FORK_048_ending_before_saying_so_is_a_defect_of_the_start_only, silent, .succeeds = "unit",
     .journal = "die body@5")

static eff_t *crashes_early(eff_task_started_t *started, eff_value_t env)
{
    return after(5, failing(7));
}
static eff_t *starts_crashing(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(say_exit(w, eff_task_group_start(group, crashes_early, env)), say_time(w, "body"));
}
static eff_t *crashing(struct world *w)
{
    return eff_task_group(starts_crashing, eff_ptr(w));
}
/* FORK-048 */
CASE(FORK_048_failing_before_saying_so_is_the_failure_of_the_start_only, crashing, .succeeds = "unit",
     .journal = "fail:7 body@5")

static eff_t *crashes_later(eff_task_started_t *started, eff_value_t env)
{
    return in_order(eff_task_started(started, eff_unit), ms(5), failing(7));
}
static eff_t *starts_and_serves(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(eff_task_group_start(group, crashes_later, env), says_when_cut(w, "body"));
}
static eff_t *crashed_later(struct world *w)
{
    return eff_task_group(starts_and_serves, eff_ptr(w));
}
CASE(a_failure_after_saying_so_is_the_groups, crashed_later, .cause = "fail(7)", .journal = "body@5")

static eff_t *start_from(eff_value_t group, eff_value_t env)
{
    return eff_task_group_start(eff_as_task_group(group), listens, eff_value_incref(env));
}
/* Starts from a fiber outside the group, by its handle. */
static eff_t *hands_over(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *offer = eff_deferred_succeed(latch(w, 0), eff_task_group_value(eff_task_group_incref(group)));
    return in_order(offer, ms(1), say_time(w, "body"));
}
static eff_t *pending_keeps_open(struct world *w)
{
    eff_t *outside = eff_flat_map(eff_deferred_await(latch(w, 0)), start_from, eff_ptr(w));
    eff_t *group = eff_then(eff_task_group(hands_over, eff_ptr(w)), say_time(w, "group"));
    return eff_then(eff_zip_par(eff_map(outside, say_value, eff_ptr(w)), group), say(w, "end"));
}
/* FORK-049 */
CASE(FORK_049_a_pending_start_keeps_the_group_open, pending_keeps_open, .succeeds = "unit",
     .journal = "binds@0 body@1 8080 serves@10 group@10 end")

static eff_t *slow_to_start(eff_task_started_t *started, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(when_interrupted(ms(10), say_time(w, "cut")), eff_task_started(started, eff_unit), eff_never());
}
static eff_t *gives_up(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *start = eff_timeout(eff_task_group_start(group, slow_to_start, env), eff_millis(4));
    return in_order(start, say_time(w, "body"));
}
static eff_t *given_up(struct world *w)
{
    return eff_task_group(gives_up, eff_ptr(w));
}
CASE(interrupting_a_start_interrupts_the_task_and_awaits_it, given_up, .succeeds = "unit", .journal = "cut@4 body@4",
     .timed = true, .ms = 4)

static eff_t *fails_as_it_is_cut(eff_task_started_t *started, eff_value_t env)
{
    return eff_ensuring(eff_never(), failing(5));
}
static eff_t *gives_up_failing(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(keep(w, 0, eff_fork(eff_task_group_start(group, fails_as_it_is_cut, env))), ms(4),
                    say_interrupt(w, 0));
}
static eff_t *given_up_failing(struct world *w)
{
    return eff_task_group(gives_up_failing, eff_ptr(w));
}
CASE(what_it_fails_with_then_is_told_by_the_start, given_up_failing, .succeeds = "unit",
     .journal = "then(interrupt,fail:5)")

static eff_t *says_so_while_cut(eff_task_started_t *started, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_uninterruptible(in_order(ms(10), eff_task_started(started, eff_unit), say_time(w, "said")));
}
static eff_t *gives_up_masked(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *start = eff_timeout(eff_task_group_start(group, says_so_while_cut, env), eff_millis(4));
    return in_order(start, say_time(w, "body"));
}
static eff_t *said_too_late(struct world *w)
{
    return eff_task_group(gives_up_masked, eff_ptr(w));
}
CASE(saying_so_to_who_was_interrupted_meanwhile_changes_nothing, said_too_late, .succeeds = "unit",
     .journal = "said@10 body@10")

static eff_t *cancelled_before(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *start = say_exit(w, eff_task_group_start(group, slow_to_start, env));
    return in_order(keep(w, 0, eff_fork(start)), ms(4), eff_task_group_cancel(group), with_fiber(w, 0, join),
                    say_time(w, "body"));
}
static eff_t *cancel_before(struct world *w)
{
    return eff_task_group(cancelled_before, eff_ptr(w));
}
/* FORK-050 */
CASE(FORK_050_cancelled_before_it_has_started_the_start_hears_of_it, cancel_before, .succeeds = "unit",
     .journal = "cut@4 interrupt body@4")

static eff_t *serves_on(eff_task_started_t *started, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_then(eff_task_started(started, eff_unit), says_when_cut(w, "cut"));
}
static eff_t *cancelled_after(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *start = say_exit(w, eff_task_group_start(group, serves_on, env));
    return in_order(start, ms(4), eff_task_group_cancel(group), ms(1), say_time(w, "body"));
}
static eff_t *cancel_after(struct world *w)
{
    return eff_task_group(cancelled_after, eff_ptr(w));
}
/* FORK-050 */
CASE(FORK_050_cancelled_after_it_has_started_only_the_task_hears_of_it, cancel_after, .succeeds = "unit",
     .journal = "ok:unit cut@4 body@5")

static eff_t *start_in_the_end(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *start = say_exit(w, eff_task_group_start(group, serves_on, env));
    return in_order(forks(group, eff_ensuring(eff_never(), start)), forks(group, after(1, failing(7))), eff_never());
}
static eff_t *starts_in_the_end(struct world *w)
{
    return eff_task_group(start_in_the_end, eff_ptr(w));
}
/* FORK-050 */
CASE(FORK_050_a_start_into_a_group_that_is_being_interrupted_is_cancelled, starts_in_the_end, .cause = "fail(7)",
     .journal = "interrupt")

/* Each task of a chain starts the next before it says that it has started; the last one never does. */
struct chain {
    eff_task_group_t *group;
    int left;
};
static eff_t *starts_next(eff_task_started_t *started, eff_value_t env)
{
    struct chain *c = eff_as_ptr(env);
    if (c->left-- == 0) return eff_never();
    return eff_then(eff_task_group_start(c->group, starts_next, env), eff_task_started(started, eff_unit));
}
static eff_t *starts_chain(eff_task_group_t *group, eff_value_t env)
{
    ((struct chain *)eff_as_ptr(env))->group = group;
    return eff_timeout(eff_task_group_start(group, starts_next, env), eff_millis(1));
}
static void *gives_up_chain(void *arg)
{
    struct chain c = { .left = 20000 };
    ck_assert_succeeds(eff_task_group(starts_chain, eff_ptr(&c)), "none");
    return arg;
}
START_TEST(a_chain_of_starts_is_given_up_on_a_small_stack)
{
    pthread_t thread;
    pthread_attr_t attr;
    ck_assert_int_eq(pthread_attr_init(&attr), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attr, 128 * 1024), 0);
    ck_assert_int_eq(pthread_create(&thread, &attr, gives_up_chain, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attr);
}
END_TEST

static eff_t *keeps_started(eff_task_started_t *started, eff_value_t slot)
{
    eff_task_started_t **kept = eff_as_ptr(slot);
    *kept = eff_task_started_incref(started);
    return eff_noop();
}
static eff_t *starts_kept(eff_task_group_t *group, eff_value_t env)
{
    return eff_ignore_cause(eff_task_group_start(group, keeps_started, env));
}

START_TEST(saying_so_after_the_tasks_end_is_a_defect)
{
    eff_task_started_t *kept = NULL;
    ck_assert_succeeds(eff_task_group(starts_kept, eff_ptr(&kept)), "unit");
    ck_assert_dies(eff_task_started(kept, eff_unit), "eff_task_started was called after its task had ended");
    eff_task_started_decref(kept);
}
END_TEST

TESTS(starting_waits_until_the_task_says_so, FORK_048_saying_so_twice_is_the_tasks_defect,
      FORK_048_ending_before_saying_so_is_a_defect_of_the_start_only,
      FORK_048_failing_before_saying_so_is_the_failure_of_the_start_only, a_failure_after_saying_so_is_the_groups,
      FORK_049_a_pending_start_keeps_the_group_open, interrupting_a_start_interrupts_the_task_and_awaits_it,
      what_it_fails_with_then_is_told_by_the_start, saying_so_to_who_was_interrupted_meanwhile_changes_nothing,
      FORK_050_cancelled_before_it_has_started_the_start_hears_of_it,
      FORK_050_cancelled_after_it_has_started_only_the_task_hears_of_it,
      FORK_050_a_start_into_a_group_that_is_being_interrupted_is_cancelled,
      a_chain_of_starts_is_given_up_on_a_small_stack, saying_so_after_the_tasks_end_is_a_defect)
