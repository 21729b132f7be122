/* Logging: what reaches which Logger, the line that the default one prints, and that nothing it does reaches the
 * caller. */
#include <errno.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/case.h"
#include "support/failing_allocator.h"

/* ---- a Console that notes what reaches stderr, and a Logger that notes messages, in the journal */

struct noting {
    eff_console_t console;
    struct world *w;
};

static eff_value_t note_text(eff_value_t env)
{
    char word[512];
    snprintf(word, sizeof word, "%s", eff_as_string(eff_second(env)));
    for (char *p = word; *p; p++)
        if (*p == '\n') *p = '$';
    journal_add(eff_as_ptr(eff_first(env)), word);
    return eff_unit;
}
static eff_t *note_write(eff_console_t *console, eff_console_output_t to, eff_value_t text)
{
    struct noting *c = EFF_CONTAINER_OF(console, struct noting, console);
    if (to != EFF_CONSOLE_ERROR) journal_add(c->w, "not-stderr:");
    return eff_sync(note_text, eff_pair(eff_ptr(c->w), text));
}
/* Runs e with a noting console. */
static eff_t *noted(struct world *w, eff_t *e)
{
    static struct noting console;
    console = (struct noting){ { .size = sizeof(eff_console_t), .write = note_write }, w };
    return eff_console_provide(e, &console.console);
}

struct memory {
    eff_logger_t logger;
    struct world *w;
    const char *name;
};

static eff_t *say_message(eff_logger_t *logger, const eff_log_record_t *record)
{
    struct memory *m = EFF_CONTAINER_OF(logger, struct memory, logger);
    char word[128];
    snprintf(word, sizeof word, "%s%s:%s", m->name, eff_log_level_name(record->level), eff_as_string(record->message));
    journal_add(m->w, word);
    return eff_noop();
}
/* Runs e with a Logger of the test's own. */
static eff_t *logged_by(struct world *w, eff_t *e, eff_t *(*log)(eff_logger_t *, const eff_log_record_t *))
{
    static struct memory memory;
    memory = (struct memory){ { .size = sizeof(eff_logger_t), .log = log }, w, "" };
    return eff_logger_provide(e, &memory.logger);
}

/* ---- the line */

static eff_t *two_lines(struct world *w)
{
    eff_t *e = eff_log_info("connected to %s", "db.example.org");
    e = eff_then(e, eff_sleep(eff_millis(90061250)));
    return noted(w, eff_then(e, eff_log(EFF_LOG_ERROR, "%d users", 3)));
}
CASE(the_default_logger_prints_time_level_fiber_and_message, two_lines, .succeeds = "unit",
     .journal = "1970-01-01T00:00:00.000Z INFO  fiber 1: connected to db.example.org$ "
                "1970-01-02T01:01:01.250Z ERROR fiber 1: 3 users$")

static eff_t *hostile(struct world *w)
{
    eff_t *e = eff_log_warn("%s", "a\n1970-01-01T00:00:00.000Z INFO  fiber 1: all is well\r\t\x1b[2J\x7f\xff");
    return noted(w, eff_then(e, eff_log_info("\xe2\x80\xa8\xc2\x85\xc3\xa9")));
}
CASE(hostile_text_is_escaped, hostile, .succeeds = "unit",
     .journal = "1970-01-01T00:00:00.000Z WARN  fiber 1: a\\n1970-01-01T00:00:00.000Z INFO  fiber 1: all is "
                "well\\r\\t\\x1b[2J\\x7f\\xff$ "
                "1970-01-01T00:00:00.000Z INFO  fiber 1: \\u2028\\u0085\xc3\xa9$")

static eff_t *with_cause(struct world *w)
{
    eff_cause_t *cause = eff_cause_fail(eff_error(&eff_timeout_error, 0, "no\nanswer"));
    cause = eff_cause_both(cause, eff_cause_die(eff_literal("a mistake")));
    return noted(w, eff_log_cause(EFF_LOG_ERROR, cause, "%s failed", "sync"));
}
CASE(a_cause_stands_on_indented_lines, with_cause, .succeeds = "unit",
     .journal = "1970-01-01T00:00:00.000Z ERROR fiber 1: sync failed$"
                "    error: timed out: no\\nanswer$"
                "    in parallel:$"
                "      defect: a mistake$")

