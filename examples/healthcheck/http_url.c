/* URLs: libevent takes them apart, this file says which ones are ours. */
#include "http_url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *find_problem(const struct evhttp_uri *uri)
{
    const char *scheme = evhttp_uri_get_scheme(uri);
    const char *host = evhttp_uri_get_host(uri);
    const char *query = evhttp_uri_get_query(uri);
    int port = evhttp_uri_get_port(uri);

    if (!scheme) return "no scheme: it should begin with http://";
    if (strcasecmp(scheme, "http") != 0) return "unknown scheme: only http is supported";
    if (!host || !*host) return "no host";
    if (evhttp_uri_get_userinfo(uri)) return "user names in URLs are not supported";
    if (evhttp_uri_get_fragment(uri)) return "a fragment (#...) is never sent to a server";
    if (port == 0 || port > 65535) return "the port must be between 1 and 65535";
    if (strlen(host) >= HTTP_HOST_SIZE) return "the host is too long";
    if (strlen(evhttp_uri_get_path(uri)) + (query ? strlen(query) : 0) + sizeof "/?" > HTTP_TARGET_SIZE)
        return "the path is too long";
    return NULL;
}

struct evhttp_uri *http_url_parse(const char *text, const char **ret_problem)
{
    struct evhttp_uri *uri = evhttp_uri_parse(text);
    const char *problem = uri ? find_problem(uri) : "not a valid URL";
    if (!problem) return uri;
    *ret_problem = problem;
    if (uri) evhttp_uri_free(uri);
    return NULL;
}

int http_url_port(const struct evhttp_uri *uri)
{
    int port = evhttp_uri_get_port(uri);
    return port < 0 ? 80 : port;
}

void http_url_host(const struct evhttp_uri *uri, char ret_host[HTTP_HOST_SIZE])
{
    const char *host = evhttp_uri_get_host(uri);
    size_t n = strlen(host);
    if (host[0] == '[') host++, n -= 2;
    snprintf(ret_host, HTTP_HOST_SIZE, "%.*s", (int)n, host);
}

void http_url_target(const struct evhttp_uri *uri, char ret_target[HTTP_TARGET_SIZE])
{
    const char *path = evhttp_uri_get_path(uri);
    const char *query = evhttp_uri_get_query(uri);
    snprintf(ret_target, HTTP_TARGET_SIZE, "%s%s%s%s", *path == '/' ? "" : "/", path, query ? "?" : "",
             query ? query : "");
}
