/* The code that the guides show and no example has, compiled and run. The pages take their snippets from here; what
 * stands around them is what makes them a test. */
#include "support/case.h"
#include <effect/effect.h>
#include <effect/test.h>

#include <netdb.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

/* ---- ownership.md: the order of evaluation */

START_TEST(a_second_reference_is_taken_in_a_line_of_its_own)
{
    eff_t *e = eff_succeed(eff_int(1));
    eff_t *at_once = eff_incref(e);
    e = eff_race(eff_delay(e, eff_seconds(1)), at_once);
    ck_assert_succeeds(e, "1");
}
END_TEST

/* ---- straight-line.md */

static eff_t *fetch_price(const char *item)
{
    return eff_map_to(eff_sleep(eff_millis(20)), eff_int((int64_t)strlen(item)));
}

struct order {
    const char *item; /* given by whoever makes the order */
    int64_t n;
    int64_t price; /* found while it runs */
    int attempt;
};

static eff_t *order_step(struct order *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(fetch_price(s->item));
    s->price = eff_as_int(EFF_GOT());
    if (s->price == 0) EFF_GEN_FAIL(eff_error(&eff_not_found_error, 0, "no price for '%s'", s->item));
    EFF_GEN_END(eff_int(s->price * s->n));
}
EFF_DEFINE_GEN(order, struct order, order_step);

START_TEST(an_order_awaits_its_price)
{
    eff_t *e = order((struct order){ .item = "pear", .n = 3 });
    ck_assert_succeeds(e, "12");
    ck_assert_fails(order((struct order){ .item = "", .n = 3 }), "not found: no price for ''");
}
END_TEST

static eff_t *patient_step(struct order *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    for (s->attempt = 1;; s->attempt++) { /* in the frame: a local would be lost at the await */
        EFF_AWAIT_EXIT(fetch_price(s->item));
        if (EFF_EXIT()->ok) EFF_GEN_RETURN(eff_value_incref(EFF_EXIT()->value));
        if (s->attempt == 3) EFF_GEN_EXIT(EFF_EXIT()); /* gives up, with the cause as it is */
        EFF_AWAIT(eff_sleep(eff_seconds(s->attempt)));
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(patient, struct order, patient_step);

START_TEST(a_patient_order_looks_at_the_exit)
{
    ck_assert_succeeds(patient((struct order){ .item = "fig" }), "3");
}
END_TEST

struct both {
    eff_value_t apples, pears;
};

static void both_drop(struct both *s)
{
    eff_value_decref(s->apples);
    eff_value_decref(s->pears);
}

static eff_t *both_step(struct both *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_all_par(eff_into(fetch_price("apples"), &s->apples), /* both at once ... */
                          eff_into(fetch_price("pears"), &s->pears)));
    EFF_GEN_END(eff_int(eff_as_int(s->apples) + eff_as_int(s->pears))); /* ... and both are there */
}
EFF_DEFINE_GEN(both, struct both, both_step, .drop = both_drop);

START_TEST(two_prices_are_fetched_at_once)
{
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, both((struct both){ .apples = eff_unit, .pears = eff_unit }));
    eff_test_adjust(t, eff_millis(20));
    ck_assert(eff_fiber_poll(fiber) && eff_fiber_poll(fiber)->ok);
    ck_assert_int_eq(eff_as_int(eff_fiber_poll(fiber)->value), 11);
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

struct greeting {
    eff_value_t name; /* owned by the description, and by each run */
};

static void greeting_copy(struct greeting *s)
{
    eff_value_incref(s->name);
}

static void greeting_drop(struct greeting *s)
{
    eff_value_decref(s->name);
}

static eff_t *greeting_step(struct greeting *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_sleep(eff_seconds(1)));
    EFF_GEN_END(eff_printf("hello, %s", eff_as_string(s->name)));
}
EFF_DEFINE_GEN(greeting, struct greeting, greeting_step, .copy = greeting_copy, .drop = greeting_drop);

START_TEST(a_gen_that_owns_its_arguments_runs_twice)
{
    eff_t *e = greeting((struct greeting){ .name = eff_string("ada") });
    ck_assert_succeeds(eff_repeat(e, eff_schedule_recurs(1)), "hello, ada");
}
END_TEST

/* ---- threads.md: an answer from another thread */

static void *answer(void *k)
{
    eff_async_succeed(k, eff_string("from another thread"));
    return NULL;
}

static void ask_thread(eff_async_t *k, eff_value_t thread)
{
    int err = pthread_create(eff_as_ptr(thread), NULL, answer, k);
    if (err) eff_async_fail(k, eff_error_errno(err, "start a thread"));
}

START_TEST(a_thread_answers_a_fiber)
{
    pthread_t thread = pthread_self();
    eff_exit_t exit = eff_run(eff_async(ask_thread, eff_ptr(&thread)));
    ck_assert(exit.ok);
    ck_assert_str_eq(eff_as_string(exit.value), "from another thread");
    eff_exit_decref(exit);
    pthread_join(thread, NULL); /* what it has cached is counted until it has ended */
}
END_TEST

