/* Configuration: whole structs, described by tables; everything that is wrong with them at once. */
#include <stdlib.h>
#include <string.h>

#include "support/case.h"

/* ---- a program's configuration */

typedef enum level { QUIET, NORMAL, LOUD } level_t;

typedef struct db_config {
    const char *url;
    const eff_secret_t *password;
    unsigned char pool;
} db_config_t;

typedef struct target {
    const char *name;
    int port;
} target_t;

typedef struct app_config {
    const char *host;
    int port;
    bool verbose;
    double ratio;
    eff_duration_t timeout;
    size_t limit;
    level_t level;
    db_config_t db;
    const char **tags;
    size_t n_tags;
    target_t *targets;
    size_t n_targets;
    eff_value_t extra;
} app_config_t;
EFF_DECLARE_CONFIG(app_config, app_config_t);

static const eff_config_name_t levels[] = { { "quiet", QUIET }, { "normal", NORMAL }, { "loud", LOUD }, { NULL, 0 } };

static void check_url(const void *field, eff_buffer_t *problem)
{
    if (strncmp(*(const char *const *)field, "db://", 5) != 0) eff_buffer_add(problem, "expected a URL of db://");
}

static const eff_config_field_t db_fields[] = {
    EFF_CONFIG_STRING(db_config_t, url, "url", .check = check_url),
    EFF_CONFIG_SECRET(db_config_t, password, "password", .letter = 'P'),
    EFF_CONFIG_INT(db_config_t, pool, "pool-size", .otherwise = "8", .help = "connections"),
};
static const eff_config_schema_t db_schema = EFF_CONFIG_SCHEMA(db_config_t, db_fields);

static const eff_config_field_t target_fields[] = {
    EFF_CONFIG_STRING(target_t, name, "name"),
    EFF_CONFIG_INT(target_t, port, "port", .otherwise = "80", .min = "1", .max = "65535"),
};
static const eff_config_schema_t target_schema = EFF_CONFIG_SCHEMA(target_t, target_fields);

static void check_app(const void *record, eff_buffer_t *problem)
{
    const app_config_t *c = record;
    if (c->verbose && c->level == QUIET) eff_buffer_add(problem, "verbose and quiet at once");
}

static const eff_config_field_t app_fields[] = {
    EFF_CONFIG_STRING(app_config_t, host, "server.host", .otherwise = "localhost"),
    EFF_CONFIG_INT(app_config_t, port, "server.port", .otherwise = "8080", .min = "1", .max = "65535", .letter = 'p'),
    EFF_CONFIG_BOOL(app_config_t, verbose, "verbose", .otherwise = "no", .letter = 'v'),
    EFF_CONFIG_DOUBLE(app_config_t, ratio, "ratio", .otherwise = "0.5", .min = "0", .max = "1"),
    EFF_CONFIG_DURATION(app_config_t, timeout, "timeout", .otherwise = "2s", .min = "1ms", .max = "1h", .unit = "s"),
    EFF_CONFIG_SIZE(app_config_t, limit, "limit", .otherwise = "64 KiB", .max = "1GiB"),
    EFF_CONFIG_ENUM(app_config_t, level, levels, "log.level", .otherwise = "normal"),
    EFF_CONFIG_STRUCT(app_config_t, db, db_schema, "db"),
    EFF_CONFIG_STRINGS(app_config_t, tags, n_tags, "tags", .otherwise = "a, b"),
    EFF_CONFIG_LIST(app_config_t, targets, n_targets, target_schema, "targets", .optional = true, .max = "3"),
    EFF_CONFIG_JSON(app_config_t, extra, "extra", .optional = true),
};
EFF_DEFINE_CONFIG(app_config, app_config_t, app_fields, .strict = true, .operands = true, .check = check_app);

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
    return eff_config_args_at(site, (int)n, (char *const *)(uintptr_t)argv, &app_config_schema);
}
#define ARGS(...) EFF_LISTED_(args_of, const char *, "program", __VA_ARGS__)
static eff_layer_t *env(void)
{
    return eff_config_env("TCFG");
}

#define DB "\"db\": { \"url\": \"db://x\", \"password\": \"hunter2\" }"

/* ---- all is well */

