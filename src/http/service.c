/* The http service: its tag, the kinds of errors, and the effects that ask for it. */
#include <effect/http.h>

#include <effect/recover.h>
#include <effect/transform.h>

#include "http/request.h"

EFF_DEFINE_SERVICE(eff_http, eff_http_t);

const eff_error_kind_t eff_http_error = { "HTTP error", &eff_any_error };
const eff_error_kind_t eff_http_url_error = { "bad URL", &eff_argument_error };
const eff_error_kind_t eff_http_tls_error = { "TLS error", &eff_connection_error };
const eff_error_kind_t eff_http_protocol_error = { "bad HTTP", &eff_http_error };
const eff_error_kind_t eff_http_too_large_error = { "too large", &eff_http_error };
const eff_error_kind_t eff_http_redirect_error = { "bad redirect", &eff_http_error };
const eff_error_kind_t eff_http_status_error = { "HTTP status", &eff_http_error };
const eff_error_kind_t eff_http_body_error = { "bad body", &eff_http_error };

static eff_t *ask(eff_http_t *http, eff_value_t call)
{
    if (http->size < offsetof(eff_http_t, request) + sizeof http->request || !http->request)
        return eff__http_mistake(NULL, "the http service in effect does not say .size = sizeof(eff_http_t), or has no "
                                       ".request");
    return http->request(http, &eff__http_call_of(call)->request);
}

/* The context's own message for a missing service, with what to do about it. */
static eff_t *find_service(eff_value_t context, eff_value_t call)
{
    eff_t *e = eff_http_with_at(NULL, ask, eff_value_incref(call));
    if (eff_context_get(eff_as_context(context), &eff_http_tag).type) return e;
    return eff_annotate_at(NULL, e,
                           eff_literal("eff_http_live() provides it for the network, eff_test_http() for tests"));
}

eff_t *eff_http_request_at(eff_site_t site, const eff_http_request_t *request)
{
    if (!request) return eff__http_mistake(site, "argument 1 of eff_http_request is NULL");
    eff_value_t call;
    eff_t *wrong = eff__http_call_new(site, request, &call);
    return wrong ? wrong : eff_flat_map_at(site, eff_context(), find_service, call);
}

eff_t *eff_http_request_to_at(eff_site_t site, eff_http_t *http, const eff_http_request_t *request)
{
    return eff_http_provide_at(site, eff_http_request_at(site, request), http);
}

eff_t *eff_http_get_at(eff_site_t site, const char *url)
{
    return eff_http_request_at(site, &(eff_http_request_t){ .url = url });
}
