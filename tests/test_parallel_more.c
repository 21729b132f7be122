/* zip_par_with, reduce_par and merge_all: one value out of what ran at the same time. */
#include "core/memory.h"
#include "support/failing_allocator.h"
#include "support/fibers.h"

static eff_value_t minus(eff_value_t a, eff_value_t b, eff_value_t env)
{
    return eff_int(eff_as_int(a) - eff_as_int(b));
}
static eff_value_t plus_times(eff_value_t acc, eff_value_t v, eff_value_t env)
{
    return eff_int(eff_as_int(acc) + eff_as_int(env) * eff_as_int(v));
}
static eff_value_t append(eff_value_t acc, eff_value_t v, eff_value_t env)
{
    return eff_printf("%s%d", eff_as_string(acc), (int)eff_as_int(v));
}
static eff_value_t absent(eff_value_t acc, eff_value_t v, eff_value_t env)
{
    return (eff_value_t){ .type = NULL, .integer = 0 };
}
static eff_value_t wrong_type(eff_value_t acc, eff_value_t v, eff_value_t env)
{
    return eff_printf("%s", eff_as_string(v));
}
/* The item itself, later ones sooner. */
static eff_t *item_late(eff_value_t item, eff_value_t env)
{
    return after(10 - eff_as_int(item), one(eff_as_int(item)));
}
static eff_t *third_fails(eff_value_t item, eff_value_t env)
{
    return eff_as_int(item) == 3 ? failing(3) : after(1, one(eff_as_int(item)));
}

/* ---- zip_par_with */

static eff_t *difference(struct world *w)
{
    return eff_zip_par_with(after(2, one(7)), after(1, one(2)), minus, eff_unit);
}
CASE(zip_par_with_makes_one_value_of_two_in_argument_order, difference, .succeeds = "5", .timed = true, .ms = 2)

static eff_t *failing_difference(struct world *w)
{
    return eff_zip_par_with(when_interrupted(eff_never(), say(w, "left")), failing(2), minus, eff_unit);
}
CASE(zip_par_with_fails_as_zip_par, failing_difference, .fails = "2", .journal = "left")

START_TEST(mistakes_of_zip_par_with_name_it)
{
    ck_assert_dies(eff_zip_par_with(one(1), NULL, minus, eff_unit), "argument 2 of eff_zip_par_with is NULL");
    ck_assert_dies(eff_zip_par_with(one(1), one(2), NULL, eff_unit), "the callback of eff_zip_par_with is NULL");
    ck_assert_dies(eff_zip_par_with(one(1), one(2), absent, eff_unit), "callback absent");
    ck_assert_dies(eff_zip_par_with(one(1), one(2), minus, eff_oom_value()), "out of memory");
}
END_TEST

/* ---- reduce_par */

static eff_t *joined(struct world *w)
{
    return eff_reduce_par(eff_range(1, 5), item_late, eff_literal(">"), append, eff_unit, 0);
}
CASE(reduce_par_combines_in_input_order_whoever_is_first, joined, .succeeds = ">1234", .timed = true, .ms = 9)

static eff_t *joined_by_two(struct world *w)
{
    return eff_reduce_par(eff_range(1, 5), item_late, eff_printf(">"), append, eff_unit, 2);
}
CASE(reduce_par_gives_the_same_with_any_number_at_once, joined_by_two, .succeeds = ">1234")

static eff_t *reduced_nothing(struct world *w)
{
    return eff_reduce_par(eff_array(0, NULL), item_late, eff_int(42), minus, eff_unit, 0);
}
CASE(reduce_par_of_no_items_gives_the_initial_value, reduced_nothing, .succeeds = "42")

static eff_t *scaled_item(eff_value_t item, eff_value_t env)
{
    return one(eff_as_int(item) + eff_as_int(env));
}
static eff_t *scaled(struct world *w)
{
    return eff_reduce_par(eff_range(1, 3), scaled_item, eff_int(0), plus_times, eff_int(10), 0);
}
CASE(reduce_par_gives_env_to_both_callbacks, scaled, .succeeds = "230")

