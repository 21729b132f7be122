/* Help and wrong arguments come first, from a Config of the arguments alone: neither shall depend on a file that can be
 * read, nor open anything. */
#include "command.h"
#include "check.h"
#include "settings.h"
#include "text.h"

/* ---- the program */

static eff_value_t exit_code(eff_value_t n_down, eff_value_t env)
{
    const settings_t *settings = eff_as_ptr(env);
    return eff_int(eff_as_int(n_down) > 0 && !settings->exit_zero ? EXIT_DOWN : 0);
}

static eff_t *check_as_told(settings_t *settings, eff_value_t env)
{
    (void)env;
    eff_t *e = eff_map(check(), exit_code, eff_ptr(settings));
    return settings->verbose ? eff_log_level(e, EFF_LOG_DEBUG) : e;
}

eff_t *program(void)
{
    return settings_with(check_as_told, eff_unit);
}

/* ---- what is said besides */

static const char usage[] =
    "usage: healthcheck [--name=value ...]\n"
    "\n"
    "Probes HTTP services, prints how they are, and writes a report. Without services it probes a server of its own. A\n"
    "file of services is JSON:\n"
    "\n"
    "  { \"services\": [ { \"name\": \"api\", \"url\": \"http://localhost:8080/health\",\n"
    "                    \"status\": 200, \"timeout\": 2, \"retries\": 2 } ] }\n"
    "\n"
    "What can be told, as an argument, in the environment, or in the file; what comes first of these counts:\n"
    "\n";

static const char codes[] =
    "\n"
    "Exit code: 0, or 1 when a service is down; 2 when it could not do its work; 130 on Ctrl-C.\n";

static eff_t *print_help(void)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_add(&text, usage);
    eff_config_help(&settings_schema, "HEALTHCHECK", 100, &text);
    eff_buffer_add(&text, codes);
    eff_t *e = eff_print(eff_string(eff_buffer_text(&text)));
    eff_buffer_done(&text);
    return eff_map_to(e, eff_int(0));
}

static eff_t *tell(eff_value_t error, eff_value_t env)
{
    (void)env;
    const char *message = eff_as_error(error)->message;
    eff_buffer_t text = EFF_BUFFER_INIT;
    bool has_lines = eff_error_is(error, &eff_config_error); /* then all that they quote is escaped */
    if (has_lines) eff_buffer_add(&text, message);
    else text_add_printable(&text, message);
    eff_t *e = eff_print_error_line(eff_printf("healthcheck: %s", eff_buffer_text(&text)));
    eff_buffer_done(&text);
    return eff_map_to(e, eff_int(EXIT_TROUBLE));
}

/* ---- what comes first */

static eff_value_t with_hint(eff_value_t error, eff_value_t env)
{
    (void)env;
    return eff_error(&eff_config_error, 0, "%s\ntry: healthcheck --help", eff_as_error(error)->message);
}

static eff_t *wants_help(int argc, char *const *argv)
{
    eff_t *e = eff_provide(eff_config_bool_or("help", false), eff_config_args(argc, argv, &settings_schema));
    return eff_map_error(e, with_hint, eff_unit);
}

static eff_t *help_or(eff_value_t help, eff_value_t e)
{
    return eff_as_bool(help) ? print_help() : eff_incref(eff_as_effect(e));
}

eff_t *command(int argc, char *const *argv, eff_t *e)
{
    return eff_catch_all(eff_flat_map(wants_help(argc, argv), help_or, eff_effect_value(e)), tell, eff_unit);
}
