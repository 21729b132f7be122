/* Memory: the one place that asks the allocator table for anything.
 *
 * Small blocks (nodes, payloads, fibers ...) come from free lists of the calling thread, one per 16-byte
 * size class. A list that is full is put down in the thread's depot (depot.h), from where it comes back when
 * the list is empty; what nobody needs for a while is given back to the allocator, all of it at thread exit
 * or by eff_trim(). A block may be freed on another thread than the one that allocated it: it then joins that
 * thread's list. No room (eff__freelist_enable(false), and always under AddressSanitizer or valgrind
 * builds) turns the lists off, so that every block is a plain allocation a sanitizer can watch. The hot path
 * takes no lock.
 */
#ifndef EFF_CORE_MEMORY_H
#define EFF_CORE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <effect/base.h>

/* Of functions that come to little where their arguments are constants, and which the compiler might think long. */
#define EFF__INLINED inline __attribute__((always_inline))

enum {
    EFF__CLASS_BYTES = 16,
    EFF__N_CLASSES = 33,  /* blocks of up to 512 bytes; class 0 is unused */
    EFF__AREA_SHIFT = 10, /* the smallest area has 2^10 bytes */
    EFF__N_AREAS = 22
};

struct eff__freelist {
    void *head;  /* the first free block; each block's first word links to the next */
    size_t room; /* for how many more; without any, they are put down as a batch, or freed one by one */
};

/* The part of a thread's cache that the inline functions know. */
struct eff__cache {
    struct eff__freelist lists[EFF__N_CLASSES];
};

/* The calling thread's free lists. Points to an empty, read-only-in-spirit cache without room until the
 * first use. */
extern __thread struct eff__cache *eff__cache;

/* What a block is, for those who look at what was not given back (track.h). */
enum eff__block {
    EFF__BLOCK_PART,    /* a part of something else */
    EFF__BLOCK_NODE,    /* an effect */
    EFF__BLOCK_PAYLOAD, /* of a value: its header comes first */
    EFF__BLOCK_RUNTIME
};

/* One argument: with a second one, the callers' fast paths would have to save a register. */
enum { EFF__KIND_SHIFT = 8 };
void *eff__alloc_slow(size_t class_and_kind);
void eff__free_slow(void *p, size_t class_index);
void *eff__alloc_large(size_t size, enum eff__block kind);
void eff__free_large(void *p);

/* A block of `size` bytes, of which there is a list, from that list; NULL when it is empty. */
static inline void *eff__alloc_at_once(size_t size)
{
    struct eff__freelist *l = &eff__cache->lists[(size + EFF__CLASS_BYTES - 1) / EFF__CLASS_BYTES];
    void *p = l->head;
    if (__builtin_expect(!p, 0)) return NULL;
    l->head = *(void **)p;
    l->room++;
    return p;
}

/* A block of `size` bytes, aligned to 16, contents undefined; NULL when out of memory. The kind is looked at out of line
 * only. */
static inline void *eff__alloc_as(size_t size, enum eff__block kind)
{
    size_t c = (size + EFF__CLASS_BYTES - 1) / EFF__CLASS_BYTES;
    if (__builtin_expect(c >= EFF__N_CLASSES, 0)) return eff__alloc_large(size, kind);
    void *p = eff__alloc_at_once(size);
    return __builtin_expect(p != NULL, 1) ? p : eff__alloc_slow(c | (size_t)kind << EFF__KIND_SHIFT);
}
static inline void *eff__alloc(size_t size)
{
    return eff__alloc_as(size, EFF__BLOCK_PART);
}

/* Gives back a block of eff__alloc; c: its size class, EFF__N_CLASSES or more for a large one. */
static EFF__INLINED void eff__free_class(void *p, size_t c)
{
    if (__builtin_expect(c >= EFF__N_CLASSES, 0)) {
        eff__free_large(p);
        return;
    }
    struct eff__freelist *l = &eff__cache->lists[c];
    if (__builtin_expect(!l->room, 0)) {
        eff__free_slow(p, c);
        return;
    }
    *(void **)p = l->head;
    l->head = p;
    l->room--;
}
/* The same by the size it was asked for. */
static EFF__INLINED void eff__free(void *p, size_t size)
{
    eff__free_class(p, (size + EFF__CLASS_BYTES - 1) / EFF__CLASS_BYTES);
}

/* The same, if there is a list for such blocks, and room in it; else false, and nothing was done. */
static inline bool eff__free_at_once(void *p, size_t size)
{
    struct eff__freelist *l = &eff__cache->lists[(size + EFF__CLASS_BYTES - 1) / EFF__CLASS_BYTES];
    if (__builtin_expect(!l->room, 0)) return false;
    *(void **)p = l->head;
    l->head = p;
    l->room--;
    return true;
}

/* Areas of 2^shift bytes, for stacks that grow: kept in the depot as well. A shift is EFF__AREA_SHIFT or more. Growing
 * gives one of twice the size, or up to eight times if there is one in the depot, with the same contents, and says its
 * shift; the old one is gone. NULL when out of memory, and the old one stays. */
void *eff__area_new(unsigned shift);
void *eff__area_grow(void *area, unsigned *shift);
void eff__area_free(void *area, unsigned shift);

/* Straight from the allocator table, for growing arrays. */
EFF_API void *eff__malloc(size_t size);
void *eff__realloc(void *p, size_t size);
EFF_API void eff__raw_free(void *p);
/* The same for the notes of track.c, which are not noted themselves. */
void *eff__untracked_alloc(size_t size);
void eff__untracked_free(void *p);

/* A loop's piece of work between two turns: looks for what this thread's lists have not needed for a while, or gives some
 * of that back. `now`: ns of any steady clock. Returns when to call it again: `now` if there is more to be done; 0 when
 * there will be nothing until more is freed. */
int64_t eff__lists_age(int64_t now);
/* Whether that has anything to do; and the same without waiting for it to age: false when all is given back. */
bool eff__lists_surplus(void);
bool eff__lists_give_back(void);

/* Turns the free lists off (emptying this thread's) or on, for the whole process; the default is on except
 * under sanitizers, and EFF_DEBUG=nofreelists or leaks turns them off. Other threads that have lists already keep
 * them until they call eff_trim() or end. */
void eff__freelist_enable(int on);

#endif