static eff_t *by_default(struct world *w)
{
    (void)w;
    return with(json("{ " DB " }"), app_config_load());
}
CASE(a_struct_is_read_with_its_defaults, by_default,
     .succeeds = "{ server.host = localhost, server.port = 8080, verbose = false, ratio = 0.5, timeout = 2s, limit = "
                 "65536, log.level = normal, db.url = db://x, db.password = <secret>, db.pool-size = 8, tags = [a, b], "
                 "extra = none }")

static eff_t *everything(struct world *w)
{
    (void)w;
    return with(json(
                    "{ \"server\": { \"host\": \"h\", \"port\": 1 }, \"verbose\": true, \"ratio\": 1, \"timeout\": 2.5,"
                    "\"limit\": \"1GiB\", \"log\": { \"level\": \"loud\" }, " DB ", \"tags\": [], \"targets\": ["
                    "{ \"name\": \"one\" }, { \"name\": \"two\", \"port\": 2 } ], \"extra\": [ { \"x\": 1 } ] }"),
                app_config_load());
}
CASE(a_struct_is_read_from_a_document, everything,
     .succeeds = "{ server.host = h, server.port = 1, verbose = true, ratio = 1.0, timeout = 2s 500ms, limit = "
                 "1073741824, log.level = loud, db.url = db://x, db.password = <secret>, db.pool-size = 8, tags = [], "
                 "targets[0].name = one, targets[0].port = 80, targets[1].name = two, targets[1].port = 2, extra = "
                 "[{\"x\":1}] }")

static eff_t *look(eff_value_t v, eff_value_t w)
{
    (void)w;
    const app_config_t *c = app_config_of(v);
    ck_assert_str_eq(c->db.url, "db://x");
    ck_assert_str_eq(eff_secret_reveal(c->db.password), "hunter2");
    ck_assert_uint_eq(c->db.pool, 255);
    ck_assert_int_eq(c->timeout.ns, 90 * INT64_C(1000000000));
    ck_assert_uint_eq(c->n_targets, 2);
    ck_assert_str_eq(c->targets[1].name, "t1");
    ck_assert_uint_eq(c->n_tags, 3);
    ck_assert_str_eq(c->tags[2], "z");
    ck_assert_ptr_null(c->extra.type);
    return eff_noop();
}
static eff_t *from_everywhere(struct world *w)
{
    (void)w;
    setenv("TCFG_DB_PASSWORD", "hunter2", 1);
    setenv("TCFG_TARGETS_0_NAME", "t0", 1);
    setenv("TCFG_TARGETS_1_NAME", "t1", 1);
    eff_layer_t *sources =
        eff_config_or_else(ARGS("--db.pool_size", "255", "--tags=x, y", "--tags", "y", "--tags", "z", "-v", "operand"),
                           eff_config_or_else(env(), eff_config_memory("db.url=db://x", "timeout=1.5m", "tags=no",
                                                                       "targets.0.name=no")));
    return eff_flat_map(with(sources, app_config_load()), look, eff_unit);
}
CASE(a_struct_is_read_from_everywhere, from_everywhere, .succeeds = "unit")

/* Its service: the struct lives as long as the effect. */
static eff_t *use_it(app_config_t *c, eff_value_t unused)
{
    (void)unused;
    return eff_succeed(eff_printf("%s:%d", c->host, c->port));
}
static eff_t *as_a_service(struct world *w)
{
    (void)w;
    eff_t *e = eff_provide(app_config_with(use_it, eff_unit), app_config_live());
    return with(eff_config_or_else(ARGS("-p", "99", "-Phunter2"), json("{ \"db\": { \"url\": \"db://x\" } }")), e);
}
CASE(a_struct_is_a_service, as_a_service, .succeeds = "localhost:99")

static eff_t *nested(struct world *w)
{
    (void)w;
    return with(json("{ \"other\": 1, \"app\": { " DB " } }"),
                eff_map_to(eff_config_nested(app_config_load(), "app"), eff_int(1)));
}
CASE(a_struct_is_read_below_a_path, nested, .succeeds = "1")

/* ---- what is wrong */

