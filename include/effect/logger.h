/** @file
 * Loggers: what becomes of the messages of log.h, for those who configure or write one.
 *
 *     e = eff_provide(e, eff_logger_stderr(eff_log_format_json));
 *
 * To write one, put the service in a struct with what it works on, and provide it:
 *
 *     static eff_t *count_errors(eff_logger_t *logger, const eff_log_record_t *record)
 *     {
 *         struct counting *c = EFF_CONTAINER_OF(logger, struct counting, logger);
 *         if (record->level >= EFF_LOG_ERROR) c->n_errors++;
 *         return eff_noop();
 *     }
 *     struct counting mine = { .logger = { .size = sizeof(eff_logger_t), .log = count_errors } };
 *     e = eff_logger_provide(e, &mine.logger);
 */
#ifndef EFFECT_LOGGER_H
#define EFFECT_LOGGER_H

#include <effect/layer.h>
#include <effect/log.h>

EFF_BEGIN_DECLS

/** A name of eff_log_span around a message, and how long that had been running. */
typedef struct eff_log_span {
    const char *name;       /**< borrowed from the record */
    eff_duration_t elapsed; /**< by the Clock */
} eff_log_span_t;

/** One message on its way to a Logger. Text in it is not escaped. What it points at lives as long as it does. Later
 *  versions may add fields at the end. */
typedef struct eff_log_record {
    eff_log_level_t level;       /**< never EFF_LOG_OFF */
    eff_instant_t time;          /**< since 1970-01-01 00:00 UTC; under a TestClock, its virtual time */
    uint64_t fiber;              /**< the id of the fiber that logs */
    eff_value_t message;         /**< as it was given: a string, unless it came from eff_log_value */
    const eff_cause_t *cause;    /**< of eff_log_cause; else NULL */
    eff_site_t site;             /**< where the effect was composed; may be NULL */
    const char *fiber_name;      /**< of eff_named and its kin; NULL: none */
    const char *fiber_ancestor;  /**< when it has no name: that of the nearest fiber above that has; NULL: none */
    size_t n_fields;             /**< how many fields */
    const eff_field_t *fields;   /**< annotations, the outermost first, then the message's own; each key once */
    size_t n_spans;              /**< how many spans */
    const eff_log_span_t *spans; /**< of eff_log_span, the outermost first */
    const char *trace_id;        /**< of the current span (tracer.h), 32 digits; NULL: none */
    const char *span_id;         /**< its own, 16 digits; NULL: none */
    const void *private_;        /**< the library's; zero in records of your own */
} eff_log_record_t;

/** A record to be kept for longer: itself counted once more, or a copy of one that the library did not make. Values of
 *  types that are not the library's become text, as they may refer to what does not live as long.
 *  @borrows{record} @return new, for eff_log_record_decref; NULL when out of memory */
EFF_API EFF_MUST_USE const eff_log_record_t *eff_log_record_keep(const eff_log_record_t *record);
/** Gives up one that was kept. @param record consumes; NULL is fine */
EFF_API void eff_log_record_decref(const eff_log_record_t *record);

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
    /**
     * Builds the effect that waits until what was logged before is out. NULL: what is logged is out.
     *
     * @param logger borrowed until the effect has ended
     * @returns_new
     */
    eff_t *(*flush)(eff_logger_t *logger);
    /**
     * Builds the effect that opens anew what the Logger writes to. NULL: it has nothing open.
     * - Failure: with what opening failed with; what was open before stays so.
     *
     * @param logger borrowed until the effect has ended
     * @returns_new
     */
    eff_t *(*reopen)(eff_logger_t *logger);
    /**
     * The least level that it wants, which is the minimum wherever no eff_log_level is in force. Called in plain C before
     * a message becomes a record. NULL: EFF_LOG_INFO.
     *
     * @param logger borrowed
     * @return the level
     */
    eff_log_level_t (*level)(const eff_logger_t *logger);
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

