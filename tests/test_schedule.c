/* Schedules: what each step of a run answers, without any run; text, sharing, and the way out without memory. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <effect/schedule.h>

#include "core/schedule.h"
#include "support/failing_allocator.h"
#include "support/scale.h"

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

static struct eff__moment moment_of(int64_t ns)
{
    return (struct eff__moment){ .now = { ns } };
}

/* Runs a schedule on the inputs 0, 1, 2 ... and writes down the delays in ms, as "100 200 stop". Consumes it. */
static const char *run(eff_schedule_t *s, int n_steps)
{
    static char seen[1024];
    size_t size = eff__schedule_state_size(s);
    void *state = malloc(size ? size : 1);
    eff__schedule_start(s, state);
    char *at = seen;
    *at = '\0';
    for (int i = 0; i < n_steps; i++) {
        eff_duration_t delay;
        if (!eff__schedule_next(s, state, moment_of(0), eff_int(i), &delay)) {
            sprintf(at, "stop");
            break;
        }
        at += sprintf(at, "%lld ", (long long)(delay.ns / 1000000));
    }
    free(state);
    eff_schedule_decref(s);
    return seen;
}

static void check_text(eff_schedule_t *s, const char *expected)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_schedule_format(s, &text);
    ck_assert_str_eq(eff_buffer_text(&text), expected);
    eff_buffer_done(&text);
    eff_schedule_decref(s);
}

static eff_schedule_t *spaced(int64_t ms)
{
    return eff_schedule_spaced(eff_millis(ms));
}

static bool is_below(eff_value_t v, eff_value_t env)
{
    return eff_as_int(v) < (eff_value_is(env, &eff_int_type) ? eff_as_int(env) : 2);
}

/* ---- steps */

/* SCHED-001 */
START_TEST(SCHED_001_recurs_goes_on_n_times_and_recurs_0_never)
{
    ck_assert_str_eq(run(eff_schedule_recurs(0), 3), "stop");
    ck_assert_str_eq(run(eff_schedule_recurs(1), 3), "0 stop");
    ck_assert_str_eq(run(eff_schedule_recurs(3), 5), "0 0 0 stop");
    ck_assert_str_eq(run(eff_schedule_recurs(UINT64_MAX), 3), "0 0 0 ");
}
END_TEST

START_TEST(recurs_that_has_stopped_stays_so)
{
    eff_schedule_t *s = eff_schedule_recurs(1);
    uint64_t state[8];
    eff_duration_t delay;
    ck_assert_uint_le(eff__schedule_state_size(s), sizeof state);
    eff__schedule_start(s, state);
    ck_assert(eff__schedule_next(s, state, moment_of(0), eff_unit, &delay));
    for (int i = 0; i < 3; i++)
        ck_assert(!eff__schedule_next(s, state, moment_of(0), eff_unit, &delay));
    eff__schedule_start(s, state);
    ck_assert(eff__schedule_next(s, state, moment_of(0), eff_unit, &delay));
    eff_schedule_decref(s);
}
END_TEST

START_TEST(spaced_and_forever_never_stop)
{
    ck_assert_str_eq(run(spaced(250), 4), "250 250 250 250 ");
    ck_assert_str_eq(run(spaced(-250), 2), "0 0 ");
    ck_assert_str_eq(run(eff_schedule_forever(), 3), "0 0 0 ");
}
END_TEST

START_TEST(exponential_grows_by_its_factor_and_never_shrinks)
{
    ck_assert_str_eq(run(eff_schedule_exponential(eff_millis(100), 2), 5), "100 200 400 800 1600 ");
    ck_assert_str_eq(run(eff_schedule_exponential(eff_millis(100), 1.5), 4), "100 150 225 337 ");
    ck_assert_str_eq(run(eff_schedule_exponential(eff_millis(100), 0.5), 3), "100 100 100 ");
    ck_assert_str_eq(run(eff_schedule_exponential(eff_millis(100), (double)NAN), 3), "100 100 100 ");
    ck_assert_str_eq(run(eff_schedule_exponential(eff_millis(-100), 2), 3), "0 0 0 ");
}
END_TEST

