/* Mistakes that were found by reviewing fibers, groups and the runtime's end, each as the small program that showed it. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <effect/each_par.h>
#include <effect/local.h>
#include <effect/race.h>
#include <effect/task_group.h>

#include "support/fibers.h"

/* ---- fibers that end with their own handle: they kept themselves */

static eff_t *self_of(eff_value_t item, eff_value_t env)
{
    return eff_fiber_self();
}
static eff_value_t is_fiber(eff_value_t v, eff_value_t env)
{
    return eff_bool(eff_fiber_poll(eff_as_fiber(v))->value.ptr == v.ptr);
}
static eff_value_t are_fibers(eff_value_t all, eff_value_t env)
{
    for (size_t i = 0; i < eff_array_size(all); i++)
        if (!eff_as_bool(is_fiber(eff_array_at(all, i), eff_unit))) return eff_bool(false);
    return eff_bool(eff_array_size(all) == 3);
}

static eff_t *forked_self(struct world *w)
{
    return in_order(keep(w, 0, eff_fork(eff_fiber_self())), eff_map(with_fiber(w, 0, join), is_fiber, eff_unit));
}
CASE(a_fiber_may_end_with_its_own_handle, forked_self, .succeeds = "true")

static eff_t *unkept_self(struct world *w)
{
    return in_order(eff_fork(eff_fiber_self()), eff_yield_now(), eff_yield_now());
}
CASE(a_fiber_that_ends_with_its_own_handle_is_freed_unasked, unkept_self, .succeeds = "unit")

static eff_t *selves_of_items(struct world *w)
{
    return eff_map(eff_for_each_par(eff_range(0, 3), self_of, eff_unit, 2), are_fibers, eff_unit);
}
CASE(items_may_end_with_their_own_handles, selves_of_items, .succeeds = "true")

static eff_t *selves_of_sides(struct world *w)
{
    eff_t *later = eff_then(eff_yield_now(), eff_fiber_self());
    return eff_map(eff_all_par(eff_fiber_self(), later, eff_fiber_self()), are_fibers, eff_unit);
}
CASE(sides_may_end_with_their_own_handles, selves_of_sides, .succeeds = "true")

static eff_t *self_wins(struct world *w)
{
    return eff_map(eff_race(eff_never(), eff_fiber_self()), is_fiber, eff_unit);
}
CASE(a_race_may_be_won_by_the_winners_handle, self_wins, .succeeds = "true")

/* ---- local variables of fibers that have ended: a handle kept them */

static const eff_local_t held = { .name = "held" };

static eff_t *set_held(eff_value_t v, eff_value_t env)
{
    return eff_local_set(&held, eff_value_incref(v));
}
static eff_t *holds_itself(struct world *w)
{
    eff_t *set = eff_flat_map(eff_fiber_self(), set_held, eff_unit);
    return in_order(keep(w, 0, eff_fork(set)), with_fiber(w, 0, join));
}
CASE(a_local_variable_may_hold_its_own_fiber, holds_itself, .succeeds = "unit")

struct token {
    struct world *w;
};
static void token_drop(struct token *t)
{
    journal_add(t->w, "dropped");
}
EFF_STATIC_TYPE(token, struct token, .drop = token_drop);

static eff_t *set_token(eff_value_t env)
{
    return eff_local_set(&held, token_make((struct token){ eff_as_ptr(env) }));
}
static eff_t *outlived(struct world *w)
{
    eff_t *child = eff_suspend(set_token, eff_ptr(w));
    return in_order(keep(w, 0, eff_fork(child)), with_fiber(w, 0, join), say(w, "joined"));
}
CASE(local_variables_go_as_their_fiber_ends, outlived, .succeeds = "unit", .journal = "dropped joined")

/* ---- a fork policy that returns the absent value: it was told as "out of memory" */

