/* Nodes: what an eff_t is in memory.
 *
 *     [ count | op | flags | kind | ran ][ site ][ payload: one arm, chosen by op ]
 *
 * A node is immutable while shared. Whoever holds its only reference may take it apart: the interpreter moves the
 * source out of a node it alone owns instead of counting, and frees the node as its frame is popped. A dead node's site
 * word links it into a worklist, so freeing 10^7 nested nodes needs no memory and no C stack.
 */
#ifndef EFF_CORE_NODE_H
#define EFF_CORE_NODE_H

#include <effect/async.h>
#include <effect/context.h>
#include <effect/duration.h>
#include <effect/finish.h>
#include <effect/gen.h>
#include <effect/interrupt.h>
#include <effect/loop.h>
#include <effect/parallel.h>
#include <effect/race.h>
#include <effect/recover.h>
#include <effect/service.h>
#include <effect/transform.h>

#include "core/value.h"

struct eff__closure;

enum eff__op {
#define EFF_OP(name, text, arm) EFF__OP_##name,
#include "core/ops.def"
#undef EFF_OP
    EFF__N_OPS
};

/* Flags of a node; which ones an op knows stands beside them. */
enum {
    EFF__CAUSE = 1,    /* fail: the value is a cause. fold: `bad` takes the whole cause, whatever it is */
    EFF__LOCALLY = 1,  /* provide: no region */
    EFF__PARALLEL = 1, /* each */
    EFF__DISCARD = 2,  /* each: no results */
    EFF__COLLECT = 4,  /* each, with EFF__PARALLEL: an item's failure is a result too, an eff__failed_type */
    EFF__FIRST = 8,    /* each, with EFF__DISCARD: results are options; the first some ends it, and is its result */
    EFF__TOLERANT =
        16,            /* each, with EFF__PARALLEL and EFF__DISCARD: an item's failure goes to the `when` of the closure
                              that is its env */
    EFF__LIMITED = 32, /* each, with EFF__PARALLEL: its limit is a handle */
    EFF__ON_FAILURE = 1,   /* on_exit: only when it did not succeed; the callback is an eff_cause_fn */
    EFF__ON_INTERRUPT = 2, /* on_exit: only when this fiber was interrupted */
    EFF__QUIET = 4,        /* on_exit: it is of no use, and not missed, when the runtime is freed */
    EFF__EFFECTFUL = 1,    /* bracket: release is an eff_release_effect_fn */
    EFF__DIRECT = 1,       /* prim: it is an eff__direct_prim */
    EFF__FORK_EXTRAS = 1,  /* fork: `scope` is what eff_fork_with was told */
    EFF__OWNS_INIT = 1,    /* gen: the description owns what init holds */
};

enum eff__mask_mode {
    EFF__MASK_OFF,      /* uninterruptible(e) */
    EFF__MASK_ON,       /* interruptible(e) */
    EFF__MASK_FN,       /* uninterruptible_mask(f) */
    EFF__MASK_EXTERNAL, /* external(e): waits are answered from outside */
    EFF__MASK_UNBOUND,  /* without_deadline(e) */
    EFF__MASK_ACQUIRE,  /* uninterruptible(e), of an acquire_release */
    EFF__MASK_RESTORE,  /* acquire_interruptible(e): as it was around the nearest acquire */
};

enum eff__fork_kind { EFF__FORK_CHILD, EFF__FORK_IN, EFF__FORK_SCOPED, EFF__FORK_DAEMON };

enum eff__par_kind {
    EFF__PAR_ALL,        /* array of all values; flags: EFF__PAR_PAIR */
    EFF__PAR_RACE,       /* first success */
    EFF__PAR_RACE_FIRST, /* first to end */
    EFF__PAR_TIMEOUT,    /* as race_first of side 0, the body, and time; side 1 is run when that is up, or NULL. Of one
                            side: without a limit of its own */
    EFF__PAR_RACE_WITH,  /* two sides; what the handler of the first to end makes of it */
    EFF__PAR_DISCONNECT, /* one side, whose interruption is not awaited */
    EFF__PAR_GRACEFUL,   /* ends as side 0; side 1 ends when the grace has passed, which is the result's end */
    EFF__PAR_TASKS,      /* side 0 is the body; tasks are added while it runs */
};
enum {
    EFF__PAR_PAIR = 1,       /* all: a pair */
    EFF__PAR_MANY = 2,       /* race, race_first: built from a list */
    EFF__PAR_INDEXED = 4,    /* race: a pair of the winner's index and its value */
    EFF__PAR_SHIELD = 8,     /* disconnect: of a body that is masked */
    EFF__PAR_WITHIN = 16,    /* tasks: the token of the graceful around them is theirs */
    EFF__PAR_STOPPABLE = 32, /* race_first: side 1 ends when it is asked to stop */
    EFF__PAR_OPTION = 64,    /* timeout: some of the body's value, or none */
    EFF__PAR_UNTIL = 128,    /* timeout: `time` is a moment */
};

