/* Records as JSON: built and printed by jansson; what it leaves as it is, and a terminal or a viewer might obey, is
 * escaped afterwards. That is possible on the text, since outside of strings it is ASCII. */
#include <jansson.h>
#include <string.h>

#include "layers/log_record.h"

enum { DIGITS = 15, US_PER_MS = 1000, NS_PER_US = 1000 };

/* Text of any origin. New; NULL when out of memory, as all here. */
static json_t *text_json(const char *text)
{
    return eff_value_to_json(eff_literal(text));
}

/* Sets a member whose key is of any origin. Consumes v; false when out of memory, NULL for v included. */
static bool set(json_t *object, const char *key, json_t *v)
{
    json_t *clean = text_json(key);
    if (!clean) json_decref(v);
    bool ok = clean && json_object_set_new(object, json_string_value(clean), v) == 0;
    json_decref(clean);
    return ok;
}

static json_t *time_json(eff_instant_t time)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff__log_add_time(&(struct eff__sink){ .buffer = &text }, time);
    json_t *j = text.truncated ? NULL : json_string(eff_buffer_text(&text));
    eff_buffer_done(&text);
    return j;
}

static json_t *message_json(eff_value_t message)
{
    if (eff_value_is(message, &eff_unit_type)) return json_string("unit");
    return eff_value_to_json(message);
}

static bool add_fields(json_t *object, const eff_log_record_t *r)
{
    if (r->n_fields == 0) return true;
    json_t *fields = json_object();
    bool ok = fields != NULL;
    for (size_t i = 0; ok && i < r->n_fields; i++)
        ok = set(fields, r->fields[i].key, eff_value_to_json(r->fields[i].value));
    if (ok) return json_object_set_new(object, "fields", fields) == 0;
    json_decref(fields);
    return false;
}

static bool add_spans(json_t *object, const eff_log_record_t *r)
{
    if (r->n_spans == 0) return true;
    json_t *spans = json_object();
    bool ok = spans != NULL;
    for (size_t i = 0; ok && i < r->n_spans; i++) {
        int64_t us = r->spans[i].elapsed.ns / NS_PER_US;
        ok = set(spans, r->spans[i].name, json_real((double)us / US_PER_MS));
    }
    if (ok) return json_object_set_new(object, "spans", spans) == 0;
    json_decref(spans);
    return false;
}

static bool add_text(json_t *object, const char *key, const char *text)
{
    return !text || json_object_set_new(object, key, text_json(text)) == 0;
}

static json_t *record_json(const eff_log_record_t *r)
{
    json_t *object = json_object();
    if (!object) return NULL;
    bool ok = json_object_set_new(object, "time", time_json(r->time)) == 0 &&
              json_object_set_new(object, "level", json_string(eff_log_level_name(r->level))) == 0 &&
              json_object_set_new(object, "message", message_json(r->message)) == 0 &&
              json_object_set_new(object, "fiber", json_integer((json_int_t)r->fiber)) == 0 &&
              add_text(object, "name", r->fiber_name) && add_text(object, "ancestor", r->fiber_ancestor) &&
              add_fields(object, r) && add_spans(object, r) && add_text(object, "trace_id", r->trace_id) &&
              add_text(object, "span_id", r->span_id) && add_text(object, "site", r->site) &&
              (!r->cause || json_object_set_new(object, "cause", eff_cause_to_json(r->cause)) == 0);
    if (ok) return object;
    json_decref(object);
    return NULL;
}

static int add_piece(const char *text, size_t n, void *out)
{
    eff_buffer_add_n(out, text, n);
    return 0;
}

void eff_log_format_json(const eff_log_record_t *record, eff_buffer_t *out)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    json_t *object = record_json(record);
    if (!object || json_dump_callback(object, add_piece, &text, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS)) != 0)
        text.truncated = true;
    json_decref(object);
    if (text.truncated) out->truncated = true;
    else eff__log_add_unicode(&(struct eff__sink){ .buffer = out }, eff_buffer_text(&text), text.size, false);
    eff_buffer_done(&text);
}
