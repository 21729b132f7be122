/* What is seen while the scan runs: a table that is redrawn, or plain lines. */
#include "display.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>

#include "text.h"

enum { NEWS = 256, REDRAW_MS = 100, BAR = 20, ERASE_MS = 200 };

/* ---- plain lines: the probes put them into a queue, one fiber prints them */

static eff_t *print_news(eff_value_t line, eff_value_t env)
{
    (void)env;
    return eff_print_line(eff_value_incref(line));
}

static eff_t *display_lines(board_t *board, eff_t *scan)
{
    board->news = eff_queue_bounded(NEWS);
    scan = eff_then(scan, eff_queue_end(board->news));
    return eff_zip_par(scan, eff_queue_for_each(board->news, print_news, eff_unit));
}

/* ---- a table on a terminal */

struct table {
    const board_t *board; /* borrowed */
    eff_instant_t start;
    size_t n_lines; /* drawn the last time, and now above the cursor */
};

/* Goes back to the first line of what was drawn. */
static void add_cursor_up(const struct table *s, eff_buffer_t *out)
{
    if (s->n_lines > 0) eff_buffer_printf(out, "\r\x1b[%zuA", s->n_lines);
}

/* A line, cut to the width of the terminal: one that wraps would not be counted right. */
static void add_line(struct table *s, const char *text, size_t width, eff_buffer_t *out)
{
    eff_buffer_add_n(out, text, strnlen(text, width));
    eff_buffer_add(out, "\x1b[K\n");
    s->n_lines++;
}

static void add_host_line(struct table *s, const host_t *h, size_t width, eff_buffer_t *out)
{
    char line[128];
    snprintf(line, sizeof line, "%-24.24s %6zu %6zu %8zu %6zu %6zu/%zu", h->name, h->n[PORT_OPEN], h->n[PORT_CLOSED],
             h->n[PORT_FILTERED], h->n[PORT_ERROR], host_n_done(h), s->board->options->n_ports);
    add_line(s, line, width, out);
}

static void add_progress_line(struct table *s, eff_instant_t now, size_t width, eff_buffer_t *out)
{
    char line[128], bar[BAR + 1];
    const board_t *b = s->board;
    double seconds = (double)eff_instant_since(now, s->start).ns / 1e9;
    size_t n_marks = b->n_total ? b->n_done * BAR / b->n_total : 0;
    memset(bar, '.', BAR);
    memset(bar, '#', n_marks);
    bar[BAR] = 0;
    snprintf(line, sizeof line, "[%s] %zu of %zu, %.0f ports/s", bar, b->n_done, b->n_total,
             seconds > 0 ? (double)b->n_done / seconds : 0);
    add_line(s, line, width, out);
}

static eff_t *draw(eff_value_t now, eff_value_t frame)
{
    struct table *s = eff_as_ptr(frame);
    struct winsize window = { 0 };
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) < 0 || window.ws_col == 0 || window.ws_row == 0) {
        window.ws_col = 80;
        window.ws_row = 24;
    }
    char line[128];
    size_t width = window.ws_col - 1u, n_hosts = s->board->n_hosts, room = window.ws_row > 5 ? window.ws_row - 4u : 1;
    eff_buffer_t out = EFF_BUFFER_INIT;
    add_cursor_up(s, &out);
    s->n_lines = 0;
    snprintf(line, sizeof line, "%-24s %6s %6s %8s %6s %6s", "HOST", "OPEN", "CLOSED", "FILTERED", "ERROR", "TRIED");
    add_line(s, line, width, &out);
    for (size_t i = 0; i < n_hosts && i < room; i++)
        add_host_line(s, &s->board->hosts[i], width, &out);
    if (n_hosts > room) {
        snprintf(line, sizeof line, "and %zu hosts more", n_hosts - room);
        add_line(s, line, width, &out);
    }
    add_progress_line(s, eff_as_instant(now), width, &out);
    eff_buffer_add(&out, "\x1b[J"); /* after the window became smaller, say */
    return eff_print(buffer_take(&out));
}

static eff_t *erase(struct table *s, const eff_exit_t *exit)
{
    (void)exit;
    eff_buffer_t out = EFF_BUFFER_INIT;
    add_cursor_up(s, &out);
    eff_buffer_add(&out, "\x1b[J");
    return eff_timeout(eff_ignore(eff_print(buffer_take(&out))), eff_millis(ERASE_MS));
}

static eff_t *table_step(struct table *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_clock_now());
    s->start = eff_as_instant(EFF_GOT());
    EFF_DEFER(s, erase);
    eff_t *e = eff_flat_map(eff_clock_now(), draw, eff_ptr(s));
    e = eff_then(e, eff_sleep(eff_millis(REDRAW_MS)));
    EFF_AWAIT(eff_forever(e));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(table, struct table, table_step, .drop = NULL);

static eff_t *display_table(board_t *board, eff_t *scan)
{
    return eff_race_first(scan, table((struct table){ .board = board }));
}

eff_t *display(board_t *board, eff_t *scan)
{
    return isatty(STDOUT_FILENO) ? display_table(board, scan) : display_lines(board, scan);
}
