/* What builders are made of: node constructors that the compiler can put inline into the frequent builders, closures
 * for the derived ones, and the ways to refuse arguments.
 *
 * Every builder consumes everything it is given, on every path: one combined check, one allocation, and stores; what
 * does not pass the check, or finds no memory, goes to eff__refuse, which looks for the reason at leisure.
 */
#ifndef EFF_CORE_BUILD_H
#define EFF_CORE_BUILD_H

#include "core/node.h"

/* ---- refusing */

/* As eff__mistake, with the file and line of the site added: "... (health.c:12)". */
EFF_MUST_USE eff_t *eff__mistake_at(eff_site_t site, const char *fmt, ...) EFF_PRINTF(2, 3);
/* What a builder returns whose arguments cannot be built in, or that found no memory: if one of them is "out of
 * memory", that effect; else a mistake about the first that is missing; else, nothing being wrong with them, out of
 * memory. Consumes the n effects, any of which may be NULL, and v. `has_fn`: no callback is missing. */
EFF_MUST_USE eff_t *eff__refuse(eff_site_t site, const char *builder, size_t n, eff_t *const *effects, bool has_fn,
                                eff_value_t v);
/* The same for builders of one effect, a callback and its environment; and of a callback alone. */
EFF_MUST_USE eff_t *eff__refuse_bind(eff_site_t site, const char *builder, eff_t *source, bool has_fn, eff_value_t env);
EFF_MUST_USE eff_t *eff__refuse_call(eff_site_t site, const char *builder, bool has_fn, eff_value_t v);
/* The same when another argument is NULL, which is no effect, value or callback: the `number`th, from 1. */
EFF_API EFF_MUST_USE eff_t *eff__refuse_null(eff_site_t site, const char *builder, int number, eff_t *e, eff_value_t v);
/* The same when one of several callbacks is NULL: the `number`th argument, of this name. The site is not added, since it
 * may name another of them. e: the builder's first argument; eff_noop() when that is no effect. */
EFF_MUST_USE eff_t *eff__refuse_fn(eff_site_t site, const char *builder, int number, const char *name, eff_t *e,
                                   size_t n, const eff_value_t *values);
/* What becomes of a run in which such a callback returned the absent value. */
EFF_MUST_USE eff_t *eff__returned_absent(eff_site_t site, const char *builder, const char *name);
/* The same for builders of two effects. */
EFF_MUST_USE eff_t *eff__refuse_two(eff_site_t site, const char *builder, eff_t *first, eff_t *second);
/* The same for builders of several values, all of them consumed. */
EFF_MUST_USE eff_t *eff__refuse_values(eff_site_t site, const char *builder, bool has_fns, size_t n,
                                       const eff_value_t *values);

static inline bool eff__effect_usable(const eff_t *e)
{
    return __builtin_expect(e != NULL, 1) && __builtin_expect(e != &eff__oom_node, 1);
}

/* What a builder returns whose handle is NULL. Whoever makes a handle returns NULL when out of memory, and nobody need
 * look: so that is what this dies of. As it may be a mistake just as well, a note says so. Consumes value. */
EFF_API EFF_MUST_USE eff_t *eff__without_handle(eff_site_t site, const char *builder, eff_value_t value);

/* ---- nodes, inline
 *
 * The frequent builders make their node at once, when nothing is wrong with the arguments and the free list has a block;
 * else they leave it to a function, as their last act and with the same arguments, so that nothing of theirs has to
 * outlive a call:
 *
 *     eff_t *node = eff__bind_at_once(&map_shape, site, e, (eff_any_fn)f, env);
 *     return node ? node : eff__bind_shaped(site, e, (eff_any_fn)f, env, &map_shape);
 */

/* What is the same in all nodes that a builder makes; static const. */
struct eff__shape {
    uint8_t op; /* enum eff__op */
    uint8_t flags;
    const char *builder;
};

EFF_MUST_USE eff_t *eff__value_shaped(eff_site_t site, eff_value_t v, const struct eff__shape *shape);
EFF_MUST_USE eff_t *eff__call_shaped(eff_site_t site, eff_any_fn fn, eff_value_t env, const struct eff__shape *shape);
EFF_MUST_USE eff_t *eff__bind_shaped(eff_site_t site, eff_t *source, eff_any_fn fn, eff_value_t env,
                                     const struct eff__shape *shape);