/* SCHED-055 */
START_TEST(SCHED_055_exponential_saturates_and_is_never_negative_zero_or_nan)
{
    const double factors[] = { 2, 1e9, (double)INFINITY };
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        eff_schedule_t *s = eff_schedule_exponential(eff_seconds(1), factors[i]);
        uint64_t state[8];
        eff__schedule_start(s, state);
        eff_duration_t last = { 0 }, delay = { 0 };
        for (int step = 0; step < 2000; step++) {
            ck_assert(eff__schedule_next(s, state, moment_of(0), eff_unit, &delay));
            ck_assert_int_gt(delay.ns, 0);
            ck_assert_int_ge(delay.ns, last.ns);
            if (step == 0) ck_assert_int_eq(delay.ns, 1000000000);
            last = delay;
        }
        ck_assert_int_eq(delay.ns, INT64_MAX);
        eff_schedule_decref(s);
    }
    /* Nothing times infinity is nothing. */
    ck_assert_str_eq(run(eff_schedule_exponential(eff_millis(0), (double)INFINITY), 4), "0 0 0 0 ");
    eff_schedule_t *s = eff_schedule_exponential((eff_duration_t){ INT64_MAX - 1 }, 1);
    uint64_t state[8];
    eff_duration_t delay;
    eff__schedule_start(s, state);
    ck_assert(eff__schedule_next(s, state, moment_of(0), eff_unit, &delay));
    ck_assert_int_eq(delay.ns, INT64_MAX - 1);
    eff_schedule_decref(s);
}
END_TEST

START_TEST(fibonacci_delays_are_the_sum_of_the_two_before)
{
    ck_assert_str_eq(run(eff_schedule_fibonacci(eff_millis(100)), 7), "100 100 200 300 500 800 1300 ");
    ck_assert_str_eq(run(eff_schedule_fibonacci(eff_millis(-100)), 3), "0 0 0 ");
    eff_schedule_t *s = eff_schedule_fibonacci(eff_seconds(1));
    uint64_t state[8];
    eff_duration_t delay = { 0 };
    ck_assert_uint_le(eff__schedule_state_size(s), sizeof state);
    eff__schedule_start(s, state);
    for (int step = 0; step < 200; step++) {
        eff_duration_t last = delay;
        ck_assert(eff__schedule_next(s, state, moment_of(0), eff_unit, &delay));
        ck_assert_int_ge(delay.ns, last.ns);
    }
    ck_assert_int_eq(delay.ns, INT64_MAX);
    eff_schedule_decref(s);
}
END_TEST

START_TEST(delays_are_given_in_order_and_then_it_stops)
{
    const eff_duration_t list[] = { eff_millis(4), eff_millis(7), eff_millis(-1), eff_millis(19) };
    ck_assert_str_eq(run(eff_schedule_delays(4, list), 9), "4 7 0 19 stop");
    ck_assert_str_eq(run(eff_schedule_delays(0, NULL), 9), "stop");
    eff_schedule_t *s = eff_schedule_delays(2, list), *same = eff_schedule_incref(s);
    ck_assert_str_eq(run(eff_schedule_both(s, eff_schedule_fibonacci(eff_millis(5))), 9), "5 7 stop");
    ck_assert_str_eq(run(eff_schedule_either(eff_schedule_recurs(3), same), 9), "0 0 0 stop");
}
END_TEST

/* Steps a schedule at these times and writes down the delays, all in ms, as run does. Consumes it. */
static const char *run_at(eff_schedule_t *s, size_t n, const int64_t *times)
{
    static char seen[1024];
    uint64_t state[32];
    ck_assert_uint_le(eff__schedule_state_size(s), sizeof state);
    eff__schedule_start(s, state);
    char *at = seen;
    *at = '\0';
    for (size_t i = 0; i < n; i++) {
        eff_duration_t delay;
        eff_instant_t now = { eff_millis(times[i]).ns };
        if (!eff__schedule_next(s, state, moment_of(now.ns), eff_int((int64_t)i), &delay)) at += sprintf(at, "stop ");
        else at += sprintf(at, "%lld ", (long long)(delay.ns / 1000000));
    }
    eff_schedule_decref(s);
    return seen;
}
#define RUN_AT(s, ...) run_at(s, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (const int64_t[]){ __VA_ARGS__ })

static eff_schedule_t *fixed(int64_t ms)
{
    return eff_schedule_fixed(eff_millis(ms));
}

