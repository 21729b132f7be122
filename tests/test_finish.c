/* Finishing: brackets, ensuring, on_exit and their kin. Every finalizer runs once, in reverse order, masked, and all the
 * way, however the work ends. */
#include "support/failing_allocator.h"
#include "support/fibers.h"

/* ---- shorthands */

static eff_t *use_7(eff_value_t resource, eff_value_t env)
{
    return one(7);
}
static eff_t *use_fails(eff_value_t resource, eff_value_t env)
{
    return failing(7);
}
static eff_t *use_dies(eff_value_t resource, eff_value_t env)
{
    return dying();
}
static eff_t *use_says(eff_value_t resource, eff_value_t env)
{
    return eff_map_to(say(eff_as_ptr(env), "use"), eff_int(7));
}

/* Effectful releases. */
static eff_t *then_release(eff_t *e, eff_value_t resource, eff_value_t env)
{
    release(resource, NULL, env);
    return e;
}
static eff_t *release_dies(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    return then_release(dying(), resource, env);
}
static eff_t *release_fails(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    return then_release(failing(8), resource, env);
}
/* Says when it begins and, 10 ms later, when it is done. */
static eff_t *release_slowly(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return then_release(eff_then(ms(10), say_time(w, "released")), resource, env);
}

static eff_t *bracket(struct world *w, eff_bind_fn use)
{
    return eff_acquire_use_release(acquire(w, "a"), use, release, eff_ptr(w));
}
static eff_t *bracket_effect(struct world *w, const char *name, eff_bind_fn use, eff_release_effect_fn release_fn)
{
    return eff_acquire_use_release_effect(acquire(w, name), use, release_fn, eff_ptr(w));
}

static eff_t *say_how(const eff_exit_t *exit, eff_value_t env)
{
    journal_add(eff_as_ptr(env), word_of(exit));
    return eff_noop();
}

/* Forks e, lets it run, interrupts it, and says how it ended. */
static eff_t *interrupted(struct world *w, eff_t *e)
{
    return in_order(keep(w, 0, eff_fork(e)), eff_yield_now(), say_interrupt(w, 0));
}

/* ---- brackets: what they end with */

static eff_t *use_fails_release_dies(struct world *w)
{
    return bracket_effect(w, "a", use_fails, release_dies);
}
/* FIN-002 */
CASE(FIN_002_a_release_that_dies_is_added_to_the_failure_of_use, use_fails_release_dies, .cause = "then(fail(7), die)",
     .journal = "a+ a-")

static eff_t *disconnected_bracket(struct world *w)
{
    return eff_disconnect(bracket(w, use_dies));
}
/* FIN-003 */
CASE(FIN_003_release_runs_in_a_disconnected_bracket, disconnected_bracket, .dies = "boom", .journal = "a+ a-")

static eff_t *acquire_fails(struct world *w)
{
    return eff_acquire_use_release(failing(5), use_says, release, eff_ptr(w));
}
/* FIN-004 */
CASE(FIN_004_neither_use_nor_release_follows_a_failed_acquire, acquire_fails, .cause = "fail(5)", .journal = "")

static eff_t *release_dies_after_success(struct world *w)
{
    return bracket_effect(w, "a", use_7, release_dies);
}
/* FIN-005 */
CASE(FIN_005_a_release_that_dies_makes_a_success_a_failure, release_dies_after_success, .cause = "die",
     .journal = "a+ a-")

static eff_t *use_that_fails(struct world *w)
{
    return bracket(w, use_fails);
}
/* FIN-006 */
CASE(FIN_006_release_runs_when_use_fails, use_that_fails, .cause = "fail(7)", .journal = "a+ a-")

static eff_t *use_and_release_fail(struct world *w)
{
    return bracket_effect(w, "a", use_fails, release_fails);
}
/* FIN-007 */
CASE(FIN_007_the_failure_of_use_comes_before_that_of_release, use_and_release_fail, .cause = "then(fail(7), fail(8))",
     .journal = "a+ a-")

static eff_t *end_as_it_says(eff_value_t exit, eff_value_t env)
{
    return eff_done(eff_as_exit(exit));
}
static eff_t *bracket_through_its_exit(struct world *w)
{
    return eff_flat_map(eff_to_exit(bracket(w, use_fails)), end_as_it_says, eff_unit);
}
/* FIN-008 */
CASE(FIN_008_going_through_the_exit_as_a_value_changes_nothing, bracket_through_its_exit, .cause = "fail(7)",
     .journal = "a+ a-")

