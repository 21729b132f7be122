/* One probe, composed of small steps: an attempt, with a timeout, measured, repeated, and at last written down. */
#include "probe.h"

#include <effect/http.h>

/** The service answered, but not as expected. */
static const eff_error_kind_t unexpected_status = { "unexpected status", &eff_any_error };

static eff_value_t timed_out(eff_duration_t timeout)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_duration_format(timeout, &text);
    eff_value_t error = eff_error(&eff_timeout_error, 0, "no answer within %s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    return error;
}

static eff_t *expect_status(eff_value_t response, eff_value_t env)
{
    result_t *result = eff_as_ptr(env);
    result->status = eff_http_response_of(response)->status;
    if (result->status == result->service->status) return eff_noop();
    return eff_fail(eff_error(&unexpected_status, result->status, "expected %d", result->service->status));
}

static eff_t *log_failure(eff_value_t error, eff_value_t env)
{
    (void)env;
    return eff_log_debug_with("an attempt failed", eff_field("why", eff_as_error(error)->message));
}

/* Notes how long an attempt took, however it ended, and ends the same way. */
static eff_t *note_latency(eff_value_t duration_and_exit, eff_value_t env)
{
    result_t *result = eff_as_ptr(env);
    const eff_exit_t *exit = eff_as_exit(eff_second(duration_and_exit));
    result->latency = eff_as_duration(eff_first(duration_and_exit));
    return exit->ok ? eff_noop() : eff_fail_cause(eff_cause_incref(exit->cause));
}

/* Called anew for each attempt: what counts and resets has to happen when the attempt runs. */
static eff_t *attempt(eff_value_t env)
{
    result_t *result = eff_as_ptr(env);
    const service_t *service = result->service;
    result->running = true;
    result->n_attempts++;
    result->status = 0;

    eff_t *e = eff_http_request(.url = service->url, .timeout = eff_duration_max,
                                .max_redirects = EFF_HTTP_NO_REDIRECTS); /* that it redirects is its answer */
    e = eff_timeout_fail(e, service->timeout, timed_out(service->timeout));
    e = eff_flat_map(e, expect_status, eff_ptr(result));
    e = eff_timed(eff_to_exit(e));
    e = eff_flat_map(e, note_latency, eff_ptr(result));
    e = eff_tap_error(e, log_failure, eff_unit);
    return eff_then(eff_log_debug_with("asking", eff_field("attempt", result->n_attempts)), e);
}

static eff_value_t note_down(eff_value_t error, eff_value_t env)
{
    result_t *result = eff_as_ptr(env);
    result->outcome = OUTCOME_DOWN;
    result->why = eff_value_incref(error);
    return eff_unit;
}

static eff_value_t note_up(eff_value_t unit, eff_value_t env)
{
    (void)unit;
    ((result_t *)eff_as_ptr(env))->outcome = OUTCOME_UP;
    return eff_unit;
}

static eff_value_t note_total(eff_value_t duration_and_unit, eff_value_t env)
{
    ((result_t *)eff_as_ptr(env))->total = eff_as_duration(eff_first(duration_and_unit));
    return eff_unit;
}

static eff_value_t note_end(eff_value_t env)
{
    ((result_t *)eff_as_ptr(env))->running = false;
    return eff_unit;
}

eff_t *probe(result_t *result)
{
    eff_schedule_t *backoff = eff_schedule_exponential(eff_millis(100), 2.0);
    backoff = eff_schedule_both(backoff, eff_schedule_recurs(result->service->retries));

    eff_t *e = eff_suspend(attempt, eff_ptr(result));
    e = eff_retry(e, backoff);
    e = eff_match(e, note_down, note_up, eff_ptr(result));
    e = eff_timed(e);
    e = eff_map(e, note_total, eff_ptr(result));
    e = eff_log_annotate(e, eff_field("service", result->service->name));
    return eff_ensuring(e, eff_sync(note_end, eff_ptr(result)));
}
