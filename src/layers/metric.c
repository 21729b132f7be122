/* Metrics: the service, and the effects that record. A recorder is one instruction, which looks for the Metrics in
 * effect and, if that is a registry of ours, records at once; else it goes on with the service's effect, of which
 * nothing reaches the caller. */
#include <effect/metric.h>

#include <math.h>

#include "core/build.h"
#include "core/misuse.h"
#include "layers/metric_registry.h"
#include "runtime/clock.h"
#include "runtime/prim.h"

/* ---- the service */

static eff_metrics_t no_metrics = { .size = sizeof(eff_metrics_t) };

EFF_DEFINE_DEFAULT_SERVICE(eff_metrics, eff_metrics_t, &no_metrics);

static eff_value_t no_labels(void)
{
    return eff_unit;
}
static const eff_tag_t labels_tag = { "metric labels", no_labels };

/* The fiber's Metrics; NULL when nothing is kept. */
static eff_metrics_t *metrics_of(const eff_fiber_t *f)
{
    eff_metrics_t *metrics = f->context ? eff_metrics_from(f->context) : NULL;
    if (!metrics || metrics == &no_metrics) return NULL;
    if (metrics->size < offsetof(eff_metrics_t, record) + sizeof metrics->record) {
        eff__misuse("the Metrics in effect do not say .size = sizeof(eff_metrics_t)");
        return NULL;
    }
    return metrics->record ? metrics : NULL;
}

/* The labels around and these, of which the latter count. Consumes own; new. */
static eff_value_t all_labels(const eff_fiber_t *f, eff_value_t own)
{
    eff_value_t around = f->context ? eff_context_get(f->context, &labels_tag) : eff_unit;
    if (around.type != &eff_fields_type) return own;
    if (own.type == &eff_unit_type) return eff_value_incref(around);
    return eff_fields_merge(eff_value_incref(around), own);
}

/* ---- recording. The instruction's value is the number alone, when there are no labels, or a pair of it and them; its
 * metric, which is static, stands in a recording of its own. */

struct recording {
    const eff_metric_t *metric;
    double number;
    eff_value_t labels; /* owned; or unit */
};
static void recording_drop(void *payload)
{
    eff_value_decref(((struct recording *)payload)->labels);
}
static const eff_type_t recording_type = {
    .size = sizeof(struct recording), .name = "number to record", .drop = recording_drop, .flags = EFF_TYPE_COUNTED
};

/* Records; returns the effect that the service makes of it, or NULL when it is done. Consumes labels. */
static eff_t *record_in(const eff_fiber_t *f, eff_metrics_t *metrics, const eff_metric_t *metric, double number,
                        eff_value_t labels)
{
    labels = all_labels(f, labels);
    if (eff_is_oom(labels)) return NULL; /* better no number than one of another series */
    eff_metric_registry_t *registry = eff__metric_registry_of(metrics);
    if (!registry) {
        eff_t *e = metrics->record(metrics, metric, number, labels);
        if (!e) e = eff__mistake(NULL, "the .record of the Metrics in effect returned NULL");
        e = eff_locally_at(NULL, e, &eff_metrics_tag, eff_metrics_value(&no_metrics));
        return eff_ignore_cause_at(NULL, e);
    }
    eff__metric_registry_record(registry, metric, number, labels);
    eff_value_decref(labels);
    return NULL;
}

static int record_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const struct recording *r = e->prim.value.ptr;
    eff_metrics_t *metrics = metrics_of(f);
    (void)alone;
    eff_t *recorded = metrics ? record_in(f, metrics, r->metric, r->number, eff_value_incref(r->labels)) : NULL;
    if (eff__effect_usable(recorded)) return eff__prim_effect(f, recorded);
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim record_prim = { "metric_record", record_run };

/* What is wrong with a metric, or NULL. */
static const char *metric_mistake(const eff_metric_t *metric)
{
    if (!metric->name || !metric->name[0]) return "a metric without a name";
    if (metric->kind > EFF_METRIC_HISTOGRAM) return "a metric of no kind that there is";
    if (metric->n_bounds > EFF_METRIC_MAX_BUCKETS) return "a histogram of too many buckets";
    if (metric->n_bounds > 0 && !metric->bounds) return "a histogram without bounds";
    for (size_t i = 0; i < metric->n_bounds; i++) {
        if (!isfinite(metric->bounds[i])) return "a histogram of a bound that is no finite number";
        if (i > 0 && metric->bounds[i - 1] >= metric->bounds[i]) return "a histogram whose bounds do not ascend";
    }
    return NULL;
}

static bool are_labels(eff_value_t labels)
{
    return labels.type == &eff_fields_type || labels.type == &eff_unit_type;
}

static eff_t *refuse_labels(eff_site_t site, const char *builder, eff_value_t labels)
{
    const char *type = eff_type_of(labels)->name;
    eff_value_decref(labels);
    return eff__mistake_at(site, "%s wants labels that eff_fields() makes, not %s %s", builder, eff__article(type),
                           type);
}

