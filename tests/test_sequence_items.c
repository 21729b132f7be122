/* One item after another: reduce, find_first, drop_while, replicate. */
#include "support/sequence.h"

/* ---- reduce */

static eff_t *list(eff_value_t acc, eff_value_t item, size_t index, eff_value_t env)
{
    return yields(eff_succeed(eff_printf("%s%zu:%s ", eff_as_string(acc), index, eff_as_string(item))));
}
static eff_value_t a_b_c(void)
{
    return EFF_ARRAY(eff_literal("a"), eff_printf("%s", "b"), eff_literal("c"));
}
static eff_t *reduces(struct world *w)
{
    return eff_reduce(a_b_c(), eff_printf("%s", ""), list, eff_unit);
}
/* CORE-015 */
CASE(CORE_015_reduce_goes_from_left_to_right_and_tells_the_index, reduces, .succeeds = "0:a 1:b 2:c ")

/* The source's zero is evaluated for each run; here it is a value, so a zero that is computed is a flat_map before. */
static eff_t *reduce_nothing_from(eff_value_t zero, eff_value_t env)
{
    return eff_reduce(eff_array(0, NULL), eff_value_incref(zero), list, eff_unit);
}
static eff_t *reduces_nothing(struct world *w)
{
    eff_t *e = eff_flat_map(count(w, 0), reduce_nothing_from, eff_unit), *again = eff_incref(e);
    return eff_zip(e, again);
}
/* CORE-016 */
CASE(CORE_016_reduce_of_nothing_gives_the_initial_value_of_each_run, reduces_nothing, .succeeds = "(1, 2)")

static eff_t *sum_failing_at_2(eff_value_t acc, eff_value_t item, size_t index, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    return saying(env, i, i == 2 ? failing(7) : one(eff_as_int(acc) + i));
}
static eff_t *reduce_failing(struct world *w)
{
    return eff_reduce(eff_range(1, 4), eff_int(0), sum_failing_at_2, eff_ptr(w));
}
/* CORE-017 */
CASE(CORE_017_reduce_stops_at_the_first_failure, reduce_failing, .fails = "7", .journal = "1 2")

static eff_t *null_sum(eff_value_t acc, eff_value_t item, size_t index, eff_value_t env)
{
    return index == 1 ? NULL : one(0);
}
static eff_t *reduce_null(struct world *w)
{
    return eff_reduce(eff_range(1, 4), eff_int(0), null_sum, eff_unit);
}
CASE(a_reduction_that_returns_null_is_a_defect, reduce_null, .dies = "callback null_sum")

static eff_t *reduce_a_number(struct world *w)
{
    return eff_reduce(eff_int(3), eff_int(0), null_sum, eff_unit);
}
CASE(reduce_wants_items, reduce_a_number, .dies = "eff_reduce wants an array")

static eff_t *sum_later(eff_value_t acc, eff_value_t item, size_t index, eff_value_t env)
{
    return after(10, one(eff_as_int(acc) + eff_as_int(item)));
}
static eff_t *reduce_thrice(struct world *w)
{
    return twice_and_at_once(eff_reduce(eff_range(1, 4), eff_int(0), sum_later, eff_unit));
}
CASE(reduce_can_be_run_again_and_at_the_same_time, reduce_thrice, .succeeds = "(6, (6, 6))", .timed = true, .ms = 60)

static eff_t *reduce_interrupted(struct world *w)
{
    return interrupt_after(w, 15, eff_reduce(eff_range(1, 4), eff_int(0), sum_later, eff_unit));
}
CASE(reduce_is_interrupted, reduce_interrupted, .succeeds = "unit", .journal = "interrupt end@15")

/* ---- find_first */

static eff_t *is_2(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    return saying(env, i, yields_bool(i == 2));
}
static eff_t *finds(struct world *w)
{
    return eff_find_first(EFF_ARRAY(eff_int(1), eff_int(2), eff_int(3)), is_2, eff_ptr(w));
}
/* CORE-040 */
CASE(CORE_040_find_first_stops_at_the_first_match, finds, .succeeds = "some(2)", .journal = "1 2")

static eff_t *finds_nothing(struct world *w)
{
    return eff_find_first(eff_range(3, 5), is_2, eff_ptr(w));
}
/* CORE-040 */
CASE(CORE_040_find_first_without_a_match_gives_none, finds_nothing, .succeeds = "none", .journal = "3 4")

