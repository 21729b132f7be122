/* Behaviours that are easy to get wrong: depth, on 64 KiB of C stack. The names start with the row of the table in tests/README.md. */
#include <effect/async.h>

#include <inttypes.h>

#include "support/failing_allocator.h"
#include "support/fibers.h"
#include "support/harness.h"

static eff_value_t plus_one(eff_value_t v, eff_value_t env)
{
    return eff_int(eff_as_int(v) + 1);
}
static eff_t *next(eff_value_t v, eff_value_t env)
{
    return one(eff_as_int(v) + 1);
}

/* ---- B1: 10^6 and more, on 64 KiB of C stack. To either side with all built before it runs: test_core.c */

enum { DEEP = 1000000 };

/* So much of it as there is of the sweeps. */
static int deep(void)
{
    return (int)test_scaled(DEEP);
}
static const char *number(int64_t n)
{
    static char text[24];
    snprintf(text, sizeof text, "%" PRId64, n);
    return text;
}

static eff_t *maps_and_flat_maps(void)
{
    eff_t *e = one(0);
    for (int i = 0, n = deep(); i < n; i++)
        e = eff_flat_map(eff_map(e, plus_one, eff_unit), next, eff_unit);
    return e;
}
static void run_maps_and_flat_maps(void)
{
    ck_assert_succeeds(maps_and_flat_maps(), number(2 * deep()));
}
START_TEST(B1_two_million_maps_and_flat_maps_in_turn)
{
    run_on_small_stack(run_maps_and_flat_maps);
}
END_TEST

static eff_t *go_on_with(eff_value_t v, eff_value_t rest)
{
    return eff_incref(eff_as_effect(rest));
}
static void free_what_never_ran(void)
{
    eff_decref(maps_and_flat_maps());
    eff_t *e = one(0);
    for (int i = 0, n = deep(); i < n; i++)
        e = eff_flat_map(one(i), go_on_with, eff_effect_value(eff_map(e, plus_one, eff_unit)));
    eff_decref(e);
}
START_TEST(B1_what_never_ran_is_freed_to_either_side)
{
    run_on_small_stack(free_what_never_ran);
}
END_TEST

/* To the right, built while it runs; a map waits for the rest at every level. At the bottom: how to end. */
static eff_t *descend(eff_value_t v, eff_value_t bottom)
{
    int64_t n = eff_as_int(v);
    if (n == 0) return eff_incref(eff_as_effect(bottom));
    return eff_map(eff_flat_map(one(n - 1), descend, eff_value_incref(bottom)), plus_one, eff_unit);
}
static eff_t *million_deep(eff_t *bottom)
{
    return eff_flat_map(one(deep()), descend, eff_effect_value(bottom));
}
static void run_to_the_right(void)
{
    ck_assert_succeeds(million_deep(one(0)), number(deep()));
    ck_assert_fails(million_deep(failing(7)), "7");
    ck_assert_dies(million_deep(dying()), "boom");
    ck_assert_interrupted(million_deep(eff_interrupt_self()));
    ck_assert_succeeds(eff_timeout(million_deep(eff_never()), eff_millis(1)), "none");
}
START_TEST(B1_a_million_levels_built_while_running_return_fail_and_unwind)
{
    run_on_small_stack(run_to_the_right);
}
END_TEST

static void answer_at_once(eff_async_t *k, eff_value_t env)
{
    eff_async_succeed(k, eff_unit);
}

/* ---- B36: on 64 KiB of C stack */

static eff_t *answered_item(eff_value_t item, eff_value_t env)
{
    return eff_async(answer_at_once, eff_unit);
}
static void count_down(eff_async_t *k, eff_value_t env)
{
    int64_t n = eff_as_int(env);
    eff_async_resume(k, n ? eff_async(count_down, eff_int(n - 1)) : one(7));
}
static void run_answers(void)
{
    ck_assert_succeeds(eff_for_each_discard(eff_range(0, deep()), answered_item, eff_unit), "unit");
    ck_assert_succeeds(eff_async(count_down, eff_int(deep())), "7");
}
START_TEST(B36_a_million_answers_in_start)
{
    run_on_small_stack(run_answers);
}
END_TEST

static eff_t *offer_item(eff_value_t item, eff_value_t env)
{
    return eff_queue_offer(eff_as_queue(env), eff_value_incref(item));
}
static eff_t *take_item(eff_value_t item, eff_value_t env)
{
    return eff_queue_take(eff_as_queue(env));
}
static void run_wake_ups(void)
{
    eff_queue_t *q = eff_queue_bounded(1);
    eff_value_t v = eff_queue_value(q);
    eff_t *offers = eff_for_each_discard(eff_range(0, deep()), offer_item, eff_value_incref(v));
    eff_t *takes = eff_for_each_discard(eff_range(0, deep()), take_item, v);
    ck_assert_exit_(__FILE__, __LINE__, eff_run(eff_zip_par(offers, takes)), "succeeds", "(unit, unit)");
    eff_t *yielding = eff_repeat(eff_yield_now(), eff_schedule_recurs((uint64_t)deep()));
    ck_assert_exit_(__FILE__, __LINE__, eff_run(yielding), "succeeds", "unit");
}
START_TEST(B36_a_million_wake_ups)
{
    run_on_small_stack(run_wake_ups);
}
END_TEST

