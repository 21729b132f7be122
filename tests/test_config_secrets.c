/* Configuration: secrets are overwritten in all memory of ours before it is given back. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/case.h"
#include "support/failing_allocator.h"

#define SECRET "correct horse battery staple"

typedef struct vault {
    const eff_secret_t *key;
    const char *text;
    const char **list;
    size_t n_list;
    eff_value_t json;
} vault_t;
EFF_DECLARE_CONFIG(vault, vault_t);

static const eff_config_field_t vault_fields[] = {
    EFF_CONFIG_SECRET(vault_t, key, "key"),
    EFF_CONFIG_STRING(vault_t, text, "text", .secret = true),
    EFF_CONFIG_STRINGS(vault_t, list, n_list, "list", .secret = true),
    EFF_CONFIG_JSON(vault_t, json, "json", .secret = true, .optional = true),
};
EFF_DEFINE_CONFIG(vault, vault_t, vault_fields);

/* Runs it, and then looks at what was given back. */
static void assert_overwritten(eff_layer_t *config, bool ok)
{
    eff_exit_t exit = eff_test_run(eff_provide(eff_then(vault_load(), vault_load()), config));
    ck_assert_int_eq(exit.ok, ok);
    eff_exit_decref(exit);
    ck_assert_int_eq(freed_with_text, 0);
}

START_TEST(the_test_sees_what_is_not_overwritten)
{
    look_into_freed_blocks(SECRET);
    eff_value_decref(eff_string(SECRET));
    ck_assert_int_eq(freed_with_text, 1);
    eff_value_decref(eff_secret(SECRET));
    ck_assert_int_eq(freed_with_text, 1);
}
END_TEST

START_TEST(secrets_in_pairs_are_overwritten)
{
    look_into_freed_blocks(SECRET);
    assert_overwritten(eff_config_memory("key=" SECRET, "text=" SECRET, "list=a, " SECRET), true);
    assert_overwritten(eff_config_memory("key=" SECRET, "text=" SECRET), false);
}
END_TEST

START_TEST(secrets_in_arguments_are_overwritten)
{
    char *argv[] = { "program", "--key=" SECRET, "--text", SECRET, "--list=" SECRET, "--list=" SECRET };
    char *unknown[] = { "program", ("--kye=" SECRET), "--txet", SECRET };
    look_into_freed_blocks(SECRET);
    assert_overwritten(eff_config_args(6, argv, &vault_schema), true);
    assert_overwritten(eff_config_args(4, unknown, &vault_schema), false);
}
END_TEST

START_TEST(secrets_in_the_environment_are_overwritten)
{
    setenv("TSEC_KEY", SECRET, 1);
    setenv("TSEC_TEXT", SECRET, 1);
    setenv("TSEC_LIST_0", SECRET, 1);
    look_into_freed_blocks(SECRET);
    assert_overwritten(eff_config_env("TSEC"), true);
}
END_TEST

/* Jansson's room for a token has to grow before the secrets come, and to be used again behind them. */
#define LONG "\"................................................................................\""
#define DOCUMENT                                                                                                       \
    "{ \"before\": " LONG ", \"key\": \"" SECRET "\", \"text\": \"" SECRET "\", \"list\": [ \"" SECRET                 \
    "\" ], \"json\": { \"a\": [ \"" SECRET "\" ] }, \"after\": " LONG " }"

START_TEST(secrets_in_a_document_are_overwritten)
{
    look_into_freed_blocks(SECRET);
    assert_overwritten(eff_config_json_text("x.json", DOCUMENT), true);
}
END_TEST

START_TEST(secrets_in_files_are_overwritten)
{
    char path[] = "/tmp/effect-secret-XXXXXX", slow[32];
    int fd = mkstemp(path), ends[2];
    ck_assert(fd >= 0 && pipe2(ends, O_CLOEXEC) == 0);
    for (int i = 0; i < 5000; i++) /* more than the first room for it */
        ck_assert_int_eq(write(fd, " ", 1) + write(ends[1], " ", 1), 2);
    ck_assert_int_eq(write(fd, DOCUMENT, strlen(DOCUMENT)), (ssize_t)strlen(DOCUMENT));
    ck_assert_int_eq(write(ends[1], DOCUMENT, strlen(DOCUMENT)), (ssize_t)strlen(DOCUMENT));
    close(fd);
    close(ends[1]);
    snprintf(slow, sizeof slow, "/dev/fd/%d", ends[0]);
    look_into_freed_blocks(SECRET);
    assert_overwritten(eff_config_json_file(path), true);
    assert_overwritten(eff_config_json_file(slow), true);
    close(ends[0]);
    unlink(path);
}
END_TEST

/* What others refer to is theirs. */
static eff_t *take_json(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_succeed(eff_value_incref(vault_of(v)->json));
}
static eff_t *kept(struct world *w)
{
    (void)w;
    eff_t *e = eff_flat_map(vault_load(), take_json, eff_unit);
    return eff_provide(e, eff_config_memory("key=k", "text=t", "list=l", "json={\"a\":[\"kept\"]}"));
}
CASE(what_outlives_the_configuration_is_left_as_it_is, kept, .succeeds = "{\"a\":[\"kept\"]}")

TESTS(the_test_sees_what_is_not_overwritten, secrets_in_pairs_are_overwritten, secrets_in_arguments_are_overwritten,
      secrets_in_the_environment_are_overwritten, secrets_in_a_document_are_overwritten,
      secrets_in_files_are_overwritten, what_outlives_the_configuration_is_left_as_it_is)
