/* How timeouts are run: by a timer in their caller's wait, or, under a clock that sets none, by a side that sleeps. What
 * they mean is in test_time.c. */
#include "layers/test_clock.h"
#include "support/fibers.h"
#include "support/invariants.h"
#include "testing/test.h"

static eff_t *timeout_ms(eff_t *e, int64_t n)
{
    return eff_timeout(e, eff_millis(n));
}

/* ---- a clock of the user's own, which only sleeps; otherwise as the one around it */

struct plain {
    eff_clock_t clock, *under;
};
static eff_instant_t plain_now(eff_clock_t *c)
{
    eff_clock_t *under = EFF_CONTAINER_OF(c, struct plain, clock)->under;
    return under->now(under);
}
static eff_t *plain_sleep(eff_clock_t *c, eff_duration_t d)
{
    eff_clock_t *under = EFF_CONTAINER_OF(c, struct plain, clock)->under;
    return under->sleep(under, d);
}

typedef struct plain_program {
    struct plain plain;
    eff_t *e;
} plain_program_t;
static void plain_program_clear(plain_program_t *p)
{
    eff_decref(p->e);
}
EFF_STATIC_TYPE(plain_program, plain_program_t, .drop = plain_program_clear);

static eff_t *run_plain(eff_clock_t *under, eff_value_t env)
{
    plain_program_t *p = plain_program_of(env);
    p->plain = (struct plain){ { sizeof(eff_clock_t), plain_now, plain_now, plain_sleep }, under };
    return eff_clock_provide(eff_incref(p->e), &p->plain.clock);
}
static eff_t *plainly(eff_t *e)
{
    return eff_clock_with(run_plain, EFF_ENV(plain_program, .e = e));
}

static eff_t *all_kinds(struct world *w)
{
    eff_t *late = eff_ensuring(eff_never(), say_time(w, "late"));
    eff_t *fails = eff_timeout_fail(eff_never(), eff_millis(2), eff_literal("too late"));
    eff_t *otherwise = eff_timeout_to(eff_never(), eff_millis(3), say_time(w, "otherwise"));
    eff_t *within = eff_within_at("limit", eff_never(), eff_millis(4));
    return in_order(say_exit(w, timeout_ms(late, 1)), say_exit(w, timeout_ms(after(1, one(1)), 5)), say_exit(w, fails),
                    say_exit(w, otherwise), say_exit(w, within), say_exit(w, timeout_ms(failing(7), 5)),
                    say_exit(w, timeout_ms(yields(one(2)), 0)), say_exit(w, timeout_ms(eff_never(), -1)));
}
#define ALL_KINDS                                                                                                      \
    "late@1 ok:none ok:some(1) fail:too late otherwise@7 ok:unit fail:timed out: not done within 4ms (limit) fail:7 "  \
    "ok:some(2) ok:none"
CASE(every_kind_of_timeout_is_ended_by_a_timer, all_kinds, .succeeds = "unit", .journal = ALL_KINDS, .ms = 11,
     .timed = true)

static eff_t *all_kinds_plainly(struct world *w)
{
    return plainly(all_kinds(w));
}
CASE(under_a_clock_that_only_sleeps_they_end_in_the_same_ways, all_kinds_plainly, .succeeds = "unit",
     .journal = ALL_KINDS, .ms = 11, .timed = true, .without = NO_AROUND /* a timeout around it has another clock */)

static eff_t *fails_to_sleep(eff_clock_t *c, eff_duration_t d)
{
    (void)c, (void)d;
    return eff_fail(eff_literal("no bed"));
}
static eff_instant_t zero(eff_clock_t *c)
{
    (void)c;
    return (eff_instant_t){ 0 };
}
static eff_t *without_bed(struct world *w)
{
    static eff_clock_t clock = { sizeof clock, zero, zero, fails_to_sleep };
    return eff_clock_provide(timeout_ms(eff_ensuring(eff_never(), say(w, "ended")), 1), &clock);
}
CASE(a_clock_that_fails_to_sleep_fails_the_timeout, without_bed, .fails = "no bed", .journal = "ended")

static eff_t *incomplete(struct world *w)
{
    static eff_clock_t clock = { sizeof clock, zero, zero, NULL };
    return eff_clock_provide(timeout_ms(eff_ensuring(eff_never(), say(w, "ended")), 1), &clock);
}
CASE(under_a_clock_that_lacks_an_operation_the_body_is_ended, incomplete, .dies = "the Clock in effect",
     .journal = "ended")

