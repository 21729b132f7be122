/* The health check of examples/healthcheck: the program itself, under TestClock and with doubles of its services: an
 * HTTP service that is a script, a Console that keeps what is printed, settings that a test writes. So hours take no
 * time and every latency is exact. Then its command, as main runs it; and, at the end, its live parts against its own
 * server. */
#include <check.h>
#include <effect/http.h>
#include <effect/test.h>
#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../examples/healthcheck/check.h"
#include "../examples/healthcheck/command.h"
#include "../examples/healthcheck/probe.h"
#include "../examples/healthcheck/server.h"
#include "../examples/healthcheck/terminal.h"
#include "../examples/healthcheck/wiring.h"

/* ---- one probe */

static eff_value_t refused(const char *url)
{
    return eff_error_errno(ECONNREFUSED, "connect to %s", url);
}

/* Services that answer, each in its way. */
static eff_test_http_t *scripted_http(void)
{
    eff_test_http_t *t = eff_test_http_new();
    eff_test_http_on(t, EFF_HTTP_GET, "http://fast/", .delay = eff_millis(10));
    eff_test_http_on(t, EFF_HTTP_GET, "http://slow/", .delay = eff_millis(400));
    eff_test_http_on(t, EFF_HTTP_GET, "http://quarter/", .delay = eff_millis(250));
    eff_test_http_on(t, EFF_HTTP_GET, "http://flaky/", .delay = eff_millis(10), .status = 503, .times = 1);
    eff_test_http_on(t, EFF_HTTP_GET, "http://flaky/", .delay = eff_millis(20), .error = refused("http://flaky/"),
                     .times = 1);
    eff_test_http_on(t, EFF_HTTP_GET, "http://flaky/", .delay = eff_millis(30));
    eff_test_http_on(t, EFF_HTTP_GET, "http://wrong/", .delay = eff_millis(5), .status = 500);
    eff_test_http_on(t, EFF_HTTP_GET, "http://closed/", .error = refused("http://closed/"));
    eff_test_http_on(t, EFF_HTTP_GET, "http://hanging/", .hangs = true);
    eff_test_http_on(t, EFF_HTTP_GET, "http://nowhere/",
                     .error = eff_error(&eff_dns_error, 0, "cannot find the host nowhere"));
    return t;
}

/* Probes one service, to the end. What the result owns is released by result_clear. */
static void run_probe(const service_t *service, result_t *result)
{
    eff_test_http_t *http = scripted_http();
    *result = (result_t){ .service = service };
    eff_exit_t exit = eff_test_run(eff_provide(probe(result), eff_test_http(http)));
    if (!exit.ok) eff_cause_print(exit.cause, stderr);
    ck_assert(exit.ok);
    ck_assert(!result->running);
    ck_assert_uint_eq(eff_test_http_n_requests(http), result->n_attempts);
    ck_assert_uint_eq(eff_test_http_n_running(http), 0);
    eff_test_http_decref(http);
    eff_exit_decref(exit);
}

static void assert_probed(const result_t *result, outcome_t outcome, unsigned n_attempts, int status,
                          int64_t latency_ms, int64_t total_ms, const char *why)
{
    ck_assert_str_eq(outcome_name(result->outcome), outcome_name(outcome));
    ck_assert_uint_eq(result->n_attempts, n_attempts);
    ck_assert_int_eq(result->status, status);
    ck_assert_int_eq(result->latency.ns, latency_ms * 1000000);
    ck_assert_int_eq(result->total.ns, total_ms * 1000000);
    ck_assert_pstr_eq(result_why(result), why);
    eff_value_decref(result->why);
}

static service_t service(const char *url, unsigned retries)
{
    return (service_t){ .name = "x", .url = url, .status = 200, .timeout = eff_millis(500), .retries = retries };
}

START_TEST(a_service_that_answers_is_up_after_one_attempt)
{
    service_t fast = service("http://fast/", 2);
    result_t result;
    run_probe(&fast, &result);
    assert_probed(&result, OUTCOME_UP, 1, 200, 10, 10, NULL);
}
END_TEST

START_TEST(a_flaky_service_is_asked_again_after_100_and_200_ms)
{
    service_t flaky = service("http://flaky/", 2);
    result_t result;
    run_probe(&flaky, &result);
    assert_probed(&result, OUTCOME_UP, 3, 200, 30, 10 + 100 + 20 + 200 + 30, NULL);
}
END_TEST

START_TEST(a_flaky_service_is_down_when_the_retries_are_used_up)
{
    service_t flaky = service("http://flaky/", 1);
    result_t result;
    run_probe(&flaky, &result);
    assert_probed(&result, OUTCOME_DOWN, 2, 0, 20, 10 + 100 + 20, "connect to http://flaky/: Connection refused");
}
END_TEST

START_TEST(the_pauses_double)
{
    service_t closed = service("http://closed/", 5);
    result_t result;
    run_probe(&closed, &result);
    assert_probed(&result, OUTCOME_DOWN, 6, 0, 0, 100 + 200 + 400 + 800 + 1600,
                  "connect to http://closed/: Connection refused");
}
END_TEST

