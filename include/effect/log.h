/** @file
 * Logging: what a program says about itself while it runs.
 *
 *     EFF_AWAIT(eff_log_info("connected to %s", host));
 *     EFF_AWAIT(eff_log_info_with("connected", eff_field("host", host), eff_field("port", port)));
 *     e = eff_log_annotate(e, eff_field("request", id));      // in e, every message carries request=...
 *     e = eff_log_span(e, "sync");                            // ... and how long e has been running
 *     e = eff_on_error(e, tell, eff_unit);    // eff_log_cause(EFF_LOG_ERROR, eff_cause_incref(cause), "cannot sync")
 *     e = eff_log_level(e, EFF_LOG_DEBUG);    // in e, debug messages count too
 *
 * A message goes to the Logger service. That is a default tag: without anybody providing one it prints a line to stderr
 * through the Console, in colour on a terminal,
 *
 *     2026-03-01T12:00:00.250Z INFO  fiber 3: connected host=db.example.org port=5432
 *
 * in which control characters, line separators and invalid UTF-8 are escaped: no text that came from outside can forge
 * a line. The caller goes on when the line is out, so none is lost at the end of a program. Where stderr takes nothing
 * the caller waits, and interrupting it then cuts the line. Other formats, files, and writing in the background are
 * layers of logger.h, and change nothing of what is written here:
 *
 *     e = eff_provide(e, eff_logger_stderr(eff_log_format_json));
 *
 * Logging never fails its caller. When the Logger fails or dies, the message is lost and nothing else (only in a fiber
 * that is dying of a deadlock its failure is added to the cause); while it works, logging is off, so that a Logger
 * which logs does not call itself. (Building the effect may be out of memory, as with every builder.)
 */
#ifndef EFFECT_LOG_H
#define EFFECT_LOG_H

#include <effect/context.h>
#include <effect/field.h>

EFF_BEGIN_DECLS

/** How much a message matters, in ascending order. */
typedef enum eff_log_level {
    EFF_LOG_TRACE, /**< each step */
    EFF_LOG_DEBUG, /**< what helps to find a mistake */
    EFF_LOG_INFO,  /**< what an operator likes to see; the default minimum */
    EFF_LOG_WARN,  /**< it went on, but not as it should */
    EFF_LOG_ERROR, /**< something was not done */
    EFF_LOG_FATAL, /**< the program cannot go on; that it ends is its own affair */
    EFF_LOG_OFF    /**< as a minimum: no message passes */
} eff_log_level_t;

/** The minimum level, a default tag: an eff_int. Where nobody says one, it is that of the Logger (eff_logger_level), which
 *  is EFF_LOG_INFO if that has none. eff_log_level sets it for an effect; for a whole runtime, daemons included, add it to
 *  the context in its options. A layer is given the one around it only if it needs &eff_log_level_tag: mostly the Logger's
 *  is what is wanted, which comes along with &eff_logger_tag. */
EFF_API extern const eff_tag_t eff_log_level_tag;

