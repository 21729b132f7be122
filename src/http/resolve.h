/* Looking a host up. */
#ifndef EFF_HTTP_RESOLVE_H
#define EFF_HTTP_RESOLVE_H

#include <netdb.h>

#include "http/request.h"

/* Succeeds with the addresses of the hop's host. A number is not looked up; names are, on the blocking pool. An
 * interruption leaves the look-up to itself. Borrows hop while it builds. */
EFF_MUST_USE eff_t *eff__http_resolve(const struct eff__http_hop *hop);
/* The addresses of such a value. Borrows. */
const struct addrinfo *eff__http_addresses(eff_value_t addresses);

#endif
