/* Tags without a name: what messages call them. */
#include <string.h>

#include "support/layers.h"

static const eff_tag_t nameless_tag = { NULL, NULL }, base_tag = { NULL, NULL };

static eff_value_t make_nothing(eff_value_t env)
{
    (void)env;
    return eff_unit;
}

/* ---- asking */

static void tells_how_to_provide(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "to provide it: eff_provide_service(effect, tag, service), or eff_provide(effect, layer)");
}
static eff_t *asks(struct world *w)
{
    (void)w;
    return eff_tag_get(&nameless_tag);
}
CASE(a_missing_service_without_a_name_is_told, asks, .dies = "no service \"(nameless)\" is provided here",
     .check = tells_how_to_provide)

static eff_t *provides_null(struct world *w)
{
    return eff_provide_service_at("app.c:5", say(w, "never"), &nameless_tag, eff_ptr(NULL));
}
CASE(one_that_is_provided_as_null_is_told, provides_null, .dies = "argument 3 of eff_provide_service is NULL",
     .journal = "")

static eff_t *calls_nothing(struct world *w)
{
    (void)w;
    return eff__unimplemented_at("app.c:5", &nameless_tag, "query");
}
CASE(so_is_an_operation_that_is_not_there, calls_nothing, .dies = "unimplemented: query of (nameless), which is NULL")

START_TEST(effects_that_ask_are_described)
{
    eff_t *e = eff_provide_service_at(NULL, eff_tag_get_at(NULL, &nameless_tag), &nameless_tag, eff_int(1));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_describe(e, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "provide (nameless)\n  tag_get (nameless)\n");
    eff_buffer_done(&text);
    eff_decref(e);
}
END_TEST

/* ---- layers */

static eff_t *in_wire(struct world *w)
{
    eff_layer_t *needy = eff_layer_effect(&pool_tag, open_part("pool"), &nameless_tag);
    world = w;
    return eff_provide(use_pool(), eff_layer_wire(needy, eff_layer_empty()));
}
static void tells_to_add_one(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "to provide it: add a layer that builds (nameless) to the eff_layer_wire");
}
CASE(a_need_without_a_name_is_told, in_wire, .dies = "needs the service (nameless), which is not provided",
     .check = tells_to_add_one, .journal = "")

static eff_t *by_itself(struct world *w)
{
    world = w;
    return eff_provide(use_pool(), eff_layer_effect(&pool_tag, open_part("pool"), &nameless_tag));
}
static void tells_to_build_upon_one(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, ", base), with a base that builds (nameless)");
}
CASE(so_it_is_outside_of_a_wiring, by_itself, .dies = "needs the service (nameless), which is not provided",
     .check = tells_to_build_upon_one, .journal = "")

static eff_t *asks_while_building(struct world *w)
{
    (void)w;
    eff_layer_t *layer = eff_layer_effect(&nameless_tag, eff_tag_get(&base_tag), &config_tag);
    eff_layer_t *config = eff_layer_sync(&config_tag, make_nothing, eff_unit);
    return eff_provide(one(1), eff_layer_provide(layer, config));
}
static void tells_to_name_it(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "says that it needs config, and is given no more: add the tag to its needs");
}
CASE(what_a_layer_asks_for_and_does_not_say_is_told, asks_while_building,
     .dies = "no service \"(nameless)\" is provided here", .check = tells_to_name_it)

static eff_layer_t *choose_empty(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_layer_empty();
}
static eff_t *chooses_without(struct world *w)
{
    (void)w;
    return eff_provide(one(1),
                       eff_layer_flat_map(eff_noop(), choose_empty, eff_unit, EFF_TAGS(&nameless_tag), EFF_NO_NEEDS));
}
CASE(a_chosen_layer_that_does_not_provide_it_is_told, chooses_without,
     .dies = "does not provide (nameless), which is declared there")

START_TEST(so_are_two_that_provide_it)
{
    eff_layer_t *first = eff_layer_sync_at("app.c:1", &nameless_tag, make_nothing, eff_unit);
    eff_layer_t *second = eff_layer_sync_at("app.c:2", &nameless_tag, make_nothing, eff_unit);
    eff_layer_t *both = eff_layer_merge(first, second);
    eff_buffer_t text = EFF_BUFFER_INIT;
    ck_assert_uint_eq(eff_layer_check(both, NULL, &text), 1);
    ck_assert_msg(strstr(eff_buffer_text(&text), "both provide (nameless), of which"), "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_layer_decref(both);
}
END_TEST

TESTS(a_missing_service_without_a_name_is_told, one_that_is_provided_as_null_is_told,
      so_is_an_operation_that_is_not_there, effects_that_ask_are_described, a_need_without_a_name_is_told,
      so_it_is_outside_of_a_wiring, what_a_layer_asks_for_and_does_not_say_is_told,
      a_chosen_layer_that_does_not_provide_it_is_told, so_are_two_that_provide_it)
