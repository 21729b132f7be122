/* Behaviours that are easy to get wrong: finishing and being interrupted. The names start with the row of the table in tests/README.md. */
#include <effect/async.h>
#include <effect/gen.h>

#include "support/fibers.h"

/* Forks e, lets it begin, and after so many ms interrupts it and says how and when it ended. */
static eff_t *interrupted_after(struct world *w, int64_t n, eff_t *e)
{
    return in_order(keep(w, 0, eff_fork(e)), ms(n), say_interrupt(w, 0), say_time(w, "end"));
}

/* ---- B9: in a scope; for brackets FIN_014 */

static eff_t *scoped_acquire(struct world *w)
{
    eff_t *acquires = eff_acquire_release(after(10, acquire(w, "a")), release, eff_ptr(w));
    return interrupted_after(w, 5, eff_scoped(eff_then(acquires, say(w, "used"))));
}
CASE(B9_an_interruption_during_a_scoped_acquire_is_seen_after_it, scoped_acquire, .succeeds = "unit",
     .journal = "a+ a- interrupt end@10")

/* ---- B10 */

static eff_t *release_slowly(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_then(ms(10), say_time(w, "released"));
}
static eff_t *interrupted_again(struct world *w)
{
    eff_t *e = eff_acquire_use_release_effect(say(w, "acquired"), waits_here, release_slowly, eff_ptr(w));
    return in_order(keep(w, 0, eff_fork(e)), ms(1), with_fiber(w, 0, interrupt_fork), ms(1),
                    with_fiber(w, 0, interrupt_fork), say_interrupt(w, 0), say_time(w, "end"));
}
CASE(B10_a_second_interruption_does_not_abort_a_release, interrupted_again, .succeeds = "unit",
     .journal = "acquired released@11 interrupt end@11")

/* ---- B11 */

static eff_t *masked_body(struct world *w)
{
    eff_t *body = eff_then(after(10, say_time(w, "done")), one(1));
    return interrupted_after(w, 5, eff_then(eff_uninterruptible(body), say(w, "went-on")));
}
CASE(B11_a_masked_body_completes_and_is_then_interrupted, masked_body, .succeeds = "unit",
     .journal = "done@10 interrupt end@10")

struct restores {
    struct world *w;
    eff_restore_t outer;
};
EFF_STATIC_TYPE(restores, struct restores);

static eff_t *in_inner_mask(eff_restore_t inner, eff_value_t env)
{
    const struct restores *r = restores_of(env);
    struct world *w = r->w;
    eff_t *masked = eff_restore(inner, after(5, say_time(w, "inner")));
    eff_t *open = eff_restore(r->outer, after(5, say_time(w, "outer")));
    return in_order(masked, when_interrupted(open, say_time(w, "seen")), say(w, "went-on"));
}
static eff_t *in_outer_mask(eff_restore_t outer, eff_value_t env)
{
    return eff_uninterruptible_mask(in_inner_mask, EFF_ENV(restores, .w = eff_as_ptr(env), .outer = outer));
}
static eff_t *nested_masks(struct world *w)
{
    return interrupted_after(w, 1, eff_uninterruptible_mask(in_outer_mask, eff_ptr(w)));
}
/* The inner mask's restore gives what was around it: the outer mask. */
CASE(B11_restore_gives_what_was_around_its_own_mask, nested_masks, .succeeds = "unit",
     .journal = "inner@5 seen@5 interrupt end@5")

static eff_t *race_in_mask(struct world *w)
{
    eff_t *loser = when_interrupted(eff_never(), say(w, "lost"));
    eff_t *e = eff_then(eff_race(after(5, one(1)), loser), say_time(w, "raced"));
    return interrupted_after(w, 1, eff_then(eff_uninterruptible(e), say(w, "went-on")));
}
CASE(B11_a_race_inside_a_mask_neither_hangs_nor_breaks_it, race_in_mask, .succeeds = "unit",
     .journal = "lost raced@5 interrupt end@5")

/* ---- B18 */

