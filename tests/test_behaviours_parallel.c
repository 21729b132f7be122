/* Behaviours that are easy to get wrong: what runs in parallel. The names start with the row of the table in tests/README.md. */
#include "support/fibers.h"

/* Forks e, lets it begin, and after so many ms interrupts it and says how and when it ended. */
static eff_t *interrupted_after(struct world *w, int64_t n, eff_t *e)
{
    return in_order(keep(w, 0, eff_fork(e)), ms(n), say_interrupt(w, 0), say_time(w, "end"));
}

/* ---- B12 */

static eff_t *left_fails_first(struct world *w)
{
    return eff_zip_par(after(50, failing(7)), after(600, one(1)));
}
CASE(B12_zip_par_fails_when_the_first_side_fails, left_fails_first, .fails = "7", .timed = true, .ms = 50)

static eff_t *middle_fails_first(struct world *w)
{
    return eff_all_par(after(600, one(1)), after(50, failing(7)), after(100, failing(8)));
}
CASE(B12_all_par_fails_when_the_first_side_fails, middle_fails_first, .cause = "fail(7)", .timed = true, .ms = 50)

/* ---- B13 */

static eff_t *ties(struct world *w)
{
    eff_t *first = eff_race_first(yields(one(1)), yields(one(2)));
    eff_t *timers = eff_race(after(5, one(1)), after(5, one(2)));
    return eff_zip(eff_race(yields(one(1)), yields(one(2))), eff_zip(first, timers));
}
CASE(B13_ties_go_to_the_leftmost, ties, .succeeds = "(1, (1, 1))", .without = NO_SHUFFLES /* of who is first */)

static eff_t *decided_at_once(struct world *w)
{
    eff_t *race = eff_race(one(1), eff_then(say(w, "begun"), one(2)));
    eff_t *first = eff_race_first(failing(3), eff_then(say(w, "begun"), one(2)));
    return eff_zip(race, eff_option(first));
}
CASE(B13_who_wins_synchronously_keeps_the_rest_from_starting, decided_at_once, .succeeds = "(1, none)", .journal = "",
     .without = NO_BUDGETS)

/* ---- B14: every combinator, interrupted at 1 ms and timed out at 1 ms; finalizers take 5 and 7 ms */

static eff_t *slow_to_end(struct world *w, int i)
{
    eff_t *finalizer = i == 0 ? after(5, say_time(w, "l")) : after(7, say_time(w, "r"));
    return eff_ensuring(eff_never(), finalizer);
}
static eff_t *slow_item(eff_value_t item, eff_value_t env)
{
    return slow_to_end(eff_as_ptr(env), (int)eff_as_int(item) % 2);
}
static eff_t *race_of_slow(struct world *w)
{
    return eff_race(slow_to_end(w, 0), slow_to_end(w, 1));
}
static eff_t *pair_of_slow(struct world *w)
{
    return eff_zip_par(slow_to_end(w, 0), slow_to_end(w, 1));
}
static eff_t *two_of_ten_slow(struct world *w)
{
    return eff_for_each_par(eff_range(0, 10), slow_item, eff_ptr(w), 2);
}
static eff_t *timed_out(struct world *w, eff_t *e)
{
    return eff_then(say_exit(w, eff_timeout(e, eff_millis(1))), say_time(w, "end"));
}
static eff_t *race_interrupted(struct world *w)
{
    return interrupted_after(w, 1, race_of_slow(w));
}
static eff_t *race_timed_out(struct world *w)
{
    return timed_out(w, race_of_slow(w));
}
static eff_t *pair_interrupted(struct world *w)
{
    return interrupted_after(w, 1, pair_of_slow(w));
}
static eff_t *pair_timed_out(struct world *w)
{
    return timed_out(w, pair_of_slow(w));
}
static eff_t *items_interrupted(struct world *w)
{
    return interrupted_after(w, 1, two_of_ten_slow(w));
}
static eff_t *items_timed_out(struct world *w)
{
    return timed_out(w, two_of_ten_slow(w));
}
#define INTERRUPTED .succeeds = "unit", .journal = "l@6 r@8 interrupt end@8"
#define TIMED_OUT .succeeds = "unit", .journal = "l@6 r@8 ok:none end@8"
CASE(B14_interrupting_a_race_waits_for_the_finalizers, race_interrupted, INTERRUPTED)
CASE(B14_timing_out_a_race_waits_for_the_finalizers, race_timed_out, TIMED_OUT)
CASE(B14_interrupting_zip_par_waits_for_the_finalizers, pair_interrupted, INTERRUPTED)
CASE(B14_timing_out_zip_par_waits_for_the_finalizers, pair_timed_out, TIMED_OUT)
CASE(B14_interrupting_for_each_par_waits_for_the_finalizers, items_interrupted, INTERRUPTED)
CASE(B14_timing_out_for_each_par_waits_for_the_finalizers, items_timed_out, TIMED_OUT)

