/* Bounded queues: back-pressure, order, hand-over, the interruption of waiters, and the two ways to close; conformance
 * area QUEUE as far as one-item operations on bounded queues go, and B26. */
#include <stdio.h>

#include "support/fibers.h"

/* The program's queue, made by the first that asks; NULL without memory, and then what is built from it dies of that. */
static eff_queue_t *queue(struct world *w, size_t capacity)
{
    if (!w->queue) w->queue = eff_queue_bounded(capacity);
    return w->queue;
}
static eff_t *offer(struct world *w, int64_t n)
{
    return eff_queue_offer(w->queue, eff_int(n));
}
static eff_t *take(struct world *w)
{
    return eff_queue_take(w->queue);
}
static eff_t *say_take(struct world *w)
{
    return say_exit(w, take(w));
}
static eff_t *fork_take(struct world *w, int i)
{
    return keep(w, i, eff_fork(say_take(w)));
}
static eff_t *fork_offer(struct world *w, int i, int64_t n)
{
    return keep(w, i, eff_fork(say_exit(w, offer(w, n))));
}
static eff_value_t say_size_now(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    char word[32];
    snprintf(word, sizeof word, "size=%d", (int)eff_queue_size(w->queue));
    journal_add(w, word);
    return eff_unit;
}
static eff_t *say_size(struct world *w)
{
    return eff_sync(say_size_now, eff_ptr(w));
}

/* ---- order and back-pressure */

static eff_t *offers_then_takes(struct world *w)
{
    (void)queue(w, 3);
    return in_order(offer(w, 1), offer(w, 2), offer(w, 3), say_size(w), say_take(w), say_take(w), say_take(w),
                    say_size(w));
}
CASE(items_come_out_in_the_order_of_going_in, offers_then_takes, .succeeds = "unit",
     .journal = "size=3 ok:1 ok:2 ok:3 size=0")

static eff_t *offer_item(eff_value_t item, eff_value_t env)
{
    return eff_fork(offer(eff_as_ptr(env), eff_as_int(item)));
}
static eff_t *take_item(eff_value_t item, eff_value_t env)
{
    (void)item;
    return take(eff_as_ptr(env));
}
static eff_t *many_offers(struct world *w)
{
    (void)queue(w, 4);
    eff_t *offers = eff_for_each_discard(eff_range(0, 10), offer_item, eff_ptr(w));
    return in_order(offers, eff_yield_now(), eff_for_each(eff_range(0, 10), take_item, eff_ptr(w)));
}
/* QUEUE-005 */
CASE(QUEUE_005_back_pressured_offers_are_taken_in_order, many_offers, .succeeds = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]",
     .without = NO_SHUFFLES /* who offers first is the order of ready fibers */)

/* What a description holds is moved out as it runs, unless it is kept. */
static eff_t *kept(struct world *w)
{
    eff_queue_t *q = queue(w, 1);
    return eff_zip_par(eff_replicate(eff_queue_offer(q, eff_string("a")), 4), eff_replicate(take(w), 4));
}
CASE(descriptions_that_are_kept_offer_and_take_again, kept,
     .succeeds = "([unit, unit, unit, unit], [\"a\", \"a\", \"a\", \"a\"])")

static eff_t *full(struct world *w)
{
    (void)queue(w, 2);
    eff_t *fill = in_order(offer(w, 1), offer(w, 2), fork_offer(w, 0, 3), eff_yield_now());
    return in_order(fill, say_size(w), say_take(w), with_fiber(w, 0, join), say_size(w));
}
/* QUEUE-006 */
CASE(QUEUE_006_a_take_lets_a_waiting_offer_in, full, .succeeds = "unit", .journal = "size=3 ok:1 ok:unit size=2")

