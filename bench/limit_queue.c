/* The limits of W5, W7b and W12: state machines that wait in a bounded queue, for a lock or for a deferred. */
#include "limit.h"
#include "workloads.h"

static long last, sum;

struct queue {
    long *items;
    uint32_t capacity, head, n;
    struct limit_fifo takers, offerers;
};
static struct queue there, back;

static void queue_init(struct queue *q, uint32_t capacity)
{
    *q = (struct queue){ .capacity = capacity };
    q->items = malloc(capacity * sizeof *q->items);
    CHECK(q->items);
}

static inline void put(struct queue *q, long v)
{
    uint32_t at = q->head + q->n++;
    q->items[at >= q->capacity ? at - q->capacity : at] = v;
}

/* False: f was parked with its item in `value`. */
static inline bool offer(struct queue *q, long v, struct limit_fiber *f)
{
    if (q->takers.head) {
        struct limit_fiber *taker = limit_pop(&q->takers);
        taker->value = v;
        limit_wake(taker);
    } else if (q->n == q->capacity) {
        f->value = v;
        limit_append(&q->offerers, f);
        return false;
    } else {
        put(q, v);
    }
    return true;
}

/* False: f was parked; either way the item arrives in `value`. */
static inline bool take(struct queue *q, struct limit_fiber *f)
{
    if (q->n == 0) {
        limit_append(&q->takers, f);
        return false;
    }
    f->value = q->items[q->head];
    if (++q->head == q->capacity) q->head = 0;
    q->n--;
    if (q->offerers.head) {
        struct limit_fiber *offerer = limit_pop(&q->offerers);
        put(q, offerer->value);
        limit_wake(offerer);
    }
    return true;
}

static void run_two(void (*first)(struct limit_fiber *f), void (*second)(struct limit_fiber *f))
{
    struct limit_fiber *a = limit_fiber_new(first), *b = limit_fiber_new(second);
    limit_wake(a);
    limit_wake(b);
    limit_run();
    CHECK(a->done && b->done);
    limit_fiber_free(a);
    limit_fiber_free(b);
}

/* ---- W5a */

static void ping(struct limit_fiber *f)
{
    for (;;) {
        switch (f->state) {
        case 0:
            if (f->i == last) {
                f->done = true;
                return;
            }
            f->state = 1;
            if (!offer(&there, f->i, f)) return;
            /* fallthrough */
        case 1:
            f->state = 2;
            if (!take(&back, f)) return;
            /* fallthrough */
        default:
            CHECK(f->value == f->i);
            f->i++;
            f->state = 0;
        }
    }
}

static void pong(struct limit_fiber *f)
{
    for (;;) {
        switch (f->state) {
        case 0:
            if (f->i == last) {
                f->done = true;
                return;
            }
            f->state = 1;
            if (!take(&there, f)) return;
            /* fallthrough */
        case 1:
            f->state = 2;
            if (!offer(&back, f->value, f)) return;
            /* fallthrough */
        default: f->i++; f->state = 0;
        }
    }
}

void limit_ping_pong(long n)
{
    last = n;
    queue_init(&there, 1);
    queue_init(&back, 1);
    run_two(ping, pong);
    free(there.items);
    free(back.items);
}

/* ---- W5b and W7b */

static void produce(struct limit_fiber *f)
{
    while (f->i < last) {
        long v = f->i++;
        if (!offer(&there, v, f)) return;
    }
    f->done = true;
}

static void consume(struct limit_fiber *f)
{
    for (;;) {
        if (f->state) {
            sum += f->value;
            f->i++;
            f->state = 0;
        }
        if (f->i == last) {
            f->done = true;
            return;
        }
        f->state = 1;
        if (!take(&there, f)) return;
    }
}

void limit_queue_64(long n)
{
    last = n;
    sum = 0;
    queue_init(&there, 64);
    run_two(produce, consume);
    CHECK(sum == n * (n - 1) / 2);
    free(there.items);
}

/* Parks for good once the items are used up. */
static void consume_for_ever(struct limit_fiber *f)
{
    do {
        if (f->state) sum += f->value;
        f->state = 1;
    } while (take(&there, f));
}

