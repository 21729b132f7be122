/* Logs in files: appended, rotated, opened anew, written in the background, and what becomes of them when the file does
 * not take them, or the process ends at once. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/case.h"
#include "support/failing_allocator.h"

/* ---- a folder of its own for each test */

static char folder[64];
static char path[128];

static void make_folder(void)
{
    strcpy(folder, "/tmp/eff-log-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/log", folder);
}

static void remove_folder(void)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));) {
        char name[512];
        snprintf(name, sizeof name, "%s/%s", folder, e->d_name);
        unlink(name);
    }
    closedir(d);
    ck_assert_int_eq(rmdir(folder), 0);
}

static const char *contents(const char *suffix)
{
    static char text[65536];
    char name[160];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    FILE *f = fopen(name, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f) fclose(f);
    text[n] = '\0';
    return f ? text : "(none)";
}

static void only_message(const eff_log_record_t *r, eff_buffer_t *out)
{
    eff_value_format(r->message, out);
    for (size_t i = 0; i < r->n_fields; i++) {
        eff_buffer_printf(out, " %s=", r->fields[i].key);
        eff_value_format(r->fields[i].value, out);
    }
    if (r->cause) eff_buffer_add(out, "\n    cause");
}

static eff_layer_t *file(eff_logger_file_options_t options)
{
    options.path = path;
    if (!options.format) options.format = only_message;
    return eff_logger_file(&options);
}
static const eff_logger_file_options_t plain = { 0 };

/* Runs e with that Logger; it must succeed. */
static void run_with(eff_layer_t *layer, eff_t *e)
{
    ck_assert_succeeds(eff_provide(e, layer), "unit");
}

static eff_t *log_item(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_log_info("line %lld", (long long)eff_as_int(v));
}
static eff_t *lines(int64_t from, int64_t to)
{
    return eff_for_each_discard(eff_range(from, to), log_item, eff_unit);
}

/* ---- appending */

START_TEST(lines_are_appended_and_the_file_is_private)
{
    make_folder();
    umask(0);
    run_with(file(plain), lines(0, 2));
    run_with(file(plain), lines(2, 3));
    ck_assert_str_eq(contents(""), "line 0\nline 1\nline 2\n");
    struct stat s;
    ck_assert_int_eq(stat(path, &s), 0);
    ck_assert_int_eq(s.st_mode & 0777, 0640);
    remove_folder();
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_fails_the_layer)
{
    make_folder();
    snprintf(path, sizeof path, "%s/none/log", folder);
    eff_exit_t exit = eff_test_run(eff_provide(eff_noop(), file(plain)));
    eff_value_t error;
    ck_assert(!exit.ok && eff_cause_failure(exit.cause, &error));
    ck_assert_int_eq(eff_as_error(error)->code, ENOENT);
    ck_assert_ptr_nonnull(strstr(eff_as_error(error)->message, path));
    eff_exit_decref(exit);
    remove_folder();
}
END_TEST

static eff_value_t rename_it(eff_value_t env)
{
    char to[160];
    (void)env;
    snprintf(to, sizeof to, "%s.old", path);
    ck_assert_int_eq(rename(path, to), 0);
    return eff_unit;
}
static eff_t *renamed(void)
{
    eff_t *e = eff_then(lines(0, 1), eff_then(eff_sync(rename_it, eff_unit), lines(1, 2)));
    return eff_then(e, eff_then(eff_logger_reopen(), lines(2, 3)));
}
START_TEST(a_file_is_opened_anew_when_asked_to)
{
    make_folder();
    run_with(file(plain), renamed());
    ck_assert_str_eq(contents(".old"), "line 0\nline 1\n");
    ck_assert_str_eq(contents(""), "line 2\n");
    remove_folder();
    make_folder();
    run_with(eff_logger_batched(file(plain), NULL), renamed());
    ck_assert_str_eq(contents(".old"), "line 0\nline 1\n");
    ck_assert_str_eq(contents(""), "line 2\n");
    remove_folder();
}
END_TEST

