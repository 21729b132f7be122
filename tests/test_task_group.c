/* Task groups: how they end, what a task is, ending tasks. */
#include "support/task_group.h"

/* ---- shorthands */

static eff_t *say_stop(struct world *w)
{
    return eff_map(eff_stop_requested(), say_value, eff_ptr(w));
}
static eff_value_t size_of(eff_value_t group, eff_value_t env)
{
    eff_value_t size = eff_int((int64_t)eff_task_group_size(eff_as_task_group(group)));
    return say_value(size, env);
}
static eff_t *say_size(struct world *w, eff_task_group_t *group)
{
    return eff_map(eff_succeed(eff_task_group_value(eff_task_group_incref(group))), size_of, eff_ptr(w));
}

/* ---- how it ends */

static eff_t *body_only(eff_task_group_t *group, eff_value_t env)
{
    return one(1);
}
static eff_t *empty(struct world *w)
{
    return eff_task_group(body_only, eff_unit);
}
/* FORK-072 */
CASE(FORK_072_an_empty_group_ends_with_its_body, empty, .succeeds = "1", .timed = true, .ms = 0)

static eff_t *three_tasks(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(forks(group, after(20, say_time(w, "slow"))), forks(group, after(10, say_time(w, "fast"))),
                    forks(group, after(15, eff_then(say_time(w, "value"), eff_succeed(eff_printf("dropped"))))),
                    say_time(w, "body"), one(1));
}
static eff_t *waits_for_all(struct world *w)
{
    return eff_then(eff_task_group(three_tasks, eff_ptr(w)), say_time(w, "after"));
}
/* A29 */
CASE(it_ends_when_body_and_tasks_have_ended, waits_for_all, .succeeds = "unit",
     .journal = "body@0 fast@10 value@15 slow@20 after@20", .timed = true, .ms = 20)

static eff_t *value_of_body(struct world *w)
{
    return eff_task_group(three_tasks, eff_ptr(w));
}
/* A1 */
CASE(it_succeeds_with_the_value_of_the_body, value_of_body, .succeeds = "1", .timed = true, .ms = 20)

static eff_t *one_fails(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(forks(group, holds(w, "a")), forks(group, after(10, failing(7))),
                    forks(group, says_when_cut(w, "cut")), says_when_cut(w, "body"));
}
static eff_t *first_failure(struct world *w)
{
    return eff_task_group(one_fails, eff_ptr(w));
}
/* A1, A4, A29 */
CASE(the_first_failure_of_a_task_interrupts_the_others, first_failure, .cause = "fail(7)",
     .journal = "a+ body@10 a- cut@10", .timed = true, .ms = 10, .without = NO_SHUFFLES)

static eff_t *body_fails(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(forks(group, holds(w, "a")), forks(group, holds(w, "b")), ms(5), failing(7));
}
static eff_t *failure_of_body(struct world *w)
{
    return eff_task_group(body_fails, eff_ptr(w));
}
CASE(a_failure_of_the_body_interrupts_the_tasks, failure_of_body, .cause = "fail(7)", .timed = true, .ms = 5)

static eff_t *two_crash(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(forks(group, after(5, failing(1))), forks(group, says_when_cut(w, "cut")),
                    forks(group, after(5, dying())), eff_never());
}
static eff_t *crashes(struct world *w)
{
    return eff_task_group(two_crash, eff_ptr(w));
}
/* FORK-046 */
CASE(FORK_046_tasks_that_fail_together_are_reported_together_and_one_only_cancelled_is_none, crashes,
     .cause = "both(fail(1), die)", .journal = "cut@5",
     .without = NO_SHUFFLES | NO_INTERRUPTS) /* a task interrupted before it fails does not fail the group */

static eff_t *fails_late(eff_task_group_t *group, eff_value_t env)
{
    eff_t *late = eff_ensuring(eff_never(), failing(2));
    return in_order(forks(group, late), forks(group, after(5, failing(1))), eff_never());
}
static eff_t *consequences(struct world *w)
{
    return eff_task_group(fails_late, eff_unit);
}
CASE(what_interrupted_tasks_fail_with_comes_after_what_interrupted_them, consequences,
     .cause = "both(fail(1), fail(2))")

