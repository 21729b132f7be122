/* zip_par and all_par: results in argument order, the first failure ends the others, who waits for whom. */
#include "core/memory.h"
#include "support/failing_allocator.h"
#include "support/fibers.h"

/* ---- results */

static eff_t *two_results(struct world *w)
{
    return eff_zip_par(after(2, one(1)), one(2));
}
CASE(zip_par_gives_the_pair_in_argument_order, two_results, .succeeds = "(1, 2)")

static eff_t *three_results(struct world *w)
{
    return eff_all_par(after(3, one(1)), after(1, one(2)), after(2, one(3)));
}
CASE(all_par_gives_the_array_in_argument_order, three_results, .succeeds = "[1, 2, 3]", .timed = true, .ms = 3)

static eff_t *no_effects(struct world *w)
{
    return eff_all_par_list(0, NULL);
}
CASE(all_par_of_nothing_is_the_empty_array, no_effects, .succeeds = "[]")

static eff_t *one_effect(struct world *w)
{
    return eff_all_par(yields(one(1)));
}
CASE(all_par_of_one_is_an_array_of_one, one_effect, .succeeds = "[1]")

static eff_t *countdown(eff_value_t env);
static eff_t *add_and_count_on(eff_value_t pair, eff_value_t env)
{
    int64_t sum = eff_as_int(eff_first(pair)) + eff_as_int(eff_second(pair));
    int64_t n = eff_as_int(eff_first(env)), total = eff_as_int(eff_second(env));
    return eff_suspend(countdown, eff_pair(eff_int(n - 1), eff_int(total + sum)));
}
static eff_t *countdown(eff_value_t env)
{
    if (eff_as_int(eff_first(env)) == 0) return eff_succeed(eff_value_incref(eff_second(env)));
    return eff_flat_map(eff_zip_par(one(1), one(2)), add_and_count_on, eff_value_incref(env));
}
static eff_t *count_down_from_50(struct world *w)
{
    return eff_suspend(countdown, eff_pair(eff_int(50), eff_int(0)));
}
/* PAR-005 */
CASE(PAR_005_nested_in_a_loop_of_binds, count_down_from_50, .succeeds = "150")

static eff_t *two_seconds(struct world *w)
{
    return eff_zip_par(ms(1000), ms(1000));
}
/* B24 */
/* PAR-015 */
CASE(PAR_015_two_sleeps_take_the_time_of_one, two_seconds, .succeeds = "(unit, unit)", .timed = true, .ms = 1000)

static eff_t *never_and_unit(struct world *w)
{
    return eff_zip_par(eff_never(), eff_noop());
}
/* PAR-011 */
CASE(PAR_011_waits_for_both, never_and_unit, .dies = "deadlock")

static eff_t *many(eff_t *(*side)(int i), int n)
{
    eff_t *sides[64];
    for (int i = 0; i < n; i++)
        sides[i] = side(i);
    return eff_all_par_list((size_t)n, sides);
}
static eff_t *sleeps_backwards(int i)
{
    return after(64 - i, one(i));
}
static eff_t *eight_sides(struct world *w)
{
    return many(sleeps_backwards, 8);
}
CASE(all_par_of_many_ending_in_reverse, eight_sides, .succeeds = "[0, 1, 2, 3, 4, 5, 6, 7]", .timed = true, .ms = 64)

static eff_t *run_twice(struct world *w)
{
    eff_t *e = eff_zip_par(yields(count(w, 0)), count(w, 0));
    return eff_zip(eff_incref(e), e);
}
/* which of the sides counts first depends on the order */
CASE(a_description_is_run_any_number_of_times, run_twice, .succeeds = "((2, 1), (4, 3))", .without = NO_SHUFFLES)

/* ---- the first failure */

static eff_t *fails_beside_never(struct world *w)
{
    eff_t *never = when_interrupted(eff_never(), say(w, "flag"));
    return say_exit(w, eff_zip_par(never, eff_fail(eff_literal("boom"))));
}
/* PAR-002 */
CASE(PAR_002_a_failure_interrupts_the_other_side, fails_beside_never, .succeeds = "unit", .journal = "flag fail:boom")

/* The left side decides during the start, which keeps the right one from starting (DESIGN §7c): one interruptor, not the
 * source's two. */
static eff_t *both_interrupt_themselves(struct world *w)
{
    return eff_zip_par(eff_interrupt_self(), eff_interrupt_self());
}
/* PAR-003 */
CASE(PAR_003_a_side_that_interrupts_itself_ends_it, both_interrupt_themselves, .cause = "interrupt")

