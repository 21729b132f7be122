/* One thing after another: zip_with, when, unless, iterate, loop_while. */
#include "support/sequence.h"

/* ---- zip_with */

static eff_value_t weighted(eff_value_t a, eff_value_t b, eff_value_t env)
{
    return eff_int(eff_as_int(env) * eff_as_int(a) + eff_as_int(b));
}
static eff_value_t nothing(eff_value_t a, eff_value_t b, eff_value_t env)
{
    return (eff_value_t){ .type = NULL, .integer = 0 };
}

static eff_t *zips(struct world *w)
{
    return eff_zip_with(yields(eff_then(say(w, "a"), one(4))), eff_then(say(w, "b"), one(2)), weighted, eff_int(10));
}
CASE(zip_with_runs_both_in_order_and_combines_their_values, zips, .succeeds = "42", .journal = "a b")

static eff_t *zip_first_fails(struct world *w)
{
    return eff_zip_with(failing(1), say(w, "b"), weighted, eff_int(10));
}
CASE(zip_with_does_not_run_the_second_when_the_first_fails, zip_first_fails, .fails = "1", .journal = "")

static eff_t *zip_second_fails(struct world *w)
{
    return eff_zip_with(eff_then(say(w, "a"), one(1)), failing(2), weighted, eff_int(10));
}
CASE(zip_with_fails_as_the_second_does, zip_second_fails, .fails = "2", .journal = "a")

static eff_t *zip_absent(struct world *w)
{
    return eff_zip_with(one(1), one(2), nothing, eff_unit);
}
CASE(zip_with_of_an_absent_value_is_a_defect, zip_absent, .dies = "callback nothing")

static eff_t *zip_thrice(struct world *w)
{
    return twice_and_at_once(eff_zip_with(yields(one(1)), yields(one(2)), weighted, eff_int(10)));
}
CASE(zip_with_can_be_run_again_and_at_the_same_time, zip_thrice, .succeeds = "(12, (12, 12))")

static eff_t *zip_interrupted(struct world *w)
{
    return interrupt_after(w, 5, eff_zip_with(after(10, say(w, "a")), say(w, "b"), nothing, eff_unit));
}
CASE(zip_with_is_interrupted_in_the_first, zip_interrupted, .succeeds = "unit", .journal = "interrupt end@5")

/* ---- when, unless */

static eff_t *when_both_ways(struct world *w)
{
    eff_t *yes = eff_when(yields_bool(true), eff_then(say(w, "yes"), one(1)));
    eff_t *no = eff_when(yields_bool(false), eff_then(say(w, "no"), one(2)));
    return eff_zip(yes, no);
}
CASE(when_runs_the_effect_only_if_the_condition_holds, when_both_ways, .succeeds = "(some(1), none)", .journal = "yes")

static eff_t *unless_both_ways(struct world *w)
{
    eff_t *yes = eff_unless(yields_bool(true), eff_then(say(w, "yes"), one(1)));
    eff_t *no = eff_unless(yields_bool(false), eff_then(say(w, "no"), one(2)));
    return eff_zip(yes, no);
}
CASE(unless_runs_the_effect_only_if_the_condition_does_not_hold, unless_both_ways, .succeeds = "(none, some(2))",
     .journal = "no")

static eff_t *condition_fails(struct world *w)
{
    return eff_when(failing(7), say(w, "never"));
}
CASE(when_fails_as_its_condition_does, condition_fails, .fails = "7", .journal = "")

static eff_t *conditional_fails(struct world *w)
{
    return eff_unless(yields_bool(false), failing(8));
}
CASE(unless_fails_as_its_effect_does, conditional_fails, .fails = "8")

static eff_t *when_of_a_number(struct world *w)
{
    return eff_when(one(1), say(w, "never"));
}
CASE(a_condition_that_is_no_boolean_is_a_defect_that_names_it, when_of_a_number,
     .dies = "the condition of eff_when succeeded with an int, not with a boolean", .journal = "")

static eff_t *unless_of_a_string(struct world *w)
{
    return eff_unless(eff_succeed(eff_literal("no")), say(w, "never"));
}
CASE(unless_does_not_run_its_effect_for_want_of_a_boolean, unless_of_a_string,
     .dies = "the condition of eff_unless succeeded with a string, not with a boolean", .journal = "")

static eff_t *when_thrice(struct world *w)
{
    return twice_and_at_once(eff_when(yields_bool(true), yields(one(1))));
}
CASE(when_can_be_run_again_and_at_the_same_time, when_thrice, .succeeds = "(some(1), (some(1), some(1)))")

/* ---- iterate, loop_while */

