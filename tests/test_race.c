/* race, race_first and timeouts as races: who wins, what happens to the losers and to what they leave. */
#include "support/fibers.h"
#include "testing/test.h"

/* ---- who wins */

static eff_t *fast_and_slow(struct world *w)
{
    eff_t *slow = when_interrupted(ms(100), say(w, "slow"));
    return eff_race(after(1, one(1)), eff_then(slow, one(2)));
}
/* RACE-001 */
CASE(RACE_001_the_first_to_succeed_wins_and_the_other_is_interrupted, fast_and_slow, .succeeds = "1", .journal = "slow",
     .timed = true, .ms = 1)

static eff_t *first_to_end(struct world *w)
{
    eff_t *never = when_interrupted(eff_never(), say(w, "never"));
    return eff_race_first(yields(eff_fail(eff_literal("boom"))), never);
}
/* RACE-002 */
CASE(RACE_002_race_first_is_won_by_a_failure_too, first_to_end, .fails = "boom", .journal = "never")

static eff_t *first_to_succeed(struct world *w)
{
    return eff_race_first(after(1, one(1)), after(2, failing(2)));
}
CASE(race_first_is_won_by_the_first_success, first_to_succeed, .succeeds = "1")

static eff_t *finalized_before(struct world *w)
{
    eff_t *a = eff_ensuring(eff_then(ms(1), say(w, "done-a")), say(w, "finalize-a"));
    eff_t *b = eff_ensuring(eff_then(ms(9), say(w, "done-b")), eff_then(ms(1), say(w, "finalize-b")));
    return eff_then(eff_race(a, b), say(w, "race-done"));
}
/* RACE-007 */
CASE(RACE_007_it_returns_after_the_losers_are_finalized, finalized_before, .succeeds = "unit",
     .journal = "done-a finalize-a finalize-b race-done", .timed = true, .ms = 2)

static eff_t *failing_and_one(struct world *w)
{
    return eff_race(failing(42), one(24));
}
/* RACE-008 */
CASE(RACE_008_a_failure_waits_for_a_success, failing_and_one, .succeeds = "24")

static eff_t *dying_and_one(struct world *w)
{
    return eff_race(dying(), one(24));
}
/* RACE-009 */
CASE(RACE_009_a_defect_waits_for_a_success, dying_and_one, .succeeds = "24")

/* RACE-009 */
START_TEST(RACE_009_the_defect_of_a_loser_is_reported)
{
    struct world w;
    run_observing(&w, dying_and_one);
    ck_assert_journal(&w, "unobserved(die) ok:24");
}
END_TEST

static eff_t *one_and_never(struct world *w)
{
    return eff_race(one(42), eff_then(say(w, "right"), eff_never()));
}
/* B13: a side that succeeds during the start keeps the other from starting. */
/* RACE-011 */
CASE(RACE_011_a_left_side_that_succeeds_at_once_wins, one_and_never, .succeeds = "42", .journal = "")

static eff_t *never_and_one(struct world *w)
{
    return eff_race(eff_ensuring(eff_never(), say(w, "left")), one(42));
}
CASE(a_right_side_that_succeeds_at_once_wins, never_and_one, .succeeds = "42", .journal = "left")

static eff_t *pure_and_never(struct world *w)
{
    return eff_race(one(42), eff_never());
}
/* RACE-021 */
CASE(RACE_021_left_wins, pure_and_never, .succeeds = "42")

static eff_t *never_and_sleep(struct world *w)
{
    return eff_race(eff_never(), after(2000, one(2)));
}
/* RACE-025 */
CASE(RACE_025_right_wins_when_its_time_has_come, never_and_sleep, .succeeds = "2", .timed = true, .ms = 2000)

/* B24 */
static eff_t *two_sleeps(struct world *w)
{
    return eff_race(after(10000, one(10)), after(1000, one(1)));
}
CASE(the_shorter_sleep_wins, two_sleeps, .succeeds = "1", .timed = true, .ms = 1000)

