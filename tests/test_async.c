/* Async handles (async.h): answers from start, later, late and from other threads; cancelers; misuse; B30. */
#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>

#include <effect/async.h>

#include "support/fibers.h"

/* ---- answering inside start: how env says */

enum how { SUCCEED, FAIL, FAIL_CAUSE, RESUME, RELEASE, ABSENT, RESUME_NULL, OOM_VALUE, TWICE };

static void answer(eff_async_t *k, enum how how)
{
    switch (how) {
    case SUCCEED: eff_async_succeed(k, eff_string("answer")); break;
    case FAIL: eff_async_fail(k, eff_string("no")); break;
    case FAIL_CAUSE:
        eff_async_fail_cause(k, eff_cause_both(eff_cause_fail(eff_int(1)), eff_cause_die(eff_int(2))));
        break;
    case RESUME: eff_async_resume(k, after(5, one(3))); break;
    case RELEASE: eff_async_release(k); break;
    case ABSENT: eff_async_succeed(k, (eff_value_t){ 0 }); break;
    case RESUME_NULL: eff_async_resume(k, NULL); break;
    case OOM_VALUE: eff_async_succeed(k, eff_oom_value()); break;
    case TWICE:
        eff_async_succeed(eff_async_incref(k), eff_string("first"));
        eff_async_fail(k, eff_string("second"));
        break;
    }
}
static void answer_in_start(eff_async_t *k, eff_value_t env)
{
    answer(k, (enum how)eff_as_int(env));
}

