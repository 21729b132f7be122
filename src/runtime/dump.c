/* Text about fibers: who runs, who waits for what, where, and since when. For people who ask, deadlock reports, and
 * fibers left behind. Of many fibers that are alike, as workers are, one line tells, and of all keepers that are idle.
 * It can be written to a FILE, for which no memory is needed. */
#include "runtime/dump.h"

#include <inttypes.h>
#include <string.h>

#include "core/cause_node.h"
#include "runtime/rare.h"
#include "runtime/scope.h"

enum {
    FEW = 4,         /* so many siblings that are alike get a line each */
    LEVELS = 40,     /* deeper ones are not indented any further */
    TRACE_FIRST = 8, /* sites of a trace that are shown */
    TRACE_LAST = 4,
    HOLDERS = 1000 /* who waits for the same thing are counted up to here */
};

/* ---- alike */

static bool same_name(const eff_fiber_t *a, const eff_fiber_t *b)
{
    const char *x = eff__fiber_name(a), *y = eff__fiber_name(b);
    return x == y || (x && y && !strcmp(x, y));
}

static bool same_interrupt(const eff_cause_t *a, const eff_cause_t *b)
{
    if (!a || !b) return a == b;
    uint64_t by[2] = { 0, 0 };
    eff_interrupt_reason_t reasons[2] = { EFF_INTERRUPT_EXPLICIT, EFF_INTERRUPT_EXPLICIT };
    eff_site_t sites[2] = { NULL, NULL };
    (void)eff_cause_interruption(a, &by[0], &reasons[0], &sites[0]);
    (void)eff_cause_interruption(b, &by[1], &reasons[1], &sites[1]);
    return by[0] == by[1] && reasons[0] == reasons[1] && eff__same_site(sites[0], sites[1]);
}

static bool same_trace(const struct eff__trace *t, const eff_fiber_t *f)
{
    struct eff__trace other;
    eff__fiber_trace(f, &other);
    if (t->n_seen != other.n_seen) return false;
    for (uint32_t i = 0; i < t->n_seen && i < EFF__TRACE_MAX; i++)
        if (!eff__same_site(t->sites[i], other.sites[i])) return false;
    return true;
}

bool eff__alike_is(const struct eff__alike *alike, const eff_fiber_t *b)
{
    const eff_fiber_t *a = alike->first;
    if (a->state != b->state || a->status != b->status || !same_interrupt(a->interrupt, b->interrupt)) return false;
    if ((a->attrs ^ b->attrs) & EFF__MASKED || !a->parent != !b->parent) return false;
    if ((a->flags ^ b->flags) & (EFF__DAEMON | EFF__IN_SCOPE)) return false;
    if (!eff__same_site(a->fork_site, b->fork_site) || !same_name(a, b)) return false;
    if (alike->trace && !same_trace(alike->trace, b)) return false;
    if (a->state != EFF__SUSPENDED) return true;
    if (a->wait.ops != b->wait.ops || !eff__same_site(a->wait.site, b->wait.site)) return false;
    return !eff__waits_for_fiber(a) || a->wait.object == b->wait.object;
}

void eff__alike_add(struct eff__alike *a, eff_fiber_t *f, int64_t now)
{
    eff_fiber_info_t info;
    eff__fiber_info(f, 0, now, NULL, &info);
    a->ids[a->n < EFF__DUMP_IDS ? a->n : EFF__DUMP_IDS - 1] = f->id;
    int64_t ns = info.has_timer ? info.due_in.ns : info.waited.ns;
    if (a->n == 0 || (info.has_timer ? ns < a->time : ns > a->time)) a->time = ns;
    a->n++;
}

void eff__alike_begin(struct eff__alike *a, eff_fiber_t *f, int64_t now)
{
    *a = (struct eff__alike){ .first = f };
    eff__alike_add(a, f, now);
}

/* ---- a line */

static void put_text(struct eff__page *p, const char *text)
{
    eff__sink_escaped(&p->sink, text, strlen(text));
}

static void put_site(struct eff__page *p, const char *before, eff_site_t site)
{
    if (!site) return;
    eff__sink_add(&p->sink, before);
    put_text(p, site);
}

