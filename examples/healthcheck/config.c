/* From a JSON text to services. Jansson parses; this file checks every value, and says exactly what is wrong with the
 * first one that is. */
#include "config.h"
#include "http_url.h"
#include "json_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

enum {
    MAX_FILE = 16 * 1024 * 1024, /* bytes */
    MAX_RETRIES = 100,
    MAX_TIMEOUT = 3600, /* seconds */
    DEFAULT_STATUS = 200,
    DEFAULT_TIMEOUT = 2,
    DEFAULT_RETRIES = 2
};

static void services_clear(services_t *services)
{
    free(services->at);
    json_decref(services->document);
}
EFF_DEFINE_TYPE(services, services_t, .drop = services_clear);

/* ---- checking */

/* The text being read, and the service that is being looked at. */
struct reader {
    const char *name;
    const char *text;
    size_t index;
    json_t *item;
    eff_value_t error; /* the first thing that was wrong; absent while nothing is */
};

static const char *type_name(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_STRING: return "a string";
    case JSON_INTEGER:
    case JSON_REAL: return "a number";
    case JSON_TRUE:
    case JSON_FALSE: return "true or false";
    case JSON_NULL: return "null";
    }
    return "something else";
}

/* Notes what is wrong with a field of the current service, unless something was before. */
static void EFF_PRINTF(3, 4) complain(struct reader *r, const char *field, const char *fmt, ...)
{
    if (r->error.type) return;
    char what[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    r->error = eff_error(&eff_config_error, 0, "%s:%d: services[%zu]%s%s: %s", r->name,
                         json_line_of(r->text, "services", r->index, field), r->index, field ? "." : "",
                         field ? field : "", what);
}

static const char *read_string(struct reader *r, const char *field)
{
    const json_t *json = json_object_get(r->item, field);
    if (!json) complain(r, field, "missing");
    else if (!json_is_string(json)) complain(r, field, "expected a string, found %s", type_name(json));
    else if (json_string_length(json) == 0) complain(r, field, "is empty");
    else return json_string_value(json);
    return "";
}

static long long read_integer(struct reader *r, const char *field, long long from, long long to, long long otherwise)
{
    const json_t *json = json_object_get(r->item, field);
    if (!json) return otherwise;
    if (json_is_real(json)) complain(r, field, "expected a whole number, found %g", json_real_value(json));
    else if (!json_is_integer(json)) complain(r, field, "expected a number, found %s", type_name(json));
    else if (json_integer_value(json) < from || json_integer_value(json) > to)
        complain(r, field, "must be between %lld and %lld, found %lld", from, to, (long long)json_integer_value(json));
    else return json_integer_value(json);
    return otherwise;
}

static double read_timeout(struct reader *r, const char *field)
{
    const json_t *json = json_object_get(r->item, field);
    double seconds = json ? json_number_value(json) : DEFAULT_TIMEOUT;
    if (json && !json_is_number(json)) complain(r, field, "expected a number, found %s", type_name(json));
    else if (!(seconds >= 0.001 && seconds <= MAX_TIMEOUT))
        complain(r, field, "must be between 0.001 and %d seconds, found %g", MAX_TIMEOUT, seconds);
    return seconds;
}

/* A name goes to terminals: no control characters (C0, DEL, C1). The text is valid UTF-8, jansson saw to that. */
static const char *read_name(struct reader *r)
{
    const char *name = read_string(r, "name");
    for (const unsigned char *p = (const unsigned char *)name; *p; p++)
        if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0)) {
            complain(r, "name", "has a control character in it");
            break;
        }
    return name;
}

static const char *read_url(struct reader *r)
{
    const char *url = read_string(r, "url");
    const char *problem = NULL;
    struct evhttp_uri *uri = *url ? http_url_parse(url, &problem) : NULL;
    if (problem) complain(r, "url", "%s", problem);
    if (uri) evhttp_uri_free(uri);
    return url;
}

static bool is_field(const char *name)
{
    static const char *const fields[] = { "name", "url", "status", "timeout", "retries" };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(name, fields[i]) == 0) return true;
    return false;
}

static void refuse_unknown_fields(struct reader *r)
{
    for (void *i = json_object_iter(r->item); i; i = json_object_iter_next(r->item, i))
        if (!is_field(json_object_iter_key(i))) complain(r, json_object_iter_key(i), "unknown field");
}

