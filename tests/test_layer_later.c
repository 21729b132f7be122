/* Layers that are built later than they are provided, kept longer than they are used, or to be built anew. */
#include <stdio.h>

#include "support/failing_allocator.h"
#include "support/layers.h"

/* ---- lazy */

static eff_t *not_asked(struct world *w)
{
    world = w;
    return eff_provide(say(w, "e"), eff_layer_lazy(config_live()));
}
CASE(a_lazy_layer_that_nobody_asks_is_not_built, not_asked, .succeeds = "unit", .journal = "e")

static eff_t *asked_twice(struct world *w)
{
    world = w;
    eff_t *e = in_order(say(w, "e"), use_config(), use_config(), say(w, "|"));
    return eff_then(eff_provide(e, eff_layer_lazy(config_live())), say(w, "after"));
}
CASE(a_lazy_layer_is_built_when_it_is_asked_for_and_lives_on, asked_twice, .succeeds = "unit",
     .journal = "e config+ config config | config- after")

static eff_t *asked_at_once(struct world *w)
{
    world = w;
    eff_t *both = eff_zip_par(use_config(), use_config());
    return eff_provide(eff_map_to(both, eff_unit), eff_layer_lazy(slow_config()));
}
CASE(two_who_ask_at_once_share_a_lazy_layer, asked_at_once, .succeeds = "unit",
     .journal = "config+ config config config-", .ms = 1, .timed = true)

static eff_t *asked_by_a_layer(struct world *w)
{
    world = w;
    eff_layer_t *upper = eff_layer_provide(users_live(), eff_layer_lazy(eff_layer_provide(pool_live(), config_live())));
    return eff_provide(use_users(), upper);
}
/* The base is built while what stands on it is; it is released after that nevertheless. */
CASE(what_is_built_upon_a_lazy_layer_is_released_before_it, asked_by_a_layer, .succeeds = "unit",
     .journal = "config+ pool+ users+ users users- pool- config-")

static eff_value_t in_context(eff_value_t context, eff_value_t env)
{
    (void)env;
    const part_t *p = config_from(eff_as_context(context));
    journal_add(world, p ? "there" : "not-there");
    return eff_unit;
}
static eff_t *look(void)
{
    return eff_map(eff_context(), in_context, eff_unit);
}
static eff_t *read_directly(struct world *w)
{
    world = w;
    return eff_provide(in_order(look(), use_config(), look()), eff_layer_lazy(config_live()));
}
CASE(a_context_has_a_lazy_service_once_it_was_built, read_directly, .succeeds = "unit",
     .journal = "not-there config+ config there config-")

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
static eff_t *fails_first(struct world *w)
{
    world = w;
    return eff_provide(eff_then(say_exit(w, use_config()), use_config()), eff_layer_lazy(flaky()));
}
CASE(a_lazy_layer_that_fails_fails_who_asks_and_is_tried_again, fails_first, .succeeds = "unit",
     .journal = "fail:1 config+ config config-",
     .without = ANY_EXIT /* without memory for the first attempt, the second one is that which fails */)

static eff_t *never_opens(void)
{
    return failing(5);
}
static eff_layer_t *never_opened(void);
EFF_DEFINE_LAYER(never_opened, config, part_t, never_opens, close_part, EFF_NO_NEEDS);
static eff_value_t note_blocks(eff_value_t env)
{
    world->n[eff_as_int(env)] = blocks_live;
    return eff_unit;
}
START_TEST(attempts_that_failed_leave_nothing_in_a_scope_that_lasts)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    world = &w;
    eff_t *tries = eff_replicate(eff_ignore(use_config()), 100);
    eff_t *some = eff_ignore(use_config());
    eff_t *e = in_order(some, eff_sync(note_blocks, eff_int(0)), tries, eff_sync(note_blocks, eff_int(1)));
    ck_assert_succeeds(eff_provide(e, eff_layer_lazy(never_opened())), "unit");
    ck_assert_int_le(w.n[1], w.n[0] + 4);
}
END_TEST

static eff_t *in_a_child(struct world *w)
{
    world = w;
    eff_t *child = keep(w, 0, eff_fork(use_config()));
    return eff_provide(in_order(child, with_fiber(w, 0, join), say(w, "|")), eff_layer_lazy(config_live()));
}
CASE(a_lazy_layer_lives_as_long_as_where_it_was_provided, in_a_child, .succeeds = "unit",
     .journal = "config+ config | config-")

static eff_t *lazy_in_lazy(struct world *w)
{
    world = w;
    eff_layer_t *inner = eff_layer_lazy(eff_layer_lazy(config_live()));
    eff_layer_t *upper = eff_layer_lazy(eff_layer_provide_merge(pool_live(), inner));
    return eff_provide(in_order(use_config(), use_config(), say(w, "|"), use_pool()), upper);
}
CASE(lazy_layers_are_built_of_lazy_layers, lazy_in_lazy, .succeeds = "unit",
     .journal = "config+ pool+ config config | pool pool- config-")

