/* race_with: the handler of the first to end goes on beside the loser. And race_first_all. */
#include "support/failing_allocator.h"
#include "support/fibers.h"

static struct world *the_world(eff_value_t env)
{
    return eff_as_ptr(env);
}

/* Says how the first ended, by this name. */
static void say_first(struct world *w, const char *name, const eff_exit_t *exit)
{
    char word[256];
    snprintf(word, sizeof word, "%s=%s", name, word_of(exit));
    journal_add(w, word);
}

/* ---- handlers */

/* Ends as the first did, and leaves the loser. */
static eff_t *pass(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    return exit->ok ? eff_succeed(eff_value_incref(exit->value)) : eff_fail_cause(eff_cause_incref(exit->cause));
}
static eff_t *pass_a(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    say_first(the_world(env), "a", exit);
    return pass(exit, loser, env);
}
static eff_t *pass_b(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    say_first(the_world(env), "b", exit);
    return pass(exit, loser, env);
}
static eff_t *join_loser(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    return eff_fiber_join(loser);
}
static eff_value_t first_and(eff_value_t v, eff_value_t first)
{
    return eff_pair(eff_value_incref(first), eff_value_incref(v));
}
/* The first's value, and the loser's. */
static eff_t *join_both(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    if (!exit->ok) return eff_fail_cause(eff_cause_incref(exit->cause));
    return eff_map(eff_fiber_join(loser), first_and, eff_value_incref(exit->value));
}
static eff_t *await_loser(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    return eff_map(eff_fiber_await(loser), say_word_of, env);
}
static eff_t *interrupt_loser(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    eff_t *interrupted = eff_map(eff_fiber_interrupt(loser), say_word_of, env);
    return eff_then(interrupted, say_time(the_world(env), "on"));
}
/* Takes 100 ms more. */
static eff_t *linger(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    return eff_ensuring(eff_then(ms(100), say_time(the_world(env), "handled")), say_time(the_world(env), "out"));
}
static eff_t *fail_now(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    return failing(9);
}

/* A side that takes so long, and then says and is its name's value; says so when it is interrupted. */
static eff_t *side(struct world *w, const char *name, int64_t takes, int64_t v)
{
    eff_t *e = in_order(ms(takes), say_time(w, name), one(v));
    return when_interrupted(e, say_time(w, "lost"));
}

/* ---- what becomes of the loser */

static eff_t *left_alone(struct world *w)
{
    return eff_race_with(side(w, "a", 10, 1), side(w, "b", 20, 2), pass_a, pass_b, eff_ptr(w));
}
CASE(a_loser_left_alone_is_interrupted_when_the_handlers_effect_has_ended, left_alone, .succeeds = "1",
     .journal = "a@10 a=ok:1 lost@10", .timed = true, .ms = 10)

static eff_t *right_is_first(struct world *w)
{
    return eff_race_with(side(w, "a", 20, 1), side(w, "b", 10, 2), pass_a, pass_b, eff_ptr(w));
}
CASE(the_handler_is_that_of_the_first_to_end, right_is_first, .succeeds = "2", .journal = "b@10 b=ok:2 lost@10")

static eff_t *loser_runs_on(struct world *w)
{
    return eff_race_with(side(w, "a", 10, 1), side(w, "b", 20, 2), linger, linger, eff_ptr(w));
}
CASE(the_loser_runs_beside_the_handlers_effect, loser_runs_on, .succeeds = "unit",
     .journal = "a@10 b@20 handled@110 out@110", .timed = true, .ms = 110)

static eff_t *loser_is_slower(struct world *w)
{
    return eff_race_with(side(w, "a", 10, 1), side(w, "b", 500, 2), linger, linger, eff_ptr(w));
}
CASE(what_the_loser_has_not_done_by_then_it_does_not_do, loser_is_slower, .succeeds = "unit",
     .journal = "a@10 handled@110 out@110 lost@110", .timed = true, .ms = 110)

static eff_t *joined(struct world *w)
{
    return eff_race_with(side(w, "a", 10, 1), side(w, "b", 20, 2), join_loser, join_loser, eff_ptr(w));
}
CASE(a_handler_may_join_the_loser, joined, .succeeds = "2", .journal = "a@10 b@20", .timed = true, .ms = 20)

/* zip_par as ZIO makes it. */
static eff_t *zipped(struct world *w)
{
    return eff_race_with(side(w, "a", 20, 1), side(w, "b", 10, 2), join_both, join_both, eff_ptr(w));
}
CASE(a_handler_may_put_both_values_together, zipped, .succeeds = "(2, 1)", .journal = "b@10 a@20")

