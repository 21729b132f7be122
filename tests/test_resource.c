/* Resources: the conformance cases of scopes that are about what is made of acquires, and races, early releases and other
 * shapes of them. */
#include "support/scopes.h"

static eff_t *resource(struct world *w, const char *name)
{
    return eff_acquire_release(acquire(w, name), release, eff_ptr(w));
}
/* Says "name:" and the exit, and releases. */
static void telling_release(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    char word[256];
    snprintf(word, sizeof word, "told:%s", word_of(exit));
    journal_add(w, word);
    release(v, exit, env);
}

/* ---- using, early release */

static eff_t *uses(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(resource(w, "in_use"), say(w, "use"), eff_succeed(eff_value_incref(v)));
}
static eff_t *used(struct world *w)
{
    eff_t *using = eff_using(eff_then(resource(w, "a"), resource(w, "r")), uses, eff_ptr(w));
    return eff_scoped(in_order(resource(w, "outer"), using, say(w, "after"), one(1)));
}
/* RES-005 */
CASE(RES_005_using_releases_right_after_use, used, .succeeds = "1",
     .journal = "outer+ a+ r+ in_use+ use r- a- after in_use- outer-")

static eff_t *use_fails(eff_value_t v, eff_value_t env)
{
    return eff_then(keep(eff_as_ptr(env), 0, eff_fork(holds(eff_as_ptr(env), "child"))), yields(failing(1)));
}
static eff_t *failing_use(struct world *w)
{
    eff_t *r = eff_acquire_release(acquire(w, "r"), telling_release, eff_ptr(w));
    return in_order(say_exit(w, eff_using(r, use_fails, eff_ptr(w))), say(w, "after"));
}
CASE(using_ends_what_use_forked_and_tells_the_exit_of_use, failing_use, .succeeds = "unit",
     .journal = "r+ child+ child- told:fail:1 r- fail:1 after")

static eff_t *release_early(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *release_it = eff_as_effect(eff_first(v));
    ck_assert_str_eq(eff_as_string(eff_second(v)), "r");
    return in_order(say(w, "body"), eff_incref(release_it), say(w, "after"), eff_incref(release_it));
}
static eff_t *early(struct world *w)
{
    eff_t *r = eff_map_to(resource(w, "r"), eff_literal("r"));
    eff_t *body = eff_flat_map(eff_with_early_release(r), release_early, eff_ptr(w));
    return eff_then(eff_scoped(eff_then(resource(w, "outer"), body)), say(w, "end"));
}
/* RES-004 */
CASE(RES_004_an_early_release_runs_once_and_not_when_the_scope_closes, early, .succeeds = "unit",
     .journal = "outer+ r+ body r- after outer- end")

static eff_t *never_early(struct world *w)
{
    eff_t *body = eff_map_to(eff_with_early_release(resource(w, "r")), eff_unit);
    return eff_then(eff_scoped(eff_then(body, say(w, "body"))), say(w, "end"));
}
CASE(what_is_not_released_early_is_released_with_the_scope, never_early, .succeeds = "unit",
     .journal = "r+ body r- end")

static eff_t *early_that_fails(struct world *w)
{
    eff_t *half = eff_then(resource(w, "r"), failing(1));
    return eff_scoped(eff_then(say_exit(w, eff_with_early_release(half)), say(w, "after")));
}
CASE(what_was_half_acquired_for_an_early_release_is_released_at_once, early_that_fails, .succeeds = "unit",
     .journal = "r+ r- fail:1 after")

/* ---- of brackets: RES-014 to RES-023 */

static eff_t *polls_in_release(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(say(w, "releasing"), eff_acquire_interruptible(ms(10)), say_time(w, "released"));
}
static eff_t *waits(eff_value_t v, eff_value_t env)
{
    return eff_never();
}
static eff_t *cancelled_twice(struct world *w)
{
    eff_t *e = eff_acquire_use_release_effect(eff_noop(), waits, polls_in_release, eff_ptr(w));
    return in_order(keep(w, 0, eff_fork(e)), eff_yield_now(), with_fiber(w, 0, interrupt_fork), ms(1),
                    say_interrupt(w, 0));
}
/* RES-014: in the source the release polls; there is nothing to be restored in one */
CASE(RES_014_release_is_not_interrupted_by_a_second_interruption, cancelled_twice, .succeeds = "unit",
     .journal = "releasing released@10 interrupt")

