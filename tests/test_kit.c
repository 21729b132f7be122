/* The test kit: what a run may leave behind, its options, and what is printed in it. */
#include "support/kit.h"

static char told[4096];
static void note_report(const char *report, void *arg)
{
    snprintf(told, sizeof told, "%s%s", (const char *)arg, report);
}

static eff_exit_t run_noting(eff_t *e)
{
    told[0] = 0;
    return eff_test_run_with(&(eff_test_options_t){ .on_left = note_report, .arg = "left:\n" }, e);
}

/* ---- what is left behind */

START_TEST(a_run_that_leaves_nothing_is_as_it_was)
{
    as_for_users();
    eff_t *e = eff_scoped(eff_then(eff_fork(eff_sleep(eff_hours(1))), eff_succeed(eff_string("a value of the heap"))));
    ck_assert_exit(run_noting(eff_delay(e, eff_millis(1))), "ok(a value of the heap)");
    ck_assert_exit(run_noting(failing(3)), "fail(3)");
    ck_assert_str_eq(told, "");
}
END_TEST

START_TEST(a_fiber_that_is_left_fails_the_test)
{
    struct world w = { 0 };
    as_for_users();
    eff_t *daemon = eff_fork_daemon(eff_ensuring(eff_named(eff_never(), "poller"), say(&w, "ended")));
    eff_exit_t exit = run_noting(eff_then(daemon, eff_yield_now()));
    ck_assert_journal(&w, "ended");
    ck_assert_ptr_nonnull(strstr(full_text(&exit), "defect: the test left something behind"));
    ck_assert_ptr_nonnull(strstr(full_text(&exit), "note: 1 fiber was still alive:"));
    ck_assert_ptr_nonnull(strstr(full_text(&exit), "fiber 2 \"poller\" (daemon, forked at "));
    ck_assert_int_eq(strncmp(told, "left:\n1 fiber was still alive:\n  fiber 2 \"poller\"", 49), 0);
    ck_assert_exit(exit, "die");
}
END_TEST

START_TEST(so_it_does_when_the_run_failed_by_itself)
{
    as_for_users();
    eff_t *e = eff_then(eff_then(eff_fork_daemon(eff_never()), eff_yield_now()), failing(3));
    ck_assert_exit(run_noting(e), "then(fail(3), die)");
}
END_TEST

static eff_value_t forget_effects(eff_value_t env)
{
    use_up_old_memory();
    for (int i = 0; i < 2; i++)
        hidden[i] = ~(uintptr_t)eff_succeed(eff_int(i));
    return eff_unit;
}

START_TEST(effects_that_nobody_runs_fail_the_test)
{
    as_for_users();
    eff_exit_t exit = run_noting(eff_sync(forget_effects, eff_unit));
    ck_assert_ptr_nonnull(strstr(told, "2 effects built at test_kit.c:"));
    ck_assert_ptr_nonnull(strstr(told, "were never run, and never given up\n"));
    ck_assert_exit(exit, "die");
    eff_decref(found(0));
    eff_decref(found(1));
}
END_TEST

START_TEST(values_that_nobody_gives_up_fail_the_test)
{
    as_for_users();
    eff_exit_t exit = run_noting(eff_sync(lose_a_value, eff_unit));
    ck_assert_ptr_nonnull(strstr(told, "1 value of type string, made in lose_a_value (test_kit.c:"));
    ck_assert_exit(exit, "die");
    eff_value_decref((eff_value_t){ .type = &eff_string_type, .ptr = found(0) });
}
END_TEST

/* What a test gave up it may still have the address of, in a variable: something new there would seem to be held. */
static eff_value_t forget_as_many(eff_value_t env)
{
    for (int i = 0; i < 4; i++)
        hidden[i] = ~(uintptr_t)eff_sync(forget_effects, env);
    return eff_unit;
}

static eff_value_t nothing(eff_value_t env)
{
    return eff_unit;
}

static void give_up_found(eff_t *given_up)
{
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_ne(hidden[i], ~(uintptr_t)given_up);
        eff_decref(found(i));
    }
}

START_TEST(what_is_left_does_not_stand_where_something_was_given_up)
{
    as_for_users();
    eff_t *given_up = eff_sync(nothing, eff_unit);
    eff_exit_decref(run_noting(eff_then(given_up, eff_sync(forget_as_many, eff_unit))));
    give_up_found(given_up);
}
END_TEST

