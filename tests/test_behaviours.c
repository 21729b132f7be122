/* Behaviours that are easy to get wrong, as far as no other test pins them down. The names start with the row of the
 * table in tests/README.md, which lists the tests of all rows. */
#include <event2/event.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <effect/async.h>
#include <effect/gen.h>

#include "support/failing_allocator.h"
#include "support/fibers.h"

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
static eff_value_t plus_one(eff_value_t v, eff_value_t env)
{
    return eff_int(eff_as_int(v) + 1);
}
static eff_t *next(eff_value_t v, eff_value_t env)
{
    return one(eff_as_int(v) + 1);
}
/* Forks e, lets it begin, and after so many ms interrupts it and says how and when it ended. */
static eff_t *interrupted_after(struct world *w, int64_t n, eff_t *e)
{
    return in_order(keep(w, 0, eff_fork(e)), ms(n), say_interrupt(w, 0), say_time(w, "end"));
}

/* ---- B1: 10^6 and more, on 64 KiB of C stack. To either side with all built before it runs: test_core.c */

enum { DEEP = 1000000 };

static eff_t *maps_and_flat_maps(void)
{
    eff_t *e = one(0);
    for (int i = 0; i < DEEP; i++)
        e = eff_flat_map(eff_map(e, plus_one, eff_unit), next, eff_unit);
    return e;
}
static void run_maps_and_flat_maps(void)
{
    ck_assert_succeeds(maps_and_flat_maps(), "2000000");
}
START_TEST(B1_two_million_maps_and_flat_maps_in_turn)
{
    run_on_small_stack(run_maps_and_flat_maps);
}
END_TEST

static eff_t *go_on_with(eff_value_t v, eff_value_t rest)
{
    return eff_incref(eff_as_effect(rest));
}
static void free_what_never_ran(void)
{
    eff_decref(maps_and_flat_maps());
    eff_t *e = one(0);
    for (int i = 0; i < DEEP; i++)
        e = eff_flat_map(one(i), go_on_with, eff_effect_value(eff_map(e, plus_one, eff_unit)));
    eff_decref(e);
}
START_TEST(B1_what_never_ran_is_freed_to_either_side)
{
    run_on_small_stack(free_what_never_ran);
}
END_TEST

/* To the right, built while it runs; a map waits for the rest at every level. At the bottom: how to end. */
static eff_t *descend(eff_value_t v, eff_value_t bottom)
{
    int64_t n = eff_as_int(v);
    if (n == 0) return eff_incref(eff_as_effect(bottom));
    return eff_map(eff_flat_map(one(n - 1), descend, eff_value_incref(bottom)), plus_one, eff_unit);
}
static eff_t *million_deep(eff_t *bottom)
{
    return eff_flat_map(one(DEEP), descend, eff_effect_value(bottom));
}
static void run_to_the_right(void)
{
    ck_assert_succeeds(million_deep(one(0)), "1000000");
    ck_assert_fails(million_deep(failing(7)), "7");
    ck_assert_dies(million_deep(dying()), "boom");
    ck_assert_interrupted(million_deep(eff_interrupt_self()));
    ck_assert_succeeds(eff_timeout(million_deep(eff_never()), eff_millis(1)), "none");
}
START_TEST(B1_a_million_levels_built_while_running_return_fail_and_unwind)
{
    run_on_small_stack(run_to_the_right);
}
END_TEST

/* ---- B9: in a scope; for brackets FIN_014 */

static eff_t *scoped_acquire(struct world *w)
{
    eff_t *acquires = eff_acquire_release(after(10, acquire(w, "a")), release, eff_ptr(w));
    return interrupted_after(w, 5, eff_scoped(eff_then(acquires, say(w, "used"))));
}
CASE(B9_an_interruption_during_a_scoped_acquire_is_seen_after_it, scoped_acquire, .succeeds = "unit",
     .journal = "a+ a- interrupt end@10")

/* ---- B12 */

