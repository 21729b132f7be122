/* For tests of runtimes on somebody else's loop: a host with a loop, a runtime on it, and what they leave behind. */
#ifndef TESTS_SUPPORT_HOST_H
#define TESTS_SUPPORT_HOST_H

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "support/fibers.h"

struct host {
    struct event_base *base;
    eff_runtime_t *rt;
    struct world w; /* its journal has the exits of the roots, and the failures that nobody asked for */
    int n_exits, n_deadlocks;
    char mistake[2048]; /* the first one reported */
};

static inline void note_mistake(const char *message, void *arg)
{
    struct host *h = arg;
    if (!h->mistake[0]) snprintf(h->mistake, sizeof h->mistake, "%s", message);
}
static inline void note_hosts_unobserved(const eff_fiber_t *fiber, const eff_cause_t *cause, void *arg)
{
    note_unobserved(fiber, cause, &((struct host *)arg)->w);
}
static inline void count_deadlock(eff_runtime_t *rt, void *arg)
{
    ((struct host *)arg)->n_deadlocks++;
}

static inline void open_host(struct host *h)
{
    memset(h, 0, sizeof *h);
    h->base = event_base_new();
    h->rt = eff_runtime_new(&(eff_runtime_options_t){
        .base = h->base, .on_unobserved = note_hosts_unobserved, .on_deadlock = count_deadlock, .arg = h });
    ck_assert_ptr_nonnull(h->rt);
    eff_set_misuse_handler(note_mistake, h);
}
static inline void close_host(struct host *h)
{
    if (h->rt) eff_runtime_free(h->rt);
    event_base_free(h->base);
    eff_set_misuse_handler(NULL, NULL);
    for (int i = 0; i < 8; i++)
        eff_fiber_decref(h->w.fibers[i]);
    for (int i = 0; i < 4; i++)
        eff_deferred_decref(h->w.deferreds[i]);
}

/* An eff_exit_fn, with the host as arg. */
static inline void say_end(const eff_exit_t *exit, void *arg)
{
    struct host *h = arg;
    h->n_exits++;
    journal_add(&h->w, word_of(exit));
}
/* Keeps the handle as w.fibers[i]; i below 0: not at all. */
static inline void fork_root(struct host *h, int i, eff_t *e)
{
    ck_assert_int_eq(eff_runtime_fork(h->rt, e, say_end, h, i < 0 ? NULL : &h->w.fibers[i]), 0);
}
/* Lets the loop handle what is there, without waiting. */
static inline void turn(struct host *h)
{
    ck_assert_int_ge(event_base_loop(h->base, EVLOOP_NONBLOCK), 0);
}

#endif
