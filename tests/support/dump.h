/* For tests of dumps: a program to look at, driven from outside. */
#ifndef TESTS_SUPPORT_DUMP_H
#define TESTS_SUPPORT_DUMP_H

#include <event2/event.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "support/fibers.h"

/* ---- a program to look at, driven from outside */

static struct world w;

static inline eff_runtime_t *start(eff_t *e)
{
    w.test = eff_test_new();
    (void)eff_test_fork(w.test, e);
    return eff_test_runtime(w.test);
}
static inline void adjust(int64_t ms)
{
    eff_test_adjust(w.test, eff_millis(ms));
}
static inline void stop(size_t n_left)
{
    for (int i = 0; i < 8; i++)
        eff_fiber_decref(w.fibers[i]);
    for (int i = 0; i < 4; i++)
        eff_deferred_decref(w.deferreds[i]);
    eff_queue_decref(w.queue);
    ck_assert_uint_eq(eff_test_free(w.test), n_left);
    w = (struct world){ .n = { 0 } };
}

/* The dump, in a static buffer. */
static inline const char *dump(const eff_runtime_t *rt)
{
    static char copy[65536];
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_runtime_dump(rt, &text);
    snprintf(copy, sizeof copy, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    return copy;
}

static inline eff_t *fork_named(eff_site_t site, const char *name, eff_t *e)
{
    return eff_fork_with_at(site, e, &(eff_fork_options_t){ .name = name });
}
static inline eff_t *await_at(eff_site_t site, int i)
{
    return eff_deferred_await_at(site, latch(&w, i));
}
static inline eff_t *id(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_succeed(eff_value_incref(v));
}

/* ---- the text */

static inline eff_t *resolver_and_sleeper(void)
{
    eff_t *resolver = fork_named("serve (web.c:40)", "resolver", await_at("look_up (dns.c:12)", 0));
    eff_t *sleeper = eff_fork_at("serve (web.c:41)", eff_sleep_at("pause (web.c:50)", eff_seconds(60)));
    eff_t *wait = eff_flat_map_at("reply (web.c:43)", await_at("serve (web.c:42)", 1), id, eff_unit);
    return eff_flat_map_at("main (web.c:71)", in_order(resolver, sleeper, wait), id, eff_unit);
}

static inline eff_t *never_starts(eff_task_started_t *started, eff_value_t env)
{
    (void)started, (void)env;
    return eff_never();
}
static inline eff_t *starts_one(eff_task_group_t *group, eff_value_t env)
{
    (void)env;
    return eff_task_group_start_at("a.c:1", group, never_starts, eff_unit);
}

#endif
