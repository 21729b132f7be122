/* Lines of stdin.
 *
 * What is read ahead stays in the buffer of stdin, where getchar and scanf of the same program find it too. So all that
 * is needed of stdio is how much is in there: then getc asks the system for more only after poll(2) said that this will
 * not wait. An effect that reads is a `struct reading`, in line behind those that began before (turn.h):
 *
 *     read     all of a line is there: done. Else
 *     turn     until no earlier reading of this runtime is left, then
 *     again    takes what is there; while the line is not at its end: wait_readable, again
 *
 * The line is with the caller as the instruction that completes it ends. A reading that is dropped before that puts
 * back what it took, in front of what stdin holds: then nothing has been read.
 */
#include "layers/console_input.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <effect/fd.h>

#include "core/build.h"
#include "layers/turn.h"
#include "runtime/runtime.h"

enum { MOST_AT_ONCE = 1 << 16 /* bytes, before other fibers get their turn */ };

struct reading {
    struct eff__turn turn; /* first */
    size_t limit;
    eff_buffer_t line; /* what was taken, its end included */
    bool too_long;     /* it is being skipped, and not kept any more */
};

static __thread struct eff__turns turns; /* of this thread's runtimes */

/* Puts back what was taken; while it still is in the buffer of stdio, that takes no memory. */
static void reading_drop(void *payload)
{
    struct reading *r = payload;
    for (size_t i = r->line.size; i > 0; i--)
        (void)ungetc((unsigned char)r->line.text[i - 1], stdin);
    eff_buffer_done(&r->line);
    eff__turn_leave(&r->turn);
}
static const eff_type_t reading_type = {
    .size = sizeof(struct reading), .name = "line to read", .drop = reading_drop, .flags = EFF_TYPE_COUNTED
};

/* ---- stdin without waiting */

/* The bytes that can be had from its buffer as they lie there; fields of glibc's, which its getc_unlocked reads too. */
static size_t n_ahead(const FILE *file)
{
    return (size_t)(file->_IO_read_end - file->_IO_read_ptr);
}

/* Whether bytes that were put back hide others, which getc finds without asking the system. */
static bool has_hidden(const FILE *file)
{
    enum { IN_BACKUP = 0x100 /* glibc's _IO_IN_BACKUP */ };
    return file->_flags & IN_BACKUP && file->_IO_save_end > file->_IO_save_base;
}

/* Whether a read would not block. When that cannot be told, the read is to say what is wrong. */
static bool is_readable(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int n;
    while ((n = poll(&p, 1, 0)) < 0 && errno == EINTR)
        continue;
    return n != 0;
}

enum { END = -1 };

/* Has stdio ask the system, once. @return 0 when there is something in its buffer, EAGAIN, END, or another errno */
static int fill(FILE *file)
{
    int c;
    if (!has_hidden(file) && !is_readable(fileno(file))) return EAGAIN;
    do {
        clearerr_unlocked(file); /* what was the end of a terminal may have been continued */
        errno = 0;
        c = getc_unlocked(file);
    } while (c == EOF && ferror_unlocked(file) && errno == EINTR);
    if (c != EOF) {
        (void)ungetc(c, file);
        return 0;
    }
    if (!ferror_unlocked(file)) return END;
    return errno == EWOULDBLOCK ? EAGAIN : errno ? errno : EIO;
}

/* Takes n bytes of stdio's buffer for the line, or drops them if it is too long. @return 0, or ENOMEM */
static int take(struct reading *r, FILE *file, size_t n)
{
    char skipped[256];
    size_t with_end = r->limit > SIZE_MAX - 2 ? SIZE_MAX : r->limit + 2; /* "\r\n" */
    if (!r->too_long && n > with_end - r->line.size) {
        r->too_long = true;
        eff_buffer_done(&r->line);
    }
    if (!r->too_long) {
        eff_buffer_add_n(&r->line, file->_IO_read_ptr, n);
        if (r->line.truncated) return ENOMEM;
    }
    while (n > 0) {
        size_t piece = n < sizeof skipped ? n : sizeof skipped;
        n -= fread_unlocked(skipped, 1, piece, file);
    }
    return 0;
}