void eff__put_ids(struct eff__sink *s, size_t n, const uint64_t *ids)
{
    for (size_t i = 0; i < n && i < EFF__DUMP_IDS; i++) {
        bool gap = n > EFF__DUMP_IDS && i == EFF__DUMP_IDS - 1;
        eff__sink_printf(s, "%s%" PRIu64, gap ? " \xe2\x80\xa6 " : i ? ", " : "", ids[i]);
    }
}

/* Where it comes from; nothing when that is not known. */
static void put_origin(struct eff__page *p, const struct eff__alike *a, bool tell_parent)
{
    const eff_fiber_t *f = a->first;
    bool in_scope = f->flags & EFF__IN_SCOPE, daemon = f->flags & EFF__DAEMON, several = a->n > 1;
    if (f->flags & EFF__MAIN) {
        if (!several) eff__sink_add(&p->sink, " (main)");
        return;
    }
    if (!f->fork_site && !in_scope && !daemon && !tell_parent) return;
    eff__sink_add(&p->sink, several ? ", " : " (");
    eff__sink_add(&p->sink, daemon ? "daemon, forked" : "forked");
    put_site(p, " at ", f->fork_site);
    if (in_scope) {
        const eff_fiber_t *owner = eff__entry_of(f)->scope->owner;
        eff__sink_add(&p->sink, " into a scope");
        if (owner) eff__sink_printf(&p->sink, " of fiber %" PRIu64, owner->id);
    }
    if (tell_parent && f->parent) eff__sink_printf(&p->sink, " by fiber %" PRIu64, f->parent->id);
    eff__sink_add(&p->sink, several ? "," : ")");
}

static void put_name(struct eff__page *p, const eff_fiber_t *f)
{
    const char *name = eff__fiber_name(f);
    if (!name) return;
    eff__sink_add(&p->sink, " \"");
    put_text(p, name);
    eff__sink_add(&p->sink, "\"");
}

/* Which fiber, or which ones. */
static void put_who(struct eff__page *p, const struct eff__alike *a)
{
    if (a->n > 1) eff__sink_printf(&p->sink, "%zu fibers", a->n);
    else eff__sink_printf(&p->sink, "fiber %" PRIu64, a->first->id);
    put_name(p, a->first);
    if (a->n == 1) return;
    eff__sink_add(&p->sink, " (");
    eff__put_ids(&p->sink, a->n, a->ids);
    eff__sink_add(&p->sink, ")");
}

static const char *state_name(const eff_fiber_t *f, bool several)
{
    switch ((enum eff__state)f->state) {
    case EFF__NEW: return several ? " have not started" : " has not started";
    case EFF__READY: return several ? " are ready to run" : " is ready to run";
    case EFF__RUNNING: return " runs";
    case EFF__SUSPENDED:
        if (!f->wait.ops) return " runs";
        return several ? " wait " : " waits ";
    case EFF__DONE: break;
    }
    if (f->status == EFF__OK) return several ? " have ended" : " has ended";
    return several ? " have failed, and nobody has asked for their exits"
                   : " has failed, and nobody has asked for its exit";
}

/* For how long, or how long still, which is rounded up: "300 ms", "2.3 s", "45 s", "12 min", "30 h", "5 days". */
static void put_duration(struct eff__page *p, int64_t ns, bool round_up)
{
    static const struct {
        const char *name;
        int64_t s, until; /* seconds it has; it is used for less than so many of it */
    } units[] = { { "s", 1, 120 }, { "min", 60, 120 }, { "h", 3600, 48 }, { "days", 86400, INT64_MAX } };
    const int64_t second = 1000000000, ms = 1000000;
    if (round_up && ns < 10 * second) {
        eff__sink_printf(&p->sink, "%" PRId64 " ms", ns / ms + (ns % ms != 0));
        return;
    }
    if (ns < 10 * second) {
        eff__sink_printf(&p->sink, "%d.%d s", (int)(ns / second), (int)(ns % second / (second / 10)));
        return;
    }
    int64_t s = ns / second + (round_up && ns % second);
    size_t i = 0;
    while (s / units[i].s >= units[i].until)
        i++;
    int64_t n = s / units[i].s + (round_up && s % units[i].s);
    eff__sink_printf(&p->sink, "%lld %s", (long long)n, units[i].name);
}

