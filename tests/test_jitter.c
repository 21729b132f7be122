/* Jittered schedules: delays that the Random in effect scatters. */
#include <stdlib.h>
#include <string.h>

#include "support/case.h"

static eff_schedule_t *times(eff_schedule_t *s, uint64_t n)
{
    return eff_schedule_both(s, eff_schedule_recurs(n));
}

static eff_t *seeded(eff_t *e)
{
    return eff_random_provide_value(e, eff_random_seeded_value(42));
}

/* The first numbers of that seed are, in parts of 1: .0839 .3790 .6800 .9247 .9919 .7684 .7148 .8572 */

static eff_schedule_t *jittered(int64_t ms)
{
    return eff_schedule_jittered(eff_schedule_spaced(eff_millis(ms)));
}

static eff_t *scattered(struct world *w)
{
    return seeded(eff_repeat(say_time(w, "run"), times(jittered(1000), 4)));
}
/* SCHED-036 */
CASE(SCHED_036_a_jittered_delay_is_80_to_120_percent_and_the_seeds, scattered, .succeeds = "unit",
     .journal = "run@0 run@833 run@1785 run@2857 run@4027")

enum { MANY = 1000 };
static struct {
    int n;
    int64_t at[MANY + 1];
} seen;

static eff_t *note_time(eff_value_t now, eff_value_t env)
{
    if (seen.n <= MANY) seen.at[seen.n++] = eff_as_instant(now).ns;
    return eff_succeed(eff_int(seen.n));
}
static void run_many(eff_schedule_t *s, uint64_t seed)
{
    seen.n = 0;
    eff_t *e = eff_repeat(eff_flat_map(eff_clock_now(), note_time, eff_unit), times(s, MANY));
    ck_assert_succeeds(eff_random_provide_value(e, eff_random_seeded_value(seed)), "1001");
}

/* Between the runs, in ms: the least and the greatest pause, and how many lie below the middle. */
static void measure(int64_t middle, int64_t *ret_least, int64_t *ret_greatest, int *ret_n_below)
{
    *ret_least = INT64_MAX, *ret_greatest = 0, *ret_n_below = 0;
    for (int i = 1; i < seen.n; i++) {
        int64_t ms = (seen.at[i] - seen.at[i - 1]) / 1000000;
        if (ms < *ret_least) *ret_least = ms;
        if (ms > *ret_greatest) *ret_greatest = ms;
        *ret_n_below += ms < middle;
    }
}

START_TEST(SCHED_036_every_delay_is_in_range_and_the_ends_are_reached)
{
    int64_t least, greatest;
    int n_below;
    run_many(jittered(1000), 1);
    measure(1000, &least, &greatest, &n_below);
    ck_assert_int_ge(least, 800);
    ck_assert_int_le(least, 810);
    ck_assert_int_ge(greatest, 1190);
    ck_assert_int_le(greatest, 1200);
    ck_assert_int_gt(n_below, 450);
    ck_assert_int_lt(n_below, 550);
}
END_TEST

START_TEST(SCHED_036_the_same_seed_gives_the_same_delays_and_another_others)
{
    static int64_t before[MANY + 1];
    run_many(jittered(1000), 7);
    memcpy(before, seen.at, sizeof before);
    run_many(jittered(1000), 7);
    ck_assert_mem_eq(before, seen.at, sizeof before);
    run_many(jittered(1000), 8);
    ck_assert_mem_ne(before, seen.at, sizeof before);
}
END_TEST

START_TEST(full_jitter_reaches_from_nothing_to_all)
{
    int64_t least, greatest;
    int n_below;
    run_many(eff_schedule_jittered_by(eff_schedule_spaced(eff_seconds(1)), 0, 1), 1);
    measure(500, &least, &greatest, &n_below);
    ck_assert_int_le(least, 5);
    ck_assert_int_ge(greatest, 995);
    ck_assert_int_le(greatest, 1000);
    ck_assert_int_gt(n_below, 450);
    ck_assert_int_lt(n_below, 550);
}
END_TEST

static eff_t *fail_counted(eff_value_t n, eff_value_t env)
{
    return eff_fail(eff_value_incref(n));
}
static eff_t *retried(struct world *w)
{
    eff_t *attempt = eff_then(say_time(w, "try"), eff_flat_map(count(w, 0), fail_counted, eff_unit));
    eff_schedule_t *s = eff_schedule_jittered(eff_schedule_exponential(eff_seconds(1), 2.0));
    return seeded(eff_retry(attempt, times(s, 3)));
}
CASE(a_jittered_retry_ends_with_the_last_failure, retried, .fails = "4", .journal = "try@0 try@833 try@2736 try@7024")

/* Both rounds draw, the one after which it is done too. The second to ask gets 0.074, which is made of the word. */
static eff_t *two_jitters(struct world *w)
{
    eff_schedule_t *a = eff_schedule_jittered_by(eff_schedule_spaced(eff_seconds(1)), 0, 1);
    eff_schedule_t *b = eff_schedule_jittered_by(eff_schedule_spaced(eff_seconds(1)), 0, 1);
    eff_t *e = eff_repeat(say_time(w, "run"), times(eff_schedule_either(a, b), 1));
    return seeded(eff_then(e, eff_random_double()));
}
CASE(a_round_draws_one_word_however_many_ask, two_jitters, .succeeds = "0.6800434110281394", .journal = "run@0 run@74")

