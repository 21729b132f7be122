/* Files as a place for lines: appended to, rotated by size, opened anew when asked to.
 *
 * Lines that fibers wait for are written within their instruction: a regular file takes them in a microsecond or two, a
 * thread would need ten times that. Where a fiber of its own writes (log_batch.c), which is where a disk may be slow,
 * it is a job on the pool. So the file is written to by one of two threads, under its lock; it is opened such that it
 * never blocks, whatever lies there.
 *
 * What cannot be written is counted, and told of by a line in front of what can. A line that was cut off ends where it
 * is: the next one begins on a new one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <effect/async.h>
#include <effect/error.h>
#include <effect/recover.h>
#include <effect/transform.h>

#include "core/build.h"
#include "layers/log_line.h"
#include "layers/log_open.h"

enum {
    KEPT = 5,
    MODE = 0640,
    PATIENCE_MS = 1000 /* what is no file, and takes nothing, is waited for this long in the background */
};

struct job;

struct file {
    struct eff__line_logger line; /* first: what the service is */
    eff_value_t path;
    int64_t max_bytes; /* 0: no limit */
    unsigned keep;
    mode_t mode;
    pthread_mutex_t lock; /* over what follows */
    int fd;
    int64_t size;          /* of the file, as far as we know */
    bool is_regular;       /* no pipe, or the like */
    bool inside_line;      /* the last line was cut off */
    uint64_t n_lost;       /* messages, since it was told of last */
    int lost_errno;        /* why */
    struct job *under_way; /* that nobody has begun with yet, in the background; borrowed, or NULL */
};

static void file_clear(struct file *f)
{
    if (f->fd >= 0) close(f->fd);
    pthread_mutex_destroy(&f->lock);
    eff_value_decref(f->path);
}
EFF_STATIC_TYPE(log_file, struct file, .drop = file_clear);

/* ---- plain C, on either thread, under the lock */

/* Returns 0, or an errno. */
static int open_anew(struct file *f)
{
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = open(eff_as_string(f->path), flags, f->mode);
    if (fd < 0) return errno;
    struct stat s;
    bool known = fstat(fd, &s) == 0;
    f->size = known ? s.st_size : 0;
    f->is_regular = known && S_ISREG(s.st_mode);
    f->inside_line = false;
    if (f->fd >= 0) close(f->fd);
    f->fd = fd;
    return 0;
}

/* That of the file itself: where the path is a symbolic link, that stays. NULL: it leads nowhere. */
static const char *path_of_file(const struct file *f, char room[PATH_MAX])
{
    struct stat s;
    const char *path = eff_as_string(f->path);
    if (lstat(path, &s) < 0 || !S_ISLNK(s.st_mode)) return path;
    return realpath(path, room);
}

static eff_value_t old_name(const char *path, unsigned i)
{
    return i == 0 ? eff_string(path) : eff_printf("%s.%u", path, i);
}

/* Gives the i-th file the next number. Returns whether its name is free now. */
static bool move_on(const char *path, unsigned i)
{
    eff_value_t from = old_name(path, i), to = old_name(path, i + 1);
    bool named = eff__value_usable(from) && eff__value_usable(to);
    bool free_now = named && (rename(eff_as_string(from), eff_as_string(to)) == 0 || errno == ENOENT);
    eff_value_decref(from);
    eff_value_decref(to);
    return free_now;
}

/* path.4 becomes path.5, ... path path.1. It ends at the first that cannot be moved, since the one below would replace
 * it: then the lines go where they went before, and it is tried again when as much has been written once more. */
static void rotate(struct file *f)
{
    char *room = eff__alloc(PATH_MAX);
    const char *path = room ? path_of_file(f, room) : NULL;
    bool moved = path != NULL;
    for (unsigned i = f->keep; i > 0 && moved; i--)
        moved = move_on(path, i - 1);
    if (room) eff__free(room, PATH_MAX);
    if (open_anew(f) != 0 || !moved) f->size = 0;
}

/* A pipe that nobody reads any more raises a signal, for this thread: it is blocked, and taken away if it was not there
 * before. */
static ssize_t write_without_sigpipe(const struct file *f, const struct iovec *parts, int n)
{
    sigset_t pipe_only, before, pending;
    if (f->is_regular) return writev(f->fd, parts, n);
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    bool was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    ssize_t taken = writev(f->fd, parts, n);
    int err = errno;
    if (taken < 0 && err == EPIPE && !was_pending)
        while (sigtimedwait(&pipe_only, NULL, &(struct timespec){ 0 }) < 0 && errno == EINTR)
            continue;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = err;
    return taken;
}

