/* Effects as text and JSON. Sites are given by hand, so that the expected texts do not depend on line numbers. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <effect/effect.h>

#include "core/describe.h"
#include "support/failing_allocator.h"

static eff_t *step(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_noop();
}

static eff_value_t twice(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_unit;
}

static eff_value_t now(eff_value_t env)
{
    (void)env;
    return eff_unit;
}

static eff_t *finish(const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    return eff_noop();
}

static void release(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    (void)resource, (void)exit, (void)env;
}

static eff_t *masked(eff_restore_t restore, eff_value_t env)
{
    (void)restore, (void)env;
    return eff_noop();
}

typedef struct db {
    int n;
} db_t;
EFF_DECLARE_SERVICE(db, db_t);
EFF_DEFINE_SERVICE(db, db_t);
static eff_t *use_db(db_t *db, eff_value_t env)
{
    (void)db, (void)env;
    return eff_noop();
}

/* Consumes e. */
static void assert_described(eff_t *e, const char *expected)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_describe(e, &b);
    ck_assert_str_eq(eff_buffer_text(&b), expected);
    ck_assert(!b.truncated);
    eff_buffer_done(&b);
    eff_decref(e);
}

START_TEST(a_program_reads_as_its_tree)
{
    eff_t *e = eff_map_at("twice (hello.c:28)", eff_succeed_at("hello.c:27", eff_int(21)), twice, eff_unit);
    e = eff_flat_map_at("check (hello.c:29)", e, step, eff_int(100));
    e = eff_catch_all_at("recovered (hello.c:30)", e, step, eff_unit);
    e = eff_flat_map_at("print (hello.c:31)", e, step, eff_unit);
    assert_described(e, "flat_map print (hello.c:31)\n"
                        "  catch_all recovered (hello.c:30)\n"
                        "    flat_map check (hello.c:29)\n"
                        "      map twice (hello.c:28)\n"
                        "        succeed 21 (hello.c:27)\n");
}
END_TEST

START_TEST(derived_effects_read_as_they_were_written)
{
    eff_t *e = eff_then_at("a.c:1", eff_sync_at("now (a.c:2)", now, eff_unit), eff_sleep_at("a.c:3", eff_seconds(1.5)));
    e = eff_retry_at("a.c:4", e, eff_schedule_recurs(3));
    e = eff_tap_at("log (a.c:5)", e, step, eff_unit);
    e = eff_or_else_at("a.c:6", e, eff_fail_at("a.c:7", eff_literal("no")));
    e = eff_zip_at("a.c:8", e, eff_map_to_at("a.c:9", eff_noop(), eff_int(7)));
    e = eff_catch_type_at("f (a.c:10)", e, &eff_int_type, step, eff_unit);
    e = eff_ensuring_at("a.c:11", e, eff_yield_now());
    assert_described(e, "ensuring (a.c:11)\n"
                        "  catch_type f (a.c:10)\n"
                        "    zip (a.c:8)\n"
                        "      or_else (a.c:6)\n"
                        "        tap log (a.c:5)\n"
                        "          retry recurs(3) (a.c:4)\n"
                        "            then (a.c:1)\n"
                        "              sync now (a.c:2)\n"
                        "              sleep 1s 500ms (a.c:3)\n"
                        "        fail \"no\" (a.c:7)\n"
                        "      map_to 7 (a.c:9)\n"
                        "        noop\n"
                        "  yield_now\n");
}
END_TEST

static eff_value_t both_of(eff_value_t a, eff_value_t b, eff_value_t env)
{
    (void)a, (void)b, (void)env;
    return eff_unit;
}
static bool again(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return false;
}
static eff_t *sum(eff_value_t acc, eff_value_t item, size_t index, eff_value_t env)
{
    (void)acc, (void)item, (void)index, (void)env;
    return eff_noop();
}