/* SCHED-026 */
START_TEST(SCHED_026_fixed_aims_at_the_ticks_since_the_first_step)
{
    ck_assert_str_eq(RUN_AT(fixed(5000), 0, 6500), "5000 3500 ");
    ck_assert_str_eq(RUN_AT(fixed(5000), 7000, 12000, 18000), "5000 5000 4000 ");
    /* At most one interval late: the next tick. More: at once, and from there on by the same ticks. */
    ck_assert_str_eq(RUN_AT(fixed(1000), 0, 2000, 4001, 4100), "1000 1000 0 900 ");
    ck_assert_str_eq(RUN_AT(fixed(0), 0, 3), "0 0 ");
    ck_assert_str_eq(RUN_AT(fixed(-5), 0, 3), "0 0 ");
    ck_assert_str_eq(RUN_AT(fixed(100), 50, 20), "100 100 "); /* a clock that was set back */
}
END_TEST

START_TEST(windowed_aims_at_the_next_boundary)
{
    ck_assert_str_eq(RUN_AT(eff_schedule_windowed(eff_millis(1000)), 300, 2800, 3300, 3301), "1000 500 1000 999 ");
    ck_assert_str_eq(RUN_AT(eff_schedule_windowed(eff_millis(0)), 0, 7), "0 0 ");
}
END_TEST

START_TEST(up_to_counts_from_the_first_step)
{
    ck_assert_str_eq(RUN_AT(eff_schedule_up_to(spaced(1), eff_millis(10)), 100, 109, 110, 111), "1 1 stop stop ");
    ck_assert_str_eq(RUN_AT(eff_schedule_up_to(spaced(1), eff_millis(-1)), 100), "stop ");
    eff_schedule_t *s = eff_schedule_up_to(eff_schedule_up_to(eff_schedule_recurs(5), eff_millis(10)), eff_millis(5));
    ck_assert_str_eq(RUN_AT(s, 0, 4, 5, 20), "0 0 stop stop ");
}
END_TEST

START_TEST(time_saturates)
{
    eff_schedule_t *s = eff_schedule_both(eff_schedule_up_to(eff_schedule_fixed(eff_duration_max), eff_duration_max),
                                          eff_schedule_windowed(eff_duration_max));
    uint64_t state[32];
    eff_duration_t delay;
    eff__schedule_start(s, state);
    ck_assert(eff__schedule_next(s, state, moment_of(5), eff_unit, &delay));
    ck_assert_int_eq(delay.ns, INT64_MAX);
    ck_assert(eff__schedule_next(s, state, moment_of(INT64_MAX), eff_unit, &delay));
    ck_assert_int_eq(delay.ns, 5);
    eff_schedule_decref(s);
}
END_TEST

START_TEST(only_schedules_of_time_need_the_time)
{
    eff_schedule_t *s = eff_schedule_and_then(spaced(1), eff_schedule_forever());
    ck_assert(!eff__schedule_needs_time(s));
    eff_schedule_t *timed = eff_schedule_either(eff_schedule_incref(s), fixed(1));
    ck_assert(eff__schedule_needs_time(timed));
    timed = eff_schedule_while(eff_schedule_both(eff_schedule_incref(s), timed), is_below, eff_unit);
    ck_assert(eff__schedule_needs_time(timed));
    eff_schedule_decref(timed);
    timed = eff_schedule_up_to(eff_schedule_incref(s), eff_millis(1));
    ck_assert(eff__schedule_needs_time(timed));
    ck_assert(!eff__schedule_needs_time(s));
    eff_schedule_decref(timed);
    eff_schedule_decref(s);
}
END_TEST

START_TEST(and_then_goes_on_with_the_second_in_the_round_in_which_the_first_is_done)
{
    const eff_duration_t list[] = { eff_millis(4), eff_millis(7) };
    eff_schedule_t *s = eff_schedule_and_then(eff_schedule_recurs(2), eff_schedule_delays(2, list));
    ck_assert_str_eq(run(s, 9), "0 0 4 7 stop");
    s = eff_schedule_and_then(eff_schedule_recurs(0), eff_schedule_and_then(eff_schedule_recurs(0), spaced(3)));
    ck_assert_str_eq(run(s, 3), "3 3 3 ");
    s = eff_schedule_and_then(eff_schedule_and_then(eff_schedule_recurs(1), eff_schedule_delays(2, list)),
                              eff_schedule_both(spaced(9), eff_schedule_recurs(1)));
    eff_schedule_t *same = eff_schedule_incref(s), *again = eff_schedule_incref(s);
    ck_assert_str_eq(run(s, 9), "0 4 7 9 stop");
    ck_assert_str_eq(run(eff_schedule_and_then(same, again), 12), "0 4 7 9 0 4 7 9 stop");
}
END_TEST