/* An operation of the runtime: static, one per kind. `run` is called by the interpreter with the prim node, which it
 * borrows; runtime/prim.h says what it may do and return. */
struct eff__prim {
    const char *name;
    int (*run)(eff_fiber_t *f, eff_t *e, bool alone); /* alone: the caller holds e's only reference */
};
/* One whose usual cases are short: `direct` does those, of a node that nobody else holds. */
struct eff__direct_prim {
    struct eff__prim prim; /* first */
    eff_value_t (*direct)(eff_fiber_t *f, eff_t *e);
};

struct eff {
    _Alignas(16) eff__count_t count; /* static nodes too: frames keep marks in the low bits of a node's address */
    uint8_t op;                      /* enum eff__op */
    uint8_t flags;
    uint8_t kind; /* mask: eff__mask_mode; fork: eff__fork_kind; par: eff__par_kind; else 0 */
    uint8_t ran;  /* was evaluated: kept up to date for the report of leaks only (runtime/watch.h) */
    union {
        eff_site_t site;  /* where it was composed, or NULL */
        eff_t *next_dead; /* the worklist, once the count is gone */
    };
    union {
        struct eff__arm_nothing {
            char none[1]; /* (never stored to; an empty struct is no C) */
        } nothing;
        struct eff__arm_value {
            eff_value_t value;
        } value;
        struct eff__arm_call {
            eff_any_fn fn; /* eff_sync_fn, eff_suspend_fn or eff_async_fn */
            eff_value_t env;
        } call;
        struct eff__arm_bind {
            eff_t *source; /* NULL once moved out, and for EFF__MASK_FN */
            eff_any_fn fn; /* eff_map_fn, eff_bind_fn, eff_finalizer_fn, eff_cause_fn or eff_mask_fn */
            eff_value_t env;
        } bind;
        struct eff__arm_fold {
            eff_t *source;
            eff_any_fn bad;   /* eff_bind_fn, or eff_cause_fn with EFF__CAUSE */
            eff_bind_fn good; /* NULL: success passes by */
            eff_value_t env;
        } fold;
        struct eff__arm_prim {
            const struct eff__prim *prim;
            void *handle; /* a payload, retained (its header knows its type); NULL when there is none */
            eff_value_t value;
        } prim;
        struct eff__arm_sleep {
            eff_duration_t duration;
        } sleep;
        struct eff__arm_service {
            const eff_tag_t *tag;
            eff_service_thunk_fn thunk;
            eff_any_fn use;
            eff_value_t env;
        } service;
        struct eff__arm_provide {
            eff_t *source;
            const eff_tag_t *tag; /* NULL: value is a whole context */
            eff_value_t value;
        } provide;
        struct eff__arm_fork {
            eff_t *source;
            void *scope; /* a payload, retained; NULL unless EFF__FORK_IN or EFF__FORK_EXTRAS */
        } fork;
        struct eff__arm_par {
            uint32_t n;
            eff_t *sides[2]; /* when n <= 2 */
            union {
                eff_t **more;                  /* else: an array of n, owned */
                struct eff__closure *handlers; /* EFF__PAR_RACE_WITH: on_a is `fn`, on_b `when`; retained */
                int64_t grace;                 /* EFF__PAR_GRACEFUL: ns, not negative */
                int64_t time;                  /* EFF__PAR_TIMEOUT: ns, not negative; or a moment of its clock */
            };
        } par;
        struct eff__arm_each {
            eff_value_t items;
            eff_bind_fn fn;
            eff_value_t env;
            union {
                size_t limit;             /* 0: none */
                struct eff_limit *handle; /* EFF__LIMITED: retained */
            };
        } each;
        struct eff__arm_gen {
            const eff_gen_def_t *def;
            /* followed by def->size bytes of init, 16-byte aligned */
        } gen;
        struct eff__arm_bracket {
            eff_t *source; /* the acquire */
            eff_bind_fn use;
            eff_any_fn release; /* eff_release_fn, or eff_release_effect_fn with EFF__EFFECTFUL */
            eff_value_t env;
        } bracket;
    };
};

#define EFF__NODE_SIZE(arm) (offsetof(struct eff, nothing) + sizeof(struct eff__arm_##arm))
enum { EFF__GEN_INIT = 32 }; /* offset of a gen node's init bytes */

