/* Items of an iterator, in sequential and parallel loops. */
#include "support/items.h"

/* ---- an iterator: the integers from env.first up to, not including, env.second */

struct counter {
    int64_t at, end;
};
EFF_STATIC_TYPE(counter, struct counter);

static eff_value_t start_counting(eff_value_t env)
{
    return counter_make((struct counter){ eff_as_int(eff_first(env)), eff_as_int(eff_second(env)) });
}
static bool next_number(eff_value_t state, eff_value_t *ret_item)
{
    struct counter *c = counter_of(state);
    if (c->at == c->end) return false;
    *ret_item = eff_int(c->at++);
    return true;
}
static eff_value_t numbers(int64_t from, int64_t end)
{
    return eff_iterator(start_counting, next_number, eff_pair(eff_int(from), eff_int(end)));
}

/* The same numbers as strings: items that are counted. */
static bool next_word(eff_value_t state, eff_value_t *ret_item)
{
    struct counter *c = counter_of(state);
    if (c->at == c->end) return false;
    *ret_item = eff_printf("w%d", (int)c->at++);
    return true;
}
static eff_value_t words(int64_t from, int64_t end)
{
    return eff_iterator(start_counting, next_word, eff_pair(eff_int(from), eff_int(end)));
}

/* ---- iterators, one item after another */

static eff_t *iterate_words(struct world *w)
{
    return eff_for_each(words(1, 4), itself_later, eff_unit);
}
CASE(for_each_over_an_iterator_gives_the_results_in_order, iterate_words, .succeeds = "[\"w1\", \"w2\", \"w3\"]")

static eff_t *discard_words(struct world *w)
{
    return eff_for_each_discard(words(1, 4), push, eff_ptr(w));
}
CASE(for_each_discard_over_an_iterator_gives_unit, discard_words, .succeeds = "unit", .journal = "w1 w2 w3")

static eff_t *no_words(struct world *w)
{
    eff_t *ways[] = { eff_for_each(words(1, 1), itself, eff_unit), eff_for_each_par(words(1, 1), itself, eff_unit, 0),
                      eff_for_each_par(words(1, 1), itself, eff_unit, 3),
                      eff_for_each_par_discard(words(1, 1), itself, eff_unit, 3) };
    return eff_all_par_at(EFF_SITE, 4, ways);
}
CASE(an_iterator_without_items_gives_an_empty_array, no_words, .succeeds = "[[], [], [], unit]")

/* Each run has its own state: the same description is running twice at once, and again afterwards. */
static eff_t *run_twice(struct world *w)
{
    eff_t *e = eff_for_each(words(0, 3), itself_later, eff_unit);
    return eff_zip(eff_zip_par(eff_incref(e), eff_incref(e)), e);
}
CASE(every_run_of_an_iterator_starts_anew, run_twice,
     .succeeds = "(([\"w0\", \"w1\", \"w2\"], [\"w0\", \"w1\", \"w2\"]), [\"w0\", \"w1\", \"w2\"])")

static eff_t *third_fails(eff_value_t item, eff_value_t env)
{
    if (eff_as_int(item) == 3) return failing(3);
    return push(item, env);
}
static eff_t *failing_item(struct world *w)
{
    return eff_for_each(numbers(1, 1000000), third_fails, eff_ptr(w));
}
CASE(a_failing_item_ends_an_iteration, failing_item, .fails = "3", .journal = "1 2")

static eff_t *interrupted_after_250(struct world *w)
{
    eff_t *loop = eff_for_each_discard(numbers(1, 1000000), push_after_100, eff_ptr(w));
    return in_order(keep(w, 0, eff_fork(loop)), ms(250), say_interrupt(w, 0));
}
CASE(an_endless_iteration_can_be_interrupted, interrupted_after_250, .succeeds = "unit", .journal = "1 2 interrupt")

