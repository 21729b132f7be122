/* Values as people and programs read them, and the buffer that text grows in. */
#include "core/collection.h"
#include "core/memory.h"
#include "core/misuse.h"
#include "core/value.h"
#include "support/values.h"

/* ---- text and JSON */

START_TEST(values_format_for_people)
{
    ck_assert_formats(eff_unit, "unit");
    ck_assert_formats(absent(), "absent");
    ck_assert_formats(eff_bool(true), "true");
    ck_assert_formats(eff_int(-5), "-5");
    char address[40];
    snprintf(address, sizeof address, "pointer %p", (void *)&n_misuses);
    ck_assert_formats(eff_ptr(&n_misuses), address);
    ck_assert_formats(eff_oom_value(), "out of memory");
    ck_assert_formats(eff_string("as it \"is\"\n"), "as it \"is\"\n");
    ck_assert_formats(EFF_ARRAY(eff_string("a \"b\", \\ \n\t\1"), eff_literal("\xc3\xa9\x7f")),
                      "[\"a \\\"b\\\", \\\\ \\n\\t\\x01\", \"\xc3\xa9\\x7f\"]");
    ck_assert_formats(eff_pair(EFF_ARRAY(eff_int(1), eff_int(2)), eff_some(eff_pair(eff_none(), eff_unit))),
                      "([1, 2], some((none, unit)))");
    ck_assert_formats(eff_array(0, NULL), "[]");
    ck_assert_formats(eff_bytes("\0\xff", 2), "<2 bytes: 00 ff>");
    ck_assert_formats(eff_bytes("", 0), "<0 bytes>");
    ck_assert_formats(eff_json(json_pack("{s:[i, s]}", "k", 1, "v")), "{\"k\":[1,\"v\"]}");
}
END_TEST

START_TEST(doubles_format_short_and_exact)
{
    ck_assert_formats(eff_double(1), "1.0");
    ck_assert_formats(eff_double(0.1), "0.1");
    ck_assert_formats(eff_double(-2.5e-7), "-2.5e-07");
    ck_assert_formats(eff_double(1e20), "1e+20");
    ck_assert_formats(eff_double(0.1 + 0.2), "0.30000000000000004");
    ck_assert_formats(eff_double(NAN), "nan");
    ck_assert_formats(eff_double(-INFINITY), "-inf");
}
END_TEST

START_TEST(long_bytes_are_shown_in_part)
{
    char data[100] = { 0 };
    eff_value_t v = eff_bytes(data, sizeof data);
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_value_format(v, &b);
    ck_assert_ptr_eq(strstr(b.text, "<100 bytes: 00 00"), b.text);
    ck_assert_str_eq(b.text + b.size - 5, " ...>");
    eff_buffer_done(&b);
    eff_value_decref(v);
}
END_TEST

START_TEST(values_turn_into_json)
{
    ck_assert_json(eff_unit, "null");
    ck_assert_json(absent(), "null");
    ck_assert_json(eff_none(), "null");
    ck_assert_json(eff_some(eff_some(eff_int(3))), "3");
    ck_assert_json(eff_some(eff_none()), "null");
    ck_assert_json(eff_double(NAN), "null");
    ck_assert_json(eff_double(0.5), "0.5");
    ck_assert_json(EFF_ARRAY(eff_pair(eff_bool(true), eff_array(0, NULL)), eff_literal("s")), "[[true,[]],\"s\"]");
    ck_assert_json(eff_bytes("\x0a\xff", 2), "\"0aff\"");
    ck_assert_json(eff_json(json_pack("{s:i}", "k", 1)), "{\"k\":1}");
    ck_assert_json(eff_oom_value(), "\"out of memory\"");
    ck_assert_json(eff_error_caused(EFF_ARRAY(eff_error(&eff_closed_error, 0, "q")), &eff_config_error, 7, "m"),
                   "{\"cause\":[{\"kind\":\"closed\",\"message\":\"q\"}],\"code\":7,\"kind\":\"configuration\","
                   "\"message\":\"m\"}");
}
END_TEST

