/* The builders of recover.h whose handlers look at the cause first: each is a fold over causes, and what its handler
 * does not want passes on as the very cause it was. Such a cause is failed with again without a site, since the fold
 * has put its own on the trace already.
 */
#include <effect/recover.h>

#include "core/build.h"
#include "core/cause.h"

/* Goes on failing with the same cause. */
static eff_t *pass(const eff_cause_t *cause)
{
    return eff_fail_cause_at(NULL, eff_cause_incref(cause));
}

/* Whether typed handlers apply: there is a Fail, and no Die. */
static bool failed_as_expected(const eff_cause_t *cause, eff_value_t *ret_error)
{
    return !eff_cause_has_die(cause) && eff_cause_failure(cause, ret_error);
}

static eff_t *over_cause(eff_t *e, eff_cause_fn handler, struct eff__closure c)
{
    return eff__derived_fold(EFF__CAUSE, e, (eff_any_fn)handler, NULL, c);
}

/* ---- catching some failures */

static eff_t *catch_type(const eff_cause_t *cause, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_value_t error;
    if (!failed_as_expected(cause, &error) || !eff_value_is(error, c->key)) return pass(cause);
    return ((eff_bind_fn)c->fn)(error, c->env);
}

eff_t *eff_catch_type_at(eff_site_t site, eff_t *e, const eff_type_t *type, eff_bind_fn f, eff_value_t env)
{
    if (!type) return eff__refuse_null(site, "eff_catch_type", 2, e, env);
    if (!f) return eff__refuse_bind(site, "eff_catch_type", e, false, env);
    return over_cause(e, catch_type,
                      (struct eff__closure){
                          .builder = "eff_catch_type", .site = site, .fn = (eff_any_fn)f, .key = type, .env = env });
}

static eff_t *catch_kind(const eff_cause_t *cause, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_value_t error;
    if (!failed_as_expected(cause, &error) || !eff_error_is(error, c->key)) return pass(cause);
    return ((eff_bind_fn)c->fn)(error, c->env);
}

eff_t *eff_catch_kind_at(eff_site_t site, eff_t *e, const eff_error_kind_t *kind, eff_bind_fn f, eff_value_t env)
{
    if (!kind) return eff__refuse_null(site, "eff_catch_kind", 2, e, env);
    if (!f) return eff__refuse_bind(site, "eff_catch_kind", e, false, env);
    return over_cause(e, catch_kind,
                      (struct eff__closure){
                          .builder = "eff_catch_kind", .site = site, .fn = (eff_any_fn)f, .key = kind, .env = env });
}

static eff_t *catch_some(const eff_cause_t *cause, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_value_t error;
    if (!failed_as_expected(cause, &error) || !((eff_predicate_fn)c->when)(error, c->env)) return pass(cause);
    return ((eff_bind_fn)c->fn)(error, c->env);
}

eff_t *eff_catch_some_at(eff_site_t site, eff_t *e, eff_predicate_fn when, eff_bind_fn f, eff_value_t env)
{
    if (!when) return eff__refuse_fn(site, "eff_catch_some", 2, "when", e, 1, &env);
    if (!f) return eff__refuse_fn(site, "eff_catch_some", 3, "f", e, 1, &env);
    return over_cause(
        e, catch_some,
        (struct eff__closure){
            .builder = "eff_catch_some", .site = site, .fn = (eff_any_fn)f, .when = (eff_any_fn)when, .env = env });
}

static eff_t *catch_defect(const eff_cause_t *cause, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_value_t defect;
    if (!eff_cause_defect(cause, &defect)) return pass(cause);
    return ((eff_bind_fn)c->fn)(defect, c->env);
}

eff_t *eff_catch_defect_at(eff_site_t site, eff_t *e, eff_bind_fn f, eff_value_t env)
{
    if (!f) return eff__refuse_bind(site, "eff_catch_defect", e, false, env);
    return over_cause(e, catch_defect,
                      (struct eff__closure){
                          .builder = "eff_catch_defect", .site = site, .fn = (eff_any_fn)f, .env = env });
}

/* ---- failures as defects */

eff_t *eff__cause_to_defect(const eff_cause_t *cause, eff_value_t env)
{
    (void)env;
    eff_value_t error;
    if (!failed_as_expected(cause, &error)) return pass(cause);
    return eff_fail_cause_at(NULL, eff__cause_fails_to_dies(eff_cause_incref(cause)));
}

