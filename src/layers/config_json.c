#include "layers/config_json.h"

#include <string.h>

/* Where jansson's lexer finds no memory for a token it reports one that is invalid, and where it cannot even begin it
 * reports nothing. A text that is wrong is wrong in the same way each time. */
json_t *eff__config_load_json(const char *text, size_t n, size_t flags, json_error_t *ret_error, bool *ret_no_memory)
{
    *ret_no_memory = false;
    json_t *json = json_loadb(text, n, flags, ret_error);
    if (json) return json;
    json_error_t again;
    json = json_loadb(text, n, flags, &again);
    *ret_no_memory = json || !ret_error->text[0] || (int)json_error_code(ret_error) == json_error_out_of_memory ||
                     again.position != ret_error->position || strcmp(again.text, ret_error->text) != 0;
    json_decref(json);
    return NULL;
}
