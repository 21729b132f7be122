/* What a layer is made of: an immutable description, which building (layer_build.c), wiring (layer_wire.c), describing and
 * checking walk.
 *
 * A layer is a node: of a kind, with parts. Next to the parts it has the tags that it provides and those that it needs
 * from around it, both worked out once, when it is made, so that nobody has to walk down for them. A layer that is given
 * something broken becomes that: "out of memory", or the mistake of a NULL, which providing it reports.
 */
#ifndef EFF_LAYERS_LAYER_H
#define EFF_LAYERS_LAYER_H

#include <effect/layer_describe.h>
#include <effect/layer_recover.h>
#include <effect/layer_share.h>

/* The facts about each kind: the builder's name, as messages and descriptions have it; how it is built; and whose services
 * are seen, where it has parts. Beside it, what it has in which field. */
#define EFF__LAYER_KINDS(X)                                                                                            \
    X(EMPTY, "eff_layer_empty", PLAIN, ITS_OWN)                                                                        \
    X(BROKEN, "a layer that could not be made", PLAIN, ITS_OWN) /* value: what is wrong, a string; unset: no memory */ \
    X(DEF, "eff_layer_of", OPENED, ITS_OWN)                     /* def; value: unit */                                 \
    X(KEYED, "eff_layer_keyed", OPENED, ITS_OWN)                /* def; value: the key */                              \
    X(SUCCEED, "eff_layer_succeed", PLAIN, ITS_OWN)             /* tag; value: the service */                          \
    X(SYNC, "eff_layer_sync", OPENED, ITS_OWN)                  /* tag; fn: an eff_sync_fn; value: its env */          \
    X(EFFECT, "eff_layer_effect", OPENED, ITS_OWN)              /* tag; value: the effect that opens */                \
    X(DISCARD, "eff_layer_effect_discard", OPENED, ITS_OWN)     /* value: the effect */                                \
    X(SUSPEND, "eff_layer_suspend", KEPT, ITS_OWN)              /* fn: eff_layer_t *(*)(eff_value_t); value: env */    \
    X(FLAT_MAP, "eff_layer_flat_map", KEPT, ITS_OWN)   /* tag: the first; value: closure of effect, fn, env */         \
    X(MERGE, "eff_layer_merge", SEVERAL, OF_ALL)       /* parts */                                                     \
    X(PROVIDE, "eff_layer_provide", SEVERAL, OF_FIRST) /* parts: layer, base */                                        \
    X(PROVIDE_MERGE, "eff_layer_provide_merge", SEVERAL, OF_FIRST) /* parts: layer, base, which is seen too */         \
    X(WIRE, "eff_layer_wire", SEVERAL, OF_ALL)                     /* parts */                                         \
    X(FRESH, "eff_layer_fresh", IN_PLACE, OF_FIRST)                /* part */                                          \
    X(PASSTHROUGH, "eff_layer_passthrough", IN_PLACE, OF_FIRST)    /* part, what it needs is seen too */               \
    X(PROJECT, "eff_layer_project", KEPT, ITS_OWN)          /* part; from, tag; fn: an eff_map_fn; value: env */       \
    X(LAZY, "eff_layer_lazy", IN_PLACE, OF_FIRST)           /* part */                                                 \
    X(RETRY, "eff_layer_retry", KEPT, OF_FIRST)             /* part; value: the schedule */                            \
    X(CATCH_ALL, "eff_layer_catch_all", KEPT, OF_FIRST)     /* part; fn: eff_layer_t *(*)(error, env); value: env */   \
    X(OR_ELSE, "eff_layer_or_else", KEPT, ITS_OWN)          /* parts: layer, other */                                  \
    X(MAP_ERROR, "eff_layer_map_error", IN_PLACE, OF_FIRST) /* part; fn: an eff_map_fn; value: its env */              \
    X(OR_DIE, "eff_layer_or_die", IN_PLACE, OF_FIRST)       /* part */                                                 \
    X(TAP, "eff_layer_tap", KEPT, OF_FIRST)         /* part; fn: eff_t *(*)(const eff_context_t *, env); value: env */ \
    X(MEMO, "eff_layer_memoize", KEPT, OF_FIRST)    /* part; value: what keeps it (memo.c) */                          \
    X(NAMED, "eff_layer_named", IN_PLACE, OF_FIRST) /* part, which is no NAMED; value: the name, a string */           \
    X(RENAME, "a service under another tag", IN_PLACE, ITS_OWN) /* part; from, tag: the library's own */

