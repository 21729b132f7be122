/* Reading lines from the default Console: in child processes, whose stdin is a pipe, a file, a terminal or nothing.
 * What they read they print with printf, "|" between two. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "support/fibers.h"

/* ---- children */

struct child {
    pid_t pid;
    int in;  /* what to write to, for it to read; or -1 */
    int out; /* what it prints */
};

/* Starts program with this stdin, closed here; -1: none. Its result is the exit code. */
static struct child start_with(int (*program)(void), int in, int other_end)
{
    int out[2];
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    fflush(NULL);
    struct child c = { fork(), other_end, out[0] };
    ck_assert_int_ge(c.pid, 0);
    if (c.pid == 0) {
        close(out[0]);
        if (other_end >= 0) close(other_end);
        alarm(20); /* instead of hanging */
        if (in >= 0) dup2(in, 0);
        else close(0);
        dup2(out[1], 1);
        int code = program();
        fflush(NULL);
        _exit(code);
    }
    close(out[1]);
    if (in >= 0) close(in);
    return c;
}

static struct child start(int (*program)(void))
{
    int in[2];
    ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
    return start_with(program, in[0], in[1]);
}

static void feed(struct child c, const char *text)
{
    size_t n = strlen(text);
    ck_assert_int_eq(write(c.in, text, n), (ssize_t)n);
}
static void end_input(struct child *c)
{
    close(c->in);
    c->in = -1;
}

static char text[1 << 21];

