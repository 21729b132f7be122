/* Deadlines: limits that hold for an effect and all that ends with it.
 *
 * A limit's body is a fiber of its own, the side of a timeout (timeout.c), and the limit is kept with that fiber. So
 * the deadline of a fiber is found by going outwards, through parents and the owners of scopes, to the nearest body: what
 * the deadline holds for is what the tree of fibers says ends with the body, and nothing is handed down or copied. Each
 * limit kept is the earliest of those around it too, so that the nearest one is all there is to find.
 *
 *     within 3 s                                body [limit: 3 s]
 *       zip_par(within 1 s a, within 9 s b)       side                 side
 *                                                 body [limit: 1 s]    body (9 s: no limit, no timer)
 *
 * A limit that is not the earliest is left to the timer of the one that is, if that one's interruption is sure to come
 * here: not through a mask, nor through a forked fiber, whose parent may be masked by then.
 */
#include <effect/deadline.h>

#include <effect/error.h>
#include <effect/transform.h>
#include <effect/type.h>

#include "core/build.h"
#include "core/immediate.h"
#include "runtime/clock.h"
#include "runtime/group.h"
#include "runtime/prim.h"
#include "runtime/rare.h"
#include "runtime/scope.h"

struct limit {
    int64_t at;               /* the moment, in ns of its clock */
    const eff_clock_t *clock; /* by which it was set; only compared, since it may end earlier */
    eff_site_t site;          /* where it was set */
    int64_t length;           /* in ns, as it was given; negative: it was given as a moment */
};
EFF_STATIC_TYPE(limit, struct limit);

/* ---- finding it */

/* Whether a side of an eff_graceful whose caller is interrupted has all the time of the grace. */
static bool is_in_grace(const eff_fiber_t *f)
{
    return f->flags & EFF__SIDE && eff__group_of(f)->kind == EFF__PAR_GRACEFUL && eff__interruptible_now(f->parent);
}

/* The nearest body with a limit around f, f included; NULL when f has no deadline. */
static const eff_fiber_t *body_around(const eff_fiber_t *f)
{
    bool here = true; /* f is where the instruction runs, or waits for its sides to do so */
    while (f) {
        if (here && f->attrs & EFF__UNBOUND) return NULL;
        if (f->flags & EFF__HAS_RARE && f->rare->limit.type != &eff_unit_type) return f;
        if (is_in_grace(f)) return NULL;
        here = f->flags & EFF__SIDE;
        f = eff__outer_of(f);
    }
    return NULL;
}

/* Whether an interruption of the body is sure to reach f at once. */
static bool is_reached(const eff_fiber_t *f, const eff_fiber_t *body)
{
    for (; !(f->attrs & EFF__MASKED); f = f->parent) {
        if (f == body) return true;
        if (!(f->flags & EFF__SIDE)) return false;
    }
    return false;
}

/* The limit in effect, if it was set by this clock; else NULL. */
static const struct limit *limit_kept(const eff_fiber_t *body, const eff_clock_t *clock)
{
    const struct limit *limit = body ? limit_of(body->rare->limit) : NULL;
    return limit && limit->clock == clock ? limit : NULL;
}

/* The time now, not that of the turn: what begins here is not cut short by what the turn has done so far. */
static int64_t now_of(eff_clock_t *clock, eff_runtime_t *rt)
{
    rt->now_valid = false;
    return eff__clock_now(clock, rt);
}

/* ---- keeping it */

static eff_t *expired(const struct limit *limit)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    if (limit->length >= 0) {
        eff_buffer_add(&text, "not done within ");
        eff_duration_format((eff_duration_t){ limit->length }, &text);
    } else {
        eff_buffer_add(&text, "not done by its deadline");
    }
    if (limit->site) eff_buffer_printf(&text, " (%s)", limit->site);
    eff_value_t error =
        text.truncated ? eff_oom_value() : eff_error(&eff_timeout_error, 0, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    return eff_fail_at(limit->site, error);
}

static eff_t *time_is_up(eff_value_t env)
{
    return expired(limit_of(env));
}

