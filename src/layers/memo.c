/* The memo map: see memo.h. Finding and making instances, and their end. */
#include "layers/memo.h"

#include <string.h>

#include "core/context.h"
#include "core/hash.h"
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
    if (memo->buckets != memo->few) eff__free(memo->buckets, memo->n_buckets * sizeof(struct eff__instance *));
    eff__free(memo, sizeof *memo);
}

static void keeper_ended(struct eff__end_hook *hook, eff_fiber_t *f);

struct eff__instance *eff__instance_of_keeper(const eff_fiber_t *keeper)
{
    struct eff__end_hook *hook = keeper->flags & EFF__HAS_RARE ? keeper->rare->hooks : NULL;
    while (hook && hook->ended != keeper_ended)
        hook = hook->next;
    return hook ? EFF_CONTAINER_OF(hook, struct eff__instance, hook) : NULL;
}

/* What a service that is missing has to do with the layer in whose build it was asked for. */
static eff_cause_t *explain_missing(const struct eff__services *self, const eff_fiber_t *f, const eff_tag_t *tag,
                                    eff_cause_t *cause)
{
    (void)self;
    while (f && !(f->flags & EFF__KEEPER))
        f = eff__outer_of(f);
    const struct eff__instance *inst = f ? eff__instance_of_keeper(f) : NULL;
    if (!inst || inst->layer->n_parts > 0 || eff__tag_in(tag, inst->layer->n_needs, inst->layer->needs)) return cause;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_add(&text, "layer ");
    eff__instance_name(inst, &text);
    eff_buffer_add(&text, inst->layer->n_needs ? " says that it needs" : " says that it needs nothing");
    for (size_t i = 0; i < inst->layer->n_needs; i++) {
        eff_buffer_add(&text, i ? ", " : " ");
        eff__tag_add_name(inst->layer->needs[i], &text);
    }
    if (tag->name) eff_buffer_printf(&text, ", and is given no more: add &%s_tag to its needs", tag->name);
    else eff_buffer_add(&text, ", and is given no more: add the tag to its needs");
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
                                .rt = rt,
                                .n_buckets = EFF__MEMO_BUCKETS };
    memo->buckets = memo->few;
    rt->services = &memo->hooks;
    return memo;
}

uint64_t eff__memo_fresh(eff_runtime_t *rt)
{
    struct eff__memo *memo = eff__memo_of(rt);
    return memo ? ++memo->last_fresh : 0;
}

/* Layers that are one by eff__layer_is_same have one hash, when they are given the same. */
static uint64_t hash_of(const struct eff__mention *m, const struct eff__needs *needs, const eff_context_t *given)
{
    const eff_layer_t *layer = m->layer;
    const void *identity = layer->def ? (const void *)layer->def : layer;
    uint64_t h = eff__hash_mix((uintptr_t)identity + m->fresh);
    if (layer->kind == EFF__LAYER_KEYED) h = eff__hash_add(h, eff_value_hash(layer->value));
    return needs->all || needs->n ? h + eff__context_given_hash(given, needs) : h;
}

static struct eff__instance **bucket_of(const struct eff__memo *memo, uint64_t hash)
{
    return &memo->buckets[hash & (memo->n_buckets - 1)];
}

/* Twice as many buckets; without memory those that are there have to do. */
static void grow(struct eff__memo *memo)
{
    size_t n = memo->n_buckets, size = n * sizeof(struct eff__instance *);
    struct eff__instance **old = memo->buckets;
    struct eff__instance **buckets = (struct eff__instance **)eff__alloc(2 * size);
    if (!buckets) return;
    memset(buckets, 0, 2 * size);
    memo->buckets = buckets;
    memo->n_buckets = 2 * n;
    for (size_t i = 0; i < n; i++)
        for (struct eff__instance *inst = old[i], *next; inst; inst = next) {
            struct eff__instance **bucket = bucket_of(memo, inst->hash);
            next = inst->next_in_bucket;
            inst->next_in_bucket = *bucket;
            *bucket = inst;
        }
    if (old != memo->few) eff__free(old, size);
}

static void attach(struct eff__instance *inst)
{
    struct eff__memo *memo = inst->memo;
    if (memo->n_found++ >= memo->n_buckets) grow(memo);
    struct eff__instance **bucket = bucket_of(memo, inst->hash);
    inst->next_in_bucket = *bucket;
    *bucket = inst;
}

struct eff__instance *eff__instance_find(struct eff__memo *memo, const struct eff__mention *m,
                                         const eff_context_t *given)
{
    if (memo->n_found == 0) return NULL;
    struct eff__needs needs = eff__needs_of(m->layer);
    uint64_t hash = hash_of(m, &needs, given);
    struct eff__instance *inst = *bucket_of(memo, hash);
    while (inst && (inst->hash != hash || inst->fresh != m->fresh || !eff__layer_is_same(inst->layer, m->layer) ||
                    !eff__context_gives(given, &needs, inst->given)))
        inst = inst->next_in_bucket;
    return inst;
}

void eff__instance_detach(struct eff__instance *inst)
{
    if (inst->detached) return;
    inst->detached = true;
    inst->memo->n_found--;
    struct eff__instance **at = bucket_of(inst->memo, inst->hash);
    while (*at != inst)
        at = &(*at)->next_in_bucket;
    *at = inst->next_in_bucket;
}

/* ---- instances */

static void instance_drop(void *payload)
{
    struct eff__instance *inst = (struct eff__instance *)payload;
    eff_layer_decref(inst->layer);
    eff_layer_decref(inst->named);
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
    if (inst->named) (void)eff__fiber_set_name(f, eff_value_incref(inst->named->value));
    else if (name) (void)eff__fiber_set_name(f, eff_literal(name));
    f->flags |= EFF__KEEPER | EFF__USED;
    eff__fiber_adopt(&rt->roots, f);
    eff__fiber_begins(f, NULL);
    eff__enqueue(f);
    return f;
}

struct eff__instance *eff__instance_new(struct eff__memo *memo, const struct eff__mention *m,
                                        const eff_context_t *given)
{
    struct eff__needs needs = eff__needs_of(m->layer);
    struct eff__instance *inst = (struct eff__instance *)eff__payload_alloc(&instance_type, sizeof *inst);
    if (!inst) return NULL;
    *inst = (struct eff__instance){ .memo = memo, .fresh = m->fresh, .serial = memo->last_serial + 1 };
    inst->layer = eff_layer_incref(m->layer);
    inst->named = eff_layer_incref(eff__chain_named(m->chain, m->layer));
    inst->hash = hash_of(m, &needs, given);
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
    attach(inst);
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
