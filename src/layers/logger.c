/* The Logger service, and the one that is there without anybody providing one: a line for people, to the Console. */
#include <effect/logger.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <effect/console.h>

#include "core/context.h"
#include "layers/log_line.h"
#include "runtime/runtime.h"

bool eff__console_is_live(void)
{
    const eff_fiber_t *f = eff__running ? eff__running->current : NULL;
    const eff_console_t *console = f && f->context ? eff_console_from(f->context) : NULL;
    return !console || console == eff_console_from(eff_context_empty());
}

/* A Console of somebody's own gets no colour, wherever stderr goes. */
static bool prints_to_terminal(void)
{
    if (!eff__console_is_live()) return false;
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDERR_FILENO) && !(no_colour && *no_colour) && !(term && strcmp(term, "dumb") == 0);
}

static eff_t *default_log(eff_logger_t *logger, const eff_log_record_t *record)
{
    (void)logger;
    eff_log_format_fn format = prints_to_terminal() ? eff_log_format_colour : eff_log_format_text;
    return eff_print_error_line_at(NULL, eff__log_line(format, record));
}

static eff_logger_t default_logger = { .size = sizeof(eff_logger_t), .log = default_log };

EFF_DEFINE_DEFAULT_SERVICE(eff_logger, eff_logger_t, &default_logger);
