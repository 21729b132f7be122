/** @file
 * Layers: how services are built, what they need, and how they are released.
 *
 *     static eff_t *open_pool(void) { return config_with(connect, eff_unit); }      // succeeds with pool_value(...)
 *     static void close_pool(pool_t *pool) { ... }
 *     EFF_DEFINE_LAYER(pool_live, pool, pool_t, open_pool, close_pool, &config_tag, &eff_logger_tag);
 *
 *     eff_layer_t *app = eff_layer_wire(config_live(), logger_live(), pool_live(), users_live(), orders_live());
 *     return eff_main(eff_provide(serve(), app));        // builds all of it, runs serve() with it, releases it
 *
 * A layer is a description, like an effect: it builds nothing before eff_provide, and can be mentioned, combined and
 * provided any number of times. A runtime keeps a *memo map* of what is built: however often a layer is mentioned, in
 * one expression or in several fibers, it is built once, while the first asks for it; the others wait for that, and share
 * it. It is released once, when the last of them has ended. A later mention builds anew. What decides is the layer's
 * identity, and the services that it is given: asked for with another config, it is another instance.
 *
 * The identity of a defined layer is its descriptor, which is static; of a keyed one the descriptor and the key; of any
 * other, made by a function below, the layer itself: mention `layer` twice (eff_layer_incref), rather than make two.
 *
 * A build runs in a fiber of its own, which belongs to the runtime: that somebody who waits for it is interrupted does
 * not disturb the others. When the last one leaves, it is interrupted, and what it has acquired is released. It sees the
 * runtime's root context, and of what is provided around it what the layer says it needs: nothing can be built with what
 * its sharers do not have. That goes for default tags too: a layer that wants the Logger or the Clock that is provided
 * around it, and not the runtime's, needs &eff_logger_tag, &eff_clock_tag.
 *
 * Parts that do not need each other are built at the same time. When one fails, the others are interrupted, what was
 * built is released in reverse order, and the failure says which layer it was, and by which chain it was needed. All who
 * wait for a build get its failure, which is then forgotten: the next mention tries again.
 *
 * When building fails: layer_recover.h; to be built later, kept longer, built anew: layer_share.h; looking at one, and for
 * mistakes in it: layer_describe.h; for all that a runtime runs: managed.h. After ZIO's ZLayer and Effect's Layer. The
 * rule that sharing goes by instances of needs is ours.
 */
#ifndef EFFECT_LAYER_H
#define EFFECT_LAYER_H

#include <effect/service.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_layer_type; /**< of layers as values */

/* ---- layers of one service */

/** What EFF_DEFINE_LAYER fills in. */
typedef struct eff_layer_def {
    size_t size;                                   /**< sizeof(eff_layer_def_t) */
    const char *name;                              /**< shown in messages */
    const eff_tag_t *tag;                          /**< the service it provides */
    eff_t *(*open)(void);                          /**< builds the effect that succeeds with the service as a value */
    void (*close)(eff_any_fn user, void *service); /**< calls the user's release with its own type */
    eff_any_fn user_close;                         /**< needs no memory and always completes; NULL: nothing to do */
    const eff_tag_t *const *needs;                 /**< tags it asks for, ended by NULL; NULL: none */
    eff_t *(*open_keyed)(eff_value_t key);         /**< of a keyed layer, instead of open; borrows key */
    eff_t *(*goodbye)(eff_any_fn user, void *service); /**< calls the user's goodbye with its own type */
    eff_any_fn user_goodbye;                           /**< builds the effect that runs before close; NULL: none */
    eff_site_t goodbye_site;                           /**< the user's goodbye, for messages; NULL: unknown */
} eff_layer_def_t;

