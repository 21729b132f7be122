/* Notes and traces: what a cause gathers on its way out.
 *
 * Both belong to one node. A node that somebody else holds too is copied first; a copied Interrupt keeps its identity
 * by holding on to the original. Failing is no choice here: whatever there is no memory for is left out, the cause
 * itself comes back, and it is marked if that can be done (a shared node cannot be).
 */
#include <string.h>

#include <effect/cause.h>

#include "core/cause_node.h"
#include "core/memory.h"
#include "core/misuse.h"

/* ---- notes */

/* Makes room for one more note; false when out of memory. */
static bool notes_reserve(eff_cause_t *c)
{
    struct eff__cause_notes *notes = c->notes;
    if (notes && notes->n < notes->capacity) return true;
    if (notes && notes->capacity > UINT32_MAX / 2) return false;
    uint32_t capacity = notes ? notes->capacity * 2 : 2;
    struct eff__cause_notes *more = eff__realloc(notes, sizeof *more + capacity * sizeof *more->items);
    if (!more) return false;
    if (!notes) more->n = 0;
    more->capacity = capacity;
    c->notes = more;
    return true;
}

/* A copy of the notes for another node; *ok is false when out of memory. */
static struct eff__cause_notes *notes_copy(const struct eff__cause_notes *notes, bool *ok)
{
    if (!notes) return NULL;
    struct eff__cause_notes *copy = eff__malloc(sizeof *copy + notes->n * sizeof *copy->items);
    if (!copy) {
        *ok = false;
        return NULL;
    }
    copy->n = copy->capacity = notes->n;
    for (uint32_t i = 0; i < notes->n; i++) {
        copy->items[i] = notes->items[i];
        (void)eff_value_incref(copy->items[i].value);
    }
    return copy;
}

/* ---- traces */

static size_t trace_bytes(uint32_t n_sites, uint32_t n_forks, bool named)
{
    return sizeof(struct eff__cause_trace) + (n_sites + n_forks) * sizeof(eff_site_t) +
           (named ? n_forks * sizeof(eff_value_t) : 0);
}

/* Its sites are to be filled in; the forks are copies of these, whose names are borrowed (NULL: none). */
static struct eff__cause_trace *trace_new(uint32_t n_seen, uint32_t n_sites, uint32_t n_forks, const eff_site_t *forks,
                                          const eff_value_t *names)
{
    bool named = names != NULL;
    struct eff__cause_trace *t = eff__alloc(trace_bytes(n_sites, n_forks, named));
    if (!t) return NULL;
    *t = (struct eff__cause_trace){ .n_seen = n_seen, .n_sites = n_sites, .n_forks = n_forks, .named = named };
    if (n_forks) memcpy(t->sites + n_sites, forks, n_forks * sizeof *t->sites);
    eff_value_t *copies = (eff_value_t *)(uintptr_t)eff__trace_names(t);
    for (uint32_t i = 0; copies && i < n_forks; i++)
        copies[i] = eff_value_incref(names[i]);
    return t;
}

/* One with the same forks as another (NULL: none), and other sites. */
static struct eff__cause_trace *trace_like(const struct eff__cause_trace *t, uint32_t n_seen, uint32_t n_sites)
{
    if (!t) return trace_new(n_seen, n_sites, 0, NULL, NULL);
    return trace_new(n_seen, n_sites, t->n_forks, t->sites + t->n_sites, eff__trace_names(t));
}

static void trace_free(struct eff__cause_trace *t)
{
    if (!t) return;
    const eff_value_t *names = eff__trace_names(t);
    for (uint32_t i = 0; names && i < t->n_forks; i++)
        eff_value_decref(names[i]);
    eff__free(t, trace_bytes(t->n_sites, t->n_forks, t->named));
}

static struct eff__cause_trace *trace_copy(const struct eff__cause_trace *t, bool *ok)
{
    if (!t) return NULL;
    struct eff__cause_trace *copy = trace_like(t, t->n_seen, t->n_sites);
    if (copy) memcpy(copy->sites, t->sites, t->n_sites * sizeof *t->sites);
    else *ok = false;
    return copy;
}

