/* The retries and the circuit breaker of examples/09_retry.c, under TestClock: once driven from outside, as a transcript,
 * and then as effects, through every sweep. */
#include "support/case.h"

/* The example itself, its main function apart. */
#define main example_main
int example_main(void);
#include "../examples/09_retry.c"
#undef main

/* ---- a request that fails n_left times, and counts */

struct flaky {
    int n_left, n_calls;
};

static eff_t *call(eff_value_t env)
{
    struct flaky *f = eff_as_ptr(env);
    f->n_calls++;
    if (f->n_left-- > 0) return eff_fail(http_error_make((http_error_t){ .status = 503 }));
    return eff_succeed(eff_literal("hello"));
}

static eff_value_t new_breaker(unsigned threshold)
{
    return breaker_make((breaker_t){ .threshold = threshold, .pause = eff_seconds(30) });
}

static eff_t *client_of(struct flaky *f, eff_value_t breaker)
{
    return resilient(eff_suspend(call, eff_ptr(f)), breaker);
}

/* ---- from outside */

START_TEST(backs_off_100_and_200_ms_then_succeeds)
{
    struct flaky flaky = { .n_left = 2 };
    eff_value_t breaker = new_breaker(10);
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, client_of(&flaky, breaker));

    eff_test_adjust(t, eff_millis(0));
    ck_assert_int_eq(flaky.n_calls, 1);
    eff_test_adjust(t, eff_millis(299));
    ck_assert_int_eq(flaky.n_calls, 2);
    ck_assert_ptr_null(eff_fiber_poll(fiber));
    eff_test_adjust(t, eff_millis(1));
    const eff_exit_t *exit = eff_fiber_poll(fiber);
    ck_assert_ptr_nonnull(exit);
    ck_assert(exit->ok);
    ck_assert_str_eq(eff_as_string(exit->value), "hello");

    ck_assert_uint_eq(eff_test_free(t), 0);
    eff_value_decref(breaker);
}
END_TEST

/* ---- as an effect */

struct watch {
    struct flaky flaky;
    eff_value_t breaker;
    eff_fiber_t *fiber;
};

static void watch_drop(struct watch *s)
{
    eff_value_decref(s->breaker);
    eff_fiber_decref(s->fiber);
}

static eff_t *watch_step(struct watch *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    s->flaky.n_left = 100;
    s->breaker = new_breaker(2);
    EFF_AWAIT(eff_fiber_into(eff_fork(client_of(&s->flaky, s->breaker)), &s->fiber));
    EFF_AWAIT(eff_test_clock_adjust(eff_seconds(1)));
    ck_assert_int_eq(s->flaky.n_calls, 2); /* the third time the breaker was open */
    EFF_AWAIT_EXIT(eff_fiber_join(s->fiber));
    ck_assert_str_eq(shape_of(EFF_EXIT()), "fail(circuit open: not asked)");

    EFF_AWAIT(eff_test_clock_adjust(eff_seconds(30)));
    s->flaky.n_left = 0;
    EFF_AWAIT(client_of(&s->flaky, s->breaker));
    ck_assert_int_eq(s->flaky.n_calls, 3);
    EFF_GEN_END(eff_value_incref(EFF_GOT()));
}
EFF_DEFINE_GEN(watch, struct watch, watch_step, .drop = watch_drop);

START_TEST(opens_after_two_failures_and_lets_a_probe_pass_after_30_s)
{
    ck_assert_succeeds(watch((struct watch){ 0 }), "hello");
}
END_TEST

/* ---- the rest, as cases */

/* What the server of a case is like, in w->n. */
enum { N_ASKED, FAILING /* bit i: the i-th answer is a failure */, STATUS /* of those */, LATENCY /* in ms */ };

static eff_t *respond(eff_value_t unit, eff_value_t env)
{
    (void)unit;
    struct world *w = eff_as_ptr(env);
    if (w->n[FAILING] >> w->n[N_ASKED]++ & 1)
        return eff_fail(http_error_make((http_error_t){ .status = (int)w->n[STATUS] }));
    return eff_succeed(eff_literal("hello"));
}

