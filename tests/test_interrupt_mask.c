/* Masks: what is not interrupted, what is restored, when a pending interruption is seen, and what crosses a mask's edge:
 * children, sides of parallel combinators, callback APIs, hand-overs. */
#include "runtime/runtime.h"
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
static eff_t *say_caught(const eff_cause_t *cause, eff_value_t env)
{
    return say(eff_as_ptr(env), "caught");
}
static eff_t *catch (struct world *w, eff_t *e)
{
    return eff_catch_cause(e, say_caught, eff_ptr(w));
}
static eff_t *self(void)
{
    return eff_interrupt_self();
}

/* ---- when it is seen */

static eff_t *masked_work(struct world *w)
{
    eff_t *masked = eff_uninterruptible(in_order(ms(10), say_time(w, "ref"), one(7)));
    return eff_then(interrupted(w, eff_then(masked, say(w, "no"))), say_time(w, "returned"));
}
CASE(a_masked_body_completes_and_is_interrupted_after_it, masked_work, .succeeds = "unit",
     .journal = "ref@10 interrupt returned@10")

static eff_t *sleeps_then_says(eff_value_t resource, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(ms(10), say(w, "ref"));
}
static eff_t *masked_bracket(struct world *w)
{
    eff_t *bracket = eff_acquire_use_release(acquire(w, "a"), sleeps_then_says, release, eff_ptr(w));
    return interrupted(w, eff_then(eff_uninterruptible(bracket), say(w, "no")));
}
/* INT-081 */
CASE(INT_081_a_masked_bracket_is_interrupted_after_its_region, masked_bracket, .succeeds = "unit",
     .journal = "a+ ref a- interrupt")

static eff_t *self_in_mask(struct world *w)
{
    return eff_then(eff_uninterruptible(self()), say(w, "flag"));
}
/* INT-037 */
CASE(INT_037_a_pending_interruption_is_seen_as_the_mask_ends, self_in_mask, .interrupted = true, .journal = "")

static eff_t *on_interrupt_of_self(struct world *w)
{
    return when_interrupted(self(), say(w, "flag"));
}
/* INT-040 */
CASE(INT_040_on_interrupt_runs_when_a_fiber_interrupts_itself, on_interrupt_of_self, .interrupted = true,
     .journal = "flag")

static eff_t *shielded_wait(struct world *w)
{
    eff_t *shield = eff_uninterruptible(in_order(self(), ms(10), say_time(w, "inner")));
    return eff_then(shield, eff_then(say(w, "no"), ms(10)));
}
/* INT-063 */
CASE(INT_063_a_wait_inside_a_mask_goes_on_and_the_next_outside_does_not, shielded_wait, .interrupted = true,
     .journal = "inner@10", .ms = 10, .timed = true)

static eff_t *island_entered_late(struct world *w)
{
    eff_t *island = eff_to_exit(eff_interruptible(say(w, "no")));
    return eff_uninterruptible(in_order(self(), island, say(w, "masked")));
}
/* INT-030 */
CASE(INT_030_an_interruptible_part_sees_what_is_pending_as_it_starts, island_entered_late, .interrupted = true,
     .journal = "masked")

static eff_t *island(eff_restore_t restore, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(self(), say_exit(w, eff_restore(restore, say(w, "no"))), say(w, "masked"));
}
static eff_t *restored_island_entered_late(struct world *w)
{
    return eff_uninterruptible_mask(island, eff_ptr(w));
}
/* INT-066 */
CASE(INT_066_an_interruption_is_remembered_until_a_restored_part_is_entered, restored_island_entered_late,
     .interrupted = true, .journal = "interrupt masked")

struct held {
    struct world *w;
};
static void say_dropped(struct held *h)
{
    journal_add(h->w, "dropped");
}
EFF_STATIC_TYPE(held, struct held, .drop = say_dropped);
static eff_value_t make_held(eff_value_t env)
{
    return EFF_ENV(held, .w = eff_as_ptr(env));
}
static eff_t *success_of_an_interrupted_mask(struct world *w)
{
    eff_t *masked = eff_uninterruptible(eff_then(self(), eff_sync(make_held, eff_ptr(w))));
    return eff_ensuring(masked, say(w, "end"));
}
CASE(the_success_of_an_interrupted_mask_is_dropped_at_its_end, success_of_an_interrupted_mask, .interrupted = true,
     .journal = "dropped end")

