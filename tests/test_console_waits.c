/* The default Console on an output that takes nothing, or not all at once: in child processes, whose stdout or stderr
 * is a pipe that this one reads late, or never. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fibers.h"

enum {
    MIDDLING = 6000,
    LONG = 150000 /* does not fit into a pipe */,
    SOON = 20000 /* microseconds: sooner is fine, but shows less */
};

/* The line "ccc...", n bytes with its end; printed, without its end. */
static eff_value_t line_of(char c, size_t n)
{
    char *text = malloc(n);
    memset(text, c, n - 1);
    eff_value_t line = eff_string_n(text, n - 1);
    free(text);
    return line;
}
static eff_t *prints(char c, size_t n)
{
    return eff_print_line(line_of(c, n));
}
static eff_t *prints_error(char c, size_t n)
{
    return eff_print_error_line(line_of(c, n));
}

/* ---- children */

struct child {
    pid_t pid;
    int out, err; /* the ends to read from */
};

static int told; /* in the child: the end to write to of `err`, also when stderr is another pipe */

static eff_value_t tell_go(eff_value_t env)
{
    (void)env;
    return eff_bool(write(told, "go\n", 3) == 3);
}
/* Runs e, and tells the parent when it first waits. */
static eff_t *beside_go(eff_t *e)
{
    return eff_zip_par(e, eff_then(eff_yield_now(), eff_sync(tell_go, eff_unit)));
}

