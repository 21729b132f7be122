/* Fibers that are fed by plain C: offering, taking and completing without an effect, from callbacks of fibers and from
 * events of the loop. */
#include <errno.h>
#include <pthread.h>

#include <event2/event.h>

#include "core/memory.h"
#include "support/fibers.h"

/* ---- from callbacks of fibers */

static eff_queue_t *queue(struct world *w, size_t capacity)
{
    if (!w->queue) w->queue = eff_queue_bounded(capacity);
    return w->queue;
}

/* Offers 1, 2, 3 at once, saying what came of each. */
static eff_value_t offer_three(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    for (int i = 1; i <= 3; i++) {
        switch (eff_queue_try_offer(w->queue, eff_int(i))) {
        case 0: journal_add(w, "in"); break;
        case -EAGAIN: journal_add(w, "full"); break;
        case -EPIPE: journal_add(w, "closed"); break;
        case -ENOMEM: return eff_oom_value();
        default: journal_add(w, "?");
        }
    }
    return eff_unit;
}

static eff_t *take(struct world *w)
{
    return say_exit(w, eff_queue_take(w->queue));
}

static eff_t *full(struct world *w)
{
    (void)queue(w, 2);
    return in_order(eff_sync(offer_three, eff_ptr(w)), take(w), take(w));
}
CASE(what_does_not_fit_is_refused, full, .succeeds = "unit", .journal = "in in full ok:1 ok:2")

static eff_t *closed(struct world *w)
{
    return in_order(eff_queue_end(queue(w, 2)), eff_sync(offer_three, eff_ptr(w)));
}
CASE(a_closed_queue_refuses, closed, .succeeds = "unit", .journal = "closed closed closed")

/* One taker waits: the first item is handed to it, and the queue has room for two more. */
static eff_t *taker_waits(struct world *w)
{
    (void)queue(w, 2);
    eff_t *feed = eff_then(eff_yield_now(), eff_sync(offer_three, eff_ptr(w)));
    return eff_then(eff_zip_par(take(w), feed), eff_then(take(w), take(w)));
}
CASE(a_waiting_taker_is_handed_the_first, taker_waits, .succeeds = "unit", .journal = "in in in ok:1 ok:2 ok:3",
     .without = NO_BUDGETS /* it may not wait yet */)

static eff_value_t take_all(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_value_t item;
    while (eff_queue_try_take(w->queue, &item)) {
        char word[16];
        snprintf(word, sizeof word, "%d", (int)eff_as_int(item));
        journal_add(w, word);
        eff_value_decref(item);
    }
    return eff_unit;
}

/* Two offers wait; as plain C empties the queue, each gets its room. */
static eff_t *offers_wait(struct world *w)
{
    eff_queue_t *q = queue(w, 1);
    eff_t *offers =
        eff_all_par(eff_queue_offer(q, eff_int(1)), eff_queue_offer(q, eff_int(2)), eff_queue_offer(q, eff_int(3)),
                    eff_then(eff_yield_now(), eff_sync(take_all, eff_ptr(w))));
    return eff_then(eff_then(offers, say(w, "end")), eff_sync(take_all, eff_ptr(w)));
}
CASE(waiting_offers_get_the_room_that_taking_makes, offers_wait, .succeeds = "unit", .journal = "1 2 3 end")

/* A taker that is interrupted before it sees what plain C handed it leaves it for the next. */
static eff_t *interrupted_taker(struct world *w)
{
    (void)queue(w, 3);
    eff_t *feed = eff_then(eff_sync(offer_three, eff_ptr(w)), with_fiber(w, 0, interrupt));
    return in_order(keep(w, 0, eff_fork(take(w))), eff_yield_now(), feed, take(w), take(w), take(w));
}
CASE(an_interrupted_taker_gives_back_what_it_was_handed, interrupted_taker, .succeeds = "unit",
     .journal = "in in in ok:1 ok:2 ok:3", .without = NO_BUDGETS /* it may have had its turn */)

