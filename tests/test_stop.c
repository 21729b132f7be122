/* Stop tokens: who is asked to stop and when, how much time he gets, and how several graces become one. */
#include "support/fibers.h"
#include "testing/test.h"

/* Waits until it is asked to stop, says when that was, and goes on with `then`. */
static eff_t *when_asked(struct world *w, eff_t *then)
{
    return in_order(eff_until_stop(), say_time(w, "asked"), then);
}
/* Waits for ever, and says when it is interrupted. */
static eff_t *until_cut(struct world *w)
{
    return when_interrupted(eff_never(), say_time(w, "cut"));
}
static eff_t *asked_and_cut(struct world *w)
{
    return when_asked(w, until_cut(w));
}
/* Interrupts e after some time; succeeds with how it ended, as a word in the journal. */
static eff_t *interrupted_after(struct world *w, int64_t n, eff_t *e)
{
    return in_order(keep(w, 0, eff_fork(e)), ms(n), say_interrupt(w, 0));
}

/* Says a value, and returns it. */
static eff_value_t say_value(eff_value_t v, eff_value_t env)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(v, &text);
    journal_add(eff_as_ptr(env), eff_buffer_text(&text));
    eff_buffer_done(&text);
    return eff_value_incref(v);
}
/* Says whether it was asked to stop. */
static eff_t *say_stop(struct world *w)
{
    return eff_map(eff_stop_requested(), say_value, eff_ptr(w));
}

/* ---- looking */

static eff_t *looks(struct world *w)
{
    return eff_stop_requested();
}
CASE(nobody_is_asked_to_stop_at_first, looks, .succeeds = "false")

static eff_t *looks_twice(struct world *w)
{
    eff_t *body = in_order(eff_until_stop(), keep(w, 1, eff_fork(eff_stop_requested())), with_fiber(w, 1, join));
    return interrupted_after(w, 1, eff_graceful(eff_map(body, say_value, eff_ptr(w)), eff_seconds(1)));
}
CASE(once_asked_it_stays_asked_for_children_too, looks_twice, .succeeds = "unit", .journal = "true interrupt")

static eff_t *waits_in_vain(struct world *w)
{
    return eff_until_stop();
}
CASE(waiting_for_what_nobody_can_ask_is_a_deadlock, waits_in_vain, .dies = "deadlock")

static eff_t *shutdown_in_vain(struct world *w)
{
    return eff_until_shutdown();
}
CASE(waiting_for_the_shutdown_is_a_deadlock_where_none_can_come, shutdown_in_vain, .dies = "deadlock")

/* ---- graceful, when nothing happens */

static eff_t *succeeds_gracefully(struct world *w)
{
    return eff_graceful(after(5, one(1)), eff_seconds(1));
}
CASE(graceful_succeeds_as_its_body_does, succeeds_gracefully, .succeeds = "1", .timed = true, .ms = 5)

static eff_t *fails_gracefully(struct world *w)
{
    return eff_graceful(after(5, failing(1)), eff_seconds(1));
}
CASE(graceful_fails_as_its_body_does, fails_gracefully, .cause = "fail(1)", .timed = true, .ms = 5)

static eff_t *at_once(struct world *w)
{
    return eff_graceful(one(1), eff_seconds(1));
}
CASE(a_body_that_ends_at_once_needs_no_clock, at_once, .succeeds = "1")

static eff_t *stalls_gracefully(struct world *w)
{
    return eff_graceful(eff_never(), eff_seconds(1));
}
static void names_no_grace(struct world *w, const eff_exit_t *exit)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit->cause, &text);
    ck_assert_ptr_nonnull(strstr(text.text, "deadlock"));
    ck_assert_ptr_null(strstr(text.text, "grace to begin"));
    eff_buffer_done(&text);
}
CASE(a_deadlock_under_it_does_not_name_who_measures_the_grace, stalls_gracefully, .check = names_no_grace)

/* ---- interrupting the caller */

static eff_t *in_good_order(struct world *w)
{
    eff_t *body = when_asked(w, in_order(ms(5), say_time(w, "done"), one(7)));
    return eff_timeout(eff_graceful(body, eff_millis(100)), eff_millis(10));
}
CASE(an_interruption_asks_first_and_the_caller_stays, in_good_order, .succeeds = "none", .journal = "asked@10 done@15",
     .timed = true, .ms = 15)

