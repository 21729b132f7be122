/* Timed operations under virtual time: sleep, delay, the timeout family, deadline, timed, saturation; conformance area
 * TIME, and the golden programs A18 and A43. */
#include <math.h>

#include "support/fibers.h"

static eff_t *within_ms(int64_t ms, eff_t *e)
{
    return eff_timeout(e, eff_millis(ms));
}

static eff_value_t too_late(void)
{
    return eff_error(&eff_timeout_error, 0, "too late");
}

/* ---- the timeout family */

static eff_t *long_computation(struct world *w)
{
    return within_ms(10, after(60000, say(w, "done")));
}
/* TIME-001 */
CASE(TIME_001_a_timeout_ends_a_long_computation, long_computation, .succeeds = "none", .journal = "", .ms = 10,
     .timed = true)

/* The source composes the message itself ("Operation timed out after '1s 500ms'"); here the caller gives the error. */
static eff_t *useful_message(struct world *w)
{
    (void)w;
    return eff_timeout_fail(eff_never(), eff_millis(1500),
                            eff_error(&eff_timeout_error, 0, "no answer within %d ms", 1500));
}
/* TIME-002 */
CASE(TIME_002_timeout_fail_fails_with_the_given_message, useful_message, .fails = "timed out: no answer within 1500 ms",
     .ms = 1500, .timed = true)

static eff_t *failure_before(struct world *w)
{
    (void)w;
    return within_ms(10, after(5, eff_fail(eff_int(7))));
}
/* TIME-003 */
CASE(TIME_003_a_failure_before_the_deadline_passes_unchanged, failure_before, .cause = "fail(7)", .ms = 5,
     .timed = true)

static eff_t *defect_before(struct world *w)
{
    (void)w;
    return within_ms(10, eff_die(eff_literal("broken")));
}
/* TIME-003 */
CASE(TIME_003_a_defect_before_the_deadline_passes_unchanged, defect_before, .dies = "broken", .ms = 0, .timed = true)

static eff_t *say_interrupted(const eff_exit_t *exit, eff_value_t env)
{
    (void)exit;
    return say(eff_as_ptr(env), "interrupted");
}

static eff_t *interrupts_body(struct world *w)
{
    eff_t *body = eff_on_interrupt(eff_never(), say_interrupted, eff_ptr(w));
    return eff_then(within_ms(10, body), say_time(w, "after"));
}
/* TIME-004 */
CASE(TIME_004_a_timeout_interrupts_the_body_before_it_returns, interrupts_body, .succeeds = "unit",
     .journal = "interrupted after@10")

static eff_t *slow_finalizer(struct world *w)
{
    eff_t *body = eff_ensuring(eff_never(), after(30, say_time(w, "cleaned")));
    return eff_then(within_ms(10, body), say_time(w, "after"));
}
CASE(a_timeout_awaits_the_finalizers_of_its_body, slow_finalizer, .succeeds = "unit", .journal = "cleaned@40 after@40")

/* Virtual time stands still while a body only computes, so each round sleeps: the source's loop of bare units would be
 * the livelock report. */
static eff_t *masked_rounds(struct world *w)
{
    return within_ms(10, eff_forever(eff_uninterruptible(eff_then(ms(3), count(w, 0)))));
}
static void four_rounds(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 4);
}
/* TIME-005 */
CASE(TIME_005_the_interruption_is_taken_between_masked_rounds, masked_rounds, .succeeds = "none", .ms = 12,
     .timed = true, .check = four_rounds)

static eff_t *masked_never(struct world *w)
{
    (void)w;
    return eff_timeout(eff_uninterruptible(eff_never()), eff_seconds(1));
}
/* TIME-007 */
CASE(TIME_007_a_timeout_over_a_masked_never_does_not_end, masked_never, .dies = "deadlock")

/* The region that awaits what was left behind is the fiber of the run, so the run ends when the body does. */
static eff_t *disconnected(struct world *w)
{
    eff_t *body = eff_uninterruptible(after(5000, say_time(w, "body")));
    return eff_then(eff_timeout(eff_disconnect(body), eff_seconds(1)), say_time(w, "timed-out"));
}
/* TIME-008 */
CASE(TIME_008_a_disconnected_masked_body_times_out_and_is_left_behind, disconnected, .succeeds = "unit",
     .journal = "timed-out@1000 body@5000", .ms = 5000, .timed = true)