static eff_t *timed_wait(struct world *w)
{
    return eff_timeout(eff_task_group(three_tasks, eff_ptr(w)), eff_millis(12));
}
/* FORK-072 */
CASE(FORK_072_a_wait_with_a_deadline_ends_the_remaining_tasks, timed_wait, .succeeds = "none",
     .journal = "body@0 fast@10", .timed = true, .ms = 12)

static eff_t *stuck_body(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(forks(group, holds(w, "a")), forks(group, holds(w, "b")), eff_never());
}
static eff_t *stalls(struct world *w)
{
    return eff_task_group(stuck_body, eff_ptr(w));
}
CASE(a_group_whose_tasks_all_wait_is_a_deadlock, stalls, .dies = "deadlock")

/* ---- forking into it */

static eff_t *forks_from_a_task(eff_value_t v, eff_value_t env)
{
    return eff_task_group_fork(eff_as_task_group(v), eff_incref(eff_as_effect(env)));
}
static eff_t *fork_later(eff_task_group_t *group, int64_t n, eff_t *e)
{
    eff_t *handle = eff_succeed(eff_task_group_value(eff_task_group_incref(group)));
    return after(n, as_unit(eff_flat_map(handle, forks_from_a_task, eff_effect_value(e))));
}
static eff_t *late_forks(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(forks(group, fork_later(group, 5, after(5, say_time(w, "late")))), say_time(w, "body"));
}
static eff_t *forks_while_waiting(struct world *w)
{
    return eff_task_group(late_forks, eff_ptr(w));
}
/* FORK-047 */
CASE(FORK_047_a_task_may_fork_while_the_group_waits_for_its_last_tasks, forks_while_waiting, .succeeds = "unit",
     .journal = "body@0 late@10", .timed = true, .ms = 10)

static eff_t *hands_out(eff_task_group_t *group, eff_value_t env)
{
    return eff_succeed(eff_task_group_value(eff_task_group_incref(group)));
}
static eff_t *forks_too_late(eff_value_t group, eff_value_t env)
{
    return eff_task_group_fork(eff_as_task_group(group), say(eff_as_ptr(env), "never"));
}
static eff_t *after_its_end(struct world *w)
{
    return eff_flat_map(eff_task_group(hands_out, eff_unit), forks_too_late, eff_ptr(w));
}
/* FORK-047 */
CASE(FORK_047_forking_into_a_group_that_has_ended_dies, after_its_end, .dies = "fork in a task group that has ended",
     .journal = "")

static eff_t *forks_as_it_ends(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *tries = eff_ensuring(eff_never(), fork_later(group, 5, say(w, "never")));
    return in_order(forks(group, tries), forks(group, after(1, failing(7))), eff_never());
}
static eff_t *forks_in_the_end(struct world *w)
{
    return eff_task_group(forks_as_it_ends, eff_ptr(w));
}
CASE(a_task_forked_into_a_group_that_is_being_interrupted_ends_unrun, forks_in_the_end, .cause = "fail(7)",
     .journal = "", .timed = true, .ms = 6)

struct tasks {
    eff_task_group_t *group;
    long n_begun, max_blocks;
};
static eff_value_t begins_one(eff_value_t env)
{
    struct tasks *t = eff_as_ptr(env);
    t->n_begun++;
    if (blocks_live > t->max_blocks) t->max_blocks = blocks_live;
    return eff_unit;
}
static eff_t *one_of_many(eff_value_t i, eff_value_t env)
{
    struct tasks *t = eff_as_ptr(env);
    eff_t *task = i.integer % 3 ? eff_sync(begins_one, env) : eff_then(eff_sync(begins_one, env), eff_interrupt_self());
    return eff_then(forks(t->group, yields(task)), ms(i.integer % 2));
}
static eff_t *many_tasks(eff_task_group_t *group, eff_value_t env)
{
    struct tasks *t = eff_as_ptr(env);
    t->group = group;
    return eff_for_each_discard(eff_range(0, 10000), one_of_many, env);
}
START_TEST(a_group_takes_memory_for_those_that_live_only)
{
    struct tasks t = { .group = NULL };
    ck_assert_succeeds(eff_task_group(many_tasks, eff_ptr(&t)), "unit");
    ck_assert_int_eq(t.n_begun, 10000);
    ck_assert_int_lt(t.max_blocks, 100);
}
END_TEST

