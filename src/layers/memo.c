/* The memo map: see memo.h. Finding and making instances, and their end. */
#include "layers/memo.h"

#include "core/context.h"
#include "layers/layer_wire.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

/* ---- the map */

static void let_go(struct eff__services *self)
{
    struct eff__memo *memo = (struct eff__memo *)(void *)self;
    struct eff__hold *kept = memo->kept;
    memo->kept = NULL;
    eff__hold_decref(kept);
}

static void memo_free(struct eff__services *self)
{
    struct eff__memo *memo = (struct eff__memo *)(void *)self;
    let_go(self);
    eff_layer_decref(memo->managed);
    eff__free(memo, sizeof *memo);
}

struct eff__instance *eff__instance_of_keeper(const struct eff__memo *memo, const eff_fiber_t *keeper)
{
    struct eff__instance *inst = memo->all;
    while (inst && inst->keeper != keeper)
        inst = inst->next;
    return inst;
}

/* What a service that is missing has to do with the layer in whose build it was asked for. */
static eff_cause_t *explain_missing(const struct eff__services *self, const eff_fiber_t *f, const eff_tag_t *tag,
                                    eff_cause_t *cause)
{
    const struct eff__memo *memo = (const struct eff__memo *)(const void *)self;
    while (f && !(f->flags & EFF__KEEPER))
        f = eff__outer_of(f);
    const struct eff__instance *inst = f ? eff__instance_of_keeper(memo, f) : NULL;
    if (!inst || inst->layer->n_parts > 0 || eff__tag_in(tag, inst->layer->n_needs, inst->layer->needs)) return cause;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_add(&text, "layer ");
    eff__layer_name(inst->layer, &text);
    eff_buffer_add(&text, inst->layer->n_needs ? " says that it needs" : " says that it needs nothing");
    for (size_t i = 0; i < inst->layer->n_needs; i++)
        eff_buffer_printf(&text, "%s %s", i ? "," : "", inst->layer->needs[i]->name);
    eff_buffer_printf(&text, ", and is given no more: add &%s_tag to its needs", tag->name);
    cause = eff_cause_note(cause, eff_string(eff_buffer_text(&text)), NULL);
    eff_buffer_done(&text);
    return cause;
}

struct eff__memo *eff__memo_of(eff_runtime_t *rt)
{
    if (rt->services) return (struct eff__memo *)(void *)rt->services;
    struct eff__memo *memo = (struct eff__memo *)eff__alloc(sizeof *memo);
    if (!memo) return NULL;
    *memo = (struct eff__memo){ .hooks = { .free = memo_free, .let_go = let_go, .explain_missing = explain_missing },
                                .rt = rt };
    rt->services = &memo->hooks;
    return memo;
}

uint64_t eff__memo_fresh(eff_runtime_t *rt)
{
    struct eff__memo *memo = eff__memo_of(rt);
    return memo ? ++memo->last_fresh : 0;
}

static const void *identity_of(const eff_layer_t *layer)
{
    return layer->def ? (const void *)layer->def : layer;
}

static struct eff__instance **bucket_of(struct eff__memo *memo, const eff_layer_t *layer)
{
    uint64_t h = (uint64_t)(uintptr_t)identity_of(layer) >> 4;
    if (layer->kind == EFF__LAYER_KEYED) h += eff_value_hash(layer->value);
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return &memo->buckets[h >> 58];
}
_Static_assert(EFF__MEMO_BUCKETS == 64, "the highest six bits choose");

static struct eff__needs needs_of(const eff_layer_t *layer)
{
    return (struct eff__needs){ .all = layer->opaque, .n = layer->n_needs, .tags = layer->needs };
}

struct eff__instance *eff__instance_find(struct eff__memo *memo, const struct eff__mention *m,
                                         const eff_context_t *given)
{
    struct eff__needs needs = needs_of(m->layer);
    struct eff__instance *inst = *bucket_of(memo, m->layer);
    while (inst && (inst->fresh != m->fresh || !eff__layer_is_same(inst->layer, m->layer) ||
                    !eff__context_gives(given, &needs, inst->given)))
        inst = inst->next_in_bucket;
    return inst;
}