static eff_t *use_returns_null(eff_value_t resource, eff_value_t env)
{
    return NULL;
}
static eff_t *use_without_effect(struct world *w)
{
    return bracket(w, use_returns_null);
}
/* FIN-033 */
CASE(FIN_033_release_runs_when_the_callback_for_use_makes_a_mistake, use_without_effect, .dies = ") returned NULL",
     .journal = "a+ a-")

static eff_t *use_that_succeeds(struct world *w)
{
    return bracket(w, use_says);
}
CASE(a_bracket_succeeds_as_its_use, use_that_succeeds, .succeeds = "7", .journal = "a+ use a-")

static void release_saying_exit(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    journal_add(eff_as_ptr(env), word_of(exit));
    release(resource, exit, env);
}
static eff_t *release_sees_failure(struct world *w)
{
    return eff_acquire_use_release(acquire(w, "a"), use_fails, release_saying_exit, eff_ptr(w));
}
CASE(release_is_given_the_exit_of_use, release_sees_failure, .cause = "fail(7)", .journal = "a+ fail:7 a-")

static eff_t *use_forks(eff_value_t resource, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(eff_fork(holds(w, "child")), eff_yield_now(), say(w, "use"));
}
static eff_t *fork_in_use(struct world *w)
{
    return bracket(w, use_forks);
}
CASE(children_of_use_end_before_release, fork_in_use, .succeeds = "unit", .journal = "a+ child+ use child- a-")

static eff_t *acquire_that_forks(struct world *w)
{
    eff_t *e = in_order(eff_fork(holds(w, "child")), eff_yield_now(), acquire(w, "a"));
    return eff_acquire_use_release(e, use_says, release, eff_ptr(w));
}
CASE(children_of_acquire_live_through_use_and_end_before_release, acquire_that_forks, .succeeds = "7",
     .journal = "child+ a+ use child- a-")

/* ---- ensuring, on_exit, on_error */

static eff_t *ensured_failure(struct world *w)
{
    return eff_ensuring(failing(1), say(w, "end"));
}
/* FIN-009 */
CASE(FIN_009_ensuring_runs_after_a_failure, ensured_failure, .cause = "fail(1)", .journal = "end")

static eff_t *say_cause(const eff_cause_t *cause, eff_value_t env)
{
    eff_exit_t exit = { .ok = false, .cause = (eff_cause_t *)(uintptr_t)cause };
    return say_how(&exit, env);
}
static eff_t *on_error_of_failure(struct world *w)
{
    return eff_on_error(failing(1), say_cause, eff_ptr(w));
}
/* FIN-010 */
CASE(FIN_010_on_error_sees_the_cause_and_keeps_it, on_error_of_failure, .cause = "fail(1)", .journal = "fail:1")

static eff_t *on_exit_of_defect(struct world *w)
{
    return eff_on_exit(dying(), say_how, eff_ptr(w));
}
/* FIN-012 */
CASE(FIN_012_on_exit_sees_a_defect_and_keeps_it, on_exit_of_defect, .dies = "boom", .journal = "die")

static eff_t *nested_ensuring(struct world *w)
{
    return eff_ensuring(eff_ensuring(one(1), say(w, "inner")), say(w, "outer"));
}
/* FIN-028 */
CASE(FIN_028_finalizers_run_from_the_inside_out, nested_ensuring, .succeeds = "1", .journal = "inner outer")

static eff_t *run_given(const eff_exit_t *exit, eff_value_t effect)
{
    return eff_incref(eff_as_effect(effect));
}
static eff_t *ensuring_by_on_exit(eff_t *e, eff_t *finalizer)
{
    return eff_on_exit(e, run_given, eff_effect_value(finalizer));
}
static eff_t *ways_to_end(int i)
{
    switch (i) {
    case 0: return one(1);
    case 1: return failing(2);
    case 2: return dying();
    case 3: return eff_interrupt_self();
    default: return eff_never();
    }
}

/* FIN-038 */
START_TEST(FIN_038_ensuring_is_on_exit_that_ignores_the_exit)
{
    for (int i = 0; i < 20; i++) {
        eff_exit_t x = eff_test_run(eff_ensuring(ways_to_end(i / 4), ways_to_end(i % 4)));
        eff_exit_t y = eff_test_run(ensuring_by_on_exit(ways_to_end(i / 4), ways_to_end(i % 4)));
        ck_assert_msg(i / 4 == 4 || eff_exit_equal(&x, &y), "%d: %s", i, shape_of(&y));
        ck_assert_msg(i / 4 != 4 || (eff_cause_has_die(x.cause) && eff_cause_has_die(y.cause)), "%d: no deadlock", i);
        eff_exit_decref(x);
        eff_exit_decref(y);
    }
}
END_TEST

