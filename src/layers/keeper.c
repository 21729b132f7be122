/* What the keeper of an instance runs, by the kind of its layer: it opens, serves, and closes.
 *
 *     of a descriptor       acquire_use_release( open, serve, close ), in the keeper's own scope
 *     of an effect          open, then serve
 *     of several attempts   scoped( build the part, then serve ), and if that fails before it serves, the next
 *
 * Serving is waiting until nobody uses the services any more. All of it lies within what closes them, so there is nothing
 * to be handed over. The keeper of a layer of one service is masked from its first instruction on: what its open lets be
 * interrupted (eff_interruptible) is interrupted when nobody waits for it any more. The others build parts, which have
 * keepers of their own, and may be interrupted anywhere before they serve.
 */
#include "layers/keeper.h"
#include "core/build.h"
#include "core/context.h"
#include "core/misuse.h"
#include "core/service.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"

eff_t *eff__instance_mistake(const struct eff__instance *inst, const char *callback, const char *did)
{
    eff_buffer_t name = EFF_BUFFER_INIT;
    eff__instance_name(inst, &name);
    eff_t *e = eff__mistake_at(inst->keeper->fork_site, "the %s of layer %s %s", callback, eff_buffer_text(&name), did);
    eff_buffer_done(&name);
    return e;
}

/* ---- serving */

static bool stay(eff_fiber_t *f)
{
    (void)f;
    return false;
}
static void stop_serving(eff_fiber_t *f, bool interrupted)
{
    (void)interrupted;
    eff__instance_clear((struct eff__instance *)f->wait.object);
}
static void describe_serving(const eff_fiber_t *f, eff_buffer_t *out)
{
    const struct eff__instance *inst = (const struct eff__instance *)f->wait.object;
    eff_buffer_add(out, "to release layer ");
    eff__instance_name(inst, out);
    eff_buffer_printf(out, ", which has %zu user%s", inst->n_users, inst->n_users == 1 ? "" : "s");
}
static const struct eff__wait_ops serve_ops = { .name = "to release a layer",
                                                .leave = stay,
                                                .resumed = stop_serving,
                                                .describe = describe_serving,
                                                .keeps = true,
                                                .idle = true };

static int serve_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__instance *inst = (struct eff__instance *)e->prim.handle;
    (void)alone;
    if (inst->state != EFF__IS_BUILDING) { /* all who wanted it have left meanwhile */
        eff__instance_clear(inst);
        return eff__prim_value(f, eff_unit);
    }
    eff__instance_ready(inst);
    eff__suspend(f, &serve_ops, inst);
    return EFF__SUSPEND;
}
static const struct eff__prim serve_prim = { "provide", serve_run };

/* The services are these (consumed): serves them. */
static eff_t *serve(struct eff__instance *inst, eff_context_t *services)
{
    if (eff__context_is_oom(services)) return eff_out_of_memory();
    eff__instance_clear(inst);
    inst->services = services;
    return &inst->serve;
}
eff_t *eff__serve_built(eff_value_t services, eff_value_t env)
{
    return serve(eff__instance_in(env), eff_context_incref(eff_as_context(services)));
}
static eff_t *serve_nothing(eff_value_t v, eff_value_t env)
{
    (void)v;
    return serve(eff__instance_in(env), eff_context_empty());
}
eff_t *eff__serve_one(eff_value_t service, eff_value_t env)
{
    struct eff__instance *inst = eff__instance_in(env);
    const eff_layer_t *layer = inst->layer;
    if (eff__service_is_null(service)) return eff__instance_mistake(inst, "open", "succeeded with NULL");
    const char *by = layer->def ? layer->def->name : layer->site ? layer->site : eff__facts_of(layer)->name;
    return serve(inst, eff__context_built(layer->tag, eff_value_incref(service), by, inst->serial));
}

/* ---- layers of one service */

/* Whether a descriptor of this size has the field. */
#define DEF_HAS(def, field) ((def)->size >= offsetof(eff_layer_def_t, field) + sizeof(def)->field)

