/* A registry as text: https://prometheus.io/docs/instrumenting/exposition_formats/. What came from a program is made
 * fit for it: names of what they may be made of, and texts escaped, so that no label can forge a line. */
#include <math.h>
#include <string.h>

#include "core/sink.h"
#include "layers/metric_registry.h"

static void add_name(struct eff__sink *s, const char *name)
{
    for (size_t i = 0; name[i]; i++) {
        char c = eff__metric_name_char(name, i);
        eff__sink_add_n(s, &c, 1);
    }
}

static void add_escaped(struct eff__sink *s, const char *text, size_t n, bool quoted)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\\') eff__sink_add(s, "\\\\");
        else if (text[i] == '\n') eff__sink_add(s, "\\n");
        else if (text[i] == '"' && quoted) eff__sink_add(s, "\\\"");
        else eff__sink_add_n(s, &text[i], 1);
    }
}

static void add_number(struct eff__sink *s, double number)
{
    const double most = 9007199254740992.0; /* 2^53: up to that, whole numbers are exact */
    if (isinf(number)) eff__sink_add(s, number > 0 ? "+Inf" : "-Inf");
    else if (number >= -most && number <= most && number == (double)(long long)number)
        eff__sink_printf(s, "%lld", (long long)number);
    else eff__sink_value(s, eff_double(number), SIZE_MAX);
}

static void add_label(struct eff__sink *s, eff_field_t label)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(label.value, &text);
    add_name(s, label.key);
    eff__sink_add(s, "=\"");
    add_escaped(s, eff_buffer_text(&text), text.size, true);
    eff__sink_add(s, "\"");
    eff_buffer_done(&text);
}

/* "{status="200",le="0.1"}"; le, if it is one of the labels, comes last. */
static void add_labels(struct eff__sink *s, eff_value_t labels, const double *le)
{
    size_t n = labels.type == &eff_fields_type ? eff_fields_size(labels) : 0;
    if (n == 0 && !le) return;
    eff__sink_add(s, "{");
    for (size_t i = 0; i < n; i++) {
        if (i > 0) eff__sink_add(s, ",");
        add_label(s, eff_fields_at(labels, i));
    }
    if (le) {
        eff__sink_add(s, n > 0 ? ",le=\"" : "le=\"");
        add_number(s, *le);
        eff__sink_add(s, "\"");
    }
    eff__sink_add(s, "}");
}

static void add_sample(struct eff__sink *s, const struct eff__series *series, const char *suffix, const double *le,
                       double number)
{
    add_name(s, series->metric->name);
    eff__sink_add(s, suffix);
    add_labels(s, series->labels, le);
    eff__sink_add(s, " ");
    add_number(s, number);
    eff__sink_add(s, "\n");
}

/* Its buckets count what is at most the bound, those before included. */
static void add_histogram(struct eff__sink *s, const struct eff__series *series)
{
    const eff_metric_t *m = series->metric;
    static const double no_bound = INFINITY;
    uint64_t n = 0;
    for (size_t i = 0; i < m->n_bounds; i++)
        add_sample(s, series, "_bucket", &m->bounds[i], (double)(n += series->state.buckets[i]));
    add_sample(s, series, "_bucket", &no_bound, (double)series->state.count);
    add_sample(s, series, "_sum", NULL, series->state.sum);
    add_sample(s, series, "_count", NULL, (double)series->state.count);
}

static void add_head(struct eff__sink *s, const eff_metric_t *m)
{
    static const char *const types[] = { [EFF_METRIC_COUNTER] = "counter",
                                         [EFF_METRIC_UP_DOWN] = "gauge",
                                         [EFF_METRIC_GAUGE] = "gauge",
                                         [EFF_METRIC_HISTOGRAM] = "histogram" };
    if (m->help) {
        eff__sink_add(s, "# HELP ");
        add_name(s, m->name);
        eff__sink_add(s, " ");
        add_escaped(s, m->help, strlen(m->help), false);
        eff__sink_add(s, "\n");
    }
    eff__sink_add(s, "# TYPE ");
    add_name(s, m->name);
    eff__sink_printf(s, " %s\n", types[m->kind]);
}

void eff_metric_registry_format(eff_metric_registry_t *r, eff_buffer_t *out)
{
    struct eff__sink sink = { .buffer = out };
    if (!r) return;
    pthread_mutex_lock(&r->lock);
    for (const struct eff__family *family = r->first; family; family = family->next) {
        if (!family->first) continue; /* there was no memory for one */
        add_head(&sink, family->metric);
        for (const struct eff__series *s = family->first; s; s = s->next_of_metric) {
            if (s->metric->kind == EFF_METRIC_HISTOGRAM) add_histogram(&sink, s);
            else add_sample(&sink, s, "", NULL, s->state.value);
        }
    }
    pthread_mutex_unlock(&r->lock);
}
