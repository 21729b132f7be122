/* TestClock beyond adjusting: steps, idleness, the calendar, time that flows, limits, and waits for the outside. */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "support/fibers.h"

static eff_instant_t at_ms(int64_t ms)
{
    return (eff_instant_t){ eff_millis(ms).ns };
}

/* ---- steps */

static eff_t *steps(struct world *w)
{
    eff_t *forks = eff_then(eff_fork(after(500, say(w, "a"))), eff_fork(after(750, say(w, "b"))));
    eff_t *two = eff_zip(eff_test_clock_step(eff_millis(500)), eff_test_clock_step(eff_millis(500)));
    return eff_then(forks, eff_zip(two, eff_test_clock_step(eff_millis(250))));
}
/* CLOCK-028 */
CASE(CLOCK_028_time_goes_in_steps_no_further_than_the_next_deadline, steps, .succeeds = "((500ms, 250ms), 250ms)",
     .journal = "a b", .ms = 1000, .timed = true, .without = NO_AROUND /* a clock of its own stands beside it */)

static eff_t *next_deadline(struct world *w)
{
    eff_t *before = eff_test_clock_next();
    eff_t *forked = eff_then(eff_fork(ms(30)), eff_then(eff_fork(ms(20)), eff_yield_now()));
    return eff_zip(before, eff_then(forked, eff_zip(eff_test_clock_next(), eff_test_clock_step(eff_hours(1)))));
}
CASE(the_next_deadline_is_known, next_deadline, .succeeds = "(none, (some(20ms), 20ms))",
     .without = NO_AROUND | NO_SHUFFLES /* it asks for the sleepers; they must have gone to sleep */)

static eff_t *on_another_clock(struct world *w)
{
    return eff_provide(eff_test_clock_step(eff_millis(3)), eff_clock_live());
}
static eff_t *in_turn(struct world *w)
{
    return eff_zip_par(eff_then(eff_test_clock_step(eff_millis(3)), say_time(w, "stepped")),
                       eff_then(eff_test_clock_set(at_ms(10)), say_time(w, "set")));
}
CASE(steps_and_sets_are_served_in_turn, in_turn, .succeeds = "(unit, unit)", .journal = "stepped@3 set@10",
     .without = NO_SHUFFLES)
CASE(a_step_of_the_live_clock_is_a_mistake, on_another_clock, .dies = "the Clock in effect is no TestClock")

static eff_t *set_into_the_past_in_line(struct world *w)
{
    return eff_zip_par(eff_test_clock_adjust(eff_millis(5)), eff_test_clock_set(at_ms(3)));
}
CASE(a_set_that_is_overtaken_in_line_is_a_mistake, set_into_the_past_in_line,
     .dies = "eff_test_clock_set to an instant in the past", .without = NO_SHUFFLES)

/* ---- idleness */

static eff_t *jumps_do_not_starve(struct world *w)
{
    /* this clock is of no fiber that waits, and moves nothing */
    eff_t *aside = eff_provide(eff_fork(eff_sleep(eff_millis(10))), eff_test_clock());
    eff_t *waiter = eff_then(eff_test_clock_idle(eff_millis(15)), say_time(w, "idle"));
    eff_t *naps = eff_then(ms(10), eff_then(ms(10), ms(10)));
    return eff_then(aside, eff_zip_par(naps, eff_then(waiter, eff_then(eff_sleep(eff_seconds(100000)), eff_noop()))));
}
/* CLOCK-021 */
CASE(CLOCK_021_jumps_do_not_starve_who_waits_for_idleness, jumps_do_not_starve, .succeeds = "(unit, unit)",
     .journal = "idle@45", .ms = 100000045, .timed = true)

static eff_t *both_are_told(struct world *w)
{
    eff_t *soon = eff_then(eff_test_clock_idle(eff_millis(0)), say_time(w, "soon"));
    eff_t *too = eff_then(eff_test_clock_idle(eff_nanos(-1)), say_time(w, "too"));
    eff_t *later = eff_then(eff_test_clock_idle(eff_millis(7)), say_time(w, "later"));
    return eff_all_par(soon, too, later);
}
CASE(all_who_have_waited_long_enough_are_told, both_are_told, .succeeds = "[unit, unit, unit]",
     .journal = "soon@0 too@0 later@7", .without = NO_SHUFFLES)

