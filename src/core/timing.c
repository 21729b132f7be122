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

/* ---- timeouts: the body and the clock race */

/* Whichever of the two ends first. Consumes both. */
static eff_t *within(uint8_t flags, eff_site_t site, eff_t *body, eff_t *clock)
{
    eff_t *e = eff__pair_at_once(EFF__PAR_TIMEOUT, flags, site, body, clock);
    return e ? e : eff__par_node(EFF__PAR_TIMEOUT, flags, site, "eff_timeout", 2, (eff_t *[]){ body, clock });
}

eff_t *eff_timeout_at(eff_site_t site, eff_t *e, eff_duration_t d)
{
    if (!e) return eff__refuse_bind(site, "eff_timeout", e, true, eff_unit);
    return within(EFF__PAR_OPTION, site, e, eff_sleep_at(site, d));
}

eff_t *eff_timeout_fail_at(eff_site_t site, eff_t *e, eff_duration_t d, eff_value_t error)
{
    if (!e || !eff__value_usable(error)) return eff__unusable(site, "eff_timeout_fail", e, error);
    return within(0, site, e, eff_then_at(site, eff_sleep_at(site, d), eff_fail_at(site, error)));
}

/* The value of the body, or what is to be run instead. */
eff_t *eff__some_or_run_env(eff_value_t option, eff_value_t env)
{
    if (eff_is_some(option)) return eff_succeed_at(NULL, eff_value_incref(eff_some_value(option)));
    return eff_incref(env.ptr);
}

eff_t *eff_timeout_to_at(eff_site_t site, eff_t *e, eff_duration_t d, eff_t *other)
{
    if (!e || !other) {
        eff_decref(other);
        return eff__refuse_null(site, "eff_timeout_to", e ? 3 : 1, e, eff_unit);
    }
    return eff__derived_pair(EFF__OP_FLAT_MAP, site, "eff_timeout_to", eff_timeout_at(site, e, d),
                             (eff_any_fn)eff__some_or_run_env, other);
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
