/* Parsing of scalars. Decimal numbers are read digit by digit: strtod knows locales, and accepts what no configuration
 * should (hexadecimal, "nan", "inf"). Doubles are left to jansson, whose grammar they share with JSON documents.
 */
#include "layers/config_text.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "layers/config_json.h"

/* What is left to read. */
struct piece {
    const char *at, *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_blanks(struct piece *t)
{
    while (t->at < t->end && is_blank(*t->at))
        t->at++;
}

static struct piece trimmed(const char *text, size_t n)
{
    struct piece t = { text, text + n };
    skip_blanks(&t);
    while (t.end > t.at && is_blank(t.end[-1]))
        t.end--;
    return t;
}

static bool take(struct piece *t, char c)
{
    if (t->at == t->end || *t->at != c) return false;
    t->at++;
    return true;
}

/* value = value * by + more, for what is not negative. */
static bool grow(int64_t *value, int64_t by, int64_t more)
{
    return !__builtin_mul_overflow(*value, by, value) && !__builtin_add_overflow(*value, more, value);
}

/* ---- integers, truths, doubles */

enum eff__config_parsed eff__config_parse_int(const char *text, size_t n, int64_t *ret_int)
{
    struct piece t = trimmed(text, n);
    bool negative = take(&t, '-'), fits = true;
    if (t.at == t.end) return EFF__MALFORMED;
    int64_t value = 0;
    for (; t.at < t.end; t.at++) {
        if (!is_digit(*t.at)) return EFF__MALFORMED;
        int64_t digit = negative ? '0' - *t.at : *t.at - '0';
        fits = fits && grow(&value, 10, digit);
    }
    if (!fits) return EFF__OUT_OF_RANGE;
    *ret_int = value;
    return EFF__PARSED;
}

enum eff__config_parsed eff__config_parse_bool(const char *text, size_t n, bool *ret_bool)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = { { "true", true },   { "yes", true }, { "on", true },   { "1", true },
                  { "false", false }, { "no", false }, { "off", false }, { "0", false } };
    struct piece t = trimmed(text, n);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if ((size_t)(t.end - t.at) != strlen(words[i].word)) continue;
        if (strncasecmp(t.at, words[i].word, (size_t)(t.end - t.at)) != 0) continue;
        *ret_bool = words[i].value;
        return EFF__PARSED;
    }
    return EFF__MALFORMED;
}

enum eff__config_parsed eff__config_parse_double(const char *text, size_t n, double *ret_double)
{
    struct piece t = trimmed(text, n);
    if (t.at == t.end || (!is_digit(*t.at) && *t.at != '-')) return EFF__MALFORMED;
    json_error_t error;
    bool no_memory;
    size_t flags = JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL;
    json_t *json = eff__config_load_json(t.at, (size_t)(t.end - t.at), flags, &error, &no_memory);
    if (no_memory) return EFF__PARSE_NO_MEMORY;
    if (!json) return json_error_code(&error) == json_error_numeric_overflow ? EFF__OUT_OF_RANGE : EFF__MALFORMED;
    double value = json_real_value(json);
    json_decref(json);
    if (!isfinite(value)) return EFF__OUT_OF_RANGE;
    *ret_double = value;
    return EFF__PARSED;
}

/* ---- decimal numbers with units */

struct unit {
    const char *name;
    int64_t size;
};

struct decimal {
    int64_t whole;
    double fraction; /* below 1; 15 digits of it count */
    bool fits;       /* whole does */
};

/* Digits, and more of them behind a point. */
static bool take_decimal(struct piece *t, struct decimal *ret_decimal)
{
    struct decimal d = { .fits = true };
    if (t->at == t->end || !is_digit(*t->at)) return false;
    for (; t->at < t->end && is_digit(*t->at); t->at++)
        d.fits = d.fits && grow(&d.whole, 10, *t->at - '0');
    if (take(t, '.')) {
        int64_t digits = 0, scale = 1;
        if (t->at == t->end || !is_digit(*t->at)) return false;
        for (; t->at < t->end && is_digit(*t->at); t->at++) {
            if (scale == INT64_C(1000000000000000)) continue;
            digits = digits * 10 + (*t->at - '0');
            scale *= 10;
        }
        d.fraction = (double)digits / (double)scale;
    }
    *ret_decimal = d;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
}