/** The layer of a descriptor: what EFF_DEFINE_LAYER's function calls.
 *  @param def static; NULL is a mistake, which eff_provide reports
 *  @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_of(const eff_layer_def_t *def);
/** The layer of a descriptor, for a key: what EFF_DEFINE_KEYED_LAYER's function calls. For layers with a parameter, such
 *  as a pool for each database: two with equal keys are the same layer.
 *  @param def static, with open_keyed
 *  @param key consumes; compared by eff_value_equal
 *  @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_keyed(const eff_layer_def_t *def, eff_value_t key);
/** A service that is there already. Nothing is released but the reference.
 *  @param tag static
 *  @param service consumes: NAME_value(pointer), whose service must outlive every use, or a value that owns it
 *  @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_succeed(const eff_tag_t *tag, eff_value_t service);
/**
 * A service that plain C makes when it is built.
 *
 * @param site where it is composed; the macro fills it in
 * @param tag static
 * @param make called once for each instance; borrows env; returns the service as a value, new, whose drop releases it
 * @consumes{env}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_sync_at(eff_site_t site, const eff_tag_t *tag, eff_sync_fn make,
                                                    eff_value_t env);
/**
 * A service that an effect makes.
 *
 * What it acquires (eff_acquire_release) is released, and the fibers that it forks with eff_fork_scoped are ended, when
 * the layer is released; so this is ZIO's and Effect's `scoped` too. Runs masked, as every open does. The macro takes the
 * needs one by one, or EFF_NO_NEEDS:
 *
 *     eff_layer_effect(&pool_tag, open_pool(), &config_tag)
 *
 * @param site where it is composed; the macro fills it in
 * @param tag static
 * @param open consumes; succeeds with the service as a value
 * @param needs the tags it asks for, ended by NULL; borrowed, copied; NULL: none
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_effect_at(eff_site_t site, const eff_tag_t *tag, eff_t *open,
                                                      const eff_tag_t *const *needs);
/**
 * An effect that runs when the layer is built, and provides nothing: a migration, or a fiber forked to work in the
 * background for as long as the layer lives.
 *
 * As eff_layer_effect, the macro too.
 *
 * @param site where it is composed; the macro fills it in
 * @param e consumes; its value is dropped
 * @param needs the tags it asks for, ended by NULL; borrowed, copied; NULL: none
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_effect_discard_at(eff_site_t site, eff_t *e, const eff_tag_t *const *needs);
/**
 * A layer that is made when it is built, by a function: for layers that refer to each other, or depend on a service.
 *
 * What it provides and needs is not known before: it is given all services that are there where it is mentioned, and
 * eff_layer_wire cannot order it.
 *
 * @param site where it is composed; the macro fills it in
 * @param make called once for each instance; borrows env; returns new
 * @consumes{env}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_suspend_at(eff_site_t site, eff_layer_t *(*make)(eff_value_t env),
                                                       eff_value_t env);
/**
 * A layer that is chosen when it is built, by what an effect succeeds with: a Logger by a value of the Config, say.
 *
 *     static eff_layer_t *choose_logger(eff_value_t format, eff_value_t env)
 *     {
 *         bool json = strcmp(eff_as_string(format), "json") == 0;
 *         return eff_logger_stderr(json ? eff_log_format_json : eff_log_format_text);
 *     }
 *     eff_layer_flat_map(eff_config_string_or("log.format", "text"), choose_logger, eff_unit,
 *                        EFF_TAGS(&eff_logger_tag), &eff_config_tag)
 *
 * By the services themselves: of eff_context(), with eff_as_context in f. It declares what it provides and what is needed
 * for that, by e and by whatever is chosen, so eff_layer_wire can order it, and eff_layer_check and eff_layer_describe see
 * it. Of the chosen layer no more than that is seen, and it is given no more: one that lacks a declared service, or needs
 * an undeclared one, is a mistake, of which building it dies. So is one that chooses itself, in an eff_layer_fresh or
 * not, given the same services: it would choose for ever.
 *
 * The choice is made once for each instance, which is told by this layer and the services that it is given; what is chosen
 * is shared by its own identity. It is held as long as the instance, and released before what e has acquired.
 *
 * - Failure: that of e, or of building what was chosen. The next mention chooses anew.
 * - Interruption: of both, when nobody waits for it any more.
 *
 * The macro takes the needs one by one, or EFF_NO_NEEDS.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @param f called with what e succeeds with; borrows it and env; returns new
 * @consumes{env}
 * @param provides the tags of what is chosen, ended by NULL; borrowed, copied; NULL: none
 * @param needs the tags that e and the layers to choose from need, ended by NULL; borrowed, copied; NULL: none
 * @returns_new
 * @see eff_layer_suspend, when nothing can be said before
 *
 * Standard name: ZLayer.flatMap (ZIO), Layer.flatMap (Effect); with eff_as_layer in f, Layer.unwrapEffect and
 * Layer.unwrapScoped. That the choice is declared is ours.
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_flat_map_at(eff_site_t site, eff_t *e,
                                                        eff_layer_t *(*f)(eff_value_t v, eff_value_t env),
                                                        eff_value_t env, const eff_tag_t *const *provides,
                                                        const eff_tag_t *const *needs);
/** No services. Allocates nothing. @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_empty(void);

/* ---- combining */