static eff_t *left_fails_first(struct world *w)
{
    return eff_zip_par(after(50, failing(7)), after(600, one(1)));
}
CASE(B12_zip_par_fails_when_the_first_side_fails, left_fails_first, .fails = "7", .timed = true, .ms = 50)

static eff_t *middle_fails_first(struct world *w)
{
    return eff_all_par(after(600, one(1)), after(50, failing(7)), after(100, failing(8)));
}
CASE(B12_all_par_fails_when_the_first_side_fails, middle_fails_first, .cause = "fail(7)", .timed = true, .ms = 50)

/* ---- B14: every combinator, interrupted at 1 ms and timed out at 1 ms; finalizers take 5 and 7 ms */

static eff_t *slow_to_end(struct world *w, int i)
{
    eff_t *finalizer = i == 0 ? after(5, say_time(w, "l")) : after(7, say_time(w, "r"));
    return eff_ensuring(eff_never(), finalizer);
}
static eff_t *slow_item(eff_value_t item, eff_value_t env)
{
    return slow_to_end(eff_as_ptr(env), (int)eff_as_int(item) % 2);
}
static eff_t *race_of_slow(struct world *w)
{
    return eff_race(slow_to_end(w, 0), slow_to_end(w, 1));
}
static eff_t *pair_of_slow(struct world *w)
{
    return eff_zip_par(slow_to_end(w, 0), slow_to_end(w, 1));
}
static eff_t *two_of_ten_slow(struct world *w)
{
    return eff_for_each_par(eff_range(0, 10), slow_item, eff_ptr(w), 2);
}
static eff_t *timed_out(struct world *w, eff_t *e)
{
    return eff_then(say_exit(w, eff_timeout(e, eff_millis(1))), say_time(w, "end"));
}
static eff_t *race_interrupted(struct world *w)
{
    return interrupted_after(w, 1, race_of_slow(w));
}
static eff_t *race_timed_out(struct world *w)
{
    return timed_out(w, race_of_slow(w));
}
static eff_t *pair_interrupted(struct world *w)
{
    return interrupted_after(w, 1, pair_of_slow(w));
}
static eff_t *pair_timed_out(struct world *w)
{
    return timed_out(w, pair_of_slow(w));
}
static eff_t *items_interrupted(struct world *w)
{
    return interrupted_after(w, 1, two_of_ten_slow(w));
}
static eff_t *items_timed_out(struct world *w)
{
    return timed_out(w, two_of_ten_slow(w));
}
#define INTERRUPTED .succeeds = "unit", .journal = "l@6 r@8 interrupt end@8"
#define TIMED_OUT .succeeds = "unit", .journal = "l@6 r@8 ok:none end@8"
CASE(B14_interrupting_a_race_waits_for_the_finalizers, race_interrupted, INTERRUPTED)
CASE(B14_timing_out_a_race_waits_for_the_finalizers, race_timed_out, TIMED_OUT)
CASE(B14_interrupting_zip_par_waits_for_the_finalizers, pair_interrupted, INTERRUPTED)
CASE(B14_timing_out_zip_par_waits_for_the_finalizers, pair_timed_out, TIMED_OUT)
CASE(B14_interrupting_for_each_par_waits_for_the_finalizers, items_interrupted, INTERRUPTED)
CASE(B14_timing_out_for_each_par_waits_for_the_finalizers, items_timed_out, TIMED_OUT)

/* ---- B15 */

