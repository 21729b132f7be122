/* What becomes of a request: checked once, as it is built, then sent from one server to the next. */
#ifndef EFF_HTTP_REQUEST_H
#define EFF_HTTP_REQUEST_H

#include "http/url.h"

/* One request to one server: a request, or what a redirect has made of it. Owns its parts. */
struct eff__http_hop {
    eff_http_method_t method;
    struct eff__http_url url;
    eff_value_t headers; /* fields, or absent */
    eff_value_t body;    /* a string or bytes; absent: there is none */
    size_t max_body;     /* of the answer; 0: the service's default */
};

void eff__http_hop_done(struct eff__http_hop *hop);
/* "GET http://host/path" */
void eff__http_hop_format(const struct eff__http_hop *hop, eff_buffer_t *out);
/* Names the fiber that runs e by what it asks for: a text as above, without the query, which may be long or secret. Consumes
 * e, and the text. */
EFF_MUST_USE eff_t *eff__http_named(eff_t *e, eff_buffer_t *text);
/* An error whose message begins with that, and a colon. Borrows hop. */
eff_value_t eff__http_error(const struct eff__http_hop *hop, const eff_error_kind_t *kind, int code, const char *fmt,
                            ...) EFF_PRINTF(4, 5);
/* The same with what caused it, which is consumed. */
eff_value_t eff__http_error_caused(const struct eff__http_hop *hop, eff_value_t inner, const eff_error_kind_t *kind,
                                   int code, const char *fmt, ...) EFF_PRINTF(5, 6);

/* A request that was checked: its values are as eff_http.request promises, its url stands behind it. */
struct eff__http_call {
    eff_http_request_t request;
    eff_value_t url; /* owns the text of request.url */
};
EFF_DECLARE_TYPE(eff__http_call, struct eff__http_call);

/* Copies a request and checks it. Consumes its values.
 * @param ret_call set to a new value when the request is all right
 * @return NULL, or the effect that says what is wrong with it */
eff_t *eff__http_call_new(eff_site_t site, const eff_http_request_t *request, eff_value_t *ret_call);
/* Makes JSON and forms text, and has the headers say which. Neither is "out of memory" before; afterwards they may be.
 * @return what is wrong with the body, as a static phrase, or NULL */
const char *eff__http_settle_body(eff_value_t *body, eff_value_t *headers);
/* Whether it can be the value of a header: no control characters, so no end of a line. */
bool eff__http_is_header_text(const char *value);
/* A mistake of the program, as a defect. */
EFF_MUST_USE eff_t *eff__http_mistake(eff_site_t site, const char *fmt, ...) EFF_PRINTF(2, 3);

#endif
