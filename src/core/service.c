/* Services: asking the context for one, and what a service is as a value: a borrowed pointer, or a counted payload
 * that is the service (or, for a box, points at it). */
#include "core/service.h"

#include <stdio.h>
#include <string.h>

#include "core/build.h"

eff_t *eff__service_with_at(eff_site_t site, const eff_tag_t *tag, eff_service_thunk_fn thunk, eff_any_fn use,
                            eff_value_t env)
{
    eff_t *e;
    if (!use || !eff__value_usable(env) || !(e = eff__node_new(EFF__OP_SERVICE, EFF__NODE_SIZE(service), site))) {
        char builder[128];
        snprintf(builder, sizeof builder, "%s_with", tag->name);
        return eff__refuse_call(site, builder, use != NULL, env);
    }
    e->service.tag = tag;
    e->service.thunk = thunk;
    e->service.use = use;
    e->service.env = env;
    return e;
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