/**
 * Waits until all that was logged before is out: where the Logger writes in the background, and something shall be on
 * record before it happens.
 * - Success: with unit; at once when the Logger keeps nothing back.
 * - Failure: none. What cannot be written counts as lost, and is told of later.
 *
 * @param site where it is composed; the macro fills it in
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_logger_flush_at(eff_site_t site);
/**
 * Has the Logger open its file anew, by its name: for logrotate, which has renamed it, and for what hears SIGHUP. What
 * was logged before goes into the old one.
 * - Success: with unit, when the old one is closed; at once when the Logger has no file.
 * - Failure: with a system error, when it cannot be opened: the old one stays.
 *
 * @param site where it is composed; the macro fills it in
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_logger_reopen_at(eff_site_t site);
#define eff_logger_flush() eff_logger_flush_at(EFF_SITE)
#define eff_logger_reopen() eff_logger_reopen_at(EFF_SITE)

/* ---- formats */

/** Writes a record as text: a line, without its end, which hostile contents of the record cannot forge.
 *  @borrows{record}
 *  @param out what the text is added to */
typedef void (*eff_log_format_fn)(const eff_log_record_t *record, eff_buffer_t *out);

/**
 * The format of the default Logger, for people:
 *
 *     2026-03-01T12:00:00.250Z INFO  fiber 3 "reader": connected host=db.example.org port=5432 [sync 12ms]
 *
 * With a cause it is several lines, of which all but the first begin with four spaces. A fiber that has no name is
 * `fiber 3 in "reader"` when one above it has. Values that hold spaces or quotes are quoted; what a terminal must not
 * get is escaped.
 *
 * @borrows{record}
 * @param out what the text is added to
 */
EFF_API void eff_log_format_text(const eff_log_record_t *record, eff_buffer_t *out);
/** eff_log_format_text in colour, for terminals: by the level, and the keys dimmed.
 *  @borrows{record} @param out what the text is added to */
EFF_API void eff_log_format_colour(const eff_log_record_t *record, eff_buffer_t *out);
/**
 * logfmt, one line: keys and values that people can read, and Loki, Splunk, humanlog and the like do.
 *
 *     time=2026-03-01T12:00:00.250Z level=INFO fiber=3 name=reader msg=connected host=db.example.org port=5432
 *
 * What there is besides is span.NAME, trace_id, span_id, site, and cause, the whole of it on this line. Keys of fields
 * lose what a key cannot hold; one that is the name of something else here, or comes twice, gets a "_" at its end.
 *
 * @borrows{record}
 * @param out what the text is added to
 */
EFF_API void eff_log_format_logfmt(const eff_log_record_t *record, eff_buffer_t *out);
/**
 * JSON, one object on one line:
 *
 *     {"time":"2026-03-01T12:00:00.250Z","level":"INFO","message":"connected","fiber":3,"name":"reader",
 *      "fields":{"host":"db.example.org","port":5432},"spans":{"sync":12.5},"site":"net.c:12"}
 *
 * Values are those of eff_value_to_json; spans are in milliseconds; a cause is an object as of eff_cause_to_json;
 * trace_id and span_id are there within a span of tracing. Fields have an object of their own, so that none can pass
 * for anything else. What a terminal or a viewer might obey is escaped, as JSON does.
 *
 * @borrows{record}
 * @param out what the text is added to
 */
EFF_API void eff_log_format_json(const eff_log_record_t *record, eff_buffer_t *out);

/* ---- Loggers, as layers */

/** What eff_logger_file needs to know; zero means the default. With `size` set, what an older header did not have yet
 *  is not read. */
typedef struct eff_logger_file_options {
    size_t size;              /**< sizeof(eff_logger_file_options_t), or 0 */
    const char *path;         /**< copied; made if it is not there, its folder is not */
    eff_log_format_fn format; /**< NULL: eff_log_format_text */
    int64_t max_bytes;        /**< a file that would be larger becomes "path.1", that one "path.2", ...; 0: never.
                               *   Of a symbolic link that is done with the file it leads to. What is no regular file
                               *   stays as it is */
    unsigned keep;            /**< how many of those there are; the oldest goes; 0: 5 */
    unsigned mode;            /**< of files that are made, less the umask; 0: 0640 */
} eff_logger_file_options_t;

