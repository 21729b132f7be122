/** @file
 * Logging: what a program says about itself while it runs.
 *
 *     EFF_AWAIT(eff_log_info("connected to %s", host));
 *     e = eff_on_error(e, tell, eff_unit);    // eff_log_cause(EFF_LOG_ERROR, eff_cause_incref(cause), "cannot sync")
 *     e = eff_log_level(e, EFF_LOG_DEBUG);    // in e, debug messages count too
 *
 * A message goes to the Logger service. That is a default tag: without anybody providing one it prints a line to stderr
 * through the Console,
 *
 *     2026-03-01T12:00:00.250Z INFO  fiber 3: connected to db.example.org
 *
 * in which control characters, line separators and invalid UTF-8 are escaped: no text that came from outside can forge
 * a line. The caller goes on when the line is out, so none is lost at the end of a program. Where stderr takes nothing
 * the caller waits, and interrupting it then cuts the line.
 *
 * Logging never fails its caller. When the Logger fails or dies, the message is lost and nothing else (only in a fiber that
 * is dying of a deadlock its failure is added to the cause); while it works, logging is off, so that a Logger which logs
 * does not call itself. (Building the effect may be out of memory, as with
 * every builder.)
 */
#ifndef EFFECT_LOG_H
#define EFFECT_LOG_H

#include <effect/duration.h>
#include <effect/service.h>

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

/** One message on its way to a Logger. Later versions may add fields at the end. */
typedef struct eff_log_record {
    eff_log_level_t level;    /**< never EFF_LOG_OFF */
    eff_instant_t time;       /**< since 1970-01-01 00:00 UTC; under a TestClock, its virtual time */
    uint64_t fiber;           /**< the id of the fiber that logs */
    eff_value_t message;      /**< as it was given: a string, unless it came from eff_log_value; not escaped */
    const eff_cause_t *cause; /**< of eff_log_cause; else NULL */
    eff_site_t site;          /**< where the effect was composed; may be NULL */
} eff_log_record_t;

/** The Logger service. To write one, put it in a struct with what it works on; see EFF_CONTAINER_OF. */
typedef struct eff_logger eff_logger_t;
struct eff_logger {
    size_t size; /**< sizeof(eff_logger_t): tells the library which operations there are */
    /**
     * Builds the effect that logs. What it ends with is dropped; interrupting the caller interrupts it.
     *
     * @param logger borrowed until the effect has ended
     * @param record borrowed until the effect has ended; of the level in effect or above
     * @returns_new
     */
    eff_t *(*log)(eff_logger_t *logger, const eff_log_record_t *record);
};

/** What service.h generates: eff_logger_tag, eff_logger_with, eff_logger_from, eff_logger_provide,
 *  eff_logger_provide_value, eff_logger_value; eff_logger__use is for these. */
EFF_DECLARE_API_SERVICE(EFF_API, eff_logger, eff_logger_t);
/** Runs what use makes of the Logger.
 *  @param ... use, an `eff_t *(*)(eff_logger_t *, eff_value_t env)`, and env, consumed: as NAME_with of service.h
 *  @returns_new */
#define eff_logger_with(...) eff_logger_with_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
/** Runs an effect with this Logger.
 *  @param ... the effect, consumed, and a `eff_logger_t *`, borrowed until it has ended @returns_new */
#define eff_logger_provide(...) eff_logger_provide_at(EFF_SITE, __VA_ARGS__)
/** Runs an effect with this Logger. @param ... the effect and the service as a value, both consumed @returns_new */
#define eff_logger_provide_value(...) eff_logger_provide_value_at(EFF_SITE, __VA_ARGS__)

/** The minimum level, a default tag: an eff_int, EFF_LOG_INFO by default. eff_log_level overrides it for an effect; to
 *  have it for a whole runtime, daemons included, add it to the context in its options. */
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
 * @param level of the message; EFF_LOG_OFF is a mistake
 * @param fmt as of printf
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_log_at(eff_site_t site, eff_log_level_t level, const char *fmt, ...) EFF_PRINTF(3, 4);
/**
 * Logs a value, as its type formats it. It is formatted by the Logger, so not at all when the level is off. Otherwise
 * as eff_log.
 *
 * @param level of the message; EFF_LOG_OFF is a mistake
 * @consumes{v}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_log_value_at(eff_site_t site, eff_log_level_t level, eff_value_t v);
/**
 * Logs a message and the cause it is about. The default Logger adds the cause as eff_cause_format has it, in lines that
 * are indented. Otherwise as eff_log.
 *
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
 * @consumes{e}
 * @param minimum EFF_LOG_TRACE: all messages; EFF_LOG_OFF: none
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_log_level_at(eff_site_t site, eff_t *e, eff_log_level_t minimum);

#define eff_log(...) eff_log_at(EFF_SITE, __VA_ARGS__)
#define eff_log_value(...) eff_log_value_at(EFF_SITE, __VA_ARGS__)
#define eff_log_cause(...) eff_log_cause_at(EFF_SITE, __VA_ARGS__)
#define eff_log_level(...) eff_log_level_at(EFF_SITE, __VA_ARGS__)
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

/**
 * The name of a level, in capitals: "INFO".
 *
 * @param level of a message or a minimum
 * @return static; "?" when it is no level
 */
EFF_API const char *eff_log_level_name(eff_log_level_t level);
/**
 * The line that the default Logger prints, without the line's end: for Loggers of your own that write elsewhere.
 * With a cause it is several lines, of which all but the first begin with four spaces.
 *
 * @borrows{record}
 * @param out what the line is added to
 */
EFF_API void eff_log_format(const eff_log_record_t *record, eff_buffer_t *out);

EFF_END_DECLS
#endif