enum eff__layer_kind {
#define X(kind, name, how, services) EFF__LAYER_##kind,
    EFF__LAYER_KINDS(X)
#undef X
};

struct eff__layer_facts {
    const char *name;
    enum {
        EFF__BUILT_PLAIN,    /* there is nothing to build */
        EFF__BUILT_OPENED,   /* a keeper opens it */
        EFF__BUILT_KEPT,     /* a keeper builds other layers for it */
        EFF__BUILT_IN_PLACE, /* its only part is built, with something done to how that is asked for */
        EFF__BUILT_SEVERAL   /* its parts are built */
    } how;
    enum {
        EFF__SEEN_ITS_OWN, /* in a graph it is a node that provides them */
        EFF__SEEN_OF_FIRST,
        EFF__SEEN_OF_ALL /* those of the last part that has them */
    } services;
};
extern const struct eff__layer_facts eff__layer_facts[];

struct eff_layer {
    enum eff__layer_kind kind;
    bool opaque;                /* it may need services that `needs` does not name: it is given all there are */
    eff_site_t site;            /* where it was composed; NULL for those of a descriptor */
    const eff_layer_def_t *def; /* the next four: see the kind */
    const eff_tag_t *tag, *from;
    eff_any_fn fn;
    eff_value_t value; /* owned */
    size_t n_parts;
    eff_layer_t *const *parts; /* owned; the lists lie behind the struct */
    size_t n_provides, n_needs;
    const eff_tag_t *const *provides; /* each once, the services of the part that is seen last at the end */
    const eff_tag_t *const *needs;    /* each once */
};

static inline const struct eff__layer_facts *eff__facts_of(const eff_layer_t *layer)
{
    return &eff__layer_facts[layer->kind];
}

/* Whether its first part stands upon its second. */
static inline bool eff__is_upon_base(const eff_layer_t *layer)
{
    return layer->kind == EFF__LAYER_PROVIDE || layer->kind == EFF__LAYER_PROVIDE_MERGE;
}

/* A MEMO of the layer (consumed), which needs nothing any more; consumes what keeps it. Returns new. */
eff_layer_t *eff__layer_memoized(eff_site_t site, eff_layer_t *layer, eff_value_t memoized);

/* Whether it is the immortal one that stands for a layer for which there was no memory. */
bool eff__layer_is_oom(const eff_layer_t *layer);
/* The layer under a name that is static. Consumes layer. */
eff_layer_t *eff__layer_named(eff_site_t site, eff_layer_t *layer, const char *name);
/* The mistake of a composite of two layers, the first or second of which is NULL. Consumes the other. */
eff_layer_t *eff__layer_of_null(eff_site_t site, const char *builder, eff_layer_t *first, eff_layer_t *second);
/* The service of the layer (consumed) that it provides for `from`, for `to`, and nothing else: what keeps two of a kind
 * apart within a composite. Built inline, so it is in no way of sharing and of failures. */
eff_layer_t *eff__layer_renamed(eff_layer_t *layer, const eff_tag_t *from, const eff_tag_t *to);

/* Adds its name in messages: the one that was given to it, the descriptor's, or the kind with the service; and the site. */
void eff__layer_name(const eff_layer_t *layer, eff_buffer_t *out);
/* Adds " (app.c:5)", " callback (app.c:5)", or nothing. */
void eff__site_add(eff_site_t site, eff_buffer_t *out);
/* Whether a NAMED speaks for a layer within it: for one that has no name of its own, for the one that was named, and for
 * those of the library within its own. */
bool eff__layer_speaks_for(const eff_layer_t *named, const eff_layer_t *layer);
/* Whether users see services of this tag: those of the library without a name are its own. */
static inline bool eff__tag_is_shown(const eff_tag_t *tag)
{
    return tag->name || !tag->get_default;
}
bool eff__tag_in(const eff_tag_t *tag, size_t n, const eff_tag_t *const *tags);

#endif