static eff_t *both_interrupt_themselves_later(struct world *w)
{
    return eff_zip_par(yields(eff_interrupt_self()), yields(eff_interrupt_self()));
}
/* PAR-003 */
CASE(PAR_003_two_sides_that_interrupt_themselves_are_combined, both_interrupt_themselves_later,
     .cause = "both(interrupt, interrupt)", .without = NO_SHUFFLES) /* shuffled, the ends may not be simultaneous */

static eff_t *left_interrupts_itself(struct world *w)
{
    return eff_zip_par(eff_interrupt_self(), one(1));
}
/* PAR-004 */
CASE(PAR_004_interrupted_left_is_interrupted, left_interrupts_itself, .cause = "interrupt")

static eff_t *finalizer_dies(struct world *w)
{
    return eff_zip_par(yields(failing(1)), eff_ensuring(eff_never(), dying()));
}
/* PAR-007 */
CASE(PAR_007_what_the_other_side_still_fails_with_comes_after, finalizer_dies, .cause = "both(fail(1), die)",
     .without = NO_BUDGETS /* it may not have begun */)

static eff_t *right_fails_left_dies_ending(struct world *w)
{
    return eff_zip_par(eff_ensuring(eff_never(), failing(2)), failing(1));
}
CASE(the_leftmost_fail_is_never_a_consequence, right_fails_left_dies_ending, .cause = "both(fail(1), fail(2))",
     .without = NO_BUDGETS /* it may not have begun */)

static eff_t *finalizer_sleeps(struct world *w)
{
    eff_t *slow = eff_ensuring(eff_never(), ms(5000));
    return eff_zip_par(yields(failing(1)), slow);
}
/* PAR-008 */
CASE(PAR_008_the_other_sides_finalizer_is_awaited, finalizer_sleeps, .fails = "1", .timed = true, .ms = 5000)

static eff_t *masked_side(struct world *w)
{
    eff_t *slow = eff_uninterruptible(eff_then(ms(3000), eff_succeed(eff_printf("dropped once"))));
    return eff_zip_par(yields(failing(1)), slow);
}
/* B31: the value of the masked side is dropped; no block is left. */
/* PAR-009 */
CASE(PAR_009_a_masked_side_is_awaited_and_its_value_dropped, masked_side, .fails = "1", .timed = true, .ms = 3000)

/* B12 */
static eff_t *fails_soon(struct world *w)
{
    return eff_zip_par(after(600, one(1)), after(50, failing(7)));
}
CASE(it_fails_at_the_moment_the_first_side_fails, fails_soon, .fails = "7", .timed = true, .ms = 50)

/* B17 */
static eff_t *fail_together(struct world *w)
{
    return eff_zip_par(yields(failing(1)), yields(failing(2)));
}
CASE(sides_that_fail_in_the_same_turn_are_both_in_the_cause, fail_together, .cause = "both(fail(1), fail(2))",
     .without = NO_SHUFFLES) /* shuffled, they may not be simultaneous */

static eff_t *fail_together_reversed(struct world *w)
{
    eff_t *left = in_order(eff_yield_now(), eff_yield_now(), failing(1));
    return eff_zip_par(eff_then(open_latch(w, 0), left), eff_then(await_latch(w, 0), yields(failing(2))));
}
CASE(simultaneous_failures_stand_in_argument_order, fail_together_reversed, .cause = "both(fail(1), fail(2))",
     .without = NO_SHUFFLES)

static eff_t *fails_in_the_start(struct world *w)
{
    return eff_zip_par(failing(1), eff_then(say(w, "right"), failing(2)));
}
CASE(a_side_that_fails_during_the_start_keeps_the_other_from_starting, fails_in_the_start, .cause = "fail(1)",
     .journal = "", .without = NO_BUDGETS)

static eff_t *middle_fails(struct world *w)
{
    eff_t *a = holds(w, "a"), *c = holds(w, "c");
    return eff_all_par(a, eff_then(say(w, "b"), failing(1)), c);
}
CASE(all_par_starts_no_side_after_one_that_failed, middle_fails, .cause = "fail(1)", .journal = "a+ b a-")

static eff_t *middle_fails_later(struct world *w)
{
    return eff_all_par(holds(w, "a"), after(1, failing(1)), holds(w, "c"));
}
CASE(all_par_ends_all_sides_on_a_failure, middle_fails_later, .cause = "fail(1)", .journal = "a+ c+ a- c-")