static eff_value_t take_away(eff_value_t env)
{
    (void)env;
    ck_assert_int_eq(chmod(folder, 0), 0);
    char to[160];
    snprintf(to, sizeof to, "%s.dir", folder);
    ck_assert_int_eq(rename(folder, to), 0);
    return eff_unit;
}
static eff_value_t put_back(eff_value_t env)
{
    (void)env;
    char from[160];
    snprintf(from, sizeof from, "%s.dir", folder);
    ck_assert_int_eq(rename(from, folder), 0);
    ck_assert_int_eq(chmod(folder, 0700), 0);
    return eff_unit;
}
START_TEST(a_file_that_cannot_be_opened_anew_stays)
{
    make_folder();
    eff_t *e = eff_then(lines(0, 1), eff_then(eff_sync(take_away, eff_unit), eff_option(eff_logger_reopen())));
    run_with(file(plain), eff_then(e, eff_then(lines(1, 2), eff_sync(put_back, eff_unit))));
    ck_assert_str_eq(contents(""), "line 0\nline 1\n");
    remove_folder();
}
END_TEST

/* ---- rotation */

START_TEST(a_file_is_rotated_before_it_gets_too_large)
{
    make_folder();
    run_with(file((eff_logger_file_options_t){ .max_bytes = 15, .keep = 2 }), lines(0, 9));
    ck_assert_str_eq(contents(""), "line 8\n");
    ck_assert_str_eq(contents(".1"), "line 6\nline 7\n");
    ck_assert_str_eq(contents(".2"), "line 4\nline 5\n");
    ck_assert_str_eq(contents(".3"), "(none)");
    remove_folder();
}
END_TEST

START_TEST(a_batch_is_parted_between_messages)
{
    make_folder();
    eff_t *e = eff_then(lines(0, 1), eff_log_cause(EFF_LOG_INFO, eff_cause_die(eff_int(1)), "x"));
    e = eff_then(e, lines(2, 9));
    run_with(eff_logger_batched(file((eff_logger_file_options_t){ .max_bytes = 15, .keep = 9 }), NULL), e);
    ck_assert_str_eq(contents(".5"), "line 0\n");
    ck_assert_str_eq(contents(".4"), "x\n    cause\n");
    ck_assert_str_eq(contents(".3"), "line 2\nline 3\n");
    ck_assert_str_eq(contents(""), "line 8\n");
    remove_folder();
}
END_TEST

START_TEST(a_line_that_is_larger_than_a_file_may_be_has_one_to_itself)
{
    make_folder();
    eff_t *e = eff_then(lines(0, 1), eff_then(eff_log_info("%050d", 7), lines(1, 2)));
    run_with(file((eff_logger_file_options_t){ .max_bytes = 20 }), e);
    ck_assert_str_eq(contents(".2"), "line 0\n");
    ck_assert_uint_eq(strlen(contents(".1")), 51);
    ck_assert_str_eq(contents(""), "line 1\n");
    remove_folder();
}
END_TEST

START_TEST(what_is_no_regular_file_is_not_rotated)
{
    make_folder();
    ck_assert_int_eq(symlink("/dev/null", path), 0);
    run_with(file((eff_logger_file_options_t){ .max_bytes = 15 }), lines(0, 9));
    struct stat s;
    ck_assert_int_eq(lstat(path, &s), 0);
    ck_assert(S_ISLNK(s.st_mode));
    ck_assert_str_eq(contents(".1"), "(none)");
    remove_folder();
}
END_TEST

START_TEST(of_a_symbolic_link_the_file_itself_is_rotated)
{
    make_folder();
    char target[160];
    snprintf(target, sizeof target, "%s-itself", path);
    ck_assert_int_eq(symlink(strrchr(target, '/') + 1, path), 0);
    run_with(file((eff_logger_file_options_t){ .max_bytes = 15, .keep = 1 }), lines(0, 5));
    struct stat s;
    ck_assert_int_eq(lstat(path, &s), 0);
    ck_assert(S_ISLNK(s.st_mode));
    ck_assert_str_eq(contents(""), "line 4\n");
    ck_assert_str_eq(contents("-itself"), "line 4\n");
    ck_assert_str_eq(contents("-itself.1"), "line 2\nline 3\n");
    ck_assert_str_eq(contents(".1"), "(none)");
    remove_folder();
}
END_TEST

