/* Printing: through a Console of the test's own, and to real descriptors in child processes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/case.h"

/* ---- a Console that notes in the journal what it is given: "out:text$", the $ standing for the end of a line */

struct noting {
    struct world *w;
    eff_console_t console;
};

static void note(const char *which, eff_value_t text, struct world *w)
{
    char word[256];
    snprintf(word, sizeof word, "%s:%s", which, eff_as_string(text));
    for (char *p = word; *p; p++)
        if (*p == '\n') *p = '$';
    journal_add(w, word);
}
static eff_value_t note_out(eff_value_t env)
{
    note("out", eff_second(env), eff_as_ptr(eff_first(env)));
    return eff_int(7);
}
static eff_value_t note_error(eff_value_t env)
{
    note("err", eff_second(env), eff_as_ptr(eff_first(env)));
    return eff_int(7);
}
static eff_t *note_write(eff_console_t *console, eff_console_output_t to, eff_value_t text)
{
    struct noting *c = EFF_CONTAINER_OF(console, struct noting, console);
    return eff_sync(to == EFF_CONSOLE_ERROR ? note_error : note_out, eff_pair(eff_ptr(c->w), text));
}

/* Runs e with a noting console. */
static eff_t *noted(struct world *w, eff_t *e)
{
    static struct noting console;
    console = (struct noting){ .w = w, .console = { .size = sizeof(eff_console_t), .write = note_write } };
    return eff_console_provide(e, &console.console);
}

/* ---- printing */

static eff_t *later(struct world *w)
{
    eff_t *e = eff_print_line(eff_string("hello"));
    journal_add(w, "built");
    return noted(w, eff_then(say(w, "runs"), e));
}
CASE(a_line_goes_out_when_the_effect_runs, later, .succeeds = "unit", .journal = "built runs out:hello$")

static eff_t *outputs(struct world *w)
{
    eff_t *e = eff_print(eff_literal("part"));
    e = eff_then(e, eff_print_line(eff_literal("")));
    return noted(w, eff_then(e, eff_print_error_line(eff_literal("oops"))));
}
CASE(print_leaves_the_line_open_and_error_lines_go_to_stderr, outputs, .succeeds = "unit",
     .journal = "out:part out:$ err:oops$")

static eff_t *each_value(struct world *w)
{
    eff_value_t values = EFF_ARRAY(eff_int(42), eff_double(0.5), eff_bool(true), eff_unit, eff_some(eff_int(1)),
                                   eff_pair(eff_int(1), eff_string("two")), eff_string("\t\x1b[1mraw"));
    return noted(w, eff_for_each_discard(values, eff_print_value, eff_unit));
}
CASE(strings_go_out_as_they_are_and_other_values_as_their_types_format_them, each_value, .succeeds = "unit",
     .journal = "out:42$ out:0.5$ out:true$ out:unit$ out:some(1)$ out:(1, \"two\")$ out:\t\x1b[1mraw$")

static eff_t *print_range(struct world *w)
{
    return noted(w, eff_for_each_par_discard(eff_range(0, 3), eff_print_value, eff_unit, 2));
}
CASE(parallel_items_print_their_lines_whole, print_range, .succeeds = "unit", .journal = "out:0$ out:1$ out:2$",
     .without = NO_SHUFFLES /* they may start in any order */)

static eff_t *labelled(struct world *w)
{
    eff_t *e = eff_tap(eff_succeed(eff_pair(eff_int(1), eff_string("one"))), eff_print_value, eff_literal("pair: "));
    e = eff_flat_map(e, eff_print_value, eff_int(7));
    eff_t *lost = eff_fail(eff_error(&eff_closed_error, 0, "gone"));
    return noted(w, eff_then(e, eff_catch_all(lost, eff_print_value, eff_string("lost: "))));
}
CASE(print_value_prints_its_env_before_the_value_in_one_line, labelled, .succeeds = "unit",
     .journal = "out:pair: (1, \"one\")$ out:7(1, \"one\")$ out:lost: closed: gone$")

