/* Effects that run on the runtime of another thread: sent there by post, and back with their exit.
 *
 *     here                                there
 *     fiber suspends --- trip ----------> begins a root fiber with the effect
 *        | interrupted --- stop --------> interrupts it
 *     wakes with the exit <--- trip ----- its on_exit
 *
 * The trip is one block, which only one side works on at a time; the request to stop is a second post in it, which may
 * still be under way when the trip is back: both count. A runtime that is gone runs posts at once, on the thread that
 * finds out, so every trip comes back. Both ends are held by their mailboxes, never by their runtimes.
 */
#include <effect/remote.h>

#include <errno.h>

#include <effect/async.h>
#include <effect/error.h>

#include "core/build.h"
#include "core/misuse.h"
#include "runtime/mailbox.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"

/* ---- references */

struct eff_runtime_ref {
    struct eff__mailbox *mailbox; /* retained; NULL in the dummy */
};

static void ref_drop(void *payload)
{
    struct eff__mailbox *m = ((eff_runtime_ref_t *)payload)->mailbox;
    if (!m) return;
    if (atomic_fetch_sub(&m->n_refs, 1) == 1) eff__mailbox_wake(m);
    eff__mailbox_decref(m);
}

const eff_type_t eff_runtime_ref_type = {
    .size = sizeof(eff_runtime_ref_t), .name = "runtime reference", .drop = ref_drop, .flags = EFF_TYPE_COUNTED
};

eff_runtime_ref_t *eff_runtime_ref(eff_runtime_t *rt)
{
    eff_runtime_ref_t *ref = (eff_runtime_ref_t *)eff__payload_alloc(&eff_runtime_ref_type, sizeof *ref);
    if (!ref) return NULL;
    ref->mailbox = eff__mailbox_incref(rt->mailbox);
    atomic_fetch_add(&rt->mailbox->n_refs, 1);
    eff__woke_from_plain_c(rt); /* its loop is to listen */
    return ref;
}

static EFF__STATIC_PAYLOAD(eff_runtime_ref_t) dummy_ref = { EFF__STATIC_HEADER(&eff_runtime_ref_type), { NULL } };

eff_runtime_ref_t *eff_runtime_ref_incref(eff_runtime_ref_t *ref)
{
    return (eff_runtime_ref_t *)eff__payload_incref(ref);
}
void eff_runtime_ref_decref(eff_runtime_ref_t *ref)
{
    eff__payload_decref(&eff_runtime_ref_type, ref);
}

eff_value_t eff_runtime_ref_value(eff_runtime_ref_t *ref)
{
    eff_value_t v = { .type = &eff_runtime_ref_type, .ptr = ref };
    return ref ? v : eff_oom_value();
}

eff_runtime_ref_t *eff_as_runtime_ref(eff_value_t v)
{
    if (v.type == &eff_runtime_ref_type) return (eff_runtime_ref_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_runtime_ref_type);
    return &dummy_ref.payload;
}

/* ---- there and back */

struct trip {
    struct eff__post post;      /* there, then back */
    struct eff__post stop;      /* there */
    eff__count_t count;         /* one for the way there and back, one for the request to stop */
    struct eff__mailbox *here;  /* retained */
    struct eff__mailbox *there; /* retained */
    eff_t *effect;              /* on the way there; owned */
    eff_exit_t exit;            /* on the way back; owned */
    eff_cause_t *interrupt;     /* what to stop with; owned, NULL until then */
    eff_fiber_t *fiber;         /* here: who waits; NULL when given up; borrowed */
    eff_fiber_t *root;          /* there: who runs the effect; owned, NULL before and after */
};

static void trip_release(struct trip *t)
{
    if (!eff__count_dec(&t->count)) return;
    if (t->interrupt) eff_cause_decref(t->interrupt);
    eff__mailbox_decref(t->here);
    eff__mailbox_decref(t->there);
    eff__free(t, sizeof *t);
}

/* Back again: the fiber gets the exit. */
static void arrive(struct eff__post *post, eff_runtime_t *rt)
{
    struct trip *t = EFF_CONTAINER_OF(post, struct trip, post);
    eff_fiber_t *f = rt ? t->fiber : NULL;
    if (!f) {
        eff_exit_decref(t->exit);
        trip_release(t);
        return;
    }
    rt->n_async--;
    eff__timers_due(rt);
    f->reg = t->exit.ok ? t->exit.value : eff_cause_value(t->exit.cause);
    f->status = t->exit.ok ? EFF__OK : EFF__CAUSED;
    /* The interruption was passed on, and is in the cause: that tells what the finalizers there failed with. */
    if (!t->exit.ok && t->interrupt) f->flags |= EFF__AT_RETURN;
    f->wait.object = NULL;
    eff__wake(f);
    trip_release(t);
}

