/** @file
 * The `http` service: what the health check needs of HTTP, and no more.
 *
 *     e = http_get("http://localhost:8080/health");     // succeeds with an http_response
 *
 * There are two implementations: http_live() (http_live.c, libevent) and an in-memory one for tests (http_memory.h).
 * The programs do not know which one they run with: they ask for the service when they run.
 */
#ifndef HEALTHCHECK_HTTP_H
#define HEALTHCHECK_HTTP_H

#include <effect/effect.h>

/** An answer. That the server answered is a success, whatever the status says. */
typedef struct http_response {
    int status;       /**< 200, 404, ... */
    size_t body_size; /**< bytes */
} http_response_t;
EFF_DECLARE_TYPE(http_response, http_response_t);

/** Something answered, but not in HTTP, or with more than we are ready to read. */
extern const eff_error_kind_t http_bad_response_error;

typedef struct http http_t;
struct http {
    /** Builds the effect that asks for url once, without a timeout and without following redirects.
     *  - Success: an http_response.
     *  - Failure: eff_dns_error, eff_connection_error (refused, reset ...) or http_bad_response_error.
     *  - Interruption: the connection is closed at once.
     *  @param url borrowed until the effect has ended: http_get sees to that */
    eff_t *(*get)(http_t *http, const char *url);
};
EFF_DECLARE_SERVICE(http, http_t);

/** Asks for url once, with the http service it finds when it runs. Copies url. */
eff_t *http_get(const char *url) EFF_MUST_USE;

/** The layer that talks to the network. */
eff_layer_t *http_live(void) EFF_MUST_USE;

#endif
