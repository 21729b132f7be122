/* The order in which fibers run, as DESIGN §7 specifies it: each test is one journal. */
#include "support/fibers.h"
#include "testing/test.h"

/* ---- (a) a fiber loses the loop only by yield, suspension, end or its budget */

static eff_t *thrice(struct world *w, const char *a, const char *b, const char *c, eff_t *between)
{
    return in_order(say(w, a), eff_incref(between), say(w, b), between, say(w, c));
}

static eff_t *without_yields(struct world *w)
{
    eff_t *a = thrice(w, "a1", "a2", "a3", eff_noop()), *b = thrice(w, "b1", "b2", "b3", eff_noop());
    return in_order(keep(w, 0, eff_fork(a)), keep(w, 1, eff_fork(b)), ms(1));
}
CASE(a_fiber_keeps_the_loop_until_it_loses_it, without_yields, .succeeds = "unit", .journal = "a1 a2 a3 b1 b2 b3")

static eff_t *with_yields(struct world *w)
{
    eff_t *a = thrice(w, "a1", "a2", "a3", eff_yield_now()), *b = thrice(w, "b1", "b2", "b3", eff_yield_now());
    return in_order(keep(w, 0, eff_fork(a)), keep(w, 1, eff_fork(b)), ms(1));
}
CASE(a_yield_gives_everybody_else_a_turn, with_yields, .succeeds = "unit", .journal = "a1 b1 a2 b2 a3 b3")

static eff_t *with_sleeps_of_0(struct world *w)
{
    eff_t *a = thrice(w, "a1", "a2", "a3", ms(0)), *b = thrice(w, "b1", "b2", "b3", ms(-1));
    return in_order(keep(w, 0, eff_fork(a)), keep(w, 1, eff_fork(b)), ms(1));
}
CASE(sleeping_0_is_a_yield, with_sleeps_of_0, .succeeds = "unit", .journal = "a1 b1 a2 b2 a3 b3", .timed = true,
     .ms = 1)

/* ---- (b) fork appends the child, the parent goes on */

static eff_t *forks_in_turn(struct world *w)
{
    eff_t *a = eff_then(keep(w, 1, eff_fork(say(w, "c"))), in_order(say(w, "a"), eff_yield_now(), say(w, "a2")));
    return in_order(keep(w, 0, eff_fork(a)), keep(w, 2, eff_fork(say(w, "b"))), say(w, "main"), ms(1));
}
CASE(fork_appends_the_child_and_the_parent_goes_on, forks_in_turn, .succeeds = "unit", .journal = "main a b c a2")

/* ---- (c) sides are started by switching, in argument order */

static eff_t *other(struct world *w)
{
    return keep(w, 7, eff_fork(say(w, "other")));
}
static eff_t *around_a_yield(struct world *w, const char *before, const char *behind)
{
    return in_order(say(w, before), eff_yield_now(), say(w, behind));
}

static eff_t *zip_starts(struct world *w)
{
    return eff_then(other(w), eff_zip_par(around_a_yield(w, "l1", "l2"), around_a_yield(w, "r1", "r2")));
}
CASE(sides_start_before_who_is_already_in_the_run_queue, zip_starts, .succeeds = "(unit, unit)",
     .journal = "l1 r1 other l2 r2")

static eff_t *nested_starts(struct world *w)
{
    eff_t *left = eff_zip_par(around_a_yield(w, "a1", "a2"), around_a_yield(w, "b1", "b2"));
    eff_t *right = eff_race(around_a_yield(w, "c1", "c2"), around_a_yield(w, "d1", "d2"));
    return in_order(other(w), eff_zip_par(left, right), say(w, "end"));
}
CASE(nested_sides_start_depth_first, nested_starts, .succeeds = "unit", .journal = "a1 b1 c1 d1 other a2 b2 c2 d2 end")

static eff_t *ends_in_the_start(struct world *w)
{
    return eff_then(other(w), eff_all_par(say(w, "a"), say(w, "b"), around_a_yield(w, "c1", "c2")));
}
CASE(a_side_that_ends_in_the_start_is_followed_by_the_next_at_once, ends_in_the_start, .succeeds = "[unit, unit, unit]",
     .journal = "a b c1 other c2")

