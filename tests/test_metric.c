/* Metrics: what a registry keeps of what is recorded, what it refuses, and how it prints it. */
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "support/case.h"
#include "support/failing_allocator.h"

static const eff_metric_t served = { .kind = EFF_METRIC_COUNTER, .name = "served_total", .help = "requests served" };
static const eff_metric_t open_now = { .kind = EFF_METRIC_UP_DOWN, .name = "open_now" };
static const eff_metric_t load = { .kind = EFF_METRIC_GAUGE, .name = "load" };
static const eff_metric_t latency = { .kind = EFF_METRIC_HISTOGRAM,
                                      .name = "latency_seconds",
                                      EFF_METRIC_BUCKETS(0.01, 0.1, 1) };

/* ---- the registry of a case: made anew for each run, and given up by its invariant */

static eff_metric_registry_t *registry;

static eff_t *kept(eff_t *e)
{
    eff_metric_registry_decref(registry);
    registry = eff_metric_registry_new();
    return eff_metrics_provide_value(e, eff_metric_registry_value(registry));
}
static void done(struct world *w)
{
    eff_metric_registry_decref(registry);
    registry = NULL;
}

static eff_metric_state_t state_of(const eff_metric_t *metric)
{
    eff_metric_state_t state;
    (void)eff_metric_registry_read(registry, metric, eff_unit, &state);
    return state;
}
static void check_text(const char *expected)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_metric_registry_format(registry, &text);
    ck_assert_str_eq(eff_buffer_text(&text), expected);
    eff_buffer_done(&text);
}

static eff_t *record_all(const eff_metric_t *metric, size_t n, const double *numbers)
{
    eff_t *e = eff_noop();
    for (size_t i = 0; i < n; i++)
        e = eff_then(e, eff_metric_record(metric, numbers[i]));
    return e;
}
#define RECORDED(metric, ...)                                                                                          \
    record_all(metric, sizeof((double[]){ __VA_ARGS__ }) / sizeof(double), (double[]){ __VA_ARGS__ })

/* ---- kinds */

static eff_t *counts(struct world *w)
{
    return kept(RECORDED(&served, 1, 2.5, 0));
}
static void check_counts(struct world *w, const eff_exit_t *exit)
{
    ck_assert_double_eq(state_of(&served).value, 3.5);
    ck_assert_uint_eq(state_of(&served).count, 3);
}
CASE(a_counter_adds_up, counts, .succeeds = "unit", .check = check_counts, .invariant = done)

static eff_t *decrements(struct world *w)
{
    return kept(RECORDED(&served, 2, -1, NAN, 1));
}
static void check_decrements(struct world *w, const eff_exit_t *exit)
{
    ck_assert_double_eq(state_of(&served).value, 3);
    ck_assert_uint_eq(state_of(&served).count, 2);
    ck_assert_uint_eq(eff_metric_registry_refused(registry), 2);
}
/* OBS-009 */
CASE(OBS_009_a_counter_refuses_to_go_down, decrements, .succeeds = "unit", .check = check_decrements, .invariant = done)

static eff_t *ups_and_downs(struct world *w)
{
    return kept(eff_then(RECORDED(&open_now, 2, -1, 3, -2), RECORDED(&load, 0.5, -7, 0.25)));
}
static void check_ups(struct world *w, const eff_exit_t *exit)
{
    ck_assert_double_eq(state_of(&open_now).value, 2);
    ck_assert_double_eq(state_of(&load).value, 0.25);
    ck_assert_double_eq(state_of(&load).least, -7);
    ck_assert_double_eq(state_of(&load).greatest, 0.5);
}
CASE(an_up_down_goes_both_ways_and_a_gauge_shows_the_last, ups_and_downs, .succeeds = "unit", .check = check_ups,
     .invariant = done)

