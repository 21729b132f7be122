/* Tracer: effects in spans, and telling the Tracer in effect of those that have ended.
 *
 * eff_with_span looks for a Tracer as it runs. Without one, it is the effect itself. Else, from the outside in,
 *
 *     draw ids,  on_exit( locally( current span: the new one,  e ),  end the span, tell the Tracer )
 *
 * What the Tracer does reaches nobody: every cause of it is ignored, and in it there is no Tracer.
 */
#include <effect/tracer.h>

#include <effect/random.h>

#include "core/build.h"
#include "core/misuse.h"
#include "layers/span.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"

/* ---- the service */

static eff_tracer_t no_tracer = { .size = sizeof(eff_tracer_t) };

EFF_DEFINE_DEFAULT_SERVICE(eff_tracer, eff_tracer_t, &no_tracer);

static eff_value_t no_span(void)
{
    return eff_unit;
}
const eff_tag_t eff_span_tag = { "current span", no_span };

/* The fiber's Tracer; NULL when nothing is recorded. */
static eff_tracer_t *tracer_of(const eff_fiber_t *f)
{
    eff_tracer_t *tracer = f->context ? eff_tracer_from(f->context) : NULL;
    if (!tracer || tracer == &no_tracer) return NULL;
    if (tracer->size < offsetof(eff_tracer_t, ended) + sizeof tracer->ended) {
        eff__misuse("the Tracer in effect does not say .size = sizeof(eff_tracer_t)");
        return NULL;
    }
    return tracer->ended ? tracer : NULL;
}

/* Of a derived effect's callback. */
static const eff_fiber_t *this_fiber(void)
{
    return eff__running->current;
}

/* ---- ending */

/* Holds the span until the Tracer's effect has ended. */
static eff_value_t let_go(eff_value_t v, eff_value_t span)
{
    (void)v, (void)span;
    return eff_unit;
}

static eff_t *tell(eff_tracer_t *tracer, const eff_span_t *span)
{
    eff_t *e = tracer->ended(tracer, span);
    if (!e) e = eff__mistake(NULL, "the .ended of the Tracer in effect returned NULL");
    e = eff_locally_at(NULL, e, &eff_tracer_tag, eff_tracer_value(&no_tracer));
    return eff_map_at(NULL, eff_ignore_cause_at(NULL, e), let_go, eff_span_value(span));
}

static eff_t *end_span(const eff_exit_t *exit, eff_value_t v)
{
    const eff_fiber_t *f = this_fiber();
    const eff_span_t *span = eff_as_span(v);
    if (!span || !eff__span_end(f, span, exit)) return eff_noop();
    eff_tracer_t *tracer = tracer_of(f);
    return tracer ? tell(tracer, span) : eff_noop();
}
static eff_t *end_scoped_span(eff_value_t span, const eff_exit_t *exit, eff_value_t env)
{
    (void)env;
    return end_span(exit, span);
}

/* ---- beginning. The closure has the effect, its site, and as env the spec of the span. */

/* The parent of a span that begins here; NULL when it has none. */
static const eff_span_t *parent_of(const eff_fiber_t *f, const struct eff__span_spec *spec)
{
    return spec->root ? NULL : eff__span_of(f);
}

static eff_t *no_bytes(const eff_cause_t *cause, eff_value_t env)
{
    (void)cause, (void)env;
    return eff_noop();
}
/* The bytes that ids are made of; unit when the Random fails. */
static eff_t *draw_bytes(const eff_fiber_t *f, const struct eff__span_spec *spec)
{
    size_t n = parent_of(f, spec) ? EFF__SPAN_BYTES : EFF__SPAN_ROOT_BYTES;
    return eff_catch_cause_at(NULL, eff_random_bytes_at(NULL, n), no_bytes, eff_unit);
}

/* The span; unit when there can be none. */
static eff_value_t begin_span(eff_value_t bytes, const struct eff__closure *c)
{
    const eff_fiber_t *f = this_fiber();
    const struct eff__span_spec *spec = c->env.ptr;
    if (!eff_value_is(bytes, &eff_bytes_type)) return eff_unit;
    eff_value_t span = eff__span_new(f, c->site, spec, parent_of(f, spec), eff_as_bytes(bytes, NULL));
    return eff_is_oom(span) ? eff_unit : span;
}

static eff_t *run_in_span(eff_value_t bytes, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_value_t span = begin_span(bytes, c);
    eff_t *e = eff_incref(c->effect);
    if (span.type == &eff_unit_type) return e;
    e = eff_locally_at(NULL, e, &eff_span_tag, eff_value_incref(span));
    return eff_on_exit_at(c->site, e, end_span, span);
}

static eff_t *look_for_tracer(eff_value_t v, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    (void)v;
    if (!tracer_of(this_fiber())) return eff_incref(c->effect);
    return eff_flat_map_at(NULL, draw_bytes(this_fiber(), c->env.ptr), run_in_span, eff_value_incref(env));
}

static eff_t *begin_scoped(eff_value_t bytes, eff_value_t env)
{
    return eff_succeed_at(NULL, begin_span(bytes, eff__closure_of(env)));
}
static eff_t *look_for_tracer_scoped(eff_value_t v, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    (void)v;
    if (!tracer_of(this_fiber())) return eff_noop();
    return eff_flat_map_at(NULL, draw_bytes(this_fiber(), c->env.ptr), begin_scoped, eff_value_incref(env));
}

/* ---- builders */

/* Frees what options own, for a builder that refuses. */
static void drop_options(const eff_span_options_t *options)
{
    if (options) eff_value_decref(options->attributes);
}

