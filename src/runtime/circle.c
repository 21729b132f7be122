/* Circles of fibers that wait for the end of one another: joins, and waits for what a fiber has started itself.
 *
 * A search in depth over "waits for the end of", without memory of its own: the path back to where it began is linked
 * through the place of rt, which all of them have in common, and which fiber of several was looked at last is known from
 * where the search comes back from. Who is met again while on the path closes a circle.
 */
#include "runtime/deadlock.h"

enum { HALF = EFF__CIRCLE_SHOWN / 2 };

/* The circle that `last`, the end of the path, closes by waiting for `first`, which is on it. It begins with the fiber of
 * the lowest id, so that the same circle is always told in the same way. False when another has a fiber of it. */
static bool close_circle(eff_fiber_t *first, eff_fiber_t *last, struct eff__circle *ret_circle)
{
    size_t n = 0, lowest = 0;
    const eff_fiber_t *low = last;
    for (eff_fiber_t *f = last;; f = f->way_back) {  /* from the last to the first */
        if (f->flags & EFF__IN_CIRCLE) return false; /* NOLINT(clang-analyzer-core.NullDereference): first is on it */
        if (f->id <= low->id) {
            low = f;
            lowest = n;
        }
        n++;
        if (f == first) break;
    }
    ret_circle->n = n;
    size_t back = 0;
    for (eff_fiber_t *f = last;; f = f->way_back, back++) {
        size_t at = (lowest + n - back) % n;
        f->flags |= EFF__IN_CIRCLE;
        if (n <= EFF__CIRCLE_SHOWN || at < HALF) ret_circle->members[at] = f;
        else if (at >= n - HALF) ret_circle->members[at - (n - EFF__CIRCLE_SHOWN)] = f;
        if (f == first) return true;
    }
}

/* Looks at all that can be reached from a fiber, for up to n circles; returns how many there are. */
static size_t search(eff_fiber_t *start, size_t n, struct eff__circle *ret_circles)
{
    size_t n_found = 0;
    eff_runtime_t *rt = start->rt;
    eff_fiber_t *at = start, *looked_at = NULL;
    start->flags |= EFF__SEEN | EFF__ON_PATH;
    start->way_back = NULL;
    while (at) {
        eff_fiber_t *next = eff__waits_for_next(at, looked_at);
        if (!next) {
            at->flags &= ~(uint32_t)EFF__ON_PATH;
            looked_at = at;
            at = at->way_back;
            looked_at->rt = rt;
            continue;
        }
        looked_at = next;
        if (next->flags & EFF__ON_PATH && n_found < n) n_found += close_circle(next, at, &ret_circles[n_found]);
        if (next->flags & EFF__SEEN || !eff__is_stuck(next)) continue;
        next->flags |= EFF__SEEN | EFF__ON_PATH;
        next->way_back = at;
        at = next;
        looked_at = NULL;
    }
    return n_found;
}

size_t eff__circles(const eff_runtime_t *rt, size_t n, struct eff__circle *ret_circles)
{
    size_t n_found = 0, level = 1;
    for (const eff_fiber_t *f = eff__first_fiber(rt); f; f = eff__next_fiber(rt, f, &level)) {
        if (!eff__is_stuck(f) || f->flags & EFF__SEEN) continue;
        n_found += search((eff_fiber_t *)(uintptr_t)f, n - n_found, ret_circles + n_found);
    }
    return n_found;
}

static bool unmark(eff_fiber_t *f, void *arg)
{
    (void)arg;
    f->flags &= ~(uint32_t)(EFF__SEEN | EFF__IN_CIRCLE);
    return true;
}

void eff__circles_done(const eff_runtime_t *rt)
{
    eff__each_fiber(rt, unmark, NULL);
}
