/* Parallel loops that go on when items fail: the builders of each_par.h, but for those that hand out results while items
 * run (runtime/completed.c). In both, the group keeps the failure of an item to itself: EFF__COLLECT puts it among the
 * results, EFF__TOLERANT gives it to a handler. */
#include <effect/each_par.h>

#include "core/build.h"
#include "core/collection.h"

/* ---- exits in place */

/* The exits of collected results; "out of memory" when they cannot be made. */
static eff_value_t exits_of(eff_value_t array, eff_value_t env)
{
    (void)env;
    const struct eff__array *results = array.ptr;
    eff_value_t *items, exits = eff__array_new(results->n, &items);
    for (size_t i = 0; items && i < results->n; i++) {
        eff_value_t result = results->items[i];
        bool failed = result.type == &eff__failed_type;
        eff_exit_t exit =
            failed ? eff_exit_fail_cause(eff_cause_incref(result.ptr)) : eff_exit_succeed(eff_value_incref(result));
        items[i] = eff_exit_value(exit);
        if (!eff_is_oom(items[i])) continue;
        eff_value_decref(exits);
        return eff_oom_value();
    }
    return exits;
}

static eff_t *each_exits(eff_site_t site, const char *builder, eff_value_t items, eff_bind_fn f, eff_value_t env,
                         size_t n)
{
    eff_t *each = eff__each_node(EFF__PARALLEL | EFF__COLLECT, site, builder, items, f, env, n);
    return eff__derived_bind(EFF__OP_MAP, each, (eff_any_fn)exits_of,
                             (struct eff__closure){ .builder = builder, .site = site, .env = eff_unit });
}

eff_t *eff_for_each_par_exits_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env, size_t n)
{
    return each_exits(site, "eff_for_each_par_exits", items, f, env, n);
}

static eff_t *run_item(eff_value_t item, eff_value_t env)
{
    (void)env;
    return eff_incref(item.ptr);
}

/* The effects are the items of a loop: their failures are kept as those of items are. */
eff_t *eff_all_par_exits_at(eff_site_t site, size_t n, eff_t *const *effects)
{
    static const char builder[] = "eff_all_par_exits";
    if (n > 0 && !effects) return eff__mistake_at(site, "the list of %s is NULL", builder);
    for (size_t i = 0; i < n; i++)
        if (!eff__effect_usable(effects[i])) return eff__refuse(site, builder, n, effects, true, eff_unit);
    eff_value_t *items, array = eff__array_new(n, &items);
    if (eff_is_oom(array)) return eff__refuse(site, builder, n, effects, true, array);
    for (size_t i = 0; i < n; i++)
        items[i] = (eff_value_t){ .type = &eff_effect_type, .ptr = effects[i] };
    return each_exits(site, builder, array, run_item, eff_unit, 0);
}

/* ---- failures to a handler */

static eff_t *run_tolerantly(eff_value_t item, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return ((eff_bind_fn)c->fn)(item, c->env);
}

eff_t *eff__each_tolerant(eff_site_t site, const char *builder, eff_value_t items, eff_bind_fn f,
                          eff_cause_fn on_failure, eff_value_t env, size_t n)
{
    const eff_value_t values[] = { items, env };
    if (!f) return eff__refuse_fn(site, builder, 2, "f", eff_noop(), 2, values);
    if (!on_failure) return eff__refuse_fn(site, builder, 3, "on_failure", eff_noop(), 2, values);
    eff_value_t closure = eff__closure_new((struct eff__closure){
        .builder = builder, .site = site, .fn = (eff_any_fn)f, .when = (eff_any_fn)on_failure, .env = env });
    return eff__each_node(EFF__PARALLEL | EFF__DISCARD | EFF__TOLERANT, site, builder, items, run_tolerantly, closure,
                          n);
}

eff_t *eff__tolerate(const eff_t *each, const eff_cause_t *cause)
{
    const struct eff__closure *c = eff__closure_of(each->each.env);
    eff_t *e = ((eff_cause_fn)c->when)(cause, c->env);
    return e ? e : eff__mistake(NULL, "the `on_failure` of %s returned NULL", c->builder);
}

eff_t *eff_for_each_par_tolerant_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_cause_fn on_failure,
                                    eff_value_t env, size_t n)
{
    return eff__each_tolerant(site, "eff_for_each_par_tolerant", items, f, on_failure, env, n);
}
