/* How pairs, arrays, ranges and options lie in memory. Their items stand in one row, which is all that the
 * walks (walk.c) need to know of them. */
#ifndef EFF_CORE_COLLECTION_H
#define EFF_CORE_COLLECTION_H

#include <effect/value.h>

struct eff__pair {
    eff_value_t items[2];
};

struct eff__array {
    size_t n;
    eff_value_t items[];
};

struct eff__range {
    int64_t from; /* the first integer of it */
    int64_t to;   /* the one after its last; not below from */
};

struct eff__option {
    eff_value_t item; /* of some; none is an immediate value of eff__none_type */
};

extern const eff_type_t eff__none_type;

/* An array of n absent items, to be filled in before anybody else sees it; dropping it half-filled is fine.
 * *ret_items is set to its items. Without memory, the out-of-memory value, and *ret_items is NULL. */
eff_value_t eff__array_new(size_t n, eff_value_t **ret_items);
/* For an array that nobody else has seen. Makes room for n items at least, in amortised O(1) per item; false when out of
 * memory. */
bool eff__array_reserve(eff_value_t *array, size_t n);
/* There will be no more than these n items: gives back the room beyond. */
void eff__array_trim(eff_value_t *array, size_t n);

#endif