void eff__instance_detach(struct eff__instance *inst)
{
    if (inst->detached) return;
    inst->detached = true;
    struct eff__instance **at = bucket_of(inst->memo, inst->layer);
    while (*at != inst)
        at = &(*at)->next_in_bucket;
    *at = inst->next_in_bucket;
}

/* ---- instances */

static void instance_drop(void *payload)
{
    struct eff__instance *inst = (struct eff__instance *)payload;
    eff_layer_decref(inst->layer);
    eff_context_decref(inst->given);
}

static const eff_type_t instance_type = { .size = sizeof(struct eff__instance),
                                          .name = "instance of a layer",
                                          .drop = instance_drop,
                                          .flags = EFF_TYPE_COUNTED };

void eff__instance_decref(struct eff__instance *inst)
{
    eff_value_decref((eff_value_t){ .type = &instance_type, .ptr = inst });
}

void eff__instance_clear(struct eff__instance *inst)
{
    eff_context_t *services = inst->services;
    inst->services = NULL;
    eff_context_decref(services);
}

static void keeper_ended(struct eff__end_hook *hook, eff_fiber_t *f);

/* The keeper, in the run queue, with the instance's hook; NULL when out of memory. */
static eff_fiber_t *keeper_new(struct eff__instance *inst, eff_site_t site)
{
    eff_runtime_t *rt = inst->memo->rt;
    eff_context_t *context = rt->context ? eff_context_incref(rt->context) : eff_context_empty();
    context = eff_context_merge(context, eff_context_incref(inst->given));
    eff_fiber_t *f = eff__context_is_oom(context) ? NULL : eff__fiber_new(rt, &inst->start, context, site);
    eff_context_decref(context);
    if (!f) return NULL;
    inst->hook.ended = keeper_ended;
    if (!eff__fiber_hook(f, &inst->hook)) {
        eff__fiber_discard(f);
        return NULL;
    }
    const eff_layer_t *layer = inst->layer;
    const char *name = layer->def ? layer->def->name : layer->tag ? layer->tag->name : NULL;
    if (name) (void)eff__fiber_set_name(f, eff_literal(name));
    f->flags |= EFF__KEEPER | EFF__USED;
    eff__fiber_adopt(&rt->roots, f);
    eff__fiber_begins(f, NULL);
    eff__enqueue(f);
    return f;
}

struct eff__instance *eff__instance_new(struct eff__memo *memo, const struct eff__mention *m,
                                        const eff_context_t *given)
{
    struct eff__needs needs = needs_of(m->layer);
    struct eff__instance *inst = (struct eff__instance *)eff__payload_alloc(&instance_type, sizeof *inst);
    if (!inst) return NULL;
    *inst = (struct eff__instance){ .memo = memo, .fresh = m->fresh, .serial = memo->last_serial + 1 };
    inst->layer = eff_layer_incref(m->layer);
    inst->given = eff__context_given(given, &needs);
    eff__keeper_prepare(inst, m->site);
    if (!eff__context_is_oom(inst->given)) inst->keeper = keeper_new(inst, m->site);
    if (!inst->keeper) {
        eff__instance_decref(inst);
        return NULL;
    }
    memo->last_serial++;
    inst->next = memo->all;
    if (inst->next) inst->next->prev = inst;
    memo->all = inst;
    struct eff__instance **bucket = bucket_of(memo, inst->layer);
    inst->next_in_bucket = *bucket;
    *bucket = inst;
    return inst;
}

static void keeper_ended(struct eff__end_hook *hook, eff_fiber_t *f)
{
    struct eff__instance *inst = EFF_CONTAINER_OF(hook, struct eff__instance, hook);
    struct eff__memo *memo = inst->memo;
    enum eff__instance_state was = inst->state;
    eff__instance_detach(inst);
    if (inst->next) inst->next->prev = inst->prev;
    if (inst->prev) inst->prev->next = inst->next;
    else memo->all = inst->next;
    inst->state = EFF__HAS_ENDED;
    inst->keeper = NULL;
    eff__instance_clear(inst);
    eff__instance_tell_end(inst, f, was == EFF__IS_CLOSING);
    eff__instance_decref(inst);
}
