/** @file
 * Writing a service: a struct of operations, found through the context by a typed tag.
 *
 *     typedef struct db db_t;                                  // db.h
 *     struct db { eff_t *(*query)(db_t *db, const char *sql); };
 *     EFF_DECLARE_SERVICE(db, db_t);
 *
 *     EFF_DEFINE_SERVICE(db, db_t);                            // db.c
 *
 *     static eff_t *greet(db_t *db, eff_value_t env) { return db->query(db, eff_as_string(env)); }
 *     e = db_with(greet, eff_literal("select 1"));             // asks for the service when it runs
 *     e = db_provide(e, &live.db);                             // gives it one, borrowed until e has ended
 *
 * Rule one: an operation only *builds* an effect; what it does happens when the effect runs. Generated for (name, T):
 *   - `name_tag`: two services of one type are two tags
 *   - `name_with(use, env)`: runs what use makes of the service, which is never NULL; a service that is missing or NULL
 *     is a defect that names it. The service and env live until that effect has ended
 *   - `name_from(context)`: borrowed; NULL when missing
 *   - `name_provide(effect, T *)`: borrowed until the effect has ended
 *   - `name_provide_value(effect, value)`: a value whose payload is a T (or begins with one): owned by the effect
 *   - `name_value(T *)`: the service as a value, borrowed, for eff_context_add and the open of a layer
 *   - `name_with_at`, `name_provide_at`, `name_provide_value_at`: the same with a site, which comes first
 *
 * A function does not know who calls it, so of the generated ones messages say where the service is declared. For
 * messages that say which line asked, put macros of the same names below the declaration:
 *
 *     #define db_with(...) db_with_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
 *     #define db_provide(...) db_provide_at(EFF_SITE, __VA_ARGS__)
 *
 * What an operation works on stands in one struct with the service, and is reached from the pointer to it:
 *
 *     struct live_db { char *url; db_t db; };
 *     static eff_t *live_query(db_t *db, const char *sql)
 *     {
 *         struct live_db *live = EFF_CONTAINER_OF(db, struct live_db, db);
 *         ...
 *     }
 *
 * Who asks the service through EFF_CALL may be given a double that has only some of the operations: calling one that is
 * NULL is a defect that says so, rather than a crash.
 *
 *     static eff_t *greet(db_t *db, eff_value_t env) { return EFF_CALL(db, query, db, eff_as_string(env)); }
 *
 * A service that programs should find without a layer has a default, which any of the above overrides:
 *
 *     static random_t system_random = { .next = system_next };
 *     EFF_DEFINE_DEFAULT_SERVICE(random, random_t, &system_random);
 */
#ifndef EFFECT_SERVICE_H
#define EFFECT_SERVICE_H

#include <effect/context.h>

/** From a pointer to a member, such as a service, to the struct it stands in. A pointer to anything else, a `void *`
 *  included, does not compile.
 *  @param pointer borrows; not NULL, nor to const; evaluated once
 *  @param type the struct, complete
 *  @param member the name of the member, which is a struct itself, and may stand anywhere in type
 *  @return borrowed: a `type *` */
#ifndef __cplusplus
#define EFF_CONTAINER_OF(pointer, type, member)                                                                        \
    ((void)sizeof((type){ .member = 1 ? *(pointer) : ((type *)0)->member }),                                           \
     (type *)eff__container_of((pointer), offsetof(type, member)))
EFF_MAYBE_UNUSED static inline void *eff__container_of(void *member, size_t offset)
{
    return (char *)member - offset;
}
#else
#define EFF_CONTAINER_OF(pointer, type, member)                                                                        \
    static_cast<type *>(                                                                                               \
        eff__container_of<decltype(static_cast<type *>(nullptr)->member)>((pointer), offsetof(type, member)))
extern "C++" {
template <typename Member> inline void *eff__container_of(Member *member, size_t offset)
{
    return reinterpret_cast<char *>(member) - offset;
}
}
#endif

EFF_BEGIN_DECLS

/** Calls a user's function with its own type restored.
 *  @param use the function @borrows{service, env} @return new; what use returned */
typedef eff_t *(*eff_service_thunk_fn)(eff_any_fn use, void *service, eff_value_t env);

EFF_API EFF_MUST_USE eff_t *eff__service_with_at(eff_site_t site, const eff_tag_t *tag, eff_service_thunk_fn thunk,
                                                 eff_any_fn use, eff_value_t env);
/** As eff_provide_context of one service: what `name_provide` is made of.
 *  @param site where it is composed
 *  @param tag static
 *  @param service consumes; what the tag's `name_from` can read: eff_ptr, or a value whose payload is the service
 *  @consumes{e} @returns_new @see eff_provide, for a service that has to be built */
EFF_API EFF_MUST_USE eff_t *eff_provide_service_at(eff_site_t site, eff_t *e, const eff_tag_t *tag,
                                                   eff_value_t service);
/** What EFF_CALL comes to when there is no such operation: an effect that dies naming it. */
EFF_API EFF_MUST_USE eff_t *eff__unimplemented_at(eff_site_t site, const eff_tag_t *tag, const char *operation);
/** The payload of a service value, borrowed; NULL when it is absent. */
EFF_API void *eff__service_of(eff_value_t service);

