/* validate_par and partition_par: every item runs to its end, and all failures are told. */
#include "support/fibers.h"

static struct world *the_world(eff_value_t env)
{
    return eff_as_ptr(env);
}

/* "1", "2" ... as the items get done. */
static eff_value_t push_now(eff_value_t env)
{
    char word[32];
    snprintf(word, sizeof word, "%d", (int)eff_as_int(eff_second(env)));
    journal_add(the_world(eff_first(env)), word);
    return eff_value_incref(eff_second(env));
}
static eff_t *push(eff_value_t item, eff_value_t env)
{
    return eff_sync(push_now, eff_pair(env, eff_value_incref(item)));
}

/* Odd items fail with themselves, later ones sooner. */
static eff_t *even_only(eff_value_t item, eff_value_t env)
{
    int64_t n = eff_as_int(item);
    return after(10 - n, n % 2 ? failing(n) : one(n));
}

/* ---- validate_par */

static eff_t *all_fail(eff_value_t item, eff_value_t env)
{
    eff_t *e = eff_then(push(item, env), failing(eff_as_int(item)));
    return when_interrupted(after(10 - eff_as_int(item), e), say(the_world(env), "interrupted"));
}
static eff_t *validate_all_fail(struct world *w)
{
    return eff_validate_par(eff_range(1, 4), all_fail, eff_ptr(w), 0);
}
/* EACH-020 */
CASE(EACH_020_when_all_items_fail_all_errors_are_told_in_order, validate_all_fail, .fails = "[1, 2, 3]",
     .journal = "3 2 1", .timed = true, .ms = 9)

static eff_t *validate_some(struct world *w)
{
    return eff_validate_par(eff_range(0, 4), even_only, eff_unit, 2);
}
/* In the source the failure has a place for each item, some or none; here it is the errors alone (DESIGN §9). */
/* EACH-026 */
CASE(EACH_026_validate_fails_with_the_errors_of_those_that_failed, validate_some, .fails = "[1, 3]")

static eff_t *fail_with_item(eff_value_t item, eff_value_t env)
{
    return failing(eff_as_int(item));
}
static eff_t *validate_one_by_one(struct world *w)
{
    return eff_validate_par(EFF_ARRAY(eff_int(2), eff_int(3)), fail_with_item, eff_unit, 1);
}
/* In the source the two causes are joined by Then; here one Fail holds both errors. */
/* CAUSE-012 */
CASE(CAUSE_012_validating_one_by_one_tells_both_errors, validate_one_by_one, .cause = "fail([2, 3])")

static eff_t *validate_good(struct world *w)
{
    return eff_validate_par(EFF_ARRAY(eff_int(4), eff_int(2), eff_int(6)), even_only, eff_unit, 0);
}
CASE(validate_of_good_items_gives_their_values_in_order, validate_good, .succeeds = "[4, 2, 6]")

static eff_t *validate_each_way(struct world *w)
{
    eff_t *ways[] = { eff_to_exit(eff_validate_par(eff_range(0, 6), even_only, eff_unit, 1)),
                      eff_to_exit(eff_validate_par(eff_range(0, 6), even_only, eff_unit, 2)),
                      eff_to_exit(eff_validate_par(eff_range(0, 6), even_only, eff_unit, 0)),
                      eff_partition_par(eff_range(0, 6), even_only, eff_unit, 1),
                      eff_partition_par(eff_range(0, 6), even_only, eff_unit, 2),
                      eff_partition_par(eff_range(0, 6), even_only, eff_unit, 0) };
    return eff_all_par_at(EFF_SITE, 6, ways);
}
static void all_ways_agree(struct world *w, const eff_exit_t *exit)
{
    ck_assert(exit->ok);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_str_eq(shape_of(eff_as_exit(eff_array_at(exit->value, i))), "fail([1, 3, 5])");
        eff_exit_t partition = eff_exit_succeed(eff_value_incref(eff_array_at(exit->value, 3 + i)));
        ck_assert_str_eq(shape_of(&partition), "ok(([1, 3, 5], [0, 2, 4]))");
        eff_exit_decref(partition);
    }
}
/* EACH-022 */
CASE(EACH_022_the_results_do_not_depend_on_how_many_run_at_once, validate_each_way, .check = all_ways_agree)

static eff_t *validate_nothing(struct world *w)
{
    return eff_zip(eff_validate_par(eff_array(0, NULL), even_only, eff_unit, 0),
                   eff_validate_par(eff_range(3, 3), even_only, eff_unit, 1));
}
/* In the source it looks for the first good item, of which there is none; nothing to complain of is a success here. */
/* CAUSE-014 */
CASE(CAUSE_014_validating_no_items_ends_with_no_values, validate_nothing, .succeeds = "([], [])")

