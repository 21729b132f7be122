/* Layers that are chosen when they are built. */
#include <stdio.h>

#include "support/layers.h"

/* ---- choosing */

static eff_t *open_other_pool(void)
{
    return open_part("other");
}
static eff_layer_t *other_pool(void);
EFF_DEFINE_LAYER(other_pool, pool, part_t, open_other_pool, close_part, EFF_NO_NEEDS);

static eff_layer_t *choose_pool(eff_value_t name, eff_value_t env)
{
    journal_add(eff_as_ptr(env), "choose");
    return strcmp(eff_as_string(name), "other") == 0 ? other_pool() : pool_live();
}
static eff_layer_t *chosen_at(struct world *w, eff_site_t site, eff_t *e)
{
    return eff_layer_flat_map_at(site, e, choose_pool, eff_ptr(w), EFF_TAGS(&pool_tag),
                                 EFF_TAGS(&config_tag, &eff_config_tag));
}
static eff_layer_t *chosen(struct world *w, eff_t *e)
{
    return chosen_at(w, "choose_pool (app.c:1)", e);
}

static eff_t *by_config(struct world *w)
{
    world = w;
    eff_layer_t *pool = chosen(w, eff_config_string_or("pool", "live"));
    eff_layer_t *all = eff_layer_wire(users_live(), pool, config_live(), eff_config_memory("pool=other"));
    return eff_provide(eff_then(use_users(), use_pool()), all);
}
CASE(a_layer_is_chosen_by_a_configured_value, by_config, .succeeds = "unit",
     .journal = "config+ choose other+ users+ users other users- other- config-")

static eff_t *shares(struct world *w)
{
    world = w;
    eff_layer_t *pool = chosen(w, eff_succeed(eff_literal("live")));
    eff_layer_t *again = eff_layer_incref(pool);
    eff_layer_t *base = eff_layer_merge(config_live(), eff_config_memory("a=1"));
    eff_t *inside = eff_then(eff_provide(use_pool(), pool_live()), eff_provide(use_pool(), again));
    return eff_provide(eff_then(inside, use_pool()), eff_layer_provide_merge(pool, base));
}
CASE(the_choice_is_made_once_and_what_is_chosen_is_shared, shares, .succeeds = "unit",
     .journal = "config+ choose pool+ pool pool pool pool- config-")

static eff_t *chosen_anew(struct world *w)
{
    world = w;
    eff_layer_t *pool = chosen(w, eff_succeed(eff_literal("live")));
    eff_layer_t *twice[] = { eff_layer_fresh(eff_layer_incref(pool)), pool };
    eff_layer_t *base = eff_layer_merge(config_live(), eff_config_memory("a=1"));
    return eff_provide(use_pool(), eff_layer_provide(eff_layer_merge_at(NULL, 2, twice), base));
}
CASE(within_fresh_the_chosen_layer_is_fresh, chosen_anew, .succeeds = "unit",
     .journal = "config+ choose choose pool+ pool+ pool pool- pool- config-", .without = NO_SHUFFLES)

static void release_part(eff_value_t part, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    close_part(part_box_of(part));
}
static eff_layer_t *upon(eff_value_t part, eff_value_t env)
{
    (void)env;
    assert_open(part_box_of(part));
    return other_pool();
}
static eff_t *acquires(struct world *w)
{
    world = w;
    eff_t *resource = eff_acquire_release(open_part("key"), release_part, eff_unit);
    eff_layer_t *pool = eff_layer_flat_map(resource, upon, eff_unit, EFF_TAGS(&pool_tag), EFF_NO_NEEDS);
    return eff_provide(use_pool(), pool);
}
CASE(what_choosing_has_acquired_is_released_after_what_was_chosen, acquires, .succeeds = "unit",
     .journal = "key+ other+ other other- key-")

