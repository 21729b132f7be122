/* The http service as a script. An operation only builds: what counts requests runs when the effect runs. */
#include "http_memory.h"

#include <errno.h>
#include <string.h>

/* The next line for this URL: the first that was not used, else the last one; NULL when there is none. */
static const http_script_t *next_line(http_memory_t *memory, const char *url)
{
    const http_script_t *line = NULL;
    for (size_t i = 0; i < memory->n_lines; i++) {
        if (strcmp(memory->script[i].url, url) != 0) continue;
        line = &memory->script[i];
        if (memory->spoken[i]) continue;
        memory->spoken[i] = true;
        break;
    }
    return line;
}

typedef struct request {
    http_memory_t *memory; /* borrowed: the test's */
    const char *url;       /* borrowed from http_get */
} request_t;
EFF_STATIC_TYPE(request, request_t);

static eff_t *play(const http_script_t *line, const char *url)
{
    if (!line) return eff_fail(eff_error(&eff_dns_error, 0, "cannot find the host: %s is not in the script", url));
    if (line->hangs) return eff_never();
    if (line->status == 0)
        return eff_delay(eff_fail(eff_error_errno(ECONNREFUSED, "connect to %s", url)), eff_millis(line->delay_ms));
    http_response_t response = { .status = line->status, .body_size = 2 };
    return eff_delay(eff_succeed(http_response_make(response)), eff_millis(line->delay_ms));
}

static eff_value_t count_end(eff_value_t memory)
{
    ((http_memory_t *)eff_as_ptr(memory))->n_running--;
    return eff_unit;
}

static eff_t *answer(eff_value_t env)
{
    const request_t *request = request_of(env);
    http_memory_t *memory = request->memory;
    memory->n_requests++;
    if (++memory->n_running > memory->max_running) memory->max_running = memory->n_running;
    return eff_ensuring(play(next_line(memory, request->url), request->url), eff_sync(count_end, eff_ptr(memory)));
}

static eff_t *get(http_t *http, const char *url)
{
    return eff_suspend(answer, EFF_ENV(request, .memory = EFF_CONTAINER_OF(http, http_memory_t, http), .url = url));
}

http_memory_t http_memory(const http_script_t *script, size_t n_lines)
{
    return (http_memory_t){ .http = { .get = get }, .script = script, .n_lines = n_lines };
}
