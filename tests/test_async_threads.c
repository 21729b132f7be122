/* Async handles answered from other threads. Nothing here sleeps: a thread is joined before the loop is looked at, or the
 * loop waits for the answer itself. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include <effect/async.h>

#include "support/fibers.h"

static void *answer_number(void *arg)
{
    eff_async_succeed(arg, eff_printf("from a %s", "thread"));
    return NULL;
}

/* ---- one answer */

static void keep_handle(eff_async_t *k, eff_value_t env)
{
    *(eff_async_t **)eff_as_ptr(env) = k;
}
static void answer_on_thread(eff_async_t *k)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, answer_number, k), 0);
    pthread_join(thread, NULL);
}

START_TEST(an_answer_from_another_thread_resumes_on_the_loop)
{
    eff_test_t *t = eff_test_new();
    eff_async_t *k = NULL;
    eff_fiber_t *fiber = eff_test_fork(t, eff_async(keep_handle, eff_ptr(&k)));
    eff_test_adjust(t, eff_millis(0));
    answer_on_thread(k);
    ck_assert_ptr_null(eff_fiber_poll(fiber));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_str_eq(shape_of(eff_fiber_poll(fiber)), "ok(from a thread)");
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

START_TEST(a_late_answer_from_another_thread_is_dropped)
{
    eff_test_t *t = eff_test_new();
    eff_async_t *k = NULL;
    eff_fiber_t *fiber = eff_test_fork(t, eff_async(keep_handle, eff_ptr(&k)));
    eff_test_adjust(t, eff_millis(0));
    eff_test_interrupt(t, fiber);
    eff_test_adjust(t, eff_millis(0));
    answer_on_thread(k);
    eff_test_adjust(t, eff_millis(0));
    ck_assert_str_eq(shape_of(eff_fiber_poll(fiber)), "interrupt");
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

START_TEST(an_answer_from_another_thread_after_the_runtime_has_gone_is_dropped)
{
    eff_test_t *t = eff_test_new();
    eff_async_t *k = NULL;
    (void)eff_test_fork(t, eff_async(keep_handle, eff_ptr(&k)));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_uint_eq(eff_test_free(t), 1);
    answer_on_thread(k);
}
END_TEST

START_TEST(an_answer_that_is_still_in_the_mailbox_goes_with_the_runtime)
{
    eff_test_t *t = eff_test_new();
    eff_async_t *k = NULL;
    (void)eff_test_fork(t, eff_async(keep_handle, eff_ptr(&k)));
    eff_test_adjust(t, eff_millis(0));
    answer_on_thread(k);
    ck_assert_uint_eq(eff_test_free(t), 1);
}
END_TEST

/* The thread answers while start is still running. */
static void start_and_join(eff_async_t *k, eff_value_t env)
{
    (void)env;
    answer_on_thread(k);
}
START_TEST(an_answer_from_another_thread_during_start_counts)
{
    ck_assert_succeeds(eff_async(start_and_join, eff_unit), "from a thread");
}
END_TEST

/* ---- many answers, with the loop waiting for them */

enum { N_THREADS = 4, N_OPS = 400 };

struct pool {
    pthread_t threads[N_THREADS];
    _Atomic(eff_async_t *) slots[N_OPS];
    atomic_int next;
};

/* Each thread answers the operations as they appear, in turn; every 7th it gives back, every 11th is answered twice. */
static void *serve(void *arg)
{
    struct pool *p = arg;
    int i;
    while ((i = atomic_fetch_add(&p->next, 1)) < N_OPS) {
        eff_async_t *k;
        while (!(k = atomic_exchange(&p->slots[i], NULL)))
            sched_yield();
        if (i % 11 == 0) eff_async_succeed(eff_async_incref(k), eff_int(i));
        if (i % 7 == 0) eff_async_release(k);
        else eff_async_succeed(k, eff_int(i));
    }
    return NULL;
}
static void start_op(eff_async_t *k, eff_value_t env)
{
    struct pool *p = eff_as_ptr(eff_first(env));
    atomic_store(&p->slots[eff_as_int(eff_second(env))], k);
}
static eff_t *nothing(const eff_cause_t *cause, eff_value_t env)
{
    ck_assert(eff_cause_has_die(cause));
    return one(0);
}
static eff_t *op(eff_value_t index, eff_value_t env)
{
    eff_t *e = eff_async(start_op, eff_pair(eff_value_incref(env), eff_value_incref(index)));
    return eff_catch_cause(e, nothing, eff_unit);
}
START_TEST(answers_of_many_threads_all_arrive_once)
{
    static struct pool pool;
    for (int i = 0; i < N_THREADS; i++)
        ck_assert_int_eq(pthread_create(&pool.threads[i], NULL, serve, &pool), 0);
    eff_exit_t exit = eff_run(eff_for_each_par(eff_range(0, N_OPS), op, eff_ptr(&pool), 32));
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(pool.threads[i], NULL);
    ck_assert(exit.ok);
    for (int i = 0; i < N_OPS; i++) {
        int64_t expected = i % 7 || i % 11 == 0 ? i : 0;
        ck_assert_int_eq(eff_as_int(eff_array_at(exit.value, (size_t)i)), expected);
    }
    eff_exit_decref(exit);
}
END_TEST

/* Every wait is raced against a loop-side interruption: answers and cancelations cross. */
static eff_cancel_t gone(eff_async_t *k, void *arg)
{
    return EFF_CANCEL_GONE;
}
static eff_cancel_t pending(eff_async_t *k, void *arg)
{
    return EFF_CANCEL_PENDING;
}
static void start_cancelable(eff_async_t *k, eff_value_t env)
{
    eff_async_on_cancel(k, eff_as_int(eff_second(env)) % 2 ? gone : pending, NULL);
    start_op(k, env);
}
static eff_t *raced_op(eff_value_t index, eff_value_t env)
{
    eff_t *e = eff_async(start_cancelable, eff_pair(eff_value_incref(env), eff_value_incref(index)));
    eff_t *turns = eff_repeat(eff_yield_now(), eff_schedule_recurs((uint64_t)eff_as_int(index) % 5));
    return eff_race_first(eff_catch_cause(e, nothing, eff_unit), turns);
}
START_TEST(answers_that_cross_cancelations_are_neither_lost_nor_doubled)
{
    static struct pool pool;
    for (int i = 0; i < N_THREADS; i++)
        ck_assert_int_eq(pthread_create(&pool.threads[i], NULL, serve, &pool), 0);
    eff_exit_t exit = eff_run(eff_for_each_par_discard(eff_range(0, N_OPS), raced_op, eff_ptr(&pool), 32));
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(pool.threads[i], NULL);
    ck_assert(exit.ok);
    eff_exit_decref(exit);
}
END_TEST

TESTS(an_answer_from_another_thread_resumes_on_the_loop, a_late_answer_from_another_thread_is_dropped,
      an_answer_from_another_thread_after_the_runtime_has_gone_is_dropped,
      an_answer_that_is_still_in_the_mailbox_goes_with_the_runtime, an_answer_from_another_thread_during_start_counts,
      answers_of_many_threads_all_arrive_once, answers_that_cross_cancelations_are_neither_lost_nor_doubled)
