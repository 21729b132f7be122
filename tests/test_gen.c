/* Gens: straight-line code over a frame of one's own. Compiled twice: as test_gen with labels as values, and with
 * -DEFF_GEN_SWITCH as test_gen_switch, the form for compilers without them. */
#include "support/fibers.h"

/* A frame that most gens here share: the world, a counter, a sum, and something held. */
struct frame {
    struct world *w;
    int64_t i, sum;
    eff_value_t held;
    bool acquired; /* held was acquired from the world */
};
static void frame_drop(struct frame *s)
{
    if (s->w) journal_add(s->w, "drop");
    if (s->w && s->acquired) s->w->released++;
    eff_value_decref(s->held);
}

/* ---- one line after the other */

static eff_t *straight_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(one(40));
    s->sum = eff_as_int(EFF_GOT());
    EFF_AWAIT(after(5, one(2)));
    s->sum += eff_as_int(EFF_GOT());
    EFF_AWAIT(say_time(s->w, "line"));
    EFF_GEN_END(eff_int(s->sum));
}
EFF_DEFINE_GEN(straight, struct frame, straight_step, .drop = frame_drop);
static eff_t *straight_line(struct world *w)
{
    return straight((struct frame){ .w = w });
}
CASE(awaits_go_on_with_the_value, straight_line, .succeeds = "42", .journal = "line@5 drop")

static eff_t *taking_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_succeed(eff_printf("number %d", 1)));
    s->held = EFF_TAKE();
    ck_assert(eff_value_is(EFF_GOT(), &eff_unit_type));
    EFF_AWAIT(eff_succeed(eff_printf("number %d", 2)));
    EFF_GEN_END(eff_pair(eff_value_incref(s->held), EFF_TAKE()));
}
EFF_DEFINE_GEN(taking, struct frame, taking_step, .drop = frame_drop);
static eff_t *takes_values(struct world *w)
{
    return taking((struct frame){ .w = w });
}
CASE(take_moves_the_value_out_and_got_borrows_it, takes_values, .succeeds = "(\"number 1\", \"number 2\")")

static eff_t *failing_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(say(s->w, "before"));
    EFF_AWAIT(failing(7));
    EFF_AWAIT(say(s->w, "after"));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(failing_gen, struct frame, failing_step, .drop = frame_drop);
static eff_t *await_fails(struct world *w)
{
    return failing_gen((struct frame){ .w = w });
}
CASE(a_failed_await_ends_the_gen_with_that_failure, await_fails, .cause = "fail(7)", .journal = "before drop")

/* ---- ending: how frame.i says */

static eff_t *ending_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT_EXIT(s->i == 4 ? dying() : failing(4));
    if (s->i == 0) EFF_GEN_FAIL(eff_int(1));
    if (s->i == 1) EFF_GEN_RETURN(eff_int(2));
    if (s->i == 2) return after(3, one(3));
    if (s->i == 3) return failing(3);
    if (s->i <= 5) EFF_GEN_EXIT(EFF_EXIT());
    if (s->i == 6) return NULL;
    if (s->i == 7) EFF_GEN_RETURN((eff_value_t){ 0 });
    (void)eff_as_string(eff_int(1)); /* a mistake: whatever follows is dropped */
    EFF_GEN_END(eff_string("dropped"));
}
EFF_DEFINE_GEN(ending, struct frame, ending_step, .drop = frame_drop);

