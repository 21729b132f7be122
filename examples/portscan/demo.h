/* A scan that needs no network. */
#ifndef PORTSCAN_DEMO_H
#define PORTSCAN_DEMO_H

#include <effect/effect.h>

/* Opens ports of all sorts on 127.0.0.1, scans them, and closes them again. Succeeds as scan_ports does. */
eff_t *demo(void);

#endif
