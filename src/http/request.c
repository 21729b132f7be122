/* Requests: what the caller may set, checked and brought into one form before anything is sent.
 *
 * A mistake of the program (NULL, a value of the wrong type) is a defect; what may come from outside (a URL, text of
 * a header) is an expected failure. */
#include "http/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <effect/fiber.h>
#include <jansson.h>

#include "http/fields.h"

static void call_drop(struct eff__http_call *c)
{
    eff_value_decref(c->request.query);
    eff_value_decref(c->request.headers);
    eff_value_decref(c->request.auth);
    eff_value_decref(c->request.body);
    eff_value_decref(c->url);
}
EFF_DEFINE_TYPE(eff__http_call, struct eff__http_call, .drop = call_drop);

const char *eff_http_method_name(eff_http_method_t method)
{
    static const char *const names[] = {
        [EFF_HTTP_GET] = "GET",         [EFF_HTTP_HEAD] = "HEAD",   [EFF_HTTP_POST] = "POST",
        [EFF_HTTP_PUT] = "PUT",         [EFF_HTTP_PATCH] = "PATCH", [EFF_HTTP_DELETE] = "DELETE",
        [EFF_HTTP_OPTIONS] = "OPTIONS",
    };
    return (size_t)method < sizeof names / sizeof *names ? names[method] : "?";
}

/* ---- messages */

eff_t *eff__http_mistake(eff_site_t site, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return eff_die_at(site, site ? eff_printf("%s (%s)", text, site) : eff_string(text));
}

void eff_http_request_format(const eff_http_request_t *request, eff_buffer_t *out)
{
    struct eff__http_url url;
    eff_buffer_printf(out, "%s ", eff_http_method_name(request->method));
    const char *text = request->url ? request->url : "";
    if (eff__http_url_parse(text, request->query, false, &url)) {
        eff__http_url_redact(text, false, out);
        return;
    }
    eff_buffer_add(out, eff_as_string(url.shown));
    eff__http_url_done(&url);
}

void eff__http_hop_format(const struct eff__http_hop *hop, eff_buffer_t *out)
{
    eff_buffer_printf(out, "%s %s", eff_http_method_name(hop->method), eff_as_string(hop->url.shown));
}

eff_t *eff__http_named(eff_t *e, eff_buffer_t *text)
{
    const char *whole = eff_buffer_text(text);
    eff_value_t name = text->truncated ? eff_oom_value() : eff_string_n(whole, strcspn(whole, "?"));
    if (!eff_is_oom(name)) e = eff_named_at(NULL, e, eff_as_string(name));
    eff_value_decref(name);
    eff_buffer_done(text);
    return e;
}

static eff_value_t error_of(const struct eff__http_hop *hop, eff_value_t inner, const eff_error_kind_t *kind, int code,
                            const char *fmt, va_list args)
{
    char text[512];
    vsnprintf(text, sizeof text, fmt, args);
    eff_buffer_t what = EFF_BUFFER_INIT;
    eff__http_hop_format(hop, &what);
    if (what.truncated) {
        eff_buffer_done(&what);
        eff_value_decref(inner);
        return eff_oom_value();
    }
    eff_value_t error = eff_error_caused(inner, kind, code, "%s: %s", eff_buffer_text(&what), text);
    eff_buffer_done(&what);
    return error;
}

eff_value_t eff__http_error(const struct eff__http_hop *hop, const eff_error_kind_t *kind, int code, const char *fmt,
                            ...)
{
    va_list args;
    va_start(args, fmt);
    eff_value_t error = error_of(hop, eff_unit, kind, code, fmt, args);
    va_end(args);
    return error;
}

eff_value_t eff__http_error_caused(const struct eff__http_hop *hop, eff_value_t inner, const eff_error_kind_t *kind,
                                   int code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    eff_value_t error = error_of(hop, inner, kind, code, fmt, args);
    va_end(args);
    return error;
}

void eff__http_hop_done(struct eff__http_hop *hop)
{
    eff__http_url_done(&hop->url);
    eff_value_decref(hop->headers);
    eff_value_decref(hop->body);
    *hop = (struct eff__http_hop){ .method = EFF_HTTP_GET };
}

/* ---- credentials */

static void add_base64(const char *text, size_t n, eff_buffer_t *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned bits = 0;
        for (size_t j = 0; j < 3; j++)
            bits = bits << 8 | (i + j < n ? (unsigned char)text[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            eff_buffer_add_n(out, i + j <= n ? &digits[bits >> (18 - 6 * j) & 63] : "=", 1);
    }
}

static eff_value_t authorization(const char *scheme, const char *credentials, bool encode)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_buffer_add(&b, scheme);
    if (encode) add_base64(credentials, strlen(credentials), &b);
    else eff_buffer_add(&b, credentials);
    const char *const strings[] = { EFF_HTTP_SECRET("authorization", eff_buffer_text(&b)) };
    eff_value_t fields = b.truncated ? eff_oom_value() : eff_http_fields(3, strings);
    eff_buffer_done(&b);
    return fields;
}

