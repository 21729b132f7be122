/* The model floor: the smallest honest interpreter of heap-allocated, immutable, counted descriptions with fibers.
 *
 * Honest: an interruption check and an op budget at every instruction, also while descending into a bind; a suspended
 * fiber can be interrupted; race and timeout end and await their losers; a bracket releases on every path; sleepers
 * share one clock that is read once per turn of the loop. Smallest: a value is a long, a cause is a long too, no
 * environments, regions, sites, contexts or typed values, and it does not survive running out of memory.
 *
 * An unshared node becomes its own continuation frame, of a shared one a copy is pushed. A continuation returns the
 * next node, which the interpreter consumes.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include "heap.h"
#include "pool.h"

enum floor_op {
    FLOOR_SUCCEED, /* value */
    FLOOR_FAIL,    /* value */
    FLOOR_YIELD,
    FLOOR_SLEEP,    /* value: nanoseconds */
    FLOOR_FORK,     /* body; succeeds with the struct floor_fiber * */
    FLOOR_JOIN,     /* object: the fiber, which it frees */
    FLOOR_OFFER,    /* value, env: the queue */
    FLOOR_TAKE,     /* object: the queue */
    FLOOR_COMPLETE, /* value, env: the deferred */
    FLOOR_AWAIT,    /* object: the deferred */
    FLOOR_BRACKET,  /* body: acquire, then: use; a struct floor_bracket */
    FLOOR_RELEASE,  /* frames only: what a bracket becomes once it has its resource */
    FLOOR_GEN,      /* step; a struct floor_gen */
    FLOOR_RACE,     /* body, env: the other body; a struct floor_race */
    FLOOR_TIMEOUT,  /* body, nanoseconds; a struct floor_race */
    FLOOR_FOR_EACH, /* then: the body of an item; a struct floor_for_each */
    FLOOR_HOLD,     /* body, env: the mutex; a struct floor_hold */
    FLOOR_FLAT_MAP, /* body, then, env */
    FLOOR_CATCH,    /* body, then, env */
};

struct floor_node;
typedef struct floor_node *(*floor_bind_fn)(long v, void *env);
typedef void (*floor_release_fn)(long resource, void *env);
/* Runs to the next await: returns what to await, or NULL with *value set when it has ended. */
typedef struct floor_node *(*floor_step_fn)(void *frame, long *value);

struct floor_node {
    uint32_t count;
    uint8_t op;
    uint8_t masked; /* of a bracket's frame: the mask outside it */
    uint16_t size;  /* of a gen: bytes of node and frame */
    union {
        long value;
        void *object;
        struct floor_node *body;
        struct floor_node *below; /* of a frame: the frame it stands on */
    };
    /* Instructions without a continuation end here. */
    union {
        floor_bind_fn then;
        floor_step_fn step;
    };
    void *env;
};
enum { FLOOR_SMALL = offsetof(struct floor_node, then) };

struct floor_bracket {
    struct floor_node node;
    floor_release_fn release;
    long resource;
};

struct floor_gen {
    struct floor_node node;
    long frame[];
};

/* A race, or a timeout, whose second side is the caller's own timer. */
struct floor_race {
    struct floor_node node;
    int64_t ns; /* of a timeout */
    struct floor_fiber *caller;
    struct floor_fiber *sides[2]; /* NULL once ended */
    long value;                   /* the winner's */
    uint8_t end;                  /* how the winner ended */
    bool decided;
};

struct floor_for_each {
    struct floor_node node;
    long n, next; /* items, the first not yet started */
    long *results;
    struct floor_fiber *caller;
    uint32_t limit, n_workers; /* at most, alive */
    uint8_t end;               /* of the first item that did not succeed */
};

/* Runs its body under a lock. */
struct floor_hold {
    struct floor_node node;
    struct floor_node *body; /* of a frame, until it has the lock */
};

struct floor_fifo {
    struct floor_fiber *head, *tail;
};

struct floor_queue {
    long *items;
    uint32_t capacity, head, n;
    struct floor_fifo takers, offerers;
};

struct floor_deferred {
    bool done;
    long value;
    struct floor_fifo waiters;
};

struct floor_mutex {
    bool held;
    struct floor_fifo waiters; /* who is taken out has the lock */
};

/* ---- builders: inline, as a compiler would see those of a program that is one file */

