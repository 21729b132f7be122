/* Layers as they are looked at: text, JSON, Graphviz, and the mistakes that eff_layer_check finds. Nothing is built. */
#include <jansson.h>
#include <string.h>

#include "layers/layer_wire.h"
#include "support/case.h"
#include "support/failing_allocator.h"

typedef struct thing {
    int n;
} thing_t;

#define SERVICE(name) EFF_DECLARE_SERVICE(name, thing_t)
SERVICE(config);
SERVICE(pool);
SERVICE(users);
SERVICE(orders);
SERVICE(app);
EFF_DEFINE_SERVICE(config, thing_t);
EFF_DEFINE_SERVICE(pool, thing_t);
EFF_DEFINE_SERVICE(users, thing_t);
EFF_DEFINE_SERVICE(orders, thing_t);
EFF_DEFINE_SERVICE(app, thing_t);

static int n_opened;
static eff_t *open_thing(void)
{
    n_opened++;
    return eff_noop();
}
static eff_t *open_keyed(eff_value_t key)
{
    (void)key;
    return open_thing();
}
static void close_thing(thing_t *thing)
{
    (void)thing;
}
#define LAYER(layer, service, ...)                                                                                     \
    eff_layer_t *layer(void);                                                                                          \
    EFF_DEFINE_LAYER(layer, service, thing_t, open_thing, close_thing, __VA_ARGS__)
LAYER(config_live, config, EFF_NO_NEEDS);
LAYER(config_test, config, EFF_NO_NEEDS);
LAYER(pool_live, pool, &config_tag);
LAYER(users_live, users, &pool_tag, &eff_logger_tag);
LAYER(orders_live, orders, &pool_tag);
LAYER(app_live, app, &users_tag, &orders_tag);
LAYER(needy_config, config, &app_tag);
LAYER(better_pool, pool, &pool_tag);
eff_layer_t *pool_for(eff_value_t key);
EFF_DEFINE_KEYED_LAYER(pool_for, pool, thing_t, open_keyed, close_thing, &config_tag);

/* Builders without this file's line numbers. */
#define AT(f, ...)                                                                                                     \
    f##_of(sizeof((eff_layer_t *[]){ __VA_ARGS__ }) / sizeof(eff_layer_t *), (eff_layer_t *[]){ __VA_ARGS__ })
static eff_layer_t *wire_of(size_t n, eff_layer_t *const *layers)
{
    return eff_layer_wire_at("app.c:1", n, layers);
}
static eff_layer_t *merge_of(size_t n, eff_layer_t *const *layers)
{
    return eff_layer_merge_at("app.c:2", n, layers);
}
#define wire(...) AT(wire, __VA_ARGS__)
#define merge(...) AT(merge, __VA_ARGS__)
static eff_layer_t *provide(eff_layer_t *layer, eff_layer_t *base)
{
    return eff_layer_provide_at("app.c:3", layer, base);
}

static eff_layer_t *whole(void)
{
    return wire(app_live(), users_live(), orders_live(), pool_live(), config_live());
}

/* ---- text */

static void assert_described(eff_layer_t *layer, const char *expected)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_layer_describe(layer, &text);
    ck_assert_str_eq(eff_buffer_text(&text), expected);
    eff_buffer_done(&text);
    eff_layer_decref(layer);
    ck_assert_int_eq(n_opened, 0);
}

START_TEST(a_wiring_is_a_tree_with_who_provides_what)
{
    assert_described(whole(), "wire (app.c:1): provides app, users, orders, pool, config; needs eff_logger\n"
                              "  app_live: provides app; needs users (by users_live), orders (by orders_live)\n"
                              "  users_live: provides users; needs pool (by pool_live), eff_logger\n"
                              "  orders_live: provides orders; needs pool (by pool_live)\n"
                              "  pool_live: provides pool; needs config (by config_live)\n"
                              "  config_live: provides config\n");
}
END_TEST