static eff_t *awaited(struct world *w)
{
    return eff_race_with(after(10, one(1)), after(20, failing(2)), await_loser, await_loser, eff_ptr(w));
}
CASE(a_handler_may_await_the_losers_exit, awaited, .succeeds = "unit", .journal = "fail:2", .timed = true, .ms = 20)

static eff_t *interrupted_by_handler(struct world *w)
{
    eff_t *slow_to_end = eff_ensuring(eff_never(), ms(30));
    return eff_race_with(after(10, one(1)), slow_to_end, interrupt_loser, interrupt_loser, eff_ptr(w));
}
CASE(a_handler_may_interrupt_the_loser, interrupted_by_handler, .succeeds = "unit", .journal = "interrupt on@40",
     .timed = true, .ms = 40)

static eff_t *slow_to_unwind(struct world *w)
{
    eff_t *loser = eff_ensuring(eff_never(), after(30, say_time(w, "finalized")));
    return eff_then(eff_race_with(one(1), yields(loser), linger, linger, eff_ptr(w)), say_time(w, "after"));
}
CASE(the_loser_has_ended_before_the_race_has, slow_to_unwind, .succeeds = "unit",
     .journal = "handled@100 out@100 finalized@130 after@130")

static eff_t *masked(struct world *w)
{
    eff_t *loser = eff_uninterruptible(eff_then(ms(50), say_time(w, "done")));
    return eff_race_with(after(10, one(1)), loser, pass, pass, eff_unit);
}
CASE(a_masked_loser_is_waited_for, masked, .succeeds = "1", .journal = "done@50", .timed = true, .ms = 50)

/* ---- ties, and ends during the start */

static eff_t *tie(struct world *w)
{
    return eff_race_with(after(10, one(1)), after(10, one(2)), join_both, fail_now, eff_unit);
}
CASE(ties_go_left_and_the_loser_has_ended_too, tie, .succeeds = "(1, 2)", .without = NO_SHUFFLES) /* order decides */

static eff_t *ends_at_once(struct world *w)
{
    return eff_race_with(one(1), eff_then(say(w, "b"), one(2)), pass_a, pass_b, eff_ptr(w));
}
CASE(a_loser_that_was_not_begun_does_not_begin_if_nobody_waits_for_it, ends_at_once, .succeeds = "1",
     .journal = "a=ok:1", .without = NO_BUDGETS)

static eff_t *joins_unbegun(struct world *w)
{
    return eff_race_with(one(1), eff_then(say(w, "b"), one(2)), join_both, join_both, eff_unit);
}
CASE(a_loser_that_was_not_begun_begins_when_the_handler_waits, joins_unbegun, .succeeds = "(1, 2)", .journal = "b",
     .without = NO_BUDGETS)

static eff_t *right_ends_at_once(struct world *w)
{
    return eff_race_with(side(w, "a", 10, 1), one(2), pass_a, pass_b, eff_ptr(w));
}
CASE(a_right_side_that_ends_at_once_is_first, right_ends_at_once, .succeeds = "2", .journal = "b=ok:2 lost@0")

static eff_t *awaits_interrupted_unbegun(struct world *w)
{
    return eff_race_with(one(1), say(w, "b"), interrupt_loser, interrupt_loser, eff_ptr(w));
}
CASE(a_loser_may_be_interrupted_before_it_begins, awaits_interrupted_unbegun, .succeeds = "unit",
     .journal = "interrupt on@0")

/* ---- failures */

static eff_t *first_fails(struct world *w)
{
    return eff_race_with(after(10, failing(1)), side(w, "b", 20, 2), pass_a, pass_b, eff_ptr(w));
}
CASE(a_failure_is_an_end_too, first_fails, .fails = "1", .journal = "a=fail:1 lost@10")

static eff_t *first_fails_second_is_joined(struct world *w)
{
    return eff_race_with(after(10, failing(1)), side(w, "b", 20, 2), join_loser, pass, eff_unit);
}
CASE(a_handler_may_forget_the_firsts_failure, first_fails_second_is_joined, .succeeds = "2", .journal = "b@20")

static eff_t *both_fail(struct world *w)
{
    return eff_race_with(after(10, failing(1)), after(20, dying()), join_loser, join_loser, eff_unit);
}
CASE(joining_a_loser_that_dies_dies, both_fail, .dies = "boom")

