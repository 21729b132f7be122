/* for_each and for_each_par: results in input order, at most n at once, what a failure or an interruption leaves undone. */
#include "core/memory.h"
#include "support/failing_allocator.h"
#include "support/fibers.h"

static struct world *the_world(eff_value_t env)
{
    return eff_as_ptr(env);
}

/* ---- one after another */

static eff_t *doubled(eff_value_t item, eff_value_t env)
{
    return one(2 * eff_as_int(item));
}

static eff_t *double_three(struct world *w)
{
    return eff_for_each(EFF_ARRAY(eff_int(1), eff_int(2), eff_int(3)), doubled, eff_unit);
}
CASE(for_each_gives_the_results_in_order, double_three, .succeeds = "[2, 4, 6]")

static eff_t *discard_three(struct world *w)
{
    return eff_for_each_discard(eff_range(1, 4), doubled, eff_unit);
}
CASE(for_each_discard_gives_unit, discard_three, .succeeds = "unit")

/* "1", "2" ... as they get done; n[0] of them have been. */
static eff_value_t push_item(eff_value_t env)
{
    struct world *w = the_world(eff_first(env));
    char word[32];
    snprintf(word, sizeof word, "%d", (int)eff_as_int(eff_second(env)));
    journal_add(w, word);
    w->n[0]++;
    return eff_value_incref(eff_second(env));
}
static eff_t *push(eff_value_t item, eff_value_t env)
{
    return eff_sync(push_item, eff_pair(env, eff_value_incref(item)));
}
static eff_t *sleep_300_and_push(eff_value_t item, eff_value_t env)
{
    return after(300, push(item, env));
}
static eff_t *sleep_200_and_push(eff_value_t item, eff_value_t env)
{
    return after(200, push(item, env));
}

static eff_t *interrupt_after(struct world *w, int64_t n, eff_t *e)
{
    return in_order(keep(w, 0, eff_fork(e)), ms(n), say_interrupt(w, 0), say_time(w, "end"));
}

static eff_t *sequential_interrupted(struct world *w)
{
    return interrupt_after(w, 800, eff_for_each(eff_range(1, 7), sleep_300_and_push, eff_ptr(w)));
}
/* EACH-001 */
CASE(EACH_001_interrupting_leaves_the_later_items_undone, sequential_interrupted, .succeeds = "unit",
     .journal = "1 2 interrupt end@800")

static eff_t *second_fails(eff_value_t item, eff_value_t env)
{
    eff_t *pushed = push(item, env);
    return eff_as_int(item) == 2 ? eff_then(pushed, failing(7)) : pushed;
}
static eff_t *sequential_failing(struct world *w)
{
    return eff_for_each(eff_range(1, 4), second_fails, eff_ptr(w));
}
CASE(for_each_ends_with_the_first_failure, sequential_failing, .fails = "7", .journal = "1 2")

static eff_t *item_lives(eff_value_t item, eff_value_t env)
{
    return after(1, eff_succeed(eff_printf("%s!", eff_as_string(item))));
}
static eff_t *counted_items(struct world *w)
{
    return eff_for_each(EFF_ARRAY(eff_printf("a%d", 1), eff_printf("a%d", 2)), item_lives, eff_unit);
}
CASE(for_each_of_counted_items, counted_items, .succeeds = "[\"a1!\", \"a2!\"]")

static eff_t *null_body(eff_value_t item, eff_value_t env)
{
    return NULL;
}
static eff_t *null_sequential(struct world *w)
{
    return eff_for_each(eff_range(0, 2), null_body, eff_unit);
}
CASE(a_callback_that_returns_null_is_a_defect, null_sequential, .dies = "callback null_body")

static eff_t *null_parallel(struct world *w)
{
    return eff_for_each_par(eff_range(0, 2), null_body, eff_unit, 0);
}
CASE(a_parallel_callback_that_returns_null_is_a_defect, null_parallel, .dies = "callback null_body")

/* ---- nothing to do */

static eff_t *empty_ways(struct world *w)
{
    eff_t *ways[] = { eff_for_each(eff_array(0, NULL), doubled, eff_unit),
                      eff_for_each_par(eff_array(0, NULL), doubled, eff_unit, 1),
                      eff_for_each_par(eff_range(3, 3), doubled, eff_unit, 4),
                      eff_for_each_par(eff_array(0, NULL), doubled, eff_unit, 0) };
    return eff_all_par_at(EFF_SITE, 4, ways);
}
/* EACH-009 */
CASE(EACH_009_no_items_give_an_empty_array, empty_ways, .succeeds = "[[], [], [], []]")

