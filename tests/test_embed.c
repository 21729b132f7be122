/* Living inside somebody else's event loop: forking, interrupting and shutting down from outside, what is left when the
 * runtime is freed, and two runtimes beside each other. */
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <effect/async.h>

#include "support/host.h"

static void close_clean_host(struct host *h)
{
    ck_assert_uint_eq(eff_runtime_n_fibers(h->rt), 0);
    close_host(h);
    ck_assert_str_eq(h->mistake, "");
}
static void dispatch(struct host *h)
{
    ck_assert_int_ge(event_base_dispatch(h->base), 0);
}
/* A wait for the outside that nobody answers; it can be interrupted. */
static void start_waiting(eff_async_t *k, eff_value_t env)
{
    eff_async_release(eff_async_incref(k));
    *(eff_async_t **)eff_as_ptr(env) = k;
}
static eff_t *outside(eff_async_t **slot)
{
    return eff_async(start_waiting, eff_ptr(slot));
}

/* ---- forking */

START_TEST(fork_runs_nothing_before_it_returns_and_on_exit_is_called_once)
{
    struct host h;
    open_host(&h);
    fork_root(&h, 0, eff_then(say(&h.w, "ran"), one(1)));
    ck_assert_journal(&h.w, "");
    ck_assert_uint_eq(eff_runtime_n_fibers(h.rt), 1);
    dispatch(&h);
    ck_assert_journal(&h.w, "ran ok:1");
    dispatch(&h);
    ck_assert_int_eq(h.n_exits, 1);
    ck_assert_str_eq(shape_of(eff_fiber_poll(h.w.fibers[0])), "ok(1)");
    close_clean_host(&h);
}
END_TEST

START_TEST(fork_needs_neither_on_exit_nor_a_handle)
{
    struct host h;
    open_host(&h);
    ck_assert_int_eq(eff_runtime_fork(h.rt, say(&h.w, "ran"), NULL, NULL, NULL), 0);
    dispatch(&h);
    ck_assert_journal(&h.w, "ran");
    close_clean_host(&h);
}
END_TEST

/* What a program hands over that was compiled against a header whose options ended before `context`. */
START_TEST(options_are_read_up_to_their_size)
{
    struct event_base *base = event_base_new();
    eff_runtime_options_t options;
    memset(&options, 0xff, sizeof options);
    options.size = offsetof(eff_runtime_options_t, context);
    options.base = base;
    eff_runtime_t *rt = eff_runtime_new(&options);
    ck_assert_ptr_nonnull(rt);
    eff_exit_t exit = eff_runtime_run(rt, eff_succeed(eff_int(1)));
    ck_assert_str_eq(shape_of(&exit), "ok(1)");
    eff_exit_decref(exit);
    eff_runtime_free(rt);
    event_base_free(base);
}
END_TEST

START_TEST(forking_null_is_a_mistake_of_the_fiber)
{
    struct host h;
    open_host(&h);
    fork_root(&h, 0, NULL);
    dispatch(&h);
    ck_assert_journal(&h.w, "die");
    close_clean_host(&h);
}
END_TEST

START_TEST(on_exit_sees_children_and_scope_ended)
{
    struct host h;
    open_host(&h);
    eff_t *child = eff_fork(eff_ensuring(eff_never(), say(&h.w, "child")));
    eff_t *resource = eff_acquire_release(acquire(&h.w, "a"), release, eff_ptr(&h.w));
    fork_root(&h, 0, in_order(child, resource, eff_yield_now(), failing(7)));
    dispatch(&h);
    ck_assert_journal(&h.w, "a+ child a- fail:7");
    close_clean_host(&h);
}
END_TEST

START_TEST(a_failure_that_nobody_observes_is_reported_once)
{
    struct host h;
    open_host(&h);
    ck_assert_int_eq(eff_runtime_fork(h.rt, failing(7), NULL, NULL, NULL), 0);
    dispatch(&h);
    dispatch(&h);
    ck_assert_journal(&h.w, "unobserved(fail:7)");
    close_clean_host(&h);
}
END_TEST

