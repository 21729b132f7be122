/* A struct that was read, as text: "{ server.host = localhost, db.password = <secret> }". */
#include <string.h>

#include "layers/config_schema.h"

static int64_t load_integer(int width, const void *at)
{
    switch (width) {
    case -1: return *(const int8_t *)at;
    case -2: return *(const int16_t *)at;
    case -4: return *(const int32_t *)at;
    case 1: return *(const uint8_t *)at;
    case 2: return *(const uint16_t *)at;
    case 4: return *(const uint32_t *)at;
    default: return *(const int64_t *)at;
    }
}

static void add_enum(const eff_config_field_t *field, int64_t value, eff_buffer_t *out)
{
    const eff_config_name_t *n = field->names;
    while (n->name && n->value != value)
        n++;
    if (n->name) eff_buffer_add(out, n->name);
    else eff_buffer_printf(out, "%lld", (long long)value);
}

static void add_strings(const eff_config_field_t *field, const char *record, eff_buffer_t *out)
{
    const char **items;
    size_t n;
    memcpy(&items, record + field->offset, sizeof items);
    memcpy(&n, record + field->count_offset, sizeof n);
    eff_buffer_add(out, "[");
    for (size_t i = 0; i < n; i++)
        eff_buffer_printf(out, "%s%s", i ? ", " : "", items[i]);
    eff_buffer_add(out, "]");
}

/* What is not there is no secret. */
static bool is_absent(const eff_config_field_t *field, const char *record)
{
    const void *at = record + field->offset;
    switch (field->kind) {
    case EFF_CONFIG_KIND_STRING: return !*(const char *const *)at;
    case EFF_CONFIG_KIND_SECRET: return !*(const eff_secret_t *const *)at;
    case EFF_CONFIG_KIND_JSON: return !((const eff_value_t *)at)->type;
    case EFF_CONFIG_KIND_BOOL:
    case EFF_CONFIG_KIND_INT:
    case EFF_CONFIG_KIND_DOUBLE:
    case EFF_CONFIG_KIND_DURATION:
    case EFF_CONFIG_KIND_SIZE:
    case EFF_CONFIG_KIND_ENUM:
    case EFF_CONFIG_KIND_STRINGS:
    case EFF_CONFIG_KIND_STRUCT:
    case EFF_CONFIG_KIND_LIST: break;
    }
    return false;
}

static void add_field(const eff_config_field_t *field, const char *record, eff_buffer_t *out)
{
    const void *at = record + field->offset;
    switch (field->kind) {
    case EFF_CONFIG_KIND_STRING: eff_buffer_add(out, *(const char *const *)at); break;
    case EFF_CONFIG_KIND_BOOL: eff_buffer_add(out, *(const bool *)at ? "true" : "false"); break;
    case EFF_CONFIG_KIND_INT:
    case EFF_CONFIG_KIND_SIZE: eff_buffer_printf(out, "%lld", (long long)load_integer(field->width, at)); break;
    case EFF_CONFIG_KIND_DOUBLE: eff_value_format(eff_double(*(const double *)at), out); break;
    case EFF_CONFIG_KIND_DURATION: eff_duration_format(*(const eff_duration_t *)at, out); break;
    case EFF_CONFIG_KIND_ENUM: add_enum(field, load_integer(field->width, at), out); break;
    case EFF_CONFIG_KIND_STRINGS: add_strings(field, record, out); break;
    case EFF_CONFIG_KIND_JSON: eff_value_format(*(const eff_value_t *)at, out); break;
    case EFF_CONFIG_KIND_SECRET:
    case EFF_CONFIG_KIND_STRUCT:
    case EFF_CONFIG_KIND_LIST: break;
    }
}

void eff__config_record_format(const eff_config_schema_t *schema, const void *record, eff_buffer_t *out)
{
    struct eff__config_walk walk;
    char *of;
    const eff_config_field_t *field;
    const char *between = "{ ";
    eff__config_walk_init(&walk, schema, (char *)(uintptr_t)record);
    while ((field = eff__config_walk_next(&walk, &of))) {
        eff_buffer_printf(out, "%s%s = ", between, eff_buffer_text(&walk.path));
        if (is_absent(field, of)) eff_buffer_add(out, "none");
        else if (field->secret) eff_buffer_add(out, "<secret>");
        else add_field(field, of, out);
        between = ", ";
    }
    eff_buffer_add(out, *between == '{' ? "{}" : " }");
    if (walk.path.truncated) out->truncated = true;
    eff__config_walk_done(&walk);
}
