/** @file
 * Context: which service is there for which tag. An immutable map that a fiber carries and its children inherit.
 *
 *     e = db_provide(e, &fake.db);                   // generated: see service.h
 *     e = eff_provide_context(e, context);
 *
 * A *default tag* has a value without anybody providing one: Clock, Console, Logger and the log level have, and
 * services defined with EFF_DEFINE_DEFAULT_SERVICE. For plain values of your own, such as a limit:
 *
 *     EFF_DECLARE_DEFAULT(attempts, int);            // in a header
 *     EFF_DEFINE_DEFAULT(attempts, int, 3);          // in one file
 *
 *     e = attempts_locally(e, 5);                    // 5 in e, and in the fibers that are forked in it
 *     e = eff_flat_map(attempts_get(), try_it, env); // succeeds with the one in force, an eff_int
 *     int n = attempts_from(context);                // of eff_context()
 */
#ifndef EFFECT_CONTEXT_H
#define EFFECT_CONTEXT_H

#include <effect/construct.h>
#include <effect/duration.h>

EFF_BEGIN_DECLS

/** The name of a service: static, identified by its address. Usually made by EFF_DEFINE_SERVICE. */
struct eff_tag {
    const char *name;                 /**< shown in messages */
    eff_value_t (*get_default)(void); /**< its result is borrowed; on any thread; NULL for tags without a default */
};

EFF_API extern const eff_type_t eff_context_type; /**< of contexts as values */

/** No services. Allocates nothing. @returns_new */
EFF_API EFF_MUST_USE eff_context_t *eff_context_empty(void);
/** The context with one service more, or replaced. O(services). Without memory: one whose every look-up is out of
 *  memory. A missing argument is a mistake, which is reported, and leaves the context as it was.
 *  @consumes{context}
 *  @param tag static
 *  @consumes{service} @returns_new */
EFF_API EFF_MUST_USE eff_context_t *eff_context_add(eff_context_t *context, const eff_tag_t *tag, eff_value_t service);
/** What `over` has, and what only `under` has. O(services of both). @consumes{under, over} @returns_new */
EFF_API EFF_MUST_USE eff_context_t *eff_context_merge(eff_context_t *under, eff_context_t *over);
/** Looks a service up. O(services); mostly O(1) for one that is not there. @borrows{context}
 *  @param tag static
 *  @return borrowed from context, or the tag's default; the absent value when there is neither */
EFF_API eff_value_t eff_context_get(const eff_context_t *context, const eff_tag_t *tag);
/** One more reference. Any thread. @param context borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_context_t *eff_context_incref(eff_context_t *context);
/** Gives up one reference. Any thread. @param context consumes; NULL is fine */
EFF_API void eff_context_decref(eff_context_t *context);
/** A context as a value. @consumes{context} @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_context_value(eff_context_t *context);
/** Reads a context. @borrows{v} @return borrowed from v; an empty one on the wrong type */
EFF_API eff_context_t *eff_as_context(eff_value_t v);

/** Runs e with these services on top of those around it. A region and a scope: what is forked or acquired inside ends
 *  before they do.
 *  - Success, failure: with e's, and what it fails with.
 *  - Interruption: that of e.
 *
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e, context} @returns_new
 *  @see eff_provide, which builds services; eff_layer_build, which succeeds with a context of them */
EFF_API EFF_MUST_USE eff_t *eff_provide_context_at(eff_site_t site, eff_t *e, eff_context_t *context);
/** Runs e with another value for a tag. No region: for plain values such as a log level. Unlike what is provided, the
 *  value goes along to fibers that are forked into a longer scope (eff_fork_in), so all that it refers to must outlive
 *  those. Ends as e does.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param tag static
 *  @consumes{value} @returns_new
 *  @see EFF_DECLARE_DEFAULT, which makes a typed one of it; eff_local_with, for what changes on the way */
