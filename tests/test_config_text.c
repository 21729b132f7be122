/* Numbers, truths, durations and sizes out of texts: what counts, and what does not. */
#include <string.h>

#include "layers/config_text.h"
#include "support/case.h"

enum { OK = EFF__PARSED, BAD = EFF__MALFORMED, RANGE = EFF__OUT_OF_RANGE, BARE = EFF__WITHOUT_UNIT };

static char digits_400[401];
static const char *four_hundred_digits(void)
{
    memset(digits_400, '9', 400);
    return digits_400;
}

START_TEST(integers)
{
    const struct {
        const char *text;
        int result;
        int64_t value;
    } rows[] = {
        { "0", OK, 0 },
        { " 42 ", OK, 42 },
        { "-7", OK, -7 },
        { "-0", OK, 0 },
        { "007", OK, 7 },
        { "9223372036854775807", OK, INT64_MAX },
        { "-9223372036854775808", OK, INT64_MIN },
        { "9223372036854775808", RANGE, 0 },
        { "-9223372036854775809", RANGE, 0 },
        { four_hundred_digits(), RANGE, 0 },
        { "", BAD, 0 },
        { " ", BAD, 0 },
        { "-", BAD, 0 },
        { "+1", BAD, 0 },
        { "1.0", BAD, 0 },
        { "1e3", BAD, 0 },
        { "0x10", BAD, 0 },
        { "1 2", BAD, 0 },
        { "--1", BAD, 0 },
        { "99999999999999999999x", BAD, 0 },
        { "\xd9\xa1", BAD, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t v = -99;
        ck_assert_msg((int)eff__config_parse_int(rows[i].text, strlen(rows[i].text), &v) == rows[i].result, "%s",
                      rows[i].text);
        ck_assert_int_eq(v, rows[i].result == OK ? rows[i].value : -99);
    }
}
END_TEST

START_TEST(truths)
{
    static const char *const yes[] = { "true", "TRUE", "yes", "On", "1", " true " };
    static const char *const no[] = { "false", "No", "oFF", "0" };
    static const char *const neither[] = { "", "t", "truee", "2", "yes no", "y" };
    bool v = false;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++, v = false) {
        ck_assert_int_eq(eff__config_parse_bool(yes[i], strlen(yes[i]), &v), OK);
        ck_assert(v);
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        v = true;
        ck_assert_int_eq(eff__config_parse_bool(no[i], strlen(no[i]), &v), OK);
        ck_assert(!v);
    }
    for (size_t i = 0; i < sizeof neither / sizeof *neither; i++)
        ck_assert_int_eq(eff__config_parse_bool(neither[i], strlen(neither[i]), &v), BAD);
}
END_TEST

