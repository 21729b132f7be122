/* Values: construction, reading, mistakes, order. */
#include <wchar.h>

#include "core/collection.h"
#include "core/memory.h"
#include "core/misuse.h"
#include "core/value.h"
#include "support/values.h"

/* ---- immediate values */

START_TEST(version_is_that_of_the_headers)
{
    ck_assert_str_eq(eff_version(), EFF_VERSION);
}
END_TEST

START_TEST(immediate_values_read_back)
{
    ck_assert(eff_as_bool(eff_bool(true)));
    ck_assert(!eff_as_bool(eff_bool(false)));
    ck_assert_int_eq(eff_as_int(eff_int(INT64_MIN)), INT64_MIN);
    ck_assert(eff_as_double(eff_double(0.25)) == 0.25);
    ck_assert_ptr_eq(eff_as_ptr(eff_ptr(last_misuse)), last_misuse);
    ck_assert(eff_value_is(eff_unit, &eff_unit_type));
    ck_assert_int_eq(eff_unit.integer, 0);
    ck_assert_int_eq(requests, 0);
    ck_assert_int_eq(n_misuses, 0);
}
END_TEST

START_TEST(bool_defines_all_eight_bytes)
{
    ck_assert_int_eq(eff_bool(true).integer, 1);
    ck_assert_int_eq(eff_bool(false).integer, 0);
}
END_TEST

START_TEST(absent_value_is_droppable)
{
    eff_value_decref(absent());
    ck_assert_ptr_null(eff_value_incref(absent()).type);
    ck_assert_ptr_null(eff_type_of(absent()));
    ck_assert_int_eq(n_misuses, 0);
}
END_TEST

/* ---- strings and bytes */

START_TEST(literal_reads_as_a_string)
{
    static const char text[] = "static";
    eff_value_t v = eff_literal(text);
    ck_assert_ptr_eq(eff_type_of(v), &eff_string_type);
    ck_assert(eff_value_is(v, &eff_string_type));
    ck_assert_ptr_eq(eff_as_string(v), text);
    ck_assert_uint_eq(eff_string_size(v), 6);
    ck_assert_int_eq(requests, 0);
}
END_TEST

START_TEST(string_copies_what_it_is_given)
{
    char text[] = "copied";
    eff_value_t v = eff_string(text);
    text[0] = 'X';
    ck_assert_str_eq(eff_as_string(v), "copied");
    ck_assert_uint_eq(eff_string_size(v), 6);
    eff_value_decref(v);
}
END_TEST

START_TEST(string_n_keeps_embedded_nul)
{
    eff_value_t v = eff_string_n("a\0b", 3), empty = eff_string_n(NULL, 0);
    ck_assert_uint_eq(eff_string_size(v), 3);
    ck_assert_mem_eq(eff_as_string(v), "a\0b", 4);
    ck_assert_str_eq(eff_as_string(empty), "");
    eff_value_decref(v);
    eff_value_decref(empty);
}
END_TEST

START_TEST(printf_formats_short_and_long_texts)
{
    eff_value_t v = eff_printf("n is %d", 42);
    ck_assert_str_eq(eff_as_string(v), "n is 42");
    eff_value_decref(v);
    for (int width = 250; width < 262; width++) {
        v = eff_printf("%*d", width, 7);
        ck_assert_uint_eq(eff_string_size(v), (size_t)width);
        ck_assert_uint_eq(strlen(eff_as_string(v)), (size_t)width);
        eff_value_decref(v);
    }
}
END_TEST

START_TEST(strings_count_as_bytes)
{
    size_t n;
    eff_value_t b = eff_bytes("\1\2", 2), s = eff_string("xyz");
    ck_assert_mem_eq(eff_as_bytes(b, &n), "\1\2", 3);
    ck_assert_uint_eq(n, 2);
    ck_assert_mem_eq(eff_as_bytes(s, &n), "xyz", 3);
    ck_assert_uint_eq(n, 3);
    ck_assert_mem_eq(eff_as_bytes(eff_literal("lit"), NULL), "lit", 3);
    eff_value_decref(b);
    eff_value_decref(s);
    ck_assert_int_eq(n_misuses, 0);
}
END_TEST

