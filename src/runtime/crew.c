#include "runtime/crew.h"

#include "core/context.h"
#include "core/misuse.h"
#include "runtime/scope.h"

static void release_handle(struct eff__crew *crew)
{
    eff__payload_decref(eff__header_of(crew)->type, crew);
}

/* ---- members by key */

static struct eff__member **bucket_of(const struct eff__crew *crew, uint64_t hash)
{
    if (!crew->buckets) return (struct eff__member **)(uintptr_t)&crew->bucket;
    return &crew->buckets[hash & (crew->n_buckets - 1)];
}

struct eff__member *eff__crew_find(const struct eff__crew *crew, eff_value_t key)
{
    uint64_t hash = eff_value_hash(key);
    struct eff__member *m = *bucket_of(crew, hash);
    while (m && (m->hash != hash || !eff_value_equal(m->key, key)))
        m = m->same;
    return m;
}

/* Twice as many buckets. Without memory their lists just become longer. */
static void grow(struct eff__crew *crew)
{
    size_t n = crew->n_buckets ? 2 * crew->n_buckets : 8;
    struct eff__member **buckets = eff__malloc(n * sizeof *buckets);
    if (!buckets) return;
    for (size_t i = 0; i < n; i++)
        buckets[i] = NULL;
    for (struct eff__member *m = crew->first; m; m = m->next) {
        if (!m->keyed) continue;
        m->same = buckets[m->hash & (n - 1)];
        buckets[m->hash & (n - 1)] = m;
    }
    eff__raw_free(crew->buckets);
    crew->buckets = buckets;
    crew->n_buckets = n;
}

/* key borrows. The member is in the list already. */
static void add_key(struct eff__crew *crew, struct eff__member *m, eff_value_t key)
{
    if (crew->n > 2 * crew->n_buckets && crew->n > 4) grow(crew);
    m->key = eff_value_incref(key);
    m->hash = eff_value_hash(key);
    m->keyed = true;
    struct eff__member **bucket = bucket_of(crew, m->hash);
    m->same = *bucket;
    *bucket = m;
}

static void take_key(struct eff__crew *crew, struct eff__member *m)
{
    if (!m->keyed) return;
    struct eff__member **link = bucket_of(crew, m->hash);
    while (*link != m)
        link = &(*link)->same;
    *link = m->same;
    m->keyed = false;
    eff_value_t key = m->key;
    m->key = eff_unit;
    eff_value_decref(key);
}

/* ---- waiting */

static struct eff__waiters *waiters_of(const eff_fiber_t *f);

static bool leave(eff_fiber_t *f)
{
    struct eff__crew *crew = (struct eff__crew *)f->wait.object;
    eff__waiters_remove(waiters_of(f), f);
    f->reg = eff_unit;
    release_handle(crew);
    return true;
}

/* "to join a fiber set of 3" */
static void describe(const eff_fiber_t *f, const char *what, eff_buffer_t *out)
{
    const struct eff__crew *crew = (const struct eff__crew *)f->wait.object;
    eff_buffer_printf(out, "%s a %s of %zu", what, eff__header_of(crew)->type->name, crew->n);
}
static void describe_join(const eff_fiber_t *f, eff_buffer_t *out)
{
    describe(f, "to join", out);
}
static void describe_empty(const eff_fiber_t *f, eff_buffer_t *out)
{
    describe(f, "for the members to end of", out);
}
static void describe_clear(const eff_fiber_t *f, eff_buffer_t *out)
{
    describe(f, "to clear", out);
}
static const struct eff__wait_ops join_ops = { .name = "to join a fiber set",
                                               .leave = leave,
                                               .describe = describe_join };
/* Whose children the members are. */
static eff_fiber_t *keeper_of(const eff_fiber_t *f)
{
    return ((const struct eff__crew *)f->wait.object)->keeper;
}
static const struct eff__wait_ops empty_ops = {
    .name = "for the members to end of a fiber set", .leave = leave, .describe = describe_empty, .parent = keeper_of
};
static const struct eff__wait_ops clear_ops = { .name = "to clear a fiber set",
                                                .leave = leave,
                                                .describe = describe_clear };

