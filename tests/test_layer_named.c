/* Layers with names: what descriptions, checks and failures call them, and that nothing else is different. */
#include <jansson.h>
#include <stdio.h>

#include "support/failing_allocator.h"
#include "support/layers.h"

#define named(layer, name) eff_layer_named_at("app.c:1", layer, name)

/* ---- building: as if there were no name */

static eff_t *named_and_not(struct world *w)
{
    world = w;
    eff_layer_t *storage = named(eff_layer_provide(pool_live(), named(config_live(), "settings")), "storage");
    eff_layer_t *all = eff_layer_wire(users_live(), storage, config_live(), named(users_live(), "people"));
    return eff_provide(in_order(use_users(), use_pool(), use_config()), all);
}
CASE(a_layer_is_built_once_whatever_it_is_called, named_and_not, .succeeds = "unit",
     .journal = "config+ pool+ users+ users pool config users- pool- config-")

static eff_t *named_value(struct world *w)
{
    static part_t ready;
    ready = (part_t){ w, "ready", false };
    eff_layer_t *layer = named(eff_layer_succeed(&config_tag, config_value(&ready)), "ready");
    return eff_provide(use_config(), eff_layer_fresh(named(eff_layer_lazy(layer), "later")));
}
CASE(a_name_may_be_anywhere, named_value, .succeeds = "unit", .journal = "ready")

static eff_t *with_kept(eff_value_t layer, eff_value_t env)
{
    (void)env;
    eff_t *first = eff_provide(use_config(), eff_layer_incref(eff_as_layer(layer)));
    eff_t *second = eff_provide(use_config(), named(eff_layer_incref(eff_as_layer(layer)), "again"));
    return eff_then(first, second);
}
static eff_t *memoized(struct world *w)
{
    world = w;
    return eff_scoped(eff_flat_map(eff_layer_memoize(named(config_live(), "settings")), with_kept, eff_unit));
}
CASE(a_layer_is_memoized_whatever_it_is_called, memoized, .succeeds = "unit",
     .journal = "config+ config config config-")

static eff_t *invalidated(struct world *w)
{
    world = w;
    eff_t *user = keep(w, 0, eff_fork(eff_provide(ms(2), named(config_live(), "settings"))));
    eff_t *waiting = keep(w, 1, eff_fork(eff_layer_invalidate(named(config_live(), "options"))));
    eff_t *anew = eff_provide(use_config(), config_live());
    return in_order(user, ms(1), waiting, eff_yield_now(), anew, with_fiber(w, 0, join), with_fiber(w, 1, join));
}
CASE(a_layer_is_invalidated_whatever_it_is_called, invalidated, .succeeds = "unit",
     .journal = "config+ config+ config config- config-")

/* ---- failures */

static eff_t *fails_inside(struct world *w)
{
    world = w;
    eff_layer_t *storage = named(eff_layer_wire(users_live(), broken_pool(), config_live()), "storage");
    eff_layer_t *upper = eff_layer_effect_at("app.c:2", &orders_tag, use_users(), EFF_TAGS(&users_tag));
    return eff_provide(use_orders(), eff_layer_provide(named(upper, "orders"), storage));
}
static void tells_the_chain(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "note: layer broken_pool could not be built, needed by users_live, part of storage (app.c:1), "
                      "needed by orders (app.c:1)");
}
CASE(a_failure_inside_tells_of_what_it_is_a_part, fails_inside, .cause = "fail(7)", .check = tells_the_chain)

static eff_t *fails_without_a_name(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_effect(&pool_tag, failing(1), EFF_NO_NEEDS);
    return eff_provide(use_pool(), named(eff_layer_merge(pool, config_live()), "storage"));
}
static void tells_the_name(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "note: layer storage (app.c:1) could not be built");
}
CASE(what_has_no_name_of_its_own_is_called_as_what_it_is_a_part_of, fails_without_a_name, .cause = "fail(1)",
     .check = tells_the_name)

