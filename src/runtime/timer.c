/* The timer queue's pairing heap. Each node's children form a list, leftmost first; `prev` is the left sibling, or the
 * parent for the leftmost. Heap order: a node is due no later than its children. Melding two heaps makes the later root
 * the leftmost child of the earlier one. Nothing here recurses. */
#include "runtime/timer.h"

#include <string.h>

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

/* ---- the wheel */

enum { CROWD = 1024 }; /* fewer timers than this stay in the processor's cache */

static int64_t tick_of(const struct eff__timer *t)
{
    return t->deadline < 0 ? 0 : t->deadline >> EFF__TICK_BITS;
}

static size_t n_in_heap(const struct eff__timers *q)
{
    return q->n - (q->wheel ? q->wheel->n : 0);
}

/* The list of a tick after base. */
static size_t list_of(const struct eff__wheel *w, int64_t tick)
{
    int level = (63 - __builtin_clzll((uint64_t)tick ^ (uint64_t)w->base)) / EFF__WHEEL_BITS;
    size_t slot = (size_t)(tick >> (level * EFF__WHEEL_BITS)) & (EFF__WHEEL_SLOTS - 1);
    return (size_t)level * EFF__WHEEL_SLOTS + slot;
}

/* Into the heap or the wheel. The caller counts it for the queue. */
static void place(struct eff__timers *q, struct eff__timer *t)
{
    struct eff__wheel *w = q->wheel;
    t->child = t->next = t->prev = NULL;
    if (!w || tick_of(t) <= w->base) {
        q->root = q->root ? meld(q->root, t) : t;
        return;
    }
    size_t list = list_of(w, tick_of(t));
    t->next = w->lists[list];
    if (t->next) t->next->prev = t;
    w->lists[list] = t;
    w->used[list / 64] |= UINT64_C(1) << (list % 64);
    w->n++;
}

/* Returns how many there were. */
static size_t place_all(struct eff__timers *q, struct eff__timer *list)
{
    size_t n = 0;
    for (struct eff__timer *next; list; list = next) {
        next = list->next;
        fetch(next);
        place(q, list);
        n++;
    }
    return n;
}

/* The heap is empty, the wheel is not: turns it until the heap has something. At the lowest level a slot is a tick; the
 * list of a higher one is spread over those below. */
static void turn(struct eff__timers *q)
{
    struct eff__wheel *w = q->wheel;
    while (!q->root) {
        size_t word = 0;
        while (!w->used[word])
            word++;
        size_t i = 64 * word + (size_t)__builtin_ctzll(w->used[word]);
        struct eff__timer *list = w->lists[i];
        w->used[word] &= w->used[word] - 1;
        w->lists[i] = NULL;
        if (!list) continue;
        size_t shift = i / EFF__WHEEL_SLOTS * EFF__WHEEL_BITS;
        int64_t above = w->base >> (shift + EFF__WHEEL_BITS) << EFF__WHEEL_BITS;
        w->base = (above | (int64_t)(i % EFF__WHEEL_SLOTS)) << shift;
        size_t n = place_all(q, list); /* counts those that stay in the wheel once more */
        w->n -= n;
    }
    q->crowd = CROWD;
}

/* All timers of both, as a list. */
static struct eff__timer *gather(struct eff__timers *q)
{
    struct eff__timer *all = NULL, *pending = q->root;
    while (pending) {
        struct eff__timer *t = pending;
        pending = t->next;
        for (struct eff__timer *child = t->child, *next; child; child = next) {
            next = child->next;
            child->next = pending;
            pending = child;
        }
        t->next = all;
        all = t;
    }
    for (size_t i = 0; i < EFF__WHEEL_LISTS; i++) {
        for (struct eff__timer *t = q->wheel->lists[i], *next; t; t = next) {
            next = t->next;
            t->next = all;
            all = t;
        }
    }
    return all;
}

/* The heap is crowded: all that is due after the first one's tick goes into the wheel, whose base may go back for that.
 * That takes as long as there are timers, so it has to be worth it: as many as a fourth of the wheel's, and twice as many as
 * stayed in the heap the last time, were added since. */
static EFF_NOINLINE void spread(struct eff__timers *q)
{
    struct eff__wheel *w = q->wheel;
    if (w && n_in_heap(q) < w->n / 4) return;
    if (!w) {
        w = (struct eff__wheel *)eff__malloc(sizeof *w);
        if (!w) {
            q->crowd = 2 * q->n;
            return;
        }
        memset(w, 0, sizeof *w);
        q->wheel = w;
    }
    struct eff__timer *all = gather(q);
    memset(w, 0, sizeof *w);
    w->base = tick_of(q->root);
    q->root = NULL;
    (void)place_all(q, all);
    q->crowd = 2 * n_in_heap(q);
}

/* ---- the queue */

void eff__timers_add(struct eff__timers *q, struct eff__timer *t, int64_t deadline)
{
    t->deadline = deadline;
    t->seq = q->next_seq++;
    if (__builtin_expect(q->n >= CROWD, 0)) {
        size_t n = n_in_heap(q);
        if (n >= CROWD && n > q->crowd) spread(q);
    }
    if (q->n == 0 && q->wheel) q->wheel->base = tick_of(t);
    place(q, t);
    q->n++;
}

struct eff__timer *eff__timers_pop(struct eff__timers *q)
{
    struct eff__timer *t = q->root;
    q->root = meld_siblings(t->child);
    q->n--;
    if (!q->root && q->n > 0) turn(q);
    return t;
}

void eff__timers_remove(struct eff__timers *q, struct eff__timer *t)
{
    struct eff__wheel *w = q->wheel;
    if (t == q->root) {
        eff__timers_pop(q);
        return;
    }
    q->n--;
    if (w && tick_of(t) > w->base) {
        if (t->prev) t->prev->next = t->next;
        else w->lists[list_of(w, tick_of(t))] = t->next;
        if (t->next) t->next->prev = t->prev;
        w->n--;
        return;
    }
    if (t->prev->child == t) t->prev->child = t->next;
    else t->prev->next = t->next;
    if (t->next) t->next->prev = t->prev;
    struct eff__timer *rest = meld_siblings(t->child);
    if (rest) q->root = meld(q->root, rest);
}

void eff__timers_done(struct eff__timers *q)
{
    eff__raw_free(q->wheel);
    q->wheel = NULL;
}