static struct eff__waiters *waiters_of(const eff_fiber_t *f)
{
    struct eff__crew *crew = (struct eff__crew *)f->wait.object;
    if (f->wait.ops == &join_ops) return &crew->joiners;
    return f->wait.ops == &empty_ops ? &crew->emptiers : &crew->clearers;
}

static int wait_in(eff_fiber_t *f, eff_t *e, bool alone, struct eff__waiters *waiters, const struct eff__wait_ops *ops)
{
    eff__waiters_add(waiters, f);
    eff__suspend(f, ops, eff__prim_take_handle(e, alone));
    return EFF__SUSPEND;
}

/* The first who waits goes on, with unit; the caller may set another result. */
static eff_fiber_t *wake_first(struct eff__crew *crew, struct eff__waiters *waiters)
{
    eff_fiber_t *f = eff__waiters_pop(waiters);
    if (!f) return NULL;
    f->wait.object = NULL;
    f->reg = eff_unit;
    f->status = EFF__OK;
    eff__wake(f);
    release_handle(crew); /* the keeper's reference, or the caller's, is still there */
    return f;
}

/* ---- ends */

/* Whether an end is one that joining fails with. */
static bool counts(const struct eff__crew *crew, const struct eff__member *m, const eff_fiber_t *f)
{
    if (f->status == EFF__OK) return false;
    if (!eff_cause_is_interrupted_only((const eff_cause_t *)f->reg.ptr)) return true;
    return crew->mode == EFF_FIBERS_INTERRUPTIONS_TOO && !m->dismissed && crew->keeper && !crew->keeper->interrupt;
}

static void fail_joiners(struct eff__crew *crew, eff_fiber_t *failed)
{
    for (eff_fiber_t *f; (f = wake_first(crew, &crew->joiners));) {
        f->reg = eff_cause_value(eff_cause_incref(eff__fiber_exit(failed).cause));
        f->status = EFF__CAUSED;
    }
}

static void member_ended(struct eff__end_hook *hook, eff_fiber_t *f)
{
    struct eff__member *m = (struct eff__member *)(void *)hook;
    struct eff__crew *crew = m->crew;
    take_key(crew, m);
    if (m->prev) m->prev->next = m->next;
    else crew->first = m->next;
    if (m->next) m->next->prev = m->prev;
    else crew->last = m->prev;
    crew->n--;
    if (counts(crew, m, f) && !crew->failed) {
        crew->failed = eff_fiber_incref(f);
        fail_joiners(crew, f);
    }
    eff__free(m, sizeof *m);
    while (crew->clearers.first &&
           (!crew->first || (int64_t)crew->first->fiber->id > crew->clearers.first->reg.integer))
        (void)wake_first(crew, &crew->clearers);
    while (crew->n == 0 && wake_first(crew, &crew->emptiers)) {}
}

/* The crew has closed: its members have ended before. */
static void keeper_ended(struct eff__end_hook *hook, eff_fiber_t *f)
{
    struct eff__crew *crew = (struct eff__crew *)(void *)((char *)hook - offsetof(struct eff__crew, hook));
    (void)f;
    crew->keeper = NULL;
    while (wake_first(crew, &crew->joiners)) {}
    eff_fiber_t *failed = crew->failed;
    crew->failed = NULL;
    eff_fiber_decref(failed); /* and is reported if nobody has joined */
    release_handle(crew);
}

void eff__crew_drop(void *crew)
{
    eff__raw_free(((struct eff__crew *)crew)->buckets);
}

/* ---- making one */

static bool keeper_leaves(eff_fiber_t *f)
{
    (void)f;
    return true;
}