static eff_value_t absent(eff_value_t forkers)
{
    return (eff_value_t){ 0 };
}
/* The value is the world. */
static eff_value_t absent_the_second_time(eff_value_t world)
{
    struct world *w = eff_as_ptr(world);
    return w->n[0]++ ? (eff_value_t){ 0 } : world;
}
static const eff_local_t unforkable = { .name = "unforkable", .fork = absent };
static const eff_local_t counted = { .name = "counted", .fork = absent_the_second_time };
#define MISTAKE "`fork` of the local \"unforkable\" returned the absent value"

static eff_t *with_unforkable(eff_t *e)
{
    return eff_then(eff_local_set(&unforkable, eff_unit), e);
}
static eff_t *unforkable_child(struct world *w)
{
    return with_unforkable(eff_fork(eff_noop()));
}
CASE(a_fork_policy_that_returns_nothing_is_named_by_fork, unforkable_child, .dies = MISTAKE)

static eff_t *unforkable_side(struct world *w)
{
    return with_unforkable(eff_zip_par(one(1), one(2)));
}
CASE(a_fork_policy_that_returns_nothing_is_named_by_a_group, unforkable_side, .dies = MISTAKE)

static eff_t *fork_task(eff_task_group_t *group, eff_value_t env)
{
    return eff_then(eff_local_set(&unforkable, eff_unit), eff_task_group_fork(group, eff_noop()));
}
static eff_t *unforkable_task(struct world *w)
{
    return eff_task_group(fork_task, eff_unit);
}
CASE(a_fork_policy_that_returns_nothing_is_named_by_a_task_group, unforkable_task, .dies = MISTAKE)

static eff_t *value_of(eff_value_t item, eff_value_t env)
{
    return eff_succeed(eff_value_incref(item));
}
static eff_t *loop_with_counted(struct world *w, eff_bind_fn f)
{
    return eff_then(eff_local_set(&counted, eff_ptr(w)), eff_for_each_par(eff_range(0, 3), f, eff_unit, 1));
}
#define MISTAKE_LATER "`fork` of the local \"counted\" returned the absent value"

static eff_t *unforkable_items(struct world *w)
{
    return loop_with_counted(w, value_of);
}
CASE(a_fork_policy_that_returns_nothing_is_named_by_a_worker, unforkable_items, .dies = MISTAKE_LATER)

static eff_t *unforkable_known_items(struct world *w)
{
    return loop_with_counted(w, self_of);
}
CASE(a_fork_policy_that_returns_nothing_is_named_by_a_replaced_worker, unforkable_known_items, .dies = MISTAKE_LATER)

/* ---- what the loser of a race_with acquires: it was released with a scope of the handler's */

static eff_t *say_around(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(eff_scoped(after(5, say(w, "handled"))), eff_fiber_join(loser));
}
static eff_t *acquired_by_a_loser(struct world *w, eff_t *winner)
{
    eff_t *resource = eff_acquire_release(acquire(w, "r"), release, eff_ptr(w));
    eff_t *loser = in_order(ms(2), resource, ms(20), say(w, "used"));
    eff_t *race = eff_race_with(winner, loser, say_around, say_around, eff_ptr(w));
    return eff_then(eff_scoped(eff_then(race, say(w, "raced"))), say(w, "end"));
}
static eff_t *scoped_loser(struct world *w)
{
    return acquired_by_a_loser(w, ms(1));
}
CASE(a_loser_keeps_what_it_acquires_while_the_handler_opens_scopes, scoped_loser, .succeeds = "unit",
     .journal = "r+ handled used raced r- end")

static eff_t *late_loser(struct world *w)
{
    return acquired_by_a_loser(w, one(1));
}
CASE(a_loser_that_begins_late_keeps_what_it_acquires, late_loser, .succeeds = "unit",
     .journal = "r+ handled used raced r- end")

/* ---- an observer that was taken out again: the failure it did not hear of was told to nobody */

static eff_fiber_observer_t observer;

