/* Managed runtimes: a runtime with a memoized layer, which every root effect is provided with, and which is let go when
 * all roots and daemons have ended. */
#include <effect/managed.h>

#include "core/build.h"
#include "layers/memo.h"
#include "runtime/runtime.h"

static eff_t *with_services(struct eff__services *self, eff_t *e)
{
    const struct eff__memo *memo = (const struct eff__memo *)(const void *)self;
    return eff_provide_at(NULL, e, eff_layer_incref(memo->managed));
}

/* The layer as one that is kept until the runtime lets go of it; NULL when out of memory. Consumes it. */
static eff_layer_t *keep(eff_runtime_t *rt, struct eff__memo *memo, eff_layer_t *layer)
{
    eff_value_t v = eff__memoized_make(rt, rt->context ? eff_context_incref(rt->context) : eff_context_empty());
    if (eff_is_oom(v)) {
        eff_layer_decref(layer);
        return NULL;
    }
    memo->kept = eff__hold_new_memoized((struct eff__memoized *)v.ptr);
    if (memo->kept) return eff__layer_memoized(NULL, layer, v);
    eff_value_decref(v);
    eff_layer_decref(layer);
    return NULL;
}

eff_runtime_t *eff_managed_runtime(const eff_runtime_options_t *options, eff_layer_t *layer)
{
    eff_runtime_t *rt = eff_runtime_new(options);
    struct eff__memo *memo = rt ? eff__memo_of(rt) : NULL;
    if (!memo) {
        eff_layer_decref(layer);
        eff_runtime_free(rt);
        return NULL;
    }
    memo->hooks.wrap_root = with_services;
    if (!layer) return rt;
    memo->managed = keep(rt, memo, layer);
    if (memo->managed) return rt;
    eff_runtime_free(rt);
    return NULL;
}