/* Takes of stdin until the end of a line. @return 0 when that has come; EAGAIN when there is no more yet, EBUSY when
 * others should have a turn; END, ENOMEM, or another errno */
static int take_line(struct reading *r, FILE *file)
{
    for (size_t taken = 0; taken < MOST_AT_ONCE;) {
        if (n_ahead(file) == 0) {
            int err = fill(file);
            if (err) return err;
        }
        size_t n = n_ahead(file);
        const char *end = memchr(file->_IO_read_ptr, '\n', n);
        if (end) n = (size_t)(end - file->_IO_read_ptr) + 1;
        if (take(r, file, n)) return ENOMEM;
        if (end) return 0;
        taken += n;
    }
    return EBUSY;
}

/* ---- the effect */

/* The line without its end. Its bytes are not put back any more, unless there is no memory. */
static eff_value_t finish(struct reading *r)
{
    const char *text = eff_buffer_text(&r->line);
    size_t n = r->line.size;
    if (n > 0 && text[n - 1] == '\n') n -= n > 1 && text[n - 2] == '\r' ? 2 : 1;
    if (n > r->limit) r->too_long = true;
    eff_value_t line = r->too_long ? eff_error(&eff_argument_error, 0, "a line is longer than %zu bytes", r->limit)
                                   : eff_string_n(text, n);
    if (!eff_is_oom(line)) eff_buffer_clear(&r->line);
    return line;
}

static eff_t *again(eff_value_t v, eff_value_t reading);

static int take_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct reading *r = e->prim.value.ptr;
    flockfile(stdin);
    int err = take_line(r, stdin);
    funlockfile(stdin);
    if (err == EAGAIN || err == EBUSY) {
        eff_t *wait = err == EAGAIN ? eff_wait_readable_at(NULL, fileno(stdin)) : eff_yield_now();
        return eff__prim_effect(f, eff_flat_map_at(NULL, wait, again, eff__prim_take_value(e, alone)));
    }
    if (err == ENOMEM) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    if (err == END && r->line.size == 0 && !r->too_long)
        return eff__prim_fail(f, eff_error(&eff_end_error, 0, "stdin"));
    if (err && err != END) return eff__prim_fail(f, eff_error_errno(err, "read from stdin"));
    eff_value_t line = finish(r);
    if (eff_is_oom(line)) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    return r->too_long ? eff__prim_fail(f, line) : eff__prim_value(f, line);
}
static const struct eff__prim take_prim = { "console_take_line", take_run };

static eff_t *again(eff_value_t v, eff_value_t reading)
{
    (void)v;
    return eff__prim_node_plain(NULL, &take_prim, eff_value_incref(reading));
}

static int read_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    struct reading *r = eff__payload_alloc(&reading_type, sizeof *r);
    if (!r) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    *r = (struct reading){ .limit = (size_t)e->prim.value.integer, .line = EFF_BUFFER_INIT };
    eff__turn_join(&r->turn, &turns, (struct eff__turn_key){ .rt = f->rt });
    eff_value_t reading = { .type = &reading_type, .ptr = r };
    if (eff__turn_has_come(&r->turn)) {
        eff_t *take_it = again(eff_unit, reading);
        eff_value_decref(reading);
        return eff__prim_effect(f, take_it);
    }
    eff_value_t waiting = eff_value_incref(reading);
    return eff__prim_effect(f, eff_flat_map_at(NULL, eff__turn_await(waiting), again, reading));
}
static const struct eff__prim read_prim = { "console_read_line", read_run };

eff_t *eff__console_read_line(eff_console_t *console, size_t limit)
{
    (void)console;
    return eff__prim_node_plain(NULL, &read_prim, eff_int((int64_t)limit));
}
