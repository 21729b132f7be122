/* The pool's invariants: a host's n_open is the number of its held leases and idle connections; the pool's the sum of
 * all hosts'. Idle connections stand in one list, the one that was given back last at its end. Whoever waits does so
 * because its host, or the pool, has no room, and no idle connection of another host could be closed for it: so after
 * everything that makes room, those who wait are looked at, in order of asking.
 *
 * The server may close an idle connection, which evhttp tells from within its own code: it goes to the dead then, which
 * the keeper frees. The keeper is a fiber that stamps what became idle, on its Clock, and closes what was so too long.
 * It waits on a queue, which is no wait for the outside: it neither hides a deadlock nor holds up a TestClock. */
#include "http/pool.h"

#include <string.h>

#include <effect/async.h>
#include <effect/clock.h>
#include <effect/gen.h>
#include <effect/queue.h>

#include "core/memory.h"

struct host {
    struct host *next;
    size_t n_open;
    struct eff__http_lease *first, *last; /* who wait, in order; each holds a reference of itself */
    char origin[];
};

struct list {
    struct eff__http_connection *first, *last; /* owned */
    size_t n;
};

struct eff__http_pool {
    struct host *hosts; /* those with n_open or waiting leases */
    size_t n_open, max_per_host, max_open;
    struct list idle, dead;
    uint64_t n_asked;
    eff_duration_t idle_time;
    eff_queue_t *news; /* of one item, for the keeper */
    bool closed;
};

/* ---- lists of connections */

static void append(struct list *l, struct eff__http_connection *c)
{
    c->prev = l->last;
    c->next = NULL;
    if (l->last) l->last->next = c;
    else l->first = c;
    l->last = c;
    l->n++;
}

static void take_out(struct list *l, struct eff__http_connection *c)
{
    if (c->prev) c->prev->next = c->next;
    else l->first = c->next;
    if (c->next) c->next->prev = c->prev;
    else l->last = c->prev;
    l->n--;
}

static void free_all(struct list *l)
{
    while (l->first) {
        struct eff__http_connection *c = l->first;
        take_out(l, c);
        eff__http_connection_decref(c);
    }
}

/* ---- hosts */

static struct host *host_of(struct eff__http_pool *pool, const char *origin)
{
    for (struct host *h = pool->hosts; h; h = h->next)
        if (strcmp(h->origin, origin) == 0) return h;
    size_t size = strlen(origin) + 1;
    struct host *h = eff__malloc(sizeof *h + size);
    if (!h) return NULL;
    *h = (struct host){ .next = pool->hosts };
    memcpy(h->origin, origin, size);
    pool->hosts = h;
    return h;
}

static void forget_if_unused(struct eff__http_pool *pool, struct host *host)
{
    if (host->n_open || host->first) return;
    struct host **at = &pool->hosts;
    while (*at != host)
        at = &(*at)->next;
    *at = host->next;
    eff__raw_free(host);
}

static void leave(struct eff__http_pool *pool, struct host *host)
{
    pool->n_open--;
    host->n_open--;
}

/* ---- idle connections */

static void tell_keeper(struct eff__http_pool *pool)
{
    int ignored = eff_queue_try_offer(pool->news, eff_unit); /* full: it has been told */
    (void)ignored;
}

static struct eff__http_connection *stop_idling(struct eff__http_pool *pool, struct eff__http_connection *c)
{
    take_out(&pool->idle, c);
    c->on_closed = NULL;
    c->owner = NULL;
    return c;
}

static void serve(struct eff__http_pool *pool);

static void on_idle_closed(struct eff__http_connection *c, void *arg)
{
    struct eff__http_pool *pool = arg;
    struct host *host = (struct host *)(uintptr_t)c->owner;
    stop_idling(pool, c);
    append(&pool->dead, c);
    leave(pool, host);
    forget_if_unused(pool, host);
    tell_keeper(pool);
    serve(pool);
}