START_TEST(the_test_clock_of_another_runtime_fails_the_timeout)
{
    eff_test_t *t = eff_test_new(), *other = eff_test_new();
    eff__test_clock_t *clock = eff__test_clock_new(NULL);
    eff__test_clock_bind(clock, eff_test_runtime(other));
    eff_fiber_t *fiber =
        eff_test_fork(t, eff_clock_provide_value(timeout_ms(eff_never(), 1), eff__test_clock_service(clock)));
    eff_test_adjust(t, eff_millis(0));
    const eff_exit_t *exit = eff_fiber_poll(fiber);
    ck_assert_ptr_nonnull(exit);
    ck_assert_str_eq(shape_of(exit), "die");
    ck_assert_uint_eq(eff_test_free(t), 0);
    eff__test_clock_unbind(clock);
    eff__test_clock_decref(clock);
    ck_assert_uint_eq(eff_test_free(other), 0);
}
END_TEST

/* ---- the end of the body, and the time, at the same moment */

static eff_t *body_first(struct world *w)
{
    (void)w;
    return timeout_ms(after(10, one(1)), 10);
}
CASE(a_body_that_ends_when_the_timer_fires_has_ended_in_time, body_first, .succeeds = "some(1)", .ms = 10,
     .timed = true, .without = NO_SHUFFLES /* ready together with the caller */)

/* The timer was set before the second sleep. */
static eff_t *timer_first(struct world *w)
{
    (void)w;
    return timeout_ms(in_order(ms(4), ms(6), one(1)), 10);
}
CASE(so_it_has_when_its_own_timer_comes_after, timer_first, .succeeds = "some(1)", .ms = 10, .timed = true,
     .without = NO_SHUFFLES /* the same */)

static eff_t *fails_at_once_then(struct world *w)
{
    (void)w;
    return timeout_ms(in_order(ms(4), ms(6), failing(7)), 10);
}
CASE(and_its_failure_counts_too, fails_at_once_then, .fails = "7", .ms = 10, .timed = true,
     .without = NO_SHUFFLES /* the same */)

static eff_t *needs_another_turn(struct world *w)
{
    (void)w;
    return timeout_ms(in_order(ms(4), ms(6), eff_yield_now(), one(1)), 10);
}
CASE(one_that_needs_another_turn_after_the_timers_is_too_late, needs_another_turn, .succeeds = "none", .ms = 10,
     .timed = true, .without = NO_SHUFFLES /* the same */)

static eff_t *zero_and_now(struct world *w)
{
    eff_t *at_once = say_exit(w, timeout_ms(one(1), 0)), *yielding = say_exit(w, timeout_ms(yields(one(2)), 0));
    eff_t *twice = say_exit(w, timeout_ms(yields(yields(one(3))), 0));
    return in_order(at_once, yielding, twice, say_exit(w, timeout_ms(yields(yields(yields(one(4)))), 0)));
}
CASE(a_timeout_of_zero_gives_the_body_a_turn_and_those_that_come_meanwhile, zero_and_now, .succeeds = "unit",
     .journal = "ok:some(1) ok:some(2) ok:some(3) ok:none", .ms = 0, .timed = true,
     .without = NO_SHUFFLES /* the same */)

static eff_t *for_ever(struct world *w)
{
    return eff_timeout(after(5, say_time(w, "done")), eff_duration_max);
}
CASE(an_infinite_timeout_leaves_the_body_alone, for_ever, .succeeds = "some(unit)", .journal = "done@5")

/* ---- while the body is being ended */

static eff_t *slow_end(struct world *w, int64_t n)
{
    return eff_ensuring(eff_never(), after(n, say_time(w, "cleaned")));
}
static eff_t *interrupt_while_ending(struct world *w)
{
    eff_t *outer = eff_ensuring(eff_then(timeout_ms(slow_end(w, 20), 10), say(w, "never said")), say_time(w, "ended"));
    eff_t *start = eff_then(keep(w, 0, eff_fork(outer)), ms(15));
    return in_order(start, with_fiber(w, 0, interrupt_fork), say_await(w, 0));
}
CASE(interrupting_the_caller_then_still_awaits_the_body, interrupt_while_ending, .succeeds = "unit",
     .journal = "cleaned@30 ended@30 interrupt", .ms = 30, .timed = true)

