/* Configuration that means harm, or is damaged: a typed error that says where, in bounded time and memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/case.h"
#include "support/scale.h"

/* ---- texts */

static eff_exit_t read_text(const char *text)
{
    return eff_test_run(eff_provide(eff_config_json(""), eff_config_json_text("x.json", text)));
}

/* Its message, in a static buffer; NULL when it succeeded. Anything but an eff_config_error fails the test. */
static const char *told(eff_exit_t exit)
{
    static char message[4096];
    eff_value_t error = eff_unit;
    bool ok = exit.ok;
    if (!ok) {
        ck_assert(!eff_cause_has_die(exit.cause) && eff_cause_failure(exit.cause, &error));
        ck_assert(eff_error_is(error, &eff_config_error));
        snprintf(message, sizeof message, "%s", eff_as_error(error)->message);
    }
    eff_exit_decref(exit);
    return ok ? NULL : message;
}

/* OBS-012 */
START_TEST(OBS_012_a_damaged_text_is_an_error_with_its_place)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        { "", "x.json:1: the text ends too early" },
        { "[1]", "x.json:1: expected an object, got an array" },
        { "\xef\xbb\xbf{}", "x.json:1: begins with a byte order mark, which JSON has none" },
        { "{ \"a\": 1,\n \"a\": 2 }", "x.json:2:4: a: this key is there twice" },
        { "{ \"a\": {\n \"b\": 1e999 } }", "x.json:2:11: a.b: this number is too big" },
        { "{ \"a\": [ 0,\n \"\\u0000\" ] }", "x.json:2:9: a[1]: a NUL (\\u0000) in a string" },
        { "{ \"a\\u0000b\": 1 }", "x.json:1:12: a\\u0000b: a NUL (\\u0000) in a string" },
        { "{ \"a\": \"\\ud800\" }", "x.json:1:15: a: half of a surrogate pair" },
        { "{ \"a\": \"\\udc00\\ud800\" }", "x.json:1:21: a: half of a surrogate pair" },
        { "{ \"a\": \"\xff\" }", "x.json:1:8: a: this is no UTF-8" },
        { "{ \"a\": \"\xc0\xaf\" }", "x.json:1:8: a: this is no UTF-8" },
        { "{ \"password\": \"hunter2\n\" }", "x.json:1:22: password: unexpected newline" },
        { "{ \"password\": hunter2 }", "x.json:1:20: password: invalid token" },
        { "{ \"a\": 1 } x", "x.json:1:12: the text should have ended here" },
        { "{ \"a\": 1", "x.json:1:8: a: the text ends too early" },
        { "{ \"a\" 1 }", "x.json:1:7: a: ':' expected" },
        { "{ \"a\": 01 }", "x.json:1:8: a: invalid token" },
        { "{ \"a\": NaN }", "x.json:1:10: a: invalid token" },
        { "{ 'a': 1 }", "x.json:1:3: string or '}' expected" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *message = told(read_text(rows[i].text));
        ck_assert_msg(message && strcmp(message, rows[i].message) == 0, "%s gives %s", rows[i].text, message);
    }
}
END_TEST

/* n times the piece. */
static char *repeated(const char *before, const char *piece, size_t n, const char *after)
{
    size_t size = strlen(piece), head = strlen(before);
    char *text = malloc(head + n * size + strlen(after) + 1);
    memcpy(text, before, head);
    for (size_t i = 0; i < n; i++)
        memcpy(text + head + i * size, piece, size);
    memcpy(text + head + n * size, after, strlen(after) + 1);
    return text;
}

static void assert_told(char *text, const char *message)
{
    const char *got = told(read_text(text));
    ck_assert_msg(message == got || (message && got && strcmp(got, message) == 0), "%s", got);
    free(text);
}

