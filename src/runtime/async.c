/* Async handles: the one protocol by which the outside resumes a fiber, once.
 *
 * A handle goes from PENDING to ANSWERED (by whoever answers first, on any thread) or to CLOSED (by the loop's thread,
 * when the fiber leaves without an answer): one compare-and-swap decides. Answers on the runtime's own thread take
 * effect at once, others through the mailbox, for which the handle embeds the post. While start still runs, an answer is
 * only noted, and taken when start has returned: nothing ever resumes by recursion.
 *
 *     users   references of user code, atomic; when the last goes unanswered, the fiber dies of "abandoned"
 *     count   of the payload: one for all users together, one for the fiber while it waits, one for a post under way
 */
#include <effect/async.h>

#include "core/misuse.h"
#include "runtime/async.h"
#include "runtime/region.h"
#include "runtime/runtime.h"

static void async_drop(void *payload)
{
    eff_async_t *k = (eff_async_t *)payload;
    eff_value_decref(k->value);
    eff__mailbox_decref(k->mailbox);
}

static const eff_type_t async_type = {
    .size = sizeof(eff_async_t), .name = "async handle", .drop = async_drop, .flags = EFF_TYPE_COUNTED
};

static void release_payload(eff_async_t *k)
{
    eff__payload_decref(&async_type, k);
}

/* The answer, moved into the fiber's registers. */
static void take_answer(eff_async_t *k, eff_fiber_t *f)
{
    f->cur = 0;
    f->reg = eff_unit;
    f->status = EFF__OK;
    eff_value_t v = k->value;
    k->value = eff_unit;
    if (k->cancelled) {
        eff_value_decref(v); /* the wait is over; what it brought is not wanted */
        return;
    }
    if (v.type->flags & EFF_TYPE_OOM) {
        f->reg = eff_cause_value(eff_cause_incref(eff__cause_oom));
        f->status = EFF__CAUSED;
        return;
    }
    switch (k->answer) {
    case EFF__ANSWER_VALUE: f->reg = v; break;
    case EFF__ANSWER_ERROR:
        f->reg = v;
        f->status = EFF__FAILED;
        break;
    case EFF__ANSWER_CAUSE:
        f->reg = v;
        f->status = EFF__CAUSED;
        break;
    case EFF__ANSWER_EFFECT: f->cur = (uintptr_t)v.ptr | 1; break;
    }
}

static void done_waiting(eff_async_t *k, eff_runtime_t *rt)
{
    rt->n_async--;
    if (k->blocking) rt->n_blocking--;
}

/* On the runtime's thread: the answer is there. */
static void deliver(eff_async_t *k)
{
    eff_fiber_t *f = k->fiber;
    if (!f || k->starting) return;
    if (k->cancelling) return; /* the canceler's caller finds out */
    eff__timers_due(f->rt);
    if (!k->fiber) return; /* a shutdown's grace has just passed, and the fiber was interrupted */
    k->fiber = NULL;
    done_waiting(k, f->rt);
    take_answer(k, f);
    uintptr_t cur = f->cur;
    f->wait.object = NULL;
    eff__wake(f);
    f->cur = cur;
    if (f->status != EFF__OK) f->rt->trace.n_seen = 0;
    release_payload(k);
}

static void run_post(struct eff__post *post, eff_runtime_t *rt)
{
    eff_async_t *k = (eff_async_t *)(void *)((char *)post - offsetof(eff_async_t, post));
    if (rt) deliver(k);
    release_payload(k);
}

