/** @file
 * Adapting callback APIs: for those who bring an operation of libevent, or of another library, into effects.
 *
 *     static void on_addresses(int err, struct evutil_addrinfo *res, void *arg)
 *     {
 *         eff_async_t *k = arg;
 *         if (err) eff_async_fail(k, eff_error_gai(err, "resolve"));
 *         else eff_async_succeed(k, addresses_box(res));
 *     }
 *     static enum eff_cancel cancel(eff_async_t *k, void *req)
 *     {
 *         evdns_getaddrinfo_cancel(req);              // calls back later
 *         return EFF_CANCEL_PENDING;
 *     }
 *     static void start(eff_async_t *k, eff_value_t host)
 *     {
 *         struct evdns_getaddrinfo_request *req =
 *             evdns_getaddrinfo(dns, eff_as_string(host), "80", NULL, on_addresses, k);
 *         if (req) eff_async_on_cancel(k, cancel, req);
 *     }
 *     eff_t *resolve(const char *host) { return eff_async(start, eff_string(host)); }
 *
 * k is one counted reference. Exactly one of eff_async_succeed, _fail, _fail_cause, _resume and _release consumes it,
 * from any thread, allocating nothing: the fiber goes on later, no user code runs before the answering call returns. k
 * stays valid until start returns even if it is answered before. An answer that comes after the wait was interrupted is
 * ignored and its value dropped; answering twice with one reference is a use after free, so a persistent event must be
 * deleted by its answer. Giving k back unanswered makes the fiber die of "abandoned at dns.c:12".
 */
#ifndef EFFECT_ASYNC_H
#define EFFECT_ASYNC_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** Starts the operation. Runs masked. Owns k; borrows env until it returns. */
typedef void (*eff_async_fn)(eff_async_t *k, eff_value_t env);

/** What a canceler answers. */
typedef enum eff_cancel {
    EFF_CANCEL_GONE, /**< it is over: unwind now. The reference is still yours: eff_async_release(k) here if no callback
                            will come any more, else in that callback */
    EFF_CANCEL_PENDING /**< a callback will still come, that is a promise: the fiber stays suspended until k is answered
                            or released, and whoever interrupted it waits for as long */
} eff_cancel_t;
/** Plain C, called on the runtime's thread, at most once, never inside a mask nor after an answer. */
typedef eff_cancel_t (*eff_cancel_fn)(eff_async_t *k, void *arg);

/** Suspends the fiber until k is answered. A wait for the outside world: never part of a deadlock. Consumes env. */
EFF_API EFF_MUST_USE eff_t *eff_async_at(eff_site_t site, eff_async_fn start, eff_value_t env);
#define eff_async(...) eff_async_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)

/** What to call when the fiber is interrupted while it waits. To be called in start, once. Without one, interruption
 *  unwinds at once and the answer that comes later is ignored. */
EFF_API void eff_async_on_cancel(eff_async_t *k, eff_cancel_fn cancel, void *arg);

EFF_API void eff_async_succeed(eff_async_t *k, eff_value_t v);         /**< consumes k and v */
EFF_API void eff_async_fail(eff_async_t *k, eff_value_t error);        /**< consumes k and error */
EFF_API void eff_async_fail_cause(eff_async_t *k, eff_cause_t *cause); /**< consumes k and cause */
EFF_API void eff_async_resume(eff_async_t *k, eff_t *e);               /**< goes on with e; consumes k and e */
EFF_API void eff_async_release(eff_async_t *k);                        /**< consumes k, unanswered */
EFF_API eff_async_t *eff_async_incref(eff_async_t *k);                 /**< one more reference; returns k */

/** Declares that the waits in e are answered from outside fibers (your own events, other threads), so that they are no
 *  deadlock. Consumes e. */
EFF_API EFF_MUST_USE eff_t *eff_external_at(eff_site_t site, eff_t *e);
#define eff_external(...) eff_external_at(EFF_SITE, __VA_ARGS__)

/** The event_base of the running fiber's runtime, for adapters; NULL (and a misuse report) outside a fiber. */
EFF_API struct event_base *eff_event_base(void);

/** Runs fn on a thread of the runtime's bounded pool and goes on with the effect it returns. fn may block; it must not
 *  touch eff_ptr data of the loop's thread. Interruption waits for fn. Consumes env. */
EFF_API EFF_MUST_USE eff_t *eff_blocking_at(eff_site_t site, eff_suspend_fn fn, eff_value_t env);
#define eff_blocking(...) eff_blocking_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)

EFF_END_DECLS
#endif