/* Starts program, whose result is the exit code. With `one_pipe`, what is printed to stderr comes out of `out` too. */
static struct child start_child(int (*program)(void), bool one_pipe)
{
    int out[2], err[2];
    ck_assert_int_eq(pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
    fflush(NULL);
    struct child c = { fork(), out[0], err[0] };
    ck_assert_int_ge(c.pid, 0);
    if (c.pid == 0) {
        close(out[0]);
        close(err[0]);
        alarm(20); /* instead of hanging */
        told = err[1];
        dup2(out[1], 1);
        dup2(one_pipe ? out[1] : err[1], 2);
        _exit(program());
    }
    close(out[1]);
    close(err[1]);
    return c;
}

/* @return the exit code; -1 when a signal ended it */
static int end_child(struct child c)
{
    int status;
    ck_assert_int_eq(waitpid(c.pid, &status, 0), c.pid);
    close(c.out);
    close(c.err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char text[1 << 21];

/* Reads to the end; text[n] is '\0'. @return n */
static size_t read_all(int fd)
{
    size_t n = 0;
    ssize_t got;
    while ((got = read(fd, text + n, sizeof text - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    return n;
}

/* What beside_go tells. */
static void wait_for_go(struct child c)
{
    char go[3];
    ck_assert_int_eq(read(c.err, go, 3), 3);
}

/* Checks that text is lines of n bytes, each of one letter, and these in this order. */
static void check_lines(const char *letters, size_t n)
{
    const char *line = text;
    for (const char *c = letters; *c; c++, line += n) {
        char all[] = { *c, '\0' };
        ck_assert_msg(strspn(line, all) == n - 1 && line[n - 1] == '\n', "line %d of \"%s\"", (int)(c - letters) + 1,
                      letters);
    }
    ck_assert_str_eq(line, "");
}

/* ---- the loop goes on */

static int print_against_time(void)
{
    return eff_main(eff_race_first(eff_map_to(prints('a', LONG), eff_int(1)), after(2, one(7))));
}
START_TEST(an_output_that_takes_nothing_does_not_hold_up_the_loop)
{
    struct child c = start_child(print_against_time, false);
    ck_assert_int_eq(end_child(c), 7);
}
END_TEST

static int print_to_nobody(void)
{
    eff_t *e = eff_then(eff_yield_now(), eff_print_error_line(eff_literal("go")));
    return eff_main(eff_zip_par(prints('a', LONG), e));
}
START_TEST(a_signal_ends_who_waits_for_room)
{
    char go[3];
    struct child c = start_child(print_to_nobody, false);
    ck_assert_int_eq(read(c.err, go, 3), 3);
    kill(c.pid, SIGINT);
    ck_assert_int_eq(end_child(c), 128 + SIGINT);
}
END_TEST

static int print_masked_to_nobody(void)
{
    eff_t *e = eff_then(eff_yield_now(), eff_print_error_line(eff_literal("go")));
    return eff_main(eff_zip_par(eff_uninterruptible(prints('a', LONG)), e));
}
START_TEST(a_second_signal_ends_who_waits_for_room_inside_a_mask)
{
    char go[3];
    struct child c = start_child(print_masked_to_nobody, false);
    ck_assert_int_eq(read(c.err, go, 3), 3);
    kill(c.pid, SIGINT);
    usleep(SOON);
    ck_assert_int_eq(waitpid(c.pid, NULL, WNOHANG), 0);
    kill(c.pid, SIGTERM);
    ck_assert_int_eq(end_child(c), 128 + SIGTERM);
}
END_TEST

static void fill_stdout(void)
{
    static const char block[4096];
    fcntl(1, F_SETFL, O_NONBLOCK);
    while (write(1, block, sizeof block) > 0)
        continue;
    fcntl(1, F_SETFL, 0);
}
static int printf_to_nobody(void)
{
    fill_stdout();
    printf("this cannot go out");
    return print_masked_to_nobody();
}
START_TEST(what_printf_was_given_does_not_hold_up_a_second_signal)
{
    char go[3];
    struct child c = start_child(printf_to_nobody, false);
    ck_assert_int_eq(read(c.err, go, 3), 3);
    kill(c.pid, SIGINT);
    usleep(SOON);
    kill(c.pid, SIGTERM);
    ck_assert_int_eq(end_child(c), 128 + SIGTERM);
}
END_TEST

START_TEST(a_stderr_that_takes_nothing_does_not_hold_up_a_second_signal)
{
    struct child c = start_child(print_masked_to_nobody, true);
    ck_assert_int_eq(poll(&(struct pollfd){ .fd = c.out, .events = POLLIN }, 1, -1), 1); /* it has begun to print */
    kill(c.pid, SIGINT);
    usleep(SOON);
    kill(c.pid, SIGTERM);
    ck_assert_int_eq(end_child(c), 128 + SIGTERM);
}
END_TEST

static int print_to_terminal(void)
{
    int terminal, other_end;
    ck_assert_int_eq(openpty(&other_end, &terminal, NULL, NULL, NULL), 0);
    dup2(terminal, 1);
    return print_against_time();
}
START_TEST(a_terminal_that_takes_nothing_does_not_hold_up_the_loop)
{
    ck_assert_int_eq(end_child(start_child(print_to_terminal, false)), 7);
}
END_TEST

/* ---- lines stay whole, and in order */

static eff_t *prints_three(char c)
{
    return in_order(prints(c, LONG), prints(c, LONG), prints(c, LONG));
}
static int print_in_parallel(void)
{
    return eff_main(beside_go(eff_zip_par(prints_three('a'), prints_three('b'))));
}
START_TEST(long_lines_of_two_fibers_take_turns)
{
    struct child c = start_child(print_in_parallel, false);
    wait_for_go(c);
    read_all(c.out);
    check_lines("ababab", LONG);
    ck_assert_int_eq(end_child(c), 0);
}
END_TEST

static int print_both(void)
{
    eff_t *errors = eff_then(prints_error('b', LONG), prints_error('b', LONG));
    return eff_main(beside_go(eff_zip_par(prints_three('a'), errors)));
}
START_TEST(stdout_and_stderr_take_turns_when_they_are_one_pipe)
{
    struct child c = start_child(print_both, true);
    wait_for_go(c);
    read_all(c.out);
    check_lines("ababa", LONG);
    ck_assert_int_eq(end_child(c), 0);
}
END_TEST

static int print_beside_stdout(void)
{
    return eff_main(eff_race_first(prints('a', LONG), eff_map_to(prints_error('b', MIDDLING), eff_int(3))));
}
START_TEST(stderr_does_not_wait_for_stdout_when_it_is_another_pipe)
{
    struct child c = start_child(print_beside_stdout, false);
    read_all(c.err);
    check_lines("b", MIDDLING);
    ck_assert_int_eq(end_child(c), 3);
}
END_TEST

static int print_after_interruptions(void)
{
    eff_t *first = eff_timeout(prints('a', LONG), eff_millis(10));
    eff_t *second = eff_timeout(prints('b', LONG), eff_millis(5));
    eff_t *both = eff_then(eff_zip_par(first, second), eff_print_error_line(eff_literal("go")));
    return eff_main(eff_zip_par(both, prints('c', LONG)));
}
START_TEST(who_is_interrupted_leaves_the_line_to_the_next)
{
    char go[3];
    struct child c = start_child(print_after_interruptions, false);
    ck_assert_int_eq(read(c.err, go, 3), 3); /* by then both have been interrupted */
    size_t n = read_all(c.out), n_first = strspn(text, "a");
    ck_assert_uint_ge(n_first, 4096);
    ck_assert_uint_lt(n_first, LONG);
    memmove(text, text + n_first, n - n_first + 1); /* the rest of the cut line is not written */
    check_lines("c", LONG);
    ck_assert_int_eq(end_child(c), 0);
}
END_TEST

static int printf_between(void)
{
    printf("printf, ");
    eff_exit_t exit = eff_run(prints('a', LONG));
    eff_exit_decref(exit);
    printf("printf again, ");
    exit = eff_run(eff_print_line(eff_literal("print_line")));
    eff_exit_decref(exit);
    return 0;
}
START_TEST(what_printf_was_given_goes_first)
{
    struct child c = start_child(printf_between, false);
    size_t n = read_all(c.out);
    ck_assert_uint_eq(n, strlen("printf, ") + LONG + strlen("printf again, print_line\n"));
    ck_assert(strncmp(text, "printf, aaa", 11) == 0);
    ck_assert_str_eq(text + n - 29, "aaa\nprintf again, print_line\n");
    ck_assert_int_eq(end_child(c), 0);
}
END_TEST

/* ---- what cannot be written */

/* 0 when e succeeds, else the errno that it fails with. */
static int code_of(eff_t *e)
{
    eff_exit_t exit = eff_run(e);
    eff_value_t error;
    int code = exit.ok ? 0 : eff_cause_failure(exit.cause, &error) ? eff_as_error(error)->code : 255;
    eff_exit_decref(exit);
    return code;
}
static eff_value_t close_stdout(eff_value_t env)
{
    (void)env;
    close(1);
    return eff_unit;
}
static int print_to_closed(void)
{
    return code_of(eff_then(eff_sync(close_stdout, eff_unit), prints('a', LONG)));
}
START_TEST(a_stdout_that_is_closed_fails_the_effect)
{
    ck_assert_int_eq(end_child(start_child(print_to_closed, false)), EBADF);
}
END_TEST

static int print_until_closed(void)
{
    signal(SIGPIPE, SIG_DFL);
    return code_of(prints('a', LONG));
}
START_TEST(a_reader_that_leaves_fails_who_waits_for_room)
{
    struct child c = start_child(print_until_closed, false);
    ck_assert_int_eq(read(c.out, text, 1), 1);
    usleep(SOON);
    close(c.out);
    c.out = dup(c.err);
    ck_assert_int_eq(end_child(c), EPIPE);
}
END_TEST

/* ---- logging */

static int log_to_slow_reader(void)
{
    static char filler[LONG];
    memset(filler, 'a', sizeof filler - 1);
    return eff_main(eff_then(eff_log_info("%s", filler), eff_log_info("and the end")));
}
START_TEST(log_lines_wait_for_a_slow_reader_and_are_all_there)
{
    struct child c = start_child(log_to_slow_reader, false);
    usleep(SOON);
    size_t n = read_all(c.err);
    ck_assert_uint_gt(n, LONG);
    ck_assert_str_eq(text + n - 12, "and the end\n");
    ck_assert_int_eq(end_child(c), 0);
}
END_TEST

/* ---- every interruption, and every allocation that fails */

static int drained; /* the pipe's other end, in the child */

static eff_value_t drain(eff_value_t env)
{
    static char got[1 << 16];
    (void)env;
    while (read(drained, got, sizeof got) > 0)
        continue;
    return eff_unit;
}
static eff_t *print_into_full(struct world *w)
{
    drain(eff_unit);
    fill_stdout();
    eff_t *both =
        eff_zip_par(eff_then(prints('a', MIDDLING), say(w, "a")), eff_then(prints('b', MIDDLING), say(w, "b")));
    eff_t *drains = yields(yields(yields(yields(eff_then(say(w, "drain"), eff_sync(drain, eff_unit))))));
    return eff_zip_par(both, drains);
}
/* Of a line that was interrupted the end may be missing. What filled the pipe, if it was not drained, is no letters. */
static void no_line_is_mixed(struct world *w)
{
    static char got[4 * MIDDLING];
    (void)w;
    ssize_t n = read(drained, got, sizeof got - 1);
    int n_runs = 0;
    for (ssize_t i = 0; i < n; i++)
        if ((got[i] == 'a' || got[i] == 'b') && (i == 0 || got[i - 1] != got[i])) n_runs++;
    ck_assert_int_le(n_runs, 2);
}
static int sweep_prints(void)
{
    static const struct expectation expected = { .succeeds = "((unit, unit), unit)",
                                                 .journal = "drain a b",
                                                 .invariant = no_line_is_mixed,
                                                 .without = NO_SHUFFLES /* b may print first */ };
    int fds[2];
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    drained = fds[0];
    fcntl(drained, F_SETFL, O_NONBLOCK);
    dup2(fds[1], 1);
    run_case("two_lines_into_a_full_pipe", print_into_full, &expected);
    return 0;
}
START_TEST(two_lines_into_a_full_pipe_however_it_ends)
{
    struct child c = start_child(sweep_prints, false);
    read_all(c.err);
    ck_assert_msg(end_child(c) == 0, "%s", text);
}
END_TEST

TESTS(an_output_that_takes_nothing_does_not_hold_up_the_loop, a_signal_ends_who_waits_for_room,
      a_second_signal_ends_who_waits_for_room_inside_a_mask, what_printf_was_given_does_not_hold_up_a_second_signal,
      a_stderr_that_takes_nothing_does_not_hold_up_a_second_signal,
      a_terminal_that_takes_nothing_does_not_hold_up_the_loop, long_lines_of_two_fibers_take_turns,
      stdout_and_stderr_take_turns_when_they_are_one_pipe, stderr_does_not_wait_for_stdout_when_it_is_another_pipe,
      who_is_interrupted_leaves_the_line_to_the_next, what_printf_was_given_goes_first,
      a_stdout_that_is_closed_fails_the_effect, a_reader_that_leaves_fails_who_waits_for_room,
      log_lines_wait_for_a_slow_reader_and_are_all_there, two_lines_into_a_full_pipe_however_it_ends)