/* A Console that keeps the last line, and needs no memory for it. */
static char last_line[1024];
static eff_t *keep_line(eff_console_t *console, eff_console_output_t to, eff_value_t text)
{
    snprintf(last_line, sizeof last_line, "%s", eff_as_string(text));
    eff_value_decref(text);
    return eff_noop();
}
static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), n_end = strlen(end);
    return n >= n_end && !strcmp(text + n - n_end, end);
}
START_TEST(a_line_that_there_is_no_memory_for_says_that_it_is_cut)
{
    static eff_console_t console = { .size = sizeof(eff_console_t), .write = keep_line };
    int n_cut = 0;
    for (int i = 0; i < 60;
         i++) { /* twice: then small blocks come from the free lists, and those of the line are left */
        eff_t *e = eff_console_provide(eff_log_info("%0300d end", 7), &console);
        last_line[0] = '\0';
        allocations_fail_at(i % 30, false);
        eff_exit_t exit = eff_test_run(e);
        allocations_fail_at(-1, false);
        eff_exit_decref(exit);
        if (ends_in(last_line, "[cut: out of memory]\n")) n_cut++;
        else ck_assert_msg(!last_line[0] || ends_in(last_line, "7 end\n"), "%s", last_line);
    }
    ck_assert_int_gt(n_cut, 0);
}
END_TEST

START_TEST(a_record_of_ones_own_is_formatted_too)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_log_record_t r = { .level = EFF_LOG_FATAL, .time = { -1 }, .fiber = 12, .message = eff_int(42) };
    eff_log_format_text(&r, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "1970-01-01T00:00:00.000Z FATAL fiber 12: 42");
    eff_buffer_clear(&text);
    r = (eff_log_record_t){ .level = EFF_LOG_TRACE, .time = { -1500000000 }, .fiber = 1, .message = eff_unit };
    eff_log_format_text(&r, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "1969-12-31T23:59:58.500Z TRACE fiber 1: unit");
    eff_buffer_done(&text);
    ck_assert_str_eq(eff_log_level_name(EFF_LOG_OFF), "OFF");
    ck_assert_str_eq(eff_log_level_name((eff_log_level_t)77), "?");
}
END_TEST

/* ---- levels */

static eff_t *all_levels(void)
{
    eff_t *e = eff_then(eff_log_trace("t"), eff_log_debug("d"));
    e = eff_then(e, eff_then(eff_log_info("i"), eff_log_warn("w")));
    return eff_then(e, eff_then(eff_log_error("e"), eff_log_fatal("f")));
}
static eff_t *default_level(struct world *w)
{
    return logged_by(w, all_levels(), say_message);
}
CASE(info_and_above_are_logged_by_default, default_level, .succeeds = "unit",
     .journal = "INFO:i WARN:w ERROR:e FATAL:f")

static eff_t *join(eff_fiber_t *fiber)
{
    return eff_fiber_join(fiber);
}
static eff_t *other_levels(struct world *w)
{
    eff_t *e = eff_log_level(all_levels(), EFF_LOG_ERROR);
    eff_t *fork = eff_then(keep(w, 0, eff_fork(eff_log_debug("forked"))), with_fiber(w, 0, join));
    e = eff_then(e, eff_then(say(w, "|"), eff_log_level(fork, EFF_LOG_TRACE)));
    e = eff_then(e, eff_then(say(w, "|"), eff_log_level(all_levels(), EFF_LOG_OFF)));
    return logged_by(w, eff_then(e, eff_then(say(w, "|"), all_levels())), say_message);
}
CASE(the_minimum_holds_for_an_effect_and_its_forks, other_levels, .succeeds = "unit",
     .journal = "ERROR:e FATAL:f | DEBUG:forked | | INFO:i WARN:w ERROR:e FATAL:f")

typedef struct costly {
    struct world *w;
} costly_t;
static void costly_format(const costly_t *c, eff_buffer_t *out)
{
    c->w->n[0]++;
    eff_buffer_add(out, "costly");
}
EFF_STATIC_TYPE(costly, costly_t, .format = costly_format);

static void formatted_once(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 1);
}
static eff_t *log_values(struct world *w)
{
    eff_t *e = eff_log_value(EFF_LOG_DEBUG, EFF_ENV(costly, .w = w));
    return noted(w, eff_then(e, eff_log_value(EFF_LOG_INFO, EFF_ENV(costly, .w = w))));
}
CASE(a_value_is_formatted_only_if_it_is_logged, log_values, .succeeds = "unit",
     .journal = "1970-01-01T00:00:00.000Z INFO  fiber 1: costly$", .check = formatted_once)

