/** @file
 * What every other header needs: linkage, attributes, sites, and the names of the opaque types.
 *
 * Ownership is said in three words everywhere. A function *consumes* an argument (takes your reference, whether it
 * succeeds or not), or *borrows* it (does not keep it past the call); it returns *new* (you own it) or *borrowed*.
 * By rule: descriptions (effects, values, causes, schedules, layers, contexts) are consumed; handles to live things
 * (fibers, queues, scopes, runtimes ...) are borrowed, and retained by the effect built from them.
 */
#ifndef EFFECT_BASE_H
#define EFFECT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Plumbing. EFF_API is what the library exports; EFF_MUST_USE makes it a warning to build an effect and lose it. */
/** @cond */
#ifdef __cplusplus
#define EFF_BEGIN_DECLS extern "C" {
#define EFF_END_DECLS }
#else
#define EFF_BEGIN_DECLS
#define EFF_END_DECLS
#endif

#if defined(__GNUC__)
#define EFF_API __attribute__((visibility("default")))
#define EFF_MUST_USE __attribute__((warn_unused_result))
#define EFF_MAYBE_UNUSED __attribute__((unused))
#define EFF_NOINLINE __attribute__((noinline))
#define EFF_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define EFF_API
#define EFF_MUST_USE
#define EFF_MAYBE_UNUSED
#define EFF_NOINLINE
#define EFF_PRINTF(fmt, first)
#endif
/** @endcond */

/** The version of these headers; eff_version() is that of the library in use. */
#define EFF_VERSION_MAJOR 0
#define EFF_VERSION_MINOR 1 /**< the second number */
#define EFF_VERSION_PATCH 0 /**< the third number */
#define EFF_VERSION "0.1.0" /**< all three, as text */

#define EFF_CAT_(a, b) a##b
#define EFF_CAT(a, b) EFF_CAT_(a, b) /**< one token of two, after expanding both */
#define EFF_STR_(x) #x
#define EFF_STR(x) EFF_STR_(x) /**< a string literal of x, after expanding it */

/** Where an effect was composed: "probe (health.c:12)" or "health.c:12"; a string literal, or NULL when built with
 *  -DEFF_NO_SITES. Every builder is a function `eff_x_at(site, ...)`, public so that your own combinators can pass on
 *  their caller's site, and a macro `eff_x(...)` that fills the site in. */
typedef const char *eff_site_t;

#if defined(EFF_NO_SITES)
#define EFF_SITE ((eff_site_t)0)
#define EFF_SITE_OF(...) ((eff_site_t)0)
#else
#if defined(__FILE_NAME__)
#define EFF_FILE_ __FILE_NAME__
#else
#define EFF_FILE_ __FILE__
#endif
/** The site of this very line: "health.c:12". */
#define EFF_SITE EFF_FILE_ ":" EFF_STR(__LINE__)
/** A site that names the callback, which is the first argument: EFF_SITE_OF(probe, env) is "probe (health.c:12)". */
#define EFF_SITE_OF(...) EFF_SITE_OF_(__VA_ARGS__, 0)
#define EFF_SITE_OF_(fn, ...) #fn " (" EFF_FILE_ ":" EFF_STR(__LINE__) ")"
#endif

/** Any function pointer, cast back to its type before the call. */
typedef void (*eff_any_fn)(void);

typedef struct eff eff_t;                   /**< an effect: an immutable, counted description of work */
typedef struct eff_type eff_type_t;         /**< what a value is: its name and hooks */
typedef struct eff_value eff_value_t;       /**< 16 bytes, passed by value */
typedef struct eff_buffer eff_buffer_t;     /**< a growing piece of text */
typedef struct eff_cause eff_cause_t;       /**< why an effect did not succeed */
typedef struct eff_exit eff_exit_t;         /**< a success value or a cause */
typedef struct eff_schedule eff_schedule_t; /**< when to run something again */
typedef struct eff_context eff_context_t;   /**< which service is there for which tag */
typedef struct eff_tag eff_tag_t;           /**< the name of a service */
typedef struct eff_layer eff_layer_t;       /**< how services are built and released */
typedef struct eff_scope eff_scope_t;       /**< a list of finalizers; a handle, as are those below */
typedef struct eff_fiber eff_fiber_t;       /**< one running effect */
typedef struct eff_deferred eff_deferred_t; /**< a value that arrives once */
typedef struct eff_queue eff_queue_t;       /**< a bounded queue of values */
typedef struct eff_async eff_async_t;       /**< the answer that a suspended fiber waits for */
typedef struct eff_gen eff_gen_t;
typedef struct eff_clock eff_clock_t;     /**< what tells the time to fibers, and wakes them */
typedef struct eff_runtime eff_runtime_t; /**< one loop with its fibers */
struct event_base;
struct json_t;

EFF_BEGIN_DECLS

/** The version of the library in use, such as "0.1.0". */
EFF_API const char *eff_version(void);

/** The table through which the library gets all of its memory. Blocks must be aligned to 16 bytes, as malloc's are. The
 *  functions are called from every thread that uses the library, and once more as the process exits. */
typedef struct eff_allocator {
    void *(*malloc)(size_t size, void *ctx);           /**< NULL when there is no memory */
    void *(*realloc)(void *p, size_t size, void *ctx); /**< the same, and p is then left as it was */
    void (*free)(void *p, void *ctx);                  /**< p is never NULL */
    void *ctx;                                         /**< passed to all three, borrowed */
} eff_allocator_t;

/** Replaces malloc, realloc and free for the whole library; the table is copied.
 *  @param allocator borrowed; all three functions must be set
 *  @return 0; -EBUSY once the library has allocated anything; -EINVAL when a function is missing */
EFF_API int eff_set_allocator(const eff_allocator_t *allocator);

/** Called with one line that names a mistake made outside any fiber (inside one it becomes a defect). */
typedef void (*eff_misuse_fn)(const char *message, void *arg);

/** Replaces the misuse handler; NULL restores the default, which prints to stderr and, where the library was compiled
 *  with -DEFF_DEBUG_BUILD, aborts. It may be called from any thread. */
EFF_API void eff_set_misuse_handler(eff_misuse_fn handler, void *arg);

/** Returns to the allocator what the calling thread's free lists hold, and the lists. O(blocks held). */
EFF_API void eff_trim(void);

EFF_END_DECLS
#endif
