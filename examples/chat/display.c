/* What the operator sees, written without ever waiting. */
#include "display.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char clear_line[] = "\r\x1b[K";

struct display display_on(int fd, bool events)
{
    return (struct display){ .fd = fd, .events = events, .live = isatty(fd) };
}

/* A pipe that is ready takes PIPE_BUF bytes without waiting, which is more than any line here. */
static void put(const struct display *d, const char *text)
{
    struct pollfd ready = { .fd = d->fd, .events = POLLOUT };
    if (poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) && write(d->fd, text, strlen(text)) < 0)
        return; /* nobody looks any more: the room goes on */
}

void display_event(const struct display *d, const char *line)
{
    if (!d->events) return;
    if (d->live) put(d, clear_line);
    put(d, line);
}

void display_status(const struct display *d, size_t n_here, uint64_t n_said)
{
    char text[96];
    if (!d->live) return;
    snprintf(text, sizeof text, "%s%zu here, %" PRIu64 " lines said", clear_line, n_here, n_said);
    put(d, text);
}

void display_end(const struct display *d)
{
    if (d->live) put(d, clear_line);
}
