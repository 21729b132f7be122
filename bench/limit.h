/* The limit's fibers: hand-written state machines on an intrusive run queue. They check nothing: no interruption, no
 * budget, no result types. A state machine's `step` runs until it has to wait; `state` is its case label. */
#ifndef BENCH_LIMIT_H
#define BENCH_LIMIT_H

#include "pool.h"

struct limit_fiber {
    void (*step)(struct limit_fiber *f);
    struct limit_fiber *next, *joiner;
    long i;     /* what it counts */
    long value; /* in or out */
    int state;
    bool done;
    void *p;
};

struct limit_fifo {
    struct limit_fiber *head, *tail;
};

extern struct limit_fifo limit_ready;

static inline void limit_append(struct limit_fifo *q, struct limit_fiber *f)
{
    f->next = NULL;
    if (q->head) q->tail->next = f;
    else q->head = f;
    q->tail = f;
}
static inline struct limit_fiber *limit_pop(struct limit_fifo *q)
{
    struct limit_fiber *f = q->head;
    q->head = f->next;
    return f;
}
static inline void limit_wake(struct limit_fiber *f)
{
    limit_append(&limit_ready, f);
}

static inline struct limit_fiber *limit_fiber_new(void (*step)(struct limit_fiber *f))
{
    struct limit_fiber *f = pool_alloc(sizeof *f);
    f->step = step;
    f->joiner = NULL;
    f->i = f->value = 0;
    f->state = 0;
    f->done = false;
    f->p = NULL;
    return f;
}
static inline void limit_fiber_free(struct limit_fiber *f)
{
    pool_free(f, sizeof *f);
}

/* Runs until no fiber is ready. */
static inline void limit_run(void)
{
    while (limit_ready.head) {
        struct limit_fiber *f = limit_pop(&limit_ready);
        f->step(f);
    }
}

#endif
