/* Parallel combinators: zip_par, all_par, race, race_first, timeout, disconnect, graceful, task groups and for_each_par are
 * all one group.
 *
 *     STARTING   The caller starts its sides in argument order. Each runs, by switching, until it first loses the loop;
 *                then the caller is returned to and starts the next. A side that decides keeps later ones from starting.
 *     WAITING    The caller is suspended. The first deciding end wakes it: one append to the run queue.
 *     FINISHING  The caller has its turn: whoever has ended by now is EARLY, and counts as simultaneous; the others are
 *                interrupted and awaited. Then the result is put together (outcome.c).
 *
 * A caller that is interrupted (it unwinds with a cause of its own) goes straight to FINISHING; its cause waits in
 * `saved`. Only that of graceful stays WAITING, until the grace it gives has passed. While sides are starting, the caller
 * and the sides being started form a stack through `parent`, which is why starting needs no C recursion.
 *
 * for_each_par's sides are workers: each serves item after item without going through the run queue, but to everybody
 * else every item is a fiber of its own, with its own id, context, mask and children.
 */
#include "runtime/group.h"

#include <string.h>

#include "core/build.h"
#include "core/collection.h"
#include "runtime/outcome.h"
#include "runtime/prim.h"
#include "runtime/region.h"
#include "runtime/runtime.h"

/* The caller is woken for another reason than its sides: they do not wake it a second time. */
static bool leave_group(eff_fiber_t *f)
{
    ((struct eff__group *)f->wait.object)->caller_awaits = false;
    return true;
}

static void describe_wait(const eff_fiber_t *f, eff_buffer_t *out)
{
    const struct eff__group *g = (const struct eff__group *)f->wait.object;
    eff_buffer_add(out, g->kind == EFF__PAR_TASKS ? "for the tasks of its group" : f->wait.ops->name);
}
const struct eff__wait_ops eff__group_wait = { .name = "for its parallel sides",
                                               .leave = leave_group,
                                               .describe = describe_wait };
const struct eff__wait_ops eff__group_end_wait = { .name = "for its interrupted sides to end" };

enum { WORDS = 2 };

static struct eff__group *group_of(eff_fiber_t *f)
{
    return (struct eff__group *)f->top[-2];
}

struct eff__group *eff__group_new(eff_fiber_t *f, eff_t *node, bool owned, size_t n)
{
    struct eff__group *g = NULL;
    size_t size = sizeof *g + n * sizeof g->places[0];
    if (n <= UINT32_MAX && eff__frames_reserve(f, WORDS)) g = eff__alloc(size);
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (!g) {
        if (owned) eff_decref(node);
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return NULL;
    }
    memset(g, 0, size);
    g->caller = f;
    g->node = node;
    g->node_owned = owned;
    g->n_sides = (uint32_t)n;
    g->sides = g->places;
    g->array = eff_unit;
    *f->top++ = (uintptr_t)g;
    *f->top++ = eff__frame_head(EFF__F_PAR, 0, 0);
    return g;
}

static void group_free(struct eff__group *g)
{
    if (g->stop) eff__group_stop_end(g);
    for (uint32_t i = 0; i < g->n_started; i++) {
        eff_fiber_t *side = g->sides[i].fiber;
        g->sides[i].fiber = NULL; /* first: what is dropped with a side may look at the group through its handle */
        eff_fiber_decref(side);
    }
    if (g->each == EFF__PULLED_ITEMS) eff__pulls_free(g); /* the node's items and limit are still there */
    if (g->node_owned) eff__node_release(g->node);
    eff_value_decref(g->array);
    if (g->issued) eff_cause_decref(g->issued);
    if (g->saved) eff_cause_decref(g->saved);
    if (g->kind == EFF__PAR_TASKS && g->tasks) eff__tasks_free(g);
    eff__free(g, sizeof *g + g->n_sides * sizeof g->places[0]);
}

/* ---- starting */

