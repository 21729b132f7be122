/* Running by schedule: retry and repeat; conformance area SCHED as far as it needs running, A42 and B8. */
#include "support/fibers.h"

/* n[i]++ when it runs; then fails with the count. */
static eff_t *fail_with(eff_value_t n, eff_value_t env)
{
    (void)env;
    return eff_fail(eff_value_incref(n));
}
static eff_t *count_and_fail(struct world *w, int i)
{
    return eff_flat_map(count(w, i), fail_with, eff_unit);
}

/* Says "try@ms", then fails with the count. */
static eff_t *say_failing(struct world *w)
{
    return eff_then(say_time(w, "try"), count_and_fail(w, 0));
}

static void ran_once(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 1);
}
static void ran_three_times(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 3);
}
static void ran_four_times(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 4);
}

/* ---- repeat */

/* The source also gives -5: the count is unsigned here. */
static eff_t *no_recurrence(struct world *w)
{
    return eff_repeat(count(w, 0), eff_schedule_recurs(0));
}
/* SCHED-001 */
CASE(SCHED_001_no_recurrence_runs_once, no_recurrence, .succeeds = "1", .check = ran_once)

static eff_t *two_recurrences(struct world *w)
{
    return eff_repeat(count(w, 0), eff_schedule_recurs(2));
}
/* SCHED-003 */
CASE(SCHED_003_repeating_twice_runs_three_times, two_recurrences, .succeeds = "3", .ms = 0, .timed = true)

static bool is_at_least(eff_value_t v, eff_value_t env)
{
    return eff_as_int(v) >= eff_as_int(env);
}
static eff_t *until_at_once(struct world *w)
{
    return eff_repeat(count(w, 0), eff_schedule_until(eff_schedule_forever(), is_at_least, eff_int(1)));
}
/* SCHED-004 */
CASE(SCHED_004_repeating_until_what_holds_at_once_runs_once, until_at_once, .succeeds = "1", .check = ran_once)

static eff_t *whichever_first(struct world *w)
{
    return eff_repeat(count(w, 0), eff_schedule_until(eff_schedule_recurs(3), is_at_least, eff_int(3)));
}
/* SCHED-005 */
CASE(SCHED_005_repeating_stops_at_the_condition, whichever_first, .succeeds = "3", .check = ran_three_times)

static eff_t *recurs_first(struct world *w)
{
    return eff_repeat(count(w, 0), eff_schedule_until(eff_schedule_recurs(3), is_at_least, eff_int(9)));
}
/* SCHED-005 */
CASE(SCHED_005_repeating_stops_at_the_count, recurs_first, .succeeds = "4", .check = ran_four_times)

static eff_t *repeat_failing(struct world *w)
{
    return eff_repeat(count_and_fail(w, 0), eff_schedule_recurs(42));
}
/* SCHED-006 */
CASE(SCHED_006_a_failure_ends_repeating, repeat_failing, .cause = "fail(1)", .check = ran_once)

static eff_t *repeat_and_complete(struct world *w)
{
    return eff_ensuring(eff_repeat(count(w, 0), eff_schedule_recurs(2)), say(w, "complete"));
}
/* SCHED-008 */
CASE(SCHED_008_a_finalizer_around_repeating_runs_once, repeat_and_complete, .succeeds = "3", .journal = "complete")

static eff_t *spaced(struct world *w)
{
    eff_schedule_t *s = eff_schedule_both(eff_schedule_spaced(eff_millis(100)), eff_schedule_recurs(4));
    return eff_repeat(say_time(w, "run"), s);
}
/* SCHED-017 */
CASE(SCHED_017_spaced_runs_after_every_pause, spaced, .succeeds = "unit",
     .journal = "run@0 run@100 run@200 run@300 run@400")

static eff_t *spaced_after_action(struct world *w)
{
    eff_schedule_t *s = eff_schedule_both(eff_schedule_spaced(eff_millis(100)), eff_schedule_recurs(2));
    return eff_repeat(eff_delay(say_time(w, "run"), eff_millis(30)), s);
}
CASE(spaced_pauses_after_the_action_has_ended, spaced_after_action, .succeeds = "unit",
     .journal = "run@30 run@160 run@290")

static eff_t *longest(struct world *w)
{
    eff_schedule_t *s =
        eff_schedule_both(eff_schedule_exponential(eff_seconds(5), 2), eff_schedule_spaced(eff_seconds(10)));
    s = eff_schedule_both(eff_schedule_fixed(eff_seconds(5)), s);
    return eff_repeat(say_time(w, "run"), eff_schedule_both(s, eff_schedule_recurs(3)));
}
/* SCHED-031 */
CASE(SCHED_031_both_takes_the_longer_delay, longest, .succeeds = "unit",
     .journal = "run@0 run@10000 run@20000 run@40000")

