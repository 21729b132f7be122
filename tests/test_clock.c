/* TestClock, moved from a fiber and from outside; conformance area CLOCK, the golden program A23, and the timer queue
 * behind every clock. */
#include <stdlib.h>
#include <time.h>

#include "runtime/timer.h"
#include "support/failing_allocator.h"
#include "support/fibers.h"
#include "support/harness.h"

static eff_t *adjust_ms(int64_t ms)
{
    return eff_test_clock_adjust(eff_millis(ms));
}

/* Forks a fiber that says `word` and the time after ms. */
static eff_t *fork_say(struct world *w, int64_t ms, const char *word)
{
    return eff_fork(after(ms, say_time(w, word)));
}

/* ---- from a fiber */

static eff_t *eleven_hours(struct world *w)
{
    return eff_then(eff_fork(eff_delay(count(w, 0), eff_hours(10))), eff_test_clock_adjust(eff_hours(11)));
}
static void counted_one(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 1);
}
/* CLOCK-001 */
CASE(CLOCK_001_a_sleep_of_ten_hours_takes_no_real_time, eleven_hours, .succeeds = "unit", .ms = 11 * 3600000,
     .timed = true, .check = counted_one)

static eff_t *by_deadline(struct world *w)
{
    eff_t *forks = eff_then(fork_say(w, 3000, "world"), fork_say(w, 1000, "hello"));
    return eff_then(forks, eff_then(adjust_ms(1000), eff_then(say(w, "|"), adjust_ms(4000))));
}
/* CLOCK-003 */
CASE(CLOCK_003_sleepers_wake_by_deadline_not_by_fork, by_deadline, .succeeds = "unit",
     .journal = "hello@1000 | world@3000")

static eff_t *set_time(struct world *w)
{
    return eff_then(eff_fork(eff_delay(say(w, "woke"), eff_hours(10))),
                    eff_test_clock_set((eff_instant_t){ eff_hours(11).ns }));
}
/* CLOCK-004 */
CASE(CLOCK_004_setting_the_time_wakes_sleepers, set_time, .succeeds = "unit", .journal = "woke", .ms = 11 * 3600000,
     .timed = true)

static eff_t *intermediate(struct world *w)
{
    return eff_then(fork_say(w, 1000, "woke"), eff_then(adjust_ms(2000), say_time(w, "adjusted")));
}
/* CLOCK-006 */
CASE(CLOCK_006_adjusting_stops_at_every_deadline, intermediate, .succeeds = "unit",
     .journal = "woke@1000 adjusted@2000")

static eff_t *beyond_doubles(struct world *w)
{
    (void)w;
    return eff_then(eff_test_clock_adjust(eff_nanos((INT64_C(1) << 53) + 1)), eff_clock_now());
}
static void is_exact(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert(exit->ok);
    ck_assert_int_eq(eff_as_instant(exit->value).ns, (INT64_C(1) << 53) + 1);
}
/* CLOCK-007 */
CASE(CLOCK_007_nanoseconds_beyond_doubles_are_exact, beyond_doubles, .check = is_exact)

static eff_t *to_the_end(struct world *w)
{
    eff_t *sleepers = eff_then(fork_say(w, 5, "a"), eff_fork(eff_delay(say(w, "b"), eff_duration_max)));
    eff_t *moves = eff_then(adjust_ms(1), eff_then(eff_test_clock_adjust(eff_duration_max), adjust_ms(1)));
    return eff_then(sleepers, eff_then(moves, eff_then(eff_sleep(eff_seconds(1)), eff_clock_now())));
}
static void at_the_end_of_time(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert(exit->ok);
    ck_assert_int_eq(eff_as_instant(exit->value).ns, INT64_MAX);
}
/* CLOCK-008 */
CASE(CLOCK_008_adjusting_for_ever_saturates_and_wakes_everybody, to_the_end, .journal = "a@5 b",
     .check = at_the_end_of_time, .without = NO_AROUND /* it moves time to its end */)

static eff_t *equal_deadlines(struct world *w)
{
    eff_t *forks = eff_then(fork_say(w, 5, "a"), eff_then(fork_say(w, 5, "b"), fork_say(w, 5, "c")));
    return eff_then(forks, adjust_ms(5));
}
/* CLOCK-010 */
CASE(CLOCK_010_equal_deadlines_wake_in_the_order_of_sleeping, equal_deadlines, .succeeds = "unit",
     .journal = "a@5 b@5 c@5")