/* The effect of a par's i-th side: moved out of the node when nobody else can ask for it. */
static eff_t *side_effect(struct eff__group *g, uint32_t i)
{
    eff_t *node = g->node;
    eff_t **sides = node->par.n <= 2 ? node->par.sides : node->par.more;
    eff_t *e = sides[i];
    if (g->node_owned && eff__count_is_one(&node->count)) sides[i] = NULL;
    else eff_incref(e);
    return e;
}

/* Gives a worker its next item, of those that are counted. */
static inline void give_item(struct eff__group *g, eff_fiber_t *side)
{
    size_t index = g->next_item++;
    g->sides[side->slot].index = index;
    eff__push_value(side, eff__items_at(g->node->each.items, index));
    *side->top++ = eff__frame_head(EFF__F_ITEM, 0, 0);
}

/* A side for a place, which is given up (NULL when out of memory) or free. f is the caller. */
static inline eff_fiber_t *side_at(eff_fiber_t *f, struct eff__group *g, uint32_t slot, eff_t *e)
{
    eff_fiber_t *side = eff__fiber_new(f->rt, e, g->context ? g->context : f->context, g->node->site);
    if (!side) return NULL;
    side->flags |= EFF__SIDE | EFF__BEING_STARTED;
    side->attrs = f->attrs & EFF__INHERITED;
    side->parent = f;
    side->region = f->depth;
    side->owner.group = g;
    side->slot = slot;
    if (__builtin_expect(!eff__locals_fork(side, f), 0)) {
        eff__fiber_discard(side);
        return NULL;
    }
    eff__fiber_adopt(&f->children, side);
    if (slot == g->n_started) g->n_started++;
    else if (g->each == EFF__PULLED_ITEMS) eff__pulls_use_place(g, slot);
    g->sides[slot] = (struct eff__side){ side, slot };
    g->n_live++;
    return side;
}

/* What a loop's new fiber begins with. */
static inline void give(struct eff__group *g, eff_fiber_t *side)
{
    if (g->each == EFF__COUNTED_ITEMS) give_item(g, side);
    else if (g->each) eff__pulls_give(g, side);
}

static inline eff_fiber_t *new_side(eff_fiber_t *f, struct eff__group *g)
{
    uint32_t slot = g->n_started;
    eff_t *e = NULL;
    if (!g->each) e = side_effect(g, slot);
    else if (g->each == EFF__PULLED_ITEMS && !eff__pulls_place(g, &slot)) return NULL;
    eff_fiber_t *side = side_at(f, g, slot, e);
    if (!side) return NULL;
    give(g, side);
    eff__fiber_begins(side, f);
    return side;
}

eff_fiber_t *eff__group_new_side(eff_fiber_t *f, struct eff__group *g)
{
    return new_side(f, g);
}

static bool more_to_start(const struct eff__group *g)
{
    if (g->decided) return false;
    if (g->n_started < g->n_sides) return !g->each || g->next_item < g->n_items; /* n_sides is 0 for PULLED */
    return g->each == EFF__PULLED_ITEMS && eff__pulls_want_side(g);
}

/* ---- finishing */

static eff_interrupt_reason_t reason_of(const struct eff__group *g)
{
    bool first_lives = g->sides[0].fiber && g->sides[0].fiber->state != EFF__DONE;
    switch ((enum eff__par_kind)g->kind) {
    case EFF__PAR_ALL:
    case EFF__PAR_TASKS: break;
    case EFF__PAR_TIMEOUT:
    case EFF__PAR_GRACEFUL: return first_lives ? EFF_INTERRUPT_TIMEOUT : EFF_INTERRUPT_RACE_LOST;
    case EFF__PAR_RACE_FIRST:
        if (first_lives && g->node->flags & EFF__PAR_STOPPABLE) return EFF_INTERRUPT_STOP;
        return EFF_INTERRUPT_RACE_LOST;
    case EFF__PAR_RACE:
    case EFF__PAR_RACE_WITH:
    case EFF__PAR_DISCONNECT: return EFF_INTERRUPT_RACE_LOST;
    }
    return EFF_INTERRUPT_SIBLING_FAILED;
}

