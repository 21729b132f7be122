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
    case EFF__F_BRACKET: return 3;
    }
    __builtin_unreachable();
}

void eff__frames_free(eff_fiber_t *f)
{
    uintptr_t *base = eff__frames_base(f);
    if (base != f->inline_frames) eff__raw_free(base);
    f->top = f->limit = NULL;
}

bool eff__frames_grow(eff_fiber_t *f, size_t n)
{
    uintptr_t *base = eff__frames_base(f);
    size_t used = (size_t)(f->top - base), size = (size_t)(f->limit - base);
    bool inlined = base == f->inline_frames;
    if (n > SIZE_MAX / (4 * sizeof(uintptr_t)) - used) return false;
    size = inlined ? 23 : size * 2;
    while (size < used + n)
        size *= 2;
    uintptr_t *block = (uintptr_t *)eff__realloc(inlined ? NULL : base, (size + 1) * sizeof *block);
    if (!block) return false;
    if (inlined) memcpy(block, f->inline_frames, used * sizeof *block);
    f->top = block + used;
    f->limit = block + size;
    *f->limit = (uintptr_t)block;
    return true;
}
