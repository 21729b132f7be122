/* The server's side of TLS: a certificate made on the spot, that nobody trusts but who is told where it lies. */
#ifndef TESTS_HTTP_CERTIFICATE_H
#define TESTS_HTTP_CERTIFICATE_H

#include <stdbool.h>

struct bufferevent;
struct event_base;

/* @param name for whom: "DNS:localhost"; expired if it begins with a !
 * @param ret_file at least 64 bytes: where the certificate can be read, until _free */
void *tls_server_new(const char *name, bool old, char *ret_file);
void tls_server_free(void *server, const char *file);
struct bufferevent *tls_accept(void *server, struct event_base *base, int fd);

#endif