START_TEST(an_unexpected_status_is_down)
{
    service_t wrong = service("http://wrong/", 0);
    result_t result;
    run_probe(&wrong, &result);
    assert_probed(&result, OUTCOME_DOWN, 1, 500, 5, 5, "expected 200");
}
END_TEST

START_TEST(an_expected_status_is_up_whatever_it_is)
{
    service_t wrong = service("http://wrong/", 0);
    result_t result;
    wrong.status = 500;
    run_probe(&wrong, &result);
    assert_probed(&result, OUTCOME_UP, 1, 500, 5, 5, NULL);
}
END_TEST

START_TEST(every_attempt_has_the_timeout)
{
    service_t hanging = service("http://hanging/", 1);
    result_t result;
    run_probe(&hanging, &result);
    assert_probed(&result, OUTCOME_DOWN, 2, 0, 500, 500 + 100 + 500, "no answer within 500ms");
}
END_TEST

START_TEST(an_unknown_host_is_down)
{
    service_t nowhere = service("http://nowhere/", 0);
    result_t result;
    run_probe(&nowhere, &result);
    assert_probed(&result, OUTCOME_DOWN, 1, 0, 0, 0, "cannot find the host nowhere");
}
END_TEST

/* ---- the whole program */

static const char config[] =
    "{ \"services\": [\n"
    "  { \"name\": \"fast\", \"url\": \"http://fast/\" },\n"
    "  { \"name\": \"slow\", \"url\": \"http://slow/\" },\n"
    "  { \"name\": \"flaky\", \"url\": \"http://flaky/\" },\n"
    "  { \"name\": \"wrong\", \"url\": \"http://wrong/\" },\n"
    "  { \"name\": \"hanging\", \"url\": \"http://hanging/\", \"timeout\": 0.5, \"retries\": 1 },\n"
    "  { \"name\": \"closed\", \"url\": \"http://closed/\", \"retries\": 0 }\n"
    "] }\n";

/* The program's services, and a folder for its report. */
struct world {
    eff_test_http_t *http;
    eff_test_console_t *console;
    terminal_t terminal;
    size_t parallel;
    char folder[64], report[96];
};

static size_t eighty_columns(void)
{
    return 80;
}

static void world_init(struct world *w, size_t parallel)
{
    *w = (struct world){ .http = scripted_http(),
                         .console = eff_test_console_new(),
                         .terminal = { .columns = eighty_columns },
                         .parallel = parallel };
    strcpy(w->folder, "/tmp/healthcheck-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(w->folder));
    snprintf(w->report, sizeof w->report, "%s/report.json", w->folder);
}

static void world_done(struct world *w)
{
    eff_test_http_decref(w->http);
    eff_test_console_decref(w->console);
    unlink(w->report);
    ck_assert_int_eq(rmdir(w->folder), 0); /* fails if a temporary file is left */
}

/* The wiring of the program, but for where its settings come from, and where it has doubles. */
static eff_layer_t *doubles(struct world *w, const char *text)
{
    char report[128], parallel[32];
    snprintf(report, sizeof report, "report=%s", w->report);
    snprintf(parallel, sizeof parallel, "parallel=%zu", w->parallel);
    eff_layer_t *told = eff_config_memory(report, parallel);
    return eff_layer_wire(settings_live(), eff_config_or_else(told, eff_config_json_text("services.json", text)),
                          eff_layer_succeed(&terminal_tag, terminal_value(&w->terminal)), eff_test_http(w->http),
                          eff_test_console(w->console));
}

/* Asserts that what was printed is `table`, followed by the line about the report. */
static void assert_printed(const struct world *w, const char *table)
{
    char *expected;
    ck_assert_int_gt(asprintf(&expected, "%sreport: %s\n", table, w->report), 0);
    ck_assert_str_eq(eff_test_console_output(w->console), expected);
    free(expected);
}

static const char finished_table[] =
    "NAME     OUTCOME  STATUS  ATTEMPTS  LATENCY  WHY\n"
    "fast     up          200         1    10 ms\n"
    "slow     up          200         1   400 ms\n"
    "flaky    up          200         3    30 ms\n"
    "wrong    down        500         3   5.0 ms  expected 200\n"
    "hanging  down          -         2   500 ms  no answer within 500ms\n"
    "closed   down          -         1   0.0 ms  connect to http://closed/: Connection refused\n"
    "3 up, 3 down\n";

START_TEST(the_program_prints_progress_and_a_table)
{
    struct world w;
    world_init(&w, 16);
    eff_exit_t exit = eff_test_run(eff_provide(check(), doubles(&w, config)));
    ck_assert(exit.ok);
    ck_assert_int_eq(eff_as_int(exit.value), 3);
    eff_exit_decref(exit);

    assert_printed(&w, finished_table);
    ck_assert_str_eq(eff_test_console_errors(w.console),
                     "[1/6] closed: down (connect to http://closed/: Connection refused)\n"
                     "[2/6] fast: up\n"
                     "[3/6] wrong: down (expected 200)\n"
                     "[4/6] flaky: up\n"
                     "[5/6] slow: up\n"
                     "[6/6] hanging: down (no answer within 500ms)\n");
    world_done(&w);
}
END_TEST

START_TEST(the_whole_check_takes_1100_ms_of_the_clock)
{
    struct world w;
    world_init(&w, 16);
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, eff_provide(check(), doubles(&w, config)));
    eff_test_adjust(t, eff_millis(1099));
    ck_assert_ptr_null(eff_fiber_poll(fiber));
    eff_test_adjust(t, eff_millis(1));
    ck_assert_ptr_nonnull(eff_fiber_poll(fiber));
    ck_assert_uint_eq(eff_test_free(t), 0);
    world_done(&w);
}
END_TEST

