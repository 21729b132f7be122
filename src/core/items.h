/* What for_each loops over. The type says whether a value is items at all; how each kind is read is the runtime's
 * business (runtime/items.h). */
#ifndef EFF_CORE_ITEMS_H
#define EFF_CORE_ITEMS_H

#include <effect/items.h>

/* In the flags of a type, beside the public ones: its values are items. A flag, because the core does not know them
 * all: queues are the runtime's. */
enum { EFF__TYPE_ITEMS = 1u << 16 };

struct eff__iterator {
    eff_sync_fn start;
    eff_next_fn next;
    eff_value_t env; /* of start */
};

static inline bool eff__are_items(eff_value_t v)
{
    return v.type->flags & EFF__TYPE_ITEMS;
}

#endif
