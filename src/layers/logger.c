/* Logger: messages of enough level, as lines on stderr or wherever the program wants them.
 *
 * eff_log is an instruction that looks at the level first, so that a message nobody wants costs what its text cost to
 * make. One that passes becomes a record, and this effect, in which nothing that the Logger does can reach the caller:
 *
 *     ignoring every cause (locally(log level: off, logger.log(record)))
 *
 * A Logger that logs does so with the level off, so it cannot call itself.
 */
#include <effect/log.h>

#include <string.h>
#include <time.h>

#include <effect/console.h>

#include "core/build.h"
#include "core/context.h"
#include "core/misuse.h"
#include "core/sink.h"
#include "runtime/clock.h"
#include "runtime/prim.h"

enum { NS_PER_MS = 1000000, MS_PER_S = 1000 };

static const char *const level_names[] = {
    [EFF_LOG_TRACE] = "TRACE", [EFF_LOG_DEBUG] = "DEBUG", [EFF_LOG_INFO] = "INFO", [EFF_LOG_WARN] = "WARN",
    [EFF_LOG_ERROR] = "ERROR", [EFF_LOG_FATAL] = "FATAL", [EFF_LOG_OFF] = "OFF",
};

const char *eff_log_level_name(eff_log_level_t level)
{
    size_t n = sizeof level_names / sizeof *level_names;
    return (size_t)level < n ? level_names[level] : "?";
}

/* ---- the line */

/* "2026-03-01T12:00:00.250Z" */
static void add_time(struct eff__sink *s, eff_instant_t t)
{
    int64_t ms = t.ns / NS_PER_MS, in_second = (ms % MS_PER_S + MS_PER_S) % MS_PER_S;
    time_t seconds = (time_t)((ms - in_second) / MS_PER_S);
    struct tm day;
    if (!gmtime_r(&seconds, &day)) return;
    eff__sink_printf(s, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday,
                     day.tm_hour, day.tm_min, day.tm_sec, (int)in_second);
}

/* The cause on lines of its own, indented. Its text is escaped already: the newlines in it are its own. */
static void add_cause(struct eff__sink *s, const eff_cause_t *cause)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(cause, &text);
    for (const char *line = eff_buffer_text(&text); line;) {
        const char *end = strchr(line, '\n');
        eff__sink_add(s, "\n    ");
        eff__sink_add_n(s, line, end ? (size_t)(end - line) : strlen(line));
        line = end ? end + 1 : NULL;
    }
    if (text.truncated) eff__sink_add(s, " [cut: out of memory]");
    eff_buffer_done(&text);
}

void eff_log_format(const eff_log_record_t *record, eff_buffer_t *out)
{
    struct eff__sink sink = { .buffer = out };
    add_time(&sink, record->time);
    eff__sink_printf(&sink, " %-5s fiber %llu: ", eff_log_level_name(record->level), (unsigned long long)record->fiber);
    eff__sink_value(&sink, record->message, SIZE_MAX);
    if (record->cause) add_cause(&sink, record->cause);
}

/* ---- the default Logger: the line, to the Console in effect */

/* What is left of a line that there was no memory for: it ends in a mark, which takes the place of what stood there. */
static eff_value_t cut_line(const eff_buffer_t *line)
{
    static const char mark[] = " [cut: out of memory]";
    if (line->size < sizeof mark) return eff_literal(mark + 1);
    size_t at = line->size - (sizeof mark - 1);
    while (at > 0 && ((unsigned char)line->text[at] & 0xc0) == 0x80)
        at--; /* not inside a character of UTF-8 */
    memcpy(line->text + at, mark, sizeof mark);
    return eff_string_n(line->text, at + sizeof mark - 1);
}

static eff_t *line_log(eff_logger_t *logger, const eff_log_record_t *record)
{
    (void)logger;
    eff_buffer_t line = EFF_BUFFER_INIT;
    eff_log_format(record, &line);
    eff_value_t text = line.truncated ? cut_line(&line) : eff_string_n(eff_buffer_text(&line), line.size);
    eff_buffer_done(&line);
    return eff_print_error_line_at(NULL, text);
}