/* Interrupts the sides that have not ended by themselves. */
static void interrupt_rest(eff_fiber_t *f, struct eff__group *g)
{
    g->phase = EFF__GROUP_FINISHING;
    g->decided = true;
    for (uint32_t i = 0; i < g->n_started; i++)
        if (g->sides[i].fiber && g->sides[i].fiber->state == EFF__DONE) g->sides[i].fiber->flags |= EFF__EARLY;
    if (g->n_live == 0) return;
    eff_interrupt_reason_t reason = reason_of(g);
    if (g->kind == EFF__PAR_GRACEFUL && reason == EFF_INTERRUPT_TIMEOUT) eff__stop_cut(g->stop);
    g->issued = (g->saved || g->result != EFF__OK) && f->interrupt ? eff_cause_incref(f->interrupt)
                                                                   : eff__interrupt_cause(f, reason, g->node->site);
    for (uint32_t i = 0; i < g->n_started; i++) {
        eff_fiber_t *side = g->sides[i].fiber;
        if (!side || side->state == EFF__DONE || side->interrupt) continue;
        side->flags |= EFF__ISSUED;
        eff__fiber_interrupt(side, g->issued);
    }
}

/* Hands the one side of a disconnect over to the nearest region that is more than a side's, to be awaited there. */
static void hand_over(eff_fiber_t *f, struct eff__group *g)
{
    eff_fiber_t *side = g->sides[0].fiber, *owner = f;
    while (owner->depth == 0 && (owner->flags & (EFF__SIDE | EFF__OWN_SCOPE)) == EFF__SIDE)
        owner = owner->parent;
    eff__fiber_disown(side);
    side->flags &= ~(uint32_t)(EFF__SIDE | EFF__BEING_STARTED);
    eff__owner_of(side)->group = NULL;
    side->parent = owner;
    side->region = owner->depth;
    eff__fiber_adopt(&owner->children, side);
    g->sides[0].fiber = NULL;
    g->n_live--;
}

static int suspend_caller(eff_fiber_t *f, struct eff__group *g, const struct eff__wait_ops *ops)
{
    g->caller_awaits = true;
    f->wait.site = g->node->site;
    eff__suspend(f, ops, g);
    return EFF__SUSPEND;
}

static void wake_caller(struct eff__group *g)
{
    if (!g->caller_awaits) return;
    g->caller_awaits = false;
    if (g->caller->state != EFF__SUSPENDED) return; /* it was interrupted, and gets its turn for that */
    g->caller->reg = eff_unit;
    g->caller->status = EFF__OK;
    eff__wake(g->caller);
}

void eff__group_decide(struct eff__group *g)
{
    g->decided = true;
    if (g->phase == EFF__GROUP_WAITING) wake_caller(g);
}

void eff__group_start_more(struct eff__group *g)
{
    if (g->phase != EFF__GROUP_WAITING || !g->caller_awaits) return;
    g->phase = EFF__GROUP_STARTING;
    wake_caller(g);
}

