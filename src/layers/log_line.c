/* Loggers of lines: formatting, and the notice of what was lost. */
#include "layers/log_line.h"

#include <string.h>

#include "core/build.h"
#include "layers/log_record.h"
#include "runtime/clock.h"

static const char mark[] = " [cut: out of memory]";

/* What is left of a line that there was no memory for: it ends in a mark, which takes the place of what stood there. */
static eff_value_t cut_line(const eff_buffer_t *line)
{
    if (line->size < sizeof mark) return eff_literal(mark + 1);
    size_t at = line->size - (sizeof mark - 1);
    while (at > 0 && ((unsigned char)line->text[at] & 0xc0) == 0x80)
        at--; /* not inside a character of UTF-8 */
    memcpy(line->text + at, mark, sizeof mark);
    return eff_string_n(line->text, at + sizeof mark - 1);
}

/* A part of a line in these formats would be none. */
static eff_value_t without_memory(eff_log_format_fn format, const eff_buffer_t *line)
{
    if (format == eff_log_format_json) return eff_literal("{\"level\":\"ERROR\",\"message\":\"[cut: out of memory]\"}");
    if (format == eff_log_format_logfmt) return eff_literal("level=ERROR msg=\"[cut: out of memory]\"");
    return cut_line(line);
}

eff_value_t eff__log_line(eff_log_format_fn format, const eff_log_record_t *record)
{
    eff_buffer_t line = EFF_BUFFER_INIT;
    format(record, &line);
    eff_value_t text = line.truncated ? without_memory(format, &line) : eff_string_n(eff_buffer_text(&line), line.size);
    eff_buffer_done(&line);
    return text;
}

const eff_log_record_t *eff__log_notice(uint64_t n_lost, const char *why)
{
    const eff_fiber_t *f = eff__running ? eff__running->current : NULL;
    eff_field_t fields[] = { { "lost", eff_int((int64_t)n_lost) }, { "why", why ? eff_string(why) : eff_unit } };
    eff_log_record_t r = { .level = EFF_LOG_WARN,
                           .message = eff_literal(n_lost == 1 ? "a message of the log was lost"
                                                              : "messages of the log were lost"),
                           .n_fields = why ? 2 : 1,
                           .fields = fields };
    if (f) {
        r.time = eff__clock_wall(f);
        r.fiber = f->id;
    }
    const eff_log_record_t *notice = eff_is_oom(fields[1].value) ? NULL : eff__log_record_new(&r);
    eff_value_decref(fields[1].value);
    return notice;
}

eff_t *eff__line_log(eff_logger_t *logger, const eff_log_record_t *record)
{
    struct eff__line_logger *l = eff__line_logger_of(logger);
    eff_value_t line = eff__log_line(l->format, record);
    if (!eff__value_usable(line)) return eff_out_of_memory();
    return l->ops->write(l, line, 1, false);
}

eff_t *eff__line_reopen(eff_logger_t *logger)
{
    struct eff__line_logger *l = eff__line_logger_of(logger);
    return l->ops->reopen ? l->ops->reopen(l) : eff_noop();
}

/* ---- operations that a Logger may lack */

#define HAS(logger, op) ((logger)->size >= offsetof(eff_logger_t, op) + sizeof((logger)->op) && (logger)->op != NULL)

eff_t *eff__logger_log(eff_logger_t *logger, const eff_log_record_t *record)
{
    return HAS(logger, log) ? logger->log(logger, record) : eff_noop();
}

eff_t *eff__logger_flush(eff_logger_t *logger)
{
    return HAS(logger, flush) ? logger->flush(logger) : eff_noop();
}

eff_t *eff__logger_reopen(eff_logger_t *logger)
{
    return HAS(logger, reopen) ? logger->reopen(logger) : eff_noop();
}

int eff__logger_level(const eff_logger_t *logger)
{
    return HAS(logger, level) ? (int)logger->level(logger) : -1;
}

static eff_t *flush(eff_logger_t *logger, eff_value_t env)
{
    (void)env;
    return eff__logger_flush(logger);
}

eff_t *eff_logger_flush_at(eff_site_t site)
{
    return eff_logger_with_at(site, flush, eff_unit);
}

static eff_t *reopen(eff_logger_t *logger, eff_value_t env)
{
    (void)env;
    return eff__logger_reopen(logger);
}

eff_t *eff_logger_reopen_at(eff_site_t site)
{
    return eff_logger_with_at(site, reopen, eff_unit);
}
