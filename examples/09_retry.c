/* Retrying with a growing pause, for transient errors only, and through a circuit breaker. The breaker is user code: a
 * struct, and four callbacks around the request. tests/test_retry_breaker.c tests this file. */
#include <effect/effect.h>
#include <effect/test.h>

#include <stdio.h>

typedef struct http_error {
    int status;
} http_error_t;
static void http_error_format(const http_error_t *e, eff_buffer_t *out)
{
    eff_buffer_printf(out, "HTTP %d", e->status);
}
EFF_STATIC_TYPE(http_error, http_error_t, .format = http_error_format);

static bool is_transient(eff_value_t error, eff_value_t env)
{
    (void)env;
    return eff_value_is(error, &http_error_type) && http_error_of(error)->status >= 500;
}

/* ---- circuit breaker: after `threshold` transient failures in a row it opens, and requests fail without being made.
 * After `pause` one is let through: its success closes the breaker, else the pause begins anew. */

static const eff_error_kind_t breaker_open = { "circuit open", NULL };

typedef struct breaker {
    unsigned threshold;
    eff_duration_t pause;
    unsigned n_failures;      /* in a row; open when they reach the threshold */
    eff_instant_t open_until; /* when open: the next request that may pass */
} breaker_t;
EFF_STATIC_TYPE(breaker, breaker_t);

static eff_t *admit(eff_value_t now, eff_value_t breaker)
{
    breaker_t *b = breaker_of(breaker);
    if (b->n_failures < b->threshold) return eff_noop();
    if (eff_as_instant(now).ns < b->open_until.ns) return eff_fail(eff_error(&breaker_open, 0, "not asked"));
    b->open_until = eff_instant_add(eff_as_instant(now), b->pause); /* this one passes, the next one waits for it */
    return eff_noop();
}

static eff_value_t begin_pause(eff_value_t now, eff_value_t breaker)
{
    breaker_t *b = breaker_of(breaker);
    b->open_until = eff_instant_add(eff_as_instant(now), b->pause);
    return eff_unit;
}

static eff_t *count_failure(eff_value_t error, eff_value_t breaker)
{
    breaker_t *b = breaker_of(breaker);
    if (!is_transient(error, eff_unit) || ++b->n_failures < b->threshold) return eff_noop();
    return eff_map(eff_clock_now(), begin_pause, eff_value_incref(breaker));
}

static eff_t *count_success(eff_value_t v, eff_value_t breaker)
{
    (void)v;
    breaker_of(breaker)->n_failures = 0;
    return eff_noop();
}

/* Consumes request; borrows breaker. */
static eff_t *guarded(eff_t *request, eff_value_t breaker)
{
    eff_t *admission = eff_flat_map(eff_clock_now(), admit, eff_value_incref(breaker));
    request = eff_tap_error(request, count_failure, eff_value_incref(breaker));
    request = eff_tap(request, count_success, eff_value_incref(breaker));
    return eff_then(admission, request);
}

static eff_t *resilient(eff_t *request, eff_value_t breaker)
{
    eff_schedule_t *backoff = eff_schedule_exponential(eff_millis(100), 2.0);
    backoff = eff_schedule_both(backoff, eff_schedule_recurs(3));
    backoff = eff_schedule_while(backoff, is_transient, eff_unit);
    return eff_retry(guarded(request, breaker), backoff);
}

/* ---- a server that answers by a script, and a client that asks it every 10 s */

static const int script[] = { 503, 503, 200, 404, 503, 503, 503, 200 };

static eff_t *answer(eff_value_t now, eff_value_t n_calls)
{
    int *n = eff_as_ptr(n_calls);
    int status = script[(*n)++];
    printf("%6.1f s: asked, HTTP %d\n", (double)eff_as_instant(now).ns / 1e9, status);
    if (status != 200) return eff_fail(http_error_make((http_error_t){ .status = status }));
    return eff_succeed(eff_literal("hello"));
}

int main(void)
{
    int n_calls = 0;
    eff_value_t breaker = breaker_make((breaker_t){ .threshold = 3, .pause = eff_seconds(30) });
    eff_t *e = eff_flat_map(eff_clock_now(), answer, eff_ptr(&n_calls));
    e = resilient(e, breaker);
    e = eff_flat_map(e, eff_print_value, eff_literal("          ok: "));
    e = eff_catch_all(e, eff_print_value, eff_literal("          failed: "));
    e = eff_repeat(e, eff_schedule_both(eff_schedule_spaced(eff_seconds(10)), eff_schedule_recurs(5)));
    eff_value_decref(breaker);
    /* under a TestClock this minute takes no time; what is printed goes out */
    eff_exit_t exit = eff_test_run_with(&(eff_test_options_t){ .live = true }, e);
    int code = exit.ok ? 0 : 1;
    eff_exit_decref(exit);
    return code;
}

/* expected output:
   0.0 s: asked, HTTP 503
   0.1 s: asked, HTTP 503
   0.3 s: asked, HTTP 200
          ok: hello
  10.3 s: asked, HTTP 404
          failed: HTTP 404
  20.3 s: asked, HTTP 503
  20.4 s: asked, HTTP 503
  20.6 s: asked, HTTP 503
          failed: circuit open: not asked
          failed: circuit open: not asked
          failed: circuit open: not asked
  51.0 s: asked, HTTP 200
          ok: hello
*/
