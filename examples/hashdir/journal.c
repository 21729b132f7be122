/* The journal is text: a first line that tells what it is, then lines of hash, size, time of change and escaped path.
 * Each line is written by one write at the end of the file, so that no two can mix. A line that was cut off, by a full
 * disk for example, is not used. */
#include "journal.h"

#include "names.h"
#include "sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_LINE "hashdir journal 1\n"

struct known {
    char hash[SHA256_HEX_SIZE + 1];
    int64_t size, changed_ns;
    char *path;
};

struct journal {
    int fd;
    struct stat file;
    struct known *known; /* sorted by path */
    size_t n_known;
};

static void journal_clear(journal_t *j)
{
    for (size_t i = 0; i < j->n_known; i++)
        free(j->known[i].path);
    free(j->known);
    if (j->fd >= 0) close(j->fd);
}
EFF_DEFINE_TYPE(journal, journal_t, .drop = journal_clear);

/* ---- reading, on the pool */

/* False: not a line of a journal. */
static bool parse(char *line, struct known *ret)
{
    int at = 0;
    char *end = strchr(line, '\n');
    if (!end) return false;
    *end = 0;
    if (sscanf(line, "%64[0-9a-f] %" SCNd64 " %" SCNd64 " %n", ret->hash, &ret->size, &ret->changed_ns, &at) < 3)
        return false;
    if (!at || strlen(ret->hash) != SHA256_HEX_SIZE || !name_unescape(line + at)) return false;
    ret->path = strdup(line + at);
    return ret->path != NULL;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct known *)a)->path, ((const struct known *)b)->path);
}

/* False, with errno: no memory, or no journal. */
static bool read_lines(journal_t *j, FILE *file)
{
    char *line = NULL;
    size_t capacity = 0;
    bool ok = true;
    for (size_t n = 0; ok && getline(&line, &capacity, file) > 0; n++) {
        struct known known;
        if (n == 0) {
            ok = strcmp(line, FIRST_LINE) == 0;
            errno = EINVAL;
        } else if (parse(line, &known)) {
            struct known *more = realloc(j->known, (j->n_known + 1) * sizeof *more);
            if (more) (j->known = more)[j->n_known++] = known;
            else free(known.path), ok = false;
        }
    }
    if (ferror(file)) ok = false;
    free(line);
    return ok;
}

/* Succeeds with 0, or fails with -1 and errno. */
static int load(journal_t *j)
{
    int copy = dup(j->fd);
    FILE *file = copy < 0 ? NULL : fdopen(copy, "r");
    if (!file) {
        if (copy >= 0) close(copy);
        return -1;
    }
    bool ok = read_lines(j, file);
    int err = errno;
    fclose(file);
    errno = err;
    if (j->n_known) qsort(j->known, j->n_known, sizeof *j->known, by_path);
    return ok ? 0 : -1;
}

/* ---- writing, on the pool */

static int append(int fd, const char *text, size_t n)
{
    ssize_t written = write(fd, text, n);
    if (written >= 0 && (size_t)written < n) errno = ENOSPC;
    return written == (ssize_t)n ? 0 : -1;
}

/* Makes sure that the next line begins a line. */
static int prepare(journal_t *j)
{
    char last;
    if (j->file.st_size == 0) return append(j->fd, FIRST_LINE, strlen(FIRST_LINE));
    if (pread(j->fd, &last, 1, j->file.st_size - 1) != 1) return -1;
    return last == '\n' ? 0 : append(j->fd, "\n", 1);
}

static eff_t *open_now(eff_value_t path_value)
{
    const char *path = eff_as_string(path_value);
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
    if (fd < 0) return eff_fail_errno("cannot open %s", path);
    eff_value_t journal = journal_make((journal_t){ .fd = fd });
    if (eff_is_oom(journal)) return eff_succeed(journal);

    journal_t *j = journal_of(journal);
    eff_t *e;
    if (fstat(fd, &j->file) < 0) e = eff_fail_errno("cannot read %s", path);
    else if (!S_ISREG(j->file.st_mode)) e = eff_fail(eff_error(&eff_argument_error, 0, "%s is not a file", path));
    else if (load(j) < 0 && errno == EINVAL)
        e = eff_fail(eff_error(&eff_argument_error, 0, "%s is not a journal of hashdir", path));
    else if (errno = 0, prepare(j) < 0) e = eff_fail_errno("cannot write %s", path);
    else return eff_succeed(journal);
    eff_value_decref(journal);
    return e;
}

eff_t *journal_open(const char *path)
{
    return eff_blocking(open_now, eff_string(path));
}

static eff_t *append_now(eff_value_t journal_and_line)
{
    journal_t *j = journal_of(eff_first(journal_and_line));
    eff_value_t line = eff_second(journal_and_line);
    int failed = append(j->fd, eff_as_string(line), eff_string_size(line));
    return failed ? eff_fail_errno("cannot write the journal") : eff_noop();
}

eff_t *journal_add(journal_t *j, const found_t *file, const char *hash)
{
    eff_buffer_t line = EFF_BUFFER_INIT;
    eff_buffer_printf(&line, "%s %" PRId64 " %" PRId64 " ", hash, file->size, file->changed_ns);
    name_escape(eff_as_string(file->path), &line);
    eff_buffer_add(&line, "\n");
    eff_value_t text = line.truncated ? eff_oom_value() : eff_string(eff_buffer_text(&line));
    eff_buffer_done(&line);
    return eff_blocking(append_now, eff_pair(journal_value(journal_incref(j)), text));
}

/* ---- looking up */

struct stat journal_file(const journal_t *j)
{
    return j->file;
}

const char *journal_find(const journal_t *j, const found_t *file)
{
    const char *path = eff_as_string(file->path);
    size_t low = 0, high = j->n_known;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(j->known[mid].path, path) < 0) low = mid + 1;
        else high = mid;
    }
    for (; low < j->n_known && strcmp(j->known[low].path, path) == 0; low++) /* it may have changed between two runs */
        if (j->known[low].size == file->size && j->known[low].changed_ns == file->changed_ns) return j->known[low].hash;
    return NULL;
}
