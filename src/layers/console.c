/* Console: the service, the effects that print, and those that read; and text on stdout and stderr.
 *
 * The live one writes with write(2), not into the buffers of stdio: so a failure is seen by the effect that printed,
 * and a line is out when that effect has ended. What the program has given to printf goes first, so that both can be
 * mixed.
 *
 * It never waits in a system call: it asks poll(2) first, and writes no more than what is then taken at once. Most
 * texts go out that way, within their instruction. One that does not becomes a `struct writing`, in line behind those
 * under way to the same file, and its fiber waits for the descriptor whenever there is no room:
 *
 *     write    all out: done. Else
 *     turn     until no earlier writing of this runtime to this file is left, then
 *     go_on    writes what goes; while not all is out: wait_writable, go_on
 *
 * (Who waits for a turn: turn.h.) What comes in: console_input.c.
 */
#include "layers/console.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <effect/fd.h>
#include <effect/items.h>

#include "core/build.h"
#include "core/misuse.h"
#include "layers/console_input.h"
#include "layers/layer.h"
#include "layers/turn.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"

/* ---- writing without waiting */

static FILE *file_of(eff_console_output_t to)
{
    return to == EFF_CONSOLE_ERROR ? stderr : stdout;
}

/* Whether a write would not block. When that cannot be told, the write is to say what is wrong. */
static bool has_room(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    int n;
    while ((n = poll(&p, 1, 0)) < 0 && errno == EINTR)
        continue;
    return n != 0;
}

enum { TERMINAL_PIECE = 512 };

/* How much of n bytes an output takes at once when it has room. A file takes all: it is never waited for. A pipe
 * promises PIPE_BUF, and sockets keep more than that free. A terminal promises nothing, and has small buffers. */
static size_t piece_of(int fd, size_t n)
{
    struct stat s;
    if (n <= TERMINAL_PIECE || fstat(fd, &s) < 0) return n;
    if (S_ISREG(s.st_mode) || S_ISBLK(s.st_mode)) return n;
    if (S_ISCHR(s.st_mode)) return TERMINAL_PIECE;
    return n < PIPE_BUF ? n : PIPE_BUF;
}

/* Writes what goes of the n bytes from *written on, behind what stdio holds as the first of them is written.
 * @return 0 when all is out, EAGAIN when there is no room, or another errno */
static int write_what_goes(FILE *file, const char *text, size_t n, size_t *written)
{
    int fd = fileno(file);
    const size_t piece = piece_of(fd, n);
    for (;;) {
        bool held = *written == 0 && __fpending(file) > 0;
        size_t left = n - *written;
        if (!held && left == 0) return 0;
        if (!has_room(fd)) return EAGAIN;
        if (held) {
            if (fflush(file) != 0) return errno;
            continue;
        }
        ssize_t taken = write(fd, text + *written, left < piece ? left : piece);
        if (taken >= 0) *written += (size_t)taken;
        else if (errno == EWOULDBLOCK) return EAGAIN;
        else if (errno != EINTR) return errno;
    }
}

/* The same without SIGPIPE. The signal that a closed pipe raises is for this thread, so it can be blocked and taken
 * away here, whatever the process does with it otherwise; one that was there before stays. */
