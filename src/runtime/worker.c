/* Sides that are workers: those of for_each_par, each of which serves item after item without going through the run queue,
 * but to everybody else every item is a fiber of its own, with its own id, context, mask and children; and those of groups
 * that are more than their given effects.
 */
#include "core/build.h"
#include "core/collection.h"
#include "runtime/group.h"
#include "runtime/region.h"
#include "runtime/runtime.h"
#include "runtime/step.h"

/* Gives a worker its next item, of those that are counted. */
static inline void give_item(struct eff__group *g, eff_fiber_t *side)
{
    size_t index = g->next_item++;
    g->sides[side->slot].index = index;
    eff__push_value(side, eff__items_at(g->node->each.items, index));
    *side->top++ = eff__frame_head(EFF__F_ITEM, 0, 0);
}

void eff__group_give(struct eff__group *g, eff_fiber_t *side)
{
    if (g->each == EFF__COUNTED_ITEMS) give_item(g, side);
    else if (g->each) eff__pulls_give(g, side);
}

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
    eff__set_turns(side, 0);
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
    if (g->each == EFF__COUNTED_ITEMS || eff__pulls_place(g, &slot)) side = eff__group_side_at(caller, g, slot);
    if (!side) {
        if (!g->saved) g->saved = eff__why_no_fiber(caller->rt);
        g->decided = true;
        eff_value_decref(failure);
        return;
    }
    if (eff_value_is(failure, &eff_cause_type)) give_failure(g, side, index, failure);
    else eff__group_give(g, side);
    eff__fiber_begins(side, caller);
    if (!being_started) side->flags &= ~(uint32_t)EFF__BEING_STARTED;
    caller->rt->switch_to = side;
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
    eff__group_side_left(g, deciding);
    return false;
}

/* The usual case, and nothing else: a counted item has succeeded, nobody knows its fiber, and there is another item.
 * A side that has begun without a supervisor has none later: its context is the caller's. */
static inline bool next_plain_item(struct eff__group *g, eff_fiber_t *side)
{
    if (!eff__count_is_one(&eff__header_of(side)->count)) return false;
    if (g->each != EFF__COUNTED_ITEMS || side->status != EFF__OK || g->caller->flags & EFF__HAS_RARE) return false;
    struct eff__array *results = g->array.ptr;
    if (!results && eff__is_counted(side->reg)) {
        eff__value_release(side->reg); /* first: what is dropped may interrupt the caller */
        side->reg = eff_unit;
    }
    if (g->next_item >= g->n_items || eff__group_is_over(g)) return false;
    if (results) results->items[g->sides[side->slot].index] = side->reg;
    side->reg = eff_unit;
    renew_plain(g, side);
    give_item(g, side);
    return true;
}

static EFF_NOINLINE bool any_worker_ended(struct eff__group *g, eff_fiber_t *side)
{
    enum after_item after = IT_ENDS;
    if (__builtin_expect(side->flags & EFF__BEGUN, 0)) eff__fiber_ends(side);
    if (g->each) {
        after = __builtin_expect(side->status == EFF__OK, 1) ? item_ended(g, side) : item_failed(g, side);
        if (__builtin_expect(after == GOES_ON, 1)) return true;
    }
    return side_is_done(g, side, after);
}

bool eff__worker_ended(struct eff__group *g, eff_fiber_t *side)
{
    return __builtin_expect(next_plain_item(g, side), 1) || any_worker_ended(g, side);
}

bool eff__unusual_side_ended(eff_fiber_t *side)
{
    struct eff__group *g = eff__group_of(side);
    return g->given ? eff__given_side_ended(g, side) : any_worker_ended(g, side);
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