int eff__return_par(eff_fiber_t *f)
{
    struct eff__group *g = group_of(f);
    g->caller_awaits = false;
    if (__builtin_expect(g->phase == EFF__GROUP_HANDLING, 0)) eff__race_with_handled(f, g);
    if (f->status != EFF__OK) { /* it unwinds: it was interrupted, or found to be in a deadlock */
        eff_cause_t *cause = eff__materialize(f);
        if (g->saved) eff_cause_decref(cause);
        else g->saved = cause;
        f->reg = eff_unit;
        f->status = EFF__OK;
    }
    if (g->phase == EFF__GROUP_STARTING) {
        if (more_to_start(g) && (!g->saved || eff__grace_counts(f, g))) {
            eff_fiber_t *side = new_side(f, g);
            if (side) {
                f->rt->switch_to = side;
                return EFF__SWITCH;
            }
            if (!g->saved) g->saved = eff__why_no_fiber(f->rt);
        }
        g->phase = EFF__GROUP_WAITING;
    }
    if (g->phase == EFF__GROUP_WAITING) {
        if (!g->saved && !g->decided && g->n_live > 0) return suspend_caller(f, g, &eff__group_wait);
        if (g->n_started == g->n_sides && eff__grace_counts(f, g)) {
            eff__stop_ask(g->stop);
            f->flags |= EFF__STAY;
            return suspend_caller(f, g, &eff__group_wait);
        }
        if (g->kind == EFF__PAR_RACE_WITH && eff__race_with_may_handle(f, g)) return eff__race_with_handle(f, g);
        interrupt_rest(f, g);
        if (g->kind == EFF__PAR_DISCONNECT && g->n_live > 0) hand_over(f, g);
    }
    if (g->n_live > 0) {
        f->flags |= EFF__STAY;
        return suspend_caller(f, g, &eff__group_end_wait);
    }
    f->top -= WORDS;
    if (g->each == EFF__PULLED_ITEMS) eff__pulls_trim(g);
    eff__group_outcome(f, g);
    group_free(g);
    return EFF__RETURN;
}

/* ---- the sides */

/* Whether this end decides the combinator's result. */
static bool decides(const struct eff__group *g, const eff_fiber_t *side)
{
    switch ((enum eff__par_kind)g->kind) {
    case EFF__PAR_ALL: return side->status != EFF__OK;
    case EFF__PAR_TASKS: return side->status != EFF__OK && !eff__task_leaves(side);
    case EFF__PAR_RACE: return side->status == EFF__OK;
    case EFF__PAR_RACE_FIRST:
    case EFF__PAR_RACE_WITH:
    case EFF__PAR_TIMEOUT:
    case EFF__PAR_DISCONNECT:
    case EFF__PAR_GRACEFUL: break;
    }
    return true;
}

/* The worker goes on as the fiber of the next item. */
static inline void renew_plain(struct eff__group *g, eff_fiber_t *side)
{
    side->id = ++side->rt->next_id;
    side->status = EFF__OK;
    side->turns = 0;
    side->attrs = g->caller->attrs & EFF__INHERITED;
    side->flags &= EFF__SIDE | EFF__BEING_STARTED | EFF__HAS_RARE;
    if (side->interrupt) {
        eff_cause_decref(side->interrupt);
        side->interrupt = NULL;
    }
}
/* The same, of one that nobody knows, but which may have more to it; false when out of memory. */
static inline bool renew(struct eff__group *g, eff_fiber_t *side)
{
    renew_plain(g, side);
    return eff__fiber_renew(side, g->caller);
}

enum after_item {
    IT_ENDS,  /* there is no more to do for this worker */
    GOES_ON,  /* as the fiber of another item */
    REPLACED, /* there is more, for a new fiber: this one is known */
};

/* What the worker does that has stored its result, and finds more. */
static inline enum after_item go_on(struct eff__group *g, eff_fiber_t *side, bool known)
{
    if (__builtin_expect(known, 0)) return REPLACED;
    if (__builtin_expect(renew(g, side), 1)) return GOES_ON;
    eff__raise(side, eff__why_no_fiber(side->rt));
    return IT_ENDS;
}

/* Whether an item has failed whose failure does not end the loop. That of the source does, that of one which the deadlock
 * detector failed, or the group interrupted, and that of telling a failure. */
static bool is_put_up_with(const struct eff__group *g, const eff_fiber_t *side, unsigned flag)
{
    if (!(g->node->flags & flag) || g->decided || side->flags & (EFF__DOOMED | EFF__TELLS)) return false;
    return g->sides[side->slot].index != EFF__NO_INDEX;
}