static eff_t *first_interrupts_itself(struct world *w)
{
    return eff_race_with(eff_interrupt_self(), side(w, "b", 5, 2), pass_a, pass_b, eff_ptr(w));
}
CASE(the_first_may_have_interrupted_itself, first_interrupts_itself, .cause = "interrupt", .journal = "a=interrupt")

static eff_t *handler_fails(struct world *w)
{
    return eff_race_with(after(10, one(1)), side(w, "b", 20, 2), fail_now, fail_now, eff_unit);
}
CASE(a_handlers_failure_interrupts_the_loser, handler_fails, .fails = "9", .journal = "lost@10")

static eff_t *handled_by_caller(struct world *w)
{
    return eff_option(handler_fails(w));
}
CASE(a_handlers_failure_can_be_caught, handled_by_caller, .succeeds = "none", .journal = "lost@10")

/* ---- what nobody asked for */

static eff_t *unasked(struct world *w)
{
    return eff_race_with(after(10, one(1)), after(20, failing(7)), linger, linger, eff_ptr(w));
}
static eff_t *unasked_while_interrupted(struct world *w)
{
    return eff_race_with(after(10, one(1)), eff_ensuring(eff_never(), failing(7)), pass, pass, eff_ptr(w));
}
static eff_t *asked(struct world *w)
{
    return eff_race_with(after(10, one(1)), after(20, failing(7)), await_loser, await_loser, eff_ptr(w));
}
static eff_t *only_interrupted(struct world *w)
{
    return eff_race_with(after(10, one(1)), eff_never(), pass, pass, eff_ptr(w));
}
static eff_t *unasked_tie(struct world *w)
{
    return eff_race_with(after(10, one(1)), after(10, failing(7)), pass, pass, eff_ptr(w));
}
static eff_t *keep_handle(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    the_world(env)->fibers[0] = eff_fiber_incref(loser);
    return after(20, one(1));
}
static eff_t *unasked_with_a_handle(struct world *w)
{
    return eff_then(eff_race_with(after(10, one(1)), after(15, failing(7)), keep_handle, keep_handle, eff_ptr(w)),
                    say_time(w, "after"));
}
START_TEST(a_losers_failure_that_nobody_asked_for_is_reported)
{
    struct world w;
    run_observing(&w, unasked);
    ck_assert_journal(&w, "handled@110 out@110 unobserved(fail:7) ok:unit");
    run_observing(&w, unasked_while_interrupted);
    ck_assert_journal(&w, "unobserved(then(interrupt,fail:7)) ok:1");
    run_observing(&w, asked);
    ck_assert_journal(&w, "fail:7 ok:unit");
    run_observing(&w, only_interrupted);
    ck_assert_journal(&w, "ok:1");
    run_observing(&w, unasked_tie);
    ck_assert_journal(&w, "unobserved(fail:7) ok:1");
    run_observing(&w, unasked_with_a_handle);
    ck_assert_journal(&w, "unobserved(fail:7) after@30 ok:unit");
}
END_TEST

/* ---- interrupting the caller */

static eff_t *interrupted_early(struct world *w)
{
    eff_t *race = eff_race_with(side(w, "a", 10, 1), side(w, "b", 20, 2), pass_a, pass_b, eff_ptr(w));
    return in_order(keep(w, 0, eff_fork(race)), ms(5), say_interrupt(w, 0), say_time(w, "end"));
}
CASE(interrupting_the_caller_interrupts_both, interrupted_early, .succeeds = "unit",
     .journal = "lost@5 lost@5 interrupt end@5")

static eff_t *interrupted_late(struct world *w)
{
    eff_t *race = eff_race_with(side(w, "a", 10, 1), side(w, "b", 200, 2), linger, linger, eff_ptr(w));
    return in_order(keep(w, 0, eff_fork(race)), ms(50), say_interrupt(w, 0), say_time(w, "end"));
}
CASE(interrupting_the_caller_interrupts_the_handlers_effect_and_then_the_loser, interrupted_late, .succeeds = "unit",
     .journal = "a@10 out@50 lost@50 interrupt end@50")

/* The handler's effect has failed, and the loser takes its time. */
static eff_t *interrupted_while_the_loser_ends(struct world *w)
{
    eff_t *slow_to_end = eff_ensuring(eff_never(), ms(50));
    eff_t *race = eff_race_with(after(10, one(1)), slow_to_end, fail_now, fail_now, eff_unit);
    return in_order(keep(w, 0, eff_fork(race)), ms(20), say_interrupt(w, 0), say_time(w, "end"));
}
CASE(an_interruption_while_the_loser_ends_is_added, interrupted_while_the_loser_ends, .succeeds = "unit",
     .journal = "then(fail:9,interrupt) end@60")