START_TEST(results_of_an_unknown_number_of_items)
{
    for (int64_t n = 0; n < 70; n += 1 + n / 5) {
        eff_exit_t exit = eff_test_run(eff_for_each(numbers(0, n), doubled, eff_unit));
        eff_exit_t exit_par = eff_test_run(eff_for_each_par(numbers(0, n), itself_later, eff_unit, 3));
        ck_assert(exit.ok && exit_par.ok);
        ck_assert_uint_eq(eff_array_size(exit.value), (size_t)n);
        ck_assert_uint_eq(eff_array_size(exit_par.value), (size_t)n);
        for (int64_t i = 0; i < n; i++) {
            ck_assert_int_eq(eff_as_int(eff_array_at(exit.value, (size_t)i)), 2 * i);
            ck_assert_int_eq(eff_as_int(eff_array_at(exit_par.value, (size_t)i)), i);
        }
        eff_exit_decref(exit);
        eff_exit_decref(exit_par);
    }
}
END_TEST

/* More than fit into one small block: the array of results grows, and gives back what it does not need. */
static eff_value_t size_and_last(eff_value_t array, eff_value_t env)
{
    size_t n = eff_array_size(array);
    return eff_pair(eff_int((int64_t)n), eff_value_incref(eff_array_at(array, n - 1)));
}
static eff_t *forty(struct world *w)
{
    return eff_map(eff_for_each(numbers(0, 40), doubled, eff_unit), size_and_last, eff_unit);
}
CASE(results_grow_with_the_items, forty, .succeeds = "(40, 78)")

static eff_t *forty_at_once(struct world *w)
{
    return eff_map(eff_for_each_par(numbers(0, 40), doubled, eff_unit, 3), size_and_last, eff_unit);
}
CASE(results_of_a_parallel_loop_grow_with_the_items, forty_at_once, .succeeds = "(40, 78)")

/* ---- mistakes */

static eff_value_t start_absent(eff_value_t env)
{
    return (eff_value_t){ 0 };
}
static eff_t *absent_state(struct world *w)
{
    return eff_for_each(eff_iterator(start_absent, next_number, eff_unit), itself, eff_unit);
}
CASE(an_absent_state_is_a_defect, absent_state, .dies = "an iterator's start function returned the absent value")

static eff_t *absent_state_par(struct world *w)
{
    return eff_for_each_par(eff_iterator(start_absent, next_number, eff_unit), itself, eff_unit, 2);
}
CASE(an_absent_state_is_a_defect_of_a_parallel_loop, absent_state_par,
     .dies = "an iterator's start function returned the absent value")

static bool next_absent(eff_value_t state, eff_value_t *ret_item)
{
    return true;
}
static eff_t *absent_item(struct world *w)
{
    return eff_for_each_discard(eff_iterator(start_counting, next_absent, eff_pair(eff_int(0), eff_int(0))), itself,
                                eff_unit);
}
CASE(an_absent_item_is_a_defect, absent_item, .dies = "an iterator's next function gave the absent value")

static eff_t *absent_item_par(struct world *w)
{
    return eff_for_each_par_discard(eff_iterator(start_counting, next_absent, eff_pair(eff_int(0), eff_int(0))), itself,
                                    eff_unit, 2);
}
CASE(an_absent_item_is_a_defect_of_a_parallel_loop, absent_item_par,
     .dies = "an iterator's next function gave the absent value")

/* Reads the state as another type: at the end too, and beside an item. */
static bool next_mistaken(eff_value_t state, eff_value_t *ret_item)
{
    *ret_item = eff_printf("%s", "dropped");
    return eff_as_int(eff_unit) != 0;
}
static eff_t *mistaken_next(struct world *w)
{
    return eff_for_each(eff_iterator(start_counting, next_mistaken, eff_pair(eff_int(0), eff_int(0))), itself,
                        eff_unit);
}
CASE(a_mistake_in_a_next_function_is_a_defect, mistaken_next, .dies = "read a value of type unit as int")