struct greeting {
    int times;
};
static eff_t *greeting_step(struct greeting *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    for (; s->times > 0; s->times--)
        EFF_AWAIT(eff_print_line(eff_printf("%d to go", s->times)));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(greeting, struct greeting, greeting_step);
static eff_t *in_a_gen(struct world *w)
{
    return noted(w, greeting((struct greeting){ 2 }));
}
CASE(a_gen_awaits_its_lines, in_a_gen, .succeeds = "unit", .journal = "out:2 to go$ out:1 to go$")

static eff_t *again(struct world *w)
{
    eff_t *e = eff_print_line(eff_string("twice"));
    eff_t *same = eff_incref(e);
    return noted(w, eff_then(e, same));
}
CASE(one_effect_prints_each_time_it_runs, again, .succeeds = "unit", .journal = "out:twice$ out:twice$")

/* ---- failures and mistakes */

static eff_t *full_write(eff_console_t *console, eff_console_output_t to, eff_value_t text)
{
    (void)console, (void)to;
    eff_value_decref(text);
    return eff_fail(eff_error_errno(ENOSPC, "write to stdout"));
}
static eff_console_t full_console = { .size = sizeof(eff_console_t), .write = full_write };

static eff_t *say_error(eff_value_t error, eff_value_t env)
{
    return say(eff_as_ptr(env), eff_error_is(error, &eff_system_error) ? "system" : "another");
}
static eff_t *on_a_full_disk(struct world *w)
{
    eff_t *e = eff_catch_all(eff_print_line(eff_literal("lost")), say_error, eff_ptr(w));
    return eff_console_provide(eff_then(e, eff_print(eff_literal("lost"))), &full_console);
}
CASE(what_cannot_be_written_fails, on_a_full_disk, .fails = "system error: write to stdout: No space left on device",
     .journal = "system")

START_TEST(a_trace_names_print_value)
{
    eff_t *e = eff_flat_map_at("hello.c:1", eff_succeed(eff_int(1)), eff_print_value, eff_unit);
    e = eff_then_at("hello.c:2", e, eff_noop());
    eff_exit_t exit = eff_test_run(eff_console_provide(e, &full_console));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit.cause, &text);
    const char *trace = strstr(eff_buffer_text(&text), "\n  at eff_print_value\n  at hello.c:2");
    ck_assert_msg(trace != NULL, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_exit_decref(exit);
}
END_TEST

static eff_console_t no_size = { .write = full_write }, no_write = { .size = sizeof(eff_console_t) };

START_TEST(a_console_without_size_or_write_is_a_mistake)
{
    ck_assert_dies(eff_console_provide(eff_print_line(eff_string("x")), &no_size), ".size = sizeof(eff_console_t)");
    ck_assert_dies(eff_console_provide(eff_print(eff_string("x")), &no_write), "has no .write");
}
END_TEST

START_TEST(absent_values_are_mistakes_and_out_of_memory_stays_it)
{
    eff_value_t absent = { .type = NULL, .integer = 0 };
    ck_assert_dies(eff_print_line(absent), "eff_print_line was given an absent value (test_console.c");
    ck_assert_dies(eff_print(absent), "eff_print was given an absent value");
    ck_assert_dies(eff_print_error_line(absent), "eff_print_error_line was given an absent value");
    ck_assert_dies(eff_print_line(eff_oom_value()), "out of memory");
    ck_assert_dies(eff_print_value(absent, eff_unit), "eff_print_value was given an absent value");
    ck_assert_dies(eff_print_value(eff_unit, absent), "eff_print_value was given an absent value");
    ck_assert_dies(eff_print_value(eff_oom_value(), eff_unit), "out of memory");
}
END_TEST

/* ---- the live console, in a child process */

struct child {
    int out, err; /* what its stdout and stderr are; borrowed */
};

/* Runs the program in a child, whose exit code it becomes. @return the code; -1 when a signal ended it */
static int run_child(struct child c, int (*program)(void))
{
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        signal(SIGPIPE, SIG_DFL);
        dup2(c.out, 1);
        dup2(c.err, 2);
        _exit(program());
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs e; 0 when it succeeds, else the errno that it fails with. */
static int code_of(eff_t *e)
{
    eff_exit_t exit = eff_run(e);
    eff_value_t error;
    int code = exit.ok ? 0 : eff_cause_failure(exit.cause, &error) ? eff_as_error(error)->code : 255;
    eff_exit_decref(exit);
    return code;
}

static void assert_reads(int fd, const char *text)
{
    char got[256];
    ssize_t n = read(fd, got, sizeof got - 1);
    ck_assert_int_ge(n, 0);
    got[n] = '\0';
    ck_assert_str_eq(got, text);
}

static int print_both(void)
{
    printf("printf, then ");
    eff_t *e = eff_print_line(eff_literal("print_line"));
    return code_of(eff_then(e, eff_print_error_line(eff_int(2))));
}
START_TEST(the_live_console_writes_behind_printf)
{
    int out[2], err[2];
    ck_assert_int_eq(pipe(out) | pipe(err), 0);
    ck_assert_int_eq(run_child((struct child){ out[1], err[1] }, print_both), 0);
    assert_reads(out[0], "printf, then print_line\n");
    assert_reads(err[0], "2\n");
}
END_TEST

static int print_one(void)
{
    return code_of(eff_print_line(eff_literal("into the void")));
}
START_TEST(a_closed_pipe_fails_the_effect_and_raises_no_signal)
{
    int out[2];
    ck_assert_int_eq(pipe(out), 0);
    close(out[0]);
    ck_assert_int_eq(run_child((struct child){ out[1], 2 }, print_one), EPIPE);
}
END_TEST

static int print_with_sigpipe_pending(void)
{
    sigset_t pipe_only, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigprocmask(SIG_BLOCK, &pipe_only, NULL);
    raise(SIGPIPE);
    int code = print_one();
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) ? code : 254;
}
START_TEST(a_sigpipe_that_was_pending_before_stays)
{
    int out[2];
    ck_assert_int_eq(pipe(out), 0);
    close(out[0]);
    ck_assert_int_eq(run_child((struct child){ out[1], 2 }, print_with_sigpipe_pending), EPIPE);
}
END_TEST

START_TEST(a_full_device_fails_the_effect)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(full, 0);
    ck_assert_int_eq(run_child((struct child){ full, 2 }, print_one), ENOSPC);
    close(full);
}
END_TEST

