/* Loops over items: for_each and its parallel forms. Those by schedule are in retry.c. */
#include <effect/loop.h>

#include <effect/parallel.h>

#include "core/build.h"
#include "core/items.h"

static eff_t *refuse(eff_site_t site, const char *builder, eff_value_t items, eff_bind_fn f, eff_value_t env)
{
    const char *found = eff__value_usable(items) && !eff__are_items(items) ? eff_type_of(items)->name : NULL;
    bool oom = env.type && env.type->flags & EFF_TYPE_OOM;
    if (found && !oom) {
        eff_t *e = eff__mistake_at(site, "%s wants an array, a range, an iterator, a pull or a queue, not %s %s",
                                   builder, eff__article(found), found);
        eff_value_decref(items);
        eff_value_decref(env);
        return e;
    }
    if (oom || eff__value_usable(items)) {
        eff_value_decref(items);
        return eff__refuse_call(site, builder, f != NULL, env);
    }
    eff_value_decref(env);
    return eff__refuse_call(site, builder, true, items);
}

eff_t *eff__each_node(uint8_t flags, eff_site_t site, const char *builder, eff_value_t items, eff_bind_fn f,
                      eff_value_t env, size_t limit)
{
    eff_t *e;
    if (!eff__value_usable(items) || !eff__are_items(items) || !f || !eff__value_usable(env) ||
        !(e = eff__node_new(EFF__OP_EACH, EFF__NODE_SIZE(each), site)))
        return refuse(site, builder, items, f, env);
    e->flags = flags;
    e->each.items = items;
    e->each.fn = f;
    e->each.env = env;
    e->each.limit = limit;
    return e;
}

eff_t *eff_for_each_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env)
{
    return eff__each_node(0, site, "eff_for_each", items, f, env, 1);
}

eff_t *eff_for_each_discard_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env)
{
    return eff__each_node(EFF__DISCARD, site, "eff_for_each_discard", items, f, env, 1);
}

eff_t *eff_for_each_par_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env, size_t n)
{
    return eff__each_node(EFF__PARALLEL, site, "eff_for_each_par", items, f, env, n);
}

eff_t *eff_for_each_par_discard_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env, size_t n)
{
    return eff__each_node(EFF__PARALLEL | EFF__DISCARD, site, "eff_for_each_par_discard", items, f, env, n);
}