static eff_t *a_deadline_at_the_end_of_the_cushion(struct world *w)
{
    eff_t *waiter = eff_then(eff_test_clock_idle(eff_millis(5)), say_time(w, "idle"));
    return eff_zip_par(waiter, after(5, say_time(w, "woke")));
}
CASE(idleness_comes_before_a_deadline_at_the_same_moment, a_deadline_at_the_end_of_the_cushion,
     .succeeds = "(unit, unit)", .journal = "idle@5 woke@5")

static eff_t *adjusting_through_a_cushion(struct world *w)
{
    eff_t *waiter = eff_fork(eff_then(eff_test_clock_idle(eff_millis(5)), say_time(w, "idle")));
    return eff_then(waiter, eff_then(eff_test_clock_adjust(eff_millis(9)), say_time(w, "adjusted")));
}
CASE(an_adjust_stops_where_a_cushion_ends, adjusting_through_a_cushion, .succeeds = "unit",
     .journal = "idle@5 adjusted@9")

START_TEST(idleness_is_told_from_outside_too)
{
    struct world w = { .test = eff_test_new() };
    (void)eff_test_fork(w.test, eff_then(eff_test_clock_idle(eff_millis(5)), say_time(&w, "idle")));
    eff_test_adjust(w.test, eff_millis(4));
    ck_assert_journal(&w, "");
    eff_test_adjust(w.test, eff_millis(2));
    ck_assert_journal(&w, "idle@5");
    ck_assert_uint_eq(eff_test_free(w.test), 0);
}
END_TEST

/* ---- the calendar */

static eff_t *calendar_goes_back(struct world *w)
{
    eff_t *admin = after(50, eff_test_clock_set_wall(at_ms(-3600000)));
    return eff_timed(eff_zip_par(ms(100), admin));
}
/* CLOCK-018 */
CASE(CLOCK_018_what_the_calendar_does_changes_nothing_timed, calendar_goes_back, .succeeds = "(100ms, (unit, unit))",
     .ms = 100, .timed = true)

static eff_t *calendar_forwards(struct world *w)
{
    eff_t *leap = eff_test_clock_set_wall(at_ms(86400000));
    return eff_timeout(in_order(leap, ms(5), eff_zip(eff_clock_wall(), eff_clock_now())), eff_millis(6));
}
CASE(CLOCK_018_a_leap_of_the_calendar_ends_no_timeout, calendar_forwards,
     .succeeds = "some((instant 1d 5ms, instant 5ms))", .ms = 5, .timed = true)

static eff_t *calendar_of_a_value(struct world *w)
{
    eff_value_t clock = eff_test_clock_value(&(eff_test_clock_options_t){ .wall = at_ms(1000) });
    return eff_clock_provide_value(eff_zip(eff_clock_wall(), eff_clock_now()), clock);
}
CASE(the_calendar_begins_where_the_options_say, calendar_of_a_value, .succeeds = "(instant 1s, instant 0s)")

static eff_t *layer_with_options(struct world *w)
{
    eff_test_clock_options_t options = { .advance = EFF_TEST_CLOCK_BY_ITSELF, .wall = at_ms(1000) };
    return eff_provide(eff_then(ms(5), eff_zip(eff_clock_wall(), eff_clock_now())), eff_test_clock_with(&options));
}
CASE(a_layer_has_a_clock_with_options, layer_with_options, .succeeds = "(instant 1s 5ms, instant 5ms)", .ms = 0,
     .timed = true)

