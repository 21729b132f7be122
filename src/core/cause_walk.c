/* Walking a cause in preorder, in constant C stack and without needing memory; equality, order and hash, which are
 * walks of two causes side by side or of one.
 *
 * The walk knows nothing but the tree: a node's place in text and JSON follows from the path to it, so it is the same
 * whether the node was waiting on the stack or is found again from the root. Node number k in preorder is found by
 * comparing k with the sizes of the left sides, which the numbers of leaves give (a binary tree of n leaves has 2n - 1
 * nodes).
 */
#include <string.h>

#include <effect/cause.h>

#include "core/cause_node.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/nesting.h"

static size_t n_nodes(const eff_cause_t *c)
{
    size_t n = eff__cause_n_leaves(c);
    return n <= SIZE_MAX / 2 ? 2 * n - 1 : SIZE_MAX;
}

/* ---- places */

/* One side of an inner node: deeper in text and JSON unless it goes on with the same tag. */
static struct eff__cause_step side(const struct eff__cause_step *parent, const eff_cause_t *node)
{
    bool chained = node->tag == parent->node->tag;
    uint8_t level = parent->level;
    if (!chained && level < EFF__CAUSE_LEVELS) level++;
    return (struct eff__cause_step){ .node = node, .indent = parent->indent, .level = level, .chained = chained };
}

static struct eff__cause_step right_side(const struct eff__cause_step *parent)
{
    struct eff__cause_step s = side(parent, parent->node->sides.right);
    s.lead = parent->node->tag;
    s.flat = s.chained;
    s.indent += !s.chained;
    return s;
}

static struct eff__cause_step left_side(const struct eff__cause_step *parent)
{
    struct eff__cause_step s = side(parent, parent->node->sides.left);
    s.lead = parent->lead;
    s.flat = parent->flat && s.chained;
    s.indent += parent->flat && !s.chained;
    return s;
}

/* ---- the walk */

void eff__cause_walk_init(struct eff__cause_walk *w, const eff_cause_t *root)
{
    w->root = root;
    w->at.node = NULL;
    w->next = 0;
    w->n_ended = 0;
    w->ends = false;
    w->leaf = true;
    w->forgot = false;
    w->n = 0;
    w->capacity = EFF__CAUSE_FEW;
    w->pending = w->few;
}

void eff__cause_walk_done(struct eff__cause_walk *w)
{
    if (w->pending != w->few) eff__raw_free(w->pending);
}

static bool grow(struct eff__cause_walk *w)
{
    if (w->capacity > SIZE_MAX / 2 / sizeof *w->pending) return false;
    bool few = w->pending == w->few;
    struct eff__cause_step *more = eff__realloc(few ? NULL : w->pending, 2 * w->capacity * sizeof *more);
    if (!more) return false;
    if (few) memcpy(more, w->few, sizeof w->few);
    w->pending = more;
    w->capacity *= 2;
    return true;
}

static void push(struct eff__cause_walk *w, struct eff__cause_step step)
{
    if (w->n == w->capacity && !grow(w)) {
        size_t half = w->capacity / 2;
        memmove(w->pending, w->pending + half, (w->n - half) * sizeof *w->pending);
        w->n -= half;
        w->forgot = true;
    }
    w->pending[w->n++] = step;
}

static bool has_end(const struct eff__cause_walk *w, const eff_cause_t *c)
{
    return w->ends && eff__cause_has_extras(c);
}

static void push_end(struct eff__cause_walk *w)
{
    struct eff__cause_step end = w->at;
    end.end = true;
    push(w, end);
}

static void go_left(struct eff__cause_walk *w)
{
    if (has_end(w, w->at.node)) push_end(w);
    push(w, right_side(&w->at));
    w->at = left_side(&w->at);
}

/* How many ends come directly after the leaf of this number: of the nodes whose last leaf it is. */
static size_t n_ends_after(const struct eff__cause_walk *w, size_t number)
{
    size_t n = 0;
    for (const eff_cause_t *c = w->root; eff__cause_is_inner(c);) {
        size_t n_left = n_nodes(c->sides.left);
        if (has_end(w, c) && number == n_nodes(c) - 1) n++;
        number--;
        bool left = number < n_left;
        if (!left) number -= n_left;
        c = left ? c->sides.left : c->sides.right;
    }
    return n;
}

/* Descends from the root to the last leaf that was given, leaving on the stack what is still to come. Of the ends
 * directly after it, the deepest n_ended were given. */
static void remember(struct eff__cause_walk *w)
{
    size_t number = w->next - 1, n_ends = n_ends_after(w, number) - w->n_ended;
    w->forgot = false;
    w->at = (struct eff__cause_step){ .node = w->root };
    while (eff__cause_is_inner(w->at.node)) {
        size_t n_left = n_nodes(w->at.node->sides.left);
        bool directly_after = number == n_nodes(w->at.node) - 1;
        number--;
        if (number < n_left) {
            go_left(w);
            continue;
        }
        number -= n_left;
        if (has_end(w, w->at.node) && (!directly_after || n_ends > 0)) {
            push_end(w);
            n_ends -= directly_after;
        }
        w->at = right_side(&w->at);
    }
}

