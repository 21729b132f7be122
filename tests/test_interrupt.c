/* Interruption without masks: when it is seen, what it skips, what it waits for, and that nothing swallows it. Masks are in
 * test_interrupt_mask.c, finalizers in test_finish.c. */
#include <effect/gen.h>

#include "support/failing_allocator.h"
#include "support/fibers.h"

/* Forks e as fiber i, and goes on when it has begun and lost the loop. */
static eff_t *started(struct world *w, int i, eff_t *e)
{
    return eff_then(keep(w, i, eff_fork(eff_then(open_latch(w, i), e))), await_latch(w, i));
}
/* Interrupts e as fiber 0 when it waits, and says how it ended. */
static eff_t *interrupted(struct world *w, eff_t *e)
{
    return eff_then(started(w, 0, e), say_interrupt(w, 0));
}
static eff_t *say_how(const eff_exit_t *exit, eff_value_t env)
{
    journal_add(eff_as_ptr(env), word_of(exit));
    return eff_noop();
}
static eff_t *say_caught(const eff_cause_t *cause, eff_value_t env)
{
    return say(eff_as_ptr(env), "caught");
}
static eff_t *catch (struct world *w, eff_t *e)
{
    return eff_catch_cause(e, say_caught, eff_ptr(w));
}

/* ---- ending a fiber */

/* Whether fiber 0 ended by the interruption of fiber `by`, and nothing else. */
static void check_interrupted_by(struct world *w, uint64_t by)
{
    uint64_t found = 0;
    const eff_exit_t *exit = eff_fiber_poll(w->fibers[0]);
    ck_assert(exit && !exit->ok && eff_cause_is_interrupted_only(exit->cause));
    ck_assert(eff_cause_interruption(exit->cause, &found, NULL, NULL));
    ck_assert_uint_eq(found, by);
}
static void by_main(struct world *w, const eff_exit_t *exit)
{
    check_interrupted_by(w, 1);
}
static eff_t *never(struct world *w)
{
    return interrupted(w, eff_never());
}
/* INT-002 */
CASE(INT_002_the_exit_names_the_interrupter, never, .journal = "interrupt", .check = by_main)

static eff_t *never_then_join(struct world *w)
{
    return in_order(interrupted(w, eff_never()), say(w, "ended"), with_fiber(w, 0, join));
}
/* INT-054 */
CASE(INT_054_interrupting_a_fiber_that_never_ends_ends_it, never, .succeeds = "unit", .journal = "interrupt")
/* INT-056 */
CASE(INT_056_joining_an_interrupted_fiber_is_interrupted, never_then_join, .interrupted = true,
     .journal = "interrupt ended")

static eff_t *join_self_interrupted(struct world *w)
{
    return eff_then(keep(w, 0, eff_fork(eff_interrupt_self())), with_fiber(w, 0, join));
}
/* INT-055 */
CASE(INT_055_a_fiber_can_interrupt_itself, join_self_interrupted, .interrupted = true)

static eff_t *finished(struct world *w)
{
    return interrupted(w, one(7));
}
/* INT-074 */
CASE(INT_074_interrupting_a_finished_fiber_does_nothing, finished, .succeeds = "unit", .journal = "ok:7")

/* A fiber that has not run yet never starts: neither its body, nor a handler in it, nor (as the source of INT-058 has it,
 * where a mask protects from it) a masked body. */
static eff_t *interrupted_before_it_runs(struct world *w)
{
    eff_t *body = eff_on_interrupt(eff_ensuring(say(w, "body"), say(w, "finalizer")), say_how, eff_ptr(w));
    return in_order(keep(w, 0, eff_fork(body)), say_interrupt(w, 0));
}
/* INT-057 */
CASE(INT_057_a_fiber_interrupted_before_its_first_instruction_runs_nothing, interrupted_before_it_runs,
     .succeeds = "unit", .journal = "interrupt", .without = NO_SHUFFLES /* it may be first */)

