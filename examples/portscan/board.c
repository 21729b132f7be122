/* What is known so far, and the final table of it. */
#include "board.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

bool board_init(board_t *b, const options_t *options)
{
    *b = (board_t){ .options = options, .n_hosts = options->n_hosts };
    b->hosts = calloc(options->n_hosts, sizeof *b->hosts);
    if (!b->hosts) return false;
    for (size_t i = 0; i < b->n_hosts; i++)
        b->hosts[i].name = options->hosts[i];
    return true;
}

void board_done(board_t *b)
{
    for (size_t i = 0; b->hosts && i < b->n_hosts; i++)
        eff_value_decref(b->hosts[i].first_error);
    for (size_t i = 0; i < b->n_open; i++)
        eff_value_decref(b->open[i].banner);
    eff_queue_decref(b->news);
    free(b->hosts);
    free(b->open);
}

void board_close_hosts(board_t *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n_hosts; i++)
        if (b->hosts[i].resolved) b->hosts[n++] = b->hosts[i];
    b->n_hosts = n;
    b->n_total = n * b->options->n_ports;
}

static bool add_open(board_t *b, open_port_t port)
{
    if (b->n_open == b->open_capacity) {
        size_t capacity = b->open_capacity ? 2 * b->open_capacity : 16;
        open_port_t *open = realloc(b->open, capacity * sizeof *open);
        if (!open) return false;
        b->open = open;
        b->open_capacity = capacity;
    }
    b->open[b->n_open++] = port;
    return true;
}

bool board_note(board_t *b, size_t host, size_t port, port_state_t state, eff_value_t text)
{
    host_t *h = &b->hosts[host];
    if (state == PORT_OPEN) {
        if (!add_open(b, (open_port_t){ .host = host, .port = port, .banner = text })) return false;
        eff_value_incref(text);
    }
    if (state == PORT_ERROR && h->n[PORT_ERROR] == 0) h->first_error = eff_value_incref(text);
    h->n[state]++;
    b->n_done++;
    return true;
}

size_t host_n_done(const host_t *host)
{
    size_t n = 0;
    for (int state = 0; state < N_PORT_STATES; state++)
        n += host->n[state];
    return n;
}

/* ---- the final table */

static int by_host_and_port(const void *left, const void *right)
{
    const open_port_t *a = left, *b = right;
    if (a->host != b->host) return a->host < b->host ? -1 : 1;
    return (a->port > b->port) - (a->port < b->port);
}

static void add_open_ports(const board_t *b, int width, eff_buffer_t *out)
{
    if (b->n_open == 0) return;
    eff_buffer_printf(out, "%-*s  %-7s  %s\n", width, "OPEN ON", "PORT", "BANNER");
    for (size_t i = 0; i < b->n_open; i++) {
        const open_port_t *at = &b->open[i];
        const char *banner = eff_as_string(at->banner);
        eff_buffer_printf(out, "%-*s  %-7s  %s\n", width, b->hosts[at->host].name, b->options->ports[at->port].label,
                          *banner ? banner : "-");
    }
    eff_buffer_add(out, "\n");
}

static void add_host(const board_t *b, const host_t *host, int width, eff_buffer_t *out)
{
    eff_buffer_printf(out, "%-*s  %5zu  %6zu  %8zu  %5zu  %zu of %zu\n", width, host->name, host->n[PORT_OPEN],
                      host->n[PORT_CLOSED], host->n[PORT_FILTERED], host->n[PORT_ERROR], host_n_done(host),
                      b->options->n_ports);
    if (host->n[PORT_ERROR] == 0) return;
    eff_buffer_printf(out, "%-*s  first error: %s\n", width, "", eff_as_string(host->first_error));
}

eff_value_t board_report(board_t *b)
{
    eff_buffer_t out = EFF_BUFFER_INIT;
    int width = 7;
    for (size_t i = 0; i < b->n_hosts; i++)
        if ((int)strlen(b->hosts[i].name) > width) width = (int)strlen(b->hosts[i].name);
    if (b->n_open > 0) qsort(b->open, b->n_open, sizeof *b->open, by_host_and_port);
    add_open_ports(b, width, &out);
    eff_buffer_printf(&out, "%-*s  %5s  %6s  %8s  %5s  %s\n", width, "HOST", "OPEN", "CLOSED", "FILTERED", "ERROR",
                      "TRIED");
    for (size_t i = 0; i < b->n_hosts; i++)
        add_host(b, &b->hosts[i], width, &out);
    return buffer_take(&out);
}