static eff_t *interrupted_after_success(struct world *w)
{
    eff_t *slow_to_end = eff_ensuring(eff_never(), ms(50));
    eff_t *race = eff_race_with(after(10, eff_succeed(eff_printf("dropped"))), slow_to_end, pass, pass, eff_unit);
    return in_order(keep(w, 0, eff_fork(race)), ms(20), say_interrupt(w, 0), say_time(w, "end"));
}
CASE(a_success_is_dropped_by_an_interruption_while_the_loser_ends, interrupted_after_success, .succeeds = "unit",
     .journal = "interrupt end@60")

static eff_t *under_a_mask(struct world *w)
{
    eff_t *race = eff_race_with(after(10, one(1)), side(w, "b", 500, 2), linger, linger, eff_ptr(w));
    eff_t *masked_race = eff_uninterruptible(race);
    return in_order(keep(w, 0, eff_fork(masked_race)), ms(50), say_interrupt(w, 0), say_time(w, "end"));
}
CASE(under_a_mask_the_handlers_effect_is_masked_and_the_loser_is_not, under_a_mask, .succeeds = "unit",
     .journal = "handled@110 out@110 lost@110 interrupt end@110")

static eff_t *timed_out(struct world *w)
{
    eff_t *race = eff_race_with(after(10, one(1)), side(w, "b", 500, 2), join_loser, join_loser, eff_unit);
    return eff_timeout(race, eff_millis(100));
}
CASE(a_timeout_ends_the_handlers_effect_and_the_loser, timed_out, .succeeds = "none", .journal = "lost@100",
     .timed = true, .ms = 100)

/* ---- resources, values, regions */

/* The sides acquire into the scope around the race: what the first acquired is there for its handler. */
static eff_t *with_resource(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    return eff_then(say(the_world(env), "use"), one(1));
}
static eff_t *resources(struct world *w)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    eff_t *b = after(5, eff_acquire_release(acquire(w, "b"), release, eff_ptr(w)));
    eff_t *race = eff_race_with(a, b, with_resource, with_resource, eff_ptr(w));
    return eff_then(eff_scoped(eff_then(race, say(w, "end"))), say(w, "after"));
}
CASE(what_the_first_acquired_lives_as_long_as_the_scope_around_the_race, resources, .succeeds = "unit",
     .journal = "a+ use end a- after")

static eff_t *holding_loser(struct world *w)
{
    return eff_race_with(after(10, one(1)), holds(w, "b"), pass, pass, eff_unit);
}
CASE(what_the_loser_holds_is_released, holding_loser, .succeeds = "1", .journal = "b+ b-")

/* Handles of the loser may be kept: they name a fiber that has ended. */
static eff_t *handle_afterwards(struct world *w)
{
    eff_t *race = eff_race_with(one(1), side(w, "b", 500, 2), keep_handle, keep_handle, eff_ptr(w));
    return in_order(race, say_await(w, 0), say_time(w, "end"));
}
CASE(a_handle_of_the_loser_names_an_ended_fiber_afterwards, handle_afterwards, .succeeds = "unit",
     .journal = "lost@20 interrupt end@20")

/* B31: values that count how often they are dropped. */
struct piece {
    struct world *w;
};
static void piece_drop(struct piece *p)
{
    if (p->w) p->w->n[1]++;
}
EFF_STATIC_TYPE(piece, struct piece, .drop = piece_drop);
static eff_value_t new_piece(eff_value_t env)
{
    the_world(env)->n[0]++;
    return piece_make((struct piece){ the_world(env) });
}
static void dropped_as_often_as_made(struct world *w)
{
    ck_assert_int_eq(w->n[0], w->n[1]);
}
static eff_t *piece_after(struct world *w, int64_t at)
{
    return after(at, eff_sync(new_piece, eff_ptr(w)));
}
static eff_value_t to_unit(eff_value_t v, eff_value_t env)
{
    return eff_unit;
}
static eff_t *pieces(struct world *w)
{
    eff_t *left = eff_race_with(piece_after(w, 10), piece_after(w, 10), pass, pass, eff_unit);
    eff_t *joining = eff_race_with(piece_after(w, 10), piece_after(w, 20), join_both, join_both, eff_unit);
    return eff_map(eff_zip(left, joining), to_unit, eff_unit);
}
CASE(B31_every_value_of_a_race_with_is_dropped_once, pieces, .succeeds = "unit", .invariant = dropped_as_often_as_made)

