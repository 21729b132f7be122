/* Growing the frames of a fiber: from the few inline words to a heap block that doubles. The block is never shrunk while
 * the fiber lives, which is what makes EFF__FRAME_SLACK a promise. */
#include "runtime/frame.h"

#include <string.h>

unsigned eff__frame_words(enum eff__frame code)
{
    switch (code) {
    case EFF__F_END:
    case EFF__F_MASK: return 0;
    case EFF__F_LOCALLY:
    case EFF__F_SCOPED:
    case EFF__F_GEN:
    case EFF__F_PAR:
    case EFF__F_EXTEND: return 1;
    case EFF__F_PROVIDE:
    case EFF__F_FINALIZER:
    case EFF__F_SAVED:
    case EFF__F_LEAVING:
    case EFF__F_EACH:
    case EFF__F_ITEM:
    case EFF__F_PULL:
    case EFF__F_CLOSING: return 2;
    case EFF__F_BRACKET:
    case EFF__F_PERMITS: return 3;
    }
    __builtin_unreachable();
}

/* Blocks of a fiber come from the free lists, as most are of one size; from one that is too large for those on, they grow
 * where they are. `size` does not count the word that a block ends with. */
static bool is_large(size_t size)
{
    return size + 1 > (size_t)(EFF__N_CLASSES - 1) * EFF__CLASS_BYTES / sizeof(uintptr_t);
}
static void free_block(const eff_fiber_t *f, uintptr_t *base)
{
    size_t size = (size_t)(f->limit - base);
    if (base == f->inline_frames) return;
    if (is_large(size)) eff__raw_free(base);
    else eff__free(base, (size + 1) * sizeof *base);
}

void eff__frames_free(eff_fiber_t *f)
{
    free_block(f, eff__frames_base(f));
    f->top = f->limit = NULL;
}

bool eff__frames_grow(eff_fiber_t *f, size_t n)
{
    uintptr_t *base = eff__frames_base(f);
    size_t used = (size_t)(f->top - base), size = (size_t)(f->limit - base);
    bool inlined = base == f->inline_frames, grows = !inlined && is_large(size);
    if (n > SIZE_MAX / (4 * sizeof(uintptr_t)) - used) return false;
    size = inlined ? 23 : size * 2;
    while (size < used + n)
        size *= 2;
    size_t bytes = (size + 1) * sizeof *base;
    uintptr_t *block = (uintptr_t *)(is_large(size) ? eff__realloc(grows ? base : NULL, bytes) : eff__alloc(bytes));
    if (!block) return false;
    if (!grows) {
        memcpy(block, base, used * sizeof *block);
        free_block(f, base);
    }
    f->top = block + used;
    f->limit = block + size;
    *f->limit = (uintptr_t)block;
    return true;
}