static eff_t *nothing_much(eff_value_t item, eff_value_t env)
{
    switch (eff_as_int(item) % 4) {
    case 0: return eff_succeed(eff_ptr(NULL));
    case 1: return eff_noop();
    case 2: return yields(eff_succeed(eff_none()));
    default: return after(1, one(0));
    }
}
static eff_t *nothings(struct world *w)
{
    eff_t *each = eff_for_each(eff_range(0, 8), nothing_much, eff_unit);
    eff_t *two = eff_for_each_par(eff_range(0, 8), nothing_much, eff_unit, 2);
    return eff_zip(each, eff_zip(two, eff_for_each_par(eff_range(0, 8), nothing_much, eff_unit, 0)));
}
static void stands_in_place(eff_value_t results)
{
    ck_assert_uint_eq(eff_array_size(results), 8);
    for (size_t i = 0; i < 8; i += 4) {
        ck_assert(eff_value_is(eff_array_at(results, i), &eff_ptr_type));
        ck_assert_ptr_null(eff_as_ptr(eff_array_at(results, i)));
        ck_assert(eff_value_is(eff_array_at(results, i + 1), &eff_unit_type));
        ck_assert(eff_value_equal(eff_array_at(results, i + 2), eff_none()));
        ck_assert(eff_value_equal(eff_array_at(results, i + 3), eff_int(0)));
    }
}
static void all_in_place(struct world *w, const eff_exit_t *exit)
{
    ck_assert(exit->ok);
    stands_in_place(eff_first(exit->value));
    stands_in_place(eff_first(eff_second(exit->value)));
    stands_in_place(eff_second(eff_second(exit->value)));
}
CASE(B15_null_unit_none_and_zero_keep_their_places, nothings, .check = all_in_place)

/* ---- B18 */

static eff_t *finalizer_ok(const eff_exit_t *exit, eff_value_t env)
{
    return say(eff_as_ptr(env), "ok");
}
static eff_t *finalizer_fails(const eff_exit_t *exit, eff_value_t env)
{
    return eff_then(say(eff_as_ptr(env), "fails"), failing(2));
}
static eff_t *finalizer_dies(const eff_exit_t *exit, eff_value_t env)
{
    return eff_then(say(eff_as_ptr(env), "dies"), dying());
}
static eff_t *finalizer_is_slow(const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_then(ms(10), say_time(w, "slow"));
}
static eff_t *add_four(eff_value_t scope, eff_value_t env)
{
    eff_scope_t *s = eff_as_scope(scope);
    return in_order(eff_scope_add(s, finalizer_ok, env), eff_scope_add(s, finalizer_fails, env),
                    eff_scope_add(s, finalizer_dies, env), eff_scope_add(s, finalizer_is_slow, env));
}
static eff_t *scope_with_bad_finalizers(struct world *w)
{
    eff_t *scope = eff_scoped(eff_flat_map(eff_scope_current(), add_four, eff_ptr(w)));
    return interrupted_after(w, 5, scope);
}
/* The scope is closing when it is interrupted. */
CASE(B18_every_finalizer_runs_once_though_others_fail_and_closing_is_interrupted, scope_with_bad_finalizers,
     .succeeds = "unit", .journal = "slow@10 dies fails ok then(then(interrupt,die),fail:2) end@10")

static eff_t *add_late(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *e = eff_then(say(w, "closed"), eff_scope_add(eff_as_scope(scope), finalizer_ok, env));
    return eff_then(e, say(w, "added"));
}
static eff_t *adding_to_a_closed_scope(struct world *w)
{
    return eff_flat_map(eff_scoped(eff_scope_current()), add_late, eff_ptr(w));
}
CASE(B18_a_finalizer_for_a_closed_scope_runs_at_once, adding_to_a_closed_scope, .succeeds = "unit",
     .journal = "closed ok added")

/* ---- B25 */

START_TEST(B25_an_exponential_schedule_goes_on_beyond_step_1100)
{
    const double factors[] = { 2, 10, 1e300 };
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
        struct world w = { 0 };
        eff_schedule_t *s = eff_schedule_exponential(eff_nanos(1), factors[i]);
        eff_t *e = eff_repeat(count(&w, 0), eff_schedule_both(s, eff_schedule_recurs(1100)));
        eff_exit_t exit = eff_test_run(eff_then(e, eff_clock_now()));
        ck_assert(exit.ok);
        ck_assert_int_eq(eff_as_instant(exit.value).ns, INT64_MAX);
        ck_assert_int_eq(w.n[0], 1101);
        eff_exit_decref(exit);
    }
}
END_TEST

/* ---- B29 */