START_TEST(nor_in_a_driven_test)
{
    as_for_users();
    eff_test_t *t = eff_test_new();
    eff_t *given_up = eff_sync(nothing, eff_unit);
    (void)eff_test_fork(t, eff_then(given_up, eff_sync(forget_as_many, eff_unit)));
    eff_test_adjust(t, eff_millis(1));
    (void)eff_test_end(t, NULL);
    give_up_found(given_up);
}
END_TEST

START_TEST(memory_is_not_looked_at_if_told_so)
{
    as_for_users();
    eff_test_options_t options = { .allow = EFF_TEST_MEMORY, .on_left = note_report };
    ck_assert_exit(eff_test_run_with(&options, eff_sync(lose_a_value, eff_unit)), "ok(unit)");
    eff_value_decref((eff_value_t){ .type = &eff_string_type, .ptr = found(0) });
}
END_TEST

static eff_value_t in_static_memory;
static eff_value_t keep_in_memory(eff_value_t where)
{
    eff_value_t *kept = eff_as_ptr(where);
    *kept = eff_pair(eff_string("one value of the heap"), eff_string("another value of the heap"));
    return eff_unit;
}

START_TEST(what_the_test_holds_in_variables_is_not_left_behind)
{
    eff_value_t on_the_stack = eff_unit;
    as_for_users();
    eff_t *e = eff_then(eff_sync(keep_in_memory, eff_ptr(&on_the_stack)),
                        eff_sync(keep_in_memory, eff_ptr(&in_static_memory)));
    ck_assert_exit(run_noting(e), "ok(unit)");
    ck_assert_str_eq(told, "");
    eff_value_decref(on_the_stack);
    eff_value_decref(in_static_memory);
}
END_TEST

START_TEST(a_report_is_printed_where_nobody_asks_for_it)
{
    as_for_users();
    eff_t *e = eff_then(eff_fork_daemon(eff_never()), eff_yield_now());
    begin_capture();
    ck_assert_exit(eff_test_run(e), "die");
    const char *text = end_capture();
    ck_assert_msg(!strncmp(text, "libeffect: the test left something behind:\n1 fiber was still alive:\n", 68), "%s",
                  text);
}
END_TEST

/* ---- options */

START_TEST(time_may_be_limited)
{
    struct world w = { 0 };
    eff_test_options_t options = { .limit = eff_seconds(10) };
    eff_exit_t exit = eff_test_run_with(&options, eff_ensuring(eff_sleep(eff_seconds(11)), say(&w, "ended")));
    ck_assert_exit_(__FILE__, __LINE__, exit, "dies", "the test took longer than 10s of virtual time");
    ck_assert_journal(&w, "ended");
    ck_assert_exit(eff_test_run_with(&options, eff_timed(eff_sleep(eff_seconds(10)))), "ok((10s, unit))");
}
END_TEST

static const eff_tag_t answer_tag = { "answer", NULL };
static eff_value_t answer_in(eff_value_t context, eff_value_t env)
{
    return eff_value_incref(eff_context_get(eff_as_context(context), &answer_tag));
}
static eff_t *answer(void)
{
    return eff_map(eff_context(), answer_in, eff_unit);
}
static eff_t *join_fiber(eff_value_t fiber, eff_value_t env)
{
    return eff_fiber_join(eff_as_fiber(fiber));
}

START_TEST(services_are_there_for_daemons_too)
{
    eff_context_t *context = eff_context_add(eff_context_empty(), &answer_tag, eff_int(42));
    eff_t *e = eff_zip(answer(), eff_flat_map(eff_fork_daemon(answer()), join_fiber, eff_unit));
    ck_assert_exit(eff_test_run_with(&(eff_test_options_t){ .context = context }, e), "ok((42, 42))");
}
END_TEST

START_TEST(a_layer_is_provided)
{
    eff_test_options_t options = { .layer = eff_test_clock() };
    eff_t *e = eff_then(eff_test_clock_adjust(eff_seconds(1)), eff_clock_now());
    ck_assert_exit(eff_test_run_with(&options, e), "ok(instant 1s)");
}
END_TEST

START_TEST(the_clock_of_the_options_may_stand_still)
{
    eff_test_options_t by_hand = { .clock = { .advance = EFF_TEST_CLOCK_BY_HAND } };
    eff_t *e = eff_then(eff_fork(eff_sleep(eff_hours(1))), eff_test_clock_adjust(eff_minutes(1)));
    ck_assert_exit(eff_test_run_with(&by_hand, eff_then(e, eff_clock_now())), "ok(instant 1m)");
}
END_TEST

