/* Effects on other runtimes: eff_on_runtime and eff_runtime_post. As cases they are sent to the runtime they come from,
 * so that every sweep runs over them; then between threads. */
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>

#include <effect/async.h>
#include <effect/remote.h>

#include "support/failing_allocator.h"
#include "support/fibers.h"

/* ---- to the runtime itself */

/* e as a root of the same runtime, by post. */
static eff_t *sent(struct world *w, eff_t *e)
{
    eff_runtime_ref_t *ref = eff_runtime_ref(eff_test_runtime(w->test));
    e = eff_on_runtime(ref, e);
    eff_runtime_ref_decref(ref);
    return e;
}
static eff_t *sent_success(struct world *w)
{
    return eff_then(say(w, "before"), sent(w, eff_then(say(w, "there"), one(7))));
}
CASE(an_effect_on_a_runtime_ends_with_its_value, sent_success, .succeeds = "7", .journal = "before there")

static eff_t *sent_failure(struct world *w)
{
    return eff_ensuring(sent(w, failing(7)), say(w, "here"));
}
CASE(an_effect_on_a_runtime_fails_as_it_does, sent_failure, .cause = "fail(7)", .journal = "here")

static eff_t *sent_defect(struct world *w)
{
    return sent(w, dying());
}
CASE(a_defect_comes_back, sent_defect, .dies = "boom")

static eff_t *give_back(const eff_cause_t *cause, eff_value_t env)
{
    return eff_succeed(eff_bool(eff_cause_is_interrupted_only(cause)));
}
static eff_t *sent_interruption(struct world *w)
{
    return eff_catch_cause(sent(w, eff_interrupt_self()), give_back, eff_unit);
}
CASE(an_interruption_from_there_is_an_ordinary_cause, sent_interruption, .succeeds = "true")

static eff_t *nested(struct world *w)
{
    return sent(w, eff_zip_par(sent(w, one(1)), sent(w, sent(w, one(2)))));
}
CASE(effects_on_runtimes_nest, nested, .succeeds = "(1, 2)")

static eff_t *sent_twice(struct world *w)
{
    eff_t *e = sent(w, count(w, 0));
    eff_t *again = eff_incref(e);
    return eff_zip(e, again);
}
CASE(an_effect_may_be_sent_again, sent_twice, .succeeds = "(1, 2)")

static const eff_tag_t level_tag = { "level", NULL };
static eff_value_t level_is_there(eff_value_t context, eff_value_t env)
{
    return eff_bool(eff_context_get(eff_as_context(context), &level_tag).type != NULL);
}
static eff_t *sent_locally(struct world *w)
{
    eff_t *here = eff_map(eff_context(), level_is_there, eff_unit);
    eff_t *there = sent(w, eff_map(eff_context(), level_is_there, eff_unit));
    return eff_locally(eff_zip(here, there), &level_tag, eff_int(3));
}
CASE(what_is_set_here_is_not_set_there, sent_locally, .succeeds = "(true, false)")

/* Opens latch 0, and waits for the outside until it is interrupted. */
static eff_t *start_and_wait(struct world *w)
{
    return eff_then(open_latch(w, 0), eff_external(eff_never()));
}

static eff_t *sent_and_lost(struct world *w)
{
    eff_t *there = eff_ensuring(start_and_wait(w), eff_then(eff_yield_now(), say(w, "cleaned")));
    return eff_then(eff_race_first(sent(w, there), await_latch(w, 0)), say(w, "after"));
}
CASE(interruption_is_passed_on_and_waited_for, sent_and_lost, .succeeds = "unit", .journal = "cleaned after")

static eff_t *interrupted_finalizer_fails(struct world *w)
{
    eff_t *fork = keep(w, 0, eff_fork(sent(w, eff_ensuring(start_and_wait(w), failing(5)))));
    return in_order(fork, await_latch(w, 0), say_interrupt(w, 0));
}
CASE(what_finalizers_there_fail_with_is_told, interrupted_finalizer_fails, .succeeds = "unit",
     .journal = "then(interrupt,fail:5)")

static eff_t *masked_sender(struct world *w)
{
    eff_t *there = in_order(open_latch(w, 0), eff_yield_now(), eff_yield_now(), say(w, "whole"));
    eff_t *fork = keep(w, 0, eff_fork(eff_then(open_latch(w, 1), eff_uninterruptible(sent(w, there)))));
    return in_order(fork, await_latch(w, 0), say_interrupt(w, 0));
}
CASE(a_masked_sender_passes_nothing_on, masked_sender, .succeeds = "unit", .journal = "whole interrupt")

