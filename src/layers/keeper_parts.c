/* What the keepers of layers run that are made of other layers: building those, perhaps several times, and serving what
 * came of it. What an attempt has built is held by a scope of its own, around the serving: when it fails before it serves,
 * that scope closes, and only then the next one begins.
 */
#include "core/build.h"
#include "core/context.h"
#include "layers/keeper.h"
#include "layers/layer_wire.h"

static eff_site_t site_of(const struct eff__instance *inst)
{
    return inst->layer->site ? inst->layer->site : inst->keeper->fork_site;
}

/* Builds a layer with what the keeper was given. */
static eff_t *build(const struct eff__instance *inst, eff_layer_t *layer)
{
    return eff__build(&(struct eff__mention){ .layer = layer, .fresh = inst->fresh, .site = site_of(inst) });
}
static eff_t *build_and_serve(struct eff__instance *inst, eff_layer_t *layer)
{
    return eff_flat_map_at(site_of(inst), build(inst, layer), eff__serve_built, eff__instance_env(inst));
}

/* A layer that a callback returned; consumed. */
static eff_t *made(struct eff__instance *inst, eff_layer_t *layer,
                   eff_t *(*go_on)(struct eff__instance *, eff_layer_t *))
{
    if (!layer) return eff__instance_mistake(inst, "function", "returned NULL");
    eff_t *e = go_on(inst, layer);
    eff_layer_decref(layer);
    return e;
}

static eff_t *open_suspended(struct eff__instance *inst)
{
    const eff_layer_t *layer = inst->layer;
    return made(inst, ((eff_layer_t * (*)(eff_value_t)) layer->fn)(layer->value), build_and_serve);
}

/* ---- one service made of another */

static eff_t *not_to_project(const eff_layer_t *layer)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_add(&text, "eff_layer_project is to make ");
    eff__tag_add_name(layer->tag, &text);
    eff_buffer_add(&text, " of ");
    eff__tag_add_name(layer->from, &text);
    eff_buffer_add(&text, ", which the layer does not provide");
    eff_t *e = eff__mistake_at(layer->site, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    return e;
}

/* It is asked for, so that a lazy one is built. */
static eff_t *project(eff_value_t services, eff_value_t env)
{
    struct eff__instance *inst = eff__instance_in(env);
    const eff_layer_t *layer = inst->layer;
    eff_context_t *from = eff_context_incref(eff_as_context(services));
    if (!eff__context_has(from, layer->from)) {
        eff_context_decref(from);
        return not_to_project(layer);
    }
    eff_t *e = eff_provide_context_at(layer->site, eff_tag_get_at(layer->site, layer->from), from);
    e = eff_map_at(layer->site, e, (eff_map_fn)layer->fn, eff_value_incref(layer->value));
    return eff_flat_map_at(layer->site, e, eff__serve_one, eff__instance_env(inst));
}

static eff_t *open_projected(struct eff__instance *inst)
{
    return eff_flat_map_at(site_of(inst), build(inst, inst->layer->parts[0]), project, eff__instance_env(inst));
}

/* ---- an effect once it is built */

static eff_t *tap(eff_value_t services, eff_value_t env)
{
    struct eff__instance *inst = eff__instance_in(env);
    const eff_layer_t *layer = inst->layer;
    eff_t *e = ((eff_t * (*)(const eff_context_t *, eff_value_t)) layer->fn)(eff_as_context(services), layer->value);
    return e ? eff_then_at(layer->site, e, eff__serve_built(services, env)) : NULL;
}

static eff_t *open_tapped(struct eff__instance *inst)
{
    return eff_flat_map_at(site_of(inst), build(inst, inst->layer->parts[0]), tap, eff__instance_env(inst));
}

/* ---- several attempts */

/* Of an attempt that had served, the failure is one of releasing, which is no reason for another attempt: it passes as a
 * value. */
static eff_t *pass_later_failure(const eff_cause_t *cause, eff_value_t env)
{
    if (eff__instance_in(env)->state == EFF__IS_BUILDING) return eff_fail_cause_at(NULL, eff_cause_incref(cause));
    return eff_succeed_at(NULL, eff_cause_value(eff_cause_incref(cause)));
}
static eff_t *attempt(struct eff__instance *inst, eff_layer_t *layer)
{
    eff_site_t site = site_of(inst);
    eff_t *e = eff_scoped_at(site, build_and_serve(inst, layer));
    return eff_catch_cause_at(site, e, pass_later_failure, eff__instance_env(inst));
}

static eff_t *conclude(eff_value_t v, eff_value_t env)
{
    (void)env;
    if (v.type != &eff_cause_type) return eff_noop();
    return eff_fail_cause_at(NULL, eff_cause_incref(eff_as_cause(v)));
}

static eff_t *open_retried(struct eff__instance *inst)
{
    const eff_layer_t *layer = inst->layer;
    eff_schedule_t *schedule = eff_schedule_incref((eff_schedule_t *)layer->value.ptr);
    eff_t *e = eff_retry_at(layer->site, attempt(inst, layer->parts[0]), schedule);
    return eff_flat_map_at(layer->site, e, conclude, eff_unit);
}

static eff_t *attempt_other(eff_value_t error, eff_value_t env)
{
    struct eff__instance *inst = eff__instance_in(env);
    (void)error;
    return attempt(inst, inst->layer->parts[1]);
}
static eff_t *attempt_handled(eff_value_t error, eff_value_t env)
{
    struct eff__instance *inst = eff__instance_in(env);
    const eff_layer_t *layer = inst->layer;
    return made(inst, ((eff_layer_t * (*)(eff_value_t, eff_value_t)) layer->fn)(error, layer->value), attempt);
}
static eff_t *open_or_else(struct eff__instance *inst, eff_bind_fn next)
{
    eff_site_t site = inst->layer->site;
    eff_t *e = eff_catch_all_at(site, attempt(inst, inst->layer->parts[0]), next, eff__instance_env(inst));
    return eff_flat_map_at(site, e, conclude, eff_unit);
}

static eff_t *open_or(struct eff__instance *inst)
{
    return open_or_else(inst, attempt_other);
}
static eff_t *open_caught(struct eff__instance *inst)
{
    return open_or_else(inst, attempt_handled);
}

/* ---- one that is memoized */

static eff_t *open_memoized(struct eff__instance *inst)
{
    return build_and_serve(inst, inst->layer->parts[0]);
}

eff_t *eff__open_parts(struct eff__instance *inst)
{
    static eff_t *(*const opens[])(struct eff__instance * inst) = {
        [EFF__LAYER_SUSPEND] = open_suspended, [EFF__LAYER_FLAT_MAP] = eff__open_chosen,
        [EFF__LAYER_PROJECT] = open_projected, [EFF__LAYER_RETRY] = open_retried,
        [EFF__LAYER_CATCH_ALL] = open_caught,  [EFF__LAYER_OR_ELSE] = open_or,
        [EFF__LAYER_TAP] = open_tapped,        [EFF__LAYER_MEMO] = open_memoized,
    };
    return opens[inst->layer->kind](inst);
}