START_TEST(the_calendar_is_set_from_outside)
{
    eff_test_t *t = eff_test_new_with(&(eff_test_options_t){ .clock = { .wall = at_ms(5) } });
    eff_test_adjust(t, eff_millis(2));
    eff_fiber_t *before = eff_test_fork(t, eff_clock_wall());
    eff_test_adjust(t, eff_millis(0));
    ck_assert_ended(before, "ok(instant 7ms)");
    eff_test_set_wall(t, at_ms(0));
    eff_fiber_t *later = eff_test_fork(t, eff_delay(eff_clock_wall(), eff_millis(1)));
    eff_test_adjust(t, eff_millis(1));
    ck_assert_ended(later, "ok(instant 1ms)");
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

/* ---- time that flows */

static int64_t real_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static eff_t *at_rate(double rate, eff_t *e)
{
    return eff_clock_provide_value(e, eff_test_clock_value(&(eff_test_clock_options_t){ .rate = rate }));
}

/* CLOCK-019 */
START_TEST(CLOCK_019_a_rate_converts_real_time_to_virtual)
{
    int64_t began = real_ms();
    eff_exit_t exit =
        eff_run(at_rate(1000, eff_timed(eff_zip_par(eff_sleep(eff_seconds(8)), eff_sleep(eff_seconds(20))))));
    int64_t took = real_ms() - began;
    ck_assert(exit.ok);
    int64_t virtual_ms = eff_as_duration(eff_first(exit.value)).ns / 1000000;
    ck_assert_int_ge(virtual_ms, 20000);
    ck_assert_int_ge(took, 19); /* the milliseconds of both ends are cut */
    ck_assert_int_lt(took, 5000);
    ck_assert_int_le(virtual_ms, (took + 1) * 1000);
    eff_exit_decref(exit);
}
END_TEST

START_TEST(time_that_flows_jumps_when_told)
{
    struct world w = { 0 };
    eff_t *sleeper = eff_fork(eff_delay(say(&w, "woke"), eff_hours(24)));
    eff_t *e = in_order(sleeper, eff_test_clock_adjust(eff_hours(24)), say(&w, "adjusted"), eff_clock_now());
    eff_exit_t exit = eff_run(at_rate(1, e));
    ck_assert(exit.ok);
    ck_assert_int_ge(eff_as_instant(exit.value).ns, eff_hours(24).ns);
    ck_assert_int_lt(eff_as_instant(exit.value).ns, eff_hours(25).ns);
    ck_assert_journal(&w, "woke adjusted");
    eff_exit_decref(exit);
}
END_TEST

START_TEST(a_sleeper_of_time_that_flows_can_be_interrupted)
{
    ck_assert_exit(eff_run(at_rate(100, eff_timeout(eff_sleep(eff_hours(1)), eff_millis(200)))), "ok(none)");
    ck_assert_exit(eff_run(at_rate(100, eff_test_clock_idle(eff_millis(200)))), "ok(unit)");
}
END_TEST

/* ---- limits */

static eff_t *join_it(eff_value_t fiber, eff_value_t env)
{
    return eff_fiber_join(eff_as_fiber(fiber));
}

static eff_t *nap_of_nothing(eff_value_t item, eff_value_t env)
{
    return eff_sleep(eff_millis(0));
}

static eff_exit_t with_limits(unsigned turns, unsigned budgets, eff_t *e)
{
    eff_test_options_t options = { .clock = { .max_turns = turns, .max_budgets = budgets } };
    return eff_test_run_with(&options, e);
}

START_TEST(the_limit_of_turns_can_be_set_and_names_the_fiber)
{
    eff_t *spins = eff_fork(eff_named(eff_forever(eff_sleep(eff_millis(0))), "spinner"));
    ck_assert_exit_(__FILE__, __LINE__, with_limits(50, 0, eff_flat_map(spins, join_it, eff_unit)), "dies",
                    "fiber 2 \"spinner\" (forked at ");
    spins = eff_forever(eff_sleep(eff_millis(0)));
    ck_assert_exit_(__FILE__, __LINE__, with_limits(50, 0, spins), "dies", "fiber 1 (main) got 50 turns without time");
}
END_TEST

START_TEST(the_limit_of_turns_may_be_high)
{
    eff_t *turns = eff_for_each_discard(eff_range(0, 150000), nap_of_nothing, eff_unit);
    ck_assert_exit(with_limits(1000000, 0, turns), "ok(unit)");
}
END_TEST

START_TEST(the_limit_of_budgets_can_be_set)
{
    ck_assert_exit_(
        __FILE__, __LINE__, with_limits(0, 2, eff_forever(eff_noop())), "dies",
        "fiber 1 (main) spent its budget of 1048576 instructions 2 times without time moving under TestClock");
}
END_TEST

/* ---- beside waits for the outside */

START_TEST(sleepers_whom_nobody_can_wake_are_a_deadlock)
{
    eff_test_options_t by_hand = { .clock = { .advance = EFF_TEST_CLOCK_BY_HAND } };
    eff_exit_t exit = eff_test_run_with(&by_hand, eff_named(eff_sleep(eff_seconds(1)), "sleeper"));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_exit_format(&exit, &text);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "deadlock"));
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "waits for virtual time to pass"));
    eff_buffer_done(&text);
    eff_exit_decref(exit);
}
END_TEST