static eff_layer_t *by_services(eff_value_t context, eff_value_t env)
{
    (void)env;
    assert_open(config_from(eff_as_context(context)));
    return pool_live();
}
static eff_t *of_services(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_flat_map(eff_context(), by_services, eff_unit, EFF_TAGS(&pool_tag), &config_tag);
    return eff_provide(use_users(), eff_layer_wire(pool, users_live(), config_live()));
}
CASE(a_layer_is_chosen_by_the_services_that_it_needs, of_services, .succeeds = "unit",
     .journal = "config+ pool+ users+ users users- pool- config-")

static eff_layer_t *unwrap(eff_value_t layer, eff_value_t env)
{
    (void)env;
    return eff_layer_incref(eff_as_layer(layer));
}
static eff_t *unwraps(struct world *w)
{
    world = w;
    eff_layer_t *both = eff_layer_provide_merge(pool_live(), config_live());
    eff_t *slow = eff_then(ms(2), eff_succeed(eff_layer_value(both)));
    eff_layer_t *pool = eff_layer_flat_map(slow, unwrap, eff_unit, EFF_TAGS(&pool_tag), EFF_NO_NEEDS);
    return eff_provide(eff_then(use_pool(), eff_context()), pool);
}
static void sees_the_pool(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert_ptr_nonnull(pool_from(eff_as_context(exit->value)));
    ck_assert_ptr_null(config_from(eff_as_context(exit->value)));
}
CASE(no_more_is_seen_than_was_declared, unwraps, .check = sees_the_pool, .journal = "config+ pool+ pool pool- config-",
     .ms = 2, .timed = true, .without = NO_AROUND)

static void note_message(const eff_log_record_t *record, void *w)
{
    journal_add(w, eff_as_string(record->message));
}
static eff_layer_t *choose_logger(eff_value_t where, eff_value_t env)
{
    if (strcmp(eff_as_string(where), "nowhere") == 0) return eff_logger_none();
    return eff_logger_to(note_message, eff_as_ptr(env));
}
static eff_t *logs(struct world *w)
{
    eff_layer_t *logger = eff_layer_flat_map(eff_config_string("log"), choose_logger, eff_ptr(w),
                                             EFF_TAGS(&eff_logger_tag), &eff_config_tag);
    eff_layer_t *off = eff_layer_provide(eff_layer_incref(logger), eff_config_memory("log=nowhere"));
    eff_layer_t *on = eff_layer_provide(logger, eff_config_memory("log=journal"));
    return eff_then(eff_provide(eff_log_info("%s", "unheard"), off), eff_provide(eff_log_info("%s", "heard"), on));
}
CASE(the_logger_is_chosen_by_each_config, logs, .succeeds = "unit", .journal = "heard")

/* ---- failing */

static eff_t *choosing_fails(struct world *w)
{
    world = w;
    eff_layer_t *all = eff_layer_wire(users_live(), chosen(w, failing(3)), config_live(), eff_config_memory("a=1"));
    return eff_provide(use_users(), all);
}
static void tells_the_choice(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "note: layer eff_layer_flat_map of pool choose_pool (app.c:1) could not be built, needed by "
                      "users_live");
}
CASE(when_choosing_fails_so_does_building, choosing_fails, .cause = "fail(3)", .check = tells_the_choice)

static eff_layer_t *choose_broken(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return broken_pool();
}
static eff_layer_t *chosen_broken(void)
{
    return eff_layer_flat_map_at("choose_broken (app.c:2)", eff_noop(), choose_broken, eff_unit, EFF_TAGS(&pool_tag),
                                 EFF_TAGS(&config_tag));
}
static eff_t *chosen_fails(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_named_at("app.c:3", chosen_broken(), "main pool");
    return eff_provide(use_users(), eff_layer_wire(users_live(), pool, config_live()));
}
static void tells_both(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "note: layer broken_pool could not be built, chosen by main pool (app.c:3)\n"
                      "  note: layer main pool (app.c:3) could not be built, needed by users_live");
}
CASE(when_the_chosen_layer_fails_both_are_told, chosen_fails, .cause = "fail(7)", .check = tells_both)