const eff_cause_t *eff__cause_walk_next(struct eff__cause_walk *w)
{
    if (!w->leaf) {
        go_left(w);
    } else {
        if (!w->n && w->forgot) remember(w);
        if (w->n) w->at = w->pending[--w->n];
        else if (w->next == 0) w->at = (struct eff__cause_step){ .node = w->root };
        else return NULL;
    }
    w->leaf = w->at.end || !eff__cause_is_inner(w->at.node);
    if (w->at.end) {
        w->n_ended++;
    } else {
        w->n_ended = 0;
        w->next++;
    }
    return w->at.node;
}

void eff__cause_walk_skip(struct eff__cause_walk *w)
{
    if (!w->leaf) w->next += n_nodes(w->at.node) - 1;
    w->leaf = true;
}

void eff_cause_each(const eff_cause_t *cause, bool (*visit)(const eff_cause_t *leaf, void *arg), void *arg)
{
    struct eff__cause_walk w;
    const eff_cause_t *c;
    eff__cause_walk_init(&w, eff__cause_given(cause));
    while ((c = eff__cause_walk_next(&w))) {
        if (eff__cause_is_inner(c) || c->tag == EFF_CAUSE_EMPTY) continue;
        if (!visit(c, arg)) break;
    }
    eff__cause_walk_done(&w);
}

/* ---- side by side */

/* Compares two nodes without what is below them. */
static int compare_nodes(const eff_cause_t *a, const eff_cause_t *b)
{
    if (a->tag != b->tag) return a->tag < b->tag ? -1 : 1;
    if (a->tag == EFF_CAUSE_FAIL || a->tag == EFF_CAUSE_DIE) return eff_value_compare(a->value, b->value);
    if (a->tag != EFF_CAUSE_INTERRUPT) return 0;
    if (a->interrupt.by != b->interrupt.by) return a->interrupt.by < b->interrupt.by ? -1 : 1;
    return (a->reason > b->reason) - (a->reason < b->reason);
}

/* As compare_nodes, but with the equality of the values' type, which need not have an order. */
static int differ_nodes(const eff_cause_t *a, const eff_cause_t *b)
{
    if (a->tag == b->tag && (a->tag == EFF_CAUSE_FAIL || a->tag == EFF_CAUSE_DIE))
        return !eff_value_equal(a->value, b->value);
    return compare_nodes(a, b);
}

/* The first difference of two causes in preorder, 0 when there is none. What they share is not looked into. */
static int side_by_side(const eff_cause_t *a, const eff_cause_t *b,
                        int (*compare)(const eff_cause_t *, const eff_cause_t *))
{
    struct eff__cause_walk v, w;
    int order = 0;
    eff__cause_walk_init(&v, a);
    eff__cause_walk_init(&w, b);
    while (!order && (a = eff__cause_walk_next(&v))) {
        b = eff__cause_walk_next(&w);
        if (a == b) {
            eff__cause_walk_skip(&v);
            eff__cause_walk_skip(&w);
        } else {
            order = compare(a, b);
        }
    }
    eff__cause_walk_done(&v);
    eff__cause_walk_done(&w);
    return order;
}

bool eff_cause_equal(const eff_cause_t *a, const eff_cause_t *b)
{
    a = eff__cause_given(a);
    b = eff__cause_given(b);
    if (a == b) return true;
    /* Cheap, and what makes most unequal causes differ. */
    if ((a->flags ^ b->flags) & EFF__CAUSE_KINDS || eff__cause_n_leaves(a) != eff__cause_n_leaves(b)) return false;
    return side_by_side(a, b, differ_nodes) == 0;
}

/* ---- the hooks of eff_cause_type */

__thread unsigned eff__nesting;

bool eff__cause_equal_hook(const void *a, const void *b)
{
    if (!eff__nesting_enter()) return a == b;
    bool equal = eff_cause_equal(a, b);
    eff__nesting_leave();
    return equal;
}

int eff__cause_compare_hook(const void *a, const void *b)
{
    if (!eff__nesting_enter()) return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
    int order = side_by_side(a, b, compare_nodes);
    eff__nesting_leave();
    return order;
}

uint64_t eff__cause_hash_hook(const void *cause)
{
    if (!eff__nesting_enter()) return 0;
    struct eff__cause_walk w;
    uint64_t hash = 0;
    const eff_cause_t *c;
    eff__cause_walk_init(&w, cause);
    while ((c = eff__cause_walk_next(&w))) {
        hash = eff__hash_add(hash, c->tag);
        if (c->tag == EFF_CAUSE_FAIL || c->tag == EFF_CAUSE_DIE) hash = eff__hash_add(hash, eff_value_hash(c->value));
        else if (c->tag == EFF_CAUSE_INTERRUPT) hash = eff__hash_add(hash, 8 * c->interrupt.by + c->reason);
    }
    eff__cause_walk_done(&w);
    eff__nesting_leave();
    return hash;
}
