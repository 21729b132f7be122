/* What effects are: descriptions that hold no result, run any number of times, compose to any depth in constant C stack,
 * and turn every mistake of a callback into a defect. */
#include <errno.h>
#include <unistd.h>

#include <event2/event.h>

#include "support/failing_allocator.h"
#include "support/fibers.h"
#include "support/harness.h"

/* ---- descriptions */

static eff_t *same_description_twice(struct world *w)
{
    eff_t *e = count(w, 0);
    w->n[0] = 42;
    return eff_zip(eff_incref(e), e);
}
/* CORE-001 */
CASE(CORE_001_each_run_of_a_description_runs_its_callback_again, same_description_twice, .succeeds = "(43, 44)")

static eff_t *count_a_hit(eff_value_t env)
{
    return count(eff_as_ptr(env), 0);
}

/* CORE-003 */
START_TEST(CORE_003_suspend_builds_when_it_is_run)
{
    struct world w = { 0 };
    eff_t *e = eff_suspend(count_a_hit, eff_ptr(&w));
    ck_assert_int_eq(w.n[0], 0);
    ck_assert_succeeds(e, "1");
    ck_assert_int_eq(w.n[0], 1);
}
END_TEST

START_TEST(a_description_that_is_never_run_does_nothing_and_leaves_nothing)
{
    struct world w = { 0 };
    eff_decref(eff_ensuring(acquire(&w, "a"), eff_then(say(&w, "b"), eff_fork(eff_never()))));
    ck_assert_journal(&w, "");
}
END_TEST

static eff_t *visit_and_add(eff_value_t item, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[0] += eff_as_int(item);
    return eff_noop();
}

static eff_t *same_loop_twice(struct world *w)
{
    eff_t *e = eff_for_each_discard(eff_range(1, 6), visit_and_add, eff_ptr(w));
    e = eff_then(eff_incref(e), e);
    return eff_map_to(e, eff_int(0));
}
static void counted_30(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[0], 30);
}
/* CORE-034 */
CASE(CORE_034_the_place_in_a_loop_is_no_part_of_its_description, same_loop_twice, .check = counted_30)

static eff_t *twice_at_once(struct world *w)
{
    eff_t *e = eff_then(yields(say(w, "a")), yields(count(w, 0)));
    return eff_zip_par(eff_incref(e), e);
}
CASE(one_description_runs_on_two_fibers_at_once, twice_at_once, .succeeds = "(1, 2)", .journal = "a a",
     .without = NO_SHUFFLES /* who counts first */)

static eff_t *fork_and_forget_the_description(struct world *w)
{
    eff_t *e = eff_map_to(ms(100), eff_int(7));
    eff_t *forked = keep(w, 0, eff_fork(eff_incref(e)));
    eff_decref(e);
    return eff_then(forked, with_fiber(w, 0, join));
}
/* CORE-036 */
CASE(CORE_036_a_fiber_keeps_its_effect_alive, fork_and_forget_the_description, .succeeds = "7", .ms = 100,
     .timed = true)

/* ---- values */

static eff_t *null_pointer(struct world *w)
{
    return eff_succeed(eff_ptr(NULL));
}
static void is_null_pointer(struct world *w, const eff_exit_t *exit)
{
    ck_assert(exit->ok && eff_value_is(exit->value, &eff_ptr_type) && eff_as_ptr(exit->value) == NULL);
}
/* CORE-012 */
CASE(CORE_012_a_null_pointer_is_a_value, null_pointer, .check = is_null_pointer)

static eff_t *zero_and_unit_through_a_queue(struct world *w)
{
    w->queue = eff_queue_bounded(2);
    eff_t *offers = eff_then(eff_queue_offer(w->queue, eff_int(0)), eff_queue_offer(w->queue, eff_unit));
    return eff_then(offers, eff_zip(eff_queue_take(w->queue), eff_queue_take(w->queue)));
}
/* CORE-013 */
CASE(CORE_013_zero_and_unit_are_items, zero_and_unit_through_a_queue, .succeeds = "(0, unit)")

