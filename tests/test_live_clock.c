/* The live clock: the only tests that really wait, a few milliseconds each. Upper bounds are generous, for slow machines;
 * lower bounds are exact, for a timer never fires early (B35). */
#include <event2/event.h>
#include <time.h>

#include "support/fibers.h"

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Runs e and checks how it ended, and that it took at least so many ms and not many more. */
static void check_takes(eff_t *e, int64_t at_least_ms, const char *shape)
{
    int64_t start = now_ns();
    eff_exit_t exit = eff_run(e);
    int64_t took = now_ns() - start;
    ck_assert_str_eq(shape_of(&exit), shape);
    ck_assert_int_ge(took, at_least_ms * 1000000);
    ck_assert_int_lt(took, (at_least_ms + 5000) * 1000000);
    eff_exit_decref(exit);
}

START_TEST(a_sleep_takes_its_time_and_is_never_early)
{
    for (int64_t n = 1; n <= 4; n++)
        check_takes(ms(n), n, "ok(unit)");
}
END_TEST

/* Plain C that takes 3 ms, and then notes the time. */
static eff_value_t work_3_ms(eff_value_t noted)
{
    int64_t *at = (int64_t *)eff_as_ptr(noted), began = now_ns();
    while (now_ns() - began < 3000000)
        continue;
    *at = now_ns();
    return eff_unit;
}
START_TEST(a_sleep_after_long_work_in_the_same_turn_is_not_cut_short)
{
    int64_t from = 0;
    eff_t *e = eff_then(eff_clock_now(), eff_sync(work_3_ms, eff_ptr(&from)));
    eff_exit_decref(eff_run(eff_then(e, eff_sleep(eff_millis(2)))));
    ck_assert_int_ge(now_ns() - from, 2000000);
}
END_TEST

START_TEST(a_sleep_of_less_than_a_tick_is_never_early)
{
    int64_t start = now_ns();
    eff_exit_decref(eff_run(eff_sleep(eff_micros(300))));
    ck_assert_int_ge(now_ns() - start, 300000);
}
END_TEST

START_TEST(a_timeout_fires_and_interrupts)
{
    check_takes(eff_timeout(eff_never(), eff_millis(5)), 5, "ok(none)");
}
END_TEST

START_TEST(a_limit_is_kept_and_never_early)
{
    check_takes(eff_within_at("a", eff_never(), eff_millis(5)), 5, "fail(timed out: not done within 5ms (a))");
    eff_t *inner = eff_within_at("inner", eff_never(), eff_seconds(50));
    check_takes(eff_within_at("outer", inner, eff_millis(5)), 5, "fail(timed out: not done within 5ms (outer))");
}
END_TEST

START_TEST(parallel_sleeps_take_the_longest)
{
    check_takes(eff_zip_par(ms(8), eff_zip_par(ms(3), ms(5))), 8, "ok((unit, (unit, unit)))");
}
END_TEST

START_TEST(a_long_sleep_that_loses_is_not_waited_for)
{
    check_takes(eff_race(eff_sleep(eff_hours(1)), after(2, one(1))), 2, "ok(1)");
}
END_TEST

START_TEST(a_sleep_for_ever_can_be_timed_out)
{
    check_takes(eff_timeout(eff_sleep(eff_duration_max), eff_millis(3)), 3, "ok(none)");
}
END_TEST

START_TEST(sleepers_wake_by_deadline)
{
    struct world w = { 0 };
    eff_t *e = eff_zip_par(after(9, say(&w, "c")), eff_zip_par(after(3, say(&w, "a")), after(6, say(&w, "b"))));
    check_takes(e, 9, "ok((unit, (unit, unit)))");
    ck_assert_journal(&w, "a b c");
}
END_TEST

/* CLOCK-018: elapsed time is that of a monotonic clock, and agrees with the one outside. */
START_TEST(timed_agrees_with_the_monotonic_clock)
{
    int64_t start = now_ns();
    eff_exit_t exit = eff_run(eff_timed(ms(5)));
    int64_t around = now_ns() - start;
    ck_assert(exit.ok);
    int64_t took = eff_as_duration(eff_first(exit.value)).ns;
    ck_assert_int_ge(took, 5000000);
    ck_assert_int_le(took, around);
    eff_exit_decref(exit);
}
END_TEST

