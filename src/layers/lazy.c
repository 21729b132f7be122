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

/* The one whose turn it is for a service: this one, or, where it was built and is lazy in turn, one below. The service is
 * then absent, or that of what was built. */
static struct lazy_layer *down_to(struct lazy_layer *l, const eff_tag_t *tag, eff_value_t *ret_service)
{
    *ret_service = (eff_value_t){ .type = NULL, .integer = 0 };
    /* As long as its holds are there: what is finished while the scope closes may use it. */
    while (l->services && l->mention.anchor->scope->state != EFF__SCOPE_CLOSED) {
        eff_value_t v = eff__context_find(l->services, tag);
        if (v.type != &lazy_type) {
            *ret_service = v;
            return l;
        }
        l = (struct lazy_layer *)v.ptr;
    }
    return l;
}

static eff_value_t get(struct eff__lazy *lazy, const eff_tag_t *tag)
{
    eff_value_t service;
    (void)down_to((struct lazy_layer *)(void *)lazy, tag, &service);
    return service;
}

/* What was built first stays, for all who ask. */
static eff_value_t remember(eff_value_t services, eff_value_t env)
{
    struct lazy_layer *l = (struct lazy_layer *)env.ptr;
    if (!l->services) l->services = eff_context_incref(eff_as_context(services));
    return eff_context_value(eff_context_incref(l->services));
}

static eff_t *build(struct eff__lazy *lazy, const eff_tag_t *tag, eff_site_t site)
{
    eff_value_t service;
    struct lazy_layer *l = down_to((struct lazy_layer *)(void *)lazy, tag, &service);
    (void)eff__payload_retain(l);
    return eff_map_at(site, eff__build_whole(&l->mention), remember, lazy_value(l));
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
    l->mention.anchor = eff__anchor_new(f, m->anchor, m->site);
    eff__anchor_decref(m->anchor);
    eff_context_t *all = l->mention.anchor ? eff_context_empty() : NULL;
    for (size_t i = 0; all && i < part->n_provides; i++) {
        (void)eff__payload_retain(l);
        all = eff_context_merge(all, eff__context_built(part->provides[i], lazy_value(l), "eff_layer_lazy", 0));
    }
    eff_value_decref(lazy_value(l));
    return all ? eff_succeed_at(NULL, eff_context_value(all)) : eff_out_of_memory();
}