static eff_t *reduce_failing(struct world *w)
{
    return eff_reduce_par(eff_range(1, 5), third_fails, eff_int(0), minus, eff_unit, 0);
}
CASE(reduce_par_fails_as_for_each_par, reduce_failing, .fails = "3")

START_TEST(mistakes_of_reduce_par_name_it)
{
    eff_value_t none = { .type = NULL, .integer = 0 };
    ck_assert_dies(eff_reduce_par(eff_range(0, 2), item_late, eff_int(0), absent, eff_unit, 0),
                   "the `combine` of eff_reduce_par returned the absent value (test_parallel_more.c:");
    ck_assert_dies(eff_reduce_par(eff_range(0, 2), item_late, eff_int(0), wrong_type, eff_unit, 0),
                   "read a value of type int as string");
    ck_assert_dies(eff_reduce_par(eff_range(0, 2), item_late, eff_int(0), NULL, eff_unit, 0),
                   "argument 4 of eff_reduce_par, `combine`, is NULL (test_parallel_more.c:");
    ck_assert_dies(eff_reduce_par(eff_range(0, 2), NULL, eff_printf("x"), minus, eff_unit, 0),
                   "argument 2 of eff_reduce_par, `f`, is NULL");
    ck_assert_dies(eff_reduce_par(eff_range(0, 2), item_late, none, minus, eff_printf("x"), 0),
                   "eff_reduce_par was given an absent value");
    ck_assert_dies(eff_reduce_par(eff_int(3), item_late, eff_int(0), minus, eff_unit, 0), "eff_reduce_par wants");
    ck_assert_dies(eff_reduce_par(eff_range(0, 2), item_late, eff_oom_value(), minus, eff_unit, 0), "out of memory");
}
END_TEST

/* ---- merge_all */

static eff_t *merged(struct world *w)
{
    return eff_merge_all(eff_range(1, 5), item_late, eff_printf(">"), append, eff_unit, 0);
}
CASE(merge_all_merges_as_items_end, merged, .succeeds = ">4321", .timed = true, .ms = 9)

static eff_t *merged_nothing(struct world *w)
{
    return eff_merge_all(eff_array(0, NULL), item_late, eff_printf("zero"), append, eff_unit, 3);
}
/* EACH-024 */
CASE(EACH_024_merging_no_items_gives_the_initial_value, merged_nothing, .succeeds = "zero")

static eff_t *merge_scaled(struct world *w)
{
    return eff_merge_all(eff_range(1, 3), scaled_item, eff_int(0), plus_times, eff_int(10), 1);
}
CASE(merge_all_gives_env_to_both_callbacks, merge_scaled, .succeeds = "230")

static eff_t *merge_failing(struct world *w)
{
    return eff_merge_all(eff_range(1, 5), third_fails, eff_printf(">"), append, eff_unit, 2);
}
CASE(merge_all_fails_as_for_each_par, merge_failing, .fails = "3")

/* Each run starts from the initial value and has a value of its own. */
static eff_t *merged_three_times(struct world *w)
{
    eff_t *e = eff_merge_all(eff_range(1, 4), item_late, eff_printf(">"), append, eff_unit, 0);
    eff_t *again = eff_incref(e), *after_that = eff_incref(e);
    return eff_zip(eff_zip_par(e, again), after_that);
}
CASE(runs_of_one_merge_all_share_nothing, merged_three_times, .succeeds = "((\">321\", \">321\"), \">321\")")

static long most_live; /* blocks at once, as merge sees it */

static eff_t *yields_one(eff_value_t item, eff_value_t env)
{
    return yields(one(1));
}
static eff_value_t count_and_look(eff_value_t acc, eff_value_t v, eff_value_t env)
{
    if (blocks_live > most_live) most_live = blocks_live;
    return eff_int(eff_as_int(acc) + 1);
}
static long most_live_with(int64_t n_items, const char *text)
{
    most_live = 0;
    ck_assert_succeeds(eff_merge_all(eff_range(0, n_items), yields_one, eff_int(0), count_and_look, eff_unit, 4), text);
    return most_live;
}
START_TEST(the_memory_of_merge_all_does_not_grow_with_the_items)
{
    long of_few = most_live_with(100, "100");
    ck_assert_int_eq(most_live_with(10000, "10000"), of_few);
}
END_TEST

