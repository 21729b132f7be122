/* What docs/logging.md shows. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "support/case.h"
#include "support/hangup.h"

/* ---- syslog */

static int n_lines;
static void count_line(int priority, const char *line)
{
    ck_assert_int_eq(priority, LOG_WARNING);
    ck_assert_ptr_nonnull(strstr(line, "level=WARN fiber=1 msg=late by=2s"));
    n_lines++;
}
#define syslog(priority, format, line) count_line(priority, line)

static void to_syslog(const eff_log_record_t *record, void *arg)
{
    static const int priorities[] = { LOG_DEBUG, LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR, LOG_CRIT };
    eff_buffer_t line = EFF_BUFFER_INIT;
    (void)arg;
    eff_log_format_logfmt(record, &line);
    syslog(priorities[record->level], "%s", eff_buffer_text(&line));
    eff_buffer_done(&line);
}

START_TEST(messages_go_to_syslog)
{
    eff_t *e = eff_log_warn_with("late", eff_field("by", eff_seconds(2)));
    ck_assert_succeeds(eff_provide(e, eff_logger_to(to_syslog, NULL)), "unit");
    ck_assert_int_eq(n_lines, 1);
}
END_TEST

/* ---- SIGHUP */

static eff_t *say_so(const eff_cause_t *cause, eff_value_t env)
{
    (void)env;
    return eff_log_cause(EFF_LOG_ERROR, eff_cause_incref(cause), "the log stays where it was");
}

/* For as long as the server runs, each SIGHUP opens the log anew. */
static eff_t *with_logrotate(eff_t *server)
{
    eff_t *reopen = eff_catch_cause(eff_logger_reopen(), say_so, eff_unit);
    return at_each_hangup(reopen, server);
}

static char path[] = "/tmp/eff-guide-XXXXXX";

static eff_value_t rotate(eff_value_t env)
{
    char old[64];
    (void)env;
    snprintf(old, sizeof old, "%s.old", path);
    ck_assert_int_eq(rename(path, old), 0);
    raise(SIGHUP);
    return eff_unit;
}
static eff_t *look(eff_value_t env)
{
    (void)env;
    if (access(path, F_OK) == 0) return eff_noop();
    return eff_then(eff_sleep(eff_millis(1)), eff_suspend(look, eff_unit));
}

START_TEST(a_hangup_opens_the_log_anew)
{
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    eff_t *server = eff_then(eff_sleep(eff_millis(1)), eff_then(eff_log_info("%s", "old"), eff_sync(rotate, eff_unit)));
    server = eff_then(server, eff_then(eff_suspend(look, eff_unit), eff_log_info("%s", "new")));
    eff_layer_t *logger = eff_logger_batched(eff_logger_file(&(eff_logger_file_options_t){ .path = path }), NULL);
    eff_exit_t exit = eff_run(eff_provide(with_logrotate(server), logger));
    ck_assert(exit.ok);
    eff_exit_decref(exit);
    char old[64], line[2][128] = { "", "" };
    snprintf(old, sizeof old, "%s.old", path);
    FILE *files[] = { fopen(old, "r"), fopen(path, "r") };
    for (int i = 0; i < 2; i++) {
        ck_assert_ptr_nonnull(fgets(line[i], sizeof line[i], files[i]));
        fclose(files[i]);
    }
    ck_assert_ptr_nonnull(strstr(line[0], ": old\n"));
    ck_assert_ptr_nonnull(strstr(line[1], ": new\n"));
    unlink(old);
    unlink(path);
}
END_TEST

/* ---- straight-line code */

struct login {
    const char *user;
};
static eff_t *login_step(struct login *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_log_info("a client"));
    s->user = "ada"; /* the protocol tells, by and by */
    EFF_AWAIT(eff_log_annotate_scoped(eff_field("user", s->user)));
    EFF_AWAIT(eff_log_info("logged in"));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(login, struct login, login_step);

START_TEST(what_is_known_on_the_way_annotates_what_follows)
{
    eff_test_logger_t *log = eff_test_logger_new();
    ck_assert_succeeds(eff_provide(login((struct login){ 0 }), eff_test_logger(log)), "unit");
    ck_assert_str_eq(eff_test_logger_text(log), "INFO a client\nINFO logged in user=ada\n");
    eff_test_logger_decref(log);
}
END_TEST

TESTS(messages_go_to_syslog, a_hangup_opens_the_log_anew, what_is_known_on_the_way_annotates_what_follows)
