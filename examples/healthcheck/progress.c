/* The live line is redrawn by a fiber of its own; it reads the results, which change between its turns. */
#include "progress.h"
#include "text.h"

void progress_init(progress_t *ret_progress, const terminal_t *terminal, const settings_t *settings,
                   const results_t *results)
{
    *ret_progress =
        (progress_t){ .terminal = terminal, .results = results, .live = terminal->live && !settings->verbose };
}

/* Consumes the text, whose memory goes with it. */
static eff_t *show(eff_buffer_t *text)
{
    eff_t *e = eff_print_error(eff_string(eff_buffer_text(text)));
    eff_buffer_done(text);
    return eff_ignore(e);
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

static eff_t *draw(eff_value_t now, eff_value_t env)
{
    progress_t *progress = eff_as_ptr(env);
    if (!progress->drawn) progress->since = eff_as_instant(now);
    progress->drawn = true;

    eff_buffer_t line = EFF_BUFFER_INIT, text = EFF_BUFFER_INIT;
    compose(progress, eff_instant_since(eff_as_instant(now), progress->since), &line);
    eff_buffer_add(&text, "\r\033[K");
    text_add_clipped(&text, eff_buffer_text(&line), progress->terminal->columns() - 1);
    eff_buffer_done(&line);
    return show(&text);
}

eff_t *progress_ticker(progress_t *progress)
{
    eff_t *e = eff_flat_map(eff_clock_now(), draw, eff_ptr(progress));
    return eff_repeat(e, eff_schedule_spaced(eff_millis(100)));
}

eff_t *progress_decided(progress_t *progress, const result_t *result)
{
    progress->n_decided++;
    if (progress->live) return eff_noop();
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_printf(&text, "[%zu/%zu] %s: %s", progress->n_decided, progress->results->n, result->service->name,
                      outcome_name(result->outcome));
    if (result->outcome == OUTCOME_DOWN) eff_buffer_printf(&text, " (%s)", result_why(result));
    eff_buffer_add(&text, "\n");
    return show(&text);
}

eff_t *progress_clear(const progress_t *progress)
{
    return progress->drawn ? eff_ignore(eff_print_error(eff_literal("\r\033[K"))) : eff_noop();
}
