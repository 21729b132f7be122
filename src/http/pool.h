/* The pool: which connections there are, who uses them, and who waits for one.
 *
 * A request takes a lease, which is the right to one connection to an origin ("https://host:port"): a kept one, or none
 * yet. Dropping the lease gives both back; what it was for is over then, however it ended. */
#ifndef EFF_HTTP_POOL_H
#define EFF_HTTP_POOL_H

#include "http/connection.h"

struct eff__http_pool;

/* As a value it may be dropped at any time; it is given back exactly once. */
struct eff__http_lease {
    struct eff__http_pool *pool; /* holds a reference */
    struct host *host;
    struct eff__http_connection *connection; /* owned; NULL: none yet */
    eff_async_t *k;                          /* while it waits */
    uint64_t number;                         /* in the order of asking */
    bool held;                               /* it counts among the open ones */
    struct eff__http_lease *next;            /* the next of those who wait for this host */
};
EFF_DECLARE_TYPE(eff__http_lease, struct eff__http_lease);

/* A new pool, for the runtime of the calling fiber; NULL when out of memory. */
struct eff__http_pool *eff__http_pool_new(size_t max_per_host, size_t max_connections, eff_duration_t idle_time);
struct eff__http_pool *eff__http_pool_incref(struct eff__http_pool *pool);
void eff__http_pool_decref(struct eff__http_pool *pool); /* NULL is fine */
/* Closes what is idle, and keeps nothing from now on. */
void eff__http_pool_close(struct eff__http_pool *pool);

/* Succeeds with a lease as soon as there may be one more connection; those who wait get theirs in order. Borrows pool
 * and origin until the effect has ended. */
EFF_MUST_USE eff_t *eff__http_pool_lease(struct eff__http_pool *pool, eff_value_t origin);
/* Closes the lease's connection; the lease stays. */
void eff__http_lease_close(struct eff__http_lease *lease);

/* Runs for ever: closes what was idle for too long. Borrows pool until it has ended. */
EFF_MUST_USE eff_t *eff__http_pool_keeper(struct eff__http_pool *pool);

/* For tests: how many connections are open, and how many of them idle. */
void eff__http_pool_count(const struct eff__http_pool *pool, size_t *ret_open, size_t *ret_idle);

#endif
