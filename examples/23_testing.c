/* Testing without a framework: each line of output is a test of TAP. Time is the test's, so that a day takes none; what a
 * program prints is the test's too; and an exit that is not as expected says how. */
#include <effect/effect.h>
#include <effect/test.h>
#include <effect/test_expect.h>
#include <effect/test_journal.h>

#include <stdio.h>
#include <string.h>

/* ---- a program to test */

static eff_value_t took(eff_value_t timed, eff_value_t env)
{
    (void)env;
    return eff_printf("Operation took %.1fs", (double)eff_as_duration(eff_first(timed)).ns / 1e9);
}

static eff_t *operation(void)
{
    return eff_map(eff_timed(eff_sleep(eff_seconds(1))), took, eff_unit);
}

static eff_t *fastest_of_two(void)
{
    eff_t *slow = eff_delay(eff_succeed(eff_literal("slow")), eff_seconds(2));
    return eff_race(slow, eff_delay(eff_succeed(eff_literal("fast")), eff_seconds(1)));
}

static eff_t *patient_for_5_s(void)
{
    eff_value_t late = eff_error(&eff_timeout_error, 0, "no answer within 5 s");
    return eff_timeout_fail(eff_sleep(eff_hours(1)), eff_seconds(5), late);
}

/* ---- what stands in for a framework */

static int n_tests;

static void ok(bool as_expected, const char *what, eff_buffer_t *why)
{
    printf("%s %d - %s\n", as_expected ? "ok" : "not ok", ++n_tests, what);
    if (!as_expected) printf("# %s", eff_buffer_text(why));
    eff_buffer_done(why);
}

/* ---- driven from outside, as a transcript: A is forked, time moves, A is looked at */

static void test_operation(void)
{
    eff_buffer_t why = EFF_BUFFER_INIT;
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, operation());
    eff_fiber_t *race = eff_test_fork(t, fastest_of_two());
    eff_fiber_t *timeout = eff_test_fork(t, patient_for_5_s());

    eff_test_adjust(t, eff_millis(999));
    ok(!eff_fiber_poll(fiber) && !eff_fiber_poll(race), "before a second has passed, nothing has ended", &why);

    eff_test_adjust(t, eff_millis(1));
    ok(eff_test_expect_success(eff_fiber_poll(fiber), "Operation took 1.0s", &why), "then the operation has", &why);
    ok(eff_test_expect_success(eff_fiber_poll(race), "fast", &why), "and the race", &why);

    eff_test_adjust(t, eff_seconds(6));
    ok(eff_test_expect_error(eff_fiber_poll(timeout), &eff_timeout_error, &why), "after 6 s, the timeout", &why);
    ok(eff_test_end(t, &why) == 0, "nothing is left behind", &why);
}

/* ---- run to its end: time moves by itself */

static void test_order(void)
{
    eff_buffer_t why = EFF_BUFFER_INIT;
    eff_test_journal_t *j = eff_test_journal_new();
    eff_t *nap = eff_test_watch(j, "nap", eff_sleep(eff_minutes(20)));
    eff_t *night = eff_test_watch(j, "night", eff_sleep(eff_hours(8)));
    eff_exit_t exit = eff_test_run(eff_then(eff_race_first(night, nap), eff_test_say_time(j, "up")));
    ok(eff_test_expect_success(&exit, "unit", &why), "of a nap and a night, the nap is over first", &why);
    const char *transcript = eff_test_journal_text(j);
    ok(strcmp(transcript, "night> nap> nap. night~ up@1200000ms") == 0, transcript, &why);
    eff_exit_decref(exit);
    eff_test_journal_decref(j);
}

static void test_what_is_printed(void)
{
    eff_buffer_t why = EFF_BUFFER_INIT;
    eff_exit_t exit = eff_test_run(eff_print_line(eff_literal("hello")));
    ok(strcmp(eff_test_latest_screen(), "hello\n") == 0, "what is printed is the test's", &why);
    eff_exit_decref(exit);
}

int main(void)
{
    test_operation();
    test_order();
    test_what_is_printed();
    printf("1..%d\n", n_tests);
    return 0;
}

/* expected output:
ok 1 - before a second has passed, nothing has ended
ok 2 - then the operation has
ok 3 - and the race
ok 4 - after 6 s, the timeout
ok 5 - nothing is left behind
ok 6 - of a nap and a night, the nap is over first
ok 7 - night> nap> nap. night~ up@1200000ms
ok 8 - what is printed is the test's
1..8
*/
