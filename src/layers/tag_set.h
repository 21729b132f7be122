/* Lists of tags in which each is once, in the order in which they came: what a layer provides, what it needs. Small ones are
 * searched; larger ones have an index, a hash table with open addressing, so that layers of a thousand parts are made in
 * linear time. Without memory for the index they are searched, too. */
#ifndef EFF_LAYERS_TAG_SET_H
#define EFF_LAYERS_TAG_SET_H

#include <effect/context.h>

struct eff__tag_set {
    const eff_tag_t *const *at; /* borrowed */
    size_t n;
    const eff_tag_t **slots; /* mask + 1, of which at most half are taken; owned; NULL: no index */
    size_t mask;
};

/* An empty one, which grows in an array with room for so many. */
struct eff__tag_set eff__tag_set_in(const eff_tag_t *const *array, size_t capacity);
/* That of a list in which each is once. */
struct eff__tag_set eff__tag_set_of(size_t n, const eff_tag_t *const *tags);
/* Gives up the index, not the array. */
void eff__tag_set_done(struct eff__tag_set *set);

bool eff__tag_set_has(const struct eff__tag_set *set, const eff_tag_t *tag);
/* Adds one, unless it is there. */
void eff__tag_set_put(struct eff__tag_set *set, const eff_tag_t *tag);
void eff__tag_set_put_all(struct eff__tag_set *set, size_t n, const eff_tag_t *const *tags);

#endif
