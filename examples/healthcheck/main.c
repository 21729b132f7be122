/* healthcheck: asks HTTP services how they are. Run without arguments it shows itself off, on services of its own.
 *
 * Exit code: 0, or 1 when a service of --config is down; 2 when it could not do its work; 130 on Ctrl-C. */
#include "check.h"
#include "demo.h"
#include "text.h"

#include <effect/http.h>
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_DOWN = 1, EXIT_TROUBLE = 2, DEFAULT_PARALLEL = 16, DEMO_PARALLEL = 3, MAX_PARALLEL = 1000 };

static const char usage[] =
    "usage: healthcheck [options]\n"
    "\n"
    "Probes HTTP services, prints how they are, and writes a report. Without --config it probes a server of its own.\n"
    "\n"
    "  --config FILE    the services, as JSON:\n"
    "                   { \"services\": [ { \"name\": \"api\", \"url\": \"http://localhost:8080/health\",\n"
    "                                     \"status\": 200, \"timeout\": 2, \"retries\": 2 } ] }\n"
    "  --parallel N     probes at once, 1 to 1000 (16; without --config 3)\n"
    "  --report FILE    where to write the report (healthcheck-report.json)\n"
    "  --help           this text\n"
    "\n"
    "Exit code: 0, or 1 when a service of --config is down; 2 when it could not do its work; 130 on Ctrl-C.\n";

typedef struct arguments {
    const char *config; /* NULL: the demo */
    check_options_t check;
} arguments_t;

/* ---- the program */

static eff_t *load_services(const arguments_t *arguments)
{
    return arguments->config ? config_load(arguments->config) : demo_services();
}

static eff_t *check_them(eff_value_t services, eff_value_t env)
{
    const arguments_t *arguments = eff_as_ptr(env);
    return check(services_incref(services_of(services)), &arguments->check);
}

static eff_value_t exit_code(eff_value_t n_down, eff_value_t env)
{
    const arguments_t *arguments = eff_as_ptr(env);
    return eff_int(arguments->config && eff_as_int(n_down) > 0 ? EXIT_DOWN : 0); /* the demo is there to fail */
}

static eff_value_t trouble(eff_value_t error, eff_value_t env)
{
    (void)env;
    const char *message = eff_as_error(error)->message;
    eff_buffer_t text = EFF_BUFFER_INIT;
    bool has_lines = eff_error_is(error, &eff_config_error); /* then all that they quote is escaped */
    if (has_lines) eff_buffer_add(&text, message);
    else text_add_printable(&text, message);
    fprintf(stderr, "healthcheck: %s\n", eff_buffer_text(&text));
    eff_buffer_done(&text);
    return eff_int(EXIT_TROUBLE);
}

static eff_value_t unchanged(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_value_incref(v);
}

static eff_t *program(const arguments_t *arguments)
{
    eff_t *e = load_services(arguments);
    e = eff_flat_map(e, check_them, eff_ptr(arguments));
    e = eff_map(e, exit_code, eff_ptr(arguments));
    return eff_match(e, trouble, unchanged, eff_unit);
}

/* ---- the arguments */

static bool is_terminal(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) && !(term && strcmp(term, "dumb") == 0);
}

static size_t parse_parallel(const char *text)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && n >= 1 && n <= MAX_PARALLEL) return (size_t)n;
    fprintf(stderr, "healthcheck: --parallel must be a number between 1 and %d, not '%s'\n", MAX_PARALLEL, text);
    exit(EXIT_TROUBLE);
}

static arguments_t parse_arguments(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "parallel", required_argument, NULL, 'p' },
        { "report", required_argument, NULL, 'r' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    const char *no_color = getenv("NO_COLOR");
    arguments_t arguments = { 0 };
    arguments.check.report_path = "healthcheck-report.json";
    arguments.check.out = stdout;
    arguments.check.colour = is_terminal(STDOUT_FILENO) && !(no_color && *no_color);
    arguments.check.progress = stderr;
    arguments.check.live = is_terminal(STDERR_FILENO);
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'c': arguments.config = optarg; break;
        case 'p': arguments.check.parallel = parse_parallel(optarg); break;
        case 'r': arguments.check.report_path = optarg; break;
        case 'h': fputs(usage, stdout); exit(0);
        default: fputs("try: healthcheck --help\n", stderr); exit(EXIT_TROUBLE);
        }
    }
    if (optind < argc) {
        fprintf(stderr, "healthcheck: unexpected argument '%s'\ntry: healthcheck --help\n", argv[optind]);
        exit(EXIT_TROUBLE);
    }
    if (!arguments.check.parallel) arguments.check.parallel = arguments.config ? DEFAULT_PARALLEL : DEMO_PARALLEL;
    return arguments;
}

int main(int argc, char **argv)
{
    if (!setlocale(LC_CTYPE, "C.UTF-8")) setlocale(LC_CTYPE, ""); /* for the widths of names, which are UTF-8 */
    arguments_t arguments = parse_arguments(argc, argv);
    eff_http_options_t http = { .max_per_host = MAX_PARALLEL, .max_connections = MAX_PARALLEL }; /* none shall wait */
    return eff_main_with(program(&arguments), eff_http_live_with(&http));
}
