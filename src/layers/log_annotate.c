/* What messages carry besides their text: annotations and spans.
 *
 * Annotations are fields in two places. eff_log_annotate puts them into the context, so that they hold in an effect,
 * and sides and children have them for nothing. eff_log_annotate_scoped, which holds for what comes later in the same
 * fiber, puts them into a local variable of it. Each holds all that is in force where it was made, those of the other
 * place included, and remembers what was there (`over`): so the later one of the two is the one made over the other,
 * and alone is the answer.
 */
#include <string.h>

#include <effect/finish.h>
#include <effect/local.h>

#include "core/build.h"
#include "layers/log_record.h"
#include "runtime/clock.h"
#include "runtime/rare.h"

/* ---- annotations */

struct annotations {
    eff_value_t fields; /* all that are in force */
    eff_value_t over;   /* annotations, of the other place, that are among them; unit: none */
};
static void annotations_clear(struct annotations *a)
{
    eff_value_decref(a->fields);
    eff_value_decref(a->over);
}
EFF_STATIC_TYPE(annotations, struct annotations, .drop = annotations_clear);

static eff_value_t none(void)
{
    return eff_unit;
}
/* Without a name: no part of what is provided. */
static const eff_tag_t annotations_tag = { NULL, none };
static const eff_local_t scoped_annotations = { "log annotations", none, NULL };

static const struct annotations *read(eff_value_t v)
{
    return v.type == &annotations_type ? v.ptr : NULL;
}

static bool same(eff_value_t a, eff_value_t b)
{
    return a.type == b.type && (a.type == &eff_unit_type || a.ptr == b.ptr);
}

/* Of the fiber's two places. Borrowed. */
struct places {
    eff_value_t context, scoped;
};

static struct places places_of(const eff_fiber_t *f)
{
    struct places p = { eff_unit, eff__local_peek(f, &scoped_annotations) };
    if (f->context) p.context = eff_context_get(f->context, &annotations_tag);
    return p;
}

/* All that are in force; new; unit: none. */
static eff_value_t in_force(struct places p)
{
    const struct annotations *c = read(p.context), *s = read(p.scoped);
    if (!c && !s) return eff_unit;
    if (!s || (c && same(c->over, p.scoped))) return eff_value_incref(c->fields);
    if (!c || same(s->over, p.context)) return eff_value_incref(s->fields);
    /* What was annotated has ended, the scope in it has not. */
    eff_value_t under = eff_value_incref(c->fields), over = eff_value_incref(s->fields);
    return eff_fields_merge(under, over);
}

eff_value_t eff__log_annotations(const eff_fiber_t *f)
{
    return in_force(places_of(f));
}

/* The annotations that hold once these fields come to what is in force, made over those of the other place. Borrows
 * all. */
static eff_value_t annotated(struct places p, eff_value_t fields, eff_value_t over)
{
    eff_value_t all = in_force(p);
    if (all.type == &eff_unit_type) all = eff_value_incref(fields);
    else all = eff_fields_merge(all, eff_value_incref(fields));
    if (!eff__value_usable(all)) return all;
    return EFF_ENV(annotations, .fields = all, .over = eff_value_incref(over));
}

/* The callbacks get a closure: its effect is what is annotated, its env the fields. */
static eff_t *run_annotated(eff_value_t context, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    (void)context;
    struct places p = places_of(eff__running->current);
    eff_value_t all = annotated(p, c->env, p.scoped);
    return eff_locally_at(c->site, eff_incref(c->effect), &annotations_tag, all);
}

/* Whether fields are what eff_fields() makes; if not, *ret_refused is what the builder returns, and all is consumed. */
static bool are_fields(eff_site_t site, const char *builder, eff_t *e, eff_value_t fields, eff_t **ret_refused)
{
    if (eff__value_usable(fields) && fields.type == &eff_fields_type) return true;
    if (!eff__value_usable(fields)) {
        *ret_refused = eff__refuse_bind(site, builder, e, true, fields);
        return false;
    }
    eff_decref(e);
    eff_value_decref(fields);
    *ret_refused = eff__mistake_at(site, "%s was given what is no fields: see eff_fields", builder);
    return false;
}

eff_t *eff_log_annotate_at(eff_site_t site, eff_t *e, eff_value_t fields)
{
    eff_t *refused;
    if (!eff__effect_usable(e)) return eff__refuse_bind(site, "eff_log_annotate", e, true, fields);
    if (!are_fields(site, "eff_log_annotate", e, fields, &refused)) return refused;
    return eff__derived_bind(EFF__OP_FLAT_MAP, eff_noop(), (eff_any_fn)run_annotated,
                             (struct eff__closure){
                                 .builder = "eff_log_annotate", .site = site, .effect = e, .env = fields });
}