/** Calls an operation that returns an effect and takes the service first: `service->operation(service, ...)`. When it is
 *  NULL, as in a double that has only what its test needs, this is an effect that dies: "unimplemented: query of db". The
 *  arguments are not evaluated then, so make what the operation consumes inside of the call.
 *
 *      EFF_CALL(db, query, service, "select 1")
 *
 *  @param name the name that EFF_DECLARE_SERVICE was given
 *  @param operation the name of the member
 *  @param ... the service, borrowed, evaluated more than once; then the other arguments
 *  @return new */
#define EFF_CALL(name, operation, ...)                                                                                 \
    (EFF_FIRST_(__VA_ARGS__, 0)->operation ? EFF_FIRST_(__VA_ARGS__, 0)->operation(__VA_ARGS__)                        \
                                           : eff__unimplemented_at(EFF_SITE, &name##_tag, #operation))
#define EFF_FIRST_(first, ...) (first)

/** Declares, in a header, what is generated for a service; see the top of this file.
 *  @param name what the generated names begin with, and messages call the service
 *  @param T its C type; may be incomplete */
#define EFF_DECLARE_SERVICE(name, T) EFF_DECLARE_API_SERVICE(, name, T)
/** The same for a service of a shared library.
 *  @param API what marks its exported names @param name, T as above */
#define EFF_DECLARE_API_SERVICE(API, name, T)                                                                          \
    API extern const eff_tag_t name##_tag;                                                                             \
    typedef eff_t *(*name##_use_fn)(T * service, eff_value_t env);                                                     \
    API eff_t *name##__use(eff_any_fn use, void *service, eff_value_t env);                                            \
    EFF_MAYBE_UNUSED static inline T *name##_from(const eff_context_t *context)                                        \
    {                                                                                                                  \
        return (T *)eff__service_of(eff_context_get(context, &name##_tag));                                            \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static inline eff_value_t name##_value(T *service)                                                \
    {                                                                                                                  \
        return eff_ptr(service);                                                                                       \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static inline EFF_MUST_USE eff_t *name##_with_at(eff_site_t site, name##_use_fn use,              \
                                                                      eff_value_t env)                                 \
    {                                                                                                                  \
        return eff__service_with_at(site, &name##_tag, name##__use, (eff_any_fn)use, env);                             \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static inline EFF_MUST_USE eff_t *(name##_with)(name##_use_fn use, eff_value_t env)               \
    {                                                                                                                  \
        return name##_with_at(EFF_SITE_GENERATED_(#name "_with"), use, env);                                           \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static inline EFF_MUST_USE eff_t *name##_provide_value_at(eff_site_t site, eff_t *effect,         \
                                                                               eff_value_t service)                    \
    {                                                                                                                  \
        return eff_provide_service_at(site, effect, &name##_tag, service);                                             \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static inline EFF_MUST_USE eff_t *(name##_provide_value)(eff_t * effect, eff_value_t service)     \
    {                                                                                                                  \
        return name##_provide_value_at(EFF_SITE_GENERATED_(#name "_provide_value"), effect, service);                  \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static inline EFF_MUST_USE eff_t *name##_provide_at(eff_site_t site, eff_t *effect, T *service)   \
    {                                                                                                                  \
        return name##_provide_value_at(site, effect, name##_value(service));                                           \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static inline EFF_MUST_USE eff_t *(name##_provide)(eff_t * effect, T * service)                   \
    {                                                                                                                  \
        return name##_provide_at(EFF_SITE_GENERATED_(#name "_provide"), effect, service);                              \
    }                                                                                                                  \
    struct name##__tag_end

/** Defines, in one file, what EFF_DECLARE_SERVICE declared. @param name, T the same */
#define EFF_DEFINE_SERVICE(name, T) EFF_DEFINE_SERVICE_(name, #name, T, NULL)
/** The same for a service with a default: a `T *`, which must outlive every run; used where no other was provided. The
 *  expression is evaluated at each use, on whatever thread that is.
 *  @param name, T as of EFF_DECLARE_SERVICE @param service the expression */
#define EFF_DEFINE_DEFAULT_SERVICE(name, T, service) EFF_DEFINE_DEFAULT_SERVICE_(name, #name, T, service)
#define EFF_DEFINE_DEFAULT_SERVICE_(name, text, T, service)                                                            \
    static eff_value_t name##__default(void)                                                                           \
    {                                                                                                                  \
        return name##_value(service);                                                                                  \
    }                                                                                                                  \
    EFF_DEFINE_SERVICE_(name, text, T, name##__default)
#define EFF_DEFINE_SERVICE_(name, text, T, get_default)                                                                \
    eff_t *name##__use(eff_any_fn use, void *service, eff_value_t env)                                                 \
    {                                                                                                                  \
        return ((name##_use_fn)use)((T *)service, env); /* by EFF_DECLARE_..., which comes first */                    \
    }                                                                                                                  \
    const eff_tag_t name##_tag = { text, get_default }

EFF_END_DECLS
#endif
