/* evhttp as an effect. What libevent 2.1 does, and this file has to know:
 *
 *  - The callback of a request may come before evhttp_make_request returns, and comes while the connection is in use
 *    below it on the C stack. So callbacks only answer; the connection is freed by who holds it, later.
 *  - Requests are owned here (evhttp_request_own), as evhttp frees its own in some of its failures and leaks them in
 *    others. A connection that is refused calls back with status 0, without the error callback.
 *  - Without Content-Length, a body ends with the connection, unless there is any Connection header but "close": then
 *    evhttp takes it for empty. That header is read here, and removed before evhttp sees it.
 *  - Of the interim answers (1xx) it knows 100 alone; others pass for the answer itself. So they are told to it as 100.
 *    Afterwards it waits for a write callback, which no TLS bufferevent with nothing to write makes: it is made here.
 *  - A line with the size of a chunk may be of any length, in memory: what stands unread is watched.
 *  - A Transfer-Encoding that is not just "chunked", and several lengths that differ, go unseen: refused here.
 *  - Bytes behind an answer would be taken for the next one: such a connection is not used again.
 *  - Time is the Clock's business: evhttp's own limits are a year. */
#include "http/connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include <effect/async.h>

#include "core/memory.h"
#include "http/fields.h"

enum { A_YEAR_S = 365 * 24 * 60 * 60, UNREAD_SLACK = 64 * 1024, FIRST_STATUS = 100, LAST_STATUS = 999 };

static struct bufferevent *bufferevent_of(const struct eff__http_connection *c)
{
    return evhttp_connection_get_bufferevent(c->evcon);
}

static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg);

/* libevent frees buffers in a later turn; nothing of theirs may come back here then. */
static void connection_drop(struct eff__http_connection *c)
{
    c->k = NULL;
    if (c->evcon) {
        evhttp_connection_set_closecb(c->evcon, NULL, NULL);
        evbuffer_remove_cb(bufferevent_get_input(bufferevent_of(c)), on_input, c);
        if (c->tls) eff__http_tls_forget(bufferevent_of(c), c->keeps && !c->closed);
        evhttp_connection_free(c->evcon);
    }
    if (c->request) evhttp_request_free(c->request);
}
EFF_DEFINE_TYPE(eff__http_connection, struct eff__http_connection, .drop = connection_drop);

/* ---- failures */

static eff_value_t errno_error(const struct eff__http_connection *c, int err, const char *what)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff__http_hop_format(c->hop, &text);
    eff_value_t error =
        text.truncated ? eff_oom_value() : eff_error_errno(err, "%s: %s %s", eff_buffer_text(&text), what, c->peer);
    eff_buffer_done(&text);
    return error;
}

static eff_value_t too_large(const struct eff__http_connection *c, const char *what, size_t limit)
{
    return eff__http_error(c->hop, &eff_http_too_large_error, 0, "%s of the answer is beyond %zu bytes", what, limit);
}

/* evhttp says the same of chunks that it does not understand. */
static eff_value_t body_too_large(const struct eff__http_connection *c)
{
    if (!c->chunked) return too_large(c, "the body", c->wire->max_body);
    return eff__http_error(c->hop, &eff_http_too_large_error, 0,
                           "the body of the answer is beyond %zu bytes, or its chunks are malformed",
                           c->wire->max_body);
}

/* Of a connection that ended, or was never made. */
static eff_value_t ended(struct eff__http_connection *c)
{
    bool just_closed = false;
    if (c->tls) eff__http_tls_why(bufferevent_of(c), &c->reason, &just_closed);
    if (c->reason.text[0] && !(just_closed && c->connected))
        return eff__http_error(c->hop, &eff_http_tls_error, 0, "%s: %s", c->peer, c->reason.text);
    if (!c->connected) return errno_error(c, c->error ? c->error : ECONNREFUSED, "connect to");
    return eff__http_error(c->hop, &eff_connection_error, 0, "%s closed the connection without a whole answer",
                           c->peer);
}

static eff_value_t error_of(struct eff__http_connection *c)
{
    if (c->problem)
        return eff__http_error(c->hop, &eff_http_protocol_error, 0, "%s answered with %s", c->peer, c->problem);
    switch (c->why) {
    case EVREQ_HTTP_INVALID_HEADER:
        if (c->n_received > c->wire->max_headers) return too_large(c, "the head", c->wire->max_headers);
        return eff__http_error(c->hop, &eff_http_protocol_error, 0, "%s did not answer in HTTP", c->peer);
    case EVREQ_HTTP_DATA_TOO_LONG: return body_too_large(c);
    case EVREQ_HTTP_TIMEOUT: return errno_error(c, ETIMEDOUT, "wait for");
    case EVREQ_HTTP_EOF:
    case EVREQ_HTTP_BUFFER_ERROR:
    case EVREQ_HTTP_REQUEST_CANCEL: break;
    }
    return ended(c);
}