static eff_t *fallback(struct world *w)
{
    eff_t *body = eff_ensuring(eff_never(), say_time(w, "ended"));
    return eff_timeout_to(body, eff_millis(20), eff_then(say_time(w, "fallback"), eff_succeed(eff_int(5))));
}
/* TIME-011 */
CASE(TIME_011_the_fallback_starts_after_the_body_has_ended, fallback, .succeeds = "5",
     .journal = "ended@20 fallback@20")

static eff_t *fallback_not_needed(struct world *w)
{
    return eff_timeout_to(after(19, eff_succeed(eff_none())), eff_millis(20), say(w, "fallback"));
}
CASE(the_fallback_does_not_run_when_the_body_is_in_time, fallback_not_needed, .succeeds = "none", .journal = "",
     .ms = 19, .timed = true)

static eff_t *inner_forgets(struct world *w)
{
    (void)w;
    return eff_timeout(eff_timeout(eff_disconnect(eff_never()), eff_seconds(5)), eff_seconds(1));
}
/* TIME-012 */
CASE(TIME_012_a_suspended_inner_timeout_is_timed_out, inner_forgets, .succeeds = "none", .ms = 1000, .timed = true)

static eff_t *body_interrupts_itself(struct world *w)
{
    (void)w;
    return eff_timeout(eff_interrupt_self(), eff_hours(1));
}
/* TIME-013 */
CASE(TIME_013_a_body_that_interrupts_itself_ends_the_timeout_at_once, body_interrupts_itself, .interrupted = true,
     .ms = 0, .timed = true)

static eff_t *outer_first(struct world *w)
{
    (void)w;
    return eff_timeout(eff_timeout(eff_never(), eff_seconds(2)), eff_seconds(1));
}
/* TIME-014 */
CASE(TIME_014_of_nested_timeouts_the_outer_fires_first, outer_first, .succeeds = "none", .ms = 1000, .timed = true)

static eff_t *inner_first(struct world *w)
{
    (void)w;
    return eff_timeout(eff_timeout(eff_never(), eff_seconds(1)), eff_seconds(2));
}
/* TIME-014 */
CASE(TIME_014_of_nested_timeouts_the_inner_fires_first, inner_first, .succeeds = "some(none)", .ms = 1000,
     .timed = true)

/* The inner clock wakes first, but its timeout has yet to end its body when the outer one gets its turn. */
static eff_t *equal_timeouts(struct world *w)
{
    (void)w;
    return eff_timeout(eff_timeout(eff_never(), eff_seconds(1)), eff_seconds(1));
}
CASE(of_equal_nested_timeouts_the_outer_is_seen, equal_timeouts, .succeeds = "none", .ms = 1000, .timed = true,
     .without = NO_SHUFFLES /* otherwise the inner one may have ended */)

/* trio refuses negative durations; here they clamp to 0 (DESIGN section 9). */
static eff_t *negative(struct world *w)
{
    eff_t *sleeps = eff_zip(eff_sleep(eff_millis(-5)), eff_sleep(eff_seconds(NAN)));
    (void)w;
    return eff_zip(sleeps, eff_zip(within_ms(-5, eff_succeed(eff_int(1))), within_ms(-5, ms(1))));
}
/* TIME-018 */
CASE(TIME_018_negative_durations_count_as_zero, negative, .succeeds = "((unit, unit), (some(1), none))", .ms = 0,
     .timed = true, .without = NO_BUDGETS /* the time may be up before the body has ended */)

static eff_t *built_early(struct world *w)
{
    (void)w;
    return eff_then(ms(5000), within_ms(3000, ms(2000)));
}
/* TIME-020 */
CASE(TIME_020_a_relative_deadline_counts_from_its_entry, built_early, .succeeds = "some(unit)", .ms = 7000,
     .timed = true)

