/* Queues as items, of which none is lost. */
#include "support/items.h"

/* ---- queues */

static eff_t *drain(struct world *w)
{
    w->queue = eff_queue_bounded(2);
    return eff_zip_par(offers(w, 5), eff_for_each(queue_of(w), doubled, eff_unit));
}
CASE(for_each_over_a_queue_takes_until_it_has_ended, drain, .succeeds = "(unit, [0, 2, 4, 6, 8])")

static eff_t *drain_par(struct world *w)
{
    w->queue = eff_queue_bounded(2);
    return eff_zip_par(eff_for_each_par(queue_of(w), itself_later, eff_unit, 3), offers(w, 5));
}
CASE(for_each_par_over_a_queue_takes_until_it_has_ended, drain_par, .succeeds = "([0, 1, 2, 3, 4], unit)")

static eff_t *queue_for_each(struct world *w)
{
    w->queue = eff_queue_bounded(2);
    return eff_zip_par(eff_queue_for_each(w->queue, push, eff_ptr(w)), offers(w, 3));
}
CASE(queue_for_each_ends_well_when_the_queue_has_ended, queue_for_each, .succeeds = "(unit, unit)", .journal = "0 1 2")

static eff_t *shut_down_under_a_loop(struct world *w)
{
    w->queue = eff_queue_bounded(2);
    eff_t *loop = eff_queue_for_each(w->queue, push_after_100, eff_ptr(w));
    eff_t *offer = eff_then(eff_queue_offer(w->queue, eff_int(0)), eff_queue_offer(w->queue, eff_int(1)));
    return eff_zip_par(loop, in_order(offer, ms(50), eff_queue_shutdown(w->queue)));
}
CASE(a_queue_that_is_shut_down_ends_its_loop_well, shut_down_under_a_loop, .succeeds = "(unit, unit)", .journal = "0",
     .timed = true, .ms = 100)

static eff_t *closed_before(struct world *w)
{
    w->queue = eff_queue_bounded(2);
    eff_t *loops =
        eff_zip(eff_for_each(queue_of(w), itself, eff_unit), eff_for_each_par(queue_of(w), itself, eff_unit, 0));
    return eff_then(eff_queue_end(w->queue), loops);
}
CASE(a_queue_that_has_ended_has_no_items, closed_before, .succeeds = "([], [])")

/* The Closed of an item's effect is a failure like any other. */
static eff_t *take_closed(eff_value_t item, eff_value_t env)
{
    return eff_fail(eff_error(&eff_closed_error, 0, "another one"));
}
static eff_t *closed_in_item(struct world *w)
{
    w->queue = eff_queue_bounded(8);
    return eff_then(offers(w, 3), eff_queue_for_each(w->queue, take_closed, eff_unit));
}
CASE(an_item_that_fails_with_closed_fails_the_loop, closed_in_item, .fails = "closed: another one")

static eff_t *null_queue(struct world *w)
{
    return eff_queue_for_each(NULL, push, eff_ptr(w));
}
CASE(queue_for_each_without_a_queue_is_out_of_memory, null_queue, .dies = "out of memory")

static eff_t *wait_for_ever(struct world *w)
{
    w->queue = eff_queue_bounded(8);
    return eff_for_each_par(queue_of(w), push, eff_ptr(w), 4);
}
CASE(a_queue_that_nobody_ends_is_a_deadlock, wait_for_ever, .dies = "deadlock")

static eff_t *one_waits(eff_value_t env)
{
    struct world *w = the_world(env);
    ck_assert_int_eq(eff_queue_size(w->queue), -1);
    return eff_queue_end(w->queue);
}
static eff_t *waiters_of_a_loop(struct world *w)
{
    w->queue = eff_queue_bounded(8);
    return eff_zip_par(eff_for_each_par(queue_of(w), push, eff_ptr(w), 0),
                       after(1, eff_suspend(one_waits, eff_ptr(w))));
}
CASE(a_loop_waits_for_a_queue_with_one_fiber, waiters_of_a_loop, .succeeds = "([], unit)",
     .without = NO_INTERRUPTS) /* an interrupted loop does not wait */