static eff_t *inner(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    return eff_race_with(eff_fiber_join(loser), after(100, one(100)), pass, pass, eff_unit);
}
static eff_t *nested(struct world *w)
{
    return eff_race_with(after(10, one(1)), side(w, "b", 20, 2), inner, inner, eff_ptr(w));
}
CASE(races_nest_in_handlers, nested, .succeeds = "2", .journal = "b@20", .timed = true, .ms = 20)

static eff_t *deep(int64_t depth)
{
    eff_t *e = after(1, one(depth));
    for (int64_t i = 0; i < depth; i++)
        e = eff_race_with(e, eff_never(), pass, pass, eff_unit);
    return e;
}
static void run_deep(void)
{
    ck_assert_succeeds(deep(10000), "10000");
}
START_TEST(ten_thousand_nested_races_run_on_a_small_stack)
{
    run_on_small_stack(run_deep);
}
END_TEST

static eff_t *again(struct world *w)
{
    eff_t *e = eff_race_with(after(1, one(1)), after(2, one(2)), join_both, join_both, eff_unit);
    eff_t *second = eff_incref(e);
    return eff_zip_par(e, second);
}
CASE(a_description_runs_any_number_of_times, again, .succeeds = "((1, 2), (1, 2))")

static eff_t *forks_in_handler(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    eff_t *child = when_interrupted(eff_never(), say_time(the_world(env), "child"));
    return eff_then(eff_fork(child), ms(5));
}
static eff_t *child_outlives(struct world *w)
{
    eff_t *race = eff_race_with(after(10, one(1)), side(w, "b", 50, 2), forks_in_handler, forks_in_handler, eff_ptr(w));
    return in_order(race, say_time(w, "on"), ms(10));
}
CASE(what_the_handler_forks_belongs_to_the_callers_region, child_outlives, .succeeds = "unit",
     .journal = "lost@15 on@15 child@25")

/* ---- mistakes and deadlock */

static eff_t *null_handler(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    return NULL;
}
static eff_t *mistaken_handler(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    return one(eff_as_int(eff_literal("x")));
}
START_TEST(mistakes_of_race_with_name_it)
{
    eff_value_t none = { .type = NULL, .integer = 0 };
    ck_assert_dies(eff_race_with(NULL, one(2), pass, pass, eff_unit), "argument 1 of eff_race_with is NULL");
    ck_assert_dies(eff_race_with(one(1), NULL, pass, pass, eff_unit), "argument 2 of eff_race_with is NULL");
    ck_assert_dies(eff_race_with(one(1), one(2), NULL, pass, eff_printf("x")),
                   "argument 3 of eff_race_with, `on_a`, is NULL");
    ck_assert_dies(eff_race_with(one(1), one(2), pass, NULL, eff_printf("x")),
                   "argument 4 of eff_race_with, `on_b`, is NULL");
    ck_assert_dies(eff_race_with(one(1), one(2), pass, pass, none), "eff_race_with was given an absent value");
    ck_assert_dies(eff_race_with(one(1), eff_out_of_memory(), pass, pass, eff_unit), "out of memory");
    ck_assert_dies(eff_race_with(one(1), one(2), pass, pass, eff_oom_value()), "out of memory");
    ck_assert_dies(eff_race_with(one(1), one(2), null_handler, pass, eff_unit),
                   "the `on_a` of eff_race_with returned NULL");
    ck_assert_dies(eff_race_with(eff_never(), one(2), pass, null_handler, eff_unit),
                   "the `on_b` of eff_race_with returned NULL");
    ck_assert_dies(eff_race_with(one(1), one(2), mistaken_handler, pass, eff_unit),
                   "read a value of type string as int");
}
END_TEST

static eff_t *joins_for_ever(struct world *w)
{
    return eff_race_with(after(1, one(1)), eff_never(), join_loser, join_loser, eff_unit);
}
START_TEST(joining_a_loser_that_never_ends_is_a_deadlock)
{
    ck_assert_dies(joins_for_ever(NULL), "deadlock");
}
END_TEST