static eff_t *offer_next(eff_value_t n, eff_value_t env)
{
    return eff_queue_offer(eff_as_queue(env), eff_value_incref(n));
}
static eff_t *three_of_an_endless_source(struct world *w)
{
    w->queue = eff_queue_bounded(1);
    eff_value_t queue = w->queue ? eff_queue_value(eff_queue_incref(w->queue)) : eff_oom_value();
    eff_t *source = eff_forever(eff_flat_map(count(w, 0), offer_next, queue));
    eff_t *two = eff_zip(eff_queue_take(w->queue), eff_queue_take(w->queue));
    return eff_race(source, eff_zip(eff_queue_take(w->queue), two));
}
CASE(B29_three_of_an_endless_source_are_taken_and_it_ends, three_of_an_endless_source, .succeeds = "(1, (2, 3))")

static eff_t *endless_item(eff_value_t item, eff_value_t env)
{
    return eff_noop();
}
static eff_t *spin(eff_value_t v, eff_value_t env)
{
    return eff_flat_map(eff_noop(), spin, eff_unit);
}
static void answer_at_once(eff_async_t *k, eff_value_t env)
{
    eff_async_succeed(k, eff_unit);
}
static void go_on_with_itself(eff_async_t *k, eff_value_t env)
{
    eff_async_resume(k, eff_async(go_on_with_itself, eff_unit));
}
struct spinner {
    int64_t n;
};
static eff_t *spinner_step(struct spinner *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    for (;;) {
        EFF_AWAIT(eff_noop());
        s->n++;
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(spinner, struct spinner, spinner_step);
static eff_t *ping_pong(void)
{
    eff_queue_t *q = eff_queue_bounded(1);
    eff_t *e = eff_zip_par(eff_forever(eff_queue_offer(q, eff_unit)), eff_forever(eff_queue_take(q)));
    eff_queue_decref(q);
    return e;
}

enum { N_HOT_LOOPS = 19 };

static eff_t *hot_loop(int i)
{
    switch (i) {
    case 0: return eff_forever(eff_noop());
    case 1: return spin(eff_unit, eff_unit);
    case 2: return eff_for_each_discard(eff_range(0, INT64_MAX), endless_item, eff_unit);
    case 3: return eff_for_each_par_discard(eff_range(0, INT64_MAX), endless_item, eff_unit, 4);
    case 4: return eff_repeat(eff_noop(), eff_schedule_forever());
    case 5: return eff_retry(failing(1), eff_schedule_forever());
    case 6: return eff_forever(eff_yield_now());
    case 7: return eff_forever(ms(0));
    case 8: return eff_forever(eff_async(answer_at_once, eff_unit));
    case 9: return eff_async(go_on_with_itself, eff_unit);
    case 10: return spinner((struct spinner){ 0 });
    case 11: return eff_forever(eff_scoped(eff_fork(eff_noop())));
    case 12: return eff_forever(eff_scoped(eff_fork(eff_yield_now())));
    case 13: return eff_forever(eff_zip_par(eff_noop(), eff_yield_now()));
    case 14: return eff_forever(eff_race(eff_noop(), eff_never()));
    case 15: return eff_forever(eff_timeout(eff_noop(), eff_hours(1)));
    case 16: return eff_forever(eff_uninterruptible(eff_noop()));
    case 17: return eff_forever(eff_ignore(eff_ensuring(failing(1), eff_noop())));
    default: return ping_pong();
    }
}

static void answer_when_readable(evutil_socket_t fd, short what, void *k)
{
    eff_async_succeed(k, eff_int(2));
}
static void wait_readable(eff_async_t *k, eff_value_t env)
{
    evutil_socket_t fd = (evutil_socket_t)eff_as_int(env);
    if (event_base_once(eff_event_base(), fd, EV_READ, answer_when_readable, k, NULL) != 0)
        eff_async_fail(k, eff_literal("event_base_once"));
}

static void beside_a_timer(int i)
{
    eff_t *e = eff_race(hot_loop(i), after(2, one(1)));
    ck_assert_exit_(__FILE__, __LINE__, eff_run(e), "succeeds", "1");
}
START_TEST(B29_no_hot_loop_starves_timers)
{
    for (int i = 0; i < N_HOT_LOOPS; i++)
        beside_a_timer(i);
}
END_TEST

static void beside_a_descriptor(int i)
{
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    eff_t *reads = eff_async(wait_readable, eff_int(fds[0]));
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    eff_exit_t exit = eff_run(eff_race(hot_loop(i), reads));
    ck_assert_exit_(__FILE__, __LINE__, exit, "succeeds", "2");
    close(fds[0]);
    close(fds[1]);
}
START_TEST(B29_no_hot_loop_starves_io)
{
    for (int i = 0; i < N_HOT_LOOPS; i++)
        beside_a_descriptor(i);
}
END_TEST

/* On the host's loop: neither its timers and descriptors, nor the runtime's. */
static void note_event(evutil_socket_t fd, short what, void *arg)
{
    journal_add(arg, what & EV_READ ? "host-io" : "host-timer");
}
static void on_a_foreign_loop(int i)
{
    struct world w = { 0 };
    int fds[2];
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    eff_fiber_t *hot, *sleeper, *reader;
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(eff_runtime_fork(rt, hot_loop(i), NULL, NULL, &hot), 0);
    ck_assert_int_eq(eff_runtime_fork(rt, ms(2), NULL, NULL, &sleeper), 0);
    ck_assert_int_eq(eff_runtime_fork(rt, eff_async(wait_readable, eff_int(fds[0])), NULL, NULL, &reader), 0);
    ck_assert_int_eq(event_base_once(base, fds[0], EV_READ, note_event, &w, NULL), 0);
    ck_assert_int_eq(event_base_once(base, -1, EV_TIMEOUT, note_event, &w, &(struct timeval){ 0, 2000 }), 0);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    int64_t until = now_ns() + INT64_C(20000000000);
    while (now_ns() < until && !(strstr(w.journal, "host-io") && strstr(w.journal, "host-timer") &&
                                 eff_fiber_poll(sleeper) && eff_fiber_poll(reader)))
        event_base_loop(base, EVLOOP_ONCE);
    ck_assert_ptr_nonnull(eff_fiber_poll(sleeper));
    ck_assert_ptr_nonnull(eff_fiber_poll(reader));
    ck_assert_ptr_nonnull(strstr(w.journal, "host-io"));
    ck_assert_ptr_nonnull(strstr(w.journal, "host-timer"));
    eff_runtime_interrupt(rt, hot);
    event_base_dispatch(base);
    ck_assert(eff_cause_is_interrupted(eff_fiber_poll(hot)->cause));
    eff_fiber_decref(hot);
    eff_fiber_decref(sleeper);
    eff_fiber_decref(reader);
    eff_runtime_free(rt);
    event_base_free(base);
    close(fds[0]);
    close(fds[1]);
}
START_TEST(B29_no_hot_loop_starves_a_foreign_loop)
{
    for (int i = 0; i < N_HOT_LOOPS; i++)
        on_a_foreign_loop(i);
}
END_TEST

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

/* ---- B34 */

struct watch {
    struct event *event;
};
static void end_watch(struct watch *watch)
{
    if (watch->event) event_free(watch->event);
    watch->event = NULL;
}
static eff_cancel_t unwatch(eff_async_t *k, void *arg)
{
    end_watch(arg);
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}
static void watch_until_cancelled(eff_async_t *k, eff_value_t env)
{
    int *read_end = eff_as_ptr(eff_first(env));
    struct watch *watch = eff_as_ptr(eff_second(env));
    watch->event = event_new(eff_event_base(), *read_end, EV_READ, answer_when_readable, k);
    ck_assert_int_eq(event_add(watch->event, NULL), 0);
    eff_async_on_cancel(k, unwatch, watch);
}
/* A loop that others would keep for an hour returns as soon as their work was cancelled, with no event left. */
START_TEST(B34_timers_and_watches_of_cancelled_work_do_not_keep_the_loop)
{
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    struct watch watch = { 0 };
    int fds[2], n_idle = event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED);
    int64_t start = now_ns();
    ck_assert_int_eq(pipe(fds), 0);
    for (int i = 0; i < 5; i++) {
        eff_t *hour = eff_sleep(eff_hours(1));
        eff_t *waits = eff_zip_par(hour, eff_async(watch_until_cancelled, eff_pair(eff_ptr(&fds[0]), eff_ptr(&watch))));
        eff_fiber_t *fiber;
        eff_t *e = i == 0   ? waits
                   : i == 1 ? eff_race(waits, after(1, one(1)))
                   : i == 2 ? eff_zip_par(waits, after(1, failing(1)))
                   : i == 3 ? eff_timeout(waits, eff_millis(1))
                            : eff_scoped(eff_then(eff_fork(waits), ms(1)));
        if (i == 2) e = eff_ignore(e);
        if (i == 3) e = eff_timeout(e, eff_hours(2));
        ck_assert_int_eq(eff_runtime_fork(rt, e, NULL, NULL, &fiber), 0);
        if (i == 0) {
            event_base_loop(base, EVLOOP_NONBLOCK);
            ck_assert_ptr_nonnull(watch.event);
            eff_runtime_interrupt(rt, fiber);
        }
        ck_assert_int_ge(event_base_dispatch(base), 0);
        ck_assert_ptr_null(watch.event);
        ck_assert_ptr_nonnull(eff_fiber_poll(fiber));
        ck_assert_int_eq(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), n_idle);
        eff_fiber_decref(fiber);
    }
    ck_assert_int_lt(now_ns() - start, INT64_C(60000000000));
    eff_runtime_free(rt);
    event_base_free(base);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

/* ---- B35 */

struct found {
    struct event *events[8];
    int n;
};
static int find_timeouts(const struct event_base *base, const struct event *event, void *arg)
{
    struct found *found = arg;
    if (event_pending(event, EV_TIMEOUT, NULL) && found->n < 8)
        found->events[found->n++] = (struct event *)(uintptr_t)event;
    return 0;
}
static void note_deadline(const eff_exit_t *exit, void *arg)
{
    *(int64_t *)arg = now_ns();
}
/* Whatever events the runtime has on the loop are made active early, again and again. */
START_TEST(B35_a_timer_event_that_comes_early_wakes_nobody)
{
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    int64_t ended = 0, start = now_ns(), n_early = 0;
    ck_assert_int_eq(eff_runtime_fork(rt, ms(20), note_deadline, &ended, NULL), 0);
    while (!ended) {
        struct found found = { 0 };
        event_base_loop(base, EVLOOP_NONBLOCK);
        event_base_foreach_event(base, find_timeouts, &found);
        for (int i = 0; i < found.n; i++)
            event_active(found.events[i], EV_TIMEOUT, 1);
        n_early += found.n;
        ck_assert_int_lt(now_ns() - start, INT64_C(20000000000));
    }
    ck_assert_int_gt(n_early, 0);
    ck_assert_int_ge(ended - start, 20000000);
    eff_runtime_free(rt);
    event_base_free(base);
}
END_TEST

/* The loop's cached time is old when the sleep begins, so that its timer is due too early. */
struct late_start {
    eff_runtime_t *rt;
    int64_t began, ended;
};
static void spin_then_sleep(evutil_socket_t fd, short what, void *arg)
{
    struct late_start *late = arg;
    int64_t until = now_ns() + 20000000;
    while (now_ns() < until)
        continue;
    late->began = now_ns();
    ck_assert_int_eq(eff_runtime_fork(late->rt, ms(10), note_deadline, &late->ended, NULL), 0);
}
START_TEST(B35_a_loop_whose_time_is_old_wakes_nobody_early)
{
    struct event_base *base = event_base_new();
    struct late_start late = { .rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base }) };
    ck_assert_int_eq(event_base_once(base, -1, EV_TIMEOUT, spin_then_sleep, &late, &(struct timeval){ 0, 0 }), 0);
    ck_assert_int_ge(event_base_dispatch(base), 0);
    ck_assert_int_gt(late.ended, 0);
    ck_assert_int_ge(late.ended - late.began, 10000000);
    eff_runtime_free(late.rt);
    event_base_free(base);
}
END_TEST

