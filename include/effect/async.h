/** @file
 * Adapting callback APIs: for those who bring an operation of libevent, or of another library, into effects. An adapter
 * is three functions: one that starts, the callback that answers, one that cancels. Waiting until a socket takes data
 * (which fd.h has ready):
 *
 *     struct wait { eff_async_t *k; struct event *ev; };
 *     static void wait_clear(struct wait *w) { if (w->ev) event_free(w->ev); }
 *     EFF_STATIC_TYPE(wait, struct wait, .drop = wait_clear);
 *
 *     static void on_writable(evutil_socket_t fd, short what, void *w)
 *     {
 *         eff_async_succeed(((struct wait *)w)->k, eff_int(fd));       // consumes k; the fiber goes on later
 *         wait_decref(w);
 *     }
 *     static eff_cancel_t cancel(eff_async_t *k, void *w)
 *     {
 *         wait_decref(w);                                              // on_writable will not be called any more ...
 *         eff_async_release(k);                                        // ... so k is given back here
 *         return EFF_CANCEL_GONE;
 *     }
 *     static void start(eff_async_t *k, eff_value_t fd)
 *     {
 *         struct wait *w = wait_take(wait_make((struct wait){ .k = k }));
 *         if (w) w->ev = event_new(eff_event_base(), (int)eff_as_int(fd), EV_WRITE, on_writable, w);
 *         if (w && w->ev && event_add(w->ev, NULL) == 0) {
 *             eff_async_on_cancel(k, cancel, w);
 *         } else {
 *             eff_async_fail(k, eff_error_errno(errno, "watch the socket"));
 *             wait_decref(w);                                          // NULL is fine
 *         }
 *     }
 *     eff_t *writable(int fd) { return eff_async(start, eff_int(fd)); }
 *
 * k is one counted reference. Exactly one of eff_async_succeed, eff_async_fail, eff_async_fail_cause, eff_async_resume
 * and eff_async_release consumes it, from any thread, allocating nothing: the fiber goes on later, no user code runs
 * before the answering call returns. k stays valid until start returns even if it is answered before. An answer that
 * comes after the wait was interrupted is ignored and its value dropped, so a resource should be answered with as a
 * value whose drop releases it. Answering twice with one reference is a use after free: a persistent event must be
 * deleted by its answer. Giving k back unanswered makes the fiber die of "abandoned: start (net.c:12) ...".
 *
 * Where a callback comes even after cancelling, or a buffer must outlive the operation, the canceler answers
 * EFF_CANCEL_PENDING and the callback consumes k as always: see examples/07_async.c, and 14_threads.c for threads.
 */
#ifndef EFFECT_ASYNC_H
#define EFFECT_ASYNC_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** Starts the operation. Runs masked, on the runtime's thread. It may answer k itself; else it sees to it that some
 *  callback does.
 *  @param k consumes: to be answered or released, once
 *  @borrows{env} */
typedef void (*eff_async_fn)(eff_async_t *k, eff_value_t env);

/** What a canceler answers. */
typedef enum eff_cancel {
    EFF_CANCEL_GONE, /**< it is over: unwind now. The reference is still yours: eff_async_release(k) here if no callback
                            will come any more, else in that callback */
    EFF_CANCEL_PENDING /**< a callback will still come, that is a promise: the fiber stays suspended until k is answered
                            or released, and whoever interrupted it waits for as long. What it is answered with is
                            dropped: the fiber unwinds */
} eff_cancel_t;
/** Calls the operation off. Plain C, called on the runtime's thread, at most once, never inside a mask nor after an
 *  answer. It may overlap an answer under way on another thread: what they share needs a lock of yours.
 *  @param k borrows, but see EFF_CANCEL_GONE
 *  @param arg as it was given to eff_async_on_cancel
 *  @return whether it is over */
typedef eff_cancel_t (*eff_cancel_fn)(eff_async_t *k, void *arg);

/** Suspends the fiber until k is answered. A wait for the outside world: never part of a deadlock.
 *  - Success, Failure: as k is answered. A k given back unanswered is a defect.
 *  - Interruption: calls the canceler, if start named one, and unwinds or waits as it says; else unwinds at once.
 *
 *  @param start called once per run; owns k, borrows env
 *  @consumes{env} @returns_new
 *
 *  Standard name: async (cats-effect, ZIO). */
EFF_API EFF_MUST_USE eff_t *eff_async_at(eff_site_t site, eff_async_fn start, eff_value_t env);
#define eff_async(...) eff_async_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)