/* on_exit may use the runtime again. */
static void fork_next(const eff_exit_t *exit, void *arg)
{
    struct host *h = arg;
    journal_add(&h->w, word_of(exit));
    if (++h->n_exits < 3) ck_assert_int_eq(eff_runtime_fork(h->rt, one(h->n_exits), fork_next, h, NULL), 0);
    journal_add(&h->w, "|");
}
START_TEST(on_exit_may_fork_again)
{
    struct host h;
    open_host(&h);
    ck_assert_int_eq(eff_runtime_fork(h.rt, one(0), fork_next, &h, NULL), 0);
    dispatch(&h);
    ck_assert_journal(&h.w, "ok:0 | ok:1 | ok:2 |");
    close_clean_host(&h);
}
END_TEST

/* ---- the loop lives as long as a fiber that can be resumed */

static void *answer_on_thread(void *arg)
{
    eff_async_succeed(arg, eff_string("from a thread"));
    return NULL;
}
static void start_thread(eff_async_t *k, eff_value_t env)
{
    pthread_t *thread = eff_as_ptr(env);
    if (pthread_create(thread, NULL, answer_on_thread, k) != 0) eff_async_release(k);
}
START_TEST(the_loop_waits_for_an_answer_from_another_thread_and_then_returns)
{
    struct host h;
    pthread_t thread = pthread_self();
    open_host(&h);
    fork_root(&h, 0, eff_async(start_thread, eff_ptr(&thread)));
    dispatch(&h);
    ck_assert_journal(&h.w, "ok:from a thread");
    pthread_join(thread, NULL);
    close_clean_host(&h);
}
END_TEST

START_TEST(an_answer_given_in_an_event_of_the_host_resumes_the_fiber)
{
    struct host h;
    eff_async_t *k = NULL;
    open_host(&h);
    fork_root(&h, 0, outside(&k));
    turn(&h);
    eff_async_succeed(k, eff_int(5));
    ck_assert_journal(&h.w, "");
    dispatch(&h);
    ck_assert_journal(&h.w, "ok:5");
    close_clean_host(&h);
}
END_TEST

