/** @file
 * Where something stands in a JSON text. Jansson knows the line of a syntax error, but not that of a value.
 */
#ifndef HEALTHCHECK_JSON_LINE_H
#define HEALTHCHECK_JSON_LINE_H

#include <stddef.h>

/** The line, from 1, of text[key][index][field]; without a field (NULL, or one that is not there) that of the item;
 *  without a key (NULL) that of the document itself.
 *  @param text JSON that jansson has accepted: nothing else is safe to walk */
int json_line_of(const char *text, const char *key, size_t index, const char *field);

#endif
