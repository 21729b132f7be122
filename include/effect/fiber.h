/** @file
 * Fibers: effects that run beside their parent, on the same thread.
 *
 *     EFF_AWAIT(eff_fiber_into(eff_fork(work), &s->worker));
 *     ...
 *     EFF_AWAIT(eff_fiber_join(s->worker));
 *
 * A fiber lives in the region it was forked in (a gen, eff_scoped, eff_acquire_use_release, eff_provide, its parent)
 * and is interrupted and awaited when that region ends. A handle returned out of its region names an ended fiber.
 * There are four lifetimes:
 *
 * | builder         | ends with                        | has the services of | has the locals (local.h) of |
 * | --------------- | -------------------------------- | ------------------- | --------------------------- |
 * | eff_fork        | the region around it             | its forker          | its forker                  |
 * | eff_fork_scoped | the scope around it              | its forker          | its forker                  |
 * | eff_fork_in     | a scope that is given            | that scope          | its forker                  |
 * | eff_fork_daemon | the runtime                      | the runtime's root  | nobody                      |
 *
 * The effects take a NULL handle, and then die of "out of memory"; a fiber of another runtime is a defect, unless it
 * has ended. A fiber that fails, and whose exit nobody has asked for when the last handle or its region goes, is
 * reported to the runtime's on_unobserved; one that was only interrupted is not.
 */
#ifndef EFFECT_FIBER_H
#define EFFECT_FIBER_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_fiber_type; /**< of fiber handles as values */

/** Starts e on a new fiber, which gets its first turn after those already waiting for one. A parent that ends before
 *  that turn ends the fiber unrun: join it, or fork it into a longer scope.
 *  - Success: with the handle (eff_as_fiber), at once.
 *  - Interruption: of the parent ends the child with it. The child starts interruptible, also under a mask.
 *
 *  @consumes{e} @returns_new @see eff_fork_in, eff_fork_scoped, eff_fork_daemon; eff_zip_par and eff_race, which seldom
 *  leave a need for fibers of one's own */
EFF_API EFF_MUST_USE eff_t *eff_fork_at(eff_site_t site, eff_t *e);
/** As eff_fork, owned by the scope: ended when it closes. Into a scope that is closed: dies.
 *
 *  The fiber may outlive what its forker was provided with. So of what is provided, it has what was where the scope was
 *  opened, or the default: of the Clock and the Console, too. What the forker has set by eff_locally goes along.
 *
 *  @retains{scope} @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fork_in_at(eff_site_t site, eff_scope_t *scope, eff_t *e);
/** As eff_fork_in, with the scope around it: outlives a gen or bracket, but not eff_scoped, eff_provide or the fiber.
 *  The fiber has all that its forker has, which lives as long as that scope. @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fork_scoped_at(eff_site_t site, eff_t *e);
/** As eff_fork, owned by the runtime: ended at its shutdown. Starts with the runtime's root context, without what its
 *  forker was provided with or has set by eff_locally, and must own all that it uses. @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fork_daemon_at(eff_site_t site, eff_t *e);

/** What a fiber ends with. */
typedef enum eff_lifetime {
    EFF_LIFETIME_REGION, /**< the region around it: as eff_fork */
    EFF_LIFETIME_SCOPE,  /**< the given scope, or the one around it: as eff_fork_in and eff_fork_scoped */
    EFF_LIFETIME_RUNTIME /**< the runtime: as eff_fork_daemon */
} eff_lifetime_t;
/** How eff_fork_with forks; zero means the default. With `size` set, what an older header did not have is not read. */
typedef struct eff_fork_options {
    size_t size;             /**< sizeof(eff_fork_options_t), or 0 */
    const char *name;        /**< shown in dumps and reports; copied; NULL: none */
    eff_lifetime_t lifetime; /**< what it ends with */
    eff_scope_t *scope;      /**< of EFF_LIFETIME_SCOPE, retained; NULL: the one around it */
    /** It runs at once, until it first waits or yields; then its forker goes on. Else it gets its first turn after those
     *  already waiting for one. */
    bool start_immediately;
} eff_fork_options_t;
/** As eff_fork, with options:
 *
 *      EFF_AWAIT(eff_fork_with(read_all(s->in), &(eff_fork_options_t){ .name = "reader", .start_immediately = true }));
 *
 *  With start_immediately, what e does before it first waits has been done when the forker goes on: for a listener that
 *  must be registered, or work that is often done at once. A forker that is interrupted meanwhile sees it then.
 *  @consumes{e}
 *  @param options borrows: copied; NULL: all defaults
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fork_with_at(eff_site_t site, eff_t *e, const eff_fork_options_t *options);
/** Forks n effects, in order, as eff_fork does each.
 *  - Success: with the array of the handles, at once.
 *
 *  @param site where it is composed; the macro fills it in
 *  @param n how many
 *  @param effects consumes the effects, borrows the list
 *  @returns_new @see eff_fiber_join_all */
