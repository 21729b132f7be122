/* Spans: one struct that everybody may read, and behind it what only this file needs.
 *
 * A span belongs to the runtime it began on. It changes until it has ended, on that runtime's thread only: a context
 * may carry it elsewhere, where it can be read once it has ended, and its ids and name at any time. What it keeps is
 * bounded, so that a span which lives as long as a server costs no more than another.
 */
#include "layers/span.h"

#include <string.h>

#include "core/build.h"
#include "core/misuse.h"
#include "runtime/clock.h"
#include "runtime/runtime.h"

struct span {
    eff_span_t face; /* first: the value's payload is what everybody reads */
    const eff_runtime_t *rt;
    int64_t began;               /* by the monotonic Clock */
    struct eff__span_spec *spec; /* retained: has the name and the links; NULL of a remote one */
    eff_value_t message;         /* owned: face.message is its text; or unit */
    eff_span_event_t *events;    /* owned: face.events; their names follow each other in `names` */
    eff_value_t *names;          /* owned: those of the events, in the same block */
    size_t capacity;             /* of events */
};

static struct span *of(const eff_span_t *span)
{
    return (struct span *)(uintptr_t)span;
}

/* ---- specs */

static void spec_drop(void *payload)
{
    struct eff__span_spec *spec = payload;
    eff_value_decref(spec->name);
    eff_value_decref(spec->attributes);
}
static const eff_type_t spec_type = {
    .size = sizeof(struct eff__span_spec), .name = "span to begin", .drop = spec_drop, .flags = EFF_TYPE_COUNTED
};

static bool parse_traceparent(const char *text, eff_span_link_t *ret_ids, bool *ret_sampled);

eff_value_t eff__span_spec_new(const char *name, const eff_span_options_t *options)
{
    static const eff_span_options_t defaults = { .size = sizeof defaults };
    bool unused;
    if (!options) options = &defaults;
    size_t n = 0;
    while (options->links && options->links[n] && n < EFF_SPAN_LIMIT)
        n++;
    eff_value_t attributes = options->attributes.type ? options->attributes : eff_unit;
    eff_value_t copy = eff_string(name);
    struct eff__span_spec *spec = NULL;
    if (eff__value_usable(copy) && eff__value_usable(attributes))
        spec = eff__payload_alloc(&spec_type, sizeof *spec + n * sizeof *spec->links);
    if (!spec) {
        eff_value_decref(copy);
        eff_value_decref(attributes);
        return eff_oom_value();
    }
    *spec =
        (struct eff__span_spec){ .name = copy, .attributes = attributes, .kind = options->kind, .root = options->root };
    for (size_t i = 0; i < n; i++)
        if (parse_traceparent(options->links[i], &spec->links[spec->n_links], &unused)) spec->n_links++;
    return (eff_value_t){ .type = &spec_type, .ptr = spec };
}

/* ---- life */

static void span_drop(void *payload)
{
    struct span *s = payload;
    for (size_t i = 0; i < s->face.n_events; i++) {
        eff_value_decref(s->names[i]);
        eff_value_decref(s->events[i].fields);
    }
    eff__raw_free(s->events);
    eff_value_decref(s->message);
    eff_value_decref(s->face.attributes);
    if (s->spec) eff__payload_decref(&spec_type, s->spec);
}

static void span_format(const void *payload, eff_buffer_t *out)
{
    const eff_span_t *s = payload;
    if (s->remote) {
        eff_buffer_printf(out, "span %s of another process", s->span_id);
        return;
    }
    eff_buffer_add_escaped(out, s->name, strlen(s->name));
    if (s->status != EFF_SPAN_RUNNING) {
        eff_buffer_add(out, " ");
        eff_duration_format(s->took, out);
    }
    eff_buffer_printf(out, " %s", eff_span_status_name(s->status));
}

const eff_type_t eff_span_type = {
    .size = sizeof(struct span),
    .name = "span",
    .drop = span_drop,
    .format = span_format,
    .flags = EFF_TYPE_COUNTED,
};

/* An id of n bytes in hexadecimal digits. One of zeros is none: the standard forbids it. */
static void write_id(char *to, const unsigned char *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char any = 0;
    for (size_t i = 0; i < n; i++) {
        any |= bytes[i];
        to[2 * i] = digits[bytes[i] >> 4];
        to[2 * i + 1] = digits[bytes[i] & 0xf];
    }
    if (!any) to[2 * n - 1] = '1';
    to[2 * n] = '\0';
}

