/* Groups: the state of one run of a parallel combinator. */
#ifndef EFF_RUNTIME_GROUP_H
#define EFF_RUNTIME_GROUP_H

#include "runtime/fiber.h"

enum eff__group_phase {
    EFF__GROUP_STARTING,  /* sides are started one after another, by switching */
    EFF__GROUP_WAITING,   /* for the first deciding end */
    EFF__GROUP_FINISHING, /* the rest was interrupted, and is awaited */
};

struct eff__side {
    eff_fiber_t *fiber; /* its run's reference is the group's, also after it ended; NULL once it is done with */
    size_t index;       /* of its argument or item */
};

struct eff__group {
    eff_fiber_t *caller;
    eff_t *node; /* the par or each node; owned when node_owned */
    bool node_owned;
    bool each;          /* for_each_par; else par */
    bool decided;       /* nothing new starts */
    bool caller_awaits; /* the caller is suspended in this group */
    uint8_t kind;       /* enum eff__par_kind */
    uint8_t phase;      /* enum eff__group_phase */
    uint32_t n_sides;   /* places in `sides` */
    uint32_t n_started; /* of those, how many are in use */
    uint32_t n_live;    /* sides that have not ended */
    size_t next_item;   /* each: the next to start */
    size_t n_items;
    eff_value_t array;    /* each: of the results; unit when they are discarded */
    eff_value_t *results; /* each: its n_items items; NULL when they are discarded */
    eff_cause_t *issued;  /* the Interrupt this group sent to its sides, or NULL */
    eff_cause_t *saved;   /* why the caller unwinds (it was interrupted, say), or NULL */
    struct eff__side sides[];
};

/* Suspended in a group: for its first deciding end, and for the last end. */
extern const struct eff__wait_ops eff__group_wait, eff__group_end_wait;

/* Makes a group of n places for a caller, with the node (consumed if owned, else borrowed) and its frame, STARTING; NULL
 * when out of memory (the node is given up, the caller fails). */
struct eff__group *eff__group_new(eff_fiber_t *f, eff_t *node, bool owned, size_t n);
/* The items of for_each: how many, and the i-th (new). */
size_t eff__items_count(eff_value_t items);
eff_value_t eff__items_at(eff_value_t items, size_t i);

/* A side has ended, with the result in reg: true when the fiber goes on with another item (reg and frames are set);
 * false when it is done with, and rt->switch_to says who goes on. */
bool eff__group_side_ended(eff_fiber_t *f);
/* Gives up a group whose sides have all been unwound, for a runtime that is freed. */
void eff__group_unwind(eff_fiber_t *caller, struct eff__group *g);

#endif
