/* Mutex: one permit, whose holder is known: a fiber, or a scope. */
#include <effect/mutex.h>

#include <inttypes.h>

#include <effect/transform.h>

#include "core/build.h"
#include "core/misuse.h"
#include "core/sink.h"
#include "runtime/permits.h"
#include "runtime/rare.h"
#include "runtime/runtime.h"

struct eff_mutex {
    struct eff__permits permit; /* first */
};

const eff_type_t eff_mutex_type = { .size = sizeof(eff_mutex_t),
                                    .name = "mutex",
                                    .drop = eff__line_drop,
                                    .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE | EFF__TYPE_AT_HOME };

/* What eff_as_mutex gives for a value of another type. Never changed: threads share it. */
static EFF__STATIC_PAYLOAD(eff_mutex_t) dummy = { EFF__STATIC_HEADER(&eff_mutex_type), { .permit.total = 1 } };

eff_mutex_t *eff_mutex_new(void)
{
    eff_mutex_t *m = (eff_mutex_t *)eff__payload_alloc(&eff_mutex_type, sizeof *m);
    if (m) *m = (eff_mutex_t){ .permit.total = 1 };
    return m;
}

/* ---- waiting */

static void put_holder(const struct eff__permits *p, eff_buffer_t *out)
{
    const char *name = p->holder ? eff__fiber_name(p->holder) : NULL;
    eff_buffer_printf(out, p->holder ? "held by fiber %" PRIu64 : "held by a scope of fiber %" PRIu64, p->holder_id);
    if (name) eff_buffer_printf(out, " \"%s\"", name);
    if (p->taken_at) eff_buffer_printf(out, " (locked at %s)", p->taken_at);
}

static void describe(const eff_fiber_t *f, eff_buffer_t *out)
{
    eff_buffer_add(out, "for a mutex ");
    put_holder((const struct eff__permits *)f->wait.object, out);
}
static eff_fiber_t *holder(const eff_fiber_t *f)
{
    return ((const struct eff__permits *)f->wait.object)->holder;
}
static const struct eff__wait_ops with_ops =
    EFF__PERMITS_ENTER_OPS(.name = "for a mutex", .describe = describe, .awaited = holder, .names_awaited = true);
static const struct eff__wait_ops lock_ops =
    EFF__PERMITS_ACQUIRE_OPS(.name = "for a mutex", .describe = describe, .awaited = holder, .names_awaited = true);

/* ---- the operations; the value of those that run an effect is that effect */

/* The cause of its death, if the fiber would wait for itself; else NULL. Of a lock that a scope has nobody can tell: another
 * fiber may close that. */
static eff_cause_t *refuse_twice(const eff_fiber_t *f, const struct eff__permits *p, const char *who)
{
    if (p->holder != f) return NULL;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_printf(&text, "%s: the mutex is ", who);
    put_holder(p, &text);
    eff_buffer_add(&text, ", which would wait for itself: a mutex is not re-entrant");
    eff_cause_t *cause = eff_cause_die(eff_string(eff_buffer_text(&text)));
    eff_buffer_done(&text);
    return cause;
}

static int with_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__permits *p = (struct eff__permits *)e->prim.handle;
    if (!eff__permits_claim(p, f)) return eff__prim_foreign(f, "mutex");
    eff_cause_t *twice = refuse_twice(f, p, "eff_with_lock");
    if (twice) return eff__prim_cause(f, twice);
    return eff__permits_enter(f, e, alone, (eff_t *)eff__prim_take_value(e, alone).ptr, 1, &with_ops);
}

static eff_value_t with_direct(eff_fiber_t *f, eff_t *e)
{
    struct eff__permits *p = (struct eff__permits *)e->prim.handle;
    if (!eff__home_claim_at_once(&p->line.home, f->rt) || p->holder == f) return eff__direct_decline();
    return eff__permits_enter_directly(f, e, 1, &with_ops);
}

static int with_if_free_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__permits *p = (struct eff__permits *)e->prim.handle;
    if (!eff__permits_claim(p, f)) return eff__prim_foreign(f, "mutex");
    if (!eff__permits_are_free(p, 1)) return eff__prim_value(f, eff_none());
    return eff__permits_enter(f, e, alone, (eff_t *)eff__prim_take_value(e, alone).ptr, 1, &with_ops);
}

static int lock_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__permits *p = (struct eff__permits *)e->prim.handle;
    if (!eff__permits_claim(p, f)) return eff__prim_foreign(f, "mutex");
    eff_cause_t *twice = refuse_twice(f, p, "eff_mutex_lock_scoped");
    if (twice) return eff__prim_cause(f, twice);
    return eff__permits_acquire(f, e, alone, 1, &lock_ops);
}

static const struct eff__direct_prim with_prim = { { "with_lock", with_run }, with_direct };
static const struct eff__prim with_if_free_prim = { "with_lock_if_free", with_if_free_run };
static const struct eff__prim lock_prim = { "mutex_lock_scoped", lock_run };

eff_t *eff_with_lock_at(eff_site_t site, eff_mutex_t *m, eff_t *e)
{
    if (!eff__effect_usable(e)) return eff__refuse(site, "eff_with_lock", 1, &e, true, eff_unit);
    eff_value_t body = { .type = &eff_effect_type, .ptr = e };
    eff_t *node = eff__direct_at_once(site, &with_prim, m, body);
    return node ? node : eff__direct_node(site, &with_prim, m, body);
}

eff_t *eff_with_lock_if_free_at(eff_site_t site, eff_mutex_t *m, eff_t *e)
{
    if (!eff__effect_usable(e)) return eff__refuse(site, "eff_with_lock_if_free", 1, &e, true, eff_unit);
    eff_t *some = eff_map_at(site, e, eff__return_some, eff_unit);
    return eff__prim_node(site, &with_if_free_prim, m, eff_effect_value(some));
}

static void unlock(eff_value_t v, const eff_exit_t *exit, eff_value_t mutex)
{
    struct eff__permits *p = &eff_as_mutex(mutex)->permit;
    (void)v, (void)exit;
    if (p != &dummy.payload.permit) eff__permits_give(p, 1);
}

eff_t *eff_mutex_lock_scoped_at(eff_site_t site, eff_mutex_t *m)
{
    if (!m) return eff__without_handle(site, "eff_mutex_lock_scoped", eff_unit);
    eff_t *lock = eff_acquire_interruptible_at(site, eff__prim_node(site, &lock_prim, m, eff_unit));
    return eff_acquire_release_at(site, lock, unlock, eff_mutex_value(eff_mutex_incref(m)));
}

/* ---- looking at it */

bool eff_mutex_is_locked(const eff_mutex_t *m)
{
    return m && m->permit.out > 0;
}

size_t eff_mutex_waiters(const eff_mutex_t *m)
{
    return m ? m->permit.line.n : 0;
}

/* ---- handles */

eff_mutex_t *eff_mutex_incref(eff_mutex_t *m)
{
    return (eff_mutex_t *)eff__payload_incref(m);
}
void eff_mutex_decref(eff_mutex_t *m)
{
    eff__payload_decref(&eff_mutex_type, m);
}

eff_value_t eff_mutex_value(eff_mutex_t *m)
{
    eff_value_t v = { .type = &eff_mutex_type, .ptr = m };
    return m ? v : eff_oom_value();
}

eff_mutex_t *eff_as_mutex(eff_value_t v)
{
    if (v.type == &eff_mutex_type) return (eff_mutex_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_mutex_type);
    return &dummy.payload;
}
