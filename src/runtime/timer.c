/* The timer queue's pairing heap. Each node's children form a list, leftmost first; `prev` is the left sibling, or the
 * parent for the leftmost. Heap order: a node is due no later than its children. Melding two heaps makes the later root
 * the leftmost child of the earlier one. Nothing here recurses. */
#include "runtime/timer.h"

static bool before(const struct eff__timer *a, const struct eff__timer *b)
{
    return a->deadline < b->deadline || (a->deadline == b->deadline && a->seq < b->seq);
}

/* Has what will be melded soon come from memory meanwhile: of a million timers hardly any is in the cache. */
static inline void fetch(const struct eff__timer *t)
{
    __builtin_prefetch(t, 1);
}

/* Melds two roots (neither NULL, both without siblings); returns the root. */
static struct eff__timer *meld(struct eff__timer *a, struct eff__timer *b)
{
    if (before(b, a)) {
        struct eff__timer *t = a;
        a = b;
        b = t;
    }
    b->next = a->child;
    if (a->child) a->child->prev = b;
    b->prev = a;
    a->child = b;
    return a;
}

/* Melds a list of siblings into one heap: pairs from left to right, then all pairs from right to left. The pairs are
 * stacked through `next`, so the second pass is a pop loop. */
static struct eff__timer *meld_siblings(struct eff__timer *first)
{
    struct eff__timer *pairs = NULL;
    while (first) {
        struct eff__timer *a = first, *b = a->next;
        first = b ? b->next : NULL;
        if (first) fetch(first->child);
        a->next = a->prev = NULL;
        if (b) {
            b->next = b->prev = NULL;
            a = meld(a, b);
        }
        a->next = pairs;
        pairs = a;
    }
    struct eff__timer *root = NULL;
    while (pairs) {
        struct eff__timer *p = pairs;
        pairs = p->next;
        if (pairs) {
            fetch(pairs->next);
            fetch(pairs->child);
        }
        p->next = p->prev = NULL;
        root = root ? meld(root, p) : p;
    }
    return root;
}

void eff__timers_add(struct eff__timers *q, struct eff__timer *t, int64_t deadline)
{
    t->child = t->next = t->prev = NULL;
    t->deadline = deadline;
    t->seq = q->next_seq++;
    q->root = q->root ? meld(q->root, t) : t;
    q->n++;
}

struct eff__timer *eff__timers_pop(struct eff__timers *q)
{
    struct eff__timer *t = q->root;
    q->root = meld_siblings(t->child);
    q->n--;
    return t;
}

void eff__timers_remove(struct eff__timers *q, struct eff__timer *t)
{
    if (t == q->root) {
        eff__timers_pop(q);
        return;
    }
    if (t->prev->child == t) t->prev->child = t->next;
    else t->prev->next = t->next;
    if (t->next) t->next->prev = t->prev;
    struct eff__timer *rest = meld_siblings(t->child);
    if (rest) q->root = meld(q->root, rest);
    q->n--;
}
