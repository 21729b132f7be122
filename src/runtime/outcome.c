/* The result of a group.
 *
 * all:         every value, or Both of the early failures in argument order, then Both with what interrupted sides still
 *              failed with: so the leftmost Fail is never a consequence of another
 * race:        the leftmost early success (race_indexed: with its index), or Both of all causes in argument order
 * race_first:  the leftmost early end
 * tasks:       as all, with the value of the body
 * graceful:    the end of its first side, interrupted or not
 * race_with:   what its handler's effect ended with; before one was called, as race_first
 * Interrupts that the group issued itself, or passed on, are left out. A loser's Fail by itself is part of a race and is
 * dropped; a loser's Die, or a Fail raised while it was interrupted, is reported as unobserved.
 */
#include "runtime/outcome.h"

#include "core/collection.h"
#include "runtime/prim.h"
#include "runtime/region.h"
#include "runtime/runtime.h"

/* A cause without the Interrupts that the group sent to this side; NULL when nothing remains. Consumes, returns new. */
static eff_cause_t *without_issued(const struct eff__group *g, const eff_fiber_t *side, eff_cause_t *cause)
{
    if (!(side->flags & EFF__ISSUED)) return cause;
    if (cause == g->issued) { /* nearly always */
        eff_cause_decref(cause);
        return NULL;
    }
    const eff_cause_t *const issued[] = { g->issued };
    return eff__cause_without(cause, issued, 1);
}

/* What a side failed with by itself; NULL when that is nothing. Returns new. */
static eff_cause_t *own_cause(const struct eff__group *g, const eff_fiber_t *side)
{
    return without_issued(g, side, eff_cause_incref((const eff_cause_t *)side->reg.ptr));
}

/* The same, moved out of the side if nobody else can ask for it: a cause that is not shared can be marked truncated. */
static eff_cause_t *take_cause(const struct eff__group *g, eff_fiber_t *side)
{
    if (!eff__count_is_one(&eff__header_of(side)->count)) return own_cause(g, side);
    eff_cause_t *cause = (eff_cause_t *)side->reg.ptr;
    side->reg = eff_unit;
    side->status = EFF__OK;
    if (side->interrupt) eff_cause_decref(side->interrupt);
    side->interrupt = NULL;
    return without_issued(g, side, cause);
}

/* Both of two causes, either of which may be NULL. Consumes and returns new. */
static eff_cause_t *both(eff_cause_t *a, eff_cause_t *b)
{
    if (!a || !b) return a ? a : b;
    return eff__cause_both_or_keep(a, b);
}

/* ---- the order of for_each's sides: a worker stands where it started, and counts as the last item it served */

/* Moves the i-th of n sides down to its place in a heap whose root is the latest item. */
static void sift_down(struct eff__side *sides, size_t i, size_t n)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && sides[child].index < sides[child + 1].index) child++;
        if (sides[i].index >= sides[child].index) return;
        struct eff__side side = sides[i];
        sides[i] = sides[child];
        sides[child] = side;
    }
}

static bool in_order(const struct eff__side *sides, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (sides[i - 1].index > sides[i].index) return false;
    return true;
}

/* Sorts the sides by item, in place (Williams 1964: heapsort): this must not need memory. They have all ended, so that
 * nobody asks for a side's slot any more. */
static void sort_by_item(struct eff__side *sides, size_t n)
{
    if (in_order(sides, n)) return;
    for (size_t i = n / 2; i-- > 0;)
        sift_down(sides, i, n);
    for (size_t last = n; last-- > 1;) {
        struct eff__side latest = sides[0];
        sides[0] = sides[last];
        sides[last] = latest;
        sift_down(sides, 0, last);
    }
}

/* ---- failures */

/* Whether a side has won a race, if none before it has. */
static inline bool wins(const eff_fiber_t *side, bool any_end)
{
    return side && side->flags & EFF__EARLY && (any_end || side->status == EFF__OK);
}

/* The side that won a race; NULL when none succeeded. */
static eff_fiber_t *winner_of(const struct eff__group *g)
{
    for (uint32_t i = 0; i < g->n_started; i++)
        if (wins(g->sides[i].fiber, g->kind != EFF__PAR_RACE)) return g->sides[i].fiber;
    return NULL;
}

