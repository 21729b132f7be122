/* A cause as a person reads a stack trace.
 *
 *     error: open a.json: No such file or directory [not found, code 2]
 *       at read_config (config.c:41)
 *     then, while handling it:
 *       defect: callback close_db (db.c:33) returned NULL
 *     in parallel:
 *       interrupted by fiber 3 (race lost) at main.c:20
 *
 * One line per leaf, followed by its trace, forks and notes. Both and Then read from left to right as in arithmetic
 * without precedence: "a then b in parallel c" is Both(Then(a, b), c), and a right side of the other tag is indented as
 * a group. What failed comes first: the sites and notes that several leaves share, having met before they passed there,
 * come after the last of these, under "both, on the way out:". Long traces, indents and values are cut short; so the
 * text is linear in the size of the cause. The layout is stable.
 */
#include <stdio.h>
#include <string.h>

#include <effect/cause.h>
#include <effect/error.h>

#include "core/cause_node.h"
#include "core/nesting.h"
#include "core/sink.h"

enum {
    MAX_INDENT = 16,                /* deeper groups are not indented further */
    FIRST_NOTES = EFF__TRACE_FIRST, /* of many notes, as of many sites, so many are shown ... */
    LAST_NOTES = EFF__TRACE_LAST,   /* ... at either end */
    TEXT_BYTES = 4096               /* so much is shown of one value */
};

static const char *const tag_names[] = {
    [EFF_CAUSE_EMPTY] = "empty",         [EFF_CAUSE_FAIL] = "fail", [EFF_CAUSE_DIE] = "die",
    [EFF_CAUSE_INTERRUPT] = "interrupt", [EFF_CAUSE_THEN] = "then", [EFF_CAUSE_BOTH] = "both",
};
static const char *const reason_names[] = {
    [EFF_INTERRUPT_EXPLICIT] = "explicit",         [EFF_INTERRUPT_SIBLING_FAILED] = "sibling failed",
    [EFF_INTERRUPT_RACE_LOST] = "race lost",       [EFF_INTERRUPT_TIMEOUT] = "timeout",
    [EFF_INTERRUPT_REGION_ENDED] = "region ended", [EFF_INTERRUPT_SHUTDOWN] = "shutdown",
    [EFF_INTERRUPT_STOP] = "asked to stop",
};

const char *eff__cause_tag_name(eff_cause_tag_t tag)
{
    return tag_names[tag];
}

const char *eff__cause_reason_name(eff_interrupt_reason_t reason)
{
    size_t n = sizeof reason_names / sizeof *reason_names;
    return (size_t)reason < n ? reason_names[reason] : "unknown reason";
}

/* The text so far. */
struct page {
    struct eff__sink sink;
    bool begun;      /* there is a line already */
    size_t n_leaves; /* so many are on it */
};

/* Begins a line. */
static void line(struct page *p, size_t indent)
{
    if (p->begun) eff__sink_add(&p->sink, "\n");
    p->begun = true;
    static const char spaces[] = "                                  ";
    if (indent > MAX_INDENT + 1) indent = MAX_INDENT + 1;
    eff__sink_add_n(&p->sink, spaces, 2 * indent);
}

static void put_site(struct page *p, eff_site_t site)
{
    eff__sink_escaped(&p->sink, site, strlen(site));
}

static void put_gap(struct page *p, size_t indent, size_t n)
{
    line(p, indent);
    eff__sink_printf(&p->sink, "\xe2\x80\xa6 %zu more \xe2\x80\xa6", n);
}

/* "forked at main (a.c:7)"; of a fiber with a name "forked as "resolver" at main (a.c:7)". */
static void put_fork(struct page *p, size_t indent, eff_site_t site, eff_value_t name)
{
    bool named = eff_value_is(name, &eff_string_type);
    if (!site && !named) return;
    line(p, indent);
    eff__sink_add(&p->sink, "forked");
    if (named) {
        eff__sink_add(&p->sink, " as \"");
        eff__sink_escaped(&p->sink, eff_as_string(name), eff_string_size(name));
        eff__sink_add(&p->sink, "\"");
    }
    if (!site) return;
    eff__sink_add(&p->sink, " at ");
    put_site(p, site);
}

static void put_trace(struct page *p, size_t indent, const struct eff__cause_trace *t)
{
    for (uint32_t i = 0; i < t->n_sites; i++) {
        if (i == EFF__TRACE_FIRST && t->n_seen > t->n_sites) put_gap(p, indent, t->n_seen - t->n_sites);
        if (i && i != EFF__TRACE_FIRST && !strcmp(t->sites[i], t->sites[i - 1])) continue; /* literals not merged */
        line(p, indent);
        eff__sink_add(&p->sink, "at ");
        put_site(p, t->sites[i]);
    }
    const eff_value_t *names = eff__trace_names(t);
    for (uint32_t i = 0; i < t->n_forks; i++)
        put_fork(p, indent, t->sites[t->n_sites + i], names ? names[i] : eff_unit);
}

static void put_notes(struct page *p, size_t indent, const struct eff__cause_notes *notes)
{
    for (uint32_t i = 0; i < notes->n; i++) {
        if (i == FIRST_NOTES && notes->n > FIRST_NOTES + LAST_NOTES) {
            uint32_t n_hidden = notes->n - (FIRST_NOTES + LAST_NOTES);
            put_gap(p, indent, n_hidden);
            i += n_hidden;
        }
        line(p, indent);
        eff__sink_add(&p->sink, "note: ");
        eff__sink_value(&p->sink, notes->items[i].value, TEXT_BYTES);
        if (!notes->items[i].site) continue;
        eff__sink_add(&p->sink, " (");
        put_site(p, notes->items[i].site);
        eff__sink_add(&p->sink, ")");
    }
}

