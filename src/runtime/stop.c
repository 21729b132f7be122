#include "runtime/stop.h"

#include <effect/clock.h>

#include "core/build.h"
#include "core/context.h"
#include "runtime/group.h"
#include "runtime/runtime.h"

/* ---- tokens */

static void stop_drop(void *payload)
{
    struct eff__stop *stop = (struct eff__stop *)payload;
    eff__stop_decref(stop->parent);
    eff__line_drop(stop);
}

static const eff_type_t stop_type = { .size = sizeof(struct eff__stop),
                                      .name = "stop token",
                                      .drop = stop_drop,
                                      .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE | EFF__TYPE_AT_HOME };

/* Without a name, which no message lists, and without a default: then the runtime's own is meant. */
static const eff_tag_t stop_tag = { .name = NULL };

static void link_child(struct eff__stop *parent, struct eff__stop *child)
{
    child->parent = (struct eff__stop *)eff__payload_retain(parent);
    child->next = NULL;
    child->prev = parent->last;
    if (child->prev) child->prev->next = child;
    else parent->first = child;
    parent->last = child;
}

static void unlink_child(struct eff__stop *parent, struct eff__stop *child)
{
    if (child->next) child->next->prev = child->prev;
    else parent->last = child->prev;
    if (child->prev) child->prev->next = child->next;
    else parent->first = child->next;
}

/* The one above all. */
static const struct eff__stop *top_of(const struct eff__stop *stop)
{
    while (stop->parent)
        stop = stop->parent;
    return stop;
}

struct eff__stop *eff__stop_new(eff_runtime_t *rt, struct eff__stop *parent)
{
    struct eff__stop *stop = (struct eff__stop *)eff__payload_alloc(&stop_type, sizeof *stop);
    if (!stop) return NULL;
    *stop = (struct eff__stop){ 0 };
    eff__home_bind(&stop->line.home, rt);
    if (!parent) return stop;
    link_child(parent, stop);
    stop->asked = parent->asked;
    stop->cut = parent->cut;
    return stop;
}

void eff__stop_decref(struct eff__stop *stop)
{
    eff__payload_decref(&stop_type, stop);
}

struct eff__stop *eff__stop_of(const eff_fiber_t *f)
{
    eff_value_t v = f->context ? eff_context_get(f->context, &stop_tag) : eff_unit;
    struct eff__stop *stop = v.type == &stop_type ? (struct eff__stop *)v.ptr : f->rt->stop;
    if (!eff__home_is(&stop->line.home, f->rt) || (stop->ended && top_of(stop) != f->rt->stop))
        return f->rt->stop; /* a context from elsewhere */
    while (stop->ended && !stop->asked)
        stop = stop->parent;
    return stop;
}

/* The next in the tree below `top`; not into the children of `stop` when they are to be skipped. NULL: that was all. */
static struct eff__stop *next_below(const struct eff__stop *top, struct eff__stop *stop, bool skip)
{
    if (stop->first && !skip) return stop->first;
    for (; stop != top; stop = stop->parent)
        if (stop->next) return stop->next;
    return NULL;
}

static bool has_no_grace(const struct eff__stop *stop)
{
    return stop->group && stop->group->kind == EFF__PAR_GRACEFUL && stop->group->node->par.grace == 0;
}

void eff__stop_ask(struct eff__stop *stop)
{
    for (struct eff__stop *at = stop; at;) {
        bool before = at->asked;
        at->asked = true;
        if (!before) {
            if (has_no_grace(at)) eff__group_decide(at->group); /* first, so that nobody below gets its turn earlier */
            (void)eff__line_release(&at->line);
        }
        at = next_below(stop, at, before);
    }
}

void eff__stop_cut(struct eff__stop *stop)
{
    eff__stop_ask(stop);
    for (struct eff__stop *at = stop; at;) {
        bool before = at->cut;
        at->cut = true;
        if (!before && at->group && at->group->kind == EFF__PAR_GRACEFUL && at->group->saved)
            eff__group_decide(at->group);
        at = next_below(stop, at, before);
    }
}

/* Moves who waits for a token to another, which was not asked either. */
static void move_line(struct eff__line *from, struct eff__line *to)
{
    eff_fiber_t *f;
    while ((f = eff__waiters_pop(&from->home.waiters))) {
        from->n--;
        to->n++;
        f->wait.object = eff__payload_retain(to);
        eff__waiters_add(&to->home.waiters, f);
        eff__payload_decref(&stop_type, from);
    }
}

void eff__stop_end(struct eff__stop *stop)
{
    struct eff__stop *parent = stop->parent;
    stop->ended = true;
    stop->group = NULL;
    if (!parent) return;
    unlink_child(parent, stop);
    while (stop->first) {
        struct eff__stop *child = stop->first;
        unlink_child(stop, child);
        link_child(parent, child);
        eff__stop_decref(stop);
    }
    move_line(&stop->line, &parent->line); /* nobody, if it was asked */
}

/* ---- the effects */

static const struct eff__wait_ops inside_ops = { .name = "to be asked to stop", .leave = eff__line_leave };
static const struct eff__wait_ops outside_ops = { .name = "to be asked to stop",
                                                  .external = true,
                                                  .leave = eff__line_leave };

