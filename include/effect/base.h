/** @file
 * What every other header needs: linkage, attributes, sites, and the names of the opaque types.
 *
 * Ownership is said in three words everywhere. A function *consumes* an argument (takes your reference, whether it
 * succeeds or not), or *borrows* it (does not keep it past the call); it returns *new* (you own it) or *borrowed*.
 * By rule: descriptions (effects, values, causes, schedules, layers, contexts) are consumed; handles to live things
 * (fibers, queues, scopes, runtimes ...) are borrowed, and retained by the effect built from them. Where a comment has
 * nothing else to say of a parameter it says just that, with a tag: consumes{e, env}, borrows{v}, retains{queue}.
 *
 * Every builder is a macro `eff_x(...)` over a function `eff_x_at(site, ...)`; see eff_site_t. Descriptions, values,
 * causes, contexts and layers may be made, counted and dropped on any thread; what is said of a handle holds on its
 * runtime's thread only, but for its counts, which may be taken and given up on any.
 *
 * From C++17 everything is used as in C: the macros that list effects, values or `.field = value` expand to templates
 * and assignments there. Only what C writes without a macro has no such form: instead of the compound literal
 * `(user_t){ .id = 1 }` write `user_t{ 1 }`, or fill in a variable. A header of yours with EFF_DECLARE_... in it, for C
 * and C++ files, puts EFF_BEGIN_DECLS and EFF_END_DECLS around them.
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
/** One token of two, after expanding both. @param a, b tokens, or macros for them */
#define EFF_CAT(a, b) EFF_CAT_(a, b)
#define EFF_STR_(x) #x
/** A string literal of x, after expanding it. @param x any tokens without a comma at the top */
#define EFF_STR(x) EFF_STR_(x)

/** Where an effect was composed: "probe (health.c:12)" or "health.c:12"; static, or NULL when built with
 *  -DEFF_NO_SITES. It is what traces and messages show.
 *
 *  Every builder is a function `eff_x_at(site, ...)`, public so that your own combinators can pass on their caller's
 *  site, and a macro `eff_x(...)` that fills the site in:
 *
 *      eff_t *probe_at(eff_site_t site, eff_t *e) { return eff_timeout_at(site, e, eff_seconds(2)); }
 *      #define probe(...) probe_at(EFF_SITE, __VA_ARGS__)
 *
 *  The reference shows the macro's name and parameters; the first parameter of each function is this one. */
typedef const char *eff_site_t;

#if defined(EFF_NO_SITES)
#define EFF_SITE ((eff_site_t)0)
#define EFF_SITE_OF(...) ((eff_site_t)0)
#define EFF_SITE_GENERATED_(function) function
#else
#if defined(__FILE_NAME__)
#define EFF_FILE_ __FILE_NAME__
#else
#define EFF_FILE_ __FILE__
#endif
/** The site of this very line: "health.c:12". */
#define EFF_SITE EFF_FILE_ ":" EFF_STR(__LINE__)
/** A site that names the callback: EFF_SITE_OF(probe, env) is "probe (health.c:12)".
 *  @param ... the callback, then anything */
#define EFF_SITE_OF(...) EFF_SITE_OF_(__VA_ARGS__, 0)
#define EFF_SITE_OF_(fn, ...) #fn " (" EFF_FILE_ ":" EFF_STR(__LINE__) ")"
/* What a generated function has for a site of its own: it cannot know its caller's line. */
#define EFF_SITE_GENERATED_(function) function " (declared at " EFF_FILE_ ":" EFF_STR(__LINE__) ")"
#endif

/* What C writes as a compound literal, or with designated initializers, for both languages.
 *
 *   EFF_LISTED_(f, T, a, b, c)       f(site, 3, (T[]){ a, b, c })
 *   EFF_FIELDS_(T, .x = 1, .y = 2)   the initializer of a static T
 *   EFF_STRUCT_(T, .x = 1, .y = 2)   a T
 *   EFF_PLAIN_(T)                    checks that T is what C can move and clear as bytes
 *
 * In C++ the fields are assignments, one after another: their order does not matter, at most 16 of them fit, each
 * needs its name, and none may be an array. */