START_TEST(sequences_read_as_they_were_written)
{
    eff_t *e = eff_zip_with_at("both_of (a.c:1)", eff_noop(), eff_replicate_at("a.c:2", eff_yield_now(), 3), both_of,
                               eff_unit);
    e = eff_when_at("a.c:3", e, eff_loop_while_at("again (a.c:4)", eff_noop(), again, eff_unit));
    e = eff_unless_at("a.c:5", e, eff_iterate_at("step (a.c:6)", eff_int(0), again, step, eff_unit));
    e = eff_then_at("a.c:7", e, eff_reduce_at("sum (a.c:8)", eff_range(0, 3), eff_int(0), sum, eff_unit));
    e = eff_then_at("a.c:9", e, eff_find_first_at("step (a.c:10)", eff_range(0, 3), step, eff_unit));
    e = eff_then_at("a.c:11", e, eff_drop_while_at("step (a.c:12)", eff_range(0, 3), step, eff_unit));
    e = eff_ignore_cause_at("a.c:13", eff_catch_defect_at("step (a.c:14)", e, step, eff_unit));
    assert_described(e, "ignore_cause (a.c:13)\n"
                        "  catch_defect step (a.c:14)\n"
                        "    then (a.c:11)\n"
                        "      then (a.c:9)\n"
                        "        then (a.c:7)\n"
                        "          unless (a.c:5)\n"
                        "            when (a.c:3)\n"
                        "              zip_with both_of (a.c:1)\n"
                        "                noop\n"
                        "                replicate 0..3 (a.c:2)\n"
                        "                  yield_now\n"
                        "              loop_while again (a.c:4)\n"
                        "                noop\n"
                        "            iterate step (a.c:6)\n"
                        "          reduce sum (a.c:8)\n"
                        "        find_first 0..3 step (a.c:10)\n"
                        "      drop_while step (a.c:12)\n");
}
END_TEST

static eff_value_t no_value(eff_value_t env)
{
    (void)env;
    return eff_unit;
}
static int no_attempt(eff_value_t env, eff_value_t *ret_value, eff_value_t *ret_error)
{
    (void)env, (void)ret_value, (void)ret_error;
    return -1;
}

START_TEST(plain_c_is_told_apart)
{
    eff_t *e = eff_attempt_at("open (a.c:1)", no_attempt, eff_unit);
    json_t *json = eff_to_json(e);
    ck_assert_str_eq(json_string_value(json_object_get(json, "op")), "attempt");
    ck_assert_str_eq(json_string_value(json_object_get(json, "site")), "open (a.c:1)");
    json_decref(json);
    e = eff_zip_par_at("a.c:3", e, eff_sync_at("read (a.c:2)", no_value, eff_unit));
    assert_described(e, "zip_par (a.c:3)\n"
                        "  attempt open (a.c:1)\n"
                        "  sync read (a.c:2)\n");
}
END_TEST

START_TEST(handlers_are_told_apart)
{
    eff_t *e =
        eff_option_at("a.c:1", eff_ignore_at("a.c:2", eff_to_exit_at("a.c:3", eff_or_die_at("a.c:4", eff_noop()))));
    e = eff_on_exit_at("finish (a.c:5)", e, finish, eff_unit);
    e = eff_on_interrupt_at("finish (a.c:6)", e, finish, eff_unit);
    e = eff_fold_at("step (a.c:7)", e, step, step, eff_unit);
    assert_described(e, "fold step (a.c:7)\n"
                        "  on_interrupt finish (a.c:6)\n"
                        "    on_exit finish (a.c:5)\n"
                        "      option (a.c:1)\n"
                        "        ignore (a.c:2)\n"
                        "          to_exit (a.c:3)\n"
                        "            or_die (a.c:4)\n"
                        "              noop\n");
}
END_TEST

START_TEST(groups_show_their_sides_in_order)
{
    eff_t *e = eff_all_par_at("a.c:1", 3,
                              (eff_t *[]){ eff_succeed_at("a.c:2", eff_int(1)), eff_yield_now(),
                                           eff_for_each_par_at("step (a.c:3)", eff_range(0, 9), step, eff_unit, 4) });
    e = eff_race_at("a.c:4", e, eff_uninterruptible_mask_at("masked (a.c:5)", masked, eff_unit));
    assert_described(e, "race (a.c:4)\n"
                        "  all_par (a.c:1)\n"
                        "    succeed 1 (a.c:2)\n"
                        "    yield_now\n"
                        "    for_each_par 0..9, 4 at once step (a.c:3)\n"
                        "  uninterruptible_mask masked (a.c:5)\n");
}
END_TEST

START_TEST(timeouts_show_their_time_and_what_runs_instead)
{
    eff_t *fails = eff_timeout_fail_at("a.c:2", eff_noop(), eff_millis(5), eff_literal("late"));
    eff_t *otherwise = eff_timeout_to_at("a.c:3", eff_noop(), eff_millis(7), eff_yield_now());
    assert_described(eff_zip_at("a.c:4", eff_timeout_at("a.c:1", fails, eff_seconds(-1)), otherwise),
                     "zip (a.c:4)\n"
                     "  timeout 0s (a.c:1)\n"
                     "    timeout_fail 5ms (a.c:2)\n"
                     "      noop\n"
                     "      fail \"late\" (a.c:2)\n"
                     "  timeout_to 7ms (a.c:3)\n"
                     "    noop\n"
                     "    yield_now\n");
}
END_TEST

