/* When building or releasing fails: who hears of it, what was released by then, and what is tried next. */
#include <stdio.h>

#include "support/layers.h"

/* ---- building fails */

static eff_t *merged_with_slow(struct world *w)
{
    world = w;
    eff_layer_t *fails = eff_layer_effect(&pool_tag, after(1, failing(1)), EFF_NO_NEEDS);
    eff_t *open = eff_then(eff_interruptible(ms(5)), open_part("users"));
    eff_layer_t *sleeps = eff_layer_effect(&users_tag, open, EFF_NO_NEEDS);
    return eff_provide(use_pool(), eff_layer_merge(fails, eff_layer_merge(sleeps, config_live())));
}
/* LAYER-011 */
CASE(LAYER_011_what_is_built_beside_a_layer_that_fails_is_released, merged_with_slow, .cause = "fail(1)",
     .journal = "config+ config-", .ms = 1, .timed = true)

static eff_t *third_fails(struct world *w)
{
    world = w;
    eff_layer_t *upper = eff_layer_provide(users_live(), eff_layer_provide(broken_pool(), config_live()));
    return eff_provide(use_users(), upper);
}
static void tells_needer(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "note: layer broken_pool could not be built, needed by users_live");
}
/* LAYER-012 */
CASE(LAYER_012_what_was_built_is_released_and_the_failure_says_who_needed_it, third_fails, .cause = "fail(7)",
     .journal = "config+ config-", .check = tells_needer)

static eff_t *no_goodbye(part_t *p)
{
    assert_open(p);
    return eff_die(eff_literal("no goodbye"));
}
static eff_layer_t *impolite_config(void);
EFF_DEFINE_POLITE_LAYER(impolite_config, config, part_t, open_config, no_goodbye, close_part, EFF_NO_NEEDS);
static eff_t *fails_and_release_dies(struct world *w)
{
    world = w;
    return eff_provide(use_pool(), eff_layer_provide(broken_pool(), impolite_config()));
}
/* LAYER-012 */
CASE(LAYER_012_a_failure_comes_with_those_of_the_releases, fails_and_release_dies, .cause = "then(fail(7), die)",
     .journal = "config+ config-")

static eff_layer_t *impolite_pool(void);
EFF_DEFINE_POLITE_LAYER(impolite_pool, pool, part_t, open_pool, no_goodbye, close_part, &config_tag);
static eff_t *both_releases_die(struct world *w)
{
    world = w;
    return eff_provide(use_pool(), eff_layer_provide(impolite_pool(), impolite_config()));
}
/* B20 */
CASE(B20_when_a_release_fails_the_others_run_and_all_failures_are_told, both_releases_die, .cause = "then(die, die)",
     .journal = "config+ pool+ pool pool- config-")

static eff_t *two_wait(struct world *w)
{
    world = w;
    eff_layer_t *slow = eff_layer_effect(&config_tag, after(1, failing(7)), EFF_NO_NEEDS);
    eff_t *first = eff_fork(eff_provide(use_config(), eff_layer_incref(slow)));
    eff_t *second = eff_fork(eff_provide(use_config(), slow));
    return in_order(keep(w, 0, first), keep(w, 1, second), say_await(w, 0), say_await(w, 1));
}
CASE(a_failure_is_that_of_all_who_wait, two_wait, .succeeds = "unit", .journal = "fail:7 fail:7")

static eff_t *second_succeeds(eff_value_t n, eff_value_t env)
{
    (void)env;
    return eff_as_int(n) < 2 ? failing(eff_as_int(n)) : open_part("config");
}
static eff_t *open_at_second_try(void)
{
    return eff_flat_map(count(world, 0), second_succeeds, eff_unit);
}
static eff_layer_t *flaky(void);
EFF_DEFINE_LAYER(flaky, config, part_t, open_at_second_try, close_part, EFF_NO_NEEDS);
static eff_t *forgotten(struct world *w)
{
    world = w;
    eff_t *first = eff_ignore(eff_provide(say(w, "never"), flaky()));
    return eff_then(first, eff_provide(use_config(), flaky()));
}
CASE(a_failure_is_forgotten_and_the_next_mention_tries_again, forgotten, .succeeds = "unit",
     .journal = "config+ config config-")

static eff_t *asks_for_more(void)
{
    return config_with(open_upon, eff_literal("pool"));
}
static eff_layer_t *silent_pool(void);
EFF_DEFINE_LAYER(silent_pool, pool, part_t, asks_for_more, close_part, EFF_NO_NEEDS);
static eff_t *undeclared(struct world *w)
{
    world = w;
    return eff_provide(use_pool(), eff_layer_provide(silent_pool(), config_live()));
}
static void tells_to_declare(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "note: layer silent_pool says that it needs nothing, and is given no more: add &config_tag");
}
CASE(a_service_that_a_layer_asks_for_without_saying_so_is_told, undeclared, .dies = "no service \"config\"",
     .journal = "config+ config-", .check = tells_to_declare)

