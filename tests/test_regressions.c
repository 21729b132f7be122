/* Mistakes that were found by reviewing, fuzzing and breaking the library, each as the small program that showed it. */
#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <effect/async.h>
#include <effect/test_clock.h>

#include "support/fibers.h"

static eff_t *env_of(eff_value_t v, eff_value_t env)
{
    return eff_incref(eff_as_effect(env));
}

/* The current scope, to whatever f makes of it. */
static eff_t *with_scope(eff_bind_fn f, eff_value_t env)
{
    return eff_flat_map(eff_scope_current(), f, env);
}

/* ---- ending what a region owns */

static eff_t *offer_handle(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_t *failed = w->fibers[0];
    w->fibers[0] = NULL;
    return eff_queue_offer(w->queue, eff_fiber_value(failed));
}

/* The last handle of a failed sibling waits in an offer, and is dropped as the offer is interrupted. */
static eff_t *last_handle_in_an_offer(struct world *w)
{
    w->queue = eff_queue_bounded(1);
    return in_order(eff_queue_offer(w->queue, eff_unit), keep(w, 0, eff_fork(failing(1))), eff_yield_now(),
                    eff_map_to(eff_fork(eff_suspend(offer_handle, eff_ptr(w))), eff_unit), eff_yield_now(), one(2));
}
CASE(interrupting_a_child_may_free_its_ended_sibling, last_handle_in_an_offer, .succeeds = "2", .without = NO_SHUFFLES)

static void drop_handle(const eff_fiber_t *fiber, const eff_cause_t *cause, void *arg)
{
    struct world *w = arg;
    eff_fiber_t *failed = w->fibers[0];
    journal_add(w, "told");
    w->fibers[0] = NULL;
    eff_fiber_decref(failed);
}

START_TEST(who_hears_of_a_failure_may_drop_the_last_handle)
{
    struct world w = { 0 };
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .on_unobserved = drop_handle, .arg = &w });
    eff_t *e = eff_then(keep(&w, 0, eff_fork(failing(1))), eff_yield_now());
    ck_assert_exit_(__FILE__, __LINE__, eff_runtime_run(rt, e), "succeeds", "unit");
    eff_runtime_free(rt);
    ck_assert_journal(&w, "told");
}
END_TEST

static eff_t *interrupt_main(eff_value_t env)
{
    return eff_fiber_interrupt(((struct world *)eff_as_ptr(env))->fibers[0]);
}
static eff_t *owner_is_interrupted(struct world *w)
{
    eff_t *owner = eff_scoped(eff_then(eff_fork_scoped(eff_suspend(interrupt_main, eff_ptr(w))), ms(1000)));
    return in_order(keep(w, 0, eff_fork(owner)), ms(5), say_await(w, 0));
}
CASE(a_fiber_of_a_scope_does_not_wait_for_the_scopes_owner_to_end, owner_is_interrupted, .succeeds = "unit",
     .journal = "interrupt", .timed = true, .ms = 5)

/* ---- finalizers */

static eff_t *say_cleanup(const eff_exit_t *exit, eff_value_t env)
{
    return say(eff_as_ptr(env), "cleanup");
}
static eff_t *restored(eff_restore_t restore, eff_value_t env)
{
    return eff_on_interrupt(eff_restore(restore, eff_never()), say_cleanup, env);
}
static eff_t *interrupted_in_a_restored_part(struct world *w)
{
    return eff_timeout(eff_uninterruptible_mask(restored, eff_ptr(w)), eff_millis(1));
}
CASE(on_interrupt_runs_inside_a_mask_when_a_restored_part_was_interrupted, interrupted_in_a_restored_part,
     .succeeds = "none", .journal = "cleanup")

struct thing {
    struct world *w;
    int alive;
};
static void thing_clear(struct thing *t)
{
    t->alive = 0;
    t->w->released++;
}
EFF_STATIC_TYPE(thing, struct thing, .drop = thing_clear);

