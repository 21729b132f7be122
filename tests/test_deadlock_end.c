/* Deadlock as a result: what still runs, and which waits are exempt. */
#include <effect/async.h>
#include <event2/event.h>
#include <stdio.h>

#include "support/fibers.h"

/* ---- the structured end */

static eff_t *say_exit_seen(const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    journal_add(w, word_of(exit));
    return eff_noop();
}
static eff_t *acquire_scoped(struct world *w, const char *name)
{
    return eff_acquire_release(acquire(w, name), release, eff_ptr(w));
}
static eff_t *finalizers(struct world *w)
{
    eff_t *inner = eff_on_exit(holds(w, "a"), say_exit_seen, eff_ptr(w));
    return eff_ensuring(eff_then(acquire_scoped(w, "s"), inner), say(w, "end"));
}
CASE(releases_and_on_exit_handlers_run, finalizers, .dies = "deadlock", .journal = "s+ a+ a- die end s-")

static eff_t *must_not_handle(const eff_cause_t *cause, eff_value_t env)
{
    (void)cause;
    return say(eff_as_ptr(env), "handled");
}
static eff_t *must_not_bind(eff_value_t v, eff_value_t env)
{
    (void)v;
    return say(eff_as_ptr(env), "handled");
}
static eff_t *handlers(struct world *w)
{
    eff_t *e = eff_catch_cause(eff_never(), must_not_handle, eff_ptr(w));
    e = eff_catch_all(e, must_not_bind, eff_ptr(w));
    e = eff_then(eff_to_exit(e), say(w, "went-on"));
    return eff_fold(e, must_not_bind, must_not_bind, eff_ptr(w));
}
CASE(every_other_handler_is_skipped, handlers, .dies = "deadlock", .journal = "")

struct frame {
    struct world *w;
};
static eff_t *step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT_EXIT(eff_never());
    journal_add(s->w, "went-on");
    EFF_GEN_END(eff_unit);
}
static void frame_drop(struct frame *s)
{
    if (s->w) journal_add(s->w, "drop");
}
EFF_DEFINE_GEN(stuck_gen, struct frame, step, .drop = frame_drop);
static eff_t *in_a_gen(struct world *w)
{
    return stuck_gen((struct frame){ w });
}
CASE(await_exit_does_not_hand_a_deadlock_over, in_a_gen, .dies = "deadlock", .journal = "drop")

static eff_t *masked(struct world *w)
{
    return eff_ensuring(eff_uninterruptible(eff_never()), say(w, "end"));
}
CASE(masks_are_ignored, masked, .dies = "deadlock", .journal = "end")

static eff_t *finalizer_stalls(struct world *w)
{
    return eff_ensuring(eff_ensuring(eff_never(), eff_ensuring(eff_never(), say(w, "a"))), say(w, "b"));
}
CASE(a_finalizer_that_stalls_again_is_failed_again, finalizer_stalls, .journal = "a b", .dies = "deadlock")

static eff_t *children_first(struct world *w)
{
    eff_t *grandchild = eff_fork(eff_ensuring(eff_never(), say(w, "grandchild")));
    eff_t *child = eff_fork(eff_ensuring(eff_then(grandchild, await_latch(w, 0)), say(w, "child")));
    return eff_ensuring(eff_then(child, await_latch(w, 0)), say(w, "main"));
}
CASE(children_end_before_their_parents, children_first, .dies = "deadlock", .journal = "grandchild child main")

/* What nothing but the deadlock can end, once latch 1 is open. */
static eff_t *stuck_in_a_mask(struct world *w, const char *name)
{
    return eff_uninterruptible(eff_ensuring(eff_then(open_latch(w, 1), await_latch(w, 0)), say(w, name)));
}
static eff_t *ends_before_its_child(struct world *w)
{
    return in_order(eff_fork(stuck_in_a_mask(w, "child")), await_latch(w, 1), one(1));
}
CASE(a_success_that_waits_for_a_stuck_child_becomes_the_deadlock, ends_before_its_child, .dies = "deadlock",
     .journal = "child")

static eff_t *ends_before_a_fiber_of_its_scope(struct world *w)
{
    return in_order(eff_fork_scoped(stuck_in_a_mask(w, "child")), await_latch(w, 1), one(1));
}
CASE(so_does_one_that_waits_for_a_stuck_fiber_of_its_own_scope, ends_before_a_fiber_of_its_scope, .dies = "deadlock",
     .journal = "child")

