/* The memo map of a runtime: the instances of layers that are built, or being built, and who uses them.
 *
 * An instance is one building of a layer, for one identity: the layer's (its descriptor, its key, or itself), the
 * services that it is given, and the FRESH it is within. Its keeper, a fiber of the runtime, builds the services, keeps
 * them until nobody uses them any more, and releases them (keeper.c). A user is a hold: an entry in the scope of whoever
 * asked, made before he waits, so that an interruption at any instruction finds it.
 *
 *     absent --first request--> BUILDING --open succeeded--> READY --last user left--> CLOSING --keeper ended--> ENDED
 *                                  |--open failed: all who wait get the failure--------------------------------^
 *                                  |--last user left: the keeper is interrupted--> CLOSING
 *
 * A request that meets one that is CLOSING waits for its end and builds anew, so that what exists once in the world (a
 * port, a file's lock) is never there twice. An ENDED one is in no map; holds that are left keep nothing but its memory.
 */
#ifndef EFF_LAYERS_MEMO_H
#define EFF_LAYERS_MEMO_H

#include "core/context.h"
#include "layers/layer.h"
#include "runtime/rare.h"
#include "runtime/runtime.h"

/* Who needs what is built, outwards: the part that stands above it in an eff_layer_provide, or beside it in an
 * eff_layer_wire; what it is a part of and is known by; what has chosen it. Walked only for messages, such as by which
 * chain a layer was needed that could not be built. */
enum eff__chain_kind { EFF__CHAIN_NEEDED, EFF__CHAIN_NAMED, EFF__CHAIN_CHOSEN };
struct eff__chain {
    enum eff__chain_kind kind;
    struct eff__chain *outer; /* owned; NULL */
    eff_layer_t *layer;       /* owned: the upper part, or the whole wire; the NAMED; the FLAT_MAP */
    eff_layer_t *named;       /* the innermost NAMED of it and outwards; borrowed; NULL: none */
};
/* A chain of one more. Borrows outer (NULL: none) and layer; NULL when out of memory. */
struct eff__chain *eff__chain_new_as(enum eff__chain_kind kind, struct eff__chain *outer, eff_layer_t *layer);
static inline struct eff__chain *eff__chain_new(struct eff__chain *outer, eff_layer_t *layer)
{
    return eff__chain_new_as(EFF__CHAIN_NEEDED, outer, layer);
}
struct eff__chain *eff__chain_incref(struct eff__chain *chain);
void eff__chain_decref(struct eff__chain *chain);
/* The NAMED that speaks for a layer that is mentioned with this chain; NULL: none. Borrowed. */
eff_layer_t *eff__chain_named(const struct eff__chain *chain, const eff_layer_t *layer);
/* Adds what users call a layer, for which `named` (NULL: none) speaks. */
void eff__chain_add_name(const eff_layer_t *layer, const eff_layer_t *named, eff_buffer_t *out);

/* A place among the entries of a scope, for holds that come later: they are released as if they had been made then. */
struct eff__anchor {
    eff_scope_t *scope;     /* owned */
    struct eff__entry *end; /* before which the next goes; its own, valid while the scope is open */
};
/* The end of the ambient scope, as it is now, or of the place that it is within (NULL: none); NULL when out of memory. */
struct eff__anchor *eff__anchor_new(eff_fiber_t *f, struct eff__anchor *within, eff_site_t site);
struct eff__anchor *eff__anchor_incref(struct eff__anchor *anchor);
void eff__anchor_decref(struct eff__anchor *anchor);
/* A new entry of the scope, of the kind of holds, at the anchor if there is one; NULL when out of memory. */
struct eff__entry *eff__anchor_add_entry(eff_scope_t *scope, struct eff__anchor *anchor, eff_site_t site);

/* A layer that is mentioned somewhere: all that building it takes. Immutable once it is in an effect. */
struct eff__mention {
    eff_layer_t *layer;         /* owned */
    eff_context_t *given;       /* the services around it; NULL: those of the fiber; owned */
    struct eff__anchor *anchor; /* what holds it; NULL: the end of the ambient scope; owned */
    uint64_t fresh;             /* which run of a FRESH it is within; 0: none */
    struct eff__chain *chain;   /* owned; NULL */
    eff_site_t site;            /* of the eff_provide */
};
/* The same, with references of its own, and giving those up. */
struct eff__mention eff__mention_copy(const struct eff__mention *m);
void eff__mention_clear(struct eff__mention *m);

