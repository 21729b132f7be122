/* Parallel loops whose limit changes while they run: raised, lowered, shared. */
#include "support/limits.h"

/* ---- counted items */

static eff_t *unchanged(eff_value_t limit, eff_value_t env)
{
    return loop_over(the_world(env), eff_range(0, 5), limit);
}
static eff_t *limit_of_2(struct world *w)
{
    return with_limit(w, 2, unchanged);
}
CASE(a_limit_that_nobody_changes_is_a_number, limit_of_2, .succeeds = "[0, 1, 2, 3, 4]",
     .journal = "0@0 1@0 2@100 3@100 4@200", .timed = true, .ms = 300)

static eff_t *no_limit(struct world *w)
{
    return with_limit(w, 0, unchanged);
}
CASE(a_limit_of_0_is_none, no_limit, .succeeds = "[0, 1, 2, 3, 4]", .timed = true, .ms = 100)

static eff_t *raised_body(eff_value_t limit, eff_value_t env)
{
    return eff_zip_par(loop_over(the_world(env), eff_range(0, 6), limit), set_after(150, limit, 3));
}
static eff_t *raised(struct world *w)
{
    return with_limit(w, 1, raised_body);
}
CASE(raising_the_limit_starts_more_items_at_once_in_order, raised, .succeeds = "([0, 1, 2, 3, 4, 5], unit)",
     .journal = "0@0 1@100 2@150 3@150 4@200 5@250", .timed = true, .ms = 350)

static eff_t *lowered_body(eff_value_t limit, eff_value_t env)
{
    return eff_zip_par(loop_over(the_world(env), eff_range(0, 6), limit), set_after(50, limit, 1));
}
static eff_t *lowered(struct world *w)
{
    return with_limit(w, 3, lowered_body);
}
CASE(lowering_the_limit_lets_items_end_and_starts_none_until_fewer_run, lowered,
     .succeeds = "([0, 1, 2, 3, 4, 5], unit)", .journal = "0@0 1@0 2@0 3@100 4@200 5@300", .timed = true, .ms = 400)

static eff_t *staggered(eff_value_t item, eff_value_t env)
{
    return after(40 * eff_as_int(item), takes_100(item, env));
}
/* At 90 items 0, 1 and 2 run, and end at 100, 140 and 180: with a limit of 2, item 3 begins at 140 and waits 120 ms. */
static eff_t *staggered_body(eff_value_t limit, eff_value_t env)
{
    eff_t *loop = eff_for_each_par_limited(eff_range(0, 4), staggered, env, eff_as_limit(limit));
    return eff_zip_par(loop, set_after(90, limit, 2));
}
static eff_t *lowered_by_one(struct world *w)
{
    return with_limit(w, 3, staggered_body);
}
CASE(a_limit_lowered_by_one_skips_one_start, lowered_by_one, .succeeds = "([0, 1, 2, 3], unit)",
     .journal = "0@0 1@40 2@80 3@260", .timed = true, .ms = 360)

static eff_t *down_and_up_body(eff_value_t limit, eff_value_t env)
{
    eff_t *changes = in_order(set_after(10, limit, 1), set_after(10, limit, 2), set_after(130, limit, 0));
    return eff_zip_par(loop_over(the_world(env), eff_range(0, 9), limit), changes);
}
static eff_t *down_and_up(struct world *w)
{
    return with_limit(w, 3, down_and_up_body);
}
CASE(a_limit_may_change_often, down_and_up, .succeeds = "([0, 1, 2, 3, 4, 5, 6, 7, 8], unit)",
     .journal = "0@0 1@0 2@0 3@100 4@100 5@150 6@150 7@150 8@150", .timed = true, .ms = 250)

static eff_t *twice_in_one_turn(eff_value_t limit, eff_value_t env)
{
    eff_t *changes = in_order(ms(10), eff_limit_set(eff_as_limit(limit), 4), eff_limit_set(eff_as_limit(limit), 1));
    return eff_zip_par(loop_over(the_world(env), eff_range(0, 3), limit), changes);
}
static eff_t *raised_and_lowered_again(struct world *w)
{
    return with_limit(w, 1, twice_in_one_turn);
}
CASE(what_counts_is_the_limit_at_the_loops_turn, raised_and_lowered_again, .succeeds = "([0, 1, 2], unit)",
     .journal = "0@0 1@100 2@200", .timed = true, .ms = 300)

