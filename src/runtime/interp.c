/* The interpreter: runs one fiber, instruction by instruction, until it loses the loop.
 *
 * A fiber is a machine with an effect to evaluate (`cur`), a value register (`v`, `st`) and a stack of frames. Evaluating
 * descends into the source of an effect, leaving the effect itself as the frame that says what to do with the result;
 * a success or a failure returns to the top frame. One reduction of eff_flat_map(eff_succeed(1), f, env):
 *
 *     cur = flat_map           frames: END
 *     cur = succeed(1)         frames: END flat_map           its source moved out of it, since nobody else holds it
 *     v = 1                    frames: END flat_map           the succeed node is free again
 *     cur = f(1, env)          frames: END                    and so is the flat_map node
 *
 * So a node that is not shared is its own continuation frame, and a loop of binds runs in constant memory.
 *
 * Interruption is seen in three places, all outside a mask: at an instruction, when a suspended fiber resumes, and at the
 * end of a mask. Only the first has to be cheap, and it costs nothing: whoever interrupts the running fiber sets rt->ops
 * to 0, the count of instructions that is checked anyway. Between a success and the callback that takes it there is no
 * such place, so an acquired resource always reaches its owner.
 *
 * Everything the loop needs often is in locals; STORE and LOAD move it to and from the fiber around calls of functions
 * that look at it. Instructions that do more than a line or two are such functions (region.c, group.c, each.c, gen.c).
 */
#include <string.h>

#include "core/build.h"
#include "core/misuse.h"
#include "runtime/attend.h"
#include "runtime/frame.h"
#include "runtime/gen.h"
#include "runtime/prim.h"
#include "runtime/rare.h"
#include "runtime/region.h"
#include "runtime/runtime.h"
#include "runtime/step.h"

#define STORE() (f->top = top, f->cur = cur, f->reg = v, f->status = (uint8_t)st)
#define LOAD() (top = f->top, cur = f->cur, v = f->reg, st = f->status)
#define OWNED_NODE() (cur & EFF__OWNED)
#define IS_ALONE() (OWNED_NODE() && eff__count_is_one(&e->count))
/* A callback was called: a mistake it reported counts before what it returned. */
#define MISUSED() __builtin_expect(rt->misuse != NULL, 0)

/* interp_watched.c compiles this file once more, so that watching costs nothing where it is not asked for. */
#ifdef EFF__WATCHED
#define INTERPRET eff__interpret_watched
#define WATCH(call) call
#define IS_WATCHED true
#else
#define INTERPRET eff__interpret
#define WATCH(call) ((void)0)
#define IS_WATCHED false
#endif