static eff_t *masked_interrupted_before_it_runs(struct world *w)
{
    eff_t *body = eff_then(eff_uninterruptible(say(w, "a")), say(w, "b"));
    return in_order(keep(w, 0, eff_fork(body)), say_interrupt(w, 0));
}
/* INT-058 */
CASE(INT_058_so_does_one_whose_body_is_masked, masked_interrupted_before_it_runs, .succeeds = "unit",
     .journal = "interrupt", .without = NO_SHUFFLES /* it may be first */)

/* ---- loops */

static eff_t *hot_loop(struct world *w)
{
    return interrupted(w, eff_forever(count(w, 0)));
}
/* INT-001 */
START_TEST(INT_001_a_fiber_that_never_waits_is_interrupted)
{
    struct world w = { 0 };
    ck_assert_exit_(__FILE__, __LINE__, eff_run(hot_loop(&w)), "succeeds", "unit");
    drop_handles(&w);
    ck_assert_journal(&w, "interrupt");
    ck_assert_int_gt(w.n[0], 0);
}
END_TEST
/* INT-082 */
START_TEST(INT_082_so_it_is_under_a_test_clock_that_stands_still)
{
    struct world w = { 0 };
    eff_t *e = eff_timed(hot_loop(&w));
    ck_assert_succeeds(e, "(0s, unit)");
    drop_handles(&w);
    ck_assert_journal(&w, "interrupt");
}
END_TEST

/* loop = noop >>= loop, the same description again and again; n[0] counts, n[1] and n[2] are the blocks in use. */
static eff_t *loop(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    if (++w->n[0] == 1000) w->n[1] = blocks_live;
    if (w->n[0] == 100000) w->n[2] = blocks_live;
    return eff_flat_map(w->n[0] % 1000 ? eff_noop() : eff_yield_now(), loop, eff_ptr(w));
}
static eff_t *after_yields(eff_value_t n, eff_value_t env)
{
    return eff_yield_now();
}
/* INT-053 */
START_TEST(INT_053_an_endless_recursion_is_interrupted_and_takes_constant_memory)
{
    struct world w = { 0 };
    eff_t *e = keep(&w, 0, eff_fork(eff_flat_map(eff_noop(), loop, eff_ptr(&w))));
    e = eff_then(e, eff_for_each_discard(eff_range(0, 200), after_yields, eff_unit));
    ck_assert_succeeds(eff_then(e, say_interrupt(&w, 0)), "unit");
    drop_handles(&w);
    ck_assert_int_gt(w.n[0], 100000);
    ck_assert_int_le(w.n[2], w.n[1] + 8);
}
END_TEST

/* ---- B33: it stays pending until the fiber has ended */

static eff_t *yielding(void)
{
    return yields(yields(yields(eff_noop())));
}
static eff_t *forever_catching(struct world *w)
{
    return interrupted(w, eff_forever(catch (w, yielding())));
}
CASE(forever_and_catch_cause_do_not_swallow_it, forever_catching, .succeeds = "unit", .journal = "interrupt")

static eff_t *catching_twice(struct world *w)
{
    return interrupted(w, eff_then(catch (w, catch (w, eff_never())), say(w, "went on")));
}
CASE(handlers_are_skipped_while_it_is_pending, catching_twice, .succeeds = "unit", .journal = "interrupt")

static eff_t *forever_to_exit(struct world *w)
{
    return interrupted(w, eff_forever(eff_to_exit(eff_never())));
}
CASE(to_exit_does_not_swallow_it, forever_to_exit, .succeeds = "unit", .journal = "interrupt")

static eff_t *retrying(struct world *w)
{
    return interrupted(w, eff_retry(eff_then(yielding(), failing(1)), eff_schedule_forever()));
}
CASE(retry_does_not_swallow_it, retrying, .succeeds = "unit", .journal = "interrupt")

