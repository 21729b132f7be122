/* What is known so far: counts for each host, and the open ports. Probes write on it and displays read it, all on the
 * loop's thread, so that it needs no lock. */
#ifndef PORTSCAN_BOARD_H
#define PORTSCAN_BOARD_H

#include "net.h"
#include "options.h"

typedef enum port_state { PORT_OPEN, PORT_CLOSED, PORT_FILTERED, PORT_ERROR, N_PORT_STATES } port_state_t;

typedef struct host {
    const char *name; /* borrowed of the options */
    address_t address;
    bool resolved;
    size_t n[N_PORT_STATES];
    eff_value_t first_error; /* of its ports in PORT_ERROR; absent without one */
} host_t;

typedef struct open_port {
    size_t host, port; /* indices */
    eff_value_t banner;
} open_port_t;

typedef struct board {
    const options_t *options; /* borrowed */
    host_t *hosts;            /* in the options' order; those that were not resolved come last */
    size_t n_hosts;           /* without those */
    size_t n_done, n_total;   /* probes */
    open_port_t *open;
    size_t n_open, open_capacity;
    eff_queue_t *news; /* lines about open ports, for who prints them; NULL on a terminal */
} board_t;

/* Returns false when there is no memory; board_done is fine then too. */
bool board_init(board_t *b, const options_t *options);
void board_done(board_t *b);

/* Leaves out the hosts that were not resolved. */
void board_close_hosts(board_t *b);

/* Notes what became of a port; `text` is the banner of an open one, the error of PORT_ERROR. Borrows text.
 * Returns false when there is no memory. */
bool board_note(board_t *b, size_t host, size_t port, port_state_t state, eff_value_t text);

/* How many ports of a host were tried. */
size_t host_n_done(const host_t *host);

/* The final table, sorted: a string. */
eff_value_t board_report(board_t *b);

#endif
