/* How counted payloads lie in memory, and the worklist that drops nested ones in constant C stack.
 *
 *     block:  [ count | size class | type ][ payload ... ]
 *                                      ^ eff_value_t.ptr
 *
 * Dropping the last reference runs the type's drop hook, which may drop further values: while a drop is
 * under way on this thread they are only linked into a worklist (through the dead header) and dropped after
 * it, in the order in which the hook gave them up. Payloads without a drop hook are freed on the spot.
 * Effects are no payloads: eff_effect_type values point at the node itself (node.h), which has a worklist of
 * its own.
 */
#ifndef EFF_CORE_VALUE_H
#define EFF_CORE_VALUE_H

#include <stdarg.h>
#include <string.h>

#include <effect/value.h>

#include "core/count.h"
#include "core/memory.h"

struct eff__header {
    _Alignas(16) eff__count_t count;
    uint32_t size_class; /* of the whole block; EFF__N_CLASSES for one that eff__alloc_large made */
    const eff_type_t *type;
};

_Static_assert(sizeof(struct eff__header) == 16, "payloads must stay 16-byte aligned");

static inline struct eff__header *eff__header_of(const void *payload)
{
    return (struct eff__header *)(uintptr_t)payload - 1;
}

/* An uninitialized payload of `size` bytes, counted once; NULL when out of memory. `size` may exceed
 * type->size, for types of varying size. */
void *eff__payload_alloc(const eff_type_t *type, size_t size);
/* Frees the block of a payload whose contents are gone already. */
void eff__payload_dealloc(void *payload);
/* Runs the drop hook and frees the block, in constant C stack, whatever the count says and without asking
 * eff__handle_dispose: for whoever took the payload over. */
void eff__payload_destroy(void *payload);

/* A static payload: EFF__STATIC_PAYLOAD(T) name = { EFF__STATIC_HEADER(&type), { ... } }; point at
 * &name.payload. */
#define EFF__STATIC_PAYLOAD(T)                                                                                         \
    struct {                                                                                                           \
        struct eff__header header;                                                                                     \
        T payload;                                                                                                     \
    }
#define EFF__STATIC_HEADER(type)                                                                                       \
    {                                                                                                                  \
        EFF__IMMORTAL, 0, type                                                                                         \
    }

static inline void *eff__payload_retain(void *payload)
{
    eff__count_inc(&eff__header_of(payload)->count);
    return payload;
}

/* The last reference to a payload is gone: drops it, or leaves that to whoever has to. */
void eff__payload_died(void *payload);
static inline void eff__payload_release(void *payload)
{
    if (eff__count_dec(&eff__header_of(payload)->count)) eff__payload_died(payload);
}

/* As eff__payload_alloc, where the size is a constant; NULL when the free list is empty. */
static inline void *eff__payload_at_once(const eff_type_t *type, size_t size)
{
    struct eff__header *h = (struct eff__header *)eff__alloc_at_once(sizeof *h + size);
    if (__builtin_expect(!h, 0)) return NULL;
    atomic_init(&h->count, 1);
    h->size_class = (uint32_t)((sizeof *h + size + EFF__CLASS_BYTES - 1) / EFF__CLASS_BYTES);
    h->type = type;
    return h + 1;
}
static inline void *eff__payload_make(const eff_type_t *type, size_t size)
{
    void *payload = eff__payload_at_once(type, size);
    return __builtin_expect(payload != NULL, 1) ? payload : eff__payload_alloc(type, size);
}

/* eff_unit, whose words the compiler knows. */
static inline eff_value_t eff__plain_unit(void)
{
    eff_value_t v = { .type = &eff_unit_type, .integer = 0 };
    return v;
}

/* As eff__payload_dealloc, of one that it made, if the free list has room; false otherwise. */
static inline bool eff__payload_free_at_once(void *payload, size_t size)
{
    return eff__free_at_once(eff__header_of(payload), sizeof(struct eff__header) + size);
}

/* Whether v may be built into an effect: neither absent nor "out of memory". */
static inline bool eff__value_usable(eff_value_t v)
{
    return __builtin_expect(v.type && !(v.type->flags & EFF_TYPE_OOM), 1);
}

/* "a" or "an", as it stands before a noun. */
static inline const char *eff__article(const char *noun)
{
    bool vowel = noun[0] && strchr("aeiou", noun[0]) && strcmp(noun, "unit") != 0;
    return vowel ? "an" : "a";
}

/* A part of a value under construction: v itself, or unit after reporting that `of` was given an absent
 * value. */
eff_value_t eff__value_part(eff_value_t v, const char *of);

/* n bytes, to be written before anybody else sees them. Without memory, the out-of-memory value, and *ret_bytes is
 * NULL. */
eff_value_t eff__bytes_new(size_t n, unsigned char **ret_bytes);

/* A new string, as of vprintf, for the builder of this name, which a mistake in the format is laid to. */
EFF_MUST_USE eff_value_t eff__vprintf(const char *builder, const char *fmt, va_list args) EFF_PRINTF(2, 0);

/* Drops an effect (defined beside the nodes); values of eff_effect_type go there. */
void eff__effect_retain(void *effect);
void eff__effect_release(void *effect);

/* Set by the runtime: called when a payload of an EFF_TYPE_HANDLE type loses its last reference. Returns
 * true when it took the payload over (posted it to its owner's thread, or disposed of it). */
extern bool (*eff__handle_dispose)(const eff_type_t *type, void *payload);

#endif
