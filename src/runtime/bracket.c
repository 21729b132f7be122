/* acquire_use_release: one frame that goes through four phases.
 *
 *     ACQUIRING   masked; its failure ends the bracket without a release
 *     USING       unmasked again; whatever it ends with leads to the release
 *     RELEASING   the children of acquire and use have ended; release is called, as plain C or as a finalizer's effect
 *     RELEASED    the result goes on
 *
 * The frame has room for the resource before the acquire runs, and plain releases need no memory: what was acquired is
 * released. An interruption that came during the acquire is seen instead of the use (Marlow, Peyton Jones, Moran and
 * Reppy: Asynchronous Exceptions in Haskell, 2001).
 */
#include "runtime/prim.h"
#include "runtime/region.h"
#include "runtime/runtime.h"

enum phase { ACQUIRING, USING, RELEASING, RELEASED };

enum { WORDS = 4 }; /* type, ptr, node, head */

static void set_phase(eff_fiber_t *f, enum phase phase)
{
    f->top[-1] = eff__frame_head(EFF__F_BRACKET, eff__frame_attrs(f->top[-1]), (unsigned)phase);
}

int eff__eval_bracket(eff_fiber_t *f, eff_t *e, bool owned)
{
    if (!eff__frames_reserve(f, WORDS + EFF__FRAME_SLACK)) {
        if (owned) eff_decref(e);
        f->reg = eff_unit;
        f->status = EFF__OK;
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return EFF__RETURN;
    }
    uintptr_t source = eff__take_source(e, &e->bracket.source, owned);
    eff__push_value(f, eff_unit);
    *f->top++ = (uintptr_t)e | (owned ? EFF__OWNED : 0) | (source & EFF__OWNED ? EFF__ALONE : 0);
    *f->top++ = eff__frame_head(EFF__F_BRACKET, f->attrs, ACQUIRING);
    f->attrs |= EFF__MASKED;
    f->depth++;
    f->cur = source;
    return EFF__EVAL;
}

/* The resource is there: uses it, unless the fiber is to end. */
static int use(eff_fiber_t *f, eff_t *e)
{
    uintptr_t *words = f->top - WORDS;
    eff_value_t resource = f->reg;
    words[0] = (uintptr_t)resource.type;
    words[1] = (uintptr_t)resource.integer;
    f->reg = eff_unit;
    f->attrs = eff__frame_attrs(f->top[-1]);
    set_phase(f, USING);
    if (eff__interruptible_now(f)) {
        eff__raise(f, eff_cause_incref(f->interrupt));
        return EFF__RETURN;
    }
    eff_t *body = e->bracket.use(resource, e->bracket.env);
    return eff__go_on_with(f, body, e->site);
}

/* Calls the release. An effectful one goes on as a finalizer, and the frame is returned to after it. */
static int release(eff_fiber_t *f, eff_t *e)
{
    eff_value_t resource = eff__frame_value(f->top - 2);
    eff_exit_t exit = eff__reg_exit(f);
    uint8_t attrs = f->attrs;
    eff_t *finalizer = NULL;
    f->attrs |= EFF__MASKED;
    set_phase(f, RELEASED);
    if (e->flags & EFF__EFFECTFUL)
        finalizer = ((eff_release_effect_fn)e->bracket.release)(resource, &exit, e->bracket.env);
    else ((eff_release_fn)e->bracket.release)(resource, &exit, e->bracket.env);
    f->attrs = attrs;
    if (f->rt->misuse) {
        const char *message = f->rt->misuse;
        f->rt->misuse = NULL;
        eff_decref(finalizer);
        eff__reg_add_failure(f,
                             eff_cause_die(eff_printf("%s in %s%s", message, e->site ? "the release of " : "a release",
                                                      e->site ? e->site : "")));
        return EFF__RETURN;
    }
    if (!(e->flags & EFF__EFFECTFUL)) return EFF__RETURN;
    if (!finalizer)
        finalizer = eff__mistake(e->site, "the release of %s returned NULL", e->site ? e->site : "a bracket");
    return eff__run_finalizer(f, finalizer, e->site);
}

int eff__return_bracket(eff_fiber_t *f)
{
    eff_t *e = eff__frame_node(f->top[-2]);
    int next;
    switch ((enum phase)eff__frame_extra(f->top[-1])) {
    case ACQUIRING:
        if (f->status != EFF__OK) {
            eff__trace_add(&f->rt->trace, e->site);
            next = eff__region_leave(f, f->depth);
            if (next != EFF__RETURN) return next;
            f->attrs = eff__frame_attrs(f->top[-1]);
            break;
        }
        next = use(f, e);
        if (next != EFF__RETURN) return next;
        /* fall through - it was not used */
    case USING:
        if (f->status != EFF__OK) eff__trace_add(&f->rt->trace, e->site);
        set_phase(f, RELEASING);
        /* fall through */
    case RELEASING:
        next = eff__region_leave(f, f->depth);
        if (next != EFF__RETURN) return next;
        next = release(f, e);
        if (next != EFF__RETURN) return next;
        /* fall through - it needed no effect for that */
    case RELEASED: break;
    }
    uintptr_t word = f->top[-2];
    eff_value_t resource = eff__frame_value(f->top - 2);
    f->top -= WORDS;
    f->depth--;
    eff_value_decref(resource);
    if (word & EFF__ALONE) {
        eff_value_decref(e->bracket.env);
        eff__free(e, EFF__NODE_SIZE(bracket));
    } else if (word & EFF__OWNED) {
        eff__node_release(e);
    }
    eff__mask_end(f);
    return EFF__RETURN;
}

bool eff__bracket_acquires(uintptr_t head)
{
    return eff__frame_extra(head) == ACQUIRING;
}

bool eff__bracket_releases(uintptr_t head)
{
    return eff__frame_extra(head) == RELEASED;
}

void eff__bracket_unwind(eff_fiber_t *f, uintptr_t *head)
{
    eff_t *e = eff__frame_node(head[-1]);
    enum phase phase = (enum phase)eff__frame_extra(*head);
    eff_value_t resource = eff__frame_value(head - 1);
    if (phase == USING || phase == RELEASING) {
        eff_exit_t exit = eff__reg_exit(f);
        if (e->flags & EFF__EFFECTFUL) eff__report_skipped_release(f, e->site);
        else ((eff_release_fn)e->bracket.release)(resource, &exit, e->bracket.env);
    }
    eff_value_decref(resource);
    if (head[-1] & EFF__OWNED) eff__node_release(e);
}