static eff_t *too_slow(struct world *w)
{
    return eff_timeout(eff_graceful(asked_and_cut(w), eff_millis(20)), eff_millis(10));
}
CASE(it_is_interrupted_when_the_grace_has_passed, too_slow, .succeeds = "none", .journal = "asked@10 cut@30",
     .timed = true, .ms = 30)

static eff_t *deaf(struct world *w)
{
    return eff_timeout(eff_graceful(until_cut(w), eff_millis(20)), eff_millis(10));
}
CASE(who_does_not_listen_is_interrupted_when_the_grace_has_passed, deaf, .succeeds = "none", .journal = "cut@30",
     .timed = true, .ms = 30)

static eff_t *drops_the_value(struct world *w)
{
    eff_t *body = when_asked(w, eff_succeed(eff_printf("dropped")));
    return interrupted_after(w, 10, eff_graceful(body, eff_seconds(1)));
}
CASE(the_value_of_a_body_whose_caller_was_interrupted_is_dropped, drops_the_value, .succeeds = "unit",
     .journal = "asked@10 interrupt")

static eff_t *fails_when_asked(struct world *w)
{
    return interrupted_after(w, 10, eff_graceful(when_asked(w, failing(3)), eff_seconds(1)));
}
CASE(a_failure_after_being_asked_goes_before_the_interruption, fails_when_asked, .succeeds = "unit",
     .journal = "asked@10 then(fail:3,interrupt)")

static eff_t *masked(struct world *w)
{
    eff_t *e = eff_uninterruptible(eff_graceful(after(20, say_stop(w)), eff_seconds(1)));
    return interrupted_after(w, 10, e);
}
CASE(under_a_mask_the_interruption_is_not_seen, masked, .succeeds = "unit", .journal = "false interrupt", .timed = true,
     .ms = 20)

static eff_t *interrupts_its_caller(struct world *w)
{
    eff_t *body = eff_then(with_fiber(w, 0, interrupt_fork), asked_and_cut(w));
    return in_order(keep(w, 0, eff_fork(eff_graceful(body, eff_millis(20)))), say_await(w, 0));
}
CASE(a_body_that_interrupts_its_caller_as_it_starts_gets_its_grace, interrupts_its_caller, .succeeds = "unit",
     .journal = "asked@0 cut@20 interrupt", .timed = true, .ms = 20)

/* ---- no time */

static eff_t *no_time(struct world *w)
{
    eff_t *body = eff_ensuring(asked_and_cut(w), say_stop(w));
    return interrupted_after(w, 10, eff_graceful(body, eff_seconds(0)));
}
CASE(without_grace_it_is_asked_and_interrupted_at_once, no_time, .succeeds = "unit", .journal = "true interrupt",
     .timed = true, .ms = 10)

static eff_t *negative_time(struct world *w)
{
    eff_t *body = eff_ensuring(asked_and_cut(w), say_stop(w));
    return interrupted_after(w, 10, eff_graceful(body, eff_seconds(-1)));
}
CASE(a_negative_grace_is_none, negative_time, .succeeds = "unit", .journal = "true interrupt", .timed = true, .ms = 10)

static eff_t *no_time_inside(struct world *w)
{
    eff_t *body = eff_ensuring(asked_and_cut(w), say_stop(w));
    return interrupted_after(w, 10, eff_graceful(eff_graceful(body, eff_seconds(0)), eff_seconds(1)));
}
CASE(one_without_grace_inside_is_interrupted_as_the_outer_one_is_asked, no_time_inside, .succeeds = "unit",
     .journal = "true then(interrupt,interrupt)", .timed = true, .ms = 10)

/* ---- several */

static eff_t *shorter_outside(struct world *w)
{
    eff_t *inner = eff_graceful(asked_and_cut(w), eff_millis(50));
    return eff_timeout(eff_graceful(inner, eff_millis(20)), eff_millis(10));
}
CASE(the_shorter_outer_grace_counts, shorter_outside, .succeeds = "none", .journal = "asked@10 cut@30", .timed = true,
     .ms = 30)