/* ---- changing a node */

/* Makes *cause a node that nobody else holds: as it is, or a copy, for which the reference to it is given up. False
 * without memory, and then nothing has changed. */
static bool own(eff_cause_t **cause)
{
    eff_cause_t *c = *cause;
    if (eff__cause_is_unique(c)) return true;
    bool ok = true;
    struct eff__cause_notes *notes = notes_copy(c->notes, &ok);
    struct eff__cause_trace *trace = trace_copy(c->trace, &ok);
    eff_cause_t *copy = ok ? eff__payload_alloc(&eff_cause_type, sizeof *copy) : NULL;
    if (!copy) {
        eff_cause_t rest = { .notes = notes, .trace = trace };
        eff__cause_drop_extras(&rest);
        return false;
    }
    *copy = *c;
    copy->notes = notes;
    copy->trace = trace;
    switch ((eff_cause_tag_t)c->tag) {
    case EFF_CAUSE_EMPTY: break;
    case EFF_CAUSE_FAIL:
    case EFF_CAUSE_DIE: (void)eff_value_incref(c->value); break;
    case EFF_CAUSE_INTERRUPT: copy->interrupt.origin = eff_cause_incref(eff__cause_identity(c)); break;
    case EFF_CAUSE_THEN:
    case EFF_CAUSE_BOTH:
        (void)eff_cause_incref(c->sides.left);
        (void)eff_cause_incref(c->sides.right);
        break;
    }
    eff_cause_decref(c);
    *cause = copy;
    return true;
}

void eff__cause_mark_cut(eff_cause_t *c)
{
    if (eff__cause_is_unique(c)) c->flags |= EFF__CAUSE_HAS_CUT | EFF__CAUSE_CUT;
}

void eff__cause_drop_extras(eff_cause_t *c)
{
    if (c->notes) {
        for (uint32_t i = 0; i < c->notes->n; i++)
            eff_value_decref(c->notes->items[i].value);
        eff__raw_free(c->notes);
    }
    trace_free(c->trace);
}

/* The cause as it is, less what there was no memory for. */
static eff_cause_t *give_up(eff_cause_t *c)
{
    eff__cause_mark_cut(c);
    return c;
}

eff_cause_t *eff_cause_note(eff_cause_t *cause, eff_value_t note, eff_site_t site)
{
    if (!cause) cause = (eff_cause_t *)(uintptr_t)eff__cause_missing();
    if (!note.type) {
        eff__misuse("eff_cause_note: the note is absent");
        return cause;
    }
    if (!eff__value_usable(note) || !own(&cause) || !notes_reserve(cause)) {
        eff_value_decref(note);
        return give_up(cause);
    }
    cause->notes->items[cause->notes->n++] = (struct eff__cause_note){ .value = note, .site = site };
    return cause;
}

/* Adds `n` sites, in order, that stand for `n_seen`: a gap, if any, is after the first EFF__TRACE_FIRST. */
static eff_cause_t *add_sites(eff_cause_t *c, uint32_t n_seen, uint32_t n, const eff_site_t *sites)
{
    if (!own(&c)) return give_up(c);
    struct eff__cause_trace *old = c->trace;
    uint32_t n_old = old ? old->n_sites : 0;
    if (n_old && n && old->sites[n_old - 1] == sites[0]) { /* the same combinator, seen again */
        sites++;
        n_seen--;
        if (--n == 0) return c;
    }
    uint32_t n_all = n_old + n;
    uint32_t kept = n_all < EFF__TRACE_MAX ? n_all : EFF__TRACE_MAX;
    uint32_t seen = old ? old->n_seen : 0;
    seen = n_seen <= UINT32_MAX - seen ? seen + n_seen : UINT32_MAX;
    struct eff__cause_trace *t = trace_like(old, seen, kept);
    if (!t) return give_up(c);

    /* Any earlier gap lies between the first 8 and the last 24 of both together, so one gap remains. */
    uint32_t n_skipped = n_all - kept;
    for (uint32_t i = 0; i < kept; i++) {
        uint32_t from = i < EFF__TRACE_FIRST ? i : i + n_skipped;
        t->sites[i] = from < n_old ? old->sites[from] : sites[from - n_old];
    }
    c->trace = t;
    trace_free(old);
    return c;
}

