/* getaddrinfo on the blocking pool, so that hosts are found as everywhere on the system: nsswitch, /etc/hosts, search
 * domains. It has no timeout and cannot be stopped, so an interrupted look-up is left alone, and owns what it uses. */
#include "http/resolve.h"

#include <sys/socket.h>

#include <effect/async.h>

EFF_STATIC_BOX(addresses, struct addrinfo, .drop = freeaddrinfo);

struct lookup {
    eff_value_t host;
    eff_value_t what; /* "GET http://host/", for the message */
    int port;
};
static void lookup_drop(struct lookup *l)
{
    eff_value_decref(l->host);
    eff_value_decref(l->what);
}
EFF_STATIC_TYPE(lookup, struct lookup, .drop = lookup_drop);

static int look_up(const struct lookup *l, int flags, struct addrinfo **ret_found)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV };
    char port[8];
    snprintf(port, sizeof port, "%d", l->port);
    return getaddrinfo(eff_as_string(l->host), port, &hints, ret_found);
}

static eff_t *look_up_name(eff_value_t env)
{
    const struct lookup *l = lookup_of(env);
    struct addrinfo *found = NULL;
    int err = look_up(l, 0, &found);
    if (err == 0) return eff_succeed_at(NULL, addresses_box(found));
    if (err == EAI_MEMORY) return eff_out_of_memory();
    const char *what = eff_as_string(l->what), *host = eff_as_string(l->host);
    return eff_fail_at(NULL, eff_error_gai(err, "%s: cannot find the host %s", what, host));
}

eff_t *eff__http_resolve(const struct eff__http_hop *hop)
{
    eff_buffer_t what = EFF_BUFFER_INIT;
    eff__http_hop_format(hop, &what);
    struct lookup l = { .host = eff_value_incref(hop->url.host),
                        .what = eff__http_take_text(&what),
                        .port = hop->url.port };
    struct addrinfo *found = NULL;
    if (eff_is_oom(l.what)) {
        lookup_drop(&l);
        return eff_out_of_memory();
    }
    if (look_up(&l, AI_NUMERICHOST, &found) != 0) return eff_blocking_abandon_at(NULL, look_up_name, lookup_make(l));
    lookup_drop(&l);
    return eff_succeed_at(NULL, addresses_box(found));
}

const struct addrinfo *eff__http_addresses(eff_value_t addresses)
{
    return addresses_of(addresses);
}