/* A failure goes on, with the interruption added once, however many masks it leaves. */
static eff_t *failure_of_an_interrupted_mask(struct world *w)
{
    eff_t *inner = eff_uninterruptible(eff_then(self(), failing(1)));
    return eff_uninterruptible(eff_interruptible(eff_interruptible(inner)));
}
CASE(a_failure_leaving_a_mask_has_the_interruption_added_once, failure_of_an_interrupted_mask,
     .cause = "then(fail(1), interrupt)")

static eff_t *failure_of_an_interrupted_region(struct world *w)
{
    eff_t *child = eff_uninterruptible(in_order(open_latch(w, 1), eff_yield_now(), with_fiber(w, 0, interrupt)));
    eff_t *body = eff_scoped(in_order(eff_fork(child), await_latch(w, 1), failing(1)));
    return in_order(keep(w, 0, eff_fork(body)), say_await(w, 0));
}
CASE(a_failure_leaving_an_interrupted_region_has_the_interruption_added, failure_of_an_interrupted_region,
     .succeeds = "unit", .journal = "then(fail:1,interrupt)")

/* ---- handlers */

static eff_t *handler_in_mask(struct world *w)
{
    eff_t *inner = eff_interruptible(eff_never());
    return interrupted(w, eff_uninterruptible(eff_then(catch (w, inner), say(w, "masked"))));
}
CASE(a_handler_in_a_masked_region_runs_for_an_interrupted_fiber, handler_in_mask, .succeeds = "unit",
     .journal = "caught masked interrupt")

static eff_t *handlers_in_and_out(struct world *w)
{
    eff_t *masked = catch (w, eff_uninterruptible(eff_then(catch (w, eff_then(self(), failing(1))), failing(2))));
    return eff_then(masked, say(w, "no"));
}
CASE(a_handler_outside_the_mask_is_skipped, handlers_in_and_out, .cause = "then(fail(2), interrupt)",
     .journal = "caught")

/* ---- restore */

static eff_t *waits_restored(eff_restore_t restore, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(eff_restore(restore, say(w, "restored")), open_latch(w, 1), await_latch(w, 2), say(w, "done"));
}
static eff_t *masked_again(struct world *w)
{
    eff_t *e = eff_then(eff_uninterruptible_mask(waits_restored, eff_ptr(w)), say(w, "no"));
    return in_order(keep(w, 0, eff_fork(e)), await_latch(w, 1), with_fiber(w, 0, interrupt_fork), say(w, "interrupted"),
                    open_latch(w, 2), say_await(w, 0));
}
static void by_main(struct world *w, const eff_exit_t *exit)
{
    uint64_t by = 0;
    ck_assert(eff_cause_interruption(eff_fiber_poll(w->fibers[0])->cause, &by, NULL, NULL));
    ck_assert_uint_eq(by, 1);
}
/* INT-027 */
CASE(INT_027_what_waits_in_a_mask_is_not_interrupted_and_names_the_interrupter_after_it, masked_again,
     .journal = "restored interrupted done interrupt", .check = by_main)
/* INT-029 */
CASE(INT_029_the_mask_is_back_after_a_restored_part, masked_again, .succeeds = "unit",
     .journal = "restored interrupted done interrupt")

static eff_t *never_restored(eff_restore_t restore, eff_value_t env)
{
    return eff_ensuring(eff_restore(restore, eff_never()), say(eff_as_ptr(env), "end"));
}
static eff_t *interrupted_while_restored(struct world *w)
{
    return interrupted(w, eff_uninterruptible_mask(never_restored, eff_ptr(w)));
}
CASE(a_restored_wait_is_interrupted_at_once, interrupted_while_restored, .succeeds = "unit", .journal = "end interrupt")

static eff_t *restored_self(eff_restore_t restore, eff_value_t env)
{
    return eff_restore(restore, eff_then(self(), say(eff_as_ptr(env), "still-masked")));
}
static eff_t *nested_masks(struct world *w)
{
    return eff_uninterruptible(eff_uninterruptible_mask(restored_self, eff_ptr(w)));
}
/* INT-032 */
CASE(INT_032_restoring_inside_an_outer_mask_restores_that, nested_masks, .interrupted = true, .journal = "still-masked")