static eff_t *tie(struct world *w)
{
    eff_t *left = yields(eff_succeed(eff_printf("left"))), *right = yields(eff_succeed(eff_printf("right")));
    return eff_race(left, right);
}
/* B13, B31: the value of the loser is dropped; no block is left. */
/* RACE-026 */
CASE(RACE_026_ties_go_to_the_left, tie, .succeeds = "left", .without = NO_SHUFFLES) /* the order decides */

static eff_t *tie_right_first(struct world *w)
{
    eff_t *left = eff_then(await_latch(w, 0), one(1));
    return eff_race(left, in_order(eff_yield_now(), open_latch(w, 0), one(2)));
}
CASE(a_left_side_that_ends_second_but_before_the_callers_turn_wins, tie_right_first, .succeeds = "1",
     .without = NO_SHUFFLES)

static eff_t *equal_deadlines(struct world *w)
{
    return eff_race(after(5, one(1)), after(5, one(2)));
}
CASE(equal_deadlines_go_to_the_left, equal_deadlines, .succeeds = "1", .without = NO_SHUFFLES)

/* ---- nobody wins */

static eff_t *all_fail(struct world *w)
{
    return eff_race(after(2, failing(1)), after(1, failing(2)));
}
CASE(when_all_fail_the_failures_are_combined_in_argument_order, all_fail, .cause = "both(fail(1), fail(2))",
     .timed = true, .ms = 2)

/* In the source a canceled side settles the race; here a race is won by the first success (DESIGN §9). */
static eff_t *interrupted_and_unit(struct world *w)
{
    return eff_race(eff_interrupt_self(), eff_noop());
}
/* RACE-017 */
CASE(RACE_017_a_side_that_interrupts_itself_only_loses, interrupted_and_unit, .succeeds = "unit")

static eff_t *interrupted_twice(struct world *w)
{
    return eff_race(eff_interrupt_self(), eff_interrupt_self());
}
/* RACE-018 */
CASE(RACE_018_two_sides_that_interrupt_themselves_are_interrupted, interrupted_twice, .interrupted = true)

static eff_t *set_and_fail(struct world *w)
{
    eff_t *left = eff_then(count(w, 0), failing(1));
    return eff_race(left, in_order(count(w, 0), ms(1), count(w, 1)));
}
/* The state is a plain counter: what a failed side changed stays changed, there is no copy to throw away. */
static void both_counted(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[0], 2);
    ck_assert_str_eq(shape_of(exit), "ok(1)");
}
/* RACE-029 */
CASE(RACE_029_the_second_goes_on_when_the_first_failed, set_and_fail, .check = both_counted)

/* ---- losers */

static eff_t *masked_loser(struct world *w)
{
    eff_t *loser = in_order(open_latch(w, 0), ms(45000), say_time(w, "loser"));
    eff_t *race = eff_uninterruptible(eff_race(eff_then(await_latch(w, 0), eff_noop()), eff_uninterruptible(loser)));
    return in_order(keep(w, 0, eff_fork(race)), say_await(w, 0), say_time(w, "end"));
}
/* Sides start interruptible under a masked caller (DESIGN §8): the loser masks itself, and starts before it has lost. */
/* RACE-012 */
CASE(RACE_012_a_masked_loser_is_waited_for, masked_loser, .succeeds = "unit",
     .journal = "loser@45000 ok:unit end@45000")

static eff_t *unmasked_loser(struct world *w)
{
    eff_t *loser = eff_then(ms(45000), say(w, "lost"));
    return eff_uninterruptible(eff_race(after(1, one(1)), loser));
}
CASE(the_mask_of_the_caller_does_not_protect_a_loser, unmasked_loser, .succeeds = "1", .timed = true, .ms = 1)