#define ANSWERED(name, number, ...)                                                                                    \
    static eff_t *number##_in_start(struct world *w)                                                                   \
    {                                                                                                                  \
        return eff_async(answer_in_start, eff_int(number));                                                            \
    }                                                                                                                  \
    CASE(name, number##_in_start, __VA_ARGS__)
ANSWERED(succeeding_in_start_goes_on_with_the_value, SUCCEED, .succeeds = "answer")
ANSWERED(failing_in_start_fails, FAIL, .cause = "fail(no)")
ANSWERED(failing_with_a_cause_in_start_ends_with_it, FAIL_CAUSE, .cause = "both(fail(1), die)")
ANSWERED(resuming_in_start_goes_on_with_the_effect, RESUME, .succeeds = "3", .ms = 5, .timed = true)
ANSWERED(releasing_in_start_is_abandoning, RELEASE, .dies = "abandoned: answer_in_start (test_async.c:")
ANSWERED(answering_with_the_absent_value_is_a_mistake, ABSENT, .dies = "was answered with the absent value")
ANSWERED(resuming_with_null_is_a_mistake, RESUME_NULL, .dies = "was resumed with a NULL effect")
ANSWERED(answering_with_a_value_for_which_there_was_no_memory_dies_of_that, OOM_VALUE, .dies = "out of memory")
ANSWERED(only_the_first_answer_counts, TWICE, .succeeds = "first")

/* ---- an operation that a test answers by hand */

struct op {
    eff_async_t *k;
    struct world w;
    eff_cancel_t cancel;      /* what the canceler says */
    bool answers_in_cancel;   /* it answers before it says so */
    bool releases_in_cancel;  /* it gives k back before it says so */
    bool interrupts_in_start; /* start interrupts its own fiber */
    eff_fiber_t *fiber;
};

static eff_cancel_t cancel(eff_async_t *k, void *arg)
{
    struct op *op = arg;
    journal_add(&op->w, "cancel");
    ck_assert_ptr_eq(k, op->k);
    if (op->answers_in_cancel) answer(k, SUCCEED);
    if (op->releases_in_cancel) eff_async_release(k);
    return op->cancel;
}
static void start_plain(eff_async_t *k, eff_value_t env)
{
    ((struct op *)eff_as_ptr(env))->k = k;
}
static void start_cancelable(eff_async_t *k, eff_value_t env)
{
    struct op *op = eff_as_ptr(env);
    op->k = k;
    eff_async_on_cancel(k, cancel, op);
    if (op->interrupts_in_start) eff_runtime_interrupt(eff_test_runtime(op->w.test), op->fiber);
}

/* Runs start on a fiber of a test of its own, and says how it ends. */
static void begin(struct op *op, eff_async_fn start)
{
    op->w.test = eff_test_new();
    eff_t *e = eff_async(start, eff_ptr(op));
    op->fiber = eff_test_fork(op->w.test, eff_ensuring(e, say(&op->w, "end")));
    eff_test_adjust(op->w.test, eff_millis(0));
}
static void settle(struct op *op)
{
    eff_test_adjust(op->w.test, eff_millis(0));
}
/* Checks the fiber's exit ("" for none yet) and the journal, and ends the test. */
static void check_end(struct op *op, const char *exit, const char *journal)
{
    settle(op);
    const eff_exit_t *found = eff_fiber_poll(op->fiber);
    ck_assert_str_eq(found ? shape_of(found) : "", exit);
    ck_assert_journal(&op->w, journal);
    ck_assert_uint_eq(eff_test_free(op->w.test), found ? 0 : 1);
}

START_TEST(a_later_answer_resumes_the_fiber_through_the_queue)
{
    struct op op = { 0 };
    begin(&op, start_plain);
    ck_assert_ptr_null(eff_fiber_poll(op.fiber));
    answer(op.k, SUCCEED);
    ck_assert_journal(&op.w, "");
    check_end(&op, "ok(answer)", "end");
}
END_TEST

START_TEST(a_later_failure_fails)
{
    struct op op = { 0 };
    begin(&op, start_plain);
    answer(op.k, FAIL_CAUSE);
    check_end(&op, "both(fail(1), die)", "end");
}
END_TEST

START_TEST(a_later_effect_is_run)
{
    struct op op = { 0 };
    begin(&op, start_plain);
    answer(op.k, RESUME);
    settle(&op);
    ck_assert_ptr_null(eff_fiber_poll(op.fiber));
    eff_test_adjust(op.w.test, eff_millis(5));
    check_end(&op, "ok(3)", "end");
}
END_TEST

START_TEST(a_late_answer_is_ignored_and_dropped)
{
    struct op op = { 0 };
    begin(&op, start_plain);
    eff_async_t *second = eff_async_incref(op.k);
    answer(op.k, SUCCEED);
    answer(second, FAIL);
    check_end(&op, "ok(answer)", "end");
}
END_TEST

START_TEST(a_late_answer_after_the_fiber_has_ended_is_ignored)
{
    struct op op = { 0 };
    begin(&op, start_plain);
    eff_async_t *second = eff_async_incref(op.k), *third = eff_async_incref(op.k);
    answer(op.k, SUCCEED);
    settle(&op);
    answer(second, RESUME);
    check_end(&op, "ok(answer)", "end");
    answer(third, SUCCEED); /* the runtime is gone, too */
}
END_TEST

START_TEST(an_answer_after_the_runtime_has_gone_is_dropped)
{
    struct op op = { 0 };
    begin(&op, start_plain);
    check_end(&op, "", "");
    ck_assert_journal(&op.w, "end");
    answer(op.k, SUCCEED);
}
END_TEST

/* ---- giving back */

START_TEST(giving_back_the_last_reference_abandons)
{
    struct op op = { 0 };
    begin(&op, start_plain);
    eff_async_t *second = eff_async_incref(op.k);
    eff_async_release(op.k);
    settle(&op);
    ck_assert_ptr_null(eff_fiber_poll(op.fiber));
    eff_async_release(second);
    check_end(&op, "die", "end");
}
END_TEST

START_TEST(giving_back_after_an_answer_is_nothing)
{
    struct op op = { 0 };
    begin(&op, start_plain);
    eff_async_t *second = eff_async_incref(op.k);
    answer(op.k, SUCCEED);
    eff_async_release(second);
    check_end(&op, "ok(answer)", "end");
}
END_TEST

/* ---- interruption */

START_TEST(without_a_canceler_interruption_unwinds_at_once)
{
    struct op op = { 0 };
    begin(&op, start_plain);
    eff_test_interrupt(op.w.test, op.fiber);
    settle(&op);
    ck_assert_journal(&op.w, "end");
    answer(op.k, SUCCEED);
    check_end(&op, "interrupt", "end");
}
END_TEST

START_TEST(a_canceler_that_says_gone_unwinds_at_once)
{
    struct op op = { .cancel = EFF_CANCEL_GONE, .releases_in_cancel = true };
    begin(&op, start_cancelable);
    eff_test_interrupt(op.w.test, op.fiber);
    check_end(&op, "interrupt", "cancel end");
}
END_TEST

START_TEST(after_gone_a_callback_may_still_answer)
{
    struct op op = { .cancel = EFF_CANCEL_GONE };
    begin(&op, start_cancelable);
    eff_test_interrupt(op.w.test, op.fiber);
    settle(&op);
    answer(op.k, RESUME);
    check_end(&op, "interrupt", "cancel end");
}
END_TEST

START_TEST(under_pending_the_fiber_stays_until_the_answer_whose_content_is_dropped)
{
    struct op op = { .cancel = EFF_CANCEL_PENDING };
    begin(&op, start_cancelable);
    eff_test_interrupt(op.w.test, op.fiber);
    eff_test_interrupt(op.w.test, op.fiber);
    settle(&op);
    ck_assert_journal(&op.w, "cancel");
    ck_assert_ptr_null(eff_fiber_poll(op.fiber));
    answer(op.k, SUCCEED);
    check_end(&op, "interrupt", "cancel end");
}
END_TEST

START_TEST(under_pending_failures_and_effects_are_dropped_too)
{
    static const enum how hows[] = { FAIL, FAIL_CAUSE, RESUME };
    for (size_t i = 0; i < sizeof hows / sizeof hows[0]; i++) {
        struct op op = { .cancel = EFF_CANCEL_PENDING };
        begin(&op, start_cancelable);
        eff_test_interrupt(op.w.test, op.fiber);
        settle(&op);
        answer(op.k, hows[i]);
        check_end(&op, "interrupt", "cancel end");
    }
}
END_TEST

START_TEST(under_pending_giving_back_ends_the_wait)
{
    struct op op = { .cancel = EFF_CANCEL_PENDING };
    begin(&op, start_cancelable);
    eff_test_interrupt(op.w.test, op.fiber);
    settle(&op);
    eff_async_release(op.k);
    check_end(&op, "interrupt", "cancel end");
}
END_TEST

START_TEST(a_canceler_that_answers_has_ended_the_wait_whatever_it_says)
{
    for (int how = EFF_CANCEL_GONE; how <= EFF_CANCEL_PENDING; how++) {
        struct op op = { .cancel = (eff_cancel_t)how, .answers_in_cancel = true };
        begin(&op, start_cancelable);
        eff_test_interrupt(op.w.test, op.fiber);
        check_end(&op, "interrupt", "cancel end");
    }
}
END_TEST

START_TEST(the_canceler_is_not_called_after_an_answer)
{
    struct op op = { 0 };
    begin(&op, start_cancelable);
    answer(op.k, SUCCEED);
    eff_test_interrupt(op.w.test, op.fiber);
    check_end(&op, "interrupt", "end");
}
END_TEST

START_TEST(plain_c_that_interrupts_leaves_the_canceler_to_the_loop)
{
    struct op op = { .cancel = EFF_CANCEL_PENDING };
    begin(&op, start_cancelable);
    eff_test_interrupt(op.w.test, op.fiber);
    ck_assert_journal(&op.w, "");
    settle(&op);
    ck_assert_journal(&op.w, "cancel");
    answer(op.k, SUCCEED);
    check_end(&op, "interrupt", "cancel end");
}
END_TEST

START_TEST(an_answer_before_the_canceler_is_called_ends_the_wait)
{
    static const enum how hows[] = { SUCCEED, FAIL, FAIL_CAUSE, RESUME };
    for (size_t i = 0; i < sizeof hows / sizeof hows[0]; i++) {
        struct op op = { .cancel = EFF_CANCEL_PENDING };
        begin(&op, start_cancelable);
        eff_test_interrupt(op.w.test, op.fiber);
        answer(op.k, hows[i]);
        ck_assert_journal(&op.w, "");
        check_end(&op, "interrupt", "end");
    }
}
END_TEST

START_TEST(a_canceler_that_is_still_to_be_called_goes_with_the_runtime)
{
    struct op op = { .cancel = EFF_CANCEL_GONE };
    begin(&op, start_cancelable);
    eff_test_interrupt(op.w.test, op.fiber);
    ck_assert_uint_eq(eff_test_free(op.w.test), 1);
    ck_assert_journal(&op.w, "cancel end");
    eff_async_release(op.k);
}
END_TEST

START_TEST(the_canceler_is_not_called_inside_a_mask)
{
    struct op op = { 0 };
    op.w.test = eff_test_new();
    eff_t *e = eff_uninterruptible(eff_then(eff_async(start_cancelable, eff_ptr(&op)), say(&op.w, "went-on")));
    op.fiber = eff_test_fork(op.w.test, e);
    settle(&op);
    eff_test_interrupt(op.w.test, op.fiber);
    settle(&op);
    answer(op.k, SUCCEED);
    check_end(&op, "interrupt", "went-on");
}
END_TEST

/* B30 */
START_TEST(an_interruption_that_arrives_during_start_is_not_lost)
{
    struct op op = { .cancel = EFF_CANCEL_GONE, .releases_in_cancel = true, .interrupts_in_start = true };
    op.w.test = eff_test_new();
    op.fiber = eff_test_fork(op.w.test, eff_async(start_cancelable, eff_ptr(&op)));
    check_end(&op, "interrupt", "cancel");
}
END_TEST

START_TEST(an_interruption_that_arrives_during_start_waits_under_pending)
{
    struct op op = { .cancel = EFF_CANCEL_PENDING, .interrupts_in_start = true };
    op.w.test = eff_test_new();
    op.fiber = eff_test_fork(op.w.test, eff_async(start_cancelable, eff_ptr(&op)));
    settle(&op);
    ck_assert_journal(&op.w, "cancel");
    ck_assert_ptr_null(eff_fiber_poll(op.fiber));
    answer(op.k, SUCCEED);
    check_end(&op, "interrupt", "cancel");
}
END_TEST

/* ---- mistakes */

static void note_mistake(const char *message, void *arg)
{
    snprintf(arg, 256, "%s", message);
}

START_TEST(a_canceler_that_comes_after_start_is_a_mistake)
{
    struct op op = { 0 };
    char message[256] = "";
    begin(&op, start_plain);
    eff_set_misuse_handler(note_mistake, message);
    eff_async_on_cancel(op.k, cancel, &op);
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_str_eq(message, "eff_async_on_cancel was called after the start function had returned");
    answer(op.k, SUCCEED);
    check_end(&op, "ok(answer)", "end");
}
END_TEST

static void start_mistaken(eff_async_t *k, eff_value_t env)
{
    (void)eff_as_string(env); /* it is a number */
    eff_async_succeed(k, eff_string("dropped"));
}
static eff_t *mistaken_start(struct world *w)
{
    return eff_async(start_mistaken, eff_int(1));
}
CASE(a_mistake_in_start_counts_before_its_answer, mistaken_start, .dies = "start_mistaken")

static eff_t *no_start(struct world *w)
{
    return eff_async(NULL, eff_string("dropped"));
}
CASE(no_start_is_a_mistake, no_start, .dies = "eff_async")

START_TEST(the_event_base_outside_a_fiber_is_a_mistake)
{
    char message[256] = "";
    eff_set_misuse_handler(note_mistake, message);
    ck_assert_ptr_null(eff_event_base());
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_str_eq(message, "eff_event_base() was called outside a fiber");
}
END_TEST

/* ---- an adapter as they are written: an event of the loop. It cannot be cancelled: its callback comes anyway. */

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    eff_async_succeed(arg, eff_string("event"));
}
static eff_cancel_t comes_anyway(eff_async_t *k, void *arg)
{
    (void)k, (void)arg;
    return EFF_CANCEL_PENDING;
}
static void start_event(eff_async_t *k, eff_value_t env)
{
    static const struct timeval now = { 0, 0 };
    (void)env;
    if (event_base_once(eff_event_base(), -1, EV_TIMEOUT, on_event, k, &now) == 0)
        eff_async_on_cancel(k, comes_anyway, NULL);
    else eff_async_release(k);
}
static eff_t *event(void)
{
    return eff_async(start_event, eff_unit);
}