static void put_extras(struct page *p, size_t indent, const eff_cause_t *c)
{
    if (c->trace) put_trace(p, indent, c->trace);
    if (c->notes) put_notes(p, indent, c->notes);
    if (!(c->flags & EFF__CAUSE_CUT)) return;
    line(p, indent);
    eff__sink_add(&p->sink, "[more was lost: out of memory]");
}

static bool has_lines(eff_value_t v)
{
    return eff_error_is(v, &eff_config_invalid_error) || eff_error_is(v, &eff_config_missing_error);
}

/* The lines of a text that has several, each on a line of its own; without memory for the text all in one. */
static void put_lines(struct page *p, size_t indent, eff_value_t v)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(v, &text);
    const char *at = text.truncated ? NULL : eff_buffer_text(&text);
    if (!at) eff__sink_value(&p->sink, v, TEXT_BYTES);
    while (at) {
        const char *end = strchr(at, '\n');
        eff__sink_escaped(&p->sink, at, end ? (size_t)(end - at) : strlen(at));
        at = end ? end + 1 : NULL;
        if (at) line(p, indent);
    }
    eff_buffer_done(&text);
}

/* "error: text" for the types that speak for themselves, "error (int): 42" for others. What the library
 * has found wrong with a configuration may have several lines, in which all that came from outside is escaped; in other
 * texts a newline is escaped, for it could be anybody's. */
static void put_value(struct page *p, size_t indent, const char *what, eff_value_t v, bool bare_string)
{
    const eff_type_t *type = eff_type_of(v);
    eff__sink_add(&p->sink, what);
    if (type != &eff_error_type && !(type->flags & EFF_TYPE_OOM) && !(bare_string && type == &eff_string_type)) {
        eff__sink_add(&p->sink, " (");
        eff__sink_add(&p->sink, type->name);
        eff__sink_add(&p->sink, ")");
    }
    eff__sink_add(&p->sink, ": ");
    if (has_lines(v)) put_lines(p, indent + 1, v);
    else eff__sink_value(&p->sink, v, TEXT_BYTES);
}

static void put_interrupt(struct page *p, const eff_cause_t *c)
{
    eff__sink_add(&p->sink, "interrupted");
    if (c->interrupt.by) eff__sink_printf(&p->sink, " by fiber %llu", (unsigned long long)c->interrupt.by);
    eff__sink_add(&p->sink, " (");
    eff__sink_add(&p->sink, eff__cause_reason_name((eff_interrupt_reason_t)c->reason));
    eff__sink_add(&p->sink, ")");
    if (!c->interrupt.site) return;
    eff__sink_add(&p->sink, " at ");
    put_site(p, c->interrupt.site);
}

/* The line that joins a node to what is before it. */
static void put_lead(struct page *p, const struct eff__cause_step *at)
{
    line(p, at->flat ? at->indent : at->indent - 1);
    eff__sink_add(&p->sink, at->lead == EFF_CAUSE_THEN ? "then, while handling it:" : "in parallel:");
}

static void put_leaf(struct page *p, const struct eff__cause_step *at)
{
    const eff_cause_t *c = at->node;
    if (at->lead) put_lead(p, at);
    line(p, at->indent);
    switch ((eff_cause_tag_t)c->tag) {
    case EFF_CAUSE_EMPTY: eff__sink_add(&p->sink, "empty cause"); break;
    case EFF_CAUSE_FAIL: put_value(p, at->indent, "error", c->value, false); break;
    case EFF_CAUSE_DIE: put_value(p, at->indent, "defect", c->value, true); break;
    case EFF_CAUSE_INTERRUPT: put_interrupt(p, c); break;
    case EFF_CAUSE_THEN:
    case EFF_CAUSE_BOTH: break;
    }
    put_extras(p, at->indent + 1, c);
    p->n_leaves++;
}

/* What the leaves of an inner node share, which are the last ones on the page. */
static void put_shared(struct page *p, const struct eff__cause_step *at)
{
    size_t indent = at->indent + at->flat, n = eff__cause_n_leaves(at->node);
    line(p, indent);
    if (n < p->n_leaves) eff__sink_printf(&p->sink, "the last %zu", n);
    else if (n == 2) eff__sink_add(&p->sink, "both");
    else eff__sink_printf(&p->sink, "all %zu", n);
    eff__sink_add(&p->sink, ", on the way out:");
    put_extras(p, indent + 1, at->node);
}

static void put_cause(struct page *p, const eff_cause_t *cause)
{
    struct eff__cause_walk w;
    const eff_cause_t *c;
    eff__cause_walk_init(&w, eff__cause_given(cause));
    w.ends = true;
    while ((c = eff__cause_walk_next(&w))) {
        if (w.at.end) put_shared(p, &w.at);
        else if (!eff__cause_is_inner(c)) put_leaf(p, &w.at);
    }
    eff__cause_walk_done(&w);
}

void eff_cause_format(const eff_cause_t *cause, eff_buffer_t *out)
{
    struct page p = { .sink = { .buffer = out } };
    put_cause(&p, cause);
}

void eff__cause_format_hook(const void *cause, eff_buffer_t *out)
{
    if (!eff__nesting_enter()) {
        eff_buffer_add(out, EFF__NESTING_ELLIPSIS);
        return;
    }
    eff_cause_format(cause, out);
    eff__nesting_leave();
}

void eff_cause_print(const eff_cause_t *cause, FILE *out)
{
    struct page p = { .sink = { .file = out } };
    put_cause(&p, cause);
    eff__sink_add(&p.sink, "\n");
}
