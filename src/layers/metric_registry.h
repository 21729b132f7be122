/* A registry of metrics, as the files that record, keep and print know it. */
#ifndef EFF_LAYERS_METRIC_REGISTRY_H
#define EFF_LAYERS_METRIC_REGISTRY_H

#include <pthread.h>

#include <effect/metric.h>

/* A metric with labels, and what was recorded of it. */
struct eff__series {
    struct eff__series *next_in_bucket;
    struct eff__series *next_of_metric; /* in the order of the first recording */
    const eff_metric_t *metric;
    eff_value_t labels; /* owned; of eff_fields_type, or unit */
    uint64_t hash;
    eff_metric_state_t state;
};

/* A metric, and its series. */
struct eff__family {
    struct eff__family *next; /* in the order of the first recording */
    const eff_metric_t *metric;
    struct eff__series *first, *last;
};

enum { EFF__METRIC_BUCKETS = 256 };

struct eff_metric_registry {
    eff_metrics_t metrics; /* first: the value's payload is the service */
    pthread_mutex_t lock;  /* of all that follows */
    struct eff__family *first, *last;
    struct eff__series *buckets[EFF__METRIC_BUCKETS]; /* by hash of metric and labels */
    size_t n_series;
    uint64_t n_refused;
};

/* ---- names (metric_label.c) */

/* The i-th character of a name, as it is printed. */
char eff__metric_name_char(const char *name, size_t i);
/* A label that cannot be: it is printed as another one is, or, when `other` is NULL, as the bounds of buckets are. */
struct eff__label_clash {
    const char *key, *other; /* borrowed from the labels */
};
/* Whether each of the labels (of eff_fields_type, or unit) has a name of its own when printed, beside `le` if there are
 * buckets. */
bool eff__metric_labels_fit(eff_value_t labels, bool has_buckets, struct eff__label_clash *ret_clash);

/* ---- recording */

/* The registry behind a service; NULL when it is another's. */
eff_metric_registry_t *eff__metric_registry_of(eff_metrics_t *metrics);
/* Records, or refuses. Borrows labels. Any thread. */
void eff__metric_registry_record(eff_metric_registry_t *r, const eff_metric_t *metric, double number,
                                 eff_value_t labels);

#endif
