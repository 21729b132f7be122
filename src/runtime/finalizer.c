/* Telling of finalizers that take long: what their frames know, and the dump's words for what their fiber waits for. */
#include "runtime/finalizer.h"

#include "runtime/dump.h"
#include "runtime/frame.h"
#include "runtime/group.h"
#include "runtime/runtime.h"
#include "runtime/watch.h"

enum { MAX_TOLD = 10 }; /* so many are told of each time, and how many more there are */

struct report {
    eff_fiber_t *f;
    eff_site_t site;
    int64_t took;
    bool release; /* of a bracket */
};

/* Whether the finalizer with this frame below its own, which keeps the result that it ran for, is a bracket's release, and
 * not one within what the bracket uses its resource for. */
static bool is_release(const eff_fiber_t *f, uintptr_t *saved)
{
    const uintptr_t *top = eff__frame_below(saved);
    return top > eff__frames_base(f) && top[-1] & EFF__SPECIAL && eff__frame_code(top[-1]) == EFF__F_BRACKET &&
           eff__bracket_releases(top[-1]);
}

static void put_finalizer(struct eff__sink *s, const struct report *r)
{
    if (r->release) eff__sink_release(s, r->site);
    else eff__sink_called(s, "finalizer", r->site);
}

/* ---- the ends */

int64_t eff__finalizer_begins(eff_runtime_t *rt)
{
    int64_t now = rt->debug.now();
    if (rt->finalizers.n++ == 0 && !rt->finalizers.asked) rt->finalizers.next = now + rt->debug.finalizer_ns;
    return now ? now : 1;
}

static void write_ended(struct eff__sink *s, const void *arg)
{
    const struct report *r = (const struct report *)arg;
    struct eff__who who = eff__who_is(r->f);
    put_finalizer(s, r);
    eff__sink_add(s, " took ");
    eff__sink_duration(s, r->took);
    eff__sink_add(s, ", in ");
    eff__sink_who(s, &who);
}

void eff__finalizer_ends(eff_fiber_t *f, eff_site_t site, int64_t since, bool ended)
{
    eff_runtime_t *rt = f->rt;
    rt->finalizers.n--;
    if (!ended) return;
    struct report r = { f, site, rt->debug.now() - since, is_release(f, f->top) };
    if (r.took < rt->debug.finalizer_ns) return;
    eff_slow_t slow = { EFF_SLOW_FINALIZER, NULL, site, { r.took }, f->id };
    eff__tell_slow(rt, &slow, write_ended, &r);
}

/* ---- those that run */

/* What a dump says of the fiber. */
static void put_line(struct eff__sink *s, eff_fiber_t *f)
{
    struct eff__page page = { .sink = *s, .now = eff__wait_time_now(f->rt), .flat = true };
    struct eff__alike alike;
    eff__alike_begin(&alike, f, page.now);
    eff__put_alike(&page, &alike, false);
}

static void write_waiting(struct eff__sink *s, const void *arg)
{
    const struct report *r = (const struct report *)arg;
    put_finalizer(s, r);
    eff__sink_add(s, " has been running for ");
    eff__sink_duration(s, r->took);
    eff__sink_add(s, ": ");
    put_line(s, r->f);
}

struct look {
    int64_t now, last; /* of this look and of the one before */
    size_t n_told;
};

/* Whether what began at `since` has lasted for the period, twice that, four times ..., and had not at the last look. */
static bool is_due(const struct look *l, int64_t since, int64_t period)
{
    int64_t took = l->now - since;
    if (took < period) return false;
    while (period <= took / 2)
        period *= 2;
    return l->last - since < period;
}

/* The innermost finalizer's frame: its head's place, or NULL. */
static uintptr_t *finalizer_frame(const eff_fiber_t *f)
{
    const uintptr_t *base = eff__frames_base(f);
    for (uintptr_t *top = f->top; top > base; top = eff__frame_below(top))
        if (top[-1] & EFF__SPECIAL && eff__frame_code(top[-1]) == EFF__F_FINALIZER) return top - 1;
    return NULL;
}

/* Whether it was interrupted and waits nevertheless, for something else than those it leaves behind, or to which it
 * leaves the grace that they were promised. */