START_TEST(null_text_is_a_mistake_and_gives_an_empty_one)
{
    ck_assert_str_eq(eff_as_string(eff_string(NULL)), "");
    ck_assert_misuse("eff_string was given NULL");
    ck_assert_str_eq(eff_as_string(eff_literal(NULL)), "");
    ck_assert_misuse("eff_literal was given NULL");
    ck_assert_str_eq(eff_as_string(eff_string_n(NULL, 3)), "");
    ck_assert_misuse("eff_string_n was given NULL for 3 bytes");
    eff_value_t b = eff_bytes(NULL, 3);
    ck_assert_misuse("eff_bytes was given NULL for 3 bytes");
    ck_assert(eff_value_is(b, &eff_bytes_type));
    eff_value_decref(b);
}
END_TEST

START_TEST(format_that_cannot_be_printed_is_a_mistake)
{
    wint_t no_character = 0x7fffffff;
    ck_assert_str_eq(eff_as_string(eff_printf("%lc", no_character)), "");
    ck_assert_misuse("eff_printf cannot print the format \"%lc\"");
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_buffer_add(&b, "kept");
    eff_buffer_printf(&b, "abc%lc", no_character);
    ck_assert(b.truncated);
    ck_assert_str_eq(b.text, "kept");
    eff_buffer_done(&b);
    eff_value_t e = eff_error(&eff_any_error, 0, "%lc", no_character);
    ck_assert_misuse("eff_error cannot print the format \"%lc\"");
    ck_assert_formats(e, "error");
}
END_TEST

/* ---- values made of values */

START_TEST(pair_hands_out_its_sides)
{
    eff_value_t v = eff_pair(eff_int(1), eff_string("two"));
    ck_assert_int_eq(eff_as_int(eff_first(v)), 1);
    ck_assert_str_eq(eff_as_string(eff_second(v)), "two");
    eff_value_decref(v);
}
END_TEST

START_TEST(array_hands_out_its_items)
{
    eff_value_t v = EFF_ARRAY(eff_int(1), eff_string("two"), eff_unit);
    ck_assert_uint_eq(eff_array_size(v), 3);
    ck_assert_str_eq(eff_as_string(eff_array_at(v, 1)), "two");
    ck_assert(eff_value_is(eff_array_at(v, 3), &eff_unit_type));
    ck_assert_misuse("read item 3 of an array of 3");
    eff_value_decref(v);
}
END_TEST

START_TEST(empty_array_needs_no_memory)
{
    eff_value_t v = eff_array(0, NULL);
    ck_assert_uint_eq(eff_array_size(eff_value_incref(v)), 0);
    eff_value_decref(v);
    eff_value_decref(v);
    ck_assert_int_eq(requests, 0);
    v = eff_array(2, NULL);
    ck_assert_misuse("eff_array was given NULL for 2 items");
    ck_assert_uint_eq(eff_array_size(v), 0);
}
END_TEST

START_TEST(array_under_construction_may_be_dropped_half_filled)
{
    eff_value_t *items, v = eff__array_new(3, &items);
    items[1] = eff_string("only one");
    eff_value_decref(v);
    v = eff__array_new(SIZE_MAX / 2, &items);
    ck_assert(eff_value_is(v, &eff_oom_type));
    ck_assert_ptr_null(items);
}
END_TEST

START_TEST(options_nest)
{
    eff_value_t none = eff_none(), some = eff_some(eff_some(eff_none()));
    ck_assert(eff_value_is(none, &eff_option_type));
    ck_assert(!eff_is_some(none));
    ck_assert(eff_is_some(some));
    ck_assert(eff_is_some(eff_some_value(some)));
    ck_assert(!eff_is_some(eff_some_value(eff_some_value(some))));
    eff_value_decref(some);
    ck_assert_int_eq(n_misuses, 0);
    ck_assert(eff_value_is(eff_some_value(none), &eff_unit_type));
    ck_assert_misuse("read the value of none");
}
END_TEST

