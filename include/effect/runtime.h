/** @file
 * Running effects.
 *
 *     int main(void) { return eff_main(program()); }              // signals, exit code, printed cause
 *     eff_exit_t exit = eff_run(e);                               // blocks, on a loop of its own
 *
 * Inside a libevent program of your own:
 *
 *     eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
 *     eff_fiber_t *fiber;
 *     if (eff_runtime_fork(rt, handle(request), on_exit, request, &fiber) < 0) ...
 *
 * A runtime belongs to the thread that made it; its callbacks never run in parallel. Everything here that takes a
 * runtime is called on that thread; from others, answer an async handle (async.h), or send it effects (remote.h). Free it
 * before event_base_free.
 */
#ifndef EFFECT_RUNTIME_H
#define EFFECT_RUNTIME_H

#include <effect/duration.h>
#include <effect/fiber.h>
#include <effect/layer.h>
#include <effect/slow.h>
#include <effect/supervisor.h>

EFF_BEGIN_DECLS

/** Runs e to its end on a runtime and loop of its own. Blocks until it, and what it left running, has ended. When its
 *  fibers wait for each other only, they die of that, and the cause lists them. From inside a fiber it is misuse, and a
 *  Die.
 *  @consumes{e} @return new; a Die(out of memory) when there is no memory to start */
EFF_API EFF_MUST_USE eff_exit_t eff_run(eff_t *e);

/** Runs e as a process's main job: SIGINT and SIGTERM interrupt it and wait for its finalizers, and for those of daemons
 *  in the shutdown that follows; a second one exits at once, SIGQUIT dumps the fibers, SIGPIPE is ignored. Prints the
 *  cause to stderr when it does not succeed; a signal gives that up if nobody reads it. After a signal that interrupted
 *  e, and without a defect: nothing, or one line that counts the failures that came with the interruption and shows the
 *  first; a second signal prints a line that says so. What keeps the end waiting for 5 s is named every 5 s (slow.h): a
 *  finalizer, or a fiber that is masked. Where stdin, stdout or stderr is closed, /dev/null takes its place,
 *  such that reading and writing fail still: no socket becomes it. The main thread, once at a time.
 *  @consumes{e}
 *  @return the exit code, by how e ended: 0 on success, or the integer it succeeds with, modulo 256; 1 for a Fail or an
 *          interruption from inside; 70 for a Die; 128 + n after signal n, the second one in any case */
EFF_API int eff_main(eff_t *e);
/** As eff_main, with the services of a layer.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e, layer} @return the exit code */
EFF_API int eff_main_with_at(eff_site_t site, eff_t *e, eff_layer_t *layer);
/** eff_main_with_at, which messages about the layer name as the place. @param ... e, layer */
#define eff_main_with(...) eff_main_with_at(EFF_SITE, __VA_ARGS__)

/** Options of a runtime; zero means the default. With `size` set, what an older header did not have yet is not read. */
typedef struct eff_runtime_options {
    size_t size;             /**< sizeof(eff_runtime_options_t), or 0 */
    struct event_base *base; /**< the caller's loop, borrowed; NULL: one of its own */
    eff_context_t *context;  /**< the root context, consumed, also on failure; NULL: empty */
    unsigned max_blocking;   /**< threads of the blocking pool, started when needed; 0: 8 */
    unsigned budget;         /**< instructions a fiber may run before others get their turn; 0: 2048 */
    /** Called once for each failure that nobody has asked for (fiber.h). NULL: printed to stderr. Borrows all. */
    void (*on_unobserved)(const eff_fiber_t *fiber, const eff_cause_t *cause, void *arg);
    /** Called at the end of each turn of the caller's loop after which fibers live but none can go on by itself. NULL:
     *  nothing. (In eff_run and eff_runtime_run, the fibers die of it: a deadlock is a result.) */
    void (*on_deadlock)(eff_runtime_t *rt, void *arg);
    void *arg;                          /**< of the callbacks, borrowed until eff_runtime_free */
    eff_duration_t slow_callback;       /**< callbacks that hold the loop for longer are told of (slow.h); 0: none is */
    eff_duration_t slow_finalizer;      /**< finalizers that run for longer are, also while they do; 0: none is */
    eff_slow_fn on_slow;                /**< is told of them; NULL: they are printed to stderr */
    const eff_supervisor_t *supervisor; /**< told of every fiber (supervisor.h); borrowed until eff_runtime_free */
} eff_runtime_options_t;

