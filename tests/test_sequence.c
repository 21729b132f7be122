/* One thing after another: zip_with, when, unless, iterate, loop_while, reduce, find_first, drop_while, replicate. */
#include "core/memory.h"
#include "support/failing_allocator.h"
#include "support/fibers.h"

static struct world *the_world(eff_value_t env)
{
    return eff_as_ptr(env);
}

/* The number as a word. */
static eff_value_t say_number(eff_value_t env)
{
    char word[32];
    snprintf(word, sizeof word, "%d", (int)eff_as_int(eff_second(env)));
    journal_add(the_world(eff_first(env)), word);
    return eff_unit;
}
/* Says the number, then runs e. */
static eff_t *saying(eff_value_t env, int64_t n, eff_t *e)
{
    return eff_then(eff_sync(say_number, eff_pair(env, eff_int(n))), e);
}

static eff_t *interrupt_after(struct world *w, int64_t n, eff_t *e)
{
    return in_order(keep(w, 0, eff_fork(e)), ms(n), say_interrupt(w, 0), say_time(w, "end"));
}

/* One description, run again and at the same time. */
static eff_t *twice_and_at_once(eff_t *e)
{
    eff_t *same = eff_incref(e), *third = eff_incref(e);
    return eff_zip(e, eff_zip_par(same, third));
}

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

static eff_t *yields_bool(bool b)
{
    return yields(eff_succeed(eff_bool(b)));
}
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

static eff_t *null_step(eff_value_t v, eff_value_t env)
{
    return NULL;
}
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

static eff_t *tick(eff_value_t v, eff_value_t env)
{
    return saying(env, eff_as_int(v), after(10, one(eff_as_int(v) + 1)));
}
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

static eff_t *fail_if_3(eff_value_t v, eff_value_t env)
{
    return eff_as_int(v) == 3 ? eff_fail(eff_value_incref(v)) : eff_succeed(eff_value_incref(v));
}
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

struct counter {
    int64_t at;
};
EFF_STATIC_TYPE(counter, struct counter);
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
      CORE_015_reduce_goes_from_left_to_right_and_tells_the_index,
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
      replicate_can_be_run_again_and_at_the_same_time, replicate_is_interrupted, all_of_them_take_iterators,
      a_million_rounds_take_no_more_memory_than_a_thousand)
