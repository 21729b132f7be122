/* Behaviours that are easy to get wrong: values that nobody wants any more, and waiters that leave. The names start with the row of the table in tests/README.md. */
#include <event2/event.h>
#include <time.h>

#include <effect/async.h>

#include "support/failing_allocator.h"
#include "support/fibers.h"

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- B31: values that count how often they were dropped. n[6]: made; n[7]: dropped */

struct held {
    struct world *w;
};
static void count_drop(struct held *h)
{
    h->w->n[7]++;
}
EFF_STATIC_TYPE(held, struct held, .drop = count_drop);
static eff_value_t make_held(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[6]++;
    return EFF_ENV(held, .w = w);
}
static eff_t *held(struct world *w)
{
    return eff_sync(make_held, eff_ptr(w));
}
static eff_t *masked_held(struct world *w)
{
    return eff_uninterruptible(after(5, held(w)));
}
static void dropped_once_each(struct world *w)
{
    ck_assert_int_eq(w->n[6], w->n[7]);
}
static void some_made(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_gt(w->n[6], 0);
}
#define DROPPED_ONCE(name, program) CASE(name, program, .check = some_made, .invariant = dropped_once_each)

static eff_t *lost_ties(struct world *w)
{
    return eff_zip(eff_race(yields(held(w)), yields(held(w))), eff_race_first(yields(held(w)), yields(held(w))));
}
DROPPED_ONCE(B31_of_a_tie_in_a_race, lost_ties)

static eff_t *masked_losers(struct world *w)
{
    return eff_zip(eff_race(masked_held(w), after(1, held(w))), eff_race_first(after(1, failing(1)), masked_held(w)));
}
DROPPED_ONCE(B31_of_a_masked_loser, masked_losers)

static eff_t *timeouts_of_values(struct world *w)
{
    return eff_zip(eff_timeout(masked_held(w), eff_millis(1)), eff_timeout(after(5, held(w)), eff_millis(5)));
}
CASE(B31_of_a_timeout, timeouts_of_values, .check = some_made, .invariant = dropped_once_each,
     .without = NO_SHUFFLES) /* the order decides a tie */

static eff_t *values_of_failed_groups(struct world *w)
{
    eff_t *pair = eff_zip_par(held(w), after(1, failing(1)));
    return eff_zip(eff_option(pair), eff_option(eff_all_par(held(w), masked_held(w), after(1, failing(1)))));
}
DROPPED_ONCE(B31_of_the_sides_of_a_group_that_fails, values_of_failed_groups)

static eff_t *held_or_fail(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    return i == 5 ? after(1, failing(1)) : i % 2 ? held(eff_as_ptr(env)) : masked_held(eff_as_ptr(env));
}
static eff_t *values_of_failed_items(struct world *w)
{
    return eff_option(eff_for_each_par(eff_range(0, 9), held_or_fail, eff_ptr(w), 3));
}
DROPPED_ONCE(B31_of_the_items_of_a_group_that_fails, values_of_failed_items)

static eff_t *complete_with(eff_value_t v, eff_value_t env)
{
    return eff_deferred_succeed(latch(eff_as_ptr(env), 0), eff_value_incref(v));
}
/* Two waiters, one of them interrupted between being woken and running; and a second completion, which is refused. */
static eff_t *deferred_values(struct world *w)
{
    eff_t *complete = eff_flat_map(held(w), complete_with, eff_ptr(w));
    return in_order(keep(w, 0, eff_fork(await_latch(w, 0))), keep(w, 1, eff_fork(await_latch(w, 0))), ms(1), complete,
                    with_fiber(w, 0, interrupt), with_fiber(w, 1, await),
                    eff_flat_map(held(w), complete_with, eff_ptr(w)));
}
DROPPED_ONCE(B31_of_a_deferred_with_an_interrupted_waiter, deferred_values)

