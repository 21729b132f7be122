/* Fork: a new fiber at the end of the run queue, owned by the region, a scope, or the runtime. */
#include <string.h>

#include "core/build.h"
#include "core/context.h"
#include "runtime/prim.h"
#include "runtime/rare.h"
#include "runtime/region.h"
#include "runtime/scope.h"

/* The scope that is to own the fiber, or NULL with the fiber failed. */
static eff_scope_t *scope_for(eff_fiber_t *f, enum eff__fork_kind kind, eff_scope_t *given, eff_site_t site)
{
    eff_scope_t *scope = kind == EFF__FORK_IN ? given : eff__scope_ambient(f);
    if (!scope) eff__raise(f, eff_cause_incref(eff__cause_oom));
    else if (scope->rt != f->rt) (void)eff__prim_foreign(f, "scope");
    else if (scope->state == EFF__SCOPE_OPEN) return scope;
    else eff__raise_mistake(f, site, "fork into a scope that is closed");
    return NULL;
}

/* The fiber, new, with an owner; NULL with f failed. `scope` is where it goes, or NULL. Consumes source. */
static eff_fiber_t *child_of(eff_fiber_t *f, enum eff__fork_kind kind, eff_scope_t *scope, eff_t *source,
                             eff_site_t site)
{
    eff_runtime_t *rt = f->rt;
    eff_context_t *context = f->context;
    if (kind == EFF__FORK_DAEMON) context = rt->context;
    if (kind == EFF__FORK_SCOPED) context = eff__scope_context(scope, f);
    if (kind == EFF__FORK_IN) context = eff__context_for_scope(scope->context, f->context);
    eff_fiber_t *child = eff__fiber_new(rt, source, context, site);
    if (scope) eff_context_decref(context);
    bool failed = !child || (kind != EFF__FORK_DAEMON && !eff__locals_fork(child, f)) ||
                  (scope && !eff__scope_add_fiber(scope, child, site));
    if (failed) {
        if (child) eff__fiber_discard(child);
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return NULL;
    }
    if (scope) {
        child->attrs = f->attrs & EFF__UNBOUND;
        return child;
    }
    if (kind == EFF__FORK_DAEMON) {
        child->flags |= EFF__DAEMON;
        eff__fiber_adopt(&rt->roots, child);
    } else {
        child->parent = f;
        child->region = f->depth;
        child->attrs = f->attrs & EFF__INHERITED;
        eff__fiber_adopt(&f->children, child);
    }
    return child;
}

/* What eff_fork_with adds: in the place of the scope. */
struct extras {
    eff_scope_t *scope; /* of EFF__FORK_IN, owned */
    eff_value_t name;   /* a string, or unit */
    bool at_once;
};
static void extras_clear(struct extras *x)
{
    eff_scope_decref(x->scope);
    eff_value_decref(x->name);
}
EFF_STATIC_TYPE(extras, struct extras, .drop = extras_clear);

/* Names the child and prepares its start by switching, before anything of it is known to others; false when out of
 * memory. */
static bool apply(eff_fiber_t *f, eff_fiber_t *child, const struct extras *x)
{
    if (x->name.type != &eff_unit_type && !eff__fiber_set_name(child, eff_value_incref(x->name))) return false;
    if (!x->at_once) return true;
    if (!child->parent) {
        if (!eff__rare_of(child)) return false;
        child->rare->starter = f;
    }
    child->flags |= EFF__BEING_STARTED;
    return true;
}

/* Answers with an enum eff__next. */
static EFF_NOINLINE int fork_any(eff_fiber_t *f, eff_t *e, bool owned)
{
    enum eff__fork_kind kind = (enum eff__fork_kind)e->kind;
    struct extras x = { .scope = (eff_scope_t *)e->fork.scope, .name = eff_unit };
    struct extras *more = e->flags & EFF__FORK_EXTRAS ? (struct extras *)e->fork.scope : NULL;
    eff_scope_t *scope = NULL;
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (more) {
        x = *more;
        x.name = eff_value_incref(x.name);
    }
    if (kind == EFF__FORK_IN || kind == EFF__FORK_SCOPED) {
        scope = scope_for(f, kind, x.scope, e->site);
        if (!scope) {
            if (owned) eff__node_release(e);
            eff_value_decref(x.name);
            return EFF__RETURN;
        }
        eff_scope_incref(scope); /* the node may go */
    }
    eff_site_t site = e->site;
    eff_fiber_t *child = child_of(f, kind, scope, eff__consume_source(e, &e->fork.source, owned), site);
    eff_scope_decref(scope);
    bool applied = child && (!more || apply(f, child, &x));
    eff_value_decref(x.name);
    if (!child) return EFF__RETURN;
    if (!applied) {
        eff__fiber_unwind(child);
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return EFF__RETURN;
    }
    f->reg = eff_fiber_value(eff_fiber_incref(child));
    eff__fiber_begins(child, f);
    if (child->flags & EFF__BEING_STARTED) {
        f->rt->switch_to = child;
        return EFF__SWITCH;
    }
    eff__enqueue(child);
    return EFF__RETURN;
}

