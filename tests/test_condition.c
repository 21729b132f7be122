/* Conditions. */
#include <inttypes.h>
#include <stdio.h>

#include "support/fibers.h"

/* The program has references of its own; the builder's is given up. */
static eff_t *over(eff_condition_t *c, eff_t *e)
{
    eff_condition_decref(c);
    return e;
}

/* ---- waiting until something holds: that n[0] is at least the number */

static bool is_reached(eff_value_t env)
{
    const struct world *w = eff_as_ptr(eff_first(env));
    return w->n[0] >= eff_as_int(eff_second(env));
}
static eff_t *until(struct world *w, eff_condition_t *c, int64_t n)
{
    return eff_condition_wait_until(c, is_reached, eff_pair(eff_ptr(w), eff_int(n)));
}
static eff_t *fork_until(struct world *w, int i, eff_condition_t *c, int64_t n, const char *word)
{
    return keep(w, i, eff_fork(eff_then(until(w, c, n), say(w, word))));
}

static eff_t *holds_already(struct world *w)
{
    eff_condition_t *c = eff_condition_new();
    return over(c, eff_then(until(w, c, 0), say(w, "on")));
}
CASE(what_holds_already_is_not_waited_for, holds_already, .succeeds = "unit", .journal = "on")

static eff_t *one_after_another(struct world *w)
{
    eff_condition_t *c = eff_condition_new();
    eff_t *start = in_order(fork_until(w, 0, c, 2, "two"), fork_until(w, 1, c, 1, "one"), ms(1));
    eff_t *step = in_order(count(w, 0), eff_condition_notify_all(c), ms(1), say(w, "|"));
    return over(c, in_order(start, eff_incref(step), step, with_fiber(w, 0, join)));
}
CASE(each_goes_on_once_what_it_waits_for_holds, one_after_another, .succeeds = "unit", .journal = "one | two |")

static eff_t *nothing_changed(struct world *w)
{
    eff_condition_t *c = eff_condition_new();
    eff_t *waits = eff_timeout(until(w, c, 1), eff_millis(5));
    eff_t *notifies = eff_replicate(after(1, eff_condition_notify_all(c)), 3);
    return over(c, eff_zip_par(waits, notifies));
}
CASE(a_notification_alone_lets_nobody_go_on_for_whom_it_does_not_hold, nothing_changed, .succeeds = "(none, [1, 1, 1])",
     .ms = 5, .timed = true)

static eff_t *take_place(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[0]--;
    return w->n[0] < 0 ? eff_die(eff_literal("overdrawn")) : say(w, "took");
}
static eff_t *holds_when_it_acts(struct world *w)
{
    eff_condition_t *c = eff_condition_new();
    eff_t *take = eff_flat_map(until(w, c, 1), take_place, eff_ptr(w));
    eff_t *takes = eff_all_par(eff_incref(take), eff_incref(take), take);
    eff_t *give = eff_replicate(in_order(ms(1), count(w, 0), say(w, "|"), eff_condition_notify_all(c)), 3);
    return over(c, eff_map_to(eff_zip_par(takes, give), eff_unit));
}
CASE(it_still_holds_when_the_next_callback_acts, holds_when_it_acts, .succeeds = "unit",
     .journal = "| took | took | took")

static eff_t *spin(eff_value_t v, eff_value_t n)
{
    int64_t left = eff_as_int(n);
    return left == 0 ? eff_noop() : eff_flat_map(eff_noop(), spin, eff_int(left - 1));
}
static eff_value_t set_to(eff_value_t v, eff_value_t pair)
{
    struct world *w = eff_as_ptr(eff_first(pair));
    w->n[0] = eff_as_int(eff_second(pair));
    return eff_unit;
}
static eff_t *sets(struct world *w, int64_t n)
{
    return eff_map(eff_noop(), set_to, eff_pair(eff_ptr(w), eff_int(n)));
}
START_TEST(nor_does_a_budget_that_is_spent_come_in_between)
{
    for (int64_t n = 600; n < 1100; n++) { /* of which one is where the budget of 2048 instructions ends */
        struct world w = { .n = { 1 } };
        eff_condition_t *c = eff_condition_new();
        eff_t *takes = eff_flat_map(until(&w, c, 1), take_place, eff_ptr(&w));
        eff_t *others = in_order(sets(&w, 0), eff_yield_now(), sets(&w, 1), eff_condition_notify_all(c));
        eff_exit_t exit = eff_run(in_order(eff_fork(others), spin(eff_unit, eff_int(n)), takes));
        ck_assert_msg(exit.ok, "%" PRId64, n);
        eff_exit_decref(exit);
        eff_condition_decref(c);
    }
}
END_TEST

