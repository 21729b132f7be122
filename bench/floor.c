/* The interpreter of the model floor: see floor.h for what it promises and what it leaves out. */
#include "floor_fiber.h"

enum {
    OP_BUDGET = 2048, /* instructions a fiber may run before others get their turn */
    TURN_FIBERS = 64  /* fibers run between two looks at the clock */
};

static struct floor_fifo run_queue;
static struct heap sleepers;
static int64_t turn_time; /* 0: the clock was not read in this turn */

static int64_t now(void)
{
    if (turn_time == 0) turn_time = bench_now();
    return turn_time;
}

static inline void wake(struct floor_fiber *f, long v, enum floor_end end)
{
    f->value = v;
    f->end = (uint8_t)end;
    f->wait = WAIT_NOTHING;
    fifo_append(&run_queue, f);
}

static inline void suspend(struct floor_fiber *f, enum floor_wait wait)
{
    f->current = NULL;
    f->wait = (uint8_t)wait;
}

static void park(struct floor_fiber *f, struct floor_fifo *list)
{
    suspend(f, WAIT_LIST);
    f->waits.list = list;
    fifo_append(list, f);
}

static void sleep_for(struct floor_fiber *f, int64_t ns)
{
    suspend(f, WAIT_TIMER);
    heap_add(&sleepers, &f->waits.timer, now() + ns);
}

/* Seen at the fiber's next instruction; a suspended fiber stops waiting, except for fibers that it has started. */
static void interrupt(struct floor_fiber *f)
{
    if (f->interrupted) return;
    f->interrupted = true;
    if (f->masked) return;
    switch ((enum floor_wait)f->wait) {
    case WAIT_NOTHING: return;
    case WAIT_LIST: fifo_remove(f->waits.list, f); break;
    case WAIT_JOIN: f->waits.joined->owner.joiner = NULL; break;
    case WAIT_TIMER: heap_remove(&sleepers, &f->waits.timer); break;
    case WAIT_SIDES:
        if (f->frames->op == FLOOR_FOR_EACH) {
            struct floor_for_each *each = (struct floor_for_each *)f->frames;
            each->next = each->n;
            return;
        }
        break;
    }
    wake(f, 0, END_INTERRUPTED);
}

/* ---- nodes */

static size_t size_of(const struct floor_node *e)
{
    switch ((enum floor_op)e->op) {
    case FLOOR_OFFER:
    case FLOOR_COMPLETE:
    case FLOOR_FLAT_MAP:
    case FLOOR_CATCH: return sizeof *e;
    case FLOOR_BRACKET:
    case FLOOR_RELEASE: return sizeof(struct floor_bracket);
    case FLOOR_GEN: return e->size;
    case FLOOR_RACE:
    case FLOOR_TIMEOUT: return sizeof(struct floor_race);
    case FLOOR_FOR_EACH: return sizeof(struct floor_for_each);
    case FLOOR_HOLD: return sizeof(struct floor_hold);
    default: return FLOOR_SMALL;
    }
}

static bool has_body(const struct floor_node *e)
{
    return e->op == FLOOR_FORK || e->op == FLOOR_FLAT_MAP || e->op == FLOOR_CATCH || e->op == FLOOR_BRACKET ||
           e->op == FLOOR_RACE || e->op == FLOOR_TIMEOUT || e->op == FLOOR_HOLD;
}

/* The two most frequent instructions are told apart from the rest by one comparison. */
static inline bool is_bind(const struct floor_node *e)
{
    return e->op >= FLOOR_FLAT_MAP;
}

/* Drops a description that an interrupted fiber will not run. */
static void discard(struct floor_node *e)
{
    while (e != &floor_yield) {
        if (e->count > 1) {
            e->count--;
            return;
        }
        struct floor_node *body = has_body(e) ? e->body : NULL;
        if (e->op == FLOOR_RACE) discard(e->env);
        pool_free(e, size_of(e));
        if (!body) return;
        e = body;
    }
}

static __attribute__((noinline)) struct floor_node *copy_shared(struct floor_node *e)
{
    size_t size = size_of(e);
    struct floor_node *copy = pool_alloc(size);
    __builtin_memcpy(copy, e, size);
    copy->count = 1;
    e->count--;
    if (has_body(e)) e->body->count++;
    if (e->op == FLOOR_RACE) ((struct floor_node *)e->env)->count++;
    return copy;
}

/* Gives up a node without a body. */
static inline void drop(struct floor_node *e, size_t size)
{
    if (--e->count == 0) pool_free(e, size);
}

