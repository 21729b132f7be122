/** @file
 * What a running program is doing: its fibers, what each waits for, since when, and what it goes back to.
 *
 *     eff_buffer_t text = EFF_BUFFER_INIT;
 *     eff_runtime_dump(rt, &text);                        // a tree, for people
 *     json_t *tree = eff_runtime_dump_json(rt);           // the same, for programs
 *     eff_runtime_each_fiber(rt, count_waiting, &n);      // fiber by fiber, and no memory is needed
 *
 * Looking changes nothing, and may be done whenever user code runs on the runtime's thread: in a callback of the loop,
 * of a signal's event, say, or in one of a fiber, where eff_runtime_current() is the runtime. Under eff_main, SIGQUIT
 * (Ctrl-\) prints the text.
 */
#ifndef EFFECT_DUMP_H
#define EFFECT_DUMP_H

#include <effect/duration.h>
#include <effect/fiber.h>

EFF_BEGIN_DECLS

/** What a fiber does. */
typedef enum eff_fiber_state {
    EFF_FIBER_NEW,     /**< has not had its first turn */
    EFF_FIBER_READY,   /**< goes on as soon as it is its turn */
    EFF_FIBER_RUNNING, /**< runs: who looks is inside it, or inside a side that it is starting */
    EFF_FIBER_WAITING, /**< is suspended */
    EFF_FIBER_ENDED    /**< has failed, and nobody has asked for its exit yet; others that have ended are not shown */
} eff_fiber_state_t;

/** A fiber at one moment. Strings and the handle are borrowed until the visit returns. */
typedef struct eff_fiber_info {
    size_t size;             /**< sizeof(eff_fiber_info_t) of the library: what lies beyond it is not there */
    eff_fiber_t *fiber;      /**< its handle; eff_fiber_incref keeps it */
    uint64_t id;             /**< unique in its runtime, from 1 */
    uint64_t parent_id;      /**< of who forked it, or of the owner of the scope it was forked into; 0: nobody */
    size_t level;            /**< how many fibers are above it in the tree of forks, and 1; 1 in a scope, too */
    const char *name;        /**< NULL: none */
    eff_site_t forked_at;    /**< NULL for roots, and without sites */
    eff_fiber_state_t state; /**< what it does */
    const char *waits_for;   /**< completes "waits": "for an item of a queue", "to join"; NULL unless it waits */
    uint64_t waits_for_id;   /**< the fiber that it joins or awaits; 0: no single one */
    eff_site_t waits_at;     /**< where what it waits in was composed; NULL unless it waits, and without sites */
    eff_duration_t waited;   /**< for how long it has waited, to the turn of the loop; 0 unless it waits */
    bool has_timer;          /**< it waits for a time: then `due_in` counts, and `waited` is 0 */
    eff_duration_t due_in;   /**< how long it has to wait still; not negative */
    bool from_outside;       /**< a timer or the outside world will answer: no part of a deadlock */
    bool daemon;             /**< owned by the runtime */
    bool masked;             /**< interruption is not seen where it is now */
    bool interrupted;        /**< it has been told to end */
    uint64_t interrupted_by; /**< by which fiber; 0: from outside */
    eff_interrupt_reason_t interrupt_reason; /**< why; of no meaning unless interrupted */
    eff_site_t interrupted_at;               /**< where that was composed; NULL: unknown */
} eff_fiber_info_t;

/** Called for one fiber. It must not end fibers: give up no handle but those it took itself, interrupt nobody.
 *  @param info borrows: until it returns
 *  @param arg as it was given
 *  @return whether to go on */
typedef bool (*eff_fiber_visit_fn)(const eff_fiber_info_t *info, void *arg);
/** Visits every fiber: parents before their children, those of one parent in the order in which they were forked, and
 *  those that a scope owns after all others. Needs no memory: without any, `waits_for` is less exact. O(fibers).
 *  @borrows{rt}
 *  @param visit called for each, until it returns false
 *  @param arg passed to visit
 *  @return how many were visited */
EFF_API size_t eff_runtime_each_fiber(const eff_runtime_t *rt, eff_fiber_visit_fn visit, void *arg);

/** Adds the fiber tree as text, a line for each fiber: what it does, where, and for how long if that is a second or
 *  more; below it, what it goes back to, innermost first, as in the trace of a failure. Many that are alike share a
 *  line. O(fibers).
 *
 *      fiber 1 (main) waits for its parallel sides at serve (web.c:40), for 2.3 s
 *          at main (web.c:71)
 *        fiber 7 "resolver" (forked at serve (web.c:40)) waits for a deferred at look_up (dns.c:12), for 2.3 s
 *
 *  @borrows{rt}
 *  @param out what the text is added to */
EFF_API void eff_runtime_dump(const eff_runtime_t *rt, eff_buffer_t *out);
/** The fiber tree for programs:
 *
 *      {"fibers": 2, "runnable": 0, "waiting_outside": 0, "tree": [
 *          {"id": 1, "state": "waiting", "waits_for": "for its parallel sides", "at": "serve (web.c:40)",
 *           "waited_ms": 2300, "outside": false, "daemon": false, "masked": false, "trace": ["main (web.c:71)"],
 *           "children": [{"id": 7, "parent": 1, "name": "resolver", "forked_at": "serve (web.c:40)", ...}]}]}
 *
 *  "waits_for" completes "waits", as in the text. "state" is "new", "ready", "running", "waiting" or "ended". What
 *  there is none of is left out: "parent", "name", "forked_at"; "waits_for", "at" and "outside" unless it waits;
 *  "waits_for_fiber" unless that is a single one; "waited_ms" where it waits for a time, and has "due_in_ms";
 *  "interrupted", which is {"by", "reason", "site"}. The "trace" is empty of the fiber that runs, and of one that has
 *  ended. Of a long one the innermost 8 and the outermost 24 sites are there, and "sites_left_out" says how many were
 *  between them. Fibers more than 64 levels down stand beside those of the 64th, and those that a scope owns at the
 *  top: "parent" is right everywhere. O(fibers).
 *  @borrows{rt}
 *  @return new: a json_t of jansson, for json_decref; NULL when out of memory */
EFF_API EFF_MUST_USE struct json_t *eff_runtime_dump_json(const eff_runtime_t *rt);

/** The runtime whose fibers have their turn on this thread: for callbacks that look at their own program.
 *  @return borrowed; NULL outside of them */
EFF_API eff_runtime_t *eff_runtime_current(void);

EFF_END_DECLS
#endif
