/** @file
 * Secrets: texts that are never printed: passwords, tokens, keys.
 *
 *     const eff_secret_t *password = config->password;
 *     connect_to(host, eff_secret_reveal(password));       // the one way to read it
 *     e = eff_log_value(EFF_LOG_INFO, eff_value_incref(v));    // INFO ... <secret>
 *
 * Whatever shows values (the format and JSON hooks, causes, logs, dumps, messages about mistakes) shows `<secret>`. The
 * memory is overwritten before it is given back. What the program itself copies elsewhere is its own affair.
 *
 * Standard name: Redacted (Effect), Config.Secret (ZIO), Zeroizing (Rust's zeroize).
 */
#ifndef EFFECT_SECRET_H
#define EFFECT_SECRET_H

#include <effect/value.h>

EFF_BEGIN_DECLS

/** A text that is never printed. Counted: it lives as long as a value that holds it. */
typedef struct eff_secret eff_secret_t;

/** The type of secrets as values. They are equal when their texts are; comparing takes as long wherever they differ. */
EFF_API extern const eff_type_t eff_secret_type;

/** A secret as a value. O(bytes).
 *  @param text copied, NUL-terminated, and left to the caller, who may want to overwrite it; NULL is a mistake: ""
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_secret(const char *text);
/** A secret of n bytes, to which a NUL is added. O(n).
 *  @param bytes copied; may be NULL when n is 0
 *  @param n bytes
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_secret_n(const char *bytes, size_t n);
/** Reads a secret. @borrows{v} @return borrowed from v; the empty secret on the wrong type, which is reported */
EFF_API const eff_secret_t *eff_as_secret(eff_value_t v);
/** The text itself: the one way to it. @borrows{secret}; NULL is the empty secret
 *  @return borrowed from secret, NUL-terminated */
EFF_API const char *eff_secret_reveal(const eff_secret_t *secret);
/** How many bytes the text has, without the final NUL. @borrows{secret}; NULL is the empty secret @return bytes */
EFF_API size_t eff_secret_size(const eff_secret_t *secret);

EFF_END_DECLS
#endif