static eff_t *finalizer_ok(const eff_exit_t *exit, eff_value_t env)
{
    return say(eff_as_ptr(env), "ok");
}
static eff_t *finalizer_fails(const eff_exit_t *exit, eff_value_t env)
{
    return eff_then(say(eff_as_ptr(env), "fails"), failing(2));
}
static eff_t *finalizer_dies(const eff_exit_t *exit, eff_value_t env)
{
    return eff_then(say(eff_as_ptr(env), "dies"), dying());
}
static eff_t *finalizer_is_slow(const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_then(ms(10), say_time(w, "slow"));
}
static eff_t *add_four(eff_value_t scope, eff_value_t env)
{
    eff_scope_t *s = eff_as_scope(scope);
    return in_order(eff_scope_add(s, finalizer_ok, env), eff_scope_add(s, finalizer_fails, env),
                    eff_scope_add(s, finalizer_dies, env), eff_scope_add(s, finalizer_is_slow, env));
}
static eff_t *scope_with_bad_finalizers(struct world *w)
{
    eff_t *scope = eff_scoped(eff_flat_map(eff_scope_current(), add_four, eff_ptr(w)));
    return interrupted_after(w, 5, scope);
}
/* The scope is closing when it is interrupted. */
CASE(B18_every_finalizer_runs_once_though_others_fail_and_closing_is_interrupted, scope_with_bad_finalizers,
     .succeeds = "unit", .journal = "slow@10 dies fails ok then(then(interrupt,die),fail:2) end@10")

static eff_t *add_late(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *e = eff_then(say(w, "closed"), eff_scope_add(eff_as_scope(scope), finalizer_ok, env));
    return eff_then(e, say(w, "added"));
}
static eff_t *adding_to_a_closed_scope(struct world *w)
{
    return eff_flat_map(eff_scoped(eff_scope_current()), add_late, eff_ptr(w));
}
CASE(B18_a_finalizer_for_a_closed_scope_runs_at_once, adding_to_a_closed_scope, .succeeds = "unit",
     .journal = "closed ok added")

/* ---- B20 */

static eff_t *release_fails(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    release(resource, exit, env);
    return failing(2);
}
static eff_t *two_resources(struct world *w, eff_t *body)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    eff_t *b = eff_acquire_release_effect(acquire(w, "b"), release_fails, eff_ptr(w));
    return eff_scoped(in_order(a, b, body));
}
static eff_t *release_of_b_fails(struct world *w)
{
    return eff_zip(say_exit(w, two_resources(w, one(0))), say_exit(w, two_resources(w, failing(1))));
}
CASE(B20_if_releasing_b_fails_a_is_still_released_and_causes_are_combined, release_of_b_fails,
     .succeeds = "(unit, unit)", .journal = "a+ b+ b- a- fail:2 a+ b+ b- a- then(fail:1,fail:2)")

/* ---- B21 */

static eff_t *awaiters_leave(struct world *w)
{
    eff_t *target = keep(w, 0, eff_fork(eff_then(after(10, say_time(w, "done")), one(1))));
    eff_t *leave = in_order(ms(1), with_fiber(w, 1, interrupt), with_fiber(w, 2, interrupt));
    return in_order(target, keep(w, 1, eff_fork(with_fiber(w, 0, await))), keep(w, 2, eff_fork(with_fiber(w, 0, join))),
                    leave, eff_timeout(with_fiber(w, 0, await), eff_millis(1)), say_await(w, 0));
}
CASE(B21_awaiting_is_a_pure_observation, awaiters_leave, .succeeds = "unit", .journal = "done@10 ok:1")

/* ---- B22 */

static eff_t *wait_for_it(eff_value_t fiber, eff_value_t env)
{
    return eff_fiber_join(eff_as_fiber(fiber));
}
static eff_t *child_of_the_interrupted(struct world *w)
{
    eff_t *child = after(3, say_time(w, "child"));
    eff_t *parent = eff_then(ms(5), eff_flat_map(eff_fork(child), wait_for_it, eff_unit));
    return interrupted_after(w, 1, eff_uninterruptible(parent));
}
CASE(B22_a_child_of_an_interrupted_but_masked_parent_lives, child_of_the_interrupted, .succeeds = "unit",
     .journal = "child@8 interrupt end@8")

