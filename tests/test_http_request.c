/* Requests of the http client, over its test service: as they are built and sent, and what is refused. */
#include "http/script.h"

#include <jansson.h>

/* ---- what is sent */

/* The headers and body of the only request, as one line. */
static eff_value_t tell_sent(eff_value_t env)
{
    const eff_http_request_t *r = eff_test_http_request(asked_of(env)->t, 0);
    if (!r) return eff_literal("nothing");
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_buffer_printf(&b, "%s %s", eff_http_method_name(r->method), r->url);
    for (size_t i = 0; i < eff_http_fields_size(r->headers); i++)
        eff_buffer_printf(&b, "; %s=%s", eff_http_field_name(r->headers, i), eff_http_field_value(r->headers, i));
    if (r->body.type) eff_buffer_printf(&b, "; %s", (const char *)eff_as_bytes(r->body, NULL));
    eff_value_t told = b.truncated ? eff_oom_value() : eff_string(eff_buffer_text(&b));
    eff_buffer_done(&b);
    return told;
}

static eff_t *sent(struct world *w, eff_t *request)
{
    eff_test_http_t *t = eff_test_http_new();
    for (int method = EFF_HTTP_GET; method <= EFF_HTTP_OPTIONS; method++)
        eff_test_http_on(t, (eff_http_method_t)method, "http*", .status = 200);
    eff_value_t service = eff_test_http_value(t);
    return eff_then(eff_http_provide_value(request, service), eff_sync(tell_sent, EFF_ENV(asked, w, t)));
}

static eff_t *with_query(struct world *w)
{
    eff_value_t q = EFF_HTTP_FIELDS("q", "a b&c", "n", "1");
    return sent(w, eff_http_request(.url = "HTTP://Host:80/p?x=1#part", .query = q));
}
CASE(a_query_is_added_percent_encoded, with_query, .succeeds = "GET http://host/p?x=1&q=a%20b%26c&n=1")

static eff_t *with_json(struct world *w)
{
    eff_value_t body = eff_json(json_pack("{s:i}", "n", 7));
    return sent(w, eff_http_request(.method = EFF_HTTP_POST, .url = "http://a/", .body = body));
}
CASE(a_json_body_says_what_it_is, with_json, .succeeds = "POST http://a/; content-type=application/json; {\"n\":7}")

static eff_t *with_form(struct world *w)
{
    eff_value_t body = EFF_HTTP_FIELDS("name", "A&B", "city", "K\xc3\xb6ln");
    return sent(w, eff_http_request(.method = EFF_HTTP_PUT, .url = "http://a/", .body = body));
}
CASE(a_form_body_is_encoded, with_form,
     .succeeds = "PUT http://a/; content-type=application/x-www-form-urlencoded; name=A%26B&city=K%C3%B6ln")

static eff_t *with_own_type(struct world *w)
{
    eff_value_t headers = EFF_HTTP_FIELDS("Content-Type", "text/x-mine");
    eff_value_t body = EFF_HTTP_FIELDS("a", "b");
    return sent(w, eff_http_request(.method = EFF_HTTP_PATCH, .url = "http://a/", .headers = headers, .body = body));
}
CASE(a_content_type_of_ones_own_is_kept, with_own_type, .succeeds = "PATCH http://a/; Content-Type=text/x-mine; a=b")

static eff_t *with_basic(struct world *w)
{
    return sent(w, eff_http_request(.url = "http://a/", .auth = eff_http_basic("Aladdin", "open sesame")));
}
CASE(basic_credentials_become_a_header, with_basic,
     .succeeds = "GET http://a/; authorization=Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")

static eff_t *with_userinfo(struct world *w)
{
    return sent(w, eff_http_request(.method = EFF_HTTP_DELETE, .url = "http://Aladdin:open%20sesame@a/"));
}
CASE(credentials_of_a_url_become_a_header_too, with_userinfo,
     .succeeds = "DELETE http://a/; authorization=Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")

static eff_t *with_bearer(struct world *w)
{
    return sent(w, eff_http_request(.url = "https://u:p@a:8443/", .auth = eff_http_bearer("t0k3n")));
}
CASE(credentials_that_are_given_go_before_those_of_the_url, with_bearer,
     .succeeds = "GET https://a:8443/; authorization=Bearer t0k3n")

static eff_t *added(struct world *w)
{
    eff_value_t headers = eff_http_fields_add(EFF_HTTP_FIELDS("a", "1"), "b", "2");
    headers = eff_http_fields_add_secret(headers, "c", "3");
    return sent(w, eff_http_request(.url = "http://a/", .headers = headers));
}
CASE(fields_can_be_added, added, .succeeds = "GET http://a/; a=1; b=2; c=3")

/* ---- what is refused */

static eff_t *refused(struct world *w, const char *url)
{
    return with_script(w, eff_test_http_new(), eff_http_get(url));
}
static eff_t *no_scheme(struct world *w)
{
    return refused(w, "example.org/x");
}
CASE(a_url_without_a_scheme_is_refused, no_scheme, .journal = "",
     .fails = "bad URL: GET example.org/x: no scheme: it should begin with http:// or https://")
