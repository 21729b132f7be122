/* Parallel loops over items that nobody has counted: iterators, pulls, queues.
 *
 * A worker pulls the item that it will work on, and only one does at a time. Its life:
 *
 *     PULL frame -> an item: ITEM frame -> its effect ends -> PULL frame again, unless another is pulling: then it ends
 *                -> no more: it ends, and no other is started
 *                -> a failure: the loop fails
 *
 * As long as there may be more items and fewer than `limit` workers live, one of them is pulling, or is about to be:
 * while sides are being started the caller sees to it; later whoever got an item has a new worker appended to the run
 * queue before it begins. So a loop that waits for a queue has one fiber waiting, not as many as its limit allows.
 */
#include "core/collection.h"
#include "runtime/frame.h"
#include "runtime/group.h"
#include "runtime/region.h"
#include "runtime/runtime.h"

static const uint32_t no_place = UINT32_MAX;

bool eff__pulls_begin(eff_fiber_t *f, struct eff__group *g)
{
    struct eff__pulls *p = eff__alloc(sizeof *p);
    if (!p) {
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return false;
    }
    size_t limit = g->node->each.limit;
    p->limit = limit && limit < no_place ? (uint32_t)limit : no_place;
    p->n_places = 0;
    p->free_place = no_place;
    p->pulling = p->exhausted = false;
    if (!eff__source_open(f, g->node, &p->source)) {
        eff__free(p, sizeof *p);
        return false;
    }
    g->each = EFF__PULLED_ITEMS;
    g->pulls = p;
    g->sides = NULL;
    return true;
}

void eff__pulls_free(struct eff__group *g)
{
    eff__source_close(&g->pulls->source);
    eff__free(g->pulls, sizeof *g->pulls);
    eff__raw_free(g->sides);
}

void eff__pulls_trim(struct eff__group *g)
{
    if (g->array.type == &eff_array_type) eff__array_trim(&g->array, g->next_item);
}

bool eff__pulls_more(const struct eff__group *g)
{
    return !g->pulls->exhausted && !g->pulls->pulling;
}

bool eff__pulls_want_side(const struct eff__group *g)
{
    return eff__pulls_more(g) && g->n_live < g->pulls->limit;
}

/* ---- places */

bool eff__pulls_place(struct eff__group *g, uint32_t *ret_slot)
{
    struct eff__pulls *p = g->pulls;
    *ret_slot = p->free_place != no_place ? p->free_place : g->n_started;
    if (*ret_slot < p->n_places) return true;
    uint32_t n = p->n_places ? 2 * p->n_places : 4;
    if (n < p->n_places || n > p->limit) n = p->limit;
    struct eff__side *sides = eff__realloc(g->sides, n * sizeof *sides);
    if (!sides) return false;
    g->sides = sides;
    p->n_places = n;
    return true;
}

void eff__pulls_use_place(struct eff__group *g, uint32_t slot)
{
    g->pulls->free_place = (uint32_t)g->sides[slot].index;
}

void eff__pulls_give_up_place(struct eff__group *g, uint32_t slot)
{
    g->sides[slot].index = g->pulls->free_place;
    g->pulls->free_place = slot;
}

/* ---- the workers */

void eff__pulls_give(struct eff__group *g, eff_fiber_t *side)
{
    g->pulls->pulling = true;
    g->sides[side->slot].index = EFF__NO_INDEX;
    eff__push_value(side, eff_unit);
    *side->top++ = eff__frame_head(EFF__F_PULL, 0, 0);
}

/* Everything that the item just got needs before it may begin; false when out of memory. */
static bool make_ready(struct eff__group *g)
{
    if (g->array.type == &eff_array_type && !eff__array_reserve(&g->array, g->next_item + 1)) return false;
    if (g->phase == EFF__GROUP_STARTING || !eff__pulls_want_side(g)) return true;
    eff_fiber_t *next = eff__group_new_side(g->caller, g);
    if (!next) return false;
    next->flags &= (uint16_t)~EFF__BEING_STARTED;
    eff__enqueue(next);
    return true;
}

/* The worker has an item (consumed). */
static int begin(eff_fiber_t *f, struct eff__group *g, eff_value_t item)
{
    if (!g->decided && make_ready(g)) {
        eff_t *node = g->node;
        g->sides[f->slot].index = g->next_item++;
        f->top -= 3;
        eff__push_value(f, item);
        *f->top++ = eff__frame_head(EFF__F_ITEM, 0, 1);
        eff_t *body = node->each.fn(item, node->each.env);
        return eff__go_on_with(f, body, node->site);
    }
    if (!g->decided) eff__raise(f, eff_cause_incref(eff__cause_oom));
    eff_value_decref(item); /* a loop that is ending begins no more */
    f->top -= 3;
    return EFF__RETURN;
}

int eff__return_pull(eff_fiber_t *f)
{
    struct eff__group *g = f->group;
    struct eff__pulls *p = g->pulls;
    eff_value_t item = eff_unit;
    enum eff__pulled answer = EFF__PULLED_FAILS; /* unless it gets to pull at all */
    if (eff__frame_extra(f->top[-1]) == 1) {
        answer = eff__source_got(f, g->node, &p->source, &item);
    } else if (f->status == EFF__OK) {
        if (p->source.pull) {
            f->top[-1] = eff__frame_head(EFF__F_PULL, 0, 1);
            f->cur = (uintptr_t)p->source.pull; /* borrowed: the group keeps it */
            return EFF__EVAL;
        }
        answer = eff__source_next(f, g->node, &p->source, &item);
    }
    p->pulling = false;
    if (answer == EFF__PULLED) return begin(f, g, item);
    if (answer == EFF__PULLED_END) p->exhausted = true;
    f->top -= 3;
    return EFF__RETURN;
}