/* Answers once; consumes the caller's reference and v. */
static void answer(eff_async_t *k, enum eff__answer kind, eff_value_t v)
{
    int pending = EFF__PENDING;
    if (!v.type) {
        v = eff_cause_value(
            eff_cause_die(eff_printf("%s was answered with the absent value", k->site ? k->site : "eff_async")));
        kind = EFF__ANSWER_CAUSE;
    }
    if (atomic_compare_exchange_strong(&k->state, &pending, EFF__CLAIMED)) {
        k->answer = kind;
        k->value = v;
        atomic_store(&k->state, EFF__ANSWERED);
        if (eff__mailbox_is_here(k->mailbox)) {
            deliver(k);
        } else {
            eff__payload_retain(k);
            eff__mailbox_post(k->mailbox, &k->post);
        }
    } else {
        eff_value_decref(v);
    }
}

static void drop_user(eff_async_t *k)
{
    if (atomic_fetch_sub(&k->users, 1) == 1) release_payload(k);
}

void eff_async_succeed(eff_async_t *k, eff_value_t v)
{
    answer(k, EFF__ANSWER_VALUE, v);
    drop_user(k);
}

void eff_async_fail(eff_async_t *k, eff_value_t error)
{
    answer(k, EFF__ANSWER_ERROR, error);
    drop_user(k);
}

void eff_async_fail_cause(eff_async_t *k, eff_cause_t *cause)
{
    answer(k, EFF__ANSWER_CAUSE, eff_cause_value(cause));
    drop_user(k);
}

void eff_async_resume(eff_async_t *k, eff_t *e)
{
    if (!e) e = eff__mistake(k->site, "%s was resumed with a NULL effect", k->site ? k->site : "eff_async");
    answer(k, EFF__ANSWER_EFFECT, eff_effect_value(e));
    drop_user(k);
}

void eff_async_release(eff_async_t *k)
{
    /* Counted down first: of two that give up theirs at the same time, one is the last. */
    if (atomic_fetch_sub(&k->users, 1) != 1) return;
    if (atomic_load(&k->state) == EFF__PENDING)
        answer(k, EFF__ANSWER_CAUSE,
               eff_cause_value(eff_cause_die(eff_printf("abandoned: %s gave its handle back without an answer",
                                                        k->site ? k->site : "the start function of eff_async"))));
    release_payload(k);
}

eff_async_t *eff_async_incref(eff_async_t *k)
{
    atomic_fetch_add(&k->users, 1);
    return k;
}

void eff_async_on_cancel(eff_async_t *k, eff_cancel_fn cancel, void *arg)
{
    if (!k->starting) {
        eff__misuse("eff_async_on_cancel was called after the start function had returned");
        return;
    }
    k->cancel = cancel;
    k->cancel_arg = arg;
}

/* ---- the fiber's side */

/* Calls the canceler, if there is one to call; false when it says that the wait goes on. */
static bool call_off(eff_async_t *k)
{
    if (!k->cancel || atomic_load(&k->state) != EFF__PENDING) return true;
    eff_cancel_fn cancel = k->cancel;
    k->cancel = NULL;
    k->cancelling = true;
    eff_cancel_t how;
    eff_runtime_t *rt = k->fiber->rt;
    if (__builtin_expect(rt->watch.on, 0)) {
        struct eff__mark outer = eff__watch_enter(rt, k->fiber, EFF__MARK_CANCELER, k->site);
        how = cancel(k, k->cancel_arg);
        eff__watch_leave(rt, &outer);
    } else {
        how = cancel(k, k->cancel_arg);
    }
    k->cancelling = false;
    if (how != EFF_CANCEL_PENDING || atomic_load(&k->state) == EFF__ANSWERED) return true;
    k->cancelled = true;
    return false;
}

/* The fiber waits no longer; without an answer there will be none. */
static void close_wait(eff_async_t *k, eff_runtime_t *rt)
{
    int pending = EFF__PENDING;
    atomic_compare_exchange_strong(&k->state, &pending, EFF__CLOSED);
    k->fiber = NULL;
    done_waiting(k, rt);
    release_payload(k);
}