START_TEST(a_shared_layer_is_described_once)
{
    eff_layer_t *pool = provide(pool_live(), config_live());
    (void)eff_layer_incref(pool);
    assert_described(merge(provide(users_live(), pool), provide(orders_live(), pool), config_live()),
                     "merge (app.c:2): provides users, orders, config; needs eff_logger\n"
                     "  provide (app.c:3): provides users; needs eff_logger\n"
                     "    users_live: provides users; needs pool (by pool_live), eff_logger\n"
                     "    provide (app.c:3): provides pool\n"
                     "      pool_live: provides pool; needs config (by config_live)\n"
                     "      config_live: provides config\n"
                     "  provide (app.c:3): provides orders\n"
                     "    orders_live: provides orders; needs pool (by pool_live)\n"
                     "    provide (app.c:3) (see above)\n"
                     "  config_live (see above)\n");
}
END_TEST

START_TEST(a_fresh_layer_is_another_one)
{
    assert_described(merge(config_live(), eff_layer_fresh_at("app.c:4", config_live())),
                     "merge (app.c:2): provides config\n"
                     "  config_live: provides config\n"
                     "  fresh (app.c:4): provides config\n"
                     "    config_live: provides config\n");
}
END_TEST

START_TEST(keyed_layers_are_told_by_their_keys)
{
    eff_layer_t *all = merge(pool_for(eff_literal("a")), pool_for(eff_string("b")), pool_for(eff_string("a")));
    assert_described(all, "merge (app.c:2): provides pool; needs config\n"
                          "  pool_for(\"a\"): provides pool; needs config\n"
                          "  pool_for(\"b\"): provides pool; needs config\n"
                          "  pool_for(\"a\") (see above)\n");
}
END_TEST

static eff_value_t pick(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_value_incref(v);
}
static eff_value_t make(eff_value_t env)
{
    return eff_value_incref(env);
}
static eff_layer_t *suspended(eff_value_t env)
{
    (void)env;
    return config_live();
}
static eff_layer_t *handler(eff_value_t error, eff_value_t env)
{
    (void)error, (void)env;
    return config_live();
}
static eff_t *tapped(const eff_context_t *services, eff_value_t env)
{
    (void)services, (void)env;
    return eff_noop();
}

START_TEST(each_kind_of_layer_has_its_line)
{
    thing_t thing = { 1 };
    assert_described(eff_layer_empty(), "empty\n");
    assert_described(eff_layer_succeed(&config_tag, config_value(&thing)), "succeed: provides config\n");
    assert_described(eff_layer_sync_at("make (a.c:1)", &config_tag, make, eff_unit),
                     "sync make (a.c:1): provides config\n");
    assert_described(eff_layer_effect_at("a.c:2", &pool_tag, eff_noop(), EFF_TAGS(&config_tag)),
                     "effect (a.c:2): provides pool; needs config\n");
    assert_described(eff_layer_effect_discard_at("a.c:3", eff_noop(), EFF_TAGS(&pool_tag)),
                     "effect_discard (a.c:3): needs pool\n");
    assert_described(eff_layer_suspend_at("suspended (a.c:4)", suspended, eff_unit), "suspend suspended (a.c:4)\n");
    assert_described(eff_layer_project_at("pick (a.c:5)", pool_live(), &pool_tag, &users_tag, pick, eff_unit),
                     "project of pool pick (a.c:5): provides users; needs config\n"
                     "  pool_live: provides pool; needs config\n");
    assert_described(eff_layer_lazy_at("a.c:6", config_live()), "lazy (a.c:6): provides config\n"
                                                                "  config_live: provides config\n");
    assert_described(eff_layer_retry_at("a.c:7", config_live(), eff_schedule_recurs(3)),
                     "retry recurs(3) (a.c:7): provides config\n"
                     "  config_live: provides config\n");
    assert_described(eff_layer_catch_all_at("handler (a.c:8)", config_live(), handler, eff_unit),
                     "catch_all handler (a.c:8): provides config\n"
                     "  config_live: provides config\n");
    assert_described(eff_layer_or_else_at("a.c:9", config_live(), config_test()), "or_else (a.c:9): provides config\n"
                                                                                  "  config_live: provides config\n"
                                                                                  "  config_test: provides config\n");
    assert_described(eff_layer_map_error_at("pick (a.c:10)", config_live(), pick, eff_unit),
                     "map_error pick (a.c:10): provides config\n"
                     "  config_live: provides config\n");
    assert_described(eff_layer_or_die_at("a.c:11", config_live()), "or_die (a.c:11): provides config\n"
                                                                   "  config_live: provides config\n");
    assert_described(eff_layer_tap_at("tapped (a.c:12)", config_live(), tapped, eff_unit),
                     "tap tapped (a.c:12): provides config\n"
                     "  config_live: provides config\n");
    assert_described(eff_layer_passthrough_at("a.c:13", pool_live()),
                     "passthrough (a.c:13): provides config, pool; needs config\n"
                     "  pool_live: provides pool; needs config\n");
    assert_described(eff_layer_provide_merge_at("a.c:14", pool_live(), config_live()),
                     "provide_merge (a.c:14): provides config, pool\n"
                     "  pool_live: provides pool; needs config (by config_live)\n"
                     "  config_live: provides config\n");
    assert_described(eff_layer_or_die_at("a.c:15", NULL), "broken: argument 1 of eff_layer_or_die is NULL (a.c:15)\n");
}
END_TEST