static eff_value_t complete_twice(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    journal_add(w, eff_deferred_complete(w->deferreds[0], eff_exit_succeed(eff_int(7))) ? "first" : "no");
    journal_add(w, eff_deferred_complete(w->deferreds[0], eff_exit_succeed(eff_string("late"))) ? "again?" : "no");
    return eff_unit;
}

static eff_t *two_wait(struct world *w)
{
    eff_t *waiters = eff_zip_par(say_exit(w, await_latch(w, 0)), say_exit(w, await_latch(w, 0)));
    return eff_zip_par(waiters, eff_then(eff_yield_now(), eff_sync(complete_twice, eff_ptr(w))));
}
/* Without memory for the latch nobody waits, and completing answers "no". */
CASE(completing_wakes_all_who_wait_once, two_wait, .succeeds = "((unit, unit), unit)", .journal = "first no ok:7 ok:7")

static eff_value_t fail_it(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    (void)eff_deferred_complete(w->deferreds[0], eff_exit_fail_cause(eff_cause_fail(eff_int(3))));
    return eff_unit;
}

static eff_t *fails(struct world *w)
{
    eff_t *e = await_latch(w, 0);
    return eff_then(eff_sync(fail_it, eff_ptr(w)), e);
}
CASE(completing_with_a_cause_fails_those_who_wait, fails, .fails = "3")

/* ---- from events of the loop */

struct feeder {
    struct event *event;
    eff_queue_t *queue;
    eff_deferred_t *deferred;
    int n;
};

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct feeder *s = arg;
    if (s->n < 3) {
        ck_assert_int_eq(eff_queue_try_offer(s->queue, eff_int(++s->n)), 0);
        return;
    }
    event_del(s->event);
    ck_assert(eff_deferred_complete(s->deferred, eff_exit_succeed(eff_literal("done"))));
}

static eff_value_t add(eff_value_t sum, eff_value_t n, eff_value_t env)
{
    (void)env;
    return eff_int(eff_as_int(sum) + eff_as_int(n));
}

static eff_t *three_then_done(struct feeder *s)
{
    eff_t *e = eff_queue_take(s->queue);
    e = eff_zip_with(e, eff_queue_take(s->queue), add, eff_unit);
    e = eff_zip_with(e, eff_queue_take(s->queue), add, eff_unit);
    return eff_external(eff_zip(e, eff_deferred_await(s->deferred)));
}

static void keep_exit(const eff_exit_t *exit, void *arg)
{
    eff_buffer_t *text = arg;
    eff_exit_format(exit, text);
}

START_TEST(events_of_the_callers_loop_feed_fibers)
{
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    struct feeder s = { .queue = eff_queue_bounded(1), .deferred = eff_deferred_new() };
    s.event = event_new(base, -1, EV_PERSIST, on_timer, &s);
    event_add(s.event, &(struct timeval){ .tv_usec = 500 });
    eff_buffer_t text = EFF_BUFFER_INIT;
    ck_assert_int_eq(eff_runtime_fork(rt, three_then_done(&s), keep_exit, &text, NULL), 0);
    event_base_dispatch(base);
    ck_assert_str_eq(eff_buffer_text(&text), "success: (6, \"done\")");
    eff_buffer_done(&text);
    event_free(s.event);
    eff_queue_decref(s.queue);
    eff_deferred_decref(s.deferred);
    eff_runtime_free(rt);
    event_base_free(base);
}
END_TEST

static eff_t *start_feeding(eff_value_t env)
{
    struct feeder *s = eff_as_ptr(env);
    s->event = event_new(eff_event_base(), -1, EV_PERSIST, on_timer, s);
    event_add(s->event, &(struct timeval){ .tv_usec = 500 });
    return three_then_done(s);
}

