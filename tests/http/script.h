/* For tests of the http client: programs over an HTTP service that is a script. */
#ifndef TESTS_HTTP_SCRIPT_H
#define TESTS_HTTP_SCRIPT_H

#include "support/case.h"

#include <effect/http.h>
#include <string.h>

struct asked {
    struct world *w;
    eff_test_http_t *t; /* owned */
};
static inline void asked_drop(struct asked *a)
{
    eff_test_http_decref(a->t);
}
EFF_STATIC_TYPE(asked, struct asked, .drop = asked_drop);

/* The requests that were made, as words of the journal: "GET:http://a/". */
static inline eff_value_t tell_asked(eff_value_t env)
{
    const struct asked *a = asked_of(env);
    for (size_t i = 0; i < eff_test_http_n_requests(a->t); i++) {
        const eff_http_request_t *r = eff_test_http_request(a->t, i);
        char word[256];
        snprintf(word, sizeof word, "%s:%s", eff_http_method_name(r->method), r->url);
        journal_add(a->w, word);
    }
    return eff_unit;
}

/* Runs e with the service, then says what it was asked. Consumes t. */
static inline eff_t *with_script(struct world *w, eff_test_http_t *t, eff_t *e)
{
    eff_value_t service = eff_test_http_value(t);
    eff_t *told = eff_ensuring(eff_http_provide_value(e, service), eff_sync(tell_asked, EFF_ENV(asked, w, t)));
    return told;
}

static inline eff_t *text_of(eff_value_t response, eff_value_t env)
{
    (void)env;
    const eff_http_response_t *r = eff_http_response_of(response);
    return eff_succeed(eff_printf("%d %s", r->status, eff_http_text(r)));
}
static inline eff_t *as_text(eff_t *e)
{
    return eff_flat_map(e, text_of, eff_unit);
}

/* Where it ended, and after how many redirects. */
static inline eff_t *place_of(eff_value_t response, eff_value_t env)
{
    (void)env;
    const eff_http_response_t *r = eff_http_response_of(response);
    return eff_succeed(
        eff_printf("%d %s %s %u", r->status, eff_http_method_name(r->method), eff_as_string(r->url), r->n_redirects));
}
static inline eff_t *as_place(eff_t *e)
{
    return eff_flat_map(e, place_of, eff_unit);
}

#endif