static eff_t *describe_it(eff_value_t layer, eff_value_t env)
{
    (void)env;
    assert_described(eff_layer_incref(eff_as_layer(layer)), "memoize (a.c:16): provides config\n"
                                                            "  config_live: provides config\n");
    return eff_noop();
}
START_TEST(a_memoized_layer_is_described)
{
    eff_t *e = eff_flat_map(eff_layer_memoize_at("a.c:16", config_live()), describe_it, eff_unit);
    ck_assert_succeeds(eff_scoped(e), "unit");
}
END_TEST

/* ---- hostile names, and sizes */

static const eff_tag_t hostile_tag = { "a\"b\\\nc\x1b[2J\xff}", NULL };
static const eff_layer_def_t hostile = { .size = sizeof(eff_layer_def_t),
                                         .name = "x\"];\n}\\",
                                         .tag = &hostile_tag,
                                         .open = open_thing,
                                         .needs = EFF_TAGS(&hostile_tag) };

/* Reads a graph as Graphviz does, as far as names in quotes go: every quote has its end, what is within has no line's end
 * and no half of an escape, and braces and brackets outside are closed. */
static void assert_well_formed(const char *dot)
{
    int braces = 0, brackets = 0;
    bool quoted = false, well = true;
    for (const char *c = dot; well && *c; c++) {
        well = *c == '\n' ? !quoted : (unsigned char)*c >= 0x20 && *c != 0x7f;
        if (quoted && *c == '\\') well &= *++c != '\0';
        else if (*c == '"') quoted = !quoted;
        if (quoted) continue;
        braces += (*c == '{') - (*c == '}');
        brackets += (*c == '[') - (*c == ']');
        well &= braces >= 0 && brackets >= 0;
    }
    ck_assert(well && !quoted && braces == 0 && brackets == 0);
}

START_TEST(hostile_names_stay_within_their_lines)
{
    assert_described(eff_layer_of(&hostile), "x\"];\\n}\\: provides a\"b\\\\nc\\x1b[2J\\xff}; "
                                             "needs a\"b\\\\nc\\x1b[2J\\xff}\n");
    eff_layer_t *layer = eff_layer_merge_at("m\"\\.c:1", 1, (eff_layer_t *[]){ eff_layer_of(&hostile) });
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_layer_to_dot(layer, &text);
    assert_well_formed(eff_buffer_text(&text));
    eff_buffer_done(&text);
    json_t *json = eff_layer_to_json(layer);
    ck_assert_ptr_nonnull(json);
    json_decref(json);
    ck_assert_uint_eq(eff_layer_check(layer, EFF_TAGS(&hostile_tag), &text), 1);
    ck_assert(strchr(eff_buffer_text(&text), '\n') == eff_buffer_text(&text) + text.size - 1);
    eff_buffer_done(&text);
    eff_layer_decref(layer);
}
END_TEST