static eff_t *shorter_inside(struct world *w)
{
    eff_t *inner = eff_ensuring(eff_graceful(asked_and_cut(w), eff_millis(20)), say_time(w, "inner"));
    eff_t *both = eff_zip_par(inner, when_asked(w, in_order(ms(35), say_time(w, "late"))));
    return eff_timeout(eff_graceful(eff_to_exit(both), eff_millis(50)), eff_millis(10));
}
CASE(the_shorter_inner_grace_counts_for_the_inner_body, shorter_inside, .succeeds = "none",
     .journal = "asked@10 asked@10 cut@30 inner@30", .timed = true, .ms = 30, .without = NO_SHUFFLES)

static eff_t *siblings(struct world *w)
{
    eff_t *short_one = eff_to_exit(eff_graceful(asked_and_cut(w), eff_millis(10)));
    eff_t *long_one = eff_to_exit(eff_graceful(asked_and_cut(w), eff_millis(30)));
    return eff_timeout(eff_graceful(eff_zip_par(short_one, long_one), eff_millis(20)), eff_millis(5));
}
CASE(each_inner_grace_ends_by_itself_and_the_outer_one_ends_the_rest, siblings, .succeeds = "none",
     .journal = "asked@5 asked@5 cut@15 cut@25", .timed = true, .ms = 25, .without = NO_SHUFFLES)

static eff_t *asked_early(struct world *w)
{
    eff_t *inner = eff_timeout(eff_graceful(asked_and_cut(w), eff_millis(100)), eff_millis(10));
    return eff_timeout(eff_graceful(inner, eff_millis(30)), eff_millis(15));
}
CASE(an_outer_grace_that_ends_cuts_an_inner_one_that_was_interrupted_before, asked_early, .succeeds = "none",
     .journal = "asked@10 cut@45", .timed = true, .ms = 45)

static eff_t *heard_before(struct world *w)
{
    eff_t *inner = eff_timeout(eff_graceful(asked_and_cut(w), eff_millis(20)), eff_millis(15));
    return eff_timeout(eff_graceful(inner, eff_millis(100)), eff_millis(10));
}
CASE(the_time_counts_from_the_first_time_it_is_asked, heard_before, .succeeds = "none", .journal = "asked@10 cut@30",
     .timed = true, .ms = 30)

static eff_t *begins_late(struct world *w)
{
    eff_t *late = eff_then(eff_until_stop(), eff_graceful(asked_and_cut(w), eff_millis(20)));
    return eff_timeout(eff_graceful(late, eff_millis(100)), eff_millis(10));
}
CASE(one_that_begins_when_all_were_asked_has_its_grace_from_then, begins_late, .succeeds = "none",
     .journal = "asked@10 cut@30", .timed = true, .ms = 30)

/* ---- fibers that outlive what they were forked in */

static eff_t *forks_then_is_asked(struct world *w, eff_t *(*fork)(struct world *w, eff_t *e))
{
    eff_t *inner = eff_graceful(fork(w, asked_and_cut(w)), eff_seconds(1));
    eff_t *outer = eff_graceful(in_order(inner, say_time(w, "inner"), when_asked(w, ms(5))), eff_seconds(1));
    return eff_timeout(eff_scoped(outer), eff_millis(10));
}
static eff_t *in_scope_around(struct world *w, eff_t *e)
{
    return eff_fork_scoped(e);
}
static eff_t *scoped_fork(struct world *w)
{
    return forks_then_is_asked(w, in_scope_around);
}
CASE(who_outlives_a_graceful_part_hears_of_the_one_around_it, scoped_fork, .succeeds = "none",
     .journal = "inner@0 asked@10 asked@10 cut@15", .timed = true, .ms = 15, .without = NO_SHUFFLES)

static eff_t *fork_into(eff_value_t scope, eff_value_t e)
{
    return eff_fork_in(eff_as_scope(scope), eff_incref(eff_as_effect(e)));
}
static eff_t *in_outer_scope(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *fork = eff_flat_map(eff_succeed(eff_value_incref(scope)), fork_into, eff_effect_value(asked_and_cut(w)));
    eff_t *inner = eff_graceful(in_order(fork, when_asked(w, eff_noop())), eff_seconds(1));
    return eff_ensuring(eff_timeout(inner, eff_millis(5)), say_time(w, "inner"));
}
static eff_t *forks_into_outer(struct world *w)
{
    eff_t *body = eff_flat_map(eff_scope_current(), in_outer_scope, eff_ptr(w));
    return eff_timeout(eff_graceful(eff_scoped(eff_then(body, eff_never())), eff_millis(20)), eff_millis(10));
}
CASE(a_fiber_of_an_outer_scope_listens_to_that_of_its_scope, forks_into_outer, .succeeds = "none",
     .journal = "asked@5 inner@5 asked@10 cut@30", .timed = true, .ms = 30)