static eff_t *chosen_again(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_or_else(chosen_broken(), other_pool());
    return eff_provide(use_users(), eff_layer_wire(users_live(), pool, config_live()));
}
CASE(another_layer_takes_the_place_of_the_chosen_one_that_fails, chosen_again, .succeeds = "unit",
     .journal = "config+ other+ users+ users users- other- config-")

static eff_t *slow_choice(struct world *w)
{
    world = w;
    eff_layer_t *pool = chosen(w, eff_then(ms(5), eff_succeed(eff_literal("other"))));
    eff_layer_t *base = eff_layer_merge(config_live(), eff_config_memory("a=1"));
    return eff_timeout(eff_provide(use_pool(), eff_layer_provide(pool, base)), eff_millis(2));
}
CASE(choosing_is_interrupted_when_nobody_waits_for_it, slow_choice, .succeeds = "none", .journal = "config+ config-",
     .ms = 2, .timed = true)

/* ---- mistakes */

static eff_t *needs_more(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_flat_map_at("choose_pool (app.c:4)", eff_succeed(eff_literal("live")), choose_pool,
                                              eff_ptr(w), EFF_TAGS(&pool_tag), NULL);
    return eff_provide(use_pool(), eff_layer_provide(pool, config_live()));
}
CASE(
    needing_what_is_not_declared_is_a_mistake, needs_more,
    .dies =
        "layer pool_live, which was chosen by eff_layer_flat_map of pool choose_pool (app.c:4), needs config, which is "
        "not among the needs declared there: add it to them")

static eff_t *lacks_a_need(struct world *w)
{
    return eff_provide(use_pool(), chosen(w, eff_succeed(eff_literal("other"))));
}
CASE(what_is_declared_as_needed_has_to_be_there, lacks_a_need,
     .dies = "layer eff_layer_flat_map of pool choose_pool (app.c:1) needs the service config, which is not provided")

static eff_t *needs_the_logger(struct world *w)
{
    (void)w;
    eff_layer_t *logs = eff_layer_effect_at("app.c:6", &pool_tag, eff_log_info("%s", "x"), EFF_TAGS(&eff_logger_tag));
    eff_layer_t *pool = eff_layer_flat_map_at("app.c:5", eff_succeed(eff_layer_value(logs)), unwrap, eff_unit,
                                              EFF_TAGS(&pool_tag), NULL);
    return eff_provide(eff_noop(), pool);
}
CASE(so_is_needing_a_default_service_that_is_not_declared, needs_the_logger,
     .dies = "needs eff_logger, which is not among the needs declared there")

static eff_t *provides_less(struct world *w)
{
    (void)w;
    eff_layer_t *pool = eff_layer_flat_map_at("app.c:5", eff_succeed(eff_layer_value(config_live())), unwrap, eff_unit,
                                              EFF_TAGS(&config_tag, &pool_tag), NULL);
    return eff_provide(eff_noop(), pool);
}
CASE(
    not_providing_what_is_declared_is_a_mistake, provides_less,
    .dies =
        "layer config_live, which was chosen by eff_layer_flat_map of config (app.c:5), does not provide pool, which is "
        "declared there")

static eff_layer_t *make_config(eff_value_t env)
{
    (void)env;
    return config_live();
}
static eff_t *provides_less_at_last(struct world *w)
{
    world = w;
    eff_layer_t *suspended = eff_layer_suspend_at("app.c:7", make_config, eff_unit);
    eff_layer_t *pool = eff_layer_flat_map_at("app.c:5", eff_succeed(eff_layer_value(suspended)), unwrap, eff_unit,
                                              EFF_TAGS(&pool_tag), NULL);
    return eff_provide(eff_noop(), pool);
}
CASE(
    so_it_is_when_that_is_known_only_once_it_is_built, provides_less_at_last,
    .dies =
        "layer eff_layer_suspend (app.c:7), which was chosen by eff_layer_flat_map of pool (app.c:5), does not provide "
        "pool",
    .journal = "config+ config-")

/* ---- circles */

static eff_layer_t *again; /* borrowed from the one that runs */

