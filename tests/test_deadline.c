/* Deadlines that compose: nested limits, what is left of them, where they hold and where not. */
#include <stdio.h>

#include "support/fibers.h"

/* Limits with a name for a site, so that errors are the same wherever the line is. */
static eff_t *within(const char *name, int64_t n, eff_t *e)
{
    return eff_within_at(name, e, eff_millis(n));
}

static eff_value_t say_duration(eff_value_t left, eff_value_t env)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(left, &text);
    journal_add(eff_as_ptr(env), eff_buffer_text(&text));
    eff_buffer_done(&text);
    return eff_unit;
}
/* Says "some(5ms)", or "none". */
static eff_t *say_left(struct world *w)
{
    return eff_map(eff_deadline_left(), say_duration, eff_ptr(w));
}

/* ---- one limit */

static eff_t *in_time(struct world *w)
{
    return within("a", 10, eff_then(say_left(w), after(4, eff_then(say_left(w), one(1)))));
}
CASE(what_is_done_in_time_succeeds_and_knows_how_much_is_left, in_time, .succeeds = "1",
     .journal = "some(10ms) some(6ms)", .ms = 4, .timed = true)

static eff_t *too_late(struct world *w)
{
    return within("a", 10, eff_then(ms(11), say(w, "late")));
}
CASE(what_is_late_fails_with_an_error_that_says_which_limit_it_was, too_late,
     .fails = "timed out: not done within 10ms (a)", .journal = "", .ms = 10, .timed = true)

static void is_a_timeout(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    eff_value_t error;
    ck_assert(eff_cause_failure(exit->cause, &error));
    ck_assert(eff_error_is(error, &eff_timeout_error));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit->cause, &text);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "\n  at the limit"));
    eff_buffer_done(&text);
}
static eff_t *traced(struct world *w)
{
    (void)w;
    return within("the limit", 10, eff_never());
}
CASE(the_cause_shows_where_the_limit_was_set, traced, .fails = "timed out: not done within 10ms (the limit)",
     .check = is_a_timeout)

static eff_t *at_the_very_deadline(struct world *w)
{
    (void)w;
    return within("a", 10, after(10, one(1)));
}
CASE(of_an_end_at_the_very_deadline_the_effects_counts, at_the_very_deadline, .succeeds = "1", .ms = 10, .timed = true,
     .without = NO_SHUFFLES /* the clock may be first */)

static eff_t *fails_in_time(struct world *w)
{
    (void)w;
    return within("a", 10, after(3, failing(7)));
}
CASE(a_failure_in_time_is_the_effects_own, fails_in_time, .cause = "fail(7)", .ms = 3, .timed = true)

static eff_t *no_time(struct world *w)
{
    eff_t *none = eff_to_exit(within("a", 0, say(w, "started")));
    eff_t *negative = eff_to_exit(within("b", -5, say(w, "started")));
    return eff_then(eff_then(none, negative), within("c", 0, say(w, "started")));
}
CASE(with_no_time_at_all_the_effect_is_not_started, no_time, .fails = "timed out: not done within 0s (c)",
     .journal = "", .ms = 0, .timed = true)

static eff_t *for_ever(struct world *w)
{
    return eff_within(eff_then(ms(5), say(w, "done")), eff_duration_max);
}
CASE(a_limit_of_for_ever_never_comes, for_ever, .succeeds = "unit", .journal = "done", .ms = 5, .timed = true)

static eff_t *waits_for_finalizers(struct world *w)
{
    eff_t *body = eff_ensuring(eff_never(), after(5, say_time(w, "cleaned")));
    return eff_ensuring(within("a", 10, body), say_time(w, "end"));
}
CASE(the_effect_is_interrupted_and_awaited_first, waits_for_finalizers, .fails = "timed out: not done within 10ms (a)",
     .journal = "cleaned@15 end@15")

/* ---- nested ones */

static eff_t *inner_is_earlier(struct world *w)
{
    eff_t *inner = within("inner", 5, eff_then(say_left(w), eff_never()));
    eff_t *e = in_order(ms(3), say_exit(w, inner), say_left(w));
    return within("outer", 20, e);
}
CASE(an_earlier_limit_inside_counts_there_and_the_outer_one_afterwards, inner_is_earlier, .succeeds = "unit",
     .journal = "some(5ms) fail:timed out: not done within 5ms (inner) some(12ms)", .ms = 8, .timed = true)