static eff_t *finds_in_nothing(struct world *w)
{
    return eff_find_first(eff_array(0, NULL), is_2, eff_ptr(w));
}
CASE(find_first_in_nothing_gives_none, finds_in_nothing, .succeeds = "none")

static eff_t *is_b(eff_value_t item, eff_value_t env)
{
    return yields_bool(strcmp(eff_as_string(item), "b") == 0);
}
static eff_t *finds_thrice(struct world *w)
{
    return twice_and_at_once(eff_find_first(a_b_c(), is_b, eff_unit));
}
CASE(find_first_can_be_run_again_and_at_the_same_time, finds_thrice,
     .succeeds = "(some(\"b\"), (some(\"b\"), some(\"b\")))")

static eff_t *find_failing_first(eff_value_t item, eff_value_t env)
{
    return eff_as_int(item) == 2 ? failing(7) : yields_bool(false);
}
static eff_t *find_failing(struct world *w)
{
    return eff_find_first(eff_range(1, 4), find_failing_first, eff_unit);
}
CASE(find_first_ends_with_the_first_failure, find_failing, .fails = "7")

static eff_t *gives_the_item(eff_value_t item, eff_value_t env)
{
    return eff_succeed(eff_value_incref(item));
}
static eff_t *find_no_boolean(struct world *w)
{
    return eff_find_first(eff_range(1, 4), gives_the_item, eff_unit);
}
CASE(find_first_wants_a_boolean, find_no_boolean,
     .dies = "the condition of eff_find_first succeeded with an int, not with a boolean")

static eff_t *find_null(struct world *w)
{
    return eff_find_first(eff_range(1, 4), null_step, eff_unit);
}
CASE(a_condition_of_find_first_that_returns_null_is_a_defect, find_null, .dies = "callback null_step")

static eff_t *find_interrupted(struct world *w)
{
    return interrupt_after(w, 5, eff_find_first(eff_range(1, 4), tick, eff_ptr(w)));
}
CASE(find_first_is_interrupted, find_interrupted, .succeeds = "unit", .journal = "1 interrupt end@5")

/* ---- drop_while */

static eff_t *is_odd(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    return saying(env, i, yields_bool(i % 2));
}
static eff_t *drops(struct world *w)
{
    return eff_drop_while(EFF_ARRAY(eff_int(1), eff_int(3), eff_int(4), eff_int(5)), is_odd, eff_ptr(w));
}
CASE(drop_while_asks_until_the_first_item_that_stays, drops, .succeeds = "[4, 5]", .journal = "1 3 4")

static eff_t *drops_all(struct world *w)
{
    eff_t *all = eff_drop_while(EFF_ARRAY(eff_int(1), eff_int(3)), is_odd, eff_ptr(w));
    return eff_zip(all, eff_drop_while(eff_range(0, 0), is_odd, eff_ptr(w)));
}
CASE(drop_while_may_drop_all_there_is, drops_all, .succeeds = "([], [])", .journal = "1 3")

static eff_t *drop_fails(eff_value_t item, eff_value_t env)
{
    return saying(env, eff_as_int(item), failing(7));
}
static eff_t *drops_failing(struct world *w)
{
    return eff_drop_while(eff_range(1, 4), drop_fails, eff_ptr(w));
}
/* CORE-039 */
CASE(CORE_039_drop_while_ends_with_the_first_failure, drops_failing, .fails = "7", .journal = "1")

static eff_t *drops_no_boolean(struct world *w)
{
    return eff_drop_while(eff_range(1, 4), gives_the_item, eff_unit);
}
CASE(drop_while_wants_a_boolean, drops_no_boolean,
     .dies = "the condition of eff_drop_while succeeded with an int, not with a boolean")

static eff_t *is_not_b(eff_value_t item, eff_value_t env)
{
    return yields_bool(strcmp(eff_as_string(item), "b") != 0);
}
static eff_t *drops_thrice(struct world *w)
{
    return twice_and_at_once(eff_drop_while(a_b_c(), is_not_b, eff_unit));
}
CASE(drop_while_can_be_run_again_and_at_the_same_time, drops_thrice,
     .succeeds = "([\"b\", \"c\"], ([\"b\", \"c\"], [\"b\", \"c\"]))")

