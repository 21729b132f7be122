/** @file
 * A small HTTP server on loopback, in this process and on this loop, that behaves well and badly on purpose.
 */
#ifndef HEALTHCHECK_SERVER_H
#define HEALTHCHECK_SERVER_H

#include <effect/effect.h>

/** Where the server is. */
typedef struct server_ports {
    int open;   /**< answers /fast, /slow (400 ms), /flaky (503 twice, then 200) and /wrong (500); not /hanging */
    int closed; /**< reserved, but nobody listens: connections are refused */
} server_ports_t;
EFF_DECLARE_TYPE(server_ports, server_ports_t);

/** Starts the server, on ports that are free, in the scope around it, which stops it when it closes.
 *  - Success: the server_ports.
 *  - Failure: eff_system_error. */
eff_t *server_start(void) EFF_MUST_USE;

#endif