static eff_t *interrupt_while_ending_fail(struct world *w)
{
    eff_t *late = eff_timeout_fail(slow_end(w, 20), eff_millis(10), eff_literal("too late"));
    eff_t *start = eff_then(keep(w, 0, eff_fork(late)), ms(15));
    return in_order(start, with_fiber(w, 0, interrupt_fork), say_await(w, 0));
}
CASE(its_interruption_is_all_then_that_a_timeout_fail_ends_with, interrupt_while_ending_fail, .succeeds = "unit",
     .journal = "cleaned@30 interrupt", .ms = 30, .timed = true)

static eff_t *interrupt_between(struct world *w)
{
    eff_t *body = eff_ensuring(eff_never(), say_time(w, "body"));
    eff_t *caller = keep(w, 0, eff_fork(eff_timeout_to(body, eff_millis(10), say(w, "never said"))));
    eff_t *other = eff_then(ms(10), with_fiber(w, 0, interrupt_fork));
    return in_order(caller, eff_yield_now(), other, say_await(w, 0));
}
CASE(interrupting_the_caller_as_its_timer_fires_is_no_timeout, interrupt_between, .succeeds = "unit",
     .journal = "body@10 interrupt", .without = NO_SHUFFLES /* either may come first */)

static eff_t *fails_late(struct world *w)
{
    (void)w;
    return timeout_ms(eff_ensuring(eff_never(), failing(7)), 10);
}
static eff_t *dies_late(struct world *w)
{
    (void)w;
    return eff_timeout_to(eff_ensuring(eff_never(), dying()), eff_millis(10), one(2));
}
static eff_t *fails_late_within(struct world *w)
{
    (void)w;
    return eff_within_at("limit", eff_ensuring(eff_never(), failing(7)), eff_millis(10));
}
static eff_t *fails_late_masked(struct world *w)
{
    (void)w;
    return eff_timeout_fail(eff_uninterruptible(after(20, failing(7))), eff_millis(10), eff_literal("late"));
}
static eff_t *fails_late_plainly(struct world *w)
{
    return plainly(fails_late(w));
}
START_TEST(what_a_body_fails_with_after_its_time_is_reported)
{
    struct world w;
    run_observing(&w, fails_late);
    ck_assert_journal(&w, "unobserved(fail:7) ok:none");
    run_observing(&w, dies_late);
    ck_assert_journal(&w, "unobserved(die) ok:2");
    run_observing(&w, fails_late_within);
    ck_assert_journal(&w, "unobserved(fail:7) fail:timed out: not done within 10ms (limit)");
    run_observing(&w, fails_late_masked);
    ck_assert_journal(&w, "unobserved(fail:7) fail:late");
    run_observing(&w, fails_late_plainly);
    ck_assert_journal(&w, "unobserved(fail:7) ok:none");
}
END_TEST

static eff_t *caller_gone_too(struct world *w)
{
    eff_t *late = timeout_ms(eff_ensuring(eff_never(), after(10, failing(7))), 10);
    eff_t *start = eff_then(keep(w, 0, eff_fork(late)), ms(15));
    return in_order(start, with_fiber(w, 0, interrupt_fork), say_await(w, 0));
}
CASE(or_told_with_the_interruption_of_the_caller, caller_gone_too, .succeeds = "unit",
     .journal = "then(fail:7,interrupt)", .ms = 20, .timed = true)

static eff_t *fails_otherwise(struct world *w)
{
    return eff_timeout_to(slow_end(w, 5), eff_millis(10), after(1, failing(8)));
}
CASE(what_runs_instead_runs_once_the_body_has_ended, fails_otherwise, .fails = "8", .journal = "cleaned@15", .ms = 16,
     .timed = true)

static eff_t *ends_well_too_late(struct world *w)
{
    eff_t *masked = eff_uninterruptible(after(20, eff_acquire_release(acquire(w, "a"), release, eff_ptr(w))));
    return eff_scoped(eff_then(timeout_ms(masked, 10), say_time(w, "end")));
}
CASE(a_value_that_comes_too_late_is_dropped, ends_well_too_late, .succeeds = "unit", .journal = "a+ end@20 a-")

