/* The invariants of the runtime's structures, checked by walking them: each living fiber is in exactly one place, links
 * are mutual, counts are right, frames fill their stack, and the timer queue is a heap. */
#include "support/invariants.h"

#include "runtime/frame.h"
#include "runtime/group.h"
#include "runtime/line.h"
#include "runtime/scope.h"
#include "runtime/timer.h"

struct walk {
    const eff_runtime_t *rt;
    const char *wrong;
    size_t n_living, n_ready, n_outside;
};

/* Whether f is the running fiber, or waits for a side that it is starting by switching. */
static bool has_the_loop(const eff_runtime_t *rt, const eff_fiber_t *f)
{
    for (const eff_fiber_t *p = rt->current; p; p = p->flags & EFF__BEING_STARTED ? eff__starter_of(p) : NULL)
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
    for (const eff_fiber_t *o = f->observers.first; o; last = o, o = o->links.next) {
        if (o->state != EFF__SUSPENDED || o->wait.object != f) return "a fiber's observer does not wait for it";
        if (last && o->links.prev != last) return "the observers' links are not mutual";
    }
    return !last || last == f->observers.first->links.prev ? NULL : "the end of the observers is wrong";
}

/* Whether the links of its wait are those of a list, all members of which wait for the same object. */
static bool is_listed(const eff_fiber_t *f)
{
    const struct eff__wait_ops *ops = f->wait.ops;
    if (f->state != EFF__SUSPENDED || !ops) return false;
    return ops->on_handle || ops->leave == eff__line_leave || eff__waits_for_fiber(f);
}

/* Called for the first of a line. */
static const char *check_line(const struct eff__line *line, const eff_fiber_t *first)
{
    size_t n = 0;
    const eff_fiber_t *last = NULL;
    if (line->home.waiters.first != first) return "a fiber that waits in a line is not in it";
    for (const eff_fiber_t *f = first; f && n <= line->n; last = f, f = f->links.next)
        n++;
    if (n != line->n) return "a line's count is wrong";
    return last == line->home.waiters.last ? NULL : "a line's end is wrong";
}

static const char *check_wait(const eff_fiber_t *f)
{
    if (!is_listed(f)) return NULL;
    const eff_fiber_t *prev = f->links.prev, *next = f->links.next;
    if (prev && !prev->links.next) prev = NULL; /* the last of a ring, and f its first */
    if (prev && (!is_listed(prev) || prev->links.next != f)) return "a waiting fiber and the one before disagree";
    if (next && (!is_listed(next) || next->links.prev != f)) return "a waiting fiber and the one behind disagree";
    if ((prev && prev->wait.object != f->wait.object) || (next && next->wait.object != f->wait.object))
        return "two in a list wait for different things";
    if (!prev && f->wait.ops->leave == eff__line_leave) return check_line((const struct eff__line *)f->wait.object, f);
    return NULL;
}

/* From the top down to the lowest word; that is the end of the fiber. */
static const char *check_frames(const eff_fiber_t *f)
{
    const uintptr_t *base = eff__frames_base(f), *top = f->top;
    if (top <= base || top > f->limit) return "the frames lie outside their block";
    while (top - base > 1) {
        uintptr_t word = top[-1];
        size_t n = 1 + (word & EFF__SPECIAL ? eff__frame_words(eff__frame_code(word)) : 0);
        if ((size_t)(top - base) <= n) return "the lowest frame is not whole";
        top -= n;
    }
    return *base & EFF__SPECIAL && eff__frame_code(*base) == EFF__F_END ? NULL : "the lowest frame is not the end";
}

/* Of a scope that was made by hand. */
static const char *check_keeper(const eff_fiber_t *f)
{
    const eff_scope_t *scope = f->scope;
    bool within = f->top != eff__frames_base(f) + 4; /* a finalizer, which may be in a scope of its own */
    if (!scope || !scope->made || scope->owner != f) return within ? NULL : "a keeper keeps no scope of its own";
    bool waits = f->state == EFF__SUSPENDED && !within && !f->parent;
    if (scope->state == EFF__SCOPE_OPEN && !waits && f->state != EFF__READY) return "the keeper of an open scope runs";
    if (f->observers.first && scope->state == EFF__SCOPE_OPEN) return "a scope is waited for that nobody closes";
    for (const struct eff__entry *e = scope->last; e; e = e->prev) {
        if (e->scope != scope || (e->prev && e->prev->next != e)) return "a scope's entries disagree";
        if (e->kind == EFF__ENTRY_FINISHING && !scope->parallel) return "a finalizer has a fiber of its own";
    }
    return NULL;
}

static const char *check_entry(const eff_fiber_t *f)
{
    const struct eff__entry *entry = eff__entry_of(f);
    if (entry->fiber != f || entry->kind < EFF__ENTRY_FIBER) return "a scope's entry is of another fiber";
    if (entry->next ? entry->next->prev != entry : entry->scope->last != entry) return "a scope's entries disagree";
    if (entry->prev && entry->prev->next != entry) return "a scope's entries disagree";
    if (entry->scope->state == EFF__SCOPE_CLOSED) return "a fiber outlives its scope";
    return entry->kind == EFF__ENTRY_SCOPE && f->state != EFF__DONE ? check_keeper(f) : NULL;
}

/* Called for each living side. */
static const char *check_group(const struct eff__group *g)
{
    size_t n = 0;
    for (uint32_t i = 0; i < g->n_started; i++)
        n += g->sides[i].fiber && g->sides[i].fiber->state != EFF__DONE;
    return n == g->n_live ? NULL : "a group's count of living sides is wrong";
}

