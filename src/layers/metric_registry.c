/* A registry: a table of series by metric and labels, and beside it lists in which they are printed. Everything is done
 * under its lock, which nobody holds for longer than an update takes, but for whoever prints. */
#include "layers/metric_registry.h"

#include <math.h>
#include <string.h>

#include "core/build.h"
#include "layers/layer.h"
#include "runtime/prim.h"

static void registry_drop(void *payload)
{
    eff_metric_registry_t *r = payload;
    for (struct eff__family *family = r->first, *next; family; family = next) {
        next = family->next;
        for (struct eff__series *s = family->first, *after; s; s = after) {
            after = s->next_of_metric;
            eff_value_decref(s->labels);
            eff__free(s, sizeof *s);
        }
        eff__free(family, sizeof *family);
    }
    pthread_mutex_destroy(&r->lock);
}
static const eff_type_t registry_type = {
    .size = sizeof(eff_metric_registry_t), .name = "metric registry", .drop = registry_drop, .flags = EFF_TYPE_COUNTED
};

/* ---- finding a series */

static uint64_t hash_of(const eff_metric_t *metric, eff_value_t labels)
{
    uint64_t hash = (uint64_t)(uintptr_t)metric ^ (labels.type == &eff_unit_type ? 0 : eff_value_hash(labels));
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static struct eff__series *find(const eff_metric_registry_t *r, const eff_metric_t *metric, eff_value_t labels,
                                uint64_t hash)
{
    struct eff__series *s = r->buckets[hash % EFF__METRIC_BUCKETS];
    while (s && (s->hash != hash || s->metric != metric || !eff_value_equal(s->labels, labels)))
        s = s->next_in_bucket;
    return s;
}

/* That of the metric, made if need be; NULL when out of memory. */
static struct eff__family *family_of(eff_metric_registry_t *r, const eff_metric_t *metric)
{
    struct eff__family *family = r->first;
    while (family && family->metric != metric)
        family = family->next;
    if (family || !(family = eff__alloc(sizeof *family))) return family;
    *family = (struct eff__family){ .metric = metric };
    if (r->last) r->last->next = family;
    else r->first = family;
    r->last = family;
    return family;
}

/* A new series; NULL when there is no room for it, or when its labels cannot be told apart. */
static struct eff__series *series_new(eff_metric_registry_t *r, const eff_metric_t *metric, eff_value_t labels,
                                      uint64_t hash)
{
    struct eff__label_clash clash;
    bool fits = r->n_series < EFF_METRIC_SERIES_LIMIT &&
                eff__metric_labels_fit(labels, metric->kind == EFF_METRIC_HISTOGRAM, &clash);
    struct eff__family *family = fits ? family_of(r, metric) : NULL;
    struct eff__series *s = family ? eff__alloc(sizeof *s) : NULL;
    if (!s) return NULL;
    struct eff__series **bucket = &r->buckets[hash % EFF__METRIC_BUCKETS];
    *s = (struct eff__series){
        .next_in_bucket = *bucket, .metric = metric, .labels = eff_value_incref(labels), .hash = hash
    };
    *bucket = s;
    if (family->last) family->last->next_of_metric = s;
    else family->first = s;
    family->last = s;
    r->n_series++;
    return s;
}

/* ---- recording */

static bool is_refused(const eff_metric_t *metric, double number)
{
    return isnan(number) || (metric->kind == EFF_METRIC_COUNTER && number < 0);
}

static void update(struct eff__series *s, double number)
{
    eff_metric_state_t *state = &s->state;
    const eff_metric_t *m = s->metric;
    if (state->count == 0 || number < state->least) state->least = number;
    if (state->count == 0 || number > state->greatest) state->greatest = number;
    state->count++;
    state->sum += number;
    if (m->kind == EFF_METRIC_GAUGE) {
        state->value = number;
    } else if (m->kind != EFF_METRIC_HISTOGRAM) {
        state->value += number;
    } else {
        size_t i = 0;
        while (i < m->n_bounds && number > m->bounds[i])
            i++;
        state->buckets[i]++;
    }
}

void eff__metric_registry_record(eff_metric_registry_t *r, const eff_metric_t *metric, double number,
                                 eff_value_t labels)
{
    uint64_t hash = hash_of(metric, labels);
    pthread_mutex_lock(&r->lock);
    struct eff__series *s = NULL;
    if (!is_refused(metric, number)) s = find(r, metric, labels, hash);
    if (!s && !is_refused(metric, number)) s = series_new(r, metric, labels, hash);
    if (s) update(s, number);
    else r->n_refused++;
    pthread_mutex_unlock(&r->lock);
}

bool eff_metric_registry_read(eff_metric_registry_t *r, const eff_metric_t *metric, eff_value_t labels,
                              eff_metric_state_t *ret_state)
{
    memset(ret_state, 0, sizeof *ret_state);
    if (!r || !metric || !labels.type) return false;
    pthread_mutex_lock(&r->lock);
    const struct eff__series *s = find(r, metric, labels, hash_of(metric, labels));
    if (s) *ret_state = s->state;
    pthread_mutex_unlock(&r->lock);
    return s != NULL;
}

uint64_t eff_metric_registry_refused(eff_metric_registry_t *r)
{
    if (!r) return 0;
    pthread_mutex_lock(&r->lock);
    uint64_t n = r->n_refused;
    pthread_mutex_unlock(&r->lock);
    return n;
}

/* ---- the handle */

/* For those who wrap the service: recorders come here without an effect. */
static int record_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_value_t where = eff_first(e->prim.value), what = eff_second(e->prim.value);
    (void)alone;
    eff__metric_registry_record(eff_as_ptr(eff_first(where)), eff_as_ptr(eff_second(where)),
                                eff_as_double(eff_first(what)), eff_second(what));
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim record_prim = { "metric_registry_record", record_run };

static eff_t *record(eff_metrics_t *metrics, const eff_metric_t *metric, double number, eff_value_t labels)
{
    eff_value_t where = eff_pair(eff_ptr(metrics), eff_ptr(metric)), what = eff_pair(eff_double(number), labels);
    eff_value_t both = eff_pair(where, what);
    return eff_is_oom(both) ? eff_out_of_memory() : eff__prim_node_plain(NULL, &record_prim, both);
}

eff_metric_registry_t *eff__metric_registry_of(eff_metrics_t *metrics)
{
    return metrics->record == record ? (eff_metric_registry_t *)(void *)metrics : NULL;
}

eff_metric_registry_t *eff_metric_registry_new(void)
{
    eff_metric_registry_t *r = eff__payload_alloc(&registry_type, sizeof *r);
    if (!r) return NULL;
    *r = (eff_metric_registry_t){ .metrics = { .size = sizeof r->metrics, .record = record } };
    pthread_mutex_init(&r->lock, NULL); /* cannot fail with glibc */
    return r;
}

eff_metric_registry_t *eff_metric_registry_incref(eff_metric_registry_t *r)
{
    return r ? eff__payload_retain(r) : NULL;
}

void eff_metric_registry_decref(eff_metric_registry_t *r)
{
    if (r) eff_value_decref((eff_value_t){ .type = &registry_type, .ptr = r });
}

eff_value_t eff_metric_registry_value(eff_metric_registry_t *r)
{
    return r ? eff_value_incref((eff_value_t){ .type = &registry_type, .ptr = r }) : eff_oom_value();
}

eff_layer_t *eff_metric_registry(eff_metric_registry_t *r)
{
    return eff__layer_named(NULL, eff_layer_succeed(&eff_metrics_tag, eff_metric_registry_value(r)),
                            "eff_metric_registry");
}