static int write_without_sigpipe(eff_console_output_t to, eff_value_t text, size_t *written)
{
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    bool was_blocked = sigismember(&before, SIGPIPE) == 1; /* else none can be pending */
    bool was_pending = was_blocked && sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;

    int err = write_what_goes(file_of(to), eff_as_string(text), eff_string_size(text), written);

    if (err == EPIPE && !was_pending)
        while (sigtimedwait(&pipe_only, NULL, &(struct timespec){ 0 }) < 0 && errno == EINTR)
            continue;
    if (!was_blocked) pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

bool eff__console_write_now(eff_console_output_t to, eff_value_t text)
{
    size_t written = 0;
    return write_without_sigpipe(to, text, &written) == 0;
}

static eff_value_t write_error(int err, eff_console_output_t to)
{
    return eff_error_errno(err, "write to %s", to == EFF_CONSOLE_ERROR ? "stderr" : "stdout");
}

/* ---- texts that did not go out at once */

struct writing {
    struct eff__turn turn; /* first. Of the file: stdout and stderr may be one */
    eff_console_output_t to;
    eff_value_t text;
    size_t written;
};

static __thread struct eff__turns turns; /* of this thread's runtimes */

static struct eff__turn_key file_key(const eff_runtime_t *rt, eff_console_output_t to)
{
    struct stat s;
    if (fstat(fileno(file_of(to)), &s) < 0) return (struct eff__turn_key){ .rt = rt };
    return (struct eff__turn_key){ .rt = rt, .device = s.st_dev, .file = s.st_ino };
}

static void writing_drop(void *payload)
{
    struct writing *w = payload;
    eff__turn_leave(&w->turn);
    eff_value_decref(w->text);
}
static const eff_type_t writing_type = {
    .size = sizeof(struct writing), .name = "text to print", .drop = writing_drop, .flags = EFF_TYPE_COUNTED
};

/* The last in line. Consumes text; out of memory, that value. */
static eff_value_t writing_new(eff_runtime_t *rt, eff_console_output_t to, eff_value_t text, size_t written)
{
    struct writing *w = eff__payload_alloc(&writing_type, sizeof *w);
    if (!w) {
        eff_value_decref(text);
        return eff_oom_value();
    }
    *w = (struct writing){ .to = to, .text = text, .written = written };
    eff__turn_join(&w->turn, &turns, file_key(rt, to));
    return (eff_value_t){ .type = &writing_type, .ptr = w };
}

static eff_t *go_on(eff_value_t v, eff_value_t writing)
{
    struct writing *w = (struct writing *)writing.ptr;
    (void)v;
    int err = write_without_sigpipe(w->to, w->text, &w->written);
    if (!err) return eff_noop();
    if (err != EAGAIN) return eff_fail_at(NULL, write_error(err, w->to));
    return eff_flat_map_at(NULL, eff_wait_writable_at(NULL, fileno(file_of(w->to))), go_on, eff_value_incref(writing));
}

/* ---- the live console */

/* Whether nobody is in line who would have to be waited for. */
static bool is_free(const eff_runtime_t *rt, eff_console_output_t to)
{
    return !turns.first || !eff__turn_is_taken(&turns, file_key(rt, to));
}

static int write_run(eff_fiber_t *f, eff_t *e, bool alone, eff_console_output_t to)
{
    size_t written = 0;
    int err = is_free(f->rt, to) ? write_without_sigpipe(to, e->prim.value, &written) : EAGAIN;
    if (!err) return eff__prim_value(f, eff_unit);
    if (err != EAGAIN) return eff__prim_fail(f, write_error(err, to));
    eff_value_t writing = writing_new(f->rt, to, eff__prim_take_value(e, alone), written);
    if (eff_is_oom(writing)) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    eff_value_t waiting = eff_value_incref(writing);
    return eff__prim_effect(f, eff_flat_map_at(NULL, eff__turn_await(waiting), go_on, writing));
}
static int write_out_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    return write_run(f, e, alone, EFF_CONSOLE_OUT);
}
static int write_error_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    return write_run(f, e, alone, EFF_CONSOLE_ERROR);
}
static const struct eff__prim write_out_prim = { "console_write", write_out_run };
static const struct eff__prim write_error_prim = { "console_write_error", write_error_run };

/* Its effects have no site: a trace begins with that of who printed. */
static eff_t *live_write(eff_console_t *console, eff_console_output_t to, eff_value_t text)
{
    (void)console;
    return eff__prim_node_plain(NULL, to == EFF_CONSOLE_ERROR ? &write_error_prim : &write_out_prim, text);
}

static eff_console_t live_console = { .size = sizeof(eff_console_t),
                                      .write = live_write,
                                      .read_line = eff__console_read_line };

EFF_DEFINE_DEFAULT_SERVICE(eff_console, eff_console_t, &live_console);

eff_layer_t *eff_console_live(void)
{
    return eff__layer_named(NULL, eff_layer_succeed(&eff_console_tag, eff_console_value(&live_console)),
                            "eff_console_live");
}

/* ---- printing */

/* The text of label, unless that is unit, of v and of what follows it, as one new string. Borrows both values. */
static eff_value_t text_of(eff_value_t label, eff_value_t v, const char *end)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    if (!eff_value_is(label, &eff_unit_type)) eff_value_format(label, &text);
    eff_value_format(v, &text);
    eff_buffer_add(&text, end);
    eff_value_t made = text.truncated ? eff_oom_value() : eff_string_n(eff_buffer_text(&text), text.size);
    eff_buffer_done(&text);
    return made;
}