static eff_t *outer_is_earlier(struct world *w)
{
    eff_t *inner = within("inner", 50, eff_then(say_left(w), eff_never()));
    return within("outer", 20, in_order(ms(3), say_exit(w, inner), say(w, "never said")));
}
CASE(of_an_earlier_limit_around_the_error_is_that_ones, outer_is_earlier,
     .fails = "timed out: not done within 20ms (outer)", .journal = "some(17ms)", .ms = 20, .timed = true)

static eff_value_t store_timers(eff_value_t sleeps, eff_value_t env)
{
    ((struct world *)eff_as_ptr(env))->n[0] = (int64_t)eff_array_size(sleeps);
    return eff_unit;
}
static eff_t *count_timers(struct world *w)
{
    return eff_map(eff_test_clock_sleeps(), store_timers, eff_ptr(w));
}
static void one_timer(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 1);
}
static eff_t *three_limits(struct world *w)
{
    eff_t *e = within("c", 20, eff_zip_par(yields(count_timers(w)), within("d", 40, yields(eff_yield_now()))));
    return within("a", 20, within("b", 30, e));
}
CASE(a_limit_that_is_not_the_earliest_needs_no_timer, three_limits, .succeeds = "(unit, unit)", .check = one_timer)

static eff_t *passed_already(struct world *w)
{
    eff_t *late = eff_uninterruptible(eff_then(ms(7), say_exit(w, within("inner", 5, say(w, "started")))));
    return within("outer", 5, late);
}
CASE(once_the_deadline_around_has_passed_nothing_starts, passed_already,
     .fails = "timed out: not done within 5ms (outer)", .journal = "fail:timed out: not done within 5ms (outer)",
     .ms = 7, .timed = true)

/* The deadline's own interruption does not come through the mask, so the limit inside keeps it by itself. */
static eff_t *under_a_mask(struct world *w)
{
    eff_t *inner = eff_ensuring(within("inner", 50, eff_never()), say_time(w, "gone"));
    return within("outer", 20, eff_uninterruptible(inner));
}
CASE(under_a_mask_the_deadline_around_ends_what_is_limited_inside, under_a_mask, .succeeds = NULL,
     .cause = "fail(timed out: not done within 20ms (outer))", .journal = "gone@20", .ms = 20, .timed = true)

static eff_t *side_under_a_mask(struct world *w)
{
    eff_t *side = eff_ensuring(within("inner", 50, eff_never()), say_time(w, "gone"));
    return within("outer", 20, eff_uninterruptible(eff_zip_par(side, ms(30))));
}
CASE(so_it_does_in_a_side_whose_caller_is_masked, side_under_a_mask, .fails = "timed out: not done within 20ms (outer)",
     .journal = "gone@20", .ms = 20, .timed = true)

static eff_t *moments(struct world *w)
{
    eff_instant_t soon = { 5000000 }, later = { 9000000 };
    eff_t *body = eff_deadline_at("later", eff_then(say_left(w), eff_never()), later);
    return eff_ensuring(eff_deadline_at("soon", body, soon), say_time(w, "end"));
}
CASE(of_nested_deadlines_the_earlier_counts, moments, .fails = "timed out: not done by its deadline (soon)",
     .journal = "some(5ms) end@5")

static eff_t *in_the_past(struct world *w)
{
    return eff_then(ms(7), eff_deadline_at("a", say(w, "started"), (eff_instant_t){ 1 }));
}
CASE(a_deadline_in_the_past_fails_before_the_body_starts, in_the_past,
     .fails = "timed out: not done by its deadline (a)", .journal = "", .ms = 7, .timed = true)

static eff_t *to_deadline(eff_value_t now, eff_value_t env)
{
    eff_instant_t t = eff_instant_add(eff_as_instant(now), eff_millis(100));
    return eff_deadline_at("a", after(eff_as_int(env), one(1)), t);
}
static eff_t *moment_in_time(struct world *w)
{
    (void)w;
    return eff_flat_map(eff_clock_now(), to_deadline, eff_int(99));
}
CASE(a_deadline_leaves_what_ends_in_time_alone, moment_in_time, .succeeds = "1", .ms = 99, .timed = true)