static eff_t *scope_cannot_close(struct world *w)
{
    eff_t *fork = eff_fork_scoped(stuck_in_a_mask(w, "child"));
    eff_t *e = eff_scoped(in_order(acquire_scoped(w, "s"), fork, await_latch(w, 1), one(1)));
    return eff_ensuring(eff_then(e, say(w, "went-on")), say(w, "end"));
}
CASE(a_scope_that_cannot_close_ends_with_the_deadlock_and_releases, scope_cannot_close, .dies = "deadlock",
     .journal = "s+ child s- end")

static eff_t *failing_scope_cannot_close(struct world *w)
{
    eff_t *stalls_again = eff_ensuring(stuck_in_a_mask(w, "first"), eff_then(await_latch(w, 0), say(w, "no")));
    return eff_scoped(in_order(eff_fork_scoped(stalls_again), await_latch(w, 1), failing(1)));
}
CASE(a_failure_that_waits_for_a_stuck_fiber_stays, failing_scope_cannot_close, .fails = "1", .journal = "first")

static void say_told(const eff_fiber_t *fiber, const eff_cause_t *cause, void *arg)
{
    journal_add(arg, "told");
}
/* The child's cause is Then(deadlock, its interruption). */
START_TEST(a_deadlock_is_told_once_though_a_child_was_interrupted_too)
{
    struct world w = { 0 };
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .on_unobserved = say_told, .arg = &w });
    ck_assert_exit_(__FILE__, __LINE__, eff_runtime_run(rt, ends_before_its_child(&w)), "dies", "deadlock");
    ck_assert_journal(&w, "child");
    eff_runtime_free(rt);
    for (int i = 0; i < 2; i++)
        eff_deferred_decref(w.deferreds[i]);
}
END_TEST

static eff_t *swap(struct world *w, int waits_for, int opens)
{
    return eff_then(await_latch(w, waits_for), open_latch(w, opens));
}
static eff_t *each_other(struct world *w)
{
    return eff_ensuring(eff_zip_par(swap(w, 0, 1), swap(w, 1, 0)), say(w, "end"));
}
CASE(two_sides_that_wait_for_each_other_end, each_other, .dies = "deadlock", .journal = "end")

static eff_t *exit_as_value(struct world *w)
{
    return eff_then(keep(w, 0, eff_fork(eff_never())), eff_then(with_fiber(w, 0, await), say(w, "went-on")));
}
CASE(awaiting_a_stuck_fiber_is_stuck_too, exit_as_value, .dies = "deadlock", .journal = "")

static eff_t *race_of_stuck(struct world *w)
{
    return eff_race(eff_never(), await_latch(w, 0));
}
CASE(a_race_of_stuck_sides_is_a_deadlock, race_of_stuck, .dies = "deadlock")

/* ---- what is no deadlock */

static eff_t *stuck_child(struct world *w)
{
    return eff_then(eff_fork(eff_ensuring(eff_never(), say(w, "child"))), eff_then(eff_yield_now(), one(1)));
}
CASE(a_stuck_child_of_a_fiber_that_ends_is_none, stuck_child, .succeeds = "1", .journal = "child")

static eff_t *timed_out(struct world *w)
{
    return eff_timeout(await_latch(w, 0), eff_hours(1));
}
CASE(a_wait_that_will_be_timed_out_is_none, timed_out, .succeeds = "none", .ms = 3600000, .timed = true)

static eff_t *daemon_stuck(struct world *w)
{
    return eff_then(eff_fork_daemon(eff_never()), ms(5));
}
CASE(a_stuck_daemon_is_none_while_main_goes_on, daemon_stuck, .succeeds = "unit", .ms = 5, .timed = true)

static eff_t *open_from_thread(eff_value_t env)
{
    return eff_deferred_succeed(eff_as_deferred(env), eff_int(5));
}
static eff_t *job_will_open(struct world *w)
{
    eff_t *job = eff_blocking(open_from_thread, eff_deferred_value(eff_deferred_incref(latch(w, 0))));
    return eff_zip_par(await_latch(w, 0), job);
}
CASE(a_wait_while_a_job_is_outstanding_is_none, job_will_open, .succeeds = "(5, true)")

START_TEST(waits_declared_external_are_none)
{
    struct world w = { .test = eff_test_new() };
    eff_t *sides = eff_zip_par(eff_external(await_latch(&w, 0)), await_latch(&w, 1));
    eff_fiber_t *fiber = eff_test_fork(w.test, sides);
    eff_test_adjust(w.test, eff_hours(1));
    ck_assert_ptr_null(eff_fiber_poll(fiber));
    (void)eff_test_fork(w.test, eff_then(open_latch(&w, 0), open_latch(&w, 1)));
    eff_test_adjust(w.test, eff_millis(0));
    ck_assert_str_eq(shape_of(eff_fiber_poll(fiber)), "ok((unit, unit))");
    ck_assert_uint_eq(eff_test_free(w.test), 0);
    for (int i = 0; i < 2; i++)
        eff_deferred_decref(w.deferreds[i]);
}
END_TEST