static eff_value_t make_thing(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->acquired++;
    return thing_make((struct thing){ w, 1 });
}
static eff_value_t look_at_thing(eff_value_t env)
{
    struct thing *t = eff_as_ptr(env);
    journal_add(t->w, t->alive ? "alive" : "dropped");
    return eff_unit;
}
static eff_t *release_thing(eff_value_t thing, const eff_exit_t *exit, eff_value_t env)
{
    return yields(eff_sync(look_at_thing, eff_ptr(thing_of(thing))));
}
static eff_t *acquire_too_late(const eff_exit_t *exit, eff_value_t env)
{
    return eff_map_to(eff_acquire_release_effect(eff_sync(make_thing, env), release_thing, eff_unit), eff_unit);
}
static eff_t *add_late_one(eff_value_t scope, eff_value_t env)
{
    return eff_scope_add(eff_as_scope(scope), acquire_too_late, eff_value_incref(env));
}
static eff_t *acquires_in_a_closing_scope(struct world *w)
{
    return eff_scoped(with_scope(add_late_one, eff_ptr(w)));
}
CASE(a_resource_released_at_once_lives_until_its_release_has_ended, acquires_in_a_closing_scope,
     .dies = "acquired into a scope that is closed", .journal = "alive")

/* ---- values */

static eff_value_t no_memory(eff_value_t env)
{
    return eff_oom_value();
}
START_TEST(a_sync_that_returns_out_of_memory_dies)
{
    ck_assert_dies(eff_sync(no_memory, eff_unit), "out of memory");
}
END_TEST

/* ---- mistakes of callbacks that run while their fiber is no more to be failed */

static void note_mistake(const char *message, void *arg)
{
    journal_add(arg, message);
}
static eff_cancel_t mistaken(eff_async_t *k, void *arg)
{
    (void)eff_as_int(eff_literal("no number"));
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}
static void start_cancellable(eff_async_t *k, eff_value_t env)
{
    eff_async_on_cancel(k, mistaken, NULL);
}
START_TEST(a_mistake_of_a_canceler_is_not_blamed_on_the_next_fiber)
{
    struct world w = { 0 };
    eff_set_misuse_handler(note_mistake, &w);
    eff_t *ending = eff_scoped(eff_then(eff_fork(eff_async(start_cancellable, eff_unit)), eff_yield_now()));
    eff_t *stranger = eff_then(eff_yield_now(), eff_zip_par(yields(one(1)), one(2)));
    ck_assert_succeeds(eff_zip_par(ending, stranger), "(unit, (1, 2))");
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_journal(&w, "read a value of type string as int: \"no number\"");
}
END_TEST

/* ---- TestClock as a layer of a live runtime */

static eff_t *says_nothing(eff_value_t v, eff_value_t env)
{
    return eff_noop();
}
static eff_t *many_instructions(void)
{
    return eff_for_each_discard(eff_range(0, 1000), says_nothing, eff_unit);
}
START_TEST(small_budgets_are_no_busy_loop_under_the_test_clock)
{
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .budget = 2 });
    eff_t *e = eff_then(eff_test_clock_adjust(eff_millis(1)), many_instructions());
    eff_exit_t exit = eff_runtime_run(rt, eff_provide(e, eff_test_clock()));
    ck_assert_exit_(__FILE__, __LINE__, exit, "succeeds", "unit");
    eff_runtime_free(rt);
}
END_TEST

START_TEST(a_test_clock_that_is_gone_limits_nothing)
{
    eff_runtime_t *rt = eff_runtime_new(NULL);
    int64_t budget = rt->budget;
    eff_exit_decref(eff_runtime_run(rt, eff_provide(eff_test_clock_adjust(eff_millis(1)), eff_test_clock())));
    ck_assert_int_eq(rt->budget, budget);
    eff_exit_t exit = eff_runtime_run(rt, eff_repeat(eff_yield_now(), eff_schedule_recurs(200000)));
    ck_assert_exit_(__FILE__, __LINE__, exit, "succeeds", "unit");
    eff_runtime_free(rt);
}
END_TEST