static eff_t *negatives(struct world *w)
{
    return kept(RECORDED(&latency, -3, -1, -2));
}
static void check_negatives(struct world *w, const eff_exit_t *exit)
{
    ck_assert_double_eq(state_of(&latency).greatest, -1);
    ck_assert_double_eq(state_of(&latency).least, -3);
    ck_assert_double_eq(state_of(&latency).sum, -6);
    ck_assert_uint_eq(state_of(&latency).buckets[0], 3);
}
/* OBS-010 */
CASE(OBS_010_the_greatest_of_negative_numbers_is_negative, negatives, .succeeds = "unit", .check = check_negatives,
     .invariant = done)

static eff_t *bucketed(struct world *w)
{
    return kept(RECORDED(&latency, 0.005, 0.01, 0.02, 1, 1.5, INFINITY, DBL_MAX));
}
static void check_buckets(struct world *w, const eff_exit_t *exit)
{
    static const uint64_t expected[] = { 2, 1, 1, 3 };
    eff_metric_state_t state = state_of(&latency);
    ck_assert_mem_eq(state.buckets, expected, sizeof expected);
    ck_assert_uint_eq(state.count, 7);
}
CASE(a_number_at_a_bound_is_in_its_bucket, bucketed, .succeeds = "unit", .check = check_buckets, .invariant = done)

/* ---- time */

static eff_t *timed(struct world *w)
{
    eff_t *e = eff_metric_timed(eff_sleep(eff_millis(250)), &latency);
    eff_t *fails = eff_metric_timed(eff_delay(eff_fail(eff_literal("no")), eff_millis(50)), &latency);
    eff_t *slow = eff_timeout(eff_metric_timed(eff_never(), &latency), eff_millis(2000));
    return kept(eff_then(e, eff_then(eff_ignore(fails), eff_map_to(slow, eff_unit))));
}
static void check_timed(struct world *w, const eff_exit_t *exit)
{
    ck_assert_uint_eq(state_of(&latency).count, 3);
    ck_assert_double_eq_tol(state_of(&latency).sum, 2.3, 1e-9);
    ck_assert_double_eq_tol(state_of(&latency).least, 0.05, 1e-9);
}
CASE(a_timer_measures_however_it_ends, timed, .succeeds = "unit", .check = check_timed, .invariant = done,
     .without = NO_FREE /* that skips what records, and the invariant */)

/* A Clock whose calendar is set back by an hour each time it is looked at, and whose time goes on. */
static int64_t now_ns, wall_ns;
static eff_instant_t strange_now(eff_clock_t *clock)
{
    return (eff_instant_t){ now_ns += eff_millis(10).ns };
}
static eff_instant_t strange_wall(eff_clock_t *clock)
{
    return (eff_instant_t){ wall_ns -= eff_hours(1).ns };
}
static eff_t *strange_sleep(eff_clock_t *clock, eff_duration_t d)
{
    return eff_noop();
}
static eff_t *set_back(struct world *w)
{
    static eff_clock_t clock = {
        .size = sizeof(eff_clock_t), .now = strange_now, .wall = strange_wall, .sleep = strange_sleep
    };
    now_ns = 0, wall_ns = eff_hours(9000).ns;
    return kept(eff_clock_provide(eff_metric_timed(eff_noop(), &latency), &clock));
}
static void check_set_back(struct world *w, const eff_exit_t *exit)
{
    ck_assert_uint_eq(state_of(&latency).count, 1);
    ck_assert_double_eq_tol(state_of(&latency).sum, 0.01, 1e-9);
}
/* OBS-011 */
CASE(OBS_011_a_timer_goes_by_monotonic_time, set_back, .succeeds = "unit", .check = check_set_back, .invariant = done,
     .without = NO_FREE /* as above */)

/* ---- labels */

