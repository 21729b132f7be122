/* Semaphore: permits, and what is said of wrong numbers of them. */
#include <effect/semaphore.h>

#include <inttypes.h>

#include <effect/transform.h>

#include "core/build.h"
#include "core/misuse.h"
#include "runtime/permits.h"
#include "runtime/runtime.h"

struct eff_semaphore {
    struct eff__permits permits; /* first */
    int64_t most; /* that there have been in all; 0: none yet, so nobody can tell how many there will be */
};

const eff_type_t eff_semaphore_type = { .size = sizeof(eff_semaphore_t),
                                        .name = "semaphore",
                                        .drop = eff__line_drop,
                                        .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE | EFF__TYPE_AT_HOME };

/* What eff_as_semaphore gives for a value of another type. Never changed: threads share it. */
static EFF__STATIC_PAYLOAD(eff_semaphore_t) dummy = { EFF__STATIC_HEADER(&eff_semaphore_type),
                                                      { .permits.total = INT64_MAX } };

eff_semaphore_t *eff_semaphore_new(size_t permits)
{
    if (permits > PTRDIFF_MAX) {
        eff__misuse("eff_semaphore_new: the number of permits is negative");
        permits = 0;
    }
    eff_semaphore_t *s = (eff_semaphore_t *)eff__payload_alloc(&eff_semaphore_type, sizeof *s);
    if (s) *s = (eff_semaphore_t){ .permits.total = (int64_t)permits, .most = (int64_t)permits };
    return s;
}

/* ---- waiting */

static void describe(const eff_fiber_t *f, eff_buffer_t *out)
{
    const struct eff__permits *p = (const struct eff__permits *)f->wait.object;
    int64_t n = f->reg.integer, n_free = p->total - p->out;
    eff_buffer_printf(out, "for %" PRId64 " %s of a semaphore (%" PRId64 " of %" PRId64 " free)", n,
                      n == 1 ? "permit" : "permits", n_free > 0 ? n_free : 0, p->total);
}
static const struct eff__wait_ops enter_ops =
    EFF__PERMITS_ENTER_OPS(.name = "for permits of a semaphore", .describe = describe);
static const struct eff__wait_ops acquire_ops =
    EFF__PERMITS_ACQUIRE_OPS(.name = "for permits of a semaphore", .describe = describe);

/* ---- mistakes */

static bool is_too_many(const eff_semaphore_t *s, int64_t n)
{
    return s->most && n > s->most;
}

static const char too_many_text[] = "%s: asks for %" PRId64 " of a semaphore that has never had more than %" PRId64;

static eff_cause_t *too_many(const char *who, int64_t n, const eff_semaphore_t *s)
{
    return eff_cause_die(eff_printf(too_many_text, who, n, s->most));
}

static eff_cause_t *not_out(const char *who, int64_t n, const struct eff__permits *p)
{
    return eff_cause_die(eff_printf("%s: gives back %" PRId64 ", and only %" PRId64 " are out", who, n, p->out));
}

static eff_t *negative(eff_site_t site, const char *builder, eff_t *e)
{
    eff_decref(e);
    return eff__mistake_at(site, "%s: the number of permits is negative", builder);
}

/* ---- the operations: the prim's value is the number of permits; of those that run an effect that, or a closure with it and
 * the number when that is not 1 */

static int acquire(eff_fiber_t *f, eff_t *e, bool alone, const char *who)
{
    struct eff__permits *p = (struct eff__permits *)e->prim.handle;
    int64_t n = e->prim.value.integer;
    if (!eff__permits_claim(p, f)) return eff__prim_foreign(f, "semaphore");
    if (is_too_many(e->prim.handle, n)) return eff__prim_cause(f, too_many(who, n, e->prim.handle));
    return eff__permits_acquire(f, e, alone, n, &acquire_ops);
}
static int acquire_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    return acquire(f, e, alone, "eff_semaphore_acquire");
}
static int acquire_scoped_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    return acquire(f, e, alone, "eff_semaphore_acquire_scoped");
}

static int release_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__permits *p = (struct eff__permits *)e->prim.handle;
    int64_t n = e->prim.value.integer;
    (void)alone;
    if (!eff__permits_claim(p, f)) return eff__prim_foreign(f, "semaphore");
    if (p == &dummy.payload.permits) return eff__prim_value(f, eff_unit);
    if (n > p->out) return eff__prim_cause(f, not_out("eff_semaphore_release", n, p));
    eff__permits_give(p, n);
    return eff__prim_value(f, eff_unit);
}

