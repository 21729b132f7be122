/* Behaviours that are easy to get wrong: hot loops. The names start with the row of the table in tests/README.md. */
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

TESTS(B29_three_of_an_endless_source_are_taken_and_it_ends, B29_no_hot_loop_starves_timers, B29_no_hot_loop_starves_io,
      B29_no_hot_loop_starves_a_foreign_loop)
