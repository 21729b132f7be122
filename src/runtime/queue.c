/* Queue: a ring of items, the takers that wait while it is empty, and the offers that wait while it is full. Never both.
 *
 * Hand-over is provisional until the waiter runs. A taker gets its item in its register as it is woken; if it is
 * interrupted before it runs, the item goes where it would have gone: to the next taker, or to the head of the ring, over
 * capacity if need be. Giving back must not need memory, so the ring grows by a place before an item is handed over. A
 * waiting offer keeps its item in its register; once the item has moved into the ring, the offer is done, and
 * interrupting it changes nothing.
 */
#include <effect/queue.h>

#include <errno.h>

#include <effect/error.h>

#include "core/build.h"
#include "core/items.h"
#include "core/misuse.h"
#include "runtime/home.h"
#include "runtime/items.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"

struct eff_queue {
    struct eff__home home; /* first: of the runtime that used it first */
    eff_value_t *ring;
    size_t capacity; /* how many items offers may put there */
    size_t size;     /* places of the ring: at least capacity + n_handed */
    size_t head, n;  /* the first item, and how many there are */
    size_t n_handed; /* takers that were woken with an item and have not run yet */
    size_t n_takers, n_offers;
    struct eff__waiters takers, offers;
    bool ended;     /* no more offers; takers drain */
    bool shut_down; /* and ended: nothing any more */
};

static eff_value_t closed_error(const eff_queue_t *q)
{
    return eff_error(&eff_closed_error, 0, q->shut_down ? "the queue was shut down" : "the queue has ended");
}

static void drop_items(eff_queue_t *q)
{
    while (q->n) { /* each is out of the queue before it is dropped, by which another may be taken */
        eff_value_t v = q->ring[q->head];
        if (++q->head == q->size) q->head = 0;
        q->n--;
        eff_value_decref(v);
    }
}

static void queue_drop(void *payload)
{
    eff_queue_t *q = (eff_queue_t *)payload;
    drop_items(q);
    eff__raw_free(q->ring);
    eff__home_leave(&q->home);
}

const eff_type_t eff_queue_type = {
    .size = sizeof(eff_queue_t),
    .name = "queue",
    .drop = queue_drop,
    .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE | EFF__TYPE_AT_HOME | EFF__TYPE_ITEMS,
};

eff_queue_t *eff_queue_bounded(size_t capacity)
{
    if (capacity == 0) {
        eff__misuse("eff_queue_bounded: the capacity must be at least 1");
        capacity = 1;
    }
    if (capacity > SIZE_MAX / sizeof(eff_value_t)) return NULL;
    eff_queue_t *q = (eff_queue_t *)eff__payload_alloc(&eff_queue_type, sizeof *q);
    if (!q) return NULL;
    *q = (eff_queue_t){ .capacity = capacity, .size = capacity };
    q->ring = eff__malloc(capacity * sizeof *q->ring);
    if (q->ring) return q;
    eff__payload_dealloc(q);
    return NULL;
}

static void push(eff_queue_t *q, eff_value_t v)
{
    size_t at = q->head + q->n++;
    q->ring[at >= q->size ? at - q->size : at] = v;
}

static eff_value_t pop(eff_queue_t *q)
{
    eff_value_t v = q->ring[q->head];
    if (++q->head == q->size) q->head = 0;
    q->n--;
    return v;
}

static void push_front(eff_queue_t *q, eff_value_t v)
{
    q->head = (q->head ? q->head : q->size) - 1;
    q->ring[q->head] = v;
    q->n++;
}

static EFF_NOINLINE bool grow(eff_queue_t *q)
{
    size_t size = q->size + q->n_handed + 8;
    eff_value_t *ring = eff__malloc(size * sizeof *ring);
    if (!ring) return false;
    size_t n = q->n;
    for (size_t i = 0; i < n; i++)
        ring[i] = pop(q);
    eff__raw_free(q->ring);
    q->ring = ring;
    q->size = size;
    q->head = 0;
    q->n = n;
    return true;
}
/* Whether there is a place for one more item to come back to. */
static inline bool may_return(const eff_queue_t *q)
{
    return q->capacity + q->n_handed < q->size;
}
/* Makes sure that there is; false when out of memory. */
static inline bool reserve_return(eff_queue_t *q)
{
    return may_return(q) || grow(q);
}