static int resize_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_semaphore_t *s = (eff_semaphore_t *)e->prim.handle;
    (void)alone;
    if (!eff__permits_claim(&s->permits, f)) return eff__prim_foreign(f, "semaphore");
    if (s == &dummy.payload) return eff__prim_value(f, eff_unit);
    s->permits.total = e->prim.value.integer;
    if (s->most < s->permits.total) s->most = s->permits.total;
    eff__permits_serve(&s->permits);
    return eff__prim_value(f, eff_unit);
}

static int64_t wanted(const eff_t *e)
{
    eff_value_t v = e->prim.value;
    return v.type == &eff_effect_type ? 1 : (int64_t)eff__closure_of(v)->limit;
}
/* The effect to run; new. */
static eff_t *take_body(eff_t *e, bool alone)
{
    eff_value_t v = e->prim.value;
    if (v.type == &eff_effect_type) return (eff_t *)eff__prim_take_value(e, alone).ptr;
    return eff_incref(eff__closure_of(v)->effect);
}

static int enter(eff_fiber_t *f, eff_t *e, bool alone, const char *who, bool waits)
{
    struct eff__permits *p = (struct eff__permits *)e->prim.handle;
    int64_t n = wanted(e);
    if (!eff__permits_claim(p, f)) return eff__prim_foreign(f, "semaphore");
    if (is_too_many(e->prim.handle, n)) return eff__prim_cause(f, too_many(who, n, e->prim.handle));
    if (!waits && !eff__permits_are_free(p, n)) return eff__prim_value(f, eff_none());
    return eff__permits_enter(f, e, alone, take_body(e, alone), n, &enter_ops);
}
static int with_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    return enter(f, e, alone, "eff_with_permits", true);
}
static eff_value_t with_direct(eff_fiber_t *f, eff_t *e)
{
    struct eff__permits *p = (struct eff__permits *)e->prim.handle;
    bool of_one = e->prim.value.type == &eff_effect_type; /* which is never too many */
    if (!of_one || !eff__home_claim_at_once(&p->line.home, f->rt)) return eff__direct_decline();
    return eff__permits_enter_directly(f, e, 1, &enter_ops);
}
static int with_if_available_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    return enter(f, e, alone, "eff_with_permits_if_available", false);
}

static const struct eff__prim acquire_prim = { "semaphore_acquire", acquire_run };
static const struct eff__prim acquire_scoped_prim = { "semaphore_acquire_scoped", acquire_scoped_run };
static const struct eff__prim release_prim = { "semaphore_release", release_run };
static const struct eff__prim resize_prim = { "semaphore_resize", resize_run };
static const struct eff__direct_prim with_prim = { { "with_permits", with_run }, with_direct };
static const struct eff__prim with_if_available_prim = { "with_permits_if_available", with_if_available_run };

/* What the node holds of an effect (consumed), which is usable, and how many it wants. */
static eff_value_t wanting(eff_site_t site, const char *builder, size_t n, eff_t *e)
{
    if (n == 1) return eff_effect_value(e);
    return eff__closure_new(
        (struct eff__closure){ .builder = builder, .site = site, .limit = n, .effect = e, .env = eff_unit });
}

eff_t *eff_with_permits_at(eff_site_t site, eff_semaphore_t *s, size_t n, eff_t *e)
{
    static const char builder[] = "eff_with_permits";
    if (!eff__effect_usable(e)) return eff__refuse(site, builder, 1, &e, true, eff_unit);
    if (n > PTRDIFF_MAX) return negative(site, builder, e);
    return eff__direct_node(site, &with_prim, s, wanting(site, builder, n, e));
}

eff_t *eff_with_permits_if_available_at(eff_site_t site, eff_semaphore_t *s, size_t n, eff_t *e)
{
    static const char builder[] = "eff_with_permits_if_available";
    if (!eff__effect_usable(e)) return eff__refuse(site, builder, 1, &e, true, eff_unit);
    if (n > PTRDIFF_MAX) return negative(site, builder, e);
    eff_t *some = eff_map_at(site, e, eff__return_some, eff_unit);
    if (!eff__effect_usable(some)) return some;
    return eff__prim_node(site, &with_if_available_prim, s, wanting(site, builder, n, some));
}