/* True if the failure of an item is a result (EFF__COLLECT). */
static bool collect_failure(const struct eff__group *g, eff_fiber_t *side)
{
    if (!is_put_up_with(g, side, EFF__COLLECT)) return false;
    side->reg = (eff_value_t){ .type = &eff__failed_type, .ptr = eff__materialize(side) };
    side->status = EFF__OK;
    return true;
}

/* A worker has ended, with a success in reg. */
static EFF_NOINLINE enum after_item pulled_item_ended(struct eff__group *g, eff_fiber_t *side)
{
    struct eff__array *results = g->array.ptr;
    size_t index = g->sides[side->slot].index;
    eff_value_t v = eff__side_take(side);
    if (!results || index == EFF__NO_INDEX) eff_value_decref(v);
    else results->items[index] = v;
    if (eff__group_is_over(g) || !eff__pulls_more(g)) return IT_ENDS;
    enum after_item after = go_on(g, side, eff__fiber_is_known(side));
    if (after == GOES_ON) eff__pulls_give(g, side);
    return after;
}

static inline enum after_item counted_item_ended(struct eff__group *g, eff_fiber_t *side)
{
    struct eff__array *results = g->array.ptr;
    bool known = eff__fiber_is_known(side);
    eff_value_t v = side->reg;
    if (__builtin_expect(known, 0)) (void)eff_value_incref(v);
    else side->reg = eff_unit;
    if (!results) eff_value_decref(v);
    else results->items[g->sides[side->slot].index] = v;
    if (g->next_item >= g->n_items || eff__group_is_over(g)) return IT_ENDS;
    enum after_item after = go_on(g, side, known);
    if (after == GOES_ON) give_item(g, side);
    return after;
}

/* ---- failures of items */

/* The fiber is to tell the failure (consumed) of the item with this index, and stands in its place. */
static void give_failure(struct eff__group *g, eff_fiber_t *side, size_t index, eff_value_t failure)
{
    g->sides[side->slot].index = index;
    side->flags |= EFF__TELLS;
    eff__push_value(side, failure);
    *side->top++ = eff__frame_head(EFF__F_ITEM, 0, 2);
}

/* The worker goes on as the fiber that tells the failure of its item (EFF__TOLERANT); a known one leaves that to another,
 * and keeps the failure as its exit. */
static enum after_item tell_failure(struct eff__group *g, eff_fiber_t *side)
{
    eff__materialize(side);
    eff_value_t failure = eff__side_take(side);
    enum after_item after = go_on(g, side, eff__fiber_is_known(side));
    if (after == GOES_ON) {
        give_failure(g, side, g->sides[side->slot].index, failure);
        return after;
    }
    eff_value_decref(failure);
    if (after == REPLACED) {
        side->flags |= EFF__COLLECTED;
        side->status = EFF__OK;
    }
    return after;
}

static inline enum after_item item_ended(struct eff__group *g, eff_fiber_t *side)
{
    return g->each == EFF__COUNTED_ITEMS ? counted_item_ended(g, side) : pulled_item_ended(g, side);
}

static EFF_NOINLINE enum after_item item_failed(struct eff__group *g, eff_fiber_t *side)
{
    if (is_put_up_with(g, side, EFF__TOLERANT)) return tell_failure(g, side);
    if (!collect_failure(g, side)) return IT_ENDS;
    enum after_item after = item_ended(g, side);
    if (after != GOES_ON && side->reg.type == &eff__failed_type) { /* it is known: who asks is told of the failure */
        side->reg.type = &eff_cause_type;
        side->flags |= EFF__COLLECTED;
    }
    return after;
}

/* ---- the end of a side */

/* A known worker is done with, and another fiber takes its place and its turn: for the next item, or to tell its failure
 * (consumed; unit when there is none). */
