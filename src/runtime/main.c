/* eff_main: an effect as a process's main job. The only place of the library that touches signals. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sink.h"
#include "runtime/runtime.h"

enum { ERROR_BYTES = 512 }; /* so much is shown of an error that came with an interruption */

struct main_run {
    eff_runtime_t *rt;
    int signal; /* the first that came, or 0 */
    bool done;
    eff_exit_t exit;
    eff_fiber_t *fiber;
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
        flush_at_once();
        _exit(128 + signal);
    }
    m->signal = signal;
    eff_cause_t *cause = eff__interrupt_cause(NULL, EFF_INTERRUPT_SHUTDOWN, NULL);
    eff__fiber_interrupt(m->fiber, cause);
    eff_cause_decref(cause);
}

static void on_quit(int signal, void *arg)
{
    struct main_run *m = (struct main_run *)arg;
    eff_buffer_t text = EFF_BUFFER_INIT;
    (void)signal;
    eff_runtime_dump(m->rt, &text);
    fprintf(stderr, "libeffect: %zu fibers\n%s", eff_runtime_n_fibers(m->rt), eff_buffer_text(&text));
    eff_buffer_done(&text);
}

/* One line for what failed in the course of an interruption: with many fibers it is often the same thing many times. */
static void print_interrupted(const char *by, const eff_cause_t *cause)
{
    struct eff__sink sink = { NULL, stderr };
    size_t n = eff_cause_count(cause, EFF_CAUSE_FAIL);
    eff_value_t error;
    if (!eff_cause_failure(cause, &error)) return;
    eff__sink_printf(&sink, "libeffect: interrupted by %s; ", by);
    if (n == 1) eff__sink_add(&sink, "1 failure came with it: ");
    else eff__sink_printf(&sink, "%zu failures came with it, the first: ", n);
    eff__sink_value(&sink, error, ERROR_BYTES);
    eff__sink_add(&sink, "\n");
}

/* The exit code, and on stderr why. */
static int conclude(struct main_run *m)
{
    if (m->exit.ok)
        return m->exit.value.type == &eff_int_type ? (int)(m->exit.value.integer & 0xff)
               : m->signal                         ? 128 + m->signal
                                                   : 0;
    const eff_cause_t *cause = m->exit.cause;
    if (m->signal && eff_cause_is_interrupted(cause) && !eff_cause_has_die(cause))
        print_interrupted(signal_name(m->signal), cause);
    else eff_cause_print(cause, stderr);
    if (m->signal) return 128 + m->signal;
    if (eff_cause_has_die(cause)) return 70;
    return 1;
}

static int run_main(struct main_run *m, eff_t *e)
{
    int code;
    void *watches[] = { eff__loop_signal(m->rt->loop, SIGINT, on_stop, m),
                        eff__loop_signal(m->rt->loop, SIGTERM, on_stop, m),
                        eff__loop_signal(m->rt->loop, SIGQUIT, on_quit, m) };
    m->exit = eff__run_watched(m->rt, e, &m->fiber);
    code = conclude(m);
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
    if (!m.rt) {
        eff_decref(e);
        fputs("libeffect: out of memory before the first fiber could start\n", stderr);
        return 70;
    }
    signal(SIGPIPE, SIG_IGN);
    int code = run_main(&m, e);
    eff_exit_decref(m.exit);
    if (m.rt->n_fibers > 0) eff__run_shutdown(m.rt);
    eff_runtime_free(m.rt);
    return code;
}

int eff_main_with(eff_t *e, eff_layer_t *layer)
{
    return eff_main(eff_provide_at(NULL, e, layer));
}