static eff_t *moment_late(struct world *w)
{
    (void)w;
    return eff_then(ms(7), eff_flat_map(eff_clock_now(), to_deadline, eff_int(101)));
}
CASE(a_deadline_fails_what_is_late, moment_late, .fails = "timed out: not done by its deadline (a)", .ms = 107,
     .timed = true)

static eff_t *retried(struct world *w)
{
    eff_t *attempt = eff_then(say_left(w), within("try", 4, eff_never()));
    return within("all", 12, eff_retry(attempt, eff_schedule_spaced(eff_millis(1))));
}
CASE(each_try_of_a_retry_has_less_left, retried, .fails = "timed out: not done within 12ms (all)",
     .journal = "some(12ms) some(7ms) some(2ms)", .ms = 12, .timed = true)

/* ---- where it holds */

static eff_t *nowhere(struct world *w)
{
    return eff_then(say_left(w), eff_then(within("a", 5, eff_noop()), say_left(w)));
}
CASE(without_a_limit_around_none_is_left, nowhere, .succeeds = "unit", .journal = "none none")

static eff_t *say_left_of(eff_value_t v, eff_value_t env)
{
    (void)v;
    return say_left(eff_as_ptr(env));
}
static eff_t *in_sides(struct world *w)
{
    eff_t *items = eff_for_each_par_discard(eff_range(0, 2), say_left_of, eff_ptr(w), 0);
    return within("a", 10, in_order(ms(1), items, eff_timeout(say_left(w), eff_millis(3))));
}
CASE(it_holds_in_sides_items_and_the_bodies_of_plain_timeouts, in_sides, .succeeds = "some(unit)",
     .journal = "some(9ms) some(9ms) some(9ms)")

static eff_t *in_children(struct world *w)
{
    eff_t *child = keep(w, 0, eff_fork(eff_then(ms(1), say_left(w))));
    return within("a", 10, eff_then(child, with_fiber(w, 0, join)));
}
CASE(it_holds_in_children, in_children, .succeeds = "unit", .journal = "some(9ms)")

static eff_t *in_own_scope(struct world *w)
{
    eff_t *child = keep(w, 0, eff_fork_scoped(eff_then(ms(1), say_left(w))));
    return within("a", 10, eff_scoped(eff_then(child, with_fiber(w, 0, join))));
}
CASE(it_holds_in_fibers_of_a_scope_inside_it, in_own_scope, .succeeds = "unit", .journal = "some(9ms)")

static eff_t *in_outer_scope(struct world *w)
{
    eff_t *child = keep(w, 0, eff_fork_scoped(in_order(say_left(w), ms(20), say_time(w, "done"))));
    eff_t *e = within("a", 10, eff_then(child, ms(1)));
    return eff_scoped(eff_then(e, with_fiber(w, 0, join)));
}
CASE(it_does_not_hold_in_fibers_of_a_scope_around_it_which_outlive_it, in_outer_scope, .succeeds = "unit",
     .journal = "none done@20")

static eff_t *fork_in_given(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *child = keep(w, 0, eff_fork_in(eff_as_scope(scope), say_left(w)));
    return within("inner", 10, eff_then(child, ms(1)));
}
static eff_t *in_given_scope(struct world *w)
{
    eff_t *e = eff_then(eff_flat_map(eff_scope_current(), fork_in_given, eff_ptr(w)), with_fiber(w, 0, join));
    return within("outer", 50, eff_scoped(e));
}
CASE(in_a_fiber_of_a_given_scope_it_is_the_deadline_around_that_scope, in_given_scope, .succeeds = "unit",
     .journal = "some(50ms)")

static eff_t *in_daemons(struct world *w)
{
    eff_t *daemon = keep(w, 0, eff_fork_daemon(say_left(w)));
    return within("a", 10, eff_then(daemon, with_fiber(w, 0, join)));
}
CASE(it_does_not_hold_in_daemons, in_daemons, .succeeds = "unit", .journal = "none")

