/* Permits: what a semaphore has several of, and a mutex one. Who has to wait for them stands in a line, and nobody
 * overtakes: what comes while somebody waits goes behind.
 *
 * Who gets permits as it is woken has them from then on; if it is interrupted before it runs, they go to the next. Who
 * leaves the line makes room for those behind, which may want less.
 *
 * What runs with permits is under a frame of its own, pushed before the wait, so that nothing can fail once they are
 * there:
 *
 *     PERMITS    site, handle, body or n
 *
 *     WAITING    the handle is the wait's, and the word is 0; then comes the body
 *     HOLDING    a region, with a reference to the handle, and how many permits
 *     ENDING     the same, and its failure has been told of
 */
#ifndef EFF_RUNTIME_PERMITS_H
#define EFF_RUNTIME_PERMITS_H

#include "runtime/line.h"

struct eff__permits {
    struct eff__line line; /* first; who waits has in reg how many it wants (eff_int) */
    int64_t total;         /* how many there are */
    int64_t out;           /* of those given out, to those who were woken with them too; above total once that shrank */
    eff_fiber_t *holder;   /* who got some last, and runs with them; NULL: nobody, or a scope has them; borrowed, for it
                              gives them back before it ends */
    uint64_t holder_id;    /* who got some last; 0: nobody */
    eff_site_t taken_at;   /* where */
};

/* Whether n can be had without waiting. */
static inline bool eff__permits_are_free(const struct eff__permits *p, int64_t n)
{
    return n == 0 || (p->line.n == 0 && n <= p->total - p->out);
}
/* Binds the handle to the fiber's runtime; false when it is another's. */
static inline bool eff__permits_claim(struct eff__permits *p, const eff_fiber_t *f)
{
    return eff__line_claim(&p->line, f);
}
/* Takes n for whatever is not a fiber, which are free. */
static inline void eff__permits_take(struct eff__permits *p, int64_t n)
{
    p->out += n;
}
/* Gives n back, as many being out, and lets those go on for whom there is enough now. Needs no memory, and runs no user
 * code. The caller has a reference to the handle. */
void eff__permits_give(struct eff__permits *p, int64_t n);
/* Lets those go on for whom there is enough. */
void eff__permits_serve(struct eff__permits *p);

/* ---- as instructions: e is a prim with the handle, which was claimed */

/* How fibers wait, one of each for each kind of handle: those who run with permits, and those who only take them. */
#define EFF__PERMITS_ENTER_OPS(...)                                                                                    \
    {                                                                                                                  \
        .leave = eff__permits_leave, .resumed = eff__permits_entered, .on_handle = true, __VA_ARGS__                   \
    }
#define EFF__PERMITS_ACQUIRE_OPS(...)                                                                                  \
    {                                                                                                                  \
        .leave = eff__permits_leave, .resumed = eff__permits_acquired, .on_handle = true, __VA_ARGS__                  \
    }
bool eff__permits_leave(eff_fiber_t *f);
void eff__permits_entered(eff_fiber_t *f, bool interrupted);
void eff__permits_acquired(eff_fiber_t *f, bool interrupted);

/* Runs body (consumed) with n permits, waiting for them. */
int eff__permits_enter(eff_fiber_t *f, eff_t *e, bool alone, eff_t *body, int64_t n, const struct eff__wait_ops *ops);
/* The same directly: the body is the node's value. */
eff_value_t eff__permits_enter_directly(eff_fiber_t *f, eff_t *e, int64_t n, const struct eff__wait_ops *ops);
/* Takes n permits, waiting for them; succeeds with unit. */
int eff__permits_acquire(eff_fiber_t *f, eff_t *e, bool alone, int64_t n, const struct eff__wait_ops *ops);

#endif
