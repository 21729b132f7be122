/* Console: text on stdout and stderr, and the effects that print.
 *
 * The live one writes with write(2), not into the buffers of stdio: so a failure is seen by the effect that printed,
 * and a line is out when that effect has ended. What the program has given to printf goes first, so that both can be
 * mixed.
 */
#include <effect/console.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "core/build.h"
#include "core/misuse.h"

/* ---- the live console */

/* Waits until an output that others made non-blocking takes more. */
static bool wait_for_room(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

/* @return 0, or the errno */
static int write_all(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, text, n);
        if (written >= 0) {
            text += written;
            n -= (size_t)written;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait_for_room(fd)) return errno;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

/* As write_all, after what stdio holds. The signal that a closed pipe raises is for this thread, so it can be blocked
 * and taken away here, whatever the process does with it otherwise; one that was there before stays.
 * @return 0, or the errno */
static int write_without_sigpipe(FILE *file, const char *text, size_t n)
{
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);

    int err = fflush(file) == 0 ? 0 : errno;
    if (!err) err = write_all(fileno(file), text, n);

    if (err == EPIPE && !was_pending)
        while (sigtimedwait(&pipe_only, NULL, &(struct timespec){ 0 }) < 0 && errno == EINTR)
            continue;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

static int write_to(FILE *file, const char *name, eff_value_t text, eff_value_t *ret_value, eff_value_t *ret_error)
{
    int err = write_without_sigpipe(file, eff_as_string(text), eff_string_size(text));
    if (!err) *ret_value = eff_unit;
    else *ret_error = eff_error_errno(err, "write to %s", name);
    return err ? -1 : 0;
}

static int write_to_stdout(eff_value_t text, eff_value_t *ret_value, eff_value_t *ret_error)
{
    return write_to(stdout, "stdout", text, ret_value, ret_error);
}
static int write_to_stderr(eff_value_t text, eff_value_t *ret_value, eff_value_t *ret_error)
{
    return write_to(stderr, "stderr", text, ret_value, ret_error);
}

/* Its effects have no site: a trace begins with that of who printed. */
static eff_t *live_write(eff_console_t *console, eff_console_output_t to, eff_value_t text)
{
    (void)console;
    return eff_attempt_at(NULL, to == EFF_CONSOLE_ERROR ? write_to_stderr : write_to_stdout, text);
}

static eff_console_t live_console = { .size = sizeof(eff_console_t), .write = live_write };

EFF_DEFINE_DEFAULT_SERVICE_(eff_console, "console", eff_console_t, &live_console);

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
    if (console->size < sizeof *console || !console->write) {
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

/* The library calls it, so it has no line of its own: a trace names it with that of the builder it was given to. */
eff_t *eff_print_value(eff_value_t v, eff_value_t env)
{
    static const char name[] = "eff_print_value";
    if (!eff__value_usable(v)) return eff__refuse_call(NULL, name, true, v);
    if (!eff__value_usable(env)) return eff__refuse_call(NULL, name, true, env);
    eff_value_t label = eff_value_incref(env), shown = eff_value_incref(v);
    return printed(NULL, name, print_labelled, eff_pair(label, shown));
}