/* One service of the report; status 0 and why NULL stand for null. */
static void assert_reported(const json_t *report, size_t i, const char *name, const char *outcome, int status,
                            int n_attempts, double latency_ms, double total_ms, const char *why)
{
    json_t *entry = json_array_get(json_object_get(report, "services"), i);
    ck_assert_uint_eq(json_object_size(entry), 8);
    ck_assert_str_eq(json_string_value(json_object_get(entry, "name")), name);
    ck_assert_str_eq(json_string_value(json_object_get(entry, "outcome")), outcome);
    ck_assert_int_eq(json_integer_value(json_object_get(entry, "attempts")), n_attempts);
    ck_assert_double_eq(json_real_value(json_object_get(entry, "latency_ms")), latency_ms);
    ck_assert_double_eq(json_real_value(json_object_get(entry, "total_ms")), total_ms);
    ck_assert_int_eq(json_is_null(json_object_get(entry, "status")), status == 0);
    ck_assert_int_eq(json_integer_value(json_object_get(entry, "status")), status);
    ck_assert_int_eq(json_is_null(json_object_get(entry, "why")), why == NULL);
    ck_assert_pstr_eq(json_string_value(json_object_get(entry, "why")), why);
    char url[64];
    snprintf(url, sizeof url, "http://%s/", name);
    ck_assert_str_eq(json_string_value(json_object_get(entry, "url")), url);
}

START_TEST(the_report_has_every_number)
{
    struct world w;
    world_init(&w, 16);
    eff_exit_t exit = eff_test_run(eff_provide(check(), doubles(&w, config)));
    ck_assert(exit.ok);
    eff_exit_decref(exit);

    json_error_t error;
    json_t *report = json_load_file(w.report, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(report, "%s", error.text);
    ck_assert(json_is_true(json_object_get(report, "finished")));
    ck_assert_int_eq(json_integer_value(json_object_get(report, "up")), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(report, "down")), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(report, "unknown")), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(report, "services")), 6);
    assert_reported(report, 0, "fast", "up", 200, 1, 10, 10, NULL);
    assert_reported(report, 1, "slow", "up", 200, 1, 400, 400, NULL);
    assert_reported(report, 2, "flaky", "up", 200, 3, 30, 360, NULL);
    assert_reported(report, 3, "wrong", "down", 500, 3, 5, 315, "expected 200");
    assert_reported(report, 4, "hanging", "down", 0, 2, 500, 1100, "no answer within 500ms");
    assert_reported(report, 5, "closed", "down", 0, 1, 0, 0, "connect to http://closed/: Connection refused");
    json_decref(report);
    world_done(&w);
}
END_TEST

START_TEST(no_more_probes_run_at_once_than_allowed)
{
    struct world w;
    world_init(&w, 2);
    eff_exit_t exit = eff_test_run(eff_provide(check(), doubles(&w, config)));
    ck_assert(exit.ok);
    eff_exit_decref(exit);
    ck_assert_uint_eq(eff_test_http_most_at_once(w.http), 2);
    world_done(&w);
}
END_TEST

START_TEST(an_interrupted_check_gives_a_partial_report)
{
    struct world w;
    world_init(&w, 5);
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, eff_provide(check(), doubles(&w, config)));
    eff_test_adjust(t, eff_millis(5));
    eff_test_interrupt(t, fiber);
    eff_test_adjust(t, eff_millis(0));

    const eff_exit_t *exit = eff_fiber_poll(fiber);
    ck_assert(exit && !exit->ok && eff_cause_is_interrupted_only(exit->cause));
    assert_printed(&w, "NAME     OUTCOME  STATUS  ATTEMPTS  LATENCY  WHY\n"
                       "fast     unknown       -         1        -  interrupted\n"
                       "slow     unknown       -         1        -  interrupted\n"
                       "flaky    unknown       -         1        -  interrupted\n"
                       "wrong    unknown     500         1        -  interrupted\n"
                       "hanging  unknown       -         1        -  interrupted\n"
                       "closed   unknown       -         0        -  not asked\n"
                       "0 up, 0 down, 6 unknown\n");
    json_t *report = json_load_file(w.report, 0, NULL);
    ck_assert(report && json_is_false(json_object_get(report, "finished")));
    ck_assert_int_eq(json_integer_value(json_object_get(report, "unknown")), 6);
    json_decref(report);
    ck_assert_uint_eq(eff_test_http_n_running(w.http), 0);
    ck_assert_uint_eq(eff_test_free(t), 0);
    world_done(&w);
}
END_TEST

START_TEST(a_report_that_cannot_be_written_is_a_failure)
{
    struct world w;
    world_init(&w, 16);
    strcpy(w.report, "/nonexistent/report.json");
    eff_exit_t exit = eff_test_run(eff_provide(check(), doubles(&w, config)));
    eff_value_t error;
    ck_assert(!exit.ok && eff_cause_failure(exit.cause, &error));
    ck_assert_str_eq(eff_as_error(error)->message, "write /nonexistent/report.json: No such file or directory");
    eff_exit_decref(exit);
    ck_assert_str_eq(eff_test_console_output(w.console), finished_table);
    world_done(&w);
}
END_TEST

