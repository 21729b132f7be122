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

/* The bytes of a block: its words, and the one that it ends with. */
static size_t bytes_of(size_t size)
{
    return (size + 1) * sizeof(uintptr_t);
}

/* Blocks come from the free lists, as most are of one size; from one that is too large for those on, they are areas. */
enum { FIRST_SIZE = 23, SECOND_SIZE = 63, FIRST_AREA = (1 << EFF__AREA_SHIFT) / sizeof(uintptr_t) - 1 };
_Static_assert((SECOND_SIZE + 1) * sizeof(uintptr_t) <= (size_t)(EFF__N_CLASSES - 1) * EFF__CLASS_BYTES,
               "two sizes of the lists");

static bool is_area(size_t size)
{
    return size >= FIRST_AREA;
}
static unsigned shift_of(size_t size)
{
    return (unsigned)__builtin_ctzl(bytes_of(size));
}

static void free_block(const eff_fiber_t *f, uintptr_t *base)
{
    size_t size = (size_t)(f->limit - base);
    if (base == f->inline_frames) return;
    if (is_area(size)) eff__area_free(base, shift_of(size));
    else eff__free(base, bytes_of(size));
}

void eff__frames_free(eff_fiber_t *f)
{
    free_block(f, eff__frames_base(f));
    f->top = f->limit = NULL;
}

static uintptr_t *larger_area(uintptr_t *base, size_t *size)
{
    unsigned shift = shift_of(*size);
    base = (uintptr_t *)eff__area_grow(base, &shift);
    *size = ((size_t)1 << shift) / sizeof *base - 1;
    return base;
}

static bool grow(eff_fiber_t *f)
{
    uintptr_t *base = eff__frames_base(f), *block;
    size_t used = (size_t)(f->top - base), size = (size_t)(f->limit - base);
    if (is_area(size)) {
        block = larger_area(base, &size);
        if (!block) return false;
    } else {
        size = size < FIRST_SIZE ? FIRST_SIZE : size < SECOND_SIZE ? SECOND_SIZE : FIRST_AREA;
        block = (uintptr_t *)(is_area(size) ? eff__area_new(EFF__AREA_SHIFT) : eff__alloc(bytes_of(size)));
        if (!block) return false;
        memcpy(block, base, used * sizeof *block);
        free_block(f, base);
    }
    f->top = block + used;
    f->limit = block + size;
    *f->limit = (uintptr_t)block;
    return true;
}

bool eff__frames_grow(eff_fiber_t *f, size_t n)
{
    while ((size_t)(f->limit - f->top) < n)
        if (!grow(f)) return false;
    return true;
}
