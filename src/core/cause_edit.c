/* A cause with other Fails: the leftmost with another value, or all of them turned into Dies.
 *
 * Structure, notes and traces are kept. Only the way from the root to what changes is copied, from the root down: a
 * copy of an inner node starts with the original's sides, and the slots that are still to change are followed, or
 * wait on a list on the heap. So at any moment the copy is a whole cause, which can be dropped when memory runs out.
 */
#include "core/cause_node.h"
#include "core/memory.h"

/* A copy of an inner node, sharing both sides; NULL when out of memory. */
static eff_cause_t *copy_inner(const eff_cause_t *c)
{
    eff_cause_t *left = eff_cause_incref(c->sides.left), *right = eff_cause_incref(c->sides.right);
    eff_cause_t *copy = eff__cause_join((eff_cause_tag_t)c->tag, left, right);
    if (copy) return eff__cause_inherit(copy, c);
    eff_cause_decref(left);
    eff_cause_decref(right);
    return NULL;
}

/* Puts a new cause, which is consumed, in the place of the one in the slot; false when there is none for lack of
 * memory. */
static bool replace(eff_cause_t **slot, eff_cause_t *with)
{
    if (!with || with == eff__cause_oom) return false;
    eff_cause_decref(*slot);
    *slot = with;
    return true;
}

static bool replace_leaf(eff_cause_t **slot, eff_cause_t *leaf)
{
    return replace(slot, leaf == eff__cause_oom ? leaf : eff__cause_inherit(leaf, *slot));
}

eff_cause_t *eff__cause_map_fail(eff_cause_t *cause, eff_value_t error)
{
    eff_cause_t **slot = &cause;
    while (eff__cause_is_inner(*slot)) {
        if (!replace(slot, copy_inner(*slot))) goto out_of_memory;
        eff_cause_t *c = *slot;
        slot = c->sides.left->flags & EFF__CAUSE_HAS_FAIL ? &c->sides.left : &c->sides.right;
    }
    if ((*slot)->tag != EFF_CAUSE_FAIL) {
        eff_value_decref(error);
        return cause;
    }
    if (replace_leaf(slot, eff_cause_fail(error))) return cause;
    eff_cause_decref(cause);
    return eff__cause_oom;
out_of_memory:
    eff_value_decref(error);
    eff_cause_decref(cause);
    return eff__cause_oom;
}

/* A right side that is to be looked at later. */
struct later {
    struct later *next;
    eff_cause_t **slot;
};

/* What a copy of an inner node says of its leaves once its Fails are Dies. */
static void count_fails_as_dies(eff_cause_t *c)
{
    c->flags = (uint8_t)((c->flags & ~EFF__CAUSE_HAS_FAIL) | EFF__CAUSE_HAS_DIE);
    size_t room = SIZE_MAX - c->sides.n_dies;
    c->sides.n_dies += c->sides.n_fails < room ? c->sides.n_fails : room;
    c->sides.n_fails = 0;
}

/* Follows a slot down its left sides; the right ones on the way are put on the list. False when out of memory. */
static bool descend(eff_cause_t **slot, struct later **list)
{
    while ((*slot)->flags & EFF__CAUSE_HAS_FAIL) {
        if (!eff__cause_is_inner(*slot)) return replace_leaf(slot, eff_cause_die(eff_value_incref((*slot)->value)));
        struct later *later = eff__alloc(sizeof *later);
        if (!later) return false;
        *later = (struct later){ *list, slot };
        *list = later;
        if (!replace(slot, copy_inner(*slot))) return false;
        eff_cause_t *c = *slot;
        count_fails_as_dies(c);
        later->slot = &c->sides.right;
        slot = &c->sides.left;
    }
    return true;
}

eff_cause_t *eff__cause_fails_to_dies(eff_cause_t *cause)
{
    struct later *list = NULL;
    bool ok = descend(&cause, &list);
    while (list) {
        struct later *later = list;
        list = later->next;
        if (ok) ok = descend(later->slot, &list);
        eff__free(later, sizeof *later);
    }
    if (ok) return cause;
    eff_cause_decref(cause);
    return eff__cause_oom;
}
