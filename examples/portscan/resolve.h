/* Names to addresses. */
#ifndef PORTSCAN_RESOLVE_H
#define PORTSCAN_RESOLVE_H

#include "board.h"

/* Finds the addresses of the board's hosts, several at once, through the loop. Complains on stderr about those that
 * have none, and goes on. Borrows the board until the effect has ended; succeeds with unit. */
eff_t *resolve_hosts(board_t *board);

#endif
