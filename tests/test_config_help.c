/* Configuration: the help of a command line, and the table of log levels. */
#include <string.h>
#include <strings.h>

#include "support/case.h"
#include "support/failing_allocator.h"

typedef struct feed {
    const char *url;
    eff_duration_t every;
} feed_t;

typedef struct tool {
    const char *host;
    int port;
    bool verbose;
    bool colour;
    eff_log_level_t level;
    eff_duration_t timeout;
    size_t limit;
    const eff_secret_t *password;
    int pin;
    const char **tags;
    size_t n_tags;
    double ratio;
    feed_t *feeds;
    size_t n_feeds;
    eff_value_t extra;
} tool_t;
EFF_DECLARE_CONFIG(tool, tool_t);

static const eff_config_field_t feed_fields[] = {
    EFF_CONFIG_STRING(feed_t, url, "url", .help = "where it is"),
    EFF_CONFIG_DURATION(feed_t, every, "every-so-often-and-no-more", .otherwise = "1h"),
};
static const eff_config_schema_t feed_schema = EFF_CONFIG_SCHEMA(feed_t, feed_fields);

static const eff_config_field_t tool_fields[] = {
    EFF_CONFIG_STRING(tool_t, host, "server.host", .otherwise = "localhost", .help = "where it serves"),
    EFF_CONFIG_INT(tool_t, port, "server.port", .otherwise = "8080", .min = "1", .max = "65535", .letter = 'p'),
    EFF_CONFIG_BOOL(tool_t, verbose, "verbose", .otherwise = "no", .letter = 'v', .help = "say what is done"),
    EFF_CONFIG_BOOL(tool_t, colour, "colour", .otherwise = "yes"),
    EFF_CONFIG_ENUM(tool_t, level, eff_config_log_levels, "log.level", .otherwise = "info",
                    .help = "which messages are logged: those of this level and above"),
    EFF_CONFIG_DURATION(tool_t, timeout, "timeout", .optional = true),
    EFF_CONFIG_SIZE(tool_t, limit, "limit", .max = "1 GiB", .help = "größte Datei"),
    EFF_CONFIG_SECRET(tool_t, password, "password"),
    EFF_CONFIG_INT(tool_t, pin, "pin", .otherwise = "1234", .secret = true),
    EFF_CONFIG_STRINGS(tool_t, tags, n_tags, "tags", .otherwise = "", .max = "3"),
    EFF_CONFIG_DOUBLE(tool_t, ratio, "ratio", .min = "0", .optional = true),
    EFF_CONFIG_LIST(tool_t, feeds, n_feeds, feed_schema, "feeds"),
    EFF_CONFIG_JSON(tool_t, extra, "extra", .optional = true),
};
EFF_DEFINE_CONFIG(tool, tool_t, tool_fields);

static const char with_environment[] =
    "      --server.host=TEXT   where it serves (default localhost) [APP_SERVER_HOST]\n"
    "  -p, --server.port=N      1 to 65535; default 8080 [APP_SERVER_PORT]\n"
    "  -v, --verbose            say what is done [APP_VERBOSE]\n"
    "      --colour             default yes [APP_COLOUR]\n"
    "      --log.level=NAME     which messages are logged: those of this level and\n"
    "                           above (one of trace, debug, info, warn, error, fatal,\n"
    "                           off; default info) [APP_LOG_LEVEL]\n"
    "      --timeout=TIME       such as 1m 30s [APP_TIMEOUT]\n"
    "      --limit=BYTES        größte Datei (at most 1 GiB; required) [APP_LIMIT]\n"
    "      --password=SECRET    required [APP_PASSWORD]\n"
    "      --pin=SECRET         default <secret> [APP_PIN]\n"
    "      --tags=A,B           at most 3 of them; default \"\" [APP_TAGS]\n"
    "      --ratio=NUMBER       at least 0 [APP_RATIO]\n"
    "      --feeds[n].url=TEXT  where it is (required) [APP_FEEDS_N_URL]\n"
    "      --feeds[n].every-so-often-and-no-more=TIME\n"
    "                           default 1h [APP_FEEDS_N_EVERY_SO_OFTEN_AND_NO_MORE]\n"
    "      --extra=JSON         [APP_EXTRA]\n";

START_TEST(help_has_two_columns)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_config_help(&tool_schema, "APP", 0, &text);
    ck_assert_str_eq(eff_buffer_text(&text), with_environment);
    eff_buffer_done(&text);
}
END_TEST

START_TEST(help_is_as_wide_as_it_may_be)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_add(&text, "before: ");
    eff_config_help(&feed_schema, NULL, 40, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "before:   --url=TEXT                         where it is (required)\n"
                                             "  --every-so-often-and-no-more=TIME  default 1h\n");
    eff_buffer_clear(&text);
    eff_config_help(&tool_schema, NULL, 200, &text);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "warn, error, fatal, off; default info)\n"));
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "\n      --extra=JSON\n"));
    eff_buffer_done(&text);
}
END_TEST

static void make_help(void)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_config_help(&tool_schema, "APP", 0, &text);
    ck_assert(text.truncated || strcmp(eff_buffer_text(&text), with_environment) == 0);
    eff_buffer_done(&text);
}
typedef struct wordy {
    const char *name;
    const char *rest;
} wordy_t;
static const eff_config_field_t wordy_fields[] = {
    EFF_CONFIG_STRING(wordy_t, name, "name", .otherwise = "x", .help = "one line\nand\tanother,\n\n  and a third\n"),
    EFF_CONFIG_STRING(wordy_t, rest, "rest", .help = ""),
};
static const eff_config_schema_t wordy_schema = EFF_CONFIG_SCHEMA(wordy_t, wordy_fields);

START_TEST(lines_of_a_text_stay_in_its_column)
{
    eff_buffer_t out = EFF_BUFFER_INIT;
    eff_config_help(&wordy_schema, NULL, 1, &out);
    ck_assert_str_eq(eff_buffer_text(&out), "  --name=TEXT  one line and another,\n"
                                            "               and a third (default x)\n"
                                            "  --rest=TEXT  (required)\n");
    eff_buffer_done(&out);
}
END_TEST

START_TEST(help_without_memory_is_cut)
{
    fail_every_allocation(make_help);
}
END_TEST

static eff_t *read_level(struct world *w)
{
    (void)w;
    eff_layer_t *config = eff_config_memory("limit=1", "password=x", "feeds[0].url=u", "log.level=warn");
    return eff_provide(tool_load(), config);
}
static void check_level(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert(exit->ok);
    ck_assert_int_eq(tool_of(exit->value)->level, EFF_LOG_WARN);
    for (const eff_config_name_t *n = eff_config_log_levels; n->name; n++) {
        eff_log_level_t level = (eff_log_level_t)n->value;
        ck_assert(level == EFF_LOG_OFF || strcasecmp(eff_log_level_name(level), n->name) == 0);
    }
}
CASE(log_levels_are_configured_by_name, read_level, .check = check_level)

TESTS(help_has_two_columns, help_is_as_wide_as_it_may_be, lines_of_a_text_stay_in_its_column,
      help_without_memory_is_cut, log_levels_are_configured_by_name)