START_TEST(virtual_time_is_not_outside_in_an_external_effect)
{
    ck_assert_succeeds(eff_external(eff_timed(eff_sleep(eff_hours(1)))), "(1h, unit)");
}
END_TEST

START_TEST(time_jumps_past_waits_for_the_outside_if_told_to)
{
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    eff_test_options_t ignoring = { .clock = { .ignore_outside = true } };
    eff_exit_t exit = eff_test_run_with(&ignoring, eff_timeout(eff_wait_readable(fds[0]), eff_hours(1)));
    ck_assert_exit(exit, "ok(none)");
    close(fds[0]);
    close(fds[1]);
}
END_TEST

static void *write_later(void *fd)
{
    nanosleep(&(struct timespec){ .tv_nsec = 30000000 }, NULL);
    if (write(*(int *)fd, "x", 1) < 0) return fd;
    return NULL;
}

START_TEST(time_waits_for_the_outside_otherwise)
{
    struct world w = { 0 };
    int fds[2];
    pthread_t writer;
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(pthread_create(&writer, NULL, write_later, &fds[1]), 0);
    eff_t *e =
        eff_zip_par(eff_delay(say(&w, "slept"), eff_millis(1)), eff_then(eff_wait_readable(fds[0]), say(&w, "read")));
    ck_assert_succeeds(e, "(unit, unit)");
    ck_assert_journal(&w, "read slept");
    pthread_join(writer, NULL);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(an_adjust_polls_the_loop_before_time_moves)
{
    struct world w = { .test = eff_test_new() };
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    (void)eff_test_fork(w.test, eff_then(eff_wait_readable(fds[0]), say_time(&w, "read")));
    (void)eff_test_fork(w.test, after(1, say_time(&w, "slept")));
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    eff_test_adjust(w.test, eff_millis(1));
    ck_assert_journal(&w, "read@0 slept@1");
    ck_assert_uint_eq(eff_test_free(w.test), 0);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

TESTS(CLOCK_028_time_goes_in_steps_no_further_than_the_next_deadline, the_next_deadline_is_known,
      steps_and_sets_are_served_in_turn, a_step_of_the_live_clock_is_a_mistake,
      a_set_that_is_overtaken_in_line_is_a_mistake, CLOCK_021_jumps_do_not_starve_who_waits_for_idleness,
      all_who_have_waited_long_enough_are_told, idleness_comes_before_a_deadline_at_the_same_moment,
      an_adjust_stops_where_a_cushion_ends, idleness_is_told_from_outside_too,
      CLOCK_018_what_the_calendar_does_changes_nothing_timed, CLOCK_018_a_leap_of_the_calendar_ends_no_timeout,
      the_calendar_begins_where_the_options_say, a_layer_has_a_clock_with_options, the_calendar_is_set_from_outside,
      CLOCK_019_a_rate_converts_real_time_to_virtual, time_that_flows_jumps_when_told,
      a_sleeper_of_time_that_flows_can_be_interrupted, the_limit_of_turns_can_be_set_and_names_the_fiber,
      the_limit_of_turns_may_be_high, the_limit_of_budgets_can_be_set, sleepers_whom_nobody_can_wake_are_a_deadlock,
      virtual_time_is_not_outside_in_an_external_effect, time_jumps_past_waits_for_the_outside_if_told_to,
      time_waits_for_the_outside_otherwise, an_adjust_polls_the_loop_before_time_moves)
