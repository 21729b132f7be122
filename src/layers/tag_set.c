/* Lists of tags with an index: see tag_set.h. */
#include "layers/tag_set.h"

#include "core/hash.h"
#include "core/memory.h"

enum { SEARCHED = 32 }; /* so many are found as fast without an index */

static const eff_tag_t **slot_of(const struct eff__tag_set *set, const eff_tag_t *tag)
{
    size_t at = (size_t)eff__hash_mix((uintptr_t)tag) & set->mask;
    while (set->slots[at] && set->slots[at] != tag)
        at = (at + 1) & set->mask;
    return &set->slots[at];
}

struct eff__tag_set eff__tag_set_in(const eff_tag_t *const *array, size_t capacity)
{
    struct eff__tag_set set = { .at = array };
    if (capacity <= SEARCHED) return set;
    size_t n_slots = 2 * SEARCHED;
    while (n_slots < 2 * capacity)
        n_slots *= 2;
    set.slots = (const eff_tag_t **)eff__alloc(n_slots * sizeof *set.slots);
    if (!set.slots) return set;
    set.mask = n_slots - 1;
    for (size_t i = 0; i < n_slots; i++)
        set.slots[i] = NULL;
    return set;
}

struct eff__tag_set eff__tag_set_of(size_t n, const eff_tag_t *const *tags)
{
    struct eff__tag_set set = eff__tag_set_in(tags, n);
    set.n = n;
    for (size_t i = 0; set.slots && i < n; i++)
        *slot_of(&set, tags[i]) = tags[i];
    return set;
}

void eff__tag_set_done(struct eff__tag_set *set)
{
    if (set->slots) eff__free(set->slots, (set->mask + 1) * sizeof *set->slots);
    set->slots = NULL;
}

bool eff__tag_set_has(const struct eff__tag_set *set, const eff_tag_t *tag)
{
    if (set->slots) return *slot_of(set, tag) != NULL;
    for (size_t i = 0; i < set->n; i++)
        if (set->at[i] == tag) return true;
    return false;
}

void eff__tag_set_put(struct eff__tag_set *set, const eff_tag_t *tag)
{
    if (eff__tag_set_has(set, tag)) return;
    if (set->slots) *slot_of(set, tag) = tag;
    ((const eff_tag_t **)(uintptr_t)set->at)[set->n++] = tag;
}

void eff__tag_set_put_all(struct eff__tag_set *set, size_t n, const eff_tag_t *const *tags)
{
    for (size_t i = 0; i < n; i++)
        eff__tag_set_put(set, tags[i]);
}