static eff_t *interrupted_before(struct world *w)
{
    eff_t *fork = keep(w, 0,
                       eff_fork(eff_uninterruptible(
                           eff_then(eff_interrupt_self(), eff_interruptible(sent(w, say(w, "never")))))));
    return in_order(fork, say_await(w, 0));
}
CASE(who_is_interrupted_already_sends_nothing, interrupted_before, .succeeds = "unit", .journal = "interrupt")

static eff_t *null_sent(struct world *w)
{
    return sent(w, NULL);
}
CASE(sending_null_is_a_mistake, null_sent, .dies = "NULL")

static eff_t *post_then(struct world *w, eff_t *e)
{
    eff_runtime_ref_t *ref = eff_runtime_ref(eff_test_runtime(w->test));
    (void)eff_runtime_post(ref, e);
    eff_runtime_ref_decref(ref);
    return eff_external(await_latch(w, 0));
}
static eff_t *posted(struct world *w)
{
    return post_then(w, in_order(say(w, "posted"), open_latch(w, 0)));
}
CASE(a_posted_effect_runs, posted, .succeeds = "unit", .journal = "posted",
     .without = NO_INTERRUPTS | NO_ALLOCATIONS /* nobody else opens the latch */)

/* ---- references */

START_TEST(a_reference_travels_as_a_value_and_outlives_its_runtime)
{
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_value_t v = eff_runtime_ref_value(eff_runtime_ref(rt));
    eff_runtime_ref_t *ref = eff_as_runtime_ref(v);
    eff_exit_t exit = eff_runtime_run(rt, eff_on_runtime(ref, one(4)));
    ck_assert_str_eq(shape_of(&exit), "ok(4)");
    eff_exit_decref(exit);
    eff_runtime_free(rt);
    exit = eff_run(eff_on_runtime(ref, one(4)));
    eff_value_t error;
    ck_assert(!exit.ok && eff_cause_failure(exit.cause, &error) && eff_error_is(error, &eff_closed_error));
    eff_exit_decref(exit);
    ck_assert_int_eq(eff_runtime_post(ref, eff_succeed(eff_string("dropped"))), -ECANCELED);
    eff_runtime_ref_decref(eff_runtime_ref_incref(ref));
    eff_value_decref(v);
    ck_assert_int_eq(eff_runtime_post(NULL, one(1)), -ENOMEM);
    ck_assert_dies(eff_on_runtime(NULL, one(1)), "out of memory");
    ck_assert_int_eq(eff_runtime_ref_value(NULL).type == &eff_oom_type, true);
    eff_runtime_ref_decref(NULL);
}
END_TEST

static eff_value_t read_wrong(eff_value_t env)
{
    return eff_int(eff_runtime_post(eff_as_runtime_ref(env), eff_noop()));
}
START_TEST(reading_something_else_as_a_reference_is_a_mistake)
{
    ck_assert_dies(eff_sync(read_wrong, eff_int(1)), "runtime reference");
}
END_TEST

START_TEST(a_null_post_is_a_mistake_of_the_fiber_there)
{
    struct world w = { 0 };
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .on_unobserved = note_unobserved, .arg = &w });
    eff_runtime_ref_t *ref = eff_runtime_ref(rt);
    ck_assert_int_eq(eff_runtime_post(ref, NULL), 0);
    eff_exit_decref(eff_runtime_run(rt, eff_on_runtime(ref, eff_noop())));
    ck_assert_journal(&w, "unobserved(die)");
    eff_runtime_ref_decref(ref);
    eff_runtime_free(rt);
}
END_TEST

/* ---- a caller's loop listens as long as somebody may send work */

START_TEST(the_loop_ends_when_the_last_reference_is_given_up)
{
    struct world w = { 0 };
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    ck_assert_int_eq(event_base_loop(base, EVLOOP_NONBLOCK), 1); /* no events at all */
    eff_runtime_ref_t *ref = eff_runtime_ref(rt);
    ck_assert_int_eq(event_base_loop(base, EVLOOP_NONBLOCK), 0); /* it would wait */
    ck_assert_int_eq(eff_runtime_post(ref, say(&w, "posted")), 0);
    ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
    eff_runtime_ref_decref(ref);
    ck_assert_int_eq(event_base_dispatch(base), 1);
    ck_assert_journal(&w, "posted");
    eff_runtime_free(rt);
    event_base_free(base);
}
END_TEST