/* Writes n bytes and the line's end. Returns 0, or an errno; *ret_written bytes have gone. */
static int write_all(struct file *f, const char *text, size_t n, int patience_ms, size_t *ret_written)
{
    size_t start = f->inside_line ? 1 : 0, total = start + n + 1, written = 0;
    int err = 0;
    while (written < total && !err) {
        struct iovec parts[3];
        int n_parts = 0;
        if (written < start) parts[n_parts++] = (struct iovec){ (void *)(uintptr_t) "\n", 1 };
        size_t gone = written > start ? written - start : 0;
        if (gone < n) parts[n_parts++] = (struct iovec){ (void *)(uintptr_t)(text + gone), n - gone };
        parts[n_parts++] = (struct iovec){ (void *)(uintptr_t) "\n", 1 };
        ssize_t taken = write_without_sigpipe(f, parts, n_parts);
        if (taken >= 0) written += (size_t)taken;
        else if (errno == EAGAIN && patience_ms > 0) {
            struct pollfd p = { .fd = f->fd, .events = POLLOUT };
            if (poll(&p, 1, patience_ms) == 0) err = EAGAIN;
        } else if (errno != EINTR) err = errno;
    }
    f->size += (int64_t)written;
    if (written > 0) f->inside_line = written < total && written > start;
    *ret_written = written > start ? written - start : 0;
    return err;
}

/* Where the message at the start of the text ends: those that go on have lines that begin with four spaces. */
static size_t message_end(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\n' && (n - i < 5 || memcmp(text + i + 1, "    ", 4) != 0)) return i;
    return n;
}

/* A pipe or a device is as large as it likes, and not ours to be renamed. */
static bool fits(const struct file *f, size_t n)
{
    return f->max_bytes <= 0 || !f->is_regular || f->size + (int64_t)n + 1 <= f->max_bytes;
}

/* Of the messages in the text, as many as the file takes before it has to be rotated: at least one. */
static size_t piece_of(const struct file *f, const char *text, size_t n)
{
    if (fits(f, n)) return n;
    size_t end = message_end(text, n);
    while (end < n) {
        size_t next = end + 1 + message_end(text + end + 1, n - end - 1);
        if (!fits(f, next)) break;
        end = next;
    }
    return end;
}

static void lose(struct file *f, const char *text, size_t n, int err)
{
    f->lost_errno = err;
    for (size_t at = 0; at < n; at += message_end(text + at, n - at) + 1)
        f->n_lost++;
}

/* Returns 0, or an errno, and then what did not go is counted as lost if `counts`. */
static int write_messages(struct file *f, const char *text, size_t n, int patience_ms, bool counts)
{
    while (n > 0) {
        if (f->size > 0 && !fits(f, message_end(text, n))) rotate(f);
        size_t piece = piece_of(f, text, n), written = 0;
        int err = write_all(f, text, piece, patience_ms, &written);
        if (err) {
            if (counts) lose(f, text + written, n - written, err);
            return err;
        }
        size_t gone = piece < n ? piece + 1 : n;
        text += gone;
        n -= gone;
    }
    return 0;
}

/* ---- writing, as an effect */

/* Text to be written, and what is told first of messages that were lost before. */
struct job {
    eff_value_t file; /* keeps it */
    eff_value_t text;
    eff_value_t notice; /* a line; unit: none */
    uint64_t n_told;    /* of the messages that the notice is about */
    int patience_ms;
    atomic_bool begun; /* by the one of two threads that writes it */
};
static void do_job(struct file *f, struct job *j);
/* One that had begun to be waited for, and that nobody will do any more, is done now. */
static void job_clear(struct job *j)
{
    struct file *f = j->file.type ? j->file.ptr : NULL;
    if (f) pthread_mutex_lock(&f->lock);
    if (f && f->under_way == j) do_job(f, j);
    if (f) pthread_mutex_unlock(&f->lock);
    eff_value_decref(j->file);
    eff_value_decref(j->text);
    eff_value_decref(j->notice);
}
EFF_STATIC_TYPE(log_job, struct job, .drop = job_clear);

/* Once; under the lock. */
static void do_job(struct file *f, struct job *j)
{
    if (atomic_exchange(&j->begun, true)) return;
    if (f->under_way == j) f->under_way = NULL;
    bool told = j->notice.type != &eff_unit_type;
    if (told && write_messages(f, eff_as_string(j->notice), eff_string_size(j->notice), j->patience_ms, false) == 0)
        f->n_lost -= j->n_told;
    (void)write_messages(f, eff_as_string(j->text), eff_string_size(j->text), j->patience_ms, true);
}

static eff_value_t write_here(eff_value_t job)
{
    struct job *j = log_job_of(job);
    struct file *f = log_file_of(j->file);
    pthread_mutex_lock(&f->lock);
    do_job(f, j);
    pthread_mutex_unlock(&f->lock);
    return eff_unit;
}

static eff_t *write_there(eff_value_t job)
{
    (void)write_here(job);
    return eff_noop();
}

/* No thread could be started, or there was no memory for it. */
static eff_t *write_after_all(const eff_cause_t *cause, eff_value_t job)
{
    (void)cause;
    return write_there(job);
}