/* Bytes of a node, by op; a gen's depends on its def. */
extern const uint8_t eff__node_sizes[EFF__N_OPS];
extern const char *const eff__op_names[EFF__N_OPS];
size_t eff__node_size(const eff_t *e);

/* Of a failed item among the results of an EACH with EFF__COLLECT: ptr is its cause, owned. Users never see one. */
extern const eff_type_t eff__failed_type;

/* The immortal effects: eff_out_of_memory, eff_noop, eff_yield_now. */
extern eff_t eff__oom_node, eff__noop_node, eff__yield_node;

/* The first word of a new node, which is written at once. */
struct eff__head {
    uint32_t count;
    uint8_t op, flags, kind, ran;
};
_Static_assert(offsetof(struct eff, site) == sizeof(struct eff__head), "the head ends where the site begins");
_Static_assert(offsetof(struct eff, op) == offsetof(struct eff__head, op) &&
                   offsetof(struct eff, ran) == offsetof(struct eff__head, ran),
               "the head is laid out as in the node");

static inline void eff__node_init(eff_t *e, enum eff__op op, uint8_t flags, eff_site_t site)
{
    const struct eff__head head = { .count = 1, .op = (uint8_t)op, .flags = flags };
    memcpy(e, &head, sizeof head);
    e->site = site;
}

static inline eff_t *eff__node_new(enum eff__op op, size_t size, eff_site_t site)
{
    eff_t *e = (eff_t *)eff__alloc_as(size, EFF__BLOCK_NODE);
    if (__builtin_expect(!e, 0)) return NULL;
    eff__node_init(e, op, 0, site);
    return e;
}

/* Drops what a node holds and frees it; the caller had its last reference. */
void eff__node_drop(eff_t *e);

static inline void eff__node_release(eff_t *e)
{
    if (eff__count_dec(&e->count)) eff__node_drop(e);
}

/* ---- how builders treat their arguments: each consumes everything it is given, and returns an effect to return */

/* An effect that dies of the formatted message: for mistakes found while building. */
EFF_MUST_USE eff_t *eff__mistake(eff_site_t site, const char *fmt, ...) EFF_PRINTF(2, 3);
/* Why an argument cannot be built in: the out-of-memory effect, or a mistake naming the builder. Drops `e` (which may be
 * NULL) and `v` (an absent or oom value). */
EFF_MUST_USE eff_t *eff__unusable(eff_site_t site, const char *builder, eff_t *e, eff_value_t v);

/* A bind-shaped node; fn NULL is a mistake. The frequent builders are this and nothing else. */
EFF_MUST_USE eff_t *eff__bind_node(enum eff__op op, uint8_t flags, eff_site_t site, const char *builder, eff_t *source,
                                   eff_any_fn fn, eff_value_t env);
EFF_MUST_USE eff_t *eff__call_node(enum eff__op op, eff_site_t site, const char *builder, eff_any_fn fn,
                                   eff_value_t env);
/* bad: see EFF__CAUSE in flags. */
EFF_MUST_USE eff_t *eff__fold_node(uint8_t flags, eff_site_t site, const char *builder, eff_t *source, eff_any_fn bad,
                                   eff_bind_fn good, eff_value_t env);
EFF_MUST_USE eff_t *eff__mask_node(enum eff__mask_mode mode, eff_site_t site, const char *builder, eff_t *source,
                                   eff_mask_fn fn, eff_value_t env);
/* A prim over a handle, which is retained; a NULL handle is out of memory (its constructor failed). Consumes value. */
EFF_MUST_USE eff_t *eff__prim_node(eff_site_t site, const struct eff__prim *prim, void *handle, eff_value_t value);
EFF_MUST_USE eff_t *eff__direct_node(eff_site_t site, const struct eff__direct_prim *direct, void *handle,
                                     eff_value_t value);
/* A prim that needs no handle. Consumes value. */
EFF_MUST_USE eff_t *eff__prim_node_plain(eff_site_t site, const struct eff__prim *prim, eff_value_t value);
EFF_MUST_USE eff_t *eff__par_node(enum eff__par_kind kind, uint8_t flags, eff_site_t site, const char *builder,
                                  size_t n, eff_t *const *sides);
/* A timeout of a body; `otherwise` is what is run when its time is up, or NULL for EFF__PAR_OPTION. */
EFF_MUST_USE eff_t *eff__timeout_node(uint8_t flags, eff_site_t site, const char *builder, eff_t *body,
                                      eff_t *otherwise, int64_t time);

#endif