/* Each fiber of a chain waits, and then wakes the next one. */
enum { CHAIN = 100000 };
static eff_deferred_t *links[CHAIN + 1];
static eff_async_t *handles[CHAIN + 1];
static int chained(void)
{
    return test_scaled(CHAIN) < CHAIN ? (int)test_scaled(CHAIN) : CHAIN;
}

static eff_t *deferred_link(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    return eff_then(eff_deferred_await(links[i]), eff_deferred_succeed(links[i + 1], eff_unit));
}
static void keep_handle(eff_async_t *k, eff_value_t env)
{
    handles[eff_as_int(env)] = k;
}
static eff_value_t answer_handle(eff_value_t env)
{
    int64_t i = eff_as_int(env);
    if (i < chained()) eff_async_succeed(handles[i], eff_unit);
    return eff_unit;
}
static eff_t *async_link(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    return eff_then(eff_async(keep_handle, eff_int(i)), eff_sync(answer_handle, eff_int(i + 1)));
}
static void run_cascades(void)
{
    for (int i = 0; i <= chained(); i++)
        links[i] = eff_deferred_new();
    eff_t *chain = eff_for_each_par_discard(eff_range(0, chained()), deferred_link, eff_unit, 0);
    ck_assert_succeeds(eff_zip_par(chain, eff_deferred_succeed(links[0], eff_unit)), "(unit, true)");
    for (int i = 0; i <= chained(); i++)
        eff_deferred_decref(links[i]);
    chain = eff_for_each_par_discard(eff_range(0, chained()), async_link, eff_unit, 0);
    ck_assert_succeeds(eff_zip_par(chain, eff_sync(answer_handle, eff_int(0))), "(unit, unit)");
}
START_TEST(B36_a_hundred_thousand_fibers_wake_each_other)
{
    run_on_small_stack(run_cascades);
}
END_TEST

/* Groups in groups: they start, end, fail, and are interrupted. */
static eff_t *races(eff_t *e, int n)
{
    for (int i = 0; i < n; i++)
        e = eff_race(eff_never(), e);
    return e;
}
static eff_t *pairs(eff_t *e, int n)
{
    for (int i = 0; i < n; i++)
        e = eff_map_to(eff_zip_par(eff_noop(), e), eff_unit);
    return e;
}
static eff_t *timeouts(eff_t *e, int n)
{
    for (int i = 0; i < n; i++)
        e = eff_timeout_to(e, eff_hours(1), eff_noop());
    return e;
}
static void run_nested(void)
{
    eff_t *(*const nests[])(eff_t *, int) = { races, pairs, timeouts };
    for (int i = 0; i < 3; i++) {
        ck_assert_succeeds(nests[i](eff_noop(), chained()), "unit");
        ck_assert_succeeds(nests[i](eff_yield_now(), chained()), "unit");
        ck_assert_succeeds(eff_race_first(nests[i](eff_never(), chained()), ms(1)), "unit");
        /* Fewer: with every level that a defect leaves, its trace is looked through to the outermost fork. */
        if (i > 0) ck_assert_dies(nests[i](yields(dying()), chained() / 20 + 1), "boom");
    }
}
START_TEST(B36_a_hundred_thousand_nested_groups)
{
    run_on_small_stack(run_nested);
}
END_TEST

/* Fibers that fork the next one: the last ends all, or the first is interrupted. */
static eff_t *fork_next(eff_value_t env)
{
    int64_t n = eff_as_int(env);
    return n ? eff_then(eff_fork(eff_suspend(fork_next, eff_int(n - 1))), eff_never()) : eff_never();
}
static void run_forks(void)
{
    ck_assert_succeeds(eff_race_first(eff_suspend(fork_next, eff_int(chained())), ms(1)), "unit");
}
START_TEST(B36_a_hundred_thousand_generations_end)
{
    run_on_small_stack(run_forks);
}
END_TEST

TESTS(B1_two_million_maps_and_flat_maps_in_turn, B1_what_never_ran_is_freed_to_either_side,
      B1_a_million_levels_built_while_running_return_fail_and_unwind, B36_a_million_answers_in_start,
      B36_a_million_wake_ups, B36_a_hundred_thousand_fibers_wake_each_other, B36_a_hundred_thousand_nested_groups,
      B36_a_hundred_thousand_generations_end)
