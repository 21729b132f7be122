/* Layers of every kind, and what combines them: what is built with what, in which order, and released how. */
#include <stdio.h>

#include "support/layers.h"

/* ---- layers of one service */

static eff_t *ready_service(struct world *w)
{
    static part_t ready;
    ready = (part_t){ w, "ready", false };
    return eff_provide(use_config(), eff_layer_succeed(&config_tag, config_value(&ready)));
}
CASE(a_service_that_is_there_is_provided, ready_service, .succeeds = "unit", .journal = "ready")

static void box_drop(part_t *p)
{
    if (!p->w) return;
    p->closed = true;
    journal_add(p->w, "dropped");
}
EFF_STATIC_TYPE(dropping, part_t, .drop = box_drop);

static eff_t *owned_service(struct world *w)
{
    eff_value_t v = dropping_make((part_t){ w, "owned", false });
    return eff_then(eff_provide(use_config(), eff_layer_succeed(&config_tag, v)), say(w, "after"));
}
CASE(a_service_that_is_a_value_goes_with_its_layer, owned_service, .succeeds = "unit")

static eff_value_t make_part(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    journal_add(w, "made");
    return dropping_make((part_t){ w, "synced", false });
}
static eff_t *synced(struct world *w)
{
    eff_t *twice = eff_then(use_config(), use_config());
    return eff_then(eff_provide(twice, eff_layer_sync(&config_tag, make_part, eff_ptr(w))), say(w, "after"));
}
CASE(a_service_made_by_plain_c_is_dropped_when_it_is_released, synced, .succeeds = "unit",
     .journal = "made synced synced dropped after")

static void release_part(eff_value_t part, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    close_part(part_box_of(part));
}
static eff_t *opens_in_an_effect(struct world *w)
{
    world = w;
    eff_t *background = eff_fork_scoped(eff_ensuring(eff_never(), say(w, "background")));
    eff_t *resource = eff_acquire_release(config_with(open_upon, eff_literal("pool")), release_part, eff_unit);
    eff_layer_t *layer = eff_layer_effect(&pool_tag, in_order(background, eff_yield_now(), resource), &config_tag);
    return eff_provide(eff_then(use_pool(), say(w, "|")), eff_layer_provide(layer, config_live()));
}
CASE(what_an_effect_acquires_and_forks_belongs_to_its_layer, opens_in_an_effect, .succeeds = "unit",
     .journal = "config+ pool+ pool | pool- background config-")

static eff_t *discards(struct world *w)
{
    world = w;
    eff_layer_t *migration = eff_layer_effect_discard(eff_then(use_config(), say(w, "migrated")), &config_tag);
    eff_layer_t *both = eff_layer_provide_merge(migration, config_live());
    return eff_provide(use_config(), both);
}
CASE(an_effect_that_provides_nothing_runs_when_it_is_built, discards, .succeeds = "unit",
     .journal = "config+ config migrated config config-")

static eff_t *nothing(struct world *w)
{
    return eff_provide(say(w, "e"), eff_layer_merge(eff_layer_empty(), eff_layer_empty()));
}
CASE(no_layers_are_a_layer, nothing, .succeeds = "unit", .journal = "e")

/* More than are searched without an index, each of them twice. */
enum { N_MANY = 40 };
static eff_t *ask_all(eff_value_t context, eff_value_t tags)
{
    int64_t sum = 0;
    for (int i = 0; i < N_MANY; i++)
        sum += eff_as_int(eff_context_get(eff_as_context(context), (const eff_tag_t *)eff_as_ptr(tags) + i));
    return eff_succeed(eff_int(sum));
}
static eff_t *many(struct world *w)
{
    static eff_tag_t tags[N_MANY];
    eff_layer_t *all[2 * N_MANY];
    const eff_tag_t *needs[N_MANY + 1] = { NULL };
    (void)w;
    for (int i = 0; i < N_MANY; i++) {
        tags[i].name = "one of many";
        needs[i] = &tags[i];
        all[i] = eff_layer_succeed(&tags[i], eff_int(i));
        all[N_MANY + i] = eff_layer_incref(all[i]);
    }
    eff_t *ask = eff_flat_map(eff_context(), ask_all, eff_ptr(tags));
    eff_layer_t *upper = eff_layer_effect(&config_tag, eff_context(), EFF_NO_NEEDS);
    upper = eff_layer_merge(upper, eff_layer_effect_discard_at(NULL, eff_noop(), needs));
    eff_layer_t *base = eff_layer_wire_at(NULL, sizeof all / sizeof *all, all);
    return eff_provide(ask, eff_layer_provide_merge(upper, base));
}
CASE(many_services_are_there_once_each, many, .succeeds = "780")

