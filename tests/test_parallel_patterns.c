/* Patterns of doing things at the same time that users know by name, each as it is written with the library. */
#include <effect/log.h>

#include "support/fibers.h"

static struct world *the_world(eff_value_t env)
{
    return eff_as_ptr(env);
}

static eff_t *in_time(struct world *w, const char *word, int64_t takes, eff_t *e)
{
    eff_t *works = in_order(ms(takes), say_time(w, word), e);
    return when_interrupted(works, say_time(w, "lost"));
}

/* ---- A3: spawn a handle each, gather in argument order, exits in place */

static eff_t *gather(struct world *w)
{
    return eff_all_par(in_time(w, "a", 30, one(1)), in_time(w, "b", 10, one(2)), in_time(w, "c", 20, one(3)));
}
CASE(A3_gather_keeps_the_order_of_its_arguments, gather, .succeeds = "[1, 2, 3]", .journal = "b@10 c@20 a@30",
     .timed = true, .ms = 30)

static eff_value_t words_of(eff_value_t exits, eff_value_t env)
{
    for (size_t i = 0; i < eff_array_size(exits); i++)
        journal_add(the_world(env), word_of(eff_as_exit(eff_array_at(exits, i))));
    return eff_unit;
}
static eff_t *gather_exits(struct world *w)
{
    eff_t *exits = eff_all_par_exits(in_time(w, "a", 30, one(1)), after(10, failing(2)), after(20, dying()));
    return eff_map(exits, words_of, eff_ptr(w));
}
CASE(A3_gather_with_exits_gives_each_tasks_exit_in_its_place, gather_exits, .succeeds = "unit",
     .journal = "a@30 ok:1 fail:2 die", .timed = true, .ms = 30)

static eff_t *spawned(struct world *w)
{
    eff_t *spawn =
        eff_then(keep(w, 0, eff_fork(in_time(w, "a", 30, one(1)))), keep(w, 1, eff_fork(in_time(w, "b", 10, one(2)))));
    return eff_then(spawn, eff_zip(with_fiber(w, 0, join), with_fiber(w, 1, join)));
}
CASE(A3_spawned_tasks_are_joined_by_their_handles, spawned, .succeeds = "(1, 2)", .journal = "b@10 a@30", .timed = true,
     .ms = 30)

/* ---- A6: side effects over a source, two at once */

static eff_t *store(eff_value_t item, eff_value_t env)
{
    static const char *const names[] = { "0", "1", "2", "3", "4", "5" };
    int64_t i = eff_as_int(item);
    return in_time(the_world(env), names[i], 10, i == 2 ? failing(2) : eff_noop());
}
static eff_t *process(struct world *w)
{
    return eff_for_each_par_discard(eff_range(0, 6), store, eff_ptr(w), 2);
}
CASE(A6_the_first_failure_cancels_all, process, .fails = "2", .journal = "0@10 1@10 2@20 3@20", .timed = true, .ms = 20,
     .without = NO_SHUFFLES) /* item 3 ends in the turn in which item 2 fails */

static eff_t *log_it(const eff_cause_t *cause, eff_value_t env)
{
    return eff_then(eff_log_cause(EFF_LOG_DEBUG, eff_cause_incref(cause), "left out"), say(the_world(env), "logged"));
}
static eff_t *process_on(struct world *w)
{
    return eff_for_each_par_tolerant(eff_range(0, 6), store, log_it, eff_ptr(w), 2);
}
CASE(A6_ignoring_failures_logs_and_goes_on, process_on, .succeeds = "unit",
     .journal = "0@10 1@10 2@20 logged 3@20 4@30 5@30", .timed = true, .ms = 30)

/* ---- A7: ordered results, bounded */

static eff_t *squared(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    return after(10 * (4 - i), i == 1 ? failing(1) : one(i * i));
}
static eff_t *execute(struct world *w)
{
    return eff_for_each_par(EFF_ARRAY(eff_int(0), eff_int(3), eff_int(2)), squared, eff_unit, 2);
}
CASE(A7_results_stand_in_order_and_no_more_than_n_run, execute, .succeeds = "[0, 9, 4]", .timed = true, .ms = 40)

static eff_t *execute_exits(struct world *w)
{
    return eff_map(eff_for_each_par_exits(eff_range(0, 4), squared, eff_unit, 2), words_of, eff_ptr(w));
}
CASE(A7_failures_are_exits_in_place_if_asked_for, execute_exits, .succeeds = "unit", .journal = "ok:0 fail:1 ok:4 ok:9",
     .timed = true, .ms = 50)

/* ---- A8: an array of different effects, bounded */