static eff_t *drop_null(struct world *w)
{
    return eff_drop_while(eff_range(1, 4), null_step, eff_unit);
}
CASE(a_condition_of_drop_while_that_returns_null_is_a_defect, drop_null, .dies = "callback null_step")

static eff_t *drop_interrupted(struct world *w)
{
    return interrupt_after(w, 5, eff_drop_while(eff_range(1, 4), tick, eff_ptr(w)));
}
CASE(drop_while_is_interrupted, drop_interrupted, .succeeds = "unit", .journal = "1 interrupt end@5")

/* ---- replicate */

static eff_t *replicates(struct world *w)
{
    eff_t *three = eff_replicate(yields(count(w, 0)), 3);
    return eff_zip(eff_zip(eff_replicate(count(w, 0), -1), eff_replicate(count(w, 0), 0)), three);
}
/* CORE-037 */
CASE(CORE_037_replicate_runs_the_effect_n_times, replicates, .succeeds = "(([], []), [1, 2, 3])")

static eff_t *replicate_failing(struct world *w)
{
    return eff_replicate(eff_flat_map(count(w, 0), fail_if_3, eff_unit), 5);
}
CASE(replicate_ends_with_the_first_failure, replicate_failing, .fails = "3")

static eff_t *replicate_thrice(struct world *w)
{
    return twice_and_at_once(eff_replicate(yields(one(1)), 2));
}
CASE(replicate_can_be_run_again_and_at_the_same_time, replicate_thrice, .succeeds = "([1, 1], ([1, 1], [1, 1]))")

static eff_t *replicate_interrupted(struct world *w)
{
    return interrupt_after(w, 25, eff_replicate(after(10, say(w, "x")), 5));
}
CASE(replicate_is_interrupted, replicate_interrupted, .succeeds = "unit", .journal = "x x interrupt end@25")

/* ---- items that are not counted */

static eff_value_t counter_from(eff_value_t env)
{
    return counter_make((struct counter){ eff_as_int(env) });
}
static bool counter_next(eff_value_t state, eff_value_t *ret_item)
{
    struct counter *c = counter_of(state);
    if (c->at == 4) return false;
    *ret_item = eff_int(c->at++);
    return true;
}
static eff_value_t from_1_to_3(void)
{
    return eff_iterator(counter_from, counter_next, eff_int(1));
}
static eff_t *of_iterators(struct world *w)
{
    eff_t *sum = eff_reduce(from_1_to_3(), eff_int(0), sum_later, eff_unit);
    eff_t *found = eff_find_first(from_1_to_3(), is_2, eff_ptr(w));
    eff_t *rest = eff_drop_while(from_1_to_3(), is_odd, eff_ptr(w));
    return eff_zip(sum, eff_zip(found, rest));
}
CASE(all_of_them_take_iterators, of_iterators, .succeeds = "(6, (some(2), [2, 3]))", .journal = "1 2 1 2")

TESTS(CORE_015_reduce_goes_from_left_to_right_and_tells_the_index,
      CORE_016_reduce_of_nothing_gives_the_initial_value_of_each_run, CORE_017_reduce_stops_at_the_first_failure,
      a_reduction_that_returns_null_is_a_defect, reduce_wants_items, reduce_can_be_run_again_and_at_the_same_time,
      reduce_is_interrupted, CORE_040_find_first_stops_at_the_first_match,
      CORE_040_find_first_without_a_match_gives_none, find_first_in_nothing_gives_none,
      find_first_can_be_run_again_and_at_the_same_time, find_first_ends_with_the_first_failure,
      find_first_wants_a_boolean, a_condition_of_find_first_that_returns_null_is_a_defect, find_first_is_interrupted,
      drop_while_asks_until_the_first_item_that_stays, drop_while_may_drop_all_there_is,
      CORE_039_drop_while_ends_with_the_first_failure, drop_while_wants_a_boolean,
      drop_while_can_be_run_again_and_at_the_same_time, a_condition_of_drop_while_that_returns_null_is_a_defect,
      drop_while_is_interrupted, CORE_037_replicate_runs_the_effect_n_times, replicate_ends_with_the_first_failure,
      replicate_can_be_run_again_and_at_the_same_time, replicate_is_interrupted, all_of_them_take_iterators)