static int wait_for(eff_fiber_t *f, struct eff__stop *stop, const struct eff__wait_ops *ops)
{
    if (stop->asked) return eff__prim_value(f, eff_unit);
    stop->line.n++;
    eff__waiters_add(&stop->line.home.waiters, f);
    eff__suspend(f, ops, eff__payload_retain(stop));
    return EFF__SUSPEND;
}

static int requested_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)e, (void)alone;
    return eff__prim_value(f, eff_bool(eff__stop_of(f)->asked));
}
static int until_stop_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)e, (void)alone;
    return wait_for(f, eff__stop_of(f), f->rt->stoppable ? &outside_ops : &inside_ops);
}
static int until_shutdown_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)e, (void)alone;
    return wait_for(f, f->rt->stop, f->rt->stoppable ? &outside_ops : &inside_ops);
}
static const struct eff__prim requested_prim = { "stop_requested", requested_run };
static const struct eff__prim until_stop_prim = { "until_stop", until_stop_run };
static const struct eff__prim until_shutdown_prim = { "until_shutdown", until_shutdown_run };

eff_t *eff_stop_requested_at(eff_site_t site)
{
    return eff__prim_node_plain(site, &requested_prim, eff_unit);
}

eff_t *eff_until_stop_at(eff_site_t site)
{
    return eff__prim_node_plain(site, &until_stop_prim, eff_unit);
}

eff_t *eff_until_shutdown_at(eff_site_t site)
{
    return eff__prim_node_plain(site, &until_shutdown_prim, eff_unit);
}

/* The closure's effect is the race of the body and the wait. */
static eff_t *unless_asked(eff_value_t asked, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return eff_as_bool(asked) ? eff_succeed_at(c->site, eff_none()) : eff_incref(c->effect);
}

eff_t *eff_unless_stopped_at(eff_site_t site, eff_t *e)
{
    static const char builder[] = "eff_unless_stopped";
    if (!eff__effect_usable(e)) return eff__refuse_bind(site, builder, e, true, eff_unit);
    eff_t *body = eff_map_at(site, e, eff__return_some, eff_unit);
    eff_t *stopped = eff_map_to_at(site, eff_until_stop_at(site), eff_none());
    eff_t *race =
        eff__par_node(EFF__PAR_RACE_FIRST, EFF__PAR_STOPPABLE, site, builder, 2, (eff_t *[]){ body, stopped });
    return eff__derived_bind(EFF__OP_FLAT_MAP, eff_stop_requested_at(site), (eff_any_fn)unless_asked,
                             (struct eff__closure){
                                 .builder = builder, .site = site, .effect = race, .env = eff_unit });
}

/* ---- graceful: a group whose second side measures the grace, from when the token is asked */

const struct eff__wait_ops eff__grace_wait = { .name = "for a grace to begin", .leave = eff__line_leave };

static int grace_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)e, (void)alone;
    return wait_for(f, eff__group_of(f)->stop, &eff__grace_wait);
}
static const struct eff__prim grace_prim = { "grace", grace_run };

bool eff__group_stop_begin(eff_fiber_t *f, struct eff__group *g)
{
    struct eff__stop *around = eff__stop_of(f), *above = around;
    if (g->node->flags & EFF__PAR_WITHIN) {
        g->stop = (struct eff__stop *)eff__payload_retain(around);
        return true;
    }
    while (above->ended)
        above = above->parent;
    g->stop = eff__stop_new(f->rt, above);
    if (!g->stop) return false;
    g->stop->group = g;
    g->stop->asked = around->asked;
    eff_value_t token = { .type = &stop_type, .ptr = eff__payload_retain(g->stop) };
    eff_context_t *outer = f->context ? eff_context_incref(f->context) : eff_context_empty();
    g->context = eff_context_add(outer, &stop_tag, token);
    if (!eff__context_is_oom(g->context)) return true;
    g->context = NULL;
    return false;
}

void eff__group_stop_end(struct eff__group *g)
{
    if (!(g->node->flags & EFF__PAR_WITHIN)) eff__stop_end(g->stop);
    eff__stop_decref(g->stop);
    if (g->context) eff_context_decref(g->context);
}

bool eff__grace_counts(const eff_fiber_t *f, const struct eff__group *g)
{
    if (g->kind != EFF__PAR_GRACEFUL || g->decided || g->n_live == 0) return false;
    return eff__interruptible_now(f) && !(f->flags & EFF__DOOMED) && g->node->par.grace > 0 && !g->stop->cut;
}

eff_t *eff_graceful_at(eff_site_t site, eff_t *e, eff_duration_t grace)
{
    static const char builder[] = "eff_graceful";
    if (!eff__effect_usable(e)) return eff__refuse_bind(site, builder, e, true, eff_unit);
    eff_t *measure = eff_then_at(site, eff__prim_node_plain(site, &grace_prim, eff_unit), eff_sleep_at(site, grace));
    eff_t *group = eff__par_node(EFF__PAR_GRACEFUL, 0, site, builder, 2, (eff_t *[]){ e, measure });
    if (group->op == EFF__OP_PAR) group->par.grace = grace.ns > 0 ? grace.ns : 0;
    return group;
}
