/** @file
 * Metrics: numbers about a running program, for graphs and alarms.
 *
 *     static const eff_metric_t served = { .kind = EFF_METRIC_COUNTER, .name = "requests_total" };
 *     static const eff_metric_t latency = { .kind = EFF_METRIC_HISTOGRAM, .name = "request_seconds",
 *                                           EFF_METRIC_BUCKETS(0.01, 0.1, 1, 10) };
 *     e = eff_metric_timed(handle(request), &latency);
 *     e = eff_then(e, eff_metric_record_with(&served, 1, eff_fields(eff_field("status", 200))));
 *
 * A metric is a static object. What is recorded goes to the Metrics service, which is a default tag: without anybody
 * providing one nothing is kept, and recording costs a look. A registry is one that keeps everything:
 *
 *     eff_metric_registry_t *registry = eff_metric_registry_new();
 *     e = eff_provide(e, eff_metric_registry(registry));
 *     ...
 *     eff_metric_registry_format(registry, &text);        // for Prometheus, and for people
 *
 * Recording never fails its caller. What cannot be recorded is refused, and the metric keeps its value: NaN, a counter
 * that should go down, a series more than EFF_METRIC_SERIES_LIMIT, labels around and the recorder's own that cannot be
 * told apart. Labels that cannot be at all are a mistake where they are given: two whose names are one when printed
 * ("a.b" and "a_b"), and "le", which the buckets of histograms have.
 */
#ifndef EFFECT_METRIC_H
#define EFFECT_METRIC_H

#include <effect/field.h>
#include <effect/layer.h>

EFF_BEGIN_DECLS

/** What a recorded number does to a metric. */
typedef enum eff_metric_kind {
    EFF_METRIC_COUNTER,  /**< is added; one below 0 is refused: a counter only grows */
    EFF_METRIC_UP_DOWN,  /**< is added, below 0 too: how many there are of something */
    EFF_METRIC_GAUGE,    /**< replaces the last one */
    EFF_METRIC_HISTOGRAM /**< is counted in its bucket */
} eff_metric_kind_t;

enum {
    EFF_METRIC_MAX_BUCKETS = 32,    /**< of a histogram, without the last, which has no bound */
    EFF_METRIC_SERIES_LIMIT = 10000 /**< series that a registry keeps, of all metrics together */
};

/** A metric: what is recorded. Its address is its identity: define it once, static const. */
typedef struct eff_metric {
    eff_metric_kind_t kind; /**< what a number does to it */
    const char *name;       /**< letters, digits and `_`, as Prometheus has it; not NULL */
    const char *help;       /**< what it is, for people; may be NULL */
    size_t n_bounds;        /**< of a histogram: how many bounds; EFF_METRIC_MAX_BUCKETS at most */
    const double *bounds;   /**< static: the greatest number of each bucket; finite, ascending */
} eff_metric_t;
/** The bounds of a histogram, for its initializer, at file scope. (C++ has no such literals: give an array.)
 *  @param ... numbers, ascending; at least one */
#define EFF_METRIC_BUCKETS(...)                                                                                        \
    .n_bounds = sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double), .bounds = (const double[])                   \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

/** The Metrics service. To write one, put it in a struct with what it works on; see EFF_CONTAINER_OF. */
typedef struct eff_metrics eff_metrics_t;
struct eff_metrics {
    size_t size; /**< sizeof(eff_metrics_t): tells the library which operations there are */
    /**
     * Builds the effect that records a number. What it ends with is dropped. NULL: nothing is kept.
     *
     * @param metrics borrowed until the effect has ended
     * @param metric static
     * @param number any, NaN included
     * @param labels consumes; of eff_fields_type, those around and the recorder's own; or unit
     * @returns_new
     */
    eff_t *(*record)(eff_metrics_t *metrics, const eff_metric_t *metric, double number, eff_value_t labels);
};

/** What service.h generates: eff_metrics_tag, eff_metrics_with, eff_metrics_from, eff_metrics_provide,
 *  eff_metrics_provide_value, eff_metrics_value; eff_metrics__use is for these. */
EFF_DECLARE_API_SERVICE(EFF_API, eff_metrics, eff_metrics_t);
/** Runs what use makes of the Metrics.
 *  @param ... use, an `eff_t *(*)(eff_metrics_t *, eff_value_t env)`, and env, consumed: as NAME_with of service.h
 *  @returns_new */
#define eff_metrics_with(...) eff_metrics_with_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
/** Runs an effect with these Metrics.
 *  @param ... the effect, consumed, and a `eff_metrics_t *`, borrowed until it has ended @returns_new */
#define eff_metrics_provide(...) eff_metrics_provide_at(EFF_SITE, __VA_ARGS__)
/** Runs an effect with these Metrics. @param ... the effect and the service as a value, both consumed @returns_new */
#define eff_metrics_provide_value(...) eff_metrics_provide_value_at(EFF_SITE, __VA_ARGS__)