/* OBS-012 */
START_TEST(OBS_012_depth_and_length_are_bounded)
{
    assert_told(repeated("{ \"a\": ", "[", 100000, ""), "x.json:1: nested more than 64 levels deep");
    assert_told(repeated("{ \"a\":\n ", "{\"a\":", 100000, "1"), "x.json:2: nested more than 64 levels deep");
    assert_told(repeated("{ \"a\": ", "[", 63, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]] }"),
                NULL);
    assert_told(repeated("{ \"a\": ", "[", 64, "]"), "x.json:1: nested more than 64 levels deep");
    assert_told(repeated("{ \"a\": ", "9", 400, " }"), "x.json:1:407: a: this number is too big");
    assert_told(repeated("{ \"a\": -", "9", 400, " }"), "x.json:1:408: a: this number is too big");
    assert_told(repeated("{ \"a\": \"", "[", 100000, "\" }"), NULL);
    assert_told(repeated("{ \"", "k", 100000, "\": x }"),
                "x.json:1:100007: kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...: invalid token");
}
END_TEST

static const char whole[] =
    "{ \"server\": { \"host\": \"h\\u00e9\\n\", \"port\": -1.5e3 }, \"tags\": [ \"a\", true, null, [] ],\n"
    "  \"k\\\"ey\": \"\\ud83d\\ude00\" }";

/* OBS-012 */
START_TEST(OBS_012_a_text_cut_anywhere_is_an_error)
{
    ck_assert_ptr_null(told(read_text(whole)));
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char cut[sizeof whole] = "";
        memcpy(cut, whole, n);
        const char *message = told(read_text(cut));
        ck_assert_msg(message && strncmp(message, "x.json:", 7) == 0, "%zu", n);
    }
}
END_TEST

/* Any byte in place of any other, and reading of what comes out as this and that. */
START_TEST(damaged_texts_are_read_or_refused)
{
    static const char noise[] = "{}[]\":,\\u0e-.tfn \n\x01\xff\x80";
    unsigned seed = 12345;
    for (long i = test_scaled(20000); i > 0; i--) {
        char text[sizeof whole];
        memcpy(text, whole, sizeof whole);
        for (int k = 0; k < 1 + i % 3; k++) {
            seed = seed * 1103515245u + 12345u;
            text[(seed >> 8) % (sizeof whole - 1)] = noise[(seed >> 20) % (sizeof noise - 1)];
        }
        eff_t *e = i % 2 ? eff_config_int("server.port") : eff_config_strings("tags");
        const char *message = told(eff_test_run(eff_provide(e, eff_config_json_text("x.json", text))));
        ck_assert(!message || strlen(message) > 7);
    }
}
END_TEST

/* ---- files */

static char folder[] = "/tmp/effect-config-XXXXXX";
static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}
static const char *file(const char *name, const char *text)
{
    const char *path = path_of(name);
    FILE *f = fopen(path, "we");
    fputs(text, f);
    fclose(f);
    return path;
}
static void begin_files(void)
{
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
}
static void end_files(const char *name)
{
    unlink(path_of(name));
    rmdir(folder);
}

static const char *told_file(eff_layer_t *config)
{
    const char *message = told(eff_test_run(eff_provide(eff_config_int("a"), config)));
    return message && strncmp(message, folder, strlen(folder)) == 0 ? message + strlen(folder) : message;
}

START_TEST(files_are_read)
{
    begin_files();
    const char *path = file("a.json", "{ \"a\":\n 7 }");
    eff_exit_t exit = eff_test_run(eff_provide(eff_config_int("a"), eff_config_json_file(path)));
    ck_assert(exit.ok && eff_as_int(exit.value) == 7);
    eff_exit_decref(exit);
    file("a.json", "{ \"a\":\n \"x\" }");
    ck_assert_str_eq(told_file(eff_config_json_file(path)), "/a.json:2: a: expected an integer, got the string \"x\"");
    file("a.json", "{ \"a\":\n x }");
    ck_assert_str_eq(told_file(eff_config_json_file(path)), "/a.json:2:2: a: invalid token");
    end_files("a.json");
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_an_error)
{
    begin_files();
    const char *path = path_of("a.json");
    ck_assert_str_eq(told_file(eff_config_json_file(path)), "/a.json: No such file or directory");
    eff_config_file_options_t optional = { .size = sizeof optional, .optional = true };
    char told_of[256];
    snprintf(told_of, sizeof told_of, "a: missing; looked for in %s (not there)", path);
    ck_assert_str_eq(told_file(eff_config_json_file_with(path, &optional)), told_of);
    ck_assert_str_eq(told_file(eff_config_json_file(folder)), ": Is a directory");
    end_files("a.json");
}
END_TEST