static eff_t *change_in_plain_c(eff_value_t item, eff_value_t env)
{
    eff_limit_t *limit = eff_as_limit(env);
    eff_limit_change(limit, eff_limit_get(limit) + 1);
    return ms(100);
}
static eff_t *changed_by_items(eff_value_t limit, eff_value_t env)
{
    return eff_for_each_par_limited_discard(eff_range(0, 7), change_in_plain_c, eff_value_incref(limit),
                                            eff_as_limit(limit));
}
/* Item 0 makes it 2, so item 1 starts, and makes it 3 ... */
static eff_t *grows_by_itself(struct world *w)
{
    return with_limit(w, 1, changed_by_items);
}
CASE(an_item_may_change_its_own_loops_limit, grows_by_itself, .succeeds = "unit", .timed = true, .ms = 100)

static eff_t *array_body(eff_value_t limit, eff_value_t env)
{
    return loop_over(the_world(env), EFF_ARRAY(eff_int(7), eff_int(3)), limit);
}
static eff_t *over_an_array(struct world *w)
{
    return with_limit(w, 1, array_body);
}
CASE(the_items_may_be_an_array, over_an_array, .succeeds = "[7, 3]", .journal = "7@0 3@100")

static eff_t *nothing_body(eff_value_t limit, eff_value_t env)
{
    eff_limit_t *l = eff_as_limit(limit);
    return eff_zip(eff_for_each_par_limited(eff_range(0, 0), takes_100, env, l),
                   eff_for_each_par_limited_discard(eff_range(0, 0), takes_100, env, l));
}
static eff_t *over_nothing(struct world *w)
{
    return with_limit(w, 1, nothing_body);
}
CASE(no_items_give_an_empty_array, over_nothing, .succeeds = "([], unit)")

/* ---- failures */

static eff_t *third_fails(eff_value_t item, eff_value_t env)
{
    if (eff_as_int(item) != 2) return when_interrupted(takes_100(item, env), say(the_world(env), "interrupted"));
    return after(60, failing(2));
}
static eff_t *failing_body(eff_value_t limit, eff_value_t env)
{
    eff_t *loop = eff_for_each_par_limited(eff_range(0, 9), third_fails, env, eff_as_limit(limit));
    return eff_zip_par(loop, in_order(set_after(50, limit, 1), eff_never()));
}
static eff_t *fails_above_the_limit(struct world *w)
{
    return with_limit(w, 3, failing_body);
}
CASE(an_item_that_fails_ends_the_loop_whatever_the_limit, fails_above_the_limit, .fails = "2",
     .journal = "0@0 1@0 interrupted interrupted", .timed = true, .ms = 60)

/* The limit is raised in the turn in which an item fails: nothing starts any more. */
static eff_t *fails_and_raises(eff_value_t item, eff_value_t env)
{
    struct world *w = the_world(eff_first(env));
    if (eff_as_int(item) > 0) return say(w, "late");
    return in_order(ms(10), eff_limit_set(eff_as_limit(eff_second(env)), 5), failing(1));
}
static eff_t *raising_and_failing(eff_value_t limit, eff_value_t env)
{
    return eff_for_each_par_limited(eff_range(0, 9), fails_and_raises, eff_pair(env, eff_value_incref(limit)),
                                    eff_as_limit(limit));
}
static eff_t *raised_too_late(struct world *w)
{
    return with_limit(w, 1, raising_and_failing);
}
CASE(raising_the_limit_of_a_loop_that_fails_starts_nothing, raised_too_late, .fails = "1", .journal = "")

static eff_t *interrupted_body(eff_value_t limit, eff_value_t env)
{
    struct world *w = the_world(env);
    eff_t *loop = keep(w, 0, eff_fork(loop_over(w, eff_range(0, 9), limit)));
    return in_order(loop, ms(50), eff_limit_set(eff_as_limit(limit), 3), with_fiber(w, 0, interrupt_fork),
                    say_await(w, 0));
}
static eff_t *raised_and_interrupted(struct world *w)
{
    return with_limit(w, 1, interrupted_body);
}
CASE(raising_the_limit_of_a_loop_that_is_interrupted_starts_nothing, raised_and_interrupted, .succeeds = "unit",
     .journal = "0@0 interrupt", .without = NO_SHUFFLES) /* the order decides who is first */

/* ---- several loops */

