/* Deadlock as a result: what happens to fibers that wait for each other when nothing else can happen.
 *
 * The fibers that wait are failed with one report, a Die with notes that name them, masks or not, children before
 * their parents; who waits for its own children unwinds with the report once those have ended. From there only on_exit
 * handlers run (EFF__DOOMED), and what stalls again is failed again, so the run ends, structured.
 */
#include "runtime/frame.h"
#include "runtime/group.h"
#include "runtime/runtime.h"

static bool is_stuck(const eff_fiber_t *f)
{
    return f->state == EFF__SUSPENDED && !(f->flags & EFF__OUTSIDE);
}

/* Whether it waits for the end of what it started, which nothing can make it leave. */
static bool must_stay(const eff_fiber_t *f)
{
    return !f->wait.ops->leave || f->wait.ops == &eff__closing_wait;
}

/* A stuck fiber that must stay: those it waits for are failed too, and once they have ended it unwinds with the report
 * instead of its result. */
static void doom_parent(eff_fiber_t *f, eff_cause_t *report)
{
    f->flags |= EFF__DOOMED;
    if (f->wait.ops == &eff__group_end_wait) {
        struct eff__group *g = (struct eff__group *)f->wait.object;
        if (!g->saved) g->saved = eff_cause_incref(report);
    } else if (eff__frame_extra(f->top[-1]) == EFF__OK) { /* a LEAVING frame keeps the result */
        eff_value_decref(eff__frame_value(f->top - 1));
        f->top -= 3;
        eff__push_value(f, eff_cause_value(eff_cause_incref(report)));
        *f->top = eff__frame_head(EFF__F_LEAVING, eff__frame_attrs(*f->top), EFF__CAUSED);
        f->top++;
    }
}

static bool doom(eff_fiber_t *f, void *arg)
{
    eff_cause_t *report = (eff_cause_t *)arg;
    if (!is_stuck(f)) return true;
    if (must_stay(f)) {
        doom_parent(f, report);
        return true;
    }
    (void)f->wait.ops->leave(f);
    f->flags |= EFF__DOOMED | EFF__AT_RETURN;
    f->wait.object = NULL;
    f->reg = eff_cause_value(eff_cause_incref(report));
    f->status = EFF__CAUSED;
    eff__wake(f);
    f->wait.ops = NULL;
    return true;
}

/* ---- the report */

enum {
    KINDS = 24,  /* of waits, told by a note each; what is left is counted */
    FEW = 3,     /* so many fibers that are alike get a note each */
    CIRCLE = 16, /* fibers; longer ones are not looked for */
    LEVELS = 256 /* of forks between a fiber and one above it that are looked at */
};

/* Stuck fibers that are alike. */
struct kind {
    const eff_fiber_t *few[FEW];
    uint64_t ids[EFF__DUMP_IDS]; /* of the first ones and the last */
    size_t n;
};

/* What the fibers of a deadlock are, in the order of the tree. */
struct survey {
    struct kind kinds[KINDS];
    size_t n_kinds, n_others;
};

static void survey_add(struct survey *s, const eff_fiber_t *f)
{
    size_t i = 0;
    while (i < s->n_kinds && !eff__dump_alike(s->kinds[i].few[0], f))
        i++;
    if (i == KINDS) {
        s->n_others++;
        return;
    }
    struct kind *k = &s->kinds[i];
    if (i == s->n_kinds) {
        s->n_kinds++;
        k->n = 0;
    }
    if (k->n < FEW) k->few[k->n] = f;
    k->ids[k->n < EFF__DUMP_IDS ? k->n : EFF__DUMP_IDS - 1] = f->id;
    k->n++;
}

/* Adds the line as a note, and empties it. */
static eff_cause_t *note(eff_cause_t *cause, eff_buffer_t *line)
{
    cause = eff_cause_note(cause, eff_string(eff_buffer_text(line)), NULL);
    eff_buffer_done(line);
    *line = (eff_buffer_t)EFF_BUFFER_INIT;
    return cause;
}