/* ---- what a task is */

static eff_t *joined(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(keep(w, 0, eff_task_group_fork(group, after(5, one(7)))), with_fiber(w, 0, join));
}
static eff_t *joins(struct world *w)
{
    return eff_task_group(joined, eff_ptr(w));
}
CASE(a_task_can_be_joined, joins, .succeeds = "7", .timed = true, .ms = 5)

static eff_t *interrupts_one(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(keep(w, 0, eff_task_group_fork(group, holds(w, "a"))), forks(group, after(9, say_time(w, "b"))),
                    ms(5), say_interrupt(w, 0), say_time(w, "body"));
}
static eff_t *one_interrupted(struct world *w)
{
    return eff_task_group(interrupts_one, eff_ptr(w));
}
CASE(a_task_interrupted_by_its_handle_is_no_failure_of_the_group, one_interrupted, .succeeds = "unit",
     .journal = "a+ a- interrupt body@5 b@9", .timed = true, .ms = 9)

static eff_t *fails_on_the_way(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(keep(w, 0, eff_task_group_fork(group, eff_ensuring(eff_never(), failing(3)))), ms(5),
                    with_fiber(w, 0, interrupt_fork), eff_never());
}
static eff_t *interrupted_and_failed(struct world *w)
{
    return eff_task_group(fails_on_the_way, eff_ptr(w));
}
CASE(what_a_task_fails_with_as_it_is_interrupted_is_one, interrupted_and_failed, .cause = "then(interrupt, fail(3))")

static eff_t *acquires(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *task = eff_acquire_release(acquire(w, "task"), release, eff_ptr(w));
    eff_t *forked = eff_fork_scoped(when_interrupted(eff_never(), say_time(w, "child")));
    return in_order(eff_acquire_release(acquire(w, "body"), release, eff_ptr(w)),
                    forks(group, in_order(task, forked, ms(5))), forks(group, after(9, say_time(w, "last"))));
}
static eff_t *own_scopes(struct world *w)
{
    return eff_then(eff_scoped(eff_then(eff_task_group(acquires, eff_ptr(w)), say_time(w, "group"))), say(w, "end"));
}
CASE(a_task_has_a_scope_of_its_own_and_the_body_that_of_its_caller, own_scopes, .succeeds = "unit",
     .journal = "body+ task+ child@5 task- last@9 group@9 body- end")

static eff_t *disconnects(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *slow = eff_uninterruptible(eff_then(ms(20), say_time(w, "slow")));
    eff_t *task = eff_then(eff_timeout(eff_disconnect(slow), eff_millis(5)), say_time(w, "task"));
    return in_order(keep(w, 0, eff_task_group_fork(group, task)), with_fiber(w, 0, join), say_time(w, "joined"));
}
static eff_t *own_regions(struct world *w)
{
    return eff_task_group(disconnects, eff_ptr(w));
}
CASE(what_a_task_has_disconnected_ends_with_it, own_regions, .succeeds = "unit", .journal = "task@5 slow@20 joined@20")

EFF_DECLARE_SERVICE(colour, const char);
EFF_DEFINE_SERVICE(colour, const char);
static eff_t *say_colour(const char *name, eff_value_t env)
{
    return say(eff_as_ptr(env), name);
}
static eff_t *forks_under_another(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *fork = eff_task_group_fork(group, colour_with(say_colour, eff_ptr(w)));
    return eff_then(colour_provide(fork, "red"), ms(1));
}
static eff_t *services(struct world *w)
{
    return colour_provide(eff_task_group(forks_under_another, eff_ptr(w)), "blue");
}
CASE(a_task_has_the_services_around_its_group, services, .succeeds = "unit", .journal = "blue")

/* ---- ending tasks */

static eff_t *cancels(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(forks(group, holds(w, "a")), forks(group, holds(w, "b")), ms(5), eff_task_group_cancel(group),
                    say_time(w, "body"), one(7));
}
static eff_t *cancelled(struct world *w)
{
    return eff_task_group(cancels, eff_ptr(w));
}
/* A39 */
CASE(cancelling_interrupts_all_tasks_and_the_body_goes_on, cancelled, .succeeds = "7", .timed = true, .ms = 5)

