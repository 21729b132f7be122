/* The http client over its test service: requests as they are built and sent, redirects, limits of time, and what is
 * made of answers. The network is in test_http_live.c and test_http_hostile.c. */
#include "support/case.h"

#include <effect/http.h>
#include <jansson.h>
#include <string.h>

/* ---- programs over a script */

struct asked {
    struct world *w;
    eff_test_http_t *t; /* owned */
};
static void asked_drop(struct asked *a)
{
    eff_test_http_decref(a->t);
}
EFF_STATIC_TYPE(asked, struct asked, .drop = asked_drop);

/* The requests that were made, as words of the journal: "GET:http://a/". */
static eff_value_t tell_asked(eff_value_t env)
{
    const struct asked *a = asked_of(env);
    for (size_t i = 0; i < eff_test_http_n_requests(a->t); i++) {
        const eff_http_request_t *r = eff_test_http_request(a->t, i);
        char word[256];
        snprintf(word, sizeof word, "%s:%s", eff_http_method_name(r->method), r->url);
        journal_add(a->w, word);
    }
    return eff_unit;
}

/* Runs e with the service, then says what it was asked. Consumes t. */
static eff_t *with_script(struct world *w, eff_test_http_t *t, eff_t *e)
{
    eff_value_t service = eff_test_http_value(t);
    eff_t *told = eff_ensuring(eff_http_provide_value(e, service), eff_sync(tell_asked, EFF_ENV(asked, w, t)));
    return told;
}

static eff_t *text_of(eff_value_t response, eff_value_t env)
{
    (void)env;
    const eff_http_response_t *r = eff_http_response_of(response);
    return eff_succeed(eff_printf("%d %s", r->status, eff_http_text(r)));
}
static eff_t *as_text(eff_t *e)
{
    return eff_flat_map(e, text_of, eff_unit);
}

/* Where it ended, and after how many redirects. */
static eff_t *place_of(eff_value_t response, eff_value_t env)
{
    (void)env;
    const eff_http_response_t *r = eff_http_response_of(response);
    return eff_succeed(
        eff_printf("%d %s %s %u", r->status, eff_http_method_name(r->method), eff_as_string(r->url), r->n_redirects));
}
static eff_t *as_place(eff_t *e)
{
    return eff_flat_map(e, place_of, eff_unit);
}

/* ---- asking */

static eff_t *one_get(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/x", .body = eff_literal("hello"));
    return with_script(w, t, as_text(eff_http_get("http://a/x")));
}
CASE(a_request_gets_the_answer_of_its_method_and_url, one_get, .succeeds = "200 hello", .journal = "GET:http://a/x")

static eff_t *answers_in_order(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/", .status = 503, .times = 2);
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/", .body = eff_literal("up"));
    eff_t *e = eff_retry(eff_http_ok(eff_http_get("http://a/")), eff_schedule_spaced(eff_millis(100)));
    return with_script(w, t, as_text(e));
}
CASE(answers_are_used_up_in_order_and_the_last_one_stays, answers_in_order, .succeeds = "200 up", .timed = true,
     .ms = 200, .journal = "GET:http://a/ GET:http://a/ GET:http://a/")

static eff_t *in_other_words(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "HTTP://u:p@A:80", .body = eff_literal("same"));
    return with_script(w, t, as_text(eff_http_get("http://a/")));
}
CASE(a_script_may_have_the_url_in_other_words, in_other_words, .succeeds = "200 same", .journal = "GET:http://a/")

static eff_t *script_without_url(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "a/x", .status = 200);
    return with_script(w, t, as_text(eff_http_get("http://a/x")));
}
CASE(a_script_needs_urls, script_without_url,
     .dies = "eff_test_http_answer: no scheme: it should begin with http:// or https://")

static eff_t *large_body(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_HEAD, "http://a/", .body = eff_literal("12345"));
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/", .body = eff_literal("12345"));
    eff_t *e = as_text(eff_http_request(.method = EFF_HTTP_HEAD, .url = "http://a/", .max_body = 4));
    e = eff_then(e, as_text(eff_http_request(.url = "http://a/", .max_body = 5)));
    return with_script(w, t, eff_then(e, as_text(eff_http_request(.url = "http://a/", .max_body = 4))));
}
CASE(a_script_keeps_the_limit_of_a_body, large_body, .journal = "HEAD:http://a/ GET:http://a/ GET:http://a/",
     .fails = "too large: GET http://a/: the body of the answer is beyond 4 bytes")

