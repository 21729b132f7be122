/* Holds: requests for instances, waiting for them, and leaving. See memo.h.
 *
 * Out of memory: a request makes everything it needs (hold, entry, instance, keeper) before it links any of it. Leaving
 * needs no memory: what a leaver waits by lies in his hold.
 */
#include "core/build.h"
#include "core/context.h"
#include "layers/memo.h"
#include "runtime/deadlock.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

/* ---- holds */

struct eff__hold {
    eff_t leave;                    /* an immortal node: gives it up, and waits for the end when it was the last */
    struct eff__instance *instance; /* owned; NULL: of a MEMO that is not built */
    struct eff__chain *chain;       /* owned; NULL */
    struct eff__memoized *memoized; /* of a MEMO's scope: owned; else NULL */
    struct eff__entry *entry;       /* borrowed; NULL once it is being left, and of no scope */
    struct eff__anchor *anchor;     /* owned; NULL */
    bool left;
};

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
    eff__anchor_decref(hold->anchor);
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
    eff__layer_name(inst->layer, out);
}

/* Of a requester: wait.object is its hold, with a reference. */
static struct eff__hold *requested(const eff_fiber_t *f)
{
    return (struct eff__hold *)f->wait.object;
}
static bool leave_requesters(eff_fiber_t *f)
{
    eff__waiters_remove(&requested(f)->instance->requesters, f);
    eff_value_decref(hold_value(requested(f)));
    return true;
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
                                                  .describe = describe_request,
                                                  .awaited = builder_awaited,
                                                  .patient = true };

/* Of those who wait for the end: wait.object is the instance, with a reference. */
static struct eff__instance *ending(const eff_fiber_t *f)
{
    return (struct eff__instance *)f->wait.object;
}
static void describe_end(const eff_fiber_t *f, eff_buffer_t *out)
{
    eff_buffer_add(out, "for ");
    add_name(ending(f), out);
    eff_buffer_add(out, " to be released");
}
static eff_fiber_t *closer_awaited(const eff_fiber_t *f)
{
    return ending(f)->keeper;
}
static bool leave_leavers(eff_fiber_t *f)
{
    eff__waiters_remove(&ending(f)->leavers, f);
    eff__instance_decref(ending(f));
    return true;
}
static const struct eff__wait_ops leaver_ops = { .name = "for a layer to be released",
                                                 .leave = leave_leavers,
                                                 .describe = describe_end,
                                                 .awaited = closer_awaited,
                                                 .patient = true };
static bool leave_heirs(eff_fiber_t *f)
{
    eff__waiters_remove(&ending(f)->heirs, f);
    eff__instance_decref(ending(f));
    return true;
}
static const struct eff__wait_ops heir_ops = { .name = "for a layer to be released",
                                               .leave = leave_heirs,
                                               .describe = describe_end,
                                               .awaited = closer_awaited,
                                               .patient = true };

static int wait_for_end(eff_fiber_t *f, struct eff__instance *inst, struct eff__waiters *list,
                        const struct eff__wait_ops *ops)
{
    eff__payload_retain(inst);
    eff__waiters_add(list, f);
    eff__suspend(f, ops, inst);
    return EFF__SUSPEND;
}

/* Wakes those who wait for the end, with unit. */
static void let_go_on(struct eff__waiters *list)
{
    for (eff_fiber_t *f; (f = eff__waiters_pop(list));) {
        struct eff__instance *inst = ending(f);
        f->wait.object = NULL;
        eff__wake(f);
        f->reg = eff_unit;
        f->status = EFF__OK;
        eff__instance_decref(inst);
    }
}

/* ---- leaving */

/* What the scope's closing calls; NULL: nothing is to be waited for. */
static eff_t *leave(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    struct eff__hold *hold = (struct eff__hold *)v.ptr;
    (void)exit, (void)env;
    hold->entry = NULL;
    if (hold->memoized) hold->memoized->hold = NULL;
    if (!hold->instance) return NULL;
    if (hold->instance->state != EFF__HAS_ENDED && hold->instance->n_users == 1) return &hold->leave;
    hold->left = true;
    (void)give_up(hold->instance);
    return NULL;
}

/* A new request may have come since. */
static int leave_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__hold *hold = (struct eff__hold *)e->prim.handle;
    struct eff__instance *inst = hold->instance;
    (void)alone;
    hold->left = true;
    if (!give_up(inst)) return eff__prim_value(f, eff_unit);
    end(inst, f, e->site);
    return wait_for_end(f, inst, &inst->leavers, &leaver_ops);
}
static const struct eff__prim leave_prim = { "provide", leave_run };

