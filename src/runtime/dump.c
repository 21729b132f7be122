/* The fiber tree: walking it, and showing it as text: who runs, who waits for what, and where. For deadlock reports, fibers
 * left behind, and signals. Of many fibers that are alike, as workers are, one line tells. */
#include <inttypes.h>
#include <string.h>

#include "runtime/runtime.h"

/* ---- one fiber, or several that are alike */

static const char *state_name(const eff_fiber_t *f, bool several)
{
    switch ((enum eff__state)f->state) {
    case EFF__NEW: return several ? "have not started" : "has not started";
    case EFF__READY: return several ? "are ready to run" : "is ready to run";
    case EFF__RUNNING: return "runs";
    case EFF__SUSPENDED: return several ? "wait" : "waits";
    case EFF__DONE: break;
    }
    if (f->status == EFF__OK) return several ? "have ended" : "has ended";
    return several ? "have failed, and nobody has asked for their exits"
                   : "has failed, and nobody has asked for its exit";
}

static bool same_site(eff_site_t a, eff_site_t b)
{
    return a == b || (a && b && !strcmp(a, b));
}

bool eff__dump_alike(const eff_fiber_t *a, const eff_fiber_t *b)
{
    if (a->state != b->state || a->status != b->status || !a->interrupt != !b->interrupt) return false;
    if ((a->attrs ^ b->attrs) & EFF__MASKED || !a->parent != !b->parent) return false;
    if (!same_site(a->fork_site, b->fork_site)) return false;
    if (a->state != EFF__SUSPENDED) return true;
    if (a->wait.ops != b->wait.ops || !same_site(a->wait.site, b->wait.site)) return false;
    return !eff__waits_for_fiber(a) || a->wait.object == b->wait.object;
}

void eff__dump_fiber(const eff_fiber_t *f, size_t n, const uint64_t *ids, eff_buffer_t *out)
{
    if (n == 1) {
        eff_buffer_printf(out, "fiber %" PRIu64, f->id);
    } else {
        eff_buffer_printf(out, "%zu fibers (", n);
        for (size_t i = 0; i < n && i < EFF__DUMP_IDS; i++) {
            bool gap = n > EFF__DUMP_IDS && i == EFF__DUMP_IDS - 1;
            eff_buffer_printf(out, "%s%" PRIu64, gap ? " \xe2\x80\xa6 " : i ? ", " : "", ids[i]);
        }
        eff_buffer_add(out, ")");
    }
    if (f->fork_site) eff_buffer_printf(out, n == 1 ? " (forked at %s)" : ", forked at %s,", f->fork_site);
    else if (!f->parent && !(f->flags & EFF__IN_SCOPE)) eff_buffer_add(out, " (main)");
    eff_buffer_printf(out, " %s", state_name(f, n > 1));
    if (f->state == EFF__SUSPENDED && f->wait.ops) {
        eff_buffer_add(out, " ");
        if (n == 1 && f->wait.ops->describe) f->wait.ops->describe(f, out);
        else eff_buffer_add(out, f->wait.ops->name);
        if (eff__waits_for_fiber(f)) eff_buffer_printf(out, " fiber %" PRIu64, ((eff_fiber_t *)f->wait.object)->id);
        if (f->wait.site) eff_buffer_printf(out, " at %s", f->wait.site);
    }
    if (f->attrs & EFF__MASKED) eff_buffer_add(out, ", masked");
    if (f->interrupt && f->state != EFF__DONE) eff_buffer_add(out, ", interrupted");
}

/* ---- the tree */

static const eff_fiber_t *earliest(const eff_fiber_t *last)
{
    while (last && last->sibling_prev)
        last = last->sibling_prev;
    return last;
}

const eff_fiber_t *eff__first_fiber(const eff_runtime_t *rt)
{
    return earliest(rt->roots ? rt->roots : rt->scoped);
}

const eff_fiber_t *eff__next_fiber(const eff_runtime_t *rt, const eff_fiber_t *f, int *depth)
{
    if (f->children) {
        ++*depth;
        return earliest(f->children);
    }
    for (; !f->sibling_next; --*depth) {
        if (!f->parent) return f == rt->roots ? earliest(rt->scoped) : NULL;
        f = f->parent;
    }
    return f->sibling_next;
}

enum { FEW = 4 }; /* so many siblings that are alike get a line each */

/* How many siblings from f on are alike, and without children, so that one line will do for them; 1 for a few. */
static size_t alike_from(const eff_fiber_t *f, uint64_t ids[EFF__DUMP_IDS], const eff_fiber_t **ret_last)
{
    size_t n = 0;
    for (const eff_fiber_t *s = f; s && !s->children && eff__dump_alike(f, s); s = s->sibling_next) {
        ids[n < EFF__DUMP_IDS ? n : EFF__DUMP_IDS - 1] = s->id;
        n++;
        *ret_last = s;
    }
    if (n > FEW) return n;
    *ret_last = f;
    ids[0] = f->id;
    return 1;
}

void eff__dump_fibers(const eff_runtime_t *rt, eff_buffer_t *out)
{
    int depth = 1;
    for (const eff_fiber_t *f = eff__first_fiber(rt); f; f = eff__next_fiber(rt, f, &depth)) {
        const eff_fiber_t *last = f;
        uint64_t ids[EFF__DUMP_IDS];
        size_t n = alike_from(f, ids, &last);
        eff_buffer_printf(out, "%*s", depth * 2, "");
        eff__dump_fiber(f, n, ids, out);
        eff_buffer_add(out, "\n");
        f = last;
    }
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