/* ---- callbacks that go wrong */

static eff_t *returns_null(eff_value_t v, eff_value_t env)
{
    return NULL;
}
static eff_t *flat_map_to_null(struct world *w)
{
    return eff_catch_all(eff_flat_map(one(1), returns_null, eff_unit), returns_null, eff_unit);
}
/* CORE-006 */
CASE(CORE_006_a_callback_that_returns_null_is_a_defect, flat_map_to_null, .dies = "callback returns_null (test_core.c:")

static eff_t *reads_wrong_type(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return acquire(w, eff_as_string(v)); /* v is an integer; what is returned is dropped */
}
static eff_t *flat_map_with_mistake(struct world *w)
{
    return eff_flat_map(one(1), reads_wrong_type, eff_ptr(w));
}
/* CORE-006 */
CASE(CORE_006_a_mistake_in_a_callback_is_a_defect_that_names_it, flat_map_with_mistake,
     .dies = "in reads_wrong_type (test_core.c:", .journal = "")

static int attempt_that_fails(eff_value_t env, eff_value_t *ret_value, eff_value_t *ret_error)
{
    *ret_error = eff_int(5);
    return -1;
}
static eff_value_t maps_wrong_type(eff_value_t error, eff_value_t env)
{
    return eff_string(eff_as_string(error));
}
static eff_t *mapped_attempt(struct world *w)
{
    eff_t *e = eff_map_error(eff_attempt(attempt_that_fails, eff_unit), maps_wrong_type, eff_unit);
    return eff_ignore(e);
}
/* CORE-009 */
CASE(CORE_009_a_mistake_in_mapping_an_error_is_a_defect_instead_of_it, mapped_attempt, .dies = "maps_wrong_type")

static int leaves_errno(eff_value_t env, eff_value_t *ret_value, eff_value_t *ret_error)
{
    *ret_value = eff_string("a value that is dropped");
    errno = ENOENT;
    return -1;
}
static eff_t *attempt_with_errno(struct world *w)
{
    return eff_attempt(leaves_errno, eff_unit);
}
CASE(an_attempt_without_an_error_fails_with_errno_and_its_name, attempt_with_errno,
     .fails = "not found: leaves_errno: No such file or directory")

static int leaves_nothing(eff_value_t env, eff_value_t *ret_value, eff_value_t *ret_error)
{
    *ret_error = eff_string("an error that is dropped");
    return 0;
}
static eff_t *attempt_without_value(struct world *w)
{
    return eff_ignore(eff_attempt(leaves_nothing, eff_unit));
}
CASE(an_attempt_without_a_value_is_a_defect, attempt_without_value, .dies = "callback leaves_nothing (test_core.c:")

static int reads_env_wrongly(eff_value_t env, eff_value_t *ret_value, eff_value_t *ret_error)
{
    *ret_value = eff_string(eff_as_string(env));
    return 0;
}
static eff_t *attempt_with_mistake(struct world *w)
{
    return eff_ignore(eff_attempt(reads_env_wrongly, eff_int(1)));
}
CASE(a_mistake_in_an_attempt_is_a_defect_instead_of_its_value, attempt_with_mistake,
     .dies = "in reads_env_wrongly (test_core.c:")

static eff_value_t absent(eff_value_t env)
{
    return (eff_value_t){ 0 };
}
static eff_t *sync_without_value(struct world *w)
{
    return eff_sync(absent, eff_unit);
}
CASE(an_absent_value_is_a_defect, sync_without_value, .dies = "callback absent (test_core.c:")

static eff_t *without_effect(struct world *w)
{
    return eff_then(NULL, say(w, "no"));
}
CASE(a_missing_effect_is_a_defect, without_effect, .dies = "NULL", .journal = "")

/* ---- callback APIs */