static struct eff__hold *hold_new(eff_site_t site, struct eff__chain *chain)
{
    struct eff__hold *hold = (struct eff__hold *)eff__payload_alloc(&hold_type, sizeof *hold);
    if (!hold) return NULL;
    *hold = (struct eff__hold){
        .leave = { .count = EFF__IMMORTAL, .op = EFF__OP_PRIM, .prim = { .prim = &leave_prim, .value = eff_unit } }
    };
    hold->leave.site = site;
    hold->leave.prim.handle = hold;
    hold->chain = eff__chain_incref(chain);
    return hold;
}

/* ---- what the keeper tells */

/* The scope of the eff_layer_memoize is one more user. */
static void keep_memoized(struct eff__instance *inst)
{
    const struct eff__memoized *memoized = (const struct eff__memoized *)inst->layer->value.ptr;
    if (!memoized->hold || memoized->hold->instance) return;
    memoized->hold->instance = (struct eff__instance *)eff__payload_retain(inst);
    inst->n_users++;
}

void eff__instance_ready(struct eff__instance *inst)
{
    inst->state = EFF__IS_READY;
    if (inst->layer->kind == EFF__LAYER_MEMO) keep_memoized(inst);
    for (eff_fiber_t *f; (f = eff__waiters_pop(&inst->requesters));) {
        struct eff__hold *hold = requested(f);
        f->wait.object = NULL;
        eff__wake(f);
        f->reg = eff_context_value(eff_context_incref(inst->services));
        f->status = EFF__OK;
        eff_value_decref(hold_value(hold));
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
    eff__chain_add_text(hold->instance->layer, hold->chain, &text);
    cause = eff_cause_note(cause, eff_string(eff_buffer_text(&text)), NULL);
    eff_buffer_done(&text);
    return cause;
}

/* Of a request that failed: there is nothing to be left. A scope that lasts does not keep what was tried in vain. */
static void remove_failed(struct eff__hold *hold)
{
    struct eff__entry *entry = hold->entry;
    if (!entry || entry->scope->state != EFF__SCOPE_OPEN) return;
    hold->entry = NULL;
    eff__entry_free(entry);
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
        remove_failed(hold);
        eff_value_decref(hold_value(hold));
    }
}

/* That of one that was closing is its last user's. */
static void fail_leaver(struct eff__instance *inst, eff_fiber_t *keeper)
{
    eff_fiber_t *f = inst->leavers.first;
    if (!f || keeper->status == EFF__OK) return;
    eff_exit_t exit = eff__fiber_exit(keeper);
    if (eff_cause_is_interrupted_only(exit.cause) || eff__is_deadlock(exit.cause)) return;
    eff__waiters_remove(&inst->leavers, f);
    f->wait.object = NULL;
    eff__wake(f);
    f->reg = eff_cause_value(eff_cause_incref(exit.cause));
    f->status = EFF__CAUSED;
    eff__instance_decref(inst);
}

void eff__instance_tell_end(struct eff__instance *inst, eff_fiber_t *keeper, bool closing)
{
    fail_requesters(inst, keeper);
    if (closing) fail_leaver(inst, keeper);
    let_go_on(&inst->leavers);
    let_go_on(&inst->heirs);
}

/* ---- requests */

static int out_of_memory(eff_fiber_t *f)
{
    return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
}

static int end_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__instance *inst = (struct eff__instance *)e->prim.handle;
    (void)alone;
    if (inst->state == EFF__HAS_ENDED) return eff__prim_value(f, eff_unit);
    return wait_for_end(f, inst, &inst->heirs, &heir_ops);
}
static const struct eff__prim end_prim = { "provide", end_run };

eff_t *eff__instance_ended(eff_site_t site, struct eff__instance *inst)
{
    return eff__prim_node(site, &end_prim, inst, eff_unit);
}

/* Waits until the instance has ended, then requests again. */
static int request_after(eff_fiber_t *f, eff_t *e, struct eff__instance *inst)
{
    eff_t *again = eff_incref(e);
    return eff__prim_effect(f, eff_then_at(e->site, eff__instance_ended(e->site, inst), again));
}

/* A new entry for a hold, where the mention says. */
static struct eff__entry *add_entry(eff_scope_t *scope, struct eff__anchor *anchor, eff_site_t site)
{
    struct eff__entry *entry = eff__scope_add_entry(scope, EFF__ENTRY_HOLD, site);
    if (!entry) return NULL;
    entry->fn = (eff_any_fn)leave;
    if (anchor) {
        eff__entry_move_before(entry, anchor->end);
    }
    return entry;
}