static service_t read_service(struct reader *r)
{
    if (!json_is_object(r->item)) {
        complain(r, NULL, "expected an object, found %s", type_name(r->item));
        return (service_t){ 0 };
    }
    refuse_unknown_fields(r);
    service_t service = { 0 }; /* filled in statement by statement: an initializer has no order */
    service.name = read_name(r);
    service.url = read_url(r);
    service.status = (int)read_integer(r, "status", 100, 599, DEFAULT_STATUS);
    service.timeout = eff_seconds(read_timeout(r, "timeout"));
    service.retries = (unsigned)read_integer(r, "retries", 0, MAX_RETRIES, DEFAULT_RETRIES);
    return service;
}

/* ---- the document */

static eff_t *bad_document(const char *name, const char *text, const char *key, const char *problem, const char *found)
{
    int line = json_line_of(text, key, 0, NULL);
    return eff_fail(eff_error(&eff_config_error, 0, "%s:%d: %s%s", name, line, problem, found));
}

static eff_t *find_problem(const char *name, const char *text, json_t *document)
{
    const json_t *list = json_object_get(document, "services");
    if (!json_is_object(document))
        return bad_document(name, text, NULL, "expected an object, found ", type_name(document));
    if (!list) return bad_document(name, text, NULL, "services: missing", "");
    if (!json_is_array(list))
        return bad_document(name, text, "services", "services: expected an array, found ", type_name(list));
    for (void *i = json_object_iter(document); i; i = json_object_iter_next(document, i)) {
        const char *key = json_object_iter_key(i);
        if (strcmp(key, "services") != 0) return bad_document(name, text, key, key, ": unknown field");
    }
    return NULL;
}

/* Consumes document. */
static eff_t *read_services(const char *name, const char *text, json_t *document)
{
    const json_t *list = json_object_get(document, "services");
    services_t services = { .document = document, .n = json_array_size(list) };
    services.at = calloc(services.n ? services.n : 1, sizeof *services.at);
    if (!services.at) {
        services_clear(&services);
        return eff_out_of_memory();
    }
    struct reader r = { .name = name, .text = text };
    for (r.index = 0; r.index < services.n && !r.error.type; r.index++) {
        r.item = json_array_get(list, r.index);
        services.at[r.index] = read_service(&r);
    }
    if (!r.error.type) return eff_succeed(services_make(services));
    services_clear(&services);
    return eff_fail(r.error);
}

static eff_t *parse(const char *name, const char *text, size_t size)
{
    json_error_t error;
    json_t *document = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!document) return eff_fail(eff_error(&eff_config_error, 0, "%s:%d: %s", name, error.line, error.text));
    eff_t *problem = find_problem(name, text, document);
    if (!problem) return read_services(name, text, document);
    json_decref(document);
    return problem;
}

/* ---- the file */

/* Appends what there is to read, up to MAX_FILE bytes. Returns 0; -1 and errno when it cannot be read. */
static int read_all(int fd, eff_buffer_t *text)
{
    char piece[16 * 1024];
    ssize_t n;
    while ((n = read(fd, piece, sizeof piece)) > 0) {
        eff_buffer_add_n(text, piece, (size_t)n);
        errno = text->truncated ? ENOMEM : EFBIG;
        if (text->truncated || text->size > MAX_FILE) return -1;
    }
    return (int)n;
}

static int read_file(const char *path, eff_buffer_t *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    int result = read_all(fd, text);
    int err = errno;
    close(fd);
    errno = err;
    return result;
}

/* Runs on a thread of the pool, since a disk may be slow. */
static eff_t *load(eff_value_t path)
{
    const char *name = eff_as_string(path);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_t *e;
    if (read_file(name, &text) < 0) e = eff_fail(eff_error(&eff_config_error, errno, "%s: %s", name, strerror(errno)));
    else e = parse(name, eff_buffer_text(&text), text.size);
    eff_buffer_done(&text);
    return e;
}

eff_t *config_load(const char *path)
{
    return eff_blocking(load, eff_string(path));
}

static eff_t *parse_pair(eff_value_t name_and_text)
{
    eff_value_t text = eff_second(name_and_text);
    return parse(eff_as_string(eff_first(name_and_text)), eff_as_string(text), eff_string_size(text));
}

eff_t *config_parse(const char *name, const char *text)
{
    return eff_suspend(parse_pair, eff_pair(eff_string(name), eff_string(text)));
}