static eff_t *other_scheme(struct world *w)
{
    return refused(w, "ftp://u:secret@h/");
}
CASE(a_url_that_is_refused_is_shown_without_its_credentials, other_scheme,
     .fails = "bad URL: GET ftp://h/: unknown scheme: only http and https are supported")
#define PASSWORD_IN(name, url, message)                                                                                \
    static eff_t *name##_(struct world *w)                                                                             \
    {                                                                                                                  \
        return refused(w, url);                                                                                        \
    }                                                                                                                  \
    CASE(name, name##_, .fails = "bad URL: GET " message)
#define NO_URL ": not a valid URL (eff_http_encode encodes the parts of one)"
PASSWORD_IN(a_password_with_a_slash_is_not_shown, "https://u:se/cret@h/", "https://...@h/" NO_URL)
PASSWORD_IN(a_password_with_a_question_mark_is_not_shown, "https://u:se?cret@h/", "https://...@h/" NO_URL)
PASSWORD_IN(a_password_with_an_at_is_not_shown, "https://u:se@cret@h/", "https://h/" NO_URL)
PASSWORD_IN(a_password_without_a_scheme_is_not_shown, "u:secret@h/?next=http://x/",
            "h/?next=http://x/: unknown scheme: only http and https are supported")
PASSWORD_IN(a_password_behind_slashes_is_not_shown, "//u:secret@h/",
            "//h/: no scheme: it should begin with http:// or https://")
static eff_t *bad_port(struct world *w)
{
    return refused(w, "http://h:0/");
}
CASE(a_url_with_an_impossible_port_is_refused, bad_port,
     .fails = "bad URL: GET http://h:0/: the port must be between 1 and 65535")
static eff_t *no_host(struct world *w)
{
    return refused(w, "http:///x");
}
static eff_t *only_a_dot(struct world *w)
{
    return refused(w, "https://./");
}
CASE(a_url_whose_host_is_a_dot_is_refused, only_a_dot, .fails = "bad URL: GET https://./: no host")
CASE(a_url_without_a_host_is_refused, no_host, .fails = "bad URL: GET http:///x: no host")
static eff_t *injected_url(struct world *w)
{
    return refused(w, "http://h/ HTTP/1.1\r\nX: y");
}
CASE(a_url_cannot_smuggle_a_line, injected_url,
     .fails = "bad URL: GET http://h/ HTTP/1.1\\r\\nX: y: not a valid URL (eff_http_encode encodes the parts of one)")

static eff_t *bad_header(struct world *w, const char *name, const char *value)
{
    eff_value_t headers = EFF_HTTP_FIELDS(name, value);
    return with_script(w, eff_test_http_new(), eff_http_request(.url = "http://a/", .headers = headers));
}
static eff_t *injected_header(struct world *w)
{
    return bad_header(w, "x-a", "b\r\nx-c: d");
}
CASE(a_header_cannot_smuggle_a_line, injected_header,
     .fails = "invalid argument: GET http://a/: x-a has a control character in its value")
static eff_t *folded_header(struct world *w)
{
    return bad_header(w, "x-a", "b\r\n c");
}
CASE(a_header_cannot_be_folded, folded_header,
     .fails = "invalid argument: GET http://a/: x-a has a control character in its value")
static eff_t *header_name(struct world *w)
{
    return bad_header(w, "x a", "b");
}
CASE(a_name_that_is_no_token_is_refused, header_name,
     .fails = "invalid argument: GET http://a/: x a is no name for a header")
static eff_t *own_length(struct world *w)
{
    return bad_header(w, "Content-Length", "7");
}
CASE(the_length_is_the_clients_to_set, own_length,
     .fails = "invalid argument: GET http://a/: Content-Length is set by the client itself")

static eff_t *null_value(struct world *w)
{
    return bad_header(w, "x-a", NULL);
}
CASE(a_field_without_a_value_is_a_mistake, null_value, .dies = "eff_http_request: the value of a field is NULL")
static eff_t *odd_fields(struct world *w)
{
    (void)w;
    return eff_http_request(.url = "http://a/", .query = EFF_HTTP_FIELDS("a", "b", "c"));
}
CASE(an_odd_number_of_strings_is_a_mistake, odd_fields, .dies = "eff_http_request: a field has no value")
static eff_t *null_url(struct world *w)
{
    (void)w;
    return eff_http_get(NULL);
}
CASE(a_null_url_is_a_mistake, null_url, .dies = "eff_http_request: the URL is NULL")
static eff_t *wrong_headers(struct world *w)
{
    (void)w;
    return eff_http_request(.url = "http://a/", .headers = eff_string("a: b"), .body = eff_string("dropped"));
}
CASE(headers_of_another_type_are_a_mistake, wrong_headers, .dies = "eff_http_request: the headers are no fields")
static eff_t *wrong_body(struct world *w)
{
    (void)w;
    return eff_http_request(.url = "http://a/", .body = eff_int(7));
}
CASE(a_body_of_another_type_is_a_mistake, wrong_body,
     .dies = "eff_http_request: the body is neither a string, bytes, JSON nor fields")
static eff_t *colon_user(struct world *w)
{
    (void)w;
    return eff_http_request(.url = "http://a/", .auth = eff_http_basic("a:b", "c"));
}
CASE(a_user_with_a_colon_is_a_mistake, colon_user, .dies = "the user of eff_http_basic has a colon in it")

/* ---- secrets */

static eff_t *secret_query(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/?q=1&key=hush", .status = 403);
    eff_value_t query = EFF_HTTP_FIELDS("q", "1", EFF_HTTP_SECRET("key", "hush"));
    return with_script(w, t, eff_http_ok(eff_http_request(.url = "http://a/", .query = query)));
}
CASE(a_secret_field_is_sent_but_not_shown, secret_query, .journal = "GET:http://a/?q=1&key=hush",
     .fails = "HTTP status: GET http://a/?q=1&key=...: Forbidden (code 403), because: a response with 403, 0 bytes")

static eff_t *shown_fields(struct world *w)
{
    (void)w;
    return eff_succeed(EFF_HTTP_FIELDS("a", "1", EFF_HTTP_SECRET("b", "2")));
}
CASE(fields_are_printed_without_their_secrets, shown_fields, .succeeds = "a: 1, b: ...")

/* ---- services of one's own */

struct tracing {
    eff_http_t http;
    eff_http_t *next;
};
static eff_t *traced(eff_http_t *http, const eff_http_request_t *request)
{
    eff_http_request_t more = *request;
    more.headers = eff_http_fields_add(eff_value_incref(request->headers), "x-trace", "42");
    more.query = eff_value_incref(request->query);
    more.body = eff_value_incref(request->body);
    return eff_http_request_to(EFF_CONTAINER_OF(http, struct tracing, http)->next, &more);
}
static eff_t *use_tracing(eff_http_t *next, eff_value_t env)
{
    (void)env;
    static struct tracing tracing = { .http = { .size = sizeof(eff_http_t), .request = traced } };
    tracing.next = next;
    return eff_http_provide(eff_http_request(.url = "http://a/", .body = eff_literal("b")), &tracing.http);
}
static eff_t *decorated(struct world *w)
{
    return sent(w, eff_http_with(use_tracing, eff_unit));
}
CASE(a_service_can_be_made_of_another, decorated, .succeeds = "GET http://a/; x-trace=42; b")

/* As if it had been made by a library with fewer fields. */
static eff_t *resized(struct world *w, size_t size)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_PUT, "http://a/", .status = 200);
    eff_http_request_t r = { .size = size, .method = EFF_HTTP_PUT, .url = "http://a/", .body = eff_literal("b") };
    eff_value_t service = eff_test_http_value(t);
    eff_t *e = t ? eff_http_request_to((eff_http_t *)(void *)t, &r) : eff_out_of_memory();
    if (!t) eff_value_decref(r.body);
    e = eff_then(e, eff_sync(tell_sent, EFF_ENV(asked, w, t)));
    return eff_http_provide_value(e, service);
}
static eff_t *sized_smaller(struct world *w)
{
    return resized(w, offsetof(eff_http_request_t, body));
}
CASE(the_size_of_a_request_is_filled_in, sized_smaller, .succeeds = "PUT http://a/; b")
static eff_t *to_nothing(struct world *w)
{
    static eff_http_t http = { .size = sizeof http };
    (void)w;
    return eff_http_request_to(&http, NULL);
}
CASE(a_null_request_to_a_service_is_a_mistake, to_nothing, .dies = "argument 1 of eff_http_request is NULL")

