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

static void go_left(struct eff__cause_walk *w)
{
    push(w, right_side(&w->at));
    w->at = left_side(&w->at);
}

/* Goes to the node of this number from the root, leaving the right sides it passes on the stack. */
static void find(struct eff__cause_walk *w, size_t number)
{
    w->forgot = false;
    w->at = (struct eff__cause_step){ .node = w->root };
    while (number) {
        size_t n_left = n_nodes(w->at.node->sides.left);
        number--;
        if (number < n_left) {
            go_left(w);
        } else {
            number -= n_left;
            w->at = right_side(&w->at);
        }
    }
}

const eff_cause_t *eff__cause_walk_next(struct eff__cause_walk *w)
{
    if (!w->leaf) go_left(w);
    else if (w->n) w->at = w->pending[--w->n];
    else if (w->next == 0 || w->forgot) find(w, w->next);
    else return NULL;
    w->next++;
    w->leaf = !eff__cause_is_inner(w->at.node);
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