/* Of the running fiber. Unit when nothing was lost, or there is no memory to tell of it. */
static eff_value_t notice_of(struct file *f, uint64_t *ret_n)
{
    pthread_mutex_lock(&f->lock);
    uint64_t n = *ret_n = f->n_lost;
    int err = f->lost_errno;
    pthread_mutex_unlock(&f->lock);
    const eff_log_record_t *notice = n ? eff__log_notice(n, strerror(err)) : NULL;
    if (!notice) return eff_unit;
    eff_value_t line = eff__log_line(f->line.format, notice);
    eff_log_record_decref(notice);
    return eff__value_usable(line) ? line : eff_unit;
}

/* Builds nothing before it runs: what was lost is known then. */
static eff_t *begin(eff_value_t job)
{
    struct job *j = log_job_of(job);
    struct file *f = log_file_of(j->file);
    j->notice = notice_of(f, &j->n_told);
    if (!j->patience_ms) {
        (void)write_here(job);
        return eff_noop();
    }
    pthread_mutex_lock(&f->lock);
    f->under_way = j;
    pthread_mutex_unlock(&f->lock);
    eff_t *there = eff_blocking_at(NULL, write_there, eff_value_incref(job));
    there = eff_catch_cause_at(NULL, there, write_after_all, eff_value_incref(job));
    if (there != &eff__oom_node) return there;
    (void)write_here(job);
    return eff_noop();
}

static eff_t *file_write(struct eff__line_logger *l, eff_value_t text, uint64_t n, bool in_background)
{
    (void)n;
    struct file *f = (struct file *)(void *)l;
    eff_value_t file = log_file_value(log_file_incref(f));
    return eff_suspend_at(NULL, begin,
                          EFF_ENV(log_job, .file = file, .text = text, .notice = eff_unit,
                                  .patience_ms = in_background ? PATIENCE_MS : 0));
}

/* A job that a thread is busy with is waited for, but no longer than a person would. */
static bool file_write_now(struct eff__line_logger *l, const char *text, size_t n)
{
    struct file *f = (struct file *)(void *)l;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    if (pthread_mutex_timedlock(&f->lock, &until) != 0) return false;
    if (f->under_way) do_job(f, f->under_way);
    bool ok = n == 0 || write_messages(f, text, n, 0, true) == 0;
    pthread_mutex_unlock(&f->lock);
    return ok;
}

static eff_t *reopen_now(eff_value_t file)
{
    struct file *f = log_file_of(file);
    pthread_mutex_lock(&f->lock);
    int err = open_anew(f);
    pthread_mutex_unlock(&f->lock);
    if (!err) return eff_noop();
    return eff_fail_at(NULL, eff_error_errno(err, "open the log %s", eff_as_string(f->path)));
}

/* On the pool: a job there may be at the file, or opening may take long. */
static eff_t *file_reopen(struct eff__line_logger *l)
{
    struct file *f = (struct file *)(void *)l;
    return eff_blocking_at(NULL, reopen_now, log_file_value(log_file_incref(f)));
}

static const struct eff__line_ops file_ops = { file_write, file_write_now, file_reopen };

/* ---- opening it */

/* The env is a file that is not open, to be made another of. */
static eff_t *open_file(eff_value_t v)
{
    const struct file *plan = log_file_of(v);
    eff_value_t path = eff_value_incref(plan->path);
    eff_value_t file = EFF_ENV(log_file, .line = plan->line, .path = path, .max_bytes = plan->max_bytes,
                               .keep = plan->keep, .mode = plan->mode, .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1);
    if (!eff__value_usable(file)) return eff_out_of_memory();
    struct file *f = log_file_of(file);
    int err = open_anew(f);
    if (!err) return eff_succeed(file);
    eff_t *failed = eff_fail_at(NULL, eff_error_errno(err, "open the log %s", eff_as_string(f->path)));
    eff_value_decref(file);
    return failed;
}

eff_t *eff__logger_open_file(const eff_logger_file_options_t *given)
{
    eff_logger_file_options_t o = { 0 };
    size_t size = given && given->size && given->size < sizeof o ? given->size : sizeof o;
    if (given) memcpy(&o, given, size);
    if (!o.path) return eff__mistake(NULL, "eff_logger_file was given no path");
    eff_value_t path = eff_string(o.path);
    if (!eff__value_usable(path)) return eff_out_of_memory();
    struct eff__line_logger line = { eff__line_service(), &file_ops, o.format ? o.format : eff_log_format_text };
    return eff_suspend_at(NULL, open_file,
                          EFF_ENV(log_file, .line = line, .path = path, .max_bytes = o.max_bytes,
                                  .keep = o.keep ? o.keep : KEPT, .mode = o.mode ? (mode_t)o.mode : MODE,
                                  .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1));
}