eff_t *eff_or_die_at(eff_site_t site, eff_t *e)
{
    return eff__fold_node(EFF__CAUSE, site, "eff_or_die", e, (eff_any_fn)eff__cause_to_defect, NULL, eff_unit);
}

static eff_t *refine_or_die(const eff_cause_t *cause, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_value_t error;
    if (failed_as_expected(cause, &error) && eff_value_is(error, c->key)) return pass(cause);
    return eff__cause_to_defect(cause, eff_unit);
}

eff_t *eff_refine_or_die_at(eff_site_t site, eff_t *e, const eff_type_t *type)
{
    if (!type) return eff__refuse_null(site, "eff_refine_or_die", 2, e, eff_unit);
    return over_cause(e, refine_or_die,
                      (struct eff__closure){
                          .builder = "eff_refine_or_die", .site = site, .key = type, .env = eff_unit });
}

/* ---- looking at failures */

eff_t *eff_on_error_at(eff_site_t site, eff_t *e, eff_cause_fn f, eff_value_t env)
{
    return eff__bind_node(EFF__OP_ON_EXIT, EFF__ON_FAILURE, site, "eff_on_error", e, (eff_any_fn)f, env);
}

/* env is the original cause. */
static eff_t *tapped(eff_value_t v, eff_value_t env)
{
    (void)v;
    return pass(eff_as_cause(env));
}

static eff_t *tap_failed(const eff_cause_t *later, eff_value_t env)
{
    eff_cause_t *original = eff_cause_incref(eff_as_cause(env));
    return eff_fail_cause_at(NULL, eff__cause_then_or_keep(original, eff_cause_incref(later)));
}

static eff_t *tap_error(const eff_cause_t *cause, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_value_t error;
    if (!failed_as_expected(cause, &error)) return pass(cause);
    eff_t *e = ((eff_bind_fn)c->fn)(error, c->env);
    if (!e) return NULL;
    return eff__fold_node(EFF__CAUSE, c->site, "eff_tap_error", e, (eff_any_fn)tap_failed, tapped,
                          eff_cause_value(eff_cause_incref(cause)));
}

eff_t *eff_tap_error_at(eff_site_t site, eff_t *e, eff_bind_fn f, eff_value_t env)
{
    if (!f) return eff__refuse_bind(site, "eff_tap_error", e, false, env);
    return over_cause(e, tap_error,
                      (struct eff__closure){
                          .builder = "eff_tap_error", .site = site, .fn = (eff_any_fn)f, .env = env });
}

/* ---- changing failures */

static eff_t *map_error(const eff_cause_t *cause, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_value_t error;
    if (!failed_as_expected(cause, &error)) return pass(cause);
    eff_value_t other = ((eff_map_fn)c->fn)(error, c->env);
    if (!other.type)
        return eff__mistake(c->site, "callback %s returned the absent value", c->site ? c->site : "of eff_map_error");
    return eff_fail_cause_at(NULL, eff__cause_map_fail(eff_cause_incref(cause), other));
}

eff_t *eff_map_error_at(eff_site_t site, eff_t *e, eff_map_fn f, eff_value_t env)
{
    if (!f) return eff__refuse_bind(site, "eff_map_error", e, false, env);
    return over_cause(e, map_error,
                      (struct eff__closure){
                          .builder = "eff_map_error", .site = site, .fn = (eff_any_fn)f, .env = env });
}

static eff_t *map_cause(const eff_cause_t *cause, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_cause_t *other = ((eff_map_cause_fn)c->fn)(cause, c->env);
    return other ? eff_fail_cause_at(NULL, other) : NULL;
}

eff_t *eff_map_cause_at(eff_site_t site, eff_t *e, eff_map_cause_fn f, eff_value_t env)
{
    if (!f) return eff__refuse_bind(site, "eff_map_cause", e, false, env);
    return over_cause(e, map_cause,
                      (struct eff__closure){
                          .builder = "eff_map_cause", .site = site, .fn = (eff_any_fn)f, .env = env });
}

static eff_t *annotate(const eff_cause_t *cause, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return eff_fail_cause_at(NULL, eff_cause_note(eff_cause_incref(cause), eff_value_incref(c->env), c->site));
}

eff_t *eff_annotate_at(eff_site_t site, eff_t *e, eff_value_t note)
{
    return over_cause(e, annotate, (struct eff__closure){ .builder = "eff_annotate", .site = site, .env = note });
}