static void never_called(const eff_exit_t *exit, void *arg)
{
    ck_abort_msg("an observer was called that was taken out");
}
static eff_value_t observe(eff_value_t handle, eff_value_t env)
{
    observer = (eff_fiber_observer_t){ .on_exit = never_called };
    ck_assert_int_eq(eff_fiber_observe(eff_as_fiber(handle), &observer), 0);
    return eff_unit;
}
static eff_value_t unobserve(eff_value_t env)
{
    eff_fiber_unobserve(&observer);
    return eff_unit;
}
static void count_told(const eff_fiber_t *fiber, const eff_cause_t *cause, void *arg)
{
    (*(int *)arg)++;
}
START_TEST(a_failure_whose_observer_was_taken_out_is_reported)
{
    int n_told = 0;
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .on_unobserved = count_told, .arg = &n_told });
    /* It ends before its forker goes on, and observers are called later. */
    eff_t *child = eff_then(eff_map(eff_fiber_self(), observe, eff_unit), failing(1));
    eff_t *fork = eff_fork_with(child, &(eff_fork_options_t){ .start_immediately = true });
    eff_exit_decref(eff_runtime_run(rt, eff_then(fork, eff_sync(unobserve, eff_unit))));
    ck_assert_int_eq(n_told, 1);
    eff_runtime_free(rt);
}
END_TEST

/* ---- fibers of scopes that have ended were called "(main)" */

static void note_main(const eff_fiber_t *fiber, const eff_cause_t *cause, void *arg)
{
    struct eff__who who = eff__who_is(fiber);
    ck_assert_str_eq(who.name, "worker");
    ck_assert(!who.is_main);
    (*(int *)arg)++;
}
START_TEST(the_failed_fiber_of_a_scope_is_not_the_main_one)
{
    int n_told = 0;
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .on_unobserved = note_main, .arg = &n_told });
    eff_t *worker = eff_fork_scoped(eff_named(failing(1), "worker"));
    eff_exit_decref(eff_runtime_run(rt, eff_scoped(in_order(worker, eff_yield_now(), eff_yield_now()))));
    ck_assert_int_eq(n_told, 1);
    eff_runtime_free(rt);
}
END_TEST

/* ---- a signal while eff_main finishes a shutdown that the program began: it met the main fiber, which was gone */

static eff_value_t shut_down(eff_value_t env)
{
    eff_runtime_shutdown(eff_runtime_current(), NULL, NULL);
    return eff_unit;
}
static eff_value_t raise_signal(eff_value_t env)
{
    (void)raise(SIGTERM);
    return eff_unit;
}
static eff_t *signal_and_wait(const eff_exit_t *exit, eff_value_t env)
{
    return eff_then(eff_sync(raise_signal, eff_unit), eff_sleep(eff_millis(1)));
}
START_TEST(a_signal_after_a_shutdown_of_ones_own_meets_no_fiber)
{
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        eff_t *daemon = eff_fork_daemon(eff_on_exit(eff_never(), signal_and_wait, eff_unit));
        _exit(eff_main(in_order(daemon, eff_yield_now(), eff_sync(shut_down, eff_unit))));
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 128 + SIGTERM);
}
END_TEST

TESTS(the_failed_fiber_of_a_scope_is_not_the_main_one, a_loser_keeps_what_it_acquires_while_the_handler_opens_scopes,
      a_loser_that_begins_late_keeps_what_it_acquires, a_failure_whose_observer_was_taken_out_is_reported,
      a_signal_after_a_shutdown_of_ones_own_meets_no_fiber, a_fiber_may_end_with_its_own_handle,
      a_fiber_that_ends_with_its_own_handle_is_freed_unasked, items_may_end_with_their_own_handles,
      sides_may_end_with_their_own_handles, a_race_may_be_won_by_the_winners_handle,
      a_local_variable_may_hold_its_own_fiber, local_variables_go_as_their_fiber_ends,
      a_fork_policy_that_returns_nothing_is_named_by_fork, a_fork_policy_that_returns_nothing_is_named_by_a_group,
      a_fork_policy_that_returns_nothing_is_named_by_a_task_group,
      a_fork_policy_that_returns_nothing_is_named_by_a_worker,
      a_fork_policy_that_returns_nothing_is_named_by_a_replaced_worker)
