/* The Config service, and the effects that read: they take a snapshot of the Config in effect, and read it in plain C.
 *
 *     eff_context     for the path of eff_config_nested
 *       snapshot      of the Config, by its operation
 *         finish      eff__config_read, and what becomes of its result
 */
#include <effect/config.h>

#include <stddef.h>
#include <string.h>

#include <effect/transform.h>

#include "core/build.h"
#include "core/collection.h"
#include "core/context.h"
#include "core/misuse.h"
#include "layers/config_check.h"
#include "layers/config_open.h"
#include "layers/config_read.h"
#include "layers/config_scan.h"

EFF_DEFINE_SERVICE(eff_config, eff_config_t);

static eff_value_t root(void)
{
    return eff_literal("");
}
static const eff_tag_t nested_tag = { "the path of eff_config_nested", root };

/* ---- what is to be read */

struct request {
    eff_site_t site;
    const eff_config_schema_t *schema; /* of a struct; NULL for a single value */
    const eff_type_t *type;            /* of that struct */
    eff_config_kind_t kind;            /* of a single value */
    eff_value_t path;                  /* a string: of a single value, else "" */
    eff_value_t otherwise;             /* of a single value: its default; absent when it has none */
};

static void request_drop(struct request *q)
{
    eff_value_decref(q->path);
    eff_value_decref(q->otherwise);
}
EFF_STATIC_TYPE(request, struct request, .drop = request_drop);

/* ---- structs as values
 *
 * The payload is the struct, and behind it, at the next multiple of 16 bytes, the list of what it refers to. */

static size_t owned_offset(const eff_config_schema_t *schema)
{
    return (schema->size + 15) / 16 * 16;
}

static struct eff__config_owned **owned_of(const eff_config_schema_t *schema, void *record)
{
    return (struct eff__config_owned **)(void *)((char *)record + owned_offset(schema));
}

void eff__config_record_drop(const eff_config_schema_t *schema, void *record)
{
    eff__config_owned_free(*owned_of(schema, record));
    explicit_bzero(record, schema->size); /* numbers may be secret, too */
}

static eff_t *read_struct(const struct request *q, eff_value_t snapshot, const char *base)
{
    size_t size = owned_offset(q->schema) + sizeof(struct eff__config_owned *);
    void *record = eff__payload_alloc(q->type, size);
    if (!record) return eff_out_of_memory();
    memset(record, 0, size);
    eff_value_t made = { .type = q->type, .ptr = record };
    eff_value_t result = eff__config_read(snapshot, base, q->schema, record, owned_of(q->schema, record));
    if (eff_value_is(result, &eff_unit_type)) return eff_succeed_at(NULL, made);
    eff_value_decref(made);
    return eff_fail_at(NULL, result);
}

/* ---- single values: structs of one field */

struct single {
    union {
        const char *string;
        bool truth;
        int64_t integer;
        double real;
        eff_duration_t duration;
        const eff_secret_t *secret;
        eff_value_t json;
        const char **strings;
    };
    size_t n_strings;
};

static eff_value_t array_of(const char **strings, size_t n)
{
    eff_value_t *items;
    eff_value_t array = eff__array_new(n, &items);
    for (size_t i = 0; i < n && items; i++)
        items[i] = eff_string(strings[i]);
    for (size_t i = 0; i < n && items; i++)
        if (eff_is_oom(items[i])) {
            eff_value_decref(array);
            return eff_oom_value();
        }
    return array;
}

static eff_value_t value_of(eff_config_kind_t kind, const struct single *v)
{
    switch (kind) {
    case EFF_CONFIG_KIND_STRING: return eff_string(v->string);
    case EFF_CONFIG_KIND_BOOL: return eff_bool(v->truth);
    case EFF_CONFIG_KIND_INT:
    case EFF_CONFIG_KIND_SIZE: return eff_int(v->integer);
    case EFF_CONFIG_KIND_DOUBLE: return eff_double(v->real);
    case EFF_CONFIG_KIND_DURATION: return eff_duration_value(v->duration);
    case EFF_CONFIG_KIND_SECRET: return eff_secret_n(eff_secret_reveal(v->secret), eff_secret_size(v->secret));
    case EFF_CONFIG_KIND_JSON: return eff_value_incref(v->json);
    case EFF_CONFIG_KIND_STRINGS: return array_of(v->strings, v->n_strings);
    case EFF_CONFIG_KIND_ENUM:
    case EFF_CONFIG_KIND_STRUCT:
    case EFF_CONFIG_KIND_LIST: break;
    }
    return eff_unit;
}

