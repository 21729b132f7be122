/* Lazy layers: what is provided are placeholders, each of which builds the layer when its service is asked for
 * (EFF__OP_SERVICE). It is held by the scope of where it was provided, so it lives as long as if it had been built there.
 * Who asks while it is being built asks for the same instance.
 */
#include "core/build.h"
#include "core/context.h"
#include "core/service.h"
#include "layers/memo.h"
#include "runtime/fiber.h"
#include "runtime/scope.h"

struct lazy_layer {
    struct eff__lazy lazy;       /* first */
    struct eff__mention mention; /* of what is built, with the services around it and the scope that holds it; owned */
    eff_context_t *services;     /* NULL until it was built; owned */
};

static void lazy_drop(void *payload)
{
    struct lazy_layer *l = (struct lazy_layer *)payload;
    eff__mention_clear(&l->mention);
    eff_context_decref(l->services);
}

static const eff_type_t lazy_type = { .size = sizeof(struct lazy_layer),
                                      .name = "service to be built",
                                      .drop = lazy_drop,
                                      .flags = EFF_TYPE_COUNTED | EFF__TYPE_LAZY };

static eff_value_t lazy_value(struct lazy_layer *l)
{
    return (eff_value_t){ .type = &lazy_type, .ptr = l };
}

static eff_value_t get(const struct eff__lazy *lazy, const eff_tag_t *tag)
{
    const struct lazy_layer *l = (const struct lazy_layer *)(const void *)lazy;
    return l->services ? eff_context_get(l->services, tag) : (eff_value_t){ .type = NULL, .integer = 0 };
}

static eff_value_t remember(eff_value_t services, eff_value_t env)
{
    struct lazy_layer *l = (struct lazy_layer *)env.ptr;
    if (!l->services) l->services = eff_context_incref(eff_as_context(services));
    return eff_value_incref(services);
}

static eff_t *build(struct eff__lazy *lazy, eff_site_t site)
{
    struct lazy_layer *l = (struct lazy_layer *)(void *)lazy;
    (void)eff__payload_retain(l);
    return eff_map_at(site, eff__build(&l->mention), remember, lazy_value(l));
}

eff_t *eff__build_lazy(eff_fiber_t *f, const struct eff__mention *m)
{
    const eff_layer_t *part = m->layer->parts[0];
    struct lazy_layer *l = (struct lazy_layer *)eff__payload_alloc(&lazy_type, sizeof *l);
    if (!l) return eff_out_of_memory();
    *l = (struct lazy_layer){ .lazy = { get, build }, .mention = eff__mention_copy(m) };
    (void)eff_layer_incref(m->layer->parts[0]);
    eff_layer_decref(l->mention.layer);
    l->mention.layer = m->layer->parts[0];
    if (!l->mention.anchor) l->mention.anchor = eff__anchor_new(f, m->site);
    eff_context_t *all = l->mention.anchor ? eff_context_empty() : NULL;
    for (size_t i = 0; all && i < part->n_provides; i++) {
        (void)eff__payload_retain(l);
        all = eff_context_merge(all, eff__context_built(part->provides[i], lazy_value(l), "eff_layer_lazy", 0));
    }
    eff_value_decref(lazy_value(l));
    return all ? eff_succeed_at(NULL, eff_context_value(all)) : eff_out_of_memory();
}
