/* Nodes as memory: how big they are, the immortal ones, and how they die.
 *
 * Dropping a node gives up its parts, which may be the last references to further nodes and values, nested as deep
 * as the user likes. Nodes that die while a node is being dropped on this thread are only linked into a worklist
 * through their site word, and values that die have the worklist of value.c. Each list is worked off by whoever
 * started it, so however nodes, values and the effects inside values alternate, the C stack holds at most one loop
 * of each kind:
 *
 *     eff__node_drop  ->  drop of an env  ->  its hooks  ->  eff__node_drop (only links)
 *     drop of a value ->  its hook  ->  eff__node_drop  ->  drop of an env (only links)
 */
#include "core/node.h"

#include "core/cause_node.h"

const uint8_t eff__node_sizes[EFF__N_OPS] = {
#define EFF_OP(name, text, arm) [EFF__OP_##name] = (uint8_t)EFF__NODE_SIZE(arm),
#include "core/ops.def"
#undef EFF_OP
};

const char *const eff__op_names[EFF__N_OPS] = {
#define EFF_OP(name, text, arm) [EFF__OP_##name] = text,
#include "core/ops.def"
#undef EFF_OP
};

_Static_assert(EFF__NODE_SIZE(value) == 32 && EFF__NODE_SIZE(bind) == 48, "the frequent nodes are small");
_Static_assert(EFF__NODE_SIZE(gen) <= EFF__GEN_INIT && EFF__GEN_INIT % 16 == 0, "a gen's init follows, aligned");

size_t eff__node_size(const eff_t *e)
{
    return e->op == EFF__OP_GEN ? EFF__GEN_INIT + e->gen.def->size : eff__node_sizes[e->op];
}

/* ---- the immortal ones */

eff_t eff__oom_node = {
    .count = EFF__IMMORTAL,
    .op = EFF__OP_FAIL,
    .flags = EFF__CAUSE,
    .value = { { .type = &eff_cause_type, .ptr = &eff__oom_cause_block.payload } },
};
eff_t eff__noop_node = {
    .count = EFF__IMMORTAL,
    .op = EFF__OP_SUCCEED,
    .value = { { .type = &eff_unit_type, .integer = 0 } },
};
eff_t eff__yield_node = { .count = EFF__IMMORTAL, .op = EFF__OP_YIELD };

eff_t *eff_out_of_memory(void)
{
    return &eff__oom_node;
}

eff_t *eff_noop(void)
{
    return &eff__noop_node;
}

eff_t *eff_yield_now(void)
{
    return &eff__yield_node;
}

/* ---- counts */

static __thread struct {
    bool running; /* eff__node_drop is at work on this thread */
    eff_t *dead;  /* nodes without references, still to be dropped */
} drops;

static void bury(eff_t *e)
{
    e->next_dead = drops.dead;
    drops.dead = e;
}

static void give_up(eff_t *part)
{
    if (part && eff__count_dec(&part->count)) bury(part);
}

static void give_up_payload(void *payload)
{
    if (!payload) return;
    eff_value_decref((eff_value_t){ .type = eff__header_of(payload)->type, .ptr = payload });
}

static void give_up_sides(eff_t *e)
{
    bool many = e->par.n > 2;
    eff_t **sides = many ? e->par.more : e->par.sides;
    for (uint32_t i = 0; i < e->par.n; i++)
        give_up(sides[i]);
    if (many) eff__free(sides, e->par.n * sizeof *sides);
    else if (e->kind == EFF__PAR_RACE_WITH) give_up_payload(e->par.handlers);
}

static void give_up_parts(eff_t *e)
{
    switch ((enum eff__op)e->op) {
    case EFF__OP_SUCCEED:
    case EFF__OP_FAIL: eff_value_decref(e->value.value); break;
    case EFF__OP_SYNC:
    case EFF__OP_SUSPEND:
    case EFF__OP_ASYNC: eff_value_decref(e->call.env); break;
    case EFF__OP_MAP:
    case EFF__OP_FLAT_MAP:
    case EFF__OP_ON_EXIT:
    case EFF__OP_MASK:
    case EFF__OP_SCOPED:
        give_up(e->bind.source);
        eff_value_decref(e->bind.env);
        break;
    case EFF__OP_FOLD:
        give_up(e->fold.source);
        eff_value_decref(e->fold.env);
        break;
    case EFF__OP_PRIM:
        give_up_payload(e->prim.handle);
        eff_value_decref(e->prim.value);
        break;
    case EFF__OP_SERVICE: eff_value_decref(e->service.env); break;
    case EFF__OP_PROVIDE:
        give_up(e->provide.source);
        eff_value_decref(e->provide.value);
        break;
    case EFF__OP_FORK:
        give_up(e->fork.source);
        give_up_payload(e->fork.scope);
        break;
    case EFF__OP_PAR: give_up_sides(e); break;
    case EFF__OP_EACH:
        if (e->flags & EFF__LIMITED) give_up_payload(e->each.handle);
        eff_value_decref(e->each.items);
        eff_value_decref(e->each.env);
        break;
    case EFF__OP_GEN:
        if (e->flags & EFF__OWNS_INIT && e->gen.def->drop) e->gen.def->drop((char *)e + EFF__GEN_INIT);
        break;
    case EFF__OP_BRACKET:
        give_up(e->bracket.source);
        eff_value_decref(e->bracket.env);
        break;
    case EFF__OP_YIELD:
    case EFF__OP_SLEEP:
    case EFF__N_OPS: break;
    }
}

void eff__node_drop(eff_t *e)
{
    if (drops.running) {
        bury(e);
        return;
    }
    drops.running = true;
    for (;;) {
        give_up_parts(e);
        eff__free(e, eff__node_size(e));
        e = drops.dead;
        if (!e) break;
        drops.dead = e->next_dead;
    }
    drops.running = false;
}

eff_t *eff_incref(eff_t *e)
{
    if (e) eff__count_inc(&e->count);
    return e;
}

void eff_decref(eff_t *e)
{
    if (e) eff__node_release(e);
}

void eff__effect_retain(void *effect)
{
    eff__count_inc(&((eff_t *)effect)->count);
}

void eff__effect_release(void *effect)
{
    eff__node_release(effect);
}
