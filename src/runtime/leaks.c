/* The report of leaks.
 *
 * An effect that leaks takes along all that it is made of, so only those blocks are told of that no other leaked block
 * points to: every word of a block that could be the address of another is taken for one, as garbage collectors do that
 * know nothing of types (Boehm and Weiser: Garbage collection in an uncooperative environment, 1988). A number that looks
 * like an address can hide a leak, and no more than that. Of a circle the oldest block is told of.
 *
 * Where things come from they say themselves: an effect its site, a fiber where it was forked, a scope where it was
 * opened. Of other values the callback is known in which they were made.
 */
#include "runtime/leaks.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of what is copied with a struct, not every byte was ever written to. */
#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif
#ifndef VALGRIND_MAKE_MEM_DEFINED
#define VALGRIND_MAKE_MEM_DEFINED(p, n) ((void)(p), (void)(n))
#endif

#include "core/node.h"
#include "core/track.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

enum { MAX_LINES = 30 }; /* so many kinds of leaks are told of, the most frequent first */

/* ---- which of the living blocks nobody points to */

struct block {
    struct eff__tracked noted;
    struct eff__tracked *note; /* itself */
    bool pointed;              /* another one points to it */
    bool seen;                 /* it is a root, or one reaches it */
};

/* Leaks that are alike. */
struct group {
    enum { EFFECT, VALUE, FIBER, SCOPE, RUNTIME, OTHER } kind;
    const char *type; /* of a value: its type's name */
    eff_site_t site;
    bool ran; /* an effect was */
    size_t n;
    uint64_t first; /* the serial of the first of them */
};

struct heap {
    const struct eff__leaks_ask *ask;
    struct block *blocks; /* by address */
    size_t n;
    size_t *order;   /* of their making */
    size_t *pending; /* whose pointers are still to be followed */
    struct group *groups;
    size_t n_groups;
};

static int by_address(const void *a, const void *b)
{
    uintptr_t x = ((const struct block *)a)->noted.block, y = ((const struct block *)b)->noted.block;
    return x < y ? -1 : x > y;
}

/* The block that an address lies in, or NULL. */
static struct block *find(const struct heap *h, uintptr_t address)
{
    size_t low = 0, high = h->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (h->blocks[middle].noted.block <= address) low = middle + 1;
        else high = middle;
    }
    if (low == 0) return NULL;
    struct block *b = &h->blocks[low - 1];
    return address - b->noted.block < b->noted.size ? b : NULL;
}

/* The next block after *i that b points to, or NULL. */
static struct block *next_pointed(const struct heap *h, const struct block *b, size_t *i)
{
    const uintptr_t *words = (const uintptr_t *)b->noted.block;
    while (*i < b->noted.size / sizeof *words) {
        uintptr_t word = words[(*i)++];
        VALGRIND_MAKE_MEM_DEFINED(&word, sizeof word);
        struct block *to = find(h, word);
        if (to && to != b) return to;
    }
    return NULL;
}

static void mark_pointed(struct heap *h)
{
    for (size_t b = 0; b < h->n; b++) {
        size_t i = 0;
        for (struct block *to; (to = next_pointed(h, &h->blocks[b], &i));)
            to->pointed = true;
    }
}

/* Marks all that a root reaches. */
static void see(struct heap *h, struct block *root)
{
    size_t n = 0;
    root->seen = true;
    h->pending[n++] = (size_t)(root - h->blocks);
    while (n > 0) {
        const struct block *b = &h->blocks[h->pending[--n]];
        size_t i = 0;
        for (struct block *to; (to = next_pointed(h, b, &i));) {
            if (to->seen) continue;
            to->seen = true;
            h->pending[n++] = (size_t)(to - h->blocks);
        }
    }
}

/* ---- what they are */

