/* A callback API as effects, here libevent's resolver: a function that starts the operation, the callback that answers,
 * and one that cancels. The answer is a value whose drop frees the result, so it is not lost when nobody takes it. */
#include <effect/effect.h>

#include <netdb.h>
#include <sys/socket.h>

#include <event2/dns.h>
#include <event2/util.h>

static void addresses_format(const struct evutil_addrinfo *first, eff_buffer_t *out)
{
    char text[64] = "?";
    getnameinfo(first->ai_addr, first->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
    eff_buffer_add(out, text);
}
EFF_STATIC_BOX(addresses, struct evutil_addrinfo, .drop = evutil_freeaddrinfo, .format = addresses_format);

/* ---- the adapter */

static void on_addresses(int err, struct evutil_addrinfo *found, void *k)
{
    if (err) eff_async_fail(k, eff_error_gai(err, "no address"));
    else eff_async_succeed(k, addresses_box(found));
}

static eff_cancel_t cancel_lookup(eff_async_t *k, void *request)
{
    (void)k;
    evdns_getaddrinfo_cancel(request);
    return EFF_CANCEL_PENDING; /* on_addresses is still to come, with EVUTIL_EAI_CANCEL */
}

static void start_lookup(eff_async_t *k, eff_value_t dns_and_host)
{
    struct evdns_base *dns = eff_as_ptr(eff_first(dns_and_host));
    const char *host = eff_as_string(eff_second(dns_and_host));
    struct evdns_getaddrinfo_request *request = evdns_getaddrinfo(dns, host, NULL, NULL, on_addresses, k);
    if (request) eff_async_on_cancel(k, cancel_lookup, request); /* NULL: on_addresses was called already */
}

/* Borrows dns until the effect has ended. */
static eff_t *resolve(struct evdns_base *dns, const char *host)
{
    return eff_async(start_lookup, eff_pair(eff_ptr(dns), eff_string(host)));
}

/* ---- with an answer, and without */

struct demo {
    struct evdns_base *dns;
};

static void demo_drop(struct demo *s)
{
    if (s->dns) evdns_base_free(s->dns, 0);
}

static eff_t *demo_step(struct demo *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    s->dns = evdns_base_new(eff_event_base(), 0); /* a resolver that knows no server: it waits for one */
    if (!s->dns) return eff_out_of_memory();
    eff_t *e = resolve(s->dns, "127.0.0.1"); /* for a number it calls back before it returns */
    EFF_AWAIT(eff_flat_map(e, eff_print_value, eff_literal("127.0.0.1: ")));
    e = eff_timeout(resolve(s->dns, "example.org"), eff_millis(10));
    EFF_AWAIT(eff_flat_map(e, eff_print_value, eff_literal("example.org: ")));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(demo, struct demo, demo_step, .drop = demo_drop);

int main(void)
{
    return eff_main(demo((struct demo){ 0 }));
}

/* expected output:
127.0.0.1: 127.0.0.1
example.org: none
*/