START_TEST(the_live_line_is_drawn_and_taken_away)
{
    struct world w;
    world_init(&w, 16);
    w.terminal.live = true;
    eff_exit_t exit = eff_test_run(
        eff_provide(check(), doubles(&w, "{\"services\": [{\"name\": \"x\", \"url\": \"http://quarter/\"}]}")));
    ck_assert(exit.ok);
    eff_exit_decref(exit);
    ck_assert_str_eq(eff_test_console_errors(w.console), "\r\033[K| 0/1  0 up, 0 down  0.0 s  x"
                                                         "\r\033[K/ 0/1  0 up, 0 down  0.1 s  x"
                                                         "\r\033[K- 0/1  0 up, 0 down  0.2 s  x"
                                                         "\r\033[K");
    world_done(&w);
}
END_TEST

START_TEST(ten_thousand_services_simply_work)
{
    struct world w;
    world_init(&w, 100);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_add(&text, "{\"services\":[");
    for (int i = 0; i < 10000; i++)
        eff_buffer_printf(&text, "%s{\"name\":\"s%d\",\"url\":\"http://fast/\"}", i ? ",\n" : "", i);
    eff_buffer_add(&text, "]}");
    eff_exit_t exit = eff_test_run(eff_provide(check(), doubles(&w, eff_buffer_text(&text))));
    ck_assert(exit.ok);
    ck_assert_int_eq(eff_as_int(exit.value), 0);
    ck_assert_uint_eq(eff_test_http_most_at_once(w.http), 100);
    ck_assert(strstr(eff_test_console_output(w.console), "\n10000 up, 0 down\n") != NULL);
    eff_exit_decref(exit);
    eff_buffer_done(&text);
    world_done(&w);
}
END_TEST

START_TEST(columns_are_aligned_for_names_in_any_script)
{
    struct world w;
    world_init(&w, 16);
    w.terminal.colour = true;
    eff_layer_t *wired =
        doubles(&w, "{\"services\": [\n"
                    "{\"name\": \"caf\xc3\xa9\", \"url\": \"http://fast/\"},\n"
                    "{\"name\": \"\xe6\x9d\xb1\xe4\xba\xac\", \"url\": \"http://slow/\"},\n"
                    "{\"name\": \"e\\u0301\", \"url\": \"http://closed/\", \"retries\": 0},\n"
                    "{\"name\": \"a name that is much longer than a column is wide\", \"url\": \"http://fast/\"}]}");
    eff_exit_t exit = eff_test_run(eff_provide(check(), wired));
    ck_assert(exit.ok);
    eff_exit_decref(exit);
    const char *up = "\033[32m  up     \033[0m", *down = "\033[31m  down   \033[0m";
    char *expected;
    ck_assert_int_gt(
        asprintf(&expected,
                 "NAME                                      OUTCOME  STATUS  ATTEMPTS  LATENCY  WHY\n"
                 "caf\xc3\xa9                                    %s     200         1    10 ms\n"
                 "\xe6\x9d\xb1\xe4\xba\xac                                    %s     200         1   400 ms\n"
                 "e\xcc\x81                                       %s       -         1   0.0 ms  "
                 "connect to http://closed/: Connection refused\n"
                 "a name that is much longer than a col...%s     200         1    10 ms\n"
                 "3 up, 1 down\n",
                 up, up, down, up),
        0);
    assert_printed(&w, expected);
    free(expected);
    world_done(&w);
}
END_TEST

/* ---- bad configurations: one clear error each */

#define ITEM(fields)                                                                                                   \
    "{\n  \"services\": [\n    { \"name\": \"a\", \"url\": \"http://a/\" },\n    {\n" fields "\n    }\n  ]\n}\n"

