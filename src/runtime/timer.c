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

/* Into the slot of a tick after base. */
static void wind(struct eff__wheel *w, struct eff__timer *t)
{
    int64_t tick = tick_of(t), base = w->base;
    size_t level = 0;
    for (; tick - base >= EFF__WHEEL_SLOTS; level++) {
        tick >>= EFF__WHEEL_BITS;
        base >>= EFF__WHEEL_BITS;
    }
    size_t i = (size_t)tick % EFF__WHEEL_SLOTS;
    struct eff__slot *slot = &w->slots[level][i];
    if (!(w->used[level][i / 64] >> i % 64 & 1)) {
        w->used[level][i / 64] |= UINT64_C(1) << i % 64;
        w->used_words[level] |= UINT32_C(1) << i / 64;
        *slot = (struct eff__slot){ { NULL } };
    }
    struct eff__timer **link = &slot->strands[t->seq % EFF__WHEEL_STRANDS];
    t->child = NULL;
    t->link = link;
    t->next = *link; /* whose own link is left as it is: it is not in the cache */
    *link = t;
    w->n++;
}

/* Takes one out of its list. The links of those that were not the first any more when somebody needed them, which are the
 * second and some after it, still point at the list's own pointer: the first time that one of these is taken out, all are
 * put right. */
static void unwind(struct eff__wheel *w, struct eff__timer *t)
{
    if (*t->link != t) {
        struct eff__timer **link = &(*t->link)->next;
        for (; *link && (*link)->link != link; link = &(*link)->next)
            (*link)->link = link;
    }
    *t->link = t->next;
    if (t->next) t->next->link = t->link;
    w->n--;
}

/* Into the heap or the wheel. The caller counts it for the queue. */
static void place(struct eff__timers *q, struct eff__timer *t)
{
    struct eff__wheel *w = q->wheel;
    if (w && tick_of(t) > w->base) {
        wind(w, t);
        return;
    }
    t->child = t->next = t->prev = NULL;
    q->root = q->root ? meld(q->root, t) : t;
}

/* Places the timers of a slot, from all its strands in turn. Returns how many there were. */
static size_t place_all(struct eff__timers *q, struct eff__slot slot)
{
    size_t n = 0;
    for (bool any = true; any;) {
        any = false;
        for (size_t i = 0; i < EFF__WHEEL_STRANDS; i++) {
            struct eff__timer *t = slot.strands[i];
            if (!t) continue;
            any = true;
            slot.strands[i] = t->next;
            fetch(t->next);
            if (t->next) fetch(&t->next[1]); /* it may lie across two lines of the cache */
            place(q, t);
            n++;
        }
    }
    return n;
}

/* How many slots after that of base the first used one of a level comes; EFF__WHEEL_SLOTS: none is used. */
static int64_t next_used(const struct eff__wheel *w, size_t level)
{
    if (!w->used_words[level]) return EFF__WHEEL_SLOTS;
    size_t from = (size_t)(w->base >> (level * EFF__WHEEL_BITS)) % EFF__WHEEL_SLOTS, i = from / 64;
    uint64_t word = w->used[level][i] >> from % 64;
    if (word) return __builtin_ctzll(word);
    uint64_t words = (uint64_t)w->used_words[level] << EFF__WHEEL_WORDS | w->used_words[level];
    words >>= i + 1; /* those after it, and from the first one on again */
    if (!words) return EFF__WHEEL_SLOTS;
    i = (i + 1 + (size_t)__builtin_ctzll(words)) % EFF__WHEEL_WORDS;
    size_t slot = i * 64 + (size_t)__builtin_ctzll(w->used[level][i]);
    return (int64_t)((slot - from) % EFF__WHEEL_SLOTS);
}

/* The slot that begins first; of those that begin at the same time, that of the highest level. Returns the tick that it
 * begins with; INT64_MAX: none is used. */
static int64_t first_used(const struct eff__wheel *w, size_t *ret_level)
{
    int64_t first = INT64_MAX;
    for (size_t level = EFF__WHEEL_LEVELS; level-- > 0;) {
        size_t shift = level * EFF__WHEEL_BITS;
        int64_t after = next_used(w, level), start = ((w->base >> shift) + after) << shift;
        if (after == EFF__WHEEL_SLOTS || start >= first) continue;
        first = start;
        *ret_level = level;
    }
    return first;
}

/* The heap is empty, the wheel is not: turns it until the heap has something. The slots that begin first are emptied, into
 * lower ones or the heap. */
static void turn(struct eff__timers *q)
{
    struct eff__wheel *w = q->wheel;
    size_t level = EFF__WHEEL_LEVELS;
    while (!q->root || level > 0) {
        int64_t first = first_used(w, &level);
        if (q->root && first != w->base) break;
        size_t i = (size_t)(first >> (level * EFF__WHEEL_BITS)) % EFF__WHEEL_SLOTS;
        w->used[level][i / 64] &= ~(UINT64_C(1) << i % 64);
        if (!w->used[level][i / 64]) w->used_words[level] &= ~(UINT32_C(1) << i / 64);
        w->base = first;
        size_t n = place_all(q, w->slots[level][i]); /* counts those that stay in the wheel once more */
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
    for (size_t i = 0; i < (size_t)EFF__WHEEL_LEVELS * EFF__WHEEL_WORDS; i++) {
        size_t level = i / EFF__WHEEL_WORDS, word = i % EFF__WHEEL_WORDS;
        for (uint64_t used = q->wheel->used[level][word]; used; used &= used - 1) {
            const struct eff__slot *slot = &q->wheel->slots[level][64 * word + (size_t)__builtin_ctzll(used)];
            for (size_t k = 0; k < EFF__WHEEL_STRANDS; k++) {
                for (struct eff__timer *t = slot->strands[k], *next; t; t = next) {
                    next = t->next;
                    t->next = all;
                    all = t;
                }
            }
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
        memset(w, 0, offsetof(struct eff__wheel, slots));
        q->wheel = w;
    }
    struct eff__timer *all = gather(q);
    memset(w, 0, offsetof(struct eff__wheel, slots));
    w->base = tick_of(q->root);
    q->root = NULL;
    for (struct eff__timer *next; all; all = next) {
        next = all->next;
        place(q, all);
    }
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
        unwind(w, t);
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