static eff_t *all_wrong(struct world *w)
{
    (void)w;
    setenv("TCFG_DB_URL", "http://x", 1);
    setenv("TCFG_SERVER_HOTS", "x", 1);
    setenv("TCFG_LIMIT", "2GiB", 1);
    eff_layer_t *file = json("{\n"
                             "  \"server\": { \"port\": 70000, \"hots\": \"x\" },\n"
                             "  \"verbose\": \"yes\",\n"
                             "  \"ratio\": 1.5,\n"
                             "  \"timeout\": \"2h\",\n"
                             "  \"log\": { \"level\": \"loudest\" },\n"
                             "  \"db\": { \"pool-size\": 256 },\n"
                             "  \"targets\": [\n"
                             "    { \"name\": \"a\", \"port\": 0 },\n"
                             "    { \"nam\": \"b\" },\n"
                             "    7\n"
                             "  ]\n"
                             "}");
    return with(eff_config_or_else(env(), file), app_config_load());
}
CASE(all_that_is_wrong_is_told_at_once, all_wrong,
     .fails = "configuration: 15 problems\n"
              "  environment TCFG_LIMIT: expected a number of bytes of at most 1GiB, got \"2GiB\"\n"
              "  environment TCFG_DB_URL: expected a URL of db://\n"
              "  environment TCFG_SERVER_HOTS: unknown; did you mean TCFG_SERVER_HOST?\n"
              "  app.json:2: server.port: expected an integer from 1 to 65535, got 70000\n"
              "  app.json:2: server.hots: unknown; did you mean server.host?\n"
              "  app.json:3: verbose: expected true or false, got the string \"yes\"\n"
              "  app.json:4: ratio: expected a number from 0 to 1, got 1.5\n"
              "  app.json:5: timeout: expected a duration from 1ms to 1h, got the string \"2h\"\n"
              "  app.json:6: log.level: expected one of quiet, normal, loud, got the string \"loudest\"\n"
              "  app.json:7: db.pool-size: expected an integer from 0 to 255, got 256\n"
              "  app.json:9: targets[0].port: expected an integer from 1 to 65535, got 0\n"
              "  app.json:10: targets[1].name: missing\n"
              "  app.json:10: targets[1].nam: unknown; did you mean targets[1].name?\n"
              "  app.json:11: targets[2]: expected an object, got 7\n"
              "  db.password: missing; looked for as environment TCFG_DB_PASSWORD, in app.json")

static eff_t *one_wrong(struct world *w)
{
    (void)w;
    return with(eff_config_memory("db.url=db://x", "db.password=x", "ratio=2"), app_config_load());
}
CASE(a_single_problem_is_the_message, one_wrong,
     .fails = "configuration: memory: ratio: expected a number from 0 to 1, got \"2\"")

static eff_t *only_missing(struct world *w)
{
    (void)w;
    return with(json("{}"), app_config_load());
}
CASE(what_is_only_missing_has_a_kind_of_its_own, only_missing,
     .fails = "configuration missing: 2 problems\n"
              "  db.url: missing; looked for in app.json\n"
              "  db.password: missing; looked for in app.json")

static eff_t *as_a_whole(struct world *w)
{
    (void)w;
    return with(eff_config_memory("db.url=db://x", "db.password=x", "verbose=1", "log.level=quiet"), app_config_load());
}
CASE(a_struct_is_checked_as_a_whole, as_a_whole, .fails = "configuration: verbose and quiet at once")

static eff_t *too_many(struct world *w)
{
    (void)w;
    return with(json("{ " DB ", \"targets\": [1, 2, 3, 4], \"tags\": [\"a\", [] ] }"), app_config_load());
}
CASE(lists_have_limits, too_many,
     .fails = "configuration: 2 problems\n"
              "  app.json:1: tags[1]: expected a string, got an array of 0\n"
              "  app.json:1: targets: expected an array of at most 3 objects, got an array of 4")

static eff_t *no_containers(struct world *w)
{
    (void)w;
    return with(json("{ \"db\": 1,\n \"targets\": {},\n \"tags\": \"a, b\" }"), app_config_load());
}
CASE(what_should_be_a_container_is_told_once, no_containers,
     .fails = "configuration: 3 problems\n"
              "  app.json:1: db: expected an object, got 1\n"
              "  app.json:2: targets: expected an array of at most 3 objects, got an object\n"
              "  app.json:3: tags: expected an array of strings, got the string \"a, b\"")