void limit_fan_out(long n)
{
    struct limit_fiber *producer = limit_fiber_new(produce), *consumers[50];
    last = n;
    sum = 0;
    queue_init(&there, 64);
    for (int i = 0; i < 50; i++) {
        consumers[i] = limit_fiber_new(consume_for_ever);
        limit_wake(consumers[i]);
    }
    limit_wake(producer);
    limit_run();
    CHECK(producer->done && sum == n * (n - 1) / 2);
    for (int i = 0; i < 50; i++)
        limit_fiber_free(consumers[i]);
    limit_fiber_free(producer);
    free(there.items);
}

/* ---- W12: a lock, which a fiber keeps while it yields */

enum { N_LOCKERS = 16 };
static struct {
    bool held;
    struct limit_fifo waiters;
} lock;

static void lock_and_yield(struct limit_fiber *f)
{
    for (;;) {
        switch (f->state) {
        case 0:
            if (f->i == 0) {
                f->done = true;
                return;
            }
            f->state = 1;
            if (lock.held) {
                limit_append(&lock.waiters, f);
                return;
            }
            lock.held = true;
            /* fallthrough */
        case 1:
            f->state = 2;
            limit_wake(f);
            return;
        default:
            sum++;
            f->i--;
            f->state = 0;
            if (lock.waiters.head) limit_wake(limit_pop(&lock.waiters)); /* who has it now */
            else lock.held = false;
        }
    }
}

void limit_mutex(long n)
{
    struct limit_fiber *fibers[N_LOCKERS];
    sum = 0;
    for (int i = 0; i < N_LOCKERS; i++) {
        fibers[i] = limit_fiber_new(lock_and_yield);
        fibers[i]->i = n / N_LOCKERS;
        limit_wake(fibers[i]);
    }
    limit_run();
    for (int i = 0; i < N_LOCKERS; i++) {
        CHECK(fibers[i]->done);
        limit_fiber_free(fibers[i]);
    }
    CHECK(sum == n / N_LOCKERS * N_LOCKERS && !lock.held);
}

/* ---- W12: deferreds */

struct deferred {
    bool done;
    long value;
    struct limit_fiber *waiter;
};

static struct deferred *deferred_new(void)
{
    struct deferred *d = pool_alloc(sizeof *d);
    d->done = false;
    d->waiter = NULL;
    return d;
}

static void complete(struct deferred *d, long v)
{
    d->done = true;
    d->value = v;
    if (d->waiter) {
        d->waiter->value = v;
        limit_wake(d->waiter);
    }
}

static inline bool await(struct deferred *d, struct limit_fiber *f)
{
    if (!d->done) d->waiter = f;
    else f->value = d->value;
    return d->done;
}

void limit_deferred(long n)
{
    sum = 0;
    for (long i = 0; i < n; i++) {
        struct deferred *volatile hidden = deferred_new(); /* or it would be optimised away */
        struct deferred *d = hidden;
        complete(d, i);
        sum += d->value;
        pool_free(d, sizeof *d);
    }
    CHECK(sum == n * (n - 1) / 2);
}

static struct deferred **asked, **answered;

static void ask(struct limit_fiber *f)
{
    for (;;) {
        if (f->state) {
            CHECK(f->value == f->i);
            f->i++;
        }
        if (f->i == last) {
            f->done = true;
            return;
        }
        complete(asked[f->i], f->i);
        f->state = 1;
        if (!await(answered[f->i], f)) return;
    }
}

static void answer(struct limit_fiber *f)
{
    for (;;) {
        if (f->state) complete(answered[f->i++], f->value);
        if (f->i == last) {
            f->done = true;
            return;
        }
        f->state = 1;
        if (!await(asked[f->i], f)) return;
    }
}

void limit_handoff(long n)
{
    last = n;
    asked = malloc((size_t)n * sizeof(struct deferred *));
    answered = malloc((size_t)n * sizeof(struct deferred *));
    CHECK(asked && answered);
    for (long i = 0; i < n; i++) {
        asked[i] = deferred_new();
        answered[i] = deferred_new();
    }
    run_two(ask, answer);
    for (long i = 0; i < n; i++) {
        pool_free(asked[i], sizeof *asked[i]);
        pool_free(answered[i], sizeof *answered[i]);
    }
    free(asked);
    free(answered);
}