static void answer_at_once(eff_async_t *k, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[0]++;
    eff_async_succeed(k, eff_int(7));
}
static eff_t *async_answered_in_start(struct world *w)
{
    return eff_zip(eff_async(answer_at_once, eff_ptr(w)), count(w, 0));
}
/* CORE-011 */
CASE(CORE_011_an_async_answered_while_it_starts, async_answered_in_start, .succeeds = "(7, 2)")

static eff_async_t *pending;
static eff_cancel_t forget_pending(eff_async_t *k, void *arg)
{
    eff_async_release(k);
    pending = NULL;
    return EFF_CANCEL_GONE;
}
static void keep_pending(eff_async_t *k, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[0]++;
    pending = k;
    eff_async_on_cancel(k, forget_pending, NULL);
}
static eff_value_t answer_pending(eff_value_t env)
{
    if (pending) eff_async_succeed(pending, eff_int(7));
    return eff_unit;
}
static eff_t *async_answered_later(struct world *w)
{
    eff_t *answer = yields(eff_sync(answer_pending, eff_unit));
    return eff_zip(eff_zip_par(eff_async(keep_pending, eff_ptr(w)), answer), count(w, 0));
}
/* CORE-011 */
CASE(CORE_011_an_async_answered_later, async_answered_later, .succeeds = "((7, unit), 2)",
     .without = NO_BUDGETS /* it may be asked for later */)

/* ---- without memory */

static void run_something(void)
{
    eff_exit_t exit = eff_test_run(eff_zip(one(1), ms(1)));
    bool alright = exit.ok || (eff_cause_has_die(exit.cause) && !eff_cause_has_fail(exit.cause));
    eff_exit_decref(exit);
    ck_assert(alright);
}
static void run_something_live(void)
{
    eff_exit_t exit = eff_run(eff_zip_par(one(1), one(2)));
    bool alright = exit.ok || (eff_cause_has_die(exit.cause) && !eff_cause_has_fail(exit.cause));
    eff_exit_decref(exit);
    ck_assert(alright);
}
START_TEST(a_run_that_cannot_be_set_up_dies)
{
    fail_every_allocation(run_something);
    fail_every_allocation(run_something_live);
}
END_TEST

/* ---- choosing between effects */

static eff_t *first_success(struct world *w)
{
    return eff_or_else(eff_or_else(failing(1), one(2)), count(w, 0));
}
static void counted_nothing(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[0], 0);
}
/* CORE-021 */
CASE(CORE_021_alternatives_after_the_first_success_do_not_run, first_success, .succeeds = "2", .check = counted_nothing)

static eff_t *no_success(struct world *w)
{
    return eff_or_else(eff_or_else(failing(1), failing(2)), failing(3));
}
/* CORE-022 */
CASE(CORE_022_without_success_the_last_failure_is_the_result, no_success, .cause = "fail(3)")

static eff_t *some_effect(int which)
{
    switch (which) {
    case 0: return one(1);
    case 1: return failing(2);
    case 2: return yields(failing(3));
    case 3: return dying();
    default: return eff_ensuring(failing(4), failing(5));
    }
}

/* CORE-026 */
START_TEST(CORE_026_or_else_is_associative)
{
    for (int i = 0; i < 125; i++) {
        int a = i / 25, b = i / 5 % 5, c = i % 5;
        eff_t *left = eff_or_else(eff_or_else(some_effect(a), some_effect(b)), some_effect(c));
        eff_t *right = eff_or_else(some_effect(a), eff_or_else(some_effect(b), some_effect(c)));
        eff_exit_t x = eff_test_run(left), y = eff_test_run(right);
        ck_assert_msg(eff_exit_equal(&x, &y), "%d %d %d: %s", a, b, c, shape_of(&x));
        eff_exit_decref(x);
        eff_exit_decref(y);
    }
}
END_TEST

static eff_t *to_success(eff_value_t error, eff_value_t env)
{
    return eff_succeed(eff_value_incref(error));
}
static eff_t *to_failure(eff_value_t v, eff_value_t env)
{
    return eff_fail(eff_value_incref(v));
}
static eff_t *flip(eff_t *e)
{
    return eff_fold(e, to_success, to_failure, eff_unit);
}