static eff_t *print(eff_console_t *console, eff_console_output_t to, eff_value_t label, eff_value_t v, const char *end)
{
    if (console->size < offsetof(eff_console_t, write) + sizeof console->write || !console->write) {
        eff__misuse("the Console in effect does not say .size = sizeof(eff_console_t), or has no .write");
        return eff_noop();
    }
    eff_value_t text = text_of(label, v, end);
    if (eff_is_oom(text)) return eff_out_of_memory();
    return console->write(console, to, text);
}

static eff_t *print_line(eff_console_t *console, eff_value_t v)
{
    return print(console, EFF_CONSOLE_OUT, eff_unit, v, "\n");
}
static eff_t *print_bare(eff_console_t *console, eff_value_t v)
{
    return print(console, EFF_CONSOLE_OUT, eff_unit, v, "");
}
static eff_t *print_error_line(eff_console_t *console, eff_value_t v)
{
    return print(console, EFF_CONSOLE_ERROR, eff_unit, v, "\n");
}
static eff_t *print_error_bare(eff_console_t *console, eff_value_t v)
{
    return print(console, EFF_CONSOLE_ERROR, eff_unit, v, "");
}
static eff_t *print_labelled(eff_console_t *console, eff_value_t label_and_v)
{
    return print(console, EFF_CONSOLE_OUT, eff_first(label_and_v), eff_second(label_and_v), "\n");
}

/* What the Console's effect succeeds with is of no interest. */
static eff_t *printed(eff_site_t site, const char *builder, eff_console_use_fn use, eff_value_t v)
{
    if (!eff__value_usable(v)) return eff__refuse_call(site, builder, true, v);
    return eff_map_to_at(NULL, eff_console_with_at(site, use, v), eff_unit);
}

eff_t *eff_print_line_at(eff_site_t site, eff_value_t v)
{
    return printed(site, "eff_print_line", print_line, v);
}

eff_t *eff_print_at(eff_site_t site, eff_value_t v)
{
    return printed(site, "eff_print", print_bare, v);
}

eff_t *eff_print_error_line_at(eff_site_t site, eff_value_t v)
{
    return printed(site, "eff_print_error_line", print_error_line, v);
}

eff_t *eff_print_error_at(eff_site_t site, eff_value_t v)
{
    return printed(site, "eff_print_error", print_error_bare, v);
}

/* The library calls it, so no line can be told; its name stands in a trace where a line would. */
eff_t *eff_print_value(eff_value_t v, eff_value_t env)
{
    static const char name[] = "eff_print_value";
    if (!eff__value_usable(v)) return eff__refuse_call(NULL, name, true, v);
    if (!eff__value_usable(env)) return eff__refuse_call(NULL, name, true, env);
    eff_value_t label = eff_value_incref(env), shown = eff_value_incref(v);
    return printed(name, name, print_labelled, eff_pair(label, shown));
}

/* ---- reading */

static eff_t *read_line(eff_console_t *console, eff_value_t limit)
{
    if (console->size < offsetof(eff_console_t, read_line) + sizeof console->read_line || !console->read_line)
        return eff_fail_at(NULL, eff_error(&eff_end_error, 0, "the Console in effect has no input"));
    return console->read_line(console, (size_t)eff_as_int(limit));
}

/* Nothing stands between the Console's effect and the caller's: an interruption that came between them would lose a
 * line that was taken from the input already. */
eff_t *eff_read_line_of_at(eff_site_t site, size_t limit)
{
    return eff_console_with_at(site, read_line, eff_int((int64_t)limit));
}

eff_t *eff_read_line_at(eff_site_t site)
{
    return eff_read_line_of_at(site, EFF_LINE_LIMIT);
}

static eff_value_t some_line(eff_value_t line, eff_value_t env)
{
    (void)env;
    return eff_some(eff_value_incref(line));
}
static eff_t *no_line(eff_value_t error, eff_value_t env)
{
    (void)error, (void)env;
    return eff_succeed_at(NULL, eff_none());
}

eff_value_t eff_read_lines_at(eff_site_t site)
{
    eff_t *e = eff_map_at(NULL, eff_read_line_at(site), some_line, eff_unit);
    return eff_pull(eff_catch_kind_at(NULL, e, &eff_end_error, no_line, eff_unit));
}