static void on_host_event(evutil_socket_t fd, short what, void *arg)
{
    struct host *h = arg;
    (void)fd, (void)what;
    journal_add(&h->w, "event");
}
static const struct timeval no_time = { 0, 0 };
START_TEST(a_busy_fiber_does_not_starve_the_host)
{
    struct host h;
    open_host(&h);
    fork_root(&h, 0, eff_forever(eff_yield_now()));
    ck_assert_int_eq(event_base_once(h.base, -1, EV_TIMEOUT, on_host_event, &h, &no_time), 0);
    for (int i = 0; i < 100 && !h.w.journal[0]; i++)
        event_base_loop(h.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    ck_assert_journal(&h.w, "event");
    eff_runtime_interrupt(h.rt, h.w.fibers[0]);
    dispatch(&h);
    ck_assert_journal(&h.w, "event interrupt");
    close_clean_host(&h);
}
END_TEST

/* ---- interrupting from outside */

START_TEST(interrupting_calls_nothing_back_inline)
{
    struct host h;
    eff_async_t *k = NULL;
    open_host(&h);
    fork_root(&h, 0, eff_ensuring(outside(&k), say(&h.w, "cleaned")));
    turn(&h);
    eff_runtime_interrupt(h.rt, h.w.fibers[0]);
    ck_assert_journal(&h.w, "");
    dispatch(&h);
    ck_assert_journal(&h.w, "cleaned interrupt");
    eff_runtime_interrupt(h.rt, h.w.fibers[0]);
    dispatch(&h);
    ck_assert_int_eq(h.n_exits, 1);
    eff_async_release(k);
    close_clean_host(&h);
}
END_TEST

static eff_cancel_t say_cancel(eff_async_t *k, void *arg)
{
    journal_add(arg, "cancel");
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}
static void start_cancelable(eff_async_t *k, eff_value_t env)
{
    eff_async_on_cancel(k, say_cancel, eff_as_ptr(env));
}
static eff_t *cancelable(struct world *w)
{
    return eff_async(start_cancelable, eff_ptr(w));
}
START_TEST(interrupting_leaves_cancelers_to_the_loop)
{
    struct host h;
    open_host(&h);
    fork_root(&h, 0, cancelable(&h.w));
    turn(&h);
    eff_runtime_interrupt(h.rt, h.w.fibers[0]);
    ck_assert_journal(&h.w, "");
    dispatch(&h);
    ck_assert_journal(&h.w, "cancel interrupt");
    close_clean_host(&h);
}
END_TEST

static eff_value_t interrupt_first(eff_value_t env)
{
    struct host *h = eff_as_ptr(env);
    eff_runtime_interrupt(h->rt, h->w.fibers[0]);
    journal_add(&h->w, "interrupted");
    return eff_unit;
}
START_TEST(a_fiber_that_interrupts_by_plain_c_is_not_called_back_inside)
{
    struct host h;
    open_host(&h);
    fork_root(&h, 0, cancelable(&h.w));
    fork_root(&h, 1, eff_sync(interrupt_first, eff_ptr(&h)));
    dispatch(&h);
    ck_assert_journal(&h.w, "interrupted ok:unit cancel interrupt");
    close_clean_host(&h);
}
END_TEST

static void interrupt_on_event(evutil_socket_t fd, short what, void *arg)
{
    struct host *h = arg;
    (void)fd, (void)what;
    (void)interrupt_first(eff_ptr(h));
}
START_TEST(an_event_that_interrupts_ends_the_run_that_waits)
{
    struct host h;
    struct timeval at_once = { 0, 0 };
    open_host(&h);
    fork_root(&h, 0, cancelable(&h.w));
    ck_assert_int_eq(event_base_once(h.base, -1, EV_TIMEOUT, interrupt_on_event, &h, &at_once), 0);
    eff_exit_decref(eff_runtime_run(h.rt, eff_fiber_await(h.w.fibers[0])));
    ck_assert_journal(&h.w, "interrupted cancel interrupt");
    close_clean_host(&h);
}
END_TEST

START_TEST(a_fiber_interrupted_before_its_first_turn_never_starts)
{
    struct host h;
    open_host(&h);
    fork_root(&h, 0, eff_ensuring(say(&h.w, "ran"), say(&h.w, "cleaned")));
    eff_runtime_interrupt(h.rt, h.w.fibers[0]);
    dispatch(&h);
    ck_assert_journal(&h.w, "interrupt");
    close_clean_host(&h);
}
END_TEST

START_TEST(interrupting_with_the_wrong_runtime_is_a_mistake)
{
    struct host h, other;
    open_host(&other);
    open_host(&h);
    eff_async_t *k = NULL;
    fork_root(&h, 0, outside(&k));
    turn(&h);
    eff_runtime_interrupt(other.rt, h.w.fibers[0]);
    ck_assert_str_eq(h.mistake, "eff_runtime_interrupt: the fiber belongs to another runtime");
    h.mistake[0] = 0;
    eff_async_succeed(k, eff_int(1));
    dispatch(&h);
    ck_assert_journal(&h.w, "ok:1");
    close_host(&other);
    close_clean_host(&h);
}
END_TEST

/* ---- running inside of it */

START_TEST(runtime_run_runs_the_hosts_loop_and_other_fibers_meanwhile)
{
    struct host h;
    open_host(&h);
    fork_root(&h, 0, after(1, say(&h.w, "other")));
    eff_exit_t exit = eff_runtime_run(h.rt, after(3, one(4)));
    ck_assert_str_eq(shape_of(&exit), "ok(4)");
    ck_assert_journal(&h.w, "other ok:unit");
    eff_exit_decref(exit);
    close_clean_host(&h);
}
END_TEST

static eff_value_t run_inside(eff_value_t env)
{
    struct host *h = eff_as_ptr(env);
    eff_exit_t exit = eff_runtime_run(h->rt, say(&h->w, "never"));
    journal_add(&h->w, word_of(&exit));
    eff_exit_decref(exit);
    return eff_unit;
}
START_TEST(running_from_inside_a_callback_is_a_mistake)
{
    struct host h;
    open_host(&h);
    fork_root(&h, 0, eff_sync(run_inside, eff_ptr(&h)));
    dispatch(&h);
    ck_assert_journal(&h.w, "die die");
    close_clean_host(&h);
}
END_TEST

/* ---- handles of another runtime */

START_TEST(a_fiber_of_another_runtime_cannot_be_waited_for)
{
    struct host h, other;
    eff_async_t *k = NULL;
    open_host(&h);
    open_host(&other);
    fork_root(&h, 0, outside(&k));
    turn(&h);
    fork_root(&other, 0, eff_fiber_join(h.w.fibers[0]));
    fork_root(&other, 1, eff_fiber_await(h.w.fibers[0]));
    fork_root(&other, 2, eff_fiber_interrupt(h.w.fibers[0]));
    fork_root(&other, 3, eff_fiber_interrupt_fork(h.w.fibers[0]));
    dispatch(&other);
    ck_assert_journal(&other.w, "die die die die");
    ck_assert_ptr_null(eff_fiber_poll(h.w.fibers[0]));
    eff_async_succeed(k, eff_int(1));
    dispatch(&h);
    ck_assert_journal(&h.w, "ok:1");
    close_host(&other);
    close_clean_host(&h);
}
END_TEST

START_TEST(an_ended_fiber_of_another_runtime_still_tells_its_exit)
{
    struct host h, other;
    open_host(&h);
    open_host(&other);
    fork_root(&h, 0, one(3));
    dispatch(&h);
    fork_root(&other, 0, eff_fiber_join(h.w.fibers[0]));
    dispatch(&other);
    ck_assert_journal(&other.w, "ok:3");
    close_host(&other);
    close_clean_host(&h);
}
END_TEST

START_TEST(two_runtimes_share_a_loop)
{
    struct host h;
    open_host(&h);
    eff_runtime_t *second = eff_runtime_new(&(eff_runtime_options_t){ .base = h.base });
    fork_root(&h, 0, in_order(say(&h.w, "a1"), ms(2), say(&h.w, "a2")));
    ck_assert_int_eq(eff_runtime_fork(second, in_order(say(&h.w, "b1"), ms(4), say(&h.w, "b2")), NULL, NULL, NULL), 0);
    dispatch(&h);
    ck_assert_journal(&h.w, "a1 b1 a2 ok:unit b2");
    eff_runtime_free(second);
    close_clean_host(&h);
}
END_TEST

TESTS(fork_runs_nothing_before_it_returns_and_on_exit_is_called_once, fork_needs_neither_on_exit_nor_a_handle,
      options_are_read_up_to_their_size, forking_null_is_a_mistake_of_the_fiber, on_exit_sees_children_and_scope_ended,
      a_failure_that_nobody_observes_is_reported_once, on_exit_may_fork_again,
      the_loop_waits_for_an_answer_from_another_thread_and_then_returns,
      an_answer_given_in_an_event_of_the_host_resumes_the_fiber, a_busy_fiber_does_not_starve_the_host,
      interrupting_calls_nothing_back_inline, interrupting_leaves_cancelers_to_the_loop,
      a_fiber_that_interrupts_by_plain_c_is_not_called_back_inside, an_event_that_interrupts_ends_the_run_that_waits,
      a_fiber_interrupted_before_its_first_turn_never_starts, interrupting_with_the_wrong_runtime_is_a_mistake,
      runtime_run_runs_the_hosts_loop_and_other_fibers_meanwhile, running_from_inside_a_callback_is_a_mistake,
      a_fiber_of_another_runtime_cannot_be_waited_for, an_ended_fiber_of_another_runtime_still_tells_its_exit,
      two_runtimes_share_a_loop)
