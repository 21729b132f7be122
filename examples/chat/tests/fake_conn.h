/* A connection of which a test has the other end: it types what is put into a queue, and keeps what it was sent. */
#ifndef CHAT_FAKE_CONN_H
#define CHAT_FAKE_CONN_H

#include "conn.h"

struct fake {
    struct conn conn; /* first */
    eff_queue_t *typed;
    eff_buffer_t seen;
    bool stuck; /* takes nothing */
};

struct fake fake_new(void);
void fake_done(struct fake *f);

#endif