START_TEST(text_that_is_not_utf8_is_replaced_in_json)
{
    ck_assert_json(eff_string("a\xff"
                              "b"),
                   "\"a\xef\xbf\xbd"
                   "b\"");
    ck_assert_json(eff_string("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    ck_assert_json(eff_string("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    ck_assert_json(eff_string("\xe0\x80\x80 \xf0\x80\x80\x80 \xf4\x90\x80\x80"),
                   "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd "
                   "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    ck_assert_json(eff_string("\xe2\x82\xac \xf0\x9f\x98\x80 \xe2\x82"),
                   "\"\xe2\x82\xac \xf0\x9f\x98\x80 \xef\xbf\xbd\xef\xbf\xbd\"");
    ck_assert_json(eff_string_n("a\0b", 3), "\"a\\u0000b\"");
}
END_TEST

START_TEST(json_given_back_is_not_the_one_inside)
{
    eff_value_t v = eff_json(json_pack("{s:i}", "k", 1));
    json_t *copy = eff_value_to_json(v);
    json_object_clear(copy);
    ck_assert_uint_eq(json_object_size(eff_as_json(v)), 1);
    json_decref(copy);
    eff_value_decref(v);
}
END_TEST

START_TEST(json_values_compare_and_hash_by_contents)
{
    static const char *const texts[] = { "null", "true", "false", "1", "1.5", "\"s\"", "[1]", "[2]", "{\"k\":[]}" };
    enum { N = sizeof texts / sizeof *texts };
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            eff_value_t a = eff_json(json_loads(texts[i], JSON_DECODE_ANY, NULL));
            eff_value_t b = eff_json(json_loads(texts[j], JSON_DECODE_ANY, NULL));
            ck_assert_int_eq(eff_value_equal(a, b), i == j);
            ck_assert_int_eq(eff_value_hash(a) == eff_value_hash(b), i == j);
            ck_assert_int_eq(eff_value_compare(a, b) > 0, eff_value_compare(b, a) < 0);
            eff_value_decref(a);
            eff_value_decref(b);
        }
    }
}
END_TEST

START_TEST(keys_of_json_objects_have_no_order)
{
    eff_value_t a = eff_json(json_pack("{s:i, s:i}", "a", 1, "b", 2));
    eff_value_t b = eff_json(json_pack("{s:i, s:i}", "b", 2, "a", 1));
    ck_assert(eff_value_equal(a, b));
    ck_assert_int_eq(eff_value_compare(a, b), 0);
    ck_assert_uint_eq(eff_value_hash(a), eff_value_hash(b));
    eff_value_decref(a);
    eff_value_decref(b);
}
END_TEST

START_TEST(json_without_a_json_is_out_of_memory)
{
    ck_assert(eff_value_is(eff_json(NULL), &eff_oom_type));
    ck_assert_int_eq(n_misuses, 0);
}
END_TEST

/* ---- the buffer */

START_TEST(buffer_grows_and_stays_terminated)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    ck_assert_str_eq(eff_buffer_text(&b), "");
    for (int i = 0; i < 100; i++)
        eff_buffer_printf(&b, "%03d", i);
    eff_buffer_add_n(&b, "tail", 2);
    eff_buffer_add(&b, "");
    ck_assert_uint_eq(b.size, 302);
    ck_assert_uint_eq(strlen(eff_buffer_text(&b)), 302);
    ck_assert_str_eq(b.text + 297, "099ta");
    eff_buffer_done(&b);
    ck_assert_str_eq(eff_buffer_text(&b), "");
}
END_TEST

START_TEST(buffer_without_memory_keeps_a_prefix)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_buffer_add(&b, "kept");
    allocations_fail_at(0, true);
    eff_buffer_printf(&b, "%100d", 1);
    eff_buffer_add(&b, "x"); /* would fit, but would leave a hole */
    allocations_fail_at(-1, false);
    ck_assert(b.truncated);
    ck_assert_str_eq(eff_buffer_text(&b), "kept");
    eff_buffer_done(&b);
    ck_assert(!b.truncated);
}
END_TEST

VALUE_TESTS("value_text", values_format_for_people, doubles_format_short_and_exact, long_bytes_are_shown_in_part,
            values_turn_into_json, text_that_is_not_utf8_is_replaced_in_json, json_given_back_is_not_the_one_inside,
            json_values_compare_and_hash_by_contents, keys_of_json_objects_have_no_order,
            json_without_a_json_is_out_of_memory, buffer_grows_and_stays_terminated,
            buffer_without_memory_keeps_a_prefix)