/**
 * Logs a message. Shorter: eff_log_trace, eff_log_debug, eff_log_info, eff_log_warn, eff_log_error and eff_log_fatal,
 * which begin with the format.
 *
 * The text is made as the effect is built, since it refers to what is there then; so it costs a formatting even if the
 * level is off. Where that counts, hand over a value: eff_log_value.
 * - Success: with unit; at once when the level is below the minimum.
 * - Failure: none.
 * - Interruption: interrupts the Logger.
 *
 * @param site where it is composed; the macro fills it in
 * @param level of the message; EFF_LOG_OFF is a mistake
 * @param fmt as of printf
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_log_at(eff_site_t site, eff_log_level_t level, const char *fmt, ...) EFF_PRINTF(3, 4);
/**
 * Logs a message with fields: text that is always the same, and what is different each time beside it, so that a
 * program can look for both. Shorter: eff_log_info_with(message, ...) and its like for the other levels. Otherwise as
 * eff_log.
 *
 *     eff_log_info_with("connected", eff_field("host", host), eff_field("port", port))
 *
 * With a cause, a value or a format besides: eff_log_annotate(eff_log_cause(...), eff_field(...)).
 *
 * @param site where it is composed; the macro fills it in
 * @param level of the message; EFF_LOG_OFF is a mistake
 * @param message copied; no format
 * @param fields consumes; of eff_fields(): the macro makes them of its further arguments
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_log_with_at(eff_site_t site, eff_log_level_t level, const char *message,
                                            eff_value_t fields);
/**
 * Logs a value, as its type formats it. It is formatted by the Logger, so not at all when the level is off. Otherwise
 * as eff_log.
 *
 * @param site where it is composed; the macro fills it in
 * @param level of the message; EFF_LOG_OFF is a mistake
 * @consumes{v}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_log_value_at(eff_site_t site, eff_log_level_t level, eff_value_t v);
/**
 * Logs a message and the cause it is about. As text it comes below the message, as eff_cause_format has it, in lines
 * that are indented. Otherwise as eff_log.
 *
 * @param site where it is composed; the macro fills it in
 * @param level of the message; EFF_LOG_OFF is a mistake
 * @consumes{cause}
 * @param fmt as of printf
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_log_cause_at(eff_site_t site, eff_log_level_t level, eff_cause_t *cause,
                                             const char *fmt, ...) EFF_PRINTF(4, 5);

/**
 * Runs e with another minimum level: messages below it are not logged. It holds for the fibers that e forks too.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @param minimum EFF_LOG_TRACE: all messages; EFF_LOG_OFF: none
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_log_level_at(eff_site_t site, eff_t *e, eff_log_level_t minimum);
/**
 * Runs e with fields that all its messages carry: those of the fibers that it forks too, but for daemons. However e
 * ends, what comes after it is without them. Ends as e does.
 *
 *     e = eff_log_annotate(e, eff_field("user", name), eff_field("request", id));
 *
 * Of equal keys the innermost counts; what a message has itself counts more.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @param fields consumes; of eff_fields(): the macro makes them of its further arguments
 * @returns_new
 * @see eff_log_annotate_scoped, for what is known on the way only
 *
 * Standard name: annotateLogs (Effect), contextual logging (Go), mapped diagnostic context (log4j).
 */
EFF_API EFF_MUST_USE eff_t *eff_log_annotate_at(eff_site_t site, eff_t *e, eff_value_t fields);
/**
 * From here on, until the scope around it closes, all messages of this fiber carry the fields, and those of fibers it
 * forks: for straight-line code, which gets to know on its way what it is about.
 *
 *     EFF_AWAIT(eff_log_annotate_scoped(eff_field("user", s->user)));
 *
 * - Success: with unit, at once.
 *
 * @param site where it is composed; the macro fills it in
 * @param fields consumes; of eff_fields(): the macro makes them of its arguments
 * @returns_new
 *
 * Standard name: annotateLogsScoped (Effect).
 */
EFF_API EFF_MUST_USE eff_t *eff_log_annotate_scoped_at(eff_site_t site, eff_value_t fields);
/**
 * Runs e with a name and a stopwatch: its messages, and those of the fibers it forks, tell how long e had been running,
 * by the Clock: "[request 12ms]". They nest. Ends as e does.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @param name copied
 * @returns_new
 *
 * Standard name: withLogSpan (Effect), logSpan (ZIO).
 */
EFF_API EFF_MUST_USE eff_t *eff_log_span_at(eff_site_t site, eff_t *e, const char *name);