static eff_t *nothing_to_discard(struct world *w)
{
    return eff_for_each_par_discard(eff_range(0, 0), doubled, eff_unit, 0);
}
CASE(no_items_to_discard_give_unit, nothing_to_discard, .succeeds = "unit")

/* ---- at once */

static eff_t *sleep_300_or_count(eff_value_t item, eff_value_t env)
{
    eff_t *slow_to_end = eff_then(ms(10), count(the_world(env), 0));
    return when_interrupted(sleep_300_and_push(item, env), slow_to_end);
}
static eff_t *unbounded_interrupted(struct world *w)
{
    return interrupt_after(w, 50, eff_for_each_par(eff_range(1, 7), sleep_300_or_count, eff_ptr(w), 0));
}
static void all_six_ended(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[0], 6);
}
/* EACH-002 */
CASE(EACH_002_all_items_are_interrupted_and_awaited, unbounded_interrupted, .succeeds = "unit",
     .journal = "interrupt end@60", .check = all_six_ended)

static eff_t *two_at_once_interrupted(struct world *w)
{
    return interrupt_after(w, 350, eff_for_each_par(eff_range(1, 7), sleep_200_and_push, eff_ptr(w), 2));
}
/* EACH-003 */
CASE(EACH_003_two_at_once_are_interrupted, two_at_once_interrupted, .succeeds = "unit",
     .journal = "1 2 interrupt end@350")

static eff_t *third_fails(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    eff_t *pushed = after(100 * i, push(item, env));
    return i == 3 ? eff_then(pushed, failing(7)) : pushed;
}
static eff_t *third_fails_of_five(struct world *w)
{
    return eff_for_each_par(eff_range(1, 6), third_fails, eff_ptr(w), 0);
}
/* EACH-004 */
CASE(EACH_004_a_failure_interrupts_the_rest, third_fails_of_five, .cause = "fail(7)", .journal = "1 2 3", .timed = true,
     .ms = 300)

/* The callback of the third item makes a mistake while the first two wait. */
static eff_t *third_is_null(eff_value_t item, eff_value_t env)
{
    struct world *w = the_world(env);
    return eff_as_int(item) == 3 ? NULL : holds(w, eff_as_int(item) == 1 ? "a" : "b");
}
static eff_t *mapper_fails_in_the_start(struct world *w)
{
    return say_exit(w, eff_for_each_par(eff_range(1, 6), third_is_null, eff_ptr(w), 0));
}
/* EACH-006 */
CASE(EACH_006_a_defect_of_the_callback_ends_the_started_items_first, mapper_fails_in_the_start, .succeeds = "unit",
     .journal = "a+ b+ a- b- die")

static eff_t *fourth_is_null(eff_value_t item, eff_value_t env)
{
    struct world *w = the_world(env);
    int64_t i = eff_as_int(item);
    if (i == 1) return holds(w, "a");
    return i < 4 ? after(1, push(item, env)) : NULL;
}
static eff_t *mapper_fails_on_refill(struct world *w)
{
    return say_exit(w, eff_for_each_par(eff_range(1, 9), fourth_is_null, eff_ptr(w), 2));
}
/* EACH-007 */
CASE(EACH_007_a_defect_of_the_callback_for_a_free_place_ends_the_others_first, mapper_fails_on_refill,
     .succeeds = "unit", .journal = "a+ 2 3 a- die")

static eff_t *delays(eff_value_t item, eff_value_t env)
{
    static const int64_t times[] = { 7, 2, 9, 4, 1, 8, 3, 6 };
    return after(times[eff_as_int(item)], eff_succeed(eff_value_incref(item)));
}
static eff_t *random_delays(struct world *w)
{
    return eff_for_each_par(eff_range(0, 8), delays, eff_unit, 3);
}
/* EACH-008 */
CASE(EACH_008_results_stand_in_input_order, random_delays, .succeeds = "[0, 1, 2, 3, 4, 5, 6, 7]")

/* B15 */
static eff_t *unit_and_none(eff_value_t item, eff_value_t env)
{
    return eff_as_int(item) == 1 ? eff_noop() : yields(eff_succeed(eff_none()));
}
static eff_t *units_in_place(struct world *w)
{
    return eff_for_each_par(eff_range(0, 3), unit_and_none, eff_unit, 2);
}
CASE(unit_and_none_keep_their_places, units_in_place, .succeeds = "[none, unit, none]")