/* Which layer a service comes from, in the note of what is there: those without a name by where they were composed. */
static eff_value_t make_users(eff_value_t env)
{
    static part_t made;
    made = (part_t){ eff_as_ptr(env), "users", false };
    return eff_ptr(&made);
}
static eff_t *asks_beside(struct world *w)
{
    static part_t given;
    world = w;
    given = (part_t){ w, "pool", false };
    eff_layer_t *users = eff_layer_sync_at("make_users (app.c:1)", &users_tag, make_users, eff_ptr(w));
    eff_layer_t *pool = eff_layer_succeed(&pool_tag, pool_value(&given));
    return eff_provide(use_orders(), eff_layer_merge(config_live(), eff_layer_merge(users, pool)));
}
static void tells_who_built_what_is_there(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "config (by config_live), users (by make_users (app.c:1)), pool\n");
}
CASE(who_built_what_is_there_is_told_where_something_is_missing, asks_beside, .dies = "no service \"orders\"",
     .check = tells_who_built_what_is_there)

static eff_t *open_dying(void)
{
    return eff_then(eff_acquire_release(acquire(world, "half"), release, eff_ptr(world)), dying());
}
static eff_layer_t *half_built(void);
EFF_DEFINE_LAYER(half_built, config, part_t, open_dying, close_part, EFF_NO_NEEDS);
static eff_t *half(struct world *w)
{
    world = w;
    return eff_provide(say(w, "never"), half_built());
}
CASE(what_a_failing_open_has_acquired_is_released, half, .dies = "boom", .journal = "half+ half-")

/* ---- the next attempt */

static eff_t *other_layer(struct world *w)
{
    world = w;
    eff_layer_t *first = eff_layer_provide(broken_pool(), config_live());
    eff_layer_t *second = eff_layer_provide(pool_live(), slow_config());
    return eff_provide(use_pool(), eff_layer_or_else(first, second));
}
/* LAYER-009 */
CASE(LAYER_009_a_partial_build_is_released_before_the_other_layer_is_built, other_layer, .succeeds = "unit",
     .journal = "config+ config- config+ pool+ pool pool- config-")

static eff_t *other_is_not_needed(struct world *w)
{
    world = w;
    return eff_provide(use_config(), eff_layer_or_else(config_live(), slow_config()));
}
CASE(the_other_layer_is_not_built_without_need, other_is_not_needed, .succeeds = "unit",
     .journal = "config+ config config-", .ms = 0, .timed = true)

static eff_t *both_fail(struct world *w)
{
    world = w;
    eff_layer_t *second = eff_layer_effect(&pool_tag, failing(8), EFF_NO_NEEDS);
    return eff_provide(use_pool(), eff_layer_or_else(eff_layer_provide(broken_pool(), config_live()), second));
}
CASE(when_the_other_layer_fails_too_its_failure_counts, both_fail, .cause = "fail(8)", .journal = "config+ config-")

static eff_t *defect_passes(struct world *w)
{
    world = w;
    return eff_provide(say(w, "never"), eff_layer_or_else(half_built(), config_live()));
}
CASE(a_defect_of_building_is_no_reason_for_the_other_layer, defect_passes, .dies = "boom", .journal = "half+ half-")

static eff_layer_t *by_error(eff_value_t error, eff_value_t env)
{
    ck_assert_int_eq(eff_as_int(error), 7);
    return eff_layer_incref(eff_as_layer(env));
}
static eff_t *caught(struct world *w)
{
    world = w;
    eff_value_t other = eff_layer_value(eff_layer_provide(pool_live(), slow_config()));
    eff_layer_t *first = eff_layer_provide(broken_pool(), config_live());
    return eff_provide(use_pool(), eff_layer_catch_all(first, by_error, other));
}
CASE(a_layer_is_chosen_by_the_error, caught, .succeeds = "unit",
     .journal = "config+ config- config+ pool+ pool pool- config-")

static eff_layer_t *null_layer(eff_value_t error, eff_value_t env)
{
    (void)error, (void)env;
    return NULL;
}
static eff_t *caught_null(struct world *w)
{
    world = w;
    eff_layer_t *first = eff_layer_provide(broken_pool(), config_live());
    return eff_provide(use_pool(), eff_layer_catch_all(first, null_layer, eff_unit));
}
CASE(a_handler_that_returns_no_layer_is_a_mistake, caught_null, .journal = "config+ config-", .dies = "returned NULL")

static eff_t *release_of_the_first_fails(struct world *w)
{
    world = w;
    eff_layer_t *first = eff_layer_provide_merge(pool_live(), impolite_config());
    return eff_provide(use_pool(), eff_layer_or_else(first, slow_config()));
}
/* Once it has served, nothing else is tried. */
CASE(a_release_that_fails_is_no_reason_for_the_other_layer, release_of_the_first_fails, .cause = "die",
     .journal = "config+ pool+ pool pool- config-")