static eff_t *shortest_of_three(struct world *w)
{
    eff_schedule_t *s =
        eff_schedule_either(eff_schedule_exponential(eff_seconds(5), 2), eff_schedule_spaced(eff_seconds(10)));
    s = eff_schedule_either(eff_schedule_fixed(eff_seconds(5)), s);
    return eff_repeat(say_time(w, "run"), eff_schedule_both(s, eff_schedule_recurs(3)));
}
/* SCHED-033 */
CASE(SCHED_033_either_takes_the_shortest_of_three, shortest_of_three, .succeeds = "unit",
     .journal = "run@0 run@5000 run@10000 run@15000")

static eff_t *shortest(struct world *w)
{
    eff_schedule_t *fast = eff_schedule_both(eff_schedule_spaced(eff_seconds(1)), eff_schedule_recurs(1));
    eff_schedule_t *s = eff_schedule_either(fast, eff_schedule_spaced(eff_seconds(5)));
    return eff_repeat(say_time(w, "run"), eff_schedule_both(s, eff_schedule_recurs(3)));
}
/* SCHED-033 */
CASE(SCHED_033_either_takes_the_shorter_and_goes_on_when_one_is_done, shortest, .succeeds = "unit",
     .journal = "run@0 run@1000 run@6000 run@11000")

static eff_t *minutes(struct world *w)
{
    eff_schedule_t *s = eff_schedule_exponential(eff_minutes(1), 2);
    return eff_repeat(say_time(w, "run"), eff_schedule_both(s, eff_schedule_recurs(5)));
}
/* SCHED-040 */
CASE(SCHED_040_minutes_of_backoff_take_no_real_time, minutes, .succeeds = "unit",
     .journal = "run@0 run@60000 run@180000 run@420000 run@900000 run@1860000")

static eff_t *finalizer_at_once(struct world *w)
{
    eff_schedule_t *s = eff_schedule_both(eff_schedule_spaced(eff_seconds(1)), eff_schedule_recurs(2));
    return eff_ensuring(eff_repeat(say_time(w, "run"), s), say_time(w, "end"));
}
/* SCHED-043 */
CASE(SCHED_043_the_finalizer_runs_without_a_last_delay, finalizer_at_once, .succeeds = "unit",
     .journal = "run@0 run@1000 run@2000 end@2000")

static eff_t *say_r(eff_value_t n, eff_value_t env)
{
    (void)n;
    return say(eff_as_ptr(env), "r");
}
static eff_t *many_rounds(struct world *w)
{
    return eff_repeat(count(w, 0), eff_schedule_recurs(10000));
}
CASE(ten_thousand_rounds_take_constant_memory, many_rounds, .succeeds = "10001",
     .without = NO_INTERRUPTS | NO_SHUFFLES /* too many instructions for one run each */)

/* ---- retry */

static eff_t *retry_thrice(struct world *w)
{
    return eff_retry(count_and_fail(w, 0), eff_schedule_recurs(3));
}
/* SCHED-010 */
CASE(SCHED_010_retrying_thrice_runs_four_times_and_fails_with_the_last, retry_thrice, .cause = "fail(4)",
     .check = ran_four_times)

static eff_t *succeed_at(eff_value_t n, eff_value_t env)
{
    return eff_as_int(n) < eff_as_int(env) ? eff_fail(eff_value_incref(n)) : eff_succeed(eff_value_incref(n));
}
static eff_t *third_time(struct world *w)
{
    return eff_retry(eff_flat_map(count(w, 0), succeed_at, eff_int(3)), eff_schedule_forever());
}
CASE(retrying_ends_with_the_first_success, third_time, .succeeds = "3")

static bool is_below(eff_value_t v, eff_value_t env)
{
    return eff_as_int(v) < eff_as_int(env);
}
static eff_t *retry_while(struct world *w)
{
    return eff_retry(count_and_fail(w, 0), eff_schedule_while(eff_schedule_forever(), is_below, eff_int(3)));
}
CASE(the_schedule_of_a_retry_sees_the_error, retry_while, .cause = "fail(3)", .check = ran_three_times)