static eff_t *delayed(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://slow/*", .delay = eff_millis(250), .body = eff_literal("late"));
    return with_script(w, t, as_text(eff_http_get("http://slow/any?thing")));
}
CASE(an_answer_is_delayed_on_the_clock, delayed, .succeeds = "200 late", .timed = true, .ms = 250)

static eff_t *two_at_once(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/", .delay = eff_millis(30), .body = eff_literal("a"));
    eff_test_http_on(t, EFF_HTTP_GET, "http://b/", .delay = eff_millis(20), .body = eff_literal("b"));
    return with_script(w, t, eff_zip_par(as_text(eff_http_get("http://a/")), as_text(eff_http_get("http://b/"))));
}
CASE(requests_run_at_once, two_at_once, .succeeds = "(\"200 a\", \"200 b\")", .timed = true, .ms = 30,
     .without = NO_SHUFFLES, .journal = "GET:http://a/ GET:http://b/")

static eff_t *unknown(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/", .status = 204);
    return with_script(w, t, as_text(eff_http_get("http://b/")));
}
CASE(a_request_that_is_not_in_the_script_is_a_defect, unknown,
     .dies = "GET http://b/ is not in the script of eff_test_http: GET http://a/")

static eff_t *scripted_error(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/", .error = eff_literal("cut off"), .delay = eff_millis(5));
    return with_script(w, t, as_text(eff_http_get("http://a/")));
}
CASE(a_scripted_error_is_what_the_request_fails_with, scripted_error, .fails = "cut off", .timed = true, .ms = 5)

static eff_t *timed_out(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/", .hangs = true);
    return with_script(w, t, eff_http_request(.url = "http://u:p@a/", .timeout = eff_millis(400)));
}
CASE(a_timeout_is_an_error_that_names_the_request, timed_out, .timed = true, .ms = 400,
     .fails = "timed out: GET http://a/: no answer within 400ms")

static eff_t *usual_timeout(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/", .hangs = true);
    return with_script(w, t, eff_http_get("http://a/"));
}
CASE(without_a_timeout_of_its_own_a_request_has_30_seconds, usual_timeout, .timed = true, .ms = 30000,
     .fails = "timed out: GET http://a/: no answer within 30s")

static eff_t *missing(struct world *w)
{
    (void)w;
    return eff_http_get("http://a/");
}
static void check_missing(struct world *w, const eff_exit_t *exit)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    (void)w;
    eff_cause_format(exit->cause, &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), "eff_http_live() provides it") != NULL, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
}
CASE(a_missing_service_is_a_defect_that_says_what_provides_it, missing,
     .dies = "no service \"eff_http\" is provided here", .check = check_missing)

static eff_t *by_layer(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/", .body = eff_literal("by layer"), .delay = eff_millis(3));
    eff_layer_t *layer = eff_test_http(t);
    eff_test_http_decref(t); /* the layer has its own */
    (void)w;
    return eff_provide(eff_zip_par(as_text(eff_http_get("http://a/")), as_text(eff_http_get("http://a/"))), layer);
}
CASE(the_service_comes_as_a_layer, by_layer, .succeeds = "(\"200 by layer\", \"200 by layer\")", .timed = true, .ms = 3)

static eff_t *two_layers(struct world *w)
{
    eff_test_http_t *inner = eff_test_http_new(), *outer = eff_test_http_new();
    eff_test_http_on(inner, EFF_HTTP_GET, "http://a/", .body = eff_literal("inner"));
    eff_test_http_on(outer, EFF_HTTP_GET, "http://a/", .body = eff_literal("outer"));
    eff_t *e = eff_provide(as_text(eff_http_get("http://a/")), eff_test_http(inner));
    e = eff_zip(e, as_text(eff_http_get("http://a/")));
    e = eff_provide(e, eff_test_http(outer));
    eff_test_http_decref(inner);
    eff_test_http_decref(outer);
    (void)w;
    return e;
}
CASE(the_nearest_service_is_asked, two_layers, .succeeds = "(\"200 inner\", \"200 outer\")")

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

/* ---- redirects */

#define LOCATION(to) EFF_HTTP_FIELDS("Location", to)