static eff_t *four_workers(struct world *w)
{
    eff_t *forks = eff_then(fork_say(w, 30, "c"), eff_then(fork_say(w, 40, "d"), fork_say(w, 10, "a")));
    return eff_then(forks, eff_then(fork_say(w, 20, "b"), adjust_ms(40)));
}
/* CLOCK-011 */
CASE(CLOCK_011_four_workers_started_out_of_order_end_in_order, four_workers, .succeeds = "unit",
     .journal = "a@10 b@20 c@30 d@40")

static eff_t *nested_sleep(struct world *w)
{
    return eff_then(eff_fork(after(1, after(1, say_time(w, "x")))), eff_then(adjust_ms(2), say(w, "adjusted")));
}
/* CLOCK-012 */
CASE(CLOCK_012_sleeps_begun_while_adjusting_count, nested_sleep, .succeeds = "unit", .journal = "x@2 adjusted")

static eff_t *woken_forks(struct world *w)
{
    eff_t *a = after(1, eff_then(fork_say(w, 1, "n"), eff_sleep(eff_hours(1))));
    return eff_then(eff_fork(a), eff_then(fork_say(w, 3, "b"), adjust_ms(3)));
}
/* CLOCK-013 */
CASE(CLOCK_013_what_a_woken_fiber_forks_is_served_before_later_sleepers, woken_forks, .succeeds = "unit",
     .journal = "n@2 b@3")

static eff_t *livelock(struct world *w)
{
    eff_t *spinner = keep(w, 0, eff_fork(eff_forever(eff_sleep(eff_millis(0)))));
    return eff_then(spinner, eff_then(adjust_ms(0), with_fiber(w, 0, join)));
}
/* The library's choice: a bounded settle, and the fiber that never lets time move dies, named. */
/* CLOCK-014 */
CASE(CLOCK_014_a_fiber_that_never_lets_time_move_dies, livelock,
     .dies = "100000 turns without time moving under TestClock",
     .without = NO_INTERRUPTS | NO_ALLOCATIONS | NO_SHUFFLES /* 100,000 turns a run */)

static eff_t *interrupted_sleeper(struct world *w)
{
    eff_t *start = eff_then(keep(w, 0, fork_say(w, 5, "woke")), eff_yield_now());
    eff_t *stop = eff_then(with_fiber(w, 0, interrupt), eff_zip(eff_test_clock_sleeps(), adjust_ms(10)));
    return eff_then(start, stop);
}
/* CLOCK-015 */
CASE(CLOCK_015_an_interrupted_sleeper_leaves_no_timer, interrupted_sleeper, .succeeds = "([], unit)", .journal = "",
     .without = NO_AROUND /* it lists the sleepers */)

static eff_t *two_adjusters(struct world *w)
{
    eff_t *adjusts =
        eff_zip_par(eff_then(adjust_ms(5), say_time(w, "first")), eff_then(adjust_ms(5), say_time(w, "second")));
    return eff_then(fork_say(w, 7, "woke"), eff_then(eff_yield_now(), adjusts));
}
/* CLOCK-016 */
CASE(CLOCK_016_concurrent_adjusts_are_serialised, two_adjusters, .journal = "first@5 woke@7 second@10", .ms = 10,
     .timed = true, .succeeds = "(unit, unit)")

static eff_t *into_the_past(struct world *w)
{
    (void)w;
    return eff_then(adjust_ms(5), eff_test_clock_set((eff_instant_t){ 4999999 }));
}
/* CLOCK-019 */
CASE(CLOCK_019_setting_the_time_back_is_a_mistake, into_the_past,
     .dies = "eff_test_clock_set to an instant in the past")

static eff_t *adjust_back(struct world *w)
{
    return eff_then(adjust_ms(5), eff_then(adjust_ms(-3), say_time(w, "still")));
}
/* CLOCK-019 */
CASE(CLOCK_019_adjusting_by_less_than_nothing_moves_nothing, adjust_back, .succeeds = "unit", .journal = "still@5")

