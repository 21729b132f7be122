/* Parallel combinators: zip_par, all_par, race, race_first, timeout, disconnect and for_each_par are all one group.
 *
 *     STARTING   The caller starts its sides in argument order. Each runs, by switching, until it first loses the loop;
 *                then the caller is returned to and starts the next. A side that decides keeps later ones from starting.
 *     WAITING    The caller is suspended. The first deciding end wakes it: one append to the run queue.
 *     FINISHING  The caller has its turn: whoever has ended by now is EARLY, and counts as simultaneous; the others are
 *                interrupted and awaited. Then the result is put together (outcome.c).
 *
 * A caller that is interrupted (it unwinds with a cause of its own) goes straight to FINISHING; its cause waits in
 * `saved`. While sides are starting, the caller and the sides being started form a stack through `parent`, which is why
 * starting needs no C recursion.
 *
 * for_each_par's sides are workers: each serves item after item without going through the run queue, but to everybody
 * else every item is a fiber of its own, with its own id, context, mask and children.
 */
#include "runtime/group.h"

#include <string.h>

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

const struct eff__wait_ops eff__group_wait = { .name = "for its parallel sides", .leave = leave_group };
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
    for (uint32_t i = 0; i < g->n_started; i++)
        if (g->sides[i].fiber) eff_fiber_decref(g->sides[i].fiber);
    if (g->node_owned) eff__node_release(g->node);
    eff_value_decref(g->array);
    if (g->issued) eff_cause_decref(g->issued);
    if (g->saved) eff_cause_decref(g->saved);
    if (g->each == EFF__PULLED_ITEMS) eff__pulls_free(g);
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

