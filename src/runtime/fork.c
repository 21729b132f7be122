/* Fork: a new fiber at the end of the run queue, owned by the region, a scope, or the runtime. */
#include "core/context.h"
#include "runtime/prim.h"
#include "runtime/region.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

/* The scope that is to own the fiber, or NULL with the fiber failed. */
static eff_scope_t *scope_for(eff_fiber_t *f, const eff_t *e)
{
    eff_scope_t *scope = e->kind == EFF__FORK_IN ? (eff_scope_t *)e->fork.scope : eff__scope_ambient(f);
    if (!scope) eff__raise(f, eff_cause_incref(eff__cause_oom));
    else if (scope->rt != f->rt) (void)eff__prim_foreign(f, "scope");
    else if (scope->state == EFF__SCOPE_OPEN) return scope;
    else eff__raise_mistake(f, e->site, "fork into a scope that is closed");
    return NULL;
}

int eff__eval_fork(eff_fiber_t *f, eff_t *e, bool owned)
{
    eff_runtime_t *rt = f->rt;
    enum eff__fork_kind kind = (enum eff__fork_kind)e->kind;
    eff_scope_t *scope = NULL;
    eff_context_t *context = f->context;
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (kind == EFF__FORK_IN || kind == EFF__FORK_SCOPED) {
        scope = scope_for(f, e);
        if (!scope) {
            if (owned) eff__node_release(e);
            return EFF__RETURN;
        }
        /* Whatever is provided opens a scope: to the scope around it, the forker has nothing that ends earlier. */
        if (kind == EFF__FORK_SCOPED) context = eff_context_incref(f->context);
        else context = eff__context_for_scope(scope->context, f->context);
        eff_scope_incref(scope);
    } else if (kind == EFF__FORK_DAEMON) {
        context = rt->context;
    }
    eff_site_t site = e->site;
    eff_fiber_t *child = eff__fiber_new(rt, eff__consume_source(e, &e->fork.source, owned), context, site);
    if (scope) eff_context_decref(context);
    if (!child) {
        if (scope) eff_scope_decref(scope);
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return EFF__RETURN;
    }
    if (scope) {
        bool added = eff__scope_add_fiber(scope, child, site);
        eff_scope_decref(scope);
        if (!added) {
            eff__fiber_adopt(&rt->roots, child); /* every fiber that ends has an owner */
            eff__fiber_unwind(child);
            eff__raise(f, eff_cause_incref(eff__cause_oom));
            return EFF__RETURN;
        }
    } else if (kind == EFF__FORK_DAEMON) {
        child->flags |= EFF__DAEMON;
        eff__fiber_adopt(&rt->roots, child);
    } else {
        child->parent = f;
        child->region = f->depth;
        child->attrs = f->attrs & EFF__EXTERNAL;
        eff__fiber_adopt(&f->children, child);
    }
    eff__enqueue(child);
    f->reg = eff_fiber_value(eff_fiber_incref(child));
    return EFF__RETURN;
}

static eff_t *fork_node(eff_site_t site, const char *builder, enum eff__fork_kind kind, eff_t *source,
                        eff_scope_t *scope)
{
    eff_t *e = NULL;
    if (source && source != &eff__oom_node) e = eff__node_new(EFF__OP_FORK, EFF__NODE_SIZE(fork), site);
    if (!e) {
        if (scope) eff_scope_decref(scope);
        return eff__unusable(site, builder, source, eff_oom_value());
    }
    e->kind = (uint8_t)kind;
    e->fork.source = source;
    e->fork.scope = scope;
    return e;
}

eff_t *eff_fork_at(eff_site_t site, eff_t *e)
{
    return fork_node(site, "eff_fork", EFF__FORK_CHILD, e, NULL);
}

eff_t *eff_fork_in_at(eff_site_t site, eff_scope_t *scope, eff_t *e)
{
    if (scope) return fork_node(site, "eff_fork_in", EFF__FORK_IN, e, eff_scope_incref(scope));
    eff_decref(e);
    return eff__mistake(site, "the scope of eff_fork_in is NULL (%s)", site ? site : "built without sites");
}

eff_t *eff_fork_scoped_at(eff_site_t site, eff_t *e)
{
    return fork_node(site, "eff_fork_scoped", EFF__FORK_SCOPED, e, NULL);
}

eff_t *eff_fork_daemon_at(eff_site_t site, eff_t *e)
{
    return fork_node(site, "eff_fork_daemon", EFF__FORK_DAEMON, e, NULL);
}