static inline struct floor_node *floor_small(enum floor_op op)
{
    struct floor_node *e = pool_alloc(FLOOR_SMALL);
    e->count = 1;
    e->op = (uint8_t)op;
    return e;
}
static inline struct floor_node *floor_init(void *p, enum floor_op op, floor_bind_fn then, void *env)
{
    struct floor_node *e = p;
    e->count = 1;
    e->op = (uint8_t)op;
    e->then = then;
    e->env = env;
    return e;
}
static inline struct floor_node *floor_of_value(enum floor_op op, long v)
{
    struct floor_node *e = floor_small(op);
    e->value = v;
    return e;
}
static inline struct floor_node *floor_of_object(enum floor_op op, void *object)
{
    struct floor_node *e = floor_small(op);
    e->object = object;
    return e;
}
static inline struct floor_node *floor_of_body(enum floor_op op, struct floor_node *body, floor_bind_fn then, void *env)
{
    struct floor_node *e = floor_init(pool_alloc(sizeof *e), op, then, env);
    e->body = body;
    return e;
}
static inline struct floor_node *floor_to(enum floor_op op, void *target, long v)
{
    struct floor_node *e = floor_init(pool_alloc(sizeof *e), op, NULL, target);
    e->value = v;
    return e;
}

static inline struct floor_node *floor_succeed(long v)
{
    return floor_of_value(FLOOR_SUCCEED, v);
}
static inline struct floor_node *floor_fail(long v)
{
    return floor_of_value(FLOOR_FAIL, v);
}
static inline struct floor_node *floor_sleep(int64_t ns)
{
    return floor_of_value(FLOOR_SLEEP, ns);
}
static inline struct floor_node *floor_join(void *fiber)
{
    return floor_of_object(FLOOR_JOIN, fiber);
}
static inline struct floor_node *floor_take(struct floor_queue *q)
{
    return floor_of_object(FLOOR_TAKE, q);
}
static inline struct floor_node *floor_await(struct floor_deferred *d)
{
    return floor_of_object(FLOOR_AWAIT, d);
}
static inline struct floor_node *floor_offer(struct floor_queue *q, long v)
{
    return floor_to(FLOOR_OFFER, q, v);
}
static inline struct floor_node *floor_complete(struct floor_deferred *d, long v)
{
    return floor_to(FLOOR_COMPLETE, d, v);
}
static inline struct floor_node *floor_flat_map(struct floor_node *e, floor_bind_fn then, void *env)
{
    return floor_of_body(FLOOR_FLAT_MAP, e, then, env);
}
static inline struct floor_node *floor_catch(struct floor_node *e, floor_bind_fn then, void *env)
{
    return floor_of_body(FLOOR_CATCH, e, then, env);
}
static inline struct floor_node *floor_fork(struct floor_node *e)
{
    struct floor_node *fork = floor_small(FLOOR_FORK);
    fork->body = e;
    return fork;
}

extern struct floor_node floor_yield; /* static: needs no count */
struct floor_node *floor_bracket(struct floor_node *acquire, floor_bind_fn use, floor_release_fn release, void *env);
/* Runs a copy of the frame. */
struct floor_node *floor_gen(floor_step_fn step, const void *frame, size_t size);
/* The first to succeed wins; the loser is interrupted and awaited. */
struct floor_node *floor_race(struct floor_node *a, struct floor_node *b);
/* Succeeds with e's value, or -1 when the time was up first. */
struct floor_node *floor_timeout(struct floor_node *e, int64_t ns);
/* Runs body(0 .. n-1, env), at most `limit` at once; succeeds with the array of results, to be freed. */
struct floor_node *floor_for_each_par(long n, floor_bind_fn body, void *env, uint32_t limit);
struct floor_node *floor_hold(struct floor_mutex *m, struct floor_node *e);

/* ---- what is not a description */

void floor_queue_init(struct floor_queue *q, uint32_t capacity);
void floor_queue_done(struct floor_queue *q);
static inline struct floor_deferred *floor_deferred_new(void)
{
    struct floor_deferred *d = pool_alloc(sizeof *d);
    d->done = false;
    d->waiters.head = NULL;
    return d;
}
/* Runs e as the main fiber until it ends, and checks that it succeeded. */
long floor_run(struct floor_node *e);

#endif