static eff_t *one_slot(struct world *w)
{
    (void)queue(w, 1);
    eff_t *producer = in_order(offer(w, 1), say(w, "1"), offer(w, 2), say(w, "2"), offer(w, 3), say(w, "3"));
    eff_t *consumer = after(10, in_order(say_take(w), after(10, say_take(w)), after(10, say_take(w))));
    return eff_zip_par(producer, consumer);
}
CASE(a_full_queue_holds_its_producer_back, one_slot, .succeeds = "(unit, unit)", .journal = "1 ok:1 2 ok:2 3 ok:3",
     .ms = 30, .timed = true)

static eff_t *fork_numbered_take(eff_value_t item, eff_value_t env)
{
    (void)item;
    return eff_fork(say_take(eff_as_ptr(env)));
}
static eff_t *offer_here(eff_value_t item, eff_value_t env)
{
    return offer(eff_as_ptr(env), eff_as_int(item));
}
static eff_t *waiting_takers(struct world *w)
{
    (void)queue(w, 5);
    eff_t *takers = eff_for_each_discard(eff_range(0, 8), fork_numbered_take, eff_ptr(w));
    eff_t *offers = eff_for_each_discard(eff_range(1, 6), offer_here, eff_ptr(w));
    return in_order(takers, eff_yield_now(), say_size(w), offers, say_size(w), eff_yield_now());
}
/* 8 takers and 5 items stand for the source's 200 and 100: sweeps run it many times. */
/* QUEUE-011 */
CASE(QUEUE_011_the_first_takers_get_the_items_in_order, waiting_takers, .succeeds = "unit",
     .journal = "size=-8 size=-3 ok:1 ok:2 ok:3 ok:4 ok:5")

static eff_t *bypasses_limit(struct world *w)
{
    (void)queue(w, 1);
    eff_t *start = in_order(fork_take(w, 0), eff_yield_now(), say_size(w));
    return in_order(start, offer(w, 1), offer(w, 2), say_size(w), with_fiber(w, 0, join), say_take(w));
}
/* QUEUE-052 */
CASE(QUEUE_052_an_item_handed_to_a_waiting_taker_takes_no_room, bypasses_limit, .succeeds = "unit",
     .journal = "size=-1 size=1 ok:1 ok:2")

/* ---- interrupting waiters */

static eff_t *interrupted_take(struct world *w)
{
    (void)queue(w, 1);
    eff_t *start = in_order(fork_take(w, 0), eff_yield_now(), say_size(w));
    return in_order(start, with_fiber(w, 0, interrupt), say_size(w), offer(w, 1), say_size(w), say_take(w));
}
/* QUEUE-012 */
CASE(QUEUE_012_an_interrupted_taker_leaves_the_line, interrupted_take, .succeeds = "unit",
     .journal = "size=-1 size=0 size=1 ok:1")

static eff_t *interrupted_offer(struct world *w)
{
    (void)queue(w, 1);
    eff_t *start = in_order(offer(w, 1), fork_offer(w, 0, 2), fork_offer(w, 1, 3), eff_yield_now(), say_size(w));
    eff_t *rest = in_order(with_fiber(w, 0, interrupt), say_size(w), say_take(w), say_take(w), with_fiber(w, 1, join));
    return in_order(start, rest, say_size(w));
}
CASE(an_interrupted_offer_leaves_the_line_with_its_item, interrupted_offer, .succeeds = "unit",
     .journal = "size=3 size=2 ok:1 ok:3 ok:unit size=0")

/* Woken with an item, and interrupted before its turn: the item goes back to the head. */
static eff_t *item_back_to_head(struct world *w)
{
    (void)queue(w, 1);
    eff_t *start = in_order(fork_take(w, 0), eff_yield_now(), offer(w, 1), offer(w, 2));
    eff_t *rest = in_order(with_fiber(w, 0, interrupt), say_size(w), say_take(w), say_take(w));
    return in_order(start, rest);
}
/* QUEUE-033 */
CASE(QUEUE_033_an_item_of_an_interrupted_taker_goes_back_to_the_head, item_back_to_head, .succeeds = "unit",
     .journal = "size=2 ok:1 ok:2", .without = NO_SHUFFLES /* otherwise the taker may have had its turn */)