static eff_t *fails_by_its_name(struct world *w)
{
    world = w;
    return eff_provide(use_users(), eff_layer_wire(users_live(), named(broken_pool(), "main pool"), config_live()));
}
static void tells_the_given_name(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "note: layer main pool (app.c:1) could not be built, needed by users_live");
}
CASE(the_name_that_a_layer_is_given_counts_more_than_its_own, fails_by_its_name, .cause = "fail(7)",
     .check = tells_the_given_name)

static eff_t *misses(struct world *w)
{
    (void)w;
    return eff_provide(eff_noop(), named(pool_live(), "main pool"));
}
CASE(a_need_that_is_missing_is_told_by_the_name, misses,
     .dies = "layer main pool (app.c:1) needs the service config, which is not provided")

static eff_t *asks_for_more(struct world *w)
{
    world = w;
    eff_layer_t *pool = named(eff_layer_effect(&pool_tag, open_pool(), EFF_NO_NEEDS), "main pool");
    return eff_provide(use_pool(), eff_layer_provide(pool, config_live()));
}
static void tells_what_to_add(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit,
                "note: layer main pool (app.c:1) says that it needs nothing, and is given no more: add &config_tag "
                "to its needs");
}
CASE(asking_for_more_than_it_needs_is_told_by_the_name, asks_for_more, .dies = "no service \"config\"",
     .check = tells_what_to_add)

static eff_t *stuck(struct world *w)
{
    (void)w;
    return eff_provide(eff_noop(), named(eff_layer_effect(&pool_tag, eff_never(), EFF_NO_NEEDS), "main pool"));
}
static void tells_who_is_stuck(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, " waits for layer main pool (app.c:1) to be built (fiber 2)");
    assert_told(exit, "note: fiber 2 \"main pool\"");
}
CASE(a_build_that_is_stuck_is_told_by_the_name, stuck, .dies = "deadlock", .check = tells_who_is_stuck,
     .without = NO_AROUND)

START_TEST(of_a_long_chain_the_nearest_are_told)
{
    eff_layer_t *layer = eff_layer_effect(&pool_tag, eff_fail(eff_int(1)), EFF_NO_NEEDS);
    for (int i = 0; i < 100; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%d", i);
        layer = named(eff_layer_provide(layer, eff_layer_empty()), name);
    }
    eff_exit_t exit = eff_run(eff_provide(eff_noop(), layer));
    assert_told(&exit, "note: layer n0 (app.c:1) could not be built, part of n1 (app.c:1), ");
    assert_told(&exit, ", part of n64 (app.c:1), ...");
    eff_exit_decref(exit);
}
END_TEST

/* ---- those of the library */

static eff_t *config_fails(struct world *w)
{
    world = w;
    eff_layer_t *pairs = eff_config_memory_at("app.c:2", 1, (const char *const[]){ "url=db://here" });
    eff_layer_t *text = eff_config_json_text_at("app.c:3", "app.json", "{ \"url\" }");
    eff_layer_t *all =
        eff_config_or_else_at("app.c:4", pairs, eff_config_or_else_at("app.c:5", text, eff_layer_empty()));
    eff_layer_t *pool = eff_layer_effect_at("app.c:6", &pool_tag, eff_config_string("url"), EFF_TAGS(&eff_config_tag));
    return eff_provide(eff_noop(), eff_layer_wire(named(pool, "main pool"), all));
}
static void tells_the_source(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "note: layer eff_config_json_text (app.c:3) could not be built, part of eff_config_or_else "
                      "(app.c:5), part of eff_config_or_else (app.c:4), needed by main pool (app.c:1)");
}
CASE(of_several_sources_that_which_fails_is_named, config_fails, .fails = "configuration: app.json:1:9: ':' expected",
     .check = tells_the_source)

static eff_t *logger_fails(struct world *w)
{
    world = w;
    eff_layer_t *file = eff_logger_file(&(eff_logger_file_options_t){ .path = "/no such folder/log" });
    return eff_provide(eff_noop(), eff_logger_tee(eff_logger_none(), eff_logger_batched(file, NULL)));
}
static void tells_the_logger(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "note: layer eff_logger_file could not be built, needed by eff_logger_batched, part of "
                      "eff_logger_tee");
}
CASE(of_loggers_around_each_other_that_which_fails_is_named, logger_fails,
     .fails = "not found: open the log /no such folder/log: No such file or directory", .check = tells_the_logger)

