/* Holds: waiting for instances, leaving them, and what their keepers tell. See memo.h.
 *
 * Who is interrupted before the services he waits for are his gives the hold up, and when it was the last one he waits for
 * the end of the build. Until then the entry stays in the scope: what the build was given is held by entries before it, and
 * must not be released earlier, whoever closes the scope.
 *
 * The closing of a scope needs no memory: what it waits by lies in the hold. Who is interrupted does; without it the hold
 * is left to the scope.
 */
#include "layers/hold.h"
#include "core/build.h"
#include "core/context.h"
#include "runtime/deadlock.h"
#include "runtime/frame.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

/* ---- holds */

/* The count goes down; true when that was the last user of one that is there still. */
static bool give_up(struct eff__instance *inst)
{
    if (--inst->n_users > 0 || inst->state == EFF__HAS_ENDED) return false;
    inst->keeper->flags &= ~(uint32_t)EFF__USED;
    return true;
}

/* Nobody uses it any more: the keeper is told. */
static void end(struct eff__instance *inst, const eff_fiber_t *by, eff_site_t site)
{
    enum eff__instance_state was = inst->state;
    inst->state = EFF__IS_CLOSING;
    if (was == EFF__IS_READY) {
        eff__wake(inst->keeper);
        inst->keeper->reg = eff_unit;
        inst->keeper->status = EFF__OK;
    } else {
        eff_cause_t *cause = eff__interrupt_cause(by, EFF_INTERRUPT_REGION_ENDED, site);
        eff__fiber_interrupt(inst->keeper, cause);
        eff_cause_decref(cause);
    }
}

/* One that was never left: its scope went without closing, of a runtime that is freed, or its request found no memory. */
static void hold_drop(void *payload)
{
    struct eff__hold *hold = (struct eff__hold *)payload;
    eff__hold_give_up(hold);
    eff__chain_decref(hold->chain);
    if (!hold->memoized) return;
    hold->memoized->hold = NULL;
    eff_value_decref((eff_value_t){ .type = &eff__memoized_type, .ptr = hold->memoized });
}

void eff__hold_give_up(struct eff__hold *hold)
{
    struct eff__instance *inst = hold->instance;
    hold->instance = NULL;
    if (!inst) return;
    if (!hold->left) {
        bool last = give_up(inst);
        if (last && !inst->memo->rt->freeing) end(inst, NULL, NULL);
    }
    eff__instance_decref(inst);
}

const struct eff__instance *eff__held(const struct eff__hold *hold)
{
    return hold->instance;
}

static const eff_type_t hold_type = {
    .size = sizeof(struct eff__hold), .name = "hold of a layer", .drop = hold_drop, .flags = EFF_TYPE_COUNTED
};

static eff_value_t hold_value(struct eff__hold *hold)
{
    return (eff_value_t){ .type = &hold_type, .ptr = hold };
}

/* ---- waiting: each of the lists has the object of its waits */

static void add_name(const struct eff__instance *inst, eff_buffer_t *out)
{
    eff_buffer_add(out, "layer ");
    eff__instance_name(inst, out);
}

/* Of a requester: wait.object is its hold, with a reference, which a success leaves there for when it is resumed. */
static struct eff__hold *requested(const eff_fiber_t *f)
{
    return (struct eff__hold *)f->wait.object;
}
static void quit(eff_fiber_t *f, struct eff__hold *hold);

static bool leave_requesters(eff_fiber_t *f)
{
    struct eff__hold *hold = requested(f);
    eff__waiters_remove(&hold->instance->requesters, f);
    quit(f, hold);
    eff_value_decref(hold_value(hold));
    return true;
}
static void requester_resumed(eff_fiber_t *f, bool interrupted)
{
    struct eff__hold *hold = requested(f);
    f->wait.object = NULL;
    if (!hold) return;
    if (interrupted) quit(f, hold);
    eff_value_decref(hold_value(hold));
}
static void describe_request(const eff_fiber_t *f, eff_buffer_t *out)
{
    eff_buffer_add(out, "for ");
    add_name(requested(f)->instance, out);
    eff_buffer_add(out, " to be built");
}
static eff_fiber_t *builder_awaited(const eff_fiber_t *f)
{
    return requested(f)->instance->keeper;
}
static const struct eff__wait_ops request_ops = { .name = "for a layer to be built",
                                                  .leave = leave_requesters,
                                                  .resumed = requester_resumed,
                                                  .describe = describe_request,
                                                  .awaited = builder_awaited,
                                                  .patient = true };

void eff__await_ready(eff_fiber_t *f, struct eff__hold *hold)
{
    eff__waiters_add(&hold->instance->requesters, f);
    eff__suspend(f, &request_ops, eff__payload_retain(hold));
}

