/* The server: a parallel loop whose items are the connections that come. When it is interrupted, so is every session,
 * and each says goodbye in its own time, side by side. */
#include "server.h"

#include <stdio.h>

#include "session.h"

/* A mistake in one session must not end the others. */
static eff_t *report(const eff_cause_t *cause, eff_value_t env)
{
    (void)env;
    return eff_log_cause(EFF_LOG_ERROR, eff_cause_incref(cause), "a session broke");
}

/* The socket lives until this effect has ended, and is then closed by its drop. */
static eff_t *serve_one(eff_value_t sock, eff_value_t room)
{
    eff_t *e = session(&sock_of(sock)->conn, eff_as_ptr(room));
    return eff_catch_cause(e, report, eff_unit);
}

eff_t *serve(sock_t *listener, struct room *room)
{
    eff_value_t connections = eff_pull(sock_accept(listener));
    return eff_for_each_par_discard(connections, serve_one, eff_ptr(room), SERVER_MAX_CLIENTS);
}

struct server {
    int port;
    struct room room;
    sock_t *listener;
};

static void server_drop(struct server *s)
{
    sock_decref(s->listener);
}

static eff_t *end_display(struct server *s, const eff_exit_t *exit)
{
    (void)exit;
    display_end(s->room.display);
    return eff_noop();
}

static eff_t *server_step(struct server *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(sock_into(sock_listen(s->port), &s->listener));
    char text[64];
    snprintf(text, sizeof text, "listening on 127.0.0.1:%d\n", sock_port(s->listener));
    display_event(s->room.display, text);
    display_status(s->room.display, 0, 0);
    EFF_DEFER(s, end_display);
    EFF_AWAIT(serve(s->listener, &s->room));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(run_server, struct server, server_step, .drop = server_drop);

eff_t *server(int port, struct display *display)
{
    return run_server((struct server){ .port = port, .room = { .display = display } });
}
