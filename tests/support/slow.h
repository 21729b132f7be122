/* For tests of what takes long, and what is said of it. The clock that it is judged by is the test's own, and callbacks
 * move it. Who includes it has defined THIS_FILE: its name, with a colon. */
#ifndef TESTS_SUPPORT_SLOW_H
#define TESTS_SUPPORT_SLOW_H

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/runtime.h"
#include "support/fibers.h"

static int64_t now; /* ns */
static inline int64_t read_clock(void)
{
    return now;
}
static inline void pass(int64_t ms)
{
    now += ms * 1000000;
}

enum { MAX_TOLD = 64 };
static struct {
    size_t n;
    eff_slow_t reports[MAX_TOLD];
    char texts[MAX_TOLD][400];
} told;

/* Lines of this file are told as N. */
static inline void copy_text(char *to, size_t room, const char *text)
{
    static const char file[] = THIS_FILE;
    size_t n = 0;
    while (*text && n + sizeof file < room) {
        if (strncmp(text, file, sizeof file - 1) != 0) {
            to[n++] = *text++;
            continue;
        }
        n += (size_t)snprintf(to + n, room - n, "%sN", file);
        text += sizeof file - 1;
        text += strspn(text, "0123456789");
    }
    to[n] = 0;
}

static inline void note(const eff_slow_t *slow, void *arg)
{
    ck_assert_uint_lt(told.n, MAX_TOLD);
    told.reports[told.n] = *slow;
    copy_text(told.texts[told.n], sizeof told.texts[0], slow->text);
    told.n++;
}

/* A runtime that tells of callbacks of 10 ms and more, and finalizers of 5 s and more. */
static inline eff_runtime_t *open_runtime(void)
{
    memset(&told, 0, sizeof told);
    now = 1000000000;
    (void)unsetenv("EFF_DEBUG"); /* which would count for more than the options */
    eff_runtime_t *rt = eff_runtime_new(
        &(eff_runtime_options_t){ .slow_callback = eff_millis(10), .slow_finalizer = eff_seconds(5), .on_slow = note });
    ck_assert_ptr_nonnull(rt);
    rt->debug.now = read_clock;
    return rt;
}

/* Runs e, and what it left running, to the end. */
static inline void run(eff_t *e)
{
    eff_runtime_t *rt = open_runtime();
    eff_exit_decref(eff_runtime_run(rt, e));
    if (eff_runtime_n_fibers(rt) > 0) eff__run_shutdown(rt);
    eff_runtime_free(rt);
}

/* ---- callbacks of every kind; env: how many ms they take */

static inline eff_value_t sync_fn(eff_value_t env)
{
    pass(eff_as_int(env));
    return eff_unit;
}
static inline eff_t *bind_fn(eff_value_t v, eff_value_t env)
{
    pass(eff_as_int(env));
    return eff_noop();
}

/* ---- finalizers */

/* Starts e under a TestClock, which does not move the clock that finalizers are judged by. */
static inline eff_test_t *begin(eff_t *e)
{
    memset(&told, 0, sizeof told);
    now = 1000000000;
    eff_test_t *t = eff_test_new();
    eff_runtime_t *rt = eff_test_runtime(t);
    rt->debug.now = read_clock;
    rt->debug.finalizer_ns = eff_seconds(5).ns;
    rt->options.on_slow = note;
    (void)eff_test_fork(t, e);
    eff_test_adjust(t, eff_millis(0));
    return t;
}

#endif