START_TEST(a_runtime_that_is_freed_in_a_race_with_gives_up_everything)
{
    struct world w = { .test = eff_test_new() };
    eff_t *race =
        eff_race_with(after(10, eff_succeed(eff_printf("x"))), holds(&w, "b"), join_loser, linger, eff_ptr(&w));
    (void)eff_test_fork(w.test, race);
    eff_test_adjust(w.test, eff_millis(50));
    ck_assert_uint_gt(eff_test_free(w.test), 0);
    ck_assert_journal(&w, "b+ b-");
}
END_TEST

START_TEST(a_description_shows_a_race_with)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_t *e = eff_race_with(one(1), eff_race_first_all(one(2), one(3), one(4)), pass, pass, eff_unit);
    eff_describe(e, &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), "race_with pass"), "%s", eff_buffer_text(&text));
    ck_assert_msg(strstr(eff_buffer_text(&text), "\n  race_first_all"), "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_decref(e);
}
END_TEST

/* ---- race_first_all */

static eff_t *first_of_three(struct world *w)
{
    return eff_race_first_all(side(w, "a", 30, 1), side(w, "b", 10, 2), side(w, "c", 20, 3));
}
CASE(race_first_all_ends_as_the_first_to_end, first_of_three, .succeeds = "2", .journal = "b@10 lost@10 lost@10",
     .timed = true, .ms = 10)

static eff_t *first_of_three_fails(struct world *w)
{
    return eff_race_first_all(side(w, "a", 30, 1), after(10, failing(2)), after(10, failing(3)));
}
CASE(race_first_all_fails_if_the_first_does, first_of_three_fails, .fails = "2", .journal = "lost@10",
     .without = NO_SHUFFLES) /* the order decides the tie */

START_TEST(mistakes_of_race_first_all_name_it)
{
    eff_t *const list[] = { one(1) };
    ck_assert_succeeds(eff_race_first_all_list(1, list), "1");
    ck_assert_dies(eff_race_first_all_list(0, NULL), "eff_race_first_all was given no effect");
    ck_assert_dies(eff_race_first_all_list(1, NULL), "the list of eff_race_first_all is NULL");
    ck_assert_dies(eff_race_first_all(one(1), NULL, one(2)), "argument 2 of eff_race_first_all is NULL");
}
END_TEST

TESTS(a_loser_left_alone_is_interrupted_when_the_handlers_effect_has_ended, the_handler_is_that_of_the_first_to_end,
      the_loser_runs_beside_the_handlers_effect, what_the_loser_has_not_done_by_then_it_does_not_do,
      a_handler_may_join_the_loser, a_handler_may_put_both_values_together, a_handler_may_await_the_losers_exit,
      a_handler_may_interrupt_the_loser, the_loser_has_ended_before_the_race_has, a_masked_loser_is_waited_for,
      ties_go_left_and_the_loser_has_ended_too, a_loser_that_was_not_begun_does_not_begin_if_nobody_waits_for_it,
      a_loser_that_was_not_begun_begins_when_the_handler_waits, a_right_side_that_ends_at_once_is_first,
      a_loser_may_be_interrupted_before_it_begins, a_failure_is_an_end_too, a_handler_may_forget_the_firsts_failure,
      joining_a_loser_that_dies_dies, the_first_may_have_interrupted_itself, a_handlers_failure_interrupts_the_loser,
      a_handlers_failure_can_be_caught, a_losers_failure_that_nobody_asked_for_is_reported,
      interrupting_the_caller_interrupts_both,
      interrupting_the_caller_interrupts_the_handlers_effect_and_then_the_loser,
      an_interruption_while_the_loser_ends_is_added, a_success_is_dropped_by_an_interruption_while_the_loser_ends,
      under_a_mask_the_handlers_effect_is_masked_and_the_loser_is_not, a_timeout_ends_the_handlers_effect_and_the_loser,
      what_the_first_acquired_lives_as_long_as_the_scope_around_the_race, what_the_loser_holds_is_released,
      a_handle_of_the_loser_names_an_ended_fiber_afterwards, B31_every_value_of_a_race_with_is_dropped_once,
      races_nest_in_handlers, ten_thousand_nested_races_run_on_a_small_stack, a_description_runs_any_number_of_times,
      what_the_handler_forks_belongs_to_the_callers_region, mistakes_of_race_with_name_it,
      joining_a_loser_that_never_ends_is_a_deadlock, a_runtime_that_is_freed_in_a_race_with_gives_up_everything,
      a_description_shows_a_race_with, race_first_all_ends_as_the_first_to_end, race_first_all_fails_if_the_first_does,
      mistakes_of_race_first_all_name_it)
