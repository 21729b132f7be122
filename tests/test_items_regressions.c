/* Parallel loops over items that others share, over quick ones, and over ones that never end. */
#include "support/failing_allocator.h"
#include "support/fibers.h"

static struct world *the_world(eff_value_t env)
{
    return eff_as_ptr(env);
}
static eff_value_t queue_of(struct world *w)
{
    return eff_queue_value(eff_queue_incref(w->queue));
}

/* ---- what a loop that fails or is interrupted did not begin stays in the queue
 *
 * n[0] items were offered, n[1] begun, and n[2] left when the loop had ended. */

static eff_value_t count_offer(eff_value_t v, eff_value_t env)
{
    the_world(env)->n[0]++;
    return eff_unit;
}
static eff_t *offer_item(eff_value_t index, eff_value_t env)
{
    return eff_map(eff_queue_offer(the_world(env)->queue, eff_value_incref(index)), count_offer, env);
}
static eff_t *offers(struct world *w, int64_t from, int64_t end)
{
    return eff_for_each_discard(eff_range(from, end), offer_item, eff_ptr(w));
}
static eff_value_t count_left(eff_value_t env)
{
    struct world *w = the_world(env);
    w->n[2] = eff_queue_size(w->queue);
    return eff_unit;
}
static eff_t *then_count(struct world *w, eff_t *e)
{
    return eff_then(e, eff_sync(count_left, eff_ptr(w)));
}
/* However e and the fibers that it forked have ended. Its queue has room for all items, so no offer is undone. */
static eff_t *check_begun_or_left(const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = the_world(env);
    ck_assert_int_eq(w->n[0], w->n[1] + eff_queue_size(w->queue));
    return eff_noop();
}
static eff_t *none_lost(struct world *w, eff_t *e)
{
    return eff_on_exit(eff_scoped(e), check_begun_or_left, eff_ptr(w));
}

static eff_t *fail_at_once(eff_value_t item, eff_value_t env)
{
    the_world(env)->n[1]++;
    return failing(eff_as_int(item));
}
static void one_begun_four_left(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[1], 1);
    ck_assert_int_eq(w->n[2], 4);
}
/* The loop waits with one fiber, which gets the first item: its successor has its turn before the caller. */
static eff_t *first_item_fails(struct world *w)
{
    w->queue = eff_queue_bounded(16);
    eff_t *loop = eff_for_each_par_discard(queue_of(w), fail_at_once, eff_ptr(w), 4);
    return none_lost(w, then_count(w, eff_then(eff_fork(offers(w, 1, 6)), eff_ignore(loop))));
}
CASE(a_loop_that_fails_leaves_the_other_items_in_the_queue, first_item_fails, .succeeds = "unit",
     .check = one_begun_four_left, .without = NO_QUEUE)

static eff_t *first_item_fails_collecting(struct world *w)
{
    w->queue = eff_queue_bounded(16);
    eff_t *loop = eff_for_each_par(queue_of(w), fail_at_once, eff_ptr(w), 4);
    return none_lost(w, then_count(w, eff_then(eff_fork(offers(w, 1, 6)), eff_ignore(loop))));
}
CASE(a_loop_with_results_that_fails_leaves_the_other_items_in_the_queue, first_item_fails_collecting,
     .succeeds = "unit", .check = one_begun_four_left, .without = NO_QUEUE)

static eff_t *second_fails_later(eff_value_t item, eff_value_t env)
{
    the_world(env)->n[1]++;
    return eff_as_int(item) == 2 ? yields(failing(2)) : ms(1);
}
static void two_begun_six_left(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[1], 2);
    ck_assert_int_eq(w->n[2], 6);
}
/* The third item is handed to the puller, which has its turn after the second has failed. */
static eff_t *handed_over_too_late(struct world *w)
{
    w->queue = eff_queue_bounded(16);
    eff_t *loop = eff_for_each_par_discard(queue_of(w), second_fails_later, eff_ptr(w), 4);
    eff_t *fill = eff_then(offers(w, 1, 3), eff_fork(offers(w, 3, 9)));
    return none_lost(w, then_count(w, eff_then(fill, eff_ignore(loop))));
}
CASE(an_item_handed_to_a_loop_that_has_failed_goes_back, handed_over_too_late, .succeeds = "unit",
     .check = two_begun_six_left, .without = NO_QUEUE)