START_TEST(and_then_does_not_step_the_half_whose_turn_it_is_not)
{
    eff_schedule_t *s = eff_schedule_and_then(eff_schedule_both(fixed(10), eff_schedule_recurs(2)), fixed(100));
    ck_assert_str_eq(RUN_AT(s, 0, 10, 25, 130), "10 10 100 95 ");
    /* The first half is done for good, even if its condition holds again; beside it, the other operand goes on. */
    s = eff_schedule_and_then(eff_schedule_until(spaced(1), is_below, eff_int(1)), spaced(2));
    ck_assert_str_eq(run(s, 3), "2 2 2 ");
    s = eff_schedule_and_then(eff_schedule_recurs(1), eff_schedule_exponential(eff_millis(10), 2));
    ck_assert_str_eq(run(eff_schedule_both(s, eff_schedule_fibonacci(eff_millis(15))), 5), "15 15 30 45 80 ");
}
END_TEST

START_TEST(both_goes_on_while_both_do_after_the_longer_delay)
{
    ck_assert_str_eq(run(eff_schedule_both(eff_schedule_exponential(eff_millis(100), 2), eff_schedule_recurs(3)), 9),
                     "100 200 400 stop");
    ck_assert_str_eq(run(eff_schedule_both(spaced(300), eff_schedule_exponential(eff_millis(100), 2)), 4),
                     "300 300 400 800 ");
}
END_TEST

START_TEST(either_goes_on_while_one_does_after_the_shorter_delay_of_those)
{
    ck_assert_str_eq(run(eff_schedule_either(spaced(300), eff_schedule_exponential(eff_millis(100), 2)), 4),
                     "100 200 300 300 ");
    ck_assert_str_eq(run(eff_schedule_either(eff_schedule_recurs(2), spaced(50)), 4), "0 0 50 50 ");
    ck_assert_str_eq(run(eff_schedule_either(eff_schedule_recurs(1), eff_schedule_recurs(2)), 4), "0 0 stop");
}
END_TEST

START_TEST(while_and_until_ask_about_the_input)
{
    ck_assert_str_eq(run(eff_schedule_while(spaced(1), is_below, eff_int(3)), 9), "1 1 1 stop");
    ck_assert_str_eq(run(eff_schedule_until(spaced(1), is_below, eff_int(3)), 9), "stop");
    ck_assert_str_eq(run(eff_schedule_while(eff_schedule_recurs(2), is_below, eff_string("2")), 9), "0 0 stop");
    eff_schedule_t *inner = eff_schedule_while(spaced(10), is_below, eff_int(1));
    ck_assert_str_eq(run(eff_schedule_either(inner, spaced(20)), 3), "10 20 20 ");
}
END_TEST

START_TEST(schedules_nest_on_either_side)
{
    eff_schedule_t *a = eff_schedule_both(eff_schedule_recurs(1), spaced(5));
    eff_schedule_t *b = eff_schedule_both(eff_schedule_recurs(2), spaced(7));
    eff_schedule_t *c = eff_schedule_both(eff_schedule_recurs(3), spaced(9));
    ck_assert_str_eq(run(eff_schedule_either(a, eff_schedule_either(b, c)), 9), "5 7 9 stop");
}
END_TEST

START_TEST(schedule_used_twice_has_one_state_for_each_use)
{
    eff_schedule_t *s = eff_schedule_while(eff_schedule_recurs(2), is_below, eff_string("2"));
    eff_schedule_t *same = eff_schedule_incref(s);
    eff_schedule_t *other = eff_schedule_incref(s);
    ck_assert_str_eq(run(eff_schedule_both(s, same), 9), "0 0 stop");
    ck_assert_str_eq(run(other, 9), "0 0 stop");
}
END_TEST