static eff_t *restored_twice(eff_restore_t restore, eff_value_t env)
{
    eff_t *inner = eff_then(eff_restore(restore, eff_noop()), self());
    return eff_then(eff_restore(restore, inner), say(eff_as_ptr(env), "flag"));
}
static eff_t *nested_restores(struct world *w)
{
    return eff_uninterruptible_mask(restored_twice, eff_ptr(w));
}
/* INT-034 */
CASE(INT_034_restoring_inside_a_restored_part_changes_nothing, nested_restores, .interrupted = true, .journal = "")

static eff_t *pending_then_restored(eff_restore_t restore, eff_value_t env)
{
    return eff_then(self(), eff_ensuring(eff_restore(restore, eff_noop()), eff_noop()));
}
static eff_t *join_pending_then_restored(struct world *w)
{
    return eff_then(keep(w, 0, eff_fork(eff_uninterruptible_mask(pending_then_restored, eff_unit))),
                    with_fiber(w, 0, join));
}
/* INT-045 */
CASE(INT_045_a_fiber_interrupted_at_a_restore_ends_interrupted, join_pending_then_restored, .interrupted = true)

static eff_t *inner_restore(eff_restore_t restore, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_restore(restore, eff_then(open_latch(w, 1), eff_never()));
}
static eff_t *say_the_exit(const eff_exit_t *exit, eff_value_t env)
{
    journal_add(eff_as_ptr(env), word_of(exit));
    return eff_noop();
}
static eff_t *outer_restore(eff_restore_t restore, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *inner = eff_on_exit(eff_uninterruptible_mask(inner_restore, eff_ptr(w)), say_the_exit, eff_ptr(w));
    return say_exit(w, eff_restore(restore, inner));
}
static eff_t *exit_seen_twice(struct world *w)
{
    eff_t *e = eff_uninterruptible_mask(outer_restore, eff_ptr(w));
    return in_order(keep(w, 0, eff_fork(e)), await_latch(w, 1), say_interrupt(w, 0));
}
/* INT-019 */
CASE(INT_019_the_cause_seen_inside_is_seen_again_at_the_outer_restore, exit_seen_twice, .succeeds = "unit",
     .journal = "interrupt interrupt interrupt")

static eff_t *islands_in_masks(struct world *w)
{
    eff_t *core = eff_interruptible(eff_then(open_latch(w, 1), eff_never()));
    eff_t *inner = eff_uninterruptible(eff_then(eff_to_exit(core), count(w, 0)));
    eff_t *outer = eff_uninterruptible(eff_then(eff_to_exit(eff_interruptible(inner)), count(w, 0)));
    return in_order(keep(w, 0, eff_fork(outer)), await_latch(w, 1), say_interrupt(w, 0));
}
static void counted_2(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[0], 2);
}
/* INT-022 */
CASE(INT_022_masked_code_after_each_interrupted_island_goes_on, islands_in_masks, .journal = "interrupt",
     .check = counted_2)

/* A restore is a plain value, and a side of its own fiber: there it sets that fiber's bit. */
static eff_t *restored_in_a_side(eff_restore_t restore, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *side = eff_uninterruptible(eff_restore(restore, holds(w, "side")));
    return eff_then(eff_race(side, yields(one(1))), say(w, "masked"));
}
static eff_t *restore_in_another_fiber(struct world *w)
{
    return eff_uninterruptible_mask(restored_in_a_side, eff_ptr(w));
}
CASE(restore_works_in_another_fiber, restore_in_another_fiber, .succeeds = "unit", .journal = "side+ side- masked")

/* ---- a mask belongs to one fiber */

static eff_t *child_of_an_interrupted_masked_parent(struct world *w)
{
    eff_t *parent = in_order(self(), keep(w, 0, eff_fork(yields(say(w, "child")))), with_fiber(w, 0, join));
    return eff_uninterruptible(parent);
}
CASE(a_child_forked_while_its_parent_is_interrupted_but_masked_is_not_dead_at_birth,
     child_of_an_interrupted_masked_parent, .interrupted = true, .journal = "child")

static eff_t *child_of_a_mask(struct world *w)
{
    return eff_uninterruptible(interrupted(w, eff_ensuring(eff_never(), say(w, "end"))));
}
CASE(a_fiber_forked_in_a_mask_is_interruptible, child_of_a_mask, .succeeds = "unit", .journal = "end interrupt")

