/* A registry as JSON. Everything is made before anything is returned: without memory there is nothing. */
#include <jansson.h>
#include <math.h>

#include "layers/metric_registry.h"

static const char *const kinds[] = { [EFF_METRIC_COUNTER] = "counter",
                                     [EFF_METRIC_UP_DOWN] = "up_down",
                                     [EFF_METRIC_GAUGE] = "gauge",
                                     [EFF_METRIC_HISTOGRAM] = "histogram" };

/* JSON has no infinities. */
static json_t *number_of(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

/* Adds a member; false when it is NULL, or without memory. Consumes it. */
static bool add(json_t *object, const char *key, json_t *member)
{
    return json_object_set_new(object, key, member) == 0;
}

static json_t *text_of(const char *text)
{
    return eff_value_to_json(eff_literal(text)); /* it need not be UTF-8 */
}

static json_t *labels_of(eff_value_t labels)
{
    return labels.type == &eff_fields_type ? eff_value_to_json(labels) : json_object();
}

static json_t *buckets_of(const struct eff__series *s)
{
    json_t *buckets = json_array();
    for (size_t i = 0; buckets && i <= s->metric->n_bounds; i++) {
        json_t *bucket = json_object();
        bool bounded = i < s->metric->n_bounds;
        bool made = bucket && add(bucket, "le", bounded ? number_of(s->metric->bounds[i]) : json_null()) &&
                    add(bucket, "count", json_integer((json_int_t)s->state.buckets[i]));
        if (!made) json_decref(bucket);
        if (made && json_array_append_new(buckets, bucket) == 0) continue;
        json_decref(buckets);
        buckets = NULL;
    }
    return buckets;
}

static json_t *series_of(const struct eff__series *s)
{
    json_t *object = json_object();
    bool is_histogram = s->metric->kind == EFF_METRIC_HISTOGRAM;
    bool made = object && add(object, "labels", labels_of(s->labels)) &&
                (is_histogram || add(object, "value", number_of(s->state.value))) &&
                add(object, "count", json_integer((json_int_t)s->state.count)) &&
                add(object, "sum", number_of(s->state.sum)) && add(object, "least", number_of(s->state.least)) &&
                add(object, "greatest", number_of(s->state.greatest)) &&
                (!is_histogram || add(object, "buckets", buckets_of(s)));
    if (made) return object;
    json_decref(object);
    return NULL;
}

static json_t *family_of(const struct eff__family *family)
{
    const eff_metric_t *m = family->metric;
    json_t *object = json_object(), *list = json_array();
    bool made = object && list && add(object, "name", text_of(m->name)) &&
                add(object, "kind", json_string(kinds[m->kind])) && (!m->help || add(object, "help", text_of(m->help)));
    for (const struct eff__series *s = family->first; made && s; s = s->next_of_metric)
        made = json_array_append_new(list, series_of(s)) == 0;
    if (made && add(object, "series", json_incref(list))) {
        json_decref(list);
        return object;
    }
    json_decref(list);
    json_decref(object);
    return NULL;
}

json_t *eff_metric_registry_to_json(eff_metric_registry_t *r)
{
    json_t *all = json_array();
    if (!r) return all;
    pthread_mutex_lock(&r->lock);
    for (const struct eff__family *family = r->first; all && family; family = family->next) {
        if (!family->first || json_array_append_new(all, family_of(family)) == 0) continue;
        json_decref(all);
        all = NULL;
    }
    pthread_mutex_unlock(&r->lock);
    return all;
}
