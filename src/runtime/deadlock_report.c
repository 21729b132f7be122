/* The deadlock report: a Die whose notes tell who waits for what, circles first.
 *
 *     defect: deadlock: these fibers wait, and nothing that could wake one of them will happen
 *       note: 2 fibers wait for each other:
 *       note:   fiber 2 "ada" (forked at a.c:7) waits to join fiber 3 at a.c:3
 *       note:       within meet (a.c:9), main (a.c:20)
 *       note:   fiber 3 "bob" (forked at a.c:8) waits to join fiber 2 at a.c:3
 *       note: fiber 1 (main) waits to join fiber 2 at a.c:3
 *
 * Its size is bounded, however many fibers there are.
 */
#include "runtime/deadlock.h"
#include "runtime/dump.h"

enum {
    CIRCLES = 3, /* that are told as such */
    KINDS = 16,  /* of other fibers; what is left is counted */
    FEW = 3,     /* so many fibers that are alike get a note each */
    SITES = 3,   /* of a trace that are shown */
    NOTES = 32   /* as many as eff_cause_print shows; traces are left out when they would make more */
};

/* Stuck fibers that are alike. */
struct kind {
    struct eff__alike alike;
    eff_fiber_t *next[FEW - 1]; /* after the first */
};

struct report {
    eff_cause_t *cause;
    eff_buffer_t line; /* of the next note */
    struct eff__page page;
    size_t n_traces; /* for which there is room */
    struct eff__circle circles[CIRCLES];
    size_t n_circles;
    struct kind kinds[KINDS]; /* of fibers in no circle that is told, in the order of the tree */
    size_t n_kinds, n_others;
};

/* ---- what there is to be told */

static void keep_fiber(struct report *r, eff_fiber_t *f)
{
    size_t i = 0;
    while (i < r->n_kinds && !eff__alike_is(&r->kinds[i].alike, f))
        i++;
    if (i == KINDS) {
        r->n_others++;
        return;
    }
    struct kind *k = &r->kinds[i];
    if (i == r->n_kinds) {
        r->n_kinds++;
        eff__alike_begin(&k->alike, f, r->page.now);
    } else {
        eff__alike_add(&k->alike, f, r->page.now);
        if (k->alike.n <= FEW) k->next[k->alike.n - 2] = f;
    }
}

static size_t n_shown(const struct eff__circle *c)
{
    return c->n < EFF__CIRCLE_SHOWN ? c->n : EFF__CIRCLE_SHOWN;
}

/* How many notes it takes, without traces. */
static size_t n_notes(const struct report *r)
{
    size_t n = r->n_others > 0;
    for (size_t i = 0; i < r->n_circles; i++)
        n += 1 + n_shown(&r->circles[i]) + (r->circles[i].n > EFF__CIRCLE_SHOWN);
    for (size_t i = 0; i < r->n_kinds; i++)
        n += r->kinds[i].alike.n > FEW ? 1 : r->kinds[i].alike.n;
    return n;
}

/* ---- notes */

/* Adds the line as a note, and begins the next. */
static void end_line(struct report *r)
{
    r->cause = eff_cause_note(r->cause, eff_string(eff_buffer_text(&r->line)), NULL);
    eff_buffer_done(&r->line);
    r->line = (eff_buffer_t)EFF_BUFFER_INIT;
}

/* The start of what the fiber goes back to. */
static void note_trace(struct report *r, const char *indent, const eff_fiber_t *f)
{
    struct eff__trace t;
    eff__fiber_trace(f, &t);
    if (t.n_seen == 0 || r->n_traces == 0) return;
    r->n_traces--;
    eff_buffer_printf(&r->line, "%s    within ", indent);
    for (uint32_t i = 0; i < t.n_seen && i < SITES; i++) {
        if (i) eff_buffer_add(&r->line, ", ");
        eff__sink_escaped(&r->page.sink, t.sites[i], strlen(t.sites[i]));
    }
    if (t.n_seen > SITES) eff_buffer_printf(&r->line, ", and %u more", t.n_seen - SITES);
    end_line(r);
}

/* `next`: whom it waits for in a circle; NULL: it is in none. */
static void note_fiber(struct report *r, const char *indent, eff_fiber_t *f, const eff_fiber_t *next)
{
    struct eff__alike alone;
    eff__alike_begin(&alone, f, r->page.now);
    eff_buffer_add(&r->line, indent);
    r->page.awaited = next;
    eff__put_alike(&r->page, &alone, false);
    end_line(r);
    note_trace(r, indent, f);
}

static void note_circle(struct report *r, const struct eff__circle *c)
{
    size_t n = n_shown(c);
    if (c->n == 1) eff_buffer_add(&r->line, "a fiber waits for itself:");
    else if (c->n == 2) eff_buffer_add(&r->line, "2 fibers wait for each other:");
    else
        eff_buffer_printf(&r->line,
                          "%zu fibers wait in a circle, each for the next, and the last for the first:", c->n);
    end_line(r);
    for (size_t i = 0; i < n; i++) {
        bool gap_after = c->n > n && i == EFF__CIRCLE_SHOWN / 2 - 1;
        note_fiber(r, "  ", c->members[i], gap_after ? NULL : c->members[(i + 1) % n]);
        if (!gap_after) continue;
        eff_buffer_printf(&r->line, "  \xe2\x80\xa6 %zu more \xe2\x80\xa6", c->n - n);
        end_line(r);
    }
}

static void note_kind(struct report *r, const struct kind *k)
{
    if (k->alike.n > FEW) {
        r->page.awaited = NULL;
        eff__put_alike(&r->page, &k->alike, false);
        end_line(r);
        return;
    }
    for (size_t i = 0; i < k->alike.n; i++)
        note_fiber(r, "", i ? k->next[i - 1] : k->alike.first, NULL);
}

static const char deadlock_text[] = "deadlock: these fibers wait, and nothing that could wake one of them will happen";

eff_cause_t *eff__deadlock_report(const eff_runtime_t *rt)
{
    struct report r;
    r.cause = eff_cause_die(eff_literal(deadlock_text));
    r.line = (eff_buffer_t)EFF_BUFFER_INIT;
    r.page = (struct eff__page){ .sink = { .buffer = &r.line }, .now = eff__wait_time_now(rt), .flat = true };
    r.n_kinds = r.n_others = 0;
    r.n_circles = eff__circles(rt, CIRCLES, r.circles);
    size_t level = 1;
    for (const eff_fiber_t *f = eff__first_fiber(rt); f; f = eff__next_fiber(rt, f, &level))
        if (eff__is_stuck(f) && !(f->flags & EFF__IN_CIRCLE)) keep_fiber(&r, (eff_fiber_t *)(uintptr_t)f);
    eff__circles_done(rt);

    size_t n = n_notes(&r);
    r.n_traces = n < NOTES ? NOTES - n : 0;
    for (size_t i = 0; i < r.n_circles; i++)
        note_circle(&r, &r.circles[i]);
    for (size_t i = 0; i < r.n_kinds; i++)
        note_kind(&r, &r.kinds[i]);
    if (r.n_others) {
        eff_buffer_printf(&r.line, "and %zu more, in other places", r.n_others);
        end_line(&r);
    }
    return r.cause;
}

/* ---- recognizing one */

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
