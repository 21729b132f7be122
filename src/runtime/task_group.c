/* Task groups: a parallel group whose first side is the body, and whose other sides are forked into it while it runs.
 * How it ends, in what order failures are told and how interruption is passed on is group.c's and outcome.c's, as for
 * every other combinator.
 *
 * Places: a task whose end is of no importance to the group, which is that of nearly all, gives up its place, and the
 * next task takes it. So a server's group is as large as the number of clients it once had at the same time. A task that
 * failed stays until the failures are put together.
 *
 * A task that is to say when it has started is UNSTARTED until then: an ordinary task, but for its end, which its starter
 * is told instead of the group. The starter waits for that end, and saying it takes him out of that wait.
 */
#include <effect/task_group.h>

#include <string.h>

#include "core/build.h"
#include "core/cause.h"
#include "core/context.h"
#include "core/misuse.h"
#include "runtime/group.h"
#include "runtime/region.h"

static const uint32_t no_place = UINT32_MAX;

struct eff_task_group {
    eff_runtime_t *rt;
    struct eff__group *group; /* NULL once it has ended */
};

const eff_type_t eff_task_group_type = { .size = sizeof(eff_task_group_t),
                                         .name = "task group",
                                         .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE };

/* ---- what group.c asks for */

bool eff__tasks_begin(eff_fiber_t *f, struct eff__group *g)
{
    struct eff__tasks *t = eff__alloc(sizeof *t);
    if (!t) return false;
    *t = (struct eff__tasks){ .env = eff_unit, .n_places = 1, .free_place = no_place, .next_index = 1 };
    t->handle = (eff_task_group_t *)eff__payload_alloc(&eff_task_group_type, sizeof *t->handle);
    if (!t->handle) {
        eff__free(t, sizeof *t);
        return false;
    }
    *t->handle = (eff_task_group_t){ f->rt, g };
    g->tasks = t;
    return eff__group_stop_begin(f, g);
}

void eff__tasks_free(struct eff__group *g)
{
    struct eff__tasks *t = g->tasks;
    t->handle->group = NULL;
    eff_task_group_decref(t->handle);
    eff_value_decref(t->env);
    if (g->sides != g->places) eff__raw_free(g->sides);
    eff__free(t, sizeof *t);
}

/* Whether it was interrupted by itself, and tells nothing else. */
static bool only_interrupted(const eff_fiber_t *side)
{
    if (side->status != EFF__CAUSED || !side->interrupt) return false;
    const eff_cause_t *cause = (const eff_cause_t *)side->reg.ptr;
    return eff_cause_is_interrupted_only(cause) && !eff_cause_is_truncated(cause);
}

bool eff__task_leaves(const eff_fiber_t *side)
{
    if (!(side->flags & EFF__OWN_SCOPE)) return false; /* the body */
    return side->status == EFF__OK || side->flags & EFF__UNSTARTED || only_interrupted(side);
}

void eff__tasks_give_up_place(struct eff__group *g, uint32_t slot)
{
    g->sides[slot].index = g->tasks->free_place;
    g->tasks->free_place = slot;
}

/* ---- adding tasks */

/* Makes room for one more; false when out of memory. */
static bool reserve_place(struct eff__group *g)
{
    struct eff__tasks *t = g->tasks;
    if (t->free_place != no_place || g->n_started < t->n_places) return true;
    if (t->n_places > no_place / 2) return false;
    uint32_t n = t->n_places < 4 ? 4 : 2 * t->n_places;
    bool inside = g->sides == g->places;
    struct eff__side *sides = eff__realloc(inside ? NULL : g->sides, n * sizeof *sides);
    if (!sides) return false;
    if (inside) memcpy(sides, g->places, g->n_started * sizeof *sides);
    g->sides = sides;
    t->n_places = n;
    return true;
}

static uint32_t take_place(struct eff__group *g)
{
    uint32_t slot = g->tasks->free_place;
    if (slot == no_place) return g->n_started++;
    g->tasks->free_place = (uint32_t)g->sides[slot].index;
    return slot;
}