void eff__describe_release(const struct eff__instance *inst, eff_buffer_t *out)
{
    eff_buffer_add(out, "for ");
    add_name(inst, out);
    eff_buffer_add(out, " to be released");
}

/* Of a leaver, who waits for the end of what he was the last to use: wait.object is his hold, with a reference. */
static struct eff__hold *leaving(const eff_fiber_t *f)
{
    return (struct eff__hold *)f->wait.object;
}
static bool leave_leavers(eff_fiber_t *f)
{
    eff__waiters_remove(&leaving(f)->instance->leavers, f);
    eff_value_decref(hold_value(leaving(f)));
    return true;
}
static void describe_leaving(const eff_fiber_t *f, eff_buffer_t *out)
{
    eff__describe_release(leaving(f)->instance, out);
}
static eff_fiber_t *left_awaited(const eff_fiber_t *f)
{
    return leaving(f)->instance->keeper;
}
static const struct eff__wait_ops leaver_ops = { .name = "for a layer to be released",
                                                 .leave = leave_leavers,
                                                 .describe = describe_leaving,
                                                 .awaited = left_awaited,
                                                 .patient = true };

/* ---- leaving */

/* Nothing of a request is left in its scope. One that is closing comes to the entry itself; in a runtime that is freed
 * the entry may be gone. */
static void forget(struct eff__hold *hold)
{
    struct eff__entry *entry = hold->entry;
    if (!entry || hold->instance->memo->rt->freeing || entry->scope->state != EFF__SCOPE_OPEN) return;
    hold->entry = NULL;
    eff__entry_free(entry);
}

/* Leaves it here and now; false: it is the last, whose leaving is an effect. */
static bool leave_at_once(struct eff__hold *hold)
{
    bool last = hold->left ? hold->last : hold->instance->n_users == 1;
    if (last && hold->instance->state != EFF__HAS_ENDED) return false;
    if (!hold->left) (void)give_up(hold->instance);
    hold->left = true;
    return true;
}

/* What the scope's closing calls; NULL: nothing is to be waited for. */
static eff_t *leave(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    struct eff__hold *hold = (struct eff__hold *)v.ptr;
    (void)exit, (void)env;
    hold->entry = NULL;
    if (hold->memoized) hold->memoized->hold = NULL;
    return !hold->instance || leave_at_once(hold) ? NULL : &hold->leave;
}

/* Gives it up, unless that was done or a new request has come, and waits for the end if it was the last. */
static int leave_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__hold *hold = (struct eff__hold *)e->prim.handle;
    struct eff__instance *inst = hold->instance;
    (void)alone;
    if (!hold->left) {
        hold->left = true;
        hold->last = give_up(inst);
        if (hold->last) end(inst, f, e->site);
    }
    if (!hold->last || inst->state == EFF__HAS_ENDED) {
        forget(hold);
        return eff__prim_value(f, eff_unit);
    }
    eff__waiters_add(&inst->leavers, f);
    eff__suspend(f, &leaver_ops, eff__payload_retain(hold));
    return EFF__SUSPEND;
}

const struct eff__prim eff__leave_prim = { "provide", leave_run };

bool eff__entry_holds(const struct eff__entry *entry)
{
    return entry->resource.type == &hold_type;
}

eff_t *eff__entry_leave(struct eff__entry *entry)
{
    struct eff__hold *hold = (struct eff__hold *)entry->resource.ptr;
    if (!leave_at_once(hold)) return eff__prim_node(entry->site, &eff__leave_prim, hold, eff_unit);
    forget(hold);
    return NULL;
}

static eff_t *leave_by(const eff_exit_t *exit, eff_value_t env)
{
    (void)exit;
    return eff_incref(eff_as_effect(env));
}

/* A requester unwinds, as it was interrupted: with a frame that leaves the hold, which that has a reference to. */
static void quit(eff_fiber_t *f, struct eff__hold *hold)
{
    eff_site_t site = hold->leave.site;
    if (f->rt->freeing || !eff__frames_reserve(f, 1 + EFF__FRAME_SLACK)) return;
    eff_value_t v = eff_effect_value(eff__prim_node(site, &eff__leave_prim, hold, eff_unit));
    eff_t *e = eff__bind_node(EFF__OP_ON_EXIT, EFF__QUIET, site, "eff_provide", eff_noop(), (eff_any_fn)leave_by, v);
    if (e->op != EFF__OP_ON_EXIT) {
        eff_decref(e);
        return;
    }
    e->ran = true; /* it is a frame from the start */
    *f->top++ = (uintptr_t)e | EFF__OWNED;
}