static eff_t *redirected(struct world *w, eff_http_method_t method, int status, bool body)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, method, "http://a/old", .status = status, .headers = LOCATION("/new"));
    for (int m = EFF_HTTP_GET; m <= EFF_HTTP_OPTIONS; m++)
        eff_test_http_on(t, (eff_http_method_t)m, "http://a/new", .status = 200);
    eff_http_request_t r = { .method = method, .url = "http://a/old" };
    if (body) r.body = eff_literal("x");
    return with_script(w, t, as_place(eff_http_request_at(EFF_SITE, &r)));
}
#define REDIRECT(name, method, status, then)                                                                           \
    static eff_t *name##_(struct world *w)                                                                             \
    {                                                                                                                  \
        return redirected(w, EFF_HTTP_##method, status, true);                                                         \
    }                                                                                                                  \
    CASE(name, name##_, .succeeds = "200 " then " http://a/new 1",                                                     \
         .journal = #method ":http://a/old " then ":http://a/new")
REDIRECT(a_get_stays_a_get_after_301, GET, 301, "GET")
REDIRECT(a_post_becomes_a_get_after_301, POST, 301, "GET")
REDIRECT(a_post_becomes_a_get_after_302, POST, 302, "GET")
REDIRECT(a_put_stays_a_put_after_302, PUT, 302, "PUT")
REDIRECT(a_put_becomes_a_get_after_303, PUT, 303, "GET")
REDIRECT(a_head_stays_a_head_after_303, HEAD, 303, "HEAD")
REDIRECT(a_post_stays_a_post_after_307, POST, 307, "POST")
REDIRECT(a_post_stays_a_post_after_308, POST, 308, "POST")
REDIRECT(a_delete_stays_a_delete_after_308, DELETE, 308, "DELETE")

static eff_value_t tell_last(eff_value_t env)
{
    const eff_test_http_t *t = asked_of(env)->t;
    size_t n = eff_test_http_n_requests(t);
    const eff_http_request_t *r = n ? eff_test_http_request(t, n - 1) : NULL;
    if (!r) return eff_literal("nothing");
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_buffer_add(&b, r->body.type ? "body" : "no body");
    for (size_t i = 0; i < eff_http_fields_size(r->headers); i++)
        eff_buffer_printf(&b, ", %s", eff_http_field_name(r->headers, i));
    eff_value_t told = b.truncated ? eff_oom_value() : eff_string(eff_buffer_text(&b));
    eff_buffer_done(&b);
    return told;
}
static eff_t *kept(struct world *w, int status, const char *to)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_POST, "http://a/", .status = status, .headers = LOCATION(to));
    eff_test_http_on(t, EFF_HTTP_POST, "http://*", .status = 200);
    eff_test_http_on(t, EFF_HTTP_GET, "http://*", .status = 200);
    eff_value_t headers =
        EFF_HTTP_FIELDS("accept", "*/*", "Cookie", "c", "Proxy-Authorization", "p", EFF_HTTP_SECRET("x-key", "k"));
    eff_t *e = eff_http_request(.method = EFF_HTTP_POST, .url = "http://a/", .headers = headers,
                                .auth = eff_http_bearer("t"), .body = eff_json(json_true()));
    eff_value_t service = eff_test_http_value(t);
    return eff_then(eff_http_provide_value(e, service), eff_sync(tell_last, EFF_ENV(asked, w, t)));
}
static eff_t *same_origin(struct world *w)
{
    return kept(w, 307, "http://a:80/b");
}
CASE(to_the_same_origin_all_headers_go, same_origin,
     .succeeds = "body, accept, Cookie, Proxy-Authorization, x-key, authorization, content-type")
static eff_t *other_origin(struct world *w)
{
    return kept(w, 307, "//b/");
}
CASE(to_another_origin_go_no_credentials, other_origin, .succeeds = "body, accept, content-type")
static eff_t *other_port(struct world *w)
{
    return kept(w, 302, "http://a:81/");
}
CASE(a_get_that_was_a_post_has_no_content_headers, other_port, .succeeds = "no body, accept")

static eff_t *downgrade(struct world *w, bool allowed)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "https://a/", .status = 302, .headers = LOCATION("http://b/?sig=hush"));
    eff_test_http_on(t, EFF_HTTP_GET, "http://b/*", .status = 200);
    return with_script(w, t, as_place(eff_http_request(.url = "https://a/", .allow_downgrade = allowed)));
}
static eff_t *refused_downgrade(struct world *w)
{
    return downgrade(w, false);
}
CASE(a_redirect_from_https_to_http_is_refused, refused_downgrade, .journal = "GET:https://a/",
     .fails = "bad redirect: GET https://a/: 302 leads from https to http://b/?...")