static eff_value_t mistaken_fields(const char *mistake)
{
    return eff_http_fields_make((struct eff__http_fields){ .mistake = mistake });
}

eff_value_t eff_http_basic(const char *user, const char *password)
{
    if (!user) return mistaken_fields("the user of eff_http_basic is NULL");
    if (!password) return mistaken_fields("the password of eff_http_basic is NULL");
    if (strchr(user, ':')) return mistaken_fields("the user of eff_http_basic has a colon in it");
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_buffer_add(&b, user);
    eff_buffer_add(&b, ":");
    eff_buffer_add(&b, password);
    eff_value_t fields = b.truncated ? eff_oom_value() : authorization("Basic ", eff_buffer_text(&b), true);
    eff_buffer_done(&b);
    return fields;
}

eff_value_t eff_http_bearer(const char *token)
{
    return token ? authorization("Bearer ", token, false) : mistaken_fields("the token of eff_http_bearer is NULL");
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | ('A' <= c && c <= 'F' ? 0x20 : 0)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The credentials of a URL: "user:password", each percent-encoded. */
static eff_value_t auth_of_userinfo(const char *userinfo)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    for (const char *c = userinfo; *c; c++) {
        int high = *c == '%' ? hex_digit(c[1]) : -1, low = high >= 0 ? hex_digit(c[2]) : -1;
        if (low < 0) {
            eff_buffer_add_n(&b, c, 1);
            continue;
        }
        char byte = (char)(high << 4 | low);
        eff_buffer_add_n(&b, &byte, 1);
        c += 2;
    }
    if (!strchr(userinfo, ':')) eff_buffer_add(&b, ":");
    eff_value_t fields = b.truncated ? eff_oom_value() : authorization("Basic ", eff_buffer_text(&b), true);
    eff_buffer_done(&b);
    return fields;
}

/* ---- headers */

/* What the client decides by itself: how long messages are, and what becomes of the connection. */
static bool is_the_clients(const char *name)
{
    static const char *const names[] = { "connection", "content-length",    "expect",  "keep-alive", "proxy-connection",
                                         "te",         "transfer-encoding", "trailer", "upgrade" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0) return true;
    return false;
}

static bool is_token(const char *name)
{
    if (!*name) return false;
    for (; *name; name++) {
        unsigned char c = (unsigned char)*name;
        if (c <= ' ' || c >= 0x7F || strchr("\"(),/:;<=>?@[\\]{}", c)) return false;
    }
    return true;
}

bool eff__http_is_header_text(const char *value)
{
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;
        if ((c < ' ' && c != '\t') || c == 0x7F) return false;
    }
    return true;
}

static const char *find_bad_header(eff_value_t headers, const char **ret_name)
{
    const struct eff__http_fields *f = eff__http_fields_in(headers);
    for (size_t i = 0; i < f->n; i++) {
        *ret_name = f->list[i].name;
        if (!is_token(f->list[i].name)) return "is no name for a header";
        if (!eff__http_is_header_text(f->list[i].value)) return "has a control character in its value";
        if (is_the_clients(f->list[i].name)) return "is set by the client itself";
    }
    return NULL;
}

/* headers with those of more behind, unless they have them already. Consumes both. */
static eff_value_t with_more(eff_value_t headers, eff_value_t more)
{
    const struct eff__http_fields *f = eff__http_fields_in(more);
    if (eff_is_oom(more)) {
        eff_value_decref(headers);
        return more;
    }
    for (size_t i = 0; i < f->n && !eff_is_oom(headers); i++) {
        if (headers.type && eff_http_fields_get(headers, f->list[i].name)) continue;
        const struct eff__http_fields *old = eff__http_fields_in(headers);
        eff_value_t all = eff__http_fields_copy(old->n, old->list, &f->list[i]);
        eff_value_decref(headers);
        headers = all;
    }
    eff_value_decref(more);
    return headers;
}

/* ---- bodies */

static int add_json(const char *text, size_t n, void *buffer)
{
    eff_buffer_add_n(buffer, text, n);
    return 0;
}

/* A body as text, and what it is in content-type. Consumes text. */
static void set_body_text(eff_value_t *body, eff_value_t *headers, eff_buffer_t *text, const char *content_type)
{
    const char *const type[] = { "content-type", content_type };
    eff_value_decref(*body);
    *body = eff__http_take_text(text);
    *headers = with_more(*headers, eff_http_fields(2, type));
}