/* Since when it waits, if that is worth telling. */
static void put_time(struct eff__page *p, const struct eff__alike *a)
{
    bool several = a->n > 1;
    if (a->first->wait.ops->now && a->time == 0) {
        eff__sink_add(&p->sink, several ? ", the first due now" : ", due now");
    } else if (a->first->wait.ops->now) {
        eff__sink_add(&p->sink, several ? ", the first due in " : ", due in ");
        put_duration(p, a->time, true);
    } else if (a->time >= 1000000000) {
        eff__sink_add(&p->sink, several ? ", for up to " : ", for ");
        put_duration(p, a->time, false);
    }
}

/* Whether only those who wait for it hold what they wait for, so that nobody can bring it about; of several, whether it
 * is one thing for all of them, too. */
static bool is_forgotten(const struct eff__alike *a)
{
    const eff_fiber_t *f = a->first;
    if (!f->wait.ops->on_handle) return false;
    size_t n = 1;
    for (const eff_fiber_t *w = f->links.prev; w && n < HOLDERS; w = w->links.prev)
        n++;
    for (const eff_fiber_t *w = f->links.next; w && n < HOLDERS; w = w->links.next)
        n++;
    return n < HOLDERS && eff__header_of(f->wait.object)->count == n && (a->n == 1 || a->n == n);
}

/* Whom it waits for, where the line itself has to tell. */
static void put_awaited(struct eff__page *p, const eff_fiber_t *f)
{
    struct eff__alike awaited = { .n = 0 };
    if (!p->flat || eff__waits_for_fiber(f) || f->wait.ops->names_awaited) return;
    if (p->awaited) {
        eff__sink_printf(&p->sink, " (among them fiber %" PRIu64 ")", p->awaited->id);
        return;
    }
    for (eff_fiber_t *t = eff__waits_for_next(f, NULL); t; t = eff__waits_for_next(f, t)) {
        awaited.ids[awaited.n < EFF__DUMP_IDS ? awaited.n : EFF__DUMP_IDS - 1] = t->id;
        awaited.n++;
    }
    if (awaited.n == 0) return;
    eff__sink_add(&p->sink, awaited.n == 1 ? " (fiber " : " (fibers ");
    eff__put_ids(&p->sink, awaited.n, awaited.ids);
    eff__sink_add(&p->sink, ")");
}

static void put_wait(struct eff__page *p, const struct eff__alike *a)
{
    const eff_fiber_t *f = a->first;
    const struct eff__wait_ops *ops = f->wait.ops;
    eff_buffer_t room = EFF_BUFFER_INIT;
    put_text(p, a->n == 1 ? eff__waits_for_text(f, &room) : ops->name);
    eff_buffer_done(&room);
    if (eff__waits_for_fiber(f)) {
        const eff_fiber_t *target = (const eff_fiber_t *)f->wait.object;
        eff__sink_printf(&p->sink, " fiber %" PRIu64, target->id);
        put_name(p, target);
    }
    if (a->n == 1) put_awaited(p, f);
    put_site(p, ops == &eff__children_wait ? " after " : " at ", f->wait.site); /* the last thing it did itself */
    put_time(p, a);
}

static void put_interrupt(struct eff__page *p, const eff_fiber_t *f)
{
    uint64_t by = 0;
    eff_interrupt_reason_t reason = EFF_INTERRUPT_EXPLICIT;
    eff_site_t site = NULL;
    (void)eff_cause_interruption(f->interrupt, &by, &reason, &site);
    eff__sink_add(&p->sink, ", interrupted");
    if (by) eff__sink_printf(&p->sink, " by fiber %" PRIu64, by);
    eff__sink_printf(&p->sink, " (%s)", eff__cause_reason_name(reason));
    put_site(p, " at ", site);
}

void eff__put_alike(struct eff__page *p, const struct eff__alike *a, bool tell_parent)
{
    const eff_fiber_t *f = a->first;
    put_who(p, a);
    put_origin(p, a, tell_parent);
    eff__sink_add(&p->sink, state_name(f, a->n > 1));
    if (f->state == EFF__SUSPENDED && f->wait.ops) put_wait(p, a);
    if (f->attrs & EFF__MASKED && f->state != EFF__DONE) eff__sink_add(&p->sink, ", masked");
    if (f->interrupt && f->state != EFF__DONE) put_interrupt(p, f);
    if (f->state == EFF__SUSPENDED && f->wait.ops && is_forgotten(a)) eff__sink_add(&p->sink, "; nobody else holds it");
}

/* ---- the tree */

