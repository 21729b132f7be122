#include "http/server.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "http/certificate.h"
#include "support/case.h"

struct connection {
    struct server *server;
    struct bufferevent *bev;
    struct connection *prev, *next;
    enum then then;
    size_t left; /* of the body to come */
    const char *drip;
    struct event *dripper;
};

static void hang_up(struct connection *c)
{
    struct server *s = c->server;
    if (c->prev) c->prev->next = c->next;
    else s->connections = c->next;
    if (c->next) c->next->prev = c->prev;
    if (c->then == RESET) {
        struct linger at_once = { .l_onoff = 1 };
        setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    if (c->dripper) event_free(c->dripper);
    bufferevent_free(c->bev);
    s->n_open--;
    free(c);
}

static void on_written(struct bufferevent *bev, void *arg)
{
    struct connection *c = arg;
    (void)bev;
    if (c->then != KEEP && !c->drip) hang_up(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) hang_up(arg);
}

static void on_drip(evutil_socket_t fd, short what, void *arg)
{
    struct connection *c = arg;
    (void)fd, (void)what;
    bufferevent_write(c->bev, c->drip, 1);
    if (!*++c->drip) c->drip = NULL;
    if (c->drip) event_active(c->dripper, EV_TIMEOUT, 0);
}

static const struct reply *find_reply(struct server *s, const char *path)
{
    for (int i = 0; s->script[i].path; i++) {
        const struct reply *r = &s->script[i];
        if (strcmp(r->path, "*") != 0 && strcmp(r->path, path) != 0) continue;
        if (r->times && s->used[i] >= r->times) continue;
        s->used[i]++;
        return r;
    }
    return NULL;
}

static void answer(struct connection *c, const struct reply *r)
{
    c->then = r->then;
    if (r->drips) {
        c->drip = r->bytes;
        if (c->dripper) event_free(c->dripper);
        c->dripper = event_new(bufferevent_get_base(c->bev), -1, 0, on_drip, c);
        event_active(c->dripper, EV_TIMEOUT, 0);
        return;
    }
    if (r->bytes) bufferevent_write(c->bev, r->bytes, strlen(r->bytes));
    char block[4096];
    memset(block, 'x', sizeof block);
    for (size_t left = r->filler; left > 0;) {
        size_t n = left < sizeof block ? left : sizeof block;
        bufferevent_write(c->bev, block, n);
        left -= n;
    }
    if (!r->bytes && !r->filler && r->then != KEEP) hang_up(c);
}

/* How long a body follows the head. */
static size_t body_size(const char *head)
{
    const char *at = strcasestr(head, "\r\ncontent-length:");
    return at ? (size_t)atol(at + strlen("\r\ncontent-length:")) : 0;
}

static void on_readable(struct bufferevent *bev, void *arg)
{
    struct connection *c = arg;
    struct server *s = c->server;
    struct evbuffer *input = bufferevent_get_input(bev);
    struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
    if (end.pos < 0) return;
    size_t n_head = (size_t)end.pos + 4, n = evbuffer_get_length(input);
    char head[8192], path[256] = "";
    ck_assert_uint_lt(n_head, sizeof head);
    evbuffer_copyout(input, head, n_head);
    head[n_head] = '\0';
    sscanf(head, "%*s %255s", path);
    const struct reply *early = NULL;
    for (int i = 0; s->script[i].path && !early; i++)
        if (s->script[i].early && strcmp(s->script[i].path, path) == 0) early = &s->script[i];
    if (!early && n < n_head + body_size(head)) return;
    size_t n_all = early ? n : n_head + body_size(head);
    size_t n_kept = n_all < sizeof s->requests - 1 ? n_all : sizeof s->requests - 1;
    evbuffer_copyout(input, s->requests, n_kept);
    s->requests[n_kept] = '\0';
    evbuffer_drain(input, n_all);
    s->n_requests++;
    const struct reply *r = early ? early : find_reply(s, path);
    ck_assert_msg(r != NULL, "nothing is scripted for %s", path);
    answer(c, r);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int size, void *arg)
{
    struct server *s = arg;
    struct event_base *base = evconnlistener_get_base(listener);
    struct connection *c = calloc(1, sizeof *c);
    (void)from, (void)size;
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->server = s;
    c->bev = s->tls ? tls_accept(s->tls, base, fd) : bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    c->next = s->connections;
    if (c->next) c->next->prev = c;
    s->connections = c;
    s->n_connections++;
    s->n_open++;
    bufferevent_setcb(c->bev, on_readable, on_written, on_event, c);
    bufferevent_enable(c->bev, EV_READ | EV_WRITE);
    if (s->talks) answer(c, &s->script[0]);
}

/* ---- as a resource */

static eff_value_t open_server(eff_value_t env)
{
    struct server *s = eff_as_ptr(env);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (s->any_address) address.sin_addr.s_addr = htonl(INADDR_ANY);
    s->listener = evconnlistener_new_bind(eff_event_base(), on_accept, s, LEV_OPT_CLOSE_ON_FREE, 16,
                                          (struct sockaddr *)&address, sizeof address);
    ck_assert_ptr_nonnull(s->listener);
    socklen_t size = sizeof address;
    getsockname(evconnlistener_get_fd(s->listener), (struct sockaddr *)&address, &size);
    s->port = ntohs(address.sin_port);
    if (s->certificate_name) s->tls = tls_server_new(s->certificate_name, s->old_tls, s->ca_file);
    return eff_ptr(s);
}

static void close_server(eff_value_t server, const eff_exit_t *exit, eff_value_t env)
{
    struct server *s = eff_as_ptr(server);
    (void)exit, (void)env;
    while (s->connections)
        hang_up(s->connections);
    evconnlistener_free(s->listener);
    if (s->tls) tls_server_free(s->tls, s->ca_file);
}

static eff_t *use_server(eff_value_t server, eff_value_t env)
{
    struct served *served = eff_as_ptr(env);
    (void)server;
    eff_http_options_t options = served->setting->options;
    if (served->setting->trusts) options.ca_file = served->server.ca_file;
    return eff_provide(served->setting->program(&served->server), eff_http_live_with(&options));
}

eff_t *in_setting(struct served *served)
{
    served->server.script = served->setting->script;
    served->server.certificate_name = served->setting->certificate_name;
    served->server.old_tls = served->setting->old_tls;
    served->server.any_address = served->setting->any_address;
    served->server.talks = served->setting->talks;
    eff_t *acquire = eff_sync(open_server, eff_ptr(&served->server));
    return eff_acquire_use_release(acquire, use_server, close_server, eff_ptr(served));
}

/* The exit's text with PORT for the port. */
static const char *text_of_exit(const eff_exit_t *exit, int port)
{
    static char text[4096];
    char number[16];
    snprintf(number, sizeof number, ":%d", port);
    const char *from = shape_of(exit), *at;
    size_t n = 0;
    while ((at = strstr(from, number)) != NULL) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%.*s:PORT", (int)(at - from), from);
        from = at + strlen(number);
    }
    snprintf(text + n, sizeof text - n, "%s", from);
    return text;
}