static eff_logger_t line_logger = { .size = sizeof(eff_logger_t), .log = line_log };

EFF_DEFINE_DEFAULT_SERVICE_(eff_logger, "logger", eff_logger_t, &line_logger);

static eff_value_t default_level(void)
{
    return eff_int(EFF_LOG_INFO);
}
const eff_tag_t eff_log_level_tag = { "log level", default_level };

/* ---- handing a record to the Logger */

static void record_drop(void *payload)
{
    const eff_log_record_t *r = payload;
    eff_value_decref(r->message);
    eff_cause_decref(r->cause);
}

static void record_format(const void *payload, eff_buffer_t *out)
{
    eff_log_format(payload, out);
}

static const eff_type_t record_type = {
    .size = sizeof(eff_log_record_t),
    .name = "log record",
    .drop = record_drop,
    .format = record_format,
    .flags = EFF_TYPE_COUNTED,
};

static eff_t *hand_over(eff_logger_t *logger, eff_value_t record)
{
    return logger->log(logger, record.ptr);
}

/* Whether a Logger is at work in this fiber: then nothing is logged, so that one which logs does not call itself. A tag
 * of its own, which no user can set, as the level can be. */
static eff_value_t not_logging(void)
{
    return eff_bool(false);
}
static const eff_tag_t logging_tag = { "a Logger at work", not_logging };

/* The effect that has the record logged, whatever comes of it. Consumes record; out of memory, that effect. */
static eff_t *logged(eff_value_t record)
{
    eff_t *e = eff_logger_with_at(NULL, hand_over, record);
    e = eff_locally_at(NULL, e, &logging_tag, eff_bool(true));
    return eff_ignore_cause_at(NULL, e);
}

/* ---- the instruction: one prim for each level, whose value is the message and whose handle, if any, the cause */

static int log_run(eff_fiber_t *f, eff_t *e, bool alone);
static const struct eff__prim log_prims[] = {
    [EFF_LOG_TRACE] = { "log_trace", log_run }, [EFF_LOG_DEBUG] = { "log_debug", log_run },
    [EFF_LOG_INFO] = { "log_info", log_run },   [EFF_LOG_WARN] = { "log_warn", log_run },
    [EFF_LOG_ERROR] = { "log_error", log_run }, [EFF_LOG_FATAL] = { "log_fatal", log_run },
};
enum { N_LEVELS = sizeof log_prims / sizeof *log_prims };

/* Whether a message of this level passes. Not when there was no memory for the context: then there is no Logger. */
static bool passes(const eff_fiber_t *f, eff_log_level_t level)
{
    if (!f->context) return level >= EFF_LOG_INFO;
    eff_value_t minimum = eff_context_get(f->context, &eff_log_level_tag);
    if (!eff_is_oom(minimum) && eff_as_bool(eff_context_get(f->context, &logging_tag))) return false;
    return !eff_is_oom(minimum) && (int64_t)level >= eff_as_int(minimum);
}

static int log_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_log_level_t level = (eff_log_level_t)(e->prim.prim - log_prims);
    if (!passes(f, level)) return eff__prim_value(f, eff_unit);

    const eff_logger_t *logger = f->context ? eff_logger_from(f->context) : &line_logger;
    if (!logger || logger->size < offsetof(eff_logger_t, log) + sizeof logger->log || !logger->log) {
        eff__misuse("the Logger in effect does not say .size = sizeof(eff_logger_t), or has no .log");
        return eff__prim_value(f, eff_unit);
    }
    eff_log_record_t *r = eff__payload_alloc(&record_type, sizeof *r);
    if (!r) return eff__prim_value(f, eff_unit);
    eff_clock_t *clock = eff__clock_of(f);
    *r = (eff_log_record_t){ .level = level,
                             .time = { clock->wall(clock) },
                             .fiber = f->id,
                             .message = eff__prim_take_value(e, alone),
                             .cause = e->prim.handle ? eff__prim_take_handle(e, alone) : NULL,
                             .site = e->site };
    eff_t *logging = logged((eff_value_t){ .type = &record_type, .ptr = r });
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