/* ---- keyed */

static eff_t *open_keyed(eff_value_t key)
{
    return open_part(eff_as_string(key));
}
static eff_layer_t *keyed(eff_value_t key);
EFF_DEFINE_KEYED_LAYER(keyed, config, part_t, open_keyed, close_part, EFF_NO_NEEDS);

static eff_t *same_key(struct world *w)
{
    world = w;
    eff_t *inner = eff_provide(use_config(), keyed(eff_literal("a")));
    eff_t *other = eff_provide(use_config(), keyed(eff_literal("b")));
    return eff_provide(in_order(use_config(), inner, other, use_config()), keyed(eff_string("a")));
}
CASE(layers_with_equal_keys_are_one, same_key, .succeeds = "unit", .journal = "a+ a a b+ b b- a a-")

/* ---- goodbyes */

static eff_t *goodbye(part_t *p)
{
    assert_open(p);
    return eff_then(eff_yield_now(), say(p->w, "bye"));
}
static eff_layer_t *polite(void);
EFF_DEFINE_POLITE_LAYER(polite, config, part_t, open_config, goodbye, close_part, EFF_NO_NEEDS);

static eff_t *polite_layer(struct world *w)
{
    world = w;
    return eff_provide(use_config(), polite());
}
CASE(a_goodbye_comes_before_the_release, polite_layer, .succeeds = "unit", .journal = "config+ config bye config-")

static eff_t *no_goodbye(part_t *p)
{
    (void)p;
    return failing(3);
}
static eff_layer_t *impolite(void);
EFF_DEFINE_POLITE_LAYER(impolite, config, part_t, open_config, no_goodbye, close_part, EFF_NO_NEEDS);

static eff_t *failing_goodbye(struct world *w)
{
    world = w;
    return eff_provide(eff_then(use_config(), failing(1)), impolite());
}
CASE(a_goodbye_that_fails_is_a_failure_of_the_release, failing_goodbye, .cause = "then(fail(1), fail(3))",
     .journal = "config+ config config-")

/* ---- merge */

static eff_t *meets(struct world *w, int i, const char *name)
{
    return in_order(open_latch(w, i), eff_interruptible(await_latch(w, 1 - i)), open_part(name));
}
static eff_t *open_first(void)
{
    return meets(world, 0, "first");
}
static eff_t *open_second(void)
{
    return meets(world, 1, "second");
}
static eff_layer_t *first_of_two(void);
static eff_layer_t *second_of_two(void);
EFF_DEFINE_LAYER(first_of_two, config, part_t, open_first, close_part, EFF_NO_NEEDS);
EFF_DEFINE_LAYER(second_of_two, pool, part_t, open_second, close_part, EFF_NO_NEEDS);

static eff_t *merged(struct world *w)
{
    world = w;
    (void)latch(w, 0), (void)latch(w, 1);
    return eff_provide(eff_then(use_config(), use_pool()), eff_layer_merge(first_of_two(), second_of_two()));
}
/* LAYER-001 */
CASE(LAYER_001_merged_layers_are_built_at_the_same_time, merged, .succeeds = "unit",
     .journal = "second+ first+ first second second- first-", .without = NO_SHUFFLES /* of two builds at once */)

static eff_t *merged_alike(struct world *w)
{
    static part_t a, b;
    a = (part_t){ w, "a", false }, b = (part_t){ w, "b", false };
    eff_layer_t *first = eff_layer_succeed(&config_tag, config_value(&a));
    eff_layer_t *second = eff_layer_succeed(&config_tag, config_value(&b));
    return eff_provide(use_config(), eff_layer_merge(first, second));
}
CASE(of_a_service_that_several_provide_the_last_is_seen, merged_alike, .succeeds = "unit", .journal = "b")

/* ---- provide */

static eff_t *hides_base(struct world *w)
{
    world = w;
    eff_t *e = eff_provide(eff_then(use_pool(), use_config()), eff_layer_provide(pool_live(), config_live()));
    return e;
}
CASE(what_a_base_provides_only_the_layer_sees, hides_base, .dies = "no service \"config\" is provided here",
     .journal = "config+ pool+ pool pool- config-")