static eff_t *two_loops(eff_value_t limit, eff_value_t env)
{
    struct world *w = the_world(env);
    eff_t *both = eff_zip_par(loop_over(w, eff_range(0, 4), limit), loop_over(w, eff_range(5, 9), limit));
    return eff_zip_par(both, set_after(50, limit, 2));
}
static eff_t *shared(struct world *w)
{
    return with_limit(w, 1, two_loops);
}
CASE(each_loop_has_the_whole_limit_for_itself, shared, .succeeds = "(([0, 1, 2, 3], [5, 6, 7, 8]), unit)",
     .journal = "0@0 5@0 1@50 6@50 2@100 7@100 3@150 8@150", .timed = true, .ms = 250)

static eff_t *inner(eff_value_t item, eff_value_t env)
{
    return eff_for_each_par_limited(eff_range(0, 3), takes_100, eff_value_incref(eff_first(env)),
                                    eff_as_limit(eff_second(env)));
}
static eff_t *nested_body(eff_value_t limit, eff_value_t env)
{
    return eff_for_each_par_limited(eff_range(0, 2), inner, eff_pair(env, eff_value_incref(limit)),
                                    eff_as_limit(limit));
}
static eff_t *nested(struct world *w)
{
    return with_limit(w, 1, nested_body);
}
CASE(loops_with_one_limit_nest, nested, .succeeds = "[[0, 1, 2], [0, 1, 2]]", .timed = true, .ms = 600)

/* ---- at most the limit, always; and no less while there are items */

static eff_value_t check_running(eff_value_t env)
{
    struct world *w = the_world(eff_first(env));
    int64_t limit = (int64_t)eff_limit_get(eff_as_limit(eff_second(env)));
    w->n[5]++; /* begun */
    if (++w->n[4] > limit) w->n[6]++;
    return eff_unit;
}
static eff_value_t one_less(eff_value_t env)
{
    the_world(env)->n[4]--;
    return eff_unit;
}
static eff_t *counts_itself(eff_value_t item, eff_value_t env)
{
    eff_t *begins = eff_sync(check_running, eff_value_incref(env));
    eff_t *works = ms(1 + eff_as_int(item) * 7 % 13);
    return eff_then(begins, eff_ensuring(works, eff_sync(one_less, eff_value_incref(eff_first(env)))));
}
static eff_t *change_by_lot(eff_value_t item, eff_value_t limit)
{
    return after(3, eff_limit_set(eff_as_limit(limit), (size_t)(1 + eff_as_int(item) * 5 % 7)));
}
static eff_t *many_changes(eff_value_t limit, eff_value_t env)
{
    eff_value_t both = eff_pair(env, eff_value_incref(limit));
    eff_t *loop = eff_for_each_par_limited_discard(eff_range(0, 60), counts_itself, both, eff_as_limit(limit));
    return eff_zip_par(loop, eff_for_each_discard(eff_range(0, 40), change_by_lot, eff_value_incref(limit)));
}
static eff_t *changed_by_lot(struct world *w)
{
    return with_limit(w, 3, many_changes);
}
static void never_more_than_the_limit(struct world *w)
{
    ck_assert_int_eq(w->n[6], 0);
}
static void all_begun(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[5], 60);
}
CASE(no_item_starts_while_as_many_as_the_limit_run, changed_by_lot, .succeeds = "(unit, unit)", .check = all_begun,
     .invariant = never_more_than_the_limit,
     .without = NO_BUDGETS /* the limit may change between an item's start and its count */)

/* A13: the limit follows what the service answers: it is slow while more than two ask at once. */
static eff_t *ask(eff_value_t item, eff_value_t env)
{
    struct world *w = the_world(eff_first(env));
    bool slow = ++w->n[4] > 2;
    eff_t *answered = eff_ensuring(ms(slow ? 400 : 100), eff_sync(one_less, eff_ptr(w)));
    eff_t *adapt = eff_limit_set(eff_as_limit(eff_second(env)), slow ? 1 : 2);
    return in_order(say_time(w, slow ? "slow" : "fast"), answered, adapt, eff_succeed(eff_value_incref(item)));
}
static eff_t *adapting_body(eff_value_t limit, eff_value_t env)
{
    return eff_for_each_par_limited(eff_range(0, 7), ask, eff_pair(env, eff_value_incref(limit)), eff_as_limit(limit));
}
static eff_t *adapting(struct world *w)
{
    return with_limit(w, 4, adapting_body);
}
CASE(A13_the_limit_follows_the_service, adapting, .succeeds = "[0, 1, 2, 3, 4, 5, 6]",
     .journal = "fast@0 fast@0 slow@0 slow@0 fast@400 fast@500 fast@500", .timed = true, .ms = 600)

