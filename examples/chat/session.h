/* A session: one client, from the first byte to the last. */
#ifndef CHAT_SESSION_H
#define CHAT_SESSION_H

#include "conn.h"
#include "room.h"

enum {
    SESSION_TRIES = 3,           /* for a nick */
    SESSION_IDLE_MINUTES = 5,    /* then the client is asked ... */
    SESSION_ANSWER_SECONDS = 10, /* ... and after these dropped */
    SESSION_LAG_SECONDS = 10,    /* how long a client's outbox may overflow */
    SESSION_PACE_MILLIS = 10,    /* a client is heard this often: nobody floods the others */
    SESSION_FAREWELL_SECONDS = 1 /* for the last words to be taken */
};

/* Talks to a client until it leaves, is dropped, or the effect is interrupted: then the server is going down, and the
 * client told so. In each case the member has left the room, and the last words are sent, or had their second. Succeeds
 * with unit; dies of defects only. Borrows both until it has ended. */
eff_t *session(struct conn *conn, struct room *room);

#endif