static eff_t *log_again(struct world *w)
{
    eff_t *e = eff_log_info("%s", "twice");
    eff_t *same = eff_incref(e);
    return logged_by(w, eff_then(e, same), say_message);
}
CASE(one_effect_logs_each_time_it_runs, log_again, .succeeds = "unit", .journal = "INFO:twice INFO:twice")

/* ---- Loggers of one's own */

static eff_t *look(eff_logger_t *logger, const eff_log_record_t *r)
{
    struct memory *m = EFF_CONTAINER_OF(logger, struct memory, logger);
    ck_assert_int_eq(r->level, EFF_LOG_WARN);
    ck_assert_int_eq(r->time.ns, 5000000);
    ck_assert_uint_eq(r->fiber, 1);
    ck_assert_str_eq(eff_as_string(r->message), "raw\n");
    ck_assert_ptr_nonnull(r->cause);
#if !defined(EFF_NO_SITES)
    ck_assert_int_eq(strncmp(r->site, "test_log.c:", 11), 0);
#endif
    eff_value_t error;
    if (eff_cause_failure(r->cause, &error)) journal_add(m->w, eff_as_string(error));
    return eff_noop();
}
static eff_t *with_everything(struct world *w)
{
    eff_cause_t *cause = eff_cause_fail(eff_literal("why"));
    eff_t *e = eff_then(eff_sleep(eff_millis(5)), eff_log_cause(EFF_LOG_WARN, cause, "raw\n"));
    return logged_by(w, e, look);
}
CASE(a_logger_gets_the_whole_record, with_everything, .succeeds = "unit", .journal = "why",
     .without = NO_AROUND /* the record tells the fiber */)

static eff_value_t add_message(eff_value_t v, eff_value_t env)
{
    const eff_log_record_t *r = eff_as_ptr(eff_second(env));
    (void)v;
    journal_add(eff_as_ptr(eff_first(env)), eff_as_string(r->message));
    return eff_unit;
}
static eff_t *slow_log(eff_logger_t *logger, const eff_log_record_t *r)
{
    struct memory *m = EFF_CONTAINER_OF(logger, struct memory, logger);
    return eff_map(eff_sleep(eff_millis(10)), add_message, eff_pair(eff_ptr(m->w), eff_ptr(r)));
}
static eff_t *logs_slowly(struct world *w)
{
    return logged_by(w, eff_then(eff_log_info("%s", "waited"), say_time(w, "on")), slow_log);
}
CASE(the_record_lives_until_the_loggers_effect_has_ended, logs_slowly, .succeeds = "unit", .journal = "waited on@10")

static eff_t *logs_in_a_timeout(struct world *w)
{
    eff_t *e = eff_timeout(eff_log_info("cut"), eff_millis(5));
    return logged_by(w, eff_then(e, say_time(w, "on")), slow_log);
}
CASE(interrupting_the_caller_interrupts_the_logger, logs_in_a_timeout, .succeeds = "unit", .journal = "on@5")

static struct memory outer_memory, inner_memory;
static eff_t *two_loggers(struct world *w)
{
    outer_memory = (struct memory){ { .size = sizeof(eff_logger_t), .log = say_message }, w, "outer-" };
    inner_memory = (struct memory){ { .size = sizeof(eff_logger_t), .log = say_message }, w, "inner-" };
    eff_t *inner = eff_logger_provide(eff_log_info("b"), &inner_memory.logger);
    eff_t *e = eff_then(eff_log_info("a"), eff_then(inner, eff_log_info("c")));
    return eff_logger_provide(e, &outer_memory.logger);
}
CASE(the_innermost_logger_logs, two_loggers, .succeeds = "unit", .journal = "outer-INFO:a inner-INFO:b outer-INFO:c")

/* ---- Loggers that go wrong: none of it reaches the caller */