/** @cond */
#ifndef __cplusplus
#define EFF_LISTED_(f, T, ...) f(EFF_SITE, sizeof((T const[]){ __VA_ARGS__ }) / sizeof(T), (T const[]){ __VA_ARGS__ })
#define EFF_FIELDS_(T, ...)                                                                                            \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define EFF_STRUCT_(T, ...) ((T){ __VA_ARGS__ })
#define EFF_PLAIN_(T)
#else
#define EFF_LISTED_(f, T, ...) eff__listed<T>(f, EFF_SITE, __VA_ARGS__)
#define EFF_FIELDS_(T, ...)                                                                                            \
    [] {                                                                                                               \
        T eff__made = {};                                                                                              \
        EFF_SET_(eff__made, __VA_ARGS__);                                                                              \
        return eff__made;                                                                                              \
    }()
#define EFF_STRUCT_(T, ...)                                                                                            \
    [&] {                                                                                                              \
        T eff__made = {};                                                                                              \
        EFF_SET_(eff__made, __VA_ARGS__);                                                                              \
        return eff__made;                                                                                              \
    }()
#define EFF_PLAIN_(T) static_assert(__is_trivially_copyable(T), "must be plain data, as in C");
#define EFF_SET_(x, ...)                                                                                               \
    EFF_PICK_(__VA_ARGS__, EFF_SET_16_, EFF_SET_15_, EFF_SET_14_, EFF_SET_13_, EFF_SET_12_, EFF_SET_11_, EFF_SET_10_,  \
              EFF_SET_9_, EFF_SET_8_, EFF_SET_7_, EFF_SET_6_, EFF_SET_5_, EFF_SET_4_, EFF_SET_3_, EFF_SET_2_,          \
              EFF_SET_1_, 0)                                                                                           \
    (x, __VA_ARGS__)
#define EFF_PICK_(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, it, ...) it
#define EFF_SET_1_(x, a) x a
#define EFF_SET_2_(x, a, ...) x a, EFF_SET_1_(x, __VA_ARGS__)
#define EFF_SET_3_(x, a, ...) x a, EFF_SET_2_(x, __VA_ARGS__)
#define EFF_SET_4_(x, a, ...) x a, EFF_SET_3_(x, __VA_ARGS__)
#define EFF_SET_5_(x, a, ...) x a, EFF_SET_4_(x, __VA_ARGS__)
#define EFF_SET_6_(x, a, ...) x a, EFF_SET_5_(x, __VA_ARGS__)
#define EFF_SET_7_(x, a, ...) x a, EFF_SET_6_(x, __VA_ARGS__)
#define EFF_SET_8_(x, a, ...) x a, EFF_SET_7_(x, __VA_ARGS__)
#define EFF_SET_9_(x, a, ...) x a, EFF_SET_8_(x, __VA_ARGS__)
#define EFF_SET_10_(x, a, ...) x a, EFF_SET_9_(x, __VA_ARGS__)
#define EFF_SET_11_(x, a, ...) x a, EFF_SET_10_(x, __VA_ARGS__)
#define EFF_SET_12_(x, a, ...) x a, EFF_SET_11_(x, __VA_ARGS__)
#define EFF_SET_13_(x, a, ...) x a, EFF_SET_12_(x, __VA_ARGS__)
#define EFF_SET_14_(x, a, ...) x a, EFF_SET_13_(x, __VA_ARGS__)
#define EFF_SET_15_(x, a, ...) x a, EFF_SET_14_(x, __VA_ARGS__)
#define EFF_SET_16_(x, a, ...) x a, EFF_SET_15_(x, __VA_ARGS__)

extern "C++" {
template <typename T, typename F, typename... Items>
EFF_MUST_USE inline auto eff__listed(F f, eff_site_t site, Items... items)
{
    T const list[] = { items... };
    return f(site, sizeof...(items), list);
}
}
#endif
/** @endcond */

/** Any function pointer, cast back to its type before the call. */
typedef void (*eff_any_fn)(void);