static eff_value_t remove_file(eff_value_t name)
{
    (void)unlink(eff_as_string(name));
    return eff_unit;
}
START_TEST(a_link_that_leads_nowhere_is_followed_once_more)
{
    make_folder();
    char target[160];
    snprintf(target, sizeof target, "%s-itself", path);
    ck_assert_int_eq(symlink(target, path), 0);
    eff_t *e = eff_then(lines(0, 1), eff_then(eff_sync(remove_file, eff_string(target)), lines(1, 4)));
    run_with(file((eff_logger_file_options_t){ .max_bytes = 15 }), e);
    struct stat s;
    ck_assert_int_eq(lstat(path, &s), 0);
    ck_assert(S_ISLNK(s.st_mode));
    ck_assert_str_eq(contents("-itself"), "line 2\nline 3\n");
    remove_folder();
}
END_TEST

START_TEST(a_rotation_that_is_hindered_loses_nothing)
{
    make_folder();
    char hindrance[160];
    snprintf(hindrance, sizeof hindrance, "%s.2", path);
    ck_assert_int_eq(mkdir(hindrance, 0700), 0);
    run_with(file((eff_logger_file_options_t){ .max_bytes = 15, .keep = 2 }), lines(0, 6));
    ck_assert_str_eq(contents(".1"), "line 0\nline 1\n");
    ck_assert_str_eq(contents(""), "line 2\nline 3\nline 4\nline 5\n");
    ck_assert_int_eq(rmdir(hindrance), 0);
    remove_folder();
}
END_TEST

/* ---- a file that takes nothing: a limit on the size of files, as a full disk would be */

static void limit_files(rlim_t bytes)
{
    struct rlimit l;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &l), 0);
    l.rlim_cur = bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &l), 0);
}
static eff_value_t lift_limit(eff_value_t env)
{
    (void)env;
    limit_files(RLIM_INFINITY);
    return eff_unit;
}
static void check_lossy(eff_layer_t *layer)
{
    limit_files(18);
    eff_t *e = eff_then(lines(0, 4), eff_then(eff_logger_flush(), eff_sync(lift_limit, eff_unit)));
    run_with(layer, eff_then(e, lines(4, 5)));
    ck_assert_str_eq(contents(""),
                     "line 0\nline 1\nline\nmessages of the log were lost lost=2 why=File too large\nline 4\n");
}
START_TEST(what_a_full_disk_does_not_take_is_counted_and_told_of)
{
    make_folder();
    check_lossy(file(plain));
    remove_folder();
    make_folder();
    check_lossy(eff_logger_batched(file(plain), NULL));
    remove_folder();
}
END_TEST

static eff_value_t close_it(eff_value_t fd)
{
    close((int)eff_as_int(fd));
    return eff_unit;
}
START_TEST(a_pipe_that_nobody_reads_holds_up_nobody)
{
    make_folder();
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    ck_assert_int_ge(reader, 0);
    char filler[65536];
    memset(filler, '.', sizeof filler);
    int writer = open(path, O_WRONLY | O_NONBLOCK);
    ck_assert_int_eq(write(writer, filler, sizeof filler), sizeof filler);
    run_with(file(plain), lines(0, 3));
    while (read(reader, filler, sizeof filler) > 0)
        continue;
    run_with(file(plain), lines(0, 1));
    ck_assert_int_eq(read(reader, filler, sizeof filler), 7);
    close(writer);
    run_with(file(plain), eff_then(eff_sync(close_it, eff_int(reader)), lines(0, 1))); /* raises no SIGPIPE */
    remove_folder();
}
END_TEST

/* ---- in the background */

START_TEST(all_lines_of_a_batched_file_are_there_at_the_end_and_in_order)
{
    make_folder();
    run_with(eff_logger_batched(file(plain), NULL), lines(0, 3000));
    const char *text = contents("");
    for (int i = 0; i < 3000; i++) {
        int n = -1, end = 0;
        ck_assert_int_eq(sscanf(text, "line %d%n", &n, &end), 1);
        ck_assert_int_eq(n, i);
        text += end + 1;
    }
    ck_assert_str_eq(text, "");
    remove_folder();
}
END_TEST

