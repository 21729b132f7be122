/* Exits: construction, counts, exits as values, text and JSON. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <effect/exit.h>

#include "core/cause.h"
#include "support/failing_allocator.h"

static char misuse[512];

static void note_misuse(const char *message, void *arg)
{
    (void)arg;
    snprintf(misuse, sizeof misuse, "%s", message);
}

static void setup(void)
{
    misuse[0] = '\0';
    eff_set_misuse_handler(note_misuse, NULL);
}

/* Checks the text of an exit, and consumes it. */
static void check_text(eff_exit_t exit, const char *expected)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_exit_format(&exit, &text);
    ck_assert_str_eq(eff_buffer_text(&text), expected);
    eff_buffer_done(&text);
    eff_exit_decref(exit);
}

START_TEST(success_holds_the_value_and_failure_the_cause)
{
    eff_exit_t ok = eff_exit_succeed(eff_string("yes"));
    ck_assert(ok.ok);
    ck_assert_str_eq(eff_as_string(ok.value), "yes");
    eff_exit_t again = eff_exit_incref(&ok);
    eff_exit_decref(ok);
    ck_assert_str_eq(eff_as_string(again.value), "yes");
    eff_exit_decref(again);
    eff_exit_t failed = eff_exit_fail_cause(eff_cause_fail(eff_int(1)));
    ck_assert(!failed.ok && eff_cause_has_fail(failed.cause));
    again = eff_exit_incref(&failed);
    eff_exit_decref(again);
    eff_exit_decref(failed);
}
END_TEST

START_TEST(what_cannot_be_a_success_is_a_defect)
{
    check_text(eff_exit_succeed(eff_oom_value()), "defect: out of memory");
    check_text(eff_exit_succeed((eff_value_t){ .type = NULL }), "defect: eff_exit_succeed: the value is absent");
    check_text(eff_exit_fail_cause(NULL), "defect: eff_exit_fail_cause: the cause is NULL");
}
END_TEST

START_TEST(text_is_that_of_the_value_or_the_cause)
{
    check_text(eff_exit_succeed(eff_int(42)), "success: 42");
    check_text(eff_exit_succeed(eff_literal("two\nlines")), "success: two\\nlines");
    check_text(eff_exit_fail_cause(eff_cause_die(eff_literal("broken"))), "defect: broken");
    check_text(eff_exit_succeed(eff_exit_value(eff_exit_succeed(eff_int(1)))), "success: success: 1");
    check_text(eff_exit_succeed(eff_exit_value(eff_exit_fail_cause(eff_cause_empty()))), "success: empty cause");
}
END_TEST

START_TEST(json_says_ok_and_the_value_or_the_cause)
{
    eff_exit_t exits[] = { eff_exit_succeed(eff_int(42)), eff_exit_fail_cause(eff_cause_fail(eff_int(1))) };
    const char *texts[] = { "{\"ok\": true, \"value\": 42}",
                            "{\"ok\": false, \"cause\": {\"tag\": \"fail\", \"type\": \"int\", \"value\": 1}}" };
    for (int i = 0; i < 2; i++) {
        json_t *json = eff_exit_to_json(&exits[i]), *expected = json_loads(texts[i], 0, NULL);
        ck_assert(expected && json_equal(json, expected));
        json_decref(json);
        json_decref(expected);
        eff_exit_decref(exits[i]);
    }
}
END_TEST

START_TEST(exit_travels_as_a_value)
{
    eff_value_t v = eff_exit_value(eff_exit_succeed(eff_string("in a value")));
    ck_assert(eff_value_is(v, &eff_exit_type));
    ck_assert_str_eq(eff_as_string(eff_as_exit(v)->value), "in a value");
    eff_value_decref(v);
    const eff_exit_t *wrong = eff_as_exit(eff_int(1));
    ck_assert(wrong->ok && eff_value_is(wrong->value, &eff_unit_type));
    ck_assert_str_eq(misuse, "read a value of type int as exit: 1");
}
END_TEST