const char *run_setting(const struct setting *setting)
{
    struct served served = { .setting = setting };
    eff_exit_t exit = setting->virtual_time ? eff_test_run(in_setting(&served)) : eff_run(in_setting(&served));
    const char *text = text_of_exit(&exit, served.server.port);
    eff_exit_decref(exit);
    return text;
}

/* ---- for programs */

eff_value_t url_of(const struct server *s, const char *path)
{
    return eff_printf("%s://%s:%d%s", s->certificate_name ? "https" : "http",
                      s->certificate_name ? "localhost" : "127.0.0.1", s->port, path);
}

static eff_t *make_text(eff_value_t response, eff_value_t env)
{
    (void)env;
    const eff_http_response_t *r = eff_http_response_of(response);
    return eff_succeed(eff_printf("%d %s", r->status, eff_http_text(r)));
}

eff_t *as_text(eff_t *e)
{
    return eff_flat_map(e, make_text, eff_unit);
}

eff_t *get_text(const struct server *s, const char *path)
{
    eff_value_t url = url_of(s, path);
    eff_t *e = as_text(eff_http_get(eff_as_string(url)));
    eff_value_decref(url);
    return e;
}

static void on_turn(evutil_socket_t fd, short what, void *k)
{
    (void)fd, (void)what;
    eff_async_succeed(k, eff_unit);
}
static void start_turn(eff_async_t *k, eff_value_t env)
{
    struct timeval at_once = { .tv_sec = 0 };
    (void)env;
    event_base_once(eff_event_base(), -1, EV_TIMEOUT, on_turn, k, &at_once);
}
static eff_t *one_turn(eff_value_t item, eff_value_t env)
{
    (void)item, (void)env;
    return eff_uninterruptible(eff_async(start_turn, eff_unit));
}

eff_t *loop_turns(int n)
{
    return eff_for_each_discard(eff_range(0, n), one_turn, eff_unit);
}