static eff_layer_t *choose_again(eff_value_t fresh, eff_value_t env)
{
    (void)env;
    eff_layer_t *layer = eff_layer_incref(again);
    return eff_as_bool(fresh) ? eff_layer_fresh(layer) : layer;
}
static eff_t *chooses_itself(bool fresh)
{
    again = eff_layer_flat_map_at("choose_again (app.c:8)", eff_succeed(eff_bool(fresh)), choose_again, eff_unit,
                                  EFF_TAGS(&pool_tag), NULL);
    return eff_provide(eff_noop(), again);
}
static eff_t *itself(struct world *w)
{
    (void)w;
    return chooses_itself(false);
}
CASE(a_layer_that_chooses_itself_is_a_circle, itself,
     .dies = "layers that need each other cannot be built: eff_layer_flat_map of pool choose_again (app.c:8) asks for "
             "eff_layer_flat_map of pool choose_again (app.c:8)")
static eff_t *itself_anew(struct world *w)
{
    (void)w;
    return chooses_itself(true);
}
CASE(so_is_one_that_chooses_itself_anew, itself_anew,
     .dies = "layers that need each other cannot be built: eff_layer_flat_map of pool choose_again (app.c:8) asks for "
             "eff_layer_flat_map of pool choose_again (app.c:8), built anew each time")

/* config asks for pool, and pool for a config of its own. */
static eff_layer_t *spiral_config(void);
static eff_layer_t *spiral_pool(void);
static eff_t *open_spiral_config(void)
{
    return eff_provide(eff_then(use_pool(), open_config()), spiral_pool());
}
EFF_DEFINE_LAYER(spiral_config, config, part_t, open_spiral_config, close_part, EFF_NO_NEEDS);
static eff_layer_t *make_spiral_config(eff_value_t env)
{
    (void)env;
    return eff_layer_fresh(spiral_config());
}
static eff_t *open_spiral_pool(void)
{
    eff_layer_t *config = eff_layer_suspend_at("app.c:9", make_spiral_config, eff_unit);
    return eff_provide(open_pool(), eff_layer_named_at("app.c:9", config, "config of pool"));
}
EFF_DEFINE_LAYER(spiral_pool, pool, part_t, open_spiral_pool, close_part, EFF_NO_NEEDS);
static eff_t *spirals(struct world *w)
{
    world = w;
    return eff_provide(use_config(), spiral_config());
}
CASE(so_are_layers_that_ask_for_each_other_anew, spirals, .journal = "",
     .dies = "layers that need each other cannot be built: config of pool (app.c:9) asks for spiral_config, which asks "
             "for spiral_pool, which asks for config of pool (app.c:9), built anew each time")

/* Each turn is given something else, so it comes to an end. */
static eff_layer_t *choose_with_less(eff_value_t n, eff_value_t env)
{
    journal_add(eff_as_ptr(env), "choose");
    if (eff_as_int(n) == 0) return other_pool();
    eff_layer_t *config = eff_config_memory(eff_as_int(n) == 2 ? "n=1" : "n=0");
    return eff_layer_fresh(eff_layer_provide(eff_layer_incref(again), config));
}
static eff_t *counts_down(struct world *w)
{
    world = w;
    again = eff_layer_flat_map(eff_config_int("n"), choose_with_less, eff_ptr(w), EFF_TAGS(&pool_tag), &eff_config_tag);
    return eff_provide(use_pool(), eff_layer_provide(again, eff_config_memory("n=2")));
}
CASE(choosing_itself_given_something_else_is_no_circle, counts_down, .succeeds = "unit",
     .journal = "choose choose choose other+ other other-")

static eff_layer_t *choose_nothing(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return NULL;
}
static eff_t *no_choice(struct world *w)
{
    (void)w;
    return eff_provide(eff_noop(), eff_layer_flat_map_at("app.c:8", eff_noop(), choose_nothing, eff_unit,
                                                         EFF_TAGS(&pool_tag), NULL));
}
CASE(choosing_nothing_is_a_mistake, no_choice,
     .dies = "the function of layer eff_layer_flat_map of pool (app.c:8) returned NULL")

