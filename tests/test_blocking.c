/* eff_blocking and eff_blocking_abandon: C that blocks, on the runtime's bounded pool. Nothing here sleeps: jobs meet at
 * gates. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include <effect/async.h>

#include "support/failing_allocator.h"
#include "support/fibers.h"

/* ---- one job */

static eff_t *say_text(eff_value_t env)
{
    return eff_succeed(eff_printf("%s, from a thread", eff_as_string(env)));
}
static eff_t *simple(struct world *w)
{
    return eff_blocking(say_text, eff_printf("hello %d", 1));
}
CASE(a_job_goes_on_with_the_effect_it_returns, simple, .succeeds = "hello 1, from a thread")

static eff_t *fail_here(eff_value_t env)
{
    return eff_fail(eff_value_incref(env));
}
static eff_t *failing_job(struct world *w)
{
    return eff_ensuring(eff_blocking(fail_here, eff_string("no")), say(w, "end"));
}
CASE(a_job_may_fail, failing_job, .cause = "fail(no)", .journal = "end")

static eff_t *go_on_later(eff_value_t env)
{
    return eff_then(say(eff_as_ptr(env), "on-the-loop"), after(5, one(3)));
}
static eff_t *effect_job(struct world *w)
{
    return eff_blocking(go_on_later, eff_ptr(w));
}
CASE(the_effect_of_a_job_runs_on_the_fiber, effect_job, .succeeds = "3", .journal = "on-the-loop", .ms = 5,
     .timed = true)

static eff_t *give_null(eff_value_t env)
{
    return NULL;
}
static eff_t *null_job(struct world *w)
{
    return eff_blocking(give_null, eff_string("dropped"));
}
CASE(a_job_that_returns_null_is_a_mistake, null_job, .dies = "returned NULL")

static eff_t *no_job(struct world *w)
{
    return eff_blocking(NULL, eff_string("dropped"));
}
CASE(no_job_is_a_mistake, no_job, .dies = "the callback of eff_blocking is NULL")

static eff_t *loop_thread(eff_value_t env)
{
    return eff_succeed(eff_bool(pthread_equal(pthread_self(), *(pthread_t *)eff_as_ptr(env))));
}
static eff_t *abandonable(struct world *w)
{
    return eff_blocking_abandon(say_text, eff_printf("hello %d", 1));
}
CASE(a_job_that_may_be_abandoned_ends_as_any, abandonable, .succeeds = "hello 1, from a thread")

static eff_t *abandonable_null(struct world *w)
{
    return eff_blocking_abandon(NULL, eff_string("dropped"));
}
CASE(no_job_to_abandon_is_a_mistake, abandonable_null, .dies = "the callback of eff_blocking_abandon is NULL")

START_TEST(a_job_runs_on_another_thread)
{
    pthread_t self = pthread_self();
    ck_assert_succeeds(eff_blocking(loop_thread, eff_ptr(&self)), "false");
}
END_TEST

/* ---- interruption waits for the job */

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int n_inside, most_inside;
    bool open;
};
#define GATE ((struct gate){ .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER })

static void gate_open(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->open = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}
/* Waits until n jobs stand at the gate. */
static void gate_await(struct gate *g, int n)
{
    pthread_mutex_lock(&g->lock);
    while (g->n_inside < n)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}
static eff_t *pass_gate(eff_value_t env)
{
    struct gate *g = eff_as_ptr(env);
    pthread_mutex_lock(&g->lock);
    if (++g->n_inside > g->most_inside) g->most_inside = g->n_inside;
    pthread_cond_broadcast(&g->changed);
    while (!g->open)
        pthread_cond_wait(&g->changed, &g->lock);
    g->n_inside--;
    pthread_mutex_unlock(&g->lock);
    return eff_succeed(eff_string("passed"));
}

struct exit_note {
    char shape[256];
    int calls;
};
static void note_exit(const eff_exit_t *exit, void *arg)
{
    struct exit_note *note = arg;
    note->calls++;
    snprintf(note->shape, sizeof note->shape, "%s", shape_of(exit));
}

