/* Records as logfmt: key=value, separated by spaces. Values with anything else than plain characters are quoted, and
 * escaped as JSON strings are, which is what readers of logfmt expect. */
#include <string.h>

#include "layers/log_record.h"

/* Keys that are taken, and so no field's. */
static const char *const own_keys[] = { "time", "level",    "fiber",   "name", "ancestor",
                                        "msg",  "trace_id", "span_id", "site", "cause" };

static bool is_plain(const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t c = 0;
        size_t size = eff__decode(text + i, n - i, &c);
        if (!size || !eff__is_harmless(c) || c == ' ' || c == '"' || c == '=' || c == '\\') return false;
        i += size;
    }
    return n > 0;
}

static void add_value(struct eff__sink *s, const char *text, size_t n)
{
    if (is_plain(text, n)) {
        eff__sink_add_n(s, text, n);
        return;
    }
    eff__sink_add(s, "\"");
    eff__log_add_unicode(s, text, n, true);
    eff__sink_add(s, "\"");
}

static void add_raw(struct eff__sink *s, eff_value_t v)
{
    eff_buffer_t raw = EFF_BUFFER_INIT;
    eff__log_raw_text(v, &raw);
    add_value(s, eff_buffer_text(&raw), raw.size);
    if (raw.truncated) s->buffer->truncated = true;
    eff_buffer_done(&raw);
}

static void add_text(struct eff__sink *s, const char *key, const char *text)
{
    if (!text) return;
    eff__sink_printf(s, " %s=", key);
    add_value(s, text, strlen(text));
}

/* ---- fields, each key of which is to be another */

static void add_clean(const char *key, eff_buffer_t *out)
{
    eff_buffer_clear(out);
    eff__log_add_key(&(struct eff__sink){ .buffer = out }, key);
}

static bool is_taken(const eff_log_record_t *r, size_t i, const char *clean, eff_buffer_t *other)
{
    for (size_t k = 0; k < sizeof own_keys / sizeof *own_keys; k++)
        if (strcmp(clean, own_keys[k]) == 0) return true;
    if (strncmp(clean, "span.", 5) == 0) return true;
    for (size_t k = 0; k < i; k++) {
        add_clean(r->fields[k].key, other);
        if (strcmp(clean, eff_buffer_text(other)) == 0) return true;
    }
    return false;
}

static void add_fields(struct eff__sink *s, const eff_log_record_t *r)
{
    eff_buffer_t clean = EFF_BUFFER_INIT, other = EFF_BUFFER_INIT;
    for (size_t i = 0; i < r->n_fields; i++) {
        add_clean(r->fields[i].key, &clean);
        eff__sink_add(s, " ");
        eff__sink_add(s, eff_buffer_text(&clean));
        eff__sink_add(s, is_taken(r, i, eff_buffer_text(&clean), &other) ? "_=" : "=");
        add_raw(s, r->fields[i].value);
    }
    if (clean.truncated || other.truncated) s->buffer->truncated = true;
    eff_buffer_done(&clean);
    eff_buffer_done(&other);
}

static void add_span(struct eff__sink *s, const eff_log_span_t *span)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_duration_format((eff_duration_t){ span->elapsed.ns - span->elapsed.ns % 1000 }, &text);
    eff__sink_add(s, " span.");
    eff__log_add_key(s, span->name);
    eff__sink_add(s, "=");
    add_value(s, eff_buffer_text(&text), text.size);
    if (text.truncated) s->buffer->truncated = true;
    eff_buffer_done(&text);
}

void eff_log_format_logfmt(const eff_log_record_t *record, eff_buffer_t *out)
{
    struct eff__sink s = { .buffer = out };
    eff__sink_add(&s, "time=");
    eff__log_add_time(&s, record->time);
    eff__sink_printf(&s, " level=%s fiber=%llu", eff_log_level_name(record->level), (unsigned long long)record->fiber);
    add_text(&s, "name", record->fiber_name);
    add_text(&s, "ancestor", record->fiber_ancestor);
    eff__sink_add(&s, " msg=");
    add_raw(&s, record->message);
    add_fields(&s, record);
    for (size_t i = 0; i < record->n_spans; i++)
        add_span(&s, &record->spans[i]);
    add_text(&s, "trace_id", record->trace_id);
    add_text(&s, "span_id", record->span_id);
    add_text(&s, "site", record->site);
    if (!record->cause) return;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(record->cause, &text);
    add_text(&s, "cause", eff_buffer_text(&text));
    if (text.truncated) out->truncated = true;
    eff_buffer_done(&text);
}
