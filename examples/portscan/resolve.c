/* Names to addresses, by libevent's resolver: its lookups can be called off, which getaddrinfo on a thread cannot, so
 * a Ctrl-C need not wait for a name server. An adapter like that of ready.c, but one whose callback comes even after
 * it was cancelled. Addresses in numbers need no resolver. */
#include "resolve.h"

#include <event2/dns.h>
#include <event2/util.h>
#include <netdb.h>

#include "settle.h"

enum { AT_ONCE = 16, RESOLVE_SECONDS = 10 };

/* ---- the resolver, as a value whose drop frees it */

static void resolver_free(struct evdns_base *dns)
{
    evdns_base_free(dns, 0);
}
EFF_STATIC_BOX(resolver, struct evdns_base, .drop = resolver_free);

static eff_t *open_resolver(eff_value_t env)
{
    (void)env;
    struct evdns_base *dns = evdns_base_new(eff_event_base(), EVDNS_BASE_INITIALIZE_NAMESERVERS);
    return dns ? eff_succeed(resolver_box(dns)) : eff_fail(eff_error(&eff_dns_error, 0, "cannot start the resolver"));
}

/* ---- the adapter */

static void on_addresses(int err, struct evutil_addrinfo *found, void *k)
{
    if (err) {
        eff_async_fail(k, eff_error_gai(err, "no address"));
    } else {
        eff_async_succeed(k, address_make(address_copy(found->ai_addr, (socklen_t)found->ai_addrlen)));
        evutil_freeaddrinfo(found);
    }
}

static eff_cancel_t cancel_lookup(eff_async_t *k, void *request)
{
    (void)k;
    evdns_getaddrinfo_cancel(request);
    return EFF_CANCEL_PENDING; /* on_addresses is still to come, with EVUTIL_EAI_CANCEL */
}

static void start_lookup(eff_async_t *k, eff_value_t dns_and_name)
{
    struct evdns_base *dns = eff_as_ptr(eff_first(dns_and_name));
    const char *name = eff_as_string(eff_second(dns_and_name));
    struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct evdns_getaddrinfo_request *request = evdns_getaddrinfo(dns, name, NULL, &hints, on_addresses, k);
    if (request) eff_async_on_cancel(k, cancel_lookup, request); /* NULL: on_addresses was called already */
}

static eff_t *look_up(struct evdns_base *dns, const char *name)
{
    eff_t *e = eff_async(start_lookup, eff_pair(eff_ptr(dns), eff_string(name)));
    eff_value_t late = eff_error(&eff_timeout_error, 0, "no name server answered");
    return eff_timeout_fail(e, eff_seconds(RESOLVE_SECONDS), late);
}

/* ---- the hosts of a board */

static eff_value_t keep_address(eff_value_t address, eff_value_t host)
{
    host_t *h = eff_as_ptr(host);
    h->address = *address_of(address);
    h->resolved = true;
    return eff_unit;
}

static eff_t *complain(eff_value_t error, eff_value_t host)
{
    const host_t *h = eff_as_ptr(host);
    return eff_print_error_line(eff_printf("portscan: %s: %s", h->name, eff_as_error(error)->message));
}

static eff_t *resolve_nth(eff_value_t n, eff_value_t board_and_resolver)
{
    board_t *board = eff_as_ptr(eff_first(board_and_resolver));
    struct evdns_base *dns = resolver_of(eff_second(board_and_resolver));
    host_t *host = &board->hosts[eff_as_int(n)];
    if (host->resolved) return eff_noop();
    eff_t *e = look_up(dns, host->name);
    e = eff_map(e, keep_address, eff_ptr(host));
    return settle(e, complain, eff_ptr(host));
}

/* The resolver lives as long as the environment of the loop: until all lookups have ended. */
static eff_t *use_resolver(eff_value_t resolver, eff_value_t board)
{
    const board_t *b = eff_as_ptr(board);
    eff_value_t env = eff_pair(eff_value_incref(board), eff_value_incref(resolver));
    return eff_for_each_par_discard(eff_range(0, (int64_t)b->n_hosts), resolve_nth, env, AT_ONCE);
}

/* ---- addresses in numbers */

static bool read_number(host_t *host)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
    struct addrinfo *found = NULL;
    if (getaddrinfo(host->name, NULL, &hints, &found) != 0) return false;
    host->address = address_copy(found->ai_addr, found->ai_addrlen);
    host->resolved = true;
    freeaddrinfo(found);
    return true;
}

static eff_t *resolve_now(eff_value_t board)
{
    board_t *b = eff_as_ptr(board);
    size_t n_names = 0;
    for (size_t i = 0; i < b->n_hosts; i++)
        n_names += !read_number(&b->hosts[i]);
    if (n_names == 0) return eff_noop();
    return eff_flat_map(eff_suspend(open_resolver, eff_unit), use_resolver, eff_ptr(b));
}

eff_t *resolve_hosts(board_t *board)
{
    return eff_suspend(resolve_now, eff_ptr(board));
}