static eff_t *race_in_a_mask(struct world *w)
{
    eff_t *race = eff_race(holds(w, "loser"), after(10, one(1)));
    return interrupted(w,
                       eff_uninterruptible(in_order(race, say_time(w, "raced"), ms(10), say_time(w, "still-masked"))));
}
CASE(a_race_inside_a_mask_ends_its_loser_and_leaves_the_mask_alone, race_in_a_mask, .succeeds = "unit",
     .journal = "loser+ loser- raced@10 still-masked@20 interrupt")

static eff_t *protected_side(struct world *w)
{
    eff_t *side = eff_uninterruptible(after(10, say_time(w, "protected")));
    return eff_then(eff_race(side, after(5, one(1))), say_time(w, "raced"));
}
CASE(a_masked_side_completes, protected_side, .succeeds = "unit", .journal = "protected@10 raced@10")

/* Nothing from outside is forwarded to the sides of a masked caller. */
static eff_t *sides_of_a_masked_caller(struct world *w)
{
    eff_t *both = eff_zip_par(after(10, say_time(w, "a")), after(20, say_time(w, "b")));
    return interrupted(w, eff_uninterruptible(both));
}
CASE(sides_of_a_masked_caller_are_not_interrupted_with_it, sides_of_a_masked_caller, .succeeds = "unit",
     .journal = "a@10 b@20 interrupt")

/* ---- callback APIs */

static eff_async_t *pending;

static eff_cancel_t cancels(eff_async_t *k, void *arg)
{
    struct world *w = arg;
    journal_add(w, "cancel");
    pending = NULL;
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}
static void wait_cancellably(eff_async_t *k, eff_value_t env)
{
    pending = k;
    eff_async_on_cancel(k, cancels, eff_as_ptr(env));
}
static eff_value_t answer(eff_value_t v)
{
    if (pending) eff_async_succeed(pending, eff_value_incref(v));
    pending = NULL;
    return eff_unit;
}
/* Answers what was registered, if it is still there; once e has ended, and so in any case. */
static eff_t *answered_at_last(eff_t *e, eff_value_t v)
{
    pending = NULL;
    return eff_ensuring(e, eff_sync(answer, v));
}

static eff_t *cancellable(struct world *w)
{
    return answered_at_last(interrupted(w, eff_async(wait_cancellably, eff_ptr(w))), eff_unit);
}
/* INT-006 */
CASE(INT_006_a_cancellation_runs_once, cancellable, .succeeds = "unit", .journal = "cancel interrupt")
/* INT-014 */
CASE(INT_014_a_cancellation_has_run_when_interrupting_returns, cancellable, .succeeds = "unit",
     .journal = "cancel interrupt")

static void wait_for_an_answer(eff_async_t *k, eff_value_t env)
{
    pending = k;
}
static eff_t *answered_too_late(struct world *w)
{
    eff_t *e = eff_then(eff_async(wait_for_an_answer, eff_unit), count(w, 0));
    return answered_at_last(interrupted(w, e), EFF_ENV(held, .w = w));
}
static void counted_0(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[0], 0);
}
/* INT-003 */
CASE(INT_003_an_answer_that_comes_too_late_is_ignored_and_dropped, answered_too_late, .succeeds = "unit",
     .journal = "interrupt dropped", .check = counted_0, .without = NO_FREE /* who answers would not get to it */)
/* INT-009 */
CASE(INT_009_a_late_answer_does_not_resume_a_second_time, answered_too_late, .check = counted_0,
     .without = NO_FREE /* as above */)

static void goes_on_with_a_bracket(eff_async_t *k, eff_value_t env)
{
    eff_async_resume(k, holds(eff_as_ptr(env), "a"));
}
static eff_t *bracket_from_a_callback(struct world *w)
{
    return interrupted(w, eff_async(goes_on_with_a_bracket, eff_ptr(w)));
}
/* INT-005 */
CASE(INT_005_a_bracket_that_a_callback_goes_on_with_is_released, bracket_from_a_callback, .succeeds = "unit",
     .journal = "a+ a- interrupt")