static eff_t *null_parts(struct world *w)
{
    eff_layer_t *nulls[] = { eff_config_or_else(NULL, eff_config_memory("a=1")),
                             eff_config_or_else(eff_config_env("A"), NULL), eff_logger_tee(eff_logger_none(), NULL),
                             eff_logger_level(NULL, EFF_LOG_INFO) };
    eff_t *e = eff_noop();
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        e = eff_then(e, say_exit(w, eff_provide(eff_noop(), nulls[i])));
    return e;
}
CASE(a_composite_of_nothing_is_a_mistake, null_parts, .succeeds = "unit", .journal = "die die die die")

static eff_t *null_tee(struct world *w)
{
    (void)w;
    return eff_provide(eff_noop(), eff_logger_tee(eff_logger_none(), NULL));
}
CASE(that_says_which_it_is, null_tee, .dies = "argument 2 of eff_logger_tee is NULL")

static eff_t *lazy_first(struct world *w)
{
    (void)w;
    eff_layer_t *first = eff_layer_lazy(eff_config_memory("a=1"));
    return eff_provide(eff_noop(), eff_config_or_else(named(first, "first"), eff_config_memory("b=2")));
}
CASE(a_source_that_is_lazy_is_a_mistake, lazy_first,
     .dies = "layer first (app.c:1) is to provide eff_config, and does not, or provides it when it is asked for only")

/* ---- descriptions */

static void assert_described(const eff_layer_t *layer, bool inside, const char *expected)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    const eff_layer_describe_options_t options = { .size = sizeof options, .inside = inside };
    eff_layer_describe_with(layer, &options, &text);
    ck_assert_str_eq(eff_buffer_text(&text), expected);
    eff_buffer_done(&text);
}

static eff_layer_t *wire_at(eff_site_t site, eff_layer_t *first, eff_layer_t *second)
{
    return eff_layer_wire_at(site, 2, (eff_layer_t *[]){ first, second });
}
static eff_layer_t *shop(void)
{
    eff_layer_t *storage =
        named(eff_layer_provide_at("app.c:2", pool_live(), named(config_live(), "settings")), "storage");
    return wire_at("app.c:3", users_live(), storage);
}

START_TEST(a_layer_with_a_name_is_one_line)
{
    eff_layer_t *layer = shop();
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_layer_describe(layer, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "wire (app.c:3): provides users, pool\n"
                                             "  users_live: provides users; needs pool (by storage (app.c:1))\n"
                                             "  storage (app.c:1): provides pool\n");
    eff_buffer_done(&text);
    assert_described(layer, true,
                     "wire (app.c:3): provides users, pool\n"
                     "  users_live: provides users; needs pool (by pool_live)\n"
                     "  storage (app.c:1): provides pool\n"
                     "    provide (app.c:2): provides pool\n"
                     "      pool_live: provides pool; needs config (by settings (app.c:1))\n"
                     "      settings (app.c:1): provides config\n"
                     "        config_live: provides config\n");
    eff_layer_decref(layer);
}
END_TEST

START_TEST(a_layer_with_a_name_is_one_box)
{
    eff_layer_t *layer = shop();
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_layer_to_dot(layer, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "digraph layers {\n"
                                             "  node [shape=box];\n"
                                             "  subgraph cluster_0 {\n"
                                             "    label=\"wire (app.c:3)\";\n"
                                             "    n1 [label=\"users_live\\nusers\"];\n"
                                             "    n2 [label=\"storage (app.c:1)\\npool\"];\n"
                                             "  }\n"
                                             "  n1 -> n2 [label=\"pool\"];\n"
                                             "}\n");
    eff_buffer_done(&text);
    eff_layer_to_dot_with(layer, &(eff_layer_describe_options_t){ .inside = true }, &text);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "    subgraph cluster_2 {\n"
                                                         "      label=\"storage (app.c:1)\";\n"
                                                         "      subgraph cluster_3 {\n"
                                                         "        label=\"provide (app.c:2)\";\n"
                                                         "        n4 [label=\"pool_live\\npool\"];\n"));
    eff_buffer_done(&text);
    eff_layer_decref(layer);
}
END_TEST