static eff_t *cancel_outer(struct world *w)
{
    eff_t *body = eff_ensuring(eff_never(), say_time(w, "ended"));
    eff_t *start = keep(w, 0, eff_fork(eff_timeout_fail(body, eff_hours(1), too_late())));
    eff_t *stop = after(10, eff_then(with_fiber(w, 0, interrupt), say_exit(w, with_fiber(w, 0, join))));
    return eff_then(start, stop);
}
/* TIME-022 */
CASE(TIME_022_interrupting_the_caller_is_no_timeout, cancel_outer, .succeeds = "unit", .journal = "ended@10 interrupt")

static eff_t *fast_and_slow(struct world *w)
{
    (void)w;
    return eff_zip(within_ms(10, ms(9)), within_ms(10, ms(11)));
}
/* TIME-023 */
CASE(TIME_023_fast_gives_some_and_slow_gives_none, fast_and_slow, .succeeds = "(some(unit), none)", .ms = 19,
     .timed = true)

static eff_t *tie(struct world *w)
{
    (void)w;
    return within_ms(10, ms(10));
}
CASE(a_body_that_ends_at_the_deadline_is_in_time, tie, .succeeds = "some(unit)", .ms = 10, .timed = true,
     .without = NO_SHUFFLES /* otherwise the clock may get its turn, and its caller, before the body */)

/* B6: "no answer" cannot be mistaken for an answer. */
static eff_t *body_gives_none(struct world *w)
{
    (void)w;
    return eff_zip(within_ms(10, eff_succeed(eff_none())), within_ms(10, eff_map_to(ms(11), eff_none())));
}
CASE(a_timeout_is_distinguishable_from_a_body_that_gives_none, body_gives_none, .succeeds = "(some(none), none)")

static eff_t *body_fails_timed_out(struct world *w)
{
    eff_value_t same_kind = eff_error(&eff_timeout_error, 0, "the body's own");
    (void)w;
    return eff_zip(eff_to_exit(within_ms(10, eff_fail(same_kind))), within_ms(10, ms(11)));
}
static void one_of_each(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert(exit->ok);
    const eff_exit_t *failed = eff_as_exit(eff_first(exit->value));
    ck_assert(!failed->ok && eff_cause_has_fail(failed->cause));
    ck_assert(!eff_is_some(eff_second(exit->value)));
}
CASE(a_timeout_is_distinguishable_from_a_body_that_fails_timed_out, body_fails_timed_out, .check = one_of_each,
     .without = NO_AROUND /* the text tells who forked */)

/* ---- delay, timed, saturation */

static eff_t *delayed(struct world *w)
{
    return eff_delay(say_time(w, "late"), eff_minutes(2));
}
CASE(delay_runs_the_effect_after_the_pause, delayed, .succeeds = "unit", .journal = "late@120000")

static eff_t *timed_body(struct world *w)
{
    (void)w;
    return eff_then(ms(5), eff_timed(after(250, eff_succeed(eff_int(3)))));
}
CASE(timed_gives_the_time_taken_and_the_value, timed_body, .succeeds = "(250ms, 3)")

static eff_t *timed_failure(struct world *w)
{
    (void)w;
    return eff_timed(after(250, eff_fail(eff_int(3))));
}
CASE(timed_passes_a_failure_on, timed_failure, .cause = "fail(3)", .ms = 250, .timed = true)

static eff_t *one_second(eff_value_t item, eff_value_t env)
{
    (void)item, (void)env;
    return eff_sleep(eff_seconds(1));
}
static eff_t *five_seconds(struct world *w)
{
    (void)w;
    eff_t *sequential = eff_timed(eff_for_each_discard(eff_range(0, 5), one_second, eff_unit));
    eff_t *parallel = eff_timed(eff_for_each_par_discard(eff_range(0, 5), one_second, eff_unit, 0));
    return eff_zip(sequential, parallel);
}
CASE(five_seconds_in_sequence_are_one_in_parallel, five_seconds, .succeeds = "((5s, unit), (1s, unit))")