static eff_t *shows_base(struct world *w)
{
    world = w;
    return eff_provide(eff_then(use_pool(), use_config()), eff_layer_provide_merge(pool_live(), config_live()));
}
CASE(provide_merge_shows_the_base_too, shows_base, .succeeds = "unit",
     .journal = "config+ pool+ pool config pool- config-")

static eff_t *diamond(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_provide(pool_live(), config_live());
    eff_layer_t *users = eff_layer_provide(users_live(), eff_layer_incref(pool));
    eff_layer_t *orders = eff_layer_provide(orders_live(), pool);
    return eff_provide(eff_then(use_users(), use_orders()), eff_layer_merge(users, orders));
}
/* LAYER-008 */
CASE(LAYER_008_in_a_diamond_the_base_is_built_once_first_and_released_last, diamond, .succeeds = "unit",
     .journal = "config+ pool+ users+ orders+ users orders orders- users- pool- config-",
     .without = NO_SHUFFLES /* of two builds at once */)

/* ---- wire */

static eff_t *wired(struct world *w)
{
    world = w;
    eff_layer_t *app = eff_layer_wire(orders_live(), users_live(), config_live(), pool_live());
    return eff_provide(in_order(use_users(), use_orders(), use_config()), app);
}
CASE(wiring_builds_each_when_its_needs_are_there, wired, .succeeds = "unit",
     .journal = "config+ pool+ orders+ users+ users orders config users- orders- pool- config-",
     .without = NO_SHUFFLES /* of two builds at once */)

static eff_t *wired_around(struct world *w)
{
    world = w;
    eff_layer_t *app = eff_layer_wire(users_live(), pool_live());
    return eff_provide(eff_provide(use_users(), app), config_live());
}
CASE(what_a_wiring_lacks_it_takes_from_around, wired_around, .succeeds = "unit",
     .journal = "config+ pool+ users+ users users- pool- config-")

static eff_layer_t *circular_config(void);
EFF_DEFINE_LAYER(circular_config, config, part_t, open_users, close_part, &users_tag, &pool_tag);
static eff_t *wired_circle(struct world *w)
{
    world = w;
    return eff_provide(use_users(), eff_layer_wire(users_live(), pool_live(), circular_config()));
}
CASE(a_wiring_with_a_circle_dies_of_it, wired_circle, .dies = "a circle:", .journal = "")

static eff_t *wired_twice(struct world *w)
{
    world = w;
    return eff_provide(use_config(), eff_layer_wire(config_live(), slow_config()));
}
CASE(a_wiring_with_two_that_provide_one_service_dies_of_it, wired_twice, .dies = "both provide config", .journal = "")

static eff_t *wired_failing(struct world *w)
{
    world = w;
    return eff_provide(use_users(), eff_layer_wire(users_live(), orders_live(), broken_pool(), config_live()));
}
static void tells_chain(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit->cause, &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), "note: layer broken_pool could not be built, needed by users_live"),
                  "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
}
CASE(a_failure_in_a_wiring_says_who_needed_it, wired_failing, .cause = "fail(7)", .journal = "config+ config-",
     .check = tells_chain)

/* ---- suspend */

static eff_layer_t *make_config(eff_value_t env)
{
    journal_add(eff_as_ptr(env), "make");
    return config_live();
}
static eff_t *suspended(struct world *w)
{
    world = w;
    eff_layer_t *layer = eff_layer_suspend(make_config, eff_ptr(w));
    eff_layer_t *pool = eff_layer_provide(pool_live(), eff_layer_incref(layer));
    eff_t *e = eff_provide(eff_then(use_pool(), use_config()), eff_layer_merge(pool, layer));
    return eff_then(say(w, "before"), e);
}
/* LAYER-005 */
CASE(LAYER_005_a_suspended_layer_is_made_once_when_it_is_built, suspended, .succeeds = "unit",
     .journal = "before make config+ pool+ pool config pool- config-")

static eff_layer_t *no_layer(eff_value_t env)
{
    (void)env;
    return NULL;
}
static eff_t *suspended_null(struct world *w)
{
    return eff_provide(say(w, "never"), eff_layer_suspend(no_layer, eff_unit));
}
CASE(a_suspended_layer_that_is_null_is_a_mistake, suspended_null, .journal = "",
     .dies = "the function of layer eff_layer_suspend no_layer (test_layer_combine.c:")