START_TEST(random_numbers_are_the_same_on_every_run)
{
    as_for_users();
    eff_exit_t first = eff_test_run(eff_random_bits()), again = eff_test_run(eff_random_bits());
    eff_exit_t other = eff_test_run_with(&(eff_test_options_t){ .seed = 2 }, eff_random_bits());
    ck_assert(first.ok && eff_exit_equal(&first, &again) && !eff_exit_equal(&first, &other));
    eff_exit_decref(first);
    eff_exit_decref(again);
    eff_exit_decref(other);
}
END_TEST

START_TEST(defaults_hold_for_later_tests_and_can_be_taken_back)
{
    eff_test_set_defaults(&(eff_test_options_t){ .clock = { .wall = { 5 } }, .allow = EFF_TEST_MEMORY });
    ck_assert_succeeds(eff_clock_wall(), "instant 5ns");
    ck_assert_exit(eff_test_run_with(&(eff_test_options_t){ .seed = 3 }, eff_clock_wall()), "ok(instant 5ns)");
    eff_test_set_defaults(NULL);
    ck_assert_succeeds(eff_clock_wall(), "instant 0s");
}
END_TEST

/* ---- what is printed and logged */

static eff_t *talks(void)
{
    return in_order(eff_print_line(eff_literal("a result")), after(1500, eff_log_warn("beware")), failing(7));
}

START_TEST(what_is_printed_and_logged_is_kept_and_shown)
{
    eff_buffer_t why = EFF_BUFFER_INIT;
    as_for_users();
    eff_exit_t exit = eff_test_run(talks());
    const char *screen = eff_test_latest_screen();
    ck_assert_msg(!strncmp(screen, "a result\n1970-01-01T00:00:01.500Z WARN", 38), "%s", screen);
    ck_assert(!eff_test_expect_success(&exit, "unit", &why));
    ck_assert_ptr_nonnull(
        strstr(eff_buffer_text(&why), "it printed:\n    a result\n    1970-01-01T00:00:01.500Z WARN"));
    eff_buffer_done(&why);
    eff_exit_decref(exit);
    ck_assert_succeeds(one(1), "1");
    ck_assert_str_eq(eff_test_latest_screen(), "");
}
END_TEST

START_TEST(a_console_of_the_tests_own_has_it_all)
{
    as_for_users();
    eff_test_console_t *console = eff_test_console_new();
    eff_exit_decref(eff_test_run_with(&(eff_test_options_t){ .console = console }, talks()));
    ck_assert_str_eq(eff_test_console_output(console), "a result\n");
    ck_assert_ptr_nonnull(strstr(eff_test_console_errors(console), "beware"));
    eff_test_console_decref(console);
}
END_TEST

START_TEST(a_logger_of_the_tests_own_has_what_is_logged)
{
    as_for_users();
    eff_test_logger_t *logger = eff_test_logger_new();
    eff_exit_decref(eff_test_run_with(&(eff_test_options_t){ .logger = logger }, talks()));
    ck_assert_str_eq(eff_test_logger_text(logger), "WARN beware\n");
    ck_assert_str_eq(eff_test_latest_screen(), "a result\nWARN beware\n");
    eff_test_logger_decref(logger);
}
END_TEST

START_TEST(a_driven_test_has_a_console)
{
    as_for_users();
    eff_test_t *t = eff_test_new();
    (void)eff_test_fork(t, after(5, eff_print_line(eff_literal("late"))));
    eff_test_adjust(t, eff_millis(4));
    ck_assert_str_eq(eff_test_console_screen(eff_test_get_console(t)), "");
    eff_test_adjust(t, eff_millis(1));
    ck_assert_str_eq(eff_test_console_screen(eff_test_get_console(t)), "late\n");
    ck_assert_clean(t);
}
END_TEST

TESTS(a_run_that_leaves_nothing_is_as_it_was, a_fiber_that_is_left_fails_the_test,
      so_it_does_when_the_run_failed_by_itself, effects_that_nobody_runs_fail_the_test,
      values_that_nobody_gives_up_fail_the_test, what_is_left_does_not_stand_where_something_was_given_up,
      nor_in_a_driven_test, memory_is_not_looked_at_if_told_so, what_the_test_holds_in_variables_is_not_left_behind,
      a_report_is_printed_where_nobody_asks_for_it, time_may_be_limited, services_are_there_for_daemons_too,
      a_layer_is_provided, the_clock_of_the_options_may_stand_still, random_numbers_are_the_same_on_every_run,
      defaults_hold_for_later_tests_and_can_be_taken_back, what_is_printed_and_logged_is_kept_and_shown,
      a_console_of_the_tests_own_has_it_all, a_logger_of_the_tests_own_has_what_is_logged, a_driven_test_has_a_console)
