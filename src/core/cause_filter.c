/* A cause without some of its leaves: stripped of Fails, reduced to Dies, or rid of given Interrupts.
 *
 * Whole subtrees are kept or dropped by their flags where that decides it; only where both kinds mix is the spine
 * built anew, in constant C stack: a frame for every node being rebuilt, in a list on the heap. What is kept whole is
 * shared with the original, and a cause from which nothing is taken is returned itself. A Then or Both that loses a
 * side hands its notes and trace to the other.
 */
#include <effect/cause.h>

#include "core/cause_node.h"
#include "core/memory.h"

/* Either kinds of leaves, by their flags, or single Interrupts, by identity. */
struct filter {
    uint8_t unwanted;                     /* EFF__CAUSE_HAS_... to take out; 0: the interrupts below */
    const eff_cause_t *const *interrupts; /* borrowed */
    size_t n_interrupts;
};

enum verdict { KEEP, DROP, SPLIT };

static enum verdict judge(const struct filter *f, const eff_cause_t *c)
{
    uint8_t kinds = c->flags & EFF__CAUSE_KINDS;
    if (f->unwanted) {
        if (!(kinds & f->unwanted)) return KEEP;
        return kinds & ~f->unwanted ? SPLIT : DROP;
    }
    if (!(kinds & EFF__CAUSE_HAS_INTERRUPT)) return KEEP;
    if (eff__cause_is_inner(c)) return SPLIT;
    for (size_t i = 0; i < f->n_interrupts; i++)
        if (eff__cause_identity(c) == eff__cause_identity(f->interrupts[i])) return DROP;
    return KEEP;
}

/* An inner node being rebuilt. */
struct frame {
    struct frame *up;       /* the one it is a side of */
    const eff_cause_t *src; /* the original, borrowed */
    eff_cause_t *left;      /* what remains of its left side, owned; valid once went_right, NULL: nothing */
    bool went_right;        /* the right side is being rebuilt, not the left */
};

/* What remains of src when that remains of its sides. Consumes both; false when out of memory, then nothing is. */
static bool rebuild(const eff_cause_t *src, eff_cause_t *left, eff_cause_t *right, eff_cause_t **ret)
{
    if (left == src->sides.left && right == src->sides.right) {
        eff_cause_decref(left);
        eff_cause_decref(right);
        *ret = eff_cause_incref(src);
        return true;
    }
    eff_cause_t *c = left ? left : right;
    if (left && right) c = eff__cause_join((eff_cause_tag_t)src->tag, left, right);
    if (!c && left) return false;
    *ret = c ? eff__cause_inherit(c, src) : NULL;
    return true;
}

/* Without a frame, as long as one side goes as a whole and the node itself has nothing to hand on. */
static const eff_cause_t *pass_through(const struct filter *f, const eff_cause_t *c)
{
    while (eff__cause_is_inner(c) && !eff__cause_has_extras(c)) {
        if (judge(f, c->sides.left) == DROP) c = c->sides.right;
        else if (judge(f, c->sides.right) == DROP) c = c->sides.left;
        else break;
    }
    return c;
}

static bool frame_push(struct frame **top, const eff_cause_t *src)
{
    struct frame *f = eff__alloc(sizeof *f);
    if (!f) return false;
    *f = (struct frame){ .up = *top, .src = src };
    *top = f;
    return true;
}

static void frame_pop(struct frame **top)
{
    struct frame *f = *top;
    *top = f->up;
    eff__free(f, sizeof *f);
}

/* Borrows the cause. *ret: what remains, new, or NULL for nothing. @return false when out of memory */
static bool filter(const struct filter *f, const eff_cause_t *src, eff_cause_t **ret)
{
    struct frame *top = NULL;
    eff_cause_t *done = NULL;
    for (;;) {
        src = pass_through(f, src);
        enum verdict v = judge(f, src);
        if (v == SPLIT) {
            if (!frame_push(&top, src)) break;
            src = src->sides.left;
            continue;
        }
        done = v == KEEP ? eff_cause_incref(src) : NULL;

        /* Back up to the nearest frame whose right side is still to do. */
        while (top && top->went_right) {
            eff_cause_t *both;
            if (!rebuild(top->src, top->left, done, &both)) goto out_of_memory;
            done = both;
            frame_pop(&top);
        }
        if (!top) {
            *ret = done;
            return true;
        }
        top->left = done;
        top->went_right = true;
        done = NULL;
        src = top->src->sides.right;
    }
out_of_memory:
    eff_cause_decref(done);
    for (; top; frame_pop(&top))
        eff_cause_decref(top->left);
    return false;
}

/* The leftmost leaf of the first of these kinds there is, borrowed. */
static const eff_cause_t *leftmost_of(const eff_cause_t *c, uint8_t first, uint8_t second)
{
    uint8_t flag = c->flags & first ? first : second;
    while (eff__cause_is_inner(c))
        c = c->sides.left->flags & flag ? c->sides.left : c->sides.right;
    return c;
}

/* Takes kinds of leaves out. NULL when nothing remains. Without memory, one leaf stands for what should remain. */
static eff_cause_t *without_kinds(eff_cause_t *cause, uint8_t unwanted)
{
    const struct filter f = { .unwanted = unwanted };
    eff_cause_t *rest;
    if (!filter(&f, cause, &rest))
        rest = eff_cause_incref(leftmost_of(cause, EFF__CAUSE_HAS_DIE, EFF__CAUSE_HAS_INTERRUPT));
    eff_cause_decref(cause);
    return rest;
}

eff_cause_t *eff_cause_strip_failures(eff_cause_t *cause)
{
    if (!eff_cause_has_fail(cause)) return cause ? cause : eff__cause_empty;
    eff_cause_t *rest = without_kinds(cause, EFF__CAUSE_HAS_FAIL);
    return rest ? rest : eff__cause_empty;
}

eff_cause_t *eff_cause_keep_defects(eff_cause_t *cause)
{
    if (eff_cause_has_die(cause)) return without_kinds(cause, EFF__CAUSE_HAS_FAIL | EFF__CAUSE_HAS_INTERRUPT);
    eff_cause_decref(cause);
    return NULL;
}

static bool contains_any(const eff_cause_t *cause, const struct filter *f)
{
    struct eff__cause_walk w;
    const eff_cause_t *c;
    bool found = false;
    eff__cause_walk_init(&w, cause);
    while (!found && (c = eff__cause_walk_next(&w))) {
        enum verdict v = judge(f, c);
        if (v == KEEP) eff__cause_walk_skip(&w);
        found = v == DROP;
    }
    eff__cause_walk_done(&w);
    return found;
}

bool eff__cause_contains(const eff_cause_t *cause, const eff_cause_t *interrupt)
{
    const struct filter f = { .interrupts = &interrupt, .n_interrupts = 1 };
    return contains_any(cause, &f);
}

eff_cause_t *eff__cause_without(eff_cause_t *cause, const eff_cause_t *const *interrupts, size_t n)
{
    const struct filter f = { .interrupts = interrupts, .n_interrupts = n };
    eff_cause_t *rest;
    if (n == 0 || !contains_any(cause, &f)) return cause;
    if (!filter(&f, cause, &rest)) {
        eff__cause_mark_cut(cause);
        return cause;
    }
    eff_cause_decref(cause);
    return rest;
}