#define ENDS(name, how, number)                                                                                        \
    static eff_t *ends_##number(struct world *w)                                                                       \
    {                                                                                                                  \
        return ending((struct frame){ .w = w, .i = number });                                                          \
    }                                                                                                                  \
    START_TEST(name)                                                                                                   \
    {                                                                                                                  \
        static const struct expectation expected = { how, .journal = "drop" };                                         \
        run_case(#name, ends_##number, &expected);                                                                     \
    }                                                                                                                  \
    END_TEST
ENDS(gen_fail_ends_with_a_failure, .cause = "fail(1)", 0)
ENDS(gen_return_ends_early_with_a_value, .succeeds = "2", 1)
ENDS(returning_an_effect_ends_with_what_it_ends_with, .succeeds = "3", 2)
ENDS(returning_an_effect_that_fails_ends_with_its_failure, .cause = "fail(3)", 3)
ENDS(gen_exit_ends_with_a_defect_again, .dies = "boom", 4)
ENDS(gen_exit_ends_with_a_failure_again, .cause = "fail(4)", 5)
ENDS(returning_null_is_a_mistake, .dies = "gen ending returned NULL", 6)
ENDS(ending_with_the_absent_value_is_a_mistake, .dies = "gen ending ended with the absent value", 7)
ENDS(a_mistake_in_a_step_ends_the_gen, .dies = "string", 8)

static eff_t *awaits_null_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(s->i ? one(1) : NULL);
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(awaits_null, struct frame, awaits_null_step, .drop = frame_drop);
static eff_t *awaits_nothing(struct world *w)
{
    return awaits_null((struct frame){ .w = w });
}
CASE(awaiting_null_is_a_mistake, awaits_nothing, .dies = "gen awaits_null returned NULL", .journal = "drop")

/* ---- exits */

static eff_t *exits_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT_EXIT(failing(1));
    journal_add(s->w, word_of(EFF_EXIT()));
    EFF_AWAIT_EXIT(dying());
    journal_add(s->w, word_of(EFF_EXIT()));
    EFF_AWAIT_EXIT(after(1, one(5)));
    journal_add(s->w, word_of(EFF_EXIT()));
    EFF_AWAIT(keep(s->w, 0, eff_fork(eff_never())));
    EFF_AWAIT(with_fiber(s->w, 0, interrupt_fork));
    EFF_AWAIT_EXIT(with_fiber(s->w, 0, join));
    journal_add(s->w, word_of(EFF_EXIT()));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(exits, struct frame, exits_step, .drop = frame_drop);
static eff_t *awaits_exits(struct world *w)
{
    return exits((struct frame){ .w = w });
}
CASE(await_exit_hands_over_failures_defects_and_values, awaits_exits, .succeeds = "unit",
     .journal = "fail:1 die ok:5 interrupt drop")

static eff_t *swallowing_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    while (s->i < 9) {
        EFF_AWAIT_EXIT(s->i++ < 3 ? failing(1) : eff_interrupt_self());
        journal_add(s->w, word_of(EFF_EXIT()));
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(swallowing, struct frame, swallowing_step, .drop = frame_drop);
static eff_t *cannot_swallow(struct world *w)
{
    return swallowing((struct frame){ .w = w });
}
CASE(await_exit_cannot_swallow_the_gens_own_interruption, cannot_swallow, .interrupted = true,
     .journal = "fail:1 fail:1 fail:1 drop")

static eff_t *masked_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT_EXIT(eff_then(eff_interrupt_self(), failing(1)));
    journal_add(s->w, word_of(EFF_EXIT()));
    EFF_AWAIT(say(s->w, "went-on"));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(masked, struct frame, masked_step, .drop = frame_drop);
static eff_t *goes_on_masked(struct world *w)
{
    return eff_then(eff_uninterruptible(masked((struct frame){ .w = w })), say(w, "never"));
}
CASE(a_masked_gen_goes_on_and_is_interrupted_when_the_mask_ends, goes_on_masked, .interrupted = true,
     .journal = "fail:1 went-on drop")

/* ---- loops and switches */

static eff_t *looping_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    for (s->i = 0; s->i < 5; s->i++) {
        if (s->i == 1) continue;
        if (s->i == 4) break;
        EFF_AWAIT(eff_succeed(eff_int(s->i * 10)));
        s->sum += eff_as_int(EFF_GOT());
    }
    do
        EFF_AWAIT(count(s->w, 0));
    while (eff_as_int(EFF_GOT()) < 3);
    if (s->sum == 50) EFF_AWAIT(one(1));
    else EFF_AWAIT(one(2));
    EFF_GEN_END(eff_int(s->sum + eff_as_int(EFF_GOT())));
}
EFF_DEFINE_GEN(looping, struct frame, looping_step, .drop = frame_drop);
static eff_t *loops(struct world *w)
{
    return looping((struct frame){ .w = w });
}
CASE(awaits_stand_in_loops_and_branches, loops, .succeeds = "51", .journal = "drop")

static eff_t *switching_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    for (s->i = 0; s->i < 3; s->i++) {
        switch (s->i) {
        case 0: s->sum += 1; break;
        case 1:
            EFF_AWAIT(one(20));
            s->sum += eff_as_int(EFF_GOT());
            break;
        default: EFF_AWAIT(one(300)); s->sum += eff_as_int(EFF_GOT());
        }
    }
    EFF_GEN_END(eff_int(s->sum));
}
EFF_DEFINE_GEN(switching, struct frame, switching_step, .drop = frame_drop);
static eff_t *switches(struct world *w)
{
    return switching((struct frame){ .w = w });
}
#if defined(EFF_GEN_SWITCH)
CASE(an_await_inside_a_switch_works_or_is_reported, switches, .journal = "drop",
     .dies = "gen switching cannot be resumed: an await stands inside a switch of the step function")
