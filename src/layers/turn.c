#include "layers/turn.h"

#include "core/build.h"
#include "runtime/runtime.h"

static bool is_same(struct eff__turn_key a, struct eff__turn_key b)
{
    return a.rt == b.rt && a.what == b.what && a.device == b.device && a.file == b.file;
}

/* The first with that key, from t on; or NULL. */
static struct eff__turn *next_with(struct eff__turn *t, struct eff__turn_key key)
{
    while (t && !is_same(t->key, key))
        t = t->next;
    return t;
}

bool eff__turn_is_taken(const struct eff__turns *list, struct eff__turn_key key)
{
    return next_with(list->first, key) != NULL;
}

bool eff__turn_has_come(const struct eff__turn *t)
{
    return next_with(t->list->first, t->key) == t;
}

void eff__turn_join(struct eff__turn *t, struct eff__turns *list, struct eff__turn_key key)
{
    *t = (struct eff__turn){ .list = list, .key = key, .prev = list->last };
    if (list->last) list->last->next = t;
    else list->first = t;
    list->last = t;
}

static void give_up(struct eff__turn *t)
{
    eff__payload_decref(eff__header_of(t)->type, t);
}

static void give(struct eff__turn *t)
{
    eff_fiber_t *f = t->fiber;
    if (!f || f->rt->freeing) return;
    t->fiber = NULL;
    f->wait.object = NULL;
    f->reg = eff_unit;
    f->status = EFF__OK;
    eff__wake(f);
    give_up(t); /* the wait's; the fiber's effect holds another */
}

void eff__turn_leave(struct eff__turn *t)
{
    struct eff__turn *next = next_with(t->next, t->key);
    if (t->prev) t->prev->next = t->next;
    else t->list->first = t->next;
    if (t->next) t->next->prev = t->prev;
    else t->list->last = t->prev;
    if (next && eff__turn_has_come(next)) give(next);
}

/* ---- waiting */

static bool leave(eff_fiber_t *f)
{
    struct eff__turn *t = f->wait.object;
    t->fiber = NULL;
    give_up(t);
    return true;
}
static const struct eff__wait_ops turn_ops = { .name = "for its turn", .leave = leave };

static int turn_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__turn *t = e->prim.value.ptr;
    if (eff__turn_has_come(t)) return eff__prim_value(f, eff_unit);
    t->fiber = f;
    eff__suspend(f, &turn_ops, eff__prim_take_value(e, alone).ptr);
    return EFF__SUSPEND;
}
static const struct eff__prim turn_prim = { "turn", turn_run };

eff_t *eff__turn_await(eff_value_t payload)
{
    return eff__prim_node_plain(NULL, &turn_prim, payload);
}