static eff_async_t *take_k(struct eff__http_connection *c)
{
    eff_async_t *k = c->k;
    c->k = NULL;
    return k;
}

/* evhttp calls it when it closes a connection that was made, before it tells of the error. */
static void on_close(struct evhttp_connection *evcon, void *arg)
{
    struct eff__http_connection *c = arg;
    (void)evcon;
    c->connected = c->closed = true;
    if (c->on_closed) c->on_closed(c, c->arg);
}

static void on_error(enum evhttp_request_error why, void *arg)
{
    struct eff__http_connection *c = arg;
    c->why = why;
    c->error = errno;
}

/* What comes in; what of it stands unread may be no more than a whole body, and some. */
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
    struct eff__http_connection *c = arg;
    c->n_received += info->n_added;
    if (!c->k || info->n_added == 0) return;
    size_t limit = c->wire->max_body + c->wire->max_headers + UNREAD_SLACK;
    if (limit < c->wire->max_body || evbuffer_get_length(input) <= limit) return;
    c->keeps = false;
    eff_value_t error = body_too_large(c);
    eff_async_fail(take_k(c), error);
}

/* ---- the answer's headers */

static bool has_token(const char *list, const char *token)
{
    size_t n = strlen(token);
    while (list && *list) {
        list += strspn(list, ", \t");
        size_t item = strcspn(list, ", \t");
        if (item == n && strncasecmp(list, token, n) == 0) return true;
        list += item;
    }
    return false;
}

/* The value of the only header of that name; `*ret_differ` is set when there are several that differ. */
static const char *find_header(const struct evkeyvalq *headers, const char *name, bool *ret_differ)
{
    const char *found = NULL;
    for (const struct evkeyval *h = headers->tqh_first; h; h = h->next.tqe_next) {
        if (strcasecmp(h->key, name) != 0) continue;
        if (found && strcmp(found, h->value) != 0) *ret_differ = true;
        if (!found) found = h->value;
    }
    return found;
}

static bool has_body(eff_http_method_t method, int status)
{
    return method != EFF_HTTP_HEAD && status != 204 && status != 304;
}

/* Decides how long the body is and what becomes of the connection. @return what is wrong, or NULL */
static const char *read_framing(struct eff__http_connection *c, struct evhttp_request *request)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    int status = evhttp_request_get_response_code(request);
    bool differ = false, ignored = false;
    if (request->major != 1 || request->minor < 0) return "a version of HTTP that is not 1";
    if (status < FIRST_STATUS || status > LAST_STATUS) return "a status that is none";
    const char *length = find_header(headers, "content-length", &differ);
    const char *encoding = find_header(headers, "transfer-encoding", &differ);
    const char *connection = find_header(headers, "connection", &ignored);
    c->keeps = request->minor == 0 ? has_token(connection, "keep-alive") : !has_token(connection, "close");
    if (!has_body(c->hop->method, status)) return NULL;
    if (differ) return "lengths that differ";
    if (encoding && strcasecmp(encoding, "chunked") != 0) return "a transfer encoding that was not asked for";
    c->chunked = encoding != NULL;
    c->to_the_end = !encoding && !length;
    if (c->to_the_end || (encoding && length)) c->keeps = false;
    if (c->to_the_end)
        while (evhttp_remove_header(headers, "connection") == 0)
            continue;
    return NULL;
}

static int on_headers(struct evhttp_request *request, void *arg)
{
    struct eff__http_connection *c = arg;
    int status = evhttp_request_get_response_code(request);
    if (!c->k) return -1;
    if (status == 101) c->problem = "another protocol, which nobody asked for";
    else if (status >= 100 && status < 200) {
        evhttp_clear_headers(evhttp_request_get_input_headers(request));
        request->response_code = 100;
        if (c->tls) bufferevent_trigger(bufferevent_of(c), EV_WRITE, BEV_OPT_DEFER_CALLBACKS);
        return 0;
    } else {
        c->problem = read_framing(c, request);
    }
    return c->problem ? -1 : 0;
}

/* ---- the answer */

