/* Races of any number of effects, and which of them won. */
#include "support/fibers.h"

/* ---- race_all: who wins */

static eff_t *middle_wins(struct world *w)
{
    eff_t *slow = when_interrupted(ms(100), say(w, "slow"));
    return eff_race_all(eff_then(slow, one(1)), after(2, one(2)), when_interrupted(eff_never(), say(w, "never")));
}
CASE(the_first_of_many_to_succeed_wins_and_the_others_are_interrupted, middle_wins, .succeeds = "2",
     .journal = "slow never", .timed = true, .ms = 2, .without = NO_SHUFFLES) /* the losers' order */

static eff_t *finalizing(struct world *w, int64_t n, const char *done, const char *finalized)
{
    return eff_ensuring(eff_then(ms(n), say(w, done)), eff_then(ms(5), say_time(w, finalized)));
}
static eff_t *three_with_finalizers(struct world *w)
{
    eff_t *a = finalizing(w, 1, "a", "~a"), *b = finalizing(w, 50, "b", "~b"), *c = finalizing(w, 50, "c", "~c");
    return eff_then(eff_race_all(a, b, c), say_time(w, "end"));
}
/* RACE-007 */
CASE(RACE_007_it_returns_after_all_losers_are_finalized, three_with_finalizers, .succeeds = "unit",
     .journal = "a ~a@6 ~b@11 ~c@11 end@11", .without = NO_SHUFFLES) /* the finalizers' order */

static eff_t *failures_and_one(struct world *w)
{
    return eff_race_all(failing(1), dying(), after(3, one(3)), after(1, failing(4)));
}
CASE(failures_and_defects_wait_for_a_success, failures_and_one, .succeeds = "3", .timed = true, .ms = 3)

static eff_t *all_of_three_fail(struct world *w)
{
    return eff_race_all(after(3, failing(1)), after(1, failing(2)), after(2, failing(3)));
}
CASE(when_all_of_many_fail_their_causes_are_in_argument_order, all_of_three_fail,
     .cause = "both(both(fail(1), fail(2)), fail(3))", .timed = true, .ms = 3)

static eff_t *tie_of_three(struct world *w)
{
    return eff_race_all(failing(1), yields(one(2)), yields(one(3)));
}
CASE(a_tie_of_many_goes_to_the_left, tie_of_three, .succeeds = "2", .without = NO_SHUFFLES) /* the order decides */

static eff_t *second_at_once(struct world *w)
{
    return eff_race_all(eff_ensuring(eff_never(), say(w, "first")), one(2), eff_then(say(w, "third"), one(3)));
}
CASE(a_side_that_succeeds_at_once_keeps_later_ones_from_starting, second_at_once, .succeeds = "2", .journal = "first",
     .without = NO_BUDGETS)

static eff_t *alone(struct world *w)
{
    return eff_zip(eff_race_all(after(1, one(1))), eff_to_exit(eff_race_all(failing(2))));
}
static void alone_ended(struct world *w, const eff_exit_t *exit)
{
    ck_assert(exit->ok);
    ck_assert_int_eq(eff_as_int(eff_first(exit->value)), 1);
    ck_assert_str_eq(shape_of(eff_as_exit(eff_second(exit->value))), "fail(2)");
}
CASE(a_race_of_one_ends_as_that_one, alone, .check = alone_ended, .without = NO_AROUND /* the text tells who forked */)

static eff_t *caller_is_interrupted(struct world *w)
{
    eff_t *race = eff_race_all(holds(w, "a"), holds(w, "b"), holds(w, "c"));
    return in_order(keep(w, 0, eff_fork(race)), ms(1), say_interrupt(w, 0));
}
CASE(interrupting_the_caller_interrupts_all_of_many, caller_is_interrupted, .succeeds = "unit",
     .journal = "a+ b+ c+ a- b- c- interrupt", .without = NO_SHUFFLES) /* the releases' order */

/* One description, run twice at the same time: each run has sides of its own. */
static eff_t *same_twice(struct world *w)
{
    eff_t *race = eff_race_all(after(3, one(1)), after(2, one(2)), after(1, failing(3)));
    eff_t *again = eff_incref(race);
    return eff_zip_par(race, again);
}
CASE(a_race_can_be_run_twice_at_once, same_twice, .succeeds = "(2, 2)")