static eff_t *read_single(const struct request *q, eff_value_t snapshot, const char *base)
{
    struct single v = { 0 };
    bool is_integer = q->kind == EFF_CONFIG_KIND_INT || q->kind == EFF_CONFIG_KIND_SIZE;
    const eff_config_field_t field = {
        .path = eff_as_string(q->path),
        .kind = q->kind,
        .width = is_integer ? -(int)sizeof v.integer : 0,
        .count_offset = offsetof(struct single, n_strings),
        .secret = q->kind == EFF_CONFIG_KIND_SECRET,
    };
    const eff_config_schema_t schema = { .size = sizeof v, .name = "a value", .fields = &field, .n_fields = 1 };
    struct eff__config_owned *owned;
    eff_value_t result = eff__config_read(snapshot, base, &schema, &v, &owned);
    eff_t *e;
    if (eff_value_is(result, &eff_unit_type)) {
        e = eff_succeed_at(NULL, value_of(q->kind, &v));
    } else if (q->otherwise.type && eff_error_is(result, &eff_config_missing_error)) {
        eff_value_decref(result);
        e = eff_succeed_at(NULL, eff_value_incref(q->otherwise));
    } else {
        e = eff_fail_at(NULL, result);
    }
    eff__config_owned_free(owned);
    return e;
}

/* ---- the effect */

static eff_t *check_snapshot(eff_value_t snapshot, eff_value_t env)
{
    (void)env;
    if (eff__config_is_snapshot(snapshot)) return eff_succeed_at(NULL, eff_value_incref(snapshot));
    eff__misuse_of(snapshot, "the Config in effect gave something that is no snapshot, as eff_config_parse makes them");
    return eff_noop();
}

eff_t *eff__config_snapshot(eff_site_t site, eff_config_t *config)
{
    if (config->size >= offsetof(eff_config_t, snapshot) + sizeof config->snapshot && config->snapshot)
        return eff_flat_map_at(site, config->snapshot(config), check_snapshot, eff_unit);
    eff__misuse("the Config in effect does not say .size = sizeof(eff_config_t), or has no .snapshot");
    return eff_noop();
}

static eff_t *take_snapshot(eff_config_t *config, eff_value_t env)
{
    (void)env;
    return eff__config_snapshot(NULL, config);
}

eff_t *eff_config_snapshot_at(eff_site_t site)
{
    return eff_config_with_at(site, take_snapshot, eff_unit);
}

static eff_t *finish(eff_value_t snapshot, eff_value_t base_and_request)
{
    const struct request *q = request_of(eff_second(base_and_request));
    const char *base = eff_as_string(eff_first(base_and_request));
    return q->schema ? read_struct(q, snapshot, base) : read_single(q, snapshot, base);
}

static eff_t *begin(eff_value_t context, eff_value_t request)
{
    eff_value_t base = eff_context_get(eff_as_context(context), &nested_tag);
    if (eff_is_oom(base)) return eff_out_of_memory();
    eff_t *snapshot = eff_config_snapshot_at(request_of(request)->site);
    base = eff_value_incref(base);
    request = eff_value_incref(request);
    return eff_flat_map_at(NULL, snapshot, finish, eff_pair(base, request));
}

static eff_t *requested(eff_site_t site, struct request q)
{
    return eff_flat_map_at(site, eff_context(), begin, request_make(q));
}

eff_t *eff_config_load_at(eff_site_t site, const eff_config_schema_t *schema, const eff_type_t *type)
{
    if (!schema || !type) return eff__refuse_null(site, "eff_config_load", schema ? 2 : 1, eff_noop(), eff_unit);
    eff_t *mistake = eff__config_mistake(site, schema);
    if (mistake) return mistake;
    return requested(site, (struct request){ .site = site, .schema = schema, .type = type, .path = eff_literal("") });
}

/* Consumes otherwise. */
static eff_t *single(eff_site_t site, const char *builder, const char *path, eff_config_kind_t kind,
                     eff_value_t otherwise)
{
    if (!path) {
        eff_value_decref(otherwise);
        return eff__refuse_null(site, builder, 1, eff_noop(), eff_unit);
    }
    eff_value_t copy = eff_string(path);
    if (eff_is_oom(copy) || eff_is_oom(otherwise)) {
        eff_value_decref(copy);
        eff_value_decref(otherwise);
        return eff_out_of_memory();
    }
    return requested(site, (struct request){ .site = site, .kind = kind, .path = copy, .otherwise = otherwise });
}

#define NO_DEFAULT ((eff_value_t){ 0 })

