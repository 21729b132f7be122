/** @file
 * Layers: how a service is built, what it needs, and how it is released.
 *
 *     static eff_t *open_db(void) { return config_with(connect, eff_unit); }   // succeeds with db_value(...)
 *     static void close_db(db_t *db) { ... }
 *     EFF_DEFINE_LAYER(db_live, db, db_t, open_db, close_db, &config_tag);
 *
 *     e = eff_provide(e, db_live());          // builds, runs e with it, releases
 *
 * A layer's descriptor is static: its address is its identity. What open acquires or forks is released and ended after
 * close has run.
 */
#ifndef EFFECT_LAYER_H
#define EFFECT_LAYER_H

#include <effect/service.h>

EFF_BEGIN_DECLS

/** What EFF_DEFINE_LAYER fills in. */
typedef struct eff_layer_def {
    size_t size;                                   /**< sizeof(eff_layer_def_t) */
    const char *name;                              /**< shown in messages */
    const eff_tag_t *tag;                          /**< the service it provides */
    eff_t *(*open)(void);                          /**< builds the effect that succeeds with the service as a value */
    void (*close)(eff_any_fn user, void *service); /**< calls the user's release with its own type */
    eff_any_fn user_close;                         /**< needs no memory and always completes; NULL: nothing to do */
    const eff_tag_t *const *needs;                 /**< tags it asks for, ended by NULL */
} eff_layer_def_t;

/** The layer of a descriptor: what EFF_DEFINE_LAYER's function calls.
 *  @param def static; NULL is a mistake, which eff_provide reports
 *  @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_of(const eff_layer_def_t *def);
/** One layer after another: `next` may use what `base` provides, and is released before it; e below sees both. A part
 *  that stands in both is built once. O(parts of both squared). @consumes{base, next} @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_and(eff_layer_t *base, eff_layer_t *next);
/** One more reference. Any thread. @param layer borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_layer_t *eff_layer_incref(eff_layer_t *layer);
/** Gives up one reference. Any thread. @param layer consumes; NULL is fine */
EFF_API void eff_layer_decref(eff_layer_t *layer);

/** Builds the layer's services, runs e with them, releases them in reverse. A region and a scope of its own: what e
 *  forks or acquires ends before they are released.
 *  - Success: with e's value.
 *  - Failure: with that of an open, e not being run and what was built being released, or with e's. A missing need is a
 *    defect that names it and the layer.
 *  - Interruption: each open is masked; e is interrupted, and the services are released.
 *
 *  @consumes{e, layer} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_provide_at(eff_site_t site, eff_t *e, eff_layer_t *layer);
#define eff_provide(...) eff_provide_at(EFF_SITE, __VA_ARGS__)

/** Defines `eff_layer_t *layer(void)`, which returns new.
 *  @param layer the name of that function, also shown in messages
 *  @param service the name that EFF_DECLARE_SERVICE was given
 *  @param T the service's type
 *  @param openfn `eff_t *openfn(void)`: builds the effect that succeeds with the service as a value; runs masked
 *  @param closefn `void closefn(T *)`: needs no memory and always completes; or NULL
 *  @param ... the addresses of the tags it needs, or EFF_NO_NEEDS */
#define EFF_DEFINE_LAYER(layer, service, T, openfn, closefn, ...)                                                      \
    static void layer##__close(eff_any_fn user, void *s)                                                               \
    {                                                                                                                  \
        ((void (*)(T *))user)((T *)s);                                                                                 \
    }                                                                                                                  \
    EFF_MUST_USE eff_layer_t *layer(void)                                                                              \
    {                                                                                                                  \
        void (*const typed)(T *) = closefn;                                                                            \
        static const eff_tag_t *const needs[] = { __VA_ARGS__, NULL };                                                 \
        static const eff_layer_def_t def = { sizeof(eff_layer_def_t), #layer, &service##_tag, openfn, layer##__close,  \
                                             (eff_any_fn)(closefn),   needs };                                         \
        (void)typed;                                                                                                   \
        return eff_layer_of(&def);                                                                                     \
    }                                                                                                                  \
    struct layer##__end
/** For a layer that needs nothing: EFF_DEFINE_LAYER(config_live, config, config_t, open, close, EFF_NO_NEEDS). */
#define EFF_NO_NEEDS NULL

EFF_END_DECLS
#endif