/* ---- notifying some, or all */

static eff_t *fork_waiter(struct world *w, int i, eff_condition_t *c, const char *word)
{
    return keep(w, i, eff_fork(eff_then(eff_condition_wait(c), say(w, word))));
}
static eff_t *waits_a_little(eff_value_t v, eff_value_t env)
{
    return ms(1);
}
static eff_t *some_then_all(struct world *w)
{
    eff_condition_t *c = eff_condition_new();
    eff_t *start = in_order(fork_waiter(w, 0, c, "a"), fork_waiter(w, 1, c, "b"), fork_waiter(w, 2, c, "c"),
                            fork_waiter(w, 3, c, "d"), eff_yield_now());
    eff_t *two = eff_zip(eff_condition_notify(c, 2), in_order(ms(1), say(w, "|"), eff_condition_notify_all(c)));
    return over(c, eff_then(start, eff_tap(two, waits_a_little, eff_unit)));
}
/* A31 */
CASE(A31_the_first_n_or_all_are_notified_in_order, some_then_all, .succeeds = "(2, 2)", .journal = "a b | c d",
     .without = NO_SHUFFLES /* who is first */)

static eff_t *notified_and_interrupted(struct world *w)
{
    eff_condition_t *c = eff_condition_new();
    eff_t *start = in_order(fork_waiter(w, 0, c, "never"), fork_waiter(w, 1, c, "next"), eff_yield_now());
    eff_t *notify = in_order(eff_condition_notify(c, 1), with_fiber(w, 0, interrupt_fork), say_await(w, 0));
    return over(c, in_order(start, notify, with_fiber(w, 1, join)));
}
/* A31 */
CASE(A31_who_is_notified_and_interrupted_before_it_runs_leaves_that_to_the_next, notified_and_interrupted,
     .succeeds = "unit", .journal = "next interrupt", .without = NO_SHUFFLES /* the notification may be first */)

static eff_t *all_notified_and_one_interrupted(struct world *w)
{
    eff_condition_t *c = eff_condition_new();
    eff_t *start = in_order(fork_waiter(w, 0, c, "never"), eff_yield_now());
    eff_t *notify = eff_condition_notify_all(c);
    eff_t *late = keep(w, 1, eff_fork(eff_timeout(eff_condition_wait(c), eff_millis(5))));
    eff_t *end = in_order(with_fiber(w, 0, interrupt_fork), say_await(w, 0), with_fiber(w, 1, join));
    return over(c, in_order(start, notify, late, end));
}
CASE(of_a_notification_of_all_nothing_is_left_to_who_came_later, all_notified_and_one_interrupted, .succeeds = "none",
     .journal = "interrupt", .without = NO_SHUFFLES /* the notification may be first */)

static eff_t *middle_leaves(struct world *w)
{
    eff_condition_t *c = eff_condition_new();
    eff_t *start = in_order(fork_waiter(w, 0, c, "a"), fork_waiter(w, 1, c, "b"), fork_waiter(w, 2, c, "c"));
    eff_t *leaves = in_order(eff_yield_now(), with_fiber(w, 1, interrupt));
    return over(c, in_order(start, leaves, eff_condition_notify(c, 5)));
}
CASE(who_is_interrupted_leaves_the_line, middle_leaves, .succeeds = "2", .without = NO_SHUFFLES /* who is there */)

static eff_t *nobody_notifies(struct world *w)
{
    eff_condition_t *c = eff_condition_new();
    return over(c, eff_ensuring(until(w, c, 1), say(w, "end")));
}
static void names_the_predicate(struct world *w, const eff_exit_t *exit)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit->cause, &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), "waits for a condition at is_reached (test_condition.c:"), "%s",
                  eff_buffer_text(&text));
    eff_buffer_done(&text);
}
CASE(waiting_for_what_nobody_notifies_is_a_deadlock, nobody_notifies, .dies = "deadlock", .journal = "end",
     .check = names_the_predicate)