/* ---- B15 */

static eff_t *nothing_much(eff_value_t item, eff_value_t env)
{
    switch (eff_as_int(item) % 4) {
    case 0: return eff_succeed(eff_ptr(NULL));
    case 1: return eff_noop();
    case 2: return yields(eff_succeed(eff_none()));
    default: return after(1, one(0));
    }
}
static eff_t *nothings(struct world *w)
{
    eff_t *each = eff_for_each(eff_range(0, 8), nothing_much, eff_unit);
    eff_t *two = eff_for_each_par(eff_range(0, 8), nothing_much, eff_unit, 2);
    return eff_zip(each, eff_zip(two, eff_for_each_par(eff_range(0, 8), nothing_much, eff_unit, 0)));
}
static void stands_in_place(eff_value_t results)
{
    ck_assert_uint_eq(eff_array_size(results), 8);
    for (size_t i = 0; i < 8; i += 4) {
        ck_assert(eff_value_is(eff_array_at(results, i), &eff_ptr_type));
        ck_assert_ptr_null(eff_as_ptr(eff_array_at(results, i)));
        ck_assert(eff_value_is(eff_array_at(results, i + 1), &eff_unit_type));
        ck_assert(eff_value_equal(eff_array_at(results, i + 2), eff_none()));
        ck_assert(eff_value_equal(eff_array_at(results, i + 3), eff_int(0)));
    }
}
static void all_in_place(struct world *w, const eff_exit_t *exit)
{
    ck_assert(exit->ok);
    stands_in_place(eff_first(exit->value));
    stands_in_place(eff_first(eff_second(exit->value)));
    stands_in_place(eff_second(eff_second(exit->value)));
}
CASE(B15_null_unit_none_and_zero_keep_their_places, nothings, .check = all_in_place)

/* ---- B16 */

static eff_t *tenth_of_a_second(eff_value_t item, eff_value_t env)
{
    return after(100, eff_succeed(eff_value_incref(item)));
}
static eff_t *four_at_a_time(struct world *w)
{
    return eff_for_each_par(eff_range(0, 8), tenth_of_a_second, eff_unit, 4);
}
CASE(B16_bounded_and_ordered_is_really_parallel, four_at_a_time, .succeeds = "[0, 1, 2, 3, 4, 5, 6, 7]", .timed = true,
     .ms = 200)

/* ---- B17 */

static eff_t *both_fail(struct world *w)
{
    return eff_zip_par(yields(failing(1)), yields(failing(2)));
}
CASE(B17_sides_that_fail_in_the_same_turn_are_both_in_the_cause, both_fail, .cause = "both(fail(1), fail(2))",
     .without = NO_SHUFFLES /* a shuffle gives the caller its turn between them */)

static eff_t *fails_in_the_start(struct world *w)
{
    return eff_zip_par(failing(1), eff_then(say(w, "begun"), failing(2)));
}
CASE(B17_a_side_that_fails_during_the_start_keeps_the_other_from_starting, fails_in_the_start, .cause = "fail(1)",
     .journal = "", .without = NO_BUDGETS)

/* ---- B24 */

static eff_t *two_seconds_at_once(struct world *w)
{
    return eff_zip_par(ms(1000), ms(1000));
}
CASE(B24_two_parallel_sleeps_of_a_second_take_one, two_seconds_at_once, .succeeds = "(unit, unit)", .timed = true,
     .ms = 1000)

static eff_t *ten_against_one(struct world *w)
{
    return eff_race(after(10000, one(10)), after(1000, one(1)));
}
CASE(B24_the_shorter_of_two_sleeps_wins_when_it_is_over, ten_against_one, .succeeds = "1", .timed = true, .ms = 1000)

TESTS(B12_zip_par_fails_when_the_first_side_fails, B12_all_par_fails_when_the_first_side_fails,
      B13_ties_go_to_the_leftmost, B13_who_wins_synchronously_keeps_the_rest_from_starting,
      B14_interrupting_a_race_waits_for_the_finalizers, B14_timing_out_a_race_waits_for_the_finalizers,
      B14_interrupting_zip_par_waits_for_the_finalizers, B14_timing_out_zip_par_waits_for_the_finalizers,
      B14_interrupting_for_each_par_waits_for_the_finalizers, B14_timing_out_for_each_par_waits_for_the_finalizers,
      B15_null_unit_none_and_zero_keep_their_places, B16_bounded_and_ordered_is_really_parallel,
      B17_sides_that_fail_in_the_same_turn_are_both_in_the_cause,
      B17_a_side_that_fails_during_the_start_keeps_the_other_from_starting,
      B24_two_parallel_sleeps_of_a_second_take_one, B24_the_shorter_of_two_sleeps_wins_when_it_is_over)
