/* A whole job: take a lock, open a file, connect, copy line by line. Failures have types, the three resources are released
 * in reverse order on every path, and a failure that nobody handles is printed with where it came from. */
#include <effect/effect.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- failures that handlers read as structs */

struct busy {
    char owner[32];
};
EFF_STATIC_TYPE(busy, struct busy);

struct bad_line {
    int number;
    char text[64];
};
EFF_STATIC_TYPE(bad_line, struct bad_line);

/* ---- a lock: a link to the name of its owner */

static int create_lock(eff_value_t path, eff_value_t *ret_path, eff_value_t *ret_error)
{
    struct busy other = { "" };
    if (symlink("import", eff_as_string(path)) == 0) {
        *ret_path = eff_value_incref(path);
        return 0;
    }
    if (errno == EEXIST && readlink(eff_as_string(path), other.owner, sizeof other.owner - 1) >= 0)
        *ret_error = busy_make(other);
    else *ret_error = eff_error_errno(errno, "lock %s", eff_as_string(path));
    return -1;
}

static void remove_lock(eff_value_t path, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    unlink(eff_as_string(path));
    puts("  unlocked");
}

static eff_t *take_lock(const char *path)
{
    return eff_acquire_release(eff_attempt(create_lock, eff_string(path)), remove_lock, eff_unit);
}

/* ---- a file, opened on another thread, since that may block. The thread hands it over as an effect: when there is no
 * memory for one, the file is dropped, and so the drop has to close it. */

typedef struct file {
    FILE *stream; /* NULL once it is closed */
} file_t;

static void file_close(file_t *file)
{
    if (file->stream) fclose(file->stream);
    file->stream = NULL;
}
EFF_STATIC_TYPE(file, file_t, .drop = file_close);

static eff_t *open_now(eff_value_t path)
{
    FILE *stream = fopen(eff_as_string(path), "r");
    if (!stream) return eff_fail_errno("open %s", eff_as_string(path));
    return eff_succeed(file_make((file_t){ stream }));
}

static void close_file(eff_value_t file, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    file_close(file_of(file));
    puts("  closed");
}

static eff_t *open_file(const char *path)
{
    return eff_acquire_release(eff_blocking(open_now, eff_string(path)), close_file, eff_unit);
}

/* ---- a connection, in place of a real one: it breaks when it is told to */

typedef struct conn {
    bool broken;
} conn_t;
EFF_STATIC_TYPE(conn, conn_t);

static eff_t *send_now(eff_value_t conn_and_line)
{
    conn_t *conn = conn_of(eff_first(conn_and_line));
    const char *line = eff_as_string(eff_second(conn_and_line));
    if (strcmp(line, "hang up") == 0) conn->broken = true;
    if (conn->broken) return eff_fail(eff_error(&eff_connection_error, 0, "cannot send '%s'", line));
    return eff_delay(eff_print_line(eff_printf("  sent: %s", line)), eff_millis(1));
}

static eff_t *send_line(conn_t *conn, const char *line)
{
    return eff_suspend(send_now, eff_pair(conn_value(conn_incref(conn)), eff_string(line)));
}

static eff_value_t new_conn(eff_value_t env)
{
    (void)env;
    return conn_make((conn_t){ .broken = false });
}

/* This release is an effect: it takes a message, and may fail. */
static eff_t *say_goodbye(eff_value_t conn, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    return eff_annotate(send_line(conn_of(conn), "goodbye"), eff_literal("while closing the connection"));
}

static eff_t *open_connection(void)
{
    return eff_acquire_release_effect(eff_sync(new_conn, eff_unit), say_goodbye, eff_unit);
}

/* ---- the job: acquire, acquire, acquire, copy */

struct import {
    const char *path; /* given, and borrowed */
    FILE *file;       /* borrowed from the scope around the gen, like conn */
    conn_t *conn;
    int number;
    char line[64];
};

