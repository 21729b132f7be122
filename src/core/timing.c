/* The builders of clock.h that need no clock: sleep is a node, the others are made of it and of eff_clock_now. */
#include <effect/clock.h>

#include <effect/recover.h>
#include <effect/transform.h>

#include "core/build.h"

eff_t *eff_sleep_at(eff_site_t site, eff_duration_t d)
{
    eff_t *e = eff__node_new(EFF__OP_SLEEP, EFF__NODE_SIZE(sleep), site);
    if (!e) return &eff__oom_node;
    e->sleep.duration.ns = d.ns > 0 ? d.ns : 0;
    return e;
}

eff_t *eff_delay_at(eff_site_t site, eff_t *e, eff_duration_t d)
{
    if (!e) return eff__refuse_bind(site, "eff_delay", e, true, eff_unit);
    return eff_then_at(site, eff_sleep_at(site, d), e);
}

/* ---- timeouts: the body and time race */

static const struct eff__shape timeout_shape = { .op = EFF__OP_PAR };

static inline eff_t *set(eff_t *e, uint8_t flags, eff_t *body, eff_t *otherwise, int64_t time)
{
    e->kind = EFF__PAR_TIMEOUT;
    e->flags = flags;
    e->par.n = 2;
    e->par.sides[0] = body;
    e->par.sides[1] = otherwise;
    e->par.time = time;
    return e;
}

eff_t *eff__timeout_node(uint8_t flags, eff_site_t site, const char *builder, eff_t *body, eff_t *otherwise,
                         int64_t time)
{
    eff_t *e = eff__par_node(EFF__PAR_TIMEOUT, flags, site, builder, otherwise ? 2 : 1, (eff_t *[]){ body, otherwise });
    return e->op == EFF__OP_PAR ? set(e, flags, body, otherwise, time) : e;
}

static int64_t ns_of(eff_duration_t d)
{
    return d.ns > 0 ? d.ns : 0;
}

eff_t *eff_timeout_at(eff_site_t site, eff_t *e, eff_duration_t d)
{
    eff_t *node = eff__effect_usable(e) ? eff__node_at_once(&timeout_shape, EFF__NODE_SIZE(par), site) : NULL;
    if (__builtin_expect(node != NULL, 1)) return set(node, EFF__PAR_OPTION, e, NULL, ns_of(d));
    return eff__timeout_node(EFF__PAR_OPTION, site, "eff_timeout", e, NULL, ns_of(d));
}

eff_t *eff_timeout_fail_at(eff_site_t site, eff_t *e, eff_duration_t d, eff_value_t error)
{
    if (!e || !eff__value_usable(error)) return eff__unusable(site, "eff_timeout_fail", e, error);
    return eff__timeout_node(0, site, "eff_timeout_fail", e, eff_fail_at(site, error), ns_of(d));
}

eff_t *eff_timeout_to_at(eff_site_t site, eff_t *e, eff_duration_t d, eff_t *other)
{
    if (!e || !other) {
        eff_decref(other);
        return eff__refuse_null(site, "eff_timeout_to", e ? 3 : 1, e, eff_unit);
    }
    return eff__timeout_node(0, site, "eff_timeout_to", e, other, ns_of(d));
}

/* ---- timed */

static eff_value_t time_and_value(eff_value_t value_and_end, eff_value_t start)
{
    eff_duration_t took = eff_instant_since(eff_as_instant(eff_second(value_and_end)), eff_as_instant(start));
    return eff_pair(eff_duration_value(took), eff_value_incref(eff_first(value_and_end)));
}

static eff_t *run_timed(eff_value_t start, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_t *e = eff_zip_at(c->site, eff_incref(c->effect), eff_clock_now_at(c->site));
    return eff_map_at(c->site, e, time_and_value, eff_value_incref(start));
}

eff_t *eff_timed_at(eff_site_t site, eff_t *e)
{
    if (!eff__effect_usable(e)) return eff__refuse_bind(site, "eff_timed", e, true, eff_unit);
    return eff__derived_bind(EFF__OP_FLAT_MAP, eff_clock_now_at(site), (eff_any_fn)run_timed,
                             (struct eff__closure){
                                 .builder = "eff_timed", .site = site, .effect = e, .env = eff_unit });
}