/* The effect that builds it, for the scope that holds it, and succeeds with the context of its services. Takes references
 * to what the mention has; returns new. */
EFF_MUST_USE eff_t *eff__build(const struct eff__mention *mention);
/* The same, all or nothing, for a scope that may last: when it fails or is interrupted, what it holds there is released
 * before it ends: build_whole.c. */
EFF_MUST_USE eff_t *eff__build_whole(const struct eff__mention *mention);
/* The same for a wire, which has `given`: build_wire.c. */
EFF_MUST_USE eff_t *eff__build_wire(const struct eff__mention *mention);
/* What a LAZY provides, which has `given`: lazy.c. */
EFF_MUST_USE eff_t *eff__build_lazy(eff_fiber_t *f, const struct eff__mention *mention);

enum eff__instance_state { EFF__IS_BUILDING, EFF__IS_READY, EFF__IS_CLOSING, EFF__HAS_ENDED };

enum { EFF__MEMO_BUCKETS = 16 }; /* to begin with */

struct eff__memo {
    struct eff__services hooks; /* first: what the runtime knows of it */
    eff_runtime_t *rt;
    uint64_t last_serial, last_fresh;
    eff_layer_t *managed;           /* of a managed runtime: what its roots are provided with; owned; NULL */
    struct eff__hold *kept;         /* and what keeps it, until it is let go; owned; NULL */
    struct eff__instance *all;      /* that have not ended */
    size_t n_found;                 /* how many a request may find: those that are in a bucket */
    size_t n_buckets;               /* a power of 2; grows with them, as long as there is memory */
    struct eff__instance **buckets; /* `few`, or owned */
    struct eff__instance *few[EFF__MEMO_BUCKETS];
};

struct eff__hold;
struct eff__instance;

/* Adds who needs an instance, and who needs that one, outwards: ", needed by users_live, part of storage (app.c:5), needed
 * by app_live". */
void eff__chain_add_text(const struct eff__instance *inst, const struct eff__chain *chain, eff_buffer_t *out);

/* What a MEMO keeps: its value. */
struct eff__memoized {
    eff_runtime_t *rt;
    eff_context_t *given;   /* the services around the eff_layer_memoize; owned */
    struct eff__hold *hold; /* of the scope around it; NULL once that is closing; borrowed */
};
extern const eff_type_t eff__memoized_type;
/* Consumes given; returns new. */
eff_value_t eff__memoized_make(eff_runtime_t *rt, eff_context_t *given);

/* Counted: by the map until it has ended, and by each hold. */
struct eff__instance {
    eff_t start, serve;        /* immortal nodes within: what the keeper begins with, and what it waits by: keeper.c */
    struct eff__end_hook hook; /* on the keeper */
    struct eff__memo *memo;    /* borrowed: it lives as long as the runtime */
    struct eff__instance *next, *prev; /* of all that have not ended */
    struct eff__instance *next_in_bucket;
    uint64_t hash;                     /* of all that a request must agree in */
    struct eff__instance *mark, *asks; /* while circles are looked for: see build_circle.c */
    eff_layer_t *layer;                /* owned */
    eff_layer_t *named;                /* the NAMED that speaks for it where it was mentioned first; owned; NULL */
    eff_context_t *given;              /* owned: what it was given that counts */
    uint64_t fresh, serial;
    enum eff__instance_state state;
    bool detached; /* by eff_layer_invalidate: no request finds it */
    size_t n_users;
    eff_fiber_t *keeper;                            /* NULL once it has ended; borrowed */
    eff_context_t *services;                        /* once READY, until the keeper goes on; owned */
    eff_value_t service;                            /* of one with a goodbye: borrowed from the keeper's bracket */
    struct eff__waiters requesters, leavers, heirs; /* who waits for it to be READY; for what he left to end; for it to
                                                       be gone */
};

