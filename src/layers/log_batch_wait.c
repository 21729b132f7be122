/* Waiting for a Logger that writes in the background, and its own waiting. All who wait are in one list: there are few,
 * and each looks for itself whether what it waits for is there. */
#include "core/build.h"
#include "layers/log_batch.h"
#include "runtime/prim.h"

struct wait {
    eff_value_t batch;
    enum eff__log_wait what;
    uint64_t number;
};
static void wait_clear(struct wait *w)
{
    eff_value_decref(w->batch);
}
EFF_STATIC_TYPE(log_wait, struct wait, .drop = wait_clear);

static bool has_come(const struct wait *w)
{
    const struct eff__log_batch *b = w->batch.ptr;
    switch (w->what) {
    case EFF__LOG_WORK: return b->first != NULL || eff__log_is_to_tell(b);
    case EFF__LOG_URGENT: return b->urgent || b->bytes >= b->options.batch_bytes;
    case EFF__LOG_ROOM: return b->closed || b->bytes <= b->options.max_bytes;
    case EFF__LOG_OUT: return b->closed || !b->first || b->first->number > w->number;
    }
    return true;
}

static bool leave(eff_fiber_t *f)
{
    struct eff__log_batch *b = f->wait.object;
    eff__waiters_remove(&b->waiters, f);
    eff__log_batch_decref(b);
    return true;
}
static const struct eff__wait_ops work_ops = { .name = "for messages to log", .leave = leave };
static const struct eff__wait_ops done_ops = { .name = "for the log to be written", .leave = leave };

static int wait_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const struct wait *w = log_wait_of(e->prim.value);
    (void)alone;
    if (has_come(w)) return eff__prim_value(f, eff_unit);
    struct eff__log_batch *b = eff__log_batch_incref(w->batch.ptr);
    bool is_writer = w->what == EFF__LOG_WORK || w->what == EFF__LOG_URGENT;
    eff__suspend(f, is_writer ? &work_ops : &done_ops, b);
    eff__waiters_add(&b->waiters, f);
    return EFF__SUSPEND;
}
static const struct eff__prim wait_prim = { "log_wait", wait_run };

static eff_t *again(eff_value_t v, eff_value_t wait)
{
    (void)v;
    if (has_come(log_wait_of(wait))) return eff_noop();
    eff_t *e = eff__prim_node_plain(NULL, &wait_prim, eff_value_incref(wait));
    return eff_flat_map_at(NULL, e, again, eff_value_incref(wait));
}

eff_t *eff__log_wait(struct eff__log_batch *b, enum eff__log_wait what, uint64_t number)
{
    eff_value_t batch = eff__log_batch_value(eff__log_batch_incref(b));
    return eff_flat_map_at(NULL, eff_noop(), again, EFF_ENV(log_wait, .batch = batch, .what = what, .number = number));
}

void eff__log_wake(struct eff__log_batch *b)
{
    for (eff_fiber_t *f; (f = eff__waiters_pop(&b->waiters));) {
        f->wait.object = NULL;
        f->reg = eff_unit;
        f->status = EFF__OK;
        eff__wake(f);
        eff__log_batch_decref(b); /* the wait's; the caller has another */
    }
}