/* ---- graphs and JSON */

START_TEST(a_graph_has_boxes_frames_and_arrows)
{
    eff_layer_t *layer = provide(users_live(), eff_layer_provide_merge_at("app.c:5", pool_live(), config_test()));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_layer_to_dot(layer, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "digraph layers {\n"
                                             "  node [shape=box];\n"
                                             "  subgraph cluster_0 {\n"
                                             "    label=\"provide (app.c:3)\";\n"
                                             "    n1 [label=\"users_live\\nusers\"];\n"
                                             "    subgraph cluster_2 {\n"
                                             "      label=\"provide_merge (app.c:5)\";\n"
                                             "      n3 [label=\"pool_live\\npool\"];\n"
                                             "      n4 [label=\"config_test\\nconfig\"];\n"
                                             "    }\n"
                                             "  }\n"
                                             "  around0 [label=\"eff_logger\", shape=ellipse, style=dashed];\n"
                                             "  n1 -> n3 [label=\"pool\"];\n"
                                             "  n3 -> n4 [label=\"config\"];\n"
                                             "  n1 -> around0 [style=dashed];\n"
                                             "}\n");
    assert_well_formed(eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_layer_decref(layer);
}
END_TEST

START_TEST(json_lists_the_layers_and_who_needs_what_of_whom)
{
    eff_layer_t *layer = wire(users_live(), pool_live(), config_live());
    json_t *json = eff_layer_to_json(layer);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(text, "{\"arrows\":["
                           "{\"from\":1,\"service\":\"pool\",\"to\":2},"
                           "{\"from\":2,\"service\":\"config\",\"to\":3},"
                           "{\"from\":1,\"service\":\"eff_logger\",\"to\":null}],"
                           "\"layers\":["
                           "{\"kind\":\"wire\",\"name\":\"wire (app.c:1)\",\"needs\":[\"eff_logger\"],"
                           "\"parts\":[1,2,3],\"provides\":[\"users\",\"pool\",\"config\"],\"site\":\"app.c:1\"},"
                           "{\"kind\":\"defined\",\"name\":\"users_live\",\"needs\":[\"pool\",\"eff_logger\"],"
                           "\"provides\":[\"users\"]},"
                           "{\"kind\":\"defined\",\"name\":\"pool_live\",\"needs\":[\"config\"],"
                           "\"provides\":[\"pool\"]},"
                           "{\"kind\":\"defined\",\"name\":\"config_live\",\"needs\":[],"
                           "\"provides\":[\"config\"]}]}");
    failing_json_free(text);
    json_decref(json);
    eff_layer_decref(layer);
}
END_TEST

START_TEST(null_is_described_as_nothing)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_layer_describe(NULL, &text);
    eff_layer_to_dot(NULL, &text);
    ck_assert_ptr_null(eff_layer_to_json(NULL));
    ck_assert_uint_eq(text.size, 0);
    ck_assert_uint_eq(eff_layer_check(NULL, NULL, &text), 1);
    ck_assert_str_eq(eff_buffer_text(&text), "the layer is NULL\n");
    eff_buffer_done(&text);
}
END_TEST

/* ---- mistakes */

static void assert_checked(eff_layer_t *layer, const eff_tag_t *const *wanted, size_t n, const char *expected)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    size_t n_found = eff_layer_check(layer, wanted, &text);
    ck_assert_str_eq(eff_buffer_text(&text), expected);
    ck_assert_uint_eq(n_found, n);
    ck_assert_uint_eq(eff_layer_check(layer, wanted, NULL), n);
    eff_buffer_done(&text);
    eff_layer_decref(layer);
    ck_assert_int_eq(n_opened, 0);
}