/* A fold that lets successes pass. */
EFF_MUST_USE eff_t *eff__catch_shaped(eff_site_t site, eff_t *source, eff_any_fn bad, eff_value_t env,
                                      const struct eff__shape *shape);

/* A node with a block of the free list; NULL when that is empty. */
static inline eff_t *eff__node_at_once(const struct eff__shape *shape, size_t size, eff_site_t site)
{
    eff_t *e = (eff_t *)eff__alloc_at_once(size);
    if (__builtin_expect(!e, 0)) return NULL;
    eff__node_init(e, (enum eff__op)shape->op, shape->flags, site);
    return e;
}

static inline eff_t *eff__value_at_once(const struct eff__shape *shape, eff_site_t site, eff_value_t v)
{
    eff_t *e;
    if (!eff__value_usable(v) || !(e = eff__node_at_once(shape, EFF__NODE_SIZE(value), site))) return NULL;
    e->value.value = v;
    return e;
}

static inline eff_t *eff__call_at_once(const struct eff__shape *shape, eff_site_t site, eff_any_fn fn, eff_value_t env)
{
    eff_t *e;
    if (!fn || !eff__value_usable(env) || !(e = eff__node_at_once(shape, EFF__NODE_SIZE(call), site))) return NULL;
    e->call.fn = fn;
    e->call.env = env;
    return e;
}

static inline eff_t *eff__bind_at_once(const struct eff__shape *shape, eff_site_t site, eff_t *source, eff_any_fn fn,
                                       eff_value_t env)
{
    eff_t *e;
    if (!eff__effect_usable(source) || !fn || !eff__value_usable(env) ||
        !(e = eff__node_at_once(shape, EFF__NODE_SIZE(bind), site)))
        return NULL;
    e->bind.source = source;
    e->bind.fn = fn;
    e->bind.env = env;
    return e;
}

static inline eff_t *eff__catch_at_once(const struct eff__shape *shape, eff_site_t site, eff_t *source, eff_any_fn bad,
                                        eff_value_t env)
{
    eff_t *e;
    if (!eff__effect_usable(source) || !bad || !eff__value_usable(env) ||
        !(e = eff__node_at_once(shape, EFF__NODE_SIZE(fold), site)))
        return NULL;
    e->fold.source = source;
    e->fold.bad = bad;
    e->fold.good = NULL;
    e->fold.env = env;
    return e;
}

/* A par node of two sides. */
static inline eff_t *eff__pair_at_once(enum eff__par_kind kind, uint8_t flags, eff_site_t site, eff_t *a, eff_t *b)
{
    const struct eff__shape shape = { .op = EFF__OP_PAR, .flags = flags };
    eff_t *e;
    if (!eff__effect_usable(a) || !eff__effect_usable(b) || !(e = eff__node_at_once(&shape, EFF__NODE_SIZE(par), site)))
        return NULL;
    e->kind = (uint8_t)kind;
    e->par.n = 2;
    e->par.sides[0] = a;
    e->par.sides[1] = b;
    e->par.more = NULL;
    return e;
}

/* A prim over a handle, which is there, and a value, which is usable. */
static inline eff_t *eff__prim_filled_at_once(uint8_t flags, eff_site_t site, const struct eff__prim *prim,
                                              void *handle, eff_value_t value)
{
    const struct eff__shape shape = { .op = EFF__OP_PRIM, .flags = flags };
    eff_t *e = eff__node_at_once(&shape, EFF__NODE_SIZE(prim), site);
    if (__builtin_expect(!e, 0)) return NULL;
    e->prim.prim = prim;
    e->prim.handle = eff__payload_retain(handle);
    e->prim.value = value;
    return e;
}
static inline eff_t *eff__prim_at_once(eff_site_t site, const struct eff__prim *prim, void *handle, eff_value_t value)
{
    return handle && eff__value_usable(value) ? eff__prim_filled_at_once(0, site, prim, handle, value) : NULL;
}
/* The same of a direct one; and without a value. */
static inline eff_t *eff__direct_at_once(eff_site_t site, const struct eff__direct_prim *direct, void *handle,
                                         eff_value_t value)
{
    if (!handle || !eff__value_usable(value)) return NULL;
    return eff__prim_filled_at_once(EFF__DIRECT, site, &direct->prim, handle, value);
}
static inline eff_t *eff__direct_plain_at_once(eff_site_t site, const struct eff__direct_prim *direct, void *handle)
{
    return handle ? eff__prim_filled_at_once(EFF__DIRECT, site, &direct->prim, handle, eff__plain_unit()) : NULL;
}