enum { LONG_LINE = 1 << 20 };

static int print_long(void)
{
    static char line[LONG_LINE];
    memset(line, 'x', sizeof line - 1);
    return code_of(eff_print(eff_string(line)));
}
START_TEST(a_long_text_reaches_a_slow_reader_of_a_non_blocking_pipe)
{
    int out[2];
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    ck_assert_int_eq(fcntl(out[1], F_SETFL, O_NONBLOCK), 0);
    pid_t reader = fork();
    ck_assert_int_ge(reader, 0);
    if (reader == 0) {
        static char got[1 << 16];
        ssize_t n, sum = 0;
        close(out[1]);
        while ((n = read(out[0], got, sizeof got)) > 0)
            sum += n;
        _exit(sum == LONG_LINE - 1 ? 0 : 1);
    }
    ck_assert_int_eq(run_child((struct child){ out[1], 2 }, print_long), 0);
    close(out[1]);
    int status;
    ck_assert_int_eq(waitpid(reader, &status, 0), reader);
    ck_assert_int_eq(status, 0);
}
END_TEST

TESTS(a_line_goes_out_when_the_effect_runs, print_leaves_the_line_open_and_error_lines_go_to_stderr,
      strings_go_out_as_they_are_and_other_values_as_their_types_format_them, parallel_items_print_their_lines_whole,
      a_gen_awaits_its_lines, one_effect_prints_each_time_it_runs, what_cannot_be_written_fails,
      a_console_without_size_or_write_is_a_mistake, absent_values_are_mistakes_and_out_of_memory_stays_it,
      print_value_prints_its_env_before_the_value_in_one_line, a_trace_names_print_value,
      the_live_console_writes_behind_printf, a_closed_pipe_fails_the_effect_and_raises_no_signal,
      a_sigpipe_that_was_pending_before_stays, a_full_device_fails_the_effect,
      a_long_text_reaches_a_slow_reader_of_a_non_blocking_pipe)