/* Waits for the end. What was printed is in text. @return the exit code; -1 when a signal ended it */
static int end_child(struct child c)
{
    size_t n = 0;
    ssize_t got;
    int status;
    while ((got = read(c.out, text + n, sizeof text - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    ck_assert_int_eq(waitpid(c.pid, &status, 0), c.pid);
    close(c.out);
    if (c.in >= 0) close(c.in);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
/* Waits until the child has printed so much. */
static void wait_for(struct child c, const char *printed)
{
    char got[64] = "";
    size_t n = 0, wanted = strlen(printed);
    while (n < wanted) {
        ssize_t more = read(c.out, got + n, wanted - n);
        ck_assert_int_gt(more, 0);
        n += (size_t)more;
    }
    ck_assert_str_eq(got, printed);
}

/* The whole of a child that is given this input. */
static void check_child(int (*program)(void), const char *input, const char *printed)
{
    struct child c = start(program);
    feed(c, input);
    end_input(&c);
    ck_assert_int_eq(end_child(c), 0);
    ck_assert_str_eq(text, printed);
}

/* ---- in the child */

static eff_value_t show(eff_value_t line, eff_value_t env)
{
    printf("%s|", eff_as_string(line));
    fflush(stdout);
    return eff_unit;
}
static eff_t *shows(eff_t *e)
{
    return eff_map(e, show, eff_unit);
}
static eff_t *show_error(eff_value_t error, eff_value_t env)
{
    const eff_error_t *e = eff_as_error(error);
    printf("%s, %s|", e->kind->name, e->code ? strerror(e->code) : e->message);
    fflush(stdout);
    return eff_noop();
}
/* Reads a line and prints it, or why not. */
static eff_t *one_line(void)
{
    return eff_catch_all(shows(eff_read_line()), show_error, eff_unit);
}
static int read_one(void)
{
    return eff_main(one_line());
}
static int read_three(void)
{
    return eff_main(in_order(one_line(), one_line(), one_line()));
}

static eff_t *show_item(eff_value_t line, eff_value_t env)
{
    return shows(eff_succeed(eff_value_incref(line)));
}
static int read_all(void)
{
    return eff_main(eff_for_each_discard(eff_read_lines(), show_item, eff_unit));
}

/* ---- lines and their ends */

START_TEST(a_line_comes_without_its_end)
{
    check_child(read_three, "one\ntwo\r\n\nfour\n", "one|two||");
}
END_TEST

START_TEST(what_follows_the_last_line_end_is_a_line_unless_it_is_empty)
{
    check_child(read_three, "one\ntwo", "one|two|end of input, stdin|");
    check_child(read_three, "one\n", "one|end of input, stdin|end of input, stdin|");
    check_child(read_three, "\r", "\r|end of input, stdin|end of input, stdin|");
}
END_TEST

START_TEST(all_lines_are_items_of_a_loop)
{
    check_child(read_all, "one\n\ntwo\nthree", "one||two|three|");
    check_child(read_all, "", "");
}
END_TEST

static eff_t *with_size(eff_value_t line, eff_value_t env)
{
    printf("%zu:%s|", eff_string_size(line), eff_as_string(line) + 2);
    return eff_noop();
}
static int read_nul(void)
{
    return eff_main(eff_flat_map(eff_read_line(), with_size, eff_unit));
}
START_TEST(a_nul_is_a_byte_of_the_line)
{
    struct child c = start(read_nul);
    ck_assert_int_eq(write(c.in, "a\0b\n", 4), 4);
    ck_assert_int_eq(end_child(c), 0);
    ck_assert_str_eq(text, "3:b|");
}
END_TEST

/* ---- kinds of input */

START_TEST(dev_null_is_at_its_end_and_a_closed_stdin_fails)
{
    ck_assert_int_eq(end_child(start_with(read_one, open("/dev/null", O_RDONLY | O_CLOEXEC), -1)), 0);
    ck_assert_str_eq(text, "end of input, stdin|");
    ck_assert_int_eq(end_child(start_with(read_one, -1, -1)), 0);
    ck_assert_str_eq(text, "system error, Bad file descriptor|");
}
END_TEST

START_TEST(a_directory_cannot_be_read)
{
    ck_assert_int_eq(end_child(start_with(read_one, open("/", O_RDONLY | O_CLOEXEC), -1)), 0);
    ck_assert_str_eq(text, "system error, Is a directory|");
}
END_TEST

START_TEST(a_file_is_read_to_its_end)
{
    FILE *file = tmpfile();
    enum { LINES = 20000 };
    for (int i = 0; i < LINES; i++)
        fprintf(file, "line %d\n", i);
    fflush(file);
    int fd = dup(fileno(file));
    lseek(fd, 0, SEEK_SET);
    ck_assert_int_eq(end_child(start_with(read_all, fd, -1)), 0);
    fclose(file);
    const char *at = text;
    for (int i = 0; i < LINES; i++) {
        char line[32];
        int n = snprintf(line, sizeof line, "line %d|", i);
        ck_assert(strncmp(at, line, (size_t)n) == 0);
        at += n;
    }
    ck_assert_str_eq(at, "");
}
END_TEST

START_TEST(a_stdin_that_does_not_block_is_waited_for_all_the_same)
{
    int in[2];
    ck_assert_int_eq(pipe2(in, O_CLOEXEC | O_NONBLOCK), 0);
    struct child c = start_with(read_three, in[0], in[1]);
    feed(c, "one\n");
    wait_for(c, "one|");
    feed(c, "tw");
    usleep(2000);
    feed(c, "o\n");
    end_input(&c);
    ck_assert_int_eq(end_child(c), 0);
    ck_assert_str_eq(text, "two|end of input, stdin|");
}
END_TEST

START_TEST(a_terminal_can_be_read_on_after_its_end)
{
    int terminal, keyboard;
    ck_assert_int_eq(openpty(&keyboard, &terminal, NULL, NULL, NULL), 0);
    struct child c = start_with(read_three, terminal, keyboard);
    feed(c, "one\n");
    wait_for(c, "one|");
    feed(c, "\x04");
    wait_for(c, "end of input, stdin|");
    feed(c, "tw\x04"); /* sends what was typed so far */
    feed(c, "o\n");
    ck_assert_int_eq(end_child(c), 0);
    ck_assert_str_eq(text, "two|");
}
END_TEST

/* ---- waiting */

static int read_against_time(void)
{
    return eff_main(eff_race_first(eff_map_to(one_line(), eff_int(1)), after(2, one(7))));
}
START_TEST(waiting_for_a_line_does_not_hold_up_the_loop)
{
    ck_assert_int_eq(end_child(start(read_against_time)), 7);
}
END_TEST

START_TEST(a_signal_ends_who_waits_for_a_line)
{
    struct child c = start(read_three);
    feed(c, "one\n");
    wait_for(c, "one|");
    kill(c.pid, SIGINT);
    ck_assert_int_eq(end_child(c), 128 + SIGINT);
}
END_TEST

static eff_t *as(const char *name, eff_t *e)
{
    return eff_then(e, shows(eff_succeed(eff_literal(name))));
}
static int read_in_parallel(void)
{
    return eff_main(eff_zip_par(as("(a)", one_line()), eff_zip_par(as("(b)", one_line()), as("(c)", one_line()))));
}
START_TEST(who_began_first_gets_the_first_line)
{
    check_child(read_in_parallel, "1\n2\n3\n", "1|(a)|2|(b)|3|(c)|");
}
END_TEST

static int leave_the_line(void)
{
    eff_t *first = eff_timeout(one_line(), eff_millis(10)), *second = eff_timeout(one_line(), eff_millis(5));
    eff_t *both = as("go", eff_zip_par(first, second));
    return eff_main(eff_zip_par(both, as("(c)", one_line())));
}
START_TEST(who_is_interrupted_leaves_its_line_to_the_next)
{
    struct child c = start(leave_the_line);
    wait_for(c, "go|");
    feed(c, "one\n");
    ck_assert_int_eq(end_child(c), 0);
    ck_assert_str_eq(text, "one|(c)|");
}
END_TEST

/* ---- nothing is lost */

static eff_t *read_in_time(void)
{
    return eff_then(eff_timeout(shows(eff_read_line()), eff_millis(30)), shows(eff_succeed(eff_literal("late"))));
}
static int read_late(void)
{
    return eff_main(eff_then(read_in_time(), one_line()));
}
START_TEST(a_part_of_a_line_waits_for_the_next_reader)
{
    struct child c = start(read_late);
    feed(c, "o");
    usleep(5000);
    feed(c, "n");
    wait_for(c, "late|");
    feed(c, "e\ntwo\n");
    ck_assert_int_eq(end_child(c), 0);
    ck_assert_str_eq(text, "one|");
}
END_TEST

enum { LONG = 300000 };

/* A line of LONG bytes, "0123456789..." */
static const char *long_line(void)
{
    static char line[LONG + 1];
    for (size_t i = 0; i < LONG; i++)
        line[i] = (char)('0' + i % 10);
    return line;
}
START_TEST(a_long_part_of_a_line_waits_too)
{
    struct child c = start(read_late);
    feed(c, long_line()); /* more than the pipe holds: most of it has been read then */
    wait_for(c, "late|");
    feed(c, "\n");
    ck_assert_int_eq(end_child(c), 0);
    ck_assert_uint_eq(strlen(text), LONG + 1);
    ck_assert(memcmp(text, long_line(), LONG) == 0);
}
END_TEST

static int read_by_two_runtimes(void)
{
    for (int i = 0; i < 2; i++) {
        eff_exit_t exit = eff_run(one_line());
        eff_exit_decref(exit);
    }
    return read_one();
}
START_TEST(what_was_read_ahead_is_there_for_the_next_runtime)
{
    check_child(read_by_two_runtimes, "one\ntwo\nthree\n", "one|two|three|");
}
END_TEST

static int read_beside_stdio(void)
{
    char line[32];
    ck_assert_ptr_nonnull(fgets(line, sizeof line, stdin));
    printf("fgets: %s", line);
    eff_exit_t exit = eff_run(one_line());
    eff_exit_decref(exit);
    int first = getchar();
    printf("getchar: %c%c, ungetc: ", first, getchar());
    ungetc('T', stdin);
    ungetc('>', stdin);
    return read_one();
}
START_TEST(stdio_and_the_console_read_from_one_buffer)
{
    check_child(read_beside_stdio, "one\ntwo\nthree\n", "fgets: one\ntwo|getchar: th, ungetc: >Tree|");
}
END_TEST

/* ---- the limit */

static eff_t *one_of(size_t limit)
{
    return eff_catch_all(shows(eff_read_line_of(limit)), show_error, eff_unit);
}
static int read_limited(void)
{
    return eff_main(eff_forever(eff_then(shows(eff_read_line_of(3)), eff_noop())));
}
static int read_limited_on(void)
{
    return eff_main(in_order(one_of(3), one_of(3), one_of(3)));
}
START_TEST(a_line_may_be_as_long_as_the_limit)
{
    check_child(read_limited_on, "abc\r\n\nabc", "abc||abc|");
    struct child c = start(read_limited);
    feed(c, "abcd\n");
    ck_assert_int_eq(end_child(c), 1);
}
END_TEST

START_TEST(a_line_that_is_too_long_is_skipped_and_fails_once)
{
    static const char failure[] = "invalid argument, a line is longer than 3 bytes|";
    char printed[256];
    snprintf(printed, sizeof printed, "a|%sb|", failure);
    check_child(read_limited_on, "a\nabcd\nb\n", printed);
    snprintf(printed, sizeof printed, "%s%sb|", failure, failure);
    check_child(read_limited_on, "abcd\r\nabc\r\r\nb\n", printed);
    snprintf(printed, sizeof printed, "%send of input, stdin|end of input, stdin|", failure);
    check_child(read_limited_on, "abcde", printed);
}
END_TEST

START_TEST(a_very_long_line_is_skipped_too)
{
    struct child c = start(read_limited_on);
    feed(c, long_line());
    feed(c, "\nab\n");
    end_input(&c);
    ck_assert_int_eq(end_child(c), 0);
    ck_assert_ptr_nonnull(strstr(text, "3 bytes|ab|end of input, stdin|"));
}
END_TEST

/* ---- every interruption, and every allocation that fails */

static int input; /* the pipe's other end, in the child */
static struct {
    char got[256]; /* lines that came out, each with its end */
    char written[256];
} seen;

static void append(char *to, size_t room, const char *more)
{
    size_t n = strlen(to);
    snprintf(to + n, room - n, "%s", more);
}
static void write_input(const char *more)
{
    ck_assert_int_eq(write(input, more, strlen(more)), (ssize_t)strlen(more));
    append(seen.written, sizeof seen.written, more);
}
static eff_value_t write_rest(eff_value_t env)
{
    write_input("ee\n");
    return eff_unit;
}
static eff_value_t note_line(eff_value_t line, eff_value_t env)
{
    append(seen.got, sizeof seen.got, eff_as_string(line));
    append(seen.got, sizeof seen.got, "\n");
    journal_add(eff_as_ptr(env), eff_as_string(line));
    return eff_unit;
}
static eff_t *notes_line(struct world *w)
{
    return eff_map(eff_read_line(), note_line, eff_ptr(w));
}
static eff_t *read_three_lines(struct world *w)
{
    memset(&seen, 0, sizeof seen);
    write_input("one\ntwo\nthr");
    eff_t *writes = yields(yields(yields(eff_sync(write_rest, eff_unit))));
    return eff_zip_par(writes, eff_zip_par(notes_line(w), eff_zip_par(notes_line(w), notes_line(w))));
}
/* What came out, and what is left, is what was written. */
static void nothing_is_lost(struct world *w)
{
    char all[512];
    size_t n = (size_t)snprintf(all, sizeof all, "%s", seen.got);
    clearerr(stdin);
    n += fread(all + n, 1, sizeof all - 1 - n, stdin);
    all[n] = '\0';
    clearerr(stdin);
    ck_assert_msg(strcmp(all, seen.written) == 0, "journal: %s; got or left: %s", w->journal, all);
}
static int sweep_reads(void)
{
    static const struct expectation expected = { .succeeds = "(unit, (unit, (unit, unit)))",
                                                 .journal = "one two three",
                                                 .invariant = nothing_is_lost,
                                                 /* the third may come before the rest; and a line on its way to who
                                                    asked for it is dropped with the runtime */
                                                 .without = NO_SHUFFLES | NO_FREE };
    int fds[2];
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    input = fds[1];
    dup2(fds[0], 0);
    run_case("three_lines_of_a_pipe", read_three_lines, &expected);
    return 0;
}
START_TEST(three_lines_of_a_pipe_however_it_ends)
{
    struct child c = start(sweep_reads);
    int code = end_child(c);
    ck_assert_msg(code == 0, "%s", text);
}
END_TEST

TESTS(a_line_comes_without_its_end, what_follows_the_last_line_end_is_a_line_unless_it_is_empty,
      all_lines_are_items_of_a_loop, a_nul_is_a_byte_of_the_line, dev_null_is_at_its_end_and_a_closed_stdin_fails,
      a_directory_cannot_be_read, a_file_is_read_to_its_end, a_stdin_that_does_not_block_is_waited_for_all_the_same,
      a_terminal_can_be_read_on_after_its_end, waiting_for_a_line_does_not_hold_up_the_loop,
      a_signal_ends_who_waits_for_a_line, who_began_first_gets_the_first_line,
      who_is_interrupted_leaves_its_line_to_the_next, a_part_of_a_line_waits_for_the_next_reader,
      a_long_part_of_a_line_waits_too, what_was_read_ahead_is_there_for_the_next_runtime,
      stdio_and_the_console_read_from_one_buffer, a_line_may_be_as_long_as_the_limit,
      a_line_that_is_too_long_is_skipped_and_fails_once, a_very_long_line_is_skipped_too,
      three_lines_of_a_pipe_however_it_ends)