static void answers_twice(eff_async_t *k, eff_value_t env)
{
    eff_async_incref(k);
    eff_async_succeed(k, eff_int(1));
    eff_async_fail(k, EFF_ENV(held, .w = eff_as_ptr(env)));
}
static eff_t *two_answers(struct world *w)
{
    return eff_async(answers_twice, eff_ptr(w));
}
/* INT-011 */
CASE(INT_011_the_first_answer_counts_and_later_ones_are_dropped, two_answers, .succeeds = "1", .journal = "dropped")

/* The source lets a registration's failure win over its answer; here start cannot fail, but it can make a mistake. */
static void answers_and_errs(eff_async_t *k, eff_value_t env)
{
    eff_async_succeed(k, eff_int(eff_as_int(env)));
}
static eff_t *answer_and_mistake(struct world *w)
{
    return eff_async(answers_and_errs, eff_unit);
}
/* INT-012 */
CASE(INT_012_a_mistake_in_start_wins_over_its_answer, answer_and_mistake,
     .dies = "in answers_and_errs (test_interrupt_mask")

static eff_t *masked_async(struct world *w)
{
    eff_t *e = eff_uninterruptible(eff_then(eff_async(wait_cancellably, eff_ptr(w)), say(w, "answered")));
    e = eff_ensuring(e, eff_noop());
    eff_t *interrupter = in_order(started(w, 0, e), with_fiber(w, 0, interrupt_fork), say(w, "pending"));
    return eff_then(answered_at_last(interrupter, eff_unit), say_await(w, 0));
}
/* INT-015 */
CASE(INT_015_a_masked_wait_is_not_cancelled, masked_async, .succeeds = "unit", .journal = "pending answered interrupt",
     .without = NO_BUDGETS /* it may wait after who answers has ended */)

/* The outer handle is answered while the inner one registers; each answer reaches its own continuation. */
static eff_async_t *outer;
static eff_cancel_t forget_outer(eff_async_t *k, void *arg)
{
    outer = NULL;
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}
static void keep_outer(eff_async_t *k, eff_value_t env)
{
    outer = k;
    eff_async_on_cancel(k, forget_outer, NULL);
}
static void answer_outer_then_inner(eff_async_t *k, eff_value_t env)
{
    if (outer) eff_async_succeed(outer, eff_int(1));
    outer = NULL;
    eff_async_succeed(k, eff_int(2));
}
static eff_t *nested_registrations(struct world *w)
{
    outer = NULL;
    return eff_zip_par(eff_async(keep_outer, eff_unit), eff_async(answer_outer_then_inner, eff_unit));
}
/* INT-016 */
CASE(INT_016_answering_one_while_another_registers, nested_registrations, .succeeds = "(1, 2)",
     .without = NO_BUDGETS /* the other order is never answered */)

/* B30: interrupted while it registers. */
static void interrupted_while_registering(eff_async_t *k, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    wait_cancellably(k, env);
    eff_runtime_interrupt(eff_test_runtime(w->test), eff__running->current);
    journal_add(w, "registered");
}
static eff_t *interrupted_in_start(struct world *w)
{
    return answered_at_last(eff_async(interrupted_while_registering, eff_ptr(w)), eff_unit);
}
CASE(an_interruption_that_arrives_while_registering_is_not_lost, interrupted_in_start, .interrupted = true,
     .journal = "registered cancel")

/* ---- cancellations that take their time, or go wrong. What gives the handle back stands in n[1]. */

static eff_cancel_t cannot_now(eff_async_t *k, void *arg)
{
    struct world *w = arg;
    journal_add(w, "cannot");
    if (w->n[1]) return EFF_CANCEL_PENDING;
    pending = NULL;
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}
static void wait_stubbornly(eff_async_t *k, eff_value_t env)
{
    pending = k;
    eff_async_on_cancel(k, cannot_now, eff_as_ptr(env));
}
static eff_value_t answerer_is_there(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[1] = 1;
    return eff_unit;
}
static eff_value_t answer_now(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[1] = 0;
    if (pending) journal_add(w, "answer");
    return answer(eff_unit);
}
static eff_t *cancelled_when_it_waits_next(struct world *w)
{
    eff_t *wait = eff_then(eff_sync(answerer_is_there, eff_ptr(w)), yields(yields(yields(yields(eff_noop())))));
    eff_t *answerer = eff_ensuring(wait, eff_sync(answer_now, eff_ptr(w)));
    eff_t *e = in_order(eff_async(wait_stubbornly, eff_ptr(w)), say(w, "no"));
    pending = NULL;
    return eff_then(eff_fork(answerer), interrupted(w, e));
}
/* INT-070 */
CASE(INT_070_a_wait_that_cannot_be_cancelled_now_is_waited_for_and_then_interrupted, cancelled_when_it_waits_next,
     .succeeds = "unit", .journal = "cannot answer interrupt",
     .without = NO_FREE | NO_SHUFFLES /* the answerer may come too late, or not at all */)