static eff_t *idle_before_jump(struct world *w)
{
    eff_t *waiter = eff_then(eff_test_clock_idle(eff_millis(0)), say(w, "woke"));
    return eff_zip_par(after(100, say(w, "yawn")), eff_then(waiter, after(1000, say(w, "done"))));
}
/* CLOCK-022 */
CASE(CLOCK_022_idleness_is_told_before_time_jumps, idle_before_jump, .succeeds = "(unit, unit)",
     .journal = "woke yawn done")

static eff_t *never_ends(struct world *w)
{
    (void)w;
    return eff_never();
}
/* CLOCK-027 */
CASE(CLOCK_027_a_run_that_waits_for_nothing_is_a_deadlock, never_ends, .dies = "deadlock")

static eff_t *ends(struct world *w)
{
    (void)w;
    return eff_then(eff_sleep(eff_hours(1)), eff_succeed(eff_int(1)));
}
/* CLOCK-027 */
CASE(CLOCK_027_a_run_that_ends_is_none, ends, .succeeds = "1")

static eff_t *cancels_itself(struct world *w)
{
    (void)w;
    return eff_interrupt_self();
}
/* CLOCK-029 */
CASE(CLOCK_029_a_run_that_interrupts_itself_is_interrupted_not_deadlocked, cancels_itself, .interrupted = true)

static eff_t *sum_of_sleeps(struct world *w)
{
    (void)w;
    return eff_zip(eff_timed(after(3, eff_sleep(eff_millis(4)))), eff_timed(eff_sleep(eff_millis(7))));
}
/* CLOCK-030 */
CASE(CLOCK_030_two_sleeps_take_their_sum, sum_of_sleeps, .succeeds = "((7ms, unit), (7ms, unit))")

static eff_t *longer_of_two(struct world *w)
{
    eff_t *start = keep(w, 0, eff_fork(eff_sleep(eff_millis(30))));
    return eff_timed(eff_then(start, after(20, with_fiber(w, 0, join))));
}
/* CLOCK-031 */
CASE(CLOCK_031_a_forked_sleep_and_another_take_the_longer, longer_of_two, .succeeds = "(30ms, unit)")

static eff_t *now_twice(struct world *w)
{
    (void)w;
    return eff_zip(eff_clock_now(), eff_zip(eff_clock_now(), eff_then(eff_sleep(eff_nanos(1)), eff_clock_now())));
}
static void never_goes_back(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    eff_value_t rest = eff_second(exit->value);
    int64_t a = eff_as_instant(eff_first(exit->value)).ns, b = eff_as_instant(eff_first(rest)).ns;
    ck_assert_int_eq(a, b);
    ck_assert_int_eq(eff_as_instant(eff_second(rest)).ns, b + 1);
}
/* CLOCK-032 */
CASE(CLOCK_032_time_never_goes_back, now_twice, .check = never_goes_back)

static eff_t *sleeps_in_order(struct world *w)
{
    eff_t *forks = eff_then(fork_say(w, 30, "c"), eff_then(fork_say(w, 10, "a"), fork_say(w, 20, "b")));
    return eff_then(forks, eff_then(eff_yield_now(), eff_test_clock_sleeps()));
}
CASE(sleeps_gives_the_deadlines_in_order, sleeps_in_order, .succeeds = "[instant 10ms, instant 20ms, instant 30ms]",
     .without = NO_AROUND | NO_SHUFFLES /* it lists the sleepers; they must have gone to sleep */)

/* ---- the layer, on a runtime whose clock is the live one */

START_TEST(adjusting_without_a_test_clock_is_a_mistake)
{
    ck_assert_exit_(__FILE__, __LINE__, eff_run(adjust_ms(1)), "dies", "the Clock in effect is no TestClock");
}
END_TEST

START_TEST(the_layer_provides_a_clock_of_its_own)
{
    eff_t *e = eff_then(eff_fork(eff_sleep(eff_hours(10))), eff_test_clock_adjust(eff_hours(11)));
    e = eff_provide(eff_then(e, eff_clock_now()), eff_test_clock());
    ck_assert_exit_(__FILE__, __LINE__, eff_run(e), "succeeds", "instant 11h");
}
END_TEST

