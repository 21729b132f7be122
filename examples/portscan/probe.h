/* One port of one host. */
#ifndef PORTSCAN_PROBE_H
#define PORTSCAN_PROBE_H

#include "board.h"

/* Tries all ports of all hosts, as many at once as the options allow, and notes what becomes of them on the board,
 * which it borrows until the effect has ended. Succeeds with unit. */
eff_t *probe_all(board_t *board);

#endif
