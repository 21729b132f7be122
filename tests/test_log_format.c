/* The formats of records: text, logfmt, JSON. Whatever a record holds, it is one line that can be read back; only the
 * text of a cause has more, which are indented. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/case.h"
#include "support/failing_allocator.h"
#include "support/harness.h"

static eff_log_record_t plain(const char *message)
{
    return (eff_log_record_t){ .level = EFF_LOG_INFO, .fiber = 3, .message = eff_literal(message) };
}

static char *formatted(eff_log_format_fn format, const eff_log_record_t *r)
{
    eff_buffer_t out = EFF_BUFFER_INIT;
    format(r, &out);
    ck_assert(!out.truncated);
    char *text = strdup(eff_buffer_text(&out));
    ck_assert_uint_eq(strlen(text), out.size);
    eff_buffer_done(&out);
    return text;
}

#define ck_assert_formats(format, r, text)                                                                             \
    do {                                                                                                               \
        char *is_ = formatted(format, r);                                                                              \
        ck_assert_str_eq(is_, text);                                                                                   \
        free(is_);                                                                                                     \
    } while (0)

/* A record with everything, but for a cause. */
static eff_field_t some_fields[] = {
    { "host", { .type = NULL } }, { "n", { .type = NULL } }, { "text", { .type = NULL } }, { "level", { .type = NULL } }
};
static const eff_log_span_t some_spans[] = { { "request", { 1500000000 } }, { "query", { 12345678 } } };

static eff_log_record_t full(void)
{
    some_fields[0].value = eff_literal("db");
    some_fields[1].value = eff_int(42);
    some_fields[2].value = eff_literal("two words, \"quoted\"");
    some_fields[3].value = eff_unit;
    eff_log_record_t r = plain("connected");
    r.level = EFF_LOG_WARN;
    r.time = (eff_instant_t){ 1772366400250000000 };
    r.fiber_name = "reader";
    r.n_fields = 4;
    r.fields = some_fields;
    r.n_spans = 2;
    r.spans = some_spans;
    r.trace_id = "0af7651916cd43dd8448eb211c80319c";
    r.span_id = "b7ad6b7169203331";
    r.site = "net.c:12";
    return r;
}

START_TEST(text_is_for_people)
{
    eff_log_record_t r = full();
    ck_assert_formats(eff_log_format_text, &r,
                      "2026-03-01T12:00:00.250Z WARN  fiber 3 \"reader\": connected host=db n=42 "
                      "text=\"two words, \\\"quoted\\\"\" level=null [request 1s 500ms, query 12ms]");
    r = plain("x");
    r.fiber_ancestor = "main loop";
    ck_assert_formats(eff_log_format_text, &r, "1970-01-01T00:00:00.000Z INFO  fiber 3 in \"main loop\": x");
}
END_TEST

static size_t without_colours(char *text)
{
    size_t n = 0, codes = 0;
    for (const char *p = text; *p; p++) {
        if (*p != '\x1b') {
            text[n++] = *p;
            continue;
        }
        codes++;
        p = strchr(p, 'm');
        ck_assert_ptr_nonnull(p);
    }
    text[n] = '\0';
    return codes;
}
START_TEST(colours_add_nothing_but_colour)
{
    eff_log_record_t r = full();
    char *colour = formatted(eff_log_format_colour, &r), *text = formatted(eff_log_format_text, &r);
    ck_assert_uint_gt(without_colours(colour), 4);
    ck_assert_str_eq(colour, text);
    free(colour);
    free(text);
}
END_TEST

