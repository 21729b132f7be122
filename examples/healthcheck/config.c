/* From a JSON text to services: two tables, and what they cannot say of a name and a URL. */
#include "config.h"

#include <effect/http.h>
#include <string.h>

enum { MAX_FILE = 16 * 1024 * 1024 /* bytes */ };

static void services_clear(services_t *services)
{
    eff_value_decref(services->config);
}
EFF_DEFINE_TYPE(services, services_t, .drop = services_clear);

/* ---- what a service is */

/* A name goes to terminals: no control characters (C0, DEL, C1). The text is valid UTF-8, as JSON is. */
static void check_name(const void *field, eff_buffer_t *problem)
{
    const unsigned char *p = *(const unsigned char *const *)field;
    if (!*p) eff_buffer_add(problem, "is empty");
    for (; *p && problem->size == 0; p++)
        if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
            eff_buffer_add(problem, "has a control character in it");
}

static void check_url(const void *field, eff_buffer_t *problem)
{
    const char *why = eff_http_url_problem(*(const char *const *)field);
    if (why) eff_buffer_add(problem, why);
}

static const eff_config_field_t service_fields[] = {
    EFF_CONFIG_STRING(service_t, name, "name", .check = check_name),
    EFF_CONFIG_STRING(service_t, url, "url", .check = check_url),
    EFF_CONFIG_INT(service_t, status, "status", .otherwise = "200", .min = "100", .max = "599"),
    EFF_CONFIG_DURATION(service_t, timeout, "timeout", .otherwise = "2s", .min = "1ms", .max = "1h", .unit = "s"),
    EFF_CONFIG_INT(service_t, retries, "retries", .otherwise = "2", .min = "0", .max = "100"),
};
static const eff_config_schema_t service_schema = EFF_CONFIG_SCHEMA(service_t, service_fields);

/* ---- all of them */

typedef struct document {
    service_t *services;
    size_t n_services;
} document_t;
EFF_DECLARE_CONFIG(document, document_t);

static const eff_config_field_t document_fields[] = {
    EFF_CONFIG_LIST(document_t, services, n_services, service_schema, "services"),
};
EFF_DEFINE_CONFIG(document, document_t, document_fields, .strict = true);

static eff_value_t to_services(eff_value_t v, eff_value_t env)
{
    (void)env;
    const document_t *d = document_of(v);
    return services_make((services_t){ .at = d->services, .n = d->n_services, .config = eff_value_incref(v) });
}

static eff_t *read_services(eff_layer_t *config)
{
    return eff_provide(eff_map(document_load(), to_services, eff_unit), config);
}

eff_t *config_load(const char *path)
{
    static const eff_config_file_options_t options = { .size = sizeof options, .max_bytes = MAX_FILE };
    return read_services(eff_config_json_file_with(path, &options));
}

eff_t *config_parse(const char *name, const char *text)
{
    return read_services(eff_config_json_text(name, text));
}
