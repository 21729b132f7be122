/* Sockets on loopback as effects: listen, accept, connect, and a connection's fill and flush. */
#ifndef CHAT_SOCK_H
#define CHAT_SOCK_H

#include "conn.h"

/* A socket, listening or connected. As a value it is closed with its last reference. */
typedef struct sock {
    struct conn conn; /* first, so that a connection knows its socket */
    int fd;
    bool abrupt; /* closing it resets the connection */
} sock_t;
EFF_DECLARE_TYPE(sock, sock_t);

eff_t *sock_listen(int port);         /* on 127.0.0.1, port 0: any that is free; succeeds with a sock */
eff_t *sock_connect(int port);        /* succeeds with a sock */
eff_t *sock_accept(sock_t *listener); /* succeeds with some(sock); borrows the listener */
int sock_port(const sock_t *s);       /* which port it is bound to */

#endif
