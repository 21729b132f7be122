/* A JSON file as a source. It is opened on a thread of the blocking pool, without waiting for anybody; what lies on a
 * disk is read and parsed there too, in one go. What has to be waited for (a FIFO, a terminal, the pipe behind
 * /dev/stdin) is read on the runtime's thread as it comes, so that interruption finds a fiber that waits.
 *
 *     load                          on a thread: opens
 *       wait, read_piece            as long as there is more; only of what may block
 *       parse                       on a thread
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <effect/async.h>
#include <effect/fd.h>
#include <effect/interrupt.h>
#include <effect/transform.h>

#include "core/build.h"
#include "core/memory.h"
#include "layers/config_name.h"
#include "layers/config_open.h"

/* Which file, and how much of it. */
struct file {
    eff_value_t path; /* a string */
    size_t max_bytes;
    bool optional;
};

static void file_drop(struct file *f)
{
    eff_value_decref(f->path);
}
EFF_STATIC_TYPE(file, struct file, .drop = file_drop);

enum { DEFAULT_MAX_BYTES = 1024 * 1024 };

/* ---- what has been read of one; it may hold secrets, so it is overwritten whenever it moves, and in the end */

struct reading {
    eff_value_t path; /* a string */
    size_t max_bytes;
    int fd; /* owned; -1 once it is closed */
    char *bytes;
    size_t n, capacity;
};

static void forget_bytes(struct reading *r)
{
    if (!r->bytes) return;
    explicit_bzero(r->bytes, r->n);
    eff__raw_free(r->bytes);
    r->bytes = NULL;
}

static void close_it(struct reading *r)
{
    if (r->fd >= 0) close(r->fd);
    r->fd = -1;
}

static void reading_drop(struct reading *r)
{
    close_it(r);
    forget_bytes(r);
    eff_value_decref(r->path);
}
EFF_STATIC_TYPE(reading, struct reading, .drop = reading_drop);

static bool grow(struct reading *r)
{
    size_t capacity = r->capacity ? 2 * r->capacity : 4096;
    char *bytes = eff__malloc(capacity);
    if (!bytes) return false;
    if (r->n) memcpy(bytes, r->bytes, r->n);
    forget_bytes(r);
    r->bytes = bytes;
    r->capacity = capacity;
    return true;
}

/* Appends what there is to read, and of what is too much one byte more than there may be. Returns 0 or an errno;
 * *ret_end: that was all, or too much. */
static int read_some(struct reading *r, bool *ret_end)
{
    if (r->n == r->capacity && !grow(r)) return ENOMEM;
    size_t room = r->capacity - r->n, left = r->max_bytes + 1 - r->n;
    ssize_t n;
    while ((n = read(r->fd, r->bytes + r->n, room < left ? room : left)) < 0 && errno == EINTR)
        continue;
    if (n < 0) return errno;
    r->n += (size_t)n;
    *ret_end = n == 0 || r->n > r->max_bytes;
    return 0;
}

/* ---- what can be wrong */

/* "app.json: No such file or directory". The name is escaped, as all is that messages about configuration quote. */
static eff_t *refuse(const char *path, int err, const char *problem)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff__config_add_file(&text, path);
    eff_buffer_printf(&text, ": %s", problem);
    eff_value_t error =
        text.truncated ? eff_oom_value() : eff_error(&eff_config_invalid_error, err, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    return eff_fail_at(NULL, error);
}

static eff_t *cannot_read(const char *path, int err)
{
    if (err == ENOMEM) return eff_out_of_memory();
    eff_value_t why = eff_error_errno(err, "%s", ""); /* knows how to describe an errno on any thread */
    if (eff_is_oom(why)) return eff_out_of_memory();
    eff_t *e = refuse(path, err, eff_as_error(why)->message + strlen(": "));
    eff_value_decref(why);
    return e;
}

/* All that was read, or the one byte too much. */
static eff_t *parse(eff_value_t env)
{
    struct reading *r = reading_of(env);
    const char *path = eff_as_string(r->path);
    close_it(r);
    if (r->n <= r->max_bytes) return eff__config_parse(path, r->n ? r->bytes : "", r->n);
    char problem[64];
    snprintf(problem, sizeof problem, "larger than %zu bytes", r->max_bytes);
    return refuse(path, EFBIG, problem);
}

/* ---- what may have to be waited for */

static eff_t *read_piece(eff_value_t unit, eff_value_t env);