/* ---- B36: on 64 KiB of C stack */

static eff_t *answered_item(eff_value_t item, eff_value_t env)
{
    return eff_async(answer_at_once, eff_unit);
}
static void count_down(eff_async_t *k, eff_value_t env)
{
    int64_t n = eff_as_int(env);
    eff_async_resume(k, n ? eff_async(count_down, eff_int(n - 1)) : one(7));
}
static void run_answers(void)
{
    ck_assert_succeeds(eff_for_each_discard(eff_range(0, DEEP), answered_item, eff_unit), "unit");
    ck_assert_succeeds(eff_async(count_down, eff_int(DEEP)), "7");
}
START_TEST(B36_a_million_answers_in_start)
{
    run_on_small_stack(run_answers);
}
END_TEST

static eff_t *offer_item(eff_value_t item, eff_value_t env)
{
    return eff_queue_offer(eff_as_queue(env), eff_value_incref(item));
}
static eff_t *take_item(eff_value_t item, eff_value_t env)
{
    return eff_queue_take(eff_as_queue(env));
}
static void run_wake_ups(void)
{
    eff_queue_t *q = eff_queue_bounded(1);
    eff_value_t v = eff_queue_value(q);
    eff_t *offers = eff_for_each_discard(eff_range(0, DEEP), offer_item, eff_value_incref(v));
    eff_t *takes = eff_for_each_discard(eff_range(0, DEEP), take_item, v);
    ck_assert_exit_(__FILE__, __LINE__, eff_run(eff_zip_par(offers, takes)), "succeeds", "(unit, unit)");
    eff_t *yielding = eff_repeat(eff_yield_now(), eff_schedule_recurs(DEEP));
    ck_assert_exit_(__FILE__, __LINE__, eff_run(yielding), "succeeds", "unit");
}
START_TEST(B36_a_million_wake_ups)
{
    run_on_small_stack(run_wake_ups);
}
END_TEST