static void start_idling(struct eff__http_pool *pool, struct host *host, struct eff__http_connection *c)
{
    c->on_closed = on_idle_closed;
    c->arg = pool;
    c->owner = host;
    c->stamped = false;
    append(&pool->idle, c);
    tell_keeper(pool);
}

/* The one used last: the others may grow old. */
static struct eff__http_connection *find_idle(const struct eff__http_pool *pool, const struct host *host)
{
    struct eff__http_connection *c = pool->idle.last;
    while (c && c->owner != host)
        c = c->prev;
    return c;
}

static void close_idle(struct eff__http_pool *pool, struct eff__http_connection *c)
{
    struct host *host = (struct host *)(uintptr_t)c->owner;
    eff__http_connection_decref(stop_idling(pool, c));
    leave(pool, host);
    forget_if_unused(pool, host);
}

/* ---- leases */

/* Gives the lease what it asks for, if there is room. */
static bool try_hold(struct eff__http_pool *pool, struct eff__http_lease *lease)
{
    struct host *host = lease->host;
    struct eff__http_connection *idle = find_idle(pool, host);
    if (idle) {
        lease->connection = stop_idling(pool, idle);
    } else {
        if (host->n_open >= pool->max_per_host) return false;
        if (pool->n_open >= pool->max_open) {
            if (!pool->idle.first) return false;
            close_idle(pool, pool->idle.first);
        }
        pool->n_open++;
        host->n_open++;
    }
    lease->held = true;
    return true;
}

/* Of the first at each host, the one that has asked first and can be served. */
static struct eff__http_lease *find_served(struct eff__http_pool *pool)
{
    struct eff__http_lease *found = NULL;
    for (struct host *h = pool->hosts; h; h = h->next) {
        struct eff__http_lease *l = h->first;
        if (!l || (found && found->number < l->number)) continue;
        bool has_room = h->n_open < pool->max_per_host && (pool->n_open < pool->max_open || pool->idle.first);
        if (has_room || find_idle(pool, h)) found = l;
    }
    return found;
}

static void stop_waiting(struct eff__http_lease *lease)
{
    struct host *host = lease->host;
    struct eff__http_lease **at = &host->first, *prev = NULL;
    while (*at != lease) {
        prev = *at;
        at = &prev->next;
    }
    *at = lease->next;
    if (host->last == lease) host->last = prev;
    lease->next = NULL;
}

static void serve(struct eff__http_pool *pool)
{
    struct eff__http_lease *lease;
    while ((lease = find_served(pool)) && try_hold(pool, lease)) {
        eff_async_t *k = lease->k;
        stop_waiting(lease);
        lease->k = NULL;
        eff_async_succeed(k, eff__http_lease_value(lease)); /* dropped, and so given back, if nobody waits any more */
    }
}

void eff__http_lease_close(struct eff__http_lease *lease)
{
    eff__http_connection_decref(lease->connection);
    lease->connection = NULL;
}

static void lease_drop(struct eff__http_lease *lease)
{
    struct eff__http_pool *pool = lease->pool;
    if (!pool) return;
    if (lease->held) {
        bool keep = lease->connection && !pool->closed && eff__http_is_reusable(lease->connection);
        if (keep) {
            start_idling(pool, lease->host, lease->connection);
        } else {
            eff__http_lease_close(lease);
            leave(pool, lease->host);
        }
    }
    if (lease->host) forget_if_unused(pool, lease->host);
    if (lease->held) serve(pool);
    eff__http_pool_decref(pool);
}
EFF_DEFINE_TYPE(eff__http_lease, struct eff__http_lease, .drop = lease_drop);

static eff_cancel_t cancel_lease(eff_async_t *k, void *arg)
{
    struct eff__http_lease *lease = arg;
    stop_waiting(lease);
    eff__http_lease_decref(lease);
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}

