/* Configuration: names that others chose. They are shown escaped, and cut when they are long; lists of many numbered
 * items are found in whatever order they come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/case.h"

typedef struct item {
    const char *name;
    int n;
} item_t;
typedef struct shop {
    item_t *items;
    size_t n_items;
    const char **tags;
    size_t n_tags;
} shop_t;
EFF_DECLARE_CONFIG(shop, shop_t);

static const eff_config_field_t item_fields[] = {
    EFF_CONFIG_STRING(item_t, name, "name"),
    EFF_CONFIG_INT(item_t, n, "n", .otherwise = "1"),
};
static const eff_config_schema_t item_schema = EFF_CONFIG_SCHEMA(item_t, item_fields);
static const eff_config_field_t shop_fields[] = {
    EFF_CONFIG_LIST(shop_t, items, n_items, item_schema, "items", .optional = true),
    EFF_CONFIG_STRINGS(shop_t, tags, n_tags, "tags", .optional = true),
};
EFF_DEFINE_CONFIG(shop, shop_t, shop_fields, .strict = true);

/* ---- names that are long, or strange */

enum { HUGE_NAME = 100000 };

/* "before", as many k, "after". */
static char *huge(const char *before, const char *after)
{
    char *text = malloc(HUGE_NAME + 64);
    size_t n = strlen(before);
    memcpy(text, before, n);
    memset(text + n, 'k', HUGE_NAME);
    memcpy(text + n + HUGE_NAME, after, strlen(after) + 1);
    return text;
}

/* It fails with a message that is not long, and has no control character. Takes the text. */
static void assert_short(char *text, eff_layer_t *config, const char *begin)
{
    eff_exit_t exit = eff_test_run(eff_provide(shop_load(), config));
    eff_value_t error = eff_unit;
    ck_assert(!exit.ok && eff_cause_failure(exit.cause, &error));
    const char *message = eff_as_error(error)->message;
    ck_assert_msg(strlen(message) < 512, "%zu bytes", strlen(message));
    ck_assert_msg(strncmp(message, begin, strlen(begin)) == 0, "%s", message);
    ck_assert_ptr_null(strpbrk(message, "\x1b\r"));
    eff_exit_decref(exit);
    free(text);
}

static eff_layer_t *argument(char *text, const eff_config_schema_t *schema)
{
    char *argv[] = { "program", text };
    return eff_config_args(2, argv, schema);
}

START_TEST(long_names_are_cut)
{
    char *t;
    t = huge("--", "=x"), assert_short(t, argument(t, &shop_schema), "--kkkk");
    t = huge("--", "=x"), assert_short(t, argument(t, NULL), "--kkkk");
    t = huge("--\x1b\r", ""), assert_short(t, argument(t, &shop_schema), "--\\x1b\\rkkkk");
    t = huge("-", ""), assert_short(t, argument(t, NULL), "-kkkk");
    t = huge("", ""), assert_short(t, argument(t, &shop_schema), "kkkk");
    t = huge("", ""), assert_short(t, argument(t, NULL), "kkkk");
    t = huge("--items[0", "].name=x"), assert_short(t, argument(t, &shop_schema), "--items[0kkk");
    t = huge("", "=x"), assert_short(t, eff_config_memory(t), "memory: kkkk");
    t = huge("{ \"", "\": 1 }"), assert_short(t, eff_config_json_text("x.json", t), "x.json:1: kkkk");
    t = huge("{ \"\\u001b.", "\": 1 }"), assert_short(t, eff_config_json_text("x.json", t), "x.json:1: \"\\x1b.kkkk");
    t = huge("{ \"items\": [ { \"name\": \"\", \"", "\": 1 } ] }");
    assert_short(t, eff_config_json_text("x.json", t), "x.json:1: items[0].kkkk");
    t = huge("", ""), assert_short(t, eff_config_json_text(t, "{ \"a\": 1 }"), "kkkk"); /* of a file */
}
END_TEST

START_TEST(long_names_of_variables_are_cut)
{
    char *name = huge("TLONG_", "");
    ck_assert_int_eq(setenv(name, "x", 1), 0);
    assert_short(name, eff_config_env("TLONG"), "environment TLONG_kkkk");
}
END_TEST