/* What is wrong with labels, as a mistake at the site; NULL: nothing. */
static eff_t *label_mistake(eff_site_t site, const char *builder, bool has_buckets, eff_value_t labels)
{
    struct eff__label_clash clash;
    if (eff__metric_labels_fit(labels, has_buckets, &clash)) return NULL;
    if (clash.other)
        return eff__mistake_at(site, "%s was given the labels \"%s\" and \"%s\", which have one name when printed",
                               builder, clash.other, clash.key);
    return eff__mistake_at(site, "%s was given a label \"le\", which the buckets of histograms have", builder);
}

static eff_t *record_node(eff_site_t site, const char *builder, const eff_metric_t *metric, double number,
                          eff_value_t labels)
{
    if (!metric) return eff__refuse_null(site, builder, 1, eff_noop(), labels);
    if (!eff__value_usable(labels)) return eff__refuse_call(site, builder, true, labels);
    if (!are_labels(labels)) return refuse_labels(site, builder, labels);
    eff_t *wrong = label_mistake(site, builder, metric->kind == EFF_METRIC_HISTOGRAM, labels);
    if (wrong) {
        eff_value_decref(labels);
        return wrong;
    }
    const char *mistake = metric_mistake(metric);
    struct recording *r = mistake ? NULL : eff__payload_alloc(&recording_type, sizeof *r);
    if (!r) {
        eff_value_decref(labels);
        return mistake ? eff__mistake_at(site, "%s was given %s", builder, mistake) : eff_out_of_memory();
    }
    *r = (struct recording){ metric, number, labels };
    return eff__prim_node_plain(site, &record_prim, (eff_value_t){ .type = &recording_type, .ptr = r });
}

eff_t *eff_metric_record_at(eff_site_t site, const eff_metric_t *metric, double number)
{
    return record_node(site, "eff_metric_record", metric, number, eff_unit);
}

eff_t *eff_metric_record_with_at(eff_site_t site, const eff_metric_t *metric, double number, eff_value_t labels)
{
    return record_node(site, "eff_metric_record_with", metric, number, labels);
}

/* ---- timing */

struct timing {
    const eff_metric_t *metric;
    int64_t began;
};
EFF_STATIC_TYPE(timing, struct timing);

static eff_t *record_time(const eff_exit_t *exit, eff_value_t env)
{
    const struct timing *t = timing_of(env);
    const eff_fiber_t *f = eff__running->current;
    eff_metrics_t *metrics = metrics_of(f);
    (void)exit;
    if (!metrics) return eff_noop();
    int64_t ns = eff_instant_since((eff_instant_t){ eff__clock_read(f) }, (eff_instant_t){ t->began }).ns;
    double seconds = ns > 0 ? (double)ns / 1e9 : 0; /* below 0 only if another Clock was provided meanwhile */
    eff_t *recorded = record_in(f, metrics, t->metric, seconds, eff_unit);
    return recorded ? recorded : eff_noop();
}

/* The closure's effect is what is timed, its key the metric. Without memory it runs untimed. */
static eff_t *begin_timing(eff_value_t v, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    const eff_fiber_t *f = eff__running->current;
    (void)v;
    if (!metrics_of(f)) return eff_incref(c->effect);
    eff_value_t timing = EFF_ENV(timing, .metric = c->key, .began = eff__clock_read(f));
    if (eff_is_oom(timing)) return eff_incref(c->effect);
    eff_t *e = eff_incref(c->effect);
    return eff_on_exit_at(c->site, e, record_time, timing);
}

eff_t *eff_metric_timed_at(eff_site_t site, eff_t *e, const eff_metric_t *metric)
{
    static const char builder[] = "eff_metric_timed";
    if (!metric) return eff__refuse_null(site, builder, 2, e, eff_unit);
    if (!eff__effect_usable(e)) return eff__refuse_bind(site, builder, e, true, eff_unit);
    const char *mistake = metric_mistake(metric);
    if (mistake) {
        eff_decref(e);
        return eff__mistake_at(site, "%s was given %s", builder, mistake);
    }
    return eff__derived_bind(EFF__OP_FLAT_MAP, eff_noop(), (eff_any_fn)begin_timing,
                             (struct eff__closure){
                                 .builder = builder, .site = site, .key = metric, .effect = e, .env = eff_unit });
}

/* ---- labels */

/* The closure's env: the labels. */
static eff_t *run_labelled(eff_value_t v, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    (void)v;
    eff_value_t labels = all_labels(eff__running->current, eff_value_incref(c->env));
    eff_t *e = eff_incref(c->effect);
    return eff_locally_at(c->site, e, &labels_tag, labels);
}

eff_t *eff_metric_labels_at(eff_site_t site, eff_t *e, eff_value_t labels)
{
    static const char builder[] = "eff_metric_labels";
    if (!eff__effect_usable(e) || !eff__value_usable(labels)) return eff__refuse_bind(site, builder, e, true, labels);
    if (labels.type != &eff_fields_type) {
        eff_decref(e);
        return refuse_labels(site, builder, labels);
    }
    eff_t *wrong = label_mistake(site, builder, true, labels);
    if (wrong) {
        eff_decref(e);
        eff_value_decref(labels);
        return wrong;
    }
    return eff__derived_bind(EFF__OP_FLAT_MAP, eff_noop(), (eff_any_fn)run_labelled,
                             (struct eff__closure){ .builder = builder, .site = site, .effect = e, .env = labels });
}