static void start_lease(eff_async_t *k, eff_value_t env)
{
    struct eff__http_pool *pool = eff_as_ptr(eff_first(env));
    struct host *host = host_of(pool, eff_as_string(eff_second(env)));
    if (!host) {
        eff_async_resume(k, eff_out_of_memory());
        return;
    }
    bool others_wait = host->first != NULL;
    struct eff__http_lease init = { .pool = eff__http_pool_incref(pool), .host = host, .number = pool->n_asked++ };
    eff_value_t v = eff__http_lease_make(init); /* without memory, that drops init, and with it an unused host */
    if (eff_is_oom(v)) {
        eff_async_resume(k, eff_out_of_memory());
        return;
    }
    struct eff__http_lease *lease = eff__http_lease_of(v);
    if (!others_wait && try_hold(pool, lease)) {
        eff_async_succeed(k, v);
        return;
    }
    lease->k = k;
    if (host->last) host->last->next = lease;
    else host->first = lease;
    host->last = lease;
    eff_async_on_cancel(k, cancel_lease, lease);
}

eff_t *eff__http_pool_lease(struct eff__http_pool *pool, eff_value_t origin)
{
    return eff_async_at(NULL, start_lease, eff_pair(eff_ptr(pool), eff_value_incref(origin)));
}

/* ---- the pool */

static void pool_drop(struct eff__http_pool *pool)
{
    pool->closed = true;
    while (pool->idle.first)
        close_idle(pool, pool->idle.first);
    free_all(&pool->dead);
    eff_queue_decref(pool->news);
}
EFF_STATIC_TYPE(http_pool, struct eff__http_pool, .drop = pool_drop);

struct eff__http_pool *eff__http_pool_new(size_t max_per_host, size_t max_connections, eff_duration_t idle_time)
{
    struct eff__http_pool init = { .max_per_host = max_per_host, .max_open = max_connections, .idle_time = idle_time };
    init.news = eff_queue_bounded(1);
    if (!init.news) return NULL;
    eff_value_t v = http_pool_make(init);
    return eff_is_oom(v) ? NULL : http_pool_take(v);
}

struct eff__http_pool *eff__http_pool_incref(struct eff__http_pool *pool)
{
    return http_pool_incref(pool);
}

void eff__http_pool_decref(struct eff__http_pool *pool)
{
    http_pool_decref(pool);
}

void eff__http_pool_close(struct eff__http_pool *pool)
{
    pool->closed = true;
    while (pool->idle.first)
        close_idle(pool, pool->idle.first);
    free_all(&pool->dead);
}

void eff__http_pool_count(const struct eff__http_pool *pool, size_t *ret_open, size_t *ret_idle)
{
    *ret_open = pool->n_open;
    *ret_idle = pool->idle.n;
}

/* ---- the keeper */

/* Closes what was idle for too long at that moment. @return whether anything idle is left; then *ret_left is how long
 * the oldest of it still has */
static bool expire(struct eff__http_pool *pool, eff_instant_t now, eff_duration_t *ret_left)
{
    free_all(&pool->dead);
    for (struct eff__http_connection *c = pool->idle.first; c; c = c->next) {
        if (!c->stamped) c->idle_since = now;
        c->stamped = true;
    }
    while (pool->idle.first) {
        eff_duration_t left = eff_duration_sub(pool->idle_time, eff_instant_since(now, pool->idle.first->idle_since));
        if (left.ns > 0) {
            *ret_left = left;
            return true;
        }
        close_idle(pool, pool->idle.first);
    }
    return false;
}

struct keeper {
    struct eff__http_pool *pool;
};

static eff_t *keeper_step(struct keeper *s, eff_gen_t *g)
{
    eff_duration_t left;
    EFF_GEN_BEGIN(g);
    for (;;) {
        EFF_AWAIT(eff_clock_now_at(NULL));
        if (expire(s->pool, eff_as_instant(EFF_GOT()), &left))
            EFF_AWAIT(eff_timeout_at(NULL, eff_queue_take_at(NULL, s->pool->news), left));
        else EFF_AWAIT(eff_queue_take_at(NULL, s->pool->news));
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(keeper, struct keeper, keeper_step);

eff_t *eff__http_pool_keeper(struct eff__http_pool *pool)
{
    return keeper((struct keeper){ .pool = pool });
}