START_TEST(a_repeated_sleep_does_not_drift_early)
{
    check_takes(eff_repeat(ms(2), eff_schedule_recurs(3)), 8, "ok(unit)");
}
END_TEST

/* ---- on the caller's loop */

START_TEST(a_sleep_on_a_foreign_loop_takes_its_time)
{
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    struct world w = { 0 };
    int64_t start = now_ns();
    ck_assert_int_eq(eff_runtime_fork(rt, after(5, say(&w, "b")), NULL, NULL, NULL), 0);
    ck_assert_int_eq(eff_runtime_fork(rt, after(2, say(&w, "a")), NULL, NULL, NULL), 0);
    event_base_dispatch(base);
    ck_assert_int_ge(now_ns() - start, 5000000);
    ck_assert_journal(&w, "a b");
    eff_runtime_free(rt);
    event_base_free(base);
}
END_TEST

/* B34: the timer of cancelled work is gone at once, and the loop returns. */
START_TEST(an_interrupted_sleep_does_not_keep_a_foreign_loop)
{
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    eff_fiber_t *fiber;
    int64_t start = now_ns();
    ck_assert_int_eq(eff_runtime_fork(rt, eff_sleep(eff_hours(1)), NULL, NULL, &fiber), 0);
    event_base_loop(base, EVLOOP_NONBLOCK);
    eff_runtime_interrupt(rt, fiber);
    event_base_dispatch(base);
    ck_assert_str_eq(shape_of(eff_fiber_poll(fiber)), "interrupt");
    ck_assert_int_lt(now_ns() - start, INT64_C(60000000000));
    eff_fiber_decref(fiber);
    eff_runtime_free(rt);
    event_base_free(base);
}
END_TEST

struct waits {
    eff_duration_t waited, due_in;
};
static bool note_waits(const eff_fiber_info_t *f, void *arg)
{
    struct waits *waits = arg;
    if (f->id == 2) waits->waited = f->waited;
    if (f->id == 3 && f->has_timer) waits->due_in = f->due_in;
    return true;
}
static eff_value_t look_at_fibers(eff_value_t waits)
{
    ck_assert_uint_eq(eff_runtime_each_fiber(eff_runtime_current(), note_waits, eff_as_ptr(waits)), 3);
    return eff_unit;
}
START_TEST(fibers_are_known_to_wait_since_when_and_until_when)
{
    struct waits waits = { { 0 }, { 0 } };
    eff_t *forks = eff_then(eff_fork(eff_never()), eff_fork(eff_sleep(eff_hours(1))));
    eff_exit_decref(eff_run(in_order(forks, ms(5), eff_sync(look_at_fibers, eff_ptr(&waits)))));
    ck_assert_int_ge(waits.waited.ns, 5000000);
    ck_assert_int_lt(waits.waited.ns, INT64_C(60000000000));
    ck_assert_int_le(waits.due_in.ns, INT64_C(3600000000000) - 5000000);
    ck_assert_int_gt(waits.due_in.ns, INT64_C(3540000000000));
}
END_TEST

TESTS(fibers_are_known_to_wait_since_when_and_until_when, a_sleep_takes_its_time_and_is_never_early,
      a_sleep_after_long_work_in_the_same_turn_is_not_cut_short, a_sleep_of_less_than_a_tick_is_never_early,
      a_timeout_fires_and_interrupts, a_limit_is_kept_and_never_early, parallel_sleeps_take_the_longest,
      a_long_sleep_that_loses_is_not_waited_for, a_sleep_for_ever_can_be_timed_out, sleepers_wake_by_deadline,
      timed_agrees_with_the_monotonic_clock, a_repeated_sleep_does_not_drift_early,
      a_sleep_on_a_foreign_loop_takes_its_time, an_interrupted_sleep_does_not_keep_a_foreign_loop)