/* CORE-027 */
START_TEST(CORE_027_flipping_twice_changes_nothing)
{
    for (int i = 0; i < 4; i++) {
        eff_exit_t x = eff_test_run(some_effect(i)), y = eff_test_run(flip(flip(some_effect(i))));
        ck_assert_msg(eff_exit_equal(&x, &y), "%d: %s", i, shape_of(&y));
        eff_exit_decref(x);
        eff_exit_decref(y);
    }
}
END_TEST

static eff_t *count_here(eff_value_t v, eff_value_t env)
{
    return count(eff_as_ptr(env), 0);
}
static eff_t *never_then_count(struct world *w)
{
    return eff_flat_map(eff_never(), count_here, eff_ptr(w));
}
static void never_counts(struct world *w)
{
    ck_assert_int_eq(w->n[0], 0);
}
/* CORE-028 */
CASE(CORE_028_nothing_follows_never, never_then_count, .dies = "deadlock", .invariant = never_counts)

/* ---- B2 to B6: handlers and finalizers */

static eff_t *say_bad_then_fail(eff_value_t error, eff_value_t env)
{
    return eff_then(say(eff_as_ptr(env), "bad"), failing(9));
}
static eff_t *say_good_then_fail(eff_value_t v, eff_value_t env)
{
    return eff_then(say(eff_as_ptr(env), "good"), failing(8));
}
static eff_t *fold_whose_success_handler_fails(struct world *w)
{
    return eff_fold(one(1), say_bad_then_fail, say_good_then_fail, eff_ptr(w));
}
CASE(fold_does_not_handle_the_failure_of_its_success_handler, fold_whose_success_handler_fails, .cause = "fail(8)",
     .journal = "good")

static eff_t *rethrow(const eff_cause_t *cause, eff_value_t env)
{
    return eff_fail_cause(eff_cause_incref(cause));
}
static eff_value_t plus_one(eff_value_t v, eff_value_t env)
{
    return eff_int(eff_as_int(v) + 1);
}
static eff_t *annotated_failure(struct world *w)
{
    eff_t *e = eff_annotate(failing(1), eff_literal("a note"));
    e = eff_map_error(e, plus_one, eff_unit);
    return eff_catch_cause(e, rethrow, eff_unit);
}
static void has_note_and_trace(struct world *w, const eff_exit_t *exit)
{
    ck_assert_str_eq(shape_of(exit), "fail(2)");
    ck_assert_uint_eq(eff_cause_n_notes(exit->cause), 1);
    ck_assert_str_eq(eff_as_string(eff_cause_note_at(exit->cause, 0, NULL)), "a note");
    ck_assert_uint_gt(eff_cause_n_sites(exit->cause), 0);
}
CASE(map_error_and_rethrowing_keep_notes_and_trace, annotated_failure, .check = has_note_and_trace)

static eff_t *annotated_defect(struct world *w)
{
    return eff_annotate(dying(), eff_literal("a note"));
}
static eff_t *annotated_interruption(struct world *w)
{
    return eff_then(keep(w, 0, eff_fork(eff_interrupt_self())),
                    eff_annotate(with_fiber(w, 0, join), eff_literal("a note")));
}
static void has_note(struct world *w, const eff_exit_t *exit)
{
    ck_assert(!exit->ok);
    ck_assert_uint_eq(eff_cause_n_notes(exit->cause), 1);
}
CASE(a_defect_can_be_annotated, annotated_defect, .dies = "boom", .check = has_note)
CASE(an_interruption_can_be_annotated, annotated_interruption, .interrupted = true, .check = has_note)

static eff_t *fail_2_for_cause(const eff_cause_t *cause, eff_value_t env)
{
    return failing(2);
}
static eff_t *side_effect_that_fails(struct world *w)
{
    return eff_on_error(failing(1), fail_2_for_cause, eff_unit);
}
CASE(a_side_effect_on_failure_that_fails_is_added, side_effect_that_fails, .cause = "then(fail(1), fail(2))")

