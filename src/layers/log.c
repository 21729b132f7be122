/* The instructions that log, and what they hand to the Logger.
 *
 * eff_log looks at the level first, so that a message nobody wants costs what its text cost to make. One that passes
 * becomes a record, and this effect, in which nothing that the Logger does can reach the caller:
 *
 *     ignoring every cause (locally(a Logger at work: true, logger.log(record)))
 *
 * While a Logger is at work nothing is logged, so one that logs does not call itself.
 */
#include <effect/logger.h>
#include <effect/tracer.h>

#include <string.h>
#include <strings.h>

#include "core/build.h"
#include "core/context.h"
#include "core/field.h"
#include "core/misuse.h"
#include "layers/log_line.h"
#include "layers/log_record.h"
#include "layers/span.h"
#include "runtime/clock.h"
#include "runtime/prim.h"
#include "runtime/rare.h"

enum {
    MOST_SPANS = 16,    /* of those around a message, its record has so many: the innermost */
    MOST_ANCESTORS = 64 /* so many fibers above are asked for a name */
};

static const char *const level_names[] = {
    [EFF_LOG_TRACE] = "TRACE", [EFF_LOG_DEBUG] = "DEBUG", [EFF_LOG_INFO] = "INFO", [EFF_LOG_WARN] = "WARN",
    [EFF_LOG_ERROR] = "ERROR", [EFF_LOG_FATAL] = "FATAL", [EFF_LOG_OFF] = "OFF",
};

const char *eff_log_level_name(eff_log_level_t level)
{
    size_t n = sizeof level_names / sizeof *level_names;
    return (size_t)level < n ? level_names[level] : "?";
}

bool eff_log_level_parse(const char *name, eff_log_level_t *ret_level)
{
    if (name && strcasecmp(name, "warning") == 0) name = "WARN";
    for (size_t i = 0; name && i < sizeof level_names / sizeof *level_names; i++) {
        if (strcasecmp(name, level_names[i]) != 0) continue;
        *ret_level = (eff_log_level_t)i;
        return true;
    }
    return false;
}

static eff_value_t default_level(void)
{
    return eff_int(EFF_LOG_INFO);
}
const eff_tag_t eff_log_level_tag = { "log level", default_level };

/* ---- handing a record to the Logger */

static eff_t *hand_over(eff_logger_t *logger, eff_value_t record)
{
    return logger->log(logger, eff__log_record_of(record));
}

static eff_value_t not_logging(void)
{
    return eff_bool(false);
}
const eff_tag_t eff__logging_tag = { NULL, not_logging };

/* The effect that has the record logged, whatever comes of it. Consumes record; out of memory, that effect. */
static eff_t *logged(eff_value_t record)
{
    eff_t *e = eff_logger_with_at(NULL, hand_over, record);
    e = eff_locally_at(NULL, e, &eff__logging_tag, eff_bool(true));
    return eff_ignore_cause_at(NULL, e);
}

/* ---- the instruction: one prim for each level, whose value is the message and whose handle, if any, the cause */

/* A message with fields of its own; without any it is the message's value itself. */
struct message {
    eff_value_t value, fields;
};
static void message_clear(struct message *m)
{
    eff_value_decref(m->value);
    eff_value_decref(m->fields);
}
EFF_STATIC_TYPE(message, struct message, .drop = message_clear);

static int log_run(eff_fiber_t *f, eff_t *e, bool alone);
static const struct eff__prim log_prims[] = {
    [EFF_LOG_TRACE] = { "log_trace", log_run }, [EFF_LOG_DEBUG] = { "log_debug", log_run },
    [EFF_LOG_INFO] = { "log_info", log_run },   [EFF_LOG_WARN] = { "log_warn", log_run },
    [EFF_LOG_ERROR] = { "log_error", log_run }, [EFF_LOG_FATAL] = { "log_fatal", log_run },
};
enum { N_LEVELS = sizeof log_prims / sizeof *log_prims };

/* That of an eff_log_level, or of the Logger. */
static int64_t minimum(const eff_context_t *context)
{
    if (eff__context_has(context, &eff_log_level_tag)) return eff_as_int(eff_context_get(context, &eff_log_level_tag));
    const eff_logger_t *logger = eff_logger_from(context);
    int level = logger ? eff__logger_level(logger) : -1;
    return level < 0 ? EFF_LOG_INFO : level;
}

/* Whether a message of this level passes. Not when there was no memory for the context: then there is no Logger. */
static bool passes(const eff_fiber_t *f, eff_log_level_t level)
{
    if (!f->context) return level >= EFF_LOG_INFO;
    if (eff__context_is_oom(f->context) || (int64_t)level < minimum(f->context)) return false;
    return !eff_as_bool(eff_context_get(f->context, &eff__logging_tag));
}

/* What the message is annotated with and has itself; new. Without memory, nothing: the message counts for more. */
static eff_value_t fields_of(const eff_fiber_t *f, const eff_t *e)
{
    eff_value_t around = eff__log_annotations(f), v = e->prim.value;
    eff_value_t own = v.type == &message_type ? eff_value_incref(message_of(v)->fields) : eff_unit;
    bool both = around.type == &eff_fields_type && own.type == &eff_fields_type;
    eff_value_t all = both ? eff_fields_merge(around, own) : own.type == &eff_unit_type ? around : own;
    return all.type == &eff_fields_type ? all : eff_unit;
}