static void put_trace(struct eff__page *p, size_t indent, struct eff__trace *t)
{
    uint32_t n = t->n_seen, n_hidden = n > TRACE_FIRST + TRACE_LAST ? n - (TRACE_FIRST + TRACE_LAST) : 0;
    for (uint32_t i = 0; i < n; i++) {
        if (n_hidden && i == TRACE_FIRST) {
            eff__sink_printf(&p->sink, "%*s\xe2\x80\xa6 %u more \xe2\x80\xa6\n", (int)indent, "", n_hidden);
            i += n_hidden;
        }
        eff__sink_printf(&p->sink, "%*sat ", (int)indent, "");
        put_text(p, *eff__trace_place(t, i));
        eff__sink_add(&p->sink, "\n");
    }
}

/* Adds to a, which is a fiber without children, the siblings after it that are alike, if they are more than a few;
 * returns the last of them. */
static const eff_fiber_t *add_alike(struct eff__alike *a, int64_t now)
{
    const eff_fiber_t *f = a->first, *last = f;
    size_t n = 0;
    for (const eff_fiber_t *s = f; s && !s->children && (s == f || eff__alike_is(a, s)); s = s->sibling_next) {
        n++;
        last = s;
    }
    if (n <= FEW) return f;
    for (eff_fiber_t *s = f->sibling_next; a->n < n; s = s->sibling_next)
        eff__alike_add(a, s, now);
    return last;
}

/* Whether it is the fiber of a layer or scope that waits until that is to be closed: as most are, most of the time. */
static bool is_idle_keeper(const eff_fiber_t *f)
{
    return f->state == EFF__SUSPENDED && f->wait.ops && f->wait.ops->idle && !f->interrupt && !f->children;
}

/* All of those, as one. */
struct idle_keepers {
    struct eff__alike all;
    size_t n_layers;
};

static void add_idle(struct idle_keepers *k, eff_fiber_t *f, int64_t now)
{
    if (k->all.n == 0) eff__alike_begin(&k->all, f, now);
    else eff__alike_add(&k->all, f, now);
    k->n_layers += f->flags & EFF__KEEPER ? 1 : 0;
}

static void put_idle(struct eff__page *p, const struct idle_keepers *k)
{
    if (k->all.n == 0) return;
    eff__sink_add(&p->sink, "  ");
    if (k->all.n == 1) {
        eff__put_alike(p, &k->all, false);
    } else {
        const char *what = k->n_layers == 0 ? "scopes" : k->n_layers == k->all.n ? "layers" : "layers and scopes";
        eff__sink_printf(&p->sink, "%zu fibers (", k->all.n);
        eff__put_ids(&p->sink, k->all.n, k->all.ids);
        eff__sink_printf(&p->sink, ") keep %s, and are idle", what);
    }
    eff__sink_add(&p->sink, "\n");
}

void eff__dump_fibers(const eff_runtime_t *rt, struct eff__sink sink, bool with_traces)
{
    struct eff__page p = { .sink = sink, .now = eff__wait_time_now(rt), .with_traces = with_traces };
    struct idle_keepers idle = { .n_layers = 0 };
    size_t level = 1;
    for (const eff_fiber_t *f = eff__first_fiber(rt); f; f = eff__next_fiber(rt, f, &level)) {
        if (with_traces && is_idle_keeper(f)) { /* of what is left behind, everything is told */
            add_idle(&idle, (eff_fiber_t *)(uintptr_t)f, p.now);
            continue;
        }
        size_t indent = 2 * (level < LEVELS ? level : LEVELS);
        struct eff__alike a;
        struct eff__trace trace;
        eff__alike_begin(&a, (eff_fiber_t *)(uintptr_t)f, p.now);
        if (with_traces) {
            eff__fiber_trace(f, &trace);
            a.trace = &trace;
        }
        f = add_alike(&a, p.now);
        eff__sink_printf(&p.sink, "%*s", (int)indent, "");
        eff__put_alike(&p, &a, level > LEVELS);
        eff__sink_add(&p.sink, "\n");
        if (with_traces) put_trace(&p, indent + 4, &trace);
    }
    put_idle(&p, &idle);
}

void eff_runtime_dump(const eff_runtime_t *rt, eff_buffer_t *out)
{
    eff__dump_fibers(rt, (struct eff__sink){ .buffer = out }, true);
}
