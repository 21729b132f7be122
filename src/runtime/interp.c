/* The interpreter: runs one fiber, instruction by instruction, until it loses the loop.
 *
 * A fiber is a machine with an effect to evaluate (`cur`), a register for what that comes to (`v`; a failure's status is
 * in the fiber) and a stack of frames. Evaluating descends into the source of an effect, leaving the effect itself as the
 * frame that says what to do with the result; a success or a failure returns to the top frame, at `value` or `failure`.
 * One reduction of eff_flat_map(eff_succeed(1), f, env):
 *
 *     cur = flat_map           frames: END
 *     cur = succeed(1)         frames: END flat_map           its source moved out of it, since nobody else holds it
 *     v = 1                    frames: END flat_map           the succeed node is free again
 *     cur = f(1, env)          frames: END                    and so is the flat_map node
 *
 * So a node that is not shared is its own continuation frame, and a loop of binds runs in constant memory. What is most
 * frequent has a shorter way: this reduction has no frame at all (`over_SUCCEED`), and of an effect that a callback has
 * just returned nobody needs to ask who owns it (`OWN_`).
 *
 * Interruption is seen in three places, all outside a mask: at an instruction, when a suspended fiber resumes, and at
 * the end of a mask. Only the first has to be cheap, and it costs nothing: whoever interrupts the running fiber sets
 * rt->ops to 0, the count of instructions that is checked anyway. So nothing of the user's may run between that check and
 * the instruction. Between a success and the callback that takes it there is no such place, so an acquired resource
 * always reaches its owner.
 *
 * Everything the loop needs often is in locals; the STOREs move it to the fiber for functions that look at it, and `load`
 * takes it from there. Instructions that do more than a line or two are such functions (region.c, group.c, each.c ...).
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

/* The registers into the fiber: an effect to be evaluated, a success, or a failure, whose status is there already. */
#define STORE_EFFECT() (f->top = top, f->cur = cur, f->reg = eff_unit, f->status = EFF__OK)
#define STORE_VALUE() (f->top = top, f->cur = 0, f->reg = v, f->status = EFF__OK)
#define STORE_FAILURE() (f->top = top, f->cur = 0, f->reg = v)
#define OWNED_NODE() (cur & EFF__OWNED)
/* Whether cur holds the only reference: no count is 0. */
#define IS_ALONE() eff__count_is(&e->count, (uint32_t)OWNED_NODE())
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

/* Evaluates cur, whose node is e. */
#define EVALUATE(ways)                                                                                                 \
    do {                                                                                                               \
        if (__builtin_expect(--rt->ops < 0, 0)) goto attend;                                                           \
        WATCH(eff__watch_eval(f, e));                                                                                  \
        goto *(ways)[e->op];                                                                                           \
    } while (0)