/* ---- many sides */

static eff_t *fails_late(eff_value_t v, eff_value_t env)
{
    int64_t i = eff_as_int(v);
    return i == 1 ? ms(1) : after(i == 3 ? 4 : 5, failing(i));
}
/* The worker of item 1 goes on with item 3, so the workers do not stand in the order of their items. */
static eff_t *workers_out_of_order(struct world *w)
{
    return eff_for_each_par(eff_range(0, 4), fails_late, eff_unit, 3);
}
CASE(failures_of_workers_are_in_the_order_of_items, workers_out_of_order,
     .cause = "both(both(fail(0), fail(2)), fail(3))",
     .without = NO_SHUFFLES) /* whoever fails before the caller's turn counts */

enum { MANY = 30000 };

static eff_t *fails_at_once(eff_value_t v, eff_value_t env)
{
    return after(1, eff_fail(eff_value_incref(v)));
}
START_TEST(many_failing_items_take_no_quadratic_time)
{
    struct timespec began, ended;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
    ck_assert_fails(eff_for_each_par(eff_range(0, MANY), fails_at_once, eff_unit, 0), "0");
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
    ck_assert_int_lt(ended.tv_sec - began.tv_sec, 4); /* it was 6 s without sanitizers, and is 0.1 s with them */
}
END_TEST

/* ---- the pool */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool second_ran;

static eff_t *wait_for_second(eff_value_t env)
{
    struct timespec limit;
    int r = 0;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 10;
    pthread_mutex_lock(&lock);
    while (!second_ran && r == 0)
        r = pthread_cond_timedwait(&changed, &lock, &limit);
    bool ran = second_ran;
    pthread_mutex_unlock(&lock);
    return eff_succeed(eff_bool(ran));
}
static eff_t *be_second(eff_value_t env)
{
    pthread_mutex_lock(&lock);
    second_ran = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return eff_noop();
}
static eff_t *do_nothing(eff_value_t env)
{
    return eff_noop();
}
START_TEST(two_jobs_do_not_share_one_idle_thread)
{
    eff_t *both = eff_zip_par(eff_blocking(wait_for_second, eff_unit), eff_blocking(be_second, eff_unit));
    second_ran = false;
    eff_exit_t exit = eff_run(in_order(eff_blocking(do_nothing, eff_unit), ms(20), both));
    ck_assert_exit_(__FILE__, __LINE__, exit, "succeeds", "(true, unit)");
}
END_TEST

/* ---- on the caller's loop */

struct host {
    struct event_base *base;
    eff_runtime_t *rt;
    struct world w;
    eff_async_t *k;
};

static void open_host(struct host *h)
{
    *h = (struct host){ .base = event_base_new() };
    h->rt =
        eff_runtime_new(&(eff_runtime_options_t){ .base = h->base, .on_unobserved = note_unobserved, .arg = &h->w });
    ck_assert_ptr_nonnull(h->rt);
}
static void close_host(struct host *h)
{
    eff_runtime_free(h->rt);
    event_base_free(h->base);
}
static void turn(struct host *h)
{
    ck_assert_int_ge(event_base_loop(h->base, EVLOOP_NONBLOCK), 0);
}
static void fork_root(struct host *h, eff_t *e, eff_fiber_t **ret_fiber)
{
    ck_assert_int_eq(eff_runtime_fork(h->rt, e, NULL, NULL, ret_fiber), 0);
}
static void say_done(void *arg)
{
    journal_add(arg, "done");
}

static eff_value_t shut_down(eff_value_t env)
{
    struct host *h = eff_as_ptr(env);
    eff_runtime_shutdown(h->rt, say_done, &h->w);
    return eff_unit;
}
START_TEST(a_shutdown_begun_inside_a_run_is_finished_by_the_loop)
{
    struct host h;
    open_host(&h);
    eff_t *e = eff_then(eff_fork_daemon(eff_never()), eff_sync(shut_down, eff_ptr(&h)));
    eff_exit_decref(eff_runtime_run(h.rt, e));
    ck_assert_int_ge(event_base_dispatch(h.base), 0);
    ck_assert_journal(&h.w, "done");
    close_host(&h);
}
END_TEST