static eff_t *interrupts_itself(struct world *w)
{
    return eff_retry(eff_then(count(w, 0), eff_interrupt_self()), eff_schedule_forever());
}
/* SCHED-051 */
CASE(SCHED_051_an_interruption_is_not_retried, interrupts_itself, .interrupted = true, .check = ran_once)

static eff_t *joins_interrupted(struct world *w)
{
    eff_t *start = eff_then(keep(w, 0, eff_fork(eff_never())), with_fiber(w, 0, interrupt));
    return eff_then(start, eff_retry(eff_then(count(w, 0), with_fiber(w, 0, join)), eff_schedule_forever()));
}
/* SCHED-051 */
CASE(SCHED_051_an_interruption_that_arrives_as_a_value_is_not_retried, joins_interrupted, .interrupted = true,
     .check = ran_once)

static eff_t *dies(struct world *w)
{
    return eff_retry(eff_then(count(w, 0), eff_die(eff_literal("broken"))), eff_schedule_recurs(5));
}
/* SCHED-052 */
CASE(SCHED_052_a_defect_is_not_retried, dies, .dies = "broken", .check = ran_once)

static eff_t *fails_and_dies(struct world *w)
{
    eff_t *body = eff_ensuring(count_and_fail(w, 0), eff_die(eff_literal("broken")));
    return eff_retry(body, eff_schedule_recurs(5));
}
CASE(a_failure_with_a_defect_beside_it_is_not_retried, fails_and_dies, .cause = "then(fail(1), die)", .check = ran_once,
     .without = NO_ALLOCATIONS /* without memory for the Then the older cause is kept, and that is retried */)

static eff_t *delays_one_and_two(struct world *w)
{
    eff_schedule_t *s = eff_schedule_both(eff_schedule_exponential(eff_seconds(1), 2), eff_schedule_recurs(2));
    return eff_retry(say_failing(w), s);
}
/* SCHED-053 */
CASE(SCHED_053_delays_of_one_and_two_seconds_take_three, delays_one_and_two, .cause = "fail(3)",
     .journal = "try@0 try@1000 try@3000", .ms = 3000, .timed = true)

/* A42: n attempts, base * 2^k, the last failure. */
static eff_t *backoff(struct world *w)
{
    eff_schedule_t *s = eff_schedule_both(eff_schedule_exponential(eff_millis(100), 2), eff_schedule_recurs(4));
    return eff_retry(say_failing(w), s);
}
CASE(exponential_backoff_doubles_the_delay_and_fails_with_the_last, backoff, .cause = "fail(5)",
     .journal = "try@0 try@100 try@300 try@700 try@1500")

/* Of the 100 delays from 1 s on, doubling, the 34th does not fit into an instant: time ends there, and the rest take none. */
static eff_t *saturating(struct world *w)
{
    eff_schedule_t *s = eff_schedule_both(eff_schedule_exponential(eff_seconds(1), 2), eff_schedule_recurs(100));
    return eff_then(eff_catch_all(eff_retry(count_and_fail(w, 0), s), say_r, eff_ptr(w)), eff_clock_now());
}
static void at_the_end_of_time(struct world *w, const eff_exit_t *exit)
{
    ck_assert(exit->ok);
    ck_assert_int_eq(eff_as_instant(exit->value).ns, INT64_MAX);
    ck_assert_int_eq(w->n[0], 101);
}
/* SCHED-055 */
CASE(SCHED_055_exponential_delays_saturate, saturating, .check = at_the_end_of_time,
     .without = NO_AROUND /* it lasts to the end of time */)

static eff_t *interrupted_pause(struct world *w)
{
    eff_t *start = keep(w, 0, eff_fork(eff_retry(say_failing(w), eff_schedule_spaced(eff_hours(1)))));
    eff_t *stop = eff_then(with_fiber(w, 0, interrupt), eff_zip(say_time(w, "ended"), eff_test_clock_sleeps()));
    return eff_then(start, eff_delay(stop, eff_minutes(10)));
}
/* SCHED-056 */
CASE(SCHED_056_interrupting_the_pause_ends_at_once_and_leaves_no_timer, interrupted_pause, .succeeds = "(unit, [])",
     .journal = "try@0 ended@600000", .check = ran_once, .without = NO_AROUND /* it lists the sleepers */)

/* ---- one schedule, one effect, many runs */