START_TEST(a_layer_with_a_name_is_one_object)
{
    eff_layer_t *layer = shop();
    json_t *json = eff_layer_to_json(layer);
    char *text = json_dumps(json_object_get(json, "layers"), JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(text, "[{\"kind\":\"wire\",\"name\":\"wire (app.c:3)\",\"needs\":[],\"parts\":[1,2],"
                           "\"provides\":[\"users\",\"pool\"],\"site\":\"app.c:3\"},"
                           "{\"kind\":\"defined\",\"name\":\"users_live\",\"needs\":[\"pool\"],"
                           "\"provides\":[\"users\"]},"
                           "{\"kind\":\"named\",\"name\":\"storage (app.c:1)\",\"needs\":[],"
                           "\"provides\":[\"pool\"],\"site\":\"app.c:1\"}]");
    failing_json_free(text);
    json_decref(json);
    json = eff_layer_to_json_with(layer, &(eff_layer_describe_options_t){ .inside = true });
    ck_assert_uint_eq(json_array_size(json_object_get(json, "layers")), 7);
    json_decref(json);
    eff_layer_decref(layer);
}
END_TEST

START_TEST(the_layers_of_the_library_have_the_names_of_their_functions)
{
    eff_layer_t *first = eff_config_env_at("app.c:2", "APP"), *second = eff_config_memory_at("app.c:3", 0, NULL);
    eff_layer_t *config = eff_config_or_else_at("app.c:4", first, second);
    assert_described(config, false, "eff_config_or_else (app.c:4): provides eff_config\n");
    eff_layer_decref(config);
    eff_logger_file_options_t file = { .path = "log" };
    eff_layer_t *loggers[] = { eff_logger_live(),
                               eff_logger_stderr(NULL),
                               eff_logger_none(),
                               eff_logger_file(&file),
                               eff_logger_level(eff_logger_none(), EFF_LOG_WARN),
                               eff_logger_tee(eff_logger_none(), eff_logger_none()) };
    static const char *const names[] = { "eff_logger_live", "eff_logger_stderr", "eff_logger_none",
                                         "eff_logger_file", "eff_logger_level",  "eff_logger_tee" };
    for (size_t i = 0; i < sizeof loggers / sizeof *loggers; i++) {
        char line[80];
        snprintf(line, sizeof line, "%s: provides eff_logger\n", names[i]);
        assert_described(loggers[i], false, line);
        eff_layer_decref(loggers[i]);
    }
}
END_TEST

START_TEST(naming_again_gives_the_new_name)
{
    eff_layer_t *layer = named(eff_layer_named_at("app.c:9", config_live(), "old"), "new\nname");
    assert_described(layer, true,
                     "new\\nname (app.c:1): provides config\n"
                     "  config_live: provides config\n");
    eff_layer_decref(layer);
    layer = named(NULL, "none");
    assert_described(layer, true, "broken: argument 1 of eff_layer_named is NULL (app.c:1)\n");
    eff_layer_decref(layer);
    layer = named(config_live(), NULL);
    assert_described(layer, true, "broken: the name of eff_layer_named is missing (app.c:1)\n");
    eff_layer_decref(layer);
    layer = named(config_live(), "");
    assert_described(layer, true, "broken: the name of eff_layer_named is empty (app.c:1)\n");
    eff_layer_decref(layer);
}
END_TEST

/* ---- checks */

static void assert_checked(eff_layer_t *layer, const eff_tag_t *const *wanted, size_t n, const char *expected)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    ck_assert_uint_eq(eff_layer_check(layer, wanted, &text), n);
    ck_assert_str_eq(eff_buffer_text(&text), expected);
    eff_buffer_done(&text);
    eff_layer_decref(layer);
}

