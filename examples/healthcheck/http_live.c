/* The http service on the network: look the host up, then try one of its addresses after the other.
 *
 * evdns_getaddrinfo may call back before it returns, and then returns NULL. A look-up that is cancelled still calls
 * back, later, with EVUTIL_EAI_CANCEL: so its canceler answers EFF_CANCEL_PENDING, and the fiber waits for that. */
#include "http.h"
#include "http_exchange.h"
#include "http_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <event2/dns.h>
#include <event2/util.h>

/* ---- looking up a host */

EFF_STATIC_BOX(addresses, struct evutil_addrinfo, .drop = evutil_freeaddrinfo);

/* One GET: from the URL to the address that is being tried. */
struct live_get {
    struct evdns_base *dns;       /* borrowed from the layer */
    const char *url;              /* borrowed from http_get */
    struct evhttp_uri *uri;       /* url, taken apart */
    eff_value_t addresses;        /* what the look-up found */
    struct evutil_addrinfo *next; /* the address to try, within addresses */
};

static void on_addresses(int err, struct evutil_addrinfo *found, void *arg)
{
    eff_async_t *k = arg;
    if (err) eff_async_fail(k, eff_error_gai(err, "cannot find the host"));
    else eff_async_succeed(k, addresses_box(found)); /* freed by the library if nobody waits any more */
}

static eff_cancel_t cancel_lookup(eff_async_t *k, void *request)
{
    (void)k;
    evdns_getaddrinfo_cancel(request);
    return EFF_CANCEL_PENDING;
}

static void start_lookup(eff_async_t *k, eff_value_t env)
{
    struct live_get *s = eff_as_ptr(env);
    struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP };
    char host[HTTP_HOST_SIZE], port[8];
    http_url_host(s->uri, host);
    snprintf(port, sizeof port, "%d", http_url_port(s->uri));
    struct evdns_getaddrinfo_request *request = evdns_getaddrinfo(s->dns, host, port, &hints, on_addresses, k);
    if (request) eff_async_on_cancel(k, cancel_lookup, request);
}

/* ---- the whole GET */

static void live_get_drop(struct live_get *s)
{
    if (s->uri) evhttp_uri_free(s->uri);
    eff_value_decref(s->addresses);
}

static bool is_last_word(const eff_exit_t *exit, const struct evutil_addrinfo *next)
{
    eff_value_t error;
    return exit->ok || !next || !eff_cause_failure(exit->cause, &error) || !eff_error_is(error, &eff_connection_error);
}

static eff_t *live_get_step(struct live_get *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    const char *problem = NULL;
    s->uri = http_url_parse(s->url, &problem);
    if (!s->uri) EFF_GEN_FAIL(eff_error(&eff_argument_error, 0, "%s: %s", s->url, problem));

    EFF_AWAIT(eff_into(eff_async(start_lookup, eff_ptr(s)), &s->addresses));
    s->next = addresses_of(s->addresses);
    for (;;) {
        EFF_AWAIT_EXIT(http_exchange((http_exchange_t){ .uri = s->uri, .address = s->next }));
        s->next = s->next->ai_next;
        if (is_last_word(EFF_EXIT(), s->next)) break;
    }
    if (EFF_EXIT()->ok) EFF_GEN_RETURN(eff_value_incref(EFF_EXIT()->value));
    EFF_AWAIT(eff_fail_cause(eff_cause_incref(EFF_EXIT()->cause)));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(live_get, struct live_get, live_get_step, .drop = live_get_drop);

/* ---- the layer */

struct live {
    http_t http;
    struct evdns_base *dns;
};

static eff_t *get(http_t *http, const char *url)
{
    return live_get((struct live_get){ .dns = EFF_CONTAINER_OF(http, struct live, http)->dns, .url = url });
}

static struct evdns_base *open_dns(struct event_base *base)
{
    struct evdns_base *dns = evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (dns) return dns;

    /* Without a name server in /etc/resolv.conf there are still /etc/hosts and the resolver that libc would ask. */
    dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (!dns) return NULL;
    evdns_base_load_hosts(dns, "/etc/hosts");
    evdns_base_nameserver_ip_add(dns, "127.0.0.1");
    return dns;
}

static int open_now(eff_value_t env, eff_value_t *ret_value, eff_value_t *ret_error)
{
    (void)env;
    struct live *live = calloc(1, sizeof *live);
    if (live) live->dns = open_dns(eff_event_base());
    if (!live || !live->dns) {
        free(live);
        *ret_error = eff_error_errno(ENOMEM, "open the resolver");
        return -1;
    }
    live->http.get = get;
    *ret_value = http_value(&live->http);
    return 0;
}

static eff_t *open_live(void)
{
    return eff_attempt(open_now, eff_unit);
}

static void close_live(http_t *http)
{
    struct live *live = EFF_CONTAINER_OF(http, struct live, http);
    evdns_base_free(live->dns, 0); /* no look-up is under way: those who waited for one have ended */
    free(live);
}

EFF_DEFINE_LAYER(http_live, http, http_t, open_live, close_live, EFF_NO_NEEDS);