eff_t *eff_semaphore_acquire_at(eff_site_t site, eff_semaphore_t *s, size_t n)
{
    if (n > PTRDIFF_MAX) return negative(site, "eff_semaphore_acquire", NULL);
    return eff__prim_node(site, &acquire_prim, s, eff_int((int64_t)n));
}

eff_t *eff_semaphore_release_at(eff_site_t site, eff_semaphore_t *s, size_t n)
{
    if (n > PTRDIFF_MAX) return negative(site, "eff_semaphore_release", NULL);
    return eff__prim_node(site, &release_prim, s, eff_int((int64_t)n));
}

eff_t *eff_semaphore_resize_at(eff_site_t site, eff_semaphore_t *s, size_t permits)
{
    if (permits > PTRDIFF_MAX) return negative(site, "eff_semaphore_resize", NULL);
    return eff__prim_node(site, &resize_prim, s, eff_int((int64_t)permits));
}

/* env: pair(the semaphore, how many) */
static void give_back(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    eff_semaphore_t *s = eff_as_semaphore(eff_first(env));
    int64_t n = eff_as_int(eff_second(env)), out = s->permits.out;
    (void)v, (void)exit;
    if (s == &dummy.payload) return;
    if (n > out) eff__misuse("permits of a scope were given back by somebody who did not have them");
    eff__permits_give(&s->permits, n < out ? n : out);
}

eff_t *eff_semaphore_acquire_scoped_at(eff_site_t site, eff_semaphore_t *s, size_t n)
{
    static const char builder[] = "eff_semaphore_acquire_scoped";
    if (n > PTRDIFF_MAX) return negative(site, builder, NULL);
    if (!s) return eff__without_handle(site, builder, eff_unit);
    eff_value_t both = eff_pair(eff_semaphore_value(eff_semaphore_incref(s)), eff_int((int64_t)n));
    eff_t *e = eff__prim_node(site, &acquire_scoped_prim, s, eff_int((int64_t)n));
    return eff_acquire_release_at(site, eff_acquire_interruptible_at(site, e), give_back, both);
}

/* ---- from plain C */

bool eff_semaphore_try_acquire(eff_semaphore_t *s, size_t n)
{
    if (!s || !eff__home_is_here(&s->permits.line.home, "eff_semaphore_try_acquire", "semaphore")) return false;
    if (s == &dummy.payload) return false;
    if (n > PTRDIFF_MAX || is_too_many(s, (int64_t)n)) {
        eff__misuse(too_many_text, "eff_semaphore_try_acquire", (int64_t)n, s->most);
        return false;
    }
    if (!eff__permits_are_free(&s->permits, (int64_t)n)) return false;
    eff__permits_take(&s->permits, (int64_t)n);
    return true;
}

void eff_semaphore_give_back(eff_semaphore_t *s, size_t n)
{
    if (!s || !eff__home_is_here(&s->permits.line.home, "eff_semaphore_give_back", "semaphore")) return;
    if (s == &dummy.payload) return;
    if (n > PTRDIFF_MAX || (int64_t)n > s->permits.out) {
        eff__misuse("eff_semaphore_give_back: gives back %zd, and only %" PRId64 " are out", (ssize_t)n,
                    s->permits.out);
        return;
    }
    bool waited_for = s->permits.line.n > 0;
    eff__permits_give(&s->permits, (int64_t)n);
    if (waited_for) eff__woke_from_plain_c(eff__home_runtime(&s->permits.line.home));
}

int64_t eff_semaphore_available(const eff_semaphore_t *s)
{
    return s ? s->permits.total - s->permits.out : 0;
}

size_t eff_semaphore_waiters(const eff_semaphore_t *s)
{
    return s ? s->permits.line.n : 0;
}

/* ---- handles */

eff_semaphore_t *eff_semaphore_incref(eff_semaphore_t *s)
{
    return (eff_semaphore_t *)eff__payload_incref(s);
}
void eff_semaphore_decref(eff_semaphore_t *s)
{
    eff__payload_decref(&eff_semaphore_type, s);
}

eff_value_t eff_semaphore_value(eff_semaphore_t *s)
{
    eff_value_t v = { .type = &eff_semaphore_type, .ptr = s };
    return s ? v : eff_oom_value();
}

eff_semaphore_t *eff_as_semaphore(eff_value_t v)
{
    if (v.type == &eff_semaphore_type) return (eff_semaphore_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_semaphore_type);
    return &dummy.payload;
}