START_TEST(a_shutdown_that_tells_nobody_ends_daemons_too)
{
    struct host h;
    open_host(&h);
    fork_root(&h, eff_map_to(eff_fork_daemon(eff_ensuring(eff_never(), say(&h.w, "ended"))), eff_unit), NULL);
    turn(&h);
    eff_runtime_shutdown(h.rt, NULL, NULL);
    ck_assert_int_ge(event_base_dispatch(h.base), 0);
    ck_assert_journal(&h.w, "ended");
    ck_assert_uint_eq(eff_runtime_n_fibers(h.rt), 0);
    close_host(&h);
}
END_TEST

static eff_value_t say_item(eff_value_t item, eff_value_t env)
{
    journal_add(eff_as_ptr(env), eff_as_string(item));
    return eff_unit;
}
START_TEST(a_worker_waits_for_what_the_host_forks_later)
{
    struct host h;
    open_host(&h);
    eff_queue_t *q = eff_queue_bounded(1);
    fork_root(&h, eff_forever(eff_map(eff_queue_take(q), say_item, eff_ptr(&h.w))), NULL);
    turn(&h);
    fork_root(&h, eff_queue_offer(q, eff_literal("item")), NULL);
    turn(&h);
    eff_runtime_shutdown(h.rt, say_done, &h.w);
    ck_assert_int_ge(event_base_dispatch(h.base), 0);
    ck_assert_journal(&h.w, "item done");
    eff_queue_decref(q);
    close_host(&h);
}
END_TEST

static void *answer_from_a_thread(void *arg)
{
    usleep(2000);
    eff_async_succeed(arg, eff_string("answer"));
    return NULL;
}
static void start_thread(eff_async_t *k, eff_value_t env)
{
    ck_assert_int_eq(pthread_create(eff_as_ptr(env), NULL, answer_from_a_thread, k), 0);
}
START_TEST(without_descriptors_the_callers_loop_looks_for_answers_by_itself)
{
    struct host h;
    struct rlimit none, before;
    pthread_t thread = { 0 };
    eff_fiber_t *fiber;
    open_host(&h);
    fork_root(&h, eff_async(start_thread, eff_ptr(&thread)), &fiber);
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &none);
    ck_assert_int_ge(event_base_dispatch(h.base), 0);
    setrlimit(RLIMIT_NOFILE, &before);
    pthread_join(thread, NULL);
    ck_assert_ptr_nonnull(eff_fiber_poll(fiber));
    eff_fiber_decref(fiber);
    close_host(&h);
}
END_TEST

/* ---- freeing a runtime with living fibers */

static void note_report(const char *message, void *arg)
{
    journal_add(arg, strstr(message, "alive") ? "alive" : "refused");
}
static void free_host(struct host *h)
{
    eff_set_misuse_handler(note_report, &h->w);
    eff_runtime_free(h->rt);
    eff_set_misuse_handler(NULL, NULL);
}

static void free_inside(evutil_socket_t fd, short what, void *arg)
{
    free_host(arg);
}
static eff_value_t plan_to_free(eff_value_t env)
{
    struct host *h = eff_as_ptr(env);
    const struct timeval soon = { 0, 1000 };
    ck_assert_int_eq(event_base_once(h->base, -1, EV_TIMEOUT, free_inside, h, &soon), 0);
    return eff_unit;
}
START_TEST(freeing_a_runtime_that_runs_is_refused)
{
    struct host h;
    open_host(&h);
    eff_exit_decref(eff_runtime_run(h.rt, eff_then(eff_sync(plan_to_free, eff_ptr(&h)), ms(5))));
    ck_assert_journal(&h.w, "refused");
    close_host(&h);
}
END_TEST

