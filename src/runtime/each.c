/* Sequential for_each: one frame and one small block with the position, the item being worked on, and the results. The
 * item and the environment live until the item's effect has ended, because the frame keeps both. */
#include "core/collection.h"
#include "runtime/group.h"
#include "runtime/prim.h"
#include "runtime/region.h"
#include "runtime/runtime.h"

enum { WORDS = 3 }; /* node, each, head */

struct each {
    size_t next, n;
    eff_value_t item;     /* being worked on, owned */
    eff_value_t array;    /* of the results; unit when they are discarded */
    eff_value_t *results; /* its items; NULL when they are discarded */
};

size_t eff__items_count(eff_value_t items)
{
    if (items.type == &eff_range_type) {
        const struct eff__range *r = items.ptr;
        return (size_t)((uint64_t)r->to - (uint64_t)r->from);
    }
    return eff_array_size(items);
}

eff_value_t eff__items_at(eff_value_t items, size_t i)
{
    if (items.type == &eff_range_type)
        return eff_int((int64_t)((uint64_t)((const struct eff__range *)items.ptr)->from + i));
    return eff_value_incref(((const struct eff__array *)items.ptr)->items[i]);
}

static void each_free(struct each *s)
{
    eff_value_decref(s->item);
    eff_value_decref(s->array);
    eff__free(s, sizeof *s);
}

int eff__eval_each(eff_fiber_t *f, eff_t *e, bool owned)
{
    if (e->flags & EFF__PARALLEL) return eff__begin_each_par(f, e, owned);
    struct each *s = NULL;
    if (eff__frames_reserve(f, WORDS)) s = eff__alloc(sizeof *s);
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (s) {
        *s = (struct each){ .n = eff__items_count(e->each.items), .item = eff_unit, .array = eff_unit };
        if (!(e->flags & EFF__DISCARD)) s->array = eff__array_new(s->n, &s->results);
    }
    if (!s || s->array.type->flags & EFF_TYPE_OOM) {
        if (s) each_free(s);
        if (owned) eff_decref(e);
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return EFF__RETURN;
    }
    *f->top++ = (uintptr_t)e | (owned ? EFF__OWNED : 0);
    *f->top++ = (uintptr_t)s;
    *f->top++ = eff__frame_head(EFF__F_EACH, 0, 0);
    return eff__return_each(f);
}

/* Ends the loop with what is in reg. */
static int end(eff_fiber_t *f, struct each *s)
{
    uintptr_t word = f->top[-3];
    f->top -= WORDS;
    each_free(s);
    if (word & EFF__OWNED) eff__node_release(eff__frame_node(word));
    return EFF__RETURN;
}

int eff__return_each(eff_fiber_t *f)
{
    struct each *s = (struct each *)f->top[-2];
    eff_t *e = eff__frame_node(f->top[-3]);
    if (f->status != EFF__OK) {
        eff__trace_add(&f->rt->trace, e->site);
        return end(f, s);
    }
    if (s->next > 0) { /* an item's effect succeeded */
        if (s->results) s->results[s->next - 1] = f->reg;
        else eff_value_decref(f->reg);
        f->reg = eff_unit;
    }
    if (s->next == s->n) {
        f->reg = s->array;
        s->array = eff_unit;
        return end(f, s);
    }
    eff_value_decref(s->item);
    s->item = eff__items_at(e->each.items, s->next++);
    eff_t *body = e->each.fn(s->item, e->each.env);
    return eff__go_on_with(f, body, e->site);
}

void eff__each_unwind(void *each)
{
    each_free(each);
}