static eff_t *no_turn_is_lost(struct world *w)
{
    return in_order(other(w), eff_zip_par(say(w, "a"), say(w, "b")), say(w, "on"), ms(1));
}
CASE(a_group_that_ends_in_the_start_does_not_lose_the_loop, no_turn_is_lost, .succeeds = "unit",
     .journal = "a b on other")

static eff_t *decides_in_the_start(struct world *w)
{
    eff_t *race = eff_race(eff_then(say(w, "left"), one(1)), eff_then(say(w, "right"), one(2)));
    return eff_then(other(w), eff_tap(race, waits_here, eff_unit));
}
static eff_t *decides_and_is_timed_out(struct world *w)
{
    return eff_timeout(decides_in_the_start(w), eff_millis(1));
}
CASE(a_side_that_decides_in_the_start_keeps_later_ones_from_starting, decides_and_is_timed_out, .succeeds = "none",
     .journal = "left other")

static eff_t *middle_decides(struct world *w)
{
    eff_t *sides[] = { holds(w, "a"), failing(1), holds(w, "c") };
    return eff_then(other(w), say_exit(w, eff_all_par_at(EFF_SITE, 3, sides)));
}
CASE(those_that_started_are_ended_and_the_caller_waits_for_them, middle_decides, .succeeds = "unit",
     .journal = "a+ other a- fail:1")

static eff_t *sync_timeout(struct world *w)
{
    return in_order(other(w), eff_timeout(say(w, "body"), eff_millis(5)), say(w, "on"), ms(1));
}
CASE(a_timeout_whose_body_does_not_wait_does_not_either, sync_timeout, .succeeds = "unit", .journal = "body on other",
     .timed = true, .ms = 1)

static eff_t *say_item(eff_value_t item, eff_value_t env)
{
    static const char *const words[] = { "0", "1", "2", "3", "4" };
    return say(eff_as_ptr(env), words[eff_as_int(item)]);
}
static eff_t *yield_and_say_item(eff_value_t item, eff_value_t env)
{
    return eff_then(eff_yield_now(), say_item(item, env));
}

static eff_t *item_after_item(struct world *w)
{
    return in_order(other(w), eff_for_each_par_discard(eff_range(0, 5), say_item, eff_ptr(w), 2), ms(1));
}
CASE(a_worker_pulls_the_next_item_at_once, item_after_item, .succeeds = "unit", .journal = "0 1 2 3 4 other")

/* Item 0 ends in its second turn and its worker starts item 2 in the same one, before item 1 has its turn. */
static eff_t *starts_in_the_same_turn(eff_value_t item, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    static const char *const start[] = { "s0", "s1", "s2" }, *const end[] = { "e0", "e1", "e2" };
    return around_a_yield(w, start[eff_as_int(item)], end[eff_as_int(item)]);
}
static eff_t *items_refill(struct world *w)
{
    return eff_for_each_par_discard(eff_range(0, 3), starts_in_the_same_turn, eff_ptr(w), 2);
}
CASE(the_next_item_starts_without_the_run_queue, items_refill, .succeeds = "unit", .journal = "s0 s1 e0 s2 e1 e2")

static eff_t *unlimited_items(struct world *w)
{
    return eff_then(other(w), eff_for_each_par_discard(eff_range(0, 3), yield_and_say_item, eff_ptr(w), 0));
}
CASE(items_start_in_order_by_switching, unlimited_items, .succeeds = "unit", .journal = "other 0 1 2")

/* ---- (c) after the start */

static eff_t *until_the_callers_turn(struct world *w)
{
    eff_t *right = in_order(eff_yield_now(), say(w, "right"), eff_yield_now(), say(w, "lost"));
    return say_exit(w, eff_zip_par(yields(failing(1)), right));
}
CASE(siblings_go_on_until_the_caller_gets_its_turn, until_the_callers_turn, .succeeds = "unit",
     .journal = "right fail:1")

static eff_t *before_the_callers_turn(struct world *w)
{
    return say_exit(w, eff_zip_par(yields(failing(1)), yields(failing(2))));
}
CASE(all_that_ended_before_the_callers_turn_are_simultaneous, before_the_callers_turn, .succeeds = "unit",
     .journal = "both(fail:1,fail:2)")