static inline eff_fiber_t *new_side(eff_fiber_t *f, struct eff__group *g)
{
    uint32_t slot = g->n_started;
    eff_t *e = NULL;
    if (!g->each) e = side_effect(g, slot);
    else if (g->each == EFF__PULLED_ITEMS && !eff__pulls_place(g, &slot)) return NULL;
    eff_fiber_t *side = eff__fiber_new(f->rt, e, f->context, g->node->site);
    if (!side) return NULL;
    side->flags |= EFF__SIDE | EFF__BEING_STARTED;
    side->attrs = f->attrs & EFF__EXTERNAL;
    side->parent = f;
    side->region = f->depth;
    side->group = g;
    side->slot = slot;
    eff__fiber_adopt(&f->children, side);
    if (slot == g->n_started) g->n_started++;
    else eff__pulls_use_place(g, slot);
    g->sides[slot] = (struct eff__side){ side, slot };
    g->n_live++;
    if (g->each == EFF__COUNTED_ITEMS) give_item(g, side);
    else if (g->each) eff__pulls_give(g, side);
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

/* Interrupts the sides that have not ended by themselves. */
static void interrupt_rest(eff_fiber_t *f, struct eff__group *g)
{
    g->phase = EFF__GROUP_FINISHING;
    g->decided = true;
    for (uint32_t i = 0; i < g->n_started; i++)
        if (g->sides[i].fiber && g->sides[i].fiber->state == EFF__DONE) g->sides[i].fiber->flags |= EFF__EARLY;
    if (g->n_live == 0) return;
    eff_interrupt_reason_t reason = EFF_INTERRUPT_SIBLING_FAILED;
    if (g->kind == EFF__PAR_TIMEOUT && g->sides[0].fiber && g->sides[0].fiber->state != EFF__DONE)
        reason = EFF_INTERRUPT_TIMEOUT;
    else if (g->kind != EFF__PAR_ALL) reason = EFF_INTERRUPT_RACE_LOST;
    g->issued =
        g->saved && f->interrupt ? eff_cause_incref(f->interrupt) : eff__interrupt_cause(f, reason, g->node->site);
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
    while (owner->depth == 0 && owner->flags & EFF__SIDE)
        owner = owner->parent;
    eff__fiber_disown(side);
    side->flags &= (uint16_t) ~(EFF__SIDE | EFF__BEING_STARTED);
    side->group = NULL;
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

int eff__return_par(eff_fiber_t *f)
{
    struct eff__group *g = group_of(f);
    g->caller_awaits = false;
    if (f->status != EFF__OK) { /* it unwinds: it was interrupted, or found to be in a deadlock */
        eff_cause_t *cause = eff__materialize(f);
        if (g->saved) eff_cause_decref(cause);
        else g->saved = cause;
        f->reg = eff_unit;
        f->status = EFF__OK;
    }
    if (g->phase == EFF__GROUP_STARTING) {
        if (more_to_start(g) && !g->saved) {
            eff_fiber_t *side = new_side(f, g);
            if (side) {
                f->rt->switch_to = side;
                return EFF__SWITCH;
            }
            g->saved = eff_cause_incref(eff__cause_oom);
        }
        g->phase = EFF__GROUP_WAITING;
    }
    if (g->phase == EFF__GROUP_WAITING) {
        if (!g->saved && !g->decided && g->n_live > 0) return suspend_caller(f, g, &eff__group_wait);
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
    case EFF__PAR_RACE: return side->status == EFF__OK;
    case EFF__PAR_RACE_FIRST:
    case EFF__PAR_TIMEOUT:
    case EFF__PAR_DISCONNECT: break;
    }
    return true;
}

/* The worker goes on as the fiber of the next item. Nobody can tell: a side has no observers, since no function gives a
 * handle of one. */
static inline void renew(struct eff__group *g, eff_fiber_t *side)
{
    side->id = ++side->rt->next_id;
    side->status = EFF__OK;
    side->turns = 0;
    side->attrs = g->caller->attrs & EFF__EXTERNAL;
    side->flags &= EFF__SIDE | EFF__BEING_STARTED;
    if (side->interrupt) {
        eff_cause_decref(side->interrupt);
        side->interrupt = NULL;
    }
}

/* An item has failed whose failure is a result (EFF__COLLECT). One that the deadlock detector failed, or that was
 * interrupted by the group, ends the combinator. */
static void collect_failure(const struct eff__group *g, eff_fiber_t *side)
{
    if (!(g->node->flags & EFF__COLLECT) || g->decided || side->flags & EFF__DOOMED) return;
    if (g->sides[side->slot].index == EFF__NO_INDEX) return; /* it is the source that failed */
    side->reg = (eff_value_t){ .type = &eff__failed_type, .ptr = eff__materialize(side) };
    side->status = EFF__OK;
}

/* A worker has ended, with a success in reg, and finds more to do: true. */
static EFF_NOINLINE bool pulled_item_ended(struct eff__group *g, eff_fiber_t *side)
{
    struct eff__array *results = g->array.ptr;
    size_t index = g->sides[side->slot].index;
    if (!results || index == EFF__NO_INDEX) eff_value_decref(side->reg);
    else results->items[index] = side->reg;
    side->reg = eff_unit;
    if (eff__group_is_over(g) || !eff__pulls_more(g)) return false;
    renew(g, side);
    eff__pulls_give(g, side);
    return true;
}

static inline bool counted_item_ended(struct eff__group *g, eff_fiber_t *side)
{
    struct eff__array *results = g->array.ptr;
    if (!results) eff_value_decref(side->reg);
    else results->items[g->sides[side->slot].index] = side->reg;
    side->reg = eff_unit;
    if (g->next_item >= g->n_items || eff__group_is_over(g)) return false;
    renew(g, side);
    give_item(g, side);
    return true;
}

bool eff__group_side_ended(eff_fiber_t *side)
{
    struct eff__group *g = side->group;
    if (g->each) {
        if (side->status != EFF__OK) collect_failure(g, side);
        if (side->status == EFF__OK &&
            (g->each == EFF__COUNTED_ITEMS ? counted_item_ended(g, side) : pulled_item_ended(g, side)))
            return true;
    }
    bool deciding = decides(g, side);
    side->flags |= EFF__OBSERVED; /* by the combinator */
    eff__fiber_publish(side);
    if (g->each && side->status == EFF__OK) {
        g->sides[side->slot].fiber = NULL;
        if (g->each == EFF__PULLED_ITEMS) eff__pulls_give_up_place(g, side->slot);
        eff_fiber_decref(side);
    }
    g->n_live--;
    if (deciding) g->decided = true;
    if (g->n_live == 0 || (deciding && g->phase == EFF__GROUP_WAITING)) wake_caller(g);
    return false;
}

int eff__return_item(eff_fiber_t *f)
{
    uintptr_t head = f->top[-1];
    eff_value_t item = eff__frame_value(f->top - 1);
    if (eff__frame_extra(head) == 0 && f->status == EFF__OK) {
        eff_t *node = f->group->node;
        f->top[-1] = eff__frame_head(EFF__F_ITEM, 0, 1);
        eff_t *body = node->each.fn(item, node->each.env);
        return eff__go_on_with(f, body, node->site);
    }
    f->top -= 3;
    eff_value_decref(item);
    return EFF__RETURN;
}

/* ---- the instructions */

int eff__eval_par(eff_fiber_t *f, eff_t *e, bool owned)
{
    struct eff__group *g = eff__group_new(f, e, owned, e->par.n);
    if (!g) return EFF__RETURN;
    g->kind = e->kind;
    return eff__return_par(f);
}

/* for_each_par: see each.c for the sequential one. */
int eff__begin_each_par(eff_fiber_t *f, eff_t *e, bool owned)
{
    bool counted = eff__items_counted(e->each.items);
    size_t n = counted ? eff__items_count(e->each.items) : 0, limit = e->each.limit;
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
    group_free(g);
}