/* B16 */
static eff_t *tenth_of_a_second(eff_value_t item, eff_value_t env)
{
    return after(100, eff_succeed(eff_value_incref(item)));
}
static eff_t *eight_at_four(struct world *w)
{
    return eff_for_each_par(eff_range(0, 8), tenth_of_a_second, eff_unit, 4);
}
CASE(bounded_and_ordered_is_really_parallel, eight_at_four, .succeeds = "[0, 1, 2, 3, 4, 5, 6, 7]", .timed = true,
     .ms = 200)

static eff_t *masked_failure(eff_value_t item, eff_value_t env)
{
    return eff_uninterruptible(eff_then(eff_yield_now(), eff_fail(eff_value_incref(item))));
}
static eff_t *all_fail_masked(struct world *w)
{
    return eff_for_each_par(eff_range(1, 4), masked_failure, eff_unit, 0);
}
/* EACH-010 */
CASE(EACH_010_all_failures_of_masked_items_are_in_the_cause, all_fail_masked,
     .cause = "both(both(fail(1), fail(2)), fail(3))",
     .without = NO_SHUFFLES) /* shuffled, they are not simultaneous, and their order is another */

static eff_t *second_interrupts_itself(eff_value_t item, eff_value_t env)
{
    struct world *w = the_world(env);
    if (eff_as_int(item) == 2) return yields(eff_interrupt_self());
    return holds(w, eff_as_int(item) == 1 ? "a" : "b");
}
static eff_t *one_interrupts_itself(struct world *w)
{
    return eff_for_each_par(eff_range(1, 4), second_interrupts_itself, eff_ptr(w), 0);
}
/* EACH-012 */
CASE(EACH_012_an_item_that_interrupts_itself_ends_all, one_interrupts_itself, .interrupted = true,
     .journal = "a+ b+ a- b-")

/* ---- how many at once */

/* From enter to leave there is one more in n[1], and n[2] is the most there ever were. */
static eff_value_t enter(eff_value_t env)
{
    struct world *w = the_world(eff_first(env));
    if (++w->n[1] > w->n[2]) w->n[2] = w->n[1];
    return eff_value_incref(eff_second(env));
}
static void leave(eff_value_t item, const eff_exit_t *exit, eff_value_t env)
{
    the_world(env)->n[1]--;
}
static eff_t *yields_some(eff_value_t item, eff_value_t env)
{
    eff_t *e = eff_yield_now();
    for (int64_t i = 0; i < eff_as_int(item) % 4; i++)
        e = yields(e);
    return e;
}
static eff_t *yields_tracked(eff_value_t item, eff_value_t env)
{
    eff_t *entered = eff_sync(enter, eff_pair(env, eff_value_incref(item)));
    return eff_acquire_use_release(entered, yields_some, leave, env);
}
static void at_most_3(struct world *w)
{
    ck_assert_int_le(w->n[2], 3);
    ck_assert_int_eq(w->n[1], 0);
}
static void exactly_3(struct world *w, const eff_exit_t *exit)
{
    ck_assert_str_eq(shape_of(exit), "ok(unit)");
    ck_assert_int_eq(w->n[2], 3);
}
static eff_t *three_at_once(struct world *w)
{
    return eff_for_each_par_discard(eff_range(0, 10), yields_tracked, eff_ptr(w), 3);
}
/* EACH-016 */
CASE(EACH_016_never_more_than_n_at_once, three_at_once, .check = exactly_3, .invariant = at_most_3)

/* EACH-016 */
START_TEST(EACH_016_as_many_as_there_are_items_or_places)
{
    for (size_t limit = 0; limit < 8; limit++) {
        for (int64_t n = 1; n < 8; n++) {
            struct world w = { 0 };
            ck_assert_succeeds(eff_for_each_par_discard(eff_range(0, n), yields_tracked, eff_ptr(&w), limit), "unit");
            ck_assert_int_eq(w.n[2], limit && (int64_t)limit < n ? (int64_t)limit : n);
        }
    }
}
END_TEST

/* The source calls it an argument error; here 0 is no limit (DESIGN §9), and so is more than there are items. */
static eff_t *no_limit(struct world *w)
{
    eff_t *e = eff_for_each_par(eff_range(0, 5), tenth_of_a_second, eff_unit, 0);
    return eff_then(e, eff_for_each_par(eff_range(0, 5), tenth_of_a_second, eff_unit, SIZE_MAX));
}
/* EACH-017 */
CASE(EACH_017_parallelism_0_is_no_limit, no_limit, .succeeds = "[0, 1, 2, 3, 4]", .timed = true, .ms = 200)