static eff_t *begin_and_wait(eff_value_t item, eff_value_t env)
{
    the_world(env)->n[1]++;
    return eff_never();
}
static void none_begun_five_left(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[1], 0);
    ck_assert_int_eq(w->n[2], 5);
}
static eff_t *interrupted_with_items(struct world *w)
{
    w->queue = eff_queue_bounded(16);
    eff_t *loop = eff_fork(eff_for_each_par_discard(queue_of(w), begin_and_wait, eff_ptr(w), 4));
    eff_t *stop = eff_then(with_fiber(w, 0, interrupt_fork), say_await(w, 0));
    return none_lost(w, then_count(w, in_order(keep(w, 0, loop), eff_yield_now(), offers(w, 1, 6), stop)));
}
CASE(a_loop_that_is_interrupted_begins_no_more_items, interrupted_with_items, .succeeds = "unit",
     .journal = "interrupt", .check = none_begun_five_left, .without = NO_QUEUE)

/* An item of a range interrupts the loop: its worker, which ends without waiting, begins no other. */
static eff_t *interrupt_the_loop(eff_value_t item, eff_value_t env)
{
    struct world *w = the_world(env);
    w->n[1]++;
    return eff_then(eff_yield_now(), with_fiber(w, 0, interrupt_fork));
}
static void one_begun(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[1], 1);
}
static eff_t *interrupted_by_an_item(struct world *w)
{
    eff_t *loop = eff_fork(eff_for_each_par_discard(eff_range(0, 5), interrupt_the_loop, eff_ptr(w), 1));
    return eff_then(keep(w, 0, loop), say_await(w, 0));
}
CASE(a_loop_that_an_item_interrupts_begins_no_more_items, interrupted_by_an_item, .succeeds = "unit",
     .journal = "interrupt", .check = one_begun)

/* One after another: an item for whose result there is no memory was not taken. */
static eff_t *begin_item(eff_value_t item, eff_value_t env)
{
    the_world(env)->n[1]++;
    return eff_succeed(eff_value_incref(item));
}
static eff_t *one_after_another(struct world *w)
{
    w->queue = eff_queue_bounded(16);
    eff_t *loop = eff_for_each(queue_of(w), begin_item, eff_ptr(w));
    return none_lost(w, in_order(offers(w, 1, 6), eff_queue_end(w->queue), loop));
}
CASE(a_loop_without_memory_leaves_the_other_items_in_the_queue, one_after_another, .succeeds = "[1, 2, 3, 4, 5]",
     .without = NO_BUDGETS /* nor is it shut down in between */)

/* The queue is full and offers wait: what goes back finds its place, and nobody's item is lost. */
static eff_t *fail_after_a_turn(eff_value_t item, eff_value_t env)
{
    the_world(env)->n[1]++;
    return eff_as_int(item) == 1 ? yields(failing(1)) : eff_never();
}
static void five_begun_or_left(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[1] + w->n[2], 5);
}
static eff_t *full_queue(struct world *w)
{
    w->queue = eff_queue_bounded(1);
    eff_t *producers = eff_for_each_par_discard(eff_range(1, 6), offer_item, eff_ptr(w), 0);
    eff_t *loop = eff_for_each_par_discard(queue_of(w), fail_after_a_turn, eff_ptr(w), 2);
    return in_order(eff_fork(producers), then_count(w, eff_ignore(loop)), eff_queue_shutdown(w->queue));
}
CASE(a_loop_that_fails_loses_no_item_of_a_full_queue, full_queue, .succeeds = "unit", .check = five_begun_or_left,
     .without = NO_BUDGETS /* the first item may be the last to be taken */)