static eff_t *timeout_of(struct world *w)
{
    eff_t *too_late = eff_timeout(ms(10), eff_millis(5)), *none = eff_timeout(eff_succeed(eff_none()), eff_millis(5));
    return eff_zip(too_late, none);
}
CASE(a_timeout_differs_from_every_value_of_the_body, timeout_of, .succeeds = "(none, some(none))")

/* ---- B1: depth, on 64 KiB of C stack */

enum { DEEP = 1000000 };

/* So much of it as there is of the sweeps. */
static int deep(void)
{
    static int n;
    if (n == 0) n = (int)test_scaled(DEEP);
    return n;
}
static const char *number(void)
{
    static char text[16];
    snprintf(text, sizeof text, "%d", deep());
    return text;
}

static eff_t *increment(eff_value_t v, eff_value_t env)
{
    return eff_succeed(eff_int(eff_as_int(v) + 1));
}
static eff_t *fail_with_next(eff_value_t error, eff_value_t env)
{
    return eff_fail(eff_int(eff_as_int(error) + 1));
}
static eff_t *go_on_with(eff_value_t v, eff_value_t rest)
{
    return eff_incref(eff_as_effect(rest));
}
static int64_t n_released;
static void count_release(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    n_released++;
}
static eff_value_t count_finalizer(eff_value_t env)
{
    n_released++;
    return eff_unit;
}

/* Runs e while another reference to it is kept, so that freeing it in one go is part of the work. */
static void run_deep(eff_t *e, const char *how, const char *text)
{
    ck_assert_exit_(__FILE__, __LINE__, eff_test_run(eff_incref(e)), how, text);
    eff_decref(e);
}

static void deep_maps(void)
{
    eff_t *e = one(0);
    for (int i = 0; i < deep(); i++)
        e = eff_map(e, plus_one, eff_unit);
    run_deep(e, "succeeds", number());
}
static void deep_flat_maps_to_the_left(void)
{
    eff_t *e = one(0);
    for (int i = 0; i < deep(); i++)
        e = eff_flat_map(e, increment, eff_unit);
    run_deep(e, "succeeds", number());
}
static void deep_flat_maps_to_the_right(void)
{
    eff_t *e = one(deep());
    for (int i = 0; i < deep(); i++)
        e = eff_flat_map(one(i), go_on_with, eff_effect_value(e));
    run_deep(e, "succeeds", number());
}
static void deep_catches(void)
{
    eff_t *e = failing(0);
    for (int i = 0; i < deep(); i++)
        e = eff_catch_all(e, fail_with_next, eff_unit);
    run_deep(e, "fails", number());
}
static void deep_ensurings(void)
{
    eff_t *e = one(1), *finalizer = eff_sync(count_finalizer, eff_unit);
    n_released = 0;
    for (int i = 0; i < deep(); i++)
        e = eff_ensuring(e, eff_incref(finalizer));
    eff_decref(finalizer);
    run_deep(e, "succeeds", "1");
    ck_assert_int_eq(n_released, deep());
}
static void deep_brackets(void)
{
    eff_t *e = one(1);
    n_released = 0;
    for (int i = 0; i < deep(); i++)
        e = eff_acquire_use_release(one(i), go_on_with, count_release, eff_effect_value(e));
    run_deep(e, "succeeds", "1");
    ck_assert_int_eq(n_released, deep());
}

START_TEST(a_million_nested_maps_need_no_stack)
{
    run_on_small_stack(deep_maps);
}
END_TEST
START_TEST(a_million_flat_maps_nested_to_the_left_need_no_stack)
{
    run_on_small_stack(deep_flat_maps_to_the_left);
}
END_TEST
START_TEST(a_million_flat_maps_nested_to_the_right_need_no_stack)
{
    run_on_small_stack(deep_flat_maps_to_the_right);
}
END_TEST
START_TEST(a_million_nested_catches_need_no_stack)
{
    run_on_small_stack(deep_catches);
}
END_TEST
START_TEST(a_million_nested_ensurings_need_no_stack)
{
    run_on_small_stack(deep_ensurings);
}
END_TEST
START_TEST(a_million_nested_brackets_need_no_stack)
{
    run_on_small_stack(deep_brackets);
}
END_TEST

