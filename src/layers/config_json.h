/* Parsing JSON with jansson, which tells a lack of memory apart from a mistake in the text. */
#ifndef EFF_LAYERS_CONFIG_JSON_H
#define EFF_LAYERS_CONFIG_JSON_H

#include <stdbool.h>

#include <jansson.h>

/* As json_loadb. When it returns NULL and *ret_no_memory, the error says nothing. */
json_t *eff__config_load_json(const char *text, size_t n, size_t flags, json_error_t *ret_error, bool *ret_no_memory);

#endif
