/* Several runtimes in one process: one after the other and beside each other on a thread, one to a thread, and handles of
 * one given up on the thread of another. Effects on other runtimes: test_remote.c. */
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>

#include <effect/async.h>

#include "support/fibers.h"

/* ---- on one thread */

static void keep_handle(eff_async_t *k, eff_value_t slot)
{
    *(eff_async_t **)eff_as_ptr(slot) = k;
}
static eff_t *answered_into(eff_async_t **slot)
{
    return eff_async(keep_handle, eff_ptr(slot));
}
static eff_value_t answer_slot(eff_value_t slot)
{
    eff_async_succeed(*(eff_async_t **)eff_as_ptr(slot), eff_string("from the other"));
    return eff_unit;
}
static void run_to(eff_runtime_t *rt, eff_t *e, const char *shape)
{
    eff_exit_t exit = eff_runtime_run(rt, e);
    ck_assert_str_eq(shape_of(&exit), shape);
    eff_exit_decref(exit);
}

/* The same on a runtime of its own. */
static void run_anew_to(eff_t *e, const char *shape)
{
    eff_exit_t exit = eff_run(e);
    ck_assert_str_eq(shape_of(&exit), shape);
    eff_exit_decref(exit);
}

START_TEST(two_runtimes_of_a_thread_run_in_turn)
{
    struct world w = { 0 };
    eff_runtime_t *a = eff_runtime_new(NULL), *b = eff_runtime_new(NULL);
    ck_assert_int_eq(eff_runtime_fork(a, in_order(say(&w, "a1"), ms(1), say(&w, "a2")), NULL, NULL, NULL), 0);
    ck_assert_int_eq(eff_runtime_fork(b, in_order(say(&w, "b1"), ms(1), say(&w, "b2")), NULL, NULL, NULL), 0);
    run_to(a, eff_yield_now(), "ok(unit)");
    run_to(b, ms(3), "ok(unit)");
    run_to(a, ms(3), "ok(unit)");
    ck_assert_journal(&w, "a1 b1 b2 a2");
    eff_runtime_free(a);
    run_to(b, one(2), "ok(2)");
    eff_runtime_free(b);
}
END_TEST

START_TEST(a_fiber_answers_a_handle_of_another_runtime_of_its_thread)
{
    eff_async_t *k = NULL;
    eff_fiber_t *fiber;
    eff_runtime_t *a = eff_runtime_new(NULL), *b = eff_runtime_new(NULL);
    ck_assert_int_eq(eff_runtime_fork(a, answered_into(&k), NULL, NULL, &fiber), 0);
    run_to(a, eff_yield_now(), "ok(unit)");
    run_to(b, eff_sync(answer_slot, eff_ptr(&k)), "ok(unit)");
    ck_assert_ptr_null(eff_fiber_poll(fiber));
    run_to(a, eff_fiber_join(fiber), "ok(from the other)");
    eff_fiber_decref(fiber);
    eff_runtime_free(b);
    eff_runtime_free(a);
}
END_TEST

/* ---- on one loop */

START_TEST(running_one_runtime_runs_the_other_on_the_same_loop)
{
    struct world w = { 0 };
    struct event_base *base = event_base_new();
    eff_runtime_t *a = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    eff_runtime_t *b = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    ck_assert_int_eq(eff_runtime_fork(b, in_order(say(&w, "b1"), ms(1), say(&w, "b2")), NULL, NULL, NULL), 0);
    run_to(a, in_order(say(&w, "a1"), ms(3), say(&w, "a2")), "ok(unit)");
    run_to(b, in_order(ms(1), say(&w, "b3")), "ok(unit)");
    ck_assert_journal(&w, "b1 a1 b2 a2 b3");
    ck_assert_int_eq(event_base_dispatch(base), 1);
    eff_runtime_free(b);
    run_to(a, one(1), "ok(1)");
    eff_runtime_free(a);
    event_base_free(base);
}
END_TEST

