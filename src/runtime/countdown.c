/* Countdown: a line that opens for good as its number gets to zero. */
#include <effect/countdown.h>

#include "core/misuse.h"
#include "runtime/line.h"
#include "runtime/runtime.h"

struct eff_countdown {
    struct eff__line line; /* first; empty at zero */
    size_t left;
};

const eff_type_t eff_countdown_type = { .size = sizeof(eff_countdown_t),
                                        .name = "countdown",
                                        .drop = eff__line_drop,
                                        .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE | EFF__TYPE_AT_HOME };

eff_countdown_t *eff_countdown_new(size_t n)
{
    eff_countdown_t *c = (eff_countdown_t *)eff__payload_alloc(&eff_countdown_type, sizeof *c);
    if (c) *c = (eff_countdown_t){ .left = n };
    return c;
}

/* ---- the operations */

static void describe(const eff_fiber_t *f, eff_buffer_t *out)
{
    const eff_countdown_t *c = (const eff_countdown_t *)f->wait.object;
    eff_buffer_printf(out, "for a countdown that has %zu left", c->left);
}
static const struct eff__wait_ops await_ops = {
    .name = "for a countdown", .leave = eff__line_leave, .describe = describe, .on_handle = true
};

static int await_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_countdown_t *c = (eff_countdown_t *)e->prim.handle;
    if (c->left == 0) return eff__prim_value(f, eff_unit);
    if (!eff__line_claim(&c->line, f)) return eff__prim_foreign(f, "countdown");
    return eff__line_wait(f, e, alone, &await_ops);
}

static void arrive(eff_countdown_t *c)
{
    if (c->left > 0 && --c->left == 0) (void)eff__line_release(&c->line);
}

static int arrive_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_countdown_t *c = (eff_countdown_t *)e->prim.handle;
    (void)alone;
    if (!eff__line_claim(&c->line, f)) return eff__prim_foreign(f, "countdown");
    arrive(c);
    return eff__prim_value(f, eff_int((int64_t)c->left));
}

static const struct eff__prim await_prim = { "countdown_await", await_run };
static const struct eff__prim arrive_prim = { "countdown_arrive", arrive_run };

eff_t *eff_countdown_await_at(eff_site_t site, eff_countdown_t *c)
{
    return eff__prim_node(site, &await_prim, c, eff_unit);
}
eff_t *eff_countdown_arrive_at(eff_site_t site, eff_countdown_t *c)
{
    return eff__prim_node(site, &arrive_prim, c, eff_unit);
}

/* ---- from plain C */

size_t eff_countdown_arrived(eff_countdown_t *c)
{
    if (c && eff__home_is_here(&c->line.home, "eff_countdown_arrived", "countdown")) {
        bool waited_for = c->line.n > 0;
        arrive(c);
        if (waited_for && c->left == 0) eff__woke_from_plain_c(eff__home_runtime(&c->line.home));
    }
    return eff_countdown_left(c);
}

size_t eff_countdown_left(const eff_countdown_t *c)
{
    return c ? c->left : 0;
}

/* ---- handles */

static EFF__STATIC_PAYLOAD(eff_countdown_t) ended_countdown = { EFF__STATIC_HEADER(&eff_countdown_type),
                                                                { .left = 0 } };

eff_countdown_t *eff_countdown_incref(eff_countdown_t *c)
{
    return (eff_countdown_t *)eff__payload_incref(c);
}
void eff_countdown_decref(eff_countdown_t *c)
{
    eff__payload_decref(&eff_countdown_type, c);
}

eff_value_t eff_countdown_value(eff_countdown_t *c)
{
    eff_value_t v = { .type = &eff_countdown_type, .ptr = c };
    return c ? v : eff_oom_value();
}

eff_countdown_t *eff_as_countdown(eff_value_t v)
{
    if (v.type == &eff_countdown_type) return (eff_countdown_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_countdown_type);
    return &ended_countdown.payload;
}