eff_cause_t *eff__cause_add_trace(eff_cause_t *cause, const struct eff__trace *trace)
{
    uint32_t seen = trace->n_seen;
    if (seen == 0) return cause;
    if (seen <= EFF__TRACE_MAX) return add_sites(cause, seen, seen, trace->sites);

    eff_site_t sites[EFF__TRACE_MAX];
    memcpy(sites, trace->sites, EFF__TRACE_FIRST * sizeof *sites);
    uint32_t oldest = (seen - EFF__TRACE_FIRST) % EFF__TRACE_LAST;
    for (uint32_t i = 0; i < EFF__TRACE_LAST; i++)
        sites[EFF__TRACE_FIRST + i] = trace->sites[EFF__TRACE_FIRST + (oldest + i) % EFF__TRACE_LAST];
    return add_sites(cause, seen, EFF__TRACE_MAX, sites);
}

eff_cause_t *eff__cause_add_forks(eff_cause_t *c, size_t n, const eff_site_t *sites, const eff_value_t *names)
{
    if (n == 0 || (c->trace && c->trace->n_forks)) return c;
    if (n > EFF__TRACE_MAX) n = EFF__TRACE_MAX;
    if (!own(&c)) return give_up(c);
    struct eff__cause_trace *old = c->trace;
    uint32_t n_sites = old ? old->n_sites : 0;
    struct eff__cause_trace *t = trace_new(old ? old->n_seen : 0, n_sites, (uint32_t)n, sites, names);
    if (!t) return give_up(c);
    if (n_sites) memcpy(t->sites, old->sites, n_sites * sizeof *t->sites);
    c->trace = t;
    trace_free(old);
    return c;
}

eff_cause_t *eff__cause_inherit(eff_cause_t *c, const eff_cause_t *from)
{
    const struct eff__cause_trace *t = from->trace;
    if (t && t->n_sites) c = add_sites(c, t->n_seen, t->n_sites, t->sites);
    if (t) c = eff__cause_add_forks(c, t->n_forks, t->sites + t->n_sites, eff__trace_names(t));
    for (uint32_t i = 0; from->notes && i < from->notes->n; i++) {
        const struct eff__cause_note *note = &from->notes->items[i];
        c = eff_cause_note(c, eff_value_incref(note->value), note->site);
    }
    if (from->flags & EFF__CAUSE_CUT) eff__cause_mark_cut(c);
    return c;
}

/* ---- reading */

size_t eff_cause_n_notes(const eff_cause_t *leaf)
{
    const eff_cause_t *c = eff__cause_given(leaf);
    return c->notes ? c->notes->n : 0;
}

eff_value_t eff_cause_note_at(const eff_cause_t *leaf, size_t i, eff_site_t *ret_site)
{
    if (ret_site) *ret_site = NULL;
    size_t n = eff_cause_n_notes(leaf);
    if (i >= n) {
        eff__misuse("eff_cause_note_at: there is no note %zu: the cause has %zu", i, n);
        return eff_unit;
    }
    if (ret_site) *ret_site = leaf->notes->items[i].site;
    return leaf->notes->items[i].value;
}

size_t eff_cause_n_sites(const eff_cause_t *leaf)
{
    const eff_cause_t *c = eff__cause_given(leaf);
    return c->trace ? c->trace->n_sites : 0;
}

eff_site_t eff_cause_site_at(const eff_cause_t *leaf, size_t i)
{
    size_t n = eff_cause_n_sites(leaf);
    if (i < n) return leaf->trace->sites[i];
    eff__misuse("eff_cause_site_at: there is no site %zu: the trace has %zu", i, n);
    return NULL;
}
