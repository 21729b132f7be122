/* Which services a fiber starts with that may outlive its forker: eff_fork_in, eff_fork_scoped and daemons. */
#include <stdlib.h>

#include "support/fibers.h"

typedef struct dice {
    int64_t face;
} dice_t;
EFF_DECLARE_SERVICE(dice, dice_t);
static dice_t fair = { 4 }, loaded = { 6 }, broken = { 1 };
EFF_DEFINE_DEFAULT_SERVICE(dice, dice_t, &fair);

static eff_value_t three(void)
{
    return eff_int(3);
}
static const eff_tag_t attempts_tag = { "attempts", three };

static void say_number(struct world *w, int64_t n)
{
    char word[32];
    snprintf(word, sizeof word, "%lld", (long long)n);
    journal_add(w, word);
}

static eff_t *use_dice(dice_t *dice, eff_value_t env)
{
    say_number(eff_as_ptr(env), dice->face);
    return eff_noop();
}
static eff_t *roll(struct world *w)
{
    return dice_with(use_dice, eff_ptr(w));
}

static eff_t *look_up_attempts(eff_value_t context, eff_value_t env)
{
    say_number(eff_as_ptr(env), eff_as_int(eff_context_get(eff_as_context(context), &attempts_tag)));
    return eff_noop();
}
static eff_t *attempts(struct world *w)
{
    return eff_flat_map(eff_context(), look_up_attempts, eff_ptr(w));
}

static eff_t *provide_attempts(eff_t *e, int64_t n)
{
    return eff_provide_context(e, eff_context_add(eff_context_empty(), &attempts_tag, eff_int(n)));
}
static eff_t *locally_attempts(eff_t *e, int64_t n)
{
    return eff_locally(e, &attempts_tag, eff_int(n));
}

/* Runs what f makes of a new scope, and waits a little in it. */
static eff_t *within_scope(struct world *w, eff_t *(*f)(eff_value_t scope, eff_value_t env))
{
    return eff_scoped(eff_then(eff_flat_map(eff_scope_current(), f, eff_ptr(w)), ms(10)));
}
/* Both looks, from a fiber of the scope, once the forker is done with whatever it provides. */
static eff_t *look_from(eff_value_t scope, struct world *w)
{
    return eff_fork_in(eff_as_scope(scope), after(1, eff_then(roll(w), attempts(w))));
}

/* ---- what is provided ends with its region */

static eff_value_t new_dice(eff_value_t env)
{
    (void)env;
    dice_t *dice = malloc(sizeof *dice);
    ck_assert_ptr_nonnull(dice);
    dice->face = 5;
    return eff_ptr(dice);
}
static void free_dice(eff_value_t dice, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    free(eff_as_ptr(dice));
}
static eff_t *fork_under_short_dice(eff_value_t dice, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_scope_t *scope = (eff_scope_t *)(intptr_t)w->n[0];
    return dice_provide(eff_fork_in(scope, after(1, roll(w))), eff_as_ptr(dice));
}
static eff_t *short_lived(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[0] = (intptr_t)eff_as_scope(scope);
    return eff_acquire_use_release(eff_sync(new_dice, eff_unit), fork_under_short_dice, free_dice, env);
}
static eff_t *borrowed(struct world *w)
{
    return within_scope(w, short_lived);
}
CASE(what_the_forker_has_provided_does_not_go_along_to_a_longer_scope, borrowed, .succeeds = "unit", .journal = "4")

static eff_t *extend_under_short_dice(eff_value_t dice, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_scope_t *scope = (eff_scope_t *)(intptr_t)w->n[0];
    return dice_provide(eff_scope_extend(eff_fork_scoped(after(1, roll(w))), scope), eff_as_ptr(dice));
}
static eff_t *short_lived_extending(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[0] = (intptr_t)eff_as_scope(scope);
    return eff_acquire_use_release(eff_sync(new_dice, eff_unit), extend_under_short_dice, free_dice, env);
}
static eff_t *borrowed_extending(struct world *w)
{
    return within_scope(w, short_lived_extending);
}
CASE(what_is_provided_does_not_go_along_into_a_scope_that_is_extended, borrowed_extending, .succeeds = "unit",
     .journal = "4")

static eff_t *look_under_broken(eff_value_t scope, eff_value_t env)
{
    return provide_attempts(dice_provide(look_from(scope, eff_as_ptr(env)), &broken), 9);
}
static eff_t *of_the_scope(struct world *w)
{
    return provide_attempts(dice_provide(within_scope(w, look_under_broken), &loaded), 8);
}
CASE(what_was_provided_around_the_scope_is_what_its_fibers_have, of_the_scope, .succeeds = "unit", .journal = "6 8")

static eff_t *under_test_clock(eff_value_t scope, eff_value_t env)
{
    eff_t *fork = eff_fork_in(eff_as_scope(scope), after(1, say_time(eff_as_ptr(env), "later")));
    return eff_provide(fork, eff_test_clock());
}
static eff_t *clock_of_the_scope(struct world *w)
{
    return within_scope(w, under_test_clock);
}
CASE(a_fiber_of_a_scope_sleeps_on_the_clock_of_the_scope, clock_of_the_scope, .succeeds = "unit", .journal = "later@1")