/* A36 */
static eff_t *for_a_second(eff_value_t item, eff_value_t env)
{
    the_world(env)->n[0]++;
    return eff_sleep(eff_seconds(1));
}
static eff_t *consume(struct world *w)
{
    return eff_queue_for_each(w->queue, for_a_second, eff_ptr(w));
}
START_TEST(fifty_consumers_of_a_thousand_seconds_take_twenty)
{
    for (int way = 0; way < 2; way++) {
        struct world w = { .test = eff_test_new(), .queue = eff_queue_bounded(10) };
        eff_t *consumers[50], *all;
        for (int i = 0; i < 50 && way == 0; i++)
            consumers[i] = consume(&w);
        if (way == 0) all = eff_all_par_at(EFF_SITE, 50, consumers);
        else all = eff_for_each_par_discard(queue_of(&w), for_a_second, eff_ptr(&w), 50);
        eff_fiber_t *fiber = eff_test_fork(w.test, eff_zip_par(offers(&w, 1000), all));
        eff_test_adjust(w.test, eff_millis(19999));
        ck_assert_ptr_null(eff_fiber_poll(fiber));
        eff_test_adjust(w.test, eff_millis(1));
        ck_assert_ptr_nonnull(eff_fiber_poll(fiber));
        ck_assert(eff_fiber_poll(fiber)->ok);
        ck_assert_int_eq(w.n[0], 1000);
        eff_queue_decref(w.queue);
        ck_assert_uint_eq(eff_test_free(w.test), 0);
    }
}
END_TEST

/* ---- no item is lost: taken by a loop that is interrupted, it is worked on, dropped as its own, or still there */

static eff_t *offer_piece(eff_value_t index, eff_value_t env)
{
    struct world *w = the_world(env);
    return eff_queue_offer(w->queue, new_piece(w));
}
static eff_t *pieces_of_a_queue(struct world *w)
{
    w->queue = eff_queue_bounded(1);
    eff_t *produce = eff_for_each_discard(eff_range(0, 5), offer_piece, eff_ptr(w));
    produce = eff_then(produce, eff_queue_end(w->queue));
    eff_t *e = eff_zip_par(produce, eff_for_each_par(queue_of(w), work_on_piece, eff_unit, 2));
    return eff_then(e, eff_noop());
}
CASE(every_item_of_a_queue_is_dropped_once_wherever_the_loop_is_interrupted, pieces_of_a_queue, .succeeds = "unit",
     .invariant = dropped_as_often_as_made)

/* n[4] items were begun: when the loop is interrupted as an item comes, the item is begun or still in the queue. */
static eff_t *begun(eff_value_t item, eff_value_t env)
{
    the_world(env)->n[4]++;
    return eff_never();
}
static eff_t *count_what_is_left(eff_value_t env)
{
    struct world *w = the_world(env);
    w->n[5] = eff_queue_size(w->queue);
    return eff_noop();
}
static eff_t *item_and_interrupt(struct world *w, bool item_first)
{
    w->queue = eff_queue_bounded(4);
    eff_t *loop = keep(w, 0, eff_fork(eff_for_each_par_discard(queue_of(w), begun, eff_ptr(w), 2)));
    eff_t *offer = eff_queue_offer(w->queue, eff_int(1)), *stop = with_fiber(w, 0, interrupt_fork);
    eff_t *both = item_first ? eff_then(offer, stop) : eff_then(stop, offer);
    return in_order(loop, eff_yield_now(), both, say_await(w, 0), eff_suspend(count_what_is_left, eff_ptr(w)));
}
static eff_t *item_first(struct world *w)
{
    return item_and_interrupt(w, true);
}
static eff_t *interrupt_first(struct world *w)
{
    return item_and_interrupt(w, false);
}
static void begun_or_left(struct world *w, const eff_exit_t *exit)
{
    ck_assert(exit->ok);
    ck_assert_int_eq(w->n[4] + w->n[5], 1);
}
CASE(an_item_that_comes_before_the_interruption_is_begun_or_stays, item_first, .check = begun_or_left,
     .journal = "interrupt")
CASE(an_item_that_comes_after_the_interruption_is_begun_or_stays, interrupt_first, .check = begun_or_left,
     .journal = "interrupt")

TESTS(for_each_over_a_queue_takes_until_it_has_ended, for_each_par_over_a_queue_takes_until_it_has_ended,
      queue_for_each_ends_well_when_the_queue_has_ended, a_queue_that_is_shut_down_ends_its_loop_well,
      a_queue_that_has_ended_has_no_items, an_item_that_fails_with_closed_fails_the_loop,
      queue_for_each_without_a_queue_is_out_of_memory, a_queue_that_nobody_ends_is_a_deadlock,
      a_loop_waits_for_a_queue_with_one_fiber, fifty_consumers_of_a_thousand_seconds_take_twenty,
      every_item_of_a_queue_is_dropped_once_wherever_the_loop_is_interrupted,
      an_item_that_comes_before_the_interruption_is_begun_or_stays,
      an_item_that_comes_after_the_interruption_is_begun_or_stays)
