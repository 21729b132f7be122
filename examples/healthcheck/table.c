/* Every cell is rendered twice: to measure its column, and to print it. */
#include "table.h"
#include "text.h"

enum { MAX_NAME = 40 };

typedef struct column {
    const char *title;
    bool right; /* aligned to the right */
    void (*render)(const result_t *result, eff_buffer_t *out);
} column_t;

static void render_name(const result_t *result, eff_buffer_t *out)
{
    text_add_clipped(out, result->service->name, MAX_NAME);
}

static void render_outcome(const result_t *result, eff_buffer_t *out)
{
    eff_buffer_add(out, outcome_name(result->outcome));
}

static void render_status(const result_t *result, eff_buffer_t *out)
{
    if (result->status) eff_buffer_printf(out, "%d", result->status);
    else eff_buffer_add(out, "-");
}

static void render_attempts(const result_t *result, eff_buffer_t *out)
{
    eff_buffer_printf(out, "%u", result->n_attempts);
}

static void render_latency(const result_t *result, eff_buffer_t *out)
{
    if (result->outcome == OUTCOME_UNKNOWN) eff_buffer_add(out, "-");
    else text_add_latency(out, result->latency);
}

static void render_why(const result_t *result, eff_buffer_t *out)
{
    const char *why = result_why(result);
    if (why) text_add_printable(out, why);
}

static const column_t columns[] = {
    { "NAME", false, render_name },        { "OUTCOME", false, render_outcome }, { "STATUS", true, render_status },
    { "ATTEMPTS", true, render_attempts }, { "LATENCY", true, render_latency },  { "WHY", false, render_why },
};
enum { N_COLUMNS = sizeof columns / sizeof columns[0], OUTCOME_COLUMN = 1, LAST_COLUMN = N_COLUMNS - 1 };

static size_t column_width(const column_t *column, const results_t *results)
{
    size_t widest = text_width(column->title);
    for (size_t i = 0; i < results->n; i++) {
        eff_buffer_t cell = EFF_BUFFER_INIT;
        column->render(&results->at[i], &cell);
        size_t width = text_width(eff_buffer_text(&cell));
        if (width > widest) widest = width;
        eff_buffer_done(&cell);
    }
    return widest;
}

/* Adds a cell with the gap before it. The last column is not padded, so that no line ends in blanks. */
static void add_cell(size_t c, const char *text, size_t width, eff_buffer_t *out)
{
    if (c == LAST_COLUMN && !*text) return;
    if (c > 0) eff_buffer_add(out, "  ");
    if (c == LAST_COLUMN) eff_buffer_add(out, text);
    else if (columns[c].right) text_add_right(out, text, width);
    else text_add_left(out, text, width);
}

static void add_row(const result_t *result, const size_t *widths, bool colour, eff_buffer_t *out)
{
    static const char *const colours[] = {
        [OUTCOME_UNKNOWN] = "\033[33m",
        [OUTCOME_UP] = "\033[32m",
        [OUTCOME_DOWN] = "\033[31m",
    };
    for (size_t c = 0; c < N_COLUMNS; c++) {
        eff_buffer_t cell = EFF_BUFFER_INIT;
        columns[c].render(result, &cell);
        if (colour && c == OUTCOME_COLUMN) eff_buffer_add(out, colours[result->outcome]);
        add_cell(c, eff_buffer_text(&cell), widths[c], out);
        if (colour && c == OUTCOME_COLUMN) eff_buffer_add(out, "\033[0m");
        eff_buffer_done(&cell);
    }
    eff_buffer_add(out, "\n");
}

void table_render(const results_t *results, bool colour, eff_buffer_t *out)
{
    size_t widths[N_COLUMNS];
    for (size_t c = 0; c < N_COLUMNS; c++)
        widths[c] = column_width(&columns[c], results);
    for (size_t c = 0; c < N_COLUMNS; c++)
        add_cell(c, columns[c].title, widths[c], out);
    eff_buffer_add(out, "\n");
    for (size_t i = 0; i < results->n; i++)
        add_row(&results->at[i], widths, colour, out);

    size_t n_unknown = results_count(results, OUTCOME_UNKNOWN);
    eff_buffer_printf(out, "%zu up, %zu down", results_count(results, OUTCOME_UP),
                      results_count(results, OUTCOME_DOWN));
    if (n_unknown) eff_buffer_printf(out, ", %zu unknown", n_unknown);
    eff_buffer_add(out, "\n");
}