START_TEST(interrupting_waits_for_the_job_and_drops_what_it_returned)
{
    struct gate gate = GATE;
    struct world w = { 0 };
    struct exit_note note = { 0 };
    eff_fiber_t *fiber;
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_t *e = eff_ensuring(eff_blocking(pass_gate, eff_ptr(&gate)), say(&w, "end"));
    ck_assert_int_eq(eff_runtime_fork(rt, e, note_exit, &note, &fiber), 0);
    eff_exit_decref(eff_runtime_run(rt, eff_yield_now()));
    gate_await(&gate, 1);
    eff_runtime_interrupt(rt, fiber);
    eff_exit_decref(eff_runtime_run(rt, eff_yield_now()));
    ck_assert_journal(&w, "");
    gate_open(&gate);
    eff_exit_decref(eff_runtime_run(rt, eff_ignore(eff_to_exit(eff_fiber_await(fiber)))));
    ck_assert_journal(&w, "end");
    ck_assert_str_eq(note.shape, "interrupt");
    ck_assert_int_eq(note.calls, 1);
    eff_fiber_decref(fiber);
    eff_runtime_free(rt);
}
END_TEST

/* ---- the pool */

enum { N_JOBS = 12, MAX_THREADS = 3 };

static eff_t *job(eff_value_t index, eff_value_t env)
{
    return eff_blocking(pass_gate, eff_value_incref(env));
}
static void *open_when_full(void *arg)
{
    gate_await(arg, MAX_THREADS);
    gate_open(arg);
    return NULL;
}
START_TEST(the_pool_is_bounded_and_serves_every_job)
{
    struct gate gate = GATE;
    pthread_t opener;
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .max_blocking = MAX_THREADS });
    ck_assert_int_eq(pthread_create(&opener, NULL, open_when_full, &gate), 0);
    eff_exit_t exit = eff_runtime_run(rt, eff_for_each_par_discard(eff_range(0, N_JOBS), job, eff_ptr(&gate), 0));
    pthread_join(opener, NULL);
    ck_assert(exit.ok);
    ck_assert_int_eq(gate.most_inside, MAX_THREADS);
    ck_assert_int_eq(gate.n_inside, 0);
    eff_exit_decref(exit);
    eff_runtime_free(rt);
}
END_TEST

static eff_t *count_job(eff_value_t env)
{
    atomic_fetch_add((atomic_int *)eff_as_ptr(env), 1);
    return eff_noop();
}
static eff_t *small_job(eff_value_t index, eff_value_t env)
{
    return eff_blocking(count_job, eff_value_incref(env));
}
START_TEST(a_thousand_small_jobs_are_each_done_once)
{
    atomic_int n = 0;
    ck_assert_succeeds(eff_for_each_par_discard(eff_range(0, 1000), small_job, eff_ptr(&n), 50), "unit");
    ck_assert_int_eq(n, 1000);
}
END_TEST

/* ---- jobs that are given up: a runtime with one thread, which a job at the gate keeps */

struct bench {
    struct gate gate;
    struct world w;
    eff_runtime_t *rt;
    eff_fiber_t *fibers[4];
};

static void open_bench(struct bench *b, unsigned n_threads)
{
    *b = (struct bench){ .gate = GATE };
    b->rt = eff_runtime_new(&(eff_runtime_options_t){ .max_blocking = n_threads });
}
static void fork_on(struct bench *b, int i, eff_t *e)
{
    ck_assert_int_eq(eff_runtime_fork(b->rt, e, NULL, NULL, &b->fibers[i]), 0);
    eff_exit_decref(eff_runtime_run(b->rt, eff_yield_now()));
}
/* Interrupts a fiber that does not wait for its job, so that it ends without the loop's help. */
static void end(struct bench *b, int i)
{
    eff_runtime_interrupt(b->rt, b->fibers[i]);
    eff_exit_decref(eff_runtime_run(b->rt, eff_yield_now()));
    ck_assert_str_eq(shape_of(eff_fiber_poll(b->fibers[i])), "interrupt");
}
/* Lets the runtime have turns until it has heard of the end of all abandoned jobs. */
static void await_abandoned(struct bench *b)
{
    while (eff_runtime_n_abandoned(b->rt) > 0) {
        sched_yield();
        eff_exit_decref(eff_runtime_run(b->rt, eff_yield_now()));
    }
}
/* Until the last thread of a pool whose runtime is gone has given it up, and ended. */
static void await_last_thread(void)
{
    eff_trim();
    while (blocks_live > 0)
        sched_yield();
}
static void close_bench(struct bench *b)
{
    for (int i = 0; i < 4; i++)
        eff_fiber_decref(b->fibers[i]);
    eff_runtime_free(b->rt);
}