static eff_cancel_t cancels_with_mistake(eff_async_t *k, void *arg)
{
    (void)eff_as_int(eff_unit);
    return cancels(k, arg);
}
static void wait_for_mistake(eff_async_t *k, eff_value_t env)
{
    pending = k;
    eff_async_on_cancel(k, cancels_with_mistake, eff_as_ptr(env));
}
static eff_t *mistake_in_cancel(struct world *w)
{
    eff_t *e = eff_async(wait_for_mistake, eff_ptr(w));
    return answered_at_last(in_order(started(w, 0, e), with_fiber(w, 0, interrupt)), eff_unit);
}
/* INT-071 */
CASE(INT_071_a_mistake_in_a_cancellation_is_reported, mistake_in_cancel, .dies = "read a value of type unit as int",
     .journal = "cancel",
     .without = NO_INTERRUPTS |
                NO_BUDGETS /* it may not have begun */ /* from outside of fibers it goes to the misuse handler */)

TESTS(a_masked_body_completes_and_is_interrupted_after_it, INT_081_a_masked_bracket_is_interrupted_after_its_region,
      INT_037_a_pending_interruption_is_seen_as_the_mask_ends, INT_040_on_interrupt_runs_when_a_fiber_interrupts_itself,
      INT_063_a_wait_inside_a_mask_goes_on_and_the_next_outside_does_not,
      INT_030_an_interruptible_part_sees_what_is_pending_as_it_starts,
      INT_066_an_interruption_is_remembered_until_a_restored_part_is_entered,
      the_success_of_an_interrupted_mask_is_dropped_at_its_end,
      a_failure_leaving_a_mask_has_the_interruption_added_once,
      a_failure_leaving_an_interrupted_region_has_the_interruption_added,
      a_handler_in_a_masked_region_runs_for_an_interrupted_fiber, a_handler_outside_the_mask_is_skipped,
      INT_027_what_waits_in_a_mask_is_not_interrupted_and_names_the_interrupter_after_it,
      INT_029_the_mask_is_back_after_a_restored_part, a_restored_wait_is_interrupted_at_once,
      INT_032_restoring_inside_an_outer_mask_restores_that, INT_034_restoring_inside_a_restored_part_changes_nothing,
      INT_045_a_fiber_interrupted_at_a_restore_ends_interrupted,
      INT_019_the_cause_seen_inside_is_seen_again_at_the_outer_restore,
      INT_022_masked_code_after_each_interrupted_island_goes_on, restore_works_in_another_fiber,
      a_child_forked_while_its_parent_is_interrupted_but_masked_is_not_dead_at_birth,
      a_fiber_forked_in_a_mask_is_interruptible, a_race_inside_a_mask_ends_its_loser_and_leaves_the_mask_alone,
      a_masked_side_completes, sides_of_a_masked_caller_are_not_interrupted_with_it, INT_006_a_cancellation_runs_once,
      INT_014_a_cancellation_has_run_when_interrupting_returns,
      INT_003_an_answer_that_comes_too_late_is_ignored_and_dropped, INT_009_a_late_answer_does_not_resume_a_second_time,
      INT_005_a_bracket_that_a_callback_goes_on_with_is_released,
      INT_011_the_first_answer_counts_and_later_ones_are_dropped, INT_012_a_mistake_in_start_wins_over_its_answer,
      INT_015_a_masked_wait_is_not_cancelled, INT_016_answering_one_while_another_registers,
      an_interruption_that_arrives_while_registering_is_not_lost,
      INT_070_a_wait_that_cannot_be_cancelled_now_is_waited_for_and_then_interrupted,
      INT_071_a_mistake_in_a_cancellation_is_reported)
