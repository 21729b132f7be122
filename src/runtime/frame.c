/* Growing the frames of a fiber: from the few inline words to a heap block that doubles. The block is never shrunk while
 * the fiber lives, which is what makes EFF__FRAME_SLACK a promise. */
#include "runtime/frame.h"

#include <string.h>

bool eff__frames_grow(eff_fiber_t *f, size_t n)
{
    size_t used = (size_t)(f->top - f->base), size = (size_t)(f->limit - f->base);
    bool inlined = f->base == f->inline_frames;
    if (n > SIZE_MAX / (4 * sizeof(uintptr_t)) - used) return false;
    size = inlined ? 24 : size * 2;
    while (size < used + n) size *= 2;
    uintptr_t *base = (uintptr_t *)eff__realloc(inlined ? NULL : f->base, size * sizeof *base);
    if (!base) return false;
    if (inlined) memcpy(base, f->inline_frames, used * sizeof *base);
    f->base = base;
    f->top = base + used;
    f->limit = base + size;
    return true;
}