static eff_t *cancels_from_a_task(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *task = in_order(ms(5), eff_task_group_cancel(group), say(w, "never"));
    return in_order(forks(group, task), forks(group, holds(w, "a")), forks(group, holds(w, "b")), one(7));
}
static eff_t *cancelled_by_a_task(struct world *w)
{
    return eff_task_group(cancels_from_a_task, eff_ptr(w));
}
CASE(a_task_that_cancels_the_group_is_interrupted_too, cancelled_by_a_task, .succeeds = "7", .timed = true, .ms = 5)

static eff_t *task_that_listens(struct world *w, int64_t n, const char *word)
{
    return in_order(eff_until_stop(), ms(n), say_time(w, word));
}
static eff_t *stops_at_ten(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *deaf = when_interrupted(eff_never(), say_time(w, "cut"));
    return in_order(forks(group, task_that_listens(w, 3, "a")), forks(group, deaf), ms(10), eff_task_group_stop(group),
                    say_stop(w));
}
static void its_time_was_up(struct world *w, const eff_exit_t *exit)
{
    eff_interrupt_reason_t reason;
    ck_assert(eff_cause_interruption(exit->cause, NULL, &reason, NULL));
    ck_assert_int_eq(reason, EFF_INTERRUPT_TIMEOUT);
}
static eff_t *stopped_within(struct world *w)
{
    return eff_task_group_within(eff_millis(20), stops_at_ten, eff_ptr(w));
}
CASE(stopping_asks_and_the_grace_runs_from_then, stopped_within, .interrupted = true, .journal = "true a@13 cut@30",
     .timed = true, .ms = 30, .check = its_time_was_up)

static eff_t *stops_listeners(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(forks(group, task_that_listens(w, 3, "a")), forks(group, task_that_listens(w, 5, "b")), ms(10),
                    eff_task_group_stop(group), one(7));
}
static eff_t *stopped_in_time(struct world *w)
{
    return eff_task_group_within(eff_millis(20), stops_listeners, eff_ptr(w));
}
CASE(a_group_that_ends_within_its_grace_succeeds, stopped_in_time, .succeeds = "7", .journal = "a@13 b@15",
     .timed = true, .ms = 15)

static eff_t *stopped_without_grace(struct world *w)
{
    return eff_task_group(stops_listeners, eff_ptr(w));
}
CASE(without_a_grace_they_are_asked_only, stopped_without_grace, .succeeds = "7", .journal = "a@13 b@15")

static eff_t *listens_outside(struct world *w)
{
    eff_t *group = eff_task_group_within(eff_millis(20), stops_listeners, eff_ptr(w));
    return in_order(keep(w, 0, eff_fork(task_that_listens(w, 0, "outside"))), group, say_stop(w));
}
CASE(stopping_a_group_asks_nobody_outside, listens_outside, .succeeds = "false", .journal = "a@13 b@15 false")

static eff_t *listeners(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(forks(group, task_that_listens(w, 3, "a")), forks(group, task_that_listens(w, 30, "late")),
                    eff_until_stop(), say_time(w, "body"));
}
static eff_t *interrupted_within(struct world *w)
{
    return eff_timeout(eff_task_group_within(eff_millis(20), listeners, eff_ptr(w)), eff_millis(10));
}
CASE(interrupting_the_caller_asks_body_and_tasks_first, interrupted_within, .succeeds = "none",
     .journal = "body@10 a@13", .timed = true, .ms = 30)

/* ---- tasks that say when they have started */

static eff_t *null_task(eff_task_started_t *started, eff_value_t env)
{
    return NULL;
}
static eff_t *starts_null(eff_task_group_t *group, eff_value_t env)
{
    return eff_task_group_start(group, null_task, env);
}
static eff_t *null_body(eff_task_group_t *group, eff_value_t env)
{
    return NULL;
}

