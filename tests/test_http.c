/* The http client over its test service: what is asked and answered, limits of time, and what is made of answers. Requests
 * are in test_http_request.c, redirects in test_http_redirect.c, the network in test_http_live.c and test_http_hostile.c. */
#include "http/script.h"

#include <effect/dump.h>

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

START_TEST(fibers_of_a_request_are_named_after_it_without_what_is_secret)
{
    eff_test_t *t = eff_test_new();
    eff_test_http_t *http = eff_test_http_new();
    eff_test_http_on(http, EFF_HTTP_GET, "http://a/*", .hangs = true);
    eff_value_t service = eff_test_http_value(http);
    (void)eff_test_fork(t, eff_http_provide_value(eff_http_get("http://u:hush@a/x?key=hush"), service));
    eff_test_adjust(t, eff_millis(1));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_runtime_dump(eff_test_runtime(t), &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), "\"GET http://a/x\"") != NULL, "%s", eff_buffer_text(&text));
    ck_assert_msg(strstr(eff_buffer_text(&text), "hush") == NULL, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    ck_assert_uint_eq(eff_test_free(t), 2);
    eff_test_http_decref(http);
}
END_TEST

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

TESTS(fibers_of_a_request_are_named_after_it_without_what_is_secret, a_request_gets_the_answer_of_its_method_and_url,
      answers_are_used_up_in_order_and_the_last_one_stays, a_script_may_have_the_url_in_other_words,
      a_script_keeps_the_limit_of_a_body, a_script_needs_urls, an_answer_is_delayed_on_the_clock, requests_run_at_once,
      a_request_that_is_not_in_the_script_is_a_defect, a_scripted_error_is_what_the_request_fails_with,
      a_timeout_is_an_error_that_names_the_request, without_a_timeout_of_its_own_a_request_has_30_seconds,
      a_missing_service_is_a_defect_that_says_what_provides_it, the_service_comes_as_a_layer,
      the_nearest_service_is_asked, a_body_is_read_as_json, a_body_that_is_no_json_is_an_error,
      json_of_an_error_page_is_an_error_of_its_status, the_expected_status_passes,
      another_status_than_expected_is_an_error, an_error_of_a_status_has_the_response)