static eff_t *log_fails(eff_logger_t *logger, const eff_log_record_t *r)
{
    struct memory *m = EFF_CONTAINER_OF(logger, struct memory, logger);
    const char *how = eff_as_string(r->message);
    journal_add(m->w, how);
    if (!strcmp(how, "fail")) return eff_fail(eff_int(1));
    if (!strcmp(how, "die")) return eff_die(eff_int(1));
    if (!strcmp(how, "misuse")) return eff_succeed(eff_int(eff_as_int(eff_literal("no number"))));
    if (!strcmp(how, "interrupt")) return eff_fail_cause(eff_cause_interrupt(0, EFF_INTERRUPT_EXPLICIT, NULL));
    return NULL;
}
static eff_t *goes_wrong(struct world *w)
{
    eff_t *e = eff_then(eff_log_info("fail"), eff_log_info("die"));
    e = eff_then(e, eff_then(eff_log_info("misuse"), eff_log_info("interrupt")));
    e = eff_then(e, eff_then(eff_log_info("null"), say(w, "on")));
    return logged_by(w, e, log_fails);
}
/* OBS-008 */
CASE(OBS_008_a_logger_that_fails_loses_its_message_only, goes_wrong, .succeeds = "unit",
     .journal = "fail die misuse interrupt null on")

static eff_t *log_logs(eff_logger_t *logger, const eff_log_record_t *r)
{
    return eff_then(eff_log_fatal("again"), say_message(logger, r));
}
static eff_t *reenters(struct world *w)
{
    return logged_by(w, eff_then(eff_log_info("once"), eff_log_info("twice")), log_logs);
}
CASE(OBS_008_a_logger_that_logs_does_not_call_itself, reenters, .succeeds = "unit", .journal = "INFO:once INFO:twice")

/* Not even by code in it that sets a level of its own. */
static eff_t *log_at_another_level(eff_logger_t *logger, const eff_log_record_t *r)
{
    eff_t *inner = eff_log_level(eff_log_debug("%s", "inner"), EFF_LOG_DEBUG);
    return eff_then(inner, say_message(logger, r));
}
static eff_t *reenters_by_level(struct world *w)
{
    return logged_by(w, eff_log_info("%s", "outer"), log_at_another_level);
}
CASE(a_logger_does_not_call_itself_whatever_the_level, reenters_by_level, .succeeds = "unit", .journal = "INFO:outer")

static eff_t *broken_write(eff_console_t *console, eff_console_output_t to, eff_value_t text)
{
    (void)console, (void)to;
    eff_value_decref(text);
    return eff_fail(eff_error_errno(ENOSPC, "write to stderr"));
}
static eff_console_t broken_console = { .size = sizeof(eff_console_t), .write = broken_write };
static eff_t *broken_stderr(struct world *w)
{
    return eff_console_provide(eff_then(eff_log_error("lost"), say(w, "on")), &broken_console);
}
CASE(a_stderr_that_takes_nothing_is_ignored, broken_stderr, .succeeds = "unit", .journal = "on")

/* ---- mistakes */

static eff_logger_t no_size = { .log = say_message }, no_log = { .size = sizeof(eff_logger_t) };

START_TEST(a_logger_without_size_or_log_is_a_mistake)
{
    ck_assert_dies(eff_logger_provide(eff_log_info("x"), &no_size), ".size = sizeof(eff_logger_t)");
    ck_assert_dies(eff_logger_provide(eff_log_info("x"), &no_log), "has no .log");
}
END_TEST

START_TEST(what_cannot_be_logged_is_a_mistake)
{
    eff_value_t absent = { .type = NULL, .integer = 0 };
    const char *none = NULL;
    ck_assert_dies(eff_log(EFF_LOG_OFF, "x"), "eff_log was given 6, which is no level of a message (test_log.c");
    ck_assert_dies(eff_log((eff_log_level_t)-1, "x"), "eff_log was given -1");
    ck_assert_dies(eff_log_value(EFF_LOG_INFO, absent), "eff_log_value was given an absent value");
    ck_assert_dies(eff_log_value(EFF_LOG_INFO, eff_oom_value()), "out of memory");
    ck_assert_dies(eff_log_cause(EFF_LOG_INFO, NULL, "x"), "argument 2 of eff_log_cause is NULL");
    ck_assert_dies(eff_log_cause(EFF_LOG_OFF, eff_cause_die(eff_int(1)), "x"), "no level");
    ck_assert_dies(eff_log(EFF_LOG_INFO, none, 0), "argument 2 of eff_log is NULL");
    ck_assert_dies(eff_log_cause(EFF_LOG_INFO, eff_cause_die(eff_int(1)), none, 0), "argument 3 of eff_log_cause");
    ck_assert_dies(eff_log_level(NULL, EFF_LOG_INFO), "argument 1 of eff_log_level is NULL");
    ck_assert_dies(eff_locally(eff_log_info("x"), &eff_log_level_tag, eff_literal("loud")),
                   "read a value of type string as int");
}
END_TEST

