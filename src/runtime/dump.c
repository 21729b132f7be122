/* The fiber tree: walking it, and showing it as text: who runs, who waits for what, and where. For deadlock reports, fibers
 * left behind, and signals. */
#include <inttypes.h>

#include "runtime/runtime.h"

static const char *state_name(const eff_fiber_t *f)
{
    switch ((enum eff__state)f->state) {
    case EFF__NEW: return "has not started";
    case EFF__READY: return "is ready to run";
    case EFF__RUNNING: return "runs";
    case EFF__SUSPENDED: return "waits";
    case EFF__DONE: break;
    }
    return f->status == EFF__OK ? "has ended" : "has failed, and nobody has asked for its exit";
}

void eff__dump_fiber(const eff_fiber_t *f, eff_buffer_t *out)
{
    eff_buffer_printf(out, "fiber %" PRIu64, f->id);
    if (f->fork_site) eff_buffer_printf(out, " (forked at %s)", f->fork_site);
    else if (!f->parent && !(f->flags & EFF__IN_SCOPE)) eff_buffer_add(out, " (main)");
    eff_buffer_printf(out, " %s", state_name(f));
    if (f->state == EFF__SUSPENDED && f->wait.ops) {
        eff_buffer_printf(out, " %s", f->wait.ops->name);
        if (eff__waits_for_fiber(f)) eff_buffer_printf(out, " fiber %" PRIu64, ((eff_fiber_t *)f->wait.object)->id);
        if (f->wait.site) eff_buffer_printf(out, " at %s", f->wait.site);
    }
    if (f->attrs & EFF__MASKED) eff_buffer_add(out, ", masked");
    if (f->interrupt && f->state != EFF__DONE) eff_buffer_add(out, ", interrupted");
}

static const eff_fiber_t *earliest(const eff_fiber_t *last)
{
    while (last && last->sibling_prev)
        last = last->sibling_prev;
    return last;
}

/* The tree below a list's first fiber, parents before children, siblings in order of forking. */
static void dump_list(const eff_fiber_t *last, eff_buffer_t *out)
{
    int depth = 1;
    const eff_fiber_t *f = earliest(last);
    while (f) {
        eff_buffer_printf(out, "%*s", depth * 2, "");
        eff__dump_fiber(f, out);
        eff_buffer_add(out, "\n");
        if (f->children) {
            f = earliest(f->children);
            depth++;
            continue;
        }
        while (f && !f->sibling_next) {
            f = f->parent;
            depth--;
        }
        if (f) f = f->sibling_next;
    }
}

void eff__dump_fibers(const eff_runtime_t *rt, eff_buffer_t *out)
{
    dump_list(rt->roots, out);
    dump_list(rt->scoped, out);
}

/* A walk over the whole tree, children before their parent. */
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
