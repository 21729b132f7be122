/** @file
 * One HTTP request to one address, on a connection of its own: the part of the live http service that talks.
 */
#ifndef HEALTHCHECK_HTTP_EXCHANGE_H
#define HEALTHCHECK_HTTP_EXCHANGE_H

#include <effect/effect.h>
#include <event2/http.h>
#include <event2/util.h>

/** What to ask, and whom. Borrowed until the effect has ended. */
typedef struct http_exchange {
    const struct evhttp_uri *uri;
    const struct evutil_addrinfo *address;
    struct connection *connection; /**< the run's own: leave it zero */
} http_exchange_t;

/** Connects to the address, asks for the URI, and closes the connection.
 *  - Success: an http_response.
 *  - Failure: eff_connection_error or another eff_system_error; http_bad_response_error.
 *  - Interruption: the connection is closed at once. */
eff_t *http_exchange(http_exchange_t init) EFF_MUST_USE;

#endif