/* for_each in all its forms, by its flags; limit: of items at once, 0 for none. */
EFF_MUST_USE eff_t *eff__each_node(uint8_t flags, eff_site_t site, const char *builder, eff_value_t items,
                                   eff_bind_fn f, eff_value_t env, size_t limit);

/* eff_for_each_par_tolerant under the name of another builder. */
EFF_MUST_USE eff_t *eff__each_tolerant(eff_site_t site, const char *builder, eff_value_t items, eff_bind_fn f,
                                       eff_cause_fn on_failure, eff_value_t env, size_t n);
/* What its on_failure makes of the failure of an item of this each node. Returns new. */
EFF_MUST_USE eff_t *eff__tolerate(const eff_t *each, const eff_cause_t *cause);

/* A bind-shaped node without a callback: scoped, and masks of a given effect. */
EFF_MUST_USE eff_t *eff__wrap_node(enum eff__op op, eff_site_t site, const char *builder, eff_t *source);

/* ---- derived effects */

/* The environment of a derived effect's callback: what the user gave the builder. One counted type for all of them. */
struct eff__closure {
    const char *builder; /* static: "eff_tap"; what eff_describe calls the effect */
    eff_site_t site;     /* the user's */
    eff_any_fn fn;       /* the user's callback, of the type that builder takes; NULL when it takes none */
    union {
        eff_any_fn when; /* catch_some: an eff_predicate_fn. match: the eff_map_fn for successes */
        const void *key; /* a static object: the type, the kind, the layer's definition */
    };
    size_t limit;    /* merge_all: items at once, 0 for no limit */
    eff_t *effect;   /* another effect of the builder's, owned; NULL when there is none */
    eff_value_t env; /* the user's environment, or another value, owned */
};

extern const eff_type_t eff__closure_type;

/* Consumes what `init` owns. Without memory, or when a part is out of memory, the out-of-memory value; when env is
 * absent, the absent value: to be built in, which refuses it. */
EFF_MUST_USE eff_value_t eff__closure_new(struct eff__closure init);

static inline const struct eff__closure *eff__closure_of(eff_value_t env)
{
    return env.ptr;
}

/* A bind or fold node over e whose callbacks are the library's and get the closure. Consumes e and what init owns. */
EFF_MUST_USE eff_t *eff__derived_bind(enum eff__op op, eff_t *e, eff_any_fn fn, struct eff__closure init);
EFF_MUST_USE eff_t *eff__derived_fold(uint8_t flags, eff_t *e, eff_any_fn bad, eff_bind_fn good,
                                      struct eff__closure init);
/* first, then the effect `second` as the environment of fn, which is one of the callbacks below. */
EFF_MUST_USE eff_t *eff__derived_pair(enum eff__op op, eff_site_t site, const char *builder, eff_t *first,
                                      eff_any_fn fn, eff_t *second);

/* The truth that a condition of `builder` succeeded with; anything but a boolean is a mistake, reported, and counts as
 * false. */
bool eff__condition_of(eff_value_t v, const char *builder);

/* The callbacks of the derived effects that need no closure; eff_describe knows these effects by them. */
eff_t *eff__run_env(eff_value_t v, eff_value_t env);                  /* then, or_else, replicate: env is the effect */
eff_t *eff__run_env_finally(const eff_exit_t *exit, eff_value_t env); /* ensuring: env is the effect */
eff_value_t eff__return_env(eff_value_t v, eff_value_t env);          /* map_to: env is the value */
eff_value_t eff__return_some(eff_value_t v, eff_value_t env);         /* when, option */
eff_t *eff__failed_to_none(eff_value_t error, eff_value_t env);       /* option */
eff_t *eff__ended_to_unit(eff_value_t v, eff_value_t env);            /* ignore */
eff_t *eff__cause_to_exit(const eff_cause_t *cause, eff_value_t env); /* to_exit */
eff_t *eff__cause_to_unit(const eff_cause_t *cause, eff_value_t env); /* ignore_cause */
eff_t *eff__cause_to_defect(const eff_cause_t *cause, eff_value_t env); /* or_die */
eff_value_t eff__store(eff_value_t v, eff_value_t env);                 /* into: env is an eff_ptr to the slot */

#endif
