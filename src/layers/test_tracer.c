/* TestTracer: a Tracer that keeps the spans that have ended. */
#include <effect/tracer.h>

#include <string.h>

#include "core/build.h"
#include "layers/layer.h"
#include "runtime/prim.h"

struct eff_test_tracer {
    eff_tracer_t tracer;      /* first: the value's payload is the service */
    const eff_span_t **spans; /* retained, in the order of ending; owned */
    size_t n, capacity;
};

static void tracer_drop(void *payload)
{
    eff_test_tracer_t *t = payload;
    eff_test_tracer_clear(t);
    eff__raw_free(t->spans);
}
static const eff_type_t tracer_type = {
    .size = sizeof(eff_test_tracer_t), .name = "test tracer", .drop = tracer_drop, .flags = EFF_TYPE_COUNTED
};

static int keep_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    eff_test_tracer_t *t = eff_as_ptr(eff_first(e->prim.value));
    if (t->n == t->capacity) {
        size_t capacity = t->capacity ? 2 * t->capacity : 8;
        const eff_span_t **spans = eff__realloc(t->spans, capacity * sizeof *spans);
        if (!spans) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
        t->spans = spans;
        t->capacity = capacity;
    }
    t->spans[t->n++] = eff_as_span(eff_value_incref(eff_second(e->prim.value)));
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim keep_prim = { "test_tracer_keep", keep_run };

static eff_t *keep(eff_tracer_t *tracer, const eff_span_t *span)
{
    eff_value_t both = eff_pair(eff_ptr(tracer), eff_span_value(span));
    return eff_is_oom(both) ? eff_out_of_memory() : eff__prim_node_plain(NULL, &keep_prim, both);
}

eff_test_tracer_t *eff_test_tracer_new(void)
{
    eff_test_tracer_t *t = eff__payload_alloc(&tracer_type, sizeof *t);
    if (t) *t = (eff_test_tracer_t){ .tracer = { .size = sizeof t->tracer, .ended = keep } };
    return t;
}

eff_test_tracer_t *eff_test_tracer_incref(eff_test_tracer_t *t)
{
    return t ? eff__payload_retain(t) : NULL;
}

void eff_test_tracer_decref(eff_test_tracer_t *t)
{
    if (t) eff_value_decref((eff_value_t){ .type = &tracer_type, .ptr = t });
}

eff_value_t eff_test_tracer_value(eff_test_tracer_t *t)
{
    return t ? eff_value_incref((eff_value_t){ .type = &tracer_type, .ptr = t }) : eff_oom_value();
}

eff_layer_t *eff_test_tracer(eff_test_tracer_t *t)
{
    return eff__layer_named(NULL, eff_layer_succeed(&eff_tracer_tag, eff_test_tracer_value(t)), "eff_test_tracer");
}

/* ---- reading */

size_t eff_test_tracer_size(const eff_test_tracer_t *t)
{
    return t ? t->n : 0;
}

const eff_span_t *eff_test_tracer_at(const eff_test_tracer_t *t, size_t i)
{
    return t && i < t->n ? t->spans[i] : NULL;
}

const eff_span_t *eff_test_tracer_find(const eff_test_tracer_t *t, const char *name)
{
    for (size_t i = 0; i < eff_test_tracer_size(t); i++)
        if (strcmp(t->spans[i]->name, name) == 0) return t->spans[i];
    return NULL;
}

void eff_test_tracer_clear(eff_test_tracer_t *t)
{
    while (t && t->n > 0)
        eff_value_decref((eff_value_t){ .type = &eff_span_type, .ptr = (void *)(uintptr_t)t->spans[--t->n] });
}

/* ---- as a tree */

static const eff_span_t *parent_in(const eff_test_tracer_t *t, const eff_span_t *span)
{
    if (!span->parent_id[0]) return NULL;
    for (size_t i = 0; i < t->n; i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): the id of a span is an array */
        if (strcmp(t->spans[i]->span_id, span->parent_id) == 0) return t->spans[i];
    return NULL;
}

/* Whether a comes before b among their siblings; of those that began at once, the one that ended first. */
static bool is_before(const eff_test_tracer_t *t, const eff_span_t *a, const eff_span_t *b)
{
    if (a->start.ns != b->start.ns) return a->start.ns < b->start.ns;
    for (size_t i = 0; i < t->n; i++)
        if (t->spans[i] == a || t->spans[i] == b) return t->spans[i] == a;
    return false;
}

/* The child of parent, NULL for those that have none here, that comes next after `last`, NULL: the first. */
static const eff_span_t *next_child(const eff_test_tracer_t *t, const eff_span_t *parent, const eff_span_t *last)
{
    const eff_span_t *next = NULL;
    for (size_t i = 0; i < t->n; i++) {
        const eff_span_t *s = t->spans[i];
        if (s == last || parent_in(t, s) != parent || (last && is_before(t, s, last))) continue;
        if (!next || is_before(t, s, next)) next = s;
    }
    return next;
}

/* Down to the children, then on to the siblings, then up: without recursion, since spans may nest deeply. */
void eff_test_tracer_format(const eff_test_tracer_t *t, eff_buffer_t *out)
{
    size_t depth = 0;
    if (!t) return;
    for (const eff_span_t *s = next_child(t, NULL, NULL), *next; s; s = next) {
        for (size_t i = 0; i < depth; i++)
            eff_buffer_add(out, "  ");
        eff_value_format((eff_value_t){ .type = &eff_span_type, .ptr = (void *)(uintptr_t)s }, out);
        eff_buffer_add(out, "\n");
        next = next_child(t, s, NULL);
        if (next) {
            depth++;
            continue;
        }
        for (const eff_span_t *up = s; up && !next; up = parent_in(t, up)) {
            next = next_child(t, parent_in(t, up), up);
            if (!next && depth > 0) depth--;
        }
    }
}