START_TEST(range_never_ends_before_it_begins)
{
    ck_assert_formats(eff_range(2, 5), "2..5");
    ck_assert_formats(eff_range(5, 2), "5..5");
    ck_assert_json(eff_range(0, 3), "\"0..3\"");
}
END_TEST

/* ---- mistakes and "out of memory" */

START_TEST(wrong_type_reads_are_reported_and_give_nothing)
{
    eff_value_t s = eff_string("text");
    ck_assert_int_eq(eff_as_int(s), 0);
    ck_assert_misuse("read a value of type string as int: \"text\"");
    ck_assert(!eff_as_bool(eff_int(1)));
    ck_assert_misuse("read a value of type int as bool: 1");
    ck_assert(eff_as_double(eff_int(1)) == 0);
    ck_assert_misuse("read a value of type int as double: 1");
    ck_assert_ptr_null(eff_as_ptr(s));
    ck_assert_misuse("read a value of type string as pointer: \"text\"");
    ck_assert_str_eq(eff_as_string(eff_int(3)), "");
    ck_assert_misuse("read a value of type int as string: 3");
    ck_assert_int_eq(eff_as_int(eff_literal("x")), 0);
    ck_assert_misuse("read a value of type string as int: \"x\"");
    ck_assert_uint_eq(eff_string_size(eff_unit), 0);
    ck_assert_misuse("read a value of type unit as string");
    size_t n = 9;
    ck_assert_str_eq(eff_as_bytes(eff_unit, &n), "");
    ck_assert_uint_eq(n, 0);
    ck_assert_misuse("read a value of type unit as bytes");
    ck_assert_ptr_eq(eff_as_json(eff_unit), json_null());
    ck_assert_misuse("read a value of type unit as json");
    ck_assert_ptr_null(eff_as_effect(eff_unit));
    ck_assert_misuse("read a value of type unit as effect");
    ck_assert(eff_value_is(eff_first(s), &eff_unit_type));
    ck_assert_misuse("read a value of type string as pair: \"text\"");
    ck_assert(eff_value_is(eff_second(eff_none()), &eff_unit_type));
    ck_assert_misuse("read a value of type option as pair");
    ck_assert_uint_eq(eff_array_size(s), 0);
    ck_assert_misuse("read a value of type string as array: \"text\"");
    ck_assert(eff_value_is(eff_array_at(s, 0), &eff_unit_type));
    ck_assert_misuse("read a value of type string as array: \"text\"");
    ck_assert(!eff_is_some(s));
    ck_assert_misuse("read a value of type string as option: \"text\"");
    ck_assert(eff_value_is(eff_some_value(s), &eff_unit_type));
    ck_assert_misuse("read a value of type string as option: \"text\"");
    ck_assert_int_eq(eff_as_int(absent()), 0);
    ck_assert_misuse("read an absent value as int");
    eff_value_decref(s);
}
END_TEST

static int n_oom_reads;

static void note_oom(void)
{
    n_oom_reads++;
}

START_TEST(reading_out_of_memory_is_no_mistake)
{
    ck_assert_int_eq(eff_as_int(eff_oom_value()), 0);
    eff__oom_in_fiber = note_oom;
    ck_assert_str_eq(eff_as_string(eff_oom_value()), "");
    eff__oom_in_fiber = NULL;
    ck_assert_int_eq(n_misuses, 0);
    ck_assert_int_eq(n_oom_reads, 1);
}
END_TEST

static bool in_fiber(const char *message)
{
    snprintf(last_misuse, sizeof last_misuse, "fiber: %s", message);
    return true;
}

START_TEST(running_fiber_takes_the_mistake)
{
    eff__misuse_in_fiber = in_fiber;
    ck_assert_int_eq(eff_as_int(eff_unit), 0);
    eff__misuse_in_fiber = NULL;
    ck_assert_int_eq(n_misuses, 0);
    ck_assert_str_eq(last_misuse, "fiber: read a value of type unit as int");
}
END_TEST