static eff_t *second_dies(eff_value_t item, eff_value_t env)
{
    eff_t *pushed = push(item, env);
    switch (eff_as_int(item)) {
    case 1: return eff_then(pushed, failing(1));
    case 2: return eff_then(pushed, dying());
    default: return after(1, pushed);
    }
}
static eff_t *validate_dying(struct world *w)
{
    return eff_validate_par(eff_range(1, 5), second_dies, eff_ptr(w), 2);
}
CASE(a_defect_of_an_item_stops_nobody_and_the_whole_fails_with_all_causes, validate_dying,
     .cause = "both(fail(1), die)", .journal = "1 2 3 4")

static eff_t *second_interrupts_itself(eff_value_t item, eff_value_t env)
{
    eff_t *pushed = push(item, env);
    switch (eff_as_int(item)) {
    case 1: return eff_then(pushed, eff_interrupt_self());
    case 2: return eff_then(pushed, failing(2));
    case 3: return eff_then(pushed, failing(3));
    default: return after(1, pushed);
    }
}
static eff_t *validate_interrupting(struct world *w)
{
    return eff_validate_par(eff_range(1, 5), second_interrupts_itself, eff_ptr(w), 1);
}
CASE(an_item_that_interrupts_itself_stops_nobody_and_is_told_beside_the_errors, validate_interrupting,
     .cause = "both(fail([2, 3]), interrupt)", .journal = "1 2 3 4")

static eff_t *interrupt_itself(eff_value_t item, eff_value_t env)
{
    return eff_interrupt_self();
}
static eff_t *validate_all_interrupting(struct world *w)
{
    return eff_validate_par(eff_range(0, 2), interrupt_itself, eff_unit, 0);
}
CASE(items_that_all_interrupt_themselves_are_an_interruption, validate_all_interrupting, .interrupted = true)

static eff_t *fails_with_a_finalizer(eff_value_t item, eff_value_t env)
{
    return eff_ensuring(failing(eff_as_int(item)), eff_as_int(item) == 1 ? failing(10) : eff_noop());
}
static eff_t *validate_finalizers(struct world *w)
{
    return eff_validate_par(eff_range(0, 2), fails_with_a_finalizer, eff_unit, 0);
}
CASE(the_error_of_an_item_with_several_failures_is_the_leftmost, validate_finalizers, .fails = "[0, 1]")

static eff_t *succeeds_with_a_cause(eff_value_t item, eff_value_t env)
{
    return eff_succeed(eff_cause_value(eff_cause_fail(eff_int(1))));
}
static eff_t *validate_causes(struct world *w)
{
    return eff_map_to(eff_validate_par(eff_range(0, 2), succeeds_with_a_cause, eff_unit, 0), eff_int(7));
}
CASE(a_cause_that_an_item_succeeds_with_is_a_value, validate_causes, .succeeds = "7")

static eff_t *fails_or_holds(eff_value_t item, eff_value_t env)
{
    struct world *w = the_world(env);
    return eff_as_int(item) == 0 ? failing(1) : holds(w, "r");
}
static eff_t *validate_interrupted(struct world *w)
{
    eff_t *e = eff_validate_par(eff_range(0, 3), fails_or_holds, eff_ptr(w), 0);
    return in_order(keep(w, 0, eff_fork(e)), ms(1), say_interrupt(w, 0));
}
CASE(interrupting_the_caller_interrupts_the_items_that_run, validate_interrupted, .succeeds = "unit",
     .journal = "r+ r+ r- r- interrupt")

struct countdown {
    int64_t left;
};
EFF_STATIC_TYPE(countdown, struct countdown);
static eff_value_t count_from(eff_value_t env)
{
    return EFF_ENV(countdown, .left = eff_as_int(env));
}
static bool count_down(eff_value_t state, eff_value_t *ret_item)
{
    struct countdown *c = countdown_of(state);
    if (c->left == 0) return false;
    *ret_item = eff_int(c->left--);
    return true;
}
static eff_t *validate_iterated(struct world *w)
{
    eff_t *e = eff_validate_par(eff_iterator(count_from, count_down, eff_int(5)), even_only, eff_unit, 2);
    return eff_zip(eff_to_exit(e),
                   eff_partition_par(eff_iterator(count_from, count_down, eff_int(5)), even_only, eff_unit, 3));
}
static void iterated_in_order(struct world *w, const eff_exit_t *exit)
{
    ck_assert(exit->ok);
    ck_assert_str_eq(shape_of(eff_as_exit(eff_first(exit->value))), "fail([5, 3, 1])");
    eff_exit_t partition = eff_exit_succeed(eff_value_incref(eff_second(exit->value)));
    ck_assert_str_eq(shape_of(&partition), "ok(([5, 3, 1], [4, 2]))");
    eff_exit_decref(partition);
}
CASE(items_that_nobody_has_counted_keep_their_order, validate_iterated, .check = iterated_in_order)