/* ---- B29: a hot loop starves nobody. These run on the live clock and a real loop; the first waits for a millisecond. */

static eff_t *hot_loop(void)
{
    return eff_forever(eff_noop());
}

START_TEST(a_hot_loop_does_not_starve_timers)
{
    eff_exit_t exit = eff_run(eff_race(hot_loop(), eff_map_to(ms(1), eff_int(1))));
    ck_assert_exit_(__FILE__, __LINE__, exit, "succeeds", "1");
}
END_TEST

static void answer_when_readable(evutil_socket_t fd, short what, void *k)
{
    eff_async_succeed(k, eff_int(2));
}
static void wait_readable(eff_async_t *k, eff_value_t env)
{
    if (event_base_once(eff_event_base(), (evutil_socket_t)eff_as_int(env), EV_READ, answer_when_readable, k, NULL) !=
        0)
        eff_async_fail(k, eff_literal("event_base_once"));
}

START_TEST(a_hot_loop_does_not_starve_io)
{
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    eff_exit_t exit = eff_run(eff_race(hot_loop(), eff_async(wait_readable, eff_int(fds[0]))));
    ck_assert_exit_(__FILE__, __LINE__, exit, "succeeds", "2");
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(a_hot_loop_does_not_starve_other_fibers)
{
    ck_assert_succeeds(eff_race(hot_loop(), yields(yields(yields(one(3))))), "3");
}
END_TEST

TESTS(CORE_001_each_run_of_a_description_runs_its_callback_again, CORE_003_suspend_builds_when_it_is_run,
      a_description_that_is_never_run_does_nothing_and_leaves_nothing,
      CORE_034_the_place_in_a_loop_is_no_part_of_its_description, one_description_runs_on_two_fibers_at_once,
      CORE_036_a_fiber_keeps_its_effect_alive, CORE_012_a_null_pointer_is_a_value, CORE_013_zero_and_unit_are_items,
      CORE_006_a_callback_that_returns_null_is_a_defect, CORE_006_a_mistake_in_a_callback_is_a_defect_that_names_it,
      CORE_009_a_mistake_in_mapping_an_error_is_a_defect_instead_of_it,
      an_attempt_without_an_error_fails_with_errno_and_its_name, an_attempt_without_a_value_is_a_defect,
      a_mistake_in_an_attempt_is_a_defect_instead_of_its_value, an_absent_value_is_a_defect,
      a_missing_effect_is_a_defect, CORE_011_an_async_answered_while_it_starts, CORE_011_an_async_answered_later,
      a_run_that_cannot_be_set_up_dies, CORE_021_alternatives_after_the_first_success_do_not_run,
      CORE_022_without_success_the_last_failure_is_the_result, CORE_026_or_else_is_associative,
      CORE_027_flipping_twice_changes_nothing, CORE_028_nothing_follows_never,
      fold_does_not_handle_the_failure_of_its_success_handler, map_error_and_rethrowing_keep_notes_and_trace,
      a_defect_can_be_annotated, an_interruption_can_be_annotated, a_side_effect_on_failure_that_fails_is_added,
      a_timeout_differs_from_every_value_of_the_body, a_million_nested_maps_need_no_stack,
      a_million_flat_maps_nested_to_the_left_need_no_stack, a_million_flat_maps_nested_to_the_right_need_no_stack,
      a_million_nested_catches_need_no_stack, a_million_nested_ensurings_need_no_stack,
      a_million_nested_brackets_need_no_stack, a_hot_loop_does_not_starve_timers, a_hot_loop_does_not_starve_io,
      a_hot_loop_does_not_starve_other_fibers)