/* What a task starts with: the services around the group, and what the forker has set locally. Returns new. */
static eff_context_t *context_for(const struct eff__group *g, const eff_fiber_t *forker)
{
    return eff__context_for_scope(g->context ? g->context : g->caller->context, forker->context);
}

/* A task for e (consumed), with a name (consumed; unit: none), at the end of the run queue; NULL when out of memory. */
static eff_fiber_t *add_task(eff_fiber_t *f, struct eff__group *g, eff_t *e, eff_value_t name, eff_site_t site)
{
    eff_fiber_t *caller = g->caller, *task = NULL;
    eff_context_t *context = context_for(g, f);
    if (!eff__context_is_oom(context) && reserve_place(g)) task = eff__fiber_new(f->rt, e, context, site);
    else eff_decref(e);
    eff_context_decref(context);
    if (!task) {
        eff_value_decref(name);
        return NULL;
    }
    task->flags |= EFF__SIDE | EFF__OWN_SCOPE;
    task->attrs = f->attrs & EFF__EXTERNAL;
    task->parent = caller;
    task->owner.group = g;
    if (!eff__fiber_set_name(task, name) || !eff__locals_fork(task, f)) {
        eff__fiber_discard(task);
        return NULL;
    }
    task->slot = take_place(g);
    g->sides[task->slot] = (struct eff__side){ task, g->tasks->next_index++ };
    g->n_live++;
    eff__fiber_adopt(&caller->children, task);
    eff__fiber_begins(task, f);
    eff__enqueue(task);
    if (g->issued) { /* all others were interrupted already */
        task->flags |= EFF__ISSUED;
        eff__fiber_interrupt(task, g->issued);
    }
    return task;
}

/* The group that the prim's handle stands for, which must be alive; NULL with the fiber failed. */
static struct eff__group *living(eff_fiber_t *f, const eff_t *e, const char *what)
{
    const eff_task_group_t *group = (const eff_task_group_t *)e->prim.handle;
    if (group->rt && group->rt != f->rt) {
        (void)eff__prim_foreign(f, "task group");
        return NULL;
    }
    if (group->group) return group->group;
    f->reg = eff_unit;
    f->status = EFF__OK;
    eff__raise_mistake(f, NULL, "%s in a task group that has ended", what);
    return NULL;
}

static int fork_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__group *g = living(f, e, "fork");
    if (!g) return EFF__RETURN;
    eff_value_t task = eff__prim_take_value(e, alone), name = eff_unit;
    if (eff_value_is(task, &eff_pair_type)) { /* an effect and its name */
        eff_value_t both = task;
        task = eff_value_incref(eff_first(both));
        name = eff_value_incref(eff_second(both));
        eff_value_decref(both);
    }
    eff_fiber_t *fiber = add_task(f, g, (eff_t *)task.ptr, name, e->site);
    if (!fiber) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    return eff__prim_value(f, eff_fiber_value(eff_fiber_incref(fiber)));
}
static const struct eff__prim fork_prim = { "task_group_fork", fork_run };

eff_t *eff_task_group_fork_at(eff_site_t site, eff_task_group_t *group, eff_t *e)
{
    if (!eff__effect_usable(e)) return eff__refuse_null(site, "eff_task_group_fork", 2, e, eff_unit);
    return eff__prim_node(site, &fork_prim, group, eff_effect_value(e));
}

eff_t *eff_task_group_fork_named_at(eff_site_t site, eff_task_group_t *group, eff_t *e, const char *name)
{
    static const char builder[] = "eff_task_group_fork_named";
    if (!eff__effect_usable(e)) return eff__refuse_null(site, builder, 2, e, eff_unit);
    if (!name) return eff__refuse_null(site, builder, 3, e, eff_unit);
    eff_value_t task = eff_effect_value(e);
    return eff__prim_node(site, &fork_prim, group, eff_pair(task, eff_string(name)));
}

/* ---- the body */