#else
CASE(an_await_inside_a_switch_works_or_is_reported, switches, .succeeds = "321", .journal = "drop")
#endif

enum { MANY = 100000 };
static eff_t *many_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    while (s->i < MANY) {
        EFF_AWAIT(one(1));
        s->i += eff_as_int(EFF_GOT());
    }
    EFF_GEN_END(eff_int(s->i));
}
EFF_DEFINE_GEN(many, struct frame, many_step, .drop = frame_drop);
START_TEST(a_hundred_thousand_awaits_take_constant_memory)
{
    ck_assert_succeeds(many((struct frame){ 0 }), "100000");
}
END_TEST

/* ---- the end of a gen: children, defers in reverse, frame */

static eff_t *say_a(struct frame *s, const eff_exit_t *exit)
{
    journal_add(s->w, word_of(exit));
    return say(s->w, "a");
}
static eff_t *say_b(struct frame *s, const eff_exit_t *exit)
{
    journal_add(s->w, word_of(exit));
    return after(2, say_time(s->w, "b"));
}
static eff_t *deferring_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_DEFER(s, say_a);
    EFF_AWAIT(eff_fork(eff_ensuring(eff_never(), say(s->w, "child"))));
    EFF_DEFER(s, say_b);
    EFF_AWAIT(s->i == 2 ? eff_interrupt_self() : after(1, s->i == 1 ? failing(7) : one(7)));
    EFF_GEN_END(eff_int(8));
}
EFF_DEFINE_GEN(deferring, struct frame, deferring_step, .drop = frame_drop);
static eff_t *defers_0(struct world *w)
{
    return deferring((struct frame){ .w = w, .i = 0 });
}
CASE(after_a_success_children_end_then_defers_in_reverse_then_the_frame, defers_0, .succeeds = "8",
     .journal = "child ok:8 b@3 ok:8 a drop")
static eff_t *defers_1(struct world *w)
{
    return deferring((struct frame){ .w = w, .i = 1 });
}
CASE(after_a_failure_children_end_then_defers_in_reverse_then_the_frame, defers_1, .cause = "fail(7)",
     .journal = "child fail:7 b@3 fail:7 a drop")
static eff_t *defers_2(struct world *w)
{
    return deferring((struct frame){ .w = w, .i = 2 });
}
/* The child has not had its turn, so its body never started. */
CASE(after_an_interruption_children_end_then_defers_in_reverse_then_the_frame, defers_2, .interrupted = true,
     .journal = "interrupt b@2 interrupt a drop")

