/* A connection as a session sees it: two operations. A socket is one (sock.h); a test brings a script. */
#ifndef CHAT_CONN_H
#define CHAT_CONN_H

#include <effect/effect.h>

struct evbuffer;

struct conn {
    /* Waits until bytes have come and appends them. Fails with an eff_closed_error when the other side has ended. What
     * was appended stays, also when the effect is interrupted. Borrows in. */
    eff_t *(*fill)(struct conn *c, struct evbuffer *in);
    /* Sends all of out, draining it as it goes. Interrupted, it leaves what was not sent. Borrows out. */
    eff_t *(*flush)(struct conn *c, struct evbuffer *out);
};

#endif