static eff_t *open_counted(void)
{
    return eff_then(count(world, 0), failing(7));
}
static eff_layer_t *counted_pool(void);
EFF_DEFINE_LAYER(counted_pool, pool, part_t, open_counted, close_part, &config_tag);
static eff_t *retried(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_provide(counted_pool(), config_live());
    eff_schedule_t *schedule = eff_schedule_both(eff_schedule_recurs(3), eff_schedule_spaced(eff_millis(2)));
    return eff_provide(use_pool(), eff_layer_retry(pool, schedule));
}
static void four_attempts(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 4);
}
/* LAYER-014 */
CASE(LAYER_014_what_an_attempt_has_built_is_released_before_the_next, retried, .cause = "fail(7)", .ms = 6,
     .timed = true, .journal = "config+ config- config+ config- config+ config- config+ config-",
     .check = four_attempts)

static eff_t *retried_once(struct world *w)
{
    world = w;
    return eff_provide(use_config(), eff_layer_retry(flaky(), eff_schedule_recurs(3)));
}
CASE(a_layer_that_is_retried_is_there_when_one_attempt_succeeds, retried_once, .succeeds = "unit",
     .journal = "config+ config config-")

static eff_value_t plus_one(eff_value_t error, eff_value_t env)
{
    (void)env;
    return eff_int(eff_as_int(error) + 1);
}
static eff_t *mapped(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_provide(broken_pool(), config_live());
    return eff_provide(use_pool(), eff_layer_map_error(pool, plus_one, eff_unit));
}
CASE(the_error_of_building_may_be_another, mapped, .cause = "fail(8)", .journal = "config+ config-")

static eff_t *to_defect(struct world *w)
{
    world = w;
    return eff_provide(use_pool(), eff_layer_or_die(eff_layer_provide(broken_pool(), config_live())));
}
CASE(the_error_of_building_may_be_a_defect, to_defect, .cause = "die", .journal = "config+ config-")

/* ---- tap */

static eff_t *use_and_say(const eff_context_t *services, eff_value_t env)
{
    return eff_then(use_part(pool_from(services), eff_unit), say(world, eff_as_string(env)));
}
static eff_t *tapped(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_tap(pool_live(), use_and_say, eff_literal("ready"));
    eff_t *e = eff_provide(eff_then(use_pool(), use_config()), eff_layer_provide_merge(pool, config_live()));
    return e;
}
CASE(an_effect_runs_once_it_is_built, tapped, .succeeds = "unit",
     .journal = "config+ pool+ pool ready pool config pool- config-")

static eff_t *not_healthy(const eff_context_t *services, eff_value_t env)
{
    (void)services, (void)env;
    return failing(9);
}
static eff_t *tap_fails(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_tap(pool_live(), not_healthy, eff_unit);
    return eff_provide(use_pool(), eff_layer_provide(pool, config_live()));
}
CASE(when_it_fails_so_does_building, tap_fails, .cause = "fail(9)", .journal = "config+ pool+ pool- config-")

/* ---- mistakes in making layers */

static eff_t *mistaken(struct world *w)
{
    (void)w;
    return eff_provide(eff_noop(), eff_layer_succeed(&config_tag, config_value(NULL)));
}
CASE(a_layer_of_nothing_is_a_mistake_where_it_is_provided, mistaken,
     .dies = "the service of eff_layer_succeed is missing")

static eff_t *mistaken_inside(struct world *w)
{
    world = w;
    eff_layer_t *broken = eff_layer_tap(pool_live(), NULL, eff_string("env"));
    return eff_provide(eff_noop(), eff_layer_wire(config_live(), eff_layer_retry(broken, eff_schedule_recurs(1))));
}
CASE(a_mistake_in_a_part_is_told_by_the_whole, mistaken_inside, .dies = "the function of eff_layer_tap is missing")

TESTS(LAYER_011_what_is_built_beside_a_layer_that_fails_is_released,
      LAYER_012_what_was_built_is_released_and_the_failure_says_who_needed_it,
      LAYER_012_a_failure_comes_with_those_of_the_releases,
      B20_when_a_release_fails_the_others_run_and_all_failures_are_told, a_failure_is_that_of_all_who_wait,
      a_failure_is_forgotten_and_the_next_mention_tries_again,
      a_service_that_a_layer_asks_for_without_saying_so_is_told,
      who_built_what_is_there_is_told_where_something_is_missing, what_a_failing_open_has_acquired_is_released,
      LAYER_009_a_partial_build_is_released_before_the_other_layer_is_built, the_other_layer_is_not_built_without_need,
      when_the_other_layer_fails_too_its_failure_counts, a_defect_of_building_is_no_reason_for_the_other_layer,
      a_layer_is_chosen_by_the_error, a_handler_that_returns_no_layer_is_a_mistake,
      a_release_that_fails_is_no_reason_for_the_other_layer,
      LAYER_014_what_an_attempt_has_built_is_released_before_the_next,
      a_layer_that_is_retried_is_there_when_one_attempt_succeeds, the_error_of_building_may_be_another,
      the_error_of_building_may_be_a_defect, an_effect_runs_once_it_is_built, when_it_fails_so_does_building,
      a_layer_of_nothing_is_a_mistake_where_it_is_provided, a_mistake_in_a_part_is_told_by_the_whole)