/* ---- B30 */

struct registering {
    struct world w;
    eff_fiber_t *fiber;
    bool before; /* it is interrupted before its canceler is registered */
    eff_async_t *k;
};
static eff_cancel_t cancel_it(eff_async_t *k, void *arg)
{
    struct registering *r = arg;
    journal_add(&r->w, "cancelled");
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}
static void interrupted_while_registering(eff_async_t *k, eff_value_t env)
{
    struct registering *r = eff_as_ptr(env);
    journal_add(&r->w, "registers");
    if (r->before) eff_test_interrupt(r->w.test, r->fiber);
    eff_async_on_cancel(k, cancel_it, r);
    if (!r->before) eff_test_interrupt(r->w.test, r->fiber);
}
START_TEST(B30_an_interruption_that_arrives_while_an_operation_registers_is_not_lost)
{
    for (int before = 0; before < 2; before++) {
        struct registering r = { .w.test = eff_test_new(), .before = before };
        eff_t *e = eff_ensuring(eff_async(interrupted_while_registering, eff_ptr(&r)), say(&r.w, "end"));
        r.fiber = eff_test_fork(r.w.test, eff_then(e, say(&r.w, "went-on")));
        eff_test_adjust(r.w.test, eff_millis(0));
        ck_assert_ptr_nonnull(eff_fiber_poll(r.fiber));
        ck_assert_str_eq(shape_of(eff_fiber_poll(r.fiber)), "interrupt");
        ck_assert_journal(&r.w, "registers cancelled end");
        ck_assert_uint_eq(eff_test_free(r.w.test), 0);
    }
}
END_TEST

/* ---- B33 */

static eff_t *again(const eff_cause_t *cause, eff_value_t env)
{
    return say(eff_as_ptr(env), "caught");
}
static eff_value_t ignored(eff_value_t exit, eff_value_t env)
{
    return eff_unit;
}
struct stubborn {
    struct world *w;
};
static eff_t *stubborn_step(struct stubborn *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    for (;;) {
        EFF_AWAIT_EXIT(ms(10));
        journal_add(s->w, "awaited");
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(stubborn, struct stubborn, stubborn_step);

static eff_t *swallowing(struct world *w)
{
    eff_t *caught = eff_forever(eff_catch_cause(ms(10), again, eff_ptr(w)));
    eff_t *observed = eff_forever(eff_map(eff_to_exit(ms(10)), ignored, eff_unit));
    eff_t *retried = eff_retry(eff_then(ms(10), failing(1)), eff_schedule_forever());
    eff_t *masked = eff_forever(eff_catch_cause(eff_uninterruptible(ms(10)), again, eff_ptr(w)));
    return in_order(interrupted_after(w, 5, caught), interrupted_after(w, 5, observed),
                    interrupted_after(w, 5, retried), interrupted_after(w, 5, masked),
                    interrupted_after(w, 5, stubborn((struct stubborn){ w })));
}
CASE(B33_interruption_stays_pending_until_the_fiber_ends, swallowing, .succeeds = "unit",
     .journal = "interrupt end@5 interrupt end@10 interrupt end@15 interrupt end@25 interrupt end@30",
     .without = NO_ALLOCATIONS /* the loops swallow that there is no memory, and spin */)

TESTS(B9_an_interruption_during_a_scoped_acquire_is_seen_after_it, B10_a_second_interruption_does_not_abort_a_release,
      B11_a_masked_body_completes_and_is_then_interrupted, B11_restore_gives_what_was_around_its_own_mask,
      B11_a_race_inside_a_mask_neither_hangs_nor_breaks_it,
      B18_every_finalizer_runs_once_though_others_fail_and_closing_is_interrupted,
      B18_a_finalizer_for_a_closed_scope_runs_at_once,
      B20_if_releasing_b_fails_a_is_still_released_and_causes_are_combined, B21_awaiting_is_a_pure_observation,
      B22_a_child_of_an_interrupted_but_masked_parent_lives,
      B30_an_interruption_that_arrives_while_an_operation_registers_is_not_lost,
      B33_interruption_stays_pending_until_the_fiber_ends)