static eff_t *use_captured(eff_value_t context, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_scope_t *scope = (eff_scope_t *)(intptr_t)w->n[0];
    return eff_provide_context(eff_then(attempts(w), eff_fork_in(scope, after(1, attempts(w)))),
                               eff_context_incref(eff_as_context(context)));
}
static eff_t *capture(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->n[0] = (intptr_t)eff_as_scope(scope);
    return eff_flat_map(locally_attempts(eff_context(), 5), use_captured, env);
}
static eff_t *captured(struct world *w)
{
    return within_scope(w, capture);
}
CASE(an_override_that_came_in_a_provided_context_was_provided, captured, .succeeds = "unit", .journal = "5 3")

/* ---- what is set locally goes along */

static eff_t *look_with_five(eff_value_t scope, eff_value_t env)
{
    return locally_attempts(look_from(scope, eff_as_ptr(env)), 5);
}
static eff_t *locals_of_the_forker(struct world *w)
{
    return locally_attempts(within_scope(w, look_with_five), 2);
}
CASE(what_the_forker_has_set_locally_goes_along, locals_of_the_forker, .succeeds = "unit", .journal = "4 5")

static eff_t *over_provided(struct world *w)
{
    return provide_attempts(within_scope(w, look_with_five), 2);
}
CASE(a_local_value_over_a_provided_one_goes_along, over_provided, .succeeds = "unit", .journal = "4 5")

static eff_t *look_under_nine(eff_value_t scope, eff_value_t env)
{
    return provide_attempts(look_from(scope, eff_as_ptr(env)), 9);
}
static eff_t *hidden_local(struct world *w)
{
    return locally_attempts(within_scope(w, look_under_nine), 5);
}
CASE(a_local_value_shows_again_without_what_was_provided_over_it, hidden_local, .succeeds = "unit", .journal = "4 5")

static eff_t *hidden_twice(struct world *w)
{
    return locally_attempts(provide_attempts(within_scope(w, look_under_nine), 7), 5);
}
CASE(a_local_value_stays_hidden_below_what_the_scope_has, hidden_twice, .succeeds = "unit", .journal = "4 7")

static eff_t *grandchild(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *inner = eff_fork_in(eff_as_scope(scope), eff_then(after(1, attempts(w)), say(w, "grandchild")));
    return locally_attempts(eff_fork_in(eff_as_scope(scope), provide_attempts(inner, 9)), 5);
}
static eff_t *two_generations(struct world *w)
{
    return within_scope(w, grandchild);
}
CASE(a_local_value_goes_along_through_fibers_of_scopes, two_generations, .succeeds = "unit", .journal = "5 grandchild")

/* ---- the scope around the forker */

static eff_t *look_scoped(struct world *w)
{
    return eff_then(eff_fork_scoped(after(1, eff_then(roll(w), attempts(w)))), ms(10));
}
static eff_t *same_as_the_forker(struct world *w)
{
    return dice_provide(locally_attempts(look_scoped(w), 5), &loaded);
}
CASE(fork_scoped_gives_what_the_forker_has, same_as_the_forker, .succeeds = "unit", .journal = "6 5")

/* The fiber's own scope is made by the first acquire, which is inside of eff_locally here. */
static eff_t *acquire_locally(struct world *w)
{
    eff_t *first = locally_attempts(eff_acquire_release(acquire(w, "a"), release, eff_ptr(w)), 5);
    return eff_then(first, look_scoped(w));
}
CASE(a_local_value_around_the_first_acquire_does_not_stay, acquire_locally, .succeeds = "unit", .journal = "a+ 4 3 a-")

static eff_t *look_in(eff_value_t scope, eff_value_t env)
{
    return eff_then(look_from(scope, eff_as_ptr(env)), ms(10));
}
static eff_t *handle_taken_locally(struct world *w)
{
    eff_t *scope = locally_attempts(eff_scope_current(), 5);
    eff_t *child = eff_fork(eff_flat_map(scope, look_in, eff_ptr(w)));
    return provide_attempts(eff_then(keep(w, 0, child), with_fiber(w, 0, join)), 2);
}
CASE(a_local_value_around_the_making_of_a_scope_is_not_the_scopes, handle_taken_locally, .succeeds = "unit",
     .journal = "4 2")

static eff_t *daemon(struct world *w)
{
    eff_t *e = eff_fork_daemon(after(1, eff_then(roll(w), attempts(w))));
    return eff_then(dice_provide(locally_attempts(e, 5), &loaded), ms(10));
}
CASE(a_daemon_has_neither, daemon, .succeeds = "unit", .journal = "4 3")

TESTS(what_the_forker_has_provided_does_not_go_along_to_a_longer_scope,
      what_is_provided_does_not_go_along_into_a_scope_that_is_extended,
      what_was_provided_around_the_scope_is_what_its_fibers_have, a_fiber_of_a_scope_sleeps_on_the_clock_of_the_scope,
      an_override_that_came_in_a_provided_context_was_provided, what_the_forker_has_set_locally_goes_along,
      a_local_value_over_a_provided_one_goes_along, a_local_value_shows_again_without_what_was_provided_over_it,
      a_local_value_stays_hidden_below_what_the_scope_has, a_local_value_goes_along_through_fibers_of_scopes,
      fork_scoped_gives_what_the_forker_has, a_local_value_around_the_first_acquire_does_not_stay,
      a_local_value_around_the_making_of_a_scope_is_not_the_scopes, a_daemon_has_neither)