/* Adds what users call its layer. */
static inline void eff__instance_name(const struct eff__instance *inst, eff_buffer_t *out)
{
    eff__chain_add_name(inst->layer, inst->named, out);
}

/* ---- memo.c */

/* The map of a runtime, made if need be; NULL when out of memory. */
struct eff__memo *eff__memo_of(eff_runtime_t *rt);
/* A FRESH begins: what tells it from others; 0 when out of memory. */
uint64_t eff__memo_fresh(eff_runtime_t *rt);
/* What counts of the services that a layer is given. */
static inline struct eff__needs eff__needs_of(const eff_layer_t *layer)
{
    return (struct eff__needs){ .all = layer->opaque, .n = layer->n_needs, .tags = layer->needs };
}
/* The one that is mentioned, given these services; NULL: there is none. */
struct eff__instance *eff__instance_find(struct eff__memo *memo, const struct eff__mention *m,
                                         const eff_context_t *given);
/* A new one, in the map, whose keeper is about to begin; NULL when out of memory. */
struct eff__instance *eff__instance_new(struct eff__memo *memo, const struct eff__mention *m,
                                        const eff_context_t *given);
void eff__instance_decref(struct eff__instance *inst);
/* The instance that a fiber keeps, which has not ended; NULL: it is no keeper. */
struct eff__instance *eff__instance_of_keeper(const eff_fiber_t *keeper);
/* No request finds it any more. */
void eff__instance_detach(struct eff__instance *inst);
/* The services are not given to anybody any more. */
void eff__instance_clear(struct eff__instance *inst);

/* ---- request.c: requests, and holds of MEMOs */

/* Finds or makes the instance, holds it for the scope, and waits until it is READY: an answer of a prim, `e` being its
 * node. `given` is the mention's, or the fiber's. */
int eff__instance_request(eff_fiber_t *f, eff_t *e, const struct eff__mention *m, const eff_context_t *given);
/* The same for a MEMO, which has been given its services. */
int eff__request_memoized(eff_fiber_t *f, eff_t *e, const struct eff__mention *m);
/* An effect that waits until the instance has ended. */
EFF_MUST_USE eff_t *eff__instance_ended(eff_site_t site, struct eff__instance *inst);
/* A hold of a MEMO for the fiber's ambient scope, of an instance that is not there yet; false when out of memory, or the
 * scope is closed. */
bool eff__hold_memoized(eff_fiber_t *f, struct eff__memoized *memoized, eff_site_t site);
/* A hold of a MEMO that is in no scope; NULL when out of memory. Takes a reference to what it is given. */
struct eff__hold *eff__hold_new_memoized(struct eff__memoized *memoized);

/* ---- hold.c */

void eff__hold_decref(struct eff__hold *hold);
/* What a hold of a MEMO keeps is not kept any longer. */
void eff__hold_give_up(struct eff__hold *hold);
/* Whether the entry of a scope is that of a hold. */
bool eff__entry_holds(const struct eff__entry *entry);
/* Gives it up, in a scope that is open; the entry goes. NULL: it is done, for others use the instance; else an
 * effect does it, which waits for the end. */
eff_t *eff__entry_leave(struct eff__entry *entry);
/* What it holds; NULL: nothing. */
const struct eff__instance *eff__held(const struct eff__hold *hold);
/* It is built: all who wait for it go on. */
void eff__instance_ready(struct eff__instance *inst);
/* It has ended: all who wait for that go on, and those who waited for it to be built get the failure. That of closing is
 * the last user's. */
void eff__instance_tell_end(struct eff__instance *inst, eff_fiber_t *keeper, bool closing);

/* ---- build_circle.c */

/* The cause of death of a build that would wait for itself, were f to wait for the instance; NULL: it would not. */
eff_cause_t *eff__instance_circle(const eff_fiber_t *f, struct eff__instance *inst);
/* That of one that would go on for ever, were what is mentioned within a FRESH built for f: it waits for the same one. */
eff_cause_t *eff__instance_spiral(const eff_fiber_t *f, const struct eff__mention *m, const eff_context_t *given);

/* ---- keeper.c */

/* Fills in the nodes that the keeper runs, for a mention at this site. */
void eff__keeper_prepare(struct eff__instance *inst, eff_site_t site);

#endif
