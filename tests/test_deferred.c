/* Deferred: completed once, for any number of waiters; conformance area DEFER as far as it is about Deferred, and B32. */
#include <stdio.h>

#include "support/failing_allocator.h"
#include "support/fibers.h"

static eff_deferred_t *d(struct world *w)
{
    return latch(w, 0);
}
static eff_t *await_d(struct world *w)
{
    return eff_deferred_await(d(w));
}
static eff_t *complete(struct world *w, int64_t n)
{
    return eff_deferred_succeed(d(w), eff_int(n));
}

/* Forks a fiber that waits for d and says the exit it saw; the handle is w->fibers[i]. */
static eff_t *fork_waiter(struct world *w, int i)
{
    return keep(w, i, eff_fork(say_exit(w, await_d(w))));
}

/* ---- completing */

static eff_t *twice(struct world *w)
{
    eff_t *completes = eff_zip(complete(w, 1), eff_deferred_fail(d(w), eff_int(2)));
    return eff_zip(completes, eff_zip(await_d(w), await_d(w)));
}
/* DEFER-001 */
CASE(DEFER_001_only_the_first_completion_counts, twice, .succeeds = "((true, false), (1, 1))")

static eff_t *fails_first(struct world *w)
{
    eff_t *completes = eff_zip(eff_deferred_fail(d(w), eff_int(2)), complete(w, 1));
    return eff_then(completes, await_d(w));
}
CASE(awaiting_fails_as_it_was_completed, fails_first, .cause = "fail(2)")

static eff_t *dies(struct world *w)
{
    eff_t *e = eff_deferred_fail_cause(d(w), eff_cause_die(eff_literal("boom")));
    return eff_then(e, await_d(w));
}
CASE(awaiting_dies_as_it_was_completed, dies, .dies = "boom")

static eff_t *complete_env(eff_value_t v, eff_value_t env)
{
    return eff_deferred_succeed(eff_as_deferred(env), eff_value_incref(v));
}
/* There is no builder that completes with an effect: it is run, and its value given. */
static eff_t *memoized(struct world *w)
{
    eff_value_t env = eff_deferred_value(eff_deferred_incref(d(w)));
    return eff_then(eff_flat_map(count(w, 0), complete_env, env), eff_zip(await_d(w), await_d(w)));
}
static void ran_once(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 1);
}
/* DEFER-002 */
CASE(DEFER_002_the_effect_behind_the_value_runs_once, memoized, .succeeds = "(1, 1)", .check = ran_once)

static eff_t *counted(struct world *w)
{
    eff_t *before = eff_zip_par(await_d(w), after(5, eff_deferred_complete_with(d(w), count(w, 0))));
    return eff_zip(before, eff_zip(await_d(w), complete(w, 7)));
}
/* DEFER-003 */
CASE(DEFER_003_each_who_waits_runs_the_effect_it_was_completed_with, counted, .succeeds = "((1, true), (2, false))")

static eff_t *shared_failure(struct world *w)
{
    eff_t *waits = eff_zip_par(say_exit(w, await_d(w)), say_exit(w, await_d(w)));
    eff_t *completes = eff_zip(eff_deferred_complete_with(d(w), eff_then(say(w, "run"), failing(3))),
                               eff_deferred_complete_with(d(w), dying()));
    return eff_then(eff_zip_par(waits, after(1, completes)), say_exit(w, await_d(w)));
}
CASE(each_who_waits_fails_as_the_effect_does, shared_failure, .succeeds = "unit",
     .journal = "run fail:3 run fail:3 run fail:3")

static eff_t *effect_and_interrupt(struct world *w)
{
    eff_t *start = in_order(fork_waiter(w, 0), eff_yield_now(), eff_deferred_complete_with(d(w), say(w, "run")));
    return in_order(start, with_fiber(w, 0, interrupt_fork), say_await(w, 0));
}
CASE(a_waiter_interrupted_before_its_turn_does_not_run_the_effect, effect_and_interrupt, .succeeds = "unit",
     .journal = "interrupt")