TESTS(a_query_is_added_percent_encoded, a_json_body_says_what_it_is, a_form_body_is_encoded,
      a_content_type_of_ones_own_is_kept, basic_credentials_become_a_header, credentials_of_a_url_become_a_header_too,
      credentials_that_are_given_go_before_those_of_the_url, fields_can_be_added, a_url_without_a_scheme_is_refused,
      a_url_that_is_refused_is_shown_without_its_credentials, a_password_with_a_slash_is_not_shown,
      a_password_with_a_question_mark_is_not_shown, a_password_with_an_at_is_not_shown,
      a_password_without_a_scheme_is_not_shown, a_password_behind_slashes_is_not_shown,
      a_url_with_an_impossible_port_is_refused, a_url_without_a_host_is_refused, a_url_whose_host_is_a_dot_is_refused,
      a_url_cannot_smuggle_a_line, a_header_cannot_smuggle_a_line, a_header_cannot_be_folded,
      a_name_that_is_no_token_is_refused, the_length_is_the_clients_to_set, a_field_without_a_value_is_a_mistake,
      an_odd_number_of_strings_is_a_mistake, a_null_url_is_a_mistake, headers_of_another_type_are_a_mistake,
      a_body_of_another_type_is_a_mistake, a_user_with_a_colon_is_a_mistake, a_secret_field_is_sent_but_not_shown,
      fields_are_printed_without_their_secrets, a_service_can_be_made_of_another, the_size_of_a_request_is_filled_in,
      a_null_request_to_a_service_is_a_mistake)