static eff_t *forking_sides(struct world *w)
{
    eff_t *w1 = when_interrupted(await_latch(w, 0), count(w, 0)),
          *w2 = when_interrupted(await_latch(w, 1), count(w, 0));
    eff_t *race = eff_race(keep(w, 0, eff_then(eff_yield_now(), eff_fork(w1))),
                           keep(w, 1, eff_then(eff_yield_now(), eff_fork(w2))));
    return in_order(race, open_latch(w, 0), say_await(w, 0), say_await(w, 1));
}
/* A side is a fiber, and so a region: its children end with it. They are interrupted before their first turn, so that
 * the source's handlers do not run. */
/* RACE-013 */
CASE(RACE_013_what_a_side_forked_ends_with_it, forking_sides, .succeeds = "unit", .journal = "interrupt interrupt",
     .without = NO_INTERRUPTS | NO_ALLOCATIONS | NO_SHUFFLES) /* a side that did not fork leaves no handle */

static eff_t *forking_sides_that_yield(struct world *w)
{
    eff_t *w1 = when_interrupted(await_latch(w, 0), count(w, 0)),
          *w2 = when_interrupted(await_latch(w, 1), count(w, 0));
    return eff_race(eff_then(eff_fork(w1), yields(one(1))), eff_then(eff_fork(w2), eff_never()));
}
static void two_handlers_ran(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[0], 2);
}
/* RACE-013 */
CASE(RACE_013_the_handlers_of_what_sides_forked_run_once_it_has_begun, forking_sides_that_yield, .succeeds = "1",
     .check = two_handlers_ran)

static eff_t *caller_interrupted(struct world *w)
{
    eff_t *left = when_interrupted(ms(3600000), count(w, 0)), *right = when_interrupted(ms(3600000), count(w, 0));
    return in_order(keep(w, 0, eff_fork(eff_race(left, right))), ms(1), say_interrupt(w, 0), count(w, 0));
}
/* B14 */
/* RACE-016 */
CASE(RACE_016_interrupting_the_caller_interrupts_both, caller_interrupted, .succeeds = "3", .journal = "interrupt")

static eff_t *loser_acquires(struct world *w)
{
    eff_t *slow = eff_then(ms(10), acquire(w, "late"));
    eff_t *loser = eff_acquire_use_release(slow, waits_here, release, eff_ptr(w));
    return eff_then(eff_race(after(1, one(1)), loser), say_time(w, "end"));
}
/* RACE-028 */
CASE(RACE_028_what_a_loser_acquires_masked_is_released_before_the_race_returns, loser_acquires, .succeeds = "unit",
     .journal = "late+ late- end@10")

static eff_t *losers_value(struct world *w)
{
    eff_t *loser = eff_uninterruptible(eff_then(ms(5), eff_succeed(eff_printf("lost"))));
    return eff_race(after(1, eff_succeed(eff_printf("won"))), loser);
}
/* B31 */
CASE(the_value_of_a_masked_loser_is_dropped_once, losers_value, .succeeds = "won", .timed = true, .ms = 5)

static eff_t *loser_fails(struct world *w)
{
    return eff_race(eff_then(eff_yield_now(), failing(7)), after(1, one(1)));
}
static eff_t *loser_fails_later(struct world *w)
{
    return eff_race(eff_ensuring(eff_never(), failing(7)), after(1, one(1)));
}
static eff_t *loser_dies_later(struct world *w)
{
    return eff_race(eff_ensuring(eff_never(), dying()), after(1, one(1)));
}

START_TEST(a_fail_with_which_a_side_ended_by_itself_is_part_of_the_race)
{
    struct world w;
    run_observing(&w, loser_fails);
    ck_assert_journal(&w, "ok:1");
}
END_TEST

START_TEST(what_a_loser_fails_with_while_it_is_interrupted_is_reported)
{
    struct world w;
    run_observing(&w, loser_fails_later);
    ck_assert_journal(&w, "unobserved(fail:7) ok:1");
    run_observing(&w, loser_dies_later);
    ck_assert_journal(&w, "unobserved(die) ok:1");
}
END_TEST

static eff_t *race_of_races(struct world *w)
{
    eff_t *inner = eff_race(holds(w, "a"), holds(w, "b"));
    return eff_race(eff_then(inner, eff_noop()), after(1, one(1)));
}
CASE(a_race_that_loses_ends_its_own_sides, race_of_races, .succeeds = "1", .journal = "a+ b+ a- b-")