static eff_value_t start_mistaken(eff_value_t env)
{
    return eff_printf("%d", (int)eff_as_int(eff_unit));
}
static eff_t *mistaken_start(struct world *w)
{
    return eff_for_each_par(eff_iterator(start_mistaken, next_number, eff_unit), itself, eff_unit, 0);
}
CASE(a_mistake_in_a_start_function_is_a_defect, mistaken_start, .dies = "read a value of type unit as int")

static eff_t *make_null_iterator(eff_value_t env)
{
    return eff_for_each(eff_iterator(start_counting, NULL, eff_printf("%s", "dropped")), itself, eff_unit);
}
static eff_t *null_next(struct world *w)
{
    return eff_suspend(make_null_iterator, eff_unit);
}
CASE(an_iterator_without_a_function_is_a_mistake, null_next,
     .dies = "eff_iterator was given NULL for its next function")

/* ---- iterators, in parallel */

static eff_t *words_par(struct world *w)
{
    return eff_for_each_par(words(0, 7), push_after_100, eff_ptr(w), 3);
}
CASE(for_each_par_over_an_iterator_keeps_the_order_of_the_items, words_par,
     .succeeds = "[\"w0\", \"w1\", \"w2\", \"w3\", \"w4\", \"w5\", \"w6\"]", .journal = "w0 w1 w2 w3 w4 w5 w6",
     .timed = true, .ms = 300)

static eff_t *words_unlimited(struct world *w)
{
    return eff_for_each_par(words(0, 7), push_after_100, eff_ptr(w), 0);
}
CASE(parallelism_0_is_no_limit_for_an_iterator, words_unlimited,
     .succeeds = "[\"w0\", \"w1\", \"w2\", \"w3\", \"w4\", \"w5\", \"w6\"]", .timed = true, .ms = 100)

/* As test_order.c has it for a range: an item's worker goes on with the next, without the run queue. */
static eff_t *begin_yield_end(eff_value_t item, eff_value_t env)
{
    struct world *w = the_world(env);
    eff_t *ends[] = { say(w, "e0"), say(w, "e1"), say(w, "e2") },
          *begins[] = { say(w, "s0"), say(w, "s1"), say(w, "s2") };
    int64_t i = eff_as_int(item);
    for (int64_t k = 0; k < 3; k++) {
        if (k == i) continue;
        eff_decref(ends[k]);
        eff_decref(begins[k]);
    }
    return in_order(begins[i], eff_yield_now(), ends[i]);
}
static eff_t *refills(struct world *w)
{
    return eff_for_each_par_discard(numbers(0, 3), begin_yield_end, eff_ptr(w), 2);
}
CASE(the_next_item_of_an_iterator_starts_without_the_run_queue, refills, .succeeds = "unit",
     .journal = "s0 s1 e0 s2 e1 e2", .without = NO_SHUFFLES)

static eff_t *third_word_fails(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    eff_t *pushed = after(100 * i, push(item, env));
    return i == 3 ? eff_then(pushed, failing(7)) : pushed;
}
static eff_t *third_of_many_fails(struct world *w)
{
    return eff_for_each_par(numbers(1, 6), third_word_fails, eff_ptr(w), 0);
}
CASE(a_failing_item_of_an_iterator_interrupts_the_rest, third_of_many_fails, .cause = "fail(7)", .journal = "1 2 3",
     .timed = true, .ms = 300)

static bool next_piece(eff_value_t state, eff_value_t *ret_item)
{
    struct world *w = the_world(state);
    if (w->n[0] == 6) return false;
    *ret_item = new_piece(w);
    return true;
}
static eff_value_t same_world(eff_value_t env)
{
    return env;
}
static eff_t *pieces(struct world *w)
{
    eff_t *e = eff_for_each_par(eff_iterator(same_world, next_piece, eff_ptr(w)), work_on_piece, eff_unit, 2);
    return eff_then(e, eff_noop());
}
CASE(every_item_of_an_iterator_is_dropped_once, pieces, .succeeds = "unit", .invariant = dropped_as_often_as_made)

