/* From callbacks to fibers: evhttp calls on_request; a fiber takes the requests one by one, as if they came from a
 * function that waits, and forks one fiber for each. When the scope closes, the fibers are ended first, then the server
 * is freed, and with it the connections and the requests that nobody has answered. */
#include "server.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <event2/event.h>
#include <event2/http.h>

EFF_DEFINE_TYPE(server_ports, server_ports_t);

enum { BACKLOG = 64 };

typedef struct server {
    struct evhttp *http;
    int closed_fd; /* bound, not listening */
    server_ports_t ports;
    eff_async_t *waiter; /* the fiber that waits for the next request; NULL when it does not wait */
    unsigned n_flaky;    /* how often /flaky was asked */

    /* Requests that came while it did not wait: a ring, from waiting[first]. */
    struct evhttp_request *waiting[BACKLOG];
    size_t first, n_waiting;
} server_t;

static void server_close(server_t *server)
{
    if (server->http) evhttp_free(server->http);
    if (server->closed_fd >= 0) close(server->closed_fd);
    server->http = NULL;
    server->closed_fd = -1;
}
EFF_STATIC_TYPE(server, server_t, .drop = server_close);

/* ---- a request at a time */

static void on_request(struct evhttp_request *request, void *arg)
{
    server_t *server = arg;
    if (server->waiter) {
        eff_async_t *k = server->waiter;
        server->waiter = NULL;
        eff_async_succeed(k, eff_ptr(request));
    } else if (server->n_waiting < BACKLOG) {
        server->waiting[(server->first + server->n_waiting++) % BACKLOG] = request;
    } else {
        evhttp_send_error(request, HTTP_SERVUNAVAIL, "too many requests at once");
    }
}

static eff_cancel_t cancel_next(eff_async_t *k, void *server)
{
    ((server_t *)server)->waiter = NULL;
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}

static void start_next(eff_async_t *k, eff_value_t env)
{
    server_t *server = eff_as_ptr(env);
    if (server->n_waiting > 0) {
        struct evhttp_request *request = server->waiting[server->first];
        server->first = (server->first + 1) % BACKLOG;
        server->n_waiting--;
        eff_async_succeed(k, eff_ptr(request));
    } else {
        server->waiter = k;
        eff_async_on_cancel(k, cancel_next, server);
    }
}

/* ---- answering */

static eff_value_t send_reply(eff_value_t request_and_status, eff_value_t env)
{
    (void)env;
    int status = (int)eff_as_int(eff_second(request_and_status));
    evhttp_send_reply(eff_as_ptr(eff_first(request_and_status)), status, NULL, NULL);
    return eff_unit;
}

static eff_t *reply(struct evhttp_request *request, int status)
{
    return eff_map(eff_succeed(eff_pair(eff_ptr(request), eff_int(status))), send_reply, eff_unit);
}

static eff_t *handle(server_t *server, struct evhttp_request *request)
{
    const char *path = evhttp_request_get_uri(request);
    if (strcmp(path, "/fast") == 0) return reply(request, 200);
    if (strcmp(path, "/slow") == 0) return eff_delay(reply(request, 200), eff_millis(400));
    if (strcmp(path, "/flaky") == 0) return reply(request, server->n_flaky++ < 2 ? 503 : 200);
    if (strcmp(path, "/wrong") == 0) return reply(request, 500);
    if (strcmp(path, "/hanging") == 0) return eff_never();
    return reply(request, 404);
}

struct serve {
    server_t *server; /* borrowed: the scope has it, and ends this fiber first */
};

static eff_t *serve_step(struct serve *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    for (;;) {
        EFF_AWAIT(eff_async(start_next, eff_ptr(s->server)));
        EFF_AWAIT(eff_fork(handle(s->server, eff_as_ptr(EFF_GOT()))));
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(serve, struct serve, serve_step);

/* ---- opening: plain C that returns 0, or -1 and errno */

static int port_of(int fd)
{
    struct sockaddr_in address = { 0 };
    socklen_t size = sizeof address;
    return getsockname(fd, (struct sockaddr *)&address, &size) < 0 ? -1 : ntohs(address.sin_port);
}

static int open_closed_port(server_t *server)
{
    struct sockaddr_in loopback = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    server->closed_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->closed_fd < 0) return -1;
    if (bind(server->closed_fd, (struct sockaddr *)&loopback, sizeof loopback) < 0) return -1;
    return server->ports.closed = port_of(server->closed_fd);
}

static int open_http(server_t *server)
{
    server->http = evhttp_new(eff_event_base());
    if (!server->http) return errno = ENOMEM, -1;
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(server->http, "127.0.0.1", 0);
    if (!bound) return -1;
    evhttp_set_gencb(server->http, on_request, server);
    return server->ports.open = port_of(evhttp_bound_socket_get_fd(bound));
}

static int server_open(eff_value_t env, eff_value_t *ret_value, eff_value_t *ret_error)
{
    (void)env;
    eff_value_t v = server_make((server_t){ .closed_fd = -1 });
    *ret_value = v;
    if (!eff_value_is(v, &server_type)) return 0; /* out of memory, which speaks for itself */
    if (open_http(server_of(v)) >= 0 && open_closed_port(server_of(v)) >= 0) return 0;
    *ret_error = eff_error_errno(errno, "listen on 127.0.0.1");
    eff_value_decref(v);
    *ret_value = eff_unit;
    return -1;
}

/* The scope holds the server, and its close is what counts; the value may be dropped before or after. */
static void server_release(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    server_close(server_of(resource));
}

static eff_t *serve_in_background(eff_value_t resource, eff_value_t env)
{
    (void)env;
    server_t *server = server_of(resource);
    eff_t *e = eff_fork_scoped(serve((struct serve){ .server = server }));
    return eff_map_to(e, server_ports_make(server->ports));
}

eff_t *server_start(void)
{
    eff_t *e = eff_attempt(server_open, eff_unit);
    e = eff_acquire_release(e, server_release, eff_unit);
    return eff_flat_map(e, serve_in_background, eff_unit);
}