eff_value_t eff__span_new(const eff_fiber_t *f, eff_site_t site, const struct eff__span_spec *spec,
                          const eff_span_t *parent, const unsigned char *bytes)
{
    enum { TRACE_BYTES = EFF__SPAN_ROOT_BYTES - EFF__SPAN_BYTES };
    struct span *s = eff__payload_alloc(&eff_span_type, sizeof *s);
    if (!s) return eff_oom_value();
    *s = (struct span){
        .face = { .name = eff_as_string(spec->name),
                  .kind = spec->kind,
                  .sampled = !parent || parent->sampled,
                  .start = eff__clock_wall(f),
                  .fiber = f->id,
                  .site = site,
                  .attributes = eff_value_incref(spec->attributes),
                  .n_links = spec->n_links,
                  .links = spec->links },
        .rt = f->rt,
        .began = eff__clock_read(f),
        .spec = eff__payload_retain((void *)(uintptr_t)spec),
        .message = eff_unit,
    };
    if (parent) {
        memcpy(s->face.trace_id, parent->trace_id, sizeof s->face.trace_id);
        memcpy(s->face.parent_id, parent->span_id, sizeof s->face.parent_id);
    } else {
        write_id(s->face.trace_id, bytes, TRACE_BYTES);
        bytes += TRACE_BYTES;
    }
    write_id(s->face.span_id, bytes, EFF__SPAN_BYTES);
    return (eff_value_t){ .type = &eff_span_type, .ptr = s };
}

/* The failure, without its trace: the leftmost is what it began with. */
static eff_value_t message_of(const eff_cause_t *cause)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(cause, &text);
    const char *all = eff_buffer_text(&text), *end = strchr(all, '\n');
    eff_value_t message = eff_string_n(all, end ? (size_t)(end - all) : text.size);
    eff_buffer_done(&text);
    return eff_is_oom(message) ? eff_literal("out of memory") : message;
}

bool eff__span_end(const eff_fiber_t *f, const eff_span_t *span, const eff_exit_t *exit)
{
    struct span *s = of(span);
    if (s->face.status != EFF_SPAN_RUNNING) return false;
    s->face.took = eff_instant_since((eff_instant_t){ eff__clock_read(f) }, (eff_instant_t){ s->began });
    if (s->face.took.ns < 0) s->face.took.ns = 0; /* of another Clock, which was provided meanwhile */
    if (exit->ok) {
        s->face.status = EFF_SPAN_OK;
    } else if (eff_cause_is_interrupted_only(exit->cause)) {
        s->face.status = EFF_SPAN_INTERRUPTED;
    } else {
        s->face.status = EFF_SPAN_ERROR;
        s->message = message_of(exit->cause);
        s->face.message = eff_as_string(s->message);
    }
    return s->face.sampled;
}

/* ---- adding to it */

const eff_span_t *eff__span_of(const eff_fiber_t *f)
{
    return f->context ? eff_span_from(f->context) : NULL;
}

/* The current span when it can be added to; else NULL. */
static struct span *open_span(const eff_fiber_t *f)
{
    const eff_span_t *span = eff__span_of(f);
    if (!span || span->remote || of(span)->rt != f->rt || span->status != EFF_SPAN_RUNNING) return NULL;
    return of(span);
}

void eff__span_set(const eff_fiber_t *f, eff_value_t attributes)
{
    struct span *s = open_span(f);
    if (!s) {
        eff_value_decref(attributes);
        return;
    }
    size_t n_new = eff_fields_size(attributes);
    bool none = s->face.attributes.type == &eff_unit_type;
    if (!none) attributes = eff_fields_merge(eff_value_incref(s->face.attributes), attributes);
    if (eff_is_oom(attributes) || eff_fields_size(attributes) > EFF_SPAN_LIMIT) {
        s->face.n_dropped += n_new;
        eff_value_decref(attributes);
        return;
    }
    eff_value_decref(s->face.attributes);
    s->face.attributes = attributes;
}