/* In a turn, or plain C, which tells the loop. */
static inline void wake_with(eff_fiber_t *f, eff_value_t v, uint8_t status)
{
    f->reg = v;
    f->status = status;
    eff__wake_in_turn(f);
}

/* ---- waiting */

static bool leave_takers(eff_fiber_t *f)
{
    eff_queue_t *q = (eff_queue_t *)f->wait.object;
    eff__waiters_remove(&q->takers, f);
    q->n_takers--;
    eff__payload_release(q);
    return true;
}

static inline void add_taker(eff_queue_t *q, eff_fiber_t *f)
{
    q->n_takers++;
    eff__waiters_add(&q->takers, f);
}

/* Hands an item to the first waiting taker; a place for it to come back to has been reserved. */
static inline void hand_over(eff_queue_t *q, eff_value_t v)
{
    eff_fiber_t *taker = eff__waiters_pop(&q->takers);
    q->n_takers--;
    q->n_handed++;
    wake_with(taker, v, EFF__OK);
}

/* The same, or back to the head of the ring, which has a place for it. */
void eff__queue_give_back(eff_queue_t *q, eff_value_t v)
{
    if (q->shut_down) eff_value_decref(v);
    else if (q->takers.first) hand_over(q, v);
    else push_front(q, v);
}

/* A taker that was woken gets its turn: the item is its own now, or goes back. It gives up the queue. */
static void taker_resumed(eff_fiber_t *f, bool interrupted)
{
    eff_queue_t *q = (eff_queue_t *)f->wait.object;
    if (f->status == EFF__OK) {
        q->n_handed--;
        if (interrupted) {
            eff__queue_give_back(q, f->reg);
            f->reg = eff_unit;
        }
    }
    eff__payload_release(q);
}

static const struct eff__wait_ops take_ops = {
    .name = "for an item of a queue", .leave = leave_takers, .resumed = taker_resumed, .on_handle = true
};

static bool leave_offers(eff_fiber_t *f)
{
    eff_queue_t *q = (eff_queue_t *)f->wait.object;
    eff__waiters_remove(&q->offers, f);
    q->n_offers--;
    eff_value_t offered = f->reg;
    f->reg = eff_unit;
    f->wait.ops = NULL; /* first: what is dropped may look at the fibers */
    eff_value_decref(offered);
    eff__payload_release(q);
    return true;
}
static const struct eff__wait_ops offer_ops = { .name = "for room in a queue",
                                                .leave = leave_offers,
                                                .on_handle = true };

/* ---- the operations */

/* Binds the queue to the fiber's runtime; false when it is another's. */
static bool claim(eff_queue_t *q, const eff_fiber_t *f)
{
    return eff__home_claim(&q->home, f->rt);
}

static EFF_NOINLINE int fail_closed(eff_fiber_t *f, const eff_queue_t *q)
{
    return eff__prim_fail(f, closed_error(q));
}

static inline void keep_offer(eff_fiber_t *f, eff_queue_t *q, eff_value_t v)
{
    f->reg = v;
    f->status = EFF__OK;
    q->n_offers++;
    eff__waiters_add(&q->offers, f);
}

static int offer_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_queue_t *q = (eff_queue_t *)e->prim.handle;
    if (!claim(q, f)) return eff__prim_foreign(f, "queue");
    if (q->ended) return fail_closed(f, q);
    if (q->takers.first && !reserve_return(q)) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    eff_value_t v = eff__prim_take_value(e, alone);
    if (q->takers.first) {
        hand_over(q, v);
    } else if (q->n < q->capacity) {
        push(q, v);
    } else {
        keep_offer(f, q, v);
        return eff__suspend(f, &offer_ops, eff__prim_take_handle(e, alone));
    }
    return eff__prim_value(f, eff_unit);
}

