/* Supervisors. Those of a region are a chain in its context, which forks inherit as they do services; that of the runtime
 * is among its options. A runtime that never had one pays for a test of `supervised` at each fork. */
#include <effect/supervisor.h>

#include "core/build.h"
#include "core/context.h"
#include "runtime/prim.h"
#include "runtime/rare.h"

/* A link of the chain: the supervisor of the innermost eff_supervised, and those around it. */
struct supervision {
    const eff_supervisor_t *supervisor;
    eff_value_t outer; /* a supervision, or unit */
};
static void supervision_clear(struct supervision *s)
{
    eff_value_decref(s->outer);
}
EFF_STATIC_TYPE(supervision, struct supervision, .drop = supervision_clear);

static eff_value_t nobody(void)
{
    return eff_unit;
}
static const eff_tag_t tag = { .name = "supervisors", .get_default = nobody };

static void start(const eff_supervisor_t *s, const eff_fiber_t *f, const eff_fiber_t *parent)
{
    if (s && s->on_start) s->on_start(f, parent, s->arg);
}

/* The supervisor n levels out from the innermost. The outermost is told first, so each is looked up from the inside anew:
 * the chain is shared, which forbids turning it round in place, and it is short. */
static const struct supervision *level(const eff_fiber_t *f, size_t n)
{
    eff_value_t v = f->context ? eff_context_get(f->context, &tag) : eff_unit;
    for (; v.type == &supervision_type && n > 0; n--)
        v = supervision_of(v)->outer;
    return v.type == &supervision_type ? supervision_of(v) : NULL;
}
static size_t n_levels(const eff_fiber_t *f)
{
    size_t n = 0;
    while (level(f, n))
        n++;
    return n;
}

void eff__tell_start(eff_fiber_t *f, const eff_fiber_t *parent)
{
    if (f->flags & EFF__BEGUN) return;
    f->flags |= EFF__BEGUN;
    start(f->rt->options.supervisor, f, parent);
    for (size_t n = n_levels(f); n-- > 0;)
        start(level(f, n)->supervisor, f, parent);
}

static void end(const eff_supervisor_t *s, const eff_fiber_t *f, const eff_exit_t *exit)
{
    if (s && s->on_end) s->on_end(f, exit, s->arg);
}

void eff__tell_end(eff_fiber_t *f)
{
    eff_exit_t exit = eff__reg_exit(f);
    f->flags &= ~(uint32_t)EFF__BEGUN;
    end(f->rt->options.supervisor, f, &exit);
    for (size_t n = n_levels(f); n-- > 0;)
        end(level(f, n)->supervisor, f, &exit);
}

/* ---- eff_supervised */

struct plan {
    eff_t *body;
    const eff_supervisor_t *supervisor;
    eff_site_t site;
};
static void plan_clear(struct plan *p)
{
    eff_decref(p->body);
}
EFF_STATIC_TYPE(plan, struct plan, .drop = plan_clear);

static int supervised_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct plan *p = plan_of(e->prim.value);
    (void)alone;
    f->rt->supervised = true;
    eff_value_t outer = f->context ? eff_context_get(f->context, &tag) : eff_unit;
    eff_value_t inner = supervision_make((struct supervision){ p->supervisor, eff_value_incref(outer) });
    return eff__prim_effect(f, eff_locally_at(p->site, eff_incref(p->body), &tag, inner));
}
static const struct eff__prim supervised_prim = { "supervised", supervised_run };

eff_t *eff_supervised_at(eff_site_t site, eff_t *e, const eff_supervisor_t *supervisor)
{
    if (!eff__effect_usable(e)) return eff__refuse(site, "eff_supervised", 1, &e, true, eff_unit);
    if (!supervisor) return eff__refuse_null(site, "eff_supervised", 2, e, eff_unit);
    return eff__prim_node_plain(site, &supervised_prim, plan_make((struct plan){ e, supervisor, site }));
}
