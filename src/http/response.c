/* Responses: the value, and the effects that look at one. */
#include <effect/http.h>

#include <stdio.h>
#include <string.h>

#include <effect/transform.h>
#include <jansson.h>

#include "http/request.h"

static void response_drop(eff_http_response_t *r)
{
    eff_value_decref(r->url);
    eff_value_decref(r->headers);
    eff_value_decref(r->body);
}

/* Not the body: it may hold anything, and messages go far. */
static void response_format(const eff_http_response_t *r, eff_buffer_t *out)
{
    const char *type = eff_http_header(r, "content-type");
    eff_buffer_printf(out, "a response with %d, %zu bytes", r->status, eff_http_body_size(r));
    if (!type) return;
    eff_buffer_add(out, " of ");
    eff_buffer_add_escaped(out, type, strlen(type));
}

EFF_DEFINE_TYPE(eff_http_response, eff_http_response_t, .drop = response_drop, .format = response_format);

const char *eff_http_header(const eff_http_response_t *response, const char *name)
{
    return eff_http_fields_get(response->headers, name);
}

const char *eff_http_text(const eff_http_response_t *response)
{
    return response->body.type ? eff_as_bytes(response->body, NULL) : "";
}

size_t eff_http_body_size(const eff_http_response_t *response)
{
    size_t n = 0;
    if (response->body.type) (void)eff_as_bytes(response->body, &n);
    return n;
}

/* RFC 9110, 15, and a few that came later and are seen. */
const char *eff_http_status_text(int status)
{
    switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 203: return "Non-Authoritative Information";
    case 204: return "No Content";
    case 205: return "Reset Content";
    case 206: return "Partial Content";
    case 300: return "Multiple Choices";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 305: return "Use Proxy";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 407: return "Proxy Authentication Required";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    case 508: return "Loop Detected";
    case 511: return "Network Authentication Required";
    default: return "";
    }
}

/* ---- looking at one */

static eff_value_t error_about(eff_value_t response, const eff_error_kind_t *kind, int code, const char *what)
{
    const eff_http_response_t *r = eff_http_response_of(response);
    const char *url = r->url.type ? eff_as_string(r->url) : "?";
    return eff_error_caused(eff_value_incref(response), kind, code, "%s %s: %s", eff_http_method_name(r->method), url,
                            what);
}

static eff_t *wrong_status(eff_value_t response)
{
    int status = eff_http_response_of(response)->status;
    const char *text = eff_http_status_text(status);
    return eff_fail_at(NULL, error_about(response, &eff_http_status_error, status, *text ? text : "an unknown status"));
}

static bool is_ok(const eff_http_response_t *r)
{
    return r->status >= 200 && r->status < 300;
}

static eff_t *check_ok(eff_value_t response, eff_value_t env)
{
    (void)env;
    if (!is_ok(eff_http_response_of(response))) return wrong_status(response);
    return eff_succeed_at(NULL, eff_value_incref(response));
}

static eff_t *check_status(eff_value_t response, eff_value_t status)
{
    if (eff_http_response_of(response)->status != eff_as_int(status)) return wrong_status(response);
    return eff_succeed_at(NULL, eff_value_incref(response));
}

static eff_t *parse_json(eff_value_t response, eff_value_t env)
{
    (void)env;
    const eff_http_response_t *r = eff_http_response_of(response);
    if (!is_ok(r)) return wrong_status(response);
    json_error_t error;
    size_t n = 0;
    const char *text = r->body.type ? eff_as_bytes(r->body, &n) : "";
    json_t *json = json_loadb(text, n, JSON_DECODE_ANY, &error);
    if (json) return eff_succeed_at(NULL, eff_json(json));
    bool has_place = error.line >= 0; /* jansson's errors about its own memory have none */
    if (!has_place || json_error_code(&error) == json_error_out_of_memory) return eff_out_of_memory();
    char what[96];
    snprintf(what, sizeof what, "the body is no JSON: line %d, column %d", error.line, error.column);
    return eff_fail_at(NULL, error_about(response, &eff_http_body_error, 0, what));
}

static eff_t *looking(eff_site_t site, const char *builder, eff_t *e, eff_bind_fn f, eff_value_t env)
{
    if (!e) return eff__http_mistake(site, "argument 1 of %s is NULL", builder);
    return eff_flat_map_at(site, e, f, env);
}

eff_t *eff_http_ok_at(eff_site_t site, eff_t *e)
{
    return looking(site, "eff_http_ok", e, check_ok, eff_unit);
}

eff_t *eff_http_expect_status_at(eff_site_t site, eff_t *e, int status)
{
    return looking(site, "eff_http_expect_status", e, check_status, eff_int(status));
}

eff_t *eff_http_json_at(eff_site_t site, eff_t *e)
{
    return looking(site, "eff_http_json", e, parse_json, eff_unit);
}

const eff_http_response_t *eff_http_error_response(eff_value_t error)
{
    if (!eff_value_is(error, &eff_error_type)) return NULL;
    eff_value_t inner = eff_as_error(error)->inner;
    return eff_value_is(inner, &eff_http_response_type) ? eff_http_response_of(inner) : NULL;
}