static eff_t *with_status(int status)
{
    return eff_metric_record_with(&served, 1, eff_fields(eff_field("status", status)));
}
static eff_t *labelled(struct world *w)
{
    eff_t *e = eff_then(with_status(200), eff_then(with_status(404), with_status(200)));
    eff_t *inner = eff_metric_labels(eff_then(with_status(200), eff_metric_record(&load, 1)),
                                     eff_fields(eff_field("host", "b"), eff_field("status", 0)));
    e = eff_then(e, eff_metric_labels(inner, eff_fields(eff_field("host", "a"), eff_field("zone", "eu"))));
    return kept(eff_then(e, eff_metric_record(&served, 1)));
}
static void check_labelled(struct world *w, const eff_exit_t *exit)
{
    check_text("# HELP served_total requests served\n"
               "# TYPE served_total counter\n"
               "served_total{status=\"200\"} 2\n"
               "served_total{status=\"404\"} 1\n"
               "served_total{host=\"b\",zone=\"eu\",status=\"200\"} 1\n"
               "served_total 1\n"
               "# TYPE load gauge\n"
               "load{host=\"b\",zone=\"eu\",status=\"0\"} 1\n");
    eff_metric_state_t state;
    eff_value_t labels = eff_fields(eff_field("status", 200)), none = eff_fields(eff_field("status", 500));
    ck_assert(eff_metric_registry_read(registry, &served, labels, &state));
    ck_assert_double_eq(state.value, 2);
    ck_assert(!eff_metric_registry_read(registry, &served, none, &state));
    ck_assert_double_eq(state.value, 0);
    eff_value_decref(labels);
    eff_value_decref(none);
}
CASE(each_set_of_labels_is_a_series, labelled, .succeeds = "unit", .check = check_labelled, .invariant = done)

static eff_t *record_labels(const eff_metric_t *metric, const char *a, const char *b)
{
    return eff_metric_record_with_at("m.c:1", metric, 1, eff_fields(eff_field(a, 1), eff_field(b, 2)));
}
static eff_t *clashing(struct world *w)
{
    return kept(record_labels(&served, "a.b", "a_b"));
}
CASE(
    labels_that_are_printed_alike_are_a_mistake, clashing,
    .dies = "eff_metric_record_with was given the labels \"a.b\" and \"a_b\", which have one name when printed (m.c:1)",
    .invariant = done)
static eff_t *le_of_histogram(struct world *w)
{
    return kept(record_labels(&latency, "a", "le"));
}
CASE(the_label_of_buckets_is_a_mistake_for_a_histogram, le_of_histogram,
     .dies = "eff_metric_record_with was given a label \"le\", which the buckets of histograms have (m.c:1)",
     .invariant = done)
static eff_t *le_of_counter(struct world *w)
{
    return kept(record_labels(&served, "a", "le"));
}
static void check_le(struct world *w, const eff_exit_t *exit)
{
    check_text("# HELP served_total requests served\n# TYPE served_total counter\nserved_total{a=\"1\",le=\"2\"} 1\n");
}
CASE(others_may_have_it, le_of_counter, .succeeds = "unit", .check = check_le, .invariant = done)
static eff_t *le_around(struct world *w)
{
    return kept(eff_metric_labels_at("m.c:2", eff_noop(), eff_fields(eff_field("le", 1))));
}
CASE(around_it_may_not_be, le_around,
     .dies = "eff_metric_labels was given a label \"le\", which the buckets of histograms have (m.c:2)",
     .invariant = done)
static eff_t *clash_with_around(struct world *w)
{
    eff_t *e = eff_metric_record_with(&served, 1, eff_fields(eff_field("a_b", 1)));
    return kept(eff_metric_labels(e, eff_fields(eff_field("a-b", 2))));
}
static void check_refused(struct world *w, const eff_exit_t *exit)
{
    check_text("");
    ck_assert_uint_eq(eff_metric_registry_refused(registry), 1);
}
CASE(labels_that_are_printed_as_those_around_are_refused, clash_with_around, .succeeds = "unit", .check = check_refused,
     .invariant = done)