/* B24 */
static eff_t *parallel_sleeps(struct world *w)
{
    (void)w;
    return eff_zip_par(eff_sleep(eff_seconds(1)), eff_sleep(eff_seconds(1)));
}
CASE(two_parallel_sleeps_of_a_second_take_a_second, parallel_sleeps, .succeeds = "(unit, unit)", .ms = 1000,
     .timed = true)

static eff_t *racing_sleeps(struct world *w)
{
    (void)w;
    return eff_race(after(10000, eff_succeed(eff_int(1))), after(1000, eff_succeed(eff_int(2))));
}
CASE(the_shorter_sleep_wins_a_race, racing_sleeps, .succeeds = "2", .ms = 1000, .timed = true)

/* B25 */
static eff_t *huge(struct world *w)
{
    eff_t *body = eff_then(ms(1), eff_succeed(eff_int(1)));
    eff_t *overflow = eff_timeout(eff_sleep(eff_duration_max), eff_millis(4));
    return eff_then(say_exit(w, eff_timeout(body, eff_duration_max)), eff_then(overflow, say_time(w, "then")));
}
/* TIME-026 */
CASE(TIME_026_huge_durations_saturate, huge, .succeeds = "unit", .journal = "ok:some(1) then@5", .ms = 5, .timed = true)

static eff_t *for_ever(struct world *w)
{
    (void)w;
    return eff_then(ms(1), eff_then(eff_sleep(eff_duration_max), eff_clock_now()));
}
static void at_the_end_of_time(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert(exit->ok);
    ck_assert_int_eq(eff_as_instant(exit->value).ns, INT64_MAX);
}
/* TIME-026 */
CASE(TIME_026_the_end_of_time_is_the_largest_instant, for_ever, .check = at_the_end_of_time)

/* A18, golden */
static eff_t *cached(struct world *w)
{
    eff_t *primary = eff_delay(eff_then(say(w, "primary"), eff_succeed(eff_literal("fresh"))), eff_seconds(2));
    return eff_timeout_to(primary, eff_millis(500), eff_map_to(say_time(w, "fallback"), eff_literal("cached")));
}
CASE(a_slow_primary_is_replaced_by_the_cached_answer, cached, .succeeds = "cached", .journal = "fallback@500",
     .ms = 500, .timed = true)

TESTS(TIME_001_a_timeout_ends_a_long_computation, TIME_002_timeout_fail_fails_with_the_given_message,
      TIME_003_a_failure_before_the_deadline_passes_unchanged, TIME_003_a_defect_before_the_deadline_passes_unchanged,
      TIME_004_a_timeout_interrupts_the_body_before_it_returns, a_timeout_awaits_the_finalizers_of_its_body,
      TIME_005_the_interruption_is_taken_between_masked_rounds, TIME_007_a_timeout_over_a_masked_never_does_not_end,
      TIME_008_a_disconnected_masked_body_times_out_and_is_left_behind,
      TIME_011_the_fallback_starts_after_the_body_has_ended, the_fallback_does_not_run_when_the_body_is_in_time,
      TIME_012_a_suspended_inner_timeout_is_timed_out, TIME_013_a_body_that_interrupts_itself_ends_the_timeout_at_once,
      TIME_014_of_nested_timeouts_the_outer_fires_first, TIME_014_of_nested_timeouts_the_inner_fires_first,
      of_equal_nested_timeouts_the_outer_is_seen, TIME_018_negative_durations_count_as_zero,
      TIME_020_a_relative_deadline_counts_from_its_entry, TIME_022_interrupting_the_caller_is_no_timeout,
      TIME_023_fast_gives_some_and_slow_gives_none, a_body_that_ends_at_the_deadline_is_in_time,
      a_timeout_is_distinguishable_from_a_body_that_gives_none,
      a_timeout_is_distinguishable_from_a_body_that_fails_timed_out, delay_runs_the_effect_after_the_pause,
      timed_gives_the_time_taken_and_the_value, timed_passes_a_failure_on, five_seconds_in_sequence_are_one_in_parallel,
      two_parallel_sleeps_of_a_second_take_a_second, the_shorter_sleep_wins_a_race, TIME_026_huge_durations_saturate,
      TIME_026_the_end_of_time_is_the_largest_instant, a_slow_primary_is_replaced_by_the_cached_answer)
