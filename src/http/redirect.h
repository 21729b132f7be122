/* What both implementations of the service have in common: a request is sent from server to server until one answers
 * with something else than a redirect, within a time. */
#ifndef EFF_HTTP_REDIRECT_H
#define EFF_HTTP_REDIRECT_H

#include "http/request.h"

/* Sends one request to one server, and succeeds with its response. Borrows both until the effect has ended. */
typedef eff_t *(*eff__http_send_fn)(void *sender, const struct eff__http_hop *hop);

/* What requests have that do not say otherwise. */
struct eff__http_limits {
    eff_duration_t timeout;
    int max_redirects;
};

/* Borrows sender and request until the effect has ended. */
EFF_MUST_USE eff_t *eff__http_follow(eff__http_send_fn send, void *sender, const eff_http_request_t *request,
                                     struct eff__http_limits limits);

#endif