/* ---- threads.md: a runtime for each thread */

static void *serve(void *job)
{
    eff_exit_t *ret_exit = job;
    *ret_exit = eff_run(eff_map_to(eff_yield_now(), eff_string("done"))); /* a loop and a runtime of this thread */
    return NULL;
}

START_TEST(each_thread_has_a_runtime)
{
    enum { N = 3 };
    pthread_t threads[N];
    eff_exit_t exits[N];
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, serve, &exits[i]), 0);
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(exits[i].ok);
        eff_exit_decref(exits[i]); /* values may be passed between threads */
    }
}
END_TEST

/* ---- threads.md: C that blocks */

static eff_t *read_word(eff_value_t path)
{
    FILE *file = fopen(eff_as_string(path), "r");
    char word[64];
    if (!file) return eff_fail_errno("open %s", eff_as_string(path));
    int n = fscanf(file, "%63s", word);
    fclose(file);
    if (n != 1) return eff_fail(eff_error(&eff_not_found_error, 0, "%s is empty", eff_as_string(path)));
    return eff_succeed(eff_string(word));
}

static eff_t *first_word(const char *path)
{
    return eff_blocking(read_word, eff_string(path));
}

START_TEST(a_file_is_read_on_the_pool)
{
    eff_exit_t exit = eff_run(first_word("/proc/self/status"));
    ck_assert(exit.ok);
    ck_assert_str_eq(eff_as_string(exit.value), "Name:");
    eff_exit_decref(exit);
}
END_TEST

static eff_t *look_up(eff_value_t host)
{
    struct addrinfo *found;
    int err = getaddrinfo(eff_as_string(host), NULL, NULL, &found);
    if (err) return eff_fail(eff_error_gai(err, "look up %s", eff_as_string(host)));
    int family = found->ai_family;
    freeaddrinfo(found);
    return eff_succeed(eff_int(family));
}

static eff_t *look_up_in_time(const char *host)
{
    return eff_timeout(eff_blocking_abandon(look_up, eff_string(host)), eff_seconds(2));
}

START_TEST(a_host_is_looked_up_on_the_pool)
{
    eff_exit_t exit = eff_run(look_up_in_time("127.0.0.1"));
    ck_assert(exit.ok);
    ck_assert_int_eq(eff_as_int(eff_some_value(exit.value)), AF_INET);
    eff_exit_decref(exit);
}
END_TEST

/* ---- errors.md: a handler that an interruption does not skip */

static eff_value_t note_one(eff_value_t n_refused)
{
    ++*(int *)eff_as_ptr(n_refused);
    return eff_unit;
}
static eff_t *note_refusal(eff_value_t error, eff_value_t n_refused)
{
    return eff_sync(note_one, eff_value_incref(n_refused));
}
/* Is refused after 20 ms, or as soon as nobody waits any more. */
static eff_t *try_to_connect(void)
{
    return eff_ensuring(eff_sleep(eff_millis(20)), eff_fail(eff_error(&eff_connection_error, 0, "refused")));
}

static eff_t *connect_masked(eff_restore_t restore, eff_value_t n_refused)
{
    eff_t *e = eff_restore(restore, try_to_connect());
    return eff_catch_all(e, note_refusal, eff_value_incref(n_refused));
}
static eff_t *connect_handled(int *n_refused)
{
    return eff_uninterruptible_mask(connect_masked, eff_ptr(n_refused));
}
static eff_t *connect_unhandled(int *n_refused)
{
    return eff_catch_all(try_to_connect(), note_refusal, eff_ptr(n_refused));
}

/* How e, interrupted while it waits, ends. */
static eff_exit_t interrupted(eff_t *e)
{
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, e);
    eff_test_adjust(t, eff_millis(10));
    (void)eff_test_fork(t, eff_fiber_interrupt(fiber));
    eff_test_adjust(t, eff_millis(0));
    eff_exit_t exit = eff_exit_incref(eff_fiber_poll(fiber));
    ck_assert_uint_eq(eff_test_free(t), 0);
    return exit;
}

START_TEST(a_handler_inside_a_mask_is_not_skipped)
{
    int n_refused = 0;
    eff_exit_t exit = interrupted(connect_unhandled(&n_refused));
    ck_assert_int_eq(n_refused, 0);
    ck_assert(eff_cause_is_interrupted(exit.cause) && eff_cause_has_fail(exit.cause));
    eff_exit_decref(exit);
    exit = interrupted(connect_handled(&n_refused));
    ck_assert_int_eq(n_refused, 1);
    ck_assert(eff_cause_is_interrupted_only(exit.cause));
    eff_exit_decref(exit);
}
END_TEST

TESTS(a_second_reference_is_taken_in_a_line_of_its_own, an_order_awaits_its_price, a_patient_order_looks_at_the_exit,
      two_prices_are_fetched_at_once, a_gen_that_owns_its_arguments_runs_twice, a_thread_answers_a_fiber,
      each_thread_has_a_runtime, a_file_is_read_on_the_pool, a_host_is_looked_up_on_the_pool,
      a_handler_inside_a_mask_is_not_skipped)