static eff_t *defer_fails(struct frame *s, const eff_exit_t *exit)
{
    (void)s, (void)exit;
    return failing(2);
}
static eff_t *defer_failing_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_DEFER(s, defer_fails);
    if (s->i) EFF_GEN_FAIL(eff_int(1));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(defer_failing, struct frame, defer_failing_step, .drop = frame_drop);
static eff_t *defer_fails_after_failure(struct world *w)
{
    return defer_failing((struct frame){ .w = w, .i = 1 });
}
CASE(a_failing_defer_is_added_to_a_failure, defer_fails_after_failure, .cause = "then(fail(1), fail(2))",
     .journal = "drop")
static eff_t *defer_fails_after_success(struct world *w)
{
    return defer_failing((struct frame){ .w = w });
}
CASE(a_failing_defer_replaces_a_success, defer_fails_after_success, .cause = "fail(2)", .journal = "drop")

static eff_t *say_released(struct frame *s, const eff_exit_t *exit)
{
    release(eff_literal("x"), exit, eff_ptr(s->w));
    return eff_noop();
}
static eff_t *defer_in_loop_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    for (s->i = 0; s->i < 3; s->i++) {
        EFF_AWAIT(acquire(s->w, "x"));
        EFF_DEFER(s, say_released);
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(defer_in_loop, struct frame, defer_in_loop_step, .drop = frame_drop);
static eff_t *defers_in_a_loop(struct world *w)
{
    return defer_in_loop((struct frame){ .w = w });
}
/* Between the await's success and EFF_DEFER nothing can interrupt: the harness checks acquired against released. */
CASE(what_was_acquired_is_released_by_its_defer, defers_in_a_loop, .succeeds = "unit",
     .journal = "x+ x+ x+ x- x- x- drop")

static eff_t *holding_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(acquire(s->w, "x"));
    s->held = EFF_TAKE();
    s->acquired = true;
    EFF_AWAIT(ms(5));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(holding, struct frame, holding_step, .drop = frame_drop);
static eff_t *holds_in_frame(struct world *w)
{
    return holding((struct frame){ .w = w });
}
CASE(what_was_acquired_into_the_frame_is_released_by_its_drop, holds_in_frame, .succeeds = "unit", .journal = "x+ drop")

/* ---- runs and their frames */

static eff_t *counting_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    for (; s->i < 3; s->i++)
        EFF_AWAIT(eff_yield_now());
    EFF_GEN_END(eff_int(s->i));
}
EFF_DEFINE_GEN(counting, struct frame, counting_step, .drop = frame_drop);
static eff_t *runs_twice(struct world *w)
{
    eff_t *e = counting((struct frame){ .w = w });
    eff_t *second = eff_incref(e), *third = eff_incref(e);
    return eff_zip(e, eff_zip_par(second, third));
}
CASE(every_run_has_a_frame_of_its_own, runs_twice, .succeeds = "(3, (3, 3))", .journal = "drop drop drop")

static eff_t *nested_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(counting((struct frame){ .w = s->w, .i = 1 }));
    s->sum = eff_as_int(EFF_GOT());
    EFF_AWAIT(counting((struct frame){ .w = s->w, .i = 5 }));
    EFF_GEN_END(eff_int(s->sum + eff_as_int(EFF_GOT())));
}
EFF_DEFINE_GEN(nested, struct frame, nested_step, .drop = frame_drop);
static eff_t *nests(struct world *w)
{
    return nested((struct frame){ .w = w });
}
CASE(gens_nest, nests, .succeeds = "8", .journal = "drop drop drop")

static eff_t *forking_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(keep(s->w, 0, eff_fork(eff_never())));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(forking, struct frame, forking_step, .drop = frame_drop);
static eff_t *is_a_region(struct world *w)
{
    return eff_then(forking((struct frame){ .w = w }), say_await(w, 0));
}
CASE(a_gen_is_a_region, is_a_region, .succeeds = "unit", .journal = "drop interrupt")

START_TEST(a_gen_that_is_never_run_touches_nothing)
{
    struct world w = { 0 };
    eff_decref(holding((struct frame){ .w = &w }));
    ck_assert_journal(&w, "");
}
END_TEST

