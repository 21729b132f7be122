/* Watching what runs: with EFF_DEBUG=slow or leaks, fibers run in a second form of the interpreter, which says here what
 * it is about to do. What ran until then is judged by the time between two such marks, and blocks are noted as made in
 * the callback of the latest. Without these aids nothing of it is compiled into the interpreter.
 */
#ifndef EFF_RUNTIME_WATCH_H
#define EFF_RUNTIME_WATCH_H

#include "runtime/debug.h"

enum eff__mark_kind {
    EFF__MARK_NONE,        /* nothing of ours */
    EFF__MARK_CALLBACK,    /* one that a builder was given */
    EFF__MARK_FINALIZER,   /* the function that makes one, or is one */
    EFF__MARK_RELEASE,     /* the same, of a bracket */
    EFF__MARK_CANCELER,    /* of eff_async */
    EFF__MARK_OBSERVER,    /* told of a fiber's end; no site */
    EFF__MARK_GEN,         /* a step of the gen `name`; site: of the await it went on from, or where it was built */
    EFF__MARK_INSTRUCTION, /* `name`, and no callback */
};

/* What runs, since when, and in which fiber. */
struct eff__mark {
    enum eff__mark_kind kind;
    const char *name; /* static */
    eff_site_t site;
    int64_t since;
    struct eff__who who;
    const char *named; /* what that has a copy of: compared only */
};

struct eff__watch {
    bool on; /* slow or leaks */
    struct eff__mark mark;
    unsigned n_told; /* reports of this turn */
};

/* Runs f until it loses the loop, as eff__interpret does. */
void eff__watch_turn(eff_runtime_t *rt, eff_fiber_t *f);

/* ---- asked of those whose frames these are */

/* The name of the gen with this run, and the await it is at, or where it was built. */
void eff__gen_is_at(const void *run, const char **ret_name, eff_site_t *ret_site);
/* Whether a bracket's frame with this head is still at its acquire: else its release comes next. */
bool eff__bracket_acquires(uintptr_t head);
/* Whether it is at its release, or behind it. */
bool eff__bracket_releases(uintptr_t head);

/* ---- said by the interpreter */

/* The instruction e is next. */
void eff__watch_eval(eff_fiber_t *f, eff_t *e);
/* A result returns to the frame of e. */
void eff__watch_return(eff_fiber_t *f, const eff_t *e);
/* A result returns to the special frame on top. */
void eff__watch_frame(eff_fiber_t *f);

/* ---- said by whoever calls a callback that the interpreter does not know of; f is the fiber that it is for */

void eff__watch_mark(eff_runtime_t *rt, const eff_fiber_t *f, enum eff__mark_kind kind, eff_site_t site);
/* The same in the midst of something else, or of nothing, which goes on at eff__watch_leave. */
struct eff__mark eff__watch_enter(eff_runtime_t *rt, const eff_fiber_t *f, enum eff__mark_kind kind, eff_site_t site);
void eff__watch_leave(eff_runtime_t *rt, const struct eff__mark *outer);

#endif
