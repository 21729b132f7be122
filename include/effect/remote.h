/** @file
 * Several runtimes in one process, one to a thread: running effects on the runtime of another.
 *
 *     // a thread that serves: a runtime of its own, and a reference to it for the others
 *     eff_runtime_t *rt = eff_runtime_new(NULL);
 *     worker->ref = eff_runtime_ref(rt);
 *     eff_exit_t exit = eff_runtime_run(rt, eff_external(eff_deferred_await(worker->stop)));
 *
 *     // a fiber of any other
 *     e = eff_on_runtime(worker->ref, resize(image));                  // runs there, ends here
 *
 *     // plain C, on any thread
 *     int r = eff_runtime_post(worker->ref, eff_deferred_succeed(worker->stop, eff_unit));
 *
 * Effects, values, causes and exits cross; what they hold is then used and dropped on the other thread, one at a time.
 * Handles (fibers, queues, deferreds, scopes) may travel inside them, but only effects that run on the runtime they
 * belong to may use them: of another it is a defect. eff_ptr does not cross.
 *
 * A reference outlives its runtime: what is sent too late is refused. While others hold references, work may come, so a
 * caller's loop stays for it (until shutdown begins). Waiting for work is waiting for the outside: eff_external says
 * so, else a runtime whose fibers only wait for each other dies of deadlock.
 */
#ifndef EFFECT_REMOTE_H
#define EFFECT_REMOTE_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** A counted reference to a runtime, for other threads. */
typedef struct eff_runtime_ref eff_runtime_ref_t;
EFF_API extern const eff_type_t eff_runtime_ref_type; /**< of references as values */

/** A reference to a runtime. On the runtime's own thread.
 *  @borrows{rt} @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_runtime_ref_t *eff_runtime_ref(eff_runtime_t *rt);
/** One more. Any thread. @param ref borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_runtime_ref_t *eff_runtime_ref_incref(eff_runtime_ref_t *ref);
/** Gives one up. The last lets a caller's loop end that was only waiting for work. Any thread.
 *  @param ref consumes; NULL is fine */
EFF_API void eff_runtime_ref_decref(eff_runtime_ref_t *ref);
/** A reference as a value. @param ref consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_runtime_ref_value(eff_runtime_ref_t *ref);
/** Reads a reference. @borrows{v} @return borrowed from v; on the wrong type a dummy whose runtime is gone */
EFF_API eff_runtime_ref_t *eff_as_runtime_ref(eff_value_t v);

/**
 * Runs e on another runtime, as a root fiber there, and waits for its end.
 *
 * e has that runtime's root context, not the caller's: services are handles of one runtime. It must own all it uses.
 * - Success: with e's value.
 * - Failure: as e fails, with its trace. With an eff_closed_error when the runtime has begun to shut down or is gone:
 *   then nothing of e has run. When it shuts down while e runs: with that interruption, as an ordinary cause.
 * - Interruption: is passed on to e, and waits until that has ended, finalizers included. What they fail with is told.
 *
 * It waits for the outside: never part of a deadlock, even if two runtimes wait for each other.
 *
 * @param site where it is composed; the macro fills it in
 * @param ref borrows; the effect takes a reference of its own. The caller's own runtime is fine: a new root of it
 * @consumes{e}
 * @returns_new
 * @see eff_runtime_post, which does not wait
 *
 * Standard name: evalOn (cats-effect), onExecutor (ZIO). Two wake-ups of a loop, one on each side.
 */
EFF_API EFF_MUST_USE eff_t *eff_on_runtime_at(eff_site_t site, eff_runtime_ref_t *ref, eff_t *e);
#define eff_on_runtime(...) eff_on_runtime_at(EFF_SITE, __VA_ARGS__)

/** Starts e on a runtime, as a root fiber there, and does not wait: the way in from any thread, for plain C too. Its
 *  failure, which nobody asks for, is reported there. No user code runs before it returns.
 *  @borrows{ref}
 *  @param e consumes, on failure too
 *  @return 0; -ENOMEM; -ECANCELED when the runtime has begun to shut down or is gone. After 0 it may still be refused, by
 *          a shutdown that begins before its turn comes, or for lack of memory: then it is dropped */
EFF_API int eff_runtime_post(eff_runtime_ref_t *ref, eff_t *e);

EFF_END_DECLS
#endif