EFF_API EFF_MUST_USE eff_t *eff_fork_all_at(eff_site_t site, size_t n, eff_t *const *effects);
/** Names the fiber that runs e, from its start on: in dumps, reports and eff_fiber_name. For sides of parallel
 *  combinators, and the main fiber; eff_fork_with names others at their birth.
 *  @consumes{e}
 *  @param name copied; NULL takes the name away
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_named_at(eff_site_t site, eff_t *e, const char *name);
/** Succeeds with the handle of the fiber that runs it (eff_as_fiber). Sides of parallel combinators and items of
 *  eff_for_each_par are fibers too, each with a handle of its own. A fiber may end with it; inside a larger value or an
 *  error that it ends with, its own handle keeps the fiber, and so itself, for ever. @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_self_at(eff_site_t site);

/** Waits for the fiber's end, and ends the same way.
 *  - Success: with its value.
 *  - Failure: with its cause. An interruption of the fiber is an ordinary cause here, which can be caught.
 *  - Interruption: of the waiter does not touch the fiber.
 *
 *  @retains{fiber} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_join_at(eff_site_t site, eff_fiber_t *fiber);
/** Waits for the fiber's end and succeeds with its exit (eff_as_exit), whatever it is. @retains{fiber} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_await_at(eff_site_t site, eff_fiber_t *fiber);
/** Interrupts the fiber and waits, masked, until it has ended, finalizers included; succeeds with its exit
 *  (eff_as_exit). Does not wait for itself or an ancestor: then it succeeds with unit. On a fiber that has ended it
 *  changes nothing. @retains{fiber} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_interrupt_at(eff_site_t site, eff_fiber_t *fiber);
/** Interrupts the fiber and goes on at once. Succeeds with unit. @retains{fiber} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_interrupt_fork_at(eff_site_t site, eff_fiber_t *fiber);

/** Waits for all fibers, as if they were one.
 *  - Success: with the array of their values, in the order of the handles.
 *  - Failure: when one has failed, the others are interrupted and awaited; then with Both of the causes: first of those
 *    that had ended by themselves, in order, then of those that were interrupted.
 *  - Interruption: of the waiter does not touch the fibers.
 *
 *  @param fibers consumes; items (items.h) that are handles: an array, as of eff_fork_all, or an iterator, say
 *  @returns_new @see eff_fiber_await_all, which interrupts nobody
 *
 *  Standard name: gather. O(fibers) memory. */
EFF_API EFF_MUST_USE eff_t *eff_fiber_join_all_at(eff_site_t site, eff_value_t fibers);
/** Waits for all fibers and succeeds with the array of their exits (eff_as_exit), in the order of the handles. Touches
 *  none of them.
 *  @param fibers consumes; items that are handles
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_await_all_at(eff_site_t site, eff_value_t fibers);
/** Interrupts all fibers, the last before the first is waited for, and succeeds with the array of their exits. Masked,
 *  as eff_fiber_interrupt.
 *  @param fibers consumes; items that are handles; read once, before the first is interrupted
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_interrupt_all_at(eff_site_t site, eff_value_t fibers);
/** What eff_fiber_wait waits for. */
typedef enum eff_wait_until {
    EFF_WAIT_FIRST_END,     /**< one of them has ended, however */
    EFF_WAIT_FIRST_FAILURE, /**< one has failed, or all have ended */
    EFF_WAIT_ALL            /**< all have ended */
} eff_wait_until_t;
/** Waits until some of the fibers have ended, and touches none.
 *  - Success: with the pair of two arrays of handles, each in the given order: those that have ended, and the others.
 *    No fibers at all: at once.
 *  - Interruption: of the waiter does not touch the fibers.
 *
 *  It asks for the exits of those that have ended, so their failures are not reported as unobserved.
 *
 *  @param fibers consumes; items that are handles
 *  @param until when to go on
 *  @returns_new
 *
 *  Standard name: wait (of asyncio). O(fibers). To wait once more for the rest, pass it the second array. */
EFF_API EFF_MUST_USE eff_t *eff_fiber_wait_at(eff_site_t site, eff_value_t fibers, eff_wait_until_t until);