/** What becomes of a message when eff_logger_batched has no room. */
typedef enum eff_log_full {
    EFF_LOG_FULL_WAIT,     /**< it is kept, and who logs it waits for room: nothing is lost, memory stays bounded */
    EFF_LOG_FULL_DROP,     /**< it is lost; nobody waits */
    EFF_LOG_FULL_DROP_OLD, /**< the oldest that wait are lost; nobody waits */
} eff_log_full_t;

/** How eff_logger_batched works; zero means the default. With `size` set, what an older header did not have yet is not
 *  read. */
typedef struct eff_logger_batch_options {
    size_t size;                 /**< sizeof(eff_logger_batch_options_t), or 0 */
    eff_duration_t period;       /**< a message waits for others for at most so long; 0: 100 ms */
    size_t batch_bytes;          /**< so many bytes are written at once, as soon as they are there; 0: 64 KiB */
    size_t max_bytes;            /**< so many may wait; 0: 4 MiB */
    eff_log_full_t when_full;    /**< what becomes of one for which there is no room */
    eff_log_level_t write_level; /**< one of this level or above is written at once; 0: EFF_LOG_ERROR */
} eff_logger_batch_options_t;

/** The default Logger, as a layer: eff_log_format_text to stderr through the Console, eff_log_format_colour on a
 *  terminal unless NO_COLOR is set. @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_logger_live(void);
/** Lines to stderr, through the Console of who logs.
 *  @param format of the lines; NULL: eff_log_format_text @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_logger_stderr(eff_log_format_fn format);
/**
 * Lines appended to a file, which is rotated when it gets too large.
 *
 *     eff_logger_file(&(eff_logger_file_options_t){ .path = "jobd.log", .format = eff_log_format_json })
 *
 * What is logged is in the file when the effect that logged goes on: within its instruction, for the one or two
 * microseconds that takes. Where the disk may keep the loop waiting, put it into eff_logger_batched, which writes on
 * another thread. The file is not synced: it survives the program's end, not the machine's. Several processes may
 * append to one file, if none rotates it.
 * - Failure: of building it: an error of errno when the file cannot be opened. Later, what cannot be written is
 *   counted, and told of by a line in front of what can be written again.
 *
 * @param options borrows: copied; without a path it is a mistake
 * @returns_new
 * @see eff_logger_reopen
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_logger_file(const eff_logger_file_options_t *options);
/**
 * Lines for an effect of yours: to send them somewhere.
 *
 *     eff_logger_batched(eff_logger_lines(eff_log_format_json, post_to_collector, url), NULL)
 *
 * What it fails with loses the lines that it was given; how many messages that were is told when it next succeeds.
 *
 * @param format of the lines; NULL: eff_log_format_text
 * @param write called with the text of one message, of several below eff_logger_batched: without the end of the last
 *              line. Borrows it and env until its effect has ended; returns new. eff_print_value prints them to stdout
 * @consumes{env}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_logger_lines(eff_log_format_fn format, eff_bind_fn write, eff_value_t env);
/**
 * Messages for plain C: syslog, journald, a ring buffer.
 *
 * @param fn called for each, on the thread of the runtime that logs; borrows the record; must not block
 * @param arg passed to fn; must live as long as the layer
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_logger_to(void (*fn)(const eff_log_record_t *record, void *arg), void *arg);
/** Nothing is logged. @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_logger_none(void);

/**
 * Another Logger, in the background: who logs goes on at once, and a fiber writes what has gathered, many messages at a
 * time. A file is written to on a thread of the pool.
 *
 *     eff_logger_batched(eff_logger_file(&file), NULL)
 *
 * eff_logger_tee, eff_logger_level and eff_logger_filter belong around it: what is below them gets its messages one at a
 * time here too, and a file there is written to by the loop's thread.
 *
 * Nothing is lost by that at the end: releasing the layer writes what is left, whatever the program ended of, and on a
 * second signal eff_main writes what can be written at once (as eff_runtime_free does where it cannot wait). Only a
 * crash loses what has waited since the last writing. Messages are formatted as they are logged; the Console and the
 * Clock are those of where the layer is provided. No other service is there in the background: an effect of yours that
 * writes has to be given those that it asks for (NAME_provide), or what it is to write is lost.
 *
 * @consumes{inner}
 * @param options borrows: copied; NULL: all defaults
 * @returns_new
 * @see eff_logger_flush
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_logger_batched(eff_layer_t *inner, const eff_logger_batch_options_t *options);
/** Each message to both: the second gets it when the first has it. Where both have a level (eff_logger_level), it has the
 *  lower one. @consumes{first, second} @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_logger_tee(eff_layer_t *first, eff_layer_t *second);
/** Whether a message passes. @borrows{record, env} @return whether it does */
typedef bool (*eff_log_filter_fn)(const eff_log_record_t *record, eff_value_t env);
/** A Logger that gets only some of the messages.
 *  @consumes{inner} @param passes which ones @consumes{env} @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_logger_filter(eff_layer_t *inner, eff_log_filter_fn passes, eff_value_t env);
/**
 * A Logger with a level: it gets messages of that level or above, and where no eff_log_level is in force, that is the
 * minimum. So the level of a program comes along with its Logger, to all that need that, layers included:
 *
 *     eff_logger_level(eff_logger_live(), EFF_LOG_DEBUG)
 *
 * Of those that an eff_log_level around them stops it gets none.
 *
 * @consumes{inner}
 * @param minimum the level
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_logger_level(eff_layer_t *inner, eff_log_level_t minimum);

/* ---- TestLogger: messages kept in memory, for a test to look at
 *
 *     eff_test_logger_t *t = eff_test_logger_new();
 *     eff_test_run(eff_provide(e, eff_test_logger(t)));
 *     ck_assert_str_eq(eff_test_logger_text(t), "INFO connected host=db port=5432\nWARN slow [sync 2s]\n");
 *     eff_test_logger_decref(t);
 */

