#include "runtime/permits.h"

#include "core/cause.h"
#include "runtime/region.h"
#include "runtime/runtime.h"

enum phase { WAITING, HOLDING, ENDING };

enum { SITE, HANDLE, WHAT, HEAD, WORDS }; /* of the frame; WHAT: body, then n */

/* ---- giving out, and back */

static inline bool is_entering(const eff_fiber_t *f)
{
    return f->wait.ops->resumed == eff__permits_entered;
}

/* The fiber has n of them, for itself or for a scope. */
static inline void give_out(struct eff__permits *p, eff_fiber_t *f, int64_t n, bool to_scope)
{
    p->out += n;
    p->holder = to_scope ? NULL : f;
    p->holder_id = f->id;
    p->taken_at = f->wait.site;
}

/* Lets the first in line go on, if there is enough for it; false if not, or if nobody waits. In a turn, or plain C, which
 * tells the loop. */
static inline bool serve_first(struct eff__permits *p)
{
    eff_fiber_t *f = p->line.home.waiters.first;
    if (!f || f->reg.integer > p->total - p->out) return false;
    (void)eff__waiters_pop(&p->line.home.waiters);
    p->line.n--;
    give_out(p, f, f->reg.integer, !is_entering(f));
    eff__wake_in_turn(f);
    return true;
}

static inline void serve(struct eff__permits *p)
{
    while (p->out < p->total && serve_first(p)) /* who waits wants one at least */
        ;
}

void eff__permits_serve(struct eff__permits *p)
{
    serve(p);
}

static inline void give(struct eff__permits *p, int64_t n)
{
    if (n == 0) return;
    p->out -= n;
    p->holder = NULL;
    p->holder_id = 0;
    serve(p);
}

void eff__permits_give(struct eff__permits *p, int64_t n)
{
    give(p, n);
}

/* ---- what runs with them */

static inline void set_phase(uintptr_t *words, enum phase phase)
{
    words[HEAD] = eff__frame_head(EFF__F_PERMITS, eff__frame_attrs(words[HEAD]), (unsigned)phase);
}

/* The permits are there, with a reference to the handle: the body is next. */
static inline void begin_body(eff_fiber_t *f, uintptr_t *words, struct eff__permits *p, int64_t n)
{
    f->cur = words[WHAT] | EFF__OWNED;
    words[HANDLE] = (uintptr_t)p;
    words[WHAT] = (uintptr_t)n;
    set_phase(words, HOLDING);
    f->depth++;
}

/* ---- waiting */

bool eff__permits_leave(eff_fiber_t *f)
{
    struct eff__permits *p = (struct eff__permits *)f->wait.object;
    bool first = p->line.home.waiters.first == f;
    eff__waiters_remove(&p->line.home.waiters, f);
    p->line.n--;
    if (first) {
        serve(p);
        eff__woke_from_plain_c(f->rt); /* which may have interrupted this one */
    }
    eff__payload_release(p);
    return true;
}

/* What it was given goes on to the next. */
static void give_on(struct eff__permits *p, eff_fiber_t *f)
{
    give(p, f->reg.integer);
    f->reg = eff_unit;
    eff__payload_release(p);
}

void eff__permits_entered(eff_fiber_t *f, bool interrupted)
{
    struct eff__permits *p = (struct eff__permits *)f->wait.object;
    if (interrupted) give_on(p, f);
    else begin_body(f, f->top - WORDS, p, f->reg.integer);
}

void eff__permits_acquired(eff_fiber_t *f, bool interrupted)
{
    struct eff__permits *p = (struct eff__permits *)f->wait.object;
    if (interrupted) {
        give_on(p, f);
        return;
    }
    f->reg = eff_unit;
    eff__payload_release(p);
}

static int wait_in_line(eff_fiber_t *f, eff_t *e, bool alone, int64_t n, const struct eff__wait_ops *ops)
{
    f->reg = eff_int(n);
    f->status = EFF__OK;
    return eff__line_wait(f, e, alone, ops);
}

/* Whether there is nothing to count: of none, or of the handle that stands for values of other types, which threads
 * share. */
static bool is_uncounted(struct eff__permits *p, int64_t n)
{
    return n == 0 || (!p->line.home.mailbox && eff__home_is_dummy(&p->line.home));
}

int eff__permits_acquire(eff_fiber_t *f, eff_t *e, bool alone, int64_t n, const struct eff__wait_ops *ops)
{
    struct eff__permits *p = (struct eff__permits *)e->prim.handle;
    if (is_uncounted(p, n)) return eff__prim_value(f, eff_unit);
    if (!eff__permits_are_free(p, n)) return wait_in_line(f, e, alone, n, ops);
    give_out(p, f, n, true);
    return eff__prim_value(f, eff_unit);
}

