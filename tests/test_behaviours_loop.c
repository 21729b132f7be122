/* Behaviours that are easy to get wrong: time, timers and the loop. The names start with the row of the table in tests/README.md. */
#include <event2/event.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <effect/async.h>
#include <effect/gen.h>

#include "support/fibers.h"

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

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

/* ---- B34 */

static void answer_when_readable(evutil_socket_t fd, short what, void *k)
{
    eff_async_succeed(k, eff_int(2));
}
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

TESTS(B25_an_exponential_schedule_goes_on_beyond_step_1100,
      B34_timers_and_watches_of_cancelled_work_do_not_keep_the_loop, B35_a_timer_event_that_comes_early_wakes_nobody,
      B35_a_loop_whose_time_is_old_wakes_nobody_early)
