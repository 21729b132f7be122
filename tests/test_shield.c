/* eff_shield: interrupting the caller does not wait for the body, and the body goes on to its end. */
#include "support/fibers.h"

static struct world *the_world(eff_value_t env)
{
    return eff_as_ptr(env);
}

/* Takes so many ms, counting its beginnings and its ends. */
static eff_t *work(struct world *w, int64_t takes)
{
    return in_order(count(w, 0), ms(takes), count(w, 1), say_time(w, "done"));
}
static void begun_is_ended(struct world *w)
{
    ck_assert_int_le(w->n[1], w->n[0]);
}
static void once(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[0], 1);
    ck_assert_int_eq(w->n[1], 1);
}

/* ---- nobody interrupts */

static eff_t *transparent(struct world *w)
{
    return eff_zip(eff_shield(after(1, one(1))), eff_option(eff_shield(after(1, failing(1)))));
}
CASE(it_ends_as_its_body_does, transparent, .succeeds = "(1, none)", .timed = true, .ms = 2)

static eff_t *dies(struct world *w)
{
    return eff_shield(dying());
}
CASE(it_dies_as_its_body_does, dies, .dies = "boom")

/* ---- the caller is interrupted */

static eff_t *timed_out(struct world *w)
{
    return in_order(eff_timeout(eff_shield(work(w, 100)), eff_millis(10)), say_time(w, "on"));
}
/* A32: the side that the timeout gives up is no region: the fiber awaits the body. */
CASE(A32_the_caller_goes_on_at_once_and_the_body_ends, timed_out, .succeeds = "unit", .journal = "on@10 done@100",
     .timed = true, .ms = 100, .check = once, .invariant = begun_is_ended)

static eff_t *region_awaits(struct world *w)
{
    eff_t *inside = in_order(eff_timeout(eff_shield(work(w, 100)), eff_millis(10)), say_time(w, "inside"));
    return in_order(eff_scoped(inside), say_time(w, "after"));
}
CASE(the_enclosing_region_awaits_the_body, region_awaits, .succeeds = "unit", .journal = "inside@10 done@100 after@100",
     .check = once)

static eff_t *use_shields(eff_value_t resource, eff_value_t env)
{
    return eff_timeout(eff_shield(work(the_world(env), 100)), eff_millis(10));
}
static eff_t *borrows(struct world *w)
{
    return eff_acquire_use_release(acquire(w, "a"), use_shields, release, eff_ptr(w));
}
CASE(the_body_may_use_what_its_region_owns, borrows, .succeeds = "none", .journal = "a+ done@100 a-")

static eff_t *fiber_interrupted(struct world *w)
{
    eff_t *caller = eff_ensuring(eff_shield(work(w, 100)), say_time(w, "left"));
    return in_order(keep(w, 0, eff_fork(caller)), ms(10), say_interrupt(w, 0), say_time(w, "end"));
}
/* The fiber itself is the region: it unwinds at once, and ends when the body has. */
CASE(an_interrupted_fiber_unwinds_at_once_and_awaits_the_body, fiber_interrupted, .succeeds = "unit",
     .journal = "left@10 done@100 interrupt end@100", .check = once)

static eff_t *in_a_race(struct world *w)
{
    return in_order(eff_race(after(10, one(1)), eff_shield(work(w, 100))), say_time(w, "on"));
}
CASE(losing_a_race_does_not_end_the_body, in_a_race, .succeeds = "unit", .journal = "on@10 done@100", .check = once)

static eff_t *interrupted_before(struct world *w)
{
    eff_t *caller = eff_then(eff_interrupt_self(), eff_shield(work(w, 100)));
    return in_order(keep(w, 0, eff_fork(caller)), say_await(w, 0));
}
CASE(a_body_that_was_not_begun_does_not_begin, interrupted_before, .succeeds = "unit", .journal = "interrupt")

/* ---- what becomes of its end */

static eff_t *value_dropped(struct world *w)
{
    eff_t *body = eff_then(ms(100), eff_succeed(eff_printf("%s", "dropped")));
    return eff_timeout(eff_shield(body), eff_millis(10));
}
CASE(the_value_of_a_body_left_behind_is_dropped, value_dropped, .succeeds = "none", .timed = true, .ms = 100)