static eff_t *run_it(eff_value_t effect, eff_value_t env)
{
    return eff_incref(eff_as_effect(effect));
}
static eff_t *prepared(struct world *w)
{
    eff_value_t a = eff_effect_value(in_time(w, "a", 20, one(1)));
    eff_value_t b = eff_effect_value(in_time(w, "b", 10, eff_succeed(eff_printf("two"))));
    eff_value_t c = eff_effect_value(eff_zip_par(in_time(w, "c", 10, one(3)), one(4)));
    return eff_for_each_par(EFF_ARRAY(a, b, c), run_it, eff_unit, 2);
}
CASE(A8_prepared_effects_run_n_at_once, prepared, .succeeds = "[1, \"two\", (3, 4)]", .journal = "b@10 a@20 c@20",
     .timed = true, .ms = 20, .without = NO_SHUFFLES) /* two end at 20 */

/* ---- A17: zip_par and race of many */

static eff_t *n_ary(struct world *w)
{
    eff_t *zip = eff_all_par(one(1), after(5, one(2)), one(3), one(4));
    eff_t *race = eff_race_all(in_time(w, "a", 30, one(1)), after(10, failing(2)), in_time(w, "c", 20, one(3)));
    return eff_zip(zip, race);
}
CASE(A17_zip_par_and_race_take_any_number, n_ary, .succeeds = "([1, 2, 3, 4], 3)", .journal = "c@25 lost@25")

static eff_t *winner_is_told(struct world *w)
{
    return eff_race_indexed(eff_never(), after(10, failing(2)), after(20, one(3)), after(20, one(4)));
}
CASE(A17_race_indexed_tells_who_won, winner_is_told, .succeeds = "(2, 3)", .timed = true, .ms = 20,
     .without = NO_SHUFFLES) /* the order decides the tie */

/* ---- A21: fail-fast and fail-safe */

static eff_t *second_fails(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    if (i == 2) return after(10, failing(2));
    return in_time(the_world(env), "ok", i == 1 ? 5 : 20, eff_succeed(eff_printf("ok%d", (int)i)));
}
static eff_t *fail_fast(struct world *w)
{
    return eff_for_each_par(eff_range(1, 4), second_fails, eff_ptr(w), 0);
}
CASE(A21_fail_fast_cancels_the_third, fail_fast, .fails = "2", .journal = "ok@5 lost@10", .timed = true, .ms = 10)

static eff_t *fail_safe(struct world *w)
{
    return eff_partition_par(eff_range(1, 4), second_fails, eff_ptr(w), 0);
}
CASE(A21_fail_safe_collects_all, fail_safe, .succeeds = "([2], [\"ok1\", \"ok3\"])", .journal = "ok@5 ok@20")

/* ---- A32: waiting for the first to complete, for the first failure, for all */

static eff_t *first_completed(struct world *w)
{
    return eff_race_first_all(in_time(w, "a", 30, one(1)), after(10, failing(2)), in_time(w, "c", 20, one(3)));
}
CASE(A32_the_first_to_complete_is_the_result, first_completed, .fails = "2", .journal = "lost@10 lost@10",
     .timed = true, .ms = 10)

static eff_t *flattened(struct world *w)
{
    return eff_flat_map(eff_succeed(eff_effect_value(one(3))), eff_run_effect, eff_unit);
}
CASE(an_effect_that_a_value_is_can_be_run, flattened, .succeeds = "3")

static eff_t *no_effect(struct world *w)
{
    return eff_flat_map(one(3), eff_run_effect, eff_unit);
}
CASE(running_what_is_no_effect_is_a_mistake, no_effect, .dies = "effect")

static eff_t *a_missing_effect(struct world *w)
{
    return eff_flat_map(eff_noop(), eff_run_effect, eff_unit);
}
CASE(running_unit_is_a_mistake, a_missing_effect, .dies = "effect")

TESTS(A3_gather_keeps_the_order_of_its_arguments, A3_gather_with_exits_gives_each_tasks_exit_in_its_place,
      A3_spawned_tasks_are_joined_by_their_handles, A6_the_first_failure_cancels_all,
      A6_ignoring_failures_logs_and_goes_on, A7_results_stand_in_order_and_no_more_than_n_run,
      A7_failures_are_exits_in_place_if_asked_for, A8_prepared_effects_run_n_at_once,
      A17_zip_par_and_race_take_any_number, A17_race_indexed_tells_who_won, A21_fail_fast_cancels_the_third,
      A21_fail_safe_collects_all, A32_the_first_to_complete_is_the_result, an_effect_that_a_value_is_can_be_run,
      running_what_is_no_effect_is_a_mistake, running_unit_is_a_mistake)