/* ---- memory */

static eff_t *yields_unit(eff_value_t item, eff_value_t env)
{
    return eff_yield_now();
}
static long most_live; /* blocks at once, as items see it */
static eff_t *look_at_blocks(eff_value_t item, eff_value_t env)
{
    if (blocks_live > most_live) most_live = blocks_live;
    return yields_unit(item, env);
}
static long most_live_with(int64_t n)
{
    most_live = 0;
    eff_limit_t *limit = eff_limit_new(4);
    ck_assert_succeeds(eff_for_each_par_limited_discard(eff_range(0, n), look_at_blocks, eff_unit, limit), "unit");
    eff_limit_decref(limit);
    return most_live;
}
START_TEST(memory_does_not_grow_with_the_items)
{
    long few = most_live_with(100);
    ck_assert_int_eq(most_live_with(10000), few);
}
END_TEST

/* TestClock looks for endless sources; counted items are not one, however many get their turn at one time. */
START_TEST(many_counted_items_are_no_endless_source)
{
    eff_limit_t *limit = eff_limit_new(100);
    ck_assert_succeeds(eff_for_each_par_limited_discard(eff_range(0, 1200000), yields_unit, eff_unit, limit), "unit");
    eff_limit_decref(limit);
}
END_TEST

/* ---- handles and mistakes */

START_TEST(a_limit_is_a_handle)
{
    eff_limit_t *limit = eff_limit_new(3);
    ck_assert_uint_eq(eff_limit_get(limit), 3);
    eff_limit_change(limit, 5);
    ck_assert_uint_eq(eff_limit_get(limit), 5);
    eff_value_t v = eff_limit_value(eff_limit_incref(limit));
    ck_assert(eff_value_is(v, &eff_limit_type));
    ck_assert_ptr_eq(eff_as_limit(v), limit);
    ck_assert_succeeds(eff_limit_set(limit, 0), "unit");
    ck_assert_uint_eq(eff_limit_get(limit), 0);
    eff_value_decref(v);
    eff_limit_decref(limit);
}
END_TEST

START_TEST(a_limit_that_is_NULL_is_out_of_memory)
{
    eff_limit_change(NULL, 3);
    ck_assert_uint_eq(eff_limit_get(NULL), 0);
    eff_limit_decref(NULL);
    ck_assert_ptr_null(eff_limit_incref(NULL));
    ck_assert(eff_is_oom(eff_limit_value(NULL)));
    ck_assert_dies(eff_limit_set(NULL, 3), "out of memory");
    eff_value_t text = eff_printf("%s", "env"), items = EFF_ARRAY(eff_printf("%s", "item"));
    ck_assert_dies(eff_for_each_par_limited(items, takes_100, text, NULL), "out of memory");
    text = eff_printf("%s", "env");
    ck_assert_dies(eff_for_each_par_limited_discard(eff_range(0, 2), takes_100, text, NULL), "out of memory");
}
END_TEST

static eff_t *wrong_type(eff_value_t v, eff_value_t env)
{
    return eff_for_each_par_limited(eff_range(0, 2), yields_unit, eff_unit, eff_as_limit(v));
}
START_TEST(mistakes_of_limited_loops_name_them)
{
    eff_limit_t *limit = eff_limit_new(1);
    eff_value_t absent = { .type = NULL, .integer = 0 };
    ck_assert_dies(eff_flat_map(eff_succeed(eff_int(1)), wrong_type, eff_unit), "read a value of type int as limit");
    ck_assert_dies(eff_for_each_par_limited(eff_int(3), takes_100, eff_unit, limit),
                   "eff_for_each_par_limited wants an array, a range, an iterator, a pull or a queue, not an int");
    ck_assert_dies(eff_for_each_par_limited(eff_range(0, 1), NULL, eff_unit, limit),
                   "the callback of eff_for_each_par_limited is NULL");
    ck_assert_dies(eff_for_each_par_limited_discard(eff_range(0, 1), takes_100, absent, limit),
                   "eff_for_each_par_limited_discard was given an absent value");
    ck_assert_dies(eff_for_each_par_limited(eff_oom_value(), takes_100, eff_unit, limit), "out of memory");
    eff_limit_decref(limit);
}
END_TEST