static eff_t *use_at_the_end(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    (void)resource, (void)exit, (void)env;
    return use_config();
}
static eff_t *used_while_closing(struct world *w)
{
    world = w;
    eff_t *resource = eff_acquire_release_effect(use_config(), use_at_the_end, eff_unit);
    return eff_provide(in_order(resource, say(w, "end")), eff_layer_lazy(config_live()));
}
CASE(a_lazy_layer_that_was_built_is_there_for_what_is_released_before_it, used_while_closing, .succeeds = "unit",
     .journal = "config+ config end config config-")

static eff_t *use_quietly(part_t *p, eff_value_t env)
{
    (void)env;
    assert_open(p);
    return eff_noop();
}
START_TEST(asking_for_a_lazy_layer_again_leaves_nothing_in_its_scope)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    world = &w;
    eff_t *some = config_with(use_quietly, eff_unit), *many = eff_replicate(eff_incref(some), 100);
    eff_t *e = in_order(some, eff_sync(note_blocks, eff_int(0)), many, eff_sync(note_blocks, eff_int(1)));
    ck_assert_succeeds(eff_provide(e, eff_layer_lazy(config_live())), "unit");
    ck_assert_int_le(w.n[1], w.n[0] + 4);
}
END_TEST

/* ---- memoized */

static eff_t *provide_twice(eff_value_t layer, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *first = eff_provide(use_config(), eff_layer_incref(eff_as_layer(layer)));
    eff_t *second = eff_provide(use_config(), eff_layer_incref(eff_as_layer(layer)));
    return in_order(say(w, "memo"), first, say(w, "|"), second, say(w, "end"));
}
static eff_t *memoized(struct world *w)
{
    world = w;
    eff_t *e = eff_flat_map(eff_layer_memoize(config_live()), provide_twice, eff_ptr(w));
    return eff_then(eff_scoped(e), say(w, "after"));
}
CASE(a_memoized_layer_is_kept_until_its_scope_closes, memoized, .succeeds = "unit",
     .journal = "memo config+ config | config end config- after")

static eff_t *provide_with_another(eff_value_t layer, eff_value_t env)
{
    static part_t another;
    another = (part_t){ eff_as_ptr(env), "another", false };
    return config_provide(eff_provide(use_pool(), eff_layer_incref(eff_as_layer(layer))), &another);
}
static eff_t *memoized_needs(struct world *w)
{
    world = w;
    eff_t *e = eff_flat_map(eff_layer_memoize(pool_live()), provide_with_another, eff_ptr(w));
    return eff_provide(eff_then(e, say(w, "|")), config_live());
}
/* What it is built with must last as long as it does. */
CASE(a_memoized_layer_needs_what_is_there_where_it_was_memoized, memoized_needs, .succeeds = "unit",
     .journal = "config+ pool+ pool | pool- config-")

static eff_t *too_late(eff_value_t layer, eff_value_t env)
{
    (void)env;
    return eff_provide(use_config(), eff_layer_incref(eff_as_layer(layer)));
}
static eff_t *memoized_before(struct world *w)
{
    world = w;
    return eff_flat_map(eff_scoped(eff_layer_memoize(config_live())), too_late, eff_unit);
}
CASE(a_memoized_layer_is_of_no_use_once_its_scope_has_closed, memoized_before, .journal = "",
     .dies = "the scope that the layer was memoized in is closed")

static eff_t *use_layer(eff_layer_t *layer)
{
    return eff_provide(use_config(), eff_layer_incref(layer));
}
static eff_t *fresh_first(eff_value_t layer, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_layer_t *l = eff_as_layer(layer);
    eff_layer_t *pool = eff_layer_provide(pool_live(), eff_layer_incref(l));
    eff_t *first = eff_provide(use_pool(), eff_layer_fresh(pool));
    return in_order(first, say(w, "|"), use_layer(l), say(w, "|"), use_layer(l), say(w, "end"));
}
static eff_t *memoized_within_a_fresh_one(struct world *w)
{
    world = w;
    return eff_scoped(eff_flat_map(eff_layer_memoize(config_live()), fresh_first, eff_ptr(w)));
}
CASE(what_a_fresh_layer_has_built_is_not_what_a_memoized_one_keeps, memoized_within_a_fresh_one, .succeeds = "unit",
     .journal = "config+ pool+ pool pool- config- | config+ config | config end config-")

/* ---- invalidate */

static eff_t *holds_config(struct world *w)
{
    return eff_provide(in_order(use_config(), ms(3), use_config(), say(w, "left")), config_live());
}
static eff_t *invalidated(struct world *w)
{
    world = w;
    eff_t *user = keep(w, 0, eff_fork(holds_config(w)));
    eff_t *waiting = keep(w, 1, eff_fork(eff_then(eff_layer_invalidate(config_live()), say(w, "gone"))));
    eff_t *anew = eff_provide(use_config(), config_live());
    return in_order(user, ms(1), waiting, ms(1), anew, with_fiber(w, 0, join), with_fiber(w, 1, join));
}
/* LAYER-031 */
CASE(LAYER_031_an_invalidated_layer_is_built_anew_and_who_uses_the_old_one_keeps_it, invalidated, .succeeds = "unit",
     .journal = "config+ config config+ config config- config left config- gone", .ms = 3, .timed = true)