/* say_time tells the outer clock's time. */
static eff_t *two_clocks(struct world *w)
{
    eff_t *inner = eff_then(fork_say(w, 10, "inner"), eff_then(adjust_ms(10), say_time(w, "moved")));
    return eff_then(adjust_ms(3), eff_then(eff_provide(inner, eff_test_clock()), eff_timed(adjust_ms(4))));
}
CASE(an_inner_clock_does_not_move_the_outer_one, two_clocks, .succeeds = "(4ms, unit)", .journal = "inner@3 moved@3",
     .ms = 7, .timed = true)

/* ---- from outside */

START_TEST(nothing_runs_before_the_first_adjust)
{
    struct world w = { 0 };
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, say(&w, "ran"));
    ck_assert_ptr_null(eff_fiber_poll(fiber));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_str_eq(w.journal, "ran");
    ck_assert(eff_fiber_poll(fiber)->ok);
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

static eff_t *step_of_a_second(eff_value_t item, eff_value_t env)
{
    (void)item;
    return eff_then(eff_sleep(eff_seconds(1)), say_time(eff_as_ptr(env), "step"));
}
/* CLOCK-028 */
START_TEST(CLOCK_028_time_goes_no_further_than_told)
{
    struct world w = { .test = eff_test_new() };
    eff_fiber_t *fiber = eff_test_fork(w.test, eff_for_each_discard(eff_range(0, 2), step_of_a_second, eff_ptr(&w)));
    for (int i = 0; i < 3; i++) {
        eff_test_adjust(w.test, eff_millis(500));
        journal_add(&w, "|");
    }
    ck_assert_int_eq(eff_test_now(w.test).ns, 1500 * INT64_C(1000000));
    ck_assert_ptr_null(eff_fiber_poll(fiber));
    eff_test_adjust(w.test, eff_millis(500));
    ck_assert_journal(&w, "| step@1000 | | step@2000");
    ck_assert(eff_fiber_poll(fiber)->ok);
    ck_assert_uint_eq(eff_test_free(w.test), 0);
}
END_TEST

START_TEST(a_fiber_is_polled_as_a_transcript)
{
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, eff_timeout(eff_never(), eff_millis(300)));
    eff_test_adjust(t, eff_millis(299));
    ck_assert_ptr_null(eff_fiber_poll(fiber));
    eff_test_adjust(t, eff_millis(1));
    ck_assert_str_eq(shape_of(eff_fiber_poll(fiber)), "ok(none)");
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