static eff_t *sleeps_100(eff_value_t item, eff_value_t env)
{
    return ms(100);
}
START_TEST(a_limit_belongs_to_the_runtime_of_the_loops_that_run_with_it)
{
    eff_test_t *a = eff_test_new();
    eff_limit_t *limit = eff_limit_new(2);
    (void)eff_test_fork(a, eff_for_each_par_limited_discard(eff_range(0, 3), sleeps_100, eff_unit, limit));
    eff_test_adjust(a, eff_millis(50));
    ck_assert_dies(eff_limit_set(limit, 1), "this limit belongs to another runtime");
    ck_assert_dies(eff_for_each_par_limited(eff_range(0, 3), yields_unit, eff_unit, limit),
                   "this limit belongs to another runtime");
    ck_assert_uint_eq(eff_limit_get(limit), 2);
    eff_test_adjust(a, eff_seconds(1));
    ck_assert_succeeds(eff_for_each_par_limited(eff_range(0, 3), yields_unit, eff_unit, limit), "[unit, unit, unit]");
    (void)eff_test_free(a);
    eff_limit_decref(limit);
}
END_TEST

static void note_misuse(const char *message, void *arg)
{
    snprintf(arg, 200, "%s", message);
}
static void *change_elsewhere(void *limit)
{
    eff_limit_change(limit, 9);
    return NULL;
}
START_TEST(changing_a_limit_on_another_thread_is_a_mistake)
{
    char message[200] = "";
    eff_test_t *t = eff_test_new();
    eff_limit_t *limit = eff_limit_new(2);
    (void)eff_test_fork(t, eff_for_each_par_limited_discard(eff_range(0, 9), sleeps_100, eff_unit, limit));
    eff_test_adjust(t, eff_millis(50));
    eff_set_misuse_handler(note_misuse, message);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, change_elsewhere, limit), 0);
    pthread_join(thread, NULL);
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_msg(strstr(message, "eff_limit_change was called on another thread"), "%s", message);
    ck_assert_uint_eq(eff_limit_get(limit), 2);
    eff_test_adjust(t, eff_seconds(1));
    (void)eff_test_free(t);
    eff_limit_decref(limit);
}
END_TEST

START_TEST(a_runtime_that_is_freed_leaves_the_limit_alone)
{
    eff_limit_t *limit = eff_limit_new(2);
    struct world w = { .test = eff_test_new() };
    eff_value_t v = eff_limit_value(eff_limit_incref(limit));
    (void)eff_test_fork(w.test, loop_over(&w, eff_range(0, 9), v));
    eff_test_adjust(w.test, eff_millis(50));
    ck_assert_uint_gt(eff_test_free(w.test), 0);
    eff_limit_change(limit, 7);
    eff_value_decref(v);
    eff_limit_decref(limit);
}
END_TEST

START_TEST(a_description_shows_a_limited_loop)
{
    eff_limit_t *limit = eff_limit_new(2);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_t *e = eff_for_each_par_limited_discard(eff_range(0, 2), yields_unit, eff_unit, limit);
    eff_describe(e, &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), "for_each_par_limited_discard 0..2"), "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_decref(e);
    eff_limit_decref(limit);
}
END_TEST

TESTS(a_limit_that_nobody_changes_is_a_number, a_limit_of_0_is_none,
      raising_the_limit_starts_more_items_at_once_in_order,
      lowering_the_limit_lets_items_end_and_starts_none_until_fewer_run, a_limit_lowered_by_one_skips_one_start,
      a_limit_may_change_often, what_counts_is_the_limit_at_the_loops_turn, an_item_may_change_its_own_loops_limit,
      the_items_may_be_an_array, no_items_give_an_empty_array, an_item_that_fails_ends_the_loop_whatever_the_limit,
      raising_the_limit_of_a_loop_that_fails_starts_nothing,
      raising_the_limit_of_a_loop_that_is_interrupted_starts_nothing, each_loop_has_the_whole_limit_for_itself,
      loops_with_one_limit_nest, no_item_starts_while_as_many_as_the_limit_run, A13_the_limit_follows_the_service,
      memory_does_not_grow_with_the_items, many_counted_items_are_no_endless_source, a_limit_is_a_handle,
      a_limit_that_is_NULL_is_out_of_memory, mistakes_of_limited_loops_name_them,
      a_limit_belongs_to_the_runtime_of_the_loops_that_run_with_it, changing_a_limit_on_another_thread_is_a_mistake,
      a_runtime_that_is_freed_leaves_the_limit_alone, a_description_shows_a_limited_loop)