/* B32: racing something long-lived leaves nothing behind in it. */
static eff_t *race_the_latch(eff_value_t item, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_race(await_latch(w, 0), eff_yield_now());
}
static eff_t *thousand_races(struct world *w)
{
    return eff_then(eff_for_each_discard(eff_range(0, 1000), race_the_latch, eff_ptr(w)), open_latch(w, 0));
}
START_TEST(a_deferred_that_was_raced_a_thousand_times_has_no_waiters_left)
{
    struct world w = { 0 };
    ck_assert_succeeds(thousand_races(&w), "true");
    eff_deferred_decref(w.deferreds[0]);
}
END_TEST

/* B34: the timers of losers are gone with them. */
START_TEST(a_losers_timer_is_gone_at_once)
{
    struct world w = { .test = eff_test_new() };
    (void)eff_test_fork(w.test, eff_race(ms(100), eff_yield_now()));
    eff_test_adjust(w.test, eff_millis(0));
    ck_assert_uint_eq(eff_test_n_sleepers(w.test), 0);
    ck_assert_uint_eq(eff_test_free(w.test), 0);
}
END_TEST

/* ---- timeouts */

static eff_t *in_time(struct world *w)
{
    return eff_timeout(after(1, one(1)), eff_millis(2));
}
CASE(a_timeout_gives_some_of_what_is_in_time, in_time, .succeeds = "some(1)", .timed = true, .ms = 1)

static eff_t *too_late(struct world *w)
{
    return eff_timeout(eff_ensuring(eff_never(), eff_then(ms(3), say_time(w, "finalizer"))), eff_millis(2));
}
/* B14 */
CASE(a_timeout_waits_for_the_finalizers_of_what_is_too_late, too_late, .succeeds = "none", .journal = "finalizer@5",
     .timed = true, .ms = 5)

TESTS(RACE_001_the_first_to_succeed_wins_and_the_other_is_interrupted, RACE_002_race_first_is_won_by_a_failure_too,
      race_first_is_won_by_the_first_success, RACE_007_it_returns_after_the_losers_are_finalized,
      RACE_008_a_failure_waits_for_a_success, RACE_009_a_defect_waits_for_a_success,
      RACE_009_the_defect_of_a_loser_is_reported, RACE_011_a_left_side_that_succeeds_at_once_wins,
      a_right_side_that_succeeds_at_once_wins, RACE_021_left_wins, RACE_025_right_wins_when_its_time_has_come,
      the_shorter_sleep_wins, RACE_026_ties_go_to_the_left,
      a_left_side_that_ends_second_but_before_the_callers_turn_wins, equal_deadlines_go_to_the_left,
      when_all_fail_the_failures_are_combined_in_argument_order, RACE_017_a_side_that_interrupts_itself_only_loses,
      RACE_018_two_sides_that_interrupt_themselves_are_interrupted, RACE_029_the_second_goes_on_when_the_first_failed,
      RACE_012_a_masked_loser_is_waited_for, the_mask_of_the_caller_does_not_protect_a_loser,
      RACE_013_what_a_side_forked_ends_with_it, RACE_013_the_handlers_of_what_sides_forked_run_once_it_has_begun,
      RACE_016_interrupting_the_caller_interrupts_both,
      RACE_028_what_a_loser_acquires_masked_is_released_before_the_race_returns,
      the_value_of_a_masked_loser_is_dropped_once, a_fail_with_which_a_side_ended_by_itself_is_part_of_the_race,
      what_a_loser_fails_with_while_it_is_interrupted_is_reported, a_race_that_loses_ends_its_own_sides,
      a_deferred_that_was_raced_a_thousand_times_has_no_waiters_left, a_losers_timer_is_gone_at_once,
      a_timeout_gives_some_of_what_is_in_time, a_timeout_waits_for_the_finalizers_of_what_is_too_late)