START_TEST(logfmt_has_keys_and_values)
{
    eff_log_record_t r = full();
    ck_assert_formats(eff_log_format_logfmt, &r,
                      "time=2026-03-01T12:00:00.250Z level=WARN fiber=3 name=reader msg=connected host=db n=42 "
                      "text=\"two words, \\\"quoted\\\"\" level_=null span.request=\"1s 500ms\" "
                      "span.query=\"12ms 345us\" trace_id=0af7651916cd43dd8448eb211c80319c span_id=b7ad6b7169203331 "
                      "site=net.c:12");
    eff_cause_t *cause = eff_cause_fail(eff_literal("a\nb"));
    r = plain("");
    r.cause = cause;
    ck_assert_formats(eff_log_format_logfmt, &r,
                      "time=1970-01-01T00:00:00.000Z level=INFO fiber=3 msg=\"\" cause=\"error (string): a\\\\nb\"");
    eff_cause_decref(cause);
}
END_TEST

START_TEST(json_is_one_object)
{
    eff_log_record_t r = full();
    ck_assert_formats(eff_log_format_json, &r,
                      "{\"time\":\"2026-03-01T12:00:00.250Z\",\"level\":\"WARN\",\"message\":\"connected\",\"fiber\":3,"
                      "\"name\":\"reader\",\"fields\":{\"host\":\"db\",\"n\":42,\"text\":\"two words, "
                      "\\\"quoted\\\"\",\"level\":null},\"spans\":{\"request\":1500.0,\"query\":12.345},"
                      "\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\",\"span_id\":\"b7ad6b7169203331\","
                      "\"site\":\"net.c:12\"}");
    eff_cause_t *cause = eff_cause_fail(eff_int(7));
    r = plain("x");
    r.cause = cause;
    char *text = formatted(eff_log_format_json, &r);
    json_t *json = json_loads(text, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(json, "cause"), "tag")), "fail");
    json_decref(json);
    free(text);
    eff_cause_decref(cause);
}
END_TEST

/* ---- hostile contents */

/* The value at p, to *to if that is not NULL. What follows it; NULL: it is none. */
static const char *read_value(const char *p, char *to)
{
    bool quoted = *p == '"';
    for (p += quoted; *p && *p != (quoted ? '"' : ' '); p++) {
        if (quoted && *p == '\\' && !*++p) return NULL;
        if (!quoted && (*p == '"' || *p == '=')) return NULL;
        if (to) *to++ = *p;
    }
    if (to) *to = '\0';
    if (!quoted) return p;
    return *p ? p + 1 : NULL;
}

/* Reads a line of logfmt back: counts its pairs and writes the value of the last one with this key. False: it is none.
 * */
static bool read_logfmt(const char *line, const char *key, char *ret_value, size_t *ret_n)
{
    const char *p = line;
    for (*ret_n = 0; *p; ++*ret_n) {
        size_t n = strcspn(p, "= \"");
        bool wanted = n == strlen(key) && !strncmp(p, key, n);
        if (n == 0 || p[n] != '=') return false;
        p = read_value(p + n + 1, wanted ? ret_value : NULL);
        if (!p || (*p && *p != ' ')) return false;
        p += *p == ' ';
    }
    return true;
}

/* No control characters, and none of those that a viewer obeys. (Check notes each assertion it passes: one will do.) */
static void assert_harmless(const char *line)
{
    const unsigned char *p = (const unsigned char *)line;
    bool harmless = true;
    for (; *p && harmless; p++) {
        bool is_c1 = *p == 0xc2 && p[1] < 0xa0, obeyed = *p == 0xe2 && p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae;
        harmless = *p >= 0x20 && *p != 0x7f && !is_c1 && !obeyed;
    }
    ck_assert_msg(harmless, "at byte %td: %s", p - (const unsigned char *)line, line);
    json_t *utf8 = json_string(line);
    ck_assert_msg(utf8 != NULL, "no UTF-8");
    json_decref(utf8);
}