/* Each fiber of a chain waits, and then wakes the next one. */
enum { CHAIN = 100000 };
static eff_deferred_t *links[CHAIN + 1];
static eff_async_t *handles[CHAIN + 1];

static eff_t *deferred_link(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    return eff_then(eff_deferred_await(links[i]), eff_deferred_succeed(links[i + 1], eff_unit));
}
static void keep_handle(eff_async_t *k, eff_value_t env)
{
    handles[eff_as_int(env)] = k;
}
static eff_value_t answer_handle(eff_value_t env)
{
    int64_t i = eff_as_int(env);
    if (i < CHAIN) eff_async_succeed(handles[i], eff_unit);
    return eff_unit;
}
static eff_t *async_link(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    return eff_then(eff_async(keep_handle, eff_int(i)), eff_sync(answer_handle, eff_int(i + 1)));
}
static void run_cascades(void)
{
    for (int i = 0; i <= CHAIN; i++)
        links[i] = eff_deferred_new();
    eff_t *chain = eff_for_each_par_discard(eff_range(0, CHAIN), deferred_link, eff_unit, 0);
    ck_assert_succeeds(eff_zip_par(chain, eff_deferred_succeed(links[0], eff_unit)), "(unit, true)");
    for (int i = 0; i <= CHAIN; i++)
        eff_deferred_decref(links[i]);
    chain = eff_for_each_par_discard(eff_range(0, CHAIN), async_link, eff_unit, 0);
    ck_assert_succeeds(eff_zip_par(chain, eff_sync(answer_handle, eff_int(0))), "(unit, unit)");
}
START_TEST(B36_a_hundred_thousand_fibers_wake_each_other)
{
    run_on_small_stack(run_cascades);
}
END_TEST