/* ---- race_indexed */

static eff_t *index_of_the_winner(struct world *w)
{
    return eff_race_indexed(ms(9), after(1, failing(7)), after(2, eff_succeed(eff_printf("won"))));
}
/* RACE-030 */
CASE(RACE_030_race_indexed_tells_who_won, index_of_the_winner, .succeeds = "(2, \"won\")", .timed = true, .ms = 2)

static eff_t *indexed_all_fail(struct world *w)
{
    return eff_race_indexed(failing(1), failing(2));
}
CASE(race_indexed_fails_as_race_all, indexed_all_fail, .cause = "both(fail(1), fail(2))")

static eff_t *indexed_of_one(struct world *w)
{
    return eff_race_indexed(one(5));
}
CASE(race_indexed_of_one_has_index_0, indexed_of_one, .succeeds = "(0, 5)")

static eff_t *list_of_three(struct world *w)
{
    eff_t *list[3] = { failing(1), one(6), eff_never() };
    return eff_race_all_list(3, list);
}
CASE(race_all_of_a_list_made_at_run_time, list_of_three, .succeeds = "6")

static eff_t *indexed_list_of_three(struct world *w)
{
    eff_t *list[3] = { failing(1), one(6), eff_never() };
    return eff_race_indexed_list(3, list);
}
CASE(race_indexed_of_a_list_made_at_run_time, indexed_list_of_three, .succeeds = "(1, 6)")

/* ---- mistakes */

START_TEST(a_race_of_none_is_a_mistake_that_names_it)
{
    ck_assert_dies(eff_race_all_list(0, NULL), "eff_race_all was given no effect (test_race_all.c:");
    ck_assert_dies(eff_race_indexed_list(0, NULL), "eff_race_indexed was given no effect");
    ck_assert_dies(eff_race_all_list(2, NULL), "the list of eff_race_all is NULL");
}
END_TEST

START_TEST(a_missing_side_is_a_mistake_and_out_of_memory_stays_that)
{
    ck_assert_dies(eff_race_all(one(1), NULL, one(3)), "argument 2 of eff_race_all is NULL");
    ck_assert_dies(eff_race_indexed(one(1), one(2), NULL), "argument 3 of eff_race_indexed is NULL");
    ck_assert_dies(eff_race_all(NULL, eff_out_of_memory()), "out of memory");
}
END_TEST

static void assert_described(eff_t *e, const char *first_line)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_describe(e, &text);
    ck_assert_msg(strncmp(eff_buffer_text(&text), first_line, strlen(first_line)) == 0, "%s", text.text);
    eff_buffer_done(&text);
    eff_decref(e);
}

START_TEST(races_are_described_by_their_names)
{
    assert_described(eff_race(one(1), one(2)), "race (");
    assert_described(eff_race_all(one(1), one(2)), "race_all (");
    assert_described(eff_race_all(one(1), one(2), one(3)), "race_all (");
    assert_described(eff_race_indexed(one(1), one(2), one(3)), "race_indexed (");
}
END_TEST

TESTS(race_all_of_a_list_made_at_run_time, race_indexed_of_a_list_made_at_run_time,
      the_first_of_many_to_succeed_wins_and_the_others_are_interrupted,
      RACE_007_it_returns_after_all_losers_are_finalized, failures_and_defects_wait_for_a_success,
      when_all_of_many_fail_their_causes_are_in_argument_order, a_tie_of_many_goes_to_the_left,
      a_side_that_succeeds_at_once_keeps_later_ones_from_starting, a_race_of_one_ends_as_that_one,
      interrupting_the_caller_interrupts_all_of_many, a_race_can_be_run_twice_at_once,
      RACE_030_race_indexed_tells_who_won, race_indexed_fails_as_race_all, race_indexed_of_one_has_index_0,
      a_race_of_none_is_a_mistake_that_names_it, a_missing_side_is_a_mistake_and_out_of_memory_stays_that,
      races_are_described_by_their_names)