/** What keeps the messages. A handle in plain C, for one thread; its functions take NULL, as of a new that found no
 *  memory. */
typedef struct eff_test_logger eff_test_logger_t;

/** A TestLogger. @return new, for eff_test_logger_decref; NULL when out of memory */
EFF_API EFF_MUST_USE eff_test_logger_t *eff_test_logger_new(void);
/** One more reference. @param t borrows; NULL is fine @return t, with a reference that is yours */
EFF_API eff_test_logger_t *eff_test_logger_incref(eff_test_logger_t *t);
/** Gives up one reference. @param t consumes; NULL is fine */
EFF_API void eff_test_logger_decref(eff_test_logger_t *t);
/** The layer that provides it as the Logger. What eff_log_level lets pass is kept: EFF_LOG_INFO and above, as a rule.
 *  @retains{t}; NULL is out of memory @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_test_logger(eff_test_logger_t *t);
/** The same as a value, for eff_logger_provide_value and contexts. @retains{t}; NULL gives "out of memory"
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_test_logger_value(eff_test_logger_t *t);
/** How many messages there are. @borrows{t} @return since the start, or the last eff_test_logger_clear */
EFF_API size_t eff_test_logger_size(const eff_test_logger_t *t);
/** One of them. @borrows{t} @param i from 0, the first @return borrowed from t, until it is cleared; NULL when there is
 *  none */
EFF_API const eff_log_record_t *eff_test_logger_at(const eff_test_logger_t *t, size_t i);
/** All of them as text, a line each: "WARN slow user=ada [sync 2s]". The level, and what eff_log_format_text has after
 *  the fiber, without a cause: nothing that differs from run to run.
 *  @borrows{t} @return borrowed from t, until more is logged; "" when there is none */
EFF_API const char *eff_test_logger_text(const eff_test_logger_t *t);
/** Forgets all messages. @borrows{t} */
EFF_API void eff_test_logger_clear(eff_test_logger_t *t);

EFF_END_DECLS
#endif