/**
 * The services of all, side by side: none is built with what another one provides.
 *
 * Of a service that several provide, the last one's is seen.
 *
 *     eff_layer_merge(logger_live(), pool_live())
 *
 * @param site where it is composed; the macro fills it in
 * @param n how many
 * @param layers consumes the layers, borrows the list
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_merge_at(eff_site_t site, size_t n, eff_layer_t *const *layers);
/**
 * The services of `layer`, built with those of `base`, which only it sees.
 *
 * What both lack is taken from where the whole is provided. `layer` is released before `base`.
 *
 *     eff_layer_provide(users_live(), eff_layer_merge(logger_live(), pool_live()))
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer, base}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_provide_at(eff_site_t site, eff_layer_t *layer, eff_layer_t *base);
/**
 * As eff_layer_provide, and base's services can be seen too, those of `layer` on top.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer, base}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_provide_merge_at(eff_site_t site, eff_layer_t *layer, eff_layer_t *base);
/**
 * The services of all, each built with what it needs of the others: the wiring of an application, in any order.
 *
 * Each is built as soon as its needs are, all others at the same time. What none provides is taken from where the
 * whole is provided.
 *
 *     eff_layer_wire(config_live(), logger_live(), pool_live(), users_live(), orders_live(), app_live())
 *
 * Two that provide one service, and a circle of needs, are mistakes, of which providing it dies; eff_layer_check
 * tells them, and more, before.
 *
 * @param site where it is composed; the macro fills it in
 * @param n how many
 * @param layers consumes the layers, borrows the list
 * @returns_new
 *
 * O(n * needs). The idea is that of ZIO's ZLayer.make.
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_wire_at(eff_site_t site, size_t n, eff_layer_t *const *layers);
/**
 * The layer's services, and those that it needs.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_passthrough_at(eff_site_t site, eff_layer_t *layer);
/**
 * One service made of another that the layer provides: the part of a config that a library wants, say.
 *
 * The others are not seen. A lazy one is built for it.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer}
 * @param from static; provided by layer
 * @param to static; what is provided
 * @param f makes the one value of the other; borrows both arguments; returns new
 * @consumes{env}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_project_at(eff_site_t site, eff_layer_t *layer, const eff_tag_t *from,
                                                       const eff_tag_t *to, eff_map_fn f, eff_value_t env);

/**
 * The layer under a name: what descriptions, eff_layer_check and failures call it, and what it is made of where that has
 * no name of its own.
 *
 *     static eff_layer_t *storage(void)
 *     {
 *         return eff_layer_named(eff_layer_provide(cache_over_pool(), pool_live()), "storage");
 *     }
 *
 * Described, it is one line, or one box, with all that it provides and needs; what is inside is shown on request
 * (layer_describe.h). Sharing is not touched: it is built as if it had no name. Naming it again gives it the new name.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer}
 * @param name copied; not empty
 * @returns_new
 *
 * O(services).
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_layer_named_at(eff_site_t site, eff_layer_t *layer, const char *name);

/* ---- building */

/**
 * Builds the layer's services, runs e with them, releases them in reverse.
 *
 * A region and a scope of its own: what e forks or acquires ends before they are released.
 *
 * - Success: with e's value.
 * - Failure: with that of a build, e not being run and what was built being released, or with e's. When a release
 *   fails, the others run nevertheless; Then(e's, theirs).
 * - Interruption: of the building, when nobody else waits for it; of e; the services are released in any case.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e, layer}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_provide_at(eff_site_t site, eff_t *e, eff_layer_t *layer);
/**
 * Builds the layer's services into the scope around it, which releases them as it closes.
 *
 * For those that have to be there longer than one expression.
 *
 * - Success: with the context of its services (eff_as_context), for eff_provide_context.
 * - Failure, interruption: as of eff_provide, while building; nothing of it stays in the scope.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_layer_build_at(eff_site_t site, eff_layer_t *layer);
/**
 * Builds the layer and keeps it until it is interrupted: a program that is all services.
 *
 * - Success: never. Waiting counts as a wait for the outside (eff_external).
 * - Failure, interruption: as of eff_provide.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{layer}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_layer_launch_at(eff_site_t site, eff_layer_t *layer);

/** One more reference. Any thread. @param layer borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_layer_t *eff_layer_incref(eff_layer_t *layer);
/** Gives up one reference. Any thread. @param layer consumes; NULL is fine */
EFF_API void eff_layer_decref(eff_layer_t *layer);
/** A layer as a value. @consumes{layer} @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_layer_value(eff_layer_t *layer);
/** Reads a layer. @borrows{v} @return borrowed from v; an empty one on the wrong type */
EFF_API eff_layer_t *eff_as_layer(eff_value_t v);

