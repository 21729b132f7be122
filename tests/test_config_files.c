/* Configuration in files that are slow: FIFOs and pipes, with and without somebody who writes; and in files that are
 * named by configuration, with options. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/fibers.h"

/* ---- pipes, by their names in /dev/fd */

static int ends[2] = { -1, -1 };

static void close_end(int i)
{
    if (ends[i] >= 0) close(ends[i]);
    ends[i] = -1;
}
/* A new pipe, with this in it. */
static const char *pipe_with(const char *text)
{
    static char path[32];
    close_end(0);
    close_end(1);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    return path;
}
static eff_t *read_a(const char *path)
{
    return eff_provide(eff_config_int("a"), eff_config_json_file(path));
}

static eff_t *all_there(struct world *w)
{
    (void)w;
    const char *path = pipe_with("{ \"a\": 7 }");
    close_end(1);
    return read_a(path);
}
CASE(a_pipe_is_a_file, all_there, .succeeds = "7")

static eff_value_t write_rest(eff_value_t text)
{
    const char *rest = eff_as_string(text);
    ssize_t n = write(ends[1], rest, strlen(rest));
    close_end(1);
    return eff_bool(n == (ssize_t)strlen(rest));
}
static eff_t *in_pieces(struct world *w)
{
    eff_t *e = read_a(pipe_with("{ \"a\":"));
    eff_t *rest = eff_then(say(w, "waits"), eff_sync(write_rest, eff_literal(" 7 }")));
    return eff_zip_par(e, yields(yields(rest)));
}
CASE(a_pipe_is_read_as_it_comes_while_others_go_on, in_pieces, .succeeds = "(7, true)", .journal = "waits")

static eff_t *never_written(struct world *w)
{
    return eff_zip_par(read_a(pipe_with("{ \"a\":")), eff_then(say(w, "gone"), eff_fail(eff_int(1))));
}
CASE(a_pipe_that_nobody_writes_to_is_left, never_written, .fails = "1", .journal = "gone")

static eff_t *too_much(struct world *w)
{
    (void)w;
    eff_config_file_options_t options = { .size = sizeof options, .max_bytes = 9 };
    return eff_provide(eff_config_int("a"), eff_config_json_file_with(pipe_with("{ \"a\": 7 }"), &options));
}
static void check_too_much(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    eff_value_t error = eff_unit;
    ck_assert(!exit->ok && eff_cause_failure(exit->cause, &error));
    ck_assert(eff_error_is(error, &eff_config_invalid_error));
    ck_assert_int_eq(eff_as_error(error)->code, EFBIG);
    ck_assert_ptr_nonnull(strstr(eff_as_error(error)->message, ": larger than 9 bytes"));
}
CASE(a_pipe_has_a_limit_and_is_not_read_to_its_end, too_much, .check = check_too_much)

/* ---- FIFOs, in real time */

static char folder[] = "/tmp/effect-files-XXXXXX";
static const char *path_of(const char *name)
{
    static char path[2][128];
    static int next;
    next = !next;
    snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}
static void begin_files(void)
{
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
}
static void end_files(const char *name)
{
    unlink(path_of(name));
    rmdir(folder);
}
static int next_fd(void)
{
    int fd = dup(0);
    close(fd);
    return fd;
}

START_TEST(a_fifo_without_a_writer_is_waited_for_and_can_be_interrupted)
{
    begin_files();
    ck_assert_int_eq(mkfifo(path_of("fifo"), 0600), 0);
    eff_exit_t exit = eff_run(eff_noop());
    eff_exit_decref(exit);
    int before = next_fd();
    exit = eff_run(eff_timeout(read_a(path_of("fifo")), eff_millis(20)));
    ck_assert(exit.ok && !eff_is_some(exit.value));
    eff_exit_decref(exit);
    ck_assert_int_eq(next_fd(), before);
    end_files("fifo");
}
END_TEST

