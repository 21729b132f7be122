/* The effects that move a TestClock and look at it, and its layer. */
#include "layers/test_clock.h"

#include <stdlib.h>

#include <effect/type.h>

#include "core/collection.h"
#include "layers/layer.h"
#include "runtime/prim.h"

/* ---- moving it: wait in one of the clock's lines, to be served when all is idle */

static bool leave_adjusters(eff_fiber_t *f)
{
    eff__test_clock_t *c = (eff__test_clock_t *)f->wait.object;
    if (c->move.by == f) c->move.by = NULL;
    eff__waiters_remove(&c->adjusters, f);
    return true;
}
static const struct eff__wait_ops adjust_ops = { .name = "to adjust the test clock", .leave = leave_adjusters };

static bool leave_idlers(eff_fiber_t *f)
{
    eff__test_clock_t *c = (eff__test_clock_t *)f->wait.object;
    eff__waiters_remove(&c->idlers, f);
    return true;
}
#define IDLING .name = "for everything else to be idle", .leave = leave_idlers
static const struct eff__wait_ops idle_ops = { IDLING };
static const struct eff__wait_ops flowing_idle_ops = { IDLING, .external = true };

static int wait_in(eff_fiber_t *f, eff__test_clock_t *c, struct eff__waiters *line, const struct eff__wait_ops *ops,
                   eff_value_t asked)
{
    f->reg = asked;
    f->status = EFF__OK;
    eff__waiters_add(line, f);
    eff__suspend(f, ops, c);
    return EFF__SUSPEND;
}

/* The node's value says what is asked for, as the clock's line wants it. */
static int adjust_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff__test_clock_t *c = eff__test_clock_of(f);
    (void)alone;
    return c ? wait_in(f, c, &c->adjusters, &adjust_ops, e->prim.value) : EFF__RETURN;
}
static const struct eff__prim adjust_prim = { "test_clock_adjust", adjust_run };
static const struct eff__prim set_prim = { "test_clock_set", adjust_run };
static const struct eff__prim step_prim = { "test_clock_step", adjust_run };

static int idle_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff__test_clock_t *c = eff__test_clock_of(f);
    (void)alone;
    if (!c) return EFF__RETURN;
    bool flows = c->options.rate > 0 && e->prim.value.integer > 0;
    return wait_in(f, c, &c->idlers, flows ? &flowing_idle_ops : &idle_ops, e->prim.value);
}
static const struct eff__prim idle_prim = { "test_clock_idle", idle_run };

static int64_t not_negative(eff_duration_t d)
{
    return d.ns < 0 ? 0 : d.ns;
}

eff_t *eff_test_clock_adjust_at(eff_site_t site, eff_duration_t d)
{
    return eff__prim_node_plain(site, &adjust_prim, eff_duration_value((eff_duration_t){ not_negative(d) }));
}
eff_t *eff_test_clock_set_at(eff_site_t site, eff_instant_t t)
{
    return eff__prim_node_plain(site, &set_prim, eff_instant_value(t));
}
eff_t *eff_test_clock_step_at(eff_site_t site, eff_duration_t at_most)
{
    return eff__prim_node_plain(site, &step_prim, eff_int(not_negative(at_most)));
}
eff_t *eff_test_clock_idle_at(eff_site_t site, eff_duration_t cushion)
{
    return eff__prim_node_plain(site, &idle_prim, eff_int(not_negative(cushion)));
}

/* ---- at once */

static int set_wall_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff__test_clock_t *c = eff__test_clock_of(f);
    (void)alone;
    if (!c) return EFF__RETURN;
    eff__test_clock_set_wall(c, eff_as_instant(e->prim.value));
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim set_wall_prim = { "test_clock_set_wall", set_wall_run };

struct sleepers {
    const eff__test_clock_t *clock;
    size_t n;
    eff_value_t *deadlines; /* room for them; NULL: they are only counted */
};

static bool note_sleeper(eff_fiber_t *f, void *arg)
{
    struct sleepers *s = (struct sleepers *)arg;
    if (!eff__test_clock_is_sleeper(s->clock, f)) return true;
    if (s->deadlines) s->deadlines[s->n] = eff_instant_value((eff_instant_t){ f->timer.deadline });
    s->n++;
    return true;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = ((const eff_value_t *)a)->integer, y = ((const eff_value_t *)b)->integer;
    return (x > y) - (x < y);
}

static int sleeps_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct sleepers s = { .clock = eff__test_clock_of(f) };
    (void)e, (void)alone;
    if (!s.clock) return EFF__RETURN;
    eff__each_fiber(f->rt, note_sleeper, &s);
    eff_value_t array = eff__array_new(s.n, &s.deadlines);
    if (array.type->flags & EFF_TYPE_OOM) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    s.n = 0;
    eff__each_fiber(f->rt, note_sleeper, &s);
    if (s.n) qsort(s.deadlines, s.n, sizeof *s.deadlines, by_time);
    return eff__prim_value(f, array);
}
static const struct eff__prim sleeps_prim = { "test_clock_sleeps", sleeps_run };

static int next_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const eff__test_clock_t *c = eff__test_clock_of(f);
    (void)e, (void)alone;
    if (!c) return EFF__RETURN;
    if (!c->timers.root) return eff__prim_value(f, eff_none());
    int64_t left = c->timers.root->deadline - c->now; /* neither is negative */
    eff_value_t some = eff_some(eff_duration_value((eff_duration_t){ left > 0 ? left : 0 }));
    if (some.type->flags & EFF_TYPE_OOM) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    return eff__prim_value(f, some);
}
static const struct eff__prim next_prim = { "test_clock_next", next_run };

eff_t *eff_test_clock_set_wall_at(eff_site_t site, eff_instant_t t)
{
    return eff__prim_node_plain(site, &set_wall_prim, eff_instant_value(t));
}
eff_t *eff_test_clock_sleeps_at(eff_site_t site)
{
    return eff__prim_node_plain(site, &sleeps_prim, eff_unit);
}
eff_t *eff_test_clock_next_at(eff_site_t site)
{
    return eff__prim_node_plain(site, &next_prim, eff_unit);
}

/* ---- layers */

EFF_STATIC_TYPE(options, eff_test_clock_options_t, .drop = NULL);

static eff_value_t clock_with(eff_value_t options)
{
    return eff_test_clock_value(options_of(options));
}

eff_layer_t *eff_test_clock_with(const eff_test_clock_options_t *given)
{
    eff_test_clock_options_t o = eff__test_clock_options(given);
    return eff__layer_named(NULL, eff_layer_sync_at(NULL, &eff_clock_tag, clock_with, options_make(o)),
                            "eff_test_clock_with");
}

static eff_t *open_test_clock(void)
{
    return eff_succeed_at("eff_test_clock", eff_test_clock_value(NULL));
}

eff_layer_t *eff_test_clock(void)
{
    static const eff_layer_def_t def = {
        .size = sizeof def, .name = "eff_test_clock", .tag = &eff_clock_tag, .open = open_test_clock
    };
    return eff_layer_of(&def);
}