/* Of a node that others have too, or that the free list has no room for. */
static EFF_NOINLINE eff_value_t fork_shared(eff_fiber_t *f, eff_t *e, bool owned)
{
    eff_site_t site = e->site;
    return eff__fork_child(f, eff__unwrap(e, &e->fork.source, owned, EFF__NODE_SIZE(fork)), site);
}

eff_value_t eff__eval_fork(eff_fiber_t *f, eff_t *e, bool owned)
{
    if (__builtin_expect(e->kind != EFF__FORK_CHILD || e->flags & EFF__FORK_EXTRAS, 0))
        return eff__direct_next(fork_any(f, e, owned));
    eff_site_t site = e->site;
    eff_t *source = e->fork.source;
    bool alone = owned && eff__count_is_one(&e->count);
    if (!alone || !eff__free_at_once(e, EFF__NODE_SIZE(fork))) return fork_shared(f, e, owned);
    return eff__fork_child(f, source, site);
}

static eff_t *fork_node(eff_site_t site, const char *builder, enum eff__fork_kind kind, eff_t *source, void *scope)
{
    eff_t *e = NULL;
    if (source && source != &eff__oom_node) e = eff__node_new(EFF__OP_FORK, EFF__NODE_SIZE(fork), site);
    if (!e) {
        if (scope) eff__payload_decref(eff__header_of(scope)->type, scope);
        return eff__unusable(site, builder, source, eff_oom_value());
    }
    e->kind = (uint8_t)kind;
    e->fork.source = source;
    e->fork.scope = scope;
    return e;
}

static EFF_NOINLINE eff_t *fork_child_node(eff_site_t site, eff_t *source)
{
    return fork_node(site, "eff_fork", EFF__FORK_CHILD, source, NULL);
}

eff_t *eff_fork_at(eff_site_t site, eff_t *source)
{
    static const struct eff__shape shape = { .op = EFF__OP_FORK };
    _Static_assert(EFF__FORK_CHILD == 0, "the kind that a new node has");
    eff_t *e;
    if (!eff__effect_usable(source) || !(e = eff__node_at_once(&shape, EFF__NODE_SIZE(fork), site)))
        return fork_child_node(site, source);
    e->fork.source = source;
    e->fork.scope = NULL;
    return e;
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

eff_t *eff_fork_with_at(eff_site_t site, eff_t *e, const eff_fork_options_t *options)
{
    static const char builder[] = "eff_fork_with";
    eff_fork_options_t o = { 0 };
    size_t size = options && options->size ? options->size : sizeof o;
    if (options) memcpy(&o, options, size < sizeof o ? size : sizeof o);
    enum eff__fork_kind kind = EFF__FORK_CHILD;
    if (o.lifetime == EFF_LIFETIME_SCOPE) kind = o.scope ? EFF__FORK_IN : EFF__FORK_SCOPED;
    if (o.lifetime == EFF_LIFETIME_RUNTIME) kind = EFF__FORK_DAEMON;
    if (o.scope && kind != EFF__FORK_IN) {
        eff_decref(e);
        return eff__mistake_at(site, "eff_fork_with was given a scope, and not the lifetime EFF_LIFETIME_SCOPE");
    }
    eff_value_t name = o.name ? eff_string(o.name) : eff_unit;
    eff_value_t v = extras_make((struct extras){ eff_scope_incref(o.scope), name, o.start_immediately });
    if (eff_is_oom(name) || eff_is_oom(v)) {
        eff_value_decref(v);
        return eff__refuse(site, builder, 1, &e, true, eff_oom_value());
    }
    eff_t *fork = fork_node(site, builder, kind, e, extras_of(v));
    if (fork->op == EFF__OP_FORK) fork->flags |= EFF__FORK_EXTRAS;
    return fork;
}