static eff_t *allowed_downgrade(struct world *w)
{
    return downgrade(w, true);
}
CASE(a_redirect_from_https_to_http_can_be_allowed, allowed_downgrade, .succeeds = "200 GET http://b/?... 1",
     .journal = "GET:https://a/ GET:http://b/?sig=hush")

static eff_t *circle(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/", .status = 302, .headers = LOCATION("http://b/"));
    eff_test_http_on(t, EFF_HTTP_GET, "http://b/", .status = 302, .headers = LOCATION("http://a/"));
    return with_script(w, t, eff_http_get("http://a/"));
}
CASE(redirects_in_a_circle_are_seen_on_the_first_round, circle, .journal = "GET:http://a/ GET:http://b/",
     .fails = "bad redirect: GET http://a/: 302 leads in a circle, to http://a/")

static eff_t *chain(struct world *w, int limit)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/1", .status = 301, .headers = LOCATION("2"));
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/2", .status = 301, .headers = LOCATION("./x/../3"));
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/3", .status = 301, .headers = LOCATION("?q"));
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/3?q", .status = 200);
    return with_script(w, t, as_place(eff_http_request(.url = "http://a/1", .max_redirects = limit)));
}
static eff_t *whole_chain(struct world *w)
{
    return chain(w, 3);
}
CASE(relative_redirects_are_followed, whole_chain, .succeeds = "200 GET http://a/3?... 3",
     .journal = "GET:http://a/1 GET:http://a/2 GET:http://a/3 GET:http://a/3?q")
static eff_t *too_long_chain(struct world *w)
{
    return chain(w, 2);
}
CASE(redirects_beyond_the_limit_are_an_error, too_long_chain,
     .fails = "bad redirect: GET http://a/3: more than 2 redirects")
static eff_t *no_redirects(struct world *w)
{
    return chain(w, EFF_HTTP_NO_REDIRECTS);
}
CASE(a_redirect_can_be_the_answer, no_redirects, .succeeds = "301 GET http://a/1 0", .journal = "GET:http://a/1")

static eff_t *bad_location(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/", .status = 302, .headers = LOCATION("ftp://u:p@b/?sig=hush"));
    return with_script(w, t, eff_http_get("http://a/"));
}
CASE(a_redirect_to_what_is_no_url_of_ours_is_an_error, bad_location,
     .fails = "bad redirect: GET http://a/: 302 to ftp://b/?...: unknown scheme: only http and https are supported")

static eff_t *spaced_location(struct world *w)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/d/", .status = 302, .headers = LOCATION("b c\xc3\xa9#x"));
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/d/b%20c%C3%A9", .status = 200);
    return with_script(w, t, as_place(eff_http_get("http://a/d/")));
}
CASE(a_location_that_is_not_encoded_is_understood, spaced_location, .succeeds = "200 GET http://a/d/b%20c%C3%A9 1")

/* ---- what to make of an answer */

static eff_t *answered(struct world *w, int status, const char *body, eff_t *(*look)(eff_t *e))
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/", .status = status, .body = eff_literal(body));
    return with_script(w, t, look(eff_http_get("http://a/")));
}
static eff_t *json(eff_t *e)
{
    return eff_http_json(e);
}
static eff_t *json_body(struct world *w)
{
    return answered(w, 200, "{\"n\": [1, 2]}", json);
}
/* Out of memory in the middle of a text, jansson says that its syntax is wrong, so that is not swept. */
CASE(a_body_is_read_as_json, json_body, .succeeds = "{\"n\":[1,2]}", .without = NO_ALLOCATIONS)
static eff_t *no_json_body(struct world *w)
{
    return answered(w, 200, "<html>", json);
}
CASE(a_body_that_is_no_json_is_an_error, no_json_body,
     .fails = "bad body: GET http://a/: the body is no JSON: line 1, column 1, because: a response with 200, 6 bytes")
static eff_t *not_found(struct world *w)
{
    return answered(w, 404, "{}", json);
}
CASE(json_of_an_error_page_is_an_error_of_its_status, not_found,
     .fails = "HTTP status: GET http://a/: Not Found (code 404), because: a response with 404, 2 bytes")
