/* What must hold while a program runs and afterwards, whatever was done to it. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "support/failing_allocator.h"
#include "support/harness.h"
#include "support/invariants.h"
#include "testing/test.h"

enum {
    SMALL = 16,      /* so many fibers, ... */
    SHORT = 2000,    /* and so many steps, are looked at at every step; ... */
    CHECK_EVERY = 64 /* after that seldom, and the more seldom the more there is to look at */
};

void fail_run(struct run *r, const char *fmt, ...)
{
    char message[9000];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    allocations_fail_at(-1, false);
    tell_replay();
    ck_abort_msg("%s\n  journal: %s\n  %s", message, r->w.journal, replay_of(r->name, r->injection));
}

void judge_step(struct run *r, const eff_fiber_t *f)
{
    const struct outcome *o = r->outcome;
    if (o->steps < r->next_check) return;
    bool all = o->steps <= SHORT && r->rt->n_fibers <= SMALL;
    r->next_check = o->steps + (all ? 1 : CHECK_EVERY + (long)r->rt->n_fibers);
    const char *wrong = eff__debug_check(r->rt);
    if (!wrong) wrong = eff__debug_check_timers(eff__test_timers(r->w.test));
    if (wrong) fail_run(r, "before instruction %ld, by fiber %" PRIu64 ": %s", o->steps, f ? f->id : 0, wrong);
}

/* ---- exits */

static bool is_about_memory(const eff_cause_t *leaf, void *arg)
{
    eff_value_t defect;
    if (eff_cause_tag(leaf) == EFF_CAUSE_DIE && eff_cause_defect(leaf, &defect)) {
        eff_buffer_t text = EFF_BUFFER_INIT;
        eff_value_format(defect, &text);
        if (strstr(eff_buffer_text(&text), "out of memory") || text.truncated) *(bool *)arg = true;
        eff_buffer_done(&text);
    }
    return !*(bool *)arg;
}

static void check_expectation(struct run *r, const eff_exit_t *exit)
{
    const struct expectation *e = r->expected;
    const struct {
        const char *how, *text;
    } wanted[] = { { "succeeds", e->succeeds },
                   { "fails", e->fails },
                   { "dies", e->dies },
                   { "is interrupted", e->interrupted ? "" : NULL },
                   { "ends with", e->cause } };
    int n = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (!wanted[i].text) continue;
        n++;
        if (!exit_is(exit, wanted[i].how, wanted[i].text))
            fail_run(r, "expected that it %s %s, but it was %s", wanted[i].how, wanted[i].text, full_text_of(exit));
    }
    if (n > 1 || (n == 0 && !e->check)) fail_run(r, "the case expects no exit, or more than one");
    if (e->journal && strcmp(e->journal, r->w.journal) != 0)
        fail_run(r, "expected the journal \"%s\", but it was \"%s\"; exit %s", e->journal, r->w.journal,
                 full_text_of(exit));
    if (e->timed && e->ms != r->outcome->ms)
        fail_run(r, "expected that it takes %" PRId64 " ms, but it took %" PRId64, e->ms, r->outcome->ms);
    if (e->check) e->check(&r->w, exit);
}

/* Whether this exit may follow from a request for memory that failed. */
static bool may_lack_memory(const eff_exit_t *exit)
{
    bool memory = false;
    if (exit->ok || eff_cause_is_truncated(exit->cause)) return true;
    eff_cause_each(exit->cause, is_about_memory, &memory);
    return memory;
}

struct defects {
    const char *known; /* the text that theirs are pieces of */
    bool all_known;
};

static bool is_known(const eff_cause_t *leaf, void *arg)
{
    struct defects *d = (struct defects *)arg;
    eff_value_t defect;
    if (!eff_cause_defect(leaf, &defect)) return true;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(defect, &text);
    if (!strstr(d->known, eff_buffer_text(&text))) d->all_known = false;
    eff_buffer_done(&text);
    return d->all_known;
}

/* Whether the plain run ended with all of these defects: within budgets of a few instructions they may be under way when
 * something is done. */
static bool has_its_own_defects(const struct run *r, const eff_exit_t *exit)
{
    struct defects d = { r->plain->text, r->injection->budget > 0 };
    if (d.all_known) eff_cause_each(exit->cause, is_known, &d);
    return d.all_known;
}

/* Whether it may follow from this action. Who finds another fiber ended goes on as he likes, or waits for it in vain. */
static bool may_follow(const struct run *r, const struct action *a, const eff_exit_t *exit)
{
    if (!exit->ok && eff_cause_is_interrupted(exit->cause)) return true;
    switch (a->kind) {
    case INTERRUPT:
        if (a->victim == 1) return false;
        break;
    case TIMEOUT:
    case SCOPE:
    case REGION:
    case QUEUE: break;
    case GRACE:
    case SHUTDOWN:
    case FREE: return false;
    }
    return exit->ok || !eff_cause_has_die(exit->cause) || has_its_own_defects(r, exit);
}

/* What never ends by itself is timed out, or its deadlock is found further out. */
static bool never_ends(const struct run *r, const eff_exit_t *exit)
{
    if (r->injection->kind == INTERRUPT) return false;
    return exit_is(exit, "fails", "time is up") || exit_is(exit, "dies", "deadlock:");
}

/* Who would have woken it, or forked what it asks for, did not get to that. */
static bool is_for_want_of_others(const eff_exit_t *exit)
{
    return exit_is(exit, "dies", "deadlock:") || exit_is(exit, "dies", "with_fiber: no fiber was kept");
}

void judge_exit(struct run *r, const eff_exit_t *exit)
{
    const struct injection *i = r->injection;
    if (!r->plain) {
        check_expectation(r, exit);
        return;
    }
    if (r->expected->without & ANY_EXIT || strcmp(r->outcome->shape, r->plain->shape) == 0 || never_ends(r, exit))
        return;
    if (i->fails && may_lack_memory(exit)) return;
    if ((i->fails || i->n_actions) && is_for_want_of_others(exit)) return;
    for (int n = 0; n < i->n_actions; n++)
        if (may_follow(r, &i->actions[n], exit)) return;
    fail_run(r, "ended with %s, but the plain run with %s", full_text_of(exit), r->plain->shape);
}

void judge_end(struct run *r)
{
    eff_runtime_t *rt = r->rt;
    if (rt->n_fibers) fail_run(r, "%zu fibers are left", rt->n_fibers);
    if (rt->ready_first) fail_run(r, "%zu ready fibers are left", eff__n_ready(rt));
    if (rt->n_external) fail_run(r, "%zu waits for the outside are left", rt->n_external);
    if (rt->n_async || rt->n_blocking) fail_run(r, "%zu answers from outside are owed", rt->n_async);
    if (rt->timers.n || eff_test_n_sleepers(r->w.test)) fail_run(r, "timers are left");
    if (r->n_done != (r->n_shutdowns > 0)) fail_run(r, "shutdown's done was called %d times", r->n_done);
    const char *wrong = eff__debug_check(rt);
    if (wrong) fail_run(r, "at the end: %s", wrong);
}