static eff_t *ask(struct world *w, eff_value_t breaker)
{
    eff_t *request = eff_then(say_time(w, "asked"), eff_sleep(eff_millis(w->n[LATENCY])));
    return say_exit(w, resilient(eff_flat_map(request, respond, eff_ptr(w)), breaker));
}

static void serve(struct world *w, int64_t failing, int64_t status)
{
    w->n[FAILING] = failing;
    w->n[STATUS] = status;
}

static eff_t *always_busy(struct world *w)
{
    serve(w, -1, 503);
    eff_value_t breaker = new_breaker(10);
    eff_t *e = ask(w, breaker);
    eff_value_decref(breaker);
    return e;
}
CASE(gives_up_after_three_retries, always_busy, .succeeds = "unit",
     .journal = "asked@0 asked@100 asked@300 asked@700 fail:HTTP 503")

static eff_t *not_there(struct world *w)
{
    serve(w, -1, 404);
    eff_value_t breaker = new_breaker(1);
    eff_t *e = ask(w, breaker);
    e = eff_then(e, ask(w, breaker));
    eff_value_decref(breaker);
    return e;
}
CASE(an_error_of_the_client_is_not_retried_and_does_not_open_the_breaker, not_there, .succeeds = "unit",
     .journal = "asked@0 fail:HTTP 404 asked@0 fail:HTTP 404")

static eff_t *busy_now_and_then(struct world *w)
{
    serve(w, 1 << 0 | 1 << 2, 503);
    eff_value_t breaker = new_breaker(2);
    eff_t *e = ask(w, breaker);
    e = eff_then(e, ask(w, breaker));
    eff_value_decref(breaker);
    return e;
}
CASE(a_success_begins_the_count_of_failures_anew, busy_now_and_then, .succeeds = "unit",
     .journal = "asked@0 asked@100 ok:hello asked@100 asked@200 ok:hello")

static eff_t *busy_when_probed(struct world *w)
{
    serve(w, 1 << 0 | 1 << 1 | 1 << 2, 503);
    eff_value_t breaker = new_breaker(2);
    eff_t *e = ask(w, breaker);
    e = eff_then(e, eff_delay(ask(w, breaker), eff_seconds(30)));
    e = eff_then(e, eff_delay(ask(w, breaker), eff_seconds(29)));
    e = eff_then(e, eff_delay(ask(w, breaker), eff_seconds(1)));
    eff_value_decref(breaker);
    return e;
}
CASE(a_probe_that_fails_begins_the_pause_anew, busy_when_probed, .succeeds = "unit",
     .journal = "asked@0 asked@100 fail:circuit open: not asked asked@30300 fail:circuit open: not asked "
                "fail:circuit open: not asked asked@60400 ok:hello")

static eff_t *two_at_once(struct world *w)
{
    serve(w, 1 << 0, 503);
    w->n[LATENCY] = 1000;
    eff_value_t breaker = new_breaker(1);
    eff_t *e = ask(w, breaker);
    e = eff_then(e, eff_sleep(eff_seconds(30)));
    e = eff_then(e, eff_zip_par(ask(w, breaker), ask(w, breaker)));
    eff_value_decref(breaker);
    return e;
}
CASE(while_a_probe_is_under_way_no_other_request_passes, two_at_once, .succeeds = "(unit, unit)",
     .journal = "asked@0 fail:circuit open: not asked asked@31100 fail:circuit open: not asked ok:hello")

TESTS(backs_off_100_and_200_ms_then_succeeds, opens_after_two_failures_and_lets_a_probe_pass_after_30_s,
      gives_up_after_three_retries, an_error_of_the_client_is_not_retried_and_does_not_open_the_breaker,
      a_success_begins_the_count_of_failures_anew, a_probe_that_fails_begins_the_pause_anew,
      while_a_probe_is_under_way_no_other_request_passes)
