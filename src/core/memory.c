/* The allocator table, and the calling thread's free lists and depot behind memory.h.
 *
 * Invariant: every block is one request to the table, so that each can be given back by itself, by any
 * thread, with or without lists. A thread starts with `no_cache`, whose lists hold nothing and never will
 * (no room), so the inline paths need no test for "not started yet". Its first allocation gets it a cache
 * of its own; if that cannot be had, or lists are switched off, or the thread is on its way out, everything
 * simply stays a plain allocation. Freeing never allocates.
 *
 * Called by everything in the library; nothing else in it may call malloc.
 */
#include "core/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/depot.h"
#include "core/track.h"

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) ||                 \
    HAS_FEATURE(hwaddress_sanitizer) || HAS_FEATURE(memory_sanitizer) || HAS_FEATURE(thread_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* There when AddressSanitizer is in the process, though this library was built without it: then the application is being
 * looked at, and a mistake of its with a reference must not hide in a free list. */
extern void __asan_init(void) __attribute__((weak));

/* ---- the allocator table */

static void *plain_malloc(size_t size, void *ctx)
{
    (void)ctx;
    return malloc(size);
}

static void *plain_realloc(void *p, size_t size, void *ctx)
{
    (void)ctx;
    return realloc(p, size);
}

static void plain_free(void *p, void *ctx)
{
    (void)ctx;
    free(p);
}

static eff_allocator_t table = { plain_malloc, plain_realloc, plain_free, NULL };
static atomic_bool table_used; /* something was asked of the table: it can no longer be replaced */

/* Whether the comma-separated words of EFF_DEBUG contain this one. */
static bool debug_asks_for(const char *word)
{
    const char *at = getenv("EFF_DEBUG");
    size_t n = strlen(word);
    while (at && *at) {
        size_t length = strcspn(at, ",");
        if (length == n && memcmp(at, word, n) == 0) return true;
        at += length + (at[length] == ',');
    }
    return false;
}

static EFF_NOINLINE void first_use(void)
{
    atomic_store_explicit(&table_used, true, memory_order_relaxed);
    if (debug_asks_for("leaks")) (void)eff__track_start(); /* who asked is told by runtime/leaks.c */
}

static void mark_used(void)
{
    if (!atomic_load_explicit(&table_used, memory_order_relaxed)) first_use();
}

static bool tracking(void)
{
    return atomic_load_explicit(&eff__tracking, memory_order_relaxed);
}

int eff_set_allocator(const eff_allocator_t *allocator)
{
    if (!allocator || !allocator->malloc || !allocator->realloc || !allocator->free) return -EINVAL;
    if (atomic_load_explicit(&table_used, memory_order_relaxed)) return -EBUSY;
    table = *allocator;
    return 0;
}

/* Out of memory: whether some of it was lying in the depot. */
static bool free_depot(void);

static inline void *new_block(size_t size, enum eff__block kind)
{
    mark_used();
    void *p = table.malloc(size, table.ctx);
    if (__builtin_expect(!p, 0) && free_depot()) p = table.malloc(size, table.ctx);
    if (p && tracking()) eff__track(p, size, kind);
    return p;
}

/* Forgotten first: as soon as it is given back, another thread may get a block at the same address. */
static void *resize_tracked(void *p, size_t size)
{
    struct eff__tracked was;
    eff__untrack(p, &was);
    void *resized = table.realloc(p, size, table.ctx);
    if (!resized) eff__retrack(&was, p, was.size);
    else if (was.block) eff__retrack(&was, resized, size);
    else if (!p) eff__track(resized, size, EFF__BLOCK_PART);
    return resized;
}

void *eff__malloc(size_t size)
{
    return new_block(size, EFF__BLOCK_PART);
}

void *eff__realloc(void *p, size_t size)
{
    mark_used();
    if (tracking()) return resize_tracked(p, size);
    void *resized = table.realloc(p, size, table.ctx);
    return resized || !free_depot() ? resized : table.realloc(p, size, table.ctx);
}

static EFF_NOINLINE void free_tracked(void *p)
{
    struct eff__tracked was;
    eff__untrack(p, &was);
    if (SANITIZED || __asan_init || !eff__track_withholds(p, &was)) table.free(p, table.ctx);
}

void eff__raw_free(void *p)
{
    if (!p) return;
    if (tracking()) free_tracked(p);
    else table.free(p, table.ctx);
}

void *eff__untracked_alloc(size_t size)
{
    return table.malloc(size, table.ctx);
}

void eff__untracked_free(void *p)
{
    if (p) table.free(p, table.ctx);
}

void *eff__alloc_large(size_t size, enum eff__block kind)
{
    return new_block(size, kind);
}

void eff__free_large(void *p)
{
    eff__raw_free(p);
}

/* ---- whether there are to be lists */

enum lists_state { LISTS_UNDECIDED, LISTS_OFF, LISTS_ON };
static atomic_int lists_state = LISTS_UNDECIDED;

static bool lists_wanted(void)
{
    int state = atomic_load_explicit(&lists_state, memory_order_relaxed);
    if (state == LISTS_UNDECIDED) {
        bool plain = SANITIZED || __asan_init || tracking() || debug_asks_for("nofreelists");
        state = plain ? LISTS_OFF : LISTS_ON;
        atomic_store_explicit(&lists_state, state, memory_order_relaxed);
    }
    return state == LISTS_ON;
}

void eff__freelist_enable(int on)
{
    atomic_store_explicit(&lists_state, on ? LISTS_ON : LISTS_OFF, memory_order_relaxed);
    if (!on) eff_trim();
}

/* ---- the calling thread's cache */

struct cache {
    struct eff__cache lists;
    struct eff__depot depot;
};

static struct cache no_cache; /* shared by all threads, and never written to: see the inline paths */
__thread struct eff__cache *eff__cache = &no_cache.lists;
static __thread bool leaving; /* this thread's cache was freed for good */

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* its value is the thread's cache, so that thread exit frees it */
static atomic_bool key_made;

static struct cache *this_cache(void)
{
    return (struct cache *)eff__cache; /* of which the lists come first */
}

static void cache_free(struct cache *cache)
{
    for (size_t c = 0; c < EFF__N_CLASSES; c++) {
        for (void *p = cache->lists.lists[c].head, *next; p; p = next) {
            next = *(void **)p;
            eff__raw_free(p);
        }
    }
    (void)eff__depot_empty(&cache->depot);
    eff__raw_free(cache);
}

/* The destructor of the key. Blocks that other destructors free after it are given straight back. */
static void thread_leaves(void *cache)
{
    leaving = true;
    eff__cache = &no_cache.lists;
    cache_free((struct cache *)cache);
}

static void make_key(void)
{
    atomic_store(&key_made, pthread_key_create(&key, thread_leaves) == 0);
}

/* How many blocks of the class a full list has. */
static uint32_t batch_of(size_t c)
{
    return EFF__BATCH_BYTES / ((uint32_t)c * EFF__CLASS_BYTES);
}

/* Gives the thread its cache, if it is to have one and there is memory for it. */
static void cache_start(void)
{
    if (leaving || !lists_wanted()) return;
    pthread_once(&key_once, make_key);
    if (!atomic_load(&key_made)) return;
    struct cache *cache = eff__malloc(sizeof *cache);
    if (!cache) return;
    memset(cache, 0, sizeof *cache);
    for (uint32_t c = 1; c < EFF__N_CLASSES; c++)
        cache->lists.lists[c].room = batch_of(c);
    if (pthread_setspecific(key, cache) != 0) {
        eff__raw_free(cache);
        return;
    }
    eff__cache = &cache->lists;
}

/* The list is empty. */
void *eff__alloc_slow(size_t class_and_kind)
{
    size_t c = class_and_kind & ((1u << EFF__KIND_SHIFT) - 1);
    enum eff__block kind = (enum eff__block)(class_and_kind >> EFF__KIND_SHIFT);
    if (this_cache() == &no_cache) {
        mark_used(); /* tracking comes first: it decides whether there are lists */
        cache_start();
    }
    struct cache *cache = this_cache();
    if (!cache->depot.piles[c].top) {
        void *p = new_block((c ? c : 1) * EFF__CLASS_BYTES, kind);
        cache = this_cache(); /* the allocator may have called eff_trim, to have more */
        if (p && cache != &no_cache) cache->depot.piles[c].credit++;
        return p;
    }
    struct eff__freelist *l = &cache->lists.lists[c];
    void *p = eff__depot_take(&cache->depot, c, batch_of(c));
    l->head = *(void **)p;
    l->room = 1;
    return p;
}

/* The list is full. */
void eff__free_slow(void *p, size_t c)
{
    struct cache *cache = this_cache();
    struct eff__freelist *l = &cache->lists.lists[c];
    if (cache == &no_cache || c == 0 || !eff__depot_put(&cache->depot, c, l->head, batch_of(c))) {
        eff__raw_free(p);
        return;
    }
    *(void **)p = NULL;
    l->head = p;
    l->room = batch_of(c) - 1;
}

/* ---- areas */

static size_t pile_of_area(unsigned shift)
{
    return EFF__N_CLASSES + shift - EFF__AREA_SHIFT;
}
static bool is_kept(const struct cache *cache, unsigned shift)
{
    return cache != &no_cache && shift < EFF__AREA_SHIFT + EFF__N_AREAS;
}

static void *area_from_depot(unsigned shift)
{
    struct cache *cache = this_cache();
    return is_kept(cache, shift) ? eff__depot_take(&cache->depot, pile_of_area(shift), 1) : NULL;
}

void *eff__area_new(unsigned shift)
{
    void *area = area_from_depot(shift);
    return area ? area : eff__malloc((size_t)1 << shift);
}

/* The largest first: who has grown as deep will again, and each step is a copy. */
void *eff__area_grow(void *area, unsigned *shift)
{
    enum { MOST_STEPS = 3 };
    unsigned old = *shift;
    for (unsigned wanted = old + MOST_STEPS; wanted > old; wanted--) {
        void *larger = area_from_depot(wanted);
        if (!larger) continue;
        memcpy(larger, area, (size_t)1 << old);
        eff__area_free(area, old);
        *shift = wanted;
        return larger;
    }
    void *larger = eff__realloc(area, (size_t)2 << old);
    if (larger) *shift = old + 1;
    return larger;
}

void eff__area_free(void *area, unsigned shift)
{
    struct cache *cache = this_cache();
    *(void **)area = NULL; /* a batch of one block */
    if (!is_kept(cache, shift) || !eff__depot_put(&cache->depot, pile_of_area(shift), area, 1)) eff__raw_free(area);
}

/* ---- giving back */

static bool free_depot(void)
{
    struct cache *cache = this_cache();
    return cache != &no_cache && eff__depot_empty(&cache->depot);
}

bool eff__lists_surplus(void)
{
    return this_cache()->depot.n_surplus > 0;
}

int64_t eff__lists_age(int64_t now)
{
    return eff__lists_surplus() ? eff__depot_age(&this_cache()->depot, now) : 0;
}

bool eff__lists_give_back(void)
{
    return eff__lists_surplus() && eff__depot_give_back(&this_cache()->depot);
}

void eff_trim(void)
{
    struct cache *cache = this_cache();
    if (cache == &no_cache) return;
    eff__cache = &no_cache.lists;
    (void)pthread_setspecific(key, NULL);
    cache_free(cache);
}

/* Key destructors do not run for the thread that calls exit(), nor may one run after the library was
 * unloaded. */
__attribute__((destructor)) static void process_leaves(void)
{
    eff_trim();
    leaving = true;
    if (atomic_exchange(&key_made, false)) pthread_key_delete(key);
}
