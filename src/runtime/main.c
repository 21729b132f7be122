/* eff_main: an effect as a process's main job. The only place of the library that touches signals. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <effect/console.h>

#include "core/sink.h"
#include "runtime/dump.h"
#include "runtime/last_words.h"
#include "runtime/leaks.h"
#include "runtime/runtime.h"
#include "runtime/stop.h"

enum {
    ERROR_BYTES = 512, /* so much is shown of an error that came with an interruption */
    ROOM_BYTES = 512,  /* so much goes at once into an output that takes anything */
    PATIENCE_S = 5     /* after a signal, finalizers that run for longer are told of */
};

struct main_run {
    eff_runtime_t *rt;
    int signal; /* the first that came, or 0 */
    eff_exit_t exit;
    eff_fiber_t *fiber; /* who is waited for, and interrupted by a signal; NULL: nobody, all is being shut down */
};

static const char *signal_name(int signal)
{
    return signal == SIGINT ? "SIGINT" : "SIGTERM";
}

static bool takes_nothing(FILE *file)
{
    struct pollfd p = { .fd = fileno(file), .events = POLLOUT };
    return poll(&p, 1, 0) == 0;
}

/* As fflush(NULL), but without waiting: what an output that takes nothing was to get is given up. */
static void flush_at_once(void)
{
    if (takes_nothing(stdout)) __fpurge(stdout);
    if (takes_nothing(stderr)) __fpurge(stderr);
    fflush(NULL);
}

static void on_stop(int signal, void *arg)
{
    struct main_run *m = (struct main_run *)arg;
    if (m->signal) { /* the second one does not wait */
        if (!takes_nothing(stderr))
            fprintf(stderr, "libeffect: %s is the second signal: exits at once, without waiting for finalizers\n",
                    signal_name(signal));
        eff__say_last_words(m->rt);
        flush_at_once();
        _exit(128 + signal);
    }
    m->signal = signal;
    if (!m->rt->debug.finalizer_ns) eff__finalizers_watch(m->rt, (int64_t)PATIENCE_S * 1000000000);
    eff__finalizers_asked(m->rt);
    if (!m->fiber) return;
    eff_cause_t *cause = eff__interrupt_cause(NULL, EFF_INTERRUPT_SHUTDOWN, NULL);
    eff__fiber_interrupt(m->fiber, cause);
    eff__stop_ask(m->rt->stop);
    eff_cause_decref(cause);
}

/* Prints what fits without waiting; false: it is to be printed by a fiber, so that signals are heard meanwhile. */
static bool print_at_once(const eff_buffer_t *text)
{
    if (text->size > ROOM_BYTES || takes_nothing(stderr)) return false;
    fputs(eff_buffer_text(text), stderr);
    return true;
}

static eff_t *printing(const eff_buffer_t *text)
{
    return eff_print_error_line_at(NULL, eff_string_n(eff_buffer_text(text), text->size - 1)); /* which ends the line */
}

static void put_fibers(struct eff__sink sink, const eff_runtime_t *rt)
{
    eff__sink_printf(&sink, "libeffect: %zu fiber%s, %zu ready to run, %zu waiting for the outside\n", rt->n_fibers,
                     rt->n_fibers == 1 ? "" : "s", eff__n_ready(rt), rt->n_external);
    eff__dump_fibers(rt, sink, true);
}

static void on_quit(int signal, void *arg)
{
    struct main_run *m = (struct main_run *)arg;
    eff_buffer_t text = EFF_BUFFER_INIT;
    (void)signal;
    put_fibers((struct eff__sink){ .buffer = &text }, m->rt);
    if (text.truncated) put_fibers((struct eff__sink){ .file = stderr }, m->rt);
    else if (!print_at_once(&text)) (void)eff_runtime_fork(m->rt, printing(&text), NULL, NULL, NULL);
    eff_buffer_done(&text);
}

