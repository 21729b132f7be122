/* Two tables, and what they cannot say of a name and a URL. */
#include "settings.h"

#include <effect/http.h>

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

/* ---- all of it */

static const eff_config_field_t settings_fields[] = {
    EFF_CONFIG_STRING(settings_t, file, "config", .optional = true, .help = "the file of services"),
    EFF_CONFIG_INT(settings_t, parallel, "parallel", .otherwise = "16", .min = "1", .max = "1000",
                   .help = "probes at once"),
    EFF_CONFIG_STRING(settings_t, report, "report", .otherwise = "healthcheck-report.json",
                      .help = "where to write the report"),
    EFF_CONFIG_BOOL(settings_t, exit_zero, "exit-zero", .otherwise = "no",
                    .help = "end with 0 when services are down, too"),
    EFF_CONFIG_BOOL(settings_t, verbose, "verbose", .otherwise = "no", .letter = 'v', .help = "log what is done"),
    EFF_CONFIG_BOOL(settings_t, help, "help", .otherwise = "no", .letter = 'h', .help = "print this text"),
    EFF_CONFIG_LIST(settings_t, services, n_services, service_schema, "services"),
};
EFF_DEFINE_CONFIG(settings, settings_t, settings_fields, .strict = true);
