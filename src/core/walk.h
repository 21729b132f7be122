/* Nested values, level by level: what comparing, hashing, printing and JSON share. */
#ifndef EFF_CORE_WALK_H
#define EFF_CORE_WALK_H

#include <effect/value.h>

/* Whether v is made of other values: a pair, array, option, or error. Then its items, which stand in a row;
 * there may be none (and *ret_items is NULL or anything). Borrowed. */
bool eff__value_items(eff_value_t v, const eff_value_t **ret_items, size_t *ret_n);

/* What a hook of v's type gets: the payload, or the address of the 8 bytes in *v itself. */
const void *eff__value_payload(const eff_value_t *v);

#endif