static eff_t *null_body(eff_value_t item, eff_value_t env)
{
    return NULL;
}
START_TEST(mistakes_of_merge_all_name_it)
{
    ck_assert_dies(eff_merge_all(eff_range(0, 2), item_late, eff_int(0), absent, eff_unit, 0),
                   "the `merge` of eff_merge_all returned the absent value (test_parallel_more.c:");
    ck_assert_dies(eff_merge_all(eff_range(0, 2), null_body, eff_int(0), minus, eff_unit, 0), "callback null_body");
    ck_assert_dies(eff_merge_all(eff_range(0, 2), item_late, eff_int(0), NULL, eff_printf("x"), 0),
                   "argument 4 of eff_merge_all, `merge`, is NULL");
    ck_assert_dies(eff_merge_all(eff_range(0, 2), NULL, eff_int(0), minus, eff_printf("x"), 0),
                   "argument 2 of eff_merge_all, `f`, is NULL");
    ck_assert_dies(eff_merge_all(eff_int(3), item_late, eff_int(0), minus, eff_unit, 0), "eff_merge_all wants");
    ck_assert_dies(eff_merge_all(eff_oom_value(), item_late, eff_int(0), minus, eff_unit, 0), "out of memory");
}
END_TEST

static int n_merges;
static eff_value_t absent_merge(eff_value_t sum, eff_value_t n, eff_value_t env)
{
    n_merges++;
    return (eff_value_t){ 0 };
}
static eff_t *yield_item(eff_value_t item, eff_value_t env)
{
    return eff_map_to(eff_yield_now(), eff_value_incref(item));
}
START_TEST(a_failed_merge_is_the_last_one)
{
    n_merges = 0;
    ck_assert_dies(eff_merge_all(eff_range(0, 3), yield_item, eff_int(0), absent_merge, eff_unit, 0), "absent");
    ck_assert_int_eq(n_merges, 1);
}
END_TEST

/* ---- descriptions */

static void assert_described(eff_t *e, const char *name)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_describe(e, &text);
    size_t n = strlen(name);
    ck_assert_msg(strncmp(eff_buffer_text(&text), name, n) == 0 && text.text[n] == ' ', "%s", text.text);
    eff_buffer_done(&text);
    eff_decref(e);
}
START_TEST(they_are_described_by_their_names)
{
    assert_described(eff_zip_par_with(one(1), one(2), minus, eff_unit), "zip_par_with");
    assert_described(eff_reduce_par(eff_range(0, 2), item_late, eff_int(0), minus, eff_unit, 0), "reduce_par");
    assert_described(eff_merge_all(eff_range(0, 2), item_late, eff_int(0), minus, eff_unit, 0), "merge_all");
}
END_TEST

TESTS(zip_par_with_makes_one_value_of_two_in_argument_order, zip_par_with_fails_as_zip_par,
      mistakes_of_zip_par_with_name_it, reduce_par_combines_in_input_order_whoever_is_first,
      reduce_par_gives_the_same_with_any_number_at_once, reduce_par_of_no_items_gives_the_initial_value,
      reduce_par_gives_env_to_both_callbacks, reduce_par_fails_as_for_each_par, mistakes_of_reduce_par_name_it,
      merge_all_merges_as_items_end, EACH_024_merging_no_items_gives_the_initial_value,
      merge_all_gives_env_to_both_callbacks, merge_all_fails_as_for_each_par, runs_of_one_merge_all_share_nothing,
      the_memory_of_merge_all_does_not_grow_with_the_items, mistakes_of_merge_all_name_it,
      a_failed_merge_is_the_last_one, they_are_described_by_their_names)
