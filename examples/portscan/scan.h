/* The whole scan. */
#ifndef PORTSCAN_SCAN_H
#define PORTSCAN_SCAN_H

#include "options.h"

#include <effect/effect.h>

/* Resolves the hosts, tries their ports, shows how it goes, and prints the final table, also of what was done when it
 * is interrupted. Succeeds with the exit code: 1 when a host has no address, else 0. Borrows the options until the
 * effect has ended. */
eff_t *scan_ports(const options_t *options);

#endif