/* ---- from plain C, and looking at it */

START_TEST(plain_c_notifies_and_counts)
{
    eff_test_t *t = eff_test_new();
    eff_condition_t *c = eff_condition_new();
    eff_fiber_t *a = eff_test_fork(t, eff_condition_wait(c)), *b = eff_test_fork(t, eff_condition_wait(c));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_uint_eq(eff_condition_waiters(c), 2);
    ck_assert_uint_eq(eff_condition_notified(c), 2);
    ck_assert_uint_eq(eff_condition_waiters(c), 0);
    eff_test_adjust(t, eff_millis(0));
    ck_assert(eff_fiber_poll(a) && eff_fiber_poll(b));
    ck_assert_uint_eq(eff_condition_notified(c), 0);
    ck_assert_uint_eq(eff_test_free(t), 0);
    eff_condition_decref(c);
    ck_assert_uint_eq(eff_condition_notified(NULL), 0);
    ck_assert_uint_eq(eff_condition_waiters(NULL), 0);
}
END_TEST

/* ---- handles */

static eff_t *no_memory_for_it(struct world *w)
{
    return eff_or_else(until(w, NULL, 1), eff_condition_wait(NULL));
}
CASE(a_condition_that_could_not_be_made_is_out_of_memory, no_memory_for_it, .dies = "out of memory")

START_TEST(a_predicate_that_is_null_is_a_mistake)
{
    eff_condition_t *c = eff_condition_new();
    ck_assert_dies(eff_condition_wait_until(c, NULL, eff_unit), "eff_condition_wait_until");
    eff_condition_decref(c);
}
END_TEST

START_TEST(a_condition_of_another_runtime_is_a_mistake)
{
    eff_test_t *t = eff_test_new();
    eff_condition_t *c = eff_condition_new();
    (void)eff_test_fork(t, eff_condition_wait(c));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_dies(eff_condition_wait(c), "this condition belongs to another runtime");
    ck_assert_dies(eff_condition_notify_all(c), "this condition belongs to another runtime");
    ck_assert_uint_eq(eff_test_free(t), 1);
    eff_condition_decref(c);
}
END_TEST

static void note_mistake(const char *message, void *arg)
{
    snprintf(arg, 256, "%s", message);
}
static bool never_holds(eff_value_t env)
{
    return false;
}
START_TEST(a_value_of_another_type_is_a_condition_that_nobody_waits_for)
{
    char message[256] = "";
    eff_set_misuse_handler(note_mistake, message);
    eff_condition_t *dummy = eff_as_condition(eff_int(1));
    ck_assert_ptr_nonnull(strstr(message, "condition"));
    eff_set_misuse_handler(NULL, NULL);
    eff_t *waits = eff_then(eff_condition_wait(dummy), eff_condition_wait_until(dummy, never_holds, eff_unit));
    ck_assert_succeeds(eff_then(waits, eff_condition_notify(dummy, 1)), "0");
}
END_TEST

START_TEST(a_condition_is_a_value)
{
    eff_value_t v = eff_condition_value(eff_condition_new());
    eff_condition_t *c = eff_condition_incref(eff_as_condition(v));
    eff_value_decref(v);
    ck_assert_succeeds(eff_condition_notify_all(c), "0");
    eff_condition_decref(c);
    ck_assert(eff_is_oom(eff_condition_value(NULL)));
}
END_TEST

TESTS(what_holds_already_is_not_waited_for, each_goes_on_once_what_it_waits_for_holds,
      a_notification_alone_lets_nobody_go_on_for_whom_it_does_not_hold, it_still_holds_when_the_next_callback_acts,
      nor_does_a_budget_that_is_spent_come_in_between, A31_the_first_n_or_all_are_notified_in_order,
      A31_who_is_notified_and_interrupted_before_it_runs_leaves_that_to_the_next,
      of_a_notification_of_all_nothing_is_left_to_who_came_later, who_is_interrupted_leaves_the_line,
      waiting_for_what_nobody_notifies_is_a_deadlock, plain_c_notifies_and_counts,
      a_condition_that_could_not_be_made_is_out_of_memory, a_predicate_that_is_null_is_a_mistake,
      a_condition_of_another_runtime_is_a_mistake, a_value_of_another_type_is_a_condition_that_nobody_waits_for,
      a_condition_is_a_value)
