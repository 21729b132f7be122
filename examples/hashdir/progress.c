/* The progress bar:  12/40 files  3.4/10.2 MB  210.0 MB/s  nested/c-large  nested/d-huge */
#include "progress.h"

#include "names.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

void progress_enter(progress_t *p, const found_t *file)
{
    p->known_files = file->known_files;
    p->known_bytes = file->known_bytes;
    for (int i = 0; i < MAX_CURRENT; i++) {
        if (p->current[i]) continue;
        p->current[i] = file;
        return;
    }
}

void progress_leave(progress_t *p, const found_t *file, bool is_done)
{
    if (is_done) p->done_files++;
    for (int i = 0; i < MAX_CURRENT; i++)
        if (p->current[i] == file) p->current[i] = NULL;
}

void progress_add_bytes(progress_t *p, int64_t n)
{
    p->done_bytes += n;
    if (p->done_bytes > p->known_bytes) p->known_bytes = p->done_bytes; /* a file has grown */
}

/* ---- the bar */

#define TO_LINE_START_AND_CLEAR "\r\x1b[K"

/* There is no eff_print_error: this is eff_print for stderr. */
static eff_t *write_error(eff_console_t *console, eff_value_t text)
{
    return console->write(console, EFF_CONSOLE_ERROR, eff_value_incref(text));
}

static eff_t *print_error(eff_value_t text)
{
    return eff_console_with(write_error, text);
}

static size_t terminal_width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

/* Cuts the text so that it fits on a line. No character is wider than its bytes are many. */
static void cut(eff_buffer_t *b, size_t width)
{
    if (b->size <= width) return;
    while (width && ((unsigned char)b->text[width] & 0xc0) == 0x80)
        width--;
    b->text[b->size = width] = 0;
}

static eff_value_t bar_text(const progress_t *p, double seconds)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    double done = (double)p->done_bytes / 1e6, known = (double)p->known_bytes / 1e6;
    eff_buffer_printf(&b, "%zu/%zu files  %.1f/%.1f MB", p->done_files, p->known_files, done, known);
    eff_buffer_printf(&b, "  %.1f MB/s", seconds > 0 ? done / seconds : 0);
    for (int i = 0; i < MAX_CURRENT; i++) {
        if (!p->current[i]) continue;
        eff_buffer_add(&b, "  ");
        name_show(eff_as_string(p->current[i]->path), &b);
    }
    cut(&b, terminal_width() - 1);
    eff_value_t text = eff_printf(TO_LINE_START_AND_CLEAR "%s", eff_buffer_text(&b));
    eff_buffer_done(&b);
    return text;
}

struct bar {
    progress_t *progress;
    eff_instant_t started;
};

static eff_t *bar_step(struct bar *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_clock_now());
    s->started = eff_as_instant(EFF_GOT());
    for (;;) {
        EFF_AWAIT(eff_sleep(eff_millis(100)));
        EFF_AWAIT(eff_clock_now());
        double seconds = (double)eff_instant_since(eff_as_instant(EFF_GOT()), s->started).ns / 1e9;
        s->progress->bar_is_on = true;
        EFF_AWAIT(print_error(bar_text(s->progress, seconds)));
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(bar, struct bar, bar_step, .drop = NULL);

eff_t *progress_bar(progress_t *p)
{
    return bar((struct bar){ .progress = p });
}

static eff_t *hide_now(eff_value_t progress)
{
    progress_t *p = eff_as_ptr(progress);
    if (!p->bar_is_on) return eff_noop();
    p->bar_is_on = false;
    return print_error(eff_literal(TO_LINE_START_AND_CLEAR));
}

eff_t *progress_hide(progress_t *p)
{
    return eff_suspend(hide_now, eff_ptr(p));
}
