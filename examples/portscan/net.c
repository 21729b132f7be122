/* Sockets as effects: connecting and accepting without blocking the loop. */
#include "net.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>

static void sock_close(sock_t *s)
{
    if (s->fd >= 0) close(s->fd);
}
EFF_DEFINE_TYPE(sock, sock_t, .drop = sock_close);
EFF_DEFINE_TYPE(address, address_t, .drop = NULL);

address_t address_copy(const struct sockaddr *from, socklen_t size)
{
    address_t address = { .size = size < sizeof address.v6 ? size : sizeof address.v6 };
    memcpy(&address.v6, from, address.size);
    return address;
}

/* ---- connecting */

/* A socket of this machine that connects to a free port may be given that very port as its own, and then meets itself
 * (TCP's simultaneous open). Nobody listens there. */
static bool has_met_itself(int fd)
{
    address_t here = { .size = sizeof here.v6 }, there = { .size = sizeof there.v6 };
    return getsockname(fd, &here.any, &here.size) == 0 && getpeername(fd, &there.any, &there.size) == 0 &&
           here.size == there.size && memcmp(&here.any, &there.any, here.size) == 0;
}

static eff_t *finish_connect(eff_value_t ready, eff_value_t sock)
{
    (void)ready;
    int fd = sock_of(sock)->fd, err = 0;
    socklen_t size = sizeof err;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) < 0) err = errno;
    if (err == 0 && has_met_itself(fd)) err = ECONNREFUSED;
    if (err) return eff_fail(eff_error_errno(err, "connect"));
    return eff_succeed(eff_value_incref(sock));
}

static eff_t *begin_connect(eff_value_t address)
{
    const address_t *to = address_of(address);
    int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return eff_fail_errno("socket");
    eff_value_t sock = sock_make((sock_t){ .fd = fd });
    if (connect(fd, &to->any, to->size) < 0 && errno != EINPROGRESS) {
        eff_t *failure = eff_fail_errno("connect");
        eff_value_decref(sock);
        return failure;
    }
    return eff_flat_map(eff_wait_writable(fd), finish_connect, sock);
}

eff_t *tcp_connect(const address_t *host, uint16_t port)
{
    address_t to = *host;
    if (to.any.sa_family == AF_INET6) to.v6.sin6_port = htons(port);
    else to.v4.sin_port = htons(port);
    return eff_suspend(begin_connect, address_make(to));
}

/* ---- accepting */

static bool is_none(eff_value_t client, eff_value_t env)
{
    (void)env;
    return eff_value_is(client, &eff_unit_type);
}

/* Succeeds with unit when the client that was there has gone again. */
static eff_t *accept_now(eff_value_t ready, eff_value_t listener)
{
    (void)ready;
    int fd = accept4(((const sock_t *)eff_as_ptr(listener))->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) return eff_succeed(sock_make((sock_t){ .fd = fd }));
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return eff_succeed(eff_unit);
    return eff_fail_errno("accept");
}

eff_t *tcp_accept(const sock_t *listener)
{
    eff_t *e = eff_wait_readable(listener->fd);
    e = eff_flat_map(e, accept_now, eff_ptr(listener));
    return eff_loop_while(e, is_none, eff_unit);
}