/* ---- nested, masked, and run again */

static eff_t *nested(struct world *w)
{
    eff_t *inner = eff_ensuring(timeout_ms(slow_end(w, 1), 50), say_time(w, "inner"));
    return timeout_ms(eff_ensuring(timeout_ms(inner, 10), say_time(w, "middle")), 30);
}
CASE(of_nested_timeouts_the_earliest_ends_what_is_in_it, nested, .succeeds = "some(none)",
     .journal = "cleaned@11 inner@11 middle@11")

static eff_t *nest(eff_t *e, int depth)
{
    for (int i = 0; i < depth; i++)
        e = timeout_ms(e, 10 + i);
    return e;
}
static eff_t *deeply_nested(struct world *w)
{
    return eff_then(nest(eff_never(), 200), say_time(w, "end"));
}
CASE(timeouts_can_be_nested_deeply, deeply_nested, .succeeds = "unit", .journal = "end@10",
     .without = NO_AROUND | NO_INTERRUPTS | NO_ALLOCATIONS /* many steps, all alike */)

static eff_t *masked_around(struct world *w)
{
    eff_t *body = eff_ensuring(eff_never(), say_time(w, "body"));
    return eff_uninterruptible(eff_then(timeout_ms(body, 10), say_time(w, "end")));
}
CASE(a_mask_around_a_timeout_does_not_keep_it_from_ending_its_body, masked_around, .succeeds = "unit",
     .journal = "body@10 end@10")

static eff_t *interrupted_in_mask(struct world *w)
{
    eff_t *masked = eff_uninterruptible(eff_then(timeout_ms(eff_never(), 10), say_time(w, "end")));
    eff_t *start = eff_then(keep(w, 0, eff_fork(masked)), ms(5));
    return in_order(start, with_fiber(w, 0, interrupt_fork), say_await(w, 0));
}
CASE(nor_does_an_interruption_that_waits_for_the_end_of_the_mask, interrupted_in_mask, .succeeds = "unit",
     .journal = "end@10 interrupt", .ms = 10, .timed = true)

static eff_t *run_twice(struct world *w)
{
    eff_t *other = eff_timeout_to(eff_then(ms(20), count(w, 0)), eff_millis(10), count(w, 1));
    eff_t *again = eff_incref(other);
    return eff_zip_par(eff_then(again, say_time(w, "a")), eff_then(other, say_time(w, "b")));
}
static void counted_twice(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 0);
    ck_assert_int_eq(w->n[1], 2);
}
CASE(one_description_can_be_run_twice_at_once, run_twice, .succeeds = "(unit, unit)", .journal = "a@10 b@10",
     .check = counted_twice)

/* ---- many */

enum { MANY = 3000 };

static eff_t *wait_a_while(eff_value_t i, eff_value_t env)
{
    (void)env;
    int64_t n = eff_as_int(i);
    return eff_timeout(eff_then(eff_sleep(eff_millis(n % 100)), eff_succeed(i)), eff_millis(n % 70));
}
static eff_value_t add_in_time(eff_value_t acc, eff_value_t option, eff_value_t env)
{
    (void)env;
    return eff_int(eff_as_int(acc) + (eff_is_some(option) ? 1 : 0));
}
START_TEST(thousands_of_timeouts_end_each_at_its_time)
{
    eff_test_t *t = eff_test_new();
    eff_value_t items = eff_range(0, MANY);
    eff_t *e = eff_reduce_par(items, wait_a_while, eff_int(0), add_in_time, eff_unit, 0);
    eff_fiber_t *fiber = eff_test_fork(t, e);
    eff_test_adjust(t, eff_millis(0));
    ck_assert_ptr_null(eff__debug_check_timers(eff__test_timers(t)));
    int64_t in_time = 0;
    for (int64_t i = 0; i < MANY; i++) {
        in_time += i % 100 <= i % 70; /* of an end at the very deadline, the body's counts */
    }
    for (int64_t i = 0; i < 100; i++) {
        eff_test_adjust(t, eff_millis(1));
        ck_assert_ptr_null(eff__debug_check_timers(eff__test_timers(t)));
    }
    const eff_exit_t *exit = eff_fiber_poll(fiber);
    ck_assert_ptr_nonnull(exit);
    ck_assert(exit->ok);
    ck_assert_int_eq(eff_as_int(exit->value), in_time);
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

/* ---- what is seen of it */

START_TEST(a_dump_says_when_the_time_is_up)
{
    eff_test_t *t = eff_test_new();
    (void)eff_test_fork(t, eff_timeout_at("here", eff_never(), eff_millis(250)));
    eff_test_adjust(t, eff_millis(50));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_runtime_dump(eff_test_runtime(t), &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), "waits for its side, or a timeout at here, due in 200 ms"), "%s",
                  eff_buffer_text(&text));
    eff_buffer_done(&text);
    ck_assert_uint_eq(eff_test_n_sleepers(t), 1);
    ck_assert_uint_eq(eff_test_free(t), 2); /* the caller and the body */
}
END_TEST