static eff_t *fails_only_after(struct world *w)
{
    eff_t *late = eff_ensuring(eff_never(), failing(9));
    return say_exit(w, eff_all_par(late, yields(failing(2)), yields(failing(3))));
}
CASE(what_interrupted_sides_fail_with_comes_after_the_simultaneous, fails_only_after, .succeeds = "unit",
     .journal = "both(both(fail:2,fail:3),fail:9)")

static eff_t *ties(struct world *w)
{
    return eff_race(yields(yields(yields(one(1)))), yields(one(2)));
}
CASE(an_end_after_the_callers_turn_is_no_tie, ties, .succeeds = "2", .without = NO_SHUFFLES) /* the order decides */

static eff_t *no_new_item(eff_value_t item, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    if (eff_as_int(item) == 0) return yields(failing(1));
    return eff_then(eff_yield_now(), say_item(item, eff_ptr(w)));
}
static eff_t *items_after_a_failure(struct world *w)
{
    return say_exit(w, eff_for_each_par(eff_range(0, 5), no_new_item, eff_ptr(w), 2));
}
CASE(no_new_item_starts_after_the_first_failure, items_after_a_failure, .succeeds = "unit", .journal = "1 fail:1")

static eff_t *who_is_woken(struct world *w)
{
    eff_t *zip = eff_zip_par(eff_then(await_latch(w, 0), say(w, "l")), eff_then(await_latch(w, 0), say(w, "r")));
    eff_t *caller = keep(w, 0, eff_fork(eff_then(zip, say(w, "caller"))));
    return in_order(caller, eff_yield_now(), open_latch(w, 0), other(w), say(w, "main"), ms(1));
}
CASE(the_caller_is_woken_by_one_append, who_is_woken, .succeeds = "unit", .journal = "main l r other caller")

/* ---- (d) a wake-up appends */

static eff_t *waits_for_latch(struct world *w, int i, const char *word)
{
    return keep(w, i, eff_fork(eff_then(await_latch(w, 0), say(w, word))));
}
static eff_t *three_waiters(struct world *w)
{
    eff_t *waiters = in_order(waits_for_latch(w, 0, "a"), waits_for_latch(w, 1, "b"), waits_for_latch(w, 2, "c"));
    return in_order(waiters, eff_yield_now(), open_latch(w, 0), say(w, "main"), other(w), ms(1));
}
CASE(the_woken_go_to_the_end_of_the_queue_in_order_of_waiting, three_waiters, .succeeds = "unit",
     .journal = "main a b c other")

static eff_t *interrupted_suspended(struct world *w)
{
    eff_t *target = eff_ensuring(eff_never(), say(w, "target"));
    return in_order(keep(w, 0, eff_fork(target)), eff_yield_now(), other(w), with_fiber(w, 0, interrupt_fork),
                    say(w, "main"), ms(1));
}
CASE(an_interrupted_fiber_is_appended, interrupted_suspended, .succeeds = "unit", .journal = "main other target")

static eff_t *interrupted_ready(struct world *w)
{
    eff_t *target = eff_ensuring(around_a_yield(w, "t1", "lost"), say(w, "target"));
    return in_order(keep(w, 0, eff_fork(target)), eff_yield_now(), other(w), with_fiber(w, 0, interrupt_fork),
                    say(w, "main"), ms(1));
}
CASE(an_interrupted_fiber_that_is_ready_keeps_its_place, interrupted_ready, .succeeds = "unit",
     .journal = "t1 main target other")

/* ---- (e) timers */

static eff_t *sleeper(struct world *w, int i, int64_t n, const char *word)
{
    return keep(w, i, eff_fork(eff_then(ms(n), say(w, word))));
}
static eff_t *equal_deadlines(struct world *w)
{
    eff_t *sleepers =
        in_order(sleeper(w, 0, 2, "c"), sleeper(w, 1, 1, "a"), sleeper(w, 2, 1, "b"), sleeper(w, 3, 2, "d"));
    return in_order(sleepers, ms(3));
}
CASE(due_timers_wake_in_order_of_deadline_then_of_going_to_sleep, equal_deadlines, .succeeds = "unit",
     .journal = "a b c d")

static eff_t *equal_deadlines_later(struct world *w)
{
    eff_t *second = keep(w, 0, eff_fork(in_order(ms(5), ms(5), say(w, "second"))));
    return in_order(second, sleeper(w, 1, 10, "first"), ms(11));
}
CASE(who_went_to_sleep_first_wakes_first, equal_deadlines_later, .succeeds = "unit", .journal = "first second")

