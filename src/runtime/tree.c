/* The fiber tree: walking it, parents first or children first, and along who waits for whom. */
#include "runtime/group.h"
#include "runtime/runtime.h"
#include "runtime/timeout.h"

static const eff_fiber_t *earliest(const eff_fiber_t *last)
{
    while (last && last->sibling_prev)
        last = last->sibling_prev;
    return last;
}

/* ---- parents first */

const eff_fiber_t *eff__first_fiber(const eff_runtime_t *rt)
{
    return earliest(rt->roots ? rt->roots : rt->scoped);
}

const eff_fiber_t *eff__next_fiber(const eff_runtime_t *rt, const eff_fiber_t *f, size_t *level)
{
    if (f->children) {
        ++*level;
        return earliest(f->children);
    }
    for (; !f->sibling_next; --*level) {
        if (!f->parent) return f == rt->roots ? earliest(rt->scoped) : NULL;
        f = f->parent;
    }
    return f->sibling_next;
}

/* ---- children first */

static eff_fiber_t *first_leaf(eff_fiber_t *f)
{
    while (f && f->children)
        f = f->children;
    return f;
}
static eff_fiber_t *next_up(eff_fiber_t *f)
{
    if (f->sibling_prev) return first_leaf(f->sibling_prev);
    return f->parent;
}

void eff__each_fiber(const eff_runtime_t *rt, bool (*visit)(eff_fiber_t *f, void *arg), void *arg)
{
    eff_fiber_t *const lists[] = { rt->scoped, rt->roots }; /* whoever owns a scope comes after its fibers */
    for (int i = 0; i < 2; i++)
        for (eff_fiber_t *f = first_leaf(lists[i]); f; f = next_up(f))
            if (!visit(f, arg)) return;
}

/* ---- who waits for whom */

/* Whether f waits for the end of c, which is its child, or one of the children that its wait is for. */
static bool awaits_child(const eff_fiber_t *f, const eff_fiber_t *c)
{
    if (c->state == EFF__DONE) return false;
    if (f->wait.ops->parent) return true;
    if (f->wait.ops == &eff__children_wait) return eff__region_of(c) >= (uint32_t)(uintptr_t)f->wait.object;
    if (f->wait.ops != &eff__group_wait && f->wait.ops != &eff__group_end_wait && f->wait.ops != &eff__timeout_wait)
        return false;
    if (c->wait.ops == &eff__grace_wait) return false; /* nobody waits for what measures a grace */
    return c->flags & EFF__SIDE && eff__group_of(c) == f->wait.object;
}

eff_fiber_t *eff__waits_for_next(const eff_fiber_t *f, const eff_fiber_t *last)
{
    if (f->state != EFF__SUSPENDED) return NULL;
    if (eff__waits_for_fiber(f)) return last ? NULL : (eff_fiber_t *)f->wait.object;
    if (f->wait.ops && f->wait.ops->awaited) return last ? NULL : f->wait.ops->awaited(f);
    if (!f->wait.ops) return NULL;
    const eff_fiber_t *parent = f->wait.ops->parent ? f->wait.ops->parent(f) : f;
    const eff_fiber_t *c = last ? last->sibling_next : parent ? earliest(parent->children) : NULL;
    while (c && !awaits_child(f, c))
        c = c->sibling_next;
    return (eff_fiber_t *)(uintptr_t)c;
}