static eff_t *then_fails(eff_value_t v, eff_value_t env)
{
    return failing(3);
}
static eff_t *body_with_attempt(eff_value_t v, eff_value_t env)
{
    return say_exit(eff_as_ptr(env), one(1));
}
static eff_t *mapped_to_failure(struct world *w)
{
    eff_t *r = eff_flat_map(resource(w, "r"), then_fails, eff_unit); /* evalMap */
    return eff_scoped(eff_flat_map(r, body_with_attempt, eff_ptr(w)));
}
/* RES-016 */
CASE(RES_016_a_resource_whose_last_step_fails_does_so_outside_the_body, mapped_to_failure, .cause = "fail(3)",
     .journal = "r+ r-")

static eff_t *left_of_both(struct world *w)
{
    eff_t *left = eff_acquire_release(acquire(w, "left"), telling_release, eff_ptr(w));
    eff_t *right = eff_then(eff_yield_now(), failing(5));
    return eff_scoped(eff_zip_par(left, right));
}
/* RES-021 */
CASE(RES_021_the_left_release_is_told_that_the_right_failed, left_of_both, .cause = "fail(5)",
     .journal = "left+ told:fail:5 left-")

static eff_t *used_with(struct world *w, eff_t *body)
{
    eff_t *r = eff_acquire_release(acquire(w, "r"), telling_release, eff_ptr(w));
    return keep(w, 0, eff_fork(eff_scoped(eff_then(r, body))));
}
static eff_t *three_exits(struct world *w)
{
    return in_order(used_with(w, eff_interrupt_self()), say_await(w, 0), used_with(w, failing(4)), say_await(w, 0),
                    used_with(w, one(2)), say_await(w, 0));
}
/* RES-023 */
CASE(RES_023_release_is_told_how_use_ended, three_exits, .succeeds = "unit",
     .journal = "r+ told:interrupt r- interrupt r+ told:fail:4 r- fail:4 r+ told:ok:2 r- ok:2")

static eff_t *or_else(struct world *w)
{
    eff_t *first = eff_then(resource(w, "1"), failing(1));
    eff_t *second = eff_or_else(eff_then(resource(w, "2"), failing(2)), resource(w, "3"));
    return eff_then(eff_scoped(in_order(eff_or_else(first, second), say(w, "use"))), say(w, "end"));
}
/* RES-024 */
CASE(RES_024_what_an_alternative_has_acquired_is_released, or_else, .succeeds = "unit",
     .journal = "1+ 2+ 3+ use 3- 2- 1- end")

static eff_t *discarded(struct world *w)
{
    eff_t *both = eff_zip_par(resource(w, "kept"), resource(w, "dropped"));
    return eff_then(eff_scoped(eff_then(both, say(w, "use"))), say(w, "end"));
}
static void two_released(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->acquired, 2);
    ck_assert_int_eq(w->released, 2);
}
/* RES-024: a combination that acquires both */
CASE(RES_024_what_a_combination_has_acquired_is_released, discarded, .succeeds = "unit", .check = two_released)

/* ---- races */

/* Acquires after n ms; while it does not, it waits. */
static eff_t *slow(struct world *w, int64_t n, const char *name)
{
    return eff_then(resource(w, name), after(n, eff_succeed(eff_literal(name))));
}
static eff_t *say_winner(eff_value_t v, eff_value_t env)
{
    return eff_then(say(eff_as_ptr(env), "use"), say(eff_as_ptr(env), eff_as_string(v)));
}
static eff_t *race_of_two(struct world *w)
{
    eff_t *race = eff_race_scoped(slow(w, 10, "left"), slow(w, 5, "right"));
    return eff_then(eff_scoped(eff_flat_map(race, say_winner, eff_ptr(w))), say_time(w, "end"));
}
/* RES-025 */
CASE(RES_025_the_loser_is_released_before_the_winner_is_used, race_of_two, .succeeds = "unit",
     .journal = "left+ right+ left- use right right- end@5", .without = NO_SHUFFLES /* who acquires first */)

/* Both are through in the same turn. */
static eff_t *tied(struct world *w)
{
    eff_t *race = eff_race_scoped(slow(w, 5, "left"), slow(w, 5, "right"));
    return eff_then(eff_scoped(eff_flat_map(race, say_winner, eff_ptr(w))), say_time(w, "end"));
}
/* RES-025 */
CASE(RES_025_a_loser_that_was_through_is_released_too, tied, .succeeds = "unit",
     .journal = "left+ right+ right- use left left- end@5", .without = NO_SHUFFLES)

