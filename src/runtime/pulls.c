/* Parallel loops over items that nobody has counted: iterators, pulls, queues.
 *
 * A worker pulls the item that it will work on, and only one does at a time. Its life:
 *
 *     PULL frame -> an item: ITEM frame -> its effect ends -> PULL frame again
 *                -> no more: it ends, and no other is started
 *                -> another is pulling, or the loop is over: it ends
 *                -> a failure: the loop fails, and the source is not asked again, though the worker that failed may
 *                   still wait for its children
 *
 * As long as there may be more items and fewer than `limit` workers live, one of them is pulling, or will see to it:
 * while sides are being started that is the caller; later whoever got an item has a new worker, the standby, appended to
 * the run queue before it begins. The standby does not keep others from pulling: a worker whose item ends before the
 * standby's turn pulls the next at once. So items that are quick are served by one worker, without the run queue, and a
 * loop that waits for a queue has one fiber waiting, not as many as its limit allows.
 *
 * All that an item needs to begin is reserved before it is pulled, or else it is given back: what is taken from a queue
 * that others share is begun or still there.
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
    p->standby = NULL;
    p->turns = p->epoch = 0;
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

bool eff__pulls_want_side(const struct eff__group *g)
{
    return eff__pulls_more(g) && !g->pulls->standby && g->n_live < g->pulls->limit;
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
    g->sides[side->slot].index = EFF__NO_INDEX;
    eff__push_value(side, eff_unit);
    *side->top++ = eff__frame_head(EFF__F_PULL, 0, 0);
}

/* Ends a worker's turn at pulling, with what is in reg. */
static int end_without_item(eff_fiber_t *f)
{
    f->top -= 3;
    return EFF__RETURN;
}

/* A place for the result of one more item; false when out of memory. */
static bool reserve_result(struct eff__group *g)
{
    return g->array.type != &eff_array_type || eff__array_reserve(&g->array, g->next_item + 1);
}

/* Makes sure that there is somebody to pull the item after the one just got; *ret_new is who must be enqueued for that,
 * or NULL. False when out of memory. */
static bool reserve_successor(struct eff__group *g, eff_fiber_t **ret_new)
{
    *ret_new = NULL;
    if (g->phase == EFF__GROUP_STARTING || !eff__pulls_want_side(g)) return true;
    *ret_new = eff__group_new_side(g->caller, g);
    if (!*ret_new) return false;
    (*ret_new)->flags &= (uint16_t)~EFF__BEING_STARTED;
    return true;
}

/* The worker has an item (consumed). */
static int begin(eff_fiber_t *f, struct eff__group *g, eff_value_t item)
{
    eff_t *node = g->node;
    struct eff__pulls *p = g->pulls;
    eff_fiber_t *successor = NULL;
    bool over = eff__group_is_over(g);
    if (over || !reserve_successor(g, &successor)) {
        eff__source_give_back(node, &p->source, item);
        p->exhausted = true;
        if (!over) eff__raise(f, eff_cause_incref(eff__cause_oom));
        return end_without_item(f);
    }
    eff__source_keep(node, &p->source);
    if (successor) {
        p->standby = successor;
        eff__enqueue(successor);
    }
    g->sides[f->slot].index = g->next_item++;
    f->top -= 3;
    eff__push_value(f, item);
    *f->top++ = eff__frame_head(EFF__F_ITEM, 0, 1);
    eff_t *body = node->each.fn(item, node->each.env);
    return eff__go_on_with(f, body, node->site);
}

/* The source was asked, and this is its answer. */
static int answered(eff_fiber_t *f, struct eff__group *g, enum eff__pulled answer, eff_value_t item)
{
    g->pulls->pulling = false;
    if (answer == EFF__PULLED) return begin(f, g, item);
    g->pulls->exhausted = true;
    return end_without_item(f);
}

int eff__return_pull(eff_fiber_t *f)
{
    struct eff__group *g = f->group;
    struct eff__pulls *p = g->pulls;
    eff_value_t item = eff_unit;
    if (eff__frame_extra(f->top[-1]) == 1) {
        enum eff__pulled answer = eff__source_got(f, g->node, &p->source, &item);
        return answered(f, g, answer, item);
    }
    if (p->standby == f) p->standby = NULL;
    if (f->status != EFF__OK || eff__group_is_over(g) || !eff__pulls_more(g)) return end_without_item(f);
    if (!reserve_result(g)) {
        p->exhausted = true;
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return end_without_item(f);
    }
    p->pulling = true;
    if (!p->source.pull) {
        enum eff__pulled answer = eff__source_next(f, g->node, &p->source, &item);
        return answered(f, g, answer, item);
    }
    f->top[-1] = eff__frame_head(EFF__F_PULL, 0, 1);
    f->cur = (uintptr_t)p->source.pull; /* borrowed: the group keeps it */
    return EFF__EVAL;
}
