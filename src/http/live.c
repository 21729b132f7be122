/* The live service: its options, and what a layer opens and closes. */
#include "http/live.h"

#include <string.h>

#include <effect/construct.h>
#include <effect/fiber.h>
#include <effect/finish.h>
#include <effect/transform.h>

#include "http/redirect.h"
#include "http/sigpipe.h"

enum {
    TIMEOUT_S = 30,
    CONNECT_TIMEOUT_S = 10,
    IDLE_S = 60,
    MAX_BODY = 16 * 1024 * 1024,
    MAX_HEADERS = 64 * 1024,
    MAX_REDIRECTS = 10,
    MAX_PER_HOST = 8,
    MAX_CONNECTIONS = 64
};

static void live_drop(struct eff__http_live *live)
{
    eff__http_pool_decref(live->pool);
    eff__http_tls_free(live->tls);
    eff_value_decref(live->user_agent);
    eff_value_decref(live->ca_file);
    eff_value_decref(live->client_cert_file);
    eff_value_decref(live->client_key_file);
}
EFF_DEFINE_TYPE(eff__http_live, struct eff__http_live, .drop = live_drop);

static eff_t *request(eff_http_t *http, const eff_http_request_t *asked)
{
    struct eff__http_live *live = EFF_CONTAINER_OF(http, struct eff__http_live, http);
    struct eff__http_limits limits = { live->options.timeout, live->options.max_redirects };
    return eff__http_follow(eff__http_send, live, asked, limits);
}

/* ---- options */

static void fill_in(eff_http_options_t *o)
{
    o->size = sizeof *o;
    if (!o->timeout.ns) o->timeout = eff_seconds(TIMEOUT_S);
    if (!o->connect_timeout.ns) o->connect_timeout = eff_seconds(CONNECT_TIMEOUT_S);
    if (!o->idle_time.ns) o->idle_time = eff_seconds(IDLE_S);
    if (!o->max_body) o->max_body = MAX_BODY;
    if (!o->max_headers) o->max_headers = MAX_HEADERS;
    if (!o->max_redirects) o->max_redirects = MAX_REDIRECTS;
    if (!o->max_per_host) o->max_per_host = MAX_PER_HOST;
    if (!o->max_connections) o->max_connections = MAX_CONNECTIONS;
}

/* Copies a string of the options into owner; NULL stays NULL. */
static const char *own(const char *text, eff_value_t *owner)
{
    if (text) *owner = eff_string(text);
    return owner->type ? eff_as_string(*owner) : NULL;
}

static bool own_strings(struct eff__http_live *live)
{
    eff_http_options_t *o = &live->options;
    o->user_agent = own(o->user_agent ? o->user_agent : "libeffect/" EFF_VERSION, &live->user_agent);
    o->ca_file = own(o->ca_file, &live->ca_file);
    o->client_cert_file = own(o->client_cert_file, &live->client_cert_file);
    o->client_key_file = own(o->client_key_file, &live->client_key_file);
    return !eff_is_oom(live->user_agent) && !eff_is_oom(live->ca_file) && !eff_is_oom(live->client_cert_file) &&
           !eff_is_oom(live->client_key_file);
}

eff_value_t eff__http_live_new(const eff_http_options_t *options)
{
    struct eff__http_live live = { .http = { .size = sizeof live.http, .request = request } };
    if (options)
        memcpy(&live.options, options,
               options->size && options->size < sizeof *options ? options->size : sizeof *options);
    fill_in(&live.options);
    bool owned = own_strings(&live);
    eff_value_t v = eff__http_live_make(live);
    if (owned) return v;
    eff_value_decref(v);
    return eff_oom_value();
}

/* ---- opening */

/* A service of its own for each run, as the prototype says. */
static int open_live(eff_value_t prototype, eff_value_t *ret_value, eff_value_t *ret_error)
{
    const eff_http_options_t *o = &eff__http_live_of(prototype)->options;
    eff_value_t v = eff__http_live_new(o);
    *ret_error = eff_oom_value();
    if (eff_is_oom(v)) return -1;
    struct eff__http_live *live = eff__http_live_of(v);
    if (!eff__http_is_header_text(o->user_agent)) {
        eff_value_decref(v);
        *ret_error = eff_error(&eff_argument_error, 0, "the user agent has a control character in it");
        return -1;
    }
    live->pool = eff__http_pool_new(o->max_per_host, o->max_connections, o->idle_time);
    bool ready = live->pool != NULL;
    if (ready && (o->ca_file || o->client_cert_file || o->client_key_file)) {
        live->tls = eff__http_tls_new(o, ret_error);
        ready = live->tls != NULL;
    }
    if (!ready) {
        eff_value_decref(v);
        return -1;
    }
    eff__http_sigpipe_block();
    *ret_value = v;
    return 0;
}

static void close_live(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    struct eff__http_live *live = eff__http_live_of(v);
    eff__http_pool_close(live->pool);
    eff__http_sigpipe_allow();
}

static eff_t *keep_pool(eff_value_t v, eff_value_t env)
{
    (void)env;
    eff_t *keep = eff_named_at(NULL, eff__http_pool_keeper(eff__http_live_of(v)->pool), "http pool");
    eff_t *keeper = eff_fork_scoped_at(NULL, keep);
    return eff_map_to_at(NULL, keeper, eff_value_incref(v));
}

eff_t *eff__http_live_open(eff_value_t prototype)
{
    eff_t *acquire = eff_attempt_at(NULL, open_live, prototype);
    return eff_flat_map_at(NULL, eff_acquire_release_at(NULL, acquire, close_live, eff_unit), keep_pool, eff_unit);
}