static void replace(struct eff__group *g, const eff_fiber_t *done, size_t index, eff_value_t failure,
                    bool being_started)
{
    eff_fiber_t *caller = g->caller, *side = NULL;
    uint32_t slot = done->slot;
    if (g->each == EFF__COUNTED_ITEMS || eff__pulls_place(g, &slot)) side = side_at(caller, g, slot, NULL);
    if (!side) {
        if (!g->saved) g->saved = eff__why_no_fiber(caller->rt);
        g->decided = true;
        eff_value_decref(failure);
        return;
    }
    if (eff_value_is(failure, &eff_cause_type)) give_failure(g, side, index, failure);
    else give(g, side);
    eff__fiber_begins(side, caller);
    if (!being_started) side->flags &= ~(uint32_t)EFF__BEING_STARTED;
    caller->rt->switch_to = side;
}

static inline void is_decided_by(struct eff__group *g, bool deciding)
{
    if (deciding) g->decided = true;
    if (g->n_live == 0 || (g->decided && g->phase == EFF__GROUP_WAITING)) wake_caller(g);
}

/* The exit is published, and the place given up or kept for the outcome. Answers what eff__group_side_ended does. */
static EFF_NOINLINE bool side_is_done(struct eff__group *g, eff_fiber_t *side, enum after_item after)
{
    bool deciding = decides(g, side), being_started = side->flags & EFF__BEING_STARTED;
    bool item_done = g->each ? side->status == EFF__OK : g->kind == EFF__PAR_TASKS && eff__task_leaves(side);
    bool told = g->each && g->node->flags & EFF__TOLERANT && side->flags & EFF__COLLECTED;
    if (side->flags & EFF__COLLECTED) side->status = EFF__CAUSED;
    if (!g->handled) side->flags |= EFF__OBSERVED; /* by the combinator */
    eff__fiber_publish(side);
    g->n_live--;
    if (item_done) {
        uint32_t slot = side->slot;
        size_t index = g->sides[slot].index;
        g->sides[slot].fiber = NULL;
        if (g->each == EFF__PULLED_ITEMS) eff__pulls_give_up_place(g, slot);
        else if (!g->each) eff__tasks_give_up_place(g, slot);
        if (after == REPLACED) replace(g, side, index, told ? eff_value_incref(side->reg) : eff_unit, being_started);
        eff_fiber_decref(side);
    }
    is_decided_by(g, deciding);
    return false;
}

/* The same, of a side that is neither an item nor a task. */
static bool given_side_is_done(struct eff__group *g, eff_fiber_t *side)
{
    bool deciding = decides(g, side);
    if (!g->handled) side->flags |= EFF__OBSERVED;
    eff__fiber_publish(side);
    g->n_live--;
    is_decided_by(g, deciding);
    return false;
}

/* The usual case, and nothing else: a counted item has succeeded, nobody knows its fiber, and there is another item.
 * A side that has begun without a supervisor has none later: its context is the caller's. */
static inline bool next_plain_item(eff_fiber_t *side)
{
    if (side->flags & (EFF__HAS_RARE | EFF__BEGUN) || !eff__count_is_one(&eff__header_of(side)->count)) return false;
    struct eff__group *g = side->owner.group;
    if (g->each != EFF__COUNTED_ITEMS || side->status != EFF__OK || g->caller->flags & EFF__HAS_RARE) return false;
    if (g->next_item >= g->n_items || eff__group_is_over(g)) return false;
    struct eff__array *results = g->array.ptr;
    if (!results) eff_value_decref(side->reg);
    else results->items[g->sides[side->slot].index] = side->reg;
    side->reg = eff_unit;
    renew_plain(g, side);
    give_item(g, side);
    return true;
}

