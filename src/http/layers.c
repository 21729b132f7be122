/* The layers of the http service. */
#include <effect/http.h>

#include "http/live.h"

static eff_t *open_default(void)
{
    return eff__http_live_open(eff__http_live_new(NULL));
}
EFF_DEFINE_LAYER(eff_http_live, eff_http, eff_http_t, open_default, NULL, EFF_NO_NEEDS);

eff_layer_t *eff_http_live_with(const eff_http_options_t *options)
{
    eff_t *open = eff__http_live_open(eff__http_live_new(options));
    return eff_layer_named_at(NULL, eff_layer_effect_at(NULL, &eff_http_tag, open, NULL), "eff_http_live_with");
}

eff_layer_t *eff_test_http(eff_test_http_t *t)
{
    return eff_layer_named_at(NULL, eff_layer_succeed(&eff_http_tag, eff_test_http_value(t)), "eff_test_http");
}
