/* The builders of recover.h whose handlers take a failure's value or a cause as it is: fold nodes.
 *
 * A typed handler is a fold without EFF__CAUSE: the interpreter applies it to causes with a Fail and no Die.
 * Handlers that must look first and may let the failure pass unchanged are in recover_some.c.
 */
#include <effect/recover.h>

#include "core/build.h"

eff_t *eff_catch_all_at(eff_site_t site, eff_t *e, eff_bind_fn f, eff_value_t env)
{
    static const struct eff__shape shape = { EFF__OP_FOLD, 0, "eff_catch_all" };
    eff_t *node = eff__catch_at_once(&shape, site, e, (eff_any_fn)f, env);
    return node ? node : eff__catch_shaped(site, e, (eff_any_fn)f, env, &shape);
}

eff_t *eff_catch_cause_at(eff_site_t site, eff_t *e, eff_cause_fn f, eff_value_t env)
{
    static const struct eff__shape shape = { EFF__OP_FOLD, EFF__CAUSE, "eff_catch_cause" };
    eff_t *node = eff__catch_at_once(&shape, site, e, (eff_any_fn)f, env);
    return node ? node : eff__catch_shaped(site, e, (eff_any_fn)f, env, &shape);
}

eff_t *eff_fold_at(eff_site_t site, eff_t *e, eff_bind_fn on_failure, eff_bind_fn on_success, eff_value_t env)
{
    if (!on_failure) return eff__refuse_fn(site, "eff_fold", 2, "on_failure", e, 1, &env);
    if (!on_success) return eff__refuse_fn(site, "eff_fold", 3, "on_success", e, 1, &env);
    return eff__fold_node(0, site, "eff_fold", e, (eff_any_fn)on_failure, on_success, env);
}

eff_t *eff_or_else_at(eff_site_t site, eff_t *e, eff_t *other)
{
    return eff__derived_pair(EFF__OP_FOLD, site, "eff_or_else", e, (eff_any_fn)eff__run_env, other);
}

/* ---- match */

/* Succeeds with what a user's pure function of this name returned. */
static eff_t *returned(const struct eff__closure *c, const char *name, eff_value_t v)
{
    return v.type ? eff_succeed_at(c->site, v) : eff__returned_absent(c->site, c->builder, name);
}

static eff_t *match_failure(eff_value_t error, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return returned(c, "on_failure", ((eff_map_fn)c->fn)(error, c->env));
}

static eff_t *match_success(eff_value_t v, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return returned(c, "on_success", ((eff_map_fn)c->when)(v, c->env));
}

eff_t *eff_match_at(eff_site_t site, eff_t *e, eff_map_fn on_failure, eff_map_fn on_success, eff_value_t env)
{
    if (!on_failure) return eff__refuse_fn(site, "eff_match", 2, "on_failure", e, 1, &env);
    if (!on_success) return eff__refuse_fn(site, "eff_match", 3, "on_success", e, 1, &env);
    return eff__derived_fold(0, e, (eff_any_fn)match_failure, match_success,
                             (struct eff__closure){ .builder = "eff_match",
                                                    .site = site,
                                                    .fn = (eff_any_fn)on_failure,
                                                    .when = (eff_any_fn)on_success,
                                                    .env = env });
}

/* ---- failures as successes */

eff_t *eff__cause_to_exit(const eff_cause_t *cause, eff_value_t env)
{
    (void)env;
    return eff_succeed_at(NULL, eff_exit_value(eff_exit_fail_cause(eff_cause_incref(cause))));
}

static eff_t *success_to_exit(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_succeed_at(NULL, eff_exit_value(eff_exit_succeed(eff_value_incref(v))));
}

eff_t *eff_to_exit_at(eff_site_t site, eff_t *e)
{
    return eff__fold_node(EFF__CAUSE, site, "eff_to_exit", e, (eff_any_fn)eff__cause_to_exit, success_to_exit,
                          eff_unit);
}

eff_t *eff__failed_to_none(eff_value_t error, eff_value_t env)
{
    (void)error, (void)env;
    return eff_succeed_at(NULL, eff_none());
}

static eff_t *success_to_some(eff_value_t v, eff_value_t env)
{
    return eff_succeed_at(NULL, eff__return_some(v, env));
}

eff_t *eff_option_at(eff_site_t site, eff_t *e)
{
    return eff__fold_node(0, site, "eff_option", e, (eff_any_fn)eff__failed_to_none, success_to_some, eff_unit);
}

eff_t *eff__ended_to_unit(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_noop();
}

eff_t *eff_ignore_at(eff_site_t site, eff_t *e)
{
    return eff__fold_node(0, site, "eff_ignore", e, (eff_any_fn)eff__ended_to_unit, eff__ended_to_unit, eff_unit);
}

eff_t *eff__cause_to_unit(const eff_cause_t *cause, eff_value_t env)
{
    (void)cause, (void)env;
    return eff_noop();
}

eff_t *eff_ignore_cause_at(eff_site_t site, eff_t *e)
{
    return eff__fold_node(EFF__CAUSE, site, "eff_ignore_cause", e, (eff_any_fn)eff__cause_to_unit, eff__ended_to_unit,
                          eff_unit);
}
