/* Counts of values, and the drop of the last reference, in constant C stack and without memory.
 *
 * A drop hook that gives up further values does not recurse: while a hook runs on this thread, payloads that
 * die are buried, that is linked through their own header, and dropped after it. With a, b given up by the
 * hook of x, and c by that of a:
 *
 *     drop x      batch: a b      then  stack: a b
 *     drop a      batch: c        then  stack: c b      (depth first, in the order given up)
 *
 * A dead header has no count any more, but must keep its type and size class beside the link: see struct
 * dead.
 */
#include "core/value.h"

#include <string.h>

#include "core/misuse.h"

const eff_value_t eff_unit = { .type = &eff_unit_type, .integer = 0 };

bool (*eff__handle_dispose)(const eff_type_t *type, void *payload);

/* ---- blocks */

void *eff__payload_alloc(const eff_type_t *type, size_t size)
{
    if (size > SIZE_MAX / 2) return NULL;
    size_t bytes = sizeof(struct eff__header) + size;
    struct eff__header *h = eff__alloc_as(bytes, EFF__BLOCK_PAYLOAD);
    if (!h) return NULL;
    size_t size_class = (bytes + EFF__CLASS_BYTES - 1) / EFF__CLASS_BYTES;
    atomic_init(&h->count, 1);
    h->size_class = (uint32_t)(size_class < EFF__N_CLASSES ? size_class : EFF__N_CLASSES);
    h->type = type;
    return h + 1;
}

static inline void dealloc(struct eff__header *h)
{
    eff__free_class(h, h->size_class);
}

void eff__payload_dealloc(void *payload)
{
    dealloc(eff__header_of(payload));
}

/* ---- the worklist */

/* What a buried header holds: two pointers, in whose low bits, zero by alignment, the size class is kept. */
struct dead {
    uintptr_t next_and_low;  /* the next dead header, 16-aligned, and the low 4 bits of the size class */
    uintptr_t type_and_high; /* the type, 4-aligned at least, and the other 2 bits */
};
enum { LOW_BITS = 4, LOW_MASK = 15, HIGH_MASK = 3 };

_Static_assert(sizeof(struct dead) <= sizeof(struct eff__header), "a dead header must fit in a live one");
_Static_assert(EFF__N_CLASSES >> LOW_BITS <= HIGH_MASK, "a size class must fit in the spare bits");
_Static_assert(_Alignof(eff_type_t) > HIGH_MASK, "a type must leave 2 bits");

static __thread struct {
    bool running;                     /* a drop hook is running on this thread */
    struct eff__header *first, *last; /* what the running hook gave up, in order; last is valid if first is */
    struct eff__header *rest;         /* what is to be dropped after that */
} drops;

static void bury(struct eff__header *h)
{
    uint32_t size_class = h->size_class;
    struct dead d = { size_class & LOW_MASK, (uintptr_t)h->type | size_class >> LOW_BITS };
    memcpy(h, &d, sizeof d);
}

static void set_next(struct eff__header *h, struct eff__header *next)
{
    struct dead d;
    memcpy(&d, h, sizeof d);
    d.next_and_low = (uintptr_t)next | (d.next_and_low & LOW_MASK);
    memcpy(h, &d, sizeof d);
}

/* Makes a buried header readable again, but for its count; returns the one after it. */
static struct eff__header *exhume(struct eff__header *h)
{
    struct dead d;
    memcpy(&d, h, sizeof d);
    h->size_class = (uint32_t)((d.next_and_low & LOW_MASK) | (d.type_and_high & HIGH_MASK) << LOW_BITS);
    h->type = (const eff_type_t *)(d.type_and_high & ~(uintptr_t)HIGH_MASK);
    return (struct eff__header *)(d.next_and_low & ~(uintptr_t)LOW_MASK);
}

static EFF_NOINLINE void drop_later(struct eff__header *h)
{
    bury(h);
    if (drops.first) set_next(drops.last, h);
    else drops.first = h;
    drops.last = h;
}

/* Drops what a hook gave up, and what that gives up. */
static EFF_NOINLINE void drop_the_rest(void)
{
    do {
        if (drops.first) {
            set_next(drops.last, drops.rest);
            drops.rest = drops.first;
            drops.first = NULL;
        }
        struct eff__header *h = drops.rest;
        drops.rest = exhume(h);
        h->type->drop(h + 1);
        dealloc(h);
    } while (drops.first || drops.rest);
}

void eff__payload_destroy(void *payload)
{
    struct eff__header *h = eff__header_of(payload);
    void (*drop)(void *) = h->type->drop;
    if (!drop) {
        dealloc(h);
        return;
    }
    if (drops.running) {
        drop_later(h);
        return;
    }
    drops.running = true;
    drop(payload);
    dealloc(h);
    if (__builtin_expect(drops.first != NULL, 0)) drop_the_rest();
    drops.running = false;
}

void eff__payload_died(void *payload)
{
    const eff_type_t *type = eff__header_of(payload)->type;
    if (type->flags & EFF_TYPE_HANDLE && eff__handle_dispose && eff__handle_dispose(type, payload)) return;
    eff__payload_destroy(payload);
}

void eff__value_retain(eff_value_t v)
{
    if (v.type->flags & EFF_TYPE_EFFECT) eff__effect_retain(v.ptr);
    else eff__count_inc(&eff__header_of(v.ptr)->count);
}

void eff__value_release(eff_value_t v)
{
    if (v.type->flags & EFF_TYPE_EFFECT) eff__effect_release(v.ptr);
    else eff__payload_release(v.ptr);
}

/* ---- mistakes */

int64_t eff__wrong_type(eff_value_t v, const eff_type_t *wanted)
{
    const eff_type_t *type = eff_type_of(v);
    if (!type) {
        eff__misuse("read an absent value as %s", wanted->name);
    } else if (!(type->flags & EFF_TYPE_OOM)) {
        eff__misuse_of(v, "read a value of type %s as %s", type->name, wanted->name);
    } else if (eff__oom_in_fiber) {
        eff__oom_in_fiber();
    }
    return 0;
}

eff_value_t eff__value_part(eff_value_t v, const char *of)
{
    if (v.type) return v;
    eff__misuse("%s was given an absent value", of);
    return eff_unit;
}

/* ---- values that need nothing but their type */

eff_value_t eff_oom_value(void)
{
    return (eff_value_t){ .type = &eff_oom_type, .integer = 0 };
}

eff_value_t eff_effect_value(eff_t *effect)
{
    if (!effect) {
        eff__misuse("eff_effect_value was given NULL");
        return (eff_value_t){ .type = NULL, .integer = 0 };
    }
    return (eff_value_t){ .type = &eff_effect_type, .ptr = effect };
}

eff_t *eff_as_effect(eff_value_t v)
{
    if (v.type == &eff_effect_type) return v.ptr;
    (void)eff__wrong_type(v, &eff_effect_type);
    return NULL;
}