/* Groups in groups: they start, end, fail, and are interrupted. */
static eff_t *races(eff_t *e, int n)
{
    for (int i = 0; i < n; i++)
        e = eff_race(eff_never(), e);
    return e;
}
static eff_t *pairs(eff_t *e, int n)
{
    for (int i = 0; i < n; i++)
        e = eff_map_to(eff_zip_par(eff_noop(), e), eff_unit);
    return e;
}
static eff_t *timeouts(eff_t *e, int n)
{
    for (int i = 0; i < n; i++)
        e = eff_timeout_to(e, eff_hours(1), eff_noop());
    return e;
}
static void run_nested(void)
{
    eff_t *(*const nests[])(eff_t *, int) = { races, pairs, timeouts };
    for (int i = 0; i < 3; i++) {
        ck_assert_succeeds(nests[i](eff_noop(), CHAIN), "unit");
        ck_assert_succeeds(nests[i](eff_yield_now(), CHAIN), "unit");
        ck_assert_succeeds(eff_race_first(nests[i](eff_never(), CHAIN), ms(1)), "unit");
        /* Fewer: with every level that a defect leaves, its trace is looked through to the outermost fork. */
        if (i > 0) ck_assert_dies(nests[i](yields(dying()), CHAIN / 20), "boom");
    }
}
START_TEST(B36_a_hundred_thousand_nested_groups)
{
    run_on_small_stack(run_nested);
}
END_TEST