/** What to call when the fiber is interrupted while it waits. In start only, before or after the operation is under
 *  way; the last one counts. Without one, interruption unwinds at once and the answer that comes later is ignored.
 *  @borrows{k}
 *  @param cancel see eff_cancel_fn
 *  @param arg passed to cancel; must live until k is answered or released */
EFF_API void eff_async_on_cancel(eff_async_t *k, eff_cancel_fn cancel, void *arg);

/* ---- answers: any thread, no allocation. Of several references the first answer counts, the others are dropped. */

/** Lets the fiber succeed with v. @consumes{k, v} */
EFF_API void eff_async_succeed(eff_async_t *k, eff_value_t v);
/** Lets the fiber fail with an expected error. @consumes{k, error} */
EFF_API void eff_async_fail(eff_async_t *k, eff_value_t error);
/** Lets the fiber end with a cause. @consumes{k, cause} */
EFF_API void eff_async_fail_cause(eff_async_t *k, eff_cause_t *cause);
/** Lets the fiber go on with e. @consumes{k, e} */
EFF_API void eff_async_resume(eff_async_t *k, eff_t *e);
/** Gives a reference up without an answer; when it is the last, the fiber dies of "abandoned", unless its wait is over.
 *  @consumes{k} */
EFF_API void eff_async_release(eff_async_t *k);
/** One more reference, for when any of several callbacks may answer: each consumes one. Any thread.
 *  @borrows{k} @return k, with a reference that is yours */
EFF_API eff_async_t *eff_async_incref(eff_async_t *k);

/** Declares that the waits in e are answered from outside fibers (your own events, other threads), so that they are no
 *  deadlock. Ends as e does. @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_external_at(eff_site_t site, eff_t *e);
#define eff_external(...) eff_external_at(EFF_SITE, __VA_ARGS__)

/** The event_base of the running fiber's runtime, for adapters: in start, or in another callback of an effect.
 *  @return borrowed; NULL (and a misuse report) outside a fiber */
EFF_API struct event_base *eff_event_base(void);

/**
 * Runs fn on a thread of the runtime's pool and goes on, on the runtime's thread, with the effect it returns: for C that
 * blocks.
 *
 * The pool has at most 8 threads (max_blocking of eff_runtime_options_t); further jobs wait for one, first in, first out.
 * - Success, Failure: as fn's effect ends; with a system error when no thread could be started.
 * - Interruption: a job that has not begun never does; one that runs is waited for, and its effect is dropped.
 *
 * What env holds, and what the effect does, is dropped on the runtime's thread, after fn has returned.
 *
 * @param site where it is composed; the macro fills it in
 * @param fn called once per run, on a thread of the pool; may block; borrows env, returns new; must not touch eff_ptr
 *           data of the loop's thread, nor any handle
 * @consumes{env} @returns_new
 * @see eff_blocking_abandon for C that may hang
 *
 * Standard name: blocking (cats-effect, ZIO), spawn_blocking (Tokio).
 */
EFF_API EFF_MUST_USE eff_t *eff_blocking_at(eff_site_t site, eff_suspend_fn fn, eff_value_t env);
#define eff_blocking(...) eff_blocking_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)

/**
 * As eff_blocking, but interruption leaves fn to itself: for C that may hang and knows no timeout, as getaddrinfo.
 *
 *     e = eff_timeout(eff_blocking_abandon(look_up, eff_string(host)), eff_seconds(2));
 *
 * - Success, Failure: as those of eff_blocking.
 * - Interruption: unwinds at once. fn goes on alone; what it returns is dropped.
 *
 * So env has to own all that fn uses: what the fiber acquired may be released while fn still runs. An abandoned job
 * keeps its thread of the pool until fn returns, and when all threads are kept, further jobs wait:
 * eff_runtime_n_abandoned tells, max_blocking gives more threads. eff_runtime_free and eff_run do not wait for abandoned
 * jobs, nor does the end of the process. What such a job leaves is dropped on the runtime's thread, or on its own once
 * the runtime is gone.
 *
 * @param site where it is composed; the macro fills it in
 * @param fn as of eff_blocking
 * @consumes{env} @returns_new
 *
 * Standard name: attemptBlockingCancelable without the cancel (ZIO).
 */
EFF_API EFF_MUST_USE eff_t *eff_blocking_abandon_at(eff_site_t site, eff_suspend_fn fn, eff_value_t env);
#define eff_blocking_abandon(...) eff_blocking_abandon_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)

/** How many jobs of eff_blocking_abandon were abandoned and still keep a thread of the pool. The runtime's thread, which
 *  hears of their end when it has a turn. @borrows{rt} @return at most max_blocking */
EFF_API size_t eff_runtime_n_abandoned(const eff_runtime_t *rt);

EFF_END_DECLS
#endif