/* The addresses of labels: two instructions less than a switch. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Woverride-init"

/* NOLINTNEXTLINE(readability-function-cognitive-complexity): the dispatch loop is one function on purpose */
void INTERPRET(eff_runtime_t *rt, eff_fiber_t *f)
{
    /* Where an instruction is done; the same if the fiber was just given the effect, by which less is to be asked. */
#define EFF_OP(op, name, arm) [EFF__OP_##op] = &&op,
    static const void *const ways[EFF__N_OPS] = {
#include "core/ops.def"
    };
#undef EFF_OP
#define EFF_OP(op, name, arm) [EFF__OP_##op] = &&op,
    static const void *const own_ways[EFF__N_OPS] = {
#include "core/ops.def"
        [EFF__OP_SUCCEED] = &&OWN_SUCCEED,
        [EFF__OP_MAP] = &&OWN_MAP,
        [EFF__OP_FLAT_MAP] = &&OWN_FLAT_MAP,
    };
#undef EFF_OP
    /* Where a flat_map that nobody else holds is done, by the op of its source. */
    static const void *const ways_over[EFF__N_OPS] = {
        [0 ... EFF__N_OPS - 1] = &&push, [EFF__OP_SUCCEED] = &&over_SUCCEED, [EFF__OP_FLAT_MAP] = &&over_FLAT_MAP,
        [EFF__OP_PRIM] = &&over_PRIM,    [EFF__OP_FORK] = &&over_FORK,
    };
    uintptr_t *top;
    uintptr_t cur;
    eff_value_t v;
    uintptr_t word;
    eff_t *e;
    eff_t *n;
    int next;

resume:
    if (MISUSED()) eff__tell_misuse(rt);
    rt->current = f;
    if (__builtin_expect(!f->interrupt && !(f->flags & (EFF__AT_RETURN | EFF__STAY)), 1)) eff__end_wait(rt, f, false);
    else eff__resume(rt, f);

load: /* everything is in the fiber */
    top = f->top;
    cur = f->cur;
    if (cur) goto eval;
    v = f->reg;
    if (__builtin_expect(f->status == EFF__OK, 1)) goto value;
    goto failure;

eval:
    e = eff__frame_node(cur);
    EVALUATE(ways);

attend:
    STORE_EFFECT();
    switch (eff__attend(f, true)) {
    case EFF__GO_ON: break;
    case EFF__RAISED: goto load;
    case EFF__BUDGET_SPENT: eff__requeue(f); goto out;
    }
    top = f->top;
    cur = f->cur;
    e = eff__frame_node(cur);
    WATCH(eff__watch_eval(f, e));
    goto *ways[e->op];

own: /* n is this fiber's */
    e = n;
    cur = eff__frame_word(e, EFF__OWNED);
    EVALUATE(own_ways);

OWN_SUCCEED:
    if (__builtin_expect(!eff__count_is_one(&e->count), 0)) goto SUCCEED;
    v = e->value.value;
    eff__free(e, EFF__NODE_SIZE(value));
value: /* v returns to the top frame */
    word = *--top;
    e = eff__frame_node(word);
    if (__builtin_expect((word & EFF__SPECIAL) != 0, 0)) goto special_value;
    WATCH(eff__watch_return(f, e));
    if (__builtin_expect(e->op != EFF__OP_FLAT_MAP, 0)) goto value_elsewhere;
apply: /* to the callback of the flat_map e, whose frame is popped */
    f->top = top;
    if (__builtin_expect(eff__is_counted(v), 0)) n = eff__call_and_drop(e, v);
    else n = ((eff_bind_fn)e->bind.fn)(v, e->bind.env);
    if (__builtin_expect(!(word & EFF__ALONE), 0)) goto applied_shared;
    if (__builtin_expect(eff__is_counted(e->bind.env), 0) && !eff__let_go(&e->bind.env)) goto applied;
    /* The return does not count, since what it comes to does; and that may, since nothing is dropped any more that could
     * interrupt. A mistake made the count 0. */
    if (__builtin_expect(!n || --rt->ops < 0, 0)) goto applied_and_counted;
    top = f->top;
    eff__free(e, EFF__NODE_SIZE(bind));
    e = n;
    cur = eff__frame_word(e, EFF__OWNED);
    WATCH(eff__watch_eval(f, e));
    goto *own_ways[e->op];
applied_and_counted:
    if (!eff__bound(f, e, n, word)) goto failed;
    top = f->top;
    cur = eff__frame_word(n, EFF__OWNED);
    goto attend;
applied_shared:
    if (__builtin_expect(!n || rt->misuse, 0)) goto applied;
    if (!(word & EFF__OWNED)) goto bound;
    if (!eff__count_is_one(&e->count)) {
        eff__node_release(e);
        goto bound;
    }
applied:
    if (!eff__bound(f, e, n, word)) goto failed;
bound:
    top = f->top;
    goto own;

SUCCEED:
    v = e->value.value;
    if (IS_ALONE()) {
        eff__free(e, EFF__NODE_SIZE(value));
    } else {
        v = eff_value_incref(v);
        if (OWNED_NODE()) eff__node_release(e);
    }
    goto value;

FAIL:
    v = e->value.value;
    f->status = e->flags & EFF__CAUSE ? EFF__CAUSED : EFF__FAILED;
    rt->trace.n_seen = 0;
    eff__trace_add(&rt->trace, e->site);
    if (__builtin_expect(IS_ALONE(), 1)) {
        eff__free(e, EFF__NODE_SIZE(value));
    } else {
        v = eff_value_incref(v);
        if (OWNED_NODE()) eff__node_release(e);
    }
    goto failure;

OWN_FLAT_MAP:
    if (__builtin_expect(!eff__count_is_one(&e->count), 0)) goto push_shared;
alone_flat_map:
    if (IS_WATCHED) goto push;
    goto *ways_over[e->bind.source->op];

FLAT_MAP:
    if (IS_ALONE()) goto alone_flat_map;
    goto push_shared;

MAP:
    if (IS_ALONE()) goto push;
    goto push_shared;

OWN_MAP:
    if (__builtin_expect(!eff__count_is_one(&e->count), 0)) goto push_shared;
push: /* a node that nobody else holds is the frame, and its source goes on alone */
    if (__builtin_expect(top == f->limit, 0)) goto grow;
    n = e->bind.source;
    *top++ = eff__frame_word(e, EFF__OWNED | EFF__ALONE);
    goto own;

push_shared:
    if (__builtin_expect(top == f->limit, 0)) goto grow;
    *top++ = cur;
    e = e->bind.source;
    cur = (uintptr_t)e;
    EVALUATE(ways);

grow: /* and once more: the instruction is counted twice */
    f->top = top;
    if (!eff__frames_grow(f, 1)) goto no_memory;
    top = f->top;
    goto eval;

    /* A flat_map and a source that comes to a value at once, both nobody else's, need not meet on the stack. */
over_SUCCEED : {
    eff_t *source = e->bind.source;
    if (!eff__count_is_one(&source->count)) goto push;
    if (__builtin_expect(--rt->ops < 0, 0)) goto too_few;
    v = source->value.value;
    eff__free(source, EFF__NODE_SIZE(value));
    word = eff__frame_word(e, EFF__OWNED | EFF__ALONE); /* by which its source is not looked at any more */
    goto apply;
too_few:
    rt->ops++;
    goto push;
}

over_FLAT_MAP: /* which will have a frame, but needs not be looked up twice */
    n = e->bind.source;
    if (__builtin_expect(top == f->limit || !eff__count_is_one(&n->count), 0)) goto push;
    *top++ = eff__frame_word(e, EFF__OWNED | EFF__ALONE);
    e = n;
    cur = eff__frame_word(e, EFF__OWNED);
    if (__builtin_expect(--rt->ops < 0, 0)) goto attend;
    goto *ways_over[e->bind.source->op];

over_PRIM : {
    eff_t *source = e->bind.source;
    if (!(source->flags & EFF__DIRECT) || !eff__count_is_one(&source->count)) goto push;
    if (__builtin_expect(top == f->limit, 0)) goto push;
    if (__builtin_expect(--rt->ops < 0, 0)) goto too_few;
    *top = word = eff__frame_word(e, EFF__OWNED | EFF__ALONE); /* they do, for whoever looks, and if it does not */
    f->top = top + 1;
    f->wait.site = source->site;
    v = ((const struct eff__direct_prim *)source->prim.prim)->direct(f, source);
    if (__builtin_expect(v.type && !rt->misuse, 1)) goto apply;
    e = source;
    cur = eff__frame_word(e, EFF__OWNED);
    goto no_value;
}

over_FORK : {
    eff_t *source = e->bind.source;
    if (__builtin_expect(top == f->limit, 0)) goto push;
    if (__builtin_expect(--rt->ops < 0, 0)) goto too_few;
    *top = word = eff__frame_word(e, EFF__OWNED | EFF__ALONE);
    f->top = top + 1;
    v = eff__eval_fork(f, source, true);
    if (__builtin_expect(v.type && !rt->misuse, 1)) goto apply;
    goto not_forked;
}

FOLD:
    if (__builtin_expect(top == f->limit, 0)) goto grow;
    n = e->fold.source;
    if (IS_ALONE()) {
        *top++ = cur | EFF__ALONE;
        goto own;
    }
    *top++ = cur;
    e = n;
    cur = (uintptr_t)e;
    EVALUATE(ways);

ON_EXIT:
    f->top = top;
    if (!eff__frames_reserve(f, 1 + EFF__FRAME_SLACK)) goto no_memory;
    top = f->top;
    *top++ = cur;
    cur = eff__take_source(e, &e->bind.source, OWNED_NODE());
    goto eval;

SYNC:
    f->top = top;
    v = ((eff_sync_fn)e->call.fn)(e->call.env);
    if (__builtin_expect(!eff__value_usable(v) || rt->misuse, 0)) {
        eff__raise_bad_value(f, v, e);
        if (OWNED_NODE()) eff__node_release(e);
        goto failed;
    }
    if (OWNED_NODE()) eff__node_release(e);
    goto value;

SUSPEND : {
    f->top = top;
    n = ((eff_suspend_fn)e->call.fn)(e->call.env);
    eff_site_t site = e->site;
    if (OWNED_NODE()) eff__node_release(e);
    if (__builtin_expect(n && !rt->misuse, 1)) goto own;
    eff__refused(f, n, site);
    goto failed;
}

YIELD:
    if (OWNED_NODE()) eff__node_release(e);
    v = eff_unit;
    STORE_VALUE();
    f->state = EFF__READY;
    eff__enqueue(f);
    goto lost;

PRIM:
    f->top = top;
    f->wait.site = e->site;
    if (IS_ALONE() && e->flags & EFF__DIRECT) {
        v = ((const struct eff__direct_prim *)e->prim.prim)->direct(f, e);
        if (__builtin_expect(v.type && !rt->misuse, 1)) goto value;
    no_value:
        if (v.type) goto misused;
        next = (int)v.integer;
        if (next != EFF__DECLINED) goto prim_done;
    }
    next = e->prim.prim->run(f, e, IS_ALONE());
    if (OWNED_NODE()) eff__drop_prim(e);
prim_done:
    if (MISUSED() && next != EFF__SUSPEND) goto act;
    if (next == EFF__RETURN) {
        top = f->top;
        v = f->reg;
        if (__builtin_expect(f->status == EFF__OK, 1)) goto value;
        rt->trace.n_seen = 0;
        eff__trace_add(&rt->trace, f->wait.site);
        goto failure;
    }
    if (next == EFF__EVAL) {
        top = f->top;
        cur = f->cur;
        goto eval;
    }
    goto lost;

MASK:
    f->top = top;
    next = eff__eval_mask(f, e, OWNED_NODE());
    goto act;
ASYNC:
    f->top = top;
    next = eff__eval_async(f, e, OWNED_NODE());
    goto act;
SLEEP:
    f->top = top;
    next = eff__eval_sleep(f, e, OWNED_NODE());
    goto act;
SERVICE:
    f->top = top;
    next = eff__eval_service(f, e, OWNED_NODE());
    goto act;
PROVIDE:
    f->top = top;
    next = eff__eval_provide(f, e, OWNED_NODE());
    goto act;
PAR:
    f->top = top;
    next = eff__eval_par(f, e, OWNED_NODE());
    goto act;
EACH:
    f->top = top;
    next = eff__eval_each(f, e, OWNED_NODE());
    goto act;
GEN:
    f->top = top;
    next = eff__eval_gen(f, e, OWNED_NODE());
    goto act;
SCOPED:
    f->top = top;
    next = eff__eval_scoped(f, e, OWNED_NODE());
    goto act;
BRACKET:
    f->top = top;
    next = eff__eval_bracket(f, e, OWNED_NODE());
    goto act;

FORK:
    f->top = top;
    v = eff__eval_fork(f, e, OWNED_NODE());
    if (__builtin_expect(v.type && !rt->misuse, 1)) goto value;
not_forked:
    next = (int)v.integer;
    if (!v.type) goto act;
misused: /* it came to v, but a callback made a mistake */
    f->reg = v;
    f->status = EFF__OK;
    next = EFF__RETURN;
    goto act;

no_memory: /* no room for a frame: the instruction is dropped, and fails */
    if (OWNED_NODE()) eff_decref(eff__frame_node(cur));
    f->reg = eff_unit;
    f->status = EFF__OK;
    eff__raise(f, eff_cause_incref(eff__cause_oom));
failed: /* and everything is in the fiber, but that there is nothing to be evaluated */
    f->cur = 0;
    goto load;

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
    case EFF__RETURN: f->cur = 0; goto load;
    case EFF__SUSPEND: goto lost;
    case EFF__SWITCH:
        f->cur = 0;
        f = rt->switch_to;
        goto resume;
    }
    __builtin_unreachable();