static eff_t *two_events(struct world *w)
{
    return eff_ensuring(eff_zip_par(event(), eff_then(event(), event())), say(w, "end"));
}
CASE(events_of_the_loop_answer, two_events, .succeeds = "(\"event\", \"event\")", .journal = "end",
     .without = NO_FREE /* the event that answers goes with the loop */)

static eff_t *does_not_jump(struct world *w)
{
    return eff_race_first(event(), after(3600000, one(1)));
}
CASE(virtual_time_does_not_jump_over_a_wait_for_the_outside, does_not_jump, .succeeds = "event", .ms = 0, .timed = true,
     .without = NO_FREE /* the event that answers goes with the loop */)

static eff_t *waits_for_event(eff_value_t v, eff_value_t env)
{
    return event();
}
static eff_t *released_after_event(struct world *w)
{
    return eff_acquire_use_release(eff_then(event(), acquire(w, "a")), waits_for_event, release, eff_ptr(w));
}
CASE(waits_for_the_outside_stand_in_acquire_and_use, released_after_event, .succeeds = "event", .journal = "a+ a-")

/* ---- external waits */

static eff_t *not_stuck(struct world *w)
{
    return eff_external(eff_then(say(w, "waits"), await_latch(w, 0)));
}
START_TEST(an_external_wait_is_no_deadlock_and_is_answered_from_outside)
{
    struct world w = { .test = eff_test_new() };
    eff_fiber_t *fiber = eff_test_fork(w.test, not_stuck(&w));
    eff_test_adjust(w.test, eff_hours(1));
    ck_assert_ptr_null(eff_fiber_poll(fiber));
    (void)eff_test_fork(w.test, open_latch(&w, 0));
    eff_test_adjust(w.test, eff_millis(0));
    ck_assert_str_eq(shape_of(eff_fiber_poll(fiber)), "ok(unit)");
    ck_assert_uint_eq(eff_test_free(w.test), 0);
    eff_deferred_decref(w.deferreds[0]);
}
END_TEST

