/* Parallel combinators: zip_par, all_par, race, race_first, timeout, disconnect, graceful, task groups and for_each_par are
 * all one group.
 *
 *     STARTING   The caller starts its sides in argument order. Each runs, by switching, until it first loses the loop;
 *                then the caller is returned to and starts the next. A side that decides keeps later ones from starting.
 *     WAITING    The caller is suspended. The first deciding end wakes it: one append to the run queue. So does the
 *                timer of a timeout (timeout.h).
 *     FINISHING  The caller has its turn: whoever has ended by now is EARLY, and counts as simultaneous; the others are
 *                interrupted and awaited. Then the result is put together (outcome.c).
 *
 * A caller that is interrupted (it unwinds with a cause of its own) goes straight to FINISHING; its cause waits in
 * `saved`. Only that of graceful stays WAITING, until the grace it gives has passed. While sides are starting, the caller
 * and the sides being started form a stack through `parent`, which is why starting needs no C recursion.
 *
 * Most groups are of given effects: what they need, and nothing else, is here. How the sides of the others end is in
 * worker.c.
 */
#include "runtime/group.h"

#include "runtime/outcome.h"
#include "runtime/region.h"
#include "runtime/runtime.h"
#include "runtime/timeout.h"

/* The caller is woken for another reason than its sides: they do not wake it a second time. */
static bool leave_group(eff_fiber_t *f)
{
    ((struct eff__group *)f->wait.object)->caller_awaits = false;
    return true;
}

static void describe_wait(const eff_fiber_t *f, eff_buffer_t *out)
{
    const struct eff__group *g = (const struct eff__group *)f->wait.object;
    eff_buffer_add(out, g->kind == EFF__PAR_TASKS ? "for the tasks of its group" : f->wait.ops->name);
}
const struct eff__wait_ops eff__group_wait = { .name = "for its parallel sides",
                                               .leave = leave_group,
                                               .describe = describe_wait };
/* Nothing but the last end wakes who waits so. As an answer to who asks, and not a flag beforehand: hardly anybody does. */
static bool stay(eff_fiber_t *f)
{
    (void)f;
    return false;
}
const struct eff__wait_ops eff__group_end_wait = { .name = "for its interrupted sides to end", .leave = stay };

enum { WORDS = 2 };

static struct eff__group *group_of(eff_fiber_t *f)
{
    return (struct eff__group *)f->top[-2];
}

static EFF_NOINLINE struct eff__group *no_group(eff_fiber_t *f, eff_t *node, bool owned)
{
    if (owned) eff_decref(node);
    f->reg = eff_unit;
    f->status = EFF__OK;
    eff__raise(f, eff_cause_incref(eff__cause_oom));
    return NULL;
}

static size_t size_of_many(size_t n)
{
    return sizeof(struct eff__group) + n * sizeof(struct eff__side);
}

static EFF__INLINED struct eff__group *group_new(eff_fiber_t *f, eff_t *node, bool owned, size_t n)
{
    struct eff__group *g = NULL;
    if (__builtin_expect(!eff__frames_reserve(f, WORDS), 0)) return no_group(f, node, owned);
    if (__builtin_expect(n <= EFF__FEW_SIDES, 1)) g = (struct eff__group *)eff__alloc(EFF__FEW_SIZE);
    else if (n <= UINT32_MAX) g = (struct eff__group *)eff__alloc(size_of_many(n));
    if (__builtin_expect(!g, 0)) return no_group(f, node, owned);
    f->reg = eff_unit;
    f->status = EFF__OK;
    /* As fibers are made, field by field. What counts no side yet has places without contents. */
    g->caller = f;
    g->node = node;
    g->node_owned = owned;
    g->given = false;
    g->each = EFF__NO_ITEMS;
    g->decided = g->caller_awaits = false;
    g->kind = EFF__PAR_ALL;
    g->phase = EFF__GROUP_STARTING;
    g->handled = false;
    g->result = EFF__OK;
    g->timer = EFF__NO_TIMER;
    g->n_sides = (uint32_t)n;
    g->n_started = g->n_live = 0;
    g->next_item = g->n_items = 0;
    g->stop = NULL;
    g->context = NULL;
    g->scope = NULL;
    g->array = eff_unit;
    g->issued = g->saved = NULL;
    g->sides = g->places;
    *f->top++ = (uintptr_t)g;
    *f->top++ = eff__frame_head(EFF__F_PAR, 0, 0);
    return g;
}