static eff_t *item_to_next(struct world *w)
{
    (void)queue(w, 1);
    eff_t *start = in_order(fork_take(w, 0), fork_take(w, 1), eff_yield_now(), offer(w, 1));
    return in_order(start, with_fiber(w, 0, interrupt_fork), with_fiber(w, 1, join), say_size(w));
}
/* QUEUE-037 */
CASE(QUEUE_037_an_item_of_an_interrupted_taker_goes_to_the_next, item_to_next, .succeeds = "unit",
     .journal = "ok:1 size=0", .without = NO_BUDGETS /* otherwise the taker may have had its turn */)

/* The source's queue has capacity 0, which is not built yet: here the offer that is interrupted waits for room. */
static eff_t *taker_not_lost(struct world *w)
{
    (void)queue(w, 1);
    eff_t *start = in_order(offer(w, 1), fork_offer(w, 0, 2), eff_yield_now(), with_fiber(w, 0, interrupt_fork));
    return in_order(start, say_take(w), fork_take(w, 1), eff_yield_now(), offer(w, 3), with_fiber(w, 1, join));
}
/* QUEUE-034 */
CASE(QUEUE_034_a_taker_is_served_though_an_offer_was_interrupted, taker_not_lost, .succeeds = "unit",
     .journal = "ok:1 ok:3")

static eff_t *non_first_offer(struct world *w)
{
    (void)queue(w, 2);
    eff_t *fill = in_order(offer(w, 0), offer(w, 1), fork_offer(w, 0, 10), fork_offer(w, 1, 11), fork_offer(w, 2, 12));
    eff_t *cancel = in_order(eff_yield_now(), with_fiber(w, 1, interrupt), fork_offer(w, 3, 20), eff_yield_now());
    return in_order(fill, cancel, eff_for_each(eff_range(0, 5), take_item, eff_ptr(w)));
}
/* There is no try_take_n yet: five takes, of a queue of 2 instead of 4. */
/* QUEUE-038 */
CASE(QUEUE_038_every_living_offer_is_woken_though_one_in_the_middle_left, non_first_offer,
     .succeeds = "[0, 1, 10, 12, 20]", .without = NO_SHUFFLES /* who offers first is the order of ready fibers */)

static eff_t *same_tick(struct world *w)
{
    (void)queue(w, 1);
    eff_t *receive = say_exit(w, eff_timeout(take(w), eff_millis(5)));
    return in_order(eff_zip_par(receive, after(5, offer(w, 1))), say_size(w));
}
/* The timeout's clock slept first, so the taker is interrupted with the item in hand, or before: it is not swallowed. */
static void not_swallowed(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    bool got = strcmp(w->journal, "ok:some(1) size=0") == 0;
    ck_assert_msg(got || strcmp(w->journal, "ok:none size=1") == 0, "%s", w->journal);
}
/* QUEUE-044 */
CASE(QUEUE_044_an_item_that_comes_with_the_timeout_is_not_swallowed, same_tick, .succeeds = "unit",
     .check = not_swallowed)

/* ---- shutdown: discards, and fails everybody */

static eff_t *shutdown_both(struct world *w)
{
    (void)queue(w, 1);
    eff_t *start = in_order(offer(w, 1), fork_offer(w, 0, 2), eff_yield_now(), eff_queue_shutdown(w->queue));
    return in_order(start, with_fiber(w, 0, join));
}
/* The source interrupts those who wait; here they fail with Closed (DESIGN section 12). */
/* QUEUE-015 */
CASE(QUEUE_015_shutting_down_fails_a_waiting_offer, shutdown_both, .succeeds = "unit",
     .journal = "fail:closed: the queue was shut down")

