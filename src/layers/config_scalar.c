#include "layers/config_scalar.h"

#include <stdio.h>
#include <string.h>

#include "layers/config_json.h"
#include "layers/config_scan.h"

/* ---- converting */

static enum eff__config_parsed parse_enum(const eff_config_field_t *field, const char *text, size_t n, int64_t *ret)
{
    for (const eff_config_name_t *name = field->names; name->name; name++)
        if (strlen(name->name) == n && memcmp(name->name, text, n) == 0) {
            *ret = name->value;
            return EFF__PARSED;
        }
    return EFF__MALFORMED;
}

static enum eff__config_parsed parse_json(const char *text, size_t n, json_t **ret_json)
{
    eff_buffer_t path = EFF_BUFFER_INIT;
    int line;
    bool too_deep = eff__config_scan_path(text, n, &path, &line) > EFF__CONFIG_MAX_DEPTH;
    eff_buffer_done(&path);
    json_error_t error;
    bool no_memory = false;
    size_t flags = JSON_DECODE_ANY | JSON_REJECT_DUPLICATES;
    *ret_json = too_deep ? NULL : eff__config_load_json(text, n, flags, &error, &no_memory);
    if (*ret_json) return EFF__PARSED;
    return no_memory ? EFF__PARSE_NO_MEMORY : EFF__MALFORMED;
}

enum eff__config_parsed eff__config_from_text(const eff_config_field_t *field, const char *text, size_t n,
                                              struct eff__config_scalar *ret)
{
    switch (field->kind) {
    case EFF_CONFIG_KIND_STRING:
    case EFF_CONFIG_KIND_SECRET: ret->text = text, ret->n_text = n; return EFF__PARSED;
    case EFF_CONFIG_KIND_BOOL: return eff__config_parse_bool(text, n, &ret->truth);
    case EFF_CONFIG_KIND_INT: return eff__config_parse_int(text, n, &ret->integer);
    case EFF_CONFIG_KIND_DOUBLE: return eff__config_parse_double(text, n, &ret->real);
    case EFF_CONFIG_KIND_DURATION: return eff__config_parse_duration(text, n, field->unit, &ret->duration);
    case EFF_CONFIG_KIND_SIZE: return eff__config_parse_size(text, n, &ret->integer);
    case EFF_CONFIG_KIND_ENUM: return parse_enum(field, text, n, &ret->integer);
    case EFF_CONFIG_KIND_JSON: return parse_json(text, n, &ret->json);
    case EFF_CONFIG_KIND_STRINGS:
    case EFF_CONFIG_KIND_STRUCT:
    case EFF_CONFIG_KIND_LIST: break;
    }
    return EFF__MALFORMED;
}

/* A number of a document that counts in the field's unit, as a text would. */
static enum eff__config_parsed bare_duration(const eff_config_field_t *field, const json_t *json,
                                             struct eff__config_scalar *ret)
{
    char text[64];
    double n = json_number_value(json);
    if (json_is_integer(json)) snprintf(text, sizeof text, "%lld", (long long)json_integer_value(json));
    else if (!(n >= 0 && n < 1e15)) return n < 0 ? EFF__MALFORMED : EFF__OUT_OF_RANGE;
    else snprintf(text, sizeof text, "%lld.%09lld", (long long)n, (long long)((n - (double)(long long)n) * 1e9));
    return eff__config_parse_duration(text, strlen(text), field->unit, &ret->duration);
}