static eff_t *odd_keys(struct world *w)
{
    (void)w;
    return with(json("{ " DB ",\n \"db.url\": 1,\n \"x\\u001b[2J\": 1,\n \"servr\": { \"host\": 1 },\n"
                     " \"server\": {\n \"host\": \"h\", \"port\": 1,\n \"poort\": 1,\n \"\": 2 },\n"
                     " \"log\": 5, \"a\": [ 1 ] }"),
                app_config_load());
}
CASE(keys_that_nothing_is_for_are_told, odd_keys,
     .fails = "configuration: 7 problems\n"
              "  app.json:2: \"db.url\": unknown; a key with a dot or bracket in it names nothing\n"
              "  app.json:3: \"x\\x1b[2J\": unknown; a key with a dot or bracket in it names nothing\n"
              "  app.json:4: servr: unknown; did you mean server?\n"
              "  app.json:7: server.poort: unknown; did you mean server.port?\n"
              "  app.json:8: \"\": unknown; a key with a dot or bracket in it names nothing\n"
              "  app.json:9: log: expected an object\n"
              "  app.json:9: a: unknown")

static eff_t *many(struct world *w)
{
    (void)w;
    static char text[8192] = "{ " DB ", \"tags\": [";
    if (!strchr(text, ']')) {
        size_t n = strlen(text);
        for (int i = 0; i < 1000; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "1,\n");
        snprintf(text + n, sizeof text - n, "\"\"] }");
    }
    return with(json(text), app_config_load());
}
static void check_many(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    eff_value_t error = eff_unit;
    ck_assert(!exit->ok && eff_cause_failure(exit->cause, &error));
    const char *message = eff_as_error(error)->message;
    size_t n_lines = 0;
    for (const char *p = message; (p = strchr(p, '\n')); p++)
        n_lines++;
    ck_assert_uint_eq(n_lines, 51);
    ck_assert_ptr_nonnull(strstr(message, "1000 problems\n"));
    ck_assert_ptr_nonnull(strstr(message, "\n  and 950 more"));
}