static bool is_stuck(const eff_fiber_t *f)
{
    if (f->state != EFF__SUSPENDED || !f->wait.ops || !f->interrupt) return false;
    if (!(f->attrs & EFF__MASKED || f->flags & EFF__STAY)) return false;
    if (f->flags & EFF__STAY && f->wait.ops == &eff__group_wait) return false;
    return f->wait.ops != &eff__children_wait && f->wait.ops != &eff__group_end_wait &&
           f->wait.ops != &eff__closing_wait && f->wait.ops != &eff__closed_wait;
}

static void write_stuck(struct eff__sink *s, const void *arg)
{
    const struct report *r = (const struct report *)arg;
    eff__sink_add(s, "after ");
    eff__sink_duration(s, r->took);
    eff__sink_add(s, " the end is still waited for: ");
    put_line(s, r->f);
}

static bool look_at_stuck(eff_fiber_t *f, struct look *l)
{
    int64_t asked = f->rt->finalizers.asked, period = f->rt->debug.finalizer_ns;
    if (!asked || l->now - asked < period || !is_stuck(f)) return true;
    if (f->flags & EFF__TOLD && !is_due(l, asked, period)) return true;
    f->flags |= EFF__TOLD;
    if (l->n_told++ >= MAX_TOLD) return true;
    struct report r = { .f = f, .site = f->wait.site, .took = l->now - asked };
    eff_slow_t slow = { EFF_SLOW_WAITING, NULL, r.site, { r.took }, f->id };
    eff__tell_slow(f->rt, &slow, write_stuck, &r);
    return true;
}

static bool look_at(eff_fiber_t *f, void *arg)
{
    struct look *l = (struct look *)arg;
    uintptr_t *head = f->state == EFF__DONE ? NULL : finalizer_frame(f);
    if (!head || !head[-1]) return look_at_stuck(f, l);
    int64_t since = (int64_t)head[-1];
    if (!is_due(l, since, f->rt->debug.finalizer_ns)) return true; /* told of together with the others, next time */
    struct report r = { f, (eff_site_t)head[-2], l->now - since, is_release(f, eff__frame_below(head + 1)) };
    if (l->n_told++ >= MAX_TOLD) return true;
    eff_slow_t slow = { EFF_SLOW_WAITING, NULL, r.site, { r.took }, f->id };
    eff__tell_slow(f->rt, &slow, write_waiting, &r);
    return true;
}

static void write_more(struct eff__sink *s, const void *arg)
{
    size_t n = *(const size_t *)arg;
    eff__sink_printf(s, "%zu more finalizer%s been running for long", n, n == 1 ? " or fiber has" : "s or fibers have");
}

void eff__finalizers_tell(eff_runtime_t *rt)
{
    struct look l = { .now = rt->debug.now(), .last = rt->finalizers.last };
    if (!eff__finalizers_waited_for(&rt->finalizers) || l.now < rt->finalizers.next) return;
    rt->finalizers.next = l.now + rt->debug.finalizer_ns;
    rt->finalizers.last = l.now;
    eff__each_fiber(rt, look_at, &l);
    if (l.n_told <= MAX_TOLD) return;
    size_t n_more = l.n_told - MAX_TOLD;
    eff_slow_t slow = { .kind = EFF_SLOW_WAITING };
    eff__tell_slow(rt, &slow, write_more, &n_more);
}

static bool stamp(eff_fiber_t *f, void *arg)
{
    int64_t now = *(const int64_t *)arg;
    if (f->state == EFF__DONE) return true;
    const uintptr_t *base = eff__frames_base(f);
    for (uintptr_t *top = f->top; top > base; top = eff__frame_below(top)) {
        if (!(top[-1] & EFF__SPECIAL) || eff__frame_code(top[-1]) != EFF__F_FINALIZER || top[-2]) continue;
        top[-2] = (uintptr_t)now;
        f->rt->finalizers.n++;
    }
    return true;
}

void eff__finalizers_watch(eff_runtime_t *rt, int64_t period_ns)
{
    int64_t now = rt->debug.now();
    rt->debug.finalizer_ns = period_ns;
    rt->finalizers.next = now + period_ns;
    eff__each_fiber(rt, stamp, &now);
}

void eff__finalizers_asked(eff_runtime_t *rt)
{
    if (!rt->debug.finalizer_ns || rt->finalizers.asked) return;
    int64_t now = rt->debug.now();
    rt->finalizers.asked = now ? now : 1;
    if (rt->finalizers.n == 0) rt->finalizers.next = now + rt->debug.finalizer_ns;
}
