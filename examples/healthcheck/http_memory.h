/** @file
 * The http service for tests: answers from a script, after delays on the Clock, and touches no network.
 *
 *     static const http_script_t script[] = {
 *         { .url = "http://flaky/", .delay_ms = 10, .status = 503 },      // the first request
 *         { .url = "http://flaky/", .delay_ms = 10, .status = 200 },      // the second, and all later ones
 *         { .url = "http://hanging/", .hangs = true },
 *     };
 *     http_memory_t memory = http_memory(script, 3);
 *     e = http_provide(e, &memory.http);
 */
#ifndef HEALTHCHECK_HTTP_MEMORY_H
#define HEALTHCHECK_HTTP_MEMORY_H

#include "http.h"

enum { HTTP_MEMORY_MAX = 32 }; /**< lines of a script */

/** How one request for a URL goes. Requests beyond the last line for their URL go as that one does. */
typedef struct http_script {
    const char *url;
    int64_t delay_ms; /**< before the answer or the failure */
    int status;       /**< 0: the connection is refused */
    bool hangs;       /**< never answers */
} http_script_t;

typedef struct http_memory {
    http_t http; /**< what answers */
    const http_script_t *script;
    size_t n_lines;
    bool spoken[HTTP_MEMORY_MAX]; /**< which lines have been used up */
    size_t n_requests;            /**< how many were made */
    size_t n_running;             /**< how many have not ended */
    size_t max_running;           /**< the most that ever ran at once */
} http_memory_t;

/** @param script borrowed  @param n_lines at most HTTP_MEMORY_MAX */
http_memory_t http_memory(const http_script_t *script, size_t n_lines);

#endif