START_TEST(a_good_wiring_has_no_mistakes)
{
    assert_checked(whole(), EFF_TAGS(&app_tag), 0, "");
    assert_checked(whole(), NULL, 0, "");
    assert_checked(eff_layer_empty(), EFF_TAGS(&eff_logger_tag), 0, "");
}
END_TEST

START_TEST(what_nobody_provides_is_named_with_those_who_need_it)
{
    assert_checked(wire(app_live(), users_live(), orders_live(), pool_live()), EFF_TAGS(&app_tag), 1,
                   "nobody here provides config, which pool_live needs; add a layer that does\n");
    assert_checked(merge(users_live(), orders_live()), NULL, 1,
                   "nobody here provides pool, which users_live and orders_live need; add a layer that does\n");
    eff_layer_t *many[6];
    for (int i = 0; i < 6; i++)
        many[i] = pool_for(eff_int(i));
    assert_checked(
        eff_layer_or_else_at("app.c:6", many[0], merge_of(5, many + 1)), NULL, 5,
        "merge (app.c:2): pool_for(1) and pool_for(2) both provide pool, of which the last is seen; leave one "
        "of them out\n"
        "merge (app.c:2): pool_for(2) and pool_for(3) both provide pool, of which the last is seen; leave one "
        "of them out\n"
        "merge (app.c:2): pool_for(3) and pool_for(4) both provide pool, of which the last is seen; leave one "
        "of them out\n"
        "merge (app.c:2): pool_for(4) and pool_for(5) both provide pool, of which the last is seen; leave one "
        "of them out\n"
        "nobody here provides config, which pool_for(0), pool_for(1) and 4 more need; add a layer that does\n");
}
END_TEST

START_TEST(what_is_provided_beside_those_who_need_it_is_told)
{
    assert_checked(merge(pool_live(), config_live()), NULL, 1,
                   "pool_live needs config, but is not built upon config_live, which provides it; put both into "
                   "eff_layer_wire, or use eff_layer_provide\n");
}
END_TEST

START_TEST(a_circle_is_named_whole)
{
    assert_checked(
        wire(app_live(), users_live(), orders_live(), pool_live(), needy_config()), NULL, 1,
        "eff_layer_wire (app.c:1): a circle: app_live needs users, provided by users_live, which needs pool, "
        "provided by pool_live, which needs config, provided by needy_config, which needs app, provided by "
        "app_live; let one of them ask for it when it is used, not when it is built\n");
}
END_TEST

START_TEST(two_providers_are_named)
{
    assert_checked(
        wire(pool_live(), config_live(), config_test()), NULL, 1,
        "eff_layer_wire (app.c:1): config_live and config_test both provide config; leave one of them out\n");
    assert_checked(merge(config_live(), config_test()), NULL, 1,
                   "merge (app.c:2): config_live and config_test both provide config, of which the last is seen; leave "
                   "one of them out\n");
}
END_TEST

START_TEST(one_layer_mentioned_twice_is_no_second_provider)
{
    assert_checked(wire(pool_live(), config_live(), config_live()), NULL, 0, "");
    assert_checked(merge(eff_layer_provide_merge_at("app.c:5", pool_live(), config_live()), config_live()), NULL, 0,
                   "");
}
END_TEST

START_TEST(what_nobody_needs_is_told)
{
    assert_checked(
        wire(app_live(), users_live(), orders_live(), pool_live(), config_live()), EFF_TAGS(&users_tag), 2,
        "nobody needs app_live, which provides app; leave it out, or name its service among those that are "
        "wanted\n"
        "nobody needs orders_live, which provides orders; leave it out, or name its service among those that "
        "are wanted\n");
    assert_checked(wire(config_live(), eff_layer_effect_discard_at("a.c:1", eff_noop(), EFF_TAGS(&config_tag))),
                   EFF_TAGS(EFF_NO_NEEDS), 0, "");
    assert_checked(eff_layer_tap_at("tapped (a.c:12)", config_live(), tapped, eff_unit), EFF_TAGS(EFF_NO_NEEDS), 0, "");
}
END_TEST