static void close_service(eff_value_t service, const eff_exit_t *exit, eff_value_t env)
{
    const eff_layer_def_t *def = eff__instance_in(env)->layer->def;
    (void)exit;
    if (def->user_close && !eff__service_is_null(service)) def->close(def->user_close, eff__service_of(service));
}

static eff_t *say_goodbye(const eff_exit_t *exit, eff_value_t env)
{
    const struct eff__instance *inst = eff__instance_in(env);
    const eff_layer_def_t *def = inst->layer->def;
    (void)exit;
    return def->goodbye(def->user_goodbye, eff__service_of(inst->service));
}
static eff_t *serve_politely(eff_value_t service, eff_value_t env)
{
    struct eff__instance *inst = eff__instance_in(env);
    if (eff__service_is_null(service)) return eff__serve_one(service, env);
    inst->service = service;
    const eff_layer_def_t *def = inst->layer->def;
    eff_site_t site = DEF_HAS(def, goodbye_site) ? def->goodbye_site : NULL;
    return eff_on_exit_at(site ? site : inst->keeper->fork_site, eff__serve_one(service, env), say_goodbye,
                          eff__instance_env(inst));
}

static eff_t *open_defined(struct eff__instance *inst)
{
    const eff_layer_def_t *def = inst->layer->def;
    eff_t *open = NULL;
    if (inst->layer->kind == EFF__LAYER_DEF && def->open) open = def->open();
    if (inst->layer->kind == EFF__LAYER_KEYED && DEF_HAS(def, open_keyed) && def->open_keyed)
        open = def->open_keyed(inst->layer->value);
    if (!open) return eff__instance_mistake(inst, "open", "returned NULL");
    eff_site_t site = inst->keeper->fork_site;
    bool polite = DEF_HAS(def, user_goodbye) && def->user_goodbye;
    if (!polite && !def->user_close) return eff_flat_map_at(site, open, eff__serve_one, eff__instance_env(inst));
    return eff_acquire_use_release_at(site, open, polite ? serve_politely : eff__serve_one, close_service,
                                      eff__instance_env(inst));
}

static eff_t *open_sync(struct eff__instance *inst)
{
    const eff_layer_t *layer = inst->layer;
    eff_t *make = eff_sync_at(layer->site, (eff_sync_fn)layer->fn, eff_value_incref(layer->value));
    return eff_flat_map_at(layer->site, make, eff__serve_one, eff__instance_env(inst));
}

static eff_t *open_effect(struct eff__instance *inst)
{
    const eff_layer_t *layer = inst->layer;
    eff_t *open = eff_incref(eff_as_effect(layer->value));
    return eff_flat_map_at(layer->site, open, layer->tag ? eff__serve_one : serve_nothing, eff__instance_env(inst));
}

/* ---- the beginning */

static eff_t *open_by_kind(struct eff__instance *inst)
{
    enum eff__layer_kind kind = inst->layer->kind;
    if (kind == EFF__LAYER_DEF || kind == EFF__LAYER_KEYED) return open_defined(inst);
    if (kind == EFF__LAYER_SYNC) return open_sync(inst);
    if (kind == EFF__LAYER_EFFECT || kind == EFF__LAYER_DISCARD) return open_effect(inst);
    return eff__open_parts(inst);
}

static int start_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__instance *inst = (struct eff__instance *)e->prim.handle;
    (void)alone;
    if (eff__facts_of(inst->layer)->how == EFF__BUILT_OPENED) f->attrs |= EFF__MASKED;
    return eff__prim_effect(f, open_by_kind(inst));
}
static const struct eff__prim start_prim = { "provide", start_run };

void eff__keeper_prepare(struct eff__instance *inst, eff_site_t site)
{
    inst->start = inst->serve =
        (eff_t){ .count = EFF__IMMORTAL, .op = EFF__OP_PRIM, .prim = { .value = eff_unit, .handle = inst } };
    inst->start.site = inst->serve.site = site;
    inst->start.prim.prim = &start_prim;
    inst->serve.prim.prim = &serve_prim;
}
