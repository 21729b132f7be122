/* One port of one host: connect within the time limit, hear what the server says, note what became of it. */
#include "probe.h"

#include <errno.h>

#include "banner.h"
#include "settle.h"

/* What became of a port, on its way to the board. */
typedef struct finding {
    port_state_t state;
    eff_value_t text; /* the banner, or the error */
} finding_t;
static void finding_clear(finding_t *f)
{
    eff_value_decref(f->text);
}
EFF_STATIC_TYPE(finding, finding_t, .drop = finding_clear);

/* ---- open */

static eff_value_t found_open(eff_value_t banner, eff_value_t env)
{
    (void)env;
    return finding_make((finding_t){ .state = PORT_OPEN, .text = eff_value_incref(banner) });
}

static eff_t *hear(eff_value_t sock, eff_value_t env)
{
    (void)env;
    return eff_map(read_banner(sock_incref(sock_of(sock))), found_open, eff_unit);
}

/* ---- not open, or not for long */

/* A reset, other than a refusal, comes of a connection that was there: of a server that hung up at once. */
static port_state_t state_of(eff_value_t error)
{
    if (eff_error_is(error, &eff_timeout_error)) return PORT_FILTERED;
    if (eff_as_error(error)->code == ECONNREFUSED) return PORT_CLOSED;
    return eff_as_error(error)->code == ECONNRESET ? PORT_OPEN : PORT_ERROR;
}

static eff_t *classify(eff_value_t error, eff_value_t env)
{
    (void)env;
    port_state_t state = state_of(error);
    eff_value_t text = state == PORT_OPEN ? eff_literal("(hung up)") : eff_string(eff_as_error(error)->message);
    return eff_succeed(finding_make((finding_t){ .state = state, .text = text }));
}

/* ---- either: on to the board, and to who prints the news */

/* The n-th probe: neighbours go to different hosts, so that each of those is spared a little. */
static size_t host_of(const board_t *b, eff_value_t n)
{
    return (size_t)eff_as_int(n) % b->n_hosts;
}

static size_t port_of(const board_t *b, eff_value_t n)
{
    return (size_t)eff_as_int(n) / b->n_hosts;
}

static eff_t *note(eff_value_t finding, eff_value_t board_and_n)
{
    board_t *b = eff_as_ptr(eff_first(board_and_n));
    size_t host = host_of(b, eff_second(board_and_n)), port = port_of(b, eff_second(board_and_n));
    const finding_t *f = finding_of(finding);
    if (!board_note(b, host, port, f->state, f->text)) return eff_out_of_memory();
    if (f->state != PORT_OPEN || !b->news) return eff_noop();
    const char *banner = eff_as_string(f->text);
    return eff_queue_offer(b->news, eff_printf("%s %s open%s%s", b->hosts[host].name, b->options->ports[port].label,
                                               *banner ? ": " : "", banner));
}

static eff_t *probe(eff_value_t n, eff_value_t board)
{
    board_t *b = eff_as_ptr(board);
    eff_value_t late = eff_error(&eff_timeout_error, ETIMEDOUT, "no answer");
    eff_t *e = tcp_connect(&b->hosts[host_of(b, n)].address, b->options->ports[port_of(b, n)].number);
    e = eff_timeout_fail(e, eff_millis(b->options->timeout_ms), late);
    e = eff_flat_map(e, hear, eff_unit);
    e = settle(e, classify, eff_unit);
    return eff_flat_map(e, note, eff_pair(eff_ptr(b), eff_value_incref(n)));
}

static eff_t *probe_each(eff_value_t board)
{
    board_t *b = eff_as_ptr(board);
    return eff_for_each_par_discard(eff_range(0, (int64_t)b->n_total), probe, eff_ptr(b), b->options->limit);
}

eff_t *probe_all(board_t *board)
{
    return eff_suspend(probe_each, eff_ptr(board));
}