#define eff_log(...) eff_log_at(EFF_SITE, __VA_ARGS__)
#define eff_log_with(level, message, ...) eff_log_with_at(EFF_SITE, (level), (message), eff_fields(__VA_ARGS__))
#define eff_log_value(...) eff_log_value_at(EFF_SITE, __VA_ARGS__)
#define eff_log_cause(...) eff_log_cause_at(EFF_SITE, __VA_ARGS__)
#define eff_log_level(...) eff_log_level_at(EFF_SITE, __VA_ARGS__)
#define eff_log_annotate(e, ...) eff_log_annotate_at(EFF_SITE, (e), eff_fields(__VA_ARGS__))
#define eff_log_annotate_scoped(...) eff_log_annotate_scoped_at(EFF_SITE, eff_fields(__VA_ARGS__))
#define eff_log_span(...) eff_log_span_at(EFF_SITE, __VA_ARGS__)
/** eff_log() at EFF_LOG_TRACE. @param ... fmt and its arguments @returns_new */
#define eff_log_trace(...) eff_log_at(EFF_SITE, EFF_LOG_TRACE, __VA_ARGS__)
/** eff_log() at EFF_LOG_DEBUG. @param ... fmt and its arguments @returns_new */
#define eff_log_debug(...) eff_log_at(EFF_SITE, EFF_LOG_DEBUG, __VA_ARGS__)
/** eff_log() at EFF_LOG_INFO. @param ... fmt and its arguments @returns_new */
#define eff_log_info(...) eff_log_at(EFF_SITE, EFF_LOG_INFO, __VA_ARGS__)
/** eff_log() at EFF_LOG_WARN. @param ... fmt and its arguments @returns_new */
#define eff_log_warn(...) eff_log_at(EFF_SITE, EFF_LOG_WARN, __VA_ARGS__)
/** eff_log() at EFF_LOG_ERROR. @param ... fmt and its arguments @returns_new */
#define eff_log_error(...) eff_log_at(EFF_SITE, EFF_LOG_ERROR, __VA_ARGS__)
/** eff_log() at EFF_LOG_FATAL. @param ... fmt and its arguments @returns_new */
#define eff_log_fatal(...) eff_log_at(EFF_SITE, EFF_LOG_FATAL, __VA_ARGS__)
/** eff_log_with() at EFF_LOG_TRACE. @param message copied @param ... fields, at least one @returns_new */
#define eff_log_trace_with(message, ...) eff_log_with(EFF_LOG_TRACE, (message), __VA_ARGS__)
/** eff_log_with() at EFF_LOG_DEBUG. @param message copied @param ... fields, at least one @returns_new */
#define eff_log_debug_with(message, ...) eff_log_with(EFF_LOG_DEBUG, (message), __VA_ARGS__)
/** eff_log_with() at EFF_LOG_INFO. @param message copied @param ... fields, at least one @returns_new */
#define eff_log_info_with(message, ...) eff_log_with(EFF_LOG_INFO, (message), __VA_ARGS__)
/** eff_log_with() at EFF_LOG_WARN. @param message copied @param ... fields, at least one @returns_new */
#define eff_log_warn_with(message, ...) eff_log_with(EFF_LOG_WARN, (message), __VA_ARGS__)
/** eff_log_with() at EFF_LOG_ERROR. @param message copied @param ... fields, at least one @returns_new */
#define eff_log_error_with(message, ...) eff_log_with(EFF_LOG_ERROR, (message), __VA_ARGS__)
/** eff_log_with() at EFF_LOG_FATAL. @param message copied @param ... fields, at least one @returns_new */
#define eff_log_fatal_with(message, ...) eff_log_with(EFF_LOG_FATAL, (message), __VA_ARGS__)

/**
 * The name of a level, in capitals: "INFO".
 *
 * @param level of a message or a minimum
 * @return static; "?" when it is no level
 */
EFF_API const char *eff_log_level_name(eff_log_level_t level);
/**
 * The level of a name: for options and configuration.
 *
 * @param name "info", "INFO", "off"; borrows; "warning" is a WARN; NULL is no level
 * @param ret_level the level; unchanged when it is none
 * @return whether it is a level's name
 */
EFF_API bool eff_log_level_parse(const char *name, eff_log_level_t *ret_level);

EFF_END_DECLS
#endif
