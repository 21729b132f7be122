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
 * The limit may change (limit.c). Raised, it has the caller start more sides, as at the beginning, unless somebody is
 * pulling. Lowered, workers whose items end do so too until fewer than the limit are left; one of the last goes on.
 *
 * All that an item needs to begin is reserved before it is pulled, or else it is given back: what is taken from a queue
 * that others share is begun or still there.
 */
#include "core/collection.h"
#include "runtime/frame.h"
#include "runtime/group.h"
#include "runtime/limit.h"
#include "runtime/region.h"
#include "runtime/runtime.h"

static const uint32_t no_place = UINT32_MAX;

void eff__pulls_set_limit(struct eff__pulls *p, size_t n)
{
    p->limit = n && n < no_place ? (uint32_t)n : no_place;
}

bool eff__pulls_begin(eff_fiber_t *f, struct eff__group *g)
{
    struct eff__pulls *p = eff__alloc(sizeof *p);
    if (!p) {
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return false;
    }
    p->group = g;
    p->limited.by = NULL;
    p->n_places = 0;
    p->free_place = no_place;
    p->pulling = p->exhausted = false;
    p->standby = p->parked = NULL;
    p->turns = p->epoch = 0;
    bool limited = g->node->flags & EFF__LIMITED;
    if (!limited) eff__pulls_set_limit(p, g->node->each.limit);
    if ((limited && !eff__limit_enter(g->node->each.handle, f, p)) || !eff__source_open(f, g->node, &p->source)) {
        if (p->limited.by) eff__limit_leave(p);
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
    if (g->pulls->limited.by) eff__limit_leave(g->pulls);
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

/* ---- a limit that changes */

static bool leave_parking(eff_fiber_t *f)
{
    ((struct eff__group *)f->wait.object)->pulls->parked = NULL;
    return true;
}
static const struct eff__wait_ops parked_ops = { .name = "until its loop's limit lets another item begin",
                                                 .leave = leave_parking };

/* The worker has pulled an item, which its frame keeps, and others have more than the limit at work. */
static int park(eff_fiber_t *f, struct eff__group *g)
{
    g->pulls->parked = f;
    f->wait.site = g->node->site;
    eff__suspend(f, &parked_ops, g);
    return EFF__SUSPEND;
}

/* Lets the worker that waits with its item begin it, if it may by now. */
static void unpark(struct eff__group *g)
{
    eff_fiber_t *f = g->pulls->parked;
    if (g->n_live > g->pulls->limit) return;
    g->pulls->parked = NULL;
    f->reg = eff_unit;
    f->status = EFF__OK;
    f->wait.object = NULL;
    eff__wake(f);
}

void eff__pulls_limit_changed(struct eff__group *g)
{
    if (g->pulls->parked) unpark(g);
    else if (!eff__group_is_over(g) && eff__pulls_want_side(g)) eff__group_start_more(g);
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
    if (__builtin_expect(g->pulls->parked != NULL, 0)) unpark(g);
}

/* ---- the workers */

/* Of a PULL frame: its extra. */
enum stage {
    TO_PULL,
    PULLING,
    PARKED /* its words are the item */
};

void eff__pulls_give(struct eff__group *g, eff_fiber_t *side)
{
    g->sides[side->slot].index = EFF__NO_INDEX;
    eff__push_value(side, eff_unit);
    *side->top++ = eff__frame_head(EFF__F_PULL, 0, TO_PULL);
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
    (*ret_new)->flags &= ~(uint32_t)EFF__BEING_STARTED;
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
        if (!over) eff__raise(f, eff__why_no_fiber(f->rt));
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

/* Whether so many items are at work that the one just pulled must wait. */
static bool too_many(const struct eff__group *g)
{
    return g->n_live > g->pulls->limit && !eff__group_is_over(g);
}

/* The source was asked, and this is its answer. */
static int answered(eff_fiber_t *f, struct eff__group *g, enum eff__pulled answer, eff_value_t item)
{
    g->pulls->pulling = false;
    if (answer == EFF__PULLED) return begin(f, g, item);
    g->pulls->exhausted = true;
    return end_without_item(f);
}

/* The effect that pulls has ended. If the limit was lowered meanwhile, what others may have goes back, and the next who
 * has ended an item pulls again; what nobody else can have is kept. */
static int pulled(eff_fiber_t *f, struct eff__group *g)
{
    struct eff__pulls *p = g->pulls;
    eff_value_t item = eff_unit;
    enum eff__pulled answer = eff__source_got(f, g->node, &p->source, &item);
    if (__builtin_expect(answer != EFF__PULLED || !too_many(g), 1)) return answered(f, g, answer, item);
    f->top -= 3;
    if (p->source.takes) {
        p->pulling = false;
        eff__source_give_back(g->node, &p->source, item);
        return EFF__RETURN;
    }
    eff__push_value(f, item);
    *f->top++ = eff__frame_head(EFF__F_PULL, 0, PARKED);
    return park(f, g);
}

/* The worker has waited with its item: it may begin now, or the loop has failed. */
static int parked(eff_fiber_t *f, struct eff__group *g)
{
    eff_value_t item = eff__frame_value(f->top - 1);
    if (f->status == EFF__OK && too_many(g)) return park(f, g);
    if (f->status == EFF__OK) return answered(f, g, EFF__PULLED, item);
    eff_value_decref(item);
    return answered(f, g, EFF__PULLED_FAILS, eff_unit);
}

int eff__return_pull(eff_fiber_t *f)
{
    struct eff__group *g = eff__group_of(f);
    struct eff__pulls *p = g->pulls;
    eff_value_t item = eff_unit;
    switch ((enum stage)eff__frame_extra(f->top[-1])) {
    case TO_PULL: break;
    case PULLING: return pulled(f, g);
    case PARKED: return parked(f, g);
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
    f->top[-1] = eff__frame_head(EFF__F_PULL, 0, PULLING);
    f->cur = (uintptr_t)p->source.pull; /* borrowed: the group keeps it */
    return EFF__EVAL;
}