/* ---- until a scope closes. The resource is the pair of what was there before and what is now. */

static eff_t *annotate_scope(eff_value_t fields)
{
    eff_fiber_t *f = eff__running->current;
    struct places p = places_of(f);
    eff_value_t now = annotated(p, fields, p.context);
    if (!eff__value_usable(now)) return eff_out_of_memory();
    eff_value_t both = eff_pair(eff_value_incref(p.scoped), eff_value_incref(now));
    if (eff_is_oom(both) || !eff__local_put(f, &scoped_annotations, eff_value_incref(now))) {
        eff_value_decref(both);
        eff_value_decref(now);
        return eff_out_of_memory();
    }
    eff_value_decref(now);
    return eff_succeed(both);
}

/* The scope may close in another fiber than the one that annotated, and scopes need not nest: then there is nothing to
 * be put back, or somebody else's to be left. */
static void restore(eff_value_t both, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    eff_fiber_t *f = eff__running ? eff__running->current : NULL;
    if (!f || !same(eff__local_peek(f, &scoped_annotations), eff_second(both))) return;
    (void)eff__local_put(f, &scoped_annotations, eff_value_incref(eff_first(both))); /* its place is there */
}

eff_t *eff_log_annotate_scoped_at(eff_site_t site, eff_value_t fields)
{
    eff_t *refused;
    if (!are_fields(site, "eff_log_annotate_scoped", eff_noop(), fields, &refused)) return refused;
    eff_t *set = eff_suspend_at(site, annotate_scope, fields);
    return eff_map_to_at(site, eff_acquire_release_at(site, set, restore, eff_unit), eff_unit);
}

/* ---- spans: a list, the innermost first */

struct span {
    eff_value_t outer; /* the span around it; unit: none */
    eff_value_t name;
    eff_instant_t start; /* by the Clock there was */
};
static void span_clear(struct span *s)
{
    eff_value_decref(s->outer);
    eff_value_decref(s->name);
}
EFF_STATIC_TYPE(log_span, struct span, .drop = span_clear);

static const eff_tag_t spans_tag = { NULL, none };

static const struct span *first_span(const eff_fiber_t *f)
{
    eff_value_t v = f->context ? eff_context_get(f->context, &spans_tag) : eff_unit;
    return v.type == &log_span_type ? v.ptr : NULL;
}

static const struct span *outer_of(const struct span *s)
{
    return s->outer.type == &log_span_type ? s->outer.ptr : NULL;
}

/* What the Clock shows; 0 when there is none that could be asked. */
static eff_instant_t now_of(const eff_fiber_t *f)
{
    eff_clock_t *clock = eff_clock_from(f->context ? f->context : eff_context_empty());
    bool native = clock && eff__native_clock(clock);
    if (!clock || (!native && (clock->size < sizeof *clock || !clock->now))) return (eff_instant_t){ 0 };
    return (eff_instant_t){ eff__clock_now(clock, f->rt) };
}

size_t eff__log_spans(const eff_fiber_t *f, size_t most, eff_log_span_t *ret_spans)
{
    if (!first_span(f)) return 0;
    eff_instant_t now = now_of(f);
    size_t n = 0;
    for (const struct span *s = first_span(f); s && n < most; s = outer_of(s))
        n++;
    size_t i = n;
    for (const struct span *s = first_span(f); s && i > 0; s = outer_of(s))
        ret_spans[--i] = (eff_log_span_t){ eff_as_string(s->name), eff_instant_since(now, s->start) };
    return n;
}

/* The closure's effect is what is measured, its env the name. */
static eff_t *run_span(eff_value_t v, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    const eff_fiber_t *f = eff__running->current;
    (void)v;
    eff_value_t outer = f->context ? eff_value_incref(eff_context_get(f->context, &spans_tag)) : eff_unit;
    eff_value_t name = eff_value_incref(c->env);
    eff_value_t span = EFF_ENV(log_span, .outer = outer, .name = name, .start = now_of(f));
    return eff_locally_at(c->site, eff_incref(c->effect), &spans_tag, span);
}

eff_t *eff_log_span_at(eff_site_t site, eff_t *e, const char *name)
{
    if (!name) return eff__refuse_null(site, "eff_log_span", 2, e, eff_unit);
    eff_value_t copy = eff_string(name);
    if (!eff__effect_usable(e) || !eff__value_usable(copy))
        return eff__refuse_bind(site, "eff_log_span", e, true, copy);
    return eff__derived_bind(EFF__OP_FLAT_MAP, eff_noop(), (eff_any_fn)run_span,
                             (struct eff__closure){
                                 .builder = "eff_log_span", .site = site, .effect = e, .env = copy });
}
