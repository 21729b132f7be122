/** @file
 * Layers: how a service is built, what it needs, and how it is released.
 *
 *     static eff_t *open_db(void) { return config_with(connect, eff_unit); }   // succeeds with db_value(...)
 *     static void close_db(db_t *db) { ... }
 *     EFF_DEFINE_LAYER(db_live, db, db_t, open_db, close_db, &config_tag);
 *
 *     e = eff_provide(e, db_live());          // builds, runs e with it, releases
 *
 * A layer's descriptor is static: its address is its identity.
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

/** The layer of a descriptor, which is static: for EFF_DEFINE_LAYER. */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_of(const eff_layer_def_t *def);
/** One layer after another: `next` may use what `base` provides; e below sees both. Consumes both. */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_and(eff_layer_t *base, eff_layer_t *next);
EFF_API eff_layer_t *eff_layer_incref(eff_layer_t *layer); /**< one more reference; returns layer */
EFF_API void eff_layer_decref(eff_layer_t *layer);         /**< gives up one; NULL is fine */

/** Builds the layer's services, runs e with them, releases them in reverse. A region and a scope of its own. A missing
 *  need is a defect that names it and the layer. Consumes both. */
EFF_API EFF_MUST_USE eff_t *eff_provide_at(eff_site_t site, eff_t *e, eff_layer_t *layer);
#define eff_provide(...) eff_provide_at(EFF_SITE, __VA_ARGS__)

/** Defines `eff_layer_t *layer(void)` for the service of this name (as in EFF_DECLARE_SERVICE) and its type T, with
 *  `eff_t *openfn(void)`, which succeeds with the service as a value, and `void closefn(T *)`, or NULL. Further
 *  arguments: the addresses of the tags it needs. */
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