static void describe_keeper(const eff_fiber_t *f, eff_buffer_t *out)
{
    describe(f, "for the end of the scope of", out);
}
static const struct eff__wait_ops keeper_ops = { .name = "for the end of the scope of a fiber set",
                                                 .leave = keeper_leaves,
                                                 .describe = describe_keeper };

static int no_memory(eff_fiber_t *f)
{
    return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
}

int eff__crew_make(eff_fiber_t *f, const eff_t *e, const struct eff__crew_kind *kind)
{
    eff_scope_t *scope = eff__scope_ambient(f);
    if (!scope) return no_memory(f);
    if (scope->state != EFF__SCOPE_OPEN)
        return eff__prim_cause(f, eff_cause_die(eff_printf("a %s was made in a scope that is closed", kind->name)));
    struct eff__crew *crew = (struct eff__crew *)eff__payload_alloc(kind->type, sizeof *crew);
    eff_context_t *context = eff__scope_context(scope, f);
    eff_fiber_t *keeper = crew ? eff__fiber_new(f->rt, NULL, context, e->site) : NULL;
    eff_context_decref(context);
    if (keeper) {
        *crew = (struct eff__crew){ .keeper = keeper, .mode = (eff_fibers_mode_t)e->prim.value.integer };
        crew->hook.ended = keeper_ended;
        if (!eff__fiber_hook(keeper, &crew->hook) || !eff__scope_add_fiber(scope, keeper, e->site)) {
            eff__fiber_discard(keeper);
            keeper = NULL;
        }
    }
    if (!keeper) {
        if (crew) eff__payload_dealloc(crew);
        return no_memory(f);
    }
    eff__payload_retain(crew); /* the hook's */
    keeper->attrs = f->attrs & EFF__UNBOUND;
    keeper->wait.site = e->site;
    eff__suspend(keeper, &keeper_ops, crew);
    return eff__prim_value(f, (eff_value_t){ .type = kind->type, .ptr = crew });
}

/* ---- forking */

bool eff__crew_claim(eff_fiber_t *f, const struct eff__crew *crew)
{
    if (!crew->keeper || crew->keeper->rt == f->rt) return true;
    (void)eff__prim_foreign(f, eff__header_of(crew)->type->name);
    return false;
}

/* The fiber, without an owner; NULL when out of memory. Consumes source. */
static eff_fiber_t *new_fiber(eff_fiber_t *f, eff_fiber_t *keeper, struct eff__member *m, eff_t *source,
                              eff_site_t site)
{
    eff_context_t *context = eff__context_for_scope(keeper->context, f->context);
    eff_fiber_t *child = NULL;
    if (!eff__context_is_oom(context)) child = eff__fiber_new(f->rt, source, context, site);
    else eff_decref(source);
    eff_context_decref(context);
    if (child && eff__locals_fork(child, f) && eff__fiber_hook(child, &m->hook)) return child;
    if (child) eff__fiber_discard(child);
    return NULL;
}

int eff__crew_fork(eff_fiber_t *f, struct eff__crew *crew, const eff_value_t *key, eff_t *source, eff_site_t site)
{
    eff_fiber_t *keeper = crew->keeper;
    if (!keeper || keeper->interrupt || keeper->state != EFF__SUSPENDED) {
        eff_decref(source);
        return eff__prim_cause(f, eff__interrupt_cause(NULL, EFF_INTERRUPT_REGION_ENDED, site));
    }
    struct eff__member *m = (struct eff__member *)eff__alloc(sizeof *m);
    if (!m) {
        eff_decref(source);
        return no_memory(f);
    }
    *m = (struct eff__member){ .hook = { .ended = member_ended }, .crew = crew, .key = eff_unit };
    eff_fiber_t *child = new_fiber(f, keeper, m, source, site);
    if (!child) {
        eff__free(m, sizeof *m);
        return no_memory(f);
    }
    m->fiber = child;
    m->prev = crew->last;
    if (crew->last) crew->last->next = m;
    else crew->first = m;
    crew->last = m;
    crew->n++;
    if (key) add_key(crew, m, *key);
    child->attrs = keeper->attrs;
    child->parent = keeper;
    child->region = keeper->depth;
    eff__fiber_adopt(&keeper->children, child);
    eff__fiber_begins(child, f);
    eff__enqueue(child);
    return eff__prim_value(f, eff_fiber_value(eff_fiber_incref(child)));
}