START_TEST(a_loop_that_shuts_down_does_not_wait_for_references)
{
    struct world w = { 0 };
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    eff_runtime_ref_t *ref = eff_runtime_ref(rt);
    ck_assert_int_eq(eff_runtime_post(ref, say(&w, "dropped")), 0);
    eff_runtime_shutdown(rt, NULL, NULL);
    ck_assert_int_eq(eff_runtime_post(ref, say(&w, "refused")), -ECANCELED);
    ck_assert_int_eq(event_base_dispatch(base), 1);
    ck_assert_journal(&w, "");
    eff_runtime_free(rt);
    eff_runtime_ref_decref(ref);
    event_base_free(base);
}
END_TEST

/* Two runtimes on one loop send each other work. */
static void note_end(const eff_exit_t *exit, void *arg)
{
    journal_add(arg, word_of(exit));
}
START_TEST(two_runtimes_on_one_loop_send_each_other_work)
{
    struct world w = { 0 };
    struct event_base *base = event_base_new();
    eff_runtime_t *a = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    eff_runtime_t *b = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    eff_runtime_ref_t *to_a = eff_runtime_ref(a), *to_b = eff_runtime_ref(b);
    eff_t *e = eff_on_runtime(to_b, in_order(say(&w, "b"), eff_on_runtime(to_a, say(&w, "a")), ms(1), failing(3)));
    ck_assert_int_eq(eff_runtime_fork(a, e, note_end, &w, NULL), 0);
    eff_runtime_ref_decref(to_a);
    eff_runtime_ref_decref(to_b);
    ck_assert_int_eq(event_base_dispatch(base), 1);
    ck_assert_journal(&w, "b a fail:3");
    eff_runtime_free(a);
    eff_runtime_free(b);
    event_base_free(base);
}
END_TEST