struct eff__group *eff__group_new(eff_fiber_t *f, eff_t *node, bool owned, size_t n)
{
    return group_new(f, node, owned, n);
}

/* A side that has ended, and whose exit was delivered. */
static inline void give_up_side(eff_fiber_t *side)
{
    bool known = !eff__count_is_one(&eff__header_of(side)->count);
    if (__builtin_expect(known || side->flags & (EFF__HAS_RARE | EFF__OWN_EXIT), 0)) {
        eff_fiber_decref(side);
        return;
    }
    eff_value_decref(side->reg);
    if (side->interrupt) eff_cause_decref(side->interrupt);
    eff__free(eff__header_of(side), sizeof(struct eff__header) + sizeof *side);
}

/* A node whose sides were moved out, most of them. */
static inline void give_up_node(eff_t *node)
{
    if (__builtin_expect(!eff__count_is_one(&node->count) || node->par.n > EFF__FEW_SIDES, 0)) {
        eff__node_release(node);
        return;
    }
    eff_t *a = node->par.sides[0], *b = node->par.sides[1];
    eff__free(node, EFF__NODE_SIZE(par));
    if (a) eff_decref(a);
    if (b) eff_decref(b);
}

static inline void free_block(struct eff__group *g)
{
    if (__builtin_expect(g->n_sides <= EFF__FEW_SIDES, 1)) eff__free(g, EFF__FEW_SIZE);
    else eff__free(g, size_of_many(g->n_sides));
}

static void group_free(struct eff__group *g)
{
    if (g->stop) eff__group_stop_end(g);
    for (uint32_t i = 0; i < g->n_started; i++) {
        eff_fiber_t *side = g->sides[i].fiber;
        g->sides[i].fiber = NULL; /* first: what is dropped with a side may look at the group through its handle */
        eff_fiber_decref(side);
    }
    if (g->each == EFF__PULLED_ITEMS) eff__pulls_free(g); /* the node's items and limit are still there */
    if (g->node_owned) eff__node_release(g->node);
    eff_value_decref(g->array);
    if (g->issued) eff_cause_decref(g->issued);
    if (g->saved) eff_cause_decref(g->saved);
    if (g->kind == EFF__PAR_TASKS && g->tasks) eff__tasks_free(g);
    free_block(g);
}

/* The same, of a group of given effects whose sides have ended, and whose caller has its result. */
static inline void given_free(struct eff__group *g)
{
    struct eff__side *at = g->places;
    for (uint32_t n = g->n_started; n > 0; n--, at++) {
        eff_fiber_t *side = at->fiber;
        at->fiber = NULL;
        give_up_side(side);
    }
    if (g->node_owned) give_up_node(g->node);
    if (g->issued) eff_cause_decref(g->issued);
    free_block(g);
}

/* ---- starting */

/* The effect of a par's i-th side: moved out of the node when nobody else can ask for it. */
static EFF__INLINED eff_t *side_effect(struct eff__group *g, uint32_t i)
{
    eff_t *node = g->node;
    if (g->kind == EFF__PAR_TIMEOUT && i == 1) return eff__timeout_clock_side(node);
    eff_t **sides = node->par.n <= 2 ? node->par.sides : node->par.more;
    eff_t *e = sides[i];
    if (g->node_owned && eff__count_is_one(&node->count)) sides[i] = NULL;
    else eff_incref(e);
    return e;
}

static inline eff_fiber_t *side_at(eff_fiber_t *f, struct eff__group *g, uint32_t slot, eff_t *e)
{
    eff_context_t *context = g->given || !g->context ? f->context : g->context;
    eff_fiber_t *side = eff__fiber_new(f->rt, e, context, g->node->site);
    if (!side) return NULL;
    side->flags |= EFF__SIDE | EFF__BEING_STARTED;
    side->attrs = f->attrs & EFF__INHERITED;
    side->parent = f;
    side->owner.group = g;
    side->slot = slot;
    if (__builtin_expect(!eff__locals_fork(side, f), 0)) {
        eff__fiber_discard(side);
        return NULL;
    }
    eff__fiber_adopt(&f->children, side);
    if (slot == g->n_started) g->n_started++;
    else if (g->each == EFF__PULLED_ITEMS) eff__pulls_use_place(g, slot);
    g->sides[slot] = (struct eff__side){ side, slot };
    g->n_live++;
    return side;
}

