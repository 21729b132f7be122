/* What is made of effects that acquire into the scope around them: all derived, of scopes made by hand. */
#include <effect/parallel.h>
#include <effect/recover.h>
#include <effect/resource.h>

#include "core/build.h"
#include "core/collection.h"
#include "runtime/fiber.h"

/* ---- using: use( bracket( the resource, in the outer scope use, nothing ), a new scope ) */

/* What eff_using was given, and the scope around it. */
struct using
{
    eff_t *resource;
    eff_bind_fn use;
    eff_value_t env;
    eff_site_t site;
};
static void using_clear(struct using *u)
{
    eff_decref(u->resource);
    eff_value_decref(u->env);
}
EFF_STATIC_TYPE(using, struct using, .drop = using_clear);

static void release_nothing(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    (void)resource, (void)exit, (void)env;
}

/* env: pair(the using, the outer scope). */
static eff_t *use_outside(eff_value_t v, eff_value_t env)
{
    const struct using *u = using_of(eff_first(env));
    return eff_scope_extend_at(u->site, u->use(v, u->env), eff_as_scope(eff_second(env)));
}

static eff_t *use_inside(eff_value_t scope, eff_value_t env)
{
    const struct using *u = using_of(eff_first(env));
    eff_t *acquire = eff_acquire_interruptible_at(u->site, eff_incref(u->resource));
    eff_t *e = eff_acquire_use_release_at(u->site, acquire, use_outside, release_nothing, eff_value_incref(env));
    return eff_scope_use_at(u->site, e, eff_as_scope(scope));
}

static eff_t *make_inside(eff_value_t outer, eff_value_t env)
{
    const struct using *u = using_of(env);
    eff_value_t both = eff_pair(eff_value_incref(env), eff_value_incref(outer));
    return eff_flat_map_at(u->site, eff_scope_make_at(u->site, EFF_SCOPE_SEQUENTIAL), use_inside, both);
}

eff_t *eff_using_at(eff_site_t site, eff_t *resource, eff_bind_fn use, eff_value_t env)
{
    if (!eff__effect_usable(resource) || !use || !eff__value_usable(env))
        return eff__refuse_bind(site, "eff_using", resource, use != NULL, env);
    eff_value_t u = using_make((struct using){ resource, use, env, site });
    return eff_flat_map_at(site, eff_scope_current(), make_inside, u);
}

/* ---- early release */

static eff_t *close_with(const eff_exit_t *exit, eff_value_t scope)
{
    if (exit->ok) return eff_noop();
    return eff_scope_close_at(NULL, eff_as_scope(scope), eff_exit_incref(exit));
}

/* Runs e in the scope, which stays open if e succeeds. */
static eff_t *acquire_in(eff_site_t site, eff_t *e, eff_scope_t *scope)
{
    eff_value_t handle = eff_scope_value(eff_scope_incref(scope));
    return eff_on_exit_at(site, eff_scope_extend_at(site, e, scope), close_with, handle);
}

static eff_value_t with_release(eff_value_t v, eff_value_t scope)
{
    eff_t *release = eff_scope_close_at(NULL, eff_as_scope(scope), eff_exit_succeed(eff_unit));
    return eff_pair(eff_effect_value(release), eff_value_incref(v));
}

static eff_t *acquire_early(eff_value_t scope, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_t *e = acquire_in(c->site, eff_incref(c->effect), eff_as_scope(scope));
    return eff_map_at(c->site, e, with_release, eff_value_incref(scope));
}

eff_t *eff_with_early_release_at(eff_site_t site, eff_t *resource)
{
    static const char builder[] = "eff_with_early_release";
    if (!eff__effect_usable(resource)) return eff__refuse(site, builder, 1, &resource, true, eff_unit);
    return eff__derived_bind(EFF__OP_FLAT_MAP, eff_scope_make_at(site, EFF_SCOPE_SEQUENTIAL), (eff_any_fn)acquire_early,
                             (struct eff__closure){
                                 .builder = builder, .site = site, .effect = resource, .env = eff_unit });
}

/* ---- races: each side has a scope, and those of the losers close before the race goes on */