/* Side 0: calls the body's callback. Its env stays until the group has ended. */
static int body_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__tasks *t = eff__group_of(f)->tasks;
    t->env = eff__prim_take_value(e, alone);
    const struct eff__closure *c = eff__closure_of(t->env);
    return eff__go_on_with(f, ((eff_task_group_fn)c->fn)(t->handle, c->env), e->site);
}
static const struct eff__prim body_prim = { "task_group_body", body_run };

static eff_t *task_group(uint8_t flags, eff_site_t site, const char *builder, eff_task_group_fn fn, eff_value_t env)
{
    if (!fn) return eff__refuse_call(site, builder, false, env);
    struct eff__closure init = { .builder = builder, .site = site, .fn = (eff_any_fn)fn, .env = env };
    eff_t *body = eff__prim_node_plain(site, &body_prim, eff__closure_new(init));
    return body->op == EFF__OP_PRIM ? eff__par_node(EFF__PAR_TASKS, flags, site, builder, 1, &body) : body;
}

eff_t *eff_task_group_at(eff_site_t site, eff_task_group_fn f, eff_value_t env)
{
    return task_group(0, site, "eff_task_group", f, env);
}

eff_t *eff_task_group_within_at(eff_site_t site, eff_duration_t grace, eff_task_group_fn f, eff_value_t env)
{
    eff_t *group = task_group(EFF__PAR_WITHIN, site, "eff_task_group_within", f, env);
    return group->op == EFF__OP_PAR ? eff_graceful_at(site, group, grace) : group;
}

/* ---- tasks that say when they have started */

struct eff_task_started {
    eff_runtime_t *rt;
    eff_fiber_t *task; /* owned; NULL before it was forked, and once it has said so */
    eff_value_t plan;  /* the closure with its callback and env; owned */
    bool said;
    bool given_up; /* whoever started it was interrupted, and awaits its end */
};

static void started_drop(void *payload)
{
    struct eff_task_started *s = (struct eff_task_started *)payload;
    eff_fiber_decref(s->task);
    eff_value_decref(s->plan);
}

const eff_type_t eff_task_started_type = { .size = sizeof(struct eff_task_started),
                                           .name = "task start",
                                           .drop = started_drop,
                                           .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE };

/* The value in `env` of the callbacks below. */
static eff_task_started_t *started_in(eff_value_t env)
{
    return (eff_task_started_t *)env.ptr;
}

static bool leave_start(eff_fiber_t *f)
{
    eff_fiber_t *task = (eff_fiber_t *)f->wait.object;
    eff__ring_remove(&task->observers, f);
    eff_fiber_decref(task);
    return true;
}
const struct eff__wait_ops eff__start_wait = { .name = "for the start of", .leave = leave_start };

static eff_value_t same(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_value_incref(v);
}

/* The task's fiber: calls the callback, and keeps what it borrows until its effect has ended. */
static int task_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_value_t v = eff__prim_take_value(e, alone);
    eff_task_started_t *s = started_in(v);
    const struct eff__closure *c = eff__closure_of(s->plan);
    eff_t *body = ((eff_task_fn)c->fn)(s, c->env);
    if (!body || f->rt->misuse) {
        int next = eff__go_on_with(f, body, e->site);
        eff_value_decref(v);
        return next;
    }
    return eff__go_on_with(f, eff_map_at(e->site, body, same, v), e->site);
}
static const struct eff__prim task_prim = { "task", task_run };

/* Forks the task, and waits until it has started or ended. */
static int begin_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    struct eff__group *g = living(f, e, "start");
    if (!g) return EFF__RETURN;
    eff_task_started_t *s = started_in(e->prim.value);
    eff_t *body = eff__prim_node_plain(e->site, &task_prim, eff_value_incref(e->prim.value));
    eff_fiber_t *task = body->op == EFF__OP_PRIM ? add_task(f, g, body, eff_unit, e->site) : NULL;
    if (!task) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    task->flags |= EFF__UNSTARTED;
    s->task = eff_fiber_incref(task);
    eff__observe(f, task, &eff__start_wait);
    return EFF__SUSPEND;
}
static const struct eff__prim begin_prim = { "task_group_start", begin_run };

