/* Values: construction, reading, order, text, JSON, drops of deep nesting, and every constructor without memory. */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <effect/error.h>
#include <effect/value.h>

#include "core/collection.h"
#include "core/memory.h"
#include "core/misuse.h"
#include "core/value.h"

/* ---- a counting allocator, for the library and for jansson */

static long n_live, n_requests;
static long n_before;     /* requests before this test */
static long fail_at = -1; /* the request with this number fails */
static bool sticky;       /* and all after it */
static bool hit;          /* one has failed */

static bool refuse(void)
{
    long number = n_requests++;
    if (fail_at < 0 || number < fail_at || (number > fail_at && !sticky)) return false;
    return hit = true;
}

static void *counting_malloc(size_t size, void *ctx)
{
    (void)ctx;
    void *p = refuse() ? NULL : malloc(size);
    if (p) n_live++;
    return p;
}

static void *counting_realloc(void *p, size_t size, void *ctx)
{
    (void)ctx;
    if (refuse()) return NULL;
    void *q = realloc(p, size);
    if (q && !p) n_live++;
    return q;
}

static void counting_free(void *p, void *ctx)
{
    (void)ctx;
    if (p) n_live--;
    free(p);
}

static void *json_malloc_counted(size_t size)
{
    return counting_malloc(size, NULL);
}

static void json_free_counted(void *p)
{
    counting_free(p, NULL);
}

/* ---- what every test begins and ends with */

static char last_misuse[600];
static int n_misuses;

static void note_misuse(const char *message, void *arg)
{
    (void)arg;
    n_misuses++;
    snprintf(last_misuse, sizeof last_misuse, "%s", message);
}

static void setup(void)
{
    n_misuses = 0;
    n_before = n_requests;
    last_misuse[0] = '\0';
    eff_set_misuse_handler(note_misuse, NULL);
}

static void teardown(void)
{
    eff_trim();
    ck_assert_int_eq(n_live, 0);
}

#define ck_assert_misuse(expected)                                                                                     \
    do {                                                                                                               \
        ck_assert_int_eq(n_misuses, 1);                                                                                \
        ck_assert_str_eq(last_misuse, (expected));                                                                     \
        n_misuses = 0;                                                                                                 \
    } while (0)

/* Consumes v. */
#define ck_assert_formats(v, expected)                                                                                 \
    do {                                                                                                               \
        eff_value_t v_ = (v);                                                                                          \
        eff_buffer_t b_ = EFF_BUFFER_INIT;                                                                             \
        eff_value_format(v_, &b_);                                                                                     \
        ck_assert_str_eq(eff_buffer_text(&b_), (expected));                                                            \
        ck_assert(!b_.truncated);                                                                                      \
        eff_buffer_done(&b_);                                                                                          \
        eff_value_decref(v_);                                                                                          \
    } while (0)

/* Consumes v. */
#define ck_assert_json(v, expected)                                                                                    \
    do {                                                                                                               \
        eff_value_t v_ = (v);                                                                                          \
        json_t *j_ = eff_value_to_json(v_);                                                                            \
        ck_assert_ptr_nonnull(j_);                                                                                     \
        char *t_ = json_dumps(j_, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);                                    \
        ck_assert_str_eq(t_, (expected));                                                                              \
        json_free_counted(t_);                                                                                         \
        json_decref(j_);                                                                                               \
        eff_value_decref(v_);                                                                                          \
    } while (0)

static eff_value_t absent(void)
{
    return (eff_value_t){ .type = NULL, .integer = 0 };
}

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
    ck_assert_int_eq(n_requests, n_before);
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
    ck_assert_int_eq(n_requests, n_before);
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
    ck_assert_int_eq(n_requests, n_before);
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
    fail_at = n_requests;
    eff__misuse("%590d", 1);
    fail_at = -1;
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