EFF_API EFF_MUST_USE eff_t *eff_locally_at(eff_site_t site, eff_t *e, const eff_tag_t *tag, eff_value_t value);
/** Succeeds with the fiber's context (eff_as_context). Allocates nothing. @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_context(void);
/** Succeeds with the value that is in force for a tag: what was provided or set, or its default. For a service, prefer
 *  NAME_with, which sees to it that it lives as long as it is used.
 *  - Failure: a tag without a default for which nothing is there is a defect that names it.
 *
 *  @param site where it is composed; the macro fills it in
 *  @param tag static
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_tag_get_at(eff_site_t site, const eff_tag_t *tag);

#define eff_provide_context(...) eff_provide_context_at(EFF_SITE, __VA_ARGS__)
#define eff_locally(...) eff_locally_at(EFF_SITE, __VA_ARGS__)
#define eff_tag_get(...) eff_tag_get_at(EFF_SITE, __VA_ARGS__)

/* ---- default tags of plain values */

/** Declares, in a header, a default tag for plain values of a C type. Generated for (name, T):
 *    - `name_tag`
 *    - `name_locally(effect, T)`: runs the effect with another value; no region, as eff_locally
 *    - `name_get()`: an effect that succeeds with the one in force, as eff_tag_get
 *    - `name_from(context)`: the one in force in a context; a `const char *` is borrowed from it
 *    - `name_value(T)`: as a value, for eff_context_add
 *    - `name_locally_at`, `name_get_at`: the same with a site, which comes first. So that messages name your lines, put
 *      `#define name_locally(...) name_locally_at(EFF_SITE, __VA_ARGS__)` below the declaration
 *
 *  @param name what the generated names begin with, and messages call the tag
 *  @param T an int, unsigned, int64_t, enum, bool, double, const char * (which is copied), eff_duration_t, or, for anything
 *         else, eff_value_t (consumed by name_locally) */
#define EFF_DECLARE_DEFAULT(name, T) EFF_DECLARE_API_DEFAULT(, name, T)
/** The same for a tag of a shared library.
 *  @param API what marks its exported names @param name, T as above */
#define EFF_DECLARE_API_DEFAULT(API, name, T)                                                                          \
    API extern const eff_tag_t name##_tag;                                                                             \
    EFF_DEFAULT_FUNCTIONS_(name, T)                                                                                    \
    struct name##__default_end
/** Defines, in one file, what EFF_DECLARE_DEFAULT declared.
 *  @param name, T the same
 *  @param value an expression, evaluated at each use, on whatever thread that is: a T, which is not copied; of an
 *         eff_value_t, one that needs no memory */
#define EFF_DEFINE_DEFAULT(name, T, value)                                                                             \
    static eff_value_t name##__default(void)                                                                           \
    {                                                                                                                  \
        return EFF_STATIC_VALUE_(T, value);                                                                            \
    }                                                                                                                  \
    const eff_tag_t name##_tag = { #name, name##__default }
/** Both, for a tag of one file. @param name, T, value as above */
#define EFF_STATIC_DEFAULT(name, T, value)                                                                             \
    static eff_value_t name##__default(void)                                                                           \
    {                                                                                                                  \
        return EFF_STATIC_VALUE_(T, value);                                                                            \
    }                                                                                                                  \
    static const eff_tag_t name##_tag = { #name, name##__default };                                                    \
    EFF_DEFAULT_FUNCTIONS_(name, T)                                                                                    \
    struct name##__default_end