/* Notes which thread drops it. */
struct dropped {
    atomic_int here, elsewhere;
    pthread_t home;
};
struct item {
    struct dropped *dropped;
    struct gate *gate;
};
static void item_drop(struct item *item)
{
    bool here = pthread_equal(item->dropped->home, pthread_self());
    atomic_fetch_add(here ? &item->dropped->here : &item->dropped->elsewhere, 1);
}
EFF_STATIC_TYPE(item, struct item, .drop = item_drop);

static eff_t *pass_and_give_item(eff_value_t env)
{
    eff_decref(pass_gate(eff_ptr(item_of(env)->gate)));
    return eff_succeed(item_make(*item_of(env)));
}
static eff_t *item_job(struct bench *b, struct dropped *d)
{
    return eff_blocking_abandon(pass_and_give_item, item_make((struct item){ d, &b->gate }));
}

START_TEST(an_abandoned_job_is_not_waited_for_and_leaves_nothing)
{
    struct bench b;
    struct dropped dropped = { .home = pthread_self() };
    open_bench(&b, 1);
    fork_on(&b, 0, eff_ensuring(item_job(&b, &dropped), say(&b.w, "end")));
    gate_await(&b.gate, 1);
    ck_assert_uint_eq(eff_runtime_n_abandoned(b.rt), 0);
    end(&b, 0);
    ck_assert_journal(&b.w, "end");
    ck_assert_uint_eq(eff_runtime_n_abandoned(b.rt), 1);
    ck_assert_int_eq(dropped.here + dropped.elsewhere, 0);
    gate_open(&b.gate);
    await_abandoned(&b);
    ck_assert_int_eq(dropped.here, 2); /* what it was given, and what it returned: on the runtime's thread */
    ck_assert_int_eq(dropped.elsewhere, 0);
    close_bench(&b);
}
END_TEST

START_TEST(what_a_job_was_given_is_dropped_on_the_runtimes_thread)
{
    struct bench b;
    struct dropped dropped = { .home = pthread_self() };
    open_bench(&b, 1);
    gate_open(&b.gate);
    eff_t *e = eff_blocking(pass_and_give_item, item_make((struct item){ &dropped, &b.gate }));
    eff_exit_decref(eff_runtime_run(b.rt, e));
    ck_assert_int_eq(dropped.here, 2);
    ck_assert_int_eq(dropped.elsewhere, 0);
    close_bench(&b);
}
END_TEST

START_TEST(freeing_the_runtime_does_not_wait_for_abandoned_jobs)
{
    struct bench b;
    struct dropped dropped = { .home = pthread_self() };
    open_bench(&b, 2);
    fork_on(&b, 0, item_job(&b, &dropped));
    fork_on(&b, 1, item_job(&b, &dropped));
    gate_await(&b.gate, 2);
    end(&b, 0);
    end(&b, 1);
    close_bench(&b);
    ck_assert_int_eq(dropped.here + dropped.elsewhere, 0);
    gate_open(&b.gate);
    await_last_thread();
    ck_assert_int_eq(dropped.elsewhere, 4);
}
END_TEST

static void ignore_mistake(const char *message, void *arg) {}

/* A mistake, and still nothing is lost: one job is at the gate, one has not begun, one is waited for. */
START_TEST(freeing_the_runtime_under_fibers_that_wait_for_jobs)
{
    struct bench b;
    struct dropped dropped = { .home = pthread_self() };
    open_bench(&b, 1);
    fork_on(&b, 0, item_job(&b, &dropped));
    fork_on(&b, 1, item_job(&b, &dropped));
    fork_on(&b, 2, eff_blocking(pass_gate, eff_ptr(&b.gate)));
    gate_await(&b.gate, 1);
    eff_set_misuse_handler(ignore_mistake, NULL);
    close_bench(&b);
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_int_eq(dropped.here, 1); /* what had not begun */
    gate_open(&b.gate);
    await_last_thread();
    ck_assert_int_eq(dropped.elsewhere, 2);
}
END_TEST

static eff_t *say_job(eff_value_t env)
{
    journal_add(eff_as_ptr(eff_first(env)), eff_as_string(eff_second(env)));
    return eff_noop();
}
static eff_t *saying(struct bench *b, const char *word)
{
    return eff_blocking(say_job, eff_pair(eff_ptr(&b->w), eff_literal(word)));
}
START_TEST(a_job_that_has_not_begun_is_taken_back)
{
    struct bench b;
    open_bench(&b, 1);
    fork_on(&b, 0, eff_blocking(pass_gate, eff_ptr(&b.gate)));
    fork_on(&b, 1, saying(&b, "never"));
    fork_on(&b, 2, saying(&b, "last"));
    gate_await(&b.gate, 1);
    end(&b, 1);
    gate_open(&b.gate);
    eff_exit_decref(eff_runtime_run(b.rt, eff_then(eff_fiber_await(b.fibers[0]), eff_fiber_await(b.fibers[2]))));
    ck_assert_journal(&b.w, "last");
    close_bench(&b);
}
END_TEST