static eff_t *shutdown_takers(struct world *w)
{
    (void)queue(w, 1);
    eff_t *start = in_order(fork_take(w, 0), fork_take(w, 1), eff_yield_now(), eff_queue_shutdown(w->queue));
    return in_order(start, with_fiber(w, 0, join), with_fiber(w, 1, join), say_size(w));
}
/* QUEUE-015 */
CASE(QUEUE_015_shutting_down_fails_waiting_takers, shutdown_takers, .succeeds = "unit",
     .journal = "fail:closed: the queue was shut down fail:closed: the queue was shut down size=0")

static eff_t *after_shutdown(struct world *w)
{
    (void)queue(w, 2);
    eff_t *start = in_order(offer(w, 1), eff_queue_shutdown(w->queue), eff_queue_shutdown(w->queue), say_size(w));
    return in_order(start, say_exit(w, offer(w, 2)), say_take(w));
}
/* QUEUE-016 */
CASE(QUEUE_016_after_a_shutdown_every_operation_fails_with_closed, after_shutdown, .succeeds = "unit",
     .journal = "size=0 fail:closed: the queue was shut down fail:closed: the queue was shut down")

static eff_t *shutdown_races(struct world *w)
{
    (void)queue(w, 1);
    eff_t *start = in_order(fork_take(w, 0), fork_offer(w, 1, 1), keep(w, 2, eff_fork(eff_queue_shutdown(w->queue))));
    return in_order(start, with_fiber(w, 0, join), with_fiber(w, 1, join), with_fiber(w, 2, join));
}
/* QUEUE-017 */
CASE(QUEUE_017_shutting_down_beside_take_and_offer_hangs_nobody, shutdown_races, .succeeds = "unit")

/* A taker was woken with an item when the queue is shut down: the item is its own. Interrupted too, it is dropped. */
static eff_t *shutdown_in_hand(struct world *w)
{
    (void)queue(w, 1);
    eff_t *start = in_order(fork_take(w, 0), fork_take(w, 1), eff_yield_now(), offer(w, 1), offer(w, 2));
    return in_order(start, eff_queue_shutdown(w->queue), with_fiber(w, 1, interrupt), with_fiber(w, 0, join),
                    say_size(w));
}
CASE(an_item_in_hand_outlives_a_shutdown_but_not_an_interruption_too, shutdown_in_hand, .succeeds = "unit",
     .journal = "ok:1 size=0")

static eff_t *done_for_all(struct world *w)
{
    (void)queue(w, 1);
    eff_t *start = in_order(offer(w, 1), fork_offer(w, 0, 2), fork_offer(w, 1, 3), eff_yield_now());
    eff_t *closed = in_order(eff_queue_shutdown(w->queue), with_fiber(w, 0, join), with_fiber(w, 1, join));
    return in_order(start, closed, eff_catch_kind(take(w), &eff_closed_error, take_item, eff_ptr(w)));
}
/* QUEUE-053 */
CASE(QUEUE_053_closing_unblocks_all_and_stays, done_for_all, .fails = "closed: the queue was shut down",
     .journal = "fail:closed: the queue was shut down fail:closed: the queue was shut down")

/* ---- end: takers drain. B26 */

static eff_t *drained(struct world *w)
{
    (void)queue(w, 2);
    eff_t *start = in_order(offer(w, 1), offer(w, 2), fork_offer(w, 0, 3), eff_yield_now(), eff_queue_end(w->queue));
    return in_order(start, with_fiber(w, 0, join), say_take(w), say_exit(w, offer(w, 4)), say_take(w), say_take(w));
}
/* The source's end lets offers that wait in too; here they fail with Closed (queue.h). */
/* QUEUE-020 */
CASE(QUEUE_020_after_the_end_takers_drain_what_is_there, drained, .succeeds = "unit",
     .journal = "fail:closed: the queue has ended ok:1 fail:closed: the queue has ended ok:2 "
                "fail:closed: the queue has ended")