static eff_t *offer_it(eff_value_t v, eff_value_t env)
{
    return eff_queue_offer(eff_as_queue(env), eff_value_incref(v));
}
static eff_t *offered(struct world *w)
{
    eff_value_t queue = w->queue ? eff_queue_value(eff_queue_incref(w->queue)) : eff_oom_value();
    return eff_flat_map(held(w), offer_it, queue);
}
/* A taker interrupted with the item in its hand, an offer that times out, and a shutdown with items inside. */
static eff_t *queue_values(struct world *w)
{
    w->queue = eff_queue_bounded(1);
    return in_order(keep(w, 0, eff_fork(eff_queue_take(w->queue))), ms(1), offered(w), with_fiber(w, 0, interrupt),
                    eff_timeout(offered(w), eff_millis(1)), eff_queue_shutdown(w->queue), eff_option(offered(w)));
}
DROPPED_ONCE(B31_of_a_queue, queue_values)

static void stop_answering(eff_async_t *k, eff_value_t env)
{
    *(eff_async_t **)eff_as_ptr(env) = k;
}
/* Shutting down while values are on their way: masked, in a queue, in a deferred, in an exit, in a late answer. */
START_TEST(B31_at_shutdown)
{
    struct world w = { .test = eff_test_new() };
    eff_async_t *k = NULL;
    w.queue = eff_queue_bounded(4);
    (void)eff_test_fork(w.test, masked_held(&w));
    (void)eff_test_fork(w.test, eff_zip(offered(&w), eff_never()));
    (void)eff_test_fork(w.test, eff_zip(held(&w), eff_never()));
    (void)eff_test_fork(w.test, eff_flat_map(held(&w), complete_with, eff_ptr(&w)));
    (void)eff_test_fork(w.test, eff_zip_par(held(&w), eff_never()));
    (void)eff_test_fork(w.test, eff_race(masked_held(&w), eff_never()));
    (void)eff_test_fork(w.test, held(&w));
    (void)eff_test_fork(w.test, eff_async(stop_answering, eff_ptr(&k)));
    eff_test_adjust(w.test, eff_millis(1));
    struct eff_runtime *rt = eff_test_runtime(w.test);
    eff_runtime_shutdown(rt, NULL, NULL);
    eff_async_succeed(k, make_held(eff_ptr(&w)));
    eff_test_adjust(w.test, eff_millis(10));
    ck_assert_uint_eq(eff_runtime_n_fibers(rt), 0);
    drop_handles(&w);
    (void)eff_test_free(w.test);
    ck_assert_int_eq(w.n[6], 8);
    ck_assert_int_eq(w.n[7], 8);
}
END_TEST

/* ---- B32: racing anything that lives long; deferreds: test_deferred.c */

enum { ROUNDS = 100000, SETTLED = 1000 };

static eff_value_t measure(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    if (++w->n[0] == SETTLED) w->n[1] = blocks_live;
    if (w->n[0] == ROUNDS) w->n[2] = blocks_live;
    return eff_unit;
}
static eff_t *lose_to(struct world *w, eff_t *long_lived)
{
    eff_t *round = eff_race(long_lived, after(1, eff_sync(measure, eff_ptr(w))));
    return eff_repeat(round, eff_schedule_recurs(ROUNDS - 1));
}
static void check_flat(struct world *w, eff_t *e)
{
    ck_assert_succeeds(e, "unit");
    ck_assert_int_eq(w->n[0], ROUNDS);
    ck_assert_int_eq(w->n[2], w->n[1]);
    drop_handles(w);
}
START_TEST(B32_racing_a_long_lived_fiber_leaves_memory_flat)
{
    struct world w = { 0 };
    check_flat(&w, eff_then(keep(&w, 0, eff_fork(eff_never())), lose_to(&w, with_fiber(&w, 0, await))));
    memset(&w, 0, sizeof w);
    check_flat(&w, eff_then(keep(&w, 0, eff_fork(eff_never())), lose_to(&w, with_fiber(&w, 0, join))));
}
END_TEST
START_TEST(B32_racing_a_long_lived_queue_leaves_memory_flat)
{
    struct world w = { .queue = eff_queue_bounded(1) };
    check_flat(&w, lose_to(&w, eff_queue_take(w.queue)));
    w = (struct world){ .queue = eff_queue_bounded(1) };
    check_flat(&w, eff_then(eff_queue_offer(w.queue, eff_unit), lose_to(&w, eff_queue_offer(w.queue, eff_unit))));
}
END_TEST
START_TEST(B32_timing_out_a_long_lived_deferred_leaves_memory_flat)
{
    struct world w = { 0 };
    eff_t *round = eff_then(eff_timeout(await_latch(&w, 0), eff_millis(1)), eff_sync(measure, eff_ptr(&w)));
    check_flat(&w, eff_repeat(round, eff_schedule_recurs(ROUNDS - 1)));
}
END_TEST

