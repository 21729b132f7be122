/* Memoizing: a fiber of the scope runs the effect, beside a scope that is made for what it acquires, which is older than the
 * fiber and so closes after it has ended. All who run the memoized effect join that fiber.
 *
 * With a time to live there is no such scope, and a fiber that has ended and is too old is forgotten by the next to come,
 * unless others are just about to join it: he gets the same result then. */
#include <effect/clock.h>
#include <effect/fiber.h>
#include <effect/finish.h>
#include <effect/memoize.h>
#include <effect/scope.h>

#include "core/build.h"
#include "runtime/fiber.h"

struct memo {
    eff_site_t site;
    eff_t *effect;
    eff_scope_t *scope; /* around it; owned */
    eff_fiber_t *fiber; /* that runs, or has run, the effect; owned; NULL: none */
    size_t n_users;     /* who have it run, or wait for that */
    bool limited;       /* it has a time to live */
    eff_duration_t ttl;
    eff_instant_t began; /* the latest run */
};
static void memo_clear(struct memo *m)
{
    eff_decref(m->effect);
    eff_scope_decref(m->scope);
    eff_fiber_decref(m->fiber);
}
EFF_STATIC_TYPE(memo, struct memo, .drop = memo_clear);

/* ---- the fiber: of several that were forked at once, the first to run does it. env: pair(the memo, its scope) */

static eff_t *close_if_failed(const eff_exit_t *exit, eff_value_t scope)
{
    if (exit->ok) return eff_noop();
    return eff_scope_close_at(NULL, eff_as_scope(scope), eff_exit_incref(exit));
}

static eff_t *run_once(eff_value_t self, eff_value_t env)
{
    struct memo *m = memo_of(eff_first(env));
    bool is_late = m->fiber && m->fiber != eff_as_fiber(self);
    if (!m->fiber) m->fiber = eff_fiber_incref(eff_as_fiber(self));
    if (m->limited) return is_late ? eff_noop() : eff_scoped_at(m->site, eff_incref(m->effect));
    eff_scope_t *scope = eff_as_scope(eff_second(env));
    if (is_late) return eff_scope_close_at(m->site, scope, eff_exit_succeed(eff_unit));
    eff_t *e = eff_scope_extend_at(m->site, eff_incref(m->effect), scope);
    return eff_on_exit_at(m->site, e, close_if_failed, eff_value_incref(eff_second(env)));
}

/* ---- those who want the result */

static eff_t *forked(eff_value_t fiber, eff_value_t env)
{
    struct memo *m = memo_of(env);
    if (!m->fiber) m->fiber = eff_fiber_incref(eff_as_fiber(fiber));
    m->n_users++;
    return eff_noop();
}

static eff_t *fork_it(eff_value_t scope, eff_value_t env)
{
    struct memo *m = memo_of(env);
    eff_value_t both = eff_pair(eff_value_incref(env), eff_value_incref(scope));
    eff_t *body = eff_flat_map_at(m->site, eff_fiber_self_at(m->site), run_once, both);
    return eff_flat_map_at(m->site, eff_fork_in_at(m->site, m->scope, body), forked, eff_value_incref(env));
}

static eff_t *enter(eff_value_t env)
{
    struct memo *m = memo_of(env);
    if (m->fiber) {
        m->n_users++;
        return eff_noop();
    }
    eff_t *scope = eff_scope_fork_at(m->site, m->scope, EFF_SCOPE_SEQUENTIAL);
    return eff_flat_map_at(m->site, scope, fork_it, eff_value_incref(env));
}

static eff_t *enter_limited(eff_value_t now, eff_value_t env)
{
    struct memo *m = memo_of(env);
    eff_duration_t age = eff_instant_since(eff_as_instant(now), m->began);
    if (m->fiber && m->fiber->state == EFF__DONE && m->n_users == 0 && age.ns >= m->ttl.ns) {
        eff_fiber_decref(m->fiber);
        m->fiber = NULL;
    }
    if (m->fiber) {
        m->n_users++;
        return eff_noop();
    }
    m->began = eff_as_instant(now);
    return fork_it(eff_unit, env);
}

static eff_t *wait_for_it(eff_value_t v, eff_value_t env)
{
    (void)v;
    const struct memo *m = memo_of(env);
    return eff_fiber_join_at(m->site, m->fiber);
}

static eff_t *leave(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    (void)v, (void)exit;
    struct memo *m = memo_of(env);
    eff_fiber_t *fiber = m->fiber;
    if (--m->n_users > 0 || fiber->state == EFF__DONE) return eff_noop();
    eff_t *e = eff_fiber_interrupt_at(m->site, fiber);
    m->fiber = NULL;
    eff_fiber_decref(fiber);
    return e;
}

/* env: the closure with the effect, whose env is its time to live, or unit. */
static eff_t *memoized(eff_value_t scope, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    struct memo m = { .site = c->site,
                      .effect = eff_incref(c->effect),
                      .scope = eff_scope_incref(eff_as_scope(scope)),
                      .limited = c->env.type == &eff_duration_type };
    if (m.limited) m.ttl = eff_as_duration(c->env);
    eff_value_t memo = memo_make(m);
    eff_t *enters = m.limited
                        ? eff_flat_map_at(c->site, eff_clock_now_at(c->site), enter_limited, eff_value_incref(memo))
                        : eff_suspend_at(c->site, enter, eff_value_incref(memo));
    eff_t *e = eff_acquire_use_release_effect_at(c->site, enters, wait_for_it, leave, memo);
    return eff_succeed_at(c->site, eff_effect_value(e));
}

static eff_t *build(eff_site_t site, const char *builder, eff_t *e, eff_value_t ttl)
{
    if (!eff__effect_usable(e)) return eff__refuse(site, builder, 1, &e, true, ttl);
    return eff__derived_bind(EFF__OP_FLAT_MAP, eff_scope_current(), (eff_any_fn)memoized,
                             (struct eff__closure){ .builder = builder, .site = site, .effect = e, .env = ttl });
}

eff_t *eff_memoize_at(eff_site_t site, eff_t *e)
{
    return build(site, "eff_memoize", e, eff_unit);
}

eff_t *eff_memoize_for_at(eff_site_t site, eff_t *e, eff_duration_t ttl)
{
    return build(site, "eff_memoize_for", e, eff_duration_value(ttl));
}