static const char *name_above(const eff_fiber_t *f)
{
    const char *name = NULL;
    for (int i = 0; !name && i < MOST_ANCESTORS && (f = f->parent); i++)
        name = eff__fiber_name(f);
    return name;
}

/* New; NULL when out of memory. */
static const eff_log_record_t *record_of(const eff_fiber_t *f, const eff_t *e)
{
    eff_log_span_t spans[MOST_SPANS];
    eff_value_t v = e->prim.value, fields = fields_of(f, e);
    eff_log_record_t r = { .level = (eff_log_level_t)(e->prim.prim - log_prims),
                           .time = eff__clock_wall(f),
                           .fiber = f->id,
                           .message = v.type == &message_type ? message_of(v)->value : v,
                           .cause = e->prim.handle,
                           .site = e->site,
                           .fiber_name = eff__fiber_name(f),
                           .spans = spans };
    const eff_span_t *span = eff__span_of(f);
    if (span) r.trace_id = span->trace_id, r.span_id = span->span_id;
    if (!r.fiber_name) r.fiber_ancestor = name_above(f);
    r.fields = eff__fields_list(fields, &r.n_fields);
    r.n_spans = eff__log_spans(f, MOST_SPANS, spans);
    const eff_log_record_t *record = eff__log_record_new(&r);
    eff_value_decref(fields);
    return record;
}

static int log_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    if (!passes(f, (eff_log_level_t)(e->prim.prim - log_prims))) return eff__prim_value(f, eff_unit);

    const eff_logger_t *logger = eff_logger_from(f->context ? f->context : eff_context_empty());
    if (!logger || logger->size < offsetof(eff_logger_t, log) + sizeof logger->log || !logger->log) {
        eff__misuse("the Logger in effect does not say .size = sizeof(eff_logger_t), or has no .log");
        return eff__prim_value(f, eff_unit);
    }
    const eff_log_record_t *r = record_of(f, e);
    eff_t *logging = r ? logged(eff__log_record_value(r)) : NULL;
    if (!eff__effect_usable(logging)) return eff__prim_value(f, eff_unit);
    return eff__prim_effect(f, logging);
}

/* ---- builders */

static bool is_level(eff_log_level_t level)
{
    return (size_t)level < N_LEVELS;
}

static eff_t *log_node(eff_site_t site, const char *builder, eff_log_level_t level, eff_value_t message)
{
    if (!eff__value_usable(message)) return eff__refuse_call(site, builder, true, message);
    if (is_level(level)) return eff__prim_node_plain(site, &log_prims[level], message);
    eff_value_decref(message);
    return eff__mistake_at(site, "%s was given %d, which is no level of a message", builder, (int)level);
}

eff_t *eff_log_at(eff_site_t site, eff_log_level_t level, const char *fmt, ...)
{
    if (!fmt) return eff__refuse_null(site, "eff_log", 2, eff_noop(), eff_unit);
    va_list args;
    va_start(args, fmt);
    eff_value_t message = eff__vprintf("eff_log", fmt, args);
    va_end(args);
    return log_node(site, "eff_log", level, message);
}

eff_t *eff_log_with_at(eff_site_t site, eff_log_level_t level, const char *message, eff_value_t fields)
{
    if (!message) return eff__refuse_null(site, "eff_log_with", 2, eff_noop(), fields);
    if (eff__value_usable(fields) && fields.type != &eff_fields_type) {
        eff_value_decref(fields);
        return eff__mistake_at(site, "eff_log_with was given what is no fields: see eff_fields");
    }
    if (!eff__value_usable(fields)) return eff__refuse_call(site, "eff_log_with", true, fields);
    eff_value_t text = eff_string(message);
    if (!eff__value_usable(text)) {
        eff_value_decref(fields);
        return eff__refuse_call(site, "eff_log_with", true, text);
    }
    return log_node(site, "eff_log_with", level, EFF_ENV(message, .value = text, .fields = fields));
}

eff_t *eff_log_value_at(eff_site_t site, eff_log_level_t level, eff_value_t v)
{
    return log_node(site, "eff_log_value", level, v);
}

eff_t *eff_log_cause_at(eff_site_t site, eff_log_level_t level, eff_cause_t *cause, const char *fmt, ...)
{
    if (!cause || !fmt) {
        eff_cause_decref(cause);
        return eff__refuse_null(site, "eff_log_cause", cause ? 3 : 2, eff_noop(), eff_unit);
    }
    va_list args;
    va_start(args, fmt);
    eff_value_t message = eff__vprintf("eff_log_cause", fmt, args);
    va_end(args);
    eff_t *e = log_node(site, "eff_log_cause", level, message);
    if (e->op == EFF__OP_PRIM) e->prim.handle = cause;
    else eff_cause_decref(cause);
    return e;
}

eff_t *eff_log_level_at(eff_site_t site, eff_t *e, eff_log_level_t minimum)
{
    if (!e) return eff__refuse_null(site, "eff_log_level", 1, NULL, eff_unit);
    return eff_locally_at(site, e, &eff_log_level_tag, eff_int(minimum));
}