static eff_layer_t *choose_mistaken(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_layer_succeed(&pool_tag, pool_value(NULL));
}
static eff_t *mistaken_choice(struct world *w)
{
    (void)w;
    return eff_provide(eff_noop(),
                       eff_layer_flat_map(eff_noop(), choose_mistaken, eff_unit, EFF_TAGS(&pool_tag), EFF_NO_NEEDS));
}
CASE(the_mistake_of_the_chosen_layer_is_told, mistaken_choice, .dies = "the service of eff_layer_succeed is missing")

static eff_t *without_effect(struct world *w)
{
    (void)w;
    return eff_provide(eff_noop(), eff_layer_flat_map(NULL, choose_nothing, eff_string("env"), NULL, EFF_NO_NEEDS));
}
CASE(without_an_effect_it_is_a_mistake, without_effect, .dies = "the effect of eff_layer_flat_map is missing")

static eff_t *without_function(struct world *w)
{
    (void)w;
    return eff_provide(eff_noop(), eff_layer_flat_map(eff_noop(), NULL, eff_string("env"), NULL, EFF_NO_NEEDS));
}
CASE(without_a_function_it_is_a_mistake, without_function, .dies = "the function of eff_layer_flat_map is missing")

/* ---- before anything is built */

START_TEST(it_is_described_by_what_it_declares)
{
    eff_layer_t *all[] = { users_live(), chosen_at(NULL, "choose_pool (app.c:1)", eff_noop()), config_live() };
    eff_layer_t *layer = eff_layer_wire_at("app.c:2", 3, all);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_layer_describe(layer, &text);
    ck_assert_str_eq(
        eff_buffer_text(&text),
        "wire (app.c:2): provides users, pool, config; needs eff_config\n"
        "  users_live: provides users; needs pool (by flat_map choose_pool (app.c:1))\n"
        "  flat_map choose_pool (app.c:1), chosen when built: provides pool; needs config (by config_live), "
        "eff_config\n"
        "  config_live: provides config\n");
    eff_buffer_done(&text);
    ck_assert_uint_eq(eff_layer_check(layer, EFF_TAGS(&users_tag), &text), 1);
    ck_assert_str_eq(eff_buffer_text(&text),
                     "nobody here provides eff_config, which flat_map choose_pool (app.c:1) needs; "
                     "add a layer that does\n");
    eff_buffer_done(&text);
    eff_layer_to_dot(layer, &text);
    ck_assert_ptr_nonnull(
        strstr(eff_buffer_text(&text), "[label=\"flat_map choose_pool (app.c:1), chosen when built\\npool\"]"));
    eff_buffer_done(&text);
    eff_layer_decref(layer);
}
END_TEST

TESTS(a_layer_is_chosen_by_a_configured_value, the_choice_is_made_once_and_what_is_chosen_is_shared,
      within_fresh_the_chosen_layer_is_fresh, what_choosing_has_acquired_is_released_after_what_was_chosen,
      a_layer_is_chosen_by_the_services_that_it_needs, no_more_is_seen_than_was_declared,
      the_logger_is_chosen_by_each_config, when_choosing_fails_so_does_building,
      when_the_chosen_layer_fails_both_are_told, another_layer_takes_the_place_of_the_chosen_one_that_fails,
      choosing_is_interrupted_when_nobody_waits_for_it, what_is_declared_as_needed_has_to_be_there,
      needing_what_is_not_declared_is_a_mistake, so_is_needing_a_default_service_that_is_not_declared,
      not_providing_what_is_declared_is_a_mistake, so_it_is_when_that_is_known_only_once_it_is_built,
      a_layer_that_chooses_itself_is_a_circle, so_is_one_that_chooses_itself_anew,
      so_are_layers_that_ask_for_each_other_anew, choosing_itself_given_something_else_is_no_circle,
      choosing_nothing_is_a_mistake, the_mistake_of_the_chosen_layer_is_told, without_an_effect_it_is_a_mistake,
      without_a_function_it_is_a_mistake, it_is_described_by_what_it_declares)
