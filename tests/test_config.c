/* Configuration: single values, from every kind of source, and what is said when they do not fit. */
#include <stdlib.h>
#include <string.h>

#include "support/case.h"

/* ---- running with a Config */

/* Runs e with a Config. */
static eff_t *with(eff_layer_t *config, eff_t *e)
{
    return eff_provide(e, config);
}
static eff_layer_t *json(const char *text)
{
    return eff_config_json_text("app.json", text);
}
static eff_layer_t *args_of(eff_site_t site, size_t n, const char *const *argv)
{
    return eff_config_args_at(site, (int)n, (char *const *)(uintptr_t)argv, NULL);
}
#define ARGS(...) EFF_LISTED_(args_of, const char *, "program", __VA_ARGS__)
static eff_layer_t *env(void)
{
    return eff_config_env("TCFG");
}

#define ALL(...) eff_for_each(EFF_EFFECTS(__VA_ARGS__), eff_run_effect, eff_unit)

/* ---- values */

static eff_t *all_sorts(void)
{
    return ALL(eff_config_string("server.host"), eff_config_int("server.port"), eff_config_bool("verbose"),
               eff_config_double("ratio"), eff_config_duration("timeout"), eff_config_size("limit"),
               eff_config_secret("db.password"), eff_config_strings("tags"), eff_config_json("extra"));
}
#define ALL_SORTS "[\"h\", 80, true, 2.5, 1m 30s, 4096, <secret>, [\"a\", \"b\"], {\"x\":[1]}]"

static eff_t *from_document(struct world *w)
{
    (void)w;
    return with(json("{ \"server\": { \"host\": \"h\", \"port\": 80 }, \"verbose\": true, \"ratio\": 2.5,\n"
                     "  \"timeout\": \"1m 30s\", \"db\": { \"password\": \"hunter2\" }, \"tags\": [\"a\", \"b\"],\n"
                     "  \"limit\": 4096, \"extra\": { \"x\": [1] } }"),
                all_sorts());
}
CASE(a_document_has_values_of_all_sorts, from_document, .succeeds = ALL_SORTS)

static eff_t *from_memory(struct world *w)
{
    (void)w;
    return with(eff_config_memory("server.host=h", "server.port= 80", "verbose=yes", "ratio=2.5", "timeout=90s",
                                  "limit=4KiB", "db.password=hunter2", "tags=a, b", "extra={\"x\": [1]}"),
                all_sorts());
}
CASE(texts_are_converted, from_memory, .succeeds = ALL_SORTS)