#define eff_fork(...) eff_fork_at(EFF_SITE, __VA_ARGS__)
#define eff_fork_with(...) eff_fork_with_at(EFF_SITE, __VA_ARGS__)
/** eff_fork_all(a, b, c): the array of handles of its arguments. @param ... effects, at least one */
#define eff_fork_all(...) EFF_LISTED_(eff_fork_all_at, eff_t *, __VA_ARGS__)
/** eff_fork_all of a list made at run time: eff_fork_all_list(n, list).
 *  @param ... how many; the list, which is borrowed, of effects, which are consumed */
#define eff_fork_all_list(...) eff_fork_all_at(EFF_SITE, __VA_ARGS__)
#define eff_named(...) eff_named_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_self() eff_fiber_self_at(EFF_SITE)
#define eff_fiber_join_all(...) eff_fiber_join_all_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_await_all(...) eff_fiber_await_all_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_interrupt_all(...) eff_fiber_interrupt_all_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_wait(...) eff_fiber_wait_at(EFF_SITE, __VA_ARGS__)
#define eff_fork_in(...) eff_fork_in_at(EFF_SITE, __VA_ARGS__)
#define eff_fork_scoped(...) eff_fork_scoped_at(EFF_SITE, __VA_ARGS__)
#define eff_fork_daemon(...) eff_fork_daemon_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_join(...) eff_fiber_join_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_await(...) eff_fiber_await_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_interrupt(...) eff_fiber_interrupt_at(EFF_SITE, __VA_ARGS__)
#define eff_fiber_interrupt_fork(...) eff_fiber_interrupt_fork_at(EFF_SITE, __VA_ARGS__)

/** One more reference. Any thread. @param fiber borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_fiber_t *eff_fiber_incref(eff_fiber_t *fiber);
/** Gives up one reference, which ends nothing. Any thread. @param fiber consumes; NULL is fine */
EFF_API void eff_fiber_decref(eff_fiber_t *fiber);
/** A handle as a value. @param fiber consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_fiber_value(eff_fiber_t *fiber);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy that has ended with unit */
EFF_API eff_fiber_t *eff_as_fiber(eff_value_t v);
/** Runs e, which succeeds with a handle, moves that to *slot and succeeds with unit: as NAME_into of type.h.
 *  @consumes{e}
 *  @param slot what was there is given up, NULL is fine; must outlive the effect
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fiber_into_at(eff_site_t site, eff_t *e, eff_fiber_t **slot);
#define eff_fiber_into(...) eff_fiber_into_at(EFF_SITE, __VA_ARGS__)

/** Which fiber it is, as dumps and causes show it. Any thread. @borrows{fiber} @return unique in its runtime, from 1 */
EFF_API uint64_t eff_fiber_id(const eff_fiber_t *fiber);
/** The exit, without waiting. Counts as asking for it. Its runtime's thread. @borrows{fiber}
 *  @return borrowed from fiber, once it has ended; NULL while it runs */
EFF_API const eff_exit_t *eff_fiber_poll(eff_fiber_t *fiber);
/** What it was named: by eff_fork_with, eff_named. Its runtime's thread.
 *  @borrows{fiber} @return borrowed from fiber, until it is named anew; NULL when it has no name */
EFF_API const char *eff_fiber_name(const eff_fiber_t *fiber);

/** Called from the loop, exactly once, when the fiber has ended.
 *  @borrows{exit}
 *  @param arg as it was given */
typedef void (*eff_exit_fn)(const eff_exit_t *exit, void *arg);
/** A plain C observer of a fiber's end: for callbacks of a program around the fibers. Inside them, join. Lies in a
 *  struct of the caller's, who sets the first two members. */
typedef struct eff_fiber_observer {
    eff_exit_fn on_exit; /**< called from the loop once the fiber has ended and nothing of it runs */
    void *arg;           /**< passed to on_exit */
    struct {
        eff_fiber_t *fiber; /* NULL: observes nothing */
        struct eff_fiber_observer *prev, *next;
    } private_; /**< the library's */
} eff_fiber_observer_t;
/** Has the observer called when the fiber ends; several are called in the order in which they were added. It counts as
 *  asking for the exit. Its runtime's thread.
 *  @borrows{fiber}
 *  @param observer must stay where it is until it was called or taken out; it observes one fiber at a time
 *  @return 0; -EALREADY when the fiber has ended: see eff_fiber_poll; -EBUSY when it observes a fiber; -ENOMEM */
EFF_API int eff_fiber_observe(eff_fiber_t *fiber, eff_fiber_observer_t *observer);
/** Takes an observer out: it is not called any more. From inside an observer, itself and others included, it may be used
 *  as well. Its runtime's thread.
 *  @param observer what observes nothing (all zero, or called already) is fine */
EFF_API void eff_fiber_unobserve(eff_fiber_observer_t *observer);

EFF_END_DECLS
#endif
