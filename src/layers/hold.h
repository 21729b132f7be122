/* Holds, as requests (request.c) and leaving (hold.c) see them. */
#ifndef EFF_LAYERS_HOLD_H
#define EFF_LAYERS_HOLD_H

#include "layers/memo.h"

struct eff__hold {
    eff_t leave;                    /* an immortal node: gives it up, and waits for the end when it was the last */
    struct eff__instance *instance; /* owned; NULL: of a MEMO that is not built */
    struct eff__chain *chain;       /* owned; NULL */
    struct eff__memoized *memoized; /* of a MEMO's scope: owned; else NULL */
    struct eff__entry *entry;       /* borrowed; NULL once the scope is leaving it, and of no scope */
    bool left;                      /* it does not count any more */
    bool last;                      /* and nobody was left: whoever is to leave it waits for the end */
};

/* A hold of nothing yet, in no scope; NULL when out of memory. Takes a reference to the chain. */
struct eff__hold *eff__hold_new(eff_site_t site, struct eff__chain *chain);
/* An entry for it where a scope, or the anchor in it, says; NULL when out of memory. Consumes the hold when it is made. */
struct eff__entry *eff__hold_add_entry(struct eff__hold *hold, eff_scope_t *scope, struct eff__anchor *anchor,
                                       eff_site_t site);
/* Of a node with a hold as its handle: leaves it, and its entry goes. Waits for the end when it was the last. */
extern const struct eff__prim eff__leave_prim;
/* Suspends who has requested it, until it is READY. */
void eff__await_ready(eff_fiber_t *f, struct eff__hold *hold);

/* Adds what those wait for who wait for its end. */
void eff__describe_release(const struct eff__instance *inst, eff_buffer_t *out);

#endif
