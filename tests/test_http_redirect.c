/* Redirects of the http client, over its test service: which request follows from an answer, and which does not. */
#include "http/script.h"

#include <jansson.h>

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

/* What is asked for after a redirect of a request with a body. */
static eff_t *with_a_body(struct world *w, eff_http_method_t method, int status, const char *to)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, method, "http://a/", .status = status, .headers = LOCATION(to), .times = 1);
    eff_test_http_on(t, EFF_HTTP_GET, "http://a/*", .status = 200);
    eff_test_http_on(t, EFF_HTTP_HEAD, "http://a/*", .status = 200);
    eff_t *e = eff_http_request(.method = method, .url = "http://a/", .body = eff_json(json_true()));
    eff_value_t service = eff_test_http_value(t);
    return eff_then(eff_http_provide_value(e, service), eff_sync(tell_last, EFF_ENV(asked, w, t)));
}
static eff_t *get_after_303(struct world *w)
{
    return with_a_body(w, EFF_HTTP_GET, 303, "/b");
}
CASE(a_get_loses_its_body_after_303, get_after_303, .succeeds = "no body")
static eff_t *put_after_303(struct world *w)
{
    return with_a_body(w, EFF_HTTP_PUT, 303, "/b");
}
CASE(a_put_loses_its_body_after_303, put_after_303, .succeeds = "no body")
static eff_t *head_after_303(struct world *w)
{
    return with_a_body(w, EFF_HTTP_HEAD, 303, "/b");
}
CASE(a_head_loses_its_body_after_303, head_after_303, .succeeds = "no body")
static eff_t *get_after_302(struct world *w)
{
    return with_a_body(w, EFF_HTTP_GET, 302, "/b");
}
CASE(a_get_keeps_its_body_after_302, get_after_302, .succeeds = "body, content-type")
static eff_t *see_the_same(struct world *w)
{
    return with_a_body(w, EFF_HTTP_GET, 303, "/");
}
CASE(to_ask_again_without_the_body_is_no_circle, see_the_same, .succeeds = "no body")

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

TESTS(a_get_stays_a_get_after_301, a_post_becomes_a_get_after_301, a_post_becomes_a_get_after_302,
      a_put_stays_a_put_after_302, a_put_becomes_a_get_after_303, a_head_stays_a_head_after_303,
      a_post_stays_a_post_after_307, a_post_stays_a_post_after_308, a_delete_stays_a_delete_after_308,
      to_the_same_origin_all_headers_go, to_another_origin_go_no_credentials,
      a_get_that_was_a_post_has_no_content_headers, a_get_loses_its_body_after_303, a_put_loses_its_body_after_303,
      a_head_loses_its_body_after_303, a_get_keeps_its_body_after_302, to_ask_again_without_the_body_is_no_circle,
      a_redirect_from_https_to_http_is_refused, a_redirect_from_https_to_http_can_be_allowed,
      redirects_in_a_circle_are_seen_on_the_first_round, relative_redirects_are_followed,
      redirects_beyond_the_limit_are_an_error, a_redirect_can_be_the_answer,
      a_redirect_to_what_is_no_url_of_ours_is_an_error, a_location_that_is_not_encoded_is_understood)
