/* The server: sessions side by side, over one listener and one room. */
#ifndef CHAT_SERVER_H
#define CHAT_SERVER_H

#include "room.h"
#include "sock.h"

enum { SERVER_MAX_CLIENTS = 500 }; /* further ones wait in the listener's backlog until somebody leaves */

/* Serves until it is interrupted, or the listener fails. Borrows both until it has ended. */
eff_t *serve(sock_t *listener, struct room *room);

/* Listens on 127.0.0.1:port and serves. */
eff_t *server(int port, struct display *display);

#endif