START_TEST(a_path_of_many_long_keys_is_cut)
{
    char *text = malloc(64 * 128);
    size_t n = 0;
    for (int i = 0; i < 60; i++)
        n += (size_t)sprintf(text + n, "{ \"%060d\": ", i);
    memcpy(text + n, "1e999", sizeof "1e999");
    assert_short(text, eff_config_json_text("x.json", text), "x.json:1:");
}
END_TEST

START_TEST(a_cut_name_ends_with_a_whole_character)
{
    char *t = malloc(1024);
    int n = sprintf(t, "--");
    for (int i = 0; i < 100; i++)
        n += sprintf(t + n, "\xe2\x82\xac");
    eff_exit_t exit = eff_test_run(eff_provide(shop_load(), argument(t, &shop_schema)));
    eff_value_t error = eff_unit;
    ck_assert(!exit.ok && eff_cause_failure(exit.cause, &error));
    ck_assert_ptr_nonnull(strstr(eff_as_error(error)->message, "\xe2\x82\xac...: unknown option"));
    eff_exit_decref(exit);
    free(t);
}
END_TEST

static eff_t *no_equals(struct world *w)
{
    (void)w;
    return eff_provide(shop_load(), eff_config_memory("a\x1b 123456789 123456789 123456789 123456789 123456789"));
}
CASE(a_pair_without_a_value_is_cut_and_escaped, no_equals,
     .dies = "was given \"a\\x1b 123456789 123456789 123456789 123456789 12345...\", in which")

/* ---- what says what to write instead */

static eff_t *item_as_value(struct world *w)
{
    (void)w;
    eff_t *args = eff_provide(shop_load(), argument((char *)(uintptr_t) "--items[3]=x", &shop_schema));
    eff_t *memory = eff_provide(shop_load(), eff_config_memory("items[0].name=a", "items[0]=x"));
    return eff_then(say_exit(w, args), memory);
}
CASE(an_item_that_is_given_a_value_names_those_it_has, item_as_value,
     .fails = "configuration: memory: items[0]: is an item of a list, whose values are items[0].name")

/* ---- lists by numbers */

static eff_t *any_order(struct world *w)
{
    (void)w;
    return eff_provide(shop_load(),
                       eff_config_memory("items[10].name=k", "items.2.n=3", "items[1].name=b",
                                         "items.0-x=", "items[2].name=c", "items.0.name=a", "tags[1]=y", "tags[0]=x"));
}
CASE(items_may_come_in_any_order_and_are_consecutive, any_order, .fails = "configuration: memory: items.0-x: unknown")

static eff_t *well_ordered(struct world *w)
{
    (void)w;
    return eff_provide(shop_load(), eff_config_memory("items[10].name=k", "items.2.n=3", "items[1].name=b",
                                                      "items[2].name=c", "items.0.name=a", "tags[1]=y", "tags[0]=x"));
}
CASE(a_number_that_is_far_off_is_no_item, well_ordered,
     .succeeds = "{ items[0].name = a, items[0].n = 1, items[1].name = b, items[1].n = 1, items[2].name = c, "
                 "items[2].n = 3, tags = [x, y] }")

enum { MANY = 20000 };
/* Quadratic, it would take minutes. */
START_TEST(many_items_take_little_longer_each)
{
    const char **pairs = malloc(MANY * sizeof *pairs);
    for (size_t i = 0; i < MANY; i++) {
        char *pair = malloc(48);
        snprintf(pair, 48, "items[%zu].name=%zu", MANY - 1 - i, MANY - 1 - i);
        pairs[i] = pair;
    }
    eff_exit_t exit = eff_test_run(eff_provide(shop_load(), eff_config_memory_at(EFF_SITE, MANY, pairs)));
    ck_assert(exit.ok);
    const shop_t *shop = shop_of(exit.value);
    ck_assert_uint_eq(shop->n_items, MANY);
    ck_assert_str_eq(shop->items[12345].name, "12345");
    eff_exit_decref(exit);
    for (size_t i = 0; i < MANY; i++)
        free((void *)(uintptr_t)pairs[i]);
    free(pairs);
}
END_TEST

TESTS(long_names_are_cut, long_names_of_variables_are_cut, a_path_of_many_long_keys_is_cut,
      a_cut_name_ends_with_a_whole_character, a_pair_without_a_value_is_cut_and_escaped,
      an_item_that_is_given_a_value_names_those_it_has, items_may_come_in_any_order_and_are_consecutive,
      a_number_that_is_far_off_is_no_item, many_items_take_little_longer_each)