static eff_t *span_node(eff_site_t site, const char *builder, eff_t *e, const char *name,
                        const eff_span_options_t *options, eff_bind_fn look)
{
    if (!name || !eff__effect_usable(e)) {
        drop_options(options);
        return name ? eff__refuse_bind(site, builder, e, true, eff_unit)
                    : eff__refuse_null(site, builder, 2, e, eff_unit);
    }
    eff_value_t spec = eff__span_spec_new(name, options);
    if (!eff__value_usable(spec)) return eff__refuse_bind(site, builder, e, true, spec);
    return eff__derived_bind(EFF__OP_FLAT_MAP, eff_noop(), (eff_any_fn)look,
                             (struct eff__closure){ .builder = builder, .site = site, .effect = e, .env = spec });
}

eff_t *eff_with_span_at(eff_site_t site, eff_t *e, const char *name)
{
    return span_node(site, "eff_with_span", e, name, NULL, look_for_tracer);
}

/* What is wrong with options; NULL when nothing is. */
static const char *options_mistake(const eff_span_options_t *options)
{
    if (options->size < sizeof *options) return "options that do not say .size = sizeof(eff_span_options_t)";
    eff_value_t a = options->attributes;
    if (a.type && !eff_is_oom(a) && a.type != &eff_unit_type && a.type != &eff_fields_type)
        return "attributes that are not of eff_fields()";
    return NULL;
}

eff_t *eff_with_span_of_at(eff_site_t site, eff_t *e, const char *name, const eff_span_options_t *options)
{
    static const char builder[] = "eff_with_span_of";
    if (!options) return eff__refuse_null(site, builder, 3, e, eff_unit);
    const char *mistake = options_mistake(options);
    if (!mistake) return span_node(site, builder, e, name, options, look_for_tracer);
    if (options->size >= sizeof *options) drop_options(options);
    eff_decref(e);
    return eff__mistake_at(site, "%s was given %s", builder, mistake);
}

eff_t *eff_span_scoped_at(eff_site_t site, const char *name)
{
    if (!name) return eff__refuse_null(site, "eff_span_scoped", 1, eff_noop(), eff_unit);
    eff_t *begin = span_node(site, "eff_span_scoped", eff_noop(), name, NULL, look_for_tracer_scoped);
    return eff_acquire_release_effect_at(site, begin, end_scoped_span, eff_unit);
}

eff_t *eff_in_span_at(eff_site_t site, eff_t *e, eff_value_t span)
{
    bool fits = span.type == &eff_span_type || span.type == &eff_unit_type;
    if (!e || !eff__value_usable(span)) return eff__refuse_bind(site, "eff_in_span", e, true, span);
    if (fits) return eff_locally_at(site, e, &eff_span_tag, span);
    const char *type = eff_type_of(span)->name;
    eff_decref(e);
    eff_value_decref(span);
    return eff__mistake_at(site, "eff_in_span wants a span, not %s %s", eff__article(type), type);
}

static eff_value_t span_in(eff_value_t context, eff_value_t env)
{
    (void)env;
    const eff_span_t *span = eff_span_from(eff_as_context(context));
    return span ? eff_span_value(span) : eff_unit;
}

eff_t *eff_span_current_at(eff_site_t site)
{
    return eff_map_at(site, eff_context(), span_in, eff_unit);
}

static int set_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff__span_set(f, eff__prim_take_value(e, alone));
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim set_prim = { "span_set", set_run };

static int event_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    eff_value_t name = eff_value_incref(eff_first(e->prim.value));
    eff__span_add_event(f, name, eff_value_incref(eff_second(e->prim.value)));
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim event_prim = { "span_add_event", event_run };

/* What a builder returns whose fields are no fields; NULL when they are. Consumes them then. */
static eff_t *refuse_fields(eff_site_t site, const char *builder, eff_value_t fields, bool may_be_unit)
{
    if (!eff__value_usable(fields)) return eff__refuse_call(site, builder, true, fields);
    if (fields.type == &eff_fields_type || (may_be_unit && fields.type == &eff_unit_type)) return NULL;
    const char *type = eff_type_of(fields)->name;
    eff_value_decref(fields);
    return eff__mistake_at(site, "%s wants what eff_fields() makes, not %s %s", builder, eff__article(type), type);
}

eff_t *eff_span_set_at(eff_site_t site, eff_value_t attributes)
{
    eff_t *refused = refuse_fields(site, "eff_span_set", attributes, false);
    return refused ? refused : eff__prim_node_plain(site, &set_prim, attributes);
}

eff_t *eff_span_add_event_at(eff_site_t site, const char *name, eff_value_t fields)
{
    static const char builder[] = "eff_span_add_event";
    if (!name) return eff__refuse_null(site, builder, 1, eff_noop(), fields);
    eff_t *refused = refuse_fields(site, builder, fields, true);
    if (refused) return refused;
    eff_value_t copy = eff_string(name), event = eff_pair(copy, fields);
    if (!eff__value_usable(event)) return eff__refuse_call(site, builder, true, event);
    return eff__prim_node_plain(site, &event_prim, event);
}

eff_t *eff_with_traceparent_at(eff_site_t site, eff_t *e, const char *traceparent)
{
    static const char builder[] = "eff_with_traceparent";
    if (!eff__effect_usable(e)) return eff__refuse_bind(site, builder, e, true, eff_unit);
    eff_value_t span = traceparent ? eff__span_remote(traceparent) : (eff_value_t){ .type = NULL, .integer = 0 };
    if (!span.type) return e;
    if (eff_is_oom(span)) return eff__refuse_bind(site, builder, e, true, span);
    return eff_locally_at(site, e, &eff_span_tag, span);
}
