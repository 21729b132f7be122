/* An outbox: what is on its way to one client, bounded. Anybody may put a line in, which never waits; the client's own
 * fiber sends. A line that does not fit is lost for this client, who is told how many there were. */
#ifndef CHAT_OUTBOX_H
#define CHAT_OUTBOX_H

#include "bell.h"

struct evbuffer;

enum { OUTBOX_BYTES = 16 * 1024 };

struct outbox {
    struct evbuffer *queue;   /* whole lines, at most OUTBOX_BYTES */
    struct evbuffer *sending; /* the batch under way, perhaps from the middle of a line on */
    size_t lost;              /* lines since the queue is full */
    struct bell filled;       /* rings when there is something to send */
    struct bell overflowed;   /* rings when a line is lost */
};

bool outbox_init(struct outbox *o); /* false: no memory */
void outbox_done(struct outbox *o); /* zeroed is fine */

void outbox_put(struct outbox *o, const char *line, size_t size);
void outbox_printf(struct outbox *o, const char *fmt, ...) EFF_PRINTF(2, 3);

bool outbox_is_empty(const struct outbox *o);
/* Moves the queue behind what is being sent, with a word about lines that were lost. */
void outbox_next_batch(struct outbox *o);

#endif