/* Layers are opened under a mask, which does not count for this wait: there is nothing that could be left behind. */
static eff_t *wait_for_more(eff_value_t env)
{
    eff_t *ready = eff_interruptible_at(NULL, eff_wait_readable_at(NULL, reading_of(env)->fd));
    return eff_flat_map_at(NULL, ready, read_piece, eff_value_incref(env));
}

static eff_t *read_piece(eff_value_t unit, eff_value_t env)
{
    (void)unit;
    struct reading *r = reading_of(env);
    bool end = false;
    int err = read_some(r, &end);
    if (err && err != EAGAIN) return cannot_read(eff_as_string(r->path), err);
    return end ? eff_blocking_at(NULL, parse, eff_value_incref(env)) : wait_for_more(env);
}

/* ---- a file */

/* *ret_waits: reading may block. A FIFO is open at once, whether or not anybody writes to it. */
static int open_file(const char *path, int *ret_fd, bool *ret_waits)
{
    *ret_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    if (*ret_fd < 0) return errno;
    if (fstat(*ret_fd, &st) != 0) return errno;
    *ret_waits = S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode) || S_ISSOCK(st.st_mode);
    return 0;
}

/* Consumes reading. */
static eff_t *read_opened(eff_value_t reading, bool waits)
{
    struct reading *r = reading_of(reading);
    bool end = false;
    int err = 0;
    while (!waits && !end && err == 0)
        err = read_some(r, &end);
    if (err == EAGAIN) waits = true; /* it looks like a file, and is not: /proc/kmsg */
    eff_t *e = waits ? wait_for_more(reading) : err ? cannot_read(eff_as_string(r->path), err) : parse(reading);
    eff_value_decref(reading);
    return e;
}

/* A source without values, so that what is missing says that it was looked for there. */
static eff_t *succeed_without(const struct file *f)
{
    struct eff__config_source *none = eff__config_source_new(EFF__CONFIG_JSON, eff_value_incref(f->path));
    return eff_succeed_at(NULL, eff__config_snapshot_of(none));
}

/* Runs on a thread of the pool. */
static eff_t *load(eff_value_t env)
{
    const struct file *f = file_of(env);
    const char *path = eff_as_string(f->path);
    int fd;
    bool waits = false;
    int err = open_file(path, &fd, &waits);
    if (err && fd >= 0) close(fd);
    if (err == ENOENT && f->optional) return succeed_without(f);
    if (err) return cannot_read(path, err);
    eff_value_t reading =
        reading_make((struct reading){ .path = eff_value_incref(f->path), .max_bytes = f->max_bytes, .fd = fd });
    return eff_is_oom(reading) ? eff_out_of_memory() : read_opened(reading, waits);
}

/* Of the program's own name for it. */
static eff_value_t file_of_options(const char *path, const eff_config_file_options_t *options)
{
    static const eff_config_file_options_t none = { sizeof none, false, 0 };
    if (!options) options = &none;
    eff_value_t copy = eff_string(path);
    if (eff_is_oom(copy)) return copy;
    size_t max_bytes = options->max_bytes ? options->max_bytes : DEFAULT_MAX_BYTES;
    if (max_bytes > INT32_MAX) max_bytes = INT32_MAX;
    return file_make((struct file){ copy, max_bytes, options->optional });
}

eff_t *eff__config_open_file(eff_site_t site, const char *path, const eff_config_file_options_t *options)
{
    if (!path) return eff__refuse_null(site, "eff_config_json_file", 1, eff_noop(), eff_unit);
    return eff_blocking_at(site, load, file_of_options(path, options));
}

/* The name is unit when nobody gave one. Who names a file means it: so it has to be there. */
static eff_t *open_named(eff_value_t name, eff_value_t env)
{
    if (eff_value_is(name, &eff_unit_type)) return eff_blocking_at(NULL, load, eff_value_incref(env));
    struct file named = { .path = eff_value_incref(name), .max_bytes = file_of(env)->max_bytes };
    return eff_blocking_at(NULL, load, file_make(named));
}

eff_t *eff__config_open_named(eff_site_t site, const char *path, const char *otherwise,
                              const eff_config_file_options_t *options)
{
    if (!path || !otherwise)
        return eff__refuse_null(site, "eff_config_json_file_named", path ? 2 : 1, eff_noop(), eff_unit);
    eff_t *name = eff__config_string_or_unit(site, path);
    return eff_flat_map_at(site, name, open_named, file_of_options(otherwise, options));
}