START_TEST(builder_leaves_the_part_of_another_holder_alone)
{
    eff_schedule_t *s = eff_schedule_recurs(2), *held = eff_schedule_incref(s);
    eff_schedule_t *both = eff_schedule_both(s, spaced(5));
    ck_assert_ptr_ne(both, held);
    check_text(eff_schedule_incref(held), "recurs(2)");
    ck_assert_str_eq(run(held, 9), "0 0 stop");
    ck_assert_str_eq(run(both, 9), "5 5 stop");
}
END_TEST

/* ---- text */

START_TEST(text_reads_as_an_expression)
{
    const eff_duration_t list[9] = { eff_millis(4), eff_seconds(1) };
    check_text(eff_schedule_both(eff_schedule_fibonacci(eff_millis(100)), eff_schedule_delays(2, list)),
               "fibonacci(100ms) && delays(4ms, 1s)");
    check_text(eff_schedule_delays(9, list), "delays(4ms, 1s, 0s, 0s, 0s, 0s, 0s, 0s, ...)");
    check_text(eff_schedule_both(eff_schedule_exponential(eff_millis(100), 2), eff_schedule_recurs(3)),
               "exponential(100ms, x2) && recurs(3)");
    check_text(eff_schedule_both(eff_schedule_either(eff_schedule_recurs(1), spaced(1)), eff_schedule_forever()),
               "(recurs(1) || spaced(1ms)) && forever");
    check_text(eff_schedule_both(eff_schedule_forever(), eff_schedule_either(eff_schedule_recurs(1), spaced(1))),
               "forever && (recurs(1) || spaced(1ms))");
    check_text(eff_schedule_both(eff_schedule_both(eff_schedule_recurs(1), eff_schedule_recurs(2)),
                                 eff_schedule_both(eff_schedule_recurs(3), eff_schedule_recurs(4))),
               "recurs(1) && recurs(2) && recurs(3) && recurs(4)");
    eff_schedule_t *s = eff_schedule_while(eff_schedule_either(eff_schedule_recurs(1), spaced(1)), is_below, eff_unit);
    s = eff_schedule_until(s, is_below, eff_unit);
    check_text(eff_schedule_incref(s), "(recurs(1) || spaced(1ms)) while <predicate> until <predicate>");
    check_text(eff_schedule_and_then(eff_schedule_and_then(eff_schedule_recurs(1), fixed(2)),
                                     eff_schedule_and_then(eff_schedule_windowed(eff_millis(3)), spaced(4))),
               "recurs(1) then fixed(2ms) then windowed(3ms) then spaced(4ms)");
    check_text(eff_schedule_and_then(eff_schedule_both(eff_schedule_recurs(1), spaced(1)),
                                     eff_schedule_up_to(eff_schedule_forever(), eff_seconds(5))),
               "(recurs(1) && spaced(1ms)) then (forever up to 5s)");
    check_text(eff_schedule_up_to(eff_schedule_and_then(eff_schedule_recurs(1), spaced(1)), eff_seconds(5)),
               "(recurs(1) then spaced(1ms)) up to 5s");
    check_text(eff_schedule_both(spaced(1), eff_schedule_and_then(eff_schedule_recurs(1), spaced(1))),
               "spaced(1ms) && (recurs(1) then spaced(1ms))");
    check_text(eff_schedule_both(s, eff_schedule_exponential(eff_seconds(1), 1.5)),
               "((recurs(1) || spaced(1ms)) while <predicate> until <predicate>) && exponential(1s, x1.5)");
}
END_TEST

START_TEST(schedule_as_a_value_prints_itself)
{
    eff_value_t v = { .type = &eff_schedule_type, .ptr = eff_schedule_recurs(3) };
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(v, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "recurs(3)");
    eff_buffer_done(&text);
    eff_value_decref(v);
}
END_TEST

/* ---- size */

enum { DEEP = 20000 };

static void check_deep(void)
{
    int deep = (int)test_scaled(DEEP);
    for (int left = 0; left < 2; left++) {
        eff_schedule_t *s = eff_schedule_recurs(2);
        for (int i = 0; i < deep; i++)
            s = left ? eff_schedule_both(s, spaced(i % 7)) : eff_schedule_both(spaced(i % 7), s);
        eff_buffer_t text = EFF_BUFFER_INIT;
        eff_schedule_format(s, &text);
        ck_assert(!text.truncated);
        ck_assert_uint_gt(text.size, (size_t)deep * strlen(" && spaced(0s)"));
        eff_buffer_done(&text);
        ck_assert_str_eq(run(s, 9), "6 6 stop");
    }
    eff_schedule_t *s = eff_schedule_recurs(1);
    for (int i = 0; i < deep / 4; i++)
        s = eff_schedule_up_to(eff_schedule_and_then(s, eff_schedule_recurs(0)), eff_duration_max);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_schedule_format(s, &text);
    ck_assert(!text.truncated);
    eff_buffer_done(&text);
    ck_assert_str_eq(run(s, 9), "0 stop");
}