/** @cond */
#define EFF_DEFAULT_FUNCTIONS_(name, T)                                                                                \
    EFF_MAYBE_UNUSED static inline EFF_MUST_USE eff_value_t name##_value(T value)                                      \
    {                                                                                                                  \
        return EFF_VALUE_(T, value);                                                                                   \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static inline T name##_from(const eff_context_t *context)                                         \
    {                                                                                                                  \
        return EFF_READ_VALUE_(T, eff_context_get(context, &name##_tag));                                              \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static inline EFF_MUST_USE eff_t *name##_locally_at(eff_site_t site, eff_t *effect, T value)      \
    {                                                                                                                  \
        return eff_locally_at(site, effect, &name##_tag, name##_value(value));                                         \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static inline EFF_MUST_USE eff_t *(name##_locally)(eff_t * effect, T value)                       \
    {                                                                                                                  \
        return name##_locally_at(EFF_SITE_GENERATED_(#name "_locally"), effect, value);                                \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static inline EFF_MUST_USE eff_t *name##_get_at(eff_site_t site)                                  \
    {                                                                                                                  \
        return eff_tag_get_at(site, &name##_tag);                                                                      \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static inline EFF_MUST_USE eff_t *(name##_get)(void)                                              \
    {                                                                                                                  \
        return name##_get_at(EFF_SITE_GENERATED_(#name "_get"));                                                       \
    }

/* From a T to a value, new or (the second) without memory, and back. */
#ifndef __cplusplus
#define EFF_VALUE_(T, x) EFF_VALUE_OF_TYPE_(T, eff_string)(x)
#define EFF_STATIC_VALUE_(T, x) EFF_VALUE_OF_TYPE_(T, eff_literal)(x)
#define EFF_VALUE_OF_TYPE_(T, of_string)                                                                               \
    _Generic(*(T *)0,                                                                                                  \
        bool: eff_bool,                                                                                                \
        double: eff_double,                                                                                            \
        const char *: of_string,                                                                                       \
        eff_duration_t: eff_duration_value,                                                                            \
        eff_value_t: eff__the_value,                                                                                   \
        default: eff_int)
#define EFF_READ_VALUE_(T, v)                                                                                          \
    _Generic(*(T *)0,                                                                                                  \
        bool: eff_as_bool,                                                                                             \
        double: eff_as_double,                                                                                         \
        const char *: eff_as_string,                                                                                   \
        eff_duration_t: eff_as_duration,                                                                               \
        eff_value_t: eff__the_value,                                                                                   \
        int: eff__as_c_int,                                                                                            \
        unsigned: eff__as_c_unsigned,                                                                                  \
        default: eff_as_int)(v)
static inline eff_value_t eff__the_value(eff_value_t v)
{
    return v;
}
static inline int eff__as_c_int(eff_value_t v)
{
    return (int)eff_as_int(v);
}
static inline unsigned eff__as_c_unsigned(eff_value_t v)
{
    return (unsigned)eff_as_int(v);
}
#else
#define EFF_VALUE_(T, x) eff__plain_value<T>::make(x)
#define EFF_STATIC_VALUE_(T, x) eff__plain_value<T>::make_static(x)
#define EFF_READ_VALUE_(T, v) eff__plain_value<T>::read(v)
extern "C++" {
template <typename T> struct eff__plain_value {
    static eff_value_t make(T x)
    {
        return eff_int(static_cast<int64_t>(x));
    }
    static eff_value_t make_static(T x)
    {
        return make(x);
    }
    static T read(eff_value_t v)
    {
        return static_cast<T>(eff_as_int(v));
    }
};
#define EFF_PLAIN_VALUE_(T, of, of_static, as)                                                                         \
    template <> struct eff__plain_value<T> {                                                                           \
        static eff_value_t make(T x)                                                                                   \
        {                                                                                                              \
            return of(x);                                                                                              \
        }                                                                                                              \
        static eff_value_t make_static(T x)                                                                            \
        {                                                                                                              \
            return of_static(x);                                                                                       \
        }                                                                                                              \
        static T read(eff_value_t v)                                                                                   \
        {                                                                                                              \
            return as(v);                                                                                              \
        }                                                                                                              \
    }
EFF_PLAIN_VALUE_(bool, eff_bool, eff_bool, eff_as_bool);
EFF_PLAIN_VALUE_(double, eff_double, eff_double, eff_as_double);
EFF_PLAIN_VALUE_(const char *, eff_string, eff_literal, eff_as_string);
EFF_PLAIN_VALUE_(eff_duration_t, eff_duration_value, eff_duration_value, eff_as_duration);
EFF_PLAIN_VALUE_(eff_value_t, , , );
}
#endif
/** @endcond */

EFF_END_DECLS
#endif