TESTS(succeeding_in_start_goes_on_with_the_value, failing_in_start_fails, failing_with_a_cause_in_start_ends_with_it,
      resuming_in_start_goes_on_with_the_effect, releasing_in_start_is_abandoning,
      answering_with_the_absent_value_is_a_mistake, resuming_with_null_is_a_mistake,
      answering_with_a_value_for_which_there_was_no_memory_dies_of_that, only_the_first_answer_counts,
      a_later_answer_resumes_the_fiber_through_the_queue, a_later_failure_fails, a_later_effect_is_run,
      a_late_answer_is_ignored_and_dropped, a_late_answer_after_the_fiber_has_ended_is_ignored,
      an_answer_after_the_runtime_has_gone_is_dropped, giving_back_the_last_reference_abandons,
      giving_back_after_an_answer_is_nothing, without_a_canceler_interruption_unwinds_at_once,
      a_canceler_that_says_gone_unwinds_at_once, after_gone_a_callback_may_still_answer,
      under_pending_the_fiber_stays_until_the_answer_whose_content_is_dropped,
      under_pending_failures_and_effects_are_dropped_too, under_pending_giving_back_ends_the_wait,
      a_canceler_that_answers_has_ended_the_wait_whatever_it_says, the_canceler_is_not_called_after_an_answer,
      plain_c_that_interrupts_leaves_the_canceler_to_the_loop, an_answer_before_the_canceler_is_called_ends_the_wait,
      a_canceler_that_is_still_to_be_called_goes_with_the_runtime, the_canceler_is_not_called_inside_a_mask,
      an_interruption_that_arrives_during_start_is_not_lost,
      an_interruption_that_arrives_during_start_waits_under_pending, a_canceler_that_comes_after_start_is_a_mistake,
      a_mistake_in_start_counts_before_its_answer, no_start_is_a_mistake, the_event_base_outside_a_fiber_is_a_mistake,
      events_of_the_loop_answer, virtual_time_does_not_jump_over_a_wait_for_the_outside,
      waits_for_the_outside_stand_in_acquire_and_use, an_external_wait_is_no_deadlock_and_is_answered_from_outside)