static void batched_lines(void)
{
    unlink(path);
    eff_exit_decref(eff_test_run(eff_provide(lines(0, 20), eff_logger_batched(file(plain), NULL))));
}
START_TEST(a_batched_file_gives_back_all_that_it_gets)
{
    make_folder();
    fail_every_allocation(batched_lines);
    remove_folder();
}
END_TEST

/* ---- the end of a process */

/* Runs child in a process of its own, sends it the signals as its output says so, and returns its status. */
static int in_child(int (*child)(void), int n_signals)
{
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    fflush(NULL);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        dup2(ready[1], 1);
        dup2(open("/dev/null", O_WRONLY), 2);
        close(ready[0]);
        close(ready[1]);
        _exit(child());
    }
    close(ready[1]);
    char c;
    for (int i = 0; i < n_signals; i++) {
        ck_assert_int_eq(read(ready[0], &c, 1), 1);
        kill(pid, SIGTERM);
    }
    close(ready[0]);
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

/* Says that it is ready for a signal, and takes ever so long to end after it. */
static int stubborn(void)
{
    eff_logger_batch_options_t slow = { .period = eff_hours(1) };
    eff_t *end = eff_then(eff_log_info("%s", "asked"), eff_then(eff_print(eff_literal("2")), eff_sleep(eff_hours(1))));
    eff_t *e = eff_then(lines(0, 2), eff_then(eff_print(eff_literal("1")), eff_sleep(eff_hours(1))));
    return eff_main_with(eff_ensuring(e, end), eff_logger_batched(file(plain), &slow));
}
START_TEST(a_second_signal_exits_after_the_log_is_written)
{
    make_folder();
    int status = in_child(stubborn, 2);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM);
    ck_assert_str_eq(contents(""), "line 0\nline 1\nasked\n");
    remove_folder();
}
END_TEST

static int interrupted(void)
{
    eff_logger_batch_options_t slow = { .period = eff_hours(1) };
    eff_t *e = eff_then(lines(0, 2), eff_then(eff_print(eff_literal("1")), eff_sleep(eff_hours(1))));
    return eff_main_with(eff_ensuring(e, eff_log_info("%s", "bye")), eff_logger_batched(file(plain), &slow));
}
START_TEST(a_first_signal_waits_for_all_of_it)
{
    make_folder();
    int status = in_child(interrupted, 1);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM);
    ck_assert_str_eq(contents(""), "line 0\nline 1\nbye\n");
    remove_folder();
}
END_TEST

START_TEST(a_runtime_that_is_freed_writes_what_is_left)
{
    make_folder();
    eff_logger_batch_options_t slow = { .period = eff_hours(1) };
    eff_t *e = eff_provide(eff_then(lines(0, 2), eff_never()), eff_logger_batched(file(plain), &slow));
    eff_test_t *t = eff_test_new();
    eff_test_fork(t, e);
    eff_test_adjust(t, eff_millis(1));
    ck_assert_str_eq(contents(""), "");
    eff_runtime_t *rt = eff_test_runtime(t);
    ck_assert_uint_gt(eff_runtime_n_fibers(rt), 0);
    ck_assert_uint_gt(eff_test_free(t), 0);
    ck_assert_str_eq(contents(""), "line 0\nline 1\n");
    remove_folder();
}
END_TEST

TESTS(lines_are_appended_and_the_file_is_private, a_file_that_cannot_be_opened_fails_the_layer,
      a_file_is_opened_anew_when_asked_to, a_file_that_cannot_be_opened_anew_stays,
      a_file_is_rotated_before_it_gets_too_large, a_batch_is_parted_between_messages,
      a_line_that_is_larger_than_a_file_may_be_has_one_to_itself, what_is_no_regular_file_is_not_rotated,
      of_a_symbolic_link_the_file_itself_is_rotated, a_link_that_leads_nowhere_is_followed_once_more,
      a_rotation_that_is_hindered_loses_nothing, what_a_full_disk_does_not_take_is_counted_and_told_of,
      a_pipe_that_nobody_reads_holds_up_nobody, all_lines_of_a_batched_file_are_there_at_the_end_and_in_order,
      a_batched_file_gives_back_all_that_it_gets, a_second_signal_exits_after_the_log_is_written,
      a_first_signal_waits_for_all_of_it, a_runtime_that_is_freed_writes_what_is_left)