static eff_t *failing_behind(struct world *w)
{
    return in_order(eff_timeout(eff_shield(after(100, failing(7))), eff_millis(10)), say_time(w, "on"));
}
static eff_t *failing_before(struct world *w)
{
    return eff_ignore(eff_shield(after(5, failing(7))));
}
START_TEST(a_failure_of_a_body_left_behind_is_reported)
{
    struct world w;
    run_observing(&w, failing_behind);
    ck_assert_journal(&w, "on@10 unobserved(then(fail:7,interrupt)) ok:unit");
    run_observing(&w, failing_before);
    ck_assert_journal(&w, "ok:unit");
    run_observing(&w, value_dropped);
    ck_assert_journal(&w, "ok:none");
}
END_TEST

/* ---- parts that are not shielded */

static eff_t *interruptible_part(struct world *w)
{
    eff_t *waits = eff_interruptible(when_interrupted(eff_never(), say_time(w, "part")));
    eff_t *body = eff_then(eff_ignore_cause(waits), say_time(w, "rest"));
    return in_order(eff_timeout(eff_shield(body), eff_millis(10)), say_time(w, "on"));
}
/* The interruption ends the part. It stays pending, so the rest is masked: it runs. */
CASE(an_interruptible_part_is_interrupted_and_the_rest_is_not, interruptible_part, .succeeds = "unit",
     .journal = "part@10 rest@10 on@10", .without = NO_SHUFFLES) /* two are ready at 10 */

static eff_t *races_inside(struct world *w)
{
    eff_t *body = eff_then(eff_race(ms(50), eff_never()), say_time(w, "raced"));
    return in_order(eff_timeout(eff_shield(body), eff_millis(10)), say_time(w, "on"));
}
CASE(what_runs_in_parallel_inside_is_shielded_too, races_inside, .succeeds = "unit", .journal = "on@10 raced@50")

static eff_t *nested(struct world *w)
{
    eff_t *inner = eff_timeout(eff_shield(work(w, 100)), eff_millis(50));
    return in_order(eff_timeout(eff_shield(eff_then(inner, say_time(w, "inner"))), eff_millis(10)), say_time(w, "on"));
}
CASE(shields_nest, nested, .succeeds = "unit", .journal = "on@10 inner@50 done@100", .check = once)

/* The recipe for a result that others wait for: the work is a fiber of its own, and joining it touches nothing. */
static eff_t *join_with_timeout(eff_fiber_t *fiber)
{
    return eff_timeout(eff_fiber_join(fiber), eff_millis(10));
}
static eff_t *say_option(eff_value_t v, eff_value_t env)
{
    return say_time(the_world(env), eff_is_some(v) ? "some" : "none");
}
static eff_t *shared_work(struct world *w)
{
    eff_t *impatient = eff_flat_map(with_fiber(w, 0, join_with_timeout), say_option, eff_ptr(w));
    return in_order(keep(w, 0, eff_fork(work(w, 100))), impatient, with_fiber(w, 0, join), say_time(w, "end"));
}
CASE(A32_who_joins_may_give_up_and_join_again, shared_work, .succeeds = "unit", .journal = "none@10 done@100 end@100",
     .check = once)

START_TEST(mistakes_of_shield_name_it)
{
    ck_assert_dies(eff_shield(NULL), "argument 1 of eff_shield is NULL");
    ck_assert_dies(eff_shield(eff_out_of_memory()), "out of memory");
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_t *e = eff_shield(one(1));
    eff_describe(e, &text);
    ck_assert_msg(strncmp(eff_buffer_text(&text), "shield (test_shield.c:", 22) == 0, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_decref(e);
}
END_TEST

TESTS(it_ends_as_its_body_does, it_dies_as_its_body_does, A32_the_caller_goes_on_at_once_and_the_body_ends,
      the_enclosing_region_awaits_the_body, the_body_may_use_what_its_region_owns,
      an_interrupted_fiber_unwinds_at_once_and_awaits_the_body, losing_a_race_does_not_end_the_body,
      a_body_that_was_not_begun_does_not_begin, the_value_of_a_body_left_behind_is_dropped,
      a_failure_of_a_body_left_behind_is_reported, an_interruptible_part_is_interrupted_and_the_rest_is_not,
      what_runs_in_parallel_inside_is_shielded_too, shields_nest, A32_who_joins_may_give_up_and_join_again,
      mistakes_of_shield_name_it)
