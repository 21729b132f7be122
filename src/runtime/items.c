/* Sources: what one run of a loop has of items that are not counted. Users' functions and effects come up with them, so
 * everything they return is looked at here. */
#include "runtime/items.h"

#include <effect/error.h>

#include "core/items.h"
#include "runtime/region.h"
#include "runtime/runtime.h"

/* A callback of an iterator came back: a mistake that it reported fails the fiber, and so does an unusable v, which is
 * consumed then. */
static bool usable(eff_fiber_t *f, const eff_t *e, eff_value_t v, const char *what)
{
    if (__builtin_expect(eff__value_usable(v) && !f->rt->misuse, 1)) return true;
    f->reg = v;
    f->status = EFF__OK;
    if (eff__take_misuse(f, e->site)) return false;
    if (!v.type) eff__raise_mistake(f, NULL, "an iterator's %s", what);
    else eff__raise(f, eff_cause_incref(eff__cause_oom));
    return false;
}

bool eff__source_open(eff_fiber_t *f, const eff_t *e, struct eff__source *ret_source)
{
    eff_value_t items = e->each.items;
    *ret_source = (struct eff__source){ .state = eff_unit };
    if (items.type == &eff_iterator_type) {
        const struct eff__iterator *iterator = (const struct eff__iterator *)items.ptr;
        eff_value_t state = iterator->start(iterator->env);
        if (!usable(f, e, state, "start function returned the absent value")) return false;
        ret_source->state = state;
    } else if (items.type == &eff_pull_type) {
        ret_source->pull = (eff_t *)items.ptr;
    } else if (!eff__items_counted(items)) {
        ret_source->pull = eff__queue_pull_at(e->site, eff_as_queue(items));
        ret_source->takes = true;
    }
    return true;
}

void eff__source_close(struct eff__source *s)
{
    eff_value_decref(s->state);
    if (s->takes) eff_decref(s->pull);
}

enum eff__pulled eff__source_next(eff_fiber_t *f, const eff_t *e, struct eff__source *s, eff_value_t *ret_item)
{
    if (eff__items_counted(e->each.items)) {
        if (s->at == eff__items_count(e->each.items)) return EFF__PULLED_END;
        *ret_item = eff__items_at(e->each.items, s->at++);
        return EFF__PULLED;
    }
    const struct eff__iterator *iterator = (const struct eff__iterator *)e->each.items.ptr;
    *ret_item = (eff_value_t){ .type = NULL, .integer = 0 };
    if (iterator->next(s->state, ret_item))
        return usable(f, e, *ret_item, "next function gave the absent value") ? EFF__PULLED : EFF__PULLED_FAILS;
    eff_value_decref(*ret_item);
    return usable(f, e, eff_unit, "") ? EFF__PULLED_END : EFF__PULLED_FAILS;
}

/* Whether what failed is that the queue was closed. */
static bool closed(const eff_fiber_t *f)
{
    return f->status == EFF__FAILED && eff_error_is(f->reg, &eff_closed_error);
}

enum eff__pulled eff__source_got(eff_fiber_t *f, const eff_t *e, const struct eff__source *s, eff_value_t *ret_item)
{
    eff_value_t got = f->reg;
    if (f->status != EFF__OK) {
        if (!s->takes || !closed(f)) return EFF__PULLED_FAILS;
        eff_value_decref(got);
        f->reg = eff_unit;
        f->status = EFF__OK;
        return EFF__PULLED_END;
    }
    f->reg = eff_unit;
    if (s->takes) {
        *ret_item = got;
        return EFF__PULLED;
    }
    if (got.type == &eff_option_type) {
        *ret_item = eff_value_incref(eff_some_value(got));
        eff_value_decref(got);
        return EFF__PULLED;
    }
    if (got.type == &eff__none_type) return EFF__PULLED_END;
    eff__raise_mistake(f, NULL, "a pull must succeed with some(item), or none at the end, not with a value of type %s",
                       eff_type_of(got)->name);
    eff_value_decref(got);
    return EFF__PULLED_FAILS;
}

void eff__source_give_back(const eff_t *e, const struct eff__source *s, eff_value_t item)
{
    if (s->takes) eff__queue_give_back(eff_as_queue(e->each.items), item);
    else eff_value_decref(item);
}