static eff_layer_t *selfish;
static eff_layer_t *itself(eff_value_t env)
{
    (void)env;
    return eff_layer_incref(selfish);
}
static void forget_selfish(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    (void)v, (void)exit, (void)env;
    eff_layer_decref(selfish);
    selfish = NULL;
}
static eff_t *provide_selfish(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    eff_layer_t *base = eff_layer_suspend(itself, eff_unit);
    eff_layer_decref(selfish);
    selfish = eff_layer_effect(&config_tag, eff_provide(open_part("config"), base), EFF_NO_NEEDS);
    return eff_provide(use_config(), eff_layer_incref(selfish));
}
static eff_t *circle(struct world *w)
{
    world = w;
    return eff_acquire_use_release(eff_noop(), provide_selfish, forget_selfish, eff_unit);
}
/* LAYER-029 */
CASE(LAYER_029_layers_that_need_each_other_are_told, circle, .dies = "layers that need each other cannot be built",
     .journal = "")

/* ---- fresh, passthrough, project */

static eff_t *fresh(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_provide(pool_live(), config_live());
    eff_t *inner = eff_provide(use_pool(), eff_layer_fresh(eff_layer_incref(pool)));
    return eff_provide(eff_then(use_pool(), inner), pool);
}
CASE(a_fresh_layer_is_built_anew_with_all_that_it_is_made_of, fresh, .succeeds = "unit",
     .journal = "config+ pool+ pool config+ pool+ pool pool- config- pool- config-")

static eff_t *fresh_twice(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_fresh(eff_layer_provide_merge(pool_live(), config_live()));
    eff_layer_t *first = eff_layer_provide(users_live(), eff_layer_incref(pool));
    eff_layer_t *second = eff_layer_provide(orders_live(), pool);
    return eff_provide(eff_then(use_users(), use_orders()), eff_layer_merge(first, second));
}
static void two_of_each(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->acquired, 6);
}
CASE(two_mentions_of_a_fresh_layer_are_two, fresh_twice, .succeeds = "unit", .check = two_of_each)

static eff_t *passes(struct world *w)
{
    world = w;
    eff_layer_t *both = eff_layer_passthrough(pool_live());
    return eff_provide(eff_then(use_pool(), use_config()), eff_layer_provide(both, config_live()));
}
/* LAYER-023 */
CASE(LAYER_023_passthrough_provides_what_the_layer_needs_too, passes, .succeeds = "unit",
     .journal = "config+ pool+ pool config pool- config-")

static eff_value_t named_part(eff_value_t from, eff_value_t env)
{
    const part_t *p = eff__service_of(from);
    assert_open(p);
    return part_box_make((part_t){ p->w, eff_as_string(env), false });
}
static eff_t *projects(struct world *w)
{
    world = w;
    eff_layer_t *part = eff_layer_project(config_live(), &config_tag, &pool_tag, named_part, eff_literal("part"));
    eff_layer_t *users = eff_layer_provide(users_live(), eff_layer_incref(part));
    eff_layer_t *orders = eff_layer_provide(orders_live(), part);
    return eff_provide(in_order(use_users(), use_orders()), eff_layer_merge(users, orders));
}
/* LAYER-023 */
CASE(LAYER_023_a_projection_is_a_service_of_its_own, projects, .succeeds = "unit",
     .journal = "config+ users+ orders+ users orders orders- users- config-",
     .without = NO_SHUFFLES /* of two builds at once */)

static eff_t *projects_only(struct world *w)
{
    world = w;
    eff_layer_t *part = eff_layer_project(config_live(), &config_tag, &pool_tag, named_part, eff_literal("part"));
    return eff_provide(eff_then(use_pool(), use_config()), part);
}
CASE(what_a_projection_is_made_of_is_not_seen, projects_only, .dies = "no service \"config\"",
     .journal = "config+ part config-")

static eff_t *projects_nothing(struct world *w)
{
    world = w;
    eff_layer_t *part = eff_layer_project(config_live(), &users_tag, &pool_tag, named_part, eff_literal("part"));
    return eff_provide(use_pool(), part);
}
CASE(a_projection_of_what_is_not_provided_is_a_mistake, projects_nothing, .journal = "config+ config-",
     .dies = "eff_layer_project is to make pool of users, which the layer does not provide")

static eff_t *projects_a_lazy_one(struct world *w)
{
    world = w;
    eff_layer_t *lazy = eff_layer_lazy(config_live());
    eff_layer_t *part = eff_layer_project(lazy, &config_tag, &pool_tag, named_part, eff_literal("part"));
    return eff_provide(use_pool(), part);
}
CASE(a_projection_of_a_lazy_layer_has_it_built, projects_a_lazy_one, .succeeds = "unit",
     .journal = "config+ part config-")

