/* Services: asking the context for one, and what a service is as a value: a borrowed pointer, or a counted payload
 * that is the service (or, for a box, points at it). */
#include "core/service.h"

#include <stdio.h>
#include <string.h>

#include "core/build.h"
#include "core/context.h"

eff_t *eff__service_with_at(eff_site_t site, const eff_tag_t *tag, eff_service_thunk_fn thunk, eff_any_fn use,
                            eff_value_t env)
{
    eff_t *e;
    if (!use || !eff__value_usable(env) || !(e = eff__node_new(EFF__OP_SERVICE, EFF__NODE_SIZE(service), site))) {
        char builder[128];
        snprintf(builder, sizeof builder, "%s_with", eff__tag_name(tag));
        return eff__refuse_call(site, builder, use != NULL, env);
    }
    e->service.tag = tag;
    e->service.thunk = thunk;
    e->service.use = use;
    e->service.env = env;
    return e;
}

eff_t *eff_tag_get_at(eff_site_t site, const eff_tag_t *tag)
{
    if (!tag) return eff__refuse_null(site, "eff_tag_get", 1, eff_noop(), eff_unit);
    eff_t *e = eff__node_new(EFF__OP_SERVICE, EFF__NODE_SIZE(service), site);
    if (!e) return eff_out_of_memory();
    e->service.tag = tag;
    e->service.thunk = NULL; /* it is the value that is wanted */
    e->service.use = NULL;
    e->service.env = eff_unit;
    return e;
}

eff_t *eff__unimplemented_at(eff_site_t site, const eff_tag_t *tag, const char *operation)
{
    return eff__mistake_at(site, "unimplemented: %s of %s, which is NULL in the one provided here", operation,
                           eff__tag_name(tag));
}

eff_cause_t *eff__service_missing(const eff_tag_t *tag, const eff_context_t *context)
{
    eff_cause_t *cause = eff_cause_die(eff_printf("no service \"%s\" is provided here", eff__tag_name(tag)));
    cause = eff_cause_note(cause, eff__context_note(context), NULL);
    const char *call = tag->name ? "_provide(effect, service)" : "eff_provide_service(effect, tag, service)";
    eff_value_t hint = eff_printf("to provide it: %s%s, or eff_provide(effect, layer) with a layer that builds it",
                                  tag->name ? tag->name : "", call);
    return eff_cause_note(cause, hint, NULL);
}

static void *boxed(eff_value_t box)
{
    void *service;
    memcpy(&service, box.ptr, sizeof service);
    return service;
}

bool eff__service_is_null(eff_value_t service)
{
    if (service.type == &eff_ptr_type) return !service.ptr;
    return service.type && service.type->flags & EFF_TYPE_BOX && !boxed(service);
}

void *eff__service_of(eff_value_t service)
{
    if (!service.type || service.type->flags & EFF_TYPE_OOM) return NULL;
    if (service.type == &eff_ptr_type) return service.ptr;
    if (!(service.type->flags & EFF_TYPE_COUNTED)) return (void *)(intptr_t)eff__wrong_type(service, &eff_ptr_type);
    return service.type->flags & EFF_TYPE_BOX ? boxed(service) : service.ptr;
}