/* ---- unless_stopped */

static eff_t *in_time(struct world *w)
{
    return eff_unless_stopped(after(5, one(1)));
}
CASE(unless_stopped_succeeds_with_some_value, in_time, .succeeds = "some(1)", .timed = true, .ms = 5)

static eff_t *fails_in_time(struct world *w)
{
    return eff_unless_stopped(after(5, failing(1)));
}
CASE(unless_stopped_fails_as_its_body_does, fails_in_time, .cause = "fail(1)")

static eff_t *stopped(struct world *w)
{
    eff_t *body = eff_map(eff_unless_stopped(until_cut(w)), say_value, eff_ptr(w));
    return eff_timeout(eff_graceful(body, eff_seconds(1)), eff_millis(10));
}
CASE(asked_meanwhile_its_body_is_interrupted_and_there_is_none, stopped, .succeeds = "none", .journal = "cut@10 none",
     .timed = true, .ms = 10)

static eff_t *stopped_before(struct world *w)
{
    eff_t *body = eff_map(eff_unless_stopped(say(w, "never")), say_value, eff_ptr(w));
    return eff_timeout(eff_graceful(eff_then(eff_until_stop(), body), eff_seconds(1)), eff_millis(10));
}
CASE(asked_before_its_body_does_not_begin, stopped_before, .succeeds = "none", .journal = "none")

static eff_t *same_turn(struct world *w)
{
    eff_t *body = eff_map(eff_unless_stopped(eff_map_to(eff_until_stop(), eff_int(1))), say_value, eff_ptr(w));
    return eff_timeout(eff_graceful(body, eff_seconds(1)), eff_millis(10));
}
CASE(a_body_that_ends_in_the_same_turn_wins, same_turn, .succeeds = "none", .journal = "some(1)",
     .without = NO_SHUFFLES) /* the order decides */

/* A server's loop: rounds until it is asked, then what is left. */
static eff_t *again(eff_value_t v, eff_value_t env);
static eff_t *rounds(struct world *w)
{
    return eff_flat_map(eff_unless_stopped(eff_then(ms(4), count(w, 0))), again, eff_ptr(w));
}
static eff_t *again(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_is_some(v) ? rounds(w) : say_time(w, "closed");
}
static eff_t *server(struct world *w)
{
    return eff_timeout(eff_graceful(rounds(w), eff_seconds(1)), eff_millis(10));
}
static void served_twice(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[0], 2);
}
CASE(a_loop_of_rounds_ends_in_good_order, server, .succeeds = "none", .journal = "closed@10", .check = served_twice)

/* ---- in depth */

enum { DEEP = 20000, SMALL_STACK = 128 * 1024 };

static void *interrupts_nested(void *arg)
{
    eff_t *e = eff_never();
    for (int i = 0; i < DEEP; i++)
        e = eff_graceful(e, eff_millis(DEEP - i));
    ck_assert_succeeds(eff_timeout(e, eff_millis(10)), "none");
    return arg;
}
START_TEST(nested_ones_are_asked_cut_and_ended_on_a_small_stack)
{
    pthread_t thread;
    pthread_attr_t attr;
    ck_assert_int_eq(pthread_attr_init(&attr), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attr, SMALL_STACK), 0);
    ck_assert_int_eq(pthread_create(&thread, &attr, interrupts_nested, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attr);
}
END_TEST

/* ---- in messages */

EFF_DECLARE_SERVICE(colour, const char);
EFF_DEFINE_SERVICE(colour, const char);
static eff_t *use_colour(const char *name, eff_value_t env)
{
    return eff_noop();
}
static eff_t *asks_for_a_service(struct world *w)
{
    return eff_graceful(colour_with(use_colour, eff_unit), eff_seconds(1));
}
static void names_the_clock_only(struct world *w, const eff_exit_t *exit)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit->cause, &text);
    ck_assert_ptr_nonnull(strstr(text.text, "what is provided here: eff_clock\n"));
    eff_buffer_done(&text);
}
CASE(the_token_is_no_service_that_messages_list, asks_for_a_service, .check = names_the_clock_only)