static eff_t *with_nothing(struct world *w)
{
    return eff_deferred_complete_with(d(w), NULL);
}
CASE(completing_with_a_null_effect_is_a_mistake, with_nothing,
     .dies = "argument 2 of eff_deferred_complete_with is NULL")

static eff_t *await_first(struct world *w)
{
    return eff_zip_par(await_d(w), after(5, complete(w, 3)));
}
CASE(a_waiter_gets_the_value_when_it_comes, await_first, .succeeds = "(3, true)", .ms = 5, .timed = true)

/* What a description holds is moved out as it runs, unless it is kept. */
static eff_t *kept(struct world *w)
{
    eff_t *completes = eff_deferred_succeed(d(w), eff_string("v")), *awaits = await_d(w);
    eff_t *waited_for = eff_zip_par(eff_incref(awaits), eff_then(eff_yield_now(), eff_incref(completes)));
    return eff_zip(waited_for, eff_zip(completes, awaits));
}
CASE(descriptions_that_are_kept_complete_and_wait_again, kept, .succeeds = "((\"v\", true), (false, \"v\"))")

static eff_t *await_env(eff_value_t v, eff_value_t env)
{
    return eff_deferred_await(eff_as_deferred(env));
}
static eff_t *used_once(struct world *w)
{
    eff_deferred_t *once = eff_deferred_new();
    return eff_flat_map(eff_deferred_succeed(once, eff_string("v")), await_env, eff_deferred_value(once));
}
CASE(the_last_to_wait_takes_the_value_along, used_once, .succeeds = "v")

static eff_t *nobody_else_has_it(struct world *w)
{
    eff_deferred_t *once = eff_deferred_new();
    eff_t *e = eff_zip_par(eff_deferred_await(once), after(1, eff_deferred_succeed(once, eff_string("v"))));
    eff_deferred_decref(once);
    return e;
}
CASE(a_deferred_may_be_gone_as_it_is_completed, nobody_else_has_it, .succeeds = "(\"v\", true)")

/* ---- waiters */

static eff_t *one_of_two(struct world *w)
{
    eff_t *waiters = in_order(fork_waiter(w, 0), fork_waiter(w, 1), eff_yield_now(), with_fiber(w, 0, interrupt));
    return in_order(waiters, say(w, "|"), complete(w, 42), with_fiber(w, 1, join));
}
/* DEFER-004 */
CASE(DEFER_004_an_interrupted_waiter_leaves_and_the_other_gets_the_value, one_of_two, .succeeds = "unit",
     .journal = "| ok:42")

static eff_t *three_waiters(struct world *w)
{
    eff_t *waiters = in_order(fork_waiter(w, 0), fork_waiter(w, 1), fork_waiter(w, 2), eff_yield_now());
    eff_t *cause = eff_deferred_fail_cause(d(w), eff_cause_interrupt(0, EFF_INTERRUPT_EXPLICIT, NULL));
    return in_order(waiters, cause, with_fiber(w, 0, join), with_fiber(w, 1, join), with_fiber(w, 2, join));
}
/* DEFER-006 */
CASE(DEFER_006_an_interrupt_cause_ends_every_waiter, three_waiters, .succeeds = "unit",
     .journal = "interrupt interrupt interrupt")

static eff_t *say_then_await(struct world *w, const char *word)
{
    return eff_fork(eff_then(await_d(w), say(w, word)));
}
static eff_t *in_line(struct world *w)
{
    eff_t *waiters = in_order(say_then_await(w, "a"), say_then_await(w, "b"), say_then_await(w, "c"), eff_yield_now());
    return in_order(waiters, complete(w, 1), say(w, "completed"), eff_yield_now());
}
CASE(waiters_wake_in_the_order_of_waiting, in_line, .succeeds = "unit", .journal = "completed a b c")