START_TEST(services_and_resources_are_named)
{
    eff_t *e = eff_acquire_use_release_at("step (a.c:1)", db_with_at("use_db (a.c:2)", use_db, eff_unit), step, release,
                                          eff_unit);
    e = eff_scoped_at("a.c:3", eff_locally_at("a.c:4", e, &db_tag, eff_int(1)));
    assert_described(e, "scoped (a.c:3)\n"
                        "  locally db (a.c:4)\n"
                        "    acquire_use_release step (a.c:1)\n"
                        "      service db use_db (a.c:2)\n");
}
END_TEST

START_TEST(causes_are_shown_in_a_word)
{
    assert_described(eff_die_at(NULL, eff_literal("bug")), "die \"bug\"\n");
    assert_described(eff_out_of_memory(), "out_of_memory\n");
    assert_described(eff_fail_cause_at(NULL, eff_cause_fail(eff_int(1))), "fail_cause 1\n");
    assert_described(eff_fail_cause_at(NULL, eff_cause_empty()), "fail_cause empty\n");
    assert_described(eff_fail_cause_at(NULL, eff_cause_interrupt(1, EFF_INTERRUPT_TIMEOUT, NULL)),
                     "fail_cause interrupt\n");
    assert_described(eff_fail_cause_at(NULL, eff_cause_both(eff_cause_fail(eff_int(1)), eff_cause_die(eff_int(2)))),
                     "fail_cause both\n");
}
END_TEST

START_TEST(values_take_one_line_of_bounded_length)
{
    char long_text[400], expected[400];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    snprintf(expected, sizeof expected, "succeed \"%.*s...\"\n", EFF__DESCRIBE_VALUE, long_text);
    assert_described(eff_succeed_at(NULL, eff_string(long_text)), expected);
    assert_described(eff_succeed_at(NULL, eff_literal("two\nlines")), "succeed \"two\\nlines\"\n");

    /* A cut never splits a character. */
    memset(long_text, 'x', EFF__DESCRIBE_VALUE - 1);
    memcpy(long_text + EFF__DESCRIBE_VALUE - 1, "\xc3\xa9 and more", 11);
    snprintf(expected, sizeof expected, "succeed \"%.*s...\"\n", EFF__DESCRIBE_VALUE - 1, long_text);
    assert_described(eff_succeed_at(NULL, eff_string(long_text)), expected);
}
END_TEST

START_TEST(nothing_is_described_as_nothing)
{
    assert_described(NULL, "");
    ck_assert_ptr_null(eff_to_json(NULL));
}
END_TEST

/* ---- size */

static eff_t *nested(int depth)
{
    eff_t *e = eff_noop();
    for (int i = 0; i < depth; i++)
        e = eff_flat_map_at("step (a.c:1)", e, step, eff_unit);
    return e;
}

static size_t lines_in(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void describe_deep(void)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_t *e = nested(100000);
    eff_describe(e, &b);
    ck_assert_uint_eq(lines_in(b.text), EFF__DESCRIBE_LINES + 1);
    ck_assert_str_eq(b.text + b.size - 4, "...\n");
    ck_assert_uint_lt(b.size, EFF__DESCRIBE_LINES * 120);
    eff_buffer_done(&b);
    eff_decref(e);
}

START_TEST(deep_effect_is_cut_and_described_on_a_small_stack)
{
    run_on_small_stack(describe_deep);
}
END_TEST

START_TEST(shared_parts_do_not_blow_it_up)
{
    eff_t *e = eff_noop();
    for (int i = 0; i < 60; i++) {
        eff_t *other = eff_incref(e);
        e = eff_zip_par_at("a.c:1", e, other);
    }
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_describe(e, &b);
    ck_assert_uint_eq(lines_in(b.text), EFF__DESCRIBE_LINES + 1);
    eff_buffer_done(&b);
    ck_assert_ptr_null(eff_to_json(e));
    eff_decref(e);
}
END_TEST

/* ---- JSON */

static eff_t *sample(void)
{
    eff_t *e = eff_map_at("twice (a.c:2)", eff_succeed_at("a.c:1", eff_int(21)), twice, eff_unit);
    return eff_zip_par_at("a.c:4", e, eff_sleep_at("a.c:3", eff_millis(5)));
}

