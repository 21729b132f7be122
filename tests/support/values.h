/* For tests of values: mistakes that are counted, what values read like, and samples of them. */
#ifndef TESTS_SUPPORT_VALUES_H
#define TESTS_SUPPORT_VALUES_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <effect/error.h>
#include <effect/value.h>

#include "support/failing_allocator.h"

/* ---- mistakes */

static char last_misuse[600];
static int n_misuses;

static inline void note_misuse(const char *message, void *arg)
{
    (void)arg;
    n_misuses++;
    snprintf(last_misuse, sizeof last_misuse, "%s", message);
}

static inline void setup(void)
{
    n_misuses = 0;
    last_misuse[0] = '\0';
    allocations_fail_at(-1, false); /* requests are counted from here */
    eff_set_misuse_handler(note_misuse, NULL);
}

#define ck_assert_misuse(expected)                                                                                     \
    do {                                                                                                               \
        ck_assert_int_eq(n_misuses, 1);                                                                                \
        ck_assert_str_eq(last_misuse, (expected));                                                                     \
        n_misuses = 0;                                                                                                 \
    } while (0)

/* ---- what they read like */

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
        failing_json_free(t_);                                                                                         \
        json_decref(j_);                                                                                               \
        eff_value_decref(v_);                                                                                          \
    } while (0)

/* ---- samples */

static inline eff_value_t absent(void)
{
    return (eff_value_t){ .type = NULL, .integer = 0 };
}

/* In ascending order, each different from the others. */
static inline size_t make_samples(eff_value_t v[40])
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

static inline eff_value_t left_nested(int depth)
{
    eff_value_t v = eff_int(0);
    for (int i = 1; i <= depth; i++)
        v = eff_pair(v, eff_int(i));
    return v;
}

/* The main of a test program: one suite of these tests. */
#define VALUE_TESTS(name, ...)                                                                                         \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        const TTest *const tests[] = { __VA_ARGS__ };                                                                  \
        return run_suite(name, setup, tests, sizeof tests / sizeof *tests);                                            \
    }
#endif
