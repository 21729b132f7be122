/** @file
 * Fields: keys and values, for what a program shall be able to look for later. Log records carry them (log.h).
 *
 *     EFF_AWAIT(eff_log_info_with("connected", eff_field("host", host), eff_field("port", port)));
 *
 * eff_field() takes whatever there is to tell: a truth, a number, a string, a duration, an instant, a value. It is
 * evaluated once, and copied; of a value it takes your reference. Several fields make one value:
 *
 *     eff_value_t fields = eff_fields(eff_field("host", host), eff_field("tries", 3));   // host=db tries=3
 *
 * Known elsewhere as attributes (OpenTelemetry, Go's slog), key-value pairs (logfmt), annotations (Effect, ZIO).
 */
#ifndef EFFECT_FIELD_H
#define EFFECT_FIELD_H

#include <effect/duration.h>

EFF_BEGIN_DECLS

/** A key and what it stands for. As an argument: of a builder that consumes the value and copies the key. */
typedef struct eff_field {
    const char *key;   /**< NUL-terminated; not NULL */
    eff_value_t value; /**< unit: nothing is known, JSON's null */
} eff_field_t;

/** A field of a truth. @param key borrows: copied where it is used @param v the truth @return owns nothing */
static inline eff_field_t eff_field_bool(const char *key, bool v)
{
    eff_field_t f = { key, eff_bool(v) };
    return f;
}
/** A field of an integer. @param key borrows: copied where it is used @param v the number @return owns nothing */
static inline eff_field_t eff_field_int(const char *key, int64_t v)
{
    eff_field_t f = { key, eff_int(v) };
    return f;
}
/** A field of an integer without a sign.
 *  @param key borrows: copied where it is used
 *  @param v the number; one above INT64_MAX becomes text
 *  @return what the builder it is given to consumes */
static inline eff_field_t eff_field_uint(const char *key, uint64_t v)
{
    eff_field_t f = { key, v <= INT64_MAX ? eff_int((int64_t)v) : eff_printf("%llu", (unsigned long long)v) };
    return f;
}
/** A field of a floating-point number. @param key borrows: copied where it is used @param v the number
 *  @return owns nothing */
static inline eff_field_t eff_field_double(const char *key, double v)
{
    eff_field_t f = { key, eff_double(v) };
    return f;
}
/** A field of a string.
 *  @param key borrows: copied where it is used
 *  @param v copied; NULL: unit
 *  @return what the builder it is given to consumes */
static inline eff_field_t eff_field_string(const char *key, const char *v)
{
    eff_field_t f = { key, v ? eff_string(v) : eff_unit };
    return f;
}
/** A field of a length of time. @param key borrows: copied where it is used @param v the length @return owns nothing */
static inline eff_field_t eff_field_duration(const char *key, eff_duration_t v)
{
    eff_field_t f = { key, eff_duration_value(v) };
    return f;
}
/** A field of a moment. @param key borrows: copied where it is used @param v the moment @return owns nothing */
static inline eff_field_t eff_field_instant(const char *key, eff_instant_t v)
{
    eff_field_t f = { key, eff_instant_value(v) };
    return f;
}
/** A field of any value: an error, an array, JSON, a type of your own.
 *  @param key borrows: copied where it is used
 *  @consumes{v}
 *  @return what the builder it is given to consumes */
static inline eff_field_t eff_field_value(const char *key, eff_value_t v)
{
    eff_field_t f = { key, v };
    return f;
}

/**
 * A field of whatever v is: the one of the functions above that takes its type. A char is none of them, so that it
 * cannot be taken for a number: pass it as a string, or as an int. The words true and false are integers in C: write
 * eff_field_bool("ok", true).
 *
 * @param key borrows: copied where it is used
 * @param v evaluated once; a bool, an integer, a double, a string, an eff_duration_t, an eff_instant_t, or an
 *          eff_value_t, which is consumed
 * @return what the builder it is given to consumes
 */
