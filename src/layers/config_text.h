/* From text to numbers, truths, durations and sizes: what the environment, the arguments, and the strings of a JSON
 * document are read with. No locale has any influence, and nothing wraps or is rounded to infinity. */
#ifndef EFF_LAYERS_CONFIG_TEXT_H
#define EFF_LAYERS_CONFIG_TEXT_H

#include <effect/duration.h>

enum eff__config_parsed {
    EFF__PARSED,
    EFF__MALFORMED,
    EFF__OUT_OF_RANGE,    /* well-formed, but more than the type holds */
    EFF__WITHOUT_UNIT,    /* a duration that is only a number */
    EFF__PARSE_NO_MEMORY, /* only of doubles, for which jansson is asked */
};

/* Each ignores blanks on either side and stores nothing unless it returns EFF__PARSED. A text is `n` bytes, which need
 * not end in NUL. */

/* Decimal digits with an optional minus sign. */
enum eff__config_parsed eff__config_parse_int(const char *text, size_t n, int64_t *ret_int);
/* A number as JSON writes it: no infinities. */
enum eff__config_parsed eff__config_parse_double(const char *text, size_t n, double *ret_double);
/* true, yes, on, 1; false, no, off, 0; in any case. */
enum eff__config_parsed eff__config_parse_bool(const char *text, size_t n, bool *ret_bool);
/* "250ms", "1.5 s", "1h 30m", "for ever": decimal numbers with units (ns, us, ms, s, m or min, h, d), which are added
 * up; to the nearest nanosecond. A single number without a unit counts in `unit`; NULL: that is EFF__WITHOUT_UNIT,
 * unless it is 0. */
enum eff__config_parsed eff__config_parse_duration(const char *text, size_t n, const char *unit,
                                                   eff_duration_t *ret_duration);
/* "4096", "64 KiB", "1.5MB": bytes; units of 1000 (kB or KB, MB, GB, TB) and of 1024 (KiB, MiB, GiB, TiB). The result
 * is at most INT64_MAX. */
enum eff__config_parsed eff__config_parse_size(const char *text, size_t n, int64_t *ret_bytes);

#endif
