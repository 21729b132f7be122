/* Loops over a value: iterate and loop_while.
 *
 * Each round is one flat_map whose callback looks at the value and returns the next round. The frame of a round is gone
 * when its callback is called, so any number of rounds takes constant memory; and a round leaves nothing behind but the
 * value, so the runs of one description share its closure.
 */
#include <effect/loop.h>

#include <effect/transform.h>

#include "core/build.h"

static bool goes_on(const struct eff__closure *c, eff_value_t v, eff_value_t env)
{
    return ((eff_predicate_fn)c->when)(v, env);
}

/* ---- iterate: the closure's env is the pair of the initial value and the user's env */

static eff_t *iterate_from(eff_value_t v, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_value_t users = eff_second(c->env);
    if (!goes_on(c, v, users)) return eff_succeed_at(NULL, eff_value_incref(v));
    eff_t *step = ((eff_bind_fn)c->fn)(v, users);
    return step ? eff_flat_map_at(c->site, step, iterate_from, eff_value_incref(env)) : NULL;
}

static eff_t *start_iterate(eff_value_t env)
{
    return iterate_from(eff_first(eff__closure_of(env)->env), env);
}

eff_t *eff_iterate_at(eff_site_t site, eff_value_t initial, eff_predicate_fn again, eff_bind_fn step, eff_value_t env)
{
    static const char builder[] = "eff_iterate";
    const eff_value_t values[] = { initial, env };
    if (!again) return eff__refuse_fn(site, builder, 2, "again", eff_noop(), 2, values);
    if (!step) return eff__refuse_fn(site, builder, 3, "step", eff_noop(), 2, values);
    if (!eff__value_usable(initial) || !eff__value_usable(env))
        return eff__refuse_values(site, builder, true, 2, values);
    eff_value_t closure = eff__closure_new((struct eff__closure){ .builder = builder,
                                                                  .site = site,
                                                                  .fn = (eff_any_fn)step,
                                                                  .when = (eff_any_fn)again,
                                                                  .env = eff_pair(initial, env) });
    return eff__call_node(EFF__OP_SUSPEND, site, builder, (eff_any_fn)start_iterate, closure);
}

/* ---- loop_while */

static eff_t *next_round(eff_value_t env);

static eff_t *round_ended(eff_value_t v, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return goes_on(c, v, c->env) ? next_round(env) : eff_succeed_at(NULL, eff_value_incref(v));
}

static eff_t *next_round(eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return eff_flat_map_at(c->site, eff_incref(c->effect), round_ended, eff_value_incref(env));
}

eff_t *eff_loop_while_at(eff_site_t site, eff_t *e, eff_predicate_fn again, eff_value_t env)
{
    static const char builder[] = "eff_loop_while";
    if (!eff__effect_usable(e) || !again) return eff__refuse_bind(site, builder, e, again != NULL, env);
    eff_value_t closure = eff__closure_new(
        (struct eff__closure){ .builder = builder, .site = site, .when = (eff_any_fn)again, .effect = e, .env = env });
    return eff__call_node(EFF__OP_SUSPEND, site, builder, (eff_any_fn)next_round, closure);
}
