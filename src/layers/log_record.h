/* Records of the log: what a message becomes on its way to a Logger. */
#ifndef EFF_LAYERS_LOG_RECORD_H
#define EFF_LAYERS_LOG_RECORD_H

#include <effect/logger.h>

#include "core/sink.h"
#include "runtime/runtime.h"

/* A record that owns all it points at, made of one that borrows it: values and the cause are counted once more, the
 * rest is copied. Returns new, for eff_log_record_decref; NULL when out of memory. */
const eff_log_record_t *eff__log_record_new(const eff_log_record_t *from);
/* The same as a value, which takes the reference over. NULL gives "out of memory". */
eff_value_t eff__log_record_value(const eff_log_record_t *record);
const eff_log_record_t *eff__log_record_of(eff_value_t v);
/* About how many bytes it takes. */
size_t eff__log_record_bytes(const eff_log_record_t *record);

/* ---- what the fiber's messages carry (log_annotate.c) */

/* What this fiber's messages are annotated with: fields as a value, new; unit: nothing. */
eff_value_t eff__log_annotations(const eff_fiber_t *f);
/* How many spans are around it, and writes the last `most` of them to `ret_spans`, the outermost first; their names are
 * borrowed from the fiber's context. */
size_t eff__log_spans(const eff_fiber_t *f, size_t most, eff_log_span_t *ret_spans);

/* ---- pieces of formats (log_text.c) */

/* "2026-03-01T12:00:00.250Z" */
void eff__log_add_time(struct eff__sink *s, eff_instant_t t);
/* The message with its fields and spans, as eff_log_format_text has them. */
void eff__log_add_message(const eff_log_record_t *record, eff_buffer_t *out);
/* A field's value as its type formats it, as it is: "null" for unit and none. */
void eff__log_raw_text(eff_value_t v, eff_buffer_t *out);
/* A key without what keys cannot have: spaces, quotes, "=" and what is harmful become "_". */
void eff__log_add_key(struct eff__sink *s, const char *key);
/* Adds text with what is harmful as \uXXXX, and what is no UTF-8 as \ufffd; `quoted`: quotes, backslashes and the ends
 * of lines escaped too, as they stand in a JSON string. */
void eff__log_add_unicode(struct eff__sink *s, const char *text, size_t n, bool quoted);

/* ---- the Logger's own (logger.c) */

/* Whether a Logger is at work in this fiber: then nothing is logged, so that one which logs does not call itself. A tag
 * of its own, which no user can set, as the level can be. */
extern const eff_tag_t eff__logging_tag;

#endif
