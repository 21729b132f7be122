/* Bytes into lines, with a limit: plain data over an evbuffer, no effects. */
#ifndef CHAT_LINES_H
#define CHAT_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct evbuffer;

enum { LINE_MAX_BYTES = 512 };

struct lines {
    struct evbuffer *in; /* what has come and is not read yet; never much more than a line */
    bool skipping;       /* inside a line that was too long already */
};

struct line {
    char text[LINE_MAX_BYTES + 2]; /* any bytes, then a NUL; room for a carriage return meanwhile */
    size_t size;
};

enum line_kind {
    LINE_NONE,    /* more bytes are needed */
    LINE_WHOLE,   /* here it is, without its end */
    LINE_TOO_LONG /* told once for each such line, which is then skipped to its end */
};

bool lines_init(struct lines *l); /* false: no memory */
void lines_done(struct lines *l); /* zeroed is fine */
enum line_kind lines_next(struct lines *l, struct line *ret);

#endif
