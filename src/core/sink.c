/* Text for people, and what is done to text of unknown origin on its way to them.
 *
 * Nothing here fails. A buffer without memory marks itself truncated; a value that cannot be formatted is shown as the
 * name of its type.
 */
#include "core/sink.h"

#include <stdarg.h>
#include <string.h>

#include <effect/error.h>

void eff__sink_add_n(struct eff__sink *s, const char *text, size_t n)
{
    if (s->buffer) eff_buffer_add_n(s->buffer, text, n);
    else (void)fwrite(text, 1, n, s->file);
}

void eff__sink_add(struct eff__sink *s, const char *text)
{
    eff__sink_add_n(s, text, strlen(text));
}

void eff__sink_printf(struct eff__sink *s, const char *fmt, ...)
{
    char text[128];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n > 0) eff__sink_add(s, text);
}

/* ---- escaping */

size_t eff__decode(const char *text, size_t n, uint32_t *ret_char)
{
    const unsigned char *p = (const unsigned char *)text;
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t size = p[0] < 0x80 ? 1 : p[0] >> 5 == 0x6 ? 2 : p[0] >> 4 == 0xe ? 3 : p[0] >> 3 == 0x1e ? 4 : 0;
    if (size == 0 || size > n) return 0;
    uint32_t c = size == 1 ? p[0] : p[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if (p[i] >> 6 != 2) return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least[size] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return 0;
    *ret_char = c;
    return size;
}

bool eff__is_harmless(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) return false;
    if (c >= 0x2028 && c <= 0x202e) return false;
    return !(c >= 0x2066 && c <= 0x2069) && c != 0x200e && c != 0x200f && c != 0x061c;
}

static void add_escape(struct eff__sink *s, uint32_t c)
{
    if (c == '\n') eff__sink_add(s, "\\n");
    else if (c == '\r') eff__sink_add(s, "\\r");
    else if (c == '\t') eff__sink_add(s, "\\t");
    else eff__sink_printf(s, c < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned)c);
}

void eff__sink_escaped(struct eff__sink *s, const char *text, size_t n)
{
    size_t plain = 0; /* where the bytes not yet added begin */
    for (size_t i = 0; i < n;) {
        uint32_t c = 0;
        size_t size = eff__decode(text + i, n - i, &c);
        if (size && eff__is_harmless(c)) {
            i += size;
            continue;
        }
        eff__sink_add_n(s, text + plain, i - plain);
        if (size) add_escape(s, c);
        else eff__sink_printf(s, "\\x%02x", (unsigned)(unsigned char)text[i]);
        i += size ? size : 1;
        plain = i;
    }
    if (n > plain) eff__sink_add_n(s, text + plain, n - plain);
}

/* Adds text of which at most `most` bytes are shown, and no half character. */
static void add_start(struct eff__sink *s, const char *text, size_t n, size_t most, bool count_rest)
{
    size_t shown = n;
    if (n > most) {
        shown = most;
        while (shown > 0 && most - shown < 4 && ((unsigned char)text[shown] & 0xc0) == 0x80)
            shown--;
    }
    eff__sink_escaped(s, text, shown);
    if (shown == n) return;
    eff__sink_add(s, "\xe2\x80\xa6");
    if (count_rest) eff__sink_printf(s, " (%zu more bytes)", n - shown);
}

/* ---- values */

enum { GLIMPSE_BYTES = 40 };

void eff__sink_glimpse(struct eff__sink *s, eff_value_t v)
{
    const eff_type_t *type = eff_type_of(v);
    if (type == &eff_string_type) {
        eff__sink_add(s, "\"");
        add_start(s, eff_as_string(v), eff_string_size(v), GLIMPSE_BYTES, false);
        eff__sink_add(s, "\"");
    } else if (type == &eff_error_type) {
        const char *message = eff_as_error(v)->message;
        add_start(s, message, strlen(message), 2 * GLIMPSE_BYTES, false);
    } else if (type == &eff_array_type) {
        size_t n = eff_array_size(v);
        eff__sink_printf(s, "%zu item%s", n, n == 1 ? "" : "s");
    } else if (type == &eff_bool_type) {
        eff__sink_add(s, eff_as_bool(v) ? "true" : "false");
    } else if (type == &eff_int_type) {
        eff__sink_printf(s, "%lld", (long long)eff_as_int(v));
    } else if (type == &eff_double_type) {
        eff__sink_printf(s, "%g", eff_as_double(v));
    }
}

/* For a value whose hook gave no text, or had no memory to. */
static void add_stand_in(struct eff__sink *s, eff_value_t v)
{
    const eff_type_t *type = eff_type_of(v);
    const char *text = type->name ? type->name : "nameless";
    if (type == &eff_error_type) text = eff_as_error(v)->message;
    eff__sink_escaped(s, text, strlen(text));
}

void eff__sink_value(struct eff__sink *s, eff_value_t v, size_t most)
{
    const eff_type_t *type = eff_type_of(v);
    if (!type) {
        eff__sink_add(s, "absent");
    } else if (type->flags & EFF_TYPE_OOM) {
        eff__sink_add(s, "out of memory");
    } else if (type == &eff_string_type) {
        add_start(s, eff_as_string(v), eff_string_size(v), most, true);
    } else {
        eff_buffer_t text = EFF_BUFFER_INIT;
        eff_value_format(v, &text);
        if (text.size) add_start(s, eff_buffer_text(&text), text.size, most, true);
        else add_stand_in(s, v);
        if (text.truncated) eff__sink_add(s, " [cut: out of memory]");
        eff_buffer_done(&text);
    }
}