START_TEST(mistakes_inside_are_found)
{
    eff_layer_t *beside = eff_layer_merge_at("app.c:2", 2, (eff_layer_t *[]){ pool_live(), config_live() });
    assert_checked(named(beside, "storage"), NULL, 1,
                   "pool_live needs config, but is not built upon config_live, which provides it; put both into "
                   "eff_layer_wire, or use eff_layer_provide\n");
    eff_layer_t *needy = eff_layer_effect_at("app.c:2", &pool_tag, eff_noop(), EFF_TAGS(&config_tag));
    assert_checked(named(needy, "storage"), NULL, 1,
                   "nobody here provides config, which storage (app.c:1) needs; add a layer that does\n");
}
END_TEST

START_TEST(a_layer_nobody_needs_is_told_by_its_name)
{
    eff_layer_t *storage = named(eff_layer_provide(pool_live(), config_live()), "storage");
    assert_checked(wire_at("app.c:2", storage, eff_layer_empty()), EFF_TAGS(EFF_NO_NEEDS), 1,
                   "nobody needs storage (app.c:1), which provides pool; leave it out, or name its service among those "
                   "that are wanted\n");
    eff_layer_t *sources =
        eff_config_or_else_at("app.c:3", eff_config_env_at("app.c:4", "A"), eff_config_memory("a=1"));
    eff_layer_t *pool = eff_layer_effect_at("app.c:5", &pool_tag, eff_noop(), EFF_TAGS(&eff_config_tag));
    assert_checked(wire_at("app.c:2", pool, sources), EFF_TAGS(&pool_tag), 0, "");
    sources = eff_config_or_else_at("app.c:3", eff_config_env_at("app.c:4", "A"), eff_config_memory("a=1"));
    assert_checked(wire_at("app.c:2", config_live(), sources), EFF_TAGS(&config_tag), 1,
                   "nobody needs eff_config_or_else (app.c:3), which provides eff_config; leave it out, or name its "
                   "service among those that are wanted\n");
}
END_TEST

START_TEST(of_a_name_that_is_needed_the_part_nobody_needs_is_told)
{
    eff_layer_t *idle = eff_layer_effect_at("app.c:2", &orders_tag, eff_noop(), NULL);
    eff_layer_t *storage = eff_layer_wire(pool_live(), config_live(), idle);
    assert_checked(
        named(storage, "storage"), EFF_TAGS(&pool_tag), 1,
        "nobody needs effect (app.c:2), which provides orders; leave it out, or name its service among those "
        "that are wanted\n");
}
END_TEST

START_TEST(one_layer_by_two_names_is_no_second_provider)
{
    eff_layer_t *all = eff_layer_wire(named(config_live(), "settings"), config_live(), named(config_live(), "options"));
    assert_checked(all, NULL, 0, "");
}
END_TEST

TESTS(a_layer_is_built_once_whatever_it_is_called, a_name_may_be_anywhere, a_layer_is_memoized_whatever_it_is_called,
      a_layer_is_invalidated_whatever_it_is_called, a_failure_inside_tells_of_what_it_is_a_part,
      what_has_no_name_of_its_own_is_called_as_what_it_is_a_part_of,
      the_name_that_a_layer_is_given_counts_more_than_its_own, a_need_that_is_missing_is_told_by_the_name,
      asking_for_more_than_it_needs_is_told_by_the_name, a_build_that_is_stuck_is_told_by_the_name,
      of_a_long_chain_the_nearest_are_told, of_several_sources_that_which_fails_is_named,
      of_loggers_around_each_other_that_which_fails_is_named, a_composite_of_nothing_is_a_mistake,
      that_says_which_it_is, a_source_that_is_lazy_is_a_mistake, a_layer_with_a_name_is_one_line,
      a_layer_with_a_name_is_one_box, a_layer_with_a_name_is_one_object,
      the_layers_of_the_library_have_the_names_of_their_functions, naming_again_gives_the_new_name,
      mistakes_inside_are_found, a_layer_nobody_needs_is_told_by_its_name,
      of_a_name_that_is_needed_the_part_nobody_needs_is_told, one_layer_by_two_names_is_no_second_provider)
