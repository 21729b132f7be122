/* Fibers as guests of a libevent program: an evhttp server whose pages are effects. A plain callback starts a fiber, and
 * a plain callback gets what became of it. SIGTERM ends the fibers, and with them the program. */
#include <effect/effect.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

static const eff_error_kind_t no_such_page = { "no such page", NULL };

/* ---- the pages */

static eff_value_t send_sigterm(eff_value_t env)
{
    raise(SIGTERM);
    return eff_value_incref(env);
}

static eff_t *render(const char *path)
{
    if (strcmp(path, "/hello") == 0) return eff_delay(eff_succeed(eff_literal("hello, web")), eff_millis(2));
    if (strcmp(path, "/quit") == 0) return eff_then(eff_sync(send_sigterm, eff_unit), eff_sleep(eff_hours(1)));
    return eff_fail(eff_error(&no_such_page, 404, "%s", path));
}

/* ---- the program that was there before: its loop, its server, its signal */

struct app {
    struct event_base *base;
    struct evhttp *http;
    struct evhttp_bound_socket *listener;
    struct event *sigterm;
    eff_runtime_t *rt;
};

/* One request, from on_request to on_page. */
struct call {
    struct app *app;
    struct evhttp_request *req; /* NULL once the client has hung up */
    eff_fiber_t *fiber;
};

static void on_close(struct evhttp_connection *connection, void *arg)
{
    (void)connection;
    struct call *call = arg;
    call->req = NULL;                                  /* evhttp frees it */
    eff_runtime_interrupt(call->app->rt, call->fiber); /* on_page is called later, from the loop */
}

static void answer(struct evhttp_request *req, const eff_exit_t *exit)
{
    eff_value_t error;
    evhttp_connection_set_closecb(evhttp_request_get_connection(req), NULL, NULL);
    if (exit->ok) {
        evbuffer_add_printf(evhttp_request_get_output_buffer(req), "%s", eff_as_string(exit->value));
        evhttp_send_reply(req, 200, "OK", NULL);
    } else if (eff_cause_failure(exit->cause, &error) && eff_error_is(error, &no_such_page)) {
        evhttp_send_error(req, 404, NULL);
    } else if (eff_cause_is_interrupted_only(exit->cause)) {
        evhttp_send_error(req, 503, NULL);
    } else {
        eff_cause_print(exit->cause, stderr);
        evhttp_send_error(req, 500, NULL);
    }
}

static void on_page(const eff_exit_t *exit, void *arg)
{
    struct call *call = arg;
    if (call->req) answer(call->req, exit);
    eff_fiber_decref(call->fiber);
    free(call);
}

static void on_request(struct evhttp_request *req, void *arg)
{
    struct app *app = arg;
    struct call *call = calloc(1, sizeof *call);
    if (call) {
        *call = (struct call){ .app = app, .req = req };
        eff_t *page = render(evhttp_request_get_uri(req));
        if (eff_runtime_fork(app->rt, page, on_page, call, &call->fiber) == 0) {
            evhttp_connection_set_closecb(evhttp_request_get_connection(req), on_close, call);
            return;
        }
    }
    free(call); /* no memory, or shutting down: on_page is not called */
    evhttp_send_error(req, 503, NULL);
}

/* The loop ends by itself, when the last connection is closed. */
static void on_fibers_ended(void *arg)
{
    struct app *app = arg;
    puts("all fibers have ended");
    eff_runtime_free(app->rt);
}

static void on_sigterm(evutil_socket_t signal, short what, void *arg)
{
    (void)signal, (void)what;
    struct app *app = arg;
    puts("SIGTERM");
    event_del(app->sigterm);
    evhttp_del_accept_socket(app->http, app->listener);
    eff_runtime_shutdown(app->rt, on_fibers_ended, app);
}

/* ---- for the demonstration, a client in the same loop: a request after the other */

static const char *const paths[] = { "/hello", "/nothing", "/quit", NULL };

struct client {
    struct evhttp_connection *connection;
    const char *const *path;
};

static void ask(struct client *client);

static void on_answer(struct evhttp_request *req, void *arg)
{
    struct client *client = arg;
    printf("%s: %d\n", *client->path, req ? evhttp_request_get_response_code(req) : 0);
    client->path++;
    if (*client->path) ask(client);
}

static void ask(struct client *client)
{
    struct evhttp_request *req = evhttp_request_new(on_answer, client);
    if (!client->path[1]) evhttp_add_header(evhttp_request_get_output_headers(req), "Connection", "close");
    evhttp_make_request(client->connection, req, EVHTTP_REQ_GET, *client->path);
}

static int port_of(struct evhttp_bound_socket *listener)
{
    struct sockaddr_in address = { 0 };
    socklen_t size = sizeof address;
    getsockname(evhttp_bound_socket_get_fd(listener), (struct sockaddr *)&address, &size);
    return ntohs(address.sin_port);
}

int main(void)
{
    struct app app = { .base = event_base_new() };
    app.rt = eff_runtime_new(&(eff_runtime_options_t){ .base = app.base });
    app.http = evhttp_new(app.base);
    app.listener = evhttp_bind_socket_with_handle(app.http, "127.0.0.1", 0);
    app.sigterm = evsignal_new(app.base, SIGTERM, on_sigterm, &app);
    if (!app.rt || !app.http || !app.listener || !app.sigterm) return 1;
    evhttp_set_gencb(app.http, on_request, &app);
    event_add(app.sigterm, NULL);

    struct client client = { .path = paths };
    client.connection = evhttp_connection_base_new(app.base, NULL, "127.0.0.1", (unsigned short)port_of(app.listener));
    ask(&client);

    event_base_dispatch(app.base);

    evhttp_connection_free(client.connection);
    evhttp_free(app.http);
    event_free(app.sigterm);
    event_base_free(app.base);
    return 0;
}

/* expected output:
/hello: 200
/nothing: 404
SIGTERM
all fibers have ended
/quit: 503
*/