static eff_t *from_environment(struct world *w)
{
    (void)w;
    static const char *const pairs[][2] = {
        { "TCFG_SERVER_HOST", "h" },       { "TCFG_SERVER_PORT", "80" }, { "TCFG_VERBOSE", "1" },
        { "TCFG_RATIO", "2.5" },           { "TCFG_TIMEOUT", "1.5min" }, { "TCFG_LIMIT", "4 KiB" },
        { "TCFG_DB_PASSWORD", "hunter2" }, { "TCFG_TAGS_0", "a" },       { "TCFG_TAGS_1", "b" },
        { "TCFG_EXTRA", "{\"x\":[1]}" },   { "TCFGX_VERBOSE", "0" },     { "TCFG_", "nothing" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        setenv(pairs[i][0], pairs[i][1], 1);
    return with(env(), all_sorts());
}
CASE(the_environment_has_capitals_and_underscores, from_environment, .succeeds = ALL_SORTS)

static eff_t *from_arguments(struct world *w)
{
    (void)w;
    return with(ARGS("--server.host", "h", "--server.port=80", "one", "--verbose", "--ratio", "2.5", "--timeout=90s",
                     "--limit", "4KiB", "--db.password=hunter2", "--tags=a", "--tags=b", "--extra={\"x\":[1]}", "-5",
                     "--", "--no-option"),
                eff_zip(all_sorts(), eff_config_operands()));
}
CASE(arguments_are_options_and_operands, from_arguments,
     .succeeds = "(" ALL_SORTS ", [\"one\", \"-5\", \"--no-option\"])")

static eff_t *dashes(struct world *w)
{
    (void)w;
    return with(ARGS("--dry-run", "--pool_size=3", "--offset", "-4", "--last"),
                ALL(eff_config_bool("dry_run"), eff_config_int("pool-size"), eff_config_int("offset"),
                    eff_config_bool("last")));
}
CASE(among_arguments_a_dash_is_an_underscore, dashes, .succeeds = "[true, 3, -4, true]")

static eff_t *given_twice(struct world *w)
{
    (void)w;
    return with(ARGS("--port=1", "--port=2"), eff_config_int("port"));
}
CASE(of_an_argument_given_twice_the_last_counts, given_twice, .succeeds = "2")

static eff_t *no_arguments(struct world *w)
{
    (void)w;
    return with(json("{}"), eff_config_operands());
}
CASE(without_arguments_there_are_no_operands, no_arguments, .succeeds = "[]")

static eff_t *by_index(struct world *w)
{
    (void)w;
    return with(eff_config_or_else(eff_config_memory("a.0.b=1", "a[1].b=2"),
                                   json("{ \"c\": [ [ 3, 4 ] ], \"0\": { \"x\": 5 } }")),
                ALL(eff_config_int("a[0].b"), eff_config_int("a.1.b"), eff_config_int("c[0][1]"),
                    eff_config_int("c.0.0"), eff_config_int("0.x")));
}
CASE(items_have_numbers, by_index, .succeeds = "[1, 2, 4, 3, 5]")

static eff_t *whole(struct world *w)
{
    (void)w;
    return with(json("{ \"a\": 1 }"), eff_config_json(""));
}
CASE(the_empty_path_is_all_of_it, whole, .succeeds = "{\"a\":1}")

/* ---- which source counts */

static eff_t *order(struct world *w)
{
    (void)w;
    setenv("TCFG_B", "env", 1);
    setenv("TCFG_C", "env", 1);
    eff_layer_t *sources =
        eff_config_or_else(ARGS("--a=args"),
                           eff_config_or_else(env(), json("{\"a\":\"file\",\"b\":\"file\",\"d\":\"file\"}")));
    return with(sources, ALL(eff_config_string("a"), eff_config_string("b"), eff_config_string("c"),
                             eff_config_string("d"), eff_config_string_or("e", "default")));
}
CASE(the_first_source_that_has_a_value_counts, order, .succeeds = "[\"args\", \"env\", \"env\", \"file\", \"default\"]")

static eff_t *nulls(struct world *w)
{
    (void)w;
    return with(eff_config_or_else(json("{ \"a\": null }"), eff_config_memory("a=2")), eff_config_int("a"));
}
CASE(null_is_no_value, nulls, .succeeds = "2")

static eff_t *one_array(struct world *w)
{
    (void)w;
    return with(eff_config_or_else(eff_config_memory("tags=x"), json("{ \"tags\": [\"a\", \"b\"] }")),
                eff_config_strings("tags"));
}
CASE(an_array_comes_from_one_source, one_array, .succeeds = "[\"x\"]")

static eff_t *defaults(struct world *w)
{
    (void)w;
    return with(json("{}"), ALL(eff_config_string_or("a", "s"), eff_config_int_or("a", 1),
                                eff_config_bool_or("a", true), eff_config_double_or("a", 0.5),
                                eff_config_duration_or("a", eff_seconds(1)), eff_config_size_or("a", 10)));
}
CASE(defaults_stand_in_for_what_is_missing, defaults, .succeeds = "[\"s\", 1, true, 0.5, 1s, 10]")

static eff_t *malformed_default(struct world *w)
{
    (void)w;
    return with(eff_config_memory("a=x"), eff_config_int_or("a", 1));
}
CASE(a_default_does_not_stand_in_for_what_is_wrong, malformed_default,
     .fails = "configuration: memory: a: expected an integer, got \"x\"")

/* ---- nesting */

static eff_t *nested(struct world *w)
{
    (void)w;
    eff_t *inner = eff_config_nested(eff_zip(eff_config_int("c"), eff_config_int_or("x", 0)), "b");
    return with(json("{ \"a\": { \"b\": { \"c\": 1 }, \"d\": 2 } }"),
                eff_config_nested(eff_zip(inner, eff_config_int("d")), "a"));
}
CASE(paths_are_meant_below_that_of_nested, nested, .succeeds = "((1, 0), 2)")

static eff_t *nested_missing(struct world *w)
{
    (void)w;
    return with(json("{}"), eff_config_nested(eff_config_int("url"), "db"));
}
CASE(a_message_has_the_whole_path, nested_missing,
     .fails = "configuration missing: db.url: missing; looked for in app.json")

/* ---- what is wrong */

static eff_t *missing(struct world *w)
{
    (void)w;
    eff_layer_t *sources =
        eff_config_or_else(ARGS("--x=1"),
                           eff_config_or_else(env(), eff_config_or_else(json("{}"), eff_config_memory("y=1"))));
    return with(sources, eff_config_int("db.pool-size[0]"));
}
CASE(what_is_missing_was_looked_for_everywhere, missing,
     .fails = "configuration missing: db.pool-size[0]: missing; looked for as --db.pool-size[0], as environment "
              "TCFG_DB_POOL_SIZE_0, in app.json, in memory")

/* What the value at path, read by `read`, is told as. */
static eff_t *say_error(eff_value_t error, eff_value_t w)
{
    journal_add(eff_as_ptr(w), eff_as_error(error)->message);
    journal_add(eff_as_ptr(w), "/");
    return eff_noop();
}
static eff_value_t say_nothing(eff_value_t v, eff_value_t w)
{
    (void)v;
    journal_add(eff_as_ptr(w), "read/");
    return eff_unit;
}
static eff_t *told(struct world *w, eff_t *e)
{
    return eff_catch_all(eff_map(e, say_nothing, eff_ptr(w)), say_error, eff_ptr(w));
}

static eff_t *wrong_types(struct world *w)
{
    eff_t *e = ALL(told(w, eff_config_int("s")), told(w, eff_config_int("real")), told(w, eff_config_string("n")),
                   told(w, eff_config_bool("n")), told(w, eff_config_duration("n")), told(w, eff_config_size("neg")),
                   told(w, eff_config_strings("s")), told(w, eff_config_strings("mixed")),
                   told(w, eff_config_string("list")), told(w, eff_config_double("obj")));
    return with(json("{ \"s\": \"eighty\",\n \"real\": 1.5,\n \"n\": 5,\n \"neg\": -1,\n \"list\": [1],\n"
                     " \"obj\": {},\n \"mixed\": [ \"a\",\n 2,\n true ] }"),
                e);
}
CASE(wrong_types_are_told_with_their_lines, wrong_types,
     .succeeds = "[unit, unit, unit, unit, unit, unit, unit, unit, unit, unit]",
     .journal =
         "app.json:1: s: expected an integer, got the string \"eighty\" / "
         "app.json:2: real: expected an integer, got 1.5 / "
         "app.json:3: n: expected a string, got 5 / "
         "app.json:3: n: expected true or false, got 5 / "
         "app.json:3: n: expected a duration, such as 250ms or 1m 30s, got 5, which has no unit / "
         "app.json:4: neg: expected a number of bytes, such as 64 KiB, got -1 / "
         "app.json:1: s: expected an array of strings, got the string \"eighty\" / "
         "2 problems\n  app.json:8: mixed[1]: expected a string, got 2\n  app.json:9: mixed[2]: expected a string, "
         "got true / "
         "app.json:5: list: expected a string, got an array of 1 / "
         "app.json:6: obj: expected a number, got an object /")

static eff_t *wrong_texts(struct world *w)
{
    setenv("TCFG_PORT", "80\x1b[2J", 1);
    eff_t *e = ALL(told(w, eff_config_int("port")), told(w, eff_config_int("big")), told(w, eff_config_double("huge")),
                   told(w, eff_config_duration("long")), told(w, eff_config_json("j")), told(w, eff_config_bool("t")),
                   told(w, eff_config_int("many")));
    return with(eff_config_or_else(
                    env(),
                    eff_config_or_else(
                        ARGS("--huge=1e999", "--long=99999999d", "--j={", "--t", "maybe"),
                        eff_config_memory("big=9223372036854775808",
                                          "many=0123456789012345678901234567890123456789012345678901234567890x"))),
                e);
}
CASE(wrong_texts_are_told_with_where_they_came_from, wrong_texts,
     .succeeds = "[unit, unit, unit, unit, unit, unit, unit]",
     .journal = "environment TCFG_PORT: expected an integer, got \"80\\x1b[2J\" / "
                "memory: big: expected an integer from -9223372036854775808 to 9223372036854775807, got "
                "\"9223372036854775808\" / "
                "--huge: expected a number, got \"1e999\" / "
                "--long: expected a duration, such as 250ms or 1m 30s, got \"99999999d\" / "
                "--j: expected JSON, got \"{\" / "
                "--t: expected true or false, got \"maybe\" / "
                "memory: many: expected an integer, got \"012345678901234567890123456789012345678901234567...\" /")

static eff_t *wrong_secrets(struct world *w)
{
    eff_t *e =
        ALL(told(w, eff_config_secret("n")), told(w, eff_config_secret("list")), told(w, eff_config_secret("no")));
    return with(json("{ \"n\": 12345, \"list\": [\"hunter2\"] }"), e);
}
CASE(messages_about_secrets_do_not_show_them, wrong_secrets, .succeeds = "[unit, unit, unit]",
     .journal = "app.json:1: n: expected a string, which is secret, got a number / "
                "app.json:1: list: expected a string, which is secret, got an array of 1 / "
                "no: missing; looked for in app.json /")

/* ---- mistakes */

static eff_t *unprovided(struct world *w)
{
    (void)w;
    return eff_config_int("port");
}
CASE(reading_without_a_config_is_a_mistake, unprovided, .dies = "no service \"eff_config\" is provided")

static eff_t *null_paths(struct world *w)
{
    (void)w;
    return with(json("{}"), eff_config_int(NULL));
}
CASE(a_null_path_is_a_mistake, null_paths, .dies = "argument 1 of eff_config_int is NULL")

static eff_t *null_layers(struct world *w)
{
    eff_t *e = eff_noop();
    eff_layer_t *const layers[] = {
        eff_config_json_file(NULL), eff_config_json_text(NULL, "{}"), eff_config_json_text("x", NULL),
        eff_config_env(NULL),       eff_config_args(1, NULL, NULL),   eff_config_json_file_named(NULL, "x"),
        eff_config_memory(NULL),
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        e = eff_then(e, say_exit(w, eff_provide(eff_noop(), layers[i])));
    e = eff_then(e, say_exit(w, eff_provide(eff_noop(), eff_config_or_else(NULL, eff_config_env("X")))));
    return eff_then(e, say_exit(w, eff_provide(eff_noop(), eff_config_or_else(eff_config_env("X"), NULL))));
}
CASE(missing_arguments_of_layers_are_mistakes, null_layers, .succeeds = "unit",
     .journal = "die die die die die die die die die")

static eff_t *more_nulls(struct world *w)
{
    return ALL(say_exit(w, eff_config_nested(NULL, "a")), say_exit(w, eff_config_nested(eff_noop(), NULL)),
               say_exit(w, eff_config_string_or("a", NULL)), say_exit(w, eff_config_fixed(NULL)),
               say_exit(w, eff_config_parse("x", NULL)), say_exit(w, eff_config_load_at(NULL, NULL, NULL)));
}
CASE(missing_arguments_are_mistakes, more_nulls, .succeeds = "[unit, unit, unit, unit, unit, unit]",
     .journal = "die die die die die die")

static eff_t *no_operation(struct world *w)
{
    (void)w;
    static eff_config_t empty = { .size = sizeof(eff_config_t) };
    return eff_config_provide(eff_config_int("a"), &empty);
}
CASE(a_config_without_its_operation_is_a_mistake, no_operation, .dies = "the Config in effect does not say")

static eff_t *bad_snapshot(eff_config_t *config)
{
    (void)config;
    return eff_succeed(eff_int(7));
}
static eff_t *no_snapshot(struct world *w)
{
    (void)w;
    static eff_config_t strange = { .size = sizeof(eff_config_t), .snapshot = bad_snapshot };
    return eff_config_provide(eff_config_int("a"), &strange);
}
CASE(a_config_that_gives_no_snapshot_is_a_mistake, no_snapshot, .dies = "no snapshot")

static eff_t *no_equals(struct world *w)
{
    (void)w;
    return with(eff_config_memory("port"), eff_config_int("port"));
}
CASE(memory_without_an_equals_sign_is_a_mistake, no_equals, .dies = "in which there is no '='")

/* ---- a Config of one's own */

struct versions {
    eff_config_t config;
    int n;
};
static eff_t *next_version(eff_config_t *config)
{
    struct versions *v = EFF_CONTAINER_OF(config, struct versions, config);
    return eff_config_parse("remote", v->n++ == 0 ? "{ \"a\": 1 }" : "{ \"a\": 2 }");
}
static eff_t *behind_another(struct world *w)
{
    (void)w;
    static struct versions versions;
    versions = (struct versions){ { sizeof(eff_config_t), next_version }, 0 };
    eff_layer_t *own = eff_layer_succeed(&eff_config_tag, eff_config_value(&versions.config));
    eff_t *e = ALL(eff_config_int("a"), eff_config_int("a"), eff_config_int("b"));
    return eff_provide(e, eff_config_or_else(eff_config_memory("b=7"), own));
}
CASE(a_config_that_changes_may_stand_behind_another, behind_another, .succeeds = "[1, 2, 7]")

static eff_t *reloaded(struct world *w)
{
    (void)w;
    static struct versions versions;
    versions = (struct versions){ { sizeof(eff_config_t), next_version }, 0 };
    return eff_config_provide(eff_zip(eff_config_int("a"), eff_config_int("a")), &versions.config);
}
CASE(a_config_of_ones_own_may_change, reloaded, .succeeds = "(1, 2)")

TESTS(a_document_has_values_of_all_sorts, texts_are_converted, the_environment_has_capitals_and_underscores,
      arguments_are_options_and_operands, among_arguments_a_dash_is_an_underscore,
      of_an_argument_given_twice_the_last_counts, without_arguments_there_are_no_operands, items_have_numbers,
      the_empty_path_is_all_of_it, the_first_source_that_has_a_value_counts, null_is_no_value,
      an_array_comes_from_one_source, defaults_stand_in_for_what_is_missing,
      a_default_does_not_stand_in_for_what_is_wrong, paths_are_meant_below_that_of_nested, a_message_has_the_whole_path,
      what_is_missing_was_looked_for_everywhere, wrong_types_are_told_with_their_lines,
      wrong_texts_are_told_with_where_they_came_from, messages_about_secrets_do_not_show_them,
      reading_without_a_config_is_a_mistake, a_null_path_is_a_mistake, missing_arguments_of_layers_are_mistakes,
      missing_arguments_are_mistakes, a_config_without_its_operation_is_a_mistake,
      a_config_that_gives_no_snapshot_is_a_mistake, memory_without_an_equals_sign_is_a_mistake,
      a_config_of_ones_own_may_change, a_config_that_changes_may_stand_behind_another)
