/* Values that need much memory, or find none: deep nesting on a small stack, and every constructor without memory. */
#include "core/collection.h"
#include "core/memory.h"
#include "core/misuse.h"
#include "core/value.h"
#include "support/scale.h"
#include "support/values.h"

/* ---- a million levels, on a small stack */

enum { DEEP = 1000000 };

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
    ck_assert_uint_gt(text.size, (size_t)test_scaled(DEEP));
    eff_buffer_done(&text);
    json_t *json = eff_value_to_json(a);
    ck_assert_ptr_nonnull(json);
    json_decref(json);
    eff_value_decref(a);
    eff_value_decref(b);
}

static void walk_deep(void)
{
    int deep = (int)test_scaled(DEEP);
    walk_two(left_nested(deep), left_nested(deep));
    walk_two(right_nested(deep), right_nested(deep));
    walk_two(mixed(deep), mixed(deep));
}

START_TEST(million_levels_are_walked_and_dropped_on_a_small_stack)
{
    run_on_small_stack(walk_deep);
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
    allocations_fail_at(0, true);
    ck_assert(!eff_value_equal(a, b));
    int order = eff_value_compare(a, b);
    ck_assert_int_ne(order, 0);
    ck_assert_int_eq(order > 0 ? 1 : -1, eff_value_compare(b, a) > 0 ? -1 : 1);
    ck_assert_uint_eq(eff_value_hash(a), hash);
    eff_value_format(a, &text);
    allocations_fail_at(-1, false);
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
/* Fails the k-th request, for every k until none fails, once alone and once with all later ones. */
static void sweep(const struct constructor *c)
{
    for (int all = 0; all < 2; all++) {
        bool hit = true;
        for (int k = 0; hit; k++) {
            eff_trim();
            ck_assert_int_eq(blocks_live, 0);
            allocations_fail_at(k, all);
            eff_value_t v = c->make();
            hit = requests > k;
            allocations_fail_at(-1, false);
            ck_assert_msg(v.type != NULL, "%s, request %d", c->name, k);
            if (!hit || all) ck_assert_msg(eff_value_is(v, &eff_oom_type) == hit, "%s, request %d", c->name, k);
            eff_value_decref(v);
            eff_trim();
            ck_assert_msg(blocks_live == 0, "%s, request %d: %ld live", c->name, k, (long)blocks_live);
        }
    }
    ck_assert_int_eq(n_misuses, 0);
}

START_TEST(constructors_without_memory_give_out_of_memory_and_leak_nothing)
{
    for (size_t i = 0; i < sizeof constructors / sizeof *constructors; i++) {
        eff__freelist_enable(1);
        sweep(&constructors[i]);
        eff__freelist_enable(0);
        sweep(&constructors[i]);
    }
    eff__freelist_enable(1);
}
END_TEST

START_TEST(walks_without_memory_leak_nothing)
{
    for (int all = 0; all < 2; all++) {
        bool hit = true;
        for (int k = 0; hit; k++) {
            eff_value_t v[40];
            size_t n = make_samples(v);
            v[0] = eff_string("no \xff UTF-8");
            eff_value_t whole = eff_pair(eff_array(n, v), left_nested(100));
            eff_buffer_t text = EFF_BUFFER_INIT;
            allocations_fail_at(k, all);
            eff_value_format(whole, &text);
            (void)eff_value_compare(whole, whole);
            json_t *json = eff_value_to_json(whole);
            hit = requests > k;
            allocations_fail_at(-1, false);
            ck_assert(json || hit);
            json_decref(json);
            eff_buffer_done(&text);
            eff_value_decref(whole);
            eff_trim();
            ck_assert_int_eq(blocks_live, 0);
        }
    }
}
END_TEST

VALUE_TESTS("value_memory", million_levels_are_walked_and_dropped_on_a_small_stack,
            json_is_cut_where_nesting_is_too_deep, deep_values_without_memory_differ_and_print_in_part,
            constructors_without_memory_give_out_of_memory_and_leak_nothing, walks_without_memory_leak_nothing)
