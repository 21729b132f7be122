/* The health check of examples/healthcheck, from outside: what it makes of bad configurations, its command as main runs
 * it, and its live parts against its own server. */
#include "../examples/healthcheck/command.h"
#include "../examples/healthcheck/probe.h"
#include "../examples/healthcheck/server.h"
#include "../examples/healthcheck/wiring.h"
#include "support/healthcheck.h"

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
    add_first_lines(&shown, eff_buffer_text(&drawing), 5);
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
    ck_assert_ptr_nonnull(strstr(help, "\n      --parallel=N                probes at once (1 to 1000; default 16) "
                                       "[HEALTHCHECK_PARALLEL]\n"));
    ck_assert_ptr_nonnull(strstr(help, "\n  -h, --help                      print this text [HEALTHCHECK_HELP]\n"));
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
static Suite *command_suite(void)
{
    Suite *suite = suite_create("healthcheck_command");
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
    return run_healthcheck_suite(command_suite());
}
