/* Sequential for_each: one frame and one small block with the position, the item being worked on, and the results. The
 * item and the environment live until the item's effect has ended, because the frame keeps both.
 *
 * Counted items are read where they lie. Others come from a source, and then nobody knows how many there will be: the
 * loop always seems to be at its end, where it asks the source for one more.
 */
#include "core/collection.h"
#include "runtime/items.h"
#include "runtime/prim.h"
#include "runtime/region.h"
#include "runtime/runtime.h"

enum { WORDS = 3 }; /* node, each, head */

struct each {
    size_t next, n;       /* the items begun so far, and how many there are; equal when they are pulled */
    eff_value_t item;     /* being worked on, owned */
    eff_value_t array;    /* of the results; unit when they are discarded, none when the first some is looked for */
    eff_value_t *results; /* its items; NULL when they are discarded */
    bool pulled;          /* the items come from `source` */
    bool pulling;         /* the result that comes back is the source's, not an item's */
    struct eff__source source;
};

static void each_free(struct each *s)
{
    eff_value_decref(s->item);
    eff_value_decref(s->array);
    if (s->pulled) eff__source_close(&s->source);
    eff__free(s, sizeof *s);
}

int eff__eval_each(eff_fiber_t *f, eff_t *e, bool owned)
{
    if (e->flags & EFF__PARALLEL) return eff__begin_each_par(f, e, owned);
    bool counted = eff__items_counted(e->each.items);
    struct each *s = NULL;
    if (eff__frames_reserve(f, WORDS)) s = eff__alloc(sizeof *s);
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (s) {
        s->next = 0;
        s->n = counted ? eff__items_count(e->each.items) : 0;
        s->item = s->array = eff_unit;
        s->results = NULL;
        s->pulled = s->pulling = false;
        if (e->flags & EFF__FIRST) s->array = eff_none();
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
    if (!counted) s->pulled = eff__source_open(f, e, &s->source);
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

static int end_with_failure(eff_fiber_t *f, struct each *s)
{
    eff__trace_add(&f->rt->trace, eff__frame_node(f->top[-3])->site);
    return end(f, s);
}

static int end_with_results(eff_fiber_t *f, struct each *s)
{
    if (s->pulled && s->results) eff__array_trim(&s->array, s->next);
    f->reg = s->array;
    s->array = eff_unit;
    return end(f, s);
}

/* A place for the result of one more item of a source; false when out of memory. */
static bool reserve_result(struct each *s)
{
    if (!s->results) return true;
    if (!eff__array_reserve(&s->array, s->next + 1)) return false;
    s->results = ((struct eff__array *)s->array.ptr)->items;
    return true;
}

/* The source was asked, and this is its answer: begins the item in s->item, or ends the loop. */
static int answered(eff_fiber_t *f, struct each *s, const eff_t *e, enum eff__pulled answer)
{
    s->pulling = false;
    if (answer == EFF__PULLED_END) return end_with_results(f, s);
    if (answer == EFF__PULLED_FAILS) return end_with_failure(f, s);
    eff__source_keep(e, &s->source);
    s->n = ++s->next;
    eff_t *body = e->each.fn(s->item, e->each.env);
    return eff__go_on_with(f, body, e->site);
}

/* Asks the source for the next item, once everything that it needs to begin is there. */
static int pull(eff_fiber_t *f, struct each *s, const eff_t *e)
{
    s->item = eff_unit;
    if (!reserve_result(s)) {
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return end_with_failure(f, s);
    }
    if (!s->source.pull) {
        enum eff__pulled answer = eff__source_next(f, e, &s->source, &s->item);
        if (answer != EFF__PULLED) s->item = eff_unit;
        return answered(f, s, e, answer);
    }
    s->pulling = true;
    f->cur = (uintptr_t)s->source.pull; /* borrowed: the loop's node or source keeps it */
    return EFF__EVAL;
}

/* An item's effect succeeded, unless the loop has just begun. False when its result, which stays in reg, is the loop's. */
static inline bool keep_result(eff_fiber_t *f, struct each *s, const eff_t *e)
{
    if (s->next == 0) return true;
    if (s->results) s->results[s->next - 1] = f->reg;
    else if (e->flags & EFF__FIRST && eff_is_some(f->reg)) return false;
    else eff_value_decref(f->reg);
    f->reg = eff_unit;
    return true;
}

/* All items known so far have been begun. */
static EFF_NOINLINE int return_at_end(eff_fiber_t *f, struct each *s, eff_t *e)
{
    if (s->pulling) return answered(f, s, e, eff__source_got(f, e, &s->source, &s->item));
    if (f->status != EFF__OK) return end_with_failure(f, s);
    if (!keep_result(f, s, e)) return end(f, s);
    if (!s->pulled) return end_with_results(f, s);
    eff_value_decref(s->item);
    return pull(f, s, e);
}

int eff__return_each(eff_fiber_t *f)
{
    struct each *s = (struct each *)f->top[-2];
    eff_t *e = eff__frame_node(f->top[-3]);
    if (s->next == s->n) return return_at_end(f, s, e);
    if (f->status != EFF__OK) return end_with_failure(f, s);
    if (!keep_result(f, s, e)) return end(f, s);
    eff_value_decref(s->item);
    s->item = eff__items_at(e->each.items, s->next++);
    eff_t *body = e->each.fn(s->item, e->each.env);
    return eff__go_on_with(f, body, e->site);
}

void eff__each_unwind(void *each)
{
    each_free(each);
}