START_TEST(abandoned_jobs_keep_their_threads_until_they_return)
{
    struct bench b;
    open_bench(&b, 1);
    fork_on(&b, 0, eff_blocking_abandon(pass_gate, eff_ptr(&b.gate)));
    gate_await(&b.gate, 1);
    end(&b, 0);
    fork_on(&b, 1, saying(&b, "next"));
    ck_assert_uint_eq(eff_runtime_n_abandoned(b.rt), 1);
    ck_assert_ptr_null(eff_fiber_poll(b.fibers[1]));
    gate_open(&b.gate);
    eff_exit_decref(eff_runtime_run(b.rt, eff_fiber_await(b.fibers[1])));
    ck_assert_journal(&b.w, "next");
    await_abandoned(&b);
    close_bench(&b);
}
END_TEST

static eff_t *say_digit(eff_value_t index, eff_value_t bench)
{
    static const char *const digits[] = { "0", "1", "2", "3", "4", "5", "6", "7" };
    return saying(eff_as_ptr(bench), digits[eff_as_int(index)]);
}
START_TEST(jobs_are_served_in_the_order_in_which_they_came)
{
    struct bench b;
    open_bench(&b, 1);
    fork_on(&b, 0, eff_blocking(pass_gate, eff_ptr(&b.gate)));
    fork_on(&b, 1, eff_for_each_par_discard(eff_range(0, 8), say_digit, eff_ptr(&b), 0));
    gate_open(&b.gate);
    eff_exit_decref(eff_runtime_run(b.rt, eff_fiber_await(b.fibers[1])));
    ck_assert_journal(&b.w, "0 1 2 3 4 5 6 7");
    close_bench(&b);
}
END_TEST

/* ---- time: an outstanding job holds virtual time back */

static eff_t *job_beside_sleep(struct world *w)
{
    eff_t *sleeper = after(1000, say_time(w, "slept"));
    return eff_zip_par(eff_then(eff_blocking(say_text, eff_literal("x")), say_time(w, "job")), sleeper);
}
CASE(virtual_time_does_not_jump_over_a_job, job_beside_sleep, .succeeds = "(unit, unit)", .journal = "job@0 slept@1000")

static eff_t *adjust_beside_job(struct world *w)
{
    eff_t *adjusts = eff_then(eff_test_clock_adjust(eff_seconds(1)), say_time(w, "adjusted"));
    return eff_zip_par(eff_then(eff_blocking(say_text, eff_literal("x")), say_time(w, "job")), adjusts);
}
CASE(adjusting_really_waits_for_a_job, adjust_beside_job, .succeeds = "(unit, unit)", .journal = "job@0 adjusted@1000")

START_TEST(freeing_a_test_waits_for_its_jobs)
{
    atomic_int n = 0;
    eff_test_t *t = eff_test_new();
    (void)eff_test_fork(t, eff_for_each_par_discard(eff_range(0, 20), small_job, eff_ptr(&n), 0));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_int_eq(n, 20);
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

TESTS(a_job_goes_on_with_the_effect_it_returns, a_job_may_fail, the_effect_of_a_job_runs_on_the_fiber,
      a_job_that_returns_null_is_a_mistake, no_job_is_a_mistake, a_job_that_may_be_abandoned_ends_as_any,
      no_job_to_abandon_is_a_mistake, a_job_runs_on_another_thread,
      interrupting_waits_for_the_job_and_drops_what_it_returned, the_pool_is_bounded_and_serves_every_job,
      a_thousand_small_jobs_are_each_done_once, an_abandoned_job_is_not_waited_for_and_leaves_nothing,
      what_a_job_was_given_is_dropped_on_the_runtimes_thread, freeing_the_runtime_does_not_wait_for_abandoned_jobs,
      freeing_the_runtime_under_fibers_that_wait_for_jobs, a_job_that_has_not_begun_is_taken_back,
      abandoned_jobs_keep_their_threads_until_they_return, jobs_are_served_in_the_order_in_which_they_came,
      virtual_time_does_not_jump_over_a_job, adjusting_really_waits_for_a_job, freeing_a_test_waits_for_its_jobs)