/* OBS-012 */
START_TEST(OBS_012_a_file_that_is_too_large_is_not_read_to_its_end)
{
    begin_files();
    const char *path = file("a.json", "{ \"a\": 1 }");
    eff_config_file_options_t options = { .size = sizeof options, .max_bytes = 10 };
    ck_assert_ptr_null(told_file(eff_config_json_file_with(path, &options)));
    options.max_bytes = 9;
    ck_assert_str_eq(told_file(eff_config_json_file_with(path, &options)), "/a.json: larger than 9 bytes");
    ck_assert_int_eq(truncate(path, 100 << 20), 0); /* 100 MB, sparse */
    ck_assert_str_eq(told_file(eff_config_json_file(path)), "/a.json: larger than 1048576 bytes");
    end_files("a.json");
}
END_TEST

START_TEST(the_file_may_be_named_by_what_comes_before_it)
{
    begin_files();
    const char *path = file("a.json", "{ \"a\": 7, \"b\": 8 }");
    eff_value_t pair = eff_printf("config=%s", path);
    eff_layer_t *first = eff_config_memory(eff_as_string(pair), "a=1");
    eff_t *e = eff_zip(eff_config_int("a"), eff_config_int("b"));
    ck_assert_succeeds(eff_provide(e, eff_config_or_else(first, eff_config_json_file_named("config", "none.json"))),
                       "(1, 8)");
    eff_value_decref(pair);
    end_files("a.json");
}
END_TEST

START_TEST(a_named_file_is_named_by_any_source_in_front_however_they_are_nested)
{
    begin_files();
    const char *path = file("a.json", "{ \"a\": 7, \"b\": 8 }");
    eff_value_t pair = eff_printf("config=%s", path);
    for (int nesting = 0; nesting < 4; nesting++) {
        eff_layer_t *args = eff_config_memory(eff_as_string(pair)), *env = eff_config_memory("a=1"), *config;
        eff_layer_t *named = eff_config_json_file_named("config", "none.json");
        if (nesting == 0) config = eff_config_or_else(args, eff_config_or_else(env, named));
        else if (nesting == 1) config = eff_config_or_else(eff_config_or_else(args, env), named);
        else if (nesting == 2) config = eff_config_or_else(args, env, named);
        else config = eff_config_or_else(args, eff_config_or_else(env, eff_config_or_else(named, eff_config_env("X"))));
        eff_t *e = eff_zip(eff_config_int("a"), eff_config_int("b"));
        ck_assert_succeeds(eff_provide(e, config), "(1, 8)");
    }
    eff_value_decref(pair);
    end_files("a.json");
}
END_TEST

/* One MiB of values that do not fit: those that are told have to be looked for, each. */
typedef struct row {
    int n;
} row_t;
typedef struct rows {
    row_t *at;
    size_t n;
} rows_t;
EFF_DECLARE_CONFIG(rows, rows_t);
static const eff_config_field_t row_fields[] = { EFF_CONFIG_INT(row_t, n, "n") };
static const eff_config_schema_t row_schema = EFF_CONFIG_SCHEMA(row_t, row_fields);
static const eff_config_field_t rows_fields[] = { EFF_CONFIG_LIST(rows_t, at, n, row_schema, "rows") };
EFF_DEFINE_CONFIG(rows, rows_t, rows_fields, .strict = true);

