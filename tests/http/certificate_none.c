/* Without OpenSSL there is nothing to test with it. */
#include "http/certificate.h"

#include <check.h>

void *tls_server_new(const char *name, bool old, char *ret_file)
{
    (void)name, (void)old, (void)ret_file;
    ck_abort_msg("built without TLS");
    return NULL;
}

void tls_server_free(void *server, const char *file)
{
    (void)server, (void)file;
}

struct bufferevent *tls_accept(void *server, struct event_base *base, int fd)
{
    (void)server, (void)base, (void)fd;
    return NULL;
}
