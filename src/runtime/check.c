/* The invariants of the runtime's structures, checked by walking them: each living fiber is in exactly one place, links
 * are mutual, counts are right, and the timer queue is a heap. Called by tests only. */
#include "runtime/check.h"

#include "runtime/frame.h"

#include "runtime/group.h"
#include "runtime/timer.h"

struct walk {
    const eff_runtime_t *rt;
    const char *wrong;
    size_t n_living, n_ready, n_outside;
};

/* Whether f is the running fiber, or waits for a side that it is starting by switching. */
static bool has_the_loop(const eff_runtime_t *rt, const eff_fiber_t *f)
{
    for (const eff_fiber_t *p = rt->current; p; p = p->flags & EFF__BEING_STARTED ? p->parent : NULL)
        if (p == f) return true;
    return false;
}

static const char *check_state(const eff_runtime_t *rt, const eff_fiber_t *f)
{
    bool outside = f->flags & EFF__OUTSIDE;
    if (f->rt != rt) return "a fiber belongs to another runtime";
    if (outside && f->state != EFF__SUSPENDED) return "a fiber that is not suspended counts as waiting for the outside";
    switch ((enum eff__state)f->state) {
    case EFF__RUNNING: return has_the_loop(rt, f) ? NULL : "a fiber is marked running but does not run";
    case EFF__SUSPENDED: return f->wait.ops || has_the_loop(rt, f) ? NULL : "a suspended fiber waits for nothing";
    case EFF__NEW:
    case EFF__READY: break;
    case EFF__DONE:
        if (!(f->flags & EFF__ZOMBIE)) return "a fiber that ended is still among its owner's";
        if (f->children) return "a fiber that ended has children";
        break;
    }
    return f == rt->current && f->state != EFF__RUNNING ? "the running fiber is not marked so" : NULL;
}

/* Those who wait for the end of f. */
static const char *check_observers(const eff_fiber_t *f)
{
    const eff_fiber_t *last = NULL;
    for (const eff_fiber_t *o = f->observers.first; o; last = o, o = o->wait.links.next) {
        if (o->state != EFF__SUSPENDED || o->wait.object != f) return "a fiber's observer does not wait for it";
        if (o->wait.links.prev != last) return "the observers' links are not mutual";
    }
    return last == f->observers.last ? NULL : "the end of the observers is wrong";
}

/* A worker of a loop over items that are pulled: the loop does not come to a standstill. */
static const char *check_pulls(const struct eff__group *g)
{
    if (g->each != EFF__PULLED_ITEMS) return NULL;
    if (g->n_live > g->pulls->limit) return "a loop has more workers than its limit";
    if (g->n_started > g->pulls->n_places) return "a loop has more workers than places for them";
    const eff_fiber_t *standby = g->pulls->standby;
    if (standby && (standby->group != g || standby->state != EFF__NEW)) return "a loop's standby has had its turn";
    if (g->phase == EFF__GROUP_WAITING && !eff__group_is_over(g) && eff__pulls_want_side(g))
        return "nobody pulls a loop's items";
    return NULL;
}

static const char *check_links(eff_fiber_t *f)
{
    if (f->children && f->children->sibling_next) return "the latest child has a later sibling";
    if (f->sibling_next && f->sibling_next->sibling_prev != f) return "siblings do not agree";
    if (f->sibling_prev && f->sibling_prev->sibling_next != f) return "siblings do not agree";
    for (const eff_fiber_t *c = f->children; c; c = c->sibling_prev)
        if (c->parent != f) return "a child has another parent";
    if (f->flags & EFF__SIDE && f->state != EFF__DONE && f->group->sides[f->slot].fiber != f)
        return "a side is not in its place in its group";
    if (f->flags & EFF__SIDE && f->state != EFF__DONE && f->group->caller != f->parent)
        return "a side's parent is not its group's caller";
    if (f->flags & EFF__SIDE && f->observers.first) return "a side is observed";
    if (f->flags & EFF__SIDE && f->state != EFF__DONE && check_pulls(f->group)) return check_pulls(f->group);
    if (f->state != EFF__DONE && (f->top <= eff__frames_base(f) || f->top > f->limit))
        return "the frames lie outside their block";
    return NULL;
}

static bool check_fiber(eff_fiber_t *f, void *arg)
{
    struct walk *w = (struct walk *)arg;
    if (f->state != EFF__DONE) w->n_living++;
    if (f->state == EFF__NEW || f->state == EFF__READY) w->n_ready++;
    if (f->flags & EFF__OUTSIDE) w->n_outside++;
    w->wrong = check_state(w->rt, f);
    if (!w->wrong) w->wrong = check_links(f);
    if (!w->wrong) w->wrong = check_observers(f);
    return !w->wrong;
}

/* The run queue holds who is new or ready, each once: its members are counted here, the fibers in that state elsewhere. */
static const char *check_run_queue(const eff_runtime_t *rt, size_t n_ready)
{
    size_t n = 0;
    const eff_fiber_t *last = NULL;
    for (const eff_fiber_t *f = rt->ready_first; f && n <= rt->n_ready; f = f->next_ready) {
        if (f->state != EFF__NEW && f->state != EFF__READY) return "a fiber in the run queue is not ready";
        last = f;
        n++;
    }
    if (n != rt->n_ready) return "the run queue's count is wrong";
    if (last != rt->ready_last) return "the run queue's end is wrong";
    if (n != n_ready) return "a ready fiber is not in the run queue, or is there twice";
    return NULL;
}

/* Without recursion: down to the first child, else right, else back to the parent's right. */
const char *eff__debug_check_timers(const struct eff__timers *q)
{
    size_t n = 0;
    for (struct eff__timer *t = q->root; t;) {
        n++;
        if (n > q->n) return "the timer queue's count is wrong";
        if (eff__timer_fiber(t)->state != EFF__SUSPENDED) return "a fiber with a timer is not suspended";
        for (struct eff__timer *c = t->child, *left = t; c; left = c, c = c->next) {
            if (c->prev != left) return "the timer queue's links are not mutual";
            if (c->deadline < t->deadline || (c->deadline == t->deadline && c->seq < t->seq))
                return "the timer queue is not in order";
        }
        if (t->child) {
            t = t->child;
            continue;
        }
        while (t && !t->next) { /* leftwards to the first child, whose prev is the parent */
            while (t->prev && t->prev->child != t)
                t = t->prev;
            t = t->prev;
        }
        if (t) t = t->next;
    }
    return n == q->n ? NULL : "the timer queue's count is wrong";
}

const char *eff__debug_check(const eff_runtime_t *rt)
{
    struct walk w = { .rt = rt };
    eff__each_fiber(rt, check_fiber, &w);
    if (w.wrong) return w.wrong;
    if (w.n_living != rt->n_fibers) return "the count of living fibers is wrong";
    if (w.n_outside != rt->n_external) return "the count of waits for the outside is wrong";
    const char *wrong = check_run_queue(rt, w.n_ready);
    return wrong ? wrong : eff__debug_check_timers(&rt->timers);
}