/* B8 */
static eff_t *concurrent(struct world *w)
{
    eff_schedule_t *s = eff_schedule_both(eff_schedule_exponential(eff_millis(100), 2), eff_schedule_recurs(2));
    eff_t *a = say_exit(w, eff_retry(count_and_fail(w, 0), eff_schedule_incref(s)));
    return eff_then(eff_zip_par(a, eff_delay(say_exit(w, eff_retry(count_and_fail(w, 1), s)), eff_millis(50))),
                    say_time(w, "end"));
}
CASE(two_concurrent_retries_of_one_schedule_have_their_own_states, concurrent, .succeeds = "unit",
     .journal = "fail:3 fail:3 end@350")

static eff_t *run_twice(struct world *w)
{
    eff_t *e = say_exit(w, eff_retry(count_and_fail(w, 0), eff_schedule_recurs(1)));
    return eff_then(eff_incref(e), e);
}
CASE(a_description_of_a_retry_starts_anew_each_time, run_twice, .succeeds = "unit", .journal = "fail:2 fail:4")

static eff_t *nested(struct world *w)
{
    eff_t *inner = eff_retry(count_and_fail(w, 0), eff_schedule_recurs(2));
    return eff_retry(inner, eff_schedule_recurs(1));
}
static void ran_six_times(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 6);
}
CASE(an_inner_retry_starts_anew_in_every_outer_round, nested, .cause = "fail(6)", .check = ran_six_times)

static eff_t *each_attempt_in_time(struct world *w)
{
    eff_t *attempt = eff_timeout_fail(eff_then(count(w, 0), eff_never()), eff_seconds(2), eff_literal("late"));
    return eff_retry(attempt, eff_schedule_both(eff_schedule_spaced(eff_seconds(1)), eff_schedule_recurs(2)));
}
CASE(a_timeout_inside_a_retry_counts_for_each_attempt, each_attempt_in_time, .fails = "late", .ms = 8000, .timed = true,
     .check = ran_three_times)

static eff_t *all_attempts_in_time(struct world *w)
{
    return eff_timeout(eff_retry(count_and_fail(w, 0), eff_schedule_spaced(eff_seconds(1))), eff_millis(3500));
}
CASE(a_timeout_around_a_retry_counts_for_all_attempts, all_attempts_in_time, .succeeds = "none", .ms = 3500,
     .timed = true, .check = ran_four_times)

static eff_t *released_each_time(struct world *w)
{
    eff_t *attempt = eff_acquire_use_release(acquire(w, "a"), fail_with, release, eff_ptr(w));
    return eff_retry(attempt, eff_schedule_recurs(1));
}
CASE(every_attempt_releases_before_the_next, released_each_time, .fails = "a", .journal = "a+ a- a+ a-")

/* ---- mistakes */

static eff_t *no_schedule(struct world *w)
{
    return eff_retry(count(w, 0), NULL);
}
CASE(retrying_with_no_schedule_is_a_mistake, no_schedule, .dies = "eff_retry")

static eff_t *no_effect(struct world *w)
{
    (void)w;
    return eff_repeat(NULL, eff_schedule_recurs(1));
}
CASE(repeating_nothing_is_a_mistake, no_effect, .dies = "eff_repeat")

static void ignore_misuse(const char *message, void *arg)
{
    (void)message, (void)arg;
}
START_TEST(a_schedule_with_a_missing_part_is_a_mistake_that_is_told)
{
    eff_set_misuse_handler(ignore_misuse, NULL);
    ck_assert_dies(eff_retry(eff_noop(), eff_schedule_while(eff_schedule_forever(), NULL, eff_unit)),
                   "eff_retry was given a schedule with a missing part (test_retry.c:");
    ck_assert_dies(eff_repeat(eff_noop(), eff_schedule_both(NULL, eff_schedule_recurs(1))),
                   "eff_repeat was given a schedule with a missing part");
    ck_assert_dies(eff_repeat(eff_out_of_memory(), eff_schedule_up_to(NULL, eff_millis(1))), "out of memory");
    eff_set_misuse_handler(NULL, NULL);
}
END_TEST

/* ---- other delays */

static eff_t *fibonacci_four_times(struct world *w)
{
    eff_schedule_t *s = eff_schedule_both(eff_schedule_fibonacci(eff_millis(100)), eff_schedule_recurs(4));
    return eff_retry(say_failing(w), s);
}
/* SCHED-015 */
CASE(SCHED_015_fibonacci_delays_are_100_100_200_300, fibonacci_four_times, .cause = "fail(5)",
     .journal = "try@0 try@100 try@200 try@400 try@700")