START_TEST(what_is_wanted_and_not_provided_is_told)
{
    assert_checked(provide(pool_live(), config_live()), EFF_TAGS(&pool_tag, &config_tag, &app_tag), 2,
                   "the program wants config, which config_live provides, but only to those built upon it; put it into "
                   "eff_layer_wire, or use eff_layer_provide_merge\n"
                   "the program wants app, which nobody here provides; add a layer that does\n");
}
END_TEST

START_TEST(what_takes_anothers_place_must_provide_the_same)
{
    assert_checked(eff_layer_or_else_at("a.c:9", config_live(), eff_layer_empty()), NULL, 1,
                   "or_else (a.c:9): empty does not provide config, as config_live does, whose place it takes\n");
    assert_checked(eff_layer_project_at("pick (a.c:5)", config_live(), &pool_tag, &users_tag, pick, eff_unit), NULL, 1,
                   "project of pool pick (a.c:5): config_live does not provide pool; give it a layer that does\n");
    assert_checked(eff_layer_or_die_at("a.c:15", NULL), NULL, 1,
                   "broken: argument 1 of eff_layer_or_die is NULL (a.c:15)\n");
}
END_TEST

START_TEST(a_layer_may_be_made_of_the_one_around_it)
{
    assert_checked(wire(better_pool(), orders_live()), EFF_TAGS(&orders_tag), 1,
                   "nobody here provides pool, which better_pool needs; add a layer that does\n");
    assert_checked(provide(wire(better_pool(), orders_live()), wire(pool_live(), config_live())), EFF_TAGS(&orders_tag),
                   0, "");
}
END_TEST

/* ---- wirings that are drawn by lot, against a slow answer; and large ones */

enum { N_PARTS = 12 };
static eff_tag_t part_tags[N_PARTS];
static eff_layer_def_t part_defs[N_PARTS];
static const eff_tag_t *part_needs[N_PARTS][N_PARTS + 1];

/* Whether a part needs itself by others; `via` is how long a chain may be. */
static bool is_in_circle(bool needs[N_PARTS][N_PARTS], int i)
{
    bool reached[N_PARTS] = { false };
    for (int j = 0; j < N_PARTS; j++)
        reached[j] = needs[i][j];
    for (int round = 0; round < N_PARTS; round++)
        for (int j = 0; j < N_PARTS; j++)
            for (int k = 0; reached[j] && k < N_PARTS; k++)
                reached[k] |= needs[j][k];
    return reached[i];
}

START_TEST(the_order_of_any_wiring_keeps_to_its_needs)
{
    unsigned long seed = 12345;
    for (int round = 0; round < 500; round++) {
        bool needs[N_PARTS][N_PARTS] = { { false } };
        eff_layer_t *parts[N_PARTS];
        bool circles = false;
        for (int i = 0; i < N_PARTS; i++) {
            int n = 0;
            for (int j = 0; j < N_PARTS; j++) {
                seed = seed * 6364136223846793005UL + 1442695040888963407UL;
                needs[i][j] = i != j && (seed >> 40) % 100 < (unsigned)(round % 20);
                if (needs[i][j]) part_needs[i][n++] = &part_tags[j];
            }
            part_needs[i][n] = NULL;
            part_tags[i].name = "part";
            part_defs[i] = (eff_layer_def_t){ .size = sizeof(eff_layer_def_t),
                                              .name = "part",
                                              .tag = &part_tags[i],
                                              .open = open_thing,
                                              .needs = part_needs[i] };
            parts[i] = eff_layer_of(&part_defs[i]);
        }
        for (int i = 0; i < N_PARTS; i++)
            circles |= is_in_circle(needs, i);
        eff_layer_t *layer = wire_of(N_PARTS, parts);
        struct eff__wiring w;
        eff_buffer_t text = EFF_BUFFER_INIT;
        int n_problems = eff__wiring_make(layer, &w, &text);
        ck_assert(circles == (n_problems > 0));
        bool done[N_PARTS] = { false }, kept = true;
        for (size_t at = 0; at < N_PARTS; at++) {
            size_t i = w.order[at];
            kept &= !done[i];
            done[i] = true;
            size_t n_waits = 0;
            for (size_t j = 0; j < N_PARTS; j++) {
                kept &= circles || !needs[i][j] || done[j];
                n_waits += needs[i][j];
            }
            kept &= w.first_wait[i + 1] - w.first_wait[i] == n_waits;
        }
        ck_assert(kept);
        eff__wiring_done(&w);
        eff_buffer_done(&text);
        eff_layer_decref(layer);
    }
}
END_TEST