/* n[i] is 1 while resource i is held. */
static eff_value_t hold(eff_value_t env)
{
    struct world *w = eff_as_ptr(eff_first(env));
    w->n[eff_as_int(eff_second(env))]++;
    w->acquired++;
    return eff_value_incref(eff_second(env));
}
static void let_go(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[eff_as_int(v)]--;
    w->released++;
}
static eff_t *numbered(struct world *w, int64_t i)
{
    eff_t *acquire_it = eff_then(eff_yield_now(), eff_sync(hold, eff_pair(eff_ptr(w), eff_int(i))));
    return eff_then(eff_acquire_release(acquire_it, let_go, eff_ptr(w)), yields(one(i)));
}
static eff_value_t check_winner(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    int64_t winner = eff_as_int(v);
    ck_assert_int_eq(w->n[winner], 1);
    ck_assert_int_eq(w->n[1 - winner], 0);
    return eff_unit;
}
static eff_t *hundred_races(eff_value_t item, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *race = eff_race_scoped(numbered(w, 0), numbered(w, 1));
    return eff_scoped(eff_then(eff_map(race, check_winner, eff_ptr(w)), eff_yield_now()));
}
static eff_t *raced_often(struct world *w)
{
    return eff_for_each_discard(eff_range(0, 100), hundred_races, eff_ptr(w));
}
/* RES-025: under every order */
CASE(RES_025_a_hundred_races_hold_the_winner_alone, raced_often, .succeeds = "unit")

static eff_t *all_fail(struct world *w)
{
    eff_t *a = eff_then(resource(w, "a"), failing(1)), *b = eff_then(resource(w, "b"), yields(failing(2)));
    return eff_scoped(eff_then(say_exit(w, eff_race_scoped(a, b)), say(w, "after")));
}
CASE(what_was_acquired_for_a_race_that_fails_is_released_at_once, all_fail, .succeeds = "unit",
     .journal = "a+ b+ a- b- both(fail:1,fail:2) after", .without = NO_SHUFFLES)

static eff_t *interrupted_race(struct world *w)
{
    eff_t *race = eff_race_scoped(eff_then(resource(w, "a"), eff_never()), eff_then(resource(w, "b"), eff_never()));
    return in_order(keep(w, 0, eff_fork(race)), ms(1), say_interrupt(w, 0), say(w, "end"));
}
CASE(a_race_that_is_interrupted_releases_everything, interrupted_race, .succeeds = "unit",
     .journal = "a+ b+ a- b- interrupt end", .without = NO_SHUFFLES)

/* A plain race leaves the loser to the scope: this is what the other is for. */
static eff_t *plain_race(struct world *w)
{
    eff_t *race = eff_race(slow(w, 10, "left"), slow(w, 5, "right"));
    return eff_then(eff_scoped(eff_flat_map(race, say_winner, eff_ptr(w))), say_time(w, "end"));
}
CASE(a_plain_race_releases_the_loser_with_the_scope, plain_race, .succeeds = "unit",
     .journal = "left+ right+ use right right- left- end@5", .without = NO_SHUFFLES)

/* ---- RES-026 to RES-035 */

static eff_t *acquires_with_handler(struct world *w)
{
    eff_t *acquiring = when_interrupted(resource(w, "r"), say(w, "handler"));
    eff_t *body = eff_scoped(in_order(acquiring, say(w, "body"), eff_never()));
    return in_order(keep(w, 0, eff_fork(body)), ms(1), say_interrupt(w, 0));
}
/* RES-026 */
CASE(RES_026_a_handler_around_the_acquisition_does_not_cover_the_use, acquires_with_handler, .succeeds = "unit",
     .journal = "r+ body r- interrupt")

static eff_t *started_and_cancelled(struct world *w)
{
    eff_t *r = eff_acquire_release(eff_then(count(w, 0), acquire(w, "r")), release, eff_ptr(w));
    eff_t *started = keep(w, 0, eff_fork_scoped(eff_scoped(eff_then(r, eff_never()))));
    return eff_then(eff_scoped(in_order(started, eff_yield_now(), say_interrupt(w, 0), say(w, "in"))), say(w, "end"));
}
static void released_once(struct world *w)
{
    ck_assert_int_le(w->released, 1);
}
/* RES-028 */
CASE(RES_028_a_finalizer_runs_once_though_its_fiber_is_cancelled_and_the_scope_closes, started_and_cancelled,
     .succeeds = "unit", .journal = "r+ r- interrupt in end", .invariant = released_once)