#ifndef __cplusplus
#define eff_field(key, v)                                                                                              \
    _Generic((v),                                                                                                      \
        bool: eff_field_bool,                                                                                          \
        signed char: eff_field_int,                                                                                    \
        short: eff_field_int,                                                                                          \
        int: eff_field_int,                                                                                            \
        long: eff_field_int,                                                                                           \
        long long: eff_field_int,                                                                                      \
        unsigned char: eff_field_uint,                                                                                 \
        unsigned short: eff_field_uint,                                                                                \
        unsigned: eff_field_uint,                                                                                      \
        unsigned long: eff_field_uint,                                                                                 \
        unsigned long long: eff_field_uint,                                                                            \
        float: eff_field_double,                                                                                       \
        double: eff_field_double,                                                                                      \
        char *: eff_field_string,                                                                                      \
        const char *: eff_field_string,                                                                                \
        eff_duration_t: eff_field_duration,                                                                            \
        eff_instant_t: eff_field_instant,                                                                              \
        eff_value_t: eff_field_value)((key), (v))
#else
#define eff_field(key, v) eff__field((key), (v))
/** @cond */
extern "C++" {
inline eff_field_t eff__field(const char *key, bool v)
{
    return eff_field_bool(key, v);
}
inline eff_field_t eff__field(const char *key, signed char v)
{
    return eff_field_int(key, v);
}
inline eff_field_t eff__field(const char *key, short v)
{
    return eff_field_int(key, v);
}
inline eff_field_t eff__field(const char *key, int v)
{
    return eff_field_int(key, v);
}
inline eff_field_t eff__field(const char *key, long v)
{
    return eff_field_int(key, v);
}
inline eff_field_t eff__field(const char *key, long long v)
{
    return eff_field_int(key, v);
}
inline eff_field_t eff__field(const char *key, unsigned char v)
{
    return eff_field_uint(key, v);
}
inline eff_field_t eff__field(const char *key, unsigned short v)
{
    return eff_field_uint(key, v);
}
inline eff_field_t eff__field(const char *key, unsigned v)
{
    return eff_field_uint(key, v);
}
inline eff_field_t eff__field(const char *key, unsigned long v)
{
    return eff_field_uint(key, v);
}
inline eff_field_t eff__field(const char *key, unsigned long long v)
{
    return eff_field_uint(key, v);
}
inline eff_field_t eff__field(const char *key, double v)
{
    return eff_field_double(key, v);
}
inline eff_field_t eff__field(const char *key, const char *v)
{
    return eff_field_string(key, v);
}
inline eff_field_t eff__field(const char *key, eff_duration_t v)
{
    return eff_field_duration(key, v);
}
inline eff_field_t eff__field(const char *key, eff_instant_t v)
{
    return eff_field_instant(key, v);
}
inline eff_field_t eff__field(const char *key, eff_value_t v)
{
    return eff_field_value(key, v);
}
void eff__field(const char *key, char v) = delete;
}
/** @endcond */
#endif

/* ---- several fields as one value */

EFF_API extern const eff_type_t eff_fields_type; /**< of eff_fields(): as text "host=db tries=3", as JSON an object */

/**
 * Fields as one value, in order; eff_fields() counts them for you. Of equal keys the last one counts, in the place of
 * the first. A value that is fields itself becomes text.
 *
 * @param n how many
 * @param list borrows the list; copies the keys, consumes the values; a NULL key or an absent value is a mistake: the
 *             absent value
 * @returns_new
 *
 * O(n squared).
 */
EFF_API EFF_MUST_USE eff_value_t eff_fields_list(size_t n, const eff_field_t *list);
/** How many there are. @borrows{fields} @return 0 on the wrong type */
EFF_API size_t eff_fields_size(eff_value_t fields);
/** One of them. @borrows{fields}
 *  @param i from 0; out of range is a mistake
 *  @return borrowed from fields; with the key "" and unit when there is none, and on the wrong type */
EFF_API eff_field_t eff_fields_at(eff_value_t fields, size_t i);
/** The value of a key. O(n). @borrows{fields, key} @return borrowed from fields; absent when there is none, and on the
 *  wrong type */
EFF_API eff_value_t eff_fields_get(eff_value_t fields, const char *key);
/** Both, `under` first; of equal keys that of `over` counts. O(product of their sizes). @consumes{under, over}
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_fields_merge(eff_value_t under, eff_value_t over);

/** @cond */
static inline EFF_MUST_USE eff_value_t eff__fields_of(eff_site_t site, size_t n, const eff_field_t *list)
{
    (void)site; /* a value has none */
    return eff_fields_list(n, list);
}
/** @endcond */
/** eff_fields_list(...) of its arguments: eff_fields(eff_field("host", host), eff_field("port", port)).
 *  @param ... consumes; at least one field */
#define eff_fields(...) EFF_LISTED_(eff__fields_of, eff_field_t, __VA_ARGS__)

EFF_END_DECLS
#endif