struct nested {
    eff_runtime_t *other;
    struct world w;
};
static eff_value_t run_other(eff_value_t env)
{
    struct nested *n = eff_as_ptr(env);
    eff_exit_t exit = eff_runtime_run(n->other, say(&n->w, "never"));
    journal_add(&n->w, word_of(&exit));
    eff_exit_decref(exit);
    return eff_unit;
}
static void ignore_mistake(const char *message, void *arg) {}
static void run_on_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    (void)run_other(eff_ptr(arg));
}
START_TEST(a_runtime_cannot_be_run_inside_the_loop_or_fiber_of_another)
{
    struct nested n = { 0 };
    struct timeval at_once = { 0, 0 };
    struct event_base *base = event_base_new();
    eff_runtime_t *a = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    n.other = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    eff_set_misuse_handler(ignore_mistake, NULL);
    run_to(a, eff_map_to(eff_ignore(eff_to_exit(eff_sync(run_other, eff_ptr(&n)))), eff_unit), "ok(unit)");
    ck_assert_int_eq(event_base_once(base, -1, EV_TIMEOUT, run_on_event, &n, &at_once), 0);
    run_to(a, ms(1), "ok(unit)");
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_journal(&n.w, "die die");
    eff_runtime_free(n.other);
    eff_runtime_free(a);
    event_base_free(base);
}
END_TEST

/* ---- one to a thread: fibers answer each other's handles */

enum { N_THREADS = 4 };