static eff_value_t get_default_part(void)
{
    static part_t of_default;
    of_default = (part_t){ world, "default", false };
    return eff_ptr(&of_default);
}
static const eff_tag_t nameless_tag = { NULL, get_default_part };
static eff_t *open_nameless(struct world *w)
{
    return eff_map_to(say(w, "nameless"), part_box_make((part_t){ w, "nameless", false }));
}
static eff_t *projects_by_default(struct world *w, eff_layer_t *layer)
{
    world = w;
    return eff_provide(use_pool(), eff_layer_project(layer, &nameless_tag, &pool_tag, named_part, eff_literal("part")));
}
static eff_t *projects_a_lazy_default(struct world *w)
{
    world = w;
    return projects_by_default(w, eff_layer_lazy(eff_layer_effect(&nameless_tag, open_nameless(w), EFF_NO_NEEDS)));
}
CASE(nor_is_it_made_of_the_default_of_a_tag, projects_a_lazy_default, .succeeds = "unit", .journal = "nameless part")
static eff_t *projects_an_empty_one(struct world *w)
{
    return projects_by_default(w, eff_layer_empty());
}
CASE(not_even_when_the_layer_is_empty, projects_an_empty_one, .journal = "",
     .dies = "eff_layer_project is to make pool of (nameless), which the layer does not provide")

/* ---- build, launch */

static eff_t *use_in(eff_value_t services, eff_value_t env)
{
    (void)env;
    return eff_provide_context(use_config(), eff_context_incref(eff_as_context(services)));
}
static eff_t *builds(struct world *w)
{
    world = w;
    eff_t *e = eff_flat_map(eff_layer_build(config_live()), use_in, eff_unit);
    return eff_then(eff_scoped(eff_then(e, say(w, "still"))), say(w, "after"));
}
CASE(a_layer_is_built_into_the_scope_around, builds, .succeeds = "unit",
     .journal = "config+ config still config- after")

static eff_t *launches(struct world *w)
{
    world = w;
    eff_t *launched = eff_layer_launch(eff_layer_provide(pool_live(), config_live()));
    return eff_then(keep(w, 0, eff_fork(launched)), eff_then(eff_replicate(eff_yield_now(), 20), say_interrupt(w, 0)));
}
CASE(a_launched_layer_is_there_until_it_is_interrupted, launches, .succeeds = "unit",
     .journal = "config+ pool+ pool- config- interrupt")

TESTS(a_service_that_is_there_is_provided, a_service_that_is_a_value_goes_with_its_layer,
      what_an_effect_acquires_and_forks_belongs_to_its_layer, a_service_made_by_plain_c_is_dropped_when_it_is_released,
      an_effect_that_provides_nothing_runs_when_it_is_built, no_layers_are_a_layer, many_services_are_there_once_each,
      layers_with_equal_keys_are_one, a_goodbye_comes_before_the_release,
      a_goodbye_that_fails_is_a_failure_of_the_release, LAYER_001_merged_layers_are_built_at_the_same_time,
      of_a_service_that_several_provide_the_last_is_seen, what_a_base_provides_only_the_layer_sees,
      provide_merge_shows_the_base_too, LAYER_008_in_a_diamond_the_base_is_built_once_first_and_released_last,
      wiring_builds_each_when_its_needs_are_there, what_a_wiring_lacks_it_takes_from_around,
      a_wiring_with_a_circle_dies_of_it, a_wiring_with_two_that_provide_one_service_dies_of_it,
      a_failure_in_a_wiring_says_who_needed_it, LAYER_005_a_suspended_layer_is_made_once_when_it_is_built,
      a_suspended_layer_that_is_null_is_a_mistake, LAYER_029_layers_that_need_each_other_are_told,
      a_fresh_layer_is_built_anew_with_all_that_it_is_made_of, two_mentions_of_a_fresh_layer_are_two,
      LAYER_023_passthrough_provides_what_the_layer_needs_too, LAYER_023_a_projection_is_a_service_of_its_own,
      what_a_projection_is_made_of_is_not_seen, a_projection_of_what_is_not_provided_is_a_mistake,
      a_projection_of_a_lazy_layer_has_it_built, nor_is_it_made_of_the_default_of_a_tag,
      not_even_when_the_layer_is_empty, a_layer_is_built_into_the_scope_around,
      a_launched_layer_is_there_until_it_is_interrupted)