/* A worker of a loop over items that are pulled: the loop does not come to a standstill. */
static const char *check_pulls(const struct eff__group *g)
{
    if (g->each != EFF__PULLED_ITEMS) return NULL;
    if (g->n_live > g->pulls->limit && !g->pulls->limited.by) return "a loop has more workers than its limit";
    if (g->n_started > g->pulls->n_places) return "a loop has more workers than places for them";
    const eff_fiber_t *standby = g->pulls->standby;
    if (standby && (eff__group_of(standby) != g || standby->state != EFF__NEW))
        return "a loop's standby has had its turn";
    const eff_fiber_t *parked = g->pulls->parked;
    if (parked && (parked->state != EFF__SUSPENDED || !g->pulls->pulling)) return "an item waits that was not pulled";
    if (parked && !eff__group_is_over(g) && g->n_live <= g->pulls->limit) return "an item waits that may begin";
    bool over = eff__group_is_over(g) || g->caller->flags & EFF__DOOMED;
    if (g->phase == EFF__GROUP_WAITING && !over && eff__pulls_want_side(g)) return "nobody pulls a loop's items";
    return NULL;
}

static const char *check_links(eff_fiber_t *f)
{
    if (f->children && f->children->sibling_next) return "the latest child has a later sibling";
    if (f->sibling_next && f->sibling_next->sibling_prev != f) return "siblings do not agree";
    if (f->sibling_prev && f->sibling_prev->sibling_next != f) return "siblings do not agree";
    for (const eff_fiber_t *c = f->children; c; c = c->sibling_prev)
        if (c->parent != f) return "a child has another parent";
    if (f->flags & EFF__SIDE && f->state != EFF__DONE) {
        const struct eff__group *g = eff__group_of(f);
        if (g->sides[f->slot].fiber != f) return "a side is not in its place in its group";
        if (g->caller != f->parent) return "a side's parent is not its group's caller";
        if (check_pulls(g)) return check_pulls(g);
        if (f->slot == 0) return check_group(g);
    }
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
    if (!w->wrong) w->wrong = check_wait(f);
    if (!w->wrong && f->state != EFF__DONE) w->wrong = check_frames(f);
    if (!w->wrong && f->flags & EFF__IN_SCOPE) w->wrong = check_entry(f);
    return !w->wrong;
}

/* The run queue holds who is new or ready, each once: its members are counted here, the fibers in that state elsewhere. */
static const char *check_run_queue(const eff_runtime_t *rt, size_t n_ready)
{
    size_t n = 0;
    const eff_fiber_t *last = NULL;
    for (const eff_fiber_t *f = rt->ready_first; f && n <= n_ready; f = f->next_ready) {
        if (f->state != EFF__NEW && f->state != EFF__READY) return "a fiber in the run queue is not ready";
        last = f;
        n++;
    }
    if (n <= n_ready && last != rt->ready_last) return "the run queue's end is wrong";
    if (n != n_ready) return "a ready fiber is not in the run queue, or is there twice";
    return NULL;
}

/* How many timers stand in a slot of the wheel, each in its place. */
static const char *check_slot(const struct eff__wheel *w, int level, int slot, size_t *ret_n)
{
    int shift = level * EFF__WHEEL_BITS;
    for (int i = 0; i < EFF__WHEEL_STRANDS; i++) {
        struct eff__timer *const *head = &w->slots[level][slot].strands[i], *const *link = head;
        for (const struct eff__timer *t; (t = *link); link = &t->next) {
            int64_t tick = t->deadline >> EFF__TICK_BITS, slots_away = (tick >> shift) - (w->base >> shift);
            if (++*ret_n > w->n) return "the timer wheel's count is wrong";
            if (eff__timer_fiber((struct eff__timer *)t)->state != EFF__SUSPENDED)
                return "a fiber with a timer is not suspended";
            if ((t->link != link && t->link != head) || t->child) return "the timer wheel's links are not mutual";
            if (tick <= w->base || slots_away >= EFF__WHEEL_SLOTS || (tick >> shift) % EFF__WHEEL_SLOTS != slot)
                return "a timer is not in its place in the wheel";
        }
    }
    return NULL;
}

static const char *check_wheel(const struct eff__wheel *w, size_t *ret_n)
{
    for (int level = 0; level < EFF__WHEEL_LEVELS; level++) {
        for (int slot = 0; slot < EFF__WHEEL_SLOTS; slot++) {
            if (!(w->used[level][slot / 64] >> slot % 64 & 1)) continue;
            const char *wrong = check_slot(w, level, slot, ret_n);
            if (wrong) return wrong;
        }
    }
    return *ret_n == w->n ? NULL : "the timer wheel's count is wrong";
}

/* Without recursion: down to the first child, else right, else back to the parent's right. */
const char *eff__debug_check_timers(const struct eff__timers *q)
{
    size_t n = 0;
    const char *wrong = q->wheel ? check_wheel(q->wheel, &n) : NULL;
    if (wrong) return wrong;
    if (q->n > 0 && !q->root) return "the timer queue has no first one";
    for (struct eff__timer *t = q->root; t;) {
        n++;
        if (n > q->n) return "the timer queue's count is wrong";
        if (eff__timer_fiber(t)->state != EFF__SUSPENDED) return "a fiber with a timer is not suspended";
        if (q->wheel && t->deadline >> EFF__TICK_BITS > q->wheel->base) return "a timer is to be in the wheel";
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
