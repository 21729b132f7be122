/* Configuration: mistakes in the tables themselves, which are found before anything is read. */
#include <string.h>

#include "support/fibers.h"

static eff_t *with(const char *pair, eff_t *e)
{
    return eff_provide(e, eff_config_memory_at(NULL, 1, &pair));
}

static void assert_checked(const eff_config_schema_t *schema, size_t n, const char *lines)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    size_t found = eff_config_check(schema, &text);
    ck_assert_str_eq(eff_buffer_text(&text), lines);
    ck_assert_uint_eq(found, n);
    ck_assert_uint_eq(eff_config_check(schema, NULL), n);
    eff_buffer_done(&text);
}

/* ---- a default */

typedef struct one {
    int n;
} one_t;
EFF_DECLARE_CONFIG(one_config, one_t);
static const eff_config_field_t one_fields[] = { EFF_CONFIG_INT(one_t, n, "n", .otherwise = "many", .max = "9") };
EFF_DEFINE_CONFIG(one_config, one_t, one_fields);

static eff_t *takes_the_default(struct world *w)
{
    (void)w;
    return with("x=1", one_config_load());
}
CASE(a_default_that_does_not_fit_is_a_mistake, takes_the_default,
     .dies =
         "one_t: the default of the configuration field \"n\", \"many\", is not what the field takes: an integer of "
         "at most 9")
static eff_t *takes_what_is_there(struct world *w)
{
    (void)w;
    return with("n=1", one_config_load());
}
CASE(so_it_is_when_it_is_not_needed, takes_what_is_there,
     .dies = "one_t: the default of the configuration field \"n\", \"many\", is not what the field takes")
static eff_t *provides_it(struct world *w)
{
    (void)w;
    return with("n=1", eff_provide(eff_noop(), one_config_live()));
}
CASE(so_it_is_for_the_layer, provides_it, .dies = "the default of the configuration field \"n\"")

/* ---- everything, everywhere */

typedef struct item {
    int8_t small;
    const struct item *items; /* of its own kind: there is no end to that */
    size_t n_items;
} item_t;
extern const eff_config_schema_t item_schema;
static const eff_config_field_t item_fields[] = {
    EFF_CONFIG_INT(item_t, small, "small", .otherwise = "300"),
    EFF_CONFIG_LIST(item_t, items, n_items, item_schema, "items", .optional = true, .max = "few"),
};
const eff_config_schema_t item_schema = EFF_CONFIG_SCHEMA(item_t, item_fields);

typedef struct all {
    const char *text;
    bool flag;
    int port, low, pin;
    double ratio;
    eff_duration_t pause, wait;
    int64_t size;
    int level;
    const char **tags;
    size_t n_tags;
    eff_value_t json;
    item_t item, again;
    const item_t *items;
    size_t n_items;
} all_t;
static const eff_config_name_t levels[] = { { "low", 0 }, { "high", 1 }, { NULL, 0 } };
EFF_DECLARE_CONFIG(all_config, all_t);
static const eff_config_field_t all_fields[] = {
    EFF_CONFIG_STRING(all_t, text, "text", .otherwise = "anything"),
    EFF_CONFIG_BOOL(all_t, flag, "flag", .otherwise = "perhaps"),
    EFF_CONFIG_INT(all_t, port, "port", .otherwise = "0", .min = "1", .max = "65535"),
    EFF_CONFIG_INT(all_t, low, "low", .otherwise = "5", .min = "9", .max = "1"),
    EFF_CONFIG_INT(all_t, pin, "pin", .otherwise = "12a4", .secret = true),
    EFF_CONFIG_DOUBLE(all_t, ratio, "ratio", .otherwise = "0.5", .min = "none"),
    EFF_CONFIG_DURATION(all_t, pause, "pause", .otherwise = "2"),
    EFF_CONFIG_DURATION(all_t, wait, "wait", .otherwise = "2s", .unit = "moment"),
    EFF_CONFIG_SIZE(all_t, size, "size", .otherwise = "1 KiB", .max = "1 heap"),
    EFF_CONFIG_ENUM(all_t, level, levels, "level", .otherwise = "middle"),
    EFF_CONFIG_STRINGS(all_t, tags, n_tags, "tags", .otherwise = "a, b", .max = "1"),
    EFF_CONFIG_JSON(all_t, json, "json", .otherwise = "{ \"a\": }"),
    EFF_CONFIG_STRUCT(all_t, item, item_schema, "item"),
    EFF_CONFIG_STRUCT(all_t, again, item_schema, "again"),
    EFF_CONFIG_LIST(all_t, items, n_items, item_schema, "items", .min = "3", .max = "2"),
};
EFF_DEFINE_CONFIG(all_config, all_t, all_fields);