static void free_again(const eff_exit_t *exit, void *arg)
{
    eff_runtime_free(((struct host *)arg)->rt);
}
START_TEST(freeing_a_runtime_that_is_being_freed_is_refused)
{
    struct host h;
    open_host(&h);
    ck_assert_int_eq(eff_runtime_fork(h.rt, eff_never(), free_again, &h, NULL), 0);
    turn(&h);
    free_host(&h);
    ck_assert_journal(&h.w, "alive refused");
    event_base_free(h.base);
}
END_TEST

/* The joiner is woken by the end of its child; the run queue ends with a fiber that was unwound before. */
START_TEST(a_fiber_woken_while_others_are_unwound_joins_no_queue)
{
    struct host h;
    open_host(&h);
    fork_root(&h, eff_flat_map(eff_fork(eff_never()), env_of, eff_effect_value(eff_never())), &h.w.fibers[0]);
    fork_root(&h, with_fiber(&h.w, 0, join), NULL);
    turn(&h);
    fork_root(&h, eff_noop(), NULL);
    free_host(&h);
    eff_fiber_decref(h.w.fibers[0]);
    event_base_free(h.base);
}
END_TEST

START_TEST(a_handle_of_a_failed_child_outlives_its_unwound_parent)
{
    struct host h;
    open_host(&h);
    fork_root(&h, eff_then(keep(&h.w, 0, eff_fork(failing(1))), eff_never()), NULL);
    turn(&h);
    free_host(&h);
    ck_assert_str_eq(shape_of(eff_fiber_poll(h.w.fibers[0])), "fail(1)");
    eff_fiber_decref(h.w.fibers[0]);
    event_base_free(h.base);
}
END_TEST

static eff_cancel_t stay(eff_async_t *k, void *arg)
{
    return EFF_CANCEL_PENDING;
}
static void start_staying(eff_async_t *k, eff_value_t env)
{
    ((struct host *)eff_as_ptr(env))->k = k;
    eff_async_on_cancel(k, stay, NULL);
}
static void answer_late(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    eff_async_succeed(((struct host *)eff_as_ptr(env))->k, eff_string("late"));
}
/* The second fiber is unwound first; its canceler wants to stay, and the release of the first one answers it. */
START_TEST(an_answer_for_an_unwound_fiber_is_dropped)
{
    struct host h;
    open_host(&h);
    fork_root(&h, eff_acquire_use_release(eff_noop(), waits_here, answer_late, eff_ptr(&h)), NULL);
    fork_root(&h, eff_async(start_staying, eff_ptr(&h)), NULL);
    turn(&h);
    free_host(&h);
    event_base_free(h.base);
}
END_TEST

/* ---- races that are interrupted as they end */

/* All three timers are due together: the failure ends the pair, and finds the timeout woken, its body having won. */
static eff_t *interrupted_as_the_body_wins(struct world *w)
{
    eff_t *e = eff_timeout_fail(after(20, one(2)), eff_millis(20), eff_literal("too late"));
    return eff_zip_par(after(20, failing(1)), e);
}
CASE(a_timeout_that_lost_is_no_failure_of_the_interrupted_caller, interrupted_as_the_body_wins, .cause = "fail(1)",
     .without = NO_SHUFFLES /* in another order the timeout is first */)

/* ---- messages that name the wrong thing, or too little of it */

static eff_t *goes_wrong(eff_value_t v, eff_value_t env)
{
    return eff_fail(eff_value_incref(v));
}
static eff_t *gives_null(eff_value_t v, eff_value_t env)
{
    return NULL;
}
static eff_value_t gives_it(eff_value_t v, eff_value_t env)
{
    return eff_value_incref(v);
}
static eff_value_t gives_absent(eff_value_t v, eff_value_t env)
{
    return (eff_value_t){ .type = NULL, .integer = 0 };
}
START_TEST(of_two_callbacks_the_one_that_went_wrong_is_named)
{
    ck_assert_dies(eff_fold(one(1), goes_wrong, gives_null, eff_unit),
                   "the `on_success` of eff_fold returned NULL (test_regressions.c:");
    ck_assert_dies(eff_fold(failing(1), gives_null, goes_wrong, eff_unit), "callback gives_null (test_regressions.c:");
    ck_assert_dies(eff_match(one(1), gives_it, gives_absent, eff_unit),
                   "the `on_success` of eff_match returned the absent value (test_regressions.c:");
}
END_TEST