static bool below(eff_value_t v, eff_value_t limit)
{
    return eff_as_int(v) < eff_as_int(limit);
}
static eff_t *plus_1(eff_value_t v, eff_value_t env)
{
    return one(eff_as_int(v) + 1);
}
static eff_t *plus_1_later(eff_value_t v, eff_value_t env)
{
    return yields(one(eff_as_int(v) + 1));
}

static eff_t *iterates(struct world *w)
{
    return eff_iterate(eff_int(0), below, plus_1_later, eff_int(5));
}
CASE(iterate_goes_on_while_the_condition_holds, iterates, .succeeds = "5")

static eff_t *iterates_nowhere(struct world *w)
{
    return eff_iterate(eff_int(6), below, null_step, eff_int(6));
}
CASE(iterate_may_take_no_step, iterates_nowhere, .succeeds = "6")

static eff_t *step_returns_null(struct world *w)
{
    return eff_iterate(eff_int(0), below, null_step, eff_int(5));
}
CASE(a_step_that_returns_null_is_a_defect, step_returns_null, .dies = "callback null_step")

static eff_t *null_in_the_third(eff_value_t v, eff_value_t env)
{
    return eff_as_int(v) == 2 ? NULL : plus_1(v, env);
}
static eff_t *later_step_returns_null(struct world *w)
{
    return eff_iterate(eff_int(0), below, null_in_the_third, eff_int(5));
}
CASE(a_later_step_that_returns_null_is_a_defect, later_step_returns_null, .dies = "callback null_in_the_third")

static eff_t *fails_at_3(eff_value_t v, eff_value_t env)
{
    return eff_as_int(v) == 3 ? eff_fail(eff_value_incref(v)) : plus_1(v, env);
}
static eff_t *iterate_failing(struct world *w)
{
    return eff_iterate(eff_int(0), below, fails_at_3, eff_int(5));
}
CASE(iterate_ends_with_the_first_failure, iterate_failing, .fails = "3")

static eff_t *iterate_thrice(struct world *w)
{
    return twice_and_at_once(eff_iterate(eff_int(0), below, plus_1_later, eff_int(3)));
}
CASE(iterate_can_be_run_again_and_at_the_same_time, iterate_thrice, .succeeds = "(3, (3, 3))")

static bool always(eff_value_t v, eff_value_t env)
{
    return true;
}
static bool is_short(eff_value_t v, eff_value_t env)
{
    return strlen(eff_as_string(v)) < 3;
}
static eff_t *longer(eff_value_t v, eff_value_t env)
{
    return yields(eff_succeed(eff_printf("%s%s", eff_as_string(v), eff_as_string(env))));
}
static eff_t *iterates_counted(struct world *w)
{
    return eff_iterate(eff_printf("%s", "a"), is_short, longer, eff_printf("%s", "b"));
}
CASE(iterate_owns_its_values, iterates_counted, .succeeds = "abb")

static eff_t *iterate_interrupted(struct world *w)
{
    return interrupt_after(w, 25, eff_iterate(eff_int(0), always, tick, eff_ptr(w)));
}
CASE(iterate_is_interrupted_in_a_step, iterate_interrupted, .succeeds = "unit", .journal = "0 1 2 interrupt end@25")

/* Never waits, so only the budget gives the other fiber its turn. */
static eff_t *busy_iterate_interrupted(struct world *w)
{
    eff_t *busy = eff_iterate(eff_int(0), always, plus_1, eff_unit);
    return in_order(keep(w, 0, eff_fork(busy)), eff_yield_now(), say_interrupt(w, 0));
}
CASE(iterate_is_interrupted_between_steps, busy_iterate_interrupted, .succeeds = "unit", .journal = "interrupt",
     .without = NO_INTERRUPTS | NO_ALLOCATIONS | NO_SHUFFLES /* 2^20 instructions for each of very many runs */)

static eff_t *polls(struct world *w)
{
    return eff_loop_while(eff_then(eff_yield_now(), count(w, 0)), below, eff_int(4));
}
CASE(loop_while_runs_the_effect_until_the_condition_does_not_hold, polls, .succeeds = "4")

static eff_t *polls_once(struct world *w)
{
    return eff_loop_while(count(w, 0), below, eff_int(0));
}
CASE(loop_while_runs_the_effect_at_least_once, polls_once, .succeeds = "1")

static eff_t *polls_failing(struct world *w)
{
    return eff_loop_while(eff_flat_map(count(w, 0), fail_if_3, eff_unit), always, eff_unit);
}
CASE(loop_while_ends_with_the_first_failure, polls_failing, .fails = "3")