/* One line for what failed in the course of an interruption: with many fibers it is often the same thing many times. */
static void put_interrupted(struct eff__sink sink, const char *by, const eff_cause_t *cause)
{
    size_t n = eff_cause_count(cause, EFF_CAUSE_FAIL);
    eff_value_t error;
    if (!eff_cause_failure(cause, &error)) return;
    eff__sink_printf(&sink, "libeffect: interrupted by %s; ", by);
    if (n == 1) eff__sink_add(&sink, "1 failure came with it: ");
    else eff__sink_printf(&sink, "%zu failures came with it, the first: ", n);
    eff__sink_value(&sink, error, ERROR_BYTES);
    eff__sink_add(&sink, "\n");
}

static void put_failure(struct eff__sink sink, const struct main_run *m)
{
    const eff_cause_t *cause = m->exit.cause;
    if (m->signal && eff_cause_is_interrupted(cause) && !eff_cause_has_die(cause)) {
        put_interrupted(sink, signal_name(m->signal), cause);
    } else if (sink.file) {
        eff_cause_print(cause, sink.file);
    } else {
        eff_cause_format(cause, sink.buffer);
        eff_buffer_add(sink.buffer, "\n");
    }
}

/* By a fiber if need be, which a signal interrupts: an output that nobody reads does not hold the process. */
static void print_failure(struct main_run *m)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    put_failure((struct eff__sink){ .buffer = &text }, m);
    bool printed = !text.truncated && (text.size == 0 || print_at_once(&text));
    if (!printed && !text.truncated) {
        eff_exit_t exit = eff__run_watched(m->rt, printing(&text), &m->fiber);
        m->fiber = NULL;
        printed = exit.ok || !eff_cause_has_die(exit.cause);
        eff_exit_decref(exit);
    }
    if (!printed) put_failure((struct eff__sink){ .file = stderr }, m);
    eff_buffer_done(&text);
}

static int code_of(const struct main_run *m)
{
    if (m->exit.ok && m->exit.value.type == &eff_int_type) return (int)(m->exit.value.integer & 0xff);
    if (m->signal) return 128 + m->signal;
    if (m->exit.ok) return 0;
    return eff_cause_has_die(m->exit.cause) ? 70 : 1;
}

/* The signals are watched until all has ended, so that finalizers of daemons are waited for as well. */
static int run_main(struct main_run *m, eff_t *e)
{
    void *watches[] = { eff__loop_signal(m->rt->loop, SIGINT, on_stop, m),
                        eff__loop_signal(m->rt->loop, SIGTERM, on_stop, m),
                        eff__loop_signal(m->rt->loop, SIGQUIT, on_quit, m) };
    m->exit = eff__run_watched(m->rt, e, &m->fiber);
    m->fiber = NULL;
    int code = code_of(m); /* what comes from now on changes nothing about how it ended */
    if (!m->exit.ok) print_failure(m);
    if (m->rt->n_fibers > 0) eff__run_shutdown(m->rt);
    for (size_t i = 0; i < sizeof watches / sizeof watches[0]; i++)
        eff__loop_signal_free(watches[i]);
    return code;
}

/* No descriptor that is opened later must become stdin, stdout or stderr because that was closed: text would go into a
 * socket, or into the loop. What takes the place can be neither read nor written, as a closed one. */
static void occupy_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0) (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int eff_main(eff_t *e)
{
    occupy_standard_descriptors();
    struct main_run m = { .rt = eff_runtime_new(NULL) };
    uint64_t before = m.rt && m.rt->debug.leaks ? eff__leaks_now() : 0;
    if (!m.rt) {
        eff_decref(e);
        fputs("libeffect: out of memory before the first fiber could start\n", stderr);
        return 70;
    }
    signal(SIGPIPE, SIG_IGN);
    m.rt->stoppable = true;
    int code = run_main(&m, e);
    eff_exit_decref(m.exit);
    eff_runtime_free(m.rt);
    if (before) eff__leaks_print(before); /* of what was made in between: the caller may hold e still */
    return code;
}

int eff_main_with_at(eff_site_t site, eff_t *e, eff_layer_t *layer)
{
    return eff_main(eff_provide_at(site, e, layer));
}