static struct exchange {
    pthread_mutex_t lock;
    eff_async_t *waiting; /* one that nobody has answered yet, or NULL */
    int64_t left;         /* how many more will wait */
} exchange = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Takes the place of who waits, and answers him: everybody is answered by the next, whatever thread that is on. */
static void pass_on(eff_async_t *k, eff_value_t number)
{
    pthread_mutex_lock(&exchange.lock);
    eff_async_t *before = exchange.waiting;
    exchange.waiting = --exchange.left > 0 ? k : NULL;
    bool last = exchange.left == 0;
    pthread_mutex_unlock(&exchange.lock);
    if (before) eff_async_succeed(before, eff_printf("from %d", (int)eff_as_int(number)));
    if (last) eff_async_succeed(k, eff_string("the last"));
}
static eff_t *wait_for_next(eff_value_t i, eff_value_t number)
{
    return eff_async(pass_on, eff_value_incref(number));
}
struct member {
    pthread_t thread;
    int64_t n;
    int number;
    bool ok;
};
static void *take_part(void *arg)
{
    struct member *m = arg;
    eff_exit_t exit = eff_run(eff_for_each_par_discard(eff_range(0, m->n), wait_for_next, eff_int(m->number), 20));
    m->ok = exit.ok;
    eff_exit_decref(exit);
    return NULL;
}
START_TEST(runtimes_of_several_threads_answer_each_others_handles)
{
    struct member members[N_THREADS];
    int64_t n = test_scaled(2000);
    exchange.left = n * N_THREADS;
    for (int i = 0; i < N_THREADS; i++) {
        members[i] = (struct member){ .number = i, .n = n };
        ck_assert_int_eq(pthread_create(&members[i].thread, NULL, take_part, &members[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(members[i].thread, NULL);
        ck_assert(members[i].ok);
    }
    ck_assert_int_eq(exchange.left, 0);
}
END_TEST

/* ---- the last handle of a fiber whose failure nobody has seen, given up on another thread */

static pthread_barrier_t both;

static void *give_up(void *fiber)
{
    pthread_barrier_wait(&both);
    eff_fiber_decref(fiber);
    return NULL;
}
static void count_report(const eff_fiber_t *fiber, const eff_cause_t *cause, void *arg)
{
    (*(int *)arg)++;
}
static eff_runtime_t *counting_runtime(int *n_reports)
{
    return eff_runtime_new(&(eff_runtime_options_t){ .on_unobserved = count_report, .arg = n_reports });
}
static eff_fiber_t *failed_root(eff_runtime_t *rt)
{
    eff_fiber_t *fiber;
    ck_assert_int_eq(eff_runtime_fork(rt, failing(7), NULL, NULL, &fiber), 0);
    run_to(rt, in_order(eff_yield_now(), eff_yield_now()), "ok(unit)");
    return fiber;
}

START_TEST(a_handle_given_up_elsewhere_reports_on_the_runtimes_thread)
{
    int n_reports = 0;
    pthread_t thread;
    eff_runtime_t *rt = counting_runtime(&n_reports);
    pthread_barrier_init(&both, NULL, 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, give_up, failed_root(rt)), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(n_reports, 0);
    run_to(rt, eff_yield_now(), "ok(unit)");
    ck_assert_int_eq(n_reports, 1);
    eff_runtime_free(rt);
    pthread_barrier_destroy(&both);
    ck_assert_int_eq(n_reports, 1);
}
END_TEST

START_TEST(a_handle_may_be_given_up_elsewhere_while_the_runtime_is_freed)
{
    for (int64_t i = test_scaled(300); i > 0; i--) {
        int n_reports = 0;
        pthread_t thread;
        eff_runtime_t *rt = counting_runtime(&n_reports);
        pthread_barrier_init(&both, NULL, 2);
        ck_assert_int_eq(pthread_create(&thread, NULL, give_up, failed_root(rt)), 0);
        pthread_barrier_wait(&both);
        eff_runtime_free(rt);
        pthread_join(thread, NULL);
        pthread_barrier_destroy(&both);
        ck_assert_int_eq(n_reports, 1);
    }
}
END_TEST

/* The other thread begins as the region ends. */
static eff_value_t start_giving_up(eff_value_t child, eff_value_t thread)
{
    eff_fiber_t *fiber = eff_fiber_incref(eff_as_fiber(child));
    ck_assert_int_eq(pthread_create(eff_as_ptr(thread), NULL, give_up, fiber), 0);
    return eff_unit;
}
static eff_value_t meet(eff_value_t env)
{
    pthread_barrier_wait(&both);
    return eff_unit;
}
START_TEST(a_handle_may_be_given_up_elsewhere_while_its_region_ends)
{
    int n_reports = 0;
    int64_t n = test_scaled(300);
    eff_runtime_t *rt = counting_runtime(&n_reports);
    for (int64_t i = 0; i < n; i++) {
        pthread_t thread = pthread_self();
        pthread_barrier_init(&both, NULL, 2);
        eff_t *fork = eff_map(eff_fork(failing(7)), start_giving_up, eff_ptr(&thread));
        run_to(rt, eff_scoped(in_order(fork, eff_yield_now(), eff_sync(meet, eff_unit))), "ok(unit)");
        pthread_join(thread, NULL);
        pthread_barrier_destroy(&both);
    }
    run_to(rt, eff_yield_now(), "ok(unit)");
    ck_assert_int_eq(n_reports, n);
    eff_runtime_free(rt);
}
END_TEST

/* Its own report gives the last handle up. */
static void give_up_own(const eff_fiber_t *fiber, const eff_cause_t *cause, void *arg)
{
    eff_fiber_t **kept = arg;
    eff_fiber_decref(*kept);
    *kept = NULL;
}
START_TEST(a_report_may_give_up_the_last_handle)
{
    eff_fiber_t *kept = NULL;
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .on_unobserved = give_up_own, .arg = &kept });
    kept = failed_root(rt);
    eff_runtime_free(rt);
    ck_assert_ptr_null(kept);
}
END_TEST

/* ---- handles that outlive their runtime, or the thread's interest in them */

START_TEST(handles_may_be_used_when_their_runtime_is_gone)
{
    struct world w = { .queue = eff_queue_bounded(1) };
    eff_runtime_t *rt = eff_runtime_new(NULL);
    (void)latch(&w, 0);
    eff_t *uses = eff_zip_par(eff_queue_take(w.queue), await_latch(&w, 0));
    run_to(rt, eff_timeout(uses, eff_millis(0)), "ok(none)");
    eff_runtime_free(rt);
    eff_value_t item;
    ck_assert(eff_deferred_complete(w.deferreds[0], eff_exit_succeed(eff_string("late"))));
    ck_assert_int_eq(eff_queue_try_offer(w.queue, eff_string("late")), 0);
    ck_assert(eff_queue_try_take(w.queue, &item));
    ck_assert_str_eq(eff_as_string(item), "late");
    eff_value_decref(item);
    run_anew_to(await_latch(&w, 0), "ok(late)");
    run_anew_to(eff_then(eff_queue_offer(w.queue, eff_int(1)), eff_queue_take(w.queue)), "ok(1)");
    run_anew_to(eff_then(eff_queue_offer(w.queue, eff_int(2)), eff_queue_take(w.queue)), "ok(2)");
    drop_handles(&w);
}
END_TEST

struct dropped {
    pthread_t home;
    atomic_int here, elsewhere;
};
struct item {
    struct dropped *dropped;
};
static void item_drop(struct item *item)
{
    struct dropped *d = item->dropped;
    atomic_fetch_add(pthread_equal(d->home, pthread_self()) ? &d->here : &d->elsewhere, 1);
}
EFF_STATIC_TYPE(item, struct item, .drop = item_drop);

static void *drop_elsewhere(void *queue)
{
    eff_queue_decref(queue);
    return NULL;
}
static void *drop_deferred_elsewhere(void *deferred)
{
    eff_deferred_decref(deferred);
    return NULL;
}
static void run_on_thread(void *(*f)(void *), void *arg)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, f, arg), 0);
    pthread_join(thread, NULL);
}
START_TEST(what_a_handle_holds_is_dropped_on_the_thread_of_its_runtime)
{
    struct dropped d = { .home = pthread_self() };
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_queue_t *queue = eff_queue_bounded(1);
    eff_deferred_t *deferred = eff_deferred_new();
    run_to(rt, eff_queue_offer(queue, item_make((struct item){ &d })), "ok(unit)");
    run_to(rt, eff_timeout(eff_deferred_await(deferred), eff_millis(0)), "ok(none)");
    run_to(rt, eff_deferred_succeed(deferred, item_make((struct item){ &d })), "ok(true)");
    run_on_thread(drop_elsewhere, queue);
    run_on_thread(drop_deferred_elsewhere, deferred);
    ck_assert_int_eq(d.here + d.elsewhere, 0);
    run_to(rt, eff_yield_now(), "ok(unit)");
    ck_assert_int_eq(d.here, 2);
    queue = eff_queue_bounded(1);
    run_to(rt, eff_queue_offer(queue, item_make((struct item){ &d })), "ok(unit)");
    eff_runtime_free(rt);
    run_on_thread(drop_elsewhere, queue); /* with the runtime gone, there is no such thread */
    ck_assert_int_eq(d.elsewhere, 1);
}
END_TEST