/* The letters that come next, as one of the units; NULL when they are none. */
static const struct unit *take_unit(struct piece *t, const struct unit *units, size_t n_units)
{
    const char *start = t->at;
    while (t->at < t->end && is_letter(*t->at))
        t->at++;
    size_t n = (size_t)(t->at - start);
    for (size_t i = 0; i < n_units; i++)
        if (strlen(units[i].name) == n && memcmp(units[i].name, start, n) == 0) return &units[i];
    return NULL;
}

/* sum += d units of this size. False when that is too much. */
static bool add_units(int64_t *sum, const struct decimal *d, int64_t size)
{
    int64_t whole = d->whole, part = (int64_t)(d->fraction * (double)size + 0.5);
    return d->fits && grow(&whole, size, part) && grow(sum, 1, whole);
}

#define NS_PER_S INT64_C(1000000000)
static const struct unit time_units[] = {
    { "ns", 1 },
    { "us", 1000 },
    { "\xc2\xb5s", 1000 },
    { "ms", 1000000 },
    { "s", NS_PER_S },
    { "m", 60 * NS_PER_S },
    { "min", 60 * NS_PER_S },
    { "h", 3600 * NS_PER_S },
    { "d", 86400 * NS_PER_S },
};
enum { N_TIME_UNITS = sizeof time_units / sizeof *time_units };

static const struct unit *time_unit(const char *name)
{
    struct piece t = { name, name + strlen(name) };
    return take_unit(&t, time_units, N_TIME_UNITS);
}

enum eff__config_parsed eff__config_parse_duration(const char *text, size_t n, const char *bare_unit,
                                                   eff_duration_t *ret_duration)
{
    static const char for_ever[] = "for ever";
    struct piece t = trimmed(text, n);
    if ((size_t)(t.end - t.at) == sizeof for_ever - 1 && memcmp(t.at, for_ever, sizeof for_ever - 1) == 0) {
        *ret_duration = eff_duration_max;
        return EFF__PARSED;
    }
    int64_t ns = 0;
    bool fits = true, first = true;
    if (t.at == t.end) return EFF__MALFORMED;
    while (t.at < t.end) {
        struct decimal d;
        if (!take_decimal(&t, &d)) return EFF__MALFORMED;
        skip_blanks(&t);
        const struct unit *unit;
        if (first && t.at == t.end) {
            bool zero = d.fits && d.whole == 0 && d.fraction == 0.0;
            unit = bare_unit ? time_unit(bare_unit) : zero ? &time_units[0] : NULL;
            if (!unit) return EFF__WITHOUT_UNIT;
        } else {
            unit = take_unit(&t, time_units, N_TIME_UNITS);
        }
        if (!unit) return EFF__MALFORMED;
        fits = fits && add_units(&ns, &d, unit->size);
        first = false;
        skip_blanks(&t);
    }
    if (!fits) return EFF__OUT_OF_RANGE;
    *ret_duration = (eff_duration_t){ ns };
    return EFF__PARSED;
}

#define KIB INT64_C(1024)
static const struct unit size_units[] = {
    { "", 1 },
    { "B", 1 },
    { "kB", 1000 },
    { "KB", 1000 },
    { "MB", 1000000 },
    { "GB", 1000000000 },
    { "TB", INT64_C(1000000000000) },
    { "KiB", KIB },
    { "MiB", KIB *KIB },
    { "GiB", KIB *KIB *KIB },
    { "TiB", KIB *KIB *KIB *KIB },
};

enum eff__config_parsed eff__config_parse_size(const char *text, size_t n, int64_t *ret_bytes)
{
    struct piece t = trimmed(text, n);
    struct decimal d;
    if (!take_decimal(&t, &d)) return EFF__MALFORMED;
    skip_blanks(&t);
    const struct unit *unit = take_unit(&t, size_units, sizeof size_units / sizeof *size_units);
    if (!unit || t.at < t.end) return EFF__MALFORMED;
    double part = d.fraction * (double)unit->size;
    if (part != (double)(int64_t)part) return EFF__MALFORMED;
    int64_t bytes = 0;
    if (!add_units(&bytes, &d, unit->size)) return EFF__OUT_OF_RANGE;
    *ret_bytes = bytes;
    return EFF__PARSED;
}