/* Many wait; then all are interrupted, in the order of waiting or against it. Searching for each would take n * n. */
static int64_t time_to_leave(int n, bool backwards)
{
    static eff_fiber_t *fibers[100000];
    struct world w = { 0 };
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(eff_runtime_fork(rt, await_latch(&w, 0), NULL, NULL, &fibers[i]), 0);
    event_base_loop(base, EVLOOP_NONBLOCK);
    int64_t start = now_ns();
    for (int i = 0; i < n; i++)
        eff_runtime_interrupt(rt, fibers[backwards ? n - 1 - i : i]);
    event_base_loop(base, EVLOOP_NONBLOCK);
    int64_t took = now_ns() - start;
    ck_assert_uint_eq(eff_runtime_n_fibers(rt), 0);
    for (int i = 0; i < n; i++)
        eff_fiber_decref(fibers[i]);
    drop_handles(&w);
    eff_runtime_free(rt);
    event_base_free(base);
    return took;
}
START_TEST(B32_a_hundred_thousand_waiters_leave_in_any_order)
{
    for (int backwards = 0; backwards < 2; backwards++) {
        int64_t few = time_to_leave(10000, backwards), many = time_to_leave(100000, backwards);
        ck_assert_msg(many < INT64_C(2000000000) || many < 40 * few, "%s: 10000 in %d ms, 100000 in %d ms",
                      backwards ? "backwards" : "in order", (int)(few / 1000000), (int)(many / 1000000));
    }
}
END_TEST

static eff_value_t note_blocks(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    if (++w->n[0] == SETTLED) w->n[1] = blocks_live;
    w->n[2] = blocks_live;
    return eff_unit;
}
static eff_t *race_the_latch(eff_value_t item, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_race(await_latch(w, 0), after(1, eff_sync(note_blocks, eff_ptr(w))));
}
/* Each race leaves a waiter behind, which must be gone with it. */
START_TEST(B32_a_million_races_with_a_long_lived_deferred_leave_memory_flat)
{
    struct world w = { 0 };
    long rounds = test_scaled(1000000);
    if (rounds < SETTLED * 2) rounds = SETTLED * 2;
    eff_t *e = eff_for_each_discard(eff_range(0, rounds), race_the_latch, eff_ptr(&w));
    ck_assert_succeeds(e, "unit");
    ck_assert_int_eq(w.n[0], rounds);
    ck_assert_int_eq(w.n[1], w.n[2]);
    drop_handles(&w);
}
END_TEST

TESTS(B31_of_a_tie_in_a_race, B31_of_a_masked_loser, B31_of_a_timeout, B31_of_the_sides_of_a_group_that_fails,
      B31_of_the_items_of_a_group_that_fails, B31_of_a_deferred_with_an_interrupted_waiter, B31_of_a_queue,
      B31_at_shutdown, B32_racing_a_long_lived_fiber_leaves_memory_flat,
      B32_racing_a_long_lived_queue_leaves_memory_flat, B32_timing_out_a_long_lived_deferred_leaves_memory_flat,
      B32_a_hundred_thousand_waiters_leave_in_any_order,
      B32_a_million_races_with_a_long_lived_deferred_leave_memory_flat)
