/* The live line is redrawn by a fiber of its own; it reads the results, which change between its turns. */
#include "progress.h"
#include "text.h"

#include <sys/ioctl.h>

static size_t terminal_width(FILE *out)
{
    struct winsize size;
    return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* "| 3/6  2 up, 1 down  1.2 s  slow, hanging" */
static void compose(const progress_t *progress, eff_duration_t elapsed, eff_buffer_t *line)
{
    static const char spinner[] = "|/-\\";
    const results_t *results = progress->results;
    const size_t n_up = results_count(results, OUTCOME_UP), n_down = results_count(results, OUTCOME_DOWN);
    eff_buffer_printf(line, "%c %zu/%zu  %zu up, %zu down  %.1f s", spinner[elapsed.ns / 100000000 % 4],
                      progress->n_decided, results->n, n_up, n_down, (double)elapsed.ns / 1e9);
    const char *separator = "  ";
    for (size_t i = 0; i < results->n && line->size < 1024; i++) {
        if (!results->at[i].running) continue;
        eff_buffer_add(line, separator);
        eff_buffer_add(line, results->at[i].service->name);
        separator = ", ";
    }
}

static eff_value_t draw(eff_value_t now, eff_value_t env)
{
    progress_t *progress = eff_as_ptr(env);
    if (!progress->drawn) progress->since = eff_as_instant(now);
    progress->drawn = true;

    eff_buffer_t line = EFF_BUFFER_INIT, clipped = EFF_BUFFER_INIT;
    compose(progress, eff_instant_since(eff_as_instant(now), progress->since), &line);
    text_add_clipped(&clipped, eff_buffer_text(&line), terminal_width(progress->out) - 1);
    fprintf(progress->out, "\r\033[K%s", eff_buffer_text(&clipped));
    fflush(progress->out);
    eff_buffer_done(&line);
    eff_buffer_done(&clipped);
    return eff_unit;
}

eff_t *progress_ticker(progress_t *progress)
{
    eff_t *e = eff_map(eff_clock_now(), draw, eff_ptr(progress));
    return eff_repeat(e, eff_schedule_spaced(eff_millis(100)));
}

void progress_decided(progress_t *progress, const result_t *result)
{
    progress->n_decided++;
    if (progress->live) return;
    fprintf(progress->out, "[%zu/%zu] %s: %s", progress->n_decided, progress->results->n, result->service->name,
            outcome_name(result->outcome));
    if (result->outcome == OUTCOME_DOWN) fprintf(progress->out, " (%s)", result_why(result));
    fputc('\n', progress->out);
    fflush(progress->out);
}

void progress_clear(progress_t *progress)
{
    if (progress->drawn) fputs("\r\033[K", progress->out);
    fflush(progress->out);
    progress->drawn = false;
}