value_elsewhere: /* the frame is popped */
    switch ((enum eff__op)e->op) {
    case EFF__OP_MAP: {
        if (__builtin_expect(--rt->ops < 0, 0)) goto attend_value;
        f->top = top;
        eff_value_t r = ((eff_map_fn)e->bind.fn)(v, e->bind.env);
        eff__drop_value(v);
        v = r;
        if (__builtin_expect(!eff__value_usable(r) || rt->misuse, 0)) {
            eff__raise_bad_value(f, v, e);
            eff__drop_bind(word, e);
            goto failed;
        }
        eff__drop_bind(word, e);
        goto value;
    }

    case EFF__OP_FOLD:
        if (__builtin_expect(--rt->ops < 0, 0)) goto attend_value;
        if (!e->fold.good) {
            eff__drop_fold(word, e);
            goto value;
        }
        f->top = top;
        f->status = EFF__OK;
        n = e->fold.good(v, e->fold.env);
        goto folded;

    case EFF__OP_ON_EXIT: STORE_VALUE(); goto exit_frame;

    /* kept for their env until what they returned has ended */
    case EFF__OP_MASK:
    case EFF__OP_SERVICE:
    case EFF__OP_SCOPED:
    case EFF__OP_PROVIDE:
    case EFF__OP_GEN:
    case EFF__OP_EACH:
        if (word & EFF__OWNED) eff__node_release(e);
        goto value;

    case EFF__OP_SUCCEED:
    case EFF__OP_FAIL:
    case EFF__OP_SYNC:
    case EFF__OP_SUSPEND:
    case EFF__OP_FLAT_MAP:
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

failure: /* v, which is of f->status, passes the top frame, unless that is for failures */
    word = *--top;
    e = eff__frame_node(word);
    if (word & EFF__SPECIAL) {
        top++;
        STORE_FAILURE();
        goto special;
    }
    WATCH(eff__watch_return(f, e));
    if (e->op == EFF__OP_FOLD) {
        eff_value_t error = eff_unit;
        if (__builtin_expect(--rt->ops < 0, 0)) goto attend_failure;
        f->top = top;
        f->reg = v;
        if (eff__fold_applies(f, e, &error)) {
            if (e->flags & EFF__CAUSE) {
                eff__trace_add(&rt->trace, e->site);
                n = ((eff_cause_fn)e->fold.bad)(eff__materialize(f), e->fold.env);
                v = f->reg;
            } else {
                n = ((eff_bind_fn)e->fold.bad)(error, e->fold.env);
            }
            goto folded;
        }
    }
    eff__trace_add(&rt->trace, e->site);
    if (e->op == EFF__OP_ON_EXIT) {
        STORE_FAILURE();
        goto exit_frame;
    }
    eff__drop_passed(word, e);
    goto failure;

folded: /* a handler of the fold e was called with v, and returned n */
    eff_value_decref(v);
    if (__builtin_expect(!n || rt->misuse, 0)) {
        eff__fold_refused(f, e, n);
        eff__drop_fold(word, e);
        goto failed;
    }
    eff__drop_fold(word, e);
    goto own;

exit_frame: /* e wants to know the exit, which is in the fiber */
    if ((e->flags & (EFF__ON_FAILURE | EFF__ON_INTERRUPT) && f->status == EFF__OK) ||
        (e->flags & EFF__ON_INTERRUPT && !eff__ended_by_interrupt(f))) {
        eff__drop_bind(word, e);
        goto load;
    }
    next = eff__call_on_exit(f, e);
    eff__drop_bind(word, e);
    goto act;

attend_value: /* the frame is to be looked at again */
    top++;
    STORE_VALUE();
    goto attend_return;
attend_failure:
    top++;
    STORE_FAILURE();
attend_return:
    if (eff__attend(f, false) == EFF__BUDGET_SPENT) {
        if (f->status != EFF__OK) eff__materialize(f);
        f->flags |= EFF__AT_RETURN;
        eff__requeue(f);
        goto out;
    }
    rt->ops++; /* the frame is counted when it is looked at again */
    goto load;

special_value: /* the two most frequent at once */
    top++;
    if (!IS_WATCHED && eff__frame_code(word) == EFF__F_END) {
        f->reg = v;
        f->status = EFF__OK;
        if (__builtin_expect(eff__ends_plainly(f), 1)) {
            eff__fiber_end_plainly(f);
            goto out;
        }
    } else if (!IS_WATCHED && eff__frame_code(word) == EFF__F_GEN) {
        struct eff__gen_run *r = (struct eff__gen_run *)top[-2];
        if (r->g.wait == EFF__GEN_WAIT) {
            f->top = top;
            n = eff__gen_go_on(r, v);
            if (__builtin_expect(n && r->g.wait == EFF__GEN_WAIT && !rt->misuse, 1)) goto own;
            next = eff__gen_stepped(f, r, n);
            goto act;
        }
    }
    STORE_VALUE();
special: /* everything is in the fiber */
    WATCH(eff__watch_frame(f));
    switch (eff__frame_code(word)) {
    case EFF__F_END: next = eff__return_end(f); goto ended;
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

#pragma GCC diagnostic pop