static void assert_one_line(const eff_log_record_t *r)
{
    char *text = formatted(eff_log_format_text, r), *logfmt = formatted(eff_log_format_logfmt, r);
    char *json = formatted(eff_log_format_json, r), *value = malloc(strlen(logfmt) + 1);
    size_t n;
    assert_harmless(text);
    assert_harmless(logfmt);
    assert_harmless(json);
    ck_assert_msg(read_logfmt(logfmt, "level", value, &n), "%s", logfmt);
    ck_assert_str_eq(value, "INFO");
    ck_assert_uint_eq(n, 4 + r->n_fields + r->n_spans + (r->fiber_name ? 1 : 0));

    json_error_t error;
    json_t *object = json_loads(json, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    ck_assert_msg(object != NULL, "%s: %s", error.text, json);
    ck_assert_str_eq(json_string_value(json_object_get(object, "level")), "INFO");
    ck_assert(json_object_get(object, "message") != NULL);
    json_decref(object);
    free(value);
    free(json);
    free(logfmt);
    free(text);
}

static const char *const hostile[] = {
    "a\n1970-01-01T00:00:00.000Z INFO  fiber 1: all is well",
    "\r\n\r\n",
    "\" level=FATAL msg=\"",
    "\",\"level\":\"FATAL\",\"x\":\"",
    "\\",
    "\\\"",
    "\\n",
    "=",
    "a=b c=d",
    "\x1b[2J\x1b]0;title\x07",
    "\xc2\x9b\x33\x31m",
    "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae\xe2\x81\xa6", /* NOLINT(misc-misleading-bidirectional): that is the point */
    "\xff\xfe\x80\xc0\xaf\xed\xa0\x80",
    "\x7f\x01\x02",
    "%n%s%100000d",
    "",
    " ",
    "level",
    "span.x",
    "\xc3\xa9\xf0\x9f\x98\x80",
};
enum { N_HOSTILE = sizeof hostile / sizeof *hostile };

START_TEST(hostile_text_stays_within_its_line)
{
    for (size_t i = 0; i < N_HOSTILE; i++) {
        for (size_t k = 0; k < N_HOSTILE; k++) {
            eff_log_record_t r = plain(hostile[i]);
            eff_field_t fields[] = { { hostile[k], eff_literal(hostile[i]) }, { "ok", eff_literal(hostile[k]) } };
            eff_log_span_t spans[] = { { hostile[k], { 5 } } };
            r.fields = fields;
            r.n_fields = 2;
            r.spans = spans;
            r.n_spans = 1;
            r.fiber_name = hostile[i];
            assert_one_line(&r);
        }
    }
}
END_TEST

START_TEST(random_bytes_stay_within_their_line)
{
    unsigned seed = 20260301;
    for (int round = 0; round < 2000; round++) {
        char bytes[4][64] = { { 0 } };
        for (int i = 0; i < 4; i++) {
            size_t n = (size_t)rand_r(&seed) % (sizeof bytes[i] - 1);
            for (size_t k = 0; k < n; k++)
                bytes[i][k] = (char)(1 + rand_r(&seed) % 255);
        }
        eff_value_t with_nul = eff_string_n(bytes[0], sizeof bytes[0]);
        eff_field_t fields[] = { { bytes[1], eff_literal(bytes[2]) }, { bytes[3], with_nul } };
        eff_log_record_t r = plain("");
        r.message = with_nul;
        r.fields = fields;
        r.n_fields = strcmp(bytes[1], bytes[3]) == 0 ? 1 : 2;
        assert_one_line(&r);
        eff_value_decref(with_nul);
    }
}
END_TEST

START_TEST(a_field_of_a_megabyte_is_one_line_too)
{
    size_t n = (size_t)test_scaled(1 << 20);
    char *bytes = malloc(n + 1);
    for (size_t i = 0; i < n; i++)
        bytes[i] = "ab\n\"\x1b\xff= "[i % 8];
    bytes[n] = '\0';
    eff_value_t v = eff_string_n(bytes, n);
    eff_field_t fields[] = { { "big", v } };
    eff_log_record_t r = plain("x");
    r.message = v;
    r.fields = fields;
    r.n_fields = 1;
    assert_one_line(&r);
    eff_value_decref(v);
    free(bytes);
}
END_TEST

START_TEST(json_keeps_what_can_be_kept)
{
    eff_value_t nul = eff_string_n("a\0b", 3), list = EFF_ARRAY(eff_int(1), eff_literal("x\n"), eff_none());
    eff_field_t fields[] = { { "nul", nul }, { "list", list }, { "nan", eff_double(0.0 / 0.0) } };
    eff_log_record_t r = plain("\xc3\xa9 \xe2\x80\xa8 \xff");
    r.fields = fields;
    r.n_fields = 3;
    char *text = formatted(eff_log_format_json, &r);
    ck_assert_str_eq(strstr(text, "\"message\""),
                     "\"message\":\"\xc3\xa9 \\u2028 \xef\xbf\xbd\",\"fiber\":3,\"fields\":{\"nul\":\"a\\u0000b\","
                     "\"list\":[1,\"x\\n\",null],\"nan\":null}}");
    free(text);
    eff_value_decref(nul);
    eff_value_decref(list);
}
END_TEST

/* ---- without memory, and kept records */

static void format_all(void)
{
    eff_log_record_t r = full();
    static const eff_log_format_fn formats[] = { eff_log_format_text, eff_log_format_logfmt, eff_log_format_json };
    for (size_t i = 0; i < 3; i++) {
        eff_buffer_t out = EFF_BUFFER_INIT;
        formats[i](&r, &out);
        eff_buffer_done(&out);
    }
}
START_TEST(formats_give_back_all_that_they_get)
{
    fail_every_allocation(format_all);
}
END_TEST

typedef struct point {
    const int *x;
} point_t;
static void point_format(const point_t *p, eff_buffer_t *out)
{
    eff_buffer_printf(out, "point %d", *p->x);
}
EFF_STATIC_TYPE(point, point_t, .format = point_format);

START_TEST(a_kept_record_stands_alone)
{
    char name[] = "reader", key[] = "at";
    int x = 7;
    eff_value_t here = EFF_ENV(point, .x = &x), list = EFF_ARRAY(eff_int(1), eff_value_incref(here));
    eff_field_t fields[] = { { key, here }, { "list", list }, { "n", eff_int(1) } };
    eff_log_record_t r = plain("x");
    r.message = here;
    r.fiber_name = name;
    r.fields = fields;
    r.n_fields = 3;
    const eff_log_record_t *kept = eff_log_record_keep(&r), *same = eff_log_record_keep(kept);
    ck_assert_ptr_eq(kept, same);
    x = 8;
    memset(name, '?', 2);
    memset(key, '?', 2);
    eff_value_decref(here);
    eff_value_decref(list);
    ck_assert_formats(eff_log_format_text, kept,
                      "1970-01-01T00:00:00.000Z INFO  fiber 3 \"reader\": point 7 at=\"point 7\" "
                      "list=\"[1,\\\"point 7\\\"]\" n=1");
    eff_log_record_decref(kept);
    eff_log_record_decref(same);
    eff_log_record_decref(NULL);
}
END_TEST

static void keep_full(void)
{
    eff_log_record_t r = full();
    int x = 1;
    r.message = EFF_ENV(point, .x = &x);
    if (!eff_is_oom(r.message)) eff_log_record_decref(eff_log_record_keep(&r));
    eff_value_decref(r.message);
}
START_TEST(keeping_a_record_gives_back_all_that_it_gets)
{
    fail_every_allocation(keep_full);
}
END_TEST

TESTS(text_is_for_people, colours_add_nothing_but_colour, logfmt_has_keys_and_values, json_is_one_object,
      hostile_text_stays_within_its_line, random_bytes_stay_within_their_line, a_field_of_a_megabyte_is_one_line_too,
      json_keeps_what_can_be_kept, formats_give_back_all_that_they_get, a_kept_record_stands_alone,
      keeping_a_record_gives_back_all_that_it_gets)
