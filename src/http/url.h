/* URLs: libevent takes them apart; this file says which ones are ours, and what people may see of them. */
#ifndef EFF_HTTP_URL_H
#define EFF_HTTP_URL_H

#include <effect/http.h>

enum { EFF__HTTP_MAX_HOST = 255 /* bytes; a longer host is none */ };

/* A URL, taken apart. Owns its values, all strings. */
struct eff__http_url {
    bool tls;              /* https */
    int port;              /* 80 or 443 when it names none */
    eff_value_t host;      /* as a resolver wants it: in lower case, an IPv6 address without its brackets */
    eff_value_t origin;    /* "https://[::1]:443": two URLs with the same one may share connections */
    eff_value_t authority; /* for the Host header: without the port where that is the scheme's */
    eff_value_t target;    /* what to ask the server for: path and query, "/" at least */
    eff_value_t userinfo;  /* what stood before the @, as it was written; absent: nothing */
    eff_value_t shown;     /* the whole for people: without userinfo, fragment and secrets */
};

/* What the two below return when there was no memory. */
extern const char eff__http_no_memory[];

/* Takes text apart, and adds query to it.
 * @param query fields, borrowed; or absent
 * @param hide_query shown says "?..." only: of a URL that a server made, nobody knows what is secret in it
 * @return what is wrong with it, as a static phrase; NULL when nothing is, and *ret_url is the caller's */
const char *eff__http_url_parse(const char *text, eff_value_t query, bool hide_query, struct eff__http_url *ret_url);
/* Gives up what it owns. A zeroed one is fine. */
void eff__http_url_done(struct eff__http_url *url);

/* The URL that a reference means, seen from a base (RFC 3986, 5.2), as a new string; what may not stand in a URL comes
 * percent-encoded. Borrows all. */
eff_value_t eff__http_url_join(const struct eff__http_url *base, const char *reference);
/* Adds a URL that is none of ours, without what stands, or could stand, before its @; without its query if told so. */
void eff__http_url_redact(const char *text, bool hide_query, eff_buffer_t *out);

/* What a buffer holds, as a new string, and the buffer is empty again. */
eff_value_t eff__http_take_text(eff_buffer_t *b);

#endif
