/* Turns: effects that wait, first come first served, for what only one of them may use at a time; such as stdout, to
 * which two fibers print long lines.
 *
 * A turn is the beginning of a counted payload that one effect alone holds. So leaving the line is the payload's drop:
 * however the effect ends, the next in line gets its turn. In one list there may be lines for several things, told
 * apart by their keys. */
#ifndef EFF_LAYERS_TURN_H
#define EFF_LAYERS_TURN_H

#include <sys/types.h>

#include "runtime/prim.h"

/* What a line forms for. Runtimes do not wait for each other: the other one's loop may not be running. */
struct eff__turn_key {
    const eff_runtime_t *rt;
    int what; /* the user's own: stdin, say */
    dev_t device;
    ino_t file;
};

struct eff__turns {
    struct eff__turn *first, *last; /* in order of coming */
};

struct eff__turn {
    struct eff__turns *list; /* borrowed: outlives the turn */
    struct eff__turn_key key;
    eff_fiber_t *fiber; /* that waits for its turn, or NULL; borrowed */
    struct eff__turn *prev, *next;
};

/* Whether somebody is in line for that key. */
bool eff__turn_is_taken(const struct eff__turns *list, struct eff__turn_key key);
/* Makes t the last in line. */
void eff__turn_join(struct eff__turn *t, struct eff__turns *list, struct eff__turn_key key);
/* Takes t out of the line, and gives the next its turn if this one had it. */
void eff__turn_leave(struct eff__turn *t);
bool eff__turn_has_come(const struct eff__turn *t);
/* The effect that waits for the turn of a payload. Consumes payload, of which it keeps a reference. Returns new. */
eff_t *eff__turn_await(eff_value_t payload);

#endif