/* In ascending order, each different from the others. */
static size_t make_samples(eff_value_t v[40])
{
    size_t n = 0;
    v[n++] = absent();
    v[n++] = eff_unit;
    v[n++] = eff_bool(false);
    v[n++] = eff_bool(true);
    v[n++] = eff_int(INT64_MIN);
    v[n++] = eff_int(-1);
    v[n++] = eff_int(0);
    v[n++] = eff_double(-INFINITY);
    v[n++] = eff_double(0.0);
    v[n++] = eff_double(1e300);
    v[n++] = eff_double(NAN);
    v[n++] = eff_string("");
    v[n++] = eff_literal("ab");
    v[n++] = eff_string_n("ab\0c", 4);
    v[n++] = eff_string("b");
    v[n++] = eff_bytes("ab", 2);
    v[n++] = eff_bytes("ab\0", 3);
    v[n++] = eff_range(0, 3);
    v[n++] = eff_range(0, 4);
    v[n++] = eff_range(1, 1);
    v[n++] = eff_none();
    v[n++] = eff_some(eff_unit);
    v[n++] = eff_some(eff_none());
    v[n++] = eff_some(eff_some(eff_none()));
    v[n++] = eff_pair(eff_int(1), eff_int(2));
    v[n++] = eff_pair(eff_int(1), eff_pair(eff_int(0), eff_int(0)));
    v[n++] = eff_pair(eff_int(2), eff_int(0));
    v[n++] = eff_array(0, NULL);
    v[n++] = EFF_ARRAY(eff_int(1));
    v[n++] = EFF_ARRAY(eff_int(1), eff_int(0));
    v[n++] = EFF_ARRAY(EFF_ARRAY(eff_int(1)), eff_int(0));
    v[n++] = EFF_ARRAY(EFF_ARRAY(eff_int(1), eff_int(2)), eff_int(0));
    v[n++] = eff_json(json_pack("{s:i, s:[f, b, n]}", "a", 1, "b", 0.5, 1));
    v[n++] = eff_json(json_pack("{s:i, s:[f, b, n]}", "a", 2, "b", 0.5, 0));
    v[n++] = eff_error(&eff_closed_error, 0, "x");
    v[n++] = eff_error(&eff_closed_error, 1, "a");
    v[n++] = eff_error_caused(eff_int(3), &eff_closed_error, 1, "a");
    v[n++] = eff_error(&eff_timeout_error, 0, "x");
    return n;
}

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

/* ---- text and JSON */

START_TEST(values_format_for_people)
{
    ck_assert_formats(eff_unit, "unit");
    ck_assert_formats(absent(), "absent");
    ck_assert_formats(eff_bool(true), "true");
    ck_assert_formats(eff_int(-5), "-5");
    char address[40];
    snprintf(address, sizeof address, "pointer %p", (void *)&n_live);
    ck_assert_formats(eff_ptr(&n_live), address);
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
    fail_at = n_requests;
    sticky = true;
    eff_buffer_printf(&b, "%100d", 1);
    eff_buffer_add(&b, "x"); /* would fit, but would leave a hole */
    fail_at = -1;
    ck_assert(b.truncated);
    ck_assert_str_eq(eff_buffer_text(&b), "kept");
    eff_buffer_done(&b);
    ck_assert(!b.truncated);
}
END_TEST

/* ---- a million levels, on a small stack */

#if defined(__SANITIZE_ADDRESS__)
#define SMALL_STACK (1024 * 1024)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SMALL_STACK (1024 * 1024)
#endif
#endif
#ifndef SMALL_STACK
#define SMALL_STACK (64 * 1024)
#endif

enum { DEEP = 1000000 };