/* In a cause each problem has a line of its own; other errors have one. */
START_TEST(a_cause_has_a_line_for_each_problem)
{
    eff_exit_t exit = eff_test_run(with(json("{ \"x\\n\": 1 }"), app_config_load()));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_exit_format(&exit, &text);
    const char *lines = "error: configuration: 3 problems\n"
                        "    app.json:1: x\\n: unknown\n"
                        "    db.url: missing; looked for in app.json\n"
                        "    db.password: missing; looked for in app.json";
    ck_assert_msg(strstr(eff_buffer_text(&text), lines) != NULL, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_exit_decref(exit);
}
END_TEST

/* ---- arguments, checked against the schema */

static eff_t *wrong_arguments(struct world *w)
{
    (void)w;
    return with(ARGS("--db.urll=x", "--verbose", "operand", "--server.port", "--log.level", "-x", "-p", "--hots"),
                app_config_load());
}
CASE(options_are_checked_as_they_are_read, wrong_arguments,
     .fails = "configuration: 6 problems\n"
              "  --db.urll: unknown option; did you mean --db.url?\n"
              "  --server.port: needs a value\n"
              "  --log.level: needs a value\n"
              "  -x: unknown option\n"
              "  -p: needs a value\n"
              "  --hots: unknown option")

static eff_t *truths(struct world *w)
{
    (void)w;
    return with(ARGS("--verbose", "x", "--verbose=off", "-v", "-3"),
                eff_zip(eff_config_bool("verbose"), eff_config_operands()));
}
CASE(a_truth_takes_no_argument, truths, .succeeds = "(true, [\"x\", \"-3\"])")

/* ---- numbers that are secret */

typedef struct pin {
    int number;
} pin_t;
EFF_DECLARE_CONFIG(pin, pin_t);
static const eff_config_field_t pin_fields[] = {
    EFF_CONFIG_INT(pin_t, number, "pin", .min = "1000", .max = "9999", .secret = true),
};
EFF_DEFINE_CONFIG(pin, pin_t, pin_fields);

static eff_t *secret_number(struct world *w)
{
    (void)w;
    return with(eff_config_memory("pin=1234x"), pin_load());
}
CASE(a_malformed_secret_is_not_shown, secret_number,
     .fails = "configuration: memory: pin: expected an integer from 1000 to 9999")

static eff_t *secret_in_a_document(struct world *w)
{
    (void)w;
    return with(json("{ \"pin\": 12345 }"), pin_load());
}
CASE(a_secret_out_of_range_is_not_shown, secret_in_a_document,
     .fails = "configuration: app.json:1: pin: expected an integer from 1000 to 9999, got a number")

static eff_t *secret_printed(struct world *w)
{
    (void)w;
    return with(eff_config_memory("pin=1234"), pin_load());
}
CASE(a_secret_number_is_not_printed, secret_printed, .succeeds = "{ pin = <secret> }")

/* ---- damage */

static const char document[] =
    "{ \"server\": { \"host\": \"h\", \"port\": 80 }, \"verbose\": true, \"ratio\": 1, \"timeout\": 2.5, \"limit\": \"1GiB\",\n"
    "  \"log\": { \"level\": \"loud\" }, " DB ", \"tags\": [\"a\", \"b\"], \"targets\": [ { \"name\": \"one\" },\n"
    "  { \"name\": \"two\", \"port\": 2 } ], \"extra\": [ { \"x\": 1 } ] }";

/* Bytes in place of others: what comes out is read, or refused with messages that say where and show no secret. */
START_TEST(a_damaged_document_is_read_or_refused)
{
    static const char noise[] = "{}[]\":,\\u0e-.tfn \n\x01\xff";
    unsigned seed = 4321;
    int n_read = 0, n_refused = 0;
    for (int i = 0; i < 5000; i++) {
        char text[sizeof document];
        memcpy(text, document, sizeof document);
        for (int k = 0; k < 1 + i % 2; k++) {
            seed = seed * 1103515245u + 12345u;
            text[(seed >> 8) % (sizeof document - 1)] = noise[(seed >> 20) % (sizeof noise - 1)];
        }
        eff_exit_t exit = eff_test_run(with(json(text), app_config_load()));
        eff_value_t error;
        if (exit.ok) {
            n_read++;
        } else {
            n_refused++;
            ck_assert(!eff_cause_has_die(exit.cause) && eff_cause_failure(exit.cause, &error));
            ck_assert(eff_error_is(error, &eff_config_error));
            ck_assert_ptr_nonnull(strstr(eff_as_error(error)->message, "app.json"));
            ck_assert_ptr_null(strstr(eff_as_error(error)->message, "unter2"));
        }
        eff_exit_decref(exit);
    }
    ck_assert_int_gt(n_read, 100);
    ck_assert_int_gt(n_refused, 1000);
}
END_TEST

/* ---- what can be configured */

START_TEST(a_schema_can_be_described)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_config_describe(&db_schema, "APP", &text);
    ck_assert_str_eq(eff_buffer_text(&text), "url, APP_URL: a string; required\n"
                                             "password, -P, APP_PASSWORD: a string, which is secret; required\n"
                                             "pool-size, APP_POOL_SIZE: an integer; 8 by default. connections\n");
    eff_buffer_clear(&text);
    eff_config_describe(&app_config_schema, NULL, &text);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "log.level: one of quiet, normal, loud; normal by default\n"));
    ck_assert_ptr_nonnull(
        strstr(eff_buffer_text(&text), "targets[n].port: an integer from 1 to 65535; 80 by default\n"));
    eff_buffer_done(&text);
}
END_TEST

CASE(of_many_problems_the_first_are_told, many, .check = check_many)

TESTS(a_struct_is_read_with_its_defaults, a_struct_is_read_from_a_document, a_struct_is_read_from_everywhere,
      a_struct_is_a_service, a_struct_is_read_below_a_path, all_that_is_wrong_is_told_at_once,
      a_single_problem_is_the_message, what_is_only_missing_has_a_kind_of_its_own, a_struct_is_checked_as_a_whole,
      lists_have_limits, what_should_be_a_container_is_told_once, keys_that_nothing_is_for_are_told,
      a_cause_has_a_line_for_each_problem, options_are_checked_as_they_are_read, a_truth_takes_no_argument,
      a_malformed_secret_is_not_shown, a_secret_out_of_range_is_not_shown, a_secret_number_is_not_printed,
      a_damaged_document_is_read_or_refused, a_schema_can_be_described, of_many_problems_the_first_are_told)