START_TEST(long_misuse_message_is_cut_only_without_memory)
{
    eff__misuse("%590d", 1);
    ck_assert_int_eq(n_misuses, 1);
    ck_assert_uint_eq(strlen(last_misuse), 590);
    eff_trim();
    allocations_fail_at(0, false);
    eff__misuse("%590d", 1);
    allocations_fail_at(-1, false);
    ck_assert_int_eq(n_misuses, 2);
    ck_assert_uint_eq(strlen(last_misuse), 511);
    ck_assert_ptr_nonnull(strstr(last_misuse, " ... [cut]"));
}
END_TEST

START_TEST(a_wrong_read_shows_what_the_value_holds)
{
    eff_value_t items[] = { eff_int(1), eff_int(2) };
    eff_value_t array = eff_array(2, items), error = eff_error(&eff_any_error, 0, "no such row");
    ck_assert(!eff_as_bool(array));
    ck_assert_misuse("read a value of type array as bool: 2 items");
    ck_assert(!eff_as_bool(error));
    ck_assert_misuse("read a value of type error as bool: no such row");
    ck_assert_int_eq(eff_as_int(eff_bool(true)), 0);
    ck_assert_misuse("read a value of type bool as int: true");
    ck_assert_int_eq(eff_as_int(eff_double(1.5)), 0);
    ck_assert_misuse("read a value of type double as int: 1.5");
    ck_assert_int_eq(eff_as_int(eff_literal("line one\nline two, which goes on and on")), 0);
    ck_assert_misuse("read a value of type string as int: \"line one\\nline two, which goes on and on\"");
    eff_value_decref(array);
    eff_value_decref(error);
}
END_TEST

static const char *program; /* this one's path */

START_TEST(default_handler_prints_the_mistake)
{
    char command[600];
    snprintf(command, sizeof command, "exec '%s' make-a-mistake 2>&1", program);
    FILE *child = popen(command, "r");
    char line[200] = "";
    ck_assert_ptr_nonnull(fgets(line, sizeof line, child));
    pclose(child); /* in debug builds it aborted */
    ck_assert_str_eq(line, "libeffect: misuse: read a value of type unit as int\n");
}
END_TEST

START_TEST(part_that_is_out_of_memory_makes_the_whole_so)
{
    eff_value_t oom = eff_oom_value();
    ck_assert(eff_value_is(eff_pair(oom, eff_string("dropped")), &eff_oom_type));
    ck_assert(eff_value_is(eff_pair(eff_string("dropped"), oom), &eff_oom_type));
    ck_assert(eff_value_is(EFF_ARRAY(eff_string("dropped"), oom, eff_string("too")), &eff_oom_type));
    ck_assert(eff_value_is(eff_some(oom), &eff_oom_type));
    ck_assert(eff_value_is(eff_error_caused(oom, &eff_any_error, 0, "x"), &eff_oom_type));
    ck_assert(!eff__value_usable(oom));
    ck_assert_int_eq(n_misuses, 0);
}
END_TEST

START_TEST(absent_part_is_a_mistake_and_counts_as_unit)
{
    eff_value_t v = eff_pair(absent(), eff_int(1));
    ck_assert_misuse("eff_pair was given an absent value");
    ck_assert_formats(v, "(unit, 1)");
    v = EFF_ARRAY(eff_int(1), absent());
    ck_assert_misuse("eff_array was given an absent value");
    ck_assert_formats(v, "[1, unit]");
    v = eff_some(absent());
    ck_assert_misuse("eff_some was given an absent value");
    ck_assert_formats(v, "some(unit)");
}
END_TEST

START_TEST(null_effect_is_a_mistake_and_gives_the_absent_value)
{
    ck_assert_ptr_null(eff_effect_value(NULL).type);
    ck_assert_misuse("eff_effect_value was given NULL");
}
END_TEST

/* ---- equality, order, hash */