static eff_t *released_by_then(struct world *w)
{
    eff_t *e = eff_then(eff_scoped(resource(w, "r")), eff_never());
    return in_order(keep(w, 0, eff_fork(e)), ms(1), say(w, "waits"), say_interrupt(w, 0));
}
/* RES-033 */
CASE(RES_033_what_was_released_before_an_interruption_is_not_released_again, released_by_then, .succeeds = "unit",
     .journal = "r+ r- waits interrupt", .invariant = released_once)

static eff_t *scope_of_failure(struct world *w)
{
    return say_exit(w, eff_scoped(eff_then(resource(w, "r"), failing(6))));
}
/* RES-035 */
CASE(RES_035_a_scope_closes_when_its_body_fails, scope_of_failure, .succeeds = "unit", .journal = "r+ r- fail:6")

/* ---- many */

enum { MANY = 10000 };

/* Each acquires, and nests the next in its bind; releases must come in reverse. */
static void release_in_reverse(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    ck_assert_int_eq(eff_as_int(v), --w->n[0]);
    w->released++;
}
static eff_value_t acquire_next(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->acquired++;
    return eff_int(w->n[0]++);
}
static eff_t *numbered_in_turn(struct world *w)
{
    return eff_acquire_release(eff_sync(acquire_next, eff_ptr(w)), release_in_reverse, eff_ptr(w));
}
static eff_t *acquire_rest(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    if (eff_as_int(v) + 1 == MANY) return say(w, "use");
    return eff_flat_map(numbered_in_turn(w), acquire_rest, eff_ptr(w));
}
static eff_t *nested_binds(struct world *w)
{
    return eff_scoped(eff_flat_map(numbered_in_turn(w), acquire_rest, eff_ptr(w)));
}
/* RES-031 */
CASE(RES_031_ten_thousand_resources_in_nested_binds_are_released_in_reverse, nested_binds, .succeeds = "unit",
     .journal = "use", .without = NO_AROUND | NO_INTERRUPTS | NO_ALLOCATIONS | NO_SHUFFLES /* too long */)

/* Scopes within scopes: each within the one before. */
static eff_t *fork_within(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_scope_t *s = eff_as_scope(scope);
    if (w->n[0] == MANY) return say(w, "use");
    eff_t *inner = eff_flat_map(eff_scope_fork(s, EFF_SCOPE_SEQUENTIAL), fork_within, env);
    return eff_then(eff_scope_extend(numbered_in_turn(w), s), inner);
}
static eff_t *nested_scopes(struct world *w)
{
    return eff_scoped(eff_flat_map(eff_scope_make(EFF_SCOPE_SEQUENTIAL), fork_within, eff_ptr(w)));
}
/* RES-031 */
CASE(RES_031_so_are_those_in_ten_thousand_nested_scopes, nested_scopes, .succeeds = "unit", .journal = "use",
     .without = NO_AROUND | NO_INTERRUPTS | NO_ALLOCATIONS | NO_SHUFFLES /* too long */)

TESTS(RES_005_using_releases_right_after_use, using_ends_what_use_forked_and_tells_the_exit_of_use,
      RES_004_an_early_release_runs_once_and_not_when_the_scope_closes,
      what_is_not_released_early_is_released_with_the_scope,
      what_was_half_acquired_for_an_early_release_is_released_at_once,
      RES_014_release_is_not_interrupted_by_a_second_interruption,
      RES_016_a_resource_whose_last_step_fails_does_so_outside_the_body,
      RES_021_the_left_release_is_told_that_the_right_failed, RES_023_release_is_told_how_use_ended,
      RES_024_what_an_alternative_has_acquired_is_released, RES_024_what_a_combination_has_acquired_is_released,
      RES_025_the_loser_is_released_before_the_winner_is_used, RES_025_a_loser_that_was_through_is_released_too,
      RES_025_a_hundred_races_hold_the_winner_alone, what_was_acquired_for_a_race_that_fails_is_released_at_once,
      a_race_that_is_interrupted_releases_everything, a_plain_race_releases_the_loser_with_the_scope,
      RES_026_a_handler_around_the_acquisition_does_not_cover_the_use,
      RES_028_a_finalizer_runs_once_though_its_fiber_is_cancelled_and_the_scope_closes,
      RES_033_what_was_released_before_an_interruption_is_not_released_again,
      RES_035_a_scope_closes_when_its_body_fails,
      RES_031_ten_thousand_resources_in_nested_binds_are_released_in_reverse,
      RES_031_so_are_those_in_ten_thousand_nested_scopes)