/* A27 */
static eff_t *twice(struct world *w, int i, int64_t first, int64_t second, const char *word)
{
    return keep(w, i, eff_fork(in_order(ms(first), say_time(w, word), ms(second), say_time(w, word))));
}
static eff_t *golden(struct world *w)
{
    return in_order(twice(w, 0, 2, 1, "T1"), twice(w, 1, 1, 2, "T2"), ms(4));
}
CASE(the_golden_interleaving_of_two_tasks, golden, .succeeds = "unit", .journal = "T2@1 T1@2 T2@3 T1@3")

/* ---- (f), (g) the budget */

/* Runs on a live runtime with this budget. */
static void run_live(eff_t *e, unsigned budget)
{
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .budget = budget });
    eff_exit_t exit = eff_runtime_run(rt, e);
    ck_assert_msg(exit.ok, "%s", shape_of(&exit));
    eff_exit_decref(exit);
    eff_runtime_free(rt);
}
static void drop_fibers(struct world *w)
{
    for (int i = 0; i < 8; i++)
        eff_fiber_decref(w->fibers[i]);
    eff_deferred_decref(w->deferreds[0]);
}

static eff_t *nothing(eff_value_t item, eff_value_t env)
{
    return eff_noop();
}
/* A few thousand instructions, then a word. */
static eff_t *busy(struct world *w, const char *before, const char *behind)
{
    return in_order(say(w, before), eff_for_each_discard(eff_range(0, 3000), nothing, eff_unit), say(w, behind));
}
static eff_t *two_busy(struct world *w)
{
    eff_t *fibers = eff_then(keep(w, 0, eff_fork(busy(w, "a1", "a2"))), keep(w, 1, eff_fork(busy(w, "b1", "b2"))));
    return in_order(fibers, with_fiber(w, 0, join), with_fiber(w, 1, join));
}

START_TEST(a_spent_budget_sends_a_fiber_to_the_end_of_the_queue)
{
    struct world w = { 0 };
    run_live(two_busy(&w), 0);
    ck_assert_journal(&w, "a1 b1 a2 b2");
    drop_fibers(&w);
}
END_TEST

START_TEST(a_large_budget_is_not_spent)
{
    struct world w = { 0 };
    run_live(two_busy(&w), 1000000);
    ck_assert_journal(&w, "a1 a2 b1 b2");
    drop_fibers(&w);
}
END_TEST

/* (g) */
START_TEST(under_the_test_clock_the_budget_is_not_spent)
{
    struct world w = { 0 };
    ck_assert_succeeds(two_busy(&w), "unit");
    ck_assert_journal(&w, "a1 a2 b1 b2");
    drop_fibers(&w);
}
END_TEST

static eff_t *spends_while_starting(struct world *w)
{
    eff_t *sides = eff_all_par(busy(w, "a1", "a2"), busy(w, "b1", "b2"), say(w, "c"));
    return in_order(other(w), sides, say(w, "end"));
}

/* Side a spends what is left: a and then the caller are appended behind `other`. In its next turn a goes on; in the
 * caller's, b is started. */
START_TEST(a_budget_spent_while_starting_appends_the_side_then_its_caller)
{
    struct world w = { 0 };
    run_live(spends_while_starting(&w), 2048);
    ck_assert_journal(&w, "a1 other a2 b1 b2 c end");
    drop_fibers(&w);
}
END_TEST

static eff_t *spends_much_while_starting(struct world *w)
{
    eff_t *sides = eff_zip_par(in_order(busy(w, "a1", "a2"), busy(w, "a3", "a4")), busy(w, "b1", "b2"));
    return in_order(other(w), sides, say(w, "end"));
}

START_TEST(a_budget_spent_again_interleaves_the_sides)
{
    struct world w = { 0 };
    run_live(spends_much_while_starting(&w), 2048);
    ck_assert_journal(&w, "a1 other a2 a3 b1 a4 b2 end");
    drop_fibers(&w);
}
END_TEST

/* Sides run on what is left of their starter's budget: after a busy start only a little is left for both. */
static eff_t *starts_late(struct world *w)
{
    eff_t *sides = eff_zip_par(busy(w, "a1", "a2"), say(w, "b"));
    return in_order(busy(w, "main1", "main2"), other(w), sides, say(w, "end"));
}

