/* The growing text that format hooks write to.
 *
 * Invariant: text is NULL or NUL-terminated at [size], with size < capacity. Nothing here fails: the first
 * piece that does not fit in memory marks the buffer truncated, and from then on nothing is added, so what
 * it holds is always a prefix of what it should hold, never a text with a hole in it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <effect/value.h>

#include "core/memory.h"
#include "core/sink.h"

enum { FIRST_CAPACITY = 64 };

/* Makes room for n more bytes and the NUL. */
static bool reserve(eff_buffer_t *b, size_t n)
{
    if (b->truncated) return false;
    if (n < b->capacity - b->size) return true;
    size_t capacity = b->capacity ? b->capacity : FIRST_CAPACITY;
    while (n >= capacity - b->size) {
        if (capacity > SIZE_MAX / 2) {
            b->truncated = true;
            return false;
        }
        capacity *= 2;
    }
    char *text = eff__realloc(b->text, capacity);
    if (!text) {
        b->truncated = true;
        return false;
    }
    b->text = text;
    b->text[b->size] = '\0';
    b->capacity = capacity;
    return true;
}

void eff_buffer_add_n(eff_buffer_t *b, const char *text, size_t n)
{
    if (n == 0 || !reserve(b, n)) return;
    memcpy(b->text + b->size, text, n);
    b->size += n;
    b->text[b->size] = '\0';
}

void eff_buffer_add(eff_buffer_t *b, const char *text)
{
    eff_buffer_add_n(b, text, strlen(text));
}

void eff_buffer_printf(eff_buffer_t *b, const char *fmt, ...)
{
    if (b->truncated) return;
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);

    size_t room = b->capacity - b->size;
    int n = vsnprintf(room ? b->text + b->size : NULL, room, fmt, args);
    if (n < 0) {
        b->truncated = true; /* the format itself cannot be printed: an impossible wide character, or 2 GiB */
    } else if ((size_t)n >= room && reserve(b, (size_t)n)) {
        n = vsnprintf(b->text + b->size, b->capacity - b->size, fmt, again);
    }
    if (b->truncated) {
        if (room) b->text[b->size] = '\0'; /* takes back what the first attempt wrote */
    } else {
        b->size += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

void eff_buffer_add_escaped(eff_buffer_t *b, const char *text, size_t n)
{
    struct eff__sink sink = { b, NULL };
    eff__sink_escaped(&sink, text, n);
}

const char *eff_buffer_text(const eff_buffer_t *b)
{
    return b->text ? b->text : "";
}

void eff_buffer_clear(eff_buffer_t *b)
{
    b->size = 0;
    b->truncated = false;
    if (b->text) b->text[0] = 0;
}

void eff_buffer_done(eff_buffer_t *b)
{
    eff__raw_free(b->text);
    *b = (eff_buffer_t)EFF_BUFFER_INIT;
}