/** A list of tags, ended by NULL, that lives as long as the block (in C++, the expression) around it.
 *  @param ... addresses of tags; or EFF_NO_NEEDS */
#ifndef __cplusplus
#define EFF_TAGS(...) ((const eff_tag_t *const[]){ __VA_ARGS__, NULL }) /* for none: EFF_NO_NEEDS */
#else
#define EFF_TAGS(...) (eff__tags_of(__VA_ARGS__))
/** @cond */
extern "C++" {
template <int N> struct eff__tag_list {
    const eff_tag_t *tags[N];
    operator const eff_tag_t * const *() const
    {
        return tags;
    }
};
template <typename... Tag> inline eff__tag_list<sizeof...(Tag) + 1> eff__tags_of(Tag... tags)
{
    return { { tags..., nullptr } };
}
}
/** @endcond */
#endif
/** For a layer that needs nothing: EFF_DEFINE_LAYER(config_live, config, config_t, open, close, EFF_NO_NEEDS). */
#define EFF_NO_NEEDS ((const eff_tag_t *)0)

#define eff_layer_sync(...) eff_layer_sync_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
#define eff_layer_effect(tag, open, ...) eff_layer_effect_at(EFF_SITE, (tag), (open), EFF_TAGS(__VA_ARGS__))
#define eff_layer_effect_discard(e, ...) eff_layer_effect_discard_at(EFF_SITE, (e), EFF_TAGS(__VA_ARGS__))
#define eff_layer_suspend(...) eff_layer_suspend_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
#define eff_layer_flat_map(e, f, env, provides, ...)                                                                   \
    eff_layer_flat_map_at(EFF_SITE_OF(f), (e), (f), (env), (provides), EFF_TAGS(__VA_ARGS__))
/** eff_layer_merge_at() of its arguments. @param ... consumes; at least one layer @returns_new */
#define eff_layer_merge(...) EFF_LISTED_(eff_layer_merge_at, eff_layer_t *, __VA_ARGS__)
/** eff_layer_wire_at() of its arguments. @param ... consumes; at least one layer @returns_new */
#define eff_layer_wire(...) EFF_LISTED_(eff_layer_wire_at, eff_layer_t *, __VA_ARGS__)
#define eff_layer_provide(...) eff_layer_provide_at(EFF_SITE, __VA_ARGS__)
#define eff_layer_provide_merge(...) eff_layer_provide_merge_at(EFF_SITE, __VA_ARGS__)
#define eff_layer_passthrough(...) eff_layer_passthrough_at(EFF_SITE, __VA_ARGS__)
#define eff_layer_project(layer, from, to, ...)                                                                        \
    eff_layer_project_at(EFF_SITE_OF(__VA_ARGS__), (layer), (from), (to), __VA_ARGS__)
#define eff_layer_named(...) eff_layer_named_at(EFF_SITE, __VA_ARGS__)
#define eff_provide(...) eff_provide_at(EFF_SITE, __VA_ARGS__)
#define eff_layer_build(...) eff_layer_build_at(EFF_SITE, __VA_ARGS__)
#define eff_layer_launch(...) eff_layer_launch_at(EFF_SITE, __VA_ARGS__)

/* ---- defining one */

/** Defines `eff_layer_t *layer(void)`, which returns new.
 *  @param layer the name of that function, also shown in messages
 *  @param service the name that EFF_DECLARE_SERVICE was given
 *  @param T the service's type
 *  @param openfn `eff_t *openfn(void)`: builds the effect that succeeds with the service as a value; runs masked
 *  @param closefn `void closefn(T *)`: needs no memory and always completes; or NULL
 *  @param ... the addresses of the tags it needs, or EFF_NO_NEEDS */