static eff_t *middle_leaves(struct world *w)
{
    eff_t *a = keep(w, 0, say_then_await(w, "a")), *b = keep(w, 1, say_then_await(w, "b"));
    eff_t *c = keep(w, 2, say_then_await(w, "c"));
    return in_order(a, b, c, eff_yield_now(), with_fiber(w, 1, interrupt), complete(w, 1), eff_yield_now());
}
CASE(a_waiter_in_the_middle_leaves_the_others_in_line, middle_leaves, .succeeds = "unit", .journal = "a c")

/* The waiter was woken, and is interrupted before it runs: the value is not lost to others, and it ends interrupted. */
static eff_t *woken_and_interrupted(struct world *w)
{
    eff_t *start = eff_then(fork_waiter(w, 0), eff_yield_now());
    return in_order(start, complete(w, 1), with_fiber(w, 0, interrupt_fork), say_await(w, 0), await_d(w));
}
CASE(a_waiter_interrupted_between_waking_and_running_is_interrupted, woken_and_interrupted, .succeeds = "1",
     .journal = "interrupt")

static eff_t *losing_complete(struct world *w)
{
    eff_t *completes = eff_race(complete(w, 1), complete(w, 2));
    return eff_zip_par(completes, await_d(w));
}
/* DEFER-009 */
CASE(DEFER_009_a_completion_that_loses_a_race_has_still_woken_the_waiters, losing_complete, .succeeds = "(true, 1)",
     .without = NO_BUDGETS /* the other may be first */)

static eff_t *nobody_completes(struct world *w)
{
    return eff_ensuring(await_d(w), say(w, "end"));
}
CASE(waiting_for_what_nobody_completes_is_a_deadlock, nobody_completes, .dies = "deadlock", .journal = "end")

static eff_t *timed_out(struct world *w)
{
    return eff_zip(eff_timeout(await_d(w), eff_millis(5)), eff_zip(complete(w, 1), await_d(w)));
}
CASE(a_waiter_that_timed_out_does_not_keep_the_value_from_others, timed_out, .succeeds = "(none, (true, 1))")

/* ---- polling */

static void check_poll(eff_t *completion, eff_deferred_t *deferred, const char *expected)
{
    ck_assert_ptr_null(eff_deferred_poll(deferred));
    eff_exit_decref(eff_test_run(completion));
    ck_assert_str_eq(shape_of(eff_deferred_poll(deferred)), expected);
    eff_deferred_decref(deferred);
}
/* DEFER-007 */
START_TEST(DEFER_007_polling_gives_nothing_and_then_the_exit)
{
    eff_deferred_t *deferred = eff_deferred_new();
    check_poll(eff_deferred_succeed(deferred, eff_int(1)), deferred, "ok(1)");
    deferred = eff_deferred_new();
    check_poll(eff_deferred_fail(deferred, eff_int(2)), deferred, "fail(2)");
    deferred = eff_deferred_new();
    eff_cause_t *interrupted = eff_cause_interrupt(0, EFF_INTERRUPT_EXPLICIT, NULL);
    check_poll(eff_deferred_fail_cause(deferred, interrupted), deferred, "interrupt");
    ck_assert_ptr_null(eff_deferred_poll(NULL));
    deferred = eff_deferred_new();
    eff_exit_decref(eff_test_run(eff_deferred_complete_with(deferred, eff_noop())));
    ck_assert_ptr_null(eff_deferred_poll(deferred)); /* an effect has no exit */
    eff_deferred_decref(deferred);
}
END_TEST

/* ---- handles */

static eff_t *no_memory_for_it(struct world *w)
{
    (void)w;
    return eff_deferred_await(NULL);
}
CASE(a_deferred_that_could_not_be_made_is_out_of_memory, no_memory_for_it, .dies = "out of memory")

static eff_t *no_cause(struct world *w)
{
    return eff_deferred_fail_cause(d(w), NULL);
}
CASE(completing_with_no_cause_is_a_mistake, no_cause, .dies = "eff_deferred_fail_cause")