START_TEST(doubles)
{
    const struct {
        const char *text;
        int result;
        double value;
    } rows[] = {
        { "1.5", OK, 1.5 },  { "-2e3", OK, -2000 }, { "3", OK, 3 },         { " 0.25 ", OK, 0.25 },
        { "-0", OK, 0 },     { "1e999", RANGE, 0 }, { "-1e999", RANGE, 0 }, { four_hundred_digits(), RANGE, 0 },
        { "nan", BAD, 0 },   { "inf", BAD, 0 },     { "0x1p3", BAD, 0 },    { "1,5", BAD, 0 },
        { ".5", BAD, 0 },    { "+1", BAD, 0 },      { "1.5x", BAD, 0 },     { "", BAD, 0 },
        { "\"1\"", BAD, 0 }, { "[1]", BAD, 0 },     { "1 2", BAD, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double v = -99;
        ck_assert_msg((int)eff__config_parse_double(rows[i].text, strlen(rows[i].text), &v) == rows[i].result, "%s",
                      rows[i].text);
        ck_assert(v == (rows[i].result == OK ? rows[i].value : -99));
    }
}
END_TEST

#define S INT64_C(1000000000)
START_TEST(durations)
{
    const struct {
        const char *text;
        const char *unit;
        int result;
        int64_t ns;
    } rows[] = {
        { "250ms", NULL, OK, S / 4 },
        { "1.5 s", NULL, OK, S + S / 2 },
        { " 2m ", NULL, OK, 120 * S },
        { "2min", NULL, OK, 120 * S },
        { "1h 30m", NULL, OK, 5400 * S },
        { "1h30m", NULL, OK, 5400 * S },
        { "1d 2h 3m 4s 5ms 6us 7ns", NULL, OK, 93784 * S + 5006007 },
        { "0.1ms", NULL, OK, 100000 },
        { "0.0000001s", NULL, OK, 100 },
        { "7 \xc2\xb5s", NULL, OK, 7000 },
        { "0", NULL, OK, 0 },
        { "0s", NULL, OK, 0 },
        { "for ever", NULL, OK, INT64_MAX },
        { "106751d", NULL, OK, INT64_C(106751) * 86400 * S },
        { "5", "s", OK, 5 * S },
        { "2.5", "ms", OK, 2500000 },
        { "2m", "s", OK, 120 * S },
        { "5", NULL, BARE, 0 },
        { "1s 5", "s", BAD, 0 },
        { "106752d", NULL, RANGE, 0 },
        { "106751d 48h", NULL, RANGE, 0 },
        { four_hundred_digits(), "s", RANGE, 0 },
        { "99999999999999999999s", NULL, RANGE, 0 },
        { "-5s", NULL, BAD, 0 },
        { "5 parsecs", NULL, BAD, 0 },
        { "5S", NULL, BAD, 0 },
        { "", NULL, BAD, 0 },
        { "s", NULL, BAD, 0 },
        { "1.s", NULL, BAD, 0 },
        { ".5s", NULL, BAD, 0 },
        { "1e3s", NULL, BAD, 0 },
        { "nan", NULL, BAD, 0 },
        { "1s,", NULL, BAD, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        eff_duration_t v = { -99 };
        int result = (int)eff__config_parse_duration(rows[i].text, strlen(rows[i].text), rows[i].unit, &v);
        ck_assert_msg(result == rows[i].result, "%s: %d", rows[i].text, result);
        ck_assert_int_eq(v.ns, rows[i].result == OK ? rows[i].ns : -99);
    }
}
END_TEST

START_TEST(what_a_duration_is_printed_as_is_read_again)
{
    static const int64_t all[] = { 0, 1, 999, 1000, S - 1, S, 90061 * S + 1001001, INT64_MAX - 1, INT64_MAX };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        eff_buffer_t text = EFF_BUFFER_INIT;
        eff_duration_t v;
        eff_duration_format((eff_duration_t){ all[i] }, &text);
        ck_assert_int_eq(eff__config_parse_duration(eff_buffer_text(&text), text.size, NULL, &v), OK);
        ck_assert_int_eq(v.ns, all[i]);
        eff_buffer_done(&text);
    }
}
END_TEST

START_TEST(sizes)
{
    const struct {
        const char *text;
        int result;
        int64_t bytes;
    } rows[] = {
        { "4096", OK, 4096 },
        { "64 KiB", OK, 65536 },
        { "1.5MB", OK, 1500000 },
        { "1.5KiB", OK, 1536 },
        { "2GiB", OK, INT64_C(2147483648) },
        { "1TB", OK, INT64_C(1000000000000) },
        { "1TiB", OK, INT64_C(1099511627776) },
        { "512 B", OK, 512 },
        { "3 kB", OK, 3000 },
        { "0", OK, 0 },
        { "9223372036854775807", OK, INT64_MAX },
        { "9223372036854775808", RANGE, 0 },
        { "9000000TiB", RANGE, 0 },
        { four_hundred_digits(), RANGE, 0 },
        { "0.3 B", BAD, 0 },
        { "-1", BAD, 0 },
        { "1k", BAD, 0 },
        { "1 kib", BAD, 0 },
        { "1 KiB 2", BAD, 0 },
        { "", BAD, 0 },
        { "KiB", BAD, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t v = -99;
        int result = (int)eff__config_parse_size(rows[i].text, strlen(rows[i].text), &v);
        ck_assert_msg(result == rows[i].result, "%s: %d", rows[i].text, result);
        ck_assert_int_eq(v, rows[i].result == OK ? rows[i].bytes : -99);
    }
}
END_TEST

TESTS(integers, truths, doubles, durations, what_a_duration_is_printed_as_is_read_again, sizes)