static eff_t *finalizer_fails_after_success(struct world *w)
{
    return eff_ensuring(one(1), failing(2));
}
CASE(a_finalizer_that_fails_after_a_success_is_the_failure, finalizer_fails_after_success, .cause = "fail(2)")

static eff_t *finalizers_fail_after_failure(struct world *w)
{
    return eff_ensuring(eff_ensuring(failing(1), failing(2)), eff_then(say(w, "last"), dying()));
}
CASE(finalizers_that_fail_are_added_in_order_and_all_run, finalizers_fail_after_failure,
     .cause = "then(then(fail(1), fail(2)), die)", .journal = "last")

static eff_t *finalizer_without_effect(const eff_exit_t *exit, eff_value_t env)
{
    return NULL;
}
static eff_t *on_exit_returning_null(struct world *w)
{
    return eff_on_exit(failing(1), finalizer_without_effect, eff_unit);
}
CASE(a_finalizer_that_is_null_is_added_as_a_defect, on_exit_returning_null, .cause = "then(fail(1), die)")

static eff_t *fork_in_finalizer(struct world *w)
{
    eff_t *finalizer = in_order(eff_fork(holds(w, "child")), eff_yield_now(), say(w, "end"));
    return eff_then(eff_ensuring(one(1), finalizer), say(w, "after"));
}
CASE(a_finalizer_is_a_region_whose_children_end_with_it, fork_in_finalizer, .succeeds = "unit",
     .journal = "child+ end child- after")

/* ---- interruption */

static eff_t *on_exit_interrupted(struct world *w)
{
    return interrupted(w, eff_on_exit(eff_never(), say_how, eff_ptr(w)));
}
static void interrupted_by_main(struct world *w, const eff_exit_t *exit)
{
    uint64_t by = 0;
    eff_interrupt_reason_t reason;
    const eff_exit_t *ended = eff_fiber_poll(w->fibers[0]);
    ck_assert(exit->ok && !ended->ok && eff_cause_interruption(ended->cause, &by, &reason, NULL));
    ck_assert_uint_eq(by, 1);
    ck_assert_int_eq(reason, EFF_INTERRUPT_EXPLICIT);
}
/* FIN-011 */
CASE(FIN_011_on_exit_runs_once_and_sees_the_interruption, on_exit_interrupted, .journal = "interrupt interrupt",
     .check = interrupted_by_main)

static eff_t *interrupted_acquire(struct world *w)
{
    eff_t *e = eff_acquire_use_release(after(100, acquire(w, "a")), use_says, release, eff_ptr(w));
    return eff_then(interrupted(w, e), say_time(w, "returned"));
}
/* FIN-014 */
CASE(FIN_014_an_interruption_during_acquire_skips_use_and_runs_release, interrupted_acquire, .succeeds = "unit",
     .journal = "a+ a- interrupt returned@100")

static eff_t *masked_interrupted_acquire(struct world *w)
{
    eff_t *e = eff_acquire_use_release(after(100, acquire(w, "a")), use_says, release, eff_ptr(w));
    return eff_then(interrupted(w, eff_uninterruptible(e)), say_time(w, "returned"));
}
/* FIN-015 */
CASE(FIN_015_a_masked_bracket_completes_and_is_interrupted_after_it, masked_interrupted_acquire, .succeeds = "unit",
     .journal = "a+ use a- interrupt returned@100")

static eff_t *interrupted_use(struct world *w)
{
    return interrupted(w, holds(w, "a"));
}
/* FIN-017 */
CASE(FIN_017_release_runs_when_use_is_interrupted, interrupted_use, .succeeds = "unit", .journal = "a+ a- interrupt")

/* The source has the interrupter of the disconnected fiber return at once. Here the body goes to the nearest region,
 * which for a fiber's own code is the fiber, so that its exit would wait: a timeout is what returns at once. */