struct awaiter {
    struct world *w;
};
static eff_t *await_exits(struct awaiter *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    for (;;) {
        EFF_AWAIT_EXIT(eff_never());
        journal_add(s->w, "went-on");
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(awaiter, struct awaiter, await_exits);
static eff_t *gen_awaiting_exits(struct world *w)
{
    return interrupted(w, awaiter((struct awaiter){ w }));
}
CASE(a_gen_that_awaits_exits_does_not_swallow_it, gen_awaiting_exits, .succeeds = "unit", .journal = "interrupt")

static eff_value_t fails_to_parse(eff_value_t env)
{
    return eff_unit;
}
static eff_t *caught_before(struct world *w)
{
    eff_t *caught = eff_to_exit(eff_then(eff_sync(fails_to_parse, eff_unit), failing(1)));
    return interrupted(w, eff_ensuring(eff_then(caught, eff_never()), say(w, "ref")));
}
static eff_t *caught_before_a_loop(struct world *w)
{
    return interrupted(w, eff_ensuring(eff_then(eff_to_exit(dying()), eff_forever(yielding())), say(w, "ref")));
}
/* INT-020 */
CASE(INT_020_a_failure_caught_before_changes_nothing, caught_before, .succeeds = "unit", .journal = "ref interrupt")
/* INT-020 */
CASE(INT_020_nor_does_a_defect_caught_before_a_loop, caught_before_a_loop, .succeeds = "unit",
     .journal = "ref interrupt")

/* Cancel scopes and levels: a fiber is the scope here, and every later wait outside of a mask sees it again. */
static eff_t *twice_and_waiting_again(struct world *w)
{
    eff_t *handler = eff_then(say_exit(w, eff_interruptible(eff_never())), say_exit(w, eff_interruptible(eff_never())));
    eff_t *body = eff_ensuring(eff_never(), handler);
    return eff_then(interrupted(w, body), say_interrupt(w, 0));
}
/* INT-061 */
CASE(INT_061_interrupting_twice_is_harmless_and_every_later_wait_sees_it, twice_and_waiting_again, .succeeds = "unit",
     .journal = "interrupt interrupt interrupt interrupt")

/* An Interrupt that comes as a value, by joining, is an ordinary cause of the fiber that joins. */
static eff_t *catch_joined_interrupt(struct world *w)
{
    eff_t *joined = eff_on_interrupt(with_fiber(w, 0, join), say_how, eff_ptr(w));
    return in_order(interrupted(w, eff_never()), catch (w, joined), say(w, "went-on"));
}
CASE(the_interruption_of_a_joined_fiber_can_be_caught, catch_joined_interrupt, .succeeds = "unit",
     .journal = "interrupt caught went-on")

/* ---- who waits for whom */

static eff_t *slowly_ending(struct world *w)
{
    return eff_ensuring(eff_never(), after(10, say(w, "finalized")));
}
static eff_t *two_interrupters(struct world *w)
{
    eff_t *first = eff_then(say_interrupt(w, 0), say_time(w, "first"));
    eff_t *second = eff_then(say_interrupt(w, 0), say_time(w, "second"));
    return in_order(started(w, 0, slowly_ending(w)), eff_zip_par(first, second));
}
/* INT-048 */
CASE(INT_048_a_second_interrupter_waits_too, two_interrupters, .succeeds = "(unit, unit)",
     .journal = "finalized interrupt first@10 interrupt second@10")

static void by_the_first(struct world *w, const eff_exit_t *exit)
{
    check_interrupted_by(w, 3);
}
static eff_t *interrupters_3_and_4(struct world *w)
{
    eff_t *interrupters = eff_zip_par(with_fiber(w, 0, interrupt), with_fiber(w, 0, interrupt));
    return in_order(started(w, 0, eff_ensuring(eff_never(), ms(10))), eff_map_to(interrupters, eff_unit));
}
/* INT-080 */
CASE(INT_080_the_first_interrupter_is_kept_and_named_after_it_has_ended, interrupters_3_and_4, .check = by_the_first)

static eff_t *interrupt_fork_goes_on(struct world *w)
{
    return in_order(started(w, 0, slowly_ending(w)), with_fiber(w, 0, interrupt_fork), say_time(w, "went-on"),
                    say_await(w, 0));
}
CASE(interrupt_fork_does_not_wait, interrupt_fork_goes_on, .succeeds = "unit",
     .journal = "went-on@0 finalized interrupt")

/* Waiting for the end of what one interrupts is masked: whoever interrupts the interrupter waits for both. */
static eff_t *interrupting_the_interrupter(struct world *w)
{
    eff_t *interrupter = eff_then(with_fiber(w, 0, interrupt), say(w, "no"));
    return in_order(started(w, 0, slowly_ending(w)), started(w, 1, interrupter), say_interrupt(w, 1),
                    say_time(w, "returned"));
}
CASE(waiting_for_an_interrupted_fiber_is_masked, interrupting_the_interrupter, .succeeds = "unit",
     .journal = "finalized interrupt returned@10")

static eff_t *interrupt_main(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_then(with_fiber(w, 0, interrupt), say(w, "did-not-wait"));
}
static eff_t *interrupting_an_ancestor(struct world *w)
{
    eff_t *child = eff_uninterruptible(eff_suspend(interrupt_main, eff_ptr(w)));
    eff_t *parent = eff_then(eff_fork(child), eff_never());
    return in_order(keep(w, 0, eff_fork(parent)), say_await(w, 0));
}
CASE(interrupting_an_ancestor_does_not_wait, interrupting_an_ancestor, .succeeds = "unit",
     .journal = "did-not-wait interrupt", .without = NO_BUDGETS /* it may not be known yet */)

static eff_t *masked_never(struct world *w)
{
    return eff_uninterruptible(eff_never());
}
static eff_t *interrupter_of_masked_never(struct world *w)
{
    eff_t *inner = in_order(started(w, 1, masked_never(w)), open_latch(w, 0), with_fiber(w, 1, interrupt));
    return in_order(keep(w, 0, eff_fork(inner)), await_latch(w, 0), say_interrupt(w, 0));
}
/* INT-049 */
CASE(INT_049_interrupting_one_who_interrupts_a_masked_never_is_a_deadlock, interrupter_of_masked_never,
     .dies = "deadlock", .without = NO_BUDGETS /* it may not have begun */)

static eff_t *interrupting_masked_never(struct world *w)
{
    return interrupted(w, masked_never(w));
}
/* INT-050 */
CASE(INT_050_interrupting_a_masked_never_is_a_deadlock, interrupting_masked_never, .dies = "deadlock",
     .without = NO_BUDGETS /* it may not have begun */)

static eff_t *racing_interrupters(struct world *w)
{
    eff_t *f = when_interrupted(eff_never(), eff_never());
    return eff_then(started(w, 0, f), eff_race(with_fiber(w, 0, interrupt), with_fiber(w, 0, interrupt)));
}
/* INT-051 */
CASE(INT_051_racing_interrupters_of_what_does_not_end_are_a_deadlock, racing_interrupters, .dies = "deadlock",
     .without = NO_BUDGETS /* it may not have begun */)

/* ---- disconnect: the region that the body is handed to is here the fiber itself, so that its end waits; the sources have
 * the interrupter return at once. What does return at once is a timeout. */

static eff_t *disconnected_stuck_finalizer(struct world *w)
{
    return interrupted(w, eff_disconnect(eff_ensuring(eff_never(), eff_never())));
}
/* INT-025 */
CASE(INT_025_a_disconnected_body_that_does_not_end_is_a_deadlock_of_its_region, disconnected_stuck_finalizer,
     .dies = "deadlock", .without = NO_BUDGETS /* it may not have begun */)

static eff_t *disconnected_finalizer_in_timeout(struct world *w)
{
    eff_t *body = eff_disconnect(eff_ensuring(eff_never(), after(10, open_latch(w, 0))));
    return in_order(eff_timeout(body, eff_millis(5)), say_time(w, "timed-out"), await_latch(w, 0),
                    say_time(w, "opened"));
}
/* INT-026 */
CASE(INT_026_a_disconnected_body_completes_behind_a_timeout, disconnected_finalizer_in_timeout, .succeeds = "unit",
     .journal = "timed-out@5 opened@15")

/* ---- combinators */

static eff_t *both_timeouts_at_once(struct world *w)
{
    return eff_timeout(eff_timeout(eff_never(), eff_millis(10)), eff_millis(10));
}
/* INT-067 */
CASE(INT_067_of_two_nested_timeouts_at_the_same_instant_the_outer_one_counts, both_timeouts_at_once, .succeeds = "none",
     .without = NO_SHUFFLES /* the inner one may be first */)

static eff_t *failing_beside_never(struct world *w)
{
    return eff_zip_par(yields(failing(1)), eff_never());
}
/* INT-083 */
CASE(INT_083_the_failure_is_reported_and_not_the_interruption_it_caused, failing_beside_never, .cause = "fail(1)")

/* ---- memory */

struct held {
    struct world *w;
};
static void say_dropped(struct held *h)
{
    journal_add(h->w, "dropped");
}
EFF_STATIC_TYPE(held, struct held, .drop = say_dropped);

static eff_t *never_again(eff_value_t v, eff_value_t env)
{
    return eff_noop();
}
static eff_t *fiber_that_holds(struct world *w)
{
    return interrupted(w, eff_flat_map(eff_never(), never_again, EFF_ENV(held, .w = w)));
}
/* INT-073 */
CASE(INT_073_what_a_fiber_held_is_gone_when_interrupting_it_returns, fiber_that_holds, .succeeds = "unit",
     .journal = "dropped interrupt")

static eff_t *add_masks(eff_t *e, int n)
{
    for (int i = 0; i < n; i++)
        e = eff_interruptible(eff_uninterruptible(e));
    return e;
}
static void interrupt_deep_masks(void)
{
    struct world w = { 0 };
    eff_t *e = interrupted(&w, add_masks(eff_interruptible(eff_never()), 5000));
    ck_assert_succeeds(e, "unit");
    drop_handles(&w);
    ck_assert_journal(&w, "interrupt");
}
/* INT-072 */
START_TEST(INT_072_5000_nested_masks_unwind_on_a_small_stack)
{
    run_on_small_stack(interrupt_deep_masks);
}
END_TEST

TESTS(INT_002_the_exit_names_the_interrupter, INT_054_interrupting_a_fiber_that_never_ends_ends_it,
      INT_056_joining_an_interrupted_fiber_is_interrupted, INT_055_a_fiber_can_interrupt_itself,
      INT_074_interrupting_a_finished_fiber_does_nothing,
      INT_057_a_fiber_interrupted_before_its_first_instruction_runs_nothing, INT_058_so_does_one_whose_body_is_masked,
      INT_001_a_fiber_that_never_waits_is_interrupted, INT_082_so_it_is_under_a_test_clock_that_stands_still,
      INT_053_an_endless_recursion_is_interrupted_and_takes_constant_memory, forever_and_catch_cause_do_not_swallow_it,
      handlers_are_skipped_while_it_is_pending, to_exit_does_not_swallow_it, retry_does_not_swallow_it,
      a_gen_that_awaits_exits_does_not_swallow_it, INT_020_a_failure_caught_before_changes_nothing,
      INT_020_nor_does_a_defect_caught_before_a_loop,
      INT_061_interrupting_twice_is_harmless_and_every_later_wait_sees_it,
      the_interruption_of_a_joined_fiber_can_be_caught, INT_048_a_second_interrupter_waits_too,
      INT_080_the_first_interrupter_is_kept_and_named_after_it_has_ended, interrupt_fork_does_not_wait,
      waiting_for_an_interrupted_fiber_is_masked, interrupting_an_ancestor_does_not_wait,
      INT_049_interrupting_one_who_interrupts_a_masked_never_is_a_deadlock,
      INT_050_interrupting_a_masked_never_is_a_deadlock,
      INT_051_racing_interrupters_of_what_does_not_end_are_a_deadlock,
      INT_025_a_disconnected_body_that_does_not_end_is_a_deadlock_of_its_region,
      INT_026_a_disconnected_body_completes_behind_a_timeout,
      INT_067_of_two_nested_timeouts_at_the_same_instant_the_outer_one_counts,
      INT_083_the_failure_is_reported_and_not_the_interruption_it_caused,
      INT_073_what_a_fiber_held_is_gone_when_interrupting_it_returns, INT_072_5000_nested_masks_unwind_on_a_small_stack)
