/* Recovering from failures; conformance area CAUSE as far as it needs running, and B2 to B5. What a cause looks like by
 * itself is tested in test_cause.c and test_cause_text.c; how it is printed with its trace, in test_recover_trace.c. */
#include "support/fibers.h"

static const eff_error_kind_t parse_error = { "parse error", NULL };
static const eff_error_kind_t header_error = { "header error", &parse_error };

static eff_t *fail_header(void)
{
    return eff_fail(eff_error(&header_error, 0, "no colon"));
}

/* ---- handlers */

static eff_t *add_env(eff_value_t v, eff_value_t env)
{
    return eff_succeed(eff_int(eff_as_int(v) + eff_as_int(env)));
}
static eff_t *give_text(eff_value_t v, eff_value_t env)
{
    (void)env;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(v, &text);
    eff_value_t string = eff_printf("caught %s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    return eff_succeed(string);
}
static eff_t *fail_again(eff_value_t v, eff_value_t env)
{
    return eff_fail(eff_int(eff_as_int(v) + eff_as_int(env)));
}
static eff_t *must_not_run(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_die(eff_literal("this handler must not run"));
}
static eff_t *say_called(eff_value_t v, eff_value_t env)
{
    (void)v;
    return say(eff_as_ptr(env), "called");
}
static bool is_env(eff_value_t v, eff_value_t env)
{
    return eff_value_equal(v, env);
}
static eff_t *say_cause(const eff_cause_t *cause, eff_value_t env)
{
    return say_exit(eff_as_ptr(env), eff_fail_cause(eff_cause_incref(cause)));
}
static eff_t *cause_must_not_run(const eff_cause_t *cause, eff_value_t env)
{
    (void)cause, (void)env;
    return eff_die(eff_literal("this handler must not run"));
}
static eff_t *rethrow(const eff_cause_t *cause, eff_value_t env)
{
    (void)env;
    return eff_fail_cause(eff_cause_incref(cause));
}

/* A fiber's own end as a value: interrupted before, and joined. */
static eff_t *joins_interrupted(struct world *w)
{
    return in_order(keep(w, 7, eff_fork(eff_never())), with_fiber(w, 7, interrupt), with_fiber(w, 7, join));
}

/* ---- catch_all and its kin */

static eff_t *caught(struct world *w)
{
    (void)w;
    return eff_catch_all(failing(40), add_env, eff_int(2));
}
CASE(catch_all_gives_the_error_to_the_handler, caught, .succeeds = "42")

static eff_t *success_passes(struct world *w)
{
    (void)w;
    return eff_catch_all(one(1), must_not_run, eff_unit);
}
CASE(catch_all_lets_a_success_pass, success_passes, .succeeds = "1")

static eff_t *defect_passes(struct world *w)
{
    (void)w;
    return eff_catch_all(dying(), must_not_run, eff_unit);
}
CASE(catch_all_does_not_see_defects, defect_passes, .dies = "boom")

static eff_t *interrupt_passes(struct world *w)
{
    return eff_catch_all(joins_interrupted(w), must_not_run, eff_unit);
}
CASE(catch_all_does_not_see_interruptions_of_others, interrupt_passes, .interrupted = true)

static eff_t *leftmost(struct world *w)
{
    (void)w;
    eff_t *two = eff_fail_cause(eff_cause_both(eff_cause_fail(eff_int(1)), eff_cause_fail(eff_int(2))));
    return eff_catch_all(two, add_env, eff_int(10));
}
CASE(catch_all_gets_the_leftmost_failure, leftmost, .succeeds = "11")

static eff_t *with_a_defect(struct world *w)
{
    (void)w;
    return eff_catch_all(eff_ensuring(failing(1), dying()), must_not_run, eff_unit);
}
CASE(catch_all_lets_a_failure_with_a_defect_beside_it_pass, with_a_defect, .cause = "then(fail(1), die)",
     .without = NO_ALLOCATIONS /* without memory for the Then the older cause is kept, and that is caught */)

static eff_t *handler_fails(struct world *w)
{
    (void)w;
    return eff_catch_all(failing(1), fail_again, eff_int(1));
}
CASE(the_handlers_own_failure_replaces_the_one_it_handled, handler_fails, .cause = "fail(2)")

static eff_t *type_matches(struct world *w)
{
    (void)w;
    return eff_catch_type(failing(1), &eff_int_type, add_env, eff_int(1));
}
CASE(catch_type_catches_its_type, type_matches, .succeeds = "2")

static eff_t *type_differs(struct world *w)
{
    (void)w;
    return eff_catch_type(eff_fail(eff_literal("text")), &eff_int_type, must_not_run, eff_unit);
}
CASE(catch_type_lets_other_types_pass, type_differs, .cause = "fail(text)")

static eff_t *kind_below(struct world *w)
{
    (void)w;
    return eff_catch_kind(fail_header(), &parse_error, give_text, eff_unit);
}
CASE(catch_kind_catches_kinds_below_its_own, kind_below, .succeeds = "caught header error: no colon")

static eff_t *kind_above(struct world *w)
{
    (void)w;
    eff_t *e = eff_fail(eff_error(&parse_error, 0, "no file"));
    return eff_catch_kind(eff_catch_kind(e, &header_error, must_not_run, eff_unit), &eff_system_error, must_not_run,
                          eff_unit);
}
CASE(catch_kind_lets_the_kind_above_and_strangers_pass, kind_above, .fails = "parse error: no file")

static eff_t *kind_of_no_error(struct world *w)
{
    (void)w;
    return eff_catch_kind(failing(1), &eff_any_error, must_not_run, eff_unit);
}
CASE(catch_kind_lets_values_that_are_no_errors_pass, kind_of_no_error, .cause = "fail(1)")

static eff_t *some_match(struct world *w)
{
    (void)w;
    return eff_catch_some(failing(5), is_env, add_env, eff_int(5));
}
CASE(catch_some_catches_what_the_predicate_holds_for, some_match, .succeeds = "10")

static eff_t *no_match(struct world *w)
{
    (void)w;
    return eff_catch_some(failing(5), is_env, must_not_run, eff_int(6));
}
/* CAUSE-036 */
CASE(CAUSE_036_catch_some_lets_the_others_pass_unchanged, no_match, .cause = "fail(5)")

static eff_t *typed_and_defects(struct world *w)
{
    (void)w;
    eff_t *e = eff_catch_type(dying(), &eff_string_type, must_not_run, eff_unit);
    e = eff_catch_kind(e, &eff_any_error, must_not_run, eff_unit);
    return eff_catch_some(e, is_env, must_not_run, eff_literal("boom"));
}
CASE(no_typed_handler_sees_a_defect, typed_and_defects, .dies = "boom")

/* ---- whole causes */

static eff_t *succeed_with_cause(const eff_cause_t *cause, eff_value_t env)
{
    (void)env;
    return eff_succeed(eff_cause_value(eff_cause_incref(cause)));
}
static eff_t *whole_cause(struct world *w)
{
    (void)w;
    return eff_catch_cause(eff_then(one(42), eff_fail(eff_literal("uh oh"))), succeed_with_cause, eff_unit);
}
static void is_uh_oh(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert(exit->ok);
    eff_cause_t *expected = eff_cause_fail(eff_literal("uh oh"));
    ck_assert(eff_cause_equal(eff_as_cause(exit->value), expected));
    eff_cause_decref(expected);
}
/* CAUSE-001 */
CASE(CAUSE_001_catch_cause_gets_exactly_the_cause, whole_cause, .check = is_uh_oh)

static eff_t *sees_everything(struct world *w)
{
    eff_value_t env = eff_ptr(w);
    eff_t *e = eff_catch_cause(failing(1), say_cause, env);
    e = eff_then(e, eff_catch_cause(dying(), say_cause, env));
    e = eff_then(e, eff_catch_cause(joins_interrupted(w), say_cause, env));
    return eff_then(e, eff_catch_cause(one(3), cause_must_not_run, env));
}
CASE(catch_cause_sees_failures_defects_and_interruptions_of_others, sees_everything, .succeeds = "3",
     .journal = "fail:1 die interrupt")

static eff_t *own_interruption(struct world *w)
{
    eff_t *e = eff_catch_cause(eff_interrupt_self(), cause_must_not_run, eff_unit);
    return eff_catch_cause(eff_then(e, say(w, "went-on")), cause_must_not_run, eff_unit);
}
CASE(catch_cause_does_not_see_the_fibers_own_interruption, own_interruption, .interrupted = true, .journal = "")

static eff_t *exits_as_values(struct world *w)
{
    (void)w;
    return eff_zip(eff_to_exit(one(1)), eff_to_exit(failing(2)));
}
static void are_the_exits(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert(exit->ok);
    ck_assert_str_eq(shape_of(eff_as_exit(eff_first(exit->value))), "ok(1)");
    ck_assert_str_eq(shape_of(eff_as_exit(eff_second(exit->value))), "fail(2)");
}
CASE(to_exit_gives_the_exit_as_a_value, exits_as_values, .check = are_the_exits)

static eff_t *fallback_dies(struct world *w)
{
    return eff_catch_cause(eff_or_else(eff_fail(eff_literal("a")), dying()), say_cause, eff_ptr(w));
}
/* CAUSE-008 */
CASE(CAUSE_008_the_failure_of_the_fallback_is_what_remains, fallback_dies, .succeeds = "unit", .journal = "die")

static eff_t *fallback_used(struct world *w)
{
    return eff_zip(eff_or_else(failing(1), one(2)), eff_or_else(one(3), say(w, "fallback")));
}
CASE(or_else_runs_the_other_only_after_a_failure, fallback_used, .succeeds = "(2, 3)", .journal = "")

static eff_t *rethrown(struct world *w)
{
    (void)w;
    eff_cause_t *left = eff_cause_then(eff_cause_fail(eff_int(1)), eff_cause_die(eff_literal("d")));
    eff_cause_t *right =
        eff_cause_both(eff_cause_fail(eff_int(2)), eff_cause_interrupt(9, EFF_INTERRUPT_EXPLICIT, NULL));
    return eff_catch_cause(eff_fail_cause(eff_cause_both(left, right)), rethrow, eff_unit);
}
/* CAUSE-039 */
CASE(CAUSE_039_rethrowing_keeps_the_whole_cause, rethrown,
     .cause = "both(then(fail(1), die), both(fail(2), interrupt))")

/* ---- fold, match, option, ignore */

/* B2 */
static eff_t *success_handler_fails(struct world *w)
{
    (void)w;
    return eff_fold(one(1), must_not_run, fail_again, eff_int(1));
}
CASE(folds_failure_handler_does_not_see_the_success_handlers_failure, success_handler_fails, .cause = "fail(2)")

static eff_t *folded(struct world *w)
{
    (void)w;
    return eff_zip(eff_fold(failing(1), add_env, must_not_run, eff_int(1)),
                   eff_fold(one(5), must_not_run, add_env, eff_int(1)));
}
CASE(fold_calls_exactly_one_of_the_two, folded, .succeeds = "(2, 6)")

static eff_t *fold_defect(struct world *w)
{
    (void)w;
    return eff_fold(dying(), must_not_run, must_not_run, eff_unit);
}
CASE(fold_lets_a_defect_pass_both, fold_defect, .dies = "boom")

static eff_value_t text_of_failure(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_printf("failed with %d", (int)eff_as_int(v));
}
static eff_value_t text_of_success(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_printf("got %d", (int)eff_as_int(v));
}
static eff_t *matched(struct world *w)
{
    (void)w;
    eff_t *failed = eff_match(failing(1), text_of_failure, text_of_success, eff_unit);
    return eff_zip(failed, eff_match(one(2), text_of_failure, text_of_success, eff_unit));
}
CASE(match_turns_both_ways_into_a_success, matched, .succeeds = "(\"failed with 1\", \"got 2\")")

static eff_t *options(struct world *w)
{
    (void)w;
    return eff_zip(eff_option(one(1)), eff_zip(eff_option(failing(1)), eff_option(eff_succeed(eff_none()))));
}
CASE(option_gives_some_or_none, options, .succeeds = "(some(1), (none, some(none)))")

static eff_t *ignored(struct world *w)
{
    (void)w;
    return eff_zip(eff_ignore(one(1)), eff_ignore(failing(1)));
}
CASE(ignore_gives_unit_for_successes_and_failures, ignored, .succeeds = "(unit, unit)")

static eff_t *ignored_defect(struct world *w)
{
    (void)w;
    return eff_ignore(eff_option(dying()));
}
CASE(option_and_ignore_do_not_hide_defects, ignored_defect, .dies = "boom")

/* ---- failures as defects */

static eff_t *refined(struct world *w)
{
    return eff_zip(say_exit(w, eff_refine_or_die(failing(1), &eff_int_type)),
                   say_exit(w, eff_refine_or_die(eff_fail(eff_literal("x")), &eff_int_type)));
}
/* CAUSE-031 */
CASE(CAUSE_031_refine_or_die_keeps_one_type_of_failure, refined, .succeeds = "(unit, unit)", .journal = "fail:1 die")

static eff_t *dies_of_failure(struct world *w)
{
    (void)w;
    return eff_or_die(eff_fail(eff_literal("the error")));
}
CASE(or_die_makes_the_failure_the_defect, dies_of_failure, .dies = "the error")

static eff_t *or_die_success(struct world *w)
{
    (void)w;
    return eff_or_die(eff_refine_or_die(one(1), &eff_string_type));
}
CASE(or_die_and_refine_or_die_let_a_success_pass, or_die_success, .succeeds = "1")

/* ---- side effects on failure */

static eff_t *on_errors(struct world *w)
{
    eff_t *e = say_exit(w, eff_on_error(failing(1), say_cause, eff_ptr(w)));
    e = eff_then(e, say_exit(w, eff_on_error(one(2), say_cause, eff_ptr(w))));
    return eff_then(e, say_exit(w, eff_on_error(dying(), say_cause, eff_ptr(w))));
}
/* CAUSE-033 */
CASE(CAUSE_033_on_error_runs_for_failures_and_defects_only, on_errors, .succeeds = "unit",
     .journal = "fail:1 fail:1 ok:2 die die")

static eff_t *on_error_interrupted(struct world *w)
{
    return eff_on_error(eff_interrupt_self(), say_cause, eff_ptr(w));
}
CASE(on_error_runs_when_the_fiber_is_interrupted, on_error_interrupted, .interrupted = true, .journal = "interrupt")

static eff_t *cause_fails(const eff_cause_t *cause, eff_value_t env)
{
    return eff_then(say_cause(cause, env), failing(2));
}
static eff_t *peek_fails(struct world *w)
{
    return eff_on_error(failing(1), cause_fails, eff_ptr(w));
}
/* The source's tap_cause is on_error here. */
/* CAUSE-035 */
CASE(CAUSE_035_a_failing_side_effect_is_added_to_the_cause_it_saw, peek_fails, .cause = "then(fail(1), fail(2))",
     .journal = "fail:1")

/* B4 */
static eff_t *tap_fails(struct world *w)
{
    (void)w;
    return eff_tap_error(failing(1), fail_again, eff_int(1));
}
CASE(a_failing_tap_error_is_added_to_the_failure, tap_fails, .cause = "then(fail(1), fail(2))",
     .without =
         NO_ALLOCATIONS /* without memory for the Then the older cause is kept; being shared it cannot be marked */)

static eff_t *taps(struct world *w)
{
    eff_t *e = say_exit(w, eff_tap_error(failing(1), say_called, eff_ptr(w)));
    e = eff_then(e, say_exit(w, eff_tap_error(one(2), say_called, eff_ptr(w))));
    return eff_then(e, say_exit(w, eff_tap_error(dying(), say_called, eff_ptr(w))));
}
CASE(tap_error_runs_for_expected_failures_only, taps, .succeeds = "unit", .journal = "called fail:1 ok:2 die")

/* B5 */
static eff_t *finalizer_fails(struct world *w)
{
    return eff_zip(say_exit(w, eff_ensuring(failing(1), failing(2))), say_exit(w, eff_ensuring(one(1), failing(2))));
}
CASE(a_failing_finalizer_is_added_to_a_failure_and_replaces_a_success, finalizer_fails, .succeeds = "(unit, unit)",
     .journal = "then(fail:1,fail:2) fail:2")

static eff_t *d(const char *what)
{
    return eff_die(eff_literal(what));
}
static eff_t *three_defects(struct world *w)
{
    (void)w;
    return eff_ensuring(eff_ensuring(eff_ensuring(failing(1), d("d1")), d("d2")), d("d3"));
}
static bool join_text(const eff_cause_t *leaf, void *arg)
{
    eff_value_t v;
    journal_add(arg, eff_cause_defect(leaf, &v) ? eff_as_string(v) : "other");
    return true;
}
static void in_this_order(struct world *w, const eff_exit_t *exit)
{
    eff_cause_each(exit->cause, join_text, w);
    ck_assert_journal(w, "other d1 d2 d3");
}
/* CAUSE-009 */
CASE(CAUSE_009_every_failing_finalizer_is_kept_in_order, three_defects, .check = in_this_order)

static eff_t *defects_only(struct world *w)
{
    (void)w;
    return eff_ensuring(eff_ensuring(dying(), d("d1")), d("d2"));
}
/* CAUSE-010 */
CASE(CAUSE_010_finalizers_that_die_are_added_to_a_defect, defects_only, .cause = "then(then(die, die), die)")

static eff_t *finalizers_succeed(struct world *w)
{
    (void)w;
    return eff_option(eff_ensuring(eff_ensuring(failing(1), eff_noop()), eff_noop()));
}
/* CAUSE-038 */
CASE(CAUSE_038_finalizers_that_succeed_do_not_clear_the_failure, finalizers_succeed, .succeeds = "none")

/* ---- who interrupted */

static eff_t *first_reason(struct world *w)
{
    eff_t *body = eff_uninterruptible(after(10, eff_noop()));
    eff_t *start = eff_then(keep(w, 0, eff_fork(body)), eff_yield_now());
    eff_t *first = keep(w, 1, eff_fork(with_fiber(w, 0, interrupt_fork)));
    eff_t *second = keep(w, 2, eff_fork(after(1, with_fiber(w, 0, interrupt_fork))));
    return in_order(start, first, second, with_fiber(w, 1, join), with_fiber(w, 2, join), with_fiber(w, 0, join));
}
static void first_wins(struct world *w, const eff_exit_t *exit)
{
    uint64_t by;
    eff_interrupt_reason_t reason;
    ck_assert(!exit->ok && eff_cause_interruption(exit->cause, &by, &reason, NULL));
    ck_assert_uint_eq(by, eff_fiber_id(w->fibers[1]));
    ck_assert_int_eq(reason, EFF_INTERRUPT_EXPLICIT);
}
/* CAUSE-041 */
CASE(CAUSE_041_the_first_interrupter_is_kept, first_reason, .check = first_wins)

/* ---- payloads are dropped once */

struct counted {
    struct world *w;
};
static void counted_drop(struct counted *c)
{
    if (c->w) c->w->n[1]++;
}
EFF_STATIC_TYPE(counted, struct counted, .drop = counted_drop);

static eff_t *fail_counted(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[0]++;
    return eff_fail(counted_make((struct counted){ w }));
}
static eff_t *fails_counted(struct world *w)
{
    return eff_suspend(fail_counted, eff_ptr(w));
}
static void dropped_as_often_as_made(struct world *w)
{
    ck_assert_int_eq(w->n[0], w->n[1]);
}

static eff_t *payload_caught(struct world *w)
{
    return eff_catch_all(fails_counted(w), say_called, eff_ptr(w));
}
/* CAUSE-044 */
CASE(CAUSE_044_a_caught_payload_is_dropped_once, payload_caught, .succeeds = "unit",
     .invariant = dropped_as_often_as_made)

static eff_t *payload_uncaught(struct world *w)
{
    return eff_ensuring(fails_counted(w), say(w, "end"));
}
static void is_counted(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    eff_value_t v;
    ck_assert(!exit->ok && eff_cause_failure(exit->cause, &v) && eff_value_is(v, &counted_type));
}
/* CAUSE-044 */
CASE(CAUSE_044_an_uncaught_payload_is_dropped_once, payload_uncaught, .check = is_counted, .journal = "end",
     .invariant = dropped_as_often_as_made)

static eff_t *payload_lost(struct world *w)
{
    return eff_race(after(1, fails_counted(w)), after(2, one(1)));
}
/* CAUSE-044 */
CASE(CAUSE_044_a_losers_payload_is_dropped_once, payload_lost, .succeeds = "1", .invariant = dropped_as_often_as_made)

static eff_value_t to_int(eff_value_t v, eff_value_t env)
{
    (void)v;
    return env;
}
static eff_t *payload_mapped(struct world *w)
{
    return eff_map_error(fails_counted(w), to_int, eff_int(5));
}
/* CAUSE-044 */
CASE(CAUSE_044_a_mapped_payload_is_dropped_once, payload_mapped, .cause = "fail(5)",
     .invariant = dropped_as_often_as_made)

TESTS(catch_all_gives_the_error_to_the_handler, catch_all_lets_a_success_pass, catch_all_does_not_see_defects,
      catch_all_does_not_see_interruptions_of_others, catch_all_gets_the_leftmost_failure,
      catch_all_lets_a_failure_with_a_defect_beside_it_pass, the_handlers_own_failure_replaces_the_one_it_handled,
      catch_type_catches_its_type, catch_type_lets_other_types_pass, catch_kind_catches_kinds_below_its_own,
      catch_kind_lets_the_kind_above_and_strangers_pass, catch_kind_lets_values_that_are_no_errors_pass,
      catch_some_catches_what_the_predicate_holds_for, CAUSE_036_catch_some_lets_the_others_pass_unchanged,
      no_typed_handler_sees_a_defect, CAUSE_001_catch_cause_gets_exactly_the_cause,
      catch_cause_sees_failures_defects_and_interruptions_of_others,
      catch_cause_does_not_see_the_fibers_own_interruption, to_exit_gives_the_exit_as_a_value,
      CAUSE_008_the_failure_of_the_fallback_is_what_remains, or_else_runs_the_other_only_after_a_failure,
      CAUSE_039_rethrowing_keeps_the_whole_cause, folds_failure_handler_does_not_see_the_success_handlers_failure,
      fold_calls_exactly_one_of_the_two, fold_lets_a_defect_pass_both, match_turns_both_ways_into_a_success,
      option_gives_some_or_none, ignore_gives_unit_for_successes_and_failures, option_and_ignore_do_not_hide_defects,
      CAUSE_031_refine_or_die_keeps_one_type_of_failure, or_die_makes_the_failure_the_defect,
      or_die_and_refine_or_die_let_a_success_pass, CAUSE_033_on_error_runs_for_failures_and_defects_only,
      on_error_runs_when_the_fiber_is_interrupted, CAUSE_035_a_failing_side_effect_is_added_to_the_cause_it_saw,
      a_failing_tap_error_is_added_to_the_failure, tap_error_runs_for_expected_failures_only,
      a_failing_finalizer_is_added_to_a_failure_and_replaces_a_success,
      CAUSE_009_every_failing_finalizer_is_kept_in_order, CAUSE_010_finalizers_that_die_are_added_to_a_defect,
      CAUSE_038_finalizers_that_succeed_do_not_clear_the_failure, CAUSE_041_the_first_interrupter_is_kept,
      CAUSE_044_a_caught_payload_is_dropped_once, CAUSE_044_an_uncaught_payload_is_dropped_once,
      CAUSE_044_a_losers_payload_is_dropped_once, CAUSE_044_a_mapped_payload_is_dropped_once)