/* Room for one more event; false when there is none. */
static bool reserve(struct span *s)
{
    if (s->face.n_events < s->capacity) return true;
    size_t n = s->face.n_events, capacity = s->capacity ? 2 * s->capacity : 4;
    if (n >= EFF_SPAN_LIMIT) return false;
    eff_span_event_t *events = eff__malloc(capacity * (sizeof *events + sizeof *s->names));
    if (!events) return false;
    eff_value_t *names = (eff_value_t *)(void *)(events + capacity);
    if (n > 0) {
        memcpy(events, s->events, n * sizeof *events);
        memcpy(names, s->names, n * sizeof *names);
    }
    eff__raw_free(s->events);
    s->face.events = s->events = events;
    s->names = names;
    s->capacity = capacity;
    return true;
}

void eff__span_add_event(const eff_fiber_t *f, eff_value_t name, eff_value_t fields)
{
    struct span *s = open_span(f);
    if (s && reserve(s)) {
        size_t i = s->face.n_events++;
        s->names[i] = name;
        s->events[i] = (eff_span_event_t){ eff_as_string(name), eff__clock_wall(f), fields };
        return;
    }
    if (s) s->face.n_dropped++;
    eff_value_decref(name);
    eff_value_decref(fields);
}

/* ---- reading */

const eff_span_t *eff_span_from(const eff_context_t *context)
{
    eff_value_t v = eff_context_get(context, &eff_span_tag);
    return v.type == &eff_span_type ? v.ptr : NULL;
}

const eff_span_t *eff_as_span(eff_value_t v)
{
    if (v.type == &eff_span_type) return v.ptr;
    if (v.type != &eff_unit_type) (void)eff__wrong_type(v, &eff_span_type);
    return NULL;
}

eff_value_t eff_span_value(const eff_span_t *span)
{
    return eff_value_incref((eff_value_t){ .type = &eff_span_type, .ptr = of(span) });
}

const char *eff_span_status_name(eff_span_status_t status)
{
    static const char *const names[] = { [EFF_SPAN_RUNNING] = "running",
                                         [EFF_SPAN_OK] = "ok",
                                         [EFF_SPAN_ERROR] = "error",
                                         [EFF_SPAN_INTERRUPTED] = "interrupted" };
    return (size_t)status < sizeof names / sizeof *names ? names[status] : "?";
}

/* ---- traceparent: https://www.w3.org/TR/trace-context/, 3.2 */

void eff_span_traceparent(const eff_span_t *span, char *ret_text)
{
    memcpy(ret_text, "00-", 3);
    memcpy(ret_text + 3, span->trace_id, 32);
    ret_text[35] = '-';
    memcpy(ret_text + 36, span->span_id, 16);
    memcpy(ret_text + 52, span->sampled ? "-01" : "-00", 4);
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Copies an id of n digits and a NUL; false when it is none. */
static bool read_id(const char *text, size_t n, char *ret_id)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (digit_of(text[i]) < 0) return false;
        any |= text[i] != '0';
        ret_id[i] = text[i];
    }
    ret_id[n] = '\0';
    return any;
}

static bool parse_traceparent(const char *text, eff_span_link_t *ret_ids, bool *ret_sampled)
{
    enum { LENGTH = EFF_TRACEPARENT_SIZE - 1 };
    if (strnlen(text, LENGTH) < LENGTH) return false;
    int version = digit_of(text[0]) < 0 || digit_of(text[1]) < 0 ? -1 : digit_of(text[0]) * 16 + digit_of(text[1]);
    if (version < 0 || version == 0xff) return false;
    /* Later versions may add parts. */
    if (text[LENGTH] && (version == 0 || text[LENGTH] != '-')) return false;
    if (text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
    if (digit_of(text[53]) < 0 || digit_of(text[54]) < 0) return false;
    *ret_sampled = digit_of(text[54]) & 1;
    return read_id(text + 3, 32, ret_ids->trace_id) && read_id(text + 36, 16, ret_ids->span_id);
}

eff_value_t eff__span_remote(const char *traceparent)
{
    eff_span_link_t ids;
    bool sampled;
    if (!parse_traceparent(traceparent, &ids, &sampled)) return (eff_value_t){ .type = NULL, .integer = 0 };
    struct span *s = eff__payload_alloc(&eff_span_type, sizeof *s);
    if (!s) return eff_oom_value();
    *s = (struct span){ .face = { .name = "", .remote = true, .sampled = sampled, .attributes = eff_unit },
                        .message = eff_unit };
    memcpy(s->face.trace_id, ids.trace_id, sizeof ids.trace_id);
    memcpy(s->face.span_id, ids.span_id, sizeof ids.span_id);
    return (eff_value_t){ .type = &eff_span_type, .ptr = s };
}