int eff__instance_request(eff_fiber_t *f, eff_t *e, const struct eff__mention *m, const eff_context_t *given)
{
    struct eff__memo *memo = eff__memo_of(f->rt);
    eff_scope_t *scope = m->anchor ? m->anchor->scope : eff__scope_ambient(f);
    if (!memo || !scope || eff__context_is_oom(given)) return out_of_memory(f);
    if (scope->rt != f->rt) return eff__prim_foreign(f, "layer");
    if (scope->state != EFF__SCOPE_OPEN)
        return eff__prim_cause(f, eff_cause_die(eff_literal("a layer was asked for in a scope that is closed")));
    struct eff__instance *inst = eff__instance_find(memo, m, given);
    if (inst && inst->state != EFF__IS_READY) {
        eff_cause_t *cause = eff__instance_circle(f, inst);
        if (cause) return eff__prim_cause(f, cause);
        if (inst->state == EFF__IS_CLOSING) return request_after(f, e, inst);
    }
    struct eff__hold *hold = hold_new(m->site, m->chain);
    if (!hold) return out_of_memory(f);
    struct eff__entry *entry = add_entry(scope, m->anchor, m->site);
    if (entry && !inst) inst = eff__instance_new(memo, m, given);
    if (!entry || !inst) {
        if (entry) eff__entry_free(entry);
        eff_value_decref(hold_value(hold));
        return out_of_memory(f);
    }
    entry->resource = hold_value(hold);
    hold->entry = entry;
    hold->anchor = eff__anchor_incref(m->anchor);
    hold->instance = (struct eff__instance *)eff__payload_retain(inst);
    if (inst->n_users++ == 0) inst->keeper->flags |= EFF__USED;
    if (inst->state == EFF__IS_READY) return eff__prim_value(f, eff_context_value(eff_context_incref(inst->services)));
    eff__waiters_add(&inst->requesters, f);
    eff__suspend(f, &request_ops, eff__payload_retain(hold));
    return EFF__SUSPEND;
}

/* ---- for MEMOs, and anchors */

int eff__request_memoized(eff_fiber_t *f, eff_t *e, const struct eff__mention *m)
{
    const struct eff__memoized *memoized = (const struct eff__memoized *)m->layer->value.ptr;
    if (memoized->rt != f->rt) return eff__prim_foreign(f, "memoized layer");
    if (!memoized->hold)
        return eff__prim_cause(f, eff_cause_die(eff_literal("the scope that the layer was memoized in is closed")));
    return eff__instance_request(f, e, m, memoized->given);
}

struct eff__hold *eff__hold_new_memoized(struct eff__memoized *memoized)
{
    struct eff__hold *hold = hold_new(NULL, NULL);
    if (!hold) return NULL;
    hold->memoized = (struct eff__memoized *)eff__payload_retain(memoized);
    memoized->hold = hold;
    return hold;
}
void eff__hold_decref(struct eff__hold *hold)
{
    if (hold) eff_value_decref(hold_value(hold));
}

bool eff__hold_memoized(eff_fiber_t *f, struct eff__memoized *memoized, eff_site_t site)
{
    eff_scope_t *scope = eff__scope_ambient(f);
    struct eff__hold *hold = scope && scope->state == EFF__SCOPE_OPEN ? eff__hold_new_memoized(memoized) : NULL;
    struct eff__entry *entry = hold ? add_entry(scope, NULL, site) : NULL;
    if (entry) entry->resource = hold_value(hold);
    else eff__hold_decref(hold);
    return entry != NULL;
}

static eff_t *leave_anchor(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    (void)v, (void)exit, (void)env;
    return NULL;
}

static void anchor_drop(void *payload)
{
    eff_scope_decref(((struct eff__anchor *)payload)->scope);
}
static const eff_type_t anchor_type = {
    .size = sizeof(struct eff__anchor), .name = "place in a scope", .drop = anchor_drop, .flags = EFF_TYPE_COUNTED
};

struct eff__anchor *eff__anchor_incref(struct eff__anchor *anchor)
{
    return anchor ? (struct eff__anchor *)eff__payload_retain(anchor) : NULL;
}
void eff__anchor_decref(struct eff__anchor *anchor)
{
    if (anchor) eff_value_decref((eff_value_t){ .type = &anchor_type, .ptr = anchor });
}

struct eff__anchor *eff__anchor_new(eff_fiber_t *f, struct eff__anchor *within, eff_site_t site)
{
    eff_scope_t *scope = within ? within->scope : eff__scope_ambient(f);
    if (scope && scope->state != EFF__SCOPE_OPEN) within = NULL; /* nothing comes there any more */
    struct eff__anchor *anchor = scope ? (struct eff__anchor *)eff__payload_alloc(&anchor_type, sizeof *anchor) : NULL;
    if (!anchor) return NULL;
    *anchor = (struct eff__anchor){ eff_scope_incref(scope), add_entry(scope, within, site) };
    if (anchor->end) {
        anchor->end->fn = (eff_any_fn)leave_anchor;
        return anchor;
    }
    eff__anchor_decref(anchor);
    return NULL;
}