static eff_t *defect_and_failure(struct world *w)
{
    return eff_zip_par(yields(failing(1)), yields(dying()));
}
CASE(a_failure_and_a_defect_are_both_in_the_cause, defect_and_failure, .cause = "both(fail(1), die)",
     .without = NO_SHUFFLES) /* shuffled, they may not be simultaneous */

static eff_t *catches_inside(struct world *w)
{
    eff_t *left = eff_or_else(failing(1), one(1));
    return eff_zip_par(left, eff_or_else(yields(failing(2)), one(2)));
}
CASE(a_failure_that_a_side_handles_is_not_the_others_business, catches_inside, .succeeds = "(1, 2)")

/* ---- interrupting the caller */

static eff_t *both_hold(struct world *w)
{
    eff_t *fiber = keep(w, 0, eff_fork(eff_zip_par(holds(w, "l"), holds(w, "r"))));
    return in_order(fiber, ms(1), say_interrupt(w, 0), say(w, "end"));
}
/* B14 */
/* PAR-012 */
CASE(PAR_012_interrupting_the_caller_ends_both_sides_first, both_hold, .succeeds = "unit",
     .journal = "l+ r+ l- r- interrupt end")

static eff_t *slow_finalizers(struct world *w)
{
    eff_t *left = eff_ensuring(eff_never(), eff_then(ms(10), say_time(w, "left")));
    eff_t *right = eff_ensuring(eff_never(), eff_then(ms(20), say_time(w, "right")));
    return eff_then(eff_timeout(eff_zip_par(left, right), eff_millis(5)), say_time(w, "end"));
}
CASE(timing_it_out_waits_for_the_finalizers_of_both, slow_finalizers, .succeeds = "unit",
     .journal = "left@15 right@25 end@25")

static eff_t *masked_caller_fails(struct world *w)
{
    return eff_uninterruptible(eff_zip_par(after(1, failing(1)), holds(w, "a")));
}
CASE(sides_can_be_interrupted_by_each_other_under_a_mask, masked_caller_fails, .cause = "fail(1)", .journal = "a+ a-")

static eff_t *masked_caller(struct world *w)
{
    eff_t *sides = eff_zip_par(after(5, say(w, "l")), after(5, say(w, "r")));
    eff_t *fiber = keep(w, 0, eff_fork(eff_then(eff_uninterruptible(sides), say(w, "lost"))));
    return in_order(fiber, ms(1), say_interrupt(w, 0), say_time(w, "end"));
}
CASE(nothing_from_outside_reaches_the_sides_of_a_masked_caller, masked_caller, .succeeds = "unit",
     .journal = "l r interrupt end@5")

static eff_t *interrupted_with_failures(struct world *w)
{
    eff_t *left = eff_ensuring(eff_never(), failing(1)), *right = eff_ensuring(eff_never(), failing(2));
    return in_order(keep(w, 0, eff_fork(eff_zip_par(left, right))), ms(1), say_interrupt(w, 0));
}
CASE(what_sides_fail_with_while_the_caller_is_interrupted_is_kept, interrupted_with_failures, .succeeds = "unit",
     .journal = "then(both(fail:1,fail:2),interrupt)")

static eff_t *interrupted_twice(struct world *w)
{
    eff_t *side = eff_ensuring(eff_never(), eff_then(ms(10), say_time(w, "side")));
    eff_t *fiber = keep(w, 0, eff_fork(eff_zip_par(side, eff_never())));
    return in_order(fiber, ms(1), with_fiber(w, 0, interrupt_fork), ms(1), say_interrupt(w, 0));
}
CASE(a_second_interruption_does_not_hurry_the_sides, interrupted_twice, .succeeds = "unit",
     .journal = "side@11 interrupt")

static eff_t *nested(struct world *w)
{
    eff_t *inner = eff_zip_par(holds(w, "a"), eff_zip_par(holds(w, "b"), holds(w, "c")));
    return eff_timeout(eff_zip_par(inner, holds(w, "d")), eff_millis(1));
}
CASE(nested_groups_end_from_the_inside, nested, .succeeds = "none", .journal = "a+ b+ c+ d+ d- a- b- c-")

static eff_t *interrupts_caller(struct world *w)
{
    eff_t *group = eff_zip_par(eff_then(with_fiber(w, 0, interrupt_fork), eff_never()), say(w, "right"));
    return in_order(keep(w, 0, eff_fork(group)), say_await(w, 0));
}
CASE(a_side_that_interrupts_the_caller_keeps_the_next_from_starting, interrupts_caller, .succeeds = "unit",
     .journal = "interrupt")

