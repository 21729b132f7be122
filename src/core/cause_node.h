/* The body of a cause, for the cause_*.c files only.
 *
 * A cause is a counted payload (value.h) of type eff_cause_type, so eff_cause_t * is the payload pointer. A node is
 * immutable once shared; it is changed in place only while eff__count_is_one. Every node knows what its subtree holds
 * (flags and numbers of leaves), so the questions asked on the way out of a failure cost O(1), or O(depth) without a
 * stack, and no memory. Empty never stands below another node.
 */
#ifndef EFF_CORE_CAUSE_NODE_H
#define EFF_CORE_CAUSE_NODE_H

#include <effect/cause.h>

#include "core/cause.h"
#include "core/value.h"

enum {
    EFF__CAUSE_HAS_FAIL = 1 << 0,
    EFF__CAUSE_HAS_DIE = 1 << 1,
    EFF__CAUSE_HAS_INTERRUPT = 1 << 2,
    EFF__CAUSE_HAS_CUT = 1 << 3, /* in this subtree something was lost for lack of memory */
    EFF__CAUSE_CUT = 1 << 4,     /* it was lost at this very node */
    EFF__CAUSE_KINDS = EFF__CAUSE_HAS_FAIL | EFF__CAUSE_HAS_DIE | EFF__CAUSE_HAS_INTERRUPT,
    EFF__CAUSE_INHERITED = EFF__CAUSE_KINDS | EFF__CAUSE_HAS_CUT
};

struct eff__cause_note {
    eff_value_t value; /* owned by the node */
    eff_site_t site;   /* where it was put on; may be NULL */
};

/* A growing array, owned by one node. */
struct eff__cause_notes {
    uint32_t n;
    uint32_t capacity;
    struct eff__cause_note items[];
};

/* What is left of the frames the cause unwound through, owned by one node and replaced as a whole. */
struct eff__cause_trace {
    uint32_t n_seen;    /* sites ever added; the n_seen - n_sites between the first 8 and the rest are gone */
    uint32_t n_sites;   /* at most EFF__TRACE_MAX */
    uint32_t n_forks;   /* at most EFF__TRACE_MAX */
    bool named;         /* some of the forks have names, which stand behind all sites: see eff__trace_names */
    eff_site_t sites[]; /* n_sites of them, innermost first, and then the n_forks fork sites, nearest first */
};

/* For each fork the name of the fiber, owned: a string, or unit. NULL: none has one. */
static inline const eff_value_t *eff__trace_names(const struct eff__cause_trace *t)
{
    return t->named ? (const eff_value_t *)(const void *)(t->sites + t->n_sites + t->n_forks) : NULL;
}

/* tag             live arm
 * EMPTY           none
 * FAIL, DIE       value
 * INTERRUPT       interrupt, and reason
 * THEN, BOTH      sides */
struct eff_cause {
    uint8_t tag;                    /* an eff_cause_tag_t */
    uint8_t flags;                  /* EFF__CAUSE_... of this node and all below it */
    uint8_t reason;                 /* an eff_interrupt_reason_t */
    struct eff__cause_notes *notes; /* NULL: none */
    struct eff__cause_trace *trace; /* NULL: none */
    union {
        eff_value_t value; /* owned */
        struct {
            uint64_t by;         /* the interrupting fiber, or 0 */
            eff_site_t site;     /* where from, or NULL */
            eff_cause_t *origin; /* owned; the Interrupt this is a copy of and identical to, or NULL: itself */
        } interrupt;
        struct {
            eff_cause_t *left, *right;            /* owned, never NULL or Empty */
            size_t n_fails, n_dies, n_interrupts; /* leaves below; saturating, for causes may share parts */
        } sides;
    };
};

typedef EFF__STATIC_PAYLOAD(struct eff_cause) eff__static_cause;
/* What eff__cause_oom points at, as an address constant, for the effect that dies of it. */
extern eff__static_cause eff__oom_cause_block;

_Static_assert(sizeof(struct eff_cause) <= 64, "a cause with its header fits 80 bytes");

static inline bool eff__cause_is_inner(const eff_cause_t *c)
{
    return c->tag == EFF_CAUSE_THEN || c->tag == EFF_CAUSE_BOTH;
}

static inline bool eff__cause_is_unique(const eff_cause_t *c)
{
    return eff__count_is_one(&eff__header_of(c)->count);
}