/* ---- what builders refuse */

START_TEST(what_is_missing_is_a_defect)
{
    ck_assert_dies(eff_graceful(NULL, eff_seconds(1)), "argument 1 of eff_graceful is NULL");
    ck_assert_dies(eff_unless_stopped(NULL), "argument 1 of eff_unless_stopped is NULL");
    ck_assert_dies(eff_graceful(eff_out_of_memory(), eff_seconds(1)), "out of memory");
}
END_TEST

START_TEST(a_context_of_a_runtime_that_is_gone_asks_nobody)
{
    eff_context_t *kept = NULL;
    struct world w;
    memset(&w, 0, sizeof w);
    eff_exit_t exit = eff_test_run(eff_graceful(eff_context(), eff_seconds(1)));
    kept = eff_context_incref(eff_as_context(exit.value));
    eff_exit_decref(exit);
    ck_assert_succeeds(eff_provide_context(eff_stop_requested(), kept), "false");
}
END_TEST

static eff_t *say_reason(const eff_exit_t *exit, eff_value_t env)
{
    eff_interrupt_reason_t reason = EFF_INTERRUPT_EXPLICIT;
    if (!exit->ok) (void)eff_cause_interruption(exit->cause, NULL, &reason, NULL);
    return say(eff_as_ptr(env), reason == EFF_INTERRUPT_STOP ? "asked" : "otherwise");
}
static eff_t *told_why(struct world *w)
{
    eff_t *body = eff_unless_stopped(eff_on_exit(eff_never(), say_reason, eff_ptr(w)));
    return in_order(keep(w, 0, eff_fork(eff_graceful(body, eff_seconds(1)))), ms(5), say_interrupt(w, 0));
}
CASE(what_is_asked_to_stop_is_interrupted_for_that_reason, told_why, .succeeds = "unit", .journal = "asked interrupt",
     .without = NO_INTERRUPTS | NO_AROUND /* whoever ends it otherwise is another reason */)

TESTS(nobody_is_asked_to_stop_at_first, once_asked_it_stays_asked_for_children_too,
      waiting_for_what_nobody_can_ask_is_a_deadlock, waiting_for_the_shutdown_is_a_deadlock_where_none_can_come,
      graceful_succeeds_as_its_body_does, graceful_fails_as_its_body_does, a_body_that_ends_at_once_needs_no_clock,
      a_deadlock_under_it_does_not_name_who_measures_the_grace, an_interruption_asks_first_and_the_caller_stays,
      it_is_interrupted_when_the_grace_has_passed, who_does_not_listen_is_interrupted_when_the_grace_has_passed,
      the_value_of_a_body_whose_caller_was_interrupted_is_dropped,
      a_failure_after_being_asked_goes_before_the_interruption, under_a_mask_the_interruption_is_not_seen,
      a_body_that_interrupts_its_caller_as_it_starts_gets_its_grace, without_grace_it_is_asked_and_interrupted_at_once,
      a_negative_grace_is_none, one_without_grace_inside_is_interrupted_as_the_outer_one_is_asked,
      the_shorter_outer_grace_counts, the_shorter_inner_grace_counts_for_the_inner_body,
      each_inner_grace_ends_by_itself_and_the_outer_one_ends_the_rest,
      an_outer_grace_that_ends_cuts_an_inner_one_that_was_interrupted_before,
      the_time_counts_from_the_first_time_it_is_asked, one_that_begins_when_all_were_asked_has_its_grace_from_then,
      who_outlives_a_graceful_part_hears_of_the_one_around_it, a_fiber_of_an_outer_scope_listens_to_that_of_its_scope,
      unless_stopped_succeeds_with_some_value, unless_stopped_fails_as_its_body_does,
      asked_meanwhile_its_body_is_interrupted_and_there_is_none, asked_before_its_body_does_not_begin,
      a_body_that_ends_in_the_same_turn_wins, a_loop_of_rounds_ends_in_good_order,
      nested_ones_are_asked_cut_and_ended_on_a_small_stack, the_token_is_no_service_that_messages_list,
      what_is_missing_is_a_defect, a_context_of_a_runtime_that_is_gone_asks_nobody,
      what_is_asked_to_stop_is_interrupted_for_that_reason)
