/* Limit: a number, and the loops that run with it, each of which it tells of a change. What a loop makes of that is in
 * pulls.c. */
#include "runtime/limit.h"

#include "core/build.h"
#include "core/misuse.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"

struct eff_limit {
    eff_runtime_t *rt;               /* of the loops that run with it; NULL when there is none */
    size_t n;                        /* 0: none */
    struct eff__pulls *first, *last; /* the loops, in the order in which they began; linked through their `limited` */
};

const eff_type_t eff_limit_type = { .size = sizeof(eff_limit_t),
                                    .name = "limit",
                                    .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE };

/* What eff_as_limit gives for a value of another type. Never changed: threads share it. */
static EFF__STATIC_PAYLOAD(eff_limit_t) fixed_limit = { EFF__STATIC_HEADER(&eff_limit_type), { .n = 1 } };

eff_limit_t *eff_limit_new(size_t n)
{
    eff_limit_t *limit = (eff_limit_t *)eff__payload_alloc(&eff_limit_type, sizeof *limit);
    if (limit) *limit = (eff_limit_t){ .n = n };
    return limit;
}

/* ---- the loops */

static bool is_foreign(const eff_limit_t *limit, const eff_fiber_t *f)
{
    return limit->rt && limit->rt != f->rt;
}

bool eff__limit_enter(eff_limit_t *limit, eff_fiber_t *f, struct eff__pulls *p)
{
    if (is_foreign(limit, f)) {
        (void)eff__prim_foreign(f, "limit");
        return false;
    }
    eff__pulls_set_limit(p, limit->n);
    if (limit == &fixed_limit.payload) return true;
    limit->rt = f->rt;
    p->limited.by = limit;
    p->limited.next = NULL;
    p->limited.prev = limit->last;
    if (limit->last) limit->last->limited.next = p;
    else limit->first = p;
    limit->last = p;
    return true;
}

void eff__limit_leave(struct eff__pulls *p)
{
    eff_limit_t *limit = p->limited.by;
    if (p->limited.prev) p->limited.prev->limited.next = p->limited.next;
    else limit->first = p->limited.next;
    if (p->limited.next) p->limited.next->limited.prev = p->limited.prev;
    else limit->last = p->limited.prev;
    p->limited.by = NULL;
    if (!limit->first) limit->rt = NULL;
}

/* ---- changing it */

static void change(eff_limit_t *limit, size_t n)
{
    if (limit == &fixed_limit.payload) return;
    limit->n = n;
    for (struct eff__pulls *p = limit->first; p; p = p->limited.next) {
        eff__pulls_set_limit(p, n);
        eff__pulls_limit_changed(p->group);
    }
}

void eff_limit_change(eff_limit_t *limit, size_t n)
{
    if (!limit) return;
    if (limit->rt && !pthread_equal(limit->rt->thread, pthread_self())) {
        eff__misuse("eff_limit_change was called on another thread than that of the limit's runtime");
        return;
    }
    change(limit, n);
    if (limit->rt) eff__woke_from_plain_c(limit->rt);
}

static int set_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_limit_t *limit = (eff_limit_t *)e->prim.handle;
    (void)alone;
    if (is_foreign(limit, f)) return eff__prim_foreign(f, "limit");
    change(limit, (size_t)e->prim.value.integer);
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim set_prim = { "limit_set", set_run };

eff_t *eff_limit_set_at(eff_site_t site, eff_limit_t *limit, size_t n)
{
    return eff__prim_node(site, &set_prim, limit, eff_int((int64_t)n));
}

size_t eff_limit_get(const eff_limit_t *limit)
{
    return limit ? limit->n : 0;
}

/* ---- loops that run with it */

static eff_t *limited(uint8_t flags, eff_site_t site, const char *builder, eff_value_t items, eff_bind_fn f,
                      eff_value_t env, eff_limit_t *limit)
{
    if (!limit) {
        eff_value_decref(items);
        return eff__without_handle(site, builder, env);
    }
    eff_t *e = eff__each_node(EFF__PARALLEL | EFF__LIMITED | flags, site, builder, items, f, env, 0);
    if (e->op != EFF__OP_EACH) return e;
    e->each.handle = (struct eff_limit *)eff__payload_retain(limit);
    return e;
}

eff_t *eff_for_each_par_limited_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env,
                                   eff_limit_t *limit)
{
    return limited(0, site, "eff_for_each_par_limited", items, f, env, limit);
}

eff_t *eff_for_each_par_limited_discard_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env,
                                           eff_limit_t *limit)
{
    return limited(EFF__DISCARD, site, "eff_for_each_par_limited_discard", items, f, env, limit);
}

/* ---- handles */

eff_limit_t *eff_limit_incref(eff_limit_t *limit)
{
    return (eff_limit_t *)eff__payload_incref(limit);
}
void eff_limit_decref(eff_limit_t *limit)
{
    eff__payload_decref(&eff_limit_type, limit);
}

eff_value_t eff_limit_value(eff_limit_t *limit)
{
    eff_value_t v = { .type = &eff_limit_type, .ptr = limit };
    return limit ? v : eff_oom_value();
}

eff_limit_t *eff_as_limit(eff_value_t v)
{
    if (v.type == &eff_limit_type) return (eff_limit_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_limit_type);
    return &fixed_limit.payload;
}