/* Makes a frame of e and pushes it. */
static inline struct floor_node *push(struct floor_fiber *f, struct floor_node *e)
{
    if (UNLIKELY(e->count != 1)) e = copy_shared(e);
    e->below = f->frames;
    f->frames = e;
    return e;
}

/* ---- race and timeout */

/* Starts side i before anything else in the run queue runs. */
static void start_side(struct floor_race *r, int i, struct floor_node *e)
{
    struct floor_fiber *side = fiber_new(e, ROLE_SIDE);
    side->owner.race = r;
    r->sides[i] = side;
    fifo_prepend(&run_queue, side);
}

static void start_race(struct floor_fiber *f, struct floor_node *e)
{
    struct floor_node *a = e->body;
    struct floor_race *r = (struct floor_race *)push(f, e);
    r->caller = f;
    r->decided = false;
    r->sides[1] = NULL;
    if (e->op == FLOOR_RACE) {
        start_side(r, 1, r->node.env);
        suspend(f, WAIT_SIDES);
    } else {
        sleep_for(f, r->ns);
    }
    start_side(r, 0, a);
}

static void side_ended(struct floor_fiber *side, long v, enum floor_end end)
{
    struct floor_race *r = side->owner.race;
    struct floor_fiber *caller = r->caller;
    r->sides[r->sides[1] == side] = NULL;
    bool last = !r->sides[0] && !r->sides[1], first_to_count = !r->decided && (end == END_OK || last);
    if (first_to_count) {
        r->decided = true;
        r->value = v;
        r->end = (uint8_t)end;
    }
    /* The caller sleeps in a timeout, waits for the decision, or waits for the losers; or it was woken already. */
    if (caller->wait != WAIT_NOTHING && (first_to_count || last)) {
        if (caller->wait == WAIT_TIMER) heap_remove(&sleepers, &caller->waits.timer);
        wake(caller, 0, END_OK);
    }
    fiber_free(side);
}

/* The caller has its turn: true once all sides have ended. Undecided means that the time was up or that the caller was
 * interrupted. */
static bool settle_race(struct floor_fiber *f, struct floor_race *r)
{
    if (!r->decided) {
        r->decided = true;
        r->value = -1;
        r->end = END_OK;
    }
    if (!r->sides[0] && !r->sides[1]) return true;
    suspend(f, WAIT_SIDES);
    for (int i = 0; i < 2; i++) {
        if (r->sides[i]) interrupt(r->sides[i]);
    }
    return false;
}

/* ---- for_each_par */

static void start_for_each(struct floor_fiber *f, struct floor_node *e)
{
    struct floor_for_each *each = (struct floor_for_each *)push(f, e);
    each->caller = f;
    each->next = 0;
    each->end = END_OK;
    each->results = malloc((size_t)each->n * sizeof *each->results);
    CHECK(each->results);
    each->n_workers = each->n < each->limit ? (uint32_t)each->n : each->limit;
    suspend(f, WAIT_SIDES);
    for (uint32_t i = 0; i < each->n_workers; i++) {
        struct floor_fiber *worker = fiber_new(NULL, ROLE_WORKER);
        worker->owner.for_each = each;
        fifo_prepend(&run_queue, worker);
    }
}

/* A worker's item has ended, or it has none yet: the body of its next item; NULL when there is none. */
static struct floor_node *next_item(struct floor_fiber *f, long v, enum floor_end end)
{
    struct floor_for_each *each = f->owner.for_each;
    if (end != END_OK) {
        each->end = (uint8_t)end;
        each->next = each->n;
    } else if (f->item >= 0) {
        each->results[f->item] = v;
    }
    if (each->next == each->n) return NULL;
    f->item = (int32_t)each->next++;
    f->interrupted = f->masked = false;
    return each->node.then(f->item, each->node.env);
}

/* ---- mutex */

/* False: f waits for the lock, which it has when it is woken. */
static bool start_hold(struct floor_fiber *f, struct floor_node *e)
{
    struct floor_mutex *m = e->env;
    struct floor_node *body = e->body;
    struct floor_hold *h = (struct floor_hold *)push(f, e);
    h->body = body;
    if (m->held) {
        park(f, &m->waiters);
        return false;
    }
    m->held = true;
    return true;
}

/* What to run under the lock; NULL once it has been run, or f was interrupted while it waited. */
static struct floor_node *go_on_with_hold(struct floor_hold *h, enum floor_end end)
{
    struct floor_mutex *m = h->node.env;
    struct floor_node *body = h->body;
    h->body = NULL;
    if (body && end == END_OK) return body;
    if (body) discard(body);
    else if (m->waiters.head) wake(fifo_pop(&m->waiters), 0, END_OK);
    else m->held = false;
    return NULL;
}