static const struct bad_config {
    const char *text, *message;
} bad_configs[] = {
    { "", "services.json:1: the text ends too early" },
    { "{\n\"services\": [\n", "services.json:3: services[0]: the text ends too early" },
    { "{\n\"services\": [}\n", "services.json:2:14: services: unexpected token" },
    { "{\"services\": []} x", "services.json:1:18: the text should have ended here" },
    { "\n[]", "services.json:2: expected an object, got an array" },
    { "{}", "services: missing; looked for in services.json" },
    { "{\n\n\"services\":\n 5}", "services.json:4: services: expected an array of objects, got 5" },
    { "{\"services\": [],\n\"servces\": []}", "services.json:2: servces: unknown; did you mean services?" },
    { "{\"services\": [\n\"http://a/\"]}",
      "services.json:2: services[0]: expected an object, got the string \"http://a/\"" },
    { "{\"services\": [{\"name\": \"a\",\n\"name\": \"b\"}]}",
      "services.json:2:6: services[0].name: this key is there twice" },
    { "{\"services\": [{\"name\": \"a\xff\"}]}", "services.json:1:25: services[0].name: this is no UTF-8" },
    { "{\"services\": [{\"name\": \"a\\u0000\"}]}",
      "services.json:1:32: services[0].name: a NUL (\\u0000) in a string" },
    { "{\"services\": [{\"name\": \"a\", \"timeout\": 1e999}]}",
      "services.json:1:44: services[0].timeout: this number is too big" },
    { ITEM("\"name\": \"b\""), "services.json:4: services[1].url: missing" },
    { ITEM("\"url\": \"http://b/\""), "services.json:4: services[1].name: missing" },
    { ITEM("\"name\": \"\", \"url\": \"http://b/\""), "services.json:5: services[1].name: is empty" },
    { ITEM("\"name\": \"b\\u001b[31m\", \"url\": \"http://b/\""),
      "services.json:5: services[1].name: has a control character in it" },
    { ITEM("\"url\": \"http://b/\",\n\"name\": null"), "services.json:6: services[1].name: missing" },
    { ITEM("\"n\\u0061me\": 5, \"url\": \"http://b/\""),
      "services.json:5: services[1].name: expected a string, got 5" },
    { ITEM("\"name\": \"b\", \"url\":\n\"ftp://b/\""),
      "services.json:6: services[1].url: unknown scheme: only http and https are supported" },
    { ITEM("\"name\": \"b\", \"url\": \"b:80\""),
      "services.json:5: services[1].url: unknown scheme: only http and https are supported" },
    { ITEM("\"name\": \"b\", \"url\": \"/b\""),
      "services.json:5: services[1].url: no scheme: it should begin with http:// or https://" },
    { ITEM("\"name\": \"b\", \"url\": \"http:///b\""), "services.json:5: services[1].url: no host" },
    { ITEM("\"name\": \"b\", \"url\": \"http://b:0/\""),
      "services.json:5: services[1].url: the port must be between 1 and 65535" },
    { ITEM("\"name\": \"b\", \"url\": \"http://b/ c\""),
      "services.json:5: services[1].url: not a valid URL (eff_http_encode encodes the parts of one)" },
    { ITEM("\"name\": \"b\", \"url\": \"http://b/\",\n\"timeout\": \"soon\""),
      "services.json:6: services[1].timeout: expected a duration from 1ms to 1h, got the string \"soon\"" },
    { ITEM("\"name\": \"b\", \"url\": \"http://b/\",\n\"timeout\": 0"),
      "services.json:6: services[1].timeout: expected a duration from 1ms to 1h, got 0" },
    { ITEM("\"name\": \"b\", \"url\": \"http://b/\",\n\"retries\": 2.5"),
      "services.json:6: services[1].retries: expected an integer from 0 to 100, got 2.5" },
    { ITEM("\"name\": \"b\", \"url\": \"http://b/\",\n\"retries\": -1"),
      "services.json:6: services[1].retries: expected an integer from 0 to 100, got -1" },
    { ITEM("\"name\": \"b\", \"url\": \"http://b/\",\n\"status\": [\"]\"]"),
      "services.json:6: services[1].status: expected an integer from 100 to 599, got an array of 1" },
    { ITEM("\"name\": \"b\", \"url\": \"http://b/\",\n\"status\": 1000"),
      "services.json:6: services[1].status: expected an integer from 100 to 599, got 1000" },
    { ITEM("\"name\": \"b\", \"url\": \"http://b/\",\n\"tiemout\": 2"),
      "services.json:6: services[1].tiemout: unknown; did you mean services[1].timeout?" },
};

/* What is wrong when the settings are read from there. */
static void assert_config_error(eff_layer_t *source, const char *message)
{
    eff_exit_t exit = eff_test_run(eff_provide(settings_load(), source));
    eff_value_t error;
    ck_assert_msg(!exit.ok, "accepted, instead of: %s", message);
    ck_assert(eff_cause_failure(exit.cause, &error));
    ck_assert(eff_error_is(error, &eff_config_error));
    ck_assert_str_eq(eff_as_error(error)->message, message);
    eff_exit_decref(exit);
}

START_TEST(a_bad_text_is_one_error_with_its_line_and_field)
{
    assert_config_error(eff_config_json_text("services.json", bad_configs[_i].text), bad_configs[_i].message);
}
END_TEST

START_TEST(a_text_that_is_too_deep_is_an_error)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    for (int i = 0; i < 100000; i++)
        eff_buffer_add(&text, "[");
    assert_config_error(eff_config_json_text("services.json", eff_buffer_text(&text)),
                        "services.json:1: nested more than 64 levels deep");
    eff_buffer_done(&text);
}
END_TEST

static eff_value_t describe_first(eff_value_t settings, eff_value_t env)
{
    (void)env;
    const service_t *first = settings_of(settings)->services;
    return eff_printf("%s %s %d %lld %u", first->name, first->url, first->status,
                      (long long)first->timeout.ns / 1000000, first->retries);
}

