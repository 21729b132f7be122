/* What a server says first. */
#ifndef PORTSCAN_BANNER_H
#define PORTSCAN_BANNER_H

#include "net.h"

/* Succeeds with a string: the first line that the server sends within 200 ms, made printable; "" when it is silent,
 * "(hung up)" when it ends the connection without a word. Never fails for what the server does.
 * Consumes the reference to sock. */
eff_t *read_banner(sock_t *sock);

#endif