/* ---- sides as fibers */

static eff_t *side_forks(struct world *w)
{
    eff_t *side = in_order(keep(w, 0, eff_fork(holds(w, "child"))), eff_yield_now(), one(1));
    return eff_zip_par(side, after(5, say_time(w, "other")));
}
CASE(a_side_ends_its_children_as_it_ends, side_forks, .succeeds = "(1, unit)", .journal = "child+ child- other@5")

static eff_t *side_acquires(struct world *w)
{
    eff_t *side = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    return in_order(eff_scoped(in_order(eff_zip_par(side, eff_noop()), say(w, "use"))), say(w, "end"));
}
CASE(a_side_acquires_into_the_callers_scope, side_acquires, .succeeds = "unit", .journal = "a+ use a- end")

static eff_t *loser_acquires(struct world *w)
{
    eff_t *side = eff_then(eff_acquire_release(acquire(w, "a"), release, eff_ptr(w)), eff_never());
    return say_exit(w, eff_scoped(eff_zip_par(side, after(1, failing(1)))));
}
CASE(what_an_interrupted_side_acquired_is_released_with_the_scope, loser_acquires, .succeeds = "unit",
     .journal = "a+ a- fail:1")

/* ---- out of memory */

static eff_t *two_holders(struct world *w)
{
    return eff_zip_par(holds(w, "a"), holds(w, "b"));
}

/* PAR-019 */
START_TEST(PAR_019_without_memory_for_the_second_side_the_first_is_interrupted_and_awaited)
{
    int found = 0;
    eff__freelist_enable(false);
    for (long at = 0; at < 100; at++) {
        struct world w = { 0 };
        eff_t *e = two_holders(&w);
        allocations_fail_at(at, false);
        eff_exit_t exit = eff_test_run(e);
        allocations_fail_at(-1, false);
        if (strcmp(w.journal, "a+ a-") == 0 && exit_is(&exit, "dies", "out of memory")) found++;
        ck_assert_int_eq(w.acquired, w.released);
        eff_exit_decref(exit);
    }
    eff__freelist_enable(true);
    ck_assert_int_gt(found, 0);
}
END_TEST

TESTS(zip_par_gives_the_pair_in_argument_order, all_par_gives_the_array_in_argument_order,
      all_par_of_nothing_is_the_empty_array, all_par_of_one_is_an_array_of_one, PAR_005_nested_in_a_loop_of_binds,
      PAR_015_two_sleeps_take_the_time_of_one, PAR_011_waits_for_both, all_par_of_many_ending_in_reverse,
      a_description_is_run_any_number_of_times, PAR_002_a_failure_interrupts_the_other_side,
      PAR_003_a_side_that_interrupts_itself_ends_it, PAR_003_two_sides_that_interrupt_themselves_are_combined,
      PAR_004_interrupted_left_is_interrupted, PAR_007_what_the_other_side_still_fails_with_comes_after,
      the_leftmost_fail_is_never_a_consequence, PAR_008_the_other_sides_finalizer_is_awaited,
      PAR_009_a_masked_side_is_awaited_and_its_value_dropped, it_fails_at_the_moment_the_first_side_fails,
      sides_that_fail_in_the_same_turn_are_both_in_the_cause, simultaneous_failures_stand_in_argument_order,
      a_side_that_fails_during_the_start_keeps_the_other_from_starting, all_par_starts_no_side_after_one_that_failed,
      all_par_ends_all_sides_on_a_failure, a_failure_and_a_defect_are_both_in_the_cause,
      a_failure_that_a_side_handles_is_not_the_others_business, PAR_012_interrupting_the_caller_ends_both_sides_first,
      timing_it_out_waits_for_the_finalizers_of_both, sides_can_be_interrupted_by_each_other_under_a_mask,
      nothing_from_outside_reaches_the_sides_of_a_masked_caller,
      what_sides_fail_with_while_the_caller_is_interrupted_is_kept, a_second_interruption_does_not_hurry_the_sides,
      nested_groups_end_from_the_inside, a_side_that_interrupts_the_caller_keeps_the_next_from_starting,
      a_side_ends_its_children_as_it_ends, a_side_acquires_into_the_callers_scope,
      what_an_interrupted_side_acquired_is_released_with_the_scope,
      PAR_019_without_memory_for_the_second_side_the_first_is_interrupted_and_awaited)
