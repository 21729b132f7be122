/* A scan that needs no network: servers of all sorts on free ports of 127.0.0.1, as fibers of the same loop. What is
 * free differs from run to run, so ports are shown by what they do; each sort takes a time of its own to show it, so
 * that the lines come in the same order each time. */
#include "demo.h"

#include <arpa/inet.h>

#include "net.h"
#include "scan.h"

enum { TIMEOUT_MS = 400 };

/* ---- what servers do with a client, until it goes */

static eff_t *be_silent(const sock_t *client)
{
    return eff_wait_readable(client->fd); /* which it is when the client hangs up */
}

static eff_t *say_now(eff_value_t client)
{
    static const char words[] = "220 ready \x1b[31mto serve\r\nand more\r\n"; /* a terminal would turn red */
    const sock_t *to = eff_as_ptr(client);
    if (send(to->fd, words, sizeof words - 1, MSG_NOSIGNAL) < 0) return eff_fail_errno("send");
    return be_silent(to);
}

static eff_t *speak(const sock_t *client)
{
    return eff_delay(eff_suspend(say_now, eff_ptr(client)), eff_millis(20));
}

static eff_t *hang_up(const sock_t *client)
{
    (void)client;
    return eff_sleep(eff_millis(80));
}

/* ---- the ports */

typedef eff_t *(*serve_fn)(const sock_t *client); /* borrows client until the effect has ended */

static const struct sort {
    const char *label;
    int backlog;    /* of listen; negative: it is not called, so that connects are refused */
    bool fill;      /* whether the backlog is full, so that connects are not answered at all */
    serve_fn serve; /* NULL: nobody accepts */
} sorts[] = {
    { "speaks", 8, false, speak }, { "silent", 8, false, be_silent }, { "hangsup", 8, false, hang_up },
    { "closed", -1, false, NULL }, { "unused", -1, false, NULL },     { "full", 0, true, NULL },
};
enum { N_SORTS = sizeof sorts / sizeof sorts[0] };

struct demo {
    options_t options;
    sock_t *ports[N_SORTS], *filler;
    uint16_t number;
    address_t here;
    size_t i;
};

static void demo_drop(struct demo *s)
{
    options_done(&s->options);
    for (size_t i = 0; i < N_SORTS; i++)
        sock_decref(s->ports[i]);
    sock_decref(s->filler);
}

static address_t loopback(void)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    return (address_t){ .v4 = v4, .size = sizeof v4 };
}

/* Succeeds with a sock that has a free port of 127.0.0.1. */
static eff_t *open_port(eff_value_t sort)
{
    const struct sort *how = eff_as_ptr(sort);
    address_t here = loopback();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return eff_fail_errno("socket");
    eff_value_t sock = sock_make((sock_t){ .fd = fd });
    if (bind(fd, &here.any, here.size) == 0 && (how->backlog < 0 || listen(fd, how->backlog) == 0))
        return eff_succeed(sock);
    eff_t *failure = eff_fail_errno("cannot open a port");
    eff_value_decref(sock);
    return failure;
}

static uint16_t number_of(const sock_t *port)
{
    address_t address = { .size = sizeof address.v6 };
    getsockname(port->fd, &address.any, &address.size);
    return ntohs(address.v4.sin_port);
}

/* ---- a server: one client after another, for ever */

struct server {
    const struct sort *sort;
    const sock_t *listener; /* borrowed */
    sock_t *client;
};

static void server_drop(struct server *s)
{
    sock_decref(s->client);
}

static eff_t *server_step(struct server *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    for (;;) {
        EFF_AWAIT(sock_into(tcp_accept(s->listener), &s->client));
        EFF_AWAIT(s->sort->serve(s->client));
        sock_decref(s->client);
        s->client = NULL;
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(server, struct server, server_step, .drop = server_drop);

/* ---- all together */

static bool add_hosts(options_t *o)
{
    return options_add_host(o, "127.0.0.1", 9) && options_add_host(o, "127.0.0.2", 9);
}

static eff_t *demo_step(struct demo *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    s->options = (options_t){ .limit = 64, .timeout_ms = TIMEOUT_MS };
    if (!add_hosts(&s->options)) return eff_out_of_memory();
    s->here = loopback();
    for (s->i = 0; s->i < N_SORTS; s->i++) {
        EFF_AWAIT(sock_into(eff_suspend(open_port, eff_ptr(&sorts[s->i])), &s->ports[s->i]));
        s->number = number_of(s->ports[s->i]);
        if (!options_add_port(&s->options, s->number, sorts[s->i].label)) return eff_out_of_memory();
        if (sorts[s->i].fill) EFF_AWAIT(sock_into(tcp_connect(&s->here, s->number), &s->filler));
        if (!sorts[s->i].serve) continue;
        EFF_AWAIT(eff_fork(server((struct server){ .sort = &sorts[s->i], .listener = s->ports[s->i] })));
    }
    EFF_AWAIT(scan_ports(&s->options));
    EFF_GEN_END(EFF_TAKE());
}
EFF_DEFINE_GEN(demo_run, struct demo, demo_step, .drop = demo_drop);

eff_t *demo(void)
{
    return demo_run((struct demo){ .i = 0 });
}