static eff_t *polls_interrupted(struct world *w)
{
    return interrupt_after(w, 25, eff_loop_while(after(10, say(w, "x")), always, eff_unit));
}
CASE(loop_while_is_interrupted, polls_interrupted, .succeeds = "unit", .journal = "x x interrupt end@25")

static bool reads_as_bool(eff_value_t v, eff_value_t env)
{
    return eff_as_bool(v);
}
static eff_t *condition_mistaken(struct world *w)
{
    return eff_loop_while(one(1), reads_as_bool, eff_unit);
}
CASE(a_mistake_in_the_condition_of_loop_while_is_a_defect, condition_mistaken,
     .dies = "read a value of type int as bool")

static eff_t *polls_thrice(struct world *w)
{
    return eff_then(twice_and_at_once(eff_loop_while(yields(count(w, 0)), below, eff_int(3))), say(w, "end"));
}
CASE(loop_while_can_be_run_again_and_at_the_same_time, polls_thrice, .succeeds = "unit", .journal = "end")

/* ---- many */

static int64_t most_blocks;

static eff_t *plus_1_measured(eff_value_t v, eff_value_t env)
{
    if (blocks_live > most_blocks) most_blocks = blocks_live;
    return plus_1(v, env);
}
static eff_t *sum_measured(eff_value_t acc, eff_value_t item, size_t index, eff_value_t env)
{
    return plus_1_measured(acc, env);
}
static eff_t *is_last(eff_value_t item, eff_value_t last)
{
    if (blocks_live > most_blocks) most_blocks = blocks_live;
    return eff_succeed(eff_bool(eff_as_int(item) == eff_as_int(last)));
}
static eff_value_t add_1(eff_value_t env)
{
    if (blocks_live > most_blocks) most_blocks = blocks_live;
    return eff_int(++*(int64_t *)eff_as_ptr(env));
}

/* The loop number `which`, over n rounds. */
static eff_t *rounds(int which, int64_t n, int64_t *counter)
{
    switch (which) {
    case 0: return eff_iterate(eff_int(0), below, plus_1_measured, eff_int(n));
    case 1: return eff_loop_while(eff_sync(add_1, eff_ptr(counter)), below, eff_int(n));
    case 2: return eff_reduce(eff_range(0, n), eff_int(0), sum_measured, eff_unit);
    default: return eff_find_first(eff_range(1, n + 1), is_last, eff_int(n));
    }
}
static int64_t blocks_for(int which, int64_t n, const char *expected)
{
    int64_t counter = 0;
    most_blocks = 0;
    ck_assert_succeeds(rounds(which, n, &counter), expected);
    return most_blocks;
}

START_TEST(a_million_rounds_take_no_more_memory_than_a_thousand)
{
    eff__freelist_enable(false);
    for (int which = 0; which < 4; which++) {
        int64_t thousand = blocks_for(which, 1000, which == 3 ? "some(1000)" : "1000");
        int64_t million = blocks_for(which, 1000000, which == 3 ? "some(1000000)" : "1000000");
        ck_assert_int_eq(million, thousand);
    }
    eff__freelist_enable(true);
}
END_TEST

TESTS(zip_with_runs_both_in_order_and_combines_their_values, zip_with_does_not_run_the_second_when_the_first_fails,
      zip_with_fails_as_the_second_does, zip_with_of_an_absent_value_is_a_defect,
      zip_with_can_be_run_again_and_at_the_same_time, zip_with_is_interrupted_in_the_first,
      when_runs_the_effect_only_if_the_condition_holds, unless_runs_the_effect_only_if_the_condition_does_not_hold,
      when_fails_as_its_condition_does, unless_fails_as_its_effect_does,
      a_condition_that_is_no_boolean_is_a_defect_that_names_it, unless_does_not_run_its_effect_for_want_of_a_boolean,
      when_can_be_run_again_and_at_the_same_time, iterate_goes_on_while_the_condition_holds, iterate_may_take_no_step,
      a_step_that_returns_null_is_a_defect, a_later_step_that_returns_null_is_a_defect,
      iterate_ends_with_the_first_failure, iterate_can_be_run_again_and_at_the_same_time, iterate_owns_its_values,
      iterate_is_interrupted_in_a_step, iterate_is_interrupted_between_steps,
      loop_while_runs_the_effect_until_the_condition_does_not_hold, loop_while_runs_the_effect_at_least_once,
      loop_while_ends_with_the_first_failure, loop_while_is_interrupted,
      a_mistake_in_the_condition_of_loop_while_is_a_defect, loop_while_can_be_run_again_and_at_the_same_time,
      a_million_rounds_take_no_more_memory_than_a_thousand)
