#include "pool.h"

enum { SLAB_BYTES = 1 << 20 };

struct pool_block *pool_lists[POOL_N_CLASSES];
static char *slab, *slab_end;

/* A block that no list has, from the current slab. */
__attribute__((noinline)) void *pool_carve(size_t class_index)
{
    size_t size = class_index * POOL_CLASS_BYTES;
    CHECK(class_index < POOL_N_CLASSES);
    if (!slab || (size_t)(slab_end - slab) < size) {
        slab = malloc(SLAB_BYTES);
        CHECK(slab);
        slab_end = slab + SLAB_BYTES;
    }
    void *p = slab;
    slab += size;
    return p;
}