START_TEST(json_has_op_site_detail_and_parts)
{
    eff_t *e = sample();
    json_t *json = eff_to_json(e);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(text, "{\"op\":\"zip_par\",\"parts\":["
                           "{\"op\":\"map\",\"parts\":[{\"detail\":\"21\",\"op\":\"succeed\",\"site\":\"a.c:1\"}],"
                           "\"site\":\"twice (a.c:2)\"},"
                           "{\"detail\":\"5ms\",\"op\":\"sleep\",\"site\":\"a.c:3\"}],"
                           "\"site\":\"a.c:4\"}");
    failing_json_free(text);
    json_decref(json);
    eff_decref(e);
}
END_TEST

START_TEST(json_as_deep_as_jansson_reads_comes_out_and_deeper_does_not)
{
    eff_t *e = nested(1023);
    json_t *json = eff_to_json(e);
    ck_assert_ptr_nonnull(json);
    char *text = json_dumps(json, JSON_COMPACT);
    json_t *back = json_loads(text, 0, NULL);
    ck_assert(json_equal(json, back));
    json_decref(back);
    failing_json_free(text);
    json_decref(json);
    eff_decref(e);

    e = nested(1024);
    ck_assert_ptr_null(eff_to_json(e));
    eff_decref(e);
}
END_TEST

/* ---- out of memory */

static void describe_sample(void)
{
    long failing = failing_request;
    bool sticky = failing_sticky;
    allocations_fail_at(-1, false);
    eff_t *e = eff_zip_at("a.c:9", sample(), eff_succeed_at("a.c:5", eff_string("a rather long text for a value")));
    allocations_fail_at(failing, sticky);

    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_describe(e, &b);
    json_t *json = eff_to_json(e);
    ck_assert(json || requests > failing);
    json_decref(json);
    eff_buffer_done(&b);
    eff_decref(e);
}

START_TEST(a_site_that_is_no_utf8_comes_escaped)
{
    eff_t *e = eff_map_at("caf\xe9 (a.c:1)", eff_succeed(eff_int(1)), twice, eff_unit);
    json_t *json = eff_to_json(e);
    ck_assert_ptr_nonnull(json);
    ck_assert_str_eq(json_string_value(json_object_get(json, "site")), "caf\\xe9 (a.c:1)");
    json_decref(json);
    eff_decref(e);
}
END_TEST

START_TEST(without_memory_the_text_is_marked_and_there_is_no_json)
{
    fail_every_allocation(describe_sample);
    eff_t *e = sample();
    eff_buffer_t b = EFF_BUFFER_INIT;
    allocations_fail_at(0, true);
    eff_describe(e, &b);
    ck_assert_ptr_null(eff_to_json(e));
    allocations_fail_at(-1, false);
    ck_assert(b.truncated);
    eff_buffer_done(&b);
    eff_decref(e);
}
END_TEST

int main(void)
{
    failing_allocator_install();
    Suite *s = suite_create("describe");
    TCase *t = tcase_create("describe");
    tcase_add_checked_fixture(t, NULL, no_block_is_live);
    tcase_add_test(t, a_program_reads_as_its_tree);
    tcase_add_test(t, derived_effects_read_as_they_were_written);
    tcase_add_test(t, sequences_read_as_they_were_written);
    tcase_add_test(t, plain_c_is_told_apart);
    tcase_add_test(t, handlers_are_told_apart);
    tcase_add_test(t, groups_show_their_sides_in_order);
    tcase_add_test(t, timeouts_show_their_time_and_what_runs_instead);
    tcase_add_test(t, services_and_resources_are_named);
    tcase_add_test(t, causes_are_shown_in_a_word);
    tcase_add_test(t, values_take_one_line_of_bounded_length);
    tcase_add_test(t, nothing_is_described_as_nothing);
    tcase_add_test(t, deep_effect_is_cut_and_described_on_a_small_stack);
    tcase_add_test(t, shared_parts_do_not_blow_it_up);
    tcase_add_test(t, json_has_op_site_detail_and_parts);
    tcase_add_test(t, json_as_deep_as_jansson_reads_comes_out_and_deeper_does_not);
    tcase_add_test(t, a_site_that_is_no_utf8_comes_escaped);
    tcase_add_test(t, without_memory_the_text_is_marked_and_there_is_no_json);
    suite_add_tcase(s, t);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
