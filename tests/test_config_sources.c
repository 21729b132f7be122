/* Configuration: several sources behind one another, lists of structs in them, and what is said of those. */
#include <stdlib.h>
#include <string.h>

#include "support/case.h"

typedef struct feed {
    const char *name;
    const eff_secret_t *token;
} feed_t;

typedef struct watch {
    feed_t *feeds;
    size_t n_feeds;
    feed_t own;
    const eff_secret_t *key;
    const char *note;
    bool verbose;
} watch_t;
EFF_DECLARE_CONFIG(watch, watch_t);

static const eff_config_field_t feed_fields[] = {
    EFF_CONFIG_SECRET(feed_t, token, "token", .optional = true),
    EFF_CONFIG_STRING(feed_t, name, "name"),
};
static const eff_config_schema_t feed_schema = EFF_CONFIG_SCHEMA(feed_t, feed_fields);

static const eff_config_field_t own_fields[] = {
    EFF_CONFIG_STRING(feed_t, name, "name", .otherwise = "me"),
    EFF_CONFIG_SECRET(feed_t, token, "token", .optional = true),
};
static const eff_config_schema_t own_schema = EFF_CONFIG_SCHEMA(feed_t, own_fields);

static const eff_config_field_t watch_fields[] = {
    EFF_CONFIG_LIST(watch_t, feeds, n_feeds, feed_schema, "feeds"),
    EFF_CONFIG_STRUCT(watch_t, own, own_schema, "own"),
    EFF_CONFIG_SECRET(watch_t, key, "key", .optional = true),
    EFF_CONFIG_STRING(watch_t, note, "note.text", .optional = true, .secret = true),
    EFF_CONFIG_BOOL(watch_t, verbose, "verbose", .otherwise = "no"),
};
EFF_DEFINE_CONFIG(watch, watch_t, watch_fields, .strict = true);

static eff_layer_t *args_of(eff_site_t site, size_t n, const char *const *argv)
{
    return eff_config_args_at(site, (int)n, (char *const *)(uintptr_t)argv, &watch_schema);
}
#define ARGS(...) EFF_LISTED_(args_of, const char *, "program", __VA_ARGS__)

/* ---- one behind the other */

static eff_t *in_a_row(struct world *w)
{
    (void)w;
    eff_t *e = eff_zip(eff_config_int("a"), eff_zip(eff_config_int("b"), eff_config_int("c")));
    return eff_provide(e, eff_config_or_else(eff_config_memory("a=1"), eff_config_memory("a=2", "b=2"),
                                             eff_config_memory("a=3", "b=3", "c=3")));
}
CASE(several_sources_stand_behind_one_another, in_a_row, .succeeds = "(1, (2, 3))")

static eff_t *count_run(eff_value_t w)
{
    journal_add(eff_as_ptr(w), "read");
    return eff_config_parse("own.json", "{ \"a\": 7 }");
}
static eff_layer_t *counted(struct world *w)
{
    eff_t *snapshot = eff_suspend(count_run, eff_ptr(w));
    return eff_layer_effect(&eff_config_tag, eff_config_fixed(snapshot), EFF_NO_NEEDS);
}

static eff_t *read_once(struct world *w)
{
    eff_layer_t *config = eff_config_or_else(counted(w), eff_config_json_text("b", "{ \"b\": 8 }"));
    return eff_provide(eff_zip(eff_config_int("a"), eff_config_int("b")), config);
}
CASE(each_source_is_read_once, read_once, .succeeds = "(7, 8)", .journal = "read")

static eff_t *in_no_source(struct world *w)
{
    (void)w;
    eff_t *snapshot = eff_succeed(eff_array(0, NULL));
    return eff_provide(eff_config_int("a"),
                       eff_layer_effect(&eff_config_tag, eff_config_fixed(snapshot), EFF_NO_NEEDS));
}
CASE(a_config_without_a_source_says_so, in_no_source,
     .fails = "configuration missing: a: missing; this Config has no source")

/* One wrong argument is told once, and what stands behind it is not read. */
static eff_t *wrong_option(struct world *w)
{
    eff_layer_t *behind = eff_config_or_else(eff_config_env("TCFG"), counted(w));
    return eff_provide(watch_load(), eff_config_or_else(ARGS("--verbos"), behind));
}
static void check_told_once(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert(!exit->ok);
    ck_assert_uint_eq(eff_cause_count(exit->cause, EFF_CAUSE_FAIL), 1);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit->cause, &text);
    const char *first = strstr(eff_buffer_text(&text), "--verbos: unknown option; did you mean --verbose?");
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(strstr(first + 1, "--verbos:"));
    eff_buffer_done(&text);
}
CASE(a_source_that_fails_is_told_once_and_those_behind_it_are_not_read, wrong_option, .check = check_told_once,
     .journal = "")

/* ---- operands */