static void go_back(struct trip *t, eff_exit_t exit)
{
    /* The post runs elsewhere, and may drop what holds the mailbox while this is still at its lock. */
    struct eff__mailbox *here = eff__mailbox_incref(t->here);
    t->exit = exit;
    t->post.run = arrive;
    eff__mailbox_post(here, &t->post);
    eff__mailbox_decref(here);
}

static eff_cause_t *refused(void)
{
    return eff_cause_fail(eff_error(&eff_closed_error, 0, "eff_on_runtime: the runtime shuts down, or is gone"));
}

/* There: the effect has ended. */
static void ended(const eff_exit_t *exit, void *arg)
{
    struct trip *t = (struct trip *)arg;
    eff_fiber_t *root = t->root;
    t->root = NULL;
    go_back(t, eff_exit_incref(exit));
    eff_fiber_decref(root);
}

/* There: the effect begins. */
static void begin(struct eff__post *post, eff_runtime_t *rt)
{
    struct trip *t = EFF_CONTAINER_OF(post, struct trip, post);
    eff_t *e = t->effect;
    t->effect = NULL;
    if (!rt) {
        eff_decref(e);
        go_back(t, eff_exit_fail_cause(refused()));
        return;
    }
    int r = eff_runtime_fork(rt, e, ended, t, &t->root);
    if (r == -ENOMEM) go_back(t, eff_exit_fail_cause(eff_cause_incref(eff__cause_oom)));
    else if (r < 0) go_back(t, eff_exit_fail_cause(refused()));
}

/* There: the caller was interrupted. */
static void stop(struct eff__post *post, eff_runtime_t *rt)
{
    struct trip *t = EFF_CONTAINER_OF(post, struct trip, stop);
    if (rt && t->root) eff__fiber_interrupt(t->root, t->interrupt);
    trip_release(t);
}

/* ---- the fiber's side */

/* The fiber was interrupted: asks the other side to stop and waits on; asked again, it gives the trip up. */
static bool leave(eff_fiber_t *f)
{
    struct trip *t = (struct trip *)f->wait.object;
    if (t->interrupt) {
        t->fiber = NULL;
        f->rt->n_async--;
        return true;
    }
    t->interrupt = eff_cause_incref(f->interrupt ? f->interrupt : eff__cause_static_interrupt(EFF_INTERRUPT_SHUTDOWN));
    eff__count_inc(&t->count);
    struct eff__mailbox *there = eff__mailbox_incref(t->there);
    eff__mailbox_post(there, &t->stop);
    eff__mailbox_decref(there);
    return false;
}

static const struct eff__wait_ops trip_ops = { .name = "for an effect on another runtime",
                                               .external = true,
                                               .leave = leave };

static int on_runtime_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__mailbox *there = ((eff_runtime_ref_t *)e->prim.handle)->mailbox;
    if (!there) return eff__prim_cause(f, refused());
    struct trip *t = eff__alloc(sizeof *t);
    if (!t) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    *t = (struct trip){ .post.run = begin,
                        .stop.run = stop,
                        .here = eff__mailbox_incref(f->rt->mailbox),
                        .there = eff__mailbox_incref(there),
                        .effect = eff_as_effect(eff__prim_take_value(e, alone)),
                        .fiber = f };
    atomic_init(&t->count, 1);
    if (!eff__mailbox_offer(there, &t->post)) {
        eff_decref(t->effect);
        trip_release(t);
        return eff__prim_cause(f, refused());
    }
    f->rt->n_async++; /* the answer needs this thread, so it cannot come before */
    eff__suspend(f, &trip_ops, t);
    return EFF__SUSPEND;
}
static const struct eff__prim on_runtime_prim = { "on_runtime", on_runtime_run };

eff_t *eff_on_runtime_at(eff_site_t site, eff_runtime_ref_t *ref, eff_t *e)
{
    if (!eff__effect_usable(e)) return eff__refuse(site, "eff_on_runtime", 1, &e, true, eff_unit);
    return eff__prim_node(site, &on_runtime_prim, ref, eff_effect_value(e));
}

/* ---- without waiting */

struct parcel {
    struct eff__post post;
    eff_t *effect; /* owned */
};

static void unpack(struct eff__post *post, eff_runtime_t *rt)
{
    struct parcel *p = EFF_CONTAINER_OF(post, struct parcel, post);
    eff_t *e = p->effect;
    eff__free(p, sizeof *p);
    if (rt) (void)eff_runtime_fork(rt, e, NULL, NULL, NULL);
    else eff_decref(e);
}

int eff_runtime_post(eff_runtime_ref_t *ref, eff_t *e)
{
    if (!e) e = eff__mistake(NULL, "the effect given to eff_runtime_post is NULL");
    struct parcel *p = ref ? eff__alloc(sizeof *p) : NULL;
    if (!p) {
        eff_decref(e);
        return -ENOMEM;
    }
    *p = (struct parcel){ { .run = unpack }, e };
    if (ref->mailbox && eff__mailbox_offer(ref->mailbox, &p->post)) return 0;
    unpack(&p->post, NULL);
    return -ECANCELED;
}