START_TEST(sides_start_on_the_rest_of_their_starters_budget)
{
    struct world w = { 0 };
    run_live(starts_late(&w), 4096);
    ck_assert_journal(&w, "main1 main2 a1 other a2 b end");
    drop_fibers(&w);
}
END_TEST

/* (f): only a callback is atomic. With a budget of one instruction every other fiber has a turn between any two. */
static eff_t *two_counting(struct world *w)
{
    eff_t *a = thrice(w, "a1", "a2", "a3", eff_noop()), *b = thrice(w, "b1", "b2", "b3", eff_noop());
    eff_t *fibers = eff_then(keep(w, 0, eff_fork(eff_then(await_latch(w, 0), a))),
                             keep(w, 1, eff_fork(eff_then(await_latch(w, 0), b))));
    return in_order(fibers, ms(1), open_latch(w, 0), with_fiber(w, 0, join), with_fiber(w, 1, join));
}

START_TEST(with_a_budget_of_one_fibers_take_turns_at_every_instruction)
{
    struct world w = { 0 };
    run_live(two_counting(&w), 1);
    ck_assert_journal(&w, "a1 b1 a2 b2 a3 b3");
    drop_fibers(&w);
}
END_TEST

/* A fiber whose budget was spent between a success and the callback that takes it is interrupted before it goes on. */
static eff_t *interrupted_after(struct world *w, int turns)
{
    eff_t *target = keep(w, 0, eff_fork(in_order(say(w, "1"), say(w, "2"), say(w, "3"), eff_never())));
    for (int i = 0; i < turns; i++)
        target = eff_then(target, eff_yield_now());
    return in_order(target, say_interrupt(w, 0));
}

START_TEST(whenever_a_fiber_is_interrupted_it_starts_no_other_wait)
{
    for (unsigned budget = 1; budget <= 12; budget++) {
        for (int turns = 0; turns <= 12; turns++) {
            struct world w = { 0 };
            run_live(interrupted_after(&w, turns), budget);
            ck_assert_str_eq(w.journal + strlen(w.journal) - strlen("interrupt"), "interrupt");
            drop_fibers(&w);
        }
    }
}
END_TEST

TESTS(a_fiber_keeps_the_loop_until_it_loses_it, a_yield_gives_everybody_else_a_turn, sleeping_0_is_a_yield,
      fork_appends_the_child_and_the_parent_goes_on, sides_start_before_who_is_already_in_the_run_queue,
      nested_sides_start_depth_first, a_side_that_ends_in_the_start_is_followed_by_the_next_at_once,
      a_group_that_ends_in_the_start_does_not_lose_the_loop,
      a_side_that_decides_in_the_start_keeps_later_ones_from_starting,
      those_that_started_are_ended_and_the_caller_waits_for_them, a_timeout_whose_body_does_not_wait_does_not_either,
      a_worker_pulls_the_next_item_at_once, the_next_item_starts_without_the_run_queue,
      items_start_in_order_by_switching, siblings_go_on_until_the_caller_gets_its_turn,
      all_that_ended_before_the_callers_turn_are_simultaneous,
      what_interrupted_sides_fail_with_comes_after_the_simultaneous, an_end_after_the_callers_turn_is_no_tie,
      no_new_item_starts_after_the_first_failure, the_caller_is_woken_by_one_append,
      the_woken_go_to_the_end_of_the_queue_in_order_of_waiting, an_interrupted_fiber_is_appended,
      an_interrupted_fiber_that_is_ready_keeps_its_place, due_timers_wake_in_order_of_deadline_then_of_going_to_sleep,
      who_went_to_sleep_first_wakes_first, the_golden_interleaving_of_two_tasks,
      a_spent_budget_sends_a_fiber_to_the_end_of_the_queue, a_large_budget_is_not_spent,
      under_the_test_clock_the_budget_is_not_spent, a_budget_spent_while_starting_appends_the_side_then_its_caller,
      a_budget_spent_again_interleaves_the_sides, sides_start_on_the_rest_of_their_starters_budget,
      with_a_budget_of_one_fibers_take_turns_at_every_instruction,
      whenever_a_fiber_is_interrupted_it_starts_no_other_wait)