static eff_t *in_time(struct world *w)
{
    eff_schedule_t *s = eff_schedule_up_to(jittered(1000), eff_millis(2500));
    return seeded(eff_repeat(say_time(w, "run"), s));
}
CASE(a_jittered_schedule_may_look_at_the_time_too, in_time, .succeeds = "unit",
     .journal = "run@0 run@833 run@1785 run@2857")

static eff_t *restarted(struct world *w)
{
    eff_t *run = eff_then(say_time(w, "run"), eff_fail(eff_literal("down")));
    return seeded(eff_restart(run, EFF_RESTART_ON_FAILURE, times(jittered(1000), 2), eff_seconds(60)));
}
CASE(a_jittered_restart_scatters_its_pauses, restarted, .fails = "down", .journal = "run@0 run@833 run@1785")

static eff_t *say_twice(struct world *w, eff_schedule_t *s, const char *word)
{
    return eff_repeat(say_time(w, word), s);
}
static eff_t *shared(struct world *w)
{
    eff_schedule_t *s = times(jittered(1000), 2);
    eff_t *a = say_twice(w, eff_schedule_incref(s), "a");
    return seeded(eff_zip_par(a, eff_delay(say_twice(w, s, "b"), eff_millis(1))));
}
/* B8 */
CASE(B8_two_repeats_of_one_jittered_schedule_have_their_own_state, shared, .succeeds = "(unit, unit)",
     .journal = "a@0 b@1 a@833 b@952 a@1905 b@2122")

static eff_t *fail_next(eff_random_t *random)
{
    return eff_fail(eff_literal("no dice"));
}
static eff_t *without_random(struct world *w)
{
    static eff_random_t random = { sizeof(eff_random_t), fail_next };
    return eff_random_provide(eff_repeat(say(w, "run"), jittered(1000)), &random);
}
CASE(a_repeat_fails_with_the_random_that_it_needs, without_random, .fails = "no dice", .journal = "run")

static eff_t *unneeded(struct world *w)
{
    static eff_random_t random = { sizeof(eff_random_t), fail_next };
    eff_schedule_t *s = times(eff_schedule_spaced(eff_millis(1)), 1);
    return eff_random_provide(eff_repeat(say(w, "run"), s), &random);
}
CASE(a_schedule_that_is_not_jittered_draws_nothing, unneeded, .succeeds = "unit", .journal = "run run")

static eff_t *odd_factors(struct world *w)
{
    eff_schedule_t *s = eff_schedule_jittered_by(eff_schedule_spaced(eff_seconds(1)), -3, -4);
    s = eff_schedule_and_then(times(s, 1),
                              times(eff_schedule_jittered_by(eff_schedule_spaced(eff_seconds(1)), 2, 1), 1));
    s = eff_schedule_and_then(s,
                              times(eff_schedule_jittered_by(eff_schedule_spaced(eff_duration_max), 1e300, 1e308), 1));
    return seeded(eff_timeout(eff_repeat(say_time(w, "run"), s), eff_hours(1)));
}
CASE(factors_below_0_or_the_least_count_as_that_and_delays_saturate, odd_factors, .succeeds = "none",
     .journal = "run@0 run@0 run@2000")

START_TEST(a_jittered_schedule_says_so)
{
    eff_schedule_t *s = jittered(1000);
    s = eff_schedule_jittered_by(eff_schedule_both(s, eff_schedule_recurs(3)), 0, 1);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_schedule_format(s, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "((spaced(1s) jittered(x0.8 to x1.2)) && recurs(3)) jittered(x0 to x1)");
    eff_buffer_done(&text);
    eff_schedule_decref(s);
}
END_TEST

static char reported[128];
static void note_misuse(const char *message, void *arg)
{
    strncpy(reported, message, sizeof reported - 1);
}
START_TEST(a_missing_schedule_is_a_mistake)
{
    eff_set_misuse_handler(note_misuse, NULL);
    ck_assert_dies(eff_repeat(eff_noop(), eff_schedule_jittered(NULL)), "a schedule with a missing part");
    ck_assert_str_eq(reported, "argument 1 of eff_schedule_jittered is NULL");
    ck_assert_dies(eff_repeat(eff_noop(), eff_schedule_jittered_by(NULL, 0, 1)), "a schedule with a missing part");
    ck_assert_str_eq(reported, "argument 1 of eff_schedule_jittered_by is NULL");
}
END_TEST

TESTS(SCHED_036_a_jittered_delay_is_80_to_120_percent_and_the_seeds,
      SCHED_036_every_delay_is_in_range_and_the_ends_are_reached,
      SCHED_036_the_same_seed_gives_the_same_delays_and_another_others, full_jitter_reaches_from_nothing_to_all,
      a_jittered_retry_ends_with_the_last_failure, a_round_draws_one_word_however_many_ask,
      a_jittered_schedule_may_look_at_the_time_too, a_jittered_restart_scatters_its_pauses,
      B8_two_repeats_of_one_jittered_schedule_have_their_own_state, a_repeat_fails_with_the_random_that_it_needs,
      a_schedule_that_is_not_jittered_draws_nothing, factors_below_0_or_the_least_count_as_that_and_delays_saturate,
      a_jittered_schedule_says_so, a_missing_schedule_is_a_mistake)