static struct group group_of(const struct eff__tracked *t)
{
    struct group g = { .kind = OTHER, .site = t->made_in, .n = 1, .first = t->serial };
    if (t->kind == EFF__BLOCK_RUNTIME) {
        g.kind = RUNTIME;
    } else if (t->kind == EFF__BLOCK_NODE) {
        const eff_t *e = (const eff_t *)t->block;
        g.kind = EFFECT;
        g.ran = e->ran;
        g.site = e->site;
    } else if (t->kind == EFF__BLOCK_PAYLOAD) {
        const struct eff__header *h = (const struct eff__header *)t->block;
        const void *payload = h + 1;
        if (!h->type) return g; /* a worker is just making it */
        g.kind = h->type == &eff_fiber_type ? FIBER : h->type == &eff_scope_type ? SCOPE : VALUE;
        g.type = h->type->name;
        if (g.kind == FIBER) g.site = ((const eff_fiber_t *)payload)->fork_site;
        if (g.kind == SCOPE) g.site = ((const eff_scope_t *)payload)->site;
    }
    return g;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

/* Whether a report may tell of it; others count only as those who keep something. */
static bool is_asked_for(const struct heap *h, const struct eff__tracked *t)
{
    if (h->ask->own && t->thread && t->thread != eff__track_thread()) return false;
    return t->serial > h->ask->since && !t->told;
}

static void add_root(struct heap *h, struct block *root)
{
    see(h, root);
    if (!is_asked_for(h, &root->noted)) return;
    struct group g = group_of(&root->noted);
    if (h->ask->typed && g.kind == OTHER) return;
    root->note->told = true;
    for (size_t i = 0; i < h->n_groups; i++) {
        struct group *old = &h->groups[i];
        if (old->kind != g.kind || old->ran != g.ran || !same_text(old->site, g.site)) continue;
        if (!same_text(old->type, g.type)) continue;
        old->n++;
        return;
    }
    h->groups[h->n_groups++] = g;
}

/* ---- looking */

static bool make_room(struct heap *h, size_t n)
{
    h->blocks = (struct block *)eff__untracked_alloc(n * sizeof *h->blocks);
    h->order = (size_t *)eff__untracked_alloc(n * sizeof *h->order);
    h->pending = (size_t *)eff__untracked_alloc(n * sizeof *h->pending);
    h->groups = (struct group *)eff__untracked_alloc(n * sizeof *h->groups);
    return h->blocks && h->order && h->pending && h->groups;
}

static void done(struct heap *h)
{
    eff__untracked_free(h->blocks);
    eff__untracked_free(h->order);
    eff__untracked_free(h->pending);
    eff__untracked_free(h->groups);
}

static int by_age(const void *a, const void *b, void *arg)
{
    const struct block *blocks = (const struct block *)arg;
    uint64_t x = blocks[*(const size_t *)a].noted.serial, y = blocks[*(const size_t *)b].noted.serial;
    return x < y ? -1 : x > y;
}

/* Marks all that a piece of memory holds. It may be anything that can be read: what a sanitizer keeps apart too. */
__attribute__((no_sanitize_address, no_sanitize_thread)) static void see_held(struct heap *h,
                                                                              const struct eff__held *held)
{
    uintptr_t at = ((uintptr_t)held->start + sizeof at - 1) / sizeof at * sizeof at;
    uintptr_t end = (uintptr_t)held->start + held->size;
    for (; at + sizeof at <= end; at += sizeof at) {
        uintptr_t word = *(const volatile uintptr_t *)at;
        VALGRIND_MAKE_MEM_DEFINED(&word, sizeof word);
        struct block *b = find(h, word);
        if (!b) continue;
        b->pointed = true;
        if (!b->seen) see(h, b);
    }
}

static void look(struct eff__tracked *all, size_t n_places, void *arg)
{
    struct heap *h = (struct heap *)arg;
    size_t n = 0;
    for (size_t i = 0; i < n_places; i++)
        n += all[i].block != 0;
    if (n == 0 || !make_room(h, n)) return;
    for (size_t i = 0; i < n_places; i++) {
        if (!all[i].block) continue;
        h->order[h->n] = h->n;
        h->blocks[h->n++] = (struct block){ .noted = all[i], .note = &all[i] };
    }
    qsort(h->blocks, n, sizeof *h->blocks, by_address);
    qsort_r(h->order, n, sizeof *h->order, by_age, h->blocks);
    mark_pointed(h);
    for (size_t i = 0; i < h->ask->n_held; i++)
        see_held(h, &h->ask->held[i]);
    for (size_t i = 0; i < n; i++)
        if (!h->blocks[h->order[i]].pointed) add_root(h, &h->blocks[h->order[i]]);
    for (size_t i = 0; i < n; i++) /* of what is left, each is in a circle, or a circle reaches it */
        if (!h->blocks[h->order[i]].seen) add_root(h, &h->blocks[h->order[i]]);
}

/* ---- telling */

static int by_number(const void *a, const void *b)
{
    const struct group *x = (const struct group *)a, *y = (const struct group *)b;
    if (x->n != y->n) return x->n > y->n ? -1 : 1;
    return x->first < y->first ? -1 : 1;
}

static void put_site(struct eff__sink *s, const char *before, eff_site_t site, const char *after)
{
    if (!site) return;
    eff__sink_add(s, before);
    eff__sink_add(s, site);
    eff__sink_add(s, after);
}

static void put_group(struct eff__sink *s, const struct group *g)
{
    bool one = g->n == 1;
    const char *were = one ? " was" : " were";
    eff__sink_printf(s, "%zu ", g->n);
    switch (g->kind) {
    case EFFECT:
        eff__sink_add(s, one ? "effect" : "effects");
        put_site(s, " built at ", g->site, "");
        eff__sink_add(s, were);
        eff__sink_add(s, g->ran ? " run, but never given up" : " never run, and never given up");
        return;
    case FIBER:
        eff__sink_add(s, one ? "handle of a fiber" : "handles of fibers");
        put_site(s, " forked at ", g->site, "");
        break;
    case SCOPE:
        eff__sink_add(s, one ? "scope" : "scopes");
        put_site(s, " opened at ", g->site, "");
        break;
    case VALUE:
        eff__sink_add(s, one ? "value of type " : "values of type ");
        eff__sink_add(s, g->type);
        put_site(s, ", made in ", g->site, ",");
        break;
    case RUNTIME: eff__sink_printf(s, "runtime%s%s never freed", one ? "" : "s", were); return;
    case OTHER:
        eff__sink_add(s, one ? "other block" : "other blocks");
        put_site(s, ", made in ", g->site, ",");
        break;
    }
    eff__sink_add(s, were);
    eff__sink_add(s, " never given up");
}

size_t eff__leaks_tell(struct eff__sink *s, const char *before, const struct eff__leaks_ask *ask)
{
    struct heap h = { .ask = ask };
    size_t n = 0;
    bool complete = eff__track_visit(look, &h);
    if (h.n_groups > 0) qsort(h.groups, h.n_groups, sizeof *h.groups, by_number);
    for (size_t i = 0; i < h.n_groups; i++) {
        n += h.groups[i].n;
        if (i >= MAX_LINES) continue;
        eff__sink_add(s, before);
        put_group(s, &h.groups[i]);
        eff__sink_add(s, "\n");
    }
    if (h.n_groups > MAX_LINES) {
        eff__sink_add(s, before);
        eff__sink_printf(s, "and %zu more kinds\n", h.n_groups - MAX_LINES);
    }
    if (!complete) {
        eff__sink_add(s, before);
        eff__sink_add(s, "there was no memory to keep track of everything\n");
    }
    done(&h);
    return n;
}

/* ---- of a process */

/* The process that EFF_DEBUG asked for a report: a child that forks off it inherits what lives, and owes none. 0: none. */
static atomic_int asked_by;

void eff__leaks_asked_for(void)
{
    (void)eff__track_start();
    atomic_store(&asked_by, (int)getpid());
}

uint64_t eff__leaks_now(void)
{
    return eff__track_start();
}

void eff__leaks_print(uint64_t since)
{
    struct eff__sink err = { .file = stderr };
    struct eff__leaks_ask ask = { .since = since };
    if (atomic_load(&asked_by) == (int)getpid()) (void)eff__leaks_tell(&err, "libeffect: leaks: ", &ask);
}

__attribute__((destructor)) static void process_ends(void)
{
    eff__leaks_print(0);
}