START_TEST(events_feed_fibers_of_a_loop_of_the_librarys_own)
{
    struct feeder s = { .queue = eff_queue_bounded(1), .deferred = eff_deferred_new() };
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_exit_t exit = eff_runtime_run(rt, eff_suspend(start_feeding, eff_ptr(&s)));
    ck_assert(exit.ok);
    ck_assert_int_eq(eff_as_int(eff_first(exit.value)), 6);
    eff_exit_decref(exit);
    event_free(s.event);
    eff_queue_decref(s.queue);
    eff_deferred_decref(s.deferred);
    eff_runtime_free(rt);
}
END_TEST

/* ---- mistakes */

static char misuse[512];
static void keep_misuse(const char *message, void *arg)
{
    (void)arg;
    snprintf(misuse, sizeof misuse, "%s", message);
}

static void *from_elsewhere(void *arg)
{
    struct feeder *s = arg;
    eff_value_t item = eff_unit;
    ck_assert_int_eq(eff_queue_try_offer(s->queue, eff_string("lost")), -EINVAL);
    ck_assert_str_eq(misuse, "eff_queue_try_offer was called on another thread than that of the queue's runtime");
    ck_assert(!eff_queue_try_take(s->queue, &item));
    ck_assert(!eff_deferred_complete(s->deferred, eff_exit_succeed(eff_string("lost"))));
    ck_assert_str_eq(misuse, "eff_deferred_complete was called on another thread than that of the deferred's runtime");
    return NULL;
}

START_TEST(another_thread_is_refused)
{
    struct feeder s = { .queue = eff_queue_bounded(1), .deferred = eff_deferred_new() };
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_t *use = eff_then(eff_queue_offer(s.queue, eff_unit), eff_queue_take(s.queue));
    use = eff_timeout(eff_then(use, eff_deferred_await(s.deferred)), eff_millis(1));
    eff_exit_decref(eff_runtime_run(rt, use));
    eff_set_misuse_handler(keep_misuse, NULL);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, from_elsewhere, &s), 0);
    pthread_join(thread, NULL);
    eff_set_misuse_handler(NULL, NULL);
    eff_queue_decref(s.queue);
    eff_deferred_decref(s.deferred);
    eff_runtime_free(rt);
}
END_TEST

START_TEST(null_handles_and_absent_items_are_told)
{
    eff_value_t item = eff_unit;
    ck_assert_int_eq(eff_queue_try_offer(NULL, eff_string("lost")), -ENOMEM);
    ck_assert(!eff_queue_try_take(NULL, &item));
    ck_assert(!eff_deferred_complete(NULL, eff_exit_succeed(eff_string("lost"))));
    eff_queue_t *q = eff_queue_bounded(1);
    ck_assert_int_eq(eff_queue_try_offer(q, eff_oom_value()), -ENOMEM);
    eff_set_misuse_handler(keep_misuse, NULL);
    ck_assert_int_eq(eff_queue_try_offer(q, (eff_value_t){ 0 }), -EINVAL);
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_str_eq(misuse, "the item given to eff_queue_try_offer is absent");
    eff_queue_decref(q);
}
END_TEST

/* ---- text of any origin */

START_TEST(escaped_text_forges_no_line)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_buffer_add_escaped(&b, "caf\xc3\xa9\n\x1b[31m\xff", 12);
    ck_assert_str_eq(eff_buffer_text(&b), "caf\xc3\xa9\\n\\x1b[31m\\xff");
    eff_buffer_done(&b);
}
END_TEST

TESTS(what_does_not_fit_is_refused, a_closed_queue_refuses, a_waiting_taker_is_handed_the_first,
      waiting_offers_get_the_room_that_taking_makes, an_interrupted_taker_gives_back_what_it_was_handed,
      completing_wakes_all_who_wait_once, completing_with_a_cause_fails_those_who_wait,
      events_of_the_callers_loop_feed_fibers, events_feed_fibers_of_a_loop_of_the_librarys_own,
      another_thread_is_refused, null_handles_and_absent_items_are_told, escaped_text_forges_no_line)