/* v: what the task said, or the exit it ended with. */
static eff_t *begun(eff_value_t v, eff_value_t env)
{
    const eff_task_started_t *s = started_in(env);
    eff_site_t site = eff__closure_of(s->plan)->site;
    if (s->said) return eff_succeed_at(site, eff_value_incref(v));
    const eff_exit_t *exit = eff_as_exit(v);
    if (!exit->ok) return eff_fail_cause_at(site, eff_cause_incref(exit->cause));
    return eff__mistake_at(site, "a task ended before it called eff_task_started");
}

/* v: the exit of a task that was to start, whose starter was interrupted: what it tells besides that. */
static eff_t *tell_failure(eff_value_t v, eff_value_t env)
{
    const eff_exit_t *exit = eff_as_exit(v);
    if (exit->ok) return eff_noop();
    const eff_cause_t *const interrupt[] = { started_in(env)->task->interrupt };
    eff_cause_t *cause = eff_cause_incref(exit->cause);
    if (interrupt[0]) cause = eff__cause_without(cause, interrupt, 1);
    return cause ? eff_fail_cause_at(NULL, cause) : eff_noop();
}

static eff_t *give_up_start(const eff_exit_t *exit, eff_value_t env)
{
    (void)exit;
    eff_task_started_t *s = started_in(env);
    if (!s->task) return eff_noop();
    s->given_up = true;
    eff_site_t site = eff__closure_of(s->plan)->site;
    return eff_flat_map_at(site, eff_fiber_interrupt_at(site, s->task), tell_failure, eff_value_incref(env));
}

static int start_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    eff_task_started_t *s = (eff_task_started_t *)eff__payload_alloc(&eff_task_started_type, sizeof *s);
    if (!s) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    *s = (eff_task_started_t){ .rt = f->rt, .plan = eff_value_incref(e->prim.value) };
    eff_value_t first = eff_task_started_value(s), second = eff_value_incref(first), third = eff_value_incref(first);
    eff_t *begin = eff__prim_node(e->site, &begin_prim, e->prim.handle, first);
    begin = eff_flat_map_at(e->site, begin, begun, second);
    return eff__prim_effect(f, eff_on_interrupt_at(e->site, begin, give_up_start, third));
}
static const struct eff__prim start_prim = { "task_group_start", start_run };

eff_t *eff_task_group_start_at(eff_site_t site, eff_task_group_t *group, eff_task_fn f, eff_value_t env)
{
    static const char builder[] = "eff_task_group_start";
    if (!f) return eff__refuse_call(site, builder, false, env);
    struct eff__closure init = { .builder = builder, .site = site, .fn = (eff_any_fn)f, .env = env };
    return eff__prim_node(site, &start_prim, group, eff__closure_new(init));
}

/* Fails the fiber with a mistake. */
static int mistake(eff_fiber_t *f, const char *message)
{
    f->reg = eff_unit;
    f->status = EFF__OK;
    eff__raise_mistake(f, NULL, "%s", message);
    return EFF__RETURN;
}

static int started_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_task_started_t *s = (eff_task_started_t *)e->prim.handle;
    eff_fiber_t *task = s->task;
    if (s->said) return mistake(f, "eff_task_started was called twice");
    if (!task || task->state == EFF__DONE) return mistake(f, "eff_task_started was called after its task had ended");
    if (s->rt != f->rt) return eff__prim_foreign(f, "task start");
    eff_fiber_t *starter = task->observers.first;
    if (s->given_up || !starter || starter->wait.ops != &eff__start_wait) return eff__prim_value(f, eff_unit);
    s->said = true;
    s->task = NULL;
    task->flags &= ~(uint32_t)EFF__UNSTARTED;
    eff__ring_remove(&task->observers, starter);
    starter->wait.object = NULL;
    starter->reg = eff__prim_take_value(e, alone);
    starter->status = EFF__OK;
    eff__wake(starter);
    eff_fiber_decref(task); /* the starter's reference, and that of s; its group has its own */
    eff_fiber_decref(task);
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim started_prim = { "task_started", started_run };

