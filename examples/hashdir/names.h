/* File names as text. A name may hold any byte but NUL and '/': line ends, escape sequences, half a character. */
#ifndef NAMES_H
#define NAMES_H

#include <effect/value.h>

/* As sha256sum writes names, for programs: '\\', line feed and carriage return get a backslash. */
bool name_needs_escapes(const char *name);
void name_escape(const char *name, eff_buffer_t *out);
/* Undoes that in place. False: it is not such a name. */
bool name_unescape(char *name);

/* As a terminal may show it: one '?' for each byte that is a control character, or part of one, or no UTF-8. */
void name_show(const char *name, eff_buffer_t *out);

#endif