/* ---- the instruction, and its frame */

static inline uintptr_t *push_frame(eff_fiber_t *f, const eff_t *e, const eff_t *body)
{
    uintptr_t *words = f->top;
    f->top += WORDS;
    words[SITE] = (uintptr_t)e->site;
    words[HANDLE] = 0;
    words[WHAT] = (uintptr_t)body;
    words[HEAD] = eff__frame_head(EFF__F_PERMITS, f->attrs, WAITING);
    return words;
}

int eff__permits_enter(eff_fiber_t *f, eff_t *e, bool alone, eff_t *body, int64_t n, const struct eff__wait_ops *ops)
{
    struct eff__permits *p = (struct eff__permits *)e->prim.handle;
    if (!eff__frames_reserve(f, WORDS + EFF__FRAME_SLACK)) {
        eff_decref(body);
        return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    }
    uintptr_t *words = push_frame(f, e, body);
    if (is_uncounted(p, n)) n = 0;
    if (!eff__permits_are_free(p, n)) return wait_in_line(f, e, alone, n, ops);
    if (n) give_out(p, f, n, false);
    begin_body(f, words, (struct eff__permits *)eff__prim_take_handle(e, alone), n);
    return EFF__EVAL;
}

eff_value_t eff__permits_enter_directly(eff_fiber_t *f, eff_t *e, int64_t n, const struct eff__wait_ops *ops)
{
    struct eff__permits *p = (struct eff__permits *)e->prim.handle;
    if (f->limit - f->top < WORDS + EFF__FRAME_SLACK) return eff__direct_decline();
    uintptr_t *words = push_frame(f, e, (eff_t *)e->prim.value.ptr);
    if (!eff__permits_are_free(p, n)) {
        f->reg.type = &eff_int_type;
        f->reg.integer = n;
        f->status = EFF__OK;
        return eff__line_wait_directly(f, e, ops);
    }
    give_out(p, f, n, false);
    begin_body(f, words, p, n);
    return eff__direct_moved(e, eff__direct_next(EFF__EVAL));
}

/* Gives back what the frame holds. False when somebody has given it back already, who did not have it. */
static inline bool end(const uintptr_t *words)
{
    struct eff__permits *p = (struct eff__permits *)words[HANDLE];
    int64_t n = (int64_t)words[WHAT];
    bool ours = n <= p->out;
    give(p, ours ? n : p->out);
    eff__payload_release(p);
    return ours;
}

static const char stolen_text[] = "permits were given back by somebody who did not have them, while this ran with them";

static EFF_NOINLINE int return_slowly(eff_fiber_t *f)
{
    uintptr_t *words = f->top - WORDS;
    enum phase phase = (enum phase)eff__frame_extra(words[HEAD]);
    if (phase != ENDING && f->status != EFF__OK) eff__trace_add(&f->rt->trace, (eff_site_t)words[SITE]);
    if (phase == WAITING) { /* it has failed: whoever gets permits goes on with the body */
        f->top = words;
        eff_decref((eff_t *)words[WHAT]);
        return EFF__RETURN;
    }
    if (f->children) {
        set_phase(words, ENDING);
        int next = eff__region_leave(f, f->depth);
        if (next != EFF__RETURN) return next;
    }
    f->top = words;
    f->depth--;
    if (!end(words)) eff__reg_add_failure(f, eff_cause_die(eff_literal(stolen_text)));
    eff__mask_end(f);
    return EFF__RETURN;
}

/* A success is mostly one of a body that has left nothing behind. */
int eff__return_permits(eff_fiber_t *f)
{
    uintptr_t *words = f->top - WORDS;
    struct eff__permits *p = (struct eff__permits *)words[HANDLE];
    int64_t n = (int64_t)words[WHAT];
    bool usual = f->status == EFF__OK && eff__frame_extra(words[HEAD]) == HOLDING && !f->children && !f->interrupt;
    if (!usual || n > p->out) return return_slowly(f);
    f->top = words;
    f->depth--;
    give(p, n);
    eff__payload_release(p);
    return EFF__RETURN;
}

void eff__permits_unwind(const uintptr_t *head)
{
    const uintptr_t *words = head - HEAD;
    if (eff__frame_extra(*head) == WAITING) eff_decref((eff_t *)words[WHAT]);
    else (void)end(words);
}