static eff_t *no_more_to_pull(struct world *w)
{
    return eff_validate_par(eff_pull(failing(9)), even_only, eff_unit, 2);
}
CASE(a_source_that_fails_is_no_item, no_more_to_pull, .fails = "9")

static eff_t *null_body(eff_value_t item, eff_value_t env)
{
    return NULL;
}
static eff_t *stuck(eff_value_t item, eff_value_t env)
{
    return eff_never();
}
START_TEST(items_in_a_deadlock_end_the_whole)
{
    ck_assert_dies(eff_validate_par(eff_range(0, 3), stuck, eff_unit, 1), "deadlock");
    ck_assert_dies(eff_partition_par(eff_range(0, 3), stuck, eff_unit, 2), "deadlock");
}
END_TEST

START_TEST(mistakes_name_the_builder)
{
    eff_value_t none = { .type = NULL, .integer = 0 };
    ck_assert_dies(eff_validate_par(eff_range(0, 2), null_body, eff_unit, 0), "callback null_body");
    ck_assert_dies(eff_validate_par(eff_int(1), even_only, eff_unit, 0), "eff_validate_par wants an array");
    ck_assert_dies(eff_validate_par(eff_range(0, 2), NULL, eff_unit, 0), "the callback of eff_validate_par is NULL");
    ck_assert_dies(eff_partition_par(none, even_only, eff_unit, 0), "eff_partition_par was given an absent value");
    ck_assert_dies(eff_partition_par(eff_oom_value(), even_only, eff_unit, 0), "out of memory");
}
END_TEST

/* ---- partition_par */

static eff_t *push_and_even_only(eff_value_t item, eff_value_t env)
{
    int64_t n = eff_as_int(item);
    return eff_then(push(item, env), n % 2 ? failing(n) : one(n));
}
static eff_t *partition_in_order(struct world *w)
{
    eff_value_t items[] = { eff_int(2), eff_int(4), eff_int(6), eff_int(3), eff_int(5), eff_int(6) };
    return eff_partition_par(eff_array(6, items), push_and_even_only, eff_ptr(w), 1);
}
/* CAUSE-015 */
CASE(CAUSE_015_partition_runs_in_order_and_keeps_it, partition_in_order, .succeeds = "([3, 5], [2, 4, 6, 6])",
     .journal = "2 4 6 3 5 6")

static eff_t *partition_good(struct world *w)
{
    return eff_zip(eff_partition_par(EFF_ARRAY(eff_int(2)), even_only, eff_unit, 0),
                   eff_partition_par(eff_array(0, NULL), even_only, eff_unit, 0));
}
CASE(partition_of_good_items_or_none_has_no_errors, partition_good, .succeeds = "(([], [2]), ([], []))")

static eff_t *partition_dying(struct world *w)
{
    return eff_partition_par(eff_range(1, 5), second_dies, eff_ptr(w), 0);
}
CASE(partition_fails_by_what_is_no_expected_failure, partition_dying, .cause = "die", .journal = "1 2 3 4")

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
    assert_described(eff_validate_par(eff_range(0, 2), even_only, eff_unit, 3), "validate_par");
    assert_described(eff_partition_par(eff_range(0, 2), even_only, eff_unit, 3), "partition_par");
}
END_TEST

TESTS(EACH_020_when_all_items_fail_all_errors_are_told_in_order,
      EACH_026_validate_fails_with_the_errors_of_those_that_failed, CAUSE_012_validating_one_by_one_tells_both_errors,
      validate_of_good_items_gives_their_values_in_order, EACH_022_the_results_do_not_depend_on_how_many_run_at_once,
      CAUSE_014_validating_no_items_ends_with_no_values,
      a_defect_of_an_item_stops_nobody_and_the_whole_fails_with_all_causes,
      an_item_that_interrupts_itself_stops_nobody_and_is_told_beside_the_errors,
      items_that_all_interrupt_themselves_are_an_interruption,
      the_error_of_an_item_with_several_failures_is_the_leftmost, a_cause_that_an_item_succeeds_with_is_a_value,
      items_that_nobody_has_counted_keep_their_order, a_source_that_fails_is_no_item,
      interrupting_the_caller_interrupts_the_items_that_run, items_in_a_deadlock_end_the_whole,
      mistakes_name_the_builder, CAUSE_015_partition_runs_in_order_and_keeps_it,
      partition_of_good_items_or_none_has_no_errors, partition_fails_by_what_is_no_expected_failure,
      they_are_described_by_their_names)