/* ---- many */

static eff_value_t length(eff_value_t array, eff_value_t env)
{
    return eff_int((int64_t)eff_array_size(array) + eff_as_int(eff_array_at(array, eff_array_size(array) - 1)));
}
static eff_t *yield_item(eff_value_t item, eff_value_t env)
{
    return yields(eff_succeed(eff_value_incref(item)));
}

/* EACH-015 */
START_TEST(EACH_015_a_hundred_thousand_items_ten_at_once)
{
    eff_t *e = eff_for_each_par(eff_range(0, 100000), yield_item, eff_unit, 10);
    ck_assert_succeeds(eff_map(e, length, eff_unit), "199999");
}
END_TEST

/* A16: the fibers there are, at each item. */
static eff_value_t count_fibers(eff_value_t env)
{
    struct world *w = the_world(env);
    int64_t n = (int64_t)eff_runtime_n_fibers(eff_test_runtime(w->test));
    if (n > w->n[2]) w->n[2] = n;
    if (blocks_live > w->n[3]) w->n[3] = blocks_live;
    w->n[0]++;
    return eff_unit;
}
static eff_t *count_and_yield(eff_value_t item, eff_value_t env)
{
    eff_t *e = eff_sync(count_fibers, env);
    return eff_as_int(item) % 8 ? e : eff_then(eff_yield_now(), e);
}

/* A result that interrupts the loop as it is dropped. */
struct last_wish {
    struct world *w;
};
static void interrupt_the_loop(struct last_wish *wish)
{
    eff_test_interrupt(wish->w->test, wish->w->fibers[0]);
}
EFF_STATIC_TYPE(last_wish, struct last_wish, .drop = interrupt_the_loop);
static eff_t *leaves_a_wish(eff_value_t item, eff_value_t env)
{
    struct world *w = the_world(env);
    w->n[0]++;
    return eff_succeed(last_wish_make((struct last_wish){ w }));
}

START_TEST(no_item_begins_after_a_dropped_result_has_interrupted_the_loop)
{
    struct world w = { .test = eff_test_new() };
    w.fibers[0] = eff_test_fork(w.test, eff_for_each_par_discard(eff_range(0, 3), leaves_a_wish, eff_ptr(&w), 1));
    eff_test_adjust(w.test, eff_millis(0));
    const eff_exit_t *exit = eff_fiber_poll(w.fibers[0]);
    ck_assert(exit && !exit->ok && eff_cause_is_interrupted_only(exit->cause));
    ck_assert_int_eq(w.n[0], 1);
    ck_assert_uint_eq(eff_test_free(w.test), 0);
}
END_TEST

/* The most blocks that are live while n items are worked on. */
static int64_t blocks_for(int64_t n)
{
    struct world w = { .test = eff_test_new() };
    eff_t *e = eff_for_each_par_discard(eff_range(0, n), count_and_yield, eff_ptr(&w), 16);
    eff_fiber_t *fiber = eff_test_fork(w.test, e);
    eff_test_adjust(w.test, eff_millis(0));
    ck_assert(eff_fiber_poll(fiber) && eff_fiber_poll(fiber)->ok);
    ck_assert_int_eq(w.n[0], n);
    ck_assert_int_le(w.n[2], 17); /* and the caller */
    ck_assert_uint_eq(eff_test_free(w.test), 0);
    return w.n[3];
}

START_TEST(a_million_items_take_no_more_memory_than_a_thousand)
{
    eff__freelist_enable(false);
    int64_t thousand = blocks_for(1000), million = blocks_for(1000000);
    eff__freelist_enable(true);
    ck_assert_int_eq(million, thousand);
}
END_TEST

/* ---- collisions */

