/* Queues: no item is lost or duplicated, whoever is interrupted; and queues as handles. */
#include <stdio.h>

#include "support/fibers.h"

/* ---- items that count themselves: n[0] made, n[1] dropped */

struct item {
    struct world *w;
};
static void item_drop(struct item *i)
{
    if (i->w) i->w->n[1]++;
}
EFF_STATIC_TYPE(item, struct item, .drop = item_drop);

static eff_t *offer_new_item(eff_value_t index, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    (void)index;
    w->n[0]++;
    return eff_queue_offer(w->queue, item_make((struct item){ w }));
}
static eff_t *take_one(eff_value_t index, eff_value_t env)
{
    (void)index;
    return eff_queue_take(((struct world *)eff_as_ptr(env))->queue);
}
static void dropped_as_often_as_made(struct world *w)
{
    ck_assert_int_eq(w->n[0], w->n[1]);
}

static eff_t *produce_and_consume(struct world *w)
{
    w->queue = eff_queue_bounded(1);
    eff_t *producer = eff_for_each_discard(eff_range(0, 3), offer_new_item, eff_ptr(w));
    return eff_zip_par(producer, eff_for_each_discard(eff_range(0, 3), take_one, eff_ptr(w)));
}
/* QUEUE-056 */
CASE(QUEUE_056_every_item_is_dropped_once_wherever_it_is_interrupted, produce_and_consume, .succeeds = "(unit, unit)",
     .invariant = dropped_as_often_as_made)

static eff_t *left_in_queue(struct world *w)
{
    w->queue = eff_queue_bounded(2);
    eff_t *producer = eff_for_each_discard(eff_range(0, 3), offer_new_item, eff_ptr(w));
    return eff_timeout(producer, eff_millis(5));
}
CASE(items_left_in_a_queue_are_dropped_with_it, left_in_queue, .succeeds = "none",
     .invariant = dropped_as_often_as_made)

static eff_t *shut_down(struct world *w)
{
    w->queue = eff_queue_bounded(2);
    eff_t *producer = eff_for_each_discard(eff_range(0, 3), offer_new_item, eff_ptr(w));
    return eff_zip_par(eff_option(producer), after(5, eff_queue_shutdown(w->queue)));
}
CASE(items_of_a_queue_that_is_shut_down_are_dropped, shut_down, .succeeds = "(none, unit)",
     .invariant = dropped_as_often_as_made)

/* ---- sums: each number arrives once, whatever happens to who takes it */

static eff_t *add_taken(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[2] += eff_as_int(v);
    w->n[3]++;
    return eff_noop();
}
static eff_t *take_and_add(eff_value_t index, eff_value_t env)
{
    (void)index;
    return eff_flat_map(take_one(eff_unit, env), add_taken, eff_value_incref(env));
}
static eff_t *offer_index(eff_value_t index, eff_value_t env)
{
    return eff_queue_offer(((struct world *)eff_as_ptr(env))->queue, eff_value_incref(index));
}

/* Every other take is timed out at about the moment at which an item comes. */
static eff_t *impatient_take(eff_value_t index, eff_value_t env)
{
    eff_duration_t patience = eff_micros(eff_as_int(index) % 7 * 400);
    return eff_ignore(eff_timeout(take_and_add(index, env), patience));
}
static eff_t *slow_offer(eff_value_t index, eff_value_t env)
{
    return eff_delay(offer_index(index, env), eff_millis(1));
}
enum { N_ITEMS = 1000 };
static eff_t *impatient(struct world *w)
{
    w->queue = eff_queue_bounded(3);
    eff_t *producer = eff_for_each_discard(eff_range(0, N_ITEMS), slow_offer, eff_ptr(w));
    producer = eff_then(producer, eff_queue_end(w->queue));
    eff_t *takers = eff_for_each_par_discard(eff_range(0, 4 * N_ITEMS), impatient_take, eff_ptr(w), 5);
    eff_t *rest = eff_option(eff_forever(take_and_add(eff_unit, eff_ptr(w))));
    return eff_zip_par(producer, eff_then(takers, rest));
}
/* QUEUE-033 */
START_TEST(QUEUE_033_impatient_takers_lose_and_duplicate_nothing)
{
    struct world w = { 0 };
    ck_assert_succeeds(impatient(&w), "(unit, none)");
    ck_assert_int_eq(w.n[3], N_ITEMS);
    ck_assert_int_eq(w.n[2], (int64_t)N_ITEMS * (N_ITEMS - 1) / 2);
    ck_assert_int_eq(eff_queue_size(w.queue), 0);
    eff_queue_decref(w.queue);
}
END_TEST

