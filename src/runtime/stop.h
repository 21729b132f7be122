/* Stop tokens: what was asked to stop, and who is to hear of it.
 *
 *     the runtime's
 *     |-- of an eff_graceful, or a task group
 *     |   `-- of one within it
 *     `-- ...
 *
 * A token that was asked has only such below it. It is in the context of what runs under it, as a service that is
 * provided, so that fibers of an outer scope have the one of that scope; where there is none, the runtime's counts. A
 * token is in the tree as long as its group lives. Whoever still has it afterwards has the one above in its place.
 */
#ifndef EFF_RUNTIME_STOP_H
#define EFF_RUNTIME_STOP_H

#include <effect/stop.h>

#include "runtime/line.h"

struct eff__group;
struct eff__stop;

struct eff__stop {
    struct eff__line line;          /* who waits to be asked; its runtime */
    struct eff__stop *parent;       /* owned; NULL: the runtime's own */
    struct eff__stop *first, *last; /* the children, in order of making; borrowed */
    struct eff__stop *prev, *next;  /* among the parent's children */
    struct eff__group *group;       /* of the eff_graceful or task group; NULL: the runtime's own, or ended */
    bool asked;                     /* for good */
    bool cut;                       /* no graces count any more; asked too */
    bool ended;                     /* the parent stands for it */
};

/* A token below another, or with NULL a runtime's own; returns new, NULL when out of memory. */
struct eff__stop *eff__stop_new(eff_runtime_t *rt, struct eff__stop *parent);
void eff__stop_decref(struct eff__stop *stop);
/* The token that the fiber runs under; borrowed. */
struct eff__stop *eff__stop_of(const eff_fiber_t *f);
/* Asks it, and all below it. Needs no memory, and runs no user code. O(tokens below, and who waits for them). */
void eff__stop_ask(struct eff__stop *stop);
/* The same, and whoever stays for a grace below it stays no longer. */
void eff__stop_cut(struct eff__stop *stop);
/* What it was made for has ended: those below it and who waits for it belong to the parent now. */
void eff__stop_end(struct eff__stop *stop);

/* ---- of groups */

/* Gives the group a token, which its sides are to run under: of its own, or with EFF__PAR_WITHIN that of the caller. False
 * when out of memory. */
bool eff__group_stop_begin(eff_fiber_t *f, struct eff__group *g);
/* Gives it up. */
void eff__group_stop_end(struct eff__group *g);
/* Whether the caller of an eff_graceful, who is interrupted, stays until the grace has passed. */
bool eff__grace_counts(const eff_fiber_t *f, const struct eff__group *g);
/* What the side that measures the grace waits by before it begins. */
extern const struct eff__wait_ops eff__grace_wait;

#endif