static eff_t *nothing_to_invalidate(struct world *w)
{
    world = w;
    return eff_then(eff_layer_invalidate(eff_layer_fresh(config_live())), say(w, "end"));
}
CASE(invalidating_what_is_not_built_does_nothing, nothing_to_invalidate, .succeeds = "unit", .journal = "end")

static eff_t *invalidate_between(eff_value_t layer, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_layer_t *l = eff_as_layer(layer);
    eff_t *first = eff_provide(use_config(), eff_layer_incref(l));
    eff_t *anew = eff_layer_invalidate(eff_layer_incref(l));
    eff_t *second = eff_provide(use_config(), eff_layer_incref(l));
    return in_order(first, anew, say(w, "|"), second, say(w, "end"));
}
static eff_t *memoized_anew(struct world *w)
{
    world = w;
    return eff_scoped(eff_flat_map(eff_layer_memoize(config_live()), invalidate_between, eff_ptr(w)));
}
/* LAYER-031 */
CASE(LAYER_031_what_is_kept_without_a_user_is_released_when_it_is_invalidated, memoized_anew, .succeeds = "unit",
     .journal = "config+ config config- | config+ config end config-")

static eff_t *invalidate_early(eff_value_t layer, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_layer_t *l = eff_as_layer(layer);
    eff_t *user = keep(w, 0, eff_fork(use_layer(l)));
    eff_t *anew = in_order(use_layer(l), say(w, "|"), use_layer(l), say(w, "end"));
    return in_order(user, eff_yield_now(), eff_yield_now(), eff_layer_invalidate(eff_layer_incref(l)), say(w, "gone"),
                    with_fiber(w, 0, join), anew);
}
static eff_t *memoized_and_invalidated_early(struct world *w)
{
    world = w;
    return eff_scoped(eff_flat_map(eff_layer_memoize(slow_config()), invalidate_early, eff_ptr(w)));
}
CASE(a_memoized_layer_may_be_invalidated_while_it_is_built, memoized_and_invalidated_early, .succeeds = "unit",
     .journal = "config+ config config- gone config+ config | config end config-")

static eff_t *invalidates_what_it_uses(struct world *w)
{
    world = w;
    return eff_provide(eff_then(use_config(), eff_layer_invalidate(config_live())), config_live());
}
CASE(who_uses_a_layer_cannot_wait_for_its_release, invalidates_what_it_uses, .dies = "deadlock",
     .journal = "config+ config config-")

static eff_t *invalidates_a_combination(struct world *w)
{
    (void)w;
    return eff_layer_invalidate(eff_layer_provide(pool_live(), config_live()));
}
CASE(a_combination_cannot_be_invalidated, invalidates_a_combination,
     .dies = "eff_layer_invalidate of an eff_layer_provide")

static eff_t *invalidates_what_its_parallel_scope_holds(struct world *w)
{
    world = w;
    eff_t *e = in_order(eff_layer_build(config_live()), eff_layer_invalidate(config_live()), say(w, "released"));
    return eff_scoped_par(e);
}
CASE(who_holds_a_layer_in_a_parallel_scope_cannot_wait_for_its_release, invalidates_what_its_parallel_scope_holds,
     .dies = "deadlock", .journal = "config+ config-")

TESTS(a_lazy_layer_that_nobody_asks_is_not_built, a_lazy_layer_is_built_when_it_is_asked_for_and_lives_on,
      two_who_ask_at_once_share_a_lazy_layer, what_is_built_upon_a_lazy_layer_is_released_before_it,
      a_context_has_a_lazy_service_once_it_was_built, a_lazy_layer_that_fails_fails_who_asks_and_is_tried_again,
      lazy_layers_are_built_of_lazy_layers, a_lazy_layer_that_was_built_is_there_for_what_is_released_before_it,
      asking_for_a_lazy_layer_again_leaves_nothing_in_its_scope,
      attempts_that_failed_leave_nothing_in_a_scope_that_lasts, a_lazy_layer_lives_as_long_as_where_it_was_provided,
      a_memoized_layer_is_kept_until_its_scope_closes, a_memoized_layer_needs_what_is_there_where_it_was_memoized,
      a_memoized_layer_is_of_no_use_once_its_scope_has_closed,
      what_a_fresh_layer_has_built_is_not_what_a_memoized_one_keeps,
      a_memoized_layer_may_be_invalidated_while_it_is_built,
      LAYER_031_an_invalidated_layer_is_built_anew_and_who_uses_the_old_one_keeps_it,
      invalidating_what_is_not_built_does_nothing,
      LAYER_031_what_is_kept_without_a_user_is_released_when_it_is_invalidated,
      who_uses_a_layer_cannot_wait_for_its_release, who_holds_a_layer_in_a_parallel_scope_cannot_wait_for_its_release,
      a_combination_cannot_be_invalidated)
