/* Putting JSON objects together: what describes causes, effects and fibers has in common. */
#ifndef EFF_CORE_JSON_OBJECT_H
#define EFF_CORE_JSON_OBJECT_H

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "core/sink.h"

/* Sets a member and consumes v; false when out of memory, NULL for v included. */
static inline bool eff__json_set(json_t *object, const char *key, json_t *v)
{
    return json_object_set_new(object, key, v) == 0;
}

/* Text as jansson takes it: valid UTF-8. */
static inline json_t *eff__json_text(const char *text)
{
    eff_buffer_t escaped = EFF_BUFFER_INIT;
    struct eff__sink sink = { .buffer = &escaped };
    eff__sink_escaped(&sink, text, strlen(text));
    json_t *j = escaped.truncated ? NULL : json_string(eff_buffer_text(&escaped));
    eff_buffer_done(&escaped);
    return j;
}

#endif
