/* TLS, as far as the rest knows of it: tls.c has it from OpenSSL, tls_none.c says that there is none. */
#ifndef EFF_HTTP_TLS_H
#define EFF_HTTP_TLS_H

#include <effect/http.h>

struct bufferevent;
struct event_base;

/* Whom to trust, and who we are. */
struct eff__http_tls;

/* Why a connection failed, as OpenSSL said while its certificate was verified. Lives as long as the connection. */
struct eff__http_tls_reason {
    char text[160]; /* "" when nothing was wrong */
};

/* Borrows options. @return NULL, and *ret_error set, when there is no TLS or a file of the options cannot be used */
struct eff__http_tls *eff__http_tls_new(const eff_http_options_t *options, eff_value_t *ret_error);
void eff__http_tls_free(struct eff__http_tls *tls); /* NULL is fine */

/* A bufferevent that will speak TLS to host, whose name the certificate must have. NULL when out of memory.
 * @param reason borrowed until _forget */
struct bufferevent *eff__http_tls_bufferevent(struct eff__http_tls *tls, struct event_base *base, const char *host,
                                              struct eff__http_tls_reason *reason);
/* What is wrong with such a bufferevent, as text; "" when nothing is. `ended` is set if the other side just closed. */
void eff__http_tls_why(struct bufferevent *bev, struct eff__http_tls_reason *reason, bool *ret_ended);
/* Whether the handshake is done. */
bool eff__http_tls_is_open(struct bufferevent *bev);
/* Before it is freed: forgets the reason, and says goodbye if it is open. */
void eff__http_tls_forget(struct bufferevent *bev, bool goodbye);

#endif