#define EFF_DEFINE_LAYER(layer, service, T, openfn, closefn, ...)                                                      \
    EFF_DEFINE_POLITE_LAYER(layer, service, T, openfn, NULL, closefn, __VA_ARGS__)
/** The same with a goodbye: an effect that runs before closefn, masked, and may be skipped where closefn never is: without
 *  memory, and when a runtime is freed with fibers alive. Whoever shuts down waits for it: eff_timeout inside says for how
 *  long.
 *  @param layer, service, T, openfn, closefn as of EFF_DEFINE_LAYER
 *  @param goodbyefn `eff_t *goodbyefn(T *)`: returns new; its failure is that of the release
 *  @param ... the addresses of the tags it needs, or EFF_NO_NEEDS */
#define EFF_DEFINE_POLITE_LAYER(layer, service, T, openfn, goodbyefn, closefn, ...)                                    \
    EFF_LAYER_ENDS_(layer, T)                                                                                          \
    EFF_MUST_USE eff_layer_t *layer(void)                                                                              \
    {                                                                                                                  \
        EFF_LAYER_TYPED_(layer, T, goodbyefn, closefn);                                                                \
        static const eff_tag_t *const layer##__needs[] = { __VA_ARGS__, NULL }; /* for none: EFF_NO_NEEDS */           \
        static const eff_layer_def_t layer##__def = {                                                                  \
            sizeof(eff_layer_def_t), #layer,         &service##_tag, openfn,           layer##__close,                 \
            (eff_any_fn)(closefn),   layer##__needs, NULL,           layer##__goodbye, (eff_any_fn)(goodbyefn),        \
            EFF_SITE_OF(goodbyefn)                                                                                     \
        };                                                                                                             \
        return eff_layer_of(&layer##__def);                                                                            \
    }                                                                                                                  \
    struct layer##__end
/** Defines `eff_layer_t *layer(eff_value_t key)`, which consumes the key and returns new.
 *  @param layer, service, T, closefn as of EFF_DEFINE_LAYER
 *  @param openfn `eff_t *openfn(eff_value_t key)`: borrows the key until its effect has ended
 *  @param ... the addresses of the tags it needs, or EFF_NO_NEEDS */
#define EFF_DEFINE_KEYED_LAYER(layer, service, T, openfn, closefn, ...)                                                \
    EFF_LAYER_ENDS_(layer, T)                                                                                          \
    EFF_MUST_USE eff_layer_t *layer(eff_value_t key)                                                                   \
    {                                                                                                                  \
        EFF_LAYER_TYPED_(layer, T, NULL, closefn);                                                                     \
        static const eff_tag_t *const layer##__needs[] = { __VA_ARGS__, NULL }; /* for none: EFF_NO_NEEDS */           \
        static const eff_layer_def_t layer##__def = { sizeof(eff_layer_def_t),                                         \
                                                      #layer,                                                          \
                                                      &service##_tag,                                                  \
                                                      NULL,                                                            \
                                                      layer##__close,                                                  \
                                                      (eff_any_fn)(closefn),                                           \
                                                      layer##__needs,                                                  \
                                                      openfn,                                                          \
                                                      NULL,                                                            \
                                                      NULL,                                                            \
                                                      NULL };                                                          \
        return eff_layer_keyed(&layer##__def, key);                                                                    \
    }                                                                                                                  \
    struct layer##__end
/** @cond */
#define EFF_LAYER_ENDS_(layer, T)                                                                                      \
    static void layer##__close(eff_any_fn user, void *s)                                                               \
    {                                                                                                                  \
        ((void (*)(T *))user)((T *)s);                                                                                 \
    }                                                                                                                  \
    EFF_MAYBE_UNUSED static eff_t *layer##__goodbye(eff_any_fn user, void *s)                                          \
    {                                                                                                                  \
        return ((eff_t * (*)(T *)) user)((T *)s);                                                                      \
    }
/* A release or goodbye of another type does not compile. The names are no user's. */
#define EFF_LAYER_TYPED_(layer, T, goodbyefn, closefn)                                                                 \
    eff_t *(*const layer##__typed_goodbye)(T *) = goodbyefn;                                                           \
    void (*const layer##__typed_close)(T *) = closefn;                                                                 \
    (void)layer##__typed_goodbye;                                                                                      \
    (void)layer##__typed_close
/** @endcond */

EFF_END_DECLS
#endif