static eff_t *unexpected(struct world *w)
{
    (void)w;
    return eff_provide(watch_load(), ARGS("my\n.json", "--verbose", "--", "-x"));
}
CASE(a_strict_schema_refuses_operands, unexpected,
     .fails = "configuration: 2 problems\n"
              "  my\\n.json: unexpected argument; options begin with --\n"
              "  -x: unexpected argument; options begin with --")

static eff_t *unexpected_later(struct world *w)
{
    (void)w;
    char *argv[] = { "program", "my.json", "--feeds[0].name=a" };
    return eff_provide(watch_load(), eff_config_args(3, argv, NULL));
}
CASE(a_strict_schema_refuses_operands_of_arguments_that_were_not_checked, unexpected_later,
     .fails = "configuration: my.json: unexpected argument; options begin with --")

static eff_t *behind_unknown(struct world *w)
{
    (void)w;
    return eff_provide(watch_load(), ARGS("--pasword", "hunter2", "-P", "hunter2", "--kye=hunter2", "my.json"));
}
CASE(what_stands_behind_an_unknown_option_may_be_a_secret_and_is_not_shown, behind_unknown,
     .fails = "configuration: 4 problems\n"
              "  --pasword: unknown option\n"
              "  -P: unknown option\n"
              "  --kye: unknown option; did you mean --key?\n"
              "  my.json: unexpected argument; options begin with --")

static eff_t *below(struct world *w)
{
    (void)w;
    char *argv[] = { "program", "my.json", "--part.feeds[0].name=a" };
    eff_t *e = eff_config_nested(watch_load(), "part");
    return eff_provide(eff_zip(eff_map_to(e, eff_unit), eff_config_operands()), eff_config_args(3, argv, NULL));
}
CASE(a_strict_schema_below_a_path_leaves_operands_alone, below, .succeeds = "(unit, [\"my.json\"])")

/* ---- lists of structs, by name */

static eff_t *no_list(struct world *w)
{
    (void)w;
    eff_layer_t *file = eff_config_json_text("app.json", "{}");
    return eff_provide(watch_load(), eff_config_or_else(ARGS("--verbose"), eff_config_env("TCFG"), file));
}
CASE(a_missing_list_was_looked_for_by_the_names_of_its_items, no_list,
     .fails = "configuration missing: feeds: missing; looked for as --feeds[0].name, as environment TCFG_FEEDS_0_NAME, "
              "in app.json")

static eff_t *no_values(struct world *w)
{
    (void)w;
    return eff_provide(watch_load(), ARGS("--feeds", "--feeds=a", "--own", "--note", "--feeds[0]=x"));
}
CASE(an_option_that_has_no_value_of_its_own_names_those_it_has, no_values,
     .fails = "configuration: 5 problems\n"
              "  --feeds: is a list, whose items are --feeds[0].name=...\n"
              "  --feeds: is a list, whose items are --feeds[0].name=...\n"
              "  --own: is a struct, whose values are --own.name=...\n"
              "  --note: unknown option; did you mean --note.text?\n"
              "  --feeds[0]: is an item of a list, whose values are --feeds[0].name=...")

static eff_t *list_as_text(struct world *w)
{
    (void)w;
    setenv("TCFL_FEEDS", "a", 1);
    setenv("TCFL_OWN", "b", 1);
    return eff_provide(watch_load(), eff_config_env("TCFL"));
}
CASE(a_text_in_place_of_a_list_is_told_once, list_as_text,
     .fails = "configuration: 2 problems\n"
              "  environment TCFL_FEEDS: expected an array of objects, got \"a\"; its items are TCFL_FEEDS_0_NAME\n"
              "  environment TCFL_OWN: is a struct, whose values are TCFL_OWN_NAME")

/* ---- what is not there is no secret */

static eff_t *absent_secrets(struct world *w)
{
    (void)w;
    return eff_provide(watch_load(), ARGS("--feeds[0].name=a", "--feeds[1].name=b", "--feeds[1].token=hunter2"));
}
CASE(a_secret_that_is_not_there_is_none, absent_secrets,
     .succeeds = "{ feeds[0].token = none, feeds[0].name = a, feeds[1].token = <secret>, feeds[1].name = b, "
                 "own.name = me, own.token = none, key = none, note.text = none, verbose = false }")

TESTS(several_sources_stand_behind_one_another, a_config_without_a_source_says_so, each_source_is_read_once,
      a_strict_schema_refuses_operands, a_strict_schema_refuses_operands_of_arguments_that_were_not_checked,
      what_stands_behind_an_unknown_option_may_be_a_secret_and_is_not_shown,
      a_strict_schema_below_a_path_leaves_operands_alone,
      a_source_that_fails_is_told_once_and_those_behind_it_are_not_read,
      a_missing_list_was_looked_for_by_the_names_of_its_items,
      an_option_that_has_no_value_of_its_own_names_those_it_has, a_text_in_place_of_a_list_is_told_once,
      a_secret_that_is_not_there_is_none)