/* The same, where nothing is in the way. */
static eff_value_t offer_direct(eff_fiber_t *f, eff_t *e)
{
    eff_queue_t *q = (eff_queue_t *)e->prim.handle;
    if (!eff__home_claim_at_once(&q->home, f->rt) || q->ended) return eff__direct_decline();
    if (q->takers.first) {
        if (!may_return(q)) return eff__direct_decline();
        hand_over(q, eff__direct_take_value(e));
    } else if (q->n < q->capacity) {
        push(q, eff__direct_take_value(e));
    } else {
        keep_offer(f, q, eff__direct_take_value(e));
        return eff__direct_suspend(f, e, &offer_ops);
    }
    return eff__direct_done(e, eff__plain_unit());
}

/* There is room again: the first waiting offer gets it. */
static void admit_offer(eff_queue_t *q)
{
    if (!q->offers.first || q->n >= q->capacity) return;
    eff_fiber_t *f = eff__waiters_pop(&q->offers);
    q->n_offers--;
    push(q, f->reg);
    f->wait.object = NULL;
    wake_with(f, eff_unit, EFF__OK);
    eff__payload_release(q);
}

static int take_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_queue_t *q = (eff_queue_t *)e->prim.handle;
    if (!claim(q, f)) return eff__prim_foreign(f, "queue");
    if (q->n) {
        eff_value_t v = pop(q);
        if (q->offers.first) admit_offer(q);
        return eff__prim_value(f, v);
    }
    if (q->ended) return fail_closed(f, q);
    add_taker(q, f);
    return eff__suspend(f, &take_ops, eff__prim_take_handle(e, alone));
}

static EFF_NOINLINE eff_value_t take_and_admit(eff_queue_t *q, eff_t *e)
{
    eff_value_t v = pop(q);
    admit_offer(q);
    return eff__direct_done(e, v);
}
static eff_value_t take_direct(eff_fiber_t *f, eff_t *e)
{
    eff_queue_t *q = (eff_queue_t *)e->prim.handle;
    if (!eff__home_claim_at_once(&q->home, f->rt)) return eff__direct_decline();
    if (q->n) return q->offers.first ? take_and_admit(q, e) : eff__direct_done(e, pop(q));
    if (q->ended) return eff__direct_decline();
    add_taker(q, f);
    return eff__direct_suspend(f, e, &take_ops);
}

/* ---- for loops, which may find that they cannot begin the item that they took */

static int pull_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_queue_t *q = (eff_queue_t *)e->prim.handle;
    if (!claim(q, f)) return eff__prim_foreign(f, "queue");
    return q->n ? eff__prim_value(f, pop(q)) : take_run(f, e, alone);
}

void eff__queue_keep(eff_queue_t *q)
{
    admit_offer(q);
}

/* ---- from plain C, on the runtime's thread */

static bool may_touch(const eff_queue_t *q, const char *function)
{
    return eff__home_is_here(&q->home, function, "queue");
}

/* Why an item cannot be added at once, as a negative errno; 0 if it can, a place for it being there. */
static int refuse_offer(eff_queue_t *q)
{
    if (!may_touch(q, "eff_queue_try_offer")) return -EINVAL;
    if (q->ended || q->shut_down) return -EPIPE;
    if (q->takers.first) return reserve_return(q) ? 0 : -ENOMEM;
    return q->n < q->capacity ? 0 : -EAGAIN;
}

int eff_queue_try_offer(eff_queue_t *q, eff_value_t v)
{
    if (!v.type) {
        eff__misuse("the item given to eff_queue_try_offer is absent");
        return -EINVAL;
    }
    int err = !q || eff_is_oom(v) ? -ENOMEM : refuse_offer(q);
    if (err) {
        eff_value_decref(v);
    } else if (q->takers.first) {
        hand_over(q, v);
        eff__woke_from_plain_c(eff__home_runtime(&q->home));
    } else {
        push(q, v);
    }
    return err;
}

bool eff_queue_try_take(eff_queue_t *q, eff_value_t *ret_item)
{
    if (!q || !may_touch(q, "eff_queue_try_take") || !q->n) return false;
    *ret_item = pop(q);
    if (q->offers.first) {
        eff_runtime_t *rt = eff__home_runtime(&q->home);
        admit_offer(q);
        eff__woke_from_plain_c(rt);
    }
    return true;
}