eff_t *eff_task_started_at(eff_site_t site, eff_task_started_t *started, eff_value_t v)
{
    return eff__prim_node(site, &started_prim, started, v);
}

/* ---- ending tasks */

static int stop_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const eff_task_group_t *group = (const eff_task_group_t *)e->prim.handle;
    (void)alone;
    if (group->rt && group->rt != f->rt) return eff__prim_foreign(f, "task group");
    if (group->group) eff__stop_ask(group->group->stop);
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim stop_prim = { "task_group_stop", stop_run };

eff_t *eff_task_group_stop_at(eff_site_t site, eff_task_group_t *group)
{
    return eff__prim_node(site, &stop_prim, group, eff_unit);
}

static int cancel_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const eff_task_group_t *group = (const eff_task_group_t *)e->prim.handle;
    struct eff__group *g = group->group;
    (void)alone;
    if (group->rt && group->rt != f->rt) return eff__prim_foreign(f, "task group");
    if (!g) return eff__prim_value(f, eff_unit);
    eff_cause_t *cause = eff__interrupt_cause(f, EFF_INTERRUPT_EXPLICIT, e->site);
    for (uint32_t i = 0; i < g->n_started; i++)
        if (g->sides[i].fiber && g->sides[i].fiber->flags & EFF__OWN_SCOPE)
            eff__fiber_interrupt(g->sides[i].fiber, cause);
    eff_cause_decref(cause);
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim cancel_prim = { "task_group_cancel", cancel_run };

eff_t *eff_task_group_cancel_at(eff_site_t site, eff_task_group_t *group)
{
    return eff__prim_node(site, &cancel_prim, group, eff_unit);
}

/* ---- handles */

size_t eff_task_group_size(const eff_task_group_t *group)
{
    const struct eff__group *g = group ? group->group : NULL;
    if (!g) return 0;
    const eff_fiber_t *body = g->n_started ? g->sides[0].fiber : NULL;
    return g->n_live - (body && body->state != EFF__DONE ? 1 : 0);
}

eff_task_group_t *eff_task_group_incref(eff_task_group_t *group)
{
    return (eff_task_group_t *)eff__payload_incref(group);
}
void eff_task_group_decref(eff_task_group_t *group)
{
    eff__payload_decref(&eff_task_group_type, group);
}

eff_value_t eff_task_group_value(eff_task_group_t *group)
{
    eff_value_t v = { .type = &eff_task_group_type, .ptr = group };
    return group ? v : eff_oom_value();
}

static EFF__STATIC_PAYLOAD(eff_task_group_t) ended_group = { EFF__STATIC_HEADER(&eff_task_group_type), { NULL, NULL } };

eff_task_group_t *eff_as_task_group(eff_value_t v)
{
    if (v.type == &eff_task_group_type) return (eff_task_group_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_task_group_type);
    return &ended_group.payload;
}

eff_task_started_t *eff_task_started_incref(eff_task_started_t *started)
{
    return (eff_task_started_t *)eff__payload_incref(started);
}
void eff_task_started_decref(eff_task_started_t *started)
{
    eff__payload_decref(&eff_task_started_type, started);
}

eff_value_t eff_task_started_value(eff_task_started_t *started)
{
    eff_value_t v = { .type = &eff_task_started_type, .ptr = started };
    return started ? v : eff_oom_value();
}

static EFF__STATIC_PAYLOAD(eff_task_started_t) ended_task = { EFF__STATIC_HEADER(&eff_task_started_type),
                                                              { .plan = { .type = &eff_unit_type, .integer = 0 } } };

eff_task_started_t *eff_as_task_started(eff_value_t v)
{
    if (v.type == &eff_task_started_type) return (eff_task_started_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_task_started_type);
    return &ended_task.payload;
}