enum eff__config_parsed eff__config_from_json(const eff_config_field_t *field, const json_t *json,
                                              struct eff__config_scalar *ret)
{
    switch (field->kind) {
    case EFF_CONFIG_KIND_BOOL:
        ret->truth = json_is_true(json);
        return json_is_boolean(json) ? EFF__PARSED : EFF__MALFORMED;
    case EFF_CONFIG_KIND_INT:
        ret->integer = json_integer_value(json);
        return json_is_integer(json) ? EFF__PARSED : EFF__MALFORMED;
    case EFF_CONFIG_KIND_DOUBLE:
        ret->real = json_number_value(json);
        return json_is_number(json) ? EFF__PARSED : EFF__MALFORMED;
    case EFF_CONFIG_KIND_SIZE:
        ret->integer = json_integer_value(json);
        if (json_is_integer(json)) return ret->integer >= 0 ? EFF__PARSED : EFF__MALFORMED;
        break;
    case EFF_CONFIG_KIND_DURATION:
        if (json_is_number(json)) return bare_duration(field, json, ret);
        break;
    case EFF_CONFIG_KIND_JSON: ret->json = json_deep_copy(json); return ret->json ? EFF__PARSED : EFF__PARSE_NO_MEMORY;
    case EFF_CONFIG_KIND_STRING:
    case EFF_CONFIG_KIND_SECRET:
    case EFF_CONFIG_KIND_ENUM:
    case EFF_CONFIG_KIND_STRINGS:
    case EFF_CONFIG_KIND_STRUCT:
    case EFF_CONFIG_KIND_LIST: break;
    }
    if (!json_is_string(json)) return EFF__MALFORMED;
    return eff__config_from_text(field, json_string_value(json), json_string_length(json), ret);
}

/* ---- limits */

static int compare(const eff_config_field_t *field, const struct eff__config_scalar *a,
                   const struct eff__config_scalar *b)
{
    if (field->kind == EFF_CONFIG_KIND_DOUBLE) return (a->real > b->real) - (a->real < b->real);
    if (field->kind == EFF_CONFIG_KIND_DURATION) return eff_duration_compare(a->duration, b->duration);
    return (a->integer > b->integer) - (a->integer < b->integer);
}

bool eff__config_has_limits(const eff_config_field_t *field)
{
    return field->kind == EFF_CONFIG_KIND_INT || field->kind == EFF_CONFIG_KIND_SIZE ||
           field->kind == EFF_CONFIG_KIND_DOUBLE || field->kind == EFF_CONFIG_KIND_DURATION;
}

/* What fits into an integer of this width. */
void eff__config_width_limits(int width, int64_t *ret_least, int64_t *ret_most)
{
    int bits = 8 * (width < 0 ? -width : width);
    *ret_least = width < 0 ? (bits == 64 ? INT64_MIN : -(INT64_C(1) << (bits - 1))) : 0;
    *ret_most = bits == 64 ? INT64_MAX : (INT64_C(1) << (width < 0 ? bits - 1 : bits)) - 1;
}

/* Whether v, times the sign, is not below the limit times the sign. What is no limit does not count: eff_config_check
 * tells. */
static enum eff__config_parsed within(const eff_config_field_t *field, const struct eff__config_scalar *v,
                                      const char *limit, int sign)
{
    struct eff__config_scalar end = { 0 };
    enum eff__config_parsed parsed = limit ? eff__config_from_text(field, limit, strlen(limit), &end) : EFF__MALFORMED;
    if (parsed == EFF__PARSE_NO_MEMORY) return parsed;
    return parsed == EFF__PARSED && sign * compare(field, v, &end) < 0 ? EFF__OUT_OF_RANGE : EFF__PARSED;
}

enum eff__config_parsed eff__config_check_limits(const eff_config_field_t *field, const struct eff__config_scalar *v)
{
    if (field->width) {
        int64_t least, most;
        eff__config_width_limits(field->width, &least, &most);
        if (v->integer < least || v->integer > most) return EFF__OUT_OF_RANGE;
    }
    if (!eff__config_has_limits(field)) return EFF__PARSED;
    enum eff__config_parsed parsed = within(field, v, field->min, 1);
    return parsed == EFF__PARSED ? within(field, v, field->max, -1) : parsed;
}

size_t eff__config_count_pieces(const char *text)
{
    size_t n = *text ? 1 : 0;
    while ((text = strchr(text, ','))) {
        text++;
        n++;
    }
    return n;
}

bool eff__config_count_fits(const eff_config_field_t *field, size_t n)
{
    eff_config_field_t count = { .kind = EFF_CONFIG_KIND_INT, .path = field->path };
    struct eff__config_scalar v = { .integer = (int64_t)n };
    return within(&count, &v, field->min, 1) == EFF__PARSED && within(&count, &v, field->max, -1) == EFF__PARSED;
}
