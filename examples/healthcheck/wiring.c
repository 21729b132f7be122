/* The wiring is the last function; above it stands the one source of settings that the library does not have: a file
 * that the arguments or the environment name, and without one the demo. */
#include "wiring.h"
#include "demo.h"
#include "settings.h"
#include "terminal.h"

#include <effect/http.h>

enum { MAX_FILE = 16 * 1024 * 1024 /* bytes */ };

static eff_layer_t *choose_source(eff_value_t path_and_url, eff_value_t env)
{
    static const eff_config_file_options_t options = { .size = sizeof options, .max_bytes = MAX_FILE };
    const char *path = eff_as_string(eff_first(path_and_url)), *url = eff_as_string(eff_second(path_and_url));
    (void)env;
    if (*path) return eff_config_json_file_with(path, &options);
    if (*url) return eff_config_json_text("no file", "{}"); /* the services are told without a file */
    return eff_layer_effect(&eff_config_tag, demo_config(), EFF_NO_NEEDS);
}

static eff_layer_t *file_or_demo(void)
{
    eff_t *told = eff_zip(eff_config_string_or("config", ""), eff_config_string_or("services[0].url", ""));
    return eff_layer_flat_map(told, choose_source, eff_unit, EFF_TAGS(&eff_config_tag), &eff_config_tag);
}

eff_layer_t *wiring(int argc, char *const *argv)
{
    static const eff_http_options_t no_waiting = { .max_per_host = MAX_PARALLEL, .max_connections = MAX_PARALLEL };
    return eff_layer_wire(settings_live(), terminal_live(), eff_http_live_with(&no_waiting),
                          eff_config_or_else(eff_config_args(argc, argv, &settings_schema),
                                             eff_config_env("HEALTHCHECK"), file_or_demo()));
}