const char *eff__http_settle_body(eff_value_t *body, eff_value_t *headers)
{
    eff_value_t v = *body;
    eff_buffer_t text = EFF_BUFFER_INIT;
    if (!v.type || eff_value_is(v, &eff_string_type) || eff_value_is(v, &eff_bytes_type)) return NULL;
    if (eff_value_is(v, &eff_json_type)) {
        json_dump_callback(eff_as_json(v), add_json, &text, JSON_COMPACT | JSON_ENCODE_ANY);
        set_body_text(body, headers, &text, "application/json");
        return NULL;
    }
    if (eff_value_is(v, &eff_http_fields_type)) {
        if (eff__http_fields_in(v)->mistake) return eff__http_fields_in(v)->mistake;
        eff__http_fields_encode(v, false, &text);
        set_body_text(body, headers, &text, "application/x-www-form-urlencoded");
        return NULL;
    }
    return "the body is neither a string, bytes, JSON nor fields";
}

/* ---- the whole */

static const char *fields_mistake(eff_value_t v, const char *otherwise)
{
    if (!v.type || eff_is_oom(v)) return NULL;
    return v.type == &eff_http_fields_type ? eff__http_fields_in(v)->mistake : otherwise;
}

static const char *find_mistake(const eff_http_request_t *r)
{
    if (!r->url) return "the URL is NULL";
    if (strcmp(eff_http_method_name(r->method), "?") == 0) return "there is no such method";
    const char *mistake = fields_mistake(r->query, "the query is no fields");
    if (!mistake) mistake = fields_mistake(r->headers, "the headers are no fields");
    if (!mistake) mistake = fields_mistake(r->auth, "auth is not of eff_http_bearer or eff_http_basic");
    return mistake;
}

static bool is_out_of_memory(const struct eff__http_call *c)
{
    const eff_http_request_t *r = &c->request;
    return eff_is_oom(r->query) || eff_is_oom(r->headers) || eff_is_oom(r->auth) || eff_is_oom(r->body) ||
           eff_is_oom(c->url);
}

static eff_t *fail_with(eff_site_t site, const eff_error_kind_t *kind, const eff_http_request_t *r, const char *what,
                        const char *problem)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_http_request_format(r, &text);
    eff_buffer_add(&text, ": ");
    eff_buffer_add_escaped(&text, what, strlen(what));
    if (*what) eff_buffer_add(&text, " ");
    eff_buffer_add(&text, problem);
    eff_value_t error = text.truncated ? eff_oom_value() : eff_error(kind, 0, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    return eff_fail_at(site, error);
}

/* NULL when the URL is one of ours; its credentials become headers, unless there are others. */
static eff_t *settle_url(eff_site_t site, struct eff__http_call *c)
{
    struct eff__http_url url;
    const char *problem = eff__http_url_parse(c->request.url, c->request.query, false, &url);
    if (problem == eff__http_no_memory) return eff_out_of_memory();
    if (problem) return fail_with(site, &eff_http_url_error, &c->request, "", problem);
    if (url.userinfo.type)
        c->request.headers = with_more(c->request.headers, auth_of_userinfo(eff_as_string(url.userinfo)));
    eff__http_url_done(&url);
    return NULL;
}

static eff_t *settle(eff_site_t site, struct eff__http_call *c)
{
    const char *mistake = find_mistake(&c->request), *name = NULL;
    if (!mistake && !is_out_of_memory(c)) {
        eff_value_t auth = c->request.auth;
        c->request.auth = (eff_value_t){ .type = NULL };
        c->request.headers = auth.type ? with_more(c->request.headers, auth) : c->request.headers;
        if (!is_out_of_memory(c)) mistake = eff__http_settle_body(&c->request.body, &c->request.headers);
    }
    if (mistake) return eff__http_mistake(site, "eff_http_request: %s", mistake);
    if (is_out_of_memory(c)) return eff_out_of_memory();
    eff_t *wrong = settle_url(site, c);
    if (!wrong && is_out_of_memory(c)) wrong = eff_out_of_memory();
    if (wrong) return wrong;
    const char *problem = find_bad_header(c->request.headers, &name);
    return problem ? fail_with(site, &eff_argument_error, &c->request, name, problem) : NULL;
}

eff_t *eff__http_call_new(eff_site_t site, const eff_http_request_t *request, eff_value_t *ret_call)
{
    struct eff__http_call c = { .request = { .size = 0 } };
    size_t size = request->size && request->size < sizeof c.request ? request->size : sizeof c.request;
    memcpy(&c.request, request, size);
    c.request.size = sizeof c.request;
    if (request->url) c.url = eff_string(request->url);
    if (c.url.type && !eff_is_oom(c.url)) c.request.url = eff_as_string(c.url);

    eff_t *wrong = settle(site, &c);
    eff_value_t call = eff__http_call_make(c);
    if (!wrong && eff_is_oom(call)) wrong = eff_out_of_memory();
    if (wrong) eff_value_decref(call);
    else *ret_call = call;
    return wrong;
}