/* A16: the fibers and blocks there are, at each item. */
static eff_value_t look_around(eff_value_t env)
{
    struct world *w = the_world(env);
    int64_t n = (int64_t)eff_runtime_n_fibers(eff_test_runtime(w->test));
    if (n > w->n[2]) w->n[2] = n;
    if (blocks_live > w->n[3]) w->n[3] = blocks_live;
    w->n[0]++;
    return eff_unit;
}
static eff_t *look_and_yield(eff_value_t item, eff_value_t env)
{
    eff_t *e = eff_sync(look_around, env);
    return eff_as_int(item) % 8 ? e : eff_then(eff_yield_now(), e);
}
/* The most blocks that are live while n items are worked on, 4 at once. */
static int64_t blocks_for(eff_value_t items, int64_t n)
{
    struct world w = { .test = eff_test_new() };
    eff_fiber_t *fiber = eff_test_fork(w.test, eff_for_each_par_discard(items, look_and_yield, eff_ptr(&w), 4));
    eff_test_adjust(w.test, eff_millis(0));
    ck_assert(eff_fiber_poll(fiber) && eff_fiber_poll(fiber)->ok);
    ck_assert_int_eq(w.n[0], n);
    ck_assert_int_le(w.n[2], 5); /* and the caller */
    ck_assert_uint_eq(eff_test_free(w.test), 0);
    return w.n[3];
}

/* An effect for each item, which waits for its turn now and then: as pulls do. */
static eff_t *next_in_turn(eff_value_t env)
{
    struct counter *c = counter_of(env);
    if (c->at == c->end) return eff_succeed(eff_none());
    eff_t *e = eff_succeed(eff_some(eff_int(c->at++)));
    return c->at % 3 ? e : yields(e);
}
static eff_value_t pulled_numbers(int64_t n)
{
    return eff_pull(eff_suspend(next_in_turn, counter_make((struct counter){ 0, n })));
}

START_TEST(a_million_items_of_an_iterator_take_four_fibers)
{
    eff__freelist_enable(false);
    int64_t thousand = blocks_for(numbers(0, 1000), 1000);
    ck_assert_int_eq(blocks_for(numbers(0, 1000000), 1000000), thousand);
    eff__freelist_enable(true);
}
END_TEST

START_TEST(a_million_pulls_take_four_fibers)
{
    eff__freelist_enable(false);
    int64_t thousand = blocks_for(pulled_numbers(1000), 1000);
    ck_assert_int_eq(blocks_for(pulled_numbers(1000000), 1000000), thousand);
    eff__freelist_enable(true);
}
END_TEST

/* ---- whatever else shapes the order */

static eff_t *rows(eff_value_t item, eff_value_t env)
{
    int64_t from = 10 * eff_as_int(item);
    return eff_for_each_par(numbers(from, from + 3), itself_later, eff_unit, SIZE_MAX);
}
static eff_t *nested(struct world *w)
{
    return eff_for_each_par(numbers(0, 3), rows, eff_unit, 2);
}
CASE(loops_over_iterators_nest, nested, .succeeds = "[[0, 1, 2], [10, 11, 12], [20, 21, 22]]")

