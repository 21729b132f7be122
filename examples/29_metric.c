/* Metrics: what is counted and measured while a program runs, and the text that Prometheus asks for. Time is
 * virtual. */
#include <effect/effect.h>

static const eff_metric_t requests = { .kind = EFF_METRIC_COUNTER,
                                       .name = "requests_total",
                                       .help = "Requests that were answered." };
static const eff_metric_t open_now = { .kind = EFF_METRIC_UP_DOWN,
                                       .name = "requests_open",
                                       .help = "Requests that are being worked on." };
static const eff_metric_t latency = { .kind = EFF_METRIC_HISTOGRAM,
                                      .name = "request_seconds",
                                      .help = "How long requests took.",
                                      EFF_METRIC_BUCKETS(0.01, 0.1, 1) };

static eff_t *answer(eff_value_t i, eff_value_t env)
{
    (void)env;
    bool found = eff_as_int(i) % 4 != 3;
    eff_t *work = eff_sleep(eff_millis(eff_as_int(i) * eff_as_int(i) * 10));
    eff_t *e = eff_then(eff_metric_record(&open_now, 1), eff_metric_timed(work, &latency));
    e = eff_ensuring(e, eff_metric_record(&open_now, -1));
    return eff_then(e, eff_metric_record_with(&requests, 1, eff_fields(eff_field("status", found ? 200 : 404))));
}

static eff_t *serve(void)
{
    eff_t *e = eff_for_each_par_discard(eff_range(0, 12), answer, eff_unit, 0);
    return eff_metric_labels(e, eff_fields(eff_field("host", "a")));
}

/* What is known after half a second: the slow ones are still open. */
static eff_value_t scrape(eff_value_t registry)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_metric_registry_format(eff_as_ptr(registry), &text);
    eff_value_t page = eff_string(eff_buffer_text(&text));
    eff_buffer_done(&text);
    return page;
}

static eff_t *print(eff_value_t page, eff_value_t env)
{
    return eff_print(eff_value_incref(page));
}

int main(void)
{
    eff_metric_registry_t *registry = eff_metric_registry_new();
    eff_t *page = eff_flat_map(eff_sync(scrape, eff_ptr(registry)), print, eff_unit);
    page = eff_delay(page, eff_millis(495));
    eff_t *e = eff_provide(eff_zip_par(serve(), page), eff_metric_registry(registry));
    e = eff_provide(eff_zip_par(e, eff_test_clock_adjust(eff_minutes(1))), eff_test_clock());
    int code = eff_main(e);
    eff_metric_registry_decref(registry);
    return code;
}

/* expected output:
# HELP requests_open Requests that are being worked on.
# TYPE requests_open gauge
requests_open{host="a"} 4
# HELP request_seconds How long requests took.
# TYPE request_seconds histogram
request_seconds_bucket{host="a",le="0.01"} 2
request_seconds_bucket{host="a",le="0.1"} 4
request_seconds_bucket{host="a",le="1"} 8
request_seconds_bucket{host="a",le="+Inf"} 8
request_seconds_sum{host="a"} 1.4
request_seconds_count{host="a"} 8
# HELP requests_total Requests that were answered.
# TYPE requests_total counter
requests_total{host="a",status="200"} 6
requests_total{host="a",status="404"} 2
*/
