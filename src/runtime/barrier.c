/* Barrier: a line that empties itself whenever enough have come. The round ends in that moment, not as its fibers get
 * their turns, so that who comes again is in the next one, and interrupting one of them afterwards takes nothing from the
 * others. */
#include <effect/barrier.h>

#include "core/misuse.h"
#include "runtime/line.h"
#include "runtime/runtime.h"

struct eff_barrier {
    struct eff__line line; /* first; always fewer than parties */
    size_t parties;
};

const eff_type_t eff_barrier_type = { .size = sizeof(eff_barrier_t),
                                      .name = "barrier",
                                      .drop = eff__line_drop,
                                      .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE | EFF__TYPE_AT_HOME };

eff_barrier_t *eff_barrier_new(size_t parties)
{
    if (parties == 0 || parties > PTRDIFF_MAX) {
        eff__misuse("eff_barrier_new: the number of parties must be at least 1");
        parties = 1;
    }
    eff_barrier_t *b = (eff_barrier_t *)eff__payload_alloc(&eff_barrier_type, sizeof *b);
    if (b) *b = (eff_barrier_t){ .parties = parties };
    return b;
}

/* ---- the operation */

static void describe(const eff_fiber_t *f, eff_buffer_t *out)
{
    const eff_barrier_t *b = (const eff_barrier_t *)f->wait.object;
    eff_buffer_printf(out, "at a barrier (%zu of %zu are there)", b->line.n, b->parties);
}
static const struct eff__wait_ops await_ops = {
    .name = "at a barrier", .leave = eff__line_leave, .describe = describe, .on_handle = true
};

static int await_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_barrier_t *b = (eff_barrier_t *)e->prim.handle;
    if (!eff__line_claim(&b->line, f)) return eff__prim_foreign(f, "barrier");
    if (b->line.n + 1 < b->parties) return eff__line_wait(f, e, alone, &await_ops);
    eff_fiber_t *other;
    for (int64_t place = 0; (other = eff__line_pop(&b->line)); place++) {
        other->reg = eff_int(place);
        eff__wake(other);
    }
    return eff__prim_value(f, eff_int((int64_t)b->parties - 1));
}
static const struct eff__prim await_prim = { "barrier_await", await_run };

eff_t *eff_barrier_await_at(eff_site_t site, eff_barrier_t *b)
{
    return eff__prim_node(site, &await_prim, b, eff_unit);
}

size_t eff_barrier_waiters(const eff_barrier_t *b)
{
    return b ? b->line.n : 0;
}

/* ---- handles */

static EFF__STATIC_PAYLOAD(eff_barrier_t) lone_barrier = { EFF__STATIC_HEADER(&eff_barrier_type), { .parties = 1 } };

eff_barrier_t *eff_barrier_incref(eff_barrier_t *b)
{
    return (eff_barrier_t *)eff__payload_incref(b);
}
void eff_barrier_decref(eff_barrier_t *b)
{
    eff__payload_decref(&eff_barrier_type, b);
}

eff_value_t eff_barrier_value(eff_barrier_t *b)
{
    eff_value_t v = { .type = &eff_barrier_type, .ptr = b };
    return b ? v : eff_oom_value();
}

eff_barrier_t *eff_as_barrier(eff_value_t v)
{
    if (v.type == &eff_barrier_type) return (eff_barrier_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_barrier_type);
    return &lone_barrier.payload;
}
