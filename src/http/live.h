/* The live service, apart from being a layer. */
#ifndef EFF_HTTP_LIVE_H
#define EFF_HTTP_LIVE_H

#include "http/pool.h"

struct eff__http_live {
    eff_http_t http; /* first, so that the whole, as a value, is the service */
    struct eff__http_pool *pool;
    struct eff__http_tls *tls;  /* made for the first https, or at once when there are files for it; NULL: not yet */
    eff_http_options_t options; /* filled in; its strings are those below */
    eff_value_t user_agent, ca_file, client_cert_file, client_key_file;
};
EFF_DECLARE_TYPE(eff__http_live, struct eff__http_live);

/* The options with their defaults filled in and their strings copied, as a service that is not open yet. A new value;
 * "out of memory". @param options NULL: all defaults */
eff_value_t eff__http_live_new(const eff_http_options_t *options);
/* Opens a service of these options in the scope around it, and succeeds with it. Consumes prototype, which several runs
 * may share. */
EFF_MUST_USE eff_t *eff__http_live_open(eff_value_t prototype);

/* Sends one request to one server. Borrows both until the effect has ended. An eff__http_send_fn. */
EFF_MUST_USE eff_t *eff__http_send(void *live, const struct eff__http_hop *hop);

#endif
