/* One request to one server: a kept connection, or a new one to one address after the other. */
#include <effect/async.h>
#include <effect/clock.h>
#include <effect/fiber.h>
#include <effect/gen.h>
#include <effect/parallel.h>
#include <effect/transform.h>

#include "http/live.h"
#include "http/resolve.h"

struct exchange {
    struct eff__http_live *live;
    const struct eff__http_hop *hop;
    struct eff__http_wire wire;
    struct eff__http_lease *lease;
    eff_value_t addresses;
    const struct addrinfo *next; /* the address to try, within addresses */
};

static void exchange_drop(struct exchange *s)
{
    eff__http_lease_decref(s->lease);
    eff_value_decref(s->addresses);
}

/* RFC 9110, 9.2.2 */
static bool is_idempotent(eff_http_method_t method)
{
    return method != EFF_HTTP_POST && method != EFF_HTTP_PATCH;
}

/* Whether a kept connection turned out to be closed by the server, and the request may be sent again. */
static bool is_stale(const struct exchange *s, const eff_exit_t *exit)
{
    eff_value_t error;
    if (exit->ok || !is_idempotent(s->hop->method) || s->lease->connection->n_received > 0) return false;
    return eff_cause_failure(exit->cause, &error) && eff_error_is(error, &eff_connection_error);
}

/* ---- a new connection */

static int open_connection(eff_value_t env, eff_value_t *ret_value, eff_value_t *ret_error)
{
    struct exchange *s = eff_as_ptr(env);
    struct eff__http_live *live = s->live;
    if (s->hop->url.tls && !live->tls) {
        live->tls = eff__http_tls_new(&live->options, ret_error);
        if (!live->tls) {
            if (!eff_is_oom(*ret_error))
                *ret_error = eff__http_error_caused(s->hop, *ret_error, &eff_http_tls_error, 0, "cannot use TLS");
            return -1;
        }
    }
    eff_value_t c = eff__http_connection_new(eff_event_base(), s->next, eff_as_string(s->hop->url.host),
                                             s->hop->url.tls ? live->tls : NULL);
    if (eff_is_oom(c)) {
        *ret_error = c;
        return -1;
    }
    s->lease->connection = eff__http_connection_take(c);
    *ret_value = eff_unit;
    return 0;
}

static eff_t *give_up_connecting(eff_value_t v, eff_value_t env)
{
    const struct exchange *s = eff_as_ptr(env);
    const struct eff__http_connection *c = s->lease->connection;
    (void)v;
    if (eff__http_is_connected(c)) return eff_never(); /* the exchange goes on */
    eff_buffer_t time = EFF_BUFFER_INIT;
    eff_duration_format(s->live->options.connect_timeout, &time);
    eff_value_t error =
        eff__http_error(s->hop, &eff_timeout_error, 0, "connect to %s: not within %s", c->peer, eff_buffer_text(&time));
    eff_buffer_done(&time);
    return eff_fail_at(NULL, error);
}

/* The exchange on the new connection, which has to be made in time. */
static eff_t *connect_and_exchange(struct exchange *s)
{
    eff_t *e = eff__http_exchange(s->lease->connection, s->hop, &s->wire);
    if (s->live->options.connect_timeout.ns == eff_duration_max.ns) return e;
    eff_buffer_t name = EFF_BUFFER_INIT;
    eff__http_hop_format(s->hop, &name);
    eff_t *wait =
        eff_flat_map_at(NULL, eff_sleep_at(NULL, s->live->options.connect_timeout), give_up_connecting, eff_ptr(s));
    return eff_race_first_at(NULL, eff__http_named(e, &name), eff_named_at(NULL, wait, "connect timeout"));
}

/* Whether another address is worth trying: this one could not be connected to. */
static bool may_try_next(const struct exchange *s, const eff_exit_t *exit)
{
    eff_value_t error;
    if (exit->ok || !s->next->ai_next || s->lease->connection->connected) return false;
    return eff_cause_failure(exit->cause, &error) && !eff_error_is(error, &eff_http_tls_error) &&
           (eff_error_is(error, &eff_system_error) || eff_error_is(error, &eff_timeout_error));
}

static eff_t *exchange_step(struct exchange *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff__http_lease_into_at(NULL, eff__http_pool_lease(s->live->pool, s->hop->url.origin), &s->lease));
    if (s->lease->connection) {
        EFF_AWAIT_EXIT(eff__http_exchange(s->lease->connection, s->hop, &s->wire));
        if (!is_stale(s, EFF_EXIT())) EFF_GEN_EXIT(EFF_EXIT());
        eff__http_lease_close(s->lease);
    }
    EFF_AWAIT(eff_into_at(NULL, eff__http_resolve(s->hop), &s->addresses));
    s->next = eff__http_addresses(s->addresses);
    for (;;) {
        EFF_AWAIT(eff_attempt_at(NULL, open_connection, eff_ptr(s)));
        EFF_AWAIT_EXIT(connect_and_exchange(s));
        if (!may_try_next(s, EFF_EXIT())) break;
        eff__http_lease_close(s->lease);
        s->next = s->next->ai_next;
    }
    EFF_GEN_EXIT(EFF_EXIT());
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(exchange, struct exchange, exchange_step, .drop = exchange_drop);

eff_t *eff__http_send(void *live, const struct eff__http_hop *hop)
{
    struct exchange init = { .live = live, .hop = hop };
    const eff_http_options_t *o = &init.live->options;
    init.wire.user_agent = o->user_agent;
    init.wire.max_headers = o->max_headers;
    init.wire.max_body = hop->max_body ? hop->max_body : o->max_body;
    return exchange(init);
}
