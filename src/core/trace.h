/* A trace while it is being collected: the sites of the frames an unwinding passes, innermost first, bounded: the first
 * 8 and the last 24 are kept; a site that comes twice in a row counts once, for combinators are made of several frames
 * with the same site. It lives in the interpreter and is put on the cause only when somebody will see it. */
#ifndef EFF_CORE_TRACE_H
#define EFF_CORE_TRACE_H

#include <effect/base.h>

enum { EFF__TRACE_FIRST = 8, EFF__TRACE_LAST = 24, EFF__TRACE_MAX = EFF__TRACE_FIRST + EFF__TRACE_LAST };

struct eff__trace {
    uint32_t n_seen;                  /* how many were added, also those that were overwritten */
    eff_site_t sites[EFF__TRACE_MAX]; /* [0, 8): the first; [8, 32): a ring of the later ones */
};

/* Where the n-th site that was added is, or belongs. */
static inline eff_site_t *eff__trace_place(struct eff__trace *t, uint32_t n)
{
    return &t->sites[n < EFF__TRACE_FIRST ? n : EFF__TRACE_FIRST + (n - EFF__TRACE_FIRST) % EFF__TRACE_LAST];
}

static inline void eff__trace_add(struct eff__trace *t, eff_site_t site)
{
    uint32_t n = t->n_seen;
    if (!site || (n && *eff__trace_place(t, n - 1) == site)) return;
    *eff__trace_place(t, n) = site;
    t->n_seen = n + 1;
}

#endif