static inline eff_fiber_t *new_side(eff_fiber_t *f, struct eff__group *g)
{
    uint32_t slot = g->n_started;
    eff_t *e = NULL;
    if (!g->each) e = side_effect(g, slot);
    else if (g->each == EFF__PULLED_ITEMS && !eff__pulls_place(g, &slot)) return NULL;
    eff_fiber_t *side = side_at(f, g, slot, e);
    if (!side) return NULL;
    eff__group_give(g, side);
    eff__fiber_begins(side, f);
    return side;
}

eff_fiber_t *eff__group_side_at(eff_fiber_t *f, struct eff__group *g, uint32_t slot)
{
    return side_at(f, g, slot, NULL);
}

eff_fiber_t *eff__group_new_side(eff_fiber_t *f, struct eff__group *g)
{
    return new_side(f, g);
}

static bool more_to_start(const struct eff__group *g)
{
    if (g->decided) return false;
    if (g->n_started < g->n_sides) return !g->each || g->next_item < g->n_items; /* n_sides is 0 for PULLED */
    return g->each == EFF__PULLED_ITEMS && eff__pulls_want_side(g);
}

/* ---- finishing */

static eff_interrupt_reason_t reason_of(const struct eff__group *g)
{
    bool first_lives = g->sides[0].fiber && g->sides[0].fiber->state != EFF__DONE;
    switch ((enum eff__par_kind)g->kind) {
    case EFF__PAR_ALL:
    case EFF__PAR_TASKS: break;
    case EFF__PAR_TIMEOUT:
    case EFF__PAR_GRACEFUL: return first_lives ? EFF_INTERRUPT_TIMEOUT : EFF_INTERRUPT_RACE_LOST;
    case EFF__PAR_RACE_FIRST:
        if (first_lives && g->node->flags & EFF__PAR_STOPPABLE) return EFF_INTERRUPT_STOP;
        return EFF_INTERRUPT_RACE_LOST;
    case EFF__PAR_RACE:
    case EFF__PAR_RACE_WITH:
    case EFF__PAR_DISCONNECT: return EFF_INTERRUPT_RACE_LOST;
    }
    return EFF_INTERRUPT_SIBLING_FAILED;
}

static void interrupt_rest(eff_fiber_t *f, struct eff__group *g)
{
    eff_interrupt_reason_t reason = reason_of(g);
    if (g->kind == EFF__PAR_GRACEFUL && reason == EFF_INTERRUPT_TIMEOUT) eff__stop_cut(g->stop);
    g->issued = (g->saved || g->result != EFF__OK) && f->interrupt ? eff_cause_incref(f->interrupt)
                                                                   : eff__interrupt_cause(f, reason, g->node->site);
    struct eff__side *at = g->sides;
    for (uint32_t n = g->n_started; n > 0; n--, at++) {
        eff_fiber_t *side = at->fiber;
        if (!side || side->state == EFF__DONE || side->interrupt) continue;
        side->flags |= EFF__ISSUED;
        eff__fiber_interrupt(side, g->issued);
    }
}

/* Those that have ended by themselves did so in time. The others are interrupted, in order. */
static void begin_finishing(eff_fiber_t *f, struct eff__group *g)
{
    g->phase = EFF__GROUP_FINISHING;
    g->decided = true;
    struct eff__side *side = g->sides;
    for (uint32_t n = g->n_started; n > 0; n--, side++)
        if (side->fiber && side->fiber->state == EFF__DONE) side->fiber->flags |= EFF__EARLY;
    if (g->n_live > 0) interrupt_rest(f, g);
}

