/* evhttp as an effect. What libevent 2.1 promises, and this file relies on:
 *
 *  - The callback of a request may run before evhttp_make_request returns (a connect that fails at once), while the
 *    connection is still in use below us on the C stack. So the callback never frees the connection: the gen's frame
 *    does, when the gen has ended.
 *  - A cancelled request is freed and does not call back any more: the canceler answers EFF_CANCEL_GONE.
 *  - On failure the request is freed, and called back for with NULL, except for a connection that is refused: then it
 *    comes with status 0. */
#include "http_exchange.h"
#include "http.h"
#include "http_url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <netdb.h>
#include <sys/socket.h>

#include <event2/buffer.h>

enum {
    MAX_HEADERS = 64 * 1024,        /* bytes; beyond it an answer is a bad response */
    MAX_BODY = 16 * 1024 * 1024,    /* bytes; likewise */
    LIBEVENT_TIMEOUT = 24 * 60 * 60 /* seconds: instead of evhttp's own 45, since time is the Clock's business */
};

/* A connection and what its callbacks have learned. As a value it can be dropped at any time. */
typedef struct connection {
    struct evhttp_connection *evcon;
    eff_async_t *k;                /* whom to answer */
    char peer[128];                /* "127.0.0.1:8080", for messages */
    bool connected;                /* it was, once: so a failure is one of talking, not of connecting */
    enum evhttp_request_error why; /* set before the callback that has no answer */
    int connect_errno;             /* likewise, when it was not connected */
} connection_t;

static void connection_close(connection_t *c)
{
    if (c->evcon) evhttp_connection_free(c->evcon);
}
EFF_STATIC_TYPE(connection, connection_t, .drop = connection_close);

/* evhttp closes a connection it has established before it reports the error; one it has not, it does not. */
static void on_close(struct evhttp_connection *evcon, void *arg)
{
    (void)evcon;
    ((connection_t *)arg)->connected = true;
}

static void on_error(enum evhttp_request_error why, void *arg)
{
    connection_t *c = arg;
    c->why = why;
    c->connect_errno = errno;
}

static eff_value_t no_answer(const connection_t *c)
{
    switch (c->why) {
    case EVREQ_HTTP_INVALID_HEADER: return eff_error(&http_bad_response_error, 0, "%s did not answer in HTTP", c->peer);
    case EVREQ_HTTP_DATA_TOO_LONG: return eff_error(&http_bad_response_error, 0, "%s sent too much", c->peer);
    case EVREQ_HTTP_TIMEOUT: return eff_error_errno(ETIMEDOUT, "%s", c->peer);
    case EVREQ_HTTP_EOF:
    case EVREQ_HTTP_BUFFER_ERROR:
    case EVREQ_HTTP_REQUEST_CANCEL: break;
    }
    if (!c->connected) return eff_error_errno(c->connect_errno ? c->connect_errno : EIO, "connect to %s", c->peer);
    return eff_error(&eff_connection_error, 0, "%s closed the connection without a whole answer", c->peer);
}

/* Called once per request that was not cancelled: with NULL after on_error, with status 0 when it was refused. */
static void on_answer(struct evhttp_request *request, void *arg)
{
    connection_t *c = arg;
    if (!request) {
        eff_async_fail(c->k, no_answer(c));
    } else if (evhttp_request_get_response_code(request) == 0) {
        eff_async_fail(c->k, eff_error_errno(ECONNREFUSED, "connect to %s", c->peer));
    } else {
        http_response_t answer = { .status = evhttp_request_get_response_code(request),
                                   .body_size = evbuffer_get_length(evhttp_request_get_input_buffer(request)) };
        eff_async_succeed(c->k, http_response_make(answer));
    }
}

static eff_cancel_t cancel_request(eff_async_t *k, void *request)
{
    evhttp_cancel_request(request);
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}

static void start_request(eff_async_t *k, eff_value_t env)
{
    http_exchange_t *s = eff_as_ptr(env);
    connection_t *c = s->connection;
    struct evhttp_request *request = evhttp_request_new(on_answer, c);
    if (!request) {
        eff_async_resume(k, eff_out_of_memory());
        return;
    }
    c->k = k;
    evhttp_request_set_error_cb(request, on_error);
    char host[HTTP_HOST_SIZE + 8], target[HTTP_TARGET_SIZE];
    snprintf(host, sizeof host, "%s:%d", evhttp_uri_get_host(s->uri), http_url_port(s->uri));
    http_url_target(s->uri, target);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    evhttp_add_header(headers, "Host", host);
    evhttp_add_header(headers, "User-Agent", "libeffect-healthcheck");
    evhttp_add_header(headers, "Connection", "close");
    if (evhttp_make_request(c->evcon, request, EVHTTP_REQ_GET, target) < 0)
        eff_async_fail(k, eff_error_errno(ENOMEM, "connect to %s", c->peer));
    else eff_async_on_cancel(k, cancel_request, request); /* ignored when the answer is there already */
}

static eff_value_t connection_open(eff_value_t env)
{
    const http_exchange_t *s = eff_as_ptr(env);
    connection_t c = { .why = EVREQ_HTTP_EOF };
    int port = http_url_port(s->uri);
    char host[NI_MAXHOST];
    if (getnameinfo(s->address->ai_addr, (socklen_t)s->address->ai_addrlen, host, sizeof host, NULL, 0,
                    NI_NUMERICHOST) != 0)
        snprintf(host, sizeof host, "?"); /* not an address that can be connected to: that will be the failure */
    snprintf(c.peer, sizeof c.peer, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);

    /* The address is a number already: evhttp has nothing to look up, and so does not block. */
    c.evcon = evhttp_connection_base_new(eff_event_base(), NULL, host, (ev_uint16_t)port);
    if (!c.evcon) return eff_oom_value();
    evhttp_connection_set_family(c.evcon, s->address->ai_family);
    evhttp_connection_set_retries(c.evcon, 0);
    evhttp_connection_set_timeout(c.evcon, LIBEVENT_TIMEOUT);
    evhttp_connection_set_max_headers_size(c.evcon, MAX_HEADERS);
    evhttp_connection_set_max_body_size(c.evcon, MAX_BODY);

    eff_value_t v = connection_make(c);
    if (eff_value_is(v, &connection_type)) evhttp_connection_set_closecb(c.evcon, on_close, connection_of(v));
    return v;
}

static void http_exchange_drop(http_exchange_t *s)
{
    connection_decref(s->connection);
}

static eff_t *http_exchange_step(http_exchange_t *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(connection_into(eff_sync(connection_open, eff_ptr(s)), &s->connection));
    EFF_AWAIT(eff_async(start_request, eff_ptr(s)));
    EFF_GEN_END(EFF_TAKE());
}
EFF_DEFINE_EXTERN_GEN(http_exchange, http_exchange_t, http_exchange_step, .drop = http_exchange_drop);
