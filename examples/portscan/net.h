/* Sockets as effects. A socket is a value whose drop closes it, so that none is lost when a connect is interrupted,
 * timed out, or its result is taken by nobody. */
#ifndef PORTSCAN_NET_H
#define PORTSCAN_NET_H

#include <effect/effect.h>

#include <netinet/in.h>
#include <sys/socket.h>

typedef struct sock {
    int fd;
} sock_t;
EFF_DECLARE_TYPE(sock, sock_t);

typedef struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t size;
} address_t;
EFF_DECLARE_TYPE(address, address_t);

/* A copy of an address as the system gives it; one that is neither IPv4 nor IPv6 is cut off, and connects nowhere. */
address_t address_copy(const struct sockaddr *from, socklen_t size);

/* Succeeds with a sock; fails with the errno of connect. */
eff_t *tcp_connect(const address_t *host, uint16_t port);

/* Succeeds with a sock: the next client of a listening socket, which the effect borrows until it has ended. */
eff_t *tcp_accept(const sock_t *listener);

#endif