/* Hands the one side of a disconnect over to the nearest region that is more than a side's, to be awaited there. */
static void hand_over(eff_fiber_t *f, struct eff__group *g)
{
    eff_fiber_t *side = g->sides[0].fiber, *owner = f;
    while (owner->depth == 0 && (owner->flags & (EFF__SIDE | EFF__OWN_SCOPE)) == EFF__SIDE)
        owner = owner->parent;
    eff__fiber_disown(side);
    side->flags &= ~(uint32_t)(EFF__SIDE | EFF__BEING_STARTED);
    eff__owner_of(side)->group = NULL;
    side->parent = owner;
    side->region = owner->depth;
    eff__fiber_adopt(&owner->children, side);
    g->sides[0].fiber = NULL;
    g->n_live--;
}

static int suspend_caller(eff_fiber_t *f, struct eff__group *g, const struct eff__wait_ops *ops)
{
    g->caller_awaits = true;
    f->wait.site = g->node->site;
    eff__suspend(f, ops, g);
    return EFF__SUSPEND;
}

static void wake_caller(struct eff__group *g)
{
    if (!g->caller_awaits) return;
    g->caller_awaits = false;
    if (g->caller->state != EFF__SUSPENDED) return; /* it was interrupted, and gets its turn for that */
    if (g->caller->wait.ops == &eff__timeout_wait) eff__timeout_disarm(g);
    g->caller->reg = eff_unit;
    g->caller->status = EFF__OK;
    eff__wake(g->caller);
}

void eff__group_decide(struct eff__group *g)
{
    g->decided = true;
    if (g->phase == EFF__GROUP_WAITING) wake_caller(g);
}

void eff__group_start_more(struct eff__group *g)
{
    if (g->phase != EFF__GROUP_WAITING || !g->caller_awaits) return;
    g->phase = EFF__GROUP_STARTING;
    wake_caller(g);
}

/* The caller has got a turn, or goes on starting. */
static EFF_NOINLINE int any_turn(eff_fiber_t *f, struct eff__group *g)
{
    if (__builtin_expect(g->phase == EFF__GROUP_HANDLING, 0)) eff__race_with_handled(f, g);
    if (f->status != EFF__OK) { /* it unwinds: it was interrupted, or found to be in a deadlock */
        eff_cause_t *cause = eff__materialize(f);
        if (g->saved) eff_cause_decref(cause);
        else g->saved = cause;
        f->reg = eff_unit;
        f->status = EFF__OK;
    }
    if (g->phase == EFF__GROUP_STARTING) {
        if (more_to_start(g) && (!g->saved || eff__grace_counts(f, g))) {
            eff_fiber_t *side = new_side(f, g);
            if (side) {
                f->rt->switch_to = side;
                return EFF__SWITCH;
            }
            if (!g->saved) g->saved = eff__why_no_fiber(f->rt);
        }
        g->phase = EFF__GROUP_WAITING;
    }
    if (g->phase == EFF__GROUP_WAITING) {
        if (!g->saved && !g->decided && g->n_live > 0) return suspend_caller(f, g, &eff__group_wait);
        if (g->n_started == g->n_sides && eff__grace_counts(f, g)) {
            eff__stop_ask(g->stop);
            f->flags |= EFF__STAY;
            return suspend_caller(f, g, &eff__group_wait);
        }
        if (g->kind == EFF__PAR_RACE_WITH && eff__race_with_may_handle(f, g)) return eff__race_with_handle(f, g);
        begin_finishing(f, g);
        if (g->kind == EFF__PAR_DISCONNECT && g->n_live > 0) hand_over(f, g);
    }
    if (g->n_live > 0) return suspend_caller(f, g, &eff__group_end_wait);
    f->top -= WORDS;
    if (g->each == EFF__PULLED_ITEMS) eff__pulls_trim(g);
    int next = eff__group_outcome(f, g);
    group_free(g);
    return next;
}

/* The next side of a group of given effects begins. */
static EFF_NOINLINE int start_given(eff_fiber_t *f, struct eff__group *g)
{
    uint32_t slot = g->n_started;
    if (slot == 1 && g->kind == EFF__PAR_TIMEOUT && eff__timeout_wait_for(f, g)) return EFF__SUSPEND;
    eff_fiber_t *side = side_at(f, g, slot, side_effect(g, slot));
    if (__builtin_expect(!side, 0)) {
        g->saved = eff__why_no_fiber(f->rt);
        return any_turn(f, g);
    }
    eff__fiber_begins(side, f);
    f->rt->switch_to = side;
    return EFF__SWITCH;
}

