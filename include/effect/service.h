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
 *   - `name_with(use, env)`: runs what use makes of the service; a missing service is a defect that names it. The service and env live until that effect has ended
 *   - `name_with_at(EFF_SITE_OF(use), use, env)`: the same with your own site, for messages that name file and line
 *   - `name_from(context)`: borrowed; NULL when missing
 *   - `name_provide(effect, T *)`: borrowed until the effect has ended
 *   - `name_provide_value(effect, value)`: a value whose payload is a T (or begins with one): owned by the effect
 *   - `name_value(T *)`: the service as a value, borrowed, for eff_context_add and the open of a layer
 */
#ifndef EFFECT_SERVICE_H
#define EFFECT_SERVICE_H

#include <effect/context.h>

EFF_BEGIN_DECLS

/** Calls a user's function with its own type restored. */
typedef eff_t *(*eff_service_thunk_fn)(eff_any_fn use, void *service, eff_value_t env);

EFF_API EFF_MUST_USE eff_t *eff__service_with_at(eff_site_t site, const eff_tag_t *tag, eff_service_thunk_fn thunk,
                                                 eff_any_fn use, eff_value_t env);
/** As eff_provide_context of one service. Consumes e and service. */
EFF_API EFF_MUST_USE eff_t *eff_provide_service_at(eff_site_t site, eff_t *e, const eff_tag_t *tag,
                                                   eff_value_t service);
/** The payload of a service value, borrowed; NULL when it is absent. */
EFF_API void *eff__service_of(eff_value_t service);

/** Declares, in a header, what is generated for a service; see the top of this file. */
#define EFF_DECLARE_SERVICE(name, T)                                                                                   \
    extern const eff_tag_t name##_tag;                                                                                 \
    typedef eff_t *(*name##_use_fn)(T * service, eff_value_t env);                                                     \
    eff_t *name##__use(eff_any_fn use, void *service, eff_value_t env);                                                \
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
    EFF_MAYBE_UNUSED static inline EFF_MUST_USE eff_t *name##_with(name##_use_fn use, eff_value_t env)                 \
    {                                                                                                                  \
        return eff__service_with_at(#name "_with", &name##_tag, name##__use, (eff_any_fn)use, env);                    \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static inline EFF_MUST_USE eff_t *name##_provide(eff_t *effect, T *service)                       \
    {                                                                                                                  \
        return eff_provide_service_at(#name "_provide", effect, &name##_tag, eff_ptr(service));                        \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static inline EFF_MUST_USE eff_t *name##_provide_value(eff_t *effect, eff_value_t service)        \
    {                                                                                                                  \
        return eff_provide_service_at(#name "_provide", effect, &name##_tag, service);                                 \
    }                                                                                                                  \
    struct name##__tag_end

/** Defines, in one file, what EFF_DECLARE_SERVICE declared. */
#define EFF_DEFINE_SERVICE(name, T) EFF_DEFINE_DEFAULT_SERVICE(name, T, NULL)
/** A service with a default: `eff_value_t get_default(void)` returns it, borrowed. */
#define EFF_DEFINE_DEFAULT_SERVICE(name, T, get_default_fn)                                                            \
    eff_t *name##__use(eff_any_fn use, void *service, eff_value_t env)                                                 \
    {                                                                                                                  \
        return ((name##_use_fn)use)((T *)service, env);                                                                \
    }                                                                                                                  \
    const eff_tag_t name##_tag = { #name, get_default_fn }

EFF_END_DECLS
#endif