/* Another consumer waits behind the loop: it gets what the loop cannot begin. */
static eff_t *take_and_say(struct world *w)
{
    return say_exit(w, eff_queue_take(w->queue));
}
static eff_t *next_consumer(struct world *w)
{
    w->queue = eff_queue_bounded(4);
    eff_t *loop = eff_fork(eff_for_each_par_discard(queue_of(w), begin_and_wait, eff_ptr(w), 4));
    eff_t *stop = in_order(offers(w, 1, 2), with_fiber(w, 0, interrupt_fork), say_await(w, 0));
    return in_order(keep(w, 0, loop), eff_yield_now(), eff_fork(take_and_say(w)), eff_yield_now(), stop, ms(1));
}
CASE(an_item_that_comes_back_goes_to_the_next_taker, next_consumer, .succeeds = "unit", .journal = "ok:1 interrupt",
     .without = NO_SHUFFLES)

/* ---- a pull that nobody would begin an item of is not run */

static eff_value_t pulled(eff_value_t env)
{
    return eff_some(eff_int(the_world(env)->n[3]++));
}
static void pulled_once(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[3], 1);
}
static eff_t *no_more_pulls(struct world *w)
{
    eff_t *one_item = yields(eff_sync(pulled, eff_ptr(w)));
    return eff_ignore(eff_for_each_par_discard(eff_pull(one_item), fail_at_once, eff_ptr(w), 4));
}
CASE(a_loop_that_has_failed_pulls_no_more, no_more_pulls, .succeeds = "unit", .check = pulled_once)

/* ---- an item that ends at once is followed by the next, whatever the limit */

static eff_t *next_of_four(eff_value_t env)
{
    struct world *w = the_world(env);
    int64_t i = w->n[3]++;
    return yields(eff_succeed(i < 4 ? eff_some(eff_int(i)) : eff_none()));
}
static eff_t *say_item(eff_value_t item, eff_value_t env)
{
    static const char *const names[] = { "0", "1", "2", "3" };
    return say(the_world(env), names[eff_as_int(item)]);
}
static eff_t *tick(eff_value_t item, eff_value_t env)
{
    return eff_then(say(the_world(env), "."), eff_yield_now());
}
static eff_t *quick_items(struct world *w, size_t limit)
{
    eff_t *ticks = eff_for_each_discard(eff_range(0, 6), tick, eff_ptr(w));
    eff_value_t items = eff_pull(eff_suspend(next_of_four, eff_ptr(w)));
    return eff_zip_par(ticks, eff_for_each_par_discard(items, say_item, eff_ptr(w), limit));
}
static eff_t *one_at_once(struct world *w)
{
    return quick_items(w, 1);
}
static eff_t *four_at_once(struct world *w)
{
    return quick_items(w, 4);
}
CASE(one_worker_pulls_after_each_item, one_at_once, .succeeds = "(unit, unit)", .journal = ". . 0 . 1 . 2 . 3 .",
     .without = NO_SHUFFLES)
CASE(more_workers_do_not_delay_quick_items, four_at_once, .succeeds = "(unit, unit)", .journal = ". . 0 . 1 . 2 . 3 .",
     .without = NO_SHUFFLES)

/* A worker's second item does not keep the standby, which waits for its turn since the first, from pulling a third. */
static eff_t *second_waits(eff_value_t item, eff_value_t env)
{
    struct world *w = the_world(env);
    return eff_as_int(item) == 1 ? eff_then(ms(100), say_time(w, "1")) : say_time(w, "other");
}
static eff_t *slow_after_quick(struct world *w)
{
    eff_value_t items = eff_pull(eff_suspend(next_of_four, eff_ptr(w)));
    return eff_for_each_par_discard(items, second_waits, eff_ptr(w), 2);
}
CASE(a_slow_item_after_a_quick_one_delays_nobody, slow_after_quick, .succeeds = "unit",
     .journal = "other@0 other@0 other@0 1@100", .timed = true, .ms = 100)

/* ---- TestClock's limit of turns is one item's; an endless source is found all the same */