START_TEST(a_large_file_of_mistakes_takes_bounded_time)
{
    char *text = repeated("{ \"rows\": [ ", "{\"m\":1},\n", 100000, "{} ] }");
    const char *message = told(eff_test_run(eff_provide(rows_load(), eff_config_json_text("x.json", text))));
    ck_assert_ptr_nonnull(message);
    ck_assert_int_eq(strncmp(message, "200001 problems\n  x.json:1: rows[0].n: missing\n", 47), 0);
    free(text);
}
END_TEST

/* ---- in sweeps */

static eff_t *refused(struct world *w)
{
    (void)w;
    return eff_provide(eff_config_int("a"), eff_config_json_text("x.json", "{ \"a\": {\n \"b\": 1e999 } }"));
}
CASE(a_damaged_text_fails_the_layer, refused, .fails = "configuration: x.json:2:11: a.b: this number is too big")

static eff_t *layered(struct world *w)
{
    (void)w;
    eff_layer_t *file = eff_config_json_text("app.json", "{ \"a\": 1, \"b\": 2 }");
    eff_layer_t *both = eff_config_or_else(eff_config_memory("b=3"), file);
    eff_t *e = eff_zip_par(eff_config_int("a"), eff_config_int("b"));
    return eff_provide(e, eff_config_or_else(eff_config_memory("c=1"), both));
}
CASE(layers_of_sources_are_shared, layered, .succeeds = "(1, 3)")

/* ---- arrays of secret strings, and what looks at them */

typedef struct keys {
    const char **at;
    size_t n;
} keys_t;
EFF_DECLARE_CONFIG(keys, keys_t);
static void check_keys(const void *field, eff_buffer_t *problem)
{
    (void)field;
    eff_buffer_add(problem, "looked at");
}
static const eff_config_field_t keys_fields[] = { EFF_CONFIG_STRINGS(keys_t, at, n, "keys", .secret = true,
                                                                     .check = check_keys) };
EFF_DEFINE_CONFIG(keys, keys_t, keys_fields);

static eff_t *with_key(const char *text)
{
    return eff_provide(keys_load(), eff_config_json_text("x.json", text));
}
static eff_t *malformed_key(struct world *w)
{
    (void)w;
    return with_key("{ \"keys\": [ \"a\", 271828 ] }");
}
CASE(a_secret_item_is_not_shown_and_the_rest_is_not_looked_at, malformed_key,
     .fails = "configuration: x.json:1: keys[1]: expected a string, got a number")

static eff_t *good_keys(struct world *w)
{
    (void)w;
    return with_key("{ \"keys\": [ \"a\", \"b\" ] }");
}
CASE(a_well_formed_array_is_looked_at, good_keys, .fails = "configuration: x.json:1: keys: looked at")

static eff_t *mistyped_option(struct world *w)
{
    static char *argv[] = { (char *)"program", (char *)"-password=hunter2", NULL };
    (void)w;
    return eff_provide(eff_config_string("password"), eff_config_args(2, argv, NULL));
}
CASE(the_value_of_a_mistyped_option_is_not_shown, mistyped_option,
     .fails = "configuration: -password: options begin with --")

TESTS(OBS_012_a_damaged_text_is_an_error_with_its_place, OBS_012_depth_and_length_are_bounded,
      OBS_012_a_text_cut_anywhere_is_an_error, damaged_texts_are_read_or_refused, files_are_read,
      a_file_that_cannot_be_read_is_an_error, OBS_012_a_file_that_is_too_large_is_not_read_to_its_end,
      the_file_may_be_named_by_what_comes_before_it,
      a_named_file_is_named_by_any_source_in_front_however_they_are_nested, a_large_file_of_mistakes_takes_bounded_time,
      a_damaged_text_fails_the_layer, layers_of_sources_are_shared,
      a_secret_item_is_not_shown_and_the_rest_is_not_looked_at, a_well_formed_array_is_looked_at,
      the_value_of_a_mistyped_option_is_not_shown)