static eff_t *given_delays(struct world *w)
{
    const eff_duration_t list[] = { eff_seconds(4), eff_seconds(7), eff_seconds(12), eff_seconds(19) };
    return eff_retry(say_failing(w), eff_schedule_delays(4, list));
}
/* SCHED-022 */
CASE(SCHED_022_given_delays_are_kept_and_then_it_stops, given_delays, .cause = "fail(5)",
     .journal = "try@0 try@4000 try@11000 try@23000 try@42000")

/* ---- schedules that look at the time. Each run takes a while before it says when it ended. */

static eff_schedule_t *times(eff_schedule_t *s, uint64_t n)
{
    return eff_schedule_both(s, eff_schedule_recurs(n));
}
static eff_t *run_taking(struct world *w, int64_t n)
{
    return eff_then(say_time(w, "run"), ms(n));
}

static eff_t *fixed_and_slow(struct world *w)
{
    return eff_repeat(run_taking(w, 500), times(eff_schedule_fixed(eff_seconds(1)), 5));
}
/* SCHED-023 */
CASE(SCHED_023_fixed_waits_for_the_rest_of_the_interval, fixed_and_slow, .succeeds = "unit",
     .journal = "run@0 run@1500 run@2500 run@3500 run@4500 run@5500", .ms = 6000, .timed = true)

/* Each run ends a whole interval and more after its tick: the next one starts at once, and none is made up for. */
static eff_t *fixed_and_late(struct world *w)
{
    return eff_repeat(run_taking(w, 2500), times(eff_schedule_fixed(eff_seconds(1)), 3));
}
CASE(fixed_that_is_late_starts_at_once, fixed_and_late, .succeeds = "unit",
     .journal = "run@0 run@3500 run@6000 run@8500")

static eff_t *windowed_and_slow(struct world *w)
{
    return eff_repeat(run_taking(w, 1500), times(eff_schedule_windowed(eff_seconds(1)), 4));
}
/* SCHED-025 */
CASE(SCHED_025_windowed_always_waits_for_a_boundary, windowed_and_slow, .succeeds = "unit",
     .journal = "run@0 run@2500 run@4500 run@6500 run@8500")

static eff_t *one_after_the_other(struct world *w)
{
    eff_schedule_t *s = eff_schedule_and_then(times(eff_schedule_fixed(eff_millis(500)), 3),
                                              times(eff_schedule_fixed(eff_millis(1000)), 3));
    return eff_repeat(say_time(w, "run"), s);
}
/* SCHED-035 */
CASE(SCHED_035_one_schedule_after_the_other, one_after_the_other, .succeeds = "unit",
     .journal = "run@0 run@500 run@1000 run@1500 run@2500 run@3500 run@4500")

static eff_t *count_before_limit(struct world *w)
{
    eff_schedule_t *s = times(eff_schedule_spaced(eff_seconds(1)), 3);
    return eff_retry(say_failing(w), eff_schedule_up_to(s, eff_seconds(5)));
}
/* SCHED-037 */
CASE(SCHED_037_the_count_comes_before_the_limit, count_before_limit, .cause = "fail(4)",
     .journal = "try@0 try@1000 try@2000 try@3000")

static eff_t *limit_before_count(struct world *w)
{
    eff_schedule_t *s = times(eff_schedule_spaced(eff_seconds(2)), 3);
    return eff_retry(say_failing(w), eff_schedule_up_to(s, eff_seconds(4)));
}
/* SCHED-037 */
CASE(SCHED_037_the_limit_comes_before_the_count, limit_before_count, .cause = "fail(3)",
     .journal = "try@0 try@2000 try@4000")

static eff_t *limit_of_nothing(struct world *w)
{
    return eff_retry(say_failing(w), eff_schedule_up_to(eff_schedule_forever(), eff_millis(0)));
}
CASE(a_limit_of_0_allows_no_recurrence, limit_of_nothing, .cause = "fail(1)", .journal = "try@0")

/* B8. The second run of the schedule begins in the middle of the intervals of the first. */
static eff_t *shared_and_timed(struct world *w)
{
    eff_schedule_t *s = eff_schedule_up_to(eff_schedule_fixed(eff_millis(100)), eff_millis(250));
    eff_schedule_t *same = eff_schedule_incref(s);
    eff_t *a = eff_ignore(eff_retry(say_failing(w), same));
    return eff_zip_par(a, after(30, eff_ignore(eff_retry(eff_then(say_time(w, "b"), count_and_fail(w, 1)), s))));
}
CASE(two_concurrent_retries_of_one_timed_schedule_have_their_own_clocks, shared_and_timed, .succeeds = "(unit, unit)",
     .journal = "try@0 b@30 try@100 b@130 try@200 b@230 try@300 b@330")

