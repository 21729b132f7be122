/* Crews: what fiber sets, maps and slots have in common. A crew is a keeper and its members:
 *
 *     scope --> keeper --> member, member, member ...
 *
 * The keeper is a fiber of the scope in which the crew was made. It runs nothing, it waits to be interrupted, which is
 * what the closing scope does; the members are its children, so they end as those of any fiber do, all interrupted first
 * and then awaited, and what nobody asked for is reported. A member leaves the crew through a hook of its end.
 */
#ifndef EFF_RUNTIME_CREW_H
#define EFF_RUNTIME_CREW_H

#include <effect/fiber_set.h>

#include "core/build.h"
#include "runtime/prim.h"
#include "runtime/rare.h"

struct eff__crew;

struct eff__member {
    struct eff__end_hook hook; /* first */
    struct eff__crew *crew;    /* borrowed: it is kept until its keeper has ended */
    eff_fiber_t *fiber;        /* borrowed: it lives */
    struct eff__member *prev, *next;
    bool dismissed;           /* interrupted by the crew: no end to be told of */
    bool keyed;               /* in a bucket, with key and hash */
    eff_value_t key;          /* owned; unit in slots */
    uint64_t hash;            /* of the key */
    struct eff__member *same; /* the next one in the bucket */
};

/* The payload of the handles begins with it. */
struct eff__crew {
    eff_fiber_t *keeper;              /* borrowed: it lives; NULL once the crew has closed */
    struct eff__end_hook hook;        /* of the keeper's end, with a reference to the handle */
    struct eff__member *first, *last; /* in order of forking, that is, of fiber ids */
    size_t n;                         /* members */
    eff_fibers_mode_t mode;
    eff_fiber_t *failed; /* the first member whose failure counts, owned, to be joined later; NULL */
    struct eff__waiters joiners;
    struct eff__waiters emptiers; /* who wait until there is no member */
    struct eff__waiters
        clearers; /* who wait until members up to the one whose id is in reg have ended; in that order */
    struct eff__member **buckets; /* by hash; owned; NULL: one, which is `bucket` */
    struct eff__member *bucket;
    size_t n_buckets; /* a power of 2; 0 stands for 1 */
};

/* What differs between set, map and slot. */
struct eff__crew_kind {
    const eff_type_t *type;
    const char *name; /* "fiber set" */
};

/* Makes a crew in the ambient scope: as a prim's run returns. */
int eff__crew_make(eff_fiber_t *f, const eff_t *e, const struct eff__crew_kind *kind);
/* The drop of the handles. */
void eff__crew_drop(void *crew);
/* False, with f failed, when it is another runtime's. */
bool eff__crew_claim(eff_fiber_t *f, const struct eff__crew *crew);
/* Forks a member, with a key (borrowed) or without (NULL): as a prim's run returns. Consumes source. */
int eff__crew_fork(eff_fiber_t *f, struct eff__crew *crew, const eff_value_t *key, eff_t *source, eff_site_t site);
/* The member with a key, or NULL. */
struct eff__member *eff__crew_find(const struct eff__crew *crew, eff_value_t key);
/* Interrupts a member on behalf of f, and waits for its end, if that is not f's own end: as a prim's run returns. f then
 * goes on with unit. */
int eff__crew_dismiss(eff_fiber_t *f, struct eff__member *member, eff_site_t site);

/* Builders of what all three can. */
eff_t *eff__crew_join_at(eff_site_t site, void *crew);
eff_t *eff__crew_await_empty_at(eff_site_t site, void *crew);
eff_t *eff__crew_clear_at(eff_site_t site, void *crew);

/* The functions of a handle, and its type. The dummy has closed. */
#define EFF__CREW_HANDLE(id, text)                                                                                     \
    struct eff_##id {                                                                                                  \
        struct eff__crew crew;                                                                                         \
    };                                                                                                                 \
    const eff_type_t eff_##id##_type = { .size = sizeof(eff_##id##_t),                                                 \
                                         .name = text,                                                                 \
                                         .drop = eff__crew_drop,                                                       \
                                         .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE };                                \
    eff_##id##_t *eff_##id##_incref(eff_##id##_t *h)                                                                   \
    {                                                                                                                  \
        return (eff_##id##_t *)eff__payload_incref(h);                                                                 \
    }                                                                                                                  \
    void eff_##id##_decref(eff_##id##_t *h)                                                                            \
    {                                                                                                                  \
        eff__payload_decref(&eff_##id##_type, h);                                                                      \
    }                                                                                                                  \
    eff_value_t eff_##id##_value(eff_##id##_t *h)                                                                      \
    {                                                                                                                  \
        eff_value_t v = { .type = &eff_##id##_type, .ptr = h };                                                        \
        return h ? v : eff_oom_value();                                                                                \
    }                                                                                                                  \
    eff_##id##_t *eff_as_##id(eff_value_t v)                                                                           \
    {                                                                                                                  \
        static EFF__STATIC_PAYLOAD(eff_##id##_t) closed = { EFF__STATIC_HEADER(&eff_##id##_type), { { 0 } } };         \
        if (v.type == &eff_##id##_type) return (eff_##id##_t *)v.ptr;                                                  \
        (void)eff__wrong_type(v, &eff_##id##_type);                                                                    \
        return &closed.payload;                                                                                        \
    }                                                                                                                  \
    eff_t *eff_##id##_into_at(eff_site_t site, eff_t *e, eff_##id##_t **slot)                                          \
    {                                                                                                                  \
        return eff__into_at(site, e, &eff_##id##_type, (void **)slot);                                                 \
    }                                                                                                                  \
    static int id##_make_run(eff_fiber_t *f, eff_t *e, bool alone)                                                     \
    {                                                                                                                  \
        static const struct eff__crew_kind kind = { &eff_##id##_type, text };                                          \
        (void)alone;                                                                                                   \
        return eff__crew_make(f, e, &kind);                                                                            \
    }                                                                                                                  \
    static const struct eff__prim id##_make_prim = { #id "_make", id##_make_run };                                     \
    eff_t *eff_##id##_make_at(eff_site_t site, eff_fibers_mode_t mode)                                                 \
    {                                                                                                                  \
        return eff__prim_node_plain(site, &id##_make_prim, eff_int(mode));                                             \
    }                                                                                                                  \
    struct id##__end

#endif