START_TEST(what_is_not_said_has_a_default)
{
    static const struct {
        const char *text, *described;
    } cases[] = {
        { "{\"services\": [{\"name\": \"a\", \"url\": \"http://a/\"}]}", "a http://a/ 200 2000 2" },
        { "{\"services\": [{\"name\": \"a\", \"url\": \"http://[::1]:8080/x?y\", \"status\": 204, \"timeout\": 0.25, \"retries\": 0}]}",
          "a http://[::1]:8080/x?y 204 250 0" },
    };
    for (size_t i = 0; i < 2; i++) {
        eff_layer_t *source = eff_config_json_text("x", cases[i].text);
        eff_exit_t exit = eff_test_run(eff_provide(eff_map(settings_load(), describe_first, eff_unit), source));
        ck_assert(exit.ok);
        ck_assert_str_eq(eff_as_string(exit.value), cases[i].described);
        eff_exit_decref(exit);
    }
}
END_TEST

/* ---- the command, as main runs it, but for its output */

static void assert_wired(const eff_layer_t *layer)
{
    eff_buffer_t problems = EFF_BUFFER_INIT;
    size_t n = eff_layer_check(layer, EFF_TAGS(&settings_tag, &terminal_tag, &eff_http_tag), &problems);
    ck_assert_msg(n == 0, "%s", eff_buffer_text(&problems));
    eff_buffer_done(&problems);
}

START_TEST(all_that_the_program_needs_is_wired)
{
    char *argv[] = { "healthcheck", NULL };
    eff_layer_t *layer = wiring(1, argv);
    assert_wired(layer);
    eff_layer_decref(layer);
}
END_TEST

/* Adds the first lines of a text, with dots for the numbers of lines of code. */
static void add_first_lines(eff_buffer_t *out, const char *text, int n_lines)
{
    for (; *text && n_lines > 0; text++) {
        eff_buffer_add_n(out, text, 1);
        n_lines -= *text == '\n';
        if (strncmp(text, ".c:", 3) != 0) continue;
        eff_buffer_add(out, "c:...");
        text += 2 + strspn(text + 3, "0123456789");
    }
}

START_TEST(the_readme_has_a_true_drawing_of_the_wiring)
{
    static char readme[65536];
    FILE *in = fopen(HEALTHCHECK_README, "r");
    ck_assert_ptr_nonnull(in);
    readme[fread(readme, 1, sizeof readme - 1, in)] = '\0';
    fclose(in);

    char *argv[] = { "healthcheck", NULL };
    eff_layer_t *layer = wiring(1, argv);
    eff_buffer_t drawing = EFF_BUFFER_INIT, shown = EFF_BUFFER_INIT;
    eff_layer_describe(layer, &drawing);
    add_first_lines(&shown, eff_buffer_text(&drawing), 5); /* below that are those of eff_config_or_else */
    ck_assert_msg(strstr(readme, eff_buffer_text(&shown)) != NULL, "not in the README:\n%s", eff_buffer_text(&shown));
    eff_buffer_done(&drawing);
    eff_buffer_done(&shown);
    eff_layer_decref(layer);
}
END_TEST

enum { MAX_ARGUMENTS = 7 };

/* Runs the command with its own wiring; what it prints is on the console afterwards. */
static void assert_ends_with(struct world *w, int code, const char *const *arguments)
{
    char *argv[MAX_ARGUMENTS + 2] = { "healthcheck" };
    int argc = 1;
    for (; argc <= MAX_ARGUMENTS && arguments[argc - 1]; argc++)
        argv[argc] = (char *)arguments[argc - 1];
    eff_t *e = command(argc, argv, eff_provide(program(), wiring(argc, argv)));
    eff_exit_t exit = eff_run(eff_provide(e, eff_test_console(w->console)));
    if (!exit.ok) eff_cause_print(exit.cause, stderr);
    ck_assert(exit.ok);
    ck_assert_int_eq(eff_as_int(exit.value), code);
    eff_exit_decref(exit);
}
#define ASSERT_ENDS_WITH(w, code, ...)                                                                                 \
    assert_ends_with((w), (code), (const char *const[MAX_ARGUMENTS + 1]){ __VA_ARGS__ })

static void assert_told(struct world *w, const char *told)
{
    ck_assert_str_eq(eff_test_console_output(w->console), "");
    ck_assert_str_eq(eff_test_console_errors(w->console), told);
    eff_test_console_clear(w->console);
}

START_TEST(help_says_what_can_be_told)
{
    struct world w;
    world_init(&w, 16);
    ASSERT_ENDS_WITH(&w, 0, "--help", "--config=/nonexistent");
    const char *help = eff_test_console_output(w.console);
    ck_assert_ptr_nonnull(strstr(help, "\nparallel, HEALTHCHECK_PARALLEL: an integer from 1 to 1000; 16 by default. "
                                       "probes at once\n"));
    ck_assert_ptr_nonnull(strstr(help, "\nhelp, -h, HEALTHCHECK_HELP: "));
    ck_assert_str_eq(eff_test_console_errors(w.console), "");
    eff_test_console_clear(w.console);
    ASSERT_ENDS_WITH(&w, 0, "-h");
    ck_assert_int_eq(strncmp(eff_test_console_output(w.console), "usage: ", 7), 0);
    world_done(&w);
}
END_TEST