/* ---- the end of a fiber */

static void finish(struct floor_fiber *f, long v, enum floor_end end)
{
    switch ((enum floor_role)f->role) {
    case ROLE_SIDE: side_ended(f, v, end); return;
    case ROLE_WORKER: {
        struct floor_for_each *each = f->owner.for_each;
        if (--each->n_workers == 0) wake(each->caller, (long)(intptr_t)each->results, (enum floor_end)each->end);
        fiber_free(f);
        return;
    }
    case ROLE_PLAIN:
        f->value = v;
        f->end = (uint8_t)end;
        f->done = true;
        if (f->owner.joiner) {
            wake(f->owner.joiner, v, end);
            fiber_free(f);
        }
        return;
    }
}

/* ---- queue and deferred: true when the fiber goes on at once */

static inline void queue_put(struct floor_queue *q, long v)
{
    uint32_t at = q->head + q->n++;
    q->items[at >= q->capacity ? at - q->capacity : at] = v;
}

static inline bool queue_offer(struct floor_fiber *f, struct floor_queue *q, long v)
{
    if (q->takers.head) {
        wake(fifo_pop(&q->takers), v, END_OK);
    } else if (q->n == q->capacity) {
        f->value = v;
        park(f, &q->offerers);
        return false;
    } else {
        queue_put(q, v);
    }
    return true;
}

static inline bool queue_take(struct floor_fiber *f, struct floor_queue *q, long *ret_v)
{
    if (q->n == 0) {
        park(f, &q->takers);
        return false;
    }
    *ret_v = q->items[q->head];
    if (++q->head == q->capacity) q->head = 0;
    q->n--;
    if (q->offerers.head) {
        struct floor_fiber *offerer = fifo_pop(&q->offerers);
        queue_put(q, offerer->value);
        wake(offerer, 0, END_OK);
    }
    return true;
}

static inline void complete(struct floor_deferred *d, long v)
{
    if (d->done) return;
    d->done = true;
    d->value = v;
    while (d->waiters.head)
        wake(fifo_pop(&d->waiters), v, END_OK);
}

/* ---- the dispatch loop */