/* The body's side: this fiber is the limit's body. */
static int begin_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__rare *rare = eff__rare_of(f);
    if (!rare) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    rare->limit = eff__prim_take_value(e, alone);
    f->attrs &= (uint8_t)~EFF__UNBOUND;
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim begin_prim = { "begin_within", begin_run };

/* The body until its limit, which is at a moment. Consumes what it is given. */
static eff_t *until(eff_site_t site, eff_t *body, int64_t at, eff_value_t limit)
{
    eff_t *begin = eff__prim_node_plain(site, &begin_prim, eff_value_incref(limit));
    eff_t *otherwise = eff_suspend_at(site, time_is_up, limit);
    return eff__timeout_node(EFF__PAR_UNTIL, site, "eff_within", eff_then_at(site, begin, body), otherwise, at);
}

/* e: its value is the builder's closure, whose env is the duration or instant. */
static int within_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const struct eff__closure *c = eff__closure_of(e->prim.value);
    eff_clock_t *clock = eff__clock_of(f);
    (void)alone;
    if (!clock) return EFF__RETURN;
    int64_t now = now_of(clock, f->rt), given = c->env.integer;
    bool is_moment = c->env.type == &eff_instant_type;
    int64_t at = is_moment ? given : eff_instant_add((eff_instant_t){ now }, (eff_duration_t){ given }).ns;
    struct limit own = { at, clock, c->site, is_moment ? -1 : given > 0 ? given : 0 };
    const eff_fiber_t *body = body_around(f);
    const struct limit *outer = limit_kept(body, clock);
    if (outer && outer->at > own.at) outer = NULL; /* this one is earlier */
    if (outer) own = *outer;
    if (own.at <= now) return eff__prim_effect(f, expired(&own));
    eff_t *work = eff_incref(c->effect);
    if (!outer || !is_reached(f, body)) return eff__prim_effect(f, until(c->site, work, own.at, limit_make(own)));
    /* A fiber of its own all the same: where what the body forks ends does not depend on the time that is left. */
    return eff__prim_effect(f, eff__par_node(EFF__PAR_TIMEOUT, 0, c->site, "eff_within", 1, &work));
}
static const struct eff__prim within_prim = { "within", within_run };

static eff_t *limited(eff_site_t site, const char *builder, eff_t *e, eff_value_t until)
{
    if (!eff__effect_usable(e)) return eff__refuse_bind(site, builder, e, true, eff_unit);
    return eff__prim_node_plain(site, &within_prim,
                                eff__closure_new((struct eff__closure){
                                    .builder = builder, .site = site, .effect = e, .env = until }));
}

eff_t *eff_within_at(eff_site_t site, eff_t *e, eff_duration_t d)
{
    return limited(site, "eff_within", e, eff_duration_value(d));
}

eff_t *eff_deadline_at(eff_site_t site, eff_t *e, eff_instant_t t)
{
    return limited(site, "eff_deadline", e, eff_instant_value(t));
}

/* ---- asking for it, and being free of it */

static int left_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_clock_t *clock = eff__clock_of(f);
    (void)e, (void)alone;
    if (!clock) return EFF__RETURN;
    const struct limit *limit = limit_kept(body_around(f), clock);
    if (!limit) return eff__prim_value(f, eff_none());
    int64_t left = limit->at - now_of(clock, f->rt);
    eff_value_t some = eff_some(eff_duration_value((eff_duration_t){ left > 0 ? left : 0 }));
    if (some.type->flags & EFF_TYPE_OOM) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    return eff__prim_value(f, some);
}
static const struct eff__prim left_prim = { "deadline_left", left_run };

eff_t *eff_deadline_left_at(eff_site_t site)
{
    return eff__prim_node_plain(site, &left_prim, eff_unit);
}

eff_t *eff_without_deadline_at(eff_site_t site, eff_t *e)
{
    return eff__mask_node(EFF__MASK_UNBOUND, site, "eff_without_deadline", e, NULL, eff_unit);
}
