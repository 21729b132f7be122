/* The out-of-line part of a fiber: its name, and who is told of its end. */
#include "runtime/rare.h"

#include <errno.h>

#include "core/build.h"
#include "core/misuse.h"
#include "runtime/prim.h"

struct eff__rare *eff__rare_of(eff_fiber_t *f)
{
    if (f->flags & EFF__HAS_RARE) return f->rare;
    struct eff__rare *rare = eff__alloc(sizeof *rare);
    if (!rare) return NULL;
    *rare = (struct eff__rare){ .owner = f->owner, .name = eff_unit, .limit = eff_unit };
    f->rare = rare;
    f->flags |= EFF__HAS_RARE;
    return rare;
}

void eff__rare_free(struct eff__rare *rare)
{
    eff_value_decref(rare->name);
    eff_value_decref(rare->limit);
    if (rare->locals) eff__locals_free(rare->locals);
    eff__free(rare, sizeof *rare);
}

bool eff__fiber_become(eff_fiber_t *f, const eff_fiber_t *forker)
{
    if (f->flags & EFF__HAS_RARE) {
        struct eff__rare *rare = f->rare;
        eff_value_decref(rare->name);
        rare->name = eff_unit;
        eff__locals_end(f);
    }
    if (!eff__locals_fork(f, forker)) return false;
    eff__fiber_begins(f, forker);
    return true;
}

/* ---- names */

bool eff__fiber_set_name(eff_fiber_t *f, eff_value_t name)
{
    bool none = name.type == &eff_unit_type;
    struct eff__rare *rare = none && !(f->flags & EFF__HAS_RARE) ? NULL : eff__rare_of(f);
    if (!rare || name.type->flags & EFF_TYPE_OOM) {
        eff_value_decref(name);
        return none && !rare;
    }
    eff_value_decref(rare->name);
    rare->name = name;
    return true;
}

const char *eff_fiber_name(const eff_fiber_t *fiber)
{
    return fiber ? eff__fiber_name(fiber) : NULL;
}

static int rename_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    if (eff__fiber_set_name(f, eff__prim_take_value(e, alone))) return eff__prim_value(f, eff_unit);
    return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
}
static const struct eff__prim rename_prim = { "named", rename_run };

eff_t *eff_named_at(eff_site_t site, eff_t *e, const char *name)
{
    if (!eff__effect_usable(e)) return eff__refuse(site, "eff_named", 1, &e, true, eff_unit);
    return eff_then_at(site, eff__prim_node_plain(site, &rename_prim, name ? eff_string(name) : eff_unit), e);
}

static int self_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)e, (void)alone;
    return eff__prim_value(f, eff_fiber_value(eff_fiber_incref(f)));
}
static const struct eff__prim self_prim = { "fiber_self", self_run };

eff_t *eff_fiber_self_at(eff_site_t site)
{
    return eff__prim_node_plain(site, &self_prim, eff_unit);
}

/* ---- hooks: told as the exit is published */

bool eff__fiber_hook(eff_fiber_t *f, struct eff__end_hook *hook)
{
    struct eff__rare *rare = eff__rare_of(f);
    if (!rare) return false;
    hook->next = NULL;
    hook->prev = rare->last_hook;
    if (hook->prev) hook->prev->next = hook;
    else rare->hooks = hook;
    rare->last_hook = hook;
    return true;
}

void eff__fiber_unhook(eff_fiber_t *f, struct eff__end_hook *hook)
{
    struct eff__rare *rare = f->rare;
    if (hook->prev) hook->prev->next = hook->next;
    else rare->hooks = hook->next;
    if (hook->next) hook->next->prev = hook->prev;
    else rare->last_hook = hook->prev;
}

void eff__fiber_call_hooks(eff_fiber_t *f)
{
    struct eff__end_hook *hook;
    while ((hook = f->rare->hooks)) {
        eff__fiber_unhook(f, hook);
        hook->ended(hook, f);
    }
}

/* ---- observers: told from the loop */

int eff_fiber_observe(eff_fiber_t *fiber, eff_fiber_observer_t *observer)
{
    if (!fiber || !observer || !observer->on_exit) {
        eff__misuse("eff_fiber_observe: the %s is NULL", !fiber ? "fiber" : !observer ? "observer" : "on_exit");
        return -EINVAL;
    }
    if (observer->private_.fiber) return -EBUSY;
    if (fiber->state == EFF__DONE) return -EALREADY;
    struct eff__rare *rare = eff__rare_of(fiber);
    if (!rare) return -ENOMEM;
    observer->private_.fiber = fiber;
    observer->private_.next = NULL;
    observer->private_.prev = rare->last_observer;
    if (rare->last_observer) rare->last_observer->private_.next = observer;
    else rare->first_observer = observer;
    rare->last_observer = observer;
    return 0;
}

void eff_fiber_unobserve(eff_fiber_observer_t *observer)
{
    if (!observer || !observer->private_.fiber) return;
    struct eff__rare *rare = observer->private_.fiber->rare;
    eff_fiber_observer_t *prev = observer->private_.prev, *next = observer->private_.next;
    if (prev) prev->private_.next = next;
    else rare->first_observer = next;
    if (next) next->private_.prev = prev;
    else rare->last_observer = prev;
    observer->private_.fiber = NULL;
}

void eff__fiber_tell_observers(eff_fiber_t *f)
{
    eff_fiber_observer_t *observer;
    if (!f->rare->first_observer) { /* all were taken out since it ended, so nobody asks any more */
        eff__fiber_report_unobserved(f);
        return;
    }
    eff_exit_t exit = eff__fiber_exit(f);
    while ((observer = f->rare->first_observer)) {
        eff_fiber_unobserve(observer);
        if (__builtin_expect(!f->rt || !f->rt->watch.on, 1)) {
            observer->on_exit(&exit, observer->arg);
            continue;
        }
        eff_runtime_t *rt = f->rt;
        struct eff__mark outer = eff__watch_enter(rt, f, EFF__MARK_OBSERVER, NULL);
        observer->on_exit(&exit, observer->arg);
        eff__watch_leave(rt, &outer);
    }
}