/* The exits below in their order, each twice. */
static eff_value_t nth_exit(int n)
{
    switch (n) {
    case 0: return eff_exit_value(eff_exit_fail_cause(eff_cause_fail(eff_int(1))));
    case 1: return eff_exit_value(eff_exit_fail_cause(eff_cause_fail(eff_int(2))));
    case 2: return eff_exit_value(eff_exit_fail_cause(eff_cause_die(eff_int(1))));
    case 3: return eff_exit_value(eff_exit_succeed(eff_int(1)));
    case 4: return eff_exit_value(eff_exit_succeed(eff_literal("text")));
    default: return eff_exit_value(eff_exit_succeed(nth_exit(n - 5)));
    }
}

START_TEST(equality_order_and_hash_agree)
{
    for (int i = 0; i < 15; i++) {
        for (int j = 0; j < 15; j++) {
            eff_value_t a = nth_exit(i), b = nth_exit(j);
            ck_assert_int_eq(eff_value_equal(a, b), i == j);
            ck_assert_int_eq(eff_value_compare(a, b) == 0, i == j);
            ck_assert_int_eq(eff_value_compare(a, b) < 0, eff_value_compare(b, a) > 0);
            if (i == j) ck_assert_uint_eq(eff_value_hash(a), eff_value_hash(b));
            eff_value_decref(a);
            eff_value_decref(b);
        }
    }
}
END_TEST

enum { DEEP = 100000 };

static void check_deep(void)
{
    eff_value_t a = eff_int(1), b = eff_int(1);
    for (int i = 0; i < DEEP; i++) {
        a = eff_exit_value(eff_exit_succeed(a));
        b = eff_exit_value(eff_exit_succeed(b));
    }
    ck_assert(eff_value_equal(a, b));
    ck_assert_int_eq(eff_value_compare(a, b), 0);
    ck_assert_uint_eq(eff_value_hash(a), eff_value_hash(b));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(a, &text);
    ck_assert_uint_eq(text.size, DEEP * strlen("success: ") + 1);
    eff_buffer_done(&text);
    json_t *json = eff_value_to_json(a);
    ck_assert_ptr_nonnull(json);
    json_decref(json);
    eff_value_decref(a);
    eff_value_decref(b);
}

START_TEST(exits_nested_100000_deep_are_handled_on_a_small_stack)
{
    run_on_small_stack(check_deep);
}
END_TEST

static void everything(void)
{
    eff_exit_t ok = eff_exit_succeed(eff_string("counted"));
    eff_exit_t failed =
        eff_exit_fail_cause(eff_cause_then(eff_cause_fail(eff_string("one")), eff_cause_die(eff_string("two"))));
    eff_exit_t same = eff_exit_incref(&failed);
    (void)eff_exit_equal(&ok, &failed);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_exit_format(&failed, &text);
    eff_exit_format(&ok, &text);
    eff_buffer_done(&text);
    json_decref(eff_exit_to_json(&ok));
    json_decref(eff_exit_to_json(&failed));
    eff_value_decref(eff_exit_value(ok));
    eff_value_t v = eff_exit_value(failed);
    ck_assert(eff_value_is(v, &eff_exit_type) || v.type == &eff_oom_type);
    eff_exit_decref(eff_exit_succeed(v));
    eff_exit_decref(same);
}

START_TEST(every_allocation_may_fail)
{
    fail_every_allocation(everything);
}
END_TEST

int main(void)
{
    failing_allocator_install();
    Suite *s = suite_create("exit");
    TCase *t = tcase_create("exit");
    tcase_add_checked_fixture(t, setup, no_block_is_live);
    tcase_add_test(t, success_holds_the_value_and_failure_the_cause);
    tcase_add_test(t, what_cannot_be_a_success_is_a_defect);
    tcase_add_test(t, text_is_that_of_the_value_or_the_cause);
    tcase_add_test(t, json_says_ok_and_the_value_or_the_cause);
    tcase_add_test(t, exit_travels_as_a_value);
    tcase_add_test(t, equality_order_and_hash_agree);
    tcase_add_test(t, exits_nested_100000_deep_are_handled_on_a_small_stack);
    tcase_add_test(t, every_allocation_may_fail);
    tcase_set_timeout(t, 60);
    suite_add_tcase(s, t);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