static eff_cause_t *note_survey(eff_cause_t *cause, const struct survey *s)
{
    eff_buffer_t line = EFF_BUFFER_INIT;
    for (size_t i = 0; i < s->n_kinds; i++) {
        const struct kind *k = &s->kinds[i];
        size_t n_lines = k->n > FEW ? 1 : k->n;
        for (size_t j = 0; j < n_lines; j++) {
            eff__dump_fiber(k->few[j], k->n > FEW ? k->n : 1, k->ids, &line);
            cause = note(cause, &line);
        }
    }
    if (!s->n_others) return cause;
    eff_buffer_printf(&line, "and %zu more fibers, in other places", s->n_others);
    return note(cause, &line);
}

/* ---- circles: fibers that wait for the end of one another, or of what they started */

static bool waits_for_own(const eff_fiber_t *f)
{
    return f->wait.ops == &eff__group_wait || f->wait.ops == &eff__group_end_wait || f->wait.ops == &eff__children_wait;
}

/* Whether f waits for what it started, and `below` is that, or was started below it. */
static bool waits_for_those_above(const eff_fiber_t *f, const eff_fiber_t *below)
{
    if (!waits_for_own(f)) return false;
    int left = LEVELS;
    while (below && below->parent != f && left-- > 0)
        below = below->parent;
    if (!below || below->parent != f) return false;
    if (f->wait.ops == &eff__children_wait) return below->region >= (uint32_t)(uintptr_t)f->wait.object;
    return below->flags & EFF__SIDE && below->group == f->wait.object;
}

/* The fibers from f on, each of which waits for the next, and the last for f; 0 when it is not so. */
static size_t circle_from(const eff_fiber_t *f, const eff_fiber_t *path[CIRCLE])
{
    size_t n = 0;
    for (const eff_fiber_t *at = f; n < CIRCLE; at = (const eff_fiber_t *)at->wait.object) {
        if (!is_stuck(at)) return 0;
        path[n++] = at;
        if (n > 1 && waits_for_those_above(at, f)) return n;
        if (!eff__waits_for_fiber(at)) return 0;
        if (at->wait.object == f) return n;
    }
    return 0;
}

static eff_cause_t *note_circle(eff_cause_t *cause, size_t n, const eff_fiber_t *const *path)
{
    eff_buffer_t line = EFF_BUFFER_INIT;
    eff_buffer_printf(&line, "a circle: fiber %llu waits for", (unsigned long long)path[0]->id);
    for (size_t i = 1; i < n; i++)
        eff_buffer_printf(&line, " fiber %llu, which waits for", (unsigned long long)path[i]->id);
    if (waits_for_own(path[n - 1])) eff_buffer_add(&line, " those it started, among them");
    eff_buffer_printf(&line, " fiber %llu", (unsigned long long)path[0]->id);
    return note(cause, &line);
}

static const char deadlock_text[] = "deadlock: these fibers wait, and nothing that could wake one of them will happen";

/* A Die with a note for the first circle there is, and one for each stuck fiber or kind of them. */
static eff_cause_t *report(const eff_runtime_t *rt)
{
    eff_cause_t *cause = eff_cause_die(eff_literal(deadlock_text));
    struct survey s = { .n_kinds = 0 };
    bool found = false;
    int depth = 1;
    for (const eff_fiber_t *f = eff__first_fiber(rt); f; f = eff__next_fiber(rt, f, &depth)) {
        if (!is_stuck(f)) continue;
        const eff_fiber_t *path[CIRCLE];
        size_t n = found ? 0 : circle_from(f, path);
        if (n) cause = note_circle(cause, n, path);
        found = found || n;
        survey_add(&s, f);
    }
    return note_survey(cause, &s);
}

/* Whether a leaf is such a report, or an interruption; clears *arg if not. */
static bool is_part_of_deadlock(const eff_cause_t *leaf, void *arg)
{
    bool *is = (bool *)arg;
    eff_value_t v;
    if (eff_cause_defect(leaf, &v)) *is = eff_value_is(v, &eff_string_type) && eff_as_string(v) == deadlock_text;
    return *is;
}

bool eff__is_deadlock(const eff_cause_t *cause)
{
    bool is = eff_cause_has_die(cause) && !eff_cause_has_fail(cause);
    if (is) eff_cause_each(cause, is_part_of_deadlock, &is);
    return is;
}

void eff__deadlock(eff_runtime_t *rt)
{
    eff_cause_t *cause = report(rt);
    eff__each_fiber(rt, doom, cause);
    eff_cause_decref(cause);
}
