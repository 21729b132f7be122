/* What the operator sees: a line for each event, and on a terminal below them one that is redrawn with the numbers. It
 * never waits: an output that takes nothing now (a full pipe, a closed one) loses the line, and slows nobody down. */
#ifndef CHAT_DISPLAY_H
#define CHAT_DISPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct display {
    int fd;
    bool events; /* shows events */
    bool live;   /* shows the numbers: a terminal */
};

struct display display_on(int fd, bool events);
void display_event(const struct display *d, const char *line); /* a line with its end; clean text */
void display_status(const struct display *d, size_t n_here, uint64_t n_said);
void display_end(const struct display *d); /* removes the numbers */

#endif
