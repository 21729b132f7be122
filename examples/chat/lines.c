/* Bytes into lines: a line ends with \n or \r\n, and holds at most LINE_MAX_BYTES. */
#include "lines.h"

#include <sys/types.h>

#include <event2/buffer.h>

bool lines_init(struct lines *l)
{
    *l = (struct lines){ .in = evbuffer_new() };
    return l->in != NULL;
}

void lines_done(struct lines *l)
{
    if (l->in) evbuffer_free(l->in);
    l->in = NULL;
}

/* No line's end is there yet. */
static enum line_kind unfinished(struct lines *l)
{
    size_t size = evbuffer_get_length(l->in);
    if (!l->skipping && size <= LINE_MAX_BYTES + 1) return LINE_NONE; /* + 1: it may be a carriage return */
    evbuffer_drain(l->in, size);
    enum line_kind kind = l->skipping ? LINE_NONE : LINE_TOO_LONG;
    l->skipping = true;
    return kind;
}

enum line_kind lines_next(struct lines *l, struct line *ret)
{
    for (;;) {
        struct evbuffer_ptr end = evbuffer_search_eol(l->in, NULL, NULL, EVBUFFER_EOL_LF);
        if (end.pos < 0) return unfinished(l);

        bool skip = l->skipping, fits = end.pos <= LINE_MAX_BYTES + 1;
        l->skipping = false;
        if (skip || !fits) {
            evbuffer_drain(l->in, (size_t)end.pos + 1);
            if (skip) continue;
            return LINE_TOO_LONG;
        }
        evbuffer_remove(l->in, ret->text, (size_t)end.pos);
        evbuffer_drain(l->in, 1);
        ret->size = (size_t)end.pos;
        if (ret->size > 0 && ret->text[ret->size - 1] == '\r') ret->size--;
        ret->text[ret->size] = '\0';
        return ret->size <= LINE_MAX_BYTES ? LINE_WHOLE : LINE_TOO_LONG;
    }
}
