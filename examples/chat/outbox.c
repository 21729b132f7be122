/* An outbox: two evbuffers and two bells. */
#include "outbox.h"

#include <stdarg.h>
#include <stdio.h>

#include <event2/buffer.h>

bool outbox_init(struct outbox *o)
{
    *o = (struct outbox){ .queue = evbuffer_new(), .sending = evbuffer_new() };
    return o->queue && o->sending;
}

void outbox_done(struct outbox *o)
{
    if (o->queue) evbuffer_free(o->queue);
    if (o->sending) evbuffer_free(o->sending);
    *o = (struct outbox){ 0 };
}

void outbox_put(struct outbox *o, const char *line, size_t size)
{
    bool fits = evbuffer_get_length(o->queue) + size <= OUTBOX_BYTES;
    if (o->lost == 0 && fits && evbuffer_add(o->queue, line, size) == 0) {
        bell_ring(&o->filled);
    } else {
        o->lost++;
        bell_ring(&o->overflowed);
    }
}

void outbox_printf(struct outbox *o, const char *fmt, ...)
{
    char line[256]; /* for what the server says itself, which is short */
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (n > 0) outbox_put(o, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

bool outbox_is_empty(const struct outbox *o)
{
    return evbuffer_get_length(o->queue) + evbuffer_get_length(o->sending) == 0 && o->lost == 0;
}

void outbox_next_batch(struct outbox *o)
{
    evbuffer_add_buffer(o->sending, o->queue);
    if (o->lost > 0) evbuffer_add_printf(o->sending, "*** lines you missed: %zu\n", o->lost);
    o->lost = 0;
    bell_silence(&o->overflowed);
}