static eff_t *dies_timed(struct world *w)
{
    eff_t *e = eff_then(count(w, 0), eff_die(eff_literal("broken")));
    return eff_retry(e, eff_schedule_fixed(eff_millis(100)));
}
CASE(a_defect_is_not_retried_by_a_timed_schedule, dies_timed, .dies = "broken", .check = ran_once)

static eff_t *fail_at(eff_value_t n, eff_value_t env)
{
    return eff_as_int(n) < eff_as_int(env) ? eff_succeed(eff_value_incref(n)) : eff_fail(eff_value_incref(n));
}
static eff_t *repeat_until_failing(struct world *w)
{
    eff_t *e = eff_then(say_time(w, "run"), eff_flat_map(count(w, 0), fail_at, eff_int(2)));
    return eff_repeat(e, eff_schedule_windowed(eff_millis(100)));
}
CASE(a_failure_ends_repeating_by_a_timed_schedule, repeat_until_failing, .cause = "fail(2)", .journal = "run@0 run@100")

START_TEST(eff_describe_shows_the_schedule)
{
    eff_schedule_t *s =
        eff_schedule_and_then(eff_schedule_fixed(eff_seconds(1)), eff_schedule_windowed(eff_seconds(2)));
    eff_t *e = eff_retry(eff_noop(), eff_schedule_up_to(s, eff_minutes(1)));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_describe(e, &text);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "(fixed(1s) then windowed(2s)) up to 1m"));
    eff_buffer_done(&text);
    eff_decref(e);
}
END_TEST

TESTS(a_schedule_with_a_missing_part_is_a_mistake_that_is_told, SCHED_033_either_takes_the_shortest_of_three,
      SCHED_001_no_recurrence_runs_once, SCHED_003_repeating_twice_runs_three_times,
      SCHED_004_repeating_until_what_holds_at_once_runs_once, SCHED_005_repeating_stops_at_the_condition,
      SCHED_005_repeating_stops_at_the_count, SCHED_006_a_failure_ends_repeating,
      SCHED_008_a_finalizer_around_repeating_runs_once, SCHED_017_spaced_runs_after_every_pause,
      spaced_pauses_after_the_action_has_ended, SCHED_031_both_takes_the_longer_delay,
      SCHED_033_either_takes_the_shorter_and_goes_on_when_one_is_done, SCHED_040_minutes_of_backoff_take_no_real_time,
      SCHED_043_the_finalizer_runs_without_a_last_delay, ten_thousand_rounds_take_constant_memory,
      SCHED_010_retrying_thrice_runs_four_times_and_fails_with_the_last, retrying_ends_with_the_first_success,
      the_schedule_of_a_retry_sees_the_error, SCHED_051_an_interruption_is_not_retried,
      SCHED_051_an_interruption_that_arrives_as_a_value_is_not_retried, SCHED_052_a_defect_is_not_retried,
      a_failure_with_a_defect_beside_it_is_not_retried, SCHED_053_delays_of_one_and_two_seconds_take_three,
      exponential_backoff_doubles_the_delay_and_fails_with_the_last, SCHED_055_exponential_delays_saturate,
      SCHED_056_interrupting_the_pause_ends_at_once_and_leaves_no_timer,
      two_concurrent_retries_of_one_schedule_have_their_own_states, a_description_of_a_retry_starts_anew_each_time,
      an_inner_retry_starts_anew_in_every_outer_round, a_timeout_inside_a_retry_counts_for_each_attempt,
      a_timeout_around_a_retry_counts_for_all_attempts, every_attempt_releases_before_the_next,
      retrying_with_no_schedule_is_a_mistake, repeating_nothing_is_a_mistake,
      SCHED_015_fibonacci_delays_are_100_100_200_300, SCHED_022_given_delays_are_kept_and_then_it_stops,
      SCHED_023_fixed_waits_for_the_rest_of_the_interval, fixed_that_is_late_starts_at_once,
      SCHED_025_windowed_always_waits_for_a_boundary, SCHED_035_one_schedule_after_the_other,
      SCHED_037_the_count_comes_before_the_limit, SCHED_037_the_limit_comes_before_the_count,
      a_limit_of_0_allows_no_recurrence, two_concurrent_retries_of_one_timed_schedule_have_their_own_clocks,
      a_defect_is_not_retried_by_a_timed_schedule, a_failure_ends_repeating_by_a_timed_schedule,
      eff_describe_shows_the_schedule)
