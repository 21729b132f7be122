/* Size-classed free lists for the floors and limits: what a malloc costs when nothing is checked or bounded. Blocks
 * are carved from slabs that are never returned. */
#ifndef BENCH_POOL_H
#define BENCH_POOL_H

#include "bench.h"

enum { POOL_CLASS_BYTES = 16, POOL_N_CLASSES = 33 };

struct pool_block {
    struct pool_block *next;
};

extern struct pool_block *pool_lists[POOL_N_CLASSES];
void *pool_carve(size_t class_index);

static inline void *pool_alloc(size_t size)
{
    size_t c = (size + POOL_CLASS_BYTES - 1) / POOL_CLASS_BYTES;
    struct pool_block *block = pool_lists[c];
    if (UNLIKELY(!block)) return pool_carve(c);
    pool_lists[c] = block->next;
    return block;
}

/* Gives back a block of pool_alloc(size). */
static inline void pool_free(void *p, size_t size)
{
    size_t c = (size + POOL_CLASS_BYTES - 1) / POOL_CLASS_BYTES;
    struct pool_block *block = p;
    block->next = pool_lists[c];
    pool_lists[c] = block;
}

#endif
