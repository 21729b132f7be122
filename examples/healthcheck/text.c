/* Widths are those of wcwidth: 2 for CJK, 0 for combining marks. */
#include "text.h"

#include <limits.h>
#include <string.h>
#include <wchar.h>

/* The bytes of the first character of text, and its columns. */
static size_t first_character(const char *text, size_t *ret_width)
{
    mbstate_t state = { 0 };
    wchar_t c;
    size_t n = mbrtowc(&c, text, strlen(text), &state);
    if (n == 0 || n > MB_LEN_MAX) { /* no UTF-8 locale: follow the encoding by hand */
        *ret_width = 1;
        for (n = 1; ((unsigned char)text[n] & 0xc0) == 0x80; n++)
            continue;
        return n;
    }
    int width = wcwidth(c);
    *ret_width = width > 0 ? (size_t)width : 0;
    return n;
}

size_t text_width(const char *text)
{
    size_t total = 0, width;
    for (; *text; total += width)
        text += first_character(text, &width);
    return total;
}

void text_add_clipped(eff_buffer_t *out, const char *text, size_t width)
{
    if (text_width(text) <= width) {
        eff_buffer_add(out, text);
        return;
    }
    size_t room = width > 3 ? width - 3 : 0, n, columns;
    while (n = first_character(text, &columns), columns <= room) {
        eff_buffer_add_n(out, text, n);
        text += n;
        room -= columns;
    }
    eff_buffer_add_n(out, "...", width < 3 ? width : 3);
}

void text_add_left(eff_buffer_t *out, const char *text, size_t width)
{
    eff_buffer_add(out, text);
    for (size_t used = text_width(text); used < width; used++)
        eff_buffer_add(out, " ");
}

void text_add_right(eff_buffer_t *out, const char *text, size_t width)
{
    for (size_t used = text_width(text); used < width; used++)
        eff_buffer_add(out, " ");
    eff_buffer_add(out, text);
}

void text_add_printable(eff_buffer_t *out, const char *text)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        const bool c1 = c == 0xc2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] < 0xa0;
        if (c < 0x20 || c == 0x7f || c1) eff_buffer_add(out, "?");
        else eff_buffer_add_n(out, text, 1);
        if (c1) text++;
    }
}

void text_add_latency(eff_buffer_t *out, eff_duration_t d)
{
    const double ms = (double)d.ns / 1e6;
    if (ms < 10) eff_buffer_printf(out, "%.1f ms", ms);
    else if (ms < 9999.5) eff_buffer_printf(out, "%.0f ms", ms);
    else eff_buffer_printf(out, "%.1f s", ms / 1e3);
}
