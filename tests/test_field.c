/* Fields: keys and values as one value. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/case.h"
#include "support/failing_allocator.h"

static void assert_formats(eff_value_t v, const char *text)
{
    eff_buffer_t out = EFF_BUFFER_INIT;
    eff_value_format(v, &out);
    ck_assert_str_eq(eff_buffer_text(&out), text);
    eff_buffer_done(&out);
}

START_TEST(fields_keep_their_order_and_one_value_for_each_key)
{
    char key[] = "host";
    eff_value_t f = eff_fields(eff_field(key, "db"), eff_field("tries", 3), eff_field("took", eff_millis(12)));
    key[0] = '?';
    ck_assert_uint_eq(eff_fields_size(f), 3);
    assert_formats(f, "host=db tries=3 took=12ms");
    ck_assert_str_eq(eff_fields_at(f, 1).key, "tries");
    ck_assert_str_eq(eff_as_string(eff_fields_get(f, "host")), "db");
    ck_assert_ptr_null(eff_fields_get(f, "port").type);
    eff_value_t over = eff_fields(eff_field("tries", 4), eff_field("port", 5432));
    f = eff_fields_merge(f, over);
    assert_formats(f, "host=db tries=4 took=12ms port=5432");
    eff_value_decref(f);
}
END_TEST

START_TEST(fields_that_are_a_value_become_text)
{
    eff_value_t inner = eff_fields(eff_field("a", 1), eff_field("b", 2));
    eff_value_t f = eff_fields(eff_field("inner", inner));
    ck_assert_str_eq(eff_as_string(eff_fields_get(f, "inner")), "a=1 b=2");
    eff_value_decref(f);
}
END_TEST

START_TEST(as_json_they_are_an_object)
{
    eff_value_t f = eff_fields(eff_field("a", 1), eff_field("b\xff", "x"), eff_field("none", eff_unit));
    json_t *json = eff_value_to_json(f);
    char *text = json_dumps(json, JSON_COMPACT);
    ck_assert_str_eq(text, "{\"a\":1,\"b\xef\xbf\xbd\":\"x\",\"none\":null}");
    failing_json_free(text);
    json_decref(json);
    eff_value_decref(f);
}
END_TEST

START_TEST(they_are_compared_by_keys_and_values)
{
    eff_value_t a = eff_fields(eff_field("a", 1), eff_field("b", 2)),
                b = eff_fields(eff_field("a", 1), eff_field("b", 2));
    eff_value_t c = eff_fields(eff_field("a", 1), eff_field("b", 3)), d = eff_fields(eff_field("a", 1));
    ck_assert(eff_value_equal(a, b) && eff_value_hash(a) == eff_value_hash(b) && eff_value_compare(a, b) == 0);
    ck_assert(!eff_value_equal(a, c) && eff_value_compare(a, c) < 0 && eff_value_compare(c, a) > 0);
    ck_assert(!eff_value_equal(a, d) && eff_value_compare(d, a) < 0 && eff_value_compare(a, d) > 0);
    eff_value_decref(a);
    eff_value_decref(b);
    eff_value_decref(c);
    eff_value_decref(d);
}
END_TEST

static const char *misuse;
static void note_misuse(const char *message, void *arg)
{
    (void)arg;
    misuse = strstr(message, "eff_fields") ? "fields" : "another";
}

START_TEST(what_is_missing_is_a_mistake)
{
    eff_value_t absent = { .type = NULL, .integer = 0 };
    ck_assert_ptr_null(eff_fields(eff_field("a", eff_string("dropped")), eff_field("b", absent)).type);
    ck_assert_ptr_null(eff_fields_list(1, &(eff_field_t){ NULL, eff_unit }).type);
    ck_assert(eff_is_oom(eff_fields(eff_field("a", eff_oom_value()))));
    ck_assert_ptr_null(eff_fields_merge(eff_fields(eff_field("a", 1)), absent).type);
    ck_assert(eff_is_oom(eff_fields_merge(eff_fields(eff_field("a", 1)), eff_oom_value())));
    eff_set_misuse_handler(note_misuse, NULL);
    eff_value_t f = eff_fields(eff_field("a", 1));
    ck_assert_str_eq(eff_fields_at(f, 1).key, "");
    ck_assert_str_eq(misuse, "fields");
    misuse = NULL;
    ck_assert_uint_eq(eff_fields_size(eff_int(1)), 0);
    ck_assert_ptr_nonnull(misuse);
    eff_set_misuse_handler(NULL, NULL);
    eff_value_decref(f);
    f = eff_fields_list(0, NULL);
    ck_assert_uint_eq(eff_fields_size(f), 0);
    eff_value_decref(f);
}
END_TEST

/* ---- in arrays in fields */