static eff_t *expect_created(eff_t *e)
{
    return as_text(eff_http_expect_status(e, 201));
}
static eff_t *created(struct world *w)
{
    return answered(w, 201, "made", expect_created);
}
CASE(the_expected_status_passes, created, .succeeds = "201 made")
static eff_t *not_created(struct world *w)
{
    return answered(w, 200, "was there", expect_created);
}
CASE(another_status_than_expected_is_an_error, not_created,
     .fails = "HTTP status: GET http://a/: OK (code 200), because: a response with 200, 9 bytes")

static eff_t *explain(eff_value_t error, eff_value_t env)
{
    (void)env;
    const eff_http_response_t *r = eff_http_error_response(error);
    return eff_succeed(eff_printf("%d: %s", eff_as_error(error)->code, r ? eff_http_text(r) : "?"));
}
static eff_t *explained(eff_t *e)
{
    return eff_catch_kind(eff_http_ok(e), &eff_http_error, explain, eff_unit);
}
static eff_t *server_says(struct world *w)
{
    return answered(w, 429, "slow down", explained);
}
CASE(an_error_of_a_status_has_the_response, server_says, .succeeds = "429: slow down")

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

TESTS(a_request_gets_the_answer_of_its_method_and_url, answers_are_used_up_in_order_and_the_last_one_stays,
      a_script_may_have_the_url_in_other_words, a_script_keeps_the_limit_of_a_body, a_script_needs_urls,
      an_answer_is_delayed_on_the_clock, requests_run_at_once, a_request_that_is_not_in_the_script_is_a_defect,
      a_scripted_error_is_what_the_request_fails_with, a_timeout_is_an_error_that_names_the_request,
      without_a_timeout_of_its_own_a_request_has_30_seconds, a_missing_service_is_a_defect_that_says_what_provides_it,
      the_service_comes_as_a_layer, the_nearest_service_is_asked, a_query_is_added_percent_encoded,
      a_json_body_says_what_it_is, a_form_body_is_encoded, a_content_type_of_ones_own_is_kept,
      basic_credentials_become_a_header, credentials_of_a_url_become_a_header_too,
      credentials_that_are_given_go_before_those_of_the_url, fields_can_be_added, a_url_without_a_scheme_is_refused,
      a_url_that_is_refused_is_shown_without_its_credentials, a_password_with_a_slash_is_not_shown,
      a_password_with_a_question_mark_is_not_shown, a_password_with_an_at_is_not_shown,
      a_password_without_a_scheme_is_not_shown, a_password_behind_slashes_is_not_shown,
      a_url_with_an_impossible_port_is_refused, a_url_without_a_host_is_refused, a_url_cannot_smuggle_a_line,
      a_header_cannot_smuggle_a_line, a_header_cannot_be_folded, a_name_that_is_no_token_is_refused,
      the_length_is_the_clients_to_set, a_field_without_a_value_is_a_mistake, an_odd_number_of_strings_is_a_mistake,
      a_null_url_is_a_mistake, headers_of_another_type_are_a_mistake, a_body_of_another_type_is_a_mistake,
      a_user_with_a_colon_is_a_mistake, a_secret_field_is_sent_but_not_shown, fields_are_printed_without_their_secrets,
      a_get_stays_a_get_after_301, a_post_becomes_a_get_after_301, a_post_becomes_a_get_after_302,
      a_put_stays_a_put_after_302, a_put_becomes_a_get_after_303, a_head_stays_a_head_after_303,
      a_post_stays_a_post_after_307, a_post_stays_a_post_after_308, a_delete_stays_a_delete_after_308,
      to_the_same_origin_all_headers_go, to_another_origin_go_no_credentials,
      a_get_that_was_a_post_has_no_content_headers, a_redirect_from_https_to_http_is_refused,
      a_redirect_from_https_to_http_can_be_allowed, redirects_in_a_circle_are_seen_on_the_first_round,
      relative_redirects_are_followed, redirects_beyond_the_limit_are_an_error, a_redirect_can_be_the_answer,
      a_redirect_to_what_is_no_url_of_ours_is_an_error, a_location_that_is_not_encoded_is_understood,
      a_body_is_read_as_json, a_body_that_is_no_json_is_an_error, json_of_an_error_page_is_an_error_of_its_status,
      the_expected_status_passes, another_status_than_expected_is_an_error, an_error_of_a_status_has_the_response,
      a_service_can_be_made_of_another)