static eff_value_t start_at_0(eff_value_t env)
{
    return env;
}
static bool next_below(eff_value_t state, eff_value_t *ret_item)
{
    struct world *w = the_world(state);
    if (w->n[3] == w->n[4]) return false;
    *ret_item = eff_int(w->n[3]++);
    return true;
}
static eff_t *yield_once(eff_value_t item, eff_value_t env)
{
    return eff_yield_now();
}
static eff_t *no_operation(eff_value_t item, eff_value_t env)
{
    return eff_noop();
}
/* n items of an iterator; a negative n is never reached. */
static eff_value_t iterated(struct world *w, int64_t n)
{
    w->n[3] = 0;
    w->n[4] = n;
    return eff_iterator(start_at_0, next_below, eff_ptr(w));
}
static const char *limited(struct world *w, eff_t *e)
{
    eff_test_runtime(w->test)->max_turns = 100;
    eff_fiber_t *fiber = eff_test_fork(w->test, e);
    eff_test_adjust(w->test, eff_millis(1));
    ck_assert_ptr_nonnull(eff_fiber_poll(fiber));
    return shape_of(eff_fiber_poll(fiber));
}

/* A pull that fails while a masked child of its own still runs. */
static eff_t *fail_beside_a_child(eff_value_t env)
{
    struct world *w = the_world(env);
    w->n[0]++;
    eff_t *e = eff_fork(eff_uninterruptible(eff_sleep(eff_millis(50))));
    return eff_then(e, eff_delay(eff_fail(eff_literal("no source")), eff_millis(1)));
}
static eff_t *failing_pulls(struct world *w)
{
    eff_value_t items = eff_pull(eff_suspend(fail_beside_a_child, eff_ptr(w)));
    return eff_for_each_par_discard(items, no_operation, eff_unit, 4);
}
static void asked_once(struct world *w)
{
    ck_assert_int_le(w->n[0], 1);
}
CASE(a_pull_that_failed_is_not_run_again_while_its_children_end, failing_pulls, .cause = "fail(no source)",
     .invariant = asked_once)

START_TEST(each_item_has_as_many_turns_as_a_fiber)
{
    struct world w = { .test = eff_test_new() };
    ck_assert_str_eq(limited(&w, eff_for_each_par_discard(eff_range(0, 5000), yield_once, eff_unit, 2)), "ok(unit)");
    ck_assert_str_eq(limited(&w, eff_for_each_par_discard(iterated(&w, 900), yield_once, eff_unit, 2)), "ok(unit)");
    ck_assert_uint_eq(eff_test_free(w.test), 0);
}
END_TEST

START_TEST(items_that_never_end_are_a_defect)
{
    struct world w = { .test = eff_test_new() };
    ck_assert_str_eq(limited(&w, eff_for_each_par_discard(iterated(&w, -1), yield_once, eff_unit, 1)), "die");
    eff_test_runtime(w.test)->budget = 10; /* quick items lose the loop by that only */
    ck_assert_str_eq(limited(&w, eff_for_each_par_discard(iterated(&w, -1), no_operation, eff_unit, 1)), "die");
    ck_assert_uint_eq(eff_test_free(w.test), 0);
}
END_TEST

TESTS(a_pull_that_failed_is_not_run_again_while_its_children_end, a_loop_that_fails_leaves_the_other_items_in_the_queue,
      a_loop_with_results_that_fails_leaves_the_other_items_in_the_queue,
      an_item_handed_to_a_loop_that_has_failed_goes_back, a_loop_that_is_interrupted_begins_no_more_items,
      a_loop_that_an_item_interrupts_begins_no_more_items, a_loop_without_memory_leaves_the_other_items_in_the_queue,
      a_loop_that_fails_loses_no_item_of_a_full_queue, an_item_that_comes_back_goes_to_the_next_taker,
      a_loop_that_has_failed_pulls_no_more, one_worker_pulls_after_each_item, more_workers_do_not_delay_quick_items,
      a_slow_item_after_a_quick_one_delays_nobody, each_item_has_as_many_turns_as_a_fiber,
      items_that_never_end_are_a_defect)