static eff_value_t headers_of(struct evhttp_request *request)
{
    const struct evkeyvalq *from = evhttp_request_get_input_headers(request);
    size_t n = 0, i = 0;
    for (const struct evkeyval *h = from->tqh_first; h; h = h->next.tqe_next)
        n++;
    struct eff__http_field *list = n ? eff__malloc(n * sizeof *list) : NULL;
    if (n && !list) return eff_oom_value();
    for (const struct evkeyval *h = from->tqh_first; h; h = h->next.tqe_next)
        list[i++] = (struct eff__http_field){ h->key, h->value, false };
    eff_value_t headers = eff__http_fields_copy(n, list, NULL);
    if (list) eff__raw_free(list);
    return headers;
}

static eff_value_t response_of(struct evhttp_request *request)
{
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    size_t n = evbuffer_get_length(input);
    const void *bytes = n ? (const void *)evbuffer_pullup(input, -1) : "";
    if (!bytes) return eff_oom_value();
    eff_http_response_t r = { .status = evhttp_request_get_response_code(request),
                              .version = request->major * 10 + request->minor,
                              .headers = headers_of(request),
                              .body = eff_bytes(bytes, n) };
    bool oom = eff_is_oom(r.headers) || eff_is_oom(r.body);
    eff_value_t response = eff_http_response_make(r);
    if (!oom) return response;
    eff_value_decref(response);
    return eff_oom_value();
}

/* Called once per request that was not cancelled: with NULL after on_error; with status 0 when it was refused. */
static void on_answer(struct evhttp_request *request, void *arg)
{
    struct eff__http_connection *c = arg;
    if (!c->k) return;
    if (request && evhttp_request_get_response_code(request) != 0) {
        eff_value_t response = response_of(request);
        c->connected = true;
        if (eff_is_oom(response)) eff_async_resume(take_k(c), eff_out_of_memory());
        else eff_async_succeed(take_k(c), response);
        return;
    }
    if (request) {
        c->why = EVREQ_HTTP_EOF;
        c->error = ECONNREFUSED;
    }
    c->keeps = false;
    eff_value_t error = error_of(c);
    eff_async_fail(take_k(c), error);
}

/* ---- asking */

static void forget_request(struct eff__http_connection *c)
{
    if (c->request) evhttp_request_free(c->request);
    c->request = NULL;
}

static eff_cancel_t cancel(eff_async_t *k, void *arg)
{
    struct eff__http_connection *c = arg;
    c->k = NULL;
    c->keeps = false;
    evhttp_cancel_request(c->request);
    forget_request(c);
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}

static bool add_headers(struct evkeyvalq *to, const struct eff__http_hop *hop, const struct eff__http_wire *wire,
                        size_t n)
{
    static const eff_value_t none = { .type = NULL };
    eff_value_t own = hop->headers.type ? hop->headers : none;
    const struct eff__http_fields *f = eff__http_fields_in(own);
    char length[24];
    int failed = 0;
    if (!eff_http_fields_get(own, "host")) failed |= evhttp_add_header(to, "Host", eff_as_string(hop->url.authority));
    for (size_t i = 0; i < f->n; i++)
        failed |= evhttp_add_header(to, f->list[i].name, f->list[i].value);
    if (!eff_http_fields_get(own, "user-agent") && *wire->user_agent)
        failed |= evhttp_add_header(to, "User-Agent", wire->user_agent);
    if (!eff_http_fields_get(own, "accept")) failed |= evhttp_add_header(to, "Accept", "*/*");
    snprintf(length, sizeof length, "%zu", n);
    bool says_length =
        hop->body.type || hop->method == EFF_HTTP_POST || hop->method == EFF_HTTP_PUT || hop->method == EFF_HTTP_PATCH;
    if (says_length) failed |= evhttp_add_header(to, "Content-Length", length);
    return failed == 0;
}

static enum evhttp_cmd_type command_of(eff_http_method_t method)
{
    switch (method) {
    case EFF_HTTP_GET: return EVHTTP_REQ_GET;
    case EFF_HTTP_HEAD: return EVHTTP_REQ_HEAD;
    case EFF_HTTP_POST: return EVHTTP_REQ_POST;
    case EFF_HTTP_PUT: return EVHTTP_REQ_PUT;
    case EFF_HTTP_PATCH: return EVHTTP_REQ_PATCH;
    case EFF_HTTP_DELETE: return EVHTTP_REQ_DELETE;
    case EFF_HTTP_OPTIONS: return EVHTTP_REQ_OPTIONS;
    }
    return EVHTTP_REQ_GET;
}