/* NOLINTNEXTLINE(readability-function-cognitive-complexity): the dispatch loop is one function on purpose */
void INTERPRET(eff_runtime_t *rt, eff_fiber_t *f)
{
    uintptr_t *top;
    uintptr_t cur;
    eff_value_t v;
    unsigned st;
    uintptr_t word;
    eff_t *e;
    int next;

resume:
    if (MISUSED()) eff__tell_misuse(rt);
    rt->current = f;
    if (__builtin_expect(!f->interrupt && !(f->flags & (EFF__AT_RETURN | EFF__STAY)), 1)) eff__end_wait(rt, f, false);
    else eff__resume(rt, f);
    LOAD();
    if (!cur) goto ret;

eval:
    if (__builtin_expect(--rt->ops < 0, 0)) {
        v = eff_unit;
        st = EFF__OK;
        STORE();
        enum eff__verdict verdict = eff__attend(f, true);
        if (verdict == EFF__BUDGET_SPENT) {
            eff__requeue(f);
            goto out;
        }
        LOAD();
        if (verdict == EFF__RAISED) goto ret;
    }
    e = eff__frame_node(cur);
    WATCH(eff__watch_eval(f, e));
    switch ((enum eff__op)e->op) {
    case EFF__OP_SUCCEED:
        v = e->value.value;
        st = EFF__OK;
        if (__builtin_expect(IS_ALONE(), 1)) {
            eff__free(e, EFF__NODE_SIZE(value));
        } else {
            v = eff_value_incref(v);
            if (OWNED_NODE()) eff__node_release(e);
        }
        goto ret;

    case EFF__OP_FAIL:
        v = e->value.value;
        st = e->flags & EFF__CAUSE ? EFF__CAUSED : EFF__FAILED;
        rt->trace.n_seen = 0;
        eff__trace_add(&rt->trace, e->site);
        if (__builtin_expect(IS_ALONE(), 1)) {
            eff__free(e, EFF__NODE_SIZE(value));
        } else {
            v = eff_value_incref(v);
            if (OWNED_NODE()) eff__node_release(e);
        }
        goto ret;

    case EFF__OP_FLAT_MAP: {
        eff_t *known = e->bind.source;
        if (IS_WATCHED || known->op != EFF__OP_SUCCEED || !IS_ALONE() || rt->ops < 2 ||
            !eff__count_is_one(&known->count))
            goto push;
        /* Its source is a value already: the three instructions at once, and no frame. */
        rt->ops -= 2;
        v = known->value.value;
        eff__free(known, EFF__NODE_SIZE(value));
        e->bind.source = NULL;
        word = cur | EFF__ALONE;
        goto apply;
    }
    case EFF__OP_MAP:
    push : {
        uintptr_t source = (uintptr_t)e->bind.source;
        if (__builtin_expect(top == f->limit, 0)) goto grow;
        if (__builtin_expect(IS_ALONE(), 1)) {
            e->bind.source = NULL;
            source |= EFF__OWNED;
            cur |= EFF__ALONE;
        }
        *top++ = cur;
        cur = source;
        goto eval;
    grow: /* and once more: the instruction is counted twice */
        f->top = top;
        if (!eff__frames_grow(f, 1)) goto no_memory;
        top = f->top;
        goto eval;
    }

    case EFF__OP_FOLD: {
        uintptr_t source = (uintptr_t)e->fold.source;
        if (__builtin_expect(top == f->limit, 0)) {
            f->top = top;
            if (!eff__frames_grow(f, 1)) goto no_memory;
            top = f->top;
        }
        if (__builtin_expect(IS_ALONE(), 1)) {
            e->fold.source = NULL;
            source |= EFF__OWNED;
            cur |= EFF__ALONE;
        }
        *top++ = cur;
        cur = source;
        goto eval;
    }

    case EFF__OP_ON_EXIT:
        f->top = top;
        if (!eff__frames_reserve(f, 1 + EFF__FRAME_SLACK)) goto no_memory;
        top = f->top;
        *top++ = cur;
        cur = eff__take_source(e, &e->bind.source, OWNED_NODE());
        goto eval;

    case EFF__OP_SYNC:
        f->top = top;
        v = ((eff_sync_fn)e->call.fn)(e->call.env);
        st = EFF__OK;
        if (__builtin_expect(!eff__value_usable(v) || rt->misuse, 0)) {
            eff__raise_bad_value(f, v, e);
            if (OWNED_NODE()) eff__node_release(e);
            goto failed_in_memory;
        }
        if (OWNED_NODE()) eff__node_release(e);
        goto ret;

    case EFF__OP_SUSPEND: {
        f->top = top;
        eff_t *n = ((eff_suspend_fn)e->call.fn)(e->call.env);
        eff_site_t site = e->site;
        if (OWNED_NODE()) eff__node_release(e);
        if (MISUSED()) goto misused;
        cur = (uintptr_t)n | EFF__OWNED;
        if (__builtin_expect(n != NULL, 1)) goto eval;
        f->reg = eff_unit;
        f->status = EFF__OK;
        eff__raise_null(f, site);
        goto failed_in_memory;
    misused:
        eff_decref(n);
        f->reg = eff_unit;
        f->status = EFF__OK;
        (void)eff__take_misuse(f, site);
        goto failed_in_memory;
    }

    case EFF__OP_YIELD:
        if (OWNED_NODE()) eff__node_release(e);
        v = eff_unit;
        st = EFF__OK;
        cur = 0;
        STORE();
        f->state = EFF__READY;
        eff__enqueue(f);
        goto lost;

    case EFF__OP_PRIM: {
        bool alone = IS_ALONE();
        f->top = top;
        f->wait.site = e->site;
        next = EFF__DECLINED;
        if (alone && e->flags & EFF__DIRECT) {
            v = ((const struct eff__direct_prim *)e->prim.prim)->direct(f, e);
            st = EFF__OK;
            if (__builtin_expect(v.type && !rt->misuse, 1)) goto ret;
            if (v.type) goto misused_directly;
            next = (int)v.integer;
        }
        if (next == EFF__DECLINED) {
            next = e->prim.prim->run(f, e, alone);
            if (OWNED_NODE()) eff__drop_prim(e);
        }
        if (MISUSED() && next != EFF__SUSPEND) goto act;
        if (next == EFF__RETURN) {
            top = f->top;
            v = f->reg;
            st = f->status;
            if (__builtin_expect(st != EFF__OK, 0)) {
                rt->trace.n_seen = 0;
                eff__trace_add(&rt->trace, f->wait.site);
            }
            goto ret;
        }
        if (next == EFF__EVAL) {
            top = f->top;
            cur = f->cur;
            goto eval;
        }
        goto lost;
    misused_directly:
        f->reg = v;
        f->status = EFF__OK;
        next = EFF__RETURN;
        goto act;
    }

    case EFF__OP_MASK:
        f->top = top;
        next = eff__eval_mask(f, e, OWNED_NODE());
        goto act;
    case EFF__OP_ASYNC:
        f->top = top;
        next = eff__eval_async(f, e, OWNED_NODE());
        goto act;
    case EFF__OP_SLEEP:
        f->top = top;
        next = eff__eval_sleep(f, e, OWNED_NODE());
        goto act;
    case EFF__OP_SERVICE:
        f->top = top;
        next = eff__eval_service(f, e, OWNED_NODE());
        goto act;
    case EFF__OP_PROVIDE:
        f->top = top;
        next = eff__eval_provide(f, e, OWNED_NODE());
        goto act;
    case EFF__OP_FORK:
        f->top = top;
        next = eff__eval_fork(f, e, OWNED_NODE());
        if (__builtin_expect(next != EFF__RETURN || rt->misuse, 0)) goto act;
        top = f->top;
        v = f->reg;
        st = f->status;
        goto ret;
    case EFF__OP_PAR:
        f->top = top;
        next = eff__eval_par(f, e, OWNED_NODE());
        goto act;
    case EFF__OP_EACH:
        f->top = top;
        next = eff__eval_each(f, e, OWNED_NODE());
        goto act;
    case EFF__OP_GEN:
        f->top = top;
        next = eff__eval_gen(f, e, OWNED_NODE());
        goto act;
    case EFF__OP_SCOPED:
        f->top = top;
        next = eff__eval_scoped(f, e, OWNED_NODE());
        goto act;
    case EFF__OP_BRACKET:
        f->top = top;
        next = eff__eval_bracket(f, e, OWNED_NODE());
        goto act;
    case EFF__N_OPS: break;
    }
    __builtin_unreachable();

no_memory: /* no room for a frame: the instruction is dropped, and fails */
    if (OWNED_NODE()) eff_decref(eff__frame_node(cur));
    f->reg = eff_unit;
    f->status = EFF__OK;
    eff__raise(f, eff_cause_incref(eff__cause_oom));
    goto failed_in_memory;

act: /* a function did the instruction and left everything in the fiber */
    if (MISUSED() && (next == EFF__EVAL || next == EFF__RETURN)) {
        if (next == EFF__EVAL && f->cur & EFF__OWNED) eff_decref(eff__frame_node(f->cur));
        if (next == EFF__EVAL) {
            f->reg = eff_unit;
            f->status = EFF__OK;
        }
        (void)eff__take_misuse(f, f->wait.site);
        next = EFF__RETURN;
    }
    switch ((enum eff__next)next) {
    case EFF__EVAL:
        top = f->top;
        cur = f->cur;
        goto eval;
    case EFF__RETURN:
        f->cur = 0;
        LOAD();
        goto ret;
    case EFF__SUSPEND: goto lost;
    case EFF__SWITCH:
        f->cur = 0;
        f = rt->switch_to;
        goto resume;
    }
    __builtin_unreachable();

failed_in_memory: /* reg and status are in the fiber; the frames are too */
    f->cur = 0;
    LOAD();

ret: /* v, st return to the top frame */
    word = top[-1];
    e = eff__frame_node(word);
    if (__builtin_expect((word & EFF__SPECIAL) != 0, 0)) goto special;
    WATCH(eff__watch_return(f, e));
    if (__builtin_expect(e->op == EFF__OP_FLAT_MAP, 1)) goto flat_map; /* mostly */
    switch ((enum eff__op)e->op) {
    case EFF__OP_FLAT_MAP:
    flat_map : {
        if (__builtin_expect(st != EFF__OK, 0)) goto pass_bind;
        if (__builtin_expect(--rt->ops < 0, 0)) goto attend_return;
        top--;
    apply:
        f->top = top;
        eff_t *n;
        if (__builtin_expect(eff__is_counted(v), 0)) n = eff__call_and_drop(e, v);
        else n = ((eff_bind_fn)e->bind.fn)(v, e->bind.env);
        top = f->top;
        if (__builtin_expect(!n || rt->misuse, 0)) goto bad_callback;
        eff__drop_bind(word, e);
        cur = (uintptr_t)n | EFF__OWNED;
        goto eval;
    bad_callback:
        f->reg = eff_unit;
        f->status = EFF__OK;
        if (rt->misuse) {
            eff_decref(n);
            (void)eff__take_misuse(f, e->site);
        } else {
            eff__raise_null(f, e->site);
        }
        eff__drop_bind(word, e);
        goto failed_in_memory;
    }

    case EFF__OP_MAP: {
        if (__builtin_expect(st != EFF__OK, 0)) goto pass_bind;
        if (__builtin_expect(--rt->ops < 0, 0)) goto attend_return;
        top--;
        f->top = top;
        eff_value_t r = ((eff_map_fn)e->bind.fn)(v, e->bind.env);
        eff__drop_value(v);
        v = r;
        if (__builtin_expect(!eff__value_usable(r) || rt->misuse, 0)) {
            eff__raise_bad_value(f, v, e);
            eff__drop_bind(word, e);
            goto failed_in_memory;
        }
        eff__drop_bind(word, e);
        goto ret;
    }

    pass_bind: /* a failure passes a frame that only wants successes */
        eff__trace_add(&rt->trace, e->site);
        top--;
        eff__drop_bind(word, e);
        goto ret;

    case EFF__OP_FOLD: {
        eff_value_t error = eff_unit;
        eff_t *n;
        if (__builtin_expect(--rt->ops < 0, 0)) goto attend_return;
        f->top = top;
        f->reg = v;
        f->status = (uint8_t)st;
        if (st == EFF__OK) {
            top--;
            if (!e->fold.good) {
                eff__drop_fold(word, e);
                goto ret;
            }
            f->top = top;
            n = e->fold.good(v, e->fold.env);
        } else if (eff__fold_applies(f, e, &error)) {
            top--;
            f->top = top;
            if (e->flags & EFF__CAUSE) {
                eff__trace_add(&rt->trace, e->site);
                n = ((eff_cause_fn)e->fold.bad)(eff__materialize(f), e->fold.env);
                v = f->reg;
            } else {
                n = ((eff_bind_fn)e->fold.bad)(error, e->fold.env);
            }
        } else {
            eff__trace_add(&rt->trace, e->site);
            top--;
            eff__drop_fold(word, e);
            goto ret;
        }
        eff_value_decref(v);
        if (__builtin_expect(!n || rt->misuse, 0)) {
            bool succeeded = f->status == EFF__OK;
            f->reg = eff_unit;
            f->status = EFF__OK;
            if (rt->misuse) {
                eff_decref(n);
                (void)eff__take_misuse(f, e->site);
            } else if (succeeded) {
                eff__raise_null_of_fold(f, e->site);
            } else {
                eff__raise_null(f, e->site);
            }
            eff__drop_fold(word, e);
            goto failed_in_memory;
        }
        eff__drop_fold(word, e);
        cur = (uintptr_t)n | EFF__OWNED;
        goto eval;
    }

    case EFF__OP_ON_EXIT: {
        eff_t *n;
        top--;
        cur = 0;
        STORE();
        if (st != EFF__OK) eff__trace_add(&rt->trace, e->site);
        if ((e->flags & (EFF__ON_FAILURE | EFF__ON_INTERRUPT) && st == EFF__OK) ||
            (e->flags & EFF__ON_INTERRUPT && !eff__ended_by_interrupt(f))) {
            eff__drop_bind(word, e);
            goto ret;
        }
        eff_exit_t exit = eff__reg_exit(f);
        uint8_t attrs = f->attrs;
        f->attrs |= EFF__MASKED;
        if (e->flags & EFF__ON_FAILURE) n = ((eff_cause_fn)e->bind.fn)(exit.cause, e->bind.env);
        else n = ((eff_finalizer_fn)e->bind.fn)(&exit, e->bind.env);
        f->attrs = attrs;
        n = eff__checked_finalizer(f, n, e->site);
        next = eff__run_finalizer(f, n, e->site);
        eff__drop_bind(word, e);
        goto act;
    }

    /* kept for their env until what they returned has ended */
    case EFF__OP_MASK:
    case EFF__OP_SERVICE:
    case EFF__OP_SCOPED:
    case EFF__OP_PROVIDE:
    case EFF__OP_GEN:
    case EFF__OP_EACH:
        if (st != EFF__OK) eff__trace_add(&rt->trace, e->site);
        top--;
        if (word & EFF__OWNED) eff__node_release(e);
        goto ret;

    case EFF__OP_SUCCEED:
    case EFF__OP_FAIL:
    case EFF__OP_SYNC:
    case EFF__OP_SUSPEND:
    case EFF__OP_YIELD:
    case EFF__OP_ASYNC:
    case EFF__OP_PRIM:
    case EFF__OP_SLEEP:
    case EFF__OP_FORK:
    case EFF__OP_PAR:
    case EFF__OP_BRACKET:
    case EFF__N_OPS:
    default: __builtin_unreachable();
    }

attend_return:
    cur = 0;
    STORE();
    if (eff__attend(f, false) == EFF__BUDGET_SPENT) {
        if (f->status != EFF__OK) eff__materialize(f);
        f->flags |= EFF__AT_RETURN;
        eff__requeue(f);
        goto out;
    }
    LOAD();
    rt->ops++; /* the frame is counted when it is looked at again */
    goto ret;

special:
    if (!IS_WATCHED && eff__frame_code(word) == EFF__F_GEN && st == EFF__OK) { /* the most frequent, at once */
        struct eff__gen_run *r = (struct eff__gen_run *)top[-2];
        if (r->g.wait == EFF__GEN_WAIT) {
            f->top = top;
            eff_t *n = eff__gen_go_on(r, v);
            cur = (uintptr_t)n | EFF__OWNED;
            if (__builtin_expect(n && r->g.wait == EFF__GEN_WAIT && !rt->misuse, 1)) goto eval;
            next = eff__gen_stepped(f, r, n);
            goto act;
        }
    }
    cur = 0;
    STORE();
    WATCH(eff__watch_frame(f));
    if (eff__frame_code(word) == EFF__F_END) {
        if (__builtin_expect(eff__ends_plainly(f), 1)) {
            eff__fiber_end_plainly(f);
            goto out;
        }
        next = eff__return_end(f);
        goto ended;
    }
    switch (eff__frame_code(word)) {
    case EFF__F_END: break;
    case EFF__F_MASK:
        f->top--;
        f->attrs = eff__frame_attrs(word);
        eff__mask_end(f);
        next = EFF__RETURN;
        goto act;
    case EFF__F_LOCALLY: {
        eff_context_t *inner = f->context;
        f->top -= 2;
        f->context = (eff_context_t *)f->top[0];
        eff_context_decref(inner);
        next = EFF__RETURN;
        goto act;
    }
    case EFF__F_SCOPED:
    case EFF__F_PROVIDE: next = eff__return_scoped(f); goto act;
    case EFF__F_GEN: next = eff__return_gen(f); goto act;
    case EFF__F_BRACKET: next = eff__return_bracket(f); goto act;
    case EFF__F_PERMITS: next = eff__return_permits(f); goto act;
    case EFF__F_FINALIZER: next = eff__return_finalizer(f); goto act;
    case EFF__F_SAVED: next = eff__return_saved(f); goto act;
    case EFF__F_LEAVING: next = eff__return_leaving(f); goto act;
    case EFF__F_PAR: next = eff__return_par(f); goto act;
    case EFF__F_EACH: next = eff__return_each(f); goto act;
    case EFF__F_ITEM: next = eff__return_item(f); goto act;
    case EFF__F_PULL: next = eff__return_pull(f); goto act;
    case EFF__F_EXTEND: next = eff__return_extend(f); goto act;
    case EFF__F_CLOSING: next = eff__return_closing(f); goto act;
    }
    __builtin_unreachable();

ended: /* the fiber may have ended and be gone already; then only rt->switch_to says who goes on */
    if (next == EFF__SWITCH) {
        f = rt->switch_to;
        if (f) goto resume;
        goto out;
    }
    goto act;

lost: /* the fiber lost the loop: whoever is starting it goes on */
    if (f->flags & EFF__BEING_STARTED) {
        f->flags &= ~(uint32_t)EFF__BEING_STARTED;
        f = eff__starter_of(f);
        goto resume;
    }
out:
    if (MISUSED()) eff__tell_misuse(rt);
    f = eff__next_at_once(rt);
    if (__builtin_expect(f != NULL, 1)) goto resume;
    rt->current = NULL;
}
