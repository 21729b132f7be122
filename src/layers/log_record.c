/* Records that own what they point at, in one block:
 *
 *     [ record | fields | spans | keys, names and ids as text ]
 */
#include "layers/log_record.h"

#include <string.h>

#include "core/value.h"
#include "core/walk.h"

static void record_drop(void *payload)
{
    const eff_log_record_t *r = payload;
    eff_value_decref(r->message);
    eff_cause_decref((eff_cause_t *)(uintptr_t)r->cause);
    for (size_t i = 0; i < r->n_fields; i++)
        eff_value_decref(r->fields[i].value);
}

static void record_format(const void *payload, eff_buffer_t *out)
{
    eff_log_format_text(payload, out);
}

static const eff_type_t record_type = {
    .size = sizeof(eff_log_record_t),
    .name = "log record",
    .drop = record_drop,
    .format = record_format,
    .flags = EFF_TYPE_COUNTED,
};

static size_t bytes_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static size_t bytes_of_texts(const eff_log_record_t *r)
{
    size_t n = bytes_of(r->fiber_name) + bytes_of(r->fiber_ancestor) + bytes_of(r->trace_id) + bytes_of(r->span_id);
    for (size_t i = 0; i < r->n_fields; i++)
        n += bytes_of(r->fields[i].key);
    for (size_t i = 0; i < r->n_spans; i++)
        n += bytes_of(r->spans[i].name);
    return n;
}

static const char *copy_text(const char *text, char **room)
{
    if (!text) return NULL;
    size_t n = strlen(text) + 1;
    char *copy = memcpy(*room, text, n);
    *room += n;
    return copy;
}

const eff_log_record_t *eff__log_record_new(const eff_log_record_t *from)
{
    size_t tables = from->n_fields * sizeof *from->fields + from->n_spans * sizeof *from->spans;
    eff_log_record_t *r = eff__payload_alloc(&record_type, sizeof *r + tables + bytes_of_texts(from));
    if (!r) return NULL;
    eff_field_t *fields = (eff_field_t *)(void *)(r + 1);
    eff_log_span_t *spans = (eff_log_span_t *)(void *)(fields + from->n_fields);
    char *room = (char *)(spans + from->n_spans);
    *r = *from;
    r->message = eff_value_incref(from->message);
    if (from->cause) r->cause = eff_cause_incref((eff_cause_t *)(uintptr_t)from->cause);
    r->fiber_name = copy_text(from->fiber_name, &room);
    r->fiber_ancestor = copy_text(from->fiber_ancestor, &room);
    r->trace_id = copy_text(from->trace_id, &room);
    r->span_id = copy_text(from->span_id, &room);
    r->fields = fields;
    for (size_t i = 0; i < from->n_fields; i++)
        fields[i] = (eff_field_t){ copy_text(from->fields[i].key, &room), eff_value_incref(from->fields[i].value) };
    r->spans = spans;
    for (size_t i = 0; i < from->n_spans; i++)
        spans[i] = (eff_log_span_t){ copy_text(from->spans[i].name, &room), from->spans[i].elapsed };
    r->private_ = r;
    return r;
}

eff_value_t eff__log_record_value(const eff_log_record_t *record)
{
    if (!record) return eff_oom_value();
    return (eff_value_t){ .type = &record_type, .ptr = (void *)(uintptr_t)record };
}

const eff_log_record_t *eff__log_record_of(eff_value_t v)
{
    return v.ptr;
}

static size_t bytes_of_value(eff_value_t v)
{
    const eff_type_t *type = eff_type_of(v);
    if (type == &eff_string_type) return eff_string_size(v);
    size_t n = 0;
    if (type == &eff_bytes_type) (void)eff_as_bytes(v, &n);
    return n;
}

size_t eff__log_record_bytes(const eff_log_record_t *record)
{
    size_t n = sizeof *record + bytes_of_texts(record) + bytes_of_value(record->message);
    for (size_t i = 0; i < record->n_fields; i++)
        n += sizeof *record->fields + bytes_of_value(record->fields[i].value);
    return n;
}

/* ---- keeping one beyond the effect that logs it */

/* Whether a value of this type holds nothing but what it owns. What types of users' own refer to may not live as long,
 * and neither may what arrays, pairs and options hold. */
static bool stands_alone(eff_value_t v)
{
    const eff_type_t *type = eff_type_of(v);
    return type == &eff_string_type || type == &eff_int_type || type == &eff_bool_type || type == &eff_unit_type ||
           type == &eff_double_type || type == &eff_duration_type || type == &eff_instant_type ||
           type == &eff_error_type || type == &eff_json_type || type == &eff_bytes_type || type == &eff_oom_type ||
           type == &eff_ptr_type || type == &eff_range_type;
}

static bool all_stand_alone(const eff_log_record_t *r)
{
    for (size_t i = 0; i < r->n_fields; i++)
        if (!stands_alone(r->fields[i].value)) return false;
    return stands_alone(r->message);
}

/* The value, or what stands for it: JSON where the type knows how, else text. Borrows v; returns new. */
static eff_value_t standing_alone(eff_value_t v)
{
    const eff_type_t *type = eff_type_of(v);
    if (!type || stands_alone(v)) return eff_value_incref(v);
    bool is_list =
        type == &eff_array_type || type == &eff_pair_type || type == &eff_option_type || type == &eff_fields_type;
    if (is_list) return eff_json(eff_value_to_json(v));
    struct json_t *json = type->to_json ? type->to_json(eff__value_payload(&v)) : NULL;
    if (json) return eff_json(json);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(v, &text);
    eff_value_t s = text.truncated ? eff_oom_value() : eff_string_n(eff_buffer_text(&text), text.size);
    eff_buffer_done(&text);
    return s;
}

/* Consumes *at and replaces it; false when out of memory. */
static bool make_stand_alone(eff_value_t *at)
{
    eff_value_t v = standing_alone(*at);
    eff_value_decref(*at);
    *at = v;
    return !eff_is_oom(v);
}

const eff_log_record_t *eff_log_record_keep(const eff_log_record_t *record)
{
    if (record->private_ == record && all_stand_alone(record)) return eff__payload_retain((void *)(uintptr_t)record);
    const eff_log_record_t *kept = eff__log_record_new(record);
    if (!kept) return NULL;
    eff_log_record_t *r = (eff_log_record_t *)(uintptr_t)kept; /* nobody else has it yet */
    eff_field_t *fields = (eff_field_t *)(uintptr_t)r->fields;
    bool ok = make_stand_alone(&r->message);
    for (size_t i = 0; i < r->n_fields; i++)
        ok = make_stand_alone(&fields[i].value) && ok;
    if (ok) return kept;
    eff_log_record_decref(kept);
    return NULL;
}

void eff_log_record_decref(const eff_log_record_t *record)
{
    if (record) eff_value_decref(eff__log_record_value(record));
}