START_TEST(a_deferred_of_another_runtime_is_a_mistake)
{
    struct world w = { .test = eff_test_new() };
    (void)eff_test_fork(w.test, await_d(&w));
    eff_test_adjust(w.test, eff_millis(0));
    ck_assert_dies(await_d(&w), "this deferred belongs to another runtime");
    ck_assert_dies(complete(&w, 1), "this deferred belongs to another runtime");
    ck_assert_uint_eq(eff_test_free(w.test), 1);
    eff_deferred_decref(w.deferreds[0]);
}
END_TEST

static void note_mistake(const char *message, void *arg)
{
    snprintf(arg, 256, "%s", message);
}
START_TEST(a_value_of_another_type_is_no_deferred)
{
    char message[256] = "";
    eff_set_misuse_handler(note_mistake, message);
    eff_deferred_t *dummy = eff_as_deferred(eff_int(1));
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_ptr_nonnull(strstr(message, "deferred"));
    ck_assert_succeeds(eff_deferred_await(dummy), "unit");
}
END_TEST

START_TEST(the_value_is_dropped_with_the_last_handle)
{
    eff_deferred_t *deferred = eff_deferred_new();
    eff_value_t handle = eff_deferred_value(eff_deferred_incref(deferred));
    ck_assert_ptr_eq(eff_as_deferred(handle), deferred);
    ck_assert_succeeds(eff_deferred_succeed(deferred, eff_string("counted")), "true");
    eff_deferred_decref(deferred);
    ck_assert_succeeds(eff_deferred_await(eff_as_deferred(handle)), "counted");
    eff_value_decref(handle);
}
END_TEST

/* ---- B32 */

enum { ROUNDS = 100000, SETTLED = 1000 };

static eff_value_t measure(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    if (++w->n[0] == SETTLED) w->n[1] = blocks_live;
    if (w->n[0] == ROUNDS) w->n[2] = blocks_live;
    return eff_unit;
}
START_TEST(racing_a_long_lived_deferred_leaves_memory_flat)
{
    struct world w = { 0 };
    eff_t *round = eff_race(await_d(&w), after(1, eff_sync(measure, eff_ptr(&w))));
    ck_assert_succeeds(eff_repeat(round, eff_schedule_recurs(ROUNDS - 1)), "unit");
    ck_assert_int_eq(w.n[0], ROUNDS);
    ck_assert_int_gt(w.n[1], 0);
    ck_assert_int_eq(w.n[2], w.n[1]);
    ck_assert_ptr_null(eff_deferred_poll(d(&w)));
    eff_deferred_decref(w.deferreds[0]);
}
END_TEST

TESTS(DEFER_001_only_the_first_completion_counts, awaiting_fails_as_it_was_completed, awaiting_dies_as_it_was_completed,
      DEFER_002_the_effect_behind_the_value_runs_once, DEFER_003_each_who_waits_runs_the_effect_it_was_completed_with,
      each_who_waits_fails_as_the_effect_does, a_waiter_interrupted_before_its_turn_does_not_run_the_effect,
      completing_with_a_null_effect_is_a_mistake, a_waiter_gets_the_value_when_it_comes,
      descriptions_that_are_kept_complete_and_wait_again, the_last_to_wait_takes_the_value_along,
      a_deferred_may_be_gone_as_it_is_completed, DEFER_004_an_interrupted_waiter_leaves_and_the_other_gets_the_value,
      DEFER_006_an_interrupt_cause_ends_every_waiter, waiters_wake_in_the_order_of_waiting,
      a_waiter_in_the_middle_leaves_the_others_in_line, a_waiter_interrupted_between_waking_and_running_is_interrupted,
      DEFER_009_a_completion_that_loses_a_race_has_still_woken_the_waiters,
      waiting_for_what_nobody_completes_is_a_deadlock, a_waiter_that_timed_out_does_not_keep_the_value_from_others,
      DEFER_007_polling_gives_nothing_and_then_the_exit, a_deferred_that_could_not_be_made_is_out_of_memory,
      completing_with_no_cause_is_a_mistake, a_deferred_of_another_runtime_is_a_mistake,
      a_value_of_another_type_is_no_deferred, the_value_is_dropped_with_the_last_handle,
      racing_a_long_lived_deferred_leaves_memory_flat)
