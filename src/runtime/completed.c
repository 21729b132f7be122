/* as_completed: a loop whose items offer their results to a queue, beside an effect that takes them.
 *
 *     race_first(use(queue), loop; queue_end; never)
 *
 * The loop's side never wins by a success: after the last result the queue has ended, and use goes on to its own end. A
 * queue of one place is enough: an item that finds no room waits with its result, in the order of completion. */
#include <effect/each_par.h>
#include <effect/queue.h>
#include <effect/race.h>

#include "core/build.h"

/* One run; the environment of its items, and what keeps the queue and the user's env until it has ended. */
struct completing {
    eff_value_t plan; /* the builder's closure, shared by all runs: env is pair(items, the user's) */
    eff_value_t env;  /* the user's, borrowed from the plan */
    eff_queue_t *queue;
};

static void completing_drop(void *payload)
{
    struct completing *c = (struct completing *)payload;
    eff_queue_decref(c->queue);
    eff_value_decref(c->plan);
}
static const eff_type_t completing_type = {
    .size = sizeof(struct completing), .name = "completing", .drop = completing_drop, .flags = EFF_TYPE_COUNTED
};

static const struct completing *completing_of(eff_value_t env)
{
    return (const struct completing *)env.ptr;
}

/* ---- the items */

static eff_t *offer(const struct completing *c, eff_value_t result)
{
    return eff_queue_offer_at(eff__closure_of(c->plan)->site, c->queue, result);
}

static eff_t *offer_value(eff_value_t v, eff_value_t env)
{
    return offer(completing_of(env), eff_value_incref(v));
}

static eff_t *offer_success(eff_value_t v, eff_value_t env)
{
    return offer(completing_of(env), eff_exit_value(eff_exit_succeed(eff_value_incref(v))));
}

static eff_t *offer_failure(const eff_cause_t *cause, eff_value_t env)
{
    return offer(completing_of(env), eff_exit_value(eff_exit_fail_cause(eff_cause_incref(cause))));
}

static eff_t *run_then(eff_value_t item, eff_value_t env, eff_bind_fn offers)
{
    const struct completing *c = completing_of(env);
    const struct eff__closure *plan = eff__closure_of(c->plan);
    eff_t *e = ((eff_bind_fn)plan->fn)(item, c->env);
    return e ? eff_flat_map_at(plan->site, e, offers, eff_value_incref(env)) : NULL;
}
static eff_t *run_for_value(eff_value_t item, eff_value_t env)
{
    return run_then(item, env, offer_value);
}
static eff_t *run_for_exit(eff_value_t item, eff_value_t env)
{
    return run_then(item, env, offer_success);
}

/* ---- both sides */

static eff_t *call_use(eff_value_t env)
{
    const struct completing *c = completing_of(env);
    const struct eff__closure *plan = eff__closure_of(c->plan);
    eff_value_t results = { .type = &eff_queue_type, .ptr = c->queue };
    eff_t *e = ((eff_bind_fn)plan->when)(results, c->env);
    return e ? e : eff__mistake(NULL, "the `use` of %s returned NULL", plan->builder);
}

/* Nobody takes any more: what was not taken is dropped, and who still waits is told. */
static eff_t *shut_down(const eff_exit_t *exit, eff_value_t env)
{
    (void)exit;
    return eff_queue_shutdown_at(NULL, completing_of(env)->queue);
}

static eff_t *start(eff_value_t env, bool exits)
{
    const struct eff__closure *plan = eff__closure_of(env);
    struct completing *c = (struct completing *)eff__payload_alloc(&completing_type, sizeof *c);
    if (!c) return eff_out_of_memory();
    *c = (struct completing){ eff_value_incref(env), eff_second(plan->env), eff_queue_bounded(1) };
    eff_value_t run = { .type = &completing_type, .ptr = c };
    if (!c->queue) {
        eff_value_decref(run);
        return eff_out_of_memory();
    }
    eff_value_t of_items = eff_value_incref(run);
    eff_value_t of_use = eff_value_incref(run), items = eff_value_incref(eff_first(plan->env));
    eff_t *loop =
        exits ? eff__each_tolerant(plan->site, plan->builder, items, run_for_exit, offer_failure, of_items, plan->limit)
              : eff__each_node(EFF__PARALLEL | EFF__DISCARD, plan->site, plan->builder, items, run_for_value, of_items,
                               plan->limit);
    eff_t *at_end = eff_then_at(NULL, eff_queue_end_at(NULL, c->queue), eff_never());
    eff_t *use = eff_suspend_at(plan->site, call_use, of_use);
    eff_t *both = eff_race_first_at(plan->site, use, eff_then_at(NULL, loop, at_end));
    return eff_on_exit_at(plan->site, both, shut_down, run);
}
static eff_t *start_values(eff_value_t env)
{
    return start(env, false);
}
static eff_t *start_exits(eff_value_t env)
{
    return start(env, true);
}

static eff_t *as_completed(eff_site_t site, const char *builder, eff_suspend_fn starts, eff_value_t items,
                           eff_bind_fn f, eff_bind_fn use, eff_value_t env, size_t n)
{
    const eff_value_t values[] = { items, env };
    if (!f) return eff__refuse_fn(site, builder, 2, "f", eff_noop(), 2, values);
    if (!use) return eff__refuse_fn(site, builder, 3, "use", eff_noop(), 2, values);
    if (!eff__value_usable(items) || !eff__value_usable(env)) return eff__refuse_values(site, builder, true, 2, values);
    eff_value_t plan = eff__closure_new((struct eff__closure){ .builder = builder,
                                                               .site = site,
                                                               .fn = (eff_any_fn)f,
                                                               .when = (eff_any_fn)use,
                                                               .limit = n,
                                                               .env = eff_pair(items, env) });
    return eff__call_node(EFF__OP_SUSPEND, site, builder, (eff_any_fn)starts, plan);
}

eff_t *eff_as_completed_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_bind_fn use, eff_value_t env,
                           size_t n)
{
    return as_completed(site, "eff_as_completed", start_values, items, f, use, env, n);
}

eff_t *eff_as_completed_exits_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_bind_fn use, eff_value_t env,
                                 size_t n)
{
    return as_completed(site, "eff_as_completed_exits", start_exits, items, f, use, env, n);
}