static eff_t *forks_and_ends(struct world *w, const char *name, int64_t limit)
{
    eff_t *child = keep(w, 0, eff_fork(when_interrupted(eff_never(), say(w, name))));
    return within(name, limit, eff_then(child, eff_yield_now()));
}
static eff_t *children_end(struct world *w)
{
    eff_t *both = eff_then(forks_and_ends(w, "earlier", 5), forks_and_ends(w, "later", 500));
    return within("outer", 10, in_order(both, say(w, "|"), ms(1)));
}
CASE(children_end_with_the_limited_effect_whichever_limit_counts, children_end, .succeeds = "unit",
     .journal = "earlier later |")

/* ---- free of it */

static eff_t *in_finalizers(struct world *w)
{
    eff_t *goodbye = eff_then(say_left(w), within("goodbye", 30, after(20, say_time(w, "goodbye"))));
    return within("a", 10, eff_ensuring(eff_never(), goodbye));
}
CASE(finalizers_are_told_of_no_deadline_and_have_limits_of_their_own, in_finalizers,
     .fails = "timed out: not done within 10ms (a)", .journal = "none goodbye@30", .ms = 30, .timed = true)

static eff_t *late_finalizer(struct world *w)
{
    eff_t *goodbye = say_exit(w, within("goodbye", 5, eff_then(say_left(w), eff_never())));
    return within("a", 10, eff_ensuring(eff_never(), eff_zip_par(goodbye, say_left(w))));
}
CASE(a_limit_in_a_finalizer_holds_in_it, late_finalizer, .fails = "timed out: not done within 10ms (a)",
     .journal = "some(5ms) none fail:timed out: not done within 5ms (goodbye)", .ms = 15, .timed = true)

static eff_t *say_left_in(eff_task_group_t *group, eff_value_t env)
{
    return eff_map_to(eff_task_group_fork(group, say_left(eff_as_ptr(env))), eff_unit);
}
static eff_t *tasks_of_finalizer(struct world *w)
{
    eff_t *fork_in_it = eff_then(keep(w, 0, eff_fork(say_left(w))), with_fiber(w, 0, join));
    return within("a", 10, eff_ensuring(say_left(w), eff_then(fork_in_it, eff_task_group(say_left_in, eff_ptr(w)))));
}
CASE(so_are_the_children_and_tasks_of_finalizers, tasks_of_finalizer, .succeeds = "unit",
     .journal = "some(10ms) none none")

static eff_t *in_acquires(struct world *w)
{
    eff_t *acquires = eff_acquire_release(eff_then(say_left(w), acquire(w, "a")), release, eff_ptr(w));
    return within("a", 10, eff_scoped(eff_then(ms(1), acquires)));
}
static void some_resource(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert(exit->ok);
}
CASE(acquires_are_told_of_it, in_acquires, .journal = "some(9ms) a+ a-", .check = some_resource)

static eff_t *without(struct world *w)
{
    eff_t *inner = within("inner", 50, eff_then(say_left(w), eff_never()));
    eff_t *e = in_order(say_left(w), eff_without_deadline(eff_then(say_left(w), inner)));
    return within("outer", 20, e);
}
CASE(without_deadline_hides_it_but_does_not_keep_it_from_coming, without,
     .fails = "timed out: not done within 20ms (outer)", .journal = "some(20ms) none some(50ms)", .ms = 20,
     .timed = true)

static eff_t *graceful(struct world *w)
{
    eff_t *step = within("step", 30, after(20, say_time(w, "step")));
    eff_t *body = in_order(say_left(w), eff_until_stop(), say_left(w), step, eff_until_stop());
    return within("outer", 10, eff_graceful(in_order(body, say_time(w, "end")), eff_millis(40)));
}
CASE(in_the_grace_after_the_deadline_there_is_time, graceful, .fails = "timed out: not done within 10ms (outer)",
     .journal = "some(10ms) none step@30 end@30", .ms = 30, .timed = true)

static eff_t *shielded(struct world *w)
{
    eff_t *inner = within("inner", 50, after(20, say_time(w, "done")));
    return within("outer", 10, eff_shield(eff_then(say_left(w), inner)));
}
CASE(what_is_shielded_has_no_deadline, shielded, .fails = "timed out: not done within 10ms (outer)",
     .journal = "none done@20")

static eff_t *without_for_children(struct world *w)
{
    eff_t *child = eff_without_deadline(keep(w, 0, eff_fork(eff_zip_par(say_left(w), say_left(w)))));
    return within("a", 10, in_order(child, with_fiber(w, 0, join), say_left(w)));
}
CASE(what_is_forked_without_deadline_has_none_either, without_for_children, .succeeds = "unit",
     .journal = "none none some(10ms)")