START_TEST(arguments_that_are_wrong_are_told)
{
    struct world w;
    world_init(&w, 16);
    ASSERT_ENDS_WITH(&w, EXIT_TROUBLE, "--paralel=3");
    assert_told(&w, "healthcheck: --paralel: unknown option; did you mean --parallel?\ntry: healthcheck --help\n");
    ASSERT_ENDS_WITH(&w, EXIT_TROUBLE, "--config");
    assert_told(&w, "healthcheck: --config: needs a value\ntry: healthcheck --help\n");
    ASSERT_ENDS_WITH(&w, EXIT_TROUBLE, "services\n.json");
    assert_told(&w,
                "healthcheck: services\\n.json: unexpected argument; options begin with --\ntry: healthcheck --help\n");
    ASSERT_ENDS_WITH(&w, EXIT_TROUBLE, "--parallel", "1001");
    assert_told(&w, "healthcheck: --parallel: expected an integer from 1 to 1000, got \"1001\"\n");
    world_done(&w);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_told)
{
    struct world w;
    world_init(&w, 16);
    ASSERT_ENDS_WITH(&w, EXIT_TROUBLE, "--config", "/nonexistent/services.json");
    assert_told(&w, "healthcheck: /nonexistent/services.json: No such file or directory\n");
    ASSERT_ENDS_WITH(&w, EXIT_TROUBLE, "--config", "/tmp");
    assert_told(&w, "healthcheck: /tmp: Is a directory\n");
    ASSERT_ENDS_WITH(&w, EXIT_TROUBLE, "--config", "/dev/zero");
    assert_told(&w, "healthcheck: /dev/zero: larger than 16777216 bytes\n");
    world_done(&w);
}
END_TEST

/* Nobody listens there: a privileged port of loopback, and no retries. */
#define CLOSED_SERVICE "--services[0].name=closed", "--services[0].url=http://127.0.0.1:1/", "--services[0].retries=0"

START_TEST(arguments_come_before_the_environment_and_both_before_the_file)
{
    struct world w;
    world_init(&w, 16);
    char file[96], report[128];
    snprintf(file, sizeof file, "%s/services.json", w.folder);
    snprintf(report, sizeof report, "--report=%s", w.report);
    FILE *out = fopen(file, "w");
    fputs("{ \"report\": \"/nonexistent/a\", \"parallel\": 0, \"services\": [\n"
          "  { \"name\": \"a\", \"url\": \"http://127.0.0.1:1/\", \"retries\": 0 } ] }\n",
          out);
    fclose(out);
    setenv("HEALTHCHECK_CONFIG", file, 1);
    ASSERT_ENDS_WITH(&w, EXIT_TROUBLE, report);
    char told[256];
    snprintf(told, sizeof told, "healthcheck: %s:1: parallel: expected an integer from 1 to 1000, got 0\n", file);
    assert_told(&w, told);

    setenv("HEALTHCHECK_REPORT", "/nonexistent/b", 1);
    setenv("HEALTHCHECK_PARALLEL", "1", 1);
    ASSERT_ENDS_WITH(&w, EXIT_DOWN, report);
    ck_assert_ptr_nonnull(strstr(eff_test_console_output(w.console), "\n0 up, 1 down\nreport: /tmp/"));
    unsetenv("HEALTHCHECK_CONFIG");
    unsetenv("HEALTHCHECK_REPORT");
    unsetenv("HEALTHCHECK_PARALLEL");
    unlink(file);
    world_done(&w);
}
END_TEST

START_TEST(services_that_are_down_are_an_exit_code)
{
    struct world w;
    world_init(&w, 16);
    char report[128];
    snprintf(report, sizeof report, "--report=%s", w.report);
    ASSERT_ENDS_WITH(&w, EXIT_DOWN, CLOSED_SERVICE, report);
    ASSERT_ENDS_WITH(&w, 0, CLOSED_SERVICE, report, "--exit-zero");
    world_done(&w);
}
END_TEST

START_TEST(what_is_done_is_logged_when_it_is_wanted)
{
    struct world w;
    world_init(&w, 16);
    char report[128];
    snprintf(report, sizeof report, "--report=%s", w.report);
    ASSERT_ENDS_WITH(&w, EXIT_DOWN, CLOSED_SERVICE, report);
    ck_assert_ptr_null(strstr(eff_test_console_errors(w.console), "DEBUG"));
    ASSERT_ENDS_WITH(&w, EXIT_DOWN, CLOSED_SERVICE, report, "-v");
    const char *told = eff_test_console_errors(w.console);
    ck_assert_ptr_nonnull(strstr(told, "asking service=closed attempt=1"));
    ck_assert_ptr_nonnull(strstr(told, "an attempt failed service=closed why="));
    world_done(&w);
}
END_TEST

START_TEST(without_services_the_demo_is_checked_and_ends_well)
{
    struct world w;
    world_init(&w, 16);
    char report[128];
    snprintf(report, sizeof report, "--report=%s", w.report);
    ASSERT_ENDS_WITH(&w, 0, report);
    ck_assert_ptr_nonnull(strstr(eff_test_console_output(w.console), "\n3 up, 3 down\n"));
    world_done(&w);
}
END_TEST

/* ---- the live parts, on loopback, in real time */

struct live_probes {
    service_t services[5];
    result_t results[5];
};

static eff_t *probe_one(eff_value_t i, eff_value_t env)
{
    struct live_probes *s = eff_as_ptr(env);
    return probe(&s->results[eff_as_int(i)]);
}

