/* Many fibers at once: forking, joining, awaiting and interrupting them. All derived: the handles are gathered in an array
 * first, since items may be an iterator, which can be read once only. */
#include <effect/loop.h>
#include <effect/parallel.h>

#include "core/build.h"
#include "core/collection.h"
#include "runtime/fiber.h"

static eff_t *fork_item(eff_value_t item, eff_value_t env)
{
    return eff_fork_at(eff__closure_of(env)->site, eff_incref(eff_as_effect(item)));
}

eff_t *eff_fork_all_at(eff_site_t site, size_t n, eff_t *const *effects)
{
    static const char builder[] = "eff_fork_all";
    if (n == 0) return eff_succeed_at(site, eff_array(0, NULL));
    if (!effects) return eff__mistake_at(site, "the list of eff_fork_all is NULL");
    for (size_t i = 0; i < n; i++)
        if (!eff__effect_usable(effects[i])) return eff__refuse(site, builder, n, effects, true, eff_unit);
    eff_value_t *items, array = eff__array_new(n, &items);
    for (size_t i = 0; i < n; i++) {
        if (items) items[i] = eff_effect_value(effects[i]);
        else eff_decref(effects[i]);
    }
    eff_value_t closure = eff__closure_new((struct eff__closure){ .builder = builder, .site = site, .env = eff_unit });
    return eff__each_node(0, site, builder, array, fork_item, closure, 0);
}

/* ---- over handles */

/* A handle among the items: anything else is a mistake, reported by reading it. */
static eff_t *handle(eff_value_t item, eff_value_t env)
{
    (void)env;
    (void)eff_as_fiber(item);
    return eff_succeed_at(NULL, eff_value_incref(item));
}

/* Gathers the handles, and goes on with the array. Consumes env. */
static eff_t *over_handles(eff_site_t site, const char *builder, eff_value_t fibers, eff_bind_fn then, eff_value_t env)
{
    if (!eff__value_usable(fibers) || !eff__value_usable(env))
        return eff__refuse_values(site, builder, true, 2, (const eff_value_t[]){ fibers, env });
    eff_t *gathered = eff__each_node(0, site, builder, fibers, handle, eff_unit, 0);
    return eff__derived_bind(EFF__OP_FLAT_MAP, gathered, (eff_any_fn)then,
                             (struct eff__closure){ .builder = builder, .site = site, .env = env });
}

static eff_t *await_item(eff_value_t item, eff_value_t env)
{
    return eff_fiber_await_at(eff__closure_of(env)->site, eff_as_fiber(item));
}

static eff_t *awaited(eff_value_t handles, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return eff__each_node(0, c->site, c->builder, eff_value_incref(handles), await_item, eff_value_incref(env), 0);
}

eff_t *eff_fiber_await_all_at(eff_site_t site, eff_value_t fibers)
{
    return over_handles(site, "eff_fiber_await_all", fibers, awaited, eff_unit);
}

/* ---- interrupt_all: all are signalled before any is awaited */

static eff_t *signal_item(eff_value_t item, eff_value_t env)
{
    return eff_fiber_interrupt_fork_at(eff__closure_of(env)->site, eff_as_fiber(item));
}

static eff_t *end_item(eff_value_t item, eff_value_t env)
{
    return eff_fiber_interrupt_at(eff__closure_of(env)->site, eff_as_fiber(item));
}

static eff_t *interrupted(eff_value_t handles, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_t *signalled = eff__each_node(EFF__DISCARD, c->site, c->builder, eff_value_incref(handles), signal_item,
                                      eff_value_incref(env), 0);
    eff_t *ended =
        eff__each_node(0, c->site, c->builder, eff_value_incref(handles), end_item, eff_value_incref(env), 0);
    return eff_uninterruptible_at(c->site, eff_then_at(c->site, signalled, ended));
}

eff_t *eff_fiber_interrupt_all_at(eff_site_t site, eff_value_t fibers)
{
    return over_handles(site, "eff_fiber_interrupt_all", fibers, interrupted, eff_unit);
}

/* ---- wait: until some have ended */

/* What a waiting side fails with to tell the others: private, so that it is mistaken for nothing. */
static const eff_type_t enough_type = { .name = "enough" };
static eff_value_t enough(void)
{
    return (eff_value_t){ .type = &enough_type, .integer = 0 };
}

static eff_t *judge_end(eff_value_t exit, eff_value_t env)
{
    (void)env;
    bool goes_on = env.integer == EFF_WAIT_FIRST_FAILURE && eff_as_exit(exit)->ok;
    return goes_on ? eff_noop() : eff_fail_at(NULL, enough());
}

static eff_t *watch_item(eff_value_t item, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return eff_flat_map_at(c->site, eff_fiber_await_at(c->site, eff_as_fiber(item)), judge_end,
                           eff_value_incref(c->env));
}

