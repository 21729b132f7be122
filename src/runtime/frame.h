/* Frames: what a fiber does with a result. A stack of words, growing upwards; the top frame is the last word and, for
 * special frames, the words below it.
 *
 *   node frame:     [ node | owned | alone ]                                map, flat_map, fold, on_exit; a service's
 *                                                                           and a mask's node, kept for its env
 *   special frame:  [ words ... ][ code << 8 | attrs << 16 | extra << 24 | 2 ]
 *
 * The lowest bit says that the frame holds a reference to the node; without it the node is kept alive by a frame
 * further down, so walking a static tree touches no counts. With EFF__ALONE nobody else has a reference, and the source
 * has been moved out: nothing but the env is left to be dropped. The node still points to its source, which may be gone,
 * so nobody may look at that. Each special code with its words, from the bottom:
 *
 *   END        -                              the end of the fiber
 *   MASK       -                              restores attrs; extra: its enum eff__mask_mode
 *   LOCALLY    context                        restores the context
 *   SCOPED     scope                          a region with a scope: restores the outer scope
 *   PROVIDE    scope, context                 the same, and the context
 *   GEN        run                            a region: gen.c
 *   BRACKET    type, ptr, node                a region: the resource once acquired, the node for use and release
 *   PERMITS    site, handle, body or n        a region, with permits of a semaphore or mutex: permits.h
 *   FINALIZER  site, since                    a region of its own for one finalizer; since: see finalizer.h
 *   SAVED      type, ptr                      the result that a finalizer must not disturb; extra: its status, and
 *                                             EFF__SAVED_BOTH
 *   LEAVING    type, ptr                      the same while the children of a region end
 *   PAR        group                          a parallel combinator: group.c
 *   EACH       node, each                     a sequential for_each: each.c
 *   ITEM       type, ptr                      an item of for_each_par: extra 0 to be begun, 1 kept until it has ended;
 *                                             extra 2: the cause that one failed with, to be told
 *   EXTEND     scope                          restores the outer scope; extra: scope_made.c
 *   CLOSING    type, ptr                      the keeper of a scope: with which exit that is closed; extra: scope_made.c
 *   PULL       type, ptr                      unit: a worker of for_each_par has no item yet; extra 1: it pulls one;
 *                                             extra 2: it has pulled this one, and waits for the limit
 *
 * Leaving a region must not fail for lack of memory, so pushing a frame that has something to do at the end makes sure
 * that EFF__FRAME_SLACK words will be free above it: enough for SAVED, FINALIZER and LEAVING.
 */
#ifndef EFF_RUNTIME_FRAME_H
#define EFF_RUNTIME_FRAME_H

#include "runtime/fiber.h"

enum eff__frame {
    EFF__F_END,
    EFF__F_MASK,
    EFF__F_LOCALLY,
    EFF__F_SCOPED,
    EFF__F_PROVIDE,
    EFF__F_GEN,
    EFF__F_BRACKET,
    EFF__F_PERMITS,
    EFF__F_FINALIZER,
    EFF__F_SAVED,
    EFF__F_LEAVING,
    EFF__F_PAR,
    EFF__F_EACH,
    EFF__F_ITEM,
    EFF__F_PULL,
    EFF__F_EXTEND,
    EFF__F_CLOSING
};

enum { EFF__OWNED = 1, EFF__SPECIAL = 2, EFF__ALONE = 4, EFF__FRAME_SLACK = 9 };
/* In the extra bits of a SAVED frame, beside a status: a failure that comes is combined with its own by Both. */
enum { EFF__SAVED_STATUS = 3, EFF__SAVED_BOTH = 4 };

enum { EFF__FRAME_EXTRA_SHIFT = 24 };

static inline uintptr_t eff__frame_head(enum eff__frame code, unsigned attrs, unsigned extra)
{
    return (uintptr_t)code << 8 | (uintptr_t)attrs << 16 | (uintptr_t)extra << EFF__FRAME_EXTRA_SHIFT | EFF__SPECIAL;
}
static inline enum eff__frame eff__frame_code(uintptr_t w)
{
    return (enum eff__frame)(w >> 8 & 0xff);
}
static inline uint8_t eff__frame_attrs(uintptr_t w)
{
    return (uint8_t)(w >> 16);
}
static inline uint8_t eff__frame_extra(uintptr_t w)
{
    return (uint8_t)(w >> EFF__FRAME_EXTRA_SHIFT);
}
/* The word for a node with marks; added, as the compiler can do better than with "or". */
static inline uintptr_t eff__frame_word(const eff_t *e, unsigned marks)
{
    return (uintptr_t)e + marks;
}
static inline eff_t *eff__frame_node(uintptr_t w)
{
    return (eff_t *)(w & ~(uintptr_t)15);
}

/* The lowest word. */
static inline uintptr_t *eff__frames_base(const eff_fiber_t *f)
{
    uintptr_t *inlined = (uintptr_t *)(uintptr_t)f->inline_frames;
    return f->limit == inlined + EFF__INLINE_FRAMES ? inlined : (uintptr_t *)*f->limit;
}
/* How many words lie below the head of such a frame. */
unsigned eff__frame_words(enum eff__frame code);
/* One past the last frame -> one past the frame below it. */
static inline uintptr_t *eff__frame_below(uintptr_t *top)
{
    return top - 1 - (top[-1] & EFF__SPECIAL ? eff__frame_words(eff__frame_code(top[-1])) : 0);
}
/* Gives up the block; the fiber has no frames any more. */
void eff__frames_free(eff_fiber_t *f);
/* Makes room for n words; false when out of memory. */
bool eff__frames_grow(eff_fiber_t *f, size_t n);
static inline bool eff__frames_reserve(eff_fiber_t *f, size_t n)
{
    return __builtin_expect((size_t)(f->limit - f->top) >= n, 1) || eff__frames_grow(f, n);
}

static inline void eff__push_value(eff_fiber_t *f, eff_value_t v)
{
    *f->top++ = (uintptr_t)v.type;
    *f->top++ = (uintptr_t)v.integer;
}
/* The value whose words end just below p. */
static inline eff_value_t eff__frame_value(const uintptr_t *p)
{
    eff_value_t v;
    v.type = (const eff_type_t *)p[-2];
    v.integer = (int64_t)p[-1];
    return v;
}

#endif