/* won: some side has won the race, and a Fail by itself is part of it. *cut is set when a part of one was lost for lack of
 * memory: the mark may go with an Interrupt that is left out. */
static eff_cause_t *failures(const struct eff__group *g, bool early, bool won, bool *cut)
{
    eff_cause_t *all = NULL;
    for (uint32_t i = 0; i < g->n_started; i++) {
        eff_fiber_t *side = g->sides[i].fiber;
        if (!side || side->status == EFF__OK || !(side->flags & EFF__EARLY) != !early) continue;
        if (early && won && !eff_cause_has_die((const eff_cause_t *)side->reg.ptr)) continue;
        if (eff_cause_is_truncated((const eff_cause_t *)side->reg.ptr)) *cut = true;
        all = both(all, take_cause(g, side));
    }
    return all;
}

static bool is_race(const struct eff__group *g)
{
    return g->kind != EFF__PAR_ALL && g->kind != EFF__PAR_TASKS && g->kind != EFF__PAR_GRACEFUL;
}

/* What all sides failed with, the early ones first; NULL when that is nothing. A race that has a winner comes here when
 * its caller was interrupted before it had the winner's value. */
static eff_cause_t *all_failures(const struct eff__group *g)
{
    const eff_fiber_t *winner = is_race(g) ? winner_of(g) : NULL;
    bool cut = false, won = winner && winner->status == EFF__OK;
    eff_cause_t *early = failures(g, true, won, &cut), *later = failures(g, false, won, &cut);
    eff_cause_t *all = both(early, later);
    if (all && cut) eff__cause_mark_cut(all);
    return all;
}

static void fail_with(eff_fiber_t *f, struct eff__group *g, eff_cause_t *cause)
{
    eff__raise(f, cause);
    eff__trace_add(&f->rt->trace, g->node->site);
}

/* Every side succeeded: the pair or array of their values. */
static void succeed_all(eff_fiber_t *f, struct eff__group *g)
{
    if (g->each) {
        f->reg = g->array;
        g->array = eff_unit;
        return;
    }
    if (g->kind == EFF__PAR_TASKS) {
        f->reg = eff__side_take(g->sides[0].fiber);
        return;
    }
    if (g->node->flags & EFF__PAR_PAIR) {
        eff_value_t a = eff__side_take(g->sides[0].fiber), b = eff__side_take(g->sides[1].fiber);
        f->reg = eff_pair(a, b);
    } else {
        eff_value_t *items;
        f->reg = eff__array_new(g->n_started, &items);
        for (uint32_t i = 0; items && i < g->n_started; i++)
            items[i] = eff__side_take(g->sides[i].fiber);
    }
    if (f->reg.type->flags & EFF_TYPE_OOM) fail_with(f, g, eff_cause_incref(eff__cause_oom));
}

/* The others lost: what must not be lost with them is reported. */
static void report_losers(eff_fiber_t *f, struct eff__group *g, const eff_fiber_t *winner)
{
    for (uint32_t i = 0; i < g->n_started; i++) {
        eff_fiber_t *side = g->sides[i].fiber;
        if (!side || side == winner || side->status == EFF__OK) continue;
        eff_cause_t *cause = own_cause(g, side);
        if (!cause) continue;
        bool by_itself = side->flags & EFF__EARLY;
        if (eff_cause_has_die(cause) || (!by_itself && eff_cause_has_fail(cause)))
            eff__report_unobserved(f->rt, side, cause);
        eff_cause_decref(cause);
    }
}

/* Nothing or the clock's side has ended in time: what is run instead, if anything. */
static int time_is_up(eff_fiber_t *f, struct eff__group *g)
{
    eff_t *node = g->node, *otherwise = node->par.sides[1];
    if (node->flags & EFF__PAR_OPTION) {
        f->reg = eff_none();
        return EFF__RETURN;
    }
    if (g->node_owned && eff__count_is_one(&node->count)) node->par.sides[1] = NULL;
    else eff_incref(otherwise);
    return eff__prim_effect(f, otherwise);
}

/* Whether there is anything to be told of a loser. */
static inline bool is_loud(const struct eff__group *g, const eff_fiber_t *side)
{
    return side && side->status != EFF__OK && side->reg.ptr != g->issued;
}