/* ---- clocks */

static eff_t *other_clock(struct world *w)
{
    eff_t *inner = eff_provide(in_order(say_left(w), within("inner", 5, say_left(w)), eff_never()), eff_test_clock());
    return within("outer", 10, inner);
}
CASE(under_another_clock_it_is_not_known_but_holds, other_clock, .fails = "timed out: not done within 10ms (outer)",
     .journal = "none some(5ms)", .ms = 10, .timed = true)

static eff_t *saturates(struct world *w)
{
    return eff_then(ms(1), within("a", INT64_MAX / 1000000, say_left(w)));
}
CASE(a_moment_beyond_the_end_of_time_is_the_end_of_time, saturates, .succeeds = "unit")

/* ---- what it looks like */

START_TEST(a_limit_is_shown_with_its_length_and_its_effect)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_t *e = eff_within_at(NULL, eff_without_deadline_at(NULL, eff_noop()), eff_millis(1500));
    eff_describe(e, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "within 1s 500ms\n  without_deadline\n    noop\n");
    eff_decref(e);
    eff_buffer_done(&text);
}
END_TEST

/* ---- mistakes */

static eff_t *of_nothing(struct world *w)
{
    (void)w;
    return eff_within_at("health.c:12", NULL, eff_millis(1));
}
CASE(a_limit_on_nothing_is_a_mistake, of_nothing, .dies = "argument 1 of eff_within is NULL (health.c:12)")

static eff_t *without_of_nothing(struct world *w)
{
    (void)w;
    return eff_without_deadline_at("health.c:12", NULL);
}
CASE(nothing_without_a_deadline_is_a_mistake, without_of_nothing, .dies = "eff_without_deadline is NULL (health.c:12)")

TESTS(what_is_done_in_time_succeeds_and_knows_how_much_is_left,
      what_is_late_fails_with_an_error_that_says_which_limit_it_was, the_cause_shows_where_the_limit_was_set,
      of_an_end_at_the_very_deadline_the_effects_counts, a_failure_in_time_is_the_effects_own,
      with_no_time_at_all_the_effect_is_not_started, a_limit_of_for_ever_never_comes,
      the_effect_is_interrupted_and_awaited_first, an_earlier_limit_inside_counts_there_and_the_outer_one_afterwards,
      of_an_earlier_limit_around_the_error_is_that_ones, a_limit_that_is_not_the_earliest_needs_no_timer,
      once_the_deadline_around_has_passed_nothing_starts, under_a_mask_the_deadline_around_ends_what_is_limited_inside,
      so_it_does_in_a_side_whose_caller_is_masked, of_nested_deadlines_the_earlier_counts,
      a_deadline_in_the_past_fails_before_the_body_starts, a_deadline_leaves_what_ends_in_time_alone,
      a_deadline_fails_what_is_late, each_try_of_a_retry_has_less_left, without_a_limit_around_none_is_left,
      it_holds_in_sides_items_and_the_bodies_of_plain_timeouts, it_holds_in_children,
      it_holds_in_fibers_of_a_scope_inside_it, it_does_not_hold_in_fibers_of_a_scope_around_it_which_outlive_it,
      in_a_fiber_of_a_given_scope_it_is_the_deadline_around_that_scope, it_does_not_hold_in_daemons,
      children_end_with_the_limited_effect_whichever_limit_counts,
      finalizers_are_told_of_no_deadline_and_have_limits_of_their_own, a_limit_in_a_finalizer_holds_in_it,
      so_are_the_children_and_tasks_of_finalizers, acquires_are_told_of_it,
      without_deadline_hides_it_but_does_not_keep_it_from_coming, what_is_forked_without_deadline_has_none_either,
      in_the_grace_after_the_deadline_there_is_time, what_is_shielded_has_no_deadline,
      under_another_clock_it_is_not_known_but_holds, a_moment_beyond_the_end_of_time_is_the_end_of_time,
      a_limit_is_shown_with_its_length_and_its_effect, a_limit_on_nothing_is_a_mistake,
      nothing_without_a_deadline_is_a_mistake)