static eff_t *probe_all(eff_value_t ports, eff_value_t env)
{
    static const char *const paths[] = { "fast", "wrong", "flaky", "hanging", "" };
    static char urls[5][64];
    struct live_probes *s = eff_as_ptr(env);
    for (int i = 0; i < 5; i++) {
        snprintf(urls[i], sizeof urls[i], "http://%s:%d/%s", i == 0 ? "localhost" : "127.0.0.1",
                 i < 4 ? server_ports_of(ports)->open : server_ports_of(ports)->closed, paths[i]);
        s->services[i] = (service_t){ .name = paths[i],
                                      .url = urls[i],
                                      .status = 200,
                                      .timeout = eff_millis(i == 3 ? 50 : 5000),
                                      .retries = i == 2 ? 2 : 0 };
        s->results[i] = (result_t){ .service = &s->services[i] };
    }
    return eff_for_each_par_discard(eff_range(0, 5), probe_one, eff_ptr(s), 0);
}

START_TEST(the_live_service_tells_the_failures_apart)
{
    struct live_probes s = { 0 };
    eff_t *e = eff_scoped(eff_flat_map(server_start(), probe_all, eff_ptr(&s)));
    eff_exit_t exit = eff_run(eff_provide(e, eff_http_live()));
    if (!exit.ok) eff_cause_print(exit.cause, stderr);
    ck_assert(exit.ok);
    eff_exit_decref(exit);

    ck_assert_int_eq(s.results[0].outcome, OUTCOME_UP);
    ck_assert_str_eq(result_why(&s.results[1]), "expected 200");
    ck_assert_int_eq(s.results[2].outcome, OUTCOME_UP);
    ck_assert_uint_eq(s.results[2].n_attempts, 3);
    ck_assert_str_eq(result_why(&s.results[3]), "no answer within 50ms");
    ck_assert_int_ge(s.results[3].latency.ns, 50000000);
    ck_assert(strstr(result_why(&s.results[4]), ": connect to 127.0.0.1:") != NULL);
    ck_assert(strstr(result_why(&s.results[4]), ": Connection refused") != NULL);
    for (int i = 0; i < 5; i++)
        eff_value_decref(s.results[i].why);
}
END_TEST

static Suite *healthcheck_suite(void)
{
    Suite *suite = suite_create("healthcheck");
    TCase *probes = tcase_create("probe");
    tcase_add_test(probes, a_service_that_answers_is_up_after_one_attempt);
    tcase_add_test(probes, a_flaky_service_is_asked_again_after_100_and_200_ms);
    tcase_add_test(probes, a_flaky_service_is_down_when_the_retries_are_used_up);
    tcase_add_test(probes, the_pauses_double);
    tcase_add_test(probes, an_unexpected_status_is_down);
    tcase_add_test(probes, an_expected_status_is_up_whatever_it_is);
    tcase_add_test(probes, every_attempt_has_the_timeout);
    tcase_add_test(probes, an_unknown_host_is_down);
    suite_add_tcase(suite, probes);

    TCase *programs = tcase_create("program");
    tcase_set_timeout(programs, 60);
    tcase_add_test(programs, the_program_prints_progress_and_a_table);
    tcase_add_test(programs, the_whole_check_takes_1100_ms_of_the_clock);
    tcase_add_test(programs, the_report_has_every_number);
    tcase_add_test(programs, no_more_probes_run_at_once_than_allowed);
    tcase_add_test(programs, an_interrupted_check_gives_a_partial_report);
    tcase_add_test(programs, a_report_that_cannot_be_written_is_a_failure);
    tcase_add_test(programs, the_live_line_is_drawn_and_taken_away);
    tcase_add_test(programs, ten_thousand_services_simply_work);
    tcase_add_test(programs, columns_are_aligned_for_names_in_any_script);
    suite_add_tcase(suite, programs);

    TCase *configs = tcase_create("config");
    tcase_add_loop_test(configs, a_bad_text_is_one_error_with_its_line_and_field, 0,
                        (int)(sizeof bad_configs / sizeof bad_configs[0]));
    tcase_add_test(configs, a_text_that_is_too_deep_is_an_error);
    tcase_add_test(configs, what_is_not_said_has_a_default);
    suite_add_tcase(suite, configs);

    TCase *commands = tcase_create("command");
    tcase_set_timeout(commands, 60);
    tcase_add_test(commands, all_that_the_program_needs_is_wired);
    tcase_add_test(commands, the_readme_has_a_true_drawing_of_the_wiring);
    tcase_add_test(commands, help_says_what_can_be_told);
    tcase_add_test(commands, arguments_that_are_wrong_are_told);
    tcase_add_test(commands, a_file_that_cannot_be_read_is_told);
    tcase_add_test(commands, arguments_come_before_the_environment_and_both_before_the_file);
    tcase_add_test(commands, services_that_are_down_are_an_exit_code);
    tcase_add_test(commands, what_is_done_is_logged_when_it_is_wanted);
    tcase_add_test(commands, without_services_the_demo_is_checked_and_ends_well);
    suite_add_tcase(suite, commands);

    TCase *live = tcase_create("live");
    tcase_set_timeout(live, 60);
    tcase_add_test(live, the_live_service_tells_the_failures_apart);
    suite_add_tcase(suite, live);
    return suite;
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    SRunner *runner = srunner_create(healthcheck_suite());
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