static void describe_all(void)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_layer_t *layer = whole();
    eff_layer_describe(layer, &text);
    eff_layer_to_dot(layer, &text);
    json_t *json = eff_layer_to_json(layer);
    size_t n = eff_layer_check(layer, EFF_TAGS(&app_tag), &text);
    ck_assert(n == 0 || requests > failing_request);
    json_decref(json);
    eff_buffer_done(&text);
    eff_layer_decref(layer);
}
START_TEST(every_allocation_may_fail)
{
    fail_every_allocation(describe_all);
}
END_TEST

static eff_layer_t *nested(int n)
{
    eff_layer_t *layer = config_live();
    for (int i = 0; i < n; i++)
        layer = i % 2 ? eff_layer_or_die_at(NULL, layer) : eff_layer_fresh_at(NULL, layer);
    return layer;
}
static eff_layer_t *doubled(int n)
{
    eff_layer_t *layer = config_live();
    for (int i = 0; i < n; i++)
        layer = merge(eff_layer_incref(layer), layer);
    return layer;
}
START_TEST(depth_and_sharing_cost_no_more_than_their_size)
{
    eff_layer_t *layers[] = { nested(20000), doubled(1000) };
    for (int i = 0; i < 2; i++) {
        eff_buffer_t text = EFF_BUFFER_INIT, dot = EFF_BUFFER_INIT;
        eff_layer_describe(layers[i], &text);
        ck_assert(!text.truncated && text.size > 1000);
        eff_layer_to_dot(layers[i], &dot);
        assert_well_formed(eff_buffer_text(&dot));
        json_t *json = eff_layer_to_json(layers[i]);
        ck_assert_uint_eq(json_array_size(json_object_get(json, "layers")), i ? 1001 : 20001);
        json_decref(json);
        ck_assert_uint_eq(eff_layer_check(layers[i], EFF_TAGS(&config_tag), &text), 0);
        eff_buffer_done(&text);
        eff_buffer_done(&dot);
        eff_layer_decref(layers[i]);
    }
}
END_TEST

TESTS(a_wiring_is_a_tree_with_who_provides_what, a_shared_layer_is_described_once, a_fresh_layer_is_another_one,
      keyed_layers_are_told_by_their_keys, each_kind_of_layer_has_its_line, a_memoized_layer_is_described,
      hostile_names_stay_within_their_lines, a_graph_has_boxes_frames_and_arrows,
      json_lists_the_layers_and_who_needs_what_of_whom, null_is_described_as_nothing, a_good_wiring_has_no_mistakes,
      what_nobody_provides_is_named_with_those_who_need_it, what_is_provided_beside_those_who_need_it_is_told,
      a_circle_is_named_whole, two_providers_are_named, one_layer_mentioned_twice_is_no_second_provider,
      what_nobody_needs_is_told, what_is_wanted_and_not_provided_is_told,
      what_takes_anothers_place_must_provide_the_same, a_layer_may_be_made_of_the_one_around_it,
      the_order_of_any_wiring_keeps_to_its_needs, every_allocation_may_fail,
      depth_and_sharing_cost_no_more_than_their_size)