/* The leaf, in fields in arrays in fields, so many times. */
static eff_value_t nested(size_t depth, eff_value_t leaf)
{
    eff_value_t v = leaf;
    for (size_t i = 0; i < depth; i++)
        v = eff_fields(eff_field("k", eff_array(1, &v)));
    return v;
}

static void walk_deep(void)
{
    enum { DEPTH = 100000 };
    eff_value_t a = nested(DEPTH, eff_int(1)), b = nested(DEPTH, eff_int(1)), c = nested(DEPTH, eff_int(2));
    ck_assert(eff_value_equal(a, b) && eff_value_hash(a) == eff_value_hash(b) && eff_value_compare(a, b) == 0);
    ck_assert(!eff_value_equal(a, c) && eff_value_compare(a, c) < 0 && eff_value_compare(c, a) > 0);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(a, &text);
    ck_assert_uint_eq(text.size, 4 * DEPTH + 1);
    ck_assert_int_eq(strncmp(eff_buffer_text(&text), "k=[k=[", 6), 0);
    eff_buffer_done(&text);
    json_t *json = eff_value_to_json(a);
    ck_assert_ptr_nonnull(json);
    json_decref(json);
    eff_value_decref(eff_fields(eff_field("flat", a)));
    eff_value_decref(b);
    eff_value_decref(c);
}
START_TEST(fields_nested_in_arrays_take_no_stack)
{
    run_on_small_stack(walk_deep);
}
END_TEST

START_TEST(what_stands_in_fields_is_escaped_once_however_deep)
{
    eff_value_t items[] = { eff_string("a\nb\n"), eff_fields(eff_field("x\x1b", "\n"), eff_field("y", 2)), eff_none() };
    eff_value_t f = eff_fields(eff_field("list", eff_array(3, items)), eff_field("line\n", "c\nd"),
                               eff_field("because", eff_error(&eff_system_error, 0, "e\nf")));
    assert_formats(f, "list=[\"a\\nb\\n\", x\\x1b=\\n y=2, none] line\\n=c\\nd because=system error: e\\nf");
    json_t *json = eff_value_to_json(f);
    char *text = json_dumps(json, JSON_COMPACT);
    ck_assert_ptr_nonnull(strstr(text, "{\"list\":[\"a\\nb\\n\",{\"x\\u001B\":\"\\n\",\"y\":2},null],\"line\\n\":"));
    failing_json_free(text);
    json_decref(json);
    eff_value_decref(f);
}
END_TEST

static void make_some(void)
{
    eff_value_t inner = eff_fields(eff_field("x", "y")), item = eff_fields(eff_field("z", "\n"));
    eff_value_t f = eff_fields(eff_field("a", "text"), eff_field("inner", inner), eff_field("n", UINT64_MAX),
                               eff_field("in an array", eff_array(1, &item)));
    f = eff_fields_merge(f, eff_fields(eff_field("a", eff_string("b"))));
    if (!eff_is_oom(f)) json_decref(eff_value_to_json(f));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(f, &text);
    eff_buffer_done(&text);
    eff_value_decref(f);
}
START_TEST(they_give_back_all_that_they_get)
{
    fail_every_allocation(make_some);
}
END_TEST

TESTS(fields_keep_their_order_and_one_value_for_each_key, fields_that_are_a_value_become_text,
      as_json_they_are_an_object, fields_nested_in_arrays_take_no_stack,
      what_stands_in_fields_is_escaped_once_however_deep, they_are_compared_by_keys_and_values,
      what_is_missing_is_a_mistake, they_give_back_all_that_they_get)
