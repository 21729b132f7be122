/* Loggers of lines: a format, and where the text goes. Those that write in the background (log_batch.c) format on the
 * caller's turn and write many lines at a time, so they have to see both halves. */
#ifndef EFF_LAYERS_LOG_LINE_H
#define EFF_LAYERS_LOG_LINE_H

#include <effect/logger.h>

#include "runtime/runtime.h"

struct eff__line_logger;

struct eff__line_ops {
    /* Builds the effect that writes the lines of n messages, at once or not at all. It ends when they are out, whatever
     * became of them: it fails, of no memory, only when nothing was written, nor counted as lost. `in_background`: nobody
     * waits but the one fiber that does nothing else. Consumes text: a string, without the end of its last line. */
    eff_t *(*write)(struct eff__line_logger *l, eff_value_t text, uint64_t n, bool in_background);
    /* Writes what goes without waiting, as the process or the runtime ends: plain C. Returns whether all went. NULL: it
     * cannot. */
    bool (*write_now)(struct eff__line_logger *l, const char *text, size_t n);
    /* Builds the effect that opens anew what is written to. NULL: nothing is open. */
    eff_t *(*reopen)(struct eff__line_logger *l);
};

/* A Logger of lines is a value that begins with this. */
struct eff__line_logger {
    eff_logger_t logger; /* first: what the service is. Its log is eff__line_log */
    const struct eff__line_ops *ops;
    eff_log_format_fn format;
};

/* Of Loggers to stderr, which is the Console's. */
extern const struct eff__line_ops eff__stderr_ops;
/* Whether the running fiber's Console is the live one, and not somebody's own. */
bool eff__console_is_live(void);

eff_t *eff__line_log(eff_logger_t *logger, const eff_log_record_t *record);
eff_t *eff__line_reopen(eff_logger_t *logger);

/* What the service of such a Logger begins with. */
static inline eff_logger_t eff__line_service(void)
{
    return (eff_logger_t){ .size = sizeof(eff_logger_t), .log = eff__line_log, .reopen = eff__line_reopen };
}

/* NULL when it is another kind of Logger. */
static inline struct eff__line_logger *eff__line_logger_of(eff_logger_t *logger)
{
    return logger->log == eff__line_log ? (struct eff__line_logger *)(void *)logger : NULL;
}

/* The record in this format: a string without the line's end. When there was no memory for all of it, it says so. */
eff_value_t eff__log_line(eff_log_format_fn format, const eff_log_record_t *record);

/* What tells of messages that are lost: "3 messages of the log were lost", and why, which may be NULL. Of the running
 * fiber. Returns new; NULL when out of memory. */
const eff_log_record_t *eff__log_notice(uint64_t n_lost, const char *why);

/* ---- operations of any Logger, those that it has: the effect, or one that does nothing */

eff_t *eff__logger_log(eff_logger_t *logger, const eff_log_record_t *record);
eff_t *eff__logger_flush(eff_logger_t *logger);
eff_t *eff__logger_reopen(eff_logger_t *logger);
/* The level that it says it has; -1: none. */
int eff__logger_level(const eff_logger_t *logger);

#endif