static EFF_NOINLINE int finish_given(eff_fiber_t *f, struct eff__group *g)
{
    if (g->phase == EFF__GROUP_WAITING) begin_finishing(f, g);
    if (g->n_live > 0) return suspend_caller(f, g, &eff__group_end_wait);
    f->top -= WORDS;
    int next = eff__given_outcome(f, g);
    given_free(g);
    return next;
}

/* Groups of given effects, which are the most frequent, take a shorter way: as any_turn, without what they never need. */
int eff__return_par(eff_fiber_t *f)
{
    struct eff__group *g = group_of(f);
    g->caller_awaits = false;
    if (__builtin_expect(!g->given || g->saved || f->status != EFF__OK, 0)) return any_turn(f, g);
    if (g->phase == EFF__GROUP_STARTING) {
        if (!g->decided && g->n_started < g->n_sides) return start_given(f, g);
        g->phase = EFF__GROUP_WAITING;
    }
    if (g->decided || g->n_live == 0) return finish_given(f, g);
    return g->timer ? eff__timeout_is_up(f, g) : suspend_caller(f, g, &eff__group_wait);
}

/* ---- the sides */

void eff__group_side_left(struct eff__group *g, bool deciding)
{
    if (deciding) g->decided = true;
    if (g->n_live == 0 || (g->decided && g->phase == EFF__GROUP_WAITING)) wake_caller(g);
}

/* What eff__fiber_publish does for a side of which it need not tell anybody but the group; false, with nothing done, when
 * there is more to it. */
static inline bool published_at_once(eff_fiber_t *side)
{
    bool as_told = side->flags & EFF__ISSUED && side->reg.ptr == side->interrupt;
    bool plain = side->status == EFF__OK ? side->reg.type != &eff_fiber_type : as_told;
    if (!plain || side->flags & (EFF__HAS_RARE | EFF__BEGUN) || side->observers.first) return false;
    if (side->limit != side->inline_frames + EFF__INLINE_FRAMES) return false;
    side->top = side->limit = NULL;
    if (side->context) eff_context_decref(side->context);
    side->context = NULL;
    side->state = EFF__DONE;
    side->rt->n_fibers--;
    eff_fiber_t *prev = side->sibling_prev, *next = side->sibling_next;
    if (prev) prev->sibling_next = next;
    if (next) next->sibling_prev = prev;
    else side->parent->children = prev;
    side->sibling_prev = side->sibling_next = NULL;
    return true;
}

bool eff__given_side_ended(struct eff__group *g, eff_fiber_t *side)
{
    bool failed = side->status != EFF__OK;
    side->flags |= EFF__OBSERVED; /* by the combinator */
    if (__builtin_expect(!published_at_once(side), 0)) eff__fiber_publish(side);
    if (g->kind == EFF__PAR_ALL) g->decided |= failed;
    else if (g->kind != EFF__PAR_RACE || !failed) g->decided = true;
    if (--g->n_live == 0 || (g->decided && g->phase == EFF__GROUP_WAITING)) wake_caller(g);
    return false;
}

/* ---- the instructions */

int eff__eval_par(eff_fiber_t *f, eff_t *e, bool owned)
{
    struct eff__group *g = group_new(f, e, owned, e->par.n);
    if (!g) return EFF__RETURN;
    g->kind = e->kind;
    g->given = e->kind <= EFF__PAR_TIMEOUT;
    if (g->given) return start_given(f, g);
    bool ready = true;
    if (e->kind == EFF__PAR_GRACEFUL) ready = eff__group_stop_begin(f, g);
    else if (e->kind == EFF__PAR_TASKS) ready = eff__tasks_begin(f, g);
    if (!ready) g->saved = eff_cause_incref(eff__cause_oom);
    return any_turn(f, g);
}

void eff__group_unwind(eff_fiber_t *caller, struct eff__group *g)
{
    (void)caller;
    for (uint32_t i = 0; g->handled && i < g->n_started; i++) /* those of whom a handle may be left behind */
        eff__fiber_report_unobserved(g->sides[i].fiber);
    group_free(g);
}