static eff_t *yield_pair(eff_value_t item, eff_value_t env)
{
    return eff_then(await_latch(the_world(env), 0), eff_succeed(eff_printf("item %d", (int)eff_as_int(item))));
}
static eff_t *completes_and_interrupted(struct world *w, bool complete_first)
{
    eff_t *each = keep(w, 0, eff_fork(eff_for_each_par(eff_range(0, 4), yield_pair, eff_ptr(w), 2)));
    eff_t *complete = open_latch(w, 0), *stop = with_fiber(w, 0, interrupt_fork);
    eff_t *both = complete_first ? eff_then(complete, stop) : eff_then(stop, complete);
    return in_order(each, eff_yield_now(), both, say_await(w, 0));
}
static eff_t *completes_first(struct world *w)
{
    return completes_and_interrupted(w, true);
}
static eff_t *interrupted_first(struct world *w)
{
    return completes_and_interrupted(w, false);
}
/* EACH-029 */
CASE(EACH_029_items_that_complete_before_the_caller_is_interrupted, completes_first, .succeeds = "unit",
     .journal = "interrupt")
/* EACH-029 */
CASE(EACH_029_items_that_complete_after_the_caller_was_interrupted, interrupted_first, .succeeds = "unit",
     .journal = "interrupt")

/* ---- one fiber per item, as far as anybody can see */

static eff_t *forks_a_child(eff_value_t item, eff_value_t env)
{
    struct world *w = the_world(env);
    return in_order(keep(w, 1, eff_fork(holds(w, "c"))), eff_yield_now(), push(item, env));
}
static eff_t *children_per_item(struct world *w)
{
    return eff_for_each_par(eff_range(1, 3), forks_a_child, eff_ptr(w), 1);
}
CASE(the_children_of_an_item_end_with_it, children_per_item, .succeeds = "[1, 2]", .journal = "c+ 1 c- c+ 2 c-")

static eff_t *acquires(eff_value_t item, eff_value_t env)
{
    return eff_acquire_release(acquire(the_world(env), eff_as_int(item) == 1 ? "a" : "b"), release, env);
}
static eff_t *acquires_per_item(struct world *w)
{
    eff_t *e = eff_for_each_par_discard(eff_range(1, 3), acquires, eff_ptr(w), 1);
    return eff_then(eff_scoped(eff_then(e, say(w, "use"))), say(w, "end"));
}
CASE(items_acquire_into_the_callers_scope, acquires_per_item, .succeeds = "unit", .journal = "a+ b+ use b- a- end")

static const eff_tag_t number_tag = { .name = "number" };
static eff_value_t number_of(eff_value_t context, eff_value_t env)
{
    return eff_value_incref(eff_context_get(eff_as_context(context), &number_tag));
}
static eff_t *local_number(eff_value_t item, eff_value_t env)
{
    eff_t *inner = eff_locally(eff_yield_now(), &number_tag, eff_int(100 + eff_as_int(item)));
    return eff_then(inner, eff_map(eff_context(), number_of, eff_unit));
}
static eff_t *locals_per_item(struct world *w)
{
    return eff_locally(eff_for_each_par(eff_range(0, 3), local_number, eff_unit, 1), &number_tag, eff_int(5));
}
CASE(every_item_sees_the_callers_locals, locals_per_item, .succeeds = "[5, 5, 5]")

TESTS(for_each_gives_the_results_in_order, for_each_discard_gives_unit,
      EACH_001_interrupting_leaves_the_later_items_undone, for_each_ends_with_the_first_failure,
      for_each_of_counted_items, a_callback_that_returns_null_is_a_defect,
      a_parallel_callback_that_returns_null_is_a_defect, EACH_009_no_items_give_an_empty_array,
      no_items_to_discard_give_unit, EACH_002_all_items_are_interrupted_and_awaited,
      EACH_003_two_at_once_are_interrupted, EACH_004_a_failure_interrupts_the_rest,
      EACH_006_a_defect_of_the_callback_ends_the_started_items_first,
      EACH_007_a_defect_of_the_callback_for_a_free_place_ends_the_others_first, EACH_008_results_stand_in_input_order,
      unit_and_none_keep_their_places, bounded_and_ordered_is_really_parallel,
      EACH_010_all_failures_of_masked_items_are_in_the_cause, EACH_012_an_item_that_interrupts_itself_ends_all,
      EACH_016_never_more_than_n_at_once, EACH_016_as_many_as_there_are_items_or_places,
      EACH_017_parallelism_0_is_no_limit, EACH_015_a_hundred_thousand_items_ten_at_once,
      a_million_items_take_no_more_memory_than_a_thousand,
      no_item_begins_after_a_dropped_result_has_interrupted_the_loop,
      EACH_029_items_that_complete_before_the_caller_is_interrupted,
      EACH_029_items_that_complete_after_the_caller_was_interrupted, the_children_of_an_item_end_with_it,
      items_acquire_into_the_callers_scope, every_item_sees_the_callers_locals)
