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
 * A runtime belongs to the thread that made it; its callbacks never run in parallel. Free it before event_base_free.
 */
#ifndef EFFECT_RUNTIME_H
#define EFFECT_RUNTIME_H

#include <effect/fiber.h>
#include <effect/layer.h>

EFF_BEGIN_DECLS

/** Runs e to its end on a runtime and loop of its own. Blocks. Consumes e. @return new */
EFF_API EFF_MUST_USE eff_exit_t eff_run(eff_t *e);

/** Runs e as a process's main job: SIGINT and SIGTERM interrupt it and wait for its finalizers, a second one exits at
 *  once, SIGQUIT dumps the fibers, SIGPIPE is ignored. Prints the cause when it does not succeed, unless a signal ended it. Consumes e.
 *  @return 0 success (an integer is the exit code itself, modulo 256), 1 Fail or an interruption from inside, 70 Die, 128 + n after
 *          signal n */
EFF_API int eff_main(eff_t *e);
/** As eff_main, with the services of a layer. Consumes both. */
EFF_API int eff_main_with(eff_t *e, eff_layer_t *layer);

/** Options of a runtime; zero means the default. Set `size` if you compile against more than one version. */
typedef struct eff_runtime_options {
    size_t size;             /**< sizeof(eff_runtime_options_t), or 0 */
    struct event_base *base; /**< the caller's loop, borrowed; NULL: one of its own */
    eff_context_t *context;  /**< the root context, consumed; NULL: empty */
    unsigned max_blocking;   /**< threads of the blocking pool, started when needed; 0: 8 */
    unsigned budget;         /**< instructions a fiber may run before others get their turn; 0: 2048 */
    /** Called once for each failure nobody has observed. NULL: printed to stderr. Borrows. */
    void (*on_unobserved)(const eff_fiber_t *fiber, const eff_cause_t *cause, void *arg);
    /** Called at the end of each turn of the caller's loop after which fibers live but none can go on by itself. NULL:
     *  nothing. (In eff_run and eff_runtime_run, the fibers die of it: a deadlock is a result.) */
    void (*on_deadlock)(eff_runtime_t *rt, void *arg);
    void *arg; /**< of the two callbacks */
} eff_runtime_options_t;

/** @param options borrowed; NULL: all defaults. @return new; NULL when out of memory or the loop cannot be made */
EFF_API EFF_MUST_USE eff_runtime_t *eff_runtime_new(const eff_runtime_options_t *options);
/** Runs e to its end, running the loop meanwhile. Misuse from inside a callback of that loop. Consumes e. */
EFF_API EFF_MUST_USE eff_exit_t eff_runtime_run(eff_runtime_t *rt, eff_t *e);

/** Called from the loop, exactly once, when the fiber has ended. Borrows exit. */
typedef void (*eff_exit_fn)(const eff_exit_t *exit, void *arg);
/** Starts e; no user code runs before it returns. on_exit (which may be NULL) is called iff it returns 0. Consumes e.
 *  *ret_fiber is a new handle; ret_fiber may be NULL.
 *  @return 0; -ENOMEM; -ECANCELED once shutdown has begun */
EFF_API int eff_runtime_fork(eff_runtime_t *rt, eff_t *e, eff_exit_fn on_exit, void *arg, eff_fiber_t **ret_fiber);
/** Interrupts a fiber from outside; nothing is called inline. On a fiber that has ended: nothing. */
EFF_API void eff_runtime_interrupt(eff_runtime_t *rt, eff_fiber_t *fiber);
/** Ends everything: root fibers first, then daemons; then `done` (which may be NULL), in which
 *  eff_runtime_free is allowed. */
EFF_API void eff_runtime_shutdown(eff_runtime_t *rt, void (*done)(void *arg), void *arg);
/** Frees the runtime. With fibers still alive it reports them as misuse and unwinds them synchronously, children first:
 *  plain releases and drops run, effectful finalizers are skipped and named. */
EFF_API void eff_runtime_free(eff_runtime_t *rt);
/** After fork(2), in the child: forgets the runtime without touching the loop it shares with the parent. Its memory is
 *  not given back. */
EFF_API void eff_runtime_abandon(eff_runtime_t *rt);
/** How many fibers live. */
EFF_API size_t eff_runtime_n_fibers(const eff_runtime_t *rt);
/** The fiber tree as text: state, what each waits for, and where. */
EFF_API void eff_runtime_dump(const eff_runtime_t *rt, eff_buffer_t *out);

EFF_END_DECLS
#endif