static eff_t *ends_while_waited_for(struct world *w)
{
    (void)queue(w, 1);
    return in_order(fork_take(w, 0), eff_yield_now(), eff_queue_end(w->queue), with_fiber(w, 0, join));
}
/* QUEUE-046 */
CASE(QUEUE_046_a_taker_that_waits_hears_of_the_end, ends_while_waited_for, .succeeds = "unit",
     .journal = "fail:closed: the queue has ended")

static eff_t *closes(struct world *w)
{
    (void)queue(w, 2);
    eff_t *start = in_order(offer(w, 1), eff_queue_end(w->queue), eff_queue_end(w->queue));
    return in_order(start, say_exit(w, offer(w, 2)), say_take(w), say_take(w));
}
/* QUEUE-055 */
CASE(QUEUE_055_offers_fail_at_once_and_takes_after_draining, closes, .succeeds = "unit",
     .journal = "fail:closed: the queue has ended ok:1 fail:closed: the queue has ended")

static eff_t *given_back_after_end(struct world *w)
{
    (void)queue(w, 1);
    eff_t *start = in_order(fork_take(w, 0), eff_yield_now(), offer(w, 1), eff_queue_end(w->queue));
    return in_order(start, with_fiber(w, 0, interrupt), say_size(w), say_take(w), say_take(w));
}
CASE(an_item_given_back_after_the_end_is_still_delivered, given_back_after_end, .succeeds = "unit",
     .journal = "size=1 ok:1 fail:closed: the queue has ended")

static eff_t *end_then_shutdown(struct world *w)
{
    (void)queue(w, 2);
    return in_order(offer(w, 1), eff_queue_end(w->queue), eff_queue_shutdown(w->queue), say_size(w), say_take(w));
}
CASE(a_shutdown_after_the_end_discards_the_rest, end_then_shutdown, .succeeds = "unit",
     .journal = "size=0 fail:closed: the queue was shut down")

static eff_t *nobody_offers(struct world *w)
{
    (void)queue(w, 1);
    return eff_ensuring(take(w), say_size(w));
}
CASE(taking_what_nobody_offers_is_a_deadlock, nobody_offers, .dies = "deadlock", .journal = "size=0")

TESTS(items_come_out_in_the_order_of_going_in, QUEUE_005_back_pressured_offers_are_taken_in_order,
      descriptions_that_are_kept_offer_and_take_again, QUEUE_006_a_take_lets_a_waiting_offer_in,
      a_full_queue_holds_its_producer_back, QUEUE_011_the_first_takers_get_the_items_in_order,
      QUEUE_052_an_item_handed_to_a_waiting_taker_takes_no_room, QUEUE_012_an_interrupted_taker_leaves_the_line,
      an_interrupted_offer_leaves_the_line_with_its_item,
      QUEUE_033_an_item_of_an_interrupted_taker_goes_back_to_the_head,
      QUEUE_037_an_item_of_an_interrupted_taker_goes_to_the_next,
      QUEUE_034_a_taker_is_served_though_an_offer_was_interrupted,
      QUEUE_038_every_living_offer_is_woken_though_one_in_the_middle_left,
      QUEUE_044_an_item_that_comes_with_the_timeout_is_not_swallowed, QUEUE_015_shutting_down_fails_a_waiting_offer,
      QUEUE_015_shutting_down_fails_waiting_takers, QUEUE_016_after_a_shutdown_every_operation_fails_with_closed,
      QUEUE_017_shutting_down_beside_take_and_offer_hangs_nobody,
      an_item_in_hand_outlives_a_shutdown_but_not_an_interruption_too, QUEUE_053_closing_unblocks_all_and_stays,
      QUEUE_020_after_the_end_takers_drain_what_is_there, QUEUE_046_a_taker_that_waits_hears_of_the_end,
      QUEUE_055_offers_fail_at_once_and_takes_after_draining, an_item_given_back_after_the_end_is_still_delivered,
      a_shutdown_after_the_end_discards_the_rest, taking_what_nobody_offers_is_a_deadlock)