START_TEST(schedules_of_20000_parts_are_handled_on_a_small_stack)
{
    run_on_small_stack(check_deep);
}
END_TEST

/* ---- mistakes and memory */

/* s (consumed) is the schedule that mistakes give, and this was reported. */
static void assert_mistaken(eff_schedule_t *s, const char *reported)
{
    ck_assert(eff__schedule_is_mistaken(s));
    ck_assert(!eff__schedule_is_oom(s));
    ck_assert_str_eq(misuse, reported);
    misuse[0] = '\0';
    eff_schedule_decref(s);
}
START_TEST(missing_arguments_are_reported_by_name)
{
    const eff_value_t absent = { .type = NULL, .integer = 0 };
    assert_mistaken(eff_schedule_both(NULL, spaced(1)), "argument 1 of eff_schedule_both is NULL");
    assert_mistaken(eff_schedule_either(spaced(1), NULL), "argument 2 of eff_schedule_either is NULL");
    assert_mistaken(eff_schedule_while(NULL, is_below, eff_string("dropped")),
                    "argument 1 of eff_schedule_while is NULL");
    assert_mistaken(eff_schedule_while(spaced(1), NULL, eff_string("dropped")),
                    "argument 2 of eff_schedule_while is NULL");
    assert_mistaken(eff_schedule_until(spaced(1), is_below, absent), "eff_schedule_until was given an absent value");
    assert_mistaken(eff_schedule_and_then(spaced(1), NULL), "argument 2 of eff_schedule_and_then is NULL");
    assert_mistaken(eff_schedule_up_to(NULL, eff_millis(1)), "argument 1 of eff_schedule_up_to is NULL");
    assert_mistaken(eff_schedule_delays(1, NULL), "argument 2 of eff_schedule_delays is NULL");
    eff_schedule_decref(NULL);
    ck_assert_ptr_null(eff_schedule_incref(NULL));
    ck_assert_str_eq(misuse, "");
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_schedule_format(NULL, &text);
    ck_assert_uint_eq(text.size, 0);
    ck_assert_str_eq(misuse, "argument 1 of eff_schedule_format is NULL");
    eff_buffer_done(&text);
}
END_TEST

/* It is reported where it is made, once; not again for each schedule it is built into. */
START_TEST(a_mistaken_schedule_swallows_what_is_built_from_it)
{
    eff_schedule_t *s = eff_schedule_both(NULL, NULL);
    ck_assert_str_eq(misuse, "argument 1 of eff_schedule_both is NULL");
    misuse[0] = '\0';
    s = eff_schedule_incref(s);
    s = eff_schedule_both(s, spaced(1));
    s = eff_schedule_either(spaced(1), s);
    s = eff_schedule_and_then(s, spaced(1));
    s = eff_schedule_up_to(s, eff_millis(1));
    s = eff_schedule_while(s, is_below, eff_string("dropped"));
    assert_mistaken(s, "");
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_schedule_format(s, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "a schedule with a missing part");
    eff_buffer_done(&text);
}
END_TEST

START_TEST(out_of_memory_swallows_what_is_built_from_it)
{
    eff__freelist_enable(0);
    allocations_fail_at(0, true);
    eff_schedule_t *oom = eff_schedule_recurs(1);
    allocations_fail_at(-1, false);
    ck_assert(eff__schedule_is_oom(oom));
    ck_assert_ptr_eq(eff_schedule_incref(oom), oom);
    ck_assert(eff__schedule_is_oom(eff_schedule_both(oom, spaced(1))));
    ck_assert(eff__schedule_is_oom(eff_schedule_either(spaced(1), oom)));
    ck_assert(eff__schedule_is_oom(eff_schedule_and_then(spaced(1), oom)));
    ck_assert(eff__schedule_is_oom(eff_schedule_up_to(oom, eff_millis(1))));
    ck_assert(eff__schedule_is_oom(eff_schedule_while(oom, is_below, eff_string("env"))));
    ck_assert(eff__schedule_is_oom(eff_schedule_until(spaced(1), is_below, eff_oom_value())));
    check_text(oom, "out of memory");
    ck_assert_str_eq(run(oom, 3), "stop");
    ck_assert_str_eq(misuse, "");
    ck_assert(eff__schedule_is_oom(eff_schedule_until(spaced(1), NULL, eff_oom_value())));
    ck_assert(eff__schedule_is_oom(eff_schedule_both(NULL, oom)));
}
END_TEST