static inline int race_outcome(eff_fiber_t *f, struct eff__group *g)
{
    eff_fiber_t *winner = NULL;
    bool any_end = g->kind != EFF__PAR_RACE, loud = false;
    const struct eff__side *at = g->sides;
    for (uint32_t n = g->n_started; n > 0; n--, at++) {
        if (!winner && wins(at->fiber, any_end)) winner = at->fiber;
        else loud |= is_loud(g, at->fiber);
    }
    if (!winner && g->timer != EFF__TIME_IS_UP) {
        fail_with(f, g, all_failures(g));
        return EFF__RETURN;
    }
    if (__builtin_expect(loud, 0)) report_losers(f, g, winner);
    if (!winner) return time_is_up(f, g);
    if (winner->status != EFF__OK) {
        fail_with(f, g, eff_cause_incref((const eff_cause_t *)winner->reg.ptr));
        return EFF__RETURN;
    }
    if (g->kind == EFF__PAR_TIMEOUT && winner->slot == 1) return time_is_up(f, g);
    f->reg = eff__side_take(winner);
    unsigned wrapped = g->node->flags & (EFF__PAR_OPTION | EFF__PAR_INDEXED);
    if (!wrapped) return EFF__RETURN;
    f->reg = wrapped & EFF__PAR_OPTION ? eff_some(f->reg) : eff_pair(eff_int(winner->slot), f->reg);
    if (f->reg.type->flags & EFF_TYPE_OOM) fail_with(f, g, eff_cause_incref(eff__cause_oom));
    return EFF__RETURN;
}

/* The first side's end is the result, also when its group interrupted it. What the other, which measures time, failed
 * with counts. */
static void graceful_outcome(eff_fiber_t *f, struct eff__group *g)
{
    eff_fiber_t *body = g->sides[0].fiber, *clock = g->n_started > 1 ? g->sides[1].fiber : NULL;
    eff_cause_t *cause = body->status != EFF__OK ? eff_cause_incref((const eff_cause_t *)body->reg.ptr) : NULL;
    if (clock && clock->status != EFF__OK) cause = both(cause, take_cause(g, clock));
    if (cause) fail_with(f, g, cause);
    else f->reg = eff__side_take(body);
}

/* Whether no side failed but by the deadlock detector, or as its group told it to. */
static bool only_doomed(const struct eff__group *g)
{
    for (uint32_t i = 0; i < g->n_started; i++) {
        const eff_fiber_t *side = g->sides[i].fiber;
        if (!side || side->status == EFF__OK || side->flags & EFF__DOOMED) continue;
        if (!(side->flags & EFF__ISSUED) || side->reg.ptr != g->issued) return false;
    }
    return true;
}

static EFF_NOINLINE int all_outcome(eff_fiber_t *f, struct eff__group *g)
{
    bool failed = g->each != EFF__NO_ITEMS || g->kind == EFF__PAR_TASKS; /* of those it is to be found out */
    for (uint32_t i = 0; i < g->n_started && !failed; i++)
        failed = g->sides[i].fiber->status != EFF__OK;
    eff_cause_t *cause = failed ? all_failures(g) : NULL;
    if (cause) fail_with(f, g, cause);
    else succeed_all(f, g);
    return EFF__RETURN;
}

int eff__group_outcome(eff_fiber_t *f, struct eff__group *g)
{
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (g->each || g->kind == EFF__PAR_TASKS) sort_by_item(g->sides, g->n_started);
    if (g->handled) {
        eff__race_with_outcome(f, g);
        return EFF__RETURN;
    }
    if (g->saved) {
        eff_cause_t *saved = g->saved;
        bool told = f->flags & EFF__DOOMED && only_doomed(g); /* the deadlock's report is not repeated for each side */
        eff_cause_t *sides = told ? NULL : all_failures(g);
        g->saved = NULL;
        eff__raise(f, sides ? eff__cause_then_or_keep(sides, saved) : saved);
        eff__trace_add(&f->rt->trace, g->node->site);
        return EFF__RETURN;
    }
    if (g->kind == EFF__PAR_GRACEFUL) {
        graceful_outcome(f, g);
        return EFF__RETURN;
    }
    return eff__given_outcome(f, g);
}

int eff__given_outcome(eff_fiber_t *f, struct eff__group *g)
{
    return __builtin_expect(is_race(g), 1) ? race_outcome(f, g) : all_outcome(f, g);
}
