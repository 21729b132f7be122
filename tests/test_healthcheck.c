/* The health check of examples/healthcheck: the program itself, under TestClock and with doubles of its services, among
 * them settings that a test writes. So hours take no time and every latency is exact. Its command is in
 * test_healthcheck_command.c. */
#include <jansson.h>

#include "../examples/healthcheck/check.h"
#include "../examples/healthcheck/probe.h"
#include "../examples/healthcheck/wiring.h"
#include "support/healthcheck.h"

/* ---- one probe */

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
    return suite;
}

int main(void)
{
    return run_healthcheck_suite(healthcheck_suite());
}
