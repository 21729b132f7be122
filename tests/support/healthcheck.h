/* For tests of the health checker of examples/healthcheck: doubles of its services, an HTTP service that is a script and a
 * Console that keeps what is printed; and the end of a test program. */
#ifndef TESTS_SUPPORT_HEALTHCHECK_H
#define TESTS_SUPPORT_HEALTHCHECK_H

#include <check.h>
#include <effect/http.h>
#include <effect/test.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../examples/healthcheck/terminal.h"

static inline eff_value_t refused(const char *url)
{
    return eff_error_errno(ECONNREFUSED, "connect to %s", url);
}

/* Services that answer, each in its way. */
static inline eff_test_http_t *scripted_http(void)
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

/* The program's services, and a folder for its report. */
struct world {
    eff_test_http_t *http;
    eff_test_console_t *console;
    terminal_t terminal;
    size_t parallel;
    char folder[64], report[96];
};

static inline size_t eighty_columns(void)
{
    return 80;
}

static inline void world_init(struct world *w, size_t parallel)
{
    *w = (struct world){ .http = scripted_http(),
                         .console = eff_test_console_new(),
                         .terminal = { .columns = eighty_columns },
                         .parallel = parallel };
    strcpy(w->folder, "/tmp/healthcheck-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(w->folder));
    snprintf(w->report, sizeof w->report, "%s/report.json", w->folder);
}

static inline void world_done(struct world *w)
{
    eff_test_http_decref(w->http);
    eff_test_console_decref(w->console);
    unlink(w->report);
    ck_assert_int_eq(rmdir(w->folder), 0); /* fails if a temporary file is left */
}

static inline int run_healthcheck_suite(Suite *suite)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