START_TEST(a_registry_is_bounded)
{
    registry = eff_metric_registry_new();
    eff_t *e = eff_noop();
    for (int i = 0; i < EFF_METRIC_SERIES_LIMIT + 5; i++)
        e = eff_then(e, with_status(i));
    ck_assert_succeeds(eff_provide(eff_then(e, with_status(3)), eff_metric_registry(registry)), "unit");
    ck_assert_uint_eq(eff_metric_registry_refused(registry), 5);
    eff_metric_state_t state;
    eff_value_t labels = eff_fields(eff_field("status", 3));
    ck_assert(eff_metric_registry_read(registry, &served, labels, &state));
    ck_assert_double_eq(state.value, 2);
    eff_value_decref(labels);
    done(NULL);
}
END_TEST

/* ---- text */

static eff_t *hostile(struct world *w)
{
    static const eff_metric_t odd = { .kind = EFF_METRIC_GAUGE, .name = "1 odd-näme", .help = "back\\slash\nand line" };
    eff_value_t labels = eff_fields(eff_field("the key", "a\"b\\c\nforged 1"), eff_field("n", 0.1));
    return kept(eff_then(eff_metric_record_with(&odd, 1e300, labels), eff_metric_record(&odd, -INFINITY)));
}
static void check_hostile(struct world *w, const eff_exit_t *exit)
{
    check_text("# HELP __odd_n__me back\\\\slash\\nand line\n"
               "# TYPE __odd_n__me gauge\n"
               "__odd_n__me{the_key=\"a\\\"b\\\\c\\nforged 1\",n=\"0.1\"} 1e+300\n"
               "__odd_n__me -Inf\n");
}
CASE(no_label_forges_a_line, hostile, .succeeds = "unit", .check = check_hostile, .invariant = done)

static eff_t *in_buckets(struct world *w)
{
    return kept(eff_metric_labels(RECORDED(&latency, 0.0078125, 0.5, 0.5, 7), eff_fields(eff_field("host", "a"))));
}
static void check_in_buckets(struct world *w, const eff_exit_t *exit)
{
    check_text("# TYPE latency_seconds histogram\n"
               "latency_seconds_bucket{host=\"a\",le=\"0.01\"} 1\n"
               "latency_seconds_bucket{host=\"a\",le=\"0.1\"} 1\n"
               "latency_seconds_bucket{host=\"a\",le=\"1\"} 3\n"
               "latency_seconds_bucket{host=\"a\",le=\"+Inf\"} 4\n"
               "latency_seconds_sum{host=\"a\"} 8.0078125\n"
               "latency_seconds_count{host=\"a\"} 4\n");
}
CASE(buckets_are_printed_as_sums, in_buckets, .succeeds = "unit", .check = check_in_buckets, .invariant = done)

static eff_t *as_json(struct world *w)
{
    eff_value_t labels = eff_fields(eff_field("host", "a"));
    eff_t *e = eff_then(eff_metric_record_with(&served, 2, labels), eff_metric_record(&latency, 0.5));
    return kept(eff_then(e, eff_metric_record(&load, INFINITY)));
}
static void check_json(struct world *w, const eff_exit_t *exit)
{
    static const char expected[] =
        "[{\"name\": \"served_total\", \"kind\": \"counter\", \"help\": \"requests served\", \"series\": "
        "[{\"labels\": {\"host\": \"a\"}, \"value\": 2.0, \"count\": 1, \"sum\": 2.0, \"least\": 2.0, "
        "\"greatest\": 2.0}]}, "
        "{\"name\": \"latency_seconds\", \"kind\": \"histogram\", \"series\": [{\"labels\": {}, \"count\": "
        "1, \"sum\": 0.5, \"least\": 0.5, \"greatest\": 0.5, \"buckets\": [{\"le\": 0.01, \"count\": 0}, "
        "{\"le\": 0.1, \"count\": 0}, {\"le\": 1.0, \"count\": 1}, {\"le\": null, \"count\": 0}]}]}, "
        "{\"name\": \"load\", \"kind\": \"gauge\", \"series\": [{\"labels\": {}, \"value\": null, \"count\": "
        "1, \"sum\": null, \"least\": null, \"greatest\": null}]}]";
    json_t *json = eff_metric_registry_to_json(registry), *wanted = json_loads(expected, 0, NULL);
    ck_assert_ptr_nonnull(wanted);
    ck_assert(json_equal(json, wanted));
    json_decref(wanted);
    json_decref(json);
    json = eff_metric_registry_to_json(NULL);
    ck_assert_uint_eq(json_array_size(json), 0);
    json_decref(json);
}
CASE(a_registry_is_json_too, as_json, .succeeds = "unit", .check = check_json, .invariant = done)