START_TEST(adjusting_back_from_outside_moves_nothing)
{
    eff_test_t *t = eff_test_new();
    eff_test_adjust(t, eff_millis(5));
    eff_test_adjust(t, eff_millis(-5));
    ck_assert_int_eq(eff_test_now(t).ns, 5000000);
    eff_test_adjust(t, eff_duration_max);
    ck_assert_int_eq(eff_test_now(t).ns, INT64_MAX);
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

START_TEST(interrupting_from_outside_ends_the_fiber_in_the_next_adjust)
{
    struct world w = { .test = eff_test_new() };
    eff_fiber_t *fiber = eff_test_fork(w.test, eff_ensuring(eff_sleep(eff_hours(1)), say_time(&w, "cleaned")));
    eff_test_adjust(w.test, eff_millis(7));
    eff_test_interrupt(w.test, fiber);
    ck_assert_ptr_null(eff_fiber_poll(fiber));
    eff_test_adjust(w.test, eff_millis(0));
    ck_assert_str_eq(shape_of(eff_fiber_poll(fiber)), "interrupt");
    ck_assert_journal(&w, "cleaned@7");
    ck_assert_uint_eq(eff_test_free(w.test), 0);
}
END_TEST

START_TEST(freeing_a_test_ends_what_still_runs_and_counts_it)
{
    struct world w = { .test = eff_test_new() };
    eff_t *slow = eff_then(eff_sleep(eff_seconds(5)), say_time(&w, "cleaned"));
    (void)eff_test_fork(w.test, eff_ensuring(eff_never(), slow));
    (void)eff_test_fork(w.test, eff_succeed(eff_int(1)));
    eff_test_adjust(w.test, eff_millis(1));
    ck_assert_uint_eq(eff_test_free(w.test), 1);
    ck_assert_journal(&w, "cleaned@5001");
}
END_TEST

START_TEST(two_fibers_are_driven_together)
{
    struct world w = { .test = eff_test_new() };
    (void)eff_test_fork(w.test, after(20, say_time(&w, "b")));
    (void)eff_test_fork(w.test, eff_then(after(10, say_time(&w, "a")), after(20, say_time(&w, "c"))));
    eff_test_adjust(w.test, eff_millis(30));
    ck_assert_journal(&w, "a@10 b@20 c@30");
    ck_assert_uint_eq(eff_test_free(w.test), 0);
}
END_TEST

/* A23, golden: an operation's time, a race and a timeout, each under a clock that only moves when told. */
static eff_value_t tell_time(eff_value_t took, eff_value_t env)
{
    (void)env;
    double s = (double)eff_as_duration(eff_first(took)).ns / 1e9;
    return eff_printf("Operation took %.1fs", s);
}
START_TEST(a_forked_operation_takes_the_second_it_is_given)
{
    eff_test_t *t = eff_test_new();
    eff_fiber_t *operation = eff_test_fork(t, eff_map(eff_timed(eff_sleep(eff_seconds(1))), tell_time, eff_unit));
    eff_test_adjust(t, eff_seconds(1));
    ck_assert_str_eq(shape_of(eff_fiber_poll(operation)), "ok(Operation took 1.0s)");
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

START_TEST(a_race_is_won_after_a_second_and_a_timeout_fails_after_five)
{
    eff_test_t *t = eff_test_new();
    eff_t *fast = eff_delay(eff_succeed(eff_literal("fast")), eff_seconds(1));
    eff_t *slow = eff_delay(eff_succeed(eff_literal("slow")), eff_seconds(2));
    eff_fiber_t *race = eff_test_fork(t, eff_race(slow, fast));
    eff_fiber_t *late = eff_test_fork(t, eff_timeout_fail(eff_never(), eff_seconds(5), eff_literal("late")));
    eff_test_adjust(t, eff_seconds(1));
    ck_assert_str_eq(shape_of(eff_fiber_poll(race)), "ok(fast)");
    ck_assert_ptr_null(eff_fiber_poll(late));
    eff_test_adjust(t, eff_seconds(5));
    ck_assert_str_eq(shape_of(eff_fiber_poll(late)), "fail(late)");
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

/* ---- the queue of timers: deadlines are checked against sorting */

enum { N_TIMERS = 100000 };

static struct eff__timer timers[N_TIMERS];

/* Pops until `until`, checking (deadline, sequence) order and that nothing cancelled fires; returns how many. */
static size_t pop_in_order(struct eff__timers *q, int64_t until, int64_t *last_deadline, uint64_t *last_seq)
{
    size_t n = 0;
    while (q->root && q->root->deadline <= until) {
        struct eff__timer *t = eff__timers_pop(q);
        ck_assert(t->deadline > *last_deadline || (t->deadline == *last_deadline && t->seq > *last_seq));
        *last_deadline = t->deadline;
        *last_seq = t->seq;
        t->deadline = -1;
        n++;
    }
    return n;
}

/* CLOCK-033 */
START_TEST(CLOCK_033_timers_fire_in_order_and_cancelled_ones_never)
{
    struct eff__timers q = { 0 };
    int64_t last = -1;
    uint64_t seq = 0;
    size_t n_fired = 0, n_cancelled = 0;
    srand(1);
    for (int i = 0; i < N_TIMERS; i++)
        eff__timers_add(&q, &timers[i], 1 + rand() % 1000);
    for (int until = 0; until <= 1000; until += 50) {
        n_fired += pop_in_order(&q, until, &last, &seq);
        for (int k = 0; k < 2000; k++) {
            struct eff__timer *t = &timers[rand() % N_TIMERS];
            if (t->deadline < 0) continue;
            eff__timers_remove(&q, t);
            t->deadline = -1;
            n_cancelled++;
        }
    }
    ck_assert_ptr_null(q.root);
    ck_assert_uint_eq(n_fired + n_cancelled, N_TIMERS);
    ck_assert_uint_eq(q.n, 0);
    eff__timers_done(&q);
}
END_TEST

static int64_t drawn(unsigned bits)
{
    uint64_t draw = (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand();
    return (int64_t)(draw >> (64 - bits));
}

/* Timers of all distances at once: those of nanoseconds, of hours and of centuries, as time goes on; many that are removed,
 * and all that are due at the same time now and then. `now` never goes back, as no clock does. */
static void check_mixed(unsigned seed)
{
    struct eff__timers q = { 0 };
    int64_t now = 0;
    size_t n = 0;
    srand(seed);
    for (int i = 0; i < N_TIMERS; i++)
        timers[i].deadline = -1;
    for (int round = 0; round < 200; round++) {
        unsigned bits = 1 + (unsigned)rand() % (round % 10 == 0 ? 62 : 34);
        bool alike = rand() % 8 == 0;
        int64_t one = drawn(bits);
        for (int i = rand() % 4000; i > 0; i--) {
            struct eff__timer *t = &timers[rand() % N_TIMERS];
            if (t->deadline >= 0) continue;
            eff__timers_add(&q, t, (INT64_MAX - now > one ? now : 0) + (alike ? one : drawn(bits)));
            n++;
        }
        for (int i = rand() % 1000; i > 0; i--) {
            struct eff__timer *t = &timers[rand() % N_TIMERS];
            if (t->deadline < 0) continue;
            eff__timers_remove(&q, t);
            t->deadline = -1;
            n--;
        }
        int64_t last = -1;
        uint64_t seq = 0;
        for (int i = rand() % 3000; i > 0 && q.root; i--) {
            struct eff__timer *t = eff__timers_pop(&q);
            ck_assert(t->deadline > last || (t->deadline == last && t->seq > seq));
            last = t->deadline;
            seq = t->seq;
            t->deadline = -1;
            n--;
        }
        if (last > now) now = last;
        ck_assert_uint_eq(q.n, n);
        int64_t first = INT64_MAX;
        for (int i = 0; i < N_TIMERS; i++)
            if (timers[i].deadline >= 0 && timers[i].deadline < first) first = timers[i].deadline;
        ck_assert(n == 0 ? !q.root : q.root->deadline == first);
    }
    while (q.root)
        eff__timers_pop(&q)->deadline = -1;
    ck_assert_uint_eq(q.n, 0);
    eff__timers_done(&q);
}

START_TEST(timers_near_and_far_fire_in_order)
{
    for (long seed = test_scaled(20); seed > 0; seed--)
        check_mixed((unsigned)seed);
}
END_TEST

START_TEST(many_timers_need_no_memory)
{
    struct eff__timers q = { 0 };
    allocations_fail_at(0, true);
    for (int i = 0; i < N_TIMERS; i++)
        eff__timers_add(&q, &timers[i], (int64_t)(i % 1000) << 20);
    ck_assert_ptr_null(q.wheel);
    allocations_fail_at(-1, false);
    int64_t last = -1;
    uint64_t seq = 0;
    ck_assert_uint_eq(pop_in_order(&q, INT64_MAX, &last, &seq), N_TIMERS);
    eff__timers_done(&q);
}
END_TEST

/* A million sleepers of an hour stay where they are while others come and go. */
START_TEST(timers_that_are_far_away_are_left_alone)
{
    struct eff__timers q = { 0 };
    int64_t now = 0, hour = INT64_C(3600000000000);
    for (int i = 0; i < N_TIMERS - 3000; i++)
        eff__timers_add(&q, &timers[i], hour + (int64_t)i * 1000000);
    size_t far_away = q.wheel->n;
    ck_assert_uint_gt(far_away, N_TIMERS - 5000);
    for (int round = 0; round < 20; round++) {
        for (int i = N_TIMERS - 3000; i < N_TIMERS; i++)
            eff__timers_add(&q, &timers[i], now + (i % 100) * 1000000);
        for (int i = 0; i < 3000; i++)
            now = eff__timers_pop(&q)->deadline;
    }
    ck_assert_int_eq(q.root->deadline, hour);
    while (q.root)
        eff__timers_pop(&q);
    eff__timers_done(&q);
}
END_TEST

/* Those in one slot of the wheel, whose links are mostly put right only when one of them is taken out: the first, the last
 * and any, while others come. */
START_TEST(timers_of_a_slot_are_taken_out_in_any_order)
{
    enum { N = 6000, NEAR = 2000, ROUNDS = 500 };
    static bool out[N];
    struct eff__timers q = { 0 };
    int64_t slot = INT64_C(1000) << EFF__TICK_BITS, last = -1;
    uint64_t seq = 0;
    size_t n = N;
    srand(1);
    for (int i = 0; i < N; i++)
        eff__timers_add(&q, &timers[i], i < NEAR ? i : slot + rand() % 1000);
    ck_assert_uint_ge(q.wheel->n, N - NEAR);
    for (int i = 0; i < ROUNDS; i++) {
        int some[] = { NEAR + i, N - 1 - i, NEAR + rand() % (N - NEAR) };
        for (int k = 0; k < 3; k++) {
            if (out[some[k]]) continue;
            eff__timers_remove(&q, &timers[some[k]]);
            out[some[k]] = true;
            n--;
        }
        int back = some[rand() % 3];
        eff__timers_add(&q, &timers[back], slot + rand() % 1000);
        out[back] = false;
        n++;
    }
    ck_assert_uint_eq(q.n, n);
    ck_assert_uint_eq(pop_in_order(&q, INT64_MAX, &last, &seq), n);
    eff__timers_done(&q);
}
END_TEST

/* CLOCK-034 */
START_TEST(CLOCK_034_deadlines_at_either_end_of_time_are_ordered)
{
    static const int64_t deadlines[] = { INT64_MAX, 0, INT64_MAX - 1, 1, INT64_MAX };
    static const int expected[] = { 1, 3, 2, 0, 4 };
    struct eff__timers q = { 0 };
    for (int i = 0; i < 5; i++)
        eff__timers_add(&q, &timers[i], deadlines[i]);
    for (int i = 0; i < 5; i++)
        ck_assert_ptr_eq(eff__timers_pop(&q), &timers[expected[i]]);
    ck_assert_ptr_null(q.root);
}
END_TEST

TESTS(CLOCK_001_a_sleep_of_ten_hours_takes_no_real_time, CLOCK_003_sleepers_wake_by_deadline_not_by_fork,
      CLOCK_004_setting_the_time_wakes_sleepers, CLOCK_006_adjusting_stops_at_every_deadline,
      CLOCK_007_nanoseconds_beyond_doubles_are_exact, CLOCK_008_adjusting_for_ever_saturates_and_wakes_everybody,
      CLOCK_010_equal_deadlines_wake_in_the_order_of_sleeping, CLOCK_011_four_workers_started_out_of_order_end_in_order,
      CLOCK_012_sleeps_begun_while_adjusting_count, CLOCK_013_what_a_woken_fiber_forks_is_served_before_later_sleepers,
      CLOCK_014_a_fiber_that_never_lets_time_move_dies, CLOCK_015_an_interrupted_sleeper_leaves_no_timer,
      CLOCK_016_concurrent_adjusts_are_serialised, CLOCK_019_setting_the_time_back_is_a_mistake,
      CLOCK_019_adjusting_by_less_than_nothing_moves_nothing, CLOCK_022_idleness_is_told_before_time_jumps,
      CLOCK_027_a_run_that_waits_for_nothing_is_a_deadlock, CLOCK_027_a_run_that_ends_is_none,
      CLOCK_029_a_run_that_interrupts_itself_is_interrupted_not_deadlocked, CLOCK_030_two_sleeps_take_their_sum,
      CLOCK_031_a_forked_sleep_and_another_take_the_longer, CLOCK_032_time_never_goes_back,
      sleeps_gives_the_deadlines_in_order, adjusting_without_a_test_clock_is_a_mistake,
      the_layer_provides_a_clock_of_its_own, an_inner_clock_does_not_move_the_outer_one,
      nothing_runs_before_the_first_adjust, CLOCK_028_time_goes_no_further_than_told, a_fiber_is_polled_as_a_transcript,
      adjusting_back_from_outside_moves_nothing, interrupting_from_outside_ends_the_fiber_in_the_next_adjust,
      freeing_a_test_ends_what_still_runs_and_counts_it, two_fibers_are_driven_together,
      a_forked_operation_takes_the_second_it_is_given, a_race_is_won_after_a_second_and_a_timeout_fails_after_five,
      CLOCK_033_timers_fire_in_order_and_cancelled_ones_never, timers_near_and_far_fire_in_order,
      many_timers_need_no_memory, timers_that_are_far_away_are_left_alone, timers_of_a_slot_are_taken_out_in_any_order,
      CLOCK_034_deadlines_at_either_end_of_time_are_ordered)
