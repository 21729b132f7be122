/** @file
 * The URLs that the health check understands: http://host[:port][/path][?query].
 */
#ifndef HEALTHCHECK_HTTP_URL_H
#define HEALTHCHECK_HTTP_URL_H

#include <event2/http.h>

enum {
    HTTP_HOST_SIZE = 256,   /**< bytes of the longest host, with its NUL */
    HTTP_TARGET_SIZE = 2048 /**< bytes of the longest path and query, with its NUL */
};

/** Takes a URL apart.
 *  @param ret_problem what is wrong with it, as a static phrase such as "no host"; untouched when nothing is
 *  @return new, to be freed with evhttp_uri_free; NULL when it is not one of ours */
struct evhttp_uri *http_url_parse(const char *text, const char **ret_problem);

/** The port: 80 when the URL has none. */
int http_url_port(const struct evhttp_uri *uri);
/** The host as a resolver wants it: an IPv6 address without its brackets. */
void http_url_host(const struct evhttp_uri *uri, char ret_host[HTTP_HOST_SIZE]);
/** What to ask the server for: path and query, "/" at least. */
void http_url_target(const struct evhttp_uri *uri, char ret_target[HTTP_TARGET_SIZE]);

#endif
