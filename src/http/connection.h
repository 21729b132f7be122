/* One connection of evhttp, and one exchange on it at a time. */
#ifndef EFF_HTTP_CONNECTION_H
#define EFF_HTTP_CONNECTION_H

#include <netdb.h>

#include <event2/http.h>

#include "http/request.h"
#include "http/tls.h"

/* What an exchange has to keep to. */
struct eff__http_wire {
    const char *user_agent;
    size_t max_headers;
    size_t max_body;
};

/* A connection. As a value it can be dropped whenever no callback of it is on the C stack. */
struct eff__http_connection {
    struct evhttp_connection *evcon;
    bool tls;
    struct eff__http_tls_reason reason; /* of TLS */
    char peer[96];                      /* "127.0.0.1:8080", for messages */

    /* The exchange under way, or the last one. */
    eff_async_t *k;                    /* whom to answer; NULL: nobody waits any more */
    struct evhttp_request *request;    /* owned */
    const struct eff__http_hop *hop;   /* borrowed while k is there */
    const struct eff__http_wire *wire; /* likewise */
    size_t n_received;                 /* bytes of the answer */
    const char *problem;               /* what was wrong with the answer's headers, as a static phrase */
    enum evhttp_request_error why;     /* of a failure */
    int error;                         /* its errno */
    bool chunked;                      /* its body comes in chunks */
    bool to_the_end;                   /* its body has no length: it ends with the connection */

    bool connected; /* it was, once: so a failure is one of talking, not of connecting */
    bool closed;    /* evhttp has closed it */
    bool keeps;     /* after the last exchange it may be used for another */

    /* For the pool, while nobody uses it. */
    void (*on_closed)(struct eff__http_connection *c, void *arg);
    void *arg;
    struct eff__http_connection *prev, *next;
    const void *owner;
    eff_instant_t idle_since;
    bool stamped; /* idle_since is set */
};
EFF_DECLARE_TYPE(eff__http_connection, struct eff__http_connection);

/* A connection to an address, which is made as the first exchange begins. A new value; "out of memory".
 * @param tls whom to trust; NULL: plain */
eff_value_t eff__http_connection_new(struct event_base *base, const struct addrinfo *address, const char *host,
                                     struct eff__http_tls *tls);
/* Sends the request and reads the answer.
 * - Success: with an eff_http_response.
 * - Failure: of connecting: as eff_error_errno, and `connected` is false.
 * - Interruption: closes the connection.
 * Borrows all until the effect has ended. */
EFF_MUST_USE eff_t *eff__http_exchange(struct eff__http_connection *c, const struct eff__http_hop *hop,
                                       const struct eff__http_wire *wire);
/* Whether it is connected, by what the system says, TLS included. */
bool eff__http_is_connected(const struct eff__http_connection *c);
/* Whether another exchange may follow. */
bool eff__http_is_reusable(const struct eff__http_connection *c);

#endif
