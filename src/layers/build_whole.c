/* Building several layers into a scope that may last longer than the attempt: all or nothing. All holds of the attempt
 * come to lie between two entries of the scope. When it fails, or is interrupted, they are left in reverse, as if that
 * part of the scope closed. What finds no memory to be left stays with the scope.
 */
#include "core/build.h"
#include "core/context.h"
#include "layers/memo.h"
#include "runtime/frame.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

struct attempt {
    struct eff__mention mention; /* with an anchor of its own, before which the holds are; owned */
    struct eff__entry *begin;    /* behind which they are; its own; NULL once it is gone */
};

/* While the scope is open; one that is closing comes to its entries itself. */
static bool is_open(const struct attempt *a)
{
    return a->begin && a->mention.anchor->scope->state == EFF__SCOPE_OPEN;
}

static void attempt_clear(struct attempt *a)
{
    if (is_open(a)) eff__entry_free(a->begin);
    eff__mention_clear(&a->mention);
}
EFF_STATIC_TYPE(attempt, struct attempt, .drop = attempt_clear);

/* ---- the end */

static eff_t *undo(eff_value_t env);
static eff_t *undo_rest(const eff_exit_t *exit, eff_value_t env)
{
    (void)exit;
    return undo(env);
}

/* From the last hold to the first. Those that others hold as well are left at once. Of what does not hold anything, the
 * end goes before it. With a hold any entry may go but the two of the attempt, as it may be the last that an instance had,
 * which takes the place of a lazy layer along: so nothing else is kept from one to the next. */
static eff_t *undo(eff_value_t env)
{
    const struct attempt *a = attempt_of(env);
    if (!is_open(a)) return eff_noop();
    struct eff__entry *end = a->mention.anchor->end;
    while (end->prev != a->begin) {
        struct eff__entry *entry = end->prev;
        if (!eff__entry_holds(entry)) {
            eff__entry_move_before(end, entry);
            continue;
        }
        eff_t *wait = eff__entry_leave(entry);
        if (wait) return eff_on_exit_at(a->mention.site, wait, undo_rest, eff_value_incref(env));
    }
    return eff_noop();
}

/* Of the attempt. When it succeeded, its holds are those of the scope. */
static eff_t *settle(const eff_exit_t *exit, eff_value_t env)
{
    struct attempt *a = attempt_of(env);
    if (!exit->ok) return undo(env);
    if (is_open(a)) eff__entry_free(a->begin);
    a->begin = NULL;
    return eff_noop();
}

/* ---- the beginning */

/* An attempt with a place in the scope; what says so when out of memory. */
static eff_value_t begin(eff_fiber_t *f, const struct eff__mention *m)
{
    struct attempt a = { eff__mention_copy(m), NULL };
    a.mention.anchor = eff__anchor_new(f, m->anchor, m->site);
    eff__anchor_decref(m->anchor);
    if (a.mention.anchor) a.begin = eff__anchor_add_entry(a.mention.anchor->scope, a.mention.anchor, m->site);
    if (a.begin) return attempt_make(a);
    eff__mention_clear(&a.mention);
    return eff_oom_value();
}

static int attempt_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const struct eff__mention *m = &attempt_of(e->prim.value)->mention;
    const eff_scope_t *scope = m->anchor ? m->anchor->scope : eff__scope_ambient(f);
    (void)alone;
    if (scope && (scope->state != EFF__SCOPE_OPEN || scope->rt != f->rt)) /* which building tells */
        return eff__prim_effect(f, eff__build(m));
    eff_value_t v = scope && eff__frames_reserve(f, 1 + EFF__FRAME_SLACK) ? begin(f, m) : eff_oom_value();
    eff_t *guard =
        eff__bind_node(EFF__OP_ON_EXIT, EFF__QUIET, m->site, "eff_layer_build", eff_noop(), (eff_any_fn)settle, v);
    if (guard->op != EFF__OP_ON_EXIT) return eff__prim_effect(f, guard);
    guard->ran = true; /* it is a frame from the start, so that there is nothing in between */
    eff_t *build = eff__build(&attempt_of(v)->mention);
    *f->top++ = (uintptr_t)guard | EFF__OWNED;
    return eff__prim_effect(f, build);
}
static const struct eff__prim attempt_prim = { "layer_build", attempt_run };

/* Whether building it may hold more than one instance: of a lazy one none is built yet. */
static bool holds_several(const eff_layer_t *layer)
{
    while (eff__facts_of(layer)->how == EFF__BUILT_IN_PLACE && layer->kind != EFF__LAYER_LAZY)
        layer = layer->parts[0];
    return eff__facts_of(layer)->how == EFF__BUILT_SEVERAL;
}

eff_t *eff__build_whole(const struct eff__mention *m)
{
    if (!holds_several(m->layer)) return eff__build(m);
    eff_value_t v =
        eff__context_is_oom(m->given) ? eff_oom_value() : attempt_make((struct attempt){ eff__mention_copy(m), NULL });
    return eff__prim_node_plain(m->site, &attempt_prim, v);
}