/* ---- other clocks and loops */

START_TEST(a_virtual_sleeper_that_nobody_can_wake_is_a_deadlock)
{
    eff_exit_t exit = eff_run(eff_provide(eff_sleep(eff_seconds(1)), eff_test_clock()));
    ck_assert_exit_(__FILE__, __LINE__, exit, "dies", "deadlock");
}
END_TEST

static void note_deadlock(eff_runtime_t *rt, void *arg)
{
    journal_add(arg, "deadlock");
    ck_assert_uint_eq(eff_runtime_n_fibers(rt), 1);
}
static void say_end(const eff_exit_t *exit, void *arg)
{
    journal_add(arg, word_of(exit));
}

START_TEST(on_a_foreign_loop_it_goes_to_the_hook)
{
    struct world w = { 0 };
    eff_fiber_t *fiber;
    struct event_base *base = event_base_new();
    eff_runtime_t *rt =
        eff_runtime_new(&(eff_runtime_options_t){ .base = base, .on_deadlock = note_deadlock, .arg = &w });
    ck_assert_int_eq(eff_runtime_fork(rt, eff_never(), say_end, &w, &fiber), 0);
    event_base_dispatch(base);
    ck_assert_journal(&w, "deadlock");
    eff_runtime_interrupt(rt, fiber);
    event_base_dispatch(base);
    ck_assert_journal(&w, "deadlock interrupt");
    eff_fiber_decref(fiber);
    eff_runtime_free(rt);
    event_base_free(base);
}
END_TEST

/* An event of the host's may come yet: here it is a fork that opens the latch. */
START_TEST(on_a_foreign_loop_without_a_hook_the_fibers_go_on_waiting)
{
    struct world w = { 0 };
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    ck_assert_int_eq(eff_runtime_fork(rt, eff_ensuring(await_latch(&w, 0), say(&w, "end")), say_end, &w, NULL), 0);
    event_base_dispatch(base);
    ck_assert_journal(&w, "");
    ck_assert_uint_eq(eff_runtime_n_fibers(rt), 1);
    ck_assert_int_eq(eff_runtime_fork(rt, open_latch(&w, 0), NULL, NULL, NULL), 0);
    event_base_dispatch(base);
    ck_assert_journal(&w, "end ok:unit");
    eff_runtime_free(rt);
    event_base_free(base);
    eff_deferred_decref(w.deferreds[0]);
}
END_TEST

START_TEST(running_on_a_foreign_loop_a_deadlock_is_a_result)
{
    struct world w = { 0 };
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    eff_exit_t exit = eff_runtime_run(rt, eff_ensuring(await_latch(&w, 0), say(&w, "end")));
    ck_assert_exit_(__FILE__, __LINE__, exit, "dies", "deadlock: ");
    ck_assert_journal(&w, "end");
    eff_runtime_free(rt);
    event_base_free(base);
    eff_deferred_decref(w.deferreds[0]);
}
END_TEST

TESTS(a_success_that_waits_for_a_stuck_child_becomes_the_deadlock,
      so_does_one_that_waits_for_a_stuck_fiber_of_its_own_scope,
      a_scope_that_cannot_close_ends_with_the_deadlock_and_releases, a_failure_that_waits_for_a_stuck_fiber_stays,
      a_deadlock_is_told_once_though_a_child_was_interrupted_too, releases_and_on_exit_handlers_run,
      every_other_handler_is_skipped, await_exit_does_not_hand_a_deadlock_over, masks_are_ignored,
      a_finalizer_that_stalls_again_is_failed_again, children_end_before_their_parents,
      two_sides_that_wait_for_each_other_end, awaiting_a_stuck_fiber_is_stuck_too, a_race_of_stuck_sides_is_a_deadlock,
      a_stuck_child_of_a_fiber_that_ends_is_none, a_wait_that_will_be_timed_out_is_none,
      a_stuck_daemon_is_none_while_main_goes_on, a_wait_while_a_job_is_outstanding_is_none,
      waits_declared_external_are_none, a_virtual_sleeper_that_nobody_can_wake_is_a_deadlock,
      on_a_foreign_loop_it_goes_to_the_hook, on_a_foreign_loop_without_a_hook_the_fibers_go_on_waiting,
      running_on_a_foreign_loop_a_deadlock_is_a_result)