static void assert_with_budget(int64_t budget, struct world *w, eff_t *e, const char *expected)
{
    eff_test_runtime(w->test)->budget = budget;
    eff_fiber_t *fiber = eff_test_fork(w->test, e);
    eff_test_adjust(w->test, eff_seconds(1));
    const eff_exit_t *exit = eff_fiber_poll(fiber);
    ck_assert_ptr_nonnull(exit);
    ck_assert_str_eq(shape_of(exit), expected);
}
START_TEST(loops_may_run_out_of_their_budget_anywhere)
{
    for (int64_t budget = 1; budget < 40; budget++) {
        struct world w = { .test = eff_test_new(), .queue = eff_queue_bounded(2) };
        assert_with_budget(budget, &w, nested(&w), "ok([[0, 1, 2], [10, 11, 12], [20, 21, 22]])");
        eff_t *e = eff_for_each_par(pulled_numbers(6), itself_later, eff_unit, 3);
        assert_with_budget(budget, &w, e, "ok([0, 1, 2, 3, 4, 5])");
        e = eff_zip_par(eff_for_each_par(queue_of(&w), itself_later, eff_unit, 0), offers(&w, 6));
        assert_with_budget(budget, &w, e, "ok(([0, 1, 2, 3, 4, 5], unit))");
        eff_queue_decref(w.queue);
        ck_assert_uint_eq(eff_test_free(w.test), 0);
    }
}
END_TEST

static eff_t *odd_fails(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    return i % 2 ? failing(i) : yields(one(i));
}
static eff_t *partition_numbers(struct world *w)
{
    return eff_partition_par(numbers(0, 5), odd_fails, eff_unit, 2);
}
CASE(partition_par_goes_over_an_iterator, partition_numbers, .succeeds = "([1, 3], [0, 2, 4])")

/* ---- derived loops and descriptions */

static eff_t *sum_so_far(eff_value_t acc, eff_value_t item, size_t index, eff_value_t env)
{
    return one(eff_as_int(acc) + eff_as_int(item));
}
static eff_t *reduce_numbers(struct world *w)
{
    return eff_reduce(numbers(1, 101), eff_int(0), sum_so_far, eff_unit);
}
CASE(reduce_goes_over_an_iterator, reduce_numbers, .succeeds = "5050")

START_TEST(a_description_shows_the_kind_of_items)
{
    struct {
        eff_value_t items;
        const char *shown;
    } kinds[] = {
        { numbers(0, 1), "for_each iterator" },
        { eff_pull(eff_succeed(eff_none())), "for_each pull" },
        { eff_queue_value(eff_queue_bounded(1)), "for_each queue" },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        eff_buffer_t text = EFF_BUFFER_INIT;
        eff_t *e = eff_for_each(kinds[i].items, itself, eff_unit);
        eff_describe(e, &text);
        ck_assert_msg(strstr(eff_buffer_text(&text), kinds[i].shown), "%s", eff_buffer_text(&text));
        eff_buffer_done(&text);
        eff_decref(e);
    }
}
END_TEST

TESTS(for_each_over_an_iterator_gives_the_results_in_order, for_each_discard_over_an_iterator_gives_unit,
      an_iterator_without_items_gives_an_empty_array, every_run_of_an_iterator_starts_anew,
      a_failing_item_ends_an_iteration, an_endless_iteration_can_be_interrupted, results_of_an_unknown_number_of_items,
      results_grow_with_the_items, results_of_a_parallel_loop_grow_with_the_items, an_absent_state_is_a_defect,
      an_absent_state_is_a_defect_of_a_parallel_loop, an_absent_item_is_a_defect,
      an_absent_item_is_a_defect_of_a_parallel_loop, a_mistake_in_a_next_function_is_a_defect,
      a_mistake_in_a_start_function_is_a_defect, an_iterator_without_a_function_is_a_mistake,
      for_each_par_over_an_iterator_keeps_the_order_of_the_items, parallelism_0_is_no_limit_for_an_iterator,
      the_next_item_of_an_iterator_starts_without_the_run_queue, a_failing_item_of_an_iterator_interrupts_the_rest,
      every_item_of_an_iterator_is_dropped_once, a_million_items_of_an_iterator_take_four_fibers,
      a_million_pulls_take_four_fibers, loops_over_iterators_nest, loops_may_run_out_of_their_budget_anywhere,
      partition_par_goes_over_an_iterator, reduce_goes_over_an_iterator, a_description_shows_the_kind_of_items)
