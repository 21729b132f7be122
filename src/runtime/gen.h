/* The run of a gen, as the interpreter needs it, which takes the usual step by itself: gen.c. */
#ifndef EFF_RUNTIME_GEN_H
#define EFF_RUNTIME_GEN_H

#include "runtime/fiber.h"

/* What the step function's return meant: see gen.c. */
enum eff__gen_wait { EFF__GEN_RAW, EFF__GEN_WAIT, EFF__GEN_WAIT_EXIT, EFF__GEN_RETURN, EFF__GEN_ENDING };

/* One EFF_DEFER. */
struct eff__defer {
    struct eff__defer *next; /* the one before it */
    eff_site_t site;
    eff_any_fn fn;
};

struct eff__gen_run {
    struct eff_gen g; /* first: the macros have a pointer to it */
    const eff_gen_def_t *def;
    struct eff__defer *defers; /* the latest first */
    struct eff__defer spare;   /* the place of a defer for which there was no memory: it ends the gen */
    /* followed by the frame, 16-byte aligned */
};

enum { EFF__GEN_FRAME_AT = (sizeof(struct eff__gen_run) + 15) / 16 * 16 };

static inline void *eff__gen_frame(struct eff__gen_run *r)
{
    return (char *)r + EFF__GEN_FRAME_AT;
}

/* Runs the step function to its next await or end, with the value (consumed) that the await before gave. */
static inline eff_t *eff__gen_go_on(struct eff__gen_run *r, eff_value_t v)
{
    eff_value_decref(r->g.value);
    r->g.value = v;
    r->g.wait = EFF__GEN_RAW;
    return r->def->step(eff__gen_frame(r), &r->g);
}
/* What the fiber does after that; returns an enum eff__next. Consumes e, which may be NULL. */
int eff__gen_stepped(eff_fiber_t *f, struct eff__gen_run *r, eff_t *e);

#endif