START_TEST(order_is_total_and_agrees_with_equality_and_hash)
{
    eff_value_t a[40], b[40];
    size_t n = make_samples(a);
    ck_assert_uint_eq(make_samples(b), n);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            int order = eff_value_compare(a[i], b[j]);
            ck_assert_msg((order > 0) - (order < 0) == (i > j) - (i < j), "%zu against %zu: %d", i, j, order);
            ck_assert_msg(eff_value_equal(a[i], b[j]) == (i == j), "%zu equal to %zu", i, j);
        }
        ck_assert_uint_eq(eff_value_hash(a[i]), eff_value_hash(b[i]));
        if (i > 1) ck_assert_uint_ne(eff_value_hash(a[i]), eff_value_hash(a[i - 1]));
    }
    for (size_t i = 0; i < n; i++) {
        eff_value_decref(a[i]);
        eff_value_decref(b[i]);
    }
    ck_assert_int_eq(n_misuses, 0);
}
END_TEST

START_TEST(literal_equals_the_same_counted_string)
{
    eff_value_t s = eff_string("same");
    ck_assert(eff_value_equal(s, eff_literal("same")));
    ck_assert_int_eq(eff_value_compare(eff_literal("same"), s), 0);
    ck_assert_uint_eq(eff_value_hash(s), eff_value_hash(eff_literal("same")));
    eff_value_decref(s);
}
END_TEST

START_TEST(zeros_are_equal_and_nan_equals_itself)
{
    ck_assert(eff_value_equal(eff_double(0.0), eff_double(-0.0)));
    ck_assert_uint_eq(eff_value_hash(eff_double(0.0)), eff_value_hash(eff_double(-0.0)));
    ck_assert(eff_value_equal(eff_double(NAN), eff_double(-NAN)));
    ck_assert_uint_eq(eff_value_hash(eff_double(NAN)), eff_value_hash(eff_double(-NAN)));
    ck_assert(!eff_value_equal(eff_double(1), eff_int(1)));
}
END_TEST

START_TEST(pointers_are_compared_by_address)
{
    static int two[2];
    ck_assert(eff_value_equal(eff_ptr(&two[0]), eff_ptr(&two[0])));
    ck_assert_int_lt(eff_value_compare(eff_ptr(&two[0]), eff_ptr(&two[1])), 0);
    ck_assert_uint_eq(eff_value_hash(eff_ptr(two)), eff_value_hash(eff_ptr(two)));
}
END_TEST

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc > 1 && strcmp(argv[1], "make-a-mistake") == 0) return (int)eff_as_int(eff_unit);
    const TTest *const tests[] = { version_is_that_of_the_headers,
                                   immediate_values_read_back,
                                   bool_defines_all_eight_bytes,
                                   absent_value_is_droppable,
                                   literal_reads_as_a_string,
                                   string_copies_what_it_is_given,
                                   string_n_keeps_embedded_nul,
                                   printf_formats_short_and_long_texts,
                                   strings_count_as_bytes,
                                   null_text_is_a_mistake_and_gives_an_empty_one,
                                   format_that_cannot_be_printed_is_a_mistake,
                                   pair_hands_out_its_sides,
                                   array_hands_out_its_items,
                                   empty_array_needs_no_memory,
                                   array_under_construction_may_be_dropped_half_filled,
                                   options_nest,
                                   range_never_ends_before_it_begins,
                                   wrong_type_reads_are_reported_and_give_nothing,
                                   reading_out_of_memory_is_no_mistake,
                                   running_fiber_takes_the_mistake,
                                   long_misuse_message_is_cut_only_without_memory,
                                   a_wrong_read_shows_what_the_value_holds,
                                   default_handler_prints_the_mistake,
                                   part_that_is_out_of_memory_makes_the_whole_so,
                                   absent_part_is_a_mistake_and_counts_as_unit,
                                   null_effect_is_a_mistake_and_gives_the_absent_value,
                                   order_is_total_and_agrees_with_equality_and_hash,
                                   literal_equals_the_same_counted_string,
                                   zeros_are_equal_and_nan_equals_itself,
                                   pointers_are_compared_by_address };
    return run_suite("value", setup, tests, sizeof tests / sizeof *tests);
}