/* The text or nothing: jansson asks the failing allocator as well. */
START_TEST(without_memory_there_is_no_json)
{
    ck_assert_succeeds(as_json(NULL), "unit");
    bool made = false;
    for (int i = 0; !made && i < 1000; i++) {
        allocations_fail_at(i, true);
        json_t *json = eff_metric_registry_to_json(registry);
        allocations_fail_at(-1, false);
        made = json != NULL;
        json_decref(json);
    }
    ck_assert(made);
    done(NULL);
}
END_TEST

/* ---- other Metrics */

static eff_t *kept_nowhere(struct world *w)
{
    return eff_metric_timed(eff_then(eff_metric_record(&served, 1), say(w, "a")), &latency);
}
CASE(without_metrics_nothing_is_kept, kept_nowhere, .succeeds = "unit", .journal = "a")

struct wrapping {
    eff_metrics_t metrics;
    eff_metrics_t *inner; /* NULL: fails */
};
static eff_t *record_twice(eff_metrics_t *metrics, const eff_metric_t *metric, double number, eff_value_t labels)
{
    struct wrapping *wrapping = EFF_CONTAINER_OF(metrics, struct wrapping, metrics);
    if (!wrapping->inner) {
        eff_value_decref(labels);
        return eff_die(eff_literal("full"));
    }
    eff_t *recursive = eff_metric_record(&load, 1);
    eff_t *once = wrapping->inner->record(wrapping->inner, metric, number, eff_value_incref(labels));
    return eff_then(recursive, eff_then(once, wrapping->inner->record(wrapping->inner, metric, number, labels)));
}
static struct wrapping wrapping;

static eff_t *wrapped(struct world *w)
{
    eff_t *e = kept(eff_noop());
    wrapping = (struct wrapping){ { sizeof(eff_metrics_t), record_twice },
                                  eff__service_of(eff_metric_registry_value(registry)) };
    if (registry) eff_metric_registry_decref(registry); /* the value's */
    return eff_then(e, eff_metrics_provide(with_status(1), &wrapping.metrics));
}
static void check_wrapped(struct world *w, const eff_exit_t *exit)
{
    check_text("# HELP served_total requests served\n# TYPE served_total counter\nserved_total{status=\"1\"} 2\n");
}
CASE(metrics_may_be_wrapped_and_are_not_recorded_in_themselves, wrapped, .succeeds = "unit", .check = check_wrapped,
     .invariant = done)

static eff_t *failing(struct world *w)
{
    wrapping = (struct wrapping){ { sizeof(eff_metrics_t), record_twice }, NULL };
    return eff_metrics_provide(eff_then(eff_metric_record(&served, 1), say(w, "a")), &wrapping.metrics);
}
CASE(metrics_that_fail_lose_a_number_only, failing, .succeeds = "unit", .journal = "a")

