/* Spans: what the Tracer's effects and the TestTracer know of one. */
#ifndef EFF_LAYERS_SPAN_H
#define EFF_LAYERS_SPAN_H

#include <effect/tracer.h>

#include "runtime/fiber.h"

/* What a span begins with. Counted; of eff__span_spec_type. */
struct eff__span_spec {
    eff_value_t name;       /* owned; a string */
    eff_value_t attributes; /* owned; unit: none */
    eff_span_kind_t kind;
    bool root;
    size_t n_links;
    eff_span_link_t links[];
};
/* A spec; the out-of-memory value without memory. Consumes the attributes of options, of which NULL are the
 * defaults. */
eff_value_t eff__span_spec_new(const char *name, const eff_span_options_t *options);

/* A span in the making, as a value of eff_span_type; the out-of-memory value without memory. Its ids are made of the
 * bytes: of the last 8 its own, of those before the trace's, unless it has a parent. */
eff_value_t eff__span_new(const eff_fiber_t *f, eff_site_t site, const struct eff__span_spec *spec,
                          const eff_span_t *parent, const unsigned char *bytes);
enum { EFF__SPAN_ROOT_BYTES = 24, EFF__SPAN_BYTES = 8 };
/* That of another process; the absent value when the text is no traceparent. */
eff_value_t eff__span_remote(const char *traceparent);
/* Ends it, if it has not ended. Returns whether that was so, and somebody is to be told. */
bool eff__span_end(const eff_fiber_t *f, const eff_span_t *span, const eff_exit_t *exit);
/* Both do nothing when nothing can be added in this fiber. Consume the values. */
void eff__span_set(const eff_fiber_t *f, eff_value_t attributes);
void eff__span_add_event(const eff_fiber_t *f, eff_value_t name, eff_value_t fields);
/* The fiber's current span, or NULL. */
const eff_span_t *eff__span_of(const eff_fiber_t *f);

#endif