/** A runtime, which belongs to the calling thread. With a base of yours it adds its events there as they are needed,
 *  and your dispatching runs the fibers.
 *  @param options borrows: copied; NULL: all defaults
 *  @return new, for eff_runtime_free; NULL when out of memory or the loop cannot be made */
EFF_API EFF_MUST_USE eff_runtime_t *eff_runtime_new(const eff_runtime_options_t *options);
/** Runs e to its end, running the loop meanwhile. From inside a fiber or a callback of that loop it is misuse, and a
 *  Die. @borrows{rt} @consumes{e} @return new; a Die once shutdown has begun */
EFF_API EFF_MUST_USE eff_exit_t eff_runtime_run(eff_runtime_t *rt, eff_t *e);

/** Starts e as a fiber of its own: the way in from a callback of libevent. No user code runs before it returns.
 *  @borrows{rt}
 *  @param e consumes, on failure too
 *  @param on_exit called iff this returns 0; NULL: nobody
 *  @param arg passed to on_exit; must live until then
 *  @param ret_fiber new, for eff_fiber_decref; NULL on failure; may be NULL
 *  @return 0; -ENOMEM; -ECANCELED once shutdown has begun */
EFF_API int eff_runtime_fork(eff_runtime_t *rt, eff_t *e, eff_exit_fn on_exit, void *arg, eff_fiber_t **ret_fiber);
/** Interrupts a fiber from outside. No user code runs before it returns: cancelers of eff_async are called from the loop.
 *  On a fiber that has ended: nothing. @borrows{rt, fiber} */
EFF_API void eff_runtime_interrupt(eff_runtime_t *rt, eff_fiber_t *fiber);
/**
 * Ends everything: asks to stop (stop.h) and interrupts the root fibers, when those have ended the daemons; then calls
 * done.
 *
 * On the caller's loop it returns at once, no user code runs before that, and the loop must go on. A runtime with a loop
 * of its own runs that to the end, and returns when done was called. From inside eff_runtime_run, that goes on until
 * all has ended, and done is the last it calls. Once only.
 *
 * @borrows{rt}
 * @param done called when no fiber is left; eff_runtime_free is allowed in it; NULL: nobody
 * @param arg passed to done; must live until then
 * @see eff_runtime_shutdown_within, for time to end in good order
 */
EFF_API void eff_runtime_shutdown(eff_runtime_t *rt, void (*done)(void *arg), void *arg);
/**
 * As eff_runtime_shutdown, but everything is asked to stop first, daemons too, and interrupted when `grace` has passed:
 * then no other grace counts any more. When all fibers end earlier, that is the end. The plain one interrupts at once,
 * and awaits whatever an eff_graceful gives time to.
 *
 * Called again before `grace` has passed, without `done`, it can only shorten it: for a second signal.
 *
 * @borrows{rt}
 * @param grace by the monotonic time of the system, whatever Clock is provided; 0 or less: asked and interrupted at once
 * @param done called from the loop when no fiber is left; eff_runtime_free is allowed in it; NULL: nobody
 * @param arg passed to done; must live until then
 */
EFF_API void eff_runtime_shutdown_within(eff_runtime_t *rt, eff_duration_t grace, void (*done)(void *arg), void *arg);
/** Frees the runtime. With fibers still alive it reports them as misuse and unwinds them synchronously, children first:
 *  plain releases and drops run, effectful finalizers are skipped and named. Jobs of eff_blocking that run are waited
 *  for, those of eff_blocking_abandon are not. From inside a fiber or eff_runtime_run, and on another thread than the
 *  one that made it, it is misuse, and does nothing.
 *  @param rt consumes; NULL is fine */
EFF_API void eff_runtime_free(eff_runtime_t *rt);
/** After fork(2), in the child: forgets the runtime without touching the loop it shares with the parent. Its memory is
 *  not given back.
 *  @param rt consumes; NULL is fine */
EFF_API void eff_runtime_abandon(eff_runtime_t *rt);
/** How many fibers live. @borrows{rt} @return sides of combinators and daemons included; those that ended not */
EFF_API size_t eff_runtime_n_fibers(const eff_runtime_t *rt);

EFF_END_DECLS
#endif