static void *record_in_thread(void *arg)
{
    eff_t *e = eff_noop();
    for (int i = 0; i < 1000; i++)
        e = eff_then(e, eff_then(with_status(i % 7), eff_metric_record(&latency, 1)));
    eff_exit_t exit = eff_run(eff_metrics_provide_value(e, eff_metric_registry_value(arg)));
    eff_exit_decref(exit);
    eff_trim();
    return NULL;
}
START_TEST(runtimes_of_two_threads_share_a_registry)
{
    pthread_t other;
    registry = eff_metric_registry_new();
    ck_assert_int_eq(pthread_create(&other, NULL, record_in_thread, registry), 0);
    (void)record_in_thread(registry);
    pthread_join(other, NULL);
    ck_assert_uint_eq(state_of(&latency).count, 2000);
    done(NULL);
}
END_TEST

START_TEST(what_is_no_metric_is_a_mistake)
{
    static const double falling[] = { 1, 0.5 }, endless[] = { 1, INFINITY };
    static const eff_metric_t nameless = { .kind = EFF_METRIC_GAUGE };
    static const eff_metric_t down = { .kind = EFF_METRIC_HISTOGRAM, .name = "x", .n_bounds = 2, .bounds = falling };
    static const eff_metric_t wide = { .kind = EFF_METRIC_HISTOGRAM, .name = "x", .n_bounds = 33, .bounds = falling };
    static const eff_metric_t open = { .kind = EFF_METRIC_HISTOGRAM, .name = "x", .n_bounds = 2, .bounds = endless };
    static eff_metrics_t sizeless = { .record = record_twice };
    ck_assert_dies(eff_metric_record(&open, 1), "a histogram of a bound that is no finite number");
    ck_assert_dies(eff_metric_record(NULL, 1), "argument 1 of eff_metric_record is NULL");
    ck_assert_dies(eff_metric_record(&nameless, 1), "eff_metric_record was given a metric without a name");
    ck_assert_dies(eff_metric_record(&down, 1), "a histogram whose bounds do not ascend");
    ck_assert_dies(eff_metric_timed(eff_noop(), &wide), "a histogram of too many buckets");
    ck_assert_dies(eff_metric_timed(eff_noop(), NULL), "argument 2 of eff_metric_timed is NULL");
    ck_assert_dies(eff_metric_timed(NULL, &load), "argument 1 of eff_metric_timed is NULL");
    ck_assert_dies(eff_metric_record_with(&load, 1, eff_int(3)), "wants labels that eff_fields() makes, not an int");
    ck_assert_dies(eff_metric_labels(eff_noop(), eff_unit), "wants labels that eff_fields() makes, not a unit");
    ck_assert_dies(eff_metrics_provide(eff_metric_record(&load, 1), &sizeless), ".size = sizeof(eff_metrics_t)");
    ck_assert_dies(eff_provide(eff_noop(), eff_metric_registry(NULL)), "out of memory");
    eff_metric_registry_format(NULL, &(eff_buffer_t)EFF_BUFFER_INIT);
    ck_assert_uint_eq(eff_metric_registry_refused(NULL), 0);
}
END_TEST

TESTS(a_counter_adds_up, OBS_009_a_counter_refuses_to_go_down, an_up_down_goes_both_ways_and_a_gauge_shows_the_last,
      OBS_010_the_greatest_of_negative_numbers_is_negative, a_number_at_a_bound_is_in_its_bucket,
      a_timer_measures_however_it_ends, OBS_011_a_timer_goes_by_monotonic_time, each_set_of_labels_is_a_series,
      labels_that_are_printed_alike_are_a_mistake, the_label_of_buckets_is_a_mistake_for_a_histogram,
      others_may_have_it, around_it_may_not_be, labels_that_are_printed_as_those_around_are_refused,
      a_registry_is_bounded, no_label_forges_a_line, buckets_are_printed_as_sums, a_registry_is_json_too,
      without_memory_there_is_no_json, without_metrics_nothing_is_kept,
      metrics_may_be_wrapped_and_are_not_recorded_in_themselves, metrics_that_fail_lose_a_number_only,
      runtimes_of_two_threads_share_a_registry, what_is_no_metric_is_a_mistake)
