/* The fibers of the model floor: 64 bytes each, on an intrusive run queue, in a wait list, or in the timer heap.
 * For floor.c only. */
#ifndef BENCH_FLOOR_FIBER_H
#define BENCH_FLOOR_FIBER_H

#include "floor.h"

enum floor_end { END_OK, END_FAILED, END_INTERRUPTED };

enum floor_wait {
    WAIT_NOTHING, /* running, or in the run queue */
    WAIT_LIST,    /* in `list`; an offerer's item is its `value` */
    WAIT_JOIN,    /* for `joined` */
    WAIT_TIMER,   /* in the heap, by `timer` */
    WAIT_SIDES    /* for what its topmost frame has started */
};

enum floor_role {
    ROLE_PLAIN, /* owner: the fiber that joins it, or NULL */
    ROLE_SIDE,  /* owner: the struct floor_race */
    ROLE_WORKER /* owner: the struct floor_for_each */
};

struct floor_fiber {
    struct floor_fiber *next;   /* in a fifo */
    struct floor_node *current; /* to be evaluated next; NULL: `value` and `end` go to the topmost frame */
    struct floor_node *frames;  /* topmost frame, linked by `below` */
    long value;                 /* a result on its way in or, at the end, out */
    union {
        struct floor_fiber *joiner;
        struct floor_race *race;
        struct floor_for_each *for_each;
    } owner;
    union {
        struct floor_fifo *list;
        struct floor_fiber *joined;
        struct timer timer;
    } waits;
    long item; /* a worker's; -1 before its first */
    uint8_t end, wait, role;
    bool interrupted, masked, done;
};

static inline void fifo_append(struct floor_fifo *q, struct floor_fiber *f)
{
    f->next = NULL;
    if (q->head) q->tail->next = f;
    else q->head = f;
    q->tail = f;
}
static inline void fifo_prepend(struct floor_fifo *q, struct floor_fiber *f)
{
    if (!q->head) q->tail = f;
    f->next = q->head;
    q->head = f;
}
static inline struct floor_fiber *fifo_pop(struct floor_fifo *q)
{
    struct floor_fiber *f = q->head;
    q->head = f->next;
    return f;
}
/* O(n), for an interrupted waiter only: a list with back links would cost every waiter. */
static inline void fifo_remove(struct floor_fifo *q, struct floor_fiber *f)
{
    struct floor_fiber **at = &q->head, *before = NULL;
    for (; *at != f; at = &(*at)->next)
        before = *at;
    *at = f->next;
    if (q->tail == f) q->tail = before;
}

static inline struct floor_fiber *fiber_new(struct floor_node *e, enum floor_role role)
{
    struct floor_fiber *f = pool_alloc(sizeof *f);
    f->current = e;
    f->frames = NULL;
    f->value = 0;
    f->owner.joiner = NULL;
    f->item = -1;
    f->end = END_OK;
    f->wait = WAIT_NOTHING;
    f->role = (uint8_t)role;
    f->interrupted = f->masked = f->done = false;
    return f;
}
static inline void fiber_free(struct floor_fiber *f)
{
    pool_free(f, sizeof *f);
}

#endif