enum { N_BOUND = 32 };
struct bound {
    eff_deferred_t *deferreds[N_BOUND];
    eff_queue_t *queue;
};
static void *give_up_bound(void *arg)
{
    struct bound *b = arg;
    pthread_barrier_wait(&both);
    for (int i = 0; i < N_BOUND; i++)
        eff_deferred_decref(b->deferreds[i]);
    eff_queue_decref(b->queue);
    return NULL;
}
START_TEST(handles_may_be_given_up_elsewhere_while_their_runtime_is_freed)
{
    for (int64_t i = test_scaled(100); i > 0; i--) {
        struct bound b = { .queue = eff_queue_bounded(1) };
        struct dropped d = { .home = pthread_self() };
        pthread_t thread;
        eff_runtime_t *rt = eff_runtime_new(NULL);
        for (int k = 0; k < N_BOUND; k++) {
            b.deferreds[k] = eff_deferred_new();
            eff_t *used = eff_zip_par(eff_deferred_await(b.deferreds[k]),
                                      eff_deferred_succeed(b.deferreds[k], item_make((struct item){ &d })));
            run_to(rt, eff_map_to(used, eff_unit), "ok(unit)");
        }
        run_to(rt, eff_queue_offer(b.queue, item_make((struct item){ &d })), "ok(unit)");
        pthread_barrier_init(&both, NULL, 2);
        ck_assert_int_eq(pthread_create(&thread, NULL, give_up_bound, &b), 0);
        pthread_barrier_wait(&both);
        eff_runtime_free(rt);
        pthread_join(thread, NULL);
        pthread_barrier_destroy(&both);
        ck_assert_int_eq(d.here + d.elsewhere, N_BOUND + 1);
    }
}
END_TEST

TESTS(two_runtimes_of_a_thread_run_in_turn, a_fiber_answers_a_handle_of_another_runtime_of_its_thread,
      running_one_runtime_runs_the_other_on_the_same_loop, a_runtime_cannot_be_run_inside_the_loop_or_fiber_of_another,
      runtimes_of_several_threads_answer_each_others_handles,
      a_handle_given_up_elsewhere_reports_on_the_runtimes_thread,
      a_handle_may_be_given_up_elsewhere_while_the_runtime_is_freed,
      a_handle_may_be_given_up_elsewhere_while_its_region_ends, a_report_may_give_up_the_last_handle,
      handles_may_be_used_when_their_runtime_is_gone, what_a_handle_holds_is_dropped_on_the_thread_of_its_runtime,
      handles_may_be_given_up_elsewhere_while_their_runtime_is_freed)
