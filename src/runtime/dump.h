/* What is told of fibers: facts, traces, and text. */
#ifndef EFF_RUNTIME_DUMP_H
#define EFF_RUNTIME_DUMP_H

#include <effect/dump.h>

#include <string.h>

#include "core/sink.h"
#include "core/trace.h"
#include "runtime/runtime.h"

/* ---- fiber_info.c */

/* What completes "waits" of a fiber that waits: described, in `room`, or without memory for that its wait's name. Valid
 * until room changes. */
const char *eff__waits_for_text(const eff_fiber_t *f, eff_buffer_t *room);
/* The facts about a fiber; `now` is eff__wait_time_now, and `room` is where waits_for may lie (NULL: it is the name). */
void eff__fiber_info(eff_fiber_t *f, size_t level, int64_t now, eff_buffer_t *room, eff_fiber_info_t *ret_info);
/* The site of the instruction that comes next, if it is known, and those of the frames below, innermost first: a failure
 * would pass them. Where it waits is not repeated. Of the fiber that runs, and
 * while the runtime is freed, nothing: the frames are in motion. */
void eff__fiber_trace(const eff_fiber_t *f, struct eff__trace *ret_trace);
static inline bool eff__same_site(eff_site_t a, eff_site_t b)
{
    return a == b || (a && b && !strcmp(a, b));
}

/* ---- dump.c */

/* Where text about fibers goes. */
struct eff__page {
    struct eff__sink sink;
    int64_t now;                /* eff__wait_time_now */
    bool with_traces;           /* below each line, and fibers share one only if their traces are alike */
    bool flat;                  /* lines do not stand in a tree: each says itself whom it waits for */
    const eff_fiber_t *awaited; /* with flat: of several whom it waits for, the one that matters; NULL: all do */
};

enum { EFF__DUMP_IDS = 4 }; /* of fibers that are alike so many are named: the first ones and the last */

/* One fiber, or several that are alike, which share a line. */
struct eff__alike {
    eff_fiber_t *first;
    size_t n;
    uint64_t ids[EFF__DUMP_IDS];
    int64_t time;             /* ns: the longest for which one has waited, or the shortest until one is due */
    struct eff__trace *trace; /* of the first; NULL: traces are not looked at */
};

/* Begins with one fiber. */
void eff__alike_begin(struct eff__alike *a, eff_fiber_t *f, int64_t now);
/* Adds one more. */
void eff__alike_add(struct eff__alike *a, eff_fiber_t *f, int64_t now);
/* Whether a line about f would tell the same, but for the id and how long it has waited. */
bool eff__alike_is(const struct eff__alike *a, const eff_fiber_t *f);
/* "fiber 3 (forked at x.c:7) waits for a deferred at x.c:9", without a line's end. `tell_parent`: no indentation shows
 * whose child it is. */
void eff__put_alike(struct eff__page *p, const struct eff__alike *a, bool tell_parent);
/* The ids, separated by commas: all, or the first and the last. */
void eff__put_ids(struct eff__sink *s, size_t n, const uint64_t *ids);
/* The fiber tree, indented, a line each. */
void eff__dump_fibers(const eff_runtime_t *rt, struct eff__sink sink, bool with_traces);

#endif