eff_t *eff_config_string_at(eff_site_t site, const char *path)
{
    return single(site, "eff_config_string", path, EFF_CONFIG_KIND_STRING, NO_DEFAULT);
}
eff_t *eff_config_string_or_at(eff_site_t site, const char *path, const char *otherwise)
{
    if (!otherwise) return eff__refuse_null(site, "eff_config_string_or", 2, eff_noop(), eff_unit);
    return single(site, "eff_config_string_or", path, EFF_CONFIG_KIND_STRING, eff_string(otherwise));
}
eff_t *eff__config_string_or_unit(eff_site_t site, const char *path)
{
    return single(site, "eff_config_string", path, EFF_CONFIG_KIND_STRING, eff_unit);
}
eff_t *eff_config_int_at(eff_site_t site, const char *path)
{
    return single(site, "eff_config_int", path, EFF_CONFIG_KIND_INT, NO_DEFAULT);
}
eff_t *eff_config_int_or_at(eff_site_t site, const char *path, int64_t otherwise)
{
    return single(site, "eff_config_int_or", path, EFF_CONFIG_KIND_INT, eff_int(otherwise));
}
eff_t *eff_config_bool_at(eff_site_t site, const char *path)
{
    return single(site, "eff_config_bool", path, EFF_CONFIG_KIND_BOOL, NO_DEFAULT);
}
eff_t *eff_config_bool_or_at(eff_site_t site, const char *path, bool otherwise)
{
    return single(site, "eff_config_bool_or", path, EFF_CONFIG_KIND_BOOL, eff_bool(otherwise));
}
eff_t *eff_config_double_at(eff_site_t site, const char *path)
{
    return single(site, "eff_config_double", path, EFF_CONFIG_KIND_DOUBLE, NO_DEFAULT);
}
eff_t *eff_config_double_or_at(eff_site_t site, const char *path, double otherwise)
{
    return single(site, "eff_config_double_or", path, EFF_CONFIG_KIND_DOUBLE, eff_double(otherwise));
}
eff_t *eff_config_duration_at(eff_site_t site, const char *path)
{
    return single(site, "eff_config_duration", path, EFF_CONFIG_KIND_DURATION, NO_DEFAULT);
}
eff_t *eff_config_duration_or_at(eff_site_t site, const char *path, eff_duration_t otherwise)
{
    return single(site, "eff_config_duration_or", path, EFF_CONFIG_KIND_DURATION, eff_duration_value(otherwise));
}
eff_t *eff_config_size_at(eff_site_t site, const char *path)
{
    return single(site, "eff_config_size", path, EFF_CONFIG_KIND_SIZE, NO_DEFAULT);
}
eff_t *eff_config_size_or_at(eff_site_t site, const char *path, int64_t otherwise)
{
    return single(site, "eff_config_size_or", path, EFF_CONFIG_KIND_SIZE, eff_int(otherwise));
}
eff_t *eff_config_secret_at(eff_site_t site, const char *path)
{
    return single(site, "eff_config_secret", path, EFF_CONFIG_KIND_SECRET, NO_DEFAULT);
}
eff_t *eff_config_strings_at(eff_site_t site, const char *path)
{
    return single(site, "eff_config_strings", path, EFF_CONFIG_KIND_STRINGS, NO_DEFAULT);
}
eff_t *eff_config_json_at(eff_site_t site, const char *path)
{
    return single(site, "eff_config_json", path, EFF_CONFIG_KIND_JSON, NO_DEFAULT);
}

/* ---- operands */

static eff_t *find_operands(eff_value_t snapshot, eff_value_t env)
{
    (void)env;
    for (size_t i = 0; i < eff_array_size(snapshot); i++) {
        const struct eff__config_source *s = eff__config_source_at(snapshot, i);
        if (s->sort == EFF__CONFIG_ARGUMENTS) return eff_succeed_at(NULL, eff_value_incref(s->operands));
    }
    return eff_succeed_at(NULL, eff_array(0, NULL));
}

eff_t *eff_config_operands_at(eff_site_t site)
{
    return eff_flat_map_at(site, eff_config_snapshot_at(site), find_operands, eff_unit);
}

/* ---- nesting */

static eff_t *nest(eff_value_t context, eff_value_t effect_and_path)
{
    eff_value_t base = eff_context_get(eff_as_context(context), &nested_tag);
    if (eff_is_oom(base)) return eff_out_of_memory();
    eff_buffer_t path = EFF_BUFFER_INIT;
    eff_buffer_add(&path, eff_as_string(base));
    eff__config_path_add(&path, eff_as_string(eff_second(effect_and_path)));
    eff_value_t nested = path.truncated ? eff_oom_value() : eff_string_n(eff_buffer_text(&path), path.size);
    eff_buffer_done(&path);
    eff_t *e = eff_incref(eff_as_effect(eff_first(effect_and_path)));
    return eff_locally_at(NULL, e, &nested_tag, nested);
}

eff_t *eff_config_nested_at(eff_site_t site, eff_t *e, const char *path)
{
    if (!e || !path) return eff__refuse_null(site, "eff_config_nested", e ? 2 : 1, e, eff_unit);
    if (!eff__effect_usable(e)) return eff_out_of_memory();
    return eff_flat_map_at(site, eff_context(), nest, eff_pair(eff_effect_value(e), eff_string(path)));
}
