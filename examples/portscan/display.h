/* What is seen while the scan runs. */
#ifndef PORTSCAN_DISPLAY_H
#define PORTSCAN_DISPLAY_H

#include "board.h"

/* Runs scan, and shows meanwhile what becomes of it: on a terminal a table that is redrawn, elsewhere a line for each
 * open port. Ends as scan does, or with the failure of the output, which then ends the scan. Borrows the board until
 * the effect has ended. Consumes scan. */
eff_t *display(board_t *board, eff_t *scan);

#endif