/* Runs f until it is suspended, yields, has used up its budget, or ends. */
/* NOLINTNEXTLINE(readability-function-cognitive-complexity): the dispatch loop is one function on purpose */
static __attribute__((noinline)) void run_fiber(struct floor_fiber *f)
{
    struct floor_node *e = f->current;
    long v = f->value;
    enum floor_end end = (enum floor_end)f->end;
    unsigned budget = OP_BUDGET;
    if (!e) goto unwind;
evaluate:
    if (UNLIKELY(--budget == 0)) {
        f->current = e;
        fifo_append(&run_queue, f);
        return;
    }
    if (UNLIKELY(f->interrupted && !f->masked)) {
        discard(e);
        end = END_INTERRUPTED;
        goto unwind;
    }
    if (is_bind(e)) {
        struct floor_node *body = e->body;
        push(f, e);
        e = body;
        goto evaluate;
    }
    switch ((enum floor_op)e->op) {
    case FLOOR_SUCCEED:
    case FLOOR_FAIL:
        v = e->value;
        end = e->op == FLOOR_FAIL ? END_FAILED : END_OK;
        break;
    case FLOOR_YIELD: /* the one static node */
        f->current = NULL;
        wake(f, 0, END_OK);
        return;
    case FLOOR_SLEEP: {
        int64_t ns = e->value;
        drop(e, FLOOR_SMALL);
        f->value = 0;
        f->end = END_OK;
        sleep_for(f, ns);
        return;
    }
    case FLOOR_FORK: {
        struct floor_fiber *child = fiber_new(e->body, ROLE_PLAIN);
        if (UNLIKELY(e->count != 1)) e->body->count++;
        fifo_append(&run_queue, child);
        v = (long)(intptr_t)child;
        end = END_OK;
        break;
    }
    case FLOOR_JOIN: {
        struct floor_fiber *child = e->object;
        drop(e, FLOOR_SMALL);
        if (!child->done) {
            child->owner.joiner = f;
            suspend(f, WAIT_JOIN);
            f->waits.joined = child;
            return;
        }
        v = child->value;
        end = (enum floor_end)child->end;
        fiber_free(child);
        goto unwind;
    }
    case FLOOR_OFFER: {
        struct floor_queue *q = e->env;
        long item = e->value;
        drop(e, sizeof *e);
        if (!queue_offer(f, q, item)) return;
        v = 0;
        end = END_OK;
        goto unwind;
    }
    case FLOOR_TAKE: {
        struct floor_queue *q = e->object;
        drop(e, FLOOR_SMALL);
        if (!queue_take(f, q, &v)) return;
        end = END_OK;
        goto unwind;
    }
    case FLOOR_COMPLETE:
        complete(e->env, e->value);
        drop(e, sizeof *e);
        v = 0;
        end = END_OK;
        goto unwind;
    case FLOOR_AWAIT: {
        struct floor_deferred *d = e->object;
        drop(e, FLOOR_SMALL);
        if (!d->done) {
            park(f, &d->waiters);
            return;
        }
        v = d->value;
        end = END_OK;
        goto unwind;
    }
    case FLOOR_BRACKET: {
        struct floor_node *acquire = e->body;
        e = push(f, e);
        e->masked = f->masked;
        f->masked = true;
        e = acquire;
        goto evaluate;
    }
    case FLOOR_GEN:
        push(f, e);
        v = 0;
        end = END_OK;
        goto unwind;
    case FLOOR_RACE:
    case FLOOR_TIMEOUT: start_race(f, e); return;
    case FLOOR_FOR_EACH: start_for_each(f, e); return;
    case FLOOR_HOLD:
        if (!start_hold(f, e)) return;
        end = END_OK;
        goto unwind;
    case FLOOR_FLAT_MAP:
    case FLOOR_CATCH:
    case FLOOR_RELEASE: CHECK(!"handled above, or never evaluated");
    }
    drop(e, FLOOR_SMALL);

unwind:
    for (;;) {
        struct floor_node *c = f->frames;
        if (!c) {
            if (f->role == ROLE_WORKER && (e = next_item(f, v, end))) goto evaluate;
            finish(f, v, end);
            return;
        }
        if (is_bind(c)) {
            floor_bind_fn then = c->then;
            void *env = c->env;
            bool applies = end == (c->op == FLOOR_FLAT_MAP ? END_OK : END_FAILED);
            f->frames = c->below;
            pool_free(c, sizeof *c);
            if (!applies) continue;
            e = then(v, env);
            goto evaluate;
        }
        switch ((enum floor_op)c->op) {
        case FLOOR_BRACKET: {
            struct floor_bracket *b = (struct floor_bracket *)c;
            f->masked = c->masked;
            if (end != END_OK) {
                f->frames = c->below;
                pool_free(b, sizeof *b);
                break;
            }
            c->op = FLOOR_RELEASE;
            b->resource = v;
            e = c->then(v, c->env);
            goto evaluate;
        }
        case FLOOR_RELEASE: {
            struct floor_bracket *b = (struct floor_bracket *)c;
            f->frames = c->below;
            b->release(b->resource, c->env);
            pool_free(b, sizeof *b);
            break;
        }
        case FLOOR_GEN:
            if (end == END_OK) {
                e = c->step(((struct floor_gen *)c)->frame, &v);
                if (e) goto evaluate;
            }
            f->frames = c->below;
            pool_free(c, c->size);
            break;
        case FLOOR_RACE:
        case FLOOR_TIMEOUT: {
            struct floor_race *r = (struct floor_race *)c;
            if (!settle_race(f, r)) return;
            f->frames = c->below;
            v = r->value;
            end = f->interrupted && !f->masked ? END_INTERRUPTED : (enum floor_end)r->end;
            pool_free(r, sizeof *r);
            break;
        }
        case FLOOR_FOR_EACH:
            f->frames = c->below;
            pool_free(c, sizeof(struct floor_for_each));
            break;
        case FLOOR_HOLD:
            e = go_on_with_hold((struct floor_hold *)c, end);
            if (e) goto evaluate;
            f->frames = c->below;
            pool_free(c, sizeof(struct floor_hold));
            break;
        default: CHECK(!"a frame");
        }
    }
}

long floor_run(struct floor_node *e)
{
    struct floor_fiber *main_fiber = fiber_new(e, ROLE_PLAIN);
    fifo_append(&run_queue, main_fiber);
    while (!main_fiber->done || run_queue.head) {
        struct timer *t;
        turn_time = 0;
        while (sleepers.n > 0 && (t = heap_pop_due(&sleepers, now())))
            wake(CONTAINER_OF(t, struct floor_fiber, waits.timer), 0, END_OK);
        for (int i = 0; i < TURN_FIBERS && run_queue.head; i++)
            run_fiber(fifo_pop(&run_queue));
        if (!run_queue.head && !main_fiber->done) heap_wait(&sleepers);
    }
    CHECK(main_fiber->end == END_OK);
    long v = main_fiber->value;
    fiber_free(main_fiber);
    heap_done(&sleepers);
    return v;
}