START_TEST(all_mistakes_are_told_each_once)
{
    assert_checked(&all_config_schema, 14,
                   "all_t: the default of the configuration field \"flag\", \"perhaps\", is not what the field takes: "
                   "true or false\n"
                   "all_t: the default of the configuration field \"port\", \"0\", is not what the field takes: an "
                   "integer from 1 to 65535\n"
                   "all_t: the min of the configuration field \"low\", \"9\", is more than it may be at most\n"
                   "all_t: the default of the configuration field \"pin\" is not what the field takes: an integer\n"
                   "all_t: the min of the configuration field \"ratio\", \"none\", is not what the field takes\n"
                   "all_t: the default of the configuration field \"pause\", \"2\", has no unit\n"
                   "all_t: the unit of the configuration field \"wait\", \"moment\", is none\n"
                   "all_t: the max of the configuration field \"size\", \"1 heap\", is not what the field takes\n"
                   "all_t: the default of the configuration field \"level\", \"middle\", is not what the field takes: "
                   "one of low, high\n"
                   "all_t: the default of the configuration field \"tags\", \"a, b\", is not what the field takes: an "
                   "array of at most 1 strings\n"
                   "all_t: the default of the configuration field \"json\", \"{ \"a\": }\", is not what the field "
                   "takes: JSON\n"
                   "all_t: the min of the configuration field \"items\", \"3\", is more than it may be at most\n"
                   "item_t: the default of the configuration field \"small\", \"300\", is not what the field takes: an "
                   "integer from -128 to 127\n"
                   "item_t: the max of the configuration field \"items\", \"few\", is no number of items\n");
}
END_TEST

static eff_t *loads_all(struct world *w)
{
    (void)w;
    return with("x=1", all_config_load());
}
CASE(of_several_the_first_is_told_and_how_many_more, loads_all,
     .dies = "is not what the field takes: true or false, and 13 more, which eff_config_check tells")

START_TEST(without_a_table_that_is_the_mistake)
{
    assert_checked(NULL, 1, "the schema is NULL\n");
}
END_TEST

/* ---- none */

typedef struct good {
    int n;
    int64_t most;
    eff_duration_t wait;
    const char **tags;
    size_t n_tags;
    eff_value_t json;
} good_t;
EFF_DECLARE_CONFIG(good_config, good_t);
static const eff_config_field_t good_fields[] = {
    EFF_CONFIG_INT(good_t, n, "n", .optional = true, .min = "1"),
    EFF_CONFIG_INT(good_t, most, "most", .otherwise = "9223372036854775807", .min = "-1"),
    EFF_CONFIG_DURATION(good_t, wait, "wait", .otherwise = "for ever", .min = "1ms", .max = "for ever", .unit = "s"),
    EFF_CONFIG_STRINGS(good_t, tags, n_tags, "tags", .otherwise = "", .max = "3"),
    EFF_CONFIG_JSON(good_t, json, "json", .otherwise = "[1, \"two\"]"),
};
EFF_DEFINE_CONFIG(good_config, good_t, good_fields);

START_TEST(a_table_without_mistakes_is_one)
{
    assert_checked(&good_config_schema, 0, "");
}
END_TEST
static eff_t *loads_good(struct world *w)
{
    (void)w;
    return eff_map_to(with("x=1", good_config_load()), eff_unit);
}
CASE(and_is_read_by, loads_good, .succeeds = "unit")

TESTS(a_default_that_does_not_fit_is_a_mistake, so_it_is_when_it_is_not_needed, so_it_is_for_the_layer,
      all_mistakes_are_told_each_once, of_several_the_first_is_told_and_how_many_more,
      without_a_table_that_is_the_mistake, a_table_without_mistakes_is_one, and_is_read_by)