START_TEST(a_log_effect_is_described_by_its_level)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_t *e = eff_log_warn("x");
    eff_describe(e, &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), "log_warn"), "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_decref(e);
}
END_TEST

/* ---- the real stderr */

START_TEST(without_any_service_the_line_goes_to_stderr)
{
    int err[2];
    ck_assert_int_eq(pipe(err), 0);
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(err[1], 2);
        eff_exit_t exit = eff_run(eff_log_info("up"));
        _exit(exit.ok ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);

    char line[128] = "";
    int year, month, day, hour, minute, read_until = 0;
    double second;
    ck_assert_int_gt(read(err[0], line, sizeof line - 1), 0);
    int n = sscanf(line, "%4d-%2d-%2dT%2d:%2d:%lfZ INFO fiber 1: up%n", &year, &month, &day, &hour, &minute, &second,
                   &read_until);
    ck_assert_int_eq(n, 6);
    ck_assert_int_ge(year, 2024);
    ck_assert_str_eq(line + read_until, "\n");
}
END_TEST

/* What a child writes to a terminal that is its stderr. */
static const char *on_a_terminal(const char *variable, const char *value, eff_t *e)
{
    static char line[512];
    int terminal, other_end;
    ck_assert_int_eq(openpty(&other_end, &terminal, NULL, NULL, NULL), 0);
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(terminal, 2);
        setenv("TERM", "xterm", 1);
        unsetenv("NO_COLOR");
        if (variable) setenv(variable, value, 1);
        eff_exit_t exit = eff_run(e);
        _exit(exit.ok ? 0 : 1);
    }
    eff_decref(e);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ssize_t n = read(other_end, line, sizeof line - 1);
    line[n > 0 ? n : 0] = '\0';
    close(terminal);
    close(other_end);
    return line;
}

static eff_console_t plain_stderr;
static eff_t *write_plainly(eff_console_t *console, eff_console_output_t to, eff_value_t text)
{
    eff_console_t *live = eff_console_from(eff_context_empty());
    (void)console;
    return live->write(live, to, text);
}

START_TEST(a_terminal_gets_colour_unless_it_is_told_not_to)
{
    const char *green = "\x1b[32mINFO";
    ck_assert_ptr_nonnull(strstr(on_a_terminal(NULL, NULL, eff_log_info("x")), green));
    ck_assert_ptr_nonnull(strstr(on_a_terminal("NO_COLOR", "", eff_log_info("x")), green));
    ck_assert_ptr_null(strchr(on_a_terminal("NO_COLOR", "1", eff_log_info("x")), '\x1b'));
    ck_assert_ptr_null(strchr(on_a_terminal("TERM", "dumb", eff_log_info("x")), '\x1b'));
    plain_stderr = (eff_console_t){ .size = sizeof(eff_console_t), .write = write_plainly };
    const char *line = on_a_terminal(NULL, NULL, eff_console_provide(eff_log_info("x"), &plain_stderr));
    ck_assert_msg(strstr(line, "INFO  fiber 1: x") && !strchr(line, '\x1b'), "%s", line);
}
END_TEST

TESTS(a_line_that_there_is_no_memory_for_says_that_it_is_cut, the_default_logger_prints_time_level_fiber_and_message,
      hostile_text_is_escaped, a_cause_stands_on_indented_lines, a_record_of_ones_own_is_formatted_too,
      info_and_above_are_logged_by_default, the_minimum_holds_for_an_effect_and_its_forks,
      a_value_is_formatted_only_if_it_is_logged, one_effect_logs_each_time_it_runs, a_logger_gets_the_whole_record,
      the_record_lives_until_the_loggers_effect_has_ended, interrupting_the_caller_interrupts_the_logger,
      the_innermost_logger_logs, OBS_008_a_logger_that_fails_loses_its_message_only,
      OBS_008_a_logger_that_logs_does_not_call_itself, a_logger_does_not_call_itself_whatever_the_level,
      a_stderr_that_takes_nothing_is_ignored, a_logger_without_size_or_log_is_a_mistake,
      what_cannot_be_logged_is_a_mistake, a_log_effect_is_described_by_its_level,
      without_any_service_the_line_goes_to_stderr, a_terminal_gets_colour_unless_it_is_told_not_to)