/* The canceler is called from the loop. Until then the wait goes on as if it had answered "pending". */
static void call_off_later(eff_async_t *k, eff_runtime_t *rt)
{
    k->cancelled = true;
    k->next_cancel = NULL;
    if (rt->last_cancel) rt->last_cancel->next_cancel = k;
    else rt->first_cancel = k;
    rt->last_cancel = k;
    eff__payload_retain(k);
    if (!rt->draining) eff__loop_kick(rt->loop);
}

void eff__cancels_due(eff_runtime_t *rt)
{
    eff_async_t *k;
    while ((k = rt->first_cancel)) {
        rt->first_cancel = k->next_cancel;
        if (!rt->first_cancel) rt->last_cancel = NULL;
        eff_fiber_t *f = k->fiber;
        if (f && atomic_load(&k->state) == EFF__PENDING && call_off(k)) {
            close_wait(k, rt);
            f->wait.object = NULL;
            f->reg = eff_unit;
            f->status = EFF__OK;
            eff__wake(f);
            f->wait.ops = NULL;
        }
        release_payload(k);
    }
}

/* The fiber was interrupted while it waits. */
static bool leave(eff_fiber_t *f)
{
    eff_async_t *k = (eff_async_t *)f->wait.object;
    if (f->rt->calls_later && k->cancel && atomic_load(&k->state) == EFF__PENDING) {
        call_off_later(k, f->rt);
        return false;
    }
    if (!call_off(k)) return false;
    close_wait(k, f->rt);
    return true;
}

static const struct eff__wait_ops async_ops = { .name = "for an answer from outside",
                                                .external = true,
                                                .leave = leave };

int eff__eval_async(eff_fiber_t *f, eff_t *e, bool owned)
{
    eff_runtime_t *rt = f->rt;
    eff_site_t site = e->site;
    eff_async_t *k = (eff_async_t *)eff__payload_alloc(&async_type, sizeof *k);
    f->reg = eff_unit;
    f->status = EFF__OK;
    f->wait.site = site;
    if (!k) {
        if (owned) eff_decref(e);
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return EFF__RETURN;
    }
    *k = (eff_async_t){ .mailbox = eff__mailbox_incref(rt->mailbox), .fiber = f, .site = site, .value = eff_unit };
    atomic_init(&k->users, 1);
    k->post.run = run_post;
    k->starting = true;
    eff__payload_retain(k); /* the fiber's */
    uint8_t attrs = f->attrs;
    f->attrs |= EFF__MASKED;
    ((eff_async_fn)e->call.fn)(k, e->call.env);
    f->attrs = attrs;
    k->starting = false;
    if (owned) eff__node_release(e);
    int pending = EFF__PENDING;
    if (rt->misuse) {
        /* start made a mistake: its answer, if any, does not count */
        atomic_compare_exchange_strong(&k->state, &pending, EFF__CLOSED);
        k->fiber = NULL;
        release_payload(k);
        (void)eff__take_misuse(f, site);
        return EFF__RETURN;
    }
    if (atomic_load(&k->state) == EFF__ANSWERED) {
        k->fiber = NULL;
        take_answer(k, f);
        release_payload(k);
        if (f->status != EFF__OK) {
            rt->trace.n_seen = 0;
            eff__trace_add(&rt->trace, site);
        }
        return f->cur ? EFF__EVAL : EFF__RETURN;
    }
    rt->n_async++;
    if (k->blocking) rt->n_blocking++;
    eff__suspend(f, &async_ops, k);
    if (f->interrupt && !(f->attrs & EFF__MASKED)) {
        /* it was interrupted while it was registering: nothing is lost */
        if (async_ops.leave(f)) {
            f->wait.object = NULL;
            eff__wake(f);
            f->wait.ops = NULL;
        } else {
            f->flags |= EFF__STAY;
        }
    }
    return EFF__SUSPEND;
}

struct event_base *eff_event_base(void)
{
    if (eff__running) return eff__loop_base(eff__running->loop);
    eff__misuse("eff_event_base() was called outside a fiber");
    return NULL;
}
