/* Configuration: a struct described by a table, read from arguments, the environment and a file, in this order; all that
 * is wrong is told at once, with where it stands; a secret that is not printed; the text of a --help. */
#include <effect/effect.h>

#include <stdlib.h>

/* ---- in a larger program this part is server_config.h and server_config.c */

typedef struct server_config {
    const char *host;
    int port;
    bool verbose;
    eff_log_level_t level;
    eff_duration_t timeout;
    const eff_secret_t *password;
} server_config_t;
EFF_DECLARE_CONFIG(server_config, server_config_t);

static const eff_config_field_t fields[] = {
    EFF_CONFIG_STRING(server_config_t, host, "server.host", .otherwise = "localhost", .help = "where it serves"),
    EFF_CONFIG_INT(server_config_t, port, "server.port", .otherwise = "8080", .min = "1", .max = "65535",
                   .letter = 'p'),
    EFF_CONFIG_BOOL(server_config_t, verbose, "verbose", .otherwise = "no", .letter = 'v', .help = "say what is done"),
    EFF_CONFIG_ENUM(server_config_t, level, eff_config_log_levels, "log.level", .otherwise = "info"),
    EFF_CONFIG_DURATION(server_config_t, timeout, "server.timeout", .otherwise = "2s", .max = "1m"),
    EFF_CONFIG_SECRET(server_config_t, password, "db.password"),
};
EFF_DEFINE_CONFIG(server_config, server_config_t, fields, .strict = true);

/* ---- the program: asks for the struct, whoever has read it */

static eff_t *serve(server_config_t *c, eff_value_t env)
{
    (void)env;
    size_t n = eff_secret_size(c->password);
    return eff_print_line(eff_printf("serving at %s:%d%s, with a password of %zu characters", c->host, c->port,
                                     c->verbose ? ", verbosely" : "", n));
}

/* Runs it with a file of this text. A real program has eff_config_json_file("app.json") there. */
static eff_t *run(int argc, char **argv, const char *text)
{
    eff_layer_t *file = eff_config_json_text("app.json", text);
    eff_layer_t *config =
        eff_config_or_else(eff_config_args(argc, argv, &server_config_schema), eff_config_env("APP"), file);
    eff_t *e = eff_then(eff_flat_map(server_config_load(), eff_print_value, eff_unit),
                        eff_provide(server_config_with(serve, eff_unit), server_config_live()));
    return eff_provide(e, config);
}

static eff_t *print_help(void)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_config_help(&server_config_schema, "APP", 0, &text);
    eff_t *e = eff_print(eff_string(eff_buffer_text(&text)));
    eff_buffer_done(&text);
    return e;
}

static eff_t *print_message(eff_value_t error, eff_value_t env)
{
    (void)env;
    return eff_print_line(eff_string(eff_as_error(error)->message));
}

int main(void)
{
    char *argv[] = { "server", "-v", "--server.port=80", NULL };
    setenv("APP_DB_PASSWORD", "hunter2", 1);
    eff_t *wrong = run(1, argv,
                       "{\n"
                       "  \"server\": { \"port\": \"eighty\", \"hots\": \"example.org\" },\n"
                       "  \"verbose\": 1\n"
                       "}");
    eff_t *right = run(3, argv, "{ \"server\": { \"host\": \"example.org\", \"port\": 443 } }");
    return eff_main(eff_then(print_help(), eff_then(eff_catch_all(wrong, print_message, eff_unit), right)));
}

/* expected output:
      --server.host=TEXT     where it serves (default localhost)
                             [APP_SERVER_HOST]
  -p, --server.port=N        1 to 65535; default 8080 [APP_SERVER_PORT]
  -v, --verbose              say what is done [APP_VERBOSE]
      --log.level=NAME       one of trace, debug, info, warn, error, fatal, off;
                             default info [APP_LOG_LEVEL]
      --server.timeout=TIME  at most 1m; default 2s [APP_SERVER_TIMEOUT]
      --db.password=SECRET   required [APP_DB_PASSWORD]
3 problems
  app.json:2: server.port: expected an integer from 1 to 65535, got the string "eighty"
  app.json:2: server.hots: unknown; did you mean server.host?
  app.json:3: verbose: expected true or false, got 1
{ server.host = example.org, server.port = 80, verbose = true, log.level = info, server.timeout = 2s, db.password = <secret> }
serving at example.org:80, verbosely, with a password of 7 characters
*/