static eff_t *disconnected_release(struct world *w)
{
    eff_t *body = eff_disconnect(bracket_effect(w, "a", waits_here, release_slowly));
    return eff_then(eff_scoped(eff_then(eff_timeout(body, eff_millis(5)), say_time(w, "timed_out"))),
                    say_time(w, "end"));
}
/* FIN-020 */
CASE(FIN_020_a_disconnected_release_goes_on_and_is_awaited_by_the_region, disconnected_release, .succeeds = "unit",
     .journal = "a+ a- timed_out@5 released@15 end@15")

static eff_t *use_inner(eff_value_t resource, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return bracket_effect(w, "in", use_7, release_slowly);
}
static eff_t *interrupted_inner_release(struct world *w)
{
    eff_t *e = bracket_effect(w, "out", use_inner, release_slowly);
    return in_order(keep(w, 0, eff_fork(e)), ms(5), say_interrupt(w, 0));
}
/* FIN-021 */
CASE(FIN_021_releases_that_have_begun_are_neither_cut_short_nor_skipped, interrupted_inner_release, .succeeds = "unit",
     .journal = "out+ in+ in- released@10 out- released@20 interrupt")

static eff_t *interrupted_twice(struct world *w)
{
    eff_t *first = after(5, say_interrupt(w, 0)), *second = after(8, say_interrupt(w, 0));
    eff_t *e = bracket_effect(w, "a", waits_here, release_slowly);
    return eff_then(keep(w, 0, eff_fork(e)), eff_zip_par(first, second));
}
CASE(a_second_interruption_does_not_abort_a_release, interrupted_twice, .succeeds = "(unit, unit)",
     .journal = "a+ a- released@15 interrupt interrupt")

static eff_t *slow_finalizer(struct world *w)
{
    return eff_then(interrupted(w, eff_ensuring(eff_never(), after(10, say(w, "flag")))), say_time(w, "returned"));
}
/* FIN-022 */
CASE(FIN_022_interrupting_waits_for_finalizers, slow_finalizer, .succeeds = "unit",
     .journal = "flag interrupt returned@10")

static eff_t *say_caught(eff_value_t error, eff_value_t env)
{
    return say(eff_as_ptr(env), "caught");
}
static eff_t *catch_in_finalizer(struct world *w)
{
    return interrupted(w, eff_ensuring(eff_never(), eff_catch_all(failing(1), say_caught, eff_ptr(w))));
}
/* FIN-023 */
CASE(FIN_023_handlers_work_inside_the_finalizer_of_an_interrupted_fiber, catch_in_finalizer, .succeeds = "unit",
     .journal = "caught interrupt")

static eff_t *record_kind(const eff_exit_t *exit, eff_value_t env)
{
    bool it_is = !exit->ok && eff_cause_is_interrupted_only(exit->cause);
    return say(eff_as_ptr(env), it_is ? "interrupted" : "not");
}
static eff_t *on_exit_asks(struct world *w)
{
    return interrupted(w, eff_on_exit(eff_never(), record_kind, eff_ptr(w)));
}
/* FIN-024 */
CASE(FIN_024_a_finalizer_can_tell_interruption, on_exit_asks, .succeeds = "unit", .journal = "interrupted interrupt")

static eff_t *catch_then_ensuring(struct world *w)
{
    return interrupted(w, eff_ensuring(eff_catch_all(eff_never(), say_caught, eff_ptr(w)), say(w, "B")));
}
/* FIN-025 */
CASE(FIN_025_a_typed_handler_does_not_see_interruption, catch_then_ensuring, .succeeds = "unit",
     .journal = "B interrupt")

static eff_t *both_counted(struct world *w)
{
    return interrupted(w, eff_ensuring(eff_ensuring(eff_never(), count(w, 0)), count(w, 1)));
}
static void counted_once_each(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[0], 1);
    ck_assert_int_eq(w->n[1], 1);
}
/* FIN-027 */
CASE(FIN_027_each_finalizer_runs_once, both_counted, .journal = "interrupt", .check = counted_once_each)

static eff_t *interrupt_self_in_mask(struct world *w)
{
    eff_t *e = eff_then(eff_interrupt_self(), say(w, "masked"));
    return eff_uninterruptible(eff_on_interrupt(e, say_how, eff_ptr(w)));
}
/* FIN-037 */
CASE(FIN_037_on_interrupt_inside_a_mask_does_not_run, interrupt_self_in_mask, .interrupted = true, .journal = "masked")

/* The source calls the two equal. They are while nobody interrupts; an interruption that came meanwhile is seen at the
 * end of the mask, and so by the handler outside of it only. */