/* ---- .copy: the description owns what init holds */

struct owned {
    eff_value_t text;
    eff_value_t more; /* absent in init: a run puts something there */
    struct world *w;
};
static void owned_copy(struct owned *s)
{
    (void)eff_value_incref(s->text);
    s->w->n[0]++;
}
static void owned_drop(struct owned *s)
{
    eff_value_decref(s->text);
    eff_value_decref(s->more);
    if (s->w) s->w->n[1]++;
}
static eff_t *owning_step(struct owned *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_succeed(eff_string("run")));
    s->more = EFF_TAKE();
    EFF_AWAIT(eff_yield_now());
    EFF_GEN_END(eff_pair(eff_value_incref(s->text), eff_value_incref(s->more)));
}
EFF_DEFINE_GEN(owning, struct owned, owning_step, .copy = owned_copy, .drop = owned_drop);

static eff_t *own(struct world *w)
{
    return owning((struct owned){ .text = eff_string("init"), .w = w });
}
/* Frames: the description's, plus a copy for each run that did not take it over. */
static void one_drop_more_than_copies(struct world *w)
{
    ck_assert_int_eq(w->n[1], w->n[0] + 1);
}
static void moved(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 0);
    ck_assert_int_eq(w->n[1], 1);
}
CASE(the_last_run_takes_over_what_the_description_held, own, .succeeds = "(\"init\", \"run\")", .check = moved,
     .invariant = one_drop_more_than_copies)

static eff_t *own_and_run_thrice(struct world *w)
{
    eff_t *e = own(w), *second = eff_incref(e), *third = eff_incref(e);
    return eff_zip(e, eff_zip_par(second, third));
}
CASE(every_run_of_a_shared_description_owns_a_copy, own_and_run_thrice, .invariant = one_drop_more_than_copies,
     .succeeds = "((\"init\", \"run\"), ((\"init\", \"run\"), (\"init\", \"run\")))")

START_TEST(a_description_that_is_never_run_drops_what_it_owns)
{
    struct world w = { 0 };
    eff_decref(own(&w));
    ck_assert_int_eq(w.n[0], 0);
    ck_assert_int_eq(w.n[1], 1);
}
END_TEST

TESTS(awaits_go_on_with_the_value, take_moves_the_value_out_and_got_borrows_it,
      a_failed_await_ends_the_gen_with_that_failure, gen_fail_ends_with_a_failure, gen_return_ends_early_with_a_value,
      returning_an_effect_ends_with_what_it_ends_with, returning_an_effect_that_fails_ends_with_its_failure,
      gen_exit_ends_with_a_defect_again, gen_exit_ends_with_a_failure_again, returning_null_is_a_mistake,
      ending_with_the_absent_value_is_a_mistake, a_mistake_in_a_step_ends_the_gen, awaiting_null_is_a_mistake,
      await_exit_hands_over_failures_defects_and_values, await_exit_cannot_swallow_the_gens_own_interruption,
      a_masked_gen_goes_on_and_is_interrupted_when_the_mask_ends, awaits_stand_in_loops_and_branches,
      an_await_inside_a_switch_works_or_is_reported, a_hundred_thousand_awaits_take_constant_memory,
      after_a_success_children_end_then_defers_in_reverse_then_the_frame,
      after_a_failure_children_end_then_defers_in_reverse_then_the_frame,
      after_an_interruption_children_end_then_defers_in_reverse_then_the_frame, a_failing_defer_is_added_to_a_failure,
      a_failing_defer_replaces_a_success, what_was_acquired_is_released_by_its_defer,
      what_was_acquired_into_the_frame_is_released_by_its_drop, every_run_has_a_frame_of_its_own, gens_nest,
      a_gen_is_a_region, a_gen_that_is_never_run_touches_nothing, the_last_run_takes_over_what_the_description_held,
      every_run_of_a_shared_description_owns_a_copy, a_description_that_is_never_run_drops_what_it_owns)