START_TEST(freeing_the_other_runtime_ends_the_effect)
{
    struct world w = { 0 };
    struct event_base *base = event_base_new();
    eff_runtime_t *a = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    eff_runtime_t *b = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    eff_runtime_ref_t *to_b = eff_runtime_ref(b);
    eff_t *e = eff_on_runtime(to_b, eff_then(say(&w, "b"), eff_sleep(eff_hours(1))));
    ck_assert_int_eq(eff_runtime_fork(a, e, note_end, &w, NULL), 0);
    for (int i = 0; i < 5; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_journal(&w, "b");
    eff_runtime_shutdown(b, NULL, NULL);
    ck_assert_int_eq(event_base_dispatch(base), 1);
    ck_assert_journal(&w, "b interrupt");
    eff_runtime_free(b);
    eff_runtime_free(a);
    eff_runtime_ref_decref(to_b);
    event_base_free(base);
}
END_TEST

static void ignore_mistake(const char *message, void *arg) {}
START_TEST(freeing_a_runtime_under_its_senders_leaves_nothing)
{
    struct world w = { 0 };
    struct event_base *base = event_base_new();
    eff_runtime_t *a = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    eff_runtime_t *b = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    eff_runtime_ref_t *to_b = eff_runtime_ref(b);
    for (int i = 0; i < 2; i++) {
        eff_t *e = eff_on_runtime(to_b, eff_then(eff_yield_now(), eff_succeed(eff_string("dropped"))));
        ck_assert_int_eq(eff_runtime_fork(a, e, note_end, &w, NULL), 0);
        if (i == 0) event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
    }
    eff_set_misuse_handler(ignore_mistake, NULL);
    eff_runtime_free(a);
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_journal(&w, "interrupt interrupt");
    eff_runtime_ref_decref(to_b);
    ck_assert_int_eq(event_base_dispatch(base), 1);
    eff_runtime_free(b);
    event_base_free(base);
}
END_TEST

/* ---- threads, each with a runtime that serves until it is told to stop */

enum { N_SERVERS = 4 };

struct server {
    pthread_t thread;
    eff_runtime_ref_t *ref;
    eff_deferred_t *stop; /* of this server's runtime */
    eff_exit_t exit;
};

static pthread_barrier_t ready; /* they run, and their references are there */

static void *serve(void *arg)
{
    struct server *s = arg;
    eff_runtime_t *rt = eff_runtime_new(NULL);
    s->ref = eff_runtime_ref(rt);
    s->stop = eff_deferred_new();
    pthread_barrier_wait(&ready);
    s->exit = eff_runtime_run(rt, eff_external(eff_deferred_await(s->stop)));
    eff_deferred_decref(s->stop);
    eff_runtime_free(rt);
    return NULL;
}
static void start_servers(struct server *servers, int n)
{
    pthread_barrier_init(&ready, NULL, (unsigned)n + 1);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(pthread_create(&servers[i].thread, NULL, serve, &servers[i]), 0);
    pthread_barrier_wait(&ready);
}
static void join_servers(struct server *servers, int n)
{
    for (int i = 0; i < n; i++) {
        pthread_join(servers[i].thread, NULL);
        ck_assert(servers[i].exit.ok);
        eff_exit_decref(servers[i].exit);
        eff_runtime_ref_decref(servers[i].ref);
    }
    pthread_barrier_destroy(&ready);
}
static void stop_servers(struct server *servers, int n)
{
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(eff_runtime_post(servers[i].ref, eff_deferred_succeed(servers[i].stop, eff_unit)), 0);
    join_servers(servers, n);
}

static eff_value_t is_this_thread(eff_value_t env)
{
    return eff_bool(pthread_equal(*(pthread_t *)eff_as_ptr(env), pthread_self()));
}
START_TEST(an_effect_runs_on_the_thread_of_its_runtime)
{
    struct server servers[2] = { 0 };
    start_servers(servers, 2);
    eff_t *there = eff_on_runtime(servers[0].ref, eff_sync(is_this_thread, eff_ptr(&servers[0].thread)));
    eff_t *elsewhere = eff_on_runtime(servers[0].ref, eff_sync(is_this_thread, eff_ptr(&servers[1].thread)));
    eff_exit_t exit = eff_run(eff_zip_par(there, elsewhere));
    ck_assert_str_eq(shape_of(&exit), "ok((true, false))");
    eff_exit_decref(exit);
    stop_servers(servers, 2);
}
END_TEST

/* Around all servers until nothing is left to go, each adding one. */
static eff_t *go_round(eff_value_t left, eff_value_t servers);
static eff_value_t add_one(eff_value_t v, eff_value_t env)
{
    return eff_int(eff_as_int(v) + 1);
}
static eff_t *go_on(eff_value_t env)
{
    return go_round(eff_first(env), eff_second(env));
}
static eff_t *go_round(eff_value_t left, eff_value_t servers)
{
    struct server *s = eff_as_ptr(servers);
    int64_t n = eff_as_int(left);
    if (n == 0) return one(0);
    eff_t *rest = eff_suspend(go_on, eff_pair(eff_int(n - 1), eff_ptr(s)));
    return eff_on_runtime(s[n % N_SERVERS].ref, eff_map(eff_then(eff_yield_now(), rest), add_one, eff_unit));
}
static eff_t *from_some(eff_value_t i, eff_value_t servers)
{
    return go_round(eff_int(eff_as_int(i) % 16), servers);
}
static eff_value_t add(eff_value_t sum, eff_value_t v, eff_value_t env)
{
    return eff_int(eff_as_int(sum) + eff_as_int(v));
}
START_TEST(work_goes_round_among_runtimes)
{
    struct server servers[N_SERVERS] = { 0 };
    start_servers(servers, N_SERVERS);
    eff_t *e = eff_reduce_par(eff_range(0, 160), from_some, eff_int(0), add, eff_ptr(servers), 0);
    eff_exit_t exit = eff_run(e);
    ck_assert_str_eq(shape_of(&exit), "ok(1200)");
    eff_exit_decref(exit);
    stop_servers(servers, N_SERVERS);
}
END_TEST

/* Everything that a fiber there holds is released there, before the interruption is over here. */
struct counts {
    atomic_int acquired, released, wrong_thread;
    struct server *servers;
};
static eff_value_t take(eff_value_t env)
{
    struct counts *c = eff_as_ptr(eff_first(env));
    atomic_fetch_add(&c->acquired, 1);
    return eff_value_incref(eff_second(env));
}
static void give_up(eff_value_t server, const eff_exit_t *exit, eff_value_t env)
{
    struct counts *c = eff_as_ptr(env);
    atomic_fetch_add(&c->released, 1);
    if (!pthread_equal(c->servers[eff_as_int(server)].thread, pthread_self())) atomic_fetch_add(&c->wrong_thread, 1);
}
static eff_t *spin(eff_value_t server, eff_value_t env)
{
    return eff_repeat(eff_yield_now(), eff_schedule_recurs((uint64_t)eff_as_int(server) * 7 + 3));
}
static eff_t *hold_there(eff_value_t i, eff_value_t counts)
{
    struct counts *c = eff_as_ptr(counts);
    int64_t server = eff_as_int(i) % N_SERVERS;
    eff_t *acquire_it = eff_sync(take, eff_pair(eff_ptr(c), eff_int(server)));
    eff_t *there = eff_acquire_use_release(acquire_it, spin, give_up, eff_ptr(c));
    eff_t *turns = eff_repeat(eff_yield_now(), eff_schedule_recurs((uint64_t)eff_as_int(i) * 31 % 40));
    return eff_race_first(eff_on_runtime(c->servers[server].ref, there), turns);
}
START_TEST(interruptions_cross_answers_and_everything_is_released_there)
{
    struct server servers[N_SERVERS] = { 0 };
    struct counts counts = { .servers = servers };
    start_servers(servers, N_SERVERS);
    eff_exit_t exit =
        eff_run(eff_for_each_par_discard(eff_range(0, test_scaled(4000)), hold_there, eff_ptr(&counts), 50));
    ck_assert_str_eq(shape_of(&exit), "ok(unit)");
    ck_assert_int_eq(counts.acquired, counts.released); /* already: interruption has waited */
    ck_assert_int_eq(counts.wrong_thread, 0);
    eff_exit_decref(exit);
    stop_servers(servers, N_SERVERS);
}
END_TEST

/* Each sends work to all the others, which shut down one by one. */
static eff_t *closed_or_interrupted(const eff_cause_t *cause, eff_value_t env)
{
    eff_value_t error;
    bool fine = eff_cause_is_interrupted_only(cause) ||
                (eff_cause_failure(cause, &error) && eff_error_is(error, &eff_closed_error));
    return fine ? eff_noop() : eff_fail_cause(eff_cause_incref(cause));
}
static eff_t *try_there(eff_value_t i, eff_value_t counts)
{
    struct counts *c = eff_as_ptr(counts);
    int64_t server = eff_as_int(i) % N_SERVERS;
    eff_t *acquire_it = eff_sync(take, eff_pair(eff_ptr(c), eff_int(server)));
    eff_t *there = eff_acquire_use_release(acquire_it, spin, give_up, eff_ptr(c));
    return eff_catch_cause(eff_on_runtime(c->servers[server].ref, there), closed_or_interrupted, eff_unit);
}
static eff_t *try_all(struct counts *c)
{
    return eff_for_each_par_discard(eff_range(0, test_scaled(400)), try_there, eff_ptr(c), 10);
}
START_TEST(servers_that_shut_down_refuse_or_interrupt_what_was_sent)
{
    struct server servers[N_SERVERS] = { 0 };
    struct counts counts = { .servers = servers };
    start_servers(servers, N_SERVERS);
    eff_t *e = try_all(&counts);
    eff_t *stops = eff_noop();
    for (int i = 0; i < N_SERVERS; i++) {
        eff_t *some = eff_repeat(eff_yield_now(), eff_schedule_recurs(20));
        eff_t *stop = eff_on_runtime(servers[i].ref, eff_deferred_succeed(servers[i].stop, eff_unit));
        stops = eff_then(stops, eff_then(some, eff_ignore(stop)));
    }
    eff_exit_t exit = eff_run(eff_zip_par(e, stops));
    join_servers(servers, N_SERVERS);
    ck_assert_msg(exit.ok, "%s", full_text_of(&exit));
    eff_exit_decref(exit);
    ck_assert_int_eq(counts.acquired, counts.released);
    ck_assert_int_eq(counts.wrong_thread, 0);
}
END_TEST

TESTS(an_effect_on_a_runtime_ends_with_its_value, an_effect_on_a_runtime_fails_as_it_does, a_defect_comes_back,
      an_interruption_from_there_is_an_ordinary_cause, effects_on_runtimes_nest, an_effect_may_be_sent_again,
      what_is_set_here_is_not_set_there, interruption_is_passed_on_and_waited_for,
      what_finalizers_there_fail_with_is_told, a_masked_sender_passes_nothing_on,
      who_is_interrupted_already_sends_nothing, sending_null_is_a_mistake, a_posted_effect_runs,
      a_reference_travels_as_a_value_and_outlives_its_runtime, reading_something_else_as_a_reference_is_a_mistake,
      a_null_post_is_a_mistake_of_the_fiber_there, the_loop_ends_when_the_last_reference_is_given_up,
      a_loop_that_shuts_down_does_not_wait_for_references, two_runtimes_on_one_loop_send_each_other_work,
      freeing_the_other_runtime_ends_the_effect, freeing_a_runtime_under_its_senders_leaves_nothing,
      an_effect_runs_on_the_thread_of_its_runtime, work_goes_round_among_runtimes,
      interruptions_cross_answers_and_everything_is_released_there,
      servers_that_shut_down_refuse_or_interrupt_what_was_sent)
