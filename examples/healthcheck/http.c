/* The part of the http service that all implementations share. */
#include "http.h"

EFF_DEFINE_TYPE(http_response, http_response_t);
EFF_DEFINE_SERVICE(http, http_t);

const eff_error_kind_t http_bad_response_error = { "bad response", &eff_any_error };

static eff_t *get(http_t *http, eff_value_t url)
{
    return http->get(http, eff_as_string(url));
}

eff_t *http_get(const char *url)
{
    return http_with(get, eff_string(url));
}