bool eff__group_side_ended(eff_fiber_t *side)
{
    if (__builtin_expect(next_plain_item(side), 1)) return true;
    struct eff__group *g = eff__group_of(side);
    enum after_item after = IT_ENDS;
    if (__builtin_expect(side->flags & EFF__BEGUN, 0)) eff__fiber_ends(side);
    if (!g->each && g->kind != EFF__PAR_TASKS) return given_side_is_done(g, side);
    if (g->each) {
        after = __builtin_expect(side->status == EFF__OK, 1) ? item_ended(g, side) : item_failed(g, side);
        if (__builtin_expect(after == GOES_ON, 1)) return true;
    }
    return side_is_done(g, side, after);
}

/* Ends an item, with what is in reg. */
static inline int end_item(eff_fiber_t *f, eff_value_t item)
{
    f->top -= 3;
    eff_value_decref(item);
    return EFF__RETURN;
}

/* The frame keeps a failure: begins to tell it, or has done so. */
static EFF_NOINLINE int return_failure(eff_fiber_t *f)
{
    eff_value_t failure = eff__frame_value(f->top - 1);
    if (eff__frame_extra(f->top[-1]) == 1 || f->status != EFF__OK) return end_item(f, failure);
    eff_t *node = eff__group_of(f)->node;
    f->top[-1] = eff__frame_head(EFF__F_ITEM, 0, 1);
    eff_t *body = eff__tolerate(node, (const eff_cause_t *)failure.ptr);
    return eff__go_on_with(f, body, node->site);
}

int eff__return_item(eff_fiber_t *f)
{
    uintptr_t head = f->top[-1];
    eff_value_t item = eff__frame_value(f->top - 1);
    if (eff__frame_extra(head) == 0 && f->status == EFF__OK) {
        eff_t *node = eff__group_of(f)->node;
        f->top[-1] = eff__frame_head(EFF__F_ITEM, 0, 1);
        eff_t *body = node->each.fn(item, node->each.env);
        return eff__go_on_with(f, body, node->site);
    }
    if (__builtin_expect(f->flags & EFF__TELLS, 0)) return return_failure(f);
    return end_item(f, item);
}

/* ---- the instructions */

int eff__eval_par(eff_fiber_t *f, eff_t *e, bool owned)
{
    struct eff__group *g = eff__group_new(f, e, owned, e->par.n);
    if (!g) return EFF__RETURN;
    g->kind = e->kind;
    bool ready = true;
    if (e->kind == EFF__PAR_GRACEFUL) ready = eff__group_stop_begin(f, g);
    else if (e->kind == EFF__PAR_TASKS) ready = eff__tasks_begin(f, g);
    if (!ready) g->saved = eff_cause_incref(eff__cause_oom);
    return eff__return_par(f);
}

/* for_each_par: see each.c for the sequential one. */
int eff__begin_each_par(eff_fiber_t *f, eff_t *e, bool owned)
{
    bool counted = eff__items_counted(e->each.items) && !(e->flags & EFF__LIMITED);
    size_t n = counted ? eff__items_count(e->each.items) : 0, limit = counted ? e->each.limit : 0;
    struct eff__group *g = eff__group_new(f, e, owned, limit && limit < n ? limit : n);
    if (!g) return EFF__RETURN;
    g->kind = EFF__PAR_ALL;
    if (counted) {
        g->each = EFF__COUNTED_ITEMS;
        g->n_items = n;
    } else if (!eff__pulls_begin(f, g)) {
        return eff__return_par(f);
    }
    if (!(e->flags & EFF__DISCARD)) {
        eff_value_t *results;
        g->array = eff__array_new(n, &results);
        if (g->array.type->flags & EFF_TYPE_OOM) g->saved = eff_cause_incref(eff__cause_oom);
    }
    return eff__return_par(f);
}

void eff__group_unwind(eff_fiber_t *caller, struct eff__group *g)
{
    (void)caller;
    for (uint32_t i = 0; g->handled && i < g->n_started; i++) /* those of whom a handle may be left behind */
        eff__fiber_report_unobserved(g->sides[i].fiber);
    group_free(g);
}
