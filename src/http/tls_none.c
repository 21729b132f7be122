/* No TLS: this library was built without OpenSSL. */
#include "http/tls.h"

bool eff_http_has_tls(void)
{
    return false;
}

struct eff__http_tls *eff__http_tls_new(const eff_http_options_t *options, eff_value_t *ret_error)
{
    (void)options;
    *ret_error = eff_error(&eff_http_tls_error, 0, "this libeffect-http was built without TLS");
    return NULL;
}

void eff__http_tls_free(struct eff__http_tls *tls)
{
    (void)tls;
}

struct bufferevent *eff__http_tls_bufferevent(struct eff__http_tls *tls, struct event_base *base, const char *host,
                                              struct eff__http_tls_reason *reason)
{
    (void)tls, (void)base, (void)host, (void)reason;
    return NULL;
}

void eff__http_tls_why(struct bufferevent *bev, struct eff__http_tls_reason *reason, bool *ret_ended)
{
    (void)bev;
    reason->text[0] = '\0';
    *ret_ended = false;
}

bool eff__http_tls_is_open(struct bufferevent *bev)
{
    (void)bev;
    return false;
}

void eff__http_tls_forget(struct bufferevent *bev, bool goodbye)
{
    (void)bev, (void)goodbye;
}