/* ---- recording */

/** Records a number. Succeeds with unit. O(1), one instruction, with a registry.
 *  @param site where it is composed; the macro fills it in
 *  @param metric static
 *  @param number what its kind says
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_metric_record_at(eff_site_t site, const eff_metric_t *metric, double number);
/** Records a number of a series of its own: that with these labels. Succeeds with unit. O(labels) with a registry.
 *  @param site where it is composed; the macro fills it in
 *  @param metric static
 *  @param number what its kind says
 *  @param labels consumes; of eff_fields(): few different ones, since each makes a series; in the same order everywhere
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_metric_record_with_at(eff_site_t site, const eff_metric_t *metric, double number,
                                                      eff_value_t labels);
/**
 * Runs e, and records how long it took, however it ended, in seconds of the monotonic Clock: never below 0, whatever is
 * done to the calendar meanwhile. Ends as e does.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @param metric static; a histogram, as a rule
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_metric_timed_at(eff_site_t site, eff_t *e, const eff_metric_t *metric);
/** Runs e with labels for all that is recorded in it, and in the fibers that it forks; of equal keys the inner one
 *  counts.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param labels consumes; of eff_fields()
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_metric_labels_at(eff_site_t site, eff_t *e, eff_value_t labels);

#define eff_metric_record(...) eff_metric_record_at(EFF_SITE, __VA_ARGS__)
#define eff_metric_record_with(...) eff_metric_record_with_at(EFF_SITE, __VA_ARGS__)
#define eff_metric_timed(...) eff_metric_timed_at(EFF_SITE, __VA_ARGS__)
#define eff_metric_labels(...) eff_metric_labels_at(EFF_SITE, __VA_ARGS__)

/* ---- a registry. A handle in plain C; any thread, and runtimes of several threads may share one. Its functions take
 * NULL, as of a new that found no memory. */

/** Metrics that are kept. */
typedef struct eff_metric_registry eff_metric_registry_t;
/** A registry that has kept nothing. @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_metric_registry_t *eff_metric_registry_new(void);
/** One more reference. Any thread. @param r borrows; NULL is fine @return r, with a reference that is yours */
EFF_API eff_metric_registry_t *eff_metric_registry_incref(eff_metric_registry_t *r);
/** Gives up one reference. Any thread. @param r consumes; NULL is fine */
EFF_API void eff_metric_registry_decref(eff_metric_registry_t *r);
/** The layer of a registry. @param r borrows, and retains; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_metric_registry(eff_metric_registry_t *r);
/** The registry as Metrics, for eff_metrics_provide_value and eff_context_add.
 *  @param r borrows, and retains; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_metric_registry_value(eff_metric_registry_t *r);

/** What was recorded of one series. */
typedef struct eff_metric_state {
    double value;    /**< of a counter and an up-down the sum, of a gauge the last number; of a histogram 0 */
    uint64_t count;  /**< how many numbers were recorded */
    double sum;      /**< of all of them */
    double least;    /**< of all of them; 0 when there is none */
    double greatest; /**< of all of them; 0 when there is none */
    uint64_t
        buckets[EFF_METRIC_MAX_BUCKETS + 1]; /**< of a histogram: how many are at most the bound, and not in a bucket
                                                       before; the last: above all bounds */
} eff_metric_state_t;
/** Reads a series. O(labels). @borrows{r}
 *  @param metric static
 *  @borrows{labels} of eff_fields_type, or unit
 *  @param ret_state set to what was recorded; zeros when that is nothing
 *  @return whether something was */
EFF_API bool eff_metric_registry_read(eff_metric_registry_t *r, const eff_metric_t *metric, eff_value_t labels,
                                      eff_metric_state_t *ret_state);
/** How many numbers were refused. @borrows{r} @return their number, of all metrics together */
EFF_API uint64_t eff_metric_registry_refused(eff_metric_registry_t *r);
/** Everything as text, in the exposition format of Prometheus (version 0.0.4): metrics in the order in which they were
 *  first recorded. O(series). @borrows{r}
 *  @param out what the text is added to */
EFF_API void eff_metric_registry_format(eff_metric_registry_t *r, eff_buffer_t *out);
/** Everything as JSON. O(series).
 *
 *      [{"name": "requests_total", "kind": "counter", "help": "...", "series": [
 *          {"labels": {"status": 200}, "value": 6.0, "count": 6, "sum": 6.0, "least": 1.0, "greatest": 1.0}]}]
 *
 *  A histogram has instead of a value its `buckets`, each with "le", which is null for the last one, and "count".
 *  Infinite numbers are null.
 *
 *  @borrows{r} @return new, shared with nobody; NULL when out of memory */
EFF_API struct json_t *eff_metric_registry_to_json(eff_metric_registry_t *r);

EFF_END_DECLS
#endif
