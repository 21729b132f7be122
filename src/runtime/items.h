/* How loops read their items.
 *
 * Arrays and ranges are counted: the i-th item is there when it is asked for. All others are pulled: a source, opened
 * for each run of the loop, gives one item after another, either at once (an iterator) or by an effect that the asking
 * fiber runs (a pull, or taking from a queue).
 */
#ifndef EFF_RUNTIME_ITEMS_H
#define EFF_RUNTIME_ITEMS_H

#include <effect/queue.h>
#include <effect/value.h>

#include "core/collection.h"
#include "runtime/fiber.h"

static inline bool eff__items_counted(eff_value_t items)
{
    return items.type == &eff_array_type || items.type == &eff_range_type;
}

/* Of counted items: how many there are, and the i-th (new). */
static inline size_t eff__items_count(eff_value_t items)
{
    if (items.type == &eff_array_type) return ((const struct eff__array *)items.ptr)->n;
    const struct eff__range *r = (const struct eff__range *)items.ptr;
    return (size_t)((uint64_t)r->to - (uint64_t)r->from);
}
static inline eff_value_t eff__items_at(eff_value_t items, size_t i)
{
    if (items.type == &eff_range_type)
        return eff_int((int64_t)((uint64_t)((const struct eff__range *)items.ptr)->from + i));
    return eff_value_incref(((const struct eff__array *)items.ptr)->items[i]);
}

/* One run's way through items that are pulled. The items themselves are the loop's node's. Counted items may be pulled
 * too: by a loop whose limit may change. */
struct eff__source {
    eff_value_t state; /* an iterator's of this run, owned; else unit */
    size_t at;         /* counted items: how many were given */
    eff_t *pull;       /* the effect that gets the next item; NULL: ask eff__source_next */
    bool takes;        /* from a queue: `pull` is owned, succeeds with the item itself, and Closed is the end. Whoever
                          got an item keeps it or gives it back at once, before anything else runs. */
};

enum eff__pulled {
    EFF__PULLED,      /* an item */
    EFF__PULLED_END,  /* there are no more */
    EFF__PULLED_FAILS /* the failure is in reg */
};

/* Begins a run over the items of this each node. On false the failure is in f's reg, and there is nothing to close. */
bool eff__source_open(eff_fiber_t *f, const eff_t *e, struct eff__source *ret_source);
void eff__source_close(struct eff__source *s);
/* The next item of an iterator, or of those that are counted (new). reg must hold nothing, and does again unless this fails. */
enum eff__pulled eff__source_next(eff_fiber_t *f, const eff_t *e, struct eff__source *s, eff_value_t *ret_item);
/* What the end of s->pull, in reg, means: the same. */
enum eff__pulled eff__source_got(eff_fiber_t *f, const eff_t *e, const struct eff__source *s, eff_value_t *ret_item);

/* ---- queue.c: taking in two steps. After the effect got an item, one of the others follows; the place that the item
 * had is for no offer before. */
eff_t *eff__queue_pull_at(eff_site_t site, eff_queue_t *q);
void eff__queue_keep(eff_queue_t *q);
void eff__queue_give_back(eff_queue_t *q, eff_value_t v);

/* What becomes of the item just got: it will be begun, or it will not (consumed). Then a queue has it back, at its head;
 * others have nowhere to put it, and it is dropped. Neither needs memory. */
static inline void eff__source_keep(const eff_t *e, const struct eff__source *s)
{
    if (s->takes) eff__queue_keep(eff_as_queue(e->each.items));
}
void eff__source_give_back(const eff_t *e, const struct eff__source *s, eff_value_t item);

#endif