static eff_t *on_interrupt_of_mask(struct world *w)
{
    eff_t *outside = eff_on_interrupt(eff_uninterruptible(say(w, "a")), say_how, eff_ptr(w));
    eff_t *inside = eff_uninterruptible(eff_on_interrupt(say(w, "b"), say_how, eff_ptr(w)));
    return eff_then(outside, inside);
}
/* FIN-040 */
CASE(FIN_040_on_interrupt_inside_or_outside_a_mask_alone_is_the_same, on_interrupt_of_mask, .succeeds = "unit",
     .journal = "a b")

static eff_t *on_interrupt_of_interrupted_mask(struct world *w)
{
    eff_t *e = eff_uninterruptible(eff_then(eff_interrupt_self(), say(w, "masked")));
    return eff_on_interrupt(e, say_how, eff_ptr(w));
}
/* FIN-040 */
CASE(FIN_040_on_interrupt_outside_a_mask_sees_the_interruption_at_its_end, on_interrupt_of_interrupted_mask,
     .interrupted = true, .journal = "masked interrupt")

static eff_t *masked_child(struct world *w)
{
    eff_t *child = in_order(open_latch(w, 0), ms(10), say(w, "ref"));
    eff_t *parent = in_order(eff_fork(eff_uninterruptible(child)), await_latch(w, 0), eff_never());
    return in_order(keep(w, 0, eff_fork(parent)), await_latch(w, 0), say_interrupt(w, 0));
}
/* FIN-043 */
CASE(FIN_043_the_end_of_a_fiber_waits_for_its_masked_child, masked_child, .succeeds = "unit",
     .journal = "ref interrupt")

/* In a finalizer: forks and joins; the child is interruptible and ended by its region; closes a scope; interrupts another
 * fiber; and interrupting itself neither waits nor stops it. */
static eff_t *busy_finalizer(struct world *w)
{
    eff_t *join_child = in_order(keep(w, 2, eff_fork(yields(say(w, "child")))), with_fiber(w, 2, join));
    eff_t *scope = eff_scoped(eff_acquire_release(acquire(w, "s"), release, eff_ptr(w)));
    return in_order(join_child, scope, say_interrupt(w, 1), with_fiber(w, 0, interrupt), eff_fork(holds(w, "b")),
                    eff_yield_now(), say(w, "done"));
}
static eff_t *finalizer_that_uses_fibers(struct world *w)
{
    return in_order(keep(w, 1, eff_fork(holds(w, "a"))), interrupted(w, eff_ensuring(eff_never(), busy_finalizer(w))));
}
/* FIN-045 */
CASE(FIN_045_a_finalizer_may_fork_join_and_interrupt_even_itself, finalizer_that_uses_fibers, .succeeds = "unit",
     .journal = "a+ child s+ s- a- interrupt b+ done b- interrupt",
     .without = NO_SHUFFLES /* the child may end before the join */)

/* ---- callback APIs */

static eff_async_t *pending;

static eff_cancel_t says_cancel(eff_async_t *k, void *arg)
{
    struct world *w = arg;
    journal_add(w, "cancel");
    if (w->n[1]) return EFF_CANCEL_PENDING; /* `answerer` is there to give k back */
    pending = NULL;
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}
static void keep_pending(eff_async_t *k, eff_value_t env)
{
    pending = k;
    eff_async_on_cancel(k, says_cancel, eff_as_ptr(env));
}
static eff_value_t there_is_an_answerer(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[1] = 1;
    return eff_unit;
}
static eff_value_t give_back(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[1] = 0;
    if (!pending) return eff_unit;
    journal_add(w, "gone");
    eff_async_release(pending);
    pending = NULL;
    return eff_unit;
}
static eff_t *slow_cancellation(struct world *w)
{
    eff_t *wait = eff_then(eff_sync(there_is_an_answerer, eff_ptr(w)), yields(yields(yields(eff_noop()))));
    eff_t *answerer = eff_ensuring(wait, eff_sync(give_back, eff_ptr(w)));
    pending = NULL;
    return eff_then(eff_fork(answerer), interrupted(w, eff_async(keep_pending, eff_ptr(w))));
}
/* FIN-032 */
CASE(FIN_032_interrupting_waits_for_a_cancellation_that_takes_its_time, slow_cancellation, .succeeds = "unit",
     .journal = "cancel gone interrupt",
     .without = NO_FREE | NO_SHUFFLES /* the answerer may come too late to be there, or not at all */)

