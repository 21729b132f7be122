/* The Clock as a service: clocks of the user's own, the live one as a layer, and what each changes about timed operations. */
#include "layers/test_clock.h"
#include "support/fibers.h"

/* ---- one that runs at twice the speed of another, as clock.h has it */

struct fast {
    eff_clock_t clock, *under;
};

static eff_instant_t fast_now(eff_clock_t *c)
{
    eff_clock_t *under = EFF_CONTAINER_OF(c, struct fast, clock)->under;
    return (eff_instant_t){ under->now(under).ns * 2 };
}
static eff_instant_t fast_wall(eff_clock_t *c)
{
    eff_clock_t *under = EFF_CONTAINER_OF(c, struct fast, clock)->under;
    return under->wall(under);
}
static eff_t *fast_sleep(eff_clock_t *c, eff_duration_t d)
{
    eff_clock_t *under = EFF_CONTAINER_OF(c, struct fast, clock)->under;
    return under->sleep(under, eff_duration_scale(d, 0.5));
}

typedef struct fast_program {
    struct fast fast;
    eff_t *e;
} fast_program_t;
static void fast_program_clear(fast_program_t *p)
{
    eff_decref(p->e);
}
EFF_STATIC_TYPE(fast_program, fast_program_t, .drop = fast_program_clear);

static eff_t *run_fast(eff_clock_t *under, eff_value_t env)
{
    fast_program_t *p = fast_program_of(env);
    p->fast = (struct fast){ { sizeof(eff_clock_t), fast_now, fast_wall, fast_sleep }, under };
    return eff_clock_provide(eff_incref(p->e), &p->fast.clock);
}

/* Runs e at twice the speed of the clock in effect. */
static eff_t *fast(eff_t *e)
{
    return eff_clock_with(run_fast, EFF_ENV(fast_program, .e = e));
}

static eff_t *sleeps_fast(struct world *w)
{
    return fast(eff_timed(eff_then(ms(30), say_time(w, "woke"))));
}
CASE(a_clock_of_ones_own_changes_every_sleep_below_it, sleeps_fast, .succeeds = "(30ms, unit)", .journal = "woke@15",
     .ms = 15, .timed = true)

static eff_t *times_out_fast(struct world *w)
{
    eff_t *e = eff_ensuring(eff_never(), say_time(w, "interrupted"));
    return fast(eff_zip(eff_timeout(e, eff_millis(10)), eff_within(eff_timed(ms(10)), eff_millis(11))));
}
CASE(and_every_timeout, times_out_fast, .succeeds = "(none, (10ms, unit))", .journal = "interrupted@5",
     .without = NO_AROUND /* a timeout around it has another clock */)

static eff_t *retries_fast(struct world *w)
{
    eff_t *e = eff_retry(eff_then(count(w, 0), failing(1)),
                         eff_schedule_both(eff_schedule_spaced(eff_millis(10)), eff_schedule_recurs(3)));
    return fast(eff_or_else(e, say_time(w, "gave up")));
}
CASE(and_every_retry, retries_fast, .succeeds = "unit", .journal = "gave up@15")

static eff_t *deadline_fast(struct world *w)
{
    return fast(eff_within_at("limit", eff_never(), eff_millis(10)));
}
CASE(and_every_deadline, deadline_fast, .fails = "timed out: not done within 10ms (limit)", .ms = 5, .timed = true)

static eff_t *interrupted_sleeper(struct world *w)
{
    eff_t *start = eff_then(keep(w, 0, eff_fork(when_interrupted(ms(100), say(w, "left")))), ms(2));
    return fast(in_order(start, with_fiber(w, 0, interrupt), eff_noop()));
}
CASE(its_sleeper_can_be_interrupted, interrupted_sleeper, .journal = "left", .ms = 1, .timed = true, .succeeds = "unit")

/* ---- one whose sleeps do what they like */

static eff_instant_t zero(eff_clock_t *c)
{
    return (eff_instant_t){ 0 };
}
static eff_t *fails_to_sleep(eff_clock_t *c, eff_duration_t d)
{
    return eff_fail(eff_literal("no bed"));
}
static eff_t *sleeps_nowhere(eff_clock_t *c, eff_duration_t d)
{
    return NULL;
}
static eff_t *counts(eff_clock_t *c, eff_duration_t d)
{
    return eff_succeed(eff_int(d.ns));
}

static eff_t *without_bed(struct world *w)
{
    static eff_clock_t clock = { sizeof clock, zero, zero, fails_to_sleep };
    return eff_clock_provide(ms(1), &clock);
}
CASE(what_its_sleep_fails_with_is_the_failure, without_bed, .fails = "no bed")

static eff_t *nowhere(struct world *w)
{
    static eff_clock_t clock = { sizeof clock, zero, zero, sleeps_nowhere };
    return eff_clock_provide(ms(1), &clock);
}
CASE(a_sleep_that_is_null_is_a_mistake, nowhere, .dies = "the .sleep of the Clock in effect returned NULL")

static eff_t *value_of_sleep(struct world *w)
{
    static eff_clock_t clock = { sizeof clock, zero, zero, counts };
    return eff_clock_provide(eff_zip(ms(1), ms(0)), &clock);
}
CASE(the_value_of_its_sleep_is_dropped, value_of_sleep, .succeeds = "(unit, unit)")

static eff_t *after_death(const eff_cause_t *cause, eff_value_t env)
{
    return eff_noop();
}
static eff_t *incomplete(struct world *w)
{
    static eff_clock_t clock = { .now = zero, .wall = zero, .sleep = counts };
    eff_t *e = eff_catch_cause(eff_clock_provide(ms(1), &clock), after_death, eff_unit);
    return eff_clock_provide(eff_then(e, eff_clock_now()), &clock);
}
CASE(a_clock_that_lacks_its_size_is_a_mistake, incomplete, .dies = "does not say .size = sizeof(eff_clock_t)")