static bool prepare(struct eff__http_connection *c)
{
    size_t n = 0;
    const void *body = c->hop->body.type ? eff_as_bytes(c->hop->body, &n) : NULL;
    forget_request(c);
    c->request = evhttp_request_new(on_answer, c);
    if (!c->request) return false;
    evhttp_request_own(c->request);
    evhttp_request_set_error_cb(c->request, on_error);
    evhttp_request_set_header_cb(c->request, on_headers);
    evhttp_connection_set_max_headers_size(c->evcon, (ev_ssize_t)(c->wire->max_headers & EV_SSIZE_MAX));
    evhttp_connection_set_max_body_size(c->evcon, (ev_ssize_t)(c->wire->max_body & EV_SSIZE_MAX));
    if (n && evbuffer_add(evhttp_request_get_output_buffer(c->request), body, n) < 0) return false;
    return add_headers(evhttp_request_get_output_headers(c->request), c->hop, c->wire, n);
}

/* What is written is whole messages: nothing is gained by waiting for more, as TCP does by default. */
static void send_at_once(const struct eff__http_connection *c)
{
    int yes = 1;
    evutil_socket_t fd = bufferevent_getfd(bufferevent_of(c));
    if (fd >= 0) (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static void start(eff_async_t *k, eff_value_t env)
{
    struct eff__http_connection *c = eff_as_ptr(env);
    c->n_received = 0;
    c->problem = NULL;
    c->why = EVREQ_HTTP_EOF;
    c->error = 0;
    c->keeps = c->to_the_end = c->chunked = false;
    c->k = k;
    if (!prepare(c)) {
        forget_request(c);
        eff_async_resume(take_k(c), eff_out_of_memory());
        return;
    }
    const char *target = eff_as_string(c->hop->url.target);
    if (evhttp_make_request(c->evcon, c->request, command_of(c->hop->method), target) < 0) {
        if (c->k) eff_async_resume(take_k(c), eff_out_of_memory());
    } else if (c->k) {
        eff_async_on_cancel(k, cancel, c);
        send_at_once(c);
    }
}

eff_t *eff__http_exchange(struct eff__http_connection *c, const struct eff__http_hop *hop,
                          const struct eff__http_wire *wire)
{
    c->hop = hop;
    c->wire = wire;
    return eff_async_at(NULL, start, eff_ptr(c));
}

/* ---- connecting */

bool eff__http_is_connected(const struct eff__http_connection *c)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    struct bufferevent *bev = bufferevent_of(c);
    evutil_socket_t fd = bufferevent_getfd(bev);
    if (fd < 0 || getpeername(fd, (struct sockaddr *)&peer, &size) < 0) return false;
    return !c->tls || eff__http_tls_is_open(bev);
}

bool eff__http_is_reusable(const struct eff__http_connection *c)
{
    return c->keeps && !c->closed && evbuffer_get_length(bufferevent_get_input(bufferevent_of(c))) == 0;
}

static bool open_evcon(struct eff__http_connection *c, struct event_base *base, const struct addrinfo *address,
                       const char *number, int port, const char *host, struct eff__http_tls *tls)
{
    struct bufferevent *bev = NULL;
    if (tls && !(bev = eff__http_tls_bufferevent(tls, base, host, &c->reason))) return false;
    c->evcon = evhttp_connection_base_bufferevent_new(base, NULL, bev, number, (ev_uint16_t)port);
    if (!c->evcon) {
        if (bev) bufferevent_free(bev);
        return false;
    }
    /* The address is a number: with its family named, evhttp has nothing to look up, and so does not block. */
    evhttp_connection_set_family(c->evcon, address->ai_family);
    evhttp_connection_set_retries(c->evcon, 0);
    evhttp_connection_set_timeout(c->evcon, A_YEAR_S);
    evhttp_connection_set_closecb(c->evcon, on_close, c);
    return evbuffer_add_cb(bufferevent_get_input(bufferevent_of(c)), on_input, c) != NULL;
}

eff_value_t eff__http_connection_new(struct event_base *base, const struct addrinfo *address, const char *host,
                                     struct eff__http_tls *tls)
{
    char number[NI_MAXHOST], port[NI_MAXSERV];
    eff_value_t v = eff__http_connection_make((struct eff__http_connection){ .tls = tls != NULL });
    if (eff_is_oom(v)) return v;
    struct eff__http_connection *c = eff__http_connection_of(v);
    if (getnameinfo(address->ai_addr, address->ai_addrlen, number, sizeof number, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        snprintf(number, sizeof number, "?"); /* none that can be connected to: that will be the failure */
        snprintf(port, sizeof port, "1");
    }
    snprintf(c->peer, sizeof c->peer, strchr(number, ':') ? "[%s]:%s" : "%s:%s", number, port);
    int port_number = 0;
    sscanf(port, "%d", &port_number);
    if (open_evcon(c, base, address, number, port_number, host, tls)) return v;
    eff_value_decref(v);
    return eff_oom_value();
}
