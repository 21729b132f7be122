/* The recipes of docs/recipes.md for running effects, once, many times, and on somebody else's loop, and for what a program
 * is told when it is asked to debug. What stands before a test is what the page shows. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <effect/managed.h>

#include "runtime/runtime.h"
#include "support/fibers.h"

/* ---- a service that counts how often it is opened and closed */

typedef struct db {
    int64_t n_asked;
} db_t;
EFF_DECLARE_SERVICE(db, db_t);
EFF_DEFINE_SERVICE(db, db_t);

static db_t the_db;
static int n_opened, n_closed;

static eff_t *open_db(void)
{
    n_opened++;
    the_db = (db_t){ 0 };
    return eff_delay(eff_succeed(db_value(&the_db)), eff_millis(1));
}
static void close_db(db_t *db)
{
    n_closed++;
}
static eff_layer_t *db_live(void);
EFF_DEFINE_LAYER(db_live, db, db_t, open_db, close_db, EFF_NO_NEEDS);

static eff_t *ask(db_t *db, eff_value_t env)
{
    return eff_succeed(eff_int(++db->n_asked));
}
static eff_t *question(void)
{
    return db_with(ask, eff_unit);
}
static void begin(void)
{
    n_opened = n_closed = 0;
}
static int64_t answer_of(eff_exit_t exit)
{
    ck_assert_msg(exit.ok, "%s", shape_of(&exit));
    int64_t n = eff_as_int(exit.value);
    eff_exit_decref(exit);
    return n;
}

/* ---- one call */

START_TEST(A26_one_call_runs_an_effect_and_ends_all_it_left_running)
{
    begin();
    eff_exit_t exit = eff_run(eff_provide(question(), db_live()));
    ck_assert_int_eq(answer_of(exit), 1);
    ck_assert_int_eq(n_opened, 1);
    ck_assert_int_eq(n_closed, 1);
}
END_TEST

/* ---- a runner that is used again */

static void run_many(int64_t *answers, size_t n)
{
    eff_runtime_t *rt = eff_managed_runtime(NULL, db_live());
    for (size_t i = 0; i < n; i++)
        answers[i] = answer_of(eff_runtime_run(rt, question())); /* the first opens the db, all share it */
    eff_runtime_shutdown(rt, NULL, NULL);                        /* and here it is closed */
    eff_runtime_free(rt);
}

START_TEST(A26_a_runtime_is_used_for_many_runs_which_share_its_services)
{
    int64_t answers[3];
    begin();
    run_many(answers, 3);
    ck_assert_int_eq(answers[0], 1);
    ck_assert_int_eq(answers[2], 3);
    ck_assert_int_eq(n_opened, 1);
    ck_assert_int_eq(n_closed, 1);
}
END_TEST

/* ---- somebody else's loop */

struct server {
    struct event_base *base;
    eff_runtime_t *rt;
    int64_t answer;
};

static void answered(const eff_exit_t *exit, void *arg)
{
    struct server *s = arg;
    s->answer = exit->ok ? eff_as_int(exit->value) : -1;
    eff_runtime_shutdown(s->rt, NULL, NULL);
}
static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    if (eff_runtime_fork(s->rt, question(), answered, s, NULL) < 0) s->answer = -1; /* no user code has run yet */
}
static void serve(struct server *s)
{
    s->base = event_base_new();
    s->rt = eff_managed_runtime(&(eff_runtime_options_t){ .base = s->base }, db_live());
    event_base_once(s->base, -1, EV_TIMEOUT, on_event, s, NULL);
    event_base_dispatch(s->base); /* the program's own; it returns when nothing is left to wait for */
    eff_runtime_free(s->rt);
    event_base_free(s->base);
}

START_TEST(A26_effects_run_inside_a_foreign_event_base)
{
    struct server s = { .answer = 0 };
    begin();
    serve(&s);
    ck_assert_int_eq(s.answer, 1);
    ck_assert_int_eq(n_opened, 1);
    ck_assert_int_eq(n_closed, 1);
}
END_TEST

/* ---- debugging */

static char told[1000];
static int64_t clock_ns = 1;
static int64_t read_clock(void)
{
    return clock_ns;
}

static void tell(const char *text, const char *more)
{
    size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%s%s\n", text, more);
}
static void note_slow(const eff_slow_t *slow, void *arg)
{
    tell(slow->text, "");
}
static void note_lost(const eff_fiber_t *fiber, const eff_cause_t *cause, void *arg)
{
    const char *name = eff_fiber_name(fiber);
    tell(name ? name : "?", " failed, and nobody asked");
}
static eff_runtime_t *debugging_runtime(void)
{
    return eff_runtime_new(
        &(eff_runtime_options_t){ .slow_callback = eff_millis(10), .on_slow = note_slow, .on_unobserved = note_lost });
}

static eff_value_t parse_all(eff_value_t env)
{
    clock_ns += 84 * 1000000; /* takes 84 ms, in which no other fiber runs */
    return eff_unit;
}
static eff_t *careless(void)
{
    eff_t *lost = eff_named(eff_fail(eff_literal("disk full")), "backup");
    eff_t *e = eff_then(eff_ignore(eff_fork(lost)), eff_yield_now());
    return eff_then(e, eff_sync_at("parse (import.c:12)", parse_all, eff_unit));
}

START_TEST(A35_slow_callbacks_and_failures_that_nobody_asked_for_are_told)
{
    (void)unsetenv("EFF_DEBUG");
    eff_runtime_t *rt = debugging_runtime();
    rt->debug.now = read_clock;
    told[0] = 0;
    eff_exit_decref(eff_runtime_run(rt, careless()));
    eff_runtime_free(rt);
    ck_assert_str_eq(told, "backup failed, and nobody asked\n"
                           "callback parse (import.c:12) held the loop for 84 ms, in fiber 1 (main)\n");
}
END_TEST

START_TEST(A35_effects_that_were_never_run_are_told)
{
    eff_buffer_t leaks = EFF_BUFFER_INIT;
    uint64_t mark = eff_test_leaks_mark();
    eff_t *forgotten = eff_sync_at("save (store.c:40)", parse_all, eff_unit); /* built, and not returned to anybody */
    ck_assert_uint_eq(eff_test_leaks(mark, &leaks), 1);
    ck_assert_str_eq(eff_buffer_text(&leaks),
                     "1 effect built at save (store.c:40) was never run, and never given up\n");
    eff_buffer_done(&leaks);
    eff_decref(forgotten);
}
END_TEST

TESTS(A26_one_call_runs_an_effect_and_ends_all_it_left_running,
      A26_a_runtime_is_used_for_many_runs_which_share_its_services, A26_effects_run_inside_a_foreign_event_base,
      A35_slow_callbacks_and_failures_that_nobody_asked_for_are_told, A35_effects_that_were_never_run_are_told)