static eff_t *contended(struct world *w)
{
    w->queue = eff_queue_bounded(16);
    eff_t *offers = eff_for_each_par_discard(eff_range(0, 20000), offer_index, eff_ptr(w), 50);
    return eff_zip_par(offers, eff_for_each_par_discard(eff_range(0, 20000), take_and_add, eff_ptr(w), 50));
}
/* QUEUE-040 */
START_TEST(QUEUE_040_many_fibers_preserve_the_sum)
{
    struct world w = { 0 };
    ck_assert_succeeds(contended(&w), "(unit, unit)");
    ck_assert_int_eq(w.n[2], (int64_t)20000 * 19999 / 2);
    eff_queue_decref(w.queue);
}
END_TEST

/* A36 in small: one producer, any number of consumers, a clean end for all of them. */
static eff_t *consume(eff_value_t index, eff_value_t env)
{
    (void)index;
    eff_t *one_item = eff_then(take_and_add(eff_unit, env), eff_sleep(eff_seconds(1)));
    return eff_ignore(eff_forever(one_item));
}
static eff_t *fifty_consumers(struct world *w)
{
    w->queue = eff_queue_bounded(10);
    eff_t *producer = eff_for_each_discard(eff_range(0, 1000), offer_index, eff_ptr(w));
    producer = eff_then(producer, eff_queue_end(w->queue));
    eff_t *consumers = eff_for_each_par_discard(eff_range(0, 50), consume, eff_ptr(w), 0);
    return eff_timed(eff_zip_par(producer, consumers));
}
START_TEST(a_thousand_items_of_a_second_take_fifty_consumers_twenty_seconds)
{
    struct world w = { 0 };
    ck_assert_succeeds(fifty_consumers(&w), "(20s, (unit, unit))");
    eff_queue_decref(w.queue);
}
END_TEST

/* ---- handles */

static void note_mistake(const char *message, void *arg)
{
    snprintf(arg, 256, "%s", message);
}

/* QUEUE-042 */
START_TEST(QUEUE_042_a_capacity_of_zero_is_a_mistake_and_counts_as_one)
{
    char message[256] = "";
    eff_set_misuse_handler(note_mistake, message);
    eff_queue_t *q = eff_queue_bounded(0);
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_str_eq(message, "eff_queue_bounded: the capacity must be at least 1");
    ck_assert_succeeds(eff_timeout(eff_then(eff_queue_offer(q, eff_int(1)), eff_queue_take(q)), eff_millis(1)),
                       "some(1)");
    eff_queue_decref(q);
}
END_TEST

START_TEST(a_capacity_that_no_memory_could_hold_gives_no_queue)
{
    ck_assert_ptr_null(eff_queue_bounded(SIZE_MAX));
    ck_assert_dies(eff_queue_offer(NULL, eff_string("dropped")), "out of memory");
    ck_assert_dies(eff_queue_take(NULL), "out of memory");
    ck_assert_int_eq(eff_queue_size(NULL), 0);
}
END_TEST

START_TEST(a_queue_of_another_runtime_is_a_mistake)
{
    struct world w = { .queue = eff_queue_bounded(1) };
    eff_test_t *t = eff_test_new();
    (void)eff_test_fork(t, eff_queue_take(w.queue));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_dies(eff_queue_offer(w.queue, eff_string("dropped")), "this queue belongs to another runtime");
    ck_assert_dies(eff_queue_take(w.queue), "this queue belongs to another runtime");
    ck_assert_dies(eff_queue_end(w.queue), "this queue belongs to another runtime");
    ck_assert_dies(eff_queue_shutdown(w.queue), "this queue belongs to another runtime");
    ck_assert_uint_eq(eff_test_free(t), 1);
    eff_queue_decref(w.queue);
}
END_TEST

START_TEST(a_value_of_another_type_is_no_queue)
{
    char message[256] = "";
    eff_set_misuse_handler(note_mistake, message);
    eff_queue_t *dummy = eff_as_queue(eff_int(1));
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_ptr_nonnull(strstr(message, "queue"));
    ck_assert_fails(eff_queue_take(dummy), "closed: the queue was shut down");
}
END_TEST

START_TEST(an_effect_keeps_its_queue)
{
    eff_queue_t *q = eff_queue_bounded(1);
    eff_value_t handle = eff_queue_value(q);
    eff_t *e = eff_then(eff_queue_offer(eff_as_queue(handle), eff_string("kept")), eff_queue_take(q));
    eff_value_decref(handle);
    ck_assert_succeeds(e, "kept");
}
END_TEST

TESTS(QUEUE_056_every_item_is_dropped_once_wherever_it_is_interrupted, items_left_in_a_queue_are_dropped_with_it,
      items_of_a_queue_that_is_shut_down_are_dropped, QUEUE_033_impatient_takers_lose_and_duplicate_nothing,
      QUEUE_040_many_fibers_preserve_the_sum, a_thousand_items_of_a_second_take_fifty_consumers_twenty_seconds,
      QUEUE_042_a_capacity_of_zero_is_a_mistake_and_counts_as_one, a_capacity_that_no_memory_could_hold_gives_no_queue,
      a_queue_of_another_runtime_is_a_mistake, a_value_of_another_type_is_no_queue, an_effect_keeps_its_queue)