/* The handles of those that have ended, and of the others. */
static eff_value_t divide(eff_value_t handles)
{
    const struct eff__array *all = handles.ptr;
    size_t n_ended = 0;
    for (size_t i = 0; i < all->n; i++)
        if (eff_as_fiber(all->items[i])->state == EFF__DONE) n_ended++;
    eff_value_t *ended, *others;
    eff_value_t a = eff__array_new(n_ended, &ended), b = eff__array_new(all->n - n_ended, &others);
    if (eff_is_oom(a) || eff_is_oom(b)) return eff_pair(a, b);
    for (size_t i = 0, j = 0, k = 0; i < all->n; i++) {
        eff_value_t v = eff_value_incref(all->items[i]);
        if (eff_as_fiber(v)->state == EFF__DONE) ended[j++] = v;
        else others[k++] = v;
    }
    return eff_pair(a, b);
}

static eff_value_t divided(eff_value_t v, eff_value_t handles)
{
    (void)v;
    return divide(handles);
}
static eff_t *divided_early(eff_value_t error, eff_value_t handles)
{
    (void)error;
    return eff_succeed_at(NULL, divide(handles));
}

static bool is_enough(eff_value_t error, eff_value_t env)
{
    (void)env;
    return error.type == &enough_type;
}

static eff_t *waited(eff_value_t handles, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_t *all;
    if (c->env.integer == EFF_WAIT_ALL)
        all = eff__each_node(EFF__DISCARD, c->site, c->builder, eff_value_incref(handles), await_item,
                             eff_value_incref(env), 0);
    else
        all = eff__each_node(EFF__PARALLEL | EFF__DISCARD, c->site, c->builder, eff_value_incref(handles), watch_item,
                             eff_value_incref(env), 0);
    eff_t *result = eff_map_at(c->site, all, divided, eff_value_incref(handles));
    return eff_catch_some_at(c->site, result, is_enough, divided_early, eff_value_incref(handles));
}

eff_t *eff_fiber_wait_at(eff_site_t site, eff_value_t fibers, eff_wait_until_t until)
{
    return over_handles(site, "eff_fiber_wait", fibers, waited, eff_int((int64_t)until));
}

/* ---- join_all: waits until one has failed; then the others are ended, and all that failed is told */

static eff_cause_t *both(eff_cause_t *a, const eff_cause_t *b)
{
    eff_cause_t *right = eff_cause_incref(b);
    return a ? eff_cause_both(a, right) : right;
}

/* env: pair(the handles; those that had ended by themselves). */
static eff_t *failed(eff_value_t exits, eff_value_t env)
{
    const struct eff__array *all = eff_first(env).ptr, *early = eff_second(env).ptr;
    const struct eff__array *ends = exits.ptr;
    eff_cause_t *cause = NULL, *later = NULL;
    for (size_t i = 0, k = 0; i < ends->n; i++) {
        const eff_exit_t *exit = eff_as_exit(ends->items[i]);
        bool by_itself = k < early->n && early->items[k].ptr == all->items[i].ptr;
        if (by_itself) k++;
        if (exit->ok) continue;
        if (by_itself) cause = both(cause, exit->cause);
        else later = both(later, exit->cause);
    }
    if (cause && later) return eff_fail_cause_at(NULL, eff_cause_both(cause, later));
    return eff_fail_cause_at(NULL, cause ? cause : later ? later : eff_cause_empty());
}

/* All have ended well: their values. */
static eff_t *value_of(eff_value_t item, eff_value_t env)
{
    return eff_fiber_join_at(eff__closure_of(env)->site, eff_as_fiber(item));
}

static bool any_failed(eff_value_t handles)
{
    const struct eff__array *a = handles.ptr;
    for (size_t i = 0; i < a->n; i++) {
        const eff_fiber_t *f = eff_as_fiber(a->items[i]);
        if (f->state == EFF__DONE && f->status != EFF__OK) return true;
    }
    return false;
}

/* v: pair(ended, others); env: the closure with the handles. */
static eff_t *join_or_fail(eff_value_t v, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_value_t handles = c->env;
    if (!any_failed(eff_first(v)))
        return eff__each_node(0, c->site, c->builder, eff_value_incref(handles), value_of, eff_value_incref(env), 0);
    eff_value_t closure =
        eff__closure_new((struct eff__closure){ .builder = c->builder, .site = c->site, .env = eff_unit });
    if (eff_is_oom(closure)) return eff_out_of_memory();
    eff_t *ended = interrupted(handles, closure);
    eff_value_decref(closure);
    eff_value_t early = eff_value_incref(eff_first(v));
    return eff_flat_map_at(c->site, ended, failed, eff_pair(eff_value_incref(handles), early));
}

static eff_t *joined(eff_value_t handles, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_t *some = eff_fiber_wait_at(c->site, eff_value_incref(handles), EFF_WAIT_FIRST_FAILURE);
    return eff__derived_bind(EFF__OP_FLAT_MAP, some, (eff_any_fn)join_or_fail,
                             (struct eff__closure){
                                 .builder = c->builder, .site = c->site, .env = eff_value_incref(handles) });
}

eff_t *eff_fiber_join_all_at(eff_site_t site, eff_value_t fibers)
{
    return over_handles(site, "eff_fiber_join_all", fibers, joined, eff_unit);
}