static eff_value_t free_runtime(eff_value_t env)
{
    eff_runtime_free(eff_as_ptr(env));
    return eff_unit;
}
/* The report lists the fibers, each of which was forked elsewhere. */
START_TEST(a_mistake_in_a_fiber_that_is_cut_says_so)
{
    static const char sites[] = "0123456789012345678901234567890123456789";
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_t *forks = eff_noop();
    for (int i = 0; sites[i]; i++)
        forks = eff_then(forks, eff_fork_at(&sites[i], eff_never()));
    ck_assert_int_eq(eff_runtime_fork(rt, eff_then(forks, eff_never()), NULL, NULL, NULL), 0);
    eff_exit_decref(eff_runtime_run(rt, eff_yield_now()));
    eff_exit_t exit = eff_run(eff_sync(free_runtime, eff_ptr(rt)));
    eff_value_t defect;
    ck_assert(!exit.ok && eff_cause_defect(exit.cause, &defect));
    ck_assert_ptr_nonnull(strstr(eff_as_string(defect), " ... [cut], in free_runtime (test_regressions.c:"));
    eff_exit_decref(exit);
}
END_TEST

static char reported[512];
static void keep_report(const char *message, void *arg)
{
    snprintf(reported, sizeof reported, "%s", message);
}
static void *free_on_this_thread(void *rt)
{
    eff_runtime_free(rt);
    return NULL;
}
START_TEST(a_runtime_is_not_freed_on_another_thread)
{
    pthread_t thread;
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_set_misuse_handler(keep_report, NULL);
    ck_assert_int_eq(pthread_create(&thread, NULL, free_on_this_thread, rt), 0);
    pthread_join(thread, NULL);
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_str_eq(reported,
                     "eff_runtime_free was called on another thread than the one that made the runtime, so it "
                     "was not freed");
    ck_assert_exit_(__FILE__, __LINE__, eff_runtime_run(rt, one(1)), "succeeds", "1");
    eff_runtime_free(rt);
}
END_TEST

TESTS(of_two_callbacks_the_one_that_went_wrong_is_named, a_mistake_in_a_fiber_that_is_cut_says_so,
      a_runtime_is_not_freed_on_another_thread, interrupting_a_child_may_free_its_ended_sibling,
      who_hears_of_a_failure_may_drop_the_last_handle, a_fiber_of_a_scope_does_not_wait_for_the_scopes_owner_to_end,
      on_interrupt_runs_inside_a_mask_when_a_restored_part_was_interrupted,
      a_resource_released_at_once_lives_until_its_release_has_ended, a_sync_that_returns_out_of_memory_dies,
      a_mistake_of_a_canceler_is_not_blamed_on_the_next_fiber, small_budgets_are_no_busy_loop_under_the_test_clock,
      a_test_clock_that_is_gone_limits_nothing, failures_of_workers_are_in_the_order_of_items,
      many_failing_items_take_no_quadratic_time, two_jobs_do_not_share_one_idle_thread,
      a_shutdown_begun_inside_a_run_is_finished_by_the_loop, a_shutdown_that_tells_nobody_ends_daemons_too,
      a_worker_waits_for_what_the_host_forks_later, without_descriptors_the_callers_loop_looks_for_answers_by_itself,
      freeing_a_runtime_that_runs_is_refused, freeing_a_runtime_that_is_being_freed_is_refused,
      a_fiber_woken_while_others_are_unwound_joins_no_queue, a_handle_of_a_failed_child_outlives_its_unwound_parent,
      an_answer_for_an_unwound_fiber_is_dropped, a_timeout_that_lost_is_no_failure_of_the_interrupted_caller)
