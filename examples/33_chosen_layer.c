/* A layer that is chosen when it is built: the Logger, by the configuration. Its level comes along with it, so a layer that
 * logs while it is built needs nothing but the Logger. The wiring is the same whatever is chosen, and can be drawn. */
#include <effect/effect.h>

#include <stdio.h>

/* ---- settings */

typedef struct log_settings {
    int format, level;
} log_settings_t;
EFF_DECLARE_CONFIG(log_settings, log_settings_t);

enum { TEXT, JSON, NONE };
static const eff_config_name_t formats[] = { { "text", TEXT }, { "json", JSON }, { "none", NONE }, { NULL, 0 } };
static const eff_config_field_t fields[] = {
    EFF_CONFIG_ENUM(log_settings_t, format, formats, "log.format", .otherwise = "text"),
    EFF_CONFIG_ENUM(log_settings_t, level, eff_config_log_levels, "log.level", .otherwise = "info"),
};
EFF_DEFINE_CONFIG(log_settings, log_settings_t, fields);

/* ---- the logger */

static eff_layer_t *choose_logger(eff_value_t context, eff_value_t env)
{
    const log_settings_t *s = log_settings_from(eff_as_context(context));
    (void)env;
    if (s->format == NONE) return eff_logger_none();
    eff_log_format_fn format = s->format == JSON ? eff_log_format_json : eff_log_format_text;
    return eff_logger_level(eff_logger_lines(format, eff_print_value, eff_unit), (eff_log_level_t)s->level);
}
static eff_layer_t *logger(void)
{
    return eff_layer_flat_map(eff_context(), choose_logger, eff_unit, EFF_TAGS(&eff_logger_tag), &log_settings_tag);
}

/* ---- what logs while it is built */

typedef struct pool {
    int n;
} pool_t;
EFF_DECLARE_SERVICE(pool, pool_t);
EFF_DEFINE_SERVICE(pool, pool_t);

static eff_t *open_pool(void)
{
    static pool_t pool;
    return eff_map_to(eff_log_debug("connecting"), pool_value(&pool));
}
eff_layer_t *pool_live(void);
EFF_DEFINE_LAYER(pool_live, pool, pool_t, open_pool, NULL, &eff_logger_tag);

/* ---- the program */

static eff_t *serve(pool_t *pool, eff_value_t env)
{
    (void)pool, (void)env;
    return eff_log_info("serving");
}

static eff_layer_t *wiring(eff_layer_t *config)
{
    return eff_layer_wire(pool_live(), logger(), log_settings_live(), config);
}
static eff_t *run(eff_layer_t *config)
{
    return eff_provide(pool_with(serve, eff_unit), wiring(config));
}

static void draw(void)
{
    eff_layer_t *app = wiring(eff_config_env("APP"));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_layer_describe(app, &text);
    printf("%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_layer_decref(app);
}

int main(void)
{
    draw();
    fflush(stdout);
    eff_t *as_json = run(eff_config_memory("log.format=json", "log.level=debug"));
    eff_t *not_at_all = run(eff_config_memory("log.format=none"));
    eff_t *for_people = run(eff_config_memory("log.level=info"));
    return eff_main(eff_then(as_json, eff_then(not_at_all, for_people)));
}

/* expected output:
wire (33_chosen_layer.c:...): provides pool, eff_logger, log_settings, eff_config
  pool_live: provides pool; needs eff_logger (by flat_map choose_logger (33_chosen_layer.c:...))
  flat_map choose_logger (33_chosen_layer.c:...), chosen when built: provides eff_logger; needs log_settings (by log_settings_live)
  log_settings_live: provides log_settings; needs eff_config (by eff_config_env (33_chosen_layer.c:...))
  eff_config_env (33_chosen_layer.c:...): provides eff_config
{"time":"...","level":"DEBUG","message":"connecting","fiber":...,"name":"pool_live","site":"33_chosen_layer.c:..."}
{"time":"...","level":"INFO","message":"serving","fiber":1,"site":"33_chosen_layer.c:..."}
...Z INFO  fiber 1: serving
*/
