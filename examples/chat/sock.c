/* Sockets as effects: gens in the shape of "try, and if it would block, wait". */
#include "sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>

/* ---- a socket as a value */

static eff_t *sock_fill(struct conn *c, struct evbuffer *in);
static eff_t *sock_flush(struct conn *c, struct evbuffer *out);

/* To close a socket with bytes unread would reset the connection, and the last words might be lost. */
static void sock_clear(sock_t *s)
{
    char ignored[4096];
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };
    if (s->abrupt) {
        setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    } else {
        shutdown(s->fd, SHUT_WR);
        for (int i = 0; i < 16 && recv(s->fd, ignored, sizeof ignored, MSG_DONTWAIT) > 0; i++) {}
    }
    close(s->fd);
}
EFF_DEFINE_TYPE(sock, sock_t, .drop = sock_clear);

static eff_value_t sock_of_fd(int fd)
{
    return sock_make((sock_t){ .conn = { .fill = sock_fill, .flush = sock_flush }, .fd = fd });
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* ---- a connection */

struct transfer {
    sock_t *sock;
    struct evbuffer *bytes;
};

static eff_t *fill_step(struct transfer *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    for (;;) {
        int n = evbuffer_read(s->bytes, s->sock->fd, 4096);
        if (n > 0) EFF_GEN_RETURN(eff_unit);
        if (n == 0) EFF_GEN_FAIL(eff_error(&eff_closed_error, 0, "hung up"));
        if (!would_block()) EFF_GEN_FAIL(eff_error_errno(errno, "receive"));
        EFF_AWAIT(eff_wait_readable(s->sock->fd));
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(fill, struct transfer, fill_step, .drop = NULL);

static eff_t *flush_step(struct transfer *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    while (evbuffer_get_length(s->bytes) > 0) {
        if (evbuffer_write(s->bytes, s->sock->fd) >= 0) continue;
        if (!would_block()) EFF_GEN_FAIL(eff_error_errno(errno, "send"));
        EFF_AWAIT(eff_wait_writable(s->sock->fd));
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(flush, struct transfer, flush_step, .drop = NULL);

static eff_t *sock_fill(struct conn *c, struct evbuffer *in)
{
    return fill((struct transfer){ .sock = (sock_t *)c, .bytes = in });
}

static eff_t *sock_flush(struct conn *c, struct evbuffer *out)
{
    return flush((struct transfer){ .sock = (sock_t *)c, .bytes = out });
}

/* ---- making connections */

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static eff_t *open_listener(eff_value_t port)
{
    struct sockaddr_in at = loopback((int)eff_as_int(port));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, SOMAXCONN) == 0)
        return eff_succeed(sock_of_fd(fd));
    eff_t *e = eff_fail_errno("listen on 127.0.0.1:%d", (int)eff_as_int(port));
    if (fd >= 0) close(fd);
    return e;
}

eff_t *sock_listen(int port)
{
    return eff_suspend(open_listener, eff_int(port));
}

struct acceptance {
    sock_t *listener;
};

static eff_t *accept_step(struct acceptance *s, eff_gen_t *g)
{
    static const int kernel_queue = 32 * 1024; /* else it grows to megabytes before anybody sees that a client lags */
    EFF_GEN_BEGIN(g);
    for (;;) {
        int fd = accept4(s->listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kernel_queue, sizeof kernel_queue);
            EFF_GEN_RETURN(eff_some(sock_of_fd(fd)));
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            EFF_AWAIT(eff_sleep(eff_millis(100))); /* until somebody leaves */
        else if (would_block() || errno == ECONNABORTED) EFF_AWAIT(eff_wait_readable(s->listener->fd));
        else EFF_GEN_FAIL(eff_error_errno(errno, "accept"));
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(acceptance, struct acceptance, accept_step, .drop = NULL);

eff_t *sock_accept(sock_t *listener)
{
    return acceptance((struct acceptance){ .listener = listener });
}

struct connecting {
    int port;
    sock_t *sock;
};

static void connecting_drop(struct connecting *s)
{
    sock_decref(s->sock);
}

static eff_t *connect_step(struct connecting *s, eff_gen_t *g)
{
    int error = 0;
    socklen_t size = sizeof error;
    struct sockaddr_in to = loopback(s->port);
    EFF_GEN_BEGIN(g);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return eff_fail_errno("socket");
    s->sock = sock_take(sock_of_fd(fd));
    if (!s->sock) return eff_out_of_memory();
    if (connect(s->sock->fd, (struct sockaddr *)&to, sizeof to) < 0) {
        if (errno != EINPROGRESS) EFF_GEN_FAIL(eff_error_errno(errno, "connect"));
        EFF_AWAIT(eff_wait_writable(s->sock->fd));
        getsockopt(s->sock->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) EFF_GEN_FAIL(eff_error_errno(error, "connect"));
    }
    EFF_GEN_END(sock_value(sock_incref(s->sock)));
}
EFF_DEFINE_GEN(connecting, struct connecting, connect_step, .drop = connecting_drop);

eff_t *sock_connect(int port)
{
    return connecting((struct connecting){ .port = port });
}

int sock_port(const sock_t *s)
{
    struct sockaddr_in at = { 0 };
    socklen_t size = sizeof at;
    getsockname(s->fd, (struct sockaddr *)&at, &size);
    return ntohs(at.sin_port);
}