struct eff__hold *eff__hold_new(eff_site_t site, struct eff__chain *chain)
{
    struct eff__hold *hold = (struct eff__hold *)eff__payload_alloc(&hold_type, sizeof *hold);
    if (!hold) return NULL;
    *hold = (struct eff__hold){
        .leave = { .count = EFF__IMMORTAL, .op = EFF__OP_PRIM, .prim = { .prim = &eff__leave_prim, .value = eff_unit } }
    };
    hold->leave.site = site;
    hold->leave.prim.handle = hold;
    hold->chain = eff__chain_incref(chain);
    return hold;
}
void eff__hold_decref(struct eff__hold *hold)
{
    if (hold) eff_value_decref(hold_value(hold));
}

struct eff__entry *eff__hold_add_entry(struct eff__hold *hold, eff_scope_t *scope, struct eff__anchor *anchor,
                                       eff_site_t site)
{
    struct eff__entry *entry = eff__anchor_add_entry(scope, anchor, site);
    if (!entry) return NULL;
    entry->fn = (eff_any_fn)leave;
    entry->resource = hold_value(hold);
    return entry;
}

/* ---- what the keeper tells */

/* The scope of the eff_layer_memoize is one more user, of what requests find from now on. */
static void keep_memoized(struct eff__instance *inst)
{
    const struct eff__memoized *memoized = (const struct eff__memoized *)inst->layer->value.ptr;
    if (inst->detached || inst->fresh || !memoized->hold || memoized->hold->instance) return;
    memoized->hold->instance = (struct eff__instance *)eff__payload_retain(inst);
    inst->n_users++;
}

void eff__instance_ready(struct eff__instance *inst)
{
    inst->state = EFF__IS_READY;
    if (inst->layer->kind == EFF__LAYER_MEMO) keep_memoized(inst);
    for (eff_fiber_t *f; (f = eff__waiters_pop(&inst->requesters));) {
        eff__wake(f);
        f->reg = eff_context_value(eff_context_incref(inst->services));
        f->status = EFF__OK;
    }
}

/* What a requester gets: the cause, and which layer it was. Borrows cause; returns new. */
static eff_cause_t *failure_for(const struct eff__hold *hold, eff_cause_t *cause)
{
    eff_cause_incref(cause);
    if (eff_cause_is_interrupted_only(cause) || cause == eff__cause_oom) return cause;
    eff_buffer_t text = EFF_BUFFER_INIT;
    add_name(hold->instance, &text);
    eff_buffer_add(&text, " could not be built");
    eff__chain_add_text(hold->instance, hold->chain, &text);
    cause = eff_cause_note(cause, eff_string(eff_buffer_text(&text)), NULL);
    eff_buffer_done(&text);
    return cause;
}

/* The failure of a keeper that was building goes to all who wait for it. */
static void fail_requesters(struct eff__instance *inst, eff_fiber_t *keeper)
{
    for (eff_fiber_t *f; (f = eff__waiters_pop(&inst->requesters));) {
        struct eff__hold *hold = requested(f);
        eff_exit_t exit = eff__fiber_exit(keeper);
        eff_cause_t *cause = exit.ok ? eff_cause_incref(eff__cause_empty) : failure_for(hold, exit.cause);
        f->wait.object = NULL;
        eff__wake(f);
        f->reg = eff_cause_value(cause);
        f->status = EFF__CAUSED;
        forget(hold);
        eff_value_decref(hold_value(hold));
    }
}

/* Takes the first leaver out, who goes on, and nothing of his request is left. */
static eff_fiber_t *pop_leaver(struct eff__instance *inst)
{
    eff_fiber_t *f = eff__waiters_pop(&inst->leavers);
    if (!f) return NULL;
    struct eff__hold *hold = leaving(f);
    f->wait.object = NULL;
    eff__wake(f);
    forget(hold);
    eff_value_decref(hold_value(hold));
    return f;
}

/* That of one that was closing is its last user's. */
static void fail_leaver(struct eff__instance *inst, eff_fiber_t *keeper)
{
    if (!inst->leavers.first || keeper->status == EFF__OK) return;
    eff_exit_t exit = eff__fiber_exit(keeper);
    if (eff_cause_is_interrupted_only(exit.cause) || eff__is_deadlock(exit.cause)) return;
    eff_fiber_t *f = pop_leaver(inst);
    f->reg = eff_cause_value(eff_cause_incref(exit.cause));
    f->status = EFF__CAUSED;
}

void eff__instance_tell_end(struct eff__instance *inst, eff_fiber_t *keeper, bool closing)
{
    eff_fiber_t *f;
    fail_requesters(inst, keeper);
    if (closing) fail_leaver(inst, keeper);
    while ((f = pop_leaver(inst))) {
        f->reg = eff_unit;
        f->status = EFF__OK;
    }
    while ((f = eff__waiters_pop(&inst->heirs))) {
        f->wait.object = NULL;
        eff__wake(f);
        f->reg = eff_unit;
        f->status = EFF__OK;
        eff__instance_decref(inst);
    }
}