static void fail_waiters(eff_queue_t *q)
{
    eff_fiber_t *f;
    while ((f = eff__waiters_pop(&q->offers))) {
        eff_value_t offered = f->reg;
        q->n_offers--;
        f->wait.object = NULL;
        wake_with(f, closed_error(q), EFF__FAILED);
        eff_value_decref(offered); /* last: this may interrupt the fiber */
        eff__payload_release(q);
    }
    while ((f = eff__waiters_pop(&q->takers))) {
        q->n_takers--;
        wake_with(f, closed_error(q), EFF__FAILED);
    }
}

static int end_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_queue_t *q = (eff_queue_t *)e->prim.handle;
    (void)alone;
    if (!claim(q, f)) return eff__prim_foreign(f, "queue");
    q->ended = true;
    fail_waiters(q);
    return eff__prim_value(f, eff_unit);
}

static int shutdown_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_queue_t *q = (eff_queue_t *)e->prim.handle;
    (void)alone;
    if (!claim(q, f)) return eff__prim_foreign(f, "queue");
    q->ended = q->shut_down = true;
    drop_items(q);
    fail_waiters(q);
    return eff__prim_value(f, eff_unit);
}

static const struct eff__direct_prim offer_prim = { { "queue_offer", offer_run }, offer_direct };
static const struct eff__direct_prim take_prim = { { "queue_take", take_run }, take_direct };
static const struct eff__prim pull_prim = { "queue_take", pull_run };
static const struct eff__prim end_prim = { "queue_end", end_run };
static const struct eff__prim shutdown_prim = { "queue_shutdown", shutdown_run };

eff_t *eff_queue_offer_at(eff_site_t site, eff_queue_t *q, eff_value_t v)
{
    eff_t *e = eff__direct_at_once(site, &offer_prim, q, v);
    return e ? e : eff__direct_node(site, &offer_prim, q, v);
}
eff_t *eff_queue_take_at(eff_site_t site, eff_queue_t *q)
{
    eff_t *e = eff__direct_plain_at_once(site, &take_prim, q);
    return e ? e : eff__direct_node(site, &take_prim, q, eff_unit);
}
eff_t *eff__queue_pull_at(eff_site_t site, eff_queue_t *q)
{
    return eff__prim_node(site, &pull_prim, q, eff_unit);
}
eff_t *eff_queue_end_at(eff_site_t site, eff_queue_t *q)
{
    return eff__prim_node(site, &end_prim, q, eff_unit);
}
eff_t *eff_queue_shutdown_at(eff_site_t site, eff_queue_t *q)
{
    return eff__prim_node(site, &shutdown_prim, q, eff_unit);
}

eff_t *eff_queue_for_each_at(eff_site_t site, eff_queue_t *q, eff_bind_fn f, eff_value_t env)
{
    eff_value_t items = eff_queue_value(eff_queue_incref(q));
    return eff__each_node(EFF__DISCARD, site, "eff_queue_for_each", items, f, env, 1);
}

int64_t eff_queue_size(const eff_queue_t *q)
{
    return q ? (int64_t)(q->n + q->n_offers) - (int64_t)q->n_takers : 0;
}

/* ---- handles */

static EFF__STATIC_PAYLOAD(eff_queue_t) closed_queue = { EFF__STATIC_HEADER(&eff_queue_type),
                                                         { .ended = true, .shut_down = true } };

eff_queue_t *eff_queue_incref(eff_queue_t *q)
{
    return (eff_queue_t *)eff__payload_incref(q);
}
void eff_queue_decref(eff_queue_t *q)
{
    eff__payload_decref(&eff_queue_type, q);
}

eff_value_t eff_queue_value(eff_queue_t *q)
{
    eff_value_t v = { .type = &eff_queue_type, .ptr = q };
    return q ? v : eff_oom_value();
}

eff_queue_t *eff_as_queue(eff_value_t v)
{
    if (v.type == &eff_queue_type) return (eff_queue_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_queue_type);
    return &closed_queue.payload;
}
