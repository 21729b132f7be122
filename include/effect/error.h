/** @file
 * Errors: the ready-made failure value. Expected failures travel as values; mistakes are defects (eff_die).
 *
 *     static const eff_error_kind_t parse_error = { "parse error", NULL };
 *     return eff_fail(eff_error(&parse_error, 0, "line %d: no colon", line));
 *
 * A kind is identified by its address and may have a parent: eff_error_is(v, &eff_system_error) holds for each kind
 * below it. errno and getaddrinfo errors come as errors too.
 */
#ifndef EFFECT_ERROR_H
#define EFFECT_ERROR_H

#include <effect/value.h>

EFF_BEGIN_DECLS

/** What sort of error: static, identified by its address. Define your own. */
typedef struct eff_error_kind {
    const char *name;                    /**< for people, such as "timed out" */
    const struct eff_error_kind *parent; /**< the more general kind, or NULL */
} eff_error_kind_t;

EFF_API extern const eff_error_kind_t eff_any_error;        /**< the root of the library's own kinds */
EFF_API extern const eff_error_kind_t eff_system_error;     /**< errno; code is the errno */
EFF_API extern const eff_error_kind_t eff_not_found_error;  /**< below system: ENOENT */
EFF_API extern const eff_error_kind_t eff_permission_error; /**< below system: EACCES, EPERM */
EFF_API extern const eff_error_kind_t eff_exists_error;     /**< below system: EEXIST */
EFF_API extern const eff_error_kind_t eff_connection_error; /**< below system: ECONNREFUSED, ECONNRESET, EPIPE, ... */
EFF_API extern const eff_error_kind_t eff_dns_error;        /**< getaddrinfo; code is the EAI_ number */
EFF_API extern const eff_error_kind_t eff_timeout_error;    /**< a deadline passed (also ETIMEDOUT) */
EFF_API extern const eff_error_kind_t eff_closed_error;     /**< a queue or channel that is closed */
EFF_API extern const eff_error_kind_t eff_end_error;        /**< there is no more to read */
EFF_API extern const eff_error_kind_t eff_argument_error;   /**< an argument outside its range */
EFF_API extern const eff_error_kind_t eff_config_error;     /**< configuration that is missing or of the wrong type */
/** Below configuration: made by what reads it (config.h). The message has a line for each thing that is wrong, if there
 *  are several; what it quotes is escaped. The code is the errno when a file could not be read. */
EFF_API extern const eff_error_kind_t eff_config_invalid_error;
/** Below configuration: made by what reads it, when nothing is wrong but that required values are not there. */
EFF_API extern const eff_error_kind_t eff_config_missing_error;

/** The payload of an error value. */
typedef struct eff_error {
    const eff_error_kind_t *kind; /**< never NULL */
    int code;                     /**< errno, EAI_ number, HTTP status, ...; 0 when there is none */
    const char *message;          /**< NUL-terminated, owned by the error */
    eff_value_t inner;            /**< what caused it; unit when nothing did */
} eff_error_t;

/** A new error value.
 *  @param kind static; NULL is a mistake: eff_any_error
 *  @param code what number it has; 0 when there is none
 *  @param fmt the message, as of printf, with its arguments; copied
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_error(const eff_error_kind_t *kind, int code, const char *fmt, ...)
    EFF_PRINTF(3, 4);
/** As eff_error, with the error that caused it.
 *  @param inner consumes; any value, shown behind "because:"
 *  @param kind static
 *  @param code 0 when there is none
 *  @param fmt as of printf; copied
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_error_caused(eff_value_t inner, const eff_error_kind_t *kind, int code,
                                                  const char *fmt, ...) EFF_PRINTF(4, 5);
/** An error for an errno number: "open x: No such file or directory", of the kind that fits.
 *  @param err an errno number, which becomes the code. 0, of a call that failed without setting errno, or of an errno
 *         that was read too late, is an error whose message says so
 *  @param fmt what was tried, as of printf; copied
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_error_errno(int err, const char *fmt, ...) EFF_PRINTF(2, 3);
/** An error for a failed name lookup, of kind eff_dns_error.
 *  @param err an EAI_ number of getaddrinfo, or of libevent's evutil_getaddrinfo; EAI_SYSTEM is told by errno
 *  @param fmt what was tried, as of printf; copied
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_error_gai(int err, const char *fmt, ...) EFF_PRINTF(2, 3);

/** Reads an error; eff_value_is(v, &eff_error_type) tells before.
 *  @borrows{v} @return borrowed from v; on the wrong type, which is reported, a dummy of kind eff_any_error */
EFF_API const eff_error_t *eff_as_error(eff_value_t v);
/** Whether v is an error of this kind or of one below it. O(height of the kinds).
 *  @borrows{v}
 *  @param kind static
 *  @return false for values of other types too, which is no mistake */
EFF_API bool eff_error_is(eff_value_t v, const eff_error_kind_t *kind);

EFF_END_DECLS
#endif
