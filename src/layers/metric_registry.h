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

/* The registry behind a service; NULL when it is another's. */
eff_metric_registry_t *eff__metric_registry_of(eff_metrics_t *metrics);
/* Records, or refuses. Borrows labels. Any thread. */
void eff__metric_registry_record(eff_metric_registry_t *r, const eff_metric_t *metric, double number,
                                 eff_value_t labels);

#endif