static eff_value_t open_writer(eff_value_t path)
{
    ends[1] = open(eff_as_string(path), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    return eff_bool(ends[1] >= 0 && write(ends[1], "{ \"a\":", 6) == 6);
}
START_TEST(who_writes_to_a_fifo_may_come_later_and_take_time)
{
    begin_files();
    const char *path = path_of("fifo");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    eff_t *first = eff_sync(open_writer, eff_string(path)), *rest = eff_sync(write_rest, eff_literal(" 7 }"));
    eff_t *writer = eff_zip(eff_delay(first, eff_millis(20)), eff_delay(rest, eff_millis(20)));
    eff_exit_t exit = eff_run(eff_zip_par(read_a(path), writer));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_exit_format(&exit, &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), "(7, (true, true))") != NULL, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_exit_decref(exit);
    end_files("fifo");
}
END_TEST

/* ---- files that are named by configuration */

static eff_t *named(const char *config, const char *otherwise, const eff_config_file_options_t *options)
{
    eff_layer_t *first = eff_config_memory(config ? config : "b=1");
    eff_layer_t *file = eff_config_json_file_named_with("config", otherwise, options);
    return eff_provide(eff_config_int_or("a", 0), eff_config_or_else(first, file));
}

static eff_t *missing(struct world *w)
{
    (void)w;
    static const eff_config_file_options_t optional = { .size = sizeof optional, .optional = true };
    return named(NULL, "/nonexistent.json", &optional);
}
CASE(a_file_that_nobody_named_may_be_missing, missing, .succeeds = "0")

static eff_t *missing_with_all_in_it(struct world *w)
{
    (void)w;
    static const eff_config_file_options_t optional = { .size = sizeof optional, .optional = true };
    eff_layer_t *file = eff_config_json_file_with("/nonexistent.json", &optional);
    return eff_provide(eff_config_int("a"), eff_config_or_else(eff_config_memory("b=1"), file));
}
CASE(what_is_missing_was_looked_for_in_a_file_that_is_missing, missing_with_all_in_it,
     .fails = "configuration missing: a: missing; looked for in memory, in /nonexistent.json (not there)")

static eff_t *named_but_missing(struct world *w)
{
    (void)w;
    static const eff_config_file_options_t optional = { .size = sizeof optional, .optional = true };
    return named("config=/nonexistent.json", "/other.json", &optional);
}
CASE(a_file_that_is_named_has_to_be_there, named_but_missing,
     .fails = "configuration: /nonexistent.json: No such file or directory")

static eff_t *not_optional(struct world *w)
{
    (void)w;
    return named(NULL, "/nonexistent.json", NULL);
}
CASE(without_options_a_named_file_has_to_be_there, not_optional,
     .fails = "configuration: /nonexistent.json: No such file or directory")

static eff_t *named_limit(struct world *w)
{
    (void)w;
    eff_config_file_options_t options = { .size = sizeof options, .max_bytes = 9 };
    return named("config=/dev/zero", "none", &options);
}
CASE(a_named_file_has_the_limit_of_the_options, named_limit, .fails = "configuration: /dev/zero: larger than 9 bytes")

static eff_t *named_null(struct world *w)
{
    return in_order(say_exit(w, named(NULL, NULL, NULL)),
                    say_exit(w, eff_provide(eff_noop(), eff_config_json_file_named_with(NULL, "x", NULL))));
}
CASE(a_named_file_without_a_name_is_a_mistake, named_null, .succeeds = "unit", .journal = "die die")

TESTS(a_pipe_is_a_file, a_pipe_is_read_as_it_comes_while_others_go_on, a_pipe_that_nobody_writes_to_is_left,
      a_pipe_has_a_limit_and_is_not_read_to_its_end, a_fifo_without_a_writer_is_waited_for_and_can_be_interrupted,
      who_writes_to_a_fifo_may_come_later_and_take_time, a_file_that_nobody_named_may_be_missing,
      what_is_missing_was_looked_for_in_a_file_that_is_missing, a_file_that_is_named_has_to_be_there,
      without_options_a_named_file_has_to_be_there, a_named_file_has_the_limit_of_the_options,
      a_named_file_without_a_name_is_a_mistake)