static int64_t early_ns;
static eff_instant_t early_now(eff_clock_t *c)
{
    return (eff_instant_t){ early_ns };
}
static eff_t *early_sleep(eff_clock_t *c, eff_duration_t d)
{
    early_ns += d.ns;
    return eff_noop();
}
static eff_t *before_zero(struct world *w)
{
    static eff_clock_t clock = { sizeof clock, early_now, early_now, early_sleep };
    early_ns = -1000000000;
    eff_t *e = eff_zip(eff_within(ms(1), eff_duration_max), eff_timeout(eff_never(), eff_millis(1)));
    return eff_clock_provide(eff_then(e, eff_sleep(eff_duration_max)), &clock);
}
CASE(the_time_of_a_clock_may_be_before_zero, before_zero, .succeeds = "unit",
     .without = NO_BUDGETS /* all of its sleeps end at once */)

/* ---- the live one */

START_TEST(the_live_clock_is_a_layer)
{
    eff_t *e = eff_provide(eff_timed(eff_sleep(eff_millis(3))), eff_clock_live());
    eff_exit_t exit = eff_test_run(eff_zip(eff_timed(e), eff_clock_now()));
    ck_assert(exit.ok);
    eff_value_t both = eff_first(exit.value);
    ck_assert_int_ge(eff_as_duration(eff_first(eff_second(both))).ns, 3000000);
    ck_assert_int_eq(eff_as_duration(eff_first(both)).ns, 0); /* by the test's clock it took no time */
    eff_exit_decref(exit);
}
END_TEST

START_TEST(the_calendar_of_the_live_clock_is_the_systems)
{
    int64_t before = eff_clock_system()->wall(eff_clock_system()).ns;
    eff_exit_t exit = eff_run(eff_clock_wall());
    ck_assert(exit.ok);
    ck_assert_int_ge(eff_as_instant(exit.value).ns, before);
    ck_assert_int_gt(before, INT64_C(1700000000000000000));
    eff_exit_decref(exit);
}
END_TEST

START_TEST(a_clock_may_be_made_of_the_live_one)
{
    struct fast twice = { { sizeof(eff_clock_t), fast_now, fast_wall, fast_sleep }, eff_clock_system() };
    eff_exit_t exit = eff_run(eff_clock_provide(eff_timed(ms(6)), &twice.clock));
    ck_assert(exit.ok);
    ck_assert_int_ge(eff_as_duration(eff_first(exit.value)).ns, 6000000);
    eff_exit_decref(exit);
}
END_TEST

START_TEST(a_clock_may_have_functions_of_the_live_one)
{
    eff_clock_t early = *eff_clock_system();
    early.wall = zero;
    eff_exit_t exit = eff_run(eff_clock_provide(eff_timed(eff_then(ms(3), eff_clock_wall())), &early));
    ck_assert(exit.ok);
    ck_assert_int_ge(eff_as_duration(eff_first(exit.value)).ns, 3000000);
    ck_assert_int_eq(eff_as_instant(eff_second(exit.value)).ns, 0);
    eff_exit_decref(exit);
}
END_TEST

/* ---- several TestClocks of one runtime */

/* Binds three clocks, and unbinds them in an order: the runtime is then what it was, and before that a test's. */
static void unbind_in_order(int a, int b, int c)
{
    eff_runtime_t *rt = eff_runtime_new(NULL);
    int64_t budget = rt->budget;
    uint32_t max_turns = rt->max_turns, max_budgets = rt->max_budgets;
    eff__test_clock_t *clocks[3];
    for (unsigned i = 0; i < 3; i++) {
        clocks[i] = eff__test_clock_new(&(eff_test_clock_options_t){ .max_turns = 10 + i });
        eff__test_clock_bind(clocks[i], rt);
    }
    const int order[] = { a, b, c };
    for (int i = 0; i < 3; i++) {
        ck_assert_int_ne(rt->budget, budget);
        ck_assert_uint_ge(rt->max_turns, 10);
        ck_assert_uint_le(rt->max_turns, 12);
        ck_assert_ptr_nonnull(rt->virtual_now);
        eff__test_clock_unbind(clocks[order[i]]);
        eff__test_clock_decref(clocks[order[i]]);
    }
    ck_assert_int_eq(rt->budget, budget);
    ck_assert_uint_eq(rt->max_turns, max_turns);
    ck_assert_uint_eq(rt->max_budgets, max_budgets);
    ck_assert_ptr_null(rt->virtual_now);
    eff_runtime_free(rt);
}
START_TEST(test_clocks_go_in_any_order)
{
    unbind_in_order(2, 1, 0);
    unbind_in_order(0, 1, 2);
    unbind_in_order(1, 0, 2);
    unbind_in_order(1, 2, 0);
    unbind_in_order(0, 2, 1);
    unbind_in_order(2, 0, 1);
}
END_TEST

TESTS(test_clocks_go_in_any_order, a_clock_of_ones_own_changes_every_sleep_below_it, and_every_timeout, and_every_retry,
      and_every_deadline, its_sleeper_can_be_interrupted, what_its_sleep_fails_with_is_the_failure,
      a_sleep_that_is_null_is_a_mistake, the_value_of_its_sleep_is_dropped, a_clock_that_lacks_its_size_is_a_mistake,
      the_time_of_a_clock_may_be_before_zero, the_live_clock_is_a_layer, the_calendar_of_the_live_clock_is_the_systems,
      a_clock_may_be_made_of_the_live_one, a_clock_may_have_functions_of_the_live_one)