START_TEST(what_is_missing_is_a_defect)
{
    ck_assert_dies(eff_task_group(NULL, eff_unit), "the callback of eff_task_group is NULL");
    ck_assert_dies(eff_task_group_within(eff_seconds(1), NULL, eff_unit), "the callback of eff_task_group_within");
    ck_assert_dies(eff_task_group(null_body, eff_unit), "callback null_body");
    ck_assert_dies(eff_task_group(starts_null, eff_unit), "callback null_task");
    ck_assert_dies(eff_task_group_fork(NULL, eff_noop()), "out of memory");
    ck_assert_dies(eff_task_group_fork(NULL, NULL), "argument 2 of eff_task_group_fork is NULL");
    ck_assert_dies(eff_task_started(NULL, eff_unit), "out of memory");
    ck_assert_uint_eq(eff_task_group_size(NULL), 0);
}
END_TEST

static eff_t *counts_itself(eff_task_group_t *group, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(forks(group, ms(5)), forks(group, ms(10)), say_size(w, group), ms(7), say_size(w, group), ms(7),
                    say_size(w, group));
}
static eff_t *sizes(struct world *w)
{
    return eff_task_group(counts_itself, eff_ptr(w));
}
CASE(its_size_is_the_number_of_living_tasks, sizes, .succeeds = "0", .journal = "2 1 0")

static eff_value_t say_name(eff_value_t fiber, eff_value_t env)
{
    const char *name = eff_fiber_name(eff_as_fiber(fiber));
    journal_add(eff_as_ptr(env), name ? name : "nameless");
    return eff_unit;
}
static eff_t *named_tasks(eff_task_group_t *group, eff_value_t env)
{
    eff_t *says = eff_map(eff_fiber_self(), say_name, eff_value_incref(env));
    eff_t *again = eff_incref(says);
    return in_order(eff_task_group_fork_named(group, says, "reader"), eff_task_group_fork(group, again));
}
static eff_t *a_named_task(struct world *w)
{
    return eff_then(eff_task_group(named_tasks, eff_ptr(w)), eff_noop());
}
CASE(a_task_may_have_a_name, a_named_task, .succeeds = "unit", .journal = "reader nameless", .without = NO_SHUFFLES)

static eff_t *nameless(eff_task_group_t *group, eff_value_t env)
{
    return eff_task_group_fork_named(group, eff_noop(), NULL);
}
static eff_t *no_name(struct world *w)
{
    return eff_task_group(nameless, eff_unit);
}
CASE(no_name_is_a_mistake, no_name, .dies = "argument 3 of eff_task_group_fork_named is NULL")

TESTS(FORK_072_an_empty_group_ends_with_its_body, it_ends_when_body_and_tasks_have_ended,
      it_succeeds_with_the_value_of_the_body, the_first_failure_of_a_task_interrupts_the_others,
      a_failure_of_the_body_interrupts_the_tasks,
      FORK_046_tasks_that_fail_together_are_reported_together_and_one_only_cancelled_is_none,
      what_interrupted_tasks_fail_with_comes_after_what_interrupted_them,
      FORK_072_a_wait_with_a_deadline_ends_the_remaining_tasks, a_group_whose_tasks_all_wait_is_a_deadlock,
      FORK_047_a_task_may_fork_while_the_group_waits_for_its_last_tasks,
      FORK_047_forking_into_a_group_that_has_ended_dies,
      a_task_forked_into_a_group_that_is_being_interrupted_ends_unrun, a_group_takes_memory_for_those_that_live_only,
      a_task_can_be_joined, a_task_interrupted_by_its_handle_is_no_failure_of_the_group,
      what_a_task_fails_with_as_it_is_interrupted_is_one, a_task_has_a_scope_of_its_own_and_the_body_that_of_its_caller,
      what_a_task_has_disconnected_ends_with_it, a_task_has_the_services_around_its_group,
      cancelling_interrupts_all_tasks_and_the_body_goes_on, a_task_that_cancels_the_group_is_interrupted_too,
      stopping_asks_and_the_grace_runs_from_then, a_group_that_ends_within_its_grace_succeeds,
      without_a_grace_they_are_asked_only, stopping_a_group_asks_nobody_outside,
      interrupting_the_caller_asks_body_and_tasks_first, what_is_missing_is_a_defect,
      its_size_is_the_number_of_living_tasks, a_task_may_have_a_name, no_name_is_a_mistake)