/* Of one run. */
struct contest {
    size_t n;
    eff_site_t site;
    eff_scope_t **scopes; /* a block of n: of those that were begun, owned; else NULL */
};
static void contest_clear(struct contest *c)
{
    for (size_t i = 0; c->scopes && i < c->n; i++)
        eff_scope_decref(c->scopes[i]);
    eff__raw_free(c->scopes);
}
EFF_STATIC_TYPE(contest, struct contest, .drop = contest_clear);

/* One side: its effect, its place and the contest. */
struct contender {
    eff_t *resource;
    size_t place;
    eff_value_t contest;
};
static void contender_clear(struct contender *c)
{
    eff_decref(c->resource);
    eff_value_decref(c->contest);
}
EFF_STATIC_TYPE(contender, struct contender, .drop = contender_clear);

static eff_t *compete(eff_value_t scope, eff_value_t env)
{
    const struct contender *c = contender_of(env);
    const struct contest *contest = contest_of(c->contest);
    eff_scope_decref(contest->scopes[c->place]);
    contest->scopes[c->place] = eff_scope_incref(eff_as_scope(scope));
    return acquire_in(contest->site, eff_incref(c->resource), eff_as_scope(scope));
}

/* v: pair(whose, its value). The losers' scopes, of which most are closed already, in reverse; then the value. */
static eff_t *clear_up(eff_value_t v, eff_value_t env)
{
    const struct contest *contest = contest_of(env);
    size_t winner = (size_t)eff_as_int(eff_first(v));
    eff_t *e = eff_succeed_at(NULL, eff_value_incref(eff_second(v)));
    for (size_t i = 0; i < contest->n; i++) {
        if (i == winner || !contest->scopes[i]) continue;
        eff_exit_t lost = eff_exit_fail_cause(eff_cause_interrupt(0, EFF_INTERRUPT_RACE_LOST, contest->site));
        e = eff_then_at(contest->site, eff_scope_close_at(contest->site, contest->scopes[i], lost), e);
    }
    return e;
}

/* env: the closure with the array of resources. */
static eff_t *begin_contest(eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    const struct eff__array *resources = c->env.ptr;
    size_t n = resources->n;
    eff_scope_t **scopes = (eff_scope_t **)eff__realloc(NULL, n * sizeof *scopes);
    eff_t **sides = (eff_t **)eff__realloc(NULL, n * sizeof *sides);
    for (size_t i = 0; scopes && i < n; i++)
        scopes[i] = NULL;
    eff_value_t contest = contest_make((struct contest){ n, c->site, scopes });
    eff_t *race = eff_out_of_memory();
    if (scopes && sides && !eff_is_oom(contest)) {
        for (size_t i = 0; i < n; i++) {
            eff_t *resource = eff_incref(eff_as_effect(resources->items[i]));
            eff_value_t side = contender_make((struct contender){ resource, i, eff_value_incref(contest) });
            sides[i] = eff_flat_map_at(c->site, eff_scope_make_at(c->site, EFF_SCOPE_SEQUENTIAL), compete, side);
        }
        eff_decref(race);
        race = eff_flat_map_at(c->site, eff_race_indexed_at(c->site, n, sides), clear_up, eff_value_incref(contest));
    }
    eff__raw_free(sides);
    eff_value_decref(contest);
    return race;
}

eff_t *eff_race_scoped_at(eff_site_t site, size_t n, eff_t *const *resources)
{
    static const char builder[] = "eff_race_scoped";
    if (n == 0) return eff__mistake_at(site, "%s was given no effect", builder);
    if (!resources) return eff__mistake_at(site, "the list of %s is NULL", builder);
    for (size_t i = 0; i < n; i++)
        if (!eff__effect_usable(resources[i])) return eff__refuse(site, builder, n, resources, true, eff_unit);
    eff_value_t *items, array = eff__array_new(n, &items);
    for (size_t i = 0; i < n; i++) {
        if (items) items[i] = eff_effect_value(resources[i]);
        else eff_decref(resources[i]);
    }
    return eff_suspend_at(site, begin_contest,
                          eff__closure_new((struct eff__closure){ .builder = builder, .site = site, .env = array }));
}
