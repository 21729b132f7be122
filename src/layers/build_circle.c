/* Circles of builds: a layer whose build waits for another one, which waits for the first. Such layers come of suspended
 * ones, or of opens that provide layers; who waits for whom is known from the fibers that wait for instances. A build that
 * waits for a fiber it has forked is not seen here: that is a deadlock like any other.
 *
 * In an eff_layer_fresh such a circle does not close: it is a spiral, of which each turn is built anew. So what is asked for
 * there is compared with those that wait for the asker: the same layer, given the same services, would ask the same again.
 */
#include "core/context.h"
#include "layers/layer_wire.h"
#include "layers/memo.h"
#include "runtime/runtime.h"

/* Whose build waits when f does; NULL: nobody's. */
static struct eff__instance *building_in(const eff_fiber_t *f)
{
    while (f->flags & EFF__SIDE && f->parent)
        f = f->parent;
    return f->flags & EFF__KEEPER ? eff__instance_of_keeper(f) : NULL;
}

/* Marks the instances that wait in a list of `asked`, and adds them to the end of the worklist. */
static struct eff__instance *mark_askers(const struct eff__waiters *list, struct eff__instance *asked,
                                         struct eff__instance *last)
{
    for (const eff_fiber_t *f = list->first; f; f = f->links.next) {
        struct eff__instance *asker = building_in(f);
        if (!asker || asker->asks) continue;
        asker->asks = asked;
        last->mark = asker;
        last = asker;
    }
    return last;
}

/* Marks all that wait for the asker, which is to ask for `asked`: from the asker backwards, those that wait for it, those
 * that wait for them ... `asks` is then the way. */
static void mark_all(struct eff__instance *asker, struct eff__instance *asked)
{
    struct eff__instance *last = asker;
    asker->asks = asked;
    for (struct eff__instance *at = asker; at; at = at->mark) {
        last = mark_askers(&at->requesters, at, last);
        last = mark_askers(&at->leavers, at, last);
        last = mark_askers(&at->heirs, at, last);
    }
}

/* Of all that are in the worklist, which begins with the asker. */
static void clear_marks(struct eff__instance *asker)
{
    for (struct eff__instance *inst = asker, *next; inst; inst = next) {
        next = inst->mark;
        inst->mark = inst->asks = NULL;
    }
}

/* The mistake of a layer that needs itself. */
static eff_cause_t *circle_mistake(const struct eff__instance *asker, const char *how)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_add(&text, "layers that need each other cannot be built: ");
    const struct eff__instance *at = asker;
    do {
        eff__instance_name(at, &text);
        eff_buffer_add(&text, at == asker ? " asks for " : ", which asks for ");
        at = at->asks;
    } while (at != asker);
    eff__instance_name(at, &text);
    eff_buffer_add(&text, how);
    eff_cause_t *cause = eff_cause_die(eff_string(eff_buffer_text(&text)));
    eff_buffer_done(&text);
    return cause;
}

eff_cause_t *eff__instance_circle(const eff_fiber_t *f, struct eff__instance *inst)
{
    struct eff__instance *asker = building_in(f);
    if (__builtin_expect(!asker, 1)) return NULL;
    mark_all(asker, inst);
    eff_cause_t *cause = inst->asks ? circle_mistake(asker, "") : NULL;
    clear_marks(asker);
    return cause;
}

/* Within one run of a FRESH whatever comes again is found in the map, so the way up is gone only where one begins. */
eff_cause_t *eff__instance_spiral(const eff_fiber_t *f, const struct eff__mention *m, const eff_context_t *given)
{
    struct eff__instance *asker = building_in(f);
    if (!asker || asker->fresh == m->fresh) return NULL;
    mark_all(asker, asker);
    struct eff__needs needs = eff__needs_of(m->layer);
    struct eff__instance *same = asker;
    while (same && !(eff__layer_is_same(same->layer, m->layer) && eff__context_gives(given, &needs, same->given)))
        same = same->mark;
    asker->asks = same;
    eff_cause_t *cause = same ? circle_mistake(asker, ", built anew each time") : NULL;
    clear_marks(asker);
    return cause;
}