typedef struct eff eff_t;                           /**< an effect: an immutable, counted description of work */
typedef struct eff_type eff_type_t;                 /* what a value is: its name and hooks */
typedef struct eff_value eff_value_t;               /* 16 bytes, passed by value */
typedef struct eff_buffer eff_buffer_t;             /* a growing piece of text */
typedef struct eff_cause eff_cause_t;               /**< why an effect did not succeed */
typedef struct eff_exit eff_exit_t;                 /* a success value or a cause */
typedef struct eff_schedule eff_schedule_t;         /**< when to run something again */
typedef struct eff_context eff_context_t;           /**< which service is there for which tag */
typedef struct eff_tag eff_tag_t;                   /* the name of a service */
typedef struct eff_layer eff_layer_t;               /**< how services are built and released */
typedef struct eff_scope eff_scope_t;               /**< a list of finalizers; a handle, as are those below */
typedef struct eff_finalizer eff_finalizer_t;       /**< one that can be removed from its scope */
typedef struct eff_hotswap eff_hotswap_t;           /**< a slot for a resource */
typedef struct eff_fiber eff_fiber_t;               /**< one running effect */
typedef struct eff_task_group eff_task_group_t;     /**< fibers that end together */
typedef struct eff_task_started eff_task_started_t; /**< what a task says with that it has started */
typedef struct eff_deferred eff_deferred_t;         /**< a value that arrives once */
typedef struct eff_queue eff_queue_t;               /**< a bounded queue of values */
typedef struct eff_latch eff_latch_t;               /**< a gate: open or closed */
typedef struct eff_countdown eff_countdown_t;       /**< waits until n things have happened */
typedef struct eff_barrier eff_barrier_t;           /**< where n fibers wait for each other */
typedef struct eff_semaphore eff_semaphore_t;       /**< a number of permits */
typedef struct eff_mutex eff_mutex_t;               /**< a lock: one fiber at a time */
typedef struct eff_condition eff_condition_t;       /**< that data may have changed */
typedef struct eff_fiber_set eff_fiber_set_t;       /**< background fibers that belong together */
typedef struct eff_fiber_map eff_fiber_map_t;       /**< the same, by key */
typedef struct eff_fiber_slot eff_fiber_slot_t;     /**< a place for one background fiber */
typedef struct eff_async eff_async_t;               /**< the answer that a suspended fiber waits for */
typedef struct eff_gen eff_gen_t;                   /* one run of a gen, as far as its macros touch it */
typedef struct eff_clock eff_clock_t;               /**< what tells the time to fibers, and wakes them */
typedef struct eff_runtime eff_runtime_t;           /**< one loop with its fibers */
struct event_base;
struct json_t;

EFF_BEGIN_DECLS

/** The version of the library in use, such as "0.1.0"; EFF_VERSION is that of the headers. @return static */
EFF_API const char *eff_version(void);

/** The table through which the library gets all of its memory. Blocks must be aligned to 16 bytes, as malloc's are. The
 *  functions are called from every thread that uses the library, and once more as the process exits. */
typedef struct eff_allocator {
    void *(*malloc)(size_t size, void *ctx);           /**< NULL when there is no memory */
    void *(*realloc)(void *p, size_t size, void *ctx); /**< the same, and p is then left as it was */
    void (*free)(void *p, void *ctx);                  /**< p is never NULL */
    void *ctx;                                         /**< passed to all three, borrowed */
} eff_allocator_t;

/** Replaces malloc, realloc and free for the whole library. Before anything else, and before there are threads.
 *  @param allocator borrows: the table is copied; all three functions must be set
 *  @return 0; -EBUSY once the library has allocated anything; -EINVAL when a function is missing, or allocator NULL */
EFF_API int eff_set_allocator(const eff_allocator_t *allocator);

/** Told of a mistake made outside any fiber (inside one it becomes a defect), on the thread that made it.
 *  @param message borrows: names the mistake; of any length, for it may quote a value or list fibers
 *  @param arg as it was given to eff_set_misuse_handler */
typedef void (*eff_misuse_fn)(const char *message, void *arg);

/** Replaces the misuse handler, for the whole process. Any thread.
 *  @param handler NULL restores the default, which prints to stderr and, where the library was compiled with
 *                 -DEFF_DEBUG_BUILD, aborts
 *  @param arg passed to handler; borrows, for as long as the handler is in place */
EFF_API void eff_set_misuse_handler(eff_misuse_fn handler, void *arg);

/** Returns to the allocator what the calling thread's free lists hold, and the lists. For a thread that has had much in
 *  use, and runs no loop that would return it by and by. O(blocks held). */
EFF_API void eff_trim(void);

EFF_END_DECLS
#endif