static void everything(void)
{
    eff_schedule_t *s = eff_schedule_while(eff_schedule_recurs(3), is_below, eff_string("env"));
    eff_schedule_t *held = eff_schedule_incref(s);
    s = eff_schedule_both(eff_schedule_exponential(eff_millis(1), 2), s);
    s = eff_schedule_either(s, eff_schedule_until(held, is_below, eff_string("other")));
    s = eff_schedule_both(eff_schedule_incref(s), s);
    const eff_duration_t list[] = { eff_millis(1), eff_millis(2) };
    s = eff_schedule_either(eff_schedule_both(eff_schedule_delays(2, list), eff_schedule_fibonacci(list[0])), s);
    eff_schedule_t *same = eff_schedule_incref(s);
    s = eff_schedule_both(s, same);
    same = eff_schedule_incref(s);
    s = eff_schedule_up_to(eff_schedule_and_then(s, same), eff_millis(1));
    s = eff_schedule_and_then(fixed(1), eff_schedule_and_then(eff_schedule_windowed(eff_millis(1)), s));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_schedule_format(s, &text);
    eff_buffer_done(&text);
    eff_schedule_decref(s);
}

START_TEST(every_allocation_may_fail)
{
    fail_every_allocation(everything);
}
END_TEST

int main(void)
{
    failing_allocator_install();
    Suite *s = suite_create("schedule");
    TCase *t = tcase_create("schedule");
    tcase_add_checked_fixture(t, setup, no_block_is_live);
    tcase_add_test(t, SCHED_001_recurs_goes_on_n_times_and_recurs_0_never);
    tcase_add_test(t, recurs_that_has_stopped_stays_so);
    tcase_add_test(t, spaced_and_forever_never_stop);
    tcase_add_test(t, exponential_grows_by_its_factor_and_never_shrinks);
    tcase_add_test(t, SCHED_055_exponential_saturates_and_is_never_negative_zero_or_nan);
    tcase_add_test(t, fibonacci_delays_are_the_sum_of_the_two_before);
    tcase_add_test(t, delays_are_given_in_order_and_then_it_stops);
    tcase_add_test(t, SCHED_026_fixed_aims_at_the_ticks_since_the_first_step);
    tcase_add_test(t, windowed_aims_at_the_next_boundary);
    tcase_add_test(t, up_to_counts_from_the_first_step);
    tcase_add_test(t, time_saturates);
    tcase_add_test(t, only_schedules_of_time_need_the_time);
    tcase_add_test(t, and_then_goes_on_with_the_second_in_the_round_in_which_the_first_is_done);
    tcase_add_test(t, and_then_does_not_step_the_half_whose_turn_it_is_not);
    tcase_add_test(t, both_goes_on_while_both_do_after_the_longer_delay);
    tcase_add_test(t, either_goes_on_while_one_does_after_the_shorter_delay_of_those);
    tcase_add_test(t, while_and_until_ask_about_the_input);
    tcase_add_test(t, schedules_nest_on_either_side);
    tcase_add_test(t, schedule_used_twice_has_one_state_for_each_use);
    tcase_add_test(t, builder_leaves_the_part_of_another_holder_alone);
    tcase_add_test(t, text_reads_as_an_expression);
    tcase_add_test(t, schedule_as_a_value_prints_itself);
    tcase_add_test(t, schedules_of_20000_parts_are_handled_on_a_small_stack);
    tcase_add_test(t, missing_arguments_are_reported_by_name);
    tcase_add_test(t, a_mistaken_schedule_swallows_what_is_built_from_it);
    tcase_add_test(t, out_of_memory_swallows_what_is_built_from_it);
    tcase_add_test(t, every_allocation_may_fail);
    tcase_set_timeout(t, 60);
    suite_add_tcase(s, t);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