static void run_on_a_small_stack(void *(*body)(void *))
{
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    ck_assert_int_eq(pthread_attr_setstacksize(&attr, SMALL_STACK), 0);
    ck_assert_int_eq(pthread_create(&thread, &attr, body, NULL), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
}

static eff_value_t left_nested(int depth)
{
    eff_value_t v = eff_int(0);
    for (int i = 1; i <= depth; i++)
        v = eff_pair(v, eff_int(i));
    return v;
}

static eff_value_t right_nested(int depth)
{
    eff_value_t v = eff_int(0);
    for (int i = 1; i <= depth; i++)
        v = eff_pair(eff_int(i), v);
    return v;
}

/* Arrays, options and errors in turn, each inside the next. */
static eff_value_t mixed(int depth)
{
    eff_value_t v = eff_int(0);
    for (int i = 0; i < depth; i++) {
        if (i % 3 == 0) v = EFF_ARRAY(v, eff_int(i));
        else if (i % 3 == 1) v = eff_some(v);
        else v = eff_error_caused(v, &eff_any_error, 0, "e");
    }
    return v;
}

static void walk_two(eff_value_t a, eff_value_t b)
{
    ck_assert(eff_value_equal(a, b));
    ck_assert_int_eq(eff_value_compare(a, b), 0);
    ck_assert_uint_eq(eff_value_hash(a), eff_value_hash(b));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(a, &text);
    ck_assert(!text.truncated);
    ck_assert_uint_gt(text.size, DEEP);
    eff_buffer_done(&text);
    json_t *json = eff_value_to_json(a);
    ck_assert_ptr_nonnull(json);
    json_decref(json);
    eff_value_decref(a);
    eff_value_decref(b);
}

static void *walk_deep(void *arg)
{
    walk_two(left_nested(DEEP), left_nested(DEEP));
    walk_two(right_nested(DEEP), right_nested(DEEP));
    walk_two(mixed(DEEP), mixed(DEEP));
    eff_trim();
    return arg;
}

START_TEST(million_levels_are_walked_and_dropped_on_a_small_stack)
{
    run_on_a_small_stack(walk_deep);
}
END_TEST

START_TEST(json_is_cut_where_nesting_is_too_deep)
{
    eff_value_t v = eff_unit;
    for (int i = 0; i < 70; i++)
        v = EFF_ARRAY(v);
    json_t *json = eff_value_to_json(v), *at = json;
    int depth = 0;
    for (; json_is_array(at); depth++)
        at = json_array_get(at, 0);
    ck_assert_int_eq(depth, 64);
    ck_assert_str_eq(json_string_value(at), "...");
    json_decref(json);
    eff_value_decref(v);
}
END_TEST

START_TEST(deep_values_without_memory_differ_and_print_in_part)
{
    eff_value_t a = left_nested(100), b = left_nested(100);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_printf(&text, "%4000d", 1); /* room enough for what is to come */
    text.size = 0;
    uint64_t hash = eff_value_hash(a);
    fail_at = n_requests;
    sticky = true;
    ck_assert(!eff_value_equal(a, b));
    int order = eff_value_compare(a, b);
    ck_assert_int_ne(order, 0);
    ck_assert_int_eq(order > 0 ? 1 : -1, eff_value_compare(b, a) > 0 ? -1 : 1);
    ck_assert_uint_eq(eff_value_hash(a), hash);
    eff_value_format(a, &text);
    fail_at = -1;
    ck_assert(text.truncated);
    ck_assert_str_eq(text.text, "(((((((((((((((((...");
    eff_buffer_done(&text);
    eff_value_decref(a);
    eff_value_decref(b);
}
END_TEST

/* ---- every constructor, without memory */

static eff_value_t make_string(void)
{
    return eff_string("some text");
}
static eff_value_t make_string_n(void)
{
    return eff_string_n("some text", 4);
}
static eff_value_t make_printf(void)
{
    return eff_printf("%d", 5);
}
static eff_value_t make_long_printf(void)
{
    return eff_printf("%1000d", 5);
}
static eff_value_t make_bytes(void)
{
    return eff_bytes("some text", 4);
}
static eff_value_t make_json(void)
{
    return eff_json(json_pack("{s:[i]}", "k", 1));
}
static eff_value_t make_pair(void)
{
    return eff_pair(eff_string("a"), eff_pair(eff_string("b"), eff_int(1)));
}
static eff_value_t make_array(void)
{
    return EFF_ARRAY(eff_string("a"), eff_string("b"), eff_string("c"));
}
static eff_value_t make_range(void)
{
    return eff_range(1, 5);
}
static eff_value_t make_some(void)
{
    return eff_some(eff_some(eff_string("a")));
}
static eff_value_t make_error(void)
{
    return eff_error(&eff_closed_error, 0, "queue %d", 1);
}
static eff_value_t make_long_error(void)
{
    return eff_error(&eff_closed_error, 0, "%1000d", 1);
}
static eff_value_t make_errno(void)
{
    return eff_error_errno(2, "open %s", "x");
}
static eff_value_t make_gai(void)
{
    return eff_error_gai(-2, "look up %s", "x");
}
static eff_value_t make_caused(void)
{
    return eff_error_caused(make_errno(), &eff_config_error, 0, "load");
}

static const struct constructor {
    const char *name;
    eff_value_t (*make)(void);
} constructors[] = {
    { "string", make_string },
    { "string_n", make_string_n },
    { "printf", make_printf },
    { "bytes", make_bytes },
    { "long printf", make_long_printf },
    { "json", make_json },
    { "pair", make_pair },
    { "array", make_array },
    { "range", make_range },
    { "some", make_some },
    { "error", make_error },
    { "long error", make_long_error },
    { "errno", make_errno },
    { "gai", make_gai },
    { "caused", make_caused },
};
enum { N_CONSTRUCTORS = sizeof constructors / sizeof *constructors };

/* Fails the k-th request, for every k until none fails, once alone and once with all later ones. */
static void sweep(const struct constructor *c)
{
    for (int all = 0; all < 2; all++) {
        for (int k = 0;; k++) {
            eff_trim();
            ck_assert_int_eq(n_live, 0);
            hit = false;
            sticky = all;
            fail_at = n_requests + k;
            eff_value_t v = c->make();
            fail_at = -1;
            ck_assert_msg(v.type != NULL, "%s, request %d", c->name, k);
            if (!hit || all) ck_assert_msg(eff_value_is(v, &eff_oom_type) == hit, "%s, request %d", c->name, k);
            eff_value_decref(v);
            eff_trim();
            ck_assert_msg(n_live == 0, "%s, request %d: %ld live", c->name, k, n_live);
            if (!hit) break;
        }
    }
    ck_assert_int_eq(n_misuses, 0);
}

START_TEST(constructor_without_memory_gives_out_of_memory_and_leaks_nothing)
{
    eff__freelist_enable(1);
    sweep(&constructors[_i]);
    eff__freelist_enable(0);
    sweep(&constructors[_i]);
}
END_TEST

START_TEST(walks_without_memory_leak_nothing)
{
    for (int all = 0; all < 2; all++) {
        for (int k = 0;; k++) {
            eff_value_t v[40];
            size_t n = make_samples(v);
            v[0] = eff_string("no \xff UTF-8");
            eff_value_t whole = eff_pair(eff_array(n, v), left_nested(100));
            eff_buffer_t text = EFF_BUFFER_INIT;
            hit = false;
            sticky = all;
            fail_at = n_requests + k;
            eff_value_format(whole, &text);
            (void)eff_value_compare(whole, whole);
            json_t *json = eff_value_to_json(whole);
            fail_at = -1;
            ck_assert(json || hit);
            json_decref(json);
            eff_buffer_done(&text);
            eff_value_decref(whole);
            eff_trim();
            ck_assert_int_eq(n_live, 0);
            if (!hit) break;
        }
    }
}
END_TEST

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc > 1 && strcmp(argv[1], "make-a-mistake") == 0) return (int)eff_as_int(eff_unit);

    eff_allocator_t table = { counting_malloc, counting_realloc, counting_free, NULL };
    json_set_alloc_funcs(json_malloc_counted, json_free_counted);
    if (eff_set_allocator(&table) != 0) return EXIT_FAILURE;

    Suite *s = suite_create("value");
    TCase *tc = tcase_create("value");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, version_is_that_of_the_headers);
    tcase_add_test(tc, immediate_values_read_back);
    tcase_add_test(tc, bool_defines_all_eight_bytes);
    tcase_add_test(tc, absent_value_is_droppable);
    tcase_add_test(tc, literal_reads_as_a_string);
    tcase_add_test(tc, string_copies_what_it_is_given);
    tcase_add_test(tc, string_n_keeps_embedded_nul);
    tcase_add_test(tc, printf_formats_short_and_long_texts);
    tcase_add_test(tc, strings_count_as_bytes);
    tcase_add_test(tc, null_text_is_a_mistake_and_gives_an_empty_one);
    tcase_add_test(tc, format_that_cannot_be_printed_is_a_mistake);
    tcase_add_test(tc, pair_hands_out_its_sides);
    tcase_add_test(tc, array_hands_out_its_items);
    tcase_add_test(tc, empty_array_needs_no_memory);
    tcase_add_test(tc, array_under_construction_may_be_dropped_half_filled);
    tcase_add_test(tc, options_nest);
    tcase_add_test(tc, range_never_ends_before_it_begins);
    tcase_add_test(tc, wrong_type_reads_are_reported_and_give_nothing);
    tcase_add_test(tc, reading_out_of_memory_is_no_mistake);
    tcase_add_test(tc, running_fiber_takes_the_mistake);
    tcase_add_test(tc, long_misuse_message_is_cut_only_without_memory);
    tcase_add_test(tc, a_wrong_read_shows_what_the_value_holds);
    tcase_add_test(tc, default_handler_prints_the_mistake);
    tcase_add_test(tc, part_that_is_out_of_memory_makes_the_whole_so);
    tcase_add_test(tc, absent_part_is_a_mistake_and_counts_as_unit);
    tcase_add_test(tc, null_effect_is_a_mistake_and_gives_the_absent_value);
    tcase_add_test(tc, order_is_total_and_agrees_with_equality_and_hash);
    tcase_add_test(tc, literal_equals_the_same_counted_string);
    tcase_add_test(tc, zeros_are_equal_and_nan_equals_itself);
    tcase_add_test(tc, pointers_are_compared_by_address);
    tcase_add_test(tc, values_format_for_people);
    tcase_add_test(tc, doubles_format_short_and_exact);
    tcase_add_test(tc, long_bytes_are_shown_in_part);
    tcase_add_test(tc, values_turn_into_json);
    tcase_add_test(tc, text_that_is_not_utf8_is_replaced_in_json);
    tcase_add_test(tc, json_given_back_is_not_the_one_inside);
    tcase_add_test(tc, json_values_compare_and_hash_by_contents);
    tcase_add_test(tc, keys_of_json_objects_have_no_order);
    tcase_add_test(tc, json_without_a_json_is_out_of_memory);
    tcase_add_test(tc, buffer_grows_and_stays_terminated);
    tcase_add_test(tc, buffer_without_memory_keeps_a_prefix);
    tcase_add_test(tc, million_levels_are_walked_and_dropped_on_a_small_stack);
    tcase_add_test(tc, json_is_cut_where_nesting_is_too_deep);
    tcase_add_test(tc, deep_values_without_memory_differ_and_print_in_part);
    tcase_add_loop_test(tc, constructor_without_memory_gives_out_of_memory_and_leaks_nothing, 0, N_CONSTRUCTORS);
    tcase_add_test(tc, walks_without_memory_leak_nothing);
    suite_add_tcase(s, tc);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int n = srunner_ntests_failed(sr);
    srunner_free(sr);
    return n ? EXIT_FAILURE : EXIT_SUCCESS;
}
