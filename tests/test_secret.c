/* Secrets: nothing that prints values shows one. */
#include <string.h>

#include <jansson.h>

#include "support/case.h"

#define HIDDEN "hunter2"

START_TEST(a_secret_is_read_by_revealing_it)
{
    eff_value_t v = eff_secret(HIDDEN);
    ck_assert_str_eq(eff_secret_reveal(eff_as_secret(v)), HIDDEN);
    ck_assert_uint_eq(eff_secret_size(eff_as_secret(v)), strlen(HIDDEN));
    eff_value_decref(v);
    v = eff_secret_n("a\0b", 3);
    ck_assert_uint_eq(eff_secret_size(eff_as_secret(v)), 3);
    ck_assert_int_eq(memcmp(eff_secret_reveal(eff_as_secret(v)), "a\0b", 4), 0);
    eff_value_decref(v);
    ck_assert_str_eq(eff_secret_reveal(NULL), "");
    ck_assert_uint_eq(eff_secret_size(NULL), 0);
}
END_TEST

static void assert_hidden(const char *text)
{
    ck_assert_ptr_null(strstr(text, HIDDEN));
    ck_assert_ptr_nonnull(strstr(text, "<secret>"));
}

static void assert_hidden_in_json(eff_value_t v)
{
    json_t *json = eff_value_to_json(v);
    char text[256] = "";
    size_t n = json_dumpb(json, text, sizeof text - 1, JSON_ENCODE_ANY);
    ck_assert_uint_lt(n, sizeof text);
    assert_hidden(text);
    json_decref(json);
}

START_TEST(text_and_json_of_a_secret_do_not_show_it)
{
    eff_value_t v = EFF_ARRAY(eff_secret(HIDDEN), eff_int(1));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(v, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "[<secret>, 1]");
    eff_buffer_done(&text);
    assert_hidden_in_json(v);
    eff_value_decref(v);
}
END_TEST

START_TEST(causes_and_descriptions_do_not_show_it)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_t *cause = eff_cause_both(eff_cause_fail(eff_secret(HIDDEN)), eff_cause_die(eff_secret(HIDDEN)));
    eff_cause_format(cause, &text);
    assert_hidden(eff_buffer_text(&text));
    eff_cause_decref(cause);
    eff_buffer_clear(&text);
    eff_t *e = eff_succeed(eff_secret(HIDDEN));
    eff_describe(e, &text);
    ck_assert_ptr_null(strstr(eff_buffer_text(&text), HIDDEN));
    eff_decref(e);
    eff_buffer_done(&text);
}
END_TEST

static eff_value_t read_as_int(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_int(eff_as_int(v));
}
START_TEST(reading_it_as_something_else_does_not_show_it)
{
    eff_exit_t exit = eff_test_run(eff_map(eff_succeed(eff_secret(HIDDEN)), read_as_int, eff_unit));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_exit_format(&exit, &text);
    ck_assert_ptr_null(strstr(eff_buffer_text(&text), HIDDEN));
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "secret"));
    eff_buffer_done(&text);
    eff_exit_decref(exit);
}
END_TEST

START_TEST(secrets_are_compared_by_their_texts)
{
    static const char *const texts[] = { "", "a", "ab", "b" };
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            eff_value_t a = eff_secret(texts[i]), b = eff_secret(texts[j]);
            ck_assert_int_eq(eff_value_equal(a, b), i == j);
            int order = eff_value_compare(a, b);
            ck_assert_int_eq((order > 0) - (order < 0), (i > j) - (i < j));
            if (i == j) ck_assert_uint_eq(eff_value_hash(a), eff_value_hash(b));
            eff_value_decref(a);
            eff_value_decref(b);
        }
}
END_TEST

/* The block is looked at by the allocator, when it is given back. */
static int n_seen;
static void look(const void *p, size_t n)
{
    const char *bytes = p;
    for (size_t i = 0; i + strlen(HIDDEN) <= n; i++)
        n_seen += memcmp(bytes + i, HIDDEN, strlen(HIDDEN)) == 0;
}
START_TEST(the_memory_is_overwritten)
{
    eff_value_t v = eff_secret(HIDDEN);
    const char *bytes = eff_secret_reveal(eff_as_secret(v));
    look(bytes, strlen(HIDDEN));
    ck_assert_int_eq(n_seen, 1);
    static char room[64];
    const eff_type_t *type = &eff_secret_type;
    memcpy(room, v.ptr, sizeof(size_t) + strlen(HIDDEN) + 1); /* a copy of the payload, for the hook */
    type->drop(room);
    look(room, sizeof room);
    ck_assert_int_eq(n_seen, 1);
    eff_value_decref(v);
}
END_TEST

TESTS(a_secret_is_read_by_revealing_it, text_and_json_of_a_secret_do_not_show_it,
      causes_and_descriptions_do_not_show_it, reading_it_as_something_else_does_not_show_it,
      secrets_are_compared_by_their_texts, the_memory_is_overwritten)
