/* Nested values, level by level: what comparing, hashing, printing and JSON share. */
#ifndef EFF_CORE_WALK_H
#define EFF_CORE_WALK_H

#include <effect/field.h>

/* Values in a row, borrowed: those still to come. */
struct eff__items {
    const eff_value_t *at;
    size_t n : 63;
    size_t keyed : 1; /* they are those of fields: each has a key in front of it */
};

/* Whether v is made of other values: a pair, array, option, error, or fields. Then its items, of which there may be
 * none. */
bool eff__value_items(eff_value_t v, struct eff__items *ret_items);

/* Takes the first of them, of which there is one at least. */
static inline eff_value_t eff__items_next(struct eff__items *items)
{
    eff_value_t v = *items->at;
    size_t stride = items->keyed ? sizeof(eff_field_t) : sizeof v;
    items->at = (const eff_value_t *)(const void *)((const char *)items->at + stride);
    items->n--;
    return v;
}
/* The key of the first of them, which are fields. */
static inline const char *eff__items_key(const struct eff__items *items)
{
    return ((const eff_field_t *)(const void *)((const char *)items->at - offsetof(eff_field_t, value)))->key;
}

/* What a hook of v's type gets: the payload, or the address of the 8 bytes in *v itself. */
const void *eff__value_payload(const eff_value_t *v);

#endif