/* ---- interrupting members */

/* Whether f is a member, or lives within one. */
static bool is_within_any(const eff_fiber_t *f, const struct eff__crew *crew)
{
    for (; f; f = eff__outer_of(f))
        if (f->parent && f->parent == crew->keeper) return true;
    return false;
}

static void interrupt(eff_fiber_t *f, struct eff__member *m, eff_site_t site)
{
    eff_cause_t *cause = eff__interrupt_cause(f, EFF_INTERRUPT_EXPLICIT, site);
    m->dismissed = true;
    eff__fiber_interrupt(m->fiber, cause);
    eff_cause_decref(cause);
}

int eff__crew_dismiss(eff_fiber_t *f, struct eff__member *member, eff_site_t site)
{
    eff_fiber_t *fiber = member->fiber;
    interrupt(f, member, site);
    /* After a canceler's mistake there is nothing to wait for: the fiber dies of it as this returns. */
    if (eff__is_within(f, fiber) || f->rt->misuse) {
        take_key(member->crew, member); /* the place is another's, though its fiber has not ended */
        return eff__prim_value(f, eff_unit);
    }
    f->flags |= EFF__STAY;
    eff__observe(f, fiber, &eff__dismissal_wait);
    return EFF__SUSPEND;
}

/* ---- what all three can */

static int join_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__crew *crew = (struct eff__crew *)e->prim.handle;
    if (!eff__crew_claim(f, crew)) return EFF__RETURN;
    if (crew->failed) return eff__prim_cause(f, eff_cause_incref(eff__fiber_exit(crew->failed).cause));
    if (!crew->keeper) return eff__prim_value(f, eff_unit);
    return wait_in(f, e, alone, &crew->joiners, &join_ops);
}

static int await_empty_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__crew *crew = (struct eff__crew *)e->prim.handle;
    if (!eff__crew_claim(f, crew)) return EFF__RETURN;
    if (crew->n == 0) return eff__prim_value(f, eff_unit);
    if (is_within_any(f, crew)) {
        const char *what = eff__header_of(crew)->type->name;
        return eff__prim_cause(f, eff_cause_die(eff_printf("a member of a %s waits until that is empty: it would wait "
                                                           "for itself",
                                                           what)));
    }
    return wait_in(f, e, alone, &crew->emptiers, &empty_ops);
}

static int clear_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__crew *crew = (struct eff__crew *)e->prim.handle;
    if (!eff__crew_claim(f, crew)) return EFF__RETURN;
    for (struct eff__member *m = crew->first; m; m = m->next)
        interrupt(f, m, e->site);
    if (crew->n == 0 || is_within_any(f, crew) || f->rt->misuse) return eff__prim_value(f, eff_unit);
    f->flags |= EFF__STAY;
    f->reg = eff_int((int64_t)crew->last->fiber->id);
    f->status = EFF__OK;
    return wait_in(f, e, alone, &crew->clearers, &clear_ops);
}

static const struct eff__prim join_prim = { "fibers_join", join_run };
static const struct eff__prim await_empty_prim = { "fibers_await_empty", await_empty_run };
static const struct eff__prim clear_prim = { "fibers_clear", clear_run };

eff_t *eff__crew_join_at(eff_site_t site, void *crew)
{
    return eff__prim_node(site, &join_prim, crew, eff_unit);
}
eff_t *eff__crew_await_empty_at(eff_site_t site, void *crew)
{
    return eff__prim_node(site, &await_empty_prim, crew, eff_unit);
}
eff_t *eff__crew_clear_at(eff_site_t site, void *crew)
{
    return eff__prim_node(site, &clear_prim, crew, eff_unit);
}