/* Fibers that fork the next one: the last ends all, or the first is interrupted. */
static eff_t *fork_next(eff_value_t env)
{
    int64_t n = eff_as_int(env);
    return n ? eff_then(eff_fork(eff_suspend(fork_next, eff_int(n - 1))), eff_never()) : eff_never();
}
static void run_forks(void)
{
    ck_assert_succeeds(eff_race_first(eff_suspend(fork_next, eff_int(CHAIN)), ms(1)), "unit");
}
START_TEST(B36_a_hundred_thousand_generations_end)
{
    run_on_small_stack(run_forks);
}
END_TEST

TESTS(B1_two_million_maps_and_flat_maps_in_turn, B1_what_never_ran_is_freed_to_either_side,
      B1_a_million_levels_built_while_running_return_fail_and_unwind,
      B9_an_interruption_during_a_scoped_acquire_is_seen_after_it, B12_zip_par_fails_when_the_first_side_fails,
      B12_all_par_fails_when_the_first_side_fails, B14_interrupting_a_race_waits_for_the_finalizers,
      B14_timing_out_a_race_waits_for_the_finalizers, B14_interrupting_zip_par_waits_for_the_finalizers,
      B14_timing_out_zip_par_waits_for_the_finalizers, B14_interrupting_for_each_par_waits_for_the_finalizers,
      B14_timing_out_for_each_par_waits_for_the_finalizers, B15_null_unit_none_and_zero_keep_their_places,
      B18_every_finalizer_runs_once_though_others_fail_and_closing_is_interrupted,
      B18_a_finalizer_for_a_closed_scope_runs_at_once, B25_an_exponential_schedule_goes_on_beyond_step_1100,
      B29_three_of_an_endless_source_are_taken_and_it_ends, B29_no_hot_loop_starves_timers, B29_no_hot_loop_starves_io,
      B29_no_hot_loop_starves_a_foreign_loop, B31_of_a_tie_in_a_race, B31_of_a_masked_loser, B31_of_a_timeout,
      B31_of_the_sides_of_a_group_that_fails, B31_of_the_items_of_a_group_that_fails,
      B31_of_a_deferred_with_an_interrupted_waiter, B31_of_a_queue, B31_at_shutdown,
      B32_racing_a_long_lived_fiber_leaves_memory_flat, B32_racing_a_long_lived_queue_leaves_memory_flat,
      B32_timing_out_a_long_lived_deferred_leaves_memory_flat, B32_a_hundred_thousand_waiters_leave_in_any_order,
      B34_timers_and_watches_of_cancelled_work_do_not_keep_the_loop, B35_a_timer_event_that_comes_early_wakes_nobody,
      B35_a_loop_whose_time_is_old_wakes_nobody_early, B36_a_million_answers_in_start, B36_a_million_wake_ups,
      B36_a_hundred_thousand_fibers_wake_each_other, B36_a_hundred_thousand_nested_groups,
      B36_a_hundred_thousand_generations_end)