static void answer_7(eff_async_t *k, eff_value_t env)
{
    eff_async_on_cancel(k, says_cancel, eff_as_ptr(env));
    eff_async_succeed(k, eff_int(7));
}
static eff_t *on_exit_of_async(struct world *w)
{
    return eff_on_exit(eff_async(answer_7, eff_ptr(w)), say_how, eff_ptr(w));
}
/* FIN-034 */
CASE(FIN_034_a_finalizer_sees_the_answer_and_nothing_is_cancelled, on_exit_of_async, .succeeds = "7", .journal = "ok:7")

/* ---- depth */

enum { DEEP = 100000 };
static int64_t n_finalized;
static bool in_order_so_far;

static eff_value_t finalize_ith(eff_value_t env)
{
    in_order_so_far &= eff_as_int(env) == n_finalized++;
    return eff_unit;
}
static void interrupt_deep(void)
{
    struct world w = { 0 };
    eff_t *e = eff_never();
    n_finalized = 0;
    in_order_so_far = true;
    for (int i = 0; i < DEEP; i++)
        e = eff_ensuring(e, eff_sync(finalize_ith, eff_int(i)));
    ck_assert_succeeds(interrupted(&w, e), "unit");
    eff_fiber_decref(w.fibers[0]);
    ck_assert_journal(&w, "interrupt");
    ck_assert_int_eq(n_finalized, DEEP);
    ck_assert(in_order_so_far);
}
/* FIN-046 */
START_TEST(FIN_046_100000_nested_finalizers_run_in_order_on_a_small_stack)
{
    run_on_small_stack(interrupt_deep);
}
END_TEST

TESTS(FIN_002_a_release_that_dies_is_added_to_the_failure_of_use, FIN_003_release_runs_in_a_disconnected_bracket,
      FIN_004_neither_use_nor_release_follows_a_failed_acquire, FIN_005_a_release_that_dies_makes_a_success_a_failure,
      FIN_006_release_runs_when_use_fails, FIN_007_the_failure_of_use_comes_before_that_of_release,
      FIN_008_going_through_the_exit_as_a_value_changes_nothing,
      FIN_033_release_runs_when_the_callback_for_use_makes_a_mistake, a_bracket_succeeds_as_its_use,
      release_is_given_the_exit_of_use, children_of_use_end_before_release,
      children_of_acquire_live_through_use_and_end_before_release, FIN_009_ensuring_runs_after_a_failure,
      FIN_010_on_error_sees_the_cause_and_keeps_it, FIN_012_on_exit_sees_a_defect_and_keeps_it,
      FIN_028_finalizers_run_from_the_inside_out, FIN_038_ensuring_is_on_exit_that_ignores_the_exit,
      a_finalizer_that_fails_after_a_success_is_the_failure, finalizers_that_fail_are_added_in_order_and_all_run,
      a_finalizer_that_is_null_is_added_as_a_defect, a_finalizer_is_a_region_whose_children_end_with_it,
      FIN_011_on_exit_runs_once_and_sees_the_interruption,
      FIN_014_an_interruption_during_acquire_skips_use_and_runs_release,
      FIN_015_a_masked_bracket_completes_and_is_interrupted_after_it, FIN_017_release_runs_when_use_is_interrupted,
      FIN_020_a_disconnected_release_goes_on_and_is_awaited_by_the_region,
      FIN_021_releases_that_have_begun_are_neither_cut_short_nor_skipped,
      a_second_interruption_does_not_abort_a_release, FIN_022_interrupting_waits_for_finalizers,
      FIN_023_handlers_work_inside_the_finalizer_of_an_interrupted_fiber, FIN_024_a_finalizer_can_tell_interruption,
      FIN_025_a_typed_handler_does_not_see_interruption, FIN_027_each_finalizer_runs_once,
      FIN_037_on_interrupt_inside_a_mask_does_not_run, FIN_040_on_interrupt_inside_or_outside_a_mask_alone_is_the_same,
      FIN_040_on_interrupt_outside_a_mask_sees_the_interruption_at_its_end,
      FIN_043_the_end_of_a_fiber_waits_for_its_masked_child,
      FIN_045_a_finalizer_may_fork_join_and_interrupt_even_itself,
      FIN_032_interrupting_waits_for_a_cancellation_that_takes_its_time,
      FIN_034_a_finalizer_sees_the_answer_and_nothing_is_cancelled,
      FIN_046_100000_nested_finalizers_run_in_order_on_a_small_stack)