static eff_t *import_step(struct import *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(take_lock("import.lock"));
    EFF_AWAIT(open_file(s->path));
    s->file = file_of(EFF_GOT())->stream;
    EFF_AWAIT(open_connection());
    s->conn = conn_of(EFF_GOT());
    for (s->number = 1; fgets(s->line, sizeof s->line, s->file); s->number++) {
        s->line[strcspn(s->line, "\n")] = 0;
        if (s->line[0] == '!') {
            struct bad_line bad = { .number = s->number };
            memcpy(bad.text, s->line, sizeof bad.text);
            EFF_GEN_FAIL(bad_line_make(bad));
        }
        EFF_AWAIT(eff_annotate(send_line(s->conn, s->line), eff_printf("line %d of %s", s->number, s->path)));
    }
    EFF_GEN_END(eff_int(s->number - 1));
}
EFF_DEFINE_GEN(import, struct import, import_step);

/* ---- what becomes of it: two types of failure are dealt with, others pass by */

static eff_t *when_busy(eff_value_t error, eff_value_t env)
{
    (void)env;
    return eff_map_to(eff_print_line(eff_printf("  locked by %s", busy_of(error)->owner)), eff_int(0));
}

static eff_t *when_bad_line(eff_value_t error, eff_value_t env)
{
    (void)env;
    struct bad_line *bad = bad_line_of(error);
    return eff_map_to(eff_print_line(eff_printf("  bad line: %s", bad->text)), eff_int(bad->number - 1));
}

static eff_t *print_count(eff_value_t n, eff_value_t path)
{
    return eff_print_line(eff_printf("%s: %d imported", eff_as_string(path), (int)eff_as_int(n)));
}

static eff_t *import_file(const char *path)
{
    eff_t *e = eff_scoped(import((struct import){ .path = path }));
    e = eff_catch_type(e, &busy_type, when_busy, eff_unit);
    e = eff_catch_type(e, &bad_line_type, when_bad_line, eff_unit);
    return eff_flat_map(e, print_count, eff_string(path));
}

/* ---- four jobs, in a directory that is removed again */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) exit(2);
}

/* What the other process does after a while. */
static eff_value_t give_up_lock(eff_value_t env)
{
    unlink("import.lock");
    return eff_value_incref(env);
}

int main(void)
{
    char directory[] = P_tmpdir "/import-XXXXXX";
    if (!mkdtemp(directory) || chdir(directory) < 0) return 2;
    write_file("monday", "one\ntwo\n");
    write_file("tuesday", "three\n!four\n");
    write_file("friday", "five\nhang up\n");

    if (symlink("process 4711", "import.lock") < 0) return 2;
    eff_t *e = import_file("monday");
    e = eff_then(e, eff_sync(give_up_lock, eff_unit));
    e = eff_then(e, import_file("monday"));
    e = eff_then(e, import_file("tuesday"));
    e = eff_then(e, import_file("friday"));
    int code = eff_main(e);

    unlink("monday");
    unlink("tuesday");
    unlink("friday");
    rmdir(directory);
    return code;
}

/* expected output:
  locked by process 4711
monday: 0 imported
  sent: one
  sent: two
  sent: goodbye
  closed
  unlocked
monday: 2 imported
  sent: three
  sent: goodbye
  closed
  unlocked
  bad line: !four
tuesday: 1 imported
  sent: five
  closed
  unlocked
stderr:
error: connection failed: cannot send 'hang up'
  at 12_import.c:96
  at 12_import.c:148
  note: line 2 of friday (12_import.c:148)
then, while handling it:
  error: connection failed: cannot send 'goodbye'
    at 12_import.c:96
    at 12_import.c:115
    note: while closing the connection (12_import.c:115)
both, on the way out:
  at when_busy (12_import.c:177)
  at when_bad_line (12_import.c:178)
  at print_count (12_import.c:179)
exit: 1
*/