static eff_value_t first_deadline(eff_value_t sleeps, eff_value_t env)
{
    (void)env;
    return eff_pair(eff_int((int64_t)eff_array_size(sleeps)), eff_value_incref(eff_array_at(sleeps, 0)));
}
static eff_t *looks_at_sleeps(struct world *w)
{
    (void)w;
    return timeout_ms(yields(eff_map(eff_test_clock_sleeps(), first_deadline, eff_unit)), 7);
}
CASE(the_test_clock_counts_it_among_the_sleeps, looks_at_sleeps, .succeeds = "some((1, instant 7ms))",
     .without = NO_AROUND /* its timer is counted too */ | NO_BUDGETS /* it may not be set yet */)

START_TEST(an_end_in_time_takes_the_timer_away_at_once)
{
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, timeout_ms(yields(one(1)), 100));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_uint_eq(eff_test_n_sleepers(t), 0);
    ck_assert_ptr_nonnull(eff_fiber_poll(fiber));
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

START_TEST(fibers_with_timeouts_are_no_deadlock_on_the_live_clock)
{
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_exit_t exit = eff_runtime_run(rt, eff_timeout(eff_never(), eff_millis(2)));
    ck_assert_str_eq(shape_of(&exit), "ok(none)");
    eff_exit_decref(exit);
    exit = eff_runtime_run(rt, eff_timeout(eff_then(eff_sleep(eff_millis(1)), one(1)), eff_seconds(60)));
    ck_assert_str_eq(shape_of(&exit), "ok(some(1))");
    eff_exit_decref(exit);
    ck_assert_ptr_null(rt->timers.root);
    ck_assert_uint_eq(rt->n_external, 0);
    eff_runtime_free(rt);
}
END_TEST

TESTS(every_kind_of_timeout_is_ended_by_a_timer, under_a_clock_that_only_sleeps_they_end_in_the_same_ways,
      a_clock_that_fails_to_sleep_fails_the_timeout, under_a_clock_that_lacks_an_operation_the_body_is_ended,
      the_test_clock_of_another_runtime_fails_the_timeout, a_body_that_ends_when_the_timer_fires_has_ended_in_time,
      so_it_has_when_its_own_timer_comes_after, and_its_failure_counts_too,
      one_that_needs_another_turn_after_the_timers_is_too_late,
      a_timeout_of_zero_gives_the_body_a_turn_and_those_that_come_meanwhile, an_infinite_timeout_leaves_the_body_alone,
      interrupting_the_caller_then_still_awaits_the_body, its_interruption_is_all_then_that_a_timeout_fail_ends_with,
      interrupting_the_caller_as_its_timer_fires_is_no_timeout, what_a_body_fails_with_after_its_time_is_reported,
      or_told_with_the_interruption_of_the_caller, what_runs_instead_runs_once_the_body_has_ended,
      a_value_that_comes_too_late_is_dropped, of_nested_timeouts_the_earliest_ends_what_is_in_it,
      timeouts_can_be_nested_deeply, a_mask_around_a_timeout_does_not_keep_it_from_ending_its_body,
      nor_does_an_interruption_that_waits_for_the_end_of_the_mask, one_description_can_be_run_twice_at_once,
      thousands_of_timeouts_end_each_at_its_time, a_dump_says_when_the_time_is_up,
      the_test_clock_counts_it_among_the_sleeps, an_end_in_time_takes_the_timer_away_at_once,
      fibers_with_timeouts_are_no_deadlock_on_the_live_clock)