/* The identity of an Interrupt, which survives copying it to add a note or a trace. */
static inline const eff_cause_t *eff__cause_identity(const eff_cause_t *interrupt)
{
    return interrupt->tag == EFF_CAUSE_INTERRUPT && interrupt->interrupt.origin ? interrupt->interrupt.origin
                                                                                : interrupt;
}

/* The cause as a borrowed value. */
static inline eff_value_t eff__cause_as_value(const eff_cause_t *c)
{
    eff_value_t v;
    v.type = &eff_cause_type;
    v.ptr = (void *)(uintptr_t)c;
    return v;
}

/* Reports a NULL cause; returns Empty, to go on with. */
const eff_cause_t *eff__cause_missing(void);

/* What public functions that borrow a cause make of it. */
static inline const eff_cause_t *eff__cause_given(const eff_cause_t *c)
{
    return __builtin_expect(c != NULL, 1) ? c : eff__cause_missing();
}

/* Then or Both of two causes that are not Empty. Consumes both; without memory NULL, and nothing is consumed. */
eff_cause_t *eff__cause_join(eff_cause_tag_t tag, eff_cause_t *left, eff_cause_t *right);
/* How many leaves there are: 1 for a leaf, Empty included. Saturates. */
size_t eff__cause_n_leaves(const eff_cause_t *c);

/* ---- notes and trace (cause_trace.c) */

static inline bool eff__cause_has_extras(const eff_cause_t *c)
{
    return c->notes || c->trace || c->flags & EFF__CAUSE_CUT;
}
/* Consumes c; returns new: c with the notes, trace and mark of `from`, as far as memory goes. */
eff_cause_t *eff__cause_inherit(eff_cause_t *c, const eff_cause_t *from);
/* Releases a dying node's notes and trace. */
void eff__cause_drop_extras(eff_cause_t *c);

/* ---- walking (cause_walk.c) */

enum { EFF__CAUSE_FEW = 32, EFF__CAUSE_LEVELS = 32 };

/* One node of a walk, with what its place in the tree means to a reader. */
struct eff__cause_step {
    const eff_cause_t *node;
    uint32_t indent;  /* of its text: a right side is one deeper, unless it goes on with the same tag */
    uint8_t level;    /* of its JSON object, at most EFF__CAUSE_LEVELS: how often the tag changed above it */
    uint8_t lead;     /* the tag that joins it to what is printed before it; EFF_CAUSE_EMPTY for what comes first */
    bool flat : 1;    /* an inner node whose lead stands at its own indent, not one less: its left side is deeper */
    bool chained : 1; /* an inner node with the tag of the one above it */
    bool end : 1;     /* an inner node once more, after all that is below it */
};

/* A walk in preorder, in constant C stack. What is still to come, right sides and ends, waits on a stack that grows on
 * the heap. When it cannot, its older half is forgotten, and found again later by descending from the root: slower,
 * never wrong. */
struct eff__cause_walk {
    const eff_cause_t *root;
    struct eff__cause_step at;       /* the node the last call gave */
    size_t next;                     /* the number, in preorder, of the next node that is not an end */
    size_t n_ended;                  /* how many ends were given since the last node that is not one */
    bool ends;                       /* inner nodes with extras are given a second time, as ends; set after init */
    bool leaf;                       /* do not go below `at` */
    bool forgot;                     /* there is more below the stack's bottom */
    size_t n, capacity;              /* of `pending` */
    struct eff__cause_step *pending; /* `few`, or owned */
    struct eff__cause_step few[EFF__CAUSE_FEW];
};

/* Starts before the root. Borrows it until eff__cause_walk_done. */
void eff__cause_walk_init(struct eff__cause_walk *w, const eff_cause_t *root);
/* The next node, NULL at the end; its place is w->at. */
const eff_cause_t *eff__cause_walk_next(struct eff__cause_walk *w);
/* Leaves out what is below the current node. Not for walks with ends. */
void eff__cause_walk_skip(struct eff__cause_walk *w);
void eff__cause_walk_done(struct eff__cause_walk *w);

/* ---- the hooks of eff_cause_type (cause_walk.c, cause_format.c, cause_json.c) */

bool eff__cause_equal_hook(const void *a, const void *b);
int eff__cause_compare_hook(const void *a, const void *b);
uint64_t eff__cause_hash_hook(const void *c);
void eff__cause_format_hook(const void *c, eff_buffer_t *out);
struct json_t *eff__cause_json_hook(const void *c);

/* ---- words (cause_format.c) */

const char *eff__cause_tag_name(eff_cause_tag_t tag);
const char *eff__cause_reason_name(eff_interrupt_reason_t reason);

#endif
